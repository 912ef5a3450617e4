// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "N1Chip.h"
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::rtl;

const hw::Chip &test::n1Small() {
  static const hw::Chip chip = [] {
    auto shipped = hw::loadChip(std::string(RANVIER_SOURCE_DIR) + "/hw-models/chips/ranvier-n1.yaml");
    REQUIRE_MESSAGE(bool(shipped), (shipped ? "" : shipped.error().str()));
    hw::Chip chip = *std::move(shipped);
    // test/rtl/mutate builds a netlist of the same sizes.
    chip.name = "n1-small";
    chip.core.neurons = 32;
    chip.core.synapticMemoryBits = 2048 * 32;
    chip.core.programWords = 256;
    chip.core.tableWords = 64;
    chip.maxDelay = 7;
    chip.inputNeurons = 64;
    return chip;
  }();
  return chip;
}

const Geometry &test::n1Geometry() {
  static const Geometry geometry = [] {
    auto made = geometryOf(n1Small(), n1Grid);
    REQUIRE_MESSAGE(bool(made), (made ? "" : made.error().str()));
    return *made;
  }();
  return geometry;
}

bool test::haveN1() {
  // Under sanitizers: the model is not what is looked into.
  const char *mode = std::getenv("RANVIER_TEST_MODE");
  return (!mode || std::string(mode) != "brief") &&
         (std::getenv("RANVIER_N1_MODEL") || std::system("verilator --version > /dev/null 2>&1") == 0);
}

const std::string &test::n1Model() {
  static const std::string path = [] {
    if (const char *object = std::getenv("RANVIER_N1_MODEL"))
      return std::string(object);
    const char *list = std::getenv("RANVIER_N1_RTL");
    auto sources = list ? readFileList(list) : shippedSources();
    REQUIRE_MESSAGE(bool(sources), (sources ? "" : sources.error().str()));
    auto model = buildModel(*sources, n1Geometry(), {});
    REQUIRE_MESSAGE(bool(model), (model ? "" : model.error().str()));
    std::printf("model %s\n", model->path.c_str());
    return model->path;
  }();
  return path;
}

uint32_t test::bitsFor(uint32_t count) { return static_cast<uint32_t>(std::bit_width(count - 1)); }

test::N1Chip::N1Chip(uint32_t seed) {
  auto opened = Model::open(n1Model(), n1Geometry(), seed);
  REQUIRE_MESSAGE(bool(opened), (opened ? "" : opened.error().str()));
  model = *std::move(opened);
  write(configWrites(Memories(n1Geometry())));
}

void test::N1Chip::put(uint32_t node, Space space, uint32_t address, uint32_t word) { write({{node, space, address, word}}); }

uint32_t test::N1Chip::get(uint32_t node, Space space, uint32_t address) {
  ConfigWrite read{node, space, address, 0};
  REQUIRE(bool(model->read(std::span(&read, 1))));
  return read.word;
}

std::vector<uint32_t> test::N1Chip::get(uint32_t node, Space space) {
  std::vector<ConfigWrite> reads;
  for (uint32_t address = 0; address < n1Geometry().wordsOf(space, node == n1Host); ++address)
    reads.push_back({node, space, address, 0});
  REQUIRE(bool(model->read(reads)));
  std::vector<uint32_t> words;
  for (const ConfigWrite &read : reads)
    words.push_back(read.word);
  return words;
}

void test::N1Chip::putSlice(uint32_t node, uint32_t number, const Slice &slice) {
  const Geometry &g = n1Geometry();
  const uint32_t neuron = bitsFor(g.neurons), program = bitsFor(g.programWords), accumulator = bitsFor(g.accumulators());
  put(node, Space::Slice, sliceStride * number,
      slice.base | slice.count << neuron | slice.inputs << (2 * neuron + 1) |
          slice.fast << (2 * neuron + 1 + bitsFor(g.inputs + 1)));
  put(node, Space::Slice, sliceStride * number + 1,
      slice.accumulators | slice.start << accumulator | slice.length << (accumulator + program));
}

void test::N1Chip::putProgram(uint32_t node, uint32_t first, const std::vector<uint64_t> &words) {
  for (size_t i = 0; i < words.size(); ++i) {
    const auto at = static_cast<uint32_t>(2 * (first + i));
    write({{node, Space::Program, at, static_cast<uint32_t>(words[i])},
           {node, Space::Program, at + 1, static_cast<uint32_t>(words[i] >> 32)}});
  }
}

StepResult test::N1Chip::step(const std::vector<ModelInput> &inputs, uint32_t stallsOf256, uint64_t cycleLimit) {
  StepResult result = model->step(inputs, {.stallSeed = ++steps, .stallsOf256 = stallsOf256, .cycleLimit = cycleLimit});
  CHECK(result.finished);
  CHECK(model->failure() == "");
  CHECK(result.inputsTaken == inputs.size());
  return result;
}
