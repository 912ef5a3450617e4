//===- Nir.h - Neuromorphic Intermediate Representation files ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads NIR graphs (spec 0.1.1 .. 1.0.7) as they are found in the wild. Files from strangers are parsed by libhdf5 in a forked
// child with resource limits; only validated plain data crosses back.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_FORMATS_NIR_H
#define RANVIER_FORMATS_NIR_H

#include "ranvier/Support/Error.h"
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace ranvier::formats::nir {

/// Numeric parameter: shape [] is a scalar; values in row-major order. Integers are exact in double up to 2^53.
struct Tensor {
  std::vector<uint64_t> shape;
  std::vector<double> values;
  bool isFloat32 = false, isInteger = false;
  uint64_t size() const { return values.size(); }
};
using Parameter = std::variant<Tensor, std::string>;

struct Graph;
struct Node {
  std::string name, type; ///< type: "LIF", "Affine", ..., "NIRGraph" for a nested graph.
  std::map<std::string, Parameter> params;
  std::vector<Node> nodes; ///< Nested graph only.
  std::vector<std::pair<std::string, std::string>> edges;
};
/// The file as read, nothing repaired. The root node has type NIRGraph.
struct File {
  std::string path, version;
  Node root;
};

/// Errors: RNV1001 (not HDF5 / not NIR), RNV1002 (limits exceeded), RNV1003 (reader child crashed: corrupt file), RNV1004 (refused
/// contents), RNV1005 (groups or data sets that NIR does not have).
Result<File> read(const std::string &path);
/// Writes spec 1.0.7, gzip-compressed like nir.write. Atomic. Errors: RNV1010, RNV1011, RNV9003, RNV9004.
Result<void> write(const File &file);

//===--- Repaired, flat, checked ------------------------------------------===//

/// A node after repair: nested graphs flattened (names joined with '.'), shapes inferred and checked on every edge.
struct FlatNode {
  std::string name, type;
  std::map<std::string, Parameter> params;       ///< Neuron parameters broadcast checks done; scalars stay scalars.
  std::vector<uint64_t> inputShape, outputShape; ///< Without batch dimension.
};
struct FlatGraph {
  std::string path, version;
  std::vector<FlatNode> nodes;                      ///< Sorted by name.
  std::vector<std::pair<uint32_t, uint32_t>> edges; ///< Node indices, sorted, no duplicates.
  std::vector<std::string> warnings;                ///< What was assumed or repaired, one sentence each with node and parameter.
};
/// Repairs with a warning: scalar parameters, leading batch dimension, missing optional parameters (v_reset, w_in, stride, ...),
/// missing Input/Output, nested graphs, numeric names, spec versions before 1.0. Refuses with an error naming file, node,
/// parameter, expected and found: dangling edges, inconsistent shapes, unknown types, missing or ill-typed parameters, non-finite
/// values, tau <= 0. Ports of nested graphs vanish, unless that would make one edge of two ways, which sum. Errors: RNV1020..1032.
Result<FlatGraph> flatten(const File &file);

} // namespace ranvier::formats::nir

#endif
