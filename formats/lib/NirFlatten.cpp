//===- NirFlatten.cpp - Repair, flatten and check NIR graphs --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Real files are broken in known ways; each is repaired with a warning that says what was assumed, or refused with an error that
// names file, node, parameter, expected and found. Shapes are in NirShapes.cpp.
//===----------------------------------------------------------------------===//
#include "NirFlatten.h"
#include "ranvier/Support/Text.h"
#include <algorithm>
#include <cmath>
#include <tuple>

using namespace ranvier;
using namespace ranvier::formats;
using namespace ranvier::formats::nir;

const Tensor *FlatWork::Item::tensor(const std::string &key) const {
  const auto at = node.params.find(key);
  return at == node.params.end() ? nullptr : std::get_if<Tensor>(&at->second);
}

void FlatWork::fail(unsigned code, const std::string &node, const std::string &parameter, std::string message, std::string expected,
                    std::string found) {
  if (failure)
    return;
  failure =
      Error{.code = code, .message = std::move(message), .file = path, .expected = std::move(expected), .found = std::move(found)};
  if (!node.empty())
    failure->place = "node '" + node + "'" + (parameter.empty() ? "" : ", parameter '" + parameter + "'");
}

namespace {
constexpr unsigned maxNesting = 64;
constexpr uint64_t maxEdges = 10000000;

/// "a, b, c", cut to a readable length.
template <typename Names> std::string listed(const Names &names) {
  std::string out;
  for (const auto &name : names) {
    if (out.size() > 300)
      return out + ", ...";
    out += (out.empty() ? "" : ", ") + name;
  }
  return out;
}

class Flattener {
public:
  explicit Flattener(const File &file) : file(file) { work.path = file.path; }

  Result<FlatGraph> run() {
    checkVersion();
    graphs.push_back({});
    collect(file.root, 0, 0);
    for (const auto step : {&Flattener::sortItems, &Flattener::checkParameters, &Flattener::resolveEdges, &Flattener::addPorts,
                            &Flattener::checkReached})
      if (!work.failure)
        (this->*step)();
    if (!work.failure)
      inferShapes(work);
    if (!work.failure)
      dropInnerPorts();
    if (work.failure)
      return *work.failure;
    return finish();
  }

private:
  /// One graph of the file. Names in its edges are those of its own members.
  struct GraphWork {
    std::string name;                              ///< Full name; empty for the file's graph.
    std::map<std::string, uint32_t> nodes, graphs; ///< Members by their own name.
    std::vector<std::pair<std::string, std::string>> edges;
    std::set<std::string> targets, sources;    ///< Names with an edge to or from another member.
    std::optional<std::set<uint32_t>> ends[2]; ///< What an edge into (0) or out of (1) the graph stands for, once asked for.
  };
  enum Side { Into = 0, OutOf = 1 };

  void checkVersion() {
    const std::string &version = file.version;
    if (version.empty())
      work.warnings.push_back("the file has no version; it is read as NIR 1.0.7");
    else if (!version.starts_with("1."))
      work.warnings.push_back("the file follows NIR " + version + "; it is read as NIR 1.0.7");
  }

  //===--- Nested graphs ----------------------------------------------------===//

  void collect(const Node &graph, uint32_t id, unsigned depth) {
    if (depth > maxNesting)
      return work.fail(1032, graphs[id].name, "", "graphs are nested too deeply",
                       "at most " + std::to_string(maxNesting) + " levels");
    for (const auto &[key, parameter] : graph.params)
      work.warnings.push_back((id ? "node '" + graphs[id].name + "'" : std::string("the graph")) + ": '" + key +
                              "' of a graph has no effect");
    graphs[id].edges = graph.edges;
    for (const auto &[from, to] : graph.edges)
      if (from != to)
        graphs[id].sources.insert(from), graphs[id].targets.insert(to);
    std::string numeric;
    for (const Node &child : graph.nodes) {
      const std::string name = id ? graphs[id].name + "." + child.name : child.name;
      if (child.name.empty() || !taken.insert(name).second)
        return work.fail(1020, name, "", child.name.empty() ? "a node has no name" : "two nodes have this name",
                         "names that are unique once graphs are flattened");
      if (numeric.empty() && child.name.find_first_not_of("0123456789") == std::string::npos)
        numeric = name;
      if (child.type == "NIRGraph") {
        work.warn(name, "nested graph flattened; its nodes are called " + name + ".<node>");
        const auto inner = static_cast<uint32_t>(graphs.size());
        graphs[id].graphs[child.name] = inner;
        graphs.push_back({});
        graphs.back().name = name;
        collect(child, inner, depth + 1);
      } else {
        FlatWork::Item item;
        item.node.name = name;
        item.node.type = child.type;
        item.node.params = child.params;
        item.graph = id;
        own.push_back(child.name);
        work.items.push_back(std::move(item));
      }
      if (work.failure)
        return;
    }
    if (!numeric.empty())
      work.warn(numeric, "numeric names are kept as names; they say nothing about the order of nodes");
  }

  void sortItems() {
    if (work.items.empty())
      return work.fail(1028, "", "", "the graph has no nodes", "at least one");
    std::vector<uint32_t> order(work.items.size());
    for (uint32_t k = 0; k < order.size(); ++k)
      order[k] = k;
    std::sort(order.begin(), order.end(),
              [&](uint32_t a, uint32_t b) { return work.items[a].node.name < work.items[b].node.name; });
    std::vector<FlatWork::Item> sorted;
    for (uint32_t k = 0; k < order.size(); ++k) {
      graphs[work.items[order[k]].graph].nodes[own[order[k]]] = k;
      sorted.push_back(std::move(work.items[order[k]]));
    }
    work.items = std::move(sorted);
  }

  //===--- Parameters -------------------------------------------------------===//

  void checkParameters() {
    for (auto &item : work.items) {
      const std::string &name = item.node.name;
      item.type = findType(item.node.type);
      if (!item.type)
        return work.fail(1022, name, "type", "unknown node type", knownTypes(), item.node.type);
      for (const auto &[key, parameter] : item.node.params)
        if (!item.type->find(key))
          return work.fail(1023, name, key, "the type has no such parameter", item.type->names(), key);
      for (const ParameterInfo &info : item.type->parameters) {
        checkParameter(item.node, info);
        if (work.failure)
          return;
      }
    }
  }

  void checkParameter(const FlatNode &node, const ParameterInfo &info) {
    const auto at = node.params.find(info.name);
    if (at == node.params.end()) {
      if (info.mandatory)
        return work.fail(1024, node.name, info.name, "a parameter is missing", node.type + " needs " + info.name, "none");
      if (!info.assumed.empty())
        work.warn(node.name, info.name + " is missing; " + info.assumed + " is assumed");
      return;
    }
    if (const auto *word = std::get_if<std::string>(&at->second)) {
      if (!info.mayBeText)
        work.fail(1025, node.name, info.name, "wrong type", "numbers", "'" + *word + "'");
      return;
    }
    const Tensor &tensor = std::get<Tensor>(at->second);
    if (product(tensor.shape) != tensor.values.size())
      return work.fail(1025, node.name, info.name, "the shape does not fit the number of values", shown(tensor.shape),
                       std::to_string(tensor.values.size()));
    if (tensor.values.empty())
      return work.fail(1025, node.name, info.name, "no values", "at least one", shown(tensor.shape));
    const int rank = static_cast<int>(tensor.shape.size());
    if (rank < info.leastRank || rank > info.mostRank) {
      const std::string least = std::to_string(info.leastRank), most = std::to_string(info.mostRank);
      return work.fail(1027, node.name, info.name, "wrong number of axes", least == most ? least : least + " to " + most,
                       shown(tensor.shape));
    }
    for (double value : tensor.values) {
      if (!std::isfinite(value))
        return work.fail(1026, node.name, info.name, "a value is not finite", "finite numbers", decimal(value));
      if (info.positive && value <= 0)
        return work.fail(1026, node.name, info.name, "a value is not positive", "> 0", decimal(value));
      if (info.integer && (value != std::nearbyint(value) || std::abs(value) > 4294967296.0))
        return work.fail(1026, node.name, info.name, "a value is no integer", "integers up to 2^32", decimal(value));
    }
  }

  //===--- Edges ------------------------------------------------------------===//

  void resolveEdges() {
    uint64_t count = 0;
    for (uint32_t id = 0; id < graphs.size(); ++id)
      for (const auto &[from, to] : graphs[id].edges) {
        const auto sources = endsOf(id, from, OutOf, from, to), targets = endsOf(id, to, Into, from, to);
        if (work.failure)
          return;
        if ((count += sources.size() * targets.size()) > maxEdges)
          return tooManyEdges();
        for (uint32_t s : sources)
          for (uint32_t t : targets) {
            if (work.items[s].after.count(t))
              work.warnings.push_back("edge ('" + work.items[s].node.name + "', '" + work.items[t].node.name +
                                      "') stands twice; it counts once");
            work.connect(s, t);
          }
      }
  }
  void tooManyEdges() {
    work.fail(1032, "", "", "the graph has too many edges once nested graphs are flattened", "at most " + std::to_string(maxEdges));
  }

  /// Nodes that one end of the edge (from, to) of a graph stands for: a node, or the ports of a nested graph.
  std::set<uint32_t> endsOf(uint32_t id, const std::string &name, Side side, const std::string &from, const std::string &to) {
    if (work.failure)
      return {};
    const GraphWork &graph = graphs[id];
    if (const auto node = graph.nodes.find(name); node != graph.nodes.end())
      return {node->second};
    if (const auto inner = graph.graphs.find(name); inner != graph.graphs.end())
      return portsOf(inner->second, side);
    std::vector<std::string> known;
    for (const auto *members : {&graph.nodes, &graph.graphs})
      for (const auto &member : *members)
        known.push_back(member.first);
    std::sort(known.begin(), known.end());
    work.fail(1021, "", "", "an edge names a node that does not exist", "one of " + listed(known), "'" + name + "'");
    work.failure->place = (id ? "node '" + graph.name + "', " : "") + "edge ('" + from + "', '" + to + "')";
    return {};
  }

  const std::set<uint32_t> &portsOf(uint32_t id, Side side) {
    GraphWork &graph = graphs[id];
    if (graph.ends[side])
      return *graph.ends[side];
    std::set<uint32_t> found;
    const char *port = side == Into ? "Input" : "Output";
    for (const auto &[name, node] : graph.nodes)
      if (work.items[node].node.type == port)
        found.insert(node);
    if (found.empty()) {
      const auto &inner = side == Into ? graph.targets : graph.sources;
      std::vector<std::string> open;
      for (const auto &[name, node] : graph.nodes)
        if (!inner.count(name))
          found.insert(node), open.push_back(name);
      for (const auto &[name, nested] : graph.graphs)
        if (!inner.count(name)) {
          const auto &ends = portsOf(nested, side);
          found.insert(ends.begin(), ends.end()), open.push_back(name);
        }
      if (found.empty())
        work.fail(1028, graph.name, "",
                  std::string("the nested graph has no ") + port + " and every node in it has a " +
                      (side == Into ? "predecessor" : "successor"),
                  port);
      else
        work.warn(graph.name, std::string("the nested graph has no ") + port + "; its edges are taken to " +
                                  (side == Into ? "lead to " : "come from ") + listed(open));
    }
    graph.ends[side] = std::move(found);
    return *graph.ends[side];
  }

  //===--- Ports ------------------------------------------------------------===//

  void addPorts() {
    for (const bool input : {true, false}) {
      const std::string port = input ? "Input" : "Output";
      const auto existing = static_cast<uint32_t>(work.items.size());
      std::vector<uint32_t> open;
      bool any = false;
      for (uint32_t k = 0; k < existing; ++k) {
        const auto &item = work.items[k];
        any |= item.graph == 0 && item.node.type == port;
        const auto &ends = input ? item.before : item.after;
        if (ends.empty() || (ends.size() == 1 && *ends.begin() == k))
          open.push_back(k);
      }
      if (any)
        continue;
      if (open.empty())
        return work.fail(1028, "", "",
                         "the graph has no " + port + " and every node has a " + (input ? "predecessor" : "successor"), port);
      std::string name = input ? "input" : "output";
      while (!taken.insert(name).second)
        name += "_";
      FlatWork::Item item;
      item.node.name = name;
      item.node.type = port;
      item.type = findType(port);
      work.items.push_back(std::move(item));
      std::vector<std::string> names;
      for (uint32_t other : open) {
        work.connect(input ? existing : other, input ? other : existing);
        names.push_back(work.items[other].node.name);
      }
      work.warn(name, "the graph has no " + port + "; one was added " + (input ? "before " : "after ") + listed(names));
    }
  }

  void checkReached() {
    for (uint32_t k = 0; k < work.items.size(); ++k) {
      const auto &item = work.items[k];
      const bool alone = item.before.empty() || (item.before.size() == 1 && *item.before.begin() == k);
      if (alone && !(item.isInput() && !item.innerPort()))
        return work.fail(1031, item.node.name, "", "nothing leads to the node", "an edge to it from another node", "none");
    }
  }

  //===--- The result -------------------------------------------------------===//

  /// Ports of nested graphs only pass on, so their neighbours are joined. A port stays where joining would make one edge of two
  /// ways, which sum.
  void dropInnerPorts() {
    dropped.resize(work.items.size());
    uint64_t count = 0;
    for (const auto &item : work.items)
      count += item.after.size();
    for (uint32_t k = 0; k < work.items.size(); ++k) {
      FlatWork::Item &port = work.items[k];
      if (!port.innerPort())
        continue;
      if (port.after.count(k))
        return work.fail(1021, port.node.name, "", "a port of a nested graph leads to itself", "another node", "an edge to itself");
      const bool twice = std::any_of(port.before.begin(), port.before.end(), [&](uint32_t from) {
        const auto &known = work.items[from].after;
        return std::any_of(port.after.begin(), port.after.end(), [&](uint32_t to) { return known.count(to); });
      });
      if (twice)
        continue;
      if ((count += port.before.size() * port.after.size()) > maxEdges)
        return tooManyEdges();
      const std::set<uint32_t> before = std::exchange(port.before, {}), after = std::exchange(port.after, {});
      for (uint32_t from : before) {
        work.items[from].after.erase(k);
        for (uint32_t to : after)
          work.connect(from, to);
      }
      for (uint32_t to : after)
        work.items[to].before.erase(k);
      dropped[k] = true;
    }
  }

  FlatGraph finish() {
    FlatGraph out{.path = file.path, .version = file.version, .nodes = {}, .edges = {}, .warnings = std::move(work.warnings)};
    std::vector<uint32_t> order;
    for (uint32_t k = 0; k < work.items.size(); ++k)
      if (!dropped[k])
        order.push_back(k);
    std::sort(order.begin(), order.end(),
              [&](uint32_t a, uint32_t b) { return work.items[a].node.name < work.items[b].node.name; });
    std::vector<uint32_t> index(work.items.size());
    for (uint32_t k : order) {
      index[k] = static_cast<uint32_t>(out.nodes.size());
      out.nodes.push_back(std::move(work.items[k].node));
    }
    for (uint32_t k : order)
      for (uint32_t to : work.items[k].after)
        out.edges.push_back({index[k], index[to]});
    std::sort(out.edges.begin(), out.edges.end());
    return out;
  }

  const File &file;
  FlatWork work;
  std::vector<GraphWork> graphs;
  std::vector<std::string> own; ///< Names of items in their own graph, until they are sorted.
  std::set<std::string> taken;  ///< Full names of nodes and graphs.
  std::vector<bool> dropped;
};
} // namespace

Result<FlatGraph> nir::flatten(const File &file) { return Flattener(file).run(); }
