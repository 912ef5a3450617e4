//===- TestNet.cpp - Networks for emulator tests --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "TestNet.h"
#include "ranvier/Emulator/Transport.h"
#include <algorithm>
#include <array>
#include <set>
#include <thread>
#include <tuple>

namespace ranvier::emutest {

isa::Program program(isa::Profile profile, std::vector<std::string> states, std::vector<std::string> params,
                     std::vector<std::string> inputs, const std::vector<std::string> &lines) {
  isa::Program result;
  result.name = "test";
  result.profile = profile;
  result.states = std::move(states);
  result.params = std::move(params);
  result.inputs = std::move(inputs);
  for (const std::string &line : lines) {
    auto instruction = isa::assemble(result, line);
    RANVIER_ASSERT(bool(instruction), line + ": " + (instruction ? "" : instruction.error().str()));
    result.code.push_back(*instruction);
  }
  auto valid = isa::validate(result);
  RANVIER_ASSERT(bool(valid), valid ? "" : valid.error().str());
  return result;
}

isa::Program integrateAndFire() {
  return program(isa::Profile::Int, {"v"}, {"bias", "vth"}, {"in"},
                 {"ld.state r0, v", "ld.input r1, in", "add r0, r0, r1", "ld.param r1, bias", "add r0, r0, r1", "ld.param r1, vth",
                  "lt r2, r1, r0", "li r3, 0", "sel r0, r3, r0, r2", "st.state r0, v", "spk r2"});
}

isa::Program integrateAndFireF32() {
  return program(isa::Profile::F32, {"v"}, {"bias", "vth"}, {"in"},
                 {"ld.state r0, v", "ld.input r1, in", "fadd r0, r0, r1", "ld.param r1, bias", "fadd r0, r0, r1",
                  "ld.param r1, vth", "fle r2, r1, r0", "fsub r3, r0, r1", "sel r0, r3, r0, r2", "st.state r0, v", "spk r2"});
}

isa::Program relay(isa::Profile profile, bool graded) {
  return program(profile, {"seen"}, {}, {"in"}, {"ld.input r0, in", "st.state r0, seen", graded ? "spkp r0, r0" : "spk r0"});
}

namespace {

std::vector<int32_t> widen(const std::vector<int32_t> &words, uint32_t count) {
  return words.size() == count ? words : std::vector<int32_t>(count, words.empty() ? 0 : words[0]);
}

struct Home {
  uint32_t core, slice, offset; ///< Slice number in the core, neuron in the slice.
};

/// ImageData of a Net, section by section.
class Builder {
public:
  explicit Builder(const Net &net) : net(net) {}
  std::shared_ptr<const image::Image> run();

private:
  void meta();
  void slices();
  void synapses();
  void axons();
  const Net &net;
  std::shared_ptr<image::ImageData> data = std::make_shared<image::ImageData>();
  std::vector<std::vector<Home>> homes; ///< [population][neuron]
  std::map<std::tuple<uint32_t, uint32_t>, std::vector<image::OutAxonRecord>> outs;
};

void Builder::meta() {
  image::Meta &meta = data->meta;
  meta.network = "test";
  meta.profile = net.profile;
  meta.programs = net.programs;
  for (const Population &p : net.populations) {
    image::PopulationMeta m = p.source;
    m.name = p.name;
    m.count = p.count;
    m.shape = {p.count};
    m.input = p.program < 0;
    m.program = p.program < 0 ? image::none : static_cast<uint32_t>(p.program);
    m.seed = p.seed;
    meta.populations.push_back(m);
  }
  for (const Projection &p : net.projections)
    meta.projections.push_back({p.name, p.source, p.target, p.receptor, p.exponent, 8});
}

void Builder::slices() {
  std::vector<std::vector<std::array<uint32_t, 3>>> parts(net.cores.size()); // population, first, count
  for (uint32_t p = 0; p < net.populations.size(); ++p) {
    const Population &population = net.populations[p];
    homes.emplace_back(population.count);
    if (population.program < 0)
      continue;
    auto split = population.split;
    if (split.empty())
      split = {{0, population.count}};
    uint32_t first = 0;
    for (const auto &[core, count] : split) {
      for (uint32_t n = 0; n < count; ++n)
        homes[p][first + n] = {core, static_cast<uint32_t>(parts[core].size()), n};
      parts[core].push_back({p, first, count});
      first += count;
    }
    RANVIER_ASSERT(first == population.count, "split does not add up");
  }
  uint64_t globalNeuron = 0;
  for (uint32_t c = 0; c < net.cores.size(); ++c) {
    image::CoreRecord core{};
    core.chip = net.cores[c].chip;
    core.core = net.cores[c].core;
    core.level = net.cores[c].level;
    core.synapseKind = static_cast<uint32_t>(net.kind);
    core.firstSlice = static_cast<uint32_t>(data->slices.size());
    core.sliceCount = static_cast<uint32_t>(parts[c].size());
    core.firstNeuron = globalNeuron;
    core.delaySlots = 1;
    for (const auto &[p, first, count] : parts[c]) {
      const Population &population = net.populations[p];
      const isa::Program &program = net.programs[population.program];
      image::SliceRecord slice{};
      slice.population = p;
      slice.first = first;
      slice.count = count;
      slice.neuronBase = core.neuronCount;
      slice.accumulatorBase = core.accumulatorCount;
      slice.program = static_cast<uint32_t>(population.program);
      slice.firstState = data->stateWords.size();
      slice.firstParam = data->params.size();
      for (const std::string &name : program.states) {
        const auto at = population.states.find(name);
        const auto words = widen(at == population.states.end() ? std::vector<int32_t>{0} : at->second, population.count);
        data->stateWords.insert(data->stateWords.end(), words.begin() + first, words.begin() + first + count);
      }
      for (const std::string &name : program.params) {
        const auto &words = population.params.at(name);
        data->params.push_back({data->paramWords.size(), words.size() == 1, 0});
        if (words.size() == 1)
          data->paramWords.push_back(words[0]);
        else
          data->paramWords.insert(data->paramWords.end(), words.begin() + first, words.begin() + first + count);
      }
      core.neuronCount += count;
      core.accumulatorCount += count * static_cast<uint32_t>(program.inputs.size());
      data->slices.push_back(slice);
    }
    globalNeuron += core.neuronCount;
    data->cores.push_back(core);
  }
}

void Builder::synapses() {
  // core -> (later step?, source population, source neuron) -> projection -> (delay, accumulator, weight)
  using Row = std::vector<std::tuple<uint32_t, uint32_t, int32_t>>;
  std::vector<std::map<std::tuple<bool, uint32_t, uint32_t>, std::map<uint32_t, Row>>> perCore(net.cores.size());
  for (const Synapse &s : net.synapses) {
    const Projection &projection = net.projections[s.projection];
    const Home home = homes[projection.target][s.target];
    const image::SliceRecord &slice = data->slices[data->cores[home.core].firstSlice + home.slice];
    perCore[home.core][{s.delay > 0, projection.source, s.source}][s.projection].emplace_back(
        s.delay, slice.accumulatorBase + projection.receptor * slice.count + home.offset, s.weight);
  }
  for (uint32_t c = 0; c < net.cores.size(); ++c) {
    image::CoreRecord &core = data->cores[c];
    core.firstInAxon = data->inAxons.size();
    core.firstRow = data->rows.size();
    core.firstSynapse = net.kind == image::SynapseKind::Packed32 ? data->synapses32.size() : data->synapses64.size();
    for (auto &[key, rows] : perCore[c]) {
      const auto &[later, population, neuron] = key;
      outs[{population, neuron}].push_back({c, core.inAxonCount});
      core.sameStepAxonCount += !later;
      ++core.inAxonCount;
      data->inAxons.push_back({population, neuron, static_cast<uint32_t>(core.rowCount), static_cast<uint32_t>(rows.size())});
      for (auto &[projection, row] : rows) {
        std::stable_sort(row.begin(), row.end(), [](const auto &a, const auto &b) {
          return std::tie(std::get<0>(a), std::get<1>(a)) < std::tie(std::get<0>(b), std::get<1>(b));
        });
        data->rows.push_back({core.synapseCount, static_cast<uint32_t>(row.size()), projection});
        ++core.rowCount;
        core.synapseCount += row.size();
        for (const auto &[delay, accumulator, weight] : row) {
          core.delaySlots = std::max(core.delaySlots, delay + 1);
          if (net.kind == image::SynapseKind::Packed32)
            data->synapses32.push_back(image::packSynapse32(accumulator, delay, weight));
          else
            data->synapses64.push_back(image::packSynapse64(accumulator, delay, static_cast<uint32_t>(weight)));
        }
      }
    }
  }
}

void Builder::axons() {
  data->outPtr.push_back(0);
  auto add = [&](uint32_t population, uint32_t neuron) {
    for (const auto &out : outs[{population, neuron}])
      data->outAxons.push_back(out);
    data->outPtr.push_back(data->outAxons.size());
  };
  for (const image::SliceRecord &slice : data->slices)
    for (uint32_t n = 0; n < slice.count; ++n)
      add(slice.population, slice.first + n);
  for (uint32_t p = 0; p < net.populations.size(); ++p)
    if (net.populations[p].program < 0) {
      data->meta.populations[p].firstOut = data->outPtr.size() - 1;
      for (uint32_t n = 0; n < net.populations[p].count; ++n)
        add(p, n);
    }
}

std::shared_ptr<const image::Image> Builder::run() {
  meta();
  slices();
  synapses();
  axons();
  auto result = std::make_shared<image::Image>();
  result->meta = data->meta;
  result->chip = net.chip;
  result->cores = data->cores;
  result->slices = data->slices;
  result->params = data->params;
  result->paramWords = data->paramWords;
  result->stateWords = data->stateWords;
  result->inAxons = data->inAxons;
  result->rows = data->rows;
  result->synapses32 = data->synapses32;
  result->synapses64 = data->synapses64;
  result->outPtr = data->outPtr;
  result->outAxons = data->outAxons;
  result->storage = data;
  return result;
}

} // namespace

std::shared_ptr<const image::Image> build(const Net &net) { return Builder(net).run(); }

//===--- The naive way ----------------------------------------------------===//

Reference::Reference(const Net &network) : net(network) {
  for (const Population &p : net.populations) {
    levels.push_back(p.program < 0 || p.split.empty() ? (p.program < 0 ? 0 : net.cores[0].level)
                                                      : net.cores[p.split[0].first].level);
    auto &slots = states.emplace_back();
    if (p.program >= 0)
      for (const std::string &name : net.programs[p.program].states) {
        const auto at = p.states.find(name);
        slots.push_back(widen(at == p.states.end() ? std::vector<int32_t>{0} : at->second, p.count));
      }
  }
  for (uint32_t s = 0; s < net.synapses.size(); ++s)
    outgoing[{net.projections[net.synapses[s].projection].source, net.synapses[s].source}].push_back(s);
}

void Reference::emit(uint32_t population, uint32_t neuron, int32_t payload) {
  for (const uint32_t s : outgoing[{population, neuron}]) {
    const Synapse &synapse = net.synapses[s];
    pending[now + synapse.delay].push_back({now, population, neuron, synapse.projection, synapse.delay, s, synapse.target,
                                            net.projections[synapse.projection].receptor, synapse.weight, payload});
  }
}

std::vector<int32_t> Reference::sums(uint32_t population, uint32_t receptor) {
  std::vector<int32_t> result(net.populations[population].count, 0);
  auto arrived = pending[now];
  std::stable_sort(arrived.begin(), arrived.end(), [](const Contribution &a, const Contribution &b) {
    return std::tie(a.emission, a.population, a.neuron, a.projection, a.delay, a.synapse) <
           std::tie(b.emission, b.population, b.neuron, b.projection, b.delay, b.synapse);
  });
  std::map<std::tuple<uint32_t, uint32_t, uint32_t, uint32_t>, uint32_t> groups; // projection, emission, delay, target
  for (const Contribution &c : arrived) {
    if (net.projections[c.projection].target != population || c.receptor != receptor)
      continue;
    if (net.profile == isa::Profile::F32) {
      const float value = c.payload == bits(1.0f) ? real(c.weight) : real(c.weight) * real(c.payload);
      result[c.target] = bits(real(result[c.target]) + value);
    } else {
      groups[{c.projection, c.emission, c.delay, c.target}] += static_cast<uint32_t>(c.weight) * static_cast<uint32_t>(c.payload);
    }
  }
  for (const auto &[key, sum] : groups) {
    const int exponent = net.projections[std::get<0>(key)].exponent;
    const uint32_t shifted = exponent >= 0 ? sum << exponent : static_cast<uint32_t>(static_cast<int32_t>(sum) >> -exponent);
    int32_t &word = result[std::get<3>(key)];
    word = static_cast<int32_t>(static_cast<uint32_t>(word) + shifted);
  }
  return result;
}

StepSpikes Reference::step(const std::vector<emu::InputSpike> &inputs) {
  ++now;
  StepSpikes result;
  result.neurons.resize(net.populations.size());
  result.payloads.resize(net.populations.size());
  std::set<std::pair<uint32_t, uint32_t>> seen;
  for (const auto &spike : inputs)
    if (seen.emplace(spike.population, spike.neuron).second)
      emit(spike.population, spike.neuron, spike.payload);
  for (const auto &[population, neuron] : seen)
    result.neurons[population].push_back(neuron);
  const uint32_t deepest = *std::max_element(levels.begin(), levels.end());
  for (uint32_t level = 0; level <= deepest; ++level)
    for (uint32_t p = 0; p < net.populations.size(); ++p) {
      const Population &population = net.populations[p];
      if (population.program < 0 || levels[p] != level)
        continue;
      const isa::Program &program = net.programs[population.program];
      std::vector<std::vector<int32_t>> inputWords;
      for (uint32_t r = 0; r < program.inputs.size(); ++r)
        inputWords.push_back(sums(p, r));
      for (uint32_t n = 0; n < population.count; ++n) {
        std::vector<int32_t *> state;
        std::vector<int32_t> paramWords, payload(16);
        std::vector<const int32_t *> param, input;
        for (auto &slot : states[p])
          state.push_back(&slot[n]);
        for (const std::string &name : program.params)
          paramWords.push_back(widen(population.params.at(name), population.count)[n]);
        for (const int32_t &word : paramWords)
          param.push_back(&word);
        for (const auto &words : inputWords)
          input.push_back(&words[n]);
        uint32_t fired = 0;
        isa::SliceView view{1, n, population.seed, now, state.data(), param.data(), input.data(), &fired, payload.data()};
        isa::interpret(program, view);
        if (!(fired & 1))
          continue;
        const bool graded = isa::emitsPayload(program);
        const int32_t value = graded ? payload[0] : net.profile == isa::Profile::F32 ? bits(1.0f) : 1;
        result.neurons[p].push_back(n);
        if (graded)
          result.payloads[p].push_back(value);
        emit(p, n, value);
      }
    }
  pending.erase(now);
  return result;
}

StepSpikes spikesOf(emu::Machine &machine) {
  StepSpikes result;
  for (uint32_t p = 0; p < machine.image().meta.populations.size(); ++p) {
    const auto neurons = machine.spikes(p);
    const auto payloads = machine.payloads(p);
    result.neurons.emplace_back(neurons.begin(), neurons.end());
    const bool input = machine.image().meta.populations[p].input;
    result.payloads.emplace_back(payloads.begin(), input ? payloads.begin() : payloads.end());
  }
  return result;
}

std::unique_ptr<emu::Machine> machine(std::shared_ptr<const image::Image> image, const emu::MachineOptions &options) {
  auto result = emu::Machine::create(std::move(image), options);
  RANVIER_ASSERT(bool(result), result ? "" : result.error().str());
  return std::move(*result);
}

emu::MachineOptions interp(unsigned threads, emu::Timing timing) {
  emu::MachineOptions options;
  options.executor = emu::Executor::Interp;
  options.timing = timing;
  options.threads = threads;
  options.workPerThread = 0;
  return options;
}

unsigned codeOfTwoRanks(const std::shared_ptr<const image::Image> &image, emu::MachineOptions options) {
  std::vector<std::shared_ptr<emu::Transport>> ranks;
  for (auto &rank : emu::pretendRanks(2))
    ranks.push_back(std::move(rank));
  unsigned code = 0;
  const auto work = [&](unsigned r) {
    emu::MachineOptions own = options;
    own.ranks = ranks[r];
    auto machine = emu::Machine::create(image, own);
    if (r == 0)
      code = machine ? 0 : machine.error().code;
  };
  std::jthread one(work, 1u);
  work(0);
  one.join();
  return code;
}

} // namespace ranvier::emutest
