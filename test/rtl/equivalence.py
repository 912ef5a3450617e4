# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Proofs that a fault of mutation.py cannot be seen. docs/rtl/verification.md says what is seen and why a proof holds for the chip.

A part of the chip with the fault is compared with one without it, from a reset on and with the same inputs. Memories, and cores where they are no part of the
part, are left out: what they give is free, but the same for both copies as long as both ask the same.
"""

import dataclasses
import pathlib
import random
import re
import tempfile

import aig
import flow
import mutation
from aig import FALSE

# Parts of the chip in which a fault of a module is looked at, the small one first: what no output of it shows, nobody sees.
CORE, CHIP = ("n1_core", ()), ("n1_chip", ("n1_core",))
IN_CORE = {"n1_core", "n1_accumulators", "n1_cuba", "n1_delivery", "n1_engine", "n1_sender", "n1_update"}
WHOLE = {"n1_core", "n1_node", "n1_chip"}  # Modules that are no small part.
SECONDS = 30  # For a solver.
# Outputs that no flit of an input of n1_router wants, with routes by X and then Y: east, west, north, south, local are 0 to 4.
ROUTE = re.compile(r"g_input\[(\d)\]\.toward\[(\d)\]$")
NEVER_TOWARD = [{0}, {1}, {0, 1, 2}, {0, 1, 3}, set()]

MEMORY = """module rv_ram #(
    parameter int unsigned WIDTH = 32,
    parameter int unsigned DEPTH = 256,
    localparam int unsigned ADDR_BITS = $clog2(DEPTH)
) (
    input clk_i, input re_i, input [ADDR_BITS-1:0] raddr_i, output [WIDTH-1:0] rdata_o,
    input we_i, input [ADDR_BITS-1:0] waddr_i, input [WIDTH-1:0] wdata_i
);
  (* keep *) wire seen_re = re_i;
  (* keep *) wire seen_we = we_i;
  (* keep *) wire [ADDR_BITS-1:0] seen_raddr = raddr_i;
  (* keep *) wire [ADDR_BITS-1:0] seen_waddr = waddr_i;
  (* keep *) wire [WIDTH-1:0] seen_wdata = wdata_i;
  (* keep *) reg [WIDTH-1:0] seen_held;
  always @(posedge clk_i) seen_held <= wdata_i;
  assign rdata_o = seen_held;
endmodule
"""


def box(name, design):
    """A module in whose place only its ports are left: what goes in is seen, what comes out are registers that Part.step gives their values."""
    text = re.search(rf"^module \\{name}$(.*?)^end$", design, re.M | re.S).group(1)
    ports, body = [], []
    for width, direction, port in re.findall(r"^  wire (?:width (\d+) )?(input|output) \d+ \\(\w+)$", text, re.M):
        ports.append(f"{direction} [{int(width or 1) - 1}:0] {port}")
        if direction == "output":
            body += [f"(* keep *) reg [{int(width or 1) - 1}:0] seen_held_{port};", f"always @(posedge clk_i) seen_held_{port} <= {{{width or 1}{{rst_i}}}};",
                     f"assign {port} = seen_held_{port};"]
        elif port not in ("clk_i", "mutsel"):
            body.append(f"(* keep *) wire [{int(width or 1) - 1}:0] seen_in_{port} = {port};")
    return f"module {name} ({', '.join(ports)});\n  " + "\n  ".join(body) + "\nendmodule\n"


def host_rule(part, graph, inputs):
    """The host makes no access in the cycle in which it starts a step (docs/rtl/architecture.md, section 6), so that a core is asked only while the chip
    is idle, which Prover.rule_holds proves. Nothing is said of cycles of a reset."""
    names = part.circuit.inputs
    if part.name in (CORE[0], CHIP[0]):
        access, reset = names["cfg_valid_i"], inputs[part.reset]
        allowed = inputs[names["idle_i"]] if part.name == CORE[0] else inputs[names["start_i"]] ^ 1
        inputs[access] = graph.both(inputs[access], graph.either(allowed, reset))


class Part:
    """A part of the chip as a graph: the module `top` with all below it but memories and `boxes`."""

    def __init__(self, folder, top, boxes):
        design = (folder / "faulty.il").read_text()
        standing = MEMORY + "".join(box(name, design) for name in boxes)
        script = ["read_rtlil faulty.il", f"delete {' '.join(['rv_ram', *boxes])}", "read_verilog -sv standing.sv", f"hierarchy -check -top {top}",
                  "proc", "flatten", f"hierarchy -top {top}", "expose w:*.seen_* w:*.toward", "memory_map", "setundef -anyseq", "simplemap", "techmap", "opt_clean",
                  "aigmap", "opt_clean", "write_aiger -ascii -symbols part.aag"]

        def make(work):
            (work / "faulty.il").write_text(design)
            (work / "standing.sv").write_text(standing)
            flow.yosys(script, work)
            for name in ("faulty.il", "log"):
                (work / name).unlink()

        self.name = top
        self.circuit = circuit = aig.read(flow.made("part", [flow.version("yosys"), design, standing, *script], make) / "part.aag")
        self.select = {name: variable for name, variable in circuit.inputs.items() if re.fullmatch(r"mutsel(\[\d+\])?", name)}
        self.reset = circuit.inputs.get("rst_i")
        self.ports, self.inside, self.memories, self.boxes, self.detours = [], [], {}, {}, []
        for name, literal in circuit.outputs.items():
            route = ROUTE.search(name)
            if route:
                if int(route.group(2)) in NEVER_TOWARD[int(route.group(1))]:
                    self.detours.append(literal)
                continue
            instance, mark, what = name.rpartition("seen_")
            if not mark:
                self.ports.append(literal)
                continue
            what = re.sub(r"\[\d+\]$", "", what)
            group = self.boxes if what.startswith(("in_", "held_")) else self.memories
            group.setdefault(instance, {}).setdefault(what, []).append(literal)
        for memory in self.memories.values():
            memory["held"] = [self.latch(literal) for literal in memory["held"]]
        for ports in self.boxes.values():
            self.inside += [literal for what, literals in ports.items() if what.startswith("in_") for literal in literals]
        self.given = [self.latch(literal) for ports in self.boxes.values() for what, literals in ports.items() if what.startswith("held_") for literal in literals]
        if not self.select:
            raise flow.Failed(f"{top}: no port chooses a fault")

    def latch(self, literal):
        if literal & 1 or literal >> 1 not in self.circuit.latches:
            raise flow.Failed(f"{self.name}: what a memory or box gives is no register")
        return literal >> 1

    def values(self, inputs, state, number):
        """Values of the circuit's inputs and latches with fault `number`."""
        values = {**inputs, **state}
        for name, variable in self.select.items():
            bit = int(name[7:-1]) if name.endswith("]") else 0
            values[variable] = number >> bit & 1
        return values


@dataclasses.dataclass
class Pair:
    """One cycle of both copies: {latch: literal that it takes next}, and a literal for each way in which they can be seen to differ."""
    right: dict
    wrong: dict
    ports: list  # Of the part.
    inside: list  # At memories and boxes.


def pair(part, graph, number, inputs, right_state, wrong_state, right_found=None, words=None):
    """One cycle of the part without and with the fault, from states {latch: literal}; and the first copy's literals, for another pair with the same.
    `words` are what memories and boxes give, by their place, where another pair is to be given the same."""
    words = {} if words is None else words
    given = lambda latch, which: words[latch, which] if (latch, which) in words else words.setdefault((latch, which), graph.free())
    circuit = part.circuit
    right = right_found or graph.copy(circuit, part.values(inputs, right_state, 0))
    wrong = graph.copy(circuit, part.values(inputs, wrong_state, number))
    at = lambda found, literal: found[literal >> 1] ^ (literal & 1)
    apart = lambda literals: graph.any(graph.differ(at(right, literal), at(wrong, literal)) for literal in literals)
    nexts = [{latch: at(found, literal) for latch, literal in circuit.latches.items()} for found in (right, wrong)]
    ports, inside = ([graph.differ(at(right, literal), at(wrong, literal)) for literal in literals] for literals in (part.ports, part.inside))
    for memory in part.memories.values():
        # Writes must be the same. A word that both copies read is the same, since both memories have held the same so far; of other
        # reads nothing is said.
        write, = memory["we"]
        inside += [apart([write]), graph.both(at(right, write), apart(memory["waddr"] + memory["wdata"]))]
        read, = memory["re"]
        same = graph.all([at(right, read), at(wrong, read), apart(memory["raddr"]) ^ 1])
        for latch in memory["held"]:
            word, other = given(latch, "word"), given(latch, "other")
            nexts[0][latch] = graph.choose(at(right, read), word, right_state[latch])
            nexts[1][latch] = graph.choose(at(wrong, read), graph.choose(same, word, other), wrong_state[latch])
    for latch in part.given:
        nexts[0][latch] = nexts[1][latch] = given(latch, "word")
    return Pair(*nexts, *([literal for literal in literals if literal != FALSE] for literals in (ports, inside))), right


def differing(graph, latches, pair, cases, ones):
    """Of latches, those that the copies set apart in some case."""
    words = graph.evaluate(cases, ones)
    word = lambda literal: words[literal >> 1] ^ (ones if literal & 1 else 0)
    return {latch for latch in latches if word(pair.right[latch]) != word(pair.wrong[latch])}


def never(graph, nexts, output, folder, seconds, commands="strash; scorr; pdr"):
    """Whether an output stays 0 for ever in a circuit of latches {literal: literal that it takes next} that are 0 at first."""
    needed, pending = {}, [output]
    while pending:
        _, free = graph.cone(pending)
        fresh = [2 * variable for variable in free if 2 * variable in nexts and 2 * variable not in needed]
        needed |= {literal: nexts[literal] for literal in fresh}
        pending = [nexts[literal] for literal in fresh]
    path = folder / "run.aig"
    aig.write(path, graph, needed, [output])
    text = aig.solver(["yosys-abc", "-c", f"read_aiger {path}; {commands}; print_status"], seconds)
    status = re.search(r"^Status = (-?\d+)", text, re.M)
    if not status or int(status.group(1)) < 0:
        raise flow.Failed(f"yosys-abc came to no verdict\n{text[-1000:]}")
    return int(status.group(1)) == 1


def set_by_reset(part):
    """The registers that a cycle of reset gives a value, whatever they and all others held."""
    graph, circuit = aig.Graph(), part.circuit
    inputs = {variable: graph.free() for variable in circuit.inputs.values()} | {part.reset: aig.TRUE}
    found = graph.copy(circuit, part.values(inputs, {latch: graph.free() for latch in circuit.latches}, 0))
    return {latch for latch, literal in circuit.latches.items() if found[literal >> 1] in (FALSE, aig.TRUE)}


class Attempt:
    """A proof for one fault in one part."""
    CASES = 256
    FEW = 2  # Cycles in which registers of in_few_registers come apart.

    def __init__(self, part, number, folder, seconds):
        self.part, self.number, self.folder, self.seconds = part, number, folder, seconds
        self.random = random.Random(number)
        self.apart = set()  # Latches that may come to hold different things.

    def cases(self, graph, known):
        """Random values of all free variables; those of a counterexample as they are in one case, with a few changed in others."""
        words = {}
        for variable in range(1, graph.size):
            if variable in graph.gates:
                continue
            word = self.random.getrandbits(self.CASES)
            if known and variable in known:
                few = word & self.random.getrandbits(self.CASES) & self.random.getrandbits(self.CASES) & self.random.getrandbits(self.CASES)
                few &= self.random.getrandbits(self.CASES) & self.random.getrandbits(self.CASES) & ~1
                word = few ^ ((1 << self.CASES) - 1 if known[variable] else 0)
            words[variable] = word
        return words

    def in_a_cycle(self):
        """Finds the registers that can come apart, all others being the same for ever, whatever state the part is in; and whether anything is seen of
        them."""
        part, circuit, ones = self.part, self.part.circuit, (1 << self.CASES) - 1
        graph = aig.Graph()
        inputs = {variable: graph.free() for variable in circuit.inputs.values()}
        host_rule(part, graph, inputs)
        state = {latch: graph.free() for latch in circuit.latches}
        mine = {latch: graph.free() for latch in circuit.latches}
        right_found = None
        while True:
            both, right_found = pair(part, graph, self.number, inputs, state, {latch: mine[latch] if latch in self.apart else state[latch] for latch in state}, right_found)
            unsure = [latch for latch in state if latch not in self.apart and both.right[latch] != both.wrong[latch]]
            found = differing(graph, unsure, both, self.cases(graph, None), ones)
            if not found:
                example = graph.solve(graph.any(graph.differ(both.right[latch], both.wrong[latch]) for latch in unsure), self.folder, self.seconds)
                if example is None:
                    break
                found = differing(graph, unsure, both, self.cases(graph, example), ones)
            self.apart |= found
        return graph.solve(graph.any(both.ports + both.inside), self.folder, self.seconds) is None

    def in_one_copy(self, apart):
        """Whether nothing but the registers `apart` ever differs in a part with a reset, from states that a reset leads to: one copy of the part, and
        for each of those registers one that says whether it differs. Of the first cycle only registers that the reset sets count: others hold anything
        after it."""
        part, circuit = self.part, self.part.circuit
        graph = aig.Graph()
        begun = graph.free()
        inputs = {variable: graph.free() for variable in circuit.inputs.values()}
        inputs[part.reset] = graph.either(inputs[part.reset], begun ^ 1)
        host_rule(part, graph, inputs)
        held, differs = {latch: graph.free() for latch in circuit.latches}, {latch: graph.free() for latch in sorted(apart)}
        right = {latch: graph.choose(begun, literal, graph.free()) for latch, literal in held.items()}
        wrong = right | {latch: graph.differ(right[latch], graph.both(begun, literal)) for latch, literal in differs.items()}
        both, _ = pair(part, graph, self.number, inputs, right, wrong)
        fixed = set_by_reset(part)
        changed = {latch: graph.both(graph.differ(both.right[latch], both.wrong[latch]), aig.TRUE if latch in fixed else begun) for latch in held}
        nexts = {begun: aig.TRUE} | {held[latch]: both.right[latch] for latch in held} | {differs[latch]: changed[latch] for latch in differs}
        output = graph.any([*(changed[latch] for latch in held if latch not in apart), graph.both(begun, graph.any(both.ports + both.inside))])
        return never(graph, nexts, output, self.folder, self.seconds, "strash; pdr")

    def on_routes(self):
        """Whether nothing differs after a cycle in which nothing has differed and every flit is on a route by X and then Y, and nothing is seen in it.
        Prover.routes_hold is why each is. Of the first cycle as in in_one_copy."""
        part, circuit = self.part, self.part.circuit
        graph = aig.Graph()
        begun = graph.free()
        inputs = {variable: graph.free() for variable in circuit.inputs.values()}
        inputs[part.reset] = graph.either(inputs[part.reset], begun ^ 1)
        host_rule(part, graph, inputs)
        state = {latch: graph.free() for latch in circuit.latches}
        both, found = pair(part, graph, self.number, inputs, state, state)
        fixed = set_by_reset(part)
        detour = graph.any(found[literal >> 1] ^ (literal & 1) for literal in part.detours)
        differ = lambda latches: graph.any(graph.differ(both.right[latch], both.wrong[latch]) for latch in latches)
        later = graph.all([begun, detour ^ 1, graph.either(differ(circuit.latches), graph.any(both.ports + both.inside))])
        first = graph.both(begun ^ 1, differ(sorted(fixed)))
        return graph.solve(graph.either(later, first), self.folder, self.seconds) is None

    def first_apart(self):
        """The registers that one cycle can set apart, whatever state the part is in."""
        part, circuit, ones = self.part, self.part.circuit, (1 << self.CASES) - 1
        graph = aig.Graph()
        inputs = {variable: graph.free() for variable in circuit.inputs.values()}
        host_rule(part, graph, inputs)
        state = {latch: graph.free() for latch in circuit.latches}
        both, _ = pair(part, graph, self.number, inputs, state, state)
        apart = set()
        while True:
            unsure = [latch for latch in state if latch not in apart and both.right[latch] != both.wrong[latch]]
            example = graph.solve(graph.any(graph.differ(both.right[latch], both.wrong[latch]) for latch in unsure), self.folder, self.seconds)
            if example is None:
                return apart
            apart |= differing(graph, unsure, both, self.cases(graph, example), ones)

    def by_one_copy(self):
        """Nothing ever differs, or only registers that one cycle sets apart; False where that was not proven, for lack of time too."""
        try:
            if self.in_one_copy(set()):
                return True
        except aig.Undecided:
            pass
        try:
            apart = self.first_apart()
            return bool(apart) and self.in_one_copy(apart)
        except aig.Undecided:
            return False

    def in_a_run(self):
        """From a reset on: only states that the part can get into count. Registers that never come apart are there once."""
        part, circuit = self.part, self.part.circuit
        graph = aig.Graph()
        begun = graph.free()  # Not in the first cycle, that of the reset, before which registers hold anything, the same in both copies.
        inputs = {variable: graph.free() for variable in circuit.inputs.values()}
        if part.reset:
            inputs[part.reset] = graph.either(inputs[part.reset], begun ^ 1)
        host_rule(part, graph, inputs)
        latches = [{latch: graph.free() for latch in circuit.latches}]
        latches.append({latch: graph.free() if latch in self.apart else latches[0][latch] for latch in circuit.latches})
        before = {latch: graph.free() for latch in circuit.latches}
        states = [{latch: graph.choose(begun, copy[latch], before[latch]) for latch in circuit.latches} for copy in latches]
        both, _ = pair(part, graph, self.number, inputs, *states)
        nexts = {begun: aig.TRUE} | {latches[0][latch]: both.right[latch] for latch in circuit.latches}
        nexts |= {latches[1][latch]: both.wrong[latch] for latch in self.apart}
        # Nobody looks at the ports of the chip in the cycle of the reset; other parts have neighbours.
        output = graph.either(graph.any(both.inside), graph.both(graph.any(both.ports), begun if part.name == CHIP[0] else aig.TRUE))
        return never(graph, nexts, output, self.folder, self.seconds)

    def in_layers(self):
        """Sets of registers: none, then those that can come apart in a cycle in which nothing but the set before is apart, whatever state the part is in."""
        part, circuit, ones = self.part, self.part.circuit, (1 << self.CASES) - 1
        graph = aig.Graph()
        inputs = {variable: graph.free() for variable in circuit.inputs.values()}
        host_rule(part, graph, inputs)
        state = {latch: graph.free() for latch in circuit.latches}
        mine = {latch: graph.free() for latch in circuit.latches}
        apart, right_found = set(), None
        yield apart
        for _ in range(self.FEW):
            both, right_found = pair(part, graph, self.number, inputs, state, {latch: mine[latch] if latch in apart else state[latch] for latch in state}, right_found)
            unsure = {latch for latch in state if latch not in apart and both.right[latch] != both.wrong[latch]}
            layer = set()
            while unsure:
                found = differing(graph, unsure, both, self.cases(graph, None), ones)
                if not found:
                    example = graph.solve(graph.any(graph.differ(both.right[latch], both.wrong[latch]) for latch in sorted(unsure)), self.folder, self.seconds)
                    if example is None:
                        break
                    found = differing(graph, unsure, both, self.cases(graph, example), ones)
                layer |= found
                unsure -= found
            if not layer:
                return
            apart = apart | layer
            yield apart

    def in_few_registers(self):
        """From a reset on: whether nothing is seen, and no register comes apart but a few, which one copy of all other registers shows. The few are there
        as what they hold and where that is apart, so that what follows from nothing being apart, which is most, is plain to see."""
        for apart in self.in_layers():
            try:
                if self.nothing_else(sorted(apart)):
                    return True
            except aig.Undecided:
                continue
        return False

    def nothing_else(self, apart):
        part, circuit = self.part, self.part.circuit
        graph = aig.Graph()
        begun = graph.free()  # As in in_a_run.
        inputs = {variable: graph.free() for variable in circuit.inputs.values()}
        if part.reset:
            inputs[part.reset] = graph.either(inputs[part.reset], begun ^ 1)
        host_rule(part, graph, inputs)
        latches = {latch: graph.free() for latch in circuit.latches}
        right = {latch: graph.choose(begun, literal, graph.free()) for latch, literal in latches.items()}
        differs = {latch: graph.free() for latch in apart}
        words, found = {}, None
        cases = []  # Nothing is apart; something may be.
        for differing_now in ({}, differs):
            wrong = {latch: graph.differ(literal, differing_now.get(latch, FALSE)) for latch, literal in right.items()}
            both, found = pair(part, graph, self.number, inputs, right, wrong, found, words)
            differ = {latch: graph.differ(both.right[latch], both.wrong[latch]) for latch in circuit.latches}
            seen = graph.either(graph.any(both.inside), graph.both(graph.any(both.ports), begun if part.name == CHIP[0] else aig.TRUE))
            cases.append((differ, graph.either(seen, graph.any(differ[latch] for latch in circuit.latches if latch not in differs))))
        (differ, output), (differ_apart, output_apart) = cases
        something = graph.any(differs.values())
        nexts = {begun: aig.TRUE} | {latches[latch]: both.right[latch] for latch in circuit.latches}
        nexts |= {differs[latch]: graph.choose(something, differ_apart[latch], differ[latch]) for latch in apart}
        return never(graph, nexts, graph.choose(something, output_apart, output), self.folder, self.seconds, "strash; pdr")


def parts(module):
    """(top, boxes) for each part in which a fault of a module is looked at."""
    own = [] if module in WHOLE else [(module, ())]
    return [*own, CORE if module in IN_CORE else CHIP]


class Prover:
    def __init__(self, folder, seconds=SECONDS):
        self.folder, self.seconds, self.known, self.routes = folder, seconds, {}, None

    def part(self, top, boxes):
        if (top, boxes) not in self.known:
            self.known[top, boxes] = Part(self.folder, top, boxes)
        return self.known[top, boxes]

    def holds(self, broken):
        """Whether a literal stays 0 for ever in the chip without a fault, from a reset on. `broken(part, graph, begun, inputs, at)` gives it; `begun` is 0 in
        the first cycle, that of the reset, and `at` gives the literal of a port."""
        part, graph = self.part(*CHIP), aig.Graph()
        begun = graph.free()
        inputs = {variable: graph.free() for variable in part.circuit.inputs.values()}
        inputs[part.reset] = graph.either(inputs[part.reset], begun ^ 1)
        host_rule(part, graph, inputs)
        latches = {latch: graph.free() for latch in part.circuit.latches}
        state = {latch: graph.choose(begun, literal, graph.free()) for latch, literal in latches.items()}
        both, found = pair(part, graph, 0, inputs, state, state)
        literal = broken(part, graph, begun, inputs, lambda port: found[port >> 1] ^ (port & 1))
        nexts = {begun: aig.TRUE} | {latches[latch]: both.right[latch] for latch in latches}
        with tempfile.TemporaryDirectory(prefix="ranvier-proof-") as work:
            return never(graph, nexts, literal, pathlib.Path(work), self.seconds)

    def rule_holds(self):
        """What host_rule says of a core, in the chip without a fault."""
        def asked_at_work(part, graph, begun, inputs, at):
            asked = [graph.both(at(core["in_cfg_valid_i"][0]), at(core["in_idle_i"][0]) ^ 1) for core in part.boxes.values()]
            if len(asked) < 2:
                raise flow.Failed("the chip has no cores")
            return graph.both(graph.any(asked), inputs[part.reset] ^ 1)
        return self.holds(asked_at_work)

    def routes_hold(self):
        """Whether each flit in the chip without a fault is on a route by X and then Y, from a reset on."""
        if self.routes is None:
            def detour(part, graph, begun, inputs, at):
                if not part.detours:
                    raise flow.Failed("the chip has no routers")
                return graph.both(begun, graph.any(at(port) for port in part.detours))
            try:
                self.routes = self.holds(detour)
            except aig.Undecided:
                self.routes = False
        return self.routes

    def equivalent(self, fault, thorough=True):
        """How a fault is proven to be none, or None. `thorough`: by the last way, too, which takes the longest."""
        for top, boxes in parts(fault.full_module):
            with tempfile.TemporaryDirectory(prefix="ranvier-proof-") as work:
                attempt = Attempt(self.part(top, boxes), fault.number, pathlib.Path(work), self.seconds)
                try:
                    if (top, boxes) == CHIP and self.routes_hold() and attempt.on_routes():
                        return f"{top}, one copy, on routes by X and then Y, from a reset on"
                except aig.Undecided:
                    pass
                if (top, boxes) in (CORE, CHIP) and attempt.by_one_copy():
                    return f"{top}, one copy, from a reset on"
                try:
                    if attempt.in_a_cycle():
                        return f"{top}, in any state"
                    if attempt.in_a_run():
                        return f"{top}, from a reset on"
                    continue  # There is a run that shows it.
                except aig.Undecided:
                    pass
                try:
                    if thorough and attempt.in_few_registers():
                        return f"{top}, few registers apart, from a reset on"
                except aig.Undecided:
                    continue
        return None


def prove(folder, numbers, told=lambda number, proof: None, seconds=SECONDS, thorough=True):
    """{number: how a fault is proven to be none, or None}."""
    prover, faults = Prover(folder, seconds), mutation.faults(folder)
    proofs = {}
    for number in numbers:
        proofs[number] = prover.equivalent(faults[number], thorough)
        told(number, proofs[number])
    return proofs
