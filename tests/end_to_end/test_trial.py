# SPDX-License-Identifier: MIT
"""ipcbench trial: its record, exact counts, and what it says where a cell is not possible."""

import json
import os
import shlex
import subprocess

from support import CELL, IPCBENCH, Case, ipcbench, needs_transports, needs_two_cpus


@needs_transports("pipe", "tcp")
class Trial(Case):
    def test_help(self):
        self.assert_help("trial")

    def test_text_and_key(self):
        result = ipcbench("trial", CELL, "--exchanges", "200")
        self.assert_result(result, 0)
        self.assertIn(f"{CELL}: ok", result.stdout)
        self.assertEqual(result.stderr, "")

    def test_counts_are_exact(self):
        for exchanges in (1, 2, 200, 3001):
            with self.subTest(exchanges=exchanges):
                record = self.trial(CELL, "--exchanges", str(exchanges), "--warmup-exchanges", "7")
                self.assertEqual(record["status"], "ok")
                self.assertEqual(record["exchanges"], exchanges)
                self.assertEqual(record["warmup_exchanges"], 7)
                self.assertLessEqual(record["stamped"], exchanges)

    def test_time_instead_of_a_count(self):
        record = self.trial(CELL, "--time", "0.02", "--warmup", "0.01")
        self.assertGreater(record["exchanges"], 0)
        self.assertGreaterEqual(record["duration_ns"], 15e6)

    def test_percentiles_only_where_the_sample_carries_them(self):
        record = self.trial(CELL, "--exchanges", "300")
        self.assertIsNotNone(record["p50_ns"])
        self.assertIsNone(record["p999_ns"])
        self.assertLessEqual(record["min_ns"], record["p50_ns"])
        self.assertLessEqual(record["p50_ns"], record["max_ns"])

    def test_both_ends_ran_where_they_were_pinned(self):
        record = self.trial(CELL, "--exchanges", "200")
        self.assertEqual(record["server_cpu"], record["client_cpu"])
        for end in record["ends"].values():
            self.assertEqual((end["first_cpu"], end["last_cpu"]), (record["server_cpu"],) * 2)

    @needs_two_cpus
    def test_two_cpus_by_number(self):
        one, other = sorted(os.sched_getaffinity(0))[:2]
        record = self.trial(f"pipe/pingpong/block/{other},{one}/64B", "--exchanges", "200")
        self.assertEqual((record["server_cpu"], record["client_cpu"]), (other, one))
        self.assertEqual(record["ends"]["server"]["first_cpu"], other)
        self.assertEqual(record["ends"]["client"]["first_cpu"], one)

    def test_unpinned(self):
        record = self.trial("pipe/pingpong/block/unpinned/64B", "--exchanges", "200")
        self.assertEqual(record["status"], "ok")
        self.assertEqual(record["related"], "unpinned")

    def test_the_command_in_the_record_repeats_the_trial(self):
        first = self.trial(CELL, "--exchanges", "200", "--seed", "42")
        words = shlex.split(first["command"])
        self.assertEqual(words[0], "ipcbench")
        again = subprocess.run([IPCBENCH, *words[1:], "--json"], capture_output=True, text=True,
                               check=True)
        again = json.loads(again.stdout)
        for field in ("key", "seed", "exchanges", "warmup_exchanges", "verify", "knobs", "command"):
            self.assertEqual(first[field], again[field], field)

    def test_knobs_are_recorded_and_read_back(self):
        record = self.trial("pipe:bufsize=1M/pingpong/block/same-core/64B", "--exchanges", "50")
        self.assertEqual(record["knobs"]["bufsize"], "1MiB")
        self.assertEqual(int(record["facts"]["capacity"]), 1 << 20)

    def test_every_size_limit(self):
        for size in ("1B", "1MiB"):
            record = self.trial(f"pipe/pingpong/block/same-core/{size}", "--exchanges", "20",
                                "--verify", "full")
            self.assertEqual(record["status"], "ok")

    def test_a_wait_that_a_transport_cannot_do(self):
        record = self.trial("pipe/pingpong/park/same-core/64B", "--exchanges", "9", code=77)
        self.assertEqual(record["status"], "not applicable")
        self.assertIn("pipe", record["why"])

    def test_tcp_says_where_it_ran(self):
        record = self.trial("tcp-localhost/pingpong/block/same-core/64B", "--exchanges", "50")
        self.assertEqual(record["status"], "ok")
        self.assertIn("namespace", record["facts"])
        self.assertIn(" dev lo", record["facts"]["route"])

    def test_tcp_public_stays_private(self):
        record = self.trial("tcp-public/pingpong/block/same-core/64B", "--exchanges", "50", "--net",
                            "private", code=None)
        if record["status"] == "failed":
            self.skipTest(record["why"])
        self.assertTrue(record["facts"]["address"].startswith("198.51.100."))
        self.assertTrue(record["facts"]["namespace"].startswith("private"))

    def trial(self, key, *arguments, code=0, **how):
        if code is not None:
            return super().trial(key, *arguments, code=code, **how)
        return json.loads(ipcbench("trial", key, "--json", *arguments, **how).stdout)


@needs_transports("sysv-mq")
class Room(Case):
    """A stream deeper than a queue has room: its sender waits, while credit comes the other way."""

    def test_sysv_mq_at_sizes_near_its_room(self):
        first = self.trial("sysv-mq/pingpong/block/same-core/64B", "--exchanges", "10")
        room = int(first["facts"]["msg_qbytes"])
        listed = {entry["name"]: entry for entry in json.loads(ipcbench("list", "--json").stdout)}
        most = listed["sysv-mq"]["max_bytes"]
        sizes = {min(most, size) for size in (room, room // 2, room // 2 + 1, room // 3, room // 64,
                                              room // 64 + 1, room // 65)}
        ways = ["block/same-core"]
        if len(os.sched_getaffinity(0)) > 1:
            ways.append("spin/" + ",".join(map(str, sorted(os.sched_getaffinity(0))[:2])))
        for way in ways:
            for size in sizes:
                with self.subTest(way=way, size=size):
                    record = self.trial(f"sysv-mq/stream:depth=64/{way}/{size}B", "--exchanges",
                                        "400", "--warmup-exchanges", "100")
                    self.assertEqual(record["exchanges"], 400)


class OneAtATime(Case):
    """What can't have many messages under way is not asked to, however its knobs were set."""

    def refuses(self, transport, *words):
        for workload in ("stream", "stream:depth=8", "write-write-read"):
            with self.subTest(transport=transport, workload=workload):
                record = self.trial(f"{transport}/{workload}/block/same-core/8B", "--exchanges", "9",
                                    code=77)
                self.assertEqual(record["status"], "not applicable")
                for word in words:
                    self.assertIn(word, record["why"])

    @needs_transports("zeromq")
    def test_zeromq_with_req_and_rep(self):
        self.refuses("zeromq-reqrep-ipc", "take turns")
        self.refuses("zeromq-ipc:pattern=reqrep", "take turns")
        record = self.trial("zeromq-reqrep-ipc:pattern=pair/stream/block/same-core/64B", "--exchanges",
                            "50")
        self.assertEqual(record["exchanges"], 50)

    @needs_transports("eventfd")
    def test_eventfd(self):
        self.refuses("eventfd", "adds up")

    @needs_transports("seqlock")
    @needs_two_cpus
    def test_seqlock_is_recorded_as_no_channel(self):
        cpus = ",".join(map(str, sorted(os.sched_getaffinity(0))[:2]))
        record = self.trial(f"seqlock/pingpong/spin/{cpus}/64B", "--exchanges", "50")
        self.assertIn("overwritten", record["facts"]["not_a_channel"])
        listed = {entry["name"]: entry for entry in json.loads(ipcbench("list", "--json").stdout)}
        self.assertIn("overwritten", listed["seqlock"]["not_a_channel"])
