// Each clause of docs/spec/image-format.md that validate() enforces, broken on its own in a valid image.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CrossbarImage.h"
#include "TestImage.h"
#include "ranvier/Support/File.h"
#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <regex>
#include <set>

using namespace ranvier;
using namespace ranvier::image;

namespace {
void replace(std::string &text, const std::string &from, const std::string &to) {
  const size_t at = text.find(from);
  REQUIRE_MESSAGE(at != std::string::npos, from);
  text.replace(at, from.size(), to);
}
/// Sets a limit of the chip's `core` section.
void limit(ImageData &data, const std::string &key, const std::string &old, const std::string &value) {
  replace(data.chipText, "\n  " + key + ": " + old + "\n", "\n  " + key + ": " + value + "\n");
}
isa::Instruction assembled(const isa::Program &program, const char *line) { return *isa::assemble(program, line); }

/// A connector of floatImage() that nothing is wrong with, but that its projection has rows.
ConnectorMeta connector() {
  ConnectorMeta result;
  result.rule = Rule::FixedTotalNumber;
  result.number = 3;
  result.weight.first = 0.5;
  result.delay.first = 1;
  return result;
}
template <auto Change> void breakConnector(ImageData &data) {
  data.meta.connectors = {connector()};
  Change(data.meta.connectors[0]);
}

/// The same of intImage(), whose chip then takes rules.
template <auto Change> void breakWords(ImageData &data) {
  replace(data.chipText, "storage: {", "storage: {procedural: true, ");
  data.meta.connectors = {connector()};
  data.meta.connectors[0].weight.first = 3;
  Change(data.meta.connectors[0]);
}

template <auto Change> void breakLearning(ImageData &data) {
  data = test::learningImage();
  Change(data);
}
template <auto Change> void breakLearner(ImageData &data) {
  data = test::learningImage();
  Change(data.meta.learning[0]);
}
template <auto Change> void breakRewiring(ImageData &data) {
  data = test::rewiredImage();
  Change(data.meta.learning[0].rewiring[0]);
}
template <auto Change> void breakMacros(ImageData &data) {
  data = test::crossbarImage();
  Change(data);
}
/// A program of the learner gets another line at its start.
void addLine(ImageData &data, uint32_t index, const char *line) {
  isa::Program &program = data.meta.programs[index];
  program.code.insert(program.code.begin(), assembled(program, line));
}

struct Case {
  const char *clause;
  unsigned code;
  const char *place; ///< Where the error says it is.
  void (*breakIt)(ImageData &);
  bool onFloat = false;
};

const Case cases[] = {
    {"M1", 3010, "meta", [](ImageData &d) { d.meta.profile = isa::Profile::F32; }},
    {"M1", 3010, "meta", [](ImageData &d) { d.meta.dt = 0; }},
    {"M1", 3010, "meta", [](ImageData &d) { d.meta.dt = std::numeric_limits<double>::quiet_NaN(); }},
    {"M2", 3010, "populations", [](ImageData &d) { d.meta.populations[2].name = "a"; }},
    {"M2", 3010, "populations", [](ImageData &d) { d.meta.populations[2].name = ""; }},
    {"M3", 3010, "populations[1]", [](ImageData &d) { d.meta.populations[1].shape = {2, 2}; }},
    {"M3", 3010, "populations[1]", [](ImageData &d) { d.meta.populations[1].shape = {uint64_t(1) << 63, 2, 3}; }},
    {"M3", 3010, "populations[0]", [](ImageData &d) { d.meta.populations[0].count = none; }},
    {"M4", 3010, "populations[1]", [](ImageData &d) { d.meta.populations[1].program = 1; }},
    {"M4", 3010, "populations[0]", [](ImageData &d) { d.meta.populations[0].program = 0; }},
    {"M4", 3010, "populations[1]", [](ImageData &d) { d.meta.populations[1].program = none; }},
    {"M5", 3022, "populations[0]", [](ImageData &d) { d.meta.populations[0].firstOut = 0; }},
    {"M6", 3010, "populations[0]", [](ImageData &d) { d.meta.populations[0].source = "gamma"; }},
    {"M6", 3010, "populations[1]", [](ImageData &d) { d.meta.populations[1].source = "poisson"; }},
    {"M6", 3010, "populations[0]", [](ImageData &d) { d.meta.populations[0].rates = {0.5}; }},
    {"M6", 3010, "populations[0]", [](ImageData &d) { d.meta.populations[0].source = "poisson"; }},
    {"M6", 3010, "populations[0]",
     [](ImageData &d) {
       d.meta.populations[0].source = "poisson";
       d.meta.populations[0].rates = {0.5, 1.5};
     }},
    {"M6", 3010, "populations[0]",
     [](ImageData &d) {
       d.meta.populations[0].source = "regular";
       d.meta.populations[0].intervals = {0};
       d.meta.populations[0].phases = {0};
     }},
    {"M6", 3010, "populations[0]",
     [](ImageData &d) {
       d.meta.populations[0].source = "list";
       d.meta.populations[0].list = {{1, 2}};
     }},
    {"M6", 3010, "populations[0]",
     [](ImageData &d) {
       d.meta.populations[0].source = "list";
       d.meta.populations[0].list = {{2, 0}, {1, 1}};
     }},
    {"M7", 3010, "populations[1]", [](ImageData &d) { d.meta.populations[1].level = 3; }},
    {"M7", 3010, "populations[0]", [](ImageData &d) { d.meta.populations[0].level = 1; }},
    {"M7", 3010, "populations[1]", [](ImageData &d) { d.meta.populations[1].depth = 4; }},
    {"M7", 3010, "populations[0]", [](ImageData &d) { d.meta.populations[0].depth = 1; }},
    {"M7", 3010, "populations[1]", [](ImageData &d) { d.meta.populations[1].depth = 1; }, true}, // no least delay, no depth
    {"M8", 3010, "projections[0]", [](ImageData &d) { d.meta.projections[0].source = 3; }},
    {"M8", 3010, "projections[0]", [](ImageData &d) { d.meta.projections[0].target = 3; }},
    {"M8", 3010, "projections[0]", [](ImageData &d) { d.meta.projections[0].target = 0; }},
    {"M8", 3010, "projections[0]", [](ImageData &d) { d.meta.projections[0].receptor = 2; }},
    {"M9", 3010, "projections[0]", [](ImageData &d) { d.meta.projections[0].weightExponent = 8; }},
    {"M9", 3010, "projections[0]", [](ImageData &d) { d.meta.projections[0].weightExponent = -9; }},
    {"M9", 3010, "projections[0]", [](ImageData &d) { d.meta.projections[0].weightExponent = 1; }, true},
    {"M9", 3010, "projections[0]", [](ImageData &d) { d.meta.projections[0].weightBits = 10; }},
    {"M9", 3010, "projections[0]", [](ImageData &d) { d.meta.projections[0].delayBits = 17; }},
    {"M10", 3010, "populations[1]", [](ImageData &d) { d.meta.populations[1].stateScale = {{"w", 1}}; }},
    {"M10", 3010, "populations[1]", [](ImageData &d) { d.meta.populations[1].stateScale = {{"v", HUGE_VAL}}; }},
    {"M10", 3010, "populations[1]", [](ImageData &d) { d.meta.populations[1].stateNames = {{"w", "x"}}; }},
    {"M10", 3010, "populations[1]", [](ImageData &d) { d.meta.populations[1].stateNames = {{"v", ""}}; }},
    {"M10", 3010, "populations[1]", [](ImageData &d) { d.meta.populations[1].stateNames = {{"v", "x"}, {"v", "y"}}; }},
    {"M10", 3010, "populations[1]", [](ImageData &d) { d.meta.populations[1].stateNames.assign(9, {"v", "x"}); }},
    {"M10", 3010, "populations[1]", [](ImageData &d) { d.meta.populations[1].valueScale = 0; }},
    {"M10", 3010, "populations[1]", [](ImageData &d) { d.meta.populations[1].valueScale = HUGE_VAL; }},
    {"M11", 3010, "populations[1]", [](ImageData &d) { d.meta.populations[1].configParams = {2}; }},
    {"M11", 3010, "populations[0]", [](ImageData &d) { d.meta.populations[0].thresholdParams = {0}; }},
    {"M13", 3010, "connectors[0]", [](ImageData &d) { d.meta.connectors = {connector()}; }}, // A chip that takes lists only.
    {"M13", 3010, "connectors[0]", breakConnector<[](ConnectorMeta &c) { c.projection = 1000; }>, true},
    {"M13", 3010, "connectors[1]", [](ImageData &d) { d.meta.connectors = {connector(), connector()}; }, true},
    {"M13", 3010, "connectors[0]", breakConnector<[](ConnectorMeta &c) { c.probability = 1.5; }>, true},
    {"M13", 3010, "connectors[0]", breakConnector<[](ConnectorMeta &c) { c.number = (uint64_t(1) << 36) + 1; }>, true},
    {"M13", 3010, "connectors[0]", breakConnector<[](ConnectorMeta &c) { c.weight.first = 1e39; }>, true},
    {"M13", 3010, "connectors[0]", breakConnector<[](ConnectorMeta &c) { c.delay.first = 0; }>, true},
    {"M13", 3010, "connectors[0]", breakConnector<[](ConnectorMeta &c) { c.delay.first = 65536; }>, true},
    {"M13", 3010, "connectors[0]",
     breakConnector<[](ConnectorMeta &c) {
       c.delay = {.kind = Distribution::Kind::Normal, .first = 3, .second = -1, .low = 1, .high = 5};
     }>,
     true},
    {"M14", 3010, "connectors[0]", breakConnector<[](ConnectorMeta &c) { c.unit = 1; }>, true},
    {"M14", 3010, "connectors[0]", breakWords<[](ConnectorMeta &c) { c.weight.first = 0.5; }>},
    {"M14", 3010, "connectors[0]", breakWords<[](ConnectorMeta &c) { c.weight.first = 128; }>}, // of 8 bits
    {"M14", 3010, "connectors[0]", breakWords<[](ConnectorMeta &c) { c.unit = HUGE_VAL; }>},
    {"M14", 3010, "connectors[0]", breakWords<[](ConnectorMeta &c) { c.unit = 1e-310; }>},
    {"M14", 3010, "connectors[0]",
     breakWords<[](ConnectorMeta &c) {
       c.weight = {.kind = Distribution::Kind::Uniform, .first = 1, .second = 3};
     }>},
    {"R1", 3018, "rows[0]", [](ImageData &d) { d.meta.connectors = {connector()}; }, true},
    {"M12", 3010, "probes[0]", [](ImageData &d) { d.meta.probes = {{"far", 1000, {"spikes"}}}; }},
    {"M12", 3010, "probes[0]", [](ImageData &d) { d.meta.probes = {{"odd", 1, {"spikes", "nothing"}}}; }},

    {"G1", 3010, "learning[0]", [](ImageData &d) { d.meta.learning = test::learningImage().meta.learning; }}, // A chip that does not learn.
    {"G2", 3010, "learning[0]", breakLearner<[](LearningMeta &l) { l.projection = 3; }>},
    {"G2", 3010, "learning[1]", breakLearning<[](ImageData &d) { d.meta.learning.push_back(d.meta.learning[0]); }>},
    {"G2", 3010, "learning[0]",
     breakLearning<[](ImageData &d) {
       d.meta.projections.push_back(d.meta.projections[1]);
       d.meta.projections[3].name = "drawn";
       d.meta.connectors = {connector()};
       d.meta.connectors[0].projection = 3;
     }>},
    {"G3", 3010, "learning[0]", breakLearner<[](LearningMeta &l) { l.programs.pop_back(); }>},
    {"G3", 3010, "learning[0]", breakLearner<[](LearningMeta &l) { l.programs[0] = 7; }>},
    {"G3", 3010, "learning[0]", breakLearner<[](LearningMeta &l) { l.params[1].clear(); }>},
    {"G3", 3010, "learning[0]", breakLearner<[](LearningMeta &l) { l.init[0].clear(); }>},
    {"G3", 3010, "learning[0]", breakLearner<[](LearningMeta &l) { l.init[2] = {0, 0}; }>},
    {"G3", 3010, "learning[0]", breakLearner<[](LearningMeta &l) { l.init[3] = {0}; }>},
    {"G3", 3010, "learning[0]", breakLearner<[](LearningMeta &l) { l.weightShift = 32; }>},
    {"G3", 3010, "learning[0]", breakLearner<[](LearningMeta &l) { l.weightShift = 1; }>}, // in binary32
    {"G3", 3010, "learning[0]", breakLearner<[](LearningMeta &l) { l.weightScale = 0; }>},
    {"G3", 3010, "learning[0]", breakLearner<[](LearningMeta &l) { std::swap(l.programs[0], l.programs[4]); }>},
    {"G3", 3010, "learning[0]",
     breakLearner<[](LearningMeta &l) { // a program for a third factor without one
       l.programs[2] = l.programs[1];
       l.params[2] = l.params[1];
     }>},
    {"G3", 3010, "learning[0]", breakLearning<[](ImageData &d) { d.meta.programs[1].inputs[0] = "post.q"; }>},
    {"G3", 3010, "learning[0]", breakLearning<[](ImageData &d) { d.meta.programs[1].inputs[0] = "third.amount"; }>},
    {"G3", 3010, "learning[0]", breakLearning<[](ImageData &d) { d.meta.programs[2].inputs[0] = "pre.elapsed"; }>},
    {"G3", 3010, "learning[0]", breakLearning<[](ImageData &d) { d.meta.programs[1].states[0] = "w"; }>},
    {"G3", 3010, "learning[0]", breakLearning<[](ImageData &d) { addLine(d, 1, "frng r9, 0"); }>},
    {"G3", 3010, "learning[0]",
     breakLearning<[](ImageData &d) {
       d.meta.programs[2].code.push_back(assembled(d.meta.programs[2], "spk r0"));
     }>},
    {"G4", 3010, "learning[0]", breakLearner<[](LearningMeta &l) { l.third = 2; }>},
    {"G5", 3018, "rows[0]", breakLearner<[](LearningMeta &l) { l.projection = 0; }>},
    {"G6", 3010, "learning[0]", breakRewiring<[](RewiringMeta &r) { r.grid = {2}; }>},
    {"G6", 3010, "learning[0]", breakRewiring<[](RewiringMeta &r) { r.grid = {1, 1}; }>},
    {"G6", 3010, "learning[0]", breakRewiring<[](RewiringMeta &r) { r.grid = {1025, 1}; }>},
    {"G6", 3010, "learning[0]", breakRewiring<[](RewiringMeta &r) { r.attempts = 0; }>},
    {"G6", 3010, "learning[0]", breakRewiring<[](RewiringMeta &r) { r.attempts = (1u << 20) + 1; }>},
    {"G6", 3010, "learning[0]", breakRewiring<[](RewiringMeta &r) { r.every = 0; }>},
    {"G6", 3010, "learning[0]", breakRewiring<[](RewiringMeta &r) { r.most = 0; }>},
    {"G6", 3010, "learning[0]", breakRewiring<[](RewiringMeta &r) { r.most = 4097; }>},
    {"G6", 3010, "learning[0]", breakRewiring<[](RewiringMeta &r) { r.formation.pop_back(); }>},
    {"G6", 3010, "learning[0]", breakRewiring<[](RewiringMeta &r) { r.formation[1] = certain + 1; }>},
    {"G6", 3010, "learning[0]", breakRewiring<[](RewiringMeta &r) { r.elimination.pop_back(); }>},
    {"G6", 3010, "learning[0]", breakRewiring<[](RewiringMeta &r) { r.elimination[0] = certain + 1; }>},
    {"G6", 3010, "learning[0]", breakRewiring<[](RewiringMeta &r) { r.bounds[0] = 0x7FC00000; }>},
    {"G6", 3010, "learning[0]",
     breakRewiring<[](RewiringMeta &r) {
       r.bounds = {r.bounds[0], r.bounds[0]};
       r.elimination.push_back(0);
     }>},
    {"G6", 3010, "learning[0]", breakRewiring<[](RewiringMeta &r) { r.joined = {2, 1}; }>},
    {"G6", 3010, "learning[0]", breakRewiring<[](RewiringMeta &r) { r.joined = {4}; }>},
    {"G6", 3010, "learning[0]",
     breakRewiring<[](RewiringMeta &r) {
       r.most = 1;
       r.joined = {0, 2};
     }>},
    {"G6", 3010, "learning[0]", breakRewiring<[](RewiringMeta &r) { r.weight = 0x7F800000; }>},
    {"G6", 3010, "learning[0]", breakRewiring<[](RewiringMeta &r) { r.delay = 0; }>},
    {"G6", 3010, "learning[0]", breakRewiring<[](RewiringMeta &r) { r.delay = 65536; }>},
    {"G6", 3010, "learning[0]",
     [](ImageData &d) {
       d = test::rewiredImage();
       d.meta.learning[0].rewiring.push_back(d.meta.learning[0].rewiring[0]);
     }},
    {"G7", 3018, "rows[3]",
     [](ImageData &d) { // half the pairs have no place
       d = test::floatImage();
       d.meta.learning = test::rewiredImage().meta.learning;
     }},
    {"Y5", 3020, "cores[0]", breakRewiring<[](RewiringMeta &r) { r.delay = 3; }>},

    {"P1", 3011, "programs[0]", [](ImageData &d) { d.meta.programs[0].code[0].imm = 9; }},
    {"P1", 3011, "programs[0]", [](ImageData &d) { d.meta.programs[0].code[3].a = 63; }},
    {"P1", 3011, "programs[0]", [](ImageData &d) { d.meta.programs[0].code[3].op = static_cast<isa::Opcode>(0); }},
    {"P2", 3011, "programs[0]",
     [](ImageData &d) {
       d.meta.programs[0].profile = isa::Profile::F32;
       d.meta.programs[0].code.clear();
     }},
    {"P3", 3011, "programs[0], instruction 3",
     [](ImageData &d) { replace(d.chipText, "programmable: false", "programmable: true\n  forbidden_ops: [mulsh, add]"); }},
    {"P4", 3011, "programs[0]",
     [](ImageData &d) { d.meta.programs[0].code.back() = assembled(d.meta.programs[0], "spkp r4, r0"); }},

    {"P5", 3011, "programs[0]",
     [](ImageData &d) {
       limit(d, "program_words", "unlimited", "unlimited\n  states: 1");
       d.meta.programs[0].states.push_back("w");
     }},
    {"P5", 3011, "programs[0]", [](ImageData &d) { limit(d, "program_words", "unlimited", "unlimited\n  params: 1"); }},
    {"P5", 3011, "programs[0]", [](ImageData &d) { limit(d, "program_words", "unlimited", "unlimited\n  inputs: 1"); }},

    {"C1", 3013, "cores[1]", [](ImageData &d) { d.cores[1].core = 4; }},
    {"C1", 3013, "cores[1]", [](ImageData &d) { d.cores[1].chip = 2; }},
    {"C2", 3013, "cores[1]", [](ImageData &d) { d.cores[1].core = 0; }},
    {"C3", 3013, "cores[1]", [](ImageData &d) { d.cores[0].chip = 1; }},
    {"C4", 3012, "cores[0]", [](ImageData &d) { d.cores[0].synapseKind = 2; }},
    {"C5", 3012, "cores[0]", [](ImageData &d) { d.cores[0].synapseKind = 0; }, true},
    {"C6", 3012, "cores[1]", [](ImageData &d) { d.cores[1].firstSlice = 0; }},
    {"C6", 3012, "cores[0]", [](ImageData &d) { d.cores[0].sliceCount = 0; }},
    {"C6", 3012, "cores[1]", [](ImageData &d) { d.cores[1].sliceCount = none; }},
    {"C7", 3012, "cores[1]", [](ImageData &d) { d.cores[1].firstNeuron = 0; }},
    {"C7", 3012, "cores[1]", [](ImageData &d) { d.cores[1].neuronCount = 4; }},
    {"C8", 3012, "cores[1]", [](ImageData &d) { d.cores[1].firstInAxon += 1; }},
    {"C8", 3012, "cores[1]", [](ImageData &d) { d.cores[1].inAxonCount += 1; }},
    {"C8", 3012, "cores[0]", [](ImageData &d) { d.cores[0].sameStepAxonCount = 3; }},
    {"C9", 3012, "cores[1]", [](ImageData &d) { d.cores[1].firstRow = ~uint64_t(0); }},
    {"C9", 3012, "cores[1]", [](ImageData &d) { d.cores[1].rowCount = ~uint64_t(0); }},
    {"C10", 3012, "cores[1]", [](ImageData &d) { d.cores[1].firstSynapse = ~uint64_t(0); }},
    {"C10", 3012, "cores[1]", [](ImageData &d) { d.cores[1].synapseCount = ~uint64_t(0); }},
    {"C11", 3012, "cores[1]", [](ImageData &d) { d.cores[1].accumulatorCount = 7; }},
    {"C12", 3012, "slices", [](ImageData &d) { d.slices.push_back(d.slices[0]); }},
    {"C12", 3012, "synapses64", [](ImageData &d) { d.synapses64.push_back(0); }},
    {"C12", 3012, "rows", [](ImageData &d) { d.rows.push_back(d.rows[0]); }},

    {"C13", 3013, "cores[1]", [](ImageData &d) { d.chipText += "faults: {cores: [{chip: 0, core: 3}]}\n"; }},
    {"C13", 3013, "cores[0]", [](ImageData &d) { d.chipText += "faults: {chips: [0]}\n"; }},

    {"C14", 3012, "cores[0]",
     [](ImageData &d) {
       replace(d.chipText, "tag_bits: 0", "synapse_bits: 32");
       d.cores[0].synapseKind = 1;
     }},

    {"C15", 3012, "cores[1]", [](ImageData &d) { d.cores[1].feeds = 1; }}, // more of it in MachineTablesTest.cpp

    {"S1", 3014, "slices[1]", [](ImageData &d) { d.slices[1].population = 0; }},
    {"S1", 3014, "slices[1]", [](ImageData &d) { d.slices[1].population = none; }},
    {"S2", 3014, "slices[0]", [](ImageData &d) { d.slices[0].count = 0; }},
    {"S2", 3014, "slices[1]", [](ImageData &d) { d.slices[1].first = 3; }},
    {"S2", 3014, "slices[1]", [](ImageData &d) { d.slices[1].first = none; }},
    {"S3", 3014, "slices[1]", [](ImageData &d) { d.slices[1].program = 1; }},
    {"S4", 3014, "slices[0]", [](ImageData &d) { d.meta.populations[1].level = 1; }},
    {"S5", 3014, "slices[2]", [](ImageData &d) { d.slices[2].neuronBase = 0; }},
    {"S5", 3014, "slices[2]", [](ImageData &d) { d.slices[2].accumulatorBase = 65536; }},
    {"S6", 3016, "slices[2]", [](ImageData &d) { d.slices[2].firstParam = 5; }},
    {"S6", 3016, "slices[2]", [](ImageData &d) { d.slices[2].firstParam = ~uint64_t(0); }},
    {"S7", 3016, "params[0]", [](ImageData &d) { d.params[0].uniform = 2; }},
    {"S7", 3016, "params[0]", [](ImageData &d) { d.params[0].reserved = 1; }},
    {"S7", 3016, "params[1]", [](ImageData &d) { d.params[1].offset = d.paramWords.size() - 1; }},
    {"S7", 3016, "params[1]", [](ImageData &d) { d.params[1].offset = ~uint64_t(0); }},
    {"S8", 3016, "slices[2]", [](ImageData &d) { d.slices[2].firstState = d.stateWords.size() - 1; }},
    {"S8", 3016, "slices[2]", [](ImageData &d) { d.slices[2].firstState = ~uint64_t(0); }},
    {"S9", 3015, "populations[1]", [](ImageData &d) { d.slices[1].first = 1; }},
    {"S9", 3015, "populations[1]", [](ImageData &d) { d.meta.populations[1].count = d.meta.populations[1].shape[0] = 4; }},

    {"A1", 3017, "in_axons[0]", [](ImageData &d) { d.inAxons[0].population = 3; }},
    {"A1", 3017, "in_axons[0]", [](ImageData &d) { d.inAxons[0].neuron = 2; }},
    {"A2", 3017, "in_axons[1]", [](ImageData &d) { d.inAxons[1].neuron = 0; }},
    {"A3", 3017, "in_axons[0]", [](ImageData &d) { d.inAxons[0].firstRow = 1; }},
    {"A3", 3017, "in_axons[0]", [](ImageData &d) { d.inAxons[0].rowCount = 0; }},
    {"A3", 3017, "in_axons[1]", [](ImageData &d) { d.inAxons[1].rowCount = none; }},
    {"A3", 3017, "in_axons[1]", [](ImageData &d) { d.inAxons[0].rowCount = 1; }},
    {"A4", 3024, "in_axons[0]", [](ImageData &d) { // "b" of level 1 onto "a" of level 0 in the same step
       d.inAxons[0].population = 2;
     }, true},

    {"R1", 3018, "rows[0]", [](ImageData &d) { d.rows[0].projection = 4; }},
    {"R1", 3018, "rows[0]", [](ImageData &d) { d.rows[0].projection = 1; }},
    {"R1", 3018, "rows[1]", [](ImageData &d) { d.rows[1].projection = 0; }},
    {"R2", 3018, "rows[0]", [](ImageData &d) { d.rows[0].firstSynapse = 1; }},
    {"R2", 3018, "rows[0]", [](ImageData &d) { d.rows[0].count = 0; }},
    {"R2", 3018, "rows[0]", [](ImageData &d) { d.rows[0].count = none; }},
    {"R2", 3018, "rows[1]", [](ImageData &d) { d.rows[1].firstSynapse = ~uint64_t(0); }},

    {"R3", 3018, "rows[2]", [](ImageData &d) { d.meta.projections[0].indexBits = 0; }},
    {"R3", 3018, "rows[3]", [](ImageData &d) { d.meta.projections[0].indexBits = 1; }},
    {"R3", 3018, "rows[0]", // as many synapses as neurons, but one twice
     [](ImageData &d) {
       d.meta.projections[0].indexBits = 0;
       d.synapses32[1] = packSynapse32(0, 1, -5);
     }},

    {"Y1", 3019, "synapses32[0]", [](ImageData &d) { d.synapses32[0] = packSynapse32(65535, 1, 1); }},
    {"Y1", 3019, "synapses32[1]", [](ImageData &d) { d.synapses32[1] = packSynapse32(2, 1, 1); }}, // receptor j
    {"Y1", 3019, "synapses64[0]", [](ImageData &d) { d.synapses64[0] = packSynapse64(65535, 0, 1); }, true},
    {"Y2", 3021, "synapses32[1]", [](ImageData &d) { std::swap(d.synapses32[0], d.synapses32[1]); }},
    {"Y3", 3020, "rows[0]", [](ImageData &d) { d.cores[0].sameStepAxonCount = 1; }},
    {"Y3", 3020, "rows[0]", [](ImageData &d) { d.synapses32[0] = packSynapse32(0, 0, 1); }},
    {"Y4", 3020, "rows[1]", [](ImageData &d) { limit(d, "fan_in", "16", "15"); replace(d.chipText, "max_steps: 7", "max_steps: 6"); }},
    {"Y4", 3020, "rows[0]", [](ImageData &d) { replace(d.chipText, "min_steps: 1", "min_steps: 2"); }},
    {"Y5", 3020, "cores[0]", [](ImageData &d) { d.cores[0].delaySlots = 7; }},
    {"Y5", 3020, "cores[0]", [](ImageData &d) { d.cores[0].delaySlots = none; }},

    {"Y6", 3025, "projections[0]", // beyond the chip's 8 bits and sign
     [](ImageData &d) {
       d.meta.projections[0].weightBits = 9;
       d.synapses32[0] = packSynapse32(0, 1, 256);
     }},
    {"Y6", 3025, "projections[0]", [](ImageData &d) { d.synapses32[0] = packSynapse32(0, 1, 128); }},
    {"Y6", 3025, "projections[0]", [](ImageData &d) { d.synapses32[0] = packSynapse32(0, 1, -129); }},
    {"Y6", 3025, "projections[0]", [](ImageData &d) { d.meta.projections[0].weightBits = 3; }}, // -5..9 take 5
    {"Y6", 3025, "projections[0]", [](ImageData &d) { d.meta.projections[0].weightBits = 0; }},
    {"Y7", 3020, "rows[1]", [](ImageData &d) { d.meta.projections[3].delayBits = 2; }},
    {"Y7", 3020, "rows[0]", // delays 1 on core 0, delay 3 on core 1: no bits do for the first
     [](ImageData &d) {
       d.meta.projections[0].delayBits = 0;
       d.synapses32[0] = packSynapse32(0, 1, 5);
       d.synapses32[1] = packSynapse32(1, 2, -5);
     }},

    {"O1", 3022, "out_ptr", [](ImageData &d) { d.outPtr.pop_back(); }},
    {"O1", 3022, "out_ptr", [](ImageData &d) { d.outPtr.clear(); }},
    {"O1", 3022, "out_ptr", [](ImageData &d) { d.outPtr[0] = 1; }},
    {"O1", 3022, "out_ptr", [](ImageData &d) { d.outPtr.back() = ~uint64_t(0); }},
    {"O1", 3022, "out_ptr[2]", [](ImageData &d) { d.outPtr[1] = ~uint64_t(0); }},
    {"O2", 3022, "out_axons[0]", [](ImageData &d) { d.outAxons[0].core = 2; }},
    {"O2", 3022, "out_axons[0]", [](ImageData &d) { d.outAxons[0].axon = none; }},
    {"O3", 3022, "out_axons[0]", [](ImageData &d) { std::swap(d.outAxons[0], d.outAxons[1]); }},
    {"O4", 3022, "in_axons", [](ImageData &d) {
       d.outAxons.pop_back();
       d.outPtr.back() = d.outAxons.size();
     }},
    {"O4", 3022, "out_axons", [](ImageData &d) {
       d.outAxons.push_back(d.outAxons.back());
       d.outPtr.back() = d.outAxons.size();
     }},

    {"O5", 3022, "out_axons", [](ImageData &d) { d.chipText += "faults: {links: [{chip: 0, x: 1, y: 0, direction: north}]}\n"; }},

    {"X1", 3026, "crossbars[0]", breakMacros<[](ImageData &d) { d.crossbars.clear(); }>},
    {"X1", 3026, "crossbars[1]", breakMacros<[](ImageData &d) { d.crossbars.pop_back(); }>},
    {"X1", 3026, "crossbars[0]", breakMacros<[](ImageData &d) { d.crossbars[0].core = 1; }>},
    {"X1", 3026, "crossbars[2]", breakMacros<[](ImageData &d) { d.crossbars.push_back(d.crossbars[1]); }>},
    {"X1", 3026, "crossbars", [](ImageData &d) { d.crossbars.resize(1); }},
    {"X2", 3026, "crossbars[0]", breakMacros<[](ImageData &d) { d.crossbars[0].rowCount = none; }>},
    {"X2", 3026, "crossbars[1]", breakMacros<[](ImageData &d) { d.crossbars[1].firstRow = ~uint64_t(0); }>},
    {"X2", 3026, "crossbars[1]", breakMacros<[](ImageData &d) { ++d.crossbars[1].firstLevel; }>},
    {"X2", 3026, "crossbars[0]", breakMacros<[](ImageData &d) { d.crossbars[0].rangeCount = 3; }>},
    {"X2", 3026, "crossbar_levels", breakMacros<[](ImageData &d) { d.crossbarLevels.push_back(0); }>},
    {"X2", 3026, "crossbar_rows", [](ImageData &d) { d.crossbarRows.resize(1); }},
    {"X3", 3026, "crossbars[0]", breakMacros<[](ImageData &d) { --d.crossbars[0].columnCount; }>},
    {"X4", 3026, "crossbar_rows[0]", breakMacros<[](ImageData &d) { d.crossbarRows[0].row = 120; }>},
    {"X4", 3026, "crossbar_rows[1]", breakMacros<[](ImageData &d) { d.crossbarRows[1].row = 0; }>},
    {"X4", 3026, "crossbar_rows[2]", breakMacros<[](ImageData &d) { d.crossbarRows[2].reserved = 1; }>},
    {"X5", 3026, "crossbar_rows[0]", breakMacros<[](ImageData &d) { d.crossbarRows[0].axon = none; }>},
    {"X5", 3026, "crossbar_rows[0]", breakMacros<[](ImageData &d) { d.crossbarRows[0].delay = 3; }>},
    {"X5", 3026, "cores[0]", breakMacros<[](ImageData &d) { d.crossbarRows[1] = {1, 0, d.crossbarRows[0].delay, 0}; }>},
    {"X6", 3026, "crossbar_columns[0]", breakMacros<[](ImageData &d) { d.crossbarColumns[0].column = 80; }>},
    {"X6", 3026, "crossbar_columns[1]", breakMacros<[](ImageData &d) { d.crossbarColumns[1].column = 0; }>},
    {"X6", 3026, "crossbar_columns[1]", breakMacros<[](ImageData &d) { d.crossbarColumns[1].flipped = 2; }>},
    {"X7", 3026, "crossbar_levels[7]", breakMacros<[](ImageData &d) { d.crossbarLevels[7] = 128; }>},
    {"X8", 3026, "crossbar_ranges[0]", breakMacros<[](ImageData &d) { d.crossbarRanges[0].high = d.crossbarRanges[0].low; }>},
    {"X8", 3026, "crossbar_ranges[1]",
     breakMacros<[](ImageData &d) { d.crossbarRanges[1].low = std::numeric_limits<double>::quiet_NaN(); }>},
    {"X8", 3026, "crossbars[1]", breakMacros<[](ImageData &d) {
       d.crossbars[1].rangeCount = 0;
       d.crossbarRanges.pop_back();
     }>},

    {"L1", 3023, "cores[1]", [](ImageData &d) { limit(d, "neurons", "4", "2"); }},
    {"L2", 3023, "cores[0]", [](ImageData &d) { limit(d, "synaptic_memory_bits", "1024", "191"); }},
    {"L3", 3023, "cores[0]", [](ImageData &d) { limit(d, "axons_in", "8", "1"); }},
    {"L4", 3023, "cores[0]", [](ImageData &d) { limit(d, "axons_out", "8", "1"); }},
    {"L5", 3023, "cores[0]", [](ImageData &d) { limit(d, "fan_in", "16", "2"); }},
    {"L6", 3023, "cores[1]", [](ImageData &d) {
       limit(d, "neuron_configs", "2", "1");
       d.paramWords[d.params[d.slices[2].firstParam].offset] = 8;
     }},
    {"L7", 3023, "cores[0]", [](ImageData &d) { limit(d, "threshold_configs", "2", "1"); }},
    {"L8", 3023, "cores[0]", [](ImageData &d) { limit(d, "program_words", "unlimited", "8"); }},
    {"L9", 3023, "cores[0]",
     [](ImageData &d) {
       limit(d, "program_words", "unlimited", "unlimited\n  table_words: 5");
       d.meta.programs[0].tables = {{1, 2, 3}, {4, 5, 6}};
     }},
    {"L10", 3023, "populations", [](ImageData &d) { replace(d.chipText, "max_chips: 2", "max_chips: 2\n  input_neurons: 1"); }},
};

/// Clauses "- **X1**" of the page whose letter is in `letters`.
std::set<std::string> clausesOfPage(const std::string &letters) {
  const std::string page = *readFile(RANVIER_SOURCE_DIR "/docs/spec/image-format.md");
  std::set<std::string> clauses;
  const std::regex form("- \\*\\*([" + letters + "][0-9]+)\\*\\*");
  for (std::sregex_iterator it(page.begin(), page.end(), form), end; it != end; ++it)
    clauses.insert((*it)[1]);
  return clauses;
}
} // namespace

TEST_CASE("the images of the tests are valid") {
  for (const ImageData &data :
       {test::intImage(), test::floatImage(), test::learningImage(), test::largeImage(10), test::crossbarImage()}) {
    auto image = fromData(data);
    CHECK_MESSAGE(image, (image ? std::string() : image.error().str()));
  }
}

TEST_CASE("each clause is enforced: code, clause and place") {
  for (const Case &c : cases) {
    ImageData data = c.onFloat ? test::floatImage() : test::intImage();
    c.breakIt(data);
    auto image = fromData(std::move(data));
    REQUIRE_MESSAGE(!image, c.clause << " " << c.place);
    const std::string text = std::string(c.clause) + ": " + image.error().str();
    CHECK_MESSAGE(image.error().code == c.code, text);
    CHECK_MESSAGE(image.error().hint == std::string("docs/spec/image-format.md, clause ") + c.clause, text);
    CHECK_MESSAGE(image.error().place.find(c.place) == 0, text);
    CHECK_MESSAGE(!image.error().expected.empty(), text);
    CHECK_MESSAGE(!image.error().found.empty(), text);
    CHECK(((image.error().kind == ErrorKind::DoesNotFit) == (c.code == 3023)));
  }
}

TEST_CASE("limits hold at the limit") {
  ImageData data = test::intImage();
  limit(data, "neurons", "4", "3");
  limit(data, "axons_in", "8", "5");
  limit(data, "axons_out", "8", "2");
  limit(data, "fan_in", "16", "3");
  limit(data, "program_words", "unlimited", "9\n  table_words: 6\n  states: 1\n  params: 2\n  inputs: 2");
  data.meta.programs[0].tables = {{1, 2, 3}, {4, 5, 6}};
  replace(data.chipText, "max_chips: 2", "max_chips: 2\n  input_neurons: 2");
  // Core 0: three rows of 2, 2 and 1 synapses, each 2 * (8 + 3 + 2) + 10 bits at most, so 64 bits a row; core 1 has six rows.
  limit(data, "synaptic_memory_bits", "1024", "384");
  auto image = fromData(data);
  CHECK_MESSAGE(image, (image ? std::string() : image.error().str()));
}

TEST_CASE("weights fill the bits of their projection") {
  ImageData data = test::intImage();
  data.synapses32[0] = packSynapse32(0, 1, 127);
  data.synapses32[1] = packSynapse32(1, 1, -128);
  CHECK(fromData(data));
  data.meta.projections[0].weightBits = 9;
  data.synapses32[0] = packSynapse32(0, 1, 255);
  data.synapses32[1] = packSynapse32(1, 1, -256);
  CHECK(fromData(data));
  // Weights of one sign need none: two of 4 of projection 3.
  const auto one = [&](uint32_t bits, int32_t weight) {
    ImageData changed = test::intImage();
    changed.meta.projections[3].weightBits = bits;
    for (uint32_t &word : changed.synapses32)
      if (static_cast<int32_t>(unpackSynapse(word).weight) == 4)
        word = packSynapse32(word & 0xFFFF, word >> 16 & 63, weight);
    return bool(fromData(changed));
  };
  CHECK(one(8, 255));
  CHECK(one(8, -255));
  CHECK(!one(7, 255));
  // Bits that all of them lack do not count.
  CHECK(one(1, 4));
  CHECK(one(2, -192));
  CHECK(!one(1, -192));
}

TEST_CASE("what cannot be made small enough to test is refused by size alone") {
  // Clause C11, second half: 65,536 accumulators are right, two more are not. Neurons of the program have two inputs.
  for (const uint32_t neurons : {32768u, 32769u}) {
    ImageData data = test::floatImage();
    data.cores.resize(1);
    data.slices.clear();
    data.params.clear();
    data.paramWords.clear();
    data.stateWords.clear();
    data.inAxons.clear();
    data.rows.clear();
    data.synapses64.clear();
    data.outPtr.clear();
    data.outAxons.clear();
    data.cores[0] = {};
    data.meta.populations.erase(data.meta.populations.begin() + 2);
    data.meta.projections.clear();
    data.meta.populations[1].count = data.meta.populations[1].shape[0] = neurons;
    test::fillTables(data, {{0, 1, 0, neurons}}, {}, SynapseKind::Wide64);
    auto image = fromData(data);
    CHECK(static_cast<bool>(image) == (neurons == 32768));
    if (!image)
      CHECK_MESSAGE(image.error().hint.find("C11") != std::string::npos, image.error().str());
  }
}

TEST_CASE("a broken chip description is an error of the image") {
  ImageData data = test::intImage();
  replace(data.chipText, "neurons: 4", "nerons: 4");
  auto image = fromData(data);
  REQUIRE(!image);
  CHECK(image.error().code == 3009);
  CHECK(image.error().place.find("section chip, line ") == 0);
}

TEST_CASE("every clause of the page is broken by a test") {
  std::set<std::string> tested;
  for (const Case &c : cases)
    tested.insert(c.clause);
  CHECK(clausesOfPage("MPCSARYOLGX") == tested);
}
