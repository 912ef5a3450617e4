//===- ModelAbi.h - The Verilated chip as a shared object -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a shared object made of n1_chip and rtl/harness/Model.cpp offers, in C, so that whoever loads it needs nothing of Verilator.
// One symbol, ranvier_model_api, gives a table of functions. A model is used by one thread at a time. All addresses are those of
// the configuration bus (docs/rtl/architecture.md, section 6).
//===----------------------------------------------------------------------===//
#ifndef RANVIER_RTL_MODELABI_H
#define RANVIER_RTL_MODELABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Changes with every change of this file.
#define RANVIER_MODEL_ABI 2u

typedef struct RanvierModel RanvierModel;

/// One access of the configuration bus.
typedef struct RanvierAccess {
  uint32_t node, space, address, word;
} RanvierAccess;

/// A spike for the chip: number of the host input.
typedef struct RanvierInput {
  uint32_t index, payload;
} RanvierInput;

/// A spike that the host took, in a cycle of its step (1: the first after start_i).
typedef struct RanvierOutput {
  uint32_t source, payload;
  uint64_t cycle;
} RanvierOutput;

/// What the ports of the chip did in a cycle of a step.
typedef struct RanvierCycle {
  uint64_t cycle;
  uint8_t in_valid, in_ready, out_valid, out_ready, idle;
} RanvierCycle;

typedef struct RanvierStep {
  const RanvierInput *inputs; ///< In the order in which they are offered.
  uint64_t input_count;
  /// Each link is held up in a cycle with stall_probability / 256 (0: never; at most 250), and likewise the host's gaps between
  /// inputs and its taking of outputs; as often the busy chip is asked for accesses and starts, of which it must take no notice. A
  /// function of seed, step and cycle.
  uint64_t stall_seed;
  uint32_t stall_probability;
  uint64_t cycle_limit;       ///< A step that has not ended after as many cycles hangs.
  const RanvierAccess *watch; ///< May be null: on_change tells of each cycle that changed this word (spaces with a back door).
  void *user;                 ///< First argument of the functions below, each of which may be null.
  void (*on_output)(void *user, const RanvierOutput *output);
  void (*on_change)(void *user, uint64_t cycle, uint32_t before, uint32_t after);
  void (*on_cycle)(void *user, const RanvierCycle *cycle);
} RanvierStep;

typedef struct RanvierStepResult {
  uint32_t finished; ///< 0: cycle_limit was reached, and the model is of no more use.
  uint64_t inputs_taken;
  uint64_t cycles; ///< From start to idle.
} RanvierStepResult;

typedef struct RanvierModelInfo {
  uint32_t columns, rows, neurons, states, params, inputs, slots, synapses, program_words, table_words, host_inputs;
  uint32_t trace, coverage; ///< 1: built with it.
} RanvierModelInfo;

typedef struct RanvierModelApi {
  uint32_t abi; ///< RANVIER_MODEL_ABI; look before anything else.
  RanvierModelInfo info;
  /// A chip after reset. What is not reset starts with random bits from `seed`. Null: no memory.
  RanvierModel *(*create)(uint32_t seed);
  void (*destroy)(RanvierModel *model);
  /// Through the bus, one access a cycle, while the chip is idle. read fills in the words; 0: the chip gave no answer.
  void (*write)(RanvierModel *model, const RanvierAccess *accesses, uint64_t count);
  int (*read)(RanvierModel *model, RanvierAccess *accesses, uint64_t count);
  /// Through the back door: words [first, first + count) of a space at once. 0: the memory was not found, use the bus.
  int (*peek)(RanvierModel *model, uint32_t node, uint32_t space, uint32_t first, uint32_t count, uint32_t *words);
  int (*poke)(RanvierModel *model, uint32_t node, uint32_t space, uint32_t first, uint32_t count, const uint32_t *words);
  void (*step)(RanvierModel *model, const RanvierStep *step, RanvierStepResult *result);
  /// An FST waveform of all that follows; 0: not built with trace, or the file cannot be made.
  int (*open_trace)(RanvierModel *model, const char *path);
  void (*close_trace)(RanvierModel *model);
  /// Verilator's coverage data so far; 0: not built with coverage.
  int (*write_coverage)(RanvierModel *model, const char *path);
  /// Tells each functional bin, group by group; none if not built with coverage.
  void (*bins)(RanvierModel *model, void *user,
               void (*tell)(void *user, const char *group, const char *bin, uint64_t count, uint32_t seen));
  /// Why the simulation stopped itself ($stop, $fatal, an assertion); empty: it did not.
  const char *(*failure)(RanvierModel *model);
} RanvierModelApi;

typedef const RanvierModelApi *(*RanvierModelEntry)(void);
const RanvierModelApi *ranvier_model_api(void);

#ifdef __cplusplus
}
#endif

#endif
