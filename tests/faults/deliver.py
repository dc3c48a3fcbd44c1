# SPDX-License-Identifier: MIT
"""Makes one fault happen and says what was found wrong afterwards."""

import contextlib
import errno
import os
import resource
import select
import signal
import socket
import subprocess
import time

import verdict
from cells import AMOUNT
from draw import number_of
from scene import Scene, children, descendants, is_alive, parent, send

PATIENCE_S = 60       # beyond what anything may take on a busy host: longer is a hang
NOBODY = 61234        # a user without rights and, most likely, without processes
RUN = ["--time", "0.02", "--warmup", "0.01", "--no-counts", "--seed", "7", "-q"]
TRIALS = 3


class Delivery:
    """One fault on its way. `whole`: the seeds of an undisturbed run of TRIALS trials."""

    def __init__(self, folder, fault, whole):
        self.fault, self.whole = fault, whole
        self.scene = Scene(folder, f"fault-{fault['number']}")
        self.happened = False
        self.expected, self.excused, self.least = {0, 1, 77}, False, 0
        self.process = None

    # ---- what is run ----

    def trial(self, orders=None, amount=None, deadline=40, **how):
        self.process = self.scene.start(["trial", self.fault["key"], *(amount or AMOUNT), "--json",
                                         "--deadline", str(deadline)], orders, **how)

    def run(self, orders=None, **how):
        transport, workload, wait, placement, size = self.fault["key"].split("/")
        self.process = self.scene.start(
            ["run", "-t", transport, "-w", workload, "-W", wait, "-p", placement, "-s", size, *RUN,
             "--trials", str(TRIALS), "-o", str(self.scene.run_file)], orders, **how)

    def end(self, seconds=PATIENCE_S):
        """Waits for the end; a sentence if it doesn't come."""
        try:
            self.process.wait(seconds)
            return []
        except subprocess.TimeoutExpired:
            send(self.process.pid, signal.SIGKILL)
            self.process.wait()
            return [f"it was not over after {seconds} s"]

    def check_trial(self):
        found = self.end()
        found += [] if found else verdict.of_trial(self.scene, self.process.returncode, self.expected)
        return found + self.check_rest()

    def check_run(self):
        found = self.end(PATIENCE_S * 2)
        whole = [(self.fault["key"], seed) for seed in self.whole]
        gone = verdict.leftovers(self.scene, self.excused)
        if not found:
            found += verdict.of_run(self.scene, self.process.returncode, self.expected, self.least,
                                    whole, self.fault.get("call") in ("open", "unlink", "fsync"))
        return found + gone + verdict.speech(self.scene)

    def check_rest(self):
        return verdict.leftovers(self.scene, self.excused) + verdict.speech(self.scene)

    # ---- signals at a stage ----

    def listener(self):
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        path = str(self.scene.folder / "s")
        door.bind(path)
        door.listen(16)
        return door, path

    def at_stage(self, door, act):
        """Calls act(end) when the end that is meant comes to the stage, then lets it go on."""
        skip = self.fault.get("trial", 0) * 2 + self.fault["second"]
        solo = self.fault["key"].split("/")[0] in ("null", "known-delay")
        skip = self.fault.get("trial", 0) if solo else skip
        deadline = time.monotonic() + PATIENCE_S
        while self.process.poll() is None and time.monotonic() < deadline:
            if not select.select([door], [], [], 0.02)[0]:
                continue
            guest, _ = door.accept()
            with guest:
                said = guest.recv(64).split()
                if not said:  # it was killed as it came
                    continue
                end = int(said[1])
                if skip == 0 and not self.fault["delay_ms"]:
                    act(end)
                with contextlib.suppress(OSError):  # it may be dead by now
                    guest.sendall(b".")
            if skip == 0 and self.fault["delay_ms"]:
                time.sleep(self.fault["delay_ms"] / 1e3)
                act(end)
            skip -= 1

    def victim(self, end):
        above = parent(end)
        if self.fault["target"] == "peer":
            return next((pid for pid in children(above) if pid != end), 0)
        return {"end": end, "trial": above, "run": self.process.pid}[self.fault["target"]]

    def strike(self, victim):
        number = number_of(self.fault["signal"])
        if victim == 0 or not is_alive(victim) or not send(victim, number):
            return
        self.happened = True
        top = victim == self.process.pid
        if number == signal.SIGSTOP and top:
            time.sleep(0.3)
            send(victim, signal.SIGCONT)

    def at_time(self):
        """Guests say nothing of stages: after a while, whichever process it is."""
        time.sleep(self.fault["delay_ms"] / 1e3)
        below = children(self.process.pid)
        if self.fault["target"] in ("child", "descendant"):
            all_below = descendants(self.process.pid)
            victim = (below if self.fault["target"] == "child" else all_below[::-1] or [0])
            victim = victim[0] if victim else 0
        else:
            direct = self.fault["kind"] == "signal" or self.fault["target"] == "run"
            victim = self.process.pid if direct else (below or [0])[0]
        self.strike(victim)

    def signal_expected(self, top):
        """Codes of the process on top, which is the victim or watches it."""
        number = self.fault["signal"]
        if self.fault["target"] != top:
            return {0, 1} if self.fault["target"] != "trial" or number != "SIGSTOP" else {0, 1}
        return {"SIGKILL": {-9, 0}, "SIGTERM": {130, -15, 0}, "SIGSTOP": {0, 1}}[number]

    def deliver_signal(self, start, top, check):
        self.expected = self.signal_expected(top)
        self.excused = self.fault["target"] in ("trial", "run", "child", "descendant") and \
            self.fault["signal"] != "SIGTERM"
        if self.fault["stage"] == "time":
            start(None)
            self.at_time()
            return check()
        door, path = self.listener()
        with door:
            start({"STAGE": f"{self.fault['stage']}:{path}"})
            self.at_stage(door, lambda end: self.strike(self.victim(end)))
        return check()

    def do_signal(self):
        amount = ["--time", "0.3", "--warmup", "0.05"] if self.fault["delay_ms"] else None
        stop = self.fault["signal"] == "SIGSTOP"
        deadline = (6 if self.fault["guest"] else 3) if stop else 40
        return self.deliver_signal(lambda orders: self.trial(orders, amount, deadline), "trial",
                                   self.check_trial)

    def do_signal_in_run(self):
        self.least = 0 if self.fault["stage"] == "time" else self.fault["trial"]
        return self.deliver_signal(self.run, "run", self.check_run)

    # ---- calls that fail ----

    def orders_of_error(self):
        fault = self.fault
        number = getattr(errno, fault["errno"])
        return {"ROLE": fault["role"], "ERROR": f"{fault['call']}:{number}:{fault['nth']}:{fault['times']}"}

    def interposed(self):
        self.happened = bool(self.scene.happened())

    def do_error(self):
        self.excused = self.fault["call"] in ("unlink", "open", "openat", "malloc")
        if self.fault["errno"] == "EACCES":
            self.expected |= {2}  # a plug-in that may not be read is wrong input
        self.trial(self.orders_of_error(), deadline=15)
        self.end()
        self.excuse_library()
        found = self.check_trial()
        self.interposed()
        return found

    def excuse_library(self):
        """Some libraries crash for want of memory; what they leave is swept, and nothing is lost."""
        if self.fault["errno"] == "ENOMEM" and self.scene.crashed_elsewhere():
            self.expected |= {-signal.SIGSEGV, -signal.SIGABRT}
            self.excused = True

    def do_error_in_run(self):
        self.run(self.orders_of_error())
        self.end(PATIENCE_S * 2)
        self.excuse_library()
        found = self.check_run()
        self.interposed()
        return found

    def survives(self, orders):
        """Nothing but a good end will do."""
        self.expected = {0}
        self.trial(orders)
        found = self.check_trial()
        self.interposed()
        return found

    def do_short(self):
        return self.survives({"SHORT": self.fault["value"]})

    def do_storm(self):
        return self.survives({"STORM": self.fault["value"]})

    def do_clock(self):
        return self.survives({"CLOCK": self.fault["value"] or 1})

    # ---- limits ----

    def limited(self, *limits, user=None):
        def lower():
            for kind, value in limits:
                resource.setrlimit(kind, (value, value))
            if user is not None:
                os.setgroups([])
                os.setgid(user)
                os.setuid(user)
        if user is not None:
            for path in (self.scene.tmp, self.scene.out):
                os.chown(path, user, user)
        self.happened = True
        self.trial(preexec_fn=lower)
        return self.check_trial()

    def do_descriptors(self):
        return self.limited((resource.RLIMIT_NOFILE, self.fault["value"]))

    def do_memory(self):
        self.expected = {0, 1, 77, 127}  # 127: not even the loader had enough
        return self.limited((resource.RLIMIT_AS, self.fault["value"] << 20))

    def do_memlock(self):
        return self.limited((resource.RLIMIT_MEMLOCK, self.fault["value"] << 10), user=NOBODY)

    def do_nproc(self):
        return self.limited((resource.RLIMIT_NPROC, self.fault["value"]), user=NOBODY)

    # ---- places that are full ----

    def do_disk(self):
        size = f"size={self.fault['value'] * 4}k,mode=1777"
        for place in (self.scene.tmp, self.scene.out):
            subprocess.run(["mount", "-t", "tmpfs", "-o", size, "none", str(place)], check=True)
        try:
            self.happened = True
            self.run()
            return self.check_run()
        finally:
            for place in (self.scene.tmp, self.scene.out):
                subprocess.run(["umount", "-l", str(place)], check=False)

    def do_shm(self):
        """All but so many pages of /dev/shm are taken."""
        room = os.statvfs("/dev/shm")
        filler = "/dev/shm/filler"
        try:
            with open(filler, "wb") as file:
                os.posix_fallocate(file.fileno(), 0, (room.f_bavail - self.fault["value"]) * room.f_bsize)
            self.happened = True
            self.trial()
            return self.check_trial()
        finally:
            os.unlink(filler)

    # ---- the rest ----

    def do_affinity(self):
        def shrink(end):
            others = os.sched_getaffinity(0) - os.sched_getaffinity(end)
            if others:
                os.sched_setaffinity(end, {min(others)})
                self.happened = True

        door, path = self.listener()
        with door:
            self.trial({"STAGE": f"{self.fault['stage']}:{path}"}, ["--time", "0.2", "--warmup", "0.05"])
            self.at_stage(door, shrink)
        if self.happened and self.fault["stage"] == "measure":
            self.expected = {1}  # it was not where its label says
        return self.check_trial()

    def do_second(self):
        """Another run while this one measures: refused, or after it."""
        self.run()
        first = self.process
        end = time.monotonic() + PATIENCE_S
        while not self.scene.journal.exists() and first.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        wait = self.fault["value"] * PATIENCE_S
        second = subprocess.run(
            [*first.args[:-1], str(self.scene.out / "second.json"), "--wait", str(wait)],
            env=self.scene.environment(), capture_output=True, text=True, timeout=2 * PATIENCE_S,
            check=False)
        found = [] if first.wait(PATIENCE_S) == 0 else ["the first run was disturbed"]
        self.happened = True
        made = (self.scene.out / "second.json").exists()
        if wait and (second.returncode or not made):
            found.append(f"the second run did not wait: {second.returncode} {second.stderr}")
        if not wait and second.returncode not in (0, 3):  # 0: the first was over already
            found.append(f"the second run ended with {second.returncode}: {second.stderr}")
        if second.returncode == 3 and ("another run" not in second.stderr or made):
            found.append(f"refused without a sentence: {second.stderr}")
        return found + self.check_rest()

    def do_resume(self):
        """Killed again and again, and taken up again; nothing is lost, nothing doubled."""
        self.run_long()
        kept = []
        found = []
        for name, ms in self.fault["kills"]:
            time.sleep(ms / 1e3)
            send(self.process.pid, number_of(name))
            found += self.end()
            before, kept = kept, self.identities()
            if kept[:len(before)] != before:
                found.append("what was kept before a kill is not what is kept after it")
            self.happened = True
            existing = self.scene.journal.exists() or self.scene.run_file.exists()
            self.scene.outlive()
            self.run_long(existing)
        found += self.end(2 * PATIENCE_S)
        now = self.identities()
        if self.process.returncode:
            found.append(f"the last resumption ended with {self.process.returncode}: "
                         f"{self.scene.said('stderr')}")
        if now != self.whole_long():
            found.append(f"{len(now)} trials, not those of an undisturbed run")
        if sorted(path.name for path in self.scene.out.iterdir()) != ["run.json"]:
            found.append("something is left beside the run file")
        self.excused = True
        return found + self.check_rest()

    LONG = ["-t", "pipe,unix", "-s", "64", "-W", "block", "-p", "same-core", "--trials", "10", "--time",
            "0.02", "--warmup", "0.01", "--seed", "11", "-q"]
    long_identities = []

    def run_long(self, resume=False):
        path = str(self.scene.run_file)
        self.process = self.scene.start(["run", "--resume", path, "-q"] if resume else
                                        ["run", *self.LONG, "-o", path])

    def identities(self):
        path = self.scene.journal if self.scene.journal.exists() else self.scene.run_file
        return [(trial["key"], trial["purpose"], trial["seed"]) for trial in
                (self.scene.trials(path) if path.exists() else [])]

    def whole_long(self):
        """Of the same run undisturbed, once for each campaign."""
        if not self.long_identities:
            other = Delivery(self.scene.folder, self.fault, self.whole)
            other.run_long()
            other.end(2 * PATIENCE_S)
            self.long_identities.extend(other.identities())
            other.scene.close()
        return self.long_identities

    def deliver(self):
        try:
            return getattr(self, f"do_{self.fault['kind'].replace(' ', '_')}")()
        finally:
            if self.process is not None and self.process.poll() is None:
                send(self.process.pid, signal.SIGKILL)
                self.process.wait()
            self.scene.outlive(0)
            self.scene.close()
