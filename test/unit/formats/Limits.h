//===- Limits.h - A full disk for tests -------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TEST_UNIT_FORMATS_LIMITS_H
#define RANVIER_TEST_UNIT_FORMATS_LIMITS_H

#include <csignal>
#include <sys/resource.h>

namespace ranvier::test {

/// While it lives, no file of this process grows beyond `bytes`: writes fail as they do on a full disk.
class FileSizeLimit {
public:
  explicit FileSizeLimit(rlim_t bytes) {
    handler = ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before);
    rlimit now = before;
    now.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before);
    ::signal(SIGXFSZ, handler);
  }
  FileSizeLimit(const FileSizeLimit &) = delete;

private:
  void (*handler)(int);
  rlimit before{};
};

} // namespace ranvier::test

#endif
