//===- Mutate.h - Random changes of the structure of an image ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TEST_UNIT_IMAGE_MUTATE_H
#define RANVIER_TEST_UNIT_IMAGE_MUTATE_H

#include "ranvier/Image/Image.h"
#include "support/TestNetworks.h"
#include <string>

namespace ranvier::test {

/// One change of a table, of the meta section or of the chip description: of a single field, or of several that belong together so
/// that the image may stay valid. Returns what was done, in words.
std::string mutate(image::ImageData &data, Dice &dice);

/// Tables without spare room, so that a sanitizer sees the first element past the end.
void shrink(image::ImageData &data);

} // namespace ranvier::test

#endif
