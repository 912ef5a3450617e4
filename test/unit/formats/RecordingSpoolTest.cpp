//===- RecordingSpoolTest.cpp - Recordings that survive being killed ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RecordingSpool.h"
#include "BackgroundWriter.h"
#include "Helpers.h"
#include "Limits.h"
#include <filesystem>
#include <random>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace ranvier;
using namespace ranvier::formats;
using namespace ranvier::test;

namespace {
using Words = std::vector<int32_t>;
using Neurons = std::vector<uint32_t>;

std::vector<RecordedPopulation> populations() {
  return {{"lif", 300, false, false, {{"u", 0.5}, {"v", 0.25}}},
          {"graded", 20, true, true, {{"x", 1}}, 0.5},
          {"in", 5, false, false, {}}};
}
constexpr uint32_t steps = 2000;

/// Steps [first, last] of a run that is a function of the step, as a resumed run's is.
Result<void> record(Recorder &out, uint32_t first, uint32_t last) {
  for (uint32_t step = first; step <= last; ++step) {
    std::mt19937 random(step);
    Neurons spikes;
    for (uint32_t n = 0; n < 300; ++n)
      if (random() % 10 == 0)
        spikes.push_back(n);
    RANVIER_CHECK(out.spikes(0, step, spikes, {}));
    RANVIER_CHECK(
        out.spikes(1, step, step % 3 ? Neurons{} : Neurons{4, 19}, step % 3 ? Words{} : Words{1, static_cast<int32_t>(step)}));
    RANVIER_CHECK(out.spikes(2, step, Neurons{step % 5}, Words{7})); // Payloads of a population without any are no one's.
    for (uint32_t s = 0; s < 2; ++s) {
      Words row(300);
      for (int32_t &word : row)
        word = static_cast<int32_t>(random());
      RANVIER_CHECK(out.state(0, s, row));
    }
    RANVIER_CHECK(out.state(1, 0, Words(20, static_cast<int32_t>(step))));
  }
  return {};
}
std::string home() {
  const std::string path = fresh("");
  std::filesystem::create_directory(path);
  return path;
}
const std::string &uninterrupted() {
  static const std::string bytes = [] {
    const std::string path = fresh(".h5");
    auto out = good(Recorder::create(path, 1e-3, populations()));
    good(record(*out, 1, steps));
    good(out->finish(steps));
    return slurp(path);
  }();
  return bytes;
}
/// A spool with a mark after step 700; the process that wrote it went on to step 900 and died.
RecordingMark interrupted(const std::string &path) {
  auto out = good(Recorder::createResumable(path, 1e-3, populations()));
  good(record(*out, 1, 700));
  const RecordingMark mark = good(out->mark());
  good(record(*out, 701, 900));
  out.reset();
  return mark;
}
} // namespace

TEST_CASE("a recording by way of a spool has the same bytes") {
  const std::string folder = home(), path = folder + "/out.h5";
  auto out = good(Recorder::createResumable(path, 1e-3, populations()));
  good(record(*out, 1, 5));
  CHECK_FALSE(exists(path + ".spool")); // It has its name from the first mark on.
  good(record(*out, 6, steps));
  good(out->finish(steps));
  CHECK(filesIn(folder) == std::vector<std::string>{"out.h5"});
  CHECK(slurp(path) == uninterrupted());
}

TEST_CASE("a recording that goes on after marks has the same bytes") {
  const std::string folder = home(), path = folder + "/out.h5";
  write(path, "earlier");
  RecordingMark mark = interrupted(path);
  CHECK(filesIn(folder) == std::vector<std::string>{"out.h5", "out.h5.spool"});
  CHECK(slurp(path) == "earlier");
  CHECK(std::filesystem::file_size(path + ".spool") >= mark.bytes);
  for (uint32_t first = 701; first < steps; first += 300) {
    auto out = good(Recorder::resume(path, 1e-3, populations(), mark));
    const uint32_t last = std::min(steps, first + 299);
    good(record(*out, first, last));
    mark = good(out->mark());
    CHECK(good(out->mark()) == mark);
    if (last < steps)
      good(record(*out, last + 1, last + 100));
    else
      good(out->finish(steps));
  }
  CHECK(filesIn(folder) == std::vector<std::string>{"out.h5"});
  CHECK(slurp(path) == uninterrupted());
}

TEST_CASE("a spool that nobody marked goes with its recorder, a marked one stays and is not overwritten") {
  const std::string folder = home(), path = folder + "/out.h5";
  {
    auto out = good(Recorder::createResumable(path, 1e-3, populations()));
    good(record(*out, 1, 3));
  }
  CHECK(filesIn(folder).empty());
  const std::string spool = path + ".spool";
  interrupted(path);
  const std::string bytes = slurp(spool);
  refused(Recorder::createResumable(path, 1e-3, populations()), 1083, spool,
          {"the recording of a run that did not end is there", "--resume"});
  CHECK(slurp(spool) == bytes);
}

TEST_CASE("spools that are not what the checkpoint marked") {
  const std::string folder = home(), path = folder + "/out.h5", spool = path + ".spool";
  const RecordingMark mark = interrupted(path);
  const std::string bytes = slurp(spool);
  const auto resumed = [&](const std::string &now, RecordingMark at) {
    write(spool, now);
    auto out = Recorder::resume(path, 1e-3, populations(), at);
    return out ? Result<void>() : Result<void>(out.error());
  };
  refused(resumed(bytes.substr(0, mark.bytes - 1), mark), 1084, spool, {"is shorter than when the checkpoint was taken"});
  refused(resumed("x" + bytes.substr(1), mark), 1084, spool, {"byte 0", "not an unfinished recording"});
  refused(resumed(bytes, {mark.bytes, mark.chain + 1}), 1084, spool, {"is another than the checkpoint's"});
  refused(resumed(bytes, {mark.bytes - 4, mark.chain}), 1084, spool, {"damaged, or another"});
  refused(resumed(bytes, {10, mark.chain}), 1084, spool, {"not an unfinished recording"});
  auto changed = [&](size_t at) {
    std::string out = bytes;
    out[at] = static_cast<char>(out[at] ^ 1);
    return out;
  };
  refused(resumed(changed(8), mark), 1084, spool, {"byte 8", "of another version: expected 1, found 0"});
  refused(resumed(changed(15), mark), 1084, spool, {"byte 12"});
  refused(resumed(changed(30), mark), 1084, spool, {"byte 24", "damaged"});
  std::filesystem::remove(spool);
  refused(Recorder::resume(path, 1e-3, populations(), mark), 9001, spool, {"a run that has ended has none"});
  write(spool, bytes);
  auto others = populations();
  others[1].states.clear();
  refused(Recorder::resume(path, 1e-3, others, mark), 1085, spool, {R"("states":[]})", R"("states":[{"name":"x")", "--record"});
  refused(Recorder::resume(path, 2e-3, populations(), mark), 1085, spool, {R"(expected {"dt":0.002}, found {"dt":0.001})"});
  others = populations();
  others.pop_back();
  refused(Recorder::resume(path, 1e-3, others, mark), 1085, spool, {});
}

TEST_CASE("records that were damaged after the mark was taken are found when the recording is made") {
  const std::string folder = home(), path = folder + "/out.h5", spool = path + ".spool";
  const RecordingMark mark = interrupted(path);
  std::string bytes = slurp(spool);
  bytes[mark.bytes - 9] = static_cast<char>(bytes[mark.bytes - 9] ^ 4);
  write(spool, bytes);
  auto out = good(Recorder::resume(path, 1e-3, populations(), mark));
  refused(out->finish(700), 1084, spool, {"damaged"});
  CHECK_FALSE(exists(path));
}

TEST_CASE("no spool makes the reader leave its memory") {
  std::mt19937 random(11);
  const std::string folder = home(), path = folder + "/out.h5", spool = path + ".spool";
  unsigned kept = 0, refusedOnes = 0;
  for (unsigned round = 0; round < 400; ++round) {
    // Blocks of random records with right checksums, as an attacker would write them.
    auto out = good(RecordingSpool::create(path, 1e-3, populations()));
    RecordBlock block;
    putSpikes(block, 0, 1, Neurons{1, 5, 299}, {});
    putSpikes(block, 1, 2, Neurons{0, 3}, Words{1, 2});
    putState(block, 1, 0, Words(20, 5));
    for (unsigned k = 0; k < round % 4; ++k)
      block[random() % block.size()] = random() % 3 ? random() % 30 : static_cast<uint32_t>(random());
    if (round % 7 == 0)
      block.resize(random() % block.size());
    good(out->append(block));
    const RecordingMark mark = good(out->mark());
    out.reset();
    auto resumed = good(Recorder::resume(path, 1e-3, populations(), mark));
    auto done = resumed->finish(3);
    done ? ++kept : ++refusedOnes;
    if (!done) {
      refused(done, 1084, spool, {"a record of the unfinished recording is wrong", "block at byte"});
      std::filesystem::remove(spool);
    }
  }
  CHECK(kept > 50);
  CHECK(refusedOnes > 50);
}

TEST_CASE("a full disk under a spool") {
  const std::string folder = home(), path = folder + "/out.h5", spool = path + ".spool";
  RecordingMark mark;
  {
    const FileSizeLimit full(3000000);
    auto out = good(Recorder::createResumable(path, 1e-3, populations()));
    good(record(*out, 1, 700));
    mark = good(out->mark());
    // At most what may wait is taken before the failure shows.
    const Result<void> done = record(*out, 701, 10000);
    refused(done, 1080, spool, {"cannot write the recording", "File too large"});
    refused(out->finish(steps), 1080, spool, {"File too large"}); // And stays.
  }
  CHECK(filesIn(folder) == std::vector<std::string>{"out.h5.spool"});
  auto out = good(Recorder::resume(path, 1e-3, populations(), mark));
  good(record(*out, 701, steps));
  mark = good(out->mark()); // Nothing is under way in the background any more.
  {
    const FileSizeLimit full(1000000);
    refused(out->finish(steps), 1080, path, {"File too large"});
  }
  CHECK(filesIn(folder) == std::vector<std::string>{"out.h5.spool"});
  out = good(Recorder::resume(path, 1e-3, populations(), mark));
  good(out->finish(steps));
  CHECK(slurp(path) == uninterrupted());
}

TEST_CASE("what waits for a slow disk is bounded, and keeps its order") {
  std::atomic<size_t> done = 0, words = 0;
  std::vector<uint32_t> order;
  BackgroundWriter writer([&](std::span<const uint32_t> block) -> Result<void> {
    ::usleep(1000);
    order.push_back(block[0]);
    words += block.size();
    ++done;
    return {};
  });
  good(writer.start("x"));
  size_t brought = 0;
  for (uint32_t k = 0; k < 60; ++k) {
    // Now and then one that is larger than everything that may wait.
    RecordBlock block(k % 20 == 19 ? BackgroundWriter::mostWaiting + 5 : BackgroundWriter::mostWaiting / 4, k);
    brought += block.size();
    good(writer.put(block));
    CHECK(block.empty());
    // One is being worked on, and one that is too large may wait alone.
    CHECK(brought - words <= 3 * BackgroundWriter::mostWaiting);
  }
  good(writer.drain());
  CHECK(done == 60);
  for (uint32_t k = 0; k < 60; ++k)
    CHECK(order[k] == k);
}

TEST_CASE("states of a million neurons over many steps take little memory") {
  // In a child, whose peak is its own.
  const std::string path = fresh(".h5");
  const pid_t child = ::fork();
  if (child == 0) {
    rusage before{}, after{};
    auto out = Recorder::create(path, 1e-3, {{"p", 1000000, false, false, {{"v", 1}}}});
    Words row(1000000, 3);
    ::getrusage(RUSAGE_SELF, &before);
    bool fine = static_cast<bool>(out);
    for (uint32_t step = 1; fine && step <= 100; ++step)
      fine = static_cast<bool>((*out)->state(0, 0, row));
    fine = fine && (*out)->finish(100);
    ::getrusage(RUSAGE_SELF, &after);
    ::_exit(!fine ? 255 : static_cast<int>(std::min<long>(254, (after.ru_maxrss - before.ru_maxrss) / 1024)));
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  MESSAGE("peak beyond the row itself [MiB]: " << WEXITSTATUS(status));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) // They keep freed memory.
  CHECK(WEXITSTATUS(status) < 48);                                  // 400 MB went through it.
#endif
}
