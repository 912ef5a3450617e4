# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Shell completion in the shells themselves: bash through its completion function, zsh on a pseudo terminal."""

import os
import re
import shutil
import subprocess

from ranvier import BIN, Case

# Drives an interactive zsh: types the line and a tab, prints what the screen then shows.
ZSH = r"""
zmodload zsh/zpty
zpty -b shell 'TERM=dumb zsh -f -i'
say() { zpty -w shell "$1" }
say 'PS1=; PROMPT_EOL_MARK=; unsetopt zle_bracketed_paste; setopt no_beep; LISTMAX=10000; PATH=BIN:$PATH; cd FOLDER'
say 'autoload -Uz compinit && compinit -D -u'
say 'zstyle ":completion:*" list-prompt ""'
say 'eval "$(ranvier completion zsh)"'
say 'bindkey "^I" list-choices; echo rea""dy'
local line out= k
for k in {1..300}; do zpty -rt shell line && out+=$line && [[ $out == *ready* ]] && break; sleep 0.05; done
zpty -wn shell "$1"$'\t'
out=
for k in {1..60}; do while zpty -rt shell line; do out+=$line; done; sleep 0.05; done
print -r -- "$out"
zpty -d shell
"""


class Completion(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = cls.tmp / "files"
        cls.folder.mkdir()
        for name in ("digits.rvi", "spikes of today.csv", "network.nir"):
            (cls.folder / name).write_text("")


class Bash(Completion):
    def complete(self, line, interactive=False):
        """The words bash would offer for the line, of which the last word is being typed."""
        words = re.findall(r"=|[^\s=]+", line) + ([""] if line.endswith((" ", "=")) else [])
        quoted = " ".join(f"'{word}'" for word in words)
        script = (f'cd "{self.folder}"; PATH="{BIN.resolve()}:$PATH"; eval "$(ranvier completion bash)"; complete -p ranvier >/dev/null || exit 9; '
                  f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _ranvier; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        done = subprocess.run(["bash", "--norc", "-ic" if interactive else "-c", script], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return set(done.stdout.split("\n")) - {""}

    def test_commands(self):
        self.assertEqual(self.complete("ranvier co", interactive=True), {"compile", "completion", "cosim"})
        self.assertLessEqual({"targets", "check", "run", "eval", "diff", "--json", "--version"}, self.complete("ranvier "))
        self.assertEqual(self.complete("ranvier --json ver"), {"verify"})

    def test_options_of_the_command(self):
        offered = self.complete("ranvier compile --")
        self.assertLessEqual({"--target", "--emit", "--weight-bits", "--output", "--json"}, offered)
        self.assertNotIn("--steps", offered)
        self.assertIn("--steps", self.complete("ranvier --quiet run x.rvi --st"))

    def test_values(self):
        self.assertEqual(self.complete("ranvier compile --emit "), {"snn", "quantised", "fabric", "image"})
        self.assertEqual(self.complete("ranvier compile --emit=qu"), {"quantised"})
        self.assertEqual(self.complete("ranvier check network.nir --target loi"), {"loihi1", "loihi2"})
        self.assertEqual(self.complete("ranvier run --executor "), {"jit", "interp"})
        self.assertEqual(self.complete("ranvier eval --costs f"), {"fitted"})
        self.assertEqual(self.complete("ranvier completion "), {"bash", "zsh"})
        self.assertEqual(self.complete("ranvier run x.rvi --steps "), set())
        self.assertEqual(self.complete("ranvier cosim x.rvi --load "), {"backdoor", "bus"})
        self.assertEqual(self.complete("ranvier cosim x.rvi --stalls "), set())

    def test_files(self):
        self.assertEqual(self.complete("ranvier inspect di"), {"digits.rvi"})
        self.assertEqual(self.complete("ranvier run digits.rvi --input s"), {"spikes of today.csv"})
        self.assertEqual(self.complete("ranvier run digits.rvi --input "), {"digits.rvi", "spikes of today.csv", "network.nir"})

    def test_the_default_is_bash(self):
        self.assertEqual(self.call("completion").stdout, self.call("completion", "bash").stdout)


class Zsh(Completion):
    def complete(self, line):
        script = ZSH.replace("BIN", str(BIN.resolve())).replace("FOLDER", str(self.folder))
        done = subprocess.run(["zsh", "-f", "-c", script, "zsh", line], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def setUp(self):
        if not shutil.which("zsh"):
            self.skipTest("zsh is not installed")

    def test_it_offers_what_bash_offers(self):
        for end in self.terminal():  # zsh completes on one of its own.
            os.close(end)
        for line, wanted, unwanted in (("ranvier co", ["compile", "completion", "Compile a network"], ["targets"]),
                                       ("ranvier compile --", ["--target", "--emit", "--weight-bits", "Magnitude bits"], ["--steps"]),
                                       ("ranvier compile --emit ", ["snn", "quantised", "fabric", "image"], []),
                                       ("ranvier check --target loi", ["loihi1", "loihi2"], ["reference"]),
                                       ("ranvier --json completion ", ["bash", "zsh"], []),
                                       ("ranvier inspect ", ["digits.rvi", "network.nir"], [])):
            with self.subTest(line):
                shown = self.complete(line)
                for word in wanted:
                    self.assertIn(word, shown)
                for word in unwanted:
                    self.assertNotIn(word, shown)

    def test_the_script_has_no_syntax_error(self):
        script = self.call("completion", "zsh").stdout
        done = subprocess.run(["zsh", "-n"], input=script, capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
