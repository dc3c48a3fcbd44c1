# SPDX-License-Identifier: MIT
"""Run files, trials and journals have the form that results/schema.json says, which refuses others;
results/README.md explains each field."""

import copy
import json
import pathlib
import re
import subprocess
import tempfile
import time
import unittest

import runs

REMOVED = object()

# What no run file says: where, and the wrong value.
WRONG = [
    (["schema"], "ipcbench-run-2"),
    (["trials"], {}),
    (["cells"], None),
    (["environment", "date"], "yesterday"),
    (["environment", "cpu", "cores"], "2"),
    (["environment", "cpu_quota"], "half"),
    (["environment", "load_average"], [1, 2]),
    (["options", "seed"], None),
    (["options", "net"], "public"),
    (["options", "plan", "cells"], ["pipe"]),
    (["cells", 0, "key"], "pipe/pingpong/block/same-core/64"),
    (["cells", 0, "status"], "fine"),
    (["cells", 0, "p50_ns"], "4450"),
    (["cells", 0, "p50_ns"], -1),
    (["cells", 0, "trials"], 0),
    (["cells", 0, "trials"], 1.5),
    (["cells", 0, "why"], "but it is ok"),
    (["cells", 0, "size_bytes"], 0),
    (["cells", 0, "size_bytes"], (1 << 20) + 1),
    (["trials", 0, "status"], "failed"),
    (["trials", 0, "why"], ""),
    (["trials", 0, "mean_ns"], None),
    (["trials", 0, "exchanges"], 0.5),
    (["trials", 0, "exchanges"], None),
    (["trials", 0, "wait"], "sleep"),
    (["trials", 0, "placement"], "nearby"),
    (["trials", 0, "seed"], 7),
    (["trials", 0, "seed"], "0x7"),
    (["trials", 0, "server_cpu"], -1),
    (["trials", 0, "histogram"], "counts"),
    (["trials", 0, "clock", "name"], "sundial"),
    (["trials", 0, "ends", "server"], None),
    (["trials", 0, "ends", "server", "migrations"], 0.5),
    (["trials", 0, "facts"], {"capacity": 65536}),
    (["trials", 0, "knobs"], []),
    (["trials", 0, "started"], "2026-01-02 03:04:05"),
    (["trials", 0, "command"], "rm"),
]


def owned_objects(schema, where="#"):
    """Every object of the schema that names its fields."""
    if isinstance(schema, dict):
        if "properties" in schema and schema.get("type") == "object":
            yield where, schema
        for name, part in schema.items():
            yield from owned_objects(part, f"{where}/{name}")


def objects_in(document, where=()):
    """Where the objects of a document are; of arrays the first element."""
    if isinstance(document, dict):
        yield list(where)
        for name, part in document.items():
            yield from objects_in(part, (*where, name))
    elif isinstance(document, list) and document:
        yield from objects_in(document[0], (*where, 0))


def at(document, where):
    for step in where:
        document = document[step]
    return document


def changed(document, where, value):
    """A copy in which one value is another, or gone."""
    document = copy.deepcopy(document)
    holder = at(document, where[:-1])
    if value is REMOVED:
        del holder[where[-1]]
    else:
        holder[where[-1]] = value
    return document


class Schema(unittest.TestCase):
    @runs.needs_jsonschema
    def test_is_a_schema_itself(self):
        runs.jsonschema.Draft202012Validator.check_schema(runs.SCHEMA)

    def test_requires_each_field_and_allows_no_other(self):
        seen = 0
        for where, schema in owned_objects(runs.SCHEMA):
            with self.subTest(where):
                self.assertIs(schema["additionalProperties"], False)
                self.assertCountEqual(schema["required"], schema["properties"])
            seen += 1
        self.assertGreater(seen, 10)

    def test_readme_explains_each_field(self):
        readme = (runs.ROOT / "results" / "README.md").read_text()
        explained = set(re.findall(r"`([a-z0-9_]+)`", readme))
        for where, schema in owned_objects(runs.SCHEMA):
            with self.subTest(where):
                self.assertEqual(set(schema["properties"]) - explained, set())


@runs.needs_transports
@runs.needs_jsonschema
class RunFile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="ipcbench-schema-")
        cls.path = pathlib.Path(cls.folder.name) / "run.json"
        cls.run_file = runs.make_run(cls.path)
        # Trials that are ok first, so that index 0 is one.
        for part in ("cells", "trials"):
            cls.run_file[part].sort(key=lambda entry: entry["status"] != "ok")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_a_real_run_is_valid(self):
        self.assertEqual(runs.complaints(json.loads(self.path.read_text())), [])

    def test_it_holds_what_was_asked_for(self):
        cells = {cell["key"]: cell for cell in self.run_file["cells"]}
        self.assertEqual(len(cells), 24)
        self.assertEqual(cells["null/pingpong/spin/same-core/8B"]["status"], "not applicable")
        pipe = cells["pipe:bufsize=64K/pingpong/block/same-core/4KiB"]
        self.assertEqual((pipe["status"], pipe["trials"]), ("ok", 2))
        trials = [trial for trial in self.run_file["trials"] if trial["key"] == pipe["key"]]
        purposes = sorted(trial["purpose"] for trial in trials)
        self.assertEqual(purposes, ["counting", "timing", "timing"])
        self.assertEqual(trials[0]["knobs"]["bufsize"], "64KiB")

    def test_the_same_without_any_one_field_is_refused(self):
        variants = 0
        for where in objects_in(self.run_file):
            if where[-1:] in (["mitigations"], ["facts"], ["knobs"]):
                continue
            for name in at(self.run_file, where):
                with self.subTest([*where, name]):
                    self.assertNotEqual(
                        runs.complaints(changed(self.run_file, [*where, name], REMOVED)), [])
                variants += 1
        self.assertGreater(variants, 100)

    def test_the_same_with_an_unknown_field_is_refused(self):
        for where in objects_in(self.run_file):
            if where[-1:] in (["mitigations"], ["facts"], ["knobs"]):
                continue
            with self.subTest(where):
                self.assertNotEqual(
                    runs.complaints(changed(self.run_file, [*where, "speed"], 1)), [])

    def test_wrong_values_are_refused(self):
        for where, value in WRONG:
            with self.subTest(where, value=value):
                self.assertNotEqual(runs.complaints(changed(self.run_file, where, value)), [])


@runs.needs_transports
@runs.needs_jsonschema
class Trial(unittest.TestCase):
    def test_what_trial_prints_is_valid(self):
        for key, code in (("pipe/pingpong/block/same-core/64B", 0),
                          ("null/pingpong/spin/same-core/64B", 77)):
            with self.subTest(key):
                got, output, errors = runs.ipcbench("trial", key, "--exchanges", 100,
                                                    "--warmup-exchanges", 10, "--json")
                self.assertEqual(got, code, errors)
                self.assertEqual(runs.complaints(json.loads(output), "trial"), [])


@runs.needs_transports
@runs.needs_jsonschema
class Journal(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ipcbench-schema-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "run.json"
        self.journal = pathlib.Path(folder.name) / "run.json.journal"

    def kill_run_after(self, lines):
        """Kills a run once its journal has so many lines."""
        run = subprocess.Popen([runs.PROGRAM, "run", *runs.SHORT, "--trials", "200", "-o", self.path],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            limit = time.monotonic() + 30
            while run.poll() is None and time.monotonic() < limit:
                if self.journal.exists() and self.journal.read_text().count("\n") >= lines:
                    break
                time.sleep(0.02)
        finally:
            run.kill()
            run.wait()

    def test_each_line_of_a_killed_run_is_valid(self):
        self.kill_run_after(6)
        self.assertFalse(self.path.exists())
        head, *trials = self.journal.read_text().splitlines()
        self.assertEqual(runs.complaints(json.loads(head), "journal_head"), [])
        self.assertGreaterEqual(len(trials), 5)
        for line in trials[:5]:
            self.assertEqual(runs.complaints(json.loads(line), "trial"), [])
        code, output, errors = runs.ipcbench("show", self.journal)
        self.assertEqual((code, errors), (0, ""))
        self.assertIn("INCOMPLETE", output)


if __name__ == "__main__":
    unittest.main()
