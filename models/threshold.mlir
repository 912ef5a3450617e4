// Threshold unit (NIR type Threshold): spikes in every step in which the arrivals exceed the threshold; keeps no state.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The comparison is strict, as in all spiking models here.
// Equations, parameters and sources: docs/models/threshold.md.

snn.model @threshold nir {type = "Threshold", reading = "spike: x > threshold"} {
  %threshold = snn.parameter "threshold" : f32
  %x = snn.receive "x" : f32

  %fire = arith.cmpf ogt, %x, %threshold : f32

  snn.spike %fire
}
