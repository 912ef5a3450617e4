# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Line coverage of rtl/ and the functional bins. With `scripts/test --long` every bin must be hit and at least 95 % of all lines; otherwise a part of it
shows that coverage is counted, since models that count are many times slower."""

import os
import pathlib
import shutil
import tempfile
import unittest

import coverage
import flow

LONG = os.environ.get("RANVIER_TEST_MODE") == "long"


@flow.needs("verilator", "g++")
@unittest.skipUnless(os.environ.get("RANVIER_BIN"), "RANVIER_BIN does not name the tools")
class Coverage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = flow.BUILD / "coverage" if LONG else pathlib.Path(tempfile.mkdtemp(prefix="ranvier-coverage-"))
        shutil.rmtree(cls.folder, ignore_errors=True)
        cls.found = coverage.collect(cls.folder, "full" if LONG else "brief")
        print({kind: round(cls.found[kind]["percent"], 2) for kind in ("lines", "branches", "toggles", "bins")}, cls.found["empty_bins"])

    @classmethod
    def tearDownClass(cls):
        if not LONG:
            shutil.rmtree(cls.folder, ignore_errors=True)

    def test_lines(self):
        self.assertGreaterEqual(self.found["lines"]["percent"], 95)
        low = {name: lines["percent"] for name, lines in self.found["lines_of"].items() if lines["all"] and lines["percent"] < 85}
        self.assertEqual(low, {}, "files that the tests hardly touch")

    @unittest.skipUnless(LONG, "with scripts/test --long")
    def test_every_file_is_counted(self):
        """A file without statements (ports and constants, or wires alone) has no lines to count."""
        counted = set(self.found["lines_of"])
        written = {path.name for path in flow.RTL.rglob("*.sv") if "always" in path.read_text(encoding="utf-8")}
        self.assertEqual(written - counted, set())

    def test_bins(self):
        self.assertEqual(self.found["unseen_groups"], [])
        if LONG:
            self.assertEqual(self.found["empty_bins"], [])
        else:
            self.assertGreater(self.found["bins"]["percent"], 50)

    def test_pages(self):
        index = (self.folder / "index.html").read_text(encoding="utf-8")
        for name in ("n1_core.sv", "rv_tcam.sv", "rv_crossbar_tile.sv"):
            self.assertIn(name, index)
            self.assertIn("endmodule", (self.folder / f"{name}.html").read_text(encoding="utf-8"))


if __name__ == "__main__":
    unittest.main()
