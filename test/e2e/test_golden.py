# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Golden cases drawn at random against ranvier-replay: what it computes is what an independent numpy model says, a flipped value is
found and named, and what the format does not know is refused."""

import json
import os
import shutil
import sys

import h5py
import numpy as np

from ranvier import ROOT, Case

sys.path.insert(0, str(ROOT / "test" / "golden"))
import loihi_cases  # noqa: E402

LONG = os.environ.get("RANVIER_TEST_MODE") == "long"
SEEDS = {"small": 250, "strong": 40, "delays": 40, "large": 12} if LONG else {"small": 12, "strong": 3, "delays": 3, "large": 2}
RUNS = (("--executor", "jit"), ("--executor", "interp"), ("--executor", "jit", "--threads", "2"))


class Golden(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cases = {}
        for scale, count in SEEDS.items():
            for seed in range(count):
                path = cls.tmp / f"{scale}{seed}.h5"
                cls.cases[path] = loihi_cases.write_case(seed, scale, path)
                for group in cls.cases[path]["connections"]:  # Megabytes of a large case, needed no more.
                    del group["weights"]

    def replay(self, *arguments, code=0):
        done = self.call(*arguments, "--json", tool="ranvier-replay")
        self.assertEqual(done.returncode, code, f"{arguments}\nstdout: {done.stdout[-2000:]}\nstderr: {done.stderr[-4000:]}")
        return json.loads(done.stdout)

    def test_the_model_reproduces_the_shipped_cases(self):
        for path in sorted((ROOT / "test" / "golden" / "loihi").glob("*.h5")):
            with h5py.File(path) as f:
                case = {"steps": int(f.attrs["num_steps"]), "inputs": {name: f[f"inputs/{name}/spikes"][()] for name in f["inputs"]},
                        "groups": {name: {**{k: int(g.attrs[k]) for k in ("n", "du", "dv", "vth")},
                                          **{k: g[k][()].astype(np.int64) for k in ("bias_mant", "bias_exp")}} for name, g in f["groups"].items()},
                        "connections": [{**c.attrs, **{k: c[k][()] for k in c}} for c in f["connections"].values()]}
                for connection in case["connections"]:
                    connection.update({k: int(connection[k]) for k in ("weight_exp", "num_weight_bits")})
                for name, arrays in loihi_cases.simulate(case).items():
                    for key, array in zip("suv", arrays):
                        np.testing.assert_array_equal(array, f[f"expected/{name}/{key}"][()], f"{path.name}: {name}/{key}")

    def test_the_cases_reach_every_corner(self):
        corners = {"spikes": 0, "several into one": 0, "one into itself": 0}
        exponents, modes, bits = set(), set(), set()
        for case in self.cases.values():
            for key, count in case["corners"].items():
                corners[key] = corners.get(key, 0) + count
            corners["spikes"] += sum(int(s.sum()) for s, _, _ in case["expected"].values())
            into = [c["dst"] for c in case["connections"]]
            corners["several into one"] += len(into) != len(set(into))
            corners["one into itself"] += any(c["src"] == c["dst"] for c in case["connections"])
            for c in case["connections"]:
                exponents.add(c["weight_exp"]), modes.add(c["sign_mode"]), bits.add(c["num_weight_bits"])
        self.assertEqual(len(corners), 7)
        for key, count in corners.items():
            self.assertGreater(count, 0, key)
        self.assertGreaterEqual(exponents, {-8, -1, 0, 1} | ({*range(-8, 8)} if LONG else set()))
        self.assertEqual(modes, {"AUTO", "MIXED", "EXCITATORY", "INHIBITORY"})
        self.assertGreaterEqual(bits, {8} | ({*range(9)} if LONG else set()))

    def test_every_case_passes_with_every_executor(self):
        for options in RUNS:
            report = self.replay(*self.cases, *options)
            self.assertEqual((report["passed"], report["failed"]), (len(self.cases), 0))
            for path, record in zip(self.cases, report["files"]):
                case = self.cases[path]
                cells = sum(case["steps"] * (case["groups"][name]["n"] + 2 * len(columns)) for name, columns in case["recorded"].items())
                self.assertEqual(record["compared_cells"], cells, path.name)

    def test_out_holds_what_the_model_computes(self):
        for path, case in self.cases.items():
            if "large1" in path.name or "small" in path.name or LONG:
                out = self.tmp / "out.h5"
                self.replay(path, "--out", out)
                with h5py.File(out) as f:
                    self.assertEqual(set(f), set(case["groups"]))
                    for name, arrays in case["expected"].items():
                        for key, array in zip("suv", arrays):
                            np.testing.assert_array_equal(f[name][key][()], array, f"{path.name}: {name}/{key}")

    def test_one_flipped_value_is_found_and_named(self):
        rng = np.random.default_rng(7)
        flips = 0
        for path, case in self.cases.items():
            for key in "suv":
                sizes = {name: case["groups"][name]["n"] if key == "s" else len(columns) for name, columns in case["recorded"].items()}
                names = [name for name, size in sizes.items() if size]
                if not names or ("large" in path.name and key != "v"):
                    continue
                name = names[rng.integers(len(names))]
                row, column = int(rng.integers(case["steps"])), int(rng.integers(sizes[name]))
                neuron = column if key == "s" else int(case["recorded"][name][column])
                found = int(case["expected"][name]["suv".index(key)][row, neuron])
                changed = self.tmp / "flipped.h5"
                shutil.copyfile(path, changed)
                with h5py.File(changed, "r+") as f:
                    array = f[f"expected/{name}/{key}"][()].astype(np.int64)
                    array[row, column] = 1 - found if key == "s" else found + (1 if found < 0 else -1)
                    del f[f"expected/{name}/{key}"]
                    f[f"expected/{name}/{key}"] = array
                record = self.replay(changed, code=1)["files"][0]
                self.assertEqual(record["result"], "fail")
                self.assertEqual(record["difference"], {"step": row + 1, "group": name, "neuron": neuron, "what": key,
                                                        "expected": int(array[row, column]), "found": found}, path.name)
                flips += 1
        self.assertGreater(flips, 30)
        line = self.call(changed, tool="ranvier-replay").stdout
        self.assertEqual(line, f"FAIL {changed}: step {row + 1}, group '{name}', neuron {neuron}: {key} expected {array[row, column]}, found {found}\n")

    def test_a_mismatch_does_not_stop_the_others(self):
        first, second = list(self.cases)[:2]
        bad = self.tmp / "bad.h5"
        bad.write_bytes(first.read_bytes()[:500])
        report = self.replay(first, bad, second, code=1)
        self.assertEqual([record["result"] for record in report["files"]], ["pass", "error", "pass"])
        self.assertEqual((report["passed"], report["failed"]), (2, 1))

    def changed(self, change, path=None):
        """The message on a case after `change(file)`, which must be refused with exit code 1."""
        copy = self.tmp / "changed.h5"
        shutil.copyfile(path or ROOT / "test" / "golden" / "loihi" / "p02_two_layer_delays.h5", copy)
        with h5py.File(copy, "r+") as f:
            change(f)
        done = self.call(copy, tool="ranvier-replay")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"^FAIL .*: error RNV\d{4}: .+\n$")
        self.assertIn(str(copy), done.stderr)
        return done.stderr

    def test_what_the_format_does_not_know_is_refused(self):
        def attribute(place, name, value):
            return lambda f: f[place].attrs.__setitem__(name, value)

        def array(place, value):
            def change(f):
                if place in f:
                    del f[place]
                f[place] = value
            return change

        for place in ("/", "inputs/in", "groups/h", "connections/00", "expected/h"):
            self.assertIn("unknown key", self.changed(attribute(place, "extra", 1)), place)
            self.assertIn("unknown key", self.changed(array(f"{place}/extra", [1, 2])), place)
            self.assertIn("unknown key", self.changed(lambda f, at=place: f[at].create_group("more")), place)
        for place, name, value in (("/", "format", "ranvier-golden-crossbar"), ("/", "version", 2), ("/", "kind", "learning"),
                                   ("groups/h", "model", "RF"), ("groups/h", "du", 4096), ("groups/h", "dv", -1), ("groups/h", "vth", 131072),
                                   ("groups/h", "n", 15), ("inputs/in", "n", 25), ("connections/00", "kind", "sparse"),
                                   ("connections/00", "src", "nobody"), ("connections/00", "dst", "in"), ("connections/00", "sign_mode", "NULL"),
                                   ("connections/00", "num_weight_bits", 9), ("connections/00", "num_message_bits", 8),
                                   ("connections/00", "weight_exp", 8), ("connections/00", "weight_exp", -9), ("connections/00", "weight_exp", 0.5)):
            self.changed(attribute(place, name, value))
        self.changed(array("connections/00/delays", np.full((16, 24), 63)))
        self.changed(array("connections/00/delays", np.full((16, 24), -1)))
        self.changed(array("connections/01/delays", np.zeros((6, 16), int)))
        self.changed(array("connections/00/weights", np.zeros((24, 16), int)))
        self.changed(array("connections/00/weights", np.full((16, 24), 0.5)))
        self.changed(array("inputs/in/spikes", np.full((200, 24), 2)))
        self.changed(array("inputs/in/spikes", np.zeros((199, 24), int)))
        self.changed(array("groups/h/bias_mant", np.zeros(15, int)))
        self.changed(array("expected/h/recorded", np.arange(1, 17)))
        self.changed(array("expected/h/recorded", np.zeros(16, int)))
        self.changed(array("expected/h/s", np.zeros((200, 15), int)))
        for gone in ("groups/h/bias_exp", "connections/00/weights", "connections/00/delays", "inputs/in/spikes", "expected/h/u", "groups"):
            self.changed(lambda f, at=gone: f.__delitem__(at))
        for place, name in (("/", "num_steps"), ("groups/h", "vth"), ("connections/00", "weight_exp"), ("connections/00", "num_message_bits"),
                            ("inputs/in", "n")):
            self.changed(lambda f, at=place, key=name: f[at].attrs.__delitem__(key))

    def big(self, name, pre, post, steps=3):
        """One dense connection of random weights between an input and a group."""
        rng = np.random.default_rng(3)
        case = {"name": name, "steps": steps, "inputs": {"in": (rng.random((steps, pre)) < 0.01).astype(np.int8)},
                "groups": {"g": {"n": post, "du": 100, "dv": 50, "vth": 1000, "bias_mant": np.zeros(post, int), "bias_exp": np.zeros(post, int)}},
                "connections": [{"src": "in", "dst": "g", "kind": "dense", "sign_mode": "MIXED", "weight_exp": 0, "num_weight_bits": 8,
                                 "weights": rng.integers(-128, 128, (post, pre))}]}
        case["expected"] = loihi_cases.simulate(case)
        case["recorded"] = {"g": np.arange(post)}
        path = self.tmp / f"{name}.h5"
        loihi_cases.Generator(0, "small").write(case, path)
        return path

    def test_inputs_and_groups_may_be_empty(self):
        def group(n):
            return {"n": n, "du": 4095, "dv": 0, "vth": 10, "bias_mant": np.full(n, 3), "bias_exp": np.full(n, 6)}

        def connection(src, dst, pre, post):
            return {"src": src, "dst": dst, "kind": "delay", "sign_mode": "AUTO", "weight_exp": 0, "num_weight_bits": 8,
                    "weights": np.full((post, pre), 4), "delays": np.full((post, pre), 1)}

        case = {"name": "empty", "steps": 9, "inputs": {"a": np.zeros((9, 0), int), "b": np.ones((9, 2), int)},
                "groups": {"g": group(0), "h": group(2), "i": group(0), "j": group(1)},
                "connections": [connection("a", "h", 0, 2), connection("b", "g", 2, 0), connection("b", "h", 2, 2), connection("h", "j", 2, 1),
                                connection("i", "i", 0, 0)]}
        case["expected"] = loihi_cases.simulate(case)
        case["recorded"] = {name: np.arange(g["n"]) for name, g in case["groups"].items()}
        self.assertGreater(case["expected"]["j"][0].sum(), 0)
        path, out = self.tmp / "empty.h5", self.tmp / "empty-out.h5"
        loihi_cases.Generator(1, "small").write(case, path)
        self.assertEqual(self.replay(path, "--out", out)["files"][0]["compared_cells"], 9 * 3 * 3)
        with h5py.File(out) as f:
            self.assertEqual(f["g/s"].shape, (9, 0))
            np.testing.assert_array_equal(f["j/v"][()], case["expected"]["j"][2])

    def test_what_fits_no_core_alone_is_split(self):
        # 2,000 x 1,500 weights of 9 bits are 27 Mbit; a core of loihi1 has one.
        report = self.replay(self.big("wide", 2000, 1500))
        self.assertEqual(report["passed"], 1)
        self.assertGreater(report["files"][0]["cores"], 25)

    def test_what_fits_no_chip_names_the_limit(self):
        at, beyond = self.big("axons", 4096, 3), self.big("beyond", 4097, 3)
        self.replay(at)
        done = self.call(beyond, tool="ranvier-replay")
        self.assertEqual(done.returncode, 3)
        for part in ("RNV6011", "input axons", "4096", "4097"):
            self.assertIn(part, done.stderr)
        # A case that fits and passes does not hide the one that does not fit.
        self.assertEqual(self.call(at, beyond, tool="ranvier-replay").returncode, 3)
