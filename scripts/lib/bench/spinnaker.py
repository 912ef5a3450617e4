# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks on `spinnaker1`, through the command line: `scripts/bench spinnaker`."""

import pathlib
import statistics
import tempfile

from bench.common import machine, measured, ranvier

CORES, NEURONS, DT = 768, 256, 1e-3
# A board of 48 chips with older software: facts of Stromatias et al. (2013), in the abstract; the machine ran it in real time.
PEER = {"source": "Stromatias et al. 2013, abstract: a SpiNNaker board of 48 chips, in real time", "neurons": 250000, "synapses": 81e6,
        "synaptic_events_per_second": 1.8e9, "real_time_factor": 1.0}
TARGETS = {"board_real_time_factor": 4.0, "board_real_time_factor_with_times": 5.0, "plastic_events_per_second_per_core": 20e6}


def board(cores=CORES):
    """As many neurons as application cores of a board hold at 256 each, IF_curr_exp driven to about 22 Hz by constant currents, in populations of a core each that reach
    four others (1, 7, 61 and 300 on) with 103 synapses a neuron and core: 81 million synapses with weak weights and delays of 1 to 16 ms."""
    lines = [f"snn.network @board dt {DT} seed 1 {{"]
    for k in range(cores):
        lines.append(f"  snn.population @p{k} model @if_curr_exp shape [{NEURONS}] params {{tau_refrac = 2.0, i_offset = #snn.uniform<0.81, 0.88, seed = {k + 1}>}} "
                     f"init {{v = #snn.uniform<-65.0, -50.0, seed = {k + 5000}>}}")
    for k in range(cores):
        for n, far in enumerate((1, 7, 61, 300)):
            lines.append(f'  snn.connect @e{k}_{n} from @p{k} to @p{(k + far) % cores} receptor "{"inhibitory" if n == 3 else "excitatory"}" '
                         f"delay #snn.uniform<1.0, 16.0, seed = {9000 + 4 * k + n}> \"fixed_in_degree\" {{k = 103}} weights 0.001 seed {4 * k + n}")
    return "\n".join([*lines, "  snn.output @out from @p0", "}"]) + "\n"


def plastic():
    """2,000 sources of 20 Hz onto 256 targets of a few Hz on one core, all synapses learning by pairs of spikes."""
    return f"""snn.network @plastic dt {DT} seed 3 {{
  snn.input @in shape [2000] source #snn.poisson<[20.0], seed = 5>
  snn.population @out model @if_curr_exp shape [256] params {{cm = 0.25, tau_syn_E = 2.0}}
  snn.connect @edges from @in to @out receptor "excitatory" delay #snn.uniform<1.0, 16.0, seed = 2> "all_to_all" {{}} weights #snn.uniform<0.0, 0.006, seed = 4>
  snn.plasticity @learn of @edges rule @stdp_pair_additive params {{w_max = 0.006, a_plus = 0.0005, a_minus = 0.0006}}
  snn.output @o from @out
}}
"""


def run_board(root, folder):
    text, image = folder / "board.mlir", folder / "board.rvi"
    text.write_text(board())
    result, seconds, peak = measured(root, "compile", text, "--target", "spinnaker1", "-o", image)
    synapses = result["mapping"]["total"]["synapses"]
    found, rates = {"off": [], "fast": []}, []
    short, long = 200, 1200
    for _ in range(3):
        for timing, factors in found.items():
            runs = {steps: ranvier(root, "run", image, "--steps", steps, "--timing", timing, "--threads", 2) for steps in (short, long)}
            wall = runs[long]["wall"]["seconds"] - runs[short]["wall"]["seconds"]
            spikes = runs[long]["totals"]["spikes"] - runs[short]["totals"]["spikes"]
            factors.append(wall / ((long - short) * DT))
            rates.append(spikes / ((long - short) * DT))
    factors = found["off"]
    events = rates[0] * synapses / (CORES * NEURONS)
    return {"neurons": CORES * NEURONS, "synapses": synapses, "spikes_per_second": rates[0],
            "synaptic_events_per_biological_second": events, "real_time_factor": statistics.median(factors), "real_time_factors": factors,
            "real_time_factor_with_times": statistics.median(found["fast"]), "real_time_factors_with_times": found["fast"],
            "ns_per_event_per_core": statistics.median(factors) * 2e9 / events, "compile_seconds": seconds, "compile_memory_mb": peak / 1e6}


def run_plastic(root, folder):
    text, image = folder / "plastic.mlir", folder / "plastic.rvi"
    text.write_text(plastic())
    ranvier(root, "compile", text, "--target", "spinnaker1", "-o", image)
    short, long = 500, 3500
    figures = []
    for _ in range(3):
        runs = {steps: ranvier(root, "run", image, "--steps", steps, "--timing", "off") for steps in (short, long)}
        wall = runs[long]["wall"]["seconds"] - runs[short]["wall"]["seconds"]
        count = lambda name: runs[long]["populations"][name]["spikes"] - runs[short]["populations"][name]["spikes"]
        figures.append((count("in") * 256 / wall, count("out") / 256 / ((long - short) * DT)))
    return {"events_per_second_per_core": statistics.median(figure[0] for figure in figures), "events_per_second_of_runs": [figure[0] for figure in figures],
            "target_rate_hz": figures[0][1]}


def spinnaker(root):
    with tempfile.TemporaryDirectory() as tmp:
        folder = pathlib.Path(tmp)
        learned, whole = run_plastic(root, folder), run_board(root, folder)
    return {"benchmark": "spinnaker", "board_real_time_factor": whole["real_time_factor"],
            "board_real_time_factor_with_times": whole["real_time_factor_with_times"],
            "plastic_events_per_second_per_core": learned["events_per_second_per_core"], "board": whole, "plastic": learned, "target": TARGETS, "peer": PEER,
            "machine": machine()}
