# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Broken files and places that cannot be written: a clear error, no partial output, earlier output intact."""

import json
import os
import pathlib
import random
import resource
import subprocess

import h5py
import numpy as np

import samples
from ranvier import BIN, DIGITS, ROOT, Case

NETWORK = DIGITS / "network.nir"
SET = DIGITS / "test_set.h5"
CHIP = ROOT / "hw-models" / "chips" / "loihi1.yaml"


class BadInput(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.image, cls.text, cls.recording = cls.tmp / "loihi1.rvi", cls.tmp / "net.mlir", cls.tmp / "run.h5"
        for arguments in (["compile", NETWORK, "--target", "loihi1", "-o", cls.image], ["import", NETWORK, "-o", cls.text],
                          ["run", cls.image, "--input", SET, "--steps", 18, "-o", cls.recording]):
            done = cls.call(*arguments, "--quiet")
            assert done.returncode == 0, done.stderr

    def setUp(self):
        """An output folder with one earlier file, which must survive whatever happens."""
        self.folder = self.tmp / self.id().rsplit(".", 1)[1]
        self.folder.mkdir()
        self.out = self.folder / "out"
        self.out.write_text("earlier")

    def refused(self, *arguments, code=1, why=None, preexec_fn=None):
        """Fails with one error object, and leaves the output folder as it was."""
        done = subprocess.run([str(BIN / "ranvier"), *map(str, arguments), "--json"], capture_output=True, text=True, timeout=300, preexec_fn=preexec_fn)
        self.assertEqual(done.returncode, code, f"{arguments} {why or ''}\n{done.stdout}\n{done.stderr}")
        error = json.loads(done.stdout)["error"]
        self.assertRegex(error["code"], r"^RNV\d{4}$")
        self.assertNotIn(error["code"], ("RNV8001", "RNV8002"), "an internal failure, not a judgement on the file")
        self.assertEqual([path.name for path in self.folder.iterdir()], ["out"], arguments)
        self.assertEqual(self.out.read_text(), "earlier")
        return error

    def broken(self, name, content, seed=1):
        """Truncations and random bytes under the name of a good file."""
        choose = random.Random(seed)
        lengths = [0, 1, 7, len(content) // 3, len(content) - 9]
        for length in lengths:
            path = self.tmp / f"broken-{name}"
            path.write_bytes(content[:length])
            yield path, f"cut to {length} bytes"
        for k in range(3):
            path = self.tmp / f"broken-{name}"
            path.write_bytes(choose.randbytes(choose.randrange(1, 4000)))
            yield path, f"random bytes {k} of seed {seed}"

    def test_networks(self):
        for name, source in (("network.nir", NETWORK), ("network.mlir", self.text)):
            for path, why in self.broken(name, source.read_bytes()):
                self.refused("compile", path, "--target", "loihi1", "-o", self.out, why=why)
                self.refused("check", path, "--target", "loihi1", why=why)
                self.refused("import", path, "-o", self.out, why=why)
                self.refused("export", path, "-o", self.out, why=why)
                self.refused("verify", self.image, path, why=why)

    def test_images(self):
        for path, why in self.broken("image.rvi", self.image.read_bytes()):
            self.refused("inspect", path, why=why)
            self.refused("run", path, "--steps", 3, "-o", self.out, why=why)
            self.refused("eval", path, "--data", SET, "--spikes", self.out, why=why)
            self.refused("export", path, "--hdf5", "-o", self.out, why=why)
            self.refused("verify", path, NETWORK, why=why)

    def test_a_single_changed_bit_of_an_image_is_noticed(self):
        content = self.image.read_bytes()
        choose = random.Random(3)
        path = self.tmp / "bit.rvi"
        for _ in range(20):
            at, bit = choose.randrange(len(content)), choose.randrange(8)
            changed = bytearray(content)
            changed[at] ^= 1 << bit
            path.write_bytes(changed)
            done = self.call("run", path, "--steps", 1)
            # Padding between sections has no checksum; everywhere else a change is an error.
            self.assertIn(done.returncode, (0, 1), f"bit {bit} of byte {at}")
            if done.returncode == 0:
                self.assertEqual(content[at], 0, f"bit {bit} of byte {at} was not noticed")

    def test_spike_files(self):
        with h5py.File(self.tmp / "events.h5", "w") as f:
            f["spikes/input/timestamps"] = np.arange(200) * 0.1
            f["spikes/input/node_ids"] = np.arange(200) % 64
        for source in (SET, self.tmp / "events.h5"):
            for path, why in self.broken("spikes.h5", source.read_bytes()):
                self.refused("run", self.image, "--input", path, "--steps", 3, "-o", self.out, why=why)
                self.refused("export", path, "--spikes", "csv", "--dt", "1e-3", "-o", self.out, why=why)
        for path, why in self.broken("run.h5", self.recording.read_bytes()):
            self.refused("diff", path, self.recording, why=why)
            self.refused("diff", self.recording, path, why=why)
        for path, why in self.broken("set.h5", SET.read_bytes()):
            self.refused("eval", self.image, "--data", path, "--spikes", self.out, why=why)
            self.refused("compile", NETWORK, "--target", "loihi1", "--calibrate", path, "-o", self.out, why=why)

    def test_lines_of_csv(self):
        path = self.tmp / "spikes.csv"
        for text, rnv in (("time,neuron\n1,2\n", "1051"), ("step,neuron\n0,2\n", "1052"), ("step,neuron\n1,\n", "1052"), ("1,2,3,4\n", "1052"),
                          ("step,neuron\n1,-2\n", "1052"), ("step,neuron\n1,2,inf\n", "1052"), ("step,neuron\n99999999999,2\n", "1052"),
                          ("1;2\n", "1052"), ("step,neuron\n1,64\n", "8022"), ("step,neuron,value\n1,2,3\n", "7014"), ("step,neuron,value\n1,2,0.5\n", "8022")):
            path.write_text(text)
            error = self.refused("run", self.image, "--input", path, "--steps", 3, "-o", self.out, why=repr(text))
            self.assertEqual(error["code"], f"RNV{rnv}", text)
        other = self.tmp / "spikes.dat"
        other.write_text("1,2\n")
        self.assertEqual(self.refused("run", self.image, "--input", other, "--steps", 3)["code"], "RNV1050")

    def test_chip_descriptions(self):
        good = CHIP.read_text()
        path = self.tmp / "chip.yaml"
        for text, rnv, place in ((good.replace("  neurons: {value: 1024", "  neuron: {value: 1024"), "2005", "neuron"), (good.replace("kind: mesh", "kind: ring"), "2012", "kind"),
                                 (good.replace("value: 1024,", "value: 0,"), "2009", "neurons"), (good.replace("version: 1\n", ""), "2007", "version"), ("[1, 2", "2001", "")):
            path.write_text(text)
            error = self.refused("compile", NETWORK, "--target", path, "-o", self.out)
            self.assertEqual(error["code"], f"RNV{rnv}", error)
            self.assertEqual(error["file"], str(path))
            self.assertIn(place, error["place"])
        for broken, why in self.broken("chip.yaml", good.encode()):
            self.refused("check", NETWORK, "--target", broken, why=why)

    def test_mapping_files(self):
        good = json.dumps({"format": "ranvier-mapping", "version": 1, "slices": [
            {"population": "lif1", "first": 0, "count": 96, "chip": 0, "core": 0}, {"population": "lif2", "first": 0, "count": 10, "chip": 0, "core": 1}]})
        for path, why in self.broken("map.json", good.encode()):
            self.refused("compile", NETWORK, "--target", "loihi1", "--mapping", path, "-o", self.out, why=why)
        path = self.tmp / "map.json"
        for text, rnv, code in ((good[:-1], "9005", 1), (good.replace('"core": 1', '"core": 1, "colour": 2'), "6027", 1), (good.replace('"core": 1', '"core": 128'), "6022", 1),
                                (good.replace('"count": 96', '"count": 95'), "6020", 1), (good.replace('"first": 0, "count": 10', '"first": 9, "count": 10'), "6027", 1)):
            path.write_text(text)
            error = self.refused("compile", NETWORK, "--target", "loihi1", "--mapping", path, "-o", self.out, code=code)
            self.assertEqual(error["code"], f"RNV{rnv}", error)

    def test_report_to_compare_with(self):
        for path, why in self.broken("report.json", b'{"predictions": [1, 2, 3]}'):
            self.refused("eval", self.image, "--data", SET, "--samples", 3, "--compare", path, "--spikes", self.out, why=why)

    def test_a_network_that_does_not_fit(self):
        error = self.refused("compile", NETWORK, "--target", ROOT / "test" / "Inputs" / "chips" / "tiny.yaml", "-o", self.out, code=3)
        self.assertTrue(error["expected"] and error["found"], error)

    # --- Places that cannot be written ---------------------------------------------------------------------------------------

    def writers(self, out):
        """Every way to write a file, each larger than the limits set below."""
        return (["compile", NETWORK, "--target", "loihi1", "-o", out], ["compile", NETWORK, "--target", "loihi1", "--emit", "quantised", "-o", out],
                ["import", NETWORK, "-o", out], ["export", self.text, "-o", out], ["export", self.image, "--hdf5", "-o", out],
                ["run", self.image, "--input", SET, "--steps", 3000, "--record", "spikes,u,v", "-o", out],
                ["eval", self.image, "--data", SET, "--spikes", out], ["export", self.spikes(), "--spikes", "csv", "-o", out],
                ["export", self.spikes(), "--spikes", "nir", "--dt", "1e-3", "-o", out], ["export", self.spikes(), "--spikes", "sonata", "--dt", "1e-3", "-o", out])

    def spikes(self):
        path = self.tmp / "many.csv"
        if not path.exists():
            choose = random.Random(5)
            path.write_text("step,neuron\n" + "".join(f"{step},{choose.randrange(64)}\n" for step in range(1, 20000)))
        return path

    def test_no_such_folder(self):
        for command in self.writers(self.tmp / "no" / "such" / "file"):
            self.assertIn(self.refused(*command)["code"], ("RNV9003", "RNV3001"))

    def test_folders_and_devices_are_not_replaced(self):
        folder = self.tmp / "taken"
        folder.mkdir(exist_ok=True)
        for command in self.writers(folder) + self.writers("/dev/null"):
            self.assertIn(self.refused(*command)["code"], ("RNV9003", "RNV3001"))
        self.assertTrue(pathlib.Path("/dev/null").is_char_device())

    def test_protected_files_and_folders(self):
        if os.geteuid() == 0:
            self.skipTest("root may write anything")
        self.out.chmod(0o444)
        for command in self.writers(self.out):
            self.assertIn(self.refused(*command)["code"], ("RNV9003", "RNV3001"))
        self.folder.chmod(0o555)
        try:
            for command in self.writers(self.folder / "new"):
                self.assertIn(self.refused(*command)["code"], ("RNV9003", "RNV3001"))
        finally:
            self.folder.chmod(0o755)

    def test_links_stay_links(self):
        real, link = self.folder / "real", self.folder / "link"
        real.write_text("earlier")
        link.symlink_to("real")
        self.json("import", NETWORK, "-o", link)
        self.assertTrue(link.is_symlink())
        self.assertIn("snn.network", real.read_text())

    def test_new_files_obey_the_umask(self):
        for mask, mode in ((0o027, 0o640), (0o022, 0o644), (0o077, 0o600)):
            out = self.folder / f"mask{mask}"
            subprocess.run([str(BIN / "ranvier"), "import", str(NETWORK), "-o", str(out), "-q"], check=True, preexec_fn=lambda: os.umask(mask))
            self.assertEqual(out.stat().st_mode & 0o777, mode)

    def test_a_file_size_limit(self):
        """What a quota does: writing fails with an error code, not with a signal."""
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        for command in self.writers(self.out):
            self.refused(*command, preexec_fn=limit)
        for command in (["run", self.image, "--steps", 500, "--report", self.folder], ["eval", self.image, "--data", SET, "--report", self.folder]):
            self.assertEqual(self.refused(*command, preexec_fn=limit)["code"], "RNV9004")

    def test_a_full_disk(self):
        if os.geteuid() != 0:
            self.skipTest("only root can mount a small disk")
        disk = self.tmp / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(disk)], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest("mounting is not allowed here: " + mounted.stderr.strip())
        try:
            before = disk / "out"
            before.write_text("earlier")
            for command in self.writers(before):
                done = self.call(*command, "--json")
                self.assertEqual(done.returncode, 1, f"{command}\n{done.stderr}")
                self.assertIn(json.loads(done.stdout)["error"]["code"], ("RNV9003", "RNV9004", "RNV3001", "RNV1010", "RNV1080"))
                self.assertEqual([path.name for path in disk.iterdir()], ["out"], command)
                self.assertEqual(before.read_text(), "earlier")
        finally:
            subprocess.run(["umount", str(disk)], check=True)


class Seeds(Case):
    """What the fuzzer of images starts from must be whole images of this version, or it never gets past the header."""

    TEXT = """snn.network @seed dt 1.0e-3 seed 3 {
  snn.input @in shape [4] source #snn.poisson<[200.0], seed = 5>
  snn.input @clock shape [2] source #snn.regular<[3], phase = [1, 2]>
  snn.population @a model @lif shape [6] params {tau = 0.02, r = 20.0, v_threshold = 1.0}
  snn.population @b model @lif shape [3] params {tau = 0.02, r = 20.0, v_threshold = 1.0}
  snn.dense @feed from @in to @a weights dense<0.4> : tensor<6x4xf32>
  snn.connect @tick from @clock to @a delay 2 "all_to_all" {} weights 0.3
  snn.dense @on from @a to @b weights dense<0.25> : tensor<3x6xf32>
  snn.output @out from @b
  snn.probe @watch of @b ["v", "spikes"]
}
"""

    def test_the_seeds_are_current(self):
        """RANVIER_RENEW_SEEDS=1 writes them anew after a change of the format."""
        network = self.tmp / "seed.mlir"
        corpus = ROOT / "test" / "fuzz" / "corpus"
        learning = self.TEXT.replace("  snn.probe", "  snn.plasticity @learn of @tick rule @stdp_pair_additive\n  snn.probe")
        rewiring = self.TEXT.replace("  snn.probe", """  snn.rewiring @grow of @tick rule @distance_by_weight params {threshold = 0.5} partner "random" grid [3, 2] attempts 2 every 1 most 3 weight 0.2 delay 1
  snn.probe""")
        tiny = ROOT / "test" / "Inputs" / "chips" / "tiny.yaml"
        for name, target, text, options in (("reference", "reference", self.TEXT, ()), ("tiny", tiny, self.TEXT, ()), ("learning", "reference", learning, ()),
                                            ("rewiring", "reference", rewiring, ("--timing", "off"))):
            seed, checkpoint = corpus / "fuzz-image" / f"{name}.rvi", corpus / "fuzz-checkpoint" / f"{name}.rvc"
            network.write_text(text)
            if os.environ.get("RANVIER_RENEW_SEEDS"):
                self.json("compile", network, "--target", target, "-o", seed)
                self.json("run", seed, "--steps", 20, "--checkpoint", checkpoint, "--checkpoint-every", 10, *options)
            self.assertEqual(self.json("inspect", seed)["network"], "seed")
            self.assertGreater(self.json("run", seed, "--steps", 30, *options)["totals"]["spikes"], 10)
            self.json("run", seed, "--steps", 30, "--resume", checkpoint, *options)
