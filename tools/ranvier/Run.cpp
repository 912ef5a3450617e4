//===- Run.cpp - `ranvier run` --------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Inject.h"
#include "LearnedWeights.h"
#include "RunCheckpoint.h"
#include "RunRanks.h"
#include "RunReport.h"
#include "StepWork.h"
#include "Timeline.h"
#include "ranvier/Emulator/Collector.h"
#include "ranvier/Emulator/Mpi.h"
#include "ranvier/Emulator/Session.h"
#include "ranvier/Formats/Recording.h"
#include "ranvier/Support/File.h"
#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

namespace {
struct RunFlags {
  std::string image, input, output, record, report, timeline, saveWeights;
  uint32_t steps = 0;
  unsigned dryRunRanks = 0;
  std::vector<std::string> inject;
  std::optional<uint32_t> sample;
  MachineFlags machine;
  CheckpointFlags checkpoint;
};

/// Options that contradict each other before any file is opened.
Result<void> check(const RunFlags &flags) {
  if (!flags.record.empty() && flags.output.empty())
    return pointlessOption("--record", "nothing is recorded without -o");
  if (flags.sample && flags.input.empty())
    return pointlessOption("--sample", "it chooses a sample of --input, which is not given");
  RANVIER_CHECK(flags.checkpoint.check(flags.image, flags.input, flags.output));
  if (!flags.inject.empty() && flags.checkpoint.used())
    return pointlessOption("--inject", "a run that is taken up again cannot read a stream again");
  if (!flags.inject.empty() && std::max(flags.dryRunRanks, emu::launchedRanks()) > 1)
    return Error{.code = 8104,
                 .message = "every rank would have to read the stream that one of them reads",
                 .place = "option --inject",
                 .expected = "one rank",
                 .found = std::to_string(std::max(flags.dryRunRanks, emu::launchedRanks())),
                 .kind = ErrorKind::Unsupported};
  if (!flags.timeline.empty() && !flags.machine.timed())
    return pointlessOption("--timeline", "--timing off times nothing");
  if (!flags.timeline.empty() && flags.checkpoint.used())
    return pointlessOption("--timeline", "a run that is taken up again would show its last part only");
  if (flags.dryRunRanks && emu::launchedRanks() > 1)
    return pointlessOption("--dry-run-ranks", "these are ranks, " + std::to_string(emu::launchedRanks()) + " of them");
  if (!flags.timeline.empty() && std::max(flags.dryRunRanks, emu::launchedRanks()) > 1)
    return Error{.code = 8047,
                 .message = "no rank knows the times of all cores in every step, which a timeline shows",
                 .place = "option --timeline",
                 .expected = "one rank",
                 .found = std::to_string(std::max(flags.dryRunRanks, emu::launchedRanks())),
                 .kind = ErrorKind::Unsupported};
  if (!flags.saveWeights.empty() && std::max(flags.dryRunRanks, emu::launchedRanks()) > 1)
    return Error{.code = 8099,
                 .message = "no rank knows the weights of all cores",
                 .place = "option --save-weights",
                 .expected = "one rank",
                 .found = std::to_string(std::max(flags.dryRunRanks, emu::launchedRanks())),
                 .kind = ErrorKind::Unsupported};
  if (!flags.timeline.empty() && flags.timeline == flags.output)
    return Error{.code = 8025,
                 .message = "-o and --timeline name one file",
                 .file = flags.timeline,
                 .expected = "two names",
                 .found = "one",
                 .kind = ErrorKind::Usage};
  return flags.machine.check();
}

/// The states to record, by population; `spikes` is always recorded, and `probes` stands for what the network's probes name.
class Recording {
public:
  Result<void> open(const RunFlags &flags, emu::Machine &machine, std::shared_ptr<emu::Transport> ranks,
                    const Checkpoints &checkpoints) {
    const image::Image &image = machine.image();
    std::vector<std::string> wanted;
    for (size_t at = 0; at <= flags.record.size();) {
      const size_t comma = std::min(flags.record.find(',', at), flags.record.size());
      const std::string name = flags.record.substr(at, comma - at);
      if (std::find(wanted.begin(), wanted.end(), name) == wanted.end())
        wanted.push_back(name);
      at = comma + 1;
    }
    std::vector<bool> used(wanted.size(), false);
    const bool probed = flags.record.empty() || std::find(wanted.begin(), wanted.end(), "probes") != wanted.end();
    const auto isProbed = [&](uint32_t population, const std::string &state) {
      return probed && std::any_of(image.meta.probes.begin(), image.meta.probes.end(), [&](const image::ProbeMeta &probe) {
               return probe.population == population &&
                      std::find(probe.variables.begin(), probe.variables.end(), state) != probe.variables.end();
             });
    };
    std::vector<formats::RecordedPopulation> recorded;
    std::vector<std::vector<uint32_t>> states;
    for (uint32_t p = 0; p < image.meta.populations.size(); ++p) {
      const auto &meta = image.meta.populations[p];
      formats::RecordedPopulation out{
          meta.name, static_cast<uint32_t>(meta.count), false, image.meta.profile == isa::Profile::F32, {}, 1};
      std::vector<uint32_t> slots;
      if (!meta.input) {
        const isa::Program &program = image.meta.programs[meta.program];
        out.graded = isa::emitsPayload(program);
        out.valueScale = meta.valueScale;
        for (uint32_t s = 0; s < program.states.size(); ++s) {
          const std::string &state = program.states[s], own = ownName(meta, state);
          double scale = 1;
          for (const auto &[name, value] : meta.stateScale)
            if (name == state)
              scale = value;
          bool ownTaken = isProbed(p, state), unitsTaken = false;
          for (size_t w = 0; w < wanted.size(); ++w)
            if (wanted[w] == own)
              ownTaken = used[w] = true;
            else if (wanted[w] == state && !isOwnName(meta, state))
              unitsTaken = used[w] = true;
          for (const auto &[taken, name] : {std::pair(ownTaken, own), std::pair(unitsTaken, state)})
            if (taken) {
              out.states.push_back({name, scale});
              slots.push_back(s);
            }
        }
      }
      recorded.push_back(out);
      states.push_back(slots);
    }
    for (size_t w = 0; w < wanted.size(); ++w)
      if (!used[w] && wanted[w] != "spikes" && wanted[w] != "probes" && !flags.record.empty())
        return Error{.code = 8030,
                     .message = "--record names a state that no population has",
                     .file = flags.image,
                     .expected = "spikes, probes" + statesOf(image),
                     .found = "'" + wanted[w] + "'"};
    for (const auto &of : states)
      numbers.push_back(of.size());
    const bool first = !ranks || ranks->rank() == 0;
    collector.emplace(machine, std::move(ranks), std::move(states));
    if (!first)
      return {};
    if (checkpoints.resumes()) {
      RANVIER_TRY(recorder, formats::Recorder::resume(flags.output, image.meta.dt, recorded, checkpoints.mark()));
    } else if (checkpoints.keepsSpool()) {
      RANVIER_TRY(recorder, formats::Recorder::createResumable(flags.output, image.meta.dt, recorded));
    } else {
      RANVIER_TRY(recorder, formats::Recorder::create(flags.output, image.meta.dt, recorded));
    }
    return {};
  }

  Result<void> step(uint32_t step) {
    if (!collector->step())
      return Error{.code = emu::otherRankFailed, .message = "another rank has left the run", .kind = ErrorKind::System};
    for (uint32_t p = 0; recorder && p < numbers.size(); ++p) {
      RANVIER_CHECK(recorder->spikes(p, step, collector->spikes(p), collector->payloads(p)));
      for (uint32_t k = 0; k < numbers[p]; ++k)
        RANVIER_CHECK(recorder->state(p, k, collector->state(p, k)));
    }
    return {};
  }
  /// How far the recording is; nothing where nothing is recorded.
  Result<std::optional<formats::RecordingMark>> mark() {
    if (!recorder)
      return std::optional<formats::RecordingMark>();
    RANVIER_TRY(const formats::RecordingMark at, recorder->mark());
    return std::optional(at);
  }
  Result<void> finish(uint32_t steps) { return recorder ? recorder->finish(steps) : Result<void>(); }

private:
  /// The network's name for a state of the program.
  static std::string ownName(const image::PopulationMeta &meta, const std::string &state) {
    for (const auto &[programs, own] : meta.stateNames)
      if (programs == state)
        return own;
    return state;
  }
  /// Whether the network calls some state so, which then has the better right to the name than the program's own.
  static bool isOwnName(const image::PopulationMeta &meta, const std::string &name) {
    return std::any_of(meta.stateNames.begin(), meta.stateNames.end(), [&](const auto &entry) { return entry.second == name; });
  }
  /// ", i, u, v": the states of all populations by both names, each once.
  static std::string statesOf(const image::Image &image) {
    std::vector<std::string> names;
    for (const auto &population : image.meta.populations)
      if (!population.input)
        for (const auto &state : image.meta.programs[population.program].states)
          for (const std::string &name : {ownName(population, state), state})
            if (std::find(names.begin(), names.end(), name) == names.end())
              names.push_back(name);
    std::string out;
    for (const auto &name : names)
      out += ", " + name;
    return out;
  }

  std::unique_ptr<formats::Recorder> recorder; ///< Of several ranks the first has it.
  std::optional<emu::Collector> collector;
  std::vector<size_t> numbers; ///< By population: states recorded.
};

std::string textReport(const Json &report) {
  const Json &totals = report["totals"];
  std::string text = "image        " + report["image"].get<std::string>() + " (" + report["network"].get<std::string>() + " on " +
                     report["machine"]["chip"].get<std::string>() + ", executor " +
                     report["machine"]["executor"].get<std::string>() + ")\n";
  text += "steps        " + std::to_string(report["steps"].get<uint32_t>()) + "\n";
  text += "spikes       " + totals["spikes"].dump() + "\n";
  if (report.contains("energy")) {
    text += "events       " + totals["synaptic_events"].dump() + " synaptic, " + totals["messages"].dump() + " messages\n";
    const int64_t time = totals["picoseconds"].get<int64_t>();
    const double energy = report["energy"]["total_j"].get<double>();
    const bool someEnergy = energy > 0 || report["energy"]["unknown"].empty();
    char line[100] = "time         unknown: the chip's description has no figures\n";
    if (time > 0 || energy > 0) {
      char joules[40] = "unknown";
      if (someEnergy)
        std::snprintf(joules, sizeof joules, "%.4f uJ", energy * 1e6);
      std::snprintf(line, sizeof line, "time         %.3f us, energy %s (profile %s)\n", static_cast<double>(time) * 1e-6, joules,
                    report["machine"].contains("costs") ? report["machine"]["costs"]["name"].get<std::string>().c_str() : "none");
    }
    text += line;
    if (someEnergy && !report["energy"]["unknown"].empty())
      text += "not counted  " + report["energy"]["unknown"].dump() + " (unknown costs)\n";
  }
  if (report.contains("real_time"))
    text += realTimeText(report["real_time"]);
  return text;
}

/// What all ranks of a process read, and need not write.
struct Job {
  std::shared_ptr<const image::Image> image;
  std::vector<emu::InputSpike> inputs;
  uint64_t uncounted = 0; ///< Camera events that were left out.
  std::vector<std::unique_ptr<Injector>> injectors;
};

Result<void> prepare(Context &context, RunFlags &flags, Job &job) {
  RANVIER_CHECK(check(flags));
  RANVIER_CHECK(checkOutput(flags.output, {flags.image, flags.input, flags.machine.faults}));
  RANVIER_CHECK(checkOutput(flags.timeline, {flags.image, flags.input, flags.output}));
  RANVIER_CHECK(checkOutput(flags.saveWeights, {flags.image, flags.input, flags.output, flags.timeline}));
  if (!flags.report.empty() && emu::launchedRank() == 0)
    RANVIER_CHECK(makeReportFolder(flags.report));
  RANVIER_TRY(job.image, openImage(flags.image));
  RANVIER_CHECK(flags.machine.readFaults(job.image->chip));
  if (!flags.saveWeights.empty() && job.image->meta.learning.empty())
    return Error{.code = 8098,
                 .message = "no synapse of the network learns",
                 .file = flags.image,
                 .place = "option --save-weights",
                 .expected = "an image of a network with snn.plasticity or snn.rewiring",
                 .found = "none"};
  if (!flags.saveWeights.empty()) // that it cannot be written is said before the run, not after it
    RANVIER_CHECK(AtomicFile::create(flags.saveWeights));
  if (flags.checkpoint.used() && job.image->chip.realTime && flags.machine.options().timing == emu::Timing::Detailed)
    return Error{.code = 8100,
                 .message = "what is under way on a machine in real time is not part of a checkpoint",
                 .file = flags.image,
                 .place = "option --checkpoint or --resume",
                 .expected = "--timing off or fast",
                 .found = "--timing detailed",
                 .kind = ErrorKind::Unsupported};
  RANVIER_TRY(job.inputs, readInputs(context, flags.input, flags.sample.value_or(0), *job.image, job.uncounted));
  for (const std::string &option : flags.inject) {
    RANVIER_TRY(auto injector, Injector::open(option, *job.image));
    for (const auto &other : job.injectors)
      if (other->population() == injector->population() || (other->readsStdin() && injector->readsStdin()))
        return Error{.code = 8101,
                     .message = other->readsStdin() && injector->readsStdin() ? "two inputs are to be read from stdin"
                                                                              : "two streams are to be injected into one input",
                     .place = "option --inject",
                     .expected = "an input and a stream once each",
                     .found = other->name() + " and " + injector->name(),
                     .kind = ErrorKind::Usage};
    job.injectors.push_back(std::move(injector));
  }
  return {};
}

/// A run as one rank of it, or as the whole. What is not of several ranks is done by the first.
class RankRun {
public:
  RankRun(Context &context, const RunFlags &flags, const Job &job, std::shared_ptr<emu::Transport> given)
      : context(context), flags(flags), job(job), ranks(std::move(given)), first(!ranks || ranks->rank() == 0) {}

  Result<void> run() {
    RANVIER_CHECK(together(begin()));
    if (ranks)
      RANVIER_CHECK(together(checkSame()));
    RANVIER_TRY(machine, emu::Machine::create(job.image, options)); // which ranks do together
    RANVIER_CHECK(together(open()));
    RANVIER_CHECK(go());
    realTime = machine->realTime();
    if (ranks) {
      if (!emu::addUp(*ranks, options.timing, outcome, spikesOf) || !emu::addUp(*ranks, realTime))
        return Error{.code = emu::otherRankFailed, .message = "another rank has left the run", .kind = ErrorKind::System};
      RANVIER_TRY(rankShares, shares(*machine, *ranks, flags.dryRunRanks != 0));
    }
    return first ? finish() : Result<void>();
  }

private:
  Result<void> together(Result<void> part) { return ranks ? emu::agree(*ranks, std::move(part)) : std::move(part); }

  Result<void> begin() {
    options = flags.machine.options();
    options.ranks = ranks;
    RANVIER_CHECK(checkpoints.open(flags.checkpoint, {*job.image, flags.image, job.inputs, flags.machine, flags.steps,
                                                      !flags.output.empty(), !flags.report.empty(), ranks.get()}));
    return {};
  }

  /// What ranks that are processes of their own may have got differently.
  Result<void> checkSame() {
    return tools::checkSame(*ranks,
                            {{"image", job.image->identity},
                             {"option --input", emu::identityOf(job.inputs)},
                             {"option --steps", std::to_string(flags.steps)},
                             {"option --timing", flags.machine.timing},
                             {"option --costs", flags.machine.costs},
                             {"option --time-scale", std::to_string(flags.machine.timeScale)},
                             {"option --weights", flags.machine.weights},
                             {"option --faults", flags.machine.faultsIdentity()},
                             {"option --device-seed", flags.machine.deviceSeed ? std::to_string(*flags.machine.deviceSeed) : ""},
                             {"option -o", flags.output.empty() ? "" : "given"},
                             {"option --record", flags.record},
                             {"option --report", flags.report.empty() ? "" : "given"},
                             {"option --checkpoint-every", std::to_string(flags.checkpoint.every)},
                             {"option --resume", checkpoints.identity()}});
  }

  Result<void> open() {
    spikesOf.assign(job.image->meta.populations.size(), 0);
    RANVIER_TRY(before, checkpoints.restore(*machine, spikesOf));
    if (!flags.output.empty())
      RANVIER_CHECK(recording.open(flags, *machine, ranks, checkpoints));
    if (!flags.timeline.empty()) {
      RANVIER_TRY(timeline, Timeline::create(flags.timeline, *machine, flags.steps));
    }
    // With checkpoints the steps before this process are not known, and on several ranks other ranks' cores.
    if (options.timing == emu::Timing::Fast && !ranks && !flags.checkpoint.used())
      work.emplace(*machine);
    return {};
  }

  Result<void> step(const emu::StepView &view) {
    for (uint32_t p = 0; p < spikesOf.size(); ++p)
      if (first || !job.image->meta.populations[p].input) // every rank knows the spikes of inputs
        spikesOf[p] += machine->spikes(p).size();
    if (!flags.output.empty())
      RANVIER_CHECK(recording.step(view.step));
    if (timeline)
      RANVIER_CHECK(timeline->step(*machine));
    if (work)
      work->step(*machine, view.step);
    if (checkpoints.due(view.step)) {
      RANVIER_TRY(const auto mark, recording.mark());
      RANVIER_CHECK(checkpoints.take(*machine, view.soFar, spikesOf, mark));
    }
    if (first)
      context.progress->advance(view.step);
    return {};
  }

  std::function<Result<void>(uint32_t, std::vector<emu::InputSpike> &)> injection() const {
    if (job.injectors.empty())
      return {};
    return [this](uint32_t step, std::vector<emu::InputSpike> &spikes) -> Result<void> {
      for (const auto &injector : job.injectors)
        RANVIER_CHECK(injector->collect(step, spikes));
      return {};
    };
  }

  Result<void> go() {
    if (first)
      context.progress->phase("run", flags.steps);
    Result<void> stepped;
    const auto start = std::chrono::steady_clock::now();
    RANVIER_TRY(outcome, emu::run(
                             *machine, checkpoints.inputsLeft(job.inputs),
                             // Checkpoints keep no times of single cores: a report of a run that has them leaves those out.
                             {.steps = flags.steps - checkpoints.stepsBefore(),
                              .keepPerStep = !flags.report.empty(),
                              .keepPlaces = !flags.report.empty() && !flags.checkpoint.used(),
                              .inject = injection()},
                             [&](const emu::StepView &view, emu::Machine &) {
                               stepped = step(view);
                               return static_cast<bool>(stepped);
                             },
                             std::move(before)));
    RANVIER_CHECK(std::move(stepped));
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return {};
  }

  Result<void> finish();
  Json report() const;

  Context &context;
  const RunFlags &flags;
  const Job &job;
  const std::shared_ptr<emu::Transport> ranks;
  const bool first;
  emu::MachineOptions options;
  Checkpoints checkpoints;
  std::unique_ptr<emu::Machine> machine;
  std::vector<uint64_t> spikesOf; ///< By population.
  emu::RunResult before, outcome;
  emu::RealTimeCounts realTime;
  Recording recording;
  std::optional<Timeline> timeline;
  std::optional<StepWork> work;
  double seconds = 0;
  std::vector<RankShare> rankShares;
};

Json RankRun::report() const {
  const image::Image &image = *job.image;
  Json report = {{"command", "run"},
                 {"image", fileName(flags.image)},
                 {"network", image.meta.network},
                 {"dt", image.meta.dt},
                 {"steps", outcome.steps},
                 {"machine", machineJson(*machine, flags.machine)},
                 {"totals", toJson(outcome.total, options.timing)}};
  if (flags.machine.timed())
    report["energy"] = toJson(machine->energy(outcome.total));
  if (realTime.stepPicoseconds && !flags.checkpoint.used()) // checkpoints keep none of these counts
    report["real_time"] = realTimeJson(*machine, realTime);
  Json &populations = report["populations"] = Json::object();
  for (uint32_t p = 0; p < spikesOf.size(); ++p)
    populations[image.meta.populations[p].name] = {
        {"neurons", image.meta.populations[p].count}, {"spikes", spikesOf[p]}, {"depth", image.meta.populations[p].depth}};
  Json &probes = report["probes"] = Json::array();
  for (const auto &probe : image.meta.probes)
    probes.push_back(
        {{"name", probe.name}, {"population", image.meta.populations[probe.population].name}, {"variables", probe.variables}});
  if (ranks) {
    uint64_t synapses = 0;
    for (const RankShare &share : rankShares)
      synapses += share.synapses;
    report["machine"]["synapses"] = synapses;
    report["ranks"] = sharesJson(rankShares);
    report["ranks_pretended"] = flags.dryRunRanks != 0;
    report["exchange_interval_steps"] = machine->exchangeInterval();
  }
  if (work && work->counts())
    report["step_work"] = work->json(image);
  if (!job.injectors.empty())
    report["injected"] = Json::array();
  for (const auto &injector : job.injectors)
    report["injected"].push_back(injector->json());
  report["events_not_counted"] = job.uncounted;
  report["inputs_after_end"] = outcome.inputsAfterEnd;
  report["wall"] = {{"seconds", seconds},
                    {"steps_per_second", (outcome.steps - checkpoints.stepsBefore()) / std::max(seconds, 1e-9)}};
  return report;
}

/// Closes the files and reports.
Result<void> RankRun::finish() {
  if (!flags.output.empty())
    RANVIER_CHECK(recording.finish(outcome.steps));
  if (timeline)
    RANVIER_CHECK(timeline->finish());
  if (!flags.saveWeights.empty())
    RANVIER_CHECK(writeLearnedWeights(flags.saveWeights, *machine));
  if (outcome.inputsAfterEnd)
    context.warn(std::to_string(outcome.inputsAfterEnd) + " input spikes lie after step " + std::to_string(flags.steps) +
                 " and were not used");
  for (const auto &injector : job.injectors)
    if (injector->late())
      context.warn(std::to_string(injector->late()) + " spikes injected into '" + injector->name() +
                   "' came after their step and were dropped");
  const auto idle = std::count_if(rankShares.begin(), rankShares.end(), [](const RankShare &share) { return share.cores == 0; });
  if (idle)
    context.warn(std::to_string(idle) + " of " + std::to_string(rankShares.size()) + " ranks have nothing to do: the image has " +
                 std::to_string(job.image->cores.size()) + " cores, which ranks share as a whole");
  const Json brief = report();
  const std::string text = textReport(brief) + (work && work->counts() ? work->text(*job.image) : "") +
                           (ranks ? sharesText(rankShares, flags.dryRunRanks != 0) : "");
  if (!flags.report.empty()) {
    Json whole = brief;
    whole["per_step"] = perStepJson(outcome.perStep, options.timing);
    if (flags.machine.timed() && !flags.checkpoint.used())
      whole["cores"] = coresJson(*job.image, outcome.cores, realTime);
    if (work && work->counts())
      work->addTo(whole["cores"]);
    if (options.timing == emu::Timing::Detailed && !flags.checkpoint.used())
      whole["links"] = linksJson(*machine, outcome.links);
    RANVIER_CHECK(writeReport(flags.report, whole, text + "\n" + perStepTable(outcome.perStep, options.timing)));
  }
  context.print(brief, text);
  return {};
}

Result<void> run(Context &context, RunFlags &flags) {
  Job job;
  return onRanks(
      context, flags.dryRunRanks, [&] { return prepare(context, flags, job); },
      [&](std::shared_ptr<emu::Transport> ranks) { return RankRun(context, flags, job, std::move(ranks)).run(); });
}
} // namespace

void tools::addRun(CLI::App &app, Context &context) {
  auto flags = std::make_shared<RunFlags>();
  CLI::App *command = addCommand(app, context, "run", "Run an image on the emulator",
                                 "  ranvier run digits.rvi --input spikes.csv --steps 100 -o out.h5 --record spikes,v\n"
                                 "  ranvier run net.rvi --steps 1000 --timing fast --report report/\n"
                                 "  ranvier run net.rvi --steps 1000 --timing detailed --time-scale 2\n"
                                 "  sensor | ranvier run net.rvi --steps 1000 --inject retina=-\n"
                                 "  ranvier run net.rvi --steps 1000000 --checkpoint net.rvc --checkpoint-every 10000\n"
                                 "  ranvier run net.rvi --steps 1000000 --resume net.rvc\n"
                                 "  ranvier run learning.rvi --steps 1000 --save-weights weights.csv\n"
                                 "  ranvier run rewired.rvi --steps 1000 --timing off --save-weights synapses.csv\n"
                                 "  ranvier run macros.rvi --steps 1000 --device-seed 3 --faults rate=0.1,seed=7\n"
                                 "  mpirun -n 4 ranvier run net.rvi --steps 1000 --timing off",
                                 [&context, flags] { return run(context, *flags); });
  command->add_option("image", flags->image, "Image file (.rvi)")->required();
  command->add_option("--input", flags->input,
                      "Spikes: CSV step,neuron; NIRGraphData; SONATA; dense [T,N] or [S,T,N]; N-MNIST .bin");
  command
      ->add_option("--inject", flags->inject,
                   "NAME=FILE, or NAME=- for stdin: spikes of external input NAME that are read while the run goes on, lines "
                   "step,neuron sorted by step; may be given several times")
      ->allow_extra_args(false);
  command->add_option("--sample", flags->sample, "Sample of an input of several, from 0; default: 0");
  command->add_option("--steps", flags->steps, "Steps to run")->required()->check(CLI::Range(1u, 4000000000u));
  command->add_option("-o,--output", flags->output, "Recording (HDF5)");
  command
      ->add_option("--record", flags->record,
                   "What to record besides spikes: names of states, or probes (what the network's probes name), separated by "
                   "commas; default: probes")
      ->check(CLI::Validator([](std::string &text) { return text.empty() ? "expected names, found none" : ""; }, "NAMES"));
  command->add_option("--report", flags->report, "Folder for report.json and report.txt, with the counts of every step");
  command->add_option("--timeline", flags->timeline,
                      "What each core does in each step, as Chrome trace events (JSON, for Perfetto or chrome://tracing)");
  command->add_option("--save-weights", flags->saveWeights,
                      "Synapses that learn or come and go, after the run: CSV projection,source,target,delay,weight");
  command
      ->add_option("--dry-run-ranks", flags->dryRunRanks,
                   "Run as this many ranks of mpirun would, all on this machine, and report memory and traffic of each")
      ->check(CLI::Range(1u, 4096u));
  flags->machine.addTo(*command);
  flags->checkpoint.addTo(*command);
}
