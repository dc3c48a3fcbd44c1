# SPDX-License-Identifier: MIT
"""Guests: what they say is checked, whatever goes wrong with one is a failed trial with one sentence,
and nothing of theirs is left."""

import json
import os
import re
import signal
import stat
import subprocess
import unittest

from support import BUILD, IPCBENCH, ROOT, Case, ipcbench, is_alive, needs_two_cpus, wait_until

DESCRIBE = {"protocol": 1, "transports": [
    {"name": "odd", "summary": "a guest for tests", "cost": "nothing", "waits": ["block"],
     "streams": ["block"], "max_bytes": 4096, "needs": ["folder"]}]}
GOOD = """
cpus = [{"first_cpu": cpu, "last_cpu": cpu, "user_ns": 5e5, "system_ns": 5e5}
        for cpu in request["cpus"]]
n = request["exchanges"]
time.sleep(0.02)
result = {"exchanges": n, "measured_ns": 1000 * n, "histogram": [[1000, n]], "warmup_exchanges": 1,
          "warmup_ns": 5, "ends": {"server": cpus[0], "client": cpus[1]}, "facts": {"version": "7"}}
"""
PRINT = "print(json.dumps(result))\n"


class Guests(Case):
    def setUp(self):
        super().setUp()
        self.transports = self.folder / "transports"
        self.transports.mkdir()

    def install(self, body, describe=f"print({json.dumps(DESCRIBE)!r})", name="odd"):
        path = self.transports / f"{name}.guest"
        indented = "".join(f"    {line}\n" for line in describe.splitlines())
        path.write_text("#!/usr/bin/env -S python3 -I\nimport json, os, subprocess, sys, time\n"
                        f"if sys.argv[1] == 'describe':\n{indented}    sys.exit()\n"
                        "request = json.load(sys.stdin)\n" + body)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def play(self, body, *arguments, code=1, key="odd/pingpong/block/same-core/64B"):
        self.install(body)
        return self.trial(key, "--exchanges", "100", "--transports", str(self.transports), *arguments,
                          code=code)

    def listed(self):
        result = ipcbench("list", "--json", "--transports", str(self.transports))
        self.assert_result(result, 0)
        return json.loads(result.stdout)

    def test_a_good_result_becomes_a_record(self):
        record = self.play(GOOD + PRINT, code=0)
        self.assertEqual((record["status"], record["exchanges"], record["mean_ns"]), ("ok", 100, 1000))
        self.assertEqual((record["p50_ns"], record["cpu_ns"]), (1000, 20000))
        self.assertEqual(record["group"], "guest")
        self.assertEqual(record["facts"]["version"], "7")
        self.assertIsNone(record["system_calls"])
        self.assertIsNotNone(record["histogram"])

    STREAM = "odd/stream/block/same-core/64B"

    def test_a_stream_has_a_rate_and_no_round_trips(self):
        record = self.play(GOOD + "assert request['workload'] == 'stream'\ndel result['histogram']\n" + PRINT,
                           key=self.STREAM, code=0)
        self.assertEqual((record["status"], record["exchanges"], record["stamped"]), ("ok", 100, 0))
        self.assertEqual((record["mean_ns"], record["bytes_per_second"]), (1000, 64e6))
        self.assertIsNone(record["p50_ns"])
        self.assertIsNone(record["histogram"])

    def test_what_a_guest_does_not_run_is_not_applicable(self):
        for workload in ("stream:depth=8", "stream:inplace=consume", "rate:hz=100", "connect",
                         "serve:clients=2,design=epoll", "write-write-read"):
            with self.subTest(workload):
                record = self.play(GOOD + PRINT, key=f"odd/{workload}/block/same-core/64B", code=77)
                self.assertIn("nothing but pingpong and a plain stream", record["why"])

    def test_counting_is_no_failure(self):
        self.assertEqual(self.play(GOOD + PRINT, "--count", code=0)["status"], "ok")

    def test_it_gets_what_it_asked_for(self):
        record = self.play(GOOD + "result['facts']['folder'] = str(os.listdir(request['folder']))\n"
                           "open(request['folder'] + '/file', 'w').close()\n" + PRINT, code=0)
        self.assertEqual(record["facts"]["folder"], "[]")

    def test_what_is_too_large_or_cannot_wait_is_not_applicable(self):
        for rest in ("block/same-core/8K", "spin/unpinned/64B"):
            record = self.play(GOOD + PRINT, code=77, key=f"odd/pingpong/{rest}")
            self.assertEqual(record["status"], "not applicable")

    def test_each_failure_is_one_sentence(self):
        for body, words in (
                ("os.kill(os.getpid(), 11)", "signal 11"),
                ("sys.exit('no luck')", "no luck"),
                ("sys.exit(3)", "ended with 3 and printed nothing"),
                ("print('rubbish')", "printed no result"),
                ("print('[]')", "no JSON object"),
                ("print(json.dumps({'error': 'message 3 was lost'}))", "message 3 was lost"),
                (GOOD + "result['exchanges'] = 101\n" + PRINT, "can't be believed"),
                (GOOD + "result['histogram'] = [[1000, 50]]\n" + PRINT, "can't be believed"),
                (GOOD + "result['histogram'] = [[-5, 100]]\n" + PRINT, "no pair of two numbers"),
                (GOOD + "result['histogram'] = [[9000, 100]]\n" + PRINT, "does not add up"),
                (GOOD + "result['measured_ns'] = 10**12\n" + PRINT, "more than the trial took"),
                (GOOD + "del result['histogram']\n" + PRINT, "no list of pairs"),
                (GOOD + "cpus[0]['last_cpu'] += 1\n" + PRINT, "pinned"),
                ("while True: print('x' * 65536)", "more than")):
            with self.subTest(words):
                record = self.play(body)
                self.assertEqual(record["status"], "failed")
                self.assertIn(words, record["why"])
                self.assertNotIn("\n", record["why"])

    def test_a_stream_that_cannot_be_is_a_failure(self):
        for change, words in (("result['exchanges'] = 99", "another number"),
                              ("result['exchanges'] = 0", "no number above 0"),
                              ("result['exchanges'] = 99.5", "no number above 0"),
                              ("del result['exchanges']", "no number above 0"),
                              ("result['measured_ns'] = 10**12", "more than the trial took")):
            with self.subTest(change):
                record = self.play(GOOD + change + "\n" + PRINT, key=self.STREAM)
                self.assertEqual(record["status"], "failed")
                self.assertIn(words, record["why"])

    def test_a_hang_ends_at_the_deadline(self):
        record = self.play("time.sleep(100)", "--deadline", "0.5")
        self.assertIn("not done after 0.5 s", record["why"])

    def test_nothing_that_it_started_is_left(self):
        """Nor waited for, though it holds the guest's output."""
        left = self.folder / "left"
        self.play(f"child = subprocess.Popen(['sleep', '1000'], start_new_session=True)\n"
                  f"open({str(left)!r}, 'w').write(str(child.pid))\n" + GOOD + PRINT, code=0)
        self.assert_gone([int(left.read_text())])

    def test_children_that_were_there_before_are_left_alone(self):
        """As of `service & exec ipcbench list`."""
        self.install(GOOD + PRINT)
        script = f"sleep 100 >/dev/null 2>&1 & echo $!; exec {IPCBENCH} list --transports {self.transports}"
        result = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False,
                                stdin=subprocess.DEVNULL, timeout=60)
        self.assertEqual(result.returncode, 0, result.stderr)
        service = int(result.stdout.splitlines()[0])
        try:
            self.assertTrue(is_alive(service))
        finally:
            os.kill(service, signal.SIGKILL)

    def test_what_a_guest_says_cannot_steer_the_terminal(self):
        for body in ("print(json.dumps({'error': '\\x1b[31mred\\x07\\n::error::x'}))",
                     "sys.stderr.write('\\x1b[31mred\\x07'); sys.exit(3)"):
            record = self.play(body)
            self.assertIn("?[31mred?", record["why"])
            result = ipcbench("trial", "odd/pingpong/block/same-core/64B", "--transports",
                              str(self.transports))
            self.assertNotRegex(result.stdout + result.stderr, "[\x1b\x07]")

    def test_nothing_is_left_when_the_trial_is_killed(self):
        mark = self.folder / "mark"
        self.install(f"open({str(mark)!r}, 'w').write(str(os.getpid()))\ntime.sleep(100)")
        process = self.start("trial", "odd/pingpong/block/same-core/64B", "--transports",
                             str(self.transports))
        self.assertTrue(wait_until(lambda: mark.exists() and mark.read_text()))
        guest = int(mark.read_text())
        self.assertTrue(is_alive(guest))
        process.kill()
        self.assert_gone([guest])

    def test_a_request_to_stop_ends_it(self):
        mark = self.folder / "mark"
        self.install(f"open({str(mark)!r}, 'w').write('x')\ntime.sleep(100)")
        process = self.start("trial", "odd/pingpong/block/same-core/64B", "--transports",
                             str(self.transports))
        self.assertTrue(wait_until(mark.exists))
        process.terminate()
        self.assertEqual(process.wait(20), 130)

    def test_an_odd_description_is_listed_with_the_reason(self):
        other = json.loads(json.dumps(DESCRIBE))
        absent = json.loads(json.dumps(DESCRIBE))
        wrong = json.loads(json.dumps(DESCRIBE))
        other["protocol"] = 9
        absent["transports"][0]["absent"] = "there is no moon here; install one"
        wrong["transports"][0]["waits"] = ["blok"]
        beyond = json.loads(json.dumps(DESCRIBE))
        beyond["transports"][0]["streams"] = ["spin"]
        for describe, words in ((f"print({json.dumps(other)!r})", "protocol 1"),
                                (f"print({json.dumps(absent)!r})", "there is no moon here"),
                                (f"print({json.dumps(wrong)!r})", "did you mean 'block'?"),
                                (f"print({json.dumps(beyond)!r})", "not among its"),
                                ("print('{}')", "protocol"), ("print('x')", "no JSON"),
                                ("sys.exit('no luck')", "no luck"),
                                ("print('x' * 100000)", "more than")):
            with self.subTest(words):
                self.install("", describe)
                entry = self.listed()[0]
                self.assertFalse(entry["available"])
                self.assertIn(words, entry["why"])

    def test_one_that_cannot_say_what_it_is_has_failed(self):
        self.install("", "sys.exit('no luck')")
        self.assert_one_sentence(ipcbench("trial", "odd/pingpong/block/same-core/64B", "--transports",
                                          str(self.transports)), 1, "'odd'", "no luck")
        self.install("", "print('x')")  # what it says is wrong, each time that it is asked
        self.assert_one_sentence(ipcbench("trial", "odd/pingpong/block/same-core/64B", "--transports",
                                          str(self.transports)), 2, "'odd'", "no JSON")

    def test_the_example_of_the_guide_runs(self):
        guide = (ROOT / "docs" / "adding-a-guest.md").read_text()
        example = guide.split("```python\n")[1].split("```")[0]
        self.assertLess(example.count("\n"), 100)
        path = self.transports / "example.guest"
        path.write_text(example)
        path.chmod(0o755)
        for size in ("1B", "64B", "4097B"):
            record = self.trial(f"example-unix/pingpong/block/same-core/{size}", "--exchanges", "200",
                                "--transports", str(self.transports))
            self.assertEqual((record["status"], record["exchanges"]), ("ok", 200))


class Real(Case):
    """The guests of this build."""

    def guests(self):
        return [entry for entry in json.loads(ipcbench("list", "--json").stdout)
                if entry["group"] == "guest" and entry["available"]]

    @needs_two_cpus
    def test_each_carries_each_size_each_way(self):
        for entry in self.guests():
            for wait in entry["waits"]:
                for size in ("1B", "8B", "4097B", "64K"):
                    with self.subTest(name=entry["name"], wait=wait, size=size):
                        record = self.trial(f"{entry['name']}/pingpong/{wait}/cross-core/{size}",
                                            "--exchanges", "30", "--warmup-exchanges", "3")
                        self.assertEqual((record["status"], record["exchanges"]), ("ok", 30))
                        self.assertTrue(record["facts"]["version"])

    @needs_two_cpus
    @unittest.skipUnless((BUILD / "transports" / "python.guest").exists(), "no python.guest here")
    def test_python_streams(self):
        spins = ("python-shm", "python-socket", "python-socket-unix")
        for name in ("python-pipe", "python-queue", *spins):
            for wait in ("block", "spin"):
                for size in ("1B", "4097B", "64K"):
                    with self.subTest(name=name, wait=wait, size=size):
                        able = wait == "block" or name in spins
                        record = self.trial(f"{name}/stream/{wait}/cross-core/{size}", "--exchanges", "300",
                                            "--warmup-exchanges", "3", code=0 if able else 77)
                        if able:
                            self.assertEqual((record["status"], record["exchanges"]), ("ok", 300))
                            self.assertGreater(record["bytes_per_second"], 0)

    @unittest.skipUnless((BUILD / "transports" / "python.guest").exists(), "no python.guest here")
    def test_pythons_buffers_are_in_the_record(self):
        for name, facts in (("pipe", ("sndbuf", "rcvbuf")), ("socket-unix", ("sndbuf", "rcvbuf")),
                            ("queue", ("capacity",))):
            record = self.trial(f"python-{name}/pingpong/block/same-core/64B", "--exchanges", "5")
            for fact in facts:
                self.assertGreaterEqual(int(record["facts"][fact]), 4096)

    @unittest.skipUnless((BUILD / "transports" / "python.guest").exists(), "no python.guest here")
    def test_pythons_payload_is_the_harnesss(self):
        source = (BUILD / "transports" / "python.guest").read_text()
        names = {"__name__": "guest"}
        exec(compile(source, "python.guest", "exec"), names)  # pylint: disable=exec-used
        payload = names["Payload"](24, 1, 0)
        payload.stamp(0)
        guide = (ROOT / "docs" / "adding-a-guest.md").read_text()
        self.assertEqual(payload.message.hex(), re.search(r"(?m)^ +([0-9a-f]{48})$", guide)[1])
