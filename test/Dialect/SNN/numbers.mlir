// Numbers print as the shortest text that reads back to the same bits; other types keep theirs.
// RUN: ranvier-opt %s --verify-roundtrip | FileCheck %s

snn.model @m {
  // CHECK: "a" default 0.1 :
  %a = snn.parameter "a" default 0.1 : f32
  // CHECK: "b" default 0.1000000000000000{{[0-9]+}} :
  %b = snn.parameter "b" default 0.10000000000000002 : f32
  // CHECK: "c" default 5.0e-324 :
  %c = snn.parameter "c" default 4.9406564584124654e-324 : f32
  // CHECK: "d" default 1.7976931348623157e+308 :
  %d = snn.parameter "d" default 1.7976931348623157e+308 : f32
  // CHECK: "e" default -0.0 :
  %e = snn.parameter "e" default -0.0 : f32
  // CHECK: "f" default 1.0e+22 :
  %f = snn.parameter "f" default 1.0e22 : f32
  // CHECK: "inf" default 0x7FF0000000000000 :
  %inf = snn.parameter "inf" default 0x7FF0000000000000 : f32
  // CHECK: "minus_inf" default 0xFFF0000000000000 :
  %minus_inf = snn.parameter "minus_inf" default 0xFFF0000000000000 : f32
  // CHECK: snn.state "v" : f64
  %v = snn.state "v" : f64
}

snn.network @n dt 1.0e-3 seed -1 {
  // CHECK: snn.population @p model @m shape [1] params {a = 1, b = 1.0, c = 1.000000e+00 : f32, d = 1 : i8, e = 0x7FF0000000000000, f = 0.3}
  snn.population @p model @m shape [1] params {a = 1, b = 1.0, c = 1.0 : f32, d = 1 : i8, e = 0x7FF0000000000000 : f64, "f" = 0.3 : f64}
}
