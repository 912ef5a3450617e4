//===- Memories.cpp - Cores and tiles within their memories ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a core needs depends on how its sources are cut, so it is known of a whole mapping only: cores that are over a memory are
// halved and everything is counted again. Halves need less, so this ends. A core may take its share of the memory of a tile;
// then tiles are never over theirs, wherever cores are placed.
//===----------------------------------------------------------------------===//
#include "Memories.h"
#include "Split.h"
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

namespace {
/// A memory that a core is over.
struct Excess {
  const char *memory;
  uint64_t bound, needed;
  std::string parts; ///< "ring buffers 16384, ..."; empty for rows.
  bool shared = false;
};
} // namespace

static std::string text(uint64_t value) { return std::to_string(value); }

static std::string partsText(const std::vector<image::MemoryPart> &parts) {
  std::string out;
  for (const image::MemoryPart &part : parts)
    if (part.bytes)
      out += (out.empty() ? "" : ", ") + std::string(part.name) + " " + text(part.bytes);
  return out;
}

static std::optional<Excess> excessOf(const image::MemoryUse &use, const hw::Memories &memories, uint64_t sdram) {
  if (use.longestRow > memories.rowWords)
    return Excess{"words of a row", memories.rowWords, use.longestRow, "", false};
  if (use.fieldBits > image::mostFieldBits)
    return Excess{"bits of index, receptor and delay", image::mostFieldBits, use.fieldBits, "", false};
  if (const uint64_t bytes = use.dtcmBytes(); bytes > memories.dtcmBytes)
    return Excess{"DTCM [bytes]", memories.dtcmBytes, bytes, partsText(use.dtcm), false};
  if (memories.itcmCodeBytes > memories.itcmBytes)
    return Excess{"ITCM [bytes]", memories.itcmBytes, memories.itcmCodeBytes, "code " + text(memories.itcmCodeBytes), false};
  if (const uint64_t bytes = use.sdramBytes(); bytes > sdram)
    return Excess{"SDRAM [bytes]", sdram, bytes, partsText(use.sdram), true};
  return std::nullopt;
}

static uint64_t neuronsOf(const CoreAssignment &core) {
  uint64_t neurons = 0;
  for (const Slice &slice : core.slices)
    neurons += slice.count;
  return neurons;
}

/// "population 'a'" or "populations 'a', 'b'".
static std::string populationsOf(const Network &network, const CoreAssignment &core) {
  std::vector<uint32_t> numbers;
  for (const Slice &slice : core.slices)
    if (std::find(numbers.begin(), numbers.end(), slice.population) == numbers.end())
      numbers.push_back(slice.population);
  std::string names;
  for (const uint32_t number : numbers)
    names += (names.empty() ? "'" : ", '") + network.populations[number].name + "'";
  return (numbers.size() == 1 ? "population " : "populations ") + names;
}

std::pair<CoreAssignment, CoreAssignment> detail::halves(const CoreAssignment &core) {
  uint64_t left = neuronsOf(core) / 2;
  std::pair<CoreAssignment, CoreAssignment> out;
  out.first.level = out.second.level = core.level;
  for (const Slice &slice : core.slices) {
    const uint32_t take = static_cast<uint32_t>(std::min<uint64_t>(left, slice.count));
    if (take)
      out.first.slices.push_back({slice.population, slice.first, take});
    if (take < slice.count)
      out.second.slices.push_back({slice.population, slice.first + take, slice.count - take});
    left -= take;
  }
  return out;
}

static Error neuronAlone(const Network &network, const hw::Chip &chip, const CoreAssignment &core, const Excess &excess) {
  const Slice &slice = core.slices[0];
  return Error{.code = 6100,
               .message = std::string("one neuron alone needs more ") + excess.memory + " than a core of '" + chip.name +
                          "' has, by " + text(excess.needed - excess.bound) +
                          (excess.parts.empty() ? "" : " (" + excess.parts + ")"),
               .place = "population '" + network.populations[slice.population].name + "', neuron " + text(slice.first),
               .expected = "at most " + text(excess.bound),
               .found = text(excess.needed),
               .hint = "use shorter delays, a smaller model, fewer sources of the neuron, or fewer synapses of one projection "
                       "between two neurons",
               .kind = ErrorKind::DoesNotFit};
}

Result<void> detail::cutToMemories(const Network &network, const hw::Chip &chip, Mapping &mapping) {
  if (!chip.memories)
    return {};
  const uint64_t share = chip.memories->sdramBytes / chip.coresPerTile;
  std::map<std::string, uint64_t> cuts;
  for (bool cut = true; cut;) {
    cut = false;
    RANVIER_TRY(const std::vector<image::MemoryUse> uses, foretellMemories(network, chip, mapping));
    std::vector<CoreAssignment> cores;
    for (size_t c = 0; c < uses.size(); ++c) {
      CoreAssignment &core = mapping.cores[c];
      const auto excess = excessOf(uses[c], *chip.memories, share);
      if (excess && neuronsOf(core) > 1) {
        auto [first, second] = halves(core);
        cores.push_back(std::move(first));
        cores.push_back(std::move(second));
        ++cuts[excess->memory];
        cut = true;
        continue;
      }
      if (excess && (!excess->shared || excess->needed > chip.memories->sdramBytes))
        return neuronAlone(network, chip, core, *excess);
      cores.push_back(std::move(core));
    }
    mapping.cores = std::move(cores);
  }
  if (cuts.empty())
    return {};
  if (const uint64_t available = availableCores(chip); mapping.cores.size() > available) {
    const auto most = std::max_element(cuts.begin(), cuts.end(), [](const auto &a, const auto &b) { return a.second < b.second; });
    return Error{.code = 6101,
                 .message = "the network needs " + text(mapping.cores.size() - available) + " more cores than '" + chip.name +
                            "' has; the memory that cuts most of them is " + most->first,
                 .place = "network '" + network.name + "'",
                 .expected = "at most " + text(available) + " cores" + withoutDead(chip),
                 .found = text(mapping.cores.size()),
                 .hint = "use fewer neurons or synapses, shorter delays, or a larger machine",
                 .kind = ErrorKind::DoesNotFit};
  }
  takeFirstPlaces(chip, mapping);
  return {};
}

template <typename Core> static uint32_t tileNumber(const hw::Chip &chip, const Core &core) {
  return core.core / chip.coresPerTile;
}
static std::string tileText(const hw::Chip &chip, uint32_t tile) {
  return "tile (" + text(tile / chip.tilesY) + "," + text(tile % chip.tilesY) + ")";
}

/// [tile] bytes of its memory that its cores take.
static std::map<uint32_t, uint64_t> sharedUse(const hw::Chip &chip, const Mapping &mapping,
                                              const std::vector<image::MemoryUse> &uses) {
  std::map<uint32_t, uint64_t> sums;
  const std::vector<StandingCore> standing = standingCores(mapping);
  for (size_t c = 0; c < uses.size(); ++c)
    sums[tileNumber(chip, standing[c])] += uses[c].sdramBytes();
  return sums;
}

Result<void> detail::checkMemories(const Network &network, const hw::Chip &chip, const Mapping &mapping) {
  if (!chip.memories)
    return {};
  RANVIER_TRY(const Forecast forecast, foretellMachine(network, chip, mapping));
  const std::vector<image::MemoryUse> &uses = forecast.cores;
  const std::vector<StandingCore> standing = standingCores(mapping);
  for (size_t c = 0; c < uses.size(); ++c)
    if (const auto excess = excessOf(uses[c], *chip.memories, chip.memories->sdramBytes))
      return Error{.code = 6102,
                   .message = std::string("more ") + excess->memory + " than a core of '" + chip.name + "' has, by " +
                              text(excess->needed - excess->bound) + (excess->parts.empty() ? "" : " (" + excess->parts + ")"),
                   .place = nameOfCore(standing[c].chip, standing[c].core) + " (" +
                            populationsOf(network, mapping.cores[standing[c].owner]) + ")",
                   .expected = "at most " + text(excess->bound),
                   .found = text(excess->needed),
                   .hint = "give the core fewer neurons, or leave the mapping to the partitioner",
                   .kind = ErrorKind::DoesNotFit};
  for (const auto &[tile, bytes] : sharedUse(chip, mapping, uses))
    if (bytes > chip.memories->sdramBytes) {
      std::string names;
      for (const CoreAssignment &core : mapping.cores)
        if (tileNumber(chip, core) == tile)
          names += (names.empty() ? "" : "; ") + populationsOf(network, core);
      return Error{.code = 6103,
                   .message =
                       "the cores of a tile need more SDRAM [bytes] than it has, by " + text(bytes - chip.memories->sdramBytes),
                   .place = tileText(chip, tile) + " (" + names + ")",
                   .expected = "at most " + text(chip.memories->sdramBytes),
                   .found = text(bytes),
                   .hint = "spread these cores over more tiles",
                   .kind = ErrorKind::DoesNotFit};
    }
  for (const TileRouter &router : forecast.routers)
    if (router.entries.size() > chip.router.tableEntries) // Compression takes time, and few tables need it.
      RANVIER_CHECK(compressRouters(chip, {router}));
  return {};
}

static Json partsJson(const std::vector<image::MemoryPart> &parts) {
  Json json = Json::object();
  for (const image::MemoryPart &part : parts)
    json[part.name] = part.bytes;
  return json;
}

Json detail::memoriesReport(const Network &network, const hw::Chip &chip, const Mapping &mapping) {
  const hw::Memories &memories = *chip.memories;
  const auto forecast = foretellMachine(network, chip, mapping);
  if (!forecast || forecast->cores.empty())
    return nullptr;
  const std::vector<image::MemoryUse> *uses = &forecast->cores;
  const auto fullest = [&](auto &&bytes) {
    return static_cast<size_t>(
        std::max_element(uses->begin(), uses->end(), [&](const auto &a, const auto &b) { return bytes(a) < bytes(b); }) -
        uses->begin());
  };
  const std::vector<StandingCore> standing = standingCores(mapping);
  const auto core = [&](size_t c, uint64_t bytes, const std::vector<image::MemoryPart> &parts) {
    return Json{{"used", bytes},
                {"chip", standing[c].chip},
                {"core", standing[c].core},
                {"populations", populationsOf(network, mapping.cores[standing[c].owner])},
                {"parts", partsJson(parts)}};
  };
  Json json;
  const size_t data = fullest([](const image::MemoryUse &use) { return use.dtcmBytes(); });
  json["dtcm"] = core(data, (*uses)[data].dtcmBytes(), (*uses)[data].dtcm);
  json["dtcm"]["available"] = memories.dtcmBytes;
  const auto code = chip.statuses.find("memories.itcm_code_bytes");
  const bool unknown = code != chip.statuses.end() && code->second == hw::Provenance::Unknown;
  json["itcm"] = {{"used", unknown ? Json(nullptr) : Json(memories.itcmCodeBytes)}, {"available", memories.itcmBytes}};
  const size_t rows = fullest([](const image::MemoryUse &use) { return use.sdramBytes(); });
  json["sdram_core"] = core(rows, (*uses)[rows].sdramBytes(), (*uses)[rows].sdram);
  const auto tiles = sharedUse(chip, mapping, *uses);
  const auto tile = std::max_element(tiles.begin(), tiles.end(), [](const auto &a, const auto &b) { return a.second < b.second; });
  uint64_t total = 0;
  for (const auto &[at, bytes] : tiles)
    total += bytes;
  json["sdram_tile"] = {{"used", tile->second},
                        {"available", memories.sdramBytes},
                        {"tile", {tile->first / chip.tilesY, tile->first % chip.tilesY}},
                        {"all_tiles", total}};
  const size_t longest = fullest([](const image::MemoryUse &use) { return use.longestRow; });
  json["row_words"] = {{"used", (*uses)[longest].longestRow}, {"available", memories.rowWords}};
  size_t most = 0, entries = 0;
  for (const TileRouter &router : forecast->routers) {
    most = std::max(most, router.entries.size());
    entries += router.entries.size();
  }
  json["router_entries"] = {{"used", most}, {"available", chip.router.tableEntries}, {"all_tiles", entries}, {"compressed", false}};
  json["source_cores"] = forecast->sourceCores.size();
  json["delay_cores"] = forecast->delayCores.size();
  // What the numbers above rest on.
  json["estimates"] = Json::array();
  json["unknown"] = Json::array();
  for (const auto &[key, status] : chip.statuses)
    if (key.starts_with("memories."))
      if (status == hw::Provenance::Estimate || status == hw::Provenance::Unknown)
        json[status == hw::Provenance::Estimate ? "estimates" : "unknown"].push_back(key);
  if (json["sdram_core"]["parts"].contains("places"))
    json["estimates"].push_back("places"); // their size stands in no description
  return json;
}
