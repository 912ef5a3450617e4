# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The content-addressable memory of hippocampal area CA3 as snn text. What every number means and where it comes from: README.md beside this file."""

POPULATIONS = ["InCue", "InCont", "CueCue", "ContCue", "ContCond", "Int", "CueCont", "ContCont", "MergeCue", "MergeCont", "OutCue", "OutCont"]
OF_CUES = {"InCue", "CueCue", "CueCont", "MergeCue", "OutCue"}

REST = {"v_rest": -60.0, "v_reset": -60.0, "tau_refrac": 1.0, "tau_syn_E": 0.3, "tau_syn_I": 0.3}
SLOW = {**REST, "cm": 0.27, "tau_m": 3.0, "v_thresh": -57.0}
FAST = {**REST, "cm": 0.14, "tau_m": 0.5, "v_thresh": -57.0}
OUTPUT = {**SLOW, "v_thresh": -57.5}
NEURONS = {"CueCue": SLOW, "ContCue": SLOW, "ContCont": SLOW, "MergeCue": SLOW, "MergeCont": SLOW, "CueCont": FAST, "ContCond": FAST, "Int": FAST,
           "OutCue": OUTPUT, "OutCont": OUTPUT}
STDP = {"tau_plus": 3.0, "tau_minus": 3.0, "a_plus": 6.0, "a_minus": 6.0, "w_min": 0.0, "w_max": 6.0}
WEIGHT = 6.0  # nA

ONE, ALL, OTHERS = "one_to_one", "all_to_all", "all but self"


def projections(content):
    """(source, target, pattern, weight [nA], delay [steps], receptor, learns)."""
    inhibition = WEIGHT * content
    exc, inh = "excitatory", "inhibitory"
    return [
        ("InCue", "CueCue", ONE, WEIGHT, 1, exc, False),
        ("InCont", "ContCue", ONE, WEIGHT, 1, exc, False),
        ("CueCue", "CueCont", ONE, WEIGHT, 2, exc, False),
        ("CueCue", "CueCont", OTHERS, inhibition, 3, inh, False),
        ("CueCue", "ContCond", ALL, WEIGHT, 2, inh, False),
        ("ContCue", "ContCond", ONE, 9.0, 1, exc, False),
        ("ContCue", "Int", ALL, WEIGHT, 1, exc, False),
        ("Int", "ContCond", ALL, 2.0, 1, exc, False),
        ("ContCond", "ContCont", ONE, WEIGHT, 1, exc, False),
        ("CueCont", "CueCont", OTHERS, inhibition, 2, inh, False),
        ("CueCue", "MergeCue", ONE, WEIGHT, 3, exc, False),
        ("ContCue", "MergeCont", ONE, WEIGHT, 3, exc, False),
        ("CueCont", "MergeCue", ONE, WEIGHT, 1, exc, False),
        ("ContCont", "MergeCont", ONE, WEIGHT, 1, exc, False),
        ("MergeCue", "OutCue", ONE, WEIGHT, 1, exc, False),
        ("MergeCont", "OutCont", ONE, WEIGHT, 1, exc, False),
        ("CueCue", "ContCue", ALL, 0.0, 1, exc, True),
        ("ContCont", "CueCont", ALL, 0.0, 1, exc, True),
    ]


def values(numbers):
    return "{" + ", ".join(f"{name} = {value!r}" for name, value in numbers.items()) + "}"


def source(name, trains):
    """An input with a list of spike times [steps from 0] for each neuron. Steps of snn text count from 1."""
    spikes = sorted({(time + 1, neuron) for neuron, train in enumerate(trains) for time in train})
    steps, neurons = [step for step, _ in spikes], [neuron for _, neuron in spikes]
    return f"  snn.input @{name} shape [{len(trains)}] source #snn.spike_list<{steps}, {neurons}>"


def others(name, ends, count, weight):
    """Every pair but equal numbers, as listed synapses by target."""
    columns = [s for t in range(count) for s in range(count) if s != t]
    rows = [t * (count - 1) for t in range(count + 1)]
    if not columns:
        return []
    return [f"  snn.sparse @{name} {ends} row_ptr dense<{rows}> : tensor<{count + 1}xi64> columns dense<{columns}> : tensor<{len(columns)}xi32> "
            f"weights dense<{weight!r}> : tensor<{len(columns)}xf64>"]


def text(cue_trains, content_trains, dt):
    """The network that hears these trains (times in steps from 0); `dt` [s]."""
    cues, content = len(cue_trains), len(content_trains)
    lines = [f"snn.network @hippocampus_cam dt {dt!r} {{", source("InCue", cue_trains), source("InCont", content_trains)]
    sizes = {name: cues if name in OF_CUES else content for name in POPULATIONS}
    sizes["Int"] = 1
    for name in POPULATIONS[2:]:
        lines.append(f"  snn.population @{name} model @if_curr_exp shape [{sizes[name]}] params {values(NEURONS[name])} init {{v = -60.0}}")
    for number, (start, end, pattern, weight, delay, receptor, learns) in enumerate(projections(content)):
        name = f"{start}_to_{end}" if learns else f"{start}_to_{end}_{receptor}"
        ends = f'from @{start} to @{end} receptor "{receptor}" delay {delay}'
        if pattern == OTHERS:
            lines += others(name, ends, sizes[end], weight)
        else:
            lines.append(f'  snn.connect @{name} {ends} "{pattern}" {{}} weights {weight!r}')
        if learns:
            lines.append(f"  snn.plasticity @learning_{number} of @{name} rule @stdp_pair_additive params {values(STDP)}")
    for name in ("OutCue", "OutCont"):
        lines.append(f"  snn.output @result_{name} from @{name}")
    return "\n".join([*lines, "}"]) + "\n"
