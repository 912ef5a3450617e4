# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`ranvier cosim`: RTL and emulator side by side, and what is said when they differ.

Models are built once and stay in the cache of the build tree; the broken chip of one test is built for it, with and without waveforms."""

import json
import os
import re
import shlex
import shutil
import time
import unittest

import h5py
import numpy as np

import samples
from ranvier import DIGITS, ROOT, Case

RTL = ROOT / "rtl"
LONG = os.environ.get("RANVIER_TEST_MODE") == "long"


def file_list(path, folder=RTL, extra=()):
    """A list for --rtl of the shipped files, those in `folder` instead of the shipped ones of the same name."""
    lines = ["// everything that n1_chip needs", *extra]
    files = [file for part in ("aer", "common", "n1") for file in sorted((RTL / part).glob("*.sv"))]
    for file in sorted(files, key=lambda file: not file.stem.endswith("_pkg")):
        other = folder / file.name
        lines.append(str(other if other.exists() else file))
    path.write_text("\n".join(lines) + "\n")
    return path


def unpack(words):
    """accumulator, delay, weight of packed synapses."""
    words = words.astype(np.int64)
    weight = words >> 22
    return words & 0xFFFF, words >> 16 & 63, np.where(weight >= 512, weight - 1024, weight)


class Cosim(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not shutil.which("verilator"):
            raise unittest.SkipTest("not installed: verilator")
        cls.digits, cls.wide, cls.silent, cls.loihi = (cls.tmp / name for name in ("digits.rvi", "wide.rvi", "silent.rvi", "loihi1.rvi"))
        wide = samples.nir(cls.tmp / "wide.nir", size=150)  # two cores
        silent = samples.nir(cls.tmp / "silent.nir", weight=0.01)
        for network, target, out in ((DIGITS / "network.nir", "ranvier-n1", cls.digits), (wide, "ranvier-n1", cls.wide), (silent, "ranvier-n1", cls.silent),
                                     (DIGITS / "network.nir", "loihi1", cls.loihi)):
            done = cls.call("compile", network, "--target", target, "-o", out, "--quiet")
            assert done.returncode == 0, done.stderr

    def cosim(self, *arguments, code=0, env=None):
        return self.json("cosim", *arguments, code=code, env=env)

    def inputs(self, name, neurons=64, steps=20, seed=1):
        """Random spikes as CSV; returns the file and [step][neuron]."""
        spikes = np.random.default_rng(seed).random((steps, neurons)) < 0.3
        path = self.tmp / name
        path.write_text("step,neuron\n" + "".join(f"{step + 1},{neuron}\n" for step, neuron in np.argwhere(spikes)))
        return path, spikes


class Equal(Cosim):
    def test_digits_agree_in_less_than_100_seconds(self):
        start = time.monotonic()
        result = self.cosim(self.digits)
        self.assertLess(time.monotonic() - start, 100)
        self.assertTrue(result["equal"])
        self.assertEqual((result["steps"], result["grid"], result["chip"], result["back_door"]), (32, "1x1", "ranvier-n1", True))
        self.assertGreater(result["spikes"], 50)
        self.assertAlmostEqual(result["input_spikes"] / (64 * 32), 0.25, delta=0.05)
        # Every step at least all states, all banks, all counters.
        self.assertGreater(result["registers_compared"], 32 * (8 * 256 + 16 * 512 + 6))
        self.assertGreater(result["load_words_checked"], 40000)
        self.assertGreater(result["cycles"], result["synaptic_events"])
        self.assertNotIn("divergence", result)
        text = self.call("cosim", self.digits)
        self.assertEqual(text.returncode, 0)
        self.assertRegex(text.stdout, r"(?m)^equal$")
        self.assertIn(f"{result['registers_compared']} registers", text.stdout)

    def test_what_is_compared_is_what_the_emulator_runs(self):
        spikes, given = self.inputs("same.csv")
        result = self.cosim(self.digits, "--input", spikes)
        run = self.json("run", self.digits, "--input", spikes, "--steps", 20)
        self.assertEqual(result["steps"], 20)
        self.assertEqual(result["input_spikes"], int(given.sum()))
        self.assertEqual(result["spikes"], run["totals"]["spikes"])
        self.assertEqual(result["synaptic_events"], run["totals"]["synaptic_events"])

    def test_cosim_trace(self):
        """What the RTL did is the recording that the emulator makes, bit for bit."""
        spikes, _ = self.inputs("trace.csv")
        for image in (self.digits, self.wide):
            with self.subTest(image.name):
                source = spikes if image == self.digits else self.inputs("wide.csv", 150)[0]
                self.cosim(image, "--input", source, "--trace", self.tmp / "rtl.h5")
                done = self.call("run", image, "--input", source, "--steps", 20, "-o", self.tmp / "emulator.h5", "--record", "spikes,v", "--quiet")
                self.assertEqual(done.returncode, 0, done.stderr)
                result = self.json("diff", self.tmp / "rtl.h5", self.tmp / "emulator.h5")
                self.assertTrue(result["equal"])
                compared = [state["values"] for population in result["populations"].values() for state in population["states"].values()]
                self.assertGreater(sum(compared), 1000)
        self.fails("cosim", self.digits, "--trace", self.digits, code=2, rnv=8025)

    def test_cosim_seed(self):
        """The same seed gives the same run, another one another run."""
        first, again, other = (self.cosim(self.digits, "--seed", seed, "--steps", 8, "--stalls", 0.1) for seed in (5, 5, 6))
        key = lambda result: (result["input_spikes"], result["spikes"], result["cycles"])
        self.assertEqual(key(first), key(again))
        self.assertNotEqual(key(first), key(other))
        self.assertEqual(first["seed"], 5)

    def test_cosim_steps(self):
        spikes, given = self.inputs("steps.csv")
        self.assertEqual(self.cosim(self.digits, "--steps", 5)["steps"], 5)
        done = self.call("cosim", self.digits, "--input", spikes, "--steps", 5, "--json")
        self.assertEqual(json.loads(done.stdout)["input_spikes"], int(given[:5].sum()))
        self.assertIn(f"{int(given[5:].sum())} input spikes lie after step 5", done.stderr)

    def test_cosim_input(self):
        missing = self.tmp / "missing.csv"
        self.fails("cosim", self.digits, "--input", missing, rnv=9001)
        beyond = self.tmp / "beyond.csv"
        beyond.write_text("1,64\n")
        self.fails("cosim", self.digits, "--input", beyond, rnv=8022)

    def test_cosim_sample(self):
        """Images of the digits set, 2 of them or with `scripts/test --long` 50, with nothing that differs."""
        spikes = set()
        for sample in range(50 if LONG else 2):
            result = self.cosim(self.digits, "--input", DIGITS / "test_set.h5", "--sample", sample)
            run = self.json("run", self.digits, "--input", DIGITS / "test_set.h5", "--sample", sample, "--steps", result["steps"])
            self.assertTrue(result["equal"])
            self.assertEqual(result["spikes"], run["totals"]["spikes"])
            spikes.add(result["spikes"])
        self.assertGreater(len(spikes), 1)
        self.fails("cosim", self.digits, "--sample", 1, code=2, rnv=8043)

    def test_cosim_stalls(self):
        """Stalls change cycles and nothing else."""
        plain, stalled = self.cosim(self.digits, "--steps", 10), self.cosim(self.digits, "--steps", 10, "--stalls", 0.5)
        self.assertTrue(stalled["equal"])
        self.assertGreater(stalled["cycles"], plain["cycles"])
        for key in ("spikes", "synaptic_events", "registers_compared", "input_spikes"):
            self.assertEqual(stalled[key], plain[key])
        self.assertEqual(self.call("cosim", self.digits, "--stalls", 0.95).returncode, 2)

    def test_cosim_no_fast_path(self):
        fast, engine = self.cosim(self.digits, "--steps", 10), self.cosim(self.digits, "--steps", 10, "--no-fast-path")
        self.assertTrue(engine["equal"])
        self.assertEqual(engine["spikes"], fast["spikes"])
        self.assertGreater(engine["cycles"], 1.5 * fast["cycles"])

    def test_cosim_load(self):
        door, bus = self.cosim(self.digits, "--steps", 4), self.cosim(self.digits, "--steps", 4, "--load", "bus")
        self.assertTrue(bus["equal"])
        self.assertEqual((bus["spikes"], bus["cycles"]), (door["spikes"], door["cycles"]))
        self.assertEqual(self.call("cosim", self.digits, "--load", "tape").returncode, 2)

    def test_cosim_grid(self):
        """The same network on a larger mesh; two cores on the smallest that holds them."""
        wide = self.cosim(self.wide, "--steps", 6)
        self.assertIn(wide["grid"], ("1x2", "2x1"))
        self.assertGreater(wide["spikes"], 100)
        larger = self.cosim(self.wide, "--steps", 6, "--grid", "2x2", "--stalls", 0.2)
        self.assertEqual((larger["grid"], larger["equal"], larger["spikes"]), ("2x2", True, wide["spikes"]))
        self.fails("cosim", self.wide, "--grid", "1x1", code=3, rnv=7510)
        self.fails("cosim", self.digits, "--grid", "9x9", code=2, rnv=7502)
        self.fails("cosim", self.digits, "--grid", "many", code=2, rnv=7503)

    def test_cosim_random(self):
        """A seed is a network: a range of seeds is the sum of its parts, and a part is replayed by its seed alone."""
        keys = ("spikes", "input_spikes", "synaptic_events", "registers_compared", "cycles", "steps", "networks")
        whole, first, last = (self.cosim("--random", count, "--seed", seed) for count, seed in ((5, 40), (3, 40), (2, 43)))
        self.assertTrue(whole["equal"])
        self.assertEqual((whole["networks"], whole["first_seed"], whole["last_seed"], sum(whole["grids"].values())), (5, 40, 44, 5))
        for key in keys:
            self.assertEqual(whole[key], first[key] + last[key], key)
        self.assertGreater(whole["spikes"], 0)
        told = self.cosim("--random", 2, "--seed", 40, "--grid", "2x1", "--steps", 7, "--stalls", 0.5)
        self.assertEqual((told["grids"], told["steps"], told["stalled"]), ({"2x1": 2}, 14, 2))
        text = self.call("cosim", "--random", 2, "--seed", 40)
        self.assertIn("2 random ones, seeds 40 to 41", text.stdout)
        for option, value in (("--input", self.tmp / "none.csv"), ("--trace", self.tmp / "t.h5"), ("--load", "bus")):
            self.fails("cosim", "--random", 1, option, value, code=2, rnv=8043)
        self.fails("cosim", "--random", 1, "--no-fast-path", code=2, rnv=8043)
        self.fails("cosim", self.digits, "--random", 1, code=2, rnv=8043)
        self.fails("cosim", "--steps", 3, code=2, rnv=8049)

    def test_cosim_target(self):
        text = (ROOT / "hw-models" / "chips" / "ranvier-n1.yaml").read_text()
        (self.tmp / "short.yaml").write_text(text.replace("name: ranvier-n1", "name: short").replace("max_steps: 15", "max_steps: 3"))
        result = self.cosim("--random", 3, "--grid", "1x1", "--target", self.tmp / "short.yaml")
        self.assertEqual((result["chip"], result["equal"]), ("short", True))
        self.fails("cosim", "--random", 1, "--target", "loihi1", rnv=7501)
        self.fails("cosim", self.digits, "--target", "ranvier-n1", code=2, rnv=8043)

    def test_cosim_coverage(self):
        """Added up over runs in one folder; what the second run adds is what it alone has."""
        folder = self.tmp / "coverage"
        digits = self.cosim(self.digits, "--steps", 3, "--coverage", folder)["coverage"]
        self.assertIn("op: ADD", digits["empty_bins"])  # everything takes the fast path
        self.assertEqual(digits["unseen_groups"], [])
        self.assertLess(digits["lines_of"]["n1_engine.sv"]["percent"], 90)
        both = self.cosim("--random", 4, "--seed", 2, "--grid", "1x1", "--steps", 4, "--coverage", folder)["coverage"]
        self.assertNotIn("op: ADD", both["empty_bins"])
        self.assertIn("router turn: E to W", both["empty_bins"])  # a grid of one node has no east
        self.assertGreater(both["lines_of"]["n1_engine.sv"]["percent"], 95)
        for kind in ("lines", "branches", "toggles", "bins"):
            self.assertEqual(both[kind]["all"], digits[kind]["all"], kind)
            self.assertGreater(both[kind]["hit"], digits[kind]["hit"], kind)
        index = (folder / "index.html").read_text()
        self.assertIn(f"{both['lines']['hit']} of {both['lines']['all']}", index)
        pages = [page.read_text() for page in folder.glob("*.sv.html")]
        self.assertEqual(any("never taken" in page for page in pages), both["branches"]["hit"] < both["branches"]["all"])
        self.assertTrue(any("never taken" in page for page in pages))
        (folder / "broken.dat").write_text("nothing\n")
        self.assertIn("broken.dat", self.fails("cosim", self.digits, "--coverage", folder, rnv=7530))

    def test_cosim_coverage_of(self):
        """Bins alone are the same bins."""
        bins, everything = (self.cosim(self.digits, "--steps", 3, "--coverage", self.tmp / what, "--coverage-of", what)["coverage"] for what in ("bins", "all"))
        for key in ("bins", "empty_bins", "unseen_groups"):
            self.assertEqual(bins[key], everything[key])
        self.assertEqual(bins["lines"], {"all": 0, "hit": 0, "percent": None})
        self.assertEqual((self.tmp / "bins" / "bins.tsv").read_text(), (self.tmp / "all" / "bins.tsv").read_text())
        self.fails("cosim", self.digits, "--coverage-of", "bins", code=2, rnv=8043)

    def test_a_silent_run_shows_nothing(self):
        result = self.cosim(self.silent, "--steps", 5, code=1)
        self.assertEqual((result["equal"], result["spikes"]), (True, 0))
        done = self.call("cosim", self.silent, "--steps", 5)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no neuron spiked", done.stdout)

    def test_only_chips_that_the_rtl_can_be(self):
        message = self.fails("cosim", self.loihi, rnv=7501)
        self.assertIn("topology.multicast_trees", message)

    def test_every_option_has_a_test(self):
        options = set(re.findall(r"^  (?:-\w,)?(--[a-z0-9-]+)", self.call("cosim", "--help").stdout, re.M)) - {"--help"}
        for option in options:
            name = f"test_cosim_{option[2:].replace('-', '_')}"
            self.assertTrue(any(hasattr(group, name) for group in (Equal, Foreign, Different)), name)


class Foreign(Cosim):
    def test_cosim_rtl(self):
        """The shipped files as a list of one's own are the same model; another one is another."""
        own = self.cosim(self.digits, "--steps", 3)
        listed = self.cosim(self.digits, "--steps", 3, "--rtl", file_list(self.tmp / "same.f"))
        self.assertEqual(listed["cycles"], own["cycles"])
        self.assertFalse(listed["model"]["built"])
        broken = self.tmp / "broken"
        broken.mkdir()
        (broken / "n1_host.sv").write_text((RTL / "n1" / "n1_host.sv").read_text().replace("endmodule", "this is no SystemVerilog endmodule"))
        message = self.fails("cosim", self.digits, "--rtl", file_list(self.tmp / "broken.f", broken), rnv=7522)
        self.assertIn("n1_host.sv", message)
        (self.tmp / "wrong.f").write_text("n1_chip.sv\n")
        self.assertIn("line 1", self.fails("cosim", self.digits, "--rtl", self.tmp / "wrong.f", rnv=7523))
        self.fails("cosim", self.digits, "--rtl", self.tmp / "nowhere.f", rnv=9001)

    def test_a_chip_without_a_back_door(self):
        """Memories under other names are not found: the bus does everything, and all is equal."""
        other = self.tmp / "other"
        other.mkdir()
        core = (RTL / "n1" / "n1_core.sv").read_text()
        self.assertEqual(core.count(") u_synapses ("), 1)
        (other / "n1_core.sv").write_text(core.replace(") u_synapses (", ") u_words ("))
        listed = file_list(self.tmp / "other.f", other)
        own, renamed = self.cosim(self.digits, "--steps", 6), self.cosim(self.digits, "--steps", 6, "--rtl", listed)
        self.assertEqual((own["back_door"], renamed["back_door"], renamed["equal"]), (True, False, True))
        self.assertEqual((renamed["cycles"], renamed["spikes"]), (own["cycles"], own["spikes"]))
        # Words that belong to no neuron are left out: two states of 106 neurons, their sums in 16 banks, the registers.
        self.assertEqual(renamed["registers_compared"] - self.memory_words(renamed), 6 * (2 * 106 + 16 * 106 + 6))

    @staticmethod
    def memory_words(result):
        """What is compared once, after the last step, of memories that were found: the host's masks and all but the synapses."""
        return 4096 + (256 + 4096) + 4096 + 256 + 1024 + 1024 + 2048

    def test_another_chip_description(self):
        """Every width of the RTL follows the description: a smaller chip, two cores of it, in both ways of updating."""
        text = (ROOT / "hw-models" / "chips" / "ranvier-n1.yaml").read_text()
        for old, new in (("name: ranvier-n1", "name: small"), ("neurons: {value: 256", "neurons: {value: 64"), ("max_steps: 15", "max_steps: 7"),
                         ("value: 524288", "value: 262144"), ("program_words: {value: 512", "program_words: {value: 128"),
                         ("table_words: {value: 1024", "table_words: {value: 64"), ("states: {value: 8", "states: {value: 4"),
                         ("params: {value: 16", "params: {value: 8"), ("inputs: {value: 2", "inputs: {value: 1"), ("link_buffer: {value: 4", "link_buffer: {value: 2"),
                         ("input_neurons: {value: 4096", "input_neurons: {value: 128"), ("state_bits: 24", "state_bits: 20")):
            self.assertEqual(text.count(old), 1, old)
            text = text.replace(old, new)
        (self.tmp / "small.yaml").write_text(text)
        done = self.call("compile", DIGITS / "network.nir", "--target", self.tmp / "small.yaml", "-o", self.tmp / "small.rvi", "--quiet")
        self.assertEqual(done.returncode, 0, done.stderr)
        for options in ([], ["--no-fast-path", "--stalls", 0.3]):
            result = self.cosim(self.tmp / "small.rvi", "--steps", 12, *options)
            self.assertEqual((result["equal"], result["chip"]), (True, "small"))
            self.assertGreater(result["spikes"], 50)

    def test_tools_and_cache_that_are_not_there(self):
        none = {"VERILATOR": str(self.tmp / "no-verilator")}
        for env, code in ((none, "RNV7521"), ({"RANVIER_RTL_CACHE": str(self.digits)}, "RNV7520")):
            done = self.call("cosim", self.digits, "--steps", 1, env=env)
            self.assertEqual(done.returncode, 1)
            self.assertIn(code, done.stderr)


class Different(Cosim):
    """A chip whose delivery adds one to synapses of one weight."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        done = cls.call("export", cls.digits, "--hdf5", "-o", cls.tmp / "digits.h5")
        assert done.returncode == 0, done.stderr
        with h5py.File(cls.tmp / "digits.h5") as f:
            cls.tables = {name: f[name][()] for name in ("synapses32", "rows", "in_axons", "slices", "cores")}
        _, _, weights = unpack(cls.tables["synapses32"])
        values, counts = np.unique(weights, return_counts=True)
        cls.weight = int(values[np.argmin(np.where((counts > 2) & (values > 0), counts, 1 << 30))])
        folder = cls.tmp / "broken"
        folder.mkdir()
        original = (RTL / "n1" / "n1_delivery.sv").read_text()
        changed = original.replace("32'(weight) * factor_q", f"(32'(weight) + 32'(weight == 10'sd{cls.weight})) * factor_q")
        assert changed != original
        (folder / "n1_delivery.sv").write_text(changed)
        cls.list = file_list(cls.tmp / "broken.f", folder)

    def first_fault(self, given, hidden):
        """The first step in which a spike passes a synapse of that weight, and (accumulator, weights) that are hit then."""
        accumulators, delays, weights = unpack(self.tables["synapses32"])
        assert len(self.tables["cores"]) == 1
        hits = {}
        for population, neuron, first_row, rows in self.tables["in_axons"].astype(np.int64):
            fired = given if population == 0 else hidden
            for row in range(first_row, first_row + rows):
                low, high, count, _ = self.tables["rows"].astype(np.int64)[row]
                for at in range(low, low + count):
                    if weights[at] == self.weight:
                        for step in np.flatnonzero(fired[:, neuron]):
                            hits.setdefault(int(step) + 1, []).append((int(accumulators[at]), int(neuron), int(delays[at])))
        step = min(hits)
        return step, hits[step]

    def test_cosim_report(self):
        """The first divergence is where an independent reading of the tables has it, and its minimal image shows it again."""
        spikes, given = self.inputs("different.csv")
        done = self.call("run", self.digits, "--input", spikes, "--steps", 20, "-o", self.tmp / "right.h5", "--quiet")
        self.assertEqual(done.returncode, 0, done.stderr)
        with h5py.File(self.tmp / "right.h5") as f:
            hidden = np.zeros((20, 128), dtype=bool)
            hidden[f["populations/lif1/spike_steps"][()] - 1, f["populations/lif1/spike_neurons"][()]] = True
        step, hits = self.first_fault(given, hidden)
        folder = self.tmp / "report"
        result = self.cosim(self.digits, "--input", spikes, "--rtl", self.list, "--report", folder, code=1)
        self.assertFalse(result["equal"])
        self.assertEqual(result["steps"], step)
        found = result["divergence"]
        self.assertEqual((found["kind"], found["step"], found["chip"], found["core"]), ("accumulator", step, 0, 0))
        bases = {int(population): (int(base), int(count)) for population, first, count, _, base, *_ in self.tables["slices"].astype(np.int64)}
        names = {"lif1": 1, "lif2": 2}
        base, count = bases[names[found["population"]]]
        self.assertIn(base + found["neuron"], [accumulator for accumulator, _, _ in hits])
        expected, actual = (int(found[key].split()[0]) for key in ("expected", "found"))
        wrong = [neuron for accumulator, neuron, _ in hits if accumulator == base + found["neuron"]]
        exponents = {cause["exponent"] for cause in found["spikes_that_led_there"]}
        self.assertEqual(len(exponents), 1)
        self.assertEqual(actual - expected, len(wrong) << exponents.pop())
        causes = found["spikes_that_led_there"]
        self.assertTrue(set(wrong) <= {cause["neuron"] for cause in causes if cause["weight"] == self.weight})
        self.assertTrue(all(cause["step"] <= step for cause in causes))
        self.assertTrue(1 <= found["cycle"] <= found["cycles_of_step"])
        self.assertTrue(result["again"])
        # The waveform: FST files begin with a block of type 0 and length 329.
        self.assertEqual((folder / "waveform.fst").read_bytes()[:9], bytes([0]) + (329).to_bytes(8, "big"))
        # The least: one synapse of that weight from one input that spikes once.
        least = result["minimal"]
        self.assertEqual([least[key] for key in ("neurons", "input_neurons", "synapses", "input_spikes", "steps")], [1, 1, 1, 1, 1])
        command = shlex.split(least["command"])
        self.assertEqual(command[:2], ["ranvier", "cosim"])
        again = self.cosim(*command[2:], "--report", self.tmp / "again", "--shrink", 0, code=1)
        self.assertEqual((again["divergence"]["kind"], again["divergence"]["step"]), ("accumulator", 1))
        self.assertNotIn("minimal", again)
        # The same minimal image on the right chip: no difference (and, with one weak spike, nothing that fires).
        at = command.index("--rtl")
        right = self.cosim(*command[2:at], *command[at + 2:], code=1)
        self.assertTrue(right["equal"])
        text = (folder / "report.txt").read_text()
        for part in ("first divergence", f"step {step}", f"neuron {found['neuron']} of '{found['population']}'", least["command"], "waveform.fst"):
            self.assertIn(part, text)
        self.assertEqual(json.loads((folder / "report.json").read_text())["divergence"], found)

    def test_cosim_shrink(self):
        """No time, no minimal image; the recording ends with what the RTL did wrong."""
        spikes, _ = self.inputs("shrink.csv", seed=2)
        result = self.cosim(self.digits, "--input", spikes, "--rtl", self.list, "--report", self.tmp / "quick", "--shrink", 0,
                            "--trace", self.tmp / "wrong.h5", code=1)
        self.assertNotIn("minimal", result)
        self.assertFalse((self.tmp / "quick" / "minimal.rvi").exists())
        with h5py.File(self.tmp / "wrong.h5") as f:
            self.assertEqual(int(f.attrs["steps"]), result["divergence"]["step"])
        self.assertEqual(self.call("cosim", self.digits, "--shrink", -1).returncode, 2)

    def test_a_random_network_that_differs(self):
        """It is named by its seed, and the command that is given shows it again."""
        folder = self.tmp / "random"
        result = self.cosim("--random", 50, "--seed", 3, "--grid", "1x1", "--rtl", self.list, "--report", folder, "--shrink", 3, code=1)
        self.assertFalse(result["equal"])
        self.assertEqual(result["seed"], result["last_seed"])
        self.assertEqual(result["networks"], result["seed"] - 3 + 1)
        for command in (result["replay"], result["minimal"]["command"]):
            words = shlex.split(command)
            again = self.cosim(*words[2:], "--report", self.tmp / "again", "--shrink", 0, code=1)
            self.assertEqual(again["divergence"]["kind"], result["divergence"]["kind"])
        self.assertIn(result["replay"], (folder / "report.txt").read_text())

    def test_stalls_and_the_engine_show_it_too(self):
        result = self.cosim(self.digits, "--rtl", self.list, "--stalls", 0.3, "--no-fast-path", "--load", "bus", "--report", self.tmp / "stalled",
                            "--shrink", 5, code=1)
        self.assertEqual(result["divergence"]["kind"], "accumulator")
        self.assertIn("--stalls 0.3 --no-fast-path", result["minimal"]["command"])
        self.assertLessEqual(result["minimal"]["synapses"], 3)


if __name__ == "__main__":
    unittest.main()
