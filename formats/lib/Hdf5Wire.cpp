//===- Hdf5Wire.cpp - What the reader of foreign HDF5 sends back ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Hdf5Wire.h"
#include <algorithm>

using namespace ranvier;
using namespace ranvier::formats;
using namespace ranvier::formats::wire;

size_t wire::elementSize(H5Type type) {
  switch (type) {
  case H5Type::U8:
    return 1;
  case H5Type::F32:
    return 4;
  case H5Type::I64:
  case H5Type::F64:
    return 8;
  default:
    return 0;
  }
}

namespace {
/// Length of the valid UTF-8 character at the front, or 0.
size_t characterLength(std::string_view text) {
  const auto byte = [&](size_t k) { return static_cast<uint8_t>(text[k]); };
  if (byte(0) < 0x80)
    return 1;
  const size_t length = byte(0) >= 0xC2 && byte(0) < 0xE0   ? 2
                        : (byte(0) & 0xF0) == 0xE0          ? 3
                        : byte(0) >= 0xF0 && byte(0) < 0xF5 ? 4
                                                            : 0;
  if (length == 0 || text.size() < length)
    return 0;
  for (size_t k = 1; k < length; ++k)
    if ((byte(k) & 0xC0) != 0x80)
      return 0;
  const bool overlong = (byte(0) == 0xE0 && byte(1) < 0xA0) || (byte(0) == 0xF0 && byte(1) < 0x90);
  const bool surrogate = byte(0) == 0xED && byte(1) >= 0xA0, beyond = byte(0) == 0xF4 && byte(1) >= 0x90;
  return overlong || surrogate || beyond ? 0 : length;
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = characterLength(text);
    const bool shown = length > 1 || (length == 1 && text[0] >= 0x20 && text[0] != 0x7F);
    out += shown ? std::string(text.substr(0, length)) : "?";
    text.remove_prefix(std::max<size_t>(1, length));
  }
  return out;
}

class Decoder {
public:
  Decoder(const Source &source, const std::string &path, const H5ReadOptions &options)
      : source(source), path(path), options(options) {}

  Result<H5Group> run() {
    H5Group root;
    groups = {{&root, ""}};
    while (!failure) {
      uint8_t tag = 0;
      if (!value(tag))
        break;
      if (tag == Finished && groups.size() == 1)
        return root;
      message(tag);
    }
    return *failure;
  }

private:
  bool fail(unsigned code, std::string message, std::string place = "", std::string expected = "") {
    if (!failure)
      failure = Error{
          .code = code, .message = std::move(message), .file = path, .place = std::move(place), .expected = std::move(expected)};
    return false;
  }
  bool broken() { return fail(1003, "the file could not be read: the reader crashed or gave up on it"); }

  bool bytes(void *into, size_t size) {
    if (__builtin_add_overflow(total, static_cast<uint64_t>(size), &total) || total > options.maxBytes + (uint64_t(64) << 20))
      return fail(1002, "the file holds too much", "", "at most " + std::to_string(options.maxBytes >> 20) + " MiB");
    return source(into, size) || broken();
  }
  template <typename T> bool value(T &out) { return bytes(&out, sizeof out); }

  /// Grows with what arrives, so that a length alone costs nothing.
  bool content(std::string &out, uint64_t size) {
    constexpr uint64_t piece = uint64_t(1) << 20;
    while (out.size() < size) {
      const size_t had = out.size(), more = static_cast<size_t>(std::min(piece, size - had));
      out.resize(had + more);
      if (!bytes(out.data() + had, more))
        return false;
    }
    return true;
  }
  bool text(std::string &out) {
    uint32_t size = 0;
    return value(size) && (size <= maxText || broken()) && content(out, size);
  }
  bool name(std::string &out) {
    if (!text(out))
      return false;
    return isName(out) || fail(1004, "a name is not plain UTF-8 text", at(printable(out)));
  }
  std::string at(const std::string &name) const { return groups.back().second + "/" + name; }

  bool message(uint8_t tag) {
    std::string word, owner;
    H5Array array;
    H5Group &here = *groups.back().first;
    if (tag != GroupEnd && tag != Failed && ++objects > 2 * maxObjects)
      return fail(1002, "the file holds too many objects");
    switch (tag) {
    case GroupBegin:
      if (groups.size() > maxDepth + 2)
        return broken();
      if (!name(word))
        return false;
      groups.push_back({&here.groups[word], at(word)});
      return true;
    case GroupEnd:
      if (groups.size() == 1)
        return broken();
      groups.pop_back();
      return true;
    case Array:
      if (!name(word) || !take(array, at(word)))
        return false;
      here.arrays[word] = std::move(array);
      return true;
    case Attribute:
      if (!name(word) || !take(array, at("@" + word)))
        return false;
      here.attributes[word] = std::move(array);
      return true;
    case ArrayAttribute:
      if (!name(owner) || !name(word) || !take(array, at(owner) + "@" + word))
        return false;
      here.arrayAttributes[owner][word] = std::move(array);
      return true;
    case Failed: {
      uint32_t code = 0;
      if (!value(code) || !text(word) || !text(owner))
        return false;
      if (code < 1001 || code > 1004 || word.empty())
        return broken();
      return fail(code, printable(word), printable(owner));
    }
    default:
      return broken();
    }
  }

  bool take(H5Array &out, const std::string &place) {
    uint8_t type = 0;
    uint32_t rank = 0;
    if (!value(type) || !value(rank))
      return false;
    if (type > static_cast<uint8_t>(H5Type::Ragged) || rank > maxRank)
      return broken();
    out.type = static_cast<H5Type>(type);
    out.shape.resize(rank);
    uint64_t count = 1, size = 0;
    for (uint64_t &extent : out.shape) {
      if (!value(extent))
        return false;
      if (__builtin_mul_overflow(count, std::max<uint64_t>(extent, 1), &count))
        return broken();
    }
    count = out.count();
    if (out.type == H5Type::Absent)
      return true;
    if (out.type == H5Type::Text) {
      if (count > maxObjects)
        return broken();
      for (uint64_t k = 0; k < count; ++k) {
        if (!text(out.texts.emplace_back()))
          return false;
        if (!isText(out.texts.back()))
          return fail(1004, "a text is not UTF-8", place);
      }
      return true;
    }
    if (out.type == H5Type::Ragged)
      return takeRagged(out, count, place);
    if (!spend(count, place))
      return false;
    if (__builtin_mul_overflow(count, static_cast<uint64_t>(elementSize(out.type)), &size))
      return broken();
    return content(out.raw, size);
  }

  bool spend(uint64_t count, const std::string &place) {
    if (count <= options.maxNumbers && (numbers += count) <= options.maxNumbers)
      return true;
    return fail(1002, "the file holds too many numbers", place, "at most " + std::to_string(options.maxNumbers));
  }

  bool takeRagged(H5Array &out, uint64_t count, const std::string &place) {
    uint8_t type = 0;
    if (!options.ragged || count > maxSequences || !value(type) || type >= static_cast<uint8_t>(H5Type::Text))
      return broken();
    out.numberType = static_cast<H5Type>(type);
    uint64_t all = 0, size = 0;
    for (uint64_t k = 0; k < count; ++k) {
      if (!value(out.lengths.emplace_back()))
        return false;
      if (__builtin_add_overflow(all, out.lengths.back(), &all))
        return broken();
    }
    if (!spend(all, place))
      return false;
    if (__builtin_mul_overflow(all, static_cast<uint64_t>(elementSize(out.numberType)), &size))
      return broken();
    return content(out.raw, size);
  }

  const Source &source;
  const std::string &path;
  const H5ReadOptions &options;
  std::vector<std::pair<H5Group *, std::string>> groups; ///< From the root to where we are, each with its path.
  uint64_t total = 0, objects = 0, numbers = 0;
  std::optional<Error> failure;
};
} // namespace

bool wire::isText(std::string_view text) {
  while (!text.empty()) {
    const size_t length = characterLength(text);
    if (length == 0 || text[0] == 0)
      return false;
    text.remove_prefix(length);
  }
  return true;
}

bool wire::isName(std::string_view text) {
  const bool plain =
      std::none_of(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7F || c == '/'; });
  return !text.empty() && plain && isText(text);
}

Result<H5Group> wire::decode(const Source &source, const std::string &path, const H5ReadOptions &options) {
  return Decoder(source, path, options).run();
}
