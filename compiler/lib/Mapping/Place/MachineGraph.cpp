//===- MachineGraph.cpp - Chips and links as a graph ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Mapping/MachineGraph.h"
#include <algorithm>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/connected_components.hpp>
#include <numeric>

using namespace ranvier;
using namespace ranvier::mapping;

namespace {

using Graph = boost::compressed_sparse_row_graph<boost::directedS>;

/// Writes the number of links from the start of a search.
class Distances : public boost::bfs_visitor<> {
public:
  explicit Distances(uint16_t *out) : out(out) {}
  template <typename Edge, typename G> void tree_edge(const Edge &edge, const G &graph) const {
    out[target(edge, graph)] = static_cast<uint16_t>(out[source(edge, graph)] + 1);
  }

private:
  uint16_t *out;
};

constexpr int stepX[6] = {1, 1, 0, -1, -1, 0}, stepY[6] = {0, 1, 1, 0, -1, -1};
constexpr int gridX[4] = {1, 0, -1, 0}, gridY[4] = {0, 1, 0, -1};

} // namespace

Result<MachineGraph> MachineGraph::triangularTorus(uint32_t width, uint32_t height, uint32_t cores, const Faults &faults) {
  return make(width, height, true, 6, cores, faults);
}
Result<MachineGraph> MachineGraph::grid(uint32_t width, uint32_t height, bool wraps, uint32_t cores, const Faults &faults) {
  return make(width, height, wraps, 4, cores, faults);
}

Result<MachineGraph> MachineGraph::make(uint32_t width, uint32_t height, bool wraps, unsigned ports, uint32_t cores,
                                        const Faults &faults) {
  // All distances are kept: 2^13 places take 128 MiB.
  constexpr uint64_t mostPlaces = 1u << 13;
  if (!width || !height || uint64_t(width) * height > mostPlaces || cores > (1u << 16))
    return Error{.code = 6050,
                 .message = "a machine of this size is not supported",
                 .place = "machine",
                 .expected = "1 to " + std::to_string(mostPlaces) + " chips of at most 65536 cores",
                 .found = std::to_string(width) + " x " + std::to_string(height) + " chips of " + std::to_string(cores) + " cores"};
  MachineGraph machine;
  machine.sizeX = width;
  machine.sizeY = height;
  machine.portCount = ports;
  const uint32_t size = width * height;
  machine.coreCount.assign(size, cores);
  std::vector<uint8_t> broken(size_t(size) * ports, 0);
  const auto neighbour = [&](uint32_t place, unsigned port) -> uint32_t {
    const int dx = ports == 6 ? stepX[port] : gridX[port], dy = ports == 6 ? stepY[port] : gridY[port];
    const int64_t x = int64_t(place / height) + dx, y = int64_t(place % height) + dy;
    if (!wraps && (x < 0 || y < 0 || x >= width || y >= height))
      return size;
    const uint32_t to = static_cast<uint32_t>((x + width) % width * height + (y + height) % height);
    return to == place ? size : to;
  };
  for (const auto &[place, port] : faults.links) {
    if (place >= size || port >= ports)
      return Error{.code = 6051,
                   .message = "a fault names a link that does not exist",
                   .place = "down links",
                   .expected = "places 0.." + std::to_string(size - 1) + ", links 0.." + std::to_string(ports - 1),
                   .found = "place " + std::to_string(place) + ", link " + std::to_string(port)};
    broken[size_t(place) * ports + port] = 1;
    if (const uint32_t to = neighbour(place, port); to < size)
      broken[size_t(to) * ports + machine.opposite(port)] = 1;
  }
  std::vector<uint8_t> dead(size, 0);
  for (const uint32_t place : faults.places) {
    if (place >= size)
      return Error{.code = 6051,
                   .message = "a fault names a chip that does not exist",
                   .place = "down chips",
                   .expected = "places 0.." + std::to_string(size - 1),
                   .found = std::to_string(place)};
    dead[place] = 1;
    machine.coreCount[place] = 0;
  }
  machine.first.push_back(0);
  for (uint32_t place = 0; place < size; ++place) {
    for (unsigned port = 0; port < ports && !dead[place]; ++port)
      if (const uint32_t to = neighbour(place, port); to < size && !dead[to] && !broken[size_t(place) * ports + port])
        machine.list.push_back({to, static_cast<uint8_t>(port)});
    machine.first.push_back(machine.list.size());
  }
  machine.measure();
  return machine;
}

/// Distances over working links; places outside the largest connected part lose their cores, because nothing could reach them.
void MachineGraph::measure() {
  std::vector<std::pair<uint32_t, uint32_t>> edges;
  edges.reserve(list.size());
  for (uint32_t place = 0; place < size(); ++place)
    for (const Link &link : links(place))
      edges.push_back({place, link.to});
  const Graph graph(boost::edges_are_sorted, edges.begin(), edges.end(), size());
  table.assign(size_t(size()) * size(), unreachable);
  std::vector<boost::default_color_type> colours(size());
  for (uint32_t from = 0; from < size(); ++from) {
    uint16_t *row = table.data() + size_t(from) * size();
    row[from] = 0;
    boost::breadth_first_search(
        graph, from,
        boost::visitor(Distances(row))
            .color_map(boost::make_iterator_property_map(colours.begin(), get(boost::vertex_index, graph))));
  }
  uint32_t best = 0;
  size_t reach = 0;
  for (uint32_t from = 0; from < size(); ++from)
    if (coreCount[from]) {
      const auto row = distances(from);
      const size_t reached =
          static_cast<size_t>(std::count_if(row.begin(), row.end(), [](uint16_t d) { return d != unreachable; }));
      if (reached > reach) {
        reach = reached;
        best = from;
      }
    }
  for (uint32_t place = 0; place < size(); ++place)
    if (distance(best, place) == unreachable)
      coreCount[place] = 0;
}

uint64_t MachineGraph::totalCores() const { return std::accumulate(coreCount.begin(), coreCount.end(), uint64_t(0)); }
