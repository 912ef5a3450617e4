//===- NirProjections.cpp - Linear NIR nodes as projections ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fan-in is summation in NIR, so a linear node with several sources is one projection from each source, with the bias on the first
// only; with several neuron targets it is one projection to each. Projections of one node share their weights attribute.
//===----------------------------------------------------------------------===//
#include "NirImporter.h"
#include "ranvier/Dialect/SNN/IR/Elements.h"
#include "ranvier/Support/Text.h"
#include <algorithm>
#include <cmath>

using namespace mlir;

namespace ranvier::frontend {

namespace {

using Ends = ArrayRef<std::pair<std::string, std::string>>;
constexpr int64_t largestKernel = int64_t(1) << 26; ///< Taps of a kernel that is written out with its dilation.
constexpr int64_t longestDelay = 65535;             ///< [steps]; what a mapping::Projection can hold.

std::vector<int64_t> signedShape(ArrayRef<uint64_t> shape) { return {shape.begin(), shape.end()}; }

} // namespace

Result<const formats::nir::Tensor *> NirImporter::tensor(const Node &node, const std::string &parameter) const {
  const auto found = node.params.find(parameter);
  const Tensor *value = found == node.params.end() ? nullptr : std::get_if<Tensor>(&found->second);
  if (!value)
    return problem(5212, node, parameter, "missing parameter", "numbers", found == node.params.end() ? "none" : "a string");
  return value;
}

Result<std::vector<int64_t>> NirImporter::integers(const Node &node, const std::string &parameter, unsigned axes,
                                                   std::optional<int64_t> fallback) const {
  if (fallback && !node.params.count(parameter))
    return std::vector<int64_t>(axes, *fallback);
  RANVIER_TRY(const Tensor *value, tensor(node, parameter));
  if (value->size() != 1 && value->size() != axes)
    return problem(5212, node, parameter, "wrong number of values", "1 or " + std::to_string(axes), std::to_string(value->size()));
  std::vector<int64_t> result;
  for (unsigned i = 0; i < axes; ++i) {
    const double number = value->values[value->size() == 1 ? 0 : i];
    if (!(std::fabs(number) < 1e9) || number != std::floor(number))
      return problem(5212, node, parameter, "not a whole number", "an integer", std::to_string(number));
    result.push_back(static_cast<int64_t>(number));
  }
  return result;
}

Result<std::vector<float>> NirImporter::numbers(const Node &node, const std::string &parameter, uint64_t count) {
  RANVIER_TRY(const Tensor *value, tensor(node, parameter));
  if (value->size() != count)
    return problem(5212, node, parameter, "wrong number of values", std::to_string(count), std::to_string(value->size()));
  std::vector<float> result(value->size());
  bool rounded = false;
  for (size_t i = 0; i < result.size(); ++i) {
    result[i] = static_cast<float>(value->values[i]);
    rounded |= static_cast<double>(result[i]) != value->values[i];
    if (!std::isfinite(result[i]))
      return problem(5215, node, parameter, "a value does not fit float32", "magnitudes up to 3.4e38", decimal(value->values[i]));
  }
  if (rounded)
    assume("node " + node.name + ": " + parameter + " is stored in double precision and was rounded to float32");
  return result;
}

/// `shape` must have as many elements as the tensor.
Result<ElementsAttr> NirImporter::weights(const Node &node, const std::string &parameter, ArrayRef<int64_t> shape) {
  ElementsAttr &made = resources[node.name + "." + parameter];
  if (made)
    return made; // A node used several times has its numbers once.
  uint64_t count = 1;
  for (int64_t extent : shape)
    count *= static_cast<uint64_t>(extent);
  RANVIER_TRY(const std::vector<float> values, numbers(node, parameter, count));
  return made = snn::makeResource(context, node.name + "." + parameter, shape, std::span<const float>(values));
}

Result<ElementsAttr> NirImporter::bias(const Node &node, bool dropZeros) {
  if (!node.params.count("bias"))
    return ElementsAttr();
  RANVIER_TRY(const Tensor *value, tensor(node, "bias"));
  if (dropZeros && std::all_of(value->values.begin(), value->values.end(), [](double number) { return number == 0; }))
    return ElementsAttr();
  return weights(node, "bias", {static_cast<int64_t>(value->size())});
}

Result<void> NirImporter::createDense(const Node &node, Ends ends) {
  RANVIER_TRY(const Tensor *weight, tensor(node, "weight"));
  if (weight->shape.size() < 2)
    return problem(5212, node, "weight", "wrong rank", "[out, in]", shapeText(weight->shape));
  RANVIER_TRY(ElementsAttr offset, bias(node, false));
  const std::vector<int64_t> extents = signedShape(weight->shape);
  if (extents.size() == 2) {
    RANVIER_TRY(const ElementsAttr matrix, weights(node, "weight", extents));
    for (const auto &[source, target] : ends) {
      snn::DenseOp::create(builder, locate(node), symbol(unique(node.name)), reference(source), reference(target), StringAttr(),
                           Attribute(), IntegerAttr(), IntegerAttr(), matrix, offset);
      offset = {};
    }
    return {};
  }
  // Leading dimensions multiply block by block: y[d, o] = sum over i of W[d, o, i] x[d, i].
  const int64_t in = extents.back(), out = extents[extents.size() - 2], total = static_cast<int64_t>(weight->size());
  std::vector<int64_t> rows;
  std::vector<int32_t> columns;
  for (int64_t i = 0; i <= total; i += in)
    rows.push_back(i);
  for (int64_t i = 0; i < total; ++i)
    columns.push_back(static_cast<int32_t>(i / (in * out) * in + i % in));
  RANVIER_TRY(const ElementsAttr values, weights(node, "weight", {total}));
  const auto rowPtr = DenseElementsAttr::get(RankedTensorType::get({static_cast<int64_t>(rows.size())}, builder.getI64Type()),
                                             ArrayRef<int64_t>(rows));
  const auto columnAttr = DenseElementsAttr::get(RankedTensorType::get({total}, builder.getI32Type()), ArrayRef<int32_t>(columns));
  for (const auto &[source, target] : ends) {
    snn::SparseOp::create(builder, locate(node), symbol(unique(node.name)), reference(source), reference(target), StringAttr(),
                          Attribute(), IntegerAttr(), IntegerAttr(), rowPtr, columnAttr, values, offset);
    offset = {};
  }
  return {};
}

Result<void> NirImporter::createConv(const Node &node, unsigned axes, Ends ends) {
  RANVIER_TRY(const Tensor *weight, tensor(node, "weight"));
  if (weight->shape.size() != axes + 2)
    return problem(5212, node, "weight", "wrong rank", axes == 2 ? "[out, in, height, width]" : "[out, in, length]",
                   shapeText(weight->shape));
  if (node.inputShape.size() != axes + 1)
    return problem(5215, node, "input_shape", "convolution of another rank",
                   axes == 2 ? "an input [channels, height, width]" : "an input [channels, length]", shapeText(node.inputShape));
  RANVIER_TRY(const std::vector<int64_t> stride, integers(node, "stride", axes, 1));
  RANVIER_TRY(std::vector<int64_t> dilation, integers(node, "dilation", axes, 1));
  RANVIER_TRY(const std::vector<int64_t> groups, integers(node, "groups", 1, 1));
  std::vector<int64_t> padding(axes, 0);
  const auto given = node.params.find("padding");
  const std::string *word = given == node.params.end() ? nullptr : std::get_if<std::string>(&given->second);
  ElementsAttr kernel;
  if (word && *word == "same") {
    if (std::any_of(stride.begin(), stride.end(), [](int64_t step) { return step != 1; }))
      return problem(5215, node, "padding", "'same' takes no stride above 1", "stride 1", "a larger one");
    RANVIER_TRY(kernel, sameKernel(node, dilation, padding));
  } else if (word && *word != "valid") {
    return problem(5212, node, "padding", "unknown padding", "numbers, 'same' or 'valid'", *word);
  } else {
    if (!word) {
      RANVIER_TRY(padding, integers(node, "padding", axes, 0));
    }
    RANVIER_TRY(kernel, weights(node, "weight", signedShape(weight->shape)));
  }
  RANVIER_TRY(ElementsAttr offset, bias(node, true));
  const auto array = [&](const std::vector<int64_t> &values) { return builder.getDenseI64ArrayAttr(values); };
  for (const auto &pair : ends) {
    const auto [source, target] = shapedEnds(node, pair);
    const StringAttr name = symbol(unique(node.name));
    if (axes == 2)
      snn::Conv2dOp::create(builder, locate(node), name, reference(source), reference(target), StringAttr(), Attribute(),
                            IntegerAttr(), IntegerAttr(), kernel, offset, array(signedShape(node.inputShape)), array(stride),
                            array(padding), array(dilation), builder.getI64IntegerAttr(groups[0]));
    else
      snn::Conv1dOp::create(builder, locate(node), name, reference(source), reference(target), StringAttr(), Attribute(),
                            IntegerAttr(), IntegerAttr(), kernel, offset, array(signedShape(node.inputShape)), array(stride),
                            array(padding), array(dilation), builder.getI64IntegerAttr(groups[0]));
    offset = {};
  }
  return {};
}

/// An axis whose padding is odd gets one more at its end, as PyTorch does it. The dialect pads both sides alike, so the kernel is
/// written out with its dilation, and a tap of weight zero goes before it: then both sides pad alike and no other tap moves.
Result<ElementsAttr> NirImporter::sameKernel(const Node &node, std::vector<int64_t> &dilation, std::vector<int64_t> &padding) {
  RANVIER_TRY(const Tensor *weight, tensor(node, "weight"));
  const std::vector<int64_t> shape = signedShape(weight->shape);
  std::vector<int64_t> wide = shape, spread = dilation, lead(dilation.size(), 0);
  bool uneven = false;
  for (size_t i = 0; i < dilation.size(); ++i) {
    const int64_t both = dilation[i] * (shape[2 + i] - 1);
    padding[i] = (both + 1) / 2;
    if (both % 2 == 0) {
      spread[i] = 1;
      continue;
    }
    uneven = true;
    wide[2 + i] = both + 2;
    lead[i] = 1;
    dilation[i] = 1;
  }
  if (!uneven)
    return weights(node, "weight", shape);
  assume("node " + node.name +
         ": 'same' pads the end of an axis by one more than its beginning; the kernel was extended by zeros to say so");
  ElementsAttr &kernel = resources[node.name + ".weight"];
  if (kernel) // Used before.
    return kernel;
  RANVIER_TRY(const std::vector<float> values, numbers(node, "weight", weight->size()));
  int64_t count = 1;
  for (int64_t extent : wide)
    if (__builtin_mul_overflow(count, extent, &count) || count > largestKernel)
      return problem(5215, node, "padding", "too large a dilation for 'same'", "at most 2^26 taps when written out", "more");
  std::vector<float> taps(static_cast<size_t>(count), 0.0f);
  for (size_t from = 0; from < values.size(); ++from) {
    // Row-major position of the tap in the wide kernel, axis by axis from the last.
    int64_t rest = static_cast<int64_t>(from), place = 0, unit = 1;
    for (size_t axis = shape.size(); axis-- > 0;) {
      int64_t at = rest % shape[axis];
      rest /= shape[axis];
      if (axis >= 2)
        at = at * spread[axis - 2] + lead[axis - 2];
      place += at * unit;
      unit *= wide[axis];
    }
    taps[static_cast<size_t>(place)] = values[from];
  }
  return kernel = snn::makeResource(context, node.name + ".weight", wide, std::span<const float>(taps));
}

std::pair<std::string, std::string> NirImporter::shapedEnds(const Node &node, const std::pair<std::string, std::string> &ends) {
  auto [source, target] = ends;
  const auto differs = [&](const std::string &carrier, const std::vector<uint64_t> &shape) {
    const std::vector<uint64_t> &own = carrierShapes[carrier];
    return own != shape && own.size() != 1;
  };
  const auto junction = [&](const std::string &name, const std::vector<uint64_t> &shape) {
    snn::JunctionOp::create(builder, locate(node), symbol(name), builder.getDenseI64ArrayAttr(signedShape(shape)));
    carrierShapes[name] = shape;
    return name;
  };
  if (differs(source, node.inputShape)) {
    std::string &seen = reshaped[{source, node.inputShape}];
    if (seen.empty()) {
      seen = junction(unique(source + ".reshaped"), node.inputShape);
      createDirect(source, seen, locate(node));
    }
    source = seen;
  }
  if (differs(target, node.outputShape)) {
    const std::string shaped = junction(unique(node.name + ".out"), node.outputShape);
    createDirect(shaped, target, locate(node));
    target = shaped;
  }
  return {source, target};
}

Result<void> NirImporter::createPool(const Node &node, bool average, Ends ends) {
  if (node.inputShape.size() != 3)
    return problem(5215, node, "", "pooling of another rank", "an input [channels, height, width]", shapeText(node.inputShape));
  RANVIER_TRY(const std::vector<int64_t> kernel, integers(node, "kernel_size", 2, std::nullopt));
  RANVIER_TRY(std::vector<int64_t> stride, integers(node, "stride", 2, 0));
  RANVIER_TRY(const std::vector<int64_t> padding, integers(node, "padding", 2, 0));
  if (!node.params.count("stride"))
    stride = kernel; // PyTorch's default.
  for (const auto &pair : ends) {
    const auto [source, target] = shapedEnds(node, pair);
    snn::PoolOp::create(builder, locate(node), symbol(unique(node.name)), reference(source), reference(target), StringAttr(),
                        Attribute(), IntegerAttr(), IntegerAttr(), symbol(average ? "average" : "sum"),
                        builder.getDenseI64ArrayAttr(signedShape(node.inputShape)), builder.getDenseI64ArrayAttr(kernel),
                        builder.getDenseI64ArrayAttr(stride), builder.getDenseI64ArrayAttr(padding));
  }
  return {};
}

Result<void> NirImporter::createScale(const Node &node, Ends ends) {
  RANVIER_TRY(const Tensor *scale, tensor(node, "scale"));
  uint64_t count = 1;
  for (uint64_t extent : node.outputShape)
    count *= extent;
  Attribute factors;
  if (scale->size() == 1 && count != 1)
    factors = builder.getF64FloatAttr(scale->values[0]);
  else {
    RANVIER_TRY(const ElementsAttr elements, weights(node, "scale", {static_cast<int64_t>(count)}));
    factors = elements;
  }
  for (const auto &[source, target] : ends)
    snn::ConnectOp::create(builder, locate(node), symbol(unique(node.name)), reference(source), reference(target), StringAttr(),
                           Attribute(), IntegerAttr(), IntegerAttr(), symbol("one_to_one"), builder.getDictionaryAttr({}), factors,
                           builder.getI64IntegerAttr(0), builder.getBoolAttr(true));
  return {};
}

Result<void> NirImporter::createDelay(const Node &node, Ends ends) {
  RANVIER_TRY(const Tensor *delay, tensor(node, "delay"));
  uint64_t count = 1;
  for (uint64_t extent : node.outputShape)
    count *= extent;
  if (delay->size() != 1 && delay->size() != count)
    return problem(5212, node, "delay", "wrong number of values", "1 or " + std::to_string(count), std::to_string(delay->size()));
  std::vector<int32_t> steps;
  double worst = 0;
  for (double value : delay->values) {
    const double exact = value * (options.timeUnit == TimeUnit::Milliseconds ? 1e-3 : 1.0) / dt;
    if (!(exact >= 0) || std::round(exact) > static_cast<double>(longestDelay))
      return problem(5213, node, "delay", exact < 0 ? "negative delay" : "delay too long",
                     "0.." + std::to_string(longestDelay) + " steps", std::to_string(exact) + " steps");
    steps.push_back(static_cast<int32_t>(std::round(exact)));
    worst = std::max(worst, std::fabs(exact - std::round(exact)));
  }
  if (worst > 1e-3)
    assume("node " + node.name + ": delays were rounded to whole time steps, by up to " + std::to_string(worst) + " steps");
  Attribute value = builder.getI64IntegerAttr(steps.empty() ? 0 : steps[0]);
  if (std::any_of(steps.begin(), steps.end(), [&](int32_t step) { return step != steps[0]; }))
    value = DenseElementsAttr::get(RankedTensorType::get({static_cast<int64_t>(steps.size())}, builder.getI32Type()),
                                   ArrayRef<int32_t>(steps));
  for (const auto &[source, target] : ends)
    snn::ConnectOp::create(builder, locate(node), symbol(unique(node.name)), reference(source), reference(target), StringAttr(),
                           value, IntegerAttr(), IntegerAttr(), symbol("one_to_one"), builder.getDictionaryAttr({}),
                           builder.getF64FloatAttr(1.0), builder.getI64IntegerAttr(0), builder.getBoolAttr(true));
  return {};
}

void NirImporter::createDirect(const std::string &source, const std::string &target, Location loc) {
  snn::ConnectOp::create(builder, loc, symbol(unique(source + "_to_" + target)), reference(source), reference(target), StringAttr(),
                         Attribute(), IntegerAttr(), IntegerAttr(), symbol("one_to_one"), builder.getDictionaryAttr({}),
                         builder.getF64FloatAttr(1.0), builder.getI64IntegerAttr(0), builder.getBoolAttr(true));
}

/// The bias must reach every target once, so each target is a use of its own.
Result<void> NirImporter::createLinear(uint32_t index) {
  const Node &node = graph.nodes[index];
  std::vector<std::string> targets;
  if (shape.needsJunction[index])
    targets.push_back(carriers[index]);
  else
    for (uint32_t target : shape.targets[index])
      targets.push_back(carriers[target]);
  if (targets.empty())
    assume("node " + node.name + ": nothing uses its result, so it was left out");
  names.erase(node.name); // Was reserved for the first projection.
  for (const std::string &target : targets) {
    std::vector<std::pair<std::string, std::string>> ends;
    for (uint32_t source : shape.sources[index])
      ends.emplace_back(carriers[source], target);
    RANVIER_CHECK(createUse(node, ends));
  }
  return {};
}

Result<void> NirImporter::createUse(const Node &node, Ends ends) {
  if (node.type == "Linear" || node.type == "Affine")
    return createDense(node, ends);
  if (node.type == "Conv1d" || node.type == "Conv2d")
    return createConv(node, node.type == "Conv2d" ? 2 : 1, ends);
  if (node.type == "SumPool2d" || node.type == "AvgPool2d")
    return createPool(node, node.type == "AvgPool2d", ends);
  return node.type == "Scale" ? createScale(node, ends) : createDelay(node, ends);
}

Result<void> NirImporter::createProjections() {
  for (uint32_t i = 0; i < graph.nodes.size(); ++i)
    if (shape.kinds[i] == NodeKind::Linear)
      RANVIER_CHECK(createLinear(i));
  for (uint32_t i = 0; i < graph.nodes.size(); ++i)
    if (shape.kinds[i] == NodeKind::Neuron)
      for (uint32_t source : shape.sources[i])
        if (shape.kinds[source] != NodeKind::Linear || shape.needsJunction[source])
          createDirect(carriers[source], carriers[i], locate(graph.nodes[i]));
  return {};
}

Result<void> NirImporter::createOutputs() {
  for (uint32_t i = 0; i < graph.nodes.size(); ++i) {
    if (shape.kinds[i] != NodeKind::Sink)
      continue;
    const Node &node = graph.nodes[i];
    std::string from = carriers[shape.sources[i].front()];
    if (shape.sources[i].size() > 1) {
      from = unique(node.name + ".in");
      snn::JunctionOp::create(builder, locate(node), symbol(from), builder.getDenseI64ArrayAttr(signedShape(node.outputShape)));
      for (uint32_t source : shape.sources[i])
        createDirect(carriers[source], from, locate(node));
    }
    snn::OutputOp::create(builder, locate(node), symbol(node.name), reference(from));
  }
  return {};
}

} // namespace ranvier::frontend
