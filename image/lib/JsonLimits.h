//===- JsonLimits.h - Bounds on JSON and CBOR from strangers ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_IMAGE_LIB_JSONLIMITS_H
#define RANVIER_IMAGE_LIB_JSONLIMITS_H

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ranvier::image::detail {

/// Whether the bytes are well-formed and at most `maxDepth` deep with at most `maxKeys` keys in an object. The reader of CBOR and the
/// printer of JSON recurse, and objects are searched key by key, so both bounds are needed before either sees a stranger's bytes.
bool isTameCbor(std::span<const std::byte> bytes, unsigned maxDepth, unsigned maxKeys);
bool isTameJson(std::string_view text, unsigned maxDepth, unsigned maxKeys);

} // namespace ranvier::image::detail

#endif
