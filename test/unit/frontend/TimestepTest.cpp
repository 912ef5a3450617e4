// Checks of the rule that finds a file's time step.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "NirTimestep.h"
#include <doctest/doctest.h>

using namespace ranvier::frontend;

namespace {
GainPair pair(std::vector<double> tau, std::vector<double> gain, bool primary = true) {
  return {"n", primary ? "tau" : "tau_syn", primary ? "r" : "w_in", std::move(tau), std::move(gain), primary};
}
} // namespace

TEST_CASE("a quotient that is constant over the graph is the time step") {
  const auto found = inferTimestep({pair({0.01, 0.02}, {10, 20}), pair({0.005}, {5})});
  REQUIRE(found.dt);
  CHECK(*found.dt == 1e-3);
  CHECK(found.how == "tau/r, constant over the graph");
}

TEST_CASE("float32 noise is removed, real numbers are not") {
  CHECK(*inferTimestep({pair({0.009999999776482582}, {10})}).dt == 1e-3);
  CHECK(*inferTimestep({pair({0.0009999997615814777}, {9.999997615814776})}).dt == 1e-4);
  const double third = 1e-3 / 3;
  CHECK(*inferTimestep({pair({third * 7}, {7})}).dt == doctest::Approx(third).epsilon(1e-12));
}

TEST_CASE("gains of one tell nothing") {
  CHECK(!inferTimestep({pair({0.0025}, {1})}).dt);
  CHECK(inferTimestep({pair({0.0025}, {1})}).how == "every gain is 1, so time constants do not tell the step");
  CHECK(inferTimestep({}).how == "no node has a time constant");
  // A second pair of gain 1 is its default and does not contradict; one of another gain must agree.
  CHECK(*inferTimestep({pair({0.01}, {10}), pair({0.005}, {1}, false)}).dt == 1e-3);
  CHECK(*inferTimestep({pair({0.01}, {10}), pair({0.005}, {5}, false)}).dt == 1e-3);
  CHECK(!inferTimestep({pair({0.01}, {10}), pair({0.005}, {4}, false)}).dt);
}

TEST_CASE("quotients that differ by more than 1e-5 name the nodes") {
  GainPair other = pair({0.01}, {10.0002});
  other.node = "m";
  const auto found = inferTimestep({pair({0.01}, {10}), other});
  CHECK(!found.dt);
  CHECK(found.how == "tau/r is 0.00099998 s in node m and 0.001 s in node n");
  other.gain = {10.00005};
  CHECK(inferTimestep({pair({0.01}, {10}), other}).dt);
  CHECK(!inferTimestep({pair({0.01}, {0})}).dt);
  CHECK(!inferTimestep({pair({0.01}, {-10})}).dt);
}
