# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The hippocampal memory worked out in binary64, neuron by neuron and event by event: nothing here knows of slices, rows, words or programs."""

import math

CUES = {"InCue", "CueCue", "CueCont", "MergeCue", "OutCue"}


class Neurons:
    """IF_curr_exp at 1 ms by its closed form; refractory for a step."""

    def __init__(self, count, fast=False, threshold=-57.0):
        tau, capacity = (0.5, 0.14) if fast else (3.0, 0.27)
        self.resistance, self.kept, self.threshold = tau / capacity, math.exp(-1 / tau), threshold
        self.left, self.gain = math.exp(-1 / 0.3), 0.3 * (1 - math.exp(-1 / 0.3))
        self.v, self.wait = [-60.0] * count, [0] * count
        self.exc, self.inh = [0.0] * count, [0.0] * count

    def step(self, exc, inh):
        fired = []
        for n in range(len(self.v)):
            self.exc[n] += exc[n] * self.gain
            self.inh[n] += inh[n] * self.gain
            goal = -60.0 + self.resistance * (self.exc[n] - self.inh[n])
            self.exc[n] *= self.left
            self.inh[n] *= self.left
            if self.wait[n]:
                self.wait[n] -= 1
                continue
            self.v[n] = goal - self.kept * (goal - self.v[n])
            if self.v[n] >= self.threshold:
                self.v[n], self.wait[n] = -60.0, 1
                fired.append(n)
        return fired


class Learning:
    """A plastic synapse of delay 1: pairs with tau 3, amplitudes 6, clipped into 0..6 after every event. A spike of the target reaches it a step later, before one of
    the source in that step."""

    def __init__(self):
        self.w = self.pre = self.post = 0.0
        self.last_pre = self.last_post = 0

    def on_post(self, time):
        self.w = min(6.0, self.w + 6 * self.pre * math.exp(-(time - self.last_pre) / 3))
        self.post = self.post * math.exp(-(time - self.last_post) / 3) + 1
        self.last_post = time

    def on_pre(self, time):
        self.w = max(0.0, self.w - 6 * self.post * math.exp(-(time - self.last_post) / 3))
        self.pre = self.pre * math.exp(-(time - self.last_pre) / 3) + 1
        self.last_pre = time
        return self.w


def simulate(cue_trains, content_trains, steps):
    """Rows (time, population, neuron), times in ms from 0."""
    cues, content = len(cue_trains), len(content_trains)
    size = lambda name: 1 if name == "Int" else cues if name in CUES else content
    neurons = {name: Neurons(size(name), fast=name in ("CueCont", "ContCond", "Int"), threshold=-57.5 if name.startswith("Out") else -57.0)
               for name in ("CueCue", "ContCue", "ContCond", "Int", "CueCont", "ContCont", "MergeCue", "MergeCont", "OutCue", "OutCont")}
    one, all_, others = (lambda s, t: s == t), (lambda s, t: True), (lambda s, t: s != t)
    fixed = [("InCue", "CueCue", one, 6, 1, 0), ("InCont", "ContCue", one, 6, 1, 0), ("CueCue", "CueCont", one, 6, 2, 0),
             ("CueCue", "CueCont", others, 6 * content, 3, 1), ("CueCue", "ContCond", all_, 6, 2, 1), ("ContCue", "ContCond", one, 9, 1, 0),
             ("ContCue", "Int", all_, 6, 1, 0), ("Int", "ContCond", all_, 2, 1, 0), ("ContCond", "ContCont", one, 6, 1, 0),
             ("CueCont", "CueCont", others, 6 * content, 2, 1), ("CueCue", "MergeCue", one, 6, 3, 0), ("ContCue", "MergeCont", one, 6, 3, 0),
             ("CueCont", "MergeCue", one, 6, 1, 0), ("ContCont", "MergeCont", one, 6, 1, 0), ("MergeCue", "OutCue", one, 6, 1, 0),
             ("MergeCont", "OutCont", one, 6, 1, 0)]
    plastic = [(s, t, {(i, j): Learning() for i in range(size(s)) for j in range(size(t))}) for s, t in (("CueCue", "ContCue"), ("ContCont", "CueCont"))]
    due = {}

    def send(name, neuron, receptor, weight, at):
        due[at, name, neuron, receptor] = due.get((at, name, neuron, receptor), 0.0) + weight

    rows, before = [], {}
    for now in range(steps):
        fired = {"InCue": [n for n in range(cues) if now in cue_trains[n]], "InCont": [n for n in range(content) if now in content_trains[n]]}
        for name, group in neurons.items():
            arrived = [[due.get((now, name, n, receptor), 0.0) for n in range(size(name))] for receptor in (0, 1)]
            fired[name] = group.step(*arrived)
        for source, target, pairs, weight, delay, receptor in fixed:
            for s in fired[source]:
                for t in range(size(target)):
                    if pairs(s, t):
                        send(target, t, receptor, weight, now + delay)
        for source, target, synapses in plastic:
            for (s, t), synapse in synapses.items():
                if t in before.get(target, ()):  # of the step before: it has come back by now
                    synapse.on_post(now)
                if s in fired[source]:
                    send(target, t, 0, synapse.on_pre(now), now + 1)
        rows += [(now, name, n) for name, group in fired.items() for n in group]
        before = fired
    return rows
