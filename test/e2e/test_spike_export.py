# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`ranvier export --spikes`: recordings and spike files from any format to any other, every spike in its step."""

import itertools
import random

import h5py
import numpy as np

import samples
from ranvier import DIGITS, Case

FORMATS = {"csv": "csv", "nir": "h5", "sonata": "h5"}


class SpikeExport(Case):
    def spikes(self, seed, neurons=40, steps=500, count=600):
        choose = random.Random(seed)
        cells = choose.sample(range(neurons * steps), count)
        return sorted((cell // neurons + 1, cell % neurons) for cell in cells)

    def csv(self, path, spikes, values=None):
        lines = ["step,neuron" + (",value" if values else "")]
        lines += [f"{step},{neuron}" + (f",{values[k]}" if values else "") for k, (step, neuron) in enumerate(spikes)]
        path.write_text("\n".join(lines) + "\n")
        return path

    def convert(self, source, form, *options, name="out"):
        out = self.tmp / f"{name}-{form}.{FORMATS[form]}"
        self.json("export", source, "--spikes", form, "-o", out, *options)
        return out

    def test_every_chain_of_formats_keeps_every_spike(self):
        """CSV -> f -> g -> CSV for all f, g and for time steps whose multiples are no binary fractions."""
        for (first, second), dt in itertools.product(itertools.product(FORMATS, FORMATS), ("1e-3", "1e-4", "0.00037")):
            with self.subTest((first, second, dt)):
                spikes = self.spikes(f"{first}{second}{dt}")
                source = self.csv(self.tmp / "source.csv", spikes)
                path = self.convert(self.convert(source, first, "--dt", dt, name="one"), second, "--dt", dt, name="two")
                back = self.convert(path, "csv", "--dt", dt, name="back")
                self.assertEqual(back.read_text(), source.read_text())

    def test_late_steps(self):
        """Steps beyond what float32 times could tell apart."""
        source = self.csv(self.tmp / "late.csv", [(1, 0), (100000001, 1), (100000002, 0), (3999999999, 1)])
        for form in FORMATS:
            path = self.convert(source, form, "--dt", "1e-4", name="late")
            self.assertEqual(self.convert(path, "csv", "--dt", "1e-4", name="late-back").read_text(), source.read_text(), form)

    def test_recordings(self):
        """A recording knows its step, its sizes and its populations."""
        first, second = self.spikes(1), self.spikes(2, neurons=7, count=100)
        run = samples.recording(self.tmp / "run.h5", {"a": {"n": 40, "spikes": first}, "b": {"n": 7, "spikes": second}}, 500, dt=2e-3)
        for name, spikes in (("a", first), ("b", second)):
            text = self.convert(run, "csv", "--population", name).read_text().splitlines()
            self.assertEqual([tuple(map(int, line.split(","))) for line in text[1:]], spikes)
        with h5py.File(self.convert(run, "sonata")) as f:
            self.assertEqual(set(f["spikes"]), {"a", "b"})
            np.testing.assert_allclose(f["spikes/b/timestamps"][()], [(step - 0.5) * 2 for step, _ in second])
            self.assertEqual(f["spikes/b/node_ids"][()].tolist(), [neuron for _, neuron in second])
            self.assertEqual(f["spikes/b/timestamps"].attrs["units"], "ms")
            self.assertEqual(f.attrs["magic"], 0x0A7A)
        with h5py.File(self.convert(run, "nir")) as f:
            events = f["nodes/a/observables/spikes"]
            np.testing.assert_allclose(events["time"][0], [(step - 0.5) * 2e-3 for step, _ in first])
            self.assertEqual(events["idx"][0].tolist(), [neuron for _, neuron in first])
            self.assertEqual((events.attrs["n_neurons"], events.attrs["t_max"]), (40, 1.0))

    def test_values(self):
        spikes, values = [(1, 0), (3, 1), (4, 0)], [1, 2.5, -7]
        source = self.csv(self.tmp / "graded.csv", spikes, values)
        path = self.convert(source, "nir", "--dt", "1e-3", name="graded")
        with h5py.File(path) as f:
            self.assertEqual(f["nodes/input/observables/spikes/value"][0].tolist(), values)
        self.assertEqual(self.convert(path, "csv", "--dt", "1e-3", name="graded-back").read_text(), source.read_text())
        run = samples.recording(self.tmp / "graded.h5", {"p": {"n": 2, "spikes": spikes, "values": np.array([1, 2, -7], np.int32)}}, 5)
        self.assertEqual(self.convert(run, "csv").read_text(), "step,neuron,value\n1,0,1\n3,1,2\n4,0,-7\n")
        # SONATA has no place for values: nothing is lost silently.
        said = self.fails("export", source, "--spikes", "sonata", "--dt", "1e-3", "-o", self.tmp / "lost.h5", rnv=1059)
        self.assertIn("SONATA spikes have no values", said)
        self.assertFalse((self.tmp / "lost.h5").exists())

    def test_dense_sets(self):
        with h5py.File(DIGITS / "test_set.h5") as f:
            dense = f["input_spikes"][5]
        text = self.convert(DIGITS / "test_set.h5", "csv", "--sample", 5, "--dt", "1e-3").read_text().splitlines()
        self.assertEqual([tuple(map(int, line.split(","))) for line in text[1:]], [(t + 1, n) for t, n in zip(*np.nonzero(dense))])

    def test_what_a_run_reads_back(self):
        """Every format drives the digits network to the same spikes as the dense set does."""
        image = self.tmp / "digits.rvi"
        self.json("compile", DIGITS / "network.nir", "--target", "loihi1", "-o", image)
        expected = self.json("run", image, "--input", DIGITS / "test_set.h5", "--sample", 9, "--steps", 18)["populations"]
        for form in FORMATS:
            path = self.convert(DIGITS / "test_set.h5", form, "--sample", 9, "--dt", "1e-3", name="drive")
            self.assertEqual(self.json("run", image, "--input", path, "--steps", 18)["populations"], expected, form)

    def test_an_empty_file(self):
        source = self.csv(self.tmp / "empty.csv", [])
        for form in FORMATS:
            path = self.convert(source, form, "--dt", "1e-3", name="empty")
            self.assertEqual(self.convert(path, "csv", "--dt", "1e-3", name="empty-back").read_text(), "step,neuron\n", form)
