//===- Helpers.cpp - What the tests of foreign files share ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Helpers.h"
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

using namespace ranvier;
namespace fs = std::filesystem;

namespace {
struct TemporaryFolder {
  std::string path = (fs::temp_directory_path() / "ranvier-formats-XXXXXX").string();
  TemporaryFolder() {
    if (!::mkdtemp(path.data()))
      std::abort();
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

/// The process that runs scripts on HDF5 files (edit_files.py).
class Editor {
public:
  Editor() {
    int in[2], out[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0)
      std::abort();
    child = ::fork();
    if (child == 0) {
      ::dup2(in[0], 0), ::dup2(out[1], 1);
      ::execl(RANVIER_PYTHON3, RANVIER_PYTHON3, RANVIER_SOURCE_DIR "/test/unit/formats/edit_files.py", nullptr);
      ::_exit(127);
    }
    ::close(in[0]), ::close(out[1]);
    to = ::fdopen(in[1], "w"), from = ::fdopen(out[0], "r");
  }
  ~Editor() {
    std::fclose(to), std::fclose(from);
    ::waitpid(child, nullptr, 0);
  }
  std::pair<bool, std::string> run(const std::string &path, const std::string &script) {
    std::fprintf(to, "%s\n%zu\n", path.c_str(), script.size());
    std::fwrite(script.data(), 1, script.size(), to);
    std::fflush(to);
    char status[16] = "";
    size_t size = 0;
    if (std::fscanf(from, "%15s %zu", status, &size) != 2 || std::fgetc(from) != '\n')
      return {false, "no answer from edit_files.py"};
    std::string text(size, '\0');
    return {std::fread(text.data(), 1, size, from) == size && std::string(status) == "ok", text};
  }

private:
  pid_t child;
  std::FILE *to = nullptr, *from = nullptr;
};
} // namespace

const std::string &test::folder() {
  static const TemporaryFolder folder;
  return folder.path;
}

std::string test::fresh(const std::string &suffix) {
  static unsigned count = 0;
  return folder() + "/" + std::to_string(++count) + suffix;
}

std::string test::foreign(const std::string &name) {
  static const bool made = [] {
    fs::create_directory(folder() + "/foreign");
    return std::system((std::string("'" RANVIER_PYTHON3 "' '" RANVIER_SOURCE_DIR "/test/unit/formats/make_files.py' '") + folder() +
                        "/foreign'")
                           .c_str()) == 0;
  }();
  REQUIRE(made);
  const std::string path = folder() + "/foreign/" + name;
  REQUIRE_MESSAGE(exists(path), path);
  return path;
}

void test::write(const std::string &path, const std::string &bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string test::slurp(const std::string &path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

bool test::exists(const std::string &path) { return fs::exists(path); }

std::vector<std::string> test::filesIn(const std::string &path) {
  std::vector<std::string> out;
  for (const auto &entry : fs::directory_iterator(path))
    out.push_back(entry.path().filename().string());
  std::sort(out.begin(), out.end());
  return out;
}

std::string test::h5py(const std::string &path, const std::string &script) {
  static Editor editor;
  auto [good, text] = editor.run(path, script);
  if (!good)
    FAIL(script << "\n" << text);
  if (!text.empty() && text.back() == '\n')
    text.pop_back();
  return text;
}
