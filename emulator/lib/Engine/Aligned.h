//===- Aligned.h - Cache-line aligned arrays --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernels want 64-byte aligned arrays padded to 16 words; std::vector promises neither.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_LIB_ALIGNED_H
#define RANVIER_EMULATOR_LIB_ALIGNED_H

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace ranvier::emu {

constexpr size_t roundUp(size_t value, size_t multiple) { return (value + multiple - 1) / multiple * multiple; }
/// Neurons per vector unit of the kernels: every array is padded to a multiple of it.
constexpr uint32_t padNeurons = 16;

/// A zeroed array on a 64-byte boundary whose storage is a multiple of 64 bytes and at least 64 bytes longer than the array:
/// vectors may read, and write back, what stands behind its last element. Throws std::bad_alloc (Machine::create catches it).
template <typename T> class AlignedArray {
  static_assert(std::is_trivially_copyable_v<T>);

public:
  AlignedArray() = default;
  explicit AlignedArray(size_t size) : count(size) {
    if (size == 0)
      return;
    if (size > (SIZE_MAX - 128) / sizeof(T))
      throw std::bad_alloc();
    const size_t bytes = roundUp(size * sizeof(T) + 64, 64);
    values = static_cast<T *>(::operator new(bytes, std::align_val_t(64)));
    std::memset(static_cast<void *>(values), 0, bytes);
  }
  AlignedArray(AlignedArray &&other) noexcept
      : values(std::exchange(other.values, nullptr)), count(std::exchange(other.count, 0)) {}
  AlignedArray &operator=(AlignedArray &&other) noexcept {
    std::swap(values, other.values);
    std::swap(count, other.count);
    return *this;
  }
  ~AlignedArray() { ::operator delete(static_cast<void *>(values), std::align_val_t(64)); }

  T *data() { return values; }
  const T *data() const { return values; }
  size_t size() const { return count; }
  T &operator[](size_t index) { return values[index]; }
  const T &operator[](size_t index) const { return values[index]; }
  void fill(const T &value) { std::fill_n(values, count, value); }

private:
  T *values = nullptr;
  size_t count = 0;
};

} // namespace ranvier::emu

#endif
