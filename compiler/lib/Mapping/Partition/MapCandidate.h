//===- MapCandidate.h - Two orders, of which the cheaper counts -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What mapLarge and mapRules share: follow the given order and a found one, side by side where there are threads, take the cheaper
// mapping, route it and check it.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_LIB_MAPPING_PARTITION_MAPCANDIDATE_H
#define RANVIER_LIB_MAPPING_PARTITION_MAPCANDIDATE_H

#include "../SideBySide.h"
#include "Messages.h"
#include "Order.h"
#include "ranvier/Mapping/MapLarge.h"
#include <chrono>
#include <functional>

namespace ranvier::mapping::detail {

using Clock = std::chrono::steady_clock;
inline double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// An order on its way to a placed mapping.
struct Candidate {
  Mapping mapping;
  Messages messages;
  OrderResult result;
};

/// Errors: RNV6084 (a chip with multicast trees, which pairs of cores do not tell).
Result<void> checkUnicast(const hw::Chip &chip);
/// Core i becomes what core order[i] was; the messages follow.
void reorder(Candidate &candidate, const std::vector<uint32_t> &order);
/// Gives the cores their sites and counts what that costs. `near`: their order is good already, and only improved.
/// Errors: RNV6082, RNV6083 (dead links or chips leave some message no way).
Result<void> settle(Candidate &candidate, const Network &nodes, const hw::Chip &chip, uint64_t seed, bool near = false);

template <typename C> struct BothOrders {
  std::optional<Result<C>> given, found;
  Clock::time_point start;
};
/// `follow`(whether the order is the found one, threads that it may use).
template <typename C, typename Fn> BothOrders<C> bothOrders(bool search, unsigned threads, Fn &&follow) {
  BothOrders<C> both{.start = Clock::now()};
  if (search)
    sideBySide(threads > 1, [&] { both.given = follow(false, 1u); }, [&] { both.found = follow(true, 1u); });
  else
    both.given = follow(false, threads);
  return both;
}

/// The cheaper one, the given order on ties. The given order may need more cores than there are where the other does not, and the
/// other way round. Errors: that of the given order if neither worked.
template <typename C> Result<C> takeCheaper(BothOrders<C> &both, LargeMapping &out) {
  if (!*both.given && (!both.found || !*both.found))
    return both.given->error();
  if (*both.given)
    out.given = (*both.given)->result;
  if (both.found && *both.found)
    out.ofSynapses = (*both.found)->result;
  out.found = !*both.given || (out.ofSynapses && out.ofSynapses->spikeHops < out.given.spikeHops);
  C best = out.found ? *std::move(*both.found) : *std::move(*both.given);
  both.given.reset();
  both.found.reset();
  out.fillSeconds = since(both.start);
  return best;
}

/// Sorts the cores as every mapping has them, routes and checks. Moves the mapping into `out`.
Result<void> finish(Candidate &best, const hw::Chip &chip, LargeMapping &out, const std::function<Result<void>()> &check);

} // namespace ranvier::mapping::detail

#endif
