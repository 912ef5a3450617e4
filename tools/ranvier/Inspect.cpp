//===- Inspect.cpp - `ranvier inspect` ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Common.h"
#include "RunReport.h"
#include "TableReport.h"
#include "ranvier/Mapping/Links.h"
#include "ranvier/Support/File.h"
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

namespace {
/// The image in a page of text. Everything that --json gives is there too, but for programs and reports.
std::string summary(const image::Image &image, const Json &object) {
  const Json &totals = object["totals"];
  char dt[32];
  std::snprintf(dt, sizeof dt, "%g", image.meta.dt);
  std::string text = "network        " + image.meta.network + " (time step " + dt + " s)\n";
  text += "chip           " + image.chip.name + ", " + (image.meta.profile == isa::Profile::F32 ? "binary32" : "integer") +
          " arithmetic\n";
  text += "cores          " + totals["cores"].dump() + "\nneurons        " + totals["neurons"].dump() + "\nsynapses       " +
          totals["synapses"].dump() + "\n";
  text += "limited by     " + bindingLimit(mappingJson(image)) + "\n\npopulations (depth: steps behind the network's own time)\n";
  for (const auto &population : image.meta.populations)
    text += "  " + population.name + ": " + std::to_string(population.count) +
            (population.input ? population.source.empty() ? " inputs" : " " + population.source + " sources"
                              : " neurons of program " + image.meta.programs[population.program].name + ", depth " +
                                    std::to_string(population.depth)) +
            (population.output ? ", output" : "") + "\n";
  text += "\nprojections\n";
  for (const auto &projection : image.meta.projections)
    text += "  " + projection.name + ": " + image.meta.populations[projection.source].name + " -> " +
            image.meta.populations[projection.target].name +
            (image.meta.profile == isa::Profile::Int ? ", " + std::to_string(projection.weightBits) + "-bit weights, exponent " +
                                                           std::to_string(projection.weightExponent)
                                                     : "") +
            "\n";
  text += "\ncores\n";
  for (const Json &core : object["cores"]) {
    text += "  chip " + core["chip"].dump() + " core " + core["core"].dump() + ": " + core["neurons"].dump() + " neurons, " +
            core["synapses"].dump() + " synapses, " + core["in_axons"].dump() + " in-axons;";
    for (const Json &slice : core["slices"])
      text += " " + slice["population"].get<std::string>() + "[" + slice["first"].dump() + ", +" + slice["count"].dump() + "]";
    if (core.contains("feeds")) {
      const Json &fed = object["cores"][core["feeds"].get<size_t>()];
      text += " synapses of core " + fed["core"].dump();
    }
    text += "\n";
  }
  if (object.contains("tables"))
    text += tablesText(object["tables"]);
  return text + "\nPrograms, reports and provenance: --json. Every table, down to single synapses: --full.\n";
}

struct InspectFlags {
  std::string image, picture;
  bool full = false;
};

Result<void> drawPicture(const image::Image &image, const InspectFlags &flags) {
  RANVIER_TRY(const mapping::Network network, mapping::rebuildNetwork(image));
  auto picture = mapping::drawMapping(network, image.chip, mapping::mappingOf(image));
  if (!picture) {
    picture.error().file = flags.image;
    return std::move(picture.error());
  }
  return writeFileAtomically(flags.picture, *picture);
}

Result<void> inspect(Context &context, const InspectFlags &flags) {
  RANVIER_CHECK(checkOutput(flags.picture, {flags.image}));
  RANVIER_TRY(auto image, openImage(flags.image));
  RANVIER_TRY(Json object, parseJson(image::describe(*image, flags.full), flags.image));
  if (image->chip.memories) {
    RANVIER_TRY(object["tables"], tablesJson(*image));
  }
  std::string text = flags.full ? object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n" : summary(*image, object);
  if (!flags.picture.empty()) {
    RANVIER_CHECK(drawPicture(*image, flags));
    object["picture"] = fileName(flags.picture);
    if (!flags.full)
      text += "picture        " + flags.picture + "\n";
  }
  context.print(object, text);
  return {};
}
} // namespace

void tools::addInspect(CLI::App &app, Context &context) {
  auto flags = std::make_shared<InspectFlags>();
  CLI::App *command = addCommand(app, context, "inspect", "Show what an image holds",
                                 "  ranvier inspect digits.rvi\n"
                                 "  ranvier inspect digits.rvi --full > digits.json\n"
                                 "  ranvier inspect digits.rvi --picture digits.svg",
                                 [&context, flags] { return inspect(context, *flags); });
  command->add_option("image", flags->image, "Image file (.rvi)")->required();
  command->add_flag("--full", flags->full, "Every table, down to single synapses; always JSON");
  command->add_option("--picture", flags->picture,
                      "Draw the chips in use as SVG: how full each core is, how many messages each link carries");
}
