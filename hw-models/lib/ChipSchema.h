//===- ChipSchema.h - The keys of a chip description ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One table of every number and switch with its range and its place in hw::Chip: the loader, the printer, the list of keys and the
// documentation test all read it, so a key cannot be known to one and not to the others.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_HWMODELS_LIB_CHIPSCHEMA_H
#define RANVIER_HWMODELS_LIB_CHIPSCHEMA_H

#include "ranvier/HwModels/Chip.h"
#include <span>

namespace ranvier::hw::detail {

struct Field {
  const char *section, *key;
  bool isSwitch;       ///< true or false; needs no source.
  int64_t min, max;    ///< Numbers: inclusive.
  bool mayBeUnlimited; ///< The word `unlimited` stands for 0.
  int64_t (*get)(const Chip &);
  void (*set)(Chip &, int64_t);
  std::string path() const { return std::string(section) + "." + key; }
};
/// All fields, section by section.
std::span<const Field> fields();

/// Names of the sections that hold fields, in the order they are printed. `native` exists only if the chip has one.
extern const std::vector<std::string> fieldSections;
/// Keys allowed in a map of the description: "" is the top, "core" a section, "costs[]" an element of a list, "number" what stands
/// for a single number, "faults file" the top of a file of faults.
const std::vector<std::string> &keysOf(const std::string &section);

/// Words of the enumerations, by value.
extern const std::vector<std::string> profileWords, topologyWords, provenanceWords;

/// What the loader writes as the source of a number that the file leaves out.
constexpr const char *defaultSource = "default of the chip description format";

/// Moves the decimal point of a number's text by `places` exactly: ("23.6", -12) is "2.36e-11". `text` must be a plain decimal
/// number.
std::string shiftDecimal(const std::string &text, int places);

} // namespace ranvier::hw::detail

#endif
