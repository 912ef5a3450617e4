# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Structural plasticity worked out anew from docs/spec/structural-plasticity.md: steps, attempts, places and draws, with a Threefry of its own. Knows nothing of the
compiler's tables or the emulator's rows. Synapses that learn do so by a rule of plasticity.py."""

import math

import numpy as np

M32 = 0xFFFFFFFF


def words(seed, entities, step, draw):
    """Threefry-2x32, 20 rounds: the first word of each block (seed, entity, step, draw)."""
    u = np.uint64
    rotations = ((13, 15, 26, 6), (17, 29, 16, 24))
    key = [seed & M32, ((seed >> 32) + draw * 0x9E3779B9) & M32]
    key.append(0x1BD11BDA ^ key[0] ^ key[1])
    a = (np.asarray(entities, u) + u(key[0])) & u(M32)
    b = np.full(len(a), (step + key[1]) & M32, u)
    for block in range(5):
        for rotation in rotations[block % 2]:
            a = (a + b) & u(M32)
            b = ((b << u(rotation)) | (b >> u(32 - rotation))) & u(M32)
            b ^= a
        a = (a + u(key[(block + 1) % 3])) & u(M32)
        b = (b + u(key[(block + 2) % 3] + block + 1)) & u(M32)
    return a


def stream(name, seed, network_seed=0):
    hashed = 2166136261
    for letter in name.encode():
        hashed = ((hashed ^ letter) * 16777619) & M32
    return (network_seed + seed + (hashed << 32)) & (2**64 - 1)


class Synapse:
    def __init__(self, weight, delay, taken):
        self.weight, self.delay, self.taken = weight, delay, taken


class Static:
    """Weights stay."""

    def heard(self, source, target, synapse, now):
        return synapse.weight

    def weight(self, source, target, synapse, until):
        return synapse.weight

    def sent(self, source, now):
        pass

    def fired(self, target, step):
        pass

    last = weight


class Learning:
    """Weights learn by a plasticity.Rule. `history`: entries that a machine keeps of a target; None: all."""

    def __init__(self, rule, sources, targets, history):
        self.rule, self.history = rule, history
        self.pre = [(rule.start(), 0) for _ in range(sources)]
        self.entries = [[(0, rule.start())] for _ in range(targets)]

    def bring_up(self, source, target, synapse, until):
        (traces, last), entries, w = self.pre[source], self.entries[target], self.rule.a.fetch(synapse.weight)
        for index in range(1, len(entries)):
            at = entries[index][0] + synapse.delay
            if synapse.taken < at <= until:
                before = entries[index - 1]
                w = self.rule.on_post(w, traces, at - last, before[1], entries[index][0] - before[0])
        synapse.taken = max(synapse.taken, until)
        return w

    def heard(self, source, target, synapse, now):
        w = self.bring_up(source, target, synapse, now)
        entries = self.entries[target]
        seen = [entry for entry in entries if entry[0] + synapse.delay <= now] or [entries[0]]
        traces, last = self.pre[source]
        w = self.rule.on_pre(w, traces, now - last, seen[-1][1], max(0, now - seen[-1][0] - synapse.delay))
        synapse.weight = self.rule.a.store(w)
        return synapse.weight

    def weight(self, source, target, synapse, until):
        """As an attempt sees it: on a machine as its row's last spike left it."""
        if not self.history:
            synapse.weight = self.rule.a.store(self.bring_up(source, target, synapse, until))
        return synapse.weight

    last = weight

    def sent(self, source, now):
        traces, last = self.pre[source]
        self.pre[source] = (self.rule.after(traces, now - last, self.rule.pre_ends), now)

    def fired(self, target, step):
        entries = self.entries[target]
        entries.append((step, self.rule.after(entries[-1][1], step - entries[-1][0], self.rule.post_ends)))
        if self.history and len(entries) > self.history:
            entries.pop(0)


class Places:
    """`p`: partner, grid, attempts, every, most, weight (stored), delay, seed (of the stream), form(d2), eliminate(stored weight): probabilities."""

    def __init__(self, p, sources, targets, start, weights):
        self.p, self.sources, self.targets, self.weights = p, sources, targets, weights
        self.places = [[None] * p["most"] for _ in range(targets)]  # of a target: sources
        self.synapses = {}
        for source, target, weight, delay in sorted(start):
            self.places[target][self.places[target].index(None)] = source
            self.synapses[source, target] = Synapse(weight, delay, 0)
        self.formed = self.eliminated = 0
        self.events = 0  # Spikes that a synapse took.

    def squared_distance(self, source, target):
        x, y = self.p["grid"]
        apart = [abs(source // y - target // y), abs(source % y - target % y)]
        return min(apart[0], x - apart[0]) ** 2 + min(apart[1], y - apart[1]) ** 2

    @staticmethod
    def certain(probability):
        return math.floor(probability * 2**32 + 0.5)

    def attempts(self, step, heard):
        p = self.p
        if step % p["every"]:
            return
        target, place, partner, outcome = (words(p["seed"], np.arange(p["attempts"]), step, draw).tolist() for draw in range(4))
        for attempt in range(p["attempts"]):
            post = target[attempt] * self.targets >> 32
            where = place[attempt] * p["most"] >> 32
            pre = self.places[post][where]
            if pre is not None:
                weight = self.weights.weight(pre, post, self.synapses[pre, post], step - 1)
                if outcome[attempt] < self.certain(p["eliminate"](weight)):
                    self.places[post][where] = None
                    del self.synapses[pre, post]
                    self.eliminated += 1
                continue
            if p["partner"] == "last" and not heard:
                continue
            pre = heard[partner[attempt] * len(heard) >> 32] if p["partner"] == "last" else partner[attempt] * self.sources >> 32
            if (pre, post) not in self.synapses and outcome[attempt] < self.certain(p["form"](self.squared_distance(pre, post))):
                self.places[post][where] = pre
                self.synapses[pre, post] = Synapse(p["weight"], p["delay"], step - 1)
                self.formed += 1

    def run(self, pre, post, steps):
        """Trains of spikes, by neuron. Returns what arrives, [steps, targets] in stored units, and the synapses at the end: {(source, target): (delay, weight)}."""
        longest = max([self.p["delay"]] + [synapse.delay for synapse in self.synapses.values()])
        arrived = np.zeros((steps + longest + 1, self.targets))
        sends = [[] for _ in range(steps + 1)]
        for neuron, train in enumerate(pre):
            for step in train:
                sends[step].append(neuron)
        fires = [[] for _ in range(steps + 1)]
        for neuron, train in enumerate(post):
            for step in train:
                fires[step].append(neuron)

        def deliver(now):
            rows = {}
            for (source, target), synapse in self.synapses.items():
                rows.setdefault(source, []).append((target, synapse))
            for source in sends[now]:
                self.events += len(rows.get(source, []))
                for target, synapse in rows.get(source, []):
                    arrived[now + synapse.delay, target] += float(self.weights.heard(source, target, synapse, now))
                self.weights.sent(source, now)

        for step in range(1, steps + 1):
            deliver(step - 1)
            self.attempts(step, sends[step - 1])
            for target in fires[step]:
                self.weights.fired(target, step)
        deliver(steps)
        return arrived[1 : steps + 1], {pair: (synapse.delay, self.weights.last(*pair, synapse, steps)) for pair, synapse in self.synapses.items()}
