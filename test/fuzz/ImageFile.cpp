// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Hardware images: checksums are made right first, as an attacker would; what is accepted must run three steps without touching
// what is not its own, and describe itself.
#include "Fuzz.h"
#include "Layout.h"
#include "ranvier/Emulator/Machine.h"
#include "ranvier/Image/Image.h"
#include "ranvier/Support/File.h"
#include <algorithm>
#include <cstring>
#include <memory>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

using namespace ranvier;
using namespace ranvier::image;

namespace {
void mendChecksums(std::vector<std::byte> &bytes) {
  detail::FileHeader header;
  detail::SectionRecord all[detail::mostSections];
  if (bytes.size() < sizeof header)
    return;
  std::memcpy(&header, bytes.data(), sizeof header);
  const auto table =
      std::span(all).first(header.sectionCount == detail::mostSections ? detail::mostSections : detail::sectionCount);
  if (bytes.size() < sizeof header + table.size_bytes())
    return;
  std::memcpy(table.data(), bytes.data() + sizeof header, table.size_bytes());
  for (auto &record : table)
    if (record.offset <= bytes.size() && record.bytes <= bytes.size() - record.offset)
      record.checksum = checksum64(std::span(bytes).subspan(record.offset, record.bytes));
  std::memcpy(bytes.data() + sizeof header, table.data(), table.size_bytes());
  header.fileBytes = bytes.size();
  header.tableChecksum = checksum64(std::span(bytes).subspan(sizeof header, table.size_bytes()));
  header.headerChecksum = checksum64(std::as_bytes(std::span(&header, 1)).first(offsetof(detail::FileHeader, headerChecksum)));
  std::memcpy(bytes.data(), &header, sizeof header);
}

void run(Image opened) {
  uint64_t neurons = 0;
  for (const auto &population : opened.meta.populations)
    neurons += population.count;
  if (neurons > 100000) // Legal, but nothing to wait for.
    return;
  describe(opened, true);
  const auto image = std::make_shared<const Image>(std::move(opened));
  const auto &learning = image->meta.learning; // synapses that come and go are not timed
  const bool untimed =
      std::any_of(learning.begin(), learning.end(), [](const LearningMeta &each) { return !each.rewiring.empty(); });
  auto machine = emu::Machine::create(image, {.executor = emu::Executor::Interp,
                                              .timing = untimed ? emu::Timing::Off : emu::Timing::Fast,
                                              .threads = 1,
                                              .costProfile = {},
                                              .mostSynapses = 1'000'000});
  if (!machine)
    return fuzz::checkError(machine.error(), 7001, 7999);
  for (int step = 0; step < 3; ++step)
    (*machine)->step({});
}
} // namespace

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::vector<std::byte> bytes(size);
  if (size)
    std::memcpy(bytes.data(), data, size);
  mendChecksums(bytes);
  const int fd = ::memfd_create("image", 0); // The opener maps files.
  FUZZ_CHECK(fd >= 0 && ::write(fd, bytes.data(), size) == static_cast<ssize_t>(size), "memfd");
  auto opened = image::open("/proc/self/fd/" + std::to_string(fd));
  if (opened)
    run(*std::move(opened));
  else
    fuzz::checkError(opened.error(), 3001, 3999);
  ::close(fd);
  return 0;
}
