//===- TcamBench.cpp - rv_tcam against a list -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Keys and masks of few different bits, so that many entries match at once and the order decides; writes run beside lookups.
//===----------------------------------------------------------------------===//
#include "Bench.h"
#include <vector>

namespace bench {

Report runBench(const Options &options) {
  constexpr uint32_t entries = PARAM_ENTRIES, bits = PARAM_KEY_BITS;
  constexpr uint64_t all = (uint64_t(1) << bits) - 1;
  Clock<DUT> clock(options.seed);
  DUT &dut = *clock.dut;
  Random random(options.seed);
  std::vector<uint64_t> keys(entries, all), masks(entries, 0);
  Report report;
  bool hit = false;
  uint64_t index = 0, hits = 0, last = 0;
  clock.reset();
  // Four bits that differ, at both ends of the key; the rest is the same for all.
  auto key = [&] {
    return (all & 0x5a5a5a5a & ~uint64_t(3) & ~(uint64_t(3) << (bits - 2))) | random.bits(2) | random.bits(2) << (bits - 2);
  };
  while (report.cycles < options.cycles) {
    bool lookup = random.chance(224), writeKey = random.chance(20), writeMask = random.chance(20);
    uint64_t place = random.chance(40) ? (random.chance(128) ? 0 : entries - 1) : random.below(entries);
    uint64_t word = random.chance(60) ? all : writeMask ? all & ~(random.bits(2) | random.bits(2) << (bits - 2)) : key();
    if (random.chance(4))
      word = random.bits(bits);
    uint64_t wanted = random.chance(250) ? key() : random.bits(bits);
    dut.lookup_i = lookup;
    dut.key_i = wanted;
    dut.write_key_i = writeKey;
    dut.write_mask_i = writeMask;
    dut.write_index_i = place;
    dut.write_data_i = word;
    if (lookup) {
      hit = false;
      index = 0;
      for (uint32_t i = 0; i < entries && !hit; ++i)
        if ((wanted & masks[i]) == keys[i]) {
          hit = true;
          index = i;
        }
      hits += hit;
      last += hit && index == entries - 1;
    }
    if (writeKey)
      keys[place] = word;
    if (writeMask)
      masks[place] = word;
    clock.tick();
    ++report.cycles;
    if (dut.hit_o != hit || (hit && dut.index_o != index))
      fail("cycle ", clock.cycle, ": key ", wanted, ": expected ", hit, " at ", index, ", found ", int(dut.hit_o), " at ",
           int(dut.index_o));
    ++report.checks;
    if (random.chance(1) && random.chance(32)) {
      clock.reset(1);
      std::fill(keys.begin(), keys.end(), all);
      std::fill(masks.begin(), masks.end(), 0);
      hit = false;
    }
  }
  if (hits < options.cycles / 10 || hits > report.cycles * 9 / 10 || (last == 0 && entries < 100))
    fail("the bench looked up badly: ", hits, " hits, ", last, " of the last entry");
  return report;
}

} // namespace bench
