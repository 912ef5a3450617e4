# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Constrained-random networks on the RTL beside the emulator: a sample, and 3,000 with `scripts/test --long`. Seeds that differ are printed with the
command that replays them."""

import json
import os
import shutil
import unittest

from ranvier import Case

LONG = os.environ.get("RANVIER_TEST_MODE") == "long"
NETWORKS, FIRST_SEED = (3000, 1) if LONG else (200, 1)


@unittest.skipUnless(shutil.which("verilator"), "not installed: verilator")
class RandomNetworks(Case):
    def test_all_agree(self):
        done = self.call("cosim", "--random", NETWORKS, "--seed", FIRST_SEED, "--report", self.tmp / "report", "--json", timeout=7200)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual((result["equal"], result["networks"]), (True, NETWORKS))
        # They are worth running: most spike, half are held up, all grids are there.
        self.assertGreater(result["spikes"], 500 * NETWORKS)
        self.assertGreater(result["synaptic_events"], 10000 * NETWORKS)
        self.assertGreater(result["stalled"], NETWORKS // 3)
        self.assertEqual(set(result["grids"]), {"1x1", "2x1", "1x2", "2x2", "4x4"})


if __name__ == "__main__":
    unittest.main()
