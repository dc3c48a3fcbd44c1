# SPDX-License-Identifier: MIT
"""Draws the faults of a campaign: the same seed, number and cells give the same fault."""

import errno
import random
import signal

STAGES = ["start", "attach", "warm-up", "measure", "finish", "detach", "over"]
SIGNALS = ["SIGKILL", "SIGTERM", "SIGSTOP"]

# How many of 1,000 faults are of that kind.
SHARES = {"signal": 400, "signal in run": 110, "error": 250, "error in run": 60, "short": 35, "storm": 35,
          "clock": 15, "descriptors": 25, "memory": 10, "disk": 10, "shm": 8, "memlock": 7, "nproc": 10,
          "affinity": 10, "second": 5, "resume": 10}

# What a call can really say.
_SPACE = [errno.ENOSPC, errno.EACCES, errno.EMFILE, errno.ENOMEM]
_TABLE = [errno.EMFILE, errno.ENFILE, errno.ENOMEM]
ERRORS = {
    "write": [errno.ENOSPC, errno.EIO, errno.EINTR], "fdatasync": [errno.ENOSPC, errno.EIO],
    "fsync": [errno.ENOSPC, errno.EIO], "ftruncate": [errno.ENOSPC, errno.EINTR],
    "linkat": [errno.ENOSPC, errno.EACCES], "rename": [errno.ENOSPC, errno.EACCES],
    "unlink": [errno.EACCES], "mkdir": [errno.ENOSPC, errno.EACCES, errno.ENOMEM],
    "mkfifo": [errno.ENOSPC, errno.EACCES], "open": [*_SPACE, errno.EINTR], "openat": _SPACE,
    "fopen": [errno.EACCES, errno.EMFILE, errno.ENOMEM], "shm_open": _SPACE, "msgget": [errno.ENOSPC],
    "semget": [errno.ENOSPC], "unshare": [errno.ENOSPC, errno.EPERM, errno.ENOMEM],
    "socket": [*_TABLE, errno.EACCES], "socketpair": _TABLE, "pipe2": _TABLE, "eventfd": _TABLE,
    "memfd_create": _TABLE, "signalfd": _TABLE, "syscall": _TABLE, "accept4": [*_TABLE, errno.EINTR],
    "bind": [errno.EACCES], "listen": [errno.EACCES], "connect": [errno.EACCES],
    "setsockopt": [errno.ENOMEM], "dup2": [errno.EMFILE, errno.EINTR],
    "mlock": [errno.ENOMEM, errno.EPERM], "mmap": [errno.ENOMEM], "fork": [errno.EAGAIN, errno.ENOMEM],
    "poll": [errno.EINTR, errno.ENOMEM], "waitpid": [errno.EINTR], "read": [errno.EINTR, errno.EIO],
    "recv": [errno.EINTR, errno.ENOMEM], "send": [errno.EINTR, errno.ENOMEM],
    "malloc": [errno.ENOMEM], "calloc": [errno.ENOMEM], "realloc": [errno.ENOMEM],
    "aligned_alloc": [errno.ENOMEM],
}


def _signal(rnd, cell, fault):
    fault["signal"] = rnd.choice(SIGNALS)
    fault["delay_ms"] = rnd.choice([0, 0, 1, 3, 10])
    if cell["guest"]:  # its ends say nothing of their stages
        return fault | {"stage": "time", "delay_ms": rnd.randrange(50, 900),
                        "target": rnd.choice(["child", "descendant", "trial"])}
    return fault | {"stage": rnd.choice(STAGES), "second": rnd.random() < 0.5,
                    "target": rnd.choice(["end", "end", "peer", "trial"])}


def _signal_in_run(rnd, cell, fault):
    fault = _signal(rnd, cell, fault) | {"trial": rnd.randrange(3)}
    targets = ["run", "run", "run", "trial", *([] if cell["guest"] else ["end", "peer"])]
    return fault | {"target": rnd.choice(targets)}


def _error(rnd, cell, fault, only_role=None):
    """Roles are equally likely, and within a role its calls, however often each is made."""
    calls = [call for call in cell["calls"] if call[1] in ERRORS and call[0] != "other"]
    role = only_role or rnd.choice(sorted({role for role, _, _ in calls}))
    _, call, count = rnd.choice([call for call in calls if call[0] == role])
    nth = rnd.randint(1, count) if rnd.random() < 0.7 else 1
    number, times = rnd.choice(ERRORS[call]), rnd.choice([1, 1, 3, 0])
    if number == errno.EINTR and times == 0:
        times = 2  # no kernel interrupts for ever
    return fault | {"role": role, "call": call, "errno": errno.errorcode[number], "nth": nth, "times": times}


def _value(low, high):
    return lambda rnd, cell, fault: fault | {"value": rnd.randint(low, high)}


def _storm(rnd, cell, fault):
    return fault | {"value": rnd.choice([200, 500, 1000, 3000])}


def _affinity(rnd, cell, fault):
    return fault | {"stage": rnd.choice(["warm-up", "measure"]), "second": rnd.random() < 0.5,
                    "delay_ms": rnd.randrange(20)}


def _resume(rnd, cell, fault):
    return fault | {"kills": [[rnd.choice(["SIGKILL", "SIGKILL", "SIGTERM"]), rnd.randrange(3000)]
                              for _ in range(rnd.randint(1, 3))]}


DRAW = {"signal": _signal, "signal in run": _signal_in_run, "error": _error,
        "short": _value(1, 1 << 30), "storm": _storm, "clock": _value(-100000, 100000),
        "descriptors": _value(3, 40), "memory": _value(8, 200), "disk": _value(1, 40),
        "shm": _value(0, 3), "memlock": _value(0, 64), "nproc": _value(1, 6), "affinity": _affinity,
        "second": _value(0, 1), "resume": _resume}


WATCHED = ("error", "affinity", "storm", "short", "clock")  # of cells whose calls the survey saw: not of guests


def draw(seed, number, cells, run_calls):
    """One fault, as a dict that says all that is needed to repeat it."""
    rnd = random.Random(f"{seed}/{number}")
    watched = [cell for cell in cells if not cell["guest"] and cell["calls"]]
    shares = {kind: share for kind, share in SHARES.items() if watched or kind not in WATCHED}
    kind = rnd.choices(list(shares), list(shares.values()))[0]
    cell = rnd.choice(watched if kind in WATCHED else cells)
    fault = {"number": number, "kind": kind, "key": cell["key"], "guest": cell["guest"]}
    if kind == "error in run":
        return _error(rnd, {"calls": run_calls}, fault, "run")
    return DRAW[kind](rnd, cell, fault)


def number_of(name):
    return getattr(signal, name)
