//===- JsonLimits.cpp - Bounds on JSON and CBOR from strangers ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "JsonLimits.h"
#include "ranvier/Support/Json.h"
#include <nlohmann/json.hpp>
#include <vector>

namespace ranvier::image::detail {
namespace {
/// Builds nothing; stops the parser at the first bound that is crossed.
class Counter : public nlohmann::json_sax<Json> {
public:
  Counter(unsigned maxDepth, unsigned maxKeys) : maxDepth(maxDepth), maxKeys(maxKeys) {}
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t &) override { return true; }
  bool string(string_t &) override { return true; }
  bool binary(binary_t &) override { return false; }
  bool start_object(size_t) override { return push(); }
  bool key(string_t &) override { return ++keys.back() <= maxKeys; }
  bool end_object() override { return pop(); }
  bool start_array(size_t) override { return push(); }
  bool end_array() override { return pop(); }
  bool parse_error(size_t, const std::string &, const nlohmann::detail::exception &) override { return false; }

private:
  bool push() {
    keys.push_back(0);
    return keys.size() <= maxDepth;
  }
  bool pop() {
    keys.pop_back();
    return true;
  }
  unsigned maxDepth, maxKeys;
  std::vector<unsigned> keys;
};

template <typename Input> bool isTame(Input begin, Input end, unsigned maxDepth, unsigned maxKeys, nlohmann::json::input_format_t format) {
  try {
    Counter counter(maxDepth, maxKeys);
    return Json::sax_parse(begin, end, &counter, format);
  } catch (const std::exception &) {
    return false;
  }
}
} // namespace

bool isTameCbor(std::span<const std::byte> bytes, unsigned maxDepth, unsigned maxKeys) {
  const auto *data = reinterpret_cast<const uint8_t *>(bytes.data());
  return isTame(data, data + bytes.size(), maxDepth, maxKeys, Json::input_format_t::cbor);
}

bool isTameJson(std::string_view text, unsigned maxDepth, unsigned maxKeys) {
  return isTame(text.begin(), text.end(), maxDepth, maxKeys, Json::input_format_t::json);
}

} // namespace ranvier::image::detail
