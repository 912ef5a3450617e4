// Files: what is written is what is opened, damage of any kind is an error, random damage never crashes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Support/File.h"
#include "CrossbarImage.h"
#include "TestImage.h"
#include "ranvier/Support/Json.h"
#include "ranvier/Support/Random.h"
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <regex>
#include <set>
#include <sys/mman.h>
#include <sys/stat.h>

using namespace ranvier;
using namespace ranvier::image;

namespace {
class Folder {
public:
  Folder() {
    char name[] = "/tmp/ranvier-image-test-XXXXXX";
    REQUIRE(::mkdtemp(name));
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string operator/(const std::string &name) const { return path + "/" + name; }
  std::string path;
};

std::string fileOf(const ImageData &data, const Folder &folder) {
  REQUIRE(write(data, folder / "made.rvi"));
  return *readFile(folder / "made.rvi");
}
Result<Image> openText(const std::string &bytes, const Folder &folder) {
  // Not atomically: thousands of files need not reach the disk.
  REQUIRE(std::ofstream(folder / "changed.rvi", std::ios::binary)
              .write(bytes.data(), static_cast<std::streamsize>(bytes.size()))
              .flush());
  return image::open(folder / "changed.rvi");
}
template <typename A, typename B> bool sameBytes(const A &a, const B &b) {
  const auto x = std::as_bytes(std::span(a)), y = std::as_bytes(std::span(b));
  return x.size() == y.size() && (x.empty() || std::memcmp(x.data(), y.data(), x.size()) == 0);
}
void poke(std::string &file, size_t at, uint64_t value, size_t bytes = 8) { std::memcpy(file.data() + at, &value, bytes); }
uint64_t peek(const std::string &file, size_t at) {
  uint64_t value;
  std::memcpy(&value, file.data() + at, 8);
  return value;
}
size_t entry(uint32_t kind) { return 64 + (kind - 1) * 40; }
} // namespace

TEST_CASE("an image reads back as it was written, and the same data gives the same bytes") {
  const Folder folder;
  for (ImageData data : {test::intImage(), test::floatImage(), test::learningImage(), test::rewiredImage()}) {
    data.meta.populations[0].source = "list";
    data.meta.populations[0].list = {{1, 0}, {1, 1}, {9, 0}};
    data.meta.seed = ~uint64_t(0);
    data.meta.programs[0].tables = {{1, -2, 3}};
    data.meta.populations[1].seed = 12345678901234567890u;
    data.meta.dt = 0.1 + 0.2;
    const std::string bytes = fileOf(data, folder);
    CHECK(fileOf(data, folder) == bytes);
    auto image = image::open(folder / "made.rvi");
    REQUIRE_MESSAGE(image, (image ? std::string() : image.error().str()));
    CHECK(image->meta == data.meta);
    CHECK(image->chipText == data.chipText);
    CHECK(sameBytes(image->cores, data.cores));
    CHECK(sameBytes(image->slices, data.slices));
    CHECK(sameBytes(image->params, data.params));
    CHECK(sameBytes(image->paramWords, data.paramWords));
    CHECK(sameBytes(image->stateWords, data.stateWords));
    CHECK(sameBytes(image->inAxons, data.inAxons));
    CHECK(sameBytes(image->rows, data.rows));
    CHECK(sameBytes(image->synapses32, data.synapses32));
    CHECK(sameBytes(image->synapses64, data.synapses64));
    CHECK(sameBytes(image->outPtr, data.outPtr));
    CHECK(sameBytes(image->outAxons, data.outAxons));
    CHECK(reinterpret_cast<uintptr_t>(image->cores.data()) % 4096 == 0);
    auto view = fromData(data);
    REQUIRE(view);
    CHECK(describe(*view, true) == describe(*image, true));
  }
}

TEST_CASE("macros take five sections more, and read back as they were written") {
  Folder folder;
  const ImageData data = test::crossbarImage();
  const std::string file = fileOf(data, folder);
  CHECK((peek(file, 8) >> 32) == 18);
  CHECK((peek(fileOf(test::intImage(), folder), 8) >> 32) == 13);
  auto image = openText(file, folder);
  REQUIRE_MESSAGE(image, (image ? std::string() : image.error().str()));
  CHECK(sameBytes(image->crossbars, data.crossbars));
  CHECK(sameBytes(image->crossbarRows, data.crossbarRows));
  CHECK(sameBytes(image->crossbarColumns, data.crossbarColumns));
  CHECK(sameBytes(image->crossbarLevels, data.crossbarLevels));
  CHECK(sameBytes(image->crossbarRanges, data.crossbarRanges));
  const auto json = parseJson(describe(*image, true), "image");
  REQUIRE(json);
  const auto &macro = (*json)["cores"][0]["crossbar"];
  CHECK(macro["rows"] == data.crossbars[0].rowCount);
  CHECK(macro["row_table"][1]["levels"].size() == size_t(data.crossbars[0].columnCount) * 2);
  CHECK(macro["column_table"][2]["column"] == 2);
}

TEST_CASE("sources of every kind survive the file") {
  const Folder folder;
  ImageData data = test::intImage();
  data.meta.populations[0].source = "poisson";
  data.meta.populations[0].rates = {0.1, 1.0};
  fileOf(data, folder);
  CHECK(image::open(folder / "made.rvi")->meta == data.meta);
  data = test::intImage();
  data.meta.populations[0].source = "regular";
  data.meta.populations[0].intervals = {5};
  data.meta.populations[0].phases = {0, 0xFFFFFFFFu};
  fileOf(data, folder);
  CHECK(image::open(folder / "made.rvi")->meta == data.meta);
}

TEST_CASE("an image without neurons is an image") {
  const Folder folder;
  ImageData data;
  data.chipText = test::intImage().chipText;
  data.outPtr = {0};
  fileOf(data, folder);
  auto image = image::open(folder / "made.rvi");
  CHECK_MESSAGE(image, (image ? std::string() : image.error().str()));
}

TEST_CASE("each clause of the file's frame is enforced") {
  const Folder folder;
  const std::string good = fileOf(test::intImage(), folder);
  REQUIRE(openText(good, folder));
  const struct {
    const char *clause;
    unsigned code;
    bool repair; ///< Make the checksums right after the change.
    void (*change)(std::string &);
  } cases[] = {
      {"F1", 3002, false, [](std::string &f) { f[1] = 'X'; }},
      {"F1", 3002, false, [](std::string &f) { f.resize(63); }},
      {"F1", 3002, false, [](std::string &f) { f.clear(); }},
      {"F2", 3003, true, [](std::string &f) { poke(f, 8, 2, 4); }},
      {"F3", 3004, false, [](std::string &f) { f[40] = 1; }},
      {"F3", 3004, false, [](std::string &f) { f[20] = 1; }},
      {"F4", 3004, false, [](std::string &f) { f.resize(f.size() - 1); }},
      {"F4", 3004, false, [](std::string &f) { f += '\0'; }},
      {"F5", 3004, true, [](std::string &f) { poke(f, 12, 14, 4); }},
      {"F5", 3004, true, [](std::string &f) { poke(f, 24, 128); }},
      {"F5", 3004, true, [](std::string &f) { poke(f, 48, 1); }},
      {"F6", 3005, false, [](std::string &f) { f[entry(3)] ^= 1; }},
      {"F6", 3005, false,
       [](std::string &f) { // header alone, its own checksum right
         f.resize(64);
         poke(f, 16, 64);
         poke(f, 56, checksum64(std::as_bytes(std::span(f.data(), 56))));
       }},
      {"F7", 3005, true, [](std::string &f) { poke(f, entry(3), 4, 4); }},
      {"F7", 3005, true, [](std::string &f) { poke(f, entry(3) + 4, 92, 4); }},
      {"F8", 3005, true, [](std::string &f) { poke(f, entry(3) + 8, 100); }},
      {"F8", 3005, true, [](std::string &f) { poke(f, entry(3) + 8, ~uint64_t(4095)); }},
      {"F8", 3005, true, [](std::string &f) { poke(f, entry(3) + 16, ~uint64_t(0)); }},
      {"F8", 3005, true, [](std::string &f) { f += "more"; }},
      {"F9", 3005, true, [](std::string &f) { poke(f, entry(3) + 24, 3); }},
      {"F9", 3005, true, [](std::string &f) { poke(f, entry(3) + 16, 191); }},
      {"F10", 3005, true, [](std::string &f) { f[4095] = 1; }},
      {"F11", 3006, false, [](std::string &f) { f[peek(f, entry(3) + 8)] ^= 1; }},
      {"F11", 3006, false, [](std::string &f) { f[peek(f, entry(1) + 8)] ^= 1; }},
  };
  std::set<std::string> tested;
  for (const auto &c : cases) {
    std::string bytes = good;
    c.change(bytes);
    if (c.repair)
      test::repairChecksums(bytes);
    auto image = openText(bytes, folder);
    REQUIRE_MESSAGE(!image, c.clause);
    const std::string text = std::string(c.clause) + ": " + image.error().str();
    CHECK_MESSAGE(image.error().code == c.code, text);
    CHECK_MESSAGE(image.error().hint == std::string("docs/spec/image-format.md, clause ") + c.clause, text);
    CHECK(image.error().file == folder / "changed.rvi");
    tested.insert(c.clause);
  }
  const std::string page = *readFile(RANVIER_SOURCE_DIR "/docs/spec/image-format.md");
  std::set<std::string> clauses;
  const std::regex form("- \\*\\*(F[0-9]+)\\*\\*");
  for (std::sregex_iterator it(page.begin(), page.end(), form), end; it != end; ++it)
    clauses.insert((*it)[1]);
  CHECK(clauses == tested);
}

namespace {
/// The file with another meta section; the sections after it move by whole pages.
std::string withMeta(const std::string &good, const std::vector<uint8_t> &meta) {
  const size_t offset = peek(good, entry(1) + 8), next = peek(good, entry(2) + 8),
               end = (offset + meta.size() + 4095) / 4096 * 4096;
  std::string file = good.substr(0, offset) + std::string(meta.begin(), meta.end()) +
                     std::string(end - offset - meta.size(), '\0') + good.substr(next);
  poke(file, entry(1) + 16, meta.size());
  poke(file, entry(1) + 24, meta.size());
  for (uint32_t kind = 2; kind <= 13; ++kind)
    poke(file, entry(kind) + 8, peek(good, entry(kind) + 8) + end - next);
  test::repairChecksums(file);
  return file;
}
} // namespace

TEST_CASE("meta is read strictly") {
  const Folder folder;
  const std::string good = fileOf(test::intImage(), folder);
  const size_t offset = peek(good, entry(1) + 8), size = peek(good, entry(1) + 16);
  const Json meta =
      Json::from_cbor(good.begin() + static_cast<ptrdiff_t>(offset), good.begin() + static_cast<ptrdiff_t>(offset + size));
  CHECK(openText(withMeta(good, Json::to_cbor(meta)), folder));
  const struct {
    const char *place;
    void (*change)(Json &);
  } cases[] = {
      {"section meta, network", [](Json &m) { m["network"] = 1; }},
      {"section meta, dt_s", [](Json &m) { m["dt_s"] = "x"; }},
      {"section meta, dt_s", [](Json &m) { m["dt_s"] = HUGE_VAL; }},
      {"section meta, profile", [](Json &m) { m["profile"] = "int9"; }},
      {"section meta, seed", [](Json &m) { m["seed"] = -1; }},
      {"section meta, seed", [](Json &m) { m["seed"] = 1.5; }},
      {"section meta, populations", [](Json &m) { m["populations"] = 3; }},
      {"section meta, populations[1]", [](Json &m) { m["populations"][1] = nullptr; }},
      {"section meta, populations[1].level", [](Json &m) { m["populations"][1]["level"] = uint64_t(1) << 32; }},
      {"section meta, populations[1].input", [](Json &m) { m["populations"][1]["input"] = 1; }},
      {"section meta, populations[1].list", [](Json &m) { m["populations"][1]["list"] = Json::array({Json::array({1})}); }},
      {"section meta, populations[1].shape", [](Json &m) { m["populations"][1]["shape"] = Json::array({-3}); }},
      {"section meta, populations[1].depth", [](Json &m) { m["populations"][1].erase("depth"); }},
      {"section meta, populations[1]", [](Json &m) { m["populations"][1]["colour"] = 1; }},
      {"section meta, projections[0].weight_exponent", [](Json &m) { m["projections"][0]["weight_exponent"] = int64_t(-1) << 40; }},
      {"section meta, programs[0].code[0]", [](Json &m) { m["programs"][0]["code"][0] = 0; }},
      {"section meta, programs[0].tables[0]", [](Json &m) { m["programs"][0]["tables"] = Json::array({7}); }},
      {"section meta, (top)", [](Json &m) { m["extra"] = 1; }},
      {"section meta", [](Json &m) { m["microcode_version"] = 999; }},
      {"section meta", [](Json &m) { m = Json::array(); }},
      {"section meta", [](Json &m) { m["provenance"] = Json::binary({1, 2}); }},
      {"section meta",
       [](Json &m) {
         for (int i = 0; i < 100; ++i)
           m["key" + std::to_string(i)] = 1;
       }},
  };
  for (const auto &c : cases) {
    Json changed = meta;
    c.change(changed);
    auto image = openText(withMeta(good, Json::to_cbor(changed)), folder);
    REQUIRE_MESSAGE(!image, std::string(c.place));
    CHECK_MESSAGE(image.error().code == 3008, image.error().str());
    CHECK_MESSAGE(image.error().place.find(c.place) == 0, image.error().str());
  }
  const std::vector<uint8_t> hostile[] = {{},
                                          {0xFF},
                                          {0x9B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF},
                                          {0x7B, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF},
                                          {0xBB, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF},
                                          std::vector<uint8_t>(4000, 0x81),
                                          std::vector<uint8_t>(4000, 0x9F),
                                          std::vector<uint8_t>(4000, 0xC1)};
  for (const auto &bytes : hostile)
    CHECK(openText(withMeta(good, bytes), folder).error().code == 3008);
}

TEST_CASE("positions beyond 4 GiB are used") {
  // The initial state of the slices lies at the end of a section of 4 GiB of zeros; the sections after it lie beyond 4 GiB.
  const Folder folder;
  const ImageData data = test::intImage();
  std::string good = fileOf(data, folder);
  const uint64_t words = (uint64_t(1) << 30) + data.stateWords.size(), old = data.stateWords.size() * 4;
  const uint64_t offset = peek(good, entry(7) + 8), next = peek(good, entry(8) + 8),
                 moved = (offset + words * 4 + 4095) / 4096 * 4096;
  for (size_t s = 0; s < data.slices.size(); ++s)
    poke(good, peek(good, entry(4) + 8) + s * sizeof(SliceRecord) + offsetof(SliceRecord, firstState),
         (uint64_t(1) << 30) + data.slices[s].firstState);
  poke(good, entry(7) + 16, words * 4);
  poke(good, entry(7) + 24, words);
  for (uint32_t kind = 8; kind <= 13; ++kind)
    poke(good, entry(kind) + 8, peek(good, entry(kind) + 8) - next + moved);
  const std::string path = folder / "large.rvi";
  REQUIRE(writeFileAtomically(path, good.substr(0, offset)));
  std::error_code failure;
  std::filesystem::resize_file(path, moved, failure);
  struct stat status = {};
  if (failure || ::stat(path.c_str(), &status) != 0 || status.st_blocks > (1 << 20)) {
    MESSAGE("SKIP: the file system makes no sparse file of 4 GiB");
    return;
  }
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  std::vector<int32_t> states(data.stateWords.size());
  std::iota(states.begin(), states.end(), 1000);
  file.seekp(static_cast<std::streamoff>(offset + words * 4 - old))
      .write(reinterpret_cast<const char *>(states.data()), static_cast<std::streamsize>(old));
  file.seekp(static_cast<std::streamoff>(moved)).write(good.data() + next, static_cast<std::streamsize>(good.size() - next));
  REQUIRE(file.flush());
  // Checksums: the slices and the grown section have changed. Its bytes stand in memory without the file, as untouched zeros.
  poke(good, entry(4) + 32,
       checksum64(std::as_bytes(std::span(good.data() + peek(good, entry(4) + 8), peek(good, entry(4) + 16)))));
  {
    void *zeros = ::mmap(nullptr, words * 4, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    REQUIRE(zeros != MAP_FAILED);
    ::madvise(zeros, words * 4, MADV_HUGEPAGE);
    std::memcpy(static_cast<char *>(zeros) + words * 4 - old, states.data(), old);
    poke(good, entry(7) + 32, checksum64({static_cast<const std::byte *>(zeros), words * 4}));
    ::munmap(zeros, words * 4);
  }
  poke(good, 16, std::filesystem::file_size(path));
  poke(good, 32, checksum64(std::as_bytes(std::span(good.data() + 64, 13 * 40))));
  poke(good, 56, checksum64(std::as_bytes(std::span(good.data(), 56))));
  file.seekp(0).write(good.data(), 64 + 13 * 40);
  REQUIRE(file.flush());
  auto image = image::open(path);
  REQUIRE_MESSAGE(image, (image ? std::string() : image.error().str()));
  CHECK(image->stateWords.size() == words);
  for (const SliceRecord &slice : image->slices)
    CHECK(image->stateWords[slice.firstState] == 1000 + static_cast<int32_t>(slice.firstState - (uint64_t(1) << 30)));
  CHECK(sameBytes(image->outAxons, data.outAxons));
}

TEST_CASE("files that cannot be opened or written") {
  const Folder folder;
  auto absent = image::open(folder / "absent.rvi");
  REQUIRE(!absent);
  CHECK(absent.error().code == 3001);
  CHECK(absent.error().file == folder / "absent.rvi");
  CHECK(image::open(folder.path).error().code == 3001);
  auto denied = write(test::intImage(), folder / "no/such/folder.rvi");
  REQUIRE(!denied);
  CHECK(denied.error().code == 3001);
  CHECK((denied.error().kind == ErrorKind::System));
}

TEST_CASE("a description is JSON, with programs in words") {
  auto image = fromData(test::intImage());
  REQUIRE(image);
  const Json brief = *parseJson(describe(*image, false), "brief"), full = *parseJson(describe(*image, true), "full");
  CHECK(brief["totals"]["neurons"] == 5);
  CHECK(brief["totals"]["synapses"] == 11);
  CHECK(brief["programs"][0]["code"][0] == "ld.state r0, v");
  CHECK(brief["semantics"]["reset"] == "zero");
  CHECK(!brief["cores"][0].contains("in_axon_table"));
  CHECK(full["cores"][0]["in_axon_table"][0]["rows"][0]["synapses"] == Json::parse("[[0,1,5],[1,1,-5]]"));
  CHECK(full["cores"][0]["slices"][0]["params"]["vth"] == Json::parse("[100,101]"));
  // Texts of a stranger.
  ImageData data = test::intImage();
  data.meta.network = "\xFF\xC0";
  data.meta.semantics = std::string(100000, '[');
  data.meta.mapping = "no JSON";
  auto strange = fromData(data);
  REQUIRE(strange);
  CHECK((*parseJson(describe(*strange, true), "strange"))["mapping"] == "no JSON");
}

TEST_CASE("a million synapses pass") {
  auto image = fromData(test::largeImage(1000));
  REQUIRE_MESSAGE(image, (image ? std::string() : image.error().str()));
  CHECK(image->synapses32.size() == 1000000);
}

TEST_CASE("random damage never crashes, and what is accepted can be described") {
  const Folder folder;
  const char *wish = std::getenv("RANVIER_FUZZ_MUTANTS");
  const uint32_t mutants = wish ? static_cast<uint32_t>(std::atoi(wish)) : 4000;
  const std::string originals[] = {fileOf(test::intImage(), folder), fileOf(test::floatImage(), folder)};
  constexpr uint64_t values[] = {0, 1, 2, 0x7F, 0xFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF, ~uint64_t(0), uint64_t(1) << 63};
  unsigned accepted = 0, refused = 0, byValidate = 0;
  for (uint32_t i = 0; i < mutants; ++i) {
    std::string bytes = originals[i % 2];
    // Most changes go into the sections themselves, which padding dwarfs.
    for (uint32_t edit = 0; edit <= randomWord(11, i, 0, 0) % 3; ++edit) {
      const uint32_t what = randomWord(12, i, edit, 0), kind = randomWord(13, i, edit, 0) % 14;
      const size_t start = kind ? peek(originals[i % 2], entry(kind) + 8) : 0,
                   size = kind ? peek(originals[i % 2], entry(kind) + 16) : 584;
      if (size == 0)
        continue;
      const size_t at = start + randomWord(14, i, edit, 0) % size;
      if (what % 8 == 0)
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << (what >> 8) % 8));
      else if (what % 8 < 3)
        bytes[at] = static_cast<char>(what >> 8);
      else
        poke(bytes, at, values[(what >> 8) % std::size(values)], std::min<size_t>(bytes.size() - at, what % 2 ? 4 : 8));
    }
    if (i % 50 == 0)
      bytes.resize(randomWord(15, i, 0, 0) % (bytes.size() + 1));
    if (i % 10 != 0)
      test::repairChecksums(bytes);
    auto image = openText(bytes, folder);
    if (image) {
      ++accepted;
      CHECK(!describe(*image, true).empty());
      continue;
    }
    ++refused;
    byValidate += image.error().code >= 3010;
    CHECK(image.error().code >= 3002);
    CHECK(image.error().code <= 3025);
  }
  CHECK(refused > mutants / 4);
  CHECK(byValidate > mutants / 10);
  CHECK(accepted > mutants / 100);
}
