//===- Hdf5Tree.h - A foreign HDF5 file as plain data -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libhdf5 crashes on some corrupt files, so files from strangers are read in a forked child with resource limits; what crosses back
// is a serialised tree of groups, data sets and attributes (Hdf5Wire.h), which the parent decodes as if it came from the stranger
// too.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LIB_FORMATS_HDF5TREE_H
#define RANVIER_LIB_FORMATS_HDF5TREE_H

#include "ranvier/Support/Error.h"
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ranvier::formats {

enum class H5Type : uint8_t { U8, I64, F32, F64, Text, Absent, Ragged };

/// A data set or attribute: shape [] is a scalar. Integers of other widths arrive as i64, text as one UTF-8 string per element.
/// Absent: the data set is there, but its contents were not asked for. Ragged: each element is a sequence of numbers of its own
/// length (variable-length types), only where they were asked for.
struct H5Array {
  H5Type type = H5Type::Absent;
  std::vector<uint64_t> shape;
  std::string raw; ///< Numbers, native endian.
  std::vector<std::string> texts;
  H5Type numberType = H5Type::Absent; ///< Ragged: what the sequences hold; `raw` has them one after the other.
  std::vector<uint64_t> lengths;      ///< Ragged: numbers of each element.
  uint64_t count() const;
  /// `index` counts over all of `raw`, so that ragged arrays have as many as their lengths together.
  double number(uint64_t index) const;
  std::vector<double> numbers() const;
  bool isNumber() const { return type < H5Type::Text; }
};

struct H5Group {
  std::map<std::string, H5Group> groups;
  std::map<std::string, H5Array> arrays;
  std::map<std::string, H5Array> attributes;
  std::map<std::string, std::map<std::string, H5Array>> arrayAttributes;
  /// "a/b/c"; null if absent.
  const H5Group *group(const std::string &path) const;
  const H5Array *array(const std::string &path) const;
};

/// A few bytes of a compressed file may stand for gigabytes, so both limits matter.
struct H5ReadOptions {
  uint64_t maxBytes = uint64_t(4) << 30;   ///< Of the serialised tree.
  uint64_t maxNumbers = uint64_t(1) << 32; ///< Elements of all arrays together: who makes doubles of them takes 8 bytes each.
  std::vector<std::string> only = {}; ///< Data sets to read the contents of, by full path without the leading slash; empty: all.
  bool ragged = false;                ///< Take data sets of variable-length sequences of numbers, which are refused else.
};

/// Errors: RNV1001 not HDF5, RNV1002 too large, RNV1003 the reader crashed, ran out of time or memory, RNV1004 something libhdf5 or
/// we refuse (links other than hard ones, external storage, virtual data sets, filters from plug-ins, types that are neither
/// numbers nor text).
Result<H5Group> readHdf5(const std::string &path, const H5ReadOptions &options = {});

} // namespace ranvier::formats

#endif
