//===- Arithmetic.cpp - A network's numbers are the chip's ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the quantiser promises about its own networks has to be checked for those that enter after it. Clauses I1..I5 of
// docs/spec/target-semantics.md.
//===----------------------------------------------------------------------===//
#include "Shared.h"
#include "ranvier/HwModels/NativeForm.h"
#include <algorithm>
#include <cmath>

using namespace ranvier;
using namespace ranvier::mapping;

static std::string range(int64_t low, int64_t high) { return std::to_string(low) + ".." + std::to_string(high); }

/// I1, I2: instructions.
static Result<void> checkProgram(const Population &population, const isa::Program &program, const hw::Chip &chip, bool native) {
  const std::string place = "population '" + population.name + "'";
  if (!chip.programmable && !native)
    return Error{.code = 6031,
                 .message = chip.name + " executes its own neuron unit only, and program '" + program.name + "' is another",
                 .place = place,
                 .expected = "the instructions of the unit (compile --emit quantised writes them)",
                 .hint = "choose a programmable target, or start from the network before quantisation",
                 .kind = ErrorKind::CannotRun};
  for (const isa::Instruction &instruction : program.code) {
    const std::string line = isa::disassemble(program, instruction), mnemonic = line.substr(0, line.find(' '));
    if (std::find(chip.forbiddenOps.begin(), chip.forbiddenOps.end(), mnemonic) != chip.forbiddenOps.end())
      return Error{.code = 6032,
                   .message =
                       "program '" + program.name + "' needs the instruction '" + mnemonic + "', which " + chip.name + " lacks",
                   .place = place,
                   .kind = ErrorKind::CannotRun};
  }
  if (!chip.gradedSpikes && isa::emitsPayload(program))
    return Error{.code = 6032,
                 .message = "program '" + program.name + "' emits events with values, and " + chip.name + "'s have none",
                 .place = place,
                 .kind = ErrorKind::CannotRun};
  return {};
}

/// True if some mantissa and exponent of the unit give this bias.
static bool isBias(int64_t bias, const hw::NativeCubaLif &unit) {
  const int64_t most = (int64_t(1) << (unit.biasMantissaBits - 1)) - 1;
  for (int exponent = 0; exponent < (1 << unit.biasExponentBits); ++exponent) {
    const int64_t grain = int64_t(1) << exponent;
    if (bias % grain == 0 && bias / grain <= most && bias / grain >= -most - 1)
      return true;
  }
  return false;
}

/// I3: parameters of the fixed unit; I4: initial states.
static Result<void> checkWords(const Population &population, const isa::Program &program, const hw::Chip &chip, bool native) {
  const auto wrong = [&](const std::string &what, const std::string &expected, int64_t found) {
    return Error{.code = 6033,
                 .message = what + " is no word of " + chip.name,
                 .place = "population '" + population.name + "'",
                 .expected = expected,
                 .found = std::to_string(found)};
  };
  const auto within = [&](const Words &words, const std::string &what, int64_t low, int64_t high) -> Result<void> {
    for (int32_t word : words)
      if (word < low || word > high)
        return wrong(what, range(low, high), word);
    return {};
  };
  const unsigned bits = native ? chip.nativeCuba->stateBits : chip.stateBits;
  for (size_t s = 0; s < population.init.size(); ++s)
    RANVIER_CHECK(within(population.init[s], "the initial value of '" + program.states[s] + "'", -(int64_t(1) << (bits - 1)),
                         (int64_t(1) << (bits - 1)) - 1));
  if (!native)
    return {};
  const hw::NativeCubaLif &unit = *chip.nativeCuba;
  RANVIER_CHECK(within(population.params[hw::NativeDu], "a current decay (du)", 0, (int64_t(1) << unit.decayBits) - 1));
  RANVIER_CHECK(within(population.params[hw::NativeDv], "a voltage decay (dv)", 0, (int64_t(1) << unit.decayBits) - 1));
  RANVIER_CHECK(within(population.params[hw::NativeVth], "a threshold (vth)", 0, (int64_t(1) << unit.thresholdBits) - 1));
  for (int32_t bias : population.params[hw::NativeBias])
    if (!isBias(bias, unit))
      return wrong("a bias",
                   "a mantissa of " + std::to_string(unit.biasMantissaBits) + " bits with sign, shifted left by 0.." +
                       std::to_string((1 << unit.biasExponentBits) - 1),
                   bias);
  return {};
}

/// I5: weights and exponents. A projection may use any of the chip's sign modes that its weights fit.
static Result<void> checkWeights(const Projection &projection, const hw::Weights &limits, const std::string &chip) {
  const std::string place = "projection '" + projection.name + "'";
  if (projection.weightExponent < limits.minExponent || projection.weightExponent > limits.maxExponent)
    return Error{.code = 6034,
                 .message = "a weight exponent that " + chip + " does not have",
                 .place = place,
                 .expected = range(limits.minExponent, limits.maxExponent),
                 .found = std::to_string(projection.weightExponent),
                 .kind = ErrorKind::DoesNotFit};
  if (projection.weights.empty())
    return {};
  const auto [low, high] = std::minmax_element(projection.weights.begin(), projection.weights.end());
  const auto fits = [&](int64_t least, int64_t most, int64_t grain) {
    return *low >= least && *high <= most &&
           std::all_of(projection.weights.begin(), projection.weights.end(), [&](int32_t weight) { return weight % grain == 0; });
  };
  const unsigned bits = std::min(limits.maxBits, 30u);
  const int64_t most = (int64_t(1) << bits) - 1;
  std::string expected;
  if (!limits.signModes) {
    if (fits(-most, most, 1))
      return {};
    expected = range(-most, most);
  } else {
    const int64_t drop = 8 - static_cast<int64_t>(std::min(bits, 8u)), grain = int64_t(1) << drop, top = 255 / grain * grain;
    const int64_t mixedTop = 255 / (2 * grain) * (2 * grain);
    if (fits(0, top, grain) || fits(-top, 0, grain) || fits(-256, mixedTop, 2 * grain))
      return {};
    expected = range(0, top) + " or " + range(-top, 0) + " in steps of " + std::to_string(grain) + ", or " + range(-256, mixedTop) +
               " in steps of " + std::to_string(2 * grain);
  }
  const bool beyond = limits.signModes ? *low < -256 || *high > 255 : *low < -most || *high > most;
  return Error{.code = 6034,
               .message = "weights that " + chip + " cannot store",
               .place = place,
               .expected = expected,
               .found = beyond ? range(*low, *high) : range(*low, *high) + ", in finer steps"};
}

Result<void> mapping::checkArithmetic(const Network &network, const hw::Chip &chip) {
  if (network.profile != isa::Profile::Int || chip.profile != isa::Profile::Int)
    return {}; // binary32 has no formats to miss
  isa::Program unit;
  if (chip.nativeCuba)
    unit = hw::nativeCubaProgram(*chip.nativeCuba);
  for (const Population &population : network.populations) {
    if (population.input)
      continue;
    const isa::Program &program = network.programs[population.program];
    const bool native = chip.nativeCuba && program.code == unit.code;
    RANVIER_CHECK(checkProgram(population, program, chip, native));
    RANVIER_CHECK(checkWords(population, program, chip, native));
  }
  for (const Projection &projection : network.projections)
    RANVIER_CHECK(checkWeights(projection, chip.weights, chip.name));
  return {};
}
