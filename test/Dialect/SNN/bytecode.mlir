// Bytecode keeps every op, attribute and resource: text -> bytecode -> text is the text.
// RUN: ranvier-opt %S/basic.mlir -o %t.text.mlir
// RUN: ranvier-opt %S/basic.mlir --emit-bytecode -o %t.mlirbc
// RUN: ranvier-opt %t.mlirbc -o %t.back.mlir
// RUN: diff %t.text.mlir %t.back.mlir
// RUN: ranvier-opt %t.text.mlir --mlir-print-op-generic | ranvier-opt -o %t.generic.mlir
// RUN: diff %t.text.mlir %t.generic.mlir
// RUN: FileCheck %S/basic.mlir --input-file=%t.back.mlir
