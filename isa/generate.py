#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Turns isa/microcode.toml into what others need: one function per output, all over the same checked table.

    generate.py TABLE --cpp FILE        ranvier/ISA/Opcodes.h.inc
    generate.py TABLE --markdown FILE   rewrites the generated tables inside docs/spec/microcode.md
    generate.py TABLE --markdown FILE --check   exit code 1 if that page is out of date

Needs only the standard library (tomllib: Python 3.11). Output depends on nothing but the table.
"""
import argparse
import os
import sys
import tomllib

PROFILES = ["int", "f32"]
FLAGS = ["spike", "payload"]
OP_KEYS = {"mnemonic", "name", "opcode", "profiles", "dst", "a", "b", "imm", "cost", "flags", "semantics"}
BEGIN, END = "<!-- generated from isa/microcode.toml: {} -->", "<!-- end of generated -->"


class TableError(Exception):
    """The table contradicts itself; the message names the entry."""


def load(path):
    """Reads and checks the table; fills in defaults; sorts the ops by opcode."""
    with open(path, "rb") as file:
        table = tomllib.load(file)
    seen = {"mnemonic": set(), "name": set(), "opcode": set()}
    for op in table["op"]:
        where = f"{path}: op {op.get('mnemonic', '?')}"
        if set(op) - OP_KEYS:
            raise TableError(f"{where}: unknown keys {sorted(set(op) - OP_KEYS)}")
        for key in ("dst", "a", "b"):
            op.setdefault(key, False)
        op.setdefault("imm", "none")
        op.setdefault("flags", [])
        for key, used in seen.items():
            if op[key] in used:
                raise TableError(f"{where}: {key} {op[key]} occurs twice")
            used.add(op[key])
        if not 1 <= op["opcode"] <= 255:
            raise TableError(f"{where}: opcode must be 1..255")
        if op["imm"] not in table["imm"] or op["cost"] not in table["cost"]:
            raise TableError(f"{where}: unknown imm {op['imm']} or cost {op['cost']}")
        if not op["profiles"] or set(op["profiles"]) - set(PROFILES) or set(op["flags"]) - set(FLAGS):
            raise TableError(f"{where}: unknown profile or flag")
        if op["b"] and not op["a"]:
            raise TableError(f"{where}: b without a")
    for code, (name, entry) in enumerate(table["rounding"].items()):
        if entry["code"] != code:
            raise TableError(f"{path}: rounding {name}: codes must count from 0")
    table["op"].sort(key=lambda op: op["opcode"])
    return table


CPP_HEAD = """\
//===- Opcodes.h.inc - The neuron microcode table ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Generated from isa/microcode.toml by isa/generate.py; change those.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_ISA_OPCODES_H_INC
#define RANVIER_ISA_OPCODES_H_INC

#include <cstdint>
#include <string_view>

namespace ranvier::isa {

/// Version of the instruction set; an image made for another one is refused.
constexpr unsigned microcodeVersion = {version};
"""

CPP_INFO = """
/// One row of the table.
struct OpcodeInfo {
  Opcode op;
  std::string_view mnemonic;
  bool inInt, inF32;     ///< Profiles that have it.
  bool dst, a, b;        ///< The field names a register; otherwise it must be 0.
  ImmKind imm;
  uint32_t immMin, immMax; ///< Range of the number in the immediate (Shift, ShiftRound and ProductShift: of bits 0-7; Bits; Draw).
  CostClass cost;
  bool spike, payload;   ///< Emits an event; the event carries register b.
};
"""

CPP_TAIL = """
/// Row of an opcode byte; null if there is no such opcode.
constexpr const OpcodeInfo *findOpcode(uint8_t byte) {
  return opcodeIndex[byte] < 0 ? nullptr : &opcodeTable[opcodeIndex[byte]];
}
/// Row of an opcode that is known to be one.
constexpr const OpcodeInfo &opcodeInfo(Opcode op) { return opcodeTable[opcodeIndex[static_cast<uint8_t>(op)]]; }
/// Row of a mnemonic; null if there is no such instruction.
constexpr const OpcodeInfo *findMnemonic(std::string_view mnemonic) {
  for (const OpcodeInfo &info : opcodeTable)
    if (info.mnemonic == mnemonic)
      return &info;
  return nullptr;
}

} // namespace ranvier::isa

#endif
"""


def cpp_enum(out, doc, name, entries):
    """entries: (enumerator, value, comment)."""
    out.append(f"\n/// {doc}\nenum class {name} : uint8_t {{")
    width = max(len(f"{entry} = {value},") for entry, value, _ in entries)
    for entry, value, comment in entries:
        code = f"{entry} = {value},"
        out.append(f"  {code:<{width}} ///< {comment}")
    out.append("};")


def cpp(table):
    """The C++ header: enumerations, the constexpr table and its look-ups."""
    def boolean(value):
        return "true" if value else "false"

    out = [CPP_HEAD.replace("{version}", str(table["version"])).rstrip("\n")]
    cpp_enum(out, "Bits 0-7 of an instruction.", "Opcode",
             [(op["name"], f"0x{op['opcode']:02X}", f"{op['mnemonic']}: {op['semantics']}") for op in table["op"]])
    cpp_enum(out, "What the immediate of an instruction means.", "ImmKind",
             [(imm["name"], i, imm["semantics"]) for i, imm in enumerate(table["imm"].values())])
    cpp_enum(out, "What an instruction costs in the programmable neuron engine.", "CostClass",
             [(cost["name"], i, cost["semantics"]) for i, cost in enumerate(table["cost"].values())])
    out.append("\n/// Text form of the rounding codes (ranvier::Rounding).")
    names = ", ".join(f'"{name}"' for name in table["rounding"])
    out.append(f"inline constexpr std::string_view roundingNames[] = {{{names}}};")
    out.append(CPP_INFO.rstrip("\n"))
    out.append(f"\n/// All instructions, by opcode.\ninline constexpr OpcodeInfo opcodeTable[] = {{")
    index = ["-1"] * 256
    for i, op in enumerate(table["op"]):
        index[op["opcode"]] = str(i)
        imm = table["imm"][op["imm"]]
        fields = [f"Opcode::{op['name']}", f'"{op["mnemonic"]}"']
        fields += [boolean(profile in op["profiles"]) for profile in PROFILES]
        fields += [boolean(op[key]) for key in ("dst", "a", "b")]
        fields += [f"ImmKind::{imm['name']}", str(imm.get("min", 0)), str(imm.get("max", 0))]
        fields += [f"CostClass::{table['cost'][op['cost']]['name']}"]
        fields += [boolean(flag in op["flags"]) for flag in FLAGS]
        out.append(f"    {{{', '.join(fields)}}},")
    out.append("};")
    out.append(f"constexpr unsigned numOpcodes = {len(table['op'])};")
    out.append("\n/// Position in opcodeTable by opcode byte, -1: no such opcode.")
    out.append("inline constexpr int16_t opcodeIndex[256] = {")
    for row in range(0, 256, 16):
        out.append("    " + ", ".join(index[row:row + 16]) + ",")
    out.append("};")
    return "\n".join(out) + "\n" + CPP_TAIL


def markdown_ops(table):
    lines = ["| opcode | instruction | profiles | semantics | cost |", "|---|---|---|---|---|"]
    for op in table["op"]:
        operands = [key for key in ("dst", "a", "b") if op[key]]
        if op["imm"] != "none":
            operands.append({"reg": "c", "shift": "s", "shift-round": "s, rounding", "product-shift": "s, rounding",
                             "bits": "n"}.get(op["imm"], "imm:" + op["imm"]))
        semantics = op["semantics"].replace("|", "\\|")
        if op["dst"]:
            semantics = "dst = " + semantics
        lines.append(f"| 0x{op['opcode']:02X} | `{op['mnemonic']} {', '.join(operands)}` | {', '.join(op['profiles'])} "
                     f"| {semantics} | {op['cost']} |")
    return lines


def markdown_names(table, key):
    lines = [f"| {key} | {'code | ' if key == 'rounding' else ''}meaning |", "|---|" + ("---|" if key == "rounding" else "") + "---|"]
    for name, entry in table[key].items():
        code = f"{entry['code']} | " if key == "rounding" else ""
        lines.append(f"| `{name}` | {code}{entry['semantics']} |")
    return lines


def markdown(table, page):
    """The page with the text between its markers replaced; the text outside is written by hand."""
    sections = {"instructions": markdown_ops(table), "rounding": markdown_names(table, "rounding"),
                "immediates": markdown_names(table, "imm"), "cost": markdown_names(table, "cost")}
    for name, lines in sections.items():
        begin = BEGIN.format(name)
        if page.count(begin) != 1:
            raise TableError(f"the page needs exactly one line '{begin}'")
        start = page.index(begin) + len(begin)
        page = page[:start] + "\n" + "\n".join(lines) + "\n" + page[page.index(END, start):]
    return page


def write(path, text):
    """Leaves an unchanged file alone, so that nothing is rebuilt for nothing."""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".tmp", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table")
    parser.add_argument("--cpp", metavar="FILE")
    parser.add_argument("--markdown", metavar="FILE")
    parser.add_argument("--check", action="store_true", help="with --markdown: compare, write nothing")
    args = parser.parse_args()
    try:
        table = load(args.table)
        if args.cpp:
            write(args.cpp, cpp(table))
        if args.markdown:
            with open(args.markdown, encoding="utf-8") as file:
                page = file.read()
            fresh = markdown(table, page)
            if args.check and fresh != page:
                print(f"{args.markdown} is out of date: run isa/generate.py isa/microcode.toml --markdown {args.markdown}",
                      file=sys.stderr)
                return 1
            if not args.check:
                write(args.markdown, fresh)
    except (TableError, OSError, KeyError, tomllib.TOMLDecodeError) as error:
        print(f"generate.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
