//===- Decode.cpp - A core's tables, read back ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// As the machine's code reads them: a packet's key goes through the population table and the filters to rows, and rows give
// synapses. Written from docs/spec/population-tables.md alone, with offsets and masks of its own, so that a mistake in Build.cpp or
// Words.cpp is not made here, too.
//===----------------------------------------------------------------------===//
#include "ranvier/Image/PopulationTables.h"

using namespace ranvier;
using namespace ranvier::image;

namespace {

class Reader {
public:
  Reader(std::span<const uint8_t> block, uint32_t address, const SynapseFields &fields)
      : block(block), address(address), fields(fields) {}

  /// The word at an offset of the block; 0 and a failure beyond its end.
  uint32_t word(uint64_t at) {
    if (at % 4 || at + 4 > block.size()) {
      fail(at, "a word within " + std::to_string(block.size()) + " bytes");
      return 0;
    }
    return uint32_t(block[at]) | uint32_t(block[at + 1]) << 8 | uint32_t(block[at + 2]) << 16 | uint32_t(block[at + 3]) << 24;
  }
  void fail(uint64_t at, std::string expected) {
    if (!failure)
      failure = Error{.code = 3033,
                      .message = "the tables of a core cannot be read",
                      .place = "offset " + std::to_string(at),
                      .expected = std::move(expected),
                      .found = "another"};
  }

  Result<std::vector<RowSynapse>> packet(uint32_t key);

private:
  /// Offset in the block of a region, and its words.
  std::pair<uint64_t, uint32_t> region(unsigned number) {
    const uint32_t at = word(8 + 12 * number), words = word(16 + 12 * number);
    return {words ? at - address : 0, words};
  }
  bool passes(uint32_t entry, uint32_t atom, uint32_t core, uint32_t coreWords);
  void takeRow(uint64_t at, uint32_t length, std::vector<RowSynapse> &out);

  std::span<const uint8_t> block;
  uint32_t address;
  const SynapseFields fields;
  std::optional<Error> failure;
};

RowSynapse unpack(const SynapseFields &fields, uint32_t control, uint32_t weight, bool plastic) {
  const uint32_t slots = 1u << fields.delayBits;
  const uint32_t delay = control / (1u << fields.indexBits) / (1u << fields.typeBits) % slots;
  return {.index = control % (1u << fields.indexBits),
          .type = control / (1u << fields.indexBits) % (1u << fields.typeBits),
          .delay = delay ? delay : slots,
          .weight = weight,
          .plastic = plastic};
}

/// The bit of a source in the filter of an entry.
bool Reader::passes(uint32_t entry, uint32_t atom, uint32_t core, uint32_t coreWords) {
  const uint64_t start = region(4).first, filter = start + 4 + 16 * uint64_t(entry);
  if (word(filter + 4) & 2)
    return true;
  const uint64_t bits = start + word(filter + 12);
  return word(bits + 4 * (uint64_t(core) * coreWords + atom / 32)) >> atom % 32 & 1;
}

void Reader::takeRow(uint64_t at, uint32_t length, std::vector<RowSynapse> &out) {
  std::vector<uint32_t> words;
  for (uint32_t n = 0; n < length; ++n)
    words.push_back(word(at + 4 * uint64_t(n)));
  if (failure)
    return;
  auto row = decodeRow(fields, words);
  if (row)
    out.insert(out.end(), row->begin(), row->end());
  else
    failure = row.error();
}

Result<std::vector<RowSynapse>> Reader::packet(uint32_t key) {
  if (word(0) != 2903706326u || word(4) != 65536u)
    fail(0, "the magic number and version of a region table");
  const auto [table, size] = region(1);
  const auto rows = region(2), direct = region(3);
  if (size < 2)
    fail(20, "a region with a population table");
  std::vector<RowSynapse> found;
  uint32_t low = 0, high = word(table);
  while (low < high && !failure) {
    const uint32_t middle = (low + high) / 2;
    const uint64_t at = table + 8 + 12 * uint64_t(middle);
    const uint32_t entryKey = word(at), mask = word(at + 4), last = word(at + 8);
    if ((key & mask) != entryKey) {
      (entryKey < key ? low : high) = entryKey < key ? middle + 1 : middle;
      continue;
    }
    uint64_t list = table + 8 + 12 * uint64_t(word(table)) + 4 * uint64_t(last % 32768);
    uint32_t atom = key & ~mask, core = 0, coreWords = 0, neurons = 0;
    if (last / 32768 % 2) {
      const uint32_t extra = word(list), coreMask = extra % 1024, shift = extra / 65536 % 32;
      list += 4;
      coreWords = extra / 1024 % 64;
      neurons = extra / (1u << 21);
      core = key >> shift & coreMask;
      atom = key & ~(mask | coreMask << shift);
    }
    if (!passes(middle, atom, core, coreWords))
      return found;
    const uint64_t row = uint64_t(core) * neurons + atom;
    for (uint32_t k = 0; k < last / 65536; ++k, list += 4) {
      const uint32_t where = word(list), field = where / 256 % (1u << 23);
      if (where == ~0u)
        continue;
      if (where >= 1u << 31) {
        const uint32_t single = word(direct.first + field + 4 * row);
        found.push_back(unpack(fields, single % 65536, single / 65536, false));
        continue;
      }
      const uint32_t stride = where % 256 + 1 + 3;
      takeRow(rows.first + uint64_t(field) * 16 + row * stride * 4, stride, found);
    }
    break;
  }
  if (failure)
    return std::move(*failure);
  return found;
}

} // namespace

Result<std::vector<RowSynapse>> image::decodeRow(const SynapseFields &fields, std::span<const uint32_t> row) {
  const auto wrong = [](const char *expected) {
    return Error{.code = 3033, .message = "a row cannot be read", .place = "row", .expected = expected, .found = "another"};
  };
  if (row.size() < 3 || row[0] > row.size() - 3)
    return wrong("a plastic region within the row");
  const uint64_t region = row[0], fixed = row[1 + region], plastic = row[2 + region], controls = 3 + region + fixed;
  if (fixed > row.size() || plastic > 2 * row.size() || controls + (plastic + 1) / 2 > row.size())
    return wrong("synapses within the row");
  if (region != (plastic ? 2 + (plastic + 1) / 2 : 0))
    return wrong("a history and a weight for each plastic control");
  std::vector<RowSynapse> found;
  for (uint64_t n = 0; n < fixed; ++n)
    found.push_back(unpack(fields, row[3 + region + n] & 0xFFFF, row[3 + region + n] >> 16, false));
  for (uint64_t n = 0; n < plastic; ++n) {
    const unsigned shift = n % 2 ? 16 : 0;
    found.push_back(unpack(fields, row[controls + n / 2] >> shift & 0xFFFF, row[3 + n / 2] >> shift & 0xFFFF, true));
  }
  return found;
}

Result<std::vector<RowSynapse>> image::synapsesOfPacket(std::span<const uint8_t> block, uint32_t address,
                                                        const SynapseFields &fields, uint32_t key) {
  return Reader(block, address, fields).packet(key);
}
