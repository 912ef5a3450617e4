//===- TestImage.h - Small valid images to break ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TEST_UNIT_IMAGE_TESTIMAGE_H
#define RANVIER_TEST_UNIT_IMAGE_TESTIMAGE_H

#include "ranvier/Image/Image.h"
#include <string>
#include <vector>

namespace ranvier::test {

struct Wire {
  uint32_t projection, source, target, delay;
  int32_t weight;
};
struct Part {
  uint32_t core, population, first, count;
};
/// Fills cores' tables, rows and axons from edges; `cores` come with chip, core and level, `meta` with populations and projections.
void fillTables(image::ImageData &data, const std::vector<Part> &parts, const std::vector<Wire> &edges, image::SynapseKind kind);

/// On the chip of test/Inputs/chips/tiny.yaml: input "in" [2], "a" [3] on cores 0 and 1, "b" [2] on core 1; packed synapses.
image::ImageData intImage();
/// On `reference`: input "in" [2], "a" [2] on level 0, "b" [2] on level 1, edges of delay 0 and 2; wide synapses.
image::ImageData floatImage();
/// floatImage() whose last projection learns.
image::ImageData learningImage();
/// floatImage(), in which synapses of "b_a" come and go.
image::ImageData rewiredImage();
/// One population of `sources` inputs onto 1000 neurons of a core of `reference`-like integers, each input to all: many synapses.
image::ImageData largeImage(uint32_t sources);

/// The file with header, table and section checksums made right again, as far as the table makes sense.
void repairChecksums(std::string &file);

} // namespace ranvier::test

#endif
