//===- ActivityTest.cpp - Active neurons by vectors and one by one --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Activity.h"
#include "isa/RandomProgram.h"
#include <doctest/doctest.h>

using namespace ranvier;

TEST_CASE("active neurons: vectors and the plain loop agree with the definition") {
  test::RandomSource random(11);
  constexpr uint32_t values[] = {1, 0x80000000u, 7};
  for (unsigned round = 0; round < 400; ++round) {
    const uint32_t count = random.below(300), words = (count + 31) / 32;
    const int32_t mask = random.oneIn(2) ? INT32_MAX : -1;
    std::vector<std::vector<int32_t>> arrays(random.below(5));
    std::vector<const int32_t *> pointers;
    for (auto &array : arrays) {
      for (uint32_t n = 0; n < count + 9; ++n) // behind the last neuron stands something, too
        array.push_back(random.oneIn(3) ? static_cast<int32_t>(random.pick(values)) : 0);
      pointers.push_back(array.data() + random.below(2)); // at any place
    }
    std::vector<uint32_t> expected(words), plain(words, 0xDEADBEEF), vectors(words, 0xDEADBEEF);
    for (uint32_t n = 0; n < count; ++n)
      for (const int32_t *array : pointers)
        expected[n / 32] |= uint32_t((array[n] & mask) != 0) << n % 32;
    emu::findActivePlain(pointers, count, mask, plain.data());
    CHECK(plain == expected);
    if (const emu::FindActive avx2 = emu::findActiveAvx2()) {
      avx2(pointers, count, mask, vectors.data());
      CHECK(vectors == expected);
    }
  }
}
