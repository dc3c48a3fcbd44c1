# SPDX-License-Identifier: MIT
"""ipcbench doctor: its help, its exit codes, and that text and JSON are as promised. What it finds
is up to the host."""

import json
import subprocess

from support import IPCBENCH, Case, ipcbench

FIELDS = {"name", "found", "verdict", "effect", "mend"}
CODES = {"fit": 0, "warnings": 1, "unfit": 3}


class Doctor(Case):
    def test_help(self):
        result = ipcbench("doctor", "--help")
        self.assert_result(result, 0)
        self.assertEqual(result.stderr, "")
        self.assertIn("Example: ipcbench doctor", result.stdout)
        self.assertIn("Exit codes: 0 fit", result.stdout)
        for code in CODES.values():
            self.assertRegex(result.stdout, rf"(?s)Exit codes:.*\b{code} ")

    def test_arguments_are_wrong_usage(self):
        for argument in ("this-host", "--no-such-option", "--json=yes"):
            with self.subTest(argument=argument):
                result = ipcbench("doctor", argument)
                self.assert_result(result, 2)
                self.assertEqual(result.stdout, "")
                self.assertNotEqual(result.stderr, "")

    def test_json(self):
        result = ipcbench("doctor", "--json")
        report = json.loads(result.stdout)
        self.assertEqual(result.stderr, "")
        self.assertEqual(set(report), {"fit", "checks"})
        self.assert_result(result, CODES[report["fit"]])
        for check in report["checks"]:
            with self.subTest(check=check.get("name")):
                self.assert_check(check)
        names = [check["name"] for check in report["checks"]]
        self.assertGreater(len(names), 0)
        self.assertEqual(len(set(names)), len(names))
        self.assertEqual(report["fit"], self.gravest(report["checks"]))

    def assert_check(self, check):
        self.assertEqual(set(check), FIELDS)
        self.assertIn(check["verdict"], ("ok", "unknown", "warning", "unfit"))
        for field in ("name", "found", "effect"):
            self.assertTrue(check[field], field)
        self.assertNotEqual(check["mend"], "")
        if check["verdict"] in ("warning", "unfit"):
            self.assertIsNotNone(check["mend"])

    @staticmethod
    def gravest(checks):
        verdicts = {check["verdict"] for check in checks}
        return "unfit" if "unfit" in verdicts else "warnings" if "warning" in verdicts else "fit"

    def test_text(self):
        result = ipcbench("doctor")
        self.assertIn(result.returncode, CODES.values())
        self.assertEqual(result.stderr, "")
        self.assertTrue(result.stdout.startswith("This host "), result.stdout)
        self.assertEqual([line for line in result.stdout.splitlines() if len(line) > 100], [])

    def test_text_that_nobody_can_take_is_a_failure(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = subprocess.run([IPCBENCH, "doctor"], stdout=full, stderr=subprocess.PIPE,
                                    text=True, timeout=60, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("No space left on device", result.stderr)
