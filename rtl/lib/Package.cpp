//===- Package.cpp - The SystemVerilog package of a chip ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Rtl/Geometry.h"
#include <cctype>
#include <cstdio>

namespace ranvier::rtl {
namespace {
class Writer {
public:
  std::string text;
  void line(const std::string &words) { text += (words.empty() ? "" : "  " + words) + "\n"; }
  void section(const std::string &comment) {
    line("");
    line("// " + comment);
  }
  void number(const std::string &name, const std::string &value) { line("localparam int " + name + " = " + value + ";"); }
  void number(const std::string &name, uint64_t value) { number(name, std::to_string(value)); }
  /// Width of an address of `depth` words.
  void bits(const std::string &name, const std::string &depth) { number(name + "_BITS", "$clog2(" + depth + ")"); }
};

/// "OP_LD_STATE" of "ld.state".
std::string upper(std::string_view text) {
  std::string out(text);
  for (char &c : out)
    c = c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

void appendSizes(Writer &out, const Geometry &g) {
  out.section("Mesh.");
  out.number("COLUMNS", g.grid.columns);
  out.number("ROWS", g.grid.rows);
  out.number("NODES", "COLUMNS * ROWS");
  out.number("LINK_BUFFER", g.linkBuffer);
  out.section("A core.");
  out.number("NEURONS", g.neurons);
  out.number("STATES", g.states);
  out.number("PARAMS", g.params);
  out.number("INPUTS", g.inputs);
  out.number("SLOTS", g.slots);
  out.number("ACCUMULATORS", "NEURONS * INPUTS");
  out.number("SYNAPSES", g.synapses);
  out.number("PROGRAM", g.programWords);
  out.number("TABLE", g.tableWords);
  out.number("HOST_INPUTS", g.hostInputs);
  out.section("Widths.");
  out.bits("NEURON", "NEURONS");
  out.bits("STATE", "STATES");
  out.bits("PARAM", "PARAMS");
  out.bits("INPUT", "INPUTS + 1");
  out.bits("SLOT", "SLOTS");
  out.bits("ACCUMULATOR", "ACCUMULATORS");
  out.bits("SYNAPSE", "SYNAPSES");
  out.bits("PROGRAM", "PROGRAM");
  out.bits("TABLE", "TABLE");
  out.bits("HOST", "HOST_INPUTS");
  out.number("SOURCES", "NODES * NEURONS + HOST_INPUTS");
  out.bits("SOURCE", "SOURCES");
  out.number("MASK_BITS", "NODES + 1");
  out.number("FLIT_BITS", "MASK_BITS + SOURCE_BITS + 32");
  out.bits("CREDIT", "MASK_BITS + 1");
  out.line("// Credits of a step: every neuron and input once, to every destination.");
  out.bits("FLIGHT", "SOURCES * MASK_BITS + 1");
}

void appendNative(Writer &out, const hw::NativeCubaLif &native) {
  out.section("The native CUBA leaky integrate-and-fire form.");
  out.number("NATIVE_DECAY_BITS", native.decayBits);
  out.number("NATIVE_CURRENT_DECAY_OFFSET", native.currentDecayOffset);
  out.number("NATIVE_INPUT_SHIFT", native.inputShift);
  out.number("NATIVE_STATE_BITS", native.stateBits);
  out.number("NATIVE_THRESHOLD_BITS", native.thresholdBits);
  out.number("NATIVE_THRESHOLD_SHIFT", native.thresholdShift);
  out.number("NATIVE_BIAS_BITS", native.biasMantissaBits + (1u << native.biasExponentBits) - 1);
}

void appendMicrocode(Writer &out) {
  out.section("Microcode: opcodes of the int profile.");
  for (const isa::OpcodeInfo &info : isa::opcodeTable)
    if (info.inInt) {
      char code[8];
      std::snprintf(code, sizeof code, "%02X", unsigned(info.op));
      out.line("localparam logic [7:0] OP_" + upper(info.mnemonic) + " = 8'h" + code + ";");
    }
  out.section("Rounding of a shift to the right: bits 8-15 of its immediate.");
  for (size_t i = 0; i < std::size(isa::roundingNames); ++i)
    out.line("localparam logic [7:0] ROUND_" + upper(isa::roundingNames[i]) + " = 8'd" + std::to_string(i) + ";");
}
} // namespace

std::string n1Package(const Geometry &geometry) {
  Writer out;
  out.text = "// n1_pkg.sv - Constants of the " + geometry.chip +
             " chip.\n"
             "// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n"
             "//\n"
             "// Generated from the chip description '" +
             geometry.chip +
             "' and isa/microcode.toml; change those.\n"
             "package n1_pkg;\n";
  appendSizes(out, geometry);
  appendNative(out, geometry.native);
  appendMicrocode(out);
  out.section("Spaces of the configuration bus.");
  for (unsigned s = 0; s < numSpaces; ++s)
    out.line("localparam logic [3:0] SPACE_" + std::string(nameOf(Space(s))) + " = 4'd" + std::to_string(s) + ";");
  out.text += "\nendpackage : n1_pkg\n";
  return out.text;
}

Result<std::string> n1Package(const hw::Chip &chip, Grid grid) {
  RANVIER_TRY(const Geometry geometry, geometryOf(chip, grid));
  return n1Package(geometry);
}

} // namespace ranvier::rtl
