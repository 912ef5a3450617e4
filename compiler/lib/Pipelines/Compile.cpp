//===- Compile.cpp - The road from network to image -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Pipelines/Compile.h"
#include "Semantics.h"
#include "mlir/IR/Verifier.h"
#include "ranvier/Dialect/Fabric/IR/Fabric.h"
#include "ranvier/Dialect/SNN/IR/SNN.h"
#include "ranvier/Lowering/LowerToMicrocode.h"
#include "ranvier/Network/Network.h"
#include "ranvier/Quantize/Quantize.h"
#include "ranvier/Support/Json.h"
#include <nlohmann/json.hpp>

using namespace mlir;
using namespace ranvier;
using namespace ranvier::compiler;

void compiler::registerDialects(DialectRegistry &registry) {
  registry.insert<snn::SNNDialect, fabric::FabricDialect, arith::ArithDialect, math::MathDialect>();
}

namespace {
fabric::MappingOp mappingOf(ModuleOp module) {
  auto mappings = module.getOps<fabric::MappingOp>();
  return mappings.empty() ? fabric::MappingOp() : *mappings.begin();
}

void begin(const CompileOptions &options, const char *stage) {
  if (options.onStage)
    options.onStage(stage);
}

TimeFacts facts(const TimeReport &report, unsigned minDelay) {
  TimeFacts out{report.closingEdges, report.balanced, report.lateFeedback, {}, minDelay};
  out.depths.assign(report.depths.begin(), report.depths.end());
  return out;
}
} // namespace

Result<Stage> compiler::stageOf(ModuleOp module) {
  RANVIER_TRY(snn::NetworkOp network, theNetwork(module));
  if (auto mapping = mappingOf(module))
    return Stage::Fabric;
  unsigned lowered = 0, modelled = 0;
  for (auto population : network.getBody().getOps<snn::PopulationOp>())
    ++(llvm::isa_and_nonnull<snn::ProgramOp>(snn::lookupModel(population)) ? lowered : modelled);
  if (lowered && modelled)
    return located(network, {.code = 5730,
                             .message = "some populations name models and some programs",
                             .expected = "all of one stage",
                             .found = std::to_string(modelled) + " models, " + std::to_string(lowered) + " programs"});
  return lowered ? Stage::Quantised : Stage::Snn;
}

Result<void> compiler::quantise(ModuleOp module, const CompileOptions &options, CompileReport &report) {
  RANVIER_TRY(snn::NetworkOp network, theNetwork(module));
  begin(options, "quantise");
  TimeReport time;
  RANVIER_CHECK(canLearn(network, options.chip));
  RANVIER_CHECK(breakCycles(network, time));
  // Where edges act within a step, a junction is a neuron that passes on its sum; where they do not, it would cost a step.
  if (options.chip.minDelay > 0 || options.chip.profile == isa::Profile::Int || !options.chip.gradedSpikes) {
    RANVIER_TRY(const std::vector<std::string> lost, composeJunctions(network));
    for (const std::string &probe : lost)
      report.warnings.push_back("probe " + probe + " records nothing: its junction becomes part of synapses on " +
                                options.chip.name);
  }
  if (options.chip.profile == isa::Profile::F32) {
    if (options.chip.minDelay > 0)
      RANVIER_CHECK(legalizeDelays(network, options.chip, time));
    RANVIER_CHECK(lowerModelsF32(module));
  } else {
    if (options.chip.minDelay > 0)
      RANVIER_CHECK(legalizeDelays(network, options.chip, time));
    else
      RANVIER_CHECK(expandDistributions(network));
    QuantizeOptions quantise;
    quantise.weightBits = options.weightBits;
    quantise.calibration = options.calibration;
    RANVIER_TRY(report.quantisation, quantizeForTarget(module, options.chip, quantise, &report.warnings));
  }
  Builder builder(module.getContext());
  network.setTargetAttr(builder.getStringAttr(options.targetName));
  const std::string before = network.getSemantics() ? network.getSemantics()->str() : "";
  network.setSemanticsAttr(builder.getStringAttr(extendSemantics(before, facts(time, options.chip.minDelay), report.quantisation)));
  for (const std::string &edge : time.closingEdges)
    report.warnings.push_back("projection " + edge + " closes a cycle: it acts in the next step");
  for (const std::string &edge : time.lateFeedback)
    report.warnings.push_back("feedback " + edge);
  if (failed(verify(module)))
    return located(network, {.code = 5731, .message = "the quantised network does not verify (see the diagnostics above)"});
  return {};
}

Result<mapping::Rates> compiler::ratesOf(const mapping::Network &network,
                                         const std::map<std::string, std::vector<uint32_t>> &spikes) {
  mapping::Rates rates;
  if (spikes.empty())
    return rates;
  for (const mapping::Population &population : network.populations) {
    const auto at = spikes.find(population.name);
    if (!population.input && (at == spikes.end() || at->second.size() != population.count))
      return Error{.code = 6070,
                   .message = "the recorded run does not fit the network",
                   .place = "population '" + population.name + "'",
                   .expected = std::to_string(population.count) + " neurons",
                   .found = at == spikes.end() ? "no such population" : std::to_string(at->second.size()),
                   .hint = "record a run of this network, on any target"};
    rates.push_back(population.input ? std::vector<uint32_t>{} : at->second);
  }
  return rates;
}

static Result<mapping::AssumedRates> assumedRates(const mapping::Network &network, const CompileOptions &options) {
  mapping::AssumedRates rates{{}, options.spikeSteps, options.spikesPerSecond};
  RANVIER_TRY(rates.spikes, ratesOf(network, options.spikes));
  return rates;
}

static std::string describe(const mapping::Choice &choice, bool profiled) {
  return Json{{"strategy", choice.strategy},
              {"searched", choice.multilevelTried},
              {"weights", profiled ? "profile" : "uniform"},
              {"spikes_hops", choice.chosen},
              {"spikes_hops_sequential", choice.sequential}}
      .dump();
}

Result<void> compiler::map(ModuleOp module, const CompileOptions &options, CompileReport &report) {
  RANVIER_TRY(snn::NetworkOp network, theNetwork(module));
  begin(options, "extract");
  RANVIER_TRY(mapping::Network plain, extractNetwork(module, options.chip));
  RANVIER_CHECK(mapping::checkArithmetic(plain, options.chip));
  RANVIER_TRY(const mapping::PopulationSets sets, mapping::populationSets(plain, options.sameChip));
  RANVIER_TRY(const mapping::AssumedRates rates, assumedRates(plain, options));
  mapping::Mapping placed;
  if (!options.mappingText.empty()) {
    begin(options, "mapping");
    RANVIER_TRY(placed, mapping::parseMapping(plain, options.chip, options.mappingText, options.mappingFile));
    if (auto kept = mapping::checkSameChip(plain, placed, sets); !kept) {
      kept.error().file = options.mappingFile;
      return std::move(kept.error());
    }
  } else {
    mapping::Options how{.seed = options.seed,
                         .strategy = options.strategy,
                         .rates = {},
                         .onStage = options.onStage,
                         .threads = options.threads,
                         .sameChip = sets,
                         .split = options.split,
                         .synapseCores = options.synapseCores,
                         .assumed = rates};
    how.rates = rates.spikes;
    mapping::Choice choice;
    RANVIER_TRY(placed, mapping::mapNetwork(plain, options.chip, how, &choice));
    report.partition = describe(choice, !how.rates.empty());
  }
  begin(options, "report");
  RANVIER_CHECK(mapping::checkMapping(plain, options.chip, placed));
  report.mapping = mapping::report(plain, options.chip, placed, sets, rates);
  OpBuilder builder(module.getContext());
  builder.setInsertionPointToEnd(module.getBody());
  auto where = fabric::MappingOp::create(builder, network.getLoc(), FlatSymbolRefAttr::get(network.getSymNameAttr()),
                                         builder.getStringAttr(options.targetName));
  builder.createBlock(&where.getBody());
  for (const auto &core : placed.cores) {
    SmallVector<Attribute> slices;
    for (const auto &slice : core.slices)
      slices.push_back(fabric::SliceAttr::get(
          builder.getContext(), FlatSymbolRefAttr::get(builder.getContext(), plain.populations[slice.population].name), slice.first,
          slice.count));
    fabric::CoreOp::create(builder, network.getLoc(), builder.getI64IntegerAttr(core.chip), builder.getI64IntegerAttr(core.core),
                           builder.getI64IntegerAttr(core.level), builder.getArrayAttr(slices),
                           core.synapseCores.empty() ? DenseI64ArrayAttr()
                                                     : builder.getDenseI64ArrayAttr(SmallVector<int64_t>(core.synapseCores.begin(),
                                                                                                         core.synapseCores.end())));
  }
  if (failed(verify(where)))
    return located(network, {.code = 5731, .message = "the mapping does not verify (see the diagnostics above)"});
  return {};
}

static std::string describe(const std::vector<mapping::MacroPlacement> &macros) {
  Json list = Json::array();
  for (const mapping::MacroPlacement &macro : macros)
    list.push_back({{"chip", macro.chip},
                    {"core", macro.core},
                    {"axons", macro.axons},
                    {"columns", macro.columns},
                    {"stuck_cells", macro.stuckCells},
                    {"repair_rows", macro.repairRows},
                    {"flipped_columns", macro.flipped},
                    {"error_levels",
                     {{"plain", macro.errors.plain},
                      {"partners", macro.errors.partners},
                      {"moved", macro.errors.moved},
                      {"repaired", macro.errors.repaired}}}});
  return list.dump();
}

Result<image::ImageData> compiler::emit(ModuleOp module, const CompileOptions &options, const std::string &provenance,
                                        CompileReport &report) {
  begin(options, "emit");
  RANVIER_TRY(mapping::Network plain, extractNetwork(module, options.chip));
  RANVIER_CHECK(mapping::checkArithmetic(plain, options.chip));
  auto where = mappingOf(module);
  if (!where)
    return Error{.code = 5730, .message = "the module is not mapped yet", .expected = "a fabric.mapping"};
  mapping::Mapping placed;
  for (auto core : where.getBody().getOps<fabric::CoreOp>()) {
    mapping::CoreAssignment assignment{
        static_cast<uint32_t>(core.getChip()), static_cast<uint32_t>(core.getCore()), static_cast<uint32_t>(core.getLevel()), {}};
    for (auto slice : core.getSlices().getAsRange<fabric::SliceAttr>()) {
      const auto at = llvm::find_if(plain.populations, [&](const auto &p) { return p.name == slice.getPopulation().getValue(); });
      if (at == plain.populations.end())
        return located(core, {.code = 5732,
                              .message = "a slice of an unknown population",
                              .found = std::string("@").append(slice.getPopulation().getValue().str())});
      assignment.slices.push_back({static_cast<uint32_t>(at - plain.populations.begin()), static_cast<uint32_t>(slice.getFirst()),
                                   static_cast<uint32_t>(slice.getCount())});
    }
    for (const int64_t synapseCore : core.getSynapseCores().value_or(ArrayRef<int64_t>()))
      assignment.synapseCores.push_back(static_cast<uint32_t>(synapseCore));
    placed.cores.push_back(std::move(assignment));
  }
  RANVIER_CHECK(mapping::checkMapping(plain, options.chip, placed));
  RANVIER_TRY(const mapping::PopulationSets sets, mapping::populationSets(plain, options.sameChip));
  RANVIER_CHECK(mapping::checkSameChip(plain, placed, sets));
  RANVIER_TRY(const mapping::AssumedRates rates, assumedRates(plain, options));
  report.mapping = mapping::report(plain, options.chip, placed, sets, rates);
  std::vector<mapping::MacroPlacement> macros;
  RANVIER_TRY(image::ImageData data, mapping::emitImage(plain, options.chip, placed, provenance,
                                                        {.mappingReport = report.mapping,
                                                         .cells = options.cells ? &*options.cells : nullptr,
                                                         .rates = rates,
                                                         .macros = &macros}));
  if (!macros.empty())
    report.macros = describe(macros);
  return std::move(data);
}
