//===- Mapped.h - Large arrays that cost what is touched --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arrays of gigabytes of which only a part is ever written, straight from the system: zero until written, and an untouched page
// takes no memory.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_LIB_MAPPED_H
#define RANVIER_EMULATOR_LIB_MAPPED_H

#include <cstddef>
#include <cstdint>
#include <new>
#include <sys/mman.h>
#include <type_traits>
#include <utility>

namespace ranvier::emu {

/// Throws std::bad_alloc (Machine::create catches it).
template <typename T> class MappedArray {
  static_assert(std::is_trivially_copyable_v<T>);

public:
  MappedArray() = default;
  /// `huge`: ask for pages of 2 MiB, for arrays that are read at random.
  explicit MappedArray(size_t size, bool huge = false) : count(size) {
    if (size == 0)
      return;
    if (size > SIZE_MAX / 2 / sizeof(T))
      throw std::bad_alloc();
    void *at = mmap(nullptr, size * sizeof(T), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
      throw std::bad_alloc();
#if defined(MADV_HUGEPAGE)
    if (huge)
      madvise(at, size * sizeof(T), MADV_HUGEPAGE); // A wish: without it everything works, slower.
#endif
    values = static_cast<T *>(at);
  }
  MappedArray(MappedArray &&other) noexcept : values(std::exchange(other.values, nullptr)), count(std::exchange(other.count, 0)) {}
  MappedArray &operator=(MappedArray &&other) noexcept {
    std::swap(values, other.values);
    std::swap(count, other.count);
    return *this;
  }
  ~MappedArray() {
    if (values)
      munmap(static_cast<void *>(values), count * sizeof(T));
  }

  T *data() { return values; }
  const T *data() const { return values; }
  size_t size() const { return count; }
  T &operator[](size_t index) { return values[index]; }
  const T &operator[](size_t index) const { return values[index]; }

private:
  T *values = nullptr;
  size_t count = 0;
};

} // namespace ranvier::emu

#endif
