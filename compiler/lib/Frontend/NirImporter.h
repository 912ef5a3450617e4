//===- NirImporter.h - State shared by the importer's files -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_FRONTEND_NIRIMPORTER_H
#define RANVIER_LIB_FRONTEND_NIRIMPORTER_H

#include "NirGraph.h"
#include "NirTimestep.h"
#include "Semantics.h"
#include "mlir/IR/Builders.h"
#include "ranvier/Dialect/SNN/IR/SNN.h"
#include "ranvier/Frontend/ModelLibrary.h"
#include "ranvier/Frontend/NirImport.h"
#include <algorithm>
#include <map>
#include <set>

namespace ranvier::frontend {

/// One import. Populations first (NirImport.cpp), because they decide dt, then projections (NirProjections.cpp).
class NirImporter {
public:
  NirImporter(const formats::nir::FlatGraph &graph, mlir::MLIRContext *context, const NirImportOptions &options)
      : graph(graph), context(context), options(options), builder(context) {}
  Result<NirImport> run();

private:
  using Node = formats::nir::FlatNode;
  using Tensor = formats::nir::Tensor;

  /// A neuron node with its model and the values of the model's parameters [SI units].
  struct Neuron {
    uint32_t node = 0;
    const Model *model = nullptr;
    std::map<std::string, std::vector<double>> values;
  };

  // NirImport.cpp
  Result<void> checkOptions() const;
  Result<void> readNeurons();
  Result<Neuron> readNeuron(uint32_t index);
  void decideTimestep();
  void warnAboutLargeSteps();
  void describePopulations();
  void createNodes();
  Result<void> verify(mlir::ModuleOp module);

  // NirProjections.cpp
  Result<void> createProjections();
  Result<void> createLinear(uint32_t index);
  Result<void> createUse(const Node &node, llvm::ArrayRef<std::pair<std::string, std::string>> ends);
  Result<void> createDense(const Node &node, llvm::ArrayRef<std::pair<std::string, std::string>> ends);
  Result<void> createConv(const Node &node, unsigned axes, llvm::ArrayRef<std::pair<std::string, std::string>> ends);
  Result<void> createPool(const Node &node, bool average, llvm::ArrayRef<std::pair<std::string, std::string>> ends);
  Result<void> createScale(const Node &node, llvm::ArrayRef<std::pair<std::string, std::string>> ends);
  Result<void> createDelay(const Node &node, llvm::ArrayRef<std::pair<std::string, std::string>> ends);
  void createDirect(const std::string &source, const std::string &target, mlir::Location loc);
  /// The ends of a kernel as nodes of the shapes it sees: a junction goes between where a Flatten gave a node another shape.
  std::pair<std::string, std::string> shapedEnds(const Node &node, const std::pair<std::string, std::string> &ends);
  /// The kernel of a convolution with padding "same", and the padding per axis, both sides alike.
  Result<mlir::ElementsAttr> sameKernel(const Node &node, std::vector<int64_t> &dilation, std::vector<int64_t> &padding);
  Result<void> createOutputs();
  /// `count` numbers of a parameter as binary32.
  Result<std::vector<float>> numbers(const Node &node, const std::string &parameter, uint64_t count);
  Result<mlir::ElementsAttr> weights(const Node &node, const std::string &parameter, llvm::ArrayRef<int64_t> shape);
  /// The bias of a node, or null; all-zero biases of convolutions (NIR makes them mandatory) count as none.
  Result<mlir::ElementsAttr> bias(const Node &node, bool dropZeros);
  Result<const Tensor *> tensor(const Node &node, const std::string &parameter) const;
  /// `axes` integers; a single value stands for all axes. `fallback` where the file has none.
  Result<std::vector<int64_t>> integers(const Node &node, const std::string &parameter, unsigned axes,
                                        std::optional<int64_t> fallback) const;

  // Shared.
  mlir::Location locate(const Node &node) const;
  mlir::StringAttr symbol(const std::string &name) { return builder.getStringAttr(name); }
  mlir::FlatSymbolRefAttr reference(const std::string &name) { return mlir::FlatSymbolRefAttr::get(context, name); }
  /// `wanted`, or `wanted_1`, `wanted_2`... if taken.
  std::string unique(const std::string &wanted);
  void assume(const std::string &sentence) {
    if (std::find(semantics.assumptions.begin(), semantics.assumptions.end(), sentence) == semantics.assumptions.end())
      semantics.assumptions.push_back(sentence);
  }
  Error problem(unsigned code, const Node &node, const std::string &parameter, std::string message, std::string expected,
                std::string found) const;

  const formats::nir::FlatGraph &graph;
  mlir::MLIRContext *context;
  const NirImportOptions &options;
  mlir::OpBuilder builder;
  ModelLibrary library;
  NirGraph shape;
  std::vector<Neuron> neurons;
  std::map<const Model *, std::string> modelSymbols;          ///< Looked up, never iterated.
  std::vector<std::string> carriers;                          ///< By node: the symbol that holds its result ("" for none).
  std::map<std::string, std::vector<uint64_t>> carrierShapes; ///< By symbol.
  std::map<std::pair<std::string, std::vector<uint64_t>>, std::string> reshaped; ///< Symbol and shape -> junction that holds it so.
  std::set<std::string> names;                                                   ///< Symbols of the network, used or reserved.
  std::map<std::string, mlir::ElementsAttr> resources;                           ///< By "node.parameter".
  Semantics semantics;
  double dt = 0;
};

/// "[2, 34, 34]"
std::string shapeText(llvm::ArrayRef<uint64_t> shape);

} // namespace ranvier::frontend

#endif
