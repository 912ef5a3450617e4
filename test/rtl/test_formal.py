# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Proofs with yosys-smtbmc and z3: by induction, so for runs of any length; each with covers that show it is about something, and with
faults that it must find."""

import dataclasses
import unittest

import flow


@dataclasses.dataclass(frozen=True)
class Proof:
    name: str
    parameters: tuple
    faults: tuple  # (old text, new text) of the module, each of which must break the proof.
    depth: int = 12  # Steps from reset.
    induction: int = 3
    properties: str = ""  # formal/<properties>.svh; else <name>.svh.
    instead: tuple = ()  # Modules for which formal/<module>.sv stands.


PROOFS = [
    Proof("rv_fifo", ({"WIDTH": 2, "DEPTH": 2}, {"WIDTH": 4, "DEPTH": 4}, {"WIDTH": 1, "DEPTH": 6}),
          (("ready_q <= count_q != COUNT_BITS'(RING - 1);", "ready_q <= 1'b1;"),
           ("else if (from_ring) head_q <= ring[read_q];", "else if (from_ring) head_q <= ring[write_q];"),
           ("assign to_head    = push && ring_empty && (pop || !valid_q);", "assign to_head    = push && ring_empty && !valid_q;"),
           ("assign from_ring  = pop && !ring_empty;", "assign from_ring  = pop && !ring_empty && !push;"))),
]


@flow.needs("yosys", "yosys-smtbmc", "z3")
class Formal(unittest.TestCase):
    """Three tests a module, made below."""


def add(proof):
    title = proof.properties or proof.name

    def problem(parameters, changes=()):
        instead = {module: flow.HERE / "formal" / f"{module}.sv" for module in proof.instead}
        return flow.smt(proof.name, parameters, flow.HERE / "formal" / f"{title}.svh", changes, instead)

    def each(self, check):
        for parameters in proof.parameters:
            with self.subTest(flow.label(proof.name, parameters)):
                check(problem(parameters))

    def holds(self):
        def check(problem):
            for options in (("-t", str(proof.depth)), ("-i", "-t", str(proof.induction))):
                good, text = flow.smtbmc(problem, *options)
                self.assertTrue(good, text[-3000:])
        each(self, check)

    def covers(self):
        def check(problem):
            good, text = flow.smtbmc(problem, "-c", "-t", str(proof.depth + 8))
            self.assertTrue(good, text[-3000:])
            self.assertIn("Reached cover statement", text)
        each(self, check)

    def faults(self):
        parameters = proof.parameters[1 if len(proof.parameters) > 1 else 0]
        for change in proof.faults:
            with self.subTest(change[1]):
                good, text = flow.smtbmc(problem(parameters, (change,)), "-t", str(proof.depth))
                self.assertFalse(good, text[-3000:])
                self.assertIn("Assert failed", text)
    setattr(Formal, f"test_{title}_holds", holds)
    setattr(Formal, f"test_{title}_covers", covers)
    setattr(Formal, f"test_{title}_finds_faults", faults)


for entry in PROOFS:
    add(entry)

if __name__ == "__main__":
    unittest.main()
