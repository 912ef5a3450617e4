# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Constrained-random networks on the RTL beside the emulator: a sample, and 3,000 with `scripts/test --long`. Seeds that differ are printed with the
command that replays them."""

import os
import shutil
import unittest

from ranvier import Case

LONG = os.environ.get("RANVIER_TEST_MODE") == "long"
NETWORKS, FIRST_SEED = (3000, 1) if LONG else (200, 1)


@unittest.skipUnless(shutil.which("verilator"), "not installed: verilator")
class RandomNetworks(Case):
    def test_all_agree(self):
        done = self.call("cosim", "--random", NETWORKS, "--seed", FIRST_SEED, "--report", self.tmp / "report")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        result = self.json("cosim", "--random", 20, "--seed", FIRST_SEED)
        self.assertTrue(result["equal"])
        # They are worth running: of 20 networks most spike, and half are held up.
        self.assertGreater(result["spikes"], 1000)
        self.assertGreater(result["synaptic_events"], 100000)
        self.assertGreater(result["stalled"], 3)
        self.assertGreater(len(result["grids"]), 2)


if __name__ == "__main__":
    unittest.main()
