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
    depth: int = 12  # Steps from reset; what follows from induction needs no more than that.
    fault_depth: int = 12  # Steps after which the prover is to see a fault.
    cover_depth: int = 20
    narrow: str = ""  # Statements that keep the search for covers and faults short.
    induction: int = 3
    properties: str = ""  # formal/<properties>.svh; else <name>.svh.
    dissolved: bool = False  # The properties name what is in the modules below it.


# Two nodes, small numbers: widths follow, and with them the time that a proof takes.
SMALL = {"n1_pkg.COLUMNS": 2, "n1_pkg.ROWS": 1, "n1_pkg.NEURONS": 8, "n1_pkg.HOST_INPUTS": 8, "n1_pkg.LINK_BUFFER": 2}

PROOFS = [
    Proof("rv_fifo", ({"WIDTH": 2, "DEPTH": 2}, {"WIDTH": 4, "DEPTH": 4}, {"WIDTH": 1, "DEPTH": 6}),
          (("ready_q <= count_q != COUNT_BITS'(RING - 1);", "ready_q <= 1'b1;"),
           ("else if (from_ring) head_q <= ring[read_q];", "else if (from_ring) head_q <= ring[write_q];"),
           ("assign to_head    = push && ring_empty && (pop || !valid_q);", "assign to_head    = push && ring_empty && !valid_q;"),
           ("assign from_ring  = pop && !ring_empty;", "assign from_ring  = pop && !ring_empty && !push;"))),
    Proof("n1_barrier", (SMALL,),
          (("& (flight_q == '0) & (given == '0);", "& (flight_q == '0);"),
           ("assign quiet = in_done_i & host_idle_i & (&sent_i)", "assign quiet = in_done_i & host_idle_i & (|sent_i)"),
           ("returned = returned + WB'(returned_i[n]);", "returned = returned | WB'(returned_i[n]);"),
           ("BEGINS: begin\n        state_q  <= RUNS;", "BEGINS: begin\n        state_q  <= quiet ? IDLE : RUNS;"),
           ("step_o   <= step_o + 32'd1;", "step_o   <= step_o + 32'(step_o[31:1] == '0) + 32'd1;"))),
    # Flits of three bits of mask and four more: a router does not look into those.
    Proof("n1_router", ({**SMALL, "n1_pkg.FLIT_BITS": 7},),
          (("(want[5*i+:5] & ~taken[5*i+:5]) == '0;", "(want[5*i+:5] & ~taken[5*i+:5] & ~5'd16) == '0;"),
           ("served_q[5*i+:5] | taken[5*i+:5];", "taken[5*i+:5];"),
           ("{g_output[1].leaves[FB-1:LOW] & behind_w_i,", "{g_output[1].leaves[FB-1:LOW],"),
           ("if (!out_ready_i[o]) next_q[3*o+:3] <= choice[3*o+:3];", "if (!out_ready_i[o]) next_q[3*o+:3] <= next_q[3*o+:3];"),
           ("(choice[3*o+:3] == 3'd4) ? 3'd0 : choice[3*o+:3] + 3'd1;", "(choice[3*o+:3] == 3'd4) ? 3'd0 : choice[3*o+:3];")),
          depth=2, induction=1, fault_depth=5, cover_depth=8, dissolved=True,
          narrow="always_comb assume (in_valid_i[4:3] == '0 && f_behind == {3'd1, 3'd4, 3'd2, 3'd4, 3'd2});\n"),
]


@flow.needs("yosys", "yosys-smtbmc", "z3")
class Formal(unittest.TestCase):
    """Three tests a module, made below."""


def add(proof):
    title = proof.properties or proof.name

    def problem(parameters, changes=(), narrow=""):
        return flow.smt(proof.name, parameters, flow.HERE / "formal" / f"{title}.svh", changes, proof.dissolved, narrow)

    def each(self, check, narrow=""):
        for parameters in proof.parameters:
            with self.subTest(flow.label(proof.name, parameters)):
                check(problem(parameters, narrow=narrow))

    def holds(self):
        def check(problem):
            for options in (("-t", str(proof.depth)), ("-i", "-t", str(proof.induction))):
                good, text = flow.smtbmc(problem, *options)
                self.assertTrue(good, text[-3000:])
        each(self, check)

    def covers(self):
        def check(problem):
            good, text = flow.smtbmc(problem, "-c", "-t", str(proof.cover_depth))
            self.assertTrue(good, text[-3000:])
            self.assertIn("Reached cover statement", text)
        each(self, check, proof.narrow)

    def faults(self):
        parameters = proof.parameters[1 if len(proof.parameters) > 1 else 0]
        for change in proof.faults:
            with self.subTest(change[1]):
                good, text = flow.smtbmc(problem(parameters, (change,), proof.narrow), "-t", f"{proof.fault_depth - 1}:{proof.fault_depth}")
                self.assertFalse(good, text[-3000:])
                self.assertIn("Assert failed", text)
    setattr(Formal, f"test_{title}_holds", holds)
    setattr(Formal, f"test_{title}_covers", covers)
    setattr(Formal, f"test_{title}_finds_faults", faults)


for entry in PROOFS:
    add(entry)

if __name__ == "__main__":
    unittest.main()
