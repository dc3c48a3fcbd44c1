# SPDX-License-Identifier: MIT
"""One run at a time, and runs that were interrupted and go on: no trial is lost, none is doubled."""

import json
import os
import signal

from support import Case, ipcbench, is_alive, needs_transports, wait_until

FEW = ["-t", "pipe,unix", "-s", "64", "-W", "block", "-p", "same-core", "--time", "0.02", "--warmup",
       "0.01", "--seed", "5", "-q"]
ROUNDS = [*FEW, "--trials", "20"]


def identities(path):
    """What makes a trial the one that it is."""
    return [(trial["key"], trial["purpose"], trial["seed"])
            for trial in json.loads(path.read_text())["trials"]]


@needs_transports("pipe", "unix")
class Resume(Case):
    def setUp(self):
        super().setUp()
        self.path = self.folder / "run.json"
        self.journal = self.folder / "run.json.journal"

    def lines(self):
        return self.journal.read_text().count("\n") if self.journal.exists() else 0

    def stop_at(self, number, lines, *arguments):
        """Starts a run and stops it when its journal has that many lines."""
        process = self.start("run", *arguments)
        self.assertTrue(wait_until(lambda: self.lines() >= lines), "no trials came")
        process.send_signal(number)
        process.communicate(timeout=30)
        return process.returncode

    def whole(self, *options):
        path = self.folder / "whole.json"
        self.assert_result(ipcbench("run", *options, "-o", str(path)), 0)
        return identities(path)

    def test_a_run_that_is_killed_twice_ends_as_if_it_had_not_been(self):
        whole = self.whole(*ROUNDS)
        self.assertEqual(self.stop_at(signal.SIGKILL, 8, *ROUNDS, "-o", str(self.path)), -9)
        kept = self.journal.read_text()
        again = ["--resume", str(self.path), "-q"]
        self.assertEqual(self.stop_at(signal.SIGKILL, 20, *again), -9)
        self.assertTrue(self.journal.read_text().startswith(kept))
        self.assert_result(ipcbench("run", *again), 0)
        self.assertEqual(identities(self.path), whole)
        run = json.loads(self.path.read_text())
        self.assertEqual(len(run["options"]["resumed"]), 2)
        self.assertFalse(run["options"]["interrupted"])
        self.assertEqual(self.files(), ["run.json", "whole.json"])

    def refuse_where_others_may_write(self):
        """What the file says would be executed."""
        self.path.chmod(0o666)
        self.assert_one_sentence(ipcbench("run", "--resume", str(self.path), "-q"), 2,
                                 "others can write to", "chmod go-w")
        self.path.chmod(0o644)
        if os.geteuid() == 0:
            os.chown(self.path, 12345, 12345)
            self.assert_one_sentence(ipcbench("run", "--resume", str(self.path), "-q"), 2,
                                     "no file of this user")
            os.chown(self.path, 0, 0)

    def test_an_interrupted_run_file_grows_in_its_place(self):
        whole = self.whole(*ROUNDS)
        self.assertEqual(self.stop_at(signal.SIGTERM, 8, *ROUNDS, "-o", str(self.path)), 130)
        before = identities(self.path)
        self.assertFalse(self.journal.exists())
        self.refuse_where_others_may_write()
        self.assertEqual(self.stop_at(signal.SIGKILL, 20, "--resume", str(self.path), "-q"), -9)
        self.assertEqual(identities(self.path), before)
        self.assert_result(ipcbench("run", "--resume", str(self.journal), "-q"), 0)
        self.assertEqual(identities(self.path), whole)
        self.assertEqual(self.files(), ["run.json", "whole.json"])

    def test_the_rest_of_the_budget_is_used(self):
        options = [*FEW, "--budget", "6", "-o", str(self.path)]
        self.assertEqual(self.stop_at(signal.SIGKILL, 8, *options), -9)
        kept = [line["seed"] for line in map(json.loads, self.journal.read_text().splitlines()[1:])]
        self.assert_result(ipcbench("run", "--resume", str(self.path), "-q"), 0)
        seeds = [seed for _, _, seed in identities(self.path)]
        self.assertEqual(seeds[:len(kept)], kept)
        self.assertEqual(len(seeds), len(set(seeds)))

    def cut(self, ending):
        """A journal of five trials, the last line of which ends like that."""
        self.stop_at(signal.SIGKILL, 6, *ROUNDS, "-o", str(self.path))
        lines = self.journal.read_text().splitlines()[:6]
        self.journal.write_text("\n".join(lines) + ending)
        self.assert_result(ipcbench("run", "--resume", str(self.path), "-q"), 0)
        return identities(self.path)

    def test_a_line_that_was_cut_is_measured_again(self):
        trials = self.cut('\n{"key": "pipe/pingp')
        self.assertEqual(len(trials), 42)
        self.assertEqual(len(set(trials)), 42)

    def test_a_line_that_only_lacks_its_end_counts(self):
        trials = self.cut("")
        self.assertEqual(len(trials), 42)
        self.assertEqual(len(set(trials)), 42)

    def test_a_journal_without_a_whole_line_is_no_run(self):
        for text in ("", '{"schema": "ipcbench-run-1", "jour'):
            with self.subTest(text=text):
                self.journal.write_text(text)
                for name in (self.path, self.journal):
                    self.assert_one_sentence(ipcbench("run", "--resume", str(name)), 2, "no trial",
                                             "remove it", str(self.journal))
                self.assertEqual(self.journal.read_text(), text)
                self.journal.unlink()
                self.assert_result(ipcbench("run", *FEW, "--trials", "1", "-o", str(self.path)), 0)
                self.path.unlink()

    def test_a_complete_run_is_left_as_it_is(self):
        path = self.run_file("-t", "pipe", "-s", "64")
        text = path.read_text()
        journal = self.folder / "run.json.journal"
        journal.write_text(json.dumps({key: json.loads(text)[key] if key != "journal" else True for key
                                       in ("schema", "environment", "options")} | {"journal": True})
                           + "\n")  # of a run that was killed just before it removed this
        result = ipcbench("run", "--resume", str(path))
        self.assert_result(result, 0)
        self.assertIn("pipe", result.stdout)
        self.assertIn("complete", result.stderr)
        self.assertEqual(path.read_text(), text)
        self.assertEqual(self.files(), ["run.json"])

    def test_a_run_that_still_goes_on_is_left_alone(self):
        process = self.start("run", *ROUNDS, "-o", str(self.path))
        self.assertTrue(wait_until(lambda: self.lines() > 1))
        self.assert_one_sentence(ipcbench("run", "--resume", str(self.path)), 2, "still goes on")
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)

    def changed(self, change, *words):
        self.stop_at(signal.SIGTERM, 6, *ROUNDS, "-o", str(self.path))
        run = json.loads(self.path.read_text())
        change(run)
        self.path.write_text(json.dumps(run))
        self.assert_one_sentence(ipcbench("run", "--resume", str(self.path)), 2, *words)
        self.path.unlink()
        self.journal.unlink()

    def test_what_would_mix_is_refused(self):
        def swap(run):
            run["trials"][2:4] = reversed(run["trials"][2:4])

        for change, words in (
                (lambda run: run["environment"].update(host="another"), ["another host"]),
                (lambda run: run["environment"]["build"].update(commit="1"), ["another build"]),
                (lambda run: run["options"]["plan"].update(rounds=21), ["plan"]),
                (lambda run: run["options"].update(seed=6), ["seed"]),
                (swap, ["seed"]),
                (lambda run: run["options"].update(command=["ipcbench"]), ["command"])):
            with self.subTest(words=words):
                self.changed(change, *words)

    def test_wrong_usage(self):
        for arguments, words in (
                (["-t", "pipe"], ["--resume", "goes with"]), (["-o", "x"], ["goes with"]),
                (["--trials", "3"], ["goes with"]), (["--seed", "3"], ["goes with"]),
                ([], ["No such file"])):
            with self.subTest(arguments=arguments):
                self.assert_one_sentence(ipcbench("run", "--resume", str(self.path), *arguments), 2 if
                                         arguments else 1, *words)


@needs_transports("pipe", "unix")
class OneAtATime(Case):
    def begin(self):
        process = self.start("run", *ROUNDS, "-o", str(self.folder / "first.json"))
        journal = self.folder / "first.json.journal"
        self.assertTrue(wait_until(journal.exists))
        return process

    def second(self, *arguments, **how):
        return ipcbench("run", "-t", "pipe", "-s", "64", "-W", "block", "-p", "same-core", "--trials",
                        "1", "--time", "0.01", "-o", str(self.folder / "second.json"), *arguments, **how)

    def test_the_second_is_refused(self):
        process = self.begin()
        self.assert_one_sentence(self.second("--wait", "0"), 3, "another run", str(process.pid))
        self.assertFalse((self.folder / "second.json").exists())
        self.assertTrue(is_alive(process.pid))

    def test_the_second_waits(self):
        process = self.begin()
        result = self.second("--wait", "100")
        self.assert_result(result, 0)
        self.assertIn("waiting", result.stderr)
        self.assertIsNotNone(process.poll())
        self.assertTrue((self.folder / "first.json").exists())

    def test_a_killed_run_holds_no_lock(self):
        process = self.begin()
        process.kill()
        self.assert_result(self.second("--wait", "0"), 0)

    def test_with_another_tmpdir_both_run(self):
        own = self.folder / ("long" * 20)  # too long for a socket's path, but not for the lock
        own.mkdir()
        process = self.begin()
        self.assert_result(self.second("--wait", "0", env={**os.environ, "TMPDIR": str(own)}), 0)
        self.assertTrue(is_alive(process.pid))
