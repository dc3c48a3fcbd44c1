# SPDX-License-Identifier: MIT
"""ipcbench compare: stored runs against stored runs, and what they can't tell."""

import json

from support import Case, ipcbench, needs_transports


@needs_transports("pipe", "unix")
class Compare(Case):
    CELL = "unix/pingpong/block/same-core/64B"
    REFERENCE = "pipe/pingpong/block/same-core/64B"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = cls.run_once("-t", "pipe,unix", "-s", "64", "--trials", "8")
        by_cell = {}
        for trial in cls.template["trials"]:
            if trial["status"] == "ok" and trial["purpose"] == "timing":
                by_cell.setdefault(trial["key"], []).append(trial)
        cls.template["trials"] = [trial for eight in zip(*(of[:8] for of in by_cell.values()))
                                  for trial in eight]

    def put(self, name, unix_ns, pipe_ns=5000, day=1, edit=None):
        """A run whose trials scatter by 0.7% at most around these medians, a minute apart."""
        run = json.loads(json.dumps(self.template))
        run["environment"]["date"] = f"2026-01-{day:02d}T00:00:00Z"
        for number, trial in enumerate(run["trials"]):
            noise = 1 + (number * 7919 % 15 - 7) / 1000
            ns = (unix_ns if trial["transport"] == "unix" else pipe_ns) * noise
            trial.update(p50_ns=ns, mean_ns=ns, started=f"2026-01-{day:02d}T00:{number:02d}:00Z")
        if edit is not None:
            edit(run)
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(run))
        return str(path)

    def compare(self, base, new, *arguments, code):
        result = ipcbench("compare", base, new, "--json", *arguments)
        self.assert_result(result, code)
        found = json.loads(result.stdout)
        return found, {cell["key"]: cell for cell in found["cells"]}

    def sides(self, slower, count=8, by_turns=True):
        """Folders of runs of both sides; the days of both by turns, or base's first."""
        for number in range(count):
            first, second = (2 * number, 2 * number + 1) if by_turns else (number, count + number)
            noise = 1 + (number * 31 % 7 - 3) / 1000
            self.put(f"base/{number}.json", 9000 * noise, day=first + 1)
            self.put(f"new/{number}.json", 9000 * noise * slower * 1.0005, day=second + 1)
        return str(self.folder / "base"), str(self.folder / "new")

    def test_help(self):
        self.assert_help("compare")

    def test_wrong_usage_is_one_sentence(self):
        run = self.put("a.json", 9000)
        (self.folder / "empty").mkdir()
        for words, arguments in (
                (("name two runs",), (run,)),
                (("third",), (run, run, run)),
                (("did you mean 'kernel'",), (run, run, "--across", "kernle")),
                (("no run file", "empty"), (run, str(self.folder / "empty"))),
                (("no run has a cell of 'shm'", "none"), (run, run, "--reference", "shm")),
                (("nosuch.json",), (run, str(self.folder / "nosuch.json")))):
            with self.subTest(arguments=arguments):
                self.assert_one_sentence(ipcbench("compare", *arguments), 2, *words)

    def test_a_run_and_itself_pass_on_one_core(self):
        run = self.put("a.json", 9000)
        found, cells = self.compare(run, run, code=0)
        self.assertEqual((found["verdict"], found["differences"]), ("pass", []))
        self.assertEqual(cells[self.CELL]["reference"], "pipe")
        self.assertIsNone(cells[self.REFERENCE]["reference"])
        self.assertAlmostEqual(cells[self.CELL]["change"], 0, 6)
        self.assertEqual((cells[self.CELL]["base_count"], cells[self.CELL]["test"]), (8, "single"))

    def test_a_large_change_between_two_runs_is_seen(self):
        found, cells = self.compare(self.put("a.json", 9000), self.put("b.json", 10800), code=1)
        self.assertEqual(found["verdict"], "regression")
        self.assertEqual(cells[self.CELL]["verdict"], "regression")
        self.assertAlmostEqual(cells[self.CELL]["change"], 0.2, 1)
        self.assertEqual(cells[self.REFERENCE]["verdict"], "pass")
        found, cells = self.compare(self.put("a.json", 10800), self.put("b.json", 9000), code=0)
        self.assertEqual(cells[self.CELL]["verdict"], "improvement")

    def test_a_change_within_the_drift_of_runs_is_none(self):
        found, cells = self.compare(self.put("a.json", 9000), self.put("b.json", 9270), code=3)
        self.assertEqual(found["verdict"], "inconclusive")
        self.assertEqual(cells[self.CELL]["verdict"], "inconclusive")
        self.assertGreater(cells[self.CELL]["smallest"], 0.03)
        self.assertLess(cells[self.CELL]["p"], 0.05)  # what a plain test would have called one
        self.assertAlmostEqual(cells[self.CELL]["drift"], 0.03, 6)

    def test_the_reference_takes_out_what_moves_both(self):
        base, new = self.put("a.json", 9000, 5000), self.put("b.json", 10800, 6000)
        _, cells = self.compare(base, new, code=1)
        self.assertEqual(cells[self.CELL]["verdict"], "pass")
        _, cells = self.compare(base, new, "--reference", "none", code=1)
        self.assertEqual(cells[self.CELL]["verdict"], "regression")
        self.assertIsNone(cells[self.CELL]["reference"])

    def test_another_fingerprint_never_passes(self):
        def newer(run):
            run["environment"]["kernel"]["release"] = "99.1"
        base, new = self.put("a.json", 9000), self.put("b.json", 9000, edit=newer)
        found, cells = self.compare(base, new, code=3)
        self.assertEqual(found["verdict"], "not comparable")
        [difference] = found["differences"]
        self.assertEqual((difference["fact"], difference["is"]), ("kernel", "'99.1'"))
        self.assertEqual({cell["verdict"] for cell in cells.values()}, {"not comparable"})
        result = ipcbench("compare", base, new)
        self.assert_result(result, 3)
        self.assertRegex(result.stdout, "^not comparable: kernel was '[^']+', is '99.1'\n")
        found, _ = self.compare(base, new, "--across", "kernel", code=0)
        self.assertTrue(found["differences"][0]["accepted"])

    def test_a_missing_fact_never_passes(self):
        def without(run):
            del run["environment"]["cpu"]["microcode"]
        run = self.put("a.json", 9000, edit=without)
        found, _ = self.compare(run, run, code=3)
        self.assertEqual([(of["fact"], of["was"], of["is"]) for of in found["differences"]],
                         [("microcode", "missing", "missing")])

    def test_other_cpus_are_not_compared(self):
        def moved(run):
            for trial in run["trials"]:
                trial["server_cpu"] = trial["client_cpu"] = 1 + trial["client_cpu"]
        found, cells = self.compare(self.put("a.json", 9000), self.put("b.json", 9000, edit=moved),
                                    code=3)
        self.assertEqual(found["verdict"], "not comparable")
        self.assertRegex(cells[self.CELL]["why"], r"its CPUs were \d,\d, are \d,\d")

    def test_cells_of_one_side_are_named(self):
        def fewer(run):
            run["trials"] = [trial for trial in run["trials"] if trial["transport"] == "pipe"]
            run["cells"] = [cell for cell in run["cells"] if cell["transport"] == "pipe"]
        found, cells = self.compare(self.put("a.json", 9000), self.put("b.json", 9000, edit=fewer),
                                    code=3)
        self.assertEqual(found["verdict"], "inconclusive")
        self.assertEqual(cells[self.CELL]["why"], "only BASE has it")
        for name in ("change", "low", "high", "p", "holm", "smallest", "test"):
            self.assertIsNone(cells[self.CELL][name], name)

    def test_runs_by_turns_are_paired(self):
        found, cells = self.compare(*self.sides(1.03), code=1)
        self.assertEqual(cells[self.CELL]["test"], "paired")
        self.assertEqual(cells[self.CELL]["drift"], 0)
        self.assertEqual(cells[self.CELL]["base_count"], 8)
        self.assertEqual(found["verdict"], "regression")
        self.assertAlmostEqual(cells[self.CELL]["p"], 2 / 2 ** 8, 5)

    def test_runs_by_turns_that_are_alike_pass(self):
        found, cells = self.compare(*self.sides(1), code=0)
        self.assertEqual((found["verdict"], cells[self.CELL]["test"]), ("pass", "paired"))

    def test_runs_one_side_after_the_other_are_blocks(self):
        _, cells = self.compare(*self.sides(1.03, by_turns=False), code=1)
        self.assertEqual(cells[self.CELL]["test"], "blocks")
        self.assertLess(cells[self.CELL]["p"], 0.001)
        result = ipcbench("compare", str(self.folder / "base"), str(self.folder / "new"))
        self.assertIn("a slow change of the machine looks like one of the code",
                      " ".join(result.stdout.split()))

    def test_too_few_runs_can_tell_nothing(self):
        found, cells = self.compare(*self.sides(1.5, count=3), code=3)
        self.assertEqual(cells[self.CELL]["verdict"], "inconclusive")
        self.assertEqual(found["verdict"], "inconclusive")
