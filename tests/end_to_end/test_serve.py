# SPDX-License-Identifier: MIT
"""Many clients: every design of server, replies that are mixed up, ends that die, limits."""

import json
import os
import pathlib
import resource
import signal
import subprocess
import tempfile
import unittest

from support import (FAKES, IPCBENCH, Case, children, descendants, ipcbench, is_alive,
                     needs_transports, wait_until)

DESIGNS = ("thread", "process", "select", "poll", "epoll", "io-uring")
WATCHING = DESIGNS[2:]


def key(transport, clients, design, size="64B", wait="block", placement="same-core"):
    return f"{transport}/serve:clients={clients},design={design}/{wait}/{placement}/{size}"


def can_uring():
    result = ipcbench("trial", key("unix", 1, "io-uring"), "--exchanges", "1", "--json")
    return json.loads(result.stdout)["status"] == "ok"


@needs_transports("unix", "tcp", "pipe", "shm")
class Serve(Case):
    def serve(self, cell, *arguments, code=0):
        record = self.trial(cell, "--deadline", "60", *arguments, code=code)
        self.assertEqual(record["key"], cell)
        return record

    def check(self, record, clients, design, exchanges):
        """Every exchange is there, and each of them was verified as its own client's."""
        self.assertEqual(record["status"], "ok", record["why"])
        self.assertEqual(record["exchanges"], exchanges)
        self.assertEqual(record["stamped"], exchanges)
        told = record["clients"]
        self.assertEqual((told["count"], told["design"]), (clients, design))
        self.assertLessEqual(told["least_exchanges"] * clients, exchanges)
        self.assertGreaterEqual(told["most_exchanges"] * clients, exchanges)
        self.assertGreaterEqual(told["fairness"], 1 / clients)
        self.assertLessEqual(told["fairness"], 1)
        self.assertGreater(told["little"], 0)
        self.assertLessEqual(told["little"], 1.01)
        self.assertIsNone(record["phases"])

    def test_256_clients_in_each_design(self):
        for transport in ("unix", "tcp-localhost"):
            for design in DESIGNS:
                with self.subTest(transport=transport, design=design):
                    if design == "io-uring" and not can_uring():
                        continue
                    record = self.serve(key(transport, 256, design), "--exchanges", "5120",
                                        "--warmup-exchanges", "256", "--verify", "full")
                    self.check(record, 256, design, 5120)

    def test_messages_that_come_in_pieces(self):
        for transport in ("unix", "tcp-localhost", "pipe"):
            for design in DESIGNS:
                with self.subTest(transport=transport, design=design):
                    if design == "io-uring" and not can_uring():
                        continue
                    record = self.serve(key(transport, 5, design, "1MiB"), "--exchanges", "20",
                                        "--warmup-exchanges", "5", "--verify", "full")
                    self.check(record, 5, design, 20)

    @needs_transports("fifo")
    def test_packets_and_a_client_alone(self):
        for transport in ("unix-seqpacket", "unix-abstract", "unix-path", "fifo"):
            for design in ("thread", "epoll"):
                for clients in (1, 3):
                    with self.subTest(transport=transport, design=design, clients=clients):
                        record = self.serve(key(transport, clients, design, "1B"), "--exchanges", "300")
                        self.check(record, clients, design, 300)

    def test_shared_memory_by_threads_and_processes(self):
        for design in ("thread", "process"):
            record = self.serve(key("shm", 8, design), "--exchanges", "800")
            self.check(record, 8, design, 800)

    def test_a_mixed_up_reply_is_found(self):
        for design in DESIGNS[:1] + WATCHING[:3]:
            with self.subTest(design=design):
                record = self.serve(key("fake:script=misdirect,at=5", 8, design), "--exchanges", "800",
                                    "--transports", FAKES, code=1)
                self.assertEqual(record["status"], "failed")
                self.assertRegex(record["why"], r"the client failed .* in verify: client [0-7] of 8: "
                                 r"message \d+ was mixed up: one of client [0-7] came in its place")

    def test_a_damaged_message_says_whose_it_is(self):
        record = self.serve(key("fake:script=corrupt,at=9,side=client", 4, "thread"), "--exchanges",
                            "400", "--transports", FAKES, code=1)
        self.assertRegex(record["why"], r"the server failed .* client [0-3] of 4: message 9 was damaged")

    def test_dead_and_silent_ends(self):
        for script, side, words in (("dead", "server", "was killed by signal 9"),
                                    ("dead", "client", "was killed by signal 9"),
                                    ("hang", "server", "not done after 2 s"),
                                    ("attach-hang", "server", "not done after 2 s"),
                                    ("attach-error", "client", "fake_attach"),
                                    ("detach-error", "server", "fake_detach")):
            for design in ("thread", "process"):
                with self.subTest(script=script, side=side, design=design):
                    cell = key(f"fake:script={script},at=20,side={side}", 4, design)
                    record = self.trial(cell, "--deadline", "2", "--exchanges", "400", "--transports",
                                        FAKES, code=1)
                    self.assertEqual(record["status"], "failed")
                    self.assertIn(words, record["why"])

    def test_what_a_transport_cannot_do_is_not_applicable(self):
        for cell, words in ((key("shm", 4, "epoll"), "design=thread"),
                            (key("null", 4, "thread"), "no server"),
                            (key("unix", 4, "thread", wait="spin", placement="unpinned"), "block"),
                            (key("unix", 1024, "thread", "1MiB"), "64MiB"),
                            (key("unix", 1024, "select"), "select watches descriptors below 1024"),
                            (key("zeromq-ipc", 4, "poll"), "design=thread")):
            with self.subTest(cell=cell):
                result = ipcbench("trial", cell, "--json", "--exchanges", "10")
                if result.returncode == 2:
                    continue  # a library's transport that isn't built here
                record = json.loads(result.stdout)
                self.assertEqual((result.returncode, record["status"]), (77, "not applicable"))
                self.assertIn(words, record["why"])

    def test_select_takes_what_fits_below_its_limit(self):
        record = self.serve(key("unix", 1000, "select"), "--exchanges", "2000", "--warmup-exchanges", "1")
        self.check(record, 1000, "select", 2000)

    def test_too_few_descriptors(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))
        result = ipcbench("trial", key("unix", 256, "epoll"), "--json", "--exchanges", "10",
                          preexec_fn=limit)
        record = json.loads(result.stdout)
        self.assertEqual((result.returncode, record["status"]), (77, "skipped"))
        self.assertIn("ulimit -n", record["why"])

    def test_the_soft_limit_is_raised(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE,
                               (100, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 1000:
            self.skipTest("this host allows too few descriptors")
        result = ipcbench("trial", key("unix", 256, "epoll"), "--json", "--exchanges", "512",
                          "--warmup-exchanges", "1", preexec_fn=limit)
        self.assert_result(result, 0)

    def test_bad_settings(self):
        for setting, words in (("clients=0", "1 to 1024"), ("clients=1025", "1 to 1024"),
                               ("design=epol", "did you mean 'epoll'"), ("hz=1", "no knob 'hz'")):
            with self.subTest(setting=setting):
                result = ipcbench("trial", f"unix/serve:{setting}/block/same-core/64B")
                self.assert_one_sentence(result, 2, words)

    def test_defaults_are_written_out(self):
        record = self.trial("unix/serve/block/same-core/64B", "--exchanges", "64",
                            "--warmup-exchanges", "1")
        self.assertEqual(record["workload"], "serve:clients=64,design=epoll")


@needs_transports("unix")
class Signals(Case):
    def begin(self, design, clients=16):
        process = self.start("trial", key("unix", clients, design), "--json", "--time", "50")
        most = 2 + (clients if design == "process" else 0)
        self.assertTrue(wait_until(lambda: len(descendants(process.pid)) == most),
                        "the ends did not start")
        return process, descendants(process.pid)

    def finish(self, process, pids, code):
        output, errors = process.communicate(timeout=30)
        self.assertEqual(process.returncode, code, output + errors)
        self.assert_gone(pids)
        return output

    def test_interrupted(self):
        for design in ("thread", "process", "epoll"):
            with self.subTest(design=design):
                process, pids = self.begin(design)
                os.killpg(process.pid, signal.SIGINT)
                self.finish(process, pids, 130)

    def test_the_parent_is_killed(self):
        for design in ("thread", "process", "epoll"):
            with self.subTest(design=design):
                process, pids = self.begin(design)
                process.kill()
                self.finish(process, pids, -signal.SIGKILL)
                self.trial(key("unix", 1, design), "--exchanges", "1")  # each start sweeps
                self.assertEqual(list(pathlib.Path(tempfile.gettempdir()).glob(f"ipcbench-{process.pid}-*")), [])

    def test_an_end_is_killed(self):
        for design in ("thread", "process", "epoll"):
            for which in (0, 1):
                with self.subTest(design=design, end=which):
                    process, pids = self.begin(design)
                    os.kill(children(process.pid)[which], signal.SIGKILL)
                    why = json.loads(self.finish(process, pids, 1))["why"]
                    self.assertIn(f"the {('server', 'client')[which]} was killed by signal 9", why)

    def test_one_of_the_servers_processes_is_killed(self):
        process, pids = self.begin("process")
        worker = children(children(process.pid)[0])[3]
        os.kill(worker, signal.SIGKILL)
        why = json.loads(self.finish(process, pids, 1))["why"]
        self.assertIn("the process that serves client 3 was killed by signal 9", why)


@needs_transports("unix", "tcp", "pipe")
class Runs(Case):
    def test_a_run_shows_the_designs_side_by_side(self):
        path = self.run_file("-t", "unix,pipe", "-s", "64", "-w",
                             "serve:clients=4,design=thread,serve:clients=4,design=epoll")
        cells = json.loads(path.read_text())["cells"]
        self.assertEqual({(cell["transport"], cell["clients"]["design"]) for cell in cells},
                         {(name, design) for name in ("unix", "pipe") for design in ("thread", "epoll")})
        shown = ipcbench("show", str(path))
        self.assert_result(shown, 0)
        self.assertIn("serve:clients=4, block, same-core", shown.stdout)
        self.assertRegex(shown.stdout, r"64B +unix +(thread|epoll)")

    def test_a_run_that_is_interrupted_keeps_its_trials(self):
        path = self.folder / "run.json"
        process = self.start("run", "-o", str(path), "-W", "block", "-p", "same-core", "-s", "64",
                             "-t", "unix,pipe,tcp-localhost", "-w", "serve:clients=8,design=process",
                             "--trials", "60", "--time", "0.05", "--warmup", "0.02")
        journal = lambda: [line for name in self.folder.glob("run.json*")
                           for line in name.read_text().splitlines()]
        self.assertTrue(wait_until(lambda: len(journal()) > 3), "no trial was finished")
        pids = descendants(process.pid)
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130)
        self.assert_gone(pids)
        run = json.loads(path.read_text())
        self.assertTrue(run["options"]["interrupted"])
        ok = [trial for trial in run["trials"] if trial["status"] == "ok"]
        self.assertGreaterEqual(len(ok), 2, [trial["why"] for trial in run["trials"]])


if __name__ == "__main__":
    unittest.main()
