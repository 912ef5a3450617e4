# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`cmake --install`: the installation works wherever it is moved to, and a project of somebody else's builds on it."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("RANVIER_BUILD", ROOT / "build" / "release"))
DIGITS = ROOT / "examples" / "digits"


def call(*command, **options):
    environment = {key: value for key, value in os.environ.items() if key != "RANVIER_DATA"}
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=600, env=environment, stdin=subprocess.DEVNULL, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command}: exit code {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return done.stdout


class Installation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory(prefix="ranvier-install-")
        cls.tmp = pathlib.Path(cls._folder.name)
        call("cmake", "--install", BUILD, "--prefix", cls.tmp / "first")
        # Nothing may remember where it was installed.
        cls.prefix = cls.tmp / "moved here"
        (cls.tmp / "first").rename(cls.prefix)
        cls.ranvier = cls.prefix / "bin" / "ranvier"

    @classmethod
    def tearDownClass(cls):
        cls._folder.cleanup()

    def test_tools_find_chips_and_models_beside_them(self):
        chips = json.loads(call(self.ranvier, "targets", "--json", cwd="/"))["targets"]
        self.assertEqual([chip["name"] for chip in chips], ["loihi1", "loihi2", "ranvier-n1", "reference", "rram-40nm", "spinnaker1", "spinnaker2"])
        link = self.tmp / "ranvier"
        link.symlink_to(self.ranvier)
        image = self.tmp / "digits.rvi"
        call(link, "compile", DIGITS / "network.nir", "--target", "loihi1", "-o", image, cwd="/")
        self.assertEqual(json.loads(call(self.ranvier, "verify", image, DIGITS / "network.nir", "--json"))["equal"], True)
        # Really beside them: what is removed there is missed.
        (self.prefix / "share" / "ranvier" / "models" / "lif.mlir").rename(self.tmp / "lif.mlir")
        try:
            with self.assertRaisesRegex(AssertionError, "RNV5205"):
                call(self.ranvier, "compile", DIGITS / "network.nir", "--target", "loihi1", "-o", image)
        finally:
            (self.tmp / "lif.mlir").rename(self.prefix / "share" / "ranvier" / "models" / "lif.mlir")

    @unittest.skipUnless(shutil.which("verilator"), "not installed: verilator")
    def test_the_hardware_is_beside_them(self):
        """What was installed gives the very model of the build tree, whose cache is used so that it is built once."""
        image = self.tmp / "n1.rvi"
        call(self.ranvier, "compile", DIGITS / "network.nir", "--target", "ranvier-n1", "-o", image, cwd="/")
        os.environ["RANVIER_RTL_CACHE"] = str(BUILD.resolve() / "rtl-models")
        try:
            call(BUILD.resolve() / "bin" / "ranvier", "cosim", image, "--steps", "5")
            result = json.loads(call(self.ranvier, "cosim", image, "--steps", "5", "--json", cwd="/"))
        finally:
            del os.environ["RANVIER_RTL_CACHE"]
        self.assertEqual((result["equal"], result["model"]["built"]), (True, False))

    def test_every_tool_is_there_and_starts(self):
        self.assertEqual(sorted(path.name for path in (self.prefix / "bin").iterdir()), ["ranvier", "ranvier-lsp-server", "ranvier-opt", "ranvier-replay"])
        for tool in ("ranvier", "ranvier-opt", "ranvier-replay", "ranvier-lsp-server"):
            self.assertTrue(call(self.prefix / "bin" / tool, "--help"))
        self.assertIn("PASS", call(self.prefix / "bin" / "ranvier-replay", ROOT / "test" / "golden" / "loihi" / "p01_single_layer.h5"))
        self.assertIn("snn.model @lif", call(self.prefix / "bin" / "ranvier-opt", self.prefix / "share" / "ranvier" / "models" / "lif.mlir"))

    def test_nothing_but_the_product_is_installed(self):
        files = [path.relative_to(self.prefix).as_posix() for path in self.prefix.rglob("*") if path.is_file()]
        self.assertFalse((self.prefix / "include/ranvier/Mapping/ComparePartitioners.h").exists(), "its library is not installed")
        allowed = ("bin/", "lib/", "include/ranvier/", "share/ranvier/chips/", "share/ranvier/models/", "share/ranvier/rtl/", "share/doc/ranvier/")
        self.assertEqual([name for name in files if not name.startswith(allowed)], [])
        self.assertEqual(len(files), len(set(files)))
        texts = [path for path in self.prefix.rglob("*.cmake")] + [path for path in (self.prefix / "include").rglob("*.*") if path.is_file()]
        for path in texts:
            for place in (str(ROOT), str(self.tmp)):
                self.assertNotIn(place, path.read_text(encoding="utf-8"), path)

    def test_a_project_of_somebody_else(self):
        build = self.tmp / "project"
        call("cmake", "-S", ROOT / "test" / "install", "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={self.prefix}", "-DCMAKE_BUILD_TYPE=Debug")
        call("cmake", "--build", build)
        image, spikes, steps = self.tmp / "project.rvi", DIGITS / "test_set.h5", 18
        call(self.ranvier, "compile", DIGITS / "network.nir", "--target", "loihi1", "-o", image)
        expected = json.loads(call(self.ranvier, "run", image, "--input", spikes, "--steps", steps, "--json"))
        self.assertEqual(call(build / "run-image", image, spikes, steps),
                         f"loihi1: {expected['totals']['spikes']} spikes, {expected['totals']['synaptic_events']} events, {expected['energy']['total_j']:.6g} J\n")
        text = self.tmp / "net.mlir"
        call(self.ranvier, "import", DIGITS / "network.nir", "-o", text)
        self.assertEqual(call(build / "parse-snn", text), "lif1\nlif2\n")


if __name__ == "__main__":
    unittest.main()
