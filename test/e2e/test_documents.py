# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Documents against the tools: every command line shown exists, the sample in the README and the picture are what comes out, the demo works."""

import json
import os
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as xml

from ranvier import BIN, DIGITS, ROOT, Case

PROGRAM = re.compile(r"(?:^|[\s`(\"$])(?:\S*/)?(ranvier(?:-opt|-replay|-lsp-server)?|\$R)(?=\s)([^`|>\n)#]*)")


def pages():
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


def code(text):
    """Code blocks and code in lines, each piece on its own."""
    text = text.replace("\\|", "/")
    blocks = re.findall(r"```[a-z]*\n(.*?)```", text, re.S)
    text = re.sub(r"```.*?```", "", text, flags=re.S)
    blocks += re.findall(r"^ {4}(.*)$", text, re.M)
    return [line for block in blocks for line in re.sub(r"\\\n", " ", block).splitlines()] + re.findall(r"`([^`\n]+)`", text)


class Commands(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        main = cls.call("--help").stdout
        cls.commands = re.findall(r"^  ([a-z]+) ", main.split("Subcommands:")[1], re.M)
        cls.shared = cls.options_in(main)
        cls.options = {name: cls.options_in(cls.call(name, "--help").stdout) | cls.shared for name in cls.commands}
        for name in list(cls.commands):  # Commands of commands.
            text = cls.call(name, "--help").stdout
            if "Subcommands:" in text:
                for part in re.findall(r"^  ([a-z-]+) ", text.split("Subcommands:")[1], re.M):
                    cls.options[name] |= cls.options_in(cls.call(name, part, "--help").stdout)

    @staticmethod
    def options_in(text):
        return set(re.findall(r"(?<![\w-])(--?[a-zA-Z][a-z0-9-]*)", text))

    def test_every_command_line_shown_exists(self):
        shown = 0
        for page in pages():
            for line in code(page.read_text(encoding="utf-8")):
                for program, rest in PROGRAM.findall(" " + line):
                    words = rest.split()
                    if program not in ("ranvier", "$R") or not words or not re.fullmatch(r"[a-z]+", words[0].strip('")')):
                        continue
                    command = words[0].strip('")')
                    where = f"{page.relative_to(ROOT)}: {line.strip()}"
                    self.assertIn(command, self.options, where)
                    for option in re.findall(r"(?<=\s)(--?[a-zA-Z][a-z0-9-]*)", rest):
                        self.assertIn(option, self.options[command], where)
                    shown += 1
        self.assertGreater(shown, 20)

    def test_every_option_mentioned_exists(self):
        """`--emit`, `compile --mapping MAP.json`: code in lines that begins with an option or a command."""
        known = set().union(*self.options.values())
        for tool in ("ranvier-opt", "ranvier-replay", "ranvier-lsp-server"):
            known |= self.options_in(self.call("--help", tool=tool).stdout)
        programs = [*ROOT.glob("examples/*/generate.py"), *ROOT.glob("examples/*/spike_statistics.py")]
        for command in [[str(path), "--help"] for path in programs] + [[str(ROOT / "scripts" / "lib" / "run_bench.py"), str(ROOT), "--help"]]:
            known |= self.options_in(subprocess.run(["/usr/bin/python3", *command], capture_output=True, text=True, check=True).stdout)
        known |= {"--install", "--prefix", "--verify-roundtrip", "--long", "--test-suite"}  # of cmake, mlir-opt and our scripts
        for page in pages():
            for piece in re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8").replace("\\|", "|")):
                command = piece.split()[0] if piece.split() else ""
                if command in self.options:
                    for option in re.findall(r"(?<=\s)(--[a-z][a-z0-9-]*)", piece):
                        self.assertIn(option, self.options[command], f"{page.relative_to(ROOT)}: `{piece}`")
                elif command.startswith("--"):
                    self.assertIn(re.match(r"--[a-z0-9-]*", command).group(), known, f"{page.relative_to(ROOT)}: `{piece}`")

    def test_scripts_shown_exist(self):
        for page in pages():
            for name in re.findall(r"(?<![\w/])scripts/([a-z_]+)\b(?![/.])", page.read_text(encoding="utf-8")):
                path = ROOT / "scripts" / name
                self.assertTrue(path.exists(), f"{page.relative_to(ROOT)}: scripts/{name}")


class Readme(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        reports = []
        for target in ("reference", "loihi1"):
            image, report = cls.tmp / f"{target}.rvi", cls.tmp / target
            for arguments in (["compile", DIGITS / "network.nir", "--target", target, "-o", image],
                              ["eval", image, "--data", DIGITS / "test_set.h5", "--report", report, *(["--compare", cls.tmp / "reference" / "report.json"] if target != "reference" else [])]):
                done = cls.call(*arguments)
                assert done.returncode == 0, done.stderr
            reports.append(done.stdout)
        cls.result = reports[1]

    def test_the_sample_is_what_comes_out(self):
        text = (ROOT / "README.md").read_text()
        sample = re.search(r"```\n(accuracy .*?)```", text, re.S).group(1)
        lines = self.result.splitlines()
        for line in sample.splitlines():
            self.assertIn(line, lines, "the README shows what no longer comes out: run scripts/demo and docs/picture.py")

    def test_the_picture_is_what_is_drawn(self):
        """The committed picture is what the script draws from this build, whole, small and readable."""
        picture, drawn = ROOT / "docs" / "picture.svg", self.tmp / "picture.svg"
        subprocess.run([sys.executable, str(ROOT / "docs" / "picture.py"), "--bin", str(BIN), "-o", str(drawn)], check=True, timeout=300)
        self.assertLess(drawn.stat().st_size, 100000)
        self.assertEqual(drawn.read_text(), picture.read_text(), "the picture is out of date: run docs/picture.py")
        text = " ".join(xml.parse(drawn).getroot().itertext())
        for words in re.findall(r"\d+\.\d+ %", self.result)[:1]:
            self.assertIn(words, text)
        self.assertIn("prefers-color-scheme: dark", text)
        self.assertIn("docs/picture.svg", (ROOT / "README.md").read_text())


class Demo(Case):
    """scripts/demo on this build: from any directory, twice, without a network where that can be arranged."""

    def test_it_shows_what_it_promises(self):
        if BIN.resolve() != (ROOT / "build" / "release" / "bin").resolve():
            self.skipTest("the demo uses build/release, this run does not")
        command = [str(ROOT / "scripts" / "demo")]
        offline = os.geteuid() == 0 and subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode == 0
        runs = []
        for folder in ("/", self.tmp):
            done = subprocess.run((["unshare", "-n"] if offline else []) + command, cwd=folder, capture_output=True, text=True, timeout=1500, stdin=subprocess.DEVNULL)
            self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr[-3000:])
            runs.append(done.stdout)
            self.assertEqual(list(pathlib.Path(self.tmp).glob("*.rvi")), [])
        text = runs[0]
        for pattern in (r"\[1/4\].*minutes", r"\[2/4\].*minutes", r"\[4/4\]", r"accuracy +\d+\.\d\d % +\(reference: \d+\.\d\d %", r"time +[\d.]+ us per sample \(p99 [\d.]+\)",
                        r"energy +[\d.]+ uJ per sample \(p99 [\d.]+\)", r"cores +\d+", r"limited by +\w+"):
            self.assertRegex(text, pattern)
        for name in ("report.txt", "report.json", "digits.rvi"):
            path = pathlib.Path(re.search(rf"(\S+/{re.escape(name)})", text).group(1))
            self.assertTrue(path.is_absolute() and path.exists(), path)
        report = json.loads((ROOT / "build" / "demo" / "report.json").read_text())
        self.assertEqual(report["samples"], 450)
        shown = [re.findall(r"^(?:accuracy|time|energy|cores|limited).*$", run, re.M) for run in runs]
        self.assertEqual(*shown)
