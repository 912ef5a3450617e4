# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rules of the dialects: every message of a verifier has a case that provokes it, every op and pass has its documentation and a test."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
STRING = r'"((?:[^"\\]|\\.)*)"'


def unescape(text):
    return text.encode().decode("unicode_escape")


class Verifiers(unittest.TestCase):
    def messages(self, folder):
        """First literals of the diagnostics in a folder of C++."""
        found = {}
        for path in sorted((ROOT / folder).rglob("*.cpp")):
            text = path.read_text(encoding="utf-8")
            for match in re.finditer(r"(?:emitOpError\(|emitError\(\) << |clash\([^;\"]*?)" + STRING, text):
                found.setdefault(unescape(match.group(1)).strip(), path.name)
        return found

    def test_every_rule_has_a_case(self):
        for folder, tests in (("dialects/lib/SNN", "SNN"), ("dialects/lib/Fabric", "Fabric")):
            expected = " ".join(re.findall(r"\{\{(.*?)\}\}", (ROOT / "test" / "Dialect" / tests / "invalid.mlir").read_text(encoding="utf-8")))
            messages = self.messages(folder)
            self.assertGreaterEqual(len(messages), 10 if tests == "Fabric" else 50)
            missing = {message: where for message, where in messages.items() if len(message) > 3 and message[:20].strip() not in expected}
            self.assertEqual(missing, {}, f"messages of {folder} that no case of invalid.mlir provokes")


class Ops(unittest.TestCase):
    def test_every_op_round_trips(self):
        """Each op of a dialect stands in a positive test and in the specification or the generated page."""
        for dialect, td in (("snn", "SNN/IR/SNNOps.td"), ("fabric", "Fabric/IR/FabricOps.td")):
            names = re.findall(r'def \w+Op : \w+<"(\w+)"', (ROOT / "dialects/include/ranvier/Dialect" / td).read_text(encoding="utf-8"))
            self.assertGreater(len(names), 1)
            positive = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "test").rglob("*.mlir") if p.name != "invalid.mlir")
            page = (ROOT / "docs" / "dialects" / f"{dialect}.md").read_text(encoding="utf-8")
            for name in names:
                self.assertRegex(positive, rf"\b{dialect}\.{name}\b", "no positive test")
                self.assertIn(f"### `{dialect}.{name}`", page)

    def test_every_op_belongs_to_a_family(self):
        """What stands in a network is a node, a projection, an output, a probe, a plasticity or a rewiring: the first two through interfaces."""
        text = (ROOT / "dialects/include/ranvier/Dialect/SNN/IR/SNNOps.td").read_text(encoding="utf-8")
        nodes = set(re.findall(r'def (\w+)Op : SNN_NodeOp<', text))
        projections = set(re.findall(r'def (\w+)Op : SNN_(?:ProjectionOp|WindowOp)<', text))
        rest = set(re.findall(r'def (\w+)Op : SNN_NetworkBodyOp<', text))
        self.assertEqual(nodes, {"Input", "Population", "Junction"})
        self.assertEqual(projections, {"Dense", "Sparse", "Conv2d", "Conv1d", "Pool", "Connect"})
        self.assertEqual(rest, {"Output", "Probe", "Plasticity", "Rewiring"})

    def test_every_canonicalisation_is_tested(self):
        """An op with a canonicaliser stands in canonicalize.mlir, beside a CHECK-NOT or a form that it takes."""
        text = (ROOT / "dialects/lib/SNN/IR/SNNFolds.cpp").read_text(encoding="utf-8")
        ops = {m.lower() for m in re.findall(r"LogicalResult (\w+)Op::canonicalize", text)}
        cases = (ROOT / "test/Dialect/SNN/canonicalize.mlir").read_text(encoding="utf-8")
        self.assertEqual(ops, {"update", "spike", "output", "junction", "dense", "sparse", "conv1d", "conv2d", "connect"})
        for op in ops:
            self.assertRegex(cases, rf"\bsnn\.{op}\b")
        self.assertGreater(cases.count("CHECK-NOT"), 6)


class Passes(unittest.TestCase):
    def test_every_pass_is_tested_and_documented(self):
        text = (ROOT / "compiler/include/ranvier/Passes/Passes.td").read_text(encoding="utf-8")
        names = re.findall(r'RanvierPass<"([\w-]+)">', text)
        self.assertGreater(len(names), 5)
        runs = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "test" / "Conversion").rglob("*.mlir"))
        page = (ROOT / "docs/dialects/passes.md").read_text(encoding="utf-8")
        for name in names:
            self.assertIn(f"--{name}", runs)
            self.assertIn(f"`-{name}`", page)
            summary = re.search(rf'RanvierPass<"{name}"> {{\s*let summary = "([^"]+)"', text)
            self.assertIsNotNone(summary, f"{name} has no summary")


if __name__ == "__main__":
    unittest.main()
