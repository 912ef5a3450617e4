# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`run --inject`: spikes that come while a run goes on act as if they had been given before it, whenever they come; late ones are dropped and counted."""

import json
import os
import subprocess
import threading
import time

import h5py
import numpy as np

from ranvier import BIN, Case


class Inject(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        text = cls.tmp / "net.mlir"
        text.write_text("""snn.network @net dt 1.0e-3 seed 5 {
  snn.input @left shape [40]
  snn.input @right shape [30]
  snn.input @noise shape [20] source #snn.poisson<[20.0], seed = 3>
  snn.population @a model @if_curr_exp shape [60]
  snn.connect @l from @left to @a receptor "excitatory" delay 2 "fixed_probability" {p = 0.4} weights 3.0 seed 1
  snn.connect @r from @right to @a receptor "inhibitory" delay 1 "fixed_probability" {p = 0.4} weights 1.0 seed 2
  snn.connect @n from @noise to @a receptor "excitatory" delay 1 "fixed_probability" {p = 0.4} weights 2.0 seed 4
  snn.output @out from @a
}
""")
        cls.images = {}
        for target in ("spinnaker1", "reference"):
            cls.images[target] = cls.tmp / f"{target}.rvi"
            subprocess.run([str(BIN / "ranvier"), "compile", str(text), "--target", target, "-o", str(cls.images[target])], check=True, capture_output=True)
        choose = np.random.default_rng(7)
        cls.left = sorted(set(zip(choose.integers(1, 201, 900).tolist(), choose.integers(0, 40, 900).tolist())))
        cls.right = sorted(set(zip(choose.integers(1, 201, 300).tolist(), choose.integers(0, 30, 300).tolist())))

    def lines(self, name, spikes, extra=""):
        path = self.tmp / name
        path.write_text("step,neuron\n# a comment\n\n" + "".join(f"{step},{neuron}\n" for step, neuron in spikes) + extra)
        return path

    def spikes(self, recording):
        with h5py.File(recording) as file:
            return {name: (group["spike_steps"][...].tolist(), group["spike_neurons"][...].tolist()) for name, group in file["populations"].items()}

    def sonata(self, name, trains):
        """Spikes given before the run: every spike in the middle of its step."""
        path = self.tmp / name
        with h5py.File(path, "w") as file:
            for population, spikes in trains.items():
                group = file.create_group(f"spikes/{population}")
                group["timestamps"] = np.array([step - 0.5 for step, _ in spikes])
                group["timestamps"].attrs["units"] = "ms"
                group["node_ids"] = np.array([neuron for _, neuron in spikes], dtype=np.int64)
        return path

    def test_as_if_they_had_been_given_before(self):
        given = self.sonata("given.h5", {"left": self.left, "right": self.right})
        left, right = self.lines("left.csv", self.left), self.lines("right.csv", self.right)
        for target, image in self.images.items():
            for timing in ("off", "fast"):
                before, after = self.tmp / "before.h5", self.tmp / "after.h5"
                first = self.json("run", image, "--input", given, "--steps", 200, "--timing", timing, "-o", before)
                second = self.json("run", image, "--inject", f"left={left}", "--inject", f"right={right}", "--steps", 200, "--timing", timing, "-o", after)
                self.assertEqual(self.spikes(before), self.spikes(after))
                self.assertGreater(len(self.spikes(after)["a"][0]), 100)
                self.assertEqual(first["totals"], second["totals"])  # packets, events and times among them
                self.assertNotIn("injected", first)
                self.assertEqual(second["injected"], [{"population": name, "received": len(one), "send_multicast_packets": len(one), "late_packets": 0}
                                                      for name, one in (("left", self.left), ("right", self.right))])

    def test_slowly_through_a_pipe_and_stdin(self):
        """What is written piece by piece, one spike split between two pieces, gives the same; the run has waited for it."""
        image, recording, whole = self.images["spinnaker1"], self.tmp / "slow.h5", self.tmp / "whole.h5"
        left, pipe = self.lines("left.csv", self.left), self.tmp / "pipe"
        self.json("run", image, "--inject", f"left={left}", "--inject", f"right={self.lines('right.csv', self.right)}", "--steps", 200, "--timing", "off", "-o", whole)
        os.mkfifo(pipe)
        text = "".join(f"{step},{neuron}\n" for step, neuron in self.right)

        def write():
            with open(pipe, "w") as out:
                for piece in (text[:1001], text[1001:1003], text[1003:]):
                    out.write(piece)
                    out.flush()
                    time.sleep(0.2)

        writer = threading.Thread(target=write)
        writer.start()
        begun = time.monotonic()
        done = subprocess.run([str(BIN / "ranvier"), "run", str(image), "--inject", "left=-", "--inject", f"right={pipe}", "--steps", "200", "--timing", "off", "-o", str(recording), "--json"],
                              input=left.read_text(), capture_output=True, text=True, timeout=60)
        writer.join()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(time.monotonic() - begun, 0.35)
        self.assertEqual(self.spikes(whole), self.spikes(recording))

    def test_late_ones_are_dropped_and_counted(self):
        image, early, late = self.images["spinnaker1"], self.tmp / "early.h5", self.tmp / "late.h5"
        self.json("run", image, "--inject", f"left={self.lines('some.csv', [(5, 1), (9, 2)])}", "--steps", 20, "--timing", "off", "-o", early)
        # 8 comes after 9 has been asked for; 9 again does not, nor does 25, which no step asks for.
        done = self.call("run", image, "--inject", f"left={self.lines('some.csv', [(5, 1), (9, 2), (8, 3), (8, 4), (25, 0)])}", "--steps", 20, "--timing", "off", "-o", late, "--json")
        self.assertEqual(json.loads(done.stdout)["injected"][0], {"population": "left", "received": 5, "send_multicast_packets": 2, "late_packets": 2})
        self.assertIn("2 spikes injected into 'left' came after their step", done.stderr)
        self.assertEqual(self.spikes(early), self.spikes(late))

    def test_what_is_no_injection_is_refused(self):
        image, some = self.images["spinnaker1"], self.lines("some.csv", [(5, 1)])
        run = lambda *options, **how: self.fails("run", image, "--steps", 20, "--timing", "off", *options, **how)
        for option, rnv in ((f"noise={some}", 8101), (f"a={some}", 8101), ("left=", 8101), ("left", 8101), (f"left={self.tmp / 'none.csv'}", 8102)):
            run("--inject", option, code=2, rnv=rnv)
        self.assertIn("left, right", run("--inject", f"lefd={some}", code=2, rnv=8101))
        run("--inject", f"left={some}", "--inject", f"left={some}", code=2, rnv=8101)
        run("--inject", "left=-", "--inject", "right=-", code=2, rnv=8101)
        run("--inject", f"left={some}", "--dry-run-ranks", 2, rnv=8104)
        run("--inject", f"left={some}", "--checkpoint", self.tmp / "c.rvc", "--checkpoint-every", 5, code=2, rnv=8043)
        for line, words in (("7;2", "'7;2'"), ("7,40", "0..39"), ("0,1", "from 1"), ("7,-1", "'7,-1'"), ("7,1,2", "'7,1,2'"), ("99999999999,1", "99999999999"), ("x" * 70000, "100 characters")):
            said = run("--inject", f"left={self.lines('bad.csv', [(5, 1)], line)}", rnv=8103)
            self.assertIn(words, said)
            self.assertIn("line 5", said)
