// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RtlImages.h"
#include "ranvier/HwModels/NativeForm.h"
#include "ranvier/Mapping/Mapping.h"
#include "support/TestNetworks.h"
#include <doctest/doctest.h>

using namespace ranvier;

namespace {
isa::Program program(const std::string &name, std::vector<std::string> states, std::vector<std::string> params,
                     std::vector<std::string> inputs, std::vector<std::vector<int32_t>> tables, std::vector<std::string> lines) {
  isa::Program out;
  out.name = name;
  out.states = std::move(states);
  out.params = std::move(params);
  out.inputs = std::move(inputs);
  out.tables = std::move(tables);
  for (const std::string &line : lines) {
    auto instruction = isa::assemble(out, line);
    REQUIRE_MESSAGE(bool(instruction), line);
    out.code.push_back(*instruction);
  }
  return out;
}

/// What the two-input program lacks: tables, random numbers, values, all roundings, every state and parameter slot.
std::vector<isa::Program> programs(const hw::Chip &chip) {
  return {hw::nativeCubaProgram(*chip.nativeCuba),
          program("two", {"v"}, {"vth", "leak"}, {"i", "j"}, {},
                  {"ld.state r0, v", "ld.input r1, i", "ld.input r2, j", "ld.param r3, leak", "mulsh r0, r0, r3, 10, even",
                   "adds r0, r0, r1", "subs r0, r0, r2", "ld.param r4, vth", "lt r5, r4, r0", "li r6, -7", "sel r0, r6, r0, r5",
                   "st.state r0, v", "spk r5"}),
          program("tables", {"v", "w"}, {"vth"}, {"i"}, {{1, 2, 3, 5, 8}, {-4, 400, 7}},
                  {"ld.input r1, i", "shr r2, r1, 3, up", "lut r3, r2, 0", "lut r4, r1, 1", "mulshs r5, r3, r4, 1, tz",
                   "ld.state r6, v", "add r6, r6, r5", "satt r6, r6, 12", "st.state r6, v", "ld.state r7, w", "max r7, r7, r6",
                   "st.state r7, w", "ld.param r8, vth", "le r9, r8, r6", "spk r9"}),
          program("noisy", {"v", "a", "b", "c", "d", "e", "f", "g"},
                  {"p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11", "p12", "p13", "p14", "p15"},
                  {"i", "j"}, {},
                  {"rng r0, 0",         "rng r1, 255",      "shr r2, r0, 24, floor", "xor r3, r0, r1",   "ld.input r4, i",
                   "add r4, r4, r2",    "ld.param r5, p15", "and r6, r3, r5",        "ld.state r7, g",   "sub r7, r7, r6",
                   "neg r8, r7",        "abs r8, r8",       "sat r8, r8, 20",        "st.state r8, g",   "not r9, r8",
                   "lnot r10, r9",      "or r11, r10, r2",  "min r12, r11, r4",      "st.state r12, e",  "shl r13, r12, 4",
                   "shls r14, r12, 27", "st.state r14, f",  "ld.input r15, j",       "eq r16, r15, r10", "st.state r16, a",
                   "ld.param r17, p7",  "lt r18, r2, r17",  "spkp r18, r12"})};
}
} // namespace

hw::Chip test::n1Chip() {
  auto chip = hw::loadChip(std::string(RANVIER_SOURCE_DIR) + "/hw-models/chips/ranvier-n1.yaml");
  REQUIRE_MESSAGE(bool(chip), (chip ? "" : chip.error().str()));
  return *std::move(chip);
}

mapping::Network test::randomN1Network(uint64_t seed) {
  Dice dice(seed);
  mapping::Network network;
  network.name = "random" + std::to_string(seed);
  network.seed = seed;
  network.programs = programs(n1Chip());
  const int inputs = static_cast<int>(dice(1, 2)), populations = static_cast<int>(dice(3, 6));
  for (int i = 0; i < inputs; ++i)
    addPopulation(network, "in" + std::to_string(i), static_cast<uint64_t>(dice(1, 40)), -1);
  for (int i = 0; i < populations; ++i) {
    const int32_t which = static_cast<int32_t>(dice(0, 3));
    const uint32_t p = addPopulation(network, "p" + std::to_string(i), static_cast<uint64_t>(dice(1, 40)), which);
    mapping::Population &population = network.populations[p];
    const auto draw = [&](bool each, int64_t least, int64_t most) {
      mapping::Words words(each ? population.count : 1);
      for (int32_t &word : words)
        word = static_cast<int32_t>(dice(least, most));
      return words;
    };
    if (which == 0)
      population.params = {draw(true, 0, 4095), draw(false, 0, 600), draw(true, 10, 300), draw(true, -200, 20000)};
    else if (which == 1)
      population.params = {draw(true, 500, 5000), draw(false, 900, 1023)};
    else if (which == 2)
      population.params = {draw(true, -50, 2000)};
    else
      for (mapping::Words &words : population.params)
        words = draw(dice.chance(0.5), 0, 100);
    for (mapping::Words &words : population.init)
      words = draw(dice.chance(0.5), -100, 100);
    population.output = i + 1 == populations;
  }
  for (uint32_t target = static_cast<uint32_t>(inputs); target < network.populations.size(); ++target)
    for (int k = 0; k < 3; ++k) {
      const auto source = static_cast<uint32_t>(k == 0 ? dice(0, inputs - 1) : dice(0, int64_t(network.populations.size()) - 1));
      const auto receptors = int64_t(network.programs[size_t(network.populations[target].program)].inputs.size());
      std::vector<Edge> edges;
      const double density = dice.chance(0.3) ? 1.0 : 0.3;
      const bool delayed = dice.chance(0.6);
      for (uint32_t a = 0; a < network.populations[source].count; ++a)
        for (uint32_t b = 0; b < network.populations[target].count; ++b)
          for (int copies = 0; copies < 2 && dice.chance(copies ? 0.05 : density); ++copies)
            edges.push_back({a, b, static_cast<int32_t>(dice.chance(0.05) ? (dice.chance(0.5) ? -512 : 511) : dice(-100, 255)),
                             static_cast<uint16_t>(delayed ? dice(1, 15) : 1)});
      addProjection(network, source, target, static_cast<uint32_t>(dice(0, receptors - 1)), static_cast<int>(dice(0, 7)),
                    std::move(edges));
      network.projections.back().weightBits = 10;
    }
  return network;
}

mapping::Network test::nativeN1Network(uint64_t seed, uint32_t neurons) {
  Dice dice(seed);
  mapping::Network network;
  network.name = "native";
  network.seed = seed;
  network.programs = {hw::nativeCubaProgram(*n1Chip().nativeCuba)};
  const uint32_t in = addPopulation(network, "in", neurons / 2 + 1, -1);
  const uint32_t p = addPopulation(network, "p", neurons, 0);
  network.populations[p].params = {{2000}, {300}, {200}, {0}};
  for (const uint32_t source : {in, p}) {
    std::vector<Edge> edges;
    for (uint32_t a = 0; a < network.populations[source].count; ++a)
      for (uint32_t b = 0; b < neurons; ++b)
        if (dice.chance(0.1))
          edges.push_back({a, b, static_cast<int32_t>(dice(source == in ? 20 : -120, source == in ? 200 : 40)),
                           static_cast<uint16_t>(dice(1, 15))});
    addProjection(network, source, p, 0, 0, std::move(edges));
    network.projections.back().weightBits = 10;
  }
  return network;
}

image::ImageData test::n1Image(const mapping::Network &network, uint32_t neuronsPerCore) {
  hw::Chip chip = n1Chip();
  if (neuronsPerCore)
    chip.core.neurons = neuronsPerCore;
  auto mapping = mapping::partition(network, chip, {});
  REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
  REQUIRE(bool(mapping::place(network, chip, *mapping, {})));
  // The image is for the chip as it is.
  auto data = mapping::emitImage(network, n1Chip(), *mapping, "{}");
  REQUIRE_MESSAGE(bool(data), (data ? "" : data.error().str()));
  return *std::move(data);
}

std::shared_ptr<const image::Image> test::toImage(image::ImageData data) {
  auto image = image::fromData(std::move(data));
  REQUIRE_MESSAGE(bool(image), (image ? "" : image.error().str()));
  return std::make_shared<const image::Image>(*std::move(image));
}
