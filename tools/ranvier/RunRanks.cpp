//===- RunRanks.cpp - A run over several ranks ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RunRanks.h"
#include "ranvier/Emulator/Mpi.h"
#include "ranvier/Support/File.h"
#include <cstring>
#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <system_error>
#include <thread>

using namespace ranvier;
using namespace ranvier::tools;

namespace {

/// A rank's thread has nobody above it to catch what it throws.
template <typename Work> Result<void> caught(Work &&work) {
  try {
    return work();
  } catch (const std::bad_alloc &) {
    return Error{.code = 8001, .message = "out of memory", .kind = ErrorKind::System};
  } catch (const std::exception &error) {
    return Error{.code = 8002, .message = "internal failure", .found = error.what(), .hint = "please report this"};
  }
}

using Body = std::function<Result<void>(std::shared_ptr<emu::Transport>)>;

Result<void> underMpi(Context &context, const std::function<Result<void>()> &prepare, const Body &body) {
  RANVIER_TRY(std::shared_ptr<emu::Transport> ranks, emu::joinMpi());
  Result<void> done = caught([&]() -> Result<void> {
    RANVIER_CHECK(emu::agree(*ranks, caught(prepare)));
    return body(ranks);
  });
  if (done)
    return done;
  context.speaks = false;
  if (done.error().code == emu::otherRankFailed) // which says what there is to say
    return {};
  done.error().message += " (rank " + std::to_string(ranks->rank()) + " of " + std::to_string(ranks->ranks()) + ")";
  context.speaks = true;
  // Where the others do not know and are ended, rank 0 prints the one object as it ends.
  context.json &= ranks->failureAgreed() || ranks->rank() == 0;
  context.fail(done.error()); // while all are still there: one that ends badly before this is said would end this one, too
  if (ranks->failureAgreed())
    return {};
  emu::abortRanks(context.exitCode);
}

Result<void> pretend(unsigned count, const Body &body) {
  std::vector<std::shared_ptr<emu::Transport>> ranks;
  for (auto &rank : emu::pretendRanks(count))
    ranks.push_back(std::move(rank));
  std::vector<Result<void>> outcome(count);
  const auto work = [&](unsigned r) {
    outcome[r] = caught([&] { return body(ranks[r]); });
    if (!outcome[r])
      ranks[r]->leave();
  };
  {
    std::vector<std::jthread> others;
    try {
      for (unsigned r = 1; r < count; ++r)
        others.emplace_back(work, r);
      work(0);
    } catch (const std::system_error &failure) {
      ranks[0]->leave();
      outcome[0] = Error{.code = 7003,
                         .message = "the operating system refused a thread for another rank",
                         .found = failure.what(),
                         .hint = "pretend fewer ranks",
                         .kind = ErrorKind::System};
    }
  }
  for (auto &one : outcome) // the failure before what others say of it
    if (!one && one.error().code != emu::otherRankFailed)
      return std::move(one);
  return std::move(outcome[0]);
}

} // namespace

Result<void> tools::onRanks(Context &context, unsigned pretended, const std::function<Result<void>()> &prepare, const Body &body) {
  if (emu::launchedRanks() > 1)
    return underMpi(context, prepare, body);
  RANVIER_CHECK(prepare());
  return pretended ? pretend(pretended, body) : body(nullptr);
}

Result<void> tools::checkSame(emu::Transport &ranks, const std::vector<std::pair<std::string, std::string>> &items) {
  std::vector<int64_t> words; // of each item a hash and its negative: the largest of both belong together only if all are equal
  for (const auto &[name, text] : items) {
    const auto hash = static_cast<int64_t>(checksum64(std::as_bytes(std::span(text.data(), text.size()))) >> 1);
    words.insert(words.end(), {hash, -hash});
  }
  if (!ranks.largest(words))
    return Error{.code = emu::otherRankFailed, .message = "another rank has left the run", .kind = ErrorKind::System};
  for (size_t i = 0; i < items.size(); ++i)
    if (words[2 * i] != -words[2 * i + 1])
      return Error{.code = 8048,
                   .message = "the ranks do not run the same",
                   .place = items[i].first,
                   .expected = "the same on every rank",
                   .found = "others than here: " + (items[i].second.empty() ? std::string("none") : items[i].second),
                   .hint = "start all ranks with one command, and let their files be the same on every machine",
                   .kind = ErrorKind::Usage};
  return {};
}

Result<std::vector<RankShare>> tools::shares(const emu::Machine &machine, emu::Transport &ranks, bool pretended) {
  static_assert(sizeof(RankShare) % sizeof(uint32_t) == 0 && std::is_trivially_copyable_v<RankShare>);
  RankShare share;
  const std::vector<uint32_t> owners = machine.ranksOfCores();
  for (size_t c = 0; c < owners.size(); ++c)
    if (owners[c] == ranks.rank()) {
      ++share.cores;
      share.neurons += machine.image().cores[c].neuronCount;
    }
  share.synapses = machine.synapses();
  share.threads = machine.threads();
  share.memory = machine.memory();
  share.traffic = machine.traffic();
  rusage usage{};
  if (!pretended && getrusage(RUSAGE_SELF, &usage) == 0)
    share.peakBytes = static_cast<uint64_t>(usage.ru_maxrss) * 1024; // kilobytes on Linux
  emu::Transport::Words words(sizeof share / sizeof(uint32_t));
  std::memcpy(words.data(), &share, sizeof share);
  std::vector<emu::Transport::Words> all;
  if (!ranks.gather(words, all))
    return Error{.code = emu::otherRankFailed, .message = "another rank has left the run", .kind = ErrorKind::System};
  std::vector<RankShare> out(all.size());
  for (size_t r = 0; r < all.size(); ++r)
    std::memcpy(&out[r], all[r].data(), sizeof(RankShare));
  return out;
}

Json tools::sharesJson(const std::vector<RankShare> &shares) {
  Json out = Json::array();
  for (const RankShare &share : shares) {
    out.push_back({{"rank", out.size()},
                   {"cores", share.cores},
                   {"neurons", share.neurons},
                   {"synapses", share.synapses},
                   {"threads", share.threads},
                   {"memory_bytes",
                    {{"synapses", share.memory.synapses},
                     {"neurons", share.memory.neurons},
                     {"messages", share.memory.messages},
                     {"image", share.memory.image},
                     {"total", share.memory.total()}}},
                   {"traffic",
                    {{"exchanges", share.traffic.exchanges},
                     {"spikes_sent", share.traffic.spikesSent},
                     {"spikes_received", share.traffic.spikesReceived},
                     {"bytes_sent", share.traffic.bytesSent},
                     {"bytes_received", share.traffic.bytesReceived}}}});
    if (share.peakBytes)
      out.back()["peak_process_bytes"] = share.peakBytes;
  }
  return out;
}

std::string tools::sharesText(const std::vector<RankShare> &shares, bool pretended) {
  std::string text = "ranks        " + std::to_string(shares.size()) + (pretended ? " (pretended on this machine)\n" : "\n") +
                     "  rank   cores    neurons       synapses  memory [MB]  spikes sent  sent [MB]\n";
  for (size_t r = 0; r < shares.size(); ++r) {
    const RankShare &share = shares[r];
    char line[120];
    std::snprintf(line, sizeof line, "  %4zu %7llu %10llu %14llu %12.2f %12llu %10.3f\n", r,
                  static_cast<unsigned long long>(share.cores), static_cast<unsigned long long>(share.neurons),
                  static_cast<unsigned long long>(share.synapses), static_cast<double>(share.memory.total()) * 1e-6,
                  static_cast<unsigned long long>(share.traffic.spikesSent), static_cast<double>(share.traffic.bytesSent) * 1e-6);
    text += line;
  }
  return text;
}
