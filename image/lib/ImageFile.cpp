//===- ImageFile.cpp - Writing and opening .rvi files ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Opening trusts nothing: the header is checked before the table, the table before any section, each section's checksum before its
// contents, and validate() sees the contents before anyone else does. All positions are 64 bits and compared without sums that
// could overflow.
//===----------------------------------------------------------------------===//
#include "Layout.h"
#include "MetaCodec.h"
#include "ranvier/Image/Rows.h"
#include "ranvier/Support/File.h"
#include <algorithm>
#include <cstring>

namespace ranvier::image {
using namespace detail;
namespace {
using Bytes = std::span<const std::byte>;

Error ioError(Error inner, const std::string &path, const char *message) {
  return Error{.code = 3001,
               .message = std::string(message) + ": " + inner.message,
               .file = path,
               .found = inner.found,
               .kind = ErrorKind::System};
}

template <typename T> Bytes bytesOf(const T &record) { return std::as_bytes(std::span(&record, 1)); }

uint64_t headerSum(const FileHeader &header) { return checksum64(bytesOf(header).first(offsetof(FileHeader, headerChecksum))); }

//===--- Reading ----------------------------------------------------------===//

class Opener {
public:
  Opener(Bytes file, std::string path) : file(file), path(std::move(path)) {}
  Result<void> checkHeader();
  Result<void> checkTable();
  Result<void> checkSections();
  uint32_t sections() const { return header.sectionCount; }
  /// Empty where the file has no such section.
  Bytes section(Section kind) const {
    const SectionRecord &record = table[static_cast<uint32_t>(kind) - 1];
    return file.subspan(record.offset, record.bytes);
  }

private:
  Error wrong(unsigned code, const char *clause, std::string place, std::string message, std::string expected,
              std::string found) const {
    return Error{.code = code,
                 .message = std::move(message),
                 .file = path,
                 .place = std::move(place),
                 .expected = std::move(expected),
                 .found = std::move(found),
                 .hint = std::string("docs/spec/image-format.md, clause ") + clause};
  }
  Bytes file;
  std::string path;
  FileHeader header{};
  std::array<SectionRecord, mostSections> table{};
};

Result<void> Opener::checkHeader() {
  if (file.size() < sizeof(FileHeader) || std::memcmp(file.data(), magic.data(), magic.size()) != 0)
    return wrong(3002, "F1", "offset 0", "not a hardware image", "the 8 bytes that every image starts with",
                 file.size() < sizeof(FileHeader) ? std::to_string(file.size()) + " bytes in all" : "others");
  std::memcpy(&header, file.data(), sizeof header);
  if (header.version != formatVersion)
    return wrong(3003, "F2", "offset 8", "image of another format version", std::to_string(formatVersion),
                 std::to_string(header.version));
  if (headerSum(header) != header.headerChecksum)
    return wrong(3004, "F3", "offset 56", "the header is damaged", "the checksum of bytes 0 to 55", "another");
  if (header.fileBytes != file.size())
    return wrong(3004, "F4", "offset 16", "the file has another size than when it was written",
                 std::to_string(header.fileBytes) + " bytes", std::to_string(file.size()) + " bytes");
  if ((header.sectionCount != sectionCount && header.sectionCount != mostSections) || header.tableOffset != sizeof(FileHeader) ||
      header.reserved[0] || header.reserved[1])
    return wrong(3004, "F5", "offset 12", "the header is wrong", "13 or 18 sections, their table at 64, 0 in the reserved words",
                 std::to_string(header.sectionCount) + " sections, table at " + std::to_string(header.tableOffset));
  return {};
}

Result<void> Opener::checkTable() {
  const uint64_t tableBytes = sections() * sizeof(SectionRecord), tableEnd = sizeof(FileHeader) + tableBytes;
  if (file.size() < tableEnd)
    return wrong(3005, "F6", "offset 64", "the section table is cut off", std::to_string(tableEnd) + " bytes",
                 std::to_string(file.size()));
  std::memcpy(table.data(), file.data() + sizeof(FileHeader), tableBytes);
  if (checksum64(std::as_bytes(std::span(table).first(sections()))) != header.tableChecksum)
    return wrong(3005, "F6", "offset 64", "the section table is damaged", "the checksum in the header", "another");
  std::array<uint32_t, mostSections> elementBytes{1, 1};
  ImageData types;
  forEachTable(types, [&](Section kind, auto &vector) { elementBytes[static_cast<uint32_t>(kind) - 1] = sizeof(vector[0]); });
  uint64_t end = tableEnd;
  for (uint32_t i = 0; i < sections(); ++i) {
    const SectionRecord &record = table[i];
    const std::string place = std::string("section ") + sectionNames[i + 1] + ", offset " + std::to_string(64 + i * sizeof record);
    const auto bad = [&](const char *clause, std::string what, uint64_t expected, uint64_t found) {
      return wrong(3005, clause, place, "the section table is wrong", what + " " + std::to_string(expected), std::to_string(found));
    };
    if (record.kind != i + 1)
      return bad("F7", "kind", i + 1, record.kind);
    if (record.elementBytes != elementBytes[i])
      return bad("F7", "elements of bytes", elementBytes[i], record.elementBytes);
    if (record.offset != alignPage(end)) // `end` is at most the size of the file
      return bad("F8", "offset", alignPage(end), record.offset);
    if (record.offset > file.size() || record.bytes > file.size() - record.offset)
      return bad("F8", "at most bytes", record.offset > file.size() ? 0 : file.size() - record.offset, record.bytes);
    if (record.bytes % record.elementBytes || record.count != record.bytes / record.elementBytes)
      return bad("F9", "elements", record.bytes / record.elementBytes, record.count);
    if (!std::all_of(file.begin() + static_cast<ptrdiff_t>(end), file.begin() + static_cast<ptrdiff_t>(record.offset),
                     [](std::byte byte) { return byte == std::byte{0}; }))
      return bad("F10", "padding before it of", 0, 1);
    end = record.offset + record.bytes;
  }
  if (end != file.size())
    return wrong(3005, "F8", "offset " + std::to_string(end), "bytes after the last section", std::to_string(end) + " bytes in all",
                 std::to_string(file.size()));
  return {};
}

Result<void> Opener::checkSections() {
  for (uint32_t i = 0; i < sections(); ++i)
    if (checksum64(section(static_cast<Section>(i + 1))) != table[i].checksum)
      return wrong(3006, "F11", std::string("section ") + sectionNames[i + 1] + ", offset " + std::to_string(table[i].offset),
                   "a section is damaged", "the checksum in the section table", "another");
  return {};
}

Result<hw::Chip> readChip(const std::string &text, const std::string &file) {
  auto chip = hw::parseChip(text, file);
  if (chip)
    return chip;
  const Error &inner = chip.error();
  return Error{.code = 3009,
               .message = "the chip description in the image is wrong: " + inner.message,
               .file = file,
               .place = "section chip, " + inner.place,
               .expected = inner.expected,
               .found = inner.found,
               .hint = inner.hint};
}
} // namespace

//===--- Writing ----------------------------------------------------------===//

Result<void> write(const ImageData &data, const std::string &path) {
  const std::vector<uint8_t> meta = encodeMeta(data.meta);
  const uint32_t sections = data.crossbars.empty() ? sectionCount : mostSections;
  std::array<Bytes, mostSections> contents{std::as_bytes(std::span(meta)), std::as_bytes(std::span(data.chipText))};
  std::array<SectionRecord, mostSections> all{};
  const std::span<SectionRecord> table = std::span(all).first(sections);
  table[0].elementBytes = table[1].elementBytes = 1;
  forEachTable(data, [&](Section kind, const auto &vector) {
    contents[static_cast<uint32_t>(kind) - 1] = std::as_bytes(std::span(vector));
    all[static_cast<uint32_t>(kind) - 1].elementBytes = sizeof(vector[0]);
  });
  uint64_t end = sizeof(FileHeader) + table.size_bytes();
  for (uint32_t i = 0; i < sections; ++i) {
    table[i].kind = i + 1;
    table[i].offset = alignPage(end);
    table[i].bytes = contents[i].size();
    table[i].count = table[i].bytes / table[i].elementBytes;
    table[i].checksum = checksum64(contents[i]);
    end = table[i].offset + table[i].bytes;
  }
  FileHeader header{};
  header.magic = magic;
  header.version = formatVersion;
  header.sectionCount = sections;
  header.fileBytes = end;
  header.tableOffset = sizeof header;
  header.tableChecksum = checksum64(std::as_bytes(table));
  header.headerChecksum = headerSum(header);

  auto file = AtomicFile::create(path);
  if (!file)
    return ioError(file.error(), path, "cannot write the image");
  static constexpr std::array<std::byte, pageBytes> zeros{};
  uint64_t at = sizeof header + table.size_bytes();
  Result<void> done = file->write(bytesOf(header));
  if (done)
    done = file->write(std::as_bytes(table));
  for (uint32_t i = 0; i < sections && done; ++i) {
    done = file->write(Bytes(zeros).first(table[i].offset - at));
    if (done)
      done = file->write(contents[i]);
    at = table[i].offset + table[i].bytes;
  }
  if (done)
    done = file->commit();
  if (!done)
    return ioError(done.error(), path, "cannot write the image");
  return {};
}

/// A validated image in the form in which it is used: with the synapses that its connectors make, where no one else makes them.
static Result<Image> withSynapses(Image image) {
  if (image.meta.connectors.empty() || image.meta.profile != isa::Profile::Int)
    return image;
  RANVIER_TRY(ImageData data, expandConnectors(image));
  RANVIER_TRY(Image made, fromData(std::move(data))); // and whether the chip holds them
  made.expanded = std::move(image.meta.connectors);
  made.identity = std::move(image.identity);
  return made;
}

Result<Image> open(const std::string &path) {
  auto mapped = MappedFile::open(path);
  if (!mapped)
    return ioError(mapped.error(), path, "cannot open the image");
  auto storage = std::make_shared<const MappedFile>(*std::move(mapped));
  Opener opener(storage->bytes(), path);
  RANVIER_CHECK(opener.checkHeader());
  RANVIER_CHECK(opener.checkTable());
  RANVIER_CHECK(opener.checkSections());
  Image image;
  RANVIER_TRY(image.meta, decodeMeta(opener.section(Section::Meta), path));
  const Bytes chip = opener.section(Section::Chip);
  image.chipText.assign(reinterpret_cast<const char *>(chip.data()), chip.size());
  RANVIER_TRY(image.chip, readChip(image.chipText, path));
  forEachTable(image, [&](Section kind, auto &span) {
    using Element = typename std::remove_reference_t<decltype(span)>::element_type;
    const Bytes bytes = opener.section(kind);
    span = {reinterpret_cast<Element *>(bytes.data()), bytes.size() / sizeof(Element)};
  });
  image.storage = storage;
  image.identity = contentHash(storage->bytes().first(sizeof(FileHeader) + opener.sections() * sizeof(SectionRecord)));
  if (auto valid = validate(image); !valid) {
    valid.error().file = path;
    return std::move(valid.error());
  }
  auto whole = withSynapses(std::move(image));
  if (!whole)
    whole.error().file = path;
  return whole;
}

/// A validated view of tables that belong to someone else.
static Result<Image> viewOf(const ImageData &data) {
  Image image;
  image.meta = data.meta;
  image.chipText = data.chipText;
  RANVIER_TRY(image.chip, readChip(image.chipText, ""));
  image.cores = data.cores;
  image.slices = data.slices;
  image.params = data.params;
  image.paramWords = data.paramWords;
  image.stateWords = data.stateWords;
  image.inAxons = data.inAxons;
  image.rows = data.rows;
  image.synapses32 = data.synapses32;
  image.synapses64 = data.synapses64;
  image.outPtr = data.outPtr;
  image.outAxons = data.outAxons;
  image.crossbars = data.crossbars;
  image.crossbarRows = data.crossbarRows;
  image.crossbarColumns = data.crossbarColumns;
  image.crossbarLevels = data.crossbarLevels;
  image.crossbarRanges = data.crossbarRanges;
  RANVIER_CHECK(validate(image));
  return image;
}

Result<Image> fromData(ImageData data) {
  auto storage = std::make_shared<const ImageData>(std::move(data));
  RANVIER_TRY(Image image, viewOf(*storage));
  image.storage = storage;
  return withSynapses(std::move(image));
}

Result<void> validate(const ImageData &data) {
  auto view = viewOf(data);
  return view ? Result<void>() : Result<void>(view.error());
}

} // namespace ranvier::image
