// The user's mapping file: honoured exactly, refused with a place when it is wrong.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Mapping/Mapping.h"
#include "ranvier/Support/Json.h"
#include "support/TestNetworks.h"
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::test;

static Network twoPopulations() {
  Network network;
  network.name = "two";
  network.programs = {twoInputProgram()};
  addPopulation(network, "in", 4, -1);
  addPopulation(network, "a", 10, 0);
  addPopulation(network, "b", 5, 0);
  addProjection(network, 0, 1, 0, 0, {{0, 0, 1, 1}, {1, 9, 1, 1}});
  addProjection(network, 1, 2, 1, 0, {{0, 0, 1, 1}, {0, 4, 1, 1}});
  return network;
}

static Json good() {
  return Json::parse(R"({"format": "ranvier-mapping", "version": 1, "slices": [
    {"population": "a", "first": 0, "count": 3, "chip": 1, "core": 5},
    {"population": "b", "first": 0, "count": 5, "chip": 0, "core": 7},
    {"population": "a", "first": 3, "count": 7, "chip": 0, "core": 7}]})");
}

static Error failure(const Json &json, const hw::CoreLimits &limits = {}) {
  auto mapping = parseMapping(twoPopulations(), tinyChip(limits), json.dump(), "MAP.json");
  REQUIRE(!mapping);
  CHECK(mapping.error().file == "MAP.json");
  return mapping.error();
}

TEST_CASE("a mapping file is honoured exactly and prints back") {
  const Network network = twoPopulations();
  auto mapping = parseMapping(network, tinyChip({}), good().dump(), "MAP.json");
  REQUIRE_MESSAGE(bool(mapping), (mapping ? "" : mapping.error().str()));
  REQUIRE(mapping->cores.size() == 2);
  CHECK(mapping->cores[0].chip == 0);
  CHECK(mapping->cores[0].core == 7);
  CHECK(mapping->cores[0].slices == std::vector<Slice>{{2, 0, 5}, {1, 3, 7}});
  CHECK(mapping->cores[1].chip == 1);
  CHECK(mapping->cores[1].core == 5);
  CHECK(mapping->cores[1].slices == std::vector<Slice>{{1, 0, 3}});
  auto again = parseMapping(network, tinyChip({}), printMapping(network, *mapping), "MAP.json");
  REQUIRE(bool(again));
  CHECK(printMapping(network, *again) == printMapping(network, *mapping));
}

TEST_CASE("every wrong value is located") {
  Json json = good();
  json["slices"][1]["population"] = "c";
  CHECK(failure(json).place == "slices[1].population");
  json["slices"][1]["population"] = "in";
  CHECK(failure(json).code == 6027);
  json["slices"][1]["population"] = 5;
  CHECK(failure(json).code == 6027);
  for (const auto &[key, value] : std::vector<std::pair<const char *, Json>>{{"first", -1},
                                                                             {"first", 5},
                                                                             {"first", 1.5},
                                                                             {"count", 0},
                                                                             {"count", 6},
                                                                             {"chip", 4},
                                                                             {"core", 8},
                                                                             {"core", "x"},
                                                                             {"count", uint64_t(1) << 40}}) {
    json = good();
    json["slices"][1][key] = value;
    CHECK(failure(json).place == std::string("slices[1].") + key);
  }
  json = good();
  json["slices"][2]["extra"] = 1;
  CHECK(failure(json).found == "\"extra\"");
  json = good();
  json["slices"][0].erase("core");
  CHECK(failure(json).expected == "'core'");
  json = good();
  json["version"] = 2;
  CHECK(failure(json).place == "version");
  json = good();
  json["format"] = "other";
  CHECK(failure(json).place == "format");
  json = good();
  json["slices"] = 3;
  CHECK(failure(json).place == "slices");
  CHECK(failure(Json::array()).code == 6027);
  CHECK(parseMapping(twoPopulations(), tinyChip({}), "{\"format\"", "MAP.json").error().code == 9005);
  CHECK(!parseMapping(twoPopulations(), tinyChip({}), std::string(100000, '['), "MAP.json"));
}

TEST_CASE("gaps, overlaps and limits are errors") {
  Json json = good();
  json["slices"][0]["count"] = 2;
  CHECK(failure(json).code == 6020);
  json["slices"][0]["count"] = 4;
  CHECK(failure(json).code == 6021);
  json = good();
  json["slices"].erase(1);
  CHECK(failure(json).code == 6020);
  const Error error = failure(good(), {.neurons = 11});
  CHECK(error.code == 6025);
  CHECK(error.kind == ErrorKind::DoesNotFit);
  CHECK(error.expected == "at most 11");
  CHECK(error.found == "12");
  CHECK(bool(parseMapping(twoPopulations(), tinyChip({.neurons = 12}), good().dump(), "MAP.json")));
}

TEST_CASE("mappings made by hand: places, levels, order, accumulators") {
  Network network = twoPopulations();
  const hw::Chip chip = tinyChip({});
  const auto code = [&](const Mapping &mapping) {
    auto checked = checkMapping(network, chip, mapping);
    return checked ? 0u : checked.error().code;
  };
  const Mapping fine{{{0, 0, 0, {{1, 0, 10}}}, {0, 1, 0, {{2, 0, 5}}}}};
  CHECK(code(fine) == 0);
  Mapping bad = fine;
  bad.cores[1].core = 0;
  CHECK(code(bad) == 6023);
  bad = fine;
  bad.cores[1].chip = 4;
  CHECK(code(bad) == 6022);
  bad = fine;
  bad.cores[1].level = 1;
  CHECK(code(bad) == 6024);
  bad = fine;
  std::swap(bad.cores[0], bad.cores[1]);
  CHECK(code(bad) == 6026);
  bad = fine;
  bad.cores[0].slices[0].population = 0;
  CHECK(code(bad) == 6026);
  bad = fine;
  bad.cores[0].slices[0].count = 11;
  CHECK(code(bad) == 6026);
  addPopulation(network, "large", 32768, 0);
  bad = fine;
  bad.cores.push_back({0, 2, 0, {{3, 0, 32768}}});
  CHECK(code(bad) == 0);
  bad.cores[1].slices.push_back({3, 32767, 1});
  bad.cores[2].slices[0].count = 32767;
  CHECK(code(bad) == 0);
  bad = fine;
  bad.cores[1].slices.push_back({3, 0, 32768});
  CHECK(code(bad) == 6015); // Two inputs each: 65536 + 10.
}
