#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Spike statistics of a recording (`ranvier run -o`), population by population:

    spike_statistics.py RUN.h5 [--skip 0.5] [--bin 2] [--sample 200] [--json]

rate_hz        spikes per neuron and second
cv_isi         mean over neurons of the coefficient of variation of their inter-spike intervals; only neurons with at least three spikes
correlation    mean over pairs of Pearson's correlation of spike counts in bins; `correlation_deviation` is the spread over pairs.
               A random sample of the neurons that spike, the same for the same recording

--skip         seconds at the beginning that are left out
--bin          width of a bin [ms]
--sample       how many neurons of a population are correlated

Needs the Debian packages python3-h5py and python3-numpy.
"""

import argparse
import json
import sys

import h5py
import numpy as np


def cv_isi(steps, neurons):
    """Mean coefficient of variation of inter-spike intervals and the number of neurons it is over; None where no neuron has three spikes."""
    order = np.lexsort((steps, neurons))
    steps, neurons = steps[order].astype(np.float64), neurons[order]
    within = neurons[1:] == neurons[:-1]
    intervals, owners = np.diff(steps)[within], neurons[1:][within]
    if len(owners) == 0:
        return None, 0
    count = np.bincount(owners)
    total, squares = np.bincount(owners, intervals), np.bincount(owners, intervals * intervals)
    few = count >= 2
    mean = total[few] / count[few]
    variance = np.maximum(squares[few] / count[few] - mean * mean, 0)
    return (float(np.mean(np.sqrt(variance) / mean)), int(few.sum())) if few.any() else (None, 0)


def correlation(steps, neurons, bins, width, sample, seed=1):
    """Mean and deviation over pairs of the correlation of spike counts in `bins` bins of `width` steps; None with fewer than two neurons."""
    spiking = np.unique(neurons)
    if len(spiking) < 2 or bins < 2:
        return None, None
    chosen = np.sort(np.random.default_rng(seed).choice(spiking, min(sample, len(spiking)), replace=False))
    at = np.searchsorted(chosen, neurons)
    at[at == len(chosen)] = 0
    mine = (chosen[at] == neurons) & (steps < bins * width)
    counts = np.zeros((len(chosen), bins))
    np.add.at(counts, (at[mine], steps[mine] // width), 1)
    counts = counts[counts.std(axis=1) > 0]
    if len(counts) < 2:
        return None, None
    matrix = np.corrcoef(counts)
    pairs = matrix[np.triu_indices(len(counts), 1)]
    return float(pairs.mean()), float(pairs.std())


def statistics(path, skip=0.0, bin_ms=2.0, sample=200):
    """{population: figures}, in the order of the recording's names."""
    out = {}
    with h5py.File(path) as recording:
        dt, steps = float(recording.attrs["dt"]), int(recording.attrs["steps"])
        first, width = round(skip / dt), max(1, round(bin_ms * 1e-3 / dt))
        if first >= steps:
            sys.exit(f"{path}: nothing is left after --skip {skip}: the recording ends at {steps * dt:g} s")
        for name, population in recording["populations"].items():
            at = population["spike_steps"][()].astype(np.int64) - 1 - first
            neurons = population["spike_neurons"][()].astype(np.int64)[at >= 0]
            at = at[at >= 0]
            size = int(population.attrs["n"])
            cv, over = cv_isi(at, neurons)
            mean, deviation = correlation(at, neurons, (steps - first) // width, width, sample)
            out[name] = {"neurons": size, "spikes": len(at), "rate_hz": len(at) / size / ((steps - first) * dt), "cv_isi": cv, "cv_isi_neurons": over,
                         "correlation": mean, "correlation_deviation": deviation}
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording")
    parser.add_argument("--skip", type=float, default=0.5)
    parser.add_argument("--bin", type=float, default=2.0)
    parser.add_argument("--sample", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = statistics(arguments.recording, arguments.skip, arguments.bin, arguments.sample)
    if arguments.json:
        print(json.dumps(figures, indent=2))
        return 0
    text = lambda value: "-" if value is None else f"{value:.4g}"
    print(f"{'population':<14}{'neurons':>9}{'spikes':>10}{'rate [Hz]':>11}{'CV':>8}{'correlation':>13}{'+-':>9}")
    for name, row in figures.items():
        print(f"{name:<14}{row['neurons']:>9}{row['spikes']:>10}{row['rate_hz']:>11.3f}{text(row['cv_isi']):>8}{text(row['correlation']):>13}"
              f"{text(row['correlation_deviation']):>9}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
