# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every module, with every set of parameters that is used, passes verilator -Wall without a word, and nothing anywhere silences it."""

import pathlib
import re
import tempfile
import unittest

import flow
from modules import BY_NAME, MODULES

# What could hide a warning: comments that Verilator obeys, lines of its configuration files, options.
WAIVER = re.compile(r"lint_off|lint_on|lint_save|lint_restore|-Wno-|\bsynopsys\b|translate_off|pragma\s+translate", re.I)
HARDWARE = {".sv", ".svh", ".v", ".vh", ".vlt", ".f"}


@flow.needs("verilator")
class Lint(unittest.TestCase):
    """A test a module, made below."""

    def test_a_warning_fails(self):
        """What the other tests rest on: a dropped bit, an unused signal and a latch are each refused."""
        bodies = {"WIDTH": "assign y = a + 9'd1;", "UNUSED": "logic spare; assign spare = a[0]; assign y = a;", "LATCH": "always_comb if (a[0]) y = a;"}
        for warning, body in bodies.items():
            with tempfile.TemporaryDirectory(prefix="ranvier-rtl-") as folder:
                path = pathlib.Path(folder) / "bad.sv"
                path.write_text(f"module bad (input logic [7:0] a, output logic [7:0] y);\n  {body}\nendmodule\n")
                code, text = flow.lint("bad", {}, {"bad": path})
                self.assertNotEqual(code, 0)
                self.assertIn(warning, text)


def add(module):
    def test(self):
        for parameters in (*(module.parameters if module.alone else ()), *module.large, *module.lint_only):
            with self.subTest(flow.label(module.name, parameters)):
                self.assertEqual(flow.lint(module.name, parameters), (0, ""))
    setattr(Lint, f"test_{module.name}", test)


for entry in MODULES:
    add(entry)


class Rules(unittest.TestCase):
    def test_no_waiver_exists(self):
        checked = 0
        for path in sorted(flow.RTL.rglob("*")):
            if path.suffix in HARDWARE:
                checked += 1
                match = WAIVER.search(path.read_text(encoding="utf-8"))
                self.assertIsNone(match, f"{path.name}: {match and match.group(0)}")
        self.assertGreaterEqual(checked, len(MODULES))

    def test_every_module_is_listed(self):
        written = {path.stem for path in flow.RTL.rglob("*.sv") if re.search(r"^module\b", path.read_text(encoding="utf-8"), re.M)}
        self.assertEqual(written - BY_NAME.keys(), set(), "modules without a line in modules.py")
        self.assertEqual(BY_NAME.keys() - flow.library().keys(), set(), "lines in modules.py without a module")

    def test_a_file_is_a_module(self):
        for path in sorted(flow.RTL.rglob("*.sv")):
            text = flow.without_comments(path.read_text(encoding="utf-8"))
            self.assertEqual(re.findall(r"^(?:module|package)\s+(\w+)", text, re.M), [path.stem], path.name)

    def test_sources_carry_the_licence(self):
        for path in sorted(flow.RTL.rglob("*")):
            if path.suffix in HARDWARE:
                self.assertIn("SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception", path.read_text(encoding="utf-8")[:600], path.name)

    def test_ports_and_blocks_follow_the_rules(self):
        """Ports end in _i or _o, nothing but the rising edge of clk_i clocks, no latch block, no delay, no initial block."""
        for path in sorted(flow.RTL.rglob("*.sv")):
            text = flow.without_comments(path.read_text(encoding="utf-8"))
            for direction, port in re.findall(r"^\s*(input|output|inout)\s[^,;()]*?(\w+)\s*,?\s*$", text, re.M):
                self.assertNotEqual(direction, "inout", f"{path.name}: {port}")
                self.assertTrue(port.endswith({"input": "_i", "output": "_o"}[direction]), f"{path.name}: {port}")
            for edges in re.findall(r"@\s*\(([^)]*)\)", text):
                self.assertEqual(edges.strip(), "posedge clk_i", path.name)
            self.assertIsNone(re.search(r"\balways_latch\b|\binitial\b|\bnegedge\b|\balways\s+@|#\s*\d", text), path.name)


if __name__ == "__main__":
    unittest.main()
