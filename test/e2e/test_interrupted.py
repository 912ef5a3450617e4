# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ctrl-C in the middle of long work, and the progress bar that long work shows on a terminal."""

import json
import os
import re
import select
import signal
import subprocess
import time

import h5py
import numpy as np

import samples
from ranvier import BIN, DIGITS, Case

NETWORK = DIGITS / "network.nir"
SET = DIGITS / "test_set.h5"


class LongWork(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.image = cls.tmp / "loihi1.rvi"
        done = cls.call("compile", NETWORK, "--target", "loihi1", "-o", cls.image, "--quiet")
        assert done.returncode == 0, done.stderr
        # The digits 60 times over: an eval of many seconds.
        cls.many = cls.tmp / "many.h5"
        with h5py.File(SET) as f, h5py.File(cls.many, "w") as g:
            g.create_dataset("input_spikes", data=np.tile(f["input_spikes"][()], (60, 1, 1)), compression="gzip", compression_opts=1)
            g["labels"] = np.tile(f["labels"][()], 60)
        # Synapses by rule, as many as this machine needs some seconds for: the bar comes after one.
        for neurons in (100000, 200000, 400000, 800000):
            cls.network = samples.noise_network(cls.tmp / "large.mlir", 1000, neurons, 20)
            start = time.monotonic()
            done = cls.call("compile", cls.network, "--target", "loihi1", "-o", cls.image.with_suffix(".large"), "--quiet")
            assert done.returncode == 0, done.stderr
            if time.monotonic() - start > 3:
                break

    def setUp(self):
        self.folder = self.tmp / self.id().rsplit(".", 1)[1]
        self.folder.mkdir()
        self.out = self.folder / "out"
        self.out.write_text("earlier")


class Interrupted(LongWork):
    def interrupt(self, command, number, wait):
        """Starts, waits for `wait()`, sends the signal; the command dies of it, leaves nothing and touches nothing."""
        process = subprocess.Popen([str(BIN / "ranvier"), *map(str, command), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            deadline = time.monotonic() + 60
            while not wait():
                self.assertIsNone(process.poll(), "ended too early")
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            self.assertIsNone(process.poll(), "ended too early")
            process.send_signal(number)
            stdout, stderr = process.communicate(timeout=30)
        finally:
            process.kill()
        self.assertEqual(process.returncode, -number)
        self.assertEqual(json.loads(stdout)["error"]["code"], "RNV8004")
        self.assertIn("RNV8004: interrupted", stderr)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["out"])
        self.assertEqual(self.out.read_text(), "earlier")

    def parts(self):
        return [path for path in self.folder.iterdir() if ".part-" in path.name and path.stat().st_size > 0]

    def after(self, seconds):
        start = time.monotonic()
        return lambda: time.monotonic() - start > seconds

    def test_run(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            with self.subTest(number):
                self.interrupt(["run", self.image, "--input", SET, "--steps", 400000000, "--record", "spikes,v", "-o", self.out], number, self.parts)

    def test_eval(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            self.interrupt(["eval", self.image, "--data", self.many, "--executor", "interp", "--threads", 2, "--spikes", self.out, "--report", self.folder], number,
                           self.after(1.5))

    def test_compile(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            self.interrupt(["compile", self.network, "--target", "loihi1", "-o", self.out], number, self.after(0.5))

    def test_an_ignored_signal_of_a_closed_pipe(self):
        """`ranvier inspect --full | head -1`: an error, not a crash."""
        done = subprocess.run(f"'{BIN / 'ranvier'}' inspect --full '{self.image}' | head -c 10; echo ${{PIPESTATUS[0]}}", shell=True, executable="/bin/bash",
                              capture_output=True, text=True)
        self.assertTrue(done.stdout.endswith("1\n"), done.stdout)
        self.assertIn("RNV9004", done.stderr)


class ProgressBar(LongWork):
    ENDLESS = ["--input", SET, "--steps", 400000000]

    def on_terminal(self, *arguments, until=None, seconds=60):
        """Runs with stderr on a pseudo terminal; returns (exit code, stdout, what the terminal saw). `until`: interrupted as soon as the
        terminal has seen this pattern, or after `seconds`."""
        controller, terminal = self.terminal()
        process = subprocess.Popen([str(BIN / "ranvier"), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=terminal)
        os.close(terminal)
        seen, out, interrupted = "", b"", False
        deadline = time.monotonic() + seconds
        open_ends = {controller, process.stdout.fileno()}
        while open_ends:
            if not interrupted and (time.monotonic() > deadline or (until and re.search(until, seen))):
                interrupted = True
                process.send_signal(signal.SIGINT)
            for fd in select.select(list(open_ends), [], [], 0.1)[0]:
                try:
                    chunk = os.read(fd, 65536)
                except OSError:  # The last user of the terminal has gone.
                    chunk = b""
                if not chunk:
                    open_ends.discard(fd)
                elif fd == controller:
                    seen += chunk.decode()
                else:
                    out += chunk
        process.stdout.close()
        code = process.wait(timeout=10)
        os.close(controller)
        return code, out.decode(), seen

    def test_long_work_shows_a_bar_and_takes_it_away(self):
        code, out, seen = self.on_terminal("eval", self.image, "--data", self.many, "--executor", "interp", "--json")
        self.assertEqual(code, 0, seen)
        json.loads(out)
        self.assertRegex(seen, r"eval \[#+\.*\] +\d+ %, \d+ s left")
        self.assertTrue(seen.endswith("\r\x1b[K"), repr(seen[-60:]))

    def test_run_and_compile_show_one_too(self):
        code, _, seen = self.on_terminal("run", self.image, *self.ENDLESS, until=r"run \[#*\.*\] +\d+ %")
        self.assertEqual(code, -signal.SIGINT, seen)
        self.assertRegex(seen, r"run \[#*\.*\] +\d+ %")
        code, _, seen = self.on_terminal("compile", self.network, "--target", "loihi1", "-o", self.out, until=r"compile: \w+ \.\.\. \d+ s")
        self.assertRegex(seen, r"compile: \w+ \.\.\. \d+ s")

    def test_short_work_shows_none(self):
        code, _, seen = self.on_terminal("run", self.image, "--input", SET, "--steps", 18)
        self.assertEqual((code, seen), (0, ""))

    def test_quiet_shows_none(self):
        _, _, seen = self.on_terminal("run", self.image, *self.ENDLESS, "--quiet", seconds=2.5)
        self.assertRegex(seen, r"^\s*error RNV8004[^\r\n]*\s*$")

    def test_no_terminal_no_bar(self):
        process = subprocess.Popen([str(BIN / "ranvier"), "run", str(self.image), *map(str, self.ENDLESS)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(2.5)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
        self.assertEqual(stdout, "")
        self.assertRegex(stderr, r"^\s*error RNV8004[^\n]*\s*$")
