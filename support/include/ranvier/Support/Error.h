//===- Error.h - Errors as values -------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every library outside MLIR reports wrong input as a value: a code (documented in docs/errors/), the place, what was expected
// and what was found. Exceptions of third-party libraries are caught in the file that calls them and become one of these.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_SUPPORT_ERROR_H
#define RANVIER_SUPPORT_ERROR_H

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace ranvier {

/// What a failure means for the caller; `ranvier` turns it into its exit code.
enum class ErrorKind {
  BadInput,    ///< A file or value is wrong, or results differ: exit code 1.
  Unsupported, ///< Legal, but Ranvier cannot do it (docs/limitations.md): exit code 1.
  DoesNotFit,  ///< Legal, but exceeds a limit of the target: exit code 3.
  CannotRun,   ///< Legal, but needs what the target does not have, whatever its size: exit code 3.
  System,      ///< The operating system refused (full disk, permissions): exit code 1.
  Usage        ///< The command line contradicts itself or lacks something: exit code 2.
};

/// One located failure. Only `code` and `message` are mandatory.
struct Error {
  unsigned code =
      0; ///< nnnn of RNVnnnn; areas: 1 formats, 2 hw-models, 3 image, 4 isa, 5 compiler, 6 mapping, 7 emulator, 8 tools.
  std::string message;       ///< One sentence without a full stop.
  std::string file = {};     ///< File, if one is to blame.
  std::string place = {};    ///< Line, HDF5 path, YAML key, population, byte offset...
  std::string expected = {}; ///< What would have been right.
  std::string found = {};    ///< What was there.
  std::string hint = {};     ///< What to do about it.
  ErrorKind kind = ErrorKind::BadInput;

  /// "FILE: PLACE: error RNVnnnn: MESSAGE: expected X, found Y" and, on a line of its own, "hint: ...".
  std::string str() const;
};

/// A value or an Error. `Result<void>` carries no value.
template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : storage(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : storage(std::in_place_index<1>, std::move(error)) {}
  explicit operator bool() const { return storage.index() == 0; }
  T &operator*() & { return std::get<0>(storage); }
  const T &operator*() const & { return std::get<0>(storage); }
  T &&operator*() && { return std::get<0>(std::move(storage)); }
  T *operator->() { return &std::get<0>(storage); }
  const T *operator->() const { return &std::get<0>(storage); }
  const Error &error() const { return std::get<1>(storage); }
  Error &error() { return std::get<1>(storage); }

private:
  std::variant<T, Error> storage;
};

template <> class [[nodiscard]] Result<void> {
public:
  Result() = default;
  Result(Error error) : failure(std::move(error)) {}
  explicit operator bool() const { return !failure.has_value(); }
  const Error &error() const { return *failure; }
  Error &error() { return *failure; }

private:
  std::optional<Error> failure;
};

/// Prints what went wrong and aborts: only for our own bugs, in every build type.
[[noreturn]] void assertionFailed(const char *condition, const char *file, int line, const std::string &detail);

} // namespace ranvier

/// Our own invariants, checked in release builds too. `detail`: what was expected and found.
#define RANVIER_ASSERT(condition, detail)                                                                                          \
  do {                                                                                                                             \
    if (!(condition))                                                                                                              \
      ::ranvier::assertionFailed(#condition, __FILE__, __LINE__, (detail));                                                        \
  } while (false)

/// `RANVIER_TRY(auto x, expr)`: x is the value, or this function returns the Error of `expr`.
#define RANVIER_CONCAT_(a, b) a##b
#define RANVIER_CONCAT(a, b) RANVIER_CONCAT_(a, b)
#define RANVIER_TRY_(tmp, decl, expr)                                                                                              \
  auto tmp = (expr);                                                                                                               \
  if (!tmp)                                                                                                                        \
    return std::move(tmp.error());                                                                                                 \
  decl = *std::move(tmp)
#define RANVIER_TRY(decl, expr) RANVIER_TRY_(RANVIER_CONCAT(ranvierTry_, __LINE__), decl, expr)
/// The same for Result<void>.
#define RANVIER_CHECK(expr)                                                                                                        \
  do {                                                                                                                             \
    if (auto ranvierCheck = (expr); !ranvierCheck)                                                                                 \
      return std::move(ranvierCheck.error());                                                                                      \
  } while (false)

#endif
