// The formats of docs/spec/population-tables.md, byte for byte, against cases written by hand; limits of their fields.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Image/PopulationTables.h"
#include <algorithm>
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::image;

TEST_CASE("a synapse word has index, receptor and delay below its weight") {
  const SynapseFields fields = SynapseFields::of(256, 2, 16);
  CHECK(fields == SynapseFields{8, 1, 4});
  CHECK(fields.sums() == 8192);
  CHECK(packSynapse(fields, {.index = 0x5A, .type = 1, .delay = 3, .weight = 0xBEEF}) == 0xBEEF075Au);
  // The longest delay is stored as 0: its slot is the one that was just read.
  CHECK(packSynapse(fields, {.index = 255, .type = 0, .delay = 16, .weight = 1}) == 0x000100FFu);
  CHECK(SynapseFields::of(1, 1, 1) == SynapseFields{0, 0, 0});
  CHECK(SynapseFields::of(257, 3, 17) == SynapseFields{9, 2, 5});
}

TEST_CASE("rows are header, plastic region, fixed words, controls") {
  const SynapseFields fields = SynapseFields::of(16, 2, 8); // 4, 1 and 3 bits
  const std::vector<RowSynapse> fixed = {{1, 0, 1, 100, false}, {15, 1, 8, 65535, false}};
  CHECK(rowWords(2, 0) == 2);
  CHECK(encodeRow(fields, fixed, 4) == std::vector<uint32_t>{0, 2, 0, 0x00640021u, 0xFFFF001Fu, 0, 0});
  const std::vector<RowSynapse> mixed = {{3, 0, 2, 7, true}, {1, 0, 1, 100, false}, {4, 1, 5, 8, true}, {5, 0, 1, 9, true}};
  CHECK(rowWords(1, 3) == 7);
  // Region: history of 2 words, weights 7 and 8, weight 9. Controls: delay 2 | type 0 | index 3 = 0x43 and so on.
  CHECK(encodeRow(fields, mixed, 7) == std::vector<uint32_t>{4, 0, 0, 0x00080007u, 9, 1, 3, 0x00640021u, 0x00B40043u, 0x25});
  CHECK(encodeRow(fields, mixed, 7, 0x00020001u)[2] == 0x00020001u); // two traces of the source
  CHECK(encodeRow(fields, {}, 2) == std::vector<uint32_t>{0, 0, 0, 0, 0});
  for (const std::vector<RowSynapse> &row : {fixed, mixed}) {
    auto read = decodeRow(fields, encodeRow(fields, row, 12));
    REQUIRE(bool(read));
    std::vector<RowSynapse> expected = row;
    std::sort(expected.begin(), expected.end());
    std::sort(read->begin(), read->end());
    CHECK(*read == expected);
  }
}

TEST_CASE("rows that cannot be read are refused") {
  const SynapseFields fields = SynapseFields::of(16, 2, 8);
  for (const std::vector<uint32_t> &row : std::vector<std::vector<uint32_t>>{{},
                                                                             {0, 0},
                                                                             {1, 0, 0},
                                                                             {0, 1, 0},
                                                                             {0, 0xFFFFFFFFu, 0},
                                                                             {0, 0, 0xFFFFFFFFu},
                                                                             {0, 0, 1, 5},          // a control without a weight
                                                                             {3, 0, 0, 1, 0, 0}}) { // a weight without a control
    const auto read = decodeRow(fields, row);
    REQUIRE(!read);
    CHECK(read.error().code == 3033);
  }
}

TEST_CASE("entries, addresses and extra words of the population table") {
  CHECK(packEntry({.key = 0x12345600, .mask = 0xFFFFFF00, .start = 0x1234, .extra = false, .count = 3}) ==
        std::array<uint32_t, 3>{0x12345600u, 0xFFFFFF00u, 0x00031234u});
  CHECK(packEntry({.key = 0, .mask = 0, .start = 0x7FFF, .extra = true, .count = 0xFFFF})[2] == 0xFFFFFFFFu);
  CHECK(packAddress({.words = 256, .address = 0x230, .single = false}) == 0x000023FFu);
  CHECK(packAddress({.words = 1, .address = 16, .single = false}) == 0x00000100u);
  CHECK(packAddress({.words = 1, .address = 8, .single = true}) == 0x80000800u); // in bytes
  CHECK(packExtra({.coreMask = 0x3FF, .filterWords = 8, .shift = 8, .neurons = 256}) == 0x200823FFu);
}

TEST_CASE("sources that stand together form blocks") {
  using Slice = SourceBlocks::Slice;
  const std::vector<Slice> slices = {{0, 0, 0, 3}, {0, 1, 0, 2}, {0, 0, 5, 1}, {4, 0, 3, 2}, {7, 1, 2, 2}};
  const SourceBlocks blocks({{6, false}, {4, false}, {5, true}}, slices, 2);
  CHECK(blocks.sizes(0) == std::vector<uint32_t>{4, 2});
  CHECK(blocks.cores(0) == std::vector<uint32_t>{0, 4});
  CHECK(blocks.block(0, 5) == 0);
  CHECK(blocks.atom(0, 5) == 3);
  CHECK(blocks.block(0, 4) == 1);
  CHECK(blocks.atom(0, 4) == 1);
  CHECK(blocks.sizes(2) == std::vector<uint32_t>{2, 2, 1}); // an input is cut every two neurons
  CHECK(blocks.uniform(2));
  CHECK(blocks.cores(2) == std::vector<uint32_t>{none, none, none});

  auto keys = assignKeys(blocks, {true, false, true});
  REQUIRE(bool(keys));
  // Two populations, up to three blocks, up to four neurons: 1, 2 and 2 bits.
  CHECK(keys->key(0, 1, 3) == 0b00111);
  CHECK(keys->key(2, 2, 0) == 0b11000);
  CHECK(keys->blockMask(0) == 0xFFFFFFFCu);
  CHECK(keys->mask(0) == 0xFFFFFFF0u);
}

TEST_CASE("keys of populations that are very unlike have fields of their own") {
  using Slice = SourceBlocks::Slice;
  // One block of 2^20 neurons, and 2^13 blocks of one: 1 + 13 + 20 bits are too many for all alike.
  std::vector<Slice> slices = {{0, 0, 0, 1u << 20}};
  for (uint32_t n = 0; n < 1u << 13; ++n)
    slices.push_back({n + 1, 1, n, 1});
  const SourceBlocks blocks({{1u << 20, false}, {1u << 13, false}}, slices, 256);
  auto keys = assignKeys(blocks, {true, true});
  REQUIRE(bool(keys));
  CHECK(keys->key(0, 0, 5) == 5);
  CHECK(keys->key(1, 7, 0) == (1u << 20) + 7);
  CHECK(keys->blockMask(1) == 0xFFFFFFFFu);
  const SourceBlocks huge({{1u << 20, false}, {1u << 13, false}, {8193, true}}, slices, 8193); // 2^14 of the third
  CHECK(bool(assignKeys(huge, {true, true, true})));
}

TEST_CASE("keys that do not fit 32 bits are refused") {
  std::vector<SourceBlocks::Source> sources;
  std::vector<SourceBlocks::Slice> slices;
  // 2^12 blocks, the last of 2^21 neurons: 33 bits.
  for (uint32_t n = 0; n + 1 < 1u << 12; ++n)
    slices.push_back({n, 0, n, 1});
  slices.push_back({1u << 12, 0, (1u << 12) - 1, 1u << 21});
  sources.push_back({(1u << 12) - 1 + (1u << 21), false});
  const auto keys = assignKeys(SourceBlocks(sources, slices, 256), {true});
  REQUIRE(!keys);
  CHECK(keys.error().code == 3031);
}

namespace {
/// Two blocks of 2 and 1 neurons of population 0 and one of 2 of population 1, onto a core of 4 neurons with 2 receptors.
struct Small {
  hw::Memories memories;
  SourceBlocks blocks{{{3, false}, {2, false}}, std::vector<SourceBlocks::Slice>{{0, 0, 0, 2}, {1, 0, 2, 1}, {1, 1, 0, 2}}, 256};
  Keys keys;
  CoreShape shape;
  Small() {
    auto made = assignKeys(blocks, {true, true});
    REQUIRE(bool(made));
    keys = *made; // 1 bit each for population, block and atom
    shape.neurons = 4;
    shape.types = 2;
    shape.longestDelay = 3;
    shape.neuronWords = 20;
    shape.inputWords = 8;
    shape.blocks[{0, 0}] = {1, {{0, {3, 1, false}}}};
    shape.blocks[{0, 1}] = {1, {{0, {5, 1, false}}, {2, {1, 1, false}}}};
    shape.blocks[{1, 0}] = {2, {{1, {1, 2, false}}}};
  }
};
} // namespace

TEST_CASE("the plan of a core's tables") {
  const Small small;
  const CorePlan plan = planCore(small.shape, small.blocks, small.keys, small.memories);
  REQUIRE(plan.entries.size() == 2);
  const EntryPlan &both = plan.entries[0], &direct = plan.entries[1];
  CHECK(both.blocks == 2); // one entry for two blocks of sources
  CHECK(both.rows == 3);
  CHECK(both.filterWords == 2);
  CHECK(!both.everySource);
  REQUIRE(both.matrices.size() == 2);
  CHECK(both.matrices[0].words == 5);
  CHECK(both.matrices[0].address == 0);
  CHECK(both.matrices[1].words == 1);
  CHECK(both.matrices[1].address == 96); // after 3 rows of 3 + 5 words
  CHECK(!both.matrices[1].direct);
  CHECK(direct.everySource);
  REQUIRE(direct.matrices.size() == 1);
  CHECK(direct.matrices[0].direct);
  CHECK(plan.rowBytes == 96 + 3 * 4 * 4);
  CHECK(plan.directBytes == 8);
  CHECK(plan.addressWords == 4);
  CHECK(plan.longestRow == 5);

  const MemoryUse use = useOf(small.shape, plan, small.memories);
  // 2 + 1 + 2 bits of sums of 2 bytes; 28 words; 2 entries and 4 address words; 2 pointers and 2 filter words; 2 direct words; 256
  // packets; 2 buffers of 259 words.
  CHECK(use.dtcmBytes() == 64 + 112 + 24 + 16 + 16 + 8 + 1024 + 2072);
  // 20 words; 8 + 40; rows; direct; 4 + 32 + 12 of filters; region table; allocation.
  CHECK(use.sdramBytes() == 80 + 48 + 144 + 8 + 48 + 392 + 8);

  hw::Memories none = small.memories;
  none.directBytes = 7; // one byte too few for the direct rows
  const CorePlan rows = planCore(small.shape, small.blocks, small.keys, none);
  CHECK(rows.directBytes == 0);
  CHECK(rows.rowBytes == 144 + 2 * 4 * 4);
  none.directBytes = 8;
  CHECK(planCore(small.shape, small.blocks, small.keys, none).directBytes == 8);
}

TEST_CASE("blocks that are unlike, or not all there, have entries of their own") {
  Small small;
  small.shape.blocks.erase({0, 1});
  CHECK(planCore(small.shape, small.blocks, small.keys, small.memories).entries[0].blocks == 1);
  const SourceBlocks unlike{
      {{3, false}, {2, false}}, std::vector<SourceBlocks::Slice>{{0, 0, 0, 1}, {1, 0, 1, 2}, {1, 1, 0, 2}}, 256};
  CHECK(planCore(Small().shape, unlike, small.keys, small.memories).entries.size() == 3);
}

TEST_CASE("a core's block starts with a region table") {
  CoreTables tables;
  tables.regions[NeuronRegion] = {1, 0xFFFFFFFFu};
  tables.regions[RowRegion] = {7};
  const std::vector<uint8_t> bytes = blockBytes(tables, 0x60000000u);
  const auto word = [&](size_t at) {
    return bytes[at] | uint32_t(bytes[at + 1]) << 8 | uint32_t(bytes[at + 2]) << 16 | uint32_t(bytes[at + 3]) << 24;
  };
  REQUIRE(bytes.size() == 392 + 12);
  CHECK(bytes[0] == 0xD6); // little endian
  CHECK(word(0) == 0xAD130AD6u);
  CHECK(word(4) == 0x00010000u);
  CHECK(word(8) == 0x60000188u); // behind the 392 bytes
  CHECK(word(12) == 0);          // 1 + 0xFFFFFFFF
  CHECK(word(16) == 2);
  CHECK(word(20) == 0); // a region without words
  CHECK(word(32) == 0x60000190u);
  CHECK(word(36) == 7);
  CHECK(word(40) == 1);
  CHECK(word(392) == 1);
  CHECK(word(400) == 7);
}

TEST_CASE("a block that is none is refused") {
  std::vector<uint8_t> bytes = blockBytes({}, 0);
  CHECK(!synapsesOfPacket(bytes, 0, {}, 5)); // no population table
  bytes[0] ^= 1;
  const auto read = synapsesOfPacket(bytes, 0, {}, 5);
  REQUIRE(!read);
  CHECK(read.error().code == 3033);
  CHECK(!synapsesOfPacket({}, 0, {}, 5));
}
