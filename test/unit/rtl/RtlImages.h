// Images for the RTL: random networks of every kind of program on the shipped chip.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TEST_UNIT_RTL_RTLIMAGES_H
#define RANVIER_TEST_UNIT_RTL_RTLIMAGES_H

#include "ranvier/Image/Image.h"
#include "ranvier/Mapping/Network.h"

namespace ranvier::test {

/// The shipped description of ranvier-n1.
hw::Chip n1Chip();
/// Three to six populations of native, two-input, table, random and graded neurons; delays 1 to 15, exponents 0 to 7, weights of 10
/// bits, recurrent, one or two inputs.
mapping::Network randomN1Network(uint64_t seed);
/// Only populations of the native form, small numbers, so that it lives.
mapping::Network nativeN1Network(uint64_t seed, uint32_t neurons);
/// Mapped onto cores of at most `neuronsPerCore` neurons (0: as many as the chip has).
image::ImageData n1Image(const mapping::Network &network, uint32_t neuronsPerCore = 0);
std::shared_ptr<const image::Image> toImage(image::ImageData data);

} // namespace ranvier::test

#endif
