//===- ImportExport.cpp - `ranvier import` and `ranvier export` -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ExportSpikes.h"
#include "NetworkFile.h"
#include "OutputFolder.h"
#include "TableReport.h"
#include "ranvier/Formats/Hdf5Writer.h"
#include "ranvier/Frontend/NirExport.h"
#include "ranvier/Network/Network.h"
#include "ranvier/Rtl/Loader.h"
#include "ranvier/Support/File.h"
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

namespace {
Result<void> import(Context &context, const NetworkOptions &options, const std::string &output) {
  RANVIER_CHECK(checkOutput(output, {options.path}));
  RANVIER_TRY(LoadedNetwork loaded, loadNetwork(options));
  RANVIER_CHECK(networkIn(loaded, options));
  for (const auto &warning : loaded.warnings)
    context.warn(warning);
  RANVIER_CHECK(writeFileAtomically(output, printModule(*loaded.module)));
  context.print(Json{{"command", "import"}, {"output", fileName(output)}, {"warnings", loaded.warnings}},
                "written " + output + "\n");
  return {};
}

/// The words of a span of records, field by field: every record is a row of u32 or u64 words without padding.
template <typename Word, typename Record>
void table(formats::Hdf5Writer &out, const std::string &name, std::span<const Record> records) {
  static_assert(sizeof(Record) % sizeof(Word) == 0);
  const Word *words = reinterpret_cast<const Word *>(records.data());
  constexpr uint64_t width = sizeof(Record) / sizeof(Word);
  if constexpr (width == 1)
    out.array(name, std::span<const Word>(words, records.size()), {records.size()});
  else
    out.array(name, std::span<const Word>(words, records.size() * width), {records.size(), width});
}

Result<void> exportImageHdf5(Context &context, const std::string &imagePath, const std::string &output) {
  RANVIER_TRY(auto image, openImage(imagePath));
  RANVIER_TRY(auto out, formats::Hdf5Writer::create(output, /*compress=*/true));
  out->attribute("", "format", std::string("ranvier-image"));
  out->text("chip", image->chipText);
  out->text("description", image::describe(*image, false));
  table<uint32_t>(*out, "cores", image->cores);
  table<uint32_t>(*out, "slices", image->slices);
  table<uint32_t>(*out, "params", image->params);
  table<int32_t>(*out, "param_words", image->paramWords);
  table<int32_t>(*out, "state_words", image->stateWords);
  table<uint32_t>(*out, "in_axons", image->inAxons);
  table<uint32_t>(*out, "rows", image->rows);
  table<uint32_t>(*out, "synapses32", image->synapses32);
  table<uint64_t>(*out, "synapses64", image->synapses64);
  table<uint64_t>(*out, "out_ptr", image->outPtr);
  table<uint32_t>(*out, "out_axons", image->outAxons);
  if (!image->crossbars.empty()) {
    table<uint64_t>(*out, "crossbars", image->crossbars);
    table<uint32_t>(*out, "crossbar_rows", image->crossbarRows);
    table<uint32_t>(*out, "crossbar_columns", image->crossbarColumns);
    table<uint8_t>(*out, "crossbar_levels", image->crossbarLevels);
    table<double>(*out, "crossbar_ranges", image->crossbarRanges);
  }
  RANVIER_CHECK(out->finish());
  context.print(Json{{"command", "export"}, {"output", fileName(output)}}, "written " + output + "\n");
  return {};
}

Result<void> exportMemories(Context &context, const std::string &imagePath, const std::string &folder, const std::string &grid,
                            bool fastPath) {
  RANVIER_TRY(auto image, openImage(imagePath));
  rtl::Grid nodes = rtl::smallestGrid(*image);
  if (!grid.empty()) {
    RANVIER_TRY(nodes, rtl::parseGrid(grid));
  }
  RANVIER_TRY(const rtl::LoadedImage loaded, rtl::loadImage(*image, nodes, {.fastPath = fastPath}));
  uint64_t files = 0;
  RANVIER_CHECK(writeFolder(folder, [&](const std::filesystem::path &beside) -> Result<void> {
    for (const rtl::MemoryFile &file : rtl::memoryFiles(loaded, *image)) {
      RANVIER_CHECK(writeFileAtomically((beside / file.name).string(), file.text));
      ++files;
    }
    return {};
  }));
  context.print(
      Json{{"command", "export"},
           {"output",
            fileName(std::filesystem::path(folder).has_filename() ? folder : std::filesystem::path(folder).parent_path().string())},
           {"grid", nodes.str()},
           {"files", files}},
      "written " + folder + ": " + std::to_string(files) + " files for " + nodes.str() + " nodes\n");
  return {};
}

bool isImage(const std::string &path) { return path.ends_with(".rvi"); }

Result<void> exportNetwork(Context &context, const NetworkOptions &options, const std::string &output) {
  RANVIER_TRY(LoadedNetwork loaded, loadNetwork(options));
  RANVIER_TRY(auto exported, frontend::exportNir(*loaded.module));
  exported.file.path = output;
  for (const auto &warning : exported.warnings)
    context.warn(warning);
  RANVIER_CHECK(formats::nir::write(exported.file));
  context.print(Json{{"command", "export"}, {"output", fileName(output)}, {"warnings", exported.warnings}},
                "written " + output + "\n");
  return {};
}
} // namespace

void tools::addImport(CLI::App &app, Context &context) {
  auto options = std::make_shared<NetworkOptions>();
  auto output = std::make_shared<std::string>();
  CLI::App *command =
      addCommand(app, context, "import", "Turn a NIR file into snn text", "  ranvier import network.nir -o network.mlir",
                 [&context, options, output] { return import(context, *options, *output); });
  options->addTo(*command);
  command->add_option("-o,--output", *output, "Text file to write")->required();
}

namespace {
struct ExportFlags {
  NetworkOptions network;
  SpikeExport spikes;
  std::string output, readmemh, sdram, grid;
  bool hdf5 = false, noFastPath = false;
};

/// `export --readmemh` and `--sdram`: what goes with them and what does not.
Result<void> exportFolder(Context &context, const ExportFlags &flags) {
  const std::string option = flags.readmemh.empty() ? "--sdram" : "--readmemh";
  const std::string because = option + " was given, which exports an image into a folder";
  if (!isImage(flags.network.path))
    return Error{.code = 8060,
                 .message = option + " exports images",
                 .file = flags.network.path,
                 .expected = "a file ending in .rvi",
                 .kind = ErrorKind::Usage};
  for (const auto &[given, other] : {std::pair(flags.hdf5, "--hdf5"),
                                     {!flags.spikes.format.empty(), "--spikes"},
                                     {!flags.output.empty(), "-o"},
                                     {!flags.spikes.populations.empty(), "--population"},
                                     {flags.spikes.sample.has_value(), "--sample"},
                                     {!flags.readmemh.empty() && !flags.sdram.empty(), "--sdram"},
                                     {!flags.network.models.empty(), "--models"}})
    if (given)
      return pointlessOption(other, because);
  if (const std::string given = flags.network.readingOptions(); !given.empty())
    return pointlessOption(given, "only NIR networks are read by it");
  if (!flags.readmemh.empty())
    return exportMemories(context, flags.network.path, flags.readmemh, flags.grid, !flags.noFastPath);
  return exportTables(context, flags.network.path, flags.sdram);
}

Result<void> exportAny(Context &context, ExportFlags &flags) {
  if (!flags.readmemh.empty())
    return exportFolder(context, flags);
  for (const auto &[given, option] : {std::pair(!flags.grid.empty(), "--grid"), {flags.noFastPath, "--no-fast-path"}})
    if (given)
      return pointlessOption(option, "it says how --readmemh lays an image out");
  if (!flags.sdram.empty())
    return exportFolder(context, flags);
  if (flags.output.empty())
    return Error{.code = 8003,
                 .message = "nothing says where to write",
                 .place = "command line",
                 .expected = "-o FILE, or --readmemh or --sdram FOLDER for an image",
                 .kind = ErrorKind::Usage};
  const std::string &path = flags.network.path;
  const bool spikes = !flags.spikes.format.empty();
  RANVIER_CHECK(checkOutput(flags.output, {path}));
  if (flags.hdf5 && spikes)
    return pointlessOption("--hdf5", "--spikes was given; an export makes one file");
  if (isImage(path) != flags.hdf5)
    return Error{.code = 8060,
                 .message = flags.hdf5 ? "--hdf5 exports images" : "an image is exported with --hdf5, --readmemh or --sdram",
                 .file = path,
                 .expected = flags.hdf5 ? "a file ending in .rvi" : "a network or spike file",
                 .kind = ErrorKind::Usage};
  if (!spikes) {
    if (!flags.spikes.populations.empty())
      return pointlessOption("--population", "it chooses among the spikes that --spikes exports");
    if (flags.spikes.sample)
      return pointlessOption("--sample", "it chooses among the spikes that --spikes exports");
  }
  if (flags.hdf5 || spikes) {
    if (!flags.network.models.empty())
      return pointlessOption("--models", "only networks name neuron models");
    if (spikes) {
      flags.spikes.dt = flags.network.dt;
      flags.network.dt = 0;
    }
    if (const std::string given = flags.network.readingOptions(); !given.empty())
      return pointlessOption(given, "only NIR networks are read by it");
  }
  if (flags.hdf5)
    return exportImageHdf5(context, path, flags.output);
  if (!spikes)
    return exportNetwork(context, flags.network, flags.output);
  flags.spikes.input = path;
  flags.spikes.output = flags.output;
  return exportSpikes(context, flags.spikes);
}
} // namespace

void tools::addExport(CLI::App &app, Context &context) {
  auto flags = std::make_shared<ExportFlags>();
  CLI::App *command =
      addCommand(app, context, "export", "Turn snn text into a NIR file, an image into HDF5, spikes into another format",
                 "  ranvier export network.mlir -o network.nir\n"
                 "  ranvier export network.rvi --hdf5 -o network.h5\n"
                 "  ranvier export network.rvi --readmemh memories/\n"
                 "  ranvier export network.rvi --sdram tables/\n"
                 "  ranvier export run.h5 --spikes csv --population lif2 -o lif2.csv\n"
                 "  ranvier export spikes.csv --spikes sonata --dt 1e-3 -o spikes.h5",
                 [&context, flags] { return exportAny(context, *flags); });
  flags->network.addTo(*command);
  command->get_option("network")->description(
      "NIR file, snn text or bytecode; with --hdf5, --readmemh or --sdram an image; with --spikes a recording or spike file");
  command->get_option("--dt")->description("Time step [s] of a NIR file; with --spikes: of a spike file");
  command->add_flag("--hdf5", flags->hdf5, "Write the tables of an image for h5py");
  command->add_option("--readmemh", flags->readmemh,
                      "Folder for the memories of an image in the form of $readmemh, and the SystemVerilog package of its chip");
  command->add_option(
      "--sdram", flags->sdram,
      "Folder for the bytes that cores and routers of an image are loaded with (population tables, rows), and an index");
  command->add_option("--grid", flags->grid,
                      "With --readmemh: nodes of the RTL, COLUMNSxROWS; default: the smallest that holds the image");
  command->add_flag("--no-fast-path", flags->noFastPath, "With --readmemh: all populations on the programmable engine");
  command->add_option("--spikes", flags->spikes.format, "Write spikes: csv (step,neuron), nir (NIRGraphData) or sonata")
      ->check(CLI::IsMember({"csv", "nir", "sonata"}));
  command->add_option("--population", flags->spikes.populations, "With --spikes: only this population; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--sample", flags->spikes.sample, "With --spikes: sample of an input of several, from 0; default: 0");
  command->add_option("-o,--output", flags->output, "File to write");
}
