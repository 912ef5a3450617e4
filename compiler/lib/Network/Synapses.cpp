//===- Synapses.cpp - Synapses as lists, and the rules that make them -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Network/Synapses.h"
#include "ranvier/Support/Random.h"
#include <algorithm>
#include <cmath>

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

namespace {
constexpr uint64_t maxSynapses = uint64_t(1) << 32;

/// Uniform integer in [0, n) from one word (multiply-shift; bias below n / 2^32).
uint32_t below(uint32_t word, uint64_t n) { return static_cast<uint32_t>((static_cast<uint64_t>(word) * n) >> 32); }

Error tooMany(const ConnectRule &rule) {
  return {.code = 5703,
          .message = "rule '" + rule.rule + "' makes too many synapses to expand",
          .expected = "at most 2^32",
          .kind = ErrorKind::DoesNotFit};
}

/// Position along each axis of a neuron in a row-major shape.
std::vector<double> position(uint64_t index, const std::vector<int64_t> &shape) {
  std::vector<double> out(shape.size());
  for (size_t axis = shape.size(); axis-- > 0;) {
    out[axis] = static_cast<double>(index % static_cast<uint64_t>(shape[axis]));
    index /= static_cast<uint64_t>(shape[axis]);
  }
  return out;
}

class Connector {
public:
  Connector(const ConnectRule &rule, uint64_t sources, uint64_t targets) : rule(rule), sources(sources), targets(targets) {}

  Result<std::vector<Connection>> run() {
    if (rule.rule == "one_to_one")
      return oneToOne();
    if (rule.rule == "fixed_probability" || rule.rule == "all_to_all")
      return fixedProbability(rule.rule == "all_to_all" ? 1.0 : rule.probability);
    if (rule.rule == "fixed_in_degree")
      return fixedInDegree();
    if (rule.rule == "fixed_total_number")
      return fixedTotalNumber();
    if (rule.rule == "distance_dependent")
      return distanceDependent();
    return Error{.code = 5701, .message = "unknown connection rule", .found = "'" + rule.rule + "'"};
  }

private:
  bool allowed(uint64_t s, uint64_t t) const { return rule.autapses || !rule.samePopulation || s != t; }
  void add(uint64_t s, uint64_t t) { list.push_back({static_cast<uint32_t>(s), static_cast<uint32_t>(t), 0, 0}); }
  uint32_t word(uint64_t entity, uint64_t step, uint32_t draw) const {
    return randomWord(rule.seed, static_cast<uint32_t>(entity), static_cast<uint32_t>(step), draw);
  }

  Result<std::vector<Connection>> oneToOne() {
    if (sources != targets)
      return Error{.code = 5702,
                   .message = "one_to_one joins populations of different size",
                   .expected = std::to_string(sources),
                   .found = std::to_string(targets)};
    for (uint64_t i = 0; i < sources; ++i)
      if (allowed(i, i))
        add(i, i);
    return std::move(list);
  }

  /// Row by row with geometric gaps, so that the cost follows the synapses made and not the pairs tried.
  Result<std::vector<Connection>> fixedProbability(double p) {
    if (p * static_cast<double>(sources) * static_cast<double>(targets) > static_cast<double>(maxSynapses))
      return tooMany(rule);
    if (p <= 0)
      return std::move(list);
    const double scale = p < 1 ? 1 / std::log1p(-p) : 0;
    for (uint64_t s = 0; s < sources; ++s) {
      uint64_t draw = 0;
      for (uint64_t t = 0; t < targets; ++t) {
        if (p < 1) {
          const double gap = std::floor(std::log(openUniformFromWord(word(s, draw++, 0))) * scale);
          if (gap >= static_cast<double>(targets - t))
            break;
          t += static_cast<uint64_t>(gap);
        }
        if (allowed(s, t))
          add(s, t);
      }
    }
    return std::move(list);
  }

  Result<std::vector<Connection>> fixedInDegree() {
    if (targets > 0 && rule.number > maxSynapses / targets) // The product may exceed 64 bits.
      return tooMany(rule);
    if (rule.number > 0 && (sources == 0 || (sources == 1 && !allowed(0, 0))))
      return Error{.code = 5702, .message = "fixed_in_degree has no source to draw from"};
    for (uint64_t t = 0; t < targets; ++t)
      for (uint64_t k = 0; k < rule.number; ++k) {
        uint64_t s = below(word(t, k, 0), sources);
        for (uint32_t again = 1; !allowed(s, t); ++again)
          s = below(word(t, k, again), sources);
        add(s, t);
      }
    return std::move(list);
  }

  Result<std::vector<Connection>> fixedTotalNumber() {
    if (rule.number > maxSynapses)
      return tooMany(rule);
    if (rule.number > 0 && (sources == 0 || targets == 0 || (sources == 1 && targets == 1 && !allowed(0, 0))))
      return Error{.code = 5702, .message = "fixed_total_number has no pair to draw from"};
    for (uint64_t k = 0; k < rule.number; ++k) {
      uint64_t s = below(word(k, 0, 0), sources), t = below(word(k, 1, 0), targets);
      for (uint32_t again = 1; !allowed(s, t); ++again)
        s = below(word(k, 0, again), sources), t = below(word(k, 1, again), targets);
      add(s, t);
    }
    return std::move(list);
  }

  Result<std::vector<Connection>> distanceDependent() {
    if (rule.sourceShape.size() != rule.targetShape.size())
      return Error{.code = 5702,
                   .message = "distance_dependent joins populations of different rank",
                   .expected = "rank " + std::to_string(rule.sourceShape.size()),
                   .found = "rank " + std::to_string(rule.targetShape.size())};
    std::vector<std::vector<double>> places(targets);
    for (uint64_t t = 0; t < targets; ++t)
      places[t] = position(t, rule.targetShape);
    for (uint64_t s = 0; s < sources; ++s) {
      const std::vector<double> from = position(s, rule.sourceShape);
      for (uint64_t t = 0; t < targets; ++t) {
        double square = 0;
        for (size_t axis = 0; axis < from.size(); ++axis)
          square += (from[axis] - places[t][axis]) * (from[axis] - places[t][axis]);
        const double p = rule.probability * std::exp(-square / (2 * rule.scale * rule.scale));
        if (allowed(s, t) && uniformFromWord(word(s, t, 0)) < p)
          add(s, t);
      }
      if (list.size() > maxSynapses)
        return tooMany(rule);
    }
    return std::move(list);
  }

  const ConnectRule &rule;
  uint64_t sources, targets;
  std::vector<Connection> list;
};
} // namespace

Result<Synapses> compiler::connect(const ConnectRule &rule, uint64_t sources, uint64_t targets) {
  RANVIER_TRY(std::vector<Connection> list, Connector(rule, sources, targets).run());
  Synapses out = fromConnections(sources, targets, list);
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
  RANVIER_TRY(const std::vector<Connection> list, Connector(rule, sources, targets).run());
  std::vector<uint64_t> degrees(targets, 0);
  for (const Connection &connection : list)
    ++degrees[connection.target];
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
