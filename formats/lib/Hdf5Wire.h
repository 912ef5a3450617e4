//===- Hdf5Wire.h - What the reader of foreign HDF5 sends back --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The child that reads a foreign file may have been taken over by it, so its answer is decoded as if the stranger had sent it:
// lengths are never trusted, memory grows only with what arrives, names and texts must be UTF-8.
//
// A message is a tag byte and its fields, native endian: text = u32 length, bytes; array = u8 type, u32 rank, u64 extents, then the
// numbers, or one text per element, or nothing for Absent, or for Ragged u8 type of the numbers, one u64 length per element, and
// the numbers of all.
//
//   GroupBegin name | GroupEnd | Array name array | Attribute name array | ArrayAttribute owner name array
//   Failed u32 code, message, place | Finished
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LIB_FORMATS_HDF5WIRE_H
#define RANVIER_LIB_FORMATS_HDF5WIRE_H

#include "Hdf5Tree.h"
#include <functional>
#include <string_view>

namespace ranvier::formats::wire {

enum Tag : uint8_t { GroupBegin = 1, GroupEnd, Array, Attribute, ArrayAttribute, Finished, Failed };

constexpr unsigned maxDepth = 24, maxRank = 8;
constexpr uint64_t maxObjects = 200000;              ///< Groups, data sets and attributes together; also strings of one array.
constexpr uint64_t maxText = uint64_t(1) << 20;      ///< Of one string.
constexpr uint64_t maxSequences = uint64_t(1) << 24; ///< Of one ragged array.

/// Bytes of an element; 0 for Text, Absent and Ragged.
size_t elementSize(H5Type type);

/// UTF-8 without NUL; a name also has no control characters, no slash, and is not empty.
bool isText(std::string_view text);
bool isName(std::string_view text);

/// Fills `size` bytes; false if they will not come.
using Source = std::function<bool(void *into, size_t size)>;

/// Errors: what the child reported (RNV1001..1004), RNV1002 (more than `options` allows), RNV1003 (not a complete answer).
Result<H5Group> decode(const Source &source, const std::string &path, const H5ReadOptions &options);

} // namespace ranvier::formats::wire

#endif
