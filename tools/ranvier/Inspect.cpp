//===- Inspect.cpp - `ranvier inspect` ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Common.h"
#include <nlohmann/json.hpp>

using namespace ranvier;
using namespace ranvier::tools;

void tools::addInspect(CLI::App &app, Context &context) {
  auto path = std::make_shared<std::string>();
  auto full = std::make_shared<bool>(false);
  CLI::App *command = addCommand(app, context, "inspect", "Show what an image holds",
                                 "  ranvier inspect digits.rvi\n  ranvier inspect digits.rvi --full --json > digits.json",
                                 [&context, path, full]() -> Result<void> {
    RANVIER_TRY(auto image, openImage(*path));
    RANVIER_TRY(Json object, parseJson(image::describe(*image, *full), *path));
    context.print(object, object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return {};
  });
  command->add_option("image", *path, "Image file (.rvi)")->required();
  command->add_flag("--full", *full, "Every table, down to single synapses");
}
