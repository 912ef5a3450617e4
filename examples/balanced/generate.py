#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a balanced random network, by which simulators compare themselves, as snn text:

    generate.py brunel|cuba|coba [--neurons N] [--synapses K] [--connect probability|number] [--seed 1] > network.mlir

brunel      Brunel (2000): delta synapses, delay 1.5 ms, binomial external input
cuba, coba  Vogels and Abbott (2005): exponential currents; exponential conductances
--neurons   how many, four fifths of them excitatory
--synapses  onto a neuron, on average; weights keep the mean input where it is
--connect   each pair with the same probability, or as many pairs as that gives on average, drawn with replacement
--seed      of everything that is drawn

What every number means and where it comes from: README.md beside this file.
"""

import argparse
import sys

DT_S = 1e-4
# Largest number of external events of one neuron and step that is told apart: 17 and more have a probability of 2e-12 at a mean of 1.6,
# while the random number has 24 bits.
MOST_EVENTS = 16


def external_events():
    """The number of events of a step: the number of bounds P(N <= k), k = 0, 1, ..., of the binomial distribution that a uniform number
    reaches. All bounds are functions of parameters and so constants of a step."""
    lines = ["  %other = arith.subf %one, %chance : f32", "  %log_other = math.log %other : f32", "  %log_none = arith.mulf %sources, %log_other : f32",
             "  %q0 = math.exp %log_none : f32", "  %odds = arith.divf %chance, %other : f32", "  %u = snn.random 0 : f32",
             "  %b0 = arith.addf %q0, %zero : f32", "  %c0 = arith.cmpf oge, %u, %b0 : f32", "  %n0 = arith.uitofp %c0 : i1 to f32"]
    for k in range(1, MOST_EVENTS):
        lines += [f"  %k{k} = arith.constant {k}.0 : f32", f"  %before{k} = arith.constant {k - 1}.0 : f32", f"  %left{k} = arith.subf %sources, %before{k} : f32",
                  f"  %share{k} = arith.divf %left{k}, %k{k} : f32", f"  %ratio{k} = arith.mulf %share{k}, %odds : f32", f"  %q{k} = arith.mulf %q{k - 1}, %ratio{k} : f32",
                  f"  %b{k} = arith.addf %b{k - 1}, %q{k} : f32", f"  %c{k} = arith.cmpf oge, %u, %b{k} : f32", f"  %o{k} = arith.uitofp %c{k} : i1 to f32",
                  f"  %n{k} = arith.addf %n{k - 1}, %o{k} : f32"]
    return "\n".join(lines + [f"  %outside = arith.mulf %weight, %n{MOST_EVENTS - 1} : f32"])


BRUNEL = """// Leaky integrate-and-fire neuron on which each event is a jump of the potential, and a binomial number of external events in each step.
// Exact between events. What arrives while the neuron is refractory is lost. Potentials in mV, times in ms.
snn.model @brunel_neuron {
  %tau = snn.parameter "tau" default 20.0 unit "ms" : f32
  %threshold = snn.parameter "v_threshold" default 20.0 unit "mV" : f32
  %reset = snn.parameter "v_reset" default 10.0 unit "mV" : f32
  %refractory = snn.parameter "refractory_steps" default 20.0 : f32
  %sources = snn.parameter "external_sources" : f32
  %chance = snn.parameter "external_chance" : f32
  %weight = snn.parameter "external_weight" unit "mV" : f32
  %v = snn.state "v" init 0.0 unit "mV" : f32
  // Steps left in which events are lost; the potential stands still in all but the last of them.
  %r = snn.state "r" init 0.0 : f32
  %x = snn.receive "x" unit "mV" : f32
  %dt = snn.timestep : f32
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %thousand = arith.constant 1000.0 : f32
  %h = arith.mulf %dt, %thousand : f32
  %share = arith.divf %h, %tau : f32
  %share_n = arith.negf %share : f32
  %decay = math.exp %share_n : f32

DRIVE
  %arrives = arith.addf %x, %outside : f32
  %lost = arith.cmpf ogt, %r, %zero : f32
  %v_up = arith.addf %v, %arrives : f32
  %v1 = arith.select %lost, %v, %v_up : f32
  %held = arith.cmpf ogt, %r, %one : f32
  %v_free = arith.mulf %decay, %v1 : f32
  %v2 = arith.select %held, %v1, %v_free : f32
  %r_less = arith.subf %r, %one : f32
  %r1 = arith.select %lost, %r_less, %r : f32

  %fire = arith.cmpf ogt, %v2, %threshold : f32
  %v3 = arith.select %fire, %reset, %v2 : f32
  %r2 = arith.select %fire, %refractory, %r1 : f32
  snn.update "v" = %v3 : f32
  snn.update "r" = %r2 : f32
  snn.spike %fire
}
"""

CUBA = """// Leaky integrate-and-fire neuron with two exponential synaptic currents, as potentials; exact between events. What arrives in a step acts
// in it. Potentials in mV, times in ms.
snn.model @cuba_neuron {
  %tau = snn.parameter "tau" default 20.0 unit "ms" : f32
  %tau_e = snn.parameter "tau_e" default 5.0 unit "ms" : f32
  %tau_i = snn.parameter "tau_i" default 10.0 unit "ms" : f32
  %rest = snn.parameter "v_rest" default -49.0 unit "mV" : f32
  %threshold = snn.parameter "v_threshold" default -50.0 unit "mV" : f32
  %reset = snn.parameter "v_reset" default -60.0 unit "mV" : f32
  // Steps after that of a spike in which the potential stands still.
  %refractory = snn.parameter "refractory_steps" default 49.0 : f32
  %v = snn.state "v" init -60.0 unit "mV" : f32
  %ge = snn.state "ge" init 0.0 unit "mV" : f32
  %gi = snn.state "gi" init 0.0 unit "mV" : f32
  %r = snn.state "r" init 0.0 : f32
  %xe = snn.receive "e" unit "mV" : f32
  %xi = snn.receive "i" unit "mV" : f32
  %dt = snn.timestep : f32
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %thousand = arith.constant 1000.0 : f32
  %h = arith.mulf %dt, %thousand : f32

  %s = arith.divf %h, %tau : f32
  %s_n = arith.negf %s : f32
  %p = math.exp %s_n : f32
  %se = arith.divf %h, %tau_e : f32
  %se_n = arith.negf %se : f32
  %pe = math.exp %se_n : f32
  %si = arith.divf %h, %tau_i : f32
  %si_n = arith.negf %si : f32
  %pi = math.exp %si_n : f32
  // Of a current of 1 the potential gets tau_e / (tau_e - tau) (pe - p) in a step.
  %apart_e = arith.subf %tau_e, %tau : f32
  %factor_e = arith.divf %tau_e, %apart_e : f32
  %less_e = arith.subf %pe, %p : f32
  %pve = arith.mulf %factor_e, %less_e : f32
  %apart_i = arith.subf %tau_i, %tau : f32
  %factor_i = arith.divf %tau_i, %apart_i : f32
  %less_i = arith.subf %pi, %p : f32
  %pvi = arith.mulf %factor_i, %less_i : f32
  %rise = arith.subf %one, %p : f32
  %pull = arith.mulf %rise, %rest : f32

  %ge1 = arith.addf %ge, %xe : f32
  %gi1 = arith.addf %gi, %xi : f32
  %v_kept = arith.mulf %p, %v : f32
  %v_e = arith.mulf %pve, %ge1 : f32
  %v_i = arith.mulf %pvi, %gi1 : f32
  %v_ei = arith.addf %v_e, %v_i : f32
  %v_in = arith.addf %v_ei, %pull : f32
  %v_free = arith.addf %v_kept, %v_in : f32
  %ge2 = arith.mulf %pe, %ge1 : f32
  %gi2 = arith.mulf %pi, %gi1 : f32

REFRACTORY
}
"""

COBA = """// Leaky integrate-and-fire neuron with two exponential synaptic conductances, in units of the leak's; exponential Euler: exact for
// the conductances of the step's beginning. What arrives in a step acts in it. Potentials in mV, times in ms.
snn.model @coba_neuron {
  %tau = snn.parameter "tau" default 20.0 unit "ms" : f32
  %tau_e = snn.parameter "tau_e" default 5.0 unit "ms" : f32
  %tau_i = snn.parameter "tau_i" default 10.0 unit "ms" : f32
  %rest = snn.parameter "v_rest" default -60.0 unit "mV" : f32
  %e_e = snn.parameter "e_e" default 0.0 unit "mV" : f32
  %e_i = snn.parameter "e_i" default -80.0 unit "mV" : f32
  %drive = snn.parameter "drive" default 20.0 unit "mV" : f32
  %threshold = snn.parameter "v_threshold" default -50.0 unit "mV" : f32
  %reset = snn.parameter "v_reset" default -60.0 unit "mV" : f32
  // Steps after that of a spike in which the potential stands still.
  %refractory = snn.parameter "refractory_steps" default 49.0 : f32
  %v = snn.state "v" init -60.0 unit "mV" : f32
  %ge = snn.state "ge" init 0.0 : f32
  %gi = snn.state "gi" init 0.0 : f32
  %r = snn.state "r" init 0.0 : f32
  %xe = snn.receive "e" : f32
  %xi = snn.receive "i" : f32
  %dt = snn.timestep : f32
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %thousand = arith.constant 1000.0 : f32
  %h = arith.mulf %dt, %thousand : f32

  %se = arith.divf %h, %tau_e : f32
  %se_n = arith.negf %se : f32
  %pe = math.exp %se_n : f32
  %si = arith.divf %h, %tau_i : f32
  %si_n = arith.negf %si : f32
  %pi = math.exp %si_n : f32
  %s = arith.divf %h, %tau : f32
  %s_n = arith.negf %s : f32
  %base = arith.addf %rest, %drive : f32

  %ge1 = arith.addf %ge, %xe : f32
  %gi1 = arith.addf %gi, %xi : f32
  // dv/dt = (goal - v) total / tau
  %g_ei = arith.addf %ge1, %gi1 : f32
  %total = arith.addf %one, %g_ei : f32
  %pull_e = arith.mulf %ge1, %e_e : f32
  %pull_i = arith.mulf %gi1, %e_i : f32
  %pull_ei = arith.addf %pull_e, %pull_i : f32
  %pull = arith.addf %base, %pull_ei : f32
  %goal = arith.divf %pull, %total : f32
  %exponent = arith.mulf %s_n, %total : f32
  %kept = math.exp %exponent : f32
  %away = arith.subf %v, %goal : f32
  %away_kept = arith.mulf %away, %kept : f32
  %v_free = arith.addf %goal, %away_kept : f32
  %ge2 = arith.mulf %pe, %ge1 : f32
  %gi2 = arith.mulf %pi, %gi1 : f32

REFRACTORY
}
"""

REFRACTORY = """  %held = arith.cmpf ogt, %r, %zero : f32
  %v1 = arith.select %held, %v, %v_free : f32
  %r_less = arith.subf %r, %one : f32
  %r1 = arith.select %held, %r_less, %r : f32
  %fire = arith.cmpf ogt, %v1, %threshold : f32
  %v2 = arith.select %fire, %reset, %v1 : f32
  %r2 = arith.select %fire, %refractory, %r1 : f32
  snn.update "v" = %v2 : f32
  snn.update "ge" = %ge2 : f32
  snn.update "gi" = %gi2 : f32
  snn.update "r" = %r2 : f32
  snn.spike %fire"""


class Network:
    """model, parameters, init: text; weights: of excitatory and inhibitory synapses; delay [steps]; receptors: of excitatory and inhibitory ones."""

    def __init__(self, model, name, parameters, init, weights, delay, receptors):
        self.model, self.name, self.parameters, self.init = model, name, parameters, init
        self.weights, self.delay, self.receptors = weights, delay, receptors


def brunel(synapses, seed):
    excitatory = 0.8 * synapses
    weight = 100.0 / excitatory  # mV: C_E synapses of it are 100 mV, whatever C_E.
    # As many external sources as excitatory synapses, each with eta = 2 times the rate that takes the mean potential to the threshold.
    rate = 2 * 20.0 / (weight * excitatory * 20e-3)  # Hz
    parameters = f" params {{external_sources = {excitatory!r}, external_chance = {rate * DT_S!r}, external_weight = {weight!r}}}"
    # A spike of step t that arrives d steps later is in the potential from step t + d + 1 on.
    return Network(BRUNEL.replace("DRIVE", external_events()), "brunel", parameters, "#snn.uniform<0.0, 20.0, seed = {seed}>", (weight, -5 * weight), 16, ("", ""))


def cuba(synapses, seed):
    factor = 80 / synapses
    return Network(CUBA.replace("REFRACTORY", REFRACTORY), "cuba", "", "#snn.uniform<-60.0, -50.0, seed = {seed}>", (1.62 * factor, -9.0 * factor), 1,
                   (' receptor "e"', ' receptor "i"'))


def coba(synapses, seed):
    factor = 80 / synapses
    return Network(COBA.replace("REFRACTORY", REFRACTORY), "coba", "", "#snn.normal<-55.0, 2.0, clip = [-75.0, -35.0], seed = {seed}>", (0.6 * factor, 6.7 * factor),
                   1, (' receptor "e"', ' receptor "i"'))


NETWORKS = {"brunel": (brunel, 10000, 1000), "cuba": (cuba, 4000, 80), "coba": (coba, 4000, 80)}


def write(name, neurons, synapses, connect, seed, out):
    net = NETWORKS[name][0](synapses, seed)
    sizes = {"E": neurons * 4 // 5, "I": neurons - neurons * 4 // 5}
    seeds = iter(range(100 * seed, 100 * seed + 100))
    out.write(f"// {name}: {neurons} neurons with {synapses:g} synapses each. Written by examples/balanced/generate.py.\n\n{net.model}\n")
    out.write(f"snn.network @{name} dt {DT_S!r} seed {seed} {{\n")
    for population, size in sizes.items():
        out.write(f"  snn.population @{population} model @{net.name}_neuron shape [{size}]{net.parameters}\n    init {{v = {net.init.format(seed=next(seeds))}}}\n")
    for source, weight, receptor in zip(sizes, net.weights, net.receptors):
        for target in sizes:
            chance = synapses / neurons
            rule = f'"fixed_probability" {{p = {chance!r}}}' if connect == "probability" else f'"fixed_total_number" {{n = {round(chance * sizes[source] * sizes[target])}}}'
            out.write(f"  snn.connect @{source}_{target} from @{source} to @{target}{receptor} delay {net.delay} {rule} weights {weight!r} seed {next(seeds)}\n")
    out.write("}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("--neurons", type=int)
    parser.add_argument("--synapses", type=float)
    parser.add_argument("--connect", choices=["probability", "number"], default="probability")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    _, neurons, synapses = NETWORKS[arguments.network]
    neurons = arguments.neurons if arguments.neurons is not None else neurons
    synapses = arguments.synapses if arguments.synapses is not None else float(synapses)
    if neurons < 10:
        parser.error(f"--neurons: expected at least 10, found {neurons}")
    if not 0 < synapses <= neurons:
        parser.error(f"--synapses: expected a number in (0, {neurons}], found {synapses}")
    if not 0 <= arguments.seed < 2 ** 31:
        parser.error(f"--seed: expected 0 to 2147483647, found {arguments.seed}")
    write(arguments.network, neurons, synapses, arguments.connect, arguments.seed, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
