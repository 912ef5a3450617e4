//===- Routines.cpp - Functions that kernels call -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Vector forms of ranvier::threefry2x32, isa::exp32 and isa::log32: the same operations in the same order over vectors. Called
// a lane at a time, the scalar functions would be what a model with an exponential spends its time on.
//===----------------------------------------------------------------------===//
#include "Routines.h"
#include "KernelBuilder.h"
#include "ranvier/ISA/Transcendental.h"
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/Support/ModRef.h>

namespace ranvier::emu::jit {

using llvm::Value;

namespace {

/// Builds one function; types and constants of vectors.
struct Routine {
  Routine(llvm::Module &module, const std::string &name, const llvm::Function *like, unsigned lanes, unsigned vectors,
          unsigned scalars)
      : lanes(lanes), b(module.getContext()), vec(llvm::FixedVectorType::get(b.getInt32Ty(), lanes)),
        vec64(llvm::FixedVectorType::get(b.getInt64Ty(), lanes)), vecFloat(llvm::FixedVectorType::get(b.getFloatTy(), lanes)),
        vecDouble(llvm::FixedVectorType::get(b.getDoubleTy(), lanes)) {
    std::vector<llvm::Type *> arguments(vectors, vec);
    arguments.insert(arguments.end(), scalars, b.getInt32Ty());
    function =
        llvm::Function::Create(llvm::FunctionType::get(vec, arguments, false), llvm::Function::InternalLinkage, name, module);
    for (llvm::Attribute attribute : like->getAttributes().getFnAttrs())
      function->addFnAttr(attribute);
    function->setMemoryEffects(llvm::MemoryEffects::none());
    function->setDoesNotThrow();
    b.SetInsertPoint(llvm::BasicBlock::Create(module.getContext(), "entry", function));
  }
  Value *argument(unsigned i) { return function->getArg(i); }
  Value *word(uint32_t value) { return llvm::ConstantInt::get(vec, value); }
  Value *word64(uint64_t value) { return llvm::ConstantInt::get(vec64, value); }
  Value *number(double value) { return llvm::ConstantFP::get(vecDouble, value); }
  Value *number32(float value) { return llvm::ConstantFP::get(vecFloat, value); }
  Value *splat(Value *scalar) { return b.CreateVectorSplat(lanes, scalar); }
  /// Horner's rule, as the scalar functions have it.
  template <unsigned Size> Value *series(const double (&coefficients)[Size], Value *x) {
    Value *sum = number(coefficients[0]);
    for (unsigned i = 1; i < Size; ++i)
      sum = b.CreateFAdd(b.CreateFMul(sum, x), number(coefficients[i]));
    return sum;
  }
  llvm::Function *finish(Value *result) {
    b.CreateRet(result);
    return function;
  }

  unsigned lanes;
  llvm::IRBuilder<> b;
  llvm::FixedVectorType *vec, *vec64, *vecFloat, *vecDouble;
  llvm::Function *function;
};

std::string nameOf(const char *what, unsigned lanes) { return what + std::to_string(lanes); }

} // namespace

llvm::Function *threefryFunction(llvm::Module &module, const llvm::Function *like, unsigned lanes) {
  const std::string name = nameOf("threefry", lanes);
  if (llvm::Function *known = module.getFunction(name))
    return known;
  Routine r(module, name, like, lanes, 2, 2);
  auto &b = r.b;
  constexpr unsigned rotation[8] = {13, 15, 26, 6, 17, 29, 16, 24};
  Value *key0 = r.argument(2), *key1 = r.argument(3);
  Value *keys[3] = {key0, key1, b.CreateXor(b.CreateXor(key0, key1), b.getInt32(0x1BD11BDAu))};
  Value *x0 = b.CreateAdd(r.argument(0), r.splat(key0)), *x1 = b.CreateAdd(r.argument(1), r.splat(key1));
  for (unsigned round = 0; round < 20; ++round) {
    x0 = b.CreateAdd(x0, x1);
    x1 = b.CreateXor(b.CreateIntrinsic(llvm::Intrinsic::fshl, {r.vec}, {x1, x1, r.word(rotation[round % 8])}), x0);
    if (round % 4 == 3) {
      const unsigned j = round / 4 + 1;
      x0 = b.CreateAdd(x0, r.splat(keys[j % 3]));
      x1 = b.CreateAdd(x1, r.splat(b.CreateAdd(keys[(j + 1) % 3], b.getInt32(j))));
    }
  }
  return r.finish(x0);
}

llvm::Function *expFunction(llvm::Module &module, const llvm::Function *like, unsigned lanes) {
  const std::string name = nameOf("exp", lanes);
  if (llvm::Function *known = module.getFunction(name))
    return known;
  Routine r(module, name, like, lanes, 1, 0);
  auto &b = r.b;
  Value *x = b.CreateBitCast(r.argument(0), r.vecFloat);
  Value *above = b.CreateFCmpOGT(x, r.number32(isa::expUpper)), *below = b.CreateFCmpOLT(x, r.number32(isa::expLower));
  Value *nan = b.CreateFCmpUNO(x, x);
  // Lanes that are decided by comparison compute exp(0), so that no conversion below is out of range.
  Value *wide = b.CreateFPExt(b.CreateSelect(b.CreateOr(b.CreateOr(above, below), nan), r.number32(0), x), r.vecDouble);
  Value *scaled = b.CreateFMul(wide, r.number(isa::log2e));
  Value *half = b.CreateSelect(b.CreateFCmpOLT(scaled, r.number(0)), r.number(-0.5), r.number(0.5));
  Value *k = b.CreateFPToSI(b.CreateFAdd(scaled, half), r.vec);
  Value *rest = b.CreateFSub(wide, b.CreateFMul(b.CreateSIToFP(k, r.vecDouble), r.number(isa::ln2)));
  Value *biased = b.CreateZExt(b.CreateAdd(k, r.word(1023)), r.vec64);
  Value *scale = b.CreateBitCast(b.CreateShl(biased, 52), r.vecDouble);
  Value *value = b.CreateFPTrunc(b.CreateFMul(r.series(isa::expSeries, rest), scale), r.vecFloat);
  Value *result = b.CreateBitCast(value, r.vec);
  result = b.CreateSelect(above, r.word(0x7F800000), result);
  result = b.CreateSelect(below, r.word(0), result);
  return r.finish(b.CreateSelect(nan, r.word(0x7FC00000), result));
}

llvm::Function *logFunction(llvm::Module &module, const llvm::Function *like, unsigned lanes) {
  const std::string name = nameOf("log", lanes);
  if (llvm::Function *known = module.getFunction(name))
    return known;
  Routine r(module, name, like, lanes, 1, 0);
  auto &b = r.b;
  Value *x = b.CreateBitCast(r.argument(0), r.vecFloat);
  Value *zero = b.CreateFCmpOEQ(x, r.number32(0)), *infinite = b.CreateICmpEQ(r.argument(0), r.word(0x7F800000));
  Value *invalid = b.CreateFCmpULT(x, r.number32(0)); // Negative or NaN.
  // Other lanes' results are not used; without NaNs and infinities they raise no flags and cost no assists.
  Value *special = b.CreateOr(b.CreateOr(zero, infinite), invalid);
  Value *bits = b.CreateBitCast(b.CreateFPExt(b.CreateSelect(special, r.number32(1), x), r.vecDouble), r.vec64);
  Value *e = b.CreateSub(b.CreateTrunc(b.CreateLShr(bits, 52), r.vec), r.word(1023));
  Value *fraction = b.CreateOr(b.CreateAnd(bits, r.word64(0x000FFFFFFFFFFFFFu)), r.word64(0x3FF0000000000000u));
  Value *m = b.CreateBitCast(fraction, r.vecDouble);
  Value *upper = b.CreateFCmpOGT(m, r.number(isa::sqrt2));
  m = b.CreateSelect(upper, b.CreateFMul(m, r.number(0.5)), m);
  e = b.CreateAdd(e, b.CreateZExt(upper, r.vec));
  Value *s = b.CreateFDiv(b.CreateFSub(m, r.number(1)), b.CreateFAdd(m, r.number(1)));
  Value *sum = r.series(isa::logSeries, b.CreateFMul(s, s));
  Value *scaled = b.CreateFMul(b.CreateSIToFP(e, r.vecDouble), r.number(isa::ln2));
  Value *value = b.CreateFAdd(scaled, b.CreateFMul(b.CreateFMul(r.number(2), s), sum));
  Value *result = b.CreateBitCast(b.CreateFPTrunc(value, r.vecFloat), r.vec);
  result = b.CreateSelect(infinite, r.word(0x7F800000), result);
  result = b.CreateSelect(zero, r.word(0xFF800000), result);
  return r.finish(b.CreateSelect(invalid, r.word(0x7FC00000), result));
}

} // namespace ranvier::emu::jit
