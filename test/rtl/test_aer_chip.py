# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""n1_chip_aer as a whole: random networks on a chip of 2 x 2 small nodes whose events come from a sender and go to a receiver that share no
clock with it. What the receiver gets in each step, values included, is what the emulator says, none lost and none doubled."""

import collections
import os
import pathlib
import random
import re
import tempfile
import unittest

import h5py

import flow

RANVIER = pathlib.Path(os.environ.get("RANVIER_BIN", flow.ROOT / "build" / "release" / "bin")) / "ranvier"
SEED = int(os.environ.get("RANVIER_RTL_SEED", "1"))
SEEDS = range(SEED, SEED + 4)
STEPS = 40
INPUTS, PLAIN, GRADED = 24, 56, 40

# The shipped chip with the sizes of test/unit/n1/N1Chip.cpp: a model of it is built in a fraction of the time.
SIZES = (("name: ranvier-n1", "name: n1-small"), ("neurons: {value: 256", "neurons: {value: 32"), ("synaptic_memory_bits: {value: 524288", "synaptic_memory_bits: {value: 65536"),
         ("program_words: {value: 512", "program_words: {value: 256"), ("table_words: {value: 1024", "table_words: {value: 64"), ("max_steps: 15", "max_steps: 7"),
         ("tiles_x: 4", "tiles_x: 2"), ("tiles_y: 4", "tiles_y: 2"), ("input_neurons: {value: 4096", "input_neurons: {value: 64"))

# What goes wrong on a wire of the bench (Bus.h), and how that is seen: None stands for other spikes than the emulator's.
FAULTS = {"lost-input": None, "doubled-input": None, "input-bit": None, "lost-output": None, "doubled-output": None, "output-bit": None, "payload-bit": None,
          "early-data": None, "lost-ack": "does not end"}

# Sends by how much a leaky sum has moved: events with values.
SENDER = """
snn.model @delta_sender {
  %tau = snn.parameter "tau" unit "s" : f32
  %step = snn.parameter "step" default 0.5 : f32
  %x = snn.receive "x" : f32
  %v = snn.state "v" : f32
  %sent = snn.state "sent" range [-64.0, 64.0] : f32
  %dt = snn.timestep : f32
  %a = arith.divf %dt, %tau : f32
  %d = arith.subf %x, %v : f32
  %dv = arith.mulf %a, %d : f32
  %v1 = arith.addf %v, %dv : f32
  %moved = arith.subf %v1, %sent : f32
  %size = math.absf %moved : f32
  %fire = arith.cmpf ogt, %size, %step : f32
  %sent1 = arith.select %fire, %v1, %sent : f32
  snn.update "v" = %v1 : f32
  snn.update "sent" = %sent1 : f32
  snn.spike %fire payload %moved : f32
}
"""


def weights(r, targets, sources, mean, deviation):
    rows = ", ".join("[" + ", ".join(f"{r.gauss(mean, deviation):.6e}" for _ in range(sources)) + "]" for _ in range(targets))
    return f"dense<[{rows}]> : tensor<{targets}x{sources}xf32>"


def network(r):
    """A population on the fast path that feeds itself, and one on the engine that sends values."""
    return f"""{SENDER}
snn.network @net dt 1.0e-3 {{
  snn.input @in shape [{INPUTS}]
  snn.population @plain model @lif shape [{PLAIN}] params {{tau = 0.02, r = 20.0, v_threshold = 1.0}}
  snn.population @graded model @delta_sender shape [{GRADED}] params {{tau = 0.01, step = 0.2}}
  snn.dense @feed from @in to @plain weights {weights(r, PLAIN, INPUTS, 0.1, 0.3)}
  snn.connect @again from @plain to @plain delay 3 "fixed_in_degree" {{k = 6}} weights 0.1
  snn.dense @on from @plain to @graded delay 2 weights {weights(r, GRADED, PLAIN, 0.1, 0.5)}
  snn.output @out from @graded
}}
"""


def constants(package):
    """The numbers of a package that stand there as numbers."""
    return {name: int(value) for name, value in re.findall(r"localparam int (\w+) = (\d+);", package.read_text(encoding="utf-8"))}


def program(package, changed=None):
    """The chip with its bench. `package` is the one that `ranvier export --readmemh` wrote; `changed` are other files of modules."""
    given = constants(package)
    nodes = given["COLUMNS"] * given["ROWS"]
    sources = nodes * given["NEURONS"] + given["HOST_INPUTS"]
    widths = {"n1_pkg.NODES": nodes, "n1_pkg.HOST_BITS": (given["HOST_INPUTS"] - 1).bit_length(), "n1_pkg.SOURCE_BITS": (sources - 1).bit_length()}
    bench = flow.HERE / "aer"
    # The bench is one file with a header beside it, which flow.program() is to know of.
    return flow.program("n1_chip_aer", widths, flow.sources("n1_chip_aer", {**flow.library(), "n1_pkg": package, **(changed or {})}), [bench / "ChipAer.cpp"], (bench / "Bus.h").read_text(encoding="utf-8"))


class Image:
    """A network of a seed, its inputs, and what the emulator makes of them."""

    def __init__(self, folder, seed):
        self.seed, self.folder = seed, folder / f"seed{seed}"
        self.folder.mkdir()
        r = random.Random(seed)
        chip, text, image, csv, recording = (self.folder / name for name in ("small.yaml", "net.mlir", "net.rvi", "in.csv", "out.h5"))
        description = (flow.ROOT / "hw-models" / "chips" / "ranvier-n1.yaml").read_text(encoding="utf-8")
        for old, new in SIZES:
            if description.count(old) != 1:
                raise flow.Failed(f"the chip's description has no single '{old}'")
            description = description.replace(old, new)
        chip.write_text(description, encoding="utf-8")
        text.write_text(network(r), encoding="utf-8")
        # A value of -1 has every bit of the payload.
        spikes = {(step, neuron): r.choice((1, 1, 2, 3, -1)) for step in range(1, STEPS + 1) for neuron in range(INPUTS) if r.random() < 0.6}
        csv.write_text("step,neuron,value\n" + "".join(f"{step},{neuron},{value}\n" for (step, neuron), value in spikes.items()), encoding="utf-8")
        flow.must([RANVIER, "compile", text, "--target", chip, "--seed", seed, "-o", image])
        flow.must([RANVIER, "export", image, "--readmemh", self.folder / "memories", "--grid", "2x2"])
        flow.must([RANVIER, "run", image, "--input", csv, "--steps", STEPS, "-o", recording])
        self.package, self.config = (self.folder / "memories" / name for name in ("n1_pkg.sv", "config.mem"))
        self.read(recording, spikes)

    def read(self, recording, spikes):
        """Events in and out of each step as {(step, address, payload): how many}, in the numbers of the chip."""
        readme = (self.folder / "memories" / "README.md").read_text(encoding="utf-8")
        (first_input,) = map(int, re.findall(r"^\| in \(input\) \| 0 to \d+ \| host input (\d+) \|", readme, re.M))
        source = {}
        for name, low, high, first in re.findall(r"^\| (\w+) \| (\d+) to (\d+) \| (\d+) \| \d+ \|$", readme, re.M):
            source.update({(name, neuron): int(first) + neuron - int(low) for neuron in range(int(low), int(high) + 1)})
        # The recording does not keep the values of inputs.
        self.inputs = [(step, first_input + neuron, value % 2**32) for (step, neuron), value in spikes.items()]
        self.expected = collections.Counter()
        with h5py.File(recording) as file:
            for name, group in file["populations"].items():
                steps, neurons = group["spike_steps"][()].tolist(), group["spike_neurons"][()].tolist()
                values = group["spike_values"][()].tolist() if "spike_values" in group else [1] * len(steps)
                for step, neuron, value in zip(steps, neurons, values, strict=True):
                    if name != "in":
                        self.expected[step, source[name, neuron], value % 2**32] += 1
        random.Random(self.seed).shuffle(self.inputs)
        self.inputs.sort(key=lambda event: event[0])
        self.events = self.folder / "events"
        self.events.write_text("".join(f"{step} {address} {payload}\n" for step, address, payload in self.inputs), encoding="utf-8")

    def run(self, chip, fault="none"):
        """(exit code, what the program said, the events that the receiver got)."""
        code, text = flow.run([chip, self.config, self.events, STEPS, self.seed, fault], timeout=300)
        return code, re.sub(r"^spike .*\n", "", text, flags=re.M), collections.Counter(tuple(map(int, spike)) for spike in re.findall(r"^spike (\d+) (\d+) (\d+)$", text, re.M))


@flow.needs("verilator", "g++")
class AerChip(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not RANVIER.exists():
            raise unittest.SkipTest("ranvier is not built")
        cls._folder = tempfile.TemporaryDirectory(prefix="ranvier-aer-")
        cls.addClassCleanup(cls._folder.cleanup)
        cls.images = [Image(pathlib.Path(cls._folder.name), seed) for seed in SEEDS]
        cls.chip = program(cls.images[0].package)

    def test_spikes_are_those_of_the_emulator(self):
        for image in self.images:
            with self.subTest(seed=image.seed):
                code, text, found = image.run(self.chip)
                self.assertEqual(code, 0, text)
                for what, spikes in (("missing", image.expected - found), ("not expected", found - image.expected)):
                    self.assertEqual(sorted(spikes.elements())[:10], [], f"{what}: (step, source, payload)")
                cycles, early = map(int, re.search(r"^ok: (\d+) cycles, (\d+) events before their step$", text, re.M).groups())
                print(f"seed {image.seed}: {len(image.inputs)} events in, {early} of them before their step, {found.total()} out, {cycles} cycles")
                # The run was about something: events in each step and of many sources, values, and early ones.
                self.assertGreater(len(image.inputs), 300)
                self.assertGreater(found.total(), 500)
                self.assertGreater(len({step for step, _, _ in found}), STEPS - 8)
                self.assertGreater(len({source for _, source, _ in found}), (PLAIN + GRADED) // 2)
                self.assertGreater(len({payload for _, _, payload in found}), 50)
                self.assertGreater(early, 2)

    def test_faults_on_the_wires_are_found(self):
        """What the test above rests on: each kind of fault between the chip and its partners makes it fail, and for the reason that it should."""
        image = self.images[0]
        for fault, message in FAULTS.items():
            with self.subTest(fault):
                code, text, found = image.run(self.chip, fault)
                if message:
                    self.assertEqual(code, 1, text)
                    self.assertIn(message, text)
                else:
                    self.assertEqual(code, 0, text)
                    self.assertNotEqual(found, image.expected)

    def test_an_early_end_of_a_step_is_found(self):
        """The chip with the fault that the bench was written for: a step that ends while its last event is on the bus."""
        text = flow.library()["n1_chip_aer"].read_text(encoding="utf-8")
        old = "assign idle_o = chip_idle & out_ready;"
        self.assertEqual(text.count(old), 1)
        # Not after reset: there is a check of its own for that.
        new = "assign idle_o = chip_idle & (out_ready | (u_chip.u_barrier.step_o != '0));"
        broken = flow.made("broken", [text, new], lambda folder: (folder / "n1_chip_aer.sv").write_text(text.replace(old, new)))
        code, text, _ = self.images[0].run(program(self.images[0].package, {"n1_chip_aer": broken / "n1_chip_aer.sv"}))
        self.assertEqual(code, 1, text)
        self.assertIn("idle_o rose in the middle of the last event's handshake", text)


if __name__ == "__main__":
    unittest.main()
