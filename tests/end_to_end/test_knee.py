# SPDX-License-Identifier: MIT
"""ipcbench run -w rate:search=knee: real trials, of which the order and the answer must fit together."""

import json
import re

from support import SCRIPTS, Case, ipcbench, needs_program, needs_transports

SEARCH = ["-t", "pipe", "-w", "rate:search=knee", "-s", "64", "-W", "block", "-p", "same-core",
          "--time", "0.02", "--warmup", "0.01", "--trials", "1", "--seed", "5", "-q"]


@needs_transports("pipe")
class Knee(Case):
    def test_the_search_is_made_of_ordinary_trials_and_has_an_answer(self):
        path = self.folder / "run.json"
        self.assert_result(ipcbench("run", *SEARCH, "-o", str(path)), 0)
        run = json.loads(path.read_text())
        self.assertEqual(run["options"]["plan"]["cells"],
                         ["pipe/rate:hz=1000,search=knee/block/same-core/64B"])
        rates = [int(re.fullmatch(r"rate:hz=(\d+)", trial["workload"])[1])
                 for trial in run["trials"]]
        self.assertEqual(rates[0], 1000)
        self.assertLessEqual(len(rates), 40)
        shown = ipcbench("show", str(path), "--json")
        self.assert_result(shown, 0)
        (knee,) = json.loads(shown.stdout)["knees"]
        self.assertTrue(knee["done"])
        self.assertIn(knee["missed_hz"], rates)
        if knee["kept_hz"] is not None:
            self.assertIn(knee["kept_hz"], rates)
            self.assertLessEqual(knee["missed_hz"], 1.1 * knee["kept_hz"])
        text = ipcbench("show", str(path))
        self.assert_result(text, 0)
        self.assertIn(f"not at {knee['missed_hz']}/s" if knee["kept_hz"] else "not kept up",
                      " ".join(text.stdout.split()))

    def test_a_budget_that_ends_in_the_middle_says_so(self):
        # A trial at 1000/s takes 1.2 s at least, so that not even the first rate is settled.
        path = self.folder / "run.json"
        self.assert_result(ipcbench("run", *SEARCH, "--budget", "2", "-o", str(path)), 0)
        shown = ipcbench("show", str(path), "--json")
        (knee,) = json.loads(shown.stdout)["knees"]
        self.assertFalse(knee["done"])
        self.assertIsNone(knee["missed_hz"])
        self.assertIn("not finished", " ".join(ipcbench("show", str(path)).stdout.split()))

    def test_a_search_that_was_stopped_between_two_rates_names_both(self):
        path, cut = self.folder / "run.json", self.folder / "cut.json"
        self.assert_result(ipcbench("run", *SEARCH, "-o", str(path)), 0)
        run = json.loads(path.read_text())
        (whole,) = json.loads(ipcbench("show", str(path), "--json").stdout)["knees"]
        if whole["kept_hz"] is None:
            self.skipTest("this host does not keep up even where the search begins")
        for count in range(len(run["trials"]) - 1, 0, -1):
            cut.write_text(json.dumps(run | {"trials": run["trials"][:count]}))
            shown = ipcbench("show", str(cut), "--json")
            self.assert_result(shown, 0)
            (knee,) = json.loads(shown.stdout)["knees"]
            self.assertFalse(knee["done"])
            if knee["missed_hz"] is None or knee["kept_hz"] is None:
                break
            self.assertGreater(knee["missed_hz"], 1.1 * knee["kept_hz"])
            self.assertIn(f"kept up to {knee['kept_hz']}/s, not at {knee['missed_hz']}/s; not finished",
                          " ".join(ipcbench("show", str(cut)).stdout.split()))
        self.assertLess(count, len(run["trials"]) - 1)

    @needs_program("gnuplot")
    def test_the_report_names_what_show_names(self):
        path, folder = self.folder / "run.json", self.folder / "report"
        self.assert_result(ipcbench("run", *SEARCH, "--budget", "2", "-o", str(path)), 0)
        self.assert_result(ipcbench("report", str(path), "-o", str(folder), "--scripts", SCRIPTS), 0)
        page = (folder / "index.html").read_text()
        self.assertIn("pipe/rate:hz=1000,search=knee/block/same-core/64B", page)
        self.assertIn("not finished", page)

    def test_one_trial_is_no_search(self):
        result = ipcbench("trial", "pipe/rate:search=knee/block/same-core/64B")
        self.assert_result(result, 2)
        self.assertIn("ipcbench run -w rate:search=knee", result.stderr)
