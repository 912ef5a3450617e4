//===- TableTest.cpp - The instruction table and its generator ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table against itself, the generated page against the table, and the generator against broken tables.
//===----------------------------------------------------------------------===//
#include "ranvier/ISA/Program.h"
#include <cstdio>
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

using namespace ranvier::isa;

static const std::string isaDir = std::string(RANVIER_SOURCE_DIR) + "/isa";
static const std::string page = std::string(RANVIER_SOURCE_DIR) + "/docs/spec/microcode.md";

/// Runs generate.py; returns the exit code.
static int generate(const std::string &table, const std::string &arguments) {
  const std::string command = "'" RANVIER_PYTHON3 "' '" + isaDir + "/generate.py' '" + table + "' " + arguments + " 2>/dev/null";
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static std::string slurp(const std::string &path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST_CASE("the table's look-ups agree with its rows") {
  unsigned found = 0;
  for (unsigned byte = 0; byte < 256; ++byte)
    if (const OpcodeInfo *info = findOpcode(static_cast<uint8_t>(byte))) {
      ++found;
      CHECK(static_cast<unsigned>(info->op) == byte);
      CHECK(findMnemonic(info->mnemonic) == info);
      CHECK(&opcodeInfo(info->op) == info);
    }
  CHECK(found == numOpcodes);
  CHECK(findOpcode(0) == nullptr); // Zero-filled memory is not a program.
  CHECK(findMnemonic("") == nullptr);
  CHECK(findMnemonic("jump") == nullptr);
}

TEST_CASE("every mnemonic has a row in docs/spec/microcode.md, and its tables are those of the generator") {
  const std::string text = slurp(page);
  for (const OpcodeInfo &info : opcodeTable) {
    CAPTURE(info.mnemonic);
    CHECK(text.find("`" + std::string(info.mnemonic) + " ") != text.npos);
  }
  CHECK_MESSAGE(generate(isaDir + "/microcode.toml", "--markdown '" + page + "' --check") == 0,
                "run isa/generate.py isa/microcode.toml --markdown docs/spec/microcode.md");
}

TEST_CASE("the generator refuses a page or table that is wrong") {
  const auto folder = std::filesystem::temp_directory_path() / ("ranvier-isa-" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  const std::string table = (folder / "t.toml").string(), out = (folder / "out.inc").string(), copy = (folder / "p.md").string();
  const std::string good = slurp(isaDir + "/microcode.toml");
  auto run = [&](const std::string &from, const std::string &to) {
    std::string text = good;
    const size_t at = text.find(from);
    REQUIRE(at != text.npos);
    text.replace(at, from.size(), to);
    std::ofstream(table) << text;
    return generate(table, "--cpp '" + out + "'");
  };
  CHECK(run("opcode = 0x02", "opcode = 0x01") == 1);               // twice
  CHECK(run("opcode = 0x02", "opcode = 0") == 1);                  // zero
  CHECK(run("opcode = 0x02", "opcode = 256") == 1);                // too large
  CHECK(run("mnemonic = \"ld.param\"", "mnemonic = \"li\"") == 1); // twice
  CHECK(run("imm = \"state\"", "imm = \"stat\"") == 1);            // unknown kind
  CHECK(run("cost = \"move\"", "costs = \"move\"") == 1);          // unknown key
  CHECK(run("[\"int\", \"f32\"]", "[\"int\", \"f64\"]") == 1);     // unknown profile
  CHECK(run("\n[[op]]", "\n[[op]") == 1);                          // not TOML
  CHECK_FALSE(std::filesystem::exists(out));
  CHECK(run("version = 1", "version = 7") == 0);
  CHECK(slurp(out).find("microcodeVersion = 7;") != std::string::npos);

  std::ofstream(copy) << slurp(page);
  CHECK(run("semantics = \"wrap32(a + b)\"", "semantics = \"a plus b\"") == 0);
  CHECK(generate(table, "--markdown '" + copy + "' --check") == 1);
  CHECK(generate(table, "--markdown '" + copy + "'") == 0);
  CHECK(generate(table, "--markdown '" + copy + "' --check") == 0);
  CHECK(slurp(copy).find("dst = a plus b") != std::string::npos);
  std::ofstream(copy) << "no markers";
  CHECK(generate(table, "--markdown '" + copy + "'") == 1);
  std::filesystem::remove_all(folder);
}
