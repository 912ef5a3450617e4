//===- Checkpoint.cpp - A run that can be taken up again ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading trusts nothing: the header is checked before the table, the table before any section, each section's checksum before its
// contents. What the contents mean for an image is checked by who restores them.
//===----------------------------------------------------------------------===//
#include "ranvier/Emulator/Checkpoint.h"
#include "Layout.h"
#include "ranvier/Support/File.h"
#include "ranvier/Support/Json.h"
#include <cstring>
#include <nlohmann/json.hpp>

namespace ranvier::emu {
using namespace detail;
namespace {
using Bytes = std::span<const std::byte>;

template <typename T> Bytes bytesOf(const T &record) { return std::as_bytes(std::span(&record, 1)); }
uint64_t headerSum(const FileHeader &header) { return checksum64(bytesOf(header).first(offsetof(FileHeader, headerChecksum))); }

/// Steps of a run end here: the limit of `--steps`, and room below what 32 bits hold.
constexpr uint32_t mostSteps = 4000000000u;

//===--- Writing ----------------------------------------------------------===//

std::string metaText(const Checkpoint &checkpoint) {
  Json meta = {{"format", "ranvier-checkpoint"},
               {"image", checkpoint.image},
               {"network", checkpoint.network},
               {"identity", checkpoint.identity},
               {"options", checkpoint.options},
               {"input_spikes", checkpoint.inputSpikes},
               {"input_identity", checkpoint.inputIdentity},
               {"step", checkpoint.machine.step},
               {"per_step", checkpoint.perStepKept}};
  if (checkpoint.recording)
    meta["recording"] = {{"bytes", checkpoint.recording->bytes}, {"chain", checkpoint.recording->chain}};
  if (!checkpoint.machine.turns.empty())
    meta["turns"] = checkpoint.machine.turns;
  return meta.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<uint32_t> inputWords(const MachineState &state) {
  std::vector<uint32_t> out;
  for (const auto &input : state.inputs) {
    out.insert(out.end(), {input.core, input.inSteps, static_cast<uint32_t>(input.sums.size())});
    out.insert(out.end(), input.sums.begin(), input.sums.end());
  }
  return out;
}

std::vector<uint32_t> learnedWords(const MachineState &state) {
  std::vector<uint32_t> out;
  for (const auto &learned : state.learned) {
    const auto count = static_cast<uint64_t>(learned.words.size());
    out.insert(out.end(), {learned.core, 0, static_cast<uint32_t>(count), static_cast<uint32_t>(count >> 32)});
    out.insert(out.end(), learned.words.begin(), learned.words.end());
  }
  return out;
}

struct Totals {
  StepCounts total;
  int64_t longestStep;
};
static_assert(sizeof(Totals) == (countWords + 1) * 8);

//===--- Reading ----------------------------------------------------------===//

class Parser {
public:
  Parser(Bytes file, const std::string &path) : file(file), path(path) {}
  Result<Checkpoint> run();

private:
  Result<void> checkHeader();
  Result<void> checkTable();
  Result<void> readMeta();
  Result<void> readPendingInput();
  Result<void> readLearned();
  Result<void> readCounts();
  template <typename T> Result<std::vector<T>> records(Section kind);

  Bytes section(Section kind) const {
    const SectionRecord &record = table[static_cast<uint32_t>(kind) - 1];
    return file.subspan(record.offset, record.bytes);
  }
  Error wrong(unsigned code, std::string place, std::string message, std::string expected, std::string found) const {
    return {.code = code,
            .message = std::move(message),
            .file = path,
            .place = std::move(place),
            .expected = std::move(expected),
            .found = std::move(found)};
  }
  Error damaged(std::string place, std::string expected, std::string found) const {
    return wrong(7031, std::move(place), "the checkpoint is damaged", std::move(expected), std::move(found));
  }
  Error senseless(Section kind, const std::string &where, std::string expected, std::string found) const {
    return wrong(7032, std::string("section ") + sectionNames[static_cast<uint32_t>(kind)] + where,
                 "the contents of the checkpoint are wrong", std::move(expected), std::move(found));
  }

  Bytes file;
  const std::string &path;
  FileHeader header{};
  std::array<SectionRecord, sectionCount> table{};
  Checkpoint out;
};

Result<void> Parser::checkHeader() {
  if (file.size() < sizeof header || std::memcmp(file.data(), magic.data(), magic.size()) != 0)
    return wrong(7030, "offset 0", "not a checkpoint", "the 8 bytes that every checkpoint starts with",
                 file.size() < sizeof header ? std::to_string(file.size()) + " bytes in all" : "others");
  std::memcpy(&header, file.data(), sizeof header);
  if (header.version != formatVersion)
    return wrong(7030, "offset 8", "the checkpoint is of another format version", std::to_string(formatVersion),
                 std::to_string(header.version));
  if (headerSum(header) != header.headerChecksum)
    return damaged("offset 32", "the checksum of bytes 0 to 31", "another");
  if (header.fileBytes != file.size())
    return damaged("offset 16", std::to_string(header.fileBytes) + " bytes", std::to_string(file.size()) + " bytes");
  if (header.sectionCount != sectionCount)
    return damaged("offset 12", std::to_string(sectionCount) + " sections", std::to_string(header.sectionCount));
  return {};
}

Result<void> Parser::checkTable() {
  uint64_t end = sizeof header + sizeof table;
  if (file.size() < end)
    return damaged("offset 40", std::to_string(end) + " bytes", std::to_string(file.size()));
  std::memcpy(table.data(), file.data() + sizeof header, sizeof table);
  if (checksum64(std::as_bytes(std::span(table))) != header.tableChecksum)
    return damaged("section table", "the checksum in the header", "another");
  for (uint32_t i = 0; i < sectionCount; ++i) {
    const SectionRecord &record = table[i];
    const std::string place = std::string("section ") + sectionNames[i + 1];
    if (record.kind != i + 1 || record.reserved != 0)
      return damaged(place, "kind " + std::to_string(i + 1), std::to_string(record.kind));
    if (record.offset != end || record.bytes > file.size() - end) // `end` is at most the size of the file.
      return damaged(place, "offset " + std::to_string(end) + ", at most " + std::to_string(file.size() - end) + " bytes",
                     "offset " + std::to_string(record.offset) + ", " + std::to_string(record.bytes) + " bytes");
    end += record.bytes;
    if (checksum64(section(static_cast<Section>(i + 1))) != record.checksum)
      return damaged(place + ", offset " + std::to_string(record.offset), "the checksum in the section table", "another");
  }
  if (end != file.size())
    return damaged("offset " + std::to_string(end), std::to_string(end) + " bytes in all", std::to_string(file.size()));
  return {};
}

Result<void> Parser::readMeta() {
  const Bytes bytes = section(Section::Meta);
  auto parsed = parseJson({reinterpret_cast<const char *>(bytes.data()), bytes.size()}, path);
  if (!parsed || !parsed->is_object())
    return senseless(Section::Meta, "", "a JSON object", parsed ? "something else" : parsed.error().found);
  const Json &meta = *parsed;
  const char *missing = nullptr;
  const auto value = [&](const Json &in, const char *key, bool (Json::*is)() const) -> const Json * {
    const auto at = in.find(key);
    if (at != in.end() && (*at.*is)())
      return &*at;
    missing = missing ? missing : key;
    return nullptr;
  };
  const auto text = [&](const char *key, std::string &into) {
    if (const Json *at = value(meta, key, &Json::is_string))
      into = at->get<std::string>();
  };
  const auto number = [&](const Json &in, const char *key, uint64_t most) -> uint64_t {
    const Json *at = value(in, key, &Json::is_number_unsigned);
    const uint64_t found = at ? at->get<uint64_t>() : 0;
    if (found > most)
      missing = missing ? missing : key;
    return found;
  };
  text("image", out.image);
  text("network", out.network);
  text("identity", out.identity);
  text("input_identity", out.inputIdentity);
  out.inputSpikes = number(meta, "input_spikes", UINT64_MAX);
  out.machine.step = static_cast<uint32_t>(number(meta, "step", mostSteps));
  if (const Json *at = value(meta, "per_step", &Json::is_boolean))
    out.perStepKept = at->get<bool>();
  if (const Json *options = value(meta, "options", &Json::is_object))
    for (const auto &[key, option] : options->items()) {
      if (option.is_string())
        out.options[key] = option.get<std::string>();
      else
        missing = missing ? missing : "options";
    }
  if (meta.contains("recording"))
    if (const Json *recording = value(meta, "recording", &Json::is_object))
      out.recording = {number(*recording, "bytes", INT64_MAX), number(*recording, "chain", UINT64_MAX)};
  if (meta.contains("turns"))
    if (const Json *turns = value(meta, "turns", &Json::is_array))
      for (const Json &turn : *turns) {
        const bool fits = turn.is_number_unsigned() && turn.get<uint64_t>() <= UINT32_MAX;
        missing = missing || fits ? missing : "turns";
        out.machine.turns.push_back(fits ? turn.get<uint32_t>() : 0);
      }
  if (missing)
    return senseless(Section::Meta, std::string(", key '") + missing + "'", "what docs/spec/checkpoint.md says",
                     "nothing of the kind");
  return {};
}

template <typename T> Result<std::vector<T>> Parser::records(Section kind) {
  const Bytes bytes = section(kind);
  if (bytes.size() % sizeof(T))
    return senseless(kind, "", "a multiple of " + std::to_string(sizeof(T)) + " bytes", std::to_string(bytes.size()));
  std::vector<T> all(bytes.size() / sizeof(T));
  if (!all.empty())
    std::memcpy(all.data(), bytes.data(), bytes.size());
  return all;
}

Result<void> Parser::readPendingInput() {
  const Bytes bytes = section(Section::PendingInput);
  for (size_t at = 0; at < bytes.size();) {
    InputHead head{};
    const std::string where = ", byte " + std::to_string(at);
    if (bytes.size() - at < sizeof head)
      return senseless(Section::PendingInput, where, std::to_string(sizeof head) + " bytes", std::to_string(bytes.size() - at));
    std::memcpy(&head, bytes.data() + at, sizeof head);
    at += sizeof head;
    if (head.words > (bytes.size() - at) / 4)
      return senseless(Section::PendingInput, where, "at most " + std::to_string((bytes.size() - at) / 4) + " words",
                       std::to_string(head.words));
    auto &input = out.machine.inputs.emplace_back();
    input.core = head.core;
    input.inSteps = head.inSteps;
    input.sums.resize(head.words);
    if (head.words)
      std::memcpy(input.sums.data(), bytes.data() + at, size_t(head.words) * 4);
    at += size_t(head.words) * 4;
  }
  return {};
}

Result<void> Parser::readLearned() {
  const Bytes bytes = section(Section::Learned);
  for (size_t at = 0; at < bytes.size();) {
    LearnedHead head{};
    const std::string where = ", byte " + std::to_string(at);
    if (bytes.size() - at < sizeof head)
      return senseless(Section::Learned, where, std::to_string(sizeof head) + " bytes", std::to_string(bytes.size() - at));
    std::memcpy(&head, bytes.data() + at, sizeof head);
    at += sizeof head;
    if (head.reserved != 0 || head.words > (bytes.size() - at) / 4)
      return senseless(Section::Learned, where, "a 0, at most " + std::to_string((bytes.size() - at) / 4) + " words",
                       std::to_string(head.reserved) + ", " + std::to_string(head.words));
    if (!out.machine.learned.empty() && out.machine.learned.back().core >= head.core)
      return senseless(Section::Learned, where, "ascending cores", std::to_string(head.core));
    auto &learned = out.machine.learned.emplace_back();
    learned.core = head.core;
    learned.words.resize(head.words);
    if (head.words)
      std::memcpy(learned.words.data(), bytes.data() + at, size_t(head.words) * 4);
    at += size_t(head.words) * 4;
  }
  return {};
}

Result<void> Parser::readCounts() {
  RANVIER_TRY(const auto totals, records<Totals>(Section::Counts));
  if (totals.size() != 1)
    return senseless(Section::Counts, "", std::to_string(sizeof(Totals)) + " bytes",
                     std::to_string(section(Section::Counts).size()));
  out.soFar.total = totals[0].total;
  out.soFar.longestStep = totals[0].longestStep;
  out.soFar.steps = out.machine.step;
  RANVIER_TRY(out.soFar.perStep, records<StepCounts>(Section::PerStep));
  const size_t steps = out.perStepKept ? out.machine.step : 0;
  if (out.soFar.perStep.size() != steps)
    return senseless(Section::PerStep, "", "counts of " + std::to_string(steps) + " steps",
                     std::to_string(out.soFar.perStep.size()));
  return {};
}

Result<Checkpoint> Parser::run() {
  RANVIER_CHECK(checkHeader());
  RANVIER_CHECK(checkTable());
  RANVIER_CHECK(readMeta());
  RANVIER_TRY(out.machine.states, records<int32_t>(Section::States));
  RANVIER_CHECK(readPendingInput());
  RANVIER_TRY(out.machine.messages, records<MachineState::PendingMessage>(Section::PendingMessages));
  RANVIER_TRY(out.spikes, records<uint64_t>(Section::Spikes));
  RANVIER_CHECK(readCounts());
  RANVIER_CHECK(readLearned());
  return std::move(out);
}

} // namespace

std::string identityOf(std::span<const InputSpike> inputs) {
  static_assert(sizeof(InputSpike) == 16, "no padding");
  return contentHash(std::as_bytes(inputs));
}

Result<void> writeCheckpoint(const std::string &path, const Checkpoint &checkpoint) {
  const std::string meta = metaText(checkpoint);
  const std::vector<uint32_t> inputs = inputWords(checkpoint.machine), learned = learnedWords(checkpoint.machine);
  const Totals totals{checkpoint.soFar.total, checkpoint.soFar.longestStep};
  const std::span<const StepCounts> perStep(checkpoint.soFar.perStep.data(),
                                            checkpoint.perStepKept ? checkpoint.soFar.perStep.size() : 0);
  const std::array<Bytes, sectionCount> contents{std::as_bytes(std::span(meta)),
                                                 std::as_bytes(std::span(checkpoint.machine.states)),
                                                 std::as_bytes(std::span(inputs)),
                                                 std::as_bytes(std::span(checkpoint.machine.messages)),
                                                 bytesOf(totals),
                                                 std::as_bytes(std::span(checkpoint.spikes)),
                                                 std::as_bytes(perStep),
                                                 std::as_bytes(std::span(learned))};
  std::array<SectionRecord, sectionCount> table{};
  uint64_t end = sizeof(FileHeader) + sizeof table;
  for (uint32_t i = 0; i < sectionCount; ++i) {
    table[i] = {i + 1, 0, end, contents[i].size(), checksum64(contents[i])};
    end += contents[i].size();
  }
  FileHeader header{magic, formatVersion, sectionCount, end, checksum64(std::as_bytes(std::span(table))), 0};
  header.headerChecksum = headerSum(header);
  RANVIER_TRY(AtomicFile file, AtomicFile::create(path));
  RANVIER_CHECK(file.write(bytesOf(header)));
  RANVIER_CHECK(file.write(std::as_bytes(std::span(table))));
  for (const Bytes &section : contents)
    RANVIER_CHECK(file.write(section));
  return file.commit();
}

Result<Checkpoint> parseCheckpoint(std::span<const std::byte> bytes, const std::string &path) { return Parser(bytes, path).run(); }

Result<Checkpoint> readCheckpoint(const std::string &path) {
  RANVIER_TRY(const std::string text, readFile(path, uint64_t(1) << 42));
  return parseCheckpoint(std::as_bytes(std::span(text)), path);
}

Result<void> checkBelongs(const Checkpoint &checkpoint, const std::string &path, const image::Image &image,
                          const std::string &imagePath, const std::map<std::string, std::string> &options,
                          std::span<const InputSpike> inputs) {
  if (checkpoint.identity != image.identity)
    return Error{.code = 7033,
                 .message = "the checkpoint belongs to another image",
                 .file = path,
                 .expected = "'" + checkpoint.image + "' (network '" + checkpoint.network + "', " + checkpoint.identity + ")",
                 .found = "'" + imagePath + "' (network '" + image.meta.network + "', " + image.identity + ")"};
  const auto other = [&](const std::string &name, std::string expected, std::string found) {
    return Error{.code = 7034,
                 .message = "the run was started with another " + name,
                 .file = path,
                 .expected = std::move(expected),
                 .found = std::move(found),
                 .hint = "give the options of the run that was interrupted"};
  };
  const auto valueOf = [](const std::map<std::string, std::string> &in, const std::string &name) {
    const auto at = in.find(name);
    return at == in.end() || at->second.empty() ? std::string("none") : "'" + at->second + "'";
  };
  for (const auto *names : {&checkpoint.options, &options})
    for (const auto &[name, value] : *names)
      if (valueOf(checkpoint.options, name) != valueOf(options, name))
        return other(name, valueOf(checkpoint.options, name), valueOf(options, name));
  if (checkpoint.spikes.size() != image.meta.populations.size())
    return Error{.code = 7032,
                 .message = "the contents of the checkpoint are wrong",
                 .file = path,
                 .place = "section spikes",
                 .expected = std::to_string(image.meta.populations.size()) + " populations",
                 .found = std::to_string(checkpoint.spikes.size())};
  if (checkpoint.inputIdentity != identityOf(inputs))
    return Error{.code = 7035,
                 .message = "the run was started with another input",
                 .file = path,
                 .expected = std::to_string(checkpoint.inputSpikes) + " external spikes (" + checkpoint.inputIdentity + ")",
                 .found = std::to_string(inputs.size()) + " (" + identityOf(inputs) + ")",
                 .hint = "give the --input and --sample of the run that was interrupted"};
  return {};
}

} // namespace ranvier::emu
