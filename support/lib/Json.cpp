//===- Json.cpp - The JSON library of the project -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Support/Json.h"
#include <nlohmann/json.hpp>

using namespace ranvier;

Result<Json> ranvier::parseJson(std::string_view text, const std::string &fileName) {
  try {
    return Json::parse(text);
  } catch (const nlohmann::json::parse_error &failure) {
    return Error{.code = 9005,
                 .message = "not valid JSON",
                 .file = fileName,
                 .place = "byte " + std::to_string(failure.byte),
                 .found = failure.what()};
  } catch (const nlohmann::json::exception &failure) { // A number beyond every type: 1e999.
    return Error{.code = 9005, .message = "not valid JSON", .file = fileName, .found = failure.what()};
  }
}
