# SPDX-License-Identifier: MIT
"""Streams that lose messages: counted where the transport says that it may, a failure elsewhere."""

import json
import os
import unittest

from support import FAKES, SCRIPTS, Case, ipcbench, needs_program, needs_transports

EXCHANGES = 2000


class Planted(Case):
    """A loss at one place, with the mark that there is no flow control and without."""

    def stream(self, name, script, at=60, depth=8, code=0, size="64B"):
        return self.trial(f"{name}:script={script},at={at},side=client/stream:depth={depth}/block/"
                          f"same-core/{size}", "--transports", FAKES, "--exchanges", "400",
                          "--warmup-exchanges", "10", "--deadline", "3", code=code, timeout=30)

    def test_with_the_mark_it_is_counted(self):
        for depth in (2, 8, 1000):
            with self.subTest(depth=depth):
                record = self.stream("fake-lossy", "lose", depth=depth)
                self.assertEqual((record["lost"], record["exchanges"]), (1, 400 - 1 - 1))

    def test_nothing_is_lost(self):
        record = self.stream("fake-lossy", "ok")
        self.assertEqual((record["lost"], record["exchanges"]), (0, 400 - 1))

    def test_the_message_that_closes_a_phase_is_sent_again(self):
        record = self.stream("fake-lossy", "lose", at=10)
        self.assertEqual(record["lost"], 0)

    def test_without_the_mark_it_fails(self):
        record = self.stream("fake", "lose", code=1)
        self.assertIn("message 60 was lost", record["why"])
        self.assertIsNone(record["lost"])

    def test_so_it_does_with_one_at_a_time_or_without_room_for_a_number(self):
        self.assertIn("not done after 3 s",
                      self.stream("fake-lossy", "lose", depth=1, code=1)["why"])
        self.assertIn("damaged", self.stream("fake-lossy", "lose", size="4B", code=1)["why"])

    def test_other_faults_fail_with_the_mark_too(self):
        for script, words in (("corrupt", "message 60 was damaged at byte 32"),
                              ("duplicate", "message 60 came in its place"),
                              ("reorder", "message 59 came in its place")):
            with self.subTest(script):
                self.assertIn(words, self.stream("fake-lossy", script, code=1)["why"])

    def test_a_stream_without_a_depth_is_not_applicable(self):
        record = self.trial("fake-lossy/stream/block/same-core/64B", "--transports", FAKES, code=77)
        self.assertIn("needs a depth", record["why"])


@needs_transports("udp")
class Udp(Case):
    """A buffer with room for a few, and nobody who holds the sender back."""

    def test_the_kernel_loses_and_all_add_up(self):
        for wait in ("block", "spin"):
            with self.subTest(wait):
                record = self.trial(f"udp:rcvbuf=4096/stream:depth=100000/{wait}/same-core/1KiB",
                                    "--exchanges", str(EXCHANGES))
                self.assertGreater(record["lost"], 0)
                self.assertEqual(record["exchanges"] + 1 + record["lost"], EXCHANGES)
                self.assertGreaterEqual(int(record["facts"]["server.drops"]), record["lost"])
                self.assertAlmostEqual(record["per_second"], 1e9 / record["mean_ns"], delta=1)

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "needs two CPUs")
    def test_a_small_window_within_the_buffer_loses_nothing(self):
        record = self.trial("udp/stream:depth=8/block/cross-core/64B", "--exchanges", str(EXCHANGES))
        self.assertEqual((record["lost"], record["exchanges"]), (0, EXCHANGES - 1))

    @needs_program("gnuplot")
    def test_show_and_report_name_the_loss(self):
        path = self.run_file("-t", "udp:rcvbuf=4096", "-w", "stream:depth=100000,stream:depth=2",
                             "-s", "1K")
        cells = {cell["workload"]: cell for cell in json.loads(path.read_text())["cells"]}
        lost = cells["stream:depth=100000"]["lost"]
        self.assertGreater(lost, 0)
        self.assertGreater(cells["stream:depth=100000"]["lost_share"], 0)
        self.assertLess(cells["stream:depth=100000"]["lost_share"], 1)
        self.assertEqual(cells["stream:depth=2"]["lost"], 0)
        shown = " ".join(ipcbench("show", str(path)).stdout.split())
        self.assertIn(f"stream:depth=100000/block/same-core/1KiB: {lost} message", shown)
        self.assertNotIn("stream:depth=2/block/same-core/1KiB: 0 message", shown)
        self.assert_result(ipcbench("report", "-o", str(self.folder / "r"), "--scripts", SCRIPTS,
                                    str(path)), 0)
        self.assertIn(f": {lost} message", (self.folder / "r" / "index.html").read_text())


if __name__ == "__main__":
    unittest.main()
