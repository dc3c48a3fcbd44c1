# SPDX-License-Identifier: MIT
"""ipcbench history: many runs in one file, their trends, their changes, what was accepted."""

import json
import os
import re
import resource
import sqlite3
import subprocess

from support import IPCBENCH, ROOT, SCRIPTS, Case, ipcbench, needs_program, needs_transports


@needs_transports("pipe", "unix")
class History(Case):
    CELL = "unix/pingpong/block/same-core/64B"
    REFERENCE = "pipe/pingpong/block/same-core/64B"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = cls.run_once("-t", "pipe,unix", "-s", "64")

    def setUp(self):
        super().setUp()
        self.runs = self.folder / "runs"
        self.runs.mkdir()
        self.database = str(self.folder / "history.sqlite")

    def put(self, number, unix_ns, pipe_ns=5000, **facts):
        """A run of day `number` whose cells have these medians, scattered by 0.4% at most."""
        run = json.loads(json.dumps(self.template))
        run["environment"]["date"] = f"2026-{1 + number // 28:02d}-{1 + number % 28:02d}T00:00:00Z"
        run["environment"]["build"]["commit"] = f"c{number:04d}"
        for part, fields in facts.items():
            run["environment"][part].update(fields)
        for trial in run["trials"]:
            if trial["purpose"] == "timing":
                noise = 1 + (number * 7919 % 9 - 4) / 1000
                ns = (unix_ns if trial["transport"] == "unix" else pipe_ns) * noise
                trial.update(p50_ns=ns, mean_ns=ns)
        del run["cells"]  # made anew from the trials
        run["cells"] = self.template["cells"]
        (self.runs / f"run-{number:04d}.json").write_text(json.dumps(run))

    def history(self, verb, *arguments, code=0):
        result = ipcbench("history", verb, "-d", self.database, *arguments)
        self.assert_result(result, code)
        return result.stdout

    def load(self, *arguments, code=0):
        return self.history("import", *arguments, str(self.runs), code=code)

    def changes(self, code=0):
        return json.loads(self.history("changes", "--json", code=code))

    def series(self, key):
        [found] = json.loads(self.history("trend", "--json", "-c", key))["series"]
        return found

    def test_a_fifo_is_no_run_and_holds_nothing_up(self):
        os.mkfifo(self.runs / "fifo.json")
        result = ipcbench("history", "import", "-d", self.database, str(self.runs))
        self.assert_result(result, 0)

    def test_help(self):
        self.assert_help("history")

    def test_wrong_usage_is_one_sentence(self):
        self.put(0, 9000)
        self.load()
        for words, arguments in (
                (("import, trend, changes or accept",), ()),
                (("'trends'",), ("trends",)),
                (("--reason",), ("accept", self.CELL, "c0001")),
                (("no change", "c0001"), ("accept", self.CELL, "c0001", "--reason", "known")),
                (("no series matches", "nosuch/*"), ("trend", "-c", "nosuch/*")),
                (("no 'more'", "--cell"), ("trend", "more")),
                (("nosuch.json",), ("import", str(self.folder / "nosuch.json")))):
            with self.subTest(arguments=arguments):
                self.assert_one_sentence(
                    ipcbench("history", *arguments, "-d", self.database), 2, *words)

    def test_a_history_that_is_not_there(self):
        self.assert_one_sentence(ipcbench("history", "trend", "-d", self.database), 2,
                                 "history import")
        self.assertFalse((self.folder / "history.sqlite").exists())

    def test_another_file_is_left_alone(self):
        other = self.folder / "notes.txt"
        other.write_text("not a database, but longer than the header of one" * 20)
        before = other.read_bytes()
        for verb in ("trend", "import"):
            result = ipcbench("history", verb, "-d", str(other))
            self.assertIn(result.returncode, (1, 2))
            self.assertIn("no history", result.stderr)
        self.assertEqual(other.read_bytes(), before)

    def test_runs_are_kept_once(self):
        for number in range(3):
            self.put(number, 9000 + number)
        self.assertTrue(self.load().startswith("3 added, 0 there already"))
        self.put(3, 9100)
        self.assertTrue(self.load().startswith("1 added, 3 there already"))
        points = self.series(self.CELL)["points"]
        self.assertEqual([point["commit"] for point in points],
                         ["c0000", "c0001", "c0002", "c0003"])
        self.assertEqual([point["date"][:10] for point in points],
                         ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"])

    def test_points_are_those_of_show(self):
        self.put(0, 9000)
        self.load()
        shown = ipcbench("show", str(self.runs / "run-0000.json"), "--json")
        cells = {cell["key"]: cell for cell in json.loads(shown.stdout)["cells"]}
        [point] = self.series(self.CELL)["points"]
        cell = cells[self.CELL]
        self.assertAlmostEqual(point["value_ns"], cell["p50_ns"], 2)
        self.assertAlmostEqual(point["low_ns"], cell["p50_low_ns"], 2)
        self.assertAlmostEqual(point["high_ns"], cell["p50_high_ns"], 2)
        self.assertAlmostEqual(point["ratio"], cell["p50_ns"] / cells[self.REFERENCE]["p50_ns"], 3)
        self.assertEqual(point["trials"], cell["trials"])
        self.assertIsNone(self.series(self.REFERENCE)["points"][0]["ratio"])

    def test_a_change_is_found_and_its_commit_named(self):
        for number in range(24):
            self.put(number, 9000 if number < 12 else 9600)
        self.load()
        [change] = self.changes(code=1)
        self.assertEqual((change["key"], change["commit"], change["commit_before"]),
                         (self.CELL, "c0012", "c0011"))
        self.assertTrue(change["by_ratio"])
        self.assertLess(change["p"], 0.001)
        self.assertAlmostEqual(change["shift"], 600 / 9000, 2)
        self.assertIn("began with commit c0012", " ".join(self.history("changes", code=1).split()))
        self.assertRegex(self.history("trend"), rf"(?m)^{self.CELL} +24 .* \+6\.\d% at c0012")

    def test_what_moves_the_reference_too_is_no_change(self):
        for number in range(24):
            slower = 1 if number < 12 else 1.1
            self.put(number, 9000 * slower, 5000 * slower)
        self.load()
        self.assertEqual([change["key"] for change in self.changes(code=1)], [self.REFERENCE])

    def test_getting_faster_is_no_failure(self):
        for number in range(24):
            self.put(number, 9600 if number < 12 else 9000)
        self.load()
        [change] = self.changes()
        self.assertLess(change["shift"], -0.02)

    def test_less_than_two_percent_and_too_few_are_none(self):
        for number in range(24):
            self.put(number, 9000 if number < 12 else 9100)
        for number in range(24, 27):
            self.put(number, 12000)
        self.load()
        self.assertEqual(self.changes(), [])
        self.assertEqual(self.history("changes"), "No cell changed.\n")

    def test_a_new_fingerprint_starts_a_new_segment(self):
        for number in range(24):
            self.put(number, *((9000,) if number < 12 else (12000,)),
                     kernel={"release": "6.1" if number < 12 else "6.2"})
        self.load()
        self.assertEqual(self.changes(), [])
        prints = [point["fingerprint"] for point in self.series(self.CELL)["points"]]
        self.assertEqual((len(set(prints)), len(set(prints[:12])), len(set(prints[12:]))),
                         (2, 1, 1))
        curve = next(line for line in self.history("trend").splitlines()
                     if line.startswith(self.CELL))
        self.assertEqual(curve.count("|"), 1)

    def test_accepted_changes_stay_accepted(self):
        for number in range(24):
            self.put(number, 9000 if number < 12 else 9600)
        self.load()
        self.changes(code=1)
        self.history("accept", self.CELL, "c0012", "--reason", "checks every byte now")
        [change] = self.changes()
        self.assertEqual(change["accepted"], "checks every byte now")
        self.load("--rebuild")
        [change] = self.changes()
        self.assertEqual(change["accepted"], "checks every byte now")

    @needs_program("gnuplot")
    def test_the_report_shows_trends_and_changes(self):
        for number in range(24):
            self.put(number, 9000 if number < 12 else 9900)
        self.load()
        self.history("accept", self.CELL, "c0012", "--reason", "<script>alert(1)</script> & known")
        run = str(self.runs / "run-0023.json")
        folder = self.folder / "report"
        result = ipcbench("report", run, "-o", str(folder), "--scripts", SCRIPTS, "--history",
                          self.database)
        self.assert_result(result, 0)
        page = (folder / "index.html").read_text()
        [section] = re.findall(r"(?s)<section id=history>.*?</section>", page)
        self.assertEqual(section.count("<th scope=row>"), 2)
        self.assertIn("<a href=\"#history\">", page)
        [row] = re.findall(rf"<tr><th scope=row>{self.CELL}</th>.*", section)
        self.assertEqual(row.count("<circle class=change"), 1)
        self.assertRegex(row, r"\+\d+\.\d% against pipe with commit c0012 \(2026-01-13\)")
        self.assertIn("Accepted: &lt;script&gt;alert(1)&lt;/script&gt; &amp; known", row)
        self.assertNotIn("<script>alert", page)

    @needs_program("gnuplot")
    def test_a_report_without_its_history_is_refused(self):
        self.put(0, 9000)
        result = ipcbench("report", str(self.runs / "run-0000.json"), "-o",
                          str(self.folder / "report"), "--history", self.database)
        self.assert_result(result, 2)
        self.assertIn("ipcbench history import", result.stderr)

    def test_rebuilding_forgets_what_is_gone(self):
        for number in range(3):
            self.put(number, 9000)
        self.load()
        (self.runs / "run-0001.json").unlink()
        self.assertTrue(self.load("--rebuild").startswith("2 added, 0 there already"))
        self.assertEqual([point["commit"] for point in self.series(self.CELL)["points"]],
                         ["c0000", "c0002"])

    def test_folders_hold_other_files_too(self):
        self.put(0, 9000)
        self.put(1, 9000)
        (self.runs / "schema.json").write_text('{"a": 1}')
        (self.runs / "notes.txt").write_text("x")
        damaged = self.runs / "run-0001.json"
        damaged.write_text(damaged.read_text()[:-1000])
        result = ipcbench("history", "import", "-d", self.database, str(self.runs))
        self.assert_result(result, 1)
        self.assertEqual(result.stdout,
                         "1 added, 0 there already, 1 damaged, 1 of other kinds\n")
        self.assertIn("run-0001.json", result.stderr)

    def test_a_failed_import_changes_nothing(self):
        self.put(0, 9000)
        self.load()
        self.put(1, 9000)
        bad = self.folder / "bad.json"
        bad.write_text("[]")
        result = ipcbench("history", "import", "-d", self.database, "--rebuild",
                          str(self.runs / "run-0001.json"), str(bad))
        self.assert_result(result, 2)
        self.assertEqual([point["commit"] for point in self.series(self.CELL)["points"]],
                         ["c0000"])

    def test_another_version_is_refused(self):
        with sqlite3.connect(self.database) as db:
            db.execute("pragma user_version = 99")
        db.close()
        self.assert_one_sentence(ipcbench("history", "trend", "-d", self.database), 2,
                                 "this version")


def circle(path, table):
    """Every child of the table's root becomes the root itself."""
    with sqlite3.connect(path) as db:
        db.execute("pragma page_size = 512")
        db.execute("vacuum")
        [(root,)] = db.execute("select 1 where ?1 = 'sqlite_schema' union "
                               "select rootpage from sqlite_master where name = ?1", (table,))
    db.close()
    content = bytearray(path.read_bytes())
    page = memoryview(content)[512 * (root - 1):512 * root]
    head = 100 if root == 1 else 0  # the file's own head stands before
    assert page[head] in (2, 5), "the root of this table has no children"
    cells = [int.from_bytes(page[head + 12 + 2 * i:head + 14 + 2 * i], "big")
             for i in range(int.from_bytes(page[head + 3:head + 5], "big"))]
    for child in [head + 8, *cells]:
        page[child:child + 4] = root.to_bytes(4, "big")
    path.write_bytes(content)


class HostileHistories(Case):
    """Files that somebody made: a sentence within seconds and 1 GiB, whatever is asked."""

    SEED = ROOT / "tests" / "fuzz" / "corpus" / "history" / "seed-history"
    SANITIZED = "-" in os.environ.get("IPCBENCH_BUILD", "build")  # shadow memory takes terabytes

    def setUp(self):
        super().setUp()
        self.path = self.folder / "history.sqlite"
        self.path.write_bytes(self.SEED.read_bytes())

    def limited(self):
        if not self.SANITIZED:
            resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))

    def ask(self, *words):
        return subprocess.run([IPCBENCH, "history", *words, "-d", str(self.path)], timeout=60,
                              capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, preexec_fn=self.limited)

    def sql(self, script):
        db = sqlite3.connect(self.path)
        db.executescript(script)
        db.close()

    def refuse(self, *words):
        empty = self.folder / "empty"
        empty.mkdir(exist_ok=True)
        for verb in (("trend",), ("trend", "--json"), ("changes",), ("import", str(empty))):
            with self.subTest(verb=verb):
                result = self.ask(*verb)
                self.assert_one_sentence(result, result.returncode, *words)
                self.assertIn(result.returncode, (1, 2))

    def test_the_file_that_the_others_are_made_of(self):
        self.assert_result(self.ask("trend"), 0)
        self.assert_result(self.ask("import", str(self.folder)), 0)

    def test_what_a_history_does_not_hold(self):
        for script, name in (
                ("create view more as with recursive a(b) as (select 1 union all select b + 1 from "
                 "a) select b from a", "more"),
                ("create trigger again after update on series begin update series set stale = 1; "
                 "end", "again"),
                ("create index other on point(value)", "other"),
                ("drop table accepted; create table accepted(key)", "accepted"),
                ("alter table point add column more text", "point")):
            self.setUp()
            self.sql(script)
            self.refuse("didn't make", name)

    def test_a_table_is_missing(self):
        self.sql("drop table change")
        self.refuse("damaged")

    def test_pages_in_a_circle(self):
        self.sql("with recursive n(i) as (select 100 union all select i + 1 from n where i < 2000) "
                 "insert into run select i, 'path', 'date', 'host', i, 'commit', 1 from n")
        circle(self.path, "run")
        self.refuse("damaged")

    def test_a_schema_in_a_circle(self):
        circle(self.path, "sqlite_schema")
        self.refuse("damaged")

    def test_numbers_that_nobody_measured(self):
        for value in ("9e999", "-9e999", "-1", "0", "'much'"):
            self.setUp()
            self.sql(f"update point set value = {value}")
            self.assert_one_sentence(self.ask("trend"), 1, "damaged")
            self.assert_one_sentence(self.ask("trend", "--json"), 1, "damaged")
        self.setUp()
        self.sql("update change set shift = 9e999")
        self.assert_one_sentence(self.ask("changes"), 1, "damaged")

    def test_text_does_not_steer_the_terminal(self):
        self.sql("update run set commit_name = char(27) || '[31m' || char(8238), date = date || "
                 "char(7); delete from accepted")
        for words in (("trend",), ("trend", "--json"), ("changes",), ("trend", "-c", "pipe/*")):
            shown = self.ask(*words).stdout
            self.assertIn("?[31m", shown)
            self.assertNotRegex(shown, "[\x00-\x09\x0b-\x1f\u202e]")

    def test_files_of_other_kinds(self):
        with open(self.path, "wb") as file:
            file.truncate(10 ** 9)
        self.refuse("more than 256 MiB")
        self.path.unlink()
        os.mkfifo(self.path)
        self.refuse("no regular file")
