#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Benchmarks by name; each gives one JSON object: our figures at the top, `peer`, `roofline`, `machine`."""

import argparse
import json
import math
import os
import pathlib
import random
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import time

from bench import emulator
from bench.crossbar import crossbar
from bench.rtl import rtl
from bench.spinnaker import spinnaker
from bench.common import PEERS, engine_program, machine, measured, ranvier, spread


def digits(root):
    """The 450 test images of the digits network on loihi1, one thread; median of five runs, modes in turn so that a busy moment of the
    machine hits all of them."""
    folder = root / "examples" / "digits"
    modes = {"jit": [], "interp": ["--executor", "interp"], "jit_timing_off": ["--timing", "off"]}
    rates = {name: [] for name in modes}
    limits = []
    with tempfile.TemporaryDirectory() as tmp:
        image = pathlib.Path(tmp) / "digits.rvi"
        ranvier(root, "compile", folder / "network.nir", "--target", "loihi1", "-o", image)
        for _ in range(5):
            limits.append(engine_program(root, "--roofline")["events_per_second_1_thread"])
            for name, options in modes.items():
                result = ranvier(root, "eval", image, "--data", folder / "test_set.h5", *options)
                steps = result["samples"] * (result["steps"] + result["depth"])
                rates[name].append(steps / result["wall"]["seconds"])
                if name == "jit":
                    events = result["totals"]["synaptic_events"] / steps
    median = {name: statistics.median(values) for name, values in rates.items()}
    limit = statistics.median(limits)
    return {"benchmark": "digits", "steps_per_second": median["jit"], "synaptic_events_per_second": median["jit"] * events,
            "of_roofline": median["jit"] * events / limit, "jit_over_interp": median["jit"] / median["interp"],
            "steps_per_second_interp": median["interp"], "steps_per_second_timing_off": median["jit_timing_off"],
            "timing_costs": median["jit_timing_off"] / median["jit"], "synaptic_events_per_step": events, "spread": spread(rates["jit"]), "peer": PEERS,
            "roofline": {"kernel": "scatter-add of packed synapses, one thread", "events_per_second": limit}, "machine": machine()}


def engine(root):
    result = engine_program(root)
    result["peer"] = PEERS
    return result


# --- Mapping -----------------------------------------------------------------------------------------------------------------------

def random_instance(path):
    """10,000 cores of one population each, which feeds eight drawn ones, on 25 x 25 chips of 17 cores."""
    choose = random.Random(1)
    edges = [[p, choose.randrange(10000)] for p in range(10000) for _ in range(8)]
    path.write_text(json.dumps({"machine": [25, 25], "cores_per_population": [1] * 10000, "atoms_per_core": 64, "edges": edges}))
    return path


def mapping(root):
    """Placement, routing and table compression on PACMAN's own test data, beside what PACMAN needs for them."""
    data = root.parent / "shared" / "benchmarks"
    peer = {"pop100x10_rand5": {"hops": 16301, "entries_total": 1951, "seconds": 0.26}, "pop1000x1_rand8": {"hops": 19548, "entries_total": 20548, "seconds": 1.0},
            "pop1000x1_local8_shuffled": {"hops": 19499, "entries_total": 20499, "seconds": 0.85}, "many_to_one": {"entries_total": 2507, "entries_max": 906, "seconds": 2.1},
            "table1": {"entries_total": 736, "seconds": 0.18}, "table2": {"entries_total": 551, "seconds": 0.09}, "random_10k_cores": {"hops": 640239}}
    if not data.is_dir():
        return {"benchmark": "mapping", "skipped": "the shared folder with the instances is not there", "peer": peer, "machine": machine()}
    ours = {}
    for command, pattern in (("place-route", "place_route/*.json"), ("compress", "routing_tables/*.gz")):
        for entry in ranvier(root, "map", command, *sorted(data.glob(pattern)))["files"]:
            ours[entry["file"].split(".")[0]] = {key: entry[key] for key in ("hops", "entries_total", "entries_max", "seconds", "verified") if key in entry}
    with tempfile.TemporaryDirectory() as tmp:
        large = random_instance(pathlib.Path(tmp) / "random_10k_cores.json")
        entry = ranvier(root, "map", "place-route", large)["files"][0]
        ours["random_10k_cores"] = {key: entry[key] for key in ("hops", "entries_total", "entries_max", "seconds", "verified")}
    bound = {"many_to_one": {"entries_total": 866}, "note": "distinct routes of keys that need an entry: no table can be shorter"}
    return {"benchmark": "mapping", **ours, "peer": {"note": "PACMAN, measured on a machine of two Zen 3 virtual cores, not in this run", **peer},
            "roofline": bound, "machine": machine()}


# --- Partition ---------------------------------------------------------------------------------------------------------------------

def small_cores(root, folder):
    """loihi1 with cores of 32 neurons."""
    text = (root / "hw-models" / "chips" / "loihi1.yaml").read_text()
    small, count = re.subn(r'neurons: \{value: 1024, source: "[^"]*", status: published\}', 'neurons: {value: 32, source: "this benchmark: small cores", status: defined}', text)
    assert count == 1, "loihi1.yaml names its neurons a core otherwise"
    path = folder / "loihi1-small-cores.yaml"
    path.write_text(small)
    return path


def partition_networks(root, folder):
    """Arguments of `ranvier map partition` by the benchmark's name for the network."""
    nmnist = root.parent / "shared" / "networks" / "nir" / "nmnist_cnn" / "cnn_sinabs.nir"
    if not nmnist.is_file():
        nmnist = folder / "conv.mlir"
        conv_network(nmnist)
    return {"nmnist": [nmnist, "--target", "loihi1"], "digits_32": [root / "examples" / "digits" / "network.nir", "--target", small_cores(root, folder)],
            "small_world_10k": ["--target", "loihi1", "--generate", "small-world", "--neurons", 10000, "--degree", 20, "--rewired", 0.1],
            "random_20k": ["--target", "loihi1", "--generate", "random", "--neurons", 20000, "--degree", 8],
            "layered_100k": ["--target", "loihi1", "--generate", "layered", "--neurons", 100000, "--layers", 10, "--degree", 32, "--rewired", 0]}


def partition(root):
    """Spikes x hops of our mapping over that of the best of sequential filling, METIS, Scotch and Zoltan, on five networks."""
    with tempfile.TemporaryDirectory() as tmp:
        networks = partition_networks(root, pathlib.Path(tmp))
        figures, ratios = {}, {}
        for name, arguments in networks.items():
            result = ranvier(root, "map", "partition", *arguments, "--seeds", 5)
            figures[name] = {"cores": result["cores"], "ratio_to_best_other": result["ratio_to_best_other"]}
            if name == "nmnist":
                figures[name]["network"] = "NIR's N-MNIST network" if arguments[0].suffix == ".nir" else "its shapes with drawn weights: the shared folder is not there"
            for entry in result["partitioners"]:
                figures[name][entry["name"]] = {key: entry[key] for key in ("spikes_hops", "messages", "repaired_neurons", "seconds") if key in entry} or "absent"
            ratios[name] = result["ratio_to_best_other"]
    mean = lambda names: math.exp(sum(math.log(ratios[name]) for name in names) / len(names))
    means = {"all": mean(ratios), "nmnist_small_world_layered": mean(["nmnist", "small_world_10k", "layered_100k"]), "worst": max(ratios.values())}
    return {"benchmark": "partition", **figures, "geometric_mean": means, "peer": {"note": "run live, beside ours"},
            "target": {"all": 0.93, "nmnist_small_world_layered": 0.88, "worst": 1.02}, "machine": machine()}


# --- Compile -----------------------------------------------------------------------------------------------------------------------

def blob(shape, low, high, choose):
    """Weights as the hexadecimal blob of a dense resource."""
    count = 1
    for extent in shape:
        count *= extent
    return "0x04000000" + struct.pack(f"<{count}f", *(choose.uniform(low, high) for _ in range(count))).hex().upper()


def conv_network(path):
    """The layers of a common N-MNIST network (34 x 34 x 2 events, three convolutions, two dense layers) with drawn weights."""
    choose = random.Random(1)
    shapes = {"c1": (16, 2, 5, 5), "c2": (16, 16, 3, 3), "c3": (8, 16, 3, 3), "f1": (256, 128), "f2": (10, 256)}
    resources = ",\n      ".join(f'{name}: "{blob(shape, -0.1, 0.3, choose)}"' for name, shape in shapes.items())
    kernel = {name: f"dense_resource<{name}> : tensor<{'x'.join(map(str, shape))}xf32>" for name, shape in shapes.items()}
    path.write_text(f"""snn.network @conv dt 1.0e-3 {{
  snn.input @events shape [2, 34, 34]
  snn.population @l1 model @if shape [16, 16, 16] params {{v_threshold = 1.0}}
  snn.population @l2 model @if shape [16, 16, 16] params {{v_threshold = 1.0}}
  snn.junction @p2 shape [16, 8, 8]
  snn.population @l3 model @if shape [8, 8, 8] params {{v_threshold = 1.0}}
  snn.junction @p3 shape [8, 4, 4]
  snn.population @l4 model @if shape [256] params {{v_threshold = 1.0}}
  snn.population @l5 model @if shape [10] params {{v_threshold = 1.0}}
  snn.conv2d @c1 from @events to @l1 weights {kernel['c1']} input [2, 34, 34] stride [2, 2] padding [1, 1] dilation [1, 1]
  snn.conv2d @c2 from @l1 to @l2 weights {kernel['c2']} input [16, 16, 16] stride [1, 1] padding [1, 1] dilation [1, 1]
  snn.pool @s2 from @l2 to @p2 "sum" input [16, 16, 16] kernel [2, 2] stride [2, 2] padding [0, 0]
  snn.conv2d @c3 from @p2 to @l3 weights {kernel['c3']} input [16, 8, 8] stride [1, 1] padding [1, 1] dilation [1, 1]
  snn.pool @s3 from @l3 to @p3 "sum" input [8, 8, 8] kernel [2, 2] stride [2, 2] padding [0, 0]
  snn.dense @f1 from @p3 to @l4 weights {kernel['f1']}
  snn.dense @f2 from @l4 to @l5 weights {kernel['f2']}
  snn.output @class from @l5
}}

{{-#
  dialect_resources: {{
    builtin: {{
      {resources}
    }}
  }}
#-}}
""")


def random_network(path, neurons, in_degree):
    path.write_text(f"""snn.network @random dt 1.0e-3 seed 3 {{
  snn.input @drive shape [1000] source #snn.poisson<[20.0], seed = 5>
  snn.population @cells model @lif shape [{neurons}] params {{tau = 0.02, r = 20.0, v_threshold = 1.0}}
  snn.connect @feed from @drive to @cells "fixed_in_degree" {{k = 5}} weights 0.4
  snn.connect @recur from @cells to @cells delay 1 "fixed_in_degree" {{k = {in_degree}}} weights 0.01
  snn.output @out from @cells
}}
""")


def write_speed(folder, size):
    """Bytes per second of writing and syncing a file of this size: no compiler can be faster than its output."""
    data = os.urandom(min(size, 1 << 24))
    best = 0.0
    for _ in range(3):
        path = folder / "roofline"
        start = time.perf_counter()
        with open(path, "wb") as out:
            for _ in range(max(1, size // len(data))):
                out.write(data)
            out.flush()
            os.fsync(out.fileno())
        best = max(best, path.stat().st_size / (time.perf_counter() - start))
        path.unlink()
    return best


def compile_(root):
    """`ranvier compile` for loihi1, process start to exit: seconds (least of several) and peak resident memory (VmHWM)."""
    figures, roofline = {}, {"kernel": "writing and syncing as many bytes as the image has"}
    with tempfile.TemporaryDirectory() as tmp:
        folder = pathlib.Path(tmp)
        conv_network(folder / "conv.mlir")
        random_network(folder / "random.mlir", 100000, 20)
        networks = {"digits": (root / "examples" / "digits" / "network.nir", 5), "conv": (folder / "conv.mlir", 3), "neurons_100k": (folder / "random.mlir", 2)}
        for name, (network, passes) in networks.items():
            image = folder / "out.rvi"
            runs = [measured(root, "compile", network, "--target", "loihi1", "-o", image) for _ in range(passes)]
            result, seconds, peak = min(runs, key=lambda run: run[1])
            total = result["mapping"]["total"]
            speed = write_speed(folder, image.stat().st_size)
            figures[name] = {"seconds": seconds, "peak_memory_mb": peak / 1e6, "neurons": total["neurons"], "synapses": total["synapses"],
                             "cores": result["mapping"]["cores"]["used"], "image_mb": image.stat().st_size / 1e6, "synapses_per_second": total["synapses"] / seconds,
                             "peak_bytes_per_synapse": peak / total["synapses"], "of_roofline": image.stat().st_size / speed / seconds}
            roofline[f"{name}_bytes_per_second"] = speed
    return {"benchmark": "compile", **{f"{name}_{key}": value for name, entry in figures.items() for key, value in entry.items()}, "peer": {}, "roofline": roofline,
            "machine": machine()}


# --- Scale -------------------------------------------------------------------------------------------------------------------------

SHEET = (40, 25)  # Populations of 1,000 neurons.


def sheet_network(path, shuffled, sheet=SHEET, size=1000, within=400, beside=200):
    """A sheet of populations, each wired within itself and from its neighbours at random (fixed in-degrees: 1,001 synapses a neuron and an input
    of 50 neurons), one to one from its western neighbour; every tenth hears the northern neighbour of another tenth instead of its own. loihi1
    allows no more: four populations and the input are 4,050 of the 4,096 input axons of a core, and where every population feeds four and all are
    cut alike, a core needs 4,000 of its 4,096 output axons. `shuffled`: the populations are declared in random order, so that their order says
    nothing. Returns the number of synapses."""
    columns, rows = sheet
    places = [(x, y) for x in range(columns) for y in range(rows)]
    order, choose = list(places), random.Random(2)
    if shuffled:
        choose.shuffle(order)
    lines = ["snn.network @sheet dt 1.0e-3 seed 5 {", "  snn.input @drive shape [50] source #snn.poisson<[20.0], seed = 5>"]
    lines += [f"  snn.population @p{x}_{y} model @lif shape [{size}] params {{tau = 0.02, r = 20.0, v_threshold = 1.0}}" for x, y in order]
    synapses = 0

    def connect(kind, source, target, rule, each):
        nonlocal synapses
        lines.append(f'  snn.connect @{kind}_{target} from @{source} to @{target} delay 1 {rule} weights 0.001')
        synapses += each * size

    tenth = places[::10]
    far = dict(zip(tenth, choose.sample(tenth, len(tenth))))
    for x, y in order:
        name = f"p{x}_{y}"
        above = far.get((x, y), (x, y))
        north = f"p{above[0]}_{(above[1] + 1) % rows}"
        west, east = f"p{(x - 1) % columns}_{y}", f"p{(x + 1) % columns}_{y}"
        connect("drive", "drive", name, '"all_to_all" {}', 50)
        connect("within", name, name, f'"fixed_in_degree" {{k = {within}}}', within)
        for kind, source in (("west", west), ("east", east), ("north", north)):
            connect(kind, source, name, f'"fixed_in_degree" {{k = {beside}}}', beside)
        connect("relay", west, name, '"one_to_one" {}', 1)
    path.write_text("\n".join(lines) + "\n  snn.output @out from @p0_0\n}\n")
    return synapses


def scaled(run):
    """Figures of one `ranvier map network`."""
    result, seconds, peak = run
    figures = {key: result[key] for key in ("form", "neurons", "synapses", "cores", "chips", "order", "spikes_hops")}
    return {**figures, "sequential_spikes_hops": result["sequential"]["spikes_hops"], "sequential_cores": result["sequential"]["cores"],
            "sequential_placed": result["sequential"]["placed"], "seconds": seconds, "peak_memory_mb": peak / 1e6, "stages_seconds": result["seconds"], **({"exact": result["exact"]} if "exact" in result else {})}


def scale(root):
    """A million neurons for loihi1, partitioned, placed, routed and checked; process start to exit, peak resident memory (VmHWM) of the process."""
    ring = ("map", "network", "--target", "loihi1", "--generate", "small-world", "--neurons", 1000000, "--degree", 100, "--rewired", 0.05)
    figures = {"explicit": scaled(measured(root, *ring)), "explicit_shuffled": scaled(measured(root, *ring, "--shuffle"))}
    with tempfile.TemporaryDirectory() as tmp:
        for name, shuffled in (("by_rules", False), ("by_rules_shuffled", True)):
            path = pathlib.Path(tmp) / f"{name}.mlir"
            synapses = sheet_network(path, shuffled)
            figures[name] = scaled(measured(root, "map", "network", path, "--target", "loihi1"))
            assert (figures[name]["form"], figures[name]["synapses"]) == ("rules", synapses)
    return {"benchmark": "scale", **figures, "target": {"explicit": {"seconds": 240, "peak_memory_mb": 8000}, "by_rules": {"seconds": 20, "peak_memory_mb": 2000}},
            "machine": machine()}


BENCHMARKS = {"digits": digits, "engine": engine, "compile": compile_, "mapping": mapping, "partition": partition, "scale": scale, "rtl": rtl, "spinnaker": spinnaker, "crossbar": crossbar}


# --- Output ------------------------------------------------------------------------------------------------------------------------

def number(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def rows(result, prefix=""):
    """(path, value) of every figure, nested objects joined by a dot."""
    for key, value in result.items():
        if isinstance(value, dict):
            yield from rows(value, f"{prefix}{key}.")
        elif prefix or key != "benchmark":
            yield prefix + key, value


def commit_of(root):
    commit = subprocess.run(["git", "-C", str(root), "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip() or "unknown"
    changed = subprocess.run(["git", "-C", str(root), "status", "--porcelain", "--untracked-files=no"], capture_output=True, text=True).stdout.strip()
    return f"{commit}{' with changes' if changed else ''}"


def section(result, commit=None):
    about = result["machine"]
    when = [f"Commit {commit}, machine: {about['processor']}, {about['processors']} processors.", ""] if commit else []
    return [f"## {result['benchmark']}", "", *when, "| figure | value |", "|---|---|", *(f"| {name} | {number(value)} |" for name, value in rows(result) if not name.startswith("machine.processor")), ""]


def record(root, result):
    """Puts one benchmark into docs/results.md, in the place of an older run of it."""
    path = root / "docs" / "results.md"
    parts = re.split(r"(?m)^(?=## )", path.read_text())
    title = f"## {result['benchmark']}\n"
    text = "\n".join(section(result, commit_of(root)))
    kept = [text if part.startswith(title) else part.rstrip("\n") + "\n" for part in parts]
    path.write_text("\n".join(part.rstrip("\n") + "\n" for part in (kept if text in kept else [*kept, text])))


def write_results(root, results):
    about = results[0]["machine"]
    lines = ["# Results", "", "Written by `scripts/bench all`. Figures of one run on a shared machine: ratios measured in the same run (`of_roofline`, `jit_over_interp`)",
             "say more than any single figure. What each benchmark does: [bench/README.md](../bench/README.md). A section with a commit of its own was taken later (`--record`).", "",
             f"Commit {commit_of(root)}, machine: {about['processor']}, {about['processors']} processors.", ""]
    for result in results:
        lines += section(result)
    (root / "docs" / "results.md").write_text("\n".join(lines).rstrip("\n") + "\n")


def parsed(arguments):
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("name", choices=["all", *BENCHMARKS, "emulator"])
    parser.add_argument("case", nargs="?", choices=list(emulator.CASES), help="of emulator")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--record", action="store_true", help="put the figures into docs/results.md, in the place of an older run")
    parser.add_argument("--scale", type=float, help="of emulator: size of the network")
    parser.add_argument("--seconds", type=float, help="of emulator: biological time")
    parser.add_argument("--threads", type=int, help="of emulator microcircuit and million")
    options = parser.parse_args(arguments)
    if (options.name == "emulator") != (options.case is not None):
        parser.error(f"emulator, and nothing else, is followed by one of {', '.join(emulator.CASES)}")
    if options.name != "emulator" and (options.scale or options.seconds or options.threads):
        parser.error("--scale, --seconds and --threads are options of emulator")
    if options.threads and options.case not in ("microcircuit", "million"):
        parser.error("--threads is an option of emulator microcircuit and million")
    if options.scale and options.case == "gesture":
        parser.error("--scale is no option of emulator gesture: its layers have fixed sizes")
    for name in ("scale", "seconds", "threads"):
        value = getattr(options, name)
        if value is not None and not 0 < value < float("inf"):
            parser.error(f"--{name}: expected a number above 0, found {value}")
    if options.scale and options.scale > 1:
        parser.error(f"--scale: expected a number in (0, 1], found {options.scale}")
    return options


def main():
    root, options = pathlib.Path(sys.argv[1]), parsed(sys.argv[2:])
    tasks = {name: lambda root, run=run: run(root) for name, run in BENCHMARKS.items()}
    tasks.update({f"emulator {name}": lambda root, run=run: run(root, options) for name, run in emulator.CASES.items()})
    every = [*BENCHMARKS, *(f"emulator {name}" for name in emulator.IN_ALL)]
    wanted = every if options.name == "all" else [f"{options.name} {options.case}" if options.case else options.name]
    results = []
    for name in wanted:
        print(f"benchmark {name} ...", file=sys.stderr, flush=True)
        results.append(tasks[name](root))
        if options.record and options.name != "all":
            record(root, results[-1])
    if options.json:
        print(json.dumps(results[0] if options.name != "all" else {"benchmarks": results, "machine": machine()}, indent=2))
    else:
        for result in results:
            print(result["benchmark"])
            for name, value in rows(result):
                print(f"  {name:<48} {number(value)}")
    if options.name == "all":
        write_results(root, results)
        print("refreshed docs/results.md", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
