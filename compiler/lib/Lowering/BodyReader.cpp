//===- BodyReader.cpp - Arithmetic of a model or rule as nodes ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "BodyReader.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ranvier;
using namespace ranvier::compiler;

std::pair<std::string, std::string> compiler::placeOf(Operation *op) {
  if (auto place = op->getLoc()->findInstanceOf<FileLineColLoc>())
    return {place.getFilename().str(), "line " + std::to_string(place.getLine())};
  return {};
}

namespace {
std::optional<NodeKind> binaryKind(Operation *op) {
  return llvm::TypeSwitch<Operation *, std::optional<NodeKind>>(op)
      .Case<arith::AddFOp>([](auto) { return NodeKind::Add; })
      .Case<arith::SubFOp>([](auto) { return NodeKind::Sub; })
      .Case<arith::MulFOp>([](auto) { return NodeKind::Mul; })
      .Case<arith::DivFOp>([](auto) { return NodeKind::Div; })
      .Case<arith::MaximumFOp>([](auto) { return NodeKind::Maximum; })
      .Case<arith::MinimumFOp>([](auto) { return NodeKind::Minimum; })
      .Case<arith::MaxNumFOp>([](auto) { return NodeKind::MaxNum; })
      .Case<arith::MinNumFOp>([](auto) { return NodeKind::MinNum; })
      .Case<arith::AndIOp>([](auto) { return NodeKind::And; })
      .Case<arith::OrIOp>([](auto) { return NodeKind::Or; })
      .Case<arith::XOrIOp>([](auto) { return NodeKind::Xor; })
      .Default([](Operation *) { return std::optional<NodeKind>(); });
}
std::optional<NodeKind> unaryKind(Operation *op) {
  return llvm::TypeSwitch<Operation *, std::optional<NodeKind>>(op)
      .Case<arith::NegFOp>([](auto) { return NodeKind::Neg; })
      .Case<math::AbsFOp>([](auto) { return NodeKind::Abs; })
      .Case<math::FloorOp>([](auto) { return NodeKind::Floor; })
      .Case<math::SqrtOp>([](auto) { return NodeKind::Sqrt; })
      .Case<math::ExpOp>([](auto) { return NodeKind::Exp; })
      .Case<math::LogOp>([](auto) { return NodeKind::Log; })
      .Default([](Operation *) { return std::optional<NodeKind>(); });
}
} // namespace

int BodyReader::append(Operation *from, Node node) {
  node.op = from->getName().getStringRef().str();
  node.place = placeOf(from).second;
  node.boolean = from->getResult(0).getType().isInteger(1);
  node.wide = from->getResult(0).getType().isF64();
  model.nodes.push_back(std::move(node));
  return static_cast<int>(model.nodes.size()) - 1;
}

void BodyReader::add(Operation *from, Node node) {
  const int result = append(from, std::move(node));
  nodes[from->getResult(0)] = result;
}

Error BodyReader::unsupported(Operation *inner, const std::string &why) const {
  Model named = model;
  named.nodes.push_back({.place = placeOf(inner).second});
  return named.error({.code = 5110,
                      .message = inner->getName().getStringRef().str() + " has no microcode" + why,
                      .hint = "docs/limitations.md lists the ops a model may use",
                      .kind = ErrorKind::CannotRun},
                     static_cast<int>(named.nodes.size()) - 1);
}

void BodyReader::readParameter(snn::ParameterOp parameter) {
  std::optional<double> value;
  if (auto given = parameter.getDefaultValueAttr())
    value = given.getValueAsDouble();
  add(parameter, {.kind = NodeKind::Parameter, .slot = static_cast<uint32_t>(model.params.size())});
  model.params.push_back({parameter.getName().str(), value, {}, placeOf(parameter).second});
}

Result<void> BodyReader::readConstant(arith::ConstantOp constant) {
  if (auto number = dyn_cast<FloatAttr>(constant.getValue()))
    add(constant, {.kind = NodeKind::Constant, .value = number.getValueAsDouble()});
  else if (auto truth = dyn_cast<IntegerAttr>(constant.getValue()); truth && truth.getType().isInteger(1))
    add(constant, {.kind = NodeKind::Constant, .value = truth.getValue().isZero() ? 0.0 : 1.0});
  else
    return unsupported(constant, " for type of this constant");
  return {};
}

/// c ? a : b of booleans: (c and a) or (not c and b).
void BodyReader::readChoice(arith::SelectOp select) {
  const int condition = of(select.getCondition()), truth = append(select, {.kind = NodeKind::Constant, .value = 1});
  const int otherwise = append(select, {.kind = NodeKind::Xor, .a = condition, .b = truth});
  const int first = append(select, {.kind = NodeKind::And, .a = condition, .b = of(select.getTrueValue())});
  const int second = append(select, {.kind = NodeKind::And, .a = otherwise, .b = of(select.getFalseValue())});
  add(select, {.kind = NodeKind::Or, .a = first, .b = second});
}

Result<void> BodyReader::readArithmetic(Operation *inner) {
  if (auto constant = dyn_cast<arith::ConstantOp>(inner))
    return readConstant(constant);
  const bool logic = isa<arith::AndIOp, arith::OrIOp, arith::XOrIOp>(inner);
  if (logic && !inner->getResult(0).getType().isInteger(1))
    return unsupported(inner, " on anything but i1");
  if (auto kind = binaryKind(inner)) {
    add(inner, {.kind = *kind, .a = of(inner->getOperand(0)), .b = of(inner->getOperand(1))});
  } else if (isa<math::CeilOp>(inner)) { // -floor(-x), the sign of zero included
    const int below = append(inner, {.kind = NodeKind::Neg, .a = of(inner->getOperand(0))});
    add(inner, {.kind = NodeKind::Neg, .a = append(inner, {.kind = NodeKind::Floor, .a = below})});
  } else if (isa<arith::ExtFOp, arith::TruncFOp>(inner)) {
    // Values that change from step to step have the target's one number format, all others are computed in double precision: see
    // Node::wide.
    nodes[inner->getResult(0)] = of(inner->getOperand(0));
  } else if (auto kind = unaryKind(inner)) {
    add(inner, {.kind = *kind, .a = of(inner->getOperand(0))});
  } else if (auto compare = dyn_cast<arith::CmpFOp>(inner)) {
    add(inner, {.kind = NodeKind::Compare,
                .a = of(compare.getLhs()),
                .b = of(compare.getRhs()),
                .predicate = static_cast<Predicate>(compare.getPredicate())});
  } else if (auto select = dyn_cast<arith::SelectOp>(inner); select && select.getType().isInteger(1)) {
    readChoice(select);
  } else if (auto select = dyn_cast<arith::SelectOp>(inner)) {
    add(inner, {.kind = NodeKind::Select,
                .a = of(select.getCondition()),
                .b = of(select.getTrueValue()),
                .c = of(select.getFalseValue())});
  } else if (auto number = dyn_cast<arith::UIToFPOp>(inner)) {
    if (!number.getIn().getType().isInteger(1))
      return unsupported(inner, " on anything but i1");
    add(inner, {.kind = NodeKind::FromBool, .a = of(number.getIn())});
  } else {
    return unsupported(inner, "");
  }
  return {};
}
