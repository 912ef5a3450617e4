//===- Chip.cpp - A chip as its YAML file describes it --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ChipSchema.h"
#include <algorithm>

namespace ranvier::hw {

const char *toString(Provenance provenance) {
  const auto index = static_cast<size_t>(provenance);
  return index < detail::provenanceWords.size() ? detail::provenanceWords[index].c_str() : "unknown";
}

const std::vector<std::string> costEvents = {"soma_access",
                                             "soma_update",
                                             "soma_spike",
                                             "synapse_event",
                                             "synapse_event_dense",
                                             "synapse_event_sparse",
                                             "synapse_event_convolution",
                                             "axon_in",
                                             "axon_out",
                                             "sums_transfer",
                                             "sum_sent",
                                             "sum_taken",
                                             "crossbar_product",
                                             "crossbar_row",
                                             "crossbar_cell",
                                             "crossbar_conversion",
                                             "crossbar_shift_add",
                                             "hop_within_tile",
                                             "hop_east_west",
                                             "hop_north_south",
                                             "chip_hop"};

constexpr uint32_t mostCycles = 1000000;
const std::array<CycleModel::Key, CycleModel::NumNumbers> CycleModel::keys = {{{"step", 0, mostCycles},
                                                                               {"update", 0, mostCycles},
                                                                               {"slice", 0, mostCycles},
                                                                               {"group", 0, mostCycles},
                                                                               {"lanes", 1, 65536},
                                                                               {"native_slice", 0, mostCycles},
                                                                               {"native_neuron", 0, mostCycles},
                                                                               {"send", 1, mostCycles},
                                                                               {"spike", 1, mostCycles},
                                                                               {"send_end", 0, mostCycles},
                                                                               {"input", 1, mostCycles},
                                                                               {"input_spike", 1, mostCycles},
                                                                               {"input_end", 0, mostCycles},
                                                                               {"hop", 1, mostCycles},
                                                                               {"packet", 1, mostCycles},
                                                                               {"row", 0, mostCycles},
                                                                               {"synapse", 0, mostCycles}}};

std::optional<CoreLimits::Excess> CoreLimits::slotsBeyond(uint64_t programStates, uint64_t programParams,
                                                          uint64_t programInputs) const {
  for (const Excess &each : {Excess{"state words", states, programStates}, Excess{"parameter words", params, programParams},
                             Excess{"inputs", inputs, programInputs}})
    if (each.limit && each.found > each.limit)
      return each;
  return {};
}

uint64_t SynapseStorage::bits(uint64_t synapses, unsigned weightBits, unsigned delayBits, unsigned indexBits) const {
  if (wordBits == 0 || synapsesPerChunk == 0)
    return 0;
  const uint64_t each = synapseBits ? synapseBits : uint64_t(weightBits) + delayBits + tagBits + indexBits;
  const auto chunk = [&](uint64_t n) { return n == 0 ? 0 : (n * each + headerBits + wordBits - 1) / wordBits * wordBits; };
  return synapses / synapsesPerChunk * chunk(synapsesPerChunk) + chunk(synapses % synapsesPerChunk);
}

uint64_t SynapseStorage::kernelBits(uint64_t weights, unsigned weightBits) const {
  return wordBits == 0 ? 0 : (weights * weightBits + wordBits - 1) / wordBits * wordBits;
}

const char *toString(Direction direction) {
  const char *names[] = {"east", "north-east", "north", "west", "south-west", "south"};
  return names[static_cast<unsigned>(direction)];
}

bool Faults::isDead(uint32_t chip) const { return std::binary_search(chips.begin(), chips.end(), chip); }
bool Faults::isDead(uint32_t chip, uint32_t core) const {
  return isDead(chip) || std::binary_search(cores.begin(), cores.end(), Core{chip, core});
}

uint32_t Chip::liveChips() const { return std::max(1u, maxChips) - static_cast<uint32_t>(faults.chips.size()); }
uint64_t Chip::liveCores() const {
  const auto alone = [&](const Faults::Core &core) { return !faults.isDead(core.chip); };
  return uint64_t(liveChips()) * coresPerChip() -
         static_cast<uint64_t>(std::count_if(faults.cores.begin(), faults.cores.end(), alone));
}

const CostProfile *Chip::findCosts(const std::string &name) const {
  for (const CostProfile &profile : costs)
    if (name.empty() || profile.name == name)
      return &profile;
  return nullptr;
}

} // namespace ranvier::hw
