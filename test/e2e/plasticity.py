# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rules of plasticity worked out anew: binary32 as `reference` computes them, event by event, each in the step in which it reaches its synapse, and the integers
of a machine that brings a row up to date when a spike of its source fetches it. Knows nothing of the compiler's graphs or the emulator's rows."""

import math

import numpy as np

F = np.float32


def exp32(x):
    """e^x in binary32: the emulator's is within 2 units of the last place of this."""
    return F(math.exp(float(x)))


class Float:
    """Arithmetic of `reference`: one rounding an operation, in the order of the rule's text."""

    exact = False

    def __init__(self, dt):
        self.dt = dt

    def decay(self, steps, tau):
        seconds = F(float(steps) * self.dt)
        return exp32(-(F(seconds * F(1000)) / F(tau)))

    def area(self, steps, rate):
        return F(F(1) - exp32(-F(F(F(float(steps) * self.dt) * F(1000)) * F(rate))))

    def number(self, value):
        return F(value)

    trace = number

    def mul(self, a, b):
        return F(a * b)

    scale = slow = mul_traces = mul

    def add(self, a, b):
        return F(a + b)

    def sub(self, a, b):
        return F(a - b)

    def clip(self, w, low, high):
        return F(max(min(w, F(high)), F(low)))

    def fetch(self, w):
        return w

    store = fetch


class Fixed:
    """s16.15 with traces in 4.11: clauses P1 to P4 of docs/spec/target-semantics.md."""

    exact = True
    wide, narrow = 15, 11

    def __init__(self, dt, shift):
        self.dt, self.shift = dt, shift

    @staticmethod
    def word(value):
        return max(-(2**31), min(2**31 - 1, value))

    def table(self, steps, function):
        """A function of milliseconds by steps: 1,024 entries, for each 1, 2, 4, ... steps so that it has ended by then."""
        value = lambda time: int(math.floor(function(float(F(float(time) * self.dt)) * 1000.0) * 2**self.narrow + 0.5))
        shift = 0
        while value(1023 << shift) != value(1 << 26):
            shift += 1
        return value(min(steps >> shift, 1023) << shift)

    def decay(self, steps, tau):
        return self.table(steps, lambda ms: math.exp(-(ms / tau)))

    def area(self, steps, rate):
        return self.table(steps, lambda ms: 1.0 - math.exp(-(ms * rate)))

    def number(self, value):
        scaled = value * 2**self.wide
        return int(math.copysign(math.floor(abs(scaled) + 0.5), scaled))

    def trace(self, value):
        return int(value * 2**self.narrow)

    def mul(self, a, b):
        """A value times a trace."""
        return self.word((a * b) >> self.narrow)

    def mul_traces(self, a, b):
        return self.word((a * b) >> self.narrow)

    def scale(self, a, b):
        """A value times a value."""
        return self.word((a * b) >> self.wide)

    def slow(self, a, b):
        """A constant times a trace."""
        return self.word((a * b) >> self.narrow)

    def add(self, a, b):
        return self.word(a + b)

    def sub(self, a, b):
        return self.word(a - b)

    def clip(self, w, low, high):
        return max(min(w, self.number(high)), self.number(low))

    def saturate(self, trace):
        return max(-(2**15), min(2**15 - 1, trace))

    def fetch(self, w):
        return w << self.shift

    def store(self, w):
        return w >> self.shift


class Rule:
    """`kind`: pair, nearest, triplet; `weights`: additive, multiplicative; `p`: parameters in ms."""

    def __init__(self, arithmetic, kind, weights, p):
        self.a, self.kind, self.weights, self.p = arithmetic, kind, weights, p
        self.triplet = kind == "triplet"

    def start(self):
        zero = self.a.trace(0)
        return [zero, zero]

    def aged(self, traces, steps, ends):
        return [self.a.mul_traces(trace, self.a.decay(steps, self.p[tau])) for trace, tau in zip(traces, ends)]

    def after(self, traces, steps, ends):
        one = self.a.trace(1)
        if self.kind == "nearest":
            return [one, one]
        grown = [self.a.add(trace, one) for trace in self.aged(traces, steps, ends)]
        return [self.a.saturate(trace) for trace in grown] if self.a.exact else grown

    pre_ends = property(lambda self: ("tau_plus", "tau_x") if self.triplet else ("tau_plus",))
    post_ends = property(lambda self: ("tau_minus", "tau_y") if self.triplet else ("tau_minus",))

    def change(self, w, first, slow, fast, far):
        """w up by the fast trace of the other end; `far`: the bound to which multiplicative steps shrink."""
        a, p = self.a, self.p
        rate = a.number(p[("a2" if self.triplet else "a") + first])
        if self.triplet:
            rate = a.add(rate, a.slow(a.number(p["a3" + first]), slow))
        if self.weights == "multiplicative":
            room = a.sub(a.number(far), w) if first == "_plus" else a.sub(w, a.number(far))
            rate = a.scale(rate, room)
        step = a.mul(rate, fast)
        w = a.add(w, step) if first == "_plus" else a.sub(w, step)
        return a.clip(w, p["w_min"], p["w_max"])

    def on_post(self, w, pre, pre_age, post, post_age):
        pre, post = self.aged(pre, pre_age, self.pre_ends), self.aged(post, post_age, self.post_ends)
        return self.change(w, "_plus", post[-1], pre[0], self.p["w_max"])

    def on_pre(self, w, pre, pre_age, post, post_age):
        pre, post = self.aged(pre, pre_age, self.pre_ends), self.aged(post, post_age, self.post_ends)
        return self.change(w, "_minus", pre[-1], post[0], self.p["w_min"])


def synapse(rule, weight, pre, post, delay, backprop, steps, history=None):
    """The stored weight with which each spike of `pre` (steps, ascending) is sent, and the weight after `steps`. `history`: entries that
    a machine keeps of a neuron, the start among them; what waits longer is lost. None: each event acts in its own step."""
    back = delay if backprop else 0
    w, sent = weight, []
    traces, last = rule.start(), 0
    entries = [(0, rule.start())]  # (step, traces after it) of the target's spikes, the oldest first
    start = entries[0]
    waiting = sorted(post)
    taken = 0  # effective step up to which the synapse has seen the target's spikes

    def age(now, step):
        return max(0, now - step - back)

    def bring_up(w, until):
        for index in range(1, len(entries)):
            step = entries[index][0]
            if taken < step + back <= until:
                before = entries[index - 1]
                w = rule.on_post(w, traces, step + back - last, before[1], step - before[0])
        return w

    for now in sorted(set(pre)) + [None]:
        end = steps if now is None else now
        while waiting and waiting[0] <= end:
            step = waiting.pop(0)
            entries.append((step, rule.after(entries[-1][1], step - entries[-1][0], rule.post_ends)))
            if history and len(entries) > history:
                entries.pop(0)
        if now is None and history:
            break  # a machine's weights stay as the last spike left them
        w = rule.a.fetch(w)
        w = bring_up(w, end)
        taken = end
        if now is not None:
            seen = [entry for entry in entries if entry[0] + back <= now] or [entries[0]]
            w = rule.on_pre(w, traces, now - last, seen[-1][1], age(now, seen[-1][0]))
        w = rule.a.store(w)
        if now is not None:
            sent.append(w)
            traces, last = rule.after(traces, now - last, rule.pre_ends), now
    return sent, w


def rewarded(a, p, weight, pre, post, rewards, delay, steps, history=None):
    """As `synapse`, of the rule that waits for a reward. `rewards`: (step, amount as the target's programs see it)."""
    rate = 1.0 / p["tau_c"] + 1.0 / p["tau_d"]
    zero, one = a.trace(0), a.trace(1)
    w, c, sent = weight, a.number(0), []
    r1, last_pre = zero, 0
    # Of the target: (step, kind, o1, its step, d, its step, amount), the oldest first.
    entries = [(0, None, zero, 0, zero, 0, None)]
    waiting = sorted([(step, 0, amount) for step, amount in rewards] + [(step, 1, None) for step in post])
    taken = 0

    def event(kind, w, c, now, before):
        o1, last_post, d, last_third = before[2:6]
        ages = (now - last_pre, max(0, now - last_post - delay), max(0, now - last_third - delay))
        since = min(ages)
        then = a.mul_traces(d, a.decay(ages[2] - since, p["tau_d"]))
        met = a.slow(a.number(1.0 / rate), a.mul_traces(then, a.area(since, rate)))
        w = a.clip(a.add(w, a.scale(c, met)), p["w_min"], p["w_max"])
        c = a.mul(c, a.decay(since, p["tau_c"]))
        if kind == 1:
            c = a.add(c, a.slow(a.number(p["a_plus"]), a.mul_traces(r1, a.decay(ages[0], p["tau_plus"]))))
        if kind == 2:
            c = a.sub(c, a.slow(a.number(p["a_minus"]), a.mul_traces(o1, a.decay(ages[1], p["tau_minus"]))))
        return w, c

    def grown(trace, age, tau, more):
        kept = a.mul_traces(trace, a.decay(age, tau))
        if not a.exact:
            return a.add(kept, more)
        if more == one:
            return a.saturate(kept + one)
        return a.saturate(a.word((kept << (a.wide - a.narrow)) + more) >> (a.wide - a.narrow))

    for now in sorted(set(pre)) + [None]:
        end = steps if now is None else now
        while waiting and waiting[0][0] <= end:
            step, kind, amount = waiting.pop(0)
            _, _, o1, last_post, d, last_third, _ = entries[-1]
            if kind == 1:
                o1, last_post = grown(o1, step - last_post, p["tau_minus"], one), step
            else:
                d, last_third = grown(d, step - last_third, p["tau_d"], amount), step
            entries.append((step, kind, o1, last_post, d, last_third, amount))
            if history and len(entries) > history:
                entries.pop(0)
        if now is None and history:
            break
        w = a.fetch(w)
        for index in range(1, len(entries)):
            at = entries[index][0] + delay
            if taken < at <= end:
                w, c = event(entries[index][1], w, c, at, entries[index - 1])
        taken = end
        if now is not None:
            seen = [entry for entry in entries if entry[0] + delay <= now] or [entries[0]]
            w, c = event(2, w, c, now, seen[-1])
        w = a.store(w)
        if now is not None:
            sent.append(w)
            r1, last_pre = grown(r1, now - last_pre, p["tau_plus"], one), now
    return sent, w
