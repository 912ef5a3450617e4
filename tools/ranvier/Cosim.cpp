//===- Cosim.cpp - `ranvier cosim` ----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Rtl/Cosim.h"
#include "RunReport.h"
#include "ranvier/Emulator/Session.h"
#include "ranvier/Formats/Recording.h"
#include "ranvier/Rtl/RandomImage.h"
#include "ranvier/Support/File.h"
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

namespace {
struct CosimFlags {
  std::string image, input, grid, rtl, trace, report, load = "backdoor", target = "ranvier-n1", coverage, coverageOf = "all";
  uint32_t steps = 0, random = 0, sample = 0;
  uint64_t seed = 1;
  double stalls = 0, shrink = 30;
  bool noFastPath = false;
  /// Options that were given, by name.
  const CLI::App *command = nullptr;
  bool given(const std::string &option) const { return command->count(option) != 0; }
};

/// What the RTL did, as `ranvier run -o` writes what the emulator did: spikes and every state.
class RtlRecording {
public:
  Result<void> open(const std::string &path, const image::Image &image) {
    std::vector<formats::RecordedPopulation> recorded;
    for (const image::PopulationMeta &meta : image.meta.populations) {
      formats::RecordedPopulation out{meta.name, static_cast<uint32_t>(meta.count), false, false, {}, 1};
      states.emplace_back();
      if (!meta.input) {
        const isa::Program &program = image.meta.programs[meta.program];
        out.graded = isa::emitsPayload(program);
        out.valueScale = meta.valueScale;
        for (uint32_t s = 0; s < program.states.size(); ++s) {
          out.states.push_back({ownName(meta, program.states[s]), scaleOf(meta, program.states[s])});
          states.back().push_back(s);
        }
      }
      graded.push_back(out.graded);
      counts.push_back(out.count);
      recorded.push_back(std::move(out));
    }
    RANVIER_TRY(recorder, formats::Recorder::create(path, image.meta.dt, std::move(recorded)));
    return {};
  }
  Result<void> step(rtl::Lockstep &run, uint32_t step) {
    for (uint32_t p = 0; p < states.size(); ++p) {
      const auto payloads = graded[p] ? run.payloads(p) : std::span<const int32_t>();
      std::vector<int32_t> values(payloads.begin(), payloads.end());
      RANVIER_CHECK(recorder->spikes(p, step, run.spikes(p), values));
      row.resize(counts[p]);
      for (uint32_t k = 0; k < states[p].size(); ++k) {
        run.readState(p, states[p][k], row);
        RANVIER_CHECK(recorder->state(p, k, row));
      }
    }
    steps = step;
    return {};
  }
  Result<void> finish() { return recorder->finish(steps); }

private:
  static std::string ownName(const image::PopulationMeta &meta, const std::string &state) {
    for (const auto &[programs, own] : meta.stateNames)
      if (programs == state)
        return own;
    return state;
  }
  static double scaleOf(const image::PopulationMeta &meta, const std::string &state) {
    for (const auto &[name, scale] : meta.stateScale)
      if (name == state)
        return scale;
    return 1;
  }
  std::unique_ptr<formats::Recorder> recorder;
  std::vector<std::vector<uint32_t>> states; ///< By population: slots.
  std::vector<bool> graded;
  std::vector<uint32_t> counts;
  std::vector<int32_t> row;
  uint32_t steps = 0;
};

std::string neuronText(const image::Image &image, uint32_t population, uint32_t neuron) {
  return "neuron " + std::to_string(neuron) + " of '" + image.meta.populations[population].name + "'";
}

Json toJson(const image::Image &image, const rtl::Divergence &d) {
  Json out = {{"kind", rtl::toString(d.kind)}, {"step", d.step},   {"node", d.node}, {"register", d.what},
              {"expected", d.expected},        {"found", d.found}, {"more", d.more}, {"cycles_of_step", d.cyclesOfStep}};
  if (d.cycle)
    out["cycle"] = *d.cycle;
  if (d.chip)
    out["chip"] = *d.chip;
  if (d.core)
    out["core"] = *d.core;
  if (d.population) {
    out["population"] = image.meta.populations[*d.population].name;
    out["neuron"] = d.neuron.value_or(0);
  }
  if (d.word)
    out["word"] = {{"space", rtl::nameOf(d.word->space)}, {"address", d.word->address}};
  out["errors"] = d.errors;
  Json &causes = out["spikes_that_led_there"] = Json::array();
  for (const rtl::CausingSpike &cause : d.causes)
    causes.push_back({{"step", cause.step},
                      {"population", image.meta.populations[cause.population].name},
                      {"neuron", cause.neuron},
                      {"value", cause.payload},
                      {"delay", cause.delay},
                      {"weight", cause.weight},
                      {"exponent", cause.exponent},
                      {"input", cause.receptor}});
  return out;
}

std::string toText(const image::Image &image, const rtl::Divergence &d) {
  std::string text = "first divergence\n  where      " + std::string(rtl::toString(d.kind)) + ": ";
  if (d.core)
    text += "chip " + std::to_string(*d.chip) + ", core " + std::to_string(*d.core) + ", ";
  if (d.population)
    text += neuronText(image, *d.population, d.neuron.value_or(0)) + ", ";
  text += d.what + "\n  when       " + (d.step ? "step " + std::to_string(d.step) : "after loading");
  if (d.cycle)
    text += ", cycle " + std::to_string(*d.cycle);
  if (d.cyclesOfStep)
    text += " of " + std::to_string(d.cyclesOfStep);
  text += "\n  expected   " + d.expected + "\n  found      " + d.found + "\n";
  if (d.more)
    text += "  besides    " + std::to_string(d.more) + " more words or spikes of this step\n";
  for (const std::string &error : d.errors)
    text += "  errors     " + error + "\n";
  for (const rtl::CausingSpike &cause : d.causes)
    text += "  led there  step " + std::to_string(cause.step) + ": " + neuronText(image, cause.population, cause.neuron) +
            ", delay " + std::to_string(cause.delay) + ", weight " + std::to_string(cause.weight) +
            (cause.exponent ? " * 2^" + std::to_string(cause.exponent) : "") +
            (cause.payload != 1 ? " * " + std::to_string(cause.payload) : "") + "\n";
  return text;
}

class CosimCommand {
public:
  CosimCommand(Context &context, const CosimFlags &flags) : context(context), flags(flags) {}

  Result<void> run() { return flags.random ? runRandom() : runImage(); }

private:
  Result<void> runImage() {
    RANVIER_CHECK(prepare());
    RtlRecording recording;
    if (!flags.trace.empty())
      RANVIER_CHECK(recording.open(flags.trace, *job.image));
    RANVIER_CHECK(openCoverage());
    context.progress->phase("cosim", job.steps);
    RANVIER_TRY(outcome, rtl::runCosim(job, [&](rtl::Lockstep &run, uint32_t step) -> Result<void> {
                  context.progress->advance(step);
                  return flags.trace.empty() ? Result<void>() : recording.step(run, step);
                }));
    if (!flags.trace.empty())
      RANVIER_CHECK(recording.finish());
    report();
    RANVIER_CHECK(reportCoverage());
    if (outcome.divergence)
      RANVIER_CHECK(explain());
    const bool silent = outcome.totals.spikes == 0;
    if (silent && !outcome.divergence)
      text += "no neuron spiked: this run shows nothing\n";
    context.print(json, text);
    if (outcome.divergence || silent)
      context.exitCode = BadInput;
    return {};
  }

  /// Networks of seed after seed until one differs.
  Result<void> runRandom() {
    for (const char *option : {"--input", "--sample", "--trace", "--no-fast-path", "--load"})
      if (flags.given(option))
        return pointlessOption(option, "--random draws the networks, their input and how they are loaded");
    if (!flags.image.empty())
      return pointlessOption("image", "--random makes its own networks");
    RANVIER_TRY(const hw::Chip chip, hw::findChip(flags.target));
    rtl::RandomCaseOptions options;
    if (!flags.grid.empty()) {
      RANVIER_TRY(options.grid, rtl::parseGrid(flags.grid));
    }
    if (flags.given("--steps"))
      options.steps = flags.steps;
    if (flags.given("--stalls"))
      options.stallsOf256 = stallsOf256();
    RANVIER_TRY(const rtl::RtlSources sources, flags.rtl.empty() ? rtl::shippedSources() : rtl::readFileList(flags.rtl));
    RANVIER_CHECK(openCoverage());
    RandomTotals totals;
    for (uint32_t i = 0; i < flags.random && !outcome.divergence; ++i) {
      const uint64_t seed = flags.seed + i;
      RANVIER_TRY(job, rtl::randomCase(seed, chip, options));
      job.sources = sources;
      setCoverage();
      noteBuilds();
      context.progress->phase("network " + std::to_string(i + 1) + " of " + std::to_string(flags.random) + ", seed " +
                              std::to_string(seed) + ", grid " + job.lockstep.grid.str());
      RANVIER_TRY(outcome, rtl::runCosim(job));
      totals.add(outcome, job);
    }
    report(totals);
    RANVIER_CHECK(reportCoverage());
    if (outcome.divergence) {
      const std::string replay = replayCommand();
      json["seed"] = job.lockstep.seed;
      json["replay"] = replay;
      text += "seed         " + std::to_string(job.lockstep.seed) + ": " + replay + "\n";
      RANVIER_CHECK(explain());
    }
    if (totals.sum.spikes == 0 && !outcome.divergence)
      text += "no neuron spiked: these runs show nothing\n";
    context.print(json, text);
    if (outcome.divergence || totals.sum.spikes == 0)
      context.exitCode = BadInput;
    return {};
  }

  struct RandomTotals {
    rtl::LockstepTotals sum;
    uint32_t networks = 0, stalled = 0;
    double seconds = 0;
    std::map<std::string, uint32_t> grids;
    void add(const rtl::CosimOutcome &outcome, const rtl::CosimJob &job) {
      const rtl::LockstepTotals &one = outcome.totals;
      sum.steps += one.steps;
      sum.spikes += one.spikes;
      sum.inputSpikes += one.inputSpikes;
      sum.events += one.events;
      sum.registers += one.registers;
      sum.cycles += one.cycles;
      sum.longestStep = std::max(sum.longestStep, one.longestStep);
      sum.loadChecked += one.loadChecked;
      ++networks;
      stalled += job.lockstep.stallsOf256 != 0;
      seconds += outcome.seconds;
      ++grids[job.lockstep.grid.str()];
    }
  };

  std::string replayCommand() const {
    std::string command = "ranvier cosim --random 1 --seed " + std::to_string(job.lockstep.seed);
    if (flags.given("--target"))
      command += " --target " + flags.target;
    if (!flags.grid.empty())
      command += " --grid " + flags.grid;
    if (flags.given("--steps"))
      command += " --steps " + std::to_string(flags.steps);
    if (flags.given("--stalls"))
      command += " --stalls " + Json(flags.stalls).dump();
    if (!flags.rtl.empty())
      command += " --rtl " + flags.rtl;
    return command;
  }

  Result<void> openCoverage() {
    if (flags.coverage.empty())
      return flags.given("--coverage-of")
                 ? Result<void>(pointlessOption("--coverage-of", "it says what --coverage counts, which is not given"))
                 : Result<void>();
    RANVIER_TRY(coverage, rtl::Coverage::open(flags.coverage));
    setCoverage();
    return {};
  }
  void setCoverage() {
    job.coverage = coverage ? &*coverage : nullptr;
    job.counting = flags.coverageOf == "all" ? rtl::Counting::All : rtl::Counting::Bins;
  }
  Result<void> reportCoverage() {
    if (!coverage)
      return {};
    RANVIER_CHECK(coverage->write());
    job.coverage = nullptr; // What looks into a divergence is not part of it.
    const rtl::CoverageSummary all = coverage->summary();
    const auto object = [](const rtl::Touched &touched) {
      const std::optional<double> percent = touched.percent();
      return Json{{"all", touched.all}, {"hit", touched.hit}, {"percent", percent ? Json(*percent) : Json()}};
    };
    Json files = Json::object();
    for (const auto &[name, lines] : all.linesOf)
      files[name] = object(lines);
    json["coverage"] = {{"folder", flags.coverage},          {"lines", object(all.lines)}, {"branches", object(all.branches)},
                        {"toggles", object(all.toggles)},    {"bins", object(all.bins)},   {"empty_bins", all.emptyBins},
                        {"unseen_groups", all.unseenGroups}, {"lines_of", files}};
    const auto line = [&](const char *name, const rtl::Touched &touched) {
      if (!touched.all)
        return; // not counted
      char buffer[96];
      std::snprintf(buffer, sizeof buffer, "%-12s %.1f %% (%llu of %llu)\n", name, *touched.percent(),
                    static_cast<unsigned long long>(touched.hit), static_cast<unsigned long long>(touched.all));
      text += buffer;
    };
    text += "coverage     " + flags.coverage + "/index.html, with what was there before\n";
    line("  lines", all.lines);
    line("  branches", all.branches);
    line("  toggles", all.toggles);
    line("  bins", all.bins);
    for (const std::string &bin : all.emptyBins)
      text += "  empty      " + bin + "\n";
    for (const std::string &group : all.unseenGroups)
      text += "  unseen     " + group + ": no model has its signals\n";
    return {};
  }

  uint32_t stallsOf256() const { return static_cast<uint32_t>(std::lround(flags.stalls * 256)); }
  void noteBuilds() {
    job.build.note = [this](const std::string &line) {
      context.note(line);
      context.progress->phase(line);
    };
  }

  Result<void> prepare() {
    if (flags.image.empty())
      return Error{.code = 8049,
                   .message = "nothing to run",
                   .place = "command line",
                   .expected = "an image, or --random N",
                   .found = "neither",
                   .kind = ErrorKind::Usage};
    if (flags.given("--sample") && flags.input.empty())
      return pointlessOption("--sample", "it chooses a sample of --input, which is not given");
    if (flags.given("--target"))
      return pointlessOption("--target", "the image says which chip it is for");
    RANVIER_CHECK(checkOutput(flags.trace, {flags.image, flags.input, flags.rtl}));
    RANVIER_TRY(job.image, openImage(flags.image));
    job.lockstep.grid = rtl::smallestGrid(*job.image);
    if (!flags.grid.empty()) {
      RANVIER_TRY(job.lockstep.grid, rtl::parseGrid(flags.grid));
    }
    RANVIER_TRY(job.sources, flags.rtl.empty() ? rtl::shippedSources() : rtl::readFileList(flags.rtl));
    job.lockstep.loader.fastPath = !flags.noFastPath;
    job.lockstep.loadThroughBus = flags.load == "bus";
    job.lockstep.seed = flags.seed;
    job.lockstep.stallsOf256 = stallsOf256();
    noteBuilds();
    if (flags.input.empty()) {
      job.steps = flags.steps ? flags.steps : 32;
      job.random = true;
      return {};
    }
    uint64_t uncounted = 0;
    RANVIER_TRY(job.inputs, readInputs(context, flags.input, flags.sample, *job.image, uncounted));
    job.steps = flags.steps ? flags.steps : job.inputs.empty() ? 1 : job.inputs.back().step;
    const size_t read = job.inputs.size();
    std::erase_if(job.inputs, [&](const emu::InputSpike &spike) { return spike.step > job.steps; });
    if (job.inputs.size() < read)
      context.warn(std::to_string(read - job.inputs.size()) + " input spikes lie after step " + std::to_string(job.steps) +
                   " and were not used");
    return {};
  }

  void report() {
    json = {{"command", "cosim"},
            {"image", fileName(flags.image)},
            {"network", job.image->meta.network},
            {"grid", job.lockstep.grid.str()},
            {"back_door", outcome.backDoor},
            {"seed", flags.seed},
            {"model", {{"built", outcome.model.built}, {"seconds", outcome.model.seconds}}}};
    text = "image        " + fileName(flags.image) + " (" + job.image->meta.network + " on " + job.image->chip.name + ", grid " +
           job.lockstep.grid.str() + ")\n";
    reportTotals(outcome.totals, outcome.seconds);
  }
  void report(const RandomTotals &totals) {
    json = {{"command", "cosim"},        {"networks", totals.networks},
            {"first_seed", flags.seed},  {"last_seed", job.lockstep.seed},
            {"stalled", totals.stalled}, {"grids", totals.grids}};
    text = "networks     " + std::to_string(totals.networks) + " random ones, seeds " + std::to_string(flags.seed) + " to " +
           std::to_string(job.lockstep.seed) + ", " + std::to_string(totals.stalled) + " with stalls; grids";
    for (const auto &[grid, count] : totals.grids)
      text += " " + grid + ": " + std::to_string(count);
    text += "\n";
    reportTotals(totals.sum, totals.seconds);
  }
  void reportTotals(const rtl::LockstepTotals &totals, double seconds) {
    const double rate = double(totals.cycles) / std::max(seconds, 1e-9);
    json.update({{"chip", job.image->chip.name},
                 {"equal", !outcome.divergence},
                 {"steps", totals.steps},
                 {"spikes", totals.spikes},
                 {"input_spikes", totals.inputSpikes},
                 {"synaptic_events", totals.events},
                 {"registers_compared", totals.registers},
                 {"load_words_checked", totals.loadChecked},
                 {"cycles", totals.cycles},
                 {"longest_step_cycles", totals.longestStep},
                 {"wall", {{"seconds", seconds}, {"cycles_per_second", rate}}}});
    char speed[64];
    std::snprintf(speed, sizeof speed, "%.3g s, %.3g Mcycle/s", seconds, rate * 1e-6);
    text += "steps        " + std::to_string(totals.steps) + " of both, " + std::to_string(totals.cycles) + " cycles of the RTL (" +
            speed + ")\n" + "spikes       " + std::to_string(totals.spikes) + " of neurons, " + std::to_string(totals.inputSpikes) +
            " of inputs\n" + "events       " + std::to_string(totals.events) + " synaptic\n" + "compared     " +
            std::to_string(totals.registers) + " registers, " + std::to_string(totals.loadChecked) + " words of what was loaded\n" +
            (outcome.divergence ? "DIFFERENT\n" : "equal\n");
  }

  /// Writes what helps to find the fault: waveform, minimal image with its input, the report.
  Result<void> explain() {
    const std::string name = flags.random ? job.image->meta.network : std::filesystem::path(flags.image).stem().string();
    const std::string folder = flags.report.empty() ? name + "-cosim" : flags.report;
    RANVIER_CHECK(makeReportFolder(folder));
    context.progress->phase("look into the divergence");
    RANVIER_TRY(const rtl::Investigation found, rtl::investigate(job, *outcome.divergence, folder + "/waveform.fst", flags.shrink));
    json["divergence"] = toJson(*job.image, found.divergence);
    text += toText(*job.image, found.divergence);
    json["again"] = found.again;
    if (found.noWaveform.empty()) {
      json["waveform"] = folder + "/waveform.fst";
      text += "waveform     " + folder + "/waveform.fst\n";
    } else {
      json["no_waveform"] = found.noWaveform;
      text += "no waveform  " + found.noWaveform + "\n";
    }
    if (!found.again && found.noWaveform.empty())
      text += "note         a second run did not fail in the same way: the RTL depends on what is undefined after power-up\n";
    if (found.least)
      RANVIER_CHECK(writeLeast(folder, *found.least));
    return writeReport(folder, json, text);
  }

  Result<void> writeLeast(const std::string &folder, const rtl::Shrunk &least) {
    const std::string image = folder + "/minimal.rvi";
    RANVIER_CHECK(image::write(least.data, image));
    formats::SpikeTrains trains;
    const auto &populations = least.least.image->meta.populations;
    uint32_t inputs = 0;
    for (const image::PopulationMeta &population : populations)
      if (population.input) {
        ++inputs;
        trains[population.name] = {static_cast<uint32_t>(population.count), least.least.steps, {}};
      }
    for (const emu::InputSpike &spike : least.least.inputs)
      trains[populations[spike.population].name].events.push_back({spike.step, spike.neuron, static_cast<float>(spike.payload)});
    for (auto &[name, train] : trains)
      std::stable_sort(train.events.begin(), train.events.end(),
                       [](const auto &a, const auto &b) { return std::pair(a.step, a.neuron) < std::pair(b.step, b.neuron); });
    std::string command = "ranvier cosim " + image;
    if (inputs) {
      const bool csv = inputs == 1;
      const std::string file = folder + (csv ? "/minimal.csv" : "/minimal.h5");
      RANVIER_CHECK(formats::writeSpikes(file, csv ? formats::SpikeFormat::Csv : formats::SpikeFormat::NirGraphData, trains,
                                         job.image->meta.dt));
      command += " --input " + file;
    }
    command += " --steps " + std::to_string(least.least.steps) + " --grid " + job.lockstep.grid.str() + " --seed " +
               std::to_string(job.lockstep.seed);
    if (job.lockstep.stallsOf256)
      command += " --stalls " + Json(flags.given("--stalls") ? flags.stalls : job.lockstep.stallsOf256 / 256.0).dump();
    if (!job.lockstep.loader.fastPath)
      command += " --no-fast-path";
    if (!flags.rtl.empty())
      command += " --rtl " + flags.rtl;
    json["minimal"] = {{"image", image},
                       {"steps", least.least.steps},
                       {"neurons", least.neurons},
                       {"input_neurons", least.inputNeurons},
                       {"input_spikes", least.least.inputs.size()},
                       {"synapses", least.synapses},
                       {"runs", least.runs},
                       {"command", command},
                       {"divergence", toJson(*least.least.image, least.divergence)}};
    text += "minimal      " + std::to_string(least.neurons) + " neurons, " + std::to_string(least.inputNeurons) + " inputs, " +
            std::to_string(least.synapses) + " synapses, " + std::to_string(least.least.inputs.size()) + " input spikes, " +
            std::to_string(least.least.steps) + " steps, after " + std::to_string(least.runs) + " runs:\n  " + command + "\n";
    return {};
  }

  Context &context;
  const CosimFlags &flags;
  rtl::CosimJob job;
  rtl::CosimOutcome outcome;
  std::optional<rtl::Coverage> coverage;
  Json json;
  std::string text;
};
} // namespace

void tools::addCosim(CLI::App &app, Context &context) {
  auto flags = std::make_shared<CosimFlags>();
  CLI::App *command =
      addCommand(app, context, "cosim", "Run an image on the RTL and the emulator in lockstep and compare everything",
                 "  ranvier cosim digits.rvi --steps 32\n"
                 "  ranvier cosim digits.rvi --input spikes.csv --stalls 0.2 --seed 7\n"
                 "  ranvier cosim net.rvi --rtl mychip.f --trace rtl.h5 --report report/\n"
                 "  ranvier cosim --random 100 --seed 1000",
                 [&context, flags] { return CosimCommand(context, *flags).run(); });
  flags->command = command;
  command->add_option("image", flags->image, "Image file (.rvi) for a chip that the RTL can be");
  command->add_option("--random", flags->random, "Instead: so many random networks and programs, of --seed, the one after it, ...")
      ->check(CLI::Range(1u, 4000000000u));
  command->add_option("--target", flags->target, "Chip of the random networks: a name or a YAML file; default: ranvier-n1");
  command->add_option("--input", flags->input,
                      "Spikes, as for run; default: seeded random ones, each input neuron in a quarter of the steps");
  command
      ->add_option("--steps", flags->steps,
                   "Steps to run; default: to the last spike of --input, else 32; of random networks 12 to 40")
      ->check(CLI::Range(1u, 4000000000u));
  command->add_option("--sample", flags->sample, "Sample of an input of several, from 0; default: 0");
  command->add_option("--seed", flags->seed,
                      "Of random networks and inputs, stalls and what is undefined after power-up; default: 1");
  command->add_option("--grid", flags->grid, "Nodes of the RTL, COLUMNSxROWS; default: the smallest that holds the image");
  command->add_option("--rtl", flags->rtl, "File list of another n1_chip: one path a line, +incdir+, +define+, comments");
  command->add_option("--stalls", flags->stalls, "Probability with which each handshake is held up in a cycle, 0 to 0.9")
      ->check(CLI::Range(0.0, 0.9));
  command->add_flag("--no-fast-path", flags->noFastPath, "Run populations of the native form on the programmable engine, too");
  command->add_option("--load", flags->load, "How the RTL is loaded: backdoor (and checked through the bus) or bus")
      ->check(CLI::IsMember({"backdoor", "bus"}));
  command->add_option("--trace", flags->trace, "Recording (HDF5) of what the RTL did: spikes and all states");
  command->add_option("--coverage", flags->coverage,
                      "Folder: lines, branches, toggles and functional bins as HTML, added to what it has; slow");
  command->add_option("--coverage-of", flags->coverageOf, "What --coverage counts: all, or bins, which is faster")
      ->check(CLI::IsMember({"all", "bins"}));
  command->add_option("--report", flags->report,
                      "Folder for waveform, minimal image and report of a divergence; default: NAME-cosim");
  command->add_option("--shrink", flags->shrink, "Seconds to spend on a minimal image after a divergence; 0: none")
      ->check(CLI::Range(0.0, 86400.0));
}
