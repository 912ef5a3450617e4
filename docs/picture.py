#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Draws docs/picture.svg from a real run: one digit through the emulated chip, the figures of the whole test set, the chip's floor plan.

    docs/picture.py [--bin build/release/bin] [-o docs/picture.svg]

Nothing in the picture is typed in: spikes, counts, accuracy, time, energy and load come from `ranvier`. The same build draws the same bytes.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
DIGITS = ROOT / "examples" / "digits"
SAMPLE = 11
STEP, LEFT = 20, 196                      # width of a step, left edge of the raster
BANDS = {"input": (64, 1.7), "lif1": (96, 1.7), "lif2": (10, 12.0)}  # population: rows, height of a row
TITLES = {"input": "64 inputs", "lif1": "96 hidden neurons", "lif2": "10 output neurons"}

STYLE = """
  .back { fill: #ffffff; stroke: #d0d7de } text { font-family: system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2328; font-size: 13px }
  .small { font-size: 11px; fill: #59636e } .large { font-size: 26px; font-weight: 600 } .grid { stroke: #d8dee4 } .band { fill: #f3f5f7 }
  .input { fill: #57606a } .lif1 { fill: #0969da } .lif2 { fill: #bc4c00 } .tile { fill: #f3f5f7; stroke: #d0d7de } .core { fill: #e3e8ec } .used { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    .back { fill: #0d1117; stroke: #3d444d } text { fill: #f0f6fc } .small { fill: #9198a1 } .grid { stroke: #30363d } .band { fill: #151b23 }
    .input { fill: #b7bdc8 } .lif1 { fill: #4493f8 } .lif2 { fill: #f0883e } .tile { fill: #151b23; stroke: #3d444d } .core { fill: #262c36 } .used { fill: #4493f8 }
  }
"""


class Tool:
    def __init__(self, folder, tmp):
        self.program, self.tmp = folder / "ranvier", tmp

    def json(self, *arguments):
        done = subprocess.run([str(self.program), *map(str, arguments), "--json"], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        return json.loads(done.stdout)

    def spikes(self, recording, population):
        path = self.tmp / f"{population}.csv"
        self.json("export", recording, "--spikes", "csv", "--population", population, "-o", path)
        with open(path) as f:
            return [(int(row["step"]), int(row["neuron"])) for row in csv.DictReader(f)]


def measure(folder):
    """Everything the picture shows."""
    with tempfile.TemporaryDirectory() as tmp:
        tool = Tool(folder, pathlib.Path(tmp))
        image, reference, recording = tool.tmp / "digits.rvi", tool.tmp / "reference.rvi", tool.tmp / "run.h5"
        tool.json("compile", DIGITS / "network.nir", "--target", "loihi1", "-o", image)
        tool.json("compile", DIGITS / "network.nir", "--target", "reference", "-o", reference)
        result = {"chip": tool.json("eval", image, "--data", DIGITS / "test_set.h5"), "float": tool.json("eval", reference, "--data", DIGITS / "test_set.h5")}
        result["steps"] = result["chip"]["steps"] + result["chip"]["depth"]
        tool.json("run", image, "--input", DIGITS / "test_set.h5", "--sample", SAMPLE, "--steps", result["steps"], "-o", recording)
        result["spikes"] = {population: tool.spikes(recording, population) for population in BANDS}
        result["cores"] = tool.json("inspect", image)["cores"]
        (result["target"],) = [chip for chip in tool.json("targets")["targets"] if chip["name"] == "loihi1"]
        return result


def rect(x, y, width, height, name, extra=""):
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" class="{name}"{extra}/>'


def text(x, y, words, name="", anchor="start"):
    attributes = (f' class="{name}"' if name else "") + ("" if anchor == "start" else f' text-anchor="{anchor}"')
    return f'<text x="{x:g}" y="{y:g}"{attributes}>{words}</text>'


def digit(data):
    """The image as the network gets it: how often each pixel spiked."""
    counts = [sum(neuron == pixel for _, neuron in data["spikes"]["input"]) for pixel in range(64)]
    out = [text(24, 40, "one test image"), rect(24, 52, 128, 128, "band")]
    for pixel, count in enumerate(counts):
        if count:
            out.append(rect(24 + pixel % 8 * 16, 52 + pixel // 8 * 16, 16, 16, "input", f' fill-opacity="{count / max(counts):.2f}"'))
    return out + [text(24, 198, "8 x 8 pixels as spikes:", "small"), text(24, 213, "the stronger, the more", "small"), text(24, 228, "of 16 steps of 1 ms", "small")]


def raster(data):
    out, y = [text(LEFT, 40, "its spikes on the emulated chip")], 52
    width = data["steps"] * STEP
    for population, (rows, height) in BANDS.items():
        out.append(rect(LEFT, y, width, rows * height, "band"))
        for step in range(0, data["steps"] + 1, 4):
            out.append(f'<line x1="{LEFT + step * STEP}" y1="{y}" x2="{LEFT + step * STEP}" y2="{y + rows * height:g}" class="grid"/>')
        marks = "".join(f"M{LEFT + (step - 1) * STEP + 2} {y + neuron * height + height / 2:.1f}h{STEP - 4}" for step, neuron in sorted(data["spikes"][population]))
        colour = {"input": "input", "lif1": "lif1", "lif2": "lif2"}[population]
        out.append(f'<g class="{colour}"><path d="{marks}" fill="none" stroke-width="{max(1.3, height * 0.6):.1f}" class="stroke-{colour}"/></g>')
        out.append(text(LEFT, y + rows * height + 13, f"{TITLES[population]}, {len(data['spikes'][population])} spikes", "small"))
        if population == "lif2":
            counts = [sum(neuron == k for _, neuron in data["spikes"]["lif2"]) for k in range(rows)]
            best = counts.index(max(counts))
            for k, count in enumerate(counts):
                name = "" if k == best else "small"
                out.append(text(LEFT + width + 10, y + k * height + 10, f"{k}" + (f": {count} spike{'s' if count > 1 else ''}" if count else ""), name))
        y += rows * height + 24
    out.append(text(LEFT + width, y - 11, f"{data['steps']} steps", "small", "end"))
    return out


def figures(data, x):
    chip, reference = data["chip"], data["float"]
    out = [text(x, 40, f"all {chip['samples']} test images")]
    lines = [(f"{chip['accuracy'] * 100:.2f} %", f"right (float network: {reference['accuracy'] * 100:.2f} %)"),
             (f"{chip['latency_us']['mean']:.1f} us", f"an image on the chip (p99 {chip['latency_us']['p99']:.1f} us)"),
             (f"{chip['energy_uj']['mean']:.2f} uJ", f"an image, dynamic (p99 {chip['energy_uj']['p99']:.2f} uJ)")]
    for k, (value, words) in enumerate(lines):
        out += [text(x, 78 + k * 52, value.replace("us", "&#181;s").replace("uJ", "&#181;J"), "large"), text(x, 95 + k * 52, words.replace(" us", " &#181;s").replace(" uJ", " &#181;J"), "small")]
    return out


def floor_plan(data, x, y):
    """Tiles in columns, four cores each, as the chip's description numbers them; opacity is the core's largest share of a limit."""
    columns, rows, size = 8, 4, 28
    per_tile = data["target"]["cores_per_chip"] // (columns * rows)
    used = {core["core"]: core for core in data["cores"] if core["chip"] == 0}
    binding = data["chip"]["mapping"]["binding"]
    out = [text(x, y - 12, f"{len(data['cores'])} of {data['target']['cores_per_chip']} cores used")]
    for tile in range(columns * rows):
        left, top = x + tile // rows * (size + 2), y + tile % rows * (size + 2)
        out.append(rect(left, top, size, size, "tile"))
        for k in range(per_tile):
            core = tile * per_tile + k
            out.append(rect(left + 3 + k % 2 * 12, top + 3 + k // 2 * 12, 10, 10, "used" if core in used else "core"))
    bottom = y + rows * (size + 2) + 14
    out.append(text(x, bottom, f"chip {binding['chip']} core {binding['core']}: {used[binding['core']]['neurons']} neurons, {used[binding['core']]['synapses']:,} synapses", "small"))
    out.append(text(x, bottom + 15, f"closest limit: {binding['limit']}, {binding['max_used']} of {binding['available']}", "small"))
    return out


def draw(data):
    right = LEFT + data["steps"] * STEP + 96
    parts = digit(data) + raster(data) + figures(data, right) + floor_plan(data, right, 262)
    width, height = right + 266, int(52 + sum(rows * size + 24 for rows, size in BANDS.values()) + 8)
    strokes = "".join(f".stroke-{name} {{ stroke: {light} }} " for name, light in (("input", "#57606a"), ("lif1", "#0969da"), ("lif2", "#bc4c00")))
    dark = "".join(f".stroke-{name} {{ stroke: {colour} }} " for name, colour in (("input", "#b7bdc8"), ("lif1", "#4493f8"), ("lif2", "#f0883e")))
    style = STYLE + f"  {strokes}\n  @media (prefers-color-scheme: dark) {{ {dark}}}\n"
    body = "\n".join([rect(0.5, 0.5, width - 1, height - 1, "back", ' rx="8"'), *parts])
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">\n'
            f"<title>A handwritten digit on the emulated Loihi chip</title>\n"
            f"<desc>Spikes of one test image in three layers, accuracy, time and energy of all test images, and the cores in use.</desc>\n"
            f"<style>{style}</style>\n{body}\n</svg>\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "release" / "bin")
    parser.add_argument("-o", "--output", type=pathlib.Path, default=ROOT / "docs" / "picture.svg")
    arguments = parser.parse_args()
    arguments.output.write_text(draw(measure(arguments.bin)), encoding="utf-8")


if __name__ == "__main__":
    main()
