// Checks of models found in folders: shipped ones, a user's, missing and doubled ones, files that do not parse.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Frontend/ModelLibrary.h"
#include "Graphs.h"
#include "ranvier/Support/File.h"

using namespace ranvier;
using namespace ranvier::frontend;
namespace fs = std::filesystem;

namespace {

/// A folder that goes away with the test.
struct Folder {
  fs::path path;
  explicit Folder(const std::string &name) : path(fs::temp_directory_path() / ("ranvier-models-" + name)) {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
  void write(const std::string &name, const std::string &text) const { REQUIRE(writeFileAtomically((path / name).string(), text)); }
};

const std::string shipped = std::string(RANVIER_SOURCE_DIR) + "/models";
const std::string userModel = R"(
snn.model @mine nir {type = "LIF", reset = "v_reset"} {
  %tau = snn.parameter "tau" unit "s" : f32
  %r = snn.parameter "r" : f32
  %leak = snn.parameter "v_leak" : f32
  %threshold = snn.parameter "v_threshold" : f32
  %x = snn.receive "x" : f32
  %v = snn.state "v" : f32
  %v1 = arith.addf %v, %x : f32
  %fire = arith.cmpf ogt, %v1, %threshold : f32
  snn.update "v" = %v1 : f32
  snn.spike %fire
}
)";

} // namespace

TEST_CASE("the shipped models cover every neuron type of NIR and every reset") {
  mlir::MLIRContext context;
  auto library = ModelLibrary::load({shipped}, &context);
  REQUIRE_MESSAGE(library, (library ? "" : library.error().str()));
  for (const char *type : {"IF", "LIF", "CubaLIF"})
    for (const char *reset : {"v_reset", "subtract"}) {
      auto model = library->find(type, reset);
      REQUIRE(model);
      CHECK((*model)->reset == reset);
      CHECK(((*model)->find("v_reset") != nullptr) == (std::string(reset) == "v_reset"));
      CHECK(!(*model)->reading.empty());
    }
  for (const char *type : {"LI", "CubaLI", "I", "Threshold"})
    CHECK((*library->find(type, "v_reset"))->reset.empty());
  CHECK((*library->find("CubaLIF", "v_reset"))->dtFrom ==
        std::vector<std::pair<std::string, std::string>>{{"tau_mem", "r"}, {"tau_syn", "w_in"}});
  CHECK((*library->find("LIF", "v_reset"))->find("tau")->unit == "s");
  CHECK((*library->find("CubaLIF", "v_reset"))->find("w_in")->defaultValue == 1.0);
}

TEST_CASE("a model disappears with its file") {
  Folder folder("fewer");
  for (const auto &entry : fs::directory_iterator(shipped))
    if (entry.path().filename() != "lif.mlir")
      fs::copy(entry.path(), folder.path);
  mlir::MLIRContext context;
  frontend::NirImportOptions options;
  options.modelFolders = {folder.path.string()};
  const auto graph =
      test::graph({test::input("in", {1}), test::lif("lif", {1}), test::output("out", {1})}, {{"in", "lif"}, {"lif", "out"}});
  auto result = importNir(graph, &context, options);
  REQUIRE(!result);
  CHECK(result.error().code == 5205);
  CHECK(result.error().message == "no neuron model for NIR type LIF");
  CHECK(result.error().place == "node lif");
  CHECK(result.error().expected.find(folder.path.string()) != std::string::npos);
}

TEST_CASE("a file adds a model, and a later folder overrides an earlier one") {
  Folder folder("mine");
  folder.write("mine.mlir", userModel);
  mlir::MLIRContext context;
  auto library = ModelLibrary::load({shipped, folder.path.string()}, &context);
  REQUIRE(library);
  CHECK((*library->find("LIF", "v_reset"))->symbol == "mine");
  CHECK((*library->find("LIF", "subtract"))->symbol == "lif_subtract");

  frontend::NirImportOptions options;
  options.modelFolders = {folder.path.string()};
  options.reset = Reset::Subtract;
  const auto graph =
      test::graph({test::input("in", {1}), test::lif("lif", {1}), test::output("out", {1})}, {{"in", "lif"}, {"lif", "out"}});
  CHECK(importNir(graph, &context, options).error().code == 5206);
  options.reset = Reset::VReset;
  auto imported = test::import(graph, context, options);
  CHECK(test::find<snn::PopulationOp>(test::networkOf(*imported.module), "lif").getModel() == "mine");
}

TEST_CASE("two models for one type in a folder are an error") {
  Folder folder("twice");
  folder.write("a.mlir", userModel);
  folder.write("b.mlir", userModel);
  mlir::MLIRContext context;
  auto library = ModelLibrary::load({folder.path.string()}, &context);
  REQUIRE(!library);
  CHECK(library.error().code == 5204);
  CHECK(library.error().file.find("b.mlir") != std::string::npos);
  CHECK(library.error().found.find("a.mlir") != std::string::npos);
}

TEST_CASE("broken folders, files and dictionaries are located errors") {
  mlir::MLIRContext context;
  CHECK(ModelLibrary::load({"/nonexistent-folder"}, &context).error().code == 5201);
  {
    Folder folder("broken");
    folder.write("a.mlir", "snn.model @x {\n  %v = snn.state \"v\"\n}\n");
    const Error error = ModelLibrary::load({folder.path.string()}, &context).error();
    CHECK(error.code == 5202);
    CAPTURE(error.str());
    CHECK(error.message.find("line 2") != std::string::npos);
  }
  for (const char *nir : {R"({type = "LIF", reset = "zero"})", R"({reset = "v_reset"})", R"({type = "LIF", typo = "x"})",
                          R"({type = "LIF", dt_from = [["tau", "nothing"]]})"}) {
    CAPTURE(nir);
    Folder folder("dictionary");
    std::string text = userModel;
    const std::string old = R"({type = "LIF", reset = "v_reset"})";
    text.replace(text.find(old), old.size(), nir);
    folder.write("a.mlir", text);
    auto library = ModelLibrary::load({folder.path.string()}, &context);
    REQUIRE(!library);
    CHECK(library.error().code == 5203);
  }
}
