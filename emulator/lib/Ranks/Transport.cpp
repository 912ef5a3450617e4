//===- Transport.cpp - Ranks that are threads of one process --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Emulator/Transport.h"
#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace ranvier::emu {
namespace {

/// What the ranks of one process share. Each call has two meetings: after the first all may read what each has put down, after the
/// second nobody does any more.
class Table {
public:
  explicit Table(unsigned ranks) : places(ranks, nullptr) {}

  bool meet() {
    std::unique_lock lock(mutex);
    if (left)
      return false;
    const uint64_t current = phase;
    if (++arrived == places.size()) {
      arrived = 0;
      ++phase;
      changed.notify_all();
      return true;
    }
    changed.wait(lock, [&] { return phase != current || left; });
    return phase != current;
  }
  void leave() {
    const std::lock_guard lock(mutex);
    left = true;
    changed.notify_all();
  }

  std::vector<const void *> places; ///< By rank: what it put down.

private:
  std::mutex mutex;
  std::condition_variable changed;
  uint64_t phase = 0;
  size_t arrived = 0;
  bool left = false;
};

class PretendedRank final : public Transport {
public:
  PretendedRank(std::shared_ptr<Table> table, unsigned own) : table(std::move(table)), own(own) {}
  unsigned rank() const override { return own; }
  unsigned ranks() const override { return static_cast<unsigned>(table->places.size()); }
  bool sharesMemory() const override { return true; }

  bool exchange(const std::vector<Words> &out, std::vector<Words> &in) override {
    return show(out, [&] {
      in.resize(ranks());
      for (unsigned r = 0; r < ranks(); ++r)
        in[r] = of<std::vector<Words>>(r)[own];
    });
  }
  bool add(std::span<uint64_t> words) override {
    return fold(words, [](uint64_t a, uint64_t b) { return a + b; });
  }
  bool largest(std::span<int64_t> words) override {
    return fold(words, [](int64_t a, int64_t b) { return std::max(a, b); });
  }
  bool gather(const Words &mine, std::vector<Words> &all) override {
    return show(mine, [&] {
      all.clear();
      for (unsigned r = 0; own == 0 && r < ranks(); ++r)
        all.push_back(of<Words>(r));
    });
  }
  void leave() noexcept override { table->leave(); }

private:
  template <typename T> const T &of(unsigned r) const { return *static_cast<const T *>(table->places[r]); }
  template <typename T, typename Read> bool show(const T &mine, Read &&read) {
    table->places[own] = &mine;
    if (!table->meet())
      return false;
    read();
    return table->meet();
  }
  template <typename T, typename Join> bool fold(std::span<T> words, Join &&join) {
    std::vector<T> mine(words.begin(), words.end());
    return show(mine, [&] {
      for (unsigned r = 0; r < ranks(); ++r)
        if (r != own)
          std::transform(words.begin(), words.end(), of<std::vector<T>>(r).begin(), words.begin(), join);
    });
  }

  std::shared_ptr<Table> table;
  const unsigned own;
};

} // namespace

Result<void> agree(Transport &transport, Result<void> mine) {
  // The lowest rank that failed, and above it in one word the kind of its error: the largest such word is that rank's.
  const auto ranks = static_cast<int64_t>(transport.ranks());
  int64_t word = 0;
  if (!mine)
    word = (ranks - transport.rank()) * 16 + static_cast<int64_t>(mine.error().kind);
  int64_t most = word;
  const bool whole = transport.largest({&most, 1});
  transport.agreed = whole && most != 0;
  if (!mine && (most == word || !whole))
    return mine;
  if (whole && most == 0)
    return {};
  return Error{.code = otherRankFailed,
               .message =
                   whole ? "rank " + std::to_string(ranks - most / 16) + " of the run failed" : "another rank of the run has left",
               .place = "rank " + std::to_string(transport.rank()),
               .hint = "its own message says why",
               .kind = whole ? static_cast<ErrorKind>(most % 16) : ErrorKind::System};
}

std::vector<std::unique_ptr<Transport>> pretendRanks(unsigned count) {
  const auto table = std::make_shared<Table>(count);
  std::vector<std::unique_ptr<Transport>> ranks;
  for (unsigned r = 0; r < count; ++r)
    ranks.push_back(std::make_unique<PretendedRank>(table, r));
  return ranks;
}

} // namespace ranvier::emu
