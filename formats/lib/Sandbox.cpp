//===- Sandbox.cpp - Parse a stranger's file in a child -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// fork, not fork and exec: the child needs no second programme on disk, and tests can put any job into it.
//===----------------------------------------------------------------------===//
#include "Sandbox.h"
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace ranvier;
using namespace ranvier::formats;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RANVIER_SHADOW_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RANVIER_SHADOW_MEMORY 1
#endif
#endif

std::mutex &formats::hdf5Mutex() {
  static std::mutex mutex;
  return mutex;
}

bool formats::isUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto at = [&](size_t k) { return k < text.size() ? static_cast<unsigned char>(text[k]) : 0u; };
    const unsigned lead = at(i);
    if (lead == 0)
      return false;
    const unsigned more = lead < 0x80 ? 0 : lead < 0xC2 ? 9 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : lead < 0xF5 ? 3 : 9;
    if (more == 9)
      return false;
    for (unsigned k = 1; k <= more; ++k)
      if ((at(i + k) & 0xC0) != 0x80)
        return false;
    const unsigned second = at(i + 1); // Overlong forms, surrogates, beyond U+10FFFF.
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) || (lead == 0xF0 && second < 0x90) ||
        (lead == 0xF4 && second > 0x8F))
      return false;
    i += more + 1;
  }
  return true;
}

static constexpr uint32_t refusalMark = UINT32_MAX;

//===--- The child --------------------------------------------------------===//

void ByteSink::bytes(const void *data, size_t size) {
  buffer.append(static_cast<const char *>(data), size);
  if (buffer.size() >= (1 << 16))
    flush();
}

void ByteSink::text(std::string_view text) {
  number(static_cast<uint32_t>(text.size()));
  bytes(text.data(), text.size());
}

void ByteSink::write(const void *data, size_t size) {
  const auto *at = static_cast<const char *>(data);
  while (size) {
    const ssize_t put = ::write(fd, at, size);
    if (put < 0 && errno == EINTR)
      continue;
    if (put <= 0)
      ::_exit(3); // The parent has stopped listening.
    at += put;
    size -= static_cast<size_t>(put);
  }
}

void ByteSink::flush() {
  constexpr size_t most = size_t(1) << 30;
  for (size_t at = 0; at < buffer.size(); at += most) {
    const auto size = static_cast<uint32_t>(std::min(most, buffer.size() - at));
    write(&size, sizeof size);
    write(buffer.data() + at, size);
  }
  buffer.clear();
}

void ByteSink::beginRefusal() {
  buffer.clear();
  write(&refusalMark, sizeof refusalMark);
}

static void limit(decltype(RLIMIT_AS) resource, uint64_t value) {
  struct rlimit current = {};
  ::getrlimit(resource, &current);
  const rlim_t wanted = std::min<rlim_t>(value, current.rlim_max);
  current.rlim_cur = current.rlim_max = wanted;
  ::setrlimit(resource, &current);
}

#ifndef RANVIER_SHADOW_MEMORY
/// Bytes of address space in use: the child starts with all mappings of its parent, which may be a simulation of many gigabytes.
static uint64_t mappedBytes() {
  char text[64] = {};
  const int fd = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return uint64_t(64) << 30;
  const ssize_t got = ::read(fd, text, sizeof text - 1);
  ::close(fd);
  return got > 0 ? std::strtoull(text, nullptr, 10) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)) : uint64_t(64) << 30;
}
#endif

[[noreturn]] static void runChild(int pipeEnd, const SandboxLimits &limits, const std::function<void(ByteSink &)> &job) {
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < 32; ++number)
    ::sigaction(number, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::alarm(limits.wallSeconds);
  // Standard streams to nowhere: HDF5 and allocators print to stderr when they find damage.
  const int kept = ::fcntl(pipeEnd, F_DUPFD, 4);
  const int nowhere = ::open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; ++fd)
    ::dup2(nowhere, fd);
  if (kept < 0 || ::dup2(kept, 3) < 0)
    ::_exit(3);
  ::close_range(4, ~0u, 0);
#ifndef RANVIER_SHADOW_MEMORY
  limit(RLIMIT_AS, mappedBytes() + limits.addressSpace);
#endif
  limit(RLIMIT_CPU, limits.cpuSeconds);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 0);
  limit(RLIMIT_NOFILE, 16);
  ByteSink sink(3);
  try {
    job(sink);
    sink.flush();
  } catch (...) {
    ::_exit(4);
  }
  ::_exit(0);
}

//===--- The parent -------------------------------------------------------===//

bool ByteSource::refill() {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) {
      late = true;
      return false;
    }
    struct pollfd waiting = {fd, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::min<int64_t>(left, 1000)));
    if (ready < 0 && errno != EINTR)
      return false;
    if (ready <= 0)
      continue;
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return false;
    if (static_cast<uint64_t>(got) > budget) {
      excess = true;
      return false;
    }
    budget -= static_cast<uint64_t>(got);
    begin = 0;
    end = static_cast<size_t>(got);
    return true;
  }
}

bool ByteSource::raw(void *data, size_t size) {
  auto *out = static_cast<char *>(data);
  while (size) {
    if (begin == end && !refill())
      return false;
    const size_t part = std::min(size, end - begin);
    std::memcpy(out, buffer.data() + begin, part);
    begin += part;
    out += part;
    size -= part;
  }
  return true;
}

bool ByteSource::bytes(void *data, size_t size) {
  auto *out = static_cast<char *>(data);
  while (size) {
    if (refusing)
      return false;
    if (frame == 0) {
      uint32_t header = 0;
      if (!raw(&header, sizeof header))
        return false;
      refusing = header == refusalMark;
      frame = refusing ? 0 : header;
      continue;
    }
    const size_t part = std::min<uint64_t>(size, frame);
    if (!raw(out, part))
      return false;
    frame -= part;
    out += part;
    size -= part;
  }
  return true;
}

bool ByteSource::bulk(std::vector<std::byte> &out, uint64_t size) {
  if (size > budget + (end - begin)) {
    excess = true;
    return false;
  }
  constexpr uint64_t step = uint64_t(16) << 20;
  out.reserve(std::min(size, step));
  while (out.size() < size) {
    const uint64_t part = std::min(step, size - out.size()), old = out.size();
    out.resize(old + part);
    if (!bytes(out.data() + old, part))
      return false;
  }
  return true;
}

bool ByteSource::text(std::string &out, uint32_t limit) {
  uint32_t size = 0;
  if (!number(size) || size > limit)
    return false;
  out.resize(size);
  return bytes(out.data(), size) && isUtf8(out);
}

static Result<void> checkReadable(const std::string &path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat info = {};
  std::string why;
  if (fd < 0 || ::fstat(fd, &info) != 0)
    why = std::strerror(errno);
  else if (!S_ISREG(info.st_mode))
    why = S_ISDIR(info.st_mode) ? "a folder" : "a device or pipe";
  if (fd >= 0)
    ::close(fd);
  if (!why.empty())
    return Error{.code = 9001, .message = "cannot open the file", .file = path, .expected = "a readable file", .found = why,
                 .kind = ErrorKind::System};
  return {};
}

Result<void> formats::runSandboxed(const std::string &path, const SandboxLimits &limits, const std::function<void(ByteSink &)> &child,
                                   const std::function<bool(ByteSource &)> &parent) {
  RANVIER_CHECK(checkReadable(path));
  const auto noChild = [&] {
    return Error{.code = 1007, .message = "cannot start the reader process", .file = path, .found = std::strerror(errno),
                 .kind = ErrorKind::System};
  };
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return noChild();
  ::fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
  pid_t pid;
  {
    std::lock_guard lock(hdf5Mutex());
    pid = ::fork();
  }
  if (pid < 0) {
    Error failure = noChild();
    ::close(ends[0]);
    ::close(ends[1]);
    return failure;
  }
  if (pid == 0)
    runChild(ends[1], limits, child);
  ::close(ends[1]);
  ByteSource source(ends[0], limits.maxBytes, std::chrono::steady_clock::now() + std::chrono::seconds(limits.wallSeconds));
  const bool understood = parent(source);
  ::close(ends[0]);
  if (!understood)
    ::kill(pid, SIGKILL);
  int status = 0;
  pid_t waited;
  while ((waited = ::waitpid(pid, &status, 0)) < 0 && errno == EINTR)
    ;
  if (understood)
    return {}; // All data and the end mark arrived; how the child left afterwards does not matter.
  if (source.overBudget())
    return Error{.code = 1002, .message = "the file holds more data than a reader accepts", .file = path,
                 .expected = "at most " + std::to_string(limits.maxBytes >> 20) + " MiB of data"};
  std::string found = "data that make no sense";
  if (source.timedOut())
    found = "no end after " + std::to_string(limits.wallSeconds) + " s";
  else if (waited == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
    found = "the reader ran longer than " + std::to_string(limits.cpuSeconds) + " s";
  else if (waited == pid && ((WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL) || (WIFEXITED(status) && WEXITSTATUS(status) != 0)))
    found = WIFSIGNALED(status) ? "the reader died of signal " + std::to_string(WTERMSIG(status)) : "the reader gave up";
  return Error{.code = 1003, .message = "the file is corrupt", .file = path, .expected = "an undamaged HDF5 file", .found = found};
}
