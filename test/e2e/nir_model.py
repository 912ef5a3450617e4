# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""NIR graphs: a writer that lays files out as other tools do, and what a graph means, in numpy and binary64, written from NIR's specification
and docs/guide/nir.md. Nothing here is shared with the product.

A graph is {"nodes": {name: node}, "edges": [(from, to)]}; a node is {"type": T, parameter: array or string}, or a graph again.
"""

import h5py
import numpy as np

NEURONS = {"IF", "LIF", "CubaLIF", "LI", "CubaLI", "I", "Threshold"}
GRADED = {"LI", "CubaLI", "I"}
LINEAR = {"Linear", "Affine", "Scale", "Conv1d", "Conv2d", "SumPool2d", "AvgPool2d", "Delay"}


# --- Files ------------------------------------------------------------------------------------------------------------------------


def graph(nodes, edges):
    return {"nodes": nodes, "edges": edges}


def write(path, graph_, version="1.0.7", gzip=True, dtype=np.float32, groups=None):
    """As nir.write does: variable-length UTF-8 strings, float parameters in `dtype`, integers as int64, gzip where there is something to
    pack. `groups`: further members by path, as other versions leave them."""
    text = h5py.string_dtype("utf-8")

    def store(group, key, value):
        if isinstance(value, str):
            group.create_dataset(key, data=value, dtype=text)
            return
        array = np.asarray(value)
        array = array.astype(np.int64 if np.issubdtype(array.dtype, np.integer) else dtype)
        group.create_dataset(key, data=array, **({"compression": "gzip"} if gzip and array.ndim else {}))

    def node(group, content):
        if "nodes" not in content:
            for key, value in content.items():
                if value is not None:
                    store(group, key, value)
            return
        group.create_dataset("type", data="NIRGraph", dtype=text)
        edges = np.array(content["edges"], dtype=object).reshape(-1, 2)
        group.create_dataset("edges", data=edges, dtype=text)
        inner = group.create_group("nodes")
        for name, child in content["nodes"].items():
            node(inner.create_group(name), child)

    with h5py.File(path, "w") as f:
        f.create_dataset("version", data=version, dtype=text)
        node(f.create_group("node"), graph_)
        for member, value in (groups or {}).items():
            store(f, member, value)
    return path


def read(path):
    """A file back into a graph; numbers as they are stored."""

    def node(group):
        kind = group["type"][()].decode()
        if kind == "NIRGraph":
            return graph({name: node(child) for name, child in group["nodes"].items()},
                         sorted(tuple(end.decode() for end in edge) for edge in group["edges"][()]))
        return {"type": kind, **{key: value[()].decode() if value.dtype.kind == "O" else value[()]
                                 for key, value in group.items() if key not in ("type", "metadata")}}

    with h5py.File(path) as f:
        return node(f["node"])


# --- Flat graphs ------------------------------------------------------------------------------------------------------------------


def flatten(graph_):
    """Nested graphs become nodes with names joined by dots; their ports stay as nodes that pass on."""
    nodes, edges = {}, []

    def visit(content, prefix):
        for name, child in content["nodes"].items():
            if "nodes" in child:
                visit(child, prefix + name + ".")
            else:
                inner = prefix and child["type"] in ("Input", "Output")
                nodes[prefix + name] = {**child, "type": "Identity"} if inner else child

        def ends(name, port):
            child = content["nodes"][name]
            if "nodes" not in child:
                return [prefix + name]
            return [prefix + name + "." + n for n, c in child["nodes"].items() if c.get("type") == port]

        for source, target in content["edges"]:
            edges.extend((s, t) for s in ends(source, "Output") for t in ends(target, "Input"))

    visit(graph_, "")
    return nodes, edges


def pair(value, axes=2):
    values = np.atleast_1d(np.asarray(value)).astype(int).tolist()
    return values * axes if len(values) == 1 else values


def padding_of(node, kernel, dilation):
    """[(before, after)] by axis."""
    padding = node.get("padding", 0)
    if isinstance(padding, str):
        both = [d * (k - 1) if padding == "same" else 0 for k, d in zip(kernel, dilation)]
        return [(b // 2, b - b // 2) for b in both]
    return [(p, p) for p in pair(padding, len(kernel))]


def correlate(x, weight, bias, stride, padding, dilation, groups):
    """PyTorch's convolution on [channels, ...], written as sums over taps."""
    axes = weight.ndim - 2
    x = np.pad(x, [(0, 0), *padding])
    extent = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[1:], weight.shape[2:], stride, dilation)]
    per_in, per_out = x.shape[0] // groups, weight.shape[0] // groups
    out = np.zeros((weight.shape[0], *extent))
    for o in range(weight.shape[0]):
        for c in range(per_in):
            for tap in np.ndindex(*weight.shape[2:]):
                window = tuple(slice(t * d, t * d + (n - 1) * s + 1, s) for t, d, n, s in zip(tap, dilation, extent, stride))
                out[o] += weight[(o, c, *tap)] * x[(o // per_out * per_in + c, *window)]
    return out if bias is None else out + np.asarray(bias, dtype=float).reshape(-1, *[1] * axes)


def pool(x, node, average):
    kernel = pair(node["kernel_size"])
    stride = pair(node.get("stride", node["kernel_size"]))
    weight = np.ones((x.shape[0], 1, *kernel))
    out = correlate(x, weight, None, stride, padding_of(node, kernel, [1, 1]), [1, 1], x.shape[0])
    return out / (kernel[0] * kernel[1]) if average else out


def apply(node, x):
    """A stateless node on the value of one step. Delay is not one."""
    kind = node["type"]
    f = lambda key: np.asarray(node[key], dtype=float)
    if kind in ("Linear", "Affine"):
        y = np.einsum("...oi,...i->...o", f("weight"), x.reshape(f("weight").shape[:-2] + f("weight").shape[-1:]))
        return y + f("bias") if kind == "Affine" else y
    if kind == "Scale":
        return x * f("scale")
    if kind in ("Conv1d", "Conv2d"):
        axes = 1 if kind == "Conv1d" else 2
        weight = f("weight")
        stride, dilation = pair(node.get("stride", 1), axes), pair(node.get("dilation", 1), axes)
        return correlate(x, weight, node.get("bias"), stride, padding_of(node, weight.shape[2:], dilation), dilation, int(node.get("groups", 1)))
    if kind in ("SumPool2d", "AvgPool2d"):
        return pool(x, node, kind == "AvgPool2d")
    if kind == "Flatten":
        start, end = int(node.get("start_dim", 1)), int(node.get("end_dim", -1)) % x.ndim
        return x.reshape(*x.shape[:start], -1, *x.shape[end + 1:])
    return x  # Identity, ports


class Neuron:
    """Forward Euler with the new current; reset: "v_reset", "zero" or "subtract". Keeps how near v came to the threshold."""

    def __init__(self, node, shape, dt, reset):
        self.kind, self.dt, self.reset = node["type"], dt, reset
        get = lambda key, default=None: np.broadcast_to(np.asarray(node[key] if node.get(key) is not None else default, dtype=float), shape)
        names = {"IF": ["r", "v_threshold"], "LIF": ["tau", "r", "v_leak", "v_threshold"], "LI": ["tau", "r", "v_leak"], "I": ["r"],
                 "CubaLI": ["tau_syn", "tau_mem", "r", "v_leak"], "CubaLIF": ["tau_syn", "tau_mem", "r", "v_leak", "v_threshold"],
                 "Threshold": ["threshold"]}[self.kind]
        self.p = {name: get(name) for name in names}
        self.p["w_in"], self.p["v_reset"] = get("w_in", 1.0), get("v_reset", 0.0)
        self.v, self.i = np.zeros(shape), np.zeros(shape)
        self.margin = np.inf

    def step(self, x):
        """(output, spikes); for graded types the output is v and every neuron emits."""
        p, dt = self.p, self.dt
        if self.kind == "Threshold":
            self.margin = min(self.margin, np.abs(x - p["threshold"]).min())
            return (x > p["threshold"]).astype(float)
        if self.kind in ("I", "IF"):
            self.v = self.v + p["r"] * x
        else:
            tau = p["tau"] if "tau" in p else p["tau_mem"]
            if "tau_syn" in p:
                self.i = self.i + dt / p["tau_syn"] * (p["w_in"] * x - self.i)
                x = self.i
            self.v = self.v + dt / tau * (p["v_leak"] - self.v + p["r"] * x)
        if self.kind in GRADED:
            return self.v.copy()
        self.margin = min(self.margin, np.abs(self.v - p["v_threshold"]).min())
        fire = self.v > p["v_threshold"]
        after = {"v_reset": p["v_reset"], "zero": 0.0, "subtract": self.v - p["v_threshold"]}[self.reset]
        self.v = np.where(fire, after, self.v)
        return fire.astype(float)


class Simulator:
    """Runs a flat graph. Values are held by inputs, neurons and those linear nodes that feed a linear node or an output; an edge between two
    of them passes any number of nodes that only rename, and at most one linear node. The edge that closes a cycle, found by a depth-first
    search from the inputs with names sorted, hands on the value of the step before; so does a Delay, by its steps."""

    def __init__(self, graph_, shapes, dt, reset="v_reset", time_unit=1.0):
        self.nodes, edges = flatten(graph_)
        self.dt = dt
        self.after, self.before = ({n: [] for n in self.nodes} for _ in range(2))
        for source, target in edges:
            self.after[source].append(target)
            self.before[target].append(source)
        self.kind = {n: node["type"] for n, node in self.nodes.items()}
        self.shapes = shapes
        scaled = lambda node: {k: np.asarray(v, dtype=float) * time_unit if k.startswith("tau") or k == "delay" else v for k, v in node.items()}
        self.nodes = {n: scaled(node) for n, node in self.nodes.items()}
        self.neurons = {n: Neuron(node, shapes[n], dt, reset) for n, node in self.nodes.items() if self.kind[n] in NEURONS}
        self.holders = [n for n in self.nodes if self.kind[n] == "Input" or n in self.neurons or self._holds(n)]
        self.edges = self._edges()
        self.late = self._closing()
        self.history = {n: [] for n in self.holders}
        self.results = {n: [] for n in self.nodes if self.kind[n] == "Output"}

    def _reached(self, node):
        """Ends of the paths of renaming nodes behind a node."""
        out = []
        for target in self.after[node]:
            renames = self.kind[target] in ("Flatten", "Identity")
            out += self._reached(target) if renames else [target]
        return out

    def _holds(self, node):
        return self.kind[node] in LINEAR and any(self.kind[t] in LINEAR or self.kind[t] == "Output" for t in self._reached(node))

    def name(self, holder):
        """As the product calls what holds a value: the node, or <node>.out."""
        return holder + ".out" if self.kind[holder] in LINEAR else holder

    def _edges(self):
        """[(source holder, target holder or Output, [nodes passed])]"""
        found = []

        def walk(source, node, passed):
            for target in self.after[node]:
                if target in self.holders or self.kind[target] == "Output":
                    # A linear holder does its own work on what arrives.
                    found.append((source, target, [*passed, target] if self.kind[target] in LINEAR else passed))
                else:
                    walk(source, target, [*passed, target])

        for holder in self.holders:
            walk(holder, holder, [])
        return found

    def _closing(self):
        after = {}
        for k, (source, target, passed) in enumerate(self.edges):
            linear = [n for n in passed if self.kind[n] in LINEAR]
            # A delay of a step or more opens a cycle.
            if self.kind[target] != "Output" and not self._delayed(k):
                after.setdefault(source, []).append((self.name(target), linear[0] if linear else "", k))
        colour, closing = {}, set()
        by_name = {self.name(h): h for h in self.holders}

        def visit(holder):
            colour[holder] = "path"
            for target, _, k in sorted(after.get(holder, [])):
                if colour.get(by_name[target]) == "path":
                    closing.add(k)
                elif by_name[target] not in colour:
                    visit(by_name[target])
            colour[holder] = "done"

        for holder in sorted(h for h in self.holders if self.kind[h] == "Input") + [by_name[n] for n in sorted(by_name)]:
            if holder not in colour:
                visit(holder)
        return closing

    def _value(self, k, now):
        """What edge k hands on in this step, without biases."""
        source, _, passed = self.edges[k]
        delay = next((n for n in passed if self.kind[n] == "Delay"), None)
        back = 1 if k in self.late else 0
        if delay is None:
            x = self.history[source][now - back] if now >= back else np.zeros(self.shapes[source])
        else:
            steps = np.maximum(np.broadcast_to(self.steps(delay), self.shapes[source]), back)
            x = np.zeros(self.shapes[source])
            for place in np.ndindex(*self.shapes[source]):
                at = now - steps[place]
                x[place] = self.history[source][at][place] if at >= 0 else 0.0
        for node in passed:
            content = self.nodes[node]
            if self.kind[node] != "Delay":
                x = apply({**content, "bias": 0 * np.asarray(content["bias"])} if "bias" in content else content, x)
        return x

    def run(self, inputs, steps):
        """`inputs`: {input: [steps, ...]}. Returns {holder: [steps, ...]} and {output: [steps, ...]}."""
        order, placed = [], set()
        instant = {h: {s for k, (s, t, _) in enumerate(self.edges) if t == h and k not in self.late and not self._delayed(k)} for h in self.holders}
        while len(order) < len(self.holders):
            ready = [h for h in self.holders if h not in placed and instant[h] <= placed]
            assert ready, "a loop within a step"
            order += ready
            placed |= set(ready)
        for now in range(steps):
            for holder in order:
                if self.kind[holder] == "Input":
                    self.history[holder].append(np.asarray(inputs[holder][now], dtype=float).reshape(self.shapes[holder]))
                    continue
                total = np.zeros(self.shapes[holder])
                linear_in = set()
                for k, (_, target, passed) in enumerate(self.edges):
                    if target == holder:
                        total = total + self._value(k, now).reshape(self.shapes[holder])
                        linear_in |= {n for n in passed if "bias" in self.nodes[n]}
                for node in sorted(linear_in):  # Once per node, however many feed it.
                    bias = np.asarray(self.nodes[node]["bias"], dtype=float)
                    whole = bias.size == total.size
                    total = total + (bias.reshape(total.shape) if whole else np.repeat(bias, total.size // bias.size).reshape(total.shape))
                self.history[holder].append(self.neurons[holder].step(total) if holder in self.neurons else total)
            for output in self.results:
                self.results[output].append(sum(self._value(k, now) for k, (_, t, _) in enumerate(self.edges) if t == output))
        return {h: np.array(v) for h, v in self.history.items()}, {o: np.array(v) for o, v in self.results.items()}

    def steps(self, delay):
        return np.round(np.asarray(self.nodes[delay]["delay"], dtype=float) / self.dt).astype(int)

    def _delayed(self, k):
        """Whether no element of the edge acts in the same step."""
        return any(self.kind[n] == "Delay" and self.steps(n).min() >= 1 for n in self.edges[k][2])

    def margin(self):
        return min((n.margin for n in self.neurons.values()), default=np.inf)
