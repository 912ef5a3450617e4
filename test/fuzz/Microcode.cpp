// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Microcode programs from any words: what the validator accepts, the interpreter runs on any data.
#include "Fuzz.h"
#include "ranvier/ISA/Program.h"
#include <fuzzer/FuzzedDataProvider.h>
#include <memory>

using namespace ranvier;

namespace {
constexpr uint32_t neurons = 19, padded = 32; ///< Not a multiple of 16, so that there are padding neurons.

/// Arrays as the loader makes them: aligned and padded, of random words.
struct Words {
  std::vector<std::unique_ptr<int32_t, decltype(&std::free)>> arrays;
  std::vector<int32_t *> pointers;
  void add(FuzzedDataProvider &input) {
    auto *array = static_cast<int32_t *>(std::aligned_alloc(64, padded * sizeof(int32_t)));
    for (uint32_t n = 0; n < padded; ++n)
      array[n] = input.ConsumeIntegral<int32_t>();
    arrays.emplace_back(array, &std::free);
    pointers.push_back(array);
  }
};
} // namespace

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  FuzzedDataProvider input(data, size);
  isa::Program program;
  program.profile = input.ConsumeBool() ? isa::Profile::F32 : isa::Profile::Int;
  for (auto *slots : {&program.states, &program.params, &program.inputs})
    for (uint32_t k = input.ConsumeIntegralInRange<uint32_t>(0, 4); k; --k)
      slots->push_back("s" + std::to_string(k));
  for (uint32_t k = input.ConsumeIntegralInRange<uint32_t>(0, 2); k; --k) {
    std::vector<int32_t> table(input.ConsumeIntegralInRange<uint32_t>(0, 5));
    for (int32_t &word : table)
      word = input.ConsumeIntegral<int32_t>();
    program.tables.push_back(table);
  }
  for (uint32_t length = input.ConsumeIntegralInRange<uint32_t>(0, 40); length && input.remaining_bytes(); --length) {
    // Registers and immediates are often small, or nothing would ever be legal.
    uint64_t word = input.ConsumeIntegral<uint8_t>();
    for (int shift = 8; shift < 32; shift += 8)
      word |= static_cast<uint64_t>(input.ConsumeIntegralInRange<uint32_t>(0, 80)) << shift;
    word |= static_cast<uint64_t>(input.ConsumeBool() ? input.ConsumeIntegralInRange<uint32_t>(0, 40)
                                                      : input.ConsumeIntegral<uint32_t>())
            << 32;
    const auto instruction = isa::decode(word);
    if (!instruction) {
      fuzz::checkError(instruction.error(), 4001, 4001);
      return 0;
    }
    program.code.push_back(*instruction);
  }
  if (const auto legal = isa::validate(program); !legal) {
    fuzz::checkError(legal.error(), 4002, 4009);
    return 0;
  }
  Words states, params, inputs, payload;
  for (size_t k = 0; k < program.states.size(); ++k)
    states.add(input);
  for (size_t k = 0; k < program.params.size(); ++k)
    params.add(input);
  for (size_t k = 0; k < program.inputs.size(); ++k)
    inputs.add(input);
  payload.add(input);
  auto spikes = std::make_unique<uint32_t[]>((neurons + 31) / 32); // No word more than promised.
  isa::SliceView slice;
  slice.count = neurons, slice.seed = 7, slice.step = 1;
  slice.state = states.pointers.data(), slice.param = params.pointers.data(), slice.input = inputs.pointers.data();
  slice.spikes = spikes.get(), slice.payload = isa::emitsPayload(program) ? payload.pointers[0] : nullptr;
  isa::interpret(program, slice);
  FUZZ_CHECK((spikes[0] >> neurons) == 0, "a padding neuron spiked");
  return 0;
}
