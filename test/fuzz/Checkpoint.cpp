// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Checkpoints: checksums are made right first, as an attacker would. What is read must fit the image of the corpus' checkpoint or
// be refused by it, and what fits must run three steps without touching what is not its own.
#include "Fuzz.h"
#include "Layout.h"
#include "ranvier/Support/File.h"
#include "unit/emulator/TestNet.h"
#include <cstring>
#include <vector>

using namespace ranvier;
using namespace ranvier::emutest;
using namespace ranvier::emu::detail;

namespace {
void mendChecksums(std::vector<std::byte> &bytes) {
  FileHeader header;
  SectionRecord table[sectionCount];
  if (bytes.size() < sizeof header + sizeof table)
    return;
  std::memcpy(&header, bytes.data(), sizeof header);
  std::memcpy(table, bytes.data() + sizeof header, sizeof table);
  for (auto &record : table)
    if (record.offset <= bytes.size() && record.bytes <= bytes.size() - record.offset)
      record.checksum = checksum64(std::span(bytes).subspan(record.offset, record.bytes));
  std::memcpy(bytes.data() + sizeof header, table, sizeof table);
  header.fileBytes = bytes.size();
  header.tableChecksum = checksum64(std::as_bytes(std::span(table)));
  header.headerChecksum = checksum64(std::as_bytes(std::span(&header, 1)).first(offsetof(FileHeader, headerChecksum)));
  std::memcpy(bytes.data(), &header, sizeof header);
}

/// Two inputs onto a ring of four neurons with delays of 1 to 4: that of CheckpointTest.cpp.
std::shared_ptr<const image::Image> loop() {
  Net net;
  net.programs = {relay(isa::Profile::Int, false)};
  net.populations = {{.name = "in", .count = 2}, {.name = "out", .count = 4, .program = 0}};
  net.projections = {{"p", 0, 1}, {"q", 1, 1}};
  for (uint32_t n = 0; n < 4; ++n) {
    net.synapses.push_back({0, n % 2, n, 1 + n, 1});
    net.synapses.push_back({1, n, (n + 1) % 4, 4 - n, 1});
  }
  return build(net);
}
} // namespace

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const auto machine = *emu::Machine::create(loop(), {.executor = emu::Executor::Interp, .threads = 1, .costProfile = {}});
  std::vector<std::byte> bytes(size);
  if (size)
    std::memcpy(bytes.data(), data, size);
  mendChecksums(bytes);
  auto parsed = emu::parseCheckpoint(bytes, "fuzz.rvc");
  if (!parsed) {
    fuzz::checkError(parsed.error(), 7030, 7032);
    return 0;
  }
  if (auto restored = machine->restore(parsed->machine); !restored) {
    fuzz::checkError(restored.error(), 7036, 7036);
    return 0;
  }
  emu::MachineState state;
  machine->save(state);
  FUZZ_CHECK(state.states == parsed->machine.states && state.messages == parsed->machine.messages,
             "a state comes back as it was restored");
  for (int step = 0; step < 3; ++step)
    machine->step({});
  return 0;
}
