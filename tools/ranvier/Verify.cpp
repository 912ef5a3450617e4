//===- Verify.cpp - `ranvier verify` and the provenance it reads ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Translation validation: the network is quantised again from its file, the image alone is turned back into a network, and every
// neuron, parameter, synapse, weight and delay of the two is compared.
//===----------------------------------------------------------------------===//
#include "Provenance.h"
#include "ranvier/Mapping/Mapping.h"
#include "ranvier/Network/Network.h"
#include "ranvier/Quantize/Quantize.h"
#include "ranvier/Support/File.h"
#include "ranvier/Support/Text.h"
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

std::string tools::makeProvenance(const NetworkOptions &network, const std::string &hash, const TargetOptions &target,
                                  const std::string &mappingText) {
  Json out = {{"tool", "ranvier " RANVIER_VERSION},
              {"source", fileName(network.path)},
              {"source_hash", hash},
              {"import", network.toJson()},
              {"weight_bits", target.weightBits.value_or(8)},
              {"seed", target.seed}};
  if (!target.profileText.empty())
    out["calibration"] = target.profileText;
  if (target.partition != "auto")
    out["partition"] = target.partition;
  if (!target.sameChip.empty())
    out["same_chip"] = target.sameChip;
  if (target.split != "off")
    out["split"] = target.split;
  if (target.split == "auto" && target.spikesPerSecond)
    out["spikes_per_second"] = *target.spikesPerSecond;
  if (!target.profileHash.empty())
    out["profile_hash"] = target.profileHash;
  if (!target.faultsHash.empty())
    out["faults_hash"] = target.faultsHash;
  if (!target.compensate.empty())
    out["compensate"] = target.compensate;
  if (!mappingText.empty())
    out["mapping_hash"] = contentHash(mappingText);
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Provenance> tools::readProvenance(const std::string &text) {
  RANVIER_TRY(Json record, parseJson(text, "provenance"));
  const Error malformed{.code = 8050, .message = "the image's provenance record is malformed", .place = "provenance"};
  if (!record.is_object())
    return malformed;
  Provenance out;
  auto text2 = [&](const char *key, std::string &into) {
    auto at = record.find(key);
    if (at == record.end())
      return true;
    if (!at->is_string())
      return false;
    into = at->get<std::string>();
    return true;
  };
  auto bits = record.find("weight_bits");
  if (!text2("source_hash", out.hash) || !text2("calibration", out.target.profileText) || bits == record.end() ||
      !bits->is_number_unsigned() || bits->get<uint64_t>() < 1 || bits->get<uint64_t>() > 16)
    return malformed;
  out.target.weightBits = bits->get<unsigned>();
  if (auto import = record.find("import"); import != record.end())
    out.network = NetworkOptions::fromJson(*import);
  return out;
}

Result<hw::Chip> tools::chipOf(const TargetOptions &target) {
  RANVIER_TRY(hw::Chip chip, hw::findTarget(target.target));
  if (!target.faults.empty())
    RANVIER_CHECK(hw::addFaults(chip, target.faults));
  return chip;
}

Result<compiler::CompileOptions> tools::makeCompileOptions(const TargetOptions &target) {
  compiler::CompileOptions options;
  RANVIER_TRY(options.chip, chipOf(target));
  options.targetName = target.target;
  options.weightBits = target.weightBits.value_or(compiler::defaultWeightBits(options.chip));
  options.calibration = target.profileText;
  options.seed = target.seed;
  options.strategy = strategyNamed(target.partition);
  options.threads = target.threads.value_or(0);
  options.sameChip = target.sameChipSets();
  if (target.spikesPerSecond && !options.chip.memories)
    return pointlessOption("--spikes-per-second", "no times of a step are foretold on '" + options.chip.name + "'");
  if (target.split != "off") {
    if (target.partition != "auto" && target.partition != "sequential")
      return pointlessOption("--partition", "with --split cores are filled sequentially");
    options.split = target.split == "auto" ? mapping::Split::Auto : mapping::Split::Fixed;
    if (options.split == mapping::Split::Fixed)
      options.synapseCores = static_cast<uint32_t>(std::stoul(target.split));
    if (options.synapseCores >= options.chip.coresPerTile && options.split == mapping::Split::Fixed && options.chip.memories)
      return Error{.code = 6110,
                   .message = "a tile has too few cores for so many synapse cores beside one with neurons",
                   .place = "--split",
                   .expected = "at most " + std::to_string(options.chip.coresPerTile - 1),
                   .found = target.split,
                   .kind = ErrorKind::DoesNotFit};
  }
  options.spikesPerSecond = target.spikesPerSecond.value_or(0);
  return options;
}

namespace {
Result<void> verify(Context &context, const std::string &imagePath, NetworkOptions source) {
  RANVIER_TRY(auto image, openImage(imagePath));
  RANVIER_TRY(Provenance made, readProvenance(image->meta.provenance));
  const std::string path = source.path;
  // Options given here win over the record: they let a user state what the image should have been made with.
  if (source.dt == 0)
    source.dt = made.network.dt;
  if (source.reset.empty())
    source.reset = made.network.reset;
  if (source.timeUnit.empty())
    source.timeUnit = made.network.timeUnit;
  RANVIER_TRY(LoadedNetwork loaded, loadNetwork(source));
  if (loaded.hash != made.hash)
    context.warn("the image was made from a file with other contents than " + path);
  compiler::CompileOptions options;
  options.chip = image->chip;
  options.targetName = image->chip.name;
  options.weightBits = made.target.weightBits.value_or(8);
  if (options.weightBits > compiler::defaultWeightBits(options.chip))
    return Error{.code = 8050,
                 .message = "the image's provenance record is malformed",
                 .place = "provenance",
                 .expected = "at most " + std::to_string(compiler::defaultWeightBits(options.chip)) + " weight bits",
                 .found = std::to_string(options.weightBits)};
  options.calibration = made.target.profileText;
  compiler::CompileReport report;
  RANVIER_CHECK(runStages(*loaded.module, options, compiler::Stage::Quantised, report));
  RANVIER_TRY(mapping::Network expected, compiler::extractNetwork(*loaded.module, options.chip));
  RANVIER_TRY(mapping::Network found, mapping::rebuildNetwork(*image));
  const auto differences = mapping::compareNetworks(expected, found);
  uint64_t neurons = 0, synapses = 0;
  for (const auto &population : expected.populations)
    neurons += population.input ? 0 : population.count;
  for (const auto &projection : expected.projections)
    synapses += projection.targets.size();
  Json result = {{"command", "verify"}, {"image", fileName(imagePath)}, {"equal", differences.empty()},
                 {"neurons", neurons},  {"synapses", synapses},         {"differences", differences}};
  std::string text = differences.empty() ? "equal: " : "DIFFERENT: ";
  text +=
      counted(neurons, "neuron") + " and " + counted(synapses, "synapse") + " of the quantised network compared with the image\n";
  for (const auto &line : differences)
    text += "  " + line + "\n";
  context.print(result, text);
  if (!differences.empty())
    context.exitCode = BadInput;
  return {};
}
} // namespace

void tools::addVerify(CLI::App &app, Context &context) {
  auto image = std::make_shared<std::string>();
  auto network = std::make_shared<NetworkOptions>();
  CLI::App *command = addCommand(app, context, "verify", "Check that an image holds exactly the quantised network",
                                 "  ranvier verify digits.rvi examples/digits/network.nir",
                                 [&context, image, network] { return verify(context, *image, *network); });
  command->add_option("image", *image, "Image file (.rvi)")->required();
  network->addTo(*command);
}
