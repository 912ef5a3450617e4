#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Benchmarks by name; each prints one JSON object: our figures at the top, `peer`, `roofline`, `machine`."""

import json
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

PEERS = {
    "note": "peers measured on a machine of two Zen 3 virtual cores, not in this run; networks differ, so no ratio is drawn",
    "nest_3.10_brunel_events_per_second_per_core": 2.1e7,
    "brian2_2.5.1_brunel_events_per_second_per_core": 5.0e7,
    "sana_fe_2.2_dvs_simple_events_per_second_per_core": 5.0e6,
}


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    cores = sum(line.startswith("processor") for line in open("/proc/cpuinfo"))
    return {"cpu": model, "cores": cores}


def ranvier(root, *arguments):
    done = subprocess.run([str(root / "build/release/bin/ranvier"), *map(str, arguments), "--json"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def digits(root):
    """The 450 test images of the digits network on loihi1, one worker; median of five runs, executors in turn."""
    folder = root / "examples" / "digits"
    with tempfile.TemporaryDirectory() as tmp:
        image = pathlib.Path(tmp) / "digits.rvi"
        ranvier(root, "compile", folder / "network.nir", "--target", "loihi1", "-o", image)
        rates = {"jit": [], "interp": [], "jit_timing_off": []}
        events = 0
        for _ in range(5):
            for name in rates:
                options = ["--executor", name.split("_")[0]] + (["--timing", "off"] if name.endswith("off") else [])
                result = ranvier(root, "eval", image, "--data", folder / "test_set.h5", *options)
                steps = result["samples"] * (result["steps"] + result["depth"])
                rates[name].append(steps / result["wall"]["seconds"])
                if name == "jit":
                    events = result["totals"]["synaptic_events"] / steps
    median = {name: statistics.median(values) for name, values in rates.items()}
    return {"benchmark": "digits", "steps_per_second": median["jit"], "steps_per_second_interp": median["interp"],
            "steps_per_second_timing_off": median["jit_timing_off"], "jit_over_interp": median["jit"] / median["interp"],
            "timing_fast_over_off": median["jit_timing_off"] / median["jit"],
            "synaptic_events_per_second": median["jit"] * events, "peer": PEERS, "roofline": {}, "machine": machine()}


def engine(root):
    done = subprocess.run([str(root / "build/release/bin/bench-engine")], capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    result.setdefault("benchmark", "engine")
    result.setdefault("peer", PEERS)
    result.setdefault("machine", machine())
    return result


def mapping(root):
    """Placement, routing and table compression on PACMAN's own test data, beside what PACMAN needs for them."""
    data = root.parent / "shared" / "benchmarks"
    peer = {"pop100x10_rand5": {"hops": 16301, "entries_total": 1951, "seconds": 0.26}, "pop1000x1_rand8": {"hops": 19548, "entries_total": 20548, "seconds": 1.0},
            "pop1000x1_local8_shuffled": {"hops": 19499, "entries_total": 20499, "seconds": 0.85}, "many_to_one": {"entries_total": 2507, "entries_max": 906, "seconds": 2.1},
            "table1": {"entries_total": 736, "seconds": 0.18}, "table2": {"entries_total": 551, "seconds": 0.09}}
    if not data.is_dir():
        return {"benchmark": "mapping", "skipped": "the shared folder with the instances is not there", "peer": peer, "machine": machine()}
    ours = {}
    for command, pattern in (("place-route", "place_route/*.json"), ("compress", "routing_tables/*.gz")):
        for entry in ranvier(root, "map", command, *sorted(data.glob(pattern)))["files"]:
            ours[entry["file"].split(".")[0]] = {key: entry[key] for key in ("hops", "entries_total", "entries_max", "seconds", "verified") if key in entry}
    bound = {"many_to_one": {"entries_total": 866}, "note": "distinct routes of keys that need an entry: no table can be shorter"}
    return {"benchmark": "mapping", **ours, "peer": {"note": "PACMAN, measured on a machine of two Zen 3 virtual cores, not in this run", **peer},
            "roofline": bound, "machine": machine()}


BENCHMARKS = {"digits": digits, "engine": engine, "mapping": mapping}


def show(result, indent=""):
    for key, value in result.items():
        if isinstance(value, dict):
            print(f"{indent}{key}:")
            show(value, indent + "  ")
        else:
            print(f"{indent}{key}: {value:.6g}" if isinstance(value, float) else f"{indent}{key}: {value}")


def write_results(root, results):
    commit = subprocess.run(["git", "-C", str(root), "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    lines = ["# Results", "", "Written by `scripts/bench all`; figures of one run on a shared machine: quote ratios, not single figures.", "",
             f"Commit {commit}, machine: {machine()['cpu']}, {machine()['cores']} cores.", ""]
    for result in results:
        lines += [f"## {result['benchmark']}", "", "| figure | value |", "|---|---|"]

        def rows(prefix, mapping):
            for key, value in mapping.items():
                if key in ("benchmark", "machine"):
                    continue
                if isinstance(value, dict):
                    rows(f"{prefix}{key}.", value)
                else:
                    lines.append(f"| {prefix}{key} | {value:.4g} |" if isinstance(value, float) else f"| {prefix}{key} | {value} |")

        rows("", result)
        lines.append("")
    page = root / "docs" / "results.md"
    tail = ""
    if page.exists() and "\n# Recorded by hand\n" in page.read_text():
        tail = "\n# Recorded by hand\n" + page.read_text().split("\n# Recorded by hand\n", 1)[1]
    page.write_text("\n".join(lines) + tail)


def main():
    root, arguments = pathlib.Path(sys.argv[1]), sys.argv[2:]
    names = [a for a in arguments if not a.startswith("--")]
    unknown = [a for a in arguments if a.startswith("--") and a != "--json"] + [n for n in names if n != "all" and n not in BENCHMARKS]
    if unknown or len(names) != 1:
        print(f"scripts/bench: expected one of all, {', '.join(BENCHMARKS)} and perhaps --json, found {' '.join(arguments)}", file=sys.stderr)
        return 2
    chosen = list(BENCHMARKS) if names[0] == "all" else names
    results = []
    for name in chosen:
        print(f"benchmark {name} ...", file=sys.stderr, flush=True)
        results.append(BENCHMARKS[name](root))
    if "--json" in arguments:
        print(json.dumps(results[0] if len(results) == 1 else {"benchmarks": results}, indent=2))
    else:
        for result in results:
            show(result)
            print()
    if names[0] == "all":
        write_results(root, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
