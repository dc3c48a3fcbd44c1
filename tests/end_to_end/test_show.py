# SPDX-License-Identifier: MIT
"""ipcbench show: the tables of a run file."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios

from support import FAKES, IPCBENCH, Case, ipcbench, needs_program, needs_transports


def in_a_terminal(columns, *arguments):
    """What ipcbench writes to a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    with subprocess.Popen([IPCBENCH, *arguments], stdin=subprocess.DEVNULL, stdout=theirs,
                          stderr=subprocess.STDOUT):
        os.close(theirs)
        text = b""
        try:
            while part := os.read(ours, 65536):
                text += part
        except OSError:  # a terminal that nobody holds any more
            pass
    os.close(ours)
    return text.decode()


@needs_transports("pipe", "unix")
class Show(Case):
    def test_help(self):
        self.assert_help("show")

    def test_every_cell_has_its_row(self):
        path = self.run_file()
        result = ipcbench("show", str(path))
        self.assert_result(result, 0)
        for size in ("64B", "4KiB"):
            for name in ("pipe", "unix"):
                self.assertRegex(result.stdout, rf"(?m)^ +{size} +{name} ")

    def test_json_holds_the_cells(self):
        path = self.run_file()
        result = ipcbench("show", str(path), "--json")
        self.assert_result(result, 0)
        shown = json.loads(result.stdout)
        shown = shown["cells"] if isinstance(shown, dict) else shown
        self.assertEqual({cell["key"] for cell in shown},
                         {cell["key"] for cell in json.loads(path.read_text())["cells"]})

    def test_curves(self):
        path = self.run_file()
        result = ipcbench("show", str(path), "--curves")
        self.assert_result(result, 0)
        self.assertRegex(result.stdout, r"(?m)^ +Round trip by message size: ")
        self.assertRegex(result.stdout, r"A.pipe")
        self.assertNotIn("Round trip by", ipcbench("show", str(path)).stdout)
        refused = ipcbench("show", str(path), "--curves", "--json")
        self.assertEqual(refused.returncode, 2)

    @needs_program("gnuplot")
    def test_a_terminal_that_is_wide_enough_gets_curves_unasked(self):
        path = self.run_file()
        self.assertRegex(in_a_terminal(120, "show", str(path)), r"Round trip by message size: ")
        narrow = in_a_terminal(60, "show", str(path))
        self.assertNotIn("Round trip by", narrow)
        self.assertRegex(narrow, r"(?m)^ +64B +pipe ")

    def test_curves_without_gnuplot(self):
        path = self.run_file()
        result = ipcbench("show", str(path), "--curves", env={"PATH": "/nonexistent"})
        self.assert_result(result, 0)
        self.assertIn("No curves: gnuplot is not installed", result.stdout)

    def test_failed_cells_say_why(self):
        path = self.run_file("--transports", FAKES, "-t", "fake:script=setup-error", "-s", "64",
                             code=1)
        result = ipcbench("show", str(path))
        self.assert_result(result, 0)
        self.assertIn("fake_setup", " ".join(result.stdout.split()))
