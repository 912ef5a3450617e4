//===- NetworkSource.h - A network read or drawn, for the mapper -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_TOOLS_NETWORKSOURCE_H
#define RANVIER_TOOLS_NETWORKSOURCE_H

#include "NetworkFile.h"
#include "ranvier/Mapping/Partitioner.h"

namespace ranvier::tools {

/// Where `map partition` and `map network` take their network from: a file, or a generator.
struct NetworkSource {
  NetworkOptions network;
  TargetOptions target;
  std::string generate; ///< Kind; empty: the file.
  mapping::Synthetic synthetic;
  std::vector<CLI::Option *> generatorOptions;

  void addTo(CLI::App &command);
  bool generated() const { return !generate.empty(); }
  /// That one of both is given, and no option of the other. Errors: RNV8063, RNV8043.
  Result<void> check() const;
  /// The network of the file, quantised for the chip.
  Result<LoadedNetwork> quantised(Context &context) const;
  /// The rates of --profile for a network that was read; none without it.
  Result<mapping::Rates> rates(const mapping::Network &network) const;
  /// "uniform", "profile" or "generated".
  const char *weights(const mapping::Rates &rates) const;
};

} // namespace ranvier::tools

#endif
