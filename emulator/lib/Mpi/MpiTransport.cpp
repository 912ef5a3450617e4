//===- MpiTransport.cpp - Ranks that are processes under MPI --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Emulator/Mpi.h"
#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#if RANVIER_HAVE_MPI
#define OMPI_SKIP_MPICXX 1 // Its C++ interface, which is deprecated, wants another library.
#include <mpi.h>
#endif

namespace ranvier::emu {
namespace {

/// Of the launchers of Open MPI and of those that speak PMI.
unsigned fromEnvironment(std::initializer_list<const char *> names, unsigned otherwise) {
  for (const char *name : names)
    if (const char *text = std::getenv(name)) {
      char *end = nullptr;
      const unsigned long value = std::strtoul(text, &end, 10);
      if (end != text && *end == '\0' && value <= UINT_MAX)
        return static_cast<unsigned>(value);
    }
  return otherwise;
}

} // namespace

unsigned launchedRanks() { return std::max(1u, fromEnvironment({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}, 1)); }
unsigned launchedRank() { return fromEnvironment({"OMPI_COMM_WORLD_RANK", "PMI_RANK"}, 0); }

#if RANVIER_HAVE_MPI
namespace {

class MpiTransport final : public Transport {
public:
  MpiTransport() {
    int value = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &value);
    own = static_cast<unsigned>(value);
    MPI_Comm_size(MPI_COMM_WORLD, &value);
    count = static_cast<unsigned>(value);
    sendCounts.resize(count);
    receiveCounts.resize(count);
    requests.reserve(2 * count);
  }
  ~MpiTransport() override { MPI_Finalize(); }
  unsigned rank() const override { return own; }
  unsigned ranks() const override { return count; }

  /// First how much, then each pair that has something: most pairs of many ranks have nothing in most steps.
  bool exchange(const std::vector<Words> &out, std::vector<Words> &in) override {
    for (unsigned r = 0; r < count; ++r)
      sendCounts[r] = out[r].size();
    MPI_Alltoall(sendCounts.data(), 1, MPI_UINT64_T, receiveCounts.data(), 1, MPI_UINT64_T, MPI_COMM_WORLD);
    in.resize(count);
    requests.clear();
    for (unsigned r = 0; r < count; ++r) {
      in[r].resize(receiveCounts[r]);
      if (r != own)
        pieces(in[r].data(), in[r].size(), [&](uint32_t *at, int words) {
          MPI_Irecv(at, words, MPI_UINT32_T, static_cast<int>(r), 0, MPI_COMM_WORLD, &requests.emplace_back());
        });
    }
    for (unsigned r = 0; r < count; ++r)
      if (r != own)
        pieces(out[r].data(), out[r].size(), [&](const uint32_t *at, int words) {
          MPI_Isend(at, words, MPI_UINT32_T, static_cast<int>(r), 0, MPI_COMM_WORLD, &requests.emplace_back());
        });
    std::copy(out[own].begin(), out[own].end(), in[own].begin());
    MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE);
    return true;
  }
  bool add(std::span<uint64_t> words) override {
    pieces(words.data(), words.size(),
           [](uint64_t *at, int number) { MPI_Allreduce(MPI_IN_PLACE, at, number, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD); });
    return true;
  }
  bool largest(std::span<int64_t> words) override {
    pieces(words.data(), words.size(),
           [](int64_t *at, int number) { MPI_Allreduce(MPI_IN_PLACE, at, number, MPI_INT64_T, MPI_MAX, MPI_COMM_WORLD); });
    return true;
  }
  bool gather(const Words &mine, std::vector<Words> &all) override {
    uint64_t words = mine.size();
    MPI_Gather(&words, 1, MPI_UINT64_T, receiveCounts.data(), 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
    if (own != 0) {
      all.clear();
      pieces(mine.data(), mine.size(),
             [](const uint32_t *at, int number) { MPI_Send(at, number, MPI_UINT32_T, 0, 1, MPI_COMM_WORLD); });
      return true;
    }
    all.resize(count);
    all[0] = mine;
    for (unsigned r = 1; r < count; ++r) {
      all[r].resize(receiveCounts[r]);
      pieces(all[r].data(), all[r].size(), [&](uint32_t *at, int number) {
        MPI_Recv(at, number, MPI_UINT32_T, static_cast<int>(r), 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      });
    }
    return true;
  }
  /// Nobody waits for a rank that has left: the job ends with it.
  void leave() noexcept override {}

private:
  /// MPI counts in int.
  template <typename T, typename Each> static void pieces(T *words, size_t count, Each &&each) {
    for (size_t at = 0; at < count; at += INT_MAX)
      each(words + at, static_cast<int>(std::min<size_t>(count - at, INT_MAX)));
  }

  unsigned own = 0, count = 1;
  std::vector<uint64_t> sendCounts, receiveCounts;
  std::vector<MPI_Request> requests;
};

} // namespace

Result<std::shared_ptr<Transport>> joinMpi() {
  int started = 0;
  MPI_Initialized(&started);
  int level = MPI_THREAD_SINGLE;
  if (started || MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &level) != MPI_SUCCESS || level < MPI_THREAD_FUNNELED)
    return Error{.code = 7018,
                 .message = started ? "this process has joined MPI before" : "MPI cannot start",
                 .hint = "start the ranks with mpirun",
                 .kind = ErrorKind::System};
  auto joined = std::make_shared<MpiTransport>();
  if (joined->ranks() != launchedRanks())
    return Error{.code = 7018,
                 .message = "MPI does not find the processes that the environment speaks of",
                 .expected = std::to_string(launchedRanks()) + " ranks",
                 .found = std::to_string(joined->ranks()),
                 .hint = "start them with the mpirun of the MPI that this build uses, or unset its variables",
                 .kind = ErrorKind::System};
  return std::shared_ptr<Transport>(std::move(joined));
}

void abortRanks(int exitCode) {
  std::fflush(nullptr);
  MPI_Abort(MPI_COMM_WORLD, exitCode);
  std::_Exit(exitCode);
}
#else
Result<std::shared_ptr<Transport>> joinMpi() {
  return Error{.code = 7018,
               .message = "this build has no MPI",
               .expected = "one rank",
               .found = std::to_string(launchedRanks()) + " ranks",
               .hint = "build with RANVIER_ENABLE_MPI=ON, or use --threads",
               .kind = ErrorKind::Unsupported};
}

void abortRanks(int exitCode) {
  std::fflush(nullptr);
  std::_Exit(exitCode);
}
#endif

} // namespace ranvier::emu
