# SPDX-License-Identifier: MIT
"""ipcbench export: what the real readers of each format find in it, value for value."""

import csv
import io
import json
import re
import statistics
import subprocess

from exported import HERE, ExportCase, ipcbench, needs_library, needs_transports, optional
from support import needs_program

jsonschema = optional("jsonschema")
junitparser = optional("junitparser")

# README of benchmark-action/github-action-benchmark: a list of these, no other field is read.
ACTION = {"type": "array", "items": {
    "type": "object", "required": ["name", "unit", "value"], "additionalProperties": False,
    "properties": {"name": {"type": "string", "minLength": 1}, "unit": {"type": "string"},
                   "value": {"type": "number"}, "extra": {"type": "string"},
                   "range": {"type": "string", "pattern": "^\u00b1 "}}}}

# Bencher's reference, "BMF JSON Schema", and its limits of names.
BMF = {"type": "object", "propertyNames": {"maxLength": 1024}, "additionalProperties": {
    "type": "object", "minProperties": 1, "propertyNames": {"pattern": "^[a-z0-9-]{1,64}$"},
    "additionalProperties": {
        "type": "object", "required": ["value"], "additionalProperties": False,
        "properties": {name: {"type": "number"}
                       for name in ("value", "lower_value", "upper_value")}}}}


@needs_transports("pipe", "unix")
class Usage(ExportCase):
    def test_help(self):
        self.assert_help("export")

    def test_wrong_usage_is_one_sentence(self):
        for words, arguments in (
                (("did you mean 'junit'",), ("-f", "junti", str(self.good))),
                (("-f",), (str(self.good),)),
                (("name a run file",), ("-f", "csv")),
                (("second",), ("-f", "csv", str(self.good), str(self.bad))),
                (("no cell", "nosuch/*"), ("-f", "csv", "-c", "nosuch/*", str(self.good))),
                (("one histogram", "--cell"), ("-f", "hgrm", str(self.good))),
                (("README.md",), ("-f", "csv", str(HERE.parents[1] / "README.md")))):
            with self.subTest(arguments=arguments):
                self.assert_one_sentence(ipcbench("export", *arguments), 2, *words)

    def test_patterns_choose_cells(self):
        chosen = json.loads(self.export("bmf", self.good, "-c", "pipe:*/64B", "-c", "unix/*"))
        self.assertEqual(set(chosen), {key for key in self.cells(self.good)
                                       if key.startswith("unix/") or
                                       (key.startswith("pipe:") and key.endswith("/64B"))})

    def test_a_cell_without_histogram_says_why(self):
        result = ipcbench("export", "-f", "hgrm", "-c", "fake:*", str(self.bad))
        self.assert_result(result, 2)
        self.assertIn('a "quoted" <tag>', result.stderr)


@needs_transports("pipe", "unix")
class Json(ExportCase):
    @needs_library("jsonschema")
    def test_github_action_benchmark(self):
        for path in (self.good, self.bad):
            smaller = json.loads(self.export("github-action-benchmark-smaller", path))
            bigger = json.loads(self.export("github-action-benchmark-bigger", path))
            jsonschema.validate(smaller, ACTION)
            jsonschema.validate(bigger, ACTION)
            ok = [cell for cell in self.cells(path).values() if cell["status"] == "ok"]
            self.assertEqual(
                {entry["name"]: (entry["value"], entry["unit"]) for entry in smaller},
                {f"{cell['key']} {name}": (cell[field], "ns") for cell in ok
                 for name, field in (("p50", "p50_ns"), ("CPU time", "cpu_ns"))
                 if cell[field] is not None})
            self.assertEqual(
                {entry["name"]: (entry["value"], entry["unit"]) for entry in bigger},
                {f"{cell['key']} rate": (cell["per_second"], "round trips/s") for cell in ok})
            self.assertEqual({entry["name"] for entry in bigger if "range" in entry},
                             {f"{cell['key']} rate" for cell in ok
                              if cell["per_second_low"] is not None})

    def test_the_range_is_the_wider_side(self):
        cells = self.cells(self.good)
        for entry in json.loads(self.export("github-action-benchmark-smaller", self.good)):
            key, _, what = entry["name"].partition(" ")
            cell = cells[key]
            if what != "p50" or cell["p50_low_ns"] is None:
                self.assertNotIn("range", entry)
                continue
            wide = max(cell["p50_ns"] - cell["p50_low_ns"], cell["p50_high_ns"] - cell["p50_ns"])
            said = float(re.fullmatch("\u00b1 ([0-9.e+]+)%", entry["range"])[1])
            self.assertLessEqual(abs(said - 100 * wide / cell["p50_ns"]), 0.051 * said + 0.001)

    @needs_library("jsonschema")
    def test_bencher(self):
        document = json.loads(self.export("bmf", self.bad))
        jsonschema.validate(document, BMF)
        document = json.loads(self.export("bmf", self.good))
        jsonschema.validate(document, BMF)
        cells = self.cells(self.good)
        self.assertEqual(set(document), set(cells))
        for key, cell in cells.items():
            latency = {"value": cell["p50_ns"], "lower_value": cell["p50_low_ns"],
                       "upper_value": cell["p50_high_ns"]}
            self.assertEqual(document[key].get("latency", {}),
                             {name: value for name, value in latency.items() if value is not None})
            throughput = {"value": cell["per_second"], "lower_value": cell["per_second_low"],
                          "upper_value": cell["per_second_high"]}
            self.assertEqual(document[key]["throughput"],
                             {name: value for name, value in throughput.items()
                              if value is not None})
            self.assertEqual(document[key]["cpu-time"]["value"], cell["cpu_ns"])

    @needs_program("hyperfine")
    def test_hyperfine(self):
        theirs = self.folder / "theirs.json"
        subprocess.run(["hyperfine", "-N", "--runs", "2", "--export-json", theirs, "true"],
                       check=True, capture_output=True)
        like = json.loads(theirs.read_text())["results"][0]
        results = json.loads(self.export("hyperfine", self.good))["results"]
        trials = self.trials(self.good)
        self.assertEqual({result["command"] for result in results},
                         {f"ipcbench trial {key}" for key in trials})
        for result in results:
            self.assertEqual({key: type(value) for key, value in result.items()},
                             {key: type(value) for key, value in like.items()
                              if key != "memory_usage_byte"})
            key = result["command"].split()[-1]
            means = [trial["mean_ns"] / 1e9 for trial in trials[key]]
            for mine, should in zip(result["times"], means, strict=True):
                self.assert_near(mine, should)
            self.assert_near(result["mean"], statistics.mean(means))
            self.assertAlmostEqual(result["stddev"] / statistics.stdev(means), 1, 6)
            self.assert_near(result["median"], statistics.median(means))
            self.assert_near(result["min"], min(means))
            self.assert_near(result["max"], max(means))
            for name in ("user", "system"):
                self.assert_near(result[name], statistics.mean(
                    sum(end[f"{name}_ns"] for end in trial["ends"].values()) / trial["exchanges"]
                    for trial in trials[key]) / 1e9)
            self.assertEqual(result["exit_codes"], [0] * len(means))


@needs_transports("pipe", "unix")
class Text(ExportCase):
    def parse_go(self, text):
        """By the grammar of Go's proposal 14313; every line must be one of its kinds."""
        config, units, found = {}, {}, []
        for line in text.splitlines():
            if match := re.fullmatch(r"Unit (\S+) better=(lower|higher)", line):
                units[match[1]] = match[2]
            elif match := re.fullmatch(r"([a-z][^\sA-Z:]*): +(.*)", line):
                config[match[1]] = match[2]
            else:
                name, count, *pairs = line.split()
                self.assertRegex(name, r"^Benchmark[^a-z\s]\S*$")
                self.assertEqual(len(pairs) % 2, 0, line)
                values = {pairs[i + 1]: float(pairs[i]) for i in range(0, len(pairs), 2)}
                self.assertEqual(len(values), len(pairs) // 2, "a unit stands twice")
                found.append((name, int(count), values))
        return config, units, found

    def test_go(self):
        config, units, found = self.parse_go(self.export("go", self.good))
        environment = json.loads(self.good.read_text())["environment"]
        self.assertEqual(config["kernel"], environment["kernel"]["release"])
        self.assertEqual(config["date"], environment["date"])
        self.assertEqual(units["op/s"], "higher")
        lines = {}
        for name, count, values in found:
            self.assertEqual(set(values) - set(units), set())
            parts = dict(part.split("=", 1) for part in name.split("/")[1:])
            key = "/".join(parts[part] for part in
                           ("transport", "workload", "wait", "placement", "size"))
            lines.setdefault(key, []).append((count, values))
        trials = self.trials(self.good)
        self.assertEqual(set(lines), set(trials))
        for key, of in trials.items():
            for trial, (count, values) in zip(of, lines[key], strict=True):
                self.assertEqual(count, trial["exchanges"])
                self.assertEqual(values["ns/op"], trial["mean_ns"])
                self.assertEqual(values.get("p50-ns"), trial["p50_ns"])
                self.assertEqual(values["cpu-ns/op"], trial["cpu_ns"])
                self.assertEqual(values["op/s"], trial["per_second"])
                self.assertEqual(values.get("p99-ns"), trial["p99_ns"])

    def test_csv(self):
        for path in (self.good, self.bad):
            rows = list(csv.DictReader(io.StringIO(self.export("csv", path), newline="")))
            cells = self.cells(path)
            self.assertEqual({row["key"] for row in rows}, set(cells))
            for row in rows:
                cell = cells[row["key"]]
                self.assertEqual(list(row), list(cell))
                for name, value in cell.items():
                    if value is None:
                        self.assertEqual(row[name], "", name)
                    elif isinstance(value, (int, float)):
                        self.assertEqual(float(row[name]), value, name)
                    elif isinstance(value, str):
                        self.assertEqual(row[name], value, name)


@needs_transports("pipe", "unix")
class Pages(ExportCase):
    @needs_program("xmllint")
    def test_junit_follows_its_schema(self):
        for path in (self.good, self.bad):
            checked = subprocess.run(
                ["xmllint", "--noout", "--nonet", "--schema", HERE / "junit.xsd", "-"], text=True,
                input=self.export("junit", path), capture_output=True, check=False)
            self.assertEqual(checked.returncode, 0, checked.stderr)

    @needs_program("xmllint")
    def test_the_schema_refuses(self):
        text = self.export("junit", self.good)
        for old, new in (('tests="', 'tests="-'), ("<testcase", "<case"), (' name="ipcbench"', "")):
            checked = subprocess.run(
                ["xmllint", "--noout", "--nonet", "--schema", HERE / "junit.xsd", "-"], text=True,
                input=text.replace(old, new, 1), capture_output=True, check=False)
            self.assertNotEqual(checked.returncode, 0, new)

    @needs_library("junitparser")
    def test_junit_read_by_junitparser(self):
        path = self.folder / "junit.xml"
        path.write_text(self.export("junit", self.bad))
        suites = junitparser.JUnitXml.fromfile(str(path))
        [suite] = list(suites)
        cells = self.cells(self.bad)
        self.assertEqual((suite.tests, suite.failures, suite.errors, suite.skipped),
                         (len(cells), sum(cell["status"] == "failed" for cell in cells.values()),
                          0, sum(cell["status"] in ("skipped", "not applicable")
                                 for cell in cells.values())))
        self.assertEqual(suite.failures, 1)
        for case in suite:
            cell = cells[case.name]
            if cell["status"] == "failed":
                self.assertEqual(case.result[0].message, cell["why"])
            elif cell["status"] == "ok":
                figures = dict(pair.split("=") for pair in case.system_out.split())
                for name in ("p50_ns", "p99_ns", "cpu_ns", "per_second"):
                    self.assertEqual(figures[name] if cell[name] is None else float(figures[name]),
                                     "-" if cell[name] is None else cell[name])

    def annotations(self, text):
        """As GitHub's runner takes workflow commands apart."""
        found = []
        for line in text.splitlines():
            level, properties, message = re.fullmatch(
                r"::(error|warning|notice) ([^:]*)::(.*)", line).groups()
            for code, mark in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","),
                               ("%25", "%")):
                properties = properties.replace(code, mark)
                message = message.replace(code, mark)
            found.append((level, properties.removeprefix("title="), message))
        return found

    def test_github_annotates_what_failed(self):
        errors = [of for of in self.annotations(self.export("github", self.bad))
                  if of[0] == "error"]
        self.assertEqual(errors, [("error", cell["key"], cell["why"])
                                  for cell in self.cells(self.bad).values()
                                  if cell["status"] == "failed"])

    def test_github_stops_at_ten(self):
        run = json.loads(self.bad.read_text())
        failed = next(trial for trial in run["trials"] if trial["status"] == "failed")
        run["trials"] = [json.loads(json.dumps(failed)) for _ in range(25)]
        for number, trial in enumerate(run["trials"], 1):
            trial["size_bytes"] = number
            trial["key"] = trial["key"].rpartition("/")[0] + f"/{number}B"
        path = self.folder / "many.json"
        path.write_text(json.dumps(run))
        found = self.annotations(self.export("github", path))
        self.assertEqual(len(found), 10)
        self.assertRegex(found[-1][2], "^16 more cells failed")

    def test_markdown(self):
        text = self.export("markdown", self.bad)
        cells = self.cells(self.bad)
        failed = [key for key, cell in cells.items() if cell["status"] == "failed"]
        for key in failed:
            self.assertRegex(text, rf"(?m)^- \*\*failed\*\* `{re.escape(key)}`: a \"quoted\" "
                                   r"\\<tag\\> & 100% \\\| pipe, colon: end[ ?]next$")
        rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines()
                if line.startswith("|")]
        self.assertEqual({len(row) for row in rows}, {7})
        shown = {row[0].strip(" `"): row[1].strip() for row in rows[2:]}
        self.assertEqual(set(shown), {key for key, cell in cells.items()
                                      if cell["status"] == "ok"})
        scales = {"ns": 1, "us": 1e3, "ms": 1e6}
        for key, p50 in shown.items():
            if cells[key]["p50_ns"] is None:
                self.assertEqual(p50, "-")
                continue
            number, unit = p50.split()
            value = float(number) * scales[unit]
            self.assertLessEqual(abs(value - cells[key]["p50_ns"]), 0.006 * value)
