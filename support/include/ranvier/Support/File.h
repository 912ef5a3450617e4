//===- File.h - Whole files in, whole files out -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_SUPPORT_FILE_H
#define RANVIER_SUPPORT_FILE_H

#include "ranvier/Support/Error.h"
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace ranvier {

/// The whole of a file. Errors: RNV9001 (cannot open or read), RNV9002 (larger than `maxBytes`).
Result<std::string> readFile(const std::string &path, uint64_t maxBytes = uint64_t(1) << 32);

/// Writes beside the final name and renames on commit(), so that an interrupted or failed write leaves what was there before
/// intact. Destroyed without commit(): the temporary file is removed. A signal handler (installSignalCleanup) removes it on Ctrl-C
/// too. A final name that is a link stays one: the file it leads to is replaced. The file gets the permissions that the umask
/// leaves.
class AtomicFile {
public:
  /// Errors: RNV9003 (cannot create in that folder; the name is taken by a folder, a device or a file that may not be written).
  static Result<AtomicFile> create(const std::string &finalPath);
  AtomicFile(AtomicFile &&other) noexcept;
  AtomicFile &operator=(AtomicFile &&other) noexcept;
  ~AtomicFile();
  /// Where to write: for libraries that want a path (HDF5).
  const std::string &temporaryPath() const { return temporary; }
  int descriptor() const { return fd; }
  /// Errors: RNV9004 (short write, full disk).
  Result<void> write(std::span<const std::byte> bytes);
  Result<void> write(std::string_view text);
  /// fsync, rename over the final name. Errors: RNV9004.
  Result<void> commit();

private:
  AtomicFile() = default;
  std::string temporary, target;
  int fd = -1;
};

/// AtomicFile in one call.
Result<void> writeFileAtomically(const std::string &path, std::string_view text);

/// On SIGINT, SIGTERM, SIGHUP, SIGQUIT: remove the temporary files of all live AtomicFiles, call `last` (which may only do what is
/// safe in a signal handler), then die of the signal. A closed pipe and a file size limit become failed writes instead of signals.
void installSignalCleanup(void (*last)(int signalNumber) = nullptr);

/// A read-only memory map of a whole file. Errors: RNV9001.
class MappedFile {
public:
  static Result<MappedFile> open(const std::string &path);
  MappedFile(MappedFile &&other) noexcept;
  MappedFile &operator=(MappedFile &&other) noexcept;
  ~MappedFile();
  std::span<const std::byte> bytes() const { return {data, size}; }

private:
  MappedFile() = default;
  const std::byte *data = nullptr;
  size_t size = 0;
};

/// 128-bit XXH3 of the bytes in hexadecimal: names contents in provenance records, not a signature.
std::string contentHash(std::span<const std::byte> bytes);
std::string contentHash(std::string_view text);
/// 64-bit XXH3, the section checksum of images.
uint64_t checksum64(std::span<const std::byte> bytes);

} // namespace ranvier

#endif
