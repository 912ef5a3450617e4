//===- Hdf5WriterTest.cpp - Our own HDF5 files ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Formats/Hdf5Writer.h"
#include "Hdf5Sink.h"
#include "Hdf5Tree.h"
#include "Helpers.h"
#include "Limits.h"
#include <sys/stat.h>
#include <unistd.h>

using namespace ranvier;
using namespace ranvier::formats;
using namespace ranvier::test;

namespace {
template <typename T> std::span<const T> view(const std::vector<T> &values) { return values; }
std::unique_ptr<Hdf5Writer> writer(const std::string &path, bool compress = false) {
  return good(Hdf5Writer::create(path, compress));
}
} // namespace

TEST_CASE("what is written is what is read") {
  for (const bool compress : {false, true}) {
    const std::string path = fresh(".h5");
    auto out = writer(path, compress);
    out->array("n/u8", view<uint8_t>({0, 255}), {2});
    out->array("n/u32", view<uint32_t>({4294967295u}), {1});
    out->array("n/i32", view<int32_t>({-5}), {});
    out->array("n/u64", view<uint64_t>({1, 2, 3, 4, 5, 6}), {2, 3});
    out->array("n/i64", view<int64_t>({INT64_MIN, INT64_MAX}), {2});
    out->array("n/f32", view<float>({0.1f}), {1});
    out->array("n/f64", view<double>({0.1}), {1});
    out->array("n/none", std::span<const float>(), {0, 4});
    std::vector<int32_t> many(300000);
    for (size_t k = 0; k < many.size(); ++k)
      many[k] = static_cast<int32_t>(k * 7919);
    out->array("many", std::span<const int32_t>(many), {3, 100000});
    out->text("word", "grün");
    out->texts("words", {"a", "", "c"}, {3});
    out->texts("no words", {}, {0, 2});
    out->group("empty/inner");
    out->attribute("", "root", std::string("r"));
    out->attribute("n/u8", "number", 2.5);
    out->attribute("n", "whole", int64_t(-3));
    out->attribute("made/by", "attribute", std::vector<uint32_t>{0, 1});
    out->choice("n", "choice", {"none", "some"}, 1);
    good(out->finish());
    out.reset();

    const H5Group root = good(readHdf5(path));
    CHECK(root.array("n/u8")->numbers() == std::vector<double>{0, 255});
    CHECK(root.array("n/u32")->numbers() == std::vector<double>{4294967295.0});
    CHECK(root.array("n/i32")->shape.empty());
    CHECK(root.array("n/i32")->number(0) == -5);
    CHECK(root.array("n/u64")->shape == Shape{2, 3});
    CHECK(root.array("n/i64")->number(0) == static_cast<double>(INT64_MIN));
    CHECK(root.array("n/f32")->number(0) == static_cast<double>(0.1f));
    CHECK(root.array("n/f64")->number(0) == 0.1);
    CHECK(root.array("n/none")->shape == Shape{0, 4});
    for (size_t k = 0; k < many.size(); ++k)
      if (root.array("many")->number(k) != many[k])
        FAIL("many[" << k << "]");
    CHECK(root.array("word")->texts == std::vector<std::string>{"grün"});
    CHECK(root.array("words")->texts == std::vector<std::string>{"a", "", "c"});
    CHECK(root.array("no words")->shape == Shape{0, 2});
    CHECK(root.group("empty/inner"));
    CHECK(root.attributes.at("root").texts == std::vector<std::string>{"r"});
    CHECK(root.group("n")->arrayAttributes.at("u8").at("number").number(0) == 2.5);
    CHECK(root.group("n")->attributes.at("whole").number(0) == -3);
    CHECK(root.group("made/by")->attributes.at("attribute").numbers() == std::vector<double>{0, 1});
    CHECK(root.group("n")->attributes.at("choice").number(0) == 1);
    CHECK(h5py(path,
               "print(f['many'].compression, f['n/u8'].compression, h5py.check_enum_dtype(f['n'].attrs.get_id('choice').dtype))") ==
          std::string(compress ? "gzip" : "None") + " None {'none': 0, 'some': 1}");
    CHECK(H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL) == 0);
  }
}

TEST_CASE("the same data gives the same bytes") {
  std::string bytes[2];
  for (auto &copy : bytes) {
    const std::string path = fresh(".h5");
    auto out = writer(path, true);
    out->array("a", view<float>(std::vector<float>(1000, 1.5f)), {1000});
    out->text("t", "x");
    good(out->finish());
    copy = slurp(path);
  }
  CHECK(bytes[0] == bytes[1]);
}

TEST_CASE("nothing shows under the final name before finish, and nothing stays without it") {
  const std::string home = fresh(""), path = home + "/out.h5";
  REQUIRE(::mkdir(home.c_str(), 0700) == 0);
  write(path, "what was there before");
  auto out = writer(path);
  out->array("a", view<uint8_t>({1}), {1});
  CHECK(slurp(path) == "what was there before");
  CHECK(filesIn(home).size() == 2);
  out.reset();
  CHECK(filesIn(home) == std::vector<std::string>{"out.h5"});
  CHECK(slurp(path) == "what was there before");
  out = writer(path);
  out->array("a", view<uint8_t>({1}), {1});
  good(out->finish());
  CHECK(filesIn(home) == std::vector<std::string>{"out.h5"});
  CHECK(readHdf5(path));
}

TEST_CASE("a folder that cannot be written") {
  const std::string path = folder() + "/no such folder/out.h5";
  refused(Hdf5Writer::create(path), 9003, path, {"No such file"});
}

TEST_CASE("a full disk: an error that says so, no partial file, the earlier one intact") {
  // Full after the superblock, in the middle of the data, and just before the end, so that only the last flush fails.
  const std::vector<double> numbers(20000, 0.1);
  const std::string home = fresh(""), path = home + "/out.h5";
  REQUIRE(::mkdir(home.c_str(), 0700) == 0);
  auto attempt = [&]() -> Result<void> {
    RANVIER_TRY(auto out, Hdf5Writer::create(path));
    for (int k = 0; k < 4; ++k)
      out->array("group/array" + std::to_string(k), view(numbers), {20000});
    out->text("text", "last");
    return out->finish();
  };
  good(attempt());
  const std::string before = slurp(path);
  for (const uint64_t size :
       {uint64_t(100), uint64_t(5000), uint64_t(200000), uint64_t(before.size() - 3000), uint64_t(before.size() - 1)}) {
    INFO(size);
    Result<void> done = [&] {
      const FileSizeLimit limit(size);
      return attempt();
    }();
    refused(done, 1010, path, {"cannot write HDF5", "File too large"});
    CHECK(done.error().kind == ErrorKind::System);
    CHECK(slurp(path) == before);
    CHECK(filesIn(home) == std::vector<std::string>{"out.h5"});
    CHECK(H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL) == 0);
  }
  good(attempt());
  CHECK(slurp(path) == before);
}

TEST_CASE("names, texts and shapes that HDF5 cannot hold") {
  const std::string path = fresh(".h5");
  auto refusal = [&](auto put) {
    auto out = writer(path);
    put(*out);
    out->array("later", view<uint8_t>({1}), {1}); // The first failure is the one that counts.
    return out->finish();
  };
  refused(refusal([](auto &out) { out.array("a//b", view<uint8_t>({1}), {1}); }), 1011, path, {"a//b", "a name cannot be a name"});
  refused(refusal([](auto &out) { out.group(""); }), 1011, path, {"a name cannot be a name"});
  refused(refusal([](auto &out) { out.group("a/./b"); }), 1011, path, {"'.'"});
  refused(refusal([](auto &out) { out.text("t", std::string("a\0b", 3)); }), 1011, path, {"t", "zero byte"});
  refused(refusal([](auto &out) { out.attribute("g", "t", std::string("a\0b", 3)); }), 1011, path, {"g@t", "zero byte"});
  refused(refusal([](auto &out) { out.array("a", view<uint8_t>({1, 2}), {3}); }), 1011, path,
          {"a shape does not fit", "expected 3, found 2"});
  refused(refusal([](auto &out) { out.array("a", view<uint8_t>({1}), {1}), out.array("a", view<uint8_t>({1}), {1}); }), 1010, path,
          {"cannot write HDF5"});
  CHECK_FALSE(exists(path));
}
