//===- Json.h - The JSON library of the project -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_SUPPORT_JSON_H
#define RANVIER_SUPPORT_JSON_H

#include "ranvier/Support/Error.h"
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace ranvier {

/// Keys keep the order of insertion: the same program writes the same bytes. Files that build or read JSON include
/// <nlohmann/json.hpp> themselves; headers need only this forward declaration.
using Json = nlohmann::ordered_json;

/// Parses without exceptions. Errors: RNV9005 with the byte offset.
Result<Json> parseJson(std::string_view text, const std::string &fileName);

} // namespace ranvier

#endif
