//===- Replay.cpp - A golden case through the whole chain -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Replay.h"
#include "ranvier/Emulator/Session.h"
#include "ranvier/HwModels/NativeForm.h"
#include "ranvier/Mapping/Mapping.h"
#include <algorithm>
#include <bit>
#include <map>

using namespace ranvier;
using namespace ranvier::tools;
using formats::GoldenCase;
using formats::GoldenConnection;
using formats::GoldenGroup;

static Error wrong(unsigned code, const GoldenCase &golden, const std::string &place, const std::string &message,
                   const std::string &expected, const std::string &found) {
  return Error{.code = code, .message = message, .file = golden.path, .place = place, .expected = expected, .found = found};
}

Result<std::vector<int32_t>> tools::truncatedWeights(const GoldenConnection &connection) {
  const std::vector<int64_t> &weights = connection.weights;
  std::string mode = connection.signMode;
  if (mode == "AUTO") {
    const bool negative = std::any_of(weights.begin(), weights.end(), [](int64_t w) { return w < 0; });
    const bool positive = std::any_of(weights.begin(), weights.end(), [](int64_t w) { return w > 0; });
    mode = !negative ? "EXCITATORY" : !positive ? "INHIBITORY" : "MIXED";
  }
  if (mode != "MIXED" && mode != "EXCITATORY" && mode != "INHIBITORY")
    return Error{.code = 8083,
                 .message = "unknown sign mode",
                 .place = "connections/" + connection.name,
                 .expected = "AUTO, MIXED, EXCITATORY or INHIBITORY",
                 .found = "'" + connection.signMode + "'"};
  if (connection.weightBits < 0 || connection.weightBits > 8)
    return Error{.code = 8084,
                 .message = "bad number of weight bits",
                 .place = "connections/" + connection.name,
                 .expected = "0..8",
                 .found = std::to_string(connection.weightBits)};
  const bool mixed = mode == "MIXED", inhibitory = mode == "INHIBITORY";
  const int drop = 8 - connection.weightBits + (mixed ? 1 : 0);
  std::vector<int32_t> result;
  result.reserve(weights.size());
  for (int64_t weight : weights) {
    // The magnitude is cut for inhibitory connections, the two's complement value (towards minus infinity) for the others.
    const int64_t clipped = inhibitory ? std::clamp<int64_t>(weight == INT64_MIN ? INT64_MAX : -weight, 0, 255)
                                       : std::clamp<int64_t>(weight, mixed ? -256 : 0, 255);
    const int32_t cut = static_cast<int32_t>((clipped >> drop) * (int64_t(1) << drop));
    result.push_back(inhibitory ? -cut : cut);
  }
  return result;
}

static Result<void> addGroup(mapping::Network &network, const GoldenCase &golden, const GoldenGroup &group) {
  const std::string place = "groups/" + group.name;
  if (group.model != "LIF")
    return wrong(8081, golden, place, "unknown neuron model", "'LIF'", "'" + group.model + "'");
  const auto within = [&](const char *key, int64_t value, int64_t most) -> Result<void> {
    if (value < 0 || value > most)
      return wrong(8082, golden, place + "/" + key, "value out of range", "0.." + std::to_string(most), std::to_string(value));
    return {};
  };
  RANVIER_CHECK(within("du", group.du, 4095));
  RANVIER_CHECK(within("dv", group.dv, 4095));
  RANVIER_CHECK(within("vth", group.vth, 131071));
  if (group.biasMantissa.size() != group.count || group.biasExponent.size() != group.count)
    return wrong(8082, golden, place + "/bias_mant", "wrong number of biases", std::to_string(group.count),
                 std::to_string(group.biasMantissa.size()) + " and " + std::to_string(group.biasExponent.size()));
  if (group.count == 0)
    return {};
  mapping::Population population;
  population.name = group.name;
  population.shape = {group.count};
  population.count = group.count;
  population.program = 0;
  population.params = {{static_cast<int32_t>(group.du)}, {static_cast<int32_t>(group.dv)}, {static_cast<int32_t>(group.vth)}, {}};
  for (uint32_t n = 0; n < group.count; ++n) {
    const int64_t mantissa = group.biasMantissa[n], exponent = group.biasExponent[n];
    const bool tooLarge =
        exponent > 31 || std::abs(mantissa) > (int64_t(1) << (31 - std::max<int64_t>(0, std::min<int64_t>(31, exponent)))) - 1;
    if (tooLarge && mantissa != 0)
      return wrong(8082, golden, place + "/bias_mant", "bias of neuron " + std::to_string(n) + " does not fit 32 bits",
                   "|mantissa << exponent| < 2^31", std::to_string(mantissa) + " << " + std::to_string(exponent));
    const int64_t bias = mantissa == 0   ? 0
                         : exponent >= 0 ? mantissa * (int64_t(1) << exponent)
                                         : mantissa >> std::min<int64_t>(63, -exponent);
    population.params[hw::NativeBias].push_back(static_cast<int32_t>(bias));
  }
  population.init = {{0}, {0}};
  population.configParams = {hw::NativeDu, hw::NativeDv};
  population.thresholdParams = {hw::NativeVth};
  population.stateScale = {{"u", 1.0}, {"v", 1.0}};
  population.output = true;
  network.populations.push_back(std::move(population));
  return {};
}

/// Mixed weights without any bits are 0 or -512, which is one bit more than the chip stores; two synapses of -256 are the same sum.
static void splitWideWeights(mapping::Projection &projection) {
  constexpr int32_t least = -256;
  if (std::none_of(projection.weights.begin(), projection.weights.end(), [](int32_t w) { return w < least; }))
    return;
  mapping::Projection split = projection;
  split.dense = false;
  split.rowPtr = {0};
  split.targets.clear();
  split.weights.clear();
  split.delays.clear();
  for (size_t n = 0; n + 1 < projection.rowPtr.size(); ++n) {
    for (uint64_t s = projection.rowPtr[n]; s < projection.rowPtr[n + 1]; ++s)
      for (int32_t rest = projection.weights[s]; rest; rest -= split.weights.back()) {
        split.targets.push_back(projection.targets[s]);
        split.weights.push_back(std::max(rest, least));
        split.delays.push_back(static_cast<uint16_t>(projection.delay(s)));
      }
    split.rowPtr.push_back(split.targets.size());
  }
  projection = std::move(split);
}

/// Dense if that takes less memory than storing an index with each non-zero weight; zero weights add nothing and are then left out.
static bool storeDense(uint64_t nonZero, uint64_t all, unsigned delayBits) {
  constexpr unsigned weightBits = 9, indexBits = 10;
  return all * (weightBits + delayBits) <= nonZero * (weightBits + delayBits + indexBits);
}

namespace {
/// What a connection's `src` or `dst` names. `population` counts only if there are neurons.
struct Place {
  uint64_t count = 0;
  bool input = false;
  uint32_t population = 0;
};
} // namespace

static Result<void> addConnection(mapping::Network &network, const GoldenCase &golden, const GoldenConnection &connection,
                                  const std::map<std::string, Place> &names) {
  const std::string place = "connections/" + connection.name;
  const bool delayed = connection.kind == "delay";
  if (!delayed && connection.kind != "dense")
    return wrong(8081, golden, place, "unknown kind", "'dense' or 'delay'", "'" + connection.kind + "'");
  if (connection.messageBits != 0)
    return wrong(8081, golden, place, "unknown message format", "num_message_bits 0 (binary spikes)",
                 std::to_string(connection.messageBits));
  const auto source = names.find(connection.source), target = names.find(connection.target);
  if (source == names.end())
    return wrong(8082, golden, place + "/src", "no such input or group", "a name of this file", "'" + connection.source + "'");
  if (target == names.end() || target->second.input)
    return wrong(8082, golden, place + "/dst", "no such group", "the name of a group", "'" + connection.target + "'");
  const uint64_t pre = source->second.count, post = target->second.count;
  if (connection.weights.size() != pre * post || (delayed ? connection.delays.size() != pre * post : !connection.delays.empty()))
    return wrong(8082, golden, place, "wrong shape", "[" + std::to_string(post) + ", " + std::to_string(pre) + "]",
                 std::to_string(connection.weights.size()) + " weights, " + std::to_string(connection.delays.size()) + " delays");
  auto weights = truncatedWeights(connection);
  if (!weights) {
    weights.error().file = golden.path;
    return std::move(weights.error());
  }
  if (pre * post == 0)
    return {};
  mapping::Projection projection;
  projection.name = connection.source + "_" + connection.target + "_" + connection.name;
  projection.source = source->second.population;
  projection.target = target->second.population;
  projection.weightExponent = connection.weightExponent;
  projection.weightBits = 9;
  int64_t longest = 0;
  for (size_t i = 0; i < connection.delays.size(); ++i) {
    longest = std::max(longest, connection.delays[i]);
    if (connection.delays[i] < 0 || connection.delays[i] > 65534)
      return wrong(8082, golden, place + "/delays", "delay out of range", "0..65534", std::to_string(connection.delays[i]));
  }
  const uint64_t nonZero = pre * post - static_cast<uint64_t>(std::count(weights->begin(), weights->end(), 0));
  projection.dense = storeDense(nonZero, pre * post, static_cast<unsigned>(std::bit_width(static_cast<uint64_t>(longest))));
  projection.rowPtr.push_back(0);
  if (!delayed)
    projection.delays = {1};
  for (uint64_t a = 0; a < pre; ++a) {
    for (uint64_t b = 0; b < post; ++b)
      if (const int32_t weight = (*weights)[b * pre + a]; projection.dense || weight) {
        projection.targets.push_back(static_cast<uint32_t>(b));
        projection.weights.push_back(weight);
        if (delayed)
          projection.delays.push_back(static_cast<uint16_t>(connection.delays[b * pre + a] + 1));
      }
    projection.rowPtr.push_back(projection.targets.size());
  }
  splitWideWeights(projection);
  if (projection.delays.empty())
    projection.delays = {1};
  network.projections.push_back(std::move(projection));
  return {};
}

Result<mapping::Network> tools::buildNetwork(const GoldenCase &golden) {
  mapping::Network network;
  network.name = golden.name;
  network.programs = {hw::nativeCubaProgram(hw::NativeCubaLif{})};
  std::map<std::string, Place> names;
  const auto add = [&](const std::string &name, uint64_t count, bool input) -> Result<void> {
    if (!names.emplace(name, Place{count, input, static_cast<uint32_t>(network.populations.size())}).second)
      return wrong(8082, golden, "groups/" + name, "an input and a group have the same name", "different names", "'" + name + "'");
    return {};
  };
  for (const formats::GoldenInput &input : golden.inputs) {
    RANVIER_CHECK(add(input.name, input.count, true));
    if (input.count == 0)
      continue;
    mapping::Population population;
    population.name = input.name;
    population.shape = {input.count};
    population.count = input.count;
    population.input = true;
    network.populations.push_back(std::move(population));
  }
  for (const GoldenGroup &group : golden.groups) {
    RANVIER_CHECK(add(group.name, group.count, false));
    RANVIER_CHECK(addGroup(network, golden, group));
  }
  for (const GoldenConnection &connection : golden.connections)
    RANVIER_CHECK(addConnection(network, golden, connection, names));
  return network;
}

/// Golden cases fix the arithmetic: the chip's own unit has to be that one, or the chip takes any microcode.
static Result<void> checkChip(const hw::Chip &chip) {
  const auto key = [](const hw::NativeCubaLif &form) {
    return std::tuple(form.decayBits, form.currentDecayOffset, form.inputShift, form.stateBits, form.currentWraps,
                      form.thresholdShift);
  };
  if (chip.profile == isa::Profile::Int && (chip.programmable || (chip.nativeCuba && key(*chip.nativeCuba) == key({}))))
    return {};
  return Error{.code = 8085,
               .message = "chip '" + chip.name + "' cannot run the arithmetic of golden cases",
               .expected = "a native cuba_lif unit with 12-bit decays and 24-bit states, or a programmable integer chip",
               .hint = "use --target loihi1",
               .kind = ErrorKind::CannotRun};
}

static std::vector<emu::InputSpike> inputSpikes(const GoldenCase &golden, int32_t payload) {
  std::vector<emu::InputSpike> spikes;
  for (uint32_t t = 0; t < golden.steps; ++t) {
    uint32_t population = 0; // Inputs without neurons are none; the others come first, in order.
    for (const formats::GoldenInput &input : golden.inputs) {
      for (uint32_t n = 0; n < input.count; ++n)
        if (input.spikes[uint64_t(t) * input.count + n])
          spikes.push_back({t + 1, population, n, payload});
      population += input.count != 0;
    }
  }
  return spikes;
}

namespace {

/// Takes each step's spikes and states and compares them with the case.
class Comparer {
public:
  Comparer(const GoldenCase &golden, ReplayResult &result) : golden(golden), result(result) {
    for (const GoldenGroup &group : golden.groups) {
      const size_t cells = size_t(golden.steps) * group.count;
      result.computed.push_back(
          {group.name, group.count, std::vector<uint8_t>(cells), std::vector<int32_t>(cells), std::vector<int32_t>(cells)});
    }
    for (const formats::GoldenInput &input : golden.inputs)
      firstGroup += input.count != 0;
  }
  void step(emu::Machine &machine, uint32_t step) {
    uint32_t next = firstGroup;
    for (uint32_t g = 0; g < golden.groups.size(); ++g) {
      const GoldenGroup &group = golden.groups[g];
      if (group.count == 0)
        continue;
      formats::GoldenResult &computed = result.computed[g];
      const uint32_t population = next++;
      const size_t row = size_t(step - 1) * group.count;
      for (uint32_t neuron : machine.spikes(population))
        computed.s[row + neuron] = 1;
      machine.readState(population, 0, {computed.u.data() + row, group.count});
      machine.readState(population, 1, {computed.v.data() + row, group.count});
      if (group.hasExpected)
        compare(group, computed, step);
    }
  }

private:
  void compare(const GoldenGroup &group, const formats::GoldenResult &computed, uint32_t step) {
    const size_t row = size_t(step - 1) * group.count, columns = group.recorded.size();
    std::vector<size_t> columnOf(group.count, columns);
    for (size_t i = 0; i < columns; ++i)
      columnOf[group.recorded[i]] = i;
    for (uint32_t n = 0; n < group.count; ++n) {
      if (columnOf[n] < columns) {
        const size_t cell = size_t(step - 1) * columns + columnOf[n];
        check(step, group.name, "u", n, group.u[cell], computed.u[row + n]);
        check(step, group.name, "v", n, group.v[cell], computed.v[row + n]);
      }
      check(step, group.name, "s", n, group.s[row + n], computed.s[row + n]);
    }
  }
  void check(uint32_t step, const std::string &group, const char *what, uint32_t neuron, int64_t expected, int64_t found) {
    ++result.comparedCells;
    if (expected != found && !result.difference)
      result.difference = Difference{step, group, what, neuron, expected, found};
  }

  const GoldenCase &golden;
  ReplayResult &result;
  uint32_t firstGroup = 0; ///< Its population.
};

} // namespace

Result<ReplayResult> tools::replay(const GoldenCase &golden, const hw::Chip &chip, const ReplayOptions &options) {
  RANVIER_CHECK(checkChip(chip));
  RANVIER_TRY(const mapping::Network network, buildNetwork(golden));
  const mapping::Options mappingOptions{.seed = options.seed};
  RANVIER_TRY(mapping::Mapping mapping, mapping::partition(network, chip, mappingOptions));
  RANVIER_CHECK(mapping::place(network, chip, mapping, mappingOptions));
  RANVIER_TRY(image::ImageData data, mapping::emitImage(network, chip, mapping, "{\"source\":\"golden case\"}"));
  RANVIER_TRY(image::Image image, image::fromData(std::move(data)));
  const auto shared = std::make_shared<const image::Image>(std::move(image));
  RANVIER_TRY(const auto machine, emu::Machine::create(shared, {.executor = options.executor, .threads = options.threads}));
  ReplayResult result;
  result.cores = mapping.cores.size();
  Comparer comparer(golden, result);
  const std::vector<emu::InputSpike> spikes = inputSpikes(golden, emu::plainPayload(*shared));
  RANVIER_TRY(const emu::RunResult run,
              emu::run(*machine, spikes, {.steps = golden.steps}, [&](const emu::StepView &view, emu::Machine &m) {
                comparer.step(m, view.step);
                return true;
              }));
  result.steps = run.steps;
  return result;
}
