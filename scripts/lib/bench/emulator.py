# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Worked networks on `reference`, through the command line: `scripts/bench emulator CASE`. Every case gives `real_time_factor` (wall time over
biological time) and `ns_per_event_per_core` (everything included; an event is a recurrent synapse whose source fires)."""

import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from bench.common import call, engine_program, machine, measured, script
from bench.gesture import gesture
from bench.ranks import ranks

DT = 1e-4
# NEST 3.10.0-post0, measured on an idle machine of two Zen 3 virtual cores, not in this run; microcircuit at full scale, constant current.
NEST_MICROCIRCUIT = {"source": "NEST 3.10.0-post0 on two Zen 3 virtual cores, recorded", "real_time_factor_2_threads": "126 to 147", "real_time_factor_1_thread": 237,
                     "ns_per_event_per_core": "249 to 309", "build_seconds": 175, "resident_gb": 14.9}
NEST_SCALED = {0.2: {"real_time_factor_2_threads": 5.8, "spikes_per_second": 42198}, 0.1: {"real_time_factor_2_threads": 2.3, "spikes_per_second": 999}}
DEFAULT_SCALE = 1.0  # Of the microcircuit.


# --- Running -----------------------------------------------------------------------------------------------------------------------

def compiled(root, folder, text, name, *options):
    """(image, figures) of a network given as text."""
    network, image = folder / f"{name}.mlir", folder / f"{name}.rvi"
    network.write_text(text)
    result, seconds, peak = measured(root, "compile", network, "--target", "reference", "-o", image, *options)
    return image, {"compile_seconds": seconds, "compile_memory_mb": peak / 1e6, "image_mb": image.stat().st_size / 1e6, "synapses": result["mapping"]["total"]["synapses"]}


def simulated(root, image, steps, threads, timing="off", *options):
    """Of one run: the loop's wall time, everything before and after it, peak resident memory (VmHWM), threads that ran, synapses (where connectors
    are rules, `compile` knows only what to expect), spikes by population."""
    result, seconds, peak = measured(root, "run", image, "--steps", steps, "--timing", timing, "--threads", threads, *options)
    return {"wall": result["wall"]["seconds"], "load": seconds - result["wall"]["seconds"], "peak": peak, "threads": result["machine"]["threads"], "synapses": result["machine"]["synapses"],
            "spikes": {name: entry["spikes"] for name, entry in result["populations"].items()}}


def after_warm_up(root, image, warm_up, seconds, threads, timing="off", *options):
    """The same without the first `warm_up` seconds of biological time: a run is deterministic, so it is one run less a shorter one."""
    short = simulated(root, image, round(warm_up / DT), threads, timing, *options) if warm_up else None
    run = simulated(root, image, round((warm_up + seconds) / DT), threads, timing, *options)
    if short:
        run["wall"] -= short["wall"]
        run["spikes"] = {name: count - short["spikes"][name] for name, count in run["spikes"].items()}
    return run


def in_turn(root, image, warm_up, seconds, rounds, cases, beside=lambda: None):
    """after_warm_up() of each of `cases` ({name: (threads, timing)}), `rounds` times in turn, so that a busy moment of the machine hits all of them: the
    fastest whole run less the fastest warm-up. `beside()` is called after each round."""
    runs = {name: ([], []) for name in cases}
    for _ in range(rounds):
        for name, (threads, timing) in cases.items():
            for length, kept in zip((warm_up, warm_up + seconds), runs[name]):
                kept.append(simulated(root, image, round(length / DT), threads, timing))
        beside()
    best = {name: [min(kept, key=lambda run: run["wall"]) for kept in both] for name, both in runs.items()}
    return {name: {**run, "wall": run["wall"] - short["wall"], "spikes": {of: count - short["spikes"][of] for of, count in run["spikes"].items()}}
            for name, (short, run) in best.items()}


def events_of(spikes, out_degrees):
    return sum(count * out_degrees[name] for name, count in spikes.items())


def roofline(root, threads):
    """ns per event and core of the bare kernel, one process, and `threads` processes at once."""
    program = [str(root / "build/release/bench/bench-engine"), "--roofline"]
    alone = engine_program(root, "--roofline")["events_per_second_1_thread"]
    running = [subprocess.Popen(program, stdout=subprocess.PIPE, text=True) for _ in range(threads)]
    together = [json.loads(process.communicate()[0])["events_per_second_1_thread"] for process in running]
    return {"kernel": "scatter-add of packed synapses", "ns_per_event_1_core": 1e9 / alone, "ns_per_event_per_core": 1e9 * threads / sum(together),
            "scaling": sum(together) / alone}


def segments_roofline(root, image, threads, *options):
    """ns per event and core of the kernel that reads what the image's own spikes make due and does nothing else, for each way to keep weights, with
    one thread and with `threads`."""
    return call(root / "build/release/bench/bench-segments", image, "--threads", threads, *options)[0]


def figures_of(run, seconds, out_degrees, limit):
    """The keys that every case has."""
    events = events_of(run["spikes"], out_degrees)
    ns = run["wall"] * run["threads"] / events * 1e9 if events else None
    return {"real_time_factor": run["wall"] / seconds, "ns_per_event_per_core": ns, "of_roofline": limit / ns if ns else None, "events_per_biological_second": events / seconds,
            "spikes": sum(run["spikes"].values()), "load_seconds": run["load"], "resident_mb": run["peak"] / 1e6, "threads": run["threads"]}


def text_of(write, *arguments):
    import io
    out = io.StringIO()
    write(*arguments, out)
    return out.getvalue()


# --- Microcircuit ------------------------------------------------------------------------------------------------------------------

def microcircuit_text(root, scale, drive="dc"):
    """(text, out-degrees by population, published rates) of examples/microcircuit."""
    generator = script(root / "examples" / "microcircuit" / "generate.py")
    net = generator.Microcircuit(scale, drive)
    degrees = {name: sum(row[s] for row in net.synapses) / net.neurons[s] for s, name in enumerate(generator.POPULATIONS)}
    return text_of(generator.write, net, 1), degrees, dict(zip(generator.POPULATIONS, generator.RATES_HZ)), dict(zip(generator.POPULATIONS, net.neurons))


def microcircuit(root, options):
    scale, seconds, warm_up, threads = options.scale or DEFAULT_SCALE, options.seconds or 10.0, 0.5, options.threads or min(2, os.cpu_count())
    with tempfile.TemporaryDirectory() as tmp:
        folder = pathlib.Path(tmp)
        text, degrees, published, neurons = microcircuit_text(root, scale)
        image, about = compiled(root, folder, text, "dc")
        limits = segments_roofline(root, image, threads)
        limit = {weights: limits[weights]["ns_per_event_per_core"] for weights in ("f32", "i16")}
        run = after_warm_up(root, image, warm_up, seconds, threads)
        about["synapses"] = run["synapses"]
        result = {"benchmark": "emulator microcircuit", "scale": scale, "biological_seconds": seconds, **figures_of(run, seconds, degrees, limit["f32"]), **about}
        result["rates_hz"] = {name: count / neurons[name] / seconds for name, count in run["spikes"].items()}
        result["published_rates_hz"] = published
        result["largest_deviation_of_rates"] = max(abs(rate / published[name] - 1) for name, rate in result["rates_hz"].items())
        beside, shorter = {}, max(0.5, seconds / 5)
        narrow = after_warm_up(root, image, warm_up, seconds, threads, "off", "--weights", "i16")
        beside["i16"] = figures_of(narrow, seconds, degrees, limit["i16"])
        timings = in_turn(root, image, warm_up, shorter, 2, {"fast": (threads, "fast"), "off": (threads, "off")})
        beside["timing_fast"] = {"real_time_factor": timings["fast"]["wall"] / shorter, "over_timing_off": timings["fast"]["wall"] / timings["off"]["wall"]}
        image, _ = compiled(root, folder, microcircuit_text(root, scale, "poisson")[0], "poisson")
        poisson = after_warm_up(root, image, warm_up, shorter, threads)
        beside["poisson"] = {**figures_of(poisson, shorter, degrees, limit["f32"]),
                             "rates_hz": {name: count / neurons[name] / shorter for name, count in poisson["spikes"].items()}}
    target = {"real_time_factor_f32": 2.6, "real_time_factor_i16": 1.8, "ns_per_event_per_core": 5, "load_seconds": 30, "resident_mb": 2200,
              "largest_deviation_of_rates": 0.12, "events_per_biological_second": 9e8} if scale == 1.0 else {}
    return {**result, "beside": beside, "target": target, "peer": NEST_MICROCIRCUIT if scale == 1.0 else NEST_SCALED.get(scale, {}), "roofline": limits, "machine": machine()}


def scaling(root, options):
    """The microcircuit with one thread and with two, and its kernel likewise, in between."""
    scale, seconds, warm_up = options.scale or DEFAULT_SCALE, options.seconds or 2.0, 0.5
    limits = []
    with tempfile.TemporaryDirectory() as tmp:
        text, degrees, _, _ = microcircuit_text(root, scale)
        image, about = compiled(root, pathlib.Path(tmp), text, "dc")
        runs = in_turn(root, image, warm_up, seconds, 3, {1: (1, "off"), 2: (2, "off")}, lambda: limits.append(segments_roofline(root, image, 2, "--weights", "f32")))
    one, two = runs[1], runs[2]
    assert one["spikes"] == two["spikes"], "the number of threads changed spikes"
    about["synapses"] = one["synapses"]
    kernel = {**limits[0]["f32"], **{key: min(limit["f32"][key] for limit in limits) for key in ("ns_per_event_1_core", "ns_per_event_per_core")}}
    kernel["scaling"] = 2 * kernel["ns_per_event_1_core"] / kernel["ns_per_event_per_core"]
    scaled = one["wall"] / two["wall"]
    return {"benchmark": "emulator scaling", "scale": scale, **figures_of(two, seconds, degrees, kernel["ns_per_event_per_core"]), **about, "real_time_factor_1_thread": one["wall"] / seconds,
            "scaling": scaled, "of_roofline_scaling": scaled / kernel["scaling"], "target": {"scaling": 1.7}, "peer": {}, "roofline": {"kernel": limits[0]["kernel"], **kernel}, "machine": machine()}


# --- Balanced networks -------------------------------------------------------------------------------------------------------------

def million(root, options):
    """A million neurons of the Brunel network with 1,000 synapses each, by rule."""
    neurons, synapses = round(1_000_000 * (options.scale or 1.0)), 1000
    seconds, threads = options.seconds or 0.1, options.threads or min(2, os.cpu_count())
    limits = roofline(root, threads)
    generator = script(root / "examples" / "balanced" / "generate.py")
    with tempfile.TemporaryDirectory() as tmp:
        image, about = compiled(root, pathlib.Path(tmp), text_of(generator.write, "brunel", neurons, float(synapses), "number", 1), "million")
        run = simulated(root, image, round(seconds / DT), threads)
    about["synapses"] = run["synapses"]
    figures = figures_of(run, seconds, {"E": synapses, "I": synapses}, limits["ns_per_event_per_core"])
    return {"benchmark": "emulator million", "neurons": neurons, **figures, **about, "resident_bytes_per_synapse": run["peak"] / about["synapses"],
            "target": {"resident_mb": 8000} if neurons == 1_000_000 else {}, "peer": {}, "roofline": limits, "machine": machine()}


def brian_installed():
    return subprocess.run(["/usr/bin/python3", "-c", "import brian2"], capture_output=True).returncode == 0


@contextlib.contextmanager
def brian(root, name, text, synapses, folder, seconds):
    """A function that simulates the network of the text once, or None where Brian2 is not installed."""
    if not brian_installed():
        yield None
        return
    import numpy as np
    from bench import drawn
    np.savez(folder / "network.npz", synapses=synapses, **drawn.balanced(text))
    with open(folder / "brian.log", "w") as log:
        process = subprocess.Popen(["/usr/bin/python3", str(root / "scripts/lib/bench/brian.py"), name, str(folder / "network.npz"), str(folder / "brian"), str(seconds)],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})

        def answer():
            for line in process.stdout:
                if line.startswith("{"):
                    return json.loads(line)
            process.wait()
            sys.exit("Brian2 failed:\n" + (folder / "brian.log").read_text()[-3000:])

        about = answer()

        def simulate():
            process.stdin.write("go\n")
            process.stdin.flush()
            return answer()

        yield about, simulate
        process.stdin.close()
        process.wait()


def balanced(root, name, options):
    """One of the networks of examples/balanced beside Brian2, which gets the same synapses and initial values: in turn, one thread each, the
    fastest of several runs on both sides, because other work on the machine only ever adds time."""
    generator = script(root / "examples" / "balanced" / "generate.py")
    _, neurons, synapses = generator.NETWORKS[name]
    neurons, seconds = round(neurons * (options.scale or 1.0)), options.seconds or 1.0
    text = text_of(generator.write, name, neurons, float(synapses), "probability", 1)
    limits = roofline(root, 1)
    with tempfile.TemporaryDirectory() as tmp:
        image, about = compiled(root, pathlib.Path(tmp), text, name)
        with brian(root, name, text, synapses, pathlib.Path(tmp), seconds) as peer:
            ours, theirs = [], []
            for _ in range(5 if name != "brunel" else 3):
                ours.append(simulated(root, image, round(seconds / DT), 1))
                if peer:
                    theirs.append(peer[1]())
    run = dict(ours[0], wall=min(entry["wall"] for entry in ours), load=min(entry["load"] for entry in ours))
    sizes = {"E": neurons * 4 // 5, "I": neurons - neurons * 4 // 5}
    about["synapses"] = run["synapses"]
    degree = about["synapses"] / neurons
    result = {"benchmark": f"emulator {name}", "neurons": neurons, **figures_of(run, seconds, {"E": degree, "I": degree}, limits["ns_per_event_per_core"]), **about,
              "seconds": run["wall"], "rates_hz": {key: count / sizes[key] / seconds for key, count in run["spikes"].items()}}
    if not peer:
        return {**result, "peer": {"skipped": "Brian2 is not installed (python3-brian)"}, "roofline": limits, "machine": machine()}
    theirs_seconds = min(entry["loop_seconds"] for entry in theirs)
    rates = {key: statistics.mean(entry["spikes"][key] for entry in theirs) / sizes[key] / seconds for key in sizes}
    assert peer[0]["synapses"] == about["synapses"], "Brian2 has other synapses"
    return {**result, "faster_than_brian2": theirs_seconds / run["wall"], "largest_deviation_of_rates": max(abs(result["rates_hz"][key] / rates[key] - 1) for key in sizes),
            "target": {"faster_than_brian2": 4}, "peer": {"name": f"Brian2 {peer[0]['version']}, C++ standalone, one thread, the same synapses and initial values, run live",
                                                          "seconds": theirs_seconds, "with_loading_seconds": min(entry["seconds"] for entry in theirs),
                                                          "build_seconds": peer[0]["build_seconds"], "rates_hz": rates}, "roofline": limits, "machine": machine()}


CASES = {"microcircuit": microcircuit, "brunel": lambda root, options: balanced(root, "brunel", options), "cuba": lambda root, options: balanced(root, "cuba", options),
         "coba": lambda root, options: balanced(root, "coba", options), "million": million, "scaling": scaling, "gesture": gesture, "ranks": ranks}
IN_ALL = list(CASES)
