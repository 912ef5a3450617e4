# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tests of the options that chips with a timer have, for the test of the command line, which wants one for each option."""

from ranvier import DIGITS


class ClockOptions:
    def clocked(self):
        """The network of DIGITS on spinnaker1, whose cores follow a timer."""
        image = self.tmp / "clocked.rvi"
        if not image.exists():
            self.json("compile", DIGITS / "network.nir", "--target", "spinnaker1", "-o", image)
        return image

    def test_machine_lossless(self):
        """Spikes are those of --timing fast, which loses nothing either."""
        for command, *rest in (["run", self.clocked(), "--input", DIGITS / "test_set.h5", "--steps", 18], ["eval", self.clocked(), "--data", DIGITS / "test_set.h5", "--samples", 3]):
            lossless = self.json(command, *rest, "--timing", "detailed", "--lossless")
            self.assertTrue(lossless["real_time"]["lossless"])
            self.assertFalse(self.json(command, *rest, "--timing", "detailed")["real_time"]["lossless"])
            fast = self.json(command, *rest)
            self.assertEqual(lossless["totals"]["spikes"], fast["totals"]["spikes"])
            self.assertTrue(fast["real_time"]["predicted"])
            self.assertIn("lossless", self.call(command, *rest, "--timing", "detailed", "--lossless").stdout)
            self.error(command, *rest, "--lossless", code=2, rnv="8043")
        self.error("run", self.loihi1, "--steps", 2, "--timing", "detailed", "--lossless", code=1, rnv="7042")

    def test_machine_time_scale(self):
        for command, *rest in (["run", self.clocked(), "--input", DIGITS / "test_set.h5", "--steps", 18], ["eval", self.clocked(), "--data", DIGITS / "test_set.h5", "--samples", 3]):
            one, five = (self.json(command, *rest, "--timing", "detailed", "--time-scale", scale) for scale in (1, 5))
            self.assertEqual([result["real_time"]["time_scale"] for result in (one, five)], [1, 5])
            self.assertEqual(five["totals"]["picoseconds"], 5 * one["totals"]["picoseconds"])
            self.error(command, *rest, "--time-scale", 2, "--timing", "off", code=2, rnv="8043")
        self.error("run", self.loihi1, "--steps", 2, "--time-scale", 2, code=1, rnv="7042")
