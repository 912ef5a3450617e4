#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the cortical microcircuit of Potjans and Diesmann (2014) as snn text:

    generate.py [--scale 1.0] [--drive dc|poisson] [--model own|if_curr_exp] [--seed 1] [--boost 0] > microcircuit.mlir

--scale     scales the numbers of neurons and the in-degrees, both, 0 < scale <= 1; weights and drive are adjusted to it
--drive     external input: its mean as a current (dc), or a Poisson number of events per neuron and step (poisson)
--model     equations: those of NEST's iaf_psc_exp in pA, written out (own), or PyNN's IF_curr_exp in nA as shipped (if_curr_exp), which
            targets of one binary point (spinnaker1) run, too; dc only
--seed      of everything that is drawn
--boost     current added to the drive of every population [pA], which keeps small versions active

What every number means and where it comes from: README.md beside this file.
"""

import argparse
import math
import sys

POPULATIONS = ["L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I"]
NEURONS = [20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948]
# Probability that a pair is connected by at least one synapse; row: target, column: source.
PROBABILITIES = [
    [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0000, 0.0076, 0.0000],
    [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0000, 0.0042, 0.0000],
    [0.0077, 0.0059, 0.0497, 0.1350, 0.0067, 0.0003, 0.0453, 0.0000],
    [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0000, 0.1057, 0.0000],
    [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0000],
    [0.0548, 0.0269, 0.0257, 0.0022, 0.0600, 0.3158, 0.0086, 0.0000],
    [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
    [0.0364, 0.0010, 0.0034, 0.0005, 0.0277, 0.0080, 0.0658, 0.1443],
]
RATES_HZ = [0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829]  # Of the full network.
V0_MEAN_MV = [-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43]
V0_DEVIATION_MV = [5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48]
EXTERNAL_INPUTS = [1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100]  # Per neuron.
EXTERNAL_RATE_HZ = 8.0

DT_MS = 0.1
TAU_M_MS, TAU_SYN_MS, C_PF = 10.0, 0.5, 250.0
E_L_MV, V_TH_MV, V_RESET_MV, T_REF_MS = -65.0, -50.0, -65.0, 2.0
# The same as parameters of IF_curr_exp: ms, nF, mV, nA.
STANDARD = (f"tau_m = {TAU_M_MS}, cm = {C_PF * 1e-3}, v_rest = {E_L_MV}, v_reset = {V_RESET_MV}, v_thresh = {V_TH_MV}, tau_refrac = {T_REF_MS}, "
            f"tau_syn_E = {TAU_SYN_MS}, tau_syn_I = {TAU_SYN_MS}")
NA_PER_PA = 1e-3
PSP_MV = 0.15
WEIGHT_RELATIVE_DEVIATION = 0.1
G = -4.0
DELAY_MS = {"E": 1.5, "I": 0.75}
DELAY_RELATIVE_DEVIATION = 0.5
# Longest delay [steps]: beyond 6.3 ms, 6.4 standard deviations, 0.02 of the 0.3 billion synapses would lie.
LONGEST_DELAY = 63

# Largest number of events of one neuron and step that the Poisson drive tells apart; more have a probability of 5e-10 at the largest
# mean, 2.32, while the random number has 24 bits.
MOST_EVENTS = 16


def full_synapses():
    """[target][source]: synapses of the full network, not yet rounded: pairs drawn with replacement hit a given one with the probability asked for."""
    return [[math.log(1 - p) / math.log((n * m - 1) / (n * m)) if p else 0.0 for p, m in zip(row, NEURONS)] for row, n in zip(PROBABILITIES, NEURONS)]


def current_per_potential():
    """pA of a synaptic current whose potential peaks at 1 mV."""
    ratio = TAU_M_MS / TAU_SYN_MS
    over = 1 / (TAU_SYN_MS - TAU_M_MS)
    peak = ratio ** (over * TAU_M_MS) - ratio ** (over * TAU_SYN_MS)
    return C_PF / (TAU_M_MS * TAU_SYN_MS * over * peak)


class Microcircuit:
    """Counts, weights [pA] and currents [pA] at one scale. Lists are in the order of POPULATIONS, tables [target][source]."""

    def __init__(self, scale, drive, boost=0.0):
        self.scale, self.drive = scale, drive
        self.neurons = [round(n * scale) for n in NEURONS]
        full = full_synapses()
        self.synapses = [[round(k * scale * scale) for k in row] for row in full]
        psc = PSP_MV * current_per_potential()
        weights = [[psc * (1 if source.endswith("E") else G) for source in POPULATIONS] for _ in POPULATIONS]
        weights[POPULATIONS.index("L23E")][POPULATIONS.index("L4E")] *= 2
        root = math.sqrt(scale)
        self.weights = [[w / root for w in row] for row in weights]
        self.external_weight = psc / root
        # Fewer inputs of larger weight keep the variance; what the mean lacks is made up for by a current.
        recurrent = [sum(w * k / n * rate for w, k, rate in zip(ws, ks, RATES_HZ)) for ws, ks, n in zip(weights, full, NEURONS)]
        external = [psc * k * EXTERNAL_RATE_HZ for k in EXTERNAL_INPUTS]
        seconds = TAU_SYN_MS * 1e-3
        replaced = 1.0 if drive == "dc" else 1 - root
        self.currents = [seconds * (replaced * e + (1 - root) * r) + boost for e, r in zip(external, recurrent)]
        # Mean number of external events per neuron and step.
        self.events = [round(k * scale) * EXTERNAL_RATE_HZ * DT_MS * 1e-3 for k in EXTERNAL_INPUTS]

    def total_synapses(self):
        return sum(map(sum, self.synapses))


MODEL = """// iaf_psc_exp with one synaptic time constant: exact integration over a step of what is linear between spikes. Potentials in mV, currents
// in pA, times in ms, capacitance in pF. What arrives in a step drives the potential from the next step on.
snn.model @iaf_psc_exp{suffix} {{
  %tau_m = snn.parameter "tau_m" default 10.0 unit "ms" : f32
  %tau_syn = snn.parameter "tau_syn" default 0.5 unit "ms" : f32
  %capacitance = snn.parameter "c" default 250.0 unit "pF" : f32
  %rest = snn.parameter "v_rest" default -65.0 unit "mV" : f32
  %threshold = snn.parameter "v_threshold" default -50.0 unit "mV" : f32
  %reset = snn.parameter "v_reset" default -65.0 unit "mV" : f32
  %refractory = snn.parameter "refractory_steps" default 20.0 : f32
  %current = snn.parameter "current" default 0.0 unit "pA" : f32
{parameters}  %v = snn.state "v" init -65.0 unit "mV" : f32
  %i = snn.state "i" init 0.0 unit "pA" : f32
  %r = snn.state "r" init 0.0 : f32
  %x = snn.receive "x" unit "pA" : f32
  %dt = snn.timestep : f32
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %thousand = arith.constant 1000.0 : f32

  // Propagators: the potential's decay, the current's, the potential per current, and what rest and constant current add.
  %h = arith.mulf %dt, %thousand : f32
  %hm = arith.divf %h, %tau_m : f32
  %hm_n = arith.negf %hm : f32
  %p22 = math.exp %hm_n : f32
  %hs = arith.divf %h, %tau_syn : f32
  %hs_n = arith.negf %hs : f32
  %p11 = math.exp %hs_n : f32
  %apart = arith.subf %tau_syn, %tau_m : f32
  %both = arith.mulf %tau_syn, %tau_m : f32
  %per = arith.mulf %capacitance, %apart : f32
  %factor = arith.divf %both, %per : f32
  %less = arith.subf %p11, %p22 : f32
  %p21 = arith.mulf %factor, %less : f32
  %rise = arith.subf %one, %p22 : f32
  %pull = arith.mulf %rise, %rest : f32
  %tc = arith.divf %tau_m, %capacitance : f32
  %p20 = arith.mulf %tc, %rise : f32
  %push = arith.mulf %p20, %current : f32
  %constant = arith.addf %pull, %push : f32

  %v_kept = arith.mulf %p22, %v : f32
  %v_in = arith.mulf %p21, %i : f32
  %v_sum = arith.addf %v_kept, %v_in : f32
  %v_free = arith.addf %v_sum, %constant : f32
  %held = arith.cmpf ogt, %r, %zero : f32
  %v1 = arith.select %held, %v, %v_free : f32
  %r_less = arith.subf %r, %one : f32
  %r1 = arith.select %held, %r_less, %r : f32
{drive}  %i_kept = arith.mulf %p11, %i : f32
  %i1 = arith.addf %i_kept, %{arrives} : f32

  %fire = arith.cmpf oge, %v1, %threshold : f32
  %v2 = arith.select %fire, %reset, %v1 : f32
  %r2 = arith.select %fire, %refractory, %r1 : f32
  snn.update "v" = %v2 : f32
  snn.update "i" = %i1 : f32
  snn.update "r" = %r2 : f32
  snn.spike %fire
}}
"""


def poisson_model():
    """The model with a Poisson number of external events per step: the number of bounds P(N <= k), k = 0, 1, ..., that a uniform number
    reaches. All bounds are functions of a parameter and so constants of a step."""
    parameters = '  %mean = snn.parameter "events_per_step" : f32\n  %weight = snn.parameter "event_weight" unit "pA" : f32\n'
    lines = ["  // External events of this step: as many as bounds P(N <= k) of the Poisson distribution that a uniform number reaches.",
             "  %mean_n = arith.negf %mean : f32", "  %q0 = math.exp %mean_n : f32", "  %u = snn.random 0 : f32", "  %b0 = arith.addf %q0, %zero : f32",
             "  %c0 = arith.cmpf oge, %u, %b0 : f32", "  %n0 = arith.uitofp %c0 : i1 to f32"]
    for k in range(1, MOST_EVENTS):
        lines += [f"  %k{k} = arith.constant {k}.0 : f32", f"  %m{k} = arith.divf %mean, %k{k} : f32", f"  %q{k} = arith.mulf %q{k - 1}, %m{k} : f32",
                  f"  %b{k} = arith.addf %b{k - 1}, %q{k} : f32", f"  %c{k} = arith.cmpf oge, %u, %b{k} : f32", f"  %o{k} = arith.uitofp %c{k} : i1 to f32",
                  f"  %n{k} = arith.addf %n{k - 1}, %o{k} : f32"]
    lines += [f"  %outside = arith.mulf %weight, %n{MOST_EVENTS - 1} : f32", "  %arrives = arith.addf %x, %outside : f32"]
    return MODEL.format(suffix="_poisson", parameters=parameters, drive="\n".join(lines) + "\n", arrives="arrives")


def normal(mean, deviation, low, high, seed):
    return f"#snn.normal<{mean!r}, {deviation!r}, clip = [{low!r}, {high!r}], seed = {seed}>"


def write(net, seed, out, standard=False):
    out.write(f"// The cortical microcircuit of Potjans and Diesmann (2014), scale {net.scale:g}, drive {net.drive}: {sum(net.neurons)} neurons, "
              f"{net.total_synapses()} synapses.\n// Written by examples/microcircuit/generate.py.\n\n")
    poisson = net.drive == "poisson"
    if not standard:
        out.write(poisson_model() if poisson else MODEL.format(suffix="", parameters="", drive="", arrives="x"))
    out.write(f"\nsnn.network @microcircuit dt {DT_MS * 1e-3!r} seed {seed} {{\n")
    seeds = iter(range(1000 * seed, 1000 * seed + 1000))  # One for everything drawn.
    for p, name in enumerate(POPULATIONS):
        drive = f", events_per_step = {net.events[p]!r}, event_weight = {net.external_weight!r}" if poisson else ""
        mean, deviation = V0_MEAN_MV[p], V0_DEVIATION_MV[p]
        model, given = f"iaf_psc_exp{'_poisson' if poisson else ''}", f"current = {net.currents[p]!r}{drive}"
        if standard:
            model, given = "if_curr_exp", f"{STANDARD}, i_offset = {net.currents[p] * NA_PER_PA!r}"
        out.write(f"  snn.population @{name} model @{model} shape [{net.neurons[p]}] params {{{given}}}\n"
                  f"    init {{v = {normal(mean, deviation, mean - 10 * deviation, mean + 10 * deviation, next(seeds))}}}\n")
    for t, target in enumerate(POPULATIONS):
        for s, source in enumerate(POPULATIONS):
            if not net.synapses[t][s]:
                continue
            weight, delay, receptor = net.weights[t][s], DELAY_MS[source[-1]] / DT_MS, ""
            if standard:  # Each sign has a receptor of its own, where weights are positive.
                weight, receptor = abs(weight) * NA_PER_PA, f'receptor "{"excitatory" if weight > 0 else "inhibitory"}" '
            # Twice the mean is ten deviations away; on the other side 0, so that no synapse changes its sign.
            low, high = min(0.0, 2 * weight), max(0.0, 2 * weight)
            out.write(f"  snn.connect @{source}_{target} from @{source} to @{target} {receptor}"
                      f"delay {normal(delay, DELAY_RELATIVE_DEVIATION * delay, 1.0, float(LONGEST_DELAY), next(seeds))}\n"
                      f"    \"fixed_total_number\" {{n = {net.synapses[t][s]}}} "
                      f"weights {normal(weight, WEIGHT_RELATIVE_DEVIATION * abs(weight), low, high, next(seeds))} seed {next(seeds)}\n")
    out.write("}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--drive", choices=["dc", "poisson"], default="dc")
    parser.add_argument("--model", choices=["own", "if_curr_exp"], default="own")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--boost", type=float, default=0.0)
    arguments = parser.parse_args()
    if not 0 < arguments.scale <= 1:
        parser.error(f"--scale: expected a number in (0, 1], found {arguments.scale}")
    if not 0 <= arguments.seed < 2 ** 31:
        parser.error(f"--seed: expected 0 to 2147483647, found {arguments.seed}")
    if arguments.model == "if_curr_exp" and arguments.drive == "poisson":
        parser.error("--model if_curr_exp: its external input is a current; expected --drive dc, found poisson")
    write(Microcircuit(arguments.scale, arguments.drive, arguments.boost), arguments.seed, sys.stdout, arguments.model == "if_curr_exp")
    return 0


if __name__ == "__main__":
    sys.exit(main())
