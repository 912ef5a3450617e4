// Checks of the importer on published files, where they exist beside the source tree.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Graphs.h"
#include "ranvier/Frontend/NirExport.h"

using namespace ranvier;
using namespace ranvier::test;

namespace {

const std::string folder = std::string(RANVIER_SHARED_DIR) + "/networks/nir/";

bool present(const std::string &file) {
  if (std::filesystem::exists(folder + file))
    return true;
  std::cout << "SKIP: " << file << " is not beside the source tree\n";
  return false;
}
frontend::NirImport importFile(const std::string &path, mlir::MLIRContext &context,
                               const frontend::NirImportOptions &options = {}) {
  auto result = frontend::importNirFile(path, &context, options);
  if (!result)
    FAIL(result.error().str());
  return *std::move(result);
}
/// import -> export -> import gives the same network.
void checkRoundTrip(const std::string &path) {
  mlir::MLIRContext first, second;
  auto made = importFile(path, first);
  auto exported = frontend::exportNir(*made.module);
  REQUIRE_MESSAGE(exported, (exported ? "" : exported.error().str()));
  exported->file.path = path;
  auto flat = formats::nir::flatten(exported->file);
  REQUIRE_MESSAGE(flat, (flat ? "" : flat.error().str()));
  CHECK(difference(textOf(*made.module), textOf(*import(*flat, second).module)) == "");
}

} // namespace

TEST_CASE("the shipped digits network") {
  const std::string path = std::string(RANVIER_SOURCE_DIR) + "/examples/digits/network.nir";
  mlir::MLIRContext context;
  auto made = importFile(path, context);
  auto network = networkOf(*made.module);
  CHECK(countOf<snn::PopulationOp>(network) == 2);
  CHECK(countOf<snn::DenseOp>(network) == 2);
  checkRoundTrip(path);
}

TEST_CASE("digits_h96") {
  if (!present("digits_h96/network.nir"))
    return;
  mlir::MLIRContext context;
  auto made = importFile(folder + "digits_h96/network.nir", context);
  auto network = networkOf(*made.module);
  CHECK(made.dt == 1e-3);
  CHECK(made.warnings.empty());
  CHECK(find<snn::InputOp>(network, "input").getShape() == llvm::ArrayRef<int64_t>{64});
  CHECK(find<snn::PopulationOp>(network, "lif1").getShape() == llvm::ArrayRef<int64_t>{96});
  CHECK(find<snn::PopulationOp>(network, "lif2").getShape() == llvm::ArrayRef<int64_t>{10});
  const std::vector<double> weights = values(find<snn::DenseOp>(network, "fc1").getWeights());
  REQUIRE(weights.size() == 96 * 64);
  CHECK(weights[0] == static_cast<double>(-0.13510078f));
  CHECK(*std::max_element(weights.begin(), weights.end()) == doctest::Approx(1.55403).epsilon(1e-5));
  CHECK(find<snn::OutputOp>(network, "output").getSource() == "lif2");
  checkRoundTrip(folder + "digits_h96/network.nir");
}

TEST_CASE("braille") {
  if (!present("braille_srnn/braille_noDelay_bias_zero.nir"))
    return;
  for (const auto &[file, hidden, affine] :
       {std::tuple("braille_noDelay_bias_zero.nir", 38, true), std::tuple("braille_noDelay_noBias_subtract.nir", 40, false)}) {
    CAPTURE(file);
    for (const auto reset : {frontend::Reset::FileDefault, frontend::Reset::Subtract}) {
      mlir::MLIRContext context;
      frontend::NirImportOptions options;
      options.reset = reset;
      auto made = importFile(folder + "braille_srnn/" + file, context, options);
      auto network = networkOf(*made.module);
      CHECK(made.dt == 1e-4);
      CHECK(!mentions(made.warnings, "time step"));
      auto rec = find<snn::DenseOp>(network, "lif1.w_rec");
      CHECK(rec.getSource() == "lif1.lif");
      CHECK(rec.getTarget() == "lif1.lif");
      CHECK(rec.getWeights().getShapedType().getShape() == llvm::ArrayRef<int64_t>{hidden, hidden});
      CHECK((rec.getBiasOrNull() != nullptr) == affine);
      CHECK(countOf<snn::PopulationOp>(network) == 2);
      CHECK(countOf<snn::JunctionOp>(network) == 0);
      CHECK(find<snn::PopulationOp>(network, "lif2").getModel() ==
            (reset == frontend::Reset::Subtract ? "cuba_lif_subtract" : "cuba_lif"));
    }
    checkRoundTrip(folder + "braille_srnn/" + file);
  }
}

TEST_CASE("lif_single") {
  if (!present("lif_single/lif_norse.nir"))
    return;
  mlir::MLIRContext context;
  auto made = importFile(folder + "lif_single/lif_norse.nir", context);
  CHECK(made.dt == 1e-4);
  CHECK(mentions(made.warnings, "time step: taken as 0.0001 s"));
  auto network = networkOf(*made.module);
  CHECK(values(find<snn::DenseOp>(network, "0").getWeights()) == std::vector<double>{1});
  CHECK(values(find<snn::PopulationOp>(network, "1").getParams().get("v_threshold"))[0] == doctest::Approx(0.1));
  checkRoundTrip(folder + "lif_single/lif_norse.nir");
}

TEST_CASE("nmnist_cnn") {
  if (!present("nmnist_cnn/cnn_sinabs.nir"))
    return;
  mlir::MLIRContext context;
  frontend::NirImportOptions options;
  options.reset = frontend::Reset::Subtract;
  auto made = importFile(folder + "nmnist_cnn/cnn_sinabs.nir", context, options);
  auto network = networkOf(*made.module);
  int64_t neurons = 0;
  for (auto population : network.getBody().getOps<snn::PopulationOp>()) {
    neurons += population.getNodeCount();
    CHECK(population.getModel() == "if_subtract");
  }
  CHECK(neurons == 8970);
  CHECK(countOf<snn::Conv2dOp>(network) == 3);
  CHECK(countOf<snn::PoolOp>(network) == 2);
  CHECK(countOf<snn::DenseOp>(network) == 2);
  CHECK(countOf<snn::JunctionOp>(network) == 2); // pool -> conv and pool -> flatten -> affine
  auto conv = find<snn::Conv2dOp>(network, "0");
  CHECK(conv.getInputShape() == llvm::ArrayRef<int64_t>{2, 34, 34});
  CHECK(conv.getStride() == llvm::ArrayRef<int64_t>{2, 2});
  CHECK(find<snn::DenseOp>(network, "9").getSource() == "7.out");
  checkRoundTrip(folder + "nmnist_cnn/cnn_sinabs.nir");
}
