//===- MemoryFiles.cpp - Memories for a foreign test bench ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Rtl/Loader.h"
#include <cstdio>

namespace ranvier::rtl {
namespace {
std::string lower(std::string_view text) {
  std::string out(text);
  for (char &c : out)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

std::string nodeName(const Geometry &g, uint32_t node) { return node == g.host() ? "host" : "node" + std::to_string(node); }

/// One word a line; memories of Slice have holes, which are 0.
std::string memoryText(const Memories &memories, uint32_t node, Space space) {
  const Geometry &g = memories.geometry;
  const auto &words = memories.of(node, space);
  std::string out = "// " + nodeName(g, node);
  if (node != g.host())
    out += " (column " + std::to_string(node / g.grid.rows) + ", row " + std::to_string(node % g.grid.rows) + ")";
  out += ", space " + std::string(nameOf(space)) + ": " + std::to_string(words.size()) + " words\n";
  char line[16];
  for (const uint32_t word : words) {
    std::snprintf(line, sizeof line, "%08x\n", word);
    out += line;
  }
  return out;
}

std::string configText(const Memories &memories) {
  std::string out = "// Every write of the configuration bus: node [59:52], space [51:48], address [47:32], word [31:0].\n";
  char line[32];
  for (const ConfigWrite &write : configWrites(memories)) {
    std::snprintf(line, sizeof line, "%02x%x%04x%08x\n", write.node, unsigned(write.space), write.address, write.word);
    out += line;
  }
  return out;
}

std::string readme(const LoadedImage &loaded, const image::Image &image, const std::vector<MemoryFile> &files) {
  const Geometry &g = loaded.memories.geometry;
  std::string out = "# " + image.meta.network + " on " + g.chip + ", " + g.grid.str() +
                    " nodes\n\nMemories for `$readmemh`, 32-bit words in the order of their addresses on the configuration bus "
                    "(docs/rtl/architecture.md, section 6).\n`n1_pkg.sv` has the parameters of the chip.\n\n"
                    "| file | words | goes to |\n|---|---|---|\n";
  for (const MemoryFile &file : files)
    if (file.name == "config.mem")
      out += "| `config.mem` | " + std::to_string(configWrites(loaded.memories).size()) +
             " | the configuration bus, one write a line: node (8 bits), space (4), address (16), word (32). It says all that the "
             "other "
             "files say, and the CSRs besides |\n";
  for (uint32_t node = 0; node <= g.nodes(); ++node)
    for (unsigned s = 0; s < numSpaces; ++s)
      if (Space(s) != Space::Csr)
        if (const size_t words = loaded.memories.of(node, Space(s)).size())
          out += "| `" + nodeName(g, node) + "_" + lower(nameOf(Space(s))) + ".mem` | " + std::to_string(words) + " | " +
                 nodeName(g, node) + ", space " + std::to_string(s) + " |\n";
  out += "\nBesides: CSR 0 (SLICES) of each node is the number of its slices, all other registers are 0.\n\n"
         "| node | slices |\n|---|---|\n";
  for (uint32_t node = 0; node < g.nodes(); ++node)
    out += "| " + std::to_string(node) + " | " + std::to_string(loaded.memories.of(node, Space::Csr)[CsrSlices]) + " |\n";
  out += "\nNeurons, by the number that packets carry (source = node * " + std::to_string(g.neurons) +
         " + neuron):\n\n"
         "| population | neurons | first source | accumulators from |\n|---|---|---|---|\n";
  for (const PlacedSlice &placed : loaded.slices) {
    const image::SliceRecord &slice = image.slices[placed.slice];
    out += "| " + image.meta.populations[slice.population].name + " | " + std::to_string(slice.first) + " to " +
           std::to_string(slice.first + slice.count - 1) + " | " + std::to_string(placed.node * g.neurons + slice.neuronBase) +
           " | " + std::to_string(slice.accumulatorBase) + " |\n";
  }
  for (const image::PopulationMeta &population : image.meta.populations)
    if (population.input && population.count)
      out += "| " + population.name + " (input) | 0 to " + std::to_string(population.count - 1) + " | host input " +
             std::to_string(loaded.sourceOf[population.firstOut] - loaded.firstHostSource) + " | |\n";
  return out;
}
} // namespace

std::vector<MemoryFile> memoryFiles(const LoadedImage &loaded, const image::Image &image) {
  const Geometry &g = loaded.memories.geometry;
  std::vector<MemoryFile> out;
  out.push_back({"n1_pkg.sv", n1Package(g)});
  out.push_back({"config.mem", configText(loaded.memories)});
  for (uint32_t node = 0; node <= g.nodes(); ++node)
    for (unsigned s = 0; s < numSpaces; ++s)
      if (Space(s) != Space::Csr && !loaded.memories.of(node, Space(s)).empty())
        out.push_back({nodeName(g, node) + "_" + lower(nameOf(Space(s))) + ".mem", memoryText(loaded.memories, node, Space(s))});
  out.push_back({"README.md", readme(loaded, image, out)});
  return out;
}

} // namespace ranvier::rtl
