// Time: closing edges found from the inputs with names sorted, retiming for chips, skip paths balanced.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Ir.h"

using namespace ranvier;
using namespace ranvier::compiler;

namespace {
const char *one = "\"one_to_one\" {} weights 1.0 : f64\n";
std::string edge(const std::string &name, const std::string &from, const std::string &to, const std::string &delay = "") {
  return "snn.connect @" + name + " from @" + from + " to @" + to + (delay.empty() ? " " : " delay " + delay + " ") + one;
}
std::string nodes(std::initializer_list<const char *> names) {
  std::string out = "snn.input @input shape [4]\n";
  for (const char *name : names)
    out += std::string("snn.population @") + name + " model @m shape [4]\n";
  return out;
}
hw::Chip chip() {
  hw::Chip out;
  out.minDelay = 1;
  out.maxDelay = 10;
  return out;
}
} // namespace

TEST_CASE("a self loop closes its own cycle and acts in the next step") {
  Ir ir(nodes({"a"}) + edge("in", "input", "a") + edge("rec", "a", "a"));
  TimeReport report;
  REQUIRE(breakCycles(ir.network(), report));
  CHECK(report.closingEdges == std::vector<std::string>{"rec"});
  CHECK(ir.delay("rec") == 1);
  CHECK(ir.delay("in") == 0);
}

TEST_CASE("the search starts at the inputs and takes names in order") {
  // input -> b -> a -> b: from the input, a -> b leads back.
  Ir ir(nodes({"a", "b"}) + edge("in", "input", "b") + edge("ab", "a", "b") + edge("ba", "b", "a"));
  TimeReport report;
  REQUIRE(breakCycles(ir.network(), report));
  CHECK(report.closingEdges == std::vector<std::string>{"ab"});
}

TEST_CASE("a cycle that already has a delay stays as it is") {
  Ir ir(nodes({"a", "b"}) + edge("in", "input", "a") + edge("ab", "a", "b") + edge("ba", "b", "a", "2"));
  TimeReport report;
  REQUIRE(breakCycles(ir.network(), report));
  CHECK(report.closingEdges.empty());
  CHECK(ir.delay("ba") == 2);
}

TEST_CASE("a drawn delay that closes a cycle becomes listed synapses, none of them in the same step") {
  Ir ir(nodes({"a", "b"}) + edge("in", "input", "a") + edge("ab", "a", "b") +
        edge("ba", "b", "a", "#snn.uniform<0.0, 3.0, seed = 2>"));
  auto before = expandProjection(ir.projection("ba"));
  REQUIRE(before);
  TimeReport report;
  REQUIRE(breakCycles(ir.network(), report));
  CHECK(report.closingEdges == std::vector<std::string>{"ba"});
  auto after = expandProjection(ir.projection("ba"));
  REQUIRE(after);
  CHECK(after->targets == before->targets);
  for (uint64_t k = 0; k < after->size(); ++k)
    CHECK(after->delay(k) == std::max(1u, before->delay(k)));
  CHECK(llvm::isa<snn::ConnectOp>(ir.network().lookupSymbol("ab")));
}

TEST_CASE("a lower bound of a half rounds away from 0") {
  Ir ir(nodes({"a"}) + edge("in", "input", "a") + edge("rec", "a", "a", "#snn.normal<0.0, 0.1, clip = [0.5, 2.0], seed = 2>"));
  TimeReport report;
  REQUIRE(breakCycles(ir.network(), report));
  CHECK(report.closingEdges.empty());
  auto synapses = expandProjection(ir.projection("rec"));
  REQUIRE(synapses);
  for (uint64_t k = 0; k < synapses->size(); ++k)
    CHECK(synapses->delay(k) == 1);
}

TEST_CASE("on chips a skip path gets the delay of the long path") {
  Ir ir(nodes({"a", "b", "c"}) + edge("in", "input", "a") + edge("ab", "a", "b") + edge("bc", "b", "c") +
        edge("skip", "input", "c") + edge("rec", "b", "b"));
  TimeReport report;
  REQUIRE(breakCycles(ir.network(), report));
  REQUIRE(legalizeDelays(ir.network(), chip(), report));
  CHECK(ir.delay("in") == 1);
  CHECK(ir.delay("bc") == 1);
  CHECK(ir.delay("skip") == 3);
  CHECK(ir.delay("rec") == 1);
  CHECK(report.lateFeedback.empty());
  CHECK(report.balanced == std::vector<std::string>{"skip: 2 steps"});
  CHECK(report.depths.back() == std::pair<std::string, uint32_t>{"c", 3});
}

TEST_CASE("feedback across populations takes a step per edge and is reported") {
  Ir ir(nodes({"a", "b"}) + edge("in", "input", "a") + edge("ab", "a", "b") + edge("back", "b", "a"));
  TimeReport report;
  REQUIRE(breakCycles(ir.network(), report));
  REQUIRE(legalizeDelays(ir.network(), chip(), report));
  CHECK(ir.delay("back") == 1);
  REQUIRE(report.lateFeedback.size() == 1);
  CHECK(report.lateFeedback[0].find("back: 1 steps later") == 0);
}

TEST_CASE("delays given in steps are kept, and the network is not shifted more than needed") {
  Ir ir(nodes({"a", "b"}) + edge("in", "input", "a", "1") + edge("ab", "a", "b", "3"));
  TimeReport report;
  REQUIRE(legalizeDelays(ir.network(), chip(), report));
  CHECK(ir.delay("in") == 1);
  CHECK(ir.delay("ab") == 3);
  CHECK(report.depths == std::vector<std::pair<std::string, uint32_t>>{{"a", 0}, {"b", 0}});
}

TEST_CASE("a delay beyond the chip's is an error that names the projection") {
  Ir ir(nodes({"a"}) + edge("in", "input", "a", "11"));
  TimeReport report;
  auto outcome = legalizeDelays(ir.network(), chip(), report);
  REQUIRE(!outcome);
  CHECK(outcome.error().code == 5712);
  CHECK(outcome.error().kind == ErrorKind::DoesNotFit);
  CHECK(outcome.error().place.find("@in") != std::string::npos);
}
