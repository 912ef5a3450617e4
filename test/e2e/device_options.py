# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Options of run and eval that choose the devices of a chip with crossbars; what they mean is tested in test_crossbar_chip.py."""

from ranvier import DIGITS


class DeviceOptions:
    def macros(self):
        image = self.tmp / "macros.rvi"
        if not image.exists():
            self.json("compile", DIGITS / "network.nir", "--target", "rram-40nm", "-o", image)
        return image

    def classes(self, *options):
        return self.json("eval", self.macros(), "--data", DIGITS / "test_set.h5", "--samples", 60, *options)

    def test_machine_device_seed(self):
        first, again, other = (self.classes("--device-seed", seed)["totals"] for seed in (1, 1, 2))
        self.assertEqual(first, again)
        self.assertEqual(first, self.classes()["totals"])
        self.assertNotEqual(first["spikes"], other["spikes"])
        self.assertEqual(self.json("run", self.macros(), "--steps", 3, "--device-seed", 4)["machine"]["device_seed"], 4)

    def test_eval_faults(self):
        self.assertLess(self.classes("--faults", "rate=0.3,seed=2")["accuracy"], self.classes()["accuracy"] - 0.3)

    def test_run_faults(self):
        told = self.json("run", self.macros(), "--steps", 3, "--faults", "low=0.25,high=0.5,seed=7")["machine"]["faults"]
        self.assertEqual(told, {"low": 0.25, "high": 0.5, "seed": 7, "listed": 0})
