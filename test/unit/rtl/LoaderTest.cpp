// What the loader puts into the memories, read back as the architecture manual describes them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Rtl/Loader.h"
#include "RtlImages.h"
#include "ranvier/HwModels/NativeForm.h"
#include <algorithm>
#include <doctest/doctest.h>
#include <map>
#include <set>

using namespace ranvier;
using namespace ranvier::rtl;
using image::Image;

namespace {
LoadedImage load(const Image &image, const LoaderOptions &options = {}, std::optional<Grid> grid = {}) {
  auto loaded = loadImage(image, grid.value_or(smallestGrid(image)), options);
  REQUIRE_MESSAGE(bool(loaded), (loaded ? "" : loaded.error().str()));
  return *std::move(loaded);
}

/// (source number, accumulator, delay, weight << exponent), as often as it is there.
using Synapses = std::multiset<std::array<int64_t, 4>>;

Synapses ofMemories(const Memories &memories, uint32_t node) {
  Synapses out;
  const auto &directory = memories.of(node, Space::AxonIn), &words = memories.of(node, Space::Synapse);
  for (uint32_t source = 0; source < directory.size(); ++source) {
    if (!(directory[source] >> 14 & 1))
      continue;
    uint32_t at = directory[source] & 0x3FFF;
    for (bool last = false; !last;) {
      const uint32_t header = words.at(at++);
      REQUIRE((header & 0xFFFF) > 0);
      REQUIRE((header >> 21) == 0);
      last = header >> 20 & 1;
      for (uint32_t n = header & 0xFFFF; n > 0; --n, ++at)
        out.insert({source, words.at(at) & 0xFFFF, words.at(at) >> 16 & 63,
                    int64_t(static_cast<int32_t>(words.at(at)) >> 22) << (header >> 16 & 15)});
    }
  }
  return out;
}

/// Number of a neuron in packets, from the image alone.
uint32_t sourceOf(const Image &image, const Geometry &g, uint32_t population, uint32_t neuron) {
  if (image.meta.populations[population].input) {
    uint64_t before = 0;
    for (uint32_t p = 0; p < population; ++p)
      before += image.meta.populations[p].input ? image.meta.populations[p].count : 0;
    return static_cast<uint32_t>(g.nodes() * 256 + before + neuron);
  }
  for (const auto &core : image.cores)
    for (uint32_t s = core.firstSlice; s < core.firstSlice + core.sliceCount; ++s)
      if (const auto &slice = image.slices[s];
          slice.population == population && neuron >= slice.first && neuron < slice.first + slice.count)
        return (core.core / 4 * g.grid.rows + core.core % 4) * 256 + slice.neuronBase + neuron - slice.first;
  FAIL("no such neuron");
  return 0;
}
} // namespace

TEST_CASE("synapses, masks, programs, parameters and states are those of the image") {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    const auto shared = test::toImage(test::n1Image(test::randomN1Network(seed), 30));
    const Image &image = *shared;
    const LoadedImage loaded = load(image);
    const Geometry &g = loaded.memories.geometry;
    REQUIRE(image.cores.size() > 1);
    std::map<uint32_t, uint64_t> masks; // by source
    for (uint32_t c = 0; c < image.cores.size(); ++c) {
      const auto &core = image.cores[c];
      const uint32_t node = core.core / 4 * g.grid.rows + core.core % 4;
      CHECK(loaded.nodeOfCore[c] == node);
      Synapses right;
      for (uint32_t a = 0; a < core.inAxonCount; ++a) {
        const auto &axon = image.inAxons[core.firstInAxon + a];
        const uint32_t source = sourceOf(image, g, axon.population, axon.neuron);
        masks[source] |= uint64_t(1) << node;
        for (uint32_t r = 0; r < axon.rowCount; ++r) {
          const auto &row = image.rows[core.firstRow + axon.firstRow + r];
          for (uint32_t s = 0; s < row.count; ++s) {
            const auto synapse = image::unpackSynapse(image.synapses32[core.firstSynapse + row.firstSynapse + s]);
            right.insert({source, synapse.accumulator, synapse.delay,
                          int64_t(static_cast<int32_t>(synapse.weight)) << image.meta.projections[row.projection].weightExponent});
          }
        }
      }
      CHECK(ofMemories(loaded.memories, node) == right);
      const auto &slices = loaded.memories.of(node, Space::Slice);
      CHECK(loaded.memories.of(node, Space::Csr)[CsrSlices] == core.sliceCount);
      for (uint32_t k = 0; k < core.sliceCount; ++k) {
        const auto &slice = image.slices[core.firstSlice + k];
        const auto &program = image.meta.programs[slice.program];
        const uint32_t *entry = &slices[8 * k];
        CHECK((entry[0] & 0xFF) == slice.neuronBase);
        CHECK((entry[0] >> 8 & 0x1FF) == slice.count);
        CHECK((entry[0] >> 17 & 3) == program.inputs.size());
        CHECK((entry[0] >> 19) == (program.name == "native_cuba_lif" ? 1u : 0u));
        CHECK((entry[1] & 0x1FF) == slice.accumulatorBase);
        CHECK((entry[1] >> 18) == program.code.size());
        CHECK((uint64_t(entry[3]) << 32 | entry[2]) == image.meta.populations[slice.population].seed);
        CHECK(entry[4] == slice.first);
        const auto &code = loaded.memories.of(node, Space::Program), &table = loaded.memories.of(node, Space::Table);
        const uint32_t first = entry[1] >> 9 & 0x1FF;
        for (uint32_t i = 0; i < program.code.size(); ++i) {
          const uint64_t word = uint64_t(code[2 * (first + i) + 1]) << 32 | code[2 * (first + i)];
          if (program.code[i].op != isa::Opcode::Lut) {
            CHECK(word == isa::encode(program.code[i]));
            continue;
          }
          const auto &values = program.tables[program.code[i].imm];
          CHECK((word & 0xFFFFFFFF) == (isa::encode(program.code[i]) & 0xFFFFFFFF));
          CHECK((word >> 48) == values.size() - 1);
          for (uint32_t v = 0; v < values.size(); ++v)
            CHECK(table[(word >> 32 & 0xFFFF) + v] == static_cast<uint32_t>(values[v]));
        }
        for (uint32_t n = 0; n < slice.count; ++n) {
          for (uint32_t s = 0; s < program.states.size(); ++s)
            CHECK(loaded.memories.of(node, Space::State)[s << 8 | (slice.neuronBase + n)] ==
                  static_cast<uint32_t>(image.stateWords[slice.firstState + s * slice.count + n]));
          for (uint32_t p = 0; p < program.params.size(); ++p) {
            const auto &record = image.params[slice.firstParam + p];
            CHECK(loaded.memories.of(node, Space::Param)[p << 8 | (slice.neuronBase + n)] ==
                  static_cast<uint32_t>(image.paramWords[record.offset + (record.uniform ? 0 : n)]));
          }
        }
      }
    }
    for (uint32_t p = 0; p < image.meta.populations.size(); ++p)
      for (uint32_t n = 0; n < image.meta.populations[p].count; ++n) {
        const uint32_t source = sourceOf(image, g, p, n);
        if (image.meta.populations[p].input)
          CHECK(loaded.memories.of(g.host(), Space::HostMask)[source - g.nodes() * 256] == masks[source]);
        else
          CHECK(loaded.memories.of(source / 256, Space::AxonOut)[source % 256] == (masks[source] | uint64_t(1) << g.nodes()));
      }
  }
}

TEST_CASE("only observed populations speak to the host if so wanted") {
  const auto image = test::toImage(test::n1Image(test::randomN1Network(3)));
  const LoadedImage loaded = load(*image, {.hostSpikes = HostSpikes::Observed});
  uint32_t speaking = 0, outputs = 0;
  for (const uint32_t mask : loaded.memories.of(0, Space::AxonOut))
    speaking += mask >> 1 & 1;
  for (const auto &population : image->meta.populations)
    outputs += population.output ? static_cast<uint32_t>(population.count) : 0;
  CHECK(outputs > 0);
  CHECK(speaking == outputs);
}

TEST_CASE("writes cover every word once, holes and registers that cannot be written left out") {
  const auto image = test::toImage(test::n1Image(test::randomN1Network(1), 30));
  const LoadedImage loaded = load(*image);
  const Geometry &g = loaded.memories.geometry;
  std::set<std::array<uint32_t, 3>> seen;
  for (const ConfigWrite &write : configWrites(loaded.memories)) {
    CHECK(seen.insert({write.node, uint32_t(write.space), write.address}).second);
    CHECK(write.word == loaded.memories.of(write.node, write.space)[write.address]);
    if (write.space == Space::Slice)
      CHECK(write.address % 8 < 5);
  }
  const uint32_t sources = g.nodes() * 256 + 4096;
  const size_t core = sources + 16384 + 8 * 256 + 16 * 256 + 256 + 6 + 1024 + 1024 + 5 * 256 + 16 * 512;
  CHECK(seen.size() == g.nodes() * core + 4096 + 1);
}

TEST_CASE("the fast path wants the native form, its widths and leave") {
  const mapping::Network network = test::nativeN1Network(1, 10);
  const auto fast = [](const mapping::Network &network, const LoaderOptions &options = {}) {
    const auto image = test::toImage(test::n1Image(network));
    const LoadedImage loaded = load(*image, options);
    CHECK((loaded.slices.at(0).fast == ((loaded.memories.of(0, Space::Slice)[0] >> 19 & 1) != 0)));
    return loaded.slices.at(0).fast;
  };
  CHECK(fast(network));
  CHECK(!fast(network, {.fastPath = false}));
  const auto with = [&](uint32_t param, int32_t word) {
    mapping::Network changed = network;
    changed.populations[1].params[param] = {word};
    return fast(changed);
  };
  const struct {
    uint32_t param;
    int32_t least, most;
  } ranges[] = {{hw::NativeDu, 0, 4095}, {hw::NativeDv, 0, 4095}, {hw::NativeVth, 0, 131071}, {hw::NativeBias, -524288, 524287}};
  for (const auto &[param, least, most] : ranges) {
    CAPTURE(param);
    CHECK(with(param, least));
    CHECK(with(param, most));
    CHECK(!with(param, least - 1));
    CHECK(!with(param, most + 1));
  }
  mapping::Network state = network;
  state.populations[1].init[1] = mapping::Words(10, 5);
  state.populations[1].init[1][7] = 8388607;
  CHECK(fast(state));
  state.populations[1].init[1][7] = 8388608;
  CHECK(!fast(state));
  mapping::Network other = network; // the same arithmetic in another order
  std::swap(other.programs[0].code[0], other.programs[0].code[1]);
  CHECK(!fast(other));
}

TEST_CASE("what does not fit is refused with its place") {
  const auto good = test::toImage(test::n1Image(test::randomN1Network(2), 30));
  const auto code = [](const Image &image, Grid grid) {
    auto loaded = loadImage(image, grid, {});
    REQUIRE(!loaded);
    CHECK(!loaded.error().place.empty());
    return loaded.error().code;
  };
  CHECK(code(*good, {1, 1}) == 7510);
  CHECK(code(*good, {9, 1}) == 7502);
  const Grid grid = smallestGrid(*good);
  Image small = *good;
  small.chip.core.synapticMemoryBits = 32 * 4;
  CHECK(code(small, grid) == 7511);
  small = *good;
  small.chip.core.neurons = 8;
  CHECK(code(small, grid) == 7511);
  small = *good;
  small.chip.core.programWords = 4;
  CHECK(code(small, grid) == 7511);
  small = *good;
  small.chip.inputNeurons = 2;
  CHECK(code(small, grid) == 7512);
  small = *good;
  small.meta.projections[0].weightExponent = -1;
  CHECK(code(small, grid) == 7513);
  small = *good;
  small.chip.core.inputs = 1;
  CHECK((code(small, grid) == 7513 || code(small, grid) == 7511));
}
