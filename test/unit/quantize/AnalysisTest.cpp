//===- AnalysisTest.cpp - Recognition however the model is written --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Quantize/Analysis.h"
#include "PlainModel.h"
#include "Simulate.h"
#include "ranvier/Lowering/LowerToMicrocode.h"
#include <doctest/doctest.h>

using namespace ranvier;
using namespace ranvier::compiler;
using namespace ranvier::test;

namespace {
/// Declarations that every way of writing the neuron shares: alpha = 0.55, beta = 0.9, threshold 1, reset 0.25, gain 2, leak 0.5.
const std::string declarations = R"(
  %dt = snn.timestep : f32
  %tau_syn = snn.parameter "tau_syn" : f32
  %tau_mem = snn.parameter "tau_mem" : f32
  %th = snn.parameter "threshold" : f32
  %reset = snn.parameter "reset" : f32
  %gain = snn.parameter "gain" : f32
  %leak = snn.parameter "leak" : f32
  %x = snn.receive "x" : f32
  %i = snn.state "i" : f32
  %v = snn.state "v" : f32
  %one = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %as = arith.divf %dt, %tau_syn : f32
  %am = arith.divf %dt, %tau_mem : f32
)";
/// u and v after the step, before any reset.
const std::string dynamics = R"(
  %pull_i = arith.subf %x, %i : f32
  %di = arith.mulf %as, %pull_i : f32
  %i1 = arith.addf %i, %di : f32
  %gi = arith.mulf %gain, %i1 : f32
  %away = arith.subf %leak, %v : f32
  %drive = arith.addf %away, %gi : f32
  %dv = arith.mulf %am, %drive : f32
  %v1 = arith.addf %v, %dv : f32
)";
const std::string updates = R"(
  snn.update "i" = %i1 : f32
  snn.update "v" = %v2 : f32
  snn.spike %fire
)";

Folded fold(const std::string &body, const Values &thresholds = {1.0}) {
  auto module = parse("snn.model @m {" + body + "}");
  auto model = readModel(*module->getOps<snn::ModelOp>().begin());
  REQUIRE(bool(model));
  std::vector<Values> params;
  for (const auto &slot : model->params) {
    const std::map<std::string, Values> values{{"tau_syn", {1e-3 / 0.45}}, {"tau_mem", {1e-2}}, {"threshold", thresholds},
                                               {"reset", {0.25}},          {"gain", {2.0}},     {"leak", {0.5}}};
    params.push_back(values.at(slot.name));
  }
  auto folded = foldParameters(*model, params, 1e-3);
  REQUIRE(bool(folded));
  return *folded;
}

void checkForm(const std::string &body) {
  CAPTURE(body);
  const Analysis analysis = analyse(fold(body));
  CAPTURE(analysis.nearMiss);
  REQUIRE(analysis.form);
  const CubaForm &form = *analysis.form;
  CHECK(form.uState == 0);
  CHECK(form.vState == 1);
  CHECK(form.a[0] == doctest::Approx(0.55));
  CHECK(form.g[0][0] == doctest::Approx(0.45));
  CHECK(form.b[0] == doctest::Approx(0.9));
  CHECK(form.h[0] == doctest::Approx(0.2));
  CHECK(form.d[0] == doctest::Approx(0.05));
  CHECK(form.c[0] == 0);
  CHECK(form.threshold[0] == doctest::Approx(1.0));
  CHECK(form.reset[0] == doctest::Approx(0.25));
}
std::string missOf(const std::string &body) {
  const Analysis analysis = analyse(fold(body));
  CHECK(!analysis.form);
  return analysis.nearMiss;
}
} // namespace

TEST_CASE("the CUBA form is recognised however it is written [N1]") {
  const std::string select = "%v2 = arith.select %fire, %reset, %v1 : f32\n";
  const std::string compare = "%fire = arith.cmpf ogt, %v1, %th : f32\n";
  checkForm(declarations + dynamics + compare + select + updates);
  SUBCASE("threshold minus voltage below zero") {
    checkForm(declarations + dynamics + "%m = arith.subf %th, %v1 : f32\n%fire = arith.cmpf olt, %m, %zero : f32\n" + select +
              updates);
  }
  SUBCASE("condition for not firing, branches swapped, spike by exclusive or") {
    checkForm(declarations + dynamics + R"(
      %true = arith.constant true
      %stay = arith.cmpf ole, %v1, %th : f32
      %fire = arith.xori %stay, %true : i1
      %v2 = arith.select %stay, %v1, %reset : f32)" +
              updates);
  }
  SUBCASE("decay factors first, terms in another order") {
    checkForm(declarations + R"(
      %ka = arith.subf %one, %as : f32
      %kb = arith.subf %one, %am : f32
      %xi = arith.mulf %x, %as : f32
      %ii = arith.mulf %i, %ka : f32
      %i1 = arith.addf %xi, %ii : f32
      %ag = arith.mulf %am, %gain : f32
      %al = arith.mulf %leak, %am : f32
      %t1 = arith.mulf %i1, %ag : f32
      %t2 = arith.addf %t1, %al : f32
      %t3 = arith.mulf %kb, %v : f32
      %v1 = arith.addf %t2, %t3 : f32)" +
              compare + select + updates);
  }
  SUBCASE("arithmetic mask instead of a select") {
    checkForm(declarations + dynamics + compare + R"(
      %z = arith.uitofp %fire : i1 to f32
      %keep = arith.subf %one, %z : f32
      %kept = arith.mulf %v1, %keep : f32
      %set = arith.mulf %z, %reset : f32
      %v2 = arith.addf %kept, %set : f32)" +
              updates);
  }
  SUBCASE("compared after scaling both sides") {
    checkForm(declarations + dynamics + R"(
      %three = arith.constant 3.0 : f32
      %v3 = arith.mulf %v1, %three : f32
      %th3 = arith.mulf %th, %three : f32
      %fire = arith.cmpf ogt, %v3, %th3 : f32)" +
              select + updates);
  }
  SUBCASE("the voltage written out over the old current, the condition computed twice") {
    checkForm(declarations + R"(
      %ka = arith.subf %one, %as : f32
      %kb = arith.subf %one, %am : f32
      %ii = arith.mulf %i, %ka : f32
      %xi = arith.mulf %as, %x : f32
      %i1 = arith.addf %ii, %xi : f32
      %ag = arith.mulf %am, %gain : f32
      %p = arith.mulf %ag, %ii : f32
      %q = arith.mulf %ag, %xi : f32
      %al = arith.mulf %leak, %am : f32
      %kv = arith.mulf %kb, %v : f32
      %s1 = arith.addf %p, %q : f32
      %s2 = arith.addf %s1, %kv : f32
      %v1 = arith.addf %s2, %al : f32
      %again = arith.cmpf olt, %th, %v1 : f32
      %v2 = arith.select %again, %reset, %v1 : f32)" +
              compare + updates);
  }
  SUBCASE("division by the inverse and negated") {
    checkForm(declarations + R"(
      %ia = arith.divf %one, %as : f32
      %pull = arith.subf %i, %x : f32
      %step = arith.divf %pull, %ia : f32
      %i1 = arith.subf %i, %step : f32
      %gi = arith.mulf %gain, %i1 : f32
      %t = arith.subf %v, %leak : f32
      %tt = arith.subf %t, %gi : f32
      %n = arith.negf %tt : f32
      %dv = arith.mulf %n, %am : f32
      %v1 = arith.addf %dv, %v : f32)" +
              compare + select + updates);
  }
}

TEST_CASE("equivalent updates give the same coefficients, bit for bit [N2]") {
  const std::string compare = "%fire = arith.cmpf ogt, %v1, %th : f32\n", select = "%v2 = arith.select %fire, %reset, %v1 : f32\n";
  const CubaForm one = *analyse(fold(declarations + dynamics + compare + select + updates)).form;
  const CubaForm other = *analyse(fold(declarations + R"(
      %ia = arith.divf %tau_syn, %dt : f32
      %ib = arith.divf %tau_mem, %dt : f32
      %pull = arith.subf %i, %x : f32
      %step = arith.divf %pull, %ia : f32
      %i1 = arith.subf %i, %step : f32
      %gi = arith.mulf %i1, %gain : f32
      %t = arith.subf %v, %leak : f32
      %tt = arith.subf %t, %gi : f32
      %dv = arith.divf %tt, %ib : f32
      %v1 = arith.subf %v, %dv : f32
      %jump = arith.subf %reset, %v1 : f32
      %fire = arith.cmpf ogt, %v1, %th : f32
      %z = arith.uitofp %fire : i1 to f32
      %back = arith.mulf %jump, %z : f32
      %v2 = arith.addf %v1, %back : f32)" +
                                       updates))
                              .form;
  CHECK(one.a == other.a);
  CHECK(one.b == other.b);
  CHECK(one.c == other.c);
  CHECK(one.d == other.d);
  CHECK(one.g == other.g);
  CHECK(one.h == other.h);
  CHECK(one.threshold == other.threshold);
  CHECK(one.reset == other.reset);
}

TEST_CASE("thresholds may differ from neuron to neuron") {
  const Analysis analysis = analyse(fold(
      declarations + dynamics + "%fire = arith.cmpf ogt, %v1, %th : f32\n%v2 = arith.select %fire, %reset, %v1 : f32\n" + updates,
      {1.0, 2.0, 3.5}));
  REQUIRE(analysis.form);
  REQUIRE(analysis.form->threshold.size() == 3);
  CHECK(analysis.form->threshold[2] == doctest::Approx(3.5));
}

TEST_CASE("models without a current, a leak or a memory are special cases") {
  const std::string start = R"(
    %th = snn.parameter "threshold" : f32
    %x = snn.receive "x" : f32
    %zero = arith.constant 0.0 : f32)";
  SUBCASE("integrate and fire") {
    const Analysis analysis = analyse(fold(start + R"(
      %v = snn.state "v" : f32
      %v1 = arith.addf %v, %x : f32
      %fire = arith.cmpf ogt, %v1, %th : f32
      %v2 = arith.select %fire, %zero, %v1 : f32
      snn.update "v" = %v2 : f32
      snn.spike %fire)"));
    REQUIRE(analysis.form);
    CHECK(analysis.form->isLif());
    CHECK(analysis.form->b == Values{1.0});
    CHECK(analysis.form->g[0] == Values{1.0});
  }
  SUBCASE("threshold without state") {
    const Analysis analysis = analyse(fold(start + "%fire = arith.cmpf ogt, %x, %th : f32\nsnn.spike %fire"));
    REQUIRE(analysis.form);
    CHECK(analysis.form->vState == -1);
    CHECK(analysis.form->threshold == Values{1.0});
    CHECK(analysis.form->b == Values{0.0});
  }
}

TEST_CASE("a near miss is named [N2]") {
  const std::string compare = "%fire = arith.cmpf ogt, %v1, %th : f32\n", select = "%v2 = arith.select %fire, %reset, %v1 : f32\n";
  CHECK(missOf(declarations + dynamics + compare +
               "%less = arith.subf %v1, %th : f32\n%v2 = arith.select %fire, %less, %v1 : f32\n" + updates) ==
        "resets by subtraction, not to a value");
  CHECK(missOf(declarations + dynamics + "%fire = arith.cmpf oge, %v1, %th : f32\n" + select + updates) ==
        "spikes at v >= threshold, not only above it");
  CHECK(missOf(declarations + dynamics + compare + select +
               "%p = arith.mulf %v1, %gain : f32\nsnn.update \"i\" = %i1 : f32\nsnn.update \"v\" = %v2 : f32\nsnn.spike %fire "
               "payload %p : f32\n") == "emits a payload with each spike");
  CHECK(missOf(declarations + dynamics + "%vv = arith.mulf %v1, %v1 : f32\n%fire = arith.cmpf ogt, %vv, %th : f32\n" + select +
               updates) == "multiplies two values that change");
  CHECK(missOf(declarations + dynamics + "%e = math.exp %v1 : f32\n%fire = arith.cmpf ogt, %e, %th : f32\n" + select + updates) ==
        "computes math.exp of a value that changes");
  CHECK(missOf(declarations + dynamics + compare +
               "%half = arith.mulf %v1, %am : f32\n%v2 = arith.select %fire, %half, %v1 : f32\n" + updates) ==
        "resets to a value that depends on state or input");
  CHECK(missOf(declarations + dynamics + "%fire = arith.cmpf ogt, %v, %th : f32\n" + select + updates) ==
        "compares something other than the new voltage with the threshold");
  CHECK(missOf(declarations + R"(
      %ka = arith.subf %one, %as : f32
      %ii = arith.mulf %i, %ka : f32
      %i1 = arith.addf %ii, %x : f32
      %v1 = arith.addf %v, %i : f32)" +
               compare + select + updates) == "lets the voltage see the current of the previous step");
  CHECK(missOf(declarations + dynamics + compare + select + R"(
      %i2 = arith.select %fire, %zero, %i1 : f32
      snn.update "i" = %i2 : f32
      snn.update "v" = %v2 : f32
      snn.spike %fire)") == "resets two state variables");
  CHECK(missOf(declarations + dynamics +
               "%other = arith.cmpf ogt, %x, %th : f32\n%fire = arith.cmpf ogt, %v1, %th : f32\n%v2 = arith.select %other, %reset, "
               "%v1 : f32\n" +
               updates) == "chooses by a condition that is not the spike condition");
  CHECK(missOf(declarations + dynamics +
               "%other = arith.cmpf ogt, %x, %th : f32\n%big = arith.cmpf ogt, %v1, %th : f32\n"
               "%small = arith.cmpf olt, %v1, %zero : f32\n%fire = arith.select %other, %big, %small : i1\n" +
               select + updates) == "computes arith.select of a value that changes");
}

TEST_CASE("folding makes one parameter of every distinct expression") {
  Maker m;
  const int tau = m.param("tau"), r = m.param("r"), dt = m.dt(), v = m.state("v"), x = m.input("x");
  const int a1 = m.op(NodeKind::Div, dt, tau), a2 = m.op(NodeKind::Div, dt, tau);
  const int one = m.constant(1.0), decay = m.op(NodeKind::Sub, one, a1), gain = m.op(NodeKind::Mul, a2, r);
  const int kept = m.op(NodeKind::Mul, decay, v), drive = m.op(NodeKind::Mul, gain, x);
  const int again = m.op(NodeKind::Mul, m.op(NodeKind::Mul, a1, r), x); // the same product, written twice
  m.model.update[0] = m.op(NodeKind::Add, m.op(NodeKind::Add, kept, drive), again);
  auto folded = foldParameters(m.model, {{0.01, 0.02}, {10.0}}, 1e-3);
  REQUIRE(bool(folded));
  REQUIRE(folded->params.size() == 2);
  CHECK(folded->params[0] == Values{1 - 1e-3 / 0.01, 1 - 1e-3 / 0.02});
  CHECK(folded->params[1] == Values{1e-3 / 0.01 * 10, 1e-3 / 0.02 * 10});
  size_t products = 0;
  for (const Node &node : folded->model.nodes)
    products += node.kind == NodeKind::Mul;
  CHECK(products == 2); // decay * v, gain * x once
  std::vector<double> states{0.5};
  evaluate(m.model, {0.01, 10.0}, 1e-3, states, {2.0});
  CHECK(states[0] == doctest::Approx(0.9 * 0.5 + 2 * 2.0));
}

TEST_CASE("a parameter expression that is not finite is an error with neuron and line") {
  Maker m;
  const int tau = m.param("tau"), v = m.state("v");
  m.model.update[0] = m.op(NodeKind::Mul, v, m.op(NodeKind::Div, m.dt(), tau));
  auto folded = foldParameters(m.model, {{0.01, 0.0}}, 1e-3);
  REQUIRE(!folded);
  CHECK(folded.error().code == 5101);
  CHECK(folded.error().message.find("neuron 1") != std::string::npos);
  CHECK(folded.error().file == "m.mlir");
}
