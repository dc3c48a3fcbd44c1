# SPDX-License-Identifier: MIT
"""The processes that a process has started, for the end-to-end tests and the fault campaign."""

import pathlib


def children(pid):
    """The processes that this one started and that still are there."""
    try:
        return [int(child) for child in
                pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def descendants(pid):
    found = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return found
