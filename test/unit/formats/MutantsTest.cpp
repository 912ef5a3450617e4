//===- MutantsTest.cpp - Damaged NIR files, by the thousand ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Damages good NIR files as bad disks, half downloads and ill will do, and reads each as the library and, for a share of them, as
// the tool does. Whatever happens to libhdf5, the answer is a graph or an error that names the file; nothing crashes, hangs or
// leaves a file behind.
//
// RANVIER_MUTANTS: how many (default 200); RANVIER_MUTANT_SEED: which ones (default 1). Mutant k of a seed is always the same;
// RANVIER_MUTANT_ONLY=K makes that one, passes it through both commands of the tool, and keeps it as mutant-K.nir in the working
// folder.
//===----------------------------------------------------------------------===//
#include "Helpers.h"
#include "Primitives.h"
#include "ranvier/Support/Random.h"
#include "support/NirInvariants.h"
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace ranvier;
using namespace ranvier::formats;
using namespace ranvier::test;

namespace {
uint32_t fromEnvironment(const char *name, uint32_t absent) {
  const char *text = std::getenv(name);
  return text && *text ? static_cast<uint32_t>(std::strtoul(text, nullptr, 10)) : absent;
}

/// The good files: shipped, one for every primitive, nested and recurrent ones, other writers', and real ones where they are.
std::vector<std::string> originals() {
  std::vector<std::string> out{RANVIER_SOURCE_DIR "/examples/digits/network.nir"};
  auto add = [&](nir::File made) {
    made.path = fresh(".nir");
    good(nir::write(made));
    out.push_back(made.path);
  };
  for (auto &[name, made] : primitives())
    add(made);
  const Node cell = graph("cell", {input("in", {3}), lif("lif", {3}), linear("w_rec", 3, 3), output("out", {3})},
                          {{"in", "lif"}, {"lif", "w_rec"}, {"w_rec", "lif"}, {"lif", "out"}});
  add(chain({input("x", {4}), linear("fc", 3, 4), cell, output("y", {3})}));
  for (const char *name : {"old.nir", "metadata.nir", "no_edges.nir"})
    out.push_back(foreign(name));
  const std::string shared = RANVIER_SHARED_DIR "/networks/nir";
  if (exists(shared)) {
    for (const auto &entry : std::filesystem::recursive_directory_iterator(shared))
      if (entry.path().extension() == ".nir")
        out.push_back(entry.path().string());
  } else {
    std::cout << "SKIP: no mutants of the NIR files of the shared folder, which is not there" << std::endl;
  }
  std::sort(out.begin() + 1, out.end());
  return out;
}

/// Random numbers of one mutant.
class Dice {
public:
  Dice(uint32_t seed, uint32_t mutant) : seed(seed), mutant(mutant) {}
  uint64_t below(uint64_t bound) { return bound ? (uint64_t(word()) << 32 | word()) % bound : 0; }
  uint32_t word() { return randomWord(seed, mutant, ++count, 0); }

private:
  uint32_t seed, mutant, count = 0;
};

/// A place in the file: anywhere, or (half of the time) just behind one of the marks of HDF5's own tables, where damage does most.
size_t anyPlace(const std::string &bytes, Dice &dice) {
  const size_t at = dice.below(bytes.size());
  if (dice.below(2))
    return at;
  size_t found = std::string::npos;
  for (const char *mark : {"TREE", "HEAP", "SNOD", "GCOL", "OHDR", "\x89HDF"})
    found = std::min(found, bytes.find(mark, at));
  return found == std::string::npos ? at : std::min(bytes.size() - 1, found + dice.below(160));
}

void damage(std::string &bytes, Dice &dice) {
  const size_t at = anyPlace(bytes, dice), other = anyPlace(bytes, dice);
  const size_t block = std::min<size_t>(1 + dice.below(64), bytes.size() - std::max(at, other));
  const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(std::min(at, other)),
             second = bytes.begin() + static_cast<std::ptrdiff_t>(std::max(at, other));
  switch (dice.below(10)) {
  default: // A byte, or a bit of one.
    bytes[at] = static_cast<char>(dice.below(2) ? dice.word() : static_cast<uint8_t>(bytes[at]) ^ 1u << dice.below(8));
    return;
  case 0:
    bytes.resize(at);
    return;
  case 1: // Two blocks change places.
    std::swap_ranges(first, first + std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(block), second - first), second);
    return;
  case 2: // A block twice.
    std::copy_n(std::string(bytes, at, block).begin(), block, bytes.begin() + static_cast<std::ptrdiff_t>(other));
    return;
  case 3: // A hole of zeros or ones.
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), block, dice.below(2) ? '\0' : '\xff');
    return;
  case 4: // Bytes lost or won, so that all addresses behind are wrong.
    dice.below(2) ? bytes.erase(at, block) : bytes.insert(at, block, static_cast<char>(dice.word()));
    return;
  }
}

/// What became of the mutants.
struct Tally {
  std::map<unsigned, uint32_t> errors;
  uint32_t accepted = 0, crashes = 0, late = 0;
  double slowest = 0;
};

std::string shownSeed(uint32_t seed, uint32_t mutant, const std::string &original) {
  return "mutant " + std::to_string(mutant) + " of seed " + std::to_string(seed) + ", a damaged " + original;
}

//===--- The whole tool ---------------------------------------------------===//

struct Outcome {
  int status = 0; ///< As waitpid gives it.
  bool late = false;
  std::string text; ///< Standard output and error.
};

/// Runs a program with a limit of two minutes.
Outcome runTool(const std::vector<std::string> &arguments) {
  Outcome out;
  const std::string log = folder() + "/tool.log";
  const pid_t child = ::fork();
  if (child == 0) {
    const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, 0), ::dup2(file, 1), ::dup2(file, 2);
    std::vector<char *> argv;
    for (const auto &argument : arguments)
      argv.push_back(const_cast<char *>(argument.c_str()));
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  const auto start = std::chrono::steady_clock::now();
  while (::waitpid(child, &out.status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() - start > std::chrono::minutes(2)) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &out.status, 0);
      out.late = true;
      break;
    }
    ::usleep(2000);
  }
  out.text = slurp(log);
  return out;
}

/// `ranvier check` or `import` of a mutant: exit code 0, 1 with a message that names the file, or 3 (does not fit the target), and
/// a whole output file or none.
void throughTool(const std::string &tool, const std::string &mutant, bool import) {
  const std::string home = folder() + "/out", target = home + "/out.mlir";
  std::filesystem::remove_all(home);
  std::filesystem::create_directory(home);
  const Outcome done =
      import ? runTool({tool, "import", mutant, "-o", target}) : runTool({tool, "check", mutant, "--target", "loihi1", "--json"});
  INFO(done.text);
  CHECK_FALSE(done.late);
  REQUIRE(WIFEXITED(done.status));
  const int code = WEXITSTATUS(done.status);
  CHECK((code == 0 || code == 1 || (code == 3 && !import)));
  const std::vector<std::string> left = filesIn(home);
  CHECK(left == (import && code == 0 ? std::vector<std::string>{"out.mlir"} : std::vector<std::string>{}));
  if (code != 0)
    CHECK((has(done.text, mutant + ": ") || has(done.text, "\"runs\": false")));
}
} // namespace

TEST_CASE("mutants of good NIR files are read, flattened or refused") {
  const uint32_t seed = fromEnvironment("RANVIER_MUTANT_SEED", 1), count = fromEnvironment("RANVIER_MUTANTS", 200);
  const std::string tool = RANVIER_BUILD_DIR "/bin/ranvier";
  const bool hasTool = exists(tool);
  if (!hasTool)
    std::cout << "SKIP: no mutants through the tool, which is not built" << std::endl;
  const std::vector<std::string> sources = originals();
  std::vector<std::string> contents;
  for (const auto &path : sources) {
    contents.push_back(slurp(path));
    CHECK_MESSAGE(nir::flatten(good(nir::read(path))), path); // Undamaged, they are good.
  }
  Tally tally;
  uint32_t tools = 0;
  const std::string path = folder() + "/mutant.nir";
  const uint32_t only = fromEnvironment("RANVIER_MUTANT_ONLY", UINT32_MAX);
  for (uint32_t mutant = only == UINT32_MAX ? 0 : only; mutant < (only == UINT32_MAX ? count : only + 1); ++mutant) {
    Dice dice(seed, mutant);
    const size_t source = dice.below(sources.size());
    std::string bytes = contents[source];
    for (uint64_t times = 1 + dice.below(3); times && !bytes.empty(); --times)
      damage(bytes, dice);
    write(path, bytes);
    if (mutant == only)
      write("mutant-" + std::to_string(only) + ".nir", bytes);
    INFO(shownSeed(seed, mutant, sources[source]));
    const auto start = std::chrono::steady_clock::now();
    const auto file = nir::read(path);
    const auto flat = file ? nir::flatten(*file) : Result<FlatGraph>(file.error());
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    tally.slowest = std::max(tally.slowest, seconds);
    tally.late += seconds > 30;
    if (flat) {
      ++tally.accepted;
      CHECK(brokenPromise(*flat) == "");
    } else {
      const Error &error = flat.error();
      ++tally.errors[error.code];
      CHECK_MESSAGE((error.code >= 1001 && error.code <= 1032), error.str());
      CHECK(error.file == path);
      CHECK_FALSE(error.message.empty());
      tally.crashes += error.code == 1003 && has(error.found, "signal");
    }
    for (const bool import : {false, true})
      if (hasTool && (mutant % 40 == (import ? 0 : 20) || mutant == only))
        throughTool(tool, path, import), ++tools;
  }
  std::cout << count << " mutants of " << sources.size() << " files (seed " << seed << "): " << tally.accepted << " accepted, "
            << tally.crashes << " crashes of the reader; errors";
  for (const auto &[code, times] : tally.errors)
    std::cout << " RNV" << code << ": " << times;
  std::cout << "; slowest " << tally.slowest << " s; " << tools << " through the tool" << std::endl;
  CHECK(tally.late == 0);
  CHECK((count < 150 || only != UINT32_MAX ||
         tally.accepted > 0)); // A test of refusals only would test little, and so would one that damages nothing:
  CHECK((count < 150 || only != UINT32_MAX || tally.errors.size() > 3));
}
