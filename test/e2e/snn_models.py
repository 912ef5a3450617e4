# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Neuron models twice: as text for the tools, and as numpy functions written by hand from the same equations.

`parameters`: defaults (None: a population must give the value). `fold`: what consists of parameters and dt alone, in binary64.
`step`: one step in binary32; returns (new states, fires, payload or None).
"""

import numpy as np

from snn_model import F32, exp32, log32


class Model:
    def __init__(self, name, source, parameters, states, receptors, fold, step, graded=False):
        self.name, self.source, self.parameters, self.states, self.receptors = name, source, parameters, states, receptors
        self.fold, self.step, self.graded = fold, step, graded


def _fold_lif(p, dt):
    a = dt / p["tau"]
    return {"decay": 1 - a, "gain": a * p["r"], "pull": a * p["v_leak"], "threshold": p["v_threshold"], "reset": p.get("v_reset", 0.0)}


def _step_lif(f, s, x, random):
    v = f["decay"] * s["v"] + f["gain"] * x["x"] + f["pull"]
    fire = v > f["threshold"]
    return {"v": np.where(fire, f["reset"], v)}, fire, None


LIF = Model("lif", "", {"tau": None, "r": 1.0, "v_leak": 0.0, "v_threshold": None, "v_reset": 0.0}, {"v": 0.0}, ["x"], _fold_lif, _step_lif)


def _fold_cuba(p, dt):
    s, m = dt / p["tau_syn"], dt / p["tau_mem"]
    return {"i_decay": 1 - s, "i_gain": s * p["w_in"], "v_decay": 1 - m, "v_gain": m * p["r"], "v_pull": m * p["v_leak"],
            "threshold": p["v_threshold"]}


def _step_cuba(f, s, x, random):
    i = f["i_decay"] * s["i"] + f["i_gain"] * x["x"]
    v = f["v_decay"] * s["v"] + f["v_gain"] * i + f["v_pull"]
    fire = v > f["threshold"]
    return {"i": i, "v": np.where(fire, v - f["threshold"], v)}, fire, None


CUBA = Model("cuba_lif_subtract", "", {"tau_syn": None, "tau_mem": None, "r": 1.0, "v_leak": 0.0, "w_in": 1.0, "v_threshold": None},
             {"i": 0.0, "v": 0.0}, ["x"], _fold_cuba, _step_cuba)

# Two receptors that mean different things, and a threshold that jumps with each spike.
_dual_text = """
snn.model @dual {
  %keep = snn.parameter "keep" default 0.75 : f32
  %jump = snn.parameter "jump" default 0.5 : f32
  %inh = snn.receive "inh" : f32
  %exc = snn.receive "exc" : f32
  %v = snn.state "v" : f32
  %b = snn.state "b" init 0.25 : f32
  %one = arith.constant 1.0 : f32
  %room = arith.subf %one, %v : f32
  %up = arith.mulf %exc, %room : f32
  %kept = arith.mulf %v, %keep : f32
  %raised = arith.addf %kept, %up : f32
  %v1 = arith.subf %raised, %inh : f32
  %bar = arith.addf %one, %b : f32
  %fire = arith.cmpf oge, %v1, %bar : f32
  %zero = arith.constant 0.0 : f32
  %v2 = arith.select %fire, %zero, %v1 : f32
  %bk = arith.mulf %b, %keep : f32
  %bj = arith.addf %bk, %jump : f32
  %b2 = arith.select %fire, %bj, %bk : f32
  snn.update "b" = %b2 : f32
  snn.update "v" = %v2 : f32
  snn.spike %fire
}"""


def _step_dual(f, s, x, random):
    v = s["v"] * f["keep"] + x["exc"] * (F32(1) - s["v"]) - x["inh"]
    fire = v >= F32(1) + s["b"]
    kept = s["b"] * f["keep"]
    return {"v": np.where(fire, F32(0), v), "b": np.where(fire, kept + f["jump"], kept)}, fire, None


DUAL = Model("dual", _dual_text, {"keep": 0.75, "jump": 0.5}, {"v": 0.0, "b": 0.25}, ["inh", "exc"], lambda p, dt: p, _step_dual)

# Events that carry a value: how far the threshold was passed.
_graded_text = """
snn.model @graded {
  %x = snn.receive "x" : f32
  %theta = snn.parameter "theta" : f32
  %keep = snn.parameter "keep" default 0.5 : f32
  %v = snn.state "v" : f32
  %kept = arith.mulf %v, %keep : f32
  %v1 = arith.addf %kept, %x : f32
  %over = arith.subf %v1, %theta : f32
  %fire = arith.cmpf ogt, %v1, %theta : f32
  %v2 = arith.select %fire, %over, %v1 : f32
  snn.update "v" = %v2 : f32
  snn.spike %fire payload %over : f32
}"""


def _step_graded(f, s, x, random):
    v = s["v"] * f["keep"] + x["x"]
    over, fire = v - f["theta"], v > f["theta"]
    return {"v": np.where(fire, over, v)}, fire, over


GRADED = Model("graded", _graded_text, {"theta": None, "keep": 0.5}, {"v": 0.0}, ["x"], lambda p, dt: p, _step_graded, graded=True)

# Noise of two draws.
_noisy_text = """
snn.model @noisy {
  %sigma = snn.parameter "sigma" default 0.5 : f32
  %x = snn.receive "x" : f32
  %v = snn.state "v" : f32
  %u = snn.random 0 : f32
  %w = snn.random 201 : f32
  %d = arith.subf %u, %w : f32
  %n = arith.mulf %sigma, %d : f32
  %a = arith.addf %v, %x : f32
  %v1 = arith.addf %a, %n : f32
  %half = arith.constant 0.5 : f32
  %fire = arith.cmpf ogt, %v1, %half : f32
  %v2 = arith.mulf %v1, %half : f32
  snn.update "v" = %v2 : f32
  snn.spike %fire
}"""


def _step_noisy(f, s, x, random):
    v = s["v"] + x["x"] + f["sigma"] * (random(0) - random(201))
    return {"v": v * F32(0.5)}, v > F32(0.5), None


NOISY = Model("noisy", _noisy_text, {"sigma": 0.5}, {"v": 0.0}, ["x"], lambda p, dt: p, _step_noisy)

# Every operation that a model may use, each comparison included; a neuron without a meaning.
_zoo_text = """
snn.model @zoo {
  %p = snn.parameter "p" default 0.75 : f64
  %q = snn.parameter "q" : f32
  %v = snn.state "v" init 0.25 : f32
  %c = snn.state "c" : f32
  %x = snn.receive "x" : f32
  %dt = snn.timestep : f32
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %tenth = arith.constant 0.1 : f32
  %qw = arith.extf %q : f32 to f64
  %pq = arith.mulf %p, %qw : f64
  %k = arith.truncf %pq : f64 to f32
  %rate = arith.divf %one, %dt : f32
  %t = arith.addf %v, %x : f32
  %a = math.absf %t : f32
  %n = arith.negf %a : f32
  %e = math.exp %n : f32
  %a1 = arith.addf %a, %one : f32
  %l = math.log %a1 : f32
  %s = math.sqrt %a : f32
  %fl = math.floor %t : f32
  %ce = math.ceil %t : f32
  %mx = arith.maximumf %e, %k : f32
  %mn = arith.minimumf %s, %l : f32
  %xn = arith.maxnumf %mx, %mn : f32
  %nn = arith.minnumf %s, %e : f32
  %w = arith.subf %ce, %fl : f32
  %y = arith.mulf %w, %tenth : f32
  %g = arith.divf %xn, %a1 : f32
  %r = arith.divf %rate, %rate : f32
  %oeq = arith.cmpf oeq, %w, %one : f32
  %ogt = arith.cmpf ogt, %t, %k : f32
  %oge = arith.cmpf oge, %e, %s : f32
  %olt = arith.cmpf olt, %l, %k : f32
  %ole = arith.cmpf ole, %t, %zero : f32
  %on = arith.cmpf one, %xn, %mx : f32
  %ord = arith.cmpf ord, %t, %v : f32
  %ueq = arith.cmpf ueq, %nn, %e : f32
  %ugt = arith.cmpf ugt, %s, %l : f32
  %uge = arith.cmpf uge, %x, %zero : f32
  %ult = arith.cmpf ult, %x, %c : f32
  %ule = arith.cmpf ule, %v, %c : f32
  %une = arith.cmpf une, %x, %zero : f32
  %uno = arith.cmpf uno, %t, %v : f32
  %b1 = arith.andi %oeq, %ogt : i1
  %b2 = arith.ori %oge, %olt : i1
  %b3 = arith.xori %ole, %on : i1
  %b4 = arith.select %ueq, %b1, %b3 : i1
  %b5 = arith.andi %ord, %ugt : i1
  %b6 = arith.xori %ult, %ule : i1
  %b7 = arith.ori %uge, %uno : i1
  %b8 = arith.andi %b7, %une : i1
  %b9 = arith.select %b2, %b4, %b8 : i1
  %fire = arith.xori %b9, %b6 : i1
  %up = arith.select %b5, %y, %g : f32
  %h = arith.mulf %v, %k : f32
  %h1 = arith.addf %h, %up : f32
  %v1 = arith.subf %h1, %nn : f32
  %c1 = arith.addf %l, %r : f32
  %c2 = arith.select %b6, %c1, %c : f32
  snn.update "v" = %v1 : f32
  snn.update "c" = %c2 : f32
  snn.spike %fire
}"""


def _step_zoo(f, s, x, random):
    v, c, x, k = s["v"], s["c"], x["x"], f["k"]
    one, zero = F32(1), F32(0)
    t = v + x
    a = np.abs(t)
    e, a1, root = exp32(-a), a + one, np.sqrt(a)
    logarithm = log32(a1)
    mx, mn = np.maximum(e, k), np.minimum(root, logarithm)
    xn, nn = np.fmax(mx, mn), np.fmin(root, e)
    w = np.ceil(t) - np.floor(t)
    b1 = (w == one) & (t > k)
    b2 = (e >= root) | (logarithm < k)
    b3 = (t <= zero) ^ (xn != mx)
    b4 = np.where(nn == e, b1, b3)
    b5 = root > logarithm
    b6 = (x < c) ^ (v <= c)
    b8 = (x >= zero) & (x != zero)
    fire = np.where(b2, b4, b8) ^ b6
    up = np.where(b5, w * F32(0.1), xn / a1)
    return {"v": v * k + up - nn, "c": np.where(b6, logarithm + f["r"], c)}, fire, None


ZOO = Model("zoo", _zoo_text, {"p": 0.75, "q": None}, {"v": 0.25, "c": 0.0}, ["x"],
            lambda p, dt: {"k": p["p"] * p["q"], "r": (1 / dt) / (1 / dt)}, _step_zoo)

ALL = [LIF, CUBA, DUAL, GRADED, NOISY, ZOO]
