# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Documents that can be checked without running anything: links lead somewhere, error codes are documented, raised and tested."""

import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = ("support/", "isa/", "hw-models/", "image/", "formats/", "emulator/", "rtl/", "dialects/", "compiler/", "tools/")

# Codes that no test can reach, each with the reason.
UNREACHED = {
    "1086": "the operating system must refuse memory or a thread",
    "7003": "the operating system must refuse memory or a thread",
    "6073": "a library of others must fail on a network that ours take",
    "7100": "LLVM must fail to compile a program that our validator accepts",
    "8001": "the operating system must refuse memory",
    "8002": "an exception that nobody expects: a fault of ours",
    "5112": "the verifier refuses such a projection first (RNV8013)",
    "5309": "needs a calibration profile thousands of times below the weights, which --calibrate never records",
    "5704": "needs a projection op of a dialect that the tools do not register",
    "5732": "the verifier of fabric.mapping refuses such a text first (RNV8013)",
    "5731": "a stage of ours must make a network that does not verify: a fault of ours",
}


def files(*suffixes):
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"], capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.splitlines() if name.endswith(suffixes) and (ROOT / name).exists()]


def relative(path):
    return path.relative_to(ROOT).as_posix()


def anchors(text):
    """The names of a page's headings, as the usual renderers make them."""
    out = set()
    for heading in re.findall(r"^#+ (.*)$", text, re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
        out.add(re.sub(r" ", "-", re.sub(r"[^\w\- ]", "", plain)))
    return out


class Links(unittest.TestCase):
    def test_relative_links_exist(self):
        broken, checked = [], 0
        for page in files(".md"):
            text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
            for target in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'\b(?:src|srcset|href)="([^"]+)"', text):
                if re.match(r"[a-z]+:", target):
                    continue
                checked += 1
                name, _, anchor = target.partition("#")
                path = (page.parent / name).resolve() if name else page
                if not path.exists():
                    broken.append(f"{relative(page)}: {target}")
                elif anchor and path.suffix == ".md" and anchor not in anchors(path.read_text(encoding="utf-8")):
                    broken.append(f"{relative(page)}: {target}: no such heading")
        self.assertEqual(broken, [])
        self.assertGreater(checked, 30)

    def test_paths_in_backquotes_exist(self):
        """`docs/spec/time.md`, `emulator/lib/Engine/Machine.cpp`: a file named in a page is there."""
        broken, checked = [], 0
        for page in files(".md"):
            for path in re.findall(r"`((?:docs|test|scripts|hw-models|models|examples|bench|cmake|" + "|".join(name.rstrip("/") for name in SOURCES) + r")/[\w./-]+\.\w+)`",
                                   page.read_text(encoding="utf-8")):
                checked += 1
                if not (ROOT / path).exists():
                    broken.append(f"{relative(page)}: {path}")
        self.assertEqual(broken, [])
        self.assertGreater(checked, 10)

    def test_every_page_can_be_found(self):
        """From README.md, following links, one reaches every page (those of errors and models through their folders)."""
        reached, todo = set(), [ROOT / "README.md"]
        while todo:
            page = todo.pop()
            if page in reached or not page.exists():
                continue
            reached.add(page)
            if page.is_dir():
                todo += page.glob("*.md")
            elif page.suffix == ".md":
                todo += [(page.parent / target.partition("#")[0]).resolve() for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
                         if not re.match(r"[a-z]+:|#", target)]
        self.assertEqual([relative(page) for page in files(".md") if page not in reached], [])


class Codes(unittest.TestCase):
    @staticmethod
    def literals():
        """Every four-digit number in the code of the product, without comments, and RNVnnnn in its texts."""
        found = {}
        for path in files(".h", ".cpp"):
            if not relative(path).startswith(SOURCES):
                continue
            text = re.sub(r"//[^\n]*", "", re.sub(r"'(?:\\.|[^'\\\n])'", "' '", path.read_text(encoding="utf-8")))
            for code in re.findall(r"RNV(\d{4})", text):
                found.setdefault(code, relative(path))
            for code in re.findall(r"(?<![\w.])[1-9]\d{3}(?![\w.])", re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)):
                found.setdefault(code, relative(path))
        return found

    @staticmethod
    def raised():
        """Codes in the places where errors are made: `.code = nnnn`, and nnnn as the first argument of a call."""
        found = {}
        for path in files(".h", ".cpp"):
            if not relative(path).startswith(SOURCES):
                continue
            text = re.sub(r"'(?:\\.|[^'\\\n])'", "' '", path.read_text(encoding="utf-8"))
            text = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', re.sub(r"//[^\n]*", "", text))
            for code in re.findall(r"\bcode = ([1-9]\d{3})\b", text) + re.findall(r"\b(?:\w*[fF]ail|wrong\w*|problem|fault|broken|\w*[eE]rror|refuse\w*)\(\s*([1-9]\d{3})\b", text):
                found.setdefault(code, relative(path))
        return found

    @staticmethod
    def documented():
        return {code: relative(page) for page in (ROOT / "docs" / "errors").glob("*.md") for code in re.findall(r"^\| RNV(\d{4}) \|", page.read_text(encoding="utf-8"), re.M)}

    def test_every_code_raised_is_documented(self):
        documented = self.documented()
        self.assertEqual({code: where for code, where in self.raised().items() if code not in documented}, {}, "codes without an entry in docs/errors")
        self.assertGreater(len(documented), 100)

    def test_every_documented_code_exists(self):
        literals = self.literals()
        self.assertEqual({code: page for code, page in self.documented().items() if code not in literals}, {}, "documented, but nothing raises them")

    def test_no_code_is_documented_twice(self):
        seen = {}
        for page in sorted((ROOT / "docs" / "errors").glob("*.md")):
            for code in re.findall(r"^\| RNV(\d{4}) \|", page.read_text(encoding="utf-8"), re.M):
                self.assertNotIn(code, seen, f"RNV{code} in {relative(page)} and {seen.get(code)}")
                seen[code] = relative(page)

    def test_entries_say_something(self):
        for page in (ROOT / "docs" / "errors").glob("*.md"):
            for row in re.findall(r"^\| RNV\d{4} \|.*$", page.read_text(encoding="utf-8"), re.M):
                meaning = row.split("|")[2].strip()
                self.assertGreater(len(meaning), 6, f"{relative(page)}: {row}")
                self.assertNotIn(meaning, ("see the message",), f"{relative(page)}: {row}")

    def test_every_code_is_reached_by_a_test(self):
        named = set()
        for path in files(".cpp", ".h", ".py", ".mlir", ".test"):
            if relative(path).startswith("test/") and relative(path) != "test/meta/test_docs.py":
                named.update(re.findall(r"(?<![\d.])([1-9]\d{3})(?![\d.])", path.read_text(encoding="utf-8")))
        documented = self.documented()
        self.assertEqual({code: page for code, page in documented.items() if code not in named and code not in UNREACHED}, {}, "codes that no test names")
        self.assertEqual([code for code in UNREACHED if code not in documented], [], "excused, but not documented")


if __name__ == "__main__":
    unittest.main()
