# SPDX-License-Identifier: MIT
"""What the tests of run files share: the program, a short run of it, the schema."""

import json
import os
import pathlib
import subprocess
import unittest

try:
    import jsonschema
except ImportError:
    jsonschema = None

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("IPCBENCH_BUILD", "build")
PROGRAM = BUILD / "ipcbench"
SCHEMA = json.loads((ROOT / "results" / "schema.json").read_text())

# The plug-ins that the short run below takes; where somebody removed one, nothing is run.
MISSING = [name for name in ("null", "pipe", "unix")
           if not (BUILD / "transports" / f"{name}.so").exists()]


# For test classes.
needs_transports = unittest.skipIf(MISSING, f"there is no transport {' or '.join(MISSING)} here")
needs_jsonschema = unittest.skipUnless(
    hasattr(jsonschema, "Draft202012Validator"),
    "python3-jsonschema is missing here, or older than 4.0, which knows this schema's draft")

# Cells that work, and cells that null can't do, so that a run has trials of two kinds.
SHORT = ["--time", "0.002", "--warmup", "0.001", "-t", "null,pipe:bufsize=64K,unix",
         "-s", "8,4K", "-p", "same-core", "-W", "block,spin", "-w", "pingpong,stream:depth=8"]


def ipcbench(*arguments, timeout=60):
    """Runs the program and returns its exit code, standard output and standard error."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True,
                          timeout=timeout, check=False)
    return done.returncode, done.stdout, done.stderr


def make_run(path, trials=2):
    """Makes a short run and returns what is in its file."""
    code, _, errors = ipcbench("run", *SHORT, "--trials", trials, "-o", path)
    if code != 0:
        raise AssertionError(f"ipcbench run ended with {code}: {errors}")
    return json.loads(pathlib.Path(path).read_text())


def validator(part=None):
    """For whole run files, or for one of the schema's definitions."""
    schema = SCHEMA
    if part is not None:
        schema = {"$schema": SCHEMA["$schema"], "$defs": SCHEMA["$defs"],
                  "$ref": f"#/$defs/{part}"}
    return jsonschema.Draft202012Validator(schema)


def complaints(document, part=None):
    """What the schema has against a document, a line each."""
    return [f"{error.json_path}: {error.message[:200]}"
            for error in validator(part).iter_errors(document)]
