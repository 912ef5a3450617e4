# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`ranvier-n1`, the chip of rtl/, as a target like any other: compiled, checked, run, evaluated, mapped, and refused by name where it ends. What
the emulator computes is held against integer_model.py; the limits stand in hw-models/chips/ranvier-n1.yaml."""

import json
import re
from xml.etree import ElementTree

import h5py
import numpy as np

from integer_case import IntegerCase
from ranvier import DIGITS, ROOT
from test_models import ADAPTIVE, IZHIKEVICH, SENDER, dense

SET = DIGITS / "test_set.h5"
LIF = "params {tau = 0.02, r = 20.0, v_threshold = 1.0}"


def memory_words(described):
    """Words of synapse memory by core: a header a row and a word a synapse."""
    return [sum(1 + len(row["synapses"]) for axon in core["in_axon_table"] for row in axon["rows"]) for core in described["cores"]]


class N1(IntegerCase):
    def text(self, body, models="", name="net"):
        """A file with a network of this body."""
        path = self.tmp / f"{name}.mlir"
        path.write_text(f"{models}\nsnn.network @{name} dt 1.0e-3 {{\n{body}\n}}\n")
        return path

    def image(self, network, *options, name="net"):
        path = self.tmp / f"{name}.rvi"
        return path, self.json("compile", network, "--target", "ranvier-n1", "-o", path, *options)

    def described(self, image):
        """What `inspect --full` says of an image, which has packed synapses alone and keeps to the memory of a core."""
        described = json.loads(self.call("inspect", image, "--full", "--json").stdout)
        self.assertEqual({core["synapse_kind"] for core in described["cores"]}, {"packed32"})
        for words in memory_words(described):
            self.assertLessEqual(words, 16384)
        for core in described["cores"]:
            self.assertLessEqual(sum(part["count"] for part in core["slices"]), 256)
        return described


class Digits(N1):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.digits = cls.tmp / "digits.rvi"
        done = cls.call("compile", DIGITS / "network.nir", "--target", "ranvier-n1", "-o", cls.digits, "--json")
        assert done.returncode == 0, done.stderr
        cls.report = json.loads(done.stdout)

    def evaluate(self, *options, image=None):
        return self.json("eval", image or self.digits, "--data", SET, *options)

    def test_accuracy_is_that_of_the_float_network(self):
        result = self.evaluate()
        print(f"digits on ranvier-n1: {100 * result['accuracy']:.2f} %, {result['latency_us']['mean']:.2f} us a sample at an assumed 100 MHz")
        self.assertGreaterEqual(result["accuracy"], 0.98 - 0.005)
        self.assertEqual(result["depth"], 2)
        self.assertIsNone(result["energy_uj"])
        self.assertGreater(result["latency_us"]["mean"], 0)

    def test_threads_executor_and_timing_change_nothing(self):
        first = self.evaluate()
        for options in (("--threads", 2), ("--executor", "interp"), ("--executor", "interp", "--threads", 2)):
            again = self.evaluate(*options)
            for key in ("predictions", "totals", "latency_us"):
                self.assertEqual(again[key], first[key], options)
        detailed = self.evaluate("--timing", "detailed")
        self.assertEqual(detailed["predictions"], first["predictions"])
        self.assertGreaterEqual(detailed["latency_us"]["mean"], first["latency_us"]["mean"])
        self.assertIsNone(self.evaluate("--timing", "off")["latency_us"])

    def test_what_is_said_of_time_and_energy(self):
        """Times are known and energies are not, so neither text shows a figure of energy or takes back one of time."""
        for arguments, energy in ((("eval", self.digits, "--data", SET, "--samples", 5), "energy         unknown: the chip's description has no figures"),
                                  (("run", self.digits, "--input", SET, "--steps", 18), ", energy unknown (profile fitted)")):
            text = self.call(*arguments).stdout
            self.assertIn(energy, text)
            self.assertRegex(text, r"time +[1-9][\d.]* us")
            self.assertNotIn("not counted", text)

    def test_the_image_holds_the_network(self):
        self.assertTrue(self.json("verify", self.digits, DIGITS / "network.nir")["equal"])
        described = self.described(self.digits)
        self.assertEqual(sum(memory_words(described)), 64 * (96 + 1) + 96 * (10 + 1))
        self.assertEqual({(p["params"][0], len(p["code"])) for p in described["programs"]}, {("du", 26)})
        self.assertEqual({p["form"] for p in self.report["quantisation"]["populations"]}, {"native"})
        mapping = self.report["mapping"]
        self.assertEqual((mapping["cores"], mapping["chips"]), ({"used": 1, "available": 16, "per_chip": 16}, {"used": 1, "available": 1}))
        limits = {limit["limit"]: (limit["max_used"], limit["available"]) for limit in mapping["limits"]}
        self.assertEqual(limits["synaptic memory [bits]"], (32 * sum(memory_words(described)), 524288))
        self.assertEqual(limits["program words"], (26, 512))
        self.assertEqual(limits["table words"], (0, 1024))

    def test_every_stage_can_be_resumed(self):
        source = DIGITS / "network.nir"
        for stage in ("snn", "quantised", "fabric"):
            text = self.tmp / f"{stage}.mlir"
            self.json("compile", source, "--target", "ranvier-n1", "--emit", stage, "-o", text)
            source = text
        resumed, _ = self.image(source, name="resumed")
        self.assertEqual(self.evaluate(image=resumed)["predictions"], self.evaluate()["predictions"])

    def test_weight_bits_and_calibration(self):
        accuracy = {}
        for bits in (8, 5, 3):
            image, report = self.image(DIGITS / "network.nir", "--weight-bits", bits, name=f"bits{bits}")
            self.assertEqual({p["mode"] for p in report["quantisation"]["projections"]}, {"signed"})
            words = [w for core in self.described(image)["cores"] for axon in core["in_axon_table"] for row in axon["rows"] for _, _, w in row["synapses"]]
            self.assertLessEqual(max(map(abs, words)), 2 ** bits - 1)
            accuracy[bits] = self.evaluate(image=image)["accuracy"]
        self.assertGreater(accuracy[8], accuracy[3] - 0.005)
        image, _ = self.image(DIGITS / "network.nir", "--calibrate", SET, name="calibrated")
        self.assertGreaterEqual(self.evaluate(image=image)["accuracy"], 0.975)

    def test_many_small_slices_by_hand(self):
        """All 16 cores, so that spikes travel: places, trees and detailed timing, with the same answers."""
        slices = [{"population": "lif1", "first": 6 * k, "count": 6, "chip": 0, "core": k} for k in range(16)]
        slices += [{"population": "lif2", "first": 5 * k, "count": 5, "chip": 0, "core": 15 * k} for k in range(2)]
        file = self.tmp / "map.json"
        file.write_text(json.dumps({"format": "ranvier-mapping", "version": 1, "slices": slices}))
        image, report = self.image(DIGITS / "network.nir", "--mapping", file, name="spread")
        mapping = report["mapping"]
        self.assertEqual(mapping["cores"]["used"], 16)
        # Every neuron of lif1 reaches cores 0 and 15, the corners (0,0) and (3,3): three columns and three rows between them.
        self.assertTrue(mapping["hops"]["multicast_trees"])
        self.assertEqual(mapping["hops"]["total"], 96 * 6)
        self.assertEqual(mapping["hops"]["between_chips"], 0)
        fast, detailed = self.evaluate(image=image), self.evaluate("--timing", "detailed", "--threads", 2, image=image)
        for result in (fast, detailed):
            self.assertEqual(result["predictions"], self.evaluate()["predictions"])
        self.assertGreater(detailed["latency_us"]["mean"], 0)
        self.assertTrue(self.json("verify", image, DIGITS / "network.nir")["equal"])
        self.described(image)


class Models(N1):
    """What runs on the fixed unit, and what as microcode."""

    def check(self, network, fired, *options, forms=None, models=None, name="net"):
        image, report = self.image(network, *options, *(["--models", models] if models else []), name=name)
        self.assertTrue(self.json("verify", image, network, *(["--models", models] if models else []))["equal"])
        if forms:
            self.assertEqual({p["name"]: p["form"] for p in report["quantisation"]["populations"]}, forms)
        self.described(image)
        model = self.compare(image, fired)
        self.assertEqual((model.overflows, model.wraps), ([], []))
        self.both_threads(image, fired)
        return model, report

    def both_threads(self, image, fired):
        """Spikes of one thread and of two, timed in detail, are the same."""
        runs = []
        for threads in (1, 2):
            out = self.tmp / f"threads{threads}.h5"
            self.json("run", image, "--input", self.tmp / "in.csv", "--steps", len(fired), "-o", out, "--threads", threads, "--timing", "detailed")
            with h5py.File(out) as f:
                runs.append({name: (group["spike_steps"][()].tolist(), group["spike_neurons"][()].tolist()) for name, group in f["populations"].items()})
        self.assertEqual(*runs)

    def test_leaky_neurons_with_and_without_a_current(self):
        random = np.random.default_rng(1)
        network = self.text(f"""
  snn.input @in shape [20]
  snn.population @plain model @lif shape [30] {LIF}
  snn.population @cuba model @cuba_lif shape [30] params {{tau_syn = 0.005, tau_mem = 0.02, r = 4.0, w_in = 5.0, v_threshold = 1.0}}
  snn.dense @feed from @in to @plain weights {dense(np.float32(random.normal(0.1, 0.2, (30, 20))))}
  snn.dense @on from @plain to @cuba weights {dense(np.float32(random.normal(0.1, 0.3, (30, 30))))}
  snn.output @out from @cuba""")
        model, _ = self.check(network, random.random((80, 20)) < 0.3, forms={"plain": "native", "cuba": "native"})
        for name in ("plain", "cuba"):
            self.assertGreater(model.spikes[name].sum(), 50, name)

    def test_the_least_and_the_greatest_decay(self):
        """du = 0 still loses a part in 4096, towards zero; du = 4095 clears the current, as a neuron without one wants (U6)."""
        network = self.text("""
  snn.input @in shape [1]
  snn.population @p model @cuba_lif shape [1] params {tau_syn = 1.0e4, tau_mem = 0.02, r = 1.0, w_in = 1.0e6, v_threshold = 1.0e3}
  snn.dense @feed from @in to @p weights dense<100.0> : tensor<1x1xf32>""")
        fired = np.zeros((30, 1), bool)
        fired[0] = True
        quantised = self.tmp / "keep.mlir"
        self.json("compile", network, "--target", "ranvier-n1", "--emit", "quantised", "--calibrate", self.samples(fired), "-o", quantised)
        self.assertRegex(quantised.read_text(), r"du = 0\b")
        model, _ = self.check(quantised, fired)
        current = model.states["p"]["u"][2:, 0].astype(np.int64)
        self.assertGreater(current[-1], 1000)
        np.testing.assert_array_equal(current[1:], current[:-1] * 4095 // 4096)
        plain = self.text("""
  snn.input @in shape [1]
  snn.population @p model @lif shape [1] params {tau = 0.02, r = 1.0, v_threshold = 1.0e3}
  snn.dense @feed from @in to @p weights dense<100.0> : tensor<1x1xf32>""")
        model, _ = self.check(plain, fired)
        current = model.states["p"]["u"][:, 0]
        self.assertGreater(current.max(), 0)
        self.assertEqual(np.count_nonzero(current), 1)

    def samples(self, fired):
        path = self.tmp / "samples.h5"
        with h5py.File(path, "w") as f:
            f["input_spikes"] = fired.astype(np.uint8)[None]
        return path

    def test_recurrence_and_every_delay(self):
        random = np.random.default_rng(2)
        delays = random.integers(1, 16, (24, 24)).astype(np.int32)
        delays[0, :15] = np.arange(1, 16)
        listed = ", ".join("[" + ", ".join(map(str, row)) + "]" for row in delays)
        network = self.text(f"""
  snn.input @in shape [10]
  snn.population @p model @lif shape [24] {LIF}
  snn.dense @feed from @in to @p delay 15 weights {dense(np.float32(random.normal(0.2, 0.2, (24, 10))))}
  snn.dense @back from @p to @p delay dense<[{listed}]> : tensor<24x24xi32> weights {dense(np.float32(random.normal(0.0, 0.2, (24, 24))))}
  snn.output @out from @p""")
        model, _ = self.check(network, random.random((90, 10)) < 0.4)
        self.assertEqual(set(model.synapses["back"][:, 2]), set(range(1, 16)))
        self.assertGreater(model.spikes["p"].sum(), 100)

    def test_convolution(self):
        random = np.random.default_rng(3)
        network = self.text(f"""
  snn.input @in shape [2, 8, 8]
  snn.population @c model @lif shape [6, 8, 8] {LIF}
  snn.population @d model @if shape [10] params {{v_threshold = 1.0}}
  snn.conv2d @k from @in to @c weights {dense(np.float32(random.normal(0.1, 0.15, (6, 2, 3, 3))))} input [2, 8, 8] stride [1, 1] padding [1, 1] dilation [1, 1]
  snn.dense @w from @c to @d weights {dense(np.float32(random.normal(0.0, 0.1, (10, 384))))}
  snn.output @out from @d""")
        model, report = self.check(network, random.random((40, 128)) < 0.2)
        self.assertGreaterEqual(report["mapping"]["cores"]["used"], 2)  # 394 neurons
        self.assertGreater(model.spikes["d"].sum(), 10)

    def test_models_as_microcode(self):
        random = np.random.default_rng(4)
        models = self.tmp / "models"
        models.mkdir(exist_ok=True)
        for name, text in (("adaptive_lif", ADAPTIVE), ("izhikevich", IZHIKEVICH), ("sender", SENDER)):
            (models / f"{name}.mlir").write_text(text)
        network = self.text(f"""
  snn.input @in shape [16]
  snn.population @iz model @izhikevich shape [20]
  snn.population @adapt model @adaptive_lif shape [20] params {{tau = 0.02}}
  snn.population @send model @delta_sender shape [12] params {{tau = 0.02}}
  snn.population @add model @adder shape [6]
  snn.population @read model @li shape [3] params {{tau = 0.02}}
  snn.dense @a from @in to @iz weights {dense(np.float32(random.uniform(2, 5, (20, 16))))}
  snn.dense @b from @iz to @adapt weights {dense(np.float32(random.normal(1.0, 3.0, (20, 20))))}
  snn.dense @c from @in to @send weights {dense(np.float32(random.normal(0.0, 2.0, (12, 16))))}
  snn.dense @d from @send to @add weights {dense(np.float32(random.normal(0.0, 0.5, (6, 12))))}
  snn.dense @e from @adapt to @read weights {dense(np.float32(random.normal(0.0, 0.5, (3, 20))))}
  snn.output @out from @read""")
        model, report = self.check(network, random.random((150, 16)) < 0.35, models=models)
        self.assertEqual({p["form"] for p in report["quantisation"]["populations"]}, {"fixed-point"})
        for name in ("iz", "adapt", "send", "read"):
            self.assertGreater(model.spikes[name].sum(), 20, name)
        for limit in report["mapping"]["limits"]:
            if limit["available"]:
                self.assertLessEqual(limit["max_used"], limit["available"], limit)

    def test_a_network_that_fills_the_chip(self):
        """4,096 neurons on 16 cores, 4,096 input neurons; one more of either is too many."""
        body = f"""
  snn.input @in shape [4096]
  snn.population @p model @lif shape [4096] {LIF}
  snn.connect @feed from @in to @p "one_to_one" {{}} weights 0.6
  snn.connect @near from @p to @p delay #snn.uniform<1.0, 15.4, seed = 4> "fixed_in_degree" {{k = 20}} weights 0.05 seed 9"""
        image, report = self.image(self.text(body), name="full")
        self.assertEqual(report["mapping"]["cores"]["used"], 16)
        used = {limit["limit"]: limit["max_used"] for limit in report["mapping"]["limits"]}
        self.assertEqual(used["neurons"], 256)
        result = self.json("run", image, "--steps", 5, "--timing", "detailed")
        self.assertEqual(result["steps"], 5)
        more = self.text(body.replace("@p model @lif shape [4096]", "@p model @lif shape [4097]").replace('"one_to_one" {}', '"fixed_in_degree" {k = 1}'))
        said = self.fails("compile", more, "--target", "ranvier-n1", "-o", self.tmp / "no.rvi", code=3, rnv=6016)
        self.assertIn("1 more cores than 'ranvier-n1' has", said)


class Refusals(N1):
    """What the description's `unsupported` says, by compile and by check, with the limit and what was found."""

    def refused(self, network, code, *words, options=(), quick=True):
        said = self.fails("compile", network, "--target", "ranvier-n1", *options, "-o", self.tmp / "no.rvi", code=3, rnv=code)
        for word in words:
            self.assertIn(word, said)
        self.assertFalse((self.tmp / "no.rvi").exists())
        for more in ((), ("--quick",)) if quick else ((),):
            found = self.json("check", network, "--target", "ranvier-n1", *options, *more, code=3)
            self.assertFalse(found["runs"])
            self.assertIn(f"RNV{code}", [f.get("code") for f in found["findings"] if f["severity"] == "error"], found)
        return said

    def states_model(self, count, inputs=1, params=0):
        """A model of so many states, receptors and parameters (which differ between neurons), all of which count."""
        lines = [f'  %x{k} = snn.receive "x{k}" : f32' for k in range(inputs)]
        lines += [f'  %p{k} = snn.parameter "p{k}" : f32' for k in range(params)]
        lines += [f'  %s{k} = snn.state "s{k}" range [-8.0, 8.0] : f32' for k in range(count)]
        lines += ["  %t0 = arith.addf %s0, %x0 : f32"]
        last = "%t0"
        for number, term in enumerate([f"%x{k}" for k in range(1, inputs)] + [f"%p{k}" for k in range(params)] + [f"%s{k}" for k in range(1, count)]):
            lines.append(f"  %u{number} = arith.addf {last}, {term} : f32")
            last = f"%u{number}"
        lines += ["  %half = arith.constant 0.5 : f32", f"  %v = arith.mulf {last}, %half : f32", "  %fire = arith.cmpf ogt, %v, %half : f32"]
        lines += [f'  snn.update "s{k}" = %v : f32' for k in range(count)]
        return "snn.model @wide {\n" + "\n".join(lines) + "\n  snn.spike %fire\n}"

    def wide(self, states=1, inputs=1, params=0):
        values = ", ".join(f"p{k} = dense<[0.1, {0.01 * (k + 1)}]> : tensor<2xf64>" for k in range(params))
        feeds = "\n".join(f'  snn.dense @w{k} from @in to @p receptor "x{k}" weights dense<0.5> : tensor<2x3xf32>' for k in range(inputs))
        return self.text(f"  snn.input @in shape [3]\n  snn.population @p model @wide shape [2] params {{{values}}}\n{feeds}",
                         models=self.states_model(states, inputs, params))

    def test_slots_of_a_neuron(self):
        for limits, what, most in (({"states": 8}, "state words", 8), ({"params": 16}, "parameter words", 16), ({"inputs": 2}, "inputs", 2)):
            (slot, count), = limits.items()
            self.image(self.wide(**limits))
            said = self.refused(self.wide(**{slot: count + 1}), 5106, "@wide", "population @p", "net.mlir", f"more {what} than a neuron of ranvier-n1 has",
                                f"at most {most}", f"{most + 1}", quick=slot != "params")  # Parameter words are counted after conversion.
            self.assertIn("RNV5106", said)

    def test_a_program_that_enters_after_quantisation(self):
        states = ", ".join(f'"s{k}"' for k in range(9))
        text = self.text('  snn.input @in shape [3]\n  snn.population @cells model @nine shape [2]\n  snn.dense @w from @in to @cells delay 1 weights dense<1> : tensor<2x3xi16>',
                         models=f'snn.program @nine "int" states [{states}] params [] inputs ["i"] code ["ld.input r0, i", "st.state r0, s0", "spk r0"]')
        said = self.fails("compile", text, "--target", "ranvier-n1", "-o", self.tmp / "no.rvi", code=3, rnv=5106)
        self.assertIn("population @cells", said)
        self.assertIn("at most 8", said)

    def program(self, code, tables=""):
        return self.text("  snn.input @in shape [3]\n  snn.population @cells model @made shape [2]\n  snn.dense @w from @in to @cells delay 1 weights dense<1> : tensor<2x3xi16>",
                         models=f'snn.program @made "int" states ["s"] params [] inputs ["i"] {tables} code [{", ".join(json.dumps(line) for line in code)}]')

    def test_long_programs_and_large_tables(self):
        start, end = ["ld.input r0, i"], ["st.state r0, s", "spk r0"]
        self.image(self.program(start + ["add r0, r0, r0"] * 509 + end))
        said = self.fails("compile", self.program(start + ["add r0, r0, r0"] * 510 + end), "--target", "ranvier-n1", "-o", self.tmp / "no.rvi", code=3, rnv=6014)
        self.assertIn("'cells'", said)
        self.assertIn("at most 512", said)
        table = lambda words: f"tables [array<i32: {', '.join(map(str, range(words)))}>]"
        look = start + ["lut r0, r0, 0"] + end
        image, report = self.image(self.program(look, table(1024)))
        self.assertEqual({limit["limit"]: limit["max_used"] for limit in report["mapping"]["limits"]}["table words"], 1024)
        fired = np.ones((6, 3), bool)
        self.run_both(image, fired, {"s"})
        said = self.fails("compile", self.program(look, table(1025)), "--target", "ranvier-n1", "-o", self.tmp / "no.rvi", code=3, rnv=6037)
        self.assertIn("'cells'", said)
        self.assertIn("table words", said)

    def test_too_many_inputs(self):
        body = lambda last: f"""
  snn.input @a shape [4000]
  snn.input @b shape [{last}]
  snn.population @p model @lif shape [3] {LIF}
  snn.connect @w from @a to @p "fixed_in_degree" {{k = 3}} weights 0.5 seed 3"""
        self.image(self.text(body(96)))
        said = self.refused(self.text(body(97)), 6036, "input 'a'", "at most 4096", "4097")
        self.assertIn("host of chip 'ranvier-n1'", said)

    def test_delays(self):
        body = lambda delay: f"""
  snn.input @in shape [3]
  snn.population @p model @lif shape [2] {LIF}
  snn.dense @far from @in to @p delay {delay} weights dense<0.5> : tensor<2x3xf32>"""
        self.image(self.text(body(15)))
        self.refused(self.text(body(16)), 5712, "far")

    def test_one_neuron_too_large(self):
        """4,096 inputs twice are 16,384 words; from one neuron of another population more, too many."""
        body = lambda extra: f"""
  snn.input @in shape [4096]
  snn.population @p model @lif shape [1] {LIF}
  snn.population @q model @lif shape [1] {LIF}
  snn.connect @one from @in to @p "all_to_all" {{}} weights 0.5
  snn.connect @two from @in to @p delay 3 "all_to_all" {{}} weights 0.5{extra}"""
        image, report = self.image(self.text(body("")))
        self.assertEqual({limit["limit"]: limit["max_used"] for limit in report["mapping"]["limits"]}["synaptic memory [bits]"], 524288)
        said = self.fails("compile", self.text(body('\n  snn.connect @more from @q to @p "all_to_all" {} weights 0.5')), "--target", "ranvier-n1", "-o", self.tmp / "no.rvi",
                          code=3, rnv=6010)
        self.assertIn("'p'", said)
        self.assertNotIn("weight-bits", said)

    def test_what_no_integer_target_can(self):
        adex = """snn.model @adex {
  %x = snn.receive "x" : f32
  %v = snn.state "v" range [-80.0, 30.0] : f32
  %e = math.exp %v : f32
  %s = arith.addf %e, %x : f32
  %theta = arith.constant 0.0 : f32
  %fire = arith.cmpf ogt, %s, %theta : f32
  snn.update "v" = %s : f32
  snn.spike %fire
}"""
        self.refused(self.text("  snn.input @in shape [3]\n  snn.population @p model @adex shape [2]\n  snn.dense @w from @in to @p weights dense<0.5> : tensor<2x3xf32>", models=adex),
                     5401, "@adex", "math.exp")

    def test_the_description_says_so(self):
        (chip,) = [chip for chip in self.json("targets")["targets"] if chip["name"] == "ranvier-n1"]
        self.assertEqual((chip["programmable"], chip["graded_spikes"], chip["multicast_trees"], chip["cores_per_chip"], chip["max_chips"]), (True, True, True, 16, 1))
        self.assertEqual((chip["min_delay"], chip["max_delay"], chip["neurons_per_core"]), (1, 15, 256))
        text = " ".join(chip["unsupported"])
        description = (ROOT / "hw-models" / "chips" / "ranvier-n1.yaml").read_text()
        for key, shown in (("states", "{} state words"), ("params", "{} parameter words"), ("inputs", "{} inputs"), ("program_words", "{} instructions"),
                           ("max_steps", "above {} steps"), ("input_neurons", "more than {} input neurons")):
            value = re.search(rf"(?m)^  {key}: (?:{{value: )?(\d+)", description).group(1)
            self.assertIn(shown.format(value), text)
        (profile,) = chip["cost_profiles"]
        self.assertEqual(profile["name"], "fitted")
        cycles = profile["cycles"]
        self.assertEqual(cycles.pop("clock_ns"), 10)
        self.assertEqual({number["status"] for number in cycles.values()}, {"fitted"})
        self.assertEqual({key: cycles[key]["value"] for key in ("update", "slice", "group", "lanes")}, {"update": 4, "slice": 5, "group": 8, "lanes": 8})
        self.assertIn("synapse_event.energy", profile["unknown"])
        self.assertFalse([name for name in profile["unknown"] if name.endswith(".time")])


class Maps(N1):
    def test_partition_and_picture(self):
        network = self.text(f"""
  snn.input @in shape [30]
  snn.population @a model @lif shape [300] {LIF}
  snn.population @b model @lif shape [300] {LIF}
  snn.connect @feed from @in to @a "fixed_in_degree" {{k = 8}} weights 0.3
  snn.connect @ab from @a to @b "fixed_in_degree" {{k = 12}} weights 0.2
  snn.connect @ba from @b to @a delay 2 "fixed_in_degree" {{k = 6}} weights 0.1""")
        images = {strategy: self.image(network, "--partition", strategy, name=strategy) for strategy in ("sequential", "multilevel", "auto")}
        costs = {strategy: report["partition"]["spikes_hops"] for strategy, (_, report) in images.items()}
        self.assertLessEqual(costs["multilevel"], costs["sequential"])
        self.assertLessEqual(costs["auto"], costs["sequential"])
        counts = []
        for image, report in images.values():
            self.described(image)
            self.assertEqual(report["mapping"]["cores"]["available"], 16)
            counts.append({name: p["spikes"] for name, p in self.json("run", image, "--steps", 60, "--timing", "detailed")["populations"].items()})
        self.assertTrue(all(count == counts[0] for count in counts))
        picture = self.tmp / "mapping.svg"
        self.json("inspect", images["auto"][0], "--picture", picture)
        drawn = picture.read_text()
        self.assertEqual(ElementTree.fromstring(drawn).tag.split("}")[-1], "svg")
        self.assertIn("table words 0 of 1024", drawn)
        compared = self.json("map", "partition", network, "--target", "ranvier-n1")
        self.assertTrue(compared)
        said = self.fails("map", "network", network, "--target", "ranvier-n1", rnv=6084)
        self.assertIn("multicast", said)
