//===- ChipSchema.cpp - The keys of a chip description --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ChipSchema.h"
#include "CrossbarSchema.h"
#include <algorithm>
#include <charconv>

namespace ranvier::hw::detail {

const std::vector<std::string> fieldSections = {"arithmetic", "ring_buffers", "plasticity", "delays",    "weights",  "core",
                                                "storage",    "native",       "memories",   "real_time", "topology", "router"};
const std::vector<std::string> profileWords = {"int", "f32"};
const std::vector<std::string> topologyWords = {"none", "mesh", "torus", "triangular_torus"};
const std::vector<std::string> provenanceWords = {"published", "fitted", "estimate", "defined", "unknown"};

namespace {
/// Follows member pointers, through an optional where there is one.
template <auto First, auto... Rest> auto &reach(auto &object) {
  auto &next = object.*First;
  if constexpr (sizeof...(Rest) == 0)
    return next;
  else if constexpr (requires { next.has_value(); })
    return reach<Rest...>(*next);
  else
    return reach<Rest...>(next);
}
template <auto... Path> int64_t get(const Chip &chip) { return static_cast<int64_t>(reach<Path...>(chip)); }
template <auto... Path> void set(Chip &chip, int64_t value) {
  auto &target = reach<Path...>(chip);
  target = static_cast<std::remove_reference_t<decltype(target)>>(value);
}
template <auto... Path> constexpr Field number(const char *section, const char *key, int64_t min, int64_t max) {
  return {section, key, false, min, max, false, get<Path...>, set<Path...>};
}
template <auto... Path> constexpr Field limitOf(const char *section, const char *key, int64_t max = 0xFFFFFFFFll) {
  return {section, key, false, 1, max, true, get<Path...>, set<Path...>};
}
template <auto... Path> constexpr Field limit(const char *key, int64_t max = 0xFFFFFFFFll) {
  return limitOf<&Chip::core, Path...>("core", key, max);
}
template <auto... Path> constexpr Field flag(const char *section, const char *key) {
  return {section, key, true, 0, 1, false, get<Path...>, set<Path...>};
}
template <auto... Path> constexpr Field native(const char *key, int64_t min, int64_t max) {
  return {"native", key, false, min, max, false, get<&Chip::nativeCuba, Path...>, set<&Chip::nativeCuba, Path...>};
}
template <auto... Path> constexpr Field memory(const char *key, int64_t min, int64_t max) {
  return {"memories", key, false, min, max, false, get<&Chip::memories, Path...>, set<&Chip::memories, Path...>};
}
template <auto... Path> constexpr Field realTime(const char *key, int64_t min, int64_t max) {
  return {"real_time", key, false, min, max, false, get<&Chip::realTime, Path...>, set<&Chip::realTime, Path...>};
}

constexpr int64_t mostTime = 1000000000; // a millisecond
constexpr int64_t maxTiles = 65536, maxBytes = int64_t(1) << 30;
const Field table[] = {
    number<&Chip::stateBits>("arithmetic", "state_bits", 8, 32),
    number<&Chip::fractionBits>("arithmetic", "fraction_bits", 0, 24),
    number<&Chip::ringBuffers, &RingBuffers::bits>("ring_buffers", "bits", 0, 16),
    number<&Chip::ringBuffers, &RingBuffers::spikesPerSecond>("ring_buffers", "spikes_per_second", 1, 1000000),
    number<&Chip::ringBuffers, &RingBuffers::sigma>("ring_buffers", "sigma", 0, 100),
    flag<&Chip::plasticity, &Plasticity::learns>("plasticity", "learns"),
    limitOf<&Chip::plasticity, &Plasticity::postHistory>("plasticity", "post_history", 65536),
    number<&Chip::plasticity, &Plasticity::traceBits>("plasticity", "trace_bits", 8, 32),
    number<&Chip::plasticity, &Plasticity::traceFractionBits>("plasticity", "trace_fraction_bits", 1, 24),
    number<&Chip::plasticity, &Plasticity::tableEntries>("plasticity", "table_entries", 2, isa::maxTableWords),
    flag<&Chip::programmable>("arithmetic", "programmable"),
    flag<&Chip::gradedSpikes>("arithmetic", "graded_spikes"),
    flag<&Chip::placeDependentNumbers>("arithmetic", "place_dependent_numbers"),
    number<&Chip::minDelay>("delays", "min_steps", 0, 65535),
    number<&Chip::maxDelay>("delays", "max_steps", 0, 65535),
    number<&Chip::weights, &Weights::minBits>("weights", "min_bits", 1, 31),
    number<&Chip::weights, &Weights::maxBits>("weights", "max_bits", 1, 31),
    number<&Chip::weights, &Weights::minExponent>("weights", "min_exponent", -31, 31),
    number<&Chip::weights, &Weights::maxExponent>("weights", "max_exponent", -31, 31),
    flag<&Chip::weights, &Weights::signModes>("weights", "sign_modes"),
    flag<&Chip::weights, &Weights::sharedKernels>("weights", "shared_kernels"),
    flag<&Chip::coresModelled>("core", "modelled"),
    limit<&CoreLimits::neurons>("neurons", 65536),
    limit<&CoreLimits::synapticMemoryBits>("synaptic_memory_bits", int64_t(1) << 50),
    limit<&CoreLimits::axonsIn>("axons_in"),
    limit<&CoreLimits::axonsOut>("axons_out"),
    limit<&CoreLimits::fanIn>("fan_in"),
    limit<&CoreLimits::neuronConfigs>("neuron_configs"),
    limit<&CoreLimits::thresholdConfigs>("threshold_configs"),
    limit<&CoreLimits::programWords>("program_words"),
    limit<&CoreLimits::tableWords>("table_words"),
    limit<&CoreLimits::states>("states", isa::maxSlots),
    limit<&CoreLimits::params>("params", isa::maxSlots),
    limit<&CoreLimits::inputs>("inputs", isa::maxSlots),
    number<&Chip::storage, &SynapseStorage::synapsesPerChunk>("storage", "synapses_per_chunk", 1, 65536),
    number<&Chip::storage, &SynapseStorage::headerBits>("storage", "header_bits", 0, 4096),
    number<&Chip::storage, &SynapseStorage::wordBits>("storage", "word_bits", 0, 65536),
    number<&Chip::storage, &SynapseStorage::tagBits>("storage", "tag_bits", 0, 64),
    number<&Chip::storage, &SynapseStorage::synapseBits>("storage", "synapse_bits", 0, 1024),
    flag<&Chip::storage, &SynapseStorage::procedural>("storage", "procedural"),
    native<&NativeCubaLif::decayBits>("decay_bits", 1, 30),
    native<&NativeCubaLif::currentDecayOffset>("current_decay_offset", 0, int64_t(1) << 30),
    native<&NativeCubaLif::inputShift>("input_shift", 0, 31),
    native<&NativeCubaLif::stateBits>("state_bits", 8, 31), // a 32-bit word holds the sum before it wraps or saturates
    flag<&Chip::nativeCuba, &NativeCubaLif::currentWraps>("native", "current_wraps"),
    native<&NativeCubaLif::thresholdBits>("threshold_bits", 1, 31),
    native<&NativeCubaLif::thresholdShift>("threshold_shift", 0, 30),
    native<&NativeCubaLif::biasMantissaBits>("bias_mantissa_bits", 1, 32),
    native<&NativeCubaLif::biasExponentBits>("bias_exponent_bits", 0, 5),
    memory<&Memories::dtcmBytes>("dtcm_bytes", 1, maxBytes),
    memory<&Memories::itcmBytes>("itcm_bytes", 1, maxBytes),
    memory<&Memories::sdramBytes>("sdram_bytes", 1, int64_t(1) << 40),
    memory<&Memories::sdramBase>("sdram_base", 0, 0xFFFFFFFFll),
    memory<&Memories::dtcmCodeBytes>("dtcm_code_bytes", 0, maxBytes),
    memory<&Memories::itcmCodeBytes>("itcm_code_bytes", 0, maxBytes),
    memory<&Memories::rowWords>("row_words", 1, 256),
    memory<&Memories::spikeBuffer>("spike_buffer", 0, 65536),
    memory<&Memories::rowBuffers>("row_buffers", 1, 16),
    memory<&Memories::directBytes>("direct_bytes", 0, maxBytes),
    memory<&Memories::historyBytes>("history_bytes", 0, 65536),
    memory<&Memories::neuronWordBytes>("neuron_word_bytes", 1, 64),
    memory<&Memories::nativeSteps>("native_steps", 1, 256),
    memory<&Memories::delayStages>("delay_stages", 0, 64),
    memory<&Memories::allocationBytes>("allocation_bytes", 0, 65536),
    realTime<&RealTime::leastStepNs>("least_step_ns", 0, 1000000000),
    realTime<&RealTime::tick>("tick_ps", 0, mostTime),
    realTime<&RealTime::packet>("packet_ps", 1, mostTime),
    realTime<&RealTime::lookup>("lookup_ps", 0, mostTime),
    realTime<&RealTime::plasticSynapse>("plastic_synapse_ps", 0, mostTime),
    realTime<&RealTime::dmaStart>("dma_start_ps", 0, mostTime),
    realTime<&RealTime::dmaWord>("dma_word_ps", 0, mostTime),
    realTime<&RealTime::inject>("inject_ps", 0, mostTime),
    realTime<&RealTime::retry>("retry_ps", 1, mostTime),
    realTime<&RealTime::route>("route_ps", 1, mostTime),
    realTime<&RealTime::wait>("wait_ps", 0, mostTime),
    realTime<&RealTime::poll>("poll_ps", 1, mostTime),
    realTime<&RealTime::monitor>("monitor_ps", 0, mostTime),
    realTime<&RealTime::transmitQueue>("transmit_queue", 1, 65536),
    realTime<&RealTime::reinjectionQueue>("reinjection_queue", 1, 65536),
    flag<&Chip::realTime, &RealTime::reinjection>("real_time", "reinjection"),
    flag<&Chip::realTime, &RealTime::dropLate>("real_time", "drop_late"),
    number<&Chip::tilesX>("topology", "tiles_x", 1, maxTiles),
    number<&Chip::tilesY>("topology", "tiles_y", 1, maxTiles),
    number<&Chip::coresPerTile>("topology", "cores_per_tile", 1, maxTiles),
    number<&Chip::maxChips>("topology", "max_chips", 1, 1 << 24),
    number<&Chip::chipsX>("topology", "chips_x", 1, maxTiles),
    number<&Chip::chipsY>("topology", "chips_y", 1, maxTiles),
    flag<&Chip::multicastTrees>("topology", "multicast_trees"),
    number<&Chip::linkBuffer>("topology", "link_buffer", 1, 4096),
    number<&Chip::chipLinkCost>("topology", "chip_link_cost", 1, 100),
    limitOf<&Chip::inputNeurons>("topology", "input_neurons"),
    number<&Chip::router, &Router::tableEntries>("router", "table_entries", 0, 65536),
    number<&Chip::router, &Router::keyBits>("router", "key_bits", 1, 32),
    flag<&Chip::router, &Router::defaultRoutes>("router", "default_routes"),
};

constexpr const char *faultsFile = "faults file", *cellFaultsFile = "cell faults file";

std::map<std::string, std::vector<std::string>> makeKeys() {
  const std::vector<std::string> trust = {"source", "status"};
  std::map<std::string, std::vector<std::string>> keys;
  keys[""] = {"format", "version", "name", "description", "unsupported"};
  keys[""].insert(keys[""].end(), fieldSections.begin(), fieldSections.end());
  keys[""].insert(keys[""].end(), {"crossbar", "faults", "costs"});
  keys["crossbar"] = trust;
  for (const CrossbarField &field : crossbarFields())
    keys["crossbar"].push_back(field.key);
  for (const std::string &section : fieldSections)
    keys[section] = trust;
  keys["arithmetic"].insert(keys["arithmetic"].end(), {"profile", "forbidden_ops"});
  keys["native"].push_back("form");
  keys["memories"].push_back("form");
  keys["real_time"].push_back("form");
  keys["topology"].push_back("kind");
  for (const Field &field : table)
    keys[field.section].push_back(field.key);
  keys["number"] = {"value", "source", "status"};
  keys["faults"] = {"chips", "cores", "links", "tiles"};
  keys["faults.tiles[]"] = {"chip", "x", "y"};
  keys["faults.cores[]"] = {"chip", "core"};
  keys["faults.links[]"] = {"chip", "x", "y", "direction"};
  keys["costs[]"] = {"name", "description", "source", "status", "events", "cycles", "barrier", "static_power"};
  keys["costs[].events"] = costEvents;
  for (const std::string &event : costEvents)
    keys["costs[].events." + event] = {"energy_pj", "time_ns", "source", "status"};
  keys["costs[].cycles"] = {"clock_ns", "source", "status"};
  for (const CycleModel::Key &key : CycleModel::keys)
    keys["costs[].cycles"].push_back(key.name);
  keys["costs[].barrier"] = {"times_ns", "interpolate", "source", "status"};
  keys["costs[].static_power"] = {"watts_per_chip", "source", "status"};
  keys[cellFaultsFile] = {"format", "version", "low", "high", "seed", "cells"};
  keys[faultsFile] = {"format", "version", "faults"};
  return keys;
}
const std::map<std::string, std::vector<std::string>> &allKeys() {
  static const auto keys = makeKeys();
  return keys;
}
} // namespace

std::span<const Field> fields() { return table; }

const std::vector<std::string> &keysOf(const std::string &section) {
  const auto found = allKeys().find(section);
  RANVIER_ASSERT(found != allKeys().end(), "a section of the table, found " + section);
  return found->second;
}

std::string shiftDecimal(const std::string &text, int places) {
  std::string digits, sign;
  int point = 0, exponent = 0;
  bool seenPoint = false;
  size_t at = 0;
  if (at < text.size() && (text[at] == '-' || text[at] == '+'))
    sign = text[at++] == '-' ? "-" : "";
  for (; at < text.size() && text[at] != 'e' && text[at] != 'E'; ++at) {
    if (text[at] == '.') {
      seenPoint = true;
      continue;
    }
    digits += text[at];
    point += !seenPoint;
  }
  if (at < text.size()) {
    const size_t start = at + 1 + (at + 1 < text.size() && text[at + 1] == '+');
    std::from_chars(text.data() + start, text.data() + text.size(), exponent);
  }
  const size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
  digits.erase(0, zeros);
  point -= static_cast<int>(zeros);
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.empty())
    return "0";
  point += exponent + places;
  const int size = static_cast<int>(digits.size());
  if (point > 0 && point <= 15)
    return sign + (point >= size ? digits + std::string(point - size, '0') : digits.substr(0, point) + "." + digits.substr(point));
  if (point <= 0 && point > -5)
    return sign + "0." + std::string(-point, '0') + digits;
  return sign + digits.substr(0, 1) + (size > 1 ? "." + digits.substr(1) : "") + "e" + std::to_string(point - 1);
}

} // namespace ranvier::hw::detail

std::vector<std::string> ranvier::hw::chipKeys() {
  std::vector<std::string> paths;
  for (const auto &[section, keys] : detail::allKeys())
    if (section != detail::faultsFile && section != detail::cellFaultsFile)
      for (const std::string &key : keys)
        paths.push_back(section.empty() ? key : section + "." + key);
  std::sort(paths.begin(), paths.end());
  return paths;
}
