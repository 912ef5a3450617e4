# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The neuron models of PyNN's standard set (models/if_*.mlir, models/izhikevich.mlir): their equations in numpy, which know nothing of the compiler, and
the same neurons in Brian2, which integrates the differential equations."""

import importlib.util
import unittest

import h5py
import numpy as np

from ranvier import Case

F = np.float32


def text(model, dt, parameters, spikes, weights, delay=0):
    """A network of neurons that hear one source each for either receptor: spikes[receptor] is [steps, neurons] of booleans."""
    count = spikes[0].shape[1]
    numbers = lambda values: "dense<[" + ", ".join(repr(float(value)) for value in values) + f"]> : tensor<{count}xf64>"
    lines = [f"snn.network @standard dt {dt} seed 1 {{"]
    for name, fired in zip(("exc", "inh"), spikes):
        steps, neurons = np.nonzero(fired)
        lines.append(f"  snn.input @{name} shape [{count}] source #snn.spike_list<{[int(s) + 1 for s in steps]}, {[int(n) for n in neurons]}>")
    given = ", ".join(f"{key} = {numbers(values)}" for key, values in parameters.items())
    lines.append(f"  snn.population @cells model @{model} shape [{count}] params {{{given}}}")
    for name, receptor, weight in zip(("exc", "inh"), ("excitatory", "inhibitory"), weights):
        lines.append(f'  snn.connect @from_{name} from @{name} to @cells receptor "{receptor}" delay {delay} "one_to_one" {{}} weights {numbers(weight)}')
    return "\n".join([*lines, "  snn.output @out from @cells", "}"]) + "\n"


#===--- The equations in numpy -------------------------------------------===#


class Parameters(dict):
    """Of the text in binary64; `self(value)` is what the compiler makes of an expression of them: rounded once."""

    def __getattr__(self, name):
        return self[name]

    def __call__(self, value):
        return np.asarray(value, np.float64).astype(F)

    def initial(self, value):
        return np.full(len(self["i_offset"]), value, F)

    where = staticmethod(np.where)


class Model:
    def __init__(self, p, dt):
        self.p, self.ms = p, dt * 1000.0
        self.state = {name: p.initial(initial) for name, initial in self.initial.items()}

    def decay(self, tau):
        return np.exp(-(self.ms / tau))

    def arrive(self, name, tau, x):
        """Of an exponential synapse: what is added has the area that it has in continuous time; then it decays."""
        kept = self.decay(tau)
        now = self.state[name] + self.p(tau / self.ms * (1.0 - kept)) * x
        self.state[name] = self.p(kept) * now
        return now

    def integrate(self, current, threshold):
        p, v, refrac = self.p, self.state["v"], self.state["refrac"]
        goal = current * p(p.tau_m / p.cm) + p(p.v_rest)
        moved = goal - p(self.decay(p.tau_m)) * (goal - v)
        awake = refrac <= p(0)
        fire = awake & (moved >= threshold)
        self.state["v"] = p.where(fire, p(p.v_reset), p.where(awake, moved, v))
        self.state["refrac"] = p.where(awake, p.where(fire, p(np.ceil(p.tau_refrac / self.ms)), p(0)), refrac - p(1))
        return fire


class CurrExp(Model):
    initial = {"v": -65, "refrac": 0, "isyn_exc": 0, "isyn_inh": 0}

    def current(self, x):
        return self.arrive("isyn_exc", self.p.tau_syn_E, x[0]) - self.arrive("isyn_inh", self.p.tau_syn_I, x[1]) + self.p(self.p.i_offset)

    def __call__(self, x):
        return self.integrate(self.current(x), self.p(self.p.v_thresh))


class Adaptive(CurrExp):
    initial = {**CurrExp.initial, "b": 0}

    def __call__(self, x):
        fire = self.integrate(self.current(x), self.p(self.p.v_thresh) + self.state["b"])
        left = self.p(self.decay(self.p.tau_adapt)) * self.state["b"]
        self.state["b"] = self.p.where(fire, left + self.p(self.p.jump), left)
        return fire


class CurrDelta(Model):
    initial = {"v": -65, "refrac": 0}

    def __call__(self, x):
        return self.integrate(x[0] - x[1] + self.p(self.p.i_offset), self.p(self.p.v_thresh))


class CurrAlpha(Model):
    initial = {"v": -65, "refrac": 0, "isyn_exc": 0, "isyn_inh": 0, "rise_exc": 0, "rise_inh": 0}

    def alpha(self, name, tau, x):
        """w (t/tau) exp(1 - t/tau): its mean over the step, and its state at the end."""
        i, z, kept = self.state[f"isyn_{name}"], self.state[f"rise_{name}"], self.decay(tau)
        z = z + self.p(np.e / tau) * x
        mean = self.p(tau / self.ms * (1.0 - kept)) * i + self.p(tau / self.ms * (tau * (1.0 - kept) - self.ms * kept)) * z
        self.state[f"isyn_{name}"] = self.p(kept) * (i + self.p(self.ms) * z)
        self.state[f"rise_{name}"] = self.p(kept) * z
        return mean

    def __call__(self, x):
        return self.integrate(self.alpha("exc", self.p.tau_syn_E, x[0]) - self.alpha("inh", self.p.tau_syn_I, x[1]) + self.p(self.p.i_offset), self.p(self.p.v_thresh))


class CondExp(Model):
    initial = {"v": -65, "refrac": 0, "gsyn_exc": 0, "gsyn_inh": 0}

    def current(self, x):
        p, v = self.p, self.state["v"]
        return self.arrive("gsyn_exc", p.tau_syn_E, x[0]) * (p(p.e_rev_E) - v) + self.arrive("gsyn_inh", p.tau_syn_I, x[1]) * (p(p.e_rev_I) - v) + p(p.i_offset)

    def __call__(self, x):
        return self.integrate(self.current(x), self.p(self.p.v_thresh))


class Izhikevich:
    def step(self, current):
        p, v, u, ms = self.p, self.state["v"], self.state["u"], self.p(self.ms)
        half = self.p(0.5 * self.ms)
        slopes = lambda v, u: ((p(0.04) * v + p(5)) * v + (p(140) + current) - u, p(p.a) * (p(p.b) * v - u))
        dv, du = slopes(v, u)
        dv, du = slopes(v + half * dv, u + half * du)
        v, u = v + ms * dv, u + ms * du
        fire = v >= p(30)
        self.state["v"], self.state["u"] = p.where(fire, p(p.c), v), p.where(fire, u + p(p.d), u)
        return fire


class IzkCurr(CurrExp, Izhikevich):
    initial = {"v": -70, "u": -14, "isyn_exc": 0, "isyn_inh": 0}

    def __call__(self, x):
        return self.step(self.current(x))


class IzkCond(CondExp, Izhikevich):
    initial = {"v": -70, "u": -14, "gsyn_exc": 0, "gsyn_inh": 0}

    def __call__(self, x):
        return self.step(self.current(x))


MEMBRANE = {"tau_m": (8, 30), "cm": (0.3, 2), "v_rest": (-70, -60), "v_reset": (-75, -62), "v_thresh": (-58, -50), "tau_refrac": (0, 5), "i_offset": (0, 0.4)}
SYNAPSES = {"tau_syn_E": (1, 9), "tau_syn_I": (1, 9)}
REVERSAL = {"e_rev_E": (-5, 5), "e_rev_I": (-85, -70)}
RECOVERY = {"a": (0.02, 0.1), "b": (0.2, 0.26), "c": (-65, -50), "d": (2, 8), "i_offset": (3, 9)}
#: Model: the class, the ranges of its parameters, and of weights of both receptors.
MODELS = {
    "if_curr_exp": (CurrExp, {**MEMBRANE, **SYNAPSES}, (3, 1)),
    "if_curr_exp_adaptive": (Adaptive, {**MEMBRANE, **SYNAPSES, "tau_adapt": (20, 200), "jump": (0.2, 2)}, (3, 1)),
    "if_curr_delta": (CurrDelta, MEMBRANE, (25, 8)),
    "if_curr_alpha": (CurrAlpha, {**MEMBRANE, **SYNAPSES}, (1.2, 0.4)),
    "if_cond_exp": (CondExp, {**MEMBRANE, **SYNAPSES, **REVERSAL}, (0.05, 0.05)),
    "izk_curr_exp": (IzkCurr, {**RECOVERY, **SYNAPSES}, (6, 4)),
    "izk_cond_exp": (IzkCond, {**RECOVERY, **SYNAPSES, **REVERSAL}, (0.1, 0.1)),
}


class Standard(Case):
    def run_on_reference(self, *case):
        return self.run_on("reference", 0, *case)

    def run_on(self, target, delay, model, dt, parameters, spikes, weights, record):
        """({state: [steps, neurons]}, spikes [steps, neurons])"""
        network, image, recording = (self.tmp / f"{model}.{suffix}" for suffix in ("mlir", "rvi", "h5"))
        network.write_text(text(model, dt, parameters, spikes, weights, delay))
        self.json("compile", network, "--target", target, "-o", image)
        self.json("run", image, "--steps", len(spikes[0]), "--timing", "off", "-o", recording, "--record", ",".join(["spikes", *record]))
        fired = np.zeros(spikes[0].shape, bool)
        with h5py.File(recording) as file:
            group = file["populations/cells"]
            fired[group["spike_steps"][()] - 1, group["spike_neurons"][()]] = True
            return {name: group[name][()] for name in record}, fired

    def draw(self, choose, ranges, count):
        return Parameters({name: choose.uniform(*ends, count) for name, ends in ranges.items()})


#===--- Against Brian2 ---------------------------------------------------===#

MEMBRANE_EQUATION = "dv/dt = ((held + i_offset) * tau_m / capacitance + v_rest - v) / tau_m / ms : 1 (unless refractory)"
RECOVERY_EQUATIONS = "dv/dt = (0.04 * v**2 + 5 * v + 140 - u + held + i_offset) / ms : 1\ndu/dt = a * (b * v - u) / ms : 1"
CURRENT, CONDUCTANCE = "exc - inh", "exc * (e_rev_E - v) + inh * (e_rev_I - v)"
#: Model: the equations of the membrane, its synaptic current, Brian2's method of integration, threshold and reset.
BRIAN = {
    "if_curr_exp": (MEMBRANE_EQUATION, CURRENT, "exact", "v >= v_thresh", "v = v_reset"),
    "if_cond_exp": (MEMBRANE_EQUATION, CONDUCTANCE, "exact", "v >= v_thresh", "v = v_reset"),
    "izk_curr_exp": (RECOVERY_EQUATIONS, CURRENT, "rk2", "v >= 30", "v = c; u += d"),
    "izk_cond_exp": (RECOVERY_EQUATIONS, CONDUCTANCE, "rk2", "v >= 30", "v = c; u += d"),
}
DECAYS = "dexc/dt = -exc / (tau_syn_E * ms) : 1\ndinh/dt = -inh / (tau_syn_I * ms) : 1\n"


@unittest.skipUnless(importlib.util.find_spec("brian2"), "python3-brian is not installed")
class BrianCase(Standard):
    CONSTANTS = {"tau_m": 20.0, "cm": 1.0, "v_rest": -65.0, "v_reset": -65.0, "v_thresh": -50.0, "tau_refrac": 2.0, "tau_syn_E": 5.0, "tau_syn_I": 5.0,
                 "e_rev_E": 0.0, "e_rev_I": -70.0, "a": 0.02, "b": 0.2, "c": -65.0, "d": 8.0}

    def brian(self, model, dt, offsets, spikes, weights, constant):
        """Spikes [steps, neurons]. `constant`: the synaptic current is so over a step, as in the models; else it decays while the membrane moves."""
        import brian2
        from brian2 import ms
        brian2.prefs.codegen.target = "numpy"
        brian2.start_scope()
        brian2.defaultclock.dt = dt * brian2.second
        equations, current, method, threshold, reset = BRIAN[model]
        steps, count = spikes[0].shape
        arriving = [brian2.TimedArray(given * weight, dt=dt * brian2.second) for given, weight in zip(spikes, weights)]
        # Brian2 counts a refractory time from the start of the step in which a neuron fires, the models from its end.
        refractory = (self.CONSTANTS["tau_refrac"] + 1000 * dt) * ms if "refractory" in equations else False
        namespace = {**self.CONSTANTS, "capacitance": self.CONSTANTS["cm"], "x_exc": arriving[0], "x_inh": arriving[1], "ms": ms}
        if constant:
            equations += "\nheld : 1\nexc : 1\ninh : 1"
            share = {name: 1000 * dt / self.CONSTANTS[name] for name in ("tau_syn_E", "tau_syn_I")}
            namespace |= {f"kept_{name}": np.exp(-steps) for name, steps in share.items()} | {f"mean_{name}": (1 - np.exp(-steps)) / steps for name, steps in share.items()}
        else:
            equations = equations.replace("held", f"({current})") + "\n" + DECAYS
            method = "exponential_euler" if model == "if_cond_exp" else method
        cells = brian2.NeuronGroup(count, equations + "\ni_offset : 1", method=method, threshold=threshold, reset=reset, refractory=refractory, namespace=namespace)
        cells.v = -70 if model.startswith("izk") else -65
        if model.startswith("izk"):
            cells.u = -14
        cells.i_offset = offsets
        if constant:
            cells.run_regularly(f"exc += mean_tau_syn_E * x_exc(t, i)\ninh += mean_tau_syn_I * x_inh(t, i)\nheld = {current}", when="start")
            cells.run_regularly("exc *= kept_tau_syn_E\ninh *= kept_tau_syn_I", when="end")
        else:
            cells.run_regularly("exc += x_exc(t, i)\ninh += x_inh(t, i)", when="start")
        monitor = brian2.SpikeMonitor(cells)
        brian2.Network(cells, monitor, *cells.contained_objects).run(steps * dt * brian2.second)
        fired = np.zeros((steps, count), bool)
        fired[np.round(np.asarray(monitor.t / brian2.second) / dt).astype(int), np.asarray(monitor.i)] = True
        return fired

    def drive(self, model, dt, with_spikes):
        choose, count, steps = np.random.default_rng(5), 100, int(round(1 / dt))
        offsets = choose.uniform(*((10, 25) if model.startswith("izk") else (0.8, 1.6)), count)
        spikes = [choose.random((steps, count)) < rate * dt * with_spikes for rate in (40, 20)]
        heaviest = {"if_curr_exp": (0.4, 0.2), "if_cond_exp": (0.01, 0.01), "izk_curr_exp": (3, 2), "izk_cond_exp": (0.02, 0.02)}[model]
        parameters = {name: np.full(count, value) for name, value in self.CONSTANTS.items() if name in MODELS[model][1]}
        return {**parameters, "i_offset": offsets}, spikes, [choose.uniform(0, most, count) for most in heaviest]

    def both(self, model, dt, with_spikes, constant):
        parameters, spikes, weights = self.drive(model, dt, with_spikes)
        _, ours = self.run_on_reference(model, dt, parameters, spikes, weights, [])
        theirs = self.brian(model, dt, parameters["i_offset"], spikes, weights, constant)
        self.assertGreater(int(ours.sum()), 1000)
        return ours, theirs

    @staticmethod
    def apart(ours, theirs):
        """(neurons with another number of spikes, steps that the furthest spike is off, share of spikes within a step)"""
        counts, furthest, near = 0, 0, 0
        for mine, other in ((np.flatnonzero(ours[:, n]), np.flatnonzero(theirs[:, n])) for n in range(ours.shape[1])):
            counts += len(mine) != len(other)
            both = min(len(mine), len(other))
            off = np.abs(mine[:both] - other[:both])
            furthest, near = max(furthest, int(off.max(initial=0))), near + int((off <= 1).sum())
        return counts, furthest, near / max(ours.sum(), theirs.sum())
