# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trained networks of other people, against the reference outputs that came with them. Needs the shared folder."""

import h5py
import numpy as np

from ranvier import Case, expected


class Networks(Case):
    def dense_input(self, name, array):
        """[T, N] 0/1 as a test set of one sample."""
        path = self.tmp / f"{name}.h5"
        with h5py.File(path, "w") as f:
            f["input_spikes"] = array.astype(np.uint8)[None]
        return path

    def spikes(self, network, data, target, *options):
        image, out = self.tmp / "net.rvi", self.tmp / "spikes.h5"
        self.json("compile", network, "--target", target, "-o", image, *options)
        result = self.json("eval", image, "--data", data, "--spikes", out)
        with h5py.File(out) as f:
            return result, {name: f[name][0] for name in f}

    def braille(self):
        folder = self.shared("networks", "nir", "braille_srnn")
        return folder, self.dense_input("braille", np.loadtxt(folder / "sample0_input.csv", delimiter=","))

    def test_braille_bias_zero_is_exact(self):
        folder, data = self.braille()
        _, spikes = self.spikes(folder / "braille_noDelay_bias_zero.nir", data, "reference")
        hidden = np.loadtxt(folder / "reference" / "numpy_bias_zero_hidden.csv", delimiter=",")
        self.assertEqual(spikes["lif1.lif"].shape, (256, 38))
        self.assertEqual(expected(spikes["lif1.lif"], hidden), 0)
        recorded = np.squeeze(np.load(folder / "reference" / "snntorch_activity_noDelay_bias_zero.npy"))
        self.assertEqual(expected(spikes["lif1.lif"], recorded.reshape(256, 38)), 0)
        self.assertEqual(spikes["lif2"].sum(axis=0).tolist(), [10, 160, 112, 113, 103, 68, 121])

    def test_braille_subtract_is_exact_for_both_resets(self):
        folder, data = self.braille()
        for reset, file in (("subtract", "numpy_noBias_subtract"), ("zero", "numpy_noBias_zeroreset")):
            _, spikes = self.spikes(folder / "braille_noDelay_noBias_subtract.nir", data, "reference", "--reset", reset)
            hidden = np.loadtxt(folder / "reference" / f"{file}_hidden.csv", delimiter=",")
            output = np.loadtxt(folder / "reference" / f"{file}_output.csv", delimiter=",")
            self.assertEqual(hidden.size, 10240)
            self.assertEqual(expected(spikes["lif1.lif"], hidden), 0, reset)
            self.assertEqual(expected(spikes["lif2"], output), 0, reset)

    def test_braille_classifies_on_loihi1(self):
        folder, data = self.braille()
        for network in ("braille_noDelay_bias_zero.nir", "braille_noDelay_noBias_subtract.nir"):
            result, _ = self.spikes(folder / network, data, "loihi1")
            self.assertEqual(result["predictions"], [1], network)

    def test_single_neuron_spikes_when_it_should(self):
        folder = self.shared("networks", "nir", "lif_single")
        rows = np.loadtxt(folder / "reference" / "lif_norse.csv", delimiter=",")
        data = self.dense_input("lif", rows[:, :1] > 0)
        for target in ("reference", "loihi1"):
            _, spikes = self.spikes(folder / "lif_norse.nir", data, target)
            (layer,) = [array for name, array in spikes.items() if name == "1"]
            self.assertEqual(np.flatnonzero(layer[:, 0]).tolist(), [460, 510, 710, 760], target)

    def test_digits_h96_is_exact(self):
        folder = self.shared("networks", "nir", "digits_h96")
        image, out = self.tmp / "h96.rvi", self.tmp / "h96.h5"
        self.json("compile", folder / "network.nir", "--target", "reference", "-o", image)
        result = self.json("eval", image, "--data", folder / "test_set.h5", "--spikes", out)
        with h5py.File(out) as f, h5py.File(folder / "test_set.h5") as g:
            self.assertEqual(expected(f["lif1"][()], g["ref_hidden_spikes"][()]), 0)
            self.assertEqual(expected(f["lif2"][()], g["ref_output_spikes"][()]), 0)
        self.assertAlmostEqual(result["accuracy"], 0.98, places=6)

    def test_nmnist_counts(self):
        folder = self.shared("networks", "nir", "nmnist_cnn")
        for reset, counts, classes in (("subtract", [6087, 12824, 8838, 8741, 267], [1, 0, 0, 0, 251, 15, 0, 0, 0, 0]),
                                       ("zero", [5163, 8648, 3957, 2766, 146], [1, 0, 0, 0, 143, 2, 0, 0, 0, 0])):
            image, out = self.tmp / "nmnist.rvi", self.tmp / "nmnist.h5"
            self.json("compile", folder / "cnn_sinabs.nir", "--dt", "1e-3", "--reset", reset, "--target", "reference", "-o", image)
            result = self.json("run", image, "--input", folder / "sample_nmnist.bin", "--steps", 300, "-o", out)
            found = [result["populations"][name]["spikes"] for name in ("1", "3", "6", "10", "12")]
            self.assertEqual(found, counts, reset)
            with h5py.File(out) as f:
                neurons = f["populations/12/spike_neurons"][()]
            self.assertEqual(np.bincount(neurons, minlength=10).tolist(), classes, reset)
