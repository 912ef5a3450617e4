//===- SNNDialect.cpp - The snn dialect -------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registration of the dialect and the generated definitions of its attributes, interfaces and ops. The hand-written members are in
// SNNAttrs.cpp, SNNModel.cpp, SNNNetwork.cpp, SNNProjections.cpp and SNNFolds.cpp.
//===----------------------------------------------------------------------===//
#include "ranvier/Dialect/SNN/IR/SNN.h"

#include "TextForm.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ranvier::snn;

#include "ranvier/Dialect/SNN/IR/SNNDialect.cpp.inc"
#include "ranvier/Dialect/SNN/IR/SNNInterfaces.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "ranvier/Dialect/SNN/IR/SNNAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "ranvier/Dialect/SNN/IR/SNNOps.cpp.inc"

void SNNDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "ranvier/Dialect/SNN/IR/SNNAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "ranvier/Dialect/SNN/IR/SNNOps.cpp.inc"
      >();
}
