# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The main job on the shipped digits network: float reference exactly, loihi1 within half a point, nothing depends on threads."""

import h5py
import numpy as np

from ranvier import DIGITS, Case, expected


class Digits(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for target in ("reference", "loihi1", "loihi2"):
            done = cls.call("compile", DIGITS / "network.nir", "--target", target, "-o", cls.tmp / f"{target}.rvi", "--quiet")
            assert done.returncode == 0, done.stderr

    def evaluate(self, target, *options):
        return self.json("eval", self.tmp / f"{target}.rvi", "--data", DIGITS / "test_set.h5", *options)

    def spikes(self, target, *options):
        out = self.tmp / f"{target}-spikes.h5"
        result = self.evaluate(target, "--spikes", out, *options)
        with h5py.File(out) as f:
            return result, f["lif1"][()], f["lif2"][()]

    def test_reference_gives_the_reference_spikes(self):
        result, hidden, output = self.spikes("reference")
        with h5py.File(DIGITS / "test_set.h5") as f:
            self.assertEqual(expected(hidden, f["ref_hidden_spikes"][()]), 0)
            self.assertEqual(expected(output, f["ref_output_spikes"][()]), 0)
            self.assertEqual(result["predictions"], f["ref_prediction"][()].tolist())
        self.assertAlmostEqual(result["accuracy"], 0.98, places=6)

    def test_loihi1_stays_within_half_a_point(self):
        result = self.evaluate("loihi1")
        self.assertEqual(len(result["predictions"]), 450)
        self.assertGreaterEqual(result["accuracy"], 0.98 - 0.005)
        self.assertEqual(result["depth"], 2)
        for key in ("latency_us", "energy_uj"):
            self.assertGreater(result[key]["mean"], 0)
            self.assertGreaterEqual(result[key]["p99"], result[key]["mean"])

    def test_cost_profiles_are_not_mixed(self):
        published, fitted = self.evaluate("loihi1", "--costs", "published"), self.evaluate("loihi1", "--costs", "fitted")
        self.assertEqual(published["predictions"], fitted["predictions"])
        self.assertNotEqual(published["energy_uj"], fitted["energy_uj"])
        self.assertEqual({k: v for k, v in published["totals"].items() if k != "picoseconds"},
                         {k: v for k, v in fitted["totals"].items() if k != "picoseconds"})
        self.fails("eval", self.tmp / "loihi1.rvi", "--data", DIGITS / "test_set.h5", "--costs", "guessed", rnv=7001)

    def test_threads_and_executor_change_nothing(self):
        runs = [self.spikes("loihi1", *options) for options in ((), ("--threads", 2), ("--executor", "interp"))]
        for result, hidden, output in runs[1:]:
            self.assertEqual(expected(hidden, runs[0][1]), 0)
            self.assertEqual(expected(output, runs[0][2]), 0)
            self.assertEqual(result["totals"], runs[0][0]["totals"])
            self.assertEqual(result["latency_us"], runs[0][0]["latency_us"])

    def test_same_input_gives_the_same_bytes(self):
        again = self.tmp / "again.rvi"
        self.json("compile", DIGITS / "network.nir", "--target", "loihi1", "-o", again)
        self.assertEqual(again.read_bytes(), (self.tmp / "loihi1.rvi").read_bytes())

    def test_every_stage_can_be_resumed(self):
        source = DIGITS / "network.nir"
        for stage in ("snn", "quantised", "fabric"):
            text = self.tmp / f"{stage}.mlir"
            self.json("compile", source, "--target", "loihi1", "--emit", stage, "-o", text)
            source = text
        resumed = self.tmp / "resumed.rvi"
        self.json("compile", source, "--target", "loihi1", "-o", resumed)
        one = self.json("eval", resumed, "--data", DIGITS / "test_set.h5")
        other = self.evaluate("loihi1")
        self.assertEqual(one["predictions"], other["predictions"])
        self.assertEqual(one["totals"], other["totals"])

    def test_verify_finds_the_network_in_the_image(self):
        for target in ("reference", "loihi1", "loihi2"):
            result = self.json("verify", self.tmp / f"{target}.rvi", DIGITS / "network.nir")
            self.assertTrue(result["equal"])
            self.assertEqual(result["synapses"], 64 * 96 + 96 * 10)

    def test_verify_finds_a_changed_weight(self):
        changed = self.tmp / "changed.nir"
        changed.write_bytes((DIGITS / "network.nir").read_bytes())
        with h5py.File(changed, "r+") as f:
            weights = f["node/nodes/fc2/weight"]
            values = weights[()]
            values[3, 5] += 0.25
            weights[...] = values
        done = self.call("verify", self.tmp / "loihi1.rvi", changed)
        self.assertEqual(done.returncode, 1)
        self.assertIn("fc2", done.stdout)

    def test_fewer_weight_bits_cost_accuracy(self):
        accuracies = []
        for bits in (8, 4, 2):
            image = self.tmp / f"bits{bits}.rvi"
            self.json("compile", DIGITS / "network.nir", "--target", "loihi1", "--weight-bits", bits, "-o", image)
            accuracies.append(self.json("eval", image, "--data", DIGITS / "test_set.h5")["accuracy"])
        self.assertGreater(accuracies[0], accuracies[2])

    def test_calibration_keeps_the_accuracy(self):
        image = self.tmp / "calibrated.rvi"
        self.json("compile", DIGITS / "network.nir", "--target", "loihi1", "--calibrate", DIGITS / "test_set.h5", "-o", image)
        self.assertGreaterEqual(self.json("eval", image, "--data", DIGITS / "test_set.h5")["accuracy"], 0.975)
        self.assertTrue(self.json("verify", image, DIGITS / "network.nir")["equal"])

    def test_a_mapping_file_is_honoured_exactly(self):
        mapping = self.tmp / "map.json"
        slices = [{"population": "lif1", "first": 0, "count": 50, "chip": 0, "core": 7},
                  {"population": "lif1", "first": 50, "count": 46, "chip": 1, "core": 3},
                  {"population": "lif2", "first": 0, "count": 10, "chip": 0, "core": 127}]
        import json
        mapping.write_text(json.dumps({"format": "ranvier-mapping", "version": 1, "slices": slices}))
        image = self.tmp / "mapped.rvi"
        self.json("compile", DIGITS / "network.nir", "--target", "loihi1", "--mapping", mapping, "-o", image)
        described = self.json("inspect", image, "--full")
        self.assertEqual({(core["chip"], core["core"]) for core in described["cores"]}, {(0, 7), (1, 3), (0, 127)})
        self.assertEqual(self.json("eval", image, "--data", DIGITS / "test_set.h5")["predictions"], self.evaluate("loihi1")["predictions"])

    def test_run_and_diff(self):
        recordings = []
        for target in ("reference", "loihi1"):
            out = self.tmp / f"{target}-run.h5"
            result = self.json("run", self.tmp / f"{target}.rvi", "--input", DIGITS / "test_set.h5", "--sample", 3, "--steps", 18, "-o", out,
                               "--record", "spikes,v", "--report", self.tmp / f"{target}-report")
            self.assertEqual(result["steps"], 18)
            self.assertTrue((self.tmp / f"{target}-report" / "report.json").exists())
            recordings.append(out)
        same = self.json("diff", recordings[0], recordings[0])
        self.assertTrue(same["equal"])
        shifted = self.json("diff", *recordings, "--shift", "lif1=1", "--shift", "lif2=2", code=1)
        self.assertEqual(set(shifted["populations"]), {"input", "lif1", "lif2"})
        with h5py.File(recordings[1]) as f:
            self.assertEqual(f["populations/lif1/v"].shape, (18, 96))

    def test_nir_round_trip(self):
        text, back = self.tmp / "net.mlir", self.tmp / "back.nir"
        self.json("import", DIGITS / "network.nir", "-o", text)
        self.json("export", text, "-o", back)
        with h5py.File(back) as a, h5py.File(DIGITS / "network.nir") as b:
            np.testing.assert_array_equal(a["node/nodes/fc1/weight"][()], b["node/nodes/fc1/weight"][()])
        image = self.tmp / "back.rvi"
        self.json("compile", back, "--dt", "1e-3", "--target", "reference", "-o", image)
        self.assertAlmostEqual(self.json("eval", image, "--data", DIGITS / "test_set.h5")["accuracy"], 0.98, places=6)

    def test_an_image_opens_in_h5py(self):
        out = self.tmp / "image.h5"
        self.json("export", self.tmp / "loihi1.rvi", "--hdf5", "-o", out)
        with h5py.File(out) as f:
            self.assertEqual(f["synapses32"].shape[0], 64 * 96 + 96 * 10)
