# SPDX-License-Identifier: MIT
"""Where one fault happens: a folder, the variables that the interposer reads, the processes that bear
the scene's mark, and what must not be left of it afterwards."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from processes import children, descendants  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get("IPCBENCH_BUILD", "build")).resolve()
IPCBENCH = str(BUILD / "ipcbench")
INTERPOSER = str(BUILD / "tests" / "faults" / "interpose.so")
MARK = "IPCFAULT_MARK"
SYSV_MARK = 0x16A  # of the keys that transports/helper.h makes


def parent(pid):
    try:
        return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


class Scene:
    def __init__(self, folder, name):
        self.folder = pathlib.Path(folder) / name
        self.mark = f"{os.getpid()}-{name}-{time.monotonic_ns()}"
        self.tmp, self.out = self.folder / "tmp", self.folder / "out"
        for path in (self.folder, self.tmp, self.out):
            path.mkdir()
        self.log = self.folder / "log"
        self.log.touch()
        self.run_file = self.out / "run.json"
        self.journal = self.out / "run.json.journal"

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self, orders=None):
        """Without orders there is no interposer."""
        variables = {name: value for name, value in os.environ.items() if not name.startswith("IPCFAULT")}
        variables |= {"TMPDIR": str(self.tmp), MARK: self.mark, "NO_COLOR": "1"}
        if orders is not None:
            variables |= {"LD_PRELOAD": INTERPOSER, "IPCFAULT_LOG": str(self.log)}
            variables |= {f"IPCFAULT_{name}": str(value) for name, value in orders.items()}
        return variables

    def start(self, arguments, orders=None, prefix=(), **how):
        return subprocess.Popen([*prefix, IPCBENCH, *arguments], stdin=subprocess.DEVNULL, text=True,
                                errors="replace", stdout=open(self.folder / "stdout", "w+"),
                                stderr=open(self.folder / "stderr", "w+"), start_new_session=True,
                                env=self.environment(orders), **how)

    def said(self, stream):
        return (self.folder / stream).read_text(errors="replace")

    def happened(self):
        """What the interposer did, in short."""
        return [line.split(maxsplit=1)[1] for line in self.log.read_text().splitlines()
                if line.startswith("fault ")]

    def crashed_elsewhere(self):
        """Whether a process crashed, and that in a library's code: one that takes memory for granted."""
        lines = [line.split() for line in self.log.read_text().splitlines() if line.startswith("crash")]
        return bool(lines) and not any(str(BUILD) in line[2] or "ipcbench" in line[2] for line in lines[:1])

    # ---- afterwards ----

    def marked(self):
        """The living processes of this scene."""
        found = []
        wanted = f"{MARK}={self.mark}".encode()
        for entry in os.scandir("/proc"):
            if not entry.name.isdigit():
                continue
            try:
                with open(f"/proc/{entry.name}/environ", "rb") as file:
                    if wanted in file.read().split(b"\0") and is_alive(int(entry.name)):
                        found.append(int(entry.name))
            except OSError:
                continue
        return found

    def outlive(self, seconds=8):
        """Processes that are still there after that time; they are ended."""
        end = time.monotonic() + seconds
        while (found := self.marked()) and time.monotonic() < end:
            time.sleep(0.02)
        names = []
        for pid in found:
            try:
                names.append(pathlib.Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")[:90])
            except OSError:
                names.append("?")
            send(pid, signal.SIGKILL)
        return names

    def objects(self):
        """Kernel objects and files with a name of ours."""
        found = [str(path) for path in self.tmp.iterdir()]
        for place in ("/dev/shm", "/dev/mqueue"):
            if os.path.isdir(place):
                found += [f"{place}/{name}" for name in os.listdir(place) if name != "filler"]
        for kind in ("msg", "sem", "shm"):
            table = pathlib.Path("/proc/sysvipc", kind)
            for line in table.read_text().splitlines()[1:] if table.exists() else []:
                if (int(line.split()[0]) & 0xFFFFFFFF) >> 23 == SYSV_MARK:
                    found.append(f"{kind} {line.split()[0]}")
        found += [f"device {name}" for name in os.listdir("/sys/class/net") if "ipcbench" in name]
        return found

    def sweep(self):
        """The next start of the program, which removes what killed trials have left."""
        subprocess.run([IPCBENCH, "trial", "null/pingpong/block/same-core/8B", "--exchanges", "1"],
                       env=self.environment(), capture_output=True, timeout=60, check=False)

    def trials(self, path):
        """The trials of a run file or of a journal, whose last line may be cut."""
        text = path.read_text()
        if path.suffix == ".json":
            return json.loads(text)["trials"]
        lines = [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()[1:]]
        return [line for line in lines if "resumed" not in line]
