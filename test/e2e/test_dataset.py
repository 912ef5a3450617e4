# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`ranvier dataset`: recordings of cameras and cochleas against a binning in NumPy, and what it refuses."""

import h5py
import numpy as np

from ranvier import ROOT, Case


def camera_bytes(x, y, p, t):
    """Events [n] of N-MNIST's five bytes; times beyond 23 bits [us] come by marks of 2^13 us each."""
    out, base = bytearray(), 0
    for ex, ey, ep, et in zip(x, y, p, t):
        while et - base >= 1 << 23:
            out += bytes([0, 240, 0, 0, 0])
            base += 1 << 13
        out += bytes([ex, ey, ep << 7 | (et - base) >> 16, (et - base) >> 8 & 255, (et - base) & 255])
    return bytes(out)


class Dataset(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        draw = np.random.default_rng(5)
        cls.events = {}
        for label in (0, 3, 12):
            for number in range(4):
                n, name = int(draw.integers(1, 400)), f"{label}/{number:05d}.bin"
                event = {"x": draw.integers(0, 34, n), "y": draw.integers(0, 34, n), "p": draw.integers(0, 2, n), "t": np.sort(draw.integers(0, 330000, n))}
                if number == 3:
                    event["t"] = event["t"] + (1 << 23)  # Late, and only so by the marks.
                cls.events[name] = event
                path = cls.tmp / "camera" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(camera_bytes(*(event[key].tolist() for key in "xypt")))
        cls.audio, cls.labels = [], np.array([1, 0, 5, 1, 1, 0], "i8")
        for _ in cls.labels:
            n = int(draw.integers(0, 500))
            cls.audio.append((np.sort(draw.uniform(0, 1.2, n)).astype("f2"), draw.integers(0, 700, n).astype("u2")))
        with h5py.File(cls.tmp / "shd.h5", "w") as f:
            for k, (name, kind) in enumerate((("times", "f2"), ("units", "u2"))):
                f.create_dataset(f"spikes/{name}", (len(cls.labels),), dtype=h5py.vlen_dtype(np.dtype(kind)))
                for row, pair in enumerate(cls.audio):
                    f[f"spikes/{name}"][row] = pair[k]
            f["labels"], f["extra/speaker"] = cls.labels, np.zeros(len(cls.labels))

    def make(self, source, *options):
        out = self.tmp / "set.h5"
        report = self.json("dataset", source, "-o", out, *options)
        with h5py.File(out) as f:
            return report, f["input_spikes"][()], f["labels"][()], f["names"].asstr()[()], float(f.attrs["dt"])

    def test_cameras(self):
        for polarity, keep, planes in (("both", (0, 1), 2), ("on", (1,), 1), ("off", (0,), 1), ("merged", (0, 1), 1)):
            for height, width in ((34, 34), (16, 16), (7, 20)):
                report, cells, labels, names, dt = self.make(self.tmp / "camera", "--steps", 50, "--dt", "6e-3", "--polarity", polarity, "--crop",
                                                             f"{height}x{width}")
                self.assertEqual((names.tolist(), dt), (sorted(self.events, key=lambda name: (int(name.split("/")[0]), name)), 6e-3))
                self.assertEqual(labels.tolist(), [0] * 4 + [3] * 4 + [12] * 4)
                expected = np.zeros((12, 50, planes, height, width), np.uint8)
                for k, name in enumerate(names):
                    e = self.events[name]
                    step, y, x = e["t"] // 6000, e["y"] - (34 - height) // 2, e["x"] - (34 - width) // 2
                    inside = (step < 50) & (y >= 0) & (y < height) & (x >= 0) & (x < width) & np.isin(e["p"], keep)
                    expected[k, step[inside], (e["p"] if planes == 2 else 0 * e["p"])[inside], y[inside], x[inside]] = 1
                np.testing.assert_array_equal(cells, expected.reshape(12, 50, -1))
                events = report["events"]
                self.assertEqual(events["read"], sum(len(e["t"]) for e in self.events.values()))
                self.assertEqual(events["read"], sum(count for key, count in events.items() if key != "read"))
                self.assertEqual(events["spikes"], expected.sum())
                self.assertEqual(events["late"], sum((e["t"] >= 300000).sum() for e in self.events.values()))
                self.assertEqual(report["classes"], {"0": 4, "3": 4, "12": 4})

    def test_cochleas(self):
        for channels in (700, 64):
            report, cells, labels, names, _ = self.make(self.tmp / "shd.h5", "--steps", 100, "--dt", "8e-3", "--channels", channels)
            expected = np.zeros((6, 100, channels), np.uint8)
            for k, (times, units) in enumerate(self.audio):
                step = np.floor(times.astype(float) / 8e-3 + 1e-6).astype(int)
                expected[k, step[step < 100], (units.astype(int) * channels // 700)[step < 100]] = 1
            np.testing.assert_array_equal(cells, expected)
            self.assertEqual((labels.tolist(), names.tolist()), (self.labels.tolist(), [str(k) for k in range(6)]))
            self.assertEqual(report["events"]["late"] + report["events"]["merged"] + int(expected.sum()), sum(len(t) for t, _ in self.audio))

    def test_choices(self):
        _, cells, labels, names, _ = self.make(self.tmp / "shd.h5", "--steps", 5, "--dt", 1, "--classes", "1-4,5", "--per-class", 2)
        self.assertEqual((labels.tolist(), names.tolist()), ([1, 5, 1], ["0", "2", "3"]))
        _, whole, _, _, _ = self.make(self.tmp / "shd.h5", "--steps", 5, "--dt", 1)
        np.testing.assert_array_equal(cells, whole[[0, 2, 3]])
        self.assertEqual(self.make(self.tmp / "camera", "--steps", 1, "--dt", 1, "--per-class", 1, "--classes", "3")[3].tolist(), ["3/00000.bin"])

    def test_a_set_runs(self):
        """What is written is what `eval` takes."""
        self.make(self.tmp / "camera", "--steps", 50, "--dt", "6e-3", "--crop", "8x8", "--polarity", "on")
        image = self.tmp / "digits.rvi"
        self.json("compile", ROOT / "examples" / "digits" / "network.nir", "--target", "reference", "-o", image)
        report = self.json("eval", image, "--data", self.tmp / "set.h5")
        self.assertEqual((report["samples"], report["steps"]), (12, 50))
        self.assertIn("accuracy", report)

    def test_refusals(self):
        camera, shd, out = self.tmp / "camera", self.tmp / "shd.h5", self.tmp / "refused.h5"
        usual = ["--steps", 5, "--dt", 1, "-o", out]
        for source, options, code, rnv in ((camera, ["--units", 3], 2, 8043), (camera, ["--channels", 3], 2, 8043), (shd, ["--crop", "2x2"], 2, 8043),
                                           (shd, ["--sensor", "2x2x2"], 2, 8043), (shd, ["--polarity", "on"], 2, 8043), (camera, ["--crop", "16"], 2, 8091),
                                           (camera, ["--crop", "0x3"], 2, 8091), (camera, ["--sensor", "2x34x34x1"], 2, 8091), (shd, ["--classes", "9-0"], 2, 8091),
                                           (shd, ["--classes", "a"], 2, 8091), (camera, ["--polarity", "up"], 2, 8003),
                                           (camera, ["--crop", "35x2"], 1, 1067), (shd, ["--channels", 701], 1, 1067), (shd, ["--classes", "77"], 1, 1068),
                                           (shd, ["--units", 10], 1, 1055), (self.tmp / "absent", [], 1, 1001), (self.tmp, [], 1, 1064),
                                           (camera / "3" / "00000.bin", [], 1, 1001)):
            with self.subTest((str(source), options)):
                self.fails("dataset", source, *options, *usual, code=code, rnv=rnv)
                self.assertFalse(out.exists())
        self.fails("dataset", shd, "--steps", 5, "--dt", 1, "-o", shd, code=2, rnv=8025)
        self.fails("dataset", shd, "--steps", 0, "--dt", 1, "-o", out, code=2, rnv=8003)
        self.fails("dataset", shd, "--steps", 5, "--dt", -1, "-o", out, code=2, rnv=8003)
        self.assertIn("RNV8043", self.json("dataset", camera, "--units", 3, *usual, code=2)["error"]["code"])

    def test_help_and_text(self):
        done = self.call("dataset", "--help")
        self.assertIn("ranvier dataset N-MNIST/Train", done.stdout)
        done = self.call("dataset", self.tmp / "camera", "--steps", 50, "--dt", "6e-3", "--crop", "16x16", "--polarity", "on", "-o", self.tmp / "text.h5")
        self.assertEqual(done.returncode, 0, done.stderr)
        for part in ("12 samples of 3 classes, 50 steps of 0.006 s, 256 neurons", "came after the last step", "lay outside the crop", "had the other polarity"):
            self.assertIn(part, done.stdout)
