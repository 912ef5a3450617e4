//===- FabricDialect.cpp - The fabric dialect -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registration of the dialect and the generated definitions of its attributes and ops.
//===----------------------------------------------------------------------===//
#include "ranvier/Dialect/Fabric/IR/Fabric.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ranvier::fabric;

#include "ranvier/Dialect/Fabric/IR/FabricDialect.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "ranvier/Dialect/Fabric/IR/FabricAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "ranvier/Dialect/Fabric/IR/FabricOps.cpp.inc"

void FabricDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "ranvier/Dialect/Fabric/IR/FabricAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "ranvier/Dialect/Fabric/IR/FabricOps.cpp.inc"
      >();
}
