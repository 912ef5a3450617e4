// Every op of the dialect in its text form, and through bytecode.
// RUN: ranvier-opt %s --verify-roundtrip | FileCheck %s
// RUN: ranvier-opt %s --emit-bytecode | ranvier-opt | FileCheck %s

snn.model @m {
  %x = snn.receive "x" : f32
}
snn.network @n dt 1.0e-3 {
  snn.input @in shape [2]
  snn.population @p model @m shape [4, 5]
  snn.population @q model @m shape [3]
}
// CHECK: fabric.mapping @n on "loihi1" {
// CHECK-NEXT: fabric.core chip 0 core 0 [#fabric.slice<@p, 0, 12>, #fabric.slice<@q, 0, 3>]
// CHECK-NEXT: fabric.core chip 1 core 0 level 2 [#fabric.slice<@p, 12, 8>]
// CHECK-NEXT: fabric.core chip 1 core 3 [#fabric.slice<@in, 0, 2>]
fabric.mapping @n on "loihi1" {
  fabric.core chip 0 core 0 [#fabric.slice<@p, 0, 12>, #fabric.slice<@q, 0, 3>]
  fabric.core chip 1 core 0 level 2 [#fabric.slice<@p, 12, 8>]
  fabric.core chip 1 core 3 [#fabric.slice<@in, 0, 2>]
}
// CHECK: fabric.mapping @empty on "mine" attributes {note = "kept"} {
snn.network @empty dt 1.0e-3 {}
fabric.mapping @empty on "mine" attributes {note = "kept"} {}
