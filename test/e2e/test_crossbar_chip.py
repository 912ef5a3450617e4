# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Chips whose synapses are cells (docs/spec/crossbar.md, "Macros of chips"): without errors they compute what synapses in a memory compute, with
converters what NumPy says of the levels in the image, and devices are named by seed and place alone."""

import json
import re

import h5py
import numpy as np

from ranvier import DIGITS, ROOT, Case

SHIPPED = (ROOT / "hw-models" / "chips" / "rram-40nm.yaml").read_text()
EXACT = {"cells_per_weight": "pair", "inputs": 512, "outputs": 512, "cell_bits": 7, "readout": "ideal"}
NETWORK = """snn.network @net dt 1.0e-3 seed 5 {
  snn.input @in shape [60] source #snn.poisson<[120.0], seed = 11>
  snn.population @a model @lif shape [80] params {tau = 0.01, v_threshold = 1.0}
  snn.population @b model @lif shape [40] params {tau = 0.02, v_threshold = 1.0}
  snn.connect @in_a from @in to @a delay #snn.uniform<1.0, 3.0, seed = 3> "fixed_probability" {p = 0.4} weights #snn.uniform<-1.0, 4.0, seed = 4> seed 5
  snn.connect @a_a from @a to @a delay 2 "fixed_probability" {p = 0.1} weights #snn.uniform<-2.0, 1.0, seed = 6> seed 7
  snn.connect @a_b from @a to @b delay 1 "fixed_probability" {p = 0.5} weights #snn.uniform<-2.0, 4.0, seed = 8> seed 9 {output}
}
"""
INTEGRATORS = """snn.model @sum {
  %x = snn.receive "x" : f32
  %v = snn.state "v" range [-2000.0, 2000.0] : f32
  %v1 = arith.addf %v, %x : f32
  %most = arith.constant 1990.0 : f32
  %fire = arith.cmpf ogt, %v1, %most : f32
  snn.update "v" = %v1 : f32
  snn.spike %fire
}
snn.network @net dt 1.0e-3 seed 5 {
  snn.input @in shape [50] source #snn.poisson<[150.0], seed = 11>
  snn.population @a model @sum shape [30]
  snn.connect @in_a from @in to @a delay 1 "fixed_probability" {p = 0.6} weights #snn.uniform<-1.0, 1.0, seed = 4> seed 5
}
"""


def description(crossbar):
    """The shipped chip with another section 'crossbar', or none."""
    before, rest = SHIPPED.split("\ncrossbar:\n")
    after = rest[rest.index("\ncosts:"):]
    if crossbar is None:
        return before + after
    lines = "".join(f"  {key}: {value}\n" for key, value in crossbar.items())
    return before + "\ncrossbar:\n  source: test\n  status: defined\n" + lines.rstrip("\n") + after


class CrossbarChip(Case):
    def chip(self, name, crossbar):
        path = self.tmp / f"{name}.yaml"
        path.write_text(description(crossbar))
        return path

    def compiled(self, name, text, crossbar):
        source = self.tmp / f"{name}.mlir"
        source.write_text(text.replace(" {output}", ""))
        image = self.tmp / f"{name}.rvi"
        self.json("compile", source, "--target", self.chip(name, crossbar), "-o", image)
        return image

    def record(self, image, *more, steps=200):
        out = self.tmp / f"{image.stem}.h5"
        report = self.json("run", image, "--steps", steps, "-o", out, "--record", "v", *more)
        with h5py.File(out) as file:
            found = {}
            file.visititems(lambda name, item: found.update({name: item[...]}) if isinstance(item, h5py.Dataset) else None)
        return report, found

    def assertSame(self, expected, found):
        self.assertEqual(expected.keys(), found.keys())
        for name, values in expected.items():
            self.assertTrue(np.array_equal(values, found[name]), name)

    def differs(self, expected, found):
        return any(not np.array_equal(values, found[name]) for name, values in expected.items())

    def test_cells_without_errors_are_synapses(self):
        _, expected = self.record(self.compiled("digital", NETWORK, None), "--timing", "off")
        self.assertGreater(sum(len(values) for name, values in expected.items() if name.endswith("spike_steps")), 1000)
        forms = {"pair": EXACT, "two_sided": {**EXACT, "cells_per_weight": "pair_two_sided"},
                 "offset": {**EXACT, "cells_per_weight": "offset", "cell_bits": 8, "r_off_ohm": "unlimited"},
                 "sliced": {**EXACT, "cells_per_weight": "sliced_pair", "weight_bits": 8, "slices": 2, "outputs": 1024}}
        for name, crossbar in forms.items():
            image = self.compiled(name, NETWORK, crossbar)
            report, found = self.record(image)
            self.assertSame(expected, found)
            self.assertGreater(report["totals"]["crossbar"]["products"], 100)
            self.assertEqual(report["totals"]["crossbar"]["conversions"], 0)
            self.assertTrue(self.json("verify", image, self.tmp / f"{name}.mlir")["equal"])

    def test_digits_on_stuck_cells(self):
        """Placement by what is known takes back most of what one stuck cell in ten costs; over 20 devices: examples/digits/stuck."""
        network, data = DIGITS / "network.nir", DIGITS / "test_set.h5"
        for target in ("loihi1", "rram-40nm"):
            self.json("compile", network, "--target", target, "-o", self.tmp / f"{target}.rvi")
        faults = ("--faults", "rate=0.1,seed=1")
        self.json("eval", self.tmp / "loihi1.rvi", "--data", data, "--report", self.tmp / "loihi1")
        good = self.json("eval", self.tmp / "rram-40nm.rvi", "--data", data, "--compare", self.tmp / "loihi1" / "report.json")
        self.assertGreater(good["accuracy"], 0.965)
        self.assertAlmostEqual(good["compared"]["energy_ratio"], good["energy_uj"]["mean"] / self.report("loihi1")["energy_uj"]["mean"], places=12)
        self.assertAlmostEqual(good["compared"]["time_ratio"], good["latency_us"]["mean"] / self.report("loihi1")["latency_us"]["mean"], places=12)
        parts = good["energy"]
        self.assertAlmostEqual(sum(parts["crossbar"].values()) + parts["soma_j"] + parts["network_j"], parts["total_j"], delta=1e-9 * parts["total_j"])
        text = self.call("eval", self.tmp / "rram-40nm.rvi", "--data", data, "--compare", self.tmp / "loihi1" / "report.json").stdout
        self.assertRegex(text, r"energy .* of loihi1\)\n")
        self.assertRegex(text, r"of it +array [0-9.]+ %, drivers .*converters .*neurons")
        unaware = self.json("eval", self.tmp / "rram-40nm.rvi", "--data", data, *faults)["accuracy"]
        found = {}
        for how in ("partners", "move", "repair"):
            image = self.tmp / f"{how}.rvi"
            report = self.json("compile", network, "--target", "rram-40nm", *faults, "--compensate", how, "-o", image)
            found[how] = self.json("eval", image, "--data", data, *faults)["accuracy"]
            self.assertEqual(self.json("inspect", image)["provenance"]["compensate"], how)
            if how != "partners":
                (macro,) = report["macros"]
                self.assertEqual(macro["repair_rows"] > 0, how == "repair")
                errors = macro["error_levels"]
                self.assertTrue(errors["plain"] > errors["partners"] > errors["moved"] >= errors["repaired"])
        self.assertLess(unaware, 0.5)
        self.assertGreater(found["repair"], 0.94)
        self.assertGreater(found["repair"], found["partners"])
        self.fails("compile", network, "--target", "rram-40nm", "--compensate", "move", "-o", self.tmp / "no.rvi", code=2)

    def report(self, name):
        return json.loads((self.tmp / name / "report.json").read_text())

    def test_converters_say_what_numpy_says_of_the_levels(self):
        image = self.compiled("exact", INTEGRATORS, EXACT)
        _, exact = self.record(image)
        crossbar = {**EXACT, "readout": "adc", "adc_bits": 6, "adc_share": 0.3}
        converted = self.compiled("converted", INTEGRATORS, crossbar)
        _, found = self.record(converted)
        (core,) = self.json("inspect", converted, "--full")["cores"]
        macro = core["crossbar"]
        levels = np.array([row["levels"] for row in macro["row_table"]]).reshape(macro["rows"], macro["columns"], 2).astype(float)
        weights = levels[:, :, 0] - levels[:, :, 1]
        ((low, high),) = macro["ranges"]
        g0 = 1e4 / 1e6
        largest = max(np.maximum(weights, 0).sum(0).max(), np.maximum(-weights, 0).sum(0).max()) / 127 * (1 - g0)
        self.assertAlmostEqual(high, 0.3 * largest, places=12)
        self.assertEqual(low, -high)
        active = np.zeros((201, macro["rows"]))
        names = [axon["neuron"] for axon in core["in_axon_table"]]
        steps, neurons = (found[next(n for n in found if n.startswith("populations/in/") and n.endswith(end))] for end in ("spike_steps", "spike_neurons"))
        for step, neuron in zip(steps, neurons):
            if step + 1 <= 200 and neuron in names:
                active[step + 1, names.index(neuron)] = 1
        currents = active @ weights / 127 * (1 - g0)
        step = (high - low) / 63
        codes = np.clip(np.rint((currents - low) / step), 0, 63)
        sums = np.rint(127 / (1 - g0) * (low + codes * step))
        sums[active.sum(1) == 0] = 0  # a macro without a driven row is not read
        v = lambda run: next(values for name, values in run.items() if name == "populations/a/v")
        ideal = np.cumsum(active @ weights, 0)[1:]
        unit = (v(exact) * ideal).sum() / (ideal * ideal).sum()
        self.assertLess(np.abs(v(exact) - unit * ideal).max(), 0.05 * unit)  # roundings of 200 steps; an integer is 1
        expected = np.cumsum(sums, 0)[1:]
        self.assertLess(np.abs(v(found) - unit * expected).max(), 0.05 * unit)  # roundings of 200 steps; an integer is 1
        self.assertGreater(np.abs(expected - ideal).max(), 10)

    def test_more_sources_than_rows_take_more_macros(self):
        text = NETWORK.replace("shape [60]", "shape [900]").replace("p = 0.4", "p = 0.95").replace("<120.0>", "<9.0>")
        _, expected = self.record(self.compiled("wide_digital", text, None), "--timing", "off")
        self.assertGreater(sum(len(values) for name, values in expected.items() if name.endswith("spike_steps")), 1000)
        image = self.compiled("wide", text, EXACT)
        _, found = self.record(image)
        self.assertSame(expected, found)
        self.assertTrue(self.json("verify", image, self.tmp / "wide.mlir")["equal"])
        cores = self.json("inspect", image)["cores"]
        self.assertGreaterEqual(sum("feeds" in core for core in cores), 5)  # three delays of 855 sources
        self.assertLessEqual(max(core["crossbar"]["rows"] for core in cores if "crossbar" in core), 512)

    def test_devices_have_names(self):
        image = self.compiled("devices", NETWORK, {**EXACT, "readout": "adc", "programming_error": "independent", "programming_sigma": 0.05,
                                                   "read_noise": "proportional", "read_sigma": 0.05})
        report, expected = self.record(image)
        for options in (["--threads", 3], ["--timing", "off"], ["--executor", "interp"], ["--device-seed", 1]):
            self.assertSame(expected, self.record(image, *options)[1])
        self.assertTrue(self.differs(expected, self.record(image, "--device-seed", 2)[1]))
        point = self.tmp / "point.rvc"
        self.json("run", image, "--steps", 101, "--checkpoint", point, "--checkpoint-every", 101)
        self.assertEqual(report["totals"], self.json("run", image, "--steps", 200, "--resume", point)["totals"])
        self.fails("run", image, "--steps", 200, "--resume", point, "--device-seed", 2, rnv=7034)
        counts = report["totals"]["crossbar"]
        energy = report["energy"]["crossbar"]
        self.assertAlmostEqual(energy["drivers_j"], counts["rows"] * 0.52e-12, places=18)
        self.assertAlmostEqual(energy["converters_j"], counts["conversions"] * 2.08e-12, places=18)
        self.assertAlmostEqual(energy["array_j"], counts["conductance"] * 0.032e-12, places=18)
        self.fails("run", image, "--steps", 5, "--timing", "detailed", rnv=7062)

    def test_the_shipped_chip_recognises_digits(self):
        image = self.tmp / "digits.rvi"
        self.json("compile", DIGITS / "network.nir", "--target", "rram-40nm", "-o", image)
        report = self.json("eval", image, "--data", DIGITS / "test_set.h5")
        self.assertGreaterEqual(report["accuracy"], 0.97)
        self.json("check", DIGITS / "network.nir", "--target", "rram-40nm")

    def test_stuck_cells_are_those_of_the_place(self):
        crossbar = {**EXACT, "r_off_ohm": "unlimited"}
        image = self.compiled("sound", INTEGRATORS, crossbar)
        _, sound = self.record(image)
        (core,) = self.json("inspect", image, "--full")["cores"]
        rows = core["crossbar"]["row_table"]
        names = [axon["neuron"] for axon in core["in_axon_table"]]
        v = lambda run: next(values for name, values in run.items() if name == "populations/a/v")
        steps, neurons = (next(x for n, x in sound.items() if n.startswith("populations/in/") and n.endswith(end)) for end in ("spike_steps", "spike_neurons"))
        active = np.zeros((201, len(rows)))
        for step, neuron in zip(steps, neurons):
            if step + 1 <= 200 and neuron in names:
                active[step + 1, names.index(neuron)] = 1
        levels = np.array([row["levels"] for row in rows]).reshape(len(rows), -1, 2).astype(float)
        unit = (v(sound) * np.cumsum(active @ (levels[..., 0] - levels[..., 1]), 0)[1:]).sum() / (np.cumsum(active @ (levels[..., 0] - levels[..., 1]), 0)[1:] ** 2).sum()
        stuck = levels.copy()
        stuck[3, 7, 0], stuck[3, 8, 1], stuck[4, 9] = 127, 127, (0, 0)
        place = f"{core['chip']} {core['core']}"
        cells = [f"{place} 3 7 + high", f"{place} 3 8 - high", f"{place} 4 9 + low", f"{place} 4 9 - low", f"{place} 400 9 + high"]
        file = self.tmp / "cells.yaml"
        file.write_text(f"format: ranvier-cell-faults\nversion: 1\ncells: {cells!r}\n".replace("'", '"'))
        _, found = self.record(image, "--faults", file)
        expected = np.cumsum(active @ (stuck[..., 0] - stuck[..., 1]), 0)[1:]
        self.assertLess(np.abs(v(found) - unit * expected).max(), 0.05 * unit)  # roundings of 200 steps; an integer is 1
        self.assertGreater(np.abs(v(found) - v(sound)).max(), 10 * unit)
        # The compiler knows of them: other cells of the pairs make up for all but the pair that is stuck low on both sides.
        repaired = self.tmp / "repaired.rvi"
        report = self.json("compile", self.tmp / "sound.mlir", "--target", self.tmp / "sound.yaml", "--faults", file, "--compensate", "partners", "-o", repaired)
        self.assertEqual(report["cell_faults"]["stuck"], 4)
        self.assertEqual(report["cell_faults"]["weights"], 3)
        weights = levels[..., 0] - levels[..., 1]
        best = weights.copy()
        best[3, 7], best[3, 8], best[4, 9] = max(weights[3, 7], 0), min(weights[3, 8], 0), 0
        self.assertEqual(report["cell_faults"]["error_after"], np.abs(best - weights).sum())
        self.assertEqual(report["cell_faults"]["error_before"], np.abs(stuck[..., 0] - stuck[..., 1] - weights).sum())
        _, found = self.record(repaired, "--faults", file)
        self.assertLess(np.abs(v(found) - unit * np.cumsum(active @ best, 0)[1:]).max(), 0.05 * unit)  # roundings of 200 steps; an integer is 1
        rated = self.record(image, "--faults", "rate=0.1,seed=3")[1]
        self.assertSame(rated, self.record(image, "--faults", "rate=0.1,seed=3", "--threads", 2)[1])
        self.assertTrue(self.differs(rated, self.record(image, "--faults", "rate=0.1,seed=4")[1]))
        for text, rnv in (("rate=2", 2033), ("rate=0.1,low=0.1", 2033), ("low=0.7,high=0.7", 2033), ("seed=3", 2033), ("rate=x", 2033)):
            self.fails("run", image, "--steps", 2, "--faults", text, code=2, rnv=rnv)
        for cell in ("0 0 512 0 + high", "0 0 1 256 + high", "0 0 1 2 + up", "0 0 1 2 high", "0 0 1 2 + high 1", "9999 0 1 2 + low"):
            file.write_text(f'format: ranvier-cell-faults\nversion: 1\ncells: ["{cell}"]\n')
            self.fails("run", image, "--steps", 2, "--faults", file, rnv=2034)
        file.write_text('format: ranvier-cell-faults\nversion: 1\ncells: ["0 0 1 2 + high", "0 0 1 2 + low"]\n')
        self.fails("run", image, "--steps", 2, "--faults", file, rnv=2034)
        self.fails("compile", DIGITS / "network.nir", "--target", "loihi1", "--faults", "rate=0.1,seed=1", "-o", repaired, rnv=2035)

    def test_ranges_are_what_samples_need(self):
        crossbar = {**EXACT, "readout": "adc"}
        chip, image = self.chip("ranges", crossbar), self.tmp / "ranges.rvi"
        samples = DIGITS / "test_set.h5"
        self.json("compile", DIGITS / "network.nir", "--target", chip, "--calibrate", samples, "-o", image)
        (core,) = self.json("inspect", image, "--full")["cores"]
        ((low, high),) = core["crossbar"]["ranges"]
        self.assertEqual(low, -high)
        plain = self.tmp / "ranges_plain.rvi"
        self.json("compile", DIGITS / "network.nir", "--target", chip, "-o", plain)
        ((_, widest),) = self.json("inspect", plain)["cores"][0]["crossbar"]["ranges"]
        self.assertLess(high, widest)
        # The currents of inputs alone, which drive the first rows at the step after: none is beyond the range, and hidden ones may be.
        with h5py.File(samples) as file:
            spikes = file["input_spikes"][:100].astype(float)
        rows = [axon["neuron"] for axon in core["in_axon_table"] if axon["population"] == "input"]
        levels = np.array([row["levels"] for row in core["crossbar"]["row_table"]]).reshape(len(core["crossbar"]["row_table"]), -1, 2)
        weights = (levels[..., 0].astype(float) - levels[..., 1])[:len(rows)]
        hidden = [k for k in range(weights.shape[1]) if np.abs(weights[:, k]).sum() > 0]
        currents = np.abs(spikes[:, :-1][:, :, rows] @ weights[:, hidden]).max() / 127 * (1 - 1e4 / 1e6)
        self.assertGreaterEqual(high, currents - 1e-9)
        self.assertLess(currents, high * 1.5)
        self.assertGreaterEqual(self.json("eval", image, "--data", samples)["accuracy"], 0.97)

    def test_descriptions_are_refused_by_key_and_range(self):
        for change, rnv, words in (({"adc_share": 0, "readout": "adc"}, 2030, "adc_share"),
                                   ({"r_off_ohm": 5000}, 2031, "r_off_ohm"),
                                   ({"unit_column": "true"}, 2031, "unit_column"),
                                   ({"cell_bits": 6}, 2032, "weights.max_bits"),
                                   ({"inputs": 0}, 2009, "4096"),
                                   ({"readout": "eyes"}, 2012, "integrate_and_fire"),
                                   ({"readout": "adc", "adc_range": "fixed"}, 2031, "adc_full_scale"),
                                   ({"cells_per_weight": "sliced_pair", "weight_bits": 9, "slices": 2}, 2031, "slices"),
                                   ({"wires": 3}, 2005, "row_ohm")):
            path = self.chip("bad", {**EXACT, **change})
            self.assertIn(words, self.fails("check", DIGITS / "network.nir", "--target", path, rnv=rnv))
        graded = self.tmp / "graded.yaml"
        graded.write_text(re.sub("graded_spikes: false", "graded_spikes: true", description(EXACT)))
        self.assertIn("graded_spikes", self.fails("check", DIGITS / "network.nir", "--target", graded, rnv=2032))
        plain = self.compiled("plain", NETWORK, None)
        self.fails("run", plain, "--steps", 3, "--device-seed", 4, rnv=7060)
