//===- TimingNet.h - Networks that keep to a timetable ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Images whose cores, slices, spikes and rows are what the caller says, to measure the time of the RTL with.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_RTL_LIB_TIMINGNET_H
#define RANVIER_RTL_LIB_TIMINGNET_H

#include "ranvier/Image/Image.h"
#include "ranvier/Rtl/Geometry.h"
#include <map>

namespace ranvier::rtl {

/// A program of one parameter `fire` that spikes in each step in which it is not 0, of so many instructions (2 at least).
isa::Program beatProgram(uint32_t inputs, uint32_t instructions);
/// A program of one parameter `rate`: a neuron spikes with the probability (rate + 32768) / 65536 in each step. Of so many
/// instructions (5 at least).
isa::Program noiseProgram(uint32_t inputs, uint32_t instructions);

/// Populations of one slice each; synapses of one step.
class TimingNet {
public:
  /// `chip` must outlive it.
  TimingNet(const hw::Chip &chip, const std::string &name, uint64_t seed);
  /// Input neurons, which are population 0: before all others.
  void addInputs(uint32_t count);
  uint32_t addProgram(isa::Program program);
  /// Cores in the order of their places: columns, rows of a column.
  uint32_t addCore(uint32_t x, uint32_t y);
  /// Returns the population. `params`: by slot, one word or `count`. `heard`: the host hears of its spikes.
  uint32_t addSlice(uint32_t core, uint32_t count, uint32_t program, std::vector<std::vector<int32_t>> params, bool heard = false);
  /// A neuron reaches a core by rows of so many synapses. Each pair once, and only cores of which a slice has an input.
  void connect(uint32_t population, uint32_t neuron, uint32_t core, std::vector<uint32_t> rows, int32_t weight = 0);
  uint32_t neuronsOf(uint32_t population) const { return static_cast<uint32_t>(data.meta.populations[population].count); }
  /// Words of synapse memory that a core's rows take so far.
  uint64_t wordsOf(uint32_t core) const { return cores[core].words; }
  /// Errors: those of image::fromData.
  Result<image::Image> make();

private:
  struct Part {
    uint32_t population, count, program;
    std::vector<std::vector<int32_t>> params;
  };
  struct Axon {
    std::vector<uint32_t> rows;
    int32_t weight;
  };
  struct Core {
    uint32_t number = 0; ///< On the chip.
    std::vector<Part> parts;
    std::map<std::pair<uint32_t, uint32_t>, Axon> axons; ///< By population and neuron.
    uint64_t words = 0;
  };
  struct Target { ///< Slice of a core that rows may end at.
    uint32_t population, firstAccumulator, count;
  };
  image::PopulationMeta &addPopulation(const std::string &name, uint32_t count);
  std::vector<Target> makeSlices(const Core &core, image::CoreRecord &record);
  void makeAxons(uint32_t index, const std::vector<Target> &targets, std::vector<std::vector<image::OutAxonRecord>> &outs);
  uint32_t projection(uint32_t source, uint32_t target, uint32_t number);

  const hw::Chip &chip;
  image::ImageData data;
  std::vector<Core> cores;
  std::vector<uint64_t> firstRow; ///< By population: of outPtr.
  std::map<std::tuple<uint32_t, uint32_t, uint32_t>, uint32_t> projections;
};

} // namespace ranvier::rtl

#endif
