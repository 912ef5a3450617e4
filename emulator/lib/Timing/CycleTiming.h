//===- CycleTiming.h - Steps of a chip that is described in cycles -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The time of a step by hw::CycleModel: how long each core updates, what it sends then, and how the network and the receiving cores
// take it (FirstCome for timing fast, MeshNetwork for detailed). Nothing here can change a spike: threads note the spikes of their
// own cores, and one thread settles the step when all are done. It knows the whole machine: on several ranks, rank 0 has the only
// one (RankCycles).
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_LIB_CYCLETIMING_H
#define RANVIER_EMULATOR_LIB_CYCLETIMING_H

#include "../Energy/CostModel.h"
#include "FirstCome.h"
#include "MeshNetwork.h"
#include <memory>
#include <vector>

namespace ranvier::emu {

class CycleTiming {
public:
  /// `image` and `model` must outlive it. The chip is as the chip loader wants it where there is a cycle model. Takes nothing from
  /// the cores that a machine has loaded, so that a rank which holds few can have it. Throws std::bad_alloc.
  CycleTiming(const image::Image &image, const hw::CycleModel &model, bool detailed);

  void begin();
  /// As after a reset of the chip.
  void reset() {
    if (mesh)
      mesh->reset();
  }
  /// The routers of timing detailed, which keep turns between steps; none for timing fast.
  MeshNetwork *routers() { return mesh.get(); }
  const MeshNetwork *routers() const { return mesh.get(); }
  /// The neurons of a core that fire, by number in the core, in the order in which they do. Once a core and step.
  void spikes(uint32_t core, std::span<const uint32_t> neurons);
  /// An input fires; `row`: its number in the image's outPtr.
  void input(uint64_t row);
  /// `mostOverLink`: messages of the step over one link, at most. Sets the times of the cores but for `axonIn`, which is known,
  /// and puts into `idle` the time in which a core works. Returns the end of the last work [ps].
  int64_t settle(std::span<CoreTimes> times, uint64_t mostOverLink);
  int64_t picoseconds(int64_t cycles) const {
    return cycles <= mostCycles ? cycles * model.clockPicoseconds : std::numeric_limits<int64_t>::max();
  }

  /// That it has allocated.
  uint64_t bytes() const;

  std::span<const LinkPlace> links() const { return places; }
  std::span<const LinkTimes> linkTimes() const { return {outcomes.data(), outcomes.size()}; }

private:
  class Planner;
  void addPackets(uint64_t row, uint32_t place, std::vector<CyclePacket> &list) const {
    if (routeOf[row] != MeshPlan::none)
      list.push_back({place, routeOf[row], outPtr[row]}); // within the reserved capacity
  }
  uint32_t sendersOf(uint64_t first, uint64_t end) const;

  const hw::CycleModel &model;
  int64_t mostCycles; ///< Of which 2^63 ps hold no more.
  std::span<const uint64_t> outPtr;
  std::vector<uint32_t> processing;              ///< By out-axon [cycles].
  std::vector<uint32_t> routeOf;                 ///< By neuron and input; `none`: nobody is told.
  std::vector<uint64_t> firstNeuron;             ///< By core.
  std::vector<uint32_t> nodeOf;                  ///< By core.
  std::vector<int64_t> updateCycles;             ///< By core.
  std::vector<std::vector<CyclePacket>> packets; ///< By core, then the host's.
  std::vector<uint64_t> spikeCount;              ///< Likewise.
  std::vector<CycleSender> senders;              ///< By core or, for the mesh, by node; then the host.
  std::unique_ptr<FirstCome> fast;               ///< One of the two.
  std::unique_ptr<MeshNetwork> mesh;
  std::vector<LinkPlace> places;
  std::vector<std::pair<uint32_t, unsigned>> inputOf; ///< By place: the router and the input to which the link leads.
  std::vector<LinkTimes> outcomes;
};

/// Length of a core's update phase [cycles].
int64_t updateCycles(const image::Image &image, const image::CoreRecord &core, const hw::CycleModel &model);

} // namespace ranvier::emu

#endif
