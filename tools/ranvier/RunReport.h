//===- RunReport.h - Reports of run and eval --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TOOLS_RUNREPORT_H
#define RANVIER_TOOLS_RUNREPORT_H

#include "Common.h"
#include "ranvier/Emulator/Machine.h"
#include "ranvier/Formats/Spikes.h"
#include <optional>

namespace ranvier::tools {

/// Options of run and eval that choose the machine.
struct MachineFlags {
  std::string executor = "jit", timing = "fast", costs;
  std::string weights = "f32";
  unsigned threads = 1;
  bool lossless = false;
  uint32_t timeScale = 0;
  std::optional<uint64_t> deviceSeed;
  std::string faults;        ///< Of cells: rates, or a file.
  hw::CellFaults cellFaults; ///< Those, once readFaults() has been called.
  bool timed() const { return timing != "off"; }
  void addTo(CLI::App &command);
  /// Errors: RNV8043 for options that the timing would not use.
  Result<void> check() const;
  /// Reads --faults for the chip of the image. Errors: those of hw::cellFaultsOf.
  Result<void> readFaults(const hw::Chip &chip);
  /// What names the faults in checkpoints and reports: rates as given, or a hash of the file's contents; empty without.
  std::string faultsIdentity() const;
  emu::MachineOptions options() const;
};

/// With timing off only spikes are counted, and only they are given.
Json toJson(const emu::StepCounts &counts, emu::Timing timing);
/// The same counts of every step as lines of a table, steps numbered from 1.
std::string perStepTable(const std::vector<emu::StepCounts> &steps, emu::Timing timing);
Json perStepJson(const std::vector<emu::StepCounts> &steps, emu::Timing timing);
Json toJson(const emu::Energy &energy);
/// Sums over a run: how each core of the image spent its time, and what each link did.
Json coresJson(const image::Image &image, const std::vector<emu::CoreTimes> &cores, const emu::RealTimeCounts &counts);
Json linksJson(const emu::Machine &machine, const std::vector<emu::LinkTimes> &links);
/// What a machine with a timer lost, or is likely to lose, under the machine's own names; and which numbers of its description that
/// rests on are estimates or unknown.
Json realTimeJson(const emu::Machine &machine, const emu::RealTimeCounts &counts);
/// Its lines of a text report; empty without a timer.
std::string realTimeText(const Json &realTime);
/// Chip, profile and what its figures leave out: the head of every report.
Json machineJson(const emu::Machine &machine, const MachineFlags &flags);
/// The mapping part of an image: cores, chips, the limit that binds.
Json mappingJson(const image::Image &image);
/// One line on what limits the mapping, from that object.
std::string bindingLimit(const Json &mapping);

/// Makes the report folder, so that a wrong one is noticed before hours of work. Errors: RNV8024.
Result<void> makeReportFolder(const std::string &folder);
/// Writes DIR/report.json and DIR/report.txt, each whole or not at all.
Result<void> writeReport(const std::string &folder, const Json &report, const std::string &text);

/// External spikes of a file as the machine wants them; population "" is the only input. Errors: RNV8020 (no such input),
/// RNV8021 (several inputs and no name), RNV8022 (neuron out of range).
Result<std::vector<emu::InputSpike>> toInputs(const image::Image &image, const formats::SpikeTrains &trains,
                                              const std::string &file);

/// External spikes of a run; of none if `file` is empty. `uncounted`: camera events that the chip cannot tell from others of their
/// step, of which the user is warned. Errors: those of formats::readSpikes and toInputs.
Result<std::vector<emu::InputSpike>> readInputs(Context &context, const std::string &file, uint32_t sample,
                                                const image::Image &image, uint64_t &uncounted);

/// The populations classified by: outputs of the image. Errors: RNV8023 none, or several.
Result<uint32_t> theOutput(const image::Image &image);
/// The only external input. Errors: RNV8021.
Result<uint32_t> theInput(const image::Image &image);

} // namespace ranvier::tools

#endif
