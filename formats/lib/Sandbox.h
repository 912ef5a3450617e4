//===- Sandbox.h - Parse a stranger's file in a child -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libhdf5 1.10 crashes on files with a few mutated bytes, so foreign files are parsed in a forked child with resource limits, no other
// descriptors and no plug-ins. The child sends plain data through a pipe; the parent believes nothing of it: every length is bounded
// before memory is taken. The child never returns into the caller's code: it ends with _exit, so neither destructors, exit handlers
// nor the flushing of HDF5 files the parent has open run twice.
//
// Threads: fork copies only the calling thread. The C library makes its allocator usable in the child; HDF5 is usable if no other
// thread is inside it during the fork, which hdf5Mutex() guarantees for every use in this library.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_FORMATS_LIB_SANDBOX_H
#define RANVIER_FORMATS_LIB_SANDBOX_H

#include "ranvier/Support/Error.h"
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <type_traits>
#include <utility>
#include <vector>

namespace ranvier::formats {

/// Held around every HDF5 call of this library in the parent, and while forking.
std::mutex &hdf5Mutex();

struct SandboxLimits {
  uint64_t maxBytes = uint64_t(1) << 30;      ///< Bytes the parent takes from the child.
  uint64_t addressSpace = uint64_t(2) << 30;  ///< Above what the parent has mapped. Not set under AddressSanitizer and ThreadSanitizer.
  unsigned cpuSeconds = 60, wallSeconds = 180;
};

/// The child's end of the pipe. A failed write ends the child.
class ByteSink {
public:
  explicit ByteSink(int fd) : fd(fd) {}
  void bytes(const void *data, size_t size);
  template <typename T> void number(T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes(&value, sizeof value);
  }
  void text(std::string_view text);
  void flush();
  /// Drops what is buffered and tells the parent that only a refusal follows, wherever in a record the stream was.
  void beginRefusal();

private:
  void write(const void *data, size_t size);
  int fd;
  std::string buffer;
};

/// The parent's end. All functions return false once the stream ended early, was too long, too slow, or a refusal began. The stream is
/// cut into frames [u32 size][bytes]; a size of 2^32 - 1 begins the refusal.
class ByteSource {
public:
  ByteSource(int fd, uint64_t maxBytes, std::chrono::steady_clock::time_point deadline) : fd(fd), budget(maxBytes), deadline(deadline) {}
  bool bytes(void *data, size_t size);
  /// Grows `out` as the data arrives, so that a lie about the size takes no memory.
  bool bulk(std::vector<std::byte> &out, uint64_t size);
  template <typename T> bool number(T &value) { return bytes(&value, sizeof value); }
  /// UTF-8 of at most `limit` bytes.
  bool text(std::string &out, uint32_t limit = 1u << 20);
  /// True, once, if reading stopped because the child refuses the file: the refusal may then be read.
  bool takeRefusal() { return std::exchange(refusing, false); }
  bool timedOut() const { return late; }
  bool overBudget() const { return excess; }

private:
  bool refill();
  int fd;
  uint64_t budget;
  std::chrono::steady_clock::time_point deadline;
  std::vector<char> buffer = std::vector<char>(1 << 16);
  size_t begin = 0, end = 0;
  uint64_t frame = 0; ///< Bytes left in the current frame.
  bool late = false, excess = false, refusing = false;
  bool raw(void *data, size_t size);
};

/// Runs `child` in a forked process and `parent` on what it sends. `parent` returns false if the data make no sense; it sets `failure`
/// itself for errors the child reported in order.
/// Errors: RNV9001 (not a readable regular file), RNV1002 (too much data), RNV1003 (crash, timeout, nonsense), RNV1007 (no child).
Result<void> runSandboxed(const std::string &path, const SandboxLimits &limits, const std::function<void(ByteSink &)> &child,
                          const std::function<bool(ByteSource &)> &parent);

/// Valid UTF-8 without NUL?
bool isUtf8(std::string_view text);

} // namespace ranvier::formats

#endif
