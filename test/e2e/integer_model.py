# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A second emulator of integer images, written from docs/spec alone (microcode.md, time.md, image-format.md): slow, plain, numpy int64.

It reads what `ranvier inspect --full --json` prints, and while it runs it watches for what docs/spec/target-semantics.md promises never
happens: an addition, negation, left shift or product that leaves 32 bits (`overflows`), and a current of the native unit that wraps
(`wraps`)."""

import collections
import json

import numpy as np
import yaml

LOW, HIGH = -(1 << 31), (1 << 31) - 1
M32 = 0xFFFFFFFF


def wrap32(x):
    return ((x + (1 << 31)) & M32) - (1 << 31)


def rounded(x, shift, mode):
    """x / 2^shift, microcode.md 2.4."""
    if shift == 0:
        return x
    floor = x >> shift
    if mode == "floor":
        return floor
    if mode == "tz":
        return np.where(x < 0, -((-x) >> shift), floor)
    if mode == "up":
        return (x + (1 << (shift - 1))) >> shift
    rest, half = x - (floor << shift), 1 << (shift - 1)
    return floor + ((rest > half) | ((rest == half) & (floor & 1 == 1)))


def random_word(seed, entities, step, draw):
    """Threefry-2x32-20 with key (low seed, high seed + draw * 0x9E3779B9) and counter (entity, step); the first output word."""
    keys = [seed & M32, ((seed >> 32) + draw * 0x9E3779B9) & M32]
    keys.append(0x1BD11BDA ^ keys[0] ^ keys[1])
    x, y = (np.asarray(entities, np.uint64) + keys[0]) & M32, np.full(len(entities), (step + keys[1]) & M32, np.uint64)
    for turn in range(20):
        x = (x + y) & M32
        left = (13, 15, 26, 6, 17, 29, 16, 24)[turn % 8]
        y = ((y << np.uint64(left)) | (y >> np.uint64(32 - left))) & M32
        y ^= x
        if turn % 4 == 3:
            j = turn // 4 + 1
            x, y = (x + keys[j % 3]) & M32, (y + (keys[(j + 1) % 3] + j)) & M32
    return x.astype(np.int64)


class Population:
    def __init__(self, described, programs):
        self.name, self.count, self.depth = described["name"], described["count"], described["depth"]
        self.program = None if described["input"] else programs[described["program"]]
        self.seed, self.scale = described["seed"], described.get("state_scale", {})
        if self.program:
            self.params = {name: np.zeros(self.count, np.int64) for name in self.program["params"]}
            self.states = {name: np.zeros(self.count, np.int64) for name in self.program["states"]}
            self.native = self.program["params"] == ["du", "dv", "vth", "bias"] and self.program["states"] == ["u", "v"]


class IntegerModel:
    def __init__(self, text):
        image = json.loads(text)
        assert image["profile"] == "int"
        programs = {program["name"]: program for program in image["programs"]}
        self.unit = {key: value["value"] if isinstance(value, dict) else value
                     for key, value in yaml.safe_load(image["chip_description"]).get("native", {}).items()}
        self.populations = {p["name"]: Population(p, programs) for p in image["populations"]}
        self.projections = {p["name"]: p for p in image["projections"]}
        synapses = collections.defaultdict(list)  # projection -> (source, target, delay, weight)
        for core in image["cores"]:
            slices = core["slices"]
            for part in slices:
                population = self.populations[part["population"]]
                where = slice(part["first"], part["first"] + part["count"])
                for kind, words in (("params", population.params), ("states", population.states)):
                    for name, values in part[kind].items():
                        words[name][where] = values  # one word stands for all
            for axon in core["in_axon_table"]:
                for row in axon["rows"]:
                    projection = self.projections[row["projection"]]
                    assert projection["source"] == axon["population"]
                    target = self.populations[projection["target"]]
                    receptor = target.program["inputs"].index(projection["receptor"])
                    for accumulator, delay, weight in row["synapses"]:
                        part = next(s for s in slices if s["accumulator_base"] <= accumulator
                                    < s["accumulator_base"] + s["count"] * len(self.populations[s["population"]].program["inputs"]))
                        number = accumulator - part["accumulator_base"]
                        assert part["population"] == target.name and number // part["count"] == receptor
                        synapses[row["projection"]].append((axon["neuron"], part["first"] + number % part["count"], delay, weight))
        self.synapses = {name: np.array(rows, np.int64).reshape(-1, 4) for name, rows in synapses.items()}
        self.overflows, self.wraps = [], []

    def update(self, population, arrived, step):
        """Runs the program of every neuron; returns (spikes, payloads)."""
        program, registers, count = population.program, {}, population.count
        spikes, payloads = np.zeros(count, bool), np.ones(count, np.int64)

        def checked(exact, line):
            if (exact < LOW).any() or (exact > HIGH).any():
                self.overflows.append((step, population.name, line))
            return wrap32(exact)

        for line in program["code"]:
            mnemonic, _, rest = line.partition(" ")
            words = [word.strip() for word in rest.split(",")]
            r = lambda k: registers[words[k]]
            if mnemonic == "ld.state":
                registers[words[0]] = population.states[words[1]]
            elif mnemonic == "ld.param":
                registers[words[0]] = population.params[words[1]]
            elif mnemonic == "ld.input":
                registers[words[0]] = arrived[program["inputs"].index(words[1])]
            elif mnemonic == "st.state":
                population.states[words[1]] = r(0)
            elif mnemonic == "li":
                registers[words[0]] = np.full(count, wrap32(int(words[1], 0)), np.int64)
            elif mnemonic == "mov":
                registers[words[0]] = r(1)
            elif mnemonic == "sel":
                registers[words[0]] = np.where(r(3) != 0, r(1), r(2))
            elif mnemonic == "spk":
                spikes = r(0) != 0
            elif mnemonic == "spkp":
                spikes, payloads = r(0) != 0, r(1)
            elif mnemonic in ("and", "or", "xor"):
                registers[words[0]] = {"and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor}[mnemonic](r(1), r(2))
            elif mnemonic == "not":
                registers[words[0]] = ~r(1)
            elif mnemonic == "lnot":
                registers[words[0]] = (r(1) == 0).astype(np.int64)
            elif mnemonic in ("add", "sub"):
                registers[words[0]] = checked(r(1) + r(2) if mnemonic == "add" else r(1) - r(2), line)
            elif mnemonic in ("adds", "subs"):
                registers[words[0]] = np.clip(r(1) + r(2) if mnemonic == "adds" else r(1) - r(2), LOW, HIGH)
            elif mnemonic == "neg":
                registers[words[0]] = checked(-r(1), line)
            elif mnemonic == "abs":
                registers[words[0]] = checked(np.abs(r(1)), line)
            elif mnemonic in ("min", "max"):
                registers[words[0]] = (np.minimum if mnemonic == "min" else np.maximum)(r(1), r(2))
            elif mnemonic in ("lt", "le", "eq"):
                registers[words[0]] = {"lt": np.less, "le": np.less_equal, "eq": np.equal}[mnemonic](r(1), r(2)).astype(np.int64)
            elif mnemonic in ("sat", "satt"):
                top = 1 << (int(words[2]) - 1)
                registers[words[0]] = np.clip(r(1), -top + (mnemonic == "sat"), top - 1)
            elif mnemonic == "mulsh":
                registers[words[0]] = checked(rounded(r(1) * r(2), int(words[3]), words[4]), line)
            elif mnemonic == "mulshs":
                registers[words[0]] = np.clip(rounded(r(1) * r(2), int(words[3]), words[4]), LOW, HIGH)
            elif mnemonic == "shl":
                registers[words[0]] = checked(r(1) << int(words[2]), line)
            elif mnemonic == "shls":
                registers[words[0]] = np.clip(r(1) << int(words[2]), LOW, HIGH)
            elif mnemonic == "shr":
                registers[words[0]] = rounded(r(1), int(words[2]), words[3])
            elif mnemonic == "rng":
                registers[words[0]] = wrap32(random_word(population.seed, np.arange(count), step + 1, int(words[1])))
            else:
                raise AssertionError("instruction without a meaning here: " + line)
        return spikes, payloads

    def native_update(self, population, arrived, step):
        """The equations of docs/spec/target-semantics.md U1 with the chip's numbers, written down a second time and without microcode."""
        u, v, unit = population.states["u"], population.states["v"], self.unit
        du, dv, vth, bias = (population.params[name] for name in ("du", "dv", "vth", "bias"))
        bits, half = unit["decay_bits"], 1 << (unit["state_bits"] - 1)
        u = rounded(u * ((1 << bits) - du - unit["current_decay_offset"]), bits, "tz") + (arrived[0] << unit["input_shift"])
        if ((u > half) | (u <= -half)).any():
            self.wraps.append((step, population.name))
        if unit["current_wraps"]:
            u = np.where(u > half, u - 2 * half, np.where(u <= -half, u + 2 * half, u))
        else:
            u = np.clip(u, -half + 1, half - 1)
        v = np.clip(rounded(v * ((1 << bits) - dv), bits, "tz") + u + bias, -half + 1, half - 1)
        spikes = v > vth << unit["threshold_shift"]
        population.states["u"], population.states["v"] = u, np.where(spikes, 0, v)
        return spikes, np.ones(population.count, np.int64)

    def run(self, inputs, steps, equations=True):
        """inputs: {population: [steps, count] 0/1}. Returns {population: [steps, count] spikes}, {population: {state: [steps, count] words}}.
        `equations`: native neurons by their equations, else by their microcode."""
        waiting = collections.defaultdict(lambda: np.zeros((0,), np.int64))  # (population, receptor, step) -> sums
        spikes = {name: np.zeros((steps, p.count), bool) for name, p in self.populations.items()}
        states = {name: {s: np.zeros((steps, p.count), np.int64) for s in p.program["states"]}
                  for name, p in self.populations.items() if p.program}
        for step in range(steps):
            emitted = {}
            for name, population in self.populations.items():
                if population.program is None:
                    fired = np.asarray(inputs.get(name, np.zeros((steps, population.count))))[step] != 0
                    emitted[name] = (fired, np.ones(population.count, np.int64))
                    continue
                arrived = []
                for receptor in range(len(population.program["inputs"])):
                    sums = waiting.pop((name, receptor, step), None)
                    arrived.append(np.zeros(population.count, np.int64) if sums is None else wrap32(sums))
                run = self.native_update if population.native and equations else self.update
                emitted[name] = run(population, arrived, step)
                for state, words in population.states.items():
                    states[name][state][step] = words
            for name, (fired, payloads) in emitted.items():
                spikes[name][step] = fired
            for name, projection in self.projections.items():
                fired, payloads = emitted[projection["source"]]
                rows = self.synapses.get(name)
                if rows is None or not fired.any():
                    continue
                rows = rows[fired[rows[:, 0]]]
                target = self.populations[projection["target"]]
                receptor = target.program["inputs"].index(projection["receptor"])
                for delay in np.unique(rows[:, 2]):
                    assert delay >= 1
                    some = rows[rows[:, 2] == delay]
                    sums = np.zeros(target.count, np.int64)
                    np.add.at(sums, some[:, 1], some[:, 3] * payloads[some[:, 0]])
                    if (np.abs(sums) > HIGH).any():
                        self.overflows.append((step, name, "sum before the shift"))
                    sums = wrap32(sums)
                    exponent = projection["weight_exponent"]
                    sums = sums << exponent if exponent >= 0 else sums >> -exponent
                    key = (target.name, receptor, step + int(delay))
                    waiting[key] = waiting[key] + sums if key in waiting else sums
        return spikes, states
