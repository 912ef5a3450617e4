//===- JitTest.cpp - The JIT against the interpreter ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// RANVIER_FUZZ_PROGRAMS: number of random programs (default 10,000). RANVIER_FUZZ_SEED: first seed (default fixed); a failure
// prints the seed that meets it at once, and the program.
//===----------------------------------------------------------------------===//
#include "ranvier/Emulator/Jit.h"
#include "isa/RandomProgram.h"
#include <atomic>
#include <bitset>
#include <cstdlib>
#include <doctest/doctest.h>
#include <mutex>
#include <thread>

using namespace ranvier;
using namespace ranvier::isa;
using emu::Jit;
using test::RandomSource;
using test::SliceData;

static uint64_t environment(const char *name, uint64_t otherwise) {
  const char *text = std::getenv(name);
  return text && *text ? std::strtoull(text, nullptr, 10) : otherwise;
}

static std::string listing(const Program &program) {
  std::string text = program.profile == Profile::Int ? "int\n" : "f32\n";
  for (const Instruction &i : program.code)
    text += "  " + disassemble(program, i) + "\n";
  return text;
}

static std::unique_ptr<Jit> compile(std::span<const Program> programs, const emu::JitOptions &options = {}) {
  for (const Program &program : programs)
    REQUIRE(validate(program));
  auto jit = Jit::create(programs, options);
  REQUIRE_MESSAGE(jit, (jit ? "" : jit.error().str()));
  return *std::move(jit);
}

/// Bits of the neurons with a state word, an input or a bias other than zero.
static std::vector<uint32_t> activeNeurons(const Program &program, const SliceView &view, int32_t bias) {
  const int32_t mask = program.profile == Profile::F32 ? INT32_MAX : -1;
  std::vector<uint32_t> bits((view.count + 31) / 32);
  for (uint32_t n = 0; n < view.count; ++n) {
    int32_t any = bias >= 0 ? view.param[bias][n] : 0;
    for (size_t s = 0; s < program.states.size(); ++s)
      any |= view.state[s][n];
    for (size_t r = 0; r < program.inputs.size(); ++r)
      any |= view.input[r][n];
    bits[n / 32] |= uint32_t((any & mask) != 0) << n % 32;
  }
  return bits;
}

/// Runs both executors over the same data for a few steps; the first difference, or nothing. The request is the kernel's.
static std::string compare(const emu::KernelRequest &request, SliceKernel kernel, uint32_t count, unsigned steps,
                           RandomSource &random) {
  const Program &program = *request.program;
  SliceData expected(program, count, random);
  expected.makeUniform(request.uniform);
  if (request.activity) // often nothing but zeros, or nobody would be idle
    expected.clearSome(random);
  SliceData found(expected);
  found.spoilUniform(request.uniform);
  std::vector<uint32_t> activity((count + 31) / 32 + 1, 0xDEADBEEF);
  for (unsigned step = 0; step < steps; ++step) {
    const auto active = activeNeurons(program, expected.view(), request.bias);
    interpret(program, expected.view());
    emu::ActivityView view{found.view(), activity.data()};
    kernel(&view.slice);
    if (std::string difference = expected.difference(found); !difference.empty())
      return "interpreter and JIT differ in step " + std::to_string(step) + ": " + difference + "\n" + listing(program);
    if (request.activity && !std::equal(active.begin(), active.end(), activity.begin()))
      return "active neurons of step " + std::to_string(step) + " are others\n" + listing(program);
    if (!found.guardsIntact() || activity.back() != 0xDEADBEEF)
      return "the JIT wrote behind an array\n" + listing(program);
    ++expected.view().step;
    ++found.view().step;
  }
  return "";
}
static std::string compare(const Program &program, SliceKernel kernel, uint32_t count, unsigned steps, RandomSource &random) {
  return compare(emu::KernelRequest{.program = &program}, kernel, count, steps, random);
}

/// Programs of one Jit: compiling a batch at once is cheaper.
constexpr uint64_t batchSize = 250;

/// One batch, a function of its seed; the first difference, or nothing. Marks the opcodes it met.
static std::string fuzzBatch(uint64_t seed, uint64_t size, const emu::JitOptions &options, std::bitset<256> &seen) {
  RandomSource random(seed);
  std::vector<Program> programs;
  std::vector<emu::KernelRequest> requests(size);
  for (uint64_t i = 0; i < size; ++i) {
    programs.push_back(test::randomProgram(random, i % 2 ? Profile::F32 : Profile::Int, 32));
    if (const auto legal = validate(programs.back()); !legal)
      return legal.error().str() + "\n" + listing(programs.back());
    for (const Instruction &instruction : programs.back().code)
      seen.set(static_cast<uint8_t>(instruction.op));
  }
  for (uint64_t i = 0; i < size; ++i) {
    requests[i].program = &programs[i];
    if (i % 4 >= 2) // half of them with parameters of one value: none, some or all
      requests[i].uniform = static_cast<uint32_t>(random.next()) | (i % 8 < 4 ? 0 : UINT32_MAX);
    requests[i].activity = random.oneIn(3);
    if (requests[i].activity && random.oneIn(2))
      requests[i].bias = static_cast<int32_t>(random.below(static_cast<uint32_t>(programs[i].params.size())));
  }
  const auto jit = Jit::create(requests, options);
  if (!jit)
    return jit.error().str();
  for (size_t i = 0; i < programs.size(); ++i)
    if (std::string difference = compare(requests[i], (*jit)->kernel(i), 1 + random.below(100), 2, random); !difference.empty())
      return "program " + std::to_string(i) + ", uniform parameters " + std::to_string(requests[i].uniform) + ": " + difference;
  return "";
}

/// `total` random programs on all cores. The seed of a batch is the first seed plus its number.
static void fuzz(uint64_t seed, uint64_t total, const emu::JitOptions &options) {
  std::atomic<uint64_t> next = 0;
  std::mutex mutex;
  std::string failure;
  std::bitset<256> seen;
  auto work = [&] {
    std::bitset<256> mine;
    for (uint64_t batch; (batch = next++) * batchSize < total;) {
      const std::string difference = fuzzBatch(seed + batch, std::min(batchSize, total - batch * batchSize), options, mine);
      if (!difference.empty()) {
        const std::lock_guard lock(mutex);
        failure = "RANVIER_FUZZ_SEED=" + std::to_string(seed + batch) + ", " + difference;
        next = total;
      }
    }
    const std::lock_guard lock(mutex);
    seen |= mine;
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::clamp(std::thread::hardware_concurrency(), 1u, 8u); ++i)
    threads.emplace_back(work);
  for (std::thread &thread : threads)
    thread.join();
  REQUIRE_MESSAGE(failure.empty(), failure);
  if (total >= 200)
    for (const OpcodeInfo &info : opcodeTable)
      CHECK_MESSAGE(seen[static_cast<uint8_t>(info.op)], "never generated: " << info.mnemonic);
}

TEST_CASE("random programs: interpreter and JIT agree on all bits") {
  const uint64_t seed = environment("RANVIER_FUZZ_SEED", 20260101), total = environment("RANVIER_FUZZ_PROGRAMS", 10000);
  MESSAGE("seed " << seed << ", " << total << " programs");
  fuzz(seed, total, {.effort = emu::JitEffort::Quick});
  // Compiling is what this costs; the settings differ in LLVM's code generator, not in what is given to it.
  fuzz(seed + 1000000, total / 8, {.effort = emu::JitEffort::Full});
}

#if defined(__x86_64__)
TEST_CASE("the oldest processor of the architecture gives the same bits") { fuzz(7, 200, {.cpu = "x86-64"}); }
#endif

/// Every immediate of every instruction once, so that no shift, width or rounding is left to chance.
TEST_CASE("every instruction with every immediate agrees with the interpreter") {
  RandomSource random(41);
  for (Profile profile : {Profile::Int, Profile::F32}) {
    Program base;
    base.profile = profile;
    base.states = {"a", "b", "c", "result"};
    std::vector<Program> programs;
    for (const OpcodeInfo &info : opcodeTable) {
      const bool small = info.imm == ImmKind::Shift || info.imm == ImmKind::Bits;
      const bool shifts = info.imm == ImmKind::ShiftRound || info.imm == ImmKind::ProductShift;
      if (!(profile == Profile::Int ? info.inInt : info.inF32) || !(small || shifts))
        continue;
      // Four immediates a program: compiling is what this test spends its time on.
      std::vector<uint32_t> immediates;
      for (uint32_t imm = info.immMin; imm <= info.immMax; ++imm)
        for (uint32_t mode = 0; mode < (shifts ? 4u : 1u); ++mode)
          immediates.push_back(imm | mode << 8);
      for (size_t i = 0; i < immediates.size(); i += 4) {
        Program program = base;
        program.code = {{Opcode::LdState, 0, 0, 0, 0}, {Opcode::LdState, 1, 0, 0, 1}};
        for (size_t k = i; k < std::min(i + 4, immediates.size()); ++k) {
          const uint8_t dst = static_cast<uint8_t>(4 + k - i);
          program.code.push_back({info.op, dst, 0, static_cast<uint8_t>(info.b ? 1 : 0), immediates[k]});
          program.code.push_back({Opcode::StState, 0, dst, 0, static_cast<uint32_t>(k - i)});
        }
        programs.push_back(std::move(program));
      }
    }
    const auto jit = compile(programs);
    for (size_t i = 0; i < programs.size(); ++i) {
      const std::string difference = compare(programs[i], jit->kernel(i), 4096, 1, random);
      REQUIRE_MESSAGE(difference.empty(), difference);
    }
  }
}

TEST_CASE("exp and log over vectors have the bits of exp32 and log32") {
  Program program;
  program.profile = Profile::F32;
  program.states = {"x", "exp", "log"};
  program.code = {{Opcode::LdState, 0, 0, 0, 0},
                  {Opcode::Fexp, 1, 0, 0, 0},
                  {Opcode::StState, 0, 1, 0, 1},
                  {Opcode::Flog, 1, 0, 0, 0},
                  {Opcode::StState, 0, 1, 0, 2}};
  const auto jit = compile(std::span(&program, 1));
  RandomSource random(45);
  SliceData data(program, 4096, random);
  // RANVIER_FUZZ_STRIDE=1 tries all 2^32 words; 4001 and 2^32 share no factor.
  const uint64_t stride = environment("RANVIER_FUZZ_STRIDE", 4001);
  uint64_t wrong = 0;
  for (uint64_t word = 0; word < (uint64_t(1) << 32);) {
    for (uint32_t n = 0; n < 4096; ++n, word += stride)
      data.view().state[0][n] = static_cast<int32_t>(word);
    jit->kernel(0)(&data.view());
    for (uint32_t n = 0; n < 4096; ++n) {
      const float x = std::bit_cast<float>(data.view().state[0][n]);
      const bool same = std::bit_cast<int32_t>(exp32(x)) == data.view().state[1][n] &&
                        std::bit_cast<int32_t>(log32(x)) == data.view().state[2][n];
      if (!same && wrong++ < 5)
        FAIL_CHECK("exp or log of word " << data.view().state[0][n]);
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("counts around the vector and word size; padding neurons never spike") {
  RandomSource random(42);
  std::vector<Program> programs(3);
  for (Program &program : programs) {
    program.states = {"v"};
    program.code = {{Opcode::Li, 0, 0, 0, 1}};
  }
  programs[0].code.push_back({Opcode::Spk, 0, 0, 0, 0}); // All neurons emit, the padding too if it may.
  programs[1].code.push_back({Opcode::Spkp, 0, 0, 0, 0});
  const auto jit = compile(programs);
  for (uint32_t count = 0; count <= 130; ++count)
    for (size_t i = 0; i < programs.size(); ++i) {
      CAPTURE(count);
      const std::string difference = compare(programs[i], jit->kernel(i), count, 1, random);
      REQUIRE_MESSAGE(difference.empty(), difference);
    }
}

TEST_CASE("the longest program the limits allow") {
  RandomSource random(43);
  for (Profile profile : {Profile::Int, Profile::F32}) {
    std::vector<Program> programs(1);
    while (programs[0].code.size() < 800)
      programs[0] = test::randomProgram(random, profile, 1000);
    while (programs[0].code.size() < maxInstructions)
      programs[0].code.push_back({Opcode::StState, 0, programs[0].code[0].dst, 0, 0});
    const auto jit = compile(programs);
    const std::string difference = compare(programs[0], jit->kernel(0), 77, 3, random);
    REQUIRE_MESSAGE(difference.empty(), difference);
  }
}

TEST_CASE("kernels of one Jit run on several threads") {
  RandomSource random(44);
  std::vector<Program> programs;
  for (int i = 0; i < 8; ++i)
    programs.push_back(test::randomProgram(random, i % 2 ? Profile::F32 : Profile::Int));
  const auto jit = compile(programs);
  std::vector<std::string> differences(4);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < differences.size(); ++t)
    threads.emplace_back([&, t] {
      RandomSource own(100 + t);
      for (size_t i = 0; i < programs.size() && differences[t].empty(); ++i)
        differences[t] = compare(programs[i], jit->kernel(i), 500, 3, own);
    });
  for (std::thread &thread : threads)
    thread.join();
  for (const std::string &difference : differences)
    CHECK_MESSAGE(difference.empty(), difference);
}

TEST_CASE("no programs at all") { CHECK(Jit::create(std::span<const Program>())); }

TEST_CASE("RNV7100: LLVM refuses") {
  const Program program;
  const auto jit = Jit::create(std::span(&program, 1), {.cpu = "abacus"});
  REQUIRE_FALSE(jit);
  CHECK(jit.error().code == 7100);
  CHECK(jit.error().found == "abacus");
  CHECK(jit.error().hint == "run with --executor interp");
}
