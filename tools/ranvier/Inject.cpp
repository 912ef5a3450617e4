//===- Inject.cpp - Input spikes that come while a run goes on ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Inject.h"
#include "ranvier/Emulator/Session.h"
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

using namespace ranvier;
using namespace ranvier::tools;

/// Longer lines are no spikes, and are not kept.
static constexpr size_t mostLine = 100;

Injector::~Injector() {
  if (descriptor > STDERR_FILENO)
    ::close(descriptor);
}

Result<std::unique_ptr<Injector>> Injector::open(const std::string &option, const image::Image &image) {
  const auto wrong = [&](unsigned code, std::string message, std::string expected, std::string found) {
    return Error{.code = code,
                 .message = std::move(message),
                 .place = "option --inject " + option,
                 .expected = std::move(expected),
                 .found = std::move(found),
                 .kind = ErrorKind::Usage};
  };
  const size_t equals = option.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == option.size())
    return wrong(8101, "--inject names no input and file", "NAME=FILE, or NAME=- for stdin", "'" + option + "'");
  std::unique_ptr<Injector> out(new Injector);
  out->population_ = option.substr(0, equals);
  out->file = option.substr(equals + 1);
  std::string known;
  bool found = false;
  for (uint32_t p = 0; p < image.meta.populations.size(); ++p) {
    const image::PopulationMeta &population = image.meta.populations[p];
    if (!population.input || !population.source.empty())
      continue;
    known += (known.empty() ? "" : ", ") + population.name;
    if (population.name != out->population_)
      continue;
    found = true;
    out->number = p;
    out->neurons = static_cast<uint32_t>(population.count);
  }
  if (!found)
    return wrong(8101, "the image has no external input of this name",
                 known.empty() ? "an image with an input without a source" : known, out->population_);
  out->payload = emu::plainPayload(image);
  out->descriptor = out->readsStdin() ? STDIN_FILENO : ::open(out->file.c_str(), O_RDONLY | O_CLOEXEC);
  if (out->descriptor < 0)
    return wrong(8102, "the spikes to inject cannot be read", "a file, a named pipe, or - for stdin", std::strerror(errno));
  return out;
}

Error Injector::broken(const std::string &expected, const std::string &found) const {
  return Error{.code = 8103,
               .message = "a line of what is injected into '" + population_ + "' is no spike",
               .file = file == "-" ? "stdin" : file,
               .place = "line " + std::to_string(lines),
               .expected = expected,
               .found = found};
}

/// False at the end.
Result<bool> Injector::readLine(std::string &line) {
  for (;;) {
    const size_t end = buffer.find('\n', at);
    if (end != std::string::npos || (ended && at < buffer.size())) {
      const size_t last = end == std::string::npos ? buffer.size() : end;
      line.assign(buffer, at, last - at);
      at = std::min(buffer.size(), last + 1);
      ++lines;
      return true;
    }
    if (ended)
      return false;
    buffer.erase(0, at);
    at = 0;
    if (buffer.size() > mostLine) {
      ++lines;
      return broken("step,neuron", "more than " + std::to_string(mostLine) + " characters without an end of line");
    }
    char part[1 << 16];
    const ssize_t got = ::read(descriptor, part, sizeof part);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return Error{.code = 8102,
                   .message = "the spikes to inject into '" + population_ + "' cannot be read",
                   .file = file == "-" ? "stdin" : file,
                   .found = std::strerror(errno),
                   .kind = ErrorKind::System};
    ended = got == 0;
    buffer.append(part, static_cast<size_t>(got));
  }
}

/// False at the end.
Result<bool> Injector::readEvent(Event &event) {
  std::string line;
  for (;;) {
    RANVIER_TRY(const bool any, readLine(line));
    if (!any)
      return false;
    if (!line.empty() && line.back() == '\r')
      line.pop_back();
    if (line.empty() || line[0] == '#' || (received == 0 && line == "step,neuron"))
      continue;
    const char *end = line.data() + line.size();
    const auto first = std::from_chars(line.data(), end, event.step);
    const bool comma = first.ec == std::errc() && first.ptr != end && *first.ptr == ',';
    const auto second = comma ? std::from_chars(first.ptr + 1, end, event.neuron) : first;
    if (!comma || second.ec != std::errc() || second.ptr != end)
      return broken("step,neuron", "'" + line.substr(0, mostLine) + "'");
    if (event.step == 0)
      return broken("steps from 1 on", "0");
    if (event.neuron >= neurons)
      return broken("neurons 0.." + std::to_string(neurons - 1), std::to_string(event.neuron));
    ++received;
    return true;
  }
}

Result<void> Injector::collect(uint32_t step, std::vector<emu::InputSpike> &spikes) {
  for (;;) {
    if (!waiting) {
      RANVIER_TRY(waiting, readEvent(next));
    }
    if (!waiting || next.step > step)
      return {};
    waiting = false;
    if (next.step < step) {
      ++lateLines;
      continue;
    }
    ++sent;
    spikes.push_back({step, number, next.neuron, payload});
  }
}

Json Injector::json() const {
  return {{"population", population_}, {"received", received}, {"send_multicast_packets", sent}, {"late_packets", lateLines}};
}
