//===- RecordingSpool.cpp - A recording that survives being killed --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RecordingSpool.h"
#include "ranvier/Support/Json.h"
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

using namespace ranvier;
using namespace ranvier::formats;

namespace {
constexpr std::array<char, 8> magic = {'\x89', 'R', 'V', 'S', '\r', '\n', '\x1a', '\n'};
constexpr uint32_t formatVersion = 1, blockMagic = 0x4B4C4252; // "RBLK"

struct FileHeader {
  std::array<char, 8> magic;
  uint32_t version;
  uint32_t descriptionBytes;
  uint64_t descriptionChecksum;
};
struct BlockHeader {
  uint32_t magic;
  uint32_t words;
  uint64_t checksum; ///< Of the words.
  uint64_t chain;    ///< Of (chain of the block before, words, checksum): tells files apart that differ anywhere before.
};
static_assert(sizeof(FileHeader) == 24 && sizeof(BlockHeader) == 24);

uint64_t nextChain(uint64_t before, uint32_t words, uint64_t checksum) {
  const uint64_t link[3] = {before, words, checksum};
  return checksum64(std::as_bytes(std::span(link)));
}

/// A line of JSON for the time step and one for each population.
std::string describe(double dt, const std::vector<RecordedPopulation> &populations) {
  const auto line = [](const Json &object) { return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; };
  std::string out = line({{"dt", dt}});
  for (const auto &population : populations) {
    Json states = Json::array();
    for (const auto &[name, scale] : population.states)
      states.push_back({{"name", name}, {"scale", scale}});
    out += line({{"name", population.name},
                 {"n", population.count},
                 {"graded", population.graded},
                 {"float", population.isFloat},
                 {"value_scale", population.valueScale},
                 {"states", states}});
  }
  return out;
}

/// The first line in which two descriptions differ.
std::pair<std::string, std::string> firstDifference(const std::string &a, const std::string &b) {
  size_t from = 0;
  for (;;) {
    const std::string one = a.substr(from, a.find('\n', from) - from), other = b.substr(from, b.find('\n', from) - from);
    if (one != other || from + one.size() + 1 >= a.size() || from + one.size() + 1 >= b.size())
      return {one, other};
    from += one.size() + 1;
  }
}

/// False at the end of the file, or when the system refuses.
bool readAll(int fd, void *into, size_t bytes, uint64_t at) {
  auto *to = static_cast<char *>(into);
  while (bytes) {
    const ssize_t got = ::pread(fd, to, bytes, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return false;
    to += got, at += static_cast<uint64_t>(got), bytes -= static_cast<size_t>(got);
  }
  return true;
}
} // namespace

RecordingSpool::RecordingSpool(const std::string &recording) : path(recording + ".spool") {}
RecordingSpool::~RecordingSpool() {
  if (!temporary && fd >= 0)
    ::close(fd);
}

Error RecordingSpool::failure() const {
  return {.code = 1080,
          .message = "cannot write the recording",
          .file = path,
          .place = "byte " + std::to_string(now.bytes),
          .found = std::strerror(errno),
          .kind = ErrorKind::System};
}
Error RecordingSpool::wrong(uint64_t offset, std::string message, std::string expected, std::string found) const {
  return {.code = 1084,
          .message = std::move(message),
          .file = path,
          .place = "byte " + std::to_string(offset),
          .expected = std::move(expected),
          .found = std::move(found),
          .hint = "start the run again, without the checkpoint"};
}

Result<void> RecordingSpool::writeAll(const void *data, size_t bytes) {
  const auto *from = static_cast<const char *>(data);
  while (bytes) {
    const ssize_t put = ::pwrite(fd, from, bytes, static_cast<off_t>(now.bytes));
    if (put < 0 && errno == EINTR)
      continue;
    if (put <= 0)
      return failure();
    from += put, now.bytes += static_cast<uint64_t>(put), bytes -= static_cast<size_t>(put);
  }
  return {};
}

Result<std::unique_ptr<RecordingSpool>> RecordingSpool::create(const std::string &recording, double dt,
                                                               const std::vector<RecordedPopulation> &populations) {
  std::unique_ptr<RecordingSpool> out(new RecordingSpool(recording));
  if (::access(out->path.c_str(), F_OK) == 0)
    return Error{.code = 1083,
                 .message = "the recording of a run that did not end is there",
                 .file = out->path,
                 .hint = "go on with that run (--resume), or remove the file"};
  RANVIER_TRY(AtomicFile file, AtomicFile::create(out->path));
  out->temporary.emplace(std::move(file));
  out->fd = out->temporary->descriptor();
  const std::string description = describe(dt, populations);
  const FileHeader header{magic, formatVersion, static_cast<uint32_t>(description.size()),
                          checksum64(std::as_bytes(std::span(description)))};
  RANVIER_CHECK(out->writeAll(&header, sizeof header));
  RANVIER_CHECK(out->writeAll(description.data(), description.size()));
  out->firstBlock = out->now.bytes;
  out->now.chain = header.descriptionChecksum;
  return out;
}

Result<void> RecordingSpool::checkStart(const std::string &description, uint64_t end) {
  FileHeader header;
  if (end < sizeof header || !readAll(fd, &header, sizeof header, 0) || header.magic != magic)
    return wrong(0, "not an unfinished recording", "the 8 bytes that every one starts with", "others");
  if (header.version != formatVersion)
    return wrong(8, "the unfinished recording is of another version", std::to_string(formatVersion),
                 std::to_string(header.version));
  if (header.descriptionBytes > end - sizeof header)
    return wrong(12, "the unfinished recording is damaged", "at most " + std::to_string(end - sizeof header) + " bytes",
                 std::to_string(header.descriptionBytes));
  std::string found(header.descriptionBytes, '\0');
  if (!readAll(fd, found.data(), found.size(), sizeof header) ||
      checksum64(std::as_bytes(std::span(found))) != header.descriptionChecksum)
    return wrong(sizeof header, "the unfinished recording is damaged", "the checksum at byte 16", "another");
  if (found != description) {
    const auto [wanted, there] = firstDifference(description, found);
    return Error{.code = 1085,
                 .message = "the unfinished recording holds other populations or states than this run",
                 .file = path,
                 .expected = wanted,
                 .found = there,
                 .hint = "give the --record of the run that was interrupted"};
  }
  firstBlock = sizeof header + header.descriptionBytes;
  now = {firstBlock, header.descriptionChecksum};
  return {};
}

Result<std::unique_ptr<RecordingSpool>> RecordingSpool::resume(const std::string &recording, double dt,
                                                               const std::vector<RecordedPopulation> &populations,
                                                               const RecordingMark &mark) {
  std::unique_ptr<RecordingSpool> out(new RecordingSpool(recording));
  out->fd = ::open(out->path.c_str(), O_RDWR | O_CLOEXEC);
  struct stat info = {};
  if (out->fd < 0 || ::fstat(out->fd, &info) != 0)
    return Error{.code = 9001,
                 .message = "cannot open the unfinished recording that the checkpoint belongs to",
                 .file = out->path,
                 .found = std::strerror(errno),
                 .hint = "a run that has ended has none; its recording is under its final name",
                 .kind = ErrorKind::System};
  const auto size = static_cast<uint64_t>(info.st_size);
  if (!S_ISREG(info.st_mode) || size < mark.bytes)
    return out->wrong(size, "the unfinished recording is shorter than when the checkpoint was taken",
                      std::to_string(mark.bytes) + " bytes", std::to_string(size));
  RANVIER_CHECK(out->checkStart(describe(dt, populations), mark.bytes));
  RecordingMark &now = out->now;
  while (now.bytes < mark.bytes) {
    BlockHeader header{};
    const uint64_t left = mark.bytes - now.bytes;
    if (left < sizeof header || !readAll(out->fd, &header, sizeof header, now.bytes) || header.magic != blockMagic ||
        header.words > (left - sizeof header) / 4 || header.chain != nextChain(now.chain, header.words, header.checksum))
      return out->wrong(now.bytes, "the unfinished recording is damaged, or another than the checkpoint's", "a block of records",
                        "other bytes");
    now = {now.bytes + sizeof header + uint64_t(header.words) * 4, header.chain};
  }
  if (now.chain != mark.chain)
    return out->wrong(now.bytes, "the unfinished recording is another than the checkpoint's", "the checkpoint's checksum",
                      "another");
  if (::ftruncate(out->fd, static_cast<off_t>(mark.bytes)) != 0)
    return out->failure();
  return out;
}

Result<void> RecordingSpool::append(std::span<const uint32_t> block) {
  const uint64_t checksum = checksum64(std::as_bytes(block));
  const auto words = static_cast<uint32_t>(block.size());
  const BlockHeader header{blockMagic, words, checksum, nextChain(now.chain, words, checksum)};
  RANVIER_CHECK(writeAll(&header, sizeof header));
  RANVIER_CHECK(writeAll(block.data(), block.size_bytes()));
  now.chain = header.chain;
  return {};
}

Result<RecordingMark> RecordingSpool::mark() {
  if (temporary) {
    // commit() closes its descriptor.
    const int own = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own < 0)
      return failure();
    if (auto named = temporary->commit(); !named) {
      ::close(own);
      return std::move(named.error());
    }
    fd = own;
    temporary.reset();
  } else if (::fsync(fd) != 0 && errno != EINVAL && errno != EROFS) {
    return failure();
  }
  return now;
}

Result<void> RecordingSpool::read(const std::function<Result<void>(std::span<const uint32_t>)> &take) const {
  std::vector<uint32_t> block;
  for (uint64_t at = firstBlock; at < now.bytes;) {
    BlockHeader header{};
    const uint64_t left = now.bytes - at;
    bool good = left >= sizeof header && readAll(fd, &header, sizeof header, at) && header.magic == blockMagic &&
                header.words <= (left - sizeof header) / 4;
    if (good) {
      block.resize(header.words);
      good = readAll(fd, block.data(), block.size() * 4, at + sizeof header) &&
             checksum64(std::as_bytes(std::span(block))) == header.checksum;
    }
    if (!good)
      return wrong(at, "the unfinished recording is damaged", "a whole block of records", "other bytes");
    if (auto done = take(block); !done) {
      if (done.error().code == 1084) {
        done.error().file = path;
        done.error().place = "block at byte " + std::to_string(at) + ", " + done.error().place;
      }
      return done;
    }
    at += sizeof header + uint64_t(header.words) * 4;
  }
  return {};
}

void RecordingSpool::remove() {
  if (temporary)
    temporary.reset();
  else
    ::unlink(path.c_str()), ::close(fd);
  fd = -1;
}
