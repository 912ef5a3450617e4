# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`compile --target loihi1` from the outside: weight widths, calibration, recognition of the native form, refusals, networks that are already
integer, stages that can be resumed, cost profiles. Clauses are those of docs/spec/target-semantics.md."""

import json
import re
import shutil
import struct

import h5py
import numpy as np

from integer_model import IntegerModel
from ranvier import DIGITS, ROOT, Case

SET = DIGITS / "test_set.h5"

# One step of a leaky integrate-and-fire neuron, written in five ways (N2). All are models/lif.mlir: the declarations are its own.
DECLARATIONS = """
  %dt = snn.timestep : f32
  %tau = snn.parameter "tau" unit "s" : f32
  %r = snn.parameter "r" default 1.0 : f32
  %leak = snn.parameter "v_leak" default 0.0 : f32
  %threshold = snn.parameter "v_threshold" : f32
  %reset = snn.parameter "v_reset" default 0.0 : f32
  %x = snn.receive "x" : f32
  %v = snn.state "v" : f32
  %one = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
"""
FINISH = """
  snn.update "v" = %v2 : f32
  snn.spike %fire
"""
FACTORED = """
  %a = arith.divf %dt, %tau : f32
  %rx = arith.mulf %x, %r : f32
  %away = arith.subf %leak, %v : f32
  %sum = arith.addf %away, %rx : f32
  %dv = arith.mulf %a, %sum : f32
  %v1 = arith.addf %v, %dv : f32
"""
PLAIN = "%fire = arith.cmpf ogt, %v1, %threshold : f32\n%v2 = arith.select %fire, %reset, %v1 : f32"
WAYS = {
    "factored": FACTORED + PLAIN,
    "divided by the inverse and negated": """
  %ia = arith.divf %tau, %dt : f32
  %pull = arith.subf %v, %leak : f32
  %rx = arith.mulf %r, %x : f32
  %down = arith.subf %pull, %rx : f32
  %step = arith.divf %down, %ia : f32
  %v1 = arith.subf %v, %step : f32
""" + PLAIN,
    "expanded, in another order": """
  %a = arith.divf %dt, %tau : f32
  %ar = arith.mulf %a, %r : f32
  %al = arith.mulf %leak, %a : f32
  %k = arith.subf %one, %a : f32
  %t1 = arith.mulf %x, %ar : f32
  %t2 = arith.addf %al, %t1 : f32
  %t3 = arith.mulf %v, %k : f32
  %v1 = arith.addf %t2, %t3 : f32
""" + PLAIN,
    "arithmetic mask, difference below zero": FACTORED + """
  %margin = arith.subf %threshold, %v1 : f32
  %fire = arith.cmpf olt, %margin, %zero : f32
  %z = arith.uitofp %fire : i1 to f32
  %keep = arith.subf %one, %z : f32
  %kept = arith.mulf %v1, %keep : f32
  %set = arith.mulf %z, %reset : f32
  %v2 = arith.addf %set, %kept : f32
""",
    "not staying below, both sides scaled": FACTORED + """
  %three = arith.constant 3.0 : f32
  %v3 = arith.mulf %three, %v1 : f32
  %t3 = arith.mulf %threshold, %three : f32
  %stay = arith.cmpf ole, %v3, %t3 : f32
  %true = arith.constant true
  %fire = arith.xori %stay, %true : i1
  %again = arith.cmpf olt, %threshold, %v1 : f32
  %v2 = arith.select %again, %reset, %v1 : f32
""",
}
NEAR = {
    "resets by subtraction": FACTORED + "%fire = arith.cmpf ogt, %v1, %threshold : f32\n%less = arith.subf %v1, %threshold : f32\n"
                                        "%v2 = arith.select %fire, %less, %v1 : f32",
    "spikes at v >= threshold": FACTORED + PLAIN.replace("ogt", "oge"),
    "compares something other than the new voltage": FACTORED + PLAIN.replace("ogt, %v1", "ogt, %v"),
    "chooses by a condition that is not the spike condition":
        FACTORED + "%fire = arith.cmpf ogt, %v1, %threshold : f32\n%other = arith.cmpf ogt, %x, %threshold : f32\n"
                   "%v2 = arith.select %other, %reset, %v1 : f32",
    "multiplies two values that change": FACTORED.replace("arith.mulf %x, %r", "arith.mulf %x, %v") + PLAIN,
    "computes math.exp of a value that changes": FACTORED.replace("%rx = arith.mulf %x, %r : f32", "%rx = math.exp %x : f32") + PLAIN,
}


def sections(path):
    """The sections of an image by number (docs/spec/image-format.md, 1)."""
    data = path.read_bytes()
    count, table = struct.unpack_from("<I", data, 12)[0], struct.unpack_from("<Q", data, 24)[0]
    out = {}
    for k in range(count):
        kind, _, offset, size = struct.unpack_from("<IIQQ", data, table + 40 * k)
        out[kind] = data[offset:offset + size]
    return out


class Loihi1(Case):
    def image(self, name, source, *options, target="loihi1"):
        path = self.tmp / f"{name}.rvi"
        return path, self.json("compile", source, "--target", target, "-o", path, *options)

    def assertSameImage(self, first, second):
        """Byte for byte, but for the provenance record in the meta section."""
        a, b = sections(first), sections(second)
        self.assertEqual(set(a), set(range(1, 14)))
        for kind in range(2, 14):
            self.assertEqual(a[kind], b[kind], f"section {kind}")
        described = [json.loads(self.call("inspect", path, "--full", "--json").stdout) for path in (first, second)]
        for one in described:
            del one["provenance"]
        self.assertEqual(*described)

    # --- Weights -----------------------------------------------------------------------------------------------------------------

    def test_every_weight_width(self):
        accuracy = {}
        for bits in range(1, 9):
            image, report = self.image(f"bits{bits}", DIGITS / "network.nir", "--weight-bits", bits)
            self.assertTrue(self.json("verify", image, DIGITS / "network.nir")["equal"])
            described = json.loads(self.call("inspect", image, "--full", "--json").stdout)
            modes = {p["name"]: p for p in report["quantisation"]["projections"]}
            for core in described["cores"]:
                for axon in core["in_axon_table"]:
                    for row in axon["rows"]:
                        mode = modes[row["projection"]]
                        words = np.array([weight for _, _, weight in row["synapses"]])
                        grain = 2 ** (8 - bits + (mode["mode"] == "mixed"))
                        low, high = {"mixed": (-256, 255), "excitatory": (0, 255), "inhibitory": (-255, 0)}[mode["mode"]]
                        self.assertTrue(((words % grain == 0) & (words >= low) & (words <= high)).all(), f"{bits} bits (U4)")
            self.assertEqual({p["weight_bits"] for p in described["projections"]}, {bits})
            accuracy[bits] = self.json("eval", image, "--data", SET)["accuracy"]
            said = [w for w in report["warnings"] if "positive weights become 0" in w]
            self.assertEqual(bool(said), bits == 1, report["warnings"])
        print("digits on loihi1, accuracy by weight bits: " + ", ".join(f"{b}: {100 * a:.2f} %" for b, a in accuracy.items()))
        self.assertGreaterEqual(accuracy[8], 0.98 - 0.005)
        for bits in range(3, 9): # a bit more never costs more than noise: two images of a hundred
            self.assertGreater(accuracy[bits], accuracy[bits - 1] - 0.02)
        self.fails("compile", DIGITS / "network.nir", "--target", "loihi1", "--weight-bits", 9, "-o", self.tmp / "no.rvi", code=2)

    def test_calibration(self):
        by_range, report = self.image("range", DIGITS / "network.nir")
        calibrated, other = self.image("calibrated", DIGITS / "network.nir", "--calibrate", SET)
        self.assertEqual((report["quantisation"]["scales"], other["quantisation"]["scales"]), ("range", "calibration"))
        for before, after in zip(report["quantisation"]["populations"], other["quantisation"]["populations"]):
            self.assertGreaterEqual(after["threshold_steps"], before["threshold_steps"])
        self.assertGreaterEqual(self.json("eval", calibrated, "--data", SET)["accuracy"], 0.975)
        self.assertTrue(self.json("verify", calibrated, DIGITS / "network.nir")["equal"])
        self.assertIn("ranvier-calibration", json.loads(self.call("inspect", calibrated, "--json").stdout)["provenance"]["calibration"])
        wrong = self.tmp / "wrong.h5"
        with h5py.File(wrong, "w") as f:
            f["input_spikes"] = np.zeros((2, 4, 63), np.uint8)
        self.fails("compile", DIGITS / "network.nir", "--target", "loihi1", "--calibrate", wrong, "-o", self.tmp / "no.rvi", rnv=8032)

    # --- Which road --------------------------------------------------------------------------------------------------------------

    def model_folder(self, name, body):
        """A folder whose `lif` is written another way, with the shipped one's NIR entry."""
        folder = self.tmp / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        head = (ROOT / "models" / "lif.mlir").read_text()
        head = head[head.index("snn.model @lif nir"):head.index("{\n  %dt")]
        (folder / "lif.mlir").write_text(head + "{" + DECLARATIONS + body + FINISH + "}\n")
        return folder

    def test_an_equivalent_update_becomes_the_same_image(self):
        shipped, _ = self.image("shipped", DIGITS / "network.nir")
        leaky = self.tmp / "leaky.mlir"
        leaky.write_text("""snn.network @leaky dt 1.0e-3 {
  snn.input @in shape [3]
  snn.population @p model @lif shape [4] params {tau = dense<[0.013, 0.017, 0.019, 0.023]> : tensor<4xf64>, r = 7.7, v_leak = 0.13, v_threshold = 1.1, v_reset = -0.07} init {v = 0.3}
  snn.dense @w from @in to @p weights dense<[[0.3, -0.2, 0.7], [0.1, 0.9, -0.4], [0.5, 0.5, 0.5], [-0.3, 0.8, 0.2]]> : tensor<4x3xf32> bias dense<[0.1, 0.0, 0.2, -0.1]> : tensor<4xf32>
}
""")
        reference, _ = self.image("leaky", leaky)
        for number, (name, body) in enumerate(WAYS.items()):
            with self.subTest(name):
                folder = self.model_folder(f"way{number}", body)
                again, report = self.image("odd", DIGITS / "network.nir", "--models", folder)
                self.assertEqual({p["form"] for p in report["quantisation"]["populations"]}, {"native"})
                self.assertEqual(again.read_bytes(), shipped.read_bytes())
                again, _ = self.image("odd-leaky", leaky, "--models", folder)
                self.assertSameImage(again, reference)

    def test_a_near_miss_is_named_and_runs_on_a_programmable_chip(self):
        text = self.tmp / "near.mlir"
        text.write_text("""snn.network @near dt 1.0e-3 {
  snn.input @in shape [3]
  snn.population @p model @lif shape [4] params {tau = 0.02, r = 20.0, v_threshold = 1.0}
  snn.dense @w from @in to @p weights dense<0.25> : tensor<4x3xf32>
}
""")
        for number, (reason, body) in enumerate(NEAR.items()):
            with self.subTest(reason):
                folder = self.model_folder(f"near{number}", body)
                said = self.fails("compile", text, "--models", folder, "--target", "loihi1", "-o", self.tmp / "no.rvi", code=3, rnv=5304)
                self.assertIn(reason, said)
                self.assertIn("lif.mlir", said)
                self.assertIn("@lif", said)
                checked = self.json("check", text, "--models", folder, "--target", "loihi1", code=3)
                self.assertIn(reason, json.dumps(checked["findings"]))
                self.assertFalse((self.tmp / "no.rvi").exists())
        for reason, folder in zip(NEAR, (self.tmp / f"near{n}" for n in range(len(NEAR)))):
            done = self.call("compile", text, "--models", folder, "--target", "loihi2", "-o", self.tmp / "loihi2.rvi", "--json")
            if "math.exp" in reason:
                self.assertIn("RNV5401", done.stderr)
            elif "multiplies" in reason:
                self.assertIn("RNV5402", done.stderr)  # no range follows from x v
            else:
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(json.loads(done.stdout)["quantisation"]["populations"][0]["form"], "fixed-point")

    def test_a_model_beyond_the_unit_goes_to_loihi2(self):
        options = ("--reset", "subtract")
        said = self.fails("compile", DIGITS / "network.nir", *options, "--target", "loihi1", "-o", self.tmp / "no.rvi", code=3, rnv=5304)
        self.assertIn("@lif_subtract", said)
        self.assertIn("loihi1", said)
        image, report = self.image("subtract", DIGITS / "network.nir", *options, target="loihi2")
        self.assertEqual({p["form"] for p in report["quantisation"]["populations"]}, {"fixed-point"})
        float_image, _ = self.image("subtract-float", DIGITS / "network.nir", *options, target="reference")
        ours, exact = (self.json("eval", path, "--data", SET) for path in (image, float_image))
        self.assertAlmostEqual(ours["accuracy"], exact["accuracy"], delta=0.01)

    # --- Networks that are already integer ---------------------------------------------------------------------------------------

    def integer_text(self, **changes):
        """A network of the unit's own program with numbers chosen by hand: three excitatory inputs, one mixed recurrence."""
        values = {"du": "dense<[100, 2000, 4095, 0]> : tensor<4xi32>", "vth": "300", "bias": "dense<[0, 4095, -8, 8064]> : tensor<4xi32>", "u": "0",
                  "feed": "dense<[[255, 3, 128], [7, 9, 11], [0, 0, 1], [100, 50, 25]]> : tensor<4x3xi16>", "exponent": "1",
                  "back": "dense<[[-256, 2, 0, 254], [0, -2, 4, 6], [8, 10, -12, 0], [0, 0, 0, -100]]> : tensor<4x4xi16>", **changes}
        source = self.tmp / "one.mlir"
        source.write_text("snn.network @n dt 1.0e-3 {\n  snn.population @p model @lif shape [1] params {tau = 0.1, v_threshold = 1.0}\n}\n")
        quantised = self.tmp / "one.quantised.mlir"
        self.json("compile", source, "--target", "loihi1", "--emit", "quantised", "-o", quantised)
        program = values.pop("program", None) or re.search(r"snn\.program @\w+ .*", quantised.read_text()).group(0)
        name = re.search(r"@(\w+)", program).group(1)
        text = self.tmp / "integer.mlir"
        text.write_text(program + f"""
snn.network @integer dt 1.0e-3 target "loihi1" {{
  snn.input @in shape [3]
  snn.population @p model @{name} shape [4] params {{du = {values["du"]}, dv = 128, vth = {values["vth"]}, bias = {values["bias"]}}} init {{u = {values["u"]}, v = 0}}
  snn.dense @feed from @in to @p delay 1 exponent {values["exponent"]} weights {values["feed"]}
  snn.dense @back from @p to @p delay 3 exponent -3 weights {values["back"]}
  snn.output @out from @p
}}
""")
        return text

    def test_an_integer_network_enters_after_quantisation(self):
        text = self.integer_text()
        image, report = self.image("integer", text)
        self.assertNotIn("quantisation", report)
        self.assertTrue(self.json("verify", image, text)["equal"])
        fired = np.random.default_rng(4).random((120, 3)) < 0.4
        csv, out = self.tmp / "in.csv", self.tmp / "out.h5"
        csv.write_text("step,neuron\n" + "".join(f"{t + 1},{n}\n" for t, n in np.argwhere(fired)))
        self.json("run", image, "--input", csv, "--steps", 120, "-o", out, "--record", "spikes,u,v")
        spikes, states = IntegerModel(self.call("inspect", image, "--full", "--json").stdout).run({"in": fired}, 120)
        with h5py.File(out) as f:
            for state in ("u", "v"):
                np.testing.assert_array_equal(f[f"populations/p/{state}"][()], states["p"][state])
            found = np.zeros((120, 4), bool)
            found[f["populations/p/spike_steps"][()] - 1, f["populations/p/spike_neurons"][()]] = True
        np.testing.assert_array_equal(found, spikes["p"])
        self.assertGreater(found.sum(), 10)

    def test_an_integer_network_must_be_the_chips(self):
        counter = ('snn.program @counter "int" states ["u", "v"] params ["du", "dv", "vth", "bias"] inputs ["i"] code ["ld.input r0, i", "st.state r0, u", '
                   '"spk r0"]')
        for changes, code in (({"program": counter}, 6031), ({"du": "4096"}, 6033), ({"vth": "131072"}, 6033), ({"bias": "4097"}, 6033), ({"bias": "524288"}, 6033),
                              ({"u": "8388608"}, 6033), ({"exponent": "8"}, 6034), ({"feed": "dense<256> : tensor<4x3xi16>"}, 6034),
                              ({"back": "dense<[[-255, 2, 0, 254], [0, -2, 4, 6], [8, 10, -12, 0], [0, 0, 0, -100]]> : tensor<4x4xi16>"}, 6034)):
            with self.subTest(changes):
                said = self.fails("compile", self.integer_text(**changes), "--target", "loihi1", "-o", self.tmp / "no.rvi",
                                  code=3 if "exponent" in changes or "program" in changes else 1, rnv=code)
                self.assertRegex(said, "'(p|feed|back)'")
                self.assertFalse((self.tmp / "no.rvi").exists())
        for changes in ({"du": "4095"}, {"vth": "131071"}, {"bias": "524160"}, {"bias": "-524288"}, {"exponent": "7"}, {"feed": "dense<-255> : tensor<4x3xi16>"}):
            with self.subTest(changes):
                self.image("edge", self.integer_text(**changes))

    # --- Stages ------------------------------------------------------------------------------------------------------------------

    def test_every_stage_resumes_to_the_same_image(self):
        for target, options in (("loihi1", ("--weight-bits", 5)), ("loihi1", ("--calibrate", SET)), ("loihi2", ()), ("reference", ())):
            with self.subTest(f"{target} {options}"):
                direct, _ = self.image("direct", DIGITS / "network.nir", *options, target=target)
                texts = {}
                for stage in ("snn", "quantised", "fabric", "image"):
                    # Straight to the stage, from there to the image.
                    text = self.tmp / f"{stage}.mlir"
                    some = () if stage == "snn" else options
                    self.json("compile", DIGITS / "network.nir", "--target", target, *some, "--emit", stage, "-o", text)
                    if stage == "image":
                        self.assertEqual(text.read_bytes(), direct.read_bytes())
                        continue
                    resumed, _ = self.image("resumed", text, *(options if stage == "snn" else ()), target=target)
                    self.assertSameImage(resumed, direct)
                    texts[stage] = text.read_text()
                # One stage after the other.
                text = self.tmp / "snn.mlir"
                for stage in ("quantised", "fabric"):
                    after = self.tmp / f"chain-{stage}.mlir"
                    self.json("compile", text, "--target", target, *(options if stage == "quantised" else ()), "--emit", stage, "-o", after)
                    self.assertEqual(after.read_text(), texts[stage])
                    text = after
        # A resumed stage knows its target, and keeps it.
        self.json("compile", self.tmp / "fabric.mlir", "-o", self.tmp / "resumed.rvi")
        self.fails("compile", self.tmp / "fabric.mlir", "--target", "loihi1", "-o", self.tmp / "no.rvi", code=2, rnv=8041)

    # --- Costs -------------------------------------------------------------------------------------------------------------------

    def test_cost_profiles_are_sourced_and_never_mixed(self):
        image, _ = self.image("costs", DIGITS / "network.nir")
        published = {"soma_access": 52, "soma_update": 81 - 52, "synapse_event": 23.6, "hop_within_tile": 1.7, "hop_east_west": 3.0, "hop_north_south": 4.0}
        fitted = {"soma_access": 51.2, "soma_update": 21.6, "soma_spike": 69.3, "synapse_event": 35.5, "axon_in": 0, "axon_out": 111.0, "hop_within_tile": 0,
                  "hop_east_west": 3.0, "hop_north_south": 4.2}
        # Every projection of the digits is dense; the fitted profile has figures of its own for the other kinds.
        kinds = {"synapse_event_sparse", "synapse_event_convolution"}
        counted = {"soma_access": ["soma_accesses"], "soma_update": ["soma_updates"], "soma_spike": ["spikes"], "synapse_event": ["synaptic_events_dense"],
                   "axon_in": ["arrivals"], "axon_out": ["messages"], "hop_within_tile": ["hops_within_tile"],
                   "hop_east_west": ["hops_east_west"], "hop_north_south": ["hops_north_south"], "chip_hop": ["chip_hops"]}
        reports = {}
        for name, picojoules in (("published", published), ("fitted", fitted)):
            report = reports[name] = self.json("eval", image, "--data", SET, "--samples", 40, "--costs", name)
            costs = report["machine"]["costs"]
            self.assertEqual(costs["name"], name)
            self.assertEqual(set(costs["events"]) - kinds, set(counted))
            self.assertEqual(set(costs["events"]) & kinds, kinds if name == "fitted" else set())
            self.assertEqual(report["totals"]["synaptic_events_dense"], report["totals"]["synaptic_events"])
            for event, cost in costs["events"].items():
                if event in kinds:
                    continue
                self.assertTrue(cost["source"], event)
                self.assertEqual(cost["provenance"], "unknown" if event not in picojoules else name, event)
                self.assertEqual("joules" in cost, event in picojoules)
            # The total is this profile's constants times counts, and nothing else.
            total = sum(value * 1e-12 * sum(report["totals"][count] for count in counted[event]) for event, value in picojoules.items())
            self.assertAlmostEqual(report["energy"]["total_j"], total, delta=1e-9 * total)
            lacking = {event for event in counted if event not in picojoules and sum(report["totals"][count] for count in counted[event])}
            self.assertEqual(set(report["unknown_costs"]), lacking)
        self.assertEqual(reports["published"]["machine"]["costs"]["name"], self.json("eval", image, "--data", SET, "--samples", 1)["machine"]["costs"]["name"])
        counts = [{key: value for key, value in report["totals"].items() if key != "picoseconds"} for report in reports.values()]
        self.assertEqual(*counts)
