# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs that are killed and taken up again: recording, report and totals are those of a run that nothing happened to, wherever it was
killed and on whatever executor and threads it goes on. And what cannot go on says why."""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import time

import samples
import snn_models
from ranvier import BIN
from snn_model import Input, Network, Population, Projection, Uniform
from snn_networks import Runner

LONG = os.environ.get("RANVIER_TEST_MODE") == "long"
STEPS, EVERY = 6000, 100
OPTIONS = (["--executor", "interp"], ["--threads", 3], [], ["--threads", 2, "--executor", "interp"])


def network():
    """Every source of input, delays up to 20 and of 0, graded spikes, random numbers in a model, loops."""
    net = Network("longrun", dt=1e-3, seed=7)
    noise = net.add(Input("noise", [30], ("poisson", [80.0], 5)))
    clock = net.add(Input("clock", [4], ("regular", [7], [3])))
    listed = net.add(Input("listed", [4], ("list", [5 * k for k in range(1, 900)], [k % 4 for k in range(1, 900)])))
    given = net.add(Input("given", [10]))
    cells = net.add(Population("cells", snn_models.CUBA, [80], {"tau_syn": 0.005, "tau_mem": 0.02, "v_threshold": 0.5}))
    graded = net.add(Population("graded", snn_models.GRADED, [30], {"theta": 0.6}))
    noisy = net.add(Population("noisy", snn_models.NOISY, [20]))
    for k, (source, target, weight, delay) in enumerate([(noise, cells, 1.5, None), (clock, noisy, 0.5, 3), (listed, graded, 0.7, 2), (given, cells, 2.0, 1),
                                                         (cells, cells, -0.2, Uniform(1.0, 20.0, 9)), (cells, graded, 0.4, 5), (graded, noisy, 0.3, Uniform(1.0, 6.0, 4)),
                                                         (noisy, cells, 0.3, 11), (graded, graded, 0.1, 2)]):
        net.add(Projection(f"c{k}", "connect", source, target, delay=delay, rule="fixed_in_degree", params={"k": 4}, weights=weight, seed=k, autapses=True))
    net.outputs.append(("out", cells))
    generator = random.Random(3)
    spikes = [(s, n, generator.choice([1.0, 1.0, 0.5])) for s in range(1, STEPS + 50) for n in range(10) if generator.random() < 0.02]
    return net, {"given": spikes}


class Case(Runner):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        net, external = network()
        made = cls("compile")
        cls.image, _ = made.compile(net)
        cls.input = made.write_spikes(net, external, "longrun")
        cls.run_ = [cls.image, "--input", cls.input, "--steps", STEPS, "--record", "v,i"]
        cls.expected = made.outcome(cls.tmp / "whole", *OPTIONS[2])

    def outcome(self, folder, *options):
        """Runs to the end in a folder; returns what is left: bytes of the recording, report and printed result, without what may differ."""
        folder.mkdir(exist_ok=True)
        result = self.json("run", *self.run_, "-o", folder / "out.h5", "--report", folder / "report", *options)
        report = json.loads((folder / "report" / "report.json").read_text())
        for one in (result, report):
            del one["wall"]
            for key in ("executor", "threads"):
                del one["machine"][key]
        if not any(str(option).startswith(("--checkpoint", "--resume")) for option in options):
            del report["cores"]  # Times of single cores are not kept by checkpoints, and such reports have none.
        return (folder / "out.h5").read_bytes(), result, report

    def assertSame(self, found):
        self.assertEqual(found[1:], self.expected[1:])
        self.assertTrue(found[0] == self.expected[0], "the recording differs")

    def start(self, folder, *options, **more):
        return subprocess.Popen([str(BIN / "ranvier"), "run", *map(str, [*self.run_, "-o", folder / "out.h5", "--report", folder / "report", *options])],
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **more)

    def checkpointing(self, folder):
        return ["--checkpoint", folder / "run.rvc", "--checkpoint-every", EVERY]

    def resuming(self, folder):
        return ["--resume", folder / "run.rvc", *self.checkpointing(folder)]

    def stopped(self, folder, process, number, checkpoints=1, extra=0.0):
        """Sends a signal after so many new checkpoints and a moment; returns whether the process was still there."""
        file = folder / "run.rvc"
        seen = lambda: file.stat().st_ino if file.exists() else 0
        last = seen()
        deadline = time.monotonic() + 120
        while process.poll() is None and checkpoints:
            if seen() != last:
                last, checkpoints = seen(), checkpoints - 1
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.0005)
        time.sleep(extra)
        alive = process.poll() is None
        if alive:
            process.send_signal(number)
        process.communicate(timeout=60)
        return alive and process.returncode == -number

    def interrupted(self, name, number=signal.SIGKILL):
        """A folder with what a killed run left, at least one checkpoint among it."""
        folder = self.tmp / name
        folder.mkdir()
        for _ in range(20):
            if self.stopped(folder, self.start(folder, *self.checkpointing(folder)), number):
                return folder
            shutil.rmtree(folder)
            folder.mkdir()
        self.fail("the run always ended before it could be stopped")


class Killed(Case):
    def test_a_run_with_checkpoints_is_a_run(self):
        folder = self.tmp / "undisturbed"
        folder.mkdir()
        self.assertSame(self.outcome(folder, *self.checkpointing(folder)))
        self.assertEqual(sorted(path.name for path in folder.iterdir()), ["out.h5", "report", "run.rvc"])
        self.assertGreater(self.expected[1]["inputs_after_end"], 0)
        self.assertGreater(self.expected[1]["totals"]["picoseconds"] + self.expected[1]["totals"]["synaptic_events"], 1000)
        for name in ("cells", "graded", "noisy", "noise", "clock", "listed", "given"):
            self.assertGreater(self.expected[1]["populations"][name]["spikes"], 100, name)

    def test_killed_at_random_points(self):
        generator = random.Random(11)
        wanted, points = (50, 0) if LONG else (5, 0)
        for attempt in range(4 * wanted):
            if points >= wanted:
                break
            folder = self.tmp / f"killed{attempt}"
            folder.mkdir()
            resumable = False
            while points < wanted:
                arguments = self.resuming(folder) if resumable else self.checkpointing(folder)
                process = self.start(folder, *arguments, *generator.choice(OPTIONS))
                killed = self.stopped(folder, process, signal.SIGKILL, generator.randint(0, 12), generator.random() * 0.02)
                self.assertIn(process.returncode, (0, -signal.SIGKILL))
                if not killed:
                    break  # It was faster.
                points += 1
                resumable = (folder / "run.rvc").exists()
                if not resumable and (folder / "out.h5.spool").exists():
                    (folder / "out.h5.spool").unlink()  # Between the two; the start says so (RNV1083).
            if process.returncode != 0:
                self.assertSame(self.outcome(folder, *(self.resuming(folder) if resumable else []), *generator.choice(OPTIONS)))
            else:
                self.assertTrue((folder / "out.h5").read_bytes() == self.expected[0])
            self.assertFalse((folder / "out.h5.spool").exists())
            shutil.rmtree(folder)
        self.assertGreaterEqual(points, wanted)

    def test_interrupted_by_a_signal(self):
        folder = self.interrupted("ctrl-c", signal.SIGINT)
        self.assertEqual(sorted(path.name for path in folder.iterdir()), ["out.h5.spool", "report", "run.rvc"])
        self.assertSame(self.outcome(folder, "--resume", folder / "run.rvc"))
        self.assertEqual(sorted(path.name for path in folder.iterdir()), ["out.h5", "report", "run.rvc"])
        # The run has ended: its spool is gone, and the checkpoint has nothing to go on from.
        self.assertIn("out.h5.spool", self.fails("run", *self.run_, "-o", folder / "out.h5", "--resume", folder / "run.rvc", rnv=9001))

    def test_the_same_on_every_executor(self):
        folder = self.interrupted("executors")
        for k, options in enumerate(OPTIONS):
            copy = self.tmp / f"copy{k}"
            shutil.copytree(folder, copy)
            self.assertSame(self.outcome(copy, "--resume", copy / "run.rvc", *options))

    def test_a_loihi1_image_without_recording(self):
        text, image = samples.noise_network(self.tmp / "noise.mlir", 100, 300, 10), self.tmp / "noise.rvi"
        self.json("compile", text, "--target", "loihi1", "-o", image)
        arguments = ["run", image, "--steps", 1000]
        expected = self.json(*arguments)
        self.json(*arguments[:-1], 437, "--checkpoint", self.tmp / "noise.rvc", "--checkpoint-every", 100)
        found = self.json(*arguments, "--resume", self.tmp / "noise.rvc", "--executor", "interp", "--threads", 2)
        for one in (expected, found):
            del one["wall"], one["machine"]
        self.assertEqual(found, expected)
        self.assertGreater(expected["energy"]["total_j"], 0)


class Refused(Case):
    def full(self, bytes_):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, bytes_))
        return limit

    def test_a_full_disk_leaves_the_checkpoint_before(self):
        # Counts of every step make each checkpoint larger than the one before; without a recording nothing else is written.
        folder = self.tmp / "full"
        folder.mkdir()
        file = folder / "run.rvc"
        arguments = ["run", self.image, "--input", self.input, "--steps", STEPS, "--report", folder / "report"]
        self.json(*arguments[:5], 100, *arguments[6:], "--checkpoint", file, "--checkpoint-every", 100)
        done = subprocess.run([str(BIN / "ranvier"), *map(str, [*arguments, "--resume", file, "--checkpoint", file, "--checkpoint-every", 100])], text=True,
                              capture_output=True, preexec_fn=self.full(file.stat().st_size + 30000))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("run.rvc: error RNV9004: cannot write the file: found File too large", done.stderr)
        self.assertEqual(sorted(path.name for path in folder.iterdir()), ["report", "run.rvc"])
        whole = self.json(*arguments[:-2])
        found = self.json(*arguments, "--resume", file)
        for one in (whole, found):
            del one["wall"]
        self.assertEqual(found, whole)

    def test_a_full_disk_under_the_recording(self):
        folder = self.tmp / "full-spool"
        folder.mkdir()
        process = self.start(folder, *self.checkpointing(folder), preexec_fn=self.full(1000000))
        _, stderr = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 1)
        self.assertRegex(stderr, r"out.h5.spool: byte \d+: error RNV1080: cannot write the recording: found File too large")
        self.assertEqual(sorted(path.name for path in folder.iterdir()), ["out.h5.spool", "report", "run.rvc"])
        self.assertSame(self.outcome(folder, *self.resuming(folder)))

    def test_another_image_input_option_or_file(self):
        folder = self.interrupted("refused")
        file, spool = folder / "run.rvc", folder / "out.h5.spool"
        before = file.read_bytes(), spool.read_bytes()
        other, input_ = self.tmp / "other.rvi", self.tmp / "other.csv"
        self.json("compile", samples.noise_network(self.tmp / "other.mlir", 10, 20, 3), "--target", "reference", "-o", other)
        input_.write_text("step,neuron\n1,3\n")
        out = ["-o", folder / "out.h5"]
        last = [*self.run_[1:], *out]
        message = self.fails("run", other, "--steps", STEPS, *out, "--resume", file, rnv=7033)
        self.assertRegex(message, r"run.rvc: error RNV7033: the checkpoint belongs to another image: expected 'longrun.reference.rvi' .*found '.*other.rvi'")
        message = self.fails("run", self.image, "--input", input_, "--steps", STEPS, *out, "--resume", file, rnv=7035)
        self.assertIn("found 1 (", message)
        self.assertIn("another --timing: expected 'fast', found 'off'", self.fails("run", self.image, *last, "--timing", "off", "--resume", file, rnv=7034))
        self.assertIn("had an -o", self.fails("run", self.image, *self.run_[1:-2], "--resume", file, code=2, rnv=8036))
        self.assertIn("expected --steps", self.fails("run", self.image, "--input", self.input, "--steps", 3, *out, "--resume", file, code=2, rnv=8034))
        self.assertIn('"states"', self.fails("run", self.image, *last[:-4], "--record", "v", *out, "--resume", file, rnv=1085))
        self.assertIn("out.h5.spool", self.fails("run", self.image, *last, *self.checkpointing(folder), rnv=1083))
        self.fails("run", self.image, *last, "--resume", self.image, rnv=7030)
        for at in (20, 200, len(before[0]) // 2, len(before[0]) - 1):
            damaged = bytearray(before[0])
            damaged[at] ^= 0x10
            (folder / "damaged.rvc").write_bytes(damaged)
            self.assertIn("damaged.rvc: ", self.fails("run", self.image, *last, "--resume", folder / "damaged.rvc", rnv=7031))
        (folder / "damaged.rvc").write_bytes(before[0][:-5])
        self.fails("run", self.image, *last, "--resume", folder / "damaged.rvc", rnv=7031)
        self.assertEqual((file.read_bytes(), spool.read_bytes()), before)
        spool.write_bytes(before[1][:100])
        self.assertIn("out.h5.spool", self.fails("run", self.image, *last, "--resume", file, rnv=1084))
        spool.write_bytes(before[1])
        self.assertSame(self.outcome(folder, "--resume", file))
