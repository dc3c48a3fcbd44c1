# SPDX-License-Identifier: MIT
"""What the tests of exports share: runs to export, and the libraries that read what comes out."""

import importlib
import json
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "end_to_end"))
# Where `python3` isn't the system's own, what its packages bring is still there to be read.
sys.path.append("/usr/lib/python3/dist-packages")

from support import FAKES, Case, ipcbench, needs_transports  # noqa: E402, F401

PROMTOOL = HERE / "tools" / "promtool"


def optional(name):
    """A library, or None where it isn't installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def needs_library(name):
    return unittest.skipIf(optional(name) is None, f"{name} is not installed: run 'make setup'")


needs_promtool = unittest.skipUnless(PROMTOOL.exists(),
                                     "promtool is not there: run 'make setup'")


class ExportCase(Case):
    """Two runs: one that went well, and one in which a cell fails with an awkward sentence."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        maker = cls("run_files")
        maker.setUp()
        cls.addClassCleanup(maker.doCleanups)
        cls.good = maker.run_file("-t", "pipe,pipe:bufsize=64K,unix", "-s", "64,4K")
        cls.bad = maker.folder / "bad.json"
        made = ipcbench("run", "-o", str(cls.bad), "--transports", FAKES, "-t",
                        "fake,fake:script=setup-error", "-s", "64", "-W", "block", "-p",
                        "same-core", "--trials", "2", "--time", "0.01", "--warmup", "0.005")
        if made.returncode != 1:
            raise AssertionError(made.stderr)
        cls.put_reason(cls.bad, 'a "quoted" <tag> & 100% | pipe, colon: end\nnext')

    def run_files(self):
        """Only names the object that makes them."""

    @staticmethod
    def put_reason(path, why):
        run = json.loads(path.read_text())
        for trial in run["trials"]:
            trial["why"] = why if trial["status"] == "failed" else trial["why"]
        path.write_text(json.dumps(run))

    def export(self, name, path, *arguments):
        result = ipcbench("export", "-f", name, str(path), *arguments)
        self.assert_result(result, 0)
        self.assertEqual(result.stderr, "")
        return result.stdout

    @staticmethod
    def cells(path):
        """The cells of a run as `show` has them, by their keys."""
        shown = ipcbench("show", str(path), "--json")
        return {cell["key"]: cell for cell in json.loads(shown.stdout)["cells"]}

    @staticmethod
    def trials(path):
        """The trials that stand in the figures, by their cells' keys, in the order of the run."""
        found = {}
        for trial in json.loads(path.read_text())["trials"]:
            if trial["status"] == "ok" and trial["purpose"] == "timing":
                found.setdefault(trial["key"], []).append(trial)
        return found

    def assert_near(self, value, should, what=""):
        """The same number but for the last digits that are written."""
        self.assertLessEqual(abs(value - should), 1e-9 * abs(should) + 1e-15,
                             f"{what}: {value} should be {should}")
