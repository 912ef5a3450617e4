# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Faults in the netlist of the small chip: each of a sample of 25 is detected by test/unit/n1, or proven to be none, or known to survive
(survivors.txt). With `scripts/test --long` all of them, and the share of the score that is asked for. RANVIER_RTL_SEED chooses another sample."""

import os
import random
import unittest

import equivalence
import flow
import mutation

LONG = os.environ.get("RANVIER_TEST_MODE") == "long"
SEED = os.environ.get("RANVIER_RTL_SEED", "1")
SAMPLE, WRONG_PROOFS = 25, 5 if LONG else 1


@flow.needs("yosys", "yosys-abc", "z3", "verilator", "g++")
@unittest.skipUnless(mutation.suite(), "build/release/unit/unit-n1 is not built, and RANVIER_BUILD names no other build")
class Mutation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = mutation.netlist()
        cls.faults = mutation.faults(cls.folder)
        numbers = sorted(cls.faults)
        if not LONG:
            numbers = sorted(random.Random(SEED).sample(numbers, SAMPLE))
            print(f"the {SAMPLE} faults of seed {SEED}: {', '.join(map(str, numbers))}")
        verdicts = mutation.detect(cls.folder, numbers)
        cls.detected = [number for number in numbers if verdicts[number]]
        reasons = mutation.reasons()
        # What is known to survive was tried in vain before, which takes the longest of all.
        hopeless = {number for number, fault in cls.faults.items() if fault.label() in reasons and not LONG}
        undetected = [number for number in numbers if not verdicts[number]]
        proofs = equivalence.prove(cls.folder, [number for number in undetected if number not in hopeless])
        cls.score = mutation.Score(cls.faults, verdicts, proofs | {number: None for number in undetected if number in hopeless}, reasons)
        print(cls.score.text())

    def test_there_are_enough_faults(self):
        self.assertGreaterEqual(len(self.faults), 500)

    def test_what_survives_is_known(self):
        self.assertEqual(self.score.problems(), [])

    def test_most_are_detected(self):
        self.assertGreaterEqual(len(self.detected), len(self.score.verdicts) // 2, "a sample in which the suite sees so little says nothing")
        if LONG:
            self.assertGreaterEqual(self.score.share(), mutation.SHARE)

    def test_a_core_is_asked_only_while_the_chip_is_idle(self):
        """What the proofs take for granted of a core's neighbours."""
        self.assertTrue(equivalence.Prover(self.folder).rule_holds())

    def test_what_is_detected_is_not_proven_to_be_none(self):
        """What the proofs rest on: a fault that a test sees must break them."""
        chosen = random.Random(SEED).sample(self.detected, WRONG_PROOFS)
        seconds = equivalence.SECONDS if LONG else 10  # for each call of a solver, of which most end without a verdict here
        for number, proof in equivalence.prove(self.folder, chosen, seconds=seconds, thorough=LONG).items():
            with self.subTest(self.faults[number].label()):
                self.assertIsNone(proof)


if __name__ == "__main__":
    unittest.main()
