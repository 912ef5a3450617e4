// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Structural plasticity by distance and by weight (docs/models/rewiring.md): after Bamford, Murray, Willshaw, Neurocomputing 2010 and Bogdan et al.,
// Front. Neurosci. 12:434 (2018), with sPyNNaker's parameters and defaults.
snn.rewiring_rule @distance_by_weight {
  %forward_p = snn.parameter "p_form_forward" default 0.16 : f32
  %forward_sigma = snn.parameter "sigma_form_forward" default 2.5 : f32
  %lateral_p = snn.parameter "p_form_lateral" default 1.0 : f32
  %lateral_sigma = snn.parameter "sigma_form_lateral" default 1.0 : f32
  %threshold = snn.parameter "threshold" : f32
  %depressed = snn.parameter "prob_elim_depressed" default 0.0245 : f32
  %potentiated = snn.parameter "prob_elim_potentiated" default 1.36e-4 : f32
  %lateral = snn.lateral
  %d2 = snn.squared_distance : f32
  %w = snn.current_weight : f32
  // p exp(-d^2 / (2 sigma^2)).
  %p = arith.select %lateral, %lateral_p, %forward_p : f32
  %sigma = arith.select %lateral, %lateral_sigma, %forward_sigma : f32
  %s2 = arith.mulf %sigma, %sigma : f32
  %two = arith.constant 2.0 : f32
  %s22 = arith.mulf %two, %s2 : f32
  %x = arith.divf %d2, %s22 : f32
  %nx = arith.negf %x : f32
  %e = math.exp %nx : f32
  %form = arith.mulf %p, %e : f32
  // A synapse below the threshold counts as depressed.
  %is_depressed = arith.cmpf olt, %w, %threshold : f32
  %gone = arith.select %is_depressed, %depressed, %potentiated : f32
  snn.form %form : f32
  snn.eliminate %gone : f32
}
