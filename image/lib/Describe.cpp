//===- Describe.cpp - An image as JSON text -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For `ranvier inspect`. Texts in an image may come from a stranger: reports that are not tame JSON are shown as strings, and bytes
// that are not UTF-8 are replaced.
//===----------------------------------------------------------------------===//
#include "JsonLimits.h"
#include "ranvier/Image/Image.h"
#include "ranvier/Support/Json.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>

namespace ranvier::image {
namespace {
Json parsedOrText(const std::string &text) {
  if (detail::isTameJson(text, 32, 1024))
    if (auto json = parseJson(text, "report"))
      return *json;
  return text;
}

Json word(isa::Profile profile, uint32_t bits) {
  if (profile == isa::Profile::Int)
    return static_cast<int32_t>(bits);
  const float value = std::bit_cast<float>(bits);
  return std::isfinite(value) ? Json(value) : Json(std::to_string(value));
}

Json programJson(const isa::Program &program) {
  Json code = Json::array();
  for (const isa::Instruction &instruction : program.code)
    code.push_back(isa::disassemble(program, instruction));
  return {{"name", program.name},
          {"profile", program.profile == isa::Profile::Int ? "int" : "f32"},
          {"states", program.states},
          {"params", program.params},
          {"inputs", program.inputs},
          {"tables", program.tables},
          {"code", code}};
}

Json populationJson(const Meta &meta, const PopulationMeta &population, bool full) {
  Json json = {{"name", population.name},     {"shape", population.shape}, {"count", population.count}, {"input", population.input},
               {"output", population.output}, {"level", population.level}, {"depth", population.depth}, {"seed", population.seed}};
  if (!population.input)
    json["program"] = meta.programs[population.program].name;
  if (!population.source.empty())
    json["source"] = population.source;
  Json scales = Json::object();
  for (const auto &[state, scale] : population.stateScale)
    scales[state] = scale;
  if (!scales.empty())
    json["state_scale"] = scales;
  Json names = Json::object();
  for (const auto &[state, name] : population.stateNames)
    names[state] = name;
  if (!names.empty())
    json["state_names"] = names;
  if (population.valueScale != 1)
    json["value_scale"] = population.valueScale;
  if (full && !population.source.empty()) {
    json["rates"] = population.rates;
    json["intervals"] = population.intervals;
    json["phases"] = population.phases;
    json["list"] = population.list;
  }
  return json;
}

Json synapsesJson(const Image &image, const CoreRecord &core, const RowRecord &row) {
  Json list = Json::array();
  const uint64_t first = core.firstSynapse + row.firstSynapse;
  for (uint64_t i = first; i < first + row.count; ++i) {
    const Synapse synapse = core.synapseKind == static_cast<uint32_t>(SynapseKind::Packed32) ? unpackSynapse(image.synapses32[i])
                                                                                             : unpackSynapse(image.synapses64[i]);
    list.push_back(Json::array({synapse.accumulator, synapse.delay, word(image.meta.profile, synapse.weight)}));
  }
  return list;
}

Json slicesJson(const Image &image, const CoreRecord &core, bool full) {
  Json list = Json::array();
  for (uint32_t s = 0; s < core.sliceCount; ++s) {
    const SliceRecord &slice = image.slices[core.firstSlice + s];
    const isa::Program &program = image.meta.programs[slice.program];
    Json json = {{"population", image.meta.populations[slice.population].name},
                 {"first", slice.first},
                 {"count", slice.count},
                 {"neuron_base", slice.neuronBase},
                 {"accumulator_base", slice.accumulatorBase}};
    if (full) {
      Json params = Json::object(), states = Json::object();
      for (size_t p = 0; p < program.params.size(); ++p) {
        const ParamRecord &param = image.params[slice.firstParam + p];
        for (uint32_t n = 0; n < (param.uniform ? 1 : slice.count); ++n)
          params[program.params[p]].push_back(word(image.meta.profile, static_cast<uint32_t>(image.paramWords[param.offset + n])));
      }
      for (size_t k = 0; k < program.states.size(); ++k)
        for (uint32_t n = 0; n < slice.count; ++n)
          states[program.states[k]].push_back(
              word(image.meta.profile, static_cast<uint32_t>(image.stateWords[slice.firstState + k * slice.count + n])));
      json["params"] = params;
      json["states"] = states;
    }
    list.push_back(json);
  }
  return list;
}

/// What the macro of a core is programmed with; null if it has none.
Json crossbarJson(const Image &image, uint32_t core, bool full) {
  const auto at = std::lower_bound(image.crossbars.begin(), image.crossbars.end(), core,
                                   [](const CrossbarRecord &record, uint32_t wanted) { return record.core < wanted; });
  if (at == image.crossbars.end() || at->core != core)
    return nullptr;
  Json json = {{"rows", at->rowCount}, {"columns", at->columnCount}, {"ranges", Json::array()}};
  for (const CrossbarRangeRecord &range : image.crossbarRanges.subspan(at->firstRange, at->rangeCount))
    json["ranges"].push_back({range.low, range.high});
  if (!full)
    return json;
  const size_t width = size_t(at->columnCount) * image.chip.crossbar->cellsPerWeight();
  Json rows = Json::array(), columns = Json::array();
  for (uint32_t r = 0; r < at->rowCount; ++r) {
    const CrossbarRowRecord &row = image.crossbarRows[at->firstRow + r];
    const auto levels = image.crossbarLevels.subspan(at->firstLevel + r * width, width);
    rows.push_back({{"row", row.row},
                    {"axon", row.axon},
                    {"delay", row.delay},
                    {"levels", std::vector<unsigned>(levels.begin(), levels.end())}});
  }
  for (const CrossbarColumnRecord &column : image.crossbarColumns.subspan(at->firstColumn, at->columnCount))
    columns.push_back({{"column", column.column}, {"flipped", column.flipped != 0}});
  json["row_table"] = rows;
  json["column_table"] = columns;
  return json;
}

Json coreJson(const Image &image, const CoreRecord &core, bool full) {
  Json json = {{"chip", core.chip},
               {"core", core.core},
               {"level", core.level},
               {"synapse_kind", core.synapseKind == static_cast<uint32_t>(SynapseKind::Packed32) ? "packed32" : "wide64"},
               {"neurons", core.neuronCount},
               {"accumulators", core.accumulatorCount},
               {"delay_slots", core.delaySlots},
               {"in_axons", core.inAxonCount},
               {"same_step_in_axons", core.sameStepAxonCount},
               {"rows", core.rowCount},
               {"synapses", core.synapseCount},
               {"slices", slicesJson(image, core, full)}};
  if (core.feeds)
    json["feeds"] = core.feeds - 1;
  if (Json crossbar = crossbarJson(image, static_cast<uint32_t>(&core - image.cores.data()), full); !crossbar.is_null())
    json["crossbar"] = std::move(crossbar);
  if (!full)
    return json;
  Json axons = Json::array();
  for (uint64_t a = core.firstInAxon; a < core.firstInAxon + core.inAxonCount; ++a) {
    const InAxonRecord &axon = image.inAxons[a];
    Json rows = Json::array();
    for (uint64_t r = 0; r < axon.rowCount; ++r) {
      const RowRecord &row = image.rows[core.firstRow + axon.firstRow + r];
      rows.push_back({{"projection", image.meta.projections[row.projection].name}, {"synapses", synapsesJson(image, core, row)}});
    }
    axons.push_back({{"population", image.meta.populations[axon.population].name}, {"neuron", axon.neuron}, {"rows", rows}});
  }
  json["in_axon_table"] = axons;
  Json out = Json::array();
  for (uint64_t n = core.firstNeuron; n < core.firstNeuron + core.neuronCount; ++n) {
    Json targets = Json::array();
    for (uint64_t o = image.outPtr[n]; o < image.outPtr[n + 1]; ++o)
      targets.push_back(Json::array({image.outAxons[o].core, image.outAxons[o].axon}));
    out.push_back(targets);
  }
  json["out_axon_table"] = out;
  return json;
}
} // namespace

static Json distributionJson(const Distribution &distribution) {
  switch (distribution.kind) {
  case Distribution::Kind::Constant:
    return distribution.first;
  case Distribution::Kind::Uniform:
    return {{"low", distribution.first}, {"high", distribution.second}, {"seed", distribution.seed}};
  case Distribution::Kind::Normal:
    return {{"mean", distribution.first},
            {"deviation", distribution.second},
            {"clip", {distribution.low, distribution.high}},
            {"seed", distribution.seed}};
  }
  return nullptr;
}

std::string describe(const Image &image, bool full) {
  const Meta &meta = image.meta;
  Json json = {{"network", meta.network},
               {"chip", image.chip.name},
               {"profile", meta.profile == isa::Profile::Int ? "int" : "f32"},
               {"dt_s", meta.dt},
               {"seed", meta.seed}};
  uint64_t neurons = 0, synapses = 0;
  for (const CoreRecord &core : image.cores) {
    neurons += core.neuronCount;
    synapses += core.synapseCount;
  }
  json["totals"] = {{"cores", image.cores.size()},
                    {"neurons", neurons},
                    {"synapses", synapses},
                    {"in_axons", image.inAxons.size()},
                    {"out_axons", image.outAxons.size()}};
  json["populations"] = Json::array();
  for (const PopulationMeta &population : meta.populations)
    json["populations"].push_back(populationJson(meta, population, full));
  json["projections"] = Json::array();
  for (const ProjectionMeta &projection : meta.projections)
    json["projections"].push_back(
        {{"name", projection.name},
         {"source", meta.populations[projection.source].name},
         {"target", meta.populations[projection.target].name},
         {"receptor", meta.programs[meta.populations[projection.target].program].inputs[projection.receptor]},
         {"weight_exponent", projection.weightExponent},
         {"weight_bits", projection.weightBits},
         {"kernel_weights", projection.kernelWeights},
         {"delay_bits", projection.delayBits},
         {"index_bits", projection.indexBits}});
  json["probes"] = Json::array();
  for (const ProbeMeta &probe : meta.probes)
    json["probes"].push_back(
        {{"name", probe.name}, {"population", meta.populations[probe.population].name}, {"variables", probe.variables}});
  json["connectors"] = Json::array();
  for (const ConnectorMeta &connector : image.expanded.empty() ? meta.connectors : image.expanded)
    json["connectors"].push_back({{"projection", meta.projections[connector.projection].name},
                                  {"rule", toString(connector.rule)},
                                  {"probability", connector.probability},
                                  {"scale", connector.scale},
                                  {"number", connector.number},
                                  {"seed", connector.seed},
                                  {"autapses", connector.autapses},
                                  {"weight", distributionJson(connector.weight)},
                                  {"delay_steps", distributionJson(connector.delay)},
                                  {"unit", connector.unit}});
  json["learning"] = Json::array();
  for (const LearningMeta &learning : meta.learning) {
    Json programs = Json::object();
    const char *names[] = {"on_pre", "on_post", "on_third", "trace_pre", "trace_post", "trace_third"};
    for (size_t p = 0; p < learning.programs.size(); ++p)
      if (learning.programs[p] != absent)
        programs[names[p]] = {{"program", meta.programs[learning.programs[p]].name}, {"params", learning.params[p]}};
    json["learning"].push_back({{"projection", meta.projections[learning.projection].name},
                                {"backprop", learning.backprop},
                                {"weight_shift", learning.weightShift},
                                {"weight_scale", learning.weightScale},
                                {"programs", programs}});
    for (const RewiringMeta &rewiring : learning.rewiring) {
      Json one = {{"partner", rewiring.last ? "last" : "random"},
                  {"grid", rewiring.grid},
                  {"attempts", rewiring.attempts},
                  {"every", rewiring.every},
                  {"most", rewiring.most},
                  {"weight", rewiring.weight},
                  {"delay", rewiring.delay},
                  {"seed", rewiring.seed},
                  {"joined", rewiring.joined.size()}};
      if (full) {
        one["formation"] = rewiring.formation;
        one["bounds"] = rewiring.bounds;
        one["elimination"] = rewiring.elimination;
        one["joined_pairs"] = rewiring.joined;
      }
      json["learning"].back()["rewiring"] = std::move(one);
    }
  }
  json["programs"] = Json::array();
  for (const isa::Program &program : meta.programs)
    json["programs"].push_back(programJson(program));
  json["cores"] = Json::array();
  for (const CoreRecord &core : image.cores)
    json["cores"].push_back(coreJson(image, core, full));
  json["semantics"] = parsedOrText(meta.semantics);
  json["mapping"] = parsedOrText(meta.mapping);
  json["provenance"] = parsedOrText(meta.provenance);
  if (full)
    json["chip_description"] = image.chipText;
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

} // namespace ranvier::image
