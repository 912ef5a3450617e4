# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`examples/resistive_lsm`: the reservoir against NumPy, on the reference machine bit by bit and on the crossbar within its errors; the digits are not trivial;
what learns has the slopes of its loss; the example's short form."""

import csv
import importlib.machinery
import io
import math
import os
import subprocess
import sys
import xml.etree.ElementTree

import numpy as np

from ranvier import BIN, ROOT, Case

EXAMPLE = ROOT / "examples" / "resistive_lsm"
sys.path.insert(0, str(EXAMPLE))

import datasets  # noqa: E402
import digits  # noqa: E402
import learn  # noqa: E402
import reservoir  # noqa: E402


class Tile:
    """A macro of rram-40nm in NumPy: 7-bit pairs, errors of programming and reading of so many uS a cell of 80, a converter of 8 bits. Written from the chip's
    description; its noise is another draw of the same distribution."""

    full, least = 80.0, 0.1  # uS

    def __init__(self, weights, seed, programming=1.0, reading=1.0, bits=8, share=0.5):
        self.draw = np.random.default_rng(seed)
        joint = np.concatenate(weights, 1).astype(float)
        self.unit = np.abs(joint).max() / 127
        levels = np.rint(joint / self.unit)
        self.reading, self.step = reading, None
        if bits:
            largest = max(np.maximum(levels, 0).sum(1).max(), np.maximum(-levels, 0).sum(1).max()) * share
            self.step, self.codes = 2 * largest / (2**bits - 1), 2**bits - 1
        cells = [self.least + (self.full - self.least) * np.maximum(sign * levels, 0) / 127 for sign in (1, -1)]
        cells = [np.maximum(cell + self.draw.normal(0, programming, cell.shape), 0) for cell in cells]
        self.levels = (cells[0] - cells[1]) * 127 / (self.full - self.least)

    def read(self, x, s):
        rows = np.concatenate([x, s], 1)
        sums = rows @ self.levels.T
        sums += self.draw.normal(0, 1, sums.shape) * self.reading * np.sqrt(2 * rows.sum(1, keepdims=True)) * 127 / (self.full - self.least)
        if self.step:
            sums = (np.clip(np.rint(sums / self.step + self.codes / 2), 0, self.codes) - self.codes / 2) * self.step
            sums[rows.sum(1) == 0] = 0
        return np.rint(sums) * self.unit


class ResistiveLsm(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tool = reservoir.Ranvier(BIN / "ranvier", cls.tmp)
        datasets.write_recordings(cls.tmp, 1, 10, lambda label: 24)
        cls.sets = datasets.binned(cls.tool, cls.tmp)
        cls.spikes = {name: datasets.read(path) for name, path in cls.sets.items()}
        cls.labels = cls.spikes["image"][1]

    def weights(self, modality, seed=1):
        m = reservoir.MODALITIES[modality]
        return reservoir.resistive(seed, m["inputs"], m["const"])

    def in_order(self, modality, spikes):
        """Counts of one sample, every sum in the order of the reference machine: what was emitted first, then source by source."""
        m, (w_in, w_rec) = reservoir.MODALITIES[modality], self.weights(modality)
        rows = np.concatenate([w_rec, w_in], 1).T
        v, s, counts = np.zeros(len(w_in), np.float32), np.zeros(len(w_in), bool), np.zeros(len(w_in))
        for x in spikes:
            active = np.flatnonzero(np.concatenate([s, x > 0]))
            v = np.float32(m["decay"]) * v + (np.add.accumulate(rows[active], 0)[-1] if len(active) else np.float32(0))
            s = v > np.float32(m["threshold"])
            v[s] = 0
            counts += s
        return counts

    def test_the_digits_are_not_trivial(self):
        """A nearest centroid on what the reservoir gets stays below 80 %, summed over time or not."""
        fold = np.arange(len(self.labels)) % 24 // 6
        for modality, (spikes, labels) in self.spikes.items():
            self.assertEqual(spikes.shape, (240, reservoir.MODALITIES[modality]["steps"], reservoir.MODALITIES[modality]["inputs"]))
            for cells in (spikes.sum(1, dtype=np.int64), spikes):
                shares = [datasets.nearest_centroid(cells[fold != k], labels[fold != k], cells[fold == k], labels[fold == k]) for k in range(4)]
                for share in np.mean(shares, 0):
                    self.assertLess(share, 0.8, modality)
                    self.assertGreater(share, 0.3, modality)  # There is something to learn.

    def test_the_digits_are_seeded(self):
        first, again, other = digits.camera(1, 3, 5), digits.camera(1, 3, 5), digits.camera(2, 3, 5)
        self.assertEqual(digits.camera_bytes(*first), digits.camera_bytes(*again))
        self.assertNotEqual(digits.camera_bytes(*first), digits.camera_bytes(*other))
        self.assertTrue((np.diff(first[3]) >= 0).all())
        self.assertEqual(digits.cochlea(1, 3, 5)[0].tolist(), digits.cochlea(1, 3, 5)[0].tolist())

    def test_forming(self):
        """The voltage says how many cells conduct; pairs of them deviate by 6.6 uS about 0."""
        for voltage in (3.4, 3.6, 3.75, 4.3):
            cells = reservoir.formed(np.random.default_rng(3), 200000, voltage)
            share = 0.5 * (1 + math.erf((voltage - 3.6) / 0.15 / math.sqrt(2)))
            self.assertAlmostEqual((cells > 1).mean(), share, delta=5 * math.sqrt(0.25 / 200000))
            self.assertTrue(((cells == 0.1) | (cells >= 50)).all())
        pair = reservoir.formed(np.random.default_rng(4), (2, 200000), 4.3)
        self.assertLess(abs((pair[0] - pair[1]).mean()), 5 * 6.6 / math.sqrt(200000))
        self.assertAlmostEqual((pair[0] - pair[1]).std(), 6.6, delta=0.1)

    def test_the_reference_machine_counts_as_numpy_does(self):
        for modality in reservoir.MODALITIES:
            image, _ = self.tool.compile(self.weights(modality), modality, "reference")
            found, _ = self.tool.features(image, self.sets[modality])
            for sample in range(0, len(found), 16):
                np.testing.assert_array_equal(found[sample], self.in_order(modality, self.spikes[modality][0][sample]))
            matrix = reservoir.simulate(self.weights(modality), self.spikes[modality][0], modality)
            self.assertLess((found != matrix).mean(), 2e-3)
            self.assertGreater(found.mean(), 1)

    def test_slopes(self):
        """Of the loss by every kind of parameter, against differences."""
        draw = np.random.default_rng(5)
        heads, inputs = [learn.Projection(draw, 7), learn.Projection(draw, 5)], [draw.normal(0, 1, (6, 7)), draw.normal(0, 1, (6, 5))]
        value = lambda: learn.loss(*(head(x) for head, x in zip(heads, inputs)), 8.0)
        _, *slopes = value()
        for head, slope in zip(heads, slopes):
            for parameter, gradient in zip(head.parameters, head.gradients(slope)):
                for at in draw.integers(0, parameter.size, 5):
                    flat = parameter.reshape(-1)
                    kept, ends = flat[at], []
                    for way in (1e-5, -1e-5):
                        flat[at] = kept + way
                        ends.append(value()[0])
                    flat[at] = kept
                    self.assertAlmostEqual((ends[0] - ends[1]) / 2e-5, gradient.reshape(-1)[at], delta=1e-6)

    def test_the_crossbar_counts_like_a_tile_in_numpy(self):
        """Counts correlate with those of a tile in NumPy, whose neurons round otherwise (small differences grow in a reservoir); means of neurons differ no more than two devices' do."""
        modality = "image"
        weights = self.weights(modality)
        ideal = self.tmp / "ideal.yaml"
        chip = (ROOT / "hw-models" / "chips" / "rram-40nm.yaml").read_text()
        for key in ("programming_error", "programming_sigma", "read_noise", "read_sigma"):
            chip = "".join(line for line in chip.splitlines(True) if not line.startswith(f"  {key}:"))
        ideal.write_text(chip)
        image, _ = self.tool.compile(weights, modality, ideal)
        exact, _ = self.tool.features(image, self.sets[modality])
        tile = Tile(weights, 1, programming=0, reading=0)
        expected = reservoir.simulate(weights, self.spikes[modality][0], modality, tile.read)
        self.assertGreater(np.corrcoef(exact.ravel(), expected.ravel())[0, 1], 0.95)
        image, _ = self.tool.compile(weights, modality, "rram-40nm")
        one, _ = self.tool.features(image, self.sets[modality], "--device-seed", 1)
        two, _ = self.tool.features(image, self.sets[modality], "--device-seed", 2)
        model = reservoir.simulate(weights, self.spikes[modality][0], modality, Tile(weights, 3).read)
        distance = lambda a, b: np.abs(a.mean(0) - b.mean(0)).mean()
        self.assertLess(distance(one, model), 1.3 * distance(one, two) + 0.05)

    def test_the_sweep_changes_what_it_says(self):
        """Each error of the sweep stands in a description that compiles, and the plot has a point for each value."""
        sweep = importlib.machinery.SourceFileLoader("sweep", str(EXAMPLE / "sweep")).load_module()
        chip = self.tmp / "sweep.yaml"
        keys = {"read noise [uS]": "read_sigma", "programming error [uS]": "programming_sigma", "drift [s]": "drift_s"}
        for error, key in keys.items():
            value = sweep.SWEEPS[error][-1]
            chip.write_text(sweep.description(error, value))
            image, _ = self.tool.compile(self.weights("image"), "image", chip)
            self.assertRegex(chip.read_text(), rf"\n  {key}: \{{value: {value if key == 'drift_s' else value / sweep.FULL}")
        for error in ("read noise [uS]", "programming error [uS]"):
            chip.write_text(sweep.description(error, 0))
            self.assertNotIn(keys[error], chip.read_text())
            self.tool.compile(self.weights("image"), "image", chip)
        rows = [(error, value, 0.5, 0.1) for error, values in sweep.SWEEPS.items() for value in values]
        picture = xml.etree.ElementTree.fromstring(sweep.picture(rows))
        lines = [line.get("points").split() for line in picture.iter("{http://www.w3.org/2000/svg}polyline")]
        self.assertEqual([len(points) for points in lines], [len(values) for values in sweep.SWEEPS.values()])

    def test_the_short_form(self):
        done = subprocess.run([EXAMPLE / "run", "--short", "--seeds", "1", "--folder", self.tmp / "lsm"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"})
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        self.assertEqual([row["seed"] for row in rows], ["0", "mean", "deviation"])
        mean = rows[1]
        for modality in ("image", "sound"):
            for kind in ("software", "resistive"):
                self.assertGreater(float(mean[f"{modality} {kind}"]), 30)  # chance is 10
            self.assertLess(abs(float(mean[f"{modality} software"]) - float(mean[f"{modality} resistive"])), 20)
        done = subprocess.run([EXAMPLE / "sweep", "--folder", self.tmp / "nothing"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("which `run --folder", done.stderr)
        done = subprocess.run([EXAMPLE / "energy", "--folder", self.tmp / "lsm", "--samples", "4"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"})
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        self.assertEqual([(row["modality"], row["target"]) for row in rows], [(m, t) for m in ("image", "sound") for t in ("rram-40nm", "loihi1")])
        for row in rows:
            self.assertGreater(float(row["uJ"]), 0)
            self.assertEqual(float(row["ratio"]) > 1, row["target"] == "loihi1")
