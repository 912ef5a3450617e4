//===- Generate.cpp - Synthetic networks ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../Place/CorePlacer.h"
#include "ranvier/HwModels/NativeForm.h"
#include "ranvier/Mapping/Partitioner.h"
#include "ranvier/Support/Random.h"
#include <algorithm>
#include <cmath>
#include <numeric>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

static Result<void> check(const Synthetic &how) {
  const auto wrong = [](const char *place, const std::string &expected, const std::string &found) {
    return Error{.code = 6072,
                 .message = "no such synthetic network",
                 .place = place,
                 .expected = expected,
                 .found = found,
                 .kind = ErrorKind::Usage};
  };
  const bool layered = how.kind == Synthetic::Kind::Layered;
  const uint32_t layers = layered ? how.layers : 1;
  if (how.neurons < 2)
    return wrong("neurons", "at least 2", std::to_string(how.neurons));
  if (layers < (layered ? 2u : 1u) || how.neurons < layers || how.neurons % layers)
    return wrong("layers", "at least 2 layers of equally many neurons",
                 std::to_string(layers) + " for " + std::to_string(how.neurons));
  if (how.degree < 1 || how.degree >= how.neurons / layers)
    return wrong("degree", "1.." + std::to_string(how.neurons / layers - 1), std::to_string(how.degree));
  if (!(how.rewired >= 0 && how.rewired <= 1))
    return wrong("rewired", "0..1", std::to_string(how.rewired));
  if (!(how.rateSigma >= 0 && how.rateSigma <= 4))
    return wrong("rate sigma", "0..4", std::to_string(how.rateSigma));
  if (how.weightBits < 1 || how.weightBits > 9)
    return wrong("weight bits", "1..9", std::to_string(how.weightBits));
  return {};
}

/// The `degree` cells nearest to cell (x, y) of a square sheet, in order of distance, then by number.
static std::vector<std::pair<int32_t, int32_t>> neighbourhood(uint32_t degree) {
  const int32_t reach = static_cast<int32_t>(std::ceil(std::sqrt(degree))) + 1;
  std::vector<std::pair<int32_t, int32_t>> cells;
  for (int32_t dx = -reach; dx <= reach; ++dx)
    for (int32_t dy = -reach; dy <= reach; ++dy)
      cells.push_back({dx, dy});
  std::sort(cells.begin(), cells.end(), [](const auto &a, const auto &b) {
    const auto length = [](const auto &cell) { return cell.first * cell.first + cell.second * cell.second; };
    return std::tuple(length(a), a) < std::tuple(length(b), b);
  });
  cells.resize(degree);
  return cells;
}

namespace {
/// Draws the targets of one neuron after another.
class Targets {
public:
  Targets(const Synthetic &how, uint32_t count)
      : how(how), count(count), side(static_cast<uint32_t>(std::ceil(std::sqrt(count)))), cells(neighbourhood(how.degree)),
        random(how.seed) {}
  void draw(uint32_t neuron, std::vector<uint32_t> &targets) {
    targets.clear();
    for (uint32_t k = 0; k < how.degree; ++k)
      if (how.kind == Synthetic::Kind::Random || random.open() < how.rewired)
        targets.push_back(random.below(count));
      else
        targets.push_back(near(neuron, k));
    std::sort(targets.begin(), targets.end());
    targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
  }

private:
  /// Small world: k-th neighbour on a ring. Layered: k-th nearest cell of the next sheet, which wraps.
  uint32_t near(uint32_t neuron, uint32_t k) const {
    if (how.kind == Synthetic::Kind::SmallWorld) {
      const uint32_t step = k / 2 + 1;
      return k % 2 ? (neuron + step) % count : (neuron + count - step) % count;
    }
    const int32_t n = static_cast<int32_t>(side);
    const int32_t x = (static_cast<int32_t>(neuron / side) + cells[k].first + n) % n;
    const int32_t y = (static_cast<int32_t>(neuron % side) + cells[k].second + n) % n;
    return static_cast<uint32_t>(x * n + y) % count;
  }
  const Synthetic &how;
  const uint32_t count, side;
  const std::vector<std::pair<int32_t, int32_t>> cells;
  RandomStream random;
};
} // namespace

static void addPopulation(Network &network, const std::string &name, uint32_t count) {
  Population population;
  population.name = name;
  population.shape = {count};
  population.count = count;
  population.program = 0;
  population.params = {{100}, {100}, {1000}, {0}};
  population.init = {{0}, {0}};
  population.configParams = {hw::NativeDu, hw::NativeDv};
  population.thresholdParams = {hw::NativeVth};
  network.populations.push_back(std::move(population));
}

/// The same network with the neurons of each population numbered at random.
static void shuffleNumbers(Network &network, Rates &rates, uint64_t seed) {
  std::vector<std::vector<uint32_t>> oldOf, newOf; // [population][neuron]
  for (uint32_t p = 0; p < network.populations.size(); ++p) {
    std::vector<uint32_t> old(network.populations[p].count), now(old.size());
    std::iota(old.begin(), old.end(), 0u);
    RandomStream(seed + (uint64_t(p + 1) << 32)).shuffle(old);
    for (uint32_t n = 0; n < old.size(); ++n)
      now[old[n]] = n;
    oldOf.push_back(std::move(old));
    newOf.push_back(std::move(now));
  }
  for (Projection &projection : network.projections) {
    const std::vector<uint32_t> &old = oldOf[projection.source], &now = newOf[projection.target];
    std::vector<uint64_t> rowPtr{0};
    std::vector<uint32_t> targets;
    rowPtr.reserve(old.size() + 1);
    targets.reserve(projection.targets.size());
    for (const uint32_t n : old) {
      for (uint64_t s = projection.rowPtr[n]; s < projection.rowPtr[n + 1]; ++s)
        targets.push_back(now[projection.targets[s]]);
      std::sort(targets.begin() + static_cast<std::ptrdiff_t>(rowPtr.back()), targets.end());
      rowPtr.push_back(targets.size());
    }
    projection.rowPtr = std::move(rowPtr); // All weights are alike.
    projection.targets = std::move(targets);
  }
  for (uint32_t p = 0; p < rates.size(); ++p) {
    const std::vector<uint32_t> before = rates[p];
    for (uint32_t n = 0; n < before.size(); ++n)
      rates[p][n] = before[oldOf[p][n]];
  }
}

Result<Network> mapping::generate(const Synthetic &how, Rates &rates) {
  RANVIER_CHECK(check(how));
  const bool layered = how.kind == Synthetic::Kind::Layered;
  const uint32_t layers = layered ? how.layers : 1, count = how.neurons / layers;
  Network network;
  network.name = layered ? "layered" : how.kind == Synthetic::Kind::SmallWorld ? "small_world" : "random";
  network.seed = how.seed;
  network.programs = {hw::nativeCubaProgram({})};
  for (uint32_t layer = 0; layer < layers; ++layer)
    addPopulation(network, layered ? "layer" + std::to_string(layer) : "cells", count);
  Targets draw(how, count);
  std::vector<uint32_t> targets;
  for (uint32_t layer = 0; layer < std::max(1u, layers - 1); ++layer) {
    Projection projection;
    projection.name = "p" + std::to_string(layer);
    projection.source = layer;
    projection.target = layered ? layer + 1 : 0;
    projection.weightBits = how.weightBits;
    projection.delays = {1};
    projection.rowPtr = {0};
    projection.targets.reserve(size_t(count) * how.degree);
    for (uint32_t n = 0; n < count; ++n) {
      draw.draw(n, targets);
      projection.targets.insert(projection.targets.end(), targets.begin(), targets.end());
      projection.rowPtr.push_back(projection.targets.size());
    }
    projection.weights.assign(projection.targets.size(), 1);
    network.projections.push_back(std::move(projection));
  }
  rates.clear();
  if (how.rateSigma > 0) // Logarithmic normal with a median of 100 spikes.
    for (uint32_t p = 0; p < layers; ++p) {
      std::vector<uint32_t> spikes(count);
      for (uint32_t n = 0; n < count; ++n) {
        const double normal = normalFromWords(randomWord(how.seed, p * count + n, 1, 0), randomWord(how.seed, p * count + n, 1, 1));
        spikes[n] = static_cast<uint32_t>(std::clamp(100 * std::exp(how.rateSigma * normal), 1.0, 1e6));
      }
      rates.push_back(std::move(spikes));
    }
  if (how.shuffle)
    shuffleNumbers(network, rates, how.seed);
  return network;
}
