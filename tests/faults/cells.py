# SPDX-License-Identifier: MIT
"""The cells that faults happen to: each transport that this host can run, with each workload that it
can. Every one runs once without a fault, which also tells the calls that can be made to fail."""

import collections
import json
import os
import subprocess

from scene import IPCBENCH, Scene

WORKLOADS = ["pingpong", "rate:hz=2000", "stream:depth=4", "write-write-read", "connect",
             "serve:clients=3,design=epoll"]
AMOUNT = ["--exchanges", "60", "--warmup-exchanges", "5"]
MANY = ["--exchanges", "5000"]  # what can't hold several messages shows it
SURVEY_SECONDS = 60


def placement_for(wait):
    """Ends that spin need a CPU each."""
    cpus = sorted(os.sched_getaffinity(0))
    return "same-core" if wait == "block" or len(cpus) < 2 else f"{cpus[0]},{cpus[1]}"


def survey(folder, key, number):
    """The calls that a trial of the cell makes, by role and name; None where it can't run."""
    scene = Scene(folder, f"survey-{number}")
    try:
        amount = MANY if "/stream" in key else AMOUNT
        process = scene.start(["trial", key, *amount, "--json", "--deadline", "40"], {"COUNT": 1})
        code = process.wait(SURVEY_SECONDS)
        scene.outlive()
        if code != 0:
            return None
        calls = collections.Counter()
        for line in scene.log.read_text().splitlines():
            word, role, name, count = line.split()
            if word == "calls":
                calls[role, name] = max(calls[role, name], int(count))
        return sorted((role, name, count) for (role, name), count in calls.items())
    finally:
        scene.close()


def find(folder, names=None, workloads=None):
    """A list of {"key", "transport", "guest", "calls"}, in the order of `list`."""
    listed = json.loads(subprocess.run([IPCBENCH, "list", "--json"], capture_output=True, text=True,
                                       timeout=300, check=True).stdout)
    cells = []
    for entry in listed:
        if not entry["available"] or (names and entry["name"] not in names):
            continue
        for wait in entry["waits"][:2]:
            for workload in workloads or WORKLOADS:
                if wait != entry["waits"][0] and workload != "pingpong":
                    continue
                key = f"{entry['name']}/{workload}/{wait}/{placement_for(wait)}/8B"
                calls = survey(folder, key, len(cells))
                if calls is not None:
                    cells.append({"key": key, "transport": entry["name"], "calls": calls,
                                  "guest": entry["group"] == "guest"})
    return cells
