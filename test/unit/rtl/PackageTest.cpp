// The SystemVerilog package, and chips and grids that the RTL cannot be.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RtlImages.h"
#include "ranvier/Rtl/Model.h"
#include "ranvier/Support/File.h"
#include <doctest/doctest.h>
#include <filesystem>
#include <functional>

using namespace ranvier;
using namespace ranvier::rtl;

TEST_CASE("the package of two by two nodes is the one written by hand") {
  auto expected = readFile(std::string(RANVIER_TEST_INPUTS) + "/rtl/n1_pkg.sv");
  REQUIRE(bool(expected));
  auto text = n1Package(test::n1Chip(), {2, 2});
  REQUIRE_MESSAGE(bool(text), (text ? "" : text.error().str()));
  CHECK(*text == *expected);
}

TEST_CASE("every number of the package follows the chip and the grid") {
  hw::Chip chip = test::n1Chip();
  chip.core.neurons = 64;
  chip.core.states = 4;
  chip.core.params = 8;
  chip.core.inputs = 1;
  chip.maxDelay = 7;
  chip.core.synapticMemoryBits = 32 * 1024;
  chip.core.programWords = 128;
  chip.core.tableWords = 256;
  chip.inputNeurons = 512;
  chip.linkBuffer = 8;
  chip.nativeCuba->stateBits = 20;
  chip.nativeCuba->biasExponentBits = 2;
  chip.name = "odd\nname";
  auto text = n1Package(chip, {3, 1});
  REQUIRE_MESSAGE(bool(text), (text ? "" : text.error().str()));
  for (const char *line : {"COLUMNS = 3;", "ROWS = 1;", "LINK_BUFFER = 8;", " NEURONS = 64;", " STATES = 4;", " PARAMS = 8;",
                           " INPUTS = 1;", " SLOTS = 8;", " SYNAPSES = 1024;", " PROGRAM = 128;", " TABLE = 256;",
                           " HOST_INPUTS = 512;", "NATIVE_STATE_BITS = 20;", "NATIVE_BIAS_BITS = 16;", "description 'odd_name'"})
    CHECK_MESSAGE(text->find(line) != std::string::npos, line);
  for (const isa::OpcodeInfo &info : isa::opcodeTable) {
    char code[8];
    std::snprintf(code, sizeof code, "8'h%02X", unsigned(info.op));
    CHECK((text->find(code) != std::string::npos) == info.inInt);
  }
}

TEST_CASE("what the RTL cannot be is refused by key") {
  const struct {
    const char *key;
    std::function<void(hw::Chip &)> change;
  } cases[] = {
      {"topology.kind", [](hw::Chip &c) { c.topology = hw::Topology::Torus; }},
      {"crossbar", [](hw::Chip &c) { c.crossbar.emplace(); }},
      {"topology.multicast_trees", [](hw::Chip &c) { c.multicastTrees = false; }},
      {"topology.cores_per_tile", [](hw::Chip &c) { c.coresPerTile = 2; }},
      {"topology.max_chips", [](hw::Chip &c) { c.maxChips = 2; }},
      {"topology.link_buffer", [](hw::Chip &c) { c.linkBuffer = 1; }},
      {"topology.input_neurons", [](hw::Chip &c) { c.inputNeurons = 0; }},
      {"topology.input_neurons", [](hw::Chip &c) { c.inputNeurons = 3000; }},
      {"arithmetic.profile", [](hw::Chip &c) { c.profile = isa::Profile::F32; }},
      {"delays.min_steps", [](hw::Chip &c) { c.minDelay = 0; }},
      {"delays.max_steps", [](hw::Chip &c) { c.maxDelay = 64; }},
      {"weights.max_bits", [](hw::Chip &c) { c.weights.maxBits = 10; }},
      {"weights.min_exponent", [](hw::Chip &c) { c.weights.minExponent = -1; }},
      {"weights.max_exponent", [](hw::Chip &c) { c.weights.maxExponent = 16; }},
      {"weights.shared_kernels", [](hw::Chip &c) { c.weights.sharedKernels = true; }},
      {"storage.procedural", [](hw::Chip &c) { c.storage.procedural = true; }},
      {"native.form", [](hw::Chip &c) { c.nativeCuba.reset(); }},
      {"native.current_wraps", [](hw::Chip &c) { c.nativeCuba->currentWraps = true; }},
      {"native.decay_bits", [](hw::Chip &c) { c.nativeCuba->decayBits = 17; }},
      {"native.state_bits", [](hw::Chip &c) { c.nativeCuba->stateBits = 32; }},
      {"native.input_shift", [](hw::Chip &c) { c.nativeCuba->inputShift = 32; }},
      {"native.threshold_shift", [](hw::Chip &c) { c.nativeCuba->thresholdShift = 20; }},
      {"native.threshold_bits", [](hw::Chip &c) { c.nativeCuba->thresholdBits = 0; }},
      {"native.bias_mantissa_bits", [](hw::Chip &c) { c.nativeCuba->biasMantissaBits = 30; }},
      {"core.neurons", [](hw::Chip &c) { c.core.neurons = 200; }},
      {"core.neurons", [](hw::Chip &c) { c.core.neurons = 512; }},
      {"core.states", [](hw::Chip &c) { c.core.states = 0; }},
      {"core.states", [](hw::Chip &c) { c.core.states = 2; }},
      {"core.params", [](hw::Chip &c) { c.core.params = 32; }},
      {"core.inputs", [](hw::Chip &c) { c.core.inputs = 3; }},
      {"core.synaptic_memory_bits", [](hw::Chip &c) { c.core.synapticMemoryBits = 32 * 1000; }},
      {"core.program_words", [](hw::Chip &c) { c.core.programWords = 1024; }},
      {"core.table_words", [](hw::Chip &c) { c.core.tableWords = 0; }},
      {"storage.synapse_bits", [](hw::Chip &c) { c.storage.synapseBits = 0; }},
  };
  for (const auto &[key, change] : cases) {
    CAPTURE(key);
    hw::Chip chip = test::n1Chip();
    change(chip);
    auto geometry = geometryOf(chip, {1, 1});
    REQUIRE(!geometry);
    CHECK(geometry.error().code == 7501);
    CHECK(geometry.error().place == std::string("key '") + key + "'");
    CHECK(!geometry.error().found.empty());
  }
  hw::Chip wide = test::n1Chip();
  wide.tilesX = wide.tilesY = 16;
  for (const auto &[chip, grid] : {std::pair(test::n1Chip(), Grid{5, 1}),
                                   {test::n1Chip(), Grid{1, 5}},
                                   {test::n1Chip(), Grid{0, 1}},
                                   {wide, Grid{16, 16}},
                                   {wide, Grid{8, 4}}}) {
    auto geometry = geometryOf(chip, grid);
    REQUIRE(!geometry);
    CHECK(geometry.error().code == 7502);
  }
  CHECK(bool(geometryOf(test::n1Chip(), {4, 4})));
}

TEST_CASE("grids are columns x rows") {
  CHECK((*parseGrid("2x3") == Grid{2, 3}));
  for (const char *wrong : {"", "2", "2x", "x3", "2x3x4", "0x1", "1x0", "2 x 3", "-1x2", "2X3", "99999999999x1"}) {
    auto grid = parseGrid(wrong);
    CHECK_MESSAGE(bool(!grid && grid.error().code == 7503), wrong);
  }
}

TEST_CASE("file lists") {
  namespace fs = std::filesystem;
  const fs::path folder = fs::temp_directory_path() / ("ranvier-filelist-" + std::to_string(::getpid()));
  fs::create_directories(folder / "inc");
  for (const char *name : {"a.sv", "b c.sv", "n1_pkg.sv"})
    REQUIRE(bool(writeFileAtomically((folder / name).string(), "module m; endmodule\n")));
  const std::string list = (folder / "list.f").string();
  const auto read = [&](const std::string &text) {
    REQUIRE(bool(writeFileAtomically(list, text)));
    return readFileList(list);
  };
  auto good = read("// mine\n\n  a.sv  // first\n# more\n\"b c.sv\"\nn1_pkg.sv\n+incdir+inc\n+define+WIDE=4\n");
  REQUIRE_MESSAGE(bool(good), (good ? "" : good.error().str()));
  CHECK((good->files == std::vector<std::string>{(folder / "a.sv").string(), (folder / "b c.sv").string()}));
  CHECK((good->includeDirs == std::vector<std::string>{(folder / "inc").string()}));
  CHECK((good->defines == std::vector<std::string>{"WIDE=4"}));
  for (const auto &[text, place] : {std::pair("a.sv\nmissing.sv\n", "line 2"),
                                    {"+incdir+nowhere\na.sv", "line 1"},
                                    {"-O3\n", "line 1"},
                                    {"+unknown+x\n", "line 1"},
                                    {"# nothing\n", ""}}) {
    auto wrong = read(text);
    REQUIRE_MESSAGE(!wrong, text);
    CHECK(wrong.error().code == 7523);
    CHECK(wrong.error().place == place);
    CHECK(wrong.error().file == list);
  }
  CHECK(!readFileList((folder / "nowhere.f").string()));
  fs::remove_all(folder);
}
