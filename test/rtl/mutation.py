# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Single faults in the chip, and which of them the suite detects. yosys puts all of them into one netlist of the small chip of
test/unit/n1, each behind a number that a run chooses (+mutsel=N), so that one model serves them all."""

import concurrent.futures
import dataclasses
import os
import pathlib
import re
import subprocess

import flow

# The sizes of test/unit/n1/N1Chip.cpp.
SIZES = {f"n1_pkg.{key}": value for key, value in
         {"COLUMNS": 2, "ROWS": 2, "NEURONS": 32, "SLOTS": 8, "SYNAPSES": 2048, "PROGRAM": 256, "TABLE": 64, "HOST_INPUTS": 64}.items()}
FAULTS, SEED = 600, 1
SELECT_BITS = 10
SECONDS = 300  # After which a run counts as hanging; a whole one takes a hundredth of that.


@dataclasses.dataclass(frozen=True)
class Fault:
    number: int
    mode: str  # const0, const1, inv: what becomes of the bit; cnot0, cnot1: inverted while another bit of the word is 0 or 1.
    module: str
    place: str  # cell.port[bit]
    source: str  # file:lines
    command: str  # of yosys, without the selection

    def label(self):
        return f"{self.number} {self.mode} {self.module} {self.place} ({self.source})"


def prepare():
    """What netlists with faults and without are made of: commands of yosys, and the files that they read. Memories stay as they are."""
    files = flow.readable("n1_chip", SIZES)
    memory = [path for path in files if path.stem == "rv_ram"]
    commands = [*(f"read_verilog -sv -lib {path}" for path in memory), *(f"read_verilog -sv {path}" for path in files if path not in memory),
                "hierarchy -check -top n1_chip", "proc", "opt_expr", "opt_clean"]
    return commands, files, memory[0]


def netlist(count=FAULTS, seed=SEED):
    """The folder with faulty.f, a file list for `ranvier cosim --rtl`, and faults.ys."""
    commands, files, memory = prepare()
    script = [*commands, f"mutate -list {count} -seed {seed} -o faults.ys -ctrl mutsel {SELECT_BITS} 1", "script faults.ys",
              "check -assert", "write_verilog -noattr faulty.v"]

    def make(folder):
        flow.yosys(script, folder)
        text = (folder / "faulty.v").read_text()
        # The number comes from outside the simulated time, not by a port: the chip keeps its ports.
        text, ports = re.subn(r"^(module n1_chip\([^)]*), mutsel\);", r"\1);", text, count=1, flags=re.M)
        top = text.index("module n1_chip(")
        chip, inputs = re.subn(r"^  input \[\d+:0\] mutsel;\n  wire \[\d+:0\] mutsel;\n",
                               f"  reg [{SELECT_BITS - 1}:0] mutsel;\n  initial if (!$value$plusargs(\"mutsel=%d\", mutsel)) mutsel = 0;\n",
                               text[top:], count=1, flags=re.M)
        if (ports, inputs) != (1, 1):
            raise flow.Failed("yosys writes the port of the selection in another way than before")
        (folder / "faulty.v").write_text(text[:top] + chip)
        (folder / "faulty.f").write_text(f"{memory}\nfaulty.v\n")

    return flow.made("mutation", [flow.version("yosys"), SELECT_BITS, *script, *files], make)


def faults(folder):
    """{number: Fault} of a netlist."""
    found = {}
    for line in (folder / "faults.ys").read_text().splitlines():
        words = line.split()
        if words[:1] != ["mutate"]:
            continue
        option = {}
        sources = []
        for at, word in enumerate(words):
            if word == "-src":
                file, first, last = re.fullmatch(r".*?([^/]*):(\d+)\.\d+-(\d+)\.\d+", words[at + 1]).groups()
                sources.append(f"{file}:{first}" + (f"-{last}" if last != first else ""))
            elif word.startswith("-") and word != "-ctrl":
                option[word[1:]] = words[at + 1]
        number = int(words[words.index("-ctrl") + 3])
        command = re.sub(r" -ctrl \S+ \S+ \S+", "", line)
        found[number] = Fault(number, option["mode"], re.split(r"\\", option["module"])[-1], f"{option['cell']}.{option['port']}[{option['portbit']}]".replace("\\", ""),
                              ", ".join(dict.fromkeys(sources)), command)
    return found


def suite():
    """The program whose tests are to detect the faults, or None where there is no build."""
    build = pathlib.Path(os.environ.get("RANVIER_BUILD", flow.ROOT / "build" / "release"))
    program = build / "unit" / "unit-n1"
    return program if program.exists() else None


def run_suite(environment, number=0):
    """(exit code, the cycles that steps took, all it said); the first test that fails ends it."""
    environment = {**os.environ, **environment, "RANVIER_RTL_PLUSARGS": f"+mutsel={number}"}
    environment.pop("RANVIER_TEST_MODE", None)
    try:
        done = subprocess.run([suite(), "--no-version", "--abort-after=1"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", stdin=subprocess.DEVNULL, timeout=SECONDS)
    except subprocess.TimeoutExpired as late:
        return -1, [], f"no end after {SECONDS} s\n{late.stdout or ''}"
    return done.returncode, re.findall(r"^cycles .*$", done.stdout, re.M), done.stdout


class Suite:
    """The suite on one netlist: its model, and what it says without a fault."""

    def __init__(self, folder):
        code, self.cycles, text = run_suite({"RANVIER_N1_RTL": str(folder / "faulty.f")})
        if code != 0 or not self.cycles:
            raise flow.Failed(f"the suite fails on the netlist without a fault\n{text[-4000:]}")
        self.model = {"RANVIER_N1_MODEL": re.search(r"^model (.*)$", text, re.M).group(1)}

    def detects(self, number):
        """How a fault is detected: the test that fails, or cycles; None if it is not."""
        code, cycles, text = run_suite(self.model, number)
        if code == 0:
            return "cycles" if cycles != self.cycles else None
        if code < 0:
            return "no end" if code == -1 else f"signal {-code}"
        name = re.search(r"^TEST CASE:\s+(.*)$", text, re.M)
        return name.group(1).strip() if name else "exit code " + str(code)


def detect(folder, numbers, told=lambda number, verdict: None):
    """{number: how it is detected, or None}, as many at a time as there are processors."""
    tested = Suite(folder)
    verdicts = {}
    with concurrent.futures.ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
        jobs = {pool.submit(tested.detects, number): number for number in numbers}
        for job in concurrent.futures.as_completed(jobs):
            verdicts[jobs[job]] = job.result()
            told(jobs[job], job.result())
    return verdicts


@dataclasses.dataclass(frozen=True)
class Score:
    faults: dict
    verdicts: dict  # number -> how it was detected, or None

    def survivors(self):
        return sorted(number for number, verdict in self.verdicts.items() if not verdict)

    def share(self):
        return 1 - len(self.survivors()) / len(self.verdicts) if self.verdicts else 1.0

    def json(self):
        return {"faults": len(self.verdicts), "detected": len(self.verdicts) - len(self.survivors()), "survivors": len(self.survivors()), "share": self.share(),
                "each": [{**dataclasses.asdict(self.faults[number]), "detected": verdict} for number, verdict in sorted(self.verdicts.items())]}

    def text(self):
        known = self.json()
        lines = [f"{known['faults']} faults: {known['detected']} detected, {known['survivors']} survive", f"score at least {100 * known['share']:.2f} %"]
        return "\n".join(lines + [f"  survives: {self.faults[number].label()}" for number in self.survivors()])
