//===- File.cpp - Whole files in, whole files out -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Live temporary files are listed in a fixed table of C strings, because a signal handler may neither allocate nor lock.
//===----------------------------------------------------------------------===//
#include "ranvier/Support/File.h"
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace ranvier;

namespace {
constexpr size_t maxLiveFiles = 64;
std::atomic<char *> liveFiles[maxLiveFiles];

void remember(const std::string &path) {
  char *copy = ::strdup(path.c_str());
  for (auto &slot : liveFiles) {
    char *empty = nullptr;
    if (slot.compare_exchange_strong(empty, copy))
      return;
  }
  ::free(copy); // More than 64 open outputs: they are still removed by their destructors.
}

void forget(const std::string &path) {
  for (auto &slot : liveFiles) {
    char *held = slot.load();
    if (held && path == held && slot.compare_exchange_strong(held, nullptr)) {
      ::free(held);
      return;
    }
  }
}

void (*lastWords)(int) = nullptr;

void cleanAndDie(int signalNumber) {
  for (auto &slot : liveFiles)
    if (char *path = slot.load())
      ::unlink(path);
  if (lastWords)
    lastWords(signalNumber);
  ::signal(signalNumber, SIG_DFL);
  ::raise(signalNumber);
}

Error systemError(unsigned code, std::string message, const std::string &path) {
  return {.code = code, .message = std::move(message), .file = path, .found = std::strerror(errno), .kind = ErrorKind::System};
}
} // namespace

void ranvier::installSignalCleanup(void (*last)(int signalNumber)) {
  lastWords = last;
  struct sigaction action = {};
  action.sa_handler = cleanAndDie;
  // One signal at a time: a second one must not cut the clean-up short.
  sigfillset(&action.sa_mask);
  for (int signalNumber : {SIGINT, SIGTERM, SIGHUP, SIGQUIT})
    ::sigaction(signalNumber, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
}

Result<std::string> ranvier::readFile(const std::string &path, uint64_t maxBytes) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return systemError(9001, "cannot open the file", path);
  std::string text;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0) {
      Error failure = systemError(9001, "cannot read the file", path);
      ::close(fd);
      return failure;
    }
    if (got == 0)
      break;
    text.append(buffer, static_cast<size_t>(got));
    if (text.size() > maxBytes) {
      ::close(fd);
      return Error{.code = 9002,
                   .message = "the file is too large",
                   .file = path,
                   .expected = "at most " + std::to_string(maxBytes) + " bytes"};
    }
  }
  ::close(fd);
  return text;
}

namespace {
/// What stands in the way of replacing `path`, if anything.
Result<void> checkReplaceable(const std::string &path) {
  Error refused{.code = 9003,
                .message = "cannot write the file",
                .file = path,
                .expected = "a new file, or a regular one to replace",
                .kind = ErrorKind::System};
  struct stat info = {};
  if (path.empty()) {
    refused.found = "an empty name";
    return refused;
  }
  if (::stat(path.c_str(), &info) != 0)
    return {};
  if (!S_ISREG(info.st_mode)) {
    refused.found = S_ISDIR(info.st_mode) ? "a folder" : "a device, pipe or socket";
    return refused;
  }
  // Renaming over a protected file would succeed; who protected it meant it.
  if (::access(path.c_str(), W_OK) != 0) {
    refused.found = std::strerror(errno);
    return refused;
  }
  return {};
}

/// Six letters that no other file beside it is likely to have.
std::string randomSuffix() {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
  unsigned char bytes[6] = {};
  if (::getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
    std::memcpy(bytes, "\x01\x02\x03\x04\x05\x06", sizeof bytes); // O_EXCL still keeps other files safe.
  std::string out;
  for (unsigned char byte : bytes)
    out += letters[byte % 32];
  return out;
}
} // namespace

Result<AtomicFile> AtomicFile::create(const std::string &finalPath) {
  AtomicFile out;
  out.target = finalPath;
  std::error_code failure;
  if (std::filesystem::is_symlink(finalPath, failure))
    if (auto leadsTo = std::filesystem::canonical(finalPath, failure); !failure)
      out.target = leadsTo.string();
  RANVIER_CHECK(checkReplaceable(out.target));
  for (int attempt = 0; attempt < 100 && out.fd < 0; ++attempt) {
    out.temporary = out.target + ".part-" + randomSuffix();
    // Known to the signal handler before it exists, so that no signal can find it unlisted.
    remember(out.temporary);
    out.fd = ::open(out.temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (out.fd < 0) {
      const int reason = errno;
      forget(out.temporary);
      out.temporary.clear();
      errno = reason;
      if (reason != EEXIST)
        break;
    }
  }
  if (out.fd < 0)
    return systemError(9003, "cannot create a file in that folder", finalPath);
  return out;
}

AtomicFile::AtomicFile(AtomicFile &&other) noexcept
    : temporary(std::move(other.temporary)), target(std::move(other.target)), fd(std::exchange(other.fd, -1)) {
  other.temporary.clear();
}

AtomicFile &AtomicFile::operator=(AtomicFile &&other) noexcept {
  std::swap(temporary, other.temporary);
  std::swap(target, other.target);
  std::swap(fd, other.fd);
  return *this;
}

AtomicFile::~AtomicFile() {
  if (fd >= 0)
    ::close(fd);
  if (!temporary.empty()) {
    ::unlink(temporary.c_str());
    forget(temporary);
  }
}

Result<void> AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR)
      continue;
    if (put <= 0)
      return systemError(9004, "cannot write the file", target);
    bytes = bytes.subspan(static_cast<size_t>(put));
  }
  return {};
}

Result<void> AtomicFile::write(std::string_view text) { return write(std::as_bytes(std::span(text.data(), text.size()))); }

/// The new name, too, has to be on the disk: until its folder is, a power cut may bring the old file back.
static Result<void> syncFolderOf(const std::string &path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return {}; // A folder that may be written but not read; the file is in its place.
  const bool failed = ::fsync(fd) != 0 && errno != EINVAL && errno != EROFS;
  const int reason = errno;
  ::close(fd);
  errno = reason;
  return failed ? systemError(9004, "the file is in its place, but its folder cannot be brought to the disk", path)
                : Result<void>();
}

Result<void> AtomicFile::commit() {
  if (::fsync(fd) != 0 && errno != EINVAL && errno != EROFS)
    return systemError(9004, "cannot write the file", target);
  ::close(std::exchange(fd, -1));
  if (::rename(temporary.c_str(), target.c_str()) != 0)
    return systemError(9004, "cannot rename the finished file", target);
  forget(temporary);
  temporary.clear();
  return syncFolderOf(target);
}

Result<void> ranvier::writeFileAtomically(const std::string &path, std::string_view text) {
  RANVIER_TRY(AtomicFile file, AtomicFile::create(path));
  RANVIER_CHECK(file.write(text));
  return file.commit();
}

Result<MappedFile> MappedFile::open(const std::string &path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return systemError(9001, "cannot open the file", path);
  struct stat info = {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    Error failure = systemError(9001, "not a regular file", path);
    ::close(fd);
    return failure;
  }
  MappedFile out;
  out.size = static_cast<size_t>(info.st_size);
  if (out.size) {
    void *at = ::mmap(nullptr, out.size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED) {
      Error failure = systemError(9001, "cannot map the file", path);
      ::close(fd);
      return failure;
    }
    out.data = static_cast<const std::byte *>(at);
  }
  ::close(fd);
  return out;
}

MappedFile::MappedFile(MappedFile &&other) noexcept
    : data(std::exchange(other.data, nullptr)), size(std::exchange(other.size, 0)) {}
MappedFile &MappedFile::operator=(MappedFile &&other) noexcept {
  std::swap(data, other.data);
  std::swap(size, other.size);
  return *this;
}
MappedFile::~MappedFile() {
  if (data)
    ::munmap(const_cast<std::byte *>(data), size);
}

std::string ranvier::contentHash(std::span<const std::byte> bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return text;
}
std::string ranvier::contentHash(std::string_view text) { return contentHash(std::as_bytes(std::span(text.data(), text.size()))); }
uint64_t ranvier::checksum64(std::span<const std::byte> bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }
