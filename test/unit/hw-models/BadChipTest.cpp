// Wrong chip descriptions: each names its file, line and key; hostile ones are refused and never crash.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/HwModels/Chip.h"
#include "ranvier/Support/File.h"
#include "ranvier/Support/Random.h"
#include <algorithm>
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::hw;

/// Valid, with the keys that the cases below replace on known lines.
static const char *const base = "format: ranvier-chip\n"                                             // 1
                                "version: 1\n"                                                       // 2
                                "name: t\n"                                                          // 3
                                "arithmetic: {profile: int, programmable: true}\n"                   // 4
                                "delays: {source: s, status: defined, min_steps: 1, max_steps: 9}\n" // 5
                                "weights: {source: s, status: defined, min_bits: 1}\n"               // 6
                                "core: {neurons: {value: 5, source: s, status: published}}\n"        // 7
                                "topology: {source: s, status: defined, kind: mesh, tiles_x: 2}\n"   // 8
                                "costs:\n"                                                           // 9
                                "  - name: a\n"                                                      // 10
                                "    source: s\n"                                                    // 11
                                "    status: fitted\n"                                               // 12
                                "    events: {axon_in: {energy_pj: 1, time_ns: 2}}\n"                // 13
                                "    barrier: {times_ns: {1: 2, 4: 3}}\n"                            // 14
                                "    static_power: {watts_per_chip: 1}\n";                           // 15

static std::string edited(const std::string &from, const std::string &to) {
  std::string text = base;
  const size_t at = text.find(from);
  REQUIRE_MESSAGE(at != std::string::npos, from);
  return text.replace(at, from.size(), to);
}

TEST_CASE("the base description is right") {
  auto chip = parseChip(base, "t.yaml");
  REQUIRE_MESSAGE(chip, (chip ? std::string() : chip.error().str()));
  CHECK(chip->core.neurons == 5);
  CHECK((chip->costs[0].events.at("axon_in").provenance == Provenance::Fitted));
}

/// The base with times in cycles: events without times on line 13, the cycles on line 14, trees on line 8.
static std::string clocked(const std::string &from = "", const std::string &to = "") {
  std::string text = base;
  const auto change = [&](const std::string &old, const std::string &with) {
    const size_t at = text.find(old);
    REQUIRE_MESSAGE(at != std::string::npos, old);
    text.replace(at, old.size(), with);
  };
  change("energy_pj: 1, time_ns: 2", "energy_pj: 1");
  std::string cycles = "    cycles: {clock_ns: 10";
  for (const CycleModel::Key &key : CycleModel::keys)
    cycles += std::string(", ") + key.name + ": 7";
  change("    barrier: {times_ns: {1: 2, 4: 3}}", cycles + "}");
  change("tiles_x: 2}", "tiles_x: 2, multicast_trees: true}");
  if (!from.empty())
    change(from, to);
  return text;
}

TEST_CASE("cycles are all there, in place of other times, on the chip that they describe") {
  auto chip = parseChip(clocked(), "t.yaml");
  REQUIRE_MESSAGE(chip, (chip ? std::string() : chip.error().str()));
  REQUIRE(chip->costs[0].cycles);
  CHECK(chip->costs[0].cycles->clockPicoseconds == 10000);
  for (const CycleModel::Entry &entry : chip->costs[0].cycles->numbers)
    CHECK(entry == CycleModel::Entry{7, "s", Provenance::Fitted});
  auto again = parseChip(resolvedText(*chip), "t.yaml");
  REQUIRE_MESSAGE(again, (again ? std::string() : again.error().str()));
  CHECK(*again == *chip);
  const struct {
    const char *from, *to;
    unsigned code;
    const char *line, *key;
  } cases[] = {
      {"lanes: 7", "lane: 7", 2005, "line 14", "costs[0].cycles.lane"},
      {", lanes: 7", "", 2007, "line 14", "costs[0].cycles.lanes"},
      {"clock_ns: 10, ", "", 2007, "line 14", "costs[0].cycles.clock_ns"},
      {"lanes: 7", "lanes: many", 2008, "line 14", "costs[0].cycles.lanes"},
      {"lanes: 7", "lanes: unlimited", 2008, "line 14", "costs[0].cycles.lanes"},
      {"lanes: 7", "lanes: 0", 2009, "line 14", "costs[0].cycles.lanes"},
      {"hop: 7", "hop: 0", 2009, "line 14", "costs[0].cycles.hop"},
      {"row: 7", "row: 1000001", 2009, "line 14", "costs[0].cycles.row"},
      {"clock_ns: 10", "clock_ns: 0", 2009, "line 14", "costs[0].cycles.clock_ns"},
      {"row: 7", "row: {value: 7, source: \" \"}", 2010, "line 14", "costs[0].cycles.row.source"},
      {"energy_pj: 1", "energy_pj: 1, time_ns: 2", 2011, "line 13", "costs[0].events.axon_in.time_ns"},
      {"    static_power", "    barrier: {times_ns: {1: 2}}\n    static_power", 2011, "line 15", "costs[0].barrier"},
      {"kind: mesh", "kind: torus", 2011, "line 14", "costs[0].cycles"},
      {"multicast_trees: true", "multicast_trees: false", 2011, "line 14", "costs[0].cycles"},
      {"tiles_x: 2", "cores_per_tile: 2", 2011, "line 14", "costs[0].cycles"},
      {"tiles_x: 2", "max_chips: 2", 2011, "line 14", "costs[0].cycles"},
      {"profile: int", "profile: f32", 2011, "line 14", "costs[0].cycles"},
      {"programmable: true}", "programmable: true}\nstorage: {procedural: true}", 2011, "line 15", "costs[0].cycles"},
  };
  for (const auto &each : cases) {
    auto wrong = parseChip(clocked(each.from, each.to), "t.yaml");
    REQUIRE_MESSAGE(!wrong, each.to);
    CHECK_MESSAGE(wrong.error().code == each.code, wrong.error().str());
    CHECK_MESSAGE(wrong.error().place.starts_with(each.line), wrong.error().str());
    CHECK_MESSAGE(wrong.error().place.find(each.key) != std::string::npos, wrong.error().str());
  }
}

TEST_CASE("cycles are rewritten in place") {
  std::string cycles = "    cycles: # all of them\n      # by hand\n      clock_ns: {value: 10, source: x, status: defined}\n";
  for (const CycleModel::Key &key : CycleModel::keys)
    cycles += std::string("      ") + key.name + ": 7   # before\n";
  const std::string at = "    cycles: {clock_ns: 10";
  std::string text = clocked();
  const size_t from = text.find(at);
  text.replace(from, text.find('\n', from) + 1 - from, cycles);
  CycleModel other;
  for (unsigned n = 0; n < CycleModel::NumNumbers; ++n)
    other.numbers[n].value = 100 + n;
  auto edited = withCycles(text, "t.yaml", other, "measured", Provenance::Published);
  REQUIRE_MESSAGE(edited, (edited ? std::string() : edited.error().str()));
  auto chip = parseChip(*edited, "t.yaml");
  REQUIRE(chip);
  for (unsigned n = 0; n < CycleModel::NumNumbers; ++n)
    CHECK(chip->costs[0].cycles->numbers[n] == CycleModel::Entry{100 + n, "measured", Provenance::Published});
  CHECK(chip->costs[0].cycles->clockSource == "x");
  CHECK(edited->find("      lanes: 104   # before\n") != std::string::npos);
  CHECK(edited->find("    cycles: # all of them\n      # by hand\n") != std::string::npos);
  // Once more, over what stands there now.
  other.numbers[CycleModel::Row].value = 5;
  auto twice = withCycles(*edited, "t.yaml", other, "again", Provenance::Fitted);
  REQUIRE(twice);
  CHECK(std::count(twice->begin(), twice->end(), '\n') == std::count(edited->begin(), edited->end(), '\n'));
  CHECK(twice->find("measured") == std::string::npos);
  // Not where several stand on a line, and not where there are none.
  for (const std::string &wrong : {clocked(), std::string(base)}) {
    auto refused = withCycles(wrong, "t.yaml", other, "s", Provenance::Fitted);
    REQUIRE(!refused);
    CHECK(refused.error().code == 2019);
  }
}

TEST_CASE("each mistake is named with its line and key") {
  const struct {
    const char *from, *to;
    unsigned code;
    const char *line, *key;
  } cases[] = {
      // Syntax and bounds
      {"name: t", "name: [t", 2001, "line ", ""},
      {"name: t", "name: \x01t", 2001, "line 3", ""},
      {"name: t", "name: &a t", 2004, "line 3", ""},
      {"name: t", "name: &a t\ndescription: *a", 2004, "line 3", ""},
      {"name: t", "name: !!str t", 2004, "line 3", ""},
      {"name: t", "name: [[[[[[[[[[[[[[t]]]]]]]]]]]]]]", 2004, "line 3", ""},
      {"name: t", "? [a]\n: t", 2004, "line 3", ""},
      {"name: t", "name: t\n---\nname: t", 2004, "whole file", ""},
      {"weights: {", "weights: &a {", 2004, "line 6", ""},
      // Keys
      {"name: t", "name: t\nnaem: t", 2005, "line 4", "naem"},
      {"programmable: true", "programable: true", 2005, "line 4", "arithmetic.programable"},
      {"{neurons:", "{nerons:", 2005, "line 7", "core.nerons"},
      {"{value: 5,", "{value: 5, unit: n,", 2005, "line 7", "core.neurons.unit"},
      {"axon_in:", "axon_inn:", 2005, "line 13", "costs[0].events.axon_inn"},
      {"energy_pj: 1", "energy_nj: 1", 2005, "line 13", "costs[0].events.axon_in.energy_nj"},
      {"{times_ns:", "{interpolat: true, times_ns:", 2005, "line 14", "costs[0].barrier.interpolat"},
      {"watts_per_chip: 1", "watts: 1", 2005, "line 15", "costs[0].static_power.watts"},
      {"    status: fitted", "    status: fitted\n    volts: 1", 2005, "line 13", "costs[0].volts"},
      {"version: 1", "version: 1\nversion: 1", 2006, "line 3", "version"},
      {"min_steps: 1", "min_steps: 1, min_steps: 1", 2006, "line 5", "min_steps"},
      {"format: ranvier-chip\n", "", 2007, "line 1", "format"},
      {"name: t\n", "", 2007, "line 1", "name"},
      {"profile: int, ", "", 2007, "line 4", "arithmetic.profile"},
      {"kind: mesh, ", "", 2007, "line 8", "topology.kind"},
      {", max_steps: 9", "", 2007, "line 5", "delays.max_steps"},
      {"value: 5, ", "", 2007, "line 7", "core.neurons.value"},
      {"  - name: a\n    source", "  - source", 2007, "line 10", "costs[0].name"},
      {"programmable: true}", "programmable: true}\nnative: {source: s, status: defined}", 2007, "line 5", "native.form"},
      // Types
      {"programmable: true", "programmable: yes", 2008, "line 4", "arithmetic.programmable"},
      {"programmable: true", "programmable: \"true\"", 2008, "line 4", "arithmetic.programmable"},
      {"value: 5", "value: five", 2008, "line 7", "core.neurons"},
      {"value: 5", "value: \"5\"", 2008, "line 7", "core.neurons"},
      {"value: 5", "value: 5.5", 2008, "line 7", "core.neurons"},
      {"value: 5", "value: 0x5", 2008, "line 7", "core.neurons"},
      {"value: 5", "value: [5]", 2008, "line 7", "core.neurons"},
      {"value: 5", "value:", 2008, "line 7", "core.neurons"},
      {"max_steps: 9", "max_steps: unlimited", 2008, "line 5", "delays.max_steps"},
      {"energy_pj: 1", "energy_pj: .nan", 2008, "line 13", "costs[0].events.axon_in.energy_pj"},
      {"energy_pj: 1", "energy_pj: nan", 2008, "line 13", "costs[0].events.axon_in.energy_pj"},
      {"energy_pj: 1", "energy_pj: inf", 2008, "line 13", "costs[0].events.axon_in.energy_pj"},
      {"energy_pj: 1", "energy_pj: {}", 2008, "line 13", "costs[0].events.axon_in.energy_pj"},
      {"name: t", "name: t\nunsupported: learning", 2008, "line 4", "unsupported"},
      {"name: t", "name: [t]", 2008, "line 3", "name"},
      {"arithmetic: {profile: int, programmable: true}", "arithmetic: int", 2008, "line 4", "arithmetic"},
      {"{times_ns: {1: 2, 4: 3}}", "{times_ns: 3}", 2008, "line 14", "costs[0].barrier.times_ns"},
      {"{1: 2,", "{one: 2,", 2008, "line 14", "costs[0].barrier.times_ns"},
      // Ranges
      {"version: 1", "version: 2", 2009, "line 2", "version"},
      {"value: 5", "value: 0", 2009, "line 7", "core.neurons"},
      {"value: 5", "value: -5", 2009, "line 7", "core.neurons"},
      {"value: 5", "value: 65537", 2009, "line 7", "core.neurons"},
      {"value: 5", "value: 99999999999999999999999999", 2009, "line 7", "core.neurons"},
      {"max_steps: 9", "max_steps: 65536", 2009, "line 5", "delays.max_steps"},
      {"min_bits: 1", "min_bits: 32", 2009, "line 6", "weights.min_bits"},
      {"programmable: true}", "programmable: true, source: s, status: defined, fraction_bits: 25}", 2009, "line 4",
       "arithmetic.fraction_bits"},
      {"programmable: true}", "programmable: true}\nnative: {form: cuba_lif, source: s, status: defined, state_bits: 32}", 2009,
       "line 5", "native.state_bits"},
      {"tiles_x: 2", "tiles_x: 0", 2009, "line 8", "topology.tiles_x"},
      {"tiles_x: 2", "tiles_x: 2, input_neurons: 0", 2009, "line 8", "topology.input_neurons"},
      {"{neurons:", "{states: {value: 33, source: s, status: defined}, neurons:", 2009, "line 7", "core.states"},
      {"{neurons:", "{params: {value: 33, source: s, status: defined}, neurons:", 2009, "line 7", "core.params"},
      {"{neurons:", "{inputs: {value: 0, source: s, status: defined}, neurons:", 2009, "line 7", "core.inputs"},
      {"{neurons:", "{table_words: {value: 0, source: s, status: defined}, neurons:", 2009, "line 7", "core.table_words"},
      {"programmable: true}", "programmable: true}\nstorage: {source: s, status: defined, synapse_bits: 1025}", 2009, "line 5",
       "storage.synapse_bits"},
      {"energy_pj: 1", "energy_pj: -1", 2009, "line 13", "costs[0].events.axon_in.energy_pj"},
      {"energy_pj: 1", "energy_pj: 1e400", 2009, "line 13", "costs[0].events.axon_in.energy_pj"},
      {"time_ns: 2", "time_ns: 0.0001", 2009, "line 13", "costs[0].events.axon_in.time_ns"},
      {"time_ns: 2", "time_ns: 1e30", 2009, "line 13", "costs[0].events.axon_in.time_ns"},
      {"{1: 2,", "{0: 2,", 2009, "line 14", "costs[0].barrier.times_ns"},
      {"name: t", "name: \"\"", 2009, "line 3", "name"},
      // Sources
      {"source: s, status: defined, min_steps", "status: defined, min_steps", 2010, "line 5", "delays.min_steps"},
      {"source: s, status: defined, min_steps", "source: s, min_steps", 2010, "line 5", "delays.min_steps"},
      {"source: s, status: published", "source: s", 2010, "line 7", "core.neurons"},
      {"source: s, status: published", "source: \" \", status: published", 2010, "line 7", "core.neurons.source"},
      {"    source: s\n", "", 2010, "line 12", "costs[0].events.axon_in"},
      {"    status: fitted\n", "", 2010, "line 12", "costs[0].events.axon_in"},
      {"source: s\n    status: fitted\n    events: {axon_in: {energy_pj: 1, time_ns: 2}}\n", "description: d\n", 2010, "line 12",
       "costs[0].barrier"},
      // Contradictions
      {"kind: mesh, tiles_x: 2", "kind: none, multicast_trees: true", 2011, "line 8", "topology.multicast_trees"},
      {"min_steps: 1", "min_steps: 10", 2011, "line 5", "delays.max_steps"},
      {"min_steps: 1", "min_steps: 0", 2011, "line 5", "delays.min_steps"},
      {"min_bits: 1", "min_bits: 9", 2011, "line 6", "weights.max_bits"},
      {"min_bits: 1", "min_exponent: 1", 2011, "line 6", "weights.max_exponent"},
      {"programmable: true", "programmable: false", 2011, "line 4", "arithmetic.programmable"},
      {"programmable: true}", "programmable: false, forbidden_ops: [add]}\nnative: {form: cuba_lif}", 2011, "line 4",
       "arithmetic.forbidden_ops"},
      {"profile: int,", "profile: f32, source: s, status: defined, state_bits: 24,", 2011, "line 4", "arithmetic.state_bits"},
      {"profile: int, programmable: true}", "profile: f32, programmable: true}\nnative: {form: cuba_lif}", 2011, "line 5",
       "native.form"},
      {"programmable: true}", "programmable: true}\nnative: {form: cuba_lif, source: s, status: defined, threshold_shift: 15}",
       2011, "line 5", "native.threshold_shift"},
      {"programmable: true}",
       "programmable: true}\nnative: {form: cuba_lif, source: s, status: defined, current_decay_offset: 4097}", 2011, "line 5",
       "native.current_decay_offset"},
      {"programmable: true}", "programmable: true, source: s, status: defined, fraction_bits: 15, state_bits: 24}", 2011, "line 4",
       "arithmetic.fraction_bits"},
      {"programmable: true}",
       "programmable: true, source: s, status: defined, fraction_bits: 15}\nnative: {form: cuba_lif, source: s, status: defined}",
       2011, "line 4", "arithmetic.fraction_bits"},
      {"programmable: true}", "programmable: true}\nring_buffers: {source: s, status: defined, bits: 16}", 2011, "line 5",
       "ring_buffers.bits"},
      {"programmable: true}",
       "programmable: true, source: s, status: defined, fraction_bits: 15}\nring_buffers: {source: s, status: defined, bits: 16}",
       2011, "line 5", "ring_buffers.bits"}, // weights have 8
      {"programmable: true}",
       "programmable: true, source: s, status: defined, fraction_bits: 15}\nring_buffers: {source: s, status: defined, bits: 8}",
       2011, "line 7", "weights.max_exponent"},
      {"programmable: true}",
       "programmable: true, graded_spikes: true, source: s, status: defined, fraction_bits: 15}\nring_buffers: {source: s, status: "
       "defined, bits: 8}",
       2011, "line 4", "arithmetic.graded_spikes"},
      {"programmable: true}", "programmable: true}\nplasticity: {learns: true, source: s, status: defined, post_history: 16}", 2011,
       "line 5", "plasticity.learns"}, // weights with exponents and no binary point
      {"programmable: true}",
       "programmable: true, source: s, status: defined, fraction_bits: 15}\nplasticity: {learns: true, source: s, status: defined}",
       2011, "line 5", "plasticity.post_history"}, // unlimited
      {"programmable: true}",
       "programmable: true, source: s, status: defined, fraction_bits: 15}\nplasticity: {learns: true, source: s, status: defined, "
       "post_history: 1}",
       2011, "line 5", "plasticity.post_history"},
      {"programmable: true}",
       "programmable: true, source: s, status: defined, fraction_bits: 15}\nplasticity: {learns: true, source: s, status: defined, "
       "post_history: 16, trace_bits: 11}",
       2011, "line 5", "plasticity.trace_fraction_bits"},
      {"tiles_x: 2", "tiles_x: 65536, tiles_y: 65536", 2011, "line 8", "topology.tiles_x"},
      {"programmable: true}", "programmable: true}\nstorage: {source: s, status: defined, tag_bits: 1, synapse_bits: 40}", 2011,
       "line 5", "storage.synapse_bits"},
      {"min_bits: 1}", "shared_kernels: true}\nstorage: {source: s, status: defined, synapse_bits: 40}", 2011, "line 7",
       "storage.synapse_bits"},
      {"min_bits: 1}", "max_bits: 10}\nstorage: {source: s, status: defined, synapse_bits: 32}", 2011, "line 7",
       "storage.synapse_bits"},
      {"max_steps: 9}", "max_steps: 64}\nstorage: {source: s, status: defined, synapse_bits: 32}", 2011, "line 6",
       "storage.synapse_bits"},
      {"profile: int, programmable: true}",
       "profile: f32, programmable: true}\nstorage: {source: s, status: defined, synapse_bits: 32}", 2011, "line 5",
       "storage.synapse_bits"},
      {"    static_power: {watts_per_chip: 1}\n", "  - name: a\n", 2011, "line 15", "costs[1].name"},
      {"{1: 2, 4: 3}", "{1: 2, 01: 3}", 2011, "line 14", "costs[0].barrier.times_ns"},
      // Words
      {"format: ranvier-chip", "format: other", 2012, "line 1", "format"},
      {"profile: int", "profile: int8", 2012, "line 4", "arithmetic.profile"},
      {"kind: mesh", "kind: ring", 2012, "line 8", "topology.kind"},
      {"status: published", "status: certain", 2012, "line 7", "core.neurons.status"},
      {"programmable: true", "programmable: true, forbidden_ops: [add, addd]", 2012, "line 4", "arithmetic.forbidden_ops"},
      {"programmable: true}", "programmable: true}\nnative: {form: izhikevich}", 2012, "line 5", "native.form"},
  };
  for (const auto &c : cases) {
    auto chip = parseChip(edited(c.from, c.to), "t.yaml");
    REQUIRE_MESSAGE(!chip, c.to);
    const Error &error = chip.error();
    CHECK_MESSAGE(error.code == c.code, std::string(c.to) << "\n" << error.str());
    CHECK(error.file == "t.yaml");
    CHECK_MESSAGE(error.place.find(c.line) == 0, std::string(c.to) << "\n" << error.str());
    CHECK_MESSAGE((!*c.key || error.place.find(std::string("key '") + c.key + "'") != std::string::npos), std::string(c.to)
                                                                                                              << "\n"
                                                                                                              << error.str());
    CHECK(!error.message.empty());
  }
}

TEST_CASE("hostile YAML is refused") {
  std::string bomb = "a: &a [x, x]\n";
  for (char c = 'b'; c < 'z'; ++c)
    bomb += std::string(1, c) + ": &" + c + " [*" + char(c - 1) + ", *" + char(c - 1) + "]\n";
  std::string many = "unsupported: [";
  for (int i = 0; i < 120000; ++i)
    many += "a,";
  std::string keys;
  for (int i = 0; i < 5000; ++i)
    keys += "k" + std::to_string(i) + ": 1\n";
  const struct {
    std::string text;
    unsigned code;
  } cases[] = {{bomb, 2004},
               {std::string(100000, '['), 2004},
               {std::string(100000, '{'), 2004},
               {std::string(3000, '-') + " a", 2008},
               {many + "]", 2004},
               {keys, 2004},
               {std::string(2 << 20, 'a'), 2004},
               {"format: ranvier-chip\n---\nformat: ranvier-chip\n", 2004},
               {"", 2008},
               {"\n\n", 2008},
               {"%YAML 9.9\n---\na: b\n", 2001},
               {std::string("a: \0b", 5), 2001},
               {"\xFF\xFE", 2001},
               {"\x7F"
                "ELF",
                2001},
               {"just text", 2008}};
  for (const auto &c : cases) {
    auto chip = parseChip(c.text, "h.yaml");
    REQUIRE(!chip);
    CHECK_MESSAGE((chip.error().code == c.code || (c.code == 2004 && chip.error().code == 2001)), c.text.substr(0, 40)
                                                                                                      << "\n"
                                                                                                      << chip.error().str());
  }
  std::string deep = "a:\n";
  for (int i = 1; i < 400; ++i)
    deep += std::string(static_cast<size_t>(i), ' ') + "a:\n";
  CHECK(parseChip(deep, "h.yaml").error().code == 2004);
}

TEST_CASE("mutated descriptions never crash, and what is accepted prints and reads back") {
  const std::string chips[] = {*readFile(RANVIER_TEST_INPUTS "/chips/tiny.yaml"), base};
  const char *snippets[] = {"[", "]",  "{", "}", ":",     "- ", "&a ",  "*a", "!",  "|",    ">",         "'", "\"",  "#",
                            "%", "\n", " ", "?", "1e999", "-1", "null", "~",  "\t", "\xC3", "unlimited", ",", "---", "..."};
  unsigned accepted = 0;
  for (uint32_t i = 0; i < 3000; ++i) {
    std::string text = chips[i % 2];
    for (uint32_t edit = 0; edit <= randomWord(1, i, 0, 0) % 3; ++edit) {
      const size_t at = randomWord(2, i, edit, 0) % text.size();
      const uint32_t what = randomWord(3, i, edit, 0);
      if (what % 4 == 0)
        text[at] = static_cast<char>(what >> 8);
      else if (what % 4 == 1)
        text.erase(at, 1 + (what >> 8) % 20);
      else
        text.insert(at, snippets[(what >> 8) % std::size(snippets)]);
      if (text.empty())
        text = " ";
    }
    auto chip = parseChip(text, "m.yaml");
    if (!chip) {
      CHECK(chip.error().code >= 2001);
      CHECK(chip.error().code <= 2012);
      continue;
    }
    ++accepted;
    auto again = parseChip(resolvedText(*chip), "m.yaml");
    REQUIRE_MESSAGE(again, text << "\n" << again.error().str());
    CHECK_MESSAGE(*again == *chip, text);
  }
  CHECK(accepted > 100);
}
