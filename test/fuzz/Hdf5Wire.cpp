// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the sandboxed HDF5 reader may send, read as the tree it stands for, and as the spikes of a cochlea that may be in it.
#include "Hdf5Wire.h"
#include "EventBins.h"
#include "Fuzz.h"
#include <cstring>
#include <numeric>

using namespace ranvier;

namespace {
void checkGroup(const formats::H5Group &group, unsigned depth) {
  FUZZ_CHECK(depth <= formats::wire::maxDepth + 2, "depth");
  const auto checkArrays = [](const std::map<std::string, formats::H5Array> &arrays) {
    for (const auto &[name, array] : arrays) {
      FUZZ_CHECK(formats::wire::isName(name), name);
      if (array.type == formats::H5Type::Text)
        FUZZ_CHECK(array.texts.size() == array.count(), name);
      else if (array.type == formats::H5Type::Ragged)
        FUZZ_CHECK(array.lengths.size() == array.count() &&
                       array.raw.size() == std::accumulate(array.lengths.begin(), array.lengths.end(), uint64_t(0)) *
                                               formats::wire::elementSize(array.numberType),
                   name);
      else
        FUZZ_CHECK(array.raw.size() == array.count() * formats::wire::elementSize(array.type) ||
                       array.type == formats::H5Type::Absent,
                   name);
      array.numbers(); // Reads every element.
      for (const auto &text : array.texts)
        FUZZ_CHECK(formats::wire::isText(text), name);
    }
  };
  checkArrays(group.arrays);
  checkArrays(group.attributes);
  for (const auto &[owner, attributes] : group.arrayAttributes)
    checkArrays(attributes);
  for (const auto &[name, inner] : group.groups)
    checkGroup(inner, depth + 1);
}
} // namespace

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const auto source = [&](void *into, size_t wanted) {
    if (size < wanted)
      return false;
    if (wanted)
      std::memcpy(into, data, wanted);
    data += wanted, size -= wanted;
    return true;
  };
  const auto tree = formats::wire::decode(source, "fuzz.h5", {.maxBytes = 1 << 24, .maxNumbers = 1 << 20, .ragged = true});
  if (tree) {
    checkGroup(*tree, 0);
    if (const auto set =
            formats::binAudioSpikes(*tree, "fuzz.h5", {.bins = {.steps = 8, .dt = 0.125}, .units = 16, .channels = 5}, {}))
      FUZZ_CHECK(set->counts.events == set->counts.spikes + set->counts.merged + set->counts.late, "events");
    else
      fuzz::checkError(set.error(), 1050, 1069);
  } else
    fuzz::checkError(tree.error(), 1001, 1004);
  return 0;
}
