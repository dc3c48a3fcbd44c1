# SPDX-License-Identifier: MIT
"""ipcbench list: every transport that there is, and why one can't be used."""

import json
import os
import re
import shutil
import subprocess

from support import BUILD, FAKES, IPCBENCH, ROOT, SCRIPTS, Case, ipcbench, needs_transports


class List(Case):
    def test_the_blame_is_that_of_the_plug_in_named(self):
        (self.folder / "named.so").touch()
        (self.folder / "another.so").symlink_to("nowhere")
        result = ipcbench("trial", "named/pingpong/block/same-core/8B", "--transports", str(self.folder))
        self.assert_one_sentence(result, 2, "named.so is not a shared library")

    def test_help(self):
        self.assert_help("list")

    def test_every_plug_in_is_listed(self):
        result = ipcbench("list", "--json")
        self.assert_result(result, 0)
        listed = json.loads(result.stdout)
        modules = {entry["module"] for entry in listed if entry["summary"]}
        built = {path.stem for path in (BUILD / "transports").glob("*.so")}
        self.assertLessEqual(built, modules)
        for entry in listed:
            self.assertEqual(bool(entry["summary"]), bool(entry["group"]))
            self.assertTrue(entry["summary"] or entry["why"])
            self.assertEqual(entry["available"], entry["why"] is None)

    @needs_transports("pipe", "shm-ring", "ck-ring")
    def test_who_moves_messages_in_place(self):
        waits = {entry["name"]: entry["in_place"] for entry in json.loads(ipcbench("list", "--json").stdout)}
        self.assertEqual((waits["pipe"], waits["shm-ring"]), ([], ["block", "spin", "park"]))
        self.assertIn(waits["ck-ring"], (["spin"], []))  # empty where it could not be built

    def test_the_table_names_the_same(self):
        names = [entry["name"] for entry in json.loads(ipcbench("list", "--json").stdout)]
        table = ipcbench("list").stdout
        for name in names:
            self.assertRegex(table, rf"(?m)^ +{name} ")

    def test_the_readme_says_the_same(self):
        """A transport that the README doesn't know yet is no fault, one that it describes
        otherwise is: `make readme`."""
        table = {}
        for line in (ROOT / "README.md").read_text().splitlines():
            row = re.fullmatch(r"\| `([a-z0-9-]+)` \|.*\|", line)
            if row:
                table[row[1]] = line
        made = subprocess.run([f"{SCRIPTS}/transport-table", "--ipcbench", IPCBENCH], check=True,
                              capture_output=True, text=True).stdout.splitlines()
        rows = {line.split("`")[1]: line for line in made if line.startswith("| `")}
        for name in rows.keys() & table.keys():
            self.assertEqual(table[name], rows[name])
        self.assertTrue(rows)

    def test_an_absent_plug_in_says_why(self):
        folder = self.folder / "transports"
        shutil.copytree(FAKES, folder)
        (folder / "moon.absent").write_text("not built, since there is no moon here\n")
        listed = {entry["name"]: entry for entry in
                  json.loads(ipcbench("list", "--json", "--transports", str(folder)).stdout)}
        self.assertFalse(listed["moon"]["available"])
        self.assertIn("there is no moon here", listed["moon"]["why"])
        self.assertTrue(listed["fake"]["available"])
        result = ipcbench("trial", "moon/pingpong/block/same-core/64B", "--transports", str(folder))
        self.assert_one_sentence(result, 2, "moon", "there is no moon here")
        result = ipcbench("trial", "moon-far/pingpong/block/same-core/64B", "--transports", str(folder))
        self.assert_one_sentence(result, 2, "moon-far", "there is no moon here")

    def test_placements(self):
        result = ipcbench("list", "--placements", "--json")
        self.assert_result(result, 0)
        json.loads(result.stdout)

    def test_no_colour_without_a_terminal(self):
        self.assertNotIn("\x1b", ipcbench("list").stdout)

    def test_full_output_fails(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            result = subprocess.run([str(BUILD / "ipcbench"), "list"], stdout=full, check=False,
                                    stderr=subprocess.PIPE, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr.count("\n"), 1)

    def test_any_working_folder(self):
        self.assert_result(ipcbench("list", cwd="/"), 0)
        self.assert_result(ipcbench("list", cwd=os.fspath(ROOT)), 0)
