# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every module of rtl/ with the parameters it is used with, and what is done to it. A new module needs a line here (test_lint.py
refuses one that has none). Parameters named "package.CONSTANT" set a constant of a package."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Module:
    name: str
    parameters: tuple = ({},)  # Each is linted, run in the bench and synthesised.
    large: tuple = ()  # Parameter sets too large to synthesise in a test.
    lint_only: tuple = ()  # Parameter sets too large to run in one.
    alone: bool = True  # Linted by itself; else as a part of what it belongs to, because it uses some of its package's constants only.
    leaf: bool = True  # Its netlist runs beside its source.
    bench: str = ""  # test/rtl/benches/<bench>.cpp: a model of it. Defines every PARAM_x that the bench reads.
    drive: str = ""  # test/rtl/benches/<drive>.cpp: inputs with a meaning for the run beside the netlist, without a model.
    steady: tuple = ()  # Output bits that never change, as "port[bit]", for every parameter set.
    cycles: int = 120000  # Random cycles of the bench.
    netlist_cycles: int = 20000  # Cycles of the bench, and of random inputs, beside the netlist.
    area: bool = True  # In docs/rtl/area.md.


def tile(rows, columns, lanes, input_bits, sum_bits, code_bits, read_cycles):
    return {"ROWS": rows, "COLUMNS": columns, "LANES": lanes, "INPUT_BITS": input_bits, "SUM_BITS": sum_bits, "CODE_BITS": code_bits, "READ_CYCLES": read_cycles}


GRIDS = tuple({"n1_pkg.COLUMNS": columns, "n1_pkg.ROWS": rows} for columns, rows in ((1, 1), (2, 1), (1, 2), (2, 2), (4, 4)))

MODULES = [
    Module("rv_ram", ({"WIDTH": 32, "DEPTH": 64}, {"WIDTH": 1, "DEPTH": 2}, {"WIDTH": 14, "DEPTH": 100}), bench="RamBench"),
    Module("rv_fifo", ({"WIDTH": 32, "DEPTH": 2}, {"WIDTH": 8, "DEPTH": 3}, {"WIDTH": 64, "DEPTH": 4}, {"WIDTH": 1, "DEPTH": 9}), bench="FifoBench"),
    Module("rv_sync", ({"RESET_LEVEL": "1'b0"}, {"RESET_LEVEL": "1'b1"})),
    Module("rv_aer_in", ({"WIDTH": 32}, {"WIDTH": 1}), bench="AerInBench"),
    Module("rv_aer_out", ({"WIDTH": 32}, {"WIDTH": 1}), bench="AerOutBench"),
    Module("rv_round_robin", ({"REQUESTS": 2}, {"REQUESTS": 7}), bench="RoundRobinBench"),
    Module("rv_tcam", ({"ENTRIES": 16, "KEY_BITS": 32}, {"ENTRIES": 5, "KEY_BITS": 8}), large=({"ENTRIES": 64, "KEY_BITS": 32},), bench="TcamBench"),
    Module("rv_multicast_out", ({"OUTPUTS": 8, "WIDTH": 40, "LIMIT_BITS": 20},), bench="MulticastOutBench"),
    Module("rv_tcam_registers", ({"OUTPUTS": 8, "KEY_BITS": 32, "BODY_BITS": 40},), lint_only=({"OUTPUTS": 24}, {"OUTPUTS": 32, "KEY_BITS": 8, "BODY_BITS": 64})),
    Module("rv_tcam_router", ({"ENTRIES": 4, "CORES": 2, "KEY_BITS": 32, "BODY_BITS": 40, "DEPTH": 2},), bench="TcamRouterBench",
           large=({"ENTRIES": 64, "CORES": 18, "KEY_BITS": 32, "BODY_BITS": 40, "DEPTH": 3},),
           lint_only=({"ENTRIES": 1024, "CORES": 18}, {"ENTRIES": 100, "CORES": 1, "KEY_BITS": 8, "BODY_BITS": 64})),
    Module("rv_integer_adc", ({"SUM_BITS": 16, "CODE_BITS": 8, "SHIFT_BITS": 5}, {"SUM_BITS": 6, "CODE_BITS": 5, "SHIFT_BITS": 3}), bench="IntegerAdcBench",
           large=({"SUM_BITS": 6, "CODE_BITS": 9, "SHIFT_BITS": 3}, {"SUM_BITS": 32, "CODE_BITS": 16, "SHIFT_BITS": 5})),
    Module("rv_bit_driver", ({"ROWS": 16, "INPUT_BITS": 8}, {"ROWS": 5, "INPUT_BITS": 2}), bench="BitDriverBench"),
    Module("rv_shift_add", ({"LANES": 4, "CODE_BITS": 8, "INPUT_BITS": 8}, {"LANES": 3, "CODE_BITS": 1, "INPUT_BITS": 3}), bench="ShiftAddBench"),
    Module("rv_crossbar_tile", (tile(16, 8, 4, 8, 16, 8, 2), tile(5, 9, 3, 3, 9, 6, 1)), large=(tile(64, 16, 4, 8, 16, 8, 2),), bench="CrossbarTileBench",
           lint_only=(tile(100, 128, 8, 16, 32, 16, 3), tile(2, 2, 2, 2, 2, 1, 1))),
    # The chip, of 2 x 2 nodes as its package says, and linted on every shape of mesh that has edges of its own. `ranvier cosim` runs it.
    *(Module(name, lint_only=GRIDS, leaf=False) for name in ("n1_chip", "n1_chip_aer")),
    *(Module(name, alone=False, leaf=False) for name in ("n1_core", "n1_node")),
    *(Module(name, alone=False) for name in ("n1_accumulators", "n1_cuba", "n1_delivery", "n1_host", "n1_router", "n1_sender", "n1_update")),
    Module("n1_barrier", alone=False, bench="N1BarrierBench", steady=tuple(f"cycles_o[{bit}]" for bit in range(9, 32))),  # A step of the bench is not longer.
    Module("n1_engine", alone=False, drive="N1EngineDrive"),
]
BY_NAME = {module.name: module for module in MODULES}
