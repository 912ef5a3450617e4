# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the tools for end-to-end tests: one temporary folder a test class, JSON results, exit codes."""

import json
import os
import pathlib
import pty
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
BIN = pathlib.Path(os.environ.get("RANVIER_BIN", ROOT / "build" / "release" / "bin"))
DIGITS = ROOT / "examples" / "digits"


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory(prefix="ranvier-e2e-")
        cls.tmp = pathlib.Path(cls._folder.name)

    @classmethod
    def tearDownClass(cls):
        cls._folder.cleanup()

    @staticmethod
    def call(*arguments, tool="ranvier", env=None, timeout=600):
        return subprocess.run([str(BIN / tool), *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
                              stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})

    def json(self, *arguments, code=0, env=None):
        """Runs with --json and returns the one object on stdout."""
        done = self.call(*arguments, "--json", env=env)
        self.assertEqual(done.returncode, code, f"{arguments}\nstdout: {done.stdout[-2000:]}\nstderr: {done.stderr[-4000:]}")
        return json.loads(done.stdout)

    def fails(self, *arguments, code=1, rnv=None):
        """Runs, expects the exit code and the error code; returns stderr."""
        done = self.call(*arguments)
        self.assertEqual(done.returncode, code, f"{arguments}\nstdout: {done.stdout[-2000:]}\nstderr: {done.stderr[-4000:]}")
        if rnv:
            self.assertIn(f"RNV{rnv}", done.stderr, done.stderr)
        return done.stderr

    def terminal(self):
        """The two ends of a new pseudo terminal; a skip where there are none, as in a chroot without /dev/pts."""
        try:
            return pty.openpty()
        except OSError as problem:
            self.skipTest(f"no pseudo terminals here: {problem}")

    def shared(self, *parts):
        path = SHARED.joinpath(*parts)
        if not path.exists():
            self.skipTest(f"{'/'.join(parts)} of the shared folder is not there")
        return path


def expected(first, second):
    """Cells of two arrays that differ."""
    return int((first != second).sum())
