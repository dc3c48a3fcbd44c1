# SPDX-License-Identifier: MIT
"""ipcbench export -f openmetrics and prometheus: read by Prometheus' own tool and by its client
library, value for value."""

import json
import re
import subprocess
from datetime import datetime, timezone

from exported import (PROMTOOL, ExportCase, needs_library, needs_promtool, needs_transports,
                      optional)

FIGURES = {
    ("ipcbench_latency_seconds", "p50"): ("p50_ns", 1e-9),
    ("ipcbench_latency_seconds", "p50_low"): ("p50_low_ns", 1e-9),
    ("ipcbench_latency_seconds", "p50_high"): ("p50_high_ns", 1e-9),
    ("ipcbench_latency_seconds", "p90"): ("p90_ns", 1e-9),
    ("ipcbench_latency_seconds", "p99"): ("p99_ns", 1e-9),
    ("ipcbench_latency_seconds", "p999"): ("p999_ns", 1e-9),
    ("ipcbench_latency_seconds", "mean"): ("mean_ns", 1e-9),
    ("ipcbench_cpu_seconds", None): ("cpu_ns", 1e-9),
    ("ipcbench_rate", None): ("per_second", 1),
    ("ipcbench_throughput_bytes", None): ("bytes_per_second", 1),
    ("ipcbench_floor_ratio", None): ("times_floor", 1),
}


@needs_transports("pipe", "unix")
class Metrics(ExportCase):
    def expected(self, path):
        """(name, cell, statistic) to value."""
        found = {}
        for key, cell in self.cells(path).items():
            for (name, statistic), (field, scale) in FIGURES.items():
                if cell["status"] == "ok" and cell[field] is not None:
                    found[name, key, statistic] = cell[field] * scale
        return found

    def assert_samples(self, samples, path):
        """samples: (name, labels, value) of all figures but the run's own line."""
        expected = self.expected(path)
        mine = {(name, labels["cell"], labels.get("statistic")): value
                for name, labels, value in samples if name != "ipcbench_run_info"}
        self.assertEqual(set(mine), set(expected))
        for what, value in mine.items():  # `show` rounds to 3 decimals, and this doesn't
            scale = FIGURES[what[0], what[2]][1]
            self.assertLessEqual(abs(value - expected[what]),
                                 0.00051 * scale + 1e-9 * expected[what], what)

    def seconds(self, path):
        date = json.loads(path.read_text())["environment"]["date"]
        return datetime.strptime(date, "%Y-%m-%dT%H:%M:%SZ").replace(
            tzinfo=timezone.utc).timestamp()

    @needs_library("prometheus_client")
    def test_openmetrics_read_by_the_client_library(self):
        parser = optional("prometheus_client.openmetrics.parser")
        for path in (self.good, self.bad):
            families = list(parser.text_string_to_metric_families(self.export("openmetrics", path)))
            self.assertEqual({family.type for family in families}, {"gauge"})
            samples = [sample for family in families for sample in family.samples]
            self.assert_samples([sample[:3] for sample in samples], path)
            self.assertEqual({float(sample.timestamp) for sample in samples},
                             {self.seconds(path)})

    @needs_library("prometheus_client")
    def test_prometheus_read_by_the_client_library(self):
        parser = optional("prometheus_client.parser")
        families = parser.text_string_to_metric_families(self.export("prometheus", self.good))
        samples = [sample for family in families for sample in family.samples]
        self.assert_samples([sample[:3] for sample in samples], self.good)
        self.assertEqual({sample.timestamp for sample in samples}, {None})

    @needs_promtool
    def test_promtool_backfills_openmetrics(self):
        text, blocks = self.folder / "run.txt", self.folder / "blocks"
        text.write_text(self.export("openmetrics", self.good))
        (blocks / "wal").mkdir(parents=True)  # promtool won't dump without one,
        (self.folder / "data").mkdir()  # nor, since 2.50, without this where it runs
        subprocess.run([PROMTOOL, "tsdb", "create-blocks-from", "openmetrics", text, blocks],
                       check=True, capture_output=True)
        dumped = subprocess.run([PROMTOOL, "tsdb", "dump", blocks], check=True, text=True,
                                cwd=self.folder, capture_output=True).stdout
        samples = []
        for line in dumped.splitlines():
            labels, value, stamp = re.fullmatch(r"\{(.*)\} (\S+) (\d+)", line).groups()
            labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels))
            samples.append((labels["__name__"], labels, float(value)))
            self.assertEqual(int(stamp), self.seconds(self.good) * 1000)
        self.assert_samples(samples, self.good)

    @needs_promtool
    def test_promtool_has_nothing_against_the_names(self):
        checked = subprocess.run([PROMTOOL, "check", "metrics"], text=True, capture_output=True,
                                 input=self.export("prometheus", self.good), check=False)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))
