// An error of a pass is a diagnostic with the code that `ranvier compile` gives.
// RUN: not ranvier-opt %s --snn-quantize=target=loihi1 2>&1 | FileCheck %s --check-prefix=NATIVE
// RUN: not ranvier-opt %s --snn-compose-junctions 2>&1 | FileCheck %s --check-prefix=OUTPUT
// RUN: not ranvier-opt %s --snn-quantize=target=reference 2>&1 | FileCheck %s --check-prefix=WIDE
// RUN: not ranvier-opt %s --snn-quantize=target=nochip 2>&1 | FileCheck %s --check-prefix=TARGET
// RUN: not ranvier-opt %s --snn-legalize-delays=target=loihi1 2>&1 | FileCheck %s --check-prefix=DELAY
// NATIVE: @j: unsupported RNV5713: the output is a linear node
// OUTPUT: @j: unsupported RNV5713: the output is a linear node
// WIDE: model @wide, population @a: unsupported RNV5105: a value of type f64 that changes from step to step (arith.addf): expected f32, found f64
// TARGET: error RNV2002
// DELAY: @far: error RNV5712: a delay is longer than the target's: expected at most 63 steps, found 64 steps
snn.model @wide {
  %x = snn.receive "x" : f32
  %v = snn.state "v" : f32
  %xw = arith.extf %x : f32 to f64
  %vw = arith.extf %v : f32 to f64
  %s = arith.addf %xw, %vw : f64
  %v1 = arith.truncf %s : f64 to f32
  snn.update "v" = %v1 : f32
}
snn.network @net dt 1.0e-3 {
  snn.input @in shape [2]
  snn.population @a model @wide shape [2]
  snn.junction @j shape [2]
  snn.connect @far from @in to @a delay 64 "one_to_one" {} weights 1.0
  snn.connect @aj from @a to @j "one_to_one" {} weights 1.0
  snn.output @out from @j
}
