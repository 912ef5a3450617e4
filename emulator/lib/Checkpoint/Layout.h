//===- Layout.h - Header and section table of a checkpoint ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The bytes of docs/spec/checkpoint.md. All records are little endian and free of padding, so that memory is file.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_LIB_CHECKPOINT_LAYOUT_H
#define RANVIER_EMULATOR_LIB_CHECKPOINT_LAYOUT_H

#include "ranvier/Emulator/Checkpoint.h"
#include <array>
#include <bit>

namespace ranvier::emu::detail {

static_assert(std::endian::native == std::endian::little, "checkpoints are little endian and copied as they are");

constexpr std::array<char, 8> magic = {'\x89', 'R', 'V', 'C', '\r', '\n', '\x1a', '\n'};
constexpr uint32_t formatVersion = 3;

struct FileHeader {
  std::array<char, 8> magic;
  uint32_t version;
  uint32_t sectionCount;
  uint64_t fileBytes;
  uint64_t tableChecksum;
  uint64_t headerChecksum; ///< Of the 32 bytes before it.
};
struct SectionRecord {
  uint32_t kind;
  uint32_t reserved;
  uint64_t offset; ///< Where the section before it ends.
  uint64_t bytes;
  uint64_t checksum;
};
static_assert(sizeof(FileHeader) == 40 && sizeof(SectionRecord) == 32);

enum class Section : uint32_t { Meta = 1, States, PendingInput, PendingMessages, Counts, Spikes, PerStep, Learned };
constexpr uint32_t sectionCount = 8;
constexpr const char *sectionNames[sectionCount + 1] = {"",       "meta",   "states",   "pending_input", "pending_messages",
                                                        "counts", "spikes", "per_step", "learned"};

/// Before each entry of section pending_input.
struct InputHead {
  uint32_t core, inSteps, words;
};
/// Before each entry of section learned.
struct LearnedHead {
  uint32_t core, reserved;
  uint64_t words;
};
static_assert(sizeof(LearnedHead) == 16);
static_assert(sizeof(InputHead) == 12 && sizeof(MachineState::PendingMessage) == 12);

/// The counts of a step, in the order of StepCounts: eleven counts, three of synaptic events by class, five of macros,
/// and the picoseconds.
constexpr size_t countWords = 20;
static_assert(sizeof(StepCounts) == countWords * 8, "a new count is a new version of the format, or it would be lost");

} // namespace ranvier::emu::detail

#endif
