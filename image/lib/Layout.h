//===- Layout.h - Header and section table of a .rvi file -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The bytes of docs/spec/image-format.md, sections 1 and 2. All records are little endian and free of padding, so that memory is
// file.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_IMAGE_LIB_LAYOUT_H
#define RANVIER_IMAGE_LIB_LAYOUT_H

#include "ranvier/Image/Image.h"
#include <array>
#include <bit>
#include <type_traits>

namespace ranvier::image::detail {

static_assert(std::endian::native == std::endian::little, "image files are little endian and used in place");

constexpr std::array<char, 8> magic = {'\x89', 'R', 'V', 'I', '\r', '\n', '\x1a', '\n'};
constexpr uint32_t formatVersion = 1;
constexpr uint64_t pageBytes = 4096;

struct FileHeader {
  std::array<char, 8> magic;
  uint32_t version;
  uint32_t sectionCount;
  uint64_t fileBytes;
  uint64_t tableOffset;
  uint64_t tableChecksum;
  uint64_t reserved[2];
  uint64_t headerChecksum; ///< Of the 56 bytes before it.
};
struct SectionRecord {
  uint32_t kind;
  uint32_t elementBytes;
  uint64_t offset; ///< Multiple of pageBytes.
  uint64_t bytes;
  uint64_t count;
  uint64_t checksum;
};
static_assert(sizeof(FileHeader) == 64 && sizeof(SectionRecord) == 40);
static_assert(sizeof(CoreRecord) == 96 && sizeof(SliceRecord) == 40 && sizeof(ParamRecord) == 16 && sizeof(InAxonRecord) == 16 &&
              sizeof(RowRecord) == 16 && sizeof(OutAxonRecord) == 8 && sizeof(CrossbarRecord) == 48 &&
              sizeof(CrossbarRowRecord) == 16 && sizeof(CrossbarColumnRecord) == 8 && sizeof(CrossbarRangeRecord) == 16);

enum class Section : uint32_t {
  Meta = 1,
  Chip,
  Cores,
  Slices,
  Params,
  ParamWords,
  StateWords,
  InAxons,
  Rows,
  Synapses32,
  Synapses64,
  OutPtr,
  OutAxons,
  Crossbars,
  CrossbarRows,
  CrossbarColumns,
  CrossbarLevels,
  CrossbarRanges
};
/// Those of any image; one whose cores have macros holds `mostSections`.
constexpr uint32_t sectionCount = 13, mostSections = 18;
constexpr const char *sectionNames[mostSections + 1] = {"",
                                                        "meta",
                                                        "chip",
                                                        "cores",
                                                        "slices",
                                                        "params",
                                                        "param_words",
                                                        "state_words",
                                                        "in_axons",
                                                        "rows",
                                                        "synapses32",
                                                        "synapses64",
                                                        "out_ptr",
                                                        "out_axons",
                                                        "crossbars",
                                                        "crossbar_rows",
                                                        "crossbar_columns",
                                                        "crossbar_levels",
                                                        "crossbar_ranges"};

/// Calls visit(section, member of Source) for the sixteen tables.
template <typename Source, typename Visit> void forEachTable(Source &source, Visit &&visit) {
  visit(Section::Cores, source.cores);
  visit(Section::Slices, source.slices);
  visit(Section::Params, source.params);
  visit(Section::ParamWords, source.paramWords);
  visit(Section::StateWords, source.stateWords);
  visit(Section::InAxons, source.inAxons);
  visit(Section::Rows, source.rows);
  visit(Section::Synapses32, source.synapses32);
  visit(Section::Synapses64, source.synapses64);
  visit(Section::OutPtr, source.outPtr);
  visit(Section::OutAxons, source.outAxons);
  visit(Section::Crossbars, source.crossbars);
  visit(Section::CrossbarRows, source.crossbarRows);
  visit(Section::CrossbarColumns, source.crossbarColumns);
  visit(Section::CrossbarLevels, source.crossbarLevels);
  visit(Section::CrossbarRanges, source.crossbarRanges);
}

constexpr uint64_t alignPage(uint64_t offset) { return (offset + pageBytes - 1) / pageBytes * pageBytes; }

} // namespace ranvier::image::detail

#endif
