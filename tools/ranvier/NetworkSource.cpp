//===- NetworkSource.cpp - A network read or drawn, for the mapper --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "NetworkSource.h"
#include "Provenance.h"

using namespace ranvier;
using namespace ranvier::tools;

Result<void> NetworkSource::check() const {
  if (generated() == !network.path.empty())
    return Error{.code = 8063,
                 .message = "which network?",
                 .expected = "a network file or --generate KIND",
                 .found = generated() ? "both" : "neither",
                 .kind = ErrorKind::Usage};
  for (const CLI::Option *option : generatorOptions) {
    if (!option->count())
      continue;
    const std::string name = option->get_name();
    if (!generated())
      return pointlessOption(name, "it describes a network to generate, and a file is given", "--generate KIND");
    if ((name == "--layers" && generate != "layered") || (name == "--rewired" && generate == "random"))
      return pointlessOption(name, "a network of kind '" + generate + "' has none");
  }
  if (generated())
    for (const auto &[name, given] :
         {std::pair("--profile", !target.profile.empty()), std::pair("--models", !network.models.empty()),
          std::pair("--dt", network.dt > 0), std::pair("--reset", !network.reset.empty()),
          std::pair("--time-unit", !network.timeUnit.empty())})
      if (given)
        return pointlessOption(name, "the network is generated");
  return {};
}

Result<LoadedNetwork> NetworkSource::quantised(Context &context) const {
  RANVIER_TRY(LoadedNetwork loaded, loadNetwork(network));
  for (const auto &warning : loaded.warnings)
    context.warn(warning);
  RANVIER_TRY(compiler::CompileOptions options, makeCompileOptions(target));
  compiler::CompileReport report;
  RANVIER_CHECK(runStages(*loaded.module, options, compiler::Stage::Quantised, report));
  return loaded;
}

Result<mapping::Rates> NetworkSource::rates(const mapping::Network &read) const {
  if (target.profile.empty())
    return mapping::Rates{};
  RANVIER_TRY(const auto spikes, spikesOfRun(target.profile));
  return compiler::ratesOf(read, spikes);
}

const char *NetworkSource::weights(const mapping::Rates &rates) const {
  return rates.empty() ? "uniform" : generated() ? "generated" : "profile";
}

void NetworkSource::addTo(CLI::App &command) {
  network.addTo(command);
  command.get_option("network")->required(false);
  command.add_option("--target", target.target, "Shipped chip, or a chip's YAML file")->required();
  command.add_option("--faults", target.faults, "YAML file of dead chips, cores and links, which the mapping avoids");
  command.add_option("--profile", target.profile, "Recorded run (HDF5 of `run -o`) whose spikes say what messages weigh");
  using Kind = mapping::Synthetic::Kind;
  command.add_option("--generate", generate, "Draw a network instead of reading one: small-world, random, layered")
      ->check(CLI::IsMember({"small-world", "random", "layered"}))
      ->each([this](const std::string &name) {
        synthetic.kind = name == "small-world" ? Kind::SmallWorld : name == "layered" ? Kind::Layered : Kind::Random;
      });
  const auto add = [&](CLI::Option *option) { generatorOptions.push_back(option->capture_default_str()); };
  add(command.add_option("--neurons", synthetic.neurons, "Generated: neurons in all"));
  add(command.add_option("--degree", synthetic.degree, "Generated: targets of a neuron"));
  add(command.add_option("--rewired", synthetic.rewired,
                         "Generated: share of targets drawn anywhere instead of near by (small-world, layered)"));
  add(command.add_option("--layers", synthetic.layers, "Generated: layers of a layered network"));
  add(command.add_option("--rate-sigma", synthetic.rateSigma, "Generated: spread of the logarithm of the rates; 0: all alike"));
  add(command.add_option("--weight-bits", synthetic.weightBits, "Generated: stored bits of a weight, with sign"));
  add(command.add_option("--network-seed", synthetic.seed, "Generated: seed of the network"));
  add(command.add_flag("--shuffle", synthetic.shuffle,
                       "Generated: number the neurons of each population at random, so that order says nothing"));
}
