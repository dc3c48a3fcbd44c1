# SPDX-License-Identifier: MIT
"""`ipcbench show` on real files: tables for people, JSON for programs, one sentence for what is no
run file."""

import json
import pathlib
import tempfile
import unittest

import runs


@runs.needs_transports
class Show(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="ipcbench-show-")
        cls.path = pathlib.Path(cls.folder.name) / "run.json"
        cls.run_file = runs.make_run(cls.path)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def refused(self, *arguments):
        """Expects wrong usage or input, and returns the one sentence."""
        code, output, errors = runs.ipcbench("show", *arguments)
        self.assertEqual((code, output), (2, ""), errors)
        self.assertTrue(errors.startswith("ipcbench show: "), errors)
        self.assertEqual(errors.count("\n"), 1, errors)
        return errors

    def test_prints_each_cell_within_100_columns(self):
        code, output, errors = runs.ipcbench("show", self.path)
        self.assertEqual((code, errors), (0, ""))
        lines = output.splitlines()
        self.assertLessEqual(max(map(len, lines)), 100)
        for cell in self.run_file["cells"]:
            if cell["status"] == "ok":
                size = "8B" if cell["size_bytes"] == 8 else "4KiB"
                name = cell["key"].split("/", maxsplit=1)[0]
                self.assertTrue(any(line.split()[:2] == [size, name] for line in lines), name)
        self.assertIn(self.run_file["environment"]["host"], output)
        self.assertIn("not applicable: ", output)

    def test_json_is_the_cells_of_the_file(self):
        code, output, errors = runs.ipcbench("show", "--json", self.path)
        self.assertEqual((code, errors), (0, ""))
        shown = json.loads(output)
        self.assertEqual(shown["cells"], self.run_file["cells"])
        self.assertEqual(shown["environment"], self.run_file["environment"])
        self.assertIs(shown["complete"], True)

    def test_filters_choose_cells(self):
        code, output, _ = runs.ipcbench("show", "--json", "-W", "spin", "-p", "same-core", self.path)
        self.assertEqual(code, 0)
        wanted = [cell for cell in self.run_file["cells"] if cell["wait"] == "spin"]
        self.assertEqual(json.loads(output)["cells"], wanted)

    def test_refuses_with_one_sentence(self):
        folder = pathlib.Path(self.folder.name)
        text = self.path.read_text()
        cases = {"empty": "", "text": "hello", "foreign": '{"results": []}',
                 "newer": text.replace("ipcbench-run-1", "ipcbench-run-9"),
                 "cut": text[: len(text) // 2],
                 "changed": text.replace('"mean_ns": ', '"mean_ns": -', 1)}
        for name, content in cases.items():
            with self.subTest(name):
                path = folder / f"{name}.json"
                path.write_text(content)
                self.assertIn(str(path), self.refused(path))
        self.assertIn("nothere", self.refused(folder / "nothere"))
        self.assertIn("folder", self.refused(folder))
        self.assertIn("block", self.refused("-W", "blok", self.path))
        self.assertIn("cross-core", self.refused("-p", "cross-cor", self.path))
        self.assertIn("run file", self.refused())
        self.assertIn("second", self.refused(self.path, self.path))

    def test_help_has_an_example_and_exit_codes(self):
        code, output, _ = runs.ipcbench("show", "--help")
        self.assertEqual(code, 0)
        self.assertIn("Example: ", output)
        self.assertIn("Exit codes: ", output)


if __name__ == "__main__":
    unittest.main()
