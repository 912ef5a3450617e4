//===- Passes.cpp - The compiler's stages as passes -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Thin: each pass calls the function that the pipeline calls, and turns its error into a diagnostic.
//===----------------------------------------------------------------------===//
#include "ranvier/Passes/Passes.h"
#include "ranvier/Dialect/Fabric/IR/Fabric.h"
#include "ranvier/Dialect/SNN/IR/SNN.h"
#include "ranvier/Lowering/LowerToMicrocode.h"
#include "ranvier/Network/Network.h"
#include "ranvier/Pipelines/Compile.h"
#include "ranvier/Quantize/Quantize.h"

using namespace mlir;

namespace ranvier::passes {

#define GEN_PASS_DEF_SNNBREAKCYCLES
#define GEN_PASS_DEF_SNNCOMPOSEJUNCTIONS
#define GEN_PASS_DEF_SNNEXPANDDISTRIBUTIONS
#define GEN_PASS_DEF_SNNLEGALIZEDELAYS
#define GEN_PASS_DEF_SNNLOWERF32
#define GEN_PASS_DEF_SNNQUANTIZE
#define GEN_PASS_DEF_FABRICMAP
#include "ranvier/Passes/Passes.h.inc"

namespace {

/// What every pass does around its function: an error fails it, at the module, in the words of the error.
template <typename Base> class ModulePass : public Base {
public:
  using Base::Base;
  void runOnOperation() override {
    ModuleOp module = this->getOperation();
    if (Result<void> done = run(module); !done) {
      module.emitError(done.error().str());
      this->signalPassFailure();
    }
  }
  virtual Result<void> run(ModuleOp module) = 0;

protected:
  /// Remarks at the projections of these names.
  void remark(snn::NetworkOp network, const std::vector<std::string> &projections, const char *what) {
    for (const std::string &name : projections)
      if (Operation *op = network.lookupSymbol(name))
        op->emitRemark(what);
  }
};

struct BreakCycles : ModulePass<impl::SNNBreakCyclesBase<BreakCycles>> {
  Result<void> run(ModuleOp module) override {
    RANVIER_TRY(snn::NetworkOp network, compiler::theNetwork(module));
    compiler::TimeReport report;
    RANVIER_CHECK(compiler::breakCycles(network, report));
    remark(network, report.closingEdges, "closes a cycle: acts in the next step");
    return {};
  }
};

struct ComposeJunctions : ModulePass<impl::SNNComposeJunctionsBase<ComposeJunctions>> {
  Result<void> run(ModuleOp module) override {
    RANVIER_TRY(snn::NetworkOp network, compiler::theNetwork(module));
    RANVIER_TRY(const std::vector<std::string> lost, compiler::composeJunctions(network));
    for (const std::string &probe : lost)
      network.emitWarning("probe @" + probe + " goes with its junction");
    return {};
  }
};

struct ExpandDistributions : ModulePass<impl::SNNExpandDistributionsBase<ExpandDistributions>> {
  Result<void> run(ModuleOp module) override {
    RANVIER_TRY(snn::NetworkOp network, compiler::theNetwork(module));
    return compiler::expandDistributions(network);
  }
};

struct LegalizeDelays : ModulePass<impl::SNNLegalizeDelaysBase<LegalizeDelays>> {
  using ModulePass::ModulePass;
  Result<void> run(ModuleOp module) override {
    RANVIER_TRY(const hw::Chip chip, hw::findTarget(target.getValue()));
    RANVIER_TRY(snn::NetworkOp network, compiler::theNetwork(module));
    compiler::TimeReport report;
    RANVIER_CHECK(compiler::legalizeDelays(network, chip, report));
    for (const std::string &late : report.lateFeedback)
      network.emitWarning("feedback " + late);
    return {};
  }
};

struct LowerF32 : ModulePass<impl::SNNLowerF32Base<LowerF32>> {
  Result<void> run(ModuleOp module) override { return compiler::lowerModelsF32(module); }
};

struct Quantize : ModulePass<impl::SNNQuantizeBase<Quantize>> {
  using ModulePass::ModulePass;
  Result<void> run(ModuleOp module) override {
    compiler::CompileOptions options;
    RANVIER_TRY(options.chip, hw::findTarget(target.getValue()));
    options.targetName = target.getValue();
    options.weightBits = weightBits.getValue() ? weightBits.getValue() : compiler::defaultWeightBits(options.chip);
    compiler::CompileReport report;
    RANVIER_CHECK(compiler::quantise(module, options, report));
    for (const std::string &warning : report.warnings)
      module.emitWarning(warning);
    return {};
  }
};

struct Map : ModulePass<impl::FabricMapBase<Map>> {
  using ModulePass::ModulePass;
  Result<void> run(ModuleOp module) override {
    compiler::CompileOptions options;
    RANVIER_TRY(options.chip, hw::findTarget(target.getValue()));
    options.targetName = target.getValue();
    options.seed = seed.getValue();
    compiler::CompileReport report;
    return compiler::map(module, options, report);
  }
};

} // namespace

#define GEN_PASS_REGISTRATION
#include "ranvier/Passes/Passes.h.inc"

} // namespace ranvier::passes

void ranvier::registerAllPasses() { passes::registerRanvierPasses(); }
