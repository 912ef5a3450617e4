// Checks of support/: known answers of Threefry, rounding rules against 128-bit arithmetic, files that are whole or absent.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Support/Error.h"
#include "ranvier/Support/File.h"
#include "ranvier/Support/FixedPoint.h"
#include "ranvier/Support/Json.h"
#include "ranvier/Support/Random.h"
#include <cmath>
#include <csignal>
#include <doctest/doctest.h>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <unistd.h>

using namespace ranvier;

TEST_CASE("Threefry-2x32-20 gives the published known answers") {
  // Random123 kat_vectors, threefry2x32 with 20 rounds.
  using Words = std::array<uint32_t, 2>;
  CHECK(threefry2x32({0, 0}, {0, 0}) == Words{0x6b200159, 0x99ba4efe});
  CHECK(threefry2x32({0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) == Words{0x1cb996fc, 0xbb002be7});
  CHECK(threefry2x32({0x13198a2e, 0x03707344}, {0x243f6a88, 0x85a308d3}) == Words{0xc4923a9c, 0x483df7a0});
}

TEST_CASE("every rounding mode agrees with exact rational arithmetic") {
  for (int64_t x = -70; x <= 70; ++x)
    for (unsigned shift = 0; shift < 6; ++shift) {
      const double exact = static_cast<double>(x) / static_cast<double>(1 << shift);
      CHECK(shiftRight(x, shift, Rounding::Floor) == static_cast<int64_t>(std::floor(exact)));
      CHECK(shiftRight(x, shift, Rounding::TowardZero) == static_cast<int64_t>(std::trunc(exact)));
      CHECK(shiftRight(x, shift, Rounding::NearestUp) == static_cast<int64_t>(std::floor(exact + 0.5)));
      CHECK(shiftRight(x, shift, Rounding::NearestEven) == static_cast<int64_t>(std::nearbyint(exact)));
    }
  CHECK(shiftRight(INT64_MIN, 63, Rounding::TowardZero) == -1);
  CHECK(saturate32(int64_t(1) << 40) == INT32_MAX);
  CHECK(wrap32((int64_t(1) << 40) + 5) == 5);
}

TEST_CASE("an atomic file appears whole or not at all") {
  const auto dir = std::filesystem::temp_directory_path() / "ranvier-support-test";
  std::filesystem::remove_all(dir);
  std::filesystem::create_directories(dir);
  const std::string path = (dir / "out.txt").string();
  REQUIRE(writeFileAtomically(path, "first"));
  {
    auto file = AtomicFile::create(path);
    REQUIRE(file);
    REQUIRE(file->write("half"));
  }
  CHECK(*readFile(path) == "first");
  CHECK(std::distance(std::filesystem::directory_iterator(dir), {}) == 1);
  auto missing = AtomicFile::create((dir / "no" / "such").string());
  REQUIRE(!missing);
  CHECK(missing.error().code == 9003);
  CHECK(readFile((dir / "absent").string()).error().code == 9001);
  CHECK(readFile(path, 2).error().code == 9002);
  auto full = AtomicFile::create("/dev/full/x");
  CHECK(!full);
  std::filesystem::remove_all(dir);
}

TEST_CASE("errors name file, place, expected and found") {
  const Error failure{
      .code = 42, .message = "wrong width", .file = "a.yaml", .place = "line 3", .expected = "8", .found = "9", .hint = "use 8"};
  CHECK(failure.str() == "a.yaml: line 3: error RNV0042: wrong width: expected 8, found 9\nhint: use 8");
  CHECK(parseJson("{\"a\": ", "x.json").error().code == 9005);
}

TEST_CASE("a message shows what is no text as numbers") {
  auto shown = [](std::string found) { return Error{.code = 1, .message = "m", .found = std::move(found)}.str().substr(24); };
  CHECK(shown("plain, tab\t and \xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80") == "plain, tab\t and \xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
  CHECK(shown("\x1B[2J") == "\\x1B[2J"); // clears a screen
  CHECK(shown("\xC2\x9B"
              "2J") == "\\xC2\\x9B2J"); // the same in one character
  CHECK(shown(std::string("a\0b", 3)) == "a\\x00b");
  CHECK(shown("\xFF\xC3") == "\\xFF\\xC3");                                     // no start of a character, half a character
  CHECK(shown("\xC0\xAF\xED\xA0\x80\xF5") == "\\xC0\\xAF\\xED\\xA0\\x80\\xF5"); // overlong, surrogate, too large
}

TEST_CASE("what may not be replaced is not replaced") {
  const auto dir = std::filesystem::temp_directory_path() / "ranvier-support-replace";
  std::filesystem::remove_all(dir);
  std::filesystem::create_directories(dir / "folder");
  for (const std::string &path : {(dir / "folder").string(), std::string("/dev/null"), std::string()}) {
    auto file = AtomicFile::create(path);
    REQUIRE(!file);
    CHECK(file.error().code == 9003);
    CHECK(file.error().kind == ErrorKind::System);
  }
  REQUIRE(writeFileAtomically((dir / "real").string(), "old"));
  std::filesystem::create_symlink("real", dir / "link");
  REQUIRE(writeFileAtomically((dir / "link").string(), "new"));
  CHECK(std::filesystem::is_symlink(dir / "link"));
  CHECK(*readFile((dir / "real").string()) == "new");
  std::filesystem::remove_all(dir);
}

TEST_CASE("a signal in the middle of writing leaves nothing behind and calls the last words") {
  const auto dir = std::filesystem::temp_directory_path() / "ranvier-support-signal";
  std::filesystem::remove_all(dir);
  std::filesystem::create_directories(dir);
  for (int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    const pid_t child = ::fork();
    if (child == 0) {
      installSignalCleanup([](int) { [[maybe_unused]] ssize_t ignored = ::write(STDERR_FILENO, "", 0); });
      auto one = AtomicFile::create((dir / "one").string());
      auto two = AtomicFile::create((dir / "two").string());
      if (!one || !two || !one->write("half") || std::distance(std::filesystem::directory_iterator(dir), {}) != 2)
        ::_exit(1);
      ::raise(number);
      ::_exit(2);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == number);
    CHECK(std::filesystem::is_empty(dir));
  }
  std::filesystem::remove_all(dir);
}

TEST_CASE("JSON that is wrong is an error, whatever the library throws") {
  for (const char *text : {"", "{", "[1,]", "\xff", "1e999", "{\"a\": -1e400}"}) {
    const auto parsed = parseJson(text, "file.json");
    REQUIRE_MESSAGE(!parsed, text);
    CHECK(parsed.error().code == 9005);
    CHECK(parsed.error().file == "file.json");
  }
  CHECK(parseJson("{\"a\": 1e308}", "file.json"));
}
