//===- RankLinks.cpp - Spikes between ranks -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RankLinks.h"
#include <algorithm>
#include <cstring>

namespace ranvier::emu {

std::vector<uint32_t> ranksOfCores(const image::Image &image, unsigned ranks) {
  // In 1/32 of a neuron's work: a few per cent of the sources fire in a typical step.
  std::vector<double> work;
  std::vector<double> perTarget(image.meta.populations.size(), 0); // of connectors, by population
  for (const auto &from : image.meta.connectors) {
    const uint32_t target = image.meta.projections[from.projection].target;
    perTarget[target] += image::connectorOf(image.meta, from).mostSynapses() /
                         static_cast<double>(std::max<uint64_t>(1, image.meta.populations[target].count));
  }
  std::vector<double> ofLevel;
  for (const image::CoreRecord &core : image.cores) {
    double sum = 32.0 * core.neuronCount + static_cast<double>(core.synapseCount);
    for (uint32_t s = 0; s < core.sliceCount; ++s) {
      const image::SliceRecord &slice = image.slices[core.firstSlice + s];
      sum += perTarget[slice.population] * slice.count;
    }
    work.push_back(sum + 1);
    ofLevel.resize(std::max<size_t>(ofLevel.size(), core.level + 1), 0);
    ofLevel[core.level] += sum + 1;
  }
  std::vector<double> before(ofLevel.size(), 0);
  std::vector<uint32_t> rankOf;
  for (size_t c = 0; c < image.cores.size(); ++c) {
    const uint32_t level = image.cores[c].level;
    const double middle = (before[level] + work[c] / 2) / ofLevel[level];
    rankOf.push_back(std::min(ranks - 1, static_cast<uint32_t>(middle * ranks)));
    before[level] += work[c];
  }
  return rankOf;
}

RankLinks::RankLinks(std::shared_ptr<Transport> given, const image::Image &image)
    : transport(std::move(given)), own(transport->rank()), count(transport->ranks()), rankOf(ranksOfCores(image, count)) {
  std::vector<uint64_t> held(count, 0);
  for (size_t c = 0; c < image.cores.size(); ++c) {
    firstOwn.push_back(held[rankOf[c]]);
    held[rankOf[c]] += image.cores[c].neuronCount;
  }
  neurons = held[own];
  reachWords = (count + 63) / 64;
}

namespace {
/// In a word of connect(): the neuron has a synapse of delay 0 here. Below it how many cores follow.
constexpr uint32_t sameStepFlag = 1u << 31;

Error rankLeft(unsigned own) {
  return {.code = otherRankFailed,
          .message = "another rank of the run has left",
          .place = "rank " + std::to_string(own),
          .hint = "its own message says why",
          .kind = ErrorKind::System};
}

/// The neurons of all cores in the order of their global numbers, to find the core of one.
class CoreFinder {
public:
  explicit CoreFinder(std::span<const image::CoreRecord> cores) : cores(cores) {
    for (uint32_t c = 0; c < cores.size(); ++c)
      if (cores[c].neuronCount)
        order.push_back(c);
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return cores[a].firstNeuron < cores[b].firstNeuron; });
  }
  uint32_t of(uint64_t neuron) const {
    const auto after =
        std::upper_bound(order.begin(), order.end(), neuron, [&](uint64_t n, uint32_t c) { return n < cores[c].firstNeuron; });
    return *std::prev(after);
  }

private:
  std::span<const image::CoreRecord> cores;
  std::vector<uint32_t> order;
};
} // namespace

Result<void> RankLinks::connect(const image::Image &image, const RankMessages &messages, bool listCores, uint32_t levels,
                                unsigned threads) {
  const CoreFinder finder(image.cores);
  uint64_t all = 0; // neurons: the rows of inputs stand after theirs, and every rank makes those spikes itself
  for (const image::CoreRecord &core : image.cores)
    all = std::max<uint64_t>(all, core.firstNeuron + core.neuronCount);
  // For each neuron of another rank that has a message to here: its number there, whether it acts within the step, and the cores.
  out.assign(count, {});
  in.assign(count, {});
  for (uint64_t row = 0, end = 0, core = 0; row < all; ++row) {
    const uint64_t first = messages.outPtr[row], last = messages.outPtr[row + 1];
    if (first == last)
      continue;
    if (row >= end) {
      core = finder.of(row);
      end = image.cores[core].firstNeuron + image.cores[core].neuronCount;
    }
    if (rankOf[core] == own)
      continue;
    const auto messagesOf = messages.outAxons.subspan(first, last - first);
    const bool sameStep = std::any_of(messagesOf.begin(), messagesOf.end(), messages.sameStep);
    Transport::Words &words = out[rankOf[core]];
    words.push_back(static_cast<uint32_t>(firstOwn[core] + (row - image.cores[core].firstNeuron)));
    words.push_back((listCores ? static_cast<uint32_t>(last - first) : 0) | (sameStep ? sameStepFlag : 0));
    for (size_t o = 0; listCores && o < messagesOf.size(); ++o)
      words.push_back(messagesOf[o].core);
  }
  std::vector<int64_t> common(levels + 1, 0); // which levels ranks meet after; the shortest delay, negated
  common[levels] = -static_cast<int64_t>(messages.shortestDelay);
  if (!transport->exchange(out, in))
    return rankLeft(own);
  takeNeeds(image, std::span(common).first(levels));
  if (!transport->largest(common))
    return rankLeft(own);
  for (uint32_t level = 0; level < levels; ++level)
    meets.push_back(common[level] != 0);
  interval = static_cast<uint32_t>(std::clamp<int64_t>(-common[levels], 1, mostBatch));
  out.assign(count, {});
  in.assign(count, {});
  buffers.assign(threads, std::vector<Transport::Words>(count));
  return {};
}

void RankLinks::takeNeeds(const image::Image &image, std::span<int64_t> meetsAfterLevel) {
  reach.assign(neurons * reachWords, 0);
  std::vector<uint32_t> held; // this rank's cores, by their first neuron
  for (uint32_t c = 0; c < rankOf.size(); ++c)
    if (rankOf[c] == own && image.cores[c].neuronCount)
      held.push_back(c);
  const auto visit = [&](auto &&each) {
    for (unsigned r = 0; r < count; ++r)
      for (size_t at = 0; at < in[r].size();) {
        const uint32_t neuron = in[r][at], cores = in[r][at + 1] & ~sameStepFlag;
        RANVIER_ASSERT(neuron < neurons, "rank " + std::to_string(r) + " has another image");
        each(r, neuron, (in[r][at + 1] & sameStepFlag) != 0, std::span(in[r]).subspan(at + 2, cores));
        at += 2 + cores;
      }
  };
  bool listed = false;
  visit([&](unsigned r, uint32_t neuron, bool sameStep, std::span<const uint32_t> cores) {
    reach[neuron * reachWords + r / 64] |= uint64_t(1) << r % 64;
    listed |= !cores.empty();
    if (sameStep) {
      const auto after =
          std::upper_bound(held.begin(), held.end(), neuron, [&](uint32_t n, uint32_t c) { return n < firstOwn[c]; });
      meetsAfterLevel[image.cores[*std::prev(after)].level] = 1;
    }
  });
  if (!listed)
    return;
  remotePtr.assign(neurons + 2, 0); // one place on, so that filling leaves the starts
  visit([&](unsigned, uint32_t neuron, bool, std::span<const uint32_t> cores) { remotePtr[neuron + 2] += cores.size(); });
  for (size_t n = 2; n < remotePtr.size(); ++n)
    remotePtr[n] += remotePtr[n - 1];
  remoteCore.resize(remotePtr.back());
  visit([&](unsigned, uint32_t neuron, bool, std::span<const uint32_t> cores) {
    std::copy(cores.begin(), cores.end(), remoteCore.begin() + static_cast<ptrdiff_t>(remotePtr[neuron + 1]));
    remotePtr[neuron + 1] += cores.size();
  });
  remotePtr.pop_back();
}

void RankLinks::close(uint32_t step, bool graded) {
  for (unsigned r = 0; r < count; ++r) {
    size_t words = 0;
    for (const auto &of : buffers)
      words += of[r].size();
    if (!words)
      continue;
    const auto spikes = static_cast<uint32_t>(graded ? words / 2 : words);
    out[r].push_back(step);
    out[r].push_back(spikes);
    for (auto &of : buffers) {
      out[r].insert(out[r].end(), of[r].begin(), of[r].end());
      of[r].clear();
    }
    traffic.spikesSent += spikes;
  }
}

void RankLinks::exchangeFrames() {
  lost |= !transport->exchange(out, in);
  ++traffic.exchanges;
  if (!lost)
    countBytes(out, in);
  for (Transport::Words &words : out)
    words.clear();
}

void RankLinks::countBytes(const std::vector<Transport::Words> &given, const std::vector<Transport::Words> &got) {
  for (unsigned r = 0; r < count; ++r)
    if (r != own) {
      traffic.bytesSent += given[r].size() * sizeof(uint32_t);
      traffic.bytesReceived += got[r].size() * sizeof(uint32_t);
    }
}

bool RankLinks::toFirst(const Transport::Words &mine, std::vector<Transport::Words> &all) {
  lost |= !transport->gather(mine, all);
  if (lost)
    return false;
  if (own != 0)
    traffic.bytesSent += mine.size() * sizeof(uint32_t);
  for (unsigned r = 1; r < all.size(); ++r) // none elsewhere
    traffic.bytesReceived += all[r].size() * sizeof(uint32_t);
  return true;
}

bool RankLinks::fromFirst(const std::vector<Transport::Words> &given, std::vector<Transport::Words> &got) {
  lost |= !transport->exchange(given, got);
  if (!lost)
    countBytes(given, got);
  return !lost;
}

void RankLinks::clear() {
  for (Transport::Words &words : out)
    words.clear();
  for (auto &of : buffers)
    for (Transport::Words &words : of)
      words.clear();
}

void RankLinks::addUp(StepCounts &counts, std::span<uint64_t> linkLoad) {
  static_assert(sizeof(StepCounts) % sizeof(uint64_t) == 0 && std::is_trivially_copyable_v<StepCounts>);
  constexpr size_t words = sizeof(StepCounts) / sizeof(uint64_t);
  sums.resize(words + linkLoad.size());
  std::memcpy(sums.data(), &counts, sizeof counts);
  std::copy(linkLoad.begin(), linkLoad.end(), sums.begin() + words);
  lost |= !transport->add(sums);
  std::memcpy(static_cast<void *>(&counts), sums.data(), sizeof counts);
  std::copy(sums.begin() + words, sums.end(), linkLoad.begin());
}

int64_t RankLinks::longest(int64_t picoseconds) {
  lost |= !transport->largest({&picoseconds, 1});
  return picoseconds;
}

uint64_t RankLinks::bytes() const {
  return rankOf.size() * sizeof(uint32_t) + firstOwn.size() * sizeof(uint64_t) + reach.size() * sizeof(uint64_t) +
         remotePtr.size() * sizeof(uint64_t) + remoteCore.size() * sizeof(uint32_t);
}

} // namespace ranvier::emu
