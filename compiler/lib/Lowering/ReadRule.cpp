//===- ReadRule.cpp - snn.rule as plain data ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "BodyReader.h"
#include "ranvier/Dialect/SNN/IR/Elements.h"
#include "ranvier/Lowering/LowerToMicrocode.h"
#include "ranvier/Support/Text.h"
#include "llvm/ADT/StringMap.h"
#include <tuple>

using namespace mlir;
using namespace ranvier;
using namespace ranvier::compiler;

namespace {
using Kind = Rule::Read::Kind;

RuleEnd endOf(StringRef name) { return name == "pre" ? RuleEnd::Pre : name == "post" ? RuleEnd::Post : RuleEnd::Third; }

class Reader : BodyReader {
public:
  explicit Reader(snn::RuleOp op) : op(op) {}

  Result<Rule> run() {
    model.name = op.getSymName().str();
    std::tie(model.file, model.place) = placeOf(op);
    if (auto third = op.getThird())
      rule.third = third->str();
    declare();
    for (Operation &inner : op.getBody().front())
      RANVIER_CHECK(read(&inner));
    for (uint32_t r = 0; r < rule.reads.size(); ++r)
      model.inputs.push_back({rule.reads[r].input(), {}, {}, rule.reads[r].place});
    rule.body = std::move(model);
    return std::move(rule);
  }

private:
  void declare() {
    rule.reads.push_back({.kind = Kind::Weight, .name = "weight"});
    slot["weight"] = 0;
    for (Operation &inner : op.getBody().front()) {
      if (auto word = dyn_cast<snn::SynapseOp>(inner))
        declare(word.getName(), {.kind = Kind::Word, .name = word.getName().str(), .init = word.getInitial().convertToDouble()},
                &inner);
      if (auto trace = dyn_cast<snn::TraceOp>(inner))
        declare(trace.getName(),
                {.kind = Kind::Trace,
                 .end = endOf(trace.getEnd()),
                 .name = trace.getName().str(),
                 .init = trace.getInitial().convertToDouble()},
                &inner);
    }
  }
  void declare(StringRef name, Rule::Read read, Operation *inner) {
    read.place = placeOf(inner).second;
    slot[name] = static_cast<uint32_t>(rule.reads.size());
    rule.reads.push_back(std::move(read));
  }

  /// A time or the amount: one slot each, however often it is read.
  uint32_t event(Kind kind, RuleEnd end, Operation *inner) {
    for (uint32_t r = 0; r < rule.reads.size(); ++r)
      if (rule.reads[r].kind == kind && rule.reads[r].end == end)
        return r;
    rule.reads.push_back({.kind = kind, .end = end, .name = {}, .place = placeOf(inner).second});
    return static_cast<uint32_t>(rule.reads.size()) - 1;
  }
  void input(Operation *inner, uint32_t slot) { add(inner, {.kind = NodeKind::Input, .slot = slot}); }

  Result<void> read(Operation *inner) {
    if (auto parameter = dyn_cast<snn::ParameterOp>(inner)) {
      readParameter(parameter);
    } else if (isa<snn::TimestepOp>(inner)) {
      add(inner, {.kind = NodeKind::Timestep});
    } else if (auto weight = dyn_cast<snn::WeightOp>(inner)) {
      input(inner, 0);
      rule.low = of(weight.getLow());
      rule.high = of(weight.getHigh());
    } else if (auto word = dyn_cast<snn::SynapseOp>(inner)) {
      input(inner, slot.lookup(word.getName()));
    } else if (auto trace = dyn_cast<snn::TraceOp>(inner)) {
      input(inner, slot.lookup(trace.getName()));
    } else if (auto elapsed = dyn_cast<snn::ElapsedOp>(inner)) {
      input(inner, event(Kind::Elapsed, endOf(elapsed.getEnd()), inner));
    } else if (isa<snn::AmountOp>(inner)) {
      input(inner, event(Kind::Amount, RuleEnd::Third, inner));
    } else if (auto on = dyn_cast<snn::OnOp>(inner)) {
      rule.sets.push_back({endOf(on.getEvent()), slot.lookup(on.getName()), of(on.getValue())});
    } else {
      return readArithmetic(inner);
    }
    return {};
  }

  snn::RuleOp op;
  Rule rule;
  llvm::StringMap<uint32_t> slot;
};
} // namespace

Result<Rule> compiler::readRule(snn::RuleOp op) { return Reader(op).run(); }

Result<std::vector<Values>> compiler::parameterValues(snn::PlasticityOp plasticity, const Rule &rule) {
  std::vector<Values> out;
  for (const Model::Slot &slot : rule.body.params) {
    const Attribute given = plasticity.getParams().get(slot.name);
    const auto numbers = given ? snn::readElements(given) : std::nullopt;
    out.push_back({numbers ? (*numbers)[0] : *slot.value}); // the verifier wants one of the two
  }
  return out;
}

void compiler::setLearner(snn::PlasticityOp plasticity, const Rule &rule, const LoweredRule &lowered) {
  auto network = plasticity->getParentOfType<snn::NetworkOp>();
  auto module = network->getParentOfType<ModuleOp>();
  MLIRContext *context = module.getContext();
  Builder types(context);
  const auto number = [&](isa::Profile profile, double value) -> Attribute {
    if (profile == isa::Profile::F32)
      return types.getF64FloatAttr(value);
    return types.getI64IntegerAttr(static_cast<int64_t>(value));
  };
  NamedAttrList programs, params, init;
  isa::Profile profile = isa::Profile::F32;
  for (unsigned p = 0; p < numRulePrograms; ++p) {
    if (!lowered.programs[p])
      continue;
    const char *name = toString(static_cast<RuleProgram>(p));
    const isa::Program &program = lowered.programs[p]->program;
    profile = program.profile;
    auto op = programOp(module, plasticity.getLoc(), program);
    programs.append(name, FlatSymbolRefAttr::get(op.getSymNameAttr()));
    NamedAttrList values;
    for (size_t s = 0; s < program.params.size(); ++s)
      values.append(program.params[s], number(profile, lowered.programs[p]->params[s][0]));
    params.append(name, values.getDictionary(context));
  }
  for (const Rule::Read &read : rule.reads)
    if (read.kind == Kind::Word || read.kind == Kind::Trace)
      init.append(read.name, number(profile, lowered.initial.at(read.name)));
  std::string name = (plasticity.getSymName() + "_learner").str();
  while (SymbolTable::lookupSymbolIn(module, name))
    name += "_";
  OpBuilder builder(network);
  auto learner = snn::LearnerOp::create(
      builder, plasticity.getLoc(), builder.getStringAttr(name), programs.getDictionary(context), params.getDictionary(context),
      init.getDictionary(context), builder.getI64IntegerAttr(lowered.weightShift), builder.getF64FloatAttr(lowered.weightScale),
      rule.third ? builder.getStringAttr(*rule.third) : StringAttr());
  plasticity.setRuleAttr(FlatSymbolRefAttr::get(learner.getSymNameAttr()));
  plasticity.setParamsAttr(DictionaryAttr::get(context));
}

Result<void> compiler::lowerRulesF32(snn::NetworkOp network) {
  const double dt = network.getDt().convertToDouble();
  for (auto plasticity : network.getBody().getOps<snn::PlasticityOp>()) {
    auto op = dyn_cast_or_null<snn::RuleOp>(snn::lookupRule(plasticity));
    if (!op)
      continue; // already lowered
    RANVIER_TRY(Rule rule, readRule(op));
    rule.body.user = plasticity.getSymName().str();
    RANVIER_TRY(const std::vector<Values> params, parameterValues(plasticity, rule));
    RANVIER_CHECK(checkWeights(plasticity, rule, params));
    RANVIER_TRY(const LoweredRule lowered, lowerRuleF32(rule, params, dt));
    setLearner(plasticity, rule, lowered);
  }
  return {};
}

Result<std::pair<double, double>> compiler::checkWeights(snn::PlasticityOp plasticity, const Rule &rule,
                                                         const std::vector<Values> &params) {
  auto network = plasticity->getParentOfType<snn::NetworkOp>();
  RANVIER_TRY(const auto bounds, rule.bounds(params, network.getDt().convertToDouble()));
  Operation *projection = SymbolTable::lookupSymbolIn(network, plasticity.getProjectionAttr());
  const Attribute weights = projection->getAttr("weights");
  std::vector<double> extremes;
  if (snn::isDistribution(weights)) {
    const Distribution drawn = snn::distributionOf(weights);
    extremes = {drawn.least(), drawn.greatest()};
  } else if (auto numbers = snn::readElements(weights)) {
    extremes = std::move(*numbers);
  }
  if (auto rewiring = snn::rewiringOf(cast<snn::ProjectionOpInterface>(projection)))
    extremes.push_back(rewiring.getWeight().convertToDouble());
  for (const double weight : extremes)
    if (!(weight >= bounds.first && weight <= bounds.second)) {
      const auto [file, line] = placeOf(plasticity);
      return Error{.code = 5333,
                   .message = "a weight of @" + plasticity.getProjection().str() + " lies outside the bounds of its rule",
                   .file = file,
                   .place = (line.empty() ? "" : line + ", ") + "@" + plasticity.getSymName().str(),
                   .expected = decimal(bounds.first) + ".." + decimal(bounds.second),
                   .found = decimal(weight)};
    }
  return bounds;
}
