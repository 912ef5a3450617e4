//===- SourceTest.cpp - Built-in input sources ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "TestNet.h"
#include "ranvier/Support/Random.h"
#include <cmath>
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::emutest;

namespace {

Net sourceNet(uint32_t count, image::PopulationMeta source, uint64_t seed = 0) {
  Net net;
  net.programs = {relay(isa::Profile::Int, false)};
  net.populations = {{.name = "in", .count = count, .seed = seed, .source = std::move(source)},
                     {.name = "out", .count = count, .program = 0}};
  net.projections = {{"p", 0, 1}};
  for (uint32_t n = 0; n < count; ++n)
    net.synapses.push_back({0, n, n, 1, 1});
  return net;
}

std::vector<std::vector<uint32_t>> raster(const Net &net, uint32_t steps, unsigned threads = 1) {
  auto m = machine(build(net), interp(threads));
  std::vector<std::vector<uint32_t>> result;
  for (uint32_t t = 1; t <= steps; ++t) {
    m->step({});
    const auto spikes = m->spikes(0);
    result.emplace_back(spikes.begin(), spikes.end());
    const auto arrived = m->spikes(1);
    CHECK(std::vector<uint32_t>(arrived.begin(), arrived.end()) == (t == 1 ? std::vector<uint32_t>() : result[t - 2]));
  }
  return result;
}

unsigned errorOf(image::PopulationMeta source) {
  auto refused = emu::Machine::create(build(sourceNet(3, std::move(source))), interp());
  return refused ? 0 : refused.error().code;
}

} // namespace

TEST_CASE("a Poisson source fires with its probability, whatever the number of threads") {
  image::PopulationMeta source;
  source.source = "poisson";
  source.rates = {0.0, 1.0, 0.5, 0.02};
  while (source.rates.size() < 100)
    source.rates.push_back(0.1);
  const Net net = sourceNet(100, source, 0x123456789ABCDEFull);
  const uint32_t steps = 2000;
  const auto one = raster(net, steps);
  CHECK(one == raster(net, steps, 2));
  CHECK(one == raster(net, steps, 4));
  std::vector<uint64_t> counts(100, 0);
  for (uint32_t t = 1; t <= steps; ++t)
    for (const uint32_t n : one[t - 1]) {
      ++counts[n];
      REQUIRE(uniformFromWord(randomWord(net.populations[0].seed, n, t, 0)) < source.rates[n]);
    }
  uint64_t rest = 0;
  for (uint32_t n = 4; n < 100; ++n)
    rest += counts[n];
  const auto within = [&](double found, double trials, double p) {
    CHECK(std::abs(found - trials * p) < 5 * std::sqrt(trials * p * (1 - p)) + 1e-9);
  };
  within(static_cast<double>(counts[0]), steps, 0.0);
  within(static_cast<double>(counts[1]), steps, 1.0);
  within(static_cast<double>(counts[2]), steps, 0.5);
  within(static_cast<double>(counts[3]), steps, 0.02);
  within(static_cast<double>(rest), 96.0 * steps, 0.1);
}

TEST_CASE("one rate serves a whole population and the seed changes the spikes") {
  image::PopulationMeta source;
  source.source = "poisson";
  source.rates = {0.25};
  const auto a = raster(sourceNet(70, source, 1), 50), b = raster(sourceNet(70, source, 2), 50);
  CHECK(a != b);
  CHECK(a == raster(sourceNet(70, source, 1), 50));
}

TEST_CASE("a regular source fires at its phase and every interval after it") {
  image::PopulationMeta source;
  source.source = "regular";
  source.intervals = {3, 1, 100};
  source.phases = {2, 9, 0};
  const auto spikes = raster(sourceNet(3, source), 11);
  CHECK(spikes == std::vector<std::vector<uint32_t>>{{}, {0}, {}, {}, {0}, {}, {}, {0}, {1}, {1}, {0, 1}});
}

TEST_CASE("a list source fires as listed, beside external spikes, and again after a reset") {
  image::PopulationMeta source;
  source.source = "list";
  source.list = {{1, 2}, {3, 0}, {3, 0}, {3, 1}, {7, 2}};
  auto m = machine(build(sourceNet(3, source)), interp());
  for (unsigned pass = 0; pass < 2; ++pass) {
    std::vector<std::vector<uint32_t>> found;
    for (uint32_t t = 1; t <= 7; ++t) {
      const std::vector<emu::InputSpike> in = {{t, 0, 0, 1}, {t, 0, 2, 1}};
      m->step(t == 3 ? std::span<const emu::InputSpike>(in) : std::span<const emu::InputSpike>());
      found.emplace_back(m->spikes(0).begin(), m->spikes(0).end());
    }
    CHECK(found == std::vector<std::vector<uint32_t>>{{2}, {}, {0, 1, 2}, {}, {}, {}, {2}});
    m->reset();
  }
}

TEST_CASE("a source that makes no sense is refused") {
  image::PopulationMeta source;
  source.source = "burst";
  CHECK(errorOf(source) == 7004);
  source.source = "poisson";
  CHECK(errorOf(source) == 7004); // no rate
  source.rates = {0.1, 0.2};
  CHECK(errorOf(source) == 7004);
  source.rates = {1.5};
  CHECK(errorOf(source) == 7004);
  source.rates = {NAN};
  CHECK(errorOf(source) == 7004);
  source.rates = {1.0};
  CHECK(errorOf(source) == 0);
  source.source = "regular";
  source.intervals = {0};
  source.phases = {0};
  CHECK(errorOf(source) == 7004);
  source.phases.clear();
  source.intervals = {1};
  CHECK(errorOf(source) == 7004);
  source.source = "list";
  source.list = {{2, 0}, {1, 0}};
  CHECK(errorOf(source) == 7004);
  source.list = {{1, 3}};
  CHECK(errorOf(source) == 7004);
}
