//===- Cosim.cpp - `ranvier cosim` ----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Rtl/Cosim.h"
#include "RunReport.h"
#include "ranvier/Emulator/Session.h"
#include "ranvier/Formats/Recording.h"
#include "ranvier/Support/File.h"
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

namespace {
struct CosimFlags {
  std::string image, input, grid, rtl, trace, report, load = "backdoor";
  uint32_t steps = 0;
  uint64_t seed = 1;
  double stalls = 0, shrink = 30;
  bool noFastPath = false;
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

  Result<void> run() {
    RANVIER_CHECK(prepare());
    RtlRecording recording;
    if (!flags.trace.empty())
      RANVIER_CHECK(recording.open(flags.trace, *job.image));
    context.progress->phase("cosim", job.steps);
    RANVIER_TRY(outcome, rtl::runCosim(job, [&](rtl::Lockstep &run, uint32_t step) -> Result<void> {
                  context.progress->advance(step);
                  return flags.trace.empty() ? Result<void>() : recording.step(run, step);
                }));
    if (!flags.trace.empty())
      RANVIER_CHECK(recording.finish());
    report();
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

private:
  Result<void> prepare() {
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
    job.lockstep.stallsOf256 = static_cast<uint32_t>(std::lround(flags.stalls * 256));
    job.build.note = [this](const std::string &line) {
      context.note(line);
      context.progress->phase(line);
    };
    if (flags.input.empty()) {
      job.steps = flags.steps ? flags.steps : 32;
      job.random = true;
      return {};
    }
    uint64_t uncounted = 0;
    RANVIER_TRY(job.inputs, readInputs(context, flags.input, 0, *job.image, uncounted));
    job.steps = flags.steps ? flags.steps : job.inputs.empty() ? 1 : job.inputs.back().step;
    const size_t read = job.inputs.size();
    std::erase_if(job.inputs, [&](const emu::InputSpike &spike) { return spike.step > job.steps; });
    if (job.inputs.size() < read)
      context.warn(std::to_string(read - job.inputs.size()) + " input spikes lie after step " + std::to_string(job.steps) +
                   " and were not used");
    return {};
  }

  void report() {
    const rtl::LockstepTotals &totals = outcome.totals;
    json = {
        {"command", "cosim"},
        {"image", fileName(flags.image)},
        {"network", job.image->meta.network},
        {"chip", job.image->chip.name},
        {"grid", job.lockstep.grid.str()},
        {"equal", !outcome.divergence},
        {"steps", totals.steps},
        {"spikes", totals.spikes},
        {"input_spikes", totals.inputSpikes},
        {"synaptic_events", totals.events},
        {"registers_compared", totals.registers},
        {"load_words_checked", totals.loadChecked},
        {"back_door", outcome.backDoor},
        {"seed", flags.seed},
        {"cycles", totals.cycles},
        {"longest_step_cycles", totals.longestStep},
        {"model", {{"built", outcome.model.built}, {"seconds", outcome.model.seconds}}},
        {"wall", {{"seconds", outcome.seconds}, {"cycles_per_second", double(totals.cycles) / std::max(outcome.seconds, 1e-9)}}}};
    char speed[64];
    std::snprintf(speed, sizeof speed, "%.3g s, %.3g Mcycle/s", outcome.seconds,
                  double(totals.cycles) / std::max(outcome.seconds, 1e-9) * 1e-6);
    text = "image        " + fileName(flags.image) + " (" + job.image->meta.network + " on " + job.image->chip.name + ", grid " +
           job.lockstep.grid.str() + ")\n" + "steps        " + std::to_string(totals.steps) + " of both, " +
           std::to_string(totals.cycles) + " cycles of the RTL (" + speed + ")\n" + "spikes       " +
           std::to_string(totals.spikes) + " of neurons, " + std::to_string(totals.inputSpikes) + " of inputs\n" + "events       " +
           std::to_string(totals.events) + " synaptic\n" + "compared     " + std::to_string(totals.registers) + " registers, " +
           std::to_string(totals.loadChecked) + " words of what was loaded\n" + (outcome.divergence ? "DIFFERENT\n" : "equal\n");
  }

  /// Writes what helps to find the fault: waveform, minimal image with its input, the report.
  Result<void> explain() {
    const std::string folder = flags.report.empty() ? std::filesystem::path(flags.image).stem().string() + "-cosim" : flags.report;
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
               std::to_string(flags.seed);
    if (flags.stalls > 0)
      command += " --stalls " + Json(flags.stalls).dump();
    if (flags.noFastPath)
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
                 "  ranvier cosim net.rvi --rtl mychip.f --trace rtl.h5 --report report/",
                 [&context, flags] { return CosimCommand(context, *flags).run(); });
  command->add_option("image", flags->image, "Image file (.rvi) for a chip that the RTL can be")->required();
  command->add_option("--input", flags->input,
                      "Spikes, as for run; default: seeded random ones, each input neuron in a quarter of the steps");
  command->add_option("--steps", flags->steps, "Steps to run; default: to the last spike of --input, else 32")
      ->check(CLI::Range(1u, 4000000000u));
  command->add_option("--seed", flags->seed, "Of random inputs, stalls and what is undefined after power-up; default: 1");
  command->add_option("--grid", flags->grid, "Nodes of the RTL, COLUMNSxROWS; default: the smallest that holds the image");
  command->add_option("--rtl", flags->rtl, "File list of another n1_chip: one path a line, +incdir+, +define+, comments");
  command->add_option("--stalls", flags->stalls, "Probability with which each handshake is held up in a cycle, 0 to 0.9")
      ->check(CLI::Range(0.0, 0.9));
  command->add_flag("--no-fast-path", flags->noFastPath, "Run populations of the native form on the programmable engine, too");
  command->add_option("--load", flags->load, "How the RTL is loaded: backdoor (and checked through the bus) or bus")
      ->check(CLI::IsMember({"backdoor", "bus"}));
  command->add_option("--trace", flags->trace, "Recording (HDF5) of what the RTL did: spikes and all states");
  command->add_option("--report", flags->report,
                      "Folder for waveform, minimal image and report of a divergence; default: NAME-cosim");
  command->add_option("--shrink", flags->shrink, "Seconds to spend on a minimal image after a divergence; 0: none")
      ->check(CLI::Range(0.0, 86400.0));
}
