//===- crossbar.cpp - Products of crossbars per second --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One thread; every product has a vector of its own; time is that of the processor, as the peer's figures are. What comes out is
// compared with plain loops over the weights, or with what must hold whatever the numbers.
//===----------------------------------------------------------------------===//
#include "ranvier/Emulator/Crossbar.h"
#include "Common.h"
#include "ranvier/Support/Random.h"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>

using namespace ranvier;
using emu::CrossbarArray;
using emu::CrossbarConfig;
using emu::CrossbarNoise;

namespace {

double processorSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

[[noreturn]] void fail(const std::string &what) {
  std::fprintf(stderr, "bench-crossbar: %s\n", what.c_str());
  std::exit(1);
}

std::vector<double> uniform(uint64_t count, uint32_t stream, double low, double high) {
  std::vector<double> out(count);
  for (uint32_t k = 0; k < count; ++k)
    out[k] = low + (high - low) * uniformFromWord(randomWord(1, k, stream, 0));
  return out;
}

struct Case {
  std::string name;
  CrossbarConfig config;
  double low = -1;      ///< Of inputs.
  double density = 1;   ///< Of inputs that are not 0; then they are 1.
  uint64_t vectors = 1; ///< Of a call.
};

std::vector<double> inputsOf(const Case &of, uint64_t n, uint64_t count) {
  std::vector<double> x = uniform(n * count, 2, of.low, 1);
  if (of.density < 1 || of.config.inputBits == 1)
    for (uint32_t k = 0; k < x.size(); ++k)
      x[k] = uniformFromWord(randomWord(1, k, 3, 0)) < of.density;
  return x;
}

CrossbarArray programmed(const std::vector<double> &w, uint64_t n, const CrossbarConfig &config) {
  auto array = CrossbarArray::program(w, n, n, config);
  if (!array)
    fail(array.error().str());
  return *std::move(array);
}
std::vector<double> product(const CrossbarArray &array, const std::vector<double> &x, uint64_t number = 0) {
  std::vector<double> y(x.size() / array.inputs() * array.outputs());
  if (auto done = array.product(x, y, number); !done)
    fail(done.error().str());
  return y;
}

/// Ideal products of plain loops are met within what conversion, cells and noise allow; with wires superposition holds.
void check(const Case &of, const CrossbarArray &array, const std::vector<double> &w, const std::vector<double> &x) {
  const uint64_t n = array.inputs(), count = std::min<uint64_t>(4, x.size() / n);
  const CrossbarConfig &config = of.config;
  if (config.hasWires()) {
    std::vector<double> sum(n);
    for (uint64_t j = 0; j < n; ++j)
      sum[j] = (x[j] + x[n + j]) / 2;
    const auto a = product(array, {x.begin(), x.begin() + static_cast<ptrdiff_t>(2 * n)}), b = product(array, sum);
    for (uint64_t i = 0; i < n; ++i)
      if (std::abs((a[i] + a[n + i]) / 2 - b[i]) > 1e-9)
        fail(of.name + ": superposition does not hold");
    return;
  }
  // Half a step of input and weight for each cell, of which errors add like a random walk, and half a step of the codes.
  double step = 0;
  for (const double s : config.outputSteps())
    step += s * (config.convertEachBit ? std::ldexp(1.0, static_cast<int>(config.inputBits)) : 1);
  const double noise = config.read.sigma * std::sqrt(2.0 * static_cast<double>(n)),
               bias = config.read.acts() ? 0.4 * config.read.sigma * std::sqrt(static_cast<double>(n)) : 0;
  const double allowed = step / 2 + 6 * (noise + bias) + 6 * std::sqrt(static_cast<double>(n)) / 127;
  const auto y = product(array, {x.begin(), x.begin() + static_cast<ptrdiff_t>(count * n)});
  double found = 0, signal = 0;
  for (uint64_t v = 0; v < count; ++v)
    for (uint64_t i = 0; i < n; ++i) {
      double expected = 0;
      for (uint64_t j = 0; j < n; ++j)
        expected += w[i * n + j] * x[v * n + j];
      found = std::max(found, std::abs(y[v * n + i] - expected));
      signal = std::max(signal, std::abs(expected));
    }
  if (!(found < allowed) || !(signal > allowed / 2))
    fail(of.name + ": off by " + std::to_string(found) + " of " + std::to_string(signal) + ", may be " + std::to_string(allowed));
}

/// Products per second of processor time: the best of several spells of at least a fifth of a second.
double rate(const Case &of, const CrossbarArray &array, const std::vector<double> &x, double spell) {
  const uint64_t n = array.inputs(), calls = x.size() / n / of.vectors;
  std::vector<double> y(of.vectors * n);
  double best = 0, sum = 0;
  uint64_t number = 0;
  for (unsigned pass = 0; pass < 3; ++pass) {
    uint64_t done = 0;
    const double start = processorSeconds();
    double now = start;
    for (; now - start < spell; now = processorSeconds())
      for (uint64_t burst = std::max<uint64_t>(1, 65536 / n / n); burst-- > 0; done += of.vectors, number += of.vectors) {
        const double *at = x.data() + done / of.vectors % calls * of.vectors * n;
        if (!array.product({at, of.vectors * n}, y, number))
          fail("a product failed");
        sum += y[0];
      }
    best = std::max(best, static_cast<double>(done) / (now - start));
  }
  if (!std::isfinite(sum))
    fail("sums are no numbers");
  return best;
}

std::vector<Case> cases() {
  CrossbarConfig pairs{.cellBits = 7, .inputBits = 8, .converter = CrossbarConfig::Converter::Uniform, .converterBits = 8};
  CrossbarConfig serial = pairs;
  serial.inputSigned = false;
  serial.bitSerial = serial.convertEachBit = true;
  CrossbarConfig slices = serial;
  slices.mapping = CrossbarConfig::Mapping::SlicedPairs;
  slices.weightBits = 8;
  slices.slices = 4;
  slices.cellBits = 0;
  CrossbarConfig noisy = pairs, proportional = pairs;
  noisy.read = {CrossbarNoise::Model::Independent, 0.01, {}};
  proportional.read = {CrossbarNoise::Model::Proportional, 0.05, {}};
  CrossbarConfig wires = pairs;
  wires.wires = {0.1, 0.1, false};
  wires.converter = CrossbarConfig::Converter::None;
  wires.inputBits = 0;
  CrossbarConfig spikes = pairs;
  spikes.inputSigned = false;
  spikes.inputBits = 1;
  return {{"pairs", pairs},
          {"pairs_batch_256", pairs, -1, 1, 256},
          {"bit_serial", serial, 0},
          {"four_slices_bit_serial", slices, 0},
          {"read_noise", noisy},
          {"read_noise_proportional", proportional},
          {"wires", wires},
          {"spikes_100_percent", spikes, 0, 1},
          {"spikes_10_percent", spikes, 0, 0.1},
          {"spikes_1_percent", spikes, 0, 0.01}};
}
} // namespace

int main(int argc, char **argv) {
  const double spell = argc > 1 ? std::atof(argv[1]) : 0.2;
  Json out{{"unit", "products per processor second, one thread"}};
  for (Case &of : cases())
    for (const uint64_t n : {128u, 512u, 1024u}) {
      const std::vector<double> w = uniform(n * n, 1, -1, 1);
      // Codes over four standard deviations of a column's sum.
      if (of.config.converter != CrossbarConfig::Converter::None) {
        const double reach = 4 * std::sqrt(static_cast<double>(n) * (of.density < 1 ? of.density : 1) / 3);
        of.config.ranges = {{-reach, reach}};
      }
      const double start = processorSeconds();
      const CrossbarArray array = programmed(w, n, of.config);
      const double programming = processorSeconds() - start;
      const std::vector<double> x = inputsOf(of, n, of.vectors == 1 ? 64 : 256);
      if (of.density == 1)
        check(of, array, w, x);
      out[of.name][std::to_string(n)] = rate(of, array, x, spell);
      if (of.config.hasWires())
        out["wires_programming_seconds"][std::to_string(n)] = programming;
      std::fprintf(stderr, "%s %llu: %.0f\n", of.name.c_str(), static_cast<unsigned long long>(n),
                   out[of.name][std::to_string(n)].get<double>());
    }
  out["machine"] = bench::machineJson();
  std::printf("%s\n", out.dump(2).c_str());
  return 0;
}
