//===- Hdf5Handle.h - Handles of libhdf5 that close themselves --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_FORMATS_HDF5HANDLE_H
#define RANVIER_LIB_FORMATS_HDF5HANDLE_H

#include <hdf5.h>
#include <utility>

namespace ranvier::formats {

/// Owns one identifier of libhdf5; negative means that libhdf5 refused.
class Hdf5Handle {
public:
  using Close = herr_t (*)(hid_t);
  Hdf5Handle() = default;
  Hdf5Handle(hid_t id, Close close) : id(id), close(close) {}
  Hdf5Handle(Hdf5Handle &&other) noexcept : id(std::exchange(other.id, -1)), close(other.close) {}
  Hdf5Handle &operator=(Hdf5Handle &&other) noexcept {
    std::swap(id, other.id);
    std::swap(close, other.close);
    return *this;
  }
  ~Hdf5Handle() { reset(); }
  /// Closes now; false if libhdf5 could not (a file that cannot be flushed).
  bool reset() { return id < 0 || close(std::exchange(id, -1)) >= 0; }
  explicit operator bool() const { return id >= 0; }
  operator hid_t() const { return id; }

private:
  hid_t id = -1;
  Close close = nullptr;
};

} // namespace ranvier::formats

#endif
