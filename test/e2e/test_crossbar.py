# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Golden products of crossbars: cases for every key of the format, made by an independent NumPy model, against ranvier-replay; what the
format does not know is refused, and a wrong product is found and named."""

import json
import shutil

import h5py
import numpy as np

import crossbar_model
from ranvier import Case

GENERAL = crossbar_model.GENERAL
ADC = {"adc_bits": 8, "adc_range": [-6.0, 6.03], "adc_range_mode": "fixed"}
SERIAL = {"input_signed": False, "dac_bits": 5, "input_bitslicing": True, "input_slice_bits": 1}
SLICED = {"mapping": "bitsliced", "weight_bits": 8, "num_slices": 4}
WIRES = {"Rp_row_ohm": 20.0, "Rp_col_ohm": 30.0}
SPIKES = {"input_signed": False, "dac_bits": 1}

# name: (keys, shape [outputs, inputs]); the others are GENERAL and "mapping" "balanced".
CASES = {
    "analogue": ({}, (30, 40)),
    "analogue input of integers": ({"cell_bits": 5}, (30, 40)),
    "eight bits": ({"cell_bits": 7, "dac_bits": 8, "weight_bits": 8, **ADC}, (30, 50)),
    "two-sided": ({"cell_bits": 8, "dac_bits": 8, "two_sided": True, **ADC}, (30, 50)),
    "sign and magnitude": ({"cell_bits": 6, "dac_bits": 7, **ADC, "adc_range": [-6.0, 6.0], "adc_model": "SignMagnitudeADC"}, (30, 50)),
    "no least conductance": ({"infinite_on_off": True, "cell_bits": 4, "dac_bits": 4, **ADC}, (30, 50)),
    "clipped": ({"w_max": 0.5, "x_max": 0.25, "cell_bits": 7, "dac_bits": 8, **ADC}, (30, 50)),
    "few codes": ({"adc_bits": 2, "adc_range": [-1.0, 3.0]}, (30, 50)),
    "sixteen bits": ({"cell_bits": 12, "dac_bits": 16}, (30, 50)),
    "unsigned bytes": ({"cell_bits": 7, "dac_bits": 8, "input_signed": False, **ADC}, (30, 50)),
    "spikes": ({"cell_bits": 7, **SPIKES, **ADC}, (40, 300)),
    "spikes, wide cells": ({"cell_bits": 9, "two_sided": True, **SPIKES, **ADC}, (40, 60)),
    "spikes, analogue cells": ({**SPIKES}, (40, 60)),
    "bits, a conversion each": ({"cell_bits": 7, **SERIAL, **ADC, "adc_per_input_slice": True}, (30, 50)),
    "bits, analogue sum": ({"cell_bits": 7, **SERIAL, **ADC}, (30, 50)),
    "bits, analogue cells": ({**SERIAL, **ADC, "adc_per_input_slice": True}, (30, 50)),
    "bits, eight": ({"cell_bits": 7, **SERIAL, "dac_bits": 8, **ADC, "adc_per_input_slice": True}, (30, 50)),
    "bits, sixteen": ({"cell_bits": 7, **SERIAL, "dac_bits": 16, **ADC, "adc_per_input_slice": True}, (30, 50)),
    "offset": ({"mapping": "offset", "cell_bits": 8, "dac_bits": 8, "adc_bits": 8, "adc_range": [-20.0, 20.0]}, (30, 50)),
    "offset, analogue": ({"mapping": "offset"}, (30, 50)),
    "offset, unit column": ({"mapping": "offset", "cell_bits": 6, "unit_column": True, "dac_bits": 8, "adc_bits": 9, "adc_range": [-20.0, 20.0]}, (30, 50)),
    "offset, bits": ({"mapping": "offset", "cell_bits": 8, **SERIAL, "adc_bits": 9, "adc_range": [0.0, 40.0], "adc_per_input_slice": True}, (30, 50)),
    "slices": ({**SLICED, "slice_mapping": "balanced", "dac_bits": 8, "adc_bits": 8, "adc_range": [[-6, 6], [-5, 5], [-4, 4], [-3, 3]]}, (30, 50)),
    "slices, bits": ({**SLICED, "slice_mapping": "balanced", **SERIAL, **ADC, "adc_per_input_slice": True}, (30, 50)),
    "slices, offset": ({**SLICED, "slice_mapping": "offset", "dac_bits": 8, "adc_bits": 10, "adc_range": [-20, 20]}, (30, 50)),
    "slices, offset, bits": ({**SLICED, "num_slices": 2, "slice_mapping": "offset", **SERIAL, "adc_bits": 10, "adc_range": [0, 40], "adc_per_input_slice": True}, (30, 50)),
    "one slice": ({**SLICED, "num_slices": 1, "slice_mapping": "offset", **SERIAL}, (30, 50)),
    "tiles": ({"cell_bits": 7, "dac_bits": 8, **ADC, "tile_inputs": 20, "tile_outputs": 8}, (27, 53)),
    "tiles, equal": ({"cell_bits": 7, "dac_bits": 8, **ADC, "tile_inputs": 20, "tile_outputs": 9}, (27, 40)),
    "tiles, full first": ({"cell_bits": 7, "dac_bits": 8, **ADC, "tile_inputs": 20, "tile_outputs": 8, "partition": "max"}, (27, 53)),
    "tiles, unit columns": ({"mapping": "offset", "unit_column": True, "adc_bits": 8, "adc_range": [-20, 20], "tile_inputs": 20, "tile_outputs": 8}, (27, 53)),
    "wires": ({"parasitics": WIRES}, (9, 12)),
    "wires, wide": ({"parasitics": WIRES}, (13, 5)),
    "wires, one cell": ({"parasitics": WIRES}, (1, 1)),
    "wires, one output": ({"parasitics": WIRES}, (1, 9)),
    "wires, one input": ({"parasitics": WIRES}, (9, 1)),
    "wires, input lines only": ({"parasitics": {"Rp_row_ohm": 50.0, "Rp_col_ohm": 0.0}}, (9, 12)),
    "wires, output lines only": ({"parasitics": {"Rp_row_ohm": 0.0, "Rp_col_ohm": 50.0}}, (9, 12)),
    "wires, interleaved": ({"parasitics": WIRES, "interleaved": True}, (9, 11)),
    "wires, interleaved, input lines only": ({"parasitics": {"Rp_row_ohm": 50.0}, "interleaved": True}, (9, 12)),
    "wires, interleaved, output lines only": ({"parasitics": {"Rp_col_ohm": 50.0}, "interleaved": True}, (9, 12)),
    "wires, quantised": ({"parasitics": WIRES, "cell_bits": 4, "dac_bits": 8, **ADC}, (9, 12)),
    "wires, no least conductance": ({"parasitics": WIRES, "infinite_on_off": True}, (9, 12)),
    "wires, offset": ({"parasitics": WIRES, "mapping": "offset", "unit_column": True}, (7, 9)),
    "wires, slices": ({"parasitics": WIRES, **SLICED, "slice_mapping": "balanced", **SERIAL, **ADC, "adc_per_input_slice": True}, (7, 9)),
    "wires, tiles": ({"parasitics": WIRES, "tile_inputs": 5, "tile_outputs": 4}, (9, 12)),
    "selected": ({"parasitics": {**WIRES, "current_from_input": False}, **SPIKES}, (9, 12)),
    "selected, interleaved": ({"parasitics": {**WIRES, "current_from_input": False}, "interleaved": True, **SPIKES}, (9, 12)),
    "selected, source lines only": ({"parasitics": {"Rp_row_ohm": 50.0, "current_from_input": False}, **SPIKES}, (9, 12)),
    "selected, output lines only": ({"parasitics": {"Rp_col_ohm": 50.0, "current_from_input": False}, "interleaved": True, **SPIKES}, (9, 12)),
    "selected, no least conductance": ({"parasitics": {**WIRES, "current_from_input": False}, "infinite_on_off": True, **SPIKES}, (9, 12)),
    "selected, bits": ({"parasitics": {**WIRES, "current_from_input": False}, **SERIAL, **ADC, "adc_per_input_slice": True}, (9, 12)),
    "selected, bits, analogue sum": ({"parasitics": {**WIRES, "current_from_input": False}, **SERIAL, **ADC}, (9, 12)),
    "selected, offset": ({"parasitics": {**WIRES, "current_from_input": False}, "mapping": "offset", "unit_column": True, **SPIKES}, (7, 9)),
}

INDEPENDENT = {"model": "NormalIndependentDevice", "sigma": 0.02}
PROPORTIONAL = {"model": "NormalProportionalDevice", "sigma": 0.1}
WAN = {"model": "RRAMWan"}
TRIALS = 1200
# Statistical cases: (keys, shape). Of cells at g0 = 0.01 a sigma of 0.02 clips a third.
NOISY = {
    "programming, independent": ({"programming_error": INDEPENDENT}, (24, 20)),
    "programming, proportional": ({"programming_error": PROPORTIONAL, "cell_bits": 4, "dac_bits": 5, **ADC}, (24, 20)),
    "programming, measured": ({"programming_error": WAN, "Rmin_ohm": 26000, "Rmax_ohm": 400000}, (24, 20)),
    "programming, offset": ({"programming_error": PROPORTIONAL, "mapping": "offset", "unit_column": True}, (24, 20)),
    "programming, slices, bits": ({"programming_error": INDEPENDENT, **SLICED, "slice_mapping": "balanced", **SERIAL, **ADC, "adc_per_input_slice": True}, (24, 10)),
    "read, independent": ({"read_noise": INDEPENDENT}, (24, 20)),
    "read, proportional": ({"read_noise": PROPORTIONAL, "two_sided": True, "tile_inputs": 12, "tile_outputs": 10}, (24, 20)),
    "read, measured": ({"read_noise": WAN, "mapping": "offset"}, (24, 20)),
    "read, bits": ({"read_noise": PROPORTIONAL, **SERIAL, **ADC, "adc_per_input_slice": True}, (24, 10)),
    "read, bits, analogue sum": ({"read_noise": PROPORTIONAL, **SERIAL, **ADC}, (24, 10)),
    "read, spikes": ({"read_noise": INDEPENDENT, **SPIKES}, (24, 20)),
    "both": ({"read_noise": INDEPENDENT, "programming_error": PROPORTIONAL}, (24, 20)),
    "read, wires": ({"read_noise": INDEPENDENT, "parasitics": WIRES}, (4, 4)),
    "read, selected": ({"read_noise": INDEPENDENT, "parasitics": {**WIRES, "current_from_input": False}, **SPIKES}, (4, 4)),
}


def disturbed(config, rng):
    """Conductances of one product: programming errors, then read noise, each clipped at 0."""
    largest = 1e6 / config["Rmin_ohm"]

    def add(g, noise):
        if not noise:
            return g
        micro = g * largest
        sigma = {"NormalIndependentDevice": lambda: noise["sigma"], "NormalProportionalDevice": lambda: noise["sigma"] * g,
                 "RRAMWan": lambda: (1.536e-4 * micro**3 - 1.167e-2 * micro**2 + 0.2374 * micro + 1.053) / largest}[noise["model"]]()
        return np.maximum(g + sigma * rng.standard_normal(g.shape), 0)

    return lambda g: add(add(g, config.get("programming_error")), config.get("read_noise"))


class Crossbar(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        rng = np.random.default_rng(11)
        cls.cases = {}
        for number, (name, (keys, shape)) in enumerate(CASES.items()):
            config = {**GENERAL, "mapping": "balanced", "name": name, "about": "made here", "seed": number, **keys}
            weights = rng.uniform(-1, 1, shape) * rng.integers(0, 2, shape)
            signed = config.get("input_signed", True)
            vectors = rng.uniform(-1 if signed else 0, 1, (4, shape[1])) * config["x_max"] * (2 if name == "clipped" else 1)
            vectors[0, 0] = config["x_max"]
            model = crossbar_model.Model(config)
            arrays = {"Y": model.product(weights, vectors)}
            if "adc_bits" in config:
                arrays["Y_no_adc"] = crossbar_model.Model({k: v for k, v in config.items() if k != "adc_bits"}).product(weights, vectors)
            path = cls.tmp / f"{number:02}.h5"
            crossbar_model.write(path, config, weights, vectors, **arrays)
            cls.cases[name] = (path, config, weights, vectors, arrays)

    def noisy(self, name, trials=TRIALS):
        keys, shape = NOISY[name]
        rng = np.random.default_rng(sum(name.encode()))
        config = {**GENERAL, "mapping": "balanced", "input_signed": False, **keys}
        weights, vectors = rng.uniform(-1, 1, shape), rng.uniform(0, 1, (2, shape[1]))
        ideal = {k: v for k, v in config.items() if k not in ("programming_error", "read_noise")}
        nominal = crossbar_model.Model(ideal).product(weights, vectors)
        model, disturb = crossbar_model.Model(config), disturbed(config, rng)
        if "parasitics" in config:
            trials = 300  # Dense nodal analysis of each.
        errors = np.array([model.product(weights, vectors, disturb) for _ in range(trials)]) - nominal
        spread = errors.std(axis=0)
        path = self.tmp / "noisy.h5"
        crossbar_model.write(path, config, weights, vectors, Y_nominal=nominal, err_mean=errors.mean(axis=0), err_std=spread, trials=trials,
                             pooled=[errors.mean(), np.sqrt((spread**2).mean()), np.sqrt((errors**2).mean())])
        return path

    def replay(self, *arguments, code=0):
        done = self.call(*arguments, "--json", tool="ranvier-replay")
        if code is not None:
            self.assertEqual(done.returncode, code, f"{arguments}\nstdout: {done.stdout[-3000:]}\nstderr: {done.stderr[-4000:]}")
        return json.loads(done.stdout)

    def test_every_key_computes_what_the_model_says(self):
        report = self.replay(*[case[0] for case in self.cases.values()])
        for (name, (_, config, _, _, arrays)), record in zip(self.cases.items(), report["files"]):
            self.assertEqual(record["result"], "pass", (name, record))
            self.assertEqual(record["compared_cells"], sum(a.size for a in arrays.values()), name)
            # Far closer than the format asks; an output on the border of two codes may fall either way.
            self.assertLess(record["worst"], 3e-9, name)
            self.assertLessEqual(record["other_codes"], 1, name)

    def test_out_holds_the_products(self):
        for name in ("eight bits", "wires, interleaved", "offset, unit column"):
            path, _, _, _, arrays = self.cases[name]
            out = self.tmp / "out.h5"
            self.replay(path, "--out", out)
            with h5py.File(out) as f:
                self.assertEqual(set(f), set(arrays))
                for key, array in arrays.items():
                    np.testing.assert_allclose(f[key][()], array, atol=1e-9 * np.abs(array).max())

    def test_p01_and_p02_pass(self):
        folder = self.shared("golden", "crossbar")
        report = self.replay(*sorted(folder.glob("*.h5")))
        for record in report["files"]:
            self.assertEqual(record["result"], "pass", record)
            self.assertLess(record["worst"], 1e-6)

    def test_a_wrong_product_is_found_and_named(self):
        for name, key in (("analogue", "Y"), ("eight bits", "Y_no_adc"), ("wires", "Y"), ("selected", "Y")):
            path, _, _, _, arrays = self.cases[name]
            rms = np.sqrt((arrays[key] ** 2).mean())
            for by, code in ((2e-5 if "adc" not in key and name == "analogue" else 2e-4, 1), (5e-6, 0)):
                changed = self.changed(path, lambda f: f[key].__setitem__((2, 5), arrays[key][2, 5] + by * rms))
                record = self.replay(changed, code=code)["files"][0]
                if code:
                    self.assertEqual({k: record["difference"][k] for k in ("what", "vector", "output")}, {"what": key, "vector": 2, "output": 5})

    def test_one_percent_of_codes_may_differ_by_one(self):
        path, config, _, _, arrays = self.cases["slices, bits"]
        low, high = config["adc_range"]
        lsb = (high - low) / 255
        step = 3 / 127 / 0.99 * lsb / 31  # Of slice 0, bit 0.
        for where, by, code in (([(0, 0)], step, 0), ([(0, 0)], step * 4**3 * 2**4, 0), ([(0, 0)], step * 0.5, 1), ([(0, 0)], step * 3, 1),
                                ([(0, 0), (1, 1)], step, 1)):
            def change(f):
                for at in where:
                    f["Y"][at] = arrays["Y"][at] + by
            record = self.replay(self.changed(path, change), code=code)["files"][0]
            if not code:
                self.assertEqual(record["other_codes"], len(where))

    def test_a_broken_tile_breaks_the_replay(self):
        """Every parameter of the tile matters: products of another array are not taken for those of this one."""
        path, config, weights, vectors, arrays = self.cases["wires, slices"]
        self.replay(path)
        for key, value in (("Rmax_ohm", 2e5), ("w_max", 1.1), ("x_max", 0.9), ("num_slices", 2), ("slice_mapping", "offset"), ("dac_bits", 4), ("adc_bits", 7),
                           ("adc_range", [-3.0, 3.0]), ("adc_model", "SignMagnitudeADC"), ("adc_per_input_slice", False), ("tile_inputs", 4),
                           ("parasitics", {"Rp_row_ohm": 20.0, "Rp_col_ohm": 300.0}), ("parasitics", {"Rp_row_ohm": 200.0, "Rp_col_ohm": 30.0}),
                           ("parasitics", {**WIRES, "current_from_input": False}), ("interleaved", True)):
            other = self.tmp / "other.h5"
            crossbar_model.write(other, {**config, key: value, "w_max": value if key == "w_max" else 1.0}, weights, vectors, Y=arrays["Y"] * 1.0)
            self.replay(other, code=1)

    # --- What errs at random -----------------------------------------------------------------------------------------------------------

    def test_statistics_are_those_of_the_model(self):
        """Pooled over 1,200 trials of 24 outputs a deviation is known to 0.42 %, the difference of two of them to 0.6 %: the format's 2 % are
        more than three sigma, for seeds that are fixed."""
        for name in NOISY:
            record = self.replay(self.noisy(name), code=0 if "parasitics" not in NOISY[name][0] else None)["files"][0]
            if "parasitics" in NOISY[name][0]:
                self.assertLess(record["worst"], 0.1, (name, record))  # 300 trials of 4 outputs: 2.9 % is a sigma.
            else:
                self.assertEqual(record["result"], "pass", (name, record))

    def test_out_holds_the_statistics(self):
        path, out = self.noisy("both"), self.tmp / "out.h5"
        self.replay(path, "--out", out)
        with h5py.File(out) as f, h5py.File(path) as g:
            self.assertEqual(set(f), {"Y_nominal", "err_mean", "err_std", "trials", "pooled"})
            self.assertEqual(int(f["trials"][()]), TRIALS)
            spread = f["err_std"][()]
            np.testing.assert_allclose(spread, g["err_std"][()], rtol=5 / np.sqrt(TRIALS))
            mean, error = f["err_mean"][()], f["pooled"][()]
            np.testing.assert_allclose(error, [mean.mean(), np.sqrt((spread**2).mean()), np.sqrt((spread**2 + mean**2).mean())])

    def test_the_same_seed_is_the_same_device(self):
        path, out = self.noisy("both", 20), self.tmp / "out.h5"
        found = []
        for seed in (1, 1, 2):
            self.call(path, "--out", out, "--seed", seed, tool="ranvier-replay")
            with h5py.File(out) as f:
                found.append(f["err_mean"][()])
        np.testing.assert_array_equal(found[0], found[1])
        self.assertGreater((found[0] != found[2]).mean(), 0.99)

    def test_other_statistics_are_found(self):
        path = self.noisy("read, proportional")
        for change in (lambda f: f["pooled"].__setitem__(1, f["pooled"][1] * 1.04), lambda f: f["err_mean"].__setitem__((1, 3), f["err_mean"][1, 3] + f["err_std"][1, 3] * 0.5)):
            self.replay(self.changed(path, change), code=1)

    # --- What is refused ---------------------------------------------------------------------------------------------------------------

    def changed(self, path, change, name="changed"):
        copy = self.tmp / f"{name}.h5"
        shutil.copyfile(path, copy)
        with h5py.File(copy, "r+") as f:
            change(f)
        return copy

    def refused(self, *cases, case="eight bits"):
        """Each a change of a case, the code it is refused with, and words of the message."""
        paths = [self.changed(self.cases[case][0], change, f"refused{n}") for n, (change, *_) in enumerate(cases)]
        for (_, rnv, *words), record in zip(cases, self.replay(*paths, code=1)["files"]):
            self.assertEqual(record["result"], "error", (words, record))
            for word in (f"error RNV{rnv}", record["file"], *words):
                self.assertIn(word, record["error"])

    def config(self, without=(), **keys):
        def change(f):
            config = {**json.loads(f.attrs["config"]), **keys}
            f.attrs["config"] = json.dumps({k: v for k, v in config.items() if k not in without})
        return change

    def test_bad_values_are_refused_with_key_value_and_range(self):
        values = ((7050, {"Rmin_ohm": -5}, ("Rmin_ohm", "a positive number", "-5")), (7050, {"Rmin_ohm": 0}, ("Rmin_ohm",)),
                                 (7050, {"Rmax_ohm": 1e4}, ("Rmax_ohm", "above Rmin_ohm")), (7050, {"w_max": 0}, ("w_max",)), (7050, {"x_max": -1}, ("x_max",)),
                                 (7050, {"cell_bits": 15}, ("cell_bits", "1..14", "15")), (7050, {"cell_bits": 1, "mapping": "offset"}, ("cell_bits", "2..14")),
                                 (7050, {"dac_bits": 17}, ("dac_bits", "2..16")), (7050, {"dac_bits": 1}, ("dac_bits", "2..16")),
                                 (7050, {"adc_bits": 25}, ("adc_bits", "1..24")), (7050, {"adc_range": [2, 2]}, ("adc_range", "[2, 2]")),
                                 (7050, {"adc_range": [2, -2]}, ("adc_range",)), (7050, {"adc_range": [[-1, 1], [-1, 1]]}, ("adc_range", "2 ranges")),
                                 (7050, {"parasitics": {"Rp_row_ohm": -1}}, ("Rp_row_ohm", "-1")), (7050, {**SLICED, "num_slices": 3, "slice_mapping": "offset"}, ("num_slices", "3")),
                                 (7050, {**SLICED, "weight_bits": 17, "num_slices": 1, "slice_mapping": "offset"}, ("weight_bits", "2..16")),
                                 (7051, {**SLICED, "slice_mapping": "offset"}, ("cell_bits",)), (7051, {"mapping": "offset", "two_sided": True}, ("two_sided",)),
                                 (7051, {"mapping": "offset", "interleaved": True}, ("interleaved",)), (7051, {"unit_column": True}, ("unit_column",)),
                                 (7051, {"input_bitslicing": True, "input_signed": True}, ("input_bitslicing",)), (7051, {"adc_per_input_slice": True}, ("adc_per_input_slice",)),
                                 (7051, {"parasitics": {"current_from_input": False}}, ("current_from_input",)),
                                 (8087, {"Rmin_ohm": "10k"}, ("Rmin_ohm", "a number")), (8087, {"mapping": "diagonal"}, ("balanced, offset, bitsliced",)),
                                 (8087, {"cell_bits": 2.5}, ("cell_bits",)), (8087, {"cell_bits": 0}, ("cell_bits",)), (8087, {"dac_bits": 0}, ("dac_bits",)),
                                 (8087, {"adc_range": [1]}, ("adc_range",)), (8087, {"adc_range_mode": "calibrated"}, ("adc_range_mode",)),
                                 (8087, {"adc_model": "RampADC"}, ("adc_model",)), (8087, {"two_sided": 1}, ("two_sided",)), (8087, {"num_slices": 2}, ("num_slices",)),
                                 (8087, {"tile_inputs": 0}, ("tile_inputs",)), (8087, {"partition": "min"}, ("partition",)), (8087, {"parasitics": []}, ("parasitics",)),
                                 (8087, {"parasitics": {"Rp_diagonal": 1}}, ("Rp_diagonal", "unknown key")), (8087, {"stuck": 1}, ("stuck", "unknown key")),
                                 (8087, {"name": 5}, ("name",)), (8087, {"input_slice_bits": 2, **{k: v for k, v in SERIAL.items() if k != "input_slice_bits"}}, ("input_slice_bits",)))
        self.refused(*[(self.config(**keys), rnv, *words) for rnv, keys, words in values],
                     *[(self.config(without=(key,)), 8087, key, "none") for key in ("Rmin_ohm", "Rmax_ohm", "w_max", "x_max", "mapping", "adc_range")],
                     (self.config(without=("dac_bits",), input_bitslicing=True, input_signed=False), 7051, "dac_bits"),
                     *[(lambda f, text=text: f.attrs.__setitem__("config", text), 8087) for text in ("", "[]", "{", '{"Rmin_ohm": NaN}', "1", '{"name": ' + "[" * 400000 + "]" * 400000 + "}")])

    def test_bad_files_are_refused(self):
        def set_at(key, at, value):
            def change(f):
                f[key][at] = value
            return change

        def array(key, value):
            def change(f):
                if key in f:
                    del f[key]
                f[key] = value
            return change

        self.refused((set_at("W", (3, 4), np.nan), 1073, "W[3, 4]", "nan"), (set_at("X", (1, 2), np.inf), 1073, "X[1, 2]"),
                     (array("X", np.zeros((4, 51))), 1074), (array("Y", np.zeros((4, 31))), 1074), (array("Y", np.zeros((3, 30))), 1074),
                     (array("W", np.zeros((30, 0))), 1074), (array("W", np.zeros(30)), 1074), (array("Z", np.zeros(30)), 1071, "Z"),
                     (array("err_std", np.zeros((4, 30))), 1071, "err_std"), (lambda f: f.create_group("more"), 1071, "more"),
                     (lambda f: f.attrs.__setitem__("producer", "me"), 1071, "producer"), (lambda f: f["W"].attrs.__setitem__("unit", "1"), 1071, "unit"),
                     *[(lambda f, at=key: f.__delitem__(at), 1072, key) for key in ("W", "X", "Y")], (lambda f: f.attrs.__delitem__("config"), 1072),
                     (lambda f: f.attrs.__setitem__("version", 2), 1073))

    def test_products_of_noise_are_refused(self):
        self.refused((self.config(read_noise=INDEPENDENT), 8088), (self.config(programming_error=WAN), 8088),
                     (self.config(read_noise={"model": "NormalIndependentDevice", "sigma": -1}), 7050, "read_noise.sigma", "-1"),
                     (self.config(read_noise={"model": "NormalIndependentDevice"}), 8087, "read_noise.sigma"), (self.config(read_noise={"model": "Cauchy"}), 8087, "Cauchy"),
                     (self.config(programming_error={**INDEPENDENT, "mean": 1}), 8087, "programming_error.mean", "unknown key"))

    def test_a_half_selected_cell_is_refused(self):
        self.refused((self.config(without=("dac_bits",)), 7054, "0 or full scale"), case="selected")
