# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The rules of the tree, held by tests: layers only look down, errors are documented and tested, files are where they belong."""

import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def files(*suffixes):
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"], capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.splitlines() if name.endswith(suffixes) and (ROOT / name).exists()]


def relative(path):
    return path.relative_to(ROOT).as_posix()


# Folder -> public header folders (ranvier/<X>/) it may include. What is absent here may include anything (tools, tests, bench).
LAYERS = {
    "support": {"Support"},
    "isa": {"Support", "ISA"},
    "hw-models": {"Support", "ISA", "HwModels"},
    "image": {"Support", "ISA", "HwModels", "Image"},
    "formats": {"Support", "Formats"},
    "emulator": {"Support", "ISA", "HwModels", "Image", "Emulator"},
    "rtl": {"Support", "ISA", "HwModels", "Image", "Emulator", "Rtl"},
    "dialects": {"Support", "ISA", "Dialect"},
    "compiler": {"Support", "ISA", "HwModels", "Image", "Formats", "Dialect", "Mapping", "Network", "Frontend", "Check", "Lowering", "Quantize", "Pipelines", "Passes"},
    "compiler/lib/Mapping": {"Support", "ISA", "HwModels", "Image", "Mapping"},
    "compiler/include/ranvier/Mapping": {"Support", "ISA", "HwModels", "Image", "Mapping"},
}
NO_MLIR = ["support", "isa", "hw-models", "image", "formats", "emulator", "rtl", "compiler/lib/Mapping", "compiler/include/ranvier/Mapping"]
# Third-party headers with one home each.
HOMES = {"hdf5.h": ["formats"], "mpi.h": ["emulator/lib/Mpi", "compiler/lib/Mapping/Partition"], "yaml-cpp/": ["hw-models"], "boost/": ["compiler/lib/Mapping"], "CLI/": ["tools"]}


class Layers(unittest.TestCase):
    def includes(self, path):
        return re.findall(r'^\s*#\s*include\s+[<"]([^">]+)[">]', path.read_text(encoding="utf-8"), re.M)

    def under(self, path, folder):
        return relative(path).startswith(folder + "/")

    def test_parts_include_only_what_lies_below_them(self):
        checked = 0
        for path in files(".h", ".cpp"):
            rules = [folder for folder in LAYERS if self.under(path, folder)]
            if not rules:
                continue
            allowed = LAYERS[max(rules, key=len)]
            for include in self.includes(path):
                match = re.match(r"ranvier/([A-Za-z]+)/", include)
                if match:
                    checked += 1
                    self.assertIn(match.group(1), allowed, f"{relative(path)} includes {include}")
        self.assertGreater(checked, 50)

    def test_parts_without_mlir_include_none(self):
        for path in files(".h", ".cpp"):
            if any(self.under(path, folder) for folder in NO_MLIR):
                for include in self.includes(path):
                    self.assertFalse(include.startswith("mlir/"), f"{relative(path)} includes {include}")
                    if include.startswith(("llvm/", "llvm-c/")):
                        self.assertTrue(self.under(path, "emulator/lib/Jit"), f"{relative(path)} includes {include}")

    def test_third_party_headers_have_one_home(self):
        for path in files(".h", ".cpp"):
            for include in self.includes(path):
                for prefix, homes in HOMES.items():
                    if include.startswith(prefix) and not relative(path).startswith(("test/", "bench/")):
                        self.assertTrue(any(self.under(path, home) for home in homes), f"{relative(path)} includes {include}")


class Errors(unittest.TestCase):
    def codes_in_source(self):
        found = {}
        for path in files(".h", ".cpp"):
            if relative(path).startswith(("test/", "bench/")):
                continue
            text = path.read_text(encoding="utf-8")
            for match in re.finditer(r"\.code = (\d{4})\b", text):
                found.setdefault(match.group(1), relative(path))
            if relative(path).startswith("formats/lib/"):  # Codes pass through helpers there: fail(1027, ...), wrong(path, 1056, ...).
                for match in re.finditer(r"[(,] ?(10\d\d)\b(?=[,)])", text):
                    found.setdefault(match.group(1), relative(path))
        return found

    def test_every_code_is_documented(self):
        documented = set()
        for page in (ROOT / "docs" / "errors").glob("*.md"):
            documented.update(re.findall(r"RNV(\d{4})", page.read_text(encoding="utf-8")))
        missing = {code: where for code, where in self.codes_in_source().items() if code not in documented}
        self.assertEqual(missing, {}, "codes without an entry in docs/errors")
        self.assertGreater(len(documented), 30)


class Files(unittest.TestCase):
    def test_sources_carry_the_licence(self):
        for path in files(".h", ".cpp", ".td", ".py", ".mlir", ".sv", ".svh"):
            head = path.read_text(encoding="utf-8")[:600]
            if relative(path).startswith(("test/Dialect", "test/Conversion", "test/tools", "test/Pipelines", "test/Inputs")):
                continue
            self.assertIn("SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception", head, relative(path))

    def test_no_file_outgrows_its_room(self):
        for path in files(".h", ".cpp", ".td", ".py", ".sv", ".svh"):
            with self.subTest(relative(path)):
                self.assertLessEqual(len(path.read_text(encoding="utf-8").splitlines()), 1000)

    def test_no_leftovers(self):
        words = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
        paths = re.compile(r"(^|[^A-Za-z0-9_.])/(wor" r"k|tmp/ba" r"sh_jobs|fa" r"rm)/")
        for path in files(".h", ".cpp", ".td", ".py", ".sv", ".svh", ".md", ".mlir", ".yaml", ".toml", ".cmake", ".txt"):
            text = path.read_text(encoding="utf-8", errors="replace")
            self.assertIsNone(words.search(text), relative(path))
            self.assertIsNone(paths.search(text), relative(path))

    def test_no_third_party_data(self):
        shared = ROOT.parent / "shared"
        if not shared.is_dir():
            self.skipTest("the shared folder is not there")
        import hashlib
        foreign = {}
        for folder in ("networks", "benchmarks"):
            for path in (shared / folder).rglob("*"):
                if path.is_file() and path.name != "README.md":
                    foreign[hashlib.sha256(path.read_bytes()).hexdigest()] = path.name
        for path in files(""):
            if path.is_file():
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                self.assertNotIn(digest, foreign, f"{relative(path)} is a copy of third-party data")

    def test_packages_are_sorted_and_complete(self):
        rows = [line.split() for line in (ROOT / "scripts" / "packages").read_text().splitlines() if line and not line.startswith("#")]
        for role in ("build", "test", "train"):
            names = [row[0] for row in rows if row[1] == role]
            self.assertEqual(names, sorted(names), role)
        self.assertEqual({row[1] for row in rows}, {"build", "test", "train", "compare", "peer"})
        self.assertTrue(all(len(row) == 3 and row[2] in ("main", "bookworm-security") for row in rows))

    def test_scripts_can_be_run(self):
        for name in ("scripts/demo", "scripts/test", "scripts/bench", ".ci/run"):
            path = ROOT / name
            self.assertTrue(path.exists() and path.stat().st_mode & 0o111, name)


if __name__ == "__main__":
    unittest.main()
