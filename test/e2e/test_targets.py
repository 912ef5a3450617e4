# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What `ranvier targets` and machines say of costs."""

from test_command_line import NETWORK, SET, CommandLine


class Targets(CommandLine):
    def test_profiles_and_unknowns(self):
        chips = {chip["name"]: chip for chip in self.json("targets")["targets"]}
        self.assertEqual(set(chips), {"loihi1", "loihi2", "ranvier-n1", "reference", "rram-40nm", "spinnaker1", "spinnaker2"})
        profiles = {profile["name"]: profile for profile in chips["loihi1"]["cost_profiles"]}
        self.assertEqual(set(profiles), {"published", "fitted"})
        access = profiles["published"]["events"]["soma_access"]
        self.assertEqual((access["energy_pj"], access["time_ns"], access["status"]), (52.0, 5.3, "published"))
        self.assertIn("Davies 2018", access["source"])
        self.assertIsNone(profiles["published"]["events"]["soma_spike"]["energy_pj"])
        self.assertIn("soma_spike.energy", profiles["published"]["unknown"])
        self.assertNotIn("soma_spike.energy", profiles["fitted"]["unknown"])
        (unknown,) = chips["loihi2"]["cost_profiles"]
        self.assertTrue(all(event["energy_pj"] is None and event["time_ns"] is None for event in unknown["events"].values()))
        self.assertIn("core.synaptic_memory_bits", chips["loihi2"]["unknown"])
        self.assertEqual(chips["reference"]["min_delay"], 0)
        text = self.call("targets").stdout
        for chip in chips:
            self.assertRegex(text, rf"(?m)^{chip} ")
        self.assertIn("cost profiles: published, fitted", text)

    def test_a_chip_of_unknown_costs_gives_no_figures(self):
        image = self.tmp / "loihi2.rvi"
        self.json("compile", NETWORK, "--target", "loihi2", "-o", image)
        for path in (image, self.reference):
            result = self.json("eval", path, "--data", SET, "--samples", 5)
            self.assertIsNone(result["latency_us"])
            self.assertIsNone(result["energy_uj"])
            self.assertIn("time           unknown", self.call("eval", path, "--data", SET, "--samples", 5).stdout)
