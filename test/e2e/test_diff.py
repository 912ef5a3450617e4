# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`ranvier diff` on recordings with known edits: what differs, where first, how often, in which steps."""

import h5py
import numpy as np

import samples
from ranvier import DIGITS, Case


class Diff(Case):
    def record(self, name, steps=10, **populations):
        return samples.recording(self.tmp / f"{name}.h5", populations, steps)

    def compare(self, a, b, *options, equal=False):
        result = self.json("diff", a, b, *options, code=0 if equal else 1)
        self.assertEqual(result["equal"], equal)
        return result

    def test_known_edits_of_spikes(self):
        spikes = [(t, n) for t in range(1, 11) for n in range(5) if (t + n) % 3 == 0]
        a = self.record("a", p={"n": 5, "spikes": spikes})
        self.compare(a, a, equal=True)
        changed = [s for s in spikes if s not in ((4, 2), (7, 2))] + [(4, 1), (9, 4), (9, 1)]
        result = self.compare(a, self.record("b", p={"n": 5, "spikes": changed}))["populations"]["p"]["spikes"]
        self.assertEqual((result["spikes_a"], result["spikes_b"], result["only_a"], result["only_b"]), (len(spikes), len(changed), 2, 3))
        self.assertEqual(result["first"], {"step": 4, "neuron": 1, "only_in": "b"})
        self.assertEqual(result["per_step"], [[4, 2], [7, 1], [9, 2]])
        done = self.call("diff", a, self.tmp / "b.h5")
        self.assertIn("2 only in A, 3 only in B; first at step 4, neuron 1 (only in B); in 3 steps", done.stdout)
        self.assertTrue(done.stdout.endswith("different\n"))

    def test_known_edits_of_states(self):
        v = np.arange(40, dtype=np.float32).reshape(10, 4)
        edited = v.copy()
        edited[2, 3] += 0.5
        edited[2, 1] -= 8
        edited[9, 0] += 1
        a, b = self.record("sa", p={"n": 4, "states": {"v": (v, 1)}}), self.record("sb", p={"n": 4, "states": {"v": (edited, 1)}})
        state = self.compare(a, b)["populations"]["p"]["states"]["v"]
        self.assertEqual((state["values"], state["differing"], state["largest"]), (40, 3, 8.0))
        self.assertEqual(state["first"], {"step": 3, "neuron": 1, "a": 9.0, "b": 1.0})
        self.assertEqual(state["per_step"], [[3, 2], [10, 1]])

    def test_floats_against_integers(self):
        """Integer states count in units of their scale: 0.25 each."""
        real = np.array([[0.0, 1.5], [2.25, -3.0]], dtype=np.float32)
        words = np.array([[0, 6], [9, -12]], dtype=np.int32)
        a, b = self.record("float", 2, p={"n": 2, "states": {"v": (real, 1)}}), self.record("int", 2, p={"n": 2, "states": {"v": (words, 0.25)}})
        self.compare(a, b, equal=True)
        words[1, 0] += 1
        c = self.record("int2", 2, p={"n": 2, "states": {"v": (words, 0.25)}})
        self.assertEqual(self.compare(a, c)["populations"]["p"]["states"]["v"]["first"], {"step": 2, "neuron": 0, "a": 2.25, "b": 2.5})

    def test_values_in_words_against_floats(self):
        spikes = [(1, 0), (2, 1)]
        a = self.record("fv", p={"n": 2, "spikes": spikes, "values": np.array([1.5, -0.25], dtype=np.float32)})
        b = self.record("iv", p={"n": 2, "spikes": spikes, "values": np.array([6, -1], dtype=np.int32), "value_scale": 0.25})
        self.compare(a, b, equal=True)

    def test_a_state_has_the_networks_name_on_every_target(self):
        """The unit of loihi1 calls the current u, the model of a CUBA-LIF calls it i."""
        network = self.tmp / "cuba.mlir"
        network.write_text("""snn.network @n dt 1.0e-3 {
  snn.input @in shape [1] source #snn.regular<[5], phase = [1]>
  snn.population @p model @cuba_lif shape [2] params {tau_syn = 0.004, tau_mem = 0.02, r = 1.0, v_leak = 0.0, v_threshold = 1.0, v_reset = 0.0, w_in = 1.0}
  snn.dense @w from @in to @p weights dense<[[2.0], [3.0]]> : tensor<2x1xf32>
  snn.output @out from @p
  snn.probe @look of @p ["i"]
}
""")
        for target, asked, names in (("reference", "spikes,i,v", {"i", "v"}), ("loihi1", "spikes,i,v", {"i", "v"}), ("loihi2", "spikes,u,v", {"u", "v"}), ("loihi1", None, {"i"})):
            image, run = self.tmp / f"{target}.rvi", self.tmp / f"cuba-{target}-{asked}.h5"
            self.json("compile", network, "--target", target, "-o", image)
            self.json("run", image, "--steps", 40, *(["--record", asked] if asked else []), "-o", run)
            with h5py.File(run) as f:
                self.assertEqual(set(f["populations/p"]) - {"spike_steps", "spike_neurons"}, names)
        self.assertIn("spikes, probes, i, u, v", self.fails("run", self.tmp / "loihi1.rvi", "--steps", 1, "--record", "w", "-o", self.tmp / "no.h5", rnv=8030))
        result = self.compare(self.tmp / "cuba-reference-spikes,i,v.h5", self.tmp / "cuba-loihi1-spikes,i,v.h5", "--shift", "1")["populations"]["p"]
        self.assertNotIn("states_not_compared", result)
        self.assertLess(result["states"]["i"]["largest"], 0.05)
        self.assertLess(result["states"]["v"]["largest"], 0.05)

    def test_values_of_graded_spikes(self):
        spikes = [(1, 0), (2, 1)]
        a, b = self.record("ga", p={"n": 2, "spikes": spikes, "values": np.array([3, 4], dtype=np.int32)}), self.record(
            "gb", p={"n": 2, "spikes": spikes, "values": np.array([3.0, 5.0], dtype=np.float32)})
        self.compare(a, a, equal=True)
        result = self.compare(a, b)["populations"]["p"]["spikes"]
        self.assertEqual((result["only_a"], result["only_b"], result["values_differing"]), (0, 0, 1))
        self.assertEqual(result["first"], {"step": 2, "neuron": 1, "only_in": "neither", "a": 4.0, "b": 5.0})

    def test_sizes_and_names(self):
        a, b = self.record("na", p={"n": 4}, q={"n": 3}), self.record("nb", p={"n": 5}, r={"n": 3})
        reasons = {entry["population"]: entry["reason"] for entry in self.compare(a, b)["unmatched"]}
        self.assertEqual(set(reasons), {"p", "q", "r"})
        self.assertIn("4 and 5 neurons", reasons["p"])
        self.assertEqual((reasons["q"], reasons["r"]), ("only in A", "only in B"))

    def test_states_of_one_side_are_named(self):
        a, b = self.record("oa", p={"n": 1, "states": {"v": (np.zeros((10, 1), np.int32), 1)}}), self.record("ob", p={"n": 1})
        self.assertEqual(self.compare(a, b, equal=True)["populations"]["p"]["states_not_compared"], {"only_a": ["v"], "only_b": []})
        self.assertIn("v: recorded in A only", self.call("diff", a, b).stdout)

    def test_a_longer_recording_differs_by_what_it_has_more(self):
        a, b = self.record("short", 5, p={"n": 2, "spikes": [(1, 0)]}), self.record("long", 9, p={"n": 2, "spikes": [(1, 0), (8, 1)]})
        result = self.compare(a, b)
        self.assertEqual((result["steps_a"], result["steps_b"]), (5, 9))
        self.assertEqual(result["populations"]["p"]["spikes"]["first"], {"step": 8, "neuron": 1, "only_in": "b"})
        silent = self.record("silent", 9, p={"n": 2, "spikes": [(1, 0)]})
        self.compare(a, silent, equal=True)
        rows = [self.record(f"rows{n}", n, p={"n": 1, "states": {"v": (np.ones((n, 1), np.int32), 1)}}) for n in (5, 9)]
        self.compare(*rows)

    def test_shifts(self):
        """B lags by 2; what falls off either end is counted, not compared."""
        v = np.arange(30, dtype=np.int32).reshape(10, 3)
        late = np.full((12, 3), -1, dtype=np.int32)
        late[2:] = v
        spikes = [(1, 0), (5, 1), (10, 2)]
        a = self.record("ta", 10, p={"n": 3, "spikes": spikes, "states": {"v": (v, 1)}}, q={"n": 1, "spikes": [(3, 0)]})
        b = self.record("tb", 12, p={"n": 3, "spikes": [(s + 2, n) for s, n in spikes], "states": {"v": (late, 1)}}, q={"n": 1, "spikes": [(3, 0)]})
        result = self.compare(a, b, "--shift", "p=2", equal=True)["populations"]["p"]
        self.assertEqual((result["shift"], result["states"]["v"]["values"]), (2, 30))
        self.compare(b, a, "--shift", "p=-2", equal=True)
        self.compare(a, b, "--shift", "2")                                   # q does not lag
        self.compare(a, b, "--shift", "2", "--shift", "q=0", equal=True)
        cut = self.record("tc", 10, p={"n": 3, "spikes": [(3, 0), (7, 1)], "states": {"v": (late[:10], 1)}}, q={"n": 1, "spikes": [(3, 0)]})
        result = self.compare(a, cut, "--shift", "p=2", equal=True)["populations"]["p"]
        self.assertEqual((result["spikes"]["uncompared_a"], result["spikes"]["uncompared_b"]), (1, 0))
        self.assertEqual(result["states"]["v"]["values"], 24)
        self.assertIn("not compared, outside the common steps: 1 and 0 spikes", self.call("diff", a, cut, "--shift", "p=2").stdout)
        for shift, values in ((10, 6), (11, 3), (-9, 3)):
            self.assertEqual(self.compare(a, b, "--shift", f"p={shift}")["populations"]["p"]["states"]["v"]["values"], values)
        for shift in (12, -10, 2000000000, -2000000000):                     # nothing in common is not the same as equal
            self.fails("diff", a, b, "--shift", f"p={shift}", rnv=8072)
        self.fails("diff", a, b, "--shift", "r=1", rnv=8071)

    def test_not_a_number(self):
        v = np.array([[np.nan, np.inf], [1, 2]], dtype=np.float32)
        a = self.record("nan", 2, p={"n": 2, "states": {"v": (v, 1)}})
        self.compare(a, a, equal=True)
        w = v.copy()
        w[0, 0] = 0
        b = self.record("nan2", 2, p={"n": 2, "states": {"v": (w, 1)}})
        self.assertEqual(self.compare(a, b)["populations"]["p"]["states"]["v"]["differing"], 1)

    def test_files_that_are_no_recordings(self):
        good = self.record("good", p={"n": 2, "spikes": [(1, 1)]})
        self.fails("diff", good, DIGITS / "test_set.h5", rnv=1082)
        for key, value in (("populations/p/spike_neurons", [2]), ("populations/p/spike_neurons", [1, 1]), ("populations/p/v", np.zeros((10, 3)))):
            bad = self.record("bad", p={"n": 2, "spikes": [(1, 1)]})
            with h5py.File(bad, "r+") as f:
                if key in f:
                    del f[key]
                f[key] = value
            self.fails("diff", good, bad, rnv=1082)

    def test_a_real_pair(self):
        """Float and quantised digits: the input is the same, the layers lag by their depth."""
        for target in ("reference", "loihi1"):
            self.json("compile", DIGITS / "network.nir", "--target", target, "-o", self.tmp / f"{target}.rvi")
            self.json("run", self.tmp / f"{target}.rvi", "--input", DIGITS / "test_set.h5", "--steps", 18 if target == "loihi1" else 16, "--record", "v",
                      "-o", self.tmp / f"{target}.h5")
        result = self.compare(self.tmp / "reference.h5", self.tmp / "loihi1.h5", "--shift", "lif1=1", "--shift", "lif2=2")
        self.assertNotIn("first", result["populations"]["input"]["spikes"])
        hidden = result["populations"]["lif1"]["spikes"]
        self.assertLess(hidden["only_a"] + hidden["only_b"], 0.1 * hidden["spikes_a"])
        self.assertEqual(result["populations"]["lif1"]["states"]["v"]["values"], 16 * 96)
        # A membrane in its own units: quantisation moves it by a few percent of the threshold, not by a factor.
        with h5py.File(self.tmp / "reference.h5") as f, h5py.File(self.tmp / "loihi1.h5") as g:
            a = f["populations/lif1/v"][()]
            b = g["populations/lif1/v"][()][1:17] * g["populations/lif1/v"].attrs["scale"]
        self.assertLess(np.median(np.abs(a - b)), 0.05)
