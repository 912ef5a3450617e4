//===- NirFlatten.cpp - Repair, flatten and check NIR graphs --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Real files are broken in known ways; each is repaired with a warning that says what was assumed, or refused with an error that names file,
// node, parameter, expected and found.
//===----------------------------------------------------------------------===//
#include "NirTypes.h"
#include <algorithm>
#include <cmath>
#include <set>

using namespace ranvier;
using namespace ranvier::formats;
using namespace ranvier::formats::nir;

namespace {
using Shape = std::vector<uint64_t>;

std::string shown(const Shape &shape) {
  std::string out = "[";
  for (uint64_t extent : shape)
    out += (out.size() > 1 ? ", " : "") + std::to_string(extent);
  return out + "]";
}
uint64_t product(const Shape &shape) {
  uint64_t n = 1;
  for (uint64_t extent : shape)
    if (__builtin_mul_overflow(n, extent, &n))
      return UINT64_MAX;
  return n;
}
Shape squeezed(const Shape &shape) {
  Shape out;
  for (uint64_t extent : shape)
    if (extent != 1)
      out.push_back(extent);
  return out;
}

class Flattener {
public:
  explicit Flattener(const File &file) : file(file) {}

  Result<FlatGraph> run() {
    out.path = file.path;
    out.version = file.version;
    collect(file.root, "");
    if (failure)
      return *failure;
    resolveEdges();
    if (!failure)
      dropInnerPorts();
    if (!failure)
      checkParameters();
    if (!failure)
      addPorts();
    if (!failure)
      inferShapes();
    if (!failure)
      checkEdges();
    if (failure)
      return *failure;
    return finish();
  }

private:
  struct Work {
    FlatNode node;
    bool inner = false; ///< An Input or Output of a nested graph.
    bool known = false; ///< outputShape (and for types that fix it, inputShape) known.
  };

  void fail(unsigned code, const std::string &node, const std::string &parameter, std::string message, std::string expected = "", std::string found = "") {
    if (!failure)
      failure = Error{.code = code, .message = std::move(message), .file = file.path,
                      .place = "node '" + node + "'" + (parameter.empty() ? "" : ", parameter '" + parameter + "'"), .expected = std::move(expected),
                      .found = std::move(found)};
  }
  void warn(const std::string &node, const std::string &what) { out.warnings.push_back("node '" + node + "': " + what); }

  //===--- Nested graphs ----------------------------------------------------===//

  void collect(const Node &graph, const std::string &prefix) {
    graphs.insert(prefix);
    for (const Node &child : graph.nodes) {
      const std::string name = prefix.empty() ? child.name : prefix + "." + child.name;
      if (works.count(name) || graphs.count(name))
        return fail(1020, name, "", "two nodes of this name after flattening", "unique names");
      if (child.type == "NIRGraph") {
        warn(name, "nested graph flattened; its nodes are called " + name + ".<node>");
        collect(child, name);
      } else {
        Work work;
        work.node.name = name;
        work.node.type = child.type;
        work.node.params = child.params;
        work.inner = !prefix.empty() && (child.type == "Input" || child.type == "Output");
        works[name] = std::move(work);
      }
    }
    for (const auto &[from, to] : graph.edges)
      rawEdges.push_back({prefix, from, to});
  }

  /// Nodes an end of an edge stands for: itself, or the ports of a nested graph.
  std::vector<std::string> ends(const std::string &prefix, const std::string &name, const char *port) {
    const std::string full = prefix.empty() ? name : prefix + "." + name;
    if (works.count(full))
      return {full};
    std::vector<std::string> found;
    if (graphs.count(full) && full != prefix)
      for (const auto &[other, work] : works)
        if (work.node.type == port && other.size() > full.size() && other.compare(0, full.size() + 1, full + ".") == 0 &&
            !graphs.count(other) && parent(other) == full)
          found.push_back(other);
    return found;
  }
  std::string parent(const std::string &name) const {
    // Names may contain dots themselves: the longest graph that is a prefix is the parent.
    std::string best;
    for (const auto &graph : graphs)
      if (graph.size() > best.size() && name.size() > graph.size() && name.compare(0, graph.size() + 1, graph + ".") == 0)
        best = graph;
    return best;
  }

  void resolveEdges() {
    for (const auto &[prefix, from, to] : rawEdges) {
      const auto sources = ends(prefix, from, "Output"), targets = ends(prefix, to, "Input");
      for (const auto *side : {&sources, &targets})
        if (side->empty()) {
          const std::string &name = side == &sources ? from : to;
          std::string known;
          for (const auto &[other, work] : works)
            known += (known.empty() ? "" : ", ") + other;
          if (!failure)
            failure = Error{.code = 1021, .message = "an edge names a node that does not exist", .file = file.path,
                            .place = "edge ('" + from + "', '" + to + "')", .expected = "one of " + known.substr(0, 400), .found = "'" + name + "'"};
          return;
        }
      for (const auto &s : sources)
        for (const auto &t : targets)
          if (!edges.insert({s, t}).second)
            out.warnings.push_back("edge ('" + s + "', '" + t + "') stands twice; it counts once");
    }
  }

  void dropInnerPorts() {
    std::vector<std::string> ports;
    for (const auto &[name, work] : works)
      if (work.inner)
        ports.push_back(name);
    for (const auto &port : ports) {
      std::vector<std::string> before, after;
      for (const auto &[from, to] : edges) {
        if (to == port && from != port)
          before.push_back(from);
        if (from == port && to != port)
          after.push_back(to);
      }
      for (auto at = edges.begin(); at != edges.end();)
        at = at->first == port || at->second == port ? edges.erase(at) : std::next(at);
      for (const auto &from : before)
        for (const auto &to : after)
          edges.insert({from, to});
      works.erase(port);
    }
  }

  //===--- Parameters -------------------------------------------------------===//

  void checkParameters() {
    for (auto &[name, work] : works) {
      const TypeInfo *type = findType(work.node.type);
      if (!type)
        return fail(1022, name, "type", "unknown node type", knownTypes(), work.node.type);
      for (const auto &[key, parameter] : work.node.params)
        if (!type->find(key))
          return fail(1023, name, key, "the type has no such parameter", type->names(), key);
      for (const ParameterInfo &info : type->parameters)
        checkParameter(work, info);
      if (failure)
        return;
    }
  }

  void checkParameter(Work &work, const ParameterInfo &info) {
    FlatNode &node = work.node;
    auto at = node.params.find(info.name);
    if (at == node.params.end()) {
      if (info.mandatory)
        return fail(1024, node.name, info.name, "a parameter is missing", info.name);
      if (info.name == "v_reset")
        warn(node.name, "v_reset is missing; 0 is assumed");
      return;
    }
    if (std::holds_alternative<std::string>(at->second)) {
      if (!info.mayBeText)
        fail(1025, node.name, info.name, "wrong type", "numbers", "'" + std::get<std::string>(at->second) + "'");
      return;
    }
    Tensor &tensor = std::get<Tensor>(at->second);
    if (product(tensor.shape) != tensor.values.size())
      return fail(1025, node.name, info.name, "the shape does not fit the number of values", shown(tensor.shape), std::to_string(tensor.values.size()));
    if (tensor.values.empty())
      return fail(1025, node.name, info.name, "no values", "at least one", "none");
    for (double value : tensor.values) {
      if (!std::isfinite(value))
        return fail(1026, node.name, info.name, "a value is not finite", "finite numbers", std::to_string(value));
      if (info.positive && value <= 0)
        return fail(1026, node.name, info.name, "a value is not positive", "> 0", std::to_string(value));
      if (info.integer && (value != std::nearbyint(value) || std::abs(value) > 4294967296.0))
        return fail(1026, node.name, info.name, "a value is no integer", "integers below 2^32", std::to_string(value));
    }
    if (info.rank >= 0 && tensor.shape.size() != static_cast<size_t>(info.rank) && !(node.type == "Linear" || node.type == "Affine"))
      return fail(1027, node.name, info.name, "wrong number of axes", std::to_string(info.rank), shown(tensor.shape));
    if (info.perNeuron && tensor.shape.size() >= 2 && tensor.shape[0] == 1) {
      warn(node.name, info.name + " has the shape " + shown(tensor.shape) + "; the leading 1 is taken as a batch dimension and dropped");
      tensor.shape.erase(tensor.shape.begin());
    }
  }

  //===--- Ports ------------------------------------------------------------===//

  void addPorts() {
    auto any = [&](const char *type) { return std::any_of(works.begin(), works.end(), [&](const auto &w) { return w.second.node.type == type; }); };
    auto freeName = [&](std::string name) {
      while (works.count(name))
        name += "_";
      return name;
    };
    if (works.empty())
      return fail(1028, "", "", "the graph has no nodes", "at least one");
    for (const char *port : {"Input", "Output"}) {
      if (any(port))
        continue;
      const bool input = port[0] == 'I';
      std::vector<std::string> open;
      for (const auto &[name, work] : works)
        if (std::none_of(edges.begin(), edges.end(), [&](const auto &e) { return (input ? e.second : e.first) == name && e.first != e.second; }))
          open.push_back(name);
      if (open.empty())
        return fail(1028, "", "", std::string("the graph has no ") + port + " and every node has a " + (input ? "predecessor" : "successor"));
      const std::string name = freeName(input ? "input" : "output");
      Work work;
      work.node.name = name;
      work.node.type = port;
      works[name] = work;
      for (const auto &other : open)
        edges.insert(input ? std::pair{name, other} : std::pair{other, name});
      std::string list;
      for (const auto &other : open)
        list += (list.empty() ? "" : ", ") + other;
      warn(name, std::string("the graph has no ") + port + "; one was added " + (input ? "before " : "after ") + list);
    }
  }

  //===--- Shapes -----------------------------------------------------------===//

  /// Shape by a node's own parameters: neuron parameters, ports, matrices.
  bool ownShapes(Work &work) {
    FlatNode &node = work.node;
    const TypeInfo &type = *findType(node.type);
    auto tensor = [&](const char *key) -> const Tensor * {
      const auto at = node.params.find(key);
      return at == node.params.end() ? nullptr : std::get_if<Tensor>(&at->second);
    };
    if (type.kind == Kind::Port) {
      const Tensor *shape = tensor("shape");
      if (!shape)
        return false;
      node.inputShape.clear();
      for (double extent : shape->values) {
        if (extent < 1)
          fail(1026, node.name, "shape", "an extent is not positive", ">= 1", std::to_string(extent));
        node.inputShape.push_back(static_cast<uint64_t>(std::max(1.0, extent)));
      }
      node.outputShape = node.inputShape;
      return true;
    }
    if (type.kind == Kind::Matrix) {
      const Tensor &weight = *tensor("weight");
      if (weight.shape.size() != 2) {
        fail(1027, node.name, "weight", "wrong number of axes", "[out, in]", shown(weight.shape));
        return false;
      }
      node.outputShape = {weight.shape[0]};
      node.inputShape = {weight.shape[1]};
      if (const Tensor *bias = tensor("bias"); bias && product(bias->shape) != weight.shape[0])
        fail(1027, node.name, "bias", "the bias does not fit the weights", shown({weight.shape[0]}), shown(bias->shape));
      return true;
    }
    if (type.kind != Kind::PerNeuron)
      return false;
    const ParameterInfo *from = nullptr;
    for (const ParameterInfo &info : type.parameters) {
      const Tensor *values = tensor(info.name.c_str());
      if (!values || !info.perNeuron || values->shape.empty() || (values->values.size() == 1 && from))
        continue;
      if (from && from->name != info.name && values->shape != node.outputShape && node.outputShape != Shape{1}) {
        fail(1027, node.name, info.name, "parameters of one node differ in shape", shown(node.outputShape) + " as " + from->name, shown(values->shape));
        return false;
      }
      node.outputShape = values->shape;
      from = &info;
    }
    node.inputShape = node.outputShape;
    return from != nullptr;
  }

  void inferShapes() {
    for (auto &[name, work] : works) {
      work.known = ownShapes(work);
      if (failure)
        return;
    }
    for (bool changed = true; changed && !failure;) {
      changed = false;
      for (const auto &[from, to] : edges) {
        Work &source = works[from], &target = works[to];
        if (source.known && !target.known) {
          propagate(target, source.node.outputShape);
          changed = true;
        } else if (!source.known && target.known && source.node.type == "Input") {
          source.node.inputShape = source.node.outputShape = target.node.inputShape;
          source.known = changed = true;
        }
        if (failure)
          return;
      }
    }
    for (auto &[name, work] : works)
      if (!work.known)
        return fail(1029, name, "", "the shape cannot be inferred: no shape reaches the node");
    // A neuron node of one value whose neighbours are wider: scalar parameters that lost the population size.
    for (const auto &[from, to] : edges) {
      Work &source = works[from], &target = works[to];
      const TypeInfo &type = *findType(target.node.type);
      if (type.kind == Kind::PerNeuron && product(target.node.inputShape) == 1 && product(source.node.outputShape) > 1) {
        warn(to, "scalar parameters; the size " + shown(source.node.outputShape) + " is taken from '" + from + "'");
        target.node.inputShape = target.node.outputShape = source.node.outputShape;
        for (auto &[key, parameter] : target.node.params)
          if (auto *values = std::get_if<Tensor>(&parameter); values && values->values.size() == 1)
            values->shape.clear();
      }
    }
  }

  void propagate(Work &work, const Shape &input) {
    FlatNode &node = work.node;
    node.inputShape = node.outputShape = input;
    work.known = true;
    const TypeInfo &type = *findType(node.type);
    if (type.kind == Kind::PerNeuron)
      warn(node.name, "scalar parameters; the size " + shown(input) + " is taken from the node before");
    else if (type.kind == Kind::Window)
      windowShape(node, input);
    else if (node.type == "Flatten")
      flattenShape(node, input);
  }

  /// A parameter of one or two integers, by axis.
  int64_t axisValue(const FlatNode &node, const char *key, size_t axis, int64_t absent) {
    const auto at = node.params.find(key);
    const auto *tensor = at == node.params.end() ? nullptr : std::get_if<Tensor>(&at->second);
    if (!tensor)
      return absent;
    return static_cast<int64_t>(tensor->values[tensor->values.size() == 1 ? 0 : std::min(axis, tensor->values.size() - 1)]);
  }

  void windowShape(FlatNode &node, const Shape &input) {
    const bool conv = node.type.compare(0, 4, "Conv") == 0;
    const size_t axes = node.type == "Conv1d" ? 1 : 2;
    if (input.size() != axes + 1)
      return fail(1027, node.name, "", "wrong number of axes at the input", std::to_string(axes + 1) + " (channels first)", shown(input));
    uint64_t channels = input[0];
    const Tensor *weight = nullptr;
    if (conv) {
      weight = &std::get<Tensor>(node.params.at("weight"));
      if (weight->shape.size() != axes + 2)
        return fail(1027, node.name, "weight", "wrong number of axes", std::to_string(axes + 2), shown(weight->shape));
      const int64_t groups = axisValue(node, "groups", 0, 1);
      if (groups < 1 || weight->shape[0] % groups || input[0] % groups || weight->shape[1] != input[0] / groups)
        return fail(1027, node.name, "weight", "the kernel does not fit the input's channels", std::to_string(input[0]) + " channels in " + std::to_string(groups) + " groups",
                    shown(weight->shape));
      if (auto bias = node.params.find("bias"); bias != node.params.end())
        if (auto *values = std::get_if<Tensor>(&bias->second); values && values->values.size() != weight->shape[0])
          return fail(1027, node.name, "bias", "one bias per output channel", std::to_string(weight->shape[0]), std::to_string(values->values.size()));
      channels = weight->shape[0];
    }
    node.outputShape = {channels};
    const auto padding = node.params.find("padding");
    const auto *word = padding == node.params.end() ? nullptr : std::get_if<std::string>(&padding->second);
    if (word && *word != "same" && *word != "valid")
      return fail(1026, node.name, "padding", "unknown padding", "same, valid or numbers", *word);
    for (size_t axis = 0; axis < axes; ++axis) {
      const int64_t kernel = conv ? static_cast<int64_t>(weight->shape[2 + axis]) : axisValue(node, "kernel_size", axis, 1);
      const int64_t stride = axisValue(node, "stride", axis, conv ? 1 : kernel), dilation = axisValue(node, "dilation", axis, 1);
      const int64_t pad = word ? 0 : axisValue(node, "padding", axis, 0);
      if (kernel < 1 || stride < 1 || dilation < 1 || pad < 0 || kernel > (1 << 20) || dilation > (1 << 20) || pad > (1 << 20))
        return fail(1026, node.name, "", "kernel, stride and dilation are positive, padding is not negative");
      if (word && *word == "same") {
        if (stride != 1)
          return fail(1026, node.name, "padding", "'same' needs a stride of 1", "1", std::to_string(stride));
        node.outputShape.push_back(input[1 + axis]);
        continue;
      }
      const int64_t span = static_cast<int64_t>(input[1 + axis]) + 2 * pad - dilation * (kernel - 1) - 1;
      if (span < 0)
        return fail(1027, node.name, "", "the kernel is larger than the padded input", std::to_string(input[1 + axis] + 2 * pad), std::to_string(dilation * (kernel - 1) + 1));
      node.outputShape.push_back(static_cast<uint64_t>(span / stride + 1));
    }
  }

  void flattenShape(FlatNode &node, const Shape &input) {
    auto axis = [&](const char *key, int64_t absent) {
      int64_t value = axisValue(node, key, 0, absent);
      return value < 0 ? value + static_cast<int64_t>(input.size()) : value;
    };
    int64_t start = axis("start_dim", 1);
    const int64_t end = axis("end_dim", -1), rank = static_cast<int64_t>(input.size());
    if (start >= rank && rank == 1)
      start = 0;
    if (start < 0 || end >= rank || start > end)
      return fail(1026, node.name, "start_dim", "the axes to flatten do not exist", "within " + shown(input), std::to_string(start) + ".." + std::to_string(end));
    Shape shape(input.begin(), input.begin() + start);
    uint64_t joined = 1;
    for (int64_t k = start; k <= end; ++k)
      joined *= input[k];
    shape.push_back(joined);
    shape.insert(shape.end(), input.begin() + end + 1, input.end());
    node.outputShape = shape;
  }

  //===--- Edges ------------------------------------------------------------===//

  void checkEdges() {
    for (const auto &[from, to] : edges) {
      FlatNode &source = works[from].node, &target = works[to].node;
      const Shape &have = source.outputShape;
      Shape &want = target.inputShape;
      if (have == want)
        continue;
      if (squeezed(have) == squeezed(want)) {
        warn(to, "shape " + shown(want) + " after '" + from + "' of shape " + shown(have) + "; axes of extent 1 are ignored");
        if (target.type == "Output")
          want = target.outputShape = have;
        else if (source.type == "Input")
          source.inputShape = source.outputShape = want;
        continue;
      }
      return fail(1030, to, "", "shapes differ along the edge from '" + from + "'", shown(have) + " (what '" + from + "' gives)", shown(want));
    }
    for (const auto &[name, work] : works) {
      if (product(work.node.outputShape) > (uint64_t(1) << 31))
        return fail(1027, name, "", "too many neurons", "at most 2^31", shown(work.node.outputShape));
      const bool into = std::any_of(edges.begin(), edges.end(), [&](const auto &e) { return e.second == work.node.name; });
      if (work.node.type != "Input" && !into)
        return fail(1031, name, "", "nothing leads to the node");
    }
  }

  FlatGraph finish() {
    std::map<std::string, uint32_t> index;
    for (auto &[name, work] : works) {
      index[name] = static_cast<uint32_t>(out.nodes.size());
      out.nodes.push_back(std::move(work.node));
    }
    for (const auto &[from, to] : edges)
      out.edges.push_back({index[from], index[to]});
    std::sort(out.edges.begin(), out.edges.end());
    return std::move(out);
  }

  const File &file;
  FlatGraph out;
  std::map<std::string, Work> works;
  std::set<std::string> graphs;
  std::vector<std::tuple<std::string, std::string, std::string>> rawEdges;
  std::set<std::pair<std::string, std::string>> edges;
  std::optional<Error> failure;
};
} // namespace

Result<FlatGraph> nir::flatten(const File &file) { return Flattener(file).run(); }
