//===- Assembler.cpp - Text form of microcode -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One instruction a line: mnemonic, then the fields the table names, in the order dst, a, b, immediate. What disassemble prints,
// assemble reads back to the same bits: constants of f32 programs are printed as the shortest decimal that rounds to them, or in
// hexadecimal where that would mislead (NaN, infinity, subnormals, which are more often integer words).
//===----------------------------------------------------------------------===//
#include "Operands.h"
#include "ranvier/ISA/Program.h"
#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <optional>

namespace ranvier::isa {

static bool isIdentifier(std::string_view text) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !text.empty() && letter(text[0]) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || digit(c) || c == '.'; });
}

/// The name of a slot if it stands for that slot alone, else its number.
static std::string slotText(const std::vector<std::string> *names, uint32_t slot) {
  if (names && slot < names->size() && isIdentifier((*names)[slot]) &&
      std::find(names->begin(), names->end(), (*names)[slot]) == names->begin() + slot)
    return (*names)[slot];
  return std::to_string(slot);
}

static std::string constantText(Profile profile, uint32_t word) {
  if (profile == Profile::Int)
    return std::to_string(static_cast<int32_t>(word));
  const float value = std::bit_cast<float>(word);
  char text[40];
  if (!std::isfinite(value) || (value != 0 && std::fabs(value) < 0x1p-126f)) {
    std::snprintf(text, sizeof text, "0x%08x", word);
    return text;
  }
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  std::string result(text, end);
  if (result.find_first_of(".e") == std::string::npos)
    result += ".0";
  return result;
}

static std::string immediateText(const Program &program, const OpcodeInfo &info, uint32_t imm) {
  switch (info.imm) {
  case ImmKind::None:
    return "";
  case ImmKind::Const:
    return constantText(program.profile, imm);
  case ImmKind::State:
  case ImmKind::Param:
  case ImmKind::Input:
    return slotText(detail::slotNames(program, info.imm), imm);
  case ImmKind::Table:
    return "t" + std::to_string(imm);
  case ImmKind::Reg:
    return "r" + std::to_string(imm);
  case ImmKind::Shift:
  case ImmKind::Bits:
  case ImmKind::Draw:
    return std::to_string(imm);
  case ImmKind::ShiftRound:
  case ImmKind::ProductShift: {
    const uint32_t rounding = imm >> 8;
    return std::to_string(imm & 0xFF) + ", " +
           (rounding < std::size(roundingNames) ? std::string(roundingNames[rounding]) : std::to_string(rounding));
  }
  }
  return "";
}

std::string disassemble(const Program &program, const Instruction &instruction) {
  const OpcodeInfo *info = findOpcode(static_cast<uint8_t>(instruction.op));
  if (!info) {
    char text[40];
    std::snprintf(text, sizeof text, "illegal 0x%016llx", static_cast<unsigned long long>(encode(instruction)));
    return text;
  }
  std::string text(info->mnemonic);
  const char *separator = " ";
  auto append = [&](const std::string &operand) {
    text += separator + operand;
    separator = ", ";
  };
  if (info->dst)
    append("r" + std::to_string(instruction.dst));
  if (info->a)
    append("r" + std::to_string(instruction.a));
  if (info->b)
    append("r" + std::to_string(instruction.b));
  if (info->imm != ImmKind::None)
    append(immediateText(program, *info, instruction.imm));
  return text;
}

namespace {

/// Takes one line apart. Every method that fails leaves the Error in `error` and returns nothing.
class LineParser {
public:
  LineParser(const Program &program, std::string_view line) : program(program), line(line), rest(line) {}
  Result<Instruction> parse();

private:
  std::nullopt_t fail(std::string message, std::string expected, std::string_view found) {
    error = Error{.code = 4010,
                  .message = std::move(message),
                  .place = "microcode '" + std::string(line) + "'",
                  .expected = std::move(expected),
                  .found = found.empty() ? "nothing" : "'" + std::string(found) + "'"};
    return std::nullopt;
  }
  static std::string_view trim(std::string_view text) {
    const size_t begin = text.find_first_not_of(" \t\r\n");
    return begin == text.npos ? std::string_view() : text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
  }
  std::optional<std::string_view> operand(const char *what);
  std::optional<uint8_t> reg(const char *what);
  std::optional<uint32_t> number(std::string_view text, const char *what);
  std::optional<uint32_t> constant(std::string_view text);
  std::optional<uint32_t> slot(ImmKind kind, std::string_view text);
  std::optional<uint32_t> shift();
  std::optional<uint32_t> immediate(const OpcodeInfo &info);
  std::optional<Instruction> instruction();

  const Program &program;
  std::string_view line, rest;
  bool first = true;
  Error error;
};

} // namespace

/// The next comma-separated operand.
std::optional<std::string_view> LineParser::operand(const char *what) {
  if (!first) {
    if (rest.empty() || rest[0] != ',')
      return fail("too few operands", what, rest);
    rest.remove_prefix(1);
  }
  first = false;
  const size_t end = std::min(rest.find(','), rest.size());
  const std::string_view text = trim(rest.substr(0, end));
  rest.remove_prefix(end);
  if (text.empty())
    return fail("missing operand", what, text);
  return text;
}

std::optional<uint32_t> LineParser::number(std::string_view text, const char *what) {
  const bool isHex = text.starts_with("0x");
  const std::string_view digits = isHex ? text.substr(2) : text;
  uint32_t value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value, isHex ? 16 : 10);
  if (code != std::errc() || end != digits.data() + digits.size())
    return fail("malformed number", what, text);
  return value;
}

std::optional<uint8_t> LineParser::reg(const char *what) {
  const auto text = operand(what);
  if (!text)
    return std::nullopt;
  uint32_t value = 0;
  const auto [end, code] = std::from_chars(text->data() + 1, text->data() + text->size(), value);
  if ((*text)[0] != 'r' || code != std::errc() || end != text->data() + text->size() || value >= maxRegisters)
    return fail("malformed register", "r0..r" + std::to_string(maxRegisters - 1), *text);
  return static_cast<uint8_t>(value);
}

std::optional<uint32_t> LineParser::constant(std::string_view text) {
  if (text.starts_with("0x"))
    return number(text, "a hexadecimal word");
  const char *begin = text.data(), *end = text.data() + text.size();
  if (program.profile == Profile::F32) {
    float value = 0;
    const auto result = std::from_chars(begin, end, value);
    // "nan" and "inf" are words to from_chars; here they are written in hexadecimal, so that each has one spelling.
    if (result.ec != std::errc() || result.ptr != end || !std::isfinite(value))
      return fail("malformed constant", "a finite decimal number or 0x and 1 to 8 hexadecimal digits", text);
    return std::bit_cast<uint32_t>(value);
  }
  int64_t value = 0;
  const auto result = std::from_chars(begin, end, value);
  if (result.ec != std::errc() || result.ptr != end || value < INT32_MIN || value > INT64_C(0xFFFFFFFF))
    return fail("malformed constant", "-2147483648..4294967295 or 0x and 1 to 8 hexadecimal digits", text);
  return static_cast<uint32_t>(static_cast<uint64_t>(value));
}

std::optional<uint32_t> LineParser::slot(ImmKind kind, std::string_view text) {
  const auto *names = detail::slotNames(program, kind);
  if (names && isIdentifier(text)) {
    const auto found = std::find(names->begin(), names->end(), text);
    if (found == names->end()) {
      std::string expected = "a number or one of:";
      for (const std::string &name : *names)
        expected += " " + name;
      return fail("no slot of that name", names->empty() ? "a program with such slots" : expected, text);
    }
    return static_cast<uint32_t>(found - names->begin());
  }
  if (kind == ImmKind::Table && text.starts_with("t"))
    text.remove_prefix(1);
  return number(text, kind == ImmKind::Table ? "t and the number of a table" : "a slot's name or number");
}

std::optional<uint32_t> LineParser::shift() {
  const auto text = operand("a shift");
  const auto amount = text ? number(*text, "a shift") : std::nullopt;
  const auto mode = amount ? operand("a rounding mode: floor, tz, up or even") : std::nullopt;
  if (!mode)
    return std::nullopt;
  const auto found = std::find(std::begin(roundingNames), std::end(roundingNames), *mode);
  if (found == std::end(roundingNames))
    return fail("unknown rounding mode", "floor, tz, up or even", *mode);
  if (*amount > 0xFF)
    return fail("shift out of range", "a shift the instruction has", *text);
  return *amount | static_cast<uint32_t>(found - std::begin(roundingNames)) << 8;
}

std::optional<uint32_t> LineParser::immediate(const OpcodeInfo &info) {
  switch (info.imm) {
  case ImmKind::None:
    return 0;
  case ImmKind::Const:
    if (const auto text = operand("a constant"))
      return constant(*text);
    return std::nullopt;
  case ImmKind::State:
  case ImmKind::Param:
  case ImmKind::Input:
  case ImmKind::Table:
    if (const auto text = operand(info.imm == ImmKind::Table ? "a table" : "a slot"))
      return slot(info.imm, *text);
    return std::nullopt;
  case ImmKind::Reg:
    if (const auto c = reg("register c"))
      return *c;
    return std::nullopt;
  case ImmKind::Shift:
  case ImmKind::Bits:
  case ImmKind::Draw:
    if (const auto text = operand("a number"))
      return number(*text, "a number");
    return std::nullopt;
  case ImmKind::ShiftRound:
  case ImmKind::ProductShift:
    return shift();
  }
  return std::nullopt;
}

std::optional<Instruction> LineParser::instruction() {
  rest = trim(rest);
  const size_t end = std::min(rest.find_first_of(" \t"), rest.size());
  const std::string_view mnemonic = rest.substr(0, end);
  rest = trim(rest.substr(end));
  const OpcodeInfo *info = findMnemonic(mnemonic);
  if (!info)
    return fail("unknown instruction", "a mnemonic of docs/spec/microcode.md", mnemonic);
  Instruction result{.op = info->op};
  const struct {
    bool used;
    uint8_t &field;
    const char *what;
  } fields[] = {{info->dst, result.dst, "register dst"}, {info->a, result.a, "register a"}, {info->b, result.b, "register b"}};
  for (const auto &field : fields) {
    if (!field.used)
      continue;
    const auto value = reg(field.what);
    if (!value)
      return std::nullopt;
    field.field = *value;
  }
  const auto imm = immediate(*info);
  if (!imm)
    return std::nullopt;
  result.imm = *imm;
  if (!rest.empty())
    return fail("too many operands", "the end of the line", rest);
  if (detail::OperandFault fault = detail::checkOperands(program, result); fault.code)
    return fail(std::move(fault.message), std::move(fault.expected), fault.found);
  return result;
}

Result<Instruction> LineParser::parse() {
  const auto result = instruction();
  if (!result)
    return std::move(error);
  return *result;
}

Result<Instruction> assemble(const Program &program, std::string_view line) { return LineParser(program, line).parse(); }

} // namespace ranvier::isa
