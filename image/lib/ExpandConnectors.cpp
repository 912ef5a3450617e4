//===- ExpandConnectors.cpp - Synapses by rule, in an image's tables ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Source population by source population, so that beside the tables there are the synapses of one of them only.
//===----------------------------------------------------------------------===//
#include "ranvier/Image/Rows.h"
#include <algorithm>
#include <numeric>
#include <unistd.h>

namespace ranvier::image {
namespace {

/// Synapses of a projection, owned.
struct OwnRows {
  std::vector<uint64_t> rowPtr;
  std::vector<uint32_t> targets;
  std::vector<int32_t> weights;
  std::vector<uint16_t> delays;
  SynapseRows view(uint32_t projection) const { return {projection, rowPtr, targets, weights, delays}; }
};

/// Words and delays of a connector's synapses.
OwnRows makeRows(const Meta &meta, const ConnectorMeta &from) {
  constexpr size_t part = 4096;
  ConnectorRows rows = listRows(connectorOf(meta, from));
  const unsigned bits = meta.projections[from.projection].weightBits;
  const size_t count = rows.targets.size();
  OwnRows out;
  out.rowPtr = std::move(rows.rowPtr);
  out.targets = std::move(rows.targets);
  out.weights.resize(count);
  const bool oneDelay = from.delay.kind == Distribution::Kind::Constant;
  out.delays.assign(oneDelay ? 1 : count, static_cast<uint16_t>(delaySteps(from.delay.first)));
  std::vector<double> values(part);
  for (size_t k = 0; k < count; k += part) {
    const size_t n = std::min(part, count - k);
    const std::span<const uint64_t> numbers(rows.numbers.data() + k, n);
    const std::span<double> drawn(values.data(), n);
    from.weight.draw(numbers, drawn);
    for (size_t i = 0; i < n; ++i)
      out.weights[k + i] = from.unit == 0 ? static_cast<int32_t>(drawn[i]) : weightWord(drawn[i], from.unit, bits);
    if (oneDelay)
      continue;
    from.delay.draw(numbers, drawn);
    for (size_t i = 0; i < n; ++i)
      out.delays[k + i] = static_cast<uint16_t>(delaySteps(drawn[i]));
  }
  return out;
}

class Expander {
public:
  explicit Expander(const Image &image) : image(image), connectorOf(image.meta.projections.size(), nullptr) {
    for (const ConnectorMeta &connector : image.meta.connectors)
      connectorOf[connector.projection] = &connector;
  }
  Result<void> checkMemory() const;
  ImageData run();

private:
  void readListed();
  template <typename Visit> void forEachListed(Visit &&visit) const;

  const Image &image;
  std::vector<const ConnectorMeta *> connectorOf; ///< [projection]; null: listed.
  std::vector<OwnRows> listed;                    ///< [projection]
  RowsInput input;
};

Result<void> Expander::checkMemory() const {
  // Of a synapse: its word and at most one row and axon each way; for those of one source population, besides, what they are made
  // of.
  constexpr double lasting = 8 + 2, passing = 4 + 8 + 4 + 2;
  std::vector<double> bySource(image.meta.populations.size(), 0);
  for (const ConnectorMeta &connector : image.meta.connectors)
    bySource[image.meta.projections[connector.projection].source] += image::connectorOf(image.meta, connector).mostSynapses();
  const double all = std::accumulate(bySource.begin(), bySource.end(), 0.0);
  const double bytes = all * lasting + *std::max_element(bySource.begin(), bySource.end()) * passing;
  const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  const double memory = pages > 0 && size > 0 ? static_cast<double>(pages) * static_cast<double>(size) : bytes;
  if (bytes <= memory)
    return {};
  const auto text = [](double value) { return std::to_string(static_cast<uint64_t>(value)); };
  return Error{.code = 7080,
               .message = "the synapses that the connectors of the image make exceed the memory of this machine",
               .expected = "at most " + text(memory) + " bytes",
               .found = text(bytes) + " bytes for " + text(all) + " synapses",
               .hint = "a larger machine",
               .kind = ErrorKind::System};
}

/// Calls visit(projection, source neuron, target neuron, delay, weight) for every synapse of the file, core by core.
template <typename Visit> void Expander::forEachListed(Visit &&visit) const {
  std::vector<uint32_t> neuronOf;
  for (const CoreRecord &core : image.cores) {
    neuronOf.assign(core.accumulatorCount, 0);
    for (uint32_t i = 0; i < core.sliceCount; ++i) {
      const SliceRecord &slice = image.slices[core.firstSlice + i];
      for (size_t r = 0; r < image.meta.programs[slice.program].inputs.size(); ++r)
        for (uint32_t n = 0; n < slice.count; ++n)
          neuronOf[slice.accumulatorBase + r * slice.count + n] = slice.first + n;
    }
    for (uint32_t a = 0; a < core.inAxonCount; ++a) {
      const InAxonRecord &axon = image.inAxons[core.firstInAxon + a];
      for (uint32_t r = 0; r < axon.rowCount; ++r) {
        const RowRecord &row = image.rows[core.firstRow + axon.firstRow + r];
        for (uint64_t s = core.firstSynapse + row.firstSynapse, end = s + row.count; s < end; ++s) {
          const Synapse synapse = core.synapseKind == static_cast<uint32_t>(SynapseKind::Packed32)
                                      ? unpackSynapse(image.synapses32[s])
                                      : unpackSynapse(image.synapses64[s]);
          visit(row.projection, axon.neuron, neuronOf[synapse.accumulator], synapse.delay, synapse.weight);
        }
      }
    }
  }
}

/// The listed projections by source neuron again, rows sorted by target.
void Expander::readListed() {
  const Meta &meta = image.meta;
  listed.resize(meta.projections.size());
  input.sameStep.assign(meta.populations.size(), 0);
  for (uint32_t p = 0; p < listed.size(); ++p)
    listed[p].rowPtr.assign(meta.populations[meta.projections[p].source].count + 1, 0);
  forEachListed([&](uint32_t p, uint32_t source, uint32_t, uint32_t delay, uint32_t) {
    ++listed[p].rowPtr[source + 1];
    input.sameStep[meta.projections[p].source] |= delay == 0;
  });
  std::vector<std::vector<uint64_t>> at(listed.size());
  for (uint32_t p = 0; p < listed.size(); ++p) {
    std::partial_sum(listed[p].rowPtr.begin(), listed[p].rowPtr.end(), listed[p].rowPtr.begin());
    at[p].assign(listed[p].rowPtr.begin(), listed[p].rowPtr.end() - 1);
    listed[p].targets.resize(listed[p].rowPtr.back());
    listed[p].weights.resize(listed[p].rowPtr.back());
    listed[p].delays.resize(listed[p].rowPtr.back());
  }
  // Cores hold parts of a row; what lies on one core keeps its order, which is all that the tables depend on.
  forEachListed([&](uint32_t p, uint32_t source, uint32_t target, uint32_t delay, uint32_t weight) {
    const uint64_t k = at[p][source]++;
    listed[p].targets[k] = target;
    listed[p].weights[k] = static_cast<int32_t>(weight);
    listed[p].delays[k] = static_cast<uint16_t>(delay);
  });
}

ImageData Expander::run() {
  ImageData data;
  data.meta = image.meta;
  data.meta.connectors.clear();
  data.chipText = image.chipText;
  const auto copy = [](auto &to, const auto &from) { to.assign(from.begin(), from.end()); };
  copy(data.cores, image.cores);
  copy(data.slices, image.slices);
  copy(data.params, image.params);
  copy(data.paramWords, image.paramWords);
  copy(data.stateWords, image.stateWords);
  readListed();
  input.outgoing = [&](uint32_t population, const std::function<void(std::span<const SynapseRows>)> &use) {
    std::vector<OwnRows> made;
    std::vector<SynapseRows> views;
    made.reserve(image.meta.projections.size());
    for (uint32_t p = 0; p < image.meta.projections.size(); ++p) {
      if (image.meta.projections[p].source != population)
        continue;
      if (connectorOf[p])
        made.push_back(makeRows(image.meta, *connectorOf[p]));
      views.push_back((connectorOf[p] ? made.back() : listed[p]).view(p));
    }
    use(views);
  };
  buildRows(data, input);
  return data;
}

} // namespace

Result<ImageData> expandConnectors(const Image &image) {
  Expander expander(image);
  RANVIER_CHECK(expander.checkMemory());
  return expander.run();
}

} // namespace ranvier::image
