//===- Simulate.cpp - Runs a quantised network in a test ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Simulate.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "ranvier/Dialect/SNN/IR/Elements.h"
#include "ranvier/ISA/Program.h"
#include "ranvier/Network/Network.h"
#include "ranvier/Support/File.h"
#include <bit>
#include <cmath>
#include <doctest/doctest.h>

using namespace mlir;
using namespace ranvier;
using namespace ranvier::test;

MLIRContext &test::context() {
  static MLIRContext *made = [] {
    DialectRegistry registry;
    registry.insert<snn::SNNDialect, arith::ArithDialect, math::MathDialect>();
    auto *context = new MLIRContext(registry, MLIRContext::Threading::DISABLED);
    context->loadAllAvailableDialects();
    return context;
  }();
  return *made;
}

OwningOpRef<ModuleOp> test::parse(const std::string &text) {
  auto module = parseSourceString<ModuleOp>(text, &context());
  REQUIRE(module);
  return module;
}

OwningOpRef<ModuleOp> test::parseUnverified(const std::string &text) {
  auto module = parseSourceString<ModuleOp>(text, ParserConfig(&context(), /*verifyAfterParse=*/false));
  REQUIRE(module);
  return module;
}

std::string test::sourceFile(const std::string &path) {
  auto text = readFile(std::string(RANVIER_SOURCE_DIR) + "/" + path);
  REQUIRE(bool(text));
  return *text;
}

std::vector<int> Trace::counts(const std::string &population, size_t neurons) const {
  std::vector<int> out(neurons);
  for (const auto &step : spikes.at(population))
    for (uint32_t neuron : step)
      ++out[neuron];
  return out;
}

namespace {
struct Neurons {
  std::string name;
  size_t count = 0;
  isa::Program program;
  bool f32 = false;
  std::vector<std::vector<int32_t>> states, params;
  std::vector<std::map<uint32_t, std::vector<double>>> arriving; ///< [input]: step -> sums
  std::vector<uint32_t> fired;
  std::vector<int32_t> payload;
};
struct Edges {
  std::string source, target;
  size_t receptor;
  compiler::Synapses synapses;
  int64_t exponent;
};

std::vector<std::string> strings(ArrayAttr array) {
  std::vector<std::string> out;
  for (auto text : array.getAsRange<StringAttr>())
    out.push_back(text.getValue().str());
  return out;
}

std::vector<int32_t> words(Attribute attribute, size_t count, bool f32) {
  std::vector<int32_t> out(count, 0);
  if (!attribute)
    return out;
  auto values = snn::readElements(attribute);
  REQUIRE(values);
  for (size_t i = 0; i < count; ++i) {
    const double value = values->size() == 1 ? (*values)[0] : (*values)[i];
    out[i] = f32 ? std::bit_cast<int32_t>(static_cast<float>(value)) : static_cast<int32_t>(value);
    if (!f32)
      CHECK(value == double(out[i]));
  }
  return out;
}

Neurons load(snn::PopulationOp op) {
  auto source = dyn_cast_or_null<snn::ProgramOp>(snn::lookupModel(op));
  REQUIRE(source);
  Neurons out;
  out.name = op.getSymName().str();
  out.count = static_cast<size_t>(op.getNodeCount());
  out.f32 = source.getProfile() == "f32";
  out.program.profile = out.f32 ? isa::Profile::F32 : isa::Profile::Int;
  out.program.states = strings(source.getStates());
  out.program.params = strings(source.getParams());
  out.program.inputs = strings(source.getInputs());
  for (const std::string &line : strings(source.getCode())) {
    auto instruction = isa::assemble(out.program, line);
    REQUIRE(bool(instruction));
    out.program.code.push_back(*instruction);
  }
  REQUIRE(bool(isa::validate(out.program)));
  for (const std::string &state : out.program.states)
    out.states.push_back(words(op.getInit().get(state), out.count, out.f32));
  for (const std::string &param : out.program.params) {
    REQUIRE(op.getParams().get(param));
    out.params.push_back(words(op.getParams().get(param), out.count, out.f32));
  }
  out.arriving.resize(out.program.inputs.size());
  out.payload.resize(out.count);
  return out;
}

void update(Neurons &neurons, uint32_t step) {
  std::vector<std::vector<int32_t>> inputs;
  for (auto &arriving : neurons.arriving) {
    std::vector<double> sums = arriving.count(step) ? arriving[step] : std::vector<double>(neurons.count, 0.0);
    arriving.erase(step);
    inputs.emplace_back();
    for (double sum : sums)
      inputs.back().push_back(neurons.f32 ? std::bit_cast<int32_t>(static_cast<float>(sum)) : static_cast<int32_t>(sum));
  }
  std::vector<int32_t *> state;
  std::vector<const int32_t *> param, input;
  for (auto &s : neurons.states)
    state.push_back(s.data());
  for (auto &p : neurons.params)
    param.push_back(p.data());
  for (auto &i : inputs)
    input.push_back(i.data());
  std::vector<uint32_t> bits((neurons.count + 31) / 32);
  isa::SliceView view{static_cast<uint32_t>(neurons.count),
                      0,
                      1,
                      step,
                      state.data(),
                      param.data(),
                      input.data(),
                      bits.data(),
                      neurons.payload.data()};
  isa::interpret(neurons.program, view);
  neurons.fired.clear();
  for (uint32_t n = 0; n < neurons.count; ++n)
    if (bits[n / 32] >> (n % 32) & 1)
      neurons.fired.push_back(n);
}

/// Sums per emission step and delay, shifted as a whole (floor) where the exponent is negative.
void deliver(const Edges &edges, Neurons &target, const std::vector<uint32_t> &fired, const Neurons *source, uint32_t step) {
  std::map<uint32_t, std::vector<double>> sums;
  for (uint32_t neuron : fired)
    for (uint64_t k = edges.synapses.rowPtr[neuron]; k < edges.synapses.rowPtr[neuron + 1]; ++k) {
      auto &sum = sums[step + edges.synapses.delay(k)];
      sum.resize(target.count, 0.0);
      double payload = 1;
      if (source && isa::emitsPayload(source->program))
        payload = source->f32 ? double(std::bit_cast<float>(source->payload[neuron])) : double(source->payload[neuron]);
      sum[edges.synapses.targets[k]] += edges.synapses.weight(k) * payload;
    }
  for (auto &[when, sum] : sums) {
    auto &arriving = target.arriving[edges.receptor][when];
    arriving.resize(target.count, 0.0);
    for (size_t n = 0; n < target.count; ++n)
      arriving[n] += target.f32 ? sum[n] : std::floor(std::ldexp(sum[n], static_cast<int>(edges.exponent)));
  }
}
} // namespace

Trace test::simulate(ModuleOp module, const std::map<std::string, std::vector<std::vector<uint32_t>>> &inputs, uint32_t steps) {
  auto network = *module.getOps<snn::NetworkOp>().begin();
  std::vector<Neurons> populations;
  std::map<std::string, size_t> index;
  for (auto op : network.getBody().getOps<snn::PopulationOp>()) {
    index[op.getSymName().str()] = populations.size();
    populations.push_back(load(op));
  }
  std::vector<Edges> edges;
  for (Operation &op : network.getBody().front())
    if (auto projection = dyn_cast<snn::ProjectionOpInterface>(op)) {
      auto synapses = compiler::expandProjection(projection);
      REQUIRE(bool(synapses));
      const Neurons &target = populations[index.at(projection.getTargetAttr().getValue().str())];
      size_t receptor = 0;
      if (StringAttr name = projection.getReceptorAttr())
        receptor =
            std::find(target.program.inputs.begin(), target.program.inputs.end(), name.str()) - target.program.inputs.begin();
      REQUIRE(receptor < target.program.inputs.size());
      CHECK(!projection.getBiasOrNull());
      edges.push_back({projection.getSourceAttr().getValue().str(), target.name, receptor, std::move(*synapses),
                       projection.getExponentOrZero()});
    }
  Trace trace;
  for (uint32_t step = 1; step <= steps; ++step) {
    for (const Edges &edge : edges)
      if (auto spikes = inputs.find(edge.source); spikes != inputs.end())
        deliver(edge, populations[index[edge.target]], spikes->second[step - 1], nullptr, step);
    for (Neurons &neurons : populations) {
      update(neurons, step);
      for (const Edges &edge : edges)
        if (edge.source == neurons.name)
          deliver(edge, populations[index[edge.target]], neurons.fired, &neurons, step);
      trace.spikes[neurons.name].push_back(neurons.fired);
      for (size_t s = 0; s < neurons.states.size(); ++s)
        trace.states[neurons.name][neurons.program.states[s]].push_back(neurons.states[s]);
    }
  }
  return trace;
}
