//===- ConfigTest.cpp - What a crossbar may be asked for ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Emulator/Crossbar.h"
#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <numeric>

using namespace ranvier;
using namespace ranvier::emu;

TEST_CASE("values that no array can have are refused by key") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  const auto refused = [](unsigned code, const char *key, auto change) {
    CrossbarConfig config;
    config.converter = CrossbarConfig::Converter::Uniform;
    config.ranges = {{-1, 1}};
    CHECK(config.validate());
    change(config);
    const auto result = config.validate();
    REQUIRE_FALSE(result);
    CHECK(result.error().code == code);
    CHECK(result.error().place == key);
    CHECK_FALSE(result.error().expected.empty());
    CHECK_FALSE(result.error().found.empty());
  };
  for (const double bad : {nan, inf, 0.0, -1.0}) {
    refused(7050, "Rmin_ohm", [&](CrossbarConfig &c) { c.minOhm = bad; });
    refused(7050, "w_max", [&](CrossbarConfig &c) { c.weightMax = bad; });
    refused(7050, "x_max", [&](CrossbarConfig &c) { c.inputMax = bad; });
    refused(7050, "Rmax_ohm", [&](CrossbarConfig &c) { c.maxOhm = bad; });
  }
  for (const double bad : {nan, inf, -1.0}) {
    refused(7050, "Rp_row_ohm", [&](CrossbarConfig &c) { c.wires.inputOhm = bad; });
    refused(7050, "Rp_col_ohm", [&](CrossbarConfig &c) { c.wires.outputOhm = bad; });
    refused(7050, "adc_range", [&](CrossbarConfig &c) { c.ranges[0].high = bad; });
  }
  refused(7050, "adc_range", [](CrossbarConfig &c) { c.ranges.clear(); });
  refused(7050, "cell_bits", [](CrossbarConfig &c) { c.cellBits = 15; });
  refused(7050, "dac_bits", [](CrossbarConfig &c) { c.inputBits = 1; });
  refused(7050, "adc_bits", [](CrossbarConfig &c) { c.converterBits = 0; });
  refused(7051, "unit_column", [](CrossbarConfig &c) { c.unitColumn = true; });
}

TEST_CASE("matrices that do not fit are refused") {
  CrossbarConfig config;
  const std::vector<double> six(6, 0.5);
  CHECK(CrossbarArray::program(six, 2, 3, config));
  const auto code = [&](const std::vector<double> &weights, uint64_t outputs, uint64_t inputs) {
    auto result = CrossbarArray::program(weights, outputs, inputs, config);
    return result ? 0u : result.error().code;
  };
  CHECK(code(six, 3, 3) == 7052);
  CHECK(code({}, 0, 3) == 7052);
  CHECK(code(six, uint64_t(1) << 40, uint64_t(1) << 40) == 7052);
  std::vector<double> bad = six;
  bad[4] = std::numeric_limits<double>::quiet_NaN();
  const auto result = CrossbarArray::program(bad, 2, 3, config);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == 7053);
  CHECK(result.error().place == "W[1, 1]");
  config.wires = {1, 1, false};
  CHECK(code(std::vector<double>(8192), 1, 8192) == 7052);
  config.wires = {};
  config.tileInputs = 1;
  config.tileOutputs = 1;
  CHECK(code(std::vector<double>(2048 * 1024), 2048, 1024) == 7052);
}

TEST_CASE("parts of a division") {
  CHECK(crossbarParts(10, 0, false) == std::vector<uint64_t>{10});
  CHECK(crossbarParts(10, 10, false) == std::vector<uint64_t>{10});
  CHECK(crossbarParts(40, 20, false) == std::vector<uint64_t>{20, 20});
  CHECK(crossbarParts(53, 20, false) == std::vector<uint64_t>{18, 18, 17});
  CHECK(crossbarParts(53, 20, true) == std::vector<uint64_t>{20, 20, 13});
  CHECK(crossbarParts(10, 4, false) == std::vector<uint64_t>{3, 3, 4});
  for (uint64_t n = 1; n < 200; ++n)
    for (uint64_t cap = 1; cap <= n; ++cap)
      for (const bool fill : {false, true}) {
        const auto parts = crossbarParts(n, cap, fill);
        CHECK(parts.size() == (n + cap - 1) / cap);
        CHECK(std::accumulate(parts.begin(), parts.end(), uint64_t(0)) == n);
        for (const uint64_t part : parts)
          CHECK((part >= 1 && part <= n));
      }
}
