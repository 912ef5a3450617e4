// Programs read back as they were written, and populations may run them.
// RUN: ranvier-opt %s --verify-roundtrip | FileCheck %s

// CHECK: snn.program @counter "int" states ["v"] params ["step"] inputs [] code ["ld.state r0, v", "ld.param r1, step", "add r0, r0, r1", "st.state r0, v"]
snn.program @counter "int" states ["v"] params ["step"] inputs [] code [
  "ld.state r0, v", "ld.param r1, step", "add r0, r0, r1", "st.state r0, v"]

// CHECK: snn.program @table "int" states [] params [] inputs ["x"] tables [array<i32: 1, 2, 4, 8>] code
snn.program @table "int" states [] params [] inputs ["x"] tables [array<i32: 1, 2, 4, 8>] code ["ld.input r0, x"]

// CHECK: snn.population @p model @counter shape [3] params {step = dense<[1, 2, 3]> : tensor<3xi32>} init {v = -4} scale {v = 0.5} depth 1
snn.network @n dt 1.0e-3 target "loihi2" {
  snn.population @p model @counter shape [3] params {step = dense<[1, 2, 3]> : tensor<3xi32>} init {v = -4} scale {v = 0.5} depth 1
}
