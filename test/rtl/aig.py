# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""And-inverter graphs: read as yosys writes them, copied with some of their inputs known, evaluated, handed to a solver. A literal is twice a
variable, and one more where it is inverted; 0 is false, 1 is true."""

import dataclasses
import re
import subprocess

import flow

FALSE, TRUE = 0, 1


class Undecided(Exception):
    """A solver has no answer in its time."""


@dataclasses.dataclass
class Circuit:
    """A circuit out of a file: variables of inputs, latches with what they take next, gates in an order in which they can be evaluated."""
    size: int  # Variables, the constant included.
    inputs: dict  # name -> variable
    latches: dict  # variable -> literal
    outputs: dict  # name -> literal
    gates: list  # (variable, literal, literal)


def read(path):
    """An ASCII AIGER file with its symbols."""
    lines = path.read_text().splitlines()
    size, inputs, latches, outputs, gates = (int(word) for word in lines[0].split()[1:6])
    numbers = [[int(word) for word in line.split()] for line in lines[1:1 + inputs + latches + outputs + gates]]
    at = [0, inputs, inputs + latches, inputs + latches + outputs]
    names = {}
    for line in lines[1 + len(numbers):]:
        found = re.fullmatch(r"([io])(\d+) (.*)", line)
        if found:
            names[found.group(1), int(found.group(2))] = found.group(3).removeprefix("\\")
        elif line == "c":
            break
    circuit = Circuit(size + 1,
                      {names.get(("i", i), f"unnamed {i}"): numbers[i][0] >> 1 for i in range(inputs)},
                      {row[0] >> 1: row[1] for row in numbers[at[1]:at[2]]},
                      {names["o", i]: row[0] for i, row in enumerate(numbers[at[2]:at[3]])},
                      [(row[0] >> 1, row[1], row[2]) for row in numbers[at[3]:]])
    if len(circuit.inputs) != inputs or len(circuit.outputs) != outputs:
        raise flow.Failed(f"{path}: ports of the same name")
    known = {0, *circuit.inputs.values(), *circuit.latches}
    for variable, left, right in circuit.gates:
        if not {left >> 1, right >> 1} <= known:
            raise flow.Failed(f"{path}: gates are out of order")
        known.add(variable)
    return circuit


class Graph:
    """A graph in which the same gate is there once."""

    def __init__(self):
        self.gates = {}  # variable -> (literal, literal), in an order in which they can be evaluated.
        self.known = {}
        self.size = 1

    def free(self):
        """A new variable, as a literal."""
        self.size += 1
        return 2 * (self.size - 1)

    def both(self, left, right):
        if left > right:
            left, right = right, left
        if left == FALSE or left == right ^ 1:
            return FALSE
        if left == TRUE or left == right:
            return right
        found = self.known.get((left, right))
        if found is None:
            found = self.known[left, right] = self.free()
            self.gates[found >> 1] = (left, right)
        return found

    def either(self, left, right):
        return self.both(left ^ 1, right ^ 1) ^ 1

    def choose(self, which, one, other):
        return self.either(self.both(which, one), self.both(which ^ 1, other))

    def differ(self, left, right):
        if left >> 1 == right >> 1:
            return left ^ right
        return self.either(self.both(left, right ^ 1), self.both(left ^ 1, right))

    def all(self, literals):
        value = TRUE
        for literal in literals:
            value = self.both(value, literal)
        return value

    def any(self, literals):
        return self.all(literal ^ 1 for literal in literals) ^ 1

    def copy(self, circuit, values):
        """The literals of a circuit's variables, those of inputs and latches given."""
        found = [FALSE] * circuit.size
        for variable, literal in values.items():
            found[variable] = literal
        both = self.both
        for variable, left, right in circuit.gates:
            found[variable] = both(found[left >> 1] ^ (left & 1), found[right >> 1] ^ (right & 1))
        return found

    def cone(self, literals):
        """The gates that literals depend on, in order, and the variables that are free among what they depend on."""
        seen, stack = set(), [literal >> 1 for literal in literals]
        while stack:
            variable = stack.pop()
            if variable and variable not in seen:
                seen.add(variable)
                stack.extend(operand >> 1 for operand in self.gates.get(variable, ()))
        ordered = sorted(seen)
        return [variable for variable in ordered if variable in self.gates], [variable for variable in ordered if variable not in self.gates]

    def evaluate(self, values, ones):
        """Words of all variables, one bit a case; `values` are those of free variables, `ones` is a word of ones."""
        words = [0] * self.size
        for variable, word in values.items():
            words[variable] = word
        for variable, (left, right) in self.gates.items():
            one, other = words[left >> 1], words[right >> 1]
            words[variable] = (one ^ ones if left & 1 else one) & (other ^ ones if right & 1 else other)
        return words

    def solve(self, literal, folder, seconds):
        """{free variable: bool} for which a literal is true, None if there are none; Undecided after some seconds."""
        if literal == FALSE:
            return None
        gates, free = self.cone([literal])
        place = {variable: number + 1 for number, variable in enumerate(free + gates)}
        at = lambda literal: -place[literal >> 1] if literal & 1 else place[literal >> 1]
        clauses = [f"{at(literal)} 0"] if literal != TRUE else []
        for variable in gates:
            left, right = self.gates[variable]
            own, one, other = place[variable], at(left), at(right)
            clauses += [f"{-own} {one} 0", f"{-own} {other} 0", f"{own} {-one} {-other} 0"]
        path = folder / "problem.cnf"
        path.write_text("\n".join([f"p cnf {len(place)} {len(clauses)}", *clauses]) + "\n")
        text = solver(["z3", "-dimacs", path], seconds)
        if "s UNSATISFIABLE" in text:
            return None
        if "s SATISFIABLE" not in text:
            raise flow.Failed(f"z3 came to no verdict: {text[-200:]}")
        true = {int(word) for line in text.splitlines() if line.startswith("v") for word in line.split()[1:]}
        return {variable: place[variable] in true for variable in free}


def solver(command, seconds):
    """What a solver says, in so many seconds."""
    try:
        return flow.run(command, timeout=seconds)[1]
    except subprocess.TimeoutExpired as late:
        raise Undecided from late


def encoded(number):
    """A number as binary AIGER files have it."""
    out = bytearray()
    while number >= 128:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def write(path, graph, latches, outputs):
    """A binary AIGER file. `latches`: {literal of a free variable: literal that it takes next}; all of them are 0 at first."""
    gates, free = graph.cone([*outputs, *latches.values(), *latches])
    state = [literal >> 1 for literal in latches]
    inputs = sorted(set(free) - set(state))
    place = {0: 0} | {variable: number + 1 for number, variable in enumerate(inputs + state + gates)}
    at = lambda literal: 2 * place[literal >> 1] | (literal & 1)
    lines = [f"aig {len(place) - 1} {len(inputs)} {len(state)} {len(outputs)} {len(gates)}", *(str(at(literal)) for literal in latches.values()),
             *(str(at(literal)) for literal in outputs)]
    body = bytearray()
    for variable in gates:
        low, high = sorted(at(literal) for literal in graph.gates[variable])
        body += encoded(2 * place[variable] - high) + encoded(high - low)
    path.write_bytes("\n".join(lines).encode() + b"\n" + bytes(body))
