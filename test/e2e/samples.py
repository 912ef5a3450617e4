# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small files that tests make for themselves: NIR graphs, recordings, networks as text."""

import h5py
import numpy as np


def nir(path, tau=0.02, r=20.0, delay=None, size=2, weight=30.0):
    """input -> fc -> lif -> output; `delay` [in the file's unit of time] puts a Delay node behind the weights. With r = tau / 1e-3
    the file implies a time step of 1 ms, with r = 1 none."""
    with h5py.File(path, "w") as f:
        nodes = f.create_group("node/nodes")

        def node(name, kind, **values):
            group = nodes.create_group(name)
            group["type"] = kind
            for key, value in values.items():
                group[key] = np.asarray(value)

        node("input", "Input", shape=np.array([size]))
        node("fc", "Linear", weight=np.eye(size, dtype=np.float32) * weight)
        ones = np.ones(size, dtype=np.float32)
        node("lif", "LIF", tau=ones * tau, r=ones * r, v_leak=ones * 0, v_threshold=ones, v_reset=ones * 0)
        node("output", "Output", shape=np.array([size]))
        chain = ["input", "fc", "lif", "output"]
        if delay is not None:
            node("wait", "Delay", delay=ones * delay)
            chain.insert(2, "wait")
        f["node/type"] = "NIRGraph"
        f["version"] = "1.0.7"
        f["node/edges"] = np.array(list(zip(chain, chain[1:])), dtype=h5py.string_dtype())
    return path


def recording(path, populations, steps, dt=1e-3):
    """A file as `ranvier run -o` writes it. populations: name -> dict(n, spikes [(step, neuron)], values, value_scale, states {name: (array, scale)})."""
    with h5py.File(path, "w") as f:
        f.attrs["format"] = "ranvier-run"
        f.attrs["version"] = np.uint32(1)
        f.attrs["dt"] = dt
        f.attrs["steps"] = np.uint32(steps)
        for name, what in populations.items():
            group = f.create_group(f"populations/{name}")
            group.attrs["n"] = np.uint32(what["n"])
            spikes = sorted(what.get("spikes", []))
            group["spike_steps"] = np.array([s for s, _ in spikes], dtype=np.uint32)
            group["spike_neurons"] = np.array([n for _, n in spikes], dtype=np.uint32)
            if "values" in what:
                group["spike_values"] = np.asarray(what["values"])
                group["spike_values"].attrs["scale"] = float(what.get("value_scale", 1))
            for state, (array, scale) in what.get("states", {}).items():
                group[state] = np.asarray(array)
                group[state].attrs["scale"] = float(scale)
    return path


def noise_network(path, inputs, neurons, in_degree, rate=50.0):
    """A text network that needs no input: Poisson sources onto LIF neurons, connected by a rule."""
    path.write_text(f"""snn.network @noise dt 1.0e-3 seed 7 {{
  snn.input @in shape [{inputs}] source #snn.poisson<[{rate}], seed = 5>
  snn.population @cells model @lif shape [{neurons}] params {{tau = 0.02, r = 20.0, v_threshold = 1.0}}
  snn.connect @drive from @in to @cells "fixed_in_degree" {{k = {in_degree}}} weights 0.3
  snn.output @out from @cells
}}
""")
    return path
