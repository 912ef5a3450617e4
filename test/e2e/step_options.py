# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tests of the options that say how long cores work in a step, for test_command_line.py."""

from ranvier import DIGITS


class StepOptions:
    """Beside Case, with `error` of CommandLine."""

    def rated(self, command, *more):
        """The load that a command foretells of three sources of which each has a synapse on the one core."""
        text = self.tmp / "rated.mlir"
        text.write_text("""snn.network @net dt 1.0e-3 {
  snn.input @a shape [3]
  snn.population @b model @if_curr_exp shape [2]
  snn.connect @e from @a to @b receptor "excitatory" delay 2 "all_to_all" {} weights 0.25
}
""")
        for rate in (30, 5):
            made = self.json(command, text, "--target", "spinnaker1", *([] if rate == 30 else ["--spikes-per-second", rate]), *more)
            self.assertAlmostEqual(made.get("mapping", made)["load"]["busiest"]["packets"], 3 * rate * 1e-3)
        self.error(command, DIGITS / "network.nir", "--target", "loihi1", "--spikes-per-second", 5, *more, code=2, rnv="8043")
        self.error(command, text, "--target", "spinnaker1", "--spikes-per-second", 0, *more, code=2)
        return text

    def divided(self, command, *more):
        """More of it in test_split.py."""
        text = self.rated(command, *more)
        for split, cores in (("off", 1), (2, 3)):
            made = self.json(command, text, "--target", "spinnaker1", "--split", split, *more)
            self.assertEqual(made.get("mapping", made)["load"]["cores"], cores)
        self.error(command, text, "--target", "spinnaker1", "--split", 0, *more, code=2)
        return text

    def test_check_split(self):
        self.error("check", self.divided("check"), "--target", "spinnaker1", "--split", 1, "--quick", code=2, rnv="8043")

    def test_compile_split(self):
        self.divided("compile", "-o", self.tmp / "divided.rvi")

    def test_check_spikes_per_second(self):
        self.error("check", self.rated("check"), "--target", "spinnaker1", "--spikes-per-second", 5, "--quick", code=2, rnv="8043")

    def test_compile_spikes_per_second(self):
        self.rated("compile", "-o", self.tmp / "rated.rvi")
