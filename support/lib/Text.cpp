//===- Text.cpp - Text for terminals --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Support/Text.h"
#include <algorithm>
#include <charconv>
#include <cstdio>

using namespace ranvier;

namespace {
/// Length of the UTF-8 character at the start of `text`, 0 if there is none.
size_t characterLength(std::string_view text) {
  const auto byte = [&](size_t k) { return static_cast<unsigned char>(text[k]); };
  const size_t length = byte(0) < 0x80                      ? 1
                        : byte(0) >= 0xC2 && byte(0) < 0xE0 ? 2
                        : byte(0) >= 0xE0 && byte(0) < 0xF0 ? 3
                        : byte(0) >= 0xF0 && byte(0) < 0xF5 ? 4
                                                            : 0;
  if (length == 0 || length > text.size())
    return 0;
  for (size_t k = 1; k < length; ++k)
    if ((byte(k) & 0xC0) != 0x80)
      return 0;
  // Overlong forms, surrogates, numbers beyond U+10FFFF; and U+0080..U+009F, which terminals take for control characters.
  if ((byte(0) == 0xE0 && byte(1) < 0xA0) || (byte(0) == 0xED && byte(1) > 0x9F) || (byte(0) == 0xF0 && byte(1) < 0x90) ||
      (byte(0) == 0xF4 && byte(1) > 0x8F) || (byte(0) == 0xC2 && byte(1) < 0xA0))
    return 0;
  return length;
}
} // namespace

std::string ranvier::printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const unsigned char first = static_cast<unsigned char>(text[0]);
    const bool control = (first < 0x20 && first != '\n' && first != '\t') || first == 0x7F;
    const size_t length = control ? 0 : characterLength(text);
    if (length) {
      out += text.substr(0, length);
    } else {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\x%02X", first);
      out += escape;
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return out;
}

std::string ranvier::decimal(double value) {
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

std::string ranvier::counted(uint64_t number, std::string_view what) {
  return std::to_string(number) + " " + std::string(what) + (number == 1 ? "" : "s");
}
