# SPDX-License-Identifier: MIT
"""What crosscheck and prove-peers share: running `ipcbench trial`, how many exchanges take a given
time, an interval by resampling the rounds, and a table."""

import argparse
import contextlib
import json
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
DEADLINE_S = 180
RESAMPLES = 2000


class Failure(Exception):
    """One sentence for the user: a command that should have worked did not."""


class Skipped(Exception):
    """One sentence: why a row can't be measured here."""


def run(command, deadline_s=DEADLINE_S):
    """Runs a command to its end and returns what it wrote on stdout."""
    shown = " ".join(command)
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=deadline_s,
                                check=False, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise Failure(f"`{shown}` was not done after {deadline_s} s") from None
    except OSError as error:
        raise Failure(f"`{shown}` can't be started: {error.strerror}") from None
    if result.returncode != 0:
        said = (result.stderr or result.stdout).strip().splitlines()
        raise Failure(f"`{shown}` ended with code {result.returncode}: {said[-1] if said else ''}")
    return result.stdout


def trial(ipcbench, key, *arguments):
    """The record of one trial that went well."""
    command = [ipcbench, "trial", key, "--json", *arguments]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S,
                                check=False, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise Failure(f"the trial of {key} was not done after {DEADLINE_S} s") from None
    except OSError as error:
        raise Failure(f"{ipcbench} can't be started: {error.strerror}; build it first") from None
    try:
        record = json.loads(result.stdout)
    except ValueError:
        record = {"why": result.stderr.strip() or "no record"}
    if result.returncode == SKIPPED:
        raise Skipped(record["why"])
    if result.returncode != 0:
        raise Failure(f"the trial of {key} ended with code {result.returncode}: {record['why']}")
    return record


def transports(ipcbench):
    return json.loads(run([ipcbench, "list", "--json"]))


def quick_trial(ipcbench, key, *arguments):
    """A short trial: where the ends stand, and about how long an exchange takes."""
    return trial(ipcbench, key, "--time", "0.1", "--warmup", "0.05", *arguments)


def exchanges_for(record, seconds):
    """About how many exchanges take that long, going by a trial's record."""
    return max(1, round(seconds * 1e9 * record["exchanges"] / record["duration_ns"]))


def interval(rounds, statistic):
    """The 95% bootstrap interval of a statistic over rounds; None where they are too few."""
    if len(rounds) < 3:
        return None
    chance = random.Random(1)
    values = sorted(statistic(chance.choices(rounds, k=len(rounds))) for _ in range(RESAMPLES))
    return values[int(RESAMPLES * 0.025)], values[int(RESAMPLES * 0.975) - 1]


def median_of(rounds, field):
    return statistics.median(one[field] for one in rounds)


@contextlib.contextmanager
def kept_folder(keep):
    """A new folder below `keep` named by the time, or one that ends with the block."""
    if keep is None:
        with tempfile.TemporaryDirectory() as folder:
            yield pathlib.Path(folder)
    else:
        folder = keep / time.strftime("%Y-%m-%dT%H-%M-%SZ", time.gmtime())
        folder.mkdir(parents=True)
        yield folder


def nanoseconds(value):
    return f"{value:.1f}" if value < 1000 else f"{value:.0f}"


def table(head, rows):
    """Prints rows of text; the first and the last column stand left, the others right."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        cells = [text.ljust(width) if i in (0, len(head) - 1) else text.rjust(width)
                 for i, (text, width) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip())


def positive(text):
    """For argparse: a whole number from 1."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1")
    return int(text)


def progress(text):
    """One line that the next one replaces; nothing where stderr is no terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def guarded(name, main):
    """Runs main(); what can't be done is one sentence and exit code 1."""
    try:
        sys.exit(main())
    except (Failure, Skipped) as problem:
        print(f"{name}: {problem}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
