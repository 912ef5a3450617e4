//===- LowerToMicrocode.cpp - snn models to neuron microcode --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Lowering/LowerToMicrocode.h"
#include "ranvier/Dialect/SNN/IR/Elements.h"
#include "ranvier/Lowering/FloatLowering.h"
#include <cmath>

using namespace mlir;
using namespace ranvier;
using namespace ranvier::compiler;

namespace {
/// File and symbol of an op for an error.
Error placed(Operation *op, Error error) {
  if (auto place = op->getLoc()->findInstanceOf<FileLineColLoc>()) {
    error.file = place.getFilename().str();
    error.place = "line " + std::to_string(place.getLine()) + ", ";
  }
  if (auto symbol = dyn_cast<SymbolOpInterface>(op))
    error.place += ("@" + symbol.getName()).str();
  return error;
}

Result<std::vector<Values>> valuesOf(snn::PopulationOp population, const std::vector<Model::Slot> &slots, DictionaryAttr given,
                                     const char *what) {
  std::vector<Values> result;
  const auto count = static_cast<uint64_t>(population.getNodeCount());
  for (const Model::Slot &slot : slots) {
    Attribute attribute = given ? given.get(slot.name) : Attribute();
    if (!attribute) {
      if (!slot.value)
        return placed(population,
                      {.code = 5111, .message = std::string(what) + " '" + slot.name + "' has no value and the model no default"});
      result.push_back({*slot.value});
      continue;
    }
    std::optional<std::vector<double>> values = snn::readElements(attribute);
    if (!values || (values->size() != 1 && values->size() != count))
      values = snn::drawValues(attribute, count);
    if (values && !llvm::all_of(*values, [](double value) { return std::isfinite(value); }))
      return placed(
          population,
          {.code = 5111, .message = std::string(what) + " '" + slot.name + "' is not finite", .expected = "finite numbers"});
    if (!values || values->empty())
      return placed(population, {.code = 5111,
                                 .message = std::string(what) + " '" + slot.name + "' is no list of numbers",
                                 .expected = "a number, a distribution or " + std::to_string(count) + " elements"});
    result.push_back(compact(std::move(*values)));
  }
  return result;
}

template <typename Function> Result<void> forProjectionsOnto(snn::NodeOpInterface target, Function function) {
  for (Operation &op : target->getParentRegion()->front())
    if (auto projection = dyn_cast<snn::ProjectionOpInterface>(op))
      if (projection.getTargetAttr().getValue() == target.getNodeName())
        RANVIER_CHECK(function(projection));
  return {};
}

ArrayAttr strings(Builder &builder, const std::vector<std::string> &values) {
  SmallVector<StringRef> refs(values.begin(), values.end());
  return builder.getStrArrayAttr(refs);
}

bool sameProgram(snn::ProgramOp a, const isa::Program &program, ArrayAttr states, ArrayAttr params, ArrayAttr inputs,
                 ArrayAttr code, ArrayAttr tables) {
  return a.getProfile() == (program.profile == isa::Profile::F32 ? "f32" : "int") && a.getStates() == states &&
         a.getParams() == params && a.getInputs() == inputs && a.getCode() == code && a.getTablesAttr() == tables;
}
} // namespace

Result<std::vector<Values>> compiler::parameterValues(snn::PopulationOp population, const Model &model) {
  return valuesOf(population, model.params, population.getParams(), "parameter");
}
Result<std::vector<Values>> compiler::initialValues(snn::PopulationOp population, const Model &model) {
  return valuesOf(population, model.states, population.getInit(), "initial value");
}

Result<std::vector<Values>> compiler::collectBiases(snn::NodeOpInterface target, ArrayRef<std::string> receptors) {
  std::vector<Values> sums(receptors.size());
  const auto count = static_cast<size_t>(target.getNodeCount());
  RANVIER_CHECK(forProjectionsOnto(target, [&](snn::ProjectionOpInterface projection) -> Result<void> {
    ElementsAttr bias = projection.getBiasOrNull();
    if (!bias)
      return {};
    size_t receptor = 0;
    if (StringAttr name = projection.getReceptorAttr())
      receptor = llvm::find(receptors, name.getValue()) - receptors.begin();
    if (receptor >= receptors.size())
      return placed(projection, {.code = 5112,
                                 .message = "the target has no such receptor",
                                 .found = projection.getReceptorAttr() ? projection.getReceptorAttr().str() : "none at all"});
    auto values = snn::readElements(bias);
    if (!values || values->empty() || count % values->size() != 0)
      return placed(projection, {.code = 5113,
                                 .message = "the bias does not fit the target",
                                 .expected = "one value per neuron or channel of " + std::to_string(count) + " neurons",
                                 .found = values ? std::to_string(values->size()) + " values" : "no numbers"});
    if (!llvm::all_of(*values, [](double value) { return std::isfinite(value); }))
      return placed(projection, {.code = 5113, .message = "a bias is not finite", .expected = "finite numbers"});
    Values &sum = sums[receptor];
    sum.resize(count, 0.0);
    const size_t perValue = count / values->size();
    for (size_t i = 0; i < count; ++i)
      sum[i] += (*values)[i / perValue];
    return {};
  }));
  for (Values &sum : sums)
    if (!sum.empty())
      sum = compact(std::move(sum));
  return sums;
}

void compiler::removeBiases(snn::NodeOpInterface target) {
  (void)forProjectionsOnto(target, [](snn::ProjectionOpInterface projection) -> Result<void> {
    if (projection.getBiasOrNull())
      projection->removeAttr("bias");
    return {};
  });
}

snn::ProgramOp compiler::programOp(ModuleOp module, Location location, const isa::Program &program) {
  OpBuilder builder(module.getContext());
  std::vector<std::string> lines;
  for (const isa::Instruction &instruction : program.code)
    lines.push_back(isa::disassemble(program, instruction));
  ArrayAttr states = strings(builder, program.states), params = strings(builder, program.params),
            inputs = strings(builder, program.inputs), code = strings(builder, lines);
  SmallVector<Attribute> made;
  for (const auto &table : program.tables)
    made.push_back(builder.getDenseI32ArrayAttr(table));
  const ArrayAttr tables = made.empty() ? ArrayAttr() : builder.getArrayAttr(made);
  std::string name = program.name;
  for (unsigned suffix = 2;; ++suffix) {
    Operation *taken = SymbolTable::lookupSymbolIn(module, name);
    if (!taken)
      break;
    if (auto known = dyn_cast<snn::ProgramOp>(taken); known && sameProgram(known, program, states, params, inputs, code, tables))
      return known;
    name = program.name + "_" + std::to_string(suffix);
  }
  // Before the network, so that the text reads in the order in which things are defined.
  auto networks = module.getOps<snn::NetworkOp>();
  if (networks.empty())
    builder.setInsertionPointToEnd(module.getBody());
  else
    builder.setInsertionPoint(*networks.begin());
  return snn::ProgramOp::create(builder, location, builder.getStringAttr(name),
                                builder.getStringAttr(program.profile == isa::Profile::F32 ? "f32" : "int"), states, params, inputs,
                                code, tables);
}

Attribute compiler::floatAttribute(MLIRContext *context, StringRef name, const Values &values) {
  if (allEqual(values, values[0]))
    return FloatAttr::get(Float64Type::get(context), values[0]);
  std::vector<float> narrow(values.begin(), values.end());
  return snn::makeResource(context, name.str(), {static_cast<int64_t>(narrow.size())}, std::span<const float>(narrow));
}

Attribute compiler::integerAttribute(MLIRContext *context, StringRef name, const Values &values) {
  if (allEqual(values, values[0]))
    return IntegerAttr::get(IntegerType::get(context, 64), static_cast<int64_t>(values[0]));
  std::vector<int32_t> words(values.size());
  for (size_t i = 0; i < values.size(); ++i)
    words[i] = static_cast<int32_t>(values[i]);
  return snn::makeResource(context, name.str(), {static_cast<int64_t>(words.size())}, std::span<const int32_t>(words));
}

namespace {
DictionaryAttr dictionary(MLIRContext *context, StringRef owner, const std::vector<std::string> &names,
                          const std::vector<Values> &values) {
  NamedAttrList list;
  for (size_t i = 0; i < names.size(); ++i)
    list.append(names[i], floatAttribute(context, (owner + "." + names[i]).str(), values[i]));
  return list.getDictionary(context);
}

Result<void> lowerPopulation(ModuleOp module, snn::PopulationOp population, double dt) {
  auto modelOp = dyn_cast_or_null<snn::ModelOp>(snn::lookupModel(population));
  if (!modelOp)
    return {}; // already a program
  RANVIER_TRY(Model model, readModel(modelOp));
  model.user = population.getSymName().str();
  RANVIER_TRY(std::vector<Values> params, parameterValues(population, model));
  RANVIER_TRY(std::vector<Values> init, initialValues(population, model));
  RANVIER_TRY(Folded folded, foldParameters(model, params, dt));
  std::vector<std::string> receptors, states;
  for (const auto &slot : model.inputs)
    receptors.push_back(slot.name);
  for (const auto &slot : model.states)
    states.push_back(slot.name);
  RANVIER_TRY(std::vector<Values> bias, collectBiases(population, receptors));
  RANVIER_TRY(Lowered lowered, lowerF32(folded, bias));
  lowered.program.name = model.name + "_f32";
  auto program = programOp(module, modelOp.getLoc(), lowered.program);
  MLIRContext *context = module.getContext();
  population.setModelAttr(FlatSymbolRefAttr::get(program.getSymNameAttr()));
  population.setParamsAttr(dictionary(context, population.getSymName(), lowered.program.params, lowered.params));
  for (Values &values : init)
    for (double &value : values)
      value = static_cast<double>(static_cast<float>(value));
  population.setInitAttr(dictionary(context, population.getSymName(), states, init));
  removeBiases(population);
  return {};
}

Result<void> lowerJunction(ModuleOp module, snn::JunctionOp junction) {
  RANVIER_TRY(std::vector<Values> bias, collectBiases(junction, {std::string("x")}));
  Lowered lowered = junctionF32(bias[0]);
  lowered.program.name = "junction_f32";
  auto program = programOp(module, junction.getLoc(), lowered.program);
  removeBiases(junction);
  OpBuilder builder(junction);
  MLIRContext *context = module.getContext();
  snn::PopulationOp::create(
      builder, junction.getLoc(), junction.getSymNameAttr(), FlatSymbolRefAttr::get(program.getSymNameAttr()),
      junction.getShapeAttr(), dictionary(context, junction.getSymName(), lowered.program.params, lowered.params),
      DictionaryAttr::get(context), DictionaryAttr(), builder.getI64IntegerAttr(0), FloatAttr(), DictionaryAttr());
  junction.erase();
  return {};
}
} // namespace

Result<void> compiler::lowerModelsF32(ModuleOp module) {
  for (auto network : module.getOps<snn::NetworkOp>()) {
    const double dt = network.getDt().convertToDouble();
    for (auto population : llvm::make_early_inc_range(network.getBody().getOps<snn::PopulationOp>()))
      RANVIER_CHECK(lowerPopulation(module, population, dt));
    for (auto junction : llvm::make_early_inc_range(network.getBody().getOps<snn::JunctionOp>()))
      RANVIER_CHECK(lowerJunction(module, junction));
    RANVIER_CHECK(lowerRulesF32(network));
  }
  return {};
}
