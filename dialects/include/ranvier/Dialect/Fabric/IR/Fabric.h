//===- Fabric.h - The fabric dialect ----------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Everything a user of the dialect includes: dialect, attributes and ops, generated from FabricOps.td.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_DIALECT_FABRIC_IR_FABRIC_H
#define RANVIER_DIALECT_FABRIC_IR_FABRIC_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "ranvier/Dialect/Fabric/IR/FabricDialect.h.inc"
#define GET_ATTRDEF_CLASSES
#include "ranvier/Dialect/Fabric/IR/FabricAttrs.h.inc"
#define GET_OP_CLASSES
#include "ranvier/Dialect/Fabric/IR/FabricOps.h.inc"

#endif
