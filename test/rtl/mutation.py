# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Single faults in the chip, and which of them the suite detects. yosys puts all of them into one netlist of the small chip of
test/unit/n1, each behind a number that a run chooses (+mutsel=N), so that one model serves them all."""

import concurrent.futures
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import subprocess

import flow

# The sizes of test/unit/n1/N1Chip.cpp.
SIZES = {f"n1_pkg.{key}": value for key, value in
         {"COLUMNS": 2, "ROWS": 2, "NEURONS": 32, "SLOTS": 8, "SYNAPSES": 2048, "PROGRAM": 256, "TABLE": 64, "HOST_INPUTS": 64}.items()}
FAULTS, SEED = 600, 1
SELECT_BITS = 10
SHARE = 0.97  # To be detected, of those that are not proven to be none.
REASONS = flow.HERE / "survivors.txt"
# Of the processor, after which a run is given up: without a verdict, as no clock tells what a fault does. A chip that hangs fails a test after so many
# simulated cycles (a step's limit, 64 for an answer of the bus), whatever the fault, so that no run lasts for ever; a whole one takes about a minute.
SECONDS = 7200


@dataclasses.dataclass(frozen=True)
class Fault:
    number: int
    full_module: str  # As yosys calls it, parameters included.
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
    # By their names alone, which become a part of the faults' names.
    commands = [*(f"read_verilog -sv -lib {path.name}" for path in memory), *(f"read_verilog -sv {path.name}" for path in files if path not in memory),
                "hierarchy -check -top n1_chip", "proc", "opt_expr", "opt_clean"]
    return commands, files, memory[0]


def netlist(count=FAULTS, seed=SEED):
    """The folder with faulty.f, a file list for `ranvier cosim --rtl`, the same in yosys' own words, faulty.il, and faults.ys."""
    commands, files, memory = prepare()
    script = [*commands, f"mutate -list {count} -seed {seed} -o faults.ys -ctrl mutsel {SELECT_BITS} 1", "script faults.ys",
              "check -assert", "write_rtlil faulty.il", "write_verilog -noattr faulty.v"]

    def make(folder):
        for path in files:
            shutil.copy(path, folder)
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
        (folder / "faulty.f").write_text(f"{memory.name}\nfaulty.v\n")

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
        found[number] = Fault(number, option["module"].removeprefix("\\"), option["mode"], re.split(r"\\", option["module"])[-1], f"{option['cell']}.{option['port']}[{option['portbit']}]".replace("\\", ""),
                              ", ".join(dict.fromkeys(sources)), command)
    return found


def suite():
    """The program whose tests are to detect the faults, or None where there is no build."""
    build = pathlib.Path(os.environ.get("RANVIER_BUILD", flow.ROOT / "build" / "release"))
    program = build / "unit" / "unit-n1"
    return program if program.exists() else None


# By module: the tests that find most of its faults, which come first; none is left out. Ends of their names are of no matter.
FIRST = {"n1_engine": ("every instruction",), "n1_cuba": ("random networks",), "n1_delivery": ("a packet's", "random packets"),
         "n1_accumulators": ("a packet's", "random packets"), "n1_core": ("every word",)}
FIRST_ELSEWHERE = ("a spike reaches",)
LAST = ("a row of",)  # Takes as long as all the others.


def stages(module):
    """Options of the suite, one run after the other."""
    first = FIRST.get(module, FIRST_ELSEWHERE)
    names = lambda parts: ",".join(f"{part}*" for part in parts)
    return [f"--test-case={names(first)}", f"--test-case-exclude={names(first + LAST)}", f"--test-case={names(LAST)}"]


def run_suite(environment, options, number=0):
    """(exit code, the cycles that steps took, all it said); the first test that fails ends it."""
    environment = {**os.environ, **environment, "RANVIER_RTL_PLUSARGS": f"+mutsel={number}"}
    environment.pop("RANVIER_TEST_MODE", None)
    done = subprocess.run(["prlimit", f"--cpu={SECONDS}:{SECONDS + 5}", suite(), "--no-version", "--abort-after=1", *options], env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", stdin=subprocess.DEVNULL)
    return done.returncode, re.findall(r"^cycles .*$", done.stdout, re.M), done.stdout


class Suite:
    """The suite on one netlist: its model, and what it says without a fault."""

    def __init__(self, folder):
        code, cycles, text = run_suite({"RANVIER_N1_RTL": str(folder / "faulty.f")}, [])
        if code != 0 or not cycles:
            raise flow.Failed(f"the suite fails on the netlist without a fault\n{text[-4000:]}")
        self.cycles = set(cycles)
        self.model = {"RANVIER_N1_MODEL": re.search(r"^model (.*)$", text, re.M).group(1)}

    def detects(self, number, module):
        """How a fault is detected: the test that fails, or cycles; None if it is not."""
        for option in stages(module):
            code, cycles, text = run_suite(self.model, [option], number)
            if code == 0:
                if not set(cycles) <= self.cycles:
                    return "cycles"
                if re.search(r"test cases:\s*0 ", text):
                    raise flow.Failed(f"no test goes by {option}")
                continue
            if code < 0:
                if -code in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
                    raise flow.Failed(f"something outside ended the suite with fault {number}")
                if -code == signal.SIGXCPU:
                    raise flow.Failed(f"the suite with fault {number} came to no verdict in {SECONDS} s of the processor, though each of its tests ends after so many cycles")
                return f"signal {-code}"
            name = re.search(r"^TEST CASE:\s+(.*)$", text, re.M)
            return name.group(1).strip() if name else "exit code " + str(code)
        return None


def detect(folder, numbers, told=lambda number, verdict: None):
    """{number: how it is detected, or None}, as many at a time as there are processors."""
    tested, known = Suite(folder), faults(folder)
    verdicts = {}
    with concurrent.futures.ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
        jobs = {pool.submit(tested.detects, number, known[number].module): number for number in numbers}
        for job in concurrent.futures.as_completed(jobs):
            verdicts[jobs[job]] = job.result()
            told(jobs[job], job.result())
    return verdicts


def reasons(path=REASONS):
    """{label of a fault: why nothing detects it}. A label begins its line, its reason is what is indented below."""
    found, label = {}, None
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line[0] != " ":
            label = line.strip()
            if label in found:
                raise flow.Failed(f"{path.name}: twice there: {label}")
            found[label] = ""
        elif label is None:
            raise flow.Failed(f"{path.name}: a reason without a fault: {line}")
        else:
            found[label] = f"{found[label]} {line.strip()}".strip()
    return found


@dataclasses.dataclass(frozen=True)
class Score:
    faults: dict
    verdicts: dict  # number -> how it was detected, or None
    proofs: dict  # number of each that was not -> how it is proven to be none, or None
    reasons: dict

    def survivors(self):
        return sorted(number for number, proof in self.proofs.items() if not proof)

    def counts(self):
        """(tried, detected, proven to be none, survivors)."""
        survivors = len(self.survivors())
        return len(self.verdicts), len(self.verdicts) - len(self.proofs), len(self.proofs) - survivors, survivors

    def share(self):
        tried, detected, proven, _ = self.counts()
        return detected / (tried - proven) if tried > proven else 1.0

    def problems(self):
        """What is wrong with the list of reasons, by the faults that were tried."""
        survive = {self.faults[number].label() for number in self.survivors()}
        tried = {self.faults[number].label() for number in self.verdicts}
        labels = {fault.label() for fault in self.faults.values()}
        return ([f"a survivor without a reason in {REASONS.name}: {label}" for label in sorted(survive - {label for label, reason in self.reasons.items() if reason})] +
                [f"a reason for what is no fault (any more): {label}" for label in sorted(self.reasons.keys() - labels)] +
                [f"a reason for what does not survive: {label}" for label in sorted((self.reasons.keys() & tried) - survive)])

    def json(self):
        tried, detected, proven, survivors = self.counts()
        return {"faults": tried, "detected": detected, "equivalent": proven, "survivors": survivors, "share": self.share(), "problems": self.problems(),
                "each": [{**dataclasses.asdict(self.faults[number]), "label": self.faults[number].label(), "detected": verdict, "equivalent": self.proofs.get(number)}
                         for number, verdict in sorted(self.verdicts.items())]}

    def text(self):
        tried, detected, proven, survivors = self.counts()
        lines = [f"{tried} faults: {detected} detected, {proven} proven to be none, {survivors} survive",
                 f"score {100 * self.share():.2f} % of those not proven to be none"]
        for number in self.survivors():
            label = self.faults[number].label()
            lines += [f"  survives: {label}", f"    {self.reasons.get(label) or 'no reason is given'}"]
        return "\n".join(lines + self.problems())
