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

TEST_CASE("bits are merged and counted, by the processor's instruction and without") {
  test::RandomSource random(12);
  for (unsigned round = 0; round < 300; ++round) {
    const uint32_t words = random.below(40);
    std::vector<uint32_t> bits(words + 1), more(words + 1);
    for (uint32_t w = 0; w <= words; ++w) {
      bits[w] = random.oneIn(3) ? 0 : static_cast<uint32_t>(random.next());
      more[w] = random.oneIn(3) ? UINT32_MAX : static_cast<uint32_t>(random.next());
    }
    std::vector<uint32_t> expected = bits;
    uint64_t count = 0;
    for (uint32_t n = 0; n < 32 * words; ++n) {
      expected[n / 32] |= more[n / 32] & 1u << n % 32;
      count += expected[n / 32] >> n % 32 & 1;
    }
    auto plain = bits;
    CHECK(emu::mergeBitsPlain(plain.data(), more.data(), words) == count);
    CHECK(plain == expected);
    if (const emu::MergeBits instruction = emu::mergeBitsPopcount()) {
      auto merged = bits;
      CHECK(instruction(merged.data(), more.data(), words) == count);
      CHECK(merged == expected);
    }
  }
}
