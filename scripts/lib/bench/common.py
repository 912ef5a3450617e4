# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What all benchmarks need: running programs with their time and memory, the machine, figures of others."""

import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

# Measured on an idle machine of two Zen 3 virtual cores, not in this run; networks differ, so no ratio is drawn.
PEERS = {
    "nest_3.10_brunel_events_per_second_per_core": 2.1e7,
    "nest_3.10_microcircuit_events_per_second_per_core": 4.0e6,
    "brian2_2.5.1_brunel_events_per_second_per_core": 5.0e7,
    "sana_fe_2.2_dvs_events_per_second": 5.0e6,
}


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    return {"processor": model, "processors": os.cpu_count(), "load_at_start": round(os.getloadavg()[0], 2)}


def call(program, *arguments):
    """(JSON on stdout, seconds, peak resident memory [bytes]) of one run of a program; its complaints end the benchmark."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as complaints:
        start = time.perf_counter()
        process = subprocess.Popen([str(program), *map(str, arguments)], stdout=out, stderr=complaints)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), complaints.seek(0)
        if process.returncode != 0:
            sys.exit(f"{program} {' '.join(map(str, arguments))}: exit code {process.returncode}\n{complaints.read()}")
        return json.loads(out.read()), seconds, usage.ru_maxrss * 1024


def measured(root, *arguments):
    return call(root / "build/release/bin/ranvier", *arguments, "--json")


def ranvier(root, *arguments):
    return measured(root, *arguments)[0]


def engine_program(root, *arguments):
    return call(root / "build/release/bench/bench-engine", *arguments)[0]


def spread(values):
    """(largest - smallest) / median: how quiet the machine was."""
    return (max(values) - min(values)) / statistics.median(values)


def script(path):
    """A script of examples/ as a module."""
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
