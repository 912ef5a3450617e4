# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command line as docs/guide/command-line.md states it: help with examples, one JSON object, exit codes, and no option that is
accepted and ignored."""

import decimal
import json
import os
import pathlib
import re
import shutil
import subprocess
import xml.etree.ElementTree

import h5py
import numpy as np

import clock_options
import device_options
import samples
from ranvier import BIN, DIGITS, ROOT, Case
from step_options import StepOptions

# Commands with a test file of their own.
ELSEWHERE = {"map": "test_map.py", "cosim": "test_cosim.py", "calibrate": "test_calibrate.py", "dataset": "test_dataset.py"}
COMMANDS = ["targets", "check", "compile", "inspect", "import", "export", "verify", "diff", "run", "eval", "completion"]
NETWORK = DIGITS / "network.nir"
SET = DIGITS / "test_set.h5"
TINY = ROOT / "test" / "Inputs" / "chips" / "tiny.yaml"


class CommandLine(Case):
    """Files that most tests need: the digits on two chips, as text, and a recording."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reference, cls.loihi1, cls.text, cls.recording = cls.tmp / "reference.rvi", cls.tmp / "loihi1.rvi", cls.tmp / "net.mlir", cls.tmp / "run.h5"
        for arguments in (["compile", NETWORK, "--target", "reference", "-o", cls.reference], ["compile", NETWORK, "--target", "loihi1", "-o", cls.loihi1],
                          ["import", NETWORK, "-o", cls.text],
                          ["run", cls.loihi1, "--input", SET, "--steps", 18, "-o", cls.recording, "--record", "spikes,v"]):
            done = cls.call(*arguments, "--quiet")
            assert done.returncode == 0, done.stderr

    def one_object(self, done):
        """stdout is exactly one JSON object and nothing else."""
        text = done.stdout.strip()
        value, end = json.JSONDecoder().raw_decode(text)
        self.assertEqual(end, len(text), text)
        self.assertIsInstance(value, dict)
        return value

    def error(self, *arguments, code=1, rnv=None, env=None):
        """The error object of a failing command; checks exit code, RNV code and that stderr says the same."""
        done = self.call(*arguments, "--json", env=env)
        self.assertEqual(done.returncode, code, f"{arguments}\n{done.stdout}\n{done.stderr}")
        value = self.one_object(done)
        self.assertEqual(list(value), ["error"])
        error = value["error"]
        self.assertRegex(error["code"], r"^RNV\d{4}$")
        self.assertTrue(error["message"])
        self.assertIn(error["code"], done.stderr)
        if rnv:
            self.assertEqual(error["code"], f"RNV{rnv}", done.stderr)
        return error


class Help(CommandLine):
    def options(self, command):
        return set(re.findall(r"^  (?:-\w,)?(--[a-z0-9-]+)", self.call(command, "--help").stdout, re.M)) - {"--help"}

    def test_the_commands_are_those_that_are_tested(self):
        text = self.call("--help").stdout
        listed = re.findall(r"^  ([a-z]+) ", text.split("Subcommands:")[1], re.M)
        self.assertEqual(sorted(set(listed) - set(ELSEWHERE)), sorted(COMMANDS))
        for command in set(listed) & set(ELSEWHERE):
            self.assertTrue((ROOT / "test" / "e2e" / ELSEWHERE[command]).exists(), command)
        self.assertIn("Exit codes:", text)

    def test_every_command_shows_examples_that_parse(self):
        for command in COMMANDS:
            with self.subTest(command):
                done = self.call(command, "--help")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                examples = re.findall(rf"^ +(?:eval \"\$\()?(ranvier {command}\b[^#>\n]*)", done.stdout.split("Examples:")[1], re.M)
                self.assertTrue(examples, done.stdout)
                for example in examples:
                    for option in re.findall(r"(?<= )--[a-z0-9-]+", example):
                        self.assertIn(option, self.options(command) | {"--json", "--quiet"}, example)

    def test_help_and_version_are_objects_too(self):
        self.assertIn("Examples:", self.one_object(self.call("run", "--help", "--json"))["help"])
        self.assertRegex(self.one_object(self.call("--version", "--json"))["version"], r"^ranvier \d+\.\d+\.\d+")
        self.assertRegex(self.call("--version").stdout, r"^ranvier \d+\.\d+\.\d+\n$")

    def test_every_option_has_a_test(self):
        """The effect of each option is tested below, in a test named after command and option."""
        network = {"--dt", "--reset", "--time-unit", "--models"}
        for command in COMMANDS:
            for option in self.options(command):
                name = f"{command}_{option[2:].replace('-', '_')}"
                if option in network:
                    name = f"network_{option[2:].replace('-', '_')}"  # One reader for all commands.
                elif option in ("--executor", "--timing", "--costs", "--threads", "--weights", "--lossless", "--time-scale", "--device-seed"):
                    name = f"machine_{option[2:].replace('-', '_')}"
                elif option == "--output" or option == "--target":
                    continue  # Every test uses them.
                self.assertTrue(hasattr(Options, f"test_{name}"), f"no test_{name}")


class JsonOutput(CommandLine):
    def test_success_is_one_object(self):
        out = self.tmp / "json-out"
        commands = {
            "targets": [], "check": [NETWORK, "--target", "loihi1"], "compile": [NETWORK, "--target", "loihi1", "-o", out], "inspect": [self.loihi1],
            "import": [NETWORK, "-o", out], "export": [self.text, "-o", out], "verify": [self.loihi1, NETWORK], "diff": [self.recording, self.recording],
            "run": [self.loihi1, "--steps", 3], "eval": [self.loihi1, "--data", SET, "--samples", 3], "completion": ["zsh"]}
        self.assertEqual(sorted(commands), sorted(COMMANDS))
        for command, arguments in commands.items():
            for order in ([command, *arguments, "--json"], ["--json", command, *arguments]):
                with self.subTest(command):
                    done = self.call(*order)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.one_object(done)
                    self.assertNotIn("error", done.stdout[:20])

    def test_a_missing_file_is_one_object(self):
        absent = self.tmp / "absent"
        commands = {
            "check": [absent, "--target", "loihi1"], "compile": [absent, "--target", "loihi1", "-o", absent], "inspect": [absent],
            "import": [absent, "-o", absent], "export": [absent, "-o", absent], "verify": [absent, NETWORK], "diff": [absent, absent],
            "run": [absent, "--steps", 3], "eval": [absent, "--data", SET]}
        for command, arguments in commands.items():
            with self.subTest(command):
                error = self.error(command, *arguments)
                self.assertIn("absent", error["file"])
        self.error("targets", env={"RANVIER_DATA": str(absent)}, rnv="2003")
        self.error("verify", self.loihi1, absent, rnv="9001")
        self.error("eval", self.loihi1, "--data", absent)
        self.assertFalse(absent.exists())

    def test_a_wrong_command_line_is_one_object(self):
        for arguments in ([], ["targets", "--nonsense"], ["targets", "extra"], ["run", self.loihi1], ["run", self.loihi1, "--steps", "0"],
                          ["run", self.loihi1, "--steps", "many"], ["run", self.loihi1, "--steps", "3", "--steps", "4"],
                          ["run", self.loihi1, "--steps", "3", "--threads", "-1"], ["compile", NETWORK, "--target", "loihi1"],
                          ["compile", NETWORK, "-o", "x", "--weight-bits", "9"], ["compile", NETWORK, "-o", "x", "--emit", "asm"],
                          ["check", NETWORK], ["check", NETWORK, "--target", "loihi1", "--dt", "0"], ["eval", self.loihi1], ["completion", "fish"],
                          ["diff", self.recording], ["export", self.recording, "--spikes", "xml", "-o", "x"], ["eval", self.loihi1, "--data", SET, "--samples", "0"]):
            with self.subTest(arguments):
                error = self.error(*arguments, code=2, rnv="8003")
                self.assertIn("--help", error["hint"])
        error = self.error("compil", NETWORK, code=2, rnv="8005")
        self.assertEqual(error["found"], "'compil'")
        self.assertIn("compile", error["expected"])
        error = self.error("map", "--json", "frob", NETWORK, code=2, rnv="8005")
        self.assertEqual((error["found"], error["expected"]), ("'frob'", "place-route, compress, partition, network"))

    def test_stderr_carries_the_rest(self):
        """Warnings and stages go to stderr, with and without --json; --quiet leaves warnings."""
        network = samples.nir(self.tmp / "nodt.nir", r=1.0)
        out = self.tmp / "nodt.rvi"
        done = self.call("compile", network, "--target", "loihi1", "-o", out, "--json")
        self.assertIn("warning: ", done.stderr)
        self.assertIn("quantise", done.stderr)
        self.assertTrue(self.one_object(done)["warnings"])
        done = self.call("compile", network, "--target", "loihi1", "-o", out, "--quiet")
        self.assertEqual(done.stdout, "")
        self.assertIn("warning: ", done.stderr)
        self.assertNotIn("quantise", done.stderr)
        quiet = self.call("compile", NETWORK, "--target", "loihi1", "-o", out, "--quiet")
        self.assertEqual((quiet.stdout, quiet.stderr), ("", ""))
        self.assertTrue(self.one_object(self.call("compile", NETWORK, "--target", "loihi1", "-o", out, "--quiet", "--json")))

    def test_diagnostics_of_a_text_are_located_on_stderr(self):
        bad = self.tmp / "bad.mlir"
        bad.write_text("snn.network @n dt 1.0e-3 {\n  snn.population @p model @absent shape [3]\n}\n")
        done = self.call("check", bad, "--target", "loihi1", "--json")
        self.one_object(done)
        self.assertRegex(done.stderr, r"bad\.mlir:2:\d+: error: ")

    def test_a_full_or_closed_stdout_is_an_error(self):
        for command in (["targets"], ["targets", "--json"], ["inspect", self.loihi1]):
            with open("/dev/full", "w") as full:
                done = subprocess.run([str(BIN / "ranvier"), *map(str, command)], stdout=full, stderr=subprocess.PIPE, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn("RNV9004", done.stderr)


class ExitCodes(CommandLine):
    def test_done(self):
        self.assertEqual(self.call("targets").returncode, 0)

    def test_bad_input_or_mismatch(self):
        self.error("compile", NETWORK, "--target", "lohi1", "-o", self.tmp / "x", rnv="2002")
        self.assertEqual(self.call("verify", self.loihi1, self.text, "--models", self.models_with_other_reset()).returncode, 0)
        other = self.tmp / "other.h5"
        self.call("run", self.reference, "--input", SET, "--steps", 18, "-o", other)
        self.assertEqual(self.call("diff", self.recording, other).returncode, 1)

    def test_does_not_fit(self):
        """A chip of four cores of four neurons: compile and check say so, and nothing is written."""
        out = self.tmp / "small.rvi"
        error = self.error("compile", NETWORK, "--target", TINY, "-o", out, code=3)
        self.assertTrue(error["code"].startswith("RNV6"), error)
        self.assertFalse(out.exists())
        result = self.json("check", NETWORK, "--target", TINY, code=3)
        self.assertFalse(result["runs"])
        self.assertGreater(result["errors"], 0)

    def test_command_line(self):
        """What contradicts itself on the command line is 2, whoever notices."""
        out, spikes = self.tmp / "never", self.tmp / "s.csv"
        spikes.write_text("step,neuron\n1,3\n")
        quantised = self.tmp / "q.mlir"
        self.json("compile", NETWORK, "--target", "loihi1", "--emit", "quantised", "-o", quantised)
        fabric = self.tmp / "f.mlir"
        self.json("compile", quantised, "--emit", "fabric", "-o", fabric)
        mapping = self.tmp / "m.json"
        mapping.write_text("{}")
        for rnv, arguments in (
                ("8040", ["compile", NETWORK, "-o", out]), ("8041", ["compile", quantised, "--target", "loihi2", "-o", out]),
                ("8042", ["compile", fabric, "--mapping", mapping, "-o", out]), ("8043", ["compile", fabric, "--seed", 3, "-o", out]),
                ("8043", ["compile", quantised, "--weight-bits", 4, "-o", out]), ("8043", ["compile", quantised, "--calibrate", SET, "-o", out]),
                ("8043", ["compile", NETWORK, "--target", "reference", "--weight-bits", 4, "-o", out]),
                ("8043", ["compile", NETWORK, "--target", "reference", "--calibrate", SET, "-o", out]),
                ("8043", ["compile", NETWORK, "--target", "loihi1", "--mapping", mapping, "--seed", 1, "-o", out]),
                ("8044", ["compile", fabric, "--emit", "quantised", "-o", out]),
                ("8012", ["import", self.text, "--dt", "1e-3", "-o", out]), ("8012", ["check", self.text, "--target", "loihi1", "--reset", "zero"]),
                ("8012", ["export", self.text, "--time-unit", "ms", "-o", out]), ("8012", ["verify", self.loihi1, self.text, "--time-unit", "ms"]),
                ("8060", ["export", self.loihi1, "-o", out]), ("8060", ["export", self.text, "--hdf5", "-o", out]),
                ("8060", ["export", self.loihi1, "--spikes", "csv", "-o", out]),
                ("8043", ["export", self.loihi1, "--hdf5", "--dt", "1e-3", "-o", out]), ("8043", ["export", self.loihi1, "--hdf5", "--models", ROOT / "models", "-o", out]),
                ("8043", ["export", self.loihi1, "--hdf5", "--spikes", "csv", "-o", out]), ("8043", ["export", self.text, "--population", "lif1", "-o", out]),
                ("8043", ["export", self.text, "--sample", 1, "-o", out]), ("8043", ["export", spikes, "--spikes", "csv", "--reset", "zero", "-o", out]),
                ("8043", ["export", self.recording, "--spikes", "csv", "--population", "lif1", "--dt", "1e-3", "-o", out]),
                ("8043", ["export", self.recording, "--spikes", "csv", "--population", "lif1", "--sample", "1", "-o", out]),
                ("8061", ["export", spikes, "--spikes", "sonata", "-o", out]),
                ("8043", ["run", self.loihi1, "--steps", 3, "--record", "v"]), ("8043", ["run", self.loihi1, "--steps", 3, "--sample", 1]),
                ("8043", ["run", self.loihi1, "--steps", 3, "--timing", "off", "--costs", "fitted"]),
                ("8043", ["eval", self.loihi1, "--data", SET, "--timing", "off", "--costs", "fitted"]),
                ("8070", ["diff", self.recording, self.recording, "--shift", "lif1=x"]), ("8070", ["diff", self.recording, self.recording, "--shift", "2x"]),
                ("8070", ["diff", self.recording, self.recording, "--shift", "99999999999"])):
            with self.subTest(arguments):
                self.error(*arguments, code=2, rnv=rnv)
        self.assertFalse(out.exists())

    def models_with_other_reset(self):
        folder = self.tmp / "models"
        if not folder.exists():
            folder.mkdir()
            shutil.copy(ROOT / "models" / "li.mlir", folder / "li.mlir")
        return folder


class Options(clock_options.ClockOptions, device_options.DeviceOptions, StepOptions, CommandLine):

    """One test an option: giving it changes what it says it changes."""

    def test_check_quick(self):
        """Different time constants behind shared kernels: no rule sees that the gains differ, compiling does."""
        text = self.tmp / "quick.mlir"
        text.write_text("""snn.network @net dt 1.0e-3 {
  snn.input @a shape [1, 2, 2]
  snn.population @b model @lif shape [1, 2, 2] params {tau = dense<[0.01, 0.02, 0.03, 0.04]> : tensor<4xf64>, v_threshold = 1.0}
  snn.conv2d @k from @a to @b weights dense<1.0> : tensor<1x1x1x1xf32> input [1, 2, 2] stride [1, 1] padding [0, 0] dilation [1, 1]
  snn.output @out from @b
}
""")
        self.assertTrue(self.json("check", text, "--target", "loihi1", "--quick")["runs"])
        self.assertFalse(self.json("check", text, "--target", "loihi1", code=3)["runs"])

    def faults(self, dead):
        """loihi1 as one chip with small cores, and a file in which some of them are dead."""
        chip, file = self.tmp / "machine.yaml", self.tmp / "faults.yaml"
        text = (ROOT / "hw-models" / "chips" / "loihi1.yaml").read_text()
        chip.write_text(text.replace("neurons: {value: 1024,", "neurons: {value: 32,").replace("max_chips: {value: 16384,", "max_chips: {value: 1,"))
        cores = [{"chip": 0, "core": core} for core in dead]
        file.write_text("format: ranvier-faults\nversion: 1\nfaults: " + json.dumps({"cores": cores}) + "\n")
        return chip, file

    def sets(self):
        """Four populations of three cores each (ten filled to the brim), which feed each other in a ring; chips of 2 x 2 tiles of two cores."""
        network, chip = self.tmp / "ring.mlir", self.tmp / "ring.yaml"
        names = "abcd"
        network.write_text("snn.network @ring dt 1.0e-3 seed 7 {\n  snn.input @in shape [20] source #snn.poisson<[80.0], seed = 5>\n"
                           + "".join(f"  snn.population @{name} model @lif shape [40] params {{tau = 0.02, r = 20.0, v_threshold = 1.0}}\n" for name in names)
                           + "  snn.connect @drive from @in to @a \"fixed_in_degree\" {k = 8} weights 0.3\n"
                           + "".join(f"  snn.connect @{a}{b} from @{a} to @{b} \"fixed_in_degree\" {{k = 6}} weights 0.3\n" for a, b in zip(names, names[1:] + names[:1]))
                           + "  snn.output @out from @d\n}\n")
        text = (ROOT / "hw-models" / "chips" / "loihi1.yaml").read_text()
        for key, value in {"neurons": 16, "tiles_x": 2, "tiles_y": 2, "cores_per_tile": 2, "max_chips": 4, "chips_x": 2, "chips_y": 2}.items():
            text, changed = re.subn(rf"\b{key}: {{value: \d+,", f"{key}: {{value: {value},", text)
            self.assertEqual(changed, 1, key)
        chip.write_text(text)
        return network, chip

    def test_check_same_chip(self):
        network, chip = self.sets()
        self.assertTrue(self.json("check", network, "--target", chip, "--same-chip", "a,c")["runs"])
        found = self.json("check", network, "--target", chip, "--same-chip", "a,b,c", "--same-chip", "c,d", code=3)
        self.assertEqual([finding.get("code") for finding in found["findings"] if finding["severity"] == "error"], ["RNV6092"])
        self.error("check", network, "--target", chip, "--same-chip", "a,c", "--quick", code=2, rnv="8043")

    def test_check_threads(self):
        network, chip = self.sets()
        self.assertEqual(self.json("check", network, "--target", chip, "--threads", 1), self.json("check", network, "--target", chip, "--threads", 2))
        self.error("check", network, "--target", chip, "--threads", 1, "--quick", code=2, rnv="8043")

    def test_check_faults(self):
        """106 neurons on cores of 32: four cores do, three do not."""
        chip, file = self.faults(range(4, 128))
        self.assertTrue(self.json("check", NETWORK, "--target", chip, "--faults", file)["runs"])
        chip, file = self.faults(range(3, 128))
        for more in ([], ["--quick"]):
            found = self.json("check", NETWORK, "--target", chip, "--faults", file, *more, code=3)
            self.assertIn("RNV6016", [finding.get("code") for finding in found["findings"]])

    def test_compile_faults(self):
        chip, file = self.faults((0, 1, 2))
        image = self.tmp / "faults.rvi"
        made = self.json("compile", NETWORK, "--target", chip, "--faults", file, "-o", image)
        self.assertEqual(made["mapping"]["faults"]["cores"], 3)
        self.assertFalse({core["core"] for core in self.json("inspect", image)["cores"]} & {0, 1, 2})

    def test_compile_compensate(self):
        compiled = lambda how: self.json("compile", NETWORK, "--target", "rram-40nm", "--faults", "rate=0.25,seed=2", "--compensate", how, "-o", self.tmp / "stuck.rvi")
        left = [sum(macro["error_levels"]["repaired"] for macro in compiled(how)["macros"]) for how in ("move", "repair")]
        self.assertGreater(left[0], left[1])
        self.assertIn("error_after", compiled("partners")["cell_faults"])

    # --- How a network is read (check, compile, import, export, verify) -------------------------------------------------------

    def test_network_dt(self):
        network = samples.nir(self.tmp / "dt.nir", r=1.0)
        warned = self.json("check", network, "--target", "reference")
        self.assertTrue(any("time step" in finding["message"] for finding in warned["findings"]), warned)
        told = self.json("check", network, "--target", "reference", "--dt", "1e-3")
        self.assertFalse(any("time step" in finding["message"] for finding in told["findings"]), told)
        for command in ("compile", "import"):
            out = self.tmp / "dt.mlir"
            self.json(command, network, "--dt", "2e-3", "-o", out, *(["--emit", "snn"] if command == "compile" else []))
            self.assertRegex(out.read_text(), r"dt 0\.002 ")

    def test_network_reset(self):
        texts = []
        for reset in ("zero", "subtract", "v_reset"):
            out = self.tmp / "reset.mlir"
            self.json("import", NETWORK, "--reset", reset, "-o", out)
            texts.append(out.read_text())
        self.assertEqual(len(set(texts)), 3)
        image = self.tmp / "subtract.rvi"
        self.json("compile", NETWORK, "--reset", "subtract", "--target", "reference", "-o", image)
        self.assertTrue(self.json("verify", image, NETWORK)["equal"])  # The image remembers.
        self.assertFalse(self.json("verify", image, NETWORK, "--reset", "v_reset", code=1)["equal"])

    def test_network_time_unit(self):
        network = samples.nir(self.tmp / "ms.nir", tau=20.0, r=1.0, delay=5.0)
        images = {}
        for unit in ("s", "ms"):
            out = self.tmp / f"{unit}.mlir"
            self.json("import", network, "--dt", "1e-3", "--time-unit", unit, "-o", out)
            images[unit] = out.read_text()
        self.assertIn("delay 5000", images["s"])
        self.assertRegex(images["ms"], r"delay 5\b")
        image = self.tmp / "ms.rvi"
        self.json("compile", network, "--dt", "1e-3", "--time-unit", "ms", "--target", "loihi1", "-o", image)
        self.assertTrue(self.json("verify", image, network)["equal"])
        self.assertEqual(self.call("verify", image, network, "--time-unit", "s").returncode in (1, 3), True)

    def test_network_models(self):
        folder = self.tmp / "mine"
        folder.mkdir()
        model = (ROOT / "models" / "lif.mlir").read_text().split("\nsnn.model @lif_subtract")[0]
        (folder / "mine.mlir").write_text(re.sub(r" nir \{.*?\"\} \{", " {", model.replace("@lif", "@mine"), flags=re.S))
        network = self.tmp / "mine.mlir"
        network.write_text("snn.network @n dt 1.0e-3 {\n  snn.input @i shape [2]\n"
                           "  snn.population @p model @mine shape [2] params {tau = 0.02, r = 20.0, v_threshold = 1.0}\n"
                           "  snn.connect @c from @i to @p \"one_to_one\" {} weights 1.0\n  snn.output @o from @p\n}\n")
        self.error("check", network, "--target", "reference", rnv="8013")
        # Before and behind the file: the option takes one folder, not what follows.
        self.assertTrue(self.json("check", "--models", folder, network, "--target", "reference")["runs"])
        self.assertTrue(self.json("check", network, "--target", "reference", "--models", folder, "--models", ROOT / "models")["runs"])
        self.error("check", network, "--target", "reference", "--models", self.tmp / "nowhere", rnv="8010")
        image = self.tmp / "mine.rvi"
        self.json("compile", network, "--models", folder, "--target", "reference", "-o", image)
        self.assertTrue(self.json("verify", image, network, "--models", folder)["equal"])

    # --- compile ---------------------------------------------------------------------------------------------------------------

    def compiled(self, *options, network=NETWORK):
        out = self.tmp / "option.rvi"
        self.json("compile", network, "--target", "loihi1", "-o", out, *options)
        return out.read_bytes()

    def test_compile_emit(self):
        kinds = {}
        for stage in ("snn", "quantised", "fabric", "image"):
            out = self.tmp / "stage"
            result = self.json("compile", NETWORK, "--target", "loihi1", "--emit", stage, "-o", out)
            self.assertEqual(result["stage"], stage)
            kinds[stage] = out.read_bytes()
        self.assertIn(b"snn.model", kinds["snn"])
        self.assertIn(b"snn.program", kinds["quantised"])
        self.assertNotIn(b"fabric.", kinds["quantised"])
        self.assertIn(b"fabric.mapping", kinds["fabric"])
        self.assertEqual(kinds["image"], self.loihi1.read_bytes())

    def test_compile_weight_bits(self):
        self.assertNotEqual(self.compiled("--weight-bits", 3), self.compiled("--weight-bits", 8))

    def test_compile_calibrate(self):
        self.assertNotEqual(self.compiled("--calibrate", SET), self.compiled())
        self.error("compile", NETWORK, "--target", "loihi1", "--calibrate", self.recording, "-o", self.tmp / "x", rnv="1060")

    def test_compile_mapping(self):
        mapping = self.tmp / "place.json"
        mapping.write_text(json.dumps({"format": "ranvier-mapping", "version": 1, "slices": [
            {"population": "lif1", "first": 0, "count": 96, "chip": 0, "core": 5}, {"population": "lif2", "first": 0, "count": 10, "chip": 0, "core": 9}]}))
        self.compiled("--mapping", mapping)
        cores = self.json("inspect", self.tmp / "option.rvi")["cores"]
        self.assertEqual([(core["chip"], core["core"]) for core in cores], [(0, 5), (0, 9)])

    def test_compile_seed(self):
        """Twelve cores of random connections: another seed, another placement, the same spikes."""
        network = samples.noise_network(self.tmp / "seed.mlir", 50, 12000, 5)
        spikes = []
        for seed in (1, 2):
            image, out = self.tmp / f"seed{seed}.rvi", self.tmp / f"seed{seed}.h5"
            self.json("compile", network, "--target", "loihi1", "--seed", seed, "-o", image)
            spikes.append(self.json("run", image, "--steps", 30, "-o", out)["populations"])
        self.assertNotEqual(*(self.json("inspect", self.tmp / f"seed{seed}.rvi")["provenance"]["seed"] for seed in (1, 2)))
        self.assertEqual(*spikes)
        self.assertTrue(self.json("diff", self.tmp / "seed1.h5", self.tmp / "seed2.h5")["equal"])

    def test_an_option_of_a_later_stage_is_named(self):
        done = self.call("compile", NETWORK, "--target", "loihi1", "--emit", "snn", "--weight-bits", 4, "-o", self.tmp / "x")
        self.assertEqual(done.returncode, 0)
        self.assertIn("warning: --weight-bits has no effect", done.stderr)

    # --- inspect, export, diff -------------------------------------------------------------------------------------------------

    def test_inspect_full(self):
        short, full = self.json("inspect", self.loihi1), self.json("inspect", self.loihi1, "--full")
        self.assertNotIn("in_axon_table", short["cores"][0])
        self.assertEqual(sum(len(row["synapses"]) for core in full["cores"] for axon in core["in_axon_table"] for row in axon["rows"]), 64 * 96 + 96 * 10)
        text = self.call("inspect", self.loihi1).stdout
        for words in ("lif1: 96 neurons", "fc2: lif1 -> lif2", "synapses       7104", "limited by     "):
            self.assertIn(words, text)

    def test_compile_reports_the_seconds_of_each_stage(self):
        image, stage = self.tmp / "seconds.rvi", self.tmp / "seconds.mlir"
        made = self.json("compile", NETWORK, "--target", "loihi1", "-o", image)["seconds"]
        self.assertEqual(list(made), ["read", "quantise", "extract", "partition", "place", "report", "emit", "validate", "write", "total"])
        self.assertAlmostEqual(made["total"], sum(made.values()) - made["total"])
        self.assertTrue(all(seconds >= 0 for seconds in made.values()))
        text = self.call("compile", NETWORK, "--target", "loihi1", "--emit", "quantised", "-o", stage).stdout
        self.assertRegex(text, r"(?m)^seconds        \d+\.\d\d \(read \d+\.\d\d, quantise \d+\.\d\d, write \d+\.\d\d\)$")
        self.assertNotIn("seconds", self.json("inspect", image)["mapping"])  # The same input gives the same bytes.

    def test_compile_partition(self):
        """Every strategy gives the same spikes; a search never costs more than sequential filling."""
        chip, image = self.tmp / "sixteen.yaml", self.tmp / "sixteen.rvi"
        chip.write_text((ROOT / "hw-models" / "chips" / "loihi1.yaml").read_text().replace("neurons: {value: 1024,", "neurons: {value: 16,"))
        runs = []
        for strategy, searched in (("sequential", False), ("multilevel", True), ("auto", True)):
            made = self.json("compile", NETWORK, "--target", chip, "--partition", strategy, "-o", image)["partition"]
            self.assertEqual(made["searched"], searched, strategy)
            self.assertLessEqual(made["spikes_hops"], made["spikes_hops_sequential"])
            self.assertEqual(self.json("inspect", image)["provenance"].get("partition", "auto"), strategy)
            runs.append(self.tmp / f"{strategy}.h5")
            self.json("run", image, "--input", SET, "--steps", 18, "-o", runs[-1])
        for run in runs[1:]:
            self.assertTrue(self.json("diff", runs[0], run)["equal"])

    def test_compile_same_chip(self):
        """Populations named together stand on one chip, and spike as they do anywhere."""
        network, chip = self.sets()
        image, runs = self.tmp / "sets.rvi", []
        for number, options in enumerate(([], ["--same-chip", "a,c", "--same-chip", "d,b"], ["--same-chip", "a,d", "--partition", "multilevel"])):
            made = self.json("compile", network, "--target", chip, "-o", image, *options)
            chips = {}
            for core in self.json("inspect", image)["cores"]:
                for block in core["slices"]:
                    chips.setdefault(block["population"], set()).add(core["chip"])
            for report in made["mapping"].get("same_chip", []):
                self.assertEqual(set().union(*(chips[name] for name in report["populations"])), {report["chip"]})
                self.assertEqual(report["cores"], 6)
            self.assertEqual([report["populations"] for report in made["mapping"].get("same_chip", [])],
                             [sorted(text.split(",")) for text in options[1::2] if "," in text])
            self.assertEqual(self.json("inspect", image)["provenance"].get("same_chip", []), [text for text in options[1::2] if "," in text])
            runs.append(self.tmp / f"sets{number}.h5")
            self.assertGreater(sum(entry["spikes"] for entry in self.json("run", image, "--steps", 60, "-o", runs[-1])["populations"].values()), 100)
        for run in runs[1:]:
            self.assertTrue(self.json("diff", runs[0], run)["equal"])
        text = self.call("compile", network, "--target", chip, "--same-chip", "a,c", "-o", image).stdout
        self.assertRegex(text, r"(?m)^same chip      a, c: chip \d, 6 cores$")

        def refused(*options, code=1):
            return self.error("compile", network, "--target", chip, "-o", self.tmp / "none.rvi", *options, code=code)
        self.assertEqual(refused("--same-chip", "a,b,c,d", code=3)["expected"], "at most 8 cores (a chip of 8)")
        for wrong, found in (("a,e", "'e'"), ("in,a", "'in', an input"), ("a,", "''")):
            error = refused("--same-chip", "b", "--same-chip", wrong)
            self.assertEqual((error["code"], error["place"], error["found"]), ("RNV6091", "set 2", found))
        mapping = self.tmp / "split.json"
        mapping.write_text(json.dumps({"format": "ranvier-mapping", "version": 1, "slices": [
            {"population": name, "first": first, "count": min(16, 40 - first), "chip": number // 2, "core": number % 2 * 3 + first // 16}
            for number, name in enumerate("abcd") for first in (0, 16, 32)]}))
        self.json("compile", network, "--target", chip, "-o", image, "--mapping", mapping, "--same-chip", "a,b")
        error = refused("--mapping", mapping, "--same-chip", "b,c")
        self.assertEqual((error["code"], pathlib.Path(error["file"]).name), ("RNV6094", "split.json"))
        self.assertFalse((self.tmp / "none.rvi").exists())

    def test_compile_threads(self):
        """The same bytes for any number of threads."""
        network, chip = self.sets()
        images = set()
        for threads in (0, 1, 2, 5):
            image = self.tmp / "threads.rvi"
            self.json("compile", network, "--target", chip, "--partition", "multilevel", "--same-chip", "a,c", "--threads", threads, "-o", image)
            images.add(image.read_bytes())
        self.assertEqual(len(images), 1)
        self.error("compile", network, "--target", chip, "--threads", 257, "-o", self.tmp / "x", code=2)

    def test_compile_profile(self):
        """The spikes of a run are what messages weigh; a run of another network is refused."""
        chip, image, out = self.tmp / "narrow.yaml", self.tmp / "narrow.rvi", self.tmp / "narrow.h5"
        chip.write_text((ROOT / "hw-models" / "chips" / "loihi1.yaml").read_text().replace("neurons: {value: 1024,", "neurons: {value: 16,"))
        plain = self.json("compile", NETWORK, "--target", chip, "-o", image)["partition"]
        self.json("run", image, "--input", SET, "--steps", 18, "-o", out)
        weighed = self.json("compile", NETWORK, "--target", chip, "--profile", out, "-o", image)["partition"]
        self.assertEqual((plain["weights"], weighed["weights"]), ("uniform", "profile"))
        self.assertIn("profile_hash", self.json("inspect", image)["provenance"])
        self.assertNotEqual(plain["spikes_hops_sequential"], weighed["spikes_hops_sequential"])
        self.assertLessEqual(weighed["spikes_hops"], weighed["spikes_hops_sequential"])
        before = image.read_bytes()
        self.json("compile", NETWORK, "--target", chip, "--profile", out, "-o", image)
        self.assertEqual(image.read_bytes(), before)
        self.json("verify", image, NETWORK)
        other, foreign = self.tmp / "other.rvi", self.tmp / "other.h5"
        self.json("compile", samples.nir(self.tmp / "other.nir"), "--target", "loihi1", "-o", other)
        self.json("run", other, "--steps", 3, "-o", foreign)
        self.error("compile", NETWORK, "--target", chip, "--profile", foreign, "-o", image, rnv="6070")

    def test_inspect_picture(self):
        """Well-formed, a box a core, and every core says the use of limits that compile reports."""
        out = self.tmp / "digits.svg"
        self.assertEqual(self.json("inspect", self.loihi1, "--picture", out)["picture"], "digits.svg")
        drawing = xml.etree.ElementTree.parse(out).getroot()
        boxes = [box for box in drawing.iter("{http://www.w3.org/2000/svg}rect") if box.get("class") in ("core", "free")]
        self.assertEqual(len(boxes), 128)
        (core,) = [box for box in boxes if box.get("class") == "core"]
        title = core[0].text
        report = self.json("compile", NETWORK, "--target", "loihi1", "-o", self.tmp / "again.rvi")["mapping"]
        self.assertEqual(report["cores"]["used"], 1)
        for limit in report["limits"]:
            self.assertIn(f"; {limit['limit']} {limit['max_used']}", title)
        self.error("inspect", self.loihi1, "--picture", self.tmp / "no" / "such.svg", rnv="9003")

    def test_export_hdf5(self):
        out = self.tmp / "image.h5"
        self.json("export", self.loihi1, "--hdf5", "-o", out)
        with h5py.File(out) as f:
            self.assertEqual(f.attrs["format"], "ranvier-image")

    def n1(self):
        """The digits for the chip that exists as RTL."""
        image = self.tmp / "n1.rvi"
        if not image.exists():
            done = self.call("compile", NETWORK, "--target", "ranvier-n1", "-o", image, "--quiet")
            self.assertEqual(done.returncode, 0, done.stderr)
        return image

    def test_export_readmemh(self):
        folder, image = self.tmp / "memories", self.n1()
        result = self.json("export", image, "--readmemh", folder)
        names = sorted(path.name for path in folder.iterdir())
        self.assertEqual(result["files"], len(names))
        readme = (folder / "README.md").read_text()
        for name in names:
            if name.endswith(".mem"):
                self.assertIn(f"`{name}`", readme)
        words = lambda name: [int(line, 16) for line in (folder / name).read_text().splitlines() if not line.startswith("//")]
        self.assertEqual([len(words(f"node0_{space}.mem")) for space in ("axon_in", "synapse", "state", "param", "axon_out", "program", "table", "slice", "accumulator")],
                         [256 + 4096, 16384, 2048, 4096, 256, 1024, 1024, 2048, 8192])
        self.assertEqual(len(words("host_host_mask.mem")), 4096)
        # The bus's file says the same: replayed, it gives the other files.
        spaces = ["axon_in", "synapse", "state", "param", "axon_out", "csr", "program", "table", "slice", "accumulator", "host_mask"]
        memories = {}
        for line in words("config.mem"):
            memories.setdefault((line >> 52, line >> 48 & 15), {})[line >> 32 & 0xFFFF] = line & 0xFFFFFFFF
        for (node, space), written in memories.items():
            if spaces[space] == "csr":
                continue
            there = words(f"{'node0' if node == 0 else 'host'}_{spaces[space]}.mem")
            self.assertEqual({address: there[address] for address in written}, written)
            self.assertTrue(all(word == 0 for address, word in enumerate(there) if address not in written))
        self.assertIn("localparam int COLUMNS = 1;", (folder / "n1_pkg.sv").read_text())
        # Nothing is mixed with what is there.
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        self.fails("export", self.n1(), "--readmemh", folder, rnv=8066)
        self.assertEqual({path.name: path.read_bytes() for path in folder.iterdir()}, before)
        self.assertEqual([path.name for path in self.tmp.iterdir() if path.name.startswith("memories.")], [])
        self.fails("export", self.n1(), "--readmemh", self.n1(), rnv=8066)
        for arguments, code in ((["--hdf5"], 8043), (["-o", self.tmp / "x"], 8043), (["--dt", "1e-3"], 8043)):
            self.fails("export", self.n1(), "--readmemh", self.tmp / "other", *arguments, code=2, rnv=code)
        self.fails("export", DIGITS / "network.nir", "--readmemh", self.tmp / "other", code=2, rnv=8060)
        self.fails("export", self.loihi1, "--readmemh", self.tmp / "other", rnv=7501)
        self.fails("export", self.n1(), code=2, rnv=8003)
        self.assertFalse((self.tmp / "other").exists())

    def test_export_sdram(self):
        network, image, folder = (self.tmp / f"sdram{suffix}" for suffix in (".mlir", ".rvi", ""))
        network.write_text("""snn.network @small dt 1.0e-3 seed 1 {
  snn.input @in shape [4] source #snn.poisson<[20.0], seed = 5>
  snn.population @cells model @if_curr_delta shape [4]
  snn.connect @pairs from @in to @cells receptor "excitatory" delay 1 "one_to_one" {} weights 0.5
  snn.output @out from @cells
}
""")
        self.json("compile", network, "--target", "spinnaker1", "-o", image)
        result = self.json("export", image, "--sdram", folder)
        self.assertEqual(sorted(path.name for path in folder.iterdir()), ["core_0_0_1.bin", "index.json", "router_0_0.bin"])
        self.assertEqual(result["files"], 3)
        self.assertEqual((folder / "router_0_0.bin").read_bytes().hex(), "00000000" + "00000000" + "80000000")
        self.fails("export", image, "--sdram", folder, rnv=8066)
        for arguments, code in ((["--hdf5"], 8043), (["-o", self.tmp / "x"], 8043), (["--grid", "1x1"], 8043), (["--readmemh", self.tmp / "y"], 8043)):
            self.fails("export", image, "--sdram", self.tmp / "no", *arguments, code=2, rnv=code)
        self.fails("export", network, "--sdram", self.tmp / "no", code=2, rnv=8060)
        self.assertIn("loihi1", self.fails("export", self.loihi1, "--sdram", self.tmp / "no", rnv=3030))
        self.assertFalse((self.tmp / "no").exists())

    def test_export_grid(self):
        self.json("export", self.n1(), "--readmemh", self.tmp / "grid", "--grid", "2x3")
        self.assertEqual(len(list((self.tmp / "grid").glob("node*_synapse.mem"))), 6)
        package = (self.tmp / "grid" / "n1_pkg.sv").read_text()
        self.assertIn("COLUMNS = 2;", package)
        self.assertIn("ROWS = 3;", package)
        self.fails("export", self.n1(), "--hdf5", "-o", self.tmp / "x.h5", "--grid", "2x3", code=2, rnv=8043)

    def test_export_no_fast_path(self):
        for name, options in (("fast", []), ("slow", ["--no-fast-path"])):
            self.json("export", self.n1(), "--readmemh", self.tmp / name, *options)
        first = lambda name: int((self.tmp / name / "node0_slice.mem").read_text().splitlines()[1], 16)
        self.assertEqual(first("fast") ^ first("slow"), 1 << 19)
        self.fails("export", self.n1(), "--hdf5", "-o", self.tmp / "x.h5", "--no-fast-path", code=2, rnv=8043)

    def test_export_spikes(self):
        out = self.tmp / "lif2.csv"
        result = self.json("export", self.recording, "--spikes", "csv", "--population", "lif2", "-o", out)
        self.assertEqual(result["populations"]["lif2"]["spikes"], len(out.read_text().splitlines()) - 1)

    def test_export_population(self):
        self.error("export", self.recording, "--spikes", "csv", "-o", self.tmp / "x", rnv="8062")
        self.error("export", self.recording, "--spikes", "csv", "--population", "lif9", "-o", self.tmp / "x", rnv="8062")
        both = self.json("export", self.recording, "--spikes", "sonata", "--population", "lif1", "--population", "lif2", "-o", self.tmp / "two.h5")
        self.assertEqual(set(both["populations"]), {"lif1", "lif2"})

    def test_export_sample(self):
        texts = []
        for sample in (0, 1):
            self.json("export", SET, "--spikes", "csv", "--dt", "1e-3", "--sample", sample, "-o", self.tmp / "sample.csv")
            texts.append((self.tmp / "sample.csv").read_text())
        self.assertNotEqual(*texts)

    def test_diff_shift(self):
        with h5py.File(self.recording) as f:
            steps = f["populations/lif1/spike_steps"][()].tolist()
            neurons = f["populations/lif1/spike_neurons"][()].tolist()
        spikes = list(zip(steps, neurons))
        a = samples.recording(self.tmp / "a.h5", {"p": {"n": 96, "spikes": spikes}}, 18)
        b = samples.recording(self.tmp / "b.h5", {"p": {"n": 96, "spikes": [(s + 3, n) for s, n in spikes]}}, 21)
        self.assertFalse(self.json("diff", a, b, code=1)["equal"])
        self.assertTrue(self.json("diff", "--shift", "p=3", a, b)["equal"])
        self.assertTrue(self.json("diff", b, a, "--shift", "-3")["equal"])

    # --- run and eval ----------------------------------------------------------------------------------------------------------

    def ran(self, *options):
        return self.json("run", self.loihi1, "--input", SET, "--steps", 18, *options)

    def test_run_input(self):
        self.assertGreater(self.ran()["totals"]["spikes"], 0)
        self.assertEqual(self.json("run", self.loihi1, "--steps", 18)["totals"]["spikes"], 0)

    def test_run_inject(self):
        spikes = self.tmp / "injected.csv"
        spikes.write_text("1,3\n1,5\n2,7\n")
        report = self.json("run", self.loihi1, "--steps", 4, "--inject", f"input={spikes}")
        self.assertEqual(report["injected"][0]["received"], 3)
        self.assertEqual(report["totals"]["input_messages"], self.json("run", self.loihi1, "--steps", 4, "--input", spikes)["totals"]["input_messages"])

    def test_run_camera_events(self):
        """Two events of a pixel in a step: a spike of value 2 where the chip has such, else one spike and a warning."""
        events = self.tmp / "events.bin"
        events.write_bytes(b"".join(bytes([x, 0]) + micros.to_bytes(3, "big") for x, micros in ((0, 100), (0, 900), (1, 950), (0, 1500))))
        network = samples.nir(self.tmp / "camera.nir")
        for target, lost, spikes in (("loihi1", 1, 3), ("reference", 0, 3)):
            image = self.tmp / f"camera.{target}.rvi"
            self.json("compile", network, "--target", target, "-o", image)
            done = self.call("run", image, "--input", events, "--steps", 5, "--json")
            result = json.loads(done.stdout)
            self.assertEqual(result["events_not_counted"], lost)
            self.assertEqual(result["populations"]["input"]["spikes"], spikes)
            self.assertEqual("1 camera events" in done.stderr, lost == 1, done.stderr)

    def test_run_sample(self):
        self.assertNotEqual(self.ran("--sample", 1)["populations"], self.ran("--sample", 2)["populations"])
        self.error("run", self.loihi1, "--input", SET, "--steps", 3, "--sample", 450, rnv="1056")
        spikes = self.tmp / "one.csv"
        spikes.write_text("step,neuron\n1,3\n")
        self.error("run", self.loihi1, "--input", spikes, "--steps", 3, "--sample", 1, rnv="1056")

    def test_run_save_weights(self):
        """More of it in test_plasticity.py."""
        text, image, weights = self.tmp / "learns.mlir", self.tmp / "learns.rvi", self.tmp / "weights.csv"
        text.write_text("""snn.network @net dt 1.0e-3 {
  snn.input @a shape [3] source #snn.regular<[5], phase = [1, 2, 3]>
  snn.population @b model @if_curr_exp shape [2]
  snn.connect @e from @a to @b receptor "excitatory" delay 2 "all_to_all" {} weights 0.25
  snn.plasticity @p of @e rule @stdp_pair_additive
}
""")
        self.json("compile", text, "--target", "reference", "-o", image)
        self.json("run", image, "--steps", 10, "--save-weights", weights)
        rows = [f"e,{source},{target},2,0.25" for source in range(3) for target in range(2)]  # the targets never fire
        self.assertEqual(weights.read_text().splitlines(), ["projection,source,target,delay,weight", *rows])

    def test_run_steps(self):
        self.assertEqual(self.json("run", self.loihi1, "--steps", 5)["steps"], 5)
        done = self.call("run", self.loihi1, "--input", SET, "--steps", 3, "--json")
        self.assertGreater(json.loads(done.stdout)["inputs_after_end"], 0)
        self.assertIn("after step 3", done.stderr)

    def test_run_record(self):
        out = self.tmp / "record.h5"
        for record, states in (("spikes", set()), ("v", {"v"}), ("spikes,v,u", {"u", "v"}), ("v,v", {"v"})):
            self.ran("-o", out, "--record", record)
            with h5py.File(out) as f:
                self.assertEqual({key for key in f["populations/lif1"] if not key.startswith("spike_")}, states, record)
                self.assertEqual(set(f["populations/input"]), {"spike_steps", "spike_neurons"})
        out.unlink()
        for wrong in ("w", "spikes,", "spikes,v,nothing"):
            error = self.error("run", self.loihi1, "--steps", 3, "-o", out, "--record", wrong, rnv="8030")
            self.assertIn("spikes, probes, u, v", error["expected"])
            self.assertFalse(out.exists())

    def test_run_checkpoint(self):
        """More of it in test_checkpoint.py."""
        file, out = self.tmp / "run.rvc", self.tmp / "checkpoint.h5"
        self.ran("--checkpoint", file, "--checkpoint-every", 7)
        self.assertEqual(file.read_bytes()[1:4], b"RVC")
        for wrong in (["--checkpoint", file], ["--checkpoint-every", 3]):
            self.error("run", self.loihi1, "--steps", 3, *wrong, code=2, rnv="8003")
        for same in (out, self.tmp / "." / "checkpoint.h5.spool"):
            self.error("run", self.loihi1, "--steps", 3, "--checkpoint", same, "--checkpoint-every", 1, "-o", out, code=2, rnv="8035")
        self.error("run", self.loihi1, "--steps", 3, "--checkpoint", self.loihi1, "--checkpoint-every", 1, code=2, rnv="8025")
        self.error("run", self.loihi1, "--steps", 3, "--checkpoint", self.tmp / "no" / "c.rvc", "--checkpoint-every", 1, rnv="9003")

    def test_run_checkpoint_every(self):
        file = self.tmp / "every.rvc"
        for every, step in ((1, 18), (7, 14), (18, 18)):
            self.ran("--checkpoint", file, "--checkpoint-every", every)
            self.assertIn(f'"step":{step},'.encode(), file.read_bytes())
        file.unlink()
        self.ran("--checkpoint", file, "--checkpoint-every", 19)
        self.assertFalse(file.exists())
        self.error("run", self.loihi1, "--steps", 3, "--checkpoint", file, "--checkpoint-every", 0, code=2, rnv="8003")

    def test_run_resume(self):
        file = self.tmp / "resume.rvc"
        expected = self.ran()
        self.ran("--checkpoint", file, "--checkpoint-every", 7)
        found = self.ran("--resume", file)
        self.assertEqual({**found, "wall": 0}, {**expected, "wall": 0})
        self.error("run", self.loihi1, "--steps", 18, "--input", SET, "--resume", file, "--report", self.tmp / "resumed", code=2, rnv="8036")
        self.error("run", self.loihi1, "--steps", 13, "--input", SET, "--resume", file, code=2, rnv="8034")
        self.error("run", self.loihi1, "--steps", 18, "--resume", file, rnv="7035")
        self.error("run", self.reference, "--steps", 18, "--resume", file, rnv="7033")
        self.error("run", self.loihi1, "--steps", 18, "--resume", self.tmp / "absent.rvc", rnv="9001")
        self.error("run", self.loihi1, "--steps", 18, "--resume", file, "-o", file, code=2, rnv="8025")

    def test_run_report(self):
        folder = self.tmp / "deep" / "report"
        result = self.ran("--report", folder)
        report = json.loads((folder / "report.json").read_text())
        self.assertEqual({k: v for k, v in report.items() if k not in ("per_step", "wall", "cores")}, {k: v for k, v in result.items() if k != "wall"})
        self.check_per_step(report, (folder / "report.txt").read_text(), 18)
        self.check_cores(report)
        for core in report["cores"]:
            self.assertEqual(core["stalled_ps"], 0)
        apart, mapping = self.tmp / "apart.rvi", self.tmp / "apart.json"
        slices = [{"population": name, "first": 0, "count": count, "chip": 0, "core": core} for name, count, core in (("lif1", 96, 0), ("lif2", 10, 40))]
        mapping.write_text(json.dumps({"format": "ranvier-mapping", "version": 1, "slices": slices}))
        self.json("compile", NETWORK, "--target", "loihi1", "--mapping", mapping, "-o", apart)
        self.json("run", apart, "--input", SET, "--steps", 18, "--report", folder, "--timing", "detailed", "--costs", "fitted")
        detailed = json.loads((folder / "report.json").read_text())
        self.check_cores(detailed)
        self.assertEqual({"chip", "x", "y", "direction", "packets", "busy_ps", "waited_ps", "blocked_ps"}, set().union(*detailed["links"]))
        self.assertEqual(sum(link["packets"] for link in detailed["links"]), detailed["totals"]["hops_east_west"] + detailed["totals"]["hops_north_south"])
        self.ran("--report", folder, "--timing", "off")
        self.assertFalse({"cores", "links"} & set(json.loads((folder / "report.json").read_text())))
        blocked = self.tmp / "blocked"
        blocked.write_text("")
        self.error("run", self.loihi1, "--steps", 3, "--report", blocked, rnv="8024")

    def check_cores(self, report):
        """No half of a core works longer than the run, and the three add up to at least the run."""
        time = report["totals"]["picoseconds"]
        for core in report["cores"]:
            sends, receives = core["soma_ps"] + core["axon_out_ps"] + core["stalled_ps"], core["axon_in_ps"] + core["synapse_ps"]
            self.assertLessEqual(max(sends, receives) + core["idle_ps"], time)
            self.assertGreaterEqual(sends + receives + core["idle_ps"], time)

    def test_run_dry_run_ranks(self):
        plain, pretended = self.ran(), self.ran("--dry-run-ranks", 3)
        self.assertEqual(len(pretended.pop("ranks")), 3)
        self.assertTrue(pretended.pop("ranks_pretended"))
        self.assertEqual(pretended.pop("exchange_interval_steps"), 1)
        for one in (plain, pretended):
            del one["wall"]
        self.assertEqual(pretended, plain)
        text = self.call("run", self.loihi1, "--steps", 3, "--dry-run-ranks", 2).stdout
        self.assertIn("ranks        2 (pretended on this machine)", text)
        for wrong in (0, -1, 5000, "many"):
            self.error("run", self.loihi1, "--steps", 3, "--dry-run-ranks", wrong, code=2)

    def test_run_timeline(self):
        path, folder = self.tmp / "timeline.json", self.tmp / "timeline-report"
        for timing in ("fast", "detailed"):
            self.ran("--timeline", path, "--report", folder, "--timing", timing, "--costs", "fitted")
            self.check_timeline(json.loads(path.read_text(), parse_float=decimal.Decimal), json.loads((folder / "report.json").read_text()))
        path.unlink()
        self.error("run", self.loihi1, "--steps", 3, "--timeline", path, "--timing", "off", code=2, rnv="8043")
        self.error("run", self.loihi1, "--steps", 3, "--timeline", path, "-o", path, code=2, rnv="8025")
        self.error("run", self.loihi1, "--steps", 4000000000, "--timeline", path, rnv="8037")
        self.error("run", self.reference, "--steps", 3, "--timeline", path, code=2, rnv="8043")
        self.error("run", self.loihi1, "--steps", 3, "--timeline", self.loihi1, code=2, rnv="8025")
        self.assertFalse(path.exists())

    def check_timeline(self, trace, report):
        """Strict: names for every track first, slices sorted, whole picoseconds, none negative, none over another on its track, sums those of the report."""
        self.assertEqual(set(trace), {"displayTimeUnit", "traceEvents"})
        names, tracks, before = {}, {}, None
        for event in trace["traceEvents"]:
            if event["ph"] == "M":
                self.assertIsNone(before, "names come first")
                self.assertEqual(set(event), {"ph", "name", "pid", "tid", "args"})
                self.assertNotIn((event["name"], event["pid"], event["tid"]), names)
                names[event["name"], event["pid"], event["tid"]] = event["args"]["name"]
                continue
            self.assertEqual((event["ph"], set(event)), ("X", {"ph", "name", "pid", "tid", "ts", "dur", "args"}))
            start, length = (int(event[key] * 10**6) for key in ("ts", "dur"))
            self.assertEqual((start, length), (event["ts"] * 10**6, event["dur"] * 10**6))
            self.assertGreaterEqual(start, before or 0)
            self.assertGreater(length, 0)
            before = start
            self.assertIn(("thread_name", event["pid"], event["tid"]), names)
            track = tracks.setdefault((event["pid"], event["tid"]), [])
            self.assertTrue(not track or start >= track[-1][0] + track[-1][1], "slices of a track overlap")
            self.assertGreaterEqual(event["args"]["step"], track[-1][3] if track else 1)
            track.append((start, length, event["name"], event["args"]["step"]))
        ends = [0]
        for step in report["per_step"]:
            ends.append(ends[-1] + step["picoseconds"])
        halves = [{"soma": "soma_ps", "axon out": "axon_out_ps", "stalled": "stalled_ps"}, {"axon in": "axon_in_ps", "synapse": "synapse_ps"}]
        for core in report["cores"]:
            self.assertIn(("process_name", core["chip"], 0), names)
            for half, kinds in enumerate(halves):
                track = tracks[core["chip"], 2 * core["core"] + half]
                self.assertLessEqual({name for _, _, name, _ in track}, {*kinds, "barrier"})
                for name, key in kinds.items():
                    self.assertEqual(sum(length for _, length, kind, _ in track if kind == name), core[key], (core, name))
                for start, length, name, step in track:
                    self.assertTrue(ends[step - 1] <= start and start + length <= ends[step])
                    if name == "barrier":
                        self.assertEqual(start + length, ends[step])
                self.assertEqual([step for _, _, name, step in track if name == "barrier"], list(range(1, len(ends))))
        self.assertEqual(len(tracks), 2 * len(report["cores"]))

    def check_per_step(self, report, text, steps):
        self.assertEqual(len(report["per_step"]), steps)
        for key, total in report["totals"].items():
            self.assertEqual(sum(step[key] for step in report["per_step"]), total, key)
        for key in ("soma_accesses", "soma_updates", "spikes", "synaptic_events", "messages", "hops_east_west", "hops_north_south"):
            self.assertIn(key, report["totals"])
        self.assertIn("executor jit", text)
        head = text.splitlines().index(next(line for line in text.splitlines() if line.startswith("step\t")))
        table = [line.split("\t") for line in text.splitlines()[head:]]
        self.assertEqual(table[0][1:], list(report["per_step"][0]))
        self.assertEqual([[int(cell) for cell in row] for row in table[1:]], [[k + 1, *step.values()] for k, step in enumerate(report["per_step"])])

    def test_eval_data(self):
        other = self.tmp / "nine.h5"
        with h5py.File(SET) as f, h5py.File(other, "w") as g:
            g["input_spikes"] = f["input_spikes"][3:12]
        result = self.json("eval", self.loihi1, "--data", other)
        self.assertEqual(len(result["predictions"]), 9)
        self.assertNotIn("accuracy", result)

    def test_eval_samples(self):
        self.assertEqual(len(self.json("eval", self.loihi1, "--data", SET, "--samples", 7)["predictions"]), 7)
        done = self.call("eval", self.loihi1, "--data", SET, "--samples", 1000, "--json")
        self.assertEqual(json.loads(done.stdout)["samples"], 450)
        self.assertIn("only 450", done.stderr)

    def test_eval_report(self):
        folder = self.tmp / "eval-report"
        for options in ((), ("--threads", 2)):
            self.json("eval", self.loihi1, "--data", SET, "--samples", 20, "--report", folder, *options)
            report = json.loads((folder / "report.json").read_text())
            self.check_per_step(report, (folder / "report.txt").read_text(), 18)

    def test_eval_spikes(self):
        out = self.tmp / "spikes.h5"
        self.json("eval", self.loihi1, "--data", SET, "--samples", 4, "--spikes", out)
        with h5py.File(out) as f:
            self.assertEqual(f["lif1"].shape, (4, 16, 96))

    def test_eval_compare(self):
        folder = self.tmp / "compare"
        self.json("eval", self.reference, "--data", SET, "--samples", 40, "--report", folder)
        result = self.json("eval", self.loihi1, "--data", SET, "--samples", 40, "--compare", folder / "report.json")
        self.assertEqual(result["compared"]["target"], "reference")
        self.error("eval", self.loihi1, "--data", SET, "--samples", 41, "--compare", folder / "report.json", rnv="8031")

    def test_machine_executor(self):
        for executor in ("jit", "interp"):
            self.assertEqual(self.ran("--executor", executor)["machine"]["executor"], executor)
            self.assertEqual(self.json("eval", self.loihi1, "--data", SET, "--samples", 2, "--executor", executor)["machine"]["executor"], executor)
            self.assertIn(f"executor {executor}", self.call("run", self.loihi1, "--steps", 2, "--executor", executor).stdout)

    def test_machine_timing(self):
        fast, off = self.ran(), self.ran("--timing", "off")
        self.assertIn("energy", fast)
        self.assertEqual(off["totals"], {"spikes": fast["totals"]["spikes"]})
        self.assertNotIn("energy", off)
        detailed = self.ran("--timing", "detailed")
        self.assertGreaterEqual(detailed["totals"].pop("picoseconds"), fast["totals"].pop("picoseconds"))
        self.assertEqual((detailed["totals"], detailed["energy"], detailed["populations"]), (fast["totals"], fast["energy"], fast["populations"]))
        self.assertEqual(detailed["machine"]["timing"], "detailed")
        evaluated = {timing: self.json("eval", self.loihi1, "--data", SET, "--samples", 5, "--timing", timing) for timing in ("fast", "detailed")}
        self.assertEqual(*(result["predictions"] for result in evaluated.values()))
        self.assertGreaterEqual(evaluated["detailed"]["latency_us"]["mean"], evaluated["fast"]["latency_us"]["mean"])
        for command in (["run", self.reference, "--steps", 3], ["eval", self.reference, "--data", SET, "--samples", 1]):
            error = self.error(*command, "--timing", "detailed", code=1, rnv="7015")
            self.assertEqual((error["place"], error["found"]), ("topology.kind", "none"))
        result = self.json("eval", self.loihi1, "--data", SET, "--samples", 2, "--timing", "off")
        self.assertIsNone(result["latency_us"])
        self.assertIn("not asked for", self.call("eval", self.loihi1, "--data", SET, "--samples", 2, "--timing", "off").stdout)

    def test_machine_costs(self):
        names = {self.ran("--costs", name)["machine"]["costs"]["name"] for name in ("published", "fitted")}
        self.assertEqual(names, {"published", "fitted"})
        for command in (["run", self.loihi1, "--steps", 3], ["eval", self.loihi1, "--data", SET, "--samples", 1]):
            error = self.error(*command, "--costs", "guessed", rnv="7001")
            self.assertIn("fitted", error["expected"])

    def test_machine_weights(self):
        """i16: the run of a network whose weights are multiples of the largest one of each population over 32,767."""
        text = """snn.network @half dt 1.0e-3 seed 7 {{
  snn.input @in shape [40] source #snn.poisson<[200.0], seed = 5>
  snn.population @cells model @lif shape [30] params {{tau = 0.02, r = 20.0, v_threshold = 1.0}}
  snn.dense @drive from @in to @cells weights dense<{}> : tensor<30x40xf32>
  snn.dense @back from @cells to @cells delay 2 weights dense<{}> : tensor<30x30xf32>
}}
"""
        random = np.random.default_rng(3)
        weights = [random.normal(0.02, 0.3, shape).astype(np.float32) for shape in ((30, 40), (30, 30))]
        unit = [np.float32(float(np.abs(w).max()) / 32767) for w in weights]
        rounded = [np.float32(np.rint(w.astype(np.float64) / float(u))) * u for w, u in zip(weights, unit)]
        recorded = {}
        for name, values, kept in (("i16", weights, "i16"), ("same", rounded, "f32"), ("f32", weights, "f32")):
            network, image, out = (self.tmp / f"{name}{end}" for end in (".mlir", ".rvi", ".h5"))
            network.write_text(text.format(*[json.dumps(w.astype(float).tolist()) for w in values]))
            self.json("compile", network, "--target", "reference", "-o", image)
            result = self.json("run", image, "--steps", 200, "--weights", kept, "-o", out, "--record", "v")
            self.assertEqual(result["machine"]["weights"], kept)
            with h5py.File(out) as f:
                recorded[name] = f["populations/cells/v"][()]
        np.testing.assert_array_equal(recorded["i16"], recorded["same"])
        self.assertTrue((recorded["i16"] != recorded["f32"]).any())
        self.error("run", self.loihi1, "--steps", 3, "--weights", "i16", code=2, rnv="7009")

    def test_machine_threads(self):
        if (os.cpu_count() or 1) < 2:
            self.skipTest("one processor: a second thread is never used")
        network = samples.noise_network(self.tmp / "wide.mlir", 200, 60000, 4)
        image = self.tmp / "wide.rvi"
        self.json("compile", network, "--target", "reference", "-o", image)
        results = [self.json("run", image, "--steps", 5, "--threads", threads) for threads in (1, 2)]
        self.assertEqual([result["machine"]["threads"] for result in results], [1, 2])
        self.assertEqual(results[0]["totals"], results[1]["totals"])
        workers = [self.json("eval", self.loihi1, "--data", SET, "--samples", 9, "--threads", threads)["wall"]["workers"] for threads in (1, 2)]
        self.assertEqual(workers, [1, 2])

    # --- Of every command ------------------------------------------------------------------------------------------------------

    def test_import_output(self):
        self.assertIn("snn.network @network", self.text.read_text())
