# SPDX-License-Identifier: MIT
"""ipcbench show: the tables of a run file."""

import json

from support import FAKES, Case, ipcbench, needs_transports


@needs_transports("pipe", "unix")
class Show(Case):
    def test_help(self):
        self.assert_help("show")

    def test_every_cell_has_its_row(self):
        path = self.run_file()
        result = ipcbench("show", str(path))
        self.assert_result(result, 0)
        for size in ("64B", "4KiB"):
            for name in ("pipe", "unix"):
                self.assertRegex(result.stdout, rf"(?m)^ +{size} +{name} ")

    def test_json_holds_the_cells(self):
        path = self.run_file()
        result = ipcbench("show", str(path), "--json")
        self.assert_result(result, 0)
        shown = json.loads(result.stdout)
        shown = shown["cells"] if isinstance(shown, dict) else shown
        self.assertEqual({cell["key"] for cell in shown},
                         {cell["key"] for cell in json.loads(path.read_text())["cells"]})

    def test_curves(self):
        path = self.run_file()
        result = ipcbench("show", str(path), "--curves")
        self.assert_result(result, 0)
        self.assertRegex(result.stdout, r"(?m)^ +Round trip by message size: ")
        self.assertRegex(result.stdout, r"A.pipe")
        self.assertNotIn("Round trip by", ipcbench("show", str(path)).stdout)
        refused = ipcbench("show", str(path), "--curves", "--json")
        self.assertEqual(refused.returncode, 2)

    def test_curves_without_gnuplot(self):
        path = self.run_file()
        result = ipcbench("show", str(path), "--curves", env={"PATH": "/nonexistent"})
        self.assert_result(result, 0)
        self.assertIn("No curves: gnuplot is not installed", result.stdout)

    def test_failed_cells_say_why(self):
        path = self.run_file("--transports", FAKES, "-t", "fake:script=setup-error", "-s", "64",
                             code=1)
        result = ipcbench("show", str(path))
        self.assert_result(result, 0)
        self.assertIn("fake_setup", " ".join(result.stdout.split()))
