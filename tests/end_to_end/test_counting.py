# SPDX-License-Identifier: MIT
"""ipcbench trial --count: exact counts by the tracepoint and by ptrace, and a tracer that catches
every failure that an untraced trial catches."""

import json
import os
import signal
import subprocess

from support import (BUILD, Case, children, needs_program, needs_transports, needs_two_cpus,
                     wait_until)

NOBODY = 65534
AMOUNT = ["--exchanges", "500", "--warmup-exchanges", "50", "--seed", "1"]
FAKE = "tests/transports"
# Transport, wait and placement, and the calls of both ends for each exchange.
EXACT = [("pipe", "block/same-core", 4), ("unix", "block/same-core", 4),
         ("tcp-localhost", "block/same-core", 4), ("null", "block/same-core", 0)]


class Way(Case):
    """One way to count. The program is started from its folder by names below it, so that a user
    who can't reach that folder by its path can run it too."""

    who = {}

    def words(self, key, *arguments, transports="transports"):
        return ["./ipcbench", "trial", f"{key}/64B", "--count", "--json", "--transports",
                transports, *arguments]

    def count(self, key, *arguments, code=0, before=(), **how):
        result = subprocess.run([*before, *self.words(key, *arguments, **how)], cwd=BUILD,
                                capture_output=True, text=True, timeout=120, check=False,
                                stdin=subprocess.DEVNULL, **self.who)
        self.assert_result(result, code)
        return json.loads(result.stdout)

    def check_counts(self, way):
        for transport, rest, calls in EXACT:
            with self.subTest(transport=transport):
                record = self.count(f"{transport}/pingpong/{rest}", *AMOUNT)
                self.assertEqual(record["system_calls"], calls)
                self.assertEqual(record["facts"]["system_calls_by"], way)
                self.assertEqual((record["purpose"], record["exchanges"]), ("counting", 500))

    def check_sleeping_shared_memory(self):
        # On one CPU each message needs somebody to sleep, or to be preempted as it wakes the other:
        # between 1 and 2 calls, and few more where a wait was too late.
        record = self.count("shm/pingpong/block/same-core", *AMOUNT)
        self.assertGreaterEqual(record["system_calls"], 1.9)
        self.assertLessEqual(record["system_calls"], 5)

    def check_spinning_shared_memory(self):
        record = self.count("shm/pingpong/spin/cross-core", *AMOUNT)
        self.assertEqual(record["system_calls"], 0)


@needs_transports("null", "pipe", "shm", "tcp", "unix")
class Tracepoint(Way):
    def setUp(self):
        super().setUp()
        record = self.count("pipe/pingpong/block/same-core", *AMOUNT)
        if record["facts"].get("system_calls_by") != "tracepoint":
            self.skipTest("this host or user may not count by the tracepoint")

    def test_exact_counts(self):
        self.check_counts("tracepoint")

    def test_sleeping_shared_memory(self):
        self.check_sleeping_shared_memory()

    @needs_two_cpus
    def test_spinning_shared_memory(self):
        self.check_spinning_shared_memory()

    def test_a_trial_that_times_counts_nothing(self):
        record = self.trial("pipe/pingpong/block/same-core/64B", *AMOUNT)
        self.assertIsNone(record["system_calls"])
        self.assertNotIn("system_calls_by", record["facts"])


@needs_transports("null", "pipe", "shm", "tcp", "unix")
class Ptrace(Way):
    """As somebody who may not use the tracepoint."""

    if os.geteuid() == 0:
        who = {"user": NOBODY, "group": NOBODY, "extra_groups": []}

    def setUp(self):
        super().setUp()
        try:
            record = self.count("pipe/pingpong/block/same-core", *AMOUNT)
        except PermissionError:
            self.skipTest("another user may not run what is in the build folder")
        way = record["facts"].get("system_calls_by")
        if way == "tracepoint":
            self.skipTest("this user may count by the tracepoint")
        if way is None:
            self.skipTest("this host forbids ptrace")

    def test_exact_counts(self):
        self.check_counts("ptrace")

    def test_sleeping_shared_memory(self):
        self.check_sleeping_shared_memory()

    @needs_two_cpus
    def test_spinning_shared_memory(self):
        self.check_spinning_shared_memory()

    def fault(self, script, side):
        return self.count(f"fake:script={script},at=37,side={side}/pingpong/block/same-core",
                          "--exchanges", "100", "--warmup-exchanges", "10", "--deadline", "2",
                          code=1, transports=FAKE)["why"]

    def test_faults(self):
        for script, words in [("dead", "the {} was killed by signal 9"), ("hang", "after 2 s"),
                              ("send-error", "the {} failed while measuring in fake_send"),
                              ("leave", "the {} exited with 0")]:
            for side in ("server", "client"):
                with self.subTest(script=script, side=side):
                    self.assertIn(words.format(side), self.fault(script, side))

    def test_the_deadline_reaches_ends_that_never_rest(self):
        # Each of their calls is something that the parent wakes up for.
        for wait in ("block", "spin"):
            with self.subTest(wait=wait):
                record = self.count(f"pipe/pingpong/{wait}/same-core", "--time", "60",
                                    "--deadline", "0.5", code=1)
                self.assertIn("not done after 0.5 s", record["why"])

    def begin(self):
        process = subprocess.Popen(
            self.words("pipe/pingpong/block/same-core", "--time", "50", "--warmup", "0.01"),
            cwd=BUILD, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True, **self.who)
        for clean in (process.stdout.close, process.stderr.close, process.wait, process.kill):
            self.addCleanup(clean)
        ends = wait_until(lambda: len(children(process.pid)) == 2 and children(process.pid))
        self.assertTrue(ends, "the ends did not start")
        return process, ends

    def finish(self, process, ends, code):
        output, errors = process.communicate(timeout=30)
        self.assertEqual(process.returncode, code, output + errors)
        self.assert_gone(ends)
        return output

    def test_requests_to_stop(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number.name):
                process, ends = self.begin()
                process.send_signal(number)
                self.finish(process, ends, 130)

    def test_killed(self):
        process, ends = self.begin()
        process.kill()
        self.finish(process, ends, -signal.SIGKILL)

    def test_an_end_is_killed(self):
        for role, name in enumerate(("server", "client")):
            with self.subTest(end=name):
                process, ends = self.begin()
                os.kill(ends[role], signal.SIGKILL)
                record = json.loads(self.finish(process, ends, 1))
                self.assertIn(f"the {name} was killed by signal 9", record["why"])

    def test_a_signal_that_the_ends_ignore(self):
        process, ends = self.begin()
        for end in ends:
            os.kill(end, signal.SIGINT)
        os.kill(ends[1], signal.SIGTERM)
        record = json.loads(self.finish(process, ends, 1))
        self.assertIn("the client was killed by signal 15", record["why"])

    @needs_program("strace")
    def test_ends_that_another_traces_are_not_counted(self):
        # A sanitizer's search for leaks traces too, and fails under another tracer.
        strace = ["env", "ASAN_OPTIONS=detect_leaks=0", "strace", "-f", "-qq", "-o", "/dev/null"]
        record = self.count("pipe/pingpong/block/same-core", *AMOUNT, before=strace)
        self.assertEqual(record["status"], "ok")
        self.assertIsNone(record["system_calls"])
        self.assertNotIn("system_calls_by", record["facts"])
