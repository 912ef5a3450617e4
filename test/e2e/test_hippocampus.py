# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""examples/hippocampus_cam: every spike of the published experiments at the millisecond that a simulation in binary64 gives, and what is recalled, derived from what was
stored alone."""

import json
import os
import pathlib
import subprocess
import unittest

import h5py
import hippocampus
import numpy as np

from ranvier import BIN, ROOT, Case

EXAMPLE = ROOT / "examples" / "hippocampus_cam"


class Hippocampus(Case):
    def rows(self, *arguments):
        done = subprocess.run([EXAMPLE / "run", *map(str, arguments)], capture_output=True, text=True, timeout=600,
                              env={**os.environ, "PATH": f"{pathlib.Path(BIN).resolve()}:{os.environ['PATH']}"})
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "time_ms,population,neuron")
        out = [line.split(",") for line in lines[1:]]
        return [(int(time), name, int(neuron)) for time, name, neuron in out]

    def fails(self, *arguments):
        done = subprocess.run([EXAMPLE / "run", *map(str, arguments)], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "PATH": f"{pathlib.Path(BIN).resolve()}:{os.environ['PATH']}"})
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        return done.stderr

    def write(self, cue, content, time):
        path = self.tmp / "input.json"
        path.write_text(json.dumps({"cue_size": len(cue), "content_size": len(content), "sim_time_ms": time, "timestep_ms": 1.0, "input_cue_spikes": cue,
                                    "input_content_spikes": content}))
        return path

    def test_published_experiments(self):
        for number, count in ((1, 322), (2, 1828), (3, 504)):
            data = json.loads((EXAMPLE / f"exp{number}_input.json").read_text())
            expected = hippocampus.simulate(data["input_cue_spikes"], data["input_content_spikes"], data["sim_time_ms"])
            found = self.rows(number)
            self.assertEqual(len(found), count)
            self.assertEqual(sorted(found), sorted(expected), f"experiment {number}")

    def test_copies_are_those_of_the_shared_folder(self):
        for number in (1, 2, 3):
            name = f"exp{number}_input.json"
            self.assertEqual((EXAMPLE / name).read_bytes(), self.shared("golden", "hippocampus_cam", name).read_bytes())

    def test_recalls_follow_from_what_is_stored(self):
        """Random memories: a cue returns its content, a bit of content the cues that have it, with everything that they hold."""
        rng = np.random.default_rng(7)
        cues, bits = 8, 12
        stored = {}
        cue, content = [[] for _ in range(cues)], [[] for _ in range(bits)]
        now = 0
        for number in rng.permutation(cues):
            stored[int(number)] = {int(b) for b in np.flatnonzero(rng.random(bits) < 0.3)} or {0}
            for time in range(now, now + 3):
                cue[number].append(time)
                for bit in stored[int(number)]:
                    content[bit].append(time)
            now += 10
        recalls = []
        for number in range(cues):
            cue[number].append(now)
            recalls.append((now, {number}, set()))
            now += 8
        for bit in range(bits):
            content[bit].append(now)
            recalls.append((now, set(), {bit}))
            now += 8
        rows = self.rows(0, "--input", self.write(cue, content, now + 8))
        out = {(time, name, neuron) for time, name, neuron in rows if name.startswith("Out")}
        for time, given, wanted in recalls:
            if given:
                expected = {(time + 5, "OutCue", number) for number in given} | {(time + 6, "OutCont", bit) for bit in stored[next(iter(given))]}
            else:
                owners = {number for number, held in stored.items() if held & wanted}
                expected = {(time + 5, "OutCont", bit) for bit in wanted} | {(time + 6, "OutCue", number) for number in owners}
            self.assertEqual({spike for spike in out if time + 4 <= spike[0] < time + 8}, expected, f"recall at {time}")

    def test_input_is_checked(self):
        data = json.loads((EXAMPLE / "exp1_input.json").read_text())
        for change, expected in (({"cue_size": 6}, "expected 6 lists of times as input_cue_spikes, found 5"), ({"timestep_ms": 0.1}, "timestep_ms of 1"),
                                 ({"sim_time_ms": 60}, "from 0 to below 60 ms"), ({"input_cue_spikes": [[0.5], [], [], [], []]}, "input_cue_spikes[0]"),
                                 ({"content_size": "ten"}, "number of neurons")):
            path = self.tmp / "wrong.json"
            path.write_text(json.dumps({**data, **change}))
            self.assertIn(expected, self.fails(1, "--input", path))
        self.assertIn("an experiment from 1 to 3, found 4", self.fails(4))
        self.assertIn("No such file", self.fails(1, "--input", self.tmp / "none.json"))

    def test_scaling_counts_and_draws(self):
        picture = self.tmp / "recall.svg"
        done = subprocess.run([EXAMPLE / "scaling", "--cues", "6", "--bits", "20", "--ones", "3", "--pools", "20,10", "--plot", picture], capture_output=True, text=True,
                              timeout=300, env={**os.environ, "PATH": f"{pathlib.Path(BIN).resolve()}:{os.environ['PATH']}"})
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "pool,overlap,by_cue,by_bit")
        self.assertEqual([line.split(",")[0] for line in lines[1:]], ["20", "10"])
        self.assertEqual([line.split(",")[2:] for line in lines[1:]], [["1", "1"]] * 2)  # so few that no spike waits for long
        self.assertIn("<polyline", picture.read_text())

    def test_keeps_image_and_recording(self):
        folder = self.tmp / "kept"
        self.rows(1, "--keep", folder)
        self.assertEqual(sorted(path.name for path in folder.iterdir()), ["network.mlir", "network.rvi", "run.h5"])

    def test_in_real_time(self):
        """The machine keeps up with the network, so that it learns the same in real time as without any timing."""
        kept = self.tmp / "real"
        self.rows(2, "--keep", kept)
        learned, spikes = {}, {}
        for name, *timing in (("off", "off"), ("machine", "detailed"), ("lossless", "detailed", "--lossless")):
            weights, output = self.tmp / f"{name}.csv", self.tmp / f"{name}.h5"
            result = self.json("run", kept / "network.rvi", "--steps", 860, "-o", output, "--save-weights", weights, "--timing", *timing)
            learned[name] = weights.read_text()
            with h5py.File(output) as file:
                spikes[name] = {population: [file[f"populations/{population}/{key}"][...].tolist() for key in ("spike_steps", "spike_neurons")]
                                for population in file["populations"]}
        self.assertEqual(result["real_time"]["cores"]["Number_of_late_spikes"], 0)
        self.assertGreater(result["real_time"]["cores"]["DMAs_completed"], 100)
        self.assertNotEqual(len(set(line.rsplit(",", 1)[1] for line in learned["off"].splitlines()[1:])), 1)
        for name in ("machine", "lossless"):
            self.assertEqual(learned[name], learned["off"])
            self.assertEqual(spikes[name], spikes["off"])


if __name__ == "__main__":
    unittest.main()
