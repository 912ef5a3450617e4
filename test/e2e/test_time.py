# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Time: which edge acts when, on `reference` and on chips, against docs/spec/time.md; and what results must not depend on.

Chips compute in integers, so their networks here are of neurons whose sums are whole numbers far from every threshold: then spikes are
those of the numpy model with the delays that the specification gives the chip, cell by cell.
"""

import itertools
import json
import random
import re

import h5py
import numpy as np

import snn_models
from ranvier import DIGITS
from snn_model import Input, Network, Normal, Population, Projection, Uniform
from snn_networks import STEPS, Generator, Runner

CHIPS = {"loihi1": 63, "loihi2": 64}  # name -> largest delay

# NIR's integrate-and-fire neuron with r = 1: v counts, and 1.5 lies between two counts.
IF = snn_models.Model("if", "", {"r": 1.0, "v_threshold": None, "v_reset": 0.0}, {"v": 0.0}, ["x"],
                      lambda p, dt: {"gain": p["r"], "threshold": p["v_threshold"], "reset": p["v_reset"]},
                      lambda f, s, x, random: (lambda v: ({"v": np.where(v > f["threshold"], f["reset"], v)}, v > f["threshold"], None))(
                          s["v"] + f["gain"] * x["x"]))


def ranged(model):
    """The model with a range for each state, which fixed point needs where it cannot derive one."""
    source = re.sub(r'(snn\.state "\w+"(?: init [\d.]+)?)', r"\1 range [-8.0, 8.0]", model.source)
    return snn_models.Model(model.name, source, model.parameters, model.states, model.receptors, model.fold, model.step, model.graded)


def counting(name, count):
    return Population(name, IF, [count], {"v_threshold": 1.5})


def signs(rng, targets, sources):
    """Weights of 1 and -1, more of the former, so that activity goes on."""
    return np.where(rng.random((targets, sources)) < 0.75, 1.0, -1.0)


def retimed(net, minimum=1):
    """(depth by node, delay change by projection, late projections): T6 of the specification and the depths it implies, by definition: the
    longest path of edges that close no cycle, where an edge of delay d counts minimum - d."""
    synapses, _ = net.expanded()
    shortest = {p.name: min((d for *_, d in synapses[p.name]), default=0) for p in net.projections}
    closing = set(net.closing_edges(dict.fromkeys(shortest, 0)))
    forward = [p for p in net.projections if p.name not in closing]
    depth = {n.name: 0 for n in net.nodes}
    for _ in net.nodes:  # As often as the longest path may be long.
        for p in forward:
            depth[p.target.name] = max(depth[p.target.name], depth[p.source.name] + minimum - shortest[p.name])
    shift = {p.name: depth[p.target.name] - depth[p.source.name] for p in net.projections}
    late = {p.name: minimum - shortest[p.name] - shift[p.name] for p in net.projections if shortest[p.name] + shift[p.name] < minimum}
    return depth, shift, late


def on_chip(net, minimum=1):
    """A copy of the network with the delays that a chip gives its synapses."""
    _, shift, _ = retimed(net, minimum)
    synapses, _ = net.expanded()
    copy = Network(net.name + "_chip", net.dt, net.seed)
    copy.nodes = net.nodes
    for p in net.projections:
        listed = sorted((t, s, max(minimum, d + shift[p.name]), w) for s, t, w, d in synapses[p.name])
        rows = np.searchsorted([t for t, *_ in listed], np.arange(p.target.count + 1))
        copy.add(Projection(p.name, "sparse", p.source, p.target, delay=np.array([d for _, _, d, _ in listed]), row_ptr=rows,
                            columns=[s for _, s, _, _ in listed], weights=[w for *_, w in listed]))
    return copy


def random_graph(seed, feedback, longest=3):
    """Counting populations joined at random, with delays of every kind."""
    r, rng = random.Random(seed), np.random.default_rng(seed)
    net = Network(f"graph{seed}")
    nodes = [net.add(Input(f"in{k}", [r.randint(4, 9)])) for k in range(r.randint(1, 2))]
    for name in r.sample([f"p{k}" for k in range(12)], r.randint(2, 5)):
        nodes.append(net.add(counting(name, r.randint(3, 9))))
        sources = r.sample(nodes[:-1], min(len(nodes) - 1, r.randint(1, 2)))
        back = r.sample(nodes[2:], min(len(nodes) - 2, r.randint(0, 2))) if feedback else []
        for source, target in [(s, nodes[-1]) for s in sources] + [(nodes[-1], t) for t in back if isinstance(t, Population)]:
            number = len(net.projections)
            kind = r.choice(["none", "none", "scalar", "source", "synapse", "drawn"])
            delay = {"none": None, "scalar": r.randint(0, longest), "source": rng.integers(0, longest + 1, source.count),
                     "synapse": rng.integers(0, longest + 1, (target.count, source.count)), "drawn": Uniform(0.0, float(longest), r.randrange(99))}[kind]
            net.add(Projection(f"e{number}", "dense", source, target, delay=delay, weights=signs(rng, target.count, source.count)))
    external = {n.name: [(s, i, 1.0) for s in range(1, STEPS + 1) for i in range(n.count) if r.random() < 0.3] for n in net.nodes if isinstance(n, Input)}
    return net, external


class Chips(Runner):
    def findings(self, net, target, code=0):
        return self.json("check", self.tmp / f"{net.name}.mlir", "--target", target, code=code)["findings"]

    def test_chips_reproduce_the_network_with_their_delays(self):
        """Skip paths balanced, feedback late by as much as said, depths as said; check and compile agree on every edge."""
        seen_late = seen_balanced = 0
        plain = [(seed, seed % 2 == 1, 1 if seed % 4 == 1 else 3) for seed in range(40)]
        late_ones = itertools.islice((s for s in itertools.count(40) if retimed(random_graph(s, True)[0])[2]), 16)
        for seed, feedback, longest in plain + [(seed, True, 3) for seed in late_ones]:
            net, external = random_graph(seed, feedback, longest)
            depth, shift, late = retimed(net)
            seen_late += bool(late)
            spikes, _ = on_chip(net).simulate(STEPS, external)
            for target in CHIPS:
                with self.subTest(seed=seed, target=target):
                    image, compiled = self.compile(net, target)
                    time = compiled["semantics"]["time"]
                    self.assertEqual(time["depth_steps"], {n: d for n, d in depth.items() if n.startswith("p")})
                    reported = {line.split(":")[0]: int(re.search(r": (\d+) steps later", line).group(1)) for line in time["late_feedback"]}
                    self.assertEqual(reported, late)
                    balanced = {line.split(":")[0]: int(line.split(":")[1].split()[0]) for line in time["balancing_delays"]}
                    self.assertEqual(balanced, {name: s - 1 for name, s in shift.items() if s > 1 and name not in late})
                    seen_balanced += bool(balanced)
                    found = self.findings(net, target)
                    self.assertEqual({f["op"]: int(re.search(r": (\d+) steps? later", f["message"]).group(1)) for f in found if "feedback" in f["message"]}, late)
                    self.assertEqual({f["op"]: int(re.search(r"(\d+) step", f["message"]).group(1)) for f in found if "balancing" in f["message"]}, balanced)
                    closing = [f["op"] for f in found if "closes a cycle" in f["message"]]
                    self.assertEqual(closing, time["closing_edges"])
                    _, recorded = self.record(net, image, external, STEPS, "--threads", 1 + seed % 3)
                    for node in net.nodes:
                        self.assertSameSpikes(recorded[node.name], spikes[node.name], f"{target}, {node.name}", graded=False)
        self.assertGreaterEqual(seen_late, 16)
        self.assertGreater(seen_balanced, 10)

    def test_without_feedback_a_chip_is_the_reference_later(self):
        for seed in range(100, 112):
            net, external = random_graph(seed, feedback=False)
            depth, _, late = retimed(net)
            self.assertEqual(late, {})
            images = {target: self.compile(net, target)[0] for target in ("reference", *CHIPS)}
            _, reference = self.record(net, images["reference"], external, STEPS)
            for target in CHIPS:
                _, chip = self.record(net, images[target], external, STEPS + max(depth.values()))
                for node in net.nodes:
                    lag = depth[node.name]
                    shifted = [(s - lag, n) for s, n in zip(chip[node.name]["spike_steps"], chip[node.name]["spike_neurons"]) if s - lag <= STEPS]
                    own = list(zip(reference[node.name]["spike_steps"], reference[node.name]["spike_neurons"]))
                    self.assertEqual(shifted, own, (seed, target, node.name))

    def test_eval_shifts_its_window_by_the_depth(self):
        """Three layers; the deepest output answers three steps late, and eval counts the same spikes on every target."""
        rng = np.random.default_rng(5)
        net = Network("deep")
        layers = [net.add(Input("in", [12]))] + [net.add(counting(f"p{k}", n)) for k, n in enumerate((10, 8, 5))]
        for k, (source, target) in enumerate(zip(layers, layers[1:])):
            net.add(Projection(f"e{k}", "dense", source, target, weights=signs(rng, target.count, source.count)))
        net.add(Projection("skip", "dense", layers[0], layers[3], weights=signs(rng, 5, 12)))
        net.outputs.append(("result", layers[3]))
        data = self.tmp / "deep.h5"
        cells = (rng.random((9, 15, 12)) < 0.3).astype(np.uint8)
        with h5py.File(data, "w") as f:
            f["input_spikes"] = cells
        counts = {}
        for target in ("reference", *CHIPS):
            image, _ = self.compile(net, target)
            out = self.tmp / f"deep-{target}.h5"
            result = self.json("eval", image, "--data", data, "--spikes", out)
            self.assertEqual(result["depth"], 0 if target == "reference" else 3)
            with h5py.File(out) as f:
                counts[target] = result["predictions"], {name: f[name][()] for name in f}
        for target in CHIPS:
            self.assertEqual(counts[target][0], counts["reference"][0])
            for name, array in counts["reference"][1].items():
                np.testing.assert_array_equal(counts[target][1][name], array, f"{target}, {name}")
        for sample in range(9):
            spikes, _ = net.simulate(15, {"in": [(int(s) + 1, int(n), 1.0) for s, n in zip(*np.nonzero(cells[sample]))]})
            self.assertEqual(int(counts["reference"][1]["p2"][sample].sum()), len(spikes["p2"]))

    def test_delays_at_the_limit_and_one_beyond(self):
        for target, most in CHIPS.items():
            for delay, fits in ((most, True), (most + 1, False)):
                net = Network("long")
                a, b = net.add(Input("a", [3])), net.add(counting("b", 3))
                net.add(Projection("far", "connect", a, b, delay=delay, rule="one_to_one", params={}, weights=2.0))
                (self.tmp / "long.mlir").write_text(net.text())
                found = [f for f in self.findings(net, target, code=0 if fits else 3) if f["severity"] == "error"]
                self.assertEqual([f["op"] for f in found], [] if fits else ["far"])
                if fits:
                    image, _ = self.compile(net, target)
                    _, recorded = self.record(net, image, {"a": [(1, 0, 1.0)]}, most + 2)
                    self.assertEqual(recorded["b"]["spike_steps"].tolist(), [1 + most])
                else:
                    self.fails("compile", self.tmp / "long.mlir", "--target", target, "-o", self.tmp / "x.rvi", code=3, rnv=5712)

    def test_a_balancing_delay_may_be_too_long(self):
        """A chain of populations deeper than the longest delay, and a skip path beside it."""
        net = Network("chain")
        nodes = [net.add(Input("in", [1]))] + [net.add(counting(f"p{k:02}", 1)) for k in range(66)]
        for k, (source, target) in enumerate(zip(nodes, nodes[1:])):
            net.add(Projection(f"e{k:02}", "connect", source, target, rule="one_to_one", params={}, weights=2.0))
        net.add(Projection("skip", "connect", nodes[0], nodes[-1], rule="one_to_one", params={}, weights=2.0))
        (self.tmp / "chain.mlir").write_text(net.text())
        errors = [f for f in self.findings(net, "loihi1", code=3) if f["severity"] == "error"]
        self.assertEqual([f["op"] for f in errors], ["skip"])
        self.assertIn("66 steps (65 steps of them to arrive together with longer paths)", errors[0]["message"])
        self.fails("compile", self.tmp / "chain.mlir", "--target", "loihi1", "-o", self.tmp / "x.rvi", code=3, rnv=5712)


class Cycles(Runner):
    """T8 on networks made so that every clause decides something."""

    def closing(self, net):
        image, compiled = self.compile(net)
        named = compiled["semantics"]["time"]["closing_edges"]
        self.assertEqual([f["op"] for f in self.json("check", self.tmp / f"{net.name}.mlir", "--target", "reference")["findings"] if "closes a cycle" in f["message"]], named)
        for name in named:
            self.assertIn(f"projection {name} closes a cycle: it acts in the next step", compiled["warnings"])
        _, expected = net.expanded()
        self.assertEqual(named, expected)
        return named

    def ring(self, name, edges, order=()):
        net = Network(name)
        nodes = {n: None for e in edges for n in e[1:3]}
        for node in order or nodes:
            nodes[node] = net.add(Input(node, [2]) if node.startswith("in") else counting(node, 2))
        for edge, source, target, *delay in edges:
            net.add(Projection(edge, "connect", nodes[source], nodes[target], delay=delay[0] if delay else None, rule="one_to_one", params={}, weights=1.0))
        return net

    def test_the_search_starts_at_inputs_and_takes_names_in_order(self):
        self.assertEqual(self.closing(self.ring("self", [("w", "in", "a"), ("rec", "a", "a")])), ["rec"])
        self.assertEqual(self.closing(self.ring("from_b", [("w", "in", "b"), ("ab", "a", "b"), ("ba", "b", "a")])), ["ab"])
        self.assertEqual(self.closing(self.ring("from_a", [("w", "in", "a"), ("ab", "a", "b"), ("ba", "b", "a")])), ["ba"])
        # Nobody feeds the ring: it is entered at the first name, not at the first declared.
        self.assertEqual(self.closing(self.ring("alone", [("bc", "b", "c"), ("cb", "c", "b")], order=("c", "b"))), ["cb"])
        # Two inputs: the first by name decides, whatever the order of declaration.
        edges = [("w2", "in2", "a"), ("w1", "in1", "b"), ("ab", "a", "b"), ("ba", "b", "a")]
        self.assertEqual(self.closing(self.ring("inputs", edges, order=("in2", "in1", "a", "b"))), ["ab"])
        # Of two ways out of a node the lesser target goes first; of two projections to one target both close.
        self.assertEqual(self.closing(self.ring("ways", [("w", "in", "m"), ("z", "m", "b"), ("y", "m", "a"), ("ab", "a", "b"), ("ba", "b", "a")])), ["ba"])
        self.assertEqual(self.closing(self.ring("pair", [("w", "in", "a"), ("ab", "a", "b"), ("q", "b", "a"), ("p", "b", "a")])), ["p", "q"])

    def test_a_delay_anywhere_opens_the_ring(self):
        self.assertEqual(self.closing(self.ring("open", [("w", "in", "a"), ("ab", "a", "b", 1), ("ba", "b", "a")])), [])
        # Some synapses at once, some later: only the former change.
        net = self.ring("mixed", [("w", "in", "a"), ("rec", "a", "a", np.array([0, 3]))])
        self.assertEqual(self.closing(net), ["rec"])
        synapses, _ = net.expanded()
        self.assertEqual([d for *_, d in synapses["rec"]], [1, 3])

    def test_the_closed_ring_runs_as_specified(self):
        for seed in range(6):
            net, external = random_graph(200 + seed, feedback=True)
            image, _ = self.compile(net)
            spikes, states = net.simulate(STEPS, external)
            _, recorded = self.record(net, image, external, STEPS)
            self.assertSameRun(recorded, net, spikes, states, STEPS)


class Digits(Runner):
    """The shipped trained network: same-step reading, one step per layer, and what the difference would be."""

    def layers(self, image, *options):
        out = self.tmp / "digits.h5"
        self.json("eval", image, "--data", DIGITS / "test_set.h5", "--spikes", out, *options)
        with h5py.File(out) as f:
            return f["lif1"][()], f["lif2"][()]

    def test_a_step_per_layer_is_the_same_network_later(self):
        text = self.tmp / "digits.mlir"
        self.json("import", DIGITS / "network.nir", "-o", text)
        slow = self.tmp / "slow.mlir"
        slow.write_text(re.sub(r"(snn\.dense @fc\d from @\S+ to @\S+) weights", r"\1 delay 1 weights", text.read_text()))
        self.assertEqual(slow.read_text().count(" delay 1 "), 2)
        images = []
        for path in (text, slow):
            images.append(path.with_suffix(".rvi"))
            self.json("compile", path, "--target", "reference", "-o", images[-1])
        (hidden, output), (late_hidden, late_output) = (self.layers(image) for image in images)
        np.testing.assert_array_equal(late_hidden[:, 1:], hidden[:, :-1])
        np.testing.assert_array_equal(late_output[:, 2:], output[:, :-2])
        # Read without the shift, the outputs are other ones: what reading a network with one step per layer would cost.
        self.assertGreater(int((late_output != output).sum()), 1000)


class Independence(Runner):
    """Results do not depend on threads, executor, timing or mapping, on any target."""

    def mapping(self, described, r, chips, cores, room):
        """A random mapping file: slices of random length, in random order, on random cores; some cores hold several slices of one level."""
        slices, used = [], {}
        populations = [p for p in described["populations"] if not p["input"]]
        pieces = []
        for p in populations:
            at = 0
            while at < p["count"]:
                n = min(p["count"] - at, r.randint(1, room))
                pieces.append((p["name"], p["level"], at, n))
                at += n
        r.shuffle(pieces)
        for name, level, first, count in pieces:
            shared = [place for place, (l, n) in used.items() if l == level and n + count <= room]
            place = r.choice(shared) if shared and r.random() < 0.4 else None
            while place is None or (place in used and place not in shared):
                place = (r.randrange(chips), r.randrange(cores))
            used[place] = (level, used.get(place, (level, 0))[1] + count)
            slices.append({"population": name, "first": first, "count": count, "chip": place[0], "core": place[1]})
        path = self.tmp / "random-map.json"
        path.write_text(json.dumps({"format": "ranvier-mapping", "version": 1, "slices": slices}))
        return path

    def recording(self, net, image, external, *options):
        result, recorded = self.record(net, image, external, STEPS, *options)
        return {name: {key: array.tobytes() for key, array in group.items()} for name, group in recorded.items()}, result["populations"]

    def assertIndependent(self, net, external, target, r):
        image, _ = self.compile(net, target)
        described = self.json("inspect", image)
        images = [image]
        for k in range(2):
            mapping = self.mapping(described, r, *((50, 90) if target == "reference" else (3, 128)), room=6)
            images.append(self.tmp / f"mapped{k}.rvi")
            self.json("compile", self.tmp / f"{net.name}.mlir", "--target", target, "--mapping", mapping, "-o", images[-1])
            self.assertNotEqual(images[-1].read_bytes(), image.read_bytes())
        own = self.recording(net, image, external)
        options = [["--threads", n] for n in (2, 3, 4)] + [["--executor", "interp"], ["--executor", "interp", "--threads", 3], ["--timing", "off"]]
        for k, how in enumerate(options):
            self.assertEqual(self.recording(net, images[k % 3], external, *how), own, (net.name, target, how))
        for other in images[1:]:
            self.assertEqual(self.recording(net, other, external), own, (net.name, target, "mapping"))

    def test_reference(self):
        r = random.Random(1)
        for seed in range(500, 512):
            made = Generator(seed).make()
            self.assertIndependent(made.net, made.external, "reference", r)

    def test_chips(self):
        r = random.Random(2)
        for seed in range(300, 305):
            net, external = random_graph(seed, feedback=True)
            for target in CHIPS:
                self.assertIndependent(net, external, target, r)

    def test_generic_integer_programs(self):
        """Models that are not the chip's own form run as microcode on loihi2: fixed point, random numbers and graded events included."""
        r = random.Random(3)
        for seed in range(4):
            rng = np.random.default_rng(seed)
            net = Network(f"generic{seed}", seed=seed)
            dual, noisy, graded = (ranged(m) for m in (snn_models.DUAL, snn_models.NOISY, snn_models.GRADED))
            a = net.add(Input("a", [6], ("poisson", [150.0], seed)))
            b = net.add(Population("b", dual, [7]))
            c = net.add(Population("c", noisy, [5], {"sigma": Normal(0.5, 0.1, 0.2, 0.8, 3)}))
            d = net.add(Population("d", graded, [4], {"theta": 0.4}))
            e = net.add(Population("e", snn_models.LIF, [3], {"tau": 0.004, "v_threshold": 0.6}))
            for k, (source, target, receptor) in enumerate(((a, b, "exc"), (a, b, "inh"), (b, c, None), (c, b, "inh"), (a, d, None), (d, e, None))):
                net.add(Projection(f"e{k}", "dense", source, target, receptor=receptor, delay=rng.integers(0, 3, source.count),
                                   weights=rng.uniform(0, 0.7, (target.count, source.count))))
            self.assertIndependent(net, {}, "loihi2", r)
