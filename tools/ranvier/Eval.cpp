//===- Eval.cpp - `ranvier eval` ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Samples are independent (the machine is reset before each), so threads work on samples, each with a machine of its own; what a
// sample gives does not depend on who ran it.
//===----------------------------------------------------------------------===//
#include "RunReport.h"
#include "ranvier/Emulator/Session.h"
#include "ranvier/Formats/Hdf5Writer.h"
#include "ranvier/Support/File.h"
#include "ranvier/Support/Text.h"
#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

using namespace ranvier;
using namespace ranvier::tools;

namespace {
struct EvalFlags {
  std::string image, data, report, compare, spikes;
  uint32_t samples = 0;
  MachineFlags machine;
};

struct SampleResult {
  std::vector<double> outputs; ///< Output spikes per class in the shifted window, or the sum of their values where they carry any.
  uint32_t prediction = 0;
  emu::StepCounts counts;
  std::vector<std::vector<uint8_t>> spikes; ///< [population] -> [steps, count] in the network's own time, if asked for.
};

/// Runs samples `next`, `next + 1`, ... until none is left.
class Evaluator {
public:
  Evaluator(std::shared_ptr<const image::Image> image, const formats::DataSet &data, uint32_t samples, uint32_t input,
            uint32_t output, bool keepSpikes)
      : image(std::move(image)), data(data), input(input), output(output), keepSpikes(keepSpikes), results(samples) {
    for (const auto &population : this->image->meta.populations)
      deepest = std::max(deepest, population.depth);
  }

  Result<void> work(const emu::MachineOptions &options, const std::function<void(uint32_t)> &onSample) {
    emu::MachineOptions own = options;
    own.threads = 1;
    RANVIER_TRY(auto machine, emu::Machine::create(image, own));
    for (uint32_t sample; (sample = next.fetch_add(1)) < results.size();) {
      RANVIER_CHECK(evaluate(*machine, sample));
      onSample(++done);
    }
    return {};
  }
  std::vector<SampleResult> &all() { return results; }
  /// Counts of each step, added up over the samples.
  const std::vector<emu::StepCounts> &perStep() const { return stepTotals; }
  /// Of all samples, on a chip with a timer.
  const emu::RealTimeCounts &realTime() const { return realTimeTotals; }

private:
  Result<void> evaluate(emu::Machine &machine, uint32_t sample) {
    const uint32_t depth = image->meta.populations[output].depth, steps = data.steps + (keepSpikes ? deepest : depth);
    std::vector<emu::InputSpike> spikes;
    const int32_t plain = emu::plainPayload(*image);
    const uint8_t *row = data.spikes.data() + static_cast<size_t>(sample) * data.steps * data.neurons;
    for (uint32_t t = 0; t < data.steps; ++t)
      for (uint32_t n = 0; n < data.neurons; ++n, ++row)
        if (*row)
          spikes.push_back({t + 1, input, n, plain});
    machine.reset();
    SampleResult &result = results[sample];
    result.outputs.assign(image->meta.populations[output].count, 0);
    if (keepSpikes)
      for (const auto &population : image->meta.populations)
        result.spikes.emplace_back(static_cast<size_t>(data.steps) * population.count, 0);
    // The mapped network lags by its depth: as many extra steps, and the window of counting is shifted by them.
    auto run = emu::run(machine, spikes, {.steps = steps, .keepPerStep = true}, [&](const emu::StepView &view, emu::Machine &at) {
      if (keepSpikes)
        keep(result, view.step, at);
      if (view.step > depth && view.step <= depth + data.steps)
        addOutputs(result, at);
      return true;
    });
    if (!run)
      return run.error();
    result.counts = run->total;
    {
      std::lock_guard lock(stepMutex); // Integers: the order in which samples come cannot be seen.
      stepTotals.resize(std::max(stepTotals.size(), run->perStep.size()));
      for (size_t t = 0; t < run->perStep.size(); ++t)
        stepTotals[t] += run->perStep[t];
      realTimeTotals += machine.realTime();
    }
    result.prediction =
        static_cast<uint32_t>(std::max_element(result.outputs.begin(), result.outputs.end()) - result.outputs.begin());
    return {};
  }

  /// Sums run over steps in order, in binary64: exact for words, the same for any number of threads for binary32.
  void addOutputs(SampleResult &result, emu::Machine &machine) {
    const auto spikes = machine.spikes(output);
    const auto values = machine.payloads(output);
    for (size_t k = 0; k < spikes.size(); ++k)
      result.outputs[spikes[k]] += values.empty() ? 1.0
                                   : image->meta.profile == isa::Profile::F32
                                       ? std::bit_cast<float>(values[k])
                                       : values[k] * image->meta.populations[output].valueScale;
  }

  /// Each population's spikes, shifted back by its own depth.
  void keep(SampleResult &result, uint32_t step, emu::Machine &machine) {
    for (uint32_t p = 0; p < result.spikes.size(); ++p) {
      const auto &population = image->meta.populations[p];
      if (step > population.depth && step <= population.depth + data.steps)
        for (uint32_t neuron : machine.spikes(p))
          result.spikes[p][static_cast<size_t>(step - population.depth - 1) * population.count + neuron] = 1;
    }
  }

  std::shared_ptr<const image::Image> image;
  const formats::DataSet &data;
  uint32_t input, output, deepest = 0;
  bool keepSpikes;
  std::vector<SampleResult> results;
  std::mutex stepMutex;
  std::vector<emu::StepCounts> stepTotals;
  emu::RealTimeCounts realTimeTotals;
  std::atomic<uint32_t> next{0}, done{0};
};

/// Mean and 99th percentile (nearest rank) over samples.
Json statistics(std::vector<double> values) {
  if (values.empty())
    return nullptr;
  double sum = 0;
  for (double value : values)
    sum += value;
  std::sort(values.begin(), values.end());
  const size_t rank = static_cast<size_t>(std::ceil(0.99 * static_cast<double>(values.size()))) - 1;
  return {{"mean", sum / static_cast<double>(values.size())}, {"p99", values[rank]}, {"max", values.back()}};
}

std::string percent(double part) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %%", part * 100);
  return text;
}

/// " (0.013 of loihi1)" where the other eval knows the figure, too.
std::string ratioText(const Json &report, const char *key) {
  if (!report.contains("compared") || !report["compared"].contains(key))
    return "";
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", report["compared"][key].get<double>());
  return std::string(" (").append(text).append(" of ").append(report["compared"]["target"].get<std::string>()).append(")");
}

/// Shares of the parts of the energy on a chip with crossbars.
std::string energyParts(const Json &energy) {
  const double total = energy["total_j"].get<double>();
  const Json &macros = energy["crossbar"];
  std::string text;
  for (const auto &[name, joules] : {std::pair("array", macros["array_j"]), std::pair("drivers", macros["drivers_j"]),
                                     std::pair("converters", macros["converters_j"]),
                                     std::pair("shift-add", macros["shift_adds_j"]), std::pair("products", macros["products_j"]),
                                     std::pair("neurons", energy["soma_j"]), std::pair("buffers and network", energy["network_j"])})
    if (const double share = joules.get<double>() / total; share > 0)
      text += (text.empty() ? "" : ", ") + std::string(name) + " " + percent(share);
  return text;
}

std::string textReport(const Json &report) {
  auto cell = [](const Json &object, const char *key) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3f", object[key].get<double>());
    return std::string(text);
  };
  const Json &machine = report["machine"];
  std::string text = "network        " + report["network"].get<std::string>() + " on " + machine["chip"].get<std::string>() +
                     " (executor " + machine["executor"].get<std::string>() + ")\n";
  text += "samples        " + report["samples"].dump() + " of " + report["steps"].dump() + " steps, outputs counted " +
          report["depth"].dump() + " steps later\n";
  if (report.contains("accuracy")) {
    text += "accuracy       " + percent(report["accuracy"].get<double>());
    if (report.contains("compared")) {
      const Json &compared = report["compared"];
      text += "   (" + compared["target"].get<std::string>() + ": " +
              (compared.contains("accuracy") ? percent(compared["accuracy"].get<double>()) + ", " : "") + "same answer on " +
              percent(compared["same_predictions"].get<double>()) + ")";
    }
    text += "\n";
  }
  const bool timed = machine["timing"] != "off";
  const std::string unknown = timed ? "unknown: the chip's description has no figures\n" : "not asked for (--timing off)\n";
  text += "time           " + (report["latency_us"].is_null()
                                   ? unknown
                                   : cell(report["latency_us"], "mean") + " us per sample (p99 " +
                                         cell(report["latency_us"], "p99") + ")" + ratioText(report, "time_ratio") + "\n");
  text += "energy         " + (report["energy_uj"].is_null()
                                   ? unknown
                                   : cell(report["energy_uj"], "mean") + " uJ per sample (p99 " + cell(report["energy_uj"], "p99") +
                                         "), dynamic" + ratioText(report, "energy_ratio") + "\n");
  if (report.contains("energy") && report["energy"].contains("crossbar"))
    text += "of it          " + energyParts(report["energy"]) + "\n";
  if (machine.contains("costs")) {
    text += "costs          profile '" + machine["costs"]["name"].get<std::string>() +
            "': " + machine["costs"]["description"].get<std::string>() + "\n";
    // Where no energy is known at all, the line above says so.
    Json missing = report["energy_uj"].is_null() ? Json::array() : report["unknown_costs"];
    for (const Json &time : machine["costs"]["times_without_a_value"])
      if (std::find(missing.begin(), missing.end(), time) == missing.end())
        missing.push_back(time);
    if (!missing.empty())
      text += "not counted    " + missing.dump() + " (the profile has no value for them)\n";
  }
  const Json &mapping = report["mapping"];
  if (mapping.contains("cores") && mapping.contains("chips"))
    text += "cores          " + mapping["cores"]["used"].dump() + " on " + mapping["chips"]["used"].dump() + " chip(s)\n";
  text += "limited by     " + bindingLimit(mapping) + "\n";
  return text;
}

/// The report of another eval of the same samples.
Result<Json> readCompared(const std::string &path, uint32_t samples) {
  RANVIER_TRY(std::string text, readFile(path));
  RANVIER_TRY(Json other, parseJson(text, path));
  const auto predictions = other.find("predictions");
  if (!other.is_object() || predictions == other.end() || !predictions->is_array() || predictions->size() != samples)
    return Error{.code = 8031,
                 .message = "--compare wants the report.json of an eval of the same samples",
                 .file = path,
                 .expected = std::to_string(samples) + " predictions",
                 .found = other.is_object() && predictions != other.end() && predictions->is_array()
                              ? std::to_string(predictions->size())
                              : "none"};
  return other;
}

/// A mean of this report over that of the other one, where both know it.
void addRatio(Json &out, const char *key, const Json &report, const Json &other, const char *figure) {
  const auto mean = [&](const Json &of) {
    const auto at = of.find(figure);
    const bool known = at != of.end() && at->is_object() && at->contains("mean") && (*at)["mean"].is_number();
    return known ? (*at)["mean"].get<double>() : 0.0;
  };
  if (mean(report) > 0 && mean(other) > 0)
    out[key] = mean(report) / mean(other);
}

Json compareWith(const Json &other, const Json &report, const std::vector<SampleResult> &results) {
  const Json &predictions = other["predictions"];
  size_t same = 0;
  for (size_t k = 0; k < results.size(); ++k)
    same += predictions[k] == results[k].prediction;
  const bool named = other.contains("machine") && other["machine"].is_object() && other["machine"].contains("chip") &&
                     other["machine"]["chip"].is_string();
  Json out = {{"target", named ? other["machine"]["chip"] : Json("?")},
              {"same_predictions", static_cast<double>(same) / static_cast<double>(results.size())}};
  if (other.contains("accuracy") && other["accuracy"].is_number())
    out["accuracy"] = other["accuracy"];
  addRatio(out, "energy_ratio", report, other, "energy_uj");
  addRatio(out, "time_ratio", report, other, "latency_us");
  return out;
}

/// Figures of which every part is unknown are null: 0 would be a statement.
void addCosts(Json &report, const emu::Machine &machine, const emu::StepCounts &total, const std::vector<double> &latency,
              const std::vector<double> &energy) {
  report["latency_us"] = report["energy_uj"] = nullptr;
  if (!machine.costProfile())
    return;
  const emu::Energy whole = machine.energy(total);
  if (total.picoseconds > 0 || machine.unknownTimes().empty())
    report["latency_us"] = statistics(latency);
  if (whole.total() > 0 || whole.unknown.empty())
    report["energy_uj"] = statistics(energy);
  report["energy"] = toJson(whole);
  report["unknown_costs"] = whole.unknown;
}

Json makeReport(const EvalFlags &flags, const image::Image &image, const formats::DataSet &data, const emu::Machine &machine,
                uint32_t output, const std::vector<SampleResult> &results) {
  Json report = {{"command", "eval"},
                 {"image", fileName(flags.image)},
                 {"data", fileName(flags.data)},
                 {"network", image.meta.network},
                 {"samples", results.size()},
                 {"steps", data.steps},
                 {"depth", image.meta.populations[output].depth}};
  emu::StepCounts total;
  std::vector<double> latency, energy;
  size_t right = 0;
  Json predictions = Json::array();
  for (size_t k = 0; k < results.size(); ++k) {
    total += results[k].counts;
    latency.push_back(static_cast<double>(results[k].counts.picoseconds) * 1e-6);
    energy.push_back(machine.energy(results[k].counts).total() * 1e6);
    predictions.push_back(results[k].prediction);
    if (!data.labels.empty())
      right += static_cast<int64_t>(results[k].prediction) == data.labels[k];
  }
  if (!data.labels.empty() && !results.empty())
    report["accuracy"] = static_cast<double>(right) / static_cast<double>(results.size());
  addCosts(report, machine, total, latency, energy);
  report["totals"] = toJson(total, flags.machine.options().timing);
  report["machine"] = machineJson(machine, flags.machine);
  report["mapping"] = mappingJson(image);
  report["predictions"] = std::move(predictions);
  return report;
}

/// One array [S, T, n] a population.
Result<void> writeSpikes(const std::string &path, const image::Image &image, const formats::DataSet &data,
                         const std::vector<SampleResult> &results) {
  RANVIER_TRY(auto out, formats::Hdf5Writer::create(path, /*compress=*/true));
  for (uint32_t p = 0; p < image.meta.populations.size(); ++p) {
    std::vector<uint8_t> cells;
    for (const SampleResult &result : results)
      cells.insert(cells.end(), result.spikes[p].begin(), result.spikes[p].end());
    out->array(image.meta.populations[p].name, std::span<const uint8_t>(cells),
               {results.size(), data.steps, image.meta.populations[p].count});
  }
  return out->finish();
}

Result<void> eval(Context &context, EvalFlags &flags) {
  RANVIER_CHECK(checkOutput(flags.spikes, {flags.image, flags.data, flags.compare}));
  RANVIER_CHECK(flags.machine.check());
  RANVIER_TRY(auto image, openImage(flags.image));
  RANVIER_CHECK(flags.machine.readFaults(image->chip));
  RANVIER_TRY(formats::DataSet data, formats::readDataSet(flags.data));
  RANVIER_TRY(uint32_t input, theInput(*image));
  RANVIER_TRY(uint32_t output, theOutput(*image));
  if (data.neurons != image->meta.populations[input].count)
    return Error{.code = 8032,
                 .message = "the data set does not fit the network's input",
                 .file = flags.data,
                 .place = "input_spikes",
                 .expected = std::to_string(image->meta.populations[input].count) + " neurons",
                 .found = std::to_string(data.neurons)};
  if (data.dt > 0 && std::abs(data.dt - image->meta.dt) > 1e-9)
    context.warn("the data set's time step is " + std::to_string(data.dt) + " s, the network's " + std::to_string(image->meta.dt) +
                 " s");
  if (flags.samples > data.samples)
    context.warn("--samples " + std::to_string(flags.samples) + ": the set has only " + std::to_string(data.samples));
  const uint32_t samples = flags.samples ? std::min(flags.samples, data.samples) : data.samples;
  const auto classes = static_cast<int64_t>(image->meta.populations[output].count);
  const auto unknown =
      std::count_if(data.labels.begin(), data.labels.begin() + std::min<ptrdiff_t>(samples, std::ssize(data.labels)),
                    [&](int64_t label) { return label < 0 || label >= classes; });
  if (unknown)
    context.warn(counted(static_cast<uint64_t>(unknown), "label") + " of '" + flags.data + "' outside the output's classes 0.." +
                 std::to_string(classes - 1) + ": no prediction can be right there");
  // Whatever can be wrong with outputs is found before the work.
  Json compared;
  if (!flags.compare.empty()) {
    RANVIER_TRY(compared, readCompared(flags.compare, samples));
  }
  if (!flags.report.empty())
    RANVIER_CHECK(makeReportFolder(flags.report));
  if (!flags.spikes.empty()) {
    uint64_t cells = 0;
    for (const auto &population : image->meta.populations)
      cells += population.count * data.steps * samples;
    if (cells > (uint64_t(4) << 30))
      return Error{.code = 8033,
                   .message = "--spikes would need too much memory",
                   .expected = "at most 4 GiB",
                   .found = std::to_string(cells >> 30) + " GiB",
                   .hint = "use --samples"};
  }
  Evaluator evaluator(image, data, samples, input, output, !flags.spikes.empty());
  const unsigned available = std::max(1u, std::thread::hardware_concurrency());
  const unsigned workers = std::max(1u, std::min(flags.machine.threads ? flags.machine.threads : available, samples));
  context.progress->phase("eval", samples);
  const auto start = std::chrono::steady_clock::now();
  std::vector<Result<void>> outcomes(workers);
  const auto onSample = [&](uint32_t done) { context.progress->advance(done); };
  std::vector<std::thread> pool;
  for (unsigned w = 1; w < workers; ++w)
    pool.emplace_back([&, w] { outcomes[w] = evaluator.work(flags.machine.options(), onSample); });
  outcomes[0] = evaluator.work(flags.machine.options(), onSample);
  for (auto &thread : pool)
    thread.join();
  for (auto &outcome : outcomes)
    RANVIER_CHECK(std::move(outcome));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  RANVIER_TRY(auto machine, emu::Machine::create(image, flags.machine.options()));
  Json report = makeReport(flags, *image, data, *machine, output, evaluator.all());
  if (evaluator.realTime().stepPicoseconds)
    report["real_time"] = realTimeJson(*machine, evaluator.realTime());
  if (!flags.compare.empty())
    report["compared"] = compareWith(compared, report, evaluator.all());
  if (!flags.spikes.empty())
    RANVIER_CHECK(writeSpikes(flags.spikes, *image, data, evaluator.all()));
  const std::string text = textReport(report) + (report.contains("real_time") ? realTimeText(report["real_time"]) : "");
  report["wall"] = {{"seconds", seconds}, {"samples_per_second", samples / std::max(seconds, 1e-9)}, {"workers", workers}};
  if (!flags.report.empty()) {
    const emu::Timing timing = flags.machine.options().timing;
    Json whole = report;
    whole["per_step"] = perStepJson(evaluator.perStep(), timing);
    RANVIER_CHECK(writeReport(flags.report, whole, text + "\nAll samples together:\n" + perStepTable(evaluator.perStep(), timing)));
  }
  context.print(report, text);
  return {};
}
} // namespace

void tools::addEval(CLI::App &app, Context &context) {
  auto flags = std::make_shared<EvalFlags>();
  CLI::App *command = addCommand(app, context, "eval", "Classify a labelled data set with an image",
                                 "  ranvier eval digits.rvi --data examples/digits/test_set.h5 --report report/\n"
                                 "  ranvier eval digits.rvi --data set.h5 --costs fitted --json",
                                 [&context, flags] { return eval(context, *flags); });
  command->add_option("image", flags->image, "Image file (.rvi)")->required();
  command->add_option("--data", flags->data, "HDF5 file with input_spikes [S,T,N] and, for an accuracy, labels [S]")->required();
  command->add_option("--samples", flags->samples, "Only the first so many samples")->check(CLI::PositiveNumber);
  command->add_option("--report", flags->report,
                      "Folder for report.json and report.txt, with the counts of every step over all samples");
  command->add_option("--spikes", flags->spikes,
                      "HDF5 file for the spikes of every population [S,T,n], each shifted back by its depth");
  command->add_option("--compare", flags->compare, "report.json of another eval of the same samples, to stand beside this one");
  flags->machine.addTo(*command);
}
