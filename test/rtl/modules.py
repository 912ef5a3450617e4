# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every module of rtl/ with the parameters it is used with, and what is done to it. A new module needs a line here (test_lint.py
refuses one that has none)."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Module:
    name: str
    parameters: tuple = ({},)  # Each is linted, run in the bench and synthesised.
    large: tuple = ()  # Parameter sets too large to synthesise in a test.
    lint_only: tuple = ()  # Parameter sets too large to run in one.
    leaf: bool = True  # Its netlist runs beside its source.
    bench: str = ""  # test/rtl/benches/<bench>.cpp: a model of it. Defines every PARAM_x that the bench reads.
    steady: tuple = ()  # Output bits that never change, as "port[bit]", for every parameter set.
    cycles: int = 120000  # Random cycles of the bench.
    netlist_cycles: int = 20000  # Cycles of the bench, and of random inputs, beside the netlist.
    area: bool = True  # In docs/rtl/area.md.


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
]
BY_NAME = {module.name: module for module in MODULES}
