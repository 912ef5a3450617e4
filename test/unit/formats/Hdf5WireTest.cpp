//===- Hdf5WireTest.cpp - What the reader's child may send ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Hdf5Wire.h"
#include "Helpers.h"
#include <cstring>

using namespace ranvier;
using namespace ranvier::formats;
using namespace ranvier::test;

namespace {
/// Messages by hand.
struct Bytes {
  std::string bytes;
  template <typename T> Bytes &value(T v) {
    bytes.append(reinterpret_cast<const char *>(&v), sizeof v);
    return *this;
  }
  Bytes &tag(wire::Tag t) { return value(static_cast<uint8_t>(t)); }
  Bytes &text(const std::string &s) {
    value(static_cast<uint32_t>(s.size()));
    bytes += s;
    return *this;
  }
  Bytes &head(H5Type type, const Shape &shape) {
    value(static_cast<uint8_t>(type)).value(static_cast<uint32_t>(shape.size()));
    for (uint64_t extent : shape)
      value(extent);
    return *this;
  }
  Result<H5Group> decode(const H5ReadOptions &options = {}) const {
    size_t at = 0;
    return wire::decode(
        [&](void *into, size_t size) {
          if (bytes.size() - at < size)
            return false;
          std::memcpy(into, bytes.data() + at, size);
          at += size;
          return true;
        },
        "file.h5", options);
  }
};
} // namespace

TEST_CASE("a tree survives the way") {
  Bytes sent;
  sent.tag(wire::Attribute).text("note").head(H5Type::Text, {}).text("hello");
  sent.tag(wire::GroupBegin).text("g");
  sent.tag(wire::Array).text("a").head(H5Type::I64, {2}).value(int64_t(-1)).value(int64_t(7));
  sent.tag(wire::ArrayAttribute).text("a").text("unit").head(H5Type::F32, {}).value(0.5f);
  sent.tag(wire::Array).text("left out").head(H5Type::Absent, {3, 4});
  sent.tag(wire::GroupEnd).tag(wire::Finished);
  const H5Group root = good(sent.decode());
  CHECK(root.attributes.at("note").texts == std::vector<std::string>{"hello"});
  REQUIRE(root.array("g/a"));
  CHECK(root.array("g/a")->numbers() == std::vector<double>{-1, 7});
  CHECK(root.group("g")->arrayAttributes.at("a").at("unit").number(0) == 0.5);
  CHECK(root.array("g/left out")->shape == Shape{3, 4});
  // Every shorter message is an error, never a smaller tree.
  for (size_t size = 0; size < sent.bytes.size(); ++size)
    refused(Bytes{sent.bytes.substr(0, size)}.decode(), 1003, "file.h5", {"crashed or gave up"});
}

TEST_CASE("a failure reported by the child keeps its code, message and place") {
  refused(Bytes().tag(wire::Failed).value(uint32_t(1004)).text("soft links").text("/a\xff").decode(), 1004, "file.h5",
          {"/a?: error RNV1004: soft links"});
  refused(Bytes().tag(wire::Failed).value(uint32_t(7)).text("x").text("y").decode(), 1003, "file.h5", {});
  refused(Bytes().tag(wire::Failed).value(uint32_t(1004)).text("").text("/a").decode(), 1003, "file.h5",
          {}); // Found by fuzz-hdf5-wire.
}

TEST_CASE("sequences of numbers, where they are asked for") {
  Bytes sent;
  sent.tag(wire::Array).text("r").head(H5Type::Ragged, {3}).value(static_cast<uint8_t>(H5Type::F32));
  sent.value(uint64_t(2)).value(uint64_t(0)).value(uint64_t(1)).value(0.5f).value(1.5f).value(-2.0f).tag(wire::Finished);
  const H5ReadOptions asked{.maxNumbers = 3, .ragged = true};
  const H5Group root = good(sent.decode(asked));
  CHECK(root.array("r")->lengths == std::vector<uint64_t>{2, 0, 1});
  CHECK(root.array("r")->number(2) == -2);
  CHECK_FALSE(root.array("r")->isNumber());
  refused(sent.decode(), 1003, "file.h5", {});
  refused(sent.decode({.maxNumbers = 2, .ragged = true}), 1002, "file.h5", {"/r"});
  for (size_t size = 0; size < sent.bytes.size(); ++size)
    refused(Bytes{sent.bytes.substr(0, size)}.decode(asked), 1003, "file.h5", {});
  const auto ragged = [](uint64_t count, H5Type type) {
    return Bytes().tag(wire::Array).text("r").head(H5Type::Ragged, {count}).value(static_cast<uint8_t>(type));
  };
  const H5ReadOptions any{.maxBytes = UINT64_MAX / 2, .maxNumbers = UINT64_MAX, .ragged = true};
  refused(ragged(1, H5Type::Text).value(uint64_t(0)).tag(wire::Finished).decode(any), 1003, "file.h5", {});
  refused(ragged(1, H5Type::Ragged).value(uint64_t(0)).tag(wire::Finished).decode(any), 1003, "file.h5", {});
  refused(ragged(uint64_t(1) << 40, H5Type::F32).decode(any), 1003, "file.h5", {});
  refused(ragged(1, H5Type::F64).value(uint64_t(1) << 62).decode(any), 1003, "file.h5", {});            // 2^65 bytes.
  refused(ragged(2, H5Type::U8).value(UINT64_MAX).value(uint64_t(2)).decode(any), 1003, "file.h5", {}); // 2^64 + 1 numbers.
}

TEST_CASE("lengths alone cost no memory") {
  const uint64_t huge = uint64_t(1) << 40;
  const H5ReadOptions any{.maxBytes = UINT64_MAX / 2, .maxNumbers = UINT64_MAX};
  refused(Bytes().tag(wire::Array).text("a").head(H5Type::F64, {huge}).decode(any), 1003, "file.h5", {});
  refused(Bytes().tag(wire::Array).text("a").head(H5Type::F64, {huge}).decode(), 1002, "file.h5", {"/a", "too many numbers"});
  refused(Bytes().tag(wire::Array).text("a").head(H5Type::Text, {huge}).decode(any), 1003, "file.h5", {});
  refused(Bytes().tag(wire::Array).text("a").head(H5Type::U8, {huge, huge}).decode(any), 1003, "file.h5", {}); // 2^80 overflows.
  refused(Bytes().tag(wire::Array).text("a").head(H5Type::Absent, {0, huge, huge}).decode(any), 1003, "file.h5", {});
  refused(Bytes().tag(wire::Array).value(uint32_t(0xFFFFFFFF)).decode(any), 1003, "file.h5", {});
  refused(Bytes().tag(wire::Array).text("a").head(H5Type::U8, Shape(9, 1)).decode(any), 1003, "file.h5", {});
}

TEST_CASE("more than was allowed is refused, however it is cut") {
  Bytes sent;
  for (int k = 0; k < 3; ++k)
    sent.tag(wire::Array).text(std::to_string(k)).head(H5Type::U8, {4}).value(uint32_t(0));
  sent.tag(wire::Finished);
  CHECK(sent.decode({.maxNumbers = 12}));
  refused(sent.decode({.maxNumbers = 11}), 1002, "file.h5", {"/2"});
  Bytes groups;
  for (int k = 0; k < 500000; ++k)
    groups.tag(wire::GroupBegin).text("g").tag(wire::GroupEnd);
  refused(groups.tag(wire::Finished).decode(), 1002, "file.h5", {"too many objects"});
}

TEST_CASE("groups that do not nest") {
  refused(Bytes().tag(wire::GroupEnd).decode(), 1003, "file.h5", {});
  refused(Bytes().tag(wire::GroupBegin).text("a").tag(wire::Finished).decode(), 1003, "file.h5", {});
  Bytes deep;
  for (int k = 0; k < 1000; ++k)
    deep.tag(wire::GroupBegin).text("a");
  refused(deep.decode(), 1003, "file.h5", {});
  refused(Bytes().value(uint8_t(200)).decode(), 1003, "file.h5", {});
  refused(Bytes().value(uint8_t(0)).decode(), 1003, "file.h5", {});
}

TEST_CASE("names and texts are UTF-8") {
  for (const char *name : {"", "a/b", "line\n", "\x7f", "\xff", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                           "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x80"}) {
    INFO(name);
    CHECK_FALSE(wire::isName(name));
    refused(Bytes().tag(wire::GroupBegin).text(name).decode(), 1004, "file.h5", {"a name is not plain UTF-8 text"});
  }
  CHECK_FALSE(wire::isName(std::string("a\0b", 3)));
  CHECK_FALSE(wire::isText(std::string("a\0b", 3)));
  for (const char *name :
       {"a", ".", "lif1.w_rec", "köln", "ƒ", "\xed\x9f\xbf", "\xee\x80\x80", "🧠", "\xf4\x8f\xbf\xbf", "with space"})
    CHECK_MESSAGE(wire::isName(name), name);
  CHECK(wire::isText("two\nlines"));
  CHECK(wire::isText(""));
  refused(Bytes().tag(wire::Array).text("t").head(H5Type::Text, {}).text("\xff").decode(), 1004, "file.h5",
          {"/t", "a text is not UTF-8"});
}
