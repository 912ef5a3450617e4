//===- Process.cpp - Running a tool ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Process.h"
#include "ranvier/Support/File.h"
#include <cerrno>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace ranvier::rtl {
namespace {
Error noTool(const std::string &program, const std::string &why) {
  return {.code = 7521,
          .message = "a tool that makes RTL models cannot be run",
          .place = program,
          .expected = "Verilator 5 and g++ (Debian packages verilator, g++)",
          .found = why,
          .hint = "VERILATOR and CXX name other programs",
          .kind = ErrorKind::System};
}
} // namespace

Result<Process> Process::start(const std::vector<std::string> &command, const std::string &logPath) {
  std::vector<char *> words;
  for (const std::string &word : command)
    words.push_back(const_cast<char *>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, logPath.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t pid = 0;
  const int failure = posix_spawnp(&pid, words[0], &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failure)
    return noTool(command.front(), std::strerror(failure));
  Process out;
  out.pid = pid;
  return out;
}

Process::~Process() {
  if (pid)
    succeeded();
}

bool Process::succeeded() {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  pid = 0;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Result<bool> runAll(const std::vector<std::vector<std::string>> &commands, unsigned jobs, const std::string &logPath) {
  std::deque<Process> running;
  bool good = true;
  for (const auto &command : commands) {
    if (running.size() >= std::max(jobs, 1u)) {
      good = running.front().succeeded() && good;
      running.pop_front();
    }
    RANVIER_TRY(Process process, Process::start(command, logPath));
    running.push_back(std::move(process));
  }
  for (Process &process : running)
    good = process.succeeded() && good;
  return good;
}

Result<std::string> versionOf(const std::string &program, const std::string &folder) {
  const std::string path = folder + "/version." + std::to_string(getpid());
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  RANVIER_TRY(Process process, Process::start({program, "--version"}, path));
  const bool good = process.succeeded();
  auto text = readFile(path, 1 << 16);
  std::filesystem::remove(path, ignored);
  if (!good || !text || text->empty())
    return noTool(program, "it says nothing to --version");
  return text->substr(0, text->find('\n'));
}

} // namespace ranvier::rtl
