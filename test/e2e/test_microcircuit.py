# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The cortical microcircuit on `spinnaker1`: its rates against `reference`, and the times of a step that the compiler foretells against what a run counts."""

import json
import subprocess
import sys

import h5py
import numpy as np

from ranvier import ROOT, Case

STEP, ACCESS, PACKET, SYNAPSE = 100_000_000, 875_000, 1_925_000, 75_000  # ps


class Microcircuit(Case):
    def write(self, *arguments):
        path = self.tmp / ("_".join(map(str, arguments)) + ".mlir")
        with path.open("w") as out:
            subprocess.run([sys.executable, str(ROOT / "examples/microcircuit/generate.py"), "--model", "if_curr_exp", *map(str, arguments)],
                           stdout=out, check=True)
        return path

    def spikes(self, recording):
        with h5py.File(recording) as file:
            return {name: np.bincount(group["spike_neurons"][...], minlength=int(group.attrs.get("count", 0)))
                    for name, group in file["populations"].items()}

    def test_a_fifth_of_the_network_is_as_active_as_on_reference(self):
        text, steps, totals, rates = self.write("--scale", 0.2), 10_000, {}, {}
        for target in ("reference", "spinnaker1"):
            image, recording = self.tmp / f"{target}.rvi", self.tmp / f"{target}.h5"
            mapping = self.json("compile", text, "--target", target, "-o", image)["mapping"]
            run = self.json("run", image, "--steps", steps, "--timing", "off", "-o", recording)
            totals[target] = run["totals"]["spikes"]
            rates[target] = np.array([entry["spikes"] / entry["neurons"] / (steps * 1e-4) for entry in run["populations"].values()])
        self.assertGreater(totals["spinnaker1"], 30_000)
        self.assertLess(abs(totals["spinnaker1"] / totals["reference"] - 1), 0.03)
        # Other rounding, another state: rates of single populations differ by chance.
        self.assertLess(np.max(np.abs(rates["spinnaker1"] - rates["reference"])), 0.3)
        # 256 neurons take longer than a step of 0.1 ms whatever arrives, and the report says so.
        load = mapping["load"]
        self.assertEqual((load["timestep_ns"], load["rates"]["spikes_per_second"], load["sigma"]), (STEP / 1000, 30, 5))
        self.assertEqual((load["busiest"]["neurons"], load["busiest"]["neurons_ns"]), (256, 224_000))
        self.assertGreaterEqual(load["cores_over"]["mean"], 55)
        self.assertIn("axon_in", load["estimates"])
        self.assertEqual(load["left_out"], ["axon_out", "soma_spike"])

    def test_times_foretold_from_a_recorded_run_are_those_a_run_counts(self):
        text, steps = self.write("--scale", 0.05, "--boost", 150), 2000
        first, recording, image, folder = self.tmp / "first.rvi", self.tmp / "first.h5", self.tmp / "image.rvi", self.tmp / "report"
        self.json("compile", text, "--target", "spinnaker1", "--partition", "sequential", "-o", first)
        self.json("run", first, "--steps", steps, "--timing", "off", "-o", recording)
        load = self.json("compile", text, "--target", "spinnaker1", "--profile", recording, "--partition", "sequential", "-o", image)["mapping"]["load"]
        self.assertEqual(self.json("inspect", image)["mapping"]["load"], load)  # the image says the same of itself
        result = self.json("run", image, "--steps", steps, "--timing", "fast", "--report", folder)
        self.assertGreater(result["totals"]["spikes"], 3000)
        cores = {core["core"]: core for core in json.loads((folder / "report.json").read_text())["cores"]}
        self.assertEqual((load["rates"]["from"], load["cores"]), ("profile", len(cores)))
        for entry in [load, *load["populations"]]:
            busiest = entry["busiest"]
            core = cores[busiest["core"]]
            self.assertEqual(core["soma_ps"], steps * busiest["neurons"] * ACCESS)
            self.assertAlmostEqual(core["axon_in_ps"], steps * busiest["packets"] * PACKET, delta=1e-9 * core["axon_in_ps"] + 1)
            self.assertAlmostEqual(core["synapse_ps"], steps * busiest["synaptic_events"] * SYNAPSE, delta=1e-9 * core["synapse_ps"] + 1)
            self.assertAlmostEqual(busiest["mean_ns"] * steps * 1000, core["soma_ps"] + core["axon_in_ps"] + core["synapse_ps"], delta=1e-9 * core["soma_ps"] + 10)
            self.assertGreater(busiest["peak_ns"], busiest["mean_ns"])
            self.assertGreaterEqual(core["longest_work_ps"], busiest["mean_ns"] * 1000)
        work = result["step_work"]
        self.assertEqual(work["timestep_ps"], STEP)
        self.assertEqual(work["cores_over"], sum(core["steps_over"] > 0 for core in cores.values()))
        self.assertEqual(work["longest_ps"], max(core["longest_work_ps"] for core in cores.values()))
        # A core that is over on average is over in some step.
        self.assertLessEqual(load["cores_over"]["mean"], work["cores_over"])

    def test_check_foretells_the_same_and_other_targets_refuse_the_rate(self):
        text = self.write("--scale", 0.02)
        compiled = self.json("compile", text, "--target", "spinnaker1", "--spikes-per-second", 8, "-o", self.tmp / "small.rvi")["mapping"]["load"]
        checked = self.json("check", text, "--target", "spinnaker1", "--spikes-per-second", 8)["load"]
        self.assertEqual(compiled, checked)
        self.assertEqual(compiled["rates"], {"from": "option", "spikes_per_second": 8})
        # Packets of sources that all fire alike: as many as axons, by the rate and the step.
        half = self.json("check", text, "--target", "spinnaker1", "--spikes-per-second", 4)["load"]
        self.assertAlmostEqual(half["busiest"]["packets"] * 2, compiled["busiest"]["packets"])
        self.assertIn("--spikes-per-second", self.fails("check", text, "--target", "reference", "--spikes-per-second", 8, code=2, rnv=8043))
        self.assertIn("range", self.call("check", text, "--target", "spinnaker1", "--spikes-per-second", 0).stderr)
