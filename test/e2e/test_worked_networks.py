# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The worked networks of examples/: counts and parameters, and every spike of small versions against a simulation in numpy, which knows the
equations, not the compiler. Binary32, with the order of operations of the models' texts; spikes and last potentials agree bit for bit."""

import importlib.util
import re
import subprocess
import sys

import h5py
import numpy as np

from ranvier import ROOT, Case

sys.path.insert(0, str(ROOT / "scripts" / "lib"))
from bench import drawn  # noqa: E402: draws of docs/spec/snn-dialect.md in numpy

F = np.float32
MICROCIRCUIT = ROOT / "examples" / "microcircuit"
BALANCED = ROOT / "examples" / "balanced"


def generate(folder, *arguments):
    done = subprocess.run(["/usr/bin/python3", str(folder / "generate.py"), *map(str, arguments)], capture_output=True, text=True, check=True)
    return done.stdout


def module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    out = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(out)
    return out


def numbers(text):
    return [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", text)]


def value(text, count):
    """A number or a distribution of the text in binary64: `count` values, or those of an array of numbers."""
    if not text.startswith("#"):
        return np.full(count if np.ndim(count) == 0 else len(count), float(text))
    kind, inner = re.fullmatch(r"#snn\.(\w+)<(.*)>", text).groups()
    figures = numbers(inner)
    return {"uniform": drawn.uniform, "normal": drawn.normal}[kind](*figures[:-1], int(figures[-1]), count)


DRAWN = r"(#snn\.\w+<[^>]*>|-?[\d.e-]+)"


class Net:
    """Populations, parameters and synapses of a generator's text. Synapses are in the order of docs/spec/time.md T10 within a step of emission."""

    def __init__(self, text):
        self.seed = int(re.search(r"snn\.network @\w+ dt \S+ seed (\d+)", text).group(1))
        self.sizes, self.first, self.parameters, v, count = {}, {}, {}, [], 0
        for name, size, parameters, init in re.findall(r"snn\.population @(\w+) model @\w+ shape \[(\d+)\](?: params \{(.*?)\})?\s+init \{v = (#.*?>)\}", text):
            self.sizes[name], self.first[name] = int(size), count
            self.parameters[name] = {key: float(number) for key, number in re.findall(r"(\w+) = (-?[\d.e-]+)", parameters)}
            v.append(value(init, int(size)))
            count += int(size)
        self.count, self.v = count, np.concatenate(v).astype(F)
        names, columns = list(self.sizes), []
        connects = re.findall(rf'snn\.connect @\w+ from @(\w+) to @(\w+)(?: receptor "(\w+)")? delay {DRAWN}\s+"(\w+)" \{{\w = ([\d.e-]+)\}} weights {DRAWN} seed (\d+)', text)
        for at, (source, target, receptor, delay, rule, number, weight, seed) in enumerate(connects):
            s, t, numbers = self.pairs(rule, float(number), int(seed), self.sizes[source], self.sizes[target])
            steps = np.floor(value(delay, numbers) + 0.5).astype(np.int64)
            columns.append((np.full(len(s), names.index(source)), s, np.full(len(s), at), np.arange(len(s)), s + self.first[source], t + self.first[target], steps,
                            value(weight, numbers).astype(F), np.full(len(s), receptor == "i")))
        self.connects = len(connects)
        population, s, projection, number, *rest = (np.concatenate(column) for column in zip(*columns))
        order = np.lexsort((number, projection, s, population))
        self.source, self.target, self.delay, self.weight, self.inhibitory = (column[order] for column in rest)
        self.row = np.searchsorted(self.source, np.arange(count + 1))

    @staticmethod
    def pairs(rule, number, seed, sources, targets):
        if rule == "fixed_probability":
            s, t = drawn.fixed_probability(number, seed, sources, targets)
            return s, t, s * targets + t
        k = np.arange(int(number))
        first, second = drawn.block(seed, k, 0)
        s = (first.astype(np.uint64) * np.uint64(sources) >> np.uint64(32)).astype(np.int64)
        t = (second.astype(np.uint64) * np.uint64(targets) >> np.uint64(32)).astype(np.int64)
        order = np.lexsort((t, s))
        return s[order], t[order], k[order]

    def of(self, parameter):
        """A parameter of every neuron, binary64."""
        return np.concatenate([np.full(size, self.parameters[name][parameter]) for name, size in self.sizes.items()])

    def uniform(self, step):
        """`snn.random 0` of every neuron."""
        out = []
        for name, size in self.sizes.items():
            h = 0x811C9DC5
            for byte in name.encode():
                h = (h ^ byte) * 0x01000193 & 0xFFFFFFFF
            out.append((drawn.words(self.seed + (h << 32), np.arange(size), step) >> np.uint32(8)).astype(F) * F(2.0 ** -24))
        return np.concatenate(out)

    def run(self, steps, update):
        """[(step, neuron)] of all spikes, sorted. update(step, arrivals [2, neurons] by receptor) -> mask of neurons that fire."""
        slots = int(self.delay.max()) + 1
        ring, out = np.zeros((slots, 2, self.count), F), []
        for step in range(1, steps + 1):
            now = ring[step % slots]
            fired = np.flatnonzero(update(step, now))
            now[:] = 0
            if len(fired):
                at = np.concatenate([np.arange(self.row[n], self.row[n + 1]) for n in fired])
                np.add.at(ring, ((step + self.delay[at]) % slots, self.inhibitory[at].astype(int), self.target[at]), self.weight[at])
                out += [(step, int(n)) for n in fired]
        return out


def bounds(first, ratios):
    """P(N <= k) of a distribution with P(N = 0) = first and P(N = k) / P(N = k - 1) = ratios[k - 1], rounded to binary32 as constants are."""
    q, total, out = first, first + 0.0, []
    out.append(F(total))
    for ratio in ratios:
        q = q * ratio
        total = total + q
        out.append(F(total))
    return out


class Microcircuit:
    """iaf_psc_exp in binary32."""

    def __init__(self, net):
        self.net, n = net, net.count
        self.v, self.i, self.r = net.v.copy(), np.zeros(n, F), np.zeros(n, F)
        p22, p11 = np.exp(-0.1 / 10), np.exp(-0.1 / 0.5)
        self.p22, self.p11, self.p21 = F(p22), F(p11), F(0.5 * 10 / (250 * (0.5 - 10)) * (p11 - p22))
        self.constant = ((1 - p22) * -65.0 + 10 / 250 * (1 - p22) * net.of("current")).astype(F)
        self.poisson = "events_per_step" in next(iter(net.parameters.values()))
        if self.poisson:
            mean = net.of("events_per_step")
            self.bounds = [np.array(column, F) for column in zip(*(bounds(np.exp(-m), [m / k for k in range(1, 16)]) for m in mean))]
            self.event = net.of("event_weight").astype(F)

    def __call__(self, step, arrivals):
        held = self.r > 0
        self.v = np.where(held, self.v, (self.p22 * self.v + self.p21 * self.i) + self.constant)
        self.r = np.maximum(self.r - F(1), F(0))
        x = arrivals[0]
        if self.poisson:
            u, events = self.net.uniform(step), np.zeros(self.net.count, F)
            for bound in self.bounds:
                events += u >= bound
            x = x + self.event * events
        self.i = self.p11 * self.i + x
        fire = self.v >= F(-50)
        self.v[fire], self.r[fire] = F(-65), F(20)
        return fire


class Brunel:
    def __init__(self, net):
        self.net, n = net, net.count
        self.v, self.r = net.v.copy(), np.zeros(n, F)
        self.decay = F(np.exp(-0.1 / 20))
        sources, chance = net.of("external_sources")[0], net.of("external_chance")[0]
        self.bounds = bounds(np.exp(sources * np.log(1 - chance)), [(sources - (k - 1)) / k * (chance / (1 - chance)) for k in range(1, 16)])
        self.event = F(net.of("external_weight")[0])

    def __call__(self, step, arrivals):
        u, events = self.net.uniform(step), np.zeros(self.net.count, F)
        for bound in self.bounds:
            events += u >= bound
        v = np.where(self.r > 0, self.v, self.v + (arrivals[0] + self.event * events))
        self.v = np.where(self.r > 1, v, self.decay * v)
        self.r = np.maximum(self.r - F(1), F(0))
        fire = self.v > F(20)
        self.v[fire], self.r[fire] = F(10), F(20)
        return fire


class Exponential:
    """What cuba and coba share."""

    def __init__(self, net, number=F):
        self.number = number
        self.v, self.r = net.v.astype(number), np.zeros(net.count, number)
        self.e, self.i = np.zeros(net.count, number), np.zeros(net.count, number)
        self.pe, self.pi = number(np.exp(-0.1 / 5)), number(np.exp(-0.1 / 10))

    def __call__(self, step, arrivals):
        e, i = self.e + arrivals[0], self.i + arrivals[1]
        self.v = np.where(self.r > 0, self.v, self.free(e, i))
        self.e, self.i = self.pe * e, self.pi * i
        self.r = np.maximum(self.r - self.number(1), self.number(0))
        fire = self.v > self.number(-50)
        self.v[fire], self.r[fire] = self.number(-60), self.number(49)
        return fire


class Cuba(Exponential):
    def free(self, e, i):
        p, pe, pi = np.exp(-0.1 / 20), np.exp(-0.1 / 5), np.exp(-0.1 / 10)
        by_e, by_i = F(5 / (5 - 20) * (pe - p)), F(10 / (10 - 20) * (pi - p))
        return F(p) * self.v + ((by_e * e + by_i * i) + F((1 - p) * -49.0))


class Coba(Exponential):
    """In binary64: its exponential of a changing number is the machine's own (docs/spec/microcode.md, 4.5)."""

    def __init__(self, net):
        super().__init__(net, np.float64)

    def free(self, e, i):
        total = 1 + (e + i)
        goal = (-40 + i * -80) / total
        return goal + (self.v - goal) * np.exp(-0.1 / 20 * total)


class Worked(Case):
    def recorded(self, text, steps, name):
        """([(step, neuron)], last potentials) of a run on `reference`; neurons numbered through."""
        network, image, run = (self.tmp / f"{name}.{suffix}" for suffix in ("mlir", "rvi", "h5"))
        network.write_text(text)
        self.json("compile", network, "--target", "reference", "-o", image)
        self.json("run", image, "--steps", steps, "--timing", "off", "-o", run, "--record", "spikes,v")
        net, spikes, v = Net(text), [], []
        with h5py.File(run) as file:
            for population in net.sizes:
                group = file["populations"][population]
                spikes += [(int(s), int(n) + net.first[population]) for s, n in zip(group["spike_steps"][()], group["spike_neurons"][()])]
                v.append(group["v"][-1])
        return net, sorted(spikes), np.concatenate(v)

    def agree(self, text, steps, model, name):
        net, spikes, v = self.recorded(text, steps, name)
        model = model(net)
        expected = net.run(steps, model)
        self.assertEqual(spikes, expected)
        self.assertEqual(int((v.view(np.uint32) != model.v.view(np.uint32)).sum()), 0)
        return net, spikes

    def test_the_full_microcircuit_has_its_counts(self):
        generator = module(MICROCIRCUIT / "generate.py")
        net = generator.Microcircuit(1.0, "dc")
        self.assertEqual((sum(net.neurons), net.total_synapses()), (77169, 298880968))
        text = generate(MICROCIRCUIT)
        self.assertEqual(text.count("snn.connect"), 55)
        self.assertLess(len(text), 30000)
        self.assertAlmostEqual(net.external_weight, 87.81, 2)
        self.assertEqual([round(current) for current in net.currents], [562, 527, 738, 667, 702, 667, 1019, 738])  # 8 Hz x K_ext x 87.81 pA x 0.5 ms
        path = self.tmp / "full.mlir"
        path.write_text(text)
        self.assertEqual(self.call(path, "--verify-roundtrip", "-o", self.tmp / "out.mlir", tool="ranvier-opt").returncode, 0)

    def test_signs_and_delays_of_the_microcircuit(self):
        net = Net(generate(MICROCIRCUIT, "--scale", 0.02))
        excitatory = np.concatenate([np.full(size, name.endswith("E")) for name, size in net.sizes.items()])[net.source]
        self.assertTrue((net.weight[excitatory] >= 0).all() and (net.weight[~excitatory] <= 0).all())
        self.assertEqual((int(net.delay.min()), int(net.delay.max()) <= 63), (1, True))
        for kind, mean in ((excitatory, 15), (~excitatory, 7.5)):
            self.assertAlmostEqual(net.delay[kind].mean(), mean, delta=0.05 * mean)

    def test_the_microcircuit_spike_by_spike(self):
        """Two drives at scale 0.02: the constant current is raised, since it alone leaves so small a network silent."""
        for drive, boost in (("dc", 150), ("poisson", 80)):
            with self.subTest(drive=drive):
                net, spikes = self.agree(generate(MICROCIRCUIT, "--scale", 0.02, "--drive", drive, "--boost", boost), 2000, Microcircuit, drive)
                self.assertGreater(len(spikes), 1000)
                self.assertGreater(len({n for _, n in spikes}), net.count // 4)

    def test_brunel_and_cuba_spike_by_spike(self):
        for name, model, arguments in (("brunel", Brunel, ("--neurons", 1000, "--synapses", 100)), ("cuba", Cuba, ("--neurons", 1000)),
                                       ("brunel", Brunel, ("--neurons", 500, "--synapses", 50, "--connect", "number", "--seed", 3))):
            with self.subTest(arguments=arguments):
                _, spikes = self.agree(generate(BALANCED, name, *arguments), 1000, model, name)
                self.assertGreater(len(spikes), 300)

    def test_coba_spike_by_spike_in_double_precision(self):
        """Until a rounding moves a spike by a step, after which a chaotic network goes another way: in 50 ms none is moved here."""
        text = generate(BALANCED, "coba", "--neurons", 1000)
        net, spikes, _ = self.recorded(text, 500, "coba")
        self.assertEqual(spikes, net.run(500, Coba(net)))
        self.assertGreater(len(spikes), 500)

    def test_generators_refuse_what_makes_no_network(self):
        for folder, arguments in ((MICROCIRCUIT, ("--scale", "0")), (MICROCIRCUIT, ("--scale", "2")), (MICROCIRCUIT, ("--seed", "-1")), (BALANCED, ("none",)),
                                  (BALANCED, ("coba", "--neurons", "5")), (BALANCED, ("coba", "--synapses", "5000"))):
            done = subprocess.run(["/usr/bin/python3", str(folder / "generate.py"), *arguments], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)

    def test_spike_statistics(self):
        """Figures of spike trains whose statistics are known: regular, Poisson, and two identical ones."""
        path = self.tmp / "made.h5"
        choose = np.random.default_rng(1)
        steps = 200000  # 20 s
        trains = {"regular": [np.arange(50 + n, steps, 1000) for n in range(50)],
                  "poisson": [np.flatnonzero(choose.random(steps) < 1e-3) + 1 for _ in range(300)],
                  "same": [np.flatnonzero(np.random.default_rng(7).random(steps) < 1e-3) + 1] * 2, "silent": [np.array([], int)] * 3}
        with h5py.File(path, "w") as file:
            file.attrs["dt"], file.attrs["steps"] = 1e-4, steps
            for name, train in trains.items():
                group = file.create_group(f"populations/{name}")
                group.attrs["n"] = len(train)
                group["spike_steps"] = np.concatenate(train).astype(np.uint32)
                group["spike_neurons"] = np.concatenate([np.full(len(t), n) for n, t in enumerate(train)]).astype(np.uint32)
        figures = module(MICROCIRCUIT / "spike_statistics.py").statistics(path, skip=0.5)
        self.assertAlmostEqual(figures["regular"]["rate_hz"], 10, 1)
        self.assertAlmostEqual(figures["regular"]["cv_isi"], 0, 9)
        self.assertAlmostEqual(figures["poisson"]["rate_hz"], 10, delta=0.2)
        self.assertAlmostEqual(figures["poisson"]["cv_isi"], 1, delta=0.03)
        self.assertAlmostEqual(figures["poisson"]["correlation"], 0, delta=0.003)
        self.assertAlmostEqual(figures["same"]["correlation"], 1, 9)
        self.assertEqual((figures["silent"]["rate_hz"], figures["silent"]["cv_isi"], figures["silent"]["correlation"]), (0, None, None))
        done = subprocess.run(["/usr/bin/python3", str(MICROCIRCUIT / "spike_statistics.py"), str(path), "--skip", "30"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("nothing is left", done.stderr)
