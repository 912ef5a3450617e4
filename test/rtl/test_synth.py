# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every module synthesises with yosys without a problem that `check` knows, the netlist of every leaf does what its source does (yosys
0.23 takes some constructs without a word and gets them wrong), and the table of sizes in docs/rtl/area.md is of this source.

    test/rtl/test_synth.py --update    writes the table anew
"""

import concurrent.futures
import os
import re
import sys
import unittest

import flow
from modules import BY_NAME, MODULES

SEED = os.environ.get("RANVIER_RTL_SEED", "1")
AREA = flow.ROOT / "docs" / "rtl" / "area.md"


def boxes(module):
    """The modules below one that is no leaf that have no parameters: each is synthesised once, on its own."""
    below = [path.stem for path in flow.sources(module.name)] if not module.leaf else []
    return tuple(name for name in below if name != module.name and name in BY_NAME and BY_NAME[name].parameters == ({},))


def synthesise(module, parameters):
    return flow.synthesise(module.name, parameters, module.leaf, boxes(module))


def area(module, parameters):
    return flow.area(module.name, synthesise(module, parameters), {box: area(BY_NAME[box], {}) for box in boxes(module)})


def synthesise_all():
    """All modules, as many at a time as there are processors; problems come up again in the tests that ask for the result."""
    jobs = [(module, parameters) for module in MODULES for parameters in module.parameters]
    with concurrent.futures.ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
        return [future.exception() for future in [pool.submit(synthesise, *job) for job in jobs]]


def table():
    """The lines of docs/rtl/area.md below its mark."""
    rows = ["| module | parameters | cells | flip-flops | gate equivalents | memory bits |", "|---|---|---:|---:|---:|---:|"]
    for module in sorted(MODULES, key=lambda module: module.name):
        for parameters in module.parameters if module.area else ():
            count = area(module, parameters)
            words = ", ".join(f"{key} {value}" for key, value in parameters.items()) or "-"
            rows.append(f"| `{module.name}` | {words} | {count['cells']:,} | {count['flip_flops']:,} | {(count['quarters'] + 2) // 4:,} | {count['memory_bits']:,} |")
    return rows


MARK = "<!-- The table below is written by test/rtl/test_synth.py --update. -->"


@flow.needs("yosys")
class Synthesis(unittest.TestCase):
    """A test a module, made below."""

    @classmethod
    def setUpClass(cls):
        synthesise_all()

    def test_a_problem_fails(self):
        """What the other tests rest on: two drivers of a wire are refused."""
        def make(folder):
            (folder / "bad.sv").write_text("module bad (input logic a, input logic b, output logic y);\n  assign y = a;\n  assign y = b;\nendmodule\n")
            flow.yosys(["read_verilog -sv bad.sv", "hierarchy -check -top bad", "proc", "check -assert"], folder)
        with self.assertRaises(flow.Failed):
            flow.made("bad", [], make)

    def test_the_table_of_sizes_is_current(self):
        if not flow.version("yosys").startswith("Yosys 0.23 "):
            self.skipTest("the table is of yosys 0.23")
        written = AREA.read_text(encoding="utf-8").partition(MARK)[2].strip().split("\n\n")[0].splitlines()
        self.assertEqual(written, table(), "run test/rtl/test_synth.py --update")


@flow.needs("yosys", "verilator", "g++")
class Netlists(unittest.TestCase):
    """A test a leaf module, made below."""

    @classmethod
    def setUpClass(cls):
        synthesise_all()

    def compare(self, name, parameters, folder, bench, cycles, netlist=None):
        """Runs source and netlist side by side; returns the program's exit code and words."""
        listed = flow.ports(name, folder)
        text = flow.miter(name, parameters, listed)
        wrapper = flow.made("miter", [text], lambda folder: (folder / "miter.v").write_text(text))
        verilog = [*flow.readable(name, parameters), netlist or folder / "netlist.v", folder / "memory.v", wrapper / "miter.v"]
        # A netlist takes much longer to compile than to run.
        program = flow.program(name, parameters, verilog, flow.benches(bench), flow.ports_header(listed), f"{name}__miter", level="-O0")
        return flow.run([program, SEED, cycles])

    def test_a_wrong_netlist_is_found(self):
        """What the other tests rest on: one gate of another kind, and the run fails."""
        parameters = {"WIDTH": 8, "DEPTH": 3}
        folder = flow.synthesise("rv_fifo", parameters, True)
        text = (folder / "netlist.v").read_text()
        broken = re.sub(r"^(  assign \S+ = \S+) & (\S+;)", r"\1 | \2", text, count=1, flags=re.M)
        self.assertNotEqual(broken, text)
        other = flow.made("wrong", [broken], lambda folder: (folder / "netlist.v").write_text(broken))
        code, text = self.compare("rv_fifo", parameters, folder, "", 5000, other / "netlist.v")
        self.assertEqual(code, 1, text)
        self.assertIn("outputs of netlist and source differ", text)


def add(module):
    def synthesis(self):
        for parameters in module.parameters:
            with self.subTest(flow.label(module.name, parameters)):
                folder = synthesise(module, parameters)
                count = area(module, parameters)
                self.assertGreater(count["cells"] + count["memory_bits"], 0)
                self.assertNotIn("Warning: Complex async reset", (folder / "log").read_text())
    setattr(Synthesis, f"test_{module.name}", synthesis)

    def netlist(self):
        for parameters in module.parameters:
            with self.subTest(flow.label(module.name, parameters)):
                folder = flow.synthesise(module.name, parameters, True)
                code, text = self.compare(module.name, parameters, folder, module.bench or module.drive, module.netlist_cycles)
                self.assertEqual(code, 0, text)
                steady = re.search(r"^steady:(.*)$", text, re.M).group(1).split()
                self.assertEqual([bit for bit in steady if bit not in module.steady], [], "outputs that the run never moved")
    if module.leaf:
        setattr(Netlists, f"test_{module.name}", netlist)


for entry in MODULES:
    add(entry)


def update():
    text = AREA.read_text(encoding="utf-8")
    before, mark, after = text.partition(MARK)
    rest = after.strip("\n").partition("\n\n")[2]
    AREA.write_text(before + mark + "\n\n" + "\n".join(table()) + "\n" + ("\n" + rest if rest else ""), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--update"]:
        problems = [problem for problem in synthesise_all() if problem]
        if problems:
            sys.exit(f"{problems[0]}")
        update()
    else:
        unittest.main()
