//===- Jit.cpp - Compiles microcode with LLVM ORC -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All programs of an image go into one module that is compiled at once when the machine is created: nothing is compiled inside a
// step. Strictness is the point of the settings here: no contraction of a product and a sum, no fast-math, subnormals kept.
//===----------------------------------------------------------------------===//
#include "ranvier/Emulator/Jit.h"
#include "KernelBuilder.h"
#include <llvm/ExecutionEngine/Orc/ExecutionUtils.h>
#include <llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Verifier.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/Transforms/IPO/AlwaysInliner.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>

namespace ranvier::emu {

namespace {

class OrcJit final : public Jit {
public:
  explicit OrcJit(std::unique_ptr<llvm::orc::LLJIT> engine) : engine(std::move(engine)) {}
  isa::SliceKernel kernel(size_t index) const override {
    RANVIER_ASSERT(index < kernels.size(), "kernel " + std::to_string(index) + " of " + std::to_string(kernels.size()));
    return kernels[index];
  }
  llvm::orc::LLJIT &llvm() { return *engine; }
  std::vector<isa::SliceKernel> kernels;

private:
  std::unique_ptr<llvm::orc::LLJIT> engine;
};

Error refused(const char *what, std::string detail) {
  return Error{.code = 7100,
               .message = std::string("LLVM cannot compile the microcode: ") + what,
               .found = std::move(detail),
               .hint = "run with --executor interp",
               .kind = ErrorKind::System};
}

/// The processor to compile for, with strict arithmetic.
Result<llvm::orc::JITTargetMachineBuilder> targetMachine(const JitOptions &options) {
  static const bool initialised = !llvm::InitializeNativeTarget() && !llvm::InitializeNativeTargetAsmPrinter();
  if (!initialised)
    return refused("no code generator for this processor", llvm::sys::getProcessTriple());
  auto host = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!host)
    return refused("unknown processor", llvm::toString(host.takeError()));
  llvm::orc::JITTargetMachineBuilder builder = std::move(*host);
  if (!options.cpu.empty()) {
    // Of the same kind as the host's, but with the features of that model alone.
    builder = llvm::orc::JITTargetMachineBuilder(builder.getTargetTriple());
    auto plain = builder.createTargetMachine();
    if (!plain)
      return refused("no code generator for this processor", llvm::toString(plain.takeError()));
    if (!(*plain)->getMCSubtargetInfo()->isCPUStringValid(options.cpu))
      return refused("unknown processor", options.cpu);
    builder.setCPU(options.cpu);
  }
  builder.getOptions().AllowFPOpFusion = llvm::FPOpFusion::Strict;
  // Levels above Less find nothing more in one block of straight-line code.
  const bool quick = options.effort == JitEffort::Quick;
  builder.setCodeGenOptLevel(quick ? llvm::CodeGenOptLevel::None : llvm::CodeGenOptLevel::Less);
  return builder;
}

/// Folds what the builder left constant or computed twice. Loops and memory are already in their final form.
void optimise(llvm::Module &module) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager callGraph;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder passes;
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(callGraph);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, callGraph, modules);
  llvm::AlwaysInlinerPass().run(module, modules);
  for (llvm::Function &function : llvm::make_early_inc_range(module))
    if (function.hasInternalLinkage() && function.use_empty())
      function.eraseFromParent();
  llvm::FunctionPassManager pipeline;
  pipeline.addPass(llvm::EarlyCSEPass());
  pipeline.addPass(llvm::InstCombinePass());
  for (llvm::Function &function : module)
    if (!function.isDeclaration())
      pipeline.run(function, functions);
}

std::string kernelName(size_t index) { return "kernel" + std::to_string(index); }

Result<llvm::orc::ThreadSafeModule> buildModule(std::span<const KernelRequest> requests, const JitOptions &options,
                                                const llvm::orc::LLJIT &engine) {
  auto context = std::make_unique<llvm::LLVMContext>();
  auto module = std::make_unique<llvm::Module>("microcode", *context);
  module->setDataLayout(engine.getDataLayout());
  module->setTargetTriple(engine.getTargetTriple());
  for (size_t i = 0; i < requests.size(); ++i) {
    const KernelRequest &request = requests[i];
    jit::KernelShape shape{.uniform = request.uniform, .activity = request.activity, .bias = request.bias};
    if (options.effort == JitEffort::Quick)
      shape.inlinedCalls = 0;
    jit::buildKernel(*module, *request.program, shape, kernelName(i));
  }
  std::string text;
  llvm::raw_string_ostream stream(text);
  RANVIER_ASSERT(!llvm::verifyModule(*module, &stream), "well-formed LLVM IR, found: " + text);
  optimise(*module);
  return llvm::orc::ThreadSafeModule(std::move(module), std::move(context));
}

} // namespace

Result<std::unique_ptr<Jit>> Jit::create(std::span<const KernelRequest> requests, const JitOptions &options) {
  RANVIER_TRY(auto target, targetMachine(options));
  auto engine = llvm::orc::LLJITBuilder()
                    .setJITTargetMachineBuilder(std::move(target))
                    .setPlatformSetUp(llvm::orc::setUpInactivePlatform) // No static constructors, no dlopen: nothing to support.
                    .create();
  if (!engine)
    return refused("no execution engine", llvm::toString(engine.takeError()));
  auto result = std::make_unique<OrcJit>(std::move(*engine));
  llvm::orc::LLJIT &llvm = result->llvm();
  RANVIER_TRY(auto module, buildModule(requests, options, llvm));
  if (auto error = llvm.addIRModule(std::move(module)))
    return refused("module", llvm::toString(std::move(error)));
  for (size_t i = 0; i < requests.size(); ++i) {
    auto address = llvm.lookup(kernelName(i));
    if (!address)
      return refused("code generation", llvm::toString(address.takeError()));
    result->kernels.push_back(address->toPtr<isa::SliceKernel>());
  }
  return std::unique_ptr<Jit>(std::move(result));
}

Result<std::unique_ptr<Jit>> Jit::create(std::span<const isa::Program> programs, const JitOptions &options) {
  std::vector<KernelRequest> requests;
  for (const isa::Program &program : programs)
    requests.push_back({.program = &program});
  return create(requests, options);
}

} // namespace ranvier::emu
