//===- TableReport.cpp - Tables and memories of cores ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "TableReport.h"
#include "OutputFolder.h"
#include "ranvier/Support/File.h"
#include "ranvier/Support/Text.h"
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

static std::string joined(const Json &list) {
  std::string text;
  for (const Json &one : list)
    text += (text.empty() ? "" : ", ") + one.get<std::string>();
  return text;
}

std::string tools::memoryLines(const Json &mapping) {
  const auto at = mapping.find("memories");
  if (at == mapping.end() || !at->is_object())
    return "";
  const Json &memories = *at, &dtcm = memories["dtcm"], &core = memories["sdram_core"], &tile = memories["sdram_tile"];
  const auto where = [](const Json &one) {
    return "core " + one["core"].dump() + " of chip " + one["chip"].dump() + " (" + one["populations"].get<std::string>() + ")";
  };
  std::string text =
      "DTCM           " + dtcm["used"].dump() + " of " + dtcm["available"].dump() + " bytes on " + where(dtcm) + "\n";
  text += "ITCM           " + (memories["itcm"]["used"].is_null() ? "unknown" : memories["itcm"]["used"].dump()) + " of " +
          memories["itcm"]["available"].dump() + " bytes\n";
  text += "SDRAM          " + tile["used"].dump() + " of " + tile["available"].dump() + " bytes of tile (" +
          tile["tile"][0].dump() + "," + tile["tile"][1].dump() + "); most of a core " + core["used"].dump() + ", " + where(core) +
          "\n";
  text += "rows           at most " + memories["row_words"]["used"].dump() + " of " + memories["row_words"]["available"].dump() +
          " words\n";
  text += "routers        at most " + memories["router_entries"]["used"].dump() + " of " +
          memories["router_entries"]["available"].dump() + " entries, not compressed\n";
  if (const uint64_t cores = memories["source_cores"].get<uint64_t>())
    text += "inputs         " + std::to_string(cores) + " more cores send their spikes\n";
  if (const uint64_t cores = memories["delay_cores"].get<uint64_t>())
    text += "delays         " + std::to_string(cores) + " more cores send spikes again\n";
  if (!memories["unknown"].empty())
    text += "  unknown, not counted: " + joined(memories["unknown"]) + "\n";
  if (!memories["estimates"].empty())
    text += "  estimates: " + joined(memories["estimates"]) + "\n";
  return text;
}

/// A number of nanoseconds in microseconds, with one decimal.
static std::string microseconds(const Json &nanoseconds) {
  char text[40];
  std::snprintf(text, sizeof text, "%.1f", nanoseconds.get<double>() * 1e-3);
  return text;
}

std::string tools::loadLines(const Json &mapping) {
  const auto at = mapping.find("load");
  if (at == mapping.end() || !at->is_object())
    return "";
  const Json &load = *at, &busiest = load["busiest"], &over = load["cores_over"];
  std::string text =
      "step           " + microseconds(load["timestep_ns"]) + " us; the busiest core, " + busiest["core"].dump() + " of chip " +
      busiest["chip"].dump() + ", works " + microseconds(busiest["mean_ns"]) +
      " us on average: " + microseconds(busiest["neurons_ns"]) + " for " + counted(busiest["neurons"].get<uint64_t>(), "neuron") +
      ", " + microseconds(busiest["packets_ns"]) + " for packets, " + microseconds(busiest["synapses_ns"]) + " for synapses" +
      (busiest["transfers_ns"].get<double>() > 0 ? ", " + microseconds(busiest["transfers_ns"]) + " for transfers of sums" : "") +
      "; " + microseconds(busiest["peak_ns"]) + " us with " + decimal(load["sigma"].get<double>()) + " deviations\n";
  text += "overruns       foretold on " + over["mean"].dump() + " of " + load["cores"].dump() + " cores on average, on " +
          over["peak"].dump() + " with the deviations; rates: " +
          (load["rates"]["from"] == "profile" ? std::string("of the recorded run")
                                              : decimal(load["rates"]["spikes_per_second"].get<double>()) + " Hz") +
          "\n";
  if (load.contains("unsplit")) {
    const Json &unsplit = load["unsplit"], &core = unsplit["busiest"];
    text += "split          " + load["synapse_cores"].dump() + " synapse cores; without them " +
            unsplit["cores_over"]["peak"].dump() + " of " + unsplit["cores"].dump() + " cores would be late: up to " +
            microseconds(core["peak_ns"]) + " us for " + core["neurons"].dump() + " neurons, of which packets take " +
            microseconds(unsplit["packets_alone_ns"]["peak"]) + " us however few neurons a core has\n";
  }
  if (!load["estimates"].empty())
    text += "  estimates: " + joined(load["estimates"]) + "\n";
  if (!load["left_out"].empty())
    text += "  unknown, left out: " + joined(load["left_out"]) + "\n";
  return text;
}

static Json partsJson(const std::vector<image::MemoryPart> &parts, uint64_t sum) {
  Json json = Json::object();
  for (const image::MemoryPart &part : parts)
    json[part.name] = part.bytes;
  return {{"bytes", sum}, {"parts", json}};
}

/// Form and sizes of one core's tables.
static Json coreJson(const image::Image &image, const mapping::MachineTables &tables, uint32_t number) {
  const image::CoreRecord &core = image.cores[number];
  const image::CorePlan &plan = tables.plans[number];
  const image::MemoryUse use = image::useOf(tables.shapes[number], plan, *image.chip.memories);
  uint64_t matrices = 0, direct = 0, together = 0;
  for (const image::EntryPlan &entry : plan.entries) {
    together += entry.blocks > 1;
    matrices += entry.matrices.size();
    for (const image::EntryPlan::Matrix &matrix : entry.matrices)
      direct += matrix.direct;
  }
  return {{"chip", core.chip},
          {"core", core.core},
          {"entries", plan.entries.size()},
          {"entries_of_several_blocks", together},
          {"matrices", matrices},
          {"direct_matrices", direct},
          {"longest_row_words", plan.longestRow},
          {"fields",
           {{"index_bits", plan.fields.indexBits}, {"type_bits", plan.fields.typeBits}, {"delay_bits", plan.fields.delayBits}}},
          {"dtcm", partsJson(use.dtcm, use.dtcmBytes())},
          {"sdram", partsJson(use.sdram, use.sdramBytes())}};
}

Result<Json> tools::tablesJson(const image::Image &image) {
  if (!image.chip.memories)
    return Json(nullptr);
  RANVIER_TRY(const mapping::MachineTables tables, mapping::machineTables(image));
  Json cores = Json::array(), routers = Json::array();
  for (uint32_t c = 0; c < image.cores.size(); ++c)
    cores.push_back(coreJson(image, tables, c));
  for (const mapping::TileRouter &router : tables.routers)
    routers.push_back({{"x", router.tile / image.chip.tilesY},
                       {"y", router.tile % image.chip.tilesY},
                       {"entries_uncompressed", router.entries.size()}});
  return Json{{"cores", cores},
              {"routers", routers},
              {"source_cores", tables.sourceCores.size()},
              {"delay_cores", tables.delayCores.size()}};
}

std::string tools::tablesText(const Json &tables) {
  if (tables.is_null())
    return "";
  std::string text = "\ntables (population table, rows; docs/spec/population-tables.md)\n";
  for (const Json &core : tables["cores"])
    text += "  chip " + core["chip"].dump() + " core " + core["core"].dump() + ": " + core["entries"].dump() + " entries, " +
            core["matrices"].dump() + " matrices (" + core["direct_matrices"].dump() + " direct), rows of at most " +
            core["longest_row_words"].dump() + " words; DTCM " + core["dtcm"]["bytes"].dump() + ", SDRAM " +
            core["sdram"]["bytes"].dump() + " bytes\n";
  uint64_t entries = 0, most = 0;
  for (const Json &router : tables["routers"]) {
    const uint64_t here = router["entries_uncompressed"].get<uint64_t>();
    entries += here;
    most = std::max(most, here);
  }
  return text + "  " + std::to_string(tables["routers"].size()) + " routers: " + std::to_string(entries) + " entries, at most " +
         std::to_string(most) + ", not compressed\n";
}

//===--- Export -----------------------------------------------------------===//

namespace {
class TableExport {
public:
  TableExport(const image::Image &image, const mapping::MachineTables &tables, const std::filesystem::path &folder)
      : image(image), tables(tables), folder(folder) {}
  Result<void> run();
  uint64_t files = 0, bytes = 0;

private:
  Result<void> writeCores();
  Result<void> writeRouters();
  Json keysJson() const;
  Json sourceCoresJson() const;
  Json delayCoresJson() const;
  Json slicesJson(const image::CoreRecord &core) const;
  Result<void> write(const std::string &name, const std::string &content) {
    ++files;
    bytes += content.size();
    return writeFileAtomically((folder / name).string(), content);
  }

  const image::Image &image;
  const mapping::MachineTables &tables;
  const std::filesystem::path folder;
  Json cores = Json::array(), routers = Json::array();
};
} // namespace

Json TableExport::slicesJson(const image::CoreRecord &core) const {
  Json slices = Json::array();
  for (const image::SliceRecord &slice : image.slices.subspan(core.firstSlice, core.sliceCount))
    slices.push_back({{"population", image.meta.populations[slice.population].name},
                      {"first", slice.first},
                      {"count", slice.count},
                      {"index", slice.neuronBase}});
  return slices;
}

Result<void> TableExport::writeCores() {
  const hw::Memories &memories = *image.chip.memories;
  std::map<uint32_t, uint64_t> used; // [tile] bytes that are taken.
  for (uint32_t c = 0; c < image.cores.size(); ++c) {
    const image::CoreRecord &core = image.cores[c];
    const uint32_t tile = core.core / image.chip.coresPerTile, x = tile / image.chip.tilesY, y = tile % image.chip.tilesY,
                   p = core.core % image.chip.coresPerTile + 1;
    RANVIER_TRY(const image::CoreTables built, image::buildTables(image, c, tables.blocks, tables.keys, tables.plans[c]));
    uint64_t &taken = used[tile];
    taken += memories.allocationBytes;
    const uint32_t address = static_cast<uint32_t>(memories.sdramBase + taken);
    const std::vector<uint8_t> block = image::blockBytes(built, address);
    const std::string name = "core_" + std::to_string(x) + "_" + std::to_string(y) + "_" + std::to_string(p) + ".bin";
    RANVIER_CHECK(write(name, std::string(block.begin(), block.end())));
    taken += block.size();
    if (tables.shapes[c].feeds) // Where it writes its sums.
      taken += memories.allocationBytes + image::handedBytes(tables.shapes[c]);
    Json json = coreJson(image, tables, c);
    json.update({{"x", x},
                 {"y", y},
                 {"p", p},
                 {"file", name},
                 {"address", address},
                 {"bytes", block.size()},
                 {"slices", slicesJson(core)}});
    if (core.feeds) {
      json["feeds"] = core.feeds - 1;
      json["sums"] = {{"address", memories.sdramBase + taken - image::handedBytes(tables.shapes[c])},
                      {"bytes", image::handedBytes(tables.shapes[c])}};
    }
    cores.push_back(std::move(json));
  }
  return {};
}

Result<void> TableExport::writeRouters() {
  RANVIER_TRY(const std::vector<mapping::TileRouter> shorter, mapping::compressRouters(image.chip, tables.routers));
  for (size_t r = 0; r < shorter.size(); ++r) {
    const uint32_t x = shorter[r].tile / image.chip.tilesY, y = shorter[r].tile % image.chip.tilesY;
    std::string content;
    for (const mapping::RoutingEntry &entry : shorter[r].entries)
      for (const uint32_t word : {entry.key, entry.mask, entry.route})
        for (unsigned shift = 0; shift < 32; shift += 8)
          content += static_cast<char>(word >> shift);
    const std::string name = "router_" + std::to_string(x) + "_" + std::to_string(y) + ".bin";
    RANVIER_CHECK(write(name, content));
    routers.push_back({{"x", x},
                       {"y", y},
                       {"file", name},
                       {"entries", shorter[r].entries.size()},
                       {"entries_uncompressed", tables.routers[r].entries.size()}});
  }
  return {};
}

Json TableExport::sourceCoresJson() const {
  Json list = Json::array();
  for (const mapping::SourceCore &core : tables.sourceCores) {
    const uint32_t tile = core.core / image.chip.coresPerTile;
    list.push_back({{"population", image.meta.populations[core.population].name},
                    {"block", core.block},
                    {"x", tile / image.chip.tilesY},
                    {"y", tile % image.chip.tilesY},
                    {"p", core.core % image.chip.coresPerTile + 1}});
  }
  return list;
}

Json TableExport::delayCoresJson() const {
  Json list = Json::array();
  for (const mapping::DelayCore &core : tables.delayCores) {
    const uint32_t tile = core.core / image.chip.coresPerTile;
    list.push_back({{"population", image.meta.populations[core.population].name},
                    {"block", core.block},
                    {"stages", tables.blocks.stages(core.population)},
                    {"x", tile / image.chip.tilesY},
                    {"y", tile % image.chip.tilesY},
                    {"p", core.core % image.chip.coresPerTile + 1}});
  }
  return list;
}

Json TableExport::keysJson() const {
  Json keys = Json::array();
  const uint32_t originals = tables.blocks.originals();
  for (uint32_t p = 0; p < tables.blocks.populations(); ++p) {
    const image::Keys::Zone &zone = tables.keys.zones[p];
    if (!zone.used)
      continue;
    Json blocks = Json::array();
    for (size_t b = 0; b < tables.blocks.sizes(p).size(); ++b) {
      const uint32_t core = tables.blocks.cores(p)[b];
      blocks.push_back({{"atoms", tables.blocks.sizes(p)[b]}, {"core", core == image::none ? Json(nullptr) : Json(core)}});
    }
    keys.push_back({{"population", image.meta.populations[p % originals].name},
                    {"extension", p >= originals},
                    {"key", zone.base},
                    {"block_bits", zone.blockBits},
                    {"atom_bits", zone.atomBits},
                    {"blocks", blocks}});
  }
  return keys;
}

Result<void> TableExport::run() {
  RANVIER_CHECK(writeCores());
  RANVIER_CHECK(writeRouters());
  Json estimates = Json::array(), unknown = Json::array();
  for (const auto &[key, status] : image.chip.statuses)
    if (key.starts_with("memories.")) {
      if (status == hw::Provenance::Estimate)
        estimates.push_back(key);
      if (status == hw::Provenance::Unknown)
        unknown.push_back(key);
    }
  const Json index = {{"format", "ranvier-tables"},
                      {"version", 1},
                      {"network", image.meta.network},
                      {"chip", image.chip.name},
                      {"keys", keysJson()},
                      {"cores", cores},
                      {"routers", routers},
                      {"source_cores", sourceCoresJson()},
                      {"delay_cores", delayCoresJson()},
                      {"estimates", estimates},
                      {"unknown", unknown}};
  return write("index.json", index.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

Result<void> tools::exportTables(Context &context, const std::string &imagePath, const std::string &folder) {
  RANVIER_TRY(auto image, openImage(imagePath));
  auto tables = mapping::machineTables(*image);
  if (!tables) {
    tables.error().file = imagePath;
    return std::move(tables.error());
  }
  uint64_t files = 0, bytes = 0;
  RANVIER_CHECK(writeFolder(folder, [&](const std::filesystem::path &beside) -> Result<void> {
    TableExport out(*image, *tables, beside);
    RANVIER_CHECK(out.run());
    files = out.files;
    bytes = out.bytes;
    return {};
  }));
  context.print(Json{{"command", "export"}, {"output", fileName(folder)}, {"files", files}, {"bytes", bytes}},
                "written " + folder + ": " + std::to_string(files) + " files, " + std::to_string(bytes) + " bytes\n");
  return {};
}
