//===- NirShapes.cpp - Shapes of the nodes of a NIR graph -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Neuron nodes whose shape is in doubt (scalar parameters, a leading axis of extent 1 that may be a batch dimension or one channel)
// wait for what their neighbours say: first those before, then those behind; where nobody knows, a leading 1 counts as a batch
// dimension.
//===----------------------------------------------------------------------===//
#include "NirFlatten.h"
#include <algorithm>
#include <deque>

using namespace ranvier;
using namespace ranvier::formats;
using namespace ranvier::formats::nir;

std::string nir::shown(const Shape &shape) {
  std::string out = "[";
  for (uint64_t extent : shape)
    out += (out.size() > 1 ? ", " : "") + std::to_string(extent);
  return out + "]";
}
uint64_t nir::product(const Shape &shape) {
  uint64_t n = 1;
  bool over = false;
  for (uint64_t extent : shape) {
    if (extent == 0)
      return 0;
    over |= __builtin_mul_overflow(n, extent, &n);
  }
  return over ? UINT64_MAX : n;
}
Shape nir::squeezed(const Shape &shape) {
  Shape out;
  for (uint64_t extent : shape)
    if (extent != 1)
      out.push_back(extent);
  return out;
}
Shape nir::withoutLeadingOnes(const Shape &shape) {
  auto first = shape.begin();
  while (shape.end() - first > 1 && *first == 1)
    ++first;
  return {first, shape.end()};
}

namespace {
constexpr uint64_t mostNeurons = uint64_t(1) << 31;
constexpr int64_t longest = 1 << 20; ///< Of kernels, dilation, padding.

class ShapeInference {
public:
  explicit ShapeInference(FlatWork &work) : work(work), states(work.items.size(), State::Unknown), own(work.items.size()) {}

  void run() {
    for (uint32_t k = 0; k < work.items.size() && !work.failure; ++k)
      startWithOwn(k);
    while (!work.failure && advance()) {
    }
    for (uint32_t k = 0; k < work.items.size(); ++k)
      if (states[k] != State::Known)
        return work.fail(1029, work.items[k].node.name, "", "the shape cannot be inferred",
                         "a node before or behind it that has a shape", "none");
    checkEdges();
    for (auto &item : work.items)
      if (!work.failure && item.type->kind == Kind::PerNeuron)
        settleParameters(item);
  }

private:
  enum class State {
    Unknown,
    Scalar,  ///< One value per parameter: the size is the neighbours'.
    Batched, ///< A leading axis of extent 1, of which only the neighbours know what it is.
    Known
  };

  void fail(uint32_t k, unsigned code, const std::string &parameter, std::string message, std::string expected = "",
            std::string found = "") {
    work.fail(code, work.items[k].node.name, parameter, std::move(message), std::move(expected), std::move(found));
  }
  void warn(uint32_t k, const std::string &what) { work.warn(work.items[k].node.name, what); }

  void know(uint32_t k, Shape input, Shape output) {
    for (const Shape *shape : {&input, &output})
      if (product(*shape) > mostNeurons)
        return fail(k, 1027, "", "too many neurons", "at most 2^31", shown(*shape));
    work.items[k].node.inputShape = std::move(input);
    work.items[k].node.outputShape = std::move(output);
    states[k] = State::Known;
    forward.push_back(k);
    backward.push_back(k);
  }

  /// Lets one piece of knowledge act; false if there is none left.
  bool advance() {
    const auto next = [](std::deque<uint32_t> &queue) {
      const uint32_t k = queue.front();
      queue.pop_front();
      return k;
    };
    if (!forward.empty()) {
      const uint32_t k = next(forward);
      for (uint32_t other : work.items[k].after)
        if (!work.failure && states[other] != State::Known)
          offer(other, work.items[k].node.outputShape, k);
    } else if (!backward.empty()) {
      const uint32_t k = next(backward);
      for (uint32_t other : work.items[k].before)
        if (!work.failure && states[other] != State::Known)
          hint(other, work.items[k].node.inputShape, k);
    } else if (windows < work.items.size()) {
      const auto &item = work.items[windows++];
      if (item.type->kind == Kind::Window)
        for (uint32_t other : item.before)
          if (states[other] == State::Batched)
            fitWindow(other, item.type->axes + 1);
    } else if (lonely < work.items.size()) {
      const uint32_t k = lonely++;
      if (states[k] == State::Batched)
        dropBatch(k, Shape(own[k].begin() + 1, own[k].end()));
      else if (states[k] == State::Scalar && !own[k].empty())
        know(k, own[k], own[k]);
    } else {
      return false;
    }
    return true;
  }

  //===--- What a node says itself ------------------------------------------===//

  void startWithOwn(uint32_t k) {
    const auto &item = work.items[k];
    switch (item.type->kind) {
    case Kind::Port:
      if (const auto shape = extents(k, "shape"))
        know(k, *shape, *shape);
      return;
    case Kind::Matrix:
      return startMatrix(k);
    case Kind::PerNeuron:
      return startNeurons(k);
    case Kind::Window:
      if (auto spatial = extents(k, "input_shape")) {
        if (spatial->size() == 1)
          spatial->resize(item.type->axes, spatial->front());
        const Tensor &weight = *item.tensor("weight");
        const int64_t groups = axisValue(item.node, "groups", 0, 1);
        if (groups < 1)
          return fail(k, 1026, "groups", "a value is not positive", ">= 1", std::to_string(groups));
        spatial->insert(spatial->begin(), weight.shape[1] * static_cast<uint64_t>(groups));
        windowShape(k, *spatial);
      }
      return;
    case Kind::Reshape:
      if (const auto shape = extents(k, "input_type"))
        flattenShape(k, *shape);
      return;
    }
  }

  /// A parameter that is a shape.
  std::optional<Shape> extents(uint32_t k, const char *key) {
    const Tensor *tensor = work.items[k].tensor(key);
    if (!tensor)
      return std::nullopt;
    Shape shape;
    for (double extent : tensor->values) {
      if (extent < 1) {
        fail(k, 1026, key, "an extent is not positive", ">= 1", std::to_string(static_cast<int64_t>(extent)));
        return std::nullopt;
      }
      shape.push_back(static_cast<uint64_t>(extent));
    }
    return shape;
  }

  /// Leading axes of a matrix are multiplied one by one.
  void startMatrix(uint32_t k) {
    FlatNode &node = work.items[k].node;
    const Shape &weight = work.items[k].tensor("weight")->shape;
    Shape input(weight.begin(), weight.end() - 2), output = input;
    input.push_back(weight[weight.size() - 1]);
    output.push_back(weight[weight.size() - 2]);
    know(k, input, output);
    if (!work.failure)
      fitBias(k, node.outputShape, output.back());
  }

  /// One bias for each output, or for each of `period` outputs, or one for all.
  void fitBias(uint32_t k, const Shape &shape, uint64_t period) {
    FlatNode &node = work.items[k].node;
    const auto at = node.params.find("bias");
    if (at == node.params.end())
      return;
    auto *bias = std::get_if<Tensor>(&at->second);
    const uint64_t size = product(shape), had = bias->values.size();
    if (had != 1 && had != period && had != size)
      return fail(k, 1027, "bias", "the bias does not fit the weights", shown(shape), shown(bias->shape));
    if (had == 1 && size > 1)
      warn(k, "bias is a scalar; it stands for all " + std::to_string(size) + " outputs");
    bias->values.resize(size);
    for (uint64_t n = had; n < size; ++n)
      bias->values[n] = bias->values[n % had];
    bias->shape = shape;
  }

  void startNeurons(uint32_t k) {
    const auto &item = work.items[k];
    std::string from;
    Shape single;
    for (const ParameterInfo &info : item.type->parameters) {
      const Tensor *values = item.tensor(info.name);
      if (!values)
        continue;
      if (values->values.size() == 1) {
        if (values->shape.size() > single.size())
          single = values->shape;
      } else if (from.empty()) {
        from = info.name;
        own[k] = values->shape;
      } else if (values->shape != own[k]) {
        if (withoutLeadingOnes(values->shape) != withoutLeadingOnes(own[k]))
          return fail(k, 1027, info.name, "parameters of one node differ in shape", shown(own[k]) + " as " + from,
                      shown(values->shape));
        if (values->shape.size() < own[k].size())
          own[k] = values->shape;
      }
    }
    if (from.empty()) {
      states[k] = State::Scalar;
      own[k] = single;
    } else if (own[k].size() > 1 && own[k][0] == 1) {
      states[k] = State::Batched;
    } else {
      know(k, own[k], own[k]);
    }
  }

  //===--- What its neighbours say ------------------------------------------===//

  /// A node before it has the output shape `shape`.
  void offer(uint32_t k, const Shape &shape, uint32_t from) {
    switch (work.items[k].type->kind) {
    case Kind::Window:
      return windowShape(k, shape);
    case Kind::Reshape:
      return flattenShape(k, shape);
    default:
      return hint(k, shape, from);
    }
  }

  /// A neighbour on either side has `shape` where they meet.
  void hint(uint32_t k, const Shape &shape, uint32_t from) {
    if (work.items[k].type->kind == Kind::Port)
      return know(k, shape, shape);
    if (states[k] == State::Scalar) {
      const bool one = product(shape) == 1;
      if (!one || own[k].empty())
        warn(k, "scalar parameters; the size " + shown(shape) + " is taken from '" + work.items[from].node.name + "'");
      return know(k, one && !own[k].empty() ? own[k] : shape, one && !own[k].empty() ? own[k] : shape);
    }
    if (states[k] != State::Batched)
      return;
    if (shape != own[k] && shape.size() < own[k].size() && std::equal(shape.rbegin(), shape.rend(), own[k].rbegin()) &&
        squeezed(shape) == squeezed(own[k]))
      return dropBatch(k, shape);
    know(k, own[k], own[k]);
  }

  /// The node feeds a window over inputs of `rank` axes, which is all that is known.
  void fitWindow(uint32_t k, size_t rank) {
    if (own[k].size() == rank)
      know(k, own[k], own[k]);
    else if (own[k].size() == rank + 1)
      dropBatch(k, Shape(own[k].begin() + 1, own[k].end()));
  }

  void dropBatch(uint32_t k, const Shape &shape) {
    warn(k, "parameters have the shape " + shown(own[k]) + "; the leading 1 is taken as a batch dimension and dropped");
    know(k, shape, shape);
  }

  //===--- Windows and reshapes ---------------------------------------------===//

  /// A parameter of one integer, or of one for each axis.
  static int64_t axisValue(const FlatNode &node, const char *key, size_t axis, int64_t absent) {
    const auto at = node.params.find(key);
    const auto *tensor = at == node.params.end() ? nullptr : std::get_if<Tensor>(&at->second);
    if (!tensor)
      return absent;
    return static_cast<int64_t>(tensor->values[std::min(axis, tensor->values.size() - 1)]);
  }

  void windowShape(uint32_t k, Shape input) {
    const auto &item = work.items[k];
    const FlatNode &node = item.node;
    const unsigned axes = item.type->axes;
    if (input.size() == axes + 2 && input[0] == 1) {
      warn(k, "its input has the shape " + shown(input) + "; the leading 1 is taken as a batch dimension and dropped");
      input.erase(input.begin());
    }
    if (input.size() != axes + 1)
      return fail(k, 1027, "", "wrong number of axes at the input", std::to_string(axes + 1) + " (channels first)", shown(input));
    for (const char *key : {"input_shape", "kernel_size", "stride", "padding", "dilation", "groups"}) {
      const size_t most = std::string(key) == "groups" ? 1 : axes;
      if (const Tensor *given = item.tensor(key); given && given->values.size() != 1 && given->values.size() != most)
        return fail(k, 1027, key, "wrong number of values", most == 1 ? "1" : "1 or " + std::to_string(most),
                    std::to_string(given->values.size()));
    }
    Shape output{input[0]};
    const Tensor *weight = item.tensor("weight");
    if (weight) {
      const int64_t groups = axisValue(node, "groups", 0, 1);
      if (groups < 1 || weight->shape[0] % static_cast<uint64_t>(groups) || input[0] % static_cast<uint64_t>(groups) ||
          weight->shape[1] != input[0] / static_cast<uint64_t>(groups))
        return fail(k, 1027, "weight", "the kernel does not fit the input's channels",
                    std::to_string(input[0]) + " channels in " + std::to_string(groups) + " groups", shown(weight->shape));
      output[0] = weight->shape[0];
    }
    const auto padding = node.params.find("padding");
    const auto *word = padding == node.params.end() ? nullptr : std::get_if<std::string>(&padding->second);
    if (word && *word != "same" && *word != "valid")
      return fail(k, 1026, "padding", "unknown padding", "same, valid or numbers", "'" + *word + "'");
    for (unsigned axis = 0; axis < axes && !work.failure; ++axis)
      output.push_back(
          windowExtent(k, axis, input[1 + axis],
                       weight ? static_cast<int64_t>(weight->shape[2 + axis]) : axisValue(node, "kernel_size", axis, 1), word));
    if (work.failure)
      return;
    know(k, input, output);
    if (weight && !work.failure)
      fitBias(k, {output[0]}, output[0]);
  }

  uint64_t windowExtent(uint32_t k, unsigned axis, uint64_t extent, int64_t kernel, const std::string *word) {
    const FlatNode &node = work.items[k].node;
    const bool conv = work.items[k].tensor("weight") != nullptr;
    const int64_t stride = axisValue(node, "stride", axis, conv ? 1 : kernel), dilation = axisValue(node, "dilation", axis, 1);
    const int64_t pad = word ? 0 : axisValue(node, "padding", axis, 0);
    const auto check = [&](const char *key, int64_t value, int64_t least) {
      if (value < least || value > longest)
        fail(k, 1026, key, "a value is out of range", std::to_string(least) + ".." + std::to_string(longest),
             std::to_string(value));
    };
    check(conv ? "weight" : "kernel_size", kernel, 1);
    check("stride", stride, 1);
    check("dilation", dilation, 1);
    check("padding", pad, 0);
    if (work.failure)
      return 0;
    if (word && *word == "same") {
      if (stride != 1)
        fail(k, 1026, "padding", "'same' needs a stride of 1", "1", std::to_string(stride));
      return extent;
    }
    const int64_t padded = static_cast<int64_t>(extent) + 2 * pad, reach = dilation * (kernel - 1) + 1;
    if (reach > padded) {
      fail(k, 1027, conv ? "weight" : "kernel_size", "the kernel is larger than the padded input",
           "at most " + std::to_string(padded), std::to_string(reach));
      return 0;
    }
    return static_cast<uint64_t>((padded - reach) / stride + 1);
  }

  void flattenShape(uint32_t k, const Shape &input) {
    const FlatNode &node = work.items[k].node;
    const auto rank = static_cast<int64_t>(input.size());
    const auto axis = [&](const char *key, int64_t absent) {
      const int64_t value = axisValue(node, key, 0, absent);
      return value < 0 ? value + rank : value;
    };
    int64_t start = axis("start_dim", 1);
    const int64_t end = axis("end_dim", -1);
    if (start >= rank && rank == 1)
      start = 0;
    if (start < 0 || end >= rank || start > end)
      return fail(k, 1026, "start_dim", "the axes to flatten do not exist", "axes of " + shown(input),
                  std::to_string(start) + ".." + std::to_string(end));
    Shape output(input.begin(), input.begin() + start);
    output.push_back(product(Shape(input.begin() + start, input.begin() + end + 1)));
    output.insert(output.end(), input.begin() + end + 1, input.end());
    know(k, input, output);
  }

  //===--- Agreement --------------------------------------------------------===//

  void checkEdges() {
    for (uint32_t s = 0; s < work.items.size(); ++s)
      for (uint32_t t : work.items[s].after) {
        FlatNode &source = work.items[s].node, &target = work.items[t].node;
        const Shape have = source.outputShape, want = target.inputShape;
        if (have == want)
          continue;
        if (squeezed(have) != squeezed(want))
          return fail(t, 1030, work.items[t].tensor("input_shape") ? "input_shape" : "",
                      "shapes differ along the edge from '" + source.name + "'",
                      shown(have) + " (what '" + source.name + "' gives)", shown(want));
        warn(t, "shape " + shown(want) + " after '" + source.name + "' of shape " + shown(have) + "; axes of extent 1 are ignored");
        if (target.type == "Output")
          target.inputShape = target.outputShape = have;
        else if (source.type == "Input")
          source.inputShape = source.outputShape = want;
      }
  }

  /// Scalars stay scalars; the others get the node's shape.
  void settleParameters(FlatWork::Item &item) {
    const uint64_t size = product(item.node.outputShape);
    std::string scalars;
    bool all = true;
    for (const ParameterInfo &info : item.type->parameters) {
      const auto at = item.node.params.find(info.name);
      if (at == item.node.params.end())
        continue;
      auto &tensor = std::get<Tensor>(at->second);
      if (tensor.values.size() == 1 && size > 1) {
        tensor.shape.clear();
        scalars += (scalars.empty() ? "" : ", ") + info.name;
        continue;
      }
      all = false;
      if (tensor.values.size() != size)
        return work.fail(1027, item.node.name, info.name, "the values do not fit the node's shape", shown(item.node.outputShape),
                         shown(tensor.shape));
      if (size > 1)
        tensor.shape = item.node.outputShape;
    }
    if (!scalars.empty() && !all)
      work.warn(item.node.name, scalars + " scalar; the value stands for all " + std::to_string(size) + " neurons");
  }

  FlatWork &work;
  std::vector<State> states;
  std::vector<Shape> own;                 ///< Of neuron nodes whose shape is in doubt.
  std::deque<uint32_t> forward, backward; ///< Nodes whose shape their neighbours have not heard of.
  size_t windows = 0, lonely = 0;         ///< How far the last two ways of deciding have come.
};
} // namespace

void nir::inferShapes(FlatWork &work) { ShapeInference(work).run(); }
