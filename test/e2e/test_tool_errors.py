# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Errors of the tools and of resumed stages that need files made for the purpose: docs/errors/tools.md, one case a code."""

import ctypes
import re
import shutil
import struct
import subprocess

import h5py
import numpy as np

import samples
from ranvier import BIN, DIGITS, ROOT, Case

NETWORK = DIGITS / "network.nir"
SET = DIGITS / "test_set.h5"


def with_provenance(source, target, change):
    """A copy of an image whose provenance record is changed to one of the same length, with all checksums right (docs/spec/image-format.md)."""
    xxh3 = ctypes.CDLL("libxxhash.so.0").XXH3_64bits
    xxh3.restype, xxh3.argtypes = ctypes.c_uint64, (ctypes.c_char_p, ctypes.c_size_t)
    checksum = lambda data: xxh3(bytes(data), len(data))
    content = bytearray(source.read_bytes())
    table = struct.unpack_from("<Q", content, 24)[0]
    _, _, offset, size, _, _ = struct.unpack_from("<IIQQQQ", content, table)
    meta = bytes(content[offset:offset + size])
    changed = change(meta)
    assert len(changed) == len(meta) and changed != meta
    content[offset:offset + size] = changed
    struct.pack_into("<Q", content, table + 32, checksum(changed))
    struct.pack_into("<Q", content, 32, checksum(content[table:table + 13 * 40]))
    struct.pack_into("<Q", content, 56, checksum(content[:56]))
    target.write_bytes(content)
    return target


class ToolErrors(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.image = cls.tmp / "loihi1.rvi"
        for stage, name in (("quantised", "q.mlir"), ("fabric", "f.mlir"), ("image", "loihi1.rvi")):
            done = cls.call("compile", NETWORK, "--target", "loihi1", "--emit", stage, "-o", cls.tmp / name, "--quiet")
            assert done.returncode == 0, done.stderr
        cls.quantised, cls.fabric = (cls.tmp / "q.mlir").read_text(), (cls.tmp / "f.mlir").read_text()

    def text(self, name, content):
        path = self.tmp / name
        path.write_text(content)
        return path

    def edited(self, text, pattern, replacement):
        changed, count = re.subn(pattern, replacement, text, count=1)
        self.assertEqual(count, 1, pattern)
        return self.text("edited.mlir", changed)

    def compile_fails(self, path, rnv, target="loihi1"):
        self.fails("compile", path, *(["--target", target] if target else []), "-o", self.tmp / "never", rnv=rnv)
        self.assertFalse((self.tmp / "never").exists())

    # --- Networks ---------------------------------------------------------------------------------------------------------------

    def test_one_network(self):
        for content in ("", "module {}\n", "snn.network @a dt 1.0e-3 {\n}\nsnn.network @b dt 1.0e-3 {\n}\n"):
            path = self.text("count.mlir", content)
            for command in (["compile", path, "--target", "loihi1", "-o", self.tmp / "x"], ["check", path, "--target", "loihi1"], ["import", path, "-o", self.tmp / "x"],
                            ["verify", self.image, path]):
                self.fails(*command, rnv=5710)

    def test_what_is_no_network(self):
        self.compile_fails(self.text("words.mlir", "four score and seven years ago\n"), 8011)
        error = self.json("check", self.text("typo.mlir", "snn.network @n dt 1.0e-3 {\n  snn.populaton @p\n}\n"), "--target", "reference", code=1)["error"]
        self.assertEqual((error["code"], error["place"]), ("RNV8011", "line 2, column 3"))
        self.assertIn("snn.populaton", error["message"])
        unknown = self.text("unknown.mlir", "snn.network @n dt 1.0e-3 {\n  snn.population @p model @nobody shape [1]\n}\n")
        error = self.json("check", unknown, "--target", "reference", code=1)["error"]
        self.assertEqual((error["code"], error["place"]), ("RNV8013", "line 2, column 3"))
        self.assertIn("@nobody", error["message"])
        # A NIR file whose first byte is damaged is no text: the parser does not get to print it, and --dt is not to blame.
        damaged = self.tmp / "damaged.nir"
        damaged.write_bytes(b"\x88" + NETWORK.read_bytes()[1:])
        said = self.fails("check", damaged, "--target", "loihi1", "--dt", "1e-3", rnv=8011)
        self.assertEqual(len(said.splitlines()), 1, said)
        broken = self.tmp / "broken-models"
        broken.mkdir()
        (broken / "a.mlir").write_text("snn.model @mine {")
        user = self.text("user.mlir", "snn.network @n dt 1.0e-3 {\n  snn.population @p model @mine shape [1]\n}\n")
        self.fails("check", user, "--target", "reference", "--models", broken, rnv=8011)

    def test_a_network_through_a_pipe(self):
        text = self.text("piped.mlir", "snn.network @n dt 1.0e-3 {\n  snn.population @p model @if shape [1] params {v_threshold = 1.0}\n}\n").read_text()
        done = subprocess.run([BIN / "ranvier", "check", "/dev/stdin", "--target", "reference"], input=text, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_numbers_that_are_none(self):
        text = self.tmp / "nan.mlir"
        for code, params, weights in (("5111", "tau = dense<[0.01, 0x7FC00000]> : tensor<2xf32>", "dense<1.0> : tensor<2x2xf32>"),
                                      ("5307", "tau = 0.01", "dense<[[0x7FC00000, 1.0], [1.0, 1.0]]> : tensor<2x2xf32>"),
                                      ("5113", "tau = 0.01", "dense<1.0> : tensor<2x2xf32> bias dense<[0x7FC00000, 1.0]> : tensor<2xf32>")):
            text.write_text(f"""snn.network @net dt 1.0e-3 {{
  snn.input @a shape [2]
  snn.population @b model @lif shape [2] params {{{params}, v_threshold = 1.0}}
  snn.dense @k from @a to @b weights {weights}
}}
""")
            self.assertIn("not finite", self.fails("compile", text, "--target", "loihi1", "-o", self.tmp / "x", rnv=code))

    def test_a_value_that_is_no_word(self):
        self.compile_fails(self.edited(self.quantised, r"\bdv = \d+", "dv = 0.5"), 5715, None)

    def test_a_bias_that_was_not_folded(self):
        self.compile_fails(self.edited(self.quantised, r"(@fc1 from @input to @lif1 .*? : tensor<96x64xi16>)", r"\1 bias dense<1> : tensor<96xi32>"), 5716, None)

    def test_stages_that_are_mixed(self):
        mixed = re.sub(r"\A(module \{\n)?", r"\1" + (ROOT / "models" / "if.mlir").read_text().replace("\\", "\\\\"), self.quantised, count=1)
        name = re.search(r"snn\.model @(\w+)", (ROOT / "models" / "if.mlir").read_text()).group(1)
        self.compile_fails(self.edited(mixed, r"snn\.population @lif2 model @\w+ shape \[10\] params \{[^}]*\}( init \{[^}]*\})?( scale \{[^}]*\})?",
                                       f"snn.population @lif2 model @{name} shape [10] params {{v_threshold = 1.0}}"), 5730, None)

    def test_a_slice_of_an_unknown_population(self):
        self.compile_fails(self.edited(self.fabric, r"slice<@lif1\b", "slice<@lif9"), 8013, None)

    # --- Images and their inputs ------------------------------------------------------------------------------------------------

    def two_of_each(self):
        image = self.tmp / "two.rvi"
        if not image.exists():
            network = self.text("two.mlir", """snn.network @n dt 1.0e-3 {
  snn.input @left shape [2]
  snn.input @right shape [2]
  snn.population @a model @if shape [2] params {v_threshold = 1.0}
  snn.population @b model @if shape [2] params {v_threshold = 1.0}
  snn.connect @l from @left to @a "one_to_one" {} weights 2.0
  snn.connect @r from @right to @b "one_to_one" {} weights 2.0
  snn.output @oa from @a
  snn.output @ob from @b
}
""")
            self.json("compile", network, "--target", "reference", "-o", image)
        return image

    def test_inputs_by_name(self):
        image = self.two_of_each()
        events = self.tmp / "events.h5"
        with h5py.File(events, "w") as f:
            f["spikes/right/timestamps"], f["spikes/right/node_ids"] = [0.5, 1.5], [0, 1]
        result = self.json("run", image, "--input", events, "--steps", 3)["populations"]
        self.assertEqual((result["a"]["spikes"], result["b"]["spikes"]), (0, 2))
        with h5py.File(events, "r+") as f:
            f.move("spikes/right", "spikes/middle")
        self.assertIn("left, right", self.fails("run", image, "--input", events, "--steps", 3, rnv=8020))
        self.fails("run", image, "--input", self.text("s.csv", "1,0\n"), "--steps", 3, rnv=8021)

    def test_labels_that_are_no_class(self):
        strange = self.tmp / "labels.h5"
        shutil.copy(SET, strange)
        with h5py.File(strange, "r+") as f:
            f["labels"][0], f["labels"][1] = -1, 10
        done = self.call("eval", self.image, "--data", strange, "--samples", 20, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("2 labels", done.stderr)
        self.assertIn("0..9", done.stderr)
        self.assertNotIn("label", self.call("eval", self.image, "--data", SET, "--samples", 20).stderr)

    def test_sets_that_do_not_fit(self):
        image = self.two_of_each()
        self.fails("eval", image, "--data", SET, rnv=8021)
        wide = self.tmp / "wide.h5"
        with h5py.File(wide, "w") as f:
            f["input_spikes"] = np.zeros((1, 4, 65), np.uint8)
        self.assertIn("expected 64 neurons, found 65", self.fails("eval", self.image, "--data", wide, rnv=8032))
        self.fails("compile", NETWORK, "--target", "loihi1", "--calibrate", wide, "-o", self.tmp / "x", rnv=8032)

    def test_an_output_with_values_classifies_by_their_sum(self):
        """Leaky integrators fire in every step: their numbers of spikes say nothing, their values do."""
        path, rng = self.tmp / "readout.nir", np.random.default_rng(5)
        weights = rng.normal(0, 1, (5, 64)).astype(np.float32)
        with h5py.File(path, "w") as f:
            f["version"], f["node/type"] = "1.0.7", "NIRGraph"
            f["node/edges"] = np.array([("input", "fc"), ("fc", "li"), ("li", "output")], dtype=h5py.string_dtype())
            for name, kind, values in (("input", "Input", {"shape": np.array([64])}), ("fc", "Linear", {"weight": weights}),
                                       ("li", "LI", {"tau": np.full(5, 0.01), "r": np.ones(5), "v_leak": np.zeros(5)}),
                                       ("output", "Output", {"shape": np.array([5])})):
                group = f.create_group(f"node/nodes/{name}")
                group["type"] = kind
                for key, value in values.items():
                    group[key] = value
        with h5py.File(SET) as f:
            cells = f["input_spikes"][:40]
        sums = np.zeros((40, 5))
        for sample in range(40):
            v = np.zeros(5)
            for row in cells[sample]:
                v = v + 0.1 * (weights.astype(float) @ row - v)
                sums[sample] += v
        image = self.tmp / "readout.rvi"
        self.json("compile", path, "--dt", "1e-3", "--target", "reference", "-o", image)
        found = self.json("eval", image, "--data", SET, "--samples", 40)["predictions"]
        ordered = np.sort(sums, axis=1)
        clear = ordered[:, -1] - ordered[:, -2] > 1e-3
        self.assertGreater(clear.sum(), 30)
        self.assertGreater(len(set(found)), 2)
        np.testing.assert_array_equal(np.array(found)[clear], sums.argmax(axis=1)[clear])

    def test_an_output_that_is_an_input_is_refused(self):
        copy, link = self.tmp / "copy.nir", self.tmp / "link.nir"
        shutil.copy(NETWORK, copy)
        link.symlink_to(copy)
        image = self.tmp / "same.rvi"
        self.json("compile", copy, "--target", "loihi1", "-o", image)
        spikes = self.tmp / "same.csv"
        spikes.write_text("step,neuron\n1,3\n")
        before = copy.read_bytes(), image.read_bytes(), spikes.read_bytes()
        for command in (["import", copy, "-o", copy], ["import", copy, "-o", link], ["compile", link, "--target", "loihi1", "-o", copy],
                        ["export", copy, "-o", copy], ["run", image, "--steps", 3, "-o", image], ["run", image, "--input", spikes, "--steps", 3, "-o", spikes],
                        ["inspect", image, "--picture", image], ["export", spikes, "--spikes", "csv", "-o", spikes]):
            with self.subTest(command):
                self.assertIn("would replace", self.fails(*command, code=2, rnv=8025))
        self.assertEqual((copy.read_bytes(), image.read_bytes(), spikes.read_bytes()), before)

    def test_a_recording_is_an_input(self):
        """It also names what neurons fired; those populations are none of the inputs."""
        first, second = self.tmp / "first.h5", self.tmp / "second.h5"
        self.json("run", self.image, "--input", SET, "--steps", 18, "-o", first)
        self.json("run", self.image, "--input", first, "--steps", 18, "-o", second)
        self.assertTrue(self.json("diff", first, second)["equal"])

    def test_errors_of_models_name_the_population(self):
        network = self.text("models.mlir", """snn.network @n dt 1.0e-3 {
  snn.input @i shape [4]
  snn.population @fine model @lif shape [4] params {tau = 0.02, r = 1.0, v_leak = 0.0, v_threshold = 1.0, v_reset = 0.0}
  snn.population @broken model @lif shape [4] params {tau = 0.02, r = 1.0, v_leak = 0.0, v_threshold = -1.0, v_reset = 0.0}
  snn.connect @l from @i to @fine "one_to_one" {} weights 2.0
  snn.connect @r from @i to @broken "one_to_one" {} weights 2.0
  snn.output @o from @broken
}
""")
        self.assertIn("population @broken", self.fails("compile", network, "--target", "loihi1", "-o", self.tmp / "never", code=3))

    def test_values_that_are_not_finite(self):
        for value in ("0x7FC00000", "0x7F800000"):
            network = self.text("nan.mlir", f"""snn.network @n dt 1.0e-3 {{
  snn.input @i shape [2]
  snn.population @p model @if shape [2] params {{v_threshold = 1.0}}
  snn.dense @l from @i to @p weights dense<{value}> : tensor<2x2xf32>
  snn.output @o from @p
}}
""")
            self.assertIn("not finite", self.fails("compile", network, "--target", "reference", "-o", self.tmp / "never", rnv=5715))
        for dt in ("nan", "inf", "0", "-1", "1e400", "x"):
            self.assertIn("positive number of seconds", self.fails("compile", NETWORK, "--dt", dt, "--target", "reference", "-o", self.tmp / "never", code=2))

    def test_values_on_a_chip_without_any_name_file_step_and_neuron(self):
        spikes = self.tmp / "valued.csv"
        spikes.write_text("step,neuron,value\n1,2,1\n7,3,2\n")
        shown = self.fails("run", self.image, "--input", spikes, "--steps", 9, rnv=7014)
        for words in ("valued.csv", "step 7, neuron 3", "found 2"):
            self.assertIn(words, shown)

    def test_an_empty_file_is_named(self):
        empty = self.text("empty.mlir", "")
        self.assertIn("empty.mlir", self.fails("check", empty, "--target", "loihi1", rnv=5710))

    def test_two_outputs_cannot_classify(self):
        network = self.text("outputs.mlir", """snn.network @n dt 1.0e-3 {
  snn.input @i shape [64]
  snn.population @a model @if shape [64] params {v_threshold = 1.0}
  snn.population @b model @if shape [64] params {v_threshold = 1.0}
  snn.connect @l from @i to @a "one_to_one" {} weights 2.0
  snn.connect @r from @i to @b "one_to_one" {} weights 2.0
  snn.output @oa from @a
  snn.output @ob from @b
}
""")
        image = self.tmp / "outputs.rvi"
        self.json("compile", network, "--target", "reference", "-o", image)
        self.assertIn("2 outputs", self.fails("eval", image, "--data", SET, rnv=8023))

    def test_spikes_beyond_memory(self):
        network = self.text("wide.mlir", """snn.network @n dt 1.0e-3 {
  snn.input @i shape [1]
  snn.population @a model @if shape [70000] params {v_threshold = 1.0}
  snn.connect @l from @i to @a "fixed_in_degree" {k = 1} weights 2.0
  snn.output @o from @a
}
""")
        image, data = self.tmp / "wide.rvi", self.tmp / "long.h5"
        self.json("compile", network, "--target", "reference", "-o", image)
        with h5py.File(data, "w") as f:
            f["input_spikes"] = np.zeros((1, 65536, 1), np.uint8)
        self.fails("eval", image, "--data", data, "--spikes", self.tmp / "never.h5", rnv=8033)
        self.assertFalse((self.tmp / "never.h5").exists())

    def test_a_malformed_provenance_record(self):
        for what, by in ((b'"weight_bits":8', b'"weight_bits":0'), (b'"weight_bits":8', b'"weight_bitz":8'), (b'"source_hash":"', b'"source_hash":[')):
            changed = with_provenance(self.image, self.tmp / "provenance.rvi", lambda meta: meta.replace(what, by))
            # What is no JSON is an error of JSON, what is no record one of records.
            self.assertRegex(self.fails("verify", changed, NETWORK), "RNV(8050|9005)")
        self.fails("verify", with_provenance(self.image, self.tmp / "provenance.rvi", lambda meta: meta.replace(b'"weight_bits":8', b'"weight_bits":9')), NETWORK, rnv=8050)

    def test_a_golden_case_with_nothing_to_compare(self):
        case = self.tmp / "case.h5"
        shutil.copy(ROOT / "test" / "golden" / "loihi" / "p01_single_layer.h5", case)
        with h5py.File(case, "r+") as f:
            del f["expected/g"]
        done = self.call(case, tool="ranvier-replay")
        self.assertEqual(done.returncode, 1)
        self.assertIn("RNV8086", done.stderr)
        self.assertEqual(self.call(case, "--out", self.tmp / "computed.h5", tool="ranvier-replay").returncode, 0)
