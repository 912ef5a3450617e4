// Coverage: Verilator's files and the bins, added up over models and runs.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Rtl/Coverage.h"
#include "ranvier/Support/File.h"
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>

using namespace ranvier;
using namespace ranvier::rtl;

namespace {
class TemporaryFolder {
public:
  TemporaryFolder() { REQUIRE(::mkdtemp(name)); }
  ~TemporaryFolder() { std::filesystem::remove_all(name); }
  std::string path() const { return name; }

private:
  char name[32] = "/tmp/ranvier-coverage-XXXXXX";
};

/// A model that tells what it is told to tell.
class Told : public Model {
public:
  Told(std::string data, std::vector<ModelBins> groups) : data(std::move(data)), groups(std::move(groups)) {}
  void write(std::span<const ConfigWrite>) override {}
  Result<void> read(std::span<ConfigWrite>) override { return {}; }
  bool peek(uint32_t, Space, uint32_t, std::span<uint32_t>) override { return false; }
  bool poke(uint32_t, Space, uint32_t, std::span<const uint32_t>) override { return false; }
  StepResult step(std::span<const ModelInput>, const StepOptions &) override { return {}; }
  bool openTrace(const std::string &) override { return false; }
  void closeTrace() override {}
  bool writeCoverage(const std::string &path) override { return !data.empty() && bool(writeFileAtomically(path, data)); }
  std::vector<ModelBins> bins() override { return groups; }
  std::string failure() override { return ""; }

private:
  std::string data;
  std::vector<ModelBins> groups;
};

std::string point(const std::string &page, int line, const std::string &comment, const std::string &lines, const std::string &place,
                  int count, const std::string &file = "/somewhere/core.sv") {
  return "C '\1f\2" + file + "\1l\2" + std::to_string(line) + "\1n\0021\1page\2" + page + "/core\1o\2" + comment +
         (lines.empty() ? "" : "\1S\2" + lines) + "\1h\2TOP." + place + "' " + std::to_string(count) + "\n";
}
const std::string head = "# SystemC::Coverage-3\n";

Coverage opened(const std::string &folder) {
  auto coverage = Coverage::open(folder);
  REQUIRE_MESSAGE(bool(coverage), (coverage ? "" : coverage.error().str()));
  return *std::move(coverage);
}
} // namespace

TEST_CASE("instances of a module and copies of its file are one; lines come from the ranges of their statements") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/coverage";
  Coverage coverage = opened(path);
  Told model(head + point("v_line", 3, "block", "3-5,7", "a", 0) + point("v_line", 3, "block", "3-5,7", "b", 2) +
                 point("v_branch", 8, "if", "8", "a", 0) + point("v_branch", 8, "else", "", "a", 4) +
                 point("v_toggle", 2, "x[0]", "", "a", 0) + point("v_toggle", 2, "x[1]", "", "a", 1),
             {{"op", {{"ADD", 1}, {"SUB", 0}}, true}, {"turn", {{"E to W", 0}}, false}});
  REQUIRE(bool(coverage.add(model)));
  const CoverageSummary one = coverage.summary();
  CHECK((one.lines.all == 5 && one.lines.hit == 4)); // 3, 4, 5, 7 of block; 8 of if
  CHECK((one.branches.all == 2 && one.branches.hit == 1));
  CHECK((one.toggles.all == 2 && one.toggles.hit == 1));
  CHECK((one.bins.all == 2 && one.bins.hit == 1));
  CHECK(one.emptyBins == std::vector<std::string>{"op: SUB"});
  CHECK(one.unseenGroups == std::vector<std::string>{"turn"});
  REQUIRE(bool(coverage.write()));

  // Another process, another copy of the file, a file of somebody else's beside it.
  REQUIRE(bool(writeFileAtomically(path + "/blocks.dat", head + point("v_branch", 8, "if", "8", "q", 5, "/elsewhere/core.sv") +
                                                             point("v_line", 9, "block", "9", "q", 1, "/elsewhere/other.sv"))));
  Coverage again = opened(path);
  Told second(head + point("v_toggle", 2, "x[0]", "", "c", 7),
              {{"op", {{"ADD", 0}, {"SUB", 3}}, true}, {"turn", {{"E to W", 1}}, true}});
  REQUIRE(bool(again.add(second)));
  const CoverageSummary both = again.summary();
  CHECK((both.lines.all == 6 && both.lines.hit == 6));
  CHECK((both.branches.hit == 2 && both.toggles.hit == 2));
  CHECK((both.bins.all == 3 && both.bins.hit == 3));
  CHECK(both.unseenGroups.empty());
  CHECK(both.linesOf.at("other.sv").all == 1);
  REQUIRE(bool(again.write()));
  CHECK(opened(path).summary().bins.hit == 3);
  const auto page = readFile(path + "/index.html");
  REQUIRE(bool(page));
  CHECK(page->find("core.sv.html") != std::string::npos);
  CHECK(page->find("100.0 % (6 of 6)") != std::string::npos);
}

TEST_CASE("what is no coverage is refused where it is wrong") {
  const TemporaryFolder folder;
  const auto fails = [&](const std::string &name, const std::string &text, const std::string &place) {
    CAPTURE(text);
    REQUIRE(bool(writeFileAtomically(folder.path() + "/" + name, text)));
    const auto coverage = Coverage::open(folder.path());
    REQUIRE(!coverage);
    CHECK(coverage.error().code == 7530);
    CHECK(coverage.error().place == place);
    REQUIRE(bool(writeFileAtomically(folder.path() + "/" + name, name.ends_with("dat") ? head : "")));
  };
  fails("x.dat", "something else\n", "line 1");
  for (const std::string line : {"C 'x' 1", "C '\1f\2a' many", "C '", "D '\1f\2a\1page\2v_line/a' 1", "C '\1f' 1",
                                 "C '\1page\2v_line/a' 1", "C '\1f\2a\1l\2x\1page\2v_line/a' 1"})
    fails("x.dat", head + line + "\n", "line 2");
  for (const std::string line : {"op\tADD", "op\tADD\tmany\tseen"})
    fails("bins.tsv", line + "\n", "line 1");
  Told none("", {});
  Coverage coverage = opened(folder.path() + "/new");
  const auto added = coverage.add(none);
  REQUIRE(!added);
  CHECK(added.error().code == 7531);
}
