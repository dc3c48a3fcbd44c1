# SPDX-License-Identifier: MIT
"""Bad input: one clear sentence, the right exit code, and nothing written."""

import json

from support import (CELL, IPCBENCH, PLUGINS, QUICK, Case, in_mount_namespace, ipcbench,
                     needs_transports)

# What is wrong with a key, and what the sentence must hold.
KEYS = [
    ("pip/pingpong/block/same-core/64B", ["'pip'", "did you mean 'pipe'?"]),
    ("tcp-locahost/pingpong/block/same-core/64B", ["did you mean 'tcp-localhost'?"]),
    ("zzzzzzzz/pingpong/block/same-core/64B", ["'zzzzzzzz'"]),
    ("pipe/pingpong/block/same-core/0", ["'0'", "1B"]),
    ("pipe/pingpong/block/same-core/2M", ["'2M'", "1MiB"]),
    ("pipe/pingpong/block/same-core/1048577", ["1MiB"]),
    ("pipe/pingpong/block/same-core/99999999999999999999999", ["size"]),
    ("pipe/pingpong/block/same-core/-1", ["'-1'"]),
    ("pipe/pingpong/block/same-core/12Q", ["'12Q'", "'Q'"]),
    ("pipe/pingpong/block/same-core/", ["size"]),
    ("pipe/pingpong/blok/same-core/64B", ["'blok'", "did you mean 'block'?"]),
    ("pipe/pingpon/block/same-core/64B", ["'pingpon'", "did you mean 'pingpong'?"]),
    ("pipe/pingpong/block/same-cor/64B", ["'same-cor'", "did you mean 'same-core'?"]),
    ("pipe/pingpong/block/0,4095/64B", ["4095", "usable"]),
    ("pipe/pingpong/block/same-core", ["same-core"]),
    ("pipe", ["pipe"]),
    ("", []),
    ("pipe:bufsiz=1M/pingpong/block/same-core/64B", ["'bufsiz'", "did you mean 'bufsize'?"]),
    ("pipe:bufsize=12Q/pingpong/block/same-core/64B", ["12Q"]),
    ("pipe:bufsize=2G/pingpong/block/same-core/64B", ["bufsize"]),
    ("pipe:bufsize/pingpong/block/same-core/64B", ["bufsize"]),
]

# The same things, said to `run`.
LISTS = [
    (["-t", "pip"], ["'pip'", "did you mean 'pipe'?"]),
    (["-t", "pipe,"], []),
    (["-t", "pipe", "-s", "0"], ["'0'"]),
    (["-t", "pipe", "-s", "64,2M"], ["'2M'", "1MiB"]),
    (["-t", "pipe", "-s", "12Q"], ["'12Q'"]),
    (["-t", "pipe", "-W", "blok"], ["'blok'", "did you mean 'block'?"]),
    (["-t", "pipe", "-w", "pingpon"], ["did you mean 'pingpong'?"]),
    (["-t", "pipe", "-p", "cross-cor"], ["did you mean 'cross-core'?"]),
    (["-t", "pipe", "-p", "0,4095"], ["4095"]),
    (["-t", "pipe", "--budget", "soon"], ["'soon'"]),
    (["-t", "pipe", "--budget=-1"], []),
    (["-t", "pipe", "--trials", "0"], ["trials"]),
    (["-t", "pipe:bufsiz=1"], ["'bufsiz'", "did you mean 'bufsize'?"]),
    (["-t", "pipe", "--net", "privat"], ["did you mean 'private'?"]),
    (["-t", "pipe", "--transports", "/nowhere/at-all"], ["/nowhere/at-all"]),
]

# Plug-ins that are wrong, and what is said about them.
WRONG = [
    ("wrong-abi", ["wrong-abi", "ABI 3, found 7"]),
    ("no-symbol", ["no-symbol", "ipc_transport"]),
    ("wrong-name", ["wrong-name", "right-name"]),
]


@needs_transports("pipe", "tcp")
class BadInput(Case):
    def test_keys(self):
        for key, words in KEYS:
            with self.subTest(key=key):
                self.assert_one_sentence(ipcbench("trial", key, "--exchanges", "9"), 2, *words)

    def test_lists(self):
        for arguments, words in LISTS:
            with self.subTest(arguments=arguments):
                result = ipcbench("run", *arguments, "-o", str(self.folder / "run.json"))
                self.assert_one_sentence(result, 2, *words)
                self.assertEqual(self.files(), [])

    def test_trial_options(self):
        for option, words in [("--exchanges=0", []), ("--exchanges=many", ["many"]),
                              ("--time=x", ["'x'"]), ("--time=-1", []), ("--deadline=-1", []),
                              ("--verify=ful", ["did you mean 'full'?"]),
                              ("--net=hos", ["did you mean 'host'?"]), ("--seed=-", []), ("--seed=4294967296", ["4294967295"])]:
            with self.subTest(option=option):
                self.assert_one_sentence(ipcbench("trial", CELL, option), 2, *words)

    def test_commands_and_options(self):
        self.assert_one_sentence(ipcbench("lst"), 2, "did you mean 'list'?")
        for command in ("list", "run", "trial", "show", "report"):
            result = ipcbench(command, "--no-such-option")
            self.assert_result(result, 2)
            self.assertIn("no-such-option", result.stderr)
            self.assertEqual(result.stdout, "")
        for command in ("trial", "show", "report"):
            self.assert_one_sentence(ipcbench(command), 2)

    def test_wrong_plug_ins(self):
        for name, words in WRONG:
            with self.subTest(name=name):
                result = ipcbench("trial", f"{name}/pingpong/block/same-core/64B", "--transports",
                                  PLUGINS)
                self.assert_one_sentence(result, 2, *words)

    def test_nothing_is_overwritten(self):
        path = self.folder / "run.json"
        path.write_text("precious")
        result = ipcbench("run", "-t", "pipe", "-s", "64", "-o", str(path), *QUICK)
        self.assert_one_sentence(result, 2, "run.json", "-o")
        self.assertEqual((self.files(), path.read_text()), (["run.json"], "precious"))


@needs_transports("pipe")
class Places(Case):
    """Folders in which no run file can be written."""

    RUN = ["run", "-t", "pipe", "-s", "64", "-W", "block", "-p", "same-core", *QUICK, "-o"]

    def test_no_such_folder(self):
        result = ipcbench(*self.RUN, str(self.folder / "a" / "b" / "run.json"))
        self.assert_one_sentence(result, 1, "/a", "No such file or directory")
        self.assertEqual(self.files(), [])

    def test_a_file_instead_of_a_folder(self):
        (self.folder / "file").write_text("")
        result = ipcbench(*self.RUN, str(self.folder / "file" / "run.json"))
        self.assert_one_sentence(result, 1, "Not a directory")
        self.assertEqual(self.files(), ["file"])

    def mounted(self, options, before=""):
        script = f'''mount -t tmpfs -o {options} none "$1" && cd "$1" && {before} shift || exit 99
            "$@"; code=$?; ls >&3; exit $code'''
        listing = self.folder / "listing"
        (self.folder / "mount").mkdir()
        result = in_mount_namespace(f'exec 3>"{listing}"; {script}', str(self.folder / "mount"),
                                    IPCBENCH, *self.RUN, "run.json")
        return result, listing.read_text().split()

    def test_unwritable_folder(self):
        result, listing = self.mounted("ro")
        self.assert_one_sentence(result, 1, "run.json", "Read-only file system")
        self.assertEqual(listing, [])

    def test_full_folder(self):
        fill = "{ dd if=/dev/zero of=filler bs=4k 2>/dev/null; true; } &&"
        result, listing = self.mounted("size=64k", fill)
        self.assert_one_sentence(result, 1, "run.json", "No space left on device")
        self.assertNotIn("run.json", listing)

    def test_a_folder_that_fills_up_on_the_way(self):
        # Room for the journal's beginning, not for the run file.
        fill = "{ dd if=/dev/zero of=filler bs=4k count=13 2>/dev/null; true; } &&"
        result, listing = self.mounted("size=64k", fill)
        self.assertEqual(result.returncode, 1)
        self.assertIn("No space left on device", result.stderr)
        self.assertNotIn("run.json", listing)


@needs_transports("pipe", "unix")
class RunFiles(Case):
    """Files that are no run file of ours, or a damaged one."""

    def refuse(self, path, *words):
        for arguments in (["show", str(path)],
                          ["report", str(path), "-o", str(self.folder / "report")]):
            self.assert_one_sentence(ipcbench(*arguments), 2, *words)
        self.assertFalse((self.folder / "report").exists())

    def test_foreign_files(self):
        for text in ("", "{", "[]", "{}", "null", "7", '{"schema": "other-1"}', "\0\1\2", "[" * 5000,
                     '{"schema": "ipcbench-run-1"}', '{"schema": 1}'):
            path = self.folder / "foreign.json"
            path.write_text(text)
            with self.subTest(text=text[:20]):
                self.refuse(path, "foreign.json")

    def test_no_file_and_a_folder(self):
        self.refuse(self.folder / "none.json", "none.json", "No such file or directory")
        self.refuse(self.folder, str(self.folder))

    def test_a_run_file_cut_short(self):
        path = self.run_file("-t", "pipe", "-s", "64")
        text = path.read_text()
        for length in (1, len(text) // 3, len(text) // 2, len(text) - 3):
            cut = self.folder / "cut.json"
            cut.write_text(text[:length])
            with self.subTest(length=length):
                self.refuse(cut, "cut.json")

    def test_fields_of_another_version(self):
        original = json.loads(self.run_file("-t", "pipe", "-s", "64").read_text())
        path = self.folder / "older.json"
        for part in ("trials", "cells"):
            run = json.loads(json.dumps(original))
            for field in ("cpu_ns", "per_second"):
                del run[part][0][field]
            path.write_text(json.dumps(run))
            with self.subTest(part):
                self.assert_one_sentence(ipcbench("show", str(path)), 2, "another version", "'cpu_ns'",
                                         "'per_second'", "measure again")

    def test_damaged_fields(self):
        original = json.loads(self.run_file("-t", "pipe", "-s", "64").read_text())

        def trial(field, value):
            return lambda run: run["trials"][0].update({field: value})

        for name, damage in [
                ("later schema", lambda run: run.update(schema="ipcbench-run-2")),
                ("trials", lambda run: run.update(trials={})),
                ("no trials", lambda run: run.pop("trials")),
                ("key", trial("key", "pipe/nonsense")),
                ("status", trial("status", "splendid")),
                ("p50_ns", trial("p50_ns", "fast")),
                ("histogram", trial("histogram", "HISTFAAAA")),
                ("size", trial("size_bytes", -5)),
                ("long", trial("why", "x" * 100000))]:
            run = json.loads(json.dumps(original))
            damage(run)
            path = self.folder / "damaged.json"
            path.write_text(json.dumps(run))
            with self.subTest(damage=name):
                self.refuse(path, "damaged.json")
