//===- Model.cpp - The Verilated chip -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Rtl/Model.h"
#include "../harness/ModelAbi.h"
#include <dlfcn.h>

namespace ranvier::rtl {
namespace {
Error unusable(const std::string &path, const std::string &expected, const std::string &found) {
  return {.code = 7524,
          .message = "an RTL model cannot be used",
          .file = path,
          .expected = expected,
          .found = found,
          .hint = "remove it from the cache; it is made again",
          .kind = ErrorKind::System};
}

RanvierAccess toAccess(const ConfigWrite &write) { return {write.node, uint32_t(write.space), write.address, write.word}; }

class LoadedModel final : public Model {
public:
  ~LoadedModel() override {
    if (chip)
      api->destroy(chip);
    if (library)
      dlclose(library);
  }

  Result<void> load(const std::string &path, const Geometry &g, uint32_t seed) {
    library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library)
      return unusable(path, "a shared object of this machine", dlerror());
    const auto entry = reinterpret_cast<RanvierModelEntry>(dlsym(library, "ranvier_model_api"));
    if (!entry)
      return unusable(path, "a symbol ranvier_model_api", "none");
    api = entry();
    if (api->abi != RANVIER_MODEL_ABI)
      return unusable(path, "version " + std::to_string(RANVIER_MODEL_ABI), std::to_string(api->abi));
    const RanvierModelInfo &info = api->info;
    if (info.columns != g.grid.columns || info.rows != g.grid.rows || info.neurons != g.neurons || info.states != g.states ||
        info.params != g.params || info.inputs != g.inputs || info.slots != g.slots || info.synapses != g.synapses ||
        info.program_words != g.programWords || info.table_words != g.tableWords || info.host_inputs != g.hostInputs)
      return unusable(path, "a model of '" + g.chip + "', " + g.grid.str(), "one of other sizes");
    chip = api->create(seed);
    if (!chip)
      return unusable(path, "memory", "none left");
    return {};
  }

  void write(std::span<const ConfigWrite> writes) override {
    accesses.clear();
    for (const ConfigWrite &write : writes)
      accesses.push_back(toAccess(write));
    api->write(chip, accesses.data(), accesses.size());
  }
  Result<void> read(std::span<ConfigWrite> reads) override {
    accesses.clear();
    for (const ConfigWrite &read : reads)
      accesses.push_back(toAccess(read));
    if (!api->read(chip, accesses.data(), accesses.size()))
      return Error{.code = 7525,
                   .message = "the RTL does not answer on its configuration bus",
                   .place = reads.empty() ? "" : "node " + std::to_string(reads.front().node),
                   .expected = "cfg_rvalid_o after a fixed number of cycles",
                   .found = "none in 64 cycles"};
    for (size_t i = 0; i < reads.size(); ++i)
      reads[i].word = accesses[i].word;
    return {};
  }
  bool peek(uint32_t node, Space space, uint32_t first, std::span<uint32_t> words) override {
    return api->peek(chip, node, uint32_t(space), first, static_cast<uint32_t>(words.size()), words.data()) != 0;
  }
  bool poke(uint32_t node, Space space, uint32_t first, std::span<const uint32_t> words) override {
    return api->poke(chip, node, uint32_t(space), first, static_cast<uint32_t>(words.size()), words.data()) != 0;
  }

  StepResult step(std::span<const ModelInput> inputs, const StepOptions &options) override {
    StepResult result;
    given.clear();
    for (const ModelInput &input : inputs)
      given.push_back({input.index, input.payload});
    const RanvierAccess watched = options.watch ? toAccess(*options.watch) : RanvierAccess();
    RanvierStep what = {};
    what.inputs = given.data();
    what.input_count = given.size();
    what.stall_seed = options.stallSeed;
    what.stall_probability = options.stallsOf256;
    what.cycle_limit = options.cycleLimit;
    what.watch = options.watch ? &watched : nullptr;
    what.user = &result;
    what.on_output = [](void *user, const RanvierOutput *output) {
      static_cast<StepResult *>(user)->outputs.push_back({output->source, output->payload, output->cycle});
    };
    what.on_change = [](void *user, uint64_t cycle, uint32_t, uint32_t) { static_cast<StepResult *>(user)->watchedChange = cycle; };
    RanvierStepResult done = {};
    api->step(chip, &what, &done);
    result.finished = done.finished != 0;
    result.cycles = done.cycles;
    result.inputsTaken = done.inputs_taken;
    return result;
  }

  bool openTrace(const std::string &path) override { return api->open_trace(chip, path.c_str()) != 0; }
  void closeTrace() override { api->close_trace(chip); }
  bool writeCoverage(const std::string &path) override { return api->write_coverage(chip, path.c_str()) != 0; }
  std::vector<ModelBins> bins() override {
    std::vector<ModelBins> out;
    api->bins(chip, &out, [](void *user, const char *group, const char *bin, uint64_t count, uint32_t seen) {
      auto &groups = *static_cast<std::vector<ModelBins> *>(user);
      if (groups.empty() || groups.back().name != group)
        groups.push_back({group, {}, seen != 0});
      groups.back().bins.emplace_back(bin, count);
    });
    return out;
  }
  std::string failure() override { return api->failure(chip); }

private:
  void *library = nullptr;
  const RanvierModelApi *api = nullptr;
  RanvierModel *chip = nullptr;
  std::vector<RanvierAccess> accesses;
  std::vector<RanvierInput> given;
};
} // namespace

Result<std::unique_ptr<Model>> Model::open(const std::string &path, const Geometry &geometry, uint32_t seed) {
  auto model = std::make_unique<LoadedModel>();
  RANVIER_CHECK(model->load(path, geometry, seed));
  return std::unique_ptr<Model>(std::move(model));
}

void loadMemories(Model &model, const Memories &memories, bool bus) {
  const Geometry &g = memories.geometry;
  std::vector<bool> done((g.nodes() + 1) * numSpaces, false); // through the back door
  for (uint32_t node = 0; node <= g.nodes() && !bus; ++node)
    for (unsigned s = 0; s < numSpaces; ++s)
      if (const auto &words = memories.of(node, Space(s)); !words.empty() && Space(s) != Space::Csr)
        done[node * numSpaces + s] = model.poke(node, Space(s), 0, words);
  model.write(configWrites(memories, [&](uint32_t node, Space space) { return !done[node * numSpaces + size_t(space)]; }));
}

} // namespace ranvier::rtl
