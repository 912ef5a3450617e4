//===- Hdf5Writer.h - Our own HDF5 files ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_FORMATS_HDF5WRITER_H
#define RANVIER_FORMATS_HDF5WRITER_H

#include "ranvier/Support/Error.h"
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace ranvier::formats {

/// Writes named arrays, texts and attributes beside the final name and renames when finished; the first failure is kept and
/// reported by finish(). Paths are "group/name"; groups are made as needed. Arrays of at least 64 elements are deflated if
/// `compress`. Destroyed without finish(), or after a failure, it leaves whatever had the final name before.
class Hdf5Writer {
public:
  /// Errors: RNV9003.
  static Result<std::unique_ptr<Hdf5Writer>> create(const std::string &path, bool compress = false);
  virtual ~Hdf5Writer() = default;
  virtual void group(const std::string &path) = 0;
  /// shape [] with one element is a scalar.
  virtual void array(const std::string &path, std::span<const uint8_t> values, const std::vector<uint64_t> &shape) = 0;
  virtual void array(const std::string &path, std::span<const uint32_t> values, const std::vector<uint64_t> &shape) = 0;
  virtual void array(const std::string &path, std::span<const int32_t> values, const std::vector<uint64_t> &shape) = 0;
  virtual void array(const std::string &path, std::span<const uint64_t> values, const std::vector<uint64_t> &shape) = 0;
  virtual void array(const std::string &path, std::span<const int64_t> values, const std::vector<uint64_t> &shape) = 0;
  virtual void array(const std::string &path, std::span<const float> values, const std::vector<uint64_t> &shape) = 0;
  virtual void array(const std::string &path, std::span<const double> values, const std::vector<uint64_t> &shape) = 0;
  virtual void text(const std::string &path, const std::string &value) = 0;
  virtual void texts(const std::string &path, const std::vector<std::string> &values, const std::vector<uint64_t> &shape) = 0;
  /// Attribute of a group or data set ("" is the root).
  virtual void attribute(const std::string &path, const std::string &name, const std::string &value) = 0;
  virtual void attribute(const std::string &path, const std::string &name, double value) = 0;
  virtual void attribute(const std::string &path, const std::string &name, int64_t value) = 0;
  virtual void attribute(const std::string &path, const std::string &name, const std::vector<uint32_t> &values) = 0;
  /// Attribute of an enumeration type: one of `words`.
  virtual void choice(const std::string &path, const std::string &name, const std::vector<std::string> &words, uint8_t chosen) = 0;
  /// Errors: RNV1010 (full disk, or libhdf5 refused), RNV1011 (a name, text or shape that HDF5 cannot hold), RNV9004 (cannot
  /// rename).
  virtual Result<void> finish() = 0;
};

} // namespace ranvier::formats

#endif
