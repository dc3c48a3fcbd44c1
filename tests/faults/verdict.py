# SPDX-License-Identifier: MIT
"""What must hold after every fault, whatever it was. Each function returns sentences: what was found
wrong."""

import json
import re
import signal
import subprocess

from scene import IPCBENCH

STATUS_CODES = {"ok": 0, "failed": 1, "skipped": 77, "not applicable": 77}
BAD_WORDS = re.compile(r"Segmentation|AddressSanitizer|runtime error|stack smashing|double free|"
                       r"corrupted|Assertion.*ipcbench")


# How libnuma and the dynamic linker end a process that lacks memory or descriptors, by themselves.
LIBRARY_ENDS = re.compile(r"^Out of memory allocating bitmask|cannot allocate memory for thread-local data: ABORT|"
                          r"error while loading shared libraries", re.MULTILINE)


def ended_by_library(scene):
    return bool(LIBRARY_ENDS.search(scene.said("stderr")))


def leftovers(scene, excused):
    """`excused`: the process that cleans up was killed itself, so that the next start does it."""
    found = [f"a process outlives it: {name}" for name in scene.outlive()]
    objects = scene.objects()
    if objects and excused:
        scene.sweep()
        objects = scene.objects()
    return found + [f"left behind: {name}" for name in objects]


def speech(scene):
    """It says what went wrong, in sentences."""
    errors = scene.said("stderr")
    return [f"it said: {match.group(0)}" for match in [BAD_WORDS.search(errors)] if match]


def sentence(scene, code):
    if not ended_by_library(scene) and not re.search(r"^ipcbench( \w+)?: \S.*", scene.said("stderr"), re.MULTILINE):
        return [f"code {code} without a sentence"]
    return []


def of_trial(scene, code, expected):
    """`expected`: the codes that may follow from the fault; a record must agree with its code."""
    if ended_by_library(scene) and code in (1, 127):
        return []
    if code not in expected:
        why = re.search(r'"why": (.*)', scene.said("stdout"))
        return [f"code {code} where {sorted(expected)} can be: {scene.said('stderr')[:300]}"
                f"{why.group(1) if why else ''}"]
    if code < 0 or code == 130:
        return []
    try:
        text = scene.said("stdout")
        record = json.loads(text)
    except ValueError:
        return sentence(scene, code) if code else [f"code 0 without a record: {text[:99]!r}...{text[-99:]!r}"]
    if STATUS_CODES[record["status"]] != code:
        return [f"code {code} with a record that says {record['status']}"]
    if code and not record["why"]:
        return ["a failed record without a sentence"]
    return []


def failures(scene):
    try:
        return "".join(f"; {trial['why']}" for trial in scene.trials(scene.run_file) if trial["why"])
    except (OSError, ValueError):
        return ""


def of_run(scene, code, expected, least, whole, journal_stays=False):
    """`least`: how many trials were finished for sure before the fault; `whole`: what identifies the
    trials of the same run without a fault; `journal_stays`: it could not be removed, or the run file
    not be made sure of."""
    expected = expected | {1, 127} if ended_by_library(scene) else expected
    if code not in expected:
        return [f"code {code} where {sorted(expected)} can be: {scene.said('stderr')[:300]}"
                f"{failures(scene)}"]
    found = []
    names = sorted(path.name for path in scene.out.iterdir())
    if journal_stays and "run.json" in names:
        names = ["run.json"]
    if names not in ([], ["run.json"], ["run.json.journal"]):
        found.append(f"left in the folder of results: {names}")
    path = scene.run_file if scene.run_file.exists() else scene.journal
    try:
        trials = scene.trials(path) if names else []
    except ValueError as error:
        return [f"{path.name} is not whole: {error}"]
    if len(trials) < least:
        found.append(f"{least} trials were finished, {len(trials)} are kept")
    keys = [(trial["key"], trial["seed"]) for trial in trials]
    if keys != whole[:len(keys)]:
        found.append("the trials kept are not those that were made")
    failed = sum(trial["status"] == "failed" for trial in trials)
    if code == 0 and (failed or len(trials) != len(whole) or names != ["run.json"]):
        found.append(f"code 0 with {failed} failed of {len(trials)} trials, {len(whole)} planned")
    if code == 1 and not failed:
        found += sentence(scene, code)
    if trials:
        shown = subprocess.run([IPCBENCH, "show", str(path)], capture_output=True, timeout=60,
                               check=False, env=scene.environment())
        if shown.returncode:
            found.append(f"`show` ends with {shown.returncode}: {shown.stderr[:200]!r}")
    return found


def name_of(code):
    return signal.Signals(-code).name if code < 0 else str(code)
