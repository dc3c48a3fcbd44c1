# SPDX-License-Identifier: MIT
"""Signals to every process of a trial and of a run: nothing is left, what was finished is kept."""

import json
import os
import pathlib
import signal
import tempfile
import time

from support import (FAKES, Case, children, descendants, ipcbench, is_alive, needs_transports,
                     wait_until)

KEYS = ["pipe/pingpong/block/same-core/64B", "shm/pingpong/spin/unpinned/64B",
        "tcp-localhost/pingpong/block/same-core/64B"]


def shared_memory():
    return {name for name in os.listdir("/dev/shm") if "ipcbench" in name}


@needs_transports("pipe", "shm", "tcp")
class TrialSignals(Case):
    def begin(self, key, *arguments):
        """A long trial whose two ends are at work."""
        process = self.start("trial", key, "--json", "--time", "50", *arguments)
        ends = wait_until(lambda: len(children(process.pid)) == 2 and children(process.pid))
        self.assertTrue(ends, "the ends did not start")
        time.sleep(0.05)  # most likely past its gates; the outcome is the same anywhere
        return process, ends

    def finish(self, process, ends, code):
        before = shared_memory()
        output, errors = process.communicate(timeout=30)
        self.assertEqual(process.returncode, code, output + errors)
        self.assert_gone(ends)
        self.assertEqual(shared_memory() - before, set())
        return output, errors

    def test_interrupted(self):
        for key in KEYS:
            for number in (signal.SIGINT, signal.SIGTERM):
                with self.subTest(key=key, signal=number.name):
                    process, ends = self.begin(key)
                    process.send_signal(number)
                    self.finish(process, ends, 130)

    def test_ctrl_c_reaches_all_at_once(self):
        process, ends = self.begin(KEYS[0])
        os.killpg(process.pid, signal.SIGINT)
        self.finish(process, ends, 130)

    def test_killed(self):
        for key in KEYS:
            with self.subTest(key=key):
                process, ends = self.begin(key)
                process.kill()
                self.finish(process, ends, -signal.SIGKILL)

    def test_an_end_is_killed(self):
        for key in KEYS:
            for role, name in enumerate(("server", "client")):
                with self.subTest(key=key, end=name):
                    process, ends = self.begin(key)
                    os.kill(ends[role], signal.SIGKILL)
                    output, _ = self.finish(process, ends, 1)
                    record = json.loads(output)
                    self.assertEqual(record["status"], "failed")
                    self.assertIn(f"the {name} was killed by signal 9", record["why"])

    def test_an_end_crashes(self):
        process, ends = self.begin(KEYS[0])
        os.kill(ends[1], signal.SIGABRT)
        output, _ = self.finish(process, ends, 1)
        self.assertIn("the client was killed by signal 6", json.loads(output)["why"])

    def test_an_interrupt_ends_a_hang(self):
        process, ends = self.begin("fake:script=hang/pingpong/block/same-core/64B", "--transports",
                                   FAKES)
        process.send_signal(signal.SIGTERM)
        self.finish(process, ends, 130)


@needs_transports("pipe", "unix")
class RunSignals(Case):
    def begin(self, finished=2):
        """A long run with that many finished trials in its journal."""
        path = self.folder / "run.json"
        process = self.start("run", "-t", "pipe,unix", "-s", "64", "-W", "block", "-p", "same-core",
                             "--trials", "200", "--time", "0.02", "--warmup", "0.01", "--no-counts",
                             "-q", "-o",
                             str(path))
        journal = self.folder / "run.json.journal"
        self.assertTrue(wait_until(
            lambda: journal.exists() and journal.read_text().count("\n") > finished))
        return process, path, journal

    def test_interrupted_runs_keep_their_trials(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number.name):
                process, path, journal = self.begin()
                below = descendants(process.pid)
                process.send_signal(number)
                output, errors = process.communicate(timeout=30)
                self.assertEqual(process.returncode, 130, output + errors)
                self.assert_gone(below)
                run = json.loads(path.read_text())
                self.assertGreaterEqual(len(run["trials"]), 2)
                self.assertEqual({trial["status"] for trial in run["trials"]}, {"ok"})
                self.assertFalse(journal.exists())
                self.assertEqual(ipcbench("show", str(path)).returncode, 0)
                path.unlink()

    def interrupt_early(self, *command):
        """While a guest thinks about what it is, nothing has begun and no signal is awaited."""
        folder, marker = self.folder / "slow", self.folder / "asked"
        folder.mkdir(exist_ok=True)
        (folder / "pipe.guest").write_text(f"#!/bin/sh\necho $$ >{marker}\nexec sleep 20\n")
        (folder / "pipe.guest").chmod(0o755)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(command=command[0], signal=number.name):
                marker.unlink(missing_ok=True)
                process = self.start(*command)
                self.assertTrue(wait_until(lambda: marker.exists() and marker.read_text().strip()))
                process.send_signal(number)
                output, errors = process.communicate(timeout=30)
                self.assertEqual((process.returncode, output), (130, ""), errors)
                self.assertEqual(errors, "ipcbench: interrupted\n")
                self.assert_gone([int(marker.read_text())])
                self.assertEqual(self.files(), ["asked", "slow", "slow/pipe.guest"])

    def test_before_the_first_trial(self):
        slow = str(self.folder / "slow")
        self.interrupt_early("run", "--transports", slow, "-o", str(self.folder / "run.json"))
        self.interrupt_early("duet", slow, slow, "-t", "pipe", "-s", "64")
        self.interrupt_early("trial", "pipe/pingpong/block/same-core/64B", "--transports", slow)

    def test_ctrl_c_reaches_all_at_once(self):
        process, path, _ = self.begin()
        below = descendants(process.pid)
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130, output + errors)
        self.assert_gone(below)
        run = json.loads(path.read_text())
        self.assertEqual({trial["status"] for trial in run["trials"]}, {"ok"})

    def test_a_killed_run_leaves_a_journal_that_can_be_shown(self):
        process, path, journal = self.begin()
        below = descendants(process.pid)
        process.kill()
        process.communicate(timeout=30)
        self.assert_gone(below)
        self.assertFalse(path.exists())
        result = ipcbench("show", str(journal))
        self.assert_result(result, 0)
        self.assertIn("pipe", result.stdout)

    def test_a_journal_cut_in_the_middle_of_a_line_can_be_shown(self):
        process, _, journal = self.begin()
        process.kill()
        process.communicate(timeout=30)
        journal.write_text(journal.read_text()[:-1] + '\n{"key": "pipe/pingp')
        self.assert_result(ipcbench("show", str(journal)), 0)

    def test_a_trial_that_is_killed_is_one_failed_trial(self):
        process, path, _ = self.begin()
        trial = wait_until(lambda: next((pid for pid in children(process.pid) if is_alive(pid)), 0))
        below = [trial, *descendants(trial)]
        os.kill(trial, signal.SIGKILL)
        self.assert_gone(below)
        journal = self.folder / "run.json.journal"
        lines = journal.read_text().count("\n")
        self.assertTrue(wait_until(lambda: journal.read_text().count("\n") > lines + 3))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        run = json.loads(path.read_text())
        failed = [trial for trial in run["trials"] if trial["status"] == "failed"]
        self.assertEqual(len(failed), 1)
        self.assertTrue(failed[0]["why"])

    def test_an_interrupt_before_the_first_trial_leaves_nothing(self):
        process = self.start("run", "-t", "pipe", "-s", "64", "-W", "block", "-p", "same-core",
                             "--trials", "2", "--time", "60", "-q", "-o",
                             str(self.folder / "run.json"))
        self.assertTrue(wait_until(lambda: len(descendants(process.pid)) == 3))
        below = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130)
        self.assert_gone(below)
        self.assertEqual(self.files(), [])


class EveryTransport(Case):
    def leftovers(self):
        """What bears a trial's name or key: see NAMES in transport.h."""
        found = [path for folder in (tempfile.gettempdir(), "/dev/shm")
                 for path in pathlib.Path(folder).glob("ipcbench-[0-9]*")]
        for kind in ("msg", "sem", "shm"):
            table = pathlib.Path("/proc/sysvipc", kind)
            lines = table.read_text().splitlines()[1:] if table.exists() else []
            found += [line for line in lines if (int(line.split()[0]) & 0xFFFFFFFF) >> 23 == 0x16A]
        return found

    def test_a_killed_trial_leaves_nothing_behind_the_next_start(self):
        for entry in json.loads(ipcbench("list", "--json").stdout):
            if not entry["available"] or entry["group"] in ("guest", "control"):
                continue
            with self.subTest(name=entry["name"]):
                key = f"{entry['name']}/pingpong/{entry['waits'][0]}/unpinned/8B"
                process = self.start("trial", key, "--time", "50")
                ends = wait_until(lambda: len(descendants(process.pid)) >= 2
                                  and descendants(process.pid))
                self.assertTrue(ends, "the ends did not start")
                process.kill()
                process.wait()
                self.assert_gone(ends)
        ipcbench("trial", "null/pingpong/block/same-core/8B", "--exchanges", "1")
        self.assertEqual(self.leftovers(), [])
