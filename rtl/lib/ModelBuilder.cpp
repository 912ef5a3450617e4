//===- ModelBuilder.cpp - Shared objects of RTL, made once ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An object lies in CACHE/KEY/model.so, KEY being a hash of sources, package, harness, flags and the versions of the tools. It is
// made beside its place and renamed, under a lock, so that processes that want the same one at once make it once and none ever sees
// a half of it.
//===----------------------------------------------------------------------===//
#include "Process.h"
#include "ranvier/HwModels/Folders.h"
#include "ranvier/ISA/Program.h"
#include "ranvier/Rtl/Model.h"
#include "ranvier/Support/File.h"
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <signal.h>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

namespace fs = std::filesystem;

namespace ranvier::rtl {
namespace {
constexpr size_t mostModels = 64; ///< Kept in a cache; beyond that those not used for the longest time go.

/// What the back door needs to see (rtl/harness/Memories.cpp).
constexpr const char *visibleMemories = "`verilator_config\npublic_flat_rw -module \"rv_ram\" -var \"mem\"\n";

/// What the functional bins are found in (rtl/harness/Bins.cpp).
constexpr struct {
  const char *module;
  std::initializer_list<const char *> signals;
} binSignals[] = {
    {"n1_engine", {"e1_q", "e1_active_q", "e1_op_q", "e1_imm_q", "a", "b", "c"}},
    {"n1_delivery",
     {"state_q", "synapse_word_i", "payload_q", "sum_re_o", "add_q", "bypass_q", "sum_before", "product_q", "slot_i", "ready_o",
      "valid_i"}},
    {"n1_cuba", {"c2_q", "c2_u_q", "c2_input_q", "c3_q", "c3_v_q", "c3_u_q", "c3_bias_q", "fires"}},
    {"n1_router", {"pop", "taken", "served_q", "in_ready_o"}},
    {"n1_sender", {"valid_o", "ready_i", "queued_q"}},
    {"n1_host", {"valid_o", "ready_i"}},
};

/// What nodes get from the chip. Were these not to be seen, Verilator would put the names of its makers, or constants, in their
/// place, and the code of no node would be that of another; so the compiler finds that all nodes need the same functions and keeps
/// one of each, which the processor's instruction cache holds (docs/rationale/rtl-model.md).
constexpr const char *nodeInputs[] = {"rst_i",       "first_source_i", "behind_e_i",  "behind_w_i", "behind_n_i",  "behind_s_i",
                                      "behind_l_i",  "start_i",        "idle_i",      "step_i",     "cfg_valid_i", "cfg_write_i",
                                      "cfg_space_i", "cfg_addr_i",     "cfg_wdata_i", "in_valid_i", "in_e_i",      "in_w_i",
                                      "in_n_i",      "in_s_i",         "out_ready_i", "stall_i"};

std::string visible(Counting counting, bool sharedNodes) {
  std::string out = visibleMemories;
  if (sharedNodes) {
    out += "no_inline -module \"n1_node\"\n";
    for (const char *input : nodeInputs)
      out += "public_flat_rd -module \"n1_node\" -var \"" + std::string(input) + "\"\n";
  }
  if (counting != Counting::None)
    for (const auto &[module, signals] : binSignals)
      for (const char *signal : signals)
        out += "public_flat_rd -module \"" + std::string(module) + "\" -var \"" + signal + "\"\n";
  return out;
}

std::string environment(const char *name, const std::string &otherwise) {
  const char *value = std::getenv(name);
  return value && *value ? value : otherwise;
}

Error noFolder(const std::string &path, const std::string &why) {
  return {.code = 7520,
          .message = "the cache of RTL models cannot be used",
          .file = path,
          .expected = "a folder that can be written",
          .found = why,
          .hint = "RANVIER_RTL_CACHE names another folder",
          .kind = ErrorKind::System};
}

/// Makes the folder; removes what builds left that did not end.
Result<void> prepareCache(const fs::path &cache) {
  std::error_code failure;
  fs::create_directories(cache, failure);
  if (failure || access(cache.c_str(), W_OK) != 0)
    return noFolder(cache.string(), failure ? failure.message() : "no permission to write");
  for (fs::directory_iterator at(cache, failure), end; !failure && at != end; at.increment(failure)) {
    const std::string name = at->path().filename().string();
    const size_t dot = name.rfind(".build-");
    if (dot == std::string::npos)
      continue;
    const int pid = std::atoi(name.c_str() + dot + 7);
    if (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH) {
      std::error_code ignored;
      fs::remove_all(at->path(), ignored);
    }
  }
  return {};
}

/// Keeps the models that were used last.
void prune(const fs::path &cache) {
  std::vector<std::pair<fs::file_time_type, fs::path>> models;
  std::error_code failure;
  for (fs::directory_iterator at(cache, failure), end; !failure && at != end; at.increment(failure)) {
    std::error_code ignored;
    const fs::path model = at->path() / "model.so";
    if (fs::exists(model, ignored))
      models.emplace_back(fs::last_write_time(model, ignored), at->path());
  }
  std::sort(models.begin(), models.end());
  for (size_t i = 0; i + mostModels < models.size(); ++i) {
    std::error_code ignored;
    fs::remove_all(models[i].second, ignored);
  }
}

class FileLock {
public:
  static Result<FileLock> take(const std::string &path) {
    FileLock lock;
    lock.fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock.fd < 0 || flock(lock.fd, LOCK_EX) != 0)
      return noFolder(path, "it cannot be locked");
    return lock;
  }
  FileLock(FileLock &&other) noexcept : fd(std::exchange(other.fd, -1)) {}
  ~FileLock() {
    if (fd >= 0)
      close(fd);
  }

private:
  FileLock() = default;
  int fd = -1;
};

/// "ld.state" -> "LD_STATE"
std::string inCapitals(std::string_view mnemonic) {
  std::string out;
  for (const char c : mnemonic)
    out += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::string sizesHeader(const Geometry &g) {
  std::string out = "// Sizes.h - Numbers of the package n1_pkg.\n// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n";
  const auto define = [&](const std::string &name, uint32_t value) {
    out += "#define RANVIER_" + name + " " + std::to_string(value) + "\n";
  };
  define("COLUMNS", g.grid.columns);
  define("ROWS", g.grid.rows);
  define("NEURONS", g.neurons);
  define("STATES", g.states);
  define("PARAMS", g.params);
  define("INPUTS", g.inputs);
  define("SLOTS", g.slots);
  define("SYNAPSES", g.synapses);
  define("PROGRAM", g.programWords);
  define("TABLE", g.tableWords);
  define("HOST_INPUTS", g.hostInputs);
  // For the functional bins.
  define("MAX_DELAY", g.maxDelay);
  define("MAX_EXPONENT", g.maxExponent);
  define("NATIVE_STATE_BITS", g.native.stateBits);
  define("NATIVE_INPUT_SHIFT", g.native.inputShift);
  define("NATIVE_BIAS_BITS", g.native.biasMantissaBits + (1u << g.native.biasExponentBits) - 1);
  out += "#define RANVIER_OPCODES(X)";
  for (const isa::OpcodeInfo &info : isa::opcodeTable)
    if (info.inInt)
      out += " X(" + inCapitals(info.mnemonic) + ", " + std::to_string(unsigned(info.op)) + ")";
  out += "\n#define RANVIER_ROUNDINGS ";
  for (size_t i = 0; i < std::size(isa::roundingNames); ++i)
    out += (i ? ", \"" : "\"") + std::string(isa::roundingNames[i]) + "\"";
  return out + "\n";
}

class Builder {
public:
  Builder(const RtlSources &sources, const Geometry &geometry, const BuildOptions &options)
      : sources(sources), geometry(geometry), options(options) {}

  Result<ModelFile> run() {
    RANVIER_TRY(const std::string cachePath, options.cache.empty() ? cacheFolder() : Result<std::string>(options.cache));
    cache = fs::absolute(cachePath);
    RANVIER_CHECK(prepareCache(cache));
    RANVIER_TRY(const std::string data, hw::dataFolder("rtl"));
    harness = fs::path(data) / "harness";
    RANVIER_CHECK(makeKey());
    const fs::path place = cache / key, model = place / "model.so";
    std::error_code ignored;
    if (fs::exists(model, ignored)) {
      fs::last_write_time(model, fs::file_time_type::clock::now(), ignored); // used: see prune()
      return ModelFile{model.string()};
    }
    RANVIER_TRY(const FileLock lock, FileLock::take((cache / (key + ".lock")).string()));
    if (fs::exists(model, ignored)) // made while this process waited
      return ModelFile{model.string()};
    const auto start = std::chrono::steady_clock::now();
    folder = cache / (key + ".build-" + std::to_string(getpid()));
    fs::remove_all(folder, ignored);
    fs::create_directories(folder, ignored);
    auto made = build();
    if (made && rename(folder.c_str(), place.c_str()) != 0 && !fs::exists(model, ignored)) // else another was quicker
      made = noFolder(place.string(), "the new model cannot be put there");
    fs::remove_all(folder, ignored);
    fs::remove(cache / (key + ".lock"), ignored);
    RANVIER_CHECK(std::move(made));
    prune(cache);
    return ModelFile{model.string(), true, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()};
  }

private:
  /// Everything that the object depends on.
  Result<void> makeKey() {
    verilator = environment("VERILATOR", "verilator");
    compiler = environment("CXX", "g++");
    RANVIER_TRY(verilatorVersion, versionOf(verilator, cache.string()));
    RANVIER_TRY(compilerVersion, versionOf(compiler, cache.string()));
    std::string text = std::string("model 3\n") + visible(options.counting, sharedNodes()) + verilatorVersion + "\n" +
                       compilerVersion + "\n" + n1Package(geometry) + sizesHeader(geometry);
    for (const auto &words : {verilatorFlags(), compilerFlags(), sources.defines})
      for (const std::string &word : words)
        text += word + "\n";
    const auto add = [&](const std::string &path) -> Result<void> {
      RANVIER_TRY(const std::string content, readFile(path, uint64_t(1) << 26));
      netlist |= content.find("Generated by Yosys") != std::string::npos;
      text += fs::path(path).filename().string() + " " + contentHash(content) + "\n";
      return {};
    };
    for (const std::string &file : sources.files)
      RANVIER_CHECK(add(file));
    for (const char *file : {"ModelAbi.h", "Memories.h", "Memories.cpp", "Model.cpp", "Output.h", "Bins.h", "Bins.cpp"})
      RANVIER_CHECK(add((harness / file).string()));
    for (const std::string &dir : sources.includeDirs) {
      std::vector<std::string> files;
      std::error_code failure;
      for (fs::directory_iterator at(dir, failure), end; !failure && at != end; at.increment(failure))
        if (at->is_regular_file())
          files.push_back(at->path().string());
      std::sort(files.begin(), files.end());
      for (const std::string &file : files)
        RANVIER_CHECK(add(file));
    }
    key = geometry.grid.str() + kind() + contentHash(text);
    return {};
  }

  /// One node alone is better made part of the whole.
  bool sharedNodes() const { return geometry.nodes() > 1; }

  std::string kind() const {
    return options.trace                        ? "-trace-"
           : options.counting == Counting::All  ? "-coverage-"
           : options.counting == Counting::Bins ? "-bins-"
                                                : "-";
  }

  std::vector<std::string> verilatorFlags() const {
    std::vector<std::string> out = {
        "--cc",         "-O3",     "--x-assign", "fast",   "--x-initial",           "unique", "-Wno-fatal",
        "--top-module", "n1_chip", "--prefix",   "VModel", "--output-split-cfuncs", "2000",   "--output-split",
        "20000"};
    // That optimisation of Verilator 5.006 gets some expressions of single bits wrong, as netlists are full of.
    if (netlist)
      out.push_back("-fno-const-bit-op-tree");
    if (options.trace)
      out.insert(out.end(), {"--trace-fst", "--trace-structs"});
    if (options.counting == Counting::All)
      out.insert(out.end(), {"--coverage-line", "--coverage-toggle"});
    return out;
  }
  std::vector<std::string> compilerFlags() const {
    const std::string trace = options.trace ? "1" : "0", coverage = options.counting == Counting::All ? "1" : "0",
                      bins = options.counting == Counting::None ? "0" : "1";
    return {"-std=c++17",
            "-O2",
            "-fPIC",
            "-fvisibility=hidden",
            "-fno-gnu-unique", // Several models in one process share nothing.
            "-fcf-protection=none",
            "-DVERILATOR=1",
            "-DVM_SC=0",
            "-DVM_TRACE=" + trace,
            "-DVM_TRACE_FST=" + trace,
            "-DVM_TRACE_VCD=0",
            "-DVM_COVERAGE=" + coverage,
            "-DRANVIER_BINS=" + bins};
  }

  Error failed(const std::string &what) const {
    std::string said;
    if (auto log = readFile(this->log()))
      said = log->size() > 2000 ? "..." + log->substr(log->size() - 2000) : *log;
    if (const size_t error = said.find("%Error"); error != std::string::npos)
      said = said.substr(error);
    return {.code = 7522,
            .message = what,
            .place = "grid " + geometry.grid.str(),
            .expected = "SystemVerilog that " + verilatorVersion + " takes, with a module n1_chip",
            .found = said,
            .kind = ErrorKind::BadInput};
  }
  std::string log() const { return (folder / "build.log").string(); }

  Result<void> build() {
    if (options.note)
      options.note("building the RTL model of " + geometry.grid.str() + " nodes" +
                   (options.trace                        ? " with waveforms"
                    : options.counting == Counting::All  ? " with coverage"
                    : options.counting == Counting::Bins ? " with bins"
                                                         : ""));
    RANVIER_CHECK(writeFileAtomically((folder / "n1_pkg.sv").string(), n1Package(geometry)));
    RANVIER_CHECK(writeFileAtomically((folder / "Sizes.h").string(), sizesHeader(geometry)));
    RANVIER_CHECK(writeFileAtomically((folder / "visible.vlt").string(), visible(options.counting, sharedNodes())));
    RANVIER_CHECK(verilate());
    RANVIER_TRY(const std::vector<std::string> runtime, runtimeObjects());
    RANVIER_TRY(std::vector<std::string> objects, compile());
    objects.insert(objects.end(), runtime.begin(), runtime.end());
    std::vector<std::string> link = {compiler, "-shared", "-Wl,-Bsymbolic", "-o", (folder / "model.so").string()};
    link.insert(link.end(), objects.begin(), objects.end());
    link.push_back("-lpthread");
    if (options.trace)
      link.push_back("-lz");
    RANVIER_TRY(const bool linked, runAll({link}, 1, log()));
    if (!linked)
      return failed("the model cannot be linked");
    std::error_code ignored;
    fs::remove_all(folder / "obj", ignored);
    return {};
  }

  Result<void> verilate() {
    std::vector<std::string> command = {verilator};
    for (const auto &words : {verilatorFlags()})
      command.insert(command.end(), words.begin(), words.end());
    command.insert(command.end(), {"-Mdir", (folder / "obj").string(), (folder / "visible.vlt").string()});
    for (const std::string &define : sources.defines)
      command.push_back("+define+" + define);
    for (const std::string &dir : sources.includeDirs)
      command.push_back("+incdir+" + fs::absolute(dir).string());
    command.push_back((folder / "n1_pkg.sv").string());
    for (const std::string &file : sources.files)
      command.push_back(fs::absolute(file).string());
    RANVIER_TRY(const bool good, runAll({command}, 1, log()));
    if (!good)
      return failed("Verilator refuses the RTL");
    return {};
  }

  std::vector<std::string> compileCommand(const std::string &source, const std::string &object, const std::string &level) const {
    std::vector<std::string> command = {compiler};
    const auto flags = compilerFlags();
    command.insert(command.end(), flags.begin(), flags.end());
    command.insert(command.end(), {level, "-include", (harness / "Output.h").string(), "-I", (folder / "obj").string(), "-I",
                                   folder.string(), "-I", harness.string(), "-isystem", includeFolder, "-isystem",
                                   includeFolder + "/vltstd", "-c", "-o", object, source});
    return command;
  }

  /// Verilator's own code: the same for all models of a kind, so it is kept.
  Result<std::vector<std::string>> runtimeObjects() {
    const std::string said = (folder / "root").string();
    RANVIER_TRY(Process ask, Process::start({verilator, "--getenv", "VERILATOR_ROOT"}, said));
    const bool answered = ask.succeeded();
    auto root = readFile(said, 4096);
    if (!answered || !root)
      return failed("Verilator does not say where its headers are");
    includeFolder = root->substr(0, root->find('\n')) + "/include";
    std::vector<std::string> names = {"verilated", "verilated_threads"};
    if (options.trace)
      names.push_back("verilated_fst_c");
    if (options.counting == Counting::All)
      names.push_back("verilated_cov");
    std::string identity = verilatorVersion + compilerVersion;
    for (const std::string &flag : compilerFlags())
      identity += flag;
    const fs::path place = cache / ("runtime-" + contentHash(identity));
    std::error_code ignored;
    fs::create_directories(place, ignored);
    std::vector<std::string> out;
    std::vector<std::vector<std::string>> commands;
    std::vector<std::pair<std::string, std::string>> renames;
    for (const std::string &name : names) {
      out.push_back((place / (name + ".o")).string());
      if (fs::exists(out.back(), ignored))
        continue;
      renames.emplace_back((folder / (name + ".o")).string(), out.back());
      commands.push_back(compileCommand(includeFolder + "/" + name + ".cpp", renames.back().first, "-O2"));
    }
    RANVIER_TRY(const bool good, runAll(commands, std::thread::hardware_concurrency(), log()));
    if (!good)
      return failed("Verilator's own code cannot be compiled");
    for (const auto &[from, to] : renames)
      if (rename(from.c_str(), to.c_str()) != 0)
        return noFolder(to, "a file cannot be put there");
    return out;
  }

  /// The model in few pieces, since every piece reads Verilator's headers again.
  Result<std::vector<std::string>> compile() {
    struct Piece {
      std::string text;
      uintmax_t bytes = 0;
    };
    const unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
    std::vector<std::pair<uintmax_t, std::string>> fast;
    Piece slow, nodes; // All nodes in one piece: the compiler finds equal functions there.
    std::error_code ignored;
    for (const auto &entry : fs::directory_iterator(folder / "obj")) {
      const std::string name = entry.path().filename().string();
      if (entry.path().extension() != ".cpp")
        continue;
      if (name.find("__Slow") != std::string::npos || name.find("__Syms") != std::string::npos)
        slow.text += "#include \"" + name + "\"\n";
      else if (name.starts_with("VModel_n1_node"))
        nodes.text += "#include \"" + name + "\"\n";
      else
        fast.emplace_back(fs::file_size(entry.path(), ignored), name);
    }
    for (const char *name : {"Memories.cpp", "Model.cpp", options.counting != Counting::None ? "Bins.cpp" : ""})
      if (*name)
        fast.emplace_back(fs::file_size(harness / name, ignored), (harness / name).string());
    std::sort(fast.rbegin(), fast.rend());
    std::vector<Piece> pieces(fast.size() > 1 ? jobs : 1);
    for (const auto &[bytes, name] : fast) {
      Piece &least =
          *std::min_element(pieces.begin(), pieces.end(), [](const Piece &a, const Piece &b) { return a.bytes < b.bytes; });
      least.text += "#include \"" + name + "\"\n";
      least.bytes += bytes + 20000; // what reading it costs apart from its length
    }
    std::vector<std::string> objects;
    std::vector<std::vector<std::string>> commands;
    const auto add = [&](const std::string &name, const std::string &text, const std::string &level) -> Result<void> {
      const std::string source = (folder / "obj" / (name + ".cc")).string();
      RANVIER_CHECK(writeFileAtomically(source, text));
      objects.push_back((folder / "obj" / (name + ".o")).string());
      commands.push_back(compileCommand(source, objects.back(), level));
      return {};
    };
    if (!nodes.text.empty())
      RANVIER_CHECK(add("nodes", nodes.text, "-O2"));
    for (size_t i = 0; i < pieces.size(); ++i)
      if (!pieces[i].text.empty())
        RANVIER_CHECK(add("fast" + std::to_string(i), pieces[i].text, "-O2"));
    RANVIER_CHECK(add("slow", slow.text, "-O0"));
    RANVIER_TRY(const bool good, runAll(commands, jobs, log()));
    if (!good)
      return failed("the compiler refuses the model");
    return objects;
  }

  const RtlSources &sources;
  const Geometry &geometry;
  const BuildOptions &options;
  fs::path cache, harness, folder;
  bool netlist = false; ///< A source is what yosys wrote.
  std::string verilator, compiler, verilatorVersion, compilerVersion, includeFolder, key;
};
} // namespace

Result<std::string> cacheFolder() {
  if (const std::string named = environment("RANVIER_RTL_CACHE", ""); !named.empty())
    return named;
  if (const std::string build = hw::buildFolder(); !build.empty())
    return build + "/rtl-models";
  if (const std::string named = environment("XDG_CACHE_HOME", ""); named.starts_with('/'))
    return named + "/ranvier/rtl";
  const std::string home = environment("HOME", "");
  if (home.empty())
    return noFolder("", "neither XDG_CACHE_HOME nor HOME is set");
  return home + "/.cache/ranvier/rtl";
}

Result<ModelFile> buildModel(const RtlSources &sources, const Geometry &geometry, const BuildOptions &options) {
  return Builder(sources, geometry, options).run();
}

} // namespace ranvier::rtl
