# SPDX-License-Identifier: MIT
"""The Makefile and the setup script: adding and removing a transport, what is missing, install."""

import json
import os
import re
import shutil
import signal
import subprocess

from support import BUILD, ROOT, Case, needs_transports

# What the make that runs the tests passes on would change the makes that the tests run.
PLAIN = {name: value for name, value in os.environ.items()
         if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "SANITIZE", "BUILD")}


def run(*command, **how):
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False,
                          **{"env": PLAIN, **how})


@needs_transports("pipe", "null")
class Tree(Case):
    """A copy of the tree in which only plug-ins are built."""

    def setUp(self):
        super().setUp()
        self.tree = self.folder / "tree"
        self.tree.mkdir()
        shutil.copy(ROOT / "Makefile", self.tree)
        (self.tree / "transports").mkdir()
        for name in ("transport.h", "helper.h", "pipe.c", "null.c"):
            shutil.copy(ROOT / "transports" / name, self.tree / "transports")

    def make(self, code=0):
        result = run("make", "plugins", cwd=self.tree)
        self.assert_result(result, code)
        return sorted(path.name for path in (self.tree / "build" / "transports").iterdir()
                      if path.suffix in (".so", ".absent"))

    def listed(self):
        result = run(str(BUILD / "ipcbench"), "list", "--json", "--transports",
                     str(self.tree / "build" / "transports"))
        self.assert_result(result, 0)
        return {entry["name"]: entry for entry in json.loads(result.stdout)}

    def test_one_file_adds_and_removes_a_transport(self):
        self.assertEqual(self.make(), ["null.so", "pipe.so"])
        source = (self.tree / "transports" / "pipe.c").read_text()
        mine = self.tree / "transports" / "mine.c"
        mine.write_text(source.replace('.name = "pipe"', '.name = "mine"'))
        self.assertEqual(self.make(), ["mine.so", "null.so", "pipe.so"])
        self.assertTrue(self.listed()["mine"]["available"])
        mine.unlink()
        self.assertEqual(self.make(), ["null.so", "pipe.so"])
        self.assertNotIn("mine", self.listed())

    def test_the_example_of_the_guide_passes_the_contract(self):
        guide = (ROOT / "docs" / "adding-a-transport.md").read_text()
        example = guide.split("```c\n")[1].split("```")[0]
        self.assertLess(example.count("\n"), 100)
        (self.tree / "transports" / "example.c").write_text(example)
        self.make()
        result = run(str(BUILD / "tests" / "contract" / "contract"),
                     str(self.tree / "build" / "transports"), "example")
        self.assert_result(result, 0)
        self.assertGreater(result.stdout.count("\nok "), 30)

    def test_a_missing_library_leaves_a_sentence(self):
        source = self.tree / "transports" / "moon.c"
        source.write_text("/* pkg-config: no-such-library-as-this */\n#include <no/such/header.h>\n")
        self.assertEqual(self.make(), ["moon.absent", "null.so", "pipe.so"])
        moon = self.listed()["moon"]
        self.assertFalse(moon["available"])
        self.assertIn("no-such-library-as-this", moon["why"])
        source.unlink()
        self.assertEqual(self.make(), ["null.so", "pipe.so"])

    def test_a_change_of_a_header_rebuilds(self):
        self.make()
        plugin = self.tree / "build" / "transports" / "pipe.so"
        before = plugin.stat().st_mtime_ns
        self.make()
        self.assertEqual(plugin.stat().st_mtime_ns, before)
        os.utime(self.tree / "transports" / "helper.h")
        self.make()
        self.assertGreater(plugin.stat().st_mtime_ns, before)


@needs_transports("pipe")
class Install(Case):
    def test_install_and_uninstall(self):
        target = [f"BUILD={BUILD}", f"DESTDIR={self.folder}", "PREFIX=/opt/bench"]
        self.assert_result(run("make", "-s", "-o", "all", "install", *target, cwd=ROOT), 0)
        root = self.folder / "opt" / "bench"
        binary = str(root / "bin" / "ipcbench")
        result = run(binary, "list", "--json", cwd="/")
        self.assert_result(result, 0)
        self.assertIn("pipe", [entry["name"] for entry in json.loads(result.stdout)])
        self.assert_result(run(binary, "trial", "pipe/pingpong/block/same-core/64B", "--exchanges",
                               "9", cwd="/"), 0)
        self.assertTrue((root / "include" / "ipcbench" / "transport.h").exists())
        self.assert_result(run("make", "-s", "uninstall", *target, cwd=ROOT), 0)
        self.assertEqual([path for path in self.folder.rglob("*") if not path.is_dir()], [])

    def test_somebody_elses_plug_in_builds_from_what_is_installed(self):
        target = [f"BUILD={BUILD}", f"DESTDIR={self.folder}", "PREFIX=/opt/bench"]
        self.assert_result(run("make", "-s", "-o", "all", "install", *target, cwd=ROOT), 0)
        root = self.folder / "opt" / "bench"
        shutil.copy(ROOT / "transports" / "pipe.c", self.folder / "pipe.c")
        result = run("cc", "-std=gnu11", "-D_GNU_SOURCE", f"-I{root}/include/ipcbench", "-shared",
                     "-fPIC", "-o", str(self.folder / "pipe.so"), str(self.folder / "pipe.c"))
        self.assert_result(result, 0)
        result = run(str(root / "bin" / "ipcbench"), "trial", "pipe/pingpong/block/same-core/64B",
                     "--exchanges", "9", "--transports", str(self.folder))
        self.assert_result(result, 0)


class Runner(Case):
    """scripts/check must fail where a suite fails, breaks off, or leaves something behind."""

    def check(self, text, code):
        contract = self.folder / "tests" / "contract" / "contract"
        contract.parent.mkdir(parents=True, exist_ok=True)
        contract.write_text(f"#!/bin/sh\n{text}\n")
        contract.chmod(0o755)
        result = run(str(ROOT / "scripts" / "check"), str(self.folder), "--only", "contract")
        self.assert_result(result, code)
        return result.stdout

    def test_a_suite_that_is_none(self):
        for names in (["unit"], ["units", "end-to-end/test_nobody"], []):
            result = run(str(ROOT / "scripts" / "check"), str(self.folder), "--only", *names)
            self.assertEqual((result.returncode, result.stdout), (2, ""))
            self.assertIn("units contract threads", result.stderr)

    def test_counts_and_reasons(self):
        output = self.check("echo ok 1 - a; echo 'ok 2 - b # SKIP no moon'; echo ok 3 - c", 0)
        self.assertIn("skipped: b: no moon", output)
        # What is left behind is one more test.
        self.assertEqual(output.splitlines()[-1], "3 passed, 0 failed, 1 skipped")

    def test_failures(self):
        for text in ("echo ok 1 - a; echo not ok 2 - b; exit 1", "echo ok 1 - a; exit 3",
                     "echo ok 1 - a; kill -9 $$"):
            with self.subTest(text=text):
                output = self.check(text, 1)
                self.assertEqual(output.splitlines()[-1], "2 passed, 1 failed, 0 skipped")
        self.assertEqual(self.check("exit 0", 1).splitlines()[-1], "1 passed, 1 failed, 0 skipped")

    def test_what_is_left_behind(self):
        output = self.check("echo ok 1 - a; echo >$TMPDIR/file; "
                            "setsid sleep 100 >/dev/null 2>&1 & exit 0", 1)
        self.assertIn("file in TMPDIR: file", output)
        pid = int(re.search(r"process (\d+) \(sleep 100 \)", output)[1])
        os.kill(pid, signal.SIGKILL)
        self.assertEqual(output.splitlines()[-1], "1 passed, 1 failed, 0 skipped")


class Bare(Case):
    """A machine on which nothing is installed yet: only these commands."""

    def setUp(self):
        super().setUp()
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        for name in ("sh", "bash", "env", "make", "sed", "dirname", "mkdir", "cmp", "grep", "cat",
                     "rm", "uname"):
            (self.bin / name).symlink_to(shutil.which(name))
        self.env = {"PATH": str(self.bin), "HOME": str(self.folder)}

    def program(self, name, text):
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def test_help_works_and_names_every_target(self):
        result = run("make", "-s", "help", cwd=ROOT, env=self.env)
        self.assert_result(result, 0)
        self.assertEqual(result.stderr, "")
        for target in ("setup", "bench", "check", "lint", "install", "uninstall", "clean"):
            self.assertRegex(result.stdout, rf"(?m)^make {target} +\S")

    def test_a_build_without_its_libraries_is_one_sentence(self):
        self.program("gcc", "exit 0")
        result = run("make", "-s", f"BUILD={self.folder}/build", cwd=ROOT, env=self.env)
        self.assertEqual(result.returncode, 2)
        self.assertIn("run 'make setup' first", result.stderr)

    def test_setup_without_apt_is_one_sentence(self):
        result = run("make", "-s", "setup", cwd=ROOT, env=self.env)
        self.assertEqual(result.returncode, 2)
        self.assertIn("setup: this knows only apt-get", result.stderr)

    def test_setup_prints_and_runs_what_is_missing(self):
        log = self.folder / "log"
        self.program("dpkg-query", "echo installed")
        self.program("apt-get", f'echo "$@" >>{log}')
        self.program("id", "echo 0")
        result = run("make", "-s", "setup", cwd=ROOT, env=self.env)
        self.assertIn("+ env DEBIAN_FRONTEND=noninteractive apt-get install", result.stdout)
        updated, installed = log.read_text().splitlines()[:2]
        self.assertIn("update", updated)
        for package in ("pkg-config", "gnuplot-nox", "strace"):
            self.assertIn(f" {package}", installed)
        for package in ("libjansson-dev", " make"):  # is there already
            self.assertNotIn(package, installed)

    def test_setup_and_what_needs_it_in_one_go(self):
        self.program("dpkg-query", "exit 1")
        self.program("id", "echo 0")
        real = shutil.which("pkg-config")
        self.program("apt-get", f"{shutil.which('ln')} -sf {real} {self.bin}/pkg-config")
        result = run("make", "-s", "-j4", "setup", "packages", cwd=ROOT, env=self.env)
        self.assert_result(result, 0)

    def test_setup_uses_sudo_when_not_root(self):
        log = self.folder / "log"
        self.program("dpkg-query", "exit 1")
        self.program("apt-get", "exit 1")
        self.program("id", "echo 1000")
        result = run("make", "-s", "setup", cwd=ROOT, env=self.env)
        self.assertEqual(result.returncode, 2)
        self.assertIn("needs root", result.stderr)
        self.program("sudo", f'echo "$@" >>{log}')
        result = run("make", "-s", "setup", cwd=ROOT, env=self.env)
        self.assertIn("apt-get install", log.read_text())
