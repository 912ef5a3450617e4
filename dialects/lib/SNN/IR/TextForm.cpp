//===- TextForm.cpp - How numbers and value maps are written ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See TextForm.h.
//===----------------------------------------------------------------------===//
#include "TextForm.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringExtras.h"
#include <charconv>
#include <cmath>
#include <string>

using namespace mlir;

namespace ranvier::snn {

static std::string formatNumber(double number) {
  if (!std::isfinite(number)) // MLIR's lexer knows no other spelling of these.
    return "0x" + llvm::utohexstr(llvm::bit_cast<uint64_t>(number), /*LowerCase=*/false, /*Width=*/16);
  char buffer[64];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), number);
  std::string text(buffer, end);
  if (text.find('.') == std::string::npos) { // A float literal needs its point: 5 -> 5.0, 1e-04 -> 1.0e-04.
    const size_t exponent = text.find('e');
    text.insert(exponent == std::string::npos ? text.size() : exponent, ".0");
  }
  return text;
}

ParseResult parseNumber(OpAsmParser &parser, FloatAttr &number) {
  double value = 0;
  if (parser.parseFloat(value))
    return failure();
  number = parser.getBuilder().getF64FloatAttr(value);
  return success();
}

void printNumber(OpAsmPrinter &printer, Operation *, FloatAttr number) { printer << formatNumber(number.getValueAsDouble()); }

ParseResult parseNumber(AsmParser &parser, Real &number) {
  double value = 0;
  if (parser.parseFloat(value))
    return failure();
  number = value;
  return success();
}

void printNumber(AsmPrinter &printer, double number) { printer << formatNumber(number); }

static ParseResult parseNumberList(AsmParser &parser, SmallVectorImpl<double> &values) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] { return parser.parseFloat(values.emplace_back()); });
}

ParseResult parseNumbers(AsmParser &parser, DenseF64ArrayAttr &numbers) {
  SmallVector<double> values;
  if (parseNumberList(parser, values))
    return failure();
  numbers = parser.getBuilder().getDenseF64ArrayAttr(values);
  return success();
}

void printNumbers(AsmPrinter &printer, DenseF64ArrayAttr numbers) {
  printer << '[';
  llvm::interleaveComma(numbers.asArrayRef(), printer, [&](double value) { printer << formatNumber(value); });
  printer << ']';
}

void printNumbers(OpAsmPrinter &printer, Operation *, DenseF64ArrayAttr numbers) { printNumbers(printer, numbers); }

ParseResult parseValue(OpAsmParser &parser, Attribute &value) { return parser.parseAttribute(value); }

void printValue(OpAsmPrinter &printer, Operation *, Attribute value) {
  if (auto number = dyn_cast<FloatAttr>(value); number && number.getType().isF64())
    printer << formatNumber(number.getValueAsDouble());
  else if (auto integer = dyn_cast<IntegerAttr>(value); integer && integer.getType().isSignlessInteger(64))
    printer << integer.getInt();
  else
    printer.printAttribute(value);
}

ParseResult parseValues(OpAsmParser &parser, DictionaryAttr &values) {
  NamedAttrList list;
  auto parseEntry = [&]() -> ParseResult {
    std::string key;
    Attribute value;
    const SMLoc location = parser.getCurrentLocation();
    if (parser.parseKeywordOrString(&key) || parser.parseEqual() || parser.parseAttribute(value))
      return failure();
    if (list.get(key))
      return parser.emitError(location) << "'" << key << "' is given twice";
    list.append(key, value);
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Braces, parseEntry))
    return failure();
  values = list.getDictionary(parser.getContext());
  return success();
}

void printValues(OpAsmPrinter &printer, Operation *op, DictionaryAttr values) {
  printer << '{';
  llvm::interleaveComma(values, printer, [&](NamedAttribute entry) {
    printer.printKeywordOrString(entry.getName());
    printer << " = ";
    printValue(printer, op, entry.getValue());
  });
  printer << '}';
}

} // namespace ranvier::snn
