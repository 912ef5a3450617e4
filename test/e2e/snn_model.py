# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a network of the snn dialect means, in numpy, written from docs/spec/snn-dialect.md and docs/spec/time.md alone.

A Network holds nodes and projections, prints itself as text for the tools and simulates itself as `reference` must: binary32, term by
term in the order of T10. Nothing here is shared with the product, and nothing is fast: networks of some hundred neurons.
"""

import math
import statistics

import numpy as np

F32 = np.float32
MASK = 0xFFFFFFFF


# --- Random words -----------------------------------------------------------------------------------------------------------------


def threefry(key, counter):
    """Threefry-2x32 with 20 rounds; returns both words. Integers below 2^32, or an array of them as one counter word."""
    number = np.uint64 if any(isinstance(c, np.ndarray) for c in counter) else int
    mask = number(MASK)
    k0, k1 = (number(k) for k in key)
    x0, x1 = (c.astype(np.uint64) if isinstance(c, np.ndarray) else number(c) for c in counter)
    schedule = [k0, k1, number(0x1BD11BDA) ^ k0 ^ k1]
    x0, x1 = (x0 + k0) & mask, (x1 + k1) & mask
    for round_ in range(20):
        left = (13, 15, 26, 6, 17, 29, 16, 24)[round_ % 8]
        x0 = (x0 + x1) & mask
        x1 = ((x1 << number(left)) & mask | x1 >> number(32 - left)) ^ x0
        if round_ % 4 == 3:
            j = round_ // 4 + 1
            x0 = (x0 + schedule[j % 3]) & mask
            x1 = (x1 + schedule[(j + 1) % 3] + number(j)) & mask
    return x0, x1


def word(seed, a, b, d):
    return words(seed, a, b, d)[0]


def words(seed, a, b, d):
    seed %= 1 << 64
    return threefry((seed & MASK, ((seed >> 32) + d * 0x9E3779B9) & MASK), (a, b))


def unit(w):
    return np.asarray(w, dtype=np.float64) / 2.0**32


def open_unit(w):
    return (np.asarray(w, dtype=np.float64) + 0.5) / 2.0**32


STANDARD = statistics.NormalDist()


class Uniform:
    def __init__(self, low, high, seed):
        self.low, self.high, self.seed = low, high, seed

    def __str__(self):
        return f"#snn.uniform<{real(self.low)}, {real(self.high)}, seed = {self.seed}>"

    def draw(self, numbers):
        i = np.arange(numbers, dtype=np.uint64) if isinstance(numbers, int) else np.asarray(numbers, dtype=np.uint64)
        return np.minimum(self.low + (self.high - self.low) * unit(word(self.seed, i, 0, 0)), math.nextafter(self.high, self.low))


class Normal:
    def __init__(self, mean, deviation, low, high, seed):
        self.mean, self.deviation, self.low, self.high, self.seed = mean, deviation, low, high, seed

    def __str__(self):
        return f"#snn.normal<{real(self.mean)}, {real(self.deviation)}, clip = [{real(self.low)}, {real(self.high)}], seed = {self.seed}>"

    def draw(self, numbers):
        """Of the first so many numbers, or of a list of them (below 2^32)."""
        i = np.arange(numbers, dtype=np.uint64) if isinstance(numbers, int) else np.asarray(numbers, dtype=np.uint64)
        # The standard library inverts the normal distribution by the same algorithm, AS 241.
        z = [STANDARD.inv_cdf(float(p)) for p in open_unit(word(self.seed, i, 0, 0))]
        return np.clip(self.mean + self.deviation * np.array(z, dtype=np.float64), self.low, self.high)


def drawn(value, count):
    """`count` values of a number, an array or a distribution."""
    if isinstance(value, (Uniform, Normal)):
        return value.draw(count)
    return np.broadcast_to(np.asarray(value, dtype=np.float64).ravel(), (count,)) if np.size(value) == 1 else np.asarray(value, dtype=np.float64).ravel()


def name_hash(name):
    value = 2166136261
    for byte in name.encode():
        value = ((value ^ byte) * 16777619) & MASK
    return value


# --- exp and log of clause 4.5 -----------------------------------------------------------------------------------------------------

LN2, LOG2E, SQRT2 = math.log(2), math.log2(math.e), math.sqrt(2)


def series(coefficients, x):
    total = coefficients[0]
    for coefficient in coefficients[1:]:
        total = total * x + coefficient
    return total


def exp32(x):
    x = np.asarray(x, dtype=F32)
    wide = np.clip(x.astype(np.float64), -104, 89)
    scaled = wide * LOG2E
    k = np.trunc(scaled + np.where(scaled < 0, -0.5, 0.5))
    sum_ = series([1 / math.factorial(i) for i in range(9, -1, -1)], wide - k * LN2)
    with np.errstate(over="ignore", under="ignore"):
        return np.where(x > 89, F32(np.inf), np.where(x < -104, F32(0), (sum_ * np.exp2(k)).astype(F32)))


def log32(x):
    m, e = np.frexp(np.asarray(x, dtype=F32).astype(np.float64))
    m, e = m * 2, e - 1  # 1 <= m < 2
    high = m > SQRT2
    m, e = np.where(high, m * 0.5, m), np.where(high, e + 1, e)
    s = (m - 1) / (m + 1)
    return (e * LN2 + 2 * s * series([1 / i for i in range(15, 0, -2)], s * s)).astype(F32)


# --- Text -------------------------------------------------------------------------------------------------------------------------


def real(value):
    text = repr(float(value))
    if "e" in text:
        mantissa, exponent = text.split("e")
        return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{exponent}"
    return text


def elements(array, kind="f32"):
    array = np.asarray(array)
    shape = "x".join(str(n) for n in array.shape)

    def nested(a):
        return "[" + ", ".join(nested(b) for b in a) + "]" if np.ndim(a) else (real(a) if kind[0] == "f" else str(int(a)))

    return f"dense<{nested(array) if array.size else ''}> : tensor<{shape}x{kind}>"


def value(v, kind="f64"):
    if isinstance(v, (Uniform, Normal)):
        return str(v)
    return elements(v, kind) if np.ndim(v) else real(v)


def integers(numbers):
    return "[" + ", ".join(str(n) for n in numbers) + "]"


# --- Nodes ------------------------------------------------------------------------------------------------------------------------


class Node:
    def __init__(self, name, shape):
        self.name, self.shape = name, list(shape)
        self.count = int(np.prod(shape))


class Input(Node):
    """`source`: ("poisson", rates, seed), ("regular", intervals, phases), ("list", steps, neurons) or None for spikes given to simulate()."""

    def __init__(self, name, shape, source=None):
        super().__init__(name, shape)
        self.source = source

    def text(self):
        if not self.source:
            return f"snn.input @{self.name} shape {integers(self.shape)}"
        kind, first, second = self.source
        if kind == "poisson":
            source = f"#snn.poisson<[{', '.join(real(r) for r in first)}], seed = {second}>"
        elif kind == "regular":
            source = f"#snn.regular<{integers(first)}, phase = {integers(second)}>"
        else:
            source = f"#snn.spike_list<{integers(first)}, {integers(second)}>"
        return f"snn.input @{self.name} shape {integers(self.shape)} source {source}"

    def spikes(self, step, dt, external):
        """{neuron: payload} of the step. `external`: [(step, neuron, value)]; only for inputs without a source."""
        if not self.source:
            out, plain = {}, set()
            for at, neuron, payload in external:
                if at != step:
                    continue
                if payload == 1:
                    plain.add(neuron)
                    out.setdefault(neuron, F32(0))
                else:
                    out[neuron] = out.get(neuron, F32(0)) + F32(payload)
            return {n: v + F32(1) if n in plain else v for n, v in out.items()}
        kind, first, second = self.source
        if kind == "list":
            return {n: F32(1) for s, n in zip(first, second) if s == step}
        if kind == "regular":
            pick = lambda values, n: values[0 if len(values) == 1 else n]
            return {n: F32(1) for n in range(self.count)
                    if step >= pick(second, n) and (step - pick(second, n)) % pick(first, n) == 0}
        rates = drawn(first, self.count)
        u = unit(word(second, np.arange(self.count), step, 0))
        return {n: F32(1) for n in range(self.count) if u[n] < -math.expm1(-rates[n] * dt)}


class Population(Node):
    def __init__(self, name, model, shape, params=None, init=None):
        super().__init__(name, shape)
        self.model, self.params, self.init = model, params or {}, init or {}

    def text(self):
        out = f"snn.population @{self.name} model @{self.model.name} shape {integers(self.shape)}"
        for what, values in (("params", self.params), ("init", self.init)):
            if values:
                out += f" {what} {{" + ", ".join(f"{k} = {value(v)}" for k, v in sorted(values.items())) + "}"
        return out

    def prepare(self, dt, stream):
        params = {n: drawn(self.params.get(n, default), self.count) for n, default in self.model.parameters.items()}
        with np.errstate(all="ignore"):
            self.folded = {k: np.broadcast_to(np.asarray(v, dtype=np.float64), (self.count,)).astype(F32)
                           for k, v in self.model.fold(params, dt).items()}
        self.state = {n: drawn(self.init.get(n, default), self.count).astype(F32) for n, default in self.model.states.items()}
        self.stream = stream

    def step(self, number, received):
        """Returns {neuron: payload}."""

        def random(draw):
            w = word(self.stream, np.arange(self.count), number, draw)
            return ((w >> np.uint64(8)).astype(np.float64) / 2.0**24).astype(F32)

        with np.errstate(all="ignore"):
            new, fire, payload = self.model.step(self.folded, self.state, received, random)
        for key, after in new.items():
            assert after.dtype == F32, key
        self.state = {**self.state, **new}
        return {int(n): F32(1) if payload is None else payload[n] for n in np.flatnonzero(fire)}


class Junction(Node):
    def text(self):
        return f"snn.junction @{self.name} shape {integers(self.shape)}"


# --- Projections ------------------------------------------------------------------------------------------------------------------


class Projection:
    """`kind`: dense, sparse, conv1d, conv2d, pool, connect; further fields as in the dialect."""

    def __init__(self, name, kind, source, target, delay=None, receptor=None, bias=None, **fields):
        self.name, self.kind, self.source, self.target = name, kind, source, target
        self.delay, self.receptor, self.bias, self.fields = delay, receptor, bias, fields

    def text(self):
        f = self.fields
        out = f"snn.{self.kind} @{self.name} from @{self.source.name} to @{self.target.name}"
        if self.receptor:
            out += f' receptor "{self.receptor}"'
        if self.delay is not None:
            out += " delay " + (str(self.delay) if isinstance(self.delay, (int, Uniform, Normal)) else elements(self.delay, "i32"))
        bias = f" bias {elements(self.bias)}" if self.bias is not None else ""
        if self.kind == "dense":
            return out + f" weights {elements(f['weights'])}{bias}"
        if self.kind == "sparse":
            return out + (f" row_ptr {elements(f['row_ptr'], 'i64')} columns {elements(f['columns'], 'i32')} "
                          f"weights {elements(f['weights'])}{bias}")
        if self.kind in ("conv1d", "conv2d"):
            groups = f" groups {f['groups']}" if f.get("groups", 1) != 1 else ""
            return out + (f" weights {elements(f['weights'])}{bias} input {integers(f['input'])} stride {integers(f['stride'])} "
                          f"padding {integers(f['padding'])} dilation {integers(f['dilation'])}{groups}")
        if self.kind == "pool":
            return out + (f' "{f["pool"]}" input {integers(f["input"])} kernel {integers(f["kernel"])} '
                          f"stride {integers(f['stride'])} padding {integers(f['padding'])}")
        numbers = "{" + ", ".join(f"{k} = {v if isinstance(v, int) else real(v)}" for k, v in f.get("params", {}).items()) + "}"
        out += f' "{f["rule"]}" {numbers} weights {value(f["weights"], "f32")}'
        if "seed" in f:
            out += f" seed {f['seed']}"
        return out + (" autapses false" if not f.get("autapses", True) else "")

    def synapses(self):
        """[(source, target, weight, delay)] in the order of synapses; weights in binary64."""
        listed = [(s, t, k, w) for k, (s, t, w) in enumerate(getattr(self, "_" + self.kind)())]
        listed.sort(key=lambda item: item[:2])  # stable: several of one pair stay in the order of listing
        count = len(listed)
        if self.kind == "connect":
            given = self.fields["weights"]
            weights = np.asarray(given, dtype=np.float32).ravel() if np.ndim(given) else None  # elements: f32 in the text
            if weights is not None:
                weights = [weights[t] for _, t, _, _ in listed]
            else:
                numbers = self._numbers() if isinstance(given, (Uniform, Normal)) else None
                weights = given.draw([numbers[k] for _, _, k, _ in listed]) if numbers is not None else drawn(given, count)
        else:
            weights = [w for _, _, _, w in listed]
        return [(s, t, float(weights[i]), d) for i, ((s, t, k, _), d) in enumerate(zip(listed, self._delays(listed)))]

    def _delays(self, listed):
        if self.delay is None or isinstance(self.delay, int):
            return [self.delay or 0] * len(listed)
        nearest = lambda d: int(math.floor(d + 0.5))
        if isinstance(self.delay, (Uniform, Normal)):
            if self.kind == "dense":
                values = self.delay.draw(self.source.count * self.target.count)
                return [nearest(values[t * self.source.count + s]) for s, t, _, _ in listed]
            if self.kind == "connect":
                numbers = self._numbers()
                return [nearest(d) for d in self.delay.draw([numbers[k] for _, _, k, _ in listed])]
            values = self.delay.draw(len(listed))
            return [nearest(values[k if self.kind == "sparse" else i]) for i, (_, _, k, _) in enumerate(listed)]
        delays = np.asarray(self.delay)
        if self.kind == "dense" and delays.ndim == 2:
            return [int(delays[t, s]) for s, t, _, _ in listed]
        if self.kind == "sparse" and delays.size == len(listed):
            return [int(delays[k]) for _, _, k, _ in listed]
        return [int(delays[s]) for s, _, _, _ in listed]

    def _dense(self):
        weights = np.asarray(self.fields["weights"], dtype=F32)
        return [(s, t, weights[t, s]) for t in range(self.target.count) for s in range(self.source.count)]

    def _sparse(self):
        rows, columns, weights = self.fields["row_ptr"], self.fields["columns"], np.asarray(self.fields["weights"], dtype=F32)
        return [(int(columns[k]), t, weights[k]) for t in range(self.target.count) for k in range(rows[t], rows[t + 1])]

    def _window(self, channels, groups, kernel, weight):
        f = self.fields
        spatial = f["input"][1:]
        dilation = f.get("dilation", [1] * len(spatial))
        result = [(n + 2 * p - d * (k - 1) - 1) // s + 1
                  for n, p, d, k, s in zip(spatial, f["padding"], dilation, kernel, f["stride"])]
        per_in, per_out = f["input"][0] // groups, channels // groups
        out = []
        for co in range(channels):
            for place in np.ndindex(*result):
                for ci in range(per_in):
                    for tap in np.ndindex(*kernel):
                        at = [o * s - p + k * d for o, s, p, k, d in zip(place, f["stride"], f["padding"], tap, dilation)]
                        if all(0 <= a < n for a, n in zip(at, spatial)):
                            source = np.ravel_multi_index((co // per_out * per_in + ci, *at), f["input"])
                            target = np.ravel_multi_index((co, *place), (channels, *result))
                            out.append((int(source), int(target), weight(co, ci, tap)))
        assert int(np.prod([channels, *result])) == self.target.count
        return out

    def _conv2d(self):
        weights = np.asarray(self.fields["weights"], dtype=F32)
        return self._window(weights.shape[0], self.fields.get("groups", 1), weights.shape[2:], lambda co, ci, tap: weights[(co, ci, *tap)])

    _conv1d = _conv2d

    def _pool(self):
        f = self.fields
        factor = 1.0 / (f["kernel"][0] * f["kernel"][1]) if f["pool"] == "average" else 1.0
        return self._window(f["input"][0], f["input"][0], f["kernel"], lambda co, ci, tap: factor)

    def _connect(self):
        return [(s, t, 0) for s, t in connect(self.fields, self.source, self.target)]

    def _numbers(self):
        """Of the synapses of a connector in the order in which the rule makes them: what their weights and delays are drawn by."""
        pairs = connect(self.fields, self.source, self.target)
        if self.fields["rule"] in ("one_to_one", "fixed_in_degree", "fixed_total_number"):
            return [s for s, _ in pairs] if self.fields["rule"] == "one_to_one" else list(range(len(pairs)))
        return [s * self.target.count + t for s, t in pairs]


def connect(fields, source, target):
    """Pairs in the order in which the rule makes them."""
    rule, seed = fields["rule"], fields.get("seed", 0)
    params = fields.get("params", {})
    sources, targets = source.count, target.count
    allowed = lambda s, t: fields.get("autapses", True) or source is not target or s != t
    below = lambda w, n: int(w) * n >> 32
    if rule == "one_to_one":
        return [(i, i) for i in range(sources) if allowed(i, i)]
    if rule == "all_to_all" or (rule == "fixed_probability" and params["p"] == 1):
        return [(s, t) for s in range(sources) for t in range(targets) if allowed(s, t)]
    out = []
    if rule == "fixed_probability" and params["p"] > 0:
        scale = 1 / math.log1p(-params["p"])
        for s in range(sources):
            t, d = -1, 0
            while True:
                t += 1 + math.floor(math.log(float(open_unit(word(seed, s, d, 0)))) * scale)
                d += 1
                if t >= targets:
                    break
                if allowed(s, t):
                    out.append((s, t))
    elif rule == "fixed_in_degree":
        for t in range(targets):
            for k in range(params["k"]):
                again = 0
                while not allowed(s := below(word(seed, t, k, again), sources), t):
                    again += 1
                out.append((s, t))
    elif rule == "fixed_total_number":
        for k in range(params["n"]):
            again = 0
            while not allowed(s := below(words(seed, k, 0, again)[0], sources), t := below(words(seed, k, 0, again)[1], targets)):
                again += 1
            out.append((s, t))
    elif rule == "distance_dependent":
        for s in range(sources):
            for t in range(targets):
                a, b = np.unravel_index(s, source.shape), np.unravel_index(t, target.shape)
                square = sum((int(x) - int(y)) ** 2 for x, y in zip(a, b))
                p = params["p_max"] * math.exp(-square / (2 * params["scale"] * params["scale"]))
                if allowed(s, t) and unit(word(seed, s, t, 0)) < p:
                    out.append((s, t))
    return out


# --- Networks ---------------------------------------------------------------------------------------------------------------------


class Network:
    def __init__(self, name="net", dt=1e-3, seed=0):
        self.name, self.dt, self.seed = name, dt, seed
        self.nodes, self.projections, self.outputs, self.probes = [], [], [], []

    def add(self, item):
        (self.projections if isinstance(item, Projection) else self.nodes).append(item)
        return item

    def text(self, mix=None):
        """Models that are not shipped, and the network. `mix`: a random.Random that interleaves the kinds of ops; only the order within
        nodes and within projections has a meaning."""
        models = {n.model.name: n.model.source for n in self.nodes if isinstance(n, Population) and n.model.source}
        kinds = [[node.text() for node in self.nodes], [p.text() for p in self.projections],
                 [f"snn.output @{name} from @{node.name}" for name, node in self.outputs],
                 [f"snn.probe @{name} of @{node.name} [" + ", ".join(f'"{v}"' for v in variables) + "]" for name, node, variables in self.probes]]
        order = [k for k, lines in enumerate(kinds) for _ in lines]
        if mix:
            mix.shuffle(order)
        lines = [kinds[k].pop(0) for k in order]
        return "\n".join(models.values()) + f"\nsnn.network @{self.name} dt {real(self.dt)} seed {self.seed} {{\n  " + "\n  ".join(lines) + "\n}\n"

    def streams(self):
        taken, out = set(), {}
        for node in self.nodes:
            h = name_hash(node.name)
            while h in taken:
                h = (h + 1) & MASK
            taken.add(h)
            out[node.name] = (self.seed + (h << 32)) % (1 << 64)
        return out

    def closing_edges(self, least):
        """Names of the projections that close a cycle of delay 0: depth-first from the inputs, names sorted (T8).
        `least`: smallest possible delay by projection."""
        after = {node.name: [] for node in self.nodes}
        for p in self.projections:
            if least[p.name] == 0:
                after[p.source.name].append((p.target.name, p.name))
        colour, closing = {}, []

        def visit(node):
            colour[node] = "path"
            for target, name in sorted(after[node]):
                if colour.get(target) == "path":
                    closing.append(name)
                elif target not in colour:
                    visit(target)
            colour[node] = "done"

        for node in sorted(n.name for n in self.nodes if isinstance(n, Input)) + sorted(after):
            if node not in colour:
                visit(node)
        return closing

    def expanded(self):
        """Synapses of every projection after cycles have been broken; and the names of the closing edges."""
        synapses = {p.name: p.synapses() for p in self.projections}

        def least(p):
            if isinstance(p.delay, (Uniform, Normal)):
                return int(math.floor(p.delay.low + 0.5))
            return 0 if p.delay is None else int(np.min(p.delay))

        closing = self.closing_edges({p.name: least(p) for p in self.projections})
        for name in closing:
            synapses[name] = [(s, t, w, max(d, 1)) for s, t, w, d in synapses[name]]
        return synapses, closing

    def levels(self, synapses):
        """Nodes in an order in which every edge of delay 0 leads forward."""
        before = {node.name: set() for node in self.nodes}
        for p in self.projections:
            if any(d == 0 for *_, d in synapses[p.name]) and not isinstance(p.source, Input):
                before[p.target.name].add(p.source.name)
        order, left = [], list(self.nodes)
        while left:
            ready = [n for n in left if not before[n.name] & {m.name for m in left}]
            assert ready, "a cycle of delay 0"
            order += ready
            left = [n for n in left if n not in ready]
        return order

    def biases(self):
        """{(node, receptor index): one binary32 number per neuron}."""
        out = {}
        for p in self.projections:
            if p.bias is None:
                continue
            given = np.asarray(p.bias, dtype=F32).astype(np.float64)
            key = (p.target.name, self.receptor(p))
            out[key] = out.get(key, np.zeros(p.target.count)) + np.repeat(given, p.target.count // len(given))
        return {key: total.astype(F32) for key, total in out.items()}

    @staticmethod
    def receptor(p):
        return p.target.model.receptors.index(p.receptor) if p.receptor else 0

    def simulate(self, steps, external=None):
        """Returns (spikes, states): {node: [(step, neuron, payload)]}, {node: {state: [steps, count]}}. `external`: {input: [(step, neuron, value)]}."""
        external = external or {}
        synapses, _ = self.expanded()
        streams, biases = self.streams(), self.biases()
        for node in self.nodes:
            if isinstance(node, Population):
                node.prepare(self.dt, streams[node.name])
        rows = {p.name: {} for p in self.projections}
        for p in self.projections:
            for k, (s, t, w, d) in enumerate(synapses[p.name]):
                rows[p.name].setdefault(s, []).append((k, t, F32(w), d))
        position = {node.name: i for i, node in enumerate(self.nodes)}
        arrivals = {}  # (step, node, receptor) -> {neuron: [(key, term)]}
        spikes = {node.name: [] for node in self.nodes}
        states = {n.name: {s: [] for s in n.model.states} for n in self.nodes if isinstance(n, Population)}

        def emit(node, step, events):
            for neuron in sorted(events):
                payload = events[neuron]
                spikes[node.name].append((step, neuron, payload))
                for number, p in enumerate(self.projections):
                    if p.source is not node:
                        continue
                    receptor = self.receptor(p) if isinstance(p.target, Population) else 0
                    for k, t, w, d in rows[p.name].get(neuron, ()):
                        slot = arrivals.setdefault((step + d, p.target.name, receptor), {})
                        slot.setdefault(t, []).append(((step, position[node.name], neuron, number, k), w * payload))

        def received(node, step, receptor):
            total = np.zeros(node.count, dtype=F32)
            for neuron, terms in arrivals.pop((step, node.name, receptor), {}).items():
                for _, term in sorted(terms, key=lambda item: item[0]):
                    total[neuron] = total[neuron] + term
            return total + biases[(node.name, receptor)] if (node.name, receptor) in biases else total

        order = self.levels(synapses)
        for step in range(1, steps + 1):
            for node in self.nodes:
                if isinstance(node, Input):
                    emit(node, step, node.spikes(step, self.dt, external.get(node.name, ())))
            for node in order:
                if isinstance(node, Junction):
                    total = received(node, step, 0)
                    emit(node, step, {int(n): total[n] for n in np.flatnonzero(total != 0)})
                elif isinstance(node, Population):
                    sums = {r: received(node, step, i) for i, r in enumerate(node.model.receptors)}
                    emit(node, step, node.step(step, sums))
                    for key, row in states[node.name].items():
                        row.append(node.state[key])
        return spikes, {n: {s: np.array(rows_, dtype=F32).reshape(steps, -1) for s, rows_ in of.items()} for n, of in states.items()}
