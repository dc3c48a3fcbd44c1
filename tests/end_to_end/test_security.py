# SPDX-License-Identifier: MIT
"""What a careful administrator asks of a program that runs as root beside others: how it is built,
what it may, from where it loads code, and what it makes where others can reach."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

from support import (BUILD, CELL, IPCBENCH, Case, descendants, ipcbench, needs_program,
                     needs_transports, wait_until)

SANITIZED = "-" in os.environ.get("IPCBENCH_BUILD", "build")

# Bits of capabilities that a trial has no use for, by their numbers in linux/capability.h.
NEVER = {"CHOWN": 0, "FOWNER": 3, "SETGID": 6, "SETUID": 7, "SETPCAP": 8, "LINUX_IMMUTABLE": 9,
         "NET_RAW": 13, "SYS_MODULE": 16, "SYS_RAWIO": 17, "SYS_CHROOT": 18, "SYS_BOOT": 22,
         "SYS_TIME": 25, "MKNOD": 27, "AUDIT_CONTROL": 30, "SETFCAP": 31, "MAC_ADMIN": 33,
         "SYSLOG": 34, "BPF": 39}
# What only the setup has use for, which the trial's parent makes.
NOT_ENDS = {"DAC_OVERRIDE": 1, "DAC_READ_SEARCH": 2, "NET_ADMIN": 12, "SYS_ADMIN": 21, "SYS_NICE": 23}


def status_of(path):
    return dict(line.split(":\t", 1) for line in path.read_text().splitlines() if ":\t" in line)


def readelf(path, *how):
    return subprocess.run(["readelf", "-W", *how, str(path)], capture_output=True, text=True,
                          check=True).stdout


@needs_program("readelf")
class HowItIsBuilt(Case):
    """The facts that checksec prints."""

    def built(self):
        found = [BUILD / "ipcbench", *sorted((BUILD / "transports").glob("*.so"))]
        for guest in (BUILD / "transports").glob("*.guest"):
            if guest.read_bytes()[:4] == b"\x7fELF":
                found.append(guest)
        return found

    def test_nothing_is_executable_and_writable_or_moved_at_run_time(self):
        for path in self.built():
            with self.subTest(path.name):
                self.assertIn("Type:                              DYN", readelf(path, "-h"))
                segments = readelf(path, "-l")
                self.assertIn("GNU_RELRO", segments)
                self.assertRegex(segments, r"GNU_STACK .* RW +0x")
                self.assertNotRegex(segments, r"LOAD .* RWE ")
                dynamic = readelf(path, "-d")
                self.assertRegex(dynamic, r"\(FLAGS(_1)?\).*NOW|\(BIND_NOW\)")
                self.assertNotRegex(dynamic, r"TEXTREL|RPATH|RUNPATH")

    @unittest.skipIf(SANITIZED, "a sanitizer takes the place of these checks")
    def test_the_program_checks_its_stack_and_its_copies(self):
        symbols = readelf(BUILD / "ipcbench", "--dyn-syms")
        self.assertIn("__stack_chk_fail", symbols)
        self.assertRegex(symbols, r"__\w+_chk@")


class WhatItMay(Case):
    @needs_transports("pipe")
    @unittest.skipIf(os.geteuid() != 0, "root has something to drop")
    def test_root_keeps_only_what_trials_need(self):
        process = self.start("trial", CELL, "--time", "20")
        ends = wait_until(lambda: len(descendants(process.pid)) >= 2 and descendants(process.pid))
        self.assertTrue(ends)
        for pid in [process.pid, *ends]:
            status = status_of(pathlib.Path(f"/proc/{pid}/status"))
            self.assertEqual(status["NoNewPrivs"], "1")
            for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                mask = int(status[kind], 16)
                left = [name for name, bit in NEVER.items() if mask >> bit & 1]
                self.assertEqual(left, [], f"{kind} of process {pid}")
        process.terminate()
        process.wait()

    def held(self, ends):
        """For each thread of the ends what it may and should not."""
        found = {}
        for thread in [path for pid in ends for path in pathlib.Path(f"/proc/{pid}/task").iterdir()]:
            status = status_of(thread / "status")
            mask = int(status["CapPrm"], 16) | int(status["CapEff"], 16) | int(status["CapInh"], 16)
            found[thread.name] = [name for name, bit in {**NEVER, **NOT_ENDS}.items()
                                  if mask >> bit & 1]
        return found

    @needs_transports("pipe", "tcp", "unix")
    @unittest.skipIf(os.geteuid() != 0, "root has something to drop")
    def test_ends_keep_nothing_of_what_made_their_surroundings(self):
        folder = str(BUILD / "transports")
        for arguments, seconds, above, least in (  # `above`: processes between the command and the ends
                (("trial", CELL), "20", 0, 2),
                (("trial", "tcp-localhost/pingpong/block/same-core/64B", "--net", "private"), "20", 0, 2),
                (("trial", "unix/serve:clients=4,design=thread/block/same-core/64B"), "20", 0, 5),
                (("trial", "unix/serve:clients=4,design=process/block/same-core/64B"), "20", 0, 5),
                (("duet", "--trial", CELL, folder, folder), "2", 1, 2)):
            with self.subTest(arguments):
                process = self.start(*arguments, "--time", seconds)
                clean = wait_until(lambda: len(held := self.held(descendants(process.pid)[above:])) >= least
                                   and not any(held.values()), 10)
                self.assertTrue(clean, f"{self.held(descendants(process.pid))}\n{process.poll()}")
                process.terminate()
                process.wait()


@needs_transports("pipe")
class FromWhereItLoads(Case):
    def setUp(self):
        super().setUp()
        self.mine = self.folder / "mine"
        self.mine.mkdir(mode=0o755)
        shutil.copy(BUILD / "transports" / "pipe.so", self.mine)

    def trial(self, **how):
        return ipcbench("trial", CELL, "--exchanges", "10", "--transports", str(self.mine), **how)

    def test_a_folder_of_ones_own(self):
        self.assert_result(self.trial(), 0)

    def test_a_folder_to_which_others_can_write(self):
        for mode in (0o777, 0o1777, 0o757):
            self.mine.chmod(mode)
            self.assert_one_sentence(self.trial(), 2, "others can write to", str(self.mine),
                                     "chmod go-w")

    def test_a_folder_below_one_to_which_others_can_write(self):
        self.folder.chmod(0o777)
        self.assert_one_sentence(self.trial(), 2, "others can write to", str(self.folder))
        self.folder.chmod(0o1777)  # as /tmp is: what is ours there can't be replaced
        self.assert_result(self.trial(), 0)

    def test_a_plug_in_to_which_others_can_write(self):
        (self.mine / "pipe.so").chmod(0o666)
        self.assert_one_sentence(self.trial(), 2, "others can write to", "pipe.so")

    def test_a_link_is_as_good_as_what_it_leads_to(self):
        far = self.folder / "far"
        far.mkdir()
        far.chmod(0o777)
        (self.mine / "pipe.so").rename(far / "pipe.so")
        (self.mine / "pipe.so").symlink_to(far / "pipe.so")
        self.assert_one_sentence(self.trial(), 2, "others can write to", str(far))

    @unittest.skipIf(os.geteuid() != 0, "needs root, to give a folder away")
    def test_a_folder_of_somebody_elses(self):
        os.chown(self.mine, 12345, 12345)
        self.assert_one_sentence(self.trial(), 2, "belongs to user 12345")

    @unittest.skipIf(os.geteuid() != 0, "needs root, to give a folder away")
    def test_who_can_change_a_link_on_the_way_is_trusted_too(self):
        """Else somebody makes it lead elsewhere between the look and the loading."""
        theirs = self.folder / "theirs"
        theirs.mkdir()
        (theirs / "link").symlink_to(self.mine)
        (self.folder / "direct").symlink_to(self.mine)
        (self.folder / "far").symlink_to(theirs / "link")
        os.chown(theirs, 12345, 12345)
        for name, code in (("direct", 0), ("theirs/link", 2), ("far", 2), ("mine/../mine/.", 0)):
            with self.subTest(name=name):
                result = ipcbench("trial", CELL, "--exchanges", "10", "--transports",
                                  str(self.folder / name))
                self.assert_result(result, code)
                self.assertIn("belongs to user 12345" if code else "", result.stderr)

    @unittest.skipIf(os.geteuid() != 0, "needs root, to give a folder to a group")
    def test_a_group_of_a_service_is_somebody_else(self):
        os.chown(self.mine, 0, 33)
        self.mine.chmod(0o775)
        self.assert_one_sentence(self.trial(), 2, "others can write to", str(self.mine))
        os.chown(self.mine, 0, 0)
        self.assert_result(self.trial(), 0)

    def test_a_guest_that_lies_where_others_can_put_modules_beside_it(self):
        common = self.folder / "common"
        common.mkdir()
        common.chmod(0o1777)
        guest = common / "evil.guest"
        guest.write_text(f"#!/bin/sh\ntouch {self.folder}/asked\n")
        guest.chmod(0o755)
        (self.mine / "evil.guest").symlink_to(guest)
        result = ipcbench("list", "--transports", str(self.mine))
        self.assertIn("others can write to", " ".join(result.stdout.split()))
        self.assertFalse((self.folder / "asked").exists())

    def test_a_guest_to_which_others_can_write_is_not_asked(self):
        guest = self.mine / "evil.guest"
        guest.write_text(f"#!/bin/sh\ntouch {self.folder}/asked\n")
        guest.chmod(0o777)
        result = ipcbench("list", "--transports", str(self.mine))
        self.assert_result(result, 0)
        self.assertIn("others can write to", " ".join(result.stdout.split()))
        self.assertFalse((self.folder / "asked").exists())


@needs_program("strace")
@unittest.skipIf(SANITIZED, "strace and LeakSanitizer exclude each other")
class WhatItMakes(Case):
    """Every name that a transport of ours makes is new, and only its user's."""

    CALLS = "openat,open,creat,mkdir,mkdirat,mknod,mknodat,mq_open,shmget,semget,msgget,symlink,link"

    def calls(self, name, wait="block"):
        log = self.folder / f"{name}.strace"
        result = subprocess.run(
            ["strace", "-f", "-qq", "-s", "200", "-e", f"trace={self.CALLS},execve", "-o", str(log),
             IPCBENCH, "trial", f"{name}/pingpong/{wait}/same-core/8B", "--exchanges", "20"],
            capture_output=True, text=True, timeout=120, check=False)
        return result, log.read_text()

    def judge(self, line):
        if re.search(r"/(proc|sys)/", line) or "/dev/null" in line:
            return None
        if re.search(r"\b(mq_open|open|openat)\(", line) and "O_CREAT" in line:
            return "O_EXCL" in line and re.search(r", 0600", line)
        if re.search(r"\b(shmget|semget|msgget)\(", line) and "IPC_CREAT" in line:
            if "IPC_PRIVATE" in line:  # without a name
                return bool(re.search(r"\|0600\b", line))
            return "IPC_EXCL" in line and re.search(r"\|0600\b", line)
        if re.search(r"\b(mkdir|mkdirat)\(", line):
            return "0700" in line
        if re.search(r"\b(mknod|mknodat)\(", line):
            return "0600" in line
        if re.search(r"\b(creat|symlink|link)\(", line):
            return False
        return None

    def test_names_are_new_and_private(self):
        names = [entry for entry in ("core", "kernel") for entry in self.group(entry)]
        self.assertGreater(len(names), 10)
        made = 0
        for name in names:
            result, log = self.calls(name)
            if result.returncode == 77:
                continue
            for line in log.splitlines():
                verdict = self.judge(line)
                made += verdict is not None
                self.assertTrue(verdict is None or verdict, f"{name}: {line}")
        self.assertGreater(made, 5, "strace saw less than what is known to be made")

    def group(self, group):
        return [entry["name"] for entry in json.loads(ipcbench("list", "--json").stdout)
                if entry["group"] == group and entry["available"]]

    def test_guests_are_started_without_a_shell(self):
        names = [name for name in self.group("guest") if name.startswith("python")]
        if not names:
            self.skipTest("no guest of Python here")
        result, log = self.calls("python-pipe")
        self.assert_result(result, 0)
        programs = re.findall(r'execve\("([^"]*)"', log)
        self.assertTrue(any(program.endswith("python.guest") for program in programs))
        self.assertFalse([p for p in programs if re.search(r"/(ba|da|k|z)?sh$", p)], programs)


@needs_transports("tcp")
@needs_program("strace")
@needs_program("ip")
@unittest.skipIf(SANITIZED, "strace and LeakSanitizer exclude each other")
class Strangers(Case):
    """A real attacker on the network on which tcp-public listens."""

    def test_strangers_neither_disturb_nor_get_a_byte(self):
        spaces = ["unshare", "--net"] if os.geteuid() == 0 else \
            ["unshare", "--user", "--map-root-user", "--net"]
        if subprocess.run([*spaces, "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("this host forbids network namespaces")
        attack = pathlib.Path(__file__).with_name("attack.py")
        result = subprocess.run([*spaces, "python3", str(attack), IPCBENCH], capture_output=True,
                                text=True, timeout=120, check=False)
        self.assert_result(result, 0)
        came = json.loads(result.stdout)
        self.assertEqual((came["code"], came["record"]["status"]), (0, "ok"), came)
        self.assertEqual(came["record"]["exchanges"], 20000)
        self.assertEqual((came["bytes"], came["late"]), (0, False))
        self.assertGreaterEqual(came["called"], 500)
        facts = came["record"]["facts"]
        turned_away = int(facts.get("strangers", facts.get("server.strangers", "0")))
        self.assertGreaterEqual(turned_away, 100)


if __name__ == "__main__":
    unittest.main()
