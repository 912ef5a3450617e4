//===- SparseBuilder.h - Synapses back into an op ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_LIB_NETWORK_SPARSEBUILDER_H
#define RANVIER_LIB_NETWORK_SPARSEBUILDER_H

#include "ranvier/Network/Network.h"

namespace ranvier::compiler {

/// `wanted`, or that with a number, so that no symbol of the network has it.
std::string uniqueName(snn::NetworkOp network, const std::string &wanted);

/// An snn.sparse with these synapses; weights are rounded to binary32. `bias`: one value per target neuron, or empty.
snn::SparseOp buildSparse(mlir::OpBuilder &builder, mlir::Location loc, llvm::StringRef name, mlir::FlatSymbolRefAttr source,
                          mlir::FlatSymbolRefAttr target, mlir::StringAttr receptor, const Synapses &synapses,
                          const std::vector<double> &bias);

} // namespace ranvier::compiler

#endif
