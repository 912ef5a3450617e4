//===- MetaCodec.h - The meta section as CBOR -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_IMAGE_LIB_METACODEC_H
#define RANVIER_IMAGE_LIB_METACODEC_H

#include "ranvier/Image/Image.h"
#include <span>
#include <vector>

namespace ranvier::image::detail {

/// The same meta gives the same bytes.
std::vector<uint8_t> encodeMeta(const Meta &meta);
/// Every key must be there, none may be unknown, every value has its type and range. Errors: RNV3008 with the key path.
Result<Meta> decodeMeta(std::span<const std::byte> bytes, const std::string &file);

} // namespace ranvier::image::detail

#endif
