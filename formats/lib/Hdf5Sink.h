//===- Hdf5Sink.h - Where libhdf5 writes our files --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libhdf5 cannot close a file whose last flush fails, so a full disk would leave its handles and descriptors open for good. This
// file driver writes through a descriptor of ours, keeps the first error of the system and lets libhdf5 believe that all is well.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LIB_FORMATS_HDF5SINK_H
#define RANVIER_LIB_FORMATS_HDF5SINK_H

#include "Hdf5Handle.h"
#include <memory>

namespace ranvier::formats {

class Hdf5Sink {
public:
  /// Writes to `fd`, which stays the caller's and must live as long as the file is open.
  explicit Hdf5Sink(int fd);
  ~Hdf5Sink();
  /// A new HDF5 file.
  Hdf5Handle create();
  /// Failures on this thread become our errors, not text on stderr. create() does it for the thread that calls it.
  static void quiet();
  /// Whether a write failed since.
  bool failed() const;
  /// Why the last thing failed: the system's word for the first write that did ("No space left on device"), else libhdf5's.
  std::string reason() const;

  struct State;

private:
  std::unique_ptr<State> state;
};

/// Whether a name can be one component of an HDF5 path: not empty, not ".", no slash, no NUL.
bool isHdf5Name(const std::string &name);

} // namespace ranvier::formats

#endif
