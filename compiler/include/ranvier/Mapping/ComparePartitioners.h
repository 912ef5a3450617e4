//===- ComparePartitioners.h - Our partitioner beside others ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Not installed: it needs the libraries of others, for the tool and the tests only.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_MAPPING_COMPAREPARTITIONERS_H
#define RANVIER_MAPPING_COMPAREPARTITIONERS_H

#include "ranvier/Mapping/Partitioner.h"

namespace ranvier::mapping {

/// A partitioner of someone else, for comparison.
enum class Peer { Metis, Scotch, Zoltan };
const char *toString(Peer peer);
/// Whether the build found its library.
bool available(Peer peer);

/// One partitioner's best of several seeds on one network.
struct Contender {
  std::string name;
  bool available = true;  ///< False: the library was not found when Ranvier was built.
  bool fits = true;       ///< False: no seed's result could be used.
  std::string reason;     ///< Why not, of the first seed; empty if it fits.
  uint64_t spikeHops = 0; ///< After our placer.
  uint64_t messages = 0;  ///< Spikes x destination cores other than the sender's.
  uint64_t repaired = 0;  ///< Neurons moved because a core was over a limit, in the seed that counts.
  uint64_t seed = 0;      ///< That counts.
  double seconds = 0;     ///< Of all seeds, placement included.
};
struct CompareOptions {
  Rates rates;
  uint64_t seed = 0;
  unsigned seeds = 5;            ///< Tried by each partitioner, from `seed`.
  std::vector<std::string> only; ///< Names; empty: all.
};
struct Comparison {
  uint32_t cores = 0;
  uint64_t neurons = 0, synapses = 0;
  std::string binding;               ///< The limit that sequential filling uses most of, summed over its cores.
  std::vector<Contender> contenders; ///< Ours first, then sequential filling, METIS, Scotch, Zoltan.
};
/// Runs all partitioners with the same number of cores and limits, each followed by our placer. A result that exceeds a limit is
/// repaired by moving neurons off the cores that are over. Errors: those of partition(); RNV6070, RNV6073.
Result<Comparison> comparePartitioners(const Network &network, const hw::Chip &chip, const CompareOptions &options);

} // namespace ranvier::mapping

#endif
