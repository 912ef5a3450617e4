//===- ChipLoader.cpp - From YAML to a chip -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the tree against the tables of ChipSchema. A chip with a failure is never handed out.
//===----------------------------------------------------------------------===//
#include "CrossbarSchema.h"
#include "FaultsReader.h"
#include "YamlReader.h"

namespace ranvier::hw {
namespace {
using detail::Field;
using detail::join;
using detail::YamlNode;

/// A source and a status, as a section or a number states them.
struct Trust {
  std::string source;
  std::optional<Provenance> status;
};

class Loader : detail::YamlReader {
public:
  Loader(const std::string &file) : YamlReader(file) { chip.path = file; }
  Result<Chip> load(const YamlNode &root);

private:
  //===--- Sources --------------------------------------------------------===//
  /// `source` and `status` of a map, else what its surroundings say.
  Trust trust(const YamlNode &map, const std::string &path, Trust outer) {
    if (const YamlNode *node = find(map, "source"); node && !failure) {
      outer.source = text(*node, below(path, "source"));
      if (outer.source.find_first_not_of(" \n\t") == std::string::npos)
        fail(2010, *node, below(path, "source"), "empty source", "author, year, table or page", "nothing");
    }
    if (const YamlNode *node = find(map, "status"); node && !failure)
      outer.status = static_cast<Provenance>(word(*node, below(path, "status"), detail::provenanceWords));
    return outer;
  }
  void requireTrust(const Trust &trust, const YamlNode &node, const std::string &path) {
    if (trust.source.empty() || !trust.status)
      fail(2010, node, path, trust.source.empty() ? "a number without a source" : "a number without a status",
           "source and status, beside the number or in its section", trust.source.empty() ? "no source" : "no status",
           "write it as {value: N, source: \"...\", status: published} or give the section a source and a status");
  }

  //===--- Parts ----------------------------------------------------------===//
  void readField(const Field &field, const YamlNode &node, const Trust &outer);
  void readSection(const YamlNode &root, const std::string &section);
  void readCrossbar(const YamlNode &node);
  void readCrossbarField(const detail::CrossbarField &field, const YamlNode &node, const Trust &outer);
  void checkCrossbar(const YamlNode &section);
  void readChoices(const YamlNode &root);
  void readCosts(const YamlNode &node);
  CostProfile readProfile(const YamlNode &node, const std::string &path);
  Cost readCost(const YamlNode &node, const std::string &path, const std::string &event, const Trust &outer);
  void readBarrier(const YamlNode &node, const std::string &path, const Trust &outer, CostProfile &profile);
  const YamlNode *readNumber(const YamlNode &node, const std::string &path, Trust &own);
  void readCycles(const YamlNode &node, const std::string &path, const Trust &outer, CostProfile &profile);
  void checkCycles(const YamlNode &costs);
  void checkWhole(const YamlNode &root);
  void checkMemories(const YamlNode &section);
  void checkRealTime(const YamlNode &section);

  Chip chip;
};

/// A number may stand alone (its section's source holds) or as {value, source, status}. Null after a failure.
const YamlNode *Loader::readNumber(const YamlNode &node, const std::string &path, Trust &own) {
  const YamlNode *value = &node;
  if (node.kind == Kind::Map) {
    if (!checkMap(node, path, "number"))
      return nullptr;
    value = require(node, path, "value");
    own = trust(node, path, own);
  }
  return failure ? nullptr : value;
}

void Loader::readField(const Field &field, const YamlNode &node, const Trust &outer) {
  const std::string path = field.path();
  if (field.isSwitch) {
    field.set(chip, flag(node, path));
    return;
  }
  Trust own = outer;
  const YamlNode *value = readNumber(node, path, own);
  if (!value)
    return;
  const bool unlimited = field.mayBeUnlimited && value->kind == Kind::Scalar && value->text == "unlimited";
  field.set(chip, unlimited ? 0 : integer(*value, path, field.min, field.max));
  requireTrust(own, node, path);
  if (!failure) {
    chip.sources[path] = own.source;
    chip.statuses[path] = *own.status;
  }
}

void Loader::readSection(const YamlNode &root, const std::string &section) {
  const YamlNode *node = find(root, section);
  if (node && !checkMap(*node, section, section))
    return;
  if (section == "native") {
    if (!node)
      return;
    chip.nativeCuba.emplace();
    if (const YamlNode *form = require(*node, section, "form"))
      word(*form, "native.form", {"cuba_lif"});
  }
  if (section == "memories") {
    if (!node)
      return;
    chip.memories.emplace();
    if (const YamlNode *form = require(*node, section, "form"))
      word(*form, "memories.form", {"population_table"});
  }
  if (section == "real_time") {
    if (!node)
      return;
    chip.realTime.emplace();
    if (const YamlNode *form = require(*node, section, "form"))
      word(*form, "real_time.form", {"timer"});
  }
  const Trust own = node ? trust(*node, section, {}) : Trust{};
  for (const Field &field : detail::fields()) {
    if (failure || field.section != section)
      continue;
    if (const YamlNode *value = node ? find(*node, field.key) : nullptr)
      readField(field, *value, own);
    else if (!field.isSwitch) {
      chip.sources[field.path()] = detail::defaultSource;
      chip.statuses[field.path()] = Provenance::Defined;
    }
  }
  if (section == "native")
    chip.nativeCuba->source = own.source;
  if (section == "storage")
    chip.storage.source = own.source;
}

void Loader::readCrossbarField(const detail::CrossbarField &field, const YamlNode &node, const Trust &outer) {
  using FieldKind = detail::CrossbarField::Kind;
  const std::string path = std::string("crossbar.") + field.key;
  Crossbar &crossbar = *chip.crossbar;
  if (field.kind == FieldKind::Switch)
    return field.set(crossbar, flag(node, path) ? 1 : 0);
  if (field.kind == FieldKind::Word)
    return field.set(crossbar, static_cast<double>(word(node, path, *field.words)));
  Trust own = outer;
  const YamlNode *value = readNumber(node, path, own);
  if (!value)
    return;
  if (field.mayBeUnlimited && value->kind == Kind::Scalar && value->text == "unlimited") {
    field.set(crossbar, 0);
  } else if (field.kind == FieldKind::Integer) {
    field.set(crossbar,
              static_cast<double>(integer(*value, path, static_cast<int64_t>(field.min), static_cast<int64_t>(field.max))));
  } else {
    const double found = real(*value, path, 0, field.max);
    if (!failure && (found < field.min || (field.aboveMin && found <= field.min)))
      fail(2030, *value, path, "a value of the crossbar is out of range",
           "a number above 0, at most " + std::to_string(static_cast<int64_t>(field.max)), shown(*value));
    field.set(crossbar, found);
  }
  requireTrust(own, node, path);
  if (!failure) {
    chip.sources[path] = own.source;
    chip.statuses[path] = *own.status;
  }
}

void Loader::readCrossbar(const YamlNode &node) {
  if (!checkMap(node, "crossbar", "crossbar"))
    return;
  chip.crossbar.emplace();
  const Trust own = trust(node, "crossbar", {});
  for (const char *key : {"cells_per_weight", "inputs", "outputs", "readout"})
    require(node, "crossbar", key);
  for (const detail::CrossbarField &field : detail::crossbarFields()) {
    if (failure)
      return;
    const std::string path = std::string("crossbar.") + field.key;
    if (const YamlNode *value = find(node, field.key)) {
      readCrossbarField(field, *value, own);
    } else if (field.isNumber()) {
      chip.sources[path] = detail::defaultSource;
      chip.statuses[path] = Provenance::Defined;
    }
  }
}

/// Columns of currents add up what arrives in a step as integers of one unit, without values, and change when they are programmed.
void Loader::checkCrossbar(const YamlNode &section) {
  if (const auto conflict = detail::crossbarConflict(*chip.crossbar)) {
    const YamlNode *at = find(section, conflict->key);
    return fail(2031, at ? *at : section, std::string("crossbar.") + conflict->key, "the crossbar cannot have this together",
                conflict->expected, conflict->found);
  }
  const auto check = [&](bool right, const std::string &expected, const std::string &found) {
    if (!right)
      fail(2032, section, "crossbar", "a chip whose synapses cannot be cells of a crossbar", expected, found);
  };
  const Crossbar &crossbar = *chip.crossbar;
  check(chip.profile == isa::Profile::Int, "arithmetic.profile int", "f32");
  check(!chip.gradedSpikes, "arithmetic.graded_spikes false", "true");
  check(!chip.ringBuffers.bits, "ring_buffers.bits 0", std::to_string(chip.ringBuffers.bits));
  check(!chip.plasticity.learns, "plasticity.learns false", "true");
  check(!chip.memories, "no section 'memories'", "one");
  check(!chip.storage.procedural, "storage.procedural false", "true");
  check(!chip.weights.sharedKernels, "weights.shared_kernels false", "true");
  check(chip.minDelay > 0, "delays.min_steps of at least 1", "0");
  check(chip.weights.minExponent == 0 && chip.weights.maxExponent == 0, "weights.min_exponent and max_exponent 0",
        std::to_string(chip.weights.minExponent) + " and " + std::to_string(chip.weights.maxExponent));
  check(!chip.weights.signModes, "weights.sign_modes false", "true");
  check((int64_t(1) << chip.weights.maxBits) - 1 <= crossbar.largestWeight(),
        "weights.max_bits of weights up to " + std::to_string(crossbar.largestWeight()) + ", what cells can hold",
        std::to_string(chip.weights.maxBits));
  check(!chip.core.axonsIn, "core.axons_in unlimited: crossbar.inputs says how many rows there are",
        std::to_string(chip.core.axonsIn));
  check(!crossbar.isNoisy() || chip.placeDependentNumbers, "arithmetic.place_dependent_numbers true: each macro is another device",
        "false");
}

/// What is neither a number nor a switch.
void Loader::readChoices(const YamlNode &root) {
  const YamlNode *format = require(root, "", "format");
  if (format && text(*format, "format") != "ranvier-chip")
    fail(2012, *format, "format", "not a chip description", "ranvier-chip", shown(*format));
  if (const YamlNode *version = require(root, "", "version"))
    integer(*version, "version", 1, 1);
  if (const YamlNode *name = require(root, "", "name")) {
    chip.name = text(*name, "name");
    if (chip.name.empty())
      fail(2009, *name, "name", "empty name", "a name", "nothing");
  }
  if (const YamlNode *description = find(root, "description"))
    chip.description = text(*description, "description");
  if (const YamlNode *list = find(root, "unsupported"))
    chip.unsupported = texts(*list, "unsupported");
  const YamlNode *arithmetic = require(root, "", "arithmetic");
  if (!arithmetic || !checkMap(*arithmetic, "arithmetic", "arithmetic"))
    return;
  if (const YamlNode *profile = require(*arithmetic, "arithmetic", "profile"))
    chip.profile = static_cast<isa::Profile>(word(*profile, "arithmetic.profile", detail::profileWords));
  if (const YamlNode *list = find(*arithmetic, "forbidden_ops")) {
    chip.forbiddenOps = texts(*list, "arithmetic.forbidden_ops");
    for (size_t i = 0; i < chip.forbiddenOps.size() && !failure; ++i)
      if (!isa::findMnemonic(chip.forbiddenOps[i]))
        fail(2012, list->items[i], "arithmetic.forbidden_ops", "unknown microcode instruction",
             "a mnemonic of docs/spec/microcode.md", shown(list->items[i]));
  }
  const YamlNode *topology = require(root, "", "topology");
  if (!topology || !checkMap(*topology, "topology", "topology"))
    return;
  if (const YamlNode *kind = require(*topology, "topology", "kind"))
    chip.topology = static_cast<Topology>(word(*kind, "topology.kind", detail::topologyWords));
  if (const YamlNode *delays = require(root, "", "delays"); delays && checkMap(*delays, "delays", "delays"))
    for (const char *key : {"min_steps", "max_steps"})
      require(*delays, "delays", key);
}

//===--- Costs ------------------------------------------------------------===//

Cost Loader::readCost(const YamlNode &node, const std::string &path, const std::string &event, const Trust &outer) {
  Cost cost;
  if (!checkMap(node, path, "costs[].events." + event))
    return cost;
  const auto isKnown = [](const YamlNode *value) { return value && !(value->kind == Kind::Scalar && value->text == "unknown"); };
  if (const YamlNode *value = find(node, "energy_pj"); isKnown(value))
    cost.joules = real(*value, path + ".energy_pj", -12, 1e15);
  if (const YamlNode *value = find(node, "time_ns"); isKnown(value))
    cost.picoseconds = picoseconds(*value, path + ".time_ns");
  if (event == "crossbar_cell" && cost.picoseconds)
    fail(2011, *find(node, "time_ns"), path + ".time_ns", "cells of a product conduct side by side", "no time, or unknown",
         "a time");
  Trust own = trust(node, path, outer);
  if (cost.joules || cost.picoseconds)
    requireTrust(own, node, path);
  else
    own.status = Provenance::Unknown;
  cost.source = own.source;
  cost.provenance = own.status.value_or(Provenance::Unknown);
  return cost;
}

void Loader::readBarrier(const YamlNode &node, const std::string &path, const Trust &outer, CostProfile &profile) {
  if (!checkMap(node, path, "costs[].barrier"))
    return;
  if (const YamlNode *value = find(node, "interpolate"))
    profile.interpolateBarrier = flag(*value, path + ".interpolate");
  const YamlNode *times = require(node, path, "times_ns");
  if (!times)
    return;
  if (times->kind != Kind::Map || times->keys.empty())
    return fail(2008, *times, path + ".times_ns", "wrong type", "a map from number of tiles to nanoseconds", shown(*times));
  for (size_t i = 0; i < times->keys.size() && !failure; ++i) {
    const int64_t tiles = integer(times->keys[i], path + ".times_ns", 1, 0xFFFFFFFFll);
    const int64_t time = picoseconds(times->items[i], path + ".times_ns." + times->keys[i].text);
    if (!failure && !profile.barrierPicoseconds.emplace(static_cast<uint32_t>(tiles), time).second)
      fail(2011, times->keys[i], path + ".times_ns", "a number of tiles occurs twice", "each once", shown(times->keys[i]));
  }
  const Trust own = trust(node, path, outer);
  requireTrust(own, node, path);
  profile.barrierSource = own.source;
  profile.barrierProvenance = own.status.value_or(Provenance::Unknown);
}

void Loader::readCycles(const YamlNode &node, const std::string &path, const Trust &outer, CostProfile &profile) {
  if (!checkMap(node, path, "costs[].cycles"))
    return;
  CycleModel &cycles = profile.cycles.emplace();
  const Trust own = trust(node, path, outer);
  const auto read = [&](const char *key, auto &&take, std::string &source, Provenance &status) {
    const YamlNode *at = require(node, path, key);
    Trust trusted = own;
    if (const YamlNode *value = at ? readNumber(*at, below(path, key), trusted) : nullptr) {
      take(*value, below(path, key));
      requireTrust(trusted, *at, below(path, key));
      source = trusted.source;
      status = trusted.status.value_or(Provenance::Unknown);
    }
  };
  read(
      "clock_ns",
      [&](const YamlNode &value, const std::string &at) {
        cycles.clockPicoseconds = picoseconds(value, at);
        if (cycles.clockPicoseconds < 1)
          fail(2009, value, at, "number out of range", "at least 0.001", shown(value));
      },
      cycles.clockSource, cycles.clockStatus);
  for (unsigned n = 0; n < CycleModel::NumNumbers && !failure; ++n) {
    const auto [key, min, max] = CycleModel::keys[n];
    CycleModel::Entry &entry = cycles.numbers[n];
    read(
        key,
        [&](const YamlNode &value, const std::string &at) { entry.value = static_cast<uint32_t>(integer(value, at, min, max)); },
        entry.source, entry.status);
  }
}

CostProfile Loader::readProfile(const YamlNode &node, const std::string &path) {
  CostProfile profile;
  if (!checkMap(node, path, "costs[]"))
    return profile;
  if (const YamlNode *name = require(node, path, "name")) {
    profile.name = text(*name, path + ".name");
    if (profile.name.empty())
      fail(2009, *name, path + ".name", "empty name", "a name", "nothing");
    if (chip.findCosts(profile.name) && !profile.name.empty())
      fail(2011, *name, path + ".name", "two cost profiles of one name", "a name of its own", shown(*name));
  }
  if (const YamlNode *description = find(node, "description"))
    profile.description = text(*description, path + ".description");
  const Trust own = trust(node, path, {});
  if (const YamlNode *events = find(node, "events"); events && checkMap(*events, path + ".events", "costs[].events"))
    for (size_t i = 0; i < events->keys.size() && !failure; ++i) {
      const std::string &event = events->keys[i].text;
      profile.events[event] = readCost(events->items[i], path + ".events." + event, event, own);
    }
  if (const YamlNode *cycles = find(node, "cycles"); cycles && !failure)
    readCycles(*cycles, path + ".cycles", own, profile);
  if (const YamlNode *barrier = find(node, "barrier"); barrier && !failure)
    readBarrier(*barrier, path + ".barrier", own, profile);
  const YamlNode *power = find(node, "static_power");
  if (const std::string at = path + ".static_power"; power && checkMap(*power, at, "costs[].static_power")) {
    if (const YamlNode *watts = require(*power, at, "watts_per_chip"))
      profile.staticWattsPerChip = real(*watts, at + ".watts_per_chip", 0, 1e6);
    const Trust trusted = trust(*power, at, own);
    requireTrust(trusted, *power, at);
    profile.staticSource = trusted.source;
    profile.staticProvenance = trusted.status.value_or(Provenance::Unknown);
  }
  return profile;
}

void Loader::readCosts(const YamlNode &node) {
  if (node.kind != Kind::List)
    return fail(2008, node, "costs", "wrong type", "a list of cost profiles", shown(node));
  for (size_t i = 0; i < node.items.size() && !failure; ++i)
    chip.costs.push_back(readProfile(node.items[i], "costs[" + std::to_string(i) + "]"));
}

/// Cycles are of one kind of chip, and stand in the place of other times.
void Loader::checkCycles(const YamlNode &costs) {
  for (size_t i = 0; i < chip.costs.size(); ++i) {
    const CostProfile &profile = chip.costs[i];
    if (!profile.cycles || failure)
      continue;
    const std::string path = "costs[" + std::to_string(i) + "]";
    const YamlNode &node = costs.items[i], &cycles = *find(node, "cycles");
    for (const auto &[event, cost] : profile.events)
      if (const YamlNode &events = *find(node, "events"); cost.picoseconds)
        fail(2011, *find(*find(events, event), "time_ns"), path + ".events." + event + ".time_ns", "times of events beside cycles",
             "none, or unknown", "a time");
    if (const YamlNode *barrier = find(node, "barrier"))
      fail(2011, *barrier, path + ".barrier", "a barrier beside cycles", "none: its time is cycles.step", "one");
    const auto check = [&](bool right, const char *expected, const std::string &found) {
      if (!right)
        fail(2011, cycles, path + ".cycles", "a chip whose steps are not described in cycles", expected, found);
    };
    check(chip.profile == isa::Profile::Int, "arithmetic.profile int", "f32");
    check(chip.topology == Topology::Mesh, "topology.kind mesh", detail::topologyWords[static_cast<size_t>(chip.topology)]);
    check(chip.multicastTrees, "topology.multicast_trees true", "false");
    check(chip.coresPerTile == 1, "topology.cores_per_tile 1", std::to_string(chip.coresPerTile));
    check(chip.maxChips == 1, "topology.max_chips 1", std::to_string(chip.maxChips));
    check(chip.minDelay > 0, "delays.min_steps of at least 1", "0");
    check(!chip.storage.procedural, "storage.procedural false", "true");
  }
}

//===--- Sense ------------------------------------------------------------===//

/// Values that are fine on their own and contradict each other.
void Loader::checkWhole(const YamlNode &root) {
  const auto check = [&](bool right, const char *section, const std::string &key, std::string expected, std::string found) {
    const YamlNode *at = find(root, section);
    const YamlNode *value = at ? find(*at, key) : nullptr;
    if (!right)
      fail(2011,
           value ? *value
           : at  ? *at
                 : root,
           below(section, key), "values contradict each other", std::move(expected), std::move(found));
  };
  const auto text = [](auto value) { return std::to_string(value); };
  check(chip.minDelay <= chip.maxDelay, "delays", "max_steps", "at least min_steps = " + text(chip.minDelay), text(chip.maxDelay));
  check(chip.minDelay > 0 || chip.topology == Topology::None, "delays", "min_steps",
        "at least 1 on a chip with a network between cores", "0");
  check(chip.weights.minBits <= chip.weights.maxBits, "weights", "max_bits", "at least min_bits = " + text(chip.weights.minBits),
        text(chip.weights.maxBits));
  check(chip.weights.minExponent <= chip.weights.maxExponent, "weights", "max_exponent",
        "at least min_exponent = " + text(chip.weights.minExponent), text(chip.weights.maxExponent));
  const bool f32 = chip.profile == isa::Profile::F32;
  check(!f32 || chip.stateBits == 32, "arithmetic", "state_bits", "32 in the f32 profile", text(chip.stateBits));
  check(!chip.fractionBits || (!f32 && chip.programmable && !chip.nativeCuba && chip.stateBits == 32), "arithmetic",
        "fraction_bits", "0, or a programmable chip of the int profile with state_bits 32 and no native form",
        text(chip.fractionBits));
  check(!chip.ringBuffers.bits || (chip.fractionBits && chip.weights.maxBits == chip.ringBuffers.bits), "ring_buffers", "bits",
        "none without arithmetic.fraction_bits, else weights.max_bits = " + text(chip.weights.maxBits),
        text(chip.ringBuffers.bits));
  check(!chip.ringBuffers.bits || !chip.gradedSpikes, "arithmetic", "graded_spikes", "false beside ring buffers", "true");
  check(!chip.ringBuffers.bits || (!chip.weights.signModes && chip.weights.minExponent == 0 && chip.weights.maxExponent == 0),
        "weights", "max_exponent", "exponents of 0 and no sign modes beside ring buffers", text(chip.weights.maxExponent));
  const Plasticity &plasticity = chip.plasticity;
  check(!plasticity.learns || f32 || (chip.fractionBits && chip.weights.minExponent == 0 && chip.weights.maxExponent == 0),
        "plasticity", "learns", "false, or the f32 profile, or one with arithmetic.fraction_bits and no exponents of weights",
        "true");
  check(!plasticity.learns || f32 || plasticity.postHistory, "plasticity", "post_history", "a number in the int profile",
        "unlimited");
  check(!plasticity.learns || plasticity.postHistory != 1, "plasticity", "post_history", "at least 2, or unlimited", "1");
  check(!plasticity.learns || f32 ||
            (plasticity.traceFractionBits < plasticity.traceBits && plasticity.traceFractionBits <= chip.fractionBits),
        "plasticity", "trace_fraction_bits", "less than trace_bits, at most arithmetic.fraction_bits",
        text(plasticity.traceFractionBits));
  check(!f32 || (chip.weights.minExponent == 0 && chip.weights.maxExponent == 0), "weights", "max_exponent", "0 in the f32 profile",
        text(chip.weights.maxExponent));
  check(!f32 || !chip.nativeCuba, "native", "form", "the int profile", "a native form in the f32 profile");
  check(chip.programmable || chip.nativeCuba || !chip.coresModelled, "arithmetic", "programmable", "true, or a section 'native'",
        "a chip that can compute nothing");
  check(chip.programmable || chip.forbiddenOps.empty(), "arithmetic", "forbidden_ops", "none on a chip that takes no microcode",
        text(chip.forbiddenOps.size()));
  if (chip.nativeCuba) {
    const NativeCubaLif &form = *chip.nativeCuba;
    check(form.thresholdBits + form.thresholdShift <= 31, "native", "threshold_shift",
          "threshold_bits + threshold_shift of at most 31", text(form.thresholdBits + form.thresholdShift));
    check(form.currentDecayOffset <= 1u << form.decayBits, "native", "current_decay_offset", "at most 2^decay_bits",
          text(form.currentDecayOffset));
    check(form.stateBits <= chip.stateBits, "native", "state_bits", "at most arithmetic.state_bits = " + text(chip.stateBits),
          text(form.stateBits));
  }
  const SynapseStorage &storage = chip.storage;
  check(!storage.synapseBits || !chip.weights.sharedKernels, "storage", "synapse_bits",
        "0 on a chip whose synapses may lack their weights (weights.shared_kernels)", text(storage.synapseBits));
  check(!storage.synapseBits || !storage.tagBits, "storage", "synapse_bits", "0 beside tag_bits", text(storage.synapseBits));
  // Images of such a chip hold packed synapses alone, whose fields are these (clause C14 of the image format).
  check(!storage.synapseBits || storage.synapseBits > 32 || (!f32 && chip.weights.maxBits <= 9 && chip.maxDelay <= 63), "storage",
        "synapse_bits", "more than 32, or the int profile, max_bits of at most 9 and delays of at most 63 steps",
        text(storage.synapseBits));
  check(!chip.multicastTrees || chip.topology != Topology::None, "topology", "multicast_trees",
        "false on a chip whose network has no topology", "true");
  const uint64_t cores = uint64_t(chip.tilesX) * chip.tilesY * chip.coresPerTile;
  check(uint64_t(chip.tilesX) * chip.tilesY <= (1u << 24) && cores <= (1u << 24), "topology", "tiles_x",
        "at most 2^24 cores on a chip", text(chip.tilesX) + " x " + text(chip.tilesY) + " x " + text(chip.coresPerTile));
}

/// Cores that find rows by a population table have ring buffers as wide as the weights in a row, and routers with tables.
void Loader::checkMemories(const YamlNode &section) {
  const auto check = [&](bool right, const char *expected, const std::string &found) {
    if (!right)
      fail(2011, section, "memories", "a chip whose cores cannot have population tables", expected, found);
  };
  check(chip.ringBuffers.bits == 16, "ring_buffers.bits 16", std::to_string(chip.ringBuffers.bits));
  check(chip.minDelay > 0, "delays.min_steps of at least 1", "0");
  check(chip.maxDelay <= chip.memories->nativeSteps * (1 + chip.memories->delayStages),
        "delays.max_steps of at most native_steps * (1 + delay_stages)", std::to_string(chip.maxDelay));
  check(chip.core.neurons != 0, "a number of core.neurons", "unlimited");
  check(chip.multicastTrees && chip.router.tableEntries, "topology.multicast_trees and router.table_entries", "none");
  check(chip.router.keyBits == 32, "router.key_bits 32", std::to_string(chip.router.keyBits));
  check(chip.coresPerTile <= 25, "topology.cores_per_tile of at most 25, the bits of a route", std::to_string(chip.coresPerTile));
  check(chip.maxChips == 1, "topology.max_chips 1", std::to_string(chip.maxChips));
  check(!chip.weights.sharedKernels, "weights.shared_kernels false", "true");
}

/// What a timer does not wait for waits in the queues of cores that have memories.
void Loader::checkRealTime(const YamlNode &section) {
  if (!chip.memories)
    fail(2011, section, "real_time", "a chip that cannot run in real time", "a section 'memories'", "none");
  else if (chip.memories->spikeBuffer == 0)
    fail(2011, section, "real_time", "a chip that cannot run in real time", "memories.spike_buffer of at least 1", "0");
}

Result<Chip> Loader::load(const YamlNode &root) {
  if (checkMap(root, "", "")) {
    readChoices(root);
    for (const std::string &section : detail::fieldSections)
      if (!failure)
        readSection(root, section);
    if (const YamlNode *crossbar = find(root, "crossbar"); crossbar && !failure)
      readCrossbar(*crossbar);
    if (const YamlNode *costs = find(root, "costs"); costs && !failure)
      readCosts(*costs);
    if (!failure)
      checkWhole(root);
    if (const YamlNode *crossbar = find(root, "crossbar"); crossbar && !failure)
      checkCrossbar(*crossbar);
    if (const YamlNode *memories = find(root, "memories"); memories && !failure)
      checkMemories(*memories);
    if (const YamlNode *realTime = find(root, "real_time"); realTime && !failure)
      checkRealTime(*realTime);
    if (const YamlNode *costs = find(root, "costs"); costs && !failure)
      checkCycles(*costs);
  }
  if (const YamlNode *faults = failure ? nullptr : find(root, "faults")) { // Last: what exists is known by now.
    RANVIER_TRY(chip.faults, detail::readFaults(*faults, chip, file));
  }
  if (failure)
    return std::move(*failure);
  return std::move(chip);
}
} // namespace

Result<Chip> parseChip(const std::string &text, const std::string &path) {
  RANVIER_TRY(const YamlNode root, detail::parseYaml(text, path));
  return Loader(path).load(root);
}

} // namespace ranvier::hw
