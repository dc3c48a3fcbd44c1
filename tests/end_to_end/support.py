# SPDX-License-Identifier: MIT
"""What the end-to-end tests share: running ipcbench, watching its processes, small run files."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from processes import children, descendants  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get("IPCBENCH_BUILD", "build")).resolve()
IPCBENCH = str(BUILD / "ipcbench")
FAKES = str(BUILD / "tests" / "transports")
PLUGINS = str(BUILD / "tests" / "plugins")
SCRIPTS = str(ROOT / "scripts")

# Small enough that a run takes moments: nothing here asserts a time.
QUICK = ["--trials", "2", "--time", "0.02", "--warmup", "0.01"]
CELL = "pipe/pingpong/block/same-core/64B"


def ipcbench(*arguments, timeout=120, **how):
    """Runs ipcbench to its end."""
    return subprocess.run([IPCBENCH, *arguments], capture_output=True, text=True, timeout=timeout,
                          check=False, stdin=subprocess.DEVNULL, **how)


def is_alive(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition, seconds=30):
    """The first true value of condition(), or the last false one."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.005)


class Case(unittest.TestCase):
    """A test with a folder of its own, which ends with the test."""

    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="case-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def assert_result(self, result, code):
        self.assertEqual(result.returncode, code, f"stdout: {result.stdout}\nstderr: {result.stderr}")

    def assert_one_sentence(self, result, code, *words):
        """That exit code, nothing on stdout, and one line on stderr that holds the words."""
        self.assert_result(result, code)
        self.assertEqual(result.stdout, "")
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertRegex(result.stderr, r"^ipcbench( [a-z]+)?: ")
        for word in words:
            self.assertIn(word, result.stderr)

    def assert_help(self, command):
        result = ipcbench(command, "--help")
        self.assert_result(result, 0)
        self.assertEqual(result.stderr, "")
        self.assertRegex(result.stdout, "Examples?:")
        self.assertIn(f"ipcbench {command}", result.stdout)
        self.assertIn("Exit codes: 0 done", result.stdout)

    def trial(self, key, *arguments, code=0, **how):
        """Runs one trial and returns its record."""
        result = ipcbench("trial", key, "--json", *arguments, **how)
        self.assert_result(result, code)
        return json.loads(result.stdout)

    def run_file(self, *arguments, code=0):
        """Makes a small run file and returns its path."""
        path = self.folder / "run.json"
        result = ipcbench("run", "-o", str(path), "-W", "block", "-p", "same-core", *QUICK,
                          *(arguments or ("-t", "pipe,unix", "-s", "64,4K")))
        self.assert_result(result, code)
        return path

    @classmethod
    def run_once(cls, *arguments):
        """What such a run file holds, for all tests of a class."""
        maker = Case()
        maker.setUp()
        try:
            return json.loads(maker.run_file(*arguments).read_text())
        finally:
            maker.doCleanups()

    def files(self):
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*"))

    def start(self, *arguments):
        """Starts ipcbench as the leader of a group of its own; it ends with the test at the latest."""
        process = subprocess.Popen([IPCBENCH, *arguments], stdout=subprocess.PIPE, text=True,
                                   stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                   start_new_session=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def assert_gone(self, pids):
        left = [pid for pid in pids if is_alive(pid)]
        self.assertTrue(wait_until(lambda: not any(map(is_alive, pids)), 10),
                        f"processes {left} outlive their trial")


def needs_two_cpus(test):
    return unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "needs two CPUs")(test)


def needs_transports(*modules):
    """Where somebody removed one of them, what is told by it can't be told."""
    missing = [name for name in modules if not (BUILD / "transports" / f"{name}.so").exists()]
    return unittest.skipIf(missing, f"there is no transport {' or '.join(missing)} in this build")


def needs_program(name):
    return unittest.skipIf(shutil.which(name) is None, f"{name} is not installed")


def in_mount_namespace(script, *arguments):
    """Runs a shell script in a mount namespace of its own, or skips the test."""
    unshare = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode != 0:
        raise unittest.SkipTest("this host forbids mount namespaces")
    return subprocess.run([*unshare, "sh", "-c", script, "sh", *arguments], capture_output=True,
                          text=True, timeout=120, check=False)
