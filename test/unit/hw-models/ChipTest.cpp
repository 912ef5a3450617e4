// Checks of hw-models/: the shipped chips against their sources, storage by hand, round trips, the list of keys against its page.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/HwModels/Chip.h"
#include "ranvier/Support/File.h"
#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <tuple>

using namespace ranvier;
using namespace ranvier::hw;

static Chip load(const std::string &nameOrPath) {
  auto chip = findChip(nameOrPath);
  REQUIRE_MESSAGE(chip, (chip ? std::string() : chip.error().str()));
  return *chip;
}
static std::string tinyPath() { return RANVIER_TEST_INPUTS "/chips/tiny.yaml"; }

TEST_CASE("the shipped chips are listed by name") {
  std::vector<std::string> names;
  for (const auto &[name, path] : listChips()) {
    names.push_back(name);
    CHECK(load(name).name == name);
    CHECK(load(name).path == path);
  }
  CHECK(std::is_sorted(names.begin(), names.end()));
  for (const char *name : {"loihi1", "loihi2", "ranvier-n1", "reference", "spinnaker1", "spinnaker2"})
    CHECK(std::count(names.begin(), names.end(), name) == 1);
}

TEST_CASE("every number of every chip has a source and a status") {
  for (const auto &[name, path] : listChips()) {
    const Chip chip = load(name);
    CHECK(chip.sources.size() > 20);
    for (const auto &[key, source] : chip.sources) {
      CHECK_MESSAGE(!source.empty(), name << " " << key);
      CHECK(chip.statuses.count(key) == 1);
    }
    for (const CostProfile &profile : chip.costs) {
      for (const auto &[event, cost] : profile.events) {
        CHECK(std::count(costEvents.begin(), costEvents.end(), event) == 1);
        CHECK_MESSAGE(!cost.source.empty(), name << " " << event);
        CHECK((cost.provenance == Provenance::Unknown) == (!cost.joules && !cost.picoseconds));
      }
      CHECK(profile.barrierPicoseconds.empty() == profile.barrierSource.empty());
    }
  }
}

TEST_CASE("spinnaker1 computes in s16.15 with ring buffers of 16 bits") {
  const Chip chip = load("spinnaker1");
  CHECK(chip.coresModelled);
  CHECK(chip.fractionBits == 15);
  CHECK(chip.ringBuffers == RingBuffers{.bits = 16, .spikesPerSecond = 30, .sigma = 5});
  CHECK(chip.core.neurons == 256);
  CHECK(chip.maxDelay == 144);
  // A synapse takes a word, whatever its fields.
  CHECK(chip.storage.bits(5, 17, 4, 8) == 5 * 32);
  CHECK(chip.storage.bits(5, 17, 0, 0) == 5 * 32);
  CHECK((chip.topology == Topology::TriangularTorus));
  CHECK(chip.coresPerTile == 17);
  CHECK(chip.router == Router{.tableEntries = 1023, .keyBits = 32, .defaultRoutes = true});
  CHECK(bool(findTarget("spinnaker1")));
  CHECK(bool(findTarget("loihi1")));
  CHECK(load("loihi1").router == Router{});
}

TEST_CASE("spinnaker2 has what is published, and says what is not") {
  const Chip chip = load("spinnaker2");
  CHECK_FALSE(chip.coresModelled);
  CHECK((chip.profile == isa::Profile::F32));
  CHECK(chip.coresPerTile == 152);
  CHECK(chip.router == Router{.tableEntries = 16384, .keyBits = 32, .defaultRoutes = true});
  auto target = findTarget("spinnaker2");
  REQUIRE(!target);
  CHECK(target.error().code == 2013);
  CHECK((target.error().kind == ErrorKind::DoesNotFit));
}

TEST_CASE("reference is binary32 without limits") {
  const Chip chip = load("reference");
  CHECK((chip.profile == isa::Profile::F32));
  CHECK(chip.programmable);
  CHECK(chip.gradedSpikes);
  CHECK(chip.minDelay == 0);
  CHECK(chip.maxDelay == 65535);
  CHECK((chip.topology == Topology::None));
  CHECK(chip.core.neurons * isa::maxSlots <= 65536);
  CHECK(chip.core.synapticMemoryBits == 0);
  CHECK(chip.storage.bits(1000, 8, 6, 10) == 0);
  CHECK(!chip.nativeCuba);
  CHECK(chip.findCosts("") == nullptr);
}

TEST_CASE("ranvier-n1 is what docs/rtl/architecture.md says") {
  const Chip chip = load("ranvier-n1");
  CHECK((chip.profile == isa::Profile::Int));
  CHECK(chip.programmable);
  CHECK(chip.forbiddenOps.empty());
  CHECK(chip.gradedSpikes);
  CHECK((chip.topology == Topology::Mesh));
  CHECK(chip.tilesX == 4);
  CHECK(chip.tilesY == 4);
  CHECK(chip.coresPerChip() == 16);
  CHECK(chip.liveCores() == 16);
  CHECK(chip.multicastTrees);
  CHECK(chip.linkBuffer == 4);
  CHECK(chip.inputNeurons == 4096);
  CHECK(chip.minDelay == 1);
  CHECK(chip.maxDelay == 15);
  CHECK(chip.core == CoreLimits{.neurons = 256,
                                .synapticMemoryBits = 16384 * 32,
                                .programWords = 512,
                                .tableWords = 1024,
                                .states = 8,
                                .params = 16,
                                .inputs = 2});
  CHECK(chip.weights == Weights{.minBits = 1, .maxBits = 9, .minExponent = 0, .maxExponent = 7, .signModes = false});
  REQUIRE(chip.nativeCuba);
  CHECK(chip.nativeCuba->decayBits == 12);
  CHECK(chip.nativeCuba->currentDecayOffset == 1);
  CHECK(!chip.nativeCuba->currentWraps);
  CHECK(chip.nativeCuba->stateBits == 24);
  // A row of n synapses is n + 1 words of 32 bits, whatever the fields.
  for (const uint64_t n : {1, 2, 256, 65536})
    for (const unsigned bits : {0u, 10u})
      CHECK(chip.storage.bits(n, bits, bits, bits) == 32 * (n + 1));
  for (const auto &[key, status] : chip.statuses)
    CHECK_MESSAGE((status == Provenance::Defined), key);
  for (const auto &[key, source] : chip.sources)
    CHECK_MESSAGE((source.starts_with("rtl/: ") || source == "default of the chip description format"), key);
  REQUIRE(chip.costs.size() == 1);
  for (const auto &[event, cost] : chip.costs[0].events) {
    CHECK_MESSAGE(!cost.joules, event);
    CHECK_MESSAGE(!cost.picoseconds, event);
  }
  // Section 5 of that page: 4 + sum over slices of 5 + 8 * ceil(count / 8) * (inputs + length), or 4 + count.
  REQUIRE(chip.costs[0].cycles);
  const CycleModel &cycles = *chip.costs[0].cycles;
  CHECK((cycles.clockStatus == Provenance::Estimate));
  for (const CycleModel::Entry &entry : cycles.numbers)
    CHECK((entry.status == Provenance::Fitted));
  const std::pair<CycleModel::Number, uint32_t> said[] = {
      {CycleModel::Update, 4},      {CycleModel::Slice, 5},        {CycleModel::Group, 8}, {CycleModel::Lanes, 8},
      {CycleModel::NativeSlice, 4}, {CycleModel::NativeNeuron, 1}, {CycleModel::Hop, 1},   {CycleModel::Packet, 1},
      {CycleModel::Row, 1},         {CycleModel::Synapse, 1}};
  for (const auto &[number, value] : said)
    CHECK_MESSAGE(cycles[number] == value, CycleModel::keys[number].name);
}

TEST_CASE("slots of a neuron: the first limit that a program is beyond") {
  const CoreLimits limits{.states = 8, .params = 16, .inputs = 2};
  CHECK(!limits.slotsBeyond(8, 16, 2));
  CHECK(!CoreLimits{}.slotsBeyond(32, 32, 32));
  const auto excess = limits.slotsBeyond(9, 17, 3);
  REQUIRE(excess);
  CHECK(std::string(excess->what) == "state words");
  CHECK(excess->limit == 8);
  CHECK(excess->found == 9);
  CHECK(std::string(limits.slotsBeyond(8, 17, 3)->what) == "parameter words");
  CHECK(std::string(limits.slotsBeyond(8, 16, 3)->what) == "inputs");
}

TEST_CASE("loihi1 has the published limits and the native form of Lava") {
  const Chip chip = load("loihi1");
  CHECK((chip.profile == isa::Profile::Int));
  CHECK(!chip.programmable);
  CHECK(!chip.gradedSpikes);
  CHECK(chip.coresPerChip() == 128);
  CHECK(chip.tilesX == 8);
  CHECK(chip.tilesY == 4);
  CHECK(chip.maxChips == 16384);
  CHECK(chip.minDelay == 1);
  CHECK(chip.maxDelay == 63);
  CHECK(chip.core == CoreLimits{1024, 1048576, 4096, 4096, 0, 32, 8, 0});
  CHECK(chip.weights.maxBits == 8);
  CHECK(chip.weights.minExponent == -8);
  CHECK(chip.weights.maxExponent == 7);
  REQUIRE(chip.nativeCuba);
  CHECK(chip.nativeCuba->decayBits == 12);
  CHECK(chip.nativeCuba->currentDecayOffset == 1);
  CHECK(chip.nativeCuba->thresholdBits + chip.nativeCuba->thresholdShift == 23);
  CHECK(!chip.multicastTrees);
  CHECK((chip.statuses.at("core.neurons") == Provenance::Published));
  CHECK((chip.statuses.at("topology.tiles_x") == Provenance::Estimate));
}

TEST_CASE("loihi1 keeps the published and the fitted costs apart") {
  const Chip chip = load("loihi1");
  REQUIRE(chip.costs.size() == 2);
  CHECK(chip.findCosts("") == chip.findCosts("published"));
  CHECK(chip.findCosts("none") == nullptr);
  const CostProfile &published = *chip.findCosts("published"), &fitted = *chip.findCosts("fitted");
  CHECK(published.events.at("synapse_event").joules == 23.6e-12);
  CHECK(published.events.at("synapse_event").picoseconds == 3500);
  CHECK(published.events.at("soma_update").joules == 29e-12);
  CHECK(published.events.at("soma_update").picoseconds == 3100);
  CHECK(published.events.at("hop_north_south").joules == 4e-12);
  for (const char *event : {"axon_in", "axon_out", "soma_spike", "chip_hop"})
    CHECK((published.events.at(event).provenance == Provenance::Unknown));
  CHECK(published.barrierPicoseconds == std::map<uint32_t, int64_t>{{1, 113000}, {32, 465000}});
  CHECK(published.interpolateBarrier);
  CHECK(published.staticWattsPerChip == 0.104);
  CHECK(fitted.events.at("soma_access").joules == 51.2e-12);
  CHECK(fitted.events.at("axon_out").joules == 111e-12);
  CHECK(fitted.events.at("axon_in").picoseconds == 16000);
  CHECK(fitted.events.at("axon_in").joules == 0.0);
  CHECK(fitted.events.at("hop_north_south").joules == 4.2e-12);
  CHECK(fitted.barrierPicoseconds == std::map<uint32_t, int64_t>{{1, 600000}, {2, 1000000}, {4, 1400000}, {29, 1800000}});
  CHECK(!fitted.interpolateBarrier);
  CHECK(!fitted.staticWattsPerChip);
  for (const auto &[event, cost] : published.events)
    CHECK((cost.provenance != Provenance::Fitted));
  for (const auto &[event, cost] : fitted.events)
    CHECK((cost.provenance != Provenance::Published));
}

TEST_CASE("loihi2 is programmable, and what is not public is marked unknown") {
  const Chip chip = load("loihi2");
  CHECK(chip.programmable);
  CHECK(chip.nativeCuba);
  CHECK(chip.gradedSpikes);
  CHECK((chip.profile == isa::Profile::Int));
  CHECK(chip.coresPerChip() == 128);
  CHECK(chip.core.neurons == 8192);
  CHECK(chip.core.synapticMemoryBits == 0);
  CHECK((chip.statuses.at("core.synaptic_memory_bits") == Provenance::Unknown));
  CHECK(chip.maxDelay == 64);
  REQUIRE(chip.costs.size() == 1);
  for (const std::string &event : costEvents) // kinds without figures of their own take those of synapse_event
    CHECK(chip.costs[0].events.count(event) ==
          !(event.starts_with("synapse_event_") || event.starts_with("sum") || event.starts_with("crossbar_")));
  for (const auto &[event, cost] : chip.costs[0].events)
    CHECK((cost.provenance == Provenance::Unknown));
}

TEST_CASE("storage bits are those of a calculation by hand") {
  const SynapseStorage storage = load("loihi1").storage;
  CHECK(storage.bits(0, 9, 0, 0) == 0);
  // 1 * (9 + 6 + 10) + 10 = 35, rounded up to 64.
  CHECK(storage.bits(1, 9, 6, 10) == 64);
  // Dense, no delay: 6 * 9 + 10 = 64 exactly; 7 * 9 + 10 = 73.
  CHECK(storage.bits(6, 9, 0, 0) == 64);
  CHECK(storage.bits(7, 9, 0, 0) == 128);
  // A full chunk: 64 * 25 + 10 = 1610, up to 1664; 65 synapses: one chunk more of 64; 200 = 3 chunks and 8 * 25 + 10 = 210, up to
  // 256.
  CHECK(storage.bits(64, 9, 6, 10) == 1664);
  CHECK(storage.bits(65, 9, 6, 10) == 1664 + 64);
  CHECK(storage.bits(200, 9, 6, 10) == 3 * 1664 + 256);
  CHECK(storage.bits(uint64_t(1) << 40, 9, 6, 10) == (uint64_t(1) << 34) * 1664);
}

TEST_CASE("synapses of one size: chunks, headers and words as elsewhere") {
  const SynapseStorage storage{.synapsesPerChunk = 4, .headerBits = 8, .wordBits = 16, .synapseBits = 20};
  CHECK(storage.bits(0, 9, 6, 10) == 0);
  CHECK(storage.bits(1, 9, 6, 10) == 32);            // 28
  CHECK(storage.bits(4, 1, 0, 0) == 96);             // 88
  CHECK(storage.bits(9, 31, 16, 16) == 2 * 96 + 32); // Two full chunks and one synapse.
}

TEST_CASE("the complete text of a chip reads back as the same chip") {
  std::vector<std::string> names{tinyPath()};
  for (const auto &[name, path] : listChips())
    names.push_back(name);
  for (const std::string &name : names) {
    const Chip chip = load(name);
    const std::string text = resolvedText(chip);
    auto again = parseChip(text, chip.path);
    REQUIRE_MESSAGE(again, (again ? std::string() : again.error().str()));
    CHECK(*again == chip);
    CHECK(resolvedText(*again) == text);
  }
  // A chip made in C++, with every kind of character in its texts and numbers that no short decimal has.
  Chip made;
  made.name = "a \"quoted\" name: # \\ \n\x01 \xC3\xA9";
  made.programmable = true;
  made.unsupported = {"- x", "", "null"};
  made.costs.resize(1);
  made.costs[0].name = "n";
  made.costs[0].events["axon_in"] = {123456789, 0.1 + 0.2, Provenance::Estimate, ""};
  auto again = parseChip(resolvedText(made), "");
  REQUIRE_MESSAGE(again, (again ? std::string() : again.error().str()));
  CHECK(again->name == made.name);
  CHECK(again->unsupported == made.unsupported);
  CHECK(again->costs[0].events["axon_in"].joules == 0.1 + 0.2);
  CHECK(again->costs[0].events["axon_in"].picoseconds == 123456789);
  CHECK(again->costs[0].events["axon_in"].source == "not stated");
}

TEST_CASE("energies are rounded once") {
  // 23.6 * 1e-12 in binary is not the nearest double of 23.6e-12.
  for (const char *picojoules : {"23.6", "0.1", "1e3", "111.0", "0.0000123", "5", "1.5E-3"}) {
    const std::string yaml = *readFile(tinyPath());
    const size_t at = yaml.find("energy_pj: 1,");
    auto chip = parseChip(yaml.substr(0, at) + "energy_pj: " + picojoules + yaml.substr(at + 12), "t.yaml");
    REQUIRE(chip);
    std::string joules = picojoules;
    const size_t e = joules.find_first_of("eE");
    const int exponent = e == std::string::npos ? 0 : std::atoi(joules.c_str() + e + 1);
    joules = joules.substr(0, e) + "e" + std::to_string(exponent - 12);
    CHECK(chip->costs[0].events.at("soma_access").joules == std::strtod(joules.c_str(), nullptr));
  }
}

TEST_CASE("a chip is found by name, by path, and under RANVIER_DATA") {
  CHECK(load(tinyPath()).name == "tiny");
  auto absent = findChip("loihi9");
  REQUIRE(!absent);
  CHECK(absent.error().code == 2002);
  CHECK(absent.error().expected.find("loihi1, loihi2, ") != std::string::npos);
  CHECK(findChip("/no/such/chip.yaml").error().code == 9001);

  const auto folder = std::filesystem::temp_directory_path() / "ranvier-hw-models-test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder / "chips");
  std::filesystem::copy(tinyPath(), folder / "chips" / "mine.yaml");
  setenv("RANVIER_DATA", folder.c_str(), 1);
  CHECK(load("mine").name == "tiny");
  CHECK(listChips().size() == 1);
  CHECK(findChip("loihi1").error().code == 2002);
  CHECK(*dataFolder("chips") == (folder / "chips").string());
  auto models = dataFolder("models");
  REQUIRE(!models);
  CHECK(models.error().code == 2003);
  setenv("RANVIER_DATA", "/no/such/folder", 1);
  CHECK(findChip("loihi1").error().code == 2003);
  CHECK(listChips().empty());
  unsetenv("RANVIER_DATA");
  CHECK(std::filesystem::exists(*dataFolder("chips") + "/loihi1.yaml"));
  std::filesystem::remove_all(folder);
}

TEST_CASE("every key is documented") {
  const std::string page = *readFile(RANVIER_SOURCE_DIR "/docs/spec/chip-description.md");
  CHECK(chipKeys().size() > 80);
  for (const std::string &key : chipKeys())
    CHECK_MESSAGE(page.find("`" + key + "`") != std::string::npos, key);
}

/// Why a description is refused once `from` is `to` in it.
static Error refused(std::string text, const std::string &from, const std::string &to) {
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  const auto read = parseChip(text.replace(at, from.size(), to), "changed.yaml");
  REQUIRE(!read);
  return read.error();
}

TEST_CASE("memories in bytes, and what a chip that has them must be") {
  const Chip chip = load("spinnaker1");
  REQUIRE(chip.memories);
  CHECK(chip.memories->dtcmBytes == 65536);
  CHECK(chip.memories->sdramBytes == 123469792);
  CHECK(chip.memories->sdramBase == 0x60000000u);
  CHECK((chip.statuses.at("memories.itcm_code_bytes") == Provenance::Unknown));
  CHECK((chip.statuses.at("memories.direct_bytes") == Provenance::Estimate));
  CHECK(!load("loihi1").memories);
  const std::string text = *readFile(chip.path);
  for (const auto &[from, to, code] : {std::tuple("form: population_table", "form: other", 2012u),
                                       {"  form: population_table\n", "", 2007u},
                                       {"table_entries: {value: 1023", "table_entries: {value: 0", 2011u},
                                       {"multicast_trees: true", "multicast_trees: false", 2011u},
                                       {"cores_per_tile: {value: 17", "cores_per_tile: {value: 26", 2011u},
                                       {"max_chips: {value: 1", "max_chips: {value: 2", 2011u},
                                       {"neurons: {value: 256", "neurons: {value: unlimited", 2011u},
                                       {"key_bits: {value: 32", "key_bits: {value: 31", 2011u},
                                       {"row_words: {value: 256", "row_words: {value: 257", 2009u}}) {
    const std::string what = from;
    CAPTURE(what);
    const Error error = refused(text, what, to);
    CHECK(error.code == code);
    if (code == 2011)
      CHECK(error.place.find("memories") != std::string::npos);
  }
}

TEST_CASE("real time, and what a chip that has it must be") {
  const Chip chip = load("spinnaker1");
  REQUIRE(chip.realTime);
  CHECK(chip.realTime->leastStepNs == 1000000);
  CHECK(chip.realTime->wait == (2 * 480 * 1000000 + 133) / (2 * 133)); // 480 ticks of a router at 133 MHz, to the nearest
  CHECK(chip.realTime->transmitQueue == 16);
  CHECK(chip.realTime->reinjection);
  CHECK(!chip.realTime->dropLate);
  CHECK((chip.statuses.at("real_time.tick_ps") == Provenance::Unknown));
  CHECK((chip.statuses.at("real_time.packet_ps") == Provenance::Estimate));
  CHECK((chip.statuses.at("real_time.poll_ps") == Provenance::Published));
  CHECK(!load("loihi1").realTime);
  const auto again = parseChip(resolvedText(chip), chip.path);
  REQUIRE(again);
  CHECK((again->realTime == chip.realTime));
  const std::string text = *readFile(chip.path);
  for (const auto &[from, to, code] : {std::tuple("form: timer", "form: other", 2012u),
                                       {"  form: timer\n", "", 2007u},
                                       {"packet_ps: {value: 300000", "packet_ps: {value: 0", 2009u},
                                       {"wait_ps: {value: 3609023", "wait_ps: {value: 1000000001", 2009u},
                                       {"spike_buffer: {value: 256", "spike_buffer: {value: 0", 2011u}}) {
    const std::string what = from;
    CAPTURE(what);
    const Error error = refused(text, what, to);
    CHECK(error.code == code);
    CHECK(error.place.find("real_time") != std::string::npos);
  }
}
