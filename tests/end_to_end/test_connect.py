# SPDX-License-Identifier: MIT
"""A connection for each exchange: its parts, its knobs, and the ports that it may use."""

import json
import os
import signal
import unittest

from support import Case, children, descendants, ipcbench, needs_transports, wait_until


def key(transport, clients=1, size="64B", wait="block", placement="same-core"):
    what = f"connect:clients={clients}" if clients > 1 else "connect"
    return f"{transport}/{what}/{wait}/{placement}/{size}"


@needs_transports("unix", "tcp", "pipe")
class Connect(Case):
    def connect(self, cell, *arguments):
        record = self.trial(cell, "--deadline", "60", *(arguments or ("--exchanges", "300")))
        self.assertEqual((record["status"], record["key"]), ("ok", cell), record["why"])
        return record

    def test_each_exchange_has_its_connection_and_its_parts(self):
        for transport in ("tcp-localhost", "tcp-public", "unix-path", "unix-abstract",
                          "unix-seqpacket:address=path", "tcp-localhost:family=6"):
            for size in ("1B", "64B", "1MiB") if "seqpacket" not in transport else ("64B",):
                with self.subTest(transport=transport, size=size):
                    record = self.connect(key(transport, size=size), "--exchanges", "60",
                                          "--warmup-exchanges", "5")
                    self.assertEqual(record["exchanges"], 60)
                    self.assertEqual([phase["name"] for phase in record["phases"]],
                                     ["connect", "exchange", "close"])
                    parts = sum(phase["mean_ns"] for phase in record["phases"])
                    self.assertAlmostEqual(parts / record["mean_ns"], 1, delta=0.001)
                    self.assertEqual(record["clients"]["count"], 1)
                    self.assertIsNone(record["clients"]["design"])

    def test_spinning(self):
        for transport in ("tcp-localhost", "unix-path"):
            with self.subTest(transport=transport):
                self.connect(key(transport, wait="spin", placement="unpinned"), "--exchanges", "50",
                             "--warmup-exchanges", "5")

    def test_several_clients_share_one_listener(self):
        for transport in ("tcp-localhost", "unix-path", "unix-abstract:backlog=1"):
            with self.subTest(transport=transport):
                record = self.connect(key(transport, 16), "--exchanges", "800", "--verify", "full")
                self.assertEqual(record["exchanges"], 800)
                self.assertEqual(record["clients"]["count"], 16)

    def test_linger_and_backlog_are_knobs(self):
        for setting in ("linger=off", "linger=wait", "linger=reset", "backlog=1", "backlog=65535"):
            with self.subTest(setting=setting):
                record = self.connect(key(f"tcp-localhost:{setting}"))
                name, value = setting.split("=")
                self.assertEqual(record["knobs"][name], value)

    def test_ports_are_a_budget(self):
        budget = int(self.connect(key("tcp-localhost"))["facts"]["ports"])
        self.assertGreater(budget, 1000)
        more = str(budget + 1)
        refused = self.trial(key("tcp-localhost"), "--exchanges", more, code=77)
        self.assertEqual(refused["status"], "not applicable")
        self.assertIn("TIME_WAIT", refused["why"])
        self.assertIn("linger=reset", refused["why"])
        self.assertNotIn("ports", self.connect(key("tcp-localhost:linger=reset"))["facts"])
        self.assertNotIn("ports", self.connect(key("unix-path"))["facts"])

    @needs_transports("null")
    def test_what_does_not_connect_is_not_applicable(self):
        for cell, words in ((key("pipe"), "meet once"), (key("unix"), "unix-path"),
                            (key("unix-datagram:address=path"), "not connected"),
                            (key("null"), "no server"), (key("unix-path", 2, "4B"), "8 bytes"),
                            (key("unix-path", 2, wait="spin", placement="unpinned"), "block")):
            with self.subTest(cell=cell):
                record = self.trial(cell, "--exchanges", "10", code=77)
                self.assertEqual(record["status"], "not applicable")
                self.assertIn(words, record["why"])

    def test_an_end_that_dies_ends_the_trial(self):
        for transport in ("tcp-localhost", "unix-path"):
            for which in (0, 1):
                with self.subTest(transport=transport, end=which):
                    process = self.start("trial", key(f"{transport}", 4), "--json", "--time", "50",
                                         "--deadline", "20")
                    self.assertTrue(wait_until(lambda: len(children(process.pid)) == 2))
                    pids = descendants(process.pid)
                    os.kill(pids[which], signal.SIGKILL)
                    output, errors = process.communicate(timeout=40)
                    self.assertEqual(process.returncode, 1, output + errors)
                    self.assertIn("signal 9", json.loads(output)["why"])
                    self.assert_gone(pids)

    def test_text(self):
        result = ipcbench("trial", key("unix-path"), "--exchanges", "300")
        self.assert_result(result, 0)
        for word in ("connect, p50", "exchange, p50", "close, p50"):
            self.assertIn(word, result.stdout)


if __name__ == "__main__":
    unittest.main()
