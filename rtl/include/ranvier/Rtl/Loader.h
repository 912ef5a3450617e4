//===- Loader.h - From an image to the memories of the RTL ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The words that the configuration bus writes to make the chip hold an image, as docs/rtl/architecture.md (sections 4 to 6) lays
// them out: whole memories, so that a chip need not be reset before it is loaded.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_RTL_LOADER_H
#define RANVIER_RTL_LOADER_H

#include "ranvier/Image/Image.h"
#include "ranvier/Rtl/Geometry.h"
#include <functional>

namespace ranvier::rtl {

/// Which neurons' spikes the host gets to see.
enum class HostSpikes : uint8_t {
  All,     ///< Every neuron's: what lockstep compares.
  Observed ///< Of populations that image::hostHears names.
};

struct LoaderOptions {
  bool fastPath = true; ///< Let populations of the chip's native form take the fast path where they may.
  HostSpikes hostSpikes = HostSpikes::All;
};

/// A slice of the image on its node.
struct PlacedSlice {
  uint32_t slice = 0; ///< Index into Image::slices.
  uint32_t node = 0;
  bool fast = false;
};

/// The contents of all memories: a word for each address of each space (Csr but for the registers that count or are read only).
class Memories {
public:
  explicit Memories(const Geometry &geometry);
  /// Words of a space on a node, `geometry.host()` the host's; empty where the node does not have it.
  std::vector<uint32_t> &of(uint32_t node, Space space) { return words[node * numSpaces + size_t(space)]; }
  const std::vector<uint32_t> &of(uint32_t node, Space space) const { return words[node * numSpaces + size_t(space)]; }
  Geometry geometry;

private:
  std::vector<std::vector<uint32_t>> words;
};

/// One access of the configuration bus.
struct ConfigWrite {
  uint32_t node = 0;
  Space space = Space::AxonIn;
  uint32_t address = 0, word = 0;
  bool operator==(const ConfigWrite &) const = default;
};

/// An image on a grid.
struct LoadedImage {
  Memories memories;
  std::vector<uint32_t> nodeOfCore; ///< By core of the image.
  std::vector<uint32_t> sourceOf;   ///< By neuron and then input neuron, as Image::outPtr counts: number in packets.
  std::vector<PlacedSlice> slices;  ///< In the order of Image::slices.
  uint32_t firstHostSource = 0;     ///< Source of host input 0.
  uint64_t neurons = 0;             ///< Of the image, without inputs.
};

/// The smallest grid that holds every core of the image.
Grid smallestGrid(const image::Image &image);

/// Errors: those of geometryOf; RNV7510 (a core lies outside the grid), RNV7511 (a memory of a core is too small), RNV7512 (more
/// input neurons than the host addresses), RNV7513 (the image uses what the RTL does not have: several levels, wide synapses,
/// connectors, more states, parameters or inputs than a core keeps).
Result<LoadedImage> loadImage(const image::Image &image, Grid grid, const LoaderOptions &options);

/// Every writable word of the spaces that are wanted (null: all), node by node and space by space in the order of their numbers;
/// the counters are set to 0.
std::vector<ConfigWrite> configWrites(const Memories &memories, const std::function<bool(uint32_t node, Space space)> &wanted = {});

/// A file for a test bench of somebody else's.
struct MemoryFile {
  std::string name, text;
};
/// For $readmemh: each memory by node and space, all writes of the configuration bus in one file, the package, and a README.md that
/// says which is what.
std::vector<MemoryFile> memoryFiles(const LoadedImage &loaded, const image::Image &image);

} // namespace ranvier::rtl

#endif
