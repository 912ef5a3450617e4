# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A test case that holds what the emulator computes against integer_model.py, population by population, state by state, step by step."""

import json

import h5py
import numpy as np

from integer_model import IntegerModel
from ranvier import Case


class IntegerCase(Case):
    """Runs an image of integers on both executors and against the second emulator."""

    def run_both(self, image, fired, states):
        """The recording of the JIT; the interpreter's must be the same. `fired`: [steps, n] of the one input."""
        steps = len(fired)
        csv = self.tmp / "in.csv"
        csv.write_text("step,neuron\n" + "".join(f"{t + 1},{n}\n" for t, n in np.argwhere(fired)))
        recordings = []
        for executor in ("jit", "interp"):
            out, found = self.tmp / f"{executor}.h5", {}
            self.json("run", image, "--input", csv, "--steps", steps, "-o", out, "--record", ",".join(["spikes", *sorted(states)]), "--executor", executor,
                      "--timing", "off")
            with h5py.File(out) as f:
                for name, group in f["populations"].items():
                    n = int(group.attrs["n"])
                    spikes = np.zeros((steps, n), bool)
                    spikes[group["spike_steps"][()] - 1, group["spike_neurons"][()]] = True
                    found[name] = {"spikes": spikes} | {state: group[state][()].reshape(steps, n) for state in states if state in group}
            recordings.append(found)
        for name in recordings[0]:
            for key in recordings[0][name]:
                np.testing.assert_array_equal(recordings[0][name][key], recordings[1][name][key], f"{name}.{key}: jit against interp")
        return recordings[0]

    def compare(self, image, fired):
        """Emulator against model, every population, state and step; returns the model after its run, with `spikes` and `states`."""
        described = self.call("inspect", image, "--full", "--json").stdout
        names = {state for p in json.loads(described)["programs"] for state in p["states"]}
        found = self.run_both(image, fired, names)
        for equations in (True, False):
            model = IntegerModel(described)
            (source,) = [name for name, population in model.populations.items() if population.program is None]
            spikes, states = model.run({source: fired}, len(fired), equations)
            for name, population in model.populations.items():
                np.testing.assert_array_equal(found[name]["spikes"], spikes[name], f"{name}: spikes")
                for state in population.program["states"] if population.program else ():
                    np.testing.assert_array_equal(found[name][state], states[name][state], f"{name}.{state}")
            if equations:
                model.spikes, model.states = spikes, states
                result = model
        return result
