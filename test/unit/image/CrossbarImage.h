//===- CrossbarImage.h - An image with macros for tests ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TEST_UNIT_IMAGE_CROSSBARIMAGE_H
#define RANVIER_TEST_UNIT_IMAGE_CROSSBARIMAGE_H

#include "ranvier/Mapping/Mapping.h"
#include "support/TestNetworks.h"
#include <doctest/doctest.h>

namespace ranvier::test {

inline hw::Chip crossbarChip(hw::Crossbar::Readout readout, hw::Crossbar::Form form = hw::Crossbar::Form::Pair) {
  hw::Chip chip = tinyChip({.neurons = 20});
  chip.weights = {.minBits = 1, .maxBits = 7, .minExponent = 0, .maxExponent = 0, .signModes = false, .sharedKernels = false};
  chip.storage.wordBits = 0;
  chip.crossbar = hw::Crossbar{.form = form, .inputs = 120, .outputs = 160};
  chip.crossbar->readout = readout;
  if (chip.crossbar->isSliced())
    chip.crossbar->slices = 2;
  return chip;
}

/// Two inputs, two cores with macros, recurrent, delays of 1 and 2.
inline image::ImageData crossbarImage(hw::Crossbar::Readout readout = hw::Crossbar::Readout::Adc,
                                      hw::Crossbar::Form form = hw::Crossbar::Form::Pair, uint64_t seed = 0) {
  Dice dice(seed);
  mapping::Network network;
  network.name = "macros";
  network.programs = {twoInputProgram()};
  const uint32_t in = addPopulation(network, "in", 12, -1), a = addPopulation(network, "a", 15, 0),
                 b = addPopulation(network, "b", 9, 0);
  for (mapping::Population &population : network.populations)
    if (!population.input)
      population.params = {mapping::Words(population.count, 300), {3}};
  for (const auto &[source, target] : {std::pair(in, a), std::pair(a, a), std::pair(a, b), std::pair(b, a)}) {
    std::vector<Edge> edges;
    for (uint32_t s = 0; s < network.populations[source].count; ++s)
      for (uint32_t t = 0; t < network.populations[target].count; ++t)
        if (dice.chance(0.6))
          edges.push_back({s, t, static_cast<int32_t>(dice(-127, 127)), static_cast<uint16_t>(1 + (s + t) % 2)});
    addProjection(network, source, target, static_cast<uint32_t>(dice(0, 1)), 0, std::move(edges));
    network.projections.back().weightBits = 8;
  }
  const hw::Chip chip = crossbarChip(readout, form);
  auto mapping = mapping::partition(network, chip, {});
  REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
  auto data = mapping::emitImage(network, chip, *mapping, "{}");
  REQUIRE_MESSAGE(bool(data), (data ? "" : data.error().str()));
  return *std::move(data);
}

} // namespace ranvier::test

#endif
