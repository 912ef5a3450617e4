// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TEST_FUZZ_SPIKETRAINS_H
#define RANVIER_TEST_FUZZ_SPIKETRAINS_H

#include "Fuzz.h"
#include "SpikeParsers.h"
#include <cmath>
#include <tuple>

namespace ranvier::fuzz {

/// What every reader of spikes promises.
inline void checkSpikes(const Result<formats::SpikeTrains> &read) {
  if (!read)
    return checkError(read.error(), 1050, 1069);
  for (const auto &[name, train] : *read)
    for (size_t k = 0; k < train.events.size(); ++k) {
      const auto &event = train.events[k];
      FUZZ_CHECK(event.step >= 1 && event.neuron < train.neurons && std::isfinite(event.value), name);
      FUZZ_CHECK(k == 0 || std::tie(train.events[k - 1].step, train.events[k - 1].neuron) < std::tie(event.step, event.neuron),
                 name);
    }
}

} // namespace ranvier::fuzz

#endif
