//===- ChipPrinter.cpp - A chip as complete YAML --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an image carries: every key with its value and its source, so that later defaults cannot change what an old image means.
//===----------------------------------------------------------------------===//
#include "ChipSchema.h"
#include "CrossbarSchema.h"
#include <charconv>
#include <cstdio>

namespace ranvier::hw {
namespace {
constexpr const char *notStated = "not stated";

std::string quote(const std::string &text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out += std::string("\\") + c;
    else if (c == '\n')
      out += "\\n";
    else if (byte < 0x20 || byte == 0x7F) {
      char code[8];
      std::snprintf(code, sizeof code, "\\x%02x", byte);
      out += code;
    } else
      out += c;
  }
  return out + "\"";
}

std::string list(const std::vector<std::string> &texts) {
  std::string out = "[";
  for (const std::string &text : texts)
    out += (out.size() > 1 ? ", " : "") + quote(text);
  return out + "]";
}

/// Shortest text that reads back as the same number, its decimal point moved by `places`.
std::string decimal(double value, int places) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
  return detail::shiftDecimal(std::string(text, end.ptr), places);
}

std::string nanoseconds(int64_t picoseconds) { return detail::shiftDecimal(std::to_string(picoseconds), -3); }

std::string trust(const std::string &source, Provenance status) {
  return "source: " + quote(source.empty() ? notStated : source) + ", status: " + toString(status);
}

std::string section(const Chip &chip, const std::string &name) {
  std::string out = name + ":\n";
  if (name == "arithmetic")
    out += "  profile: " + detail::profileWords[static_cast<size_t>(chip.profile)] +
           "\n  forbidden_ops: " + list(chip.forbiddenOps) + "\n";
  if (name == "topology")
    out += "  kind: " + detail::topologyWords[static_cast<size_t>(chip.topology)] + "\n";
  if (name == "native")
    out += "  form: cuba_lif\n";
  if (name == "memories")
    out += "  form: population_table\n";
  if (name == "real_time")
    out += "  form: timer\n";
  const std::string &source = name == "native" ? chip.nativeCuba->source : name == "storage" ? chip.storage.source : std::string();
  if (!source.empty())
    out += "  source: " + quote(source) + "\n";
  for (const detail::Field &field : detail::fields()) {
    if (field.section != name)
      continue;
    const int64_t value = field.get(chip);
    out += std::string("  ") + field.key + ": ";
    if (field.isSwitch) {
      out += value ? "true\n" : "false\n";
      continue;
    }
    const auto from = chip.sources.find(field.path());
    const auto status = chip.statuses.find(field.path());
    out += "{value: " + (field.mayBeUnlimited && value == 0 ? "unlimited" : std::to_string(value)) + ", " +
           trust(from == chip.sources.end() ? "" : from->second,
                 status == chip.statuses.end() ? Provenance::Defined : status->second) +
           "}\n";
  }
  return out;
}

std::string profileText(const CostProfile &profile) {
  std::string out = "  - name: " + quote(profile.name) + "\n    description: " + quote(profile.description) + "\n";
  if (!profile.events.empty())
    out += "    events:\n";
  for (const auto &[event, cost] : profile.events) {
    out += "      " + event + ": {energy_pj: " + (cost.joules ? decimal(*cost.joules, 12) : "unknown") +
           ", time_ns: " + (cost.picoseconds ? nanoseconds(*cost.picoseconds) : "unknown");
    if (cost.joules || cost.picoseconds)
      out += ", " + trust(cost.source, cost.provenance);
    else if (!cost.source.empty())
      out += ", source: " + quote(cost.source);
    out += "}\n";
  }
  if (profile.cycles) {
    const CycleModel &cycles = *profile.cycles;
    out += "    cycles:\n      clock_ns: {value: " + nanoseconds(cycles.clockPicoseconds) + ", " +
           trust(cycles.clockSource, cycles.clockStatus) + "}\n";
    for (unsigned n = 0; n < CycleModel::NumNumbers; ++n)
      out += std::string("      ") + CycleModel::keys[n].name + ": {value: " + std::to_string(cycles.numbers[n].value) + ", " +
             trust(cycles.numbers[n].source, cycles.numbers[n].status) + "}\n";
  }
  if (!profile.barrierPicoseconds.empty()) {
    out += "    barrier:\n      times_ns: {";
    const char *comma = "";
    for (const auto &[tiles, time] : profile.barrierPicoseconds) {
      out += comma + std::to_string(tiles) + ": " + nanoseconds(time);
      comma = ", ";
    }
    out += std::string("}\n      interpolate: ") + (profile.interpolateBarrier ? "true" : "false") + "\n";
    out += "      source: " + quote(profile.barrierSource.empty() ? notStated : profile.barrierSource) +
           "\n      status: " + toString(profile.barrierProvenance) + "\n";
  }
  if (profile.staticWattsPerChip)
    out += "    static_power: {watts_per_chip: " + decimal(*profile.staticWattsPerChip, 0) + ", " +
           trust(profile.staticSource, profile.staticProvenance) + "}\n";
  return out;
}

std::string crossbarText(const Chip &chip) {
  using Kind = detail::CrossbarField::Kind;
  std::string out = "crossbar:\n";
  for (const detail::CrossbarField &field : detail::crossbarFields()) {
    const double value = field.get(*chip.crossbar);
    const std::string path = std::string("crossbar.") + field.key;
    out += std::string("  ") + field.key + ": ";
    if (field.kind == Kind::Switch) {
      out += value != 0 ? "true\n" : "false\n";
    } else if (field.kind == Kind::Word) {
      out += (*field.words)[static_cast<size_t>(value)] + "\n";
    } else {
      const auto from = chip.sources.find(path);
      const auto status = chip.statuses.find(path);
      const std::string number = field.mayBeUnlimited && value == 0 ? "unlimited"
                                 : field.kind == Kind::Integer      ? std::to_string(static_cast<int64_t>(value))
                                                                    : decimal(value, 0);
      out += "{value: " + number + ", " +
             trust(from == chip.sources.end() ? "" : from->second,
                   status == chip.statuses.end() ? Provenance::Defined : status->second) +
             "}\n";
    }
  }
  return out;
}

/// Nothing where nothing is dead: a description without the section stays as it was.
std::string faultsText(const Faults &faults) {
  if (faults.empty())
    return "";
  const auto number = [](uint32_t value) { return std::to_string(value); };
  std::string chips, cores, links;
  for (const uint32_t chip : faults.chips)
    chips += (chips.empty() ? "" : ", ") + number(chip);
  for (const Faults::Core &core : faults.cores)
    cores += "    - {chip: " + number(core.chip) + ", core: " + number(core.core) + "}\n";
  for (const Faults::Link &link : faults.links)
    links += "    - {chip: " + number(link.chip) + ", x: " + number(link.x) + ", y: " + number(link.y) +
             ", direction: " + toString(link.direction) + "}\n";
  return "faults:\n  chips: [" + chips + "]\n" + (cores.empty() ? "" : "  cores:\n" + cores) +
         (links.empty() ? "" : "  links:\n" + links);
}
} // namespace

std::string resolvedText(const Chip &chip) {
  std::string out = "format: ranvier-chip\nversion: 1\nname: " + quote(chip.name) + "\ndescription: " + quote(chip.description) +
                    "\nunsupported: " + list(chip.unsupported) + "\n";
  for (const std::string &name : detail::fieldSections)
    if ((name != "native" || chip.nativeCuba) && (name != "memories" || chip.memories) && (name != "real_time" || chip.realTime))
      out += section(chip, name);
  if (chip.crossbar)
    out += crossbarText(chip);
  out += faultsText(chip.faults);
  if (!chip.costs.empty())
    out += "costs:\n";
  for (const CostProfile &profile : chip.costs)
    out += profileText(profile);
  return out;
}

} // namespace ranvier::hw
