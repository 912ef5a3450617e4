# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every NIR primitive, flat and nested, recurrent and branching, in files laid out as other tools write them: imported, run on `reference`
and compared with a numpy model of NIR's meaning; and there and back again."""

import json
import re

import h5py
import numpy as np

import nir_model
from nir_model import graph
from ranvier import Case

DT = 1e-3
STEPS = 30
ALL = {"Input", "Output", "Linear", "Affine", "Scale", "Conv1d", "Conv2d", "SumPool2d", "AvgPool2d", "Flatten", "Delay", "Threshold", "I", "IF", "LI", "LIF",
       "CubaLI", "CubaLIF"}  # Input and Output count as one of the 17 types of NIR's documentation.


class Maker:
    """Nodes with random numbers of a size that keeps activity going."""

    def __init__(self, seed):
        self.r = np.random.default_rng(seed)

    def port(self, kind, *shape):
        return {"type": kind, "shape": np.array(shape)}

    def between(self, low, high, shape):
        return self.r.uniform(low, high, shape)

    def w(self, *shape):
        fan = np.prod(shape[1:])
        return {"weight": self.r.normal(0.3, 1, shape) * 1.6 / np.sqrt(fan)}

    def linear(self, *shape):
        return {"type": "Linear", **self.w(*shape)}

    def affine(self, *shape):
        return {"type": "Affine", **self.w(*shape), "bias": self.between(-0.05, 0.15, shape[:-1])}

    def conv(self, kind, *shape, **how):
        return {"type": kind, **self.w(*shape), "bias": self.between(-0.05, 0.1, shape[0]), "input_shape": None, "stride": 1, "padding": 0, "dilation": 1,
                "groups": 1, **how}

    def neuron(self, kind, *shape):
        b = lambda low, high: self.between(low, high, shape)
        threshold = {"v_threshold": b(0.4, 0.9), "v_reset": b(-0.2, 0.2)}
        tau, cuba = {"tau": b(3e-3, 9e-3), "r": b(2, 6), "v_leak": b(-0.1, 0.1)}, {"tau_syn": b(2e-3, 5e-3), "tau_mem": b(3e-3, 9e-3), "r": b(2, 5), "v_leak": b(-0.1, 0.1), "w_in": b(1, 3)}
        return {"type": kind, **{"IF": {"r": b(0.4, 0.9), **threshold}, "LIF": {**tau, **threshold}, "LI": tau, "I": {"r": b(0.1, 0.4)}, "CubaLI": cuba,
                                 "CubaLIF": {**cuba, **threshold}, "Threshold": {"threshold": b(0.2, 0.5)}}[kind]}


def chain(*names):
    return list(zip(names, names[1:]))


def vision(m):
    """Rectangular kernels, stride, padding, dilation, groups, 'same', both pools, Flatten, then currents."""
    nodes = {"in": m.port("Input", 2, 9, 8), "conv1": m.conv("Conv2d", 4, 1, 3, 2, stride=np.array([2, 1]), padding=np.array([1, 0]), dilation=np.array([1, 2]), groups=2),
             "if1": m.neuron("IF", 4, 5, 6), "sum": {"type": "SumPool2d", "kernel_size": np.array([1, 2]), "stride": np.array([1, 2]), "padding": np.array([0, 0])},
             "conv2": m.conv("Conv2d", 3, 4, 3, 5, padding="same"), "lif2": m.neuron("LIF", 3, 5, 3),
             "avg": {"type": "AvgPool2d", "kernel_size": np.array([3, 2]), "stride": np.array([2, 1]), "padding": np.array([1, 1])},
             "flat": {"type": "Flatten", "start_dim": 0, "end_dim": -1, "input_type": np.array([3, 3, 4])}, "fc": m.affine(7, 36), "cuba": m.neuron("CubaLIF", 7),
             "read": m.linear(3, 7), "li": m.neuron("LI", 3), "out": m.port("Output", 3)}
    return graph(nodes, chain("in", "conv1", "if1", "sum", "conv2", "lif2", "avg", "flat", "fc", "cuba", "read", "li", "out")), {
        "in": (2, 9, 8), "if1": (4, 5, 6), "lif2": (3, 5, 3), "cuba": (7,), "li": (3,), "sum": (4, 5, 3), "avg": (3, 3, 4)}


def sequence(m):
    """One dimension: dilated 'valid' convolution, thresholds, Scale, Delay, currents, an integrator."""
    nodes = {"in": m.port("Input", 3, 14), "conv": m.conv("Conv1d", 4, 3, 3, padding="valid", dilation=2, stride=1), "thr": m.neuron("Threshold", 4, 10),
             "flat": {"type": "Flatten", "start_dim": 0, "end_dim": -1}, "scale": {"type": "Scale", "scale": m.between(-0.5, 1.5, 40)},
             "delay": {"type": "Delay", "delay": DT * m.r.integers(0, 5, 40)}, "cuba": m.neuron("CubaLI", 40), "sum": m.linear(5, 40), "i": m.neuron("I", 5), "out": m.port("Output", 5)}
    return graph(nodes, chain("in", "conv", "thr", "flat", "scale", "delay", "cuba", "sum", "i", "out")), {
        "in": (3, 14), "thr": (4, 10), "cuba": (40,), "i": (5,), "scale": (40,)}


def recurrent(m):
    """Flat recurrence with a bias, feedback between two layers, a skip connection, two inputs and two outputs."""
    nodes = {"a": m.port("Input", 6), "b": m.port("Input", 4), "w_a": m.affine(8, 6), "w_b": m.linear(8, 4), "lif": m.neuron("LIF", 8), "w_rec": m.affine(8, 8),
             "w_2": m.linear(5, 8), "cuba": m.neuron("CubaLIF", 5), "w_back": m.linear(8, 5), "skip": m.linear(5, 6), "same": m.neuron("IF", 5),
             "out1": m.port("Output", 5), "out2": m.port("Output", 8)}
    edges = chain("a", "w_a", "lif", "w_2", "cuba", "same", "out1") + chain("b", "w_b", "lif", "w_rec", "lif") + chain("cuba", "w_back", "lif") + chain("a", "skip", "cuba") + [("lif", "out2")]
    return graph(nodes, edges), {"a": (6,), "b": (4,), "lif": (8,), "cuba": (5,), "same": (5,)}


def nested(m):
    """A recurrent layer as a graph of its own, within a block that is one, too."""
    layer = graph({"input": m.port("Input", 5), "lif": m.neuron("LIF", 5), "w_rec": m.linear(5, 5), "output": m.port("Output", 5)},
                  chain("input", "lif", "w_rec", "lif", "output"))
    block = graph({"input": m.port("Input", 4), "fc": m.affine(5, 4), "rnn": layer, "output": m.port("Output", 5)}, chain("input", "fc", "rnn", "output"))
    nodes = {"in": m.port("Input", 4), "block": block, "read": m.linear(3, 5), "lif.out": m.neuron("LIF", 3), "out": m.port("Output", 3)}
    return graph(nodes, chain("in", "block", "read", "lif.out", "out")), {"in": (4,), "block.rnn.lif": (5,), "lif.out": (3,)}


def shapes(m):
    """Leading dimensions of a matrix, and reshapes that keep some of them."""
    nodes = {"in": m.port("Input", 4, 3), "blocks": m.affine(4, 6, 3), "lif": m.neuron("LIF", 4, 6), "flat": {"type": "Flatten", "start_dim": 0, "end_dim": 1},
             "to": m.linear(24, 24), "if": m.neuron("IF", 24), "out": m.port("Output", 24)}
    return graph(nodes, chain("in", "blocks", "lif", "flat", "to", "if", "out")), {"in": (4, 3), "lif": (4, 6), "if": (24,)}


def reshaped(m):
    """A Flatten between kernels and nodes whose shape neither side has: [2, 6, 4] -> [12, 4] -> Conv1d, and [3, 4, 5] -> [3, 20]."""
    nodes = {"in": m.port("Input", 2, 6, 4), "if0": m.neuron("IF", 2, 6, 4), "rows": {"type": "Flatten", "start_dim": 0, "end_dim": 1}, "conv": m.conv("Conv1d", 3, 12, 2),
             "lif": m.neuron("LIF", 3, 3), "image": m.port("Input", 2, 5, 6), "conv2": m.conv("Conv2d", 3, 2, 2, 2), "columns": {"type": "Flatten"},
             "lif2": m.neuron("LIF", 3, 20), "out": m.port("Output", 3, 3), "out2": m.port("Output", 3, 20)}
    return graph(nodes, chain("in", "if0", "rows", "conv", "lif", "out") + chain("image", "conv2", "columns", "lif2", "out2")), {
        "in": (2, 6, 4), "if0": (2, 6, 4), "lif": (3, 3), "image": (2, 5, 6), "lif2": (3, 20)}


def weights_at_the_end(m):
    """Linear nodes in a row and before an output: sums without a neuron."""
    nodes = {"in": m.port("Input", 5), "lif": m.neuron("LIF", 5), "a": m.affine(4, 5), "s": {"type": "Scale", "scale": m.between(0.5, 2, 4)},
             "d": {"type": "Delay", "delay": np.full(4, 2 * DT)}, "b": m.affine(3, 4), "li": m.neuron("LI", 3), "end": m.linear(2, 3), "out": m.port("Output", 2), "tap": m.port("Output", 4)}
    return graph(nodes, chain("in", "lif", "a", "s", "d", "b", "li", "end", "out") + [("a", "tap")]), {
        "in": (5,), "lif": (5,), "li": (3,), "a": (4,), "s": (4,), "d": (4,), "b": (3,), "end": (2,)}


def uneven(m):
    """'same' with even and dilated kernels, whose padding differs between the two sides."""
    nodes = {"in": m.port("Input", 2, 6, 7), "c": m.conv("Conv2d", 3, 2, 2, 4, padding="same"), "if": m.neuron("IF", 3, 6, 7),
             "d": m.conv("Conv2d", 2, 3, 2, 3, padding="same", dilation=np.array([3, 2])), "lif": m.neuron("LIF", 2, 6, 7), "out": m.port("Output", 2, 6, 7)}
    return graph(nodes, chain("in", "c", "if", "d", "lif", "out")), {"in": (2, 6, 7), "if": (3, 6, 7), "lif": (2, 6, 7)}


def loops(m):
    """A ring of two layers with a Scale and an Affine on the way back, and a ring that a Delay opens."""
    nodes = {"in": m.port("Input", 5), "up": m.linear(5, 5), "lif": m.neuron("LIF", 5), "w": m.linear(6, 5), "if": m.neuron("IF", 6), "back": m.affine(5, 6),
             "gain": {"type": "Scale", "scale": m.between(0.5, 1, 5)}, "hold": {"type": "Delay", "delay": np.full(6, 3 * DT)}, "w_hold": m.linear(6, 6), "out": m.port("Output", 6)}
    return graph(nodes, chain("in", "up", "lif", "w", "if", "back", "gain", "lif") + chain("if", "hold", "w_hold", "if", "out")), {
        "in": (5,), "lif": (5,), "if": (6,), "back": (5,), "hold": (6,)}


GRAPHS = {f.__name__: f for f in (vision, sequence, recurrent, nested, shapes, reshaped, weights_at_the_end, uneven, loops)}


class NirCase(Case):
    def inputs(self, made, seed, density=0.35):
        r = np.random.default_rng(1000 + seed)
        ports = {n: tuple(int(x) for x in np.atleast_1d(node["shape"])) for n, node in made["nodes"].items() if node.get("type") == "Input"}
        return {n: (r.random((STEPS, *shape)) < density).astype(float) for n, shape in sorted(ports.items())}

    def spike_file(self, inputs, dt):
        path = self.tmp / "inputs.h5"
        with h5py.File(path, "w") as f:
            f.attrs["__type__"] = "NIRGraphData"
            for name, cells in inputs.items():
                steps, neurons = np.nonzero(cells.reshape(len(cells), -1))
                group = f.create_group(f"nodes/{name}/observables/spikes")
                group["idx"], group["time"] = neurons, (steps + 0.5) * dt
        return path

    def run_file(self, path, inputs, *options, dt=DT):
        """The recording of `reference`: {population: [steps, n]} of values (1 for plain spikes), and states."""
        image, out = self.tmp / "nir.rvi", self.tmp / "nir.h5"
        compiled = self.json("compile", path, "--target", "reference", "-o", image, *options)
        described = self.json("inspect", image)
        states = {s for p in described["programs"] for s in p["states"]}
        self.json("run", image, "--input", self.spike_file(inputs, dt), "--steps", STEPS, "-o", out, "--record", ",".join(["spikes", *sorted(states)]))
        values, recorded = {}, {}
        with h5py.File(out) as f:
            for name, group in f["populations"].items():
                cells = np.zeros((STEPS, int(group.attrs["n"])))
                cells[group["spike_steps"][()] - 1, group["spike_neurons"][()]] = group["spike_values"][()] if "spike_values" in group else 1
                values[name] = cells
                recorded[name] = {s: group[s][()].reshape(STEPS, -1) for s in states if s in group}
        return compiled, values, recorded

    def assertLikeTheModel(self, made, shapes_, path, seed, *options, dt=DT, reset="v_reset", time_unit=1.0, shift=0):
        inputs = self.inputs(made, seed)
        model = nir_model.Simulator(made, shapes_, dt, reset, time_unit)
        held, outputs = model.run(inputs, STEPS)
        self.assertGreater(model.margin(), 5e-6, "too near a threshold to compare binary32 with binary64: choose another seed")
        compiled, values, states = self.run_file(path, inputs, *options, dt=dt)
        rates = []
        for holder in model.holders:
            name, expected = model.name(holder), held[holder].reshape(STEPS, -1)
            self.assertIn(name, values)
            if model.kind[holder] in ("Input", "IF", "LIF", "CubaLIF", "Threshold"):
                np.testing.assert_array_equal(values[name], expected, name)
                rates.append(expected.mean())
            else:
                np.testing.assert_allclose(values[name], expected, rtol=2e-5, atol=2e-5, err_msg=name)
            if model.kind[holder] in nir_model.GRADED:
                np.testing.assert_allclose(states[name]["v"], expected, rtol=2e-5, atol=2e-5, err_msg=name)
        # An output is what feeds it; a population of several sources has a junction of its own.
        network = self.json("inspect", self.tmp / "nir.rvi")
        for output, expected in outputs.items():
            source = f"{output}.in" if f"{output}.in" in values else None
            if source:
                np.testing.assert_allclose(values[source], expected.reshape(STEPS, -1), rtol=2e-5, atol=2e-5, err_msg=output)
        self.assertEqual(sum(p["output"] for p in network["populations"]), len({f"{o}.in" if f"{o}.in" in values else o for o in outputs}))
        self.assertTrue(all(0.005 < rate < 0.97 for rate in rates), f"silent or saturated: {rates}")
        return compiled


class Primitives(NirCase):
    def test_every_primitive_means_what_nir_says(self):
        seen = set()
        for name, make in GRAPHS.items():
            for seed in (1, 3):
                with self.subTest(graph=name, seed=seed):
                    made, shapes_ = make(Maker(seed))
                    path = nir_model.write(self.tmp / f"{name}.nir", made)
                    self.assertLikeTheModel(made, shapes_, path, seed, "--dt", DT)
            seen |= {node["type"] for node in nir_model.flatten(made)[0].values()} | {"Input", "Output"}
        self.assertEqual(seen - {"Identity"}, ALL)

    def test_there_and_back_again(self):
        """import -> export -> import gives the network back, and the exported file runs the same."""
        for name, make in GRAPHS.items():
            for reset in ("v_reset", "subtract"):
                with self.subTest(graph=name, reset=reset):
                    made, shapes_ = make(Maker(3))
                    path = nir_model.write(self.tmp / f"{name}.nir", made, dtype=np.float64)
                    how = ["--dt", DT, "--reset", reset]
                    texts, files = [self.tmp / f"{k}.mlir" for k in range(2)], [path, self.tmp / "again.nir", self.tmp / "once.nir"]
                    for k in range(2):
                        self.json("import", files[k], "-o", texts[k], *how)
                        self.json("export", texts[k], "-o", files[k + 1])
                    self.assertEqual(*(self.network(text) for text in texts))
                    self.assertEqual(*(json.dumps(nir_model.read(f), default=lambda a: np.asarray(a).tolist()) for f in files[1:]))
                    inputs = self.inputs(made, 3)
                    one, other = (self.run_file(f, inputs, *how)[1] for f in files[:2])
                    for holder in one:
                        np.testing.assert_array_equal(other[holder], one[holder], holder)

    def network(self, text):
        """The text without what names files: the report of assumptions and the network's name."""
        return re.sub(r"snn\.network @\S+|semantics = \"(?:[^\"\\]|\\.)*\"", "", text.read_text())


class Files(NirCase):
    """The same graph in every dress that files come in."""

    def test_versions_types_and_compression(self):
        made, shapes_ = recurrent(Maker(1))
        first = None
        for version, gzip, dtype in (("1.0.7", True, np.float32), ("1.0.7", False, np.float32), ("0.2.0", True, np.float32), ("0.1.1", False, np.float32)):
            path = nir_model.write(self.tmp / "net.nir", made, version, gzip, dtype, groups={"node/metadata/author": "somebody"})
            compiled = self.assertLikeTheModel(made, shapes_, path, 1, "--dt", DT)
            self.assertEqual(compiled["semantics"]["nir_version"], version)
            image = (self.tmp / "nir.rvi").read_bytes()
            first = first or image
        made64, shapes_ = recurrent(Maker(1))
        path = nir_model.write(self.tmp / "net.nir", made64, dtype=np.float64)
        compiled = self.assertLikeTheModel(made64, shapes_, path, 1, "--dt", DT)
        self.assertTrue(any("double precision" in w for w in compiled["warnings"]))

    def test_numeric_names_and_broken_files(self):
        m = Maker(2)
        plain = {"0": m.linear(6, 5), "1": m.neuron("LIF", 6), "2": m.linear(4, 6), "10": m.neuron("IF", 4)}
        del plain["1"]["v_reset"], plain["10"]["v_reset"]
        edges = chain("0", "1", "2", "10")
        whole = graph({"input": m.port("Input", 5), **plain, "output": m.port("Output", 4)}, [("input", "0"), *edges, ("10", "output")])
        sizes = {"input": (5,), "1": (6,), "10": (4,)}
        path = nir_model.write(self.tmp / "numeric.nir", whole)
        compiled = self.assertLikeTheModel(whole, sizes, path, 2, "--dt", DT)
        self.assertTrue(any("node '1': v_reset is missing; 0 is assumed" in w for w in compiled["warnings"]), compiled["warnings"])
        # No ports: they are added around the roots and the leaves.
        bare = nir_model.write(self.tmp / "bare.nir", graph(plain, edges), "0.1.1")
        compiled = self.assertLikeTheModel(whole, sizes, bare, 2, "--dt", DT)
        for port in ("Input", "Output"):
            self.assertTrue(any(f"has no {port}; one was added" in w for w in compiled["warnings"]), compiled["warnings"])
        # Scalars that lost the population's size, and a leading batch dimension.
        one = {k: (np.float64(v.flat[0]) if isinstance(v, np.ndarray) else v) for k, v in plain["1"].items()}
        full = {k: (np.full(6, v) if k != "type" else v) for k, v in one.items()}
        batch = {k: (v[None] if isinstance(v, np.ndarray) else v) for k, v in plain["10"].items()}
        broken = graph({**whole["nodes"], "1": one, "10": batch}, whole["edges"])
        compiled = self.assertLikeTheModel(graph({**whole["nodes"], "1": full}, whole["edges"]), sizes, nir_model.write(self.tmp / "broken.nir", broken), 2, "--dt", DT)
        for word in ("scalar parameters", "batch dimension"):
            self.assertTrue(any(word in w for w in compiled["warnings"]), compiled["warnings"])
        self.assertEqual([w for w in compiled["warnings"] if w not in compiled["semantics"]["assumptions"]], [])

    def test_what_is_refused_names_its_place(self):
        m = Maker(3)
        base = lambda **changed: graph({"in": m.port("Input", 3), "fc": m.linear(2, 3), "lif": m.neuron("LIF", 2), "out": m.port("Output", 2), **changed}, chain("in", "fc", "lif", "out"))
        cases = {"dangling": (graph(base()["nodes"], [*base()["edges"], ("lif", "nobody")]), "nobody"),
                 "shapes": (base(fc=m.linear(2, 4)), "node 'fc'"),
                 "type": (base(lif={"type": "AdEx"}), "node 'lif'"),
                 "parameter": (base(lif={k: v for k, v in m.neuron("LIF", 2).items() if k != "tau"}), "parameter 'tau'"),
                 "numbers": (base(lif={**m.neuron("LIF", 2), "r": np.array([1.0, np.nan])}), "parameter 'r'"),
                 "loop": (graph({**base()["nodes"], "a": m.linear(2, 2), "b": m.linear(2, 2)}, [*base()["edges"], *chain("lif", "a", "b", "a")]), "node a"),
                 "delay": (graph({**base()["nodes"], "d": {"type": "Delay", "delay": np.array([-1e-3, 0])}}, chain("in", "fc", "lif", "d", "out")), "node d")}
        for name, (made, place) in cases.items():
            path = nir_model.write(self.tmp / f"bad-{name}.nir", made)
            output = self.tmp / "kept.mlir"
            output.write_text("before")
            message = self.fails("import", path, "--dt", DT, "-o", output)
            self.assertIn(place, message, name)
            self.assertIn(path.name, message, name)
            self.assertEqual(output.read_text(), "before")


class Options(NirCase):
    def pair(self, r, tau, w_in=None, tau_syn=None):
        """Input -> Linear -> one neuron layer whose gain tells the time step, or not."""
        m, n = Maker(4), 3
        node = m.neuron("CubaLIF" if w_in is not None else "LIF", n)
        del node["v_reset"]
        node |= {"r": np.broadcast_to(r, n).astype(float), "tau_mem" if w_in is not None else "tau": np.broadcast_to(tau, n).astype(float)}
        if w_in is not None:
            node |= {"w_in": np.broadcast_to(w_in, n).astype(float), "tau_syn": np.broadcast_to(tau_syn, n).astype(float)}
        return graph({"in": m.port("Input", 4), "fc": m.linear(n, 4), "lif": node, "out": m.port("Output", n)}, chain("in", "fc", "lif", "out")), {"in": (4,), "lif": (n,)}

    def semantics(self, made, *options, dtype=np.float32):
        path = nir_model.write(self.tmp / "options.nir", made, dtype=dtype)
        result = self.json("compile", path, "--target", "reference", "-o", self.tmp / "o.rvi", *options)
        return result["semantics"], result["warnings"]

    def test_the_time_step_is_inferred_where_the_file_tells_it(self):
        asked = lambda warnings: [w for w in warnings if "--dt" in w]
        for dt in (1e-3, 1e-4, 2.5e-4):
            for made in (self.pair(np.array([0.02, 0.03, 0.05]) / dt, [0.02, 0.03, 0.05])[0], self.pair(0.02 / dt, 0.02, 0.005 / dt, 0.005)[0], self.pair(0.02 / dt, 0.02, 1.0, 0.005)[0]):
                report, warnings = self.semantics(made)
                self.assertEqual(report["dt_s"], dt)
                self.assertEqual(asked(warnings), [])
        # Noise of float32 is removed; 1e-5 is noise, 3e-5 is not.
        report, warnings = self.semantics(self.pair(20.0, np.float32(0.02) * (1 + np.array([0, 4e-6, -4e-6])))[0], dtype=np.float64)
        self.assertEqual((report["dt_s"], asked(warnings)), (1e-3, []))
        report, warnings = self.semantics(self.pair(20.0, 0.02 * (1 + np.array([0, 3e-5, 0])))[0], dtype=np.float64)
        self.assertEqual(report["dt_s"], 1e-4)
        self.assertEqual(len(asked(warnings)), 1)
        self.assertIn("1e-04 s", asked(warnings)[0].replace("0.0001 s", "1e-04 s"))
        # Gains of one tell nothing; two layers that disagree tell nothing; the option overrides all.
        for made in (self.pair(1.0, 0.02)[0], self.pair(20.0, 0.02, 20.0, 0.005)[0]):
            report, warnings = self.semantics(made)
            self.assertEqual((report["dt_s"], len(asked(warnings))), (1e-4, 1))
            self.assertEqual([w for w in warnings if w not in report["assumptions"]], [])
            report, warnings = self.semantics(made, "--dt", "2e-3")
            self.assertEqual((report["dt_s"], report["dt_from"], asked(warnings)), (2e-3, "option", []))

    def test_gains_of_any_value_are_kept(self):
        """r and w_in from a thousandth to a thousand: folded, never rejected, and right."""
        for r, w_in in ((1e-3, 4000.0), (1.0, 1.0), (1000.0, 2e-3), (37.5, 0.08)):
            made, sizes = self.pair(r, 8e-3, w_in, 3e-3)
            path = nir_model.write(self.tmp / "gains.nir", made)
            compiled = self.assertLikeTheModel(made, sizes, path, 5, "--dt", DT) if (r, w_in) != (1.0, 1.0) else self.json("compile", path, "--dt", DT, "--target", "reference", "-o", self.tmp / "g.rvi")
            (population,) = compiled["semantics"]["populations"]
            gains = {(g["gain"], g["time_constant"]): g["folded_per_step"] for g in population["gains"]}
            for key, value in ((("r", "tau_mem"), r * DT / 8e-3), (("w_in", "tau_syn"), w_in * DT / 3e-3)):
                np.testing.assert_allclose(gains[key] if not isinstance(gains[key], dict) else list(gains[key].values()), value, rtol=1e-6)

    def test_every_reset(self):
        made, sizes = recurrent(Maker(1))
        path = nir_model.write(self.tmp / "reset.nir", made)
        spikes = {}
        for option, reset in ((None, "v_reset"), ("v_reset", "v_reset"), ("zero", "zero"), ("subtract", "subtract")):
            compiled = self.assertLikeTheModel(made, sizes, path, 1, "--dt", DT, *(["--reset", option] if option else []), reset=reset)
            self.assertEqual({p["reset"] for p in compiled["semantics"]["populations"]}, {reset})
            if option in ("zero", "subtract"):
                self.assertTrue(any("v_reset of the file" in a for a in compiled["semantics"]["assumptions"]))
            spikes[reset] = self.run_file(path, self.inputs(made, 1), "--dt", DT, *(["--reset", option] if option else []))[1]["lif"].sum()
        self.assertEqual(len(set(spikes.values())), 3, spikes)
        self.fails("compile", path, "--target", "reference", "-o", self.tmp / "x.rvi", "--reset", "never", code=2)

    def test_milliseconds(self):
        """The same network with its times in milliseconds; without the option it is another one, and a warning says why."""
        made, sizes = sequence(Maker(1))
        ms = graph({n: {k: np.asarray(v) * 1e3 if k.startswith("tau") or k == "delay" else v for k, v in node.items()} for n, node in made["nodes"].items()}, made["edges"])
        path = nir_model.write(self.tmp / "ms.nir", ms, dtype=np.float64)
        compiled = self.assertLikeTheModel(ms, sizes, path, 1, "--dt", DT, "--time-unit", "ms", time_unit=1e-3)
        self.assertEqual(compiled["semantics"]["file_time_unit"], "ms")

    def test_the_report_says_everything_that_was_decided(self):
        made, sizes = vision(Maker(1))
        del made["nodes"]["if1"]["v_reset"]
        path = nir_model.write(self.tmp / "report.nir", made, dtype=np.float64)
        report, warnings = self.semantics(made, "--dt", DT, "--reset", "subtract", dtype=np.float64)
        self.assertEqual({key: type(report[key]) for key in ("dt_s", "dt_from", "update_order", "edges", "discretisation", "spike_amplitude", "source", "nir_version", "file_time_unit")},
                         {"dt_s": float, "dt_from": str, "update_order": str, "edges": str, "discretisation": str, "spike_amplitude": str, "source": str, "nir_version": str, "file_time_unit": str})
        populations = {p["name"]: p for p in report["populations"]}
        self.assertEqual({n: (p["nir_type"], p["reset"]) for n, p in populations.items()},
                         {"if1": ("IF", "subtract"), "lif2": ("LIF", "subtract"), "cuba": ("CubaLIF", "subtract"), "li": ("LI", "none")})
        for name, population in populations.items():
            self.assertIn("v'", population["reading"])
            for key, range_ in population["parameters"].items():
                values = np.asarray(made["nodes"][name].get(key, 1.0))
                np.testing.assert_allclose([range_["min"], range_["max"]] if isinstance(range_, dict) else range_, [values.min(), values.max()] if isinstance(range_, dict) else values, rtol=1e-6)
        self.assertEqual([w for w in warnings if w not in report["assumptions"]], [])
        self.assertTrue(any("conv2" in a and "double precision" in a for a in report["assumptions"]))
        self.assertEqual(report["time"]["closing_edges"], [])
