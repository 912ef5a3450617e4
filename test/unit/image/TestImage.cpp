// Small valid images, built independently of the compiler.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "TestImage.h"
#include "ranvier/Support/File.h"
#include <algorithm>
#include <bit>
#include <cstring>
#include <doctest/doctest.h>
#include <map>
#include <tuple>

using namespace ranvier;
using namespace ranvier::image;

namespace {
isa::Program program(isa::Profile profile) {
  isa::Program result;
  result.name = "sum";
  result.profile = profile;
  result.states = {"v"};
  result.params = {"decay", "vth"};
  result.inputs = {"i", "j"};
  const std::string f = profile == isa::Profile::F32 ? "f" : "";
  for (const std::string &line : {std::string("ld.state r0, v"), std::string("ld.input r1, i"), std::string("ld.input r2, j"),
                                  f + "add r0, r0, r1", f + "add r0, r0, r2", std::string("st.state r0, v"),
                                  std::string("ld.param r3, vth"), f + "lt r4, r3, r0", std::string("spk r4")}) {
    auto instruction = isa::assemble(result, line);
    REQUIRE_MESSAGE(instruction, line);
    result.code.push_back(*instruction);
  }
  return result;
}

PopulationMeta population(const std::string &name, uint64_t count, uint32_t program, uint32_t level = 0) {
  PopulationMeta result;
  result.name = name;
  result.shape = {count};
  result.count = count;
  result.input = program == none;
  result.program = program;
  result.level = level;
  return result;
}

ProjectionMeta projection(const std::string &name, uint32_t source, uint32_t target, uint32_t receptor) {
  ProjectionMeta result;
  result.name = name;
  result.source = source;
  result.target = target;
  result.receptor = receptor;
  result.weightBits = 8;
  result.delayBits = 3;
  result.indexBits = 2;
  return result;
}

void addSlices(ImageData &data, const std::vector<test::Part> &parts, SynapseKind kind) {
  uint64_t neurons = 0;
  for (uint32_t c = 0; c < data.cores.size(); ++c) {
    CoreRecord &core = data.cores[c];
    core.synapseKind = static_cast<uint32_t>(kind);
    core.firstSlice = static_cast<uint32_t>(data.slices.size());
    core.firstNeuron = neurons;
    for (const test::Part &part : parts) {
      if (part.core != c)
        continue;
      const isa::Program &program = data.meta.programs[data.meta.populations[part.population].program];
      data.slices.push_back({part.population, part.first, part.count, core.neuronCount, core.accumulatorCount,
                             data.meta.populations[part.population].program, data.stateWords.size(), data.params.size()});
      data.stateWords.resize(data.stateWords.size() + program.states.size() * part.count);
      for (size_t p = 0; p < program.params.size(); ++p) { // The first parameter is uniform, the others are not.
        data.params.push_back({data.paramWords.size(), p == 0, 0});
        for (uint32_t n = 0; n < (p == 0 ? 1 : part.count); ++n)
          data.paramWords.push_back(100 + static_cast<int32_t>(part.first + n));
      }
      core.neuronCount += part.count;
      core.accumulatorCount += part.count * static_cast<uint32_t>(program.inputs.size());
      ++core.sliceCount;
    }
    neurons += core.neuronCount;
  }
}
} // namespace

void test::fillTables(ImageData &data, const std::vector<Part> &parts, const std::vector<Wire> &edges, SynapseKind kind) {
  addSlices(data, parts, kind);
  using Source = std::pair<uint32_t, uint32_t>;
  // core -> (later, source) -> projection -> (delay, accumulator, weight)
  std::vector<std::map<std::pair<bool, Source>, std::map<uint32_t, std::vector<std::tuple<uint32_t, uint32_t, int32_t>>>>> perCore(
      data.cores.size());
  for (const Wire &edge : edges) {
    const ProjectionMeta &projection = data.meta.projections[edge.projection];
    for (uint32_t c = 0; c < data.cores.size(); ++c)
      for (uint32_t s = 0; s < data.cores[c].sliceCount; ++s) {
        const SliceRecord &slice = data.slices[data.cores[c].firstSlice + s];
        if (slice.population == projection.target && edge.target >= slice.first && edge.target < slice.first + slice.count)
          perCore[c][{edge.delay > 0, {projection.source, edge.source}}][edge.projection].emplace_back(
              edge.delay, slice.accumulatorBase + projection.receptor * slice.count + edge.target - slice.first, edge.weight);
      }
  }
  std::map<Source, std::vector<OutAxonRecord>> out;
  for (uint32_t c = 0; c < data.cores.size(); ++c) {
    CoreRecord &core = data.cores[c];
    core.firstInAxon = data.inAxons.size();
    core.firstRow = data.rows.size();
    core.firstSynapse = kind == SynapseKind::Packed32 ? data.synapses32.size() : data.synapses64.size();
    core.delaySlots = 1;
    for (auto &[key, rows] : perCore[c]) {
      out[key.second].push_back({c, core.inAxonCount++});
      core.sameStepAxonCount += !key.first;
      data.inAxons.push_back(
          {key.second.first, key.second.second, static_cast<uint32_t>(core.rowCount), static_cast<uint32_t>(rows.size())});
      for (auto &[projection, words] : rows) {
        std::sort(words.begin(), words.end());
        data.rows.push_back({core.synapseCount, static_cast<uint32_t>(words.size()), projection});
        ++core.rowCount;
        core.synapseCount += words.size();
        for (const auto &[delay, accumulator, weight] : words) {
          core.delaySlots = std::max(core.delaySlots, delay + 1);
          if (kind == SynapseKind::Packed32)
            data.synapses32.push_back(packSynapse32(accumulator, delay, weight));
          else
            data.synapses64.push_back(packSynapse64(accumulator, delay, static_cast<uint32_t>(weight)));
        }
      }
    }
  }
  data.outPtr.push_back(0);
  const auto add = [&](uint32_t population, uint32_t neuron) {
    for (const OutAxonRecord &axon : out[{population, neuron}])
      data.outAxons.push_back(axon);
    data.outPtr.push_back(data.outAxons.size());
  };
  for (const SliceRecord &slice : data.slices)
    for (uint32_t n = 0; n < slice.count; ++n)
      add(slice.population, slice.first + n);
  for (uint32_t p = 0; p < data.meta.populations.size(); ++p) {
    PopulationMeta &population = data.meta.populations[p];
    population.firstOut = population.input ? data.outPtr.size() - 1 : none;
    for (uint32_t n = 0; population.input && n < population.count; ++n)
      add(p, n);
  }
}

ImageData test::intImage() {
  ImageData data;
  data.chipText = *readFile(RANVIER_TEST_INPUTS "/chips/tiny.yaml");
  Meta &meta = data.meta;
  meta.network = "small";
  meta.programs = {program(isa::Profile::Int)};
  meta.populations = {population("in", 2, none), population("a", 3, 0), population("b", 2, 0)};
  meta.populations[2].output = true;
  meta.populations[1].stateScale = {{"v", 0.5}};
  for (size_t p : {1, 2}) {
    meta.populations[p].configParams = {0};
    meta.populations[p].thresholdParams = {1};
  }
  meta.projections = {projection("in_a", 0, 1, 0), projection("a_b", 1, 2, 1), projection("in_b", 0, 2, 0),
                      projection("in_a2", 0, 1, 1)};
  meta.semantics = R"({"reset": "zero"})";
  meta.mapping = "{}";
  meta.provenance = R"({"tool": "test"})";
  data.cores.resize(2);
  data.cores[1].core = 3;
  // Thresholds 100, 101 on core 0; 102 (neuron 2 of a) and 100, 101 would be three on core 1, so b's are made equal below.
  fillTables(data, {{0, 1, 0, 2}, {1, 1, 2, 1}, {1, 2, 0, 2}},
             {{0, 0, 0, 1, 5},
              {0, 0, 1, 1, -5},
              {0, 0, 2, 3, 7},
              {0, 1, 0, 2, 9},
              {3, 0, 0, 1, 4},
              {3, 0, 1, 7, 4},
              {1, 0, 0, 1, 1},
              {1, 1, 1, 1, 2},
              {1, 2, 0, 1, 3},
              {1, 2, 1, 2, -128},
              {2, 1, 1, 1, 127}},
             SynapseKind::Packed32);
  for (const SliceRecord &slice : data.slices)
    if (slice.population == 2)
      std::fill_n(data.paramWords.begin() + static_cast<ptrdiff_t>(data.params[slice.firstParam + 1].offset), slice.count, 100);
  for (const SliceRecord &slice : data.slices)
    data.paramWords[data.params[slice.firstParam].offset] = 7;
  return data;
}

/// `full`: "b_a" reaches every neuron from every one.
static ImageData leveledImage(bool full) {
  ImageData data;
  data.chipText = hw::resolvedText(*hw::loadChip(RANVIER_SOURCE_DIR "/hw-models/chips/reference.yaml"));
  Meta &meta = data.meta;
  meta.network = "levels";
  meta.profile = isa::Profile::F32;
  meta.programs = {program(isa::Profile::F32)};
  meta.populations = {population("in", 2, none), population("a", 2, 0), population("b", 2, 0, 1)};
  meta.projections = {projection("in_a", 0, 1, 0), projection("a_b", 1, 2, 0), projection("b_a", 2, 1, 1)};
  data.cores.resize(2);
  data.cores[1].core = 1;
  data.cores[1].level = 1;
  const int32_t one = std::bit_cast<int32_t>(1.0f);
  std::vector<test::Wire> edges = {{0, 0, 0, 0, one}, {0, 0, 1, 2, one}, {0, 1, 1, 0, one},
                                   {1, 0, 0, 0, one}, {1, 0, 1, 2, one}, {2, 1, 0, 1, one}};
  if (full)
    edges.insert(edges.end(), {{2, 0, 0, 1, one}, {2, 0, 1, 1, one}, {2, 1, 1, 1, one}});
  fillTables(data, {{0, 1, 0, 2}, {1, 2, 0, 2}}, edges, SynapseKind::Wide64);
  return data;
}

ImageData test::floatImage() { return leveledImage(false); }

ImageData test::rewiredImage() {
  ImageData data = leveledImage(true);
  const int32_t half = std::bit_cast<int32_t>(0.5f);
  LearningMeta learning;
  learning.projection = 2;
  learning.programs.assign(2 * numLearningEnds, absent);
  learning.params.resize(2 * numLearningEnds);
  learning.init.resize(1 + numLearningEnds);
  RewiringMeta rewiring;
  rewiring.grid = {2, 1};
  rewiring.most = 2;
  rewiring.weight = half;
  rewiring.delay = 2;
  rewiring.formation = {certain, certain / 2};
  rewiring.bounds = {half};
  rewiring.elimination = {certain, certain / 4};
  rewiring.joined = {1, 2};
  learning.rewiring = {rewiring};
  data.meta.learning = {learning};
  return data;
}

ImageData test::learningImage() {
  ImageData data = floatImage();
  const auto add = [&](const char *name, std::vector<std::string> states, std::vector<std::string> inputs,
                       std::initializer_list<const char *> lines) {
    isa::Program made{
        .name = name, .profile = isa::Profile::F32, .states = std::move(states), .params = {"step"}, .inputs = std::move(inputs)};
    for (const char *line : lines)
      made.code.push_back(*isa::assemble(made, line));
    data.meta.programs.push_back(std::move(made));
    return static_cast<uint32_t>(data.meta.programs.size() - 1);
  };
  const uint32_t change =
      add("change", {"weight", "c"}, {"post.o", "post.elapsed", "pre.elapsed"},
          {"ld.state r0, weight", "ld.input r1, post.o", "ld.input r2, post.elapsed", "fadd r1, r1, r2", "ld.param r3, step",
           "fmul r1, r1, r3", "fadd r0, r0, r1", "st.state r0, weight", "ld.input r2, pre.elapsed", "st.state r2, c"});
  const uint32_t trace = add("trace", {"o"}, {"post.elapsed"},
                             {"ld.input r0, post.elapsed", "ld.param r1, step", "fadd r0, r0, r1", "st.state r0, o"});
  LearningMeta learning;
  learning.projection = 2;
  learning.programs = {change, change, absent, absent, trace, absent};
  const int32_t half = std::bit_cast<int32_t>(0.5f);
  learning.params = {{half}, {half}, {}, {}, {half}, {}};
  learning.init = {{0}, {}, {half}, {}};
  data.meta.learning = {learning};
  return data;
}

ImageData test::largeImage(uint32_t sources) {
  hw::Chip chip;
  chip.name = "large";
  chip.programmable = true;
  ImageData data;
  data.chipText = hw::resolvedText(chip);
  Meta &meta = data.meta;
  meta.programs = {program(isa::Profile::Int)};
  meta.populations = {population("in", sources, none), population("a", 1000, 0)};
  meta.projections = {projection("p", 0, 1, 0)};
  meta.projections[0].indexBits = 10;
  data.cores.resize(1);
  addSlices(data, {{0, 1, 0, 1000}}, SynapseKind::Packed32);
  CoreRecord &core = data.cores[0];
  core.delaySlots = 2;
  core.inAxonCount = sources;
  core.rowCount = sources;
  core.synapseCount = uint64_t(sources) * 1000;
  data.outPtr.assign(1001, 0);
  meta.populations[0].firstOut = 1000;
  data.synapses32.reserve(core.synapseCount);
  for (uint32_t s = 0; s < sources; ++s) {
    data.inAxons.push_back({0, s, s, 1});
    data.rows.push_back({uint64_t(s) * 1000, 1000, 0});
    for (uint32_t n = 0; n < 1000; ++n)
      data.synapses32.push_back(packSynapse32(n, 1, static_cast<int32_t>((s + n) % 7)));
    data.outAxons.push_back({0, s});
    data.outPtr.push_back(s + 1);
  }
  return data;
}

void test::repairChecksums(std::string &file) {
  const auto put = [&](size_t at, uint64_t value) { std::memcpy(file.data() + at, &value, 8); };
  const auto get = [&](size_t at) {
    uint64_t value;
    std::memcpy(&value, file.data() + at, 8);
    return value;
  };
  const auto sum = [&](size_t at, size_t size) { return checksum64(std::as_bytes(std::span(file.data() + at, size))); };
  constexpr size_t header = 64, entry = 40, sections = 13;
  if (file.size() < header + entry * sections)
    return;
  for (size_t i = 0; i < sections; ++i) {
    const size_t at = header + i * entry;
    const uint64_t offset = get(at + 8), bytes = get(at + 16);
    if (offset <= file.size() && bytes <= file.size() - offset)
      put(at + 32, sum(offset, bytes));
  }
  put(16, file.size());
  put(32, sum(header, entry * sections));
  put(56, sum(0, 56));
}
