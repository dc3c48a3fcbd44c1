# SPDX-License-Identifier: MIT
"""ipcbench report: figures that are pictures, and the data behind them."""

import json
import re
import xml.etree.ElementTree

from support import FAKES, SCRIPTS, Case, ipcbench, needs_program, needs_transports


@needs_program("gnuplot")
@needs_transports("pipe", "unix")
class Report(Case):
    def test_help(self):
        self.assert_help("report")

    def test_wrong_input_is_one_sentence(self):
        damaged, out = self.folder / "damaged.json", str(self.folder / "out")
        damaged.write_text('{"schema": "ipcbench-run-1", "environ')
        for words, arguments in (("name a run file", ["-o", out]),
                                 ("name the folder", [str(damaged)]),
                                 ("damaged.json", [str(damaged), "-o", out]),
                                 ("absent.json", [str(self.folder / "absent.json"), "-o", out])):
            with self.subTest(words):
                self.assert_one_sentence(ipcbench("report", *arguments), 2, words)
        self.assertEqual(self.files(), ["damaged.json"])

    def assert_trusted_alike(self, page, path):
        """show answers in the words of the page."""
        part = re.search(r"<h2>(Can I trust.*?)(<details>|</section>)", page, re.DOTALL)[1]
        words = " ".join(re.sub(r"<[^>]*>", " ", part).split()).replace(" doctor:", ": doctor:", 1)
        words = words.replace(" What stands below says why.", "")
        self.assertIn(words, " ".join(ipcbench("show", str(path)).stdout.split()))

    def test_figures(self):
        path = self.run_file()
        folder = self.folder / "report"
        result = ipcbench("report", str(path), "-o", str(folder), "--scripts", SCRIPTS)
        self.assert_result(result, 0)
        pictures = sorted(folder.glob("*.svg"))
        self.assertGreaterEqual(len(pictures), 4)
        self.assertIn("Which", ipcbench("show", str(path)).stdout)
        page = (folder / "index.html").read_text()
        self.assertEqual(page.count("data:image/svg+xml"), len(pictures))
        self.assertIn("<body>\n<a class=skip href=\"#main\">", page)
        self.assertEqual(page.count("<main id=main>"), 1)
        self.assert_trusted_alike(page, path)
        self.assertIn("64 B, I can&#39;t: both ends on one CPU", page)
        for picture in pictures:
            root = xml.etree.ElementTree.parse(picture).getroot()
            self.assertTrue(root.tag.endswith("svg"))
            self.assertEqual(picture.with_suffix(".png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
            self.assertGreater(len(picture.with_suffix(".csv").read_text().splitlines()), 1)

    def test_what_stands_where_it_writes_is_left_alone(self):
        path = self.run_file()
        folder = self.folder / "report"
        folder.mkdir()
        others = self.folder / "others"
        others.write_text("theirs")
        (folder / ".cells.csv.part").hardlink_to(others)
        (folder / ".index.html.part").symlink_to(others)
        result = ipcbench("report", str(path), "-o", str(folder), "--scripts", SCRIPTS)
        self.assert_result(result, 0)
        self.assertEqual(others.read_text(), "theirs")
        self.assertIn("pipe", (folder / "cells.csv").read_text())
        self.assertEqual(list(folder.glob(".*")), [])

    def test_json_names_what_was_written(self):
        path = self.run_file()
        folder = self.folder / "report"
        result = ipcbench("report", str(path), "-o", str(folder), "--scripts", SCRIPTS, "--json")
        self.assert_result(result, 0)
        json.loads(result.stdout)
        for picture in folder.glob("*.svg"):
            self.assertIn(picture.stem, result.stdout)

    def test_a_run_without_a_good_trial_says_so(self):
        path = self.run_file("--transports", FAKES, "-t", "fake:script=setup-error", "-s", "64",
                             code=1)
        folder = self.folder / "report"
        result = ipcbench("report", str(path), "-o", str(folder), "--scripts", SCRIPTS)
        self.assert_result(result, 0)
        page = (folder / "index.html").read_text()
        self.assertIn("No trial of this run is valid.", page)
        self.assert_trusted_alike(page, path)
        self.assertIn("fake:script=setup-error/pingpong/block/same-core/64B", page)
        self.assertEqual(list(folder.glob("*.svg")), [])

    def test_parts_of_connections_and_shares_of_clients(self):
        path = self.run_file("-t", "unix-path", "-w", "connect,serve:clients=3,design=epoll", "-s", "64")
        folder = self.folder / "report"
        result = ipcbench("report", str(path), "-o", str(folder), "--scripts", SCRIPTS)
        self.assert_result(result, 0)
        page = (folder / "index.html").read_text()
        for kind in ("connections", "servers"):
            [section] = re.findall(rf"(?s)<section id={kind}>.*?</section>", page)
            self.assertIn("data:image/svg+xml", section)
            for cell in json.loads(path.read_text())["cells"]:
                own = cell["phases"] is not None if kind == "connections" else \
                    cell["clients"] is not None and cell["clients"]["design"] is not None
                self.assertEqual(f"<th scope=row>{cell['key']}</th>" in section, own)
        fairness = next(cell["clients"]["fairness"] for cell in json.loads(path.read_text())["cells"]
                        if "/serve" in cell["key"])
        self.assertIn(f">{fairness:.3f}</td>", page)
