# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Each block against a model of it in C++ that knows nothing of its insides: corner cases, then at least 100,000 random cycles with
random stalls on every handshake."""

import os
import re
import unittest

import flow
from modules import MODULES

SEED = os.environ.get("RANVIER_RTL_SEED", "1")


@flow.needs("verilator", "g++")
class Blocks(unittest.TestCase):
    """A test a module, made below."""

    def test_a_broken_block_fails(self):
        """What the other tests rest on: a queue that takes one word too many is found."""
        files = flow.library()
        text = files["rv_fifo"].read_text(encoding="utf-8")
        old = "ready_q <= count_q != COUNT_BITS'(RING - 1);"
        self.assertEqual(text.count(old), 1)
        folder = flow.made("broken", [text], lambda folder: (folder / "rv_fifo.sv").write_text(text.replace(old, "ready_q <= 1'b1;")))
        program = flow.program("rv_fifo", {"WIDTH": 8, "DEPTH": 3}, [folder / "rv_fifo.sv"], flow.benches("FifoBench"))
        code, text = flow.run([program, SEED, 1000])
        self.assertEqual(code, 1, text)
        self.assertIn("words: valid", text)


def add(module):
    def test(self):
        for parameters in (*module.parameters, *module.large):
            with self.subTest(flow.label(module.name, parameters)):
                program = flow.program(module.name, parameters, flow.readable(module.name, parameters), flow.benches(module.bench))
                code, text = flow.run([program, SEED, module.cycles])
                self.assertEqual(code, 0, text)
                cycles, checks = map(int, re.search(r"^ok: (\d+) cycles, (\d+) checks$", text, re.M).groups())
                self.assertGreaterEqual(cycles, 100000)
                self.assertGreater(checks, cycles // 1000)
    setattr(Blocks, f"test_{module.name}", test)


for entry in MODULES:
    if entry.bench:
        add(entry)

if __name__ == "__main__":
    unittest.main()
