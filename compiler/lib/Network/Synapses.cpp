//===- Synapses.cpp - Synapses as lists, and the rules that make them -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Network/Synapses.h"
#include "ranvier/Image/Connector.h"
#include <algorithm>

using namespace ranvier;
using namespace ranvier::compiler;

Synapses compiler::fromConnections(uint64_t sources, uint64_t targets, std::span<const Connection> connections) {
  Synapses out;
  out.sources = sources;
  out.targetCount = targets;
  // Two stable counting sorts: by target, then by source.
  std::vector<uint64_t> place(std::max(sources, targets) + 1);
  std::vector<uint64_t> byTarget(connections.size());
  for (const Connection &c : connections)
    ++place[c.target + 1];
  for (uint64_t i = 0; i < targets; ++i)
    place[i + 1] += place[i];
  for (uint64_t k = 0; k < connections.size(); ++k)
    byTarget[place[connections[k].target]++] = k;
  out.rowPtr.assign(sources + 1, 0);
  for (const Connection &c : connections)
    ++out.rowPtr[c.source + 1];
  for (uint64_t i = 0; i < sources; ++i)
    out.rowPtr[i + 1] += out.rowPtr[i];
  place.assign(out.rowPtr.begin(), out.rowPtr.end());
  out.targets.resize(connections.size());
  out.weights.resize(connections.size());
  out.delays.resize(connections.size());
  for (uint64_t k : byTarget) {
    const Connection &c = connections[k];
    const uint64_t at = place[c.source]++;
    out.targets[at] = c.target;
    out.weights[at] = c.weight;
    out.delays[at] = c.delay;
  }
  if (!out.delays.empty() && std::all_of(out.delays.begin(), out.delays.end(), [&](uint32_t d) { return d == out.delays[0]; }))
    out.delays.resize(1);
  return out;
}

namespace {
/// Source coordinate of output `o`, tap `k`, or -1 outside the input.
int64_t tap(const WindowAxis &axis, int64_t o, int64_t k) {
  const int64_t at = o * axis.stride - axis.padBefore + k * axis.dilation;
  return at >= 0 && at < axis.input ? at : -1;
}

/// Calls visit(inY, inX, outY, outX, tapY, tapX) for every tap inside the input.
template <typename Visit> void forEachTap(const WindowAxis &y, const WindowAxis &x, Visit visit) {
  for (int64_t oy = 0; oy < y.output; ++oy)
    for (int64_t ox = 0; ox < x.output; ++ox)
      for (int64_t ky = 0; ky < y.kernel; ++ky) {
        const int64_t iy = tap(y, oy, ky);
        if (iy < 0)
          continue;
        for (int64_t kx = 0; kx < x.kernel; ++kx)
          if (const int64_t ix = tap(x, ox, kx); ix >= 0)
            visit(iy, ix, oy, ox, ky, kx);
      }
}
} // namespace

Synapses compiler::convolution(int64_t inChannels, int64_t outChannels, int64_t groups, WindowAxis y, WindowAxis x,
                               std::span<const double> weights, uint32_t delay) {
  const int64_t inPerGroup = inChannels / groups, outPerGroup = outChannels / groups;
  std::vector<Connection> connections;
  for (int64_t co = 0; co < outChannels; ++co)
    for (int64_t ci = 0; ci < inPerGroup; ++ci) {
      const int64_t channel = co / outPerGroup * inPerGroup + ci;
      const double *kernel = weights.data() + (co * inPerGroup + ci) * y.kernel * x.kernel;
      forEachTap(y, x, [&](int64_t iy, int64_t ix, int64_t oy, int64_t ox, int64_t ky, int64_t kx) {
        connections.push_back({static_cast<uint32_t>((channel * y.input + iy) * x.input + ix),
                               static_cast<uint32_t>((co * y.output + oy) * x.output + ox), kernel[ky * x.kernel + kx], delay});
      });
    }
  return fromConnections(inChannels * y.input * x.input, outChannels * y.output * x.output, connections);
}

Synapses compiler::pooling(int64_t channels, WindowAxis y, WindowAxis x, double value, uint32_t delay) {
  std::vector<Connection> connections;
  for (int64_t c = 0; c < channels; ++c)
    forEachTap(y, x, [&](int64_t iy, int64_t ix, int64_t oy, int64_t ox, int64_t, int64_t) {
      connections.push_back({static_cast<uint32_t>((c * y.input + iy) * x.input + ix),
                             static_cast<uint32_t>((c * y.output + oy) * x.output + ox), value, delay});
    });
  return fromConnections(channels * y.input * x.input, channels * y.output * x.output, connections);
}

/// The rule as whoever loads an image knows it. Errors: RNV5701, RNV5702, RNV5703.
static Result<image::Connector> checkedConnector(const ConnectRule &rule, uint64_t sources, uint64_t targets) {
  const auto known = image::ruleNamed(rule.rule);
  if (!known)
    return Error{.code = 5701, .message = "unknown connection rule", .found = "'" + rule.rule + "'"};
  image::Connector connector;
  connector.rule = *known;
  connector.probability = rule.probability;
  connector.scale = rule.scale;
  connector.number = rule.number;
  connector.seed = rule.seed;
  connector.skipsSelf = !rule.autapses && rule.samePopulation;
  connector.sources = sources;
  connector.targets = targets;
  connector.sourceShape.assign(rule.sourceShape.begin(), rule.sourceShape.end());
  connector.targetShape.assign(rule.targetShape.begin(), rule.targetShape.end());
  if (*known == image::Rule::OneToOne && sources != targets)
    return Error{.code = 5702,
                 .message = "one_to_one joins populations of different size",
                 .expected = std::to_string(sources),
                 .found = std::to_string(targets)};
  if (*known == image::Rule::DistanceDependent && rule.sourceShape.size() != rule.targetShape.size())
    return Error{.code = 5702,
                 .message = "distance_dependent joins populations of different rank",
                 .expected = "rank " + std::to_string(rule.sourceShape.size()),
                 .found = "rank " + std::to_string(rule.targetShape.size())};
  if (std::string fault = connector.fault(); !fault.empty())
    return Error{.code = 5702, .message = std::move(fault)};
  return connector;
}

/// Errors: RNV5703.
static Result<void> checkCount(const image::Connector &connector) {
  constexpr double maxSynapses = 0x1p32, maxTargets = 0x1p28;
  const Error tooMany{.code = 5703,
                      .message = std::string("rule '") + toString(connector.rule) + "' makes too many synapses to expand",
                      .expected = "at most 2^32",
                      .kind = ErrorKind::DoesNotFit};
  const bool exact = connector.rule != image::Rule::FixedProbability && connector.rule != image::Rule::DistanceDependent;
  const double pairs = static_cast<double>(connector.sources) * static_cast<double>(connector.targets);
  if (static_cast<double>(connector.targets) > maxTargets)
    return tooMany;
  if (connector.rule != image::Rule::DistanceDependent)
    return (exact ? connector.mostSynapses() : connector.probability * pairs) > maxSynapses ? Result<void>(tooMany)
                                                                                            : Result<void>();
  uint64_t made = 0; // What its probability says of all pairs is far too many.
  for (uint64_t item = 0; pairs > maxSynapses && item < connector.items(); ++item) {
    forEachSynapse(connector, item, item + 1, [&](uint32_t, uint32_t, uint64_t) { ++made; });
    if (static_cast<double>(made) > maxSynapses)
      return tooMany;
  }
  return {};
}

Result<Synapses> compiler::connect(const ConnectRule &rule, uint64_t sources, uint64_t targets) {
  RANVIER_TRY(const image::Connector connector, checkedConnector(rule, sources, targets));
  RANVIER_CHECK(checkCount(connector));
  image::ConnectorRows rows = listRows(connector);
  Synapses out;
  out.sources = sources;
  out.targetCount = targets;
  out.rowPtr = std::move(rows.rowPtr);
  out.targets = std::move(rows.targets);
  out.numbers = std::move(rows.numbers);
  out.weights.assign(1, 0);
  out.delays.assign(1, 0);
  out.dense = rule.rule == "all_to_all" && (rule.autapses || !rule.samePopulation);
  return out;
}

Result<std::vector<uint64_t>> compiler::inDegrees(const ConnectRule &rule, uint64_t sources, uint64_t targets) {
  const bool skipsSelf = !rule.autapses && rule.samePopulation;
  const bool everyPair = rule.rule == "all_to_all" || (rule.rule == "fixed_probability" && rule.probability >= 1);
  if (everyPair && sources > 0)
    return std::vector<uint64_t>{sources - skipsSelf};
  if (rule.rule == "one_to_one" && sources == targets)
    return std::vector<uint64_t>{skipsSelf ? 0u : 1u};
  if (rule.rule == "fixed_in_degree" && (rule.number == 0 || sources > uint64_t(skipsSelf)))
    return std::vector<uint64_t>{rule.number};
  RANVIER_TRY(const image::Connector connector, checkedConnector(rule, sources, targets));
  RANVIER_CHECK(checkCount(connector));
  std::vector<uint64_t> degrees(targets, 0);
  constexpr uint64_t part = 1024;
  for (uint64_t item = 0; item < connector.items(); item += part)
    forEachSynapse(connector, item, std::min(item + part, connector.items()),
                   [&](uint32_t, uint32_t target, uint64_t) { ++degrees[target]; });
  return degrees;
}

Synapses compiler::compose(const Synapses &first, const Synapses &second) {
  std::vector<Connection> connections;
  // Paths of one source, keyed by (target, delay); dense scratch keeps the sum in order of the middle neuron.
  std::vector<Connection> row;
  for (uint64_t s = 0; s < first.sources; ++s) {
    row.clear();
    for (uint64_t a = first.rowPtr[s]; a < first.rowPtr[s + 1]; ++a) {
      const uint32_t middle = first.targets[a];
      for (uint64_t b = second.rowPtr[middle]; b < second.rowPtr[middle + 1]; ++b)
        row.push_back(
            {static_cast<uint32_t>(s), second.targets[b], first.weight(a) * second.weight(b), first.delay(a) + second.delay(b)});
    }
    std::stable_sort(row.begin(), row.end(), [](const Connection &l, const Connection &r) {
      return l.target != r.target ? l.target < r.target : l.delay < r.delay;
    });
    for (size_t k = 0; k < row.size();) {
      Connection sum = row[k++];
      for (; k < row.size() && row[k].target == sum.target && row[k].delay == sum.delay; ++k)
        sum.weight += row[k].weight;
      connections.push_back(sum);
    }
  }
  Synapses out = fromConnections(first.sources, second.targetCount, connections);
  out.dense = out.size() == out.sources * out.targetCount && out.delays.size() == 1;
  return out;
}
