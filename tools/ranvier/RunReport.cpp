//===- RunReport.cpp - Reports of run and eval ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RunReport.h"
#include "ranvier/Emulator/Mpi.h"
#include "ranvier/Emulator/Session.h"
#include "ranvier/HwModels/CellFaults.h"
#include "ranvier/Support/File.h"
#include "ranvier/Support/Text.h"
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

void MachineFlags::addTo(CLI::App &command) {
  command.add_option("--executor", executor, "How neuron programs run: jit, or interp (the definition)")
      ->check(CLI::IsMember({"jit", "interp"}))
      ->capture_default_str();
  command
      .add_option(
          "--timing", timing,
          "off: spikes only; fast: time and energy from event counts; detailed: time of every packet through links and buffers")
      ->check(CLI::IsMember({"off", "fast", "detailed"}))
      ->capture_default_str();
  command.add_option("--costs", costs, "Cost profile of the chip (default: its first; `ranvier targets --json` lists them)");
  command.add_flag("--lossless", lossless,
                   "On a chip with a timer, --timing detailed: a step takes as long as it must, and no spike is lost or late");
  command
      .add_option("--time-scale", timeScale,
                  "On a chip with a timer: how many times slower its clock runs than the network's (default: the chip's)")
      ->check(CLI::Range(1u, 1000000u));
  command.add_option("--threads", threads, "Threads; 0: as many as the machine has. Results do not depend on it")
      ->capture_default_str();
  command.add_option("--device-seed", deviceSeed,
                     "On a chip with crossbars: which devices of resistive memory it has (default: the chip's crossbar.seed)");
  command.add_option(
      "--faults", faults,
      "On a chip with crossbars: stuck cells, as rate=R,seed=S or low=L,high=H,seed=S (shares of all cells), or a file "
      "of format ranvier-cell-faults");
  command
      .add_option(
          "--weights", weights,
          "How an f32 image's weights are kept: f32, or i16 (in 65,535 steps of the largest of each population: less memory, "
          "faster, other results)")
      ->check(CLI::IsMember({"f32", "i16"}))
      ->capture_default_str();
}

emu::MachineOptions MachineFlags::options() const {
  return {.executor = executor == "jit" ? emu::Executor::Jit : emu::Executor::Interp,
          .timing = timing == "off"    ? emu::Timing::Off
                    : timing == "fast" ? emu::Timing::Fast
                                       : emu::Timing::Detailed,
          .threads = threads,
          .costProfile = costs,
          .weights = weights == "i16" ? emu::WeightStorage::I16 : emu::WeightStorage::F32,
          .lossless = lossless,
          .timeScale = timeScale,
          .device = {.seed = deviceSeed, .faults = cellFaults}};
}

Result<void> MachineFlags::readFaults(const hw::Chip &chip) {
  if (faults.empty())
    return {};
  RANVIER_TRY(cellFaults, hw::cellFaultsOf(faults, chip));
  return {};
}

std::string MachineFlags::faultsIdentity() const {
  if (faults.empty())
    return "";
  const auto text = readFile(faults);
  return text ? contentHash(*text) : faults;
}

Result<void> MachineFlags::check() const {
  if (!timed() && !costs.empty())
    return pointlessOption("--costs", "--timing off neither times nor weighs anything");
  if (lossless && timing != "detailed")
    return pointlessOption("--lossless", "--timing " + timing + " loses nothing");
  if (timeScale && !timed())
    return pointlessOption("--time-scale", "--timing off times nothing");
  return {};
}

namespace {
/// Every count with its name in reports; with timing off only the spikes.
struct CountColumn {
  const char *name;
  uint64_t (*count)(const emu::StepCounts &);
  bool withTimingOff = false;
};
template <uint64_t emu::StepCounts::*Member> uint64_t count(const emu::StepCounts &counts) { return counts.*Member; }
template <emu::SynapseClass Class> uint64_t events(const emu::StepCounts &counts) {
  return counts.eventsByClass[static_cast<size_t>(Class)];
}
constexpr CountColumn countColumns[] = {{"soma_accesses", count<&emu::StepCounts::somaAccesses>},
                                        {"soma_updates", count<&emu::StepCounts::somaUpdates>},
                                        {"spikes", count<&emu::StepCounts::spikes>, true},
                                        {"synaptic_events", count<&emu::StepCounts::synapticEvents>},
                                        {"synaptic_events_dense", events<emu::SynapseClass::Dense>},
                                        {"synaptic_events_sparse", events<emu::SynapseClass::Sparse>},
                                        {"synaptic_events_convolution", events<emu::SynapseClass::Convolution>},
                                        {"messages", count<&emu::StepCounts::messages>},
                                        {"input_messages", count<&emu::StepCounts::inputMessages>},
                                        {"arrivals", count<&emu::StepCounts::arrivals>},
                                        {"hops_within_tile", count<&emu::StepCounts::hopsWithinTile>},
                                        {"hops_east_west", count<&emu::StepCounts::hopsEastWest>},
                                        {"hops_north_south", count<&emu::StepCounts::hopsNorthSouth>},
                                        {"chip_hops", count<&emu::StepCounts::chipHops>}};
} // namespace

Json tools::toJson(const emu::StepCounts &counts, emu::Timing timing) {
  Json out = Json::object();
  for (const CountColumn &column : countColumns)
    if (timing != emu::Timing::Off || column.withTimingOff)
      out[column.name] = column.count(counts);
  if (const emu::CrossbarCounts &macros = counts.crossbar; macros.products)
    out["crossbar"] = {{"products", macros.products},
                       {"rows", macros.rows},
                       {"conversions", macros.conversions},
                       {"shift_adds", macros.shiftAdds},
                       {"conductance", static_cast<double>(macros.conductance) * 0x1p-16}};
  if (timing != emu::Timing::Off)
    out["picoseconds"] = counts.picoseconds;
  return out;
}

Json tools::perStepJson(const std::vector<emu::StepCounts> &steps, emu::Timing timing) {
  Json out = Json::array();
  for (const auto &counts : steps)
    out.push_back(toJson(counts, timing));
  return out;
}

std::string tools::perStepTable(const std::vector<emu::StepCounts> &steps, emu::Timing timing) {
  std::string text = "step";
  const bool all = timing != emu::Timing::Off;
  for (const CountColumn &column : countColumns)
    if (all || column.withTimingOff)
      text += std::string("\t") + column.name;
  text += all ? "\tpicoseconds\n" : "\n";
  for (size_t t = 0; t < steps.size(); ++t) {
    text += std::to_string(t + 1);
    for (const CountColumn &column : countColumns)
      if (all || column.withTimingOff)
        text += "\t" + std::to_string(column.count(steps[t]));
    text += all ? "\t" + std::to_string(steps[t].picoseconds) + "\n" : "\n";
  }
  return text;
}

namespace {
template <typename Provenance> Json provenanceJson(const Provenance &counts, bool predicted) {
  Json out = Json::object();
  for (const auto &entry : Provenance::names())
    if (!predicted || entry.foretold)
      out[entry.name] = counts.*entry.count;
  return out;
}

/// Numbers of the description that times in real time rest on and that nobody has published.
std::vector<std::string> estimatesOf(const emu::Machine &machine) {
  const hw::Chip &chip = machine.image().chip;
  std::vector<std::string> keys;
  const auto isGuess = [](hw::Provenance status) {
    return status == hw::Provenance::Estimate || status == hw::Provenance::Unknown;
  };
  for (const auto &[key, status] : chip.statuses)
    if (isGuess(status) && (key.starts_with("real_time.") || key == "topology.link_buffer" || key == "memories.spike_buffer" ||
                            key == "memories.row_buffers"))
      keys.push_back(key);
  if (const hw::CostProfile *profile = machine.costProfile())
    for (const auto &[event, cost] : profile->events)
      if (isGuess(cost.provenance) || !cost.picoseconds)
        keys.push_back("costs." + event);
  return keys;
}
} // namespace

Json tools::realTimeJson(const emu::Machine &machine, const emu::RealTimeCounts &counts) {
  return {{"step_picoseconds", counts.stepPicoseconds},
          {"time_scale", counts.timeScale},
          {"lossless", counts.lossless},
          {"predicted", counts.predicted},
          {"estimates", estimatesOf(machine)},
          {"cores", provenanceJson(counts.total(), counts.predicted)},
          {"routers", provenanceJson(counts.routers, counts.predicted)}};
}

std::string tools::realTimeText(const Json &realTime) {
  char line[120];
  std::snprintf(line, sizeof line, "real time    %.3f us a step (time scale %u), %s\n",
                static_cast<double>(realTime["step_picoseconds"].get<int64_t>()) * 1e-6, realTime["time_scale"].get<uint32_t>(),
                realTime["predicted"].get<bool>()  ? "predicted"
                : realTime["lossless"].get<bool>() ? "lossless: steps may be longer"
                                                   : "with the machine's losses");
  std::string text = line;
  for (const char *part : {"cores", "routers"})
    for (const auto &[name, count] : realTime[part].items())
      if (count != 0)
        text += "             " + name + " " + count.dump() + "\n";
  std::string estimates;
  for (const auto &key : realTime["estimates"])
    estimates += (estimates.empty() ? "" : ", ") + key.get<std::string>();
  return estimates.empty() ? text : text + "estimates    " + estimates + "\n";
}

Json tools::coresJson(const image::Image &image, const std::vector<emu::CoreTimes> &cores, const emu::RealTimeCounts &counts) {
  Json out = Json::array();
  for (size_t c = 0; c < cores.size(); ++c) {
    out.push_back({{"chip", image.cores[c].chip},
                   {"core", image.cores[c].core},
                   {"soma_ps", cores[c].soma},
                   {"axon_out_ps", cores[c].axonOut},
                   {"stalled_ps", cores[c].stalled},
                   {"axon_in_ps", cores[c].axonIn},
                   {"synapse_ps", cores[c].synapse},
                   {"idle_ps", cores[c].idle}});
    if (c < counts.cores.size())
      out.back()["provenance"] = provenanceJson(counts.cores[c], counts.predicted);
  }
  return out;
}

Json tools::linksJson(const emu::Machine &machine, const std::vector<emu::LinkTimes> &links) {
  Json out = Json::array();
  for (size_t l = 0; l < links.size(); ++l) {
    const emu::LinkPlace &place = machine.links()[l];
    out.push_back({{"chip", place.chip},
                   {"x", place.x},
                   {"y", place.y},
                   {"direction", hw::toString(place.direction)},
                   {"packets", links[l].packets},
                   {"busy_ps", links[l].busy},
                   {"waited_ps", links[l].waited},
                   {"blocked_ps", links[l].blocked}});
  }
  return out;
}

Json tools::toJson(const emu::Energy &energy) {
  Json out = {{"soma_j", energy.soma},
              {"synapse_j", energy.synapse},
              {"network_j", energy.network},
              {"total_j", energy.total()},
              {"unknown", energy.unknown}};
  if (energy.macros() > 0)
    out["crossbar"] = {{"array_j", energy.array},
                       {"drivers_j", energy.drivers},
                       {"converters_j", energy.converters},
                       {"shift_adds_j", energy.shiftAdds},
                       {"products_j", energy.products}};
  return out;
}

Json tools::machineJson(const emu::Machine &machine, const MachineFlags &flags) {
  const hw::Chip &chip = machine.image().chip;
  Json out = {{"chip", chip.name},
              {"executor", flags.executor},
              {"timing", flags.timing},
              {"threads", machine.threads()},
              {"synapses", machine.synapses()}};
  if (chip.crossbar) {
    out["device_seed"] = flags.deviceSeed.value_or(chip.crossbar->seed);
    if (!flags.faults.empty())
      out["faults"] = {{"low", flags.cellFaults.lowRate},
                       {"high", flags.cellFaults.highRate},
                       {"seed", flags.cellFaults.seed},
                       {"listed", flags.cellFaults.cells.size()}};
  }
  if (machine.image().meta.profile == isa::Profile::F32)
    out["weights"] = flags.weights;
  if (const hw::CostProfile *profile = machine.costProfile()) {
    Json costs = {{"name", profile->name}, {"description", profile->description}};
    Json &events = costs["events"] = Json::object();
    for (const auto &[event, cost] : profile->events) {
      Json &entry = events[event] = {{"provenance", hw::toString(cost.provenance)}, {"source", cost.source}};
      if (cost.joules)
        entry["joules"] = *cost.joules;
      if (cost.picoseconds)
        entry["picoseconds"] = *cost.picoseconds;
    }
    if (profile->cycles) {
      Json &cycles = costs["cycles"] = {{"clock_picoseconds", profile->cycles->clockPicoseconds}};
      for (unsigned n = 0; n < hw::CycleModel::NumNumbers; ++n) {
        const hw::CycleModel::Entry &entry = profile->cycles->numbers[n];
        cycles[hw::CycleModel::keys[n].name] = {
            {"value", entry.value}, {"provenance", hw::toString(entry.status)}, {"source", entry.source}};
      }
    }
    costs["times_without_a_value"] = machine.unknownTimes();
    if (profile->staticWattsPerChip)
      costs["static_watts_per_chip"] = {{"value", *profile->staticWattsPerChip},
                                        {"provenance", hw::toString(profile->staticProvenance)},
                                        {"source", profile->staticSource}};
    out["costs"] = costs;
  }
  return out;
}

Json tools::mappingJson(const image::Image &image) {
  auto parsed = parseJson(image.meta.mapping, "mapping");
  return parsed ? *parsed : Json::object();
}

std::string tools::bindingLimit(const Json &mapping) {
  auto at = mapping.find("binding");
  if (at != mapping.end() && at->is_null())
    return "nothing: the target states no limit of a core";
  if (at == mapping.end() || !at->is_object() || !at->contains("limit") || !(*at)["limit"].is_string())
    return "unknown";
  char text[200];
  std::snprintf(text, sizeof text, "%s: %s of %s on core %s of chip %s (%s)", (*at)["limit"].get<std::string>().c_str(),
                (*at)["max_used"].dump().c_str(), (*at)["available"].dump().c_str(), (*at)["core"].dump().c_str(),
                (*at)["chip"].dump().c_str(), (*at)["populations"].dump().c_str());
  return text;
}

Result<void> tools::makeReportFolder(const std::string &folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return Error{.code = 8024,
                 .message = "cannot make the report folder",
                 .file = folder,
                 .found = error.message(),
                 .kind = ErrorKind::System};
  return {};
}

Result<void> tools::writeReport(const std::string &folder, const Json &report, const std::string &text) {
  RANVIER_CHECK(writeFileAtomically(folder + "/report.json", report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"));
  return writeFileAtomically(folder + "/report.txt", text);
}

namespace {
std::vector<uint32_t> externalInputs(const image::Image &image) {
  std::vector<uint32_t> out;
  for (uint32_t p = 0; p < image.meta.populations.size(); ++p)
    if (image.meta.populations[p].input && image.meta.populations[p].source.empty())
      out.push_back(p);
  return out;
}
} // namespace

Result<uint32_t> tools::theInput(const image::Image &image) {
  const auto inputs = externalInputs(image);
  if (inputs.size() != 1)
    return Error{.code = 8021,
                 .message = "the spikes do not say which input they belong to",
                 .expected = "an image with one external input",
                 .found = std::to_string(inputs.size()) + " inputs"};
  return inputs[0];
}

Result<std::vector<emu::InputSpike>> tools::readInputs(Context &context, const std::string &file, uint32_t sample,
                                                       const image::Image &image, uint64_t &uncounted) {
  uncounted = 0;
  if (file.empty())
    return std::vector<emu::InputSpike>{};
  formats::SpikeReadOptions read;
  read.dt = image.meta.dt;
  read.countEvents = image.chip.gradedSpikes;
  if (auto only = theInput(image))
    read.sensorShape = image.meta.populations[*only].shape;
  RANVIER_TRY(const formats::SpikeTrains trains, formats::readSpikes(file, read, sample));
  for (const auto &[name, train] : trains)
    uncounted += train.uncounted;
  if (uncounted && emu::launchedRank() == 0)
    context.warn("'" + image.chip.name + "' takes no graded spikes: " + std::to_string(uncounted) +
                 " camera events that repeat an event of their pixel and step are left out");
  return toInputs(image, trains, file);
}

Result<uint32_t> tools::theOutput(const image::Image &image) {
  std::vector<uint32_t> outputs;
  for (uint32_t p = 0; p < image.meta.populations.size(); ++p)
    if (image.meta.populations[p].output)
      outputs.push_back(p);
  if (outputs.size() != 1)
    return Error{.code = 8023,
                 .message = "classification needs one output population",
                 .found = std::to_string(outputs.size()) + " outputs"};
  return outputs[0];
}

Result<std::vector<emu::InputSpike>> tools::toInputs(const image::Image &image, const formats::SpikeTrains &trains,
                                                     const std::string &file) {
  std::vector<emu::InputSpike> out;
  const bool isFloat = image.meta.profile == isa::Profile::F32;
  // A recording names every population of its network; what neurons of this one fired is no input.
  const auto ofThisNetwork = [&](const std::string &name) {
    return std::any_of(image.meta.populations.begin(), image.meta.populations.end(),
                       [&](const auto &population) { return !population.input && population.name == name; });
  };
  const auto inputs = externalInputs(image);
  const bool anyInput =
      std::any_of(inputs.begin(), inputs.end(), [&](uint32_t p) { return trains.count(image.meta.populations[p].name); });
  for (const auto &[name, train] : trains) {
    uint32_t population = image::none;
    if (anyInput && ofThisNetwork(name))
      continue;
    if (name.empty()) {
      RANVIER_TRY(population, theInput(image));
    } else {
      for (uint32_t p : externalInputs(image))
        if (image.meta.populations[p].name == name)
          population = p;
      if (population == image::none && trains.size() == 1 && externalInputs(image).size() == 1)
        population = externalInputs(image)[0];
    }
    if (population == image::none) {
      std::string known;
      for (uint32_t p : externalInputs(image))
        known += (known.empty() ? "" : ", ") + image.meta.populations[p].name;
      return Error{
          .code = 8020, .message = "the image has no external input of this name", .file = file, .expected = known, .found = name};
    }
    for (const auto &event : train.events) {
      if (event.neuron >= image.meta.populations[population].count)
        return Error{.code = 8022,
                     .message = "a spike of a neuron that does not exist",
                     .file = file,
                     .place = "step " + std::to_string(event.step),
                     .expected = "neurons 0.." + std::to_string(image.meta.populations[population].count - 1),
                     .found = std::to_string(event.neuron)};
      int32_t payload = emu::plainPayload(image);
      if (event.value != 1) {
        if (isFloat)
          std::memcpy(&payload, &event.value, sizeof payload);
        else if (event.value == static_cast<float>(static_cast<int32_t>(event.value)))
          payload = static_cast<int32_t>(event.value);
        else
          return Error{.code = 8022,
                       .message = "a graded spike is no integer, and the target computes in integers",
                       .file = file,
                       .place = "step " + std::to_string(event.step),
                       .found = decimal(event.value)};
      }
      if (event.value != 1 && !image.chip.gradedSpikes)
        return Error{.code = 7014,
                     .message = "a spike carries a value, which '" + image.chip.name + "' cannot take",
                     .file = file,
                     .place = "step " + std::to_string(event.step) + ", neuron " + std::to_string(event.neuron),
                     .expected = "plain spikes (value 1)",
                     .found = decimal(event.value)};
      out.push_back({event.step, population, event.neuron, payload});
    }
  }
  std::stable_sort(out.begin(), out.end(), [](const auto &a, const auto &b) {
    return std::tie(a.step, a.population, a.neuron) < std::tie(b.step, b.population, b.neuron);
  });
  return out;
}
