# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The peer of the balanced networks: Brian2 in its C++ standalone mode, one thread, the network given as arrays (bench/drawn.py). Run as a
program of its own:  brian.py brunel|cuba|coba NETWORK.npz FOLDER SECONDS

Builds, prints a line of JSON, and then answers each line on stdin by one simulation and a line of JSON: `loop_seconds` (the simulation loop,
as Brian2 measures it), `seconds` (the process) and `spikes` of each population."""

import json
import sys
import time

import brian2
import numpy as np
from brian2 import NeuronGroup, PoissonInput, SpikeMonitor, Synapses, defaultclock, device, mV, ms, second, set_device

# Equations, numbers and methods are those of examples/balanced/generate.py.
EQUATIONS = {
    "brunel": "dv/dt = -v/tau : volt (unless refractory)",
    "cuba": "dv/dt = (ge + gi - (v + 49*mV))/tau : volt (unless refractory)\ndge/dt = -ge/taue : volt\ndgi/dt = -gi/taui : volt",
    "coba": "dv/dt = (ge*(0*mV - v) + gi*(-80*mV - v) + (-60*mV - v) + 20*mV)/tau : volt (unless refractory)\ndge/dt = -ge/taue : 1\ndgi/dt = -gi/taui : 1",
}


def network(name, arrays):
    """(everything that belongs to the network, the monitor)."""
    tau, taue, taui = 20 * ms, 5 * ms, 10 * ms
    names = {"tau": tau, "taue": taue, "taui": taui, "mV": mV}
    brunel = name == "brunel"
    cells = NeuronGroup(int(arrays["neurons"]), EQUATIONS[name], threshold="v > 20*mV" if brunel else "v > -50*mV", reset="v = 10*mV" if brunel else "v = -60*mV",
                        refractory=2 * ms if brunel else 5 * ms, method="exponential_euler" if name == "coba" else "exact", namespace=names)
    cells.v = arrays["v"] * mV
    excitatory, degree = int(arrays["excitatory"]), len(arrays["e_source"]) + len(arrays["i_source"])
    synapses = float(arrays["synapses"])
    if brunel:
        jump = 100.0 / (0.8 * synapses) * mV
        pre, weights, delay = ("v += w", "v += w"), (jump, -5 * jump), 1.5 * ms
    else:
        unit = mV if name == "cuba" else 1
        weights = [w * (80 / synapses) * unit for w in ((1.62, -9.0) if name == "cuba" else (0.6, 6.7))]
        pre, delay = ("ge += w", "gi += w"), 0 * ms
    parts = [cells]
    for which, source in enumerate(("e", "i")):
        group = Synapses(cells, cells, on_pre=pre[which], delay=delay, namespace={"w": weights[which]})
        group.connect(i=arrays[f"{source}_source"], j=arrays[f"{source}_target"])
        parts.append(group)
    if brunel:
        count = round(0.8 * synapses)
        parts.append(PoissonInput(cells, "v", N=count, rate=2 * 20 / (100.0 * 20e-3) * brian2.Hz, weight=weights[0]))
    monitor = SpikeMonitor(cells, record=False)
    return [*parts, monitor], monitor, excitatory, degree


def main():
    name, arrays, folder, seconds = sys.argv[1], np.load(sys.argv[2]), sys.argv[3], float(sys.argv[4])
    set_device("cpp_standalone", directory=folder, build_on_run=False)
    defaultclock.dt = 0.1 * ms
    brian2.seed(1)
    parts, monitor, excitatory, degree = network(name, arrays)
    brian2.Network(parts).run(seconds * second)
    start = time.perf_counter()
    device.build(directory=folder, compile=True, run=False)
    print(json.dumps({"version": brian2.__version__, "build_seconds": time.perf_counter() - start, "synapses": degree}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        device.run(folder, with_output=False, run_args=[])
        count = np.asarray(monitor.count[:])
        print(json.dumps({"loop_seconds": device._last_run_time, "seconds": time.perf_counter() - start,
                          "spikes": {"E": int(count[:excitatory].sum()), "I": int(count[excitatory:].sum())}}), flush=True)


if __name__ == "__main__":
    main()
