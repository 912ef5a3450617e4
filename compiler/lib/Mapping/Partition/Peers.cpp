//===- Peers.cpp - METIS, Scotch and Zoltan on a hypergraph ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Only for comparison: nothing that Ranvier compiles depends on these libraries.
//===----------------------------------------------------------------------===//
#include "Peers.h"
#include <algorithm>
#include <numeric>
#if RANVIER_HAVE_METIS
#include <metis.h>
#endif
#if RANVIER_HAVE_SCOTCH
#include <cstdio>
extern "C" {
#include <scotch.h>
}
#endif
#if RANVIER_HAVE_ZOLTAN
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>
#include <zoltan.h>
#endif

using namespace ranvier;
using namespace ranvier::mapping;
using namespace ranvier::mapping::detail;

const char *mapping::toString(Peer peer) { return peer == Peer::Metis ? "metis" : peer == Peer::Scotch ? "scotch" : "zoltan"; }

bool mapping::available(Peer peer) {
  return peer == Peer::Metis ? RANVIER_HAVE_METIS : peer == Peer::Scotch ? RANVIER_HAVE_SCOTCH : RANVIER_HAVE_ZOLTAN;
}

namespace {

[[maybe_unused]] Error failed(Peer peer, const std::string &found) {
  return Error{.code = 6073,
               .message = std::string("the partitioner '") + toString(peer) + "' failed",
               .expected = "a partition",
               .found = found,
               .kind = ErrorKind::System};
}

/// Senders and targets as an undirected graph without repeats; an edge weighs the spikes over it.
struct PlainGraph {
  std::vector<int32_t> ptr{0}, neighbours, weights;
};

/// Distinct targets of every net of a vertex.
template <typename Fn> void forEachNet(const Hypergraph &graph, Fn &&fn) {
  const auto out = outgoing(graph.network);
  std::vector<uint32_t> targets;
  for (uint32_t v = 0; v < graph.vertices; ++v) {
    const uint32_t p = graph.populationOf[v], n = v - graph.vertexBase[p];
    targets.clear();
    for (uint32_t index : out[p]) {
      const Projection &projection = graph.network.projections[index];
      for (uint64_t s = projection.rowPtr[n]; s < projection.rowPtr[n + 1]; ++s)
        targets.push_back(graph.vertexBase[projection.target] + projection.targets[s]);
    }
    std::sort(targets.begin(), targets.end());
    targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
    fn(v, targets);
  }
}

[[maybe_unused]] PlainGraph plainGraph(const Hypergraph &graph) {
  std::vector<std::vector<std::pair<int32_t, int32_t>>> rows(graph.vertices);
  forEachNet(graph, [&](uint32_t v, const std::vector<uint32_t> &targets) {
    const int32_t weight = static_cast<int32_t>(std::max(1u, graph.weight[graph.netOf[v]]));
    for (uint32_t target : targets)
      if (target != v) {
        rows[v].push_back({static_cast<int32_t>(target), weight});
        rows[target].push_back({static_cast<int32_t>(v), weight});
      }
  });
  PlainGraph plain;
  for (auto &row : rows) {
    std::sort(row.begin(), row.end());
    for (size_t i = 0; i < row.size(); ++i)
      if (i && row[i].first == row[i - 1].first) {
        plain.weights.back() += row[i].second;
      } else {
        plain.neighbours.push_back(row[i].first);
        plain.weights.push_back(row[i].second);
      }
    plain.ptr.push_back(static_cast<int32_t>(plain.neighbours.size()));
  }
  return plain;
}

#if RANVIER_HAVE_METIS
static_assert(sizeof(idx_t) == sizeof(int32_t), "PlainGraph is in METIS's integers");

Result<std::vector<uint32_t>> metis(const Hypergraph &graph, const PeerTask &task) {
  PlainGraph plain = plainGraph(graph);
  idx_t options[METIS_NOPTIONS];
  METIS_SetDefaultOptions(options);
  options[METIS_OPTION_OBJTYPE] = METIS_OBJTYPE_VOL;
  options[METIS_OPTION_SEED] = static_cast<idx_t>(task.seed & 0x7FFFFFFF);
  options[METIS_OPTION_UFACTOR] = std::max<idx_t>(1, static_cast<idx_t>((task.imbalance - 1) * 1000));
  std::vector<idx_t> weight(task.vertexWeight.begin(), task.vertexWeight.end()), size(graph.vertices), part(graph.vertices);
  for (uint32_t v = 0; v < graph.vertices; ++v)
    size[v] = static_cast<idx_t>(std::max(1u, graph.weight[graph.netOf[v]]));
  idx_t vertices = static_cast<idx_t>(graph.vertices), constraints = 1, parts = static_cast<idx_t>(task.cores), volume = 0;
  const int status =
      METIS_PartGraphKway(&vertices, &constraints, plain.ptr.data(), plain.neighbours.data(), weight.data(), size.data(),
                          plain.weights.data(), &parts, nullptr, nullptr, options, &volume, part.data());
  if (status != METIS_OK)
    return failed(Peer::Metis, "status " + std::to_string(status));
  return std::vector<uint32_t>(part.begin(), part.end());
}
#endif

#if RANVIER_HAVE_SCOTCH
static_assert(sizeof(SCOTCH_Num) == sizeof(int32_t), "PlainGraph is in Scotch's integers");

Result<std::vector<uint32_t>> scotch(const Hypergraph &graph, const PeerTask &task) {
  PlainGraph plain = plainGraph(graph);
  std::vector<SCOTCH_Num> weight(task.vertexWeight.begin(), task.vertexWeight.end()), part(graph.vertices);
  SCOTCH_Graph subject, bound;
  SCOTCH_Context once; // One thread: with several its results differ from call to call.
  SCOTCH_Strat strategy;
  SCOTCH_graphInit(&subject);
  SCOTCH_stratInit(&strategy);
  SCOTCH_graphInit(&bound);
  SCOTCH_contextInit(&once);
  SCOTCH_contextOptionSetNum(&once, SCOTCH_OPTIONNUMDETERMINISTIC, 1);
  SCOTCH_contextRandomSeed(&once, static_cast<SCOTCH_Num>(task.seed & 0x7FFFFFFF));
  SCOTCH_contextRandomReset(&once);
  SCOTCH_contextThreadSpawn(&once, 1, nullptr);
  int status =
      SCOTCH_graphBuild(&subject, 0, static_cast<SCOTCH_Num>(graph.vertices), plain.ptr.data(), nullptr, weight.data(), nullptr,
                        static_cast<SCOTCH_Num>(plain.neighbours.size()), plain.neighbours.data(), plain.weights.data());
  if (status == 0)
    status = SCOTCH_stratGraphMapBuild(&strategy, SCOTCH_STRATQUALITY, static_cast<SCOTCH_Num>(task.cores), task.imbalance - 1);
  if (status == 0)
    status = SCOTCH_contextBindGraph(&once, &subject, &bound);
  if (status == 0)
    status = SCOTCH_graphPart(&bound, static_cast<SCOTCH_Num>(task.cores), &strategy, part.data());
  SCOTCH_stratExit(&strategy);
  SCOTCH_graphExit(&bound);
  SCOTCH_contextExit(&once);
  SCOTCH_graphExit(&subject);
  if (status != 0)
    return failed(Peer::Scotch, "status " + std::to_string(status));
  return std::vector<uint32_t>(part.begin(), part.end());
}
#endif

#if RANVIER_HAVE_ZOLTAN
/// What Zoltan asks for.
struct Pins {
  std::vector<ZOLTAN_ID_TYPE> edges, pins;
  std::vector<int> ptr;
  std::vector<float> edgeWeights;
  const PeerTask *task = nullptr;
  uint32_t vertices = 0;
};

void registerQueries(Zoltan_Struct *zoltan, Pins &data) {
  Zoltan_Set_Num_Obj_Fn(
      zoltan,
      [](void *pointer, int *error) {
        *error = ZOLTAN_OK;
        return static_cast<int>(static_cast<Pins *>(pointer)->vertices);
      },
      &data);
  Zoltan_Set_Obj_List_Fn(
      zoltan,
      [](void *pointer, int, int, ZOLTAN_ID_PTR global, ZOLTAN_ID_PTR local, int, float *weights, int *error) {
        const Pins &pins = *static_cast<Pins *>(pointer);
        for (uint32_t v = 0; v < pins.vertices; ++v) {
          global[v] = local[v] = v;
          weights[v] = static_cast<float>(pins.task->vertexWeight[v]);
        }
        *error = ZOLTAN_OK;
      },
      &data);
  Zoltan_Set_HG_Size_CS_Fn(
      zoltan,
      [](void *pointer, int *lists, int *pins, int *format, int *error) {
        const Pins &data = *static_cast<Pins *>(pointer);
        *lists = static_cast<int>(data.edges.size());
        *pins = static_cast<int>(data.pins.size());
        *format = ZOLTAN_COMPRESSED_EDGE;
        *error = ZOLTAN_OK;
      },
      &data);
  Zoltan_Set_HG_CS_Fn(
      zoltan,
      [](void *pointer, int, int, int, int, ZOLTAN_ID_PTR edges, int *ptr, ZOLTAN_ID_PTR pins, int *error) {
        const Pins &data = *static_cast<Pins *>(pointer);
        std::copy(data.edges.begin(), data.edges.end(), edges);
        std::copy(data.ptr.begin(), data.ptr.end() - 1, ptr);
        std::copy(data.pins.begin(), data.pins.end(), pins);
        *error = ZOLTAN_OK;
      },
      &data);
  Zoltan_Set_HG_Size_Edge_Wts_Fn(
      zoltan,
      [](void *pointer, int *count, int *error) {
        *count = static_cast<int>(static_cast<Pins *>(pointer)->edges.size());
        *error = ZOLTAN_OK;
      },
      &data);
  Zoltan_Set_HG_Edge_Wts_Fn(
      zoltan,
      [](void *pointer, int, int, int, int, ZOLTAN_ID_PTR edges, ZOLTAN_ID_PTR local, float *weights, int *error) {
        const Pins &data = *static_cast<Pins *>(pointer);
        for (size_t e = 0; e < data.edges.size(); ++e) {
          edges[e] = local[e] = data.edges[e];
          weights[e] = data.edgeWeights[e];
        }
        *error = ZOLTAN_OK;
      },
      &data);
}

Result<std::vector<uint32_t>> zoltan(const Hypergraph &graph, const PeerTask &task) {
  float version = 0;
  if (Zoltan_Initialize(0, nullptr, &version) != ZOLTAN_OK) // Starts MPI where nothing has.
    return failed(Peer::Zoltan, "no start");
  Pins data;
  data.task = &task;
  data.vertices = graph.vertices;
  forEachNet(graph, [&](uint32_t v, const std::vector<uint32_t> &targets) {
    if (targets.empty())
      return;
    data.edges.push_back(v);
    data.ptr.push_back(static_cast<int>(data.pins.size()));
    data.edgeWeights.push_back(static_cast<float>(std::max(1u, graph.weight[graph.netOf[v]])));
    data.pins.push_back(v); // The sender's core is free.
    for (uint32_t target : targets)
      if (target != v)
        data.pins.push_back(target);
  });
  data.ptr.push_back(static_cast<int>(data.pins.size()));
  Zoltan_Struct *zoltan = Zoltan_Create(MPI_COMM_SELF);
  const auto set = [&](const char *key, const std::string &value) { Zoltan_Set_Param(zoltan, key, value.c_str()); };
  set("DEBUG_LEVEL", "0");
  set("LB_METHOD", "HYPERGRAPH");
  set("HYPERGRAPH_PACKAGE", "PHG");
  set("LB_APPROACH", "PARTITION");
  set("RETURN_LISTS", "PARTS");
  set("NUM_GID_ENTRIES", "1");
  set("NUM_LID_ENTRIES", "1");
  set("OBJ_WEIGHT_DIM", "1");
  set("EDGE_WEIGHT_DIM", "1");
  set("PHG_EDGE_SIZE_THRESHOLD", "1.0");
  set("NUM_GLOBAL_PARTS", std::to_string(task.cores));
  set("IMBALANCE_TOL", std::to_string(task.imbalance));
  set("SEED", std::to_string(task.seed & 0x7FFFFFFF));
  registerQueries(zoltan, data);
  int changes = 0, globals = 0, locals = 0, imports = 0, exports = 0;
  ZOLTAN_ID_PTR importGlobal = nullptr, importLocal = nullptr, exportGlobal = nullptr, exportLocal = nullptr;
  int *importProcs = nullptr, *importParts = nullptr, *exportProcs = nullptr, *exportParts = nullptr;
  const int status = Zoltan_LB_Partition(zoltan, &changes, &globals, &locals, &imports, &importGlobal, &importLocal, &importProcs,
                                         &importParts, &exports, &exportGlobal, &exportLocal, &exportProcs, &exportParts);
  std::vector<uint32_t> part(graph.vertices, 0);
  for (int i = 0; i < exports; ++i)
    part[exportLocal[i]] = static_cast<uint32_t>(exportParts[i]);
  Zoltan_LB_Free_Part(&importGlobal, &importLocal, &importProcs, &importParts);
  Zoltan_LB_Free_Part(&exportGlobal, &exportLocal, &exportProcs, &exportParts);
  Zoltan_Destroy(&zoltan);
  if (status != ZOLTAN_OK && status != ZOLTAN_WARN)
    return failed(Peer::Zoltan, "status " + std::to_string(status));
  return part;
}
#endif

} // namespace

Result<std::vector<uint32_t>> detail::runPeer(Peer peer, const Hypergraph &graph, const PeerTask &task) {
  if (task.cores < 2) // Nothing to cut; METIS and Scotch do not all survive the question.
    return std::vector<uint32_t>(graph.vertices, 0);
#if RANVIER_HAVE_METIS
  if (peer == Peer::Metis)
    return metis(graph, task);
#endif
#if RANVIER_HAVE_SCOTCH
  if (peer == Peer::Scotch)
    return scotch(graph, task);
#endif
#if RANVIER_HAVE_ZOLTAN
  if (peer == Peer::Zoltan)
    return zoltan(graph, task);
#endif
  return Error{.code = 6073,
               .message = std::string("Ranvier was built without the partitioner '") + toString(peer) + "'",
               .expected = "its library when Ranvier is configured",
               .found = "none",
               .kind = ErrorKind::Unsupported};
}
