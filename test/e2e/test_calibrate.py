# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`ranvier calibrate`: the cycles of ranvier-n1's description are those that its RTL takes, and the emulator's times keep to the RTL's.

Models of the shipped RTL are built once and stay in the cache of the build tree; the slower chip of one test is built for it."""

import re
import shutil
import unittest

from ranvier import ROOT, Case
from test_cosim import file_list

DESCRIPTION = ROOT / "hw-models" / "chips" / "ranvier-n1.yaml"


class Calibrate(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not shutil.which("verilator"):
            raise unittest.SkipTest("not installed: verilator")
        cls.text = DESCRIPTION.read_text()

    def changed(self, name, **numbers):
        """The description with other cycles."""
        text = self.text
        for key, value in numbers.items():
            text, count = re.subn(rf"(?m)^(      {key}: )\d+$", rf"\g<1>{value}", text)
            self.assertEqual(count, 1, key)
        path = self.tmp / name
        path.write_text(text)
        return path


class Fit(Calibrate):
    def test_the_numbers_of_the_description_are_found_again(self):
        result = self.json("calibrate")
        self.assertEqual((result["chip"], result["changed"]), ("ranvier-n1", 0))
        self.assertEqual(result["error"], {"mean": 0, "worst": 0})
        self.assertGreater(result["counts"], 500)
        self.assertEqual((len(result["numbers"]), result["not_measured"]), (17, []))
        for key, number in result["numbers"].items():
            self.assertAlmostEqual(number["exact"], number["value"], 6, key)
        self.assertIn(result["source"], self.text)

    def test_calibrate_output(self):
        """Whatever stood there, the shipped description comes out, to the last comment; the file may be the one that was read."""
        other = self.changed("other.yaml", step=9, slice=0, group=77, lanes=2, native_neuron=3, send=1, spike=4, input=100, hop=12, row=30, synapse=2)
        other.write_text(re.sub(r'(?m)^      source: ".*"\n      status: fitted\n', "", other.read_text().replace("packet: 1\n", "packet: {value: 8, source: guessed, status: estimate}\n")))
        result = self.json("calibrate", other, "-o", other)
        self.assertEqual(result["changed"], 12)
        self.assertEqual(result["numbers"]["lanes"], {"value": 8, "exact": 8, "before": 2})
        # Source and status come first where the section had none; there they stand, source before status.
        self.assertEqual(other.read_text(), self.text)

    def test_a_number_in_the_middle_of_a_line_stays_where_it_is(self):
        text = self.text.replace("      step: 2\n", "").replace("      clock_ns: {", "      ? step\n      : 2\n      clock_ns: {")
        self.assertNotEqual(text, self.text)
        path, out = self.tmp / "lines.yaml", self.tmp / "none.yaml"
        path.write_text(text)
        said = self.fails("calibrate", path, "-o", out, rnv=2019)
        self.assertIn("costs[0].cycles.step", said)
        self.assertFalse(out.exists())
        self.assertEqual(path.read_text(), text)
        self.fails("calibrate", "loihi1", rnv=2019)
        self.fails("calibrate", "spinnaker2", code=3, rnv=2013)
        self.fails("calibrate", "spinnaker1", rnv=2019)

    def test_calibrate_rtl(self):
        """A chip of one node whose cores take two cycles more to end their updates."""
        folder = self.tmp / "slower"
        folder.mkdir()
        original = (ROOT / "rtl" / "n1" / "n1_update.sv").read_text()
        text = original
        for old, new in (("logic [1:0] drain_q", "logic [2:0] drain_q"), ("drain_q + 2'd1", "drain_q + 3'd1"), ("drain_q == 2'd3", "drain_q == 3'd5")):
            self.assertEqual(text.count(old), 1, old)
            text = text.replace(old, new)
        (folder / "n1_update.sv").write_text(text)
        files = file_list(self.tmp / "slower.f", folder)
        small = self.tmp / "one.yaml"
        small.write_text(self.text.replace("tiles_x: 4", "tiles_x: 1").replace("tiles_y: 4", "tiles_y: 1").replace("      hop: 1\n", "      hop: 7\n"))
        result = self.json("calibrate", small, "--rtl", files, "-o", self.tmp / "fitted.yaml")
        # With one node nothing tells what a hop takes: it stays, and that is said.
        self.assertEqual((result["numbers"]["hop"]["value"], result["not_measured"]), (7, ["hop"]))
        self.assertRegex((self.tmp / "fitted.yaml").read_text(), r'source: "ranvier calibrate: .*not measured: hop"')
        self.assertIn("      hop: 7\n", (self.tmp / "fitted.yaml").read_text())
        self.assertEqual({key: (number["before"], number["value"]) for key, number in result["numbers"].items() if number["before"] != number["value"]}, {"update": (4, 6)})
        self.assertEqual(result["error"]["worst"], 0)
        said = self.json("calibrate", small, "--rtl", files, "--validate", "--count", 1, code=1)
        self.assertFalse(said["within_bounds"])


class Validate(Calibrate):
    def validate(self, *options, chip=None, code=0):
        result = self.json("calibrate", *([chip] if chip else []), "--validate", *options, code=code)
        self.assertEqual(result["within_bounds"], code == 0)
        return result, {kind["kind"]: kind for kind in result["kinds"]}

    def test_calibrate_validate(self):
        _, kinds = self.validate("--count", 12, "--seed", 31)
        alone, apart, heavy = kinds["alone"], kinds["apart"], kinds["heavy"]
        for side in ("fast", "detailed"):
            self.assertEqual((alone[side]["mean"], alone[side]["worst"]), (0, 0), side)
            self.assertLessEqual(apart[side]["mean"], 0.02, side)
        self.assertLessEqual(heavy["fast"]["mean"], 0.08)
        for kind in kinds.values():  # arbiters' turns included, which go on from step to step
            self.assertEqual((kind["detailed"]["mean"], kind["detailed"]["worst"]), (0, 0))
        for kind in kinds.values():
            self.assertEqual((kind["networks"], kind["steps"]), (12, 144))
            self.assertGreater(kind["cycles"], 144 * 100)
        # Traffic that no sum of its parts explains.
        self.assertGreater(heavy["fast"]["mean"], 0)

    def test_calibrate_seed_and_count(self):
        first, again, other = (self.validate("--count", count, "--seed", seed)[1] for count, seed in ((2, 5), (2, 5), (1, 6)))
        self.assertEqual(first, again)
        self.assertEqual(other["heavy"]["networks"], 1)
        self.assertNotEqual(first["heavy"]["cycles"], other["heavy"]["cycles"])
        # Networks have seeds of their own, from the first on.
        both, one = (self.validate("--count", count, "--seed", 5)[1]["apart"]["cycles"] for count in (2, 1))
        self.assertEqual(both, one + other["apart"]["cycles"])

    test_calibrate_seed = test_calibrate_count = test_calibrate_seed_and_count

    def test_wrong_numbers_are_seen(self):
        for number, kind in (({"update": 5}, "alone"), ({"synapse": 2}, "heavy"), ({"group": 9}, "apart")):
            _, kinds = self.validate("--count", 2, chip=self.changed("wrong.yaml", **number), code=1)
            self.assertFalse(kinds[kind]["fast"]["within_bound"])
            self.assertGreater(kinds[kind]["detailed"]["mean"], kinds[kind]["detailed"]["bound"])

    def test_every_option_has_a_test(self):
        said = self.call("calibrate", "--help").stdout
        options = set(re.findall(r"^  (?:-\w,)?(--[a-z0-9-]+)", said, re.M)) - {"--help"}
        self.assertEqual(options, {"--rtl", "--output", "--validate", "--seed", "--count"})
        for option in options:
            self.assertTrue(any(hasattr(case, f"test_calibrate_{option[2:]}") for case in (Fit, Validate)), option)
        for example in re.findall(r"^ +ranvier calibrate ?(.*)", said.split("Examples:")[1], re.M):
            self.assertLessEqual(set(re.findall(r"--[a-z]+", example)), options)

    def test_text(self):
        done = self.call("calibrate", "--validate", "--count", 1)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"a core alone +12 +0\.00 % +0\.00 % +0\.00 % +0\.00 %\n")
        self.assertIn("within the bounds", done.stdout)
        self.fails("calibrate", "--validate", "-o", self.tmp / "x.yaml", code=2, rnv=8043)
        for option in ("--seed", "--count"):  # of --validate
            self.fails("calibrate", option, 3, code=2, rnv=8043)


if __name__ == "__main__":
    unittest.main()
