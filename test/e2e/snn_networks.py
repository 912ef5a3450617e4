# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random networks of the numpy model, and a test case that compiles, runs and reads them back."""

import math
import pathlib
import random

import h5py
import numpy as np

import snn_models
from ranvier import ROOT, Case
from snn_model import F32, Input, Junction, Network, Normal, Population, Projection, Uniform

STEPS = 40


class Generator:
    """One random network; `used` collects the names of the features that went into it."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.np = np.random.default_rng(seed)
        self.used = set()
        self.net = Network(f"net{seed}", dt=self.r.choice([1e-3, 1e-4, 0.5e-3]), seed=self.r.choice([0, 7, 123456789012]))
        self.external = {}

    def use(self, feature):
        self.used.add(feature)

    def seed(self):
        return self.r.choice([0, 1, 77, 2**40 + 5, self.r.randrange(2**32)])

    def chance(self, p):
        return self.r.random() < p

    # --- nodes ---

    def input(self, name):
        shape = self.r.choice([[6], [3, 4], [2, 3, 3], [1, 4, 5], [2, 8]])
        count = int(np.prod(shape))
        kind = self.r.choice(["plain", "values", "poisson", "regular", "list"])
        self.use("input " + kind)
        source = None
        if kind == "poisson":
            one = self.chance(0.5)
            self.use("one rate" if one else "a rate each")
            source = ("poisson", [self.r.uniform(50, 300) * 1e-3 / self.net.dt for _ in range(1 if one else count)], self.seed())
        elif kind == "regular":
            sizes = [self.r.choice([1, count]) for _ in range(2)]
            source = ("regular", [self.r.randint(1, 9) for _ in range(sizes[0])], [self.r.randint(1, 12) for _ in range(sizes[1])])
        elif kind == "list":
            cells = sorted(self.r.sample([(s, n) for s in range(1, STEPS + 1) for n in range(count)], 3 * count))
            source = ("list", [s for s, _ in cells], [n for _, n in cells])
        node = self.net.add(Input(name, shape, source))
        if not source:
            events = [(s, n, 1.0) for s in range(1, STEPS + 1) for n in range(count) if self.chance(0.15)]
            if kind == "values":
                events = [(s, n, self.r.choice([1.0, 0.5, -1.25, 0.1])) for s, n, _ in events]
                events += [(s, n, self.r.choice([1.0, 0.3])) for s, n, _ in events if self.chance(0.2)]
                events.sort(key=lambda e: e[:2])
            self.external[name] = events
        return node

    def numbers(self, low, high, count):
        """A parameter or initial value: one, one each, or drawn."""
        kind = self.r.choice(["one", "each", "uniform", "normal"])
        self.use("values " + kind)
        if kind == "one":
            return float(f"{self.r.uniform(low, high):.4g}")
        if kind == "each" and count > 1:
            return self.np.uniform(low, high, count)
        if kind == "uniform":
            return Uniform(low, high, self.seed())
        return Normal((low + high) / 2, (high - low) / 2, low, high, self.seed())

    def population(self, name, shape):
        model = self.r.choice(snn_models.ALL)
        self.use("model " + model.name)
        count = int(np.prod(shape))
        params, init = {}, {}
        ranges = {"tau": (5, 30), "tau_syn": (2, 10), "tau_mem": (5, 30), "r": (0.5, 8), "w_in": (0.5, 4), "v_leak": (-0.1, 0.3), "v_threshold": (0.3, 1),
                  "v_reset": (-0.2, 0.2), "keep": (0.3, 0.9), "jump": (0, 1), "theta": (0.2, 1), "sigma": (0.1, 1), "p": (0.2, 0.9), "q": (0.2, 1)}
        for key, default in model.parameters.items():
            if default is None or self.chance(0.5):
                low, high = ranges[key]
                scale = self.net.dt if key.startswith("tau") else 1
                params[key] = self.numbers(low * scale, high * scale, count)
            else:
                self.use("default")
        for key in model.states:
            if self.chance(0.5):
                self.use("initial value")
                init[key] = self.numbers(-0.3, 0.4, count)
        return self.net.add(Population(name, model, shape, params, init))

    # --- projections ---

    def delay(self, kind, source, target, synapses=None):
        choice = self.r.choice(["none", "none", "scalar", "per source", "per synapse", "uniform", "normal"])
        if choice == "none":
            return None
        if choice == "per synapse" and kind == "dense":
            self.use("delay per synapse, dense")
            return self.np.integers(0, 4, (target.count, source.count))
        if choice == "per synapse" and kind == "sparse" and synapses:
            self.use("delay per synapse, sparse")
            return self.np.integers(0, 4, synapses)
        if choice in ("per source", "per synapse"):
            if kind == "sparse" and synapses == source.count:
                return None  # Read as per synapse; test_delays_of_equal_length has this case.
            self.use("delay per source")
            return self.np.integers(0, 4, source.count)
        self.use("delay " + choice)
        if choice == "scalar":
            return self.r.randint(0, 5)
        if choice == "uniform":
            return Uniform(self.r.choice([0.0, 0.5, 1.0]), self.r.choice([2.5, 4.0]), self.seed())
        return Normal(1.0, 2.0, self.r.choice([0.0, 0.5, 1.0]), 4.5, self.seed())

    def common(self, kind, source, target, bias=0, synapses=None):
        fields = {"delay": self.delay(kind, source, target, synapses)}
        if isinstance(target, Population) and (len(target.model.receptors) > 1 or self.chance(0.2)):
            fields["receptor"] = self.r.choice([*target.model.receptors, None])
            self.use("receptor named" if fields["receptor"] else "receptor by default")
        if bias and self.chance(0.3):
            self.use("bias, " + kind)
            fields["bias"] = self.np.normal(0.02, 0.05, bias).astype(F32)
        return fields

    def weights(self, shape, fan):
        return (self.np.normal(0.3, 1, shape) * 2 / math.sqrt(fan)).astype(F32)

    def window(self, name, source):
        """A kernel over a source of rank 2 or 3 and a new population behind it; None where the source has no such shape."""
        if len(source.shape) not in (2, 3):
            return None
        axes = len(source.shape) - 1
        channels, spatial = source.shape[0], source.shape[1:]
        kernel = [self.r.randint(1, 3) for _ in spatial]
        stride = [self.r.randint(1, 2) for _ in spatial]
        padding = [self.r.randint(0, 1) for _ in spatial]
        kind = self.r.choice(["pool", "conv"]) if axes == 2 else "conv"
        dilation = [self.r.randint(1, 2) if kind == "conv" else 1 for _ in spatial]
        extent = [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, p, d, k, s in zip(spatial, padding, dilation, kernel, stride)]
        if min(extent) < 1:
            return None
        groups = self.r.choice([g for g in (1, 2) if channels % g == 0]) if kind == "conv" else 1
        out = groups * self.r.randint(1, 2) if kind == "conv" else channels
        shape = [out, *extent] if self.chance(0.7) else [out * int(np.prod(extent))]
        self.use("flat target of a kernel" if len(shape) == 1 else "shaped target of a kernel")
        for feature, there in (("stride", max(stride) > 1), ("padding", max(padding)), ("dilation", max(dilation) > 1), ("groups", groups > 1)):
            if there:
                self.use(f"{kind} {feature}")
        target = self.population(name, shape) if self.chance(0.8) else self.net.add(Junction(name, shape))
        fields = {"input": source.shape, "stride": stride, "padding": padding}
        if kind == "pool":
            fields |= {"kernel": kernel, "pool": self.r.choice(["sum", "average"])}
            self.use("pool " + fields["pool"])
            name_kind = "pool"
        else:
            fields |= {"weights": self.weights([out, channels // groups, *kernel], channels // groups * np.prod(kernel)), "dilation": dilation, "groups": groups}
            name_kind = f"conv{axes}d"
            self.use(name_kind)
        common = self.common(name_kind, source, target, out if kind == "conv" else 0)
        self.net.add(Projection(f"k_{name}", name_kind, source, target, **common, **fields))
        return target

    def connector(self, source, target):
        rules = ["all_to_all", "fixed_probability", "fixed_in_degree", "fixed_total_number"]
        if source.count == target.count:
            rules += ["one_to_one"] * 3
        if len(source.shape) == len(target.shape):
            rules += ["distance_dependent"] * 2
        rule = self.r.choice(rules)
        self.use("rule " + rule)
        fan = {"one_to_one": 1, "fixed_in_degree": 3}.get(rule, source.count)
        params = {"fixed_probability": {"p": self.r.choice([0.1, 0.4, 0.97, 1.0, 0.0])}, "fixed_in_degree": {"k": self.r.randint(0, 4)},
                  "fixed_total_number": {"n": self.r.randint(0, 3 * target.count)},
                  "distance_dependent": {"p_max": self.r.choice([0.5, 1.0]), "scale": self.r.choice([0.8, 2.0])}}.get(rule, {})
        autapses = not (source is target and source.count > 1 and self.chance(0.6))
        if not autapses:
            self.use("no autapses")
        size = 2 / math.sqrt(fan)
        weights = self.r.choice([round(self.r.uniform(-size, 2 * size), 3), Uniform(-size, 2 * size, self.seed()), Normal(size / 2, size, -size, 2 * size, self.seed())])
        if rule == "one_to_one" and self.chance(0.5) and source.count > 1:
            weights = self.weights(source.count, 1)
            self.use("one_to_one with listed weights")
        self.use("weights " + type(weights).__name__)
        return dict(rule=rule, params=params, weights=weights, seed=self.seed(), autapses=autapses)

    def projection(self, name, source, target):
        kind = self.r.choice(["dense", "sparse", "connect", "connect", "connect"])
        self.use(kind)
        if kind == "dense":
            fields = {"weights": self.weights([target.count, source.count], source.count)}
            common = self.common(kind, source, target, target.count)
        elif kind == "sparse":
            rows, columns = [0], []
            for _ in range(target.count):
                some = sorted(self.r.choices(range(source.count), k=self.r.randint(0, min(4, source.count))))
                if len(set(some)) < len(some):
                    self.use("several synapses of a pair")
                columns += some
                rows.append(len(columns))
            fields = {"row_ptr": rows, "columns": columns, "weights": self.weights(len(columns), 2)}
            if not columns:
                return self.projection(name, source, target)
            common = self.common(kind, source, target, target.count, len(columns))
        else:
            fields = self.connector(source, target)
            common = self.common(kind, source, target)
        self.net.add(Projection(name, kind, source, target, **common, **fields))

    def make(self):
        inputs = [self.input(f"in{k}") for k in self.r.sample(range(9), self.r.randint(1, 3))]
        nodes = list(inputs)
        names = [f"p{k}" for k in self.r.sample(range(20), self.r.randint(2, 5))]
        for name in names:
            made = self.window(name, self.r.choice(nodes)) if self.chance(0.6) else None
            if made is None:
                shape = self.r.choice([[5], [7], [2, 3], [3, 4], [2, 3, 3], [1, 4, 5]])
                made = self.net.add(Junction(name, shape)) if self.chance(0.15) else self.population(name, shape)
                self.projection(f"f_{name}", self.r.choice(nodes), made)
            nodes.append(made)
        populations = [n for n in nodes if isinstance(n, Population)]
        for k in range(self.r.randint(1, 5)):
            # Back edges leave populations only: a loop without a neuron would just grow.
            target = self.r.choice(nodes[len(inputs):])
            forward = nodes[: nodes.index(target)]
            back = [n for n in populations if isinstance(target, Population)]
            source = self.r.choice(back if back and self.chance(0.5) else forward)
            self.use("feedback" if source in back and nodes.index(source) >= nodes.index(target) else "skip")
            self.projection(f"x{k}", source, target)
        for k, node in enumerate(self.r.sample(nodes, self.r.randint(1, min(3, len(nodes))))):
            self.net.outputs.append((f"out{k}", node))
            self.use("several outputs" if k else "output")
        if any(isinstance(n, Junction) for n in nodes):
            self.use("junction")
        if len(inputs) > 1:
            self.use("several inputs")
        for node in populations:
            if node.model.states and self.chance(0.5):
                self.net.probes.append((f"probe_{node.name}", node, [self.r.choice(list(node.model.states)), "spikes"]))
                self.use("probe")
        return self


EVERYTHING = {
    "input plain", "input values", "input poisson", "input regular", "input list", "one rate", "a rate each", "several inputs", "several outputs",
    "values one", "values each", "values uniform", "values normal", "default", "initial value", "junction", "feedback", "skip", "probe",
    "dense", "sparse", "connect", "conv1d", "conv2d", "pool sum", "pool average", "conv stride", "conv padding", "conv dilation", "conv groups",
    "pool stride", "pool padding", "flat target of a kernel", "shaped target of a kernel", "several synapses of a pair",
    "rule one_to_one", "rule all_to_all", "rule fixed_probability", "rule fixed_in_degree", "rule fixed_total_number", "rule distance_dependent",
    "no autapses", "one_to_one with listed weights", "weights float", "weights Uniform", "weights Normal", "weights ndarray",
    "delay scalar", "delay per source", "delay per synapse, dense", "delay per synapse, sparse", "delay uniform", "delay normal",
    "receptor named", "receptor by default", "bias, dense", "bias, sparse", "bias, conv1d", "bias, conv2d",
    *("model " + model.name for model in snn_models.ALL),
}


class Runner(Case):
    """Compiles, runs and reads recordings of networks of the numpy model."""

    def write_spikes(self, net, external, name):
        """Spikes of every external input as one NIRGraphData file; None where no input wants any."""
        given = {n.name: external.get(n.name, []) for n in net.nodes if isinstance(n, Input) and not n.source}
        if not given:
            return None
        path = self.tmp / f"{name}.spikes.h5"
        with h5py.File(path, "w") as f:
            f.attrs["__type__"] = "NIRGraphData"
            for node, events in given.items():
                group = f.create_group(f"nodes/{node}/observables/spikes")
                group["idx"] = np.array([n for _, n, _ in events], dtype=np.int64)
                group["time"] = np.array([(s - 0.5) * net.dt for s, _, _ in events], dtype=np.float64)
                group["value"] = np.array([v for *_, v in events], dtype=np.float32)
        return path

    def listing(self):
        """The reference machine as a chip that takes lists of synapses only: connectors stand in its images synapse by synapse."""
        path = self.tmp / "listing.yaml"
        if not path.exists():
            text = (ROOT / "hw-models" / "chips" / "reference.yaml").read_text()
            assert "  procedural: true\n" in text
            path.write_text(text.replace("  procedural: true\n", "").replace("name: reference", "name: listing"))
        return path

    def compile(self, net, target="reference", *options, name=None, mix=None):
        text = self.tmp / f"{name or net.name}.mlir"
        text.write_text(net.text(mix))
        image = text.with_suffix(f".{pathlib.Path(target).stem}.rvi")
        return image, self.json("compile", text, "--target", target, "-o", image, *options)

    def record(self, net, image, external, steps, *options):
        out = self.tmp / "recording.h5"
        states = sorted({s for n in net.nodes if isinstance(n, Population) for s in n.model.states})
        given = self.write_spikes(net, external, net.name)
        result = self.json("run", image, "--steps", steps, "-o", out, "--record", ",".join(["spikes", *states]),
                           *(["--input", given] if given else []), *options)
        recorded = {}
        with h5py.File(out) as f:
            for name, group in f["populations"].items():
                recorded[name] = {key: data[()] for key, data in group.items()}
        return result, recorded

    def assertSameSpikes(self, found, expected, where, graded):
        got = list(zip(found["spike_steps"].tolist(), found["spike_neurons"].tolist()))
        want = [(s, n) for s, n, _ in expected]
        if got != want:
            first = next((pair for pair in zip(got + [None], want + [None]) if pair[0] != pair[1]), None)
            self.fail(f"{where}: {len(got)} spikes, expected {len(want)}; first difference (found, expected) {first}")
        if graded:
            np.testing.assert_array_equal(found["spike_values"].view(np.uint32), np.array([v for *_, v in expected], dtype=F32).view(np.uint32), where)

    def assertSameRun(self, recorded, net, spikes, states, steps):
        self.assertEqual(set(recorded), {n.name for n in net.nodes})
        for node in net.nodes:
            graded = isinstance(node, Junction) or (isinstance(node, Population) and node.model.graded)
            self.assertSameSpikes(recorded[node.name], spikes[node.name], f"{net.name}, {node.name}", graded)
            for state, expected in states.get(node.name, {}).items():
                found = recorded[node.name][state].reshape(steps, -1)
                differ = np.argwhere(found.view(np.uint32) != expected.view(np.uint32))
                if len(differ):
                    step, neuron = differ[0]
                    self.fail(f"{net.name}, {node.name}.{state}: {len(differ)} cells differ, first at step {step + 1}, neuron {neuron}: "
                              f"found {found[step, neuron]!r}, expected {expected[step, neuron]!r}")
