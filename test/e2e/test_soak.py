# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A long run needs no more memory than a short one: many synaptic events (10^9 with `scripts/test --long`, a tenth of that otherwise) under a limit that
the system enforces, with a recording that outgrows it, on one thread and on two, to the same spikes."""

import json
import os
import resource
import subprocess
import sys
import unittest

import h5py

from ranvier import BIN, ROOT, Case

LONG = os.environ.get("RANVIER_TEST_MODE") == "long"
NEURONS, SYNAPSES = 10000, 1000
EVENTS = 10**9 if LONG else 10**8
DATA = 400 << 20  # RLIMIT_DATA: everything a process has that is its own and can be written, mapped or allocated.


class Soak(Case):
    def test_many_events_under_a_memory_limit(self):
        network = self.tmp / "brunel.mlir"
        with open(network, "w", encoding="utf-8") as out:
            subprocess.run([sys.executable, str(ROOT / "examples" / "balanced" / "generate.py"), "brunel", "--neurons", str(NEURONS), "--synapses", str(SYNAPSES), "--connect",
                            "number"], stdout=out, check=True)
        image = self.tmp / "brunel.rvi"
        self.json("compile", network, "--target", "reference", "-o", image)
        short = self.limited(image, 500, 1, None)
        per_step = short["spikes"] * SYNAPSES / 500
        steps = round(1.05 * EVENTS / per_step) + 500
        outcomes = [self.limited(image, steps, threads, self.tmp / f"soak{threads}.h5") for threads in (1, 2)]
        for outcome in outcomes:
            self.assertGreater(outcome["spikes"] * SYNAPSES, EVENTS)
            # Its state, whatever its length; a buffer of the recording apart.
            self.assertLess(outcome["peak"], short["peak"] + (64 << 20))
        with h5py.File(self.tmp / "soak1.h5") as one, h5py.File(self.tmp / "soak2.h5") as two:
            for population in ("E", "I"):
                for key in ("spike_steps", "spike_neurons"):
                    self.assertTrue((one["populations"][population][key][()] == two["populations"][population][key][()]).all())

    def limited(self, image, steps, threads, recording):
        """Spikes and peak resident memory of a run that may not have more than DATA bytes of its own."""
        command = [BIN / "ranvier", "run", image, "--steps", steps, "--timing", "off", "--threads", threads, "--json", *(["-o", recording] if recording else [])]
        read, write = os.pipe()
        process = subprocess.Popen([*map(str, command)], stdout=write, stderr=subprocess.PIPE, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (DATA, DATA)))
        os.close(write)
        with os.fdopen(read, encoding="utf-8") as out:
            text = out.read()
        complaints = process.stderr.read().decode()
        process.stderr.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0, complaints)
        return {"spikes": json.loads(text)["totals"]["spikes"], "peak": usage.ru_maxrss * 1024}


if __name__ == "__main__":
    unittest.main()
