// A model that is no chip: memories that can be written and read, and faults chosen by its seed. What lockstep says of a broken
// chip is tested with it in milliseconds.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "StubModel.h"
#include "../../../rtl/harness/ModelAbi.h"
#include <cstdint>
#include <map>
#include <tuple>

using ranvier::test::Fault;

struct RanvierModel {
  Fault fault;
  std::map<std::tuple<uint32_t, uint32_t, uint32_t>, uint32_t> words;
};

namespace {
RanvierModel *create(uint32_t seed) { return new RanvierModel{static_cast<Fault>(seed), {}}; }
void destroy(RanvierModel *model) { delete model; }

void put(RanvierModel *model, uint32_t node, uint32_t space, uint32_t address, uint32_t word) {
  if (model->fault == Fault::LosesAWrite && node == 0 && space == 3 && address == 0x105)
    return;
  model->words[{node, space, address}] = word;
}
void write(RanvierModel *model, const RanvierAccess *accesses, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i)
    put(model, accesses[i].node, accesses[i].space, accesses[i].address, accesses[i].word);
}
int read(RanvierModel *model, RanvierAccess *accesses, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i)
    accesses[i].word = model->words[{accesses[i].node, accesses[i].space, accesses[i].address}];
  return model->fault != Fault::DoesNotAnswer;
}
int peek(RanvierModel *model, uint32_t node, uint32_t space, uint32_t first, uint32_t count, uint32_t *words) {
  if (model->fault == Fault::HasNoBackDoor)
    return 0;
  for (uint32_t i = 0; i < count; ++i)
    words[i] = model->words[{node, space, first + i}];
  return 1;
}
int poke(RanvierModel *model, uint32_t node, uint32_t space, uint32_t first, uint32_t count, const uint32_t *words) {
  if (model->fault == Fault::HasNoBackDoor)
    return 0;
  for (uint32_t i = 0; i < count; ++i)
    put(model, node, space, first + i, words[i]);
  return 1;
}

/// A step in which nothing happens but what the fault wants. The step register counts.
void step(RanvierModel *model, const RanvierStep *what, RanvierStepResult *result) {
  ++model->words[{1, 5, 0}];
  result->finished = model->fault != Fault::Hangs;
  result->cycles = 10;
  result->inputs_taken = what->input_count;
  const auto spikes = [&](uint32_t source, uint32_t payload) {
    const RanvierOutput output = {source, payload, 7};
    what->on_output(what->user, &output);
  };
  if (model->fault == Fault::SpikesTooMuch)
    spikes(3, 1);
  if (model->fault == Fault::SpikesFromNowhere)
    spikes(255, 1);
  if (model->fault == Fault::ReportsAnError)
    model->words[{0, 5, 1}] = 2;
  if (model->fault == Fault::CountsWrongly)
    model->words[{0, 5, 5}] = 9;
  if (model->fault == Fault::WritesAState)
    model->words[{0, 2, 0x103}] = 77;
  if (model->fault == Fault::WritesAnAccumulator)
    model->words[{0, 9, (model->words[{1, 5, 0}] + 2) % 16 * 512 + 4}] = 5;
  if (model->fault == Fault::WritesASynapse)
    model->words[{0, 1, 16000}] = 1;
  if (model->fault == Fault::WritesFarAway)
    model->words[{0, 2, 7 << 8 | 200}] = 1;
}
int openTrace(RanvierModel *, const char *) { return 0; }
void closeTrace(RanvierModel *) {}
int writeCoverage(RanvierModel *, const char *) { return 0; }
void bins(RanvierModel *, void *, void (*)(void *, const char *, const char *, uint64_t, uint32_t)) {}
const char *failure(RanvierModel *model) { return model->fault == Fault::Hangs ? "it stopped" : ""; }

const RanvierModelApi api = {RANVIER_STUB_ABI,
                             {1, 1, 256, 8, 16, 2, 16, 16384, 512, 1024, 4096, 0, 0},
                             create,
                             destroy,
                             write,
                             read,
                             peek,
                             poke,
                             step,
                             openTrace,
                             closeTrace,
                             writeCoverage,
                             bins,
                             failure};
} // namespace

extern "C" const RanvierModelApi *ranvier_model_api(void) { return &api; }
