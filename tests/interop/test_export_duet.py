# SPDX-License-Identifier: MIT
"""ipcbench export of a duet: what JUnit's readers, GitHub and a reader of Markdown find in it."""

import json
import re
import subprocess

from exported import HERE, ExportCase, ipcbench, needs_library, needs_transports, optional
from support import BUILD, needs_program

junitparser = optional("junitparser")
TRANSPORTS = str(BUILD / "transports")
KEYS = [f"pipe/pingpong/block/same-core/{size}B" for size in (8, 16, 32, 64, 128)]
VERDICTS = ["regression", "improvement", "pass", "inconclusive", "not compared"]
CHANGES = {"regression": 0.072, "improvement": -0.06, "pass": 0.004, "inconclusive": 0.01,
           "not compared": None}


@needs_transports("pipe", "unix")
class Duet(ExportCase):
    """A real duet's file, in which each cell is then given another verdict."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.path = cls.bad.parent / "duet.json"
        sizes = ",".join(re.search(r"(\d+)B", key)[1] for key in KEYS)
        made = ipcbench("duet", TRANSPORTS, TRANSPORTS, "-t", "pipe", "-s", sizes, "-W", "block", "-p",
                        "same-core", "--trials", "8", "--time", "0.02", "--warmup", "0.01", "-o",
                        str(cls.path))
        if made.returncode not in (0, 1, 3):
            raise AssertionError(made.stderr)
        duet = json.loads(cls.path.read_text())
        duet.update(verdict="regression", why="1 regressed & <1> was slow")
        cells = {cell["key"]: cell for cell in duet["cells"] if not cell["canary"]}
        for key, verdict in zip(KEYS, VERDICTS):
            cell, change = cells[key], CHANGES[verdict]
            cell["verdict"] = verdict
            cell["p50"].update(verdict=verdict, change=change,
                               low=None if change is None else change - 0.01,
                               high=None if change is None else change + 0.01, smallest=0.045)
            if verdict == "not compared":
                cell.update(count=0, why="base's plug-in is gone: \"<x>\", so\nnothing")
        cls.path.write_text(json.dumps(duet))

    def altered(self, **fields):
        duet = json.loads(self.path.read_text())
        duet.update(fields)
        path = self.folder / "altered.json"
        path.write_text(json.dumps(duet))
        return path

    @needs_program("xmllint")
    def test_junit_follows_its_schema(self):
        checked = subprocess.run(
            ["xmllint", "--noout", "--nonet", "--schema", HERE / "junit.xsd", "-"], text=True,
            input=self.export("junit", self.path), capture_output=True, check=False)
        self.assertEqual(checked.returncode, 0, checked.stderr)

    def junit(self, path):
        file = self.folder / "junit.xml"
        file.write_text(self.export("junit", path))
        [suite] = list(junitparser.JUnitXml.fromfile(str(file)))
        return suite

    @needs_library("junitparser")
    def test_junit_read_by_junitparser(self):
        suite = self.junit(self.path)
        self.assertEqual((suite.tests, suite.failures, suite.errors, suite.skipped), (5, 1, 0, 2))
        results = {case.name: case.result[0] if case.result else None for case in suite}
        self.assertEqual(list(results), KEYS)
        self.assertEqual({of.name: of.value for of in suite.properties()},
                         {"verdict": "regression", "why": "1 regressed & <1> was slow"})
        self.assertEqual([type(results[key]).__name__ for key in KEYS],
                         ["Failure", "NoneType", "NoneType", "Skipped", "Skipped"])
        self.assertEqual(results[KEYS[0]].message, "p50 +7.2% (99% interval +6.2% to +8.2%)")
        self.assertIn("a slowdown of 4.5% or more would have been found", results[KEYS[3]].message)
        self.assertIn("base's plug-in is gone", results[KEYS[4]].message)

    @needs_library("junitparser")
    def test_an_environment_that_moved_fails_no_case(self):
        suite = self.junit(self.altered(verdict="environment", why="the canary moved"))
        self.assertEqual((suite.tests, suite.failures, suite.skipped), (5, 0, 3))

    def test_github(self):
        lines = self.export("github", self.path).splitlines()
        self.assertEqual([re.match(r"::(\w+) title=([^:]*)::", line).groups() for line in lines], [
            ("error", "ipcbench duet"), ("error", KEYS[0]), ("warning", KEYS[4]), ("warning", KEYS[3]),
            ("notice", KEYS[1])])
        self.assertIn("p50 +7.2%25 (99%25 interval", lines[1])

    def test_markdown(self):
        text = self.export("markdown", self.path)
        self.assertTrue(text.startswith("## ipcbench duet: regression\n\n1 regressed & \\<1\\> was"))
        rows = {row.split("|")[1].strip(" `"): [part.strip() for part in row.split("|")[2:-1]]
                for row in text.splitlines() if row.startswith("| `")}
        for key, verdict in zip(KEYS, VERDICTS):
            self.assertEqual(rows[key][-1], verdict)
        self.assertEqual(rows[KEYS[0]][:2], ["+7.2%", "+6.2% to +8.2%"])
        self.assertEqual(rows[KEYS[1]][0], "-6.0%")
        self.assertRegex(text, rf"(?m)^- `{re.escape(KEYS[4])}`: not compared: base's plug-in is gone")

    def test_what_it_cannot_do_is_one_sentence(self):
        damaged = json.loads(self.path.read_text())
        damaged["cells"][1]["verdict"] = "splendid"
        path = self.folder / "damaged.json"
        path.write_text(json.dumps(damaged))
        foreign = json.loads(self.path.read_text())
        foreign["cells"][0]["key"] = "pipe`<script>/pingpong/block/same-core/64B"
        elsewhere = self.folder / "foreign.json"
        elsewhere.write_text(json.dumps(foreign))
        for words, arguments in (
                (("verdicts of a duet", "junit"), ("-f", "csv", str(self.path))),
                (("--cell", "verdicts"), ("-f", "junit", "-c", "pipe/*", str(self.path))),
                (("foreign.json is damaged", "cell 1"), ("-f", "markdown", str(elsewhere))),
                (("damaged.json is damaged", "cell 2", "verdict"), ("-f", "junit", str(path)))):
            with self.subTest(arguments=arguments):
                self.assert_one_sentence(ipcbench("export", *arguments), 2, *words)
