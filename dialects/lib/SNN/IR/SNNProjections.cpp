//===- SNNProjections.cpp - Rules of the projections ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Everything about a projection depends on its two nodes, so all of it is checked in verifySymbolUses.
//===----------------------------------------------------------------------===//
#include "Checks.h"
#include "ranvier/Dialect/SNN/IR/Elements.h"
#include "ranvier/Dialect/SNN/IR/SNN.h"

#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir;
using namespace ranvier::snn;

static int64_t orZero(std::optional<uint64_t> value) { return static_cast<int64_t>(value.value_or(0)); }

ElementsAttr DenseOp::getBiasOrNull() { return getBiasAttr(); }
int64_t DenseOp::getExponentOrZero() { return orZero(getExponent()); }
bool DenseOp::isProcedural() { return false; }
ElementsAttr SparseOp::getBiasOrNull() { return getBiasAttr(); }
int64_t SparseOp::getExponentOrZero() { return orZero(getExponent()); }
bool SparseOp::isProcedural() { return false; }
ElementsAttr Conv1dOp::getBiasOrNull() { return getBiasAttr(); }
int64_t Conv1dOp::getExponentOrZero() { return orZero(getExponent()); }
bool Conv1dOp::isProcedural() { return true; }
ElementsAttr Conv2dOp::getBiasOrNull() { return getBiasAttr(); }
int64_t Conv2dOp::getExponentOrZero() { return orZero(getExponent()); }
bool Conv2dOp::isProcedural() { return true; }
ElementsAttr PoolOp::getBiasOrNull() { return {}; }
int64_t PoolOp::getExponentOrZero() { return orZero(getExponent()); }
bool PoolOp::isProcedural() { return true; }
ElementsAttr ConnectOp::getBiasOrNull() { return {}; }
int64_t ConnectOp::getExponentOrZero() { return orZero(getExponent()); }
bool ConnectOp::isProcedural() { return true; }

//===----------------------------------------------------------------------===//
// What all projections share
//===----------------------------------------------------------------------===//

namespace {
/// The two nodes of a projection, after their rules have been checked.
struct Ends {
  NodeOpInterface source, target;
};
} // namespace

static LogicalResult checkReceptor(ProjectionOpInterface op, NodeOpInterface target, SymbolTableCollection &tables) {
  StringAttr receptor = op.getReceptorAttr();
  if (isa<InputOp>(target.getOperation())) {
    InFlightDiagnostic error = op->emitOpError("ends on an input, which receives nothing");
    error.attachNote(target.getLoc()) << "the input is here";
    return error;
  }
  auto population = dyn_cast<PopulationOp>(target.getOperation());
  if (!population) {
    if (!receptor)
      return success();
    InFlightDiagnostic error = op->emitOpError("names receptor '") << receptor.getValue() << "' of a junction, which has none";
    error.attachNote(target.getLoc()) << "the junction is here";
    return error;
  }
  Operation *model = lookupModel(population, &tables);
  if (!model)
    return success(); // The population's own verifier says so.
  const ModelSlots slots = getModelSlots(model);
  if (receptor ? llvm::is_contained(slots.receptors, receptor.getValue()) : !slots.receptors.empty())
    return success();
  InFlightDiagnostic error = op->emitOpError("model @") << population.getModel() << " has no receptor";
  if (receptor)
    error << " '" << receptor.getValue() << "'";
  error.attachNote(model->getLoc()) << "the model is here";
  return error;
}

/// `listed`: shape of per-synapse delays, where the kind lists its synapses.
static LogicalResult checkDelay(ProjectionOpInterface op, int64_t sources, std::optional<ArrayRef<int64_t>> listed) {
  Attribute delay = op.getDelayAttr();
  if (!delay)
    return success();
  const auto outside = [&](auto found) { return op->emitOpError("expected delays in 0..65535 steps, found ") << found; };
  if (auto number = dyn_cast<IntegerAttr>(delay); number && number.getType().isIntOrIndex()) {
    const int64_t steps = number.getValue().getSExtValue();
    return steps < 0 || steps > maxDelay ? outside(steps) : success();
  }
  if (auto uniform = dyn_cast<UniformAttr>(delay)) {
    if (uniform.getLow() < 0)
      return outside(uniform.getLow());
    return uniform.getHigh() > maxDelay ? outside(uniform.getHigh()) : success();
  }
  if (auto normal = dyn_cast<NormalAttr>(delay)) {
    if (normal.getLow() < 0)
      return outside(normal.getLow());
    return normal.getHigh() > maxDelay ? outside(normal.getHigh()) : success();
  }
  auto elements = dyn_cast<ElementsAttr>(delay);
  if (!elements)
    return op->emitOpError("expected an integer, integer elements or a distribution as delay [steps], found ") << delay;
  if (failed(checkElements(op, "the delays", elements, std::nullopt)))
    return failure();
  std::optional<IntegerView> view = IntegerView::get(delay);
  if (!view)
    return op->emitOpError("expected integers as delays [steps], found ") << elements.getElementType();
  ArrayRef<int64_t> shape = elements.getShapedType().getShape();
  if (shape != ArrayRef<int64_t>(sources) && !(listed && shape == *listed)) {
    InFlightDiagnostic error = op->emitOpError("expected delays of shape ") << formatShape(sources) << " (per source neuron)";
    if (listed)
      error << " or " << formatShape(*listed) << " (per synapse)";
    return error << ", found " << formatShape(shape);
  }
  for (uint64_t i = 0; i < view->size(); ++i)
    if ((*view)[i] < 0 || (*view)[i] > maxDelay)
      return outside((*view)[i]);
  return success();
}

static FailureOr<Ends> checkEnds(ProjectionOpInterface op, SymbolTableCollection &tables) {
  Ends ends{lookupNode(op, op.getSourceAttr(), &tables), lookupNode(op, op.getTargetAttr(), &tables)};
  if (!ends.source)
    return op->emitOpError("expected an input, population or junction @")
           << op.getSourceAttr().getValue() << " in the network, found none";
  if (!ends.target)
    return op->emitOpError("expected a population or junction @") << op.getTargetAttr().getValue() << " in the network, found none";
  if (failed(checkReceptor(op, ends.target, tables)))
    return failure();
  if (const int64_t exponent = op.getExponentOrZero(); exponent < -31 || exponent > 31)
    return op->emitOpError("expected an exponent in -31..31, found ") << exponent;
  if (auto bits = op->getAttrOfType<IntegerAttr>("weight_bits"); bits && (bits.getInt() < 1 || bits.getInt() > 32))
    return op->emitOpError("expected weights of 1..32 bits, found ") << bits.getInt();
  return ends;
}

static LogicalResult checkBias(ProjectionOpInterface op, int64_t count) {
  ElementsAttr bias = op.getBiasOrNull();
  return bias ? checkElements(op, "the bias", bias, ArrayRef<int64_t>(count)) : success();
}

static InFlightDiagnostic &noteEnds(InFlightDiagnostic &error, const Ends &ends) {
  error.attachNote(const_cast<Ends &>(ends).source.getLoc()) << "the source is here";
  error.attachNote(const_cast<Ends &>(ends).target.getLoc()) << "the target is here";
  return error;
}

//===----------------------------------------------------------------------===//
// Dense and sparse
//===----------------------------------------------------------------------===//

LogicalResult DenseOp::verifySymbolUses(SymbolTableCollection &tables) {
  FailureOr<Ends> ends = checkEnds(*this, tables);
  if (failed(ends))
    return failure();
  const int64_t shape[] = {ends->target.getNodeCount(), ends->source.getNodeCount()};
  if (auto type = dyn_cast<ShapedType>(getWeights().getType());
      !type.hasStaticShape() || type.getShape() != ArrayRef<int64_t>(shape)) {
    InFlightDiagnostic error = emitOpError("expected weights of shape ")
                               << formatShape(shape) << " (targets, sources), found " << formatShape(type.getShape());
    return noteEnds(error, *ends);
  }
  return failure(failed(checkElements(*this, "the weights", getWeights(), ArrayRef<int64_t>(shape))) ||
                 failed(checkBias(*this, shape[0])) || failed(checkDelay(*this, shape[1], ArrayRef<int64_t>(shape))));
}

/// row_ptr starts at 0, never falls and ends at the number of synapses; columns ascend in each row (a pair of neurons may have
/// several synapses) and name sources.
static LogicalResult checkRows(SparseOp op, const IntegerView &rows, const IntegerView &columns, int64_t sources) {
  if (rows[0] != 0)
    return op.emitOpError("expected row_ptr to start with 0, found ") << rows[0];
  const auto synapses = static_cast<int64_t>(columns.size());
  for (uint64_t target = 0; target + 1 < rows.size(); ++target) {
    const int64_t begin = rows[target], end = rows[target + 1];
    if (end < begin || end > synapses)
      return op.emitOpError("expected row_ptr to rise from 0 to ")
             << synapses << " (synapses), found " << end << " after " << begin << " at target " << target;
    for (int64_t k = begin; k < end; ++k) {
      const int64_t source = columns[k];
      if (source < 0 || source >= sources)
        return op.emitOpError("expected columns in 0..") << sources - 1 << ", found " << source << " at target " << target;
      if (k > begin && source < columns[k - 1])
        return op.emitOpError("expected columns in ascending order in each row, found ")
               << source << " after " << columns[k - 1] << " at target " << target;
    }
  }
  if (rows[rows.size() - 1] != synapses)
    return op.emitOpError("expected row_ptr to end with ") << synapses << " (synapses), found " << rows[rows.size() - 1];
  return success();
}

LogicalResult SparseOp::verifySymbolUses(SymbolTableCollection &tables) {
  FailureOr<Ends> ends = checkEnds(*this, tables);
  if (failed(ends))
    return failure();
  const int64_t targets = ends->target.getNodeCount(), sources = ends->source.getNodeCount(),
                synapses = getColumns().getNumElements();
  if (failed(checkElements(*this, "row_ptr", getRowPtr(), ArrayRef<int64_t>(targets + 1))) ||
      failed(checkElements(*this, "columns", getColumns(), ArrayRef<int64_t>(synapses))) ||
      failed(checkElements(*this, "the weights", getWeights(), ArrayRef<int64_t>(synapses))) || failed(checkBias(*this, targets)) ||
      failed(checkDelay(*this, sources, ArrayRef<int64_t>(synapses))))
    return failure();
  std::optional<IntegerView> rows = IntegerView::get(getRowPtr()), columns = IntegerView::get(getColumns());
  if (!rows || !columns)
    return emitOpError("expected integers as row_ptr and columns");
  return checkRows(*this, *rows, *columns, sources);
}

//===----------------------------------------------------------------------===//
// Windows: convolutions and pooling
//===----------------------------------------------------------------------===//

namespace {
/// The geometry that convolutions and pooling share; one entry per spatial dimension.
struct Window {
  ArrayRef<int64_t> input; ///< Channels first.
  SmallVector<int64_t> kernel, stride, padding, dilation;
  int64_t outChannels;
};
} // namespace

static SmallVector<int64_t> outputShape(const Window &window) {
  SmallVector<int64_t> shape{window.outChannels};
  for (size_t d = 0; d < window.kernel.size(); ++d) {
    const int64_t room = window.input[d + 1] + 2 * window.padding[d] - window.dilation[d] * (window.kernel[d] - 1) - 1;
    shape.push_back(room < 0 ? 0 : room / window.stride[d] + 1);
  }
  return shape;
}

/// Weights are [out, in / groups, kernel...]: the kernel's extents.
static SmallVector<int64_t> kernelOf(ElementsAttr weights) {
  return SmallVector<int64_t>(weights.getShapedType().getShape().drop_front(2));
}

static Window windowOf(Conv2dOp op) {
  return {op.getInputShape(),
          kernelOf(op.getWeights()),
          SmallVector<int64_t>(op.getStride()),
          SmallVector<int64_t>(op.getPadding()),
          SmallVector<int64_t>(op.getDilation()),
          op.getWeights().getShapedType().getDimSize(0)};
}
static Window windowOf(Conv1dOp op) {
  return {op.getInputShape(),
          kernelOf(op.getWeights()),
          SmallVector<int64_t>(op.getStride()),
          SmallVector<int64_t>(op.getPadding()),
          SmallVector<int64_t>(op.getDilation()),
          op.getWeights().getShapedType().getDimSize(0)};
}
static Window windowOf(PoolOp op) {
  return {op.getInputShape(),
          SmallVector<int64_t>(op.getKernel()),
          SmallVector<int64_t>(op.getStride()),
          SmallVector<int64_t>(op.getPadding()),
          SmallVector<int64_t>(op.getKernel().size(), 1),
          op.getInputShape()[0]};
}

SmallVector<int64_t> Conv2dOp::getOutputShape() { return outputShape(windowOf(*this)); }
SmallVector<int64_t> Conv1dOp::getOutputShape() { return outputShape(windowOf(*this)); }
SmallVector<int64_t> PoolOp::getOutputShape() { return outputShape(windowOf(*this)); }

/// `values` has one entry per spatial dimension, each in low..2^31.
static LogicalResult checkGeometry(Operation *op, StringRef what, ArrayRef<int64_t> values, size_t dimensions, int64_t low) {
  if (values.size() != dimensions)
    return op->emitOpError("expected ") << dimensions << " value(s) in " << what << ", found " << values.size();
  for (int64_t value : values)
    if (value < low || value > maxNodeCount)
      return op->emitOpError("expected values in ") << low << "..2147483648 in " << what << ", found " << formatShape(values);
  return success();
}

/// A node holds `shape`: exactly, or flattened in a node of rank 1.
static LogicalResult checkNodeShape(Operation *op, StringRef what, NodeOpInterface node, ArrayRef<int64_t> shape) {
  int64_t count = 1;
  bool fits = true;
  for (int64_t extent : shape) {
    count *= extent;
    fits = fits && count <= maxNodeCount;
    if (!fits)
      break;
  }
  ArrayRef<int64_t> found = node.getNodeShape();
  if (fits && (found == shape || (found.size() == 1 && found[0] == count)))
    return success();
  InFlightDiagnostic error = op->emitOpError("expected a ") << what << " of shape " << formatShape(shape)
                                                            << " or the same flattened, found " << formatShape(found);
  error.attachNote(node.getLoc()) << "the " << what << " is here";
  return error;
}

/// Input, stride, padding, dilation and kernel; then the shapes of the nodes.
static LogicalResult checkWindow(ProjectionOpInterface op, const Ends &ends, const Window &window) {
  const size_t dimensions = window.kernel.size();
  if (failed(checkGeometry(op, "the kernel", window.kernel, dimensions, 1)) ||
      failed(checkGeometry(op, "the stride", window.stride, dimensions, 1)) ||
      failed(checkGeometry(op, "the padding", window.padding, dimensions, 0)) ||
      failed(checkGeometry(op, "the dilation", window.dilation, dimensions, 1)))
    return failure();
  const SmallVector<int64_t> shape = outputShape(window);
  if (llvm::is_contained(shape, 0))
    return op->emitOpError("the kernel is larger than the padded input: the result would have shape ") << formatShape(shape);
  if (failed(checkNodeShape(op, "source", ends.source, window.input)) || failed(checkNodeShape(op, "target", ends.target, shape)))
    return failure();
  return checkDelay(op, const_cast<Ends &>(ends).source.getNodeCount(), std::nullopt);
}

static LogicalResult checkInputShape(Operation *op, ArrayRef<int64_t> input, size_t dimensions) {
  if (input.size() != dimensions + 1)
    return op->emitOpError("expected an input of rank ") << dimensions + 1 << " (channels first), found " << formatShape(input);
  return checkShape(op, "the input", input);
}

template <typename ConvOp> static LogicalResult checkConvolution(ConvOp op, SymbolTableCollection &tables, size_t dimensions) {
  FailureOr<Ends> ends = checkEnds(op, tables);
  if (failed(ends) || failed(checkInputShape(op, op.getInputShape(), dimensions)) ||
      failed(checkElements(op, "the weights", op.getWeights(), std::nullopt)))
    return failure();
  ArrayRef<int64_t> weights = op.getWeights().getShapedType().getShape();
  if (weights.size() != dimensions + 2 || llvm::is_contained(weights, 0))
    return op.emitOpError("expected weights of rank ")
           << dimensions + 2 << " (out channels, in channels / groups, kernel), found " << formatShape(weights);
  const auto groups = static_cast<int64_t>(op.getGroups());
  const int64_t channels = op.getInputShape()[0];
  if (groups < 1 || channels % groups != 0 || weights[0] % groups != 0)
    return op.emitOpError("expected groups that divide ")
           << channels << " input and " << weights[0] << " output channels, found " << groups;
  if (weights[1] != channels / groups)
    return op.emitOpError("expected weights with ") << channels / groups << " input channel(s) per group, found " << weights[1];
  if (failed(checkBias(op, weights[0])))
    return failure();
  return checkWindow(op, *ends, windowOf(op));
}

LogicalResult Conv2dOp::verifySymbolUses(SymbolTableCollection &tables) { return checkConvolution(*this, tables, 2); }
LogicalResult Conv1dOp::verifySymbolUses(SymbolTableCollection &tables) { return checkConvolution(*this, tables, 1); }

LogicalResult PoolOp::verifySymbolUses(SymbolTableCollection &tables) {
  FailureOr<Ends> ends = checkEnds(*this, tables);
  if (failed(ends))
    return failure();
  if (getKind() != "sum" && getKind() != "average")
    return emitOpError("expected kind \"sum\" or \"average\", found \"") << getKind() << "\"";
  if (failed(checkInputShape(*this, getInputShape(), 2)) || failed(checkGeometry(*this, "the kernel", getKernel(), 2, 1)))
    return failure();
  return checkWindow(*this, *ends, windowOf(*this));
}

//===----------------------------------------------------------------------===//
// Connection rules
//===----------------------------------------------------------------------===//

namespace {
enum class Kind { Probability, Count, Length };
struct RuleParameter {
  StringRef name;
  Kind kind;
};
struct Rule {
  StringRef name;
  SmallVector<RuleParameter, 2> parameters;
};
} // namespace

/// One table says which rules exist and what they take.
static const Rule *findRule(StringRef name) {
  static const Rule rules[] = {{"one_to_one", {}},
                               {"all_to_all", {}},
                               {"fixed_probability", {{"p", Kind::Probability}}},
                               {"fixed_in_degree", {{"k", Kind::Count}}},
                               {"fixed_total_number", {{"n", Kind::Count}}},
                               {"distance_dependent", {{"p_max", Kind::Probability}, {"scale", Kind::Length}}}};
  for (const Rule &rule : rules)
    if (rule.name == name)
      return &rule;
  return nullptr;
}

static LogicalResult checkRuleParameter(ConnectOp op, const RuleParameter &parameter) {
  Attribute value = op.getRuleParams().get(parameter.name);
  if (!value)
    return op.emitOpError("rule \"") << op.getRule() << "\" needs the parameter '" << parameter.name << "'";
  const auto error = [&](StringRef expected) {
    return op.emitOpError("expected ") << expected << " for '" << parameter.name << "', found " << value;
  };
  if (parameter.kind == Kind::Count) {
    auto integer = dyn_cast<IntegerAttr>(value);
    if (!integer || !integer.getType().isSignlessInteger(64) || integer.getInt() < 0 || integer.getInt() > (int64_t(1) << 40))
      return error("an integer in 0..2^40");
    return success();
  }
  auto number = dyn_cast<FloatAttr>(value);
  const double real = number ? number.getValueAsDouble() : NAN;
  if (parameter.kind == Kind::Probability)
    return real >= 0 && real <= 1 ? success() : LogicalResult(error("a probability in [0, 1]"));
  return real > 0 && std::isfinite(real) ? success() : LogicalResult(error("a number > 0"));
}

static LogicalResult checkRule(ConnectOp op, const Ends &nodes) {
  Ends ends = nodes;
  const Rule *rule = findRule(op.getRule());
  if (!rule)
    return op.emitOpError("unknown rule \"") << op.getRule()
                                             << "\"; expected one_to_one, all_to_all, fixed_probability, fixed_in_degree, "
                                                "fixed_total_number or distance_dependent";
  for (const RuleParameter &parameter : rule->parameters)
    if (failed(checkRuleParameter(op, parameter)))
      return failure();
  for (NamedAttribute entry : op.getRuleParams())
    if (llvm::none_of(rule->parameters, [&](const RuleParameter &known) { return known.name == entry.getName().getValue(); }))
      return op.emitOpError("rule \"") << op.getRule() << "\" has no parameter '" << entry.getName().getValue() << "'";
  const int64_t sources = ends.source.getNodeCount(), targets = ends.target.getNodeCount();
  if (op.getRule() == "one_to_one" && sources != targets) {
    InFlightDiagnostic error = op.emitOpError("one_to_one needs nodes of the same size, found ")
                               << sources << " sources and " << targets << " targets";
    return noteEnds(error, ends);
  }
  if (op.getRule() == "distance_dependent" && ends.source.getNodeShape().size() != ends.target.getNodeShape().size()) {
    InFlightDiagnostic error = op.emitOpError("distance_dependent needs nodes of the same rank, found ")
                               << formatShape(ends.source.getNodeShape()) << " and " << formatShape(ends.target.getNodeShape());
    return noteEnds(error, ends);
  }
  const bool draws = op.getRule() == "fixed_in_degree" || op.getRule() == "fixed_total_number";
  if (draws && !op.getAutapses() && op.getSourceAttr() == op.getTargetAttr() && sources == 1)
    return op.emitOpError("a single neuron without autapses leaves no source to draw");
  return success();
}

LogicalResult ConnectOp::verifySymbolUses(SymbolTableCollection &tables) {
  FailureOr<Ends> ends = checkEnds(*this, tables);
  if (failed(ends) || failed(checkRule(*this, *ends)))
    return failure();
  const int64_t sources = ends->source.getNodeCount();
  const bool oneToOne = getRule() == "one_to_one";
  if (isa<ElementsAttr>(getWeights()) && !oneToOne)
    return emitOpError("expected a number or a distribution as weights of rule \"")
           << getRule() << "\": only one_to_one lists them";
  if (failed(checkValue(*this, "the weights", getWeights(), sources)))
    return failure();
  return checkDelay(*this, sources, std::nullopt); // Per source neuron is per synapse for one_to_one.
}

std::optional<uint64_t> ranvier::snn::getSynapseCount(ProjectionOpInterface projection) {
  NodeOpInterface source = lookupNode(projection, projection.getSourceAttr()),
                  target = lookupNode(projection, projection.getTargetAttr());
  const uint64_t sources = source.getNodeCount(), targets = target.getNodeCount();
  if (isa<DenseOp>(projection.getOperation()))
    return sources * targets;
  if (auto sparse = dyn_cast<SparseOp>(projection.getOperation()))
    return sparse.getColumns().getNumElements();
  auto connect = dyn_cast<ConnectOp>(projection.getOperation());
  if (!connect)
    return std::nullopt;
  const bool skipsDiagonal = !connect.getAutapses() && source == target;
  if (connect.getRule() == "one_to_one")
    return skipsDiagonal ? 0 : sources;
  if (connect.getRule() == "all_to_all")
    return sources * targets - (skipsDiagonal ? sources : 0);
  if (connect.getRule() == "fixed_in_degree")
    return targets * static_cast<uint64_t>(connect.getRuleParams().getAs<IntegerAttr>("k").getInt());
  if (connect.getRule() == "fixed_total_number")
    return static_cast<uint64_t>(connect.getRuleParams().getAs<IntegerAttr>("n").getInt());
  return std::nullopt;
}
