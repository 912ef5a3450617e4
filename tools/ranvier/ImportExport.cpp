//===- ImportExport.cpp - `ranvier import` and `ranvier export` -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "NetworkFile.h"
#include "ranvier/Formats/Hdf5Writer.h"
#include "ranvier/Frontend/NirExport.h"
#include "ranvier/Support/File.h"
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

namespace {
Result<void> import(Context &context, const NetworkOptions &options, const std::string &output) {
  RANVIER_TRY(LoadedNetwork loaded, loadNetwork(options));
  for (const auto &warning : loaded.warnings)
    context.warn(warning);
  RANVIER_CHECK(writeFileAtomically(output, printModule(*loaded.module)));
  context.print(Json{{"command", "import"}, {"output", fileName(output)}, {"warnings", loaded.warnings}}, "written " + output + "\n");
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
  RANVIER_CHECK(out->finish());
  context.print(Json{{"command", "export"}, {"output", fileName(output)}}, "written " + output + "\n");
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
  context.print(Json{{"command", "export"}, {"output", fileName(output)}, {"warnings", exported.warnings}}, "written " + output + "\n");
  return {};
}
} // namespace

void tools::addImport(CLI::App &app, Context &context) {
  auto options = std::make_shared<NetworkOptions>();
  auto output = std::make_shared<std::string>();
  CLI::App *command = addCommand(app, context, "import", "Turn a NIR file into snn text", "  ranvier import network.nir -o network.mlir",
                                 [&context, options, output] { return import(context, *options, *output); });
  options->addTo(*command);
  command->add_option("-o,--output", *output, "Text file to write")->required();
}

void tools::addExport(CLI::App &app, Context &context) {
  auto options = std::make_shared<NetworkOptions>();
  auto output = std::make_shared<std::string>();
  auto hdf5 = std::make_shared<bool>(false);
  CLI::App *command = addCommand(app, context, "export", "Turn snn text into a NIR file, or an image into HDF5",
                                 "  ranvier export network.mlir -o network.nir\n  ranvier export network.rvi --hdf5 -o network.h5",
                                 [&context, options, output, hdf5]() -> Result<void> {
    if (isImage(options->path) != *hdf5)
      return Error{.code = 8060, .message = *hdf5 ? "--hdf5 exports images" : "an image is exported with --hdf5", .file = options->path,
                   .expected = *hdf5 ? "a file ending in .rvi" : "a network file"};
    return *hdf5 ? exportImageHdf5(context, options->path, *output) : exportNetwork(context, *options, *output);
  });
  options->addTo(*command);
  command->add_flag("--hdf5", *hdf5, "Write the tables of an image for h5py");
  command->add_option("-o,--output", *output, "File to write")->required();
}
