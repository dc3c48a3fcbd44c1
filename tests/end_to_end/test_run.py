# SPDX-License-Identifier: MIT
"""ipcbench run: one run file, whole, with everything in it."""

import json
import os
import re

from support import FAKES, QUICK, ROOT, Case, ipcbench, needs_transports, needs_two_cpus


@needs_transports("pipe", "shm", "unix")
class Run(Case):
    @needs_two_cpus
    @needs_transports("pipe", "unix", "shm-ring", "tcp")
    def test_the_plans_of_the_readme_are_possible(self):
        lines = re.findall(r"^    ipcbench (run [^#\n]*)", (ROOT / "README.md").read_text(), re.MULTILINE)
        lines = [line.split() for line in lines if "--resume" not in line]
        self.assertGreaterEqual(len(lines), 3)
        for line in lines:
            with self.subTest(line=" ".join(line)):
                self.assert_result(ipcbench(*line, "--dry-run"), 0)

    def test_help(self):
        self.assert_help("run")

    def test_run_file(self):
        path = self.run_file("-t", "pipe,unix", "-s", "64,4K")
        self.assertEqual(self.files(), ["run.json"])
        run = json.loads(path.read_text())
        self.assertEqual(run["schema"], "ipcbench-run-1")
        keys = {cell["key"] for cell in run["cells"]}
        self.assertEqual(keys, {f"{name}/pingpong/block/same-core/{size}"
                                for name in ("pipe", "unix") for size in ("64B", "4KiB")})
        for cell in run["cells"]:
            self.assertEqual((cell["status"], cell["trials"]), ("ok", 2))
            self.assertGreater(cell["p50_ns"], 0)
            self.assertGreater(cell["per_second"], 0)
            self.assertGreater(cell["cpu_ns"], 0)
        purposes = [trial["purpose"] for trial in run["trials"]]
        self.assertEqual(purposes, 4 * ["counting"] + 8 * ["timing"])
        self.assertEqual({"doctor", "floors"} - set(run["environment"]), set())
        self.assertTrue(run["environment"] and run["options"])

    def test_a_slow_open_loop_gets_the_time_for_a_few_requests(self):
        path = self.run_file("-t", "pipe", "-w", "rate:hz=10", "-s", "64")
        counting, *timing = json.loads(path.read_text())["trials"]
        self.assertEqual((counting["purpose"], counting["status"]), ("counting", "ok"))
        self.assertEqual(counting["exchanges"], 10)
        for trial in timing:
            self.assertGreaterEqual(trial["exchanges"], 4)

    @needs_transports("tcp")
    def test_what_waits_for_delayed_acknowledgements_is_counted_too(self):
        path = self.run_file("-t", "tcp-localhost:nodelay=0", "-w", "write-write-read", "-s", "64")
        counting = json.loads(path.read_text())["trials"][0]
        self.assertEqual((counting["purpose"], counting["status"]), ("counting", "ok"))
        self.assertEqual((counting["exchanges"], counting["system_calls"]), (20, 6))

    def test_table_on_stdout_and_nothing_on_stderr(self):
        result = ipcbench("run", "-t", "pipe", "-s", "64", "-W", "block", "-p", "same-core", "-q",
                          "-o", str(self.folder / "run.json"), *QUICK)
        self.assert_result(result, 0)
        self.assertRegex(result.stdout, r"(?m)^ +64B +pipe ")
        self.assertEqual(result.stderr, "")

    def test_no_progress_without_a_terminal(self):
        result = ipcbench("run", "-t", "pipe", "-s", "64", "-W", "block", "-p", "same-core",
                          "-o", str(self.folder / "run.json"), *QUICK)
        self.assertNotIn("\r", result.stderr)
        self.assertNotIn("\x1b", result.stdout + result.stderr)

    def test_json_is_the_run_file(self):
        path = self.folder / "run.json"
        result = ipcbench("run", "-t", "pipe", "-s", "64", "-W", "block", "-p", "same-core",
                          "--json", "-o", str(path), *QUICK)
        self.assert_result(result, 0)
        self.assertEqual(json.loads(result.stdout), json.loads(path.read_text()))

    def test_the_same_seed_is_the_same_order(self):
        orders = []
        for name in ("a.json", "b.json"):
            path = self.folder / name
            self.assert_result(
                ipcbench("run", "-t", "pipe,unix,shm", "-s", "8,64", "-W", "block", "-p",
                         "same-core", "--seed", "7", "-o", str(path), *QUICK), 0)
            orders.append([trial["key"] for trial in json.loads(path.read_text())["trials"]])
        self.assertEqual(orders[0], orders[1])
        self.assertNotEqual(orders[0], sorted(orders[0]))

    def test_dry_run_measures_nothing(self):
        result = ipcbench("run", "-t", "pipe", "-s", "64", "--dry-run", "-o",
                          str(self.folder / "run.json"))
        self.assert_result(result, 0)
        self.assertIn("pipe", result.stdout)
        self.assertEqual(self.files(), [])

    def test_failed_trials_are_records_and_the_run_goes_on(self):
        path = self.folder / "run.json"
        result = ipcbench("run", "--transports", FAKES, "-t", "fake:script=corrupt,at=37,fake", "-s",
                          "64", "-W", "block", "-p", "same-core", "-o", str(path), *QUICK)
        self.assert_result(result, 1)
        cells = {cell["key"].split("/")[0]: cell for cell in json.loads(path.read_text())["cells"]}
        self.assertEqual(cells["fake"]["status"], "ok")
        bad = next(cell for name, cell in cells.items() if "corrupt" in name)
        self.assertEqual(bad["status"], "failed")
        self.assertIn("message 37", bad["why"])

    def test_what_a_transport_cannot_do_is_not_applicable(self):
        path = self.folder / "run.json"
        result = ipcbench("run", "-t", "pipe,shm", "-s", "64", "-W", "park", "-p", "unpinned", "-o",
                          str(path), *QUICK)
        self.assert_result(result, 0)
        cells = {cell["key"].split("/")[0]: cell["status"]
                 for cell in json.loads(path.read_text())["cells"]}
        self.assertEqual(cells, {"pipe": "not applicable", "shm": "ok"})

    def test_nothing_possible_is_no_success(self):
        path = self.folder / "run.json"
        result = ipcbench("run", "-t", "pipe", "-s", "64", "-W", "park", "-p", "unpinned", "-o",
                          str(path), *QUICK)
        self.assert_result(result, 77)
        self.assertEqual([cell["status"] for cell in json.loads(path.read_text())["cells"]],
                         ["not applicable"])

    def test_a_budget_too_short_for_slow_open_loops_is_refused(self):
        result = ipcbench("run", "-t", "pipe", "-w", "rate:hz=1..1000", "-s", "64", "-W", "block",
                          "-p", "same-core", "--budget", "10", "-o", str(self.folder / "run.json"))
        self.assert_result(result, 2)
        self.assertIn("the budget is 10 s", result.stderr)
        self.assertEqual(self.files(), [])

    def test_the_default_file_is_in_results(self):
        os.mkdir(self.folder / "results")
        result = ipcbench("run", "-t", "pipe", "-s", "64", "-W", "block", "-p", "same-core", *QUICK,
                          cwd=self.folder)
        self.assert_result(result, 0)
        self.assertEqual(len(list((self.folder / "results").glob("*.json"))), 1)
