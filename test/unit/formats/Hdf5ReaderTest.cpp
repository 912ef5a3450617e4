//===- Hdf5ReaderTest.cpp - Foreign HDF5 in the forked reader -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Hdf5Handle.h"
#include "Hdf5Tree.h"
#include "Helpers.h"
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace ranvier;
using namespace ranvier::formats;
using namespace ranvier::test;

namespace {
const H5Array &array(const H5Group &group, const std::string &path) {
  const H5Array *found = group.array(path);
  REQUIRE_MESSAGE(found, path);
  return *found;
}
size_t openFiles() { return filesIn("/proc/self/fd").size(); }
} // namespace

TEST_CASE("every stored form of numbers and text arrives as one of five types") {
  for (const char *name : {"numbers.h5", "numbers-old.h5"}) { // The newest layout and the oldest.
    const H5Group root = good(readHdf5(foreign(name)));
    INFO(name);
    CHECK(array(root, "i8").type == H5Type::I64);
    CHECK(array(root, "i8").numbers() == std::vector<double>{-128, 127});
    CHECK(array(root, "u8").type == H5Type::U8);
    CHECK(array(root, "u8").numbers() == std::vector<double>{0, 255});
    CHECK(array(root, "i16be").numbers() == std::vector<double>{-2, 515});
    CHECK(array(root, "u32").numbers() == std::vector<double>{4294967295.0});
    CHECK(array(root, "i64").shape == Shape{1, 2});
    CHECK(array(root, "i64").numbers() == std::vector<double>{-9007199254740992.0, 9007199254740992.0});
    CHECK(array(root, "f16").type == H5Type::F32);
    CHECK(array(root, "f16").numbers() == std::vector<double>{0.5, -2});
    CHECK(array(root, "f32be").numbers() == std::vector<double>{1.5});
    CHECK(array(root, "f64").type == H5Type::F64);
    CHECK(array(root, "f64").shape.empty());
    CHECK(array(root, "f64").number(0) == 3.141592653589793);
    CHECK(array(root, "f128").numbers() == std::vector<double>{0.25});
    CHECK(array(root, "bool").type == H5Type::U8);
    CHECK(array(root, "bool").numbers() == std::vector<double>{1, 0, 1});
    CHECK(array(root, "empty").shape == Shape{0, 3});
    CHECK(array(root, "empty").count() == 0);
    CHECK(array(root, "vlen").texts == std::vector<std::string>{"köln"});
    CHECK(array(root, "vlens").texts == std::vector<std::string>{"a", "", "b c"});
    CHECK(array(root, "fixed").texts == std::vector<std::string>{"ab", "abcd"});
    CHECK(array(root, "padded").texts == std::vector<std::string>{"xy"});
    CHECK(array(root, "deflated").number(999) == 999);
    CHECK(root.attributes.at("pi").number(0) == 3.5);
    CHECK(root.arrayAttributes.at("u8").at("note").texts == std::vector<std::string>{"of a data set"});
    REQUIRE(root.group("inner/most"));
    CHECK(root.group("inner/most")->attributes.at("deep").numbers() == std::vector<double>{1, 2, 3});
    CHECK(root.group("inner/least") == nullptr);
    CHECK(root.array("inner/most/deep") == nullptr);
  }
}

TEST_CASE("only what was asked for is read") {
  const H5Group root = good(readHdf5(foreign("numbers.h5"), {.only = {"u8"}}));
  CHECK(array(root, "u8").numbers() == std::vector<double>{0, 255});
  CHECK(array(root, "i64").type == H5Type::Absent);
  CHECK(array(root, "i64").shape == Shape{1, 2});
  CHECK(array(root, "i64").numbers().empty());
  // What nobody asked for may even be of a type we do not know.
  CHECK(array(good(readHdf5(foreign("odd-compound.h5"), {.only = {"x"}})), "c").type == H5Type::Absent);
}

TEST_CASE("what strangers may try is refused with the place") {
  struct Row {
    const char *file;
    unsigned code;
    const char *place, *message;
  };
  for (const Row &row : std::initializer_list<Row>{
           {"soft", 1004, "/b", "soft and external links are refused"},
           {"external_link", 1004, "/b", "soft and external links are refused"},
           {"external_storage", 1004, "/secret", "external and virtual storage are refused"},
           {"virtual", 1004, "/v", "external and virtual storage are refused"},
           {"compound", 1004, "/c", "a type is neither number nor text"},
           {"reference", 1004, "/r", "a type is neither number nor text"},
           {"ragged", 1004, "/r", "a type is neither number nor text"},
           {"wide_enumeration", 1004, "/e", "enumerations of more than a byte"},
           {"null", 1004, "/n", "an array has no shape"},
           {"committed", 1004, "/t", "neither group nor data set"},
           {"rank", 1004, "/r", "more than 8 axes"},
           {"deep", 1002, "/g/g/g", "groups are nested too deeply"},
           {"cycle", 1002, "/a/again/again", "groups are nested too deeply"},
           {"bush", 1002, "/a/b/b", "groups are nested too deeply"},
           {"large", 1002, "/large", "the file holds more than 4294967296 numbers"},
           {"overflow", 1002, "/o", "a shape is too large"},
           {"clipped", 1004, "/c", "an array cannot be read"},
           {"bad_name", 1004, "/caf?", "a name is not plain UTF-8 text"},
           {"control_name", 1004, "/two?lines", "a name is not plain UTF-8 text"},
           {"bad_text", 1004, "/t", "a text is not UTF-8"},
           {"long_text", 1002, "/t", "a string is too long"},
           {"filtered", 1004, "/f", "an array cannot be read"},
       }) {
    INFO(row.file);
    const std::string path = foreign(std::string("odd-") + row.file + ".h5");
    refused(readHdf5(path), row.code, path, {row.place, row.message});
  }
}

TEST_CASE("a few bytes that stand for gigabytes meet a limit before memory does") {
  const std::string path = foreign("odd-many.h5"); // 2^29 numbers in 1400 bytes.
  refused(readHdf5(path, {.maxNumbers = (1u << 29) - 1}), 1002, path, {"/many", "numbers"});
  refused(readHdf5(path, {.maxBytes = (1u << 29) - 1}), 1002, path, {"/many", "511 MiB"});
  refused(nir::read(path), 1002, path, {"/many", "more than 268435456 numbers"});
  const std::string numbers = foreign("numbers.h5");
  refused(readHdf5(numbers, {.maxNumbers = 1000}), 1002, numbers, {"numbers"}); // Over all arrays together.
}

TEST_CASE("files that are not HDF5") {
  const std::string nothing = fresh(".h5"), text = fresh(".h5"), empty = fresh(".h5"), pipe = fresh(".h5");
  refused(readHdf5(nothing), 1001, nothing, {"cannot open the file", "No such file"});
  write(text, "hello");
  refused(readHdf5(text), 1001, text, {"the file is not HDF5"});
  write(empty, "");
  refused(readHdf5(empty), 1001, empty, {"the file is not HDF5"});
  refused(readHdf5(folder()), 1001, folder(), {"a folder"});
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  refused(readHdf5(pipe), 1001, pipe, {"no regular file"}); // Nobody writes into it: it would block.
  const std::string whole = slurp(foreign("numbers.h5"));
  for (size_t size : {size_t(8), size_t(48), size_t(96), size_t(200), whole.size() / 2, whole.size() - 1}) {
    const std::string cut = fresh(".h5");
    write(cut, whole.substr(0, size));
    const auto tree = readHdf5(cut);
    REQUIRE_FALSE(tree);
    CHECK(tree.error().code >= 1001);
    CHECK(tree.error().code <= 1004);
    CHECK(tree.error().file == cut);
  }
}

TEST_CASE("a crash of the reader is a clean error") {
  // old.nir of make_files.py with byte 2189 set to 146, on which libhdf5 1.10.8 reads from where nothing is.
  const std::string path = RANVIER_TEST_INPUTS "/nir/crashes-reader.nir";
  const auto tree = readHdf5(path);
  if (tree || tree.error().code != 1003) {
    std::cout << "SKIP: this libhdf5 does not crash on crashes-reader.nir" << std::endl;
    return;
  }
  refused(tree, 1003, path, {"the reader crashed or gave up on it", "corrupt"});
}

TEST_CASE("nothing stays behind: children, descriptors, handles of libhdf5") {
  CHECK(readHdf5(foreign("numbers.h5"))); // Whatever is opened once for all is open now.
  const size_t before = openFiles();
  for (int k = 0; k < 20; ++k)
    for (const char *name : {"numbers.h5", "odd-soft.h5", "odd-bad_name.h5", "odd-deep.h5"})
      (void)static_cast<bool>(readHdf5(foreign(name)));
  CHECK(openFiles() == before);
  CHECK(::waitpid(-1, nullptr, WNOHANG) <= 0);            // No child of ours waits to be buried.
  CHECK(H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL) == 0); // The parent never opens foreign files.
}

TEST_CASE("readers in several threads do not disturb each other") {
  const std::string path = foreign("numbers.h5"), bad = foreign("odd-cycle.h5");
  std::vector<int> right(4, 0);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int k = 0; k < 10; ++k) {
        const auto tree = readHdf5(path);
        const auto refusal = readHdf5(bad);
        right[t] += tree && tree->array("u8") && !refusal && refusal.error().code == 1002;
      }
    });
  for (auto &thread : threads)
    thread.join();
  CHECK(right == std::vector<int>{10, 10, 10, 10});
}

TEST_CASE("a parent that ignores its children, or handles signals itself, still gets the file") {
  const auto child = ::signal(SIGCHLD, SIG_IGN);
  CHECK(readHdf5(foreign("numbers.h5")));
  ::signal(SIGCHLD, child);
  CHECK(readHdf5(foreign("numbers.h5")));
}

TEST_CASE("a parent with more address space than the child's own share still gets the file") {
  const size_t size = size_t(40) << 30;
  void *at = ::mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  REQUIRE(at != MAP_FAILED);
  CHECK(readHdf5(foreign("numbers.h5"), {.maxBytes = 1 << 20}));
  ::munmap(at, size);
}

TEST_CASE("no plug-in is loaded, whatever the environment says") {
  const std::string path = foreign("odd-filtered.h5"), mark = fresh(".mark");
  ::setenv("HDF5_PLUGIN_PATH", RANVIER_FILTER_PLUGIN, 1);
  ::setenv("RANVIER_TEST_MARK", mark.c_str(), 1);
  refused(readHdf5(path), 1004, path, {"/f"});
  CHECK_FALSE(exists(mark));
  // libhdf5 without our precautions does load it, so the test can fail.
  const pid_t child = ::fork();
  if (child == 0) {
    H5PLset_loading_state(H5PL_ALL_PLUGIN);
    H5PLprepend(RANVIER_FILTER_PLUGIN);
    unsigned char cells[16];
    const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), set = H5Dopen2(file, "f", H5P_DEFAULT);
    ::_exit(H5Dread(set, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, cells) >= 0 ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(exists(mark));
  ::unsetenv("HDF5_PLUGIN_PATH");
  ::unsetenv("RANVIER_TEST_MARK");
}
