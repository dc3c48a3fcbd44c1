# SPDX-License-Identifier: MIT
"""A scripted transport drives the harness through every failure that it must catch."""

import json
import os
import pathlib
import re
import subprocess
import unittest

from support import BUILD, FAKES, Case, ipcbench, is_alive

# Script, status, exit code, and what the sentence must hold.
FAULTS = [
    ("unavailable", "skipped", 77, ["fake", "no moon"]),
    ("setup-error", "failed", 1, ["fake", "setup", "fake_setup", "No space left on device"]),
    ("attach-error", "failed", 1, ["fake", "{side}", "attaching", "fake_attach", "refused"]),
    ("attach-hang", "failed", 1, ["fake", "2 s", "attaching"]),
    ("detach-error", "failed", 1, ["fake", "{side}", "detaching", "fake_detach", "not connected"]),
    ("send-error", "failed", 1, ["fake", "{side}", "fake_send", "reset", "the script says so"]),
    ("recv-error", "failed", 1, ["fake", "{side}", "fake_recv", "too long"]),
    ("no-call", "failed", 1, ["fake", "{side}", "Input/output error"]),
    ("dead", "failed", 1, ["fake", "the {side} was killed by signal 9"]),
    ("leave", "failed", 1, ["fake", "{side}", "exited with 0"]),
    ("hang", "failed", 1, ["fake", "2 s", "measuring"]),
    ("lose", "failed", 1, ["fake", "2 s", "measuring"]),
    ("corrupt", "failed", 1, ["fake", "{peer}", "message 37", "byte 32 of 64"]),
    ("duplicate", "failed", 1, ["fake", "{peer}", "message 38", "message 37 came"]),
    ("reorder", "failed", 1, ["fake", "{peer}", "message 37", "message 36 came"]),
    ("stale", "failed", 1, ["fake", "{side}", "message 37", "message 36 came"]),
    ("short-read", "failed", 1, ["fake", "{side}", "message 37", "of 64"]),
]


class Faults(Case):
    def fault(self, script, side, wait="block", placement="same-core", at=37):
        return ipcbench("trial", f"fake:script={script},at={at},side={side}/pingpong/{wait}/"
                        f"{placement}/64B", "--transports", FAKES, "--exchanges", "100",
                        "--warmup-exchanges", "10", "--deadline", "2", "--json", timeout=20)

    def check(self, result, status, code, words):
        record = json.loads(result.stdout)
        self.assertEqual(record["status"], status, record["why"])
        self.assert_result(result, code)
        self.assertEqual(result.stderr, "")
        for word in words:
            self.assertIn(word, record["why"])
        self.assertTrue(re.fullmatch(r"[^\n]+", record["why"]))

    def test_the_script_itself_works(self):
        self.check_ok("block")
        self.check_ok("spin", "unpinned")

    def check_ok(self, wait, placement="same-core"):
        result = self.fault("ok", "server", wait, placement)
        self.assert_result(result, 0)

    def test_last_message_of_a_trial_is_verified(self):
        # 10 + 100 counted exchanges and those that open and close the phases: the last is 112.
        result = self.fault("corrupt", "server", at=112)
        self.check(result, "failed", 1, ["message 112", "byte 32"])
        self.assert_result(self.fault("corrupt", "server", at=113), 0)

    def test_a_message_beyond_the_limit_of_a_transport_is_not_applicable(self):
        record = self.trial("fake/pingpong/block/same-core/65537", "--transports", FAKES, code=77)
        self.assertEqual(record["status"], "not applicable")
        self.assertIn("65536", record["why"])

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "needs two CPUs")
    def test_an_end_that_is_not_where_the_label_says_is_refused(self):
        for side in ("server", "client"):
            self.check(self.fault("move", side), "failed", 1, [side, "was pinned to CPU", "ran on"])

    def test_a_deadline_reaches_an_end_that_spins(self):
        self.check(self.fault("hang", "client", "spin", "unpinned"), "failed", 1, ["2 s"])


def add_fault(script, status, code, words, side):
    def test(self):
        names = {"side": side, "peer": "client" if side == "server" else "server"}
        self.check(self.fault(script, side), status, code, [word.format(**names) for word in words])

    setattr(Faults, f"test_{script.replace('-', '_')}_{side}", test)


for fault in FAULTS:
    for end in ("server", "client"):
        add_fault(*fault, end)


class Contract(Case):
    """The contract suite itself must fail where a transport breaks the contract."""

    def contract(self, script):
        command = [str(BUILD / "tests" / "contract" / "contract"), FAKES, f"fake:script={script}"]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    def assert_found(self, script, sentence):
        result = self.contract(script)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertRegex(result.stdout, sentence)

    def test_a_sound_transport_passes(self):
        result = self.contract("ok")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertNotIn("not ok", result.stdout)
        self.assertGreater(result.stdout.count("\nok "), 30)

    def test_breaches_are_found(self):
        for script, sentence in [
                ("leak", "descriptor [0-9]+ is still open after cleanup"),
                ("litter", "/dev/shm/.* is left after cleanup"),
                ("late-note", "a note came from send"),
                ("no-call", "send returned -5, with nothing as the call"),
                ("corrupt", "message 1 of 64 bytes differs at byte 32"),
                ("duplicate", "message 2 of 64 bytes differs at byte 0"),
                ("stale", "message 1 of 64 bytes differs at byte 0"),
                ("leave", "an end ended early"),
                ("dead", "an end ended early"),
                ("write-link", "an end ended early"),
                ("setup-error", "fake_setup: No space left")]:
            with self.subTest(script=script):
                self.addCleanup(self.remove_litter)
                self.assert_found(script, sentence)

    def remove_litter(self):
        """What the script "litter" leaves on purpose: names of processes that are gone."""
        for path in pathlib.Path("/dev/shm").glob("ipcbench-contract-*"):
            if not is_alive(int(path.name.rpartition("-")[2])):
                path.unlink(missing_ok=True)
