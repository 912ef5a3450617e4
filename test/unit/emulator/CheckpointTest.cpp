//===- CheckpointTest.cpp - Checkpoints as files --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Emulator/Checkpoint.h"
#include "Layout.h"
#include "TestNet.h"
#include "ranvier/Support/File.h"
#include <cstring>
#include <doctest/doctest.h>
#include <filesystem>
#include <random>
#include <unistd.h>

using namespace ranvier;
using namespace ranvier::emutest;
using emu::Checkpoint;
using emu::InputSpike;

namespace {

/// Input and a loop of delays 1 to 4, so that something is always under way.
Net loopNet() {
  Net net;
  net.programs = {relay(isa::Profile::Int, false)};
  net.populations = {{.name = "in", .count = 2}, {.name = "out", .count = 4, .program = 0}};
  net.projections = {{"p", 0, 1}, {"q", 1, 1}};
  for (uint32_t n = 0; n < 4; ++n) {
    net.synapses.push_back({0, n % 2, n, 1 + n, 1});
    net.synapses.push_back({1, n, (n + 1) % 4, 4 - n, 1});
  }
  return net;
}
const std::vector<InputSpike> inputs = {{1, 0, 0, 1}, {2, 0, 1, 1}, {9, 0, 0, 1}};

Checkpoint taken(uint32_t steps = 6) {
  const auto image = build(loopNet());
  auto m = machine(image, interp(1, emu::Timing::Fast));
  auto result = emu::run(*m, inputs, {.steps = steps, .keepPerStep = true});
  REQUIRE(result);
  Checkpoint out{.image = "loop.rvi", .network = "loop", .identity = "", .options = {{"--timing", "fast"}}};
  out.inputSpikes = inputs.size();
  out.inputIdentity = emu::identityOf(inputs);
  out.recording = {12345, ~uint64_t(0)};
  m->save(out.machine);
  out.soFar = *result;
  out.perStepKept = true;
  out.spikes = {2, 7};
  return out;
}

struct Folder {
  std::string path = [] {
    char name[] = "/tmp/ranvier-checkpoint-XXXXXX";
    return std::string(::mkdtemp(name));
  }();
  ~Folder() { std::filesystem::remove_all(path); }
};

std::vector<std::byte> bytesOf(const Checkpoint &checkpoint) {
  const Folder folder;
  const std::string path = folder.path + "/c.rvc";
  auto written = emu::writeCheckpoint(path, checkpoint);
  REQUIRE_MESSAGE(written, written.error().str());
  const auto text = readFile(path);
  REQUIRE(text);
  const auto all = std::as_bytes(std::span(*text));
  return {all.begin(), all.end()};
}

unsigned codeOf(std::span<const std::byte> bytes) {
  auto parsed = emu::parseCheckpoint(bytes, "c.rvc");
  if (parsed)
    return 0;
  CHECK(parsed.error().file == "c.rvc");
  CHECK_FALSE(parsed.error().place.empty());
  CHECK_FALSE(parsed.error().expected.empty());
  CHECK_FALSE(parsed.error().found.empty());
  return parsed.error().code;
}

/// Makes every checksum right again, as an attacker would.
void mendChecksums(std::vector<std::byte> &bytes) {
  using namespace emu::detail;
  FileHeader header;
  SectionRecord table[sectionCount];
  if (bytes.size() < sizeof header + sizeof table)
    return;
  std::memcpy(&header, bytes.data(), sizeof header);
  std::memcpy(table, bytes.data() + sizeof header, sizeof table);
  for (auto &record : table)
    if (record.offset <= bytes.size() && record.bytes <= bytes.size() - record.offset)
      record.checksum = checksum64(std::span(bytes).subspan(record.offset, record.bytes));
  std::memcpy(bytes.data() + sizeof header, table, sizeof table);
  header.fileBytes = bytes.size();
  header.tableChecksum = checksum64(std::as_bytes(std::span(table)));
  header.headerChecksum = checksum64(std::as_bytes(std::span(&header, 1)).first(32));
  std::memcpy(bytes.data(), &header, sizeof header);
}
} // namespace

TEST_CASE("a checkpoint comes back as it was written") {
  const Checkpoint before = taken();
  const auto bytes = bytesOf(before);
  auto read = emu::parseCheckpoint(bytes, "c.rvc");
  REQUIRE_MESSAGE(read, read.error().str());
  CHECK(read->image == "loop.rvi");
  CHECK(read->network == "loop");
  CHECK(read->options == before.options);
  CHECK(read->inputSpikes == 3);
  CHECK(read->inputIdentity == before.inputIdentity);
  CHECK(read->recording == before.recording);
  CHECK(read->machine == before.machine);
  CHECK(read->soFar.steps == 6);
  CHECK(read->soFar.total.spikes == before.soFar.total.spikes);
  CHECK(read->soFar.total.picoseconds == before.soFar.total.picoseconds);
  CHECK(read->soFar.longestStep == before.soFar.longestStep);
  REQUIRE(read->soFar.perStep.size() == 6);
  CHECK(std::memcmp(read->soFar.perStep.data(), before.soFar.perStep.data(), 6 * sizeof(emu::StepCounts)) == 0);
  CHECK(read->spikes == before.spikes);
  CHECK(bytesOf(*read) == bytes);
  CHECK(before.machine.inputs.size() > 0);
  CHECK(before.machine.messages.size() > 0);
  // Without what may be absent.
  Checkpoint plain = before;
  plain.recording.reset();
  plain.perStepKept = false;
  read = emu::parseCheckpoint(bytesOf(plain), "c.rvc");
  REQUIRE(read);
  CHECK_FALSE(read->recording);
  CHECK(read->soFar.perStep.empty());
}

TEST_CASE("a session that is taken up again sums as if it had not stopped") {
  const auto image = build(loopNet());
  auto whole = machine(image, interp(1, emu::Timing::Fast));
  auto expected = emu::run(*whole, inputs, {.steps = 20, .keepPerStep = true});
  REQUIRE(expected);
  for (uint32_t at = 0; at <= 20; ++at) {
    auto read = emu::parseCheckpoint(bytesOf(taken(at)), "c.rvc");
    REQUIRE(read);
    auto m = machine(image, interp(2, emu::Timing::Fast));
    REQUIRE(m->restore(read->machine));
    size_t used = 0;
    while (used < inputs.size() && inputs[used].step <= at)
      ++used;
    auto result = emu::run(*m, std::span(inputs).subspan(used), {.steps = 20 - at, .keepPerStep = true}, {}, read->soFar);
    REQUIRE(result);
    CHECK(result->steps == 20);
    CHECK(std::memcmp(&result->total, &expected->total, sizeof result->total) == 0);
    CHECK(result->longestStep == expected->longestStep);
    REQUIRE(result->perStep.size() == 20);
    CHECK(std::memcmp(result->perStep.data(), expected->perStep.data(), 20 * sizeof(emu::StepCounts)) == 0);
  }
}

TEST_CASE("damaged checkpoints") {
  const auto bytes = bytesOf(taken());
  CHECK(codeOf({}) == 7030);
  CHECK(codeOf(std::span(bytes).first(39)) == 7030);
  for (size_t length = 40; length < bytes.size(); length += 7)
    CHECK(codeOf(std::span(bytes).first(length)) == 7031);
  for (size_t at = 0; at < bytes.size(); ++at) {
    auto changed = bytes;
    changed[at] ^= std::byte{1};
    CAPTURE(at);
    CHECK(codeOf(changed) == (at < 12 ? 7030 : 7031));
  }
  auto longer = bytes;
  longer.push_back({});
  CHECK(codeOf(longer) == 7031);
  mendChecksums(longer);
  CHECK(codeOf(longer) == 7031);
}

TEST_CASE("checkpoints whose contents make no sense") {
  using namespace emu::detail;
  const auto bytes = bytesOf(taken());
  SectionRecord table[sectionCount];
  std::memcpy(table, bytes.data() + sizeof(FileHeader), sizeof table);
  const auto replaced = [&](const std::string &from, const std::string &to) {
    REQUIRE(from.size() == to.size());
    auto changed = bytes;
    auto *meta = reinterpret_cast<char *>(changed.data() + table[0].offset);
    const size_t at = std::string_view(meta, table[0].bytes).find(from);
    REQUIRE(at != std::string_view::npos);
    std::memcpy(meta + at, to.data(), to.size());
    mendChecksums(changed);
    return codeOf(changed);
  };
  CHECK(replaced("{\"format", "[\"format") == 7032);
  CHECK(replaced("\"step\":6", "\"step\":7") == 7032); // Counts of six steps.
  CHECK(replaced("\"step\":6", "\"stop\":6") == 7032);
  CHECK(replaced("\"step\":6", "\"step\":-") == 7032);
  CHECK(replaced("\"per_step\":true", "\"per_step\":1234") == 7032);
  CHECK(replaced("\"bytes\":12345", "\"bytes\":-1234") == 7032);
  CHECK(replaced("\"fast\"", "{ }   ") == 7032);
  CHECK(replaced("\"options\"", "\"optoins\"") == 7032);
  // Lengths of an entry of pending input, and of sections.
  auto changed = bytes;
  const uint32_t many = 0xFFFFFFFF;
  std::memcpy(changed.data() + table[2].offset + 8, &many, 4);
  mendChecksums(changed);
  CHECK(codeOf(changed) == 7032);
  for (const uint32_t moved : {2u, 4u, 6u}) { // A byte from one section to the next.
    auto shifted = bytes;
    SectionRecord other[sectionCount];
    std::memcpy(other, table, sizeof table);
    --other[moved - 1].bytes, --other[moved].offset, ++other[moved].bytes;
    std::memcpy(shifted.data() + sizeof(FileHeader), other, sizeof other);
    mendChecksums(shifted);
    CHECK(codeOf(shifted) == 7032);
  }
}

TEST_CASE("a checkpoint of another image, other options, another input") {
  const Checkpoint checkpoint = taken();
  auto image = *build(loopNet());
  const auto check = [&](const image::Image &of, const std::map<std::string, std::string> &options,
                         std::span<const InputSpike> input) -> std::string {
    auto belongs = emu::checkBelongs(checkpoint, "c.rvc", of, "net.rvi", options, input);
    return belongs ? "" : belongs.error().str();
  };
  const auto has = [](const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; };
  CHECK(check(image, {{"--timing", "fast"}}, inputs) == "");
  CHECK(check(image, {{"--timing", "fast"}, {"--costs", ""}}, inputs) == ""); // Not given is as good as not there.
  CHECK(has(check(image, {{"--timing", "off"}}, inputs),
            "RNV7034: the run was started with another --timing: expected 'fast', found 'off'"));
  CHECK(has(check(image, {}, inputs), "expected 'fast', found none"));
  CHECK(has(check(image, {{"--timing", "fast"}, {"--costs", "x"}}, inputs), "another --costs: expected none, found 'x'"));
  CHECK(has(check(image, {{"--timing", "fast"}}, std::span(inputs).first(2)), "RNV7035"));
  image.identity = "other";
  const std::string text = check(image, {{"--timing", "fast"}}, inputs);
  CHECK(has(text, "c.rvc: error RNV7033: the checkpoint belongs to another image: expected 'loop.rvi'"));
  CHECK(has(text, "found 'net.rvi'"));
  image.identity = "";
  image.meta.populations.pop_back();
  CHECK(has(check(image, {{"--timing", "fast"}}, inputs), "RNV7032"));
}

TEST_CASE("a state that does not fit the image is refused, and nothing has changed") {
  const auto image = build(loopNet());
  auto m = machine(image, interp());
  const emu::MachineState good = taken().machine;
  REQUIRE(m->restore(good));
  const auto refused = [&](auto change) {
    emu::MachineState state = good;
    change(state);
    auto done = m->restore(state);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == 7036);
    emu::MachineState after;
    m->save(after);
    CHECK(after == good);
  };
  refused([](auto &s) { s.states.pop_back(); });
  refused([](auto &s) { s.states.push_back(0); });
  refused([](auto &s) { s.inputs[0].core = 1; });
  refused([](auto &s) { s.inputs[0].inSteps = 0; });
  refused([](auto &s) { s.inputs[0].inSteps = 5; });
  refused([](auto &s) { s.inputs[0].sums.pop_back(); });
  refused([](auto &s) { s.inputs.push_back(s.inputs.back()); });
  refused([](auto &s) { s.messages[0].core = 1; });
  refused([](auto &s) { s.messages[0].axon = 6; });
  refused([](auto &s) { s.messages[0].payload = 2; });
  refused([](auto &s) { s.messages.push_back(s.messages.back()); });
}

TEST_CASE("random damage with right checksums never leaves the reader's memory") {
  std::mt19937 random(5);
  const auto image = build(loopNet());
  const auto bytes = bytesOf(taken());
  unsigned accepted = 0, restored = 0;
  for (unsigned round = 0; round < 3000; ++round) {
    auto changed = bytes;
    for (unsigned k = 0; k <= round % 3; ++k)
      changed[40 + random() % (changed.size() - 40)] = static_cast<std::byte>(random() % 4 ? random() % 8 : random());
    mendChecksums(changed);
    auto parsed = emu::parseCheckpoint(changed, "c.rvc");
    if (!parsed) {
      CHECK(parsed.error().code >= 7030);
      CHECK(parsed.error().code <= 7032);
      continue;
    }
    ++accepted;
    auto m = machine(image, interp());
    if (!m->restore(parsed->machine))
      continue;
    ++restored;
    for (unsigned t = 0; t < 6; ++t)
      m->step({});
  }
  CHECK(accepted > 100);
  CHECK(restored > 50);
}

TEST_CASE("a checkpoint replaces the one before when it is whole") {
  const Folder folder;
  const std::string path = folder.path + "/c.rvc";
  REQUIRE(emu::writeCheckpoint(path, taken(3)));
  REQUIRE(emu::writeCheckpoint(path, taken(6)));
  auto read = emu::readCheckpoint(path);
  REQUIRE(read);
  CHECK(read->machine.step == 6);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path), std::filesystem::directory_iterator()) == 1);
  auto absent = emu::readCheckpoint(folder.path + "/none");
  REQUIRE_FALSE(absent);
  CHECK(absent.error().code == 9001);
  auto nowhere = emu::writeCheckpoint(folder.path + "/no/c.rvc", taken(3));
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().code == 9003);
}
