# SPDX-License-Identifier: MIT
"""Run files that somebody made to do harm: one sentence, within bounded memory, and nothing that
steers the terminal."""

import json
import os
import resource
import subprocess
import unittest

from support import IPCBENCH, ROOT, Case

HEAD = '{"schema": "ipcbench-run-1", "environment": {}, "options": {}, '
REFERENCE = ROOT / "results" / "reference" / "run.json"

# Beyond what any of them may take, in bytes of address space: an allocation fails, and says so.
MOST_BYTES = 1 << 30
SANITIZED = "-" in os.environ.get("IPCBENCH_BUILD", "build")  # shadow memory takes terabytes


def limited():
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))


class HostileFiles(Case):
    """`show` stands for all commands that read run files: they share one reader."""

    def show(self, path, *arguments):
        return subprocess.run([IPCBENCH, "show", str(path), *arguments], capture_output=True,
                              text=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
                              preexec_fn=limited)

    def refuse(self, content, *words):
        path = self.folder / "run.json"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.assert_one_sentence(self.show(path), 2, *words)

    def test_a_file_of_1_gb(self):
        path = self.folder / "large.json"
        path.write_text(HEAD)
        os.truncate(path, 10 ** 9)
        self.assert_one_sentence(self.show(path), 2, "larger than 256 MiB")

    def test_the_largest_file_that_is_read(self):
        path = self.folder / "large.json"
        path.write_text(HEAD + '"trials": "')
        os.truncate(path, 256 << 20)
        self.assert_one_sentence(self.show(path), 2, "not JSON")

    def test_depth_100000(self):
        self.refuse("[" * 100_000, "nested deeper than 32 levels")
        self.refuse(HEAD + '"trials": ' + '{"a": [' * 50_000 + "]}" * 50_000 + "}",
                    "nested deeper than 32 levels")

    def test_more_values_than_memory_would_hold(self):
        self.refuse(HEAD + '"trials": [' + "{}," * 40_000_000 + "{}]}", "more than 2097152 values")
        self.refuse(HEAD + '"journal": true}\n' + "[{}," * 20_000_000, "nested deeper")

    def test_as_many_values_as_are_read(self):
        self.refuse(HEAD + '"cells": [], "trials": [' + "{}," * 1_000_000 + "{}]}", "trial 1")

    def test_numbers_that_are_none(self):
        for number in ("NaN", "nan", "Infinity", "-Infinity", "1e999", "0x10", "01", "--1", "1."):
            self.refuse(HEAD + f'"cells": [], "trials": [{number}]}}', "JSON")

    def test_names_that_stand_twice(self):
        self.refuse(HEAD + '"trials": [], "trials": []}', "duplicate", "trials")
        self.refuse(HEAD + '"cells": [{"key": "a", "key": "b"}], "trials": []}', "duplicate")

    def test_bytes_that_are_no_utf8(self):
        for broken in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80", b"\x00",
                       b"\\u0000", b"\\ud800"):
            self.refuse(HEAD.encode() + b'"trials": ["' + broken + b'"]}', "JSON")

    def crafted(self, change):
        """The reference's first trials, changed; as text."""
        run = json.loads(REFERENCE.read_text())
        run["trials"] = run["trials"][:3]
        run["cells"] = []
        change(run)
        path = self.folder / "crafted.json"
        path.write_text(json.dumps(run))
        return path

    def test_nothing_steers_the_terminal(self):
        evil = "\x1b]0;owned\x07\x1b[2J\u009b31m\u202e"

        def everywhere(run):
            run["environment"]["host"] = evil
            run["environment"]["cpu"]["model"] = evil
            run["options"]["command"] = evil
            for trial in run["trials"]:
                trial.update(status="failed", why=evil, flags=None)
                trial["facts"] = {"path": evil}

        path = self.crafted(everywhere)
        for arguments in ([], ["--json"]):
            result = self.show(path, *arguments)
            self.assert_result(result, 0)
            self.assertIn("?]0;owned", result.stdout)
            self.assertFalse({"\x1b", "\x07", "\u009b", "\u202e"} & set(result.stdout))

    def test_sentences_quote_without_harm(self):
        result = self.show(self.crafted(lambda run: run.update(schema="ipcbench-run-\x1b[2J")))
        self.assert_one_sentence(result, 2, "ipcbench-run-?[2J")
        result = self.show(self.crafted(
            lambda run: run["trials"][0]["facts"].update({"\x1b[2J": "x"})))
        self.assert_one_sentence(result, 2, "not printable")

    def test_a_histogram_that_lies_about_its_length(self):
        bomb = "HISTFAAAAA" + "A" * 300_000
        result = self.show(self.crafted(lambda run: run["trials"][0].update(histogram=bomb)))
        self.assert_one_sentence(result, 2, "trial 1", "'histogram'")


if __name__ == "__main__":
    unittest.main()
