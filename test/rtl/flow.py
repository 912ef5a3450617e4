# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The tool flow over the hardware: sources of a module, lint, builds with Verilator, synthesis with yosys, proofs.

What a run makes lies in build/rtl under the hash of everything it was made from, so that a second run does only what changed.
"""

import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "test" / "rtl"
RTL = ROOT / "rtl"
BUILD = pathlib.Path(os.environ.get("RANVIER_RTL_BUILD", ROOT / "build" / "rtl"))
# Packages that are generated from tables rather than written; the copies that the generator's own test holds current.
GENERATED = [ROOT / "test" / "Inputs" / "rtl"]
TIMEOUT = 1800


def needs(*tools):
    """Skips a test, and says why, where a tool is not installed."""
    missing = [tool for tool in tools if not shutil.which(tool)]
    return unittest.skipIf(missing, f"not installed: {', '.join(missing)}")


def run(command, cwd=None, timeout=TIMEOUT, env=None):
    """(exit code, all it said). What takes too long ends with everything it started: yosys-smtbmc leaves its solver behind otherwise."""
    with subprocess.Popen([str(part) for part in command], cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          stdin=subprocess.DEVNULL, start_new_session=True) as child:
        try:
            text, _ = child.communicate(timeout=timeout)
        except BaseException:
            os.killpg(child.pid, signal.SIGKILL)
            raise
    return child.returncode, text


class Failed(Exception):
    """A tool refused; the text is what it said."""


def must(command, cwd=None, timeout=TIMEOUT, env=None):
    code, text = run(command, cwd, timeout, env)
    if code != 0:
        raise Failed(f"{' '.join(str(part) for part in command)[:400]}\nexit code {code}\n{text[-6000:]}")
    return text


# ---- Sources ------------------------------------------------------------------------------------------------------------------------


def library():
    """Module or package name -> its file. A file holds what its name says (verilator -Wall refuses others)."""
    return {path.stem: path for folder in (RTL, *GENERATED) for path in sorted(folder.rglob("*.sv"))}


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", " ", text, flags=re.S)


def sources(name, files=None):
    """The files that a module needs, in the order in which they can be read."""
    files = files or library()
    ordered = []

    def visit(module):
        if module not in ordered_names:
            ordered_names.add(module)
            words = set(re.findall(r"[A-Za-z_]\w*", without_comments(files[module].read_text(encoding="utf-8"))))
            for other in sorted(words & files.keys() - {module}):
                visit(other)
            ordered.append(files[module])

    ordered_names = set()
    visit(name)
    return ordered


def own(parameters):
    """The parameters of a module itself. "package.CONSTANT" stands for a constant of a package, see readable()."""
    return {key: value for key, value in parameters.items() if "." not in key}


def readable(name, parameters, files=None):
    """sources() with constants of packages set as `parameters` say ({"n1_pkg.COLUMNS": 4}): those packages are copies."""
    chosen = sources(name, files)
    for package in sorted({key.partition(".")[0] for key in parameters if "." in key}):
        (path,) = [path for path in chosen if path.stem == package]
        text = path.read_text(encoding="utf-8")
        for key, value in parameters.items():
            if key.startswith(package + "."):
                text, count = re.subn(rf"^(\s*localparam\s[^=;]*\b{key.partition('.')[2]}\s*=)[^;]*;", rf"\g<1> {value};", text, flags=re.M)
                if count != 1:
                    raise Failed(f"{key}: {count} such constants in {path.name}")
        folder = made("package", [package, text], lambda folder: (folder / path.name).write_text(text, encoding="utf-8"))
        chosen[chosen.index(path)] = folder / path.name
    return chosen


def label(name, parameters):
    """rv_fifo, {"WIDTH": 8} -> "rv_fifo WIDTH=8"."""
    return " ".join([name, *(f"{key}={value}" for key, value in parameters.items())])


def identifier(name, parameters):
    return re.sub(r"\W+", "_", label(name, parameters))


# ---- The store of what was made -----------------------------------------------------------------------------------------------------

_locks, _guard = {}, threading.Lock()


def made(kind, inputs, make):
    """The folder that make(folder) filled from inputs (texts, and paths of files), made once."""
    digest = hashlib.sha256()
    for part in inputs:
        data = part.read_bytes() if isinstance(part, pathlib.Path) else str(part).encode()
        digest.update(f"{len(data)}:".encode() + data)
    folder = BUILD / f"{kind}-{digest.hexdigest()[:20]}"
    with _guard:
        lock = _locks.setdefault(folder, threading.Lock())
    with lock:
        if not folder.exists():
            BUILD.mkdir(parents=True, exist_ok=True)
            work = pathlib.Path(tempfile.mkdtemp(prefix=f"part-{kind}-", dir=BUILD))
            try:
                make(work)
                try:
                    work.rename(folder)
                except OSError:  # Another process was quicker; what it made is the same.
                    if not folder.exists():
                        raise
            finally:
                shutil.rmtree(work, ignore_errors=True)
    return folder


def version(tool):
    return run([tool, "-V"] if tool == "yosys" else [tool, "--version"])[1].strip()


# ---- Lint ---------------------------------------------------------------------------------------------------------------------------


def lint(name, parameters, files=None):
    """(exit code, everything that verilator -Wall said)."""
    chosen = readable(name, parameters, files)
    return run(["verilator", "--lint-only", "-Wall", "--top-module", name, *(f"-G{key}={value}" for key, value in own(parameters).items()), *chosen])


# ---- Programs from hardware ---------------------------------------------------------------------------------------------------------


def verilator_root():
    return pathlib.Path(re.search(r"^\s*VERILATOR_ROOT\s*=\s*(\S+)", run(["verilator", "-V"])[1], re.M).group(1))


def compiler(level="-O1"):
    return [*(["ccache"] if shutil.which("ccache") else []), "g++", "-std=c++20", level, "-Wall", "-Wno-unused-variable"]


def environment():
    """What ccache is told so that it knows texts with a precompiled header again."""
    return {**os.environ, "CCACHE_SLOPPINESS": "pch_defines,time_macros"}


# What every program with a bench begins with: reading it takes longer than compiling most blocks.
HEADERS = ["verilated.h", *("algorithm array cstdint cstdio cstdlib deque map memory optional set sstream stdexcept string vector".split())]


def precompiled(level):
    """The folder with headers.h, and what the compiler has made of it."""
    include = verilator_root() / "include"
    text = "".join(f"#include <{header}>\n" for header in HEADERS)
    command = [*compiler(level)[-5:], "-isystem", include, "-isystem", include / "vltstd"]

    def make(folder):
        (folder / "headers.h").write_text(text)
        must([*command, "-x", "c++-header", "headers.h", "-o", "headers.h.gch"], cwd=folder)

    return made("headers", [version("verilator"), version("g++"), *map(str, command), text], make)


def runtime():
    """Verilator's own part of every program, compiled once."""
    include = verilator_root() / "include"

    def make(folder):
        for stem in ("verilated", "verilated_threads", "verilated_cov"):
            must([*compiler(), "-fpch-preprocess", "-include", precompiled("-O1") / "headers.h", "-isystem", include, "-isystem", include / "vltstd",
                  "-c", include / f"{stem}.cpp", "-o", folder / f"{stem}.o"], env=environment())

    return made("runtime", [version("verilator"), *compiler()], make)


def emulated():
    """What benches compare hardware with beyond the headers of models: the emulator's crossbars, compiled once. What makes them of a chip's description needs chips."""
    sources = [*sorted(path for path in (ROOT / "emulator" / "lib" / "Crossbar").glob("*.cpp") if path.name != "FromChip.cpp"), *(ROOT / "support" / "lib" / f"{stem}.cpp" for stem in ("Error", "Random", "Text"))]
    headers = [*(ROOT / "emulator" / "lib" / "Crossbar").glob("*.h"), ROOT / "emulator" / "include" / "ranvier" / "Emulator" / "Crossbar.h"]

    def make(folder):
        for path in sources:
            must([*compiler(), "-ffp-contract=off", *includes(), "-c", path, "-o", folder / f"{path.stem}.o"])

    return made("emulated", [*compiler(), *sources, *sorted(headers)], make)


def includes():
    return [part for folder in ("hw-models", "emulator", "support") for part in ("-I", ROOT / folder / "include")]


def benches(name=""):
    """The C++ files of a program with a bench, or without one (then only random inputs)."""
    return [HERE / "support" / "Main.cpp", *([HERE / "benches" / f"{name}.cpp"] if name else [])]


# Without const-bit-op-tree: that optimisation of Verilator 5.006 gets some expressions of single bits wrong, as netlists are full of.
VERILATE = ["--cc", "-O3", "-fno-const-bit-op-tree", "-Wno-lint", "--x-assign", "unique", "--x-initial", "unique"]


def program(name, parameters, verilog, benches, header="", top=None, options=(), coverage=False, level="-O1"):
    """An executable from Verilog files and C++ benches. In C++ the module's class is V<name>, its parameters are PARAM_<name>, and
    ports.h holds `header`. With `top` another module is verilated under that class name. With `coverage` it writes coverage-*.dat
    where it runs. `level`: of the compiler's optimisation."""
    include = verilator_root() / "include"
    support = sorted((HERE / "support").glob("*"))
    defines = [f"-DPARAM_{key.replace('.', '_')}={value}" for key, value in parameters.items()]
    defines += [f"-DDUT=V{name}", f'-DDUT_HEADER="V{name}.h"', *(["-DRANVIER_HAS_BENCH"] if len(benches) > 1 else [])]
    if coverage:
        options, defines = [*options, "--coverage-line", "--coverage-toggle"], [*defines, "-DVM_COVERAGE=1"]

    def make(folder):
        (folder / "ports.h").write_text(header)
        # Verilator sees loops where a netlist only splits a vector into bits; they are run until they settle.
        generics = ["-Wno-UNOPTFLAT"] if top else [f"-G{key}={value}" for key, value in own(parameters).items()]
        must(["verilator", *VERILATE, "--top-module", top or name, "--prefix", f"V{name}",
              "--Mdir", folder, *generics, *options, *verilog])
        # One translation unit: reading Verilator's headers takes longer than compiling most blocks.
        # Names without a folder, so that ccache knows the same text again.
        parts = [*sorted(path.name for path in folder.glob(f"V{name}*.cpp")), *benches]
        (folder / "all.cpp").write_text("".join(f'#include "{path}"\n' for path in parts))
        must([*compiler(level), "-fpch-preprocess", "-include", precompiled(level) / "headers.h", *defines, "-isystem", include, "-isystem", include / "vltstd",
              "-I", ".", "-I", HERE / "support", *includes(), "-c", "all.cpp", "-o", "all.o"], cwd=folder, env=environment())
        must(["g++", folder / "all.o", *sorted(runtime().glob("*.o")), *others, "-pthread", "-o", folder / "program"])

    emulates = any('"ranvier/Emulator/' in pathlib.Path(bench).read_text(encoding="utf-8") for bench in benches)
    others = sorted(emulated().glob("*.o")) if emulates else []

    models = sorted((ROOT / "hw-models" / "include" / "ranvier" / "HwModels").glob("IntegerConverter.h"))
    inputs = [version("verilator"), *VERILATE, *compiler(level), *HEADERS, *options, *defines, top, header, *verilog, *benches, *support, *models, *others]
    return made(identifier(name, parameters), inputs, make) / "program"


# ---- Synthesis ----------------------------------------------------------------------------------------------------------------------

# Two-input gates in quarters of a NAND, by transistors of static CMOS. A proxy to compare designs by: no library, no wires, no area.
GATES = {"$_NOT_": 2, "$_NAND_": 4, "$_NOR_": 4, "$_AND_": 6, "$_OR_": 6, "$_ANDNOT_": 6, "$_ORNOT_": 6, "$_XOR_": 10, "$_XNOR_": 10, "$_MUX_": 10}
FLIP_FLOP, ENABLE, RESET = 24, 10, 6
MEMORY = re.compile(r"(^|\\)rv_ram(\\|__netlist$|$)")


def yosys(script, folder):
    """Runs a script (a list of commands) in a folder; returns its log."""
    (folder / "script.ys").write_text("\n".join(script) + "\n")
    return must(["yosys", "-q", "-l", "log", "script.ys"], cwd=folder) + (folder / "log").read_text(encoding="utf-8", errors="replace")


def synthesise(name, parameters, flat, boxes=()):
    """Synthesises a module, memories kept as such. The folder holds netlist.v (module <name>__netlist), memory.v (the memories as
    behavioural Verilog), netlist.json and log. `flat` dissolves the modules below; `boxes` stay black boxes (they are synthesised on
    their own). Problems that `check` finds are failures."""
    chosen = readable(name, parameters)
    script = [*(f"read_verilog -sv {path}" for path in chosen)]
    script += [f"chparam -set {key} {value} {name}" for key, value in own(parameters).items()]
    script += [f"hierarchy -check -top {name}", f"rename -top {name}__netlist", "proc", "opt_clean", "check -assert", "design -save elaborated"]
    # Memories: their behaviour as yosys understands it, beside the netlist that has them as black boxes.
    alone = name == "rv_ram"
    if any(path.stem == "rv_ram" for path in chosen) and not alone:
        script += ["delete * *rv_ram %d", "opt", "memory -nomap", "opt_clean", "write_verilog -noattr memory.v", "write_json memory.json",
                   "design -load elaborated", "blackbox *rv_ram"]
    script += [f"blackbox {box}" for box in boxes]
    if alone:
        script += ["opt", "memory -nomap", "opt"]
    else:
        script += [f"synth -top {name}__netlist{' -flatten' if flat else ''}"]
    script += ["check -assert", "write_verilog -noattr netlist.v", "write_json netlist.json"]

    def make(folder):
        (folder / "memory.v").write_text("")
        yosys(script, folder)

    return made(f"synth-{identifier(name, parameters)}", [version("yosys"), *script, *chosen], make)


def modules_of(path):
    return json.loads(path.read_text())["modules"] if path.exists() else {}


def words_of(value):
    """A parameter of a cell in yosys' JSON: a number, or its bits as text."""
    return value if isinstance(value, int) else int(value, 2)


def area(name, folder, boxes=None):
    """Cells, flip-flops, gate equivalents (NAND gates) and memory bits of a synthesised module, with all below it. `boxes`: {name: the
    same of a black box}."""
    netlist, memories = modules_of(folder / "netlist.json"), modules_of(folder / "memory.json")
    known = dict(boxes or {})

    def count(module):
        if module not in known:
            total = {"cells": 0, "flip_flops": 0, "quarters": 0, "memory_bits": 0}
            cells = (memories.get(module) or netlist[module])["cells"].values()
            for cell in cells:
                kind = cell["type"]
                if kind in netlist:
                    for key, value in count(kind).items():
                        total[key] += value
                elif kind in ("$mem", "$mem_v2"):
                    total["memory_bits"] += words_of(cell["parameters"]["WIDTH"]) * words_of(cell["parameters"]["SIZE"])
                elif not MEMORY.search(module):
                    total["cells"] += 1
                    flip_flop = re.match(r"\$_S?DFFE?_", kind) or re.match(r"\$_SDFFCE_", kind)
                    total["flip_flops"] += bool(flip_flop)
                    total["quarters"] += FLIP_FLOP + ENABLE * ("FFE_" in kind or "FFCE_" in kind) + RESET * ("SDFF" in kind) if flip_flop else GATES[kind]
            known[module] = total
        return known[module]

    return count(f"{name}__netlist")


def ports(name, folder):
    """[(port, direction, bits)] of a synthesised module."""
    return [(port, entry["direction"], len(entry["bits"])) for port, entry in modules_of(folder / "netlist.json")[f"{name}__netlist"]["ports"].items()]


def miter(name, parameters, listed):
    """A module with the ports of `name` that runs the source and the netlist on the same inputs. Outputs are the source's;
    mismatch_o has a bit for every output that differs."""
    outputs = [port for port, direction, _ in listed if direction == "output"]
    span = lambda bits: f"[{bits - 1}:0] "
    declared = ",\n".join(f"  {direction} wire {span(bits)}{port}" for port, direction, bits in listed)
    wires = "".join(f"  wire {span(bits)}{port}__netlist;\n" for port, direction, bits in listed if direction == "output")
    pins = ", ".join(f".{port}({port})" for port, _, _ in listed)
    others = ", ".join(f".{port}({port}__netlist)" if port in outputs else f".{port}({port})" for port, _, _ in listed)
    generics = ", ".join(f".{key}({value})" for key, value in own(parameters).items())
    differs = ", ".join(f"{port} != {port}__netlist" for port in reversed(outputs))
    return (f"module {name}__miter (\n{declared},\n  output wire {span(len(outputs))}mismatch_o\n);\n{wires}"
            f"  {name} #({generics}) u_source ({pins});\n  {name}__netlist u_netlist ({others});\n  assign mismatch_o = {{{differs}}};\nendmodule\n")


def ports_header(listed):
    """The list of ports for C++: PORT(name, bits) in RANVIER_INPUTS (without clock and reset) and RANVIER_OUTPUTS."""
    inputs = " ".join(f"PORT({port}, {bits})" for port, direction, bits in listed if direction == "input" and port not in ("clk_i", "rst_i"))
    outputs = " ".join(f"PORT({port}, {bits})" for port, direction, bits in listed if direction == "output")
    clocked = "".join(f"#define RANVIER_HAS_{port.upper()}\n" for port, _, _ in listed if port in ("clk_i", "rst_i"))
    return f"#define RANVIER_INPUTS {inputs}\n#define RANVIER_OUTPUTS {outputs}\n{clocked}"


# ---- Proofs -------------------------------------------------------------------------------------------------------------------------


def smt(name, parameters, properties, changes=(), dissolved=False, more=""):
    """The module with properties spliced in before its endmodule, as a problem for yosys-smtbmc. `changes` are (old, new) texts to break
    it by, `more` are further properties. With `dissolved` the modules below it become a part of it first, and properties may name what is in them
    (\\u_fifo.head_q, with a blank behind it)."""
    chosen = readable(name, parameters)
    text = chosen[-1].read_text(encoding="utf-8")
    for old, new in changes:
        if text.count(old) != 1:
            raise Failed(f"{name}: the text to change must be there once: {old}")
        text = text.replace(old, new)
    packages = [path for path in chosen[:-1] if path.stem.endswith("_pkg")]
    words = properties.read_text(encoding="utf-8") + more
    splice = lambda text: re.sub(r"^endmodule\b", lambda end: words + "endmodule", text, count=1, flags=re.M)
    generics = [f"chparam -set {key} {value} {name}" for key, value in own(parameters).items()]
    whole = ["read_verilog -sv -formal " + part for part in (*map(str, chosen[:-1]), f"{name}.sv")] + generics + [f"hierarchy -check -top {name}"]
    dissolve = [*whole, "proc", "flatten", "opt_clean", f"write_verilog -noattr dissolved.v"]
    proven = [*(f"read_verilog -sv -formal {path}" for path in packages), "read_verilog -sv -formal proven.sv"] if dissolved else whole[:]
    prove = [f"rename -top proven", "prep -flatten -top proven", "check -assert", "memory_map", "opt -full", "async2sync", "dffunmap",
             "write_smt2 -wires problem.smt2"]

    def make(folder):
        (folder / f"{name}.sv").write_text(text if dissolved else splice(text))
        if dissolved:
            yosys(dissolve, folder)
            (folder / "proven.sv").write_text(splice((folder / "dissolved.v").read_text()))
            yosys([*proven, f"hierarchy -check -top {name}", *prove], folder)
        else:
            yosys([*whole, *prove], folder)

    return made(f"smt-{identifier(name, parameters)}", [version("yosys"), *whole, *prove, dissolved, text, words, *chosen], make) / "problem.smt2"


def smtbmc(problem, *options):
    """(whether it holds, the prover's words)."""
    # Unrolled by yosys-smtbmc: z3 would expand the nested definitions of a wide multiplexer without sharing them, and never end. What
    # is left is of bit vectors alone, and told so z3 takes the quicker way.
    code, text = run(["yosys-smtbmc", "-s", "z3", "--noprogress", "--noincr", "--unroll", "--logic", "QF_BV", *options, problem])
    if "Status: passed" not in text and "Status: PASSED" not in text and "Status: failed" not in text and "Status: FAILED" not in text:
        raise Failed(f"yosys-smtbmc {' '.join(options)} came to no verdict\n{text[-4000:]}")
    return code == 0, text
