//===- KernelBuilder.cpp - Microcode to LLVM IR ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program is straight-line, so its registers are SSA values of type <8 x i32> and the kernel is one loop with one block. Integer
// instructions avoid 64-bit lanes and arithmetic shifts of them where the result does not need them (AVX2 has no such shift).
// Floats live in registers as their bits. NaNs of arithmetic depend on the machine; they become the canonical one where an
// instruction looks at the word and not at the number, because arithmetic gives a NaN for any NaN. No fast-math flag is ever set.
//===----------------------------------------------------------------------===//
#include "KernelBuilder.h"
#include "Routines.h"
#include "ranvier/Emulator/Jit.h"
#include "ranvier/Support/FixedPoint.h"
#include <array>
#include <cstddef>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>
#include <optional>
#include <type_traits>

namespace ranvier::emu::jit {

using isa::Instruction;
using isa::Opcode;
using llvm::Value;

static_assert(std::is_standard_layout_v<ActivityView> && offsetof(ActivityView, slice) == 0, "kernels read views by offset");

namespace {

class KernelBuilder {
public:
  KernelBuilder(llvm::Module &module, const isa::Program &program, const KernelShape &shape, const std::string &name);
  void build();

private:
  // Constants and types.
  Value *splat(uint32_t word) { return llvm::ConstantInt::get(vec, word); }
  Value *splat64(uint64_t word) { return llvm::ConstantInt::get(vec64, word); }
  Value *asFloat(Value *word) { return b.CreateBitCast(word, vecFloat); }
  Value *boolean(Value *mask) { return b.CreateZExt(mask, vec); }
  /// Bits of a float result, NaNs made canonical.
  Value *canonical(Value *result) {
    return b.CreateSelect(b.CreateFCmpUNO(result, result), splat(0x7FC00000), b.CreateBitCast(result, vec));
  }
  /// The word of a register, for whatever looks at its bits.
  Value *word(unsigned number) {
    if (loose[number]) {
      const llvm::IRBuilderBase::InsertPointGuard guard(b);
      if (uniform[number])
        b.SetInsertPoint(beforeLoop);
      registers[number] = canonical(asFloat(registers[number]));
    }
    loose[number] = false;
    return registers[number];
  }
  /// Calls a routine. The first calls are inlined: a call costs every register, and its result is waited for.
  Value *call(llvm::Function *routine, llvm::ArrayRef<Value *> arguments) {
    llvm::CallInst *result = b.CreateCall(routine, arguments);
    if (calls++ < shape.inlinedCalls)
      result->addFnAttr(llvm::Attribute::AlwaysInline);
    return result;
  }
  Value *unaryIntrinsic(llvm::Intrinsic::ID id, Value *x) { return b.CreateUnaryIntrinsic(id, x); }
  Value *binaryIntrinsic(llvm::Intrinsic::ID id, Value *x, Value *y) { return b.CreateBinaryIntrinsic(id, x, y); }

  // The slice.
  Value *field(llvm::Type *type, size_t offset) {
    return b.CreateAlignedLoad(type, b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), slice, offset), llvm::Align(4));
  }
  Value *arrayPointer(std::vector<Value *> &cache, size_t tableOffset, uint32_t slot);
  void loadPointers();
  Value *element(Value *array) { return b.CreateInBoundsGEP(b.getInt32Ty(), array, n); }
  Value *load(Value *array) { return b.CreateAlignedLoad(vec, element(array), llvm::Align(4)); }
  Value *parameter(uint32_t slot);
  void store(Value *word, Value *array) { b.CreateAlignedStore(word, element(array), llvm::Align(4)); }

  // Arrays of a bit a neuron.
  void clearLastWord(Value *bits);
  void storeBits(Value *mask, Value *bits);
  void maskLastVector(Value *bits);

  // Instructions.
  Value *isActive();
  bool isUniform(const Instruction &i) const;
  void emitInPlace(const Instruction &i);
  Value *emit(const Instruction &i);
  Value *lookUp(const Instruction &i, Value *index);
  Value *randomWords(uint32_t draw);
  Value *roundedShift(Value *x, uint32_t imm);
  Value *product(const Instruction &i, Value *x, Value *y, bool saturate);
  Value *saturatingShiftLeft(Value *x, unsigned shift);
  Value *clip(Value *x, int64_t low, int64_t high);
  Value *minMax(Value *x, Value *y, bool max);
  Value *toInteger(Value *x);
  void spike(Value *condition, Value *payloadWord);

  llvm::Module &module;
  const isa::Program &program;
  const KernelShape shape;
  const unsigned lanes;
  llvm::LLVMContext &context;
  llvm::IRBuilder<> b;
  llvm::FixedVectorType *vec, *vec64, *vecFloat;
  llvm::Function *function;
  Value *slice, *n = nullptr, *count = nullptr;
  Value *iota;
  std::vector<Value *> states, params, inputs;
  Value *spikes = nullptr, *payload = nullptr, *activity = nullptr;
  Value *entityBase = nullptr, *seedLow = nullptr, *seedHigh = nullptr, *step = nullptr;
  Value *spikeMask = nullptr;
  std::array<Value *, isa::maxRegisters> registers{};
  /// Registers that hold a result of arithmetic whose NaNs are not canonical yet.
  std::array<bool, isa::maxRegisters> loose{};
  bool looseResult = false; ///< Whether the value that emit() returned is one of these.
  /// Registers whose value is the same for all neurons; it is computed before the loop.
  std::array<bool, isa::maxRegisters> uniform{};
  llvm::Instruction *beforeLoop = nullptr;
  unsigned calls = 0; ///< Of routines.
};

} // namespace

KernelBuilder::KernelBuilder(llvm::Module &module, const isa::Program &program, const KernelShape &shape, const std::string &name)
    : module(module), program(program), shape(shape), lanes(shape.lanes), context(module.getContext()), b(context),
      vec(llvm::FixedVectorType::get(b.getInt32Ty(), lanes)), vec64(llvm::FixedVectorType::get(b.getInt64Ty(), lanes)),
      vecFloat(llvm::FixedVectorType::get(b.getFloatTy(), lanes)) {
  auto *type = llvm::FunctionType::get(b.getVoidTy(), {b.getPtrTy()}, false);
  function = llvm::Function::Create(type, llvm::Function::ExternalLinkage, name, module);
  function->setDoesNotThrow();
  // Wide instructions where LLVM thinks them good for the processor, and not because a vector is that wide.
  function->addFnAttr("min-legal-vector-width", "0");
  slice = function->getArg(0);
  std::vector<llvm::Constant *> numbers;
  for (unsigned i = 0; i < lanes; ++i)
    numbers.push_back(b.getInt32(i));
  iota = llvm::ConstantVector::get(numbers);
}

Value *KernelBuilder::arrayPointer(std::vector<Value *> &cache, size_t tableOffset, uint32_t slot) {
  if (slot >= cache.size())
    cache.resize(slot + 1, nullptr);
  if (!cache[slot]) {
    Value *table = field(b.getPtrTy(), tableOffset);
    cache[slot] = b.CreateLoad(b.getPtrTy(), b.CreateConstInBoundsGEP1_64(b.getPtrTy(), table, slot));
  }
  return cache[slot];
}

/// Everything that is the same for all neurons, loaded once before the loop.
void KernelBuilder::loadPointers() {
  using isa::SliceView;
  spikes = field(b.getPtrTy(), offsetof(SliceView, spikes));
  for (const Instruction &i : program.code)
    switch (i.op) {
    case Opcode::LdState:
    case Opcode::StState:
      arrayPointer(states, offsetof(SliceView, state), i.imm);
      break;
    case Opcode::LdParam:
      arrayPointer(params, offsetof(SliceView, param), i.imm);
      break;
    case Opcode::LdInput:
      arrayPointer(inputs, offsetof(SliceView, input), i.imm);
      break;
    case Opcode::Spkp:
      payload = field(b.getPtrTy(), offsetof(SliceView, payload));
      break;
    case Opcode::Rng:
    case Opcode::Frng:
      if (!seedLow) {
        Value *seed = field(b.getInt64Ty(), offsetof(SliceView, seed));
        seedLow = b.CreateTrunc(seed, b.getInt32Ty());
        seedHigh = b.CreateTrunc(b.CreateLShr(seed, 32), b.getInt32Ty());
        step = field(b.getInt32Ty(), offsetof(SliceView, step));
        entityBase = field(b.getInt32Ty(), offsetof(SliceView, firstEntity));
      }
      break;
    default:
      break;
    }
  if (!shape.activity)
    return;
  activity = field(b.getPtrTy(), offsetof(ActivityView, activity));
  for (uint32_t s = 0; s < program.states.size(); ++s)
    arrayPointer(states, offsetof(SliceView, state), s);
  for (uint32_t r = 0; r < program.inputs.size(); ++r)
    arrayPointer(inputs, offsetof(SliceView, input), r);
  if (shape.bias >= 0)
    arrayPointer(params, offsetof(SliceView, param), static_cast<uint32_t>(shape.bias));
}

/// The loop writes bytes; the last word may have some behind the last vector.
void KernelBuilder::clearLastWord(Value *bits) {
  Value *lastWord = b.CreateLShr(b.CreateSub(count, b.getInt64(1)), 5);
  b.CreateAlignedStore(b.getInt32(0), b.CreateInBoundsGEP(b.getInt32Ty(), bits, lastWord), llvm::Align(4));
}

/// `mask`: of the vector at n.
void KernelBuilder::storeBits(Value *mask, Value *bits) {
  Value *bytes = b.CreateInBoundsGEP(b.getInt8Ty(), bits, b.CreateLShr(n, 3));
  b.CreateAlignedStore(b.CreateBitCast(mask, b.getIntNTy(lanes)), bytes, llvm::Align(1));
}

/// After the loop: bits of padding neurons must not be set whatever their words are.
void KernelBuilder::maskLastVector(Value *bits) {
  auto *type = b.getIntNTy(lanes);
  Value *begin = b.CreateAnd(b.CreateSub(count, b.getInt64(1)), b.getInt64(~uint64_t(lanes - 1)));
  Value *bytes = b.CreateInBoundsGEP(b.getInt8Ty(), bits, b.CreateLShr(begin, 3));
  Value *padding = b.CreateTrunc(b.CreateSub(b.getInt64(lanes), b.CreateSub(count, begin)), type);
  Value *real = b.CreateLShr(llvm::ConstantInt::getAllOnesValue(type), padding);
  b.CreateAlignedStore(b.CreateAnd(b.CreateAlignedLoad(type, bytes, llvm::Align(1)), real), bytes, llvm::Align(1));
}

/// Before the update: what the program loads anyway is loaded once, as long as nothing is stored.
Value *KernelBuilder::isActive() {
  Value *any = splat(0);
  for (uint32_t s = 0; s < program.states.size(); ++s)
    any = b.CreateOr(any, load(states[s]));
  for (uint32_t r = 0; r < program.inputs.size(); ++r)
    any = b.CreateOr(any, load(inputs[r]));
  if (shape.bias >= 0)
    any = b.CreateOr(any, parameter(static_cast<uint32_t>(shape.bias)));
  if (program.profile == isa::Profile::F32)
    any = b.CreateAnd(any, splat(0x7FFFFFFF));
  return b.CreateICmpNE(any, splat(0));
}

/// The words of a parameter.
Value *KernelBuilder::parameter(uint32_t slot) {
  if (!(shape.uniform >> slot & 1))
    return load(params[slot]);
  const llvm::IRBuilderBase::InsertPointGuard guard(b);
  b.SetInsertPoint(beforeLoop);
  return b.CreateVectorSplat(lanes, b.CreateAlignedLoad(b.getInt32Ty(), params[slot], llvm::Align(4)));
}

void KernelBuilder::build() {
  auto *entry = llvm::BasicBlock::Create(context, "entry", function);
  auto *prepare = llvm::BasicBlock::Create(context, "prepare", function);
  auto *loop = llvm::BasicBlock::Create(context, "loop", function);
  auto *last = llvm::BasicBlock::Create(context, "last", function);
  auto *exit = llvm::BasicBlock::Create(context, "exit", function);
  b.SetInsertPoint(entry);
  Value *count32 = field(b.getInt32Ty(), offsetof(isa::SliceView, count));
  loadPointers();
  count = b.CreateZExt(count32, b.getInt64Ty());
  b.CreateCondBr(b.CreateICmpEQ(count32, b.getInt32(0)), exit, prepare);

  b.SetInsertPoint(prepare);
  clearLastWord(spikes);
  if (activity)
    clearLastWord(activity);
  beforeLoop = b.CreateBr(loop);

  b.SetInsertPoint(loop);
  auto *phi = b.CreatePHI(b.getInt64Ty(), 2, "n");
  phi->addIncoming(b.getInt64(0), prepare);
  n = phi;
  Value *active = activity ? isActive() : nullptr;
  for (const Instruction &i : program.code)
    emitInPlace(i);
  if (activity)
    storeBits(active, activity);
  storeBits(spikeMask ? spikeMask : b.CreateVectorSplat(lanes, b.getFalse()), spikes);
  Value *next = b.CreateAdd(n, b.getInt64(lanes));
  phi->addIncoming(next, loop);
  b.CreateCondBr(b.CreateICmpULT(next, count), loop, last);

  b.SetInsertPoint(last);
  maskLastVector(spikes);
  if (activity)
    maskLastVector(activity);
  b.CreateBr(exit);

  b.SetInsertPoint(exit);
  b.CreateRetVoid();
}

void KernelBuilder::spike(Value *condition, Value *payloadWord) {
  spikeMask = b.CreateICmpNE(condition, splat(0));
  if (payloadWord)
    store(b.CreateSelect(spikeMask, payloadWord, splat(0)), payload);
}

Value *KernelBuilder::lookUp(const Instruction &i, Value *index) {
  const std::vector<int32_t> &words = program.tables[i.imm];
  auto *data =
      llvm::ConstantDataArray::get(context, llvm::ArrayRef(reinterpret_cast<const uint32_t *>(words.data()), words.size()));
  auto *global = new llvm::GlobalVariable(module, data->getType(), true, llvm::GlobalValue::PrivateLinkage, data, "table");
  global->setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::Global); // Identical tables merge.
  Value *clamped = clip(index, 0, static_cast<int64_t>(words.size()) - 1);
  Value *pointers = b.CreateGEP(b.getInt32Ty(), global, b.CreateZExt(clamped, vec64));
  return b.CreateMaskedGather(vec, pointers, llvm::Align(4));
}

/// ranvier::randomWord over the lanes: key (seed, seed + draw), counter (entity, step).
Value *KernelBuilder::randomWords(uint32_t draw) {
  Value *entity = b.CreateAdd(entityBase, b.CreateTrunc(n, b.getInt32Ty()));
  Value *entities = b.CreateAdd(b.CreateVectorSplat(lanes, entity), iota);
  Value *key1 = b.CreateAdd(seedHigh, b.getInt32(draw * 0x9E3779B9u));
  return call(threefryFunction(module, function, lanes), {entities, b.CreateVectorSplat(lanes, step), seedLow, key1});
}

Value *KernelBuilder::clip(Value *x, int64_t low, int64_t high) {
  const auto word = [&](int64_t value) {
    return llvm::ConstantInt::get(x->getType(), static_cast<uint64_t>(value) & (x->getType() == vec ? 0xFFFFFFFFu : ~0ull));
  };
  return binaryIntrinsic(llvm::Intrinsic::smax, binaryIntrinsic(llvm::Intrinsic::smin, x, word(high)), word(low));
}

/// x >> shift in 32 bits. Rounding to nearest adds to the shifted value, because adding to x could overflow.
Value *KernelBuilder::roundedShift(Value *x, uint32_t imm) {
  const unsigned shift = imm & 0xFF;
  if (shift == 0)
    return x;
  Value *floor = b.CreateAShr(x, shift);
  const uint32_t mask = (uint32_t(1) << shift) - 1, half = uint32_t(1) << (shift - 1);
  switch (static_cast<Rounding>(imm >> 8)) {
  case Rounding::Floor:
    return floor;
  case Rounding::TowardZero: // Only negative numbers move, away from the lower end: no overflow.
    return b.CreateAShr(b.CreateAdd(x, b.CreateLShr(b.CreateAShr(x, 31), 32 - shift)), shift);
  case Rounding::NearestUp:
    return b.CreateAdd(floor, b.CreateAnd(b.CreateLShr(x, shift - 1), splat(1)));
  case Rounding::NearestEven: { // rest > half, or rest == half and odd: rest + odd > half.
    Value *rest = b.CreateAdd(b.CreateAnd(x, splat(mask)), b.CreateAnd(floor, splat(1)));
    return b.CreateAdd(floor, boolean(b.CreateICmpUGT(rest, splat(half))));
  }
  }
  llvm_unreachable("rounding of a validated program");
}

/// mulsh and mulshs. |x y| <= 2^62 and shift <= 62, so that adding up to half a result unit cannot overflow.
Value *KernelBuilder::product(const Instruction &i, Value *x, Value *y, bool saturate) {
  const unsigned shift = i.imm & 0xFF;
  if (shift == 0 && !saturate)
    return b.CreateMul(x, y);
  Value *p = b.CreateMul(b.CreateSExt(x, vec64), b.CreateSExt(y, vec64));
  if (shift != 0) {
    const uint64_t half = uint64_t(1) << (shift - 1);
    switch (static_cast<Rounding>(i.imm >> 8)) {
    case Rounding::Floor:
      break;
    case Rounding::TowardZero:
      p = b.CreateAdd(p, b.CreateSelect(b.CreateICmpSLT(p, splat64(0)), splat64(2 * half - 1), splat64(0)));
      break;
    case Rounding::NearestUp:
      p = b.CreateAdd(p, splat64(half));
      break;
    case Rounding::NearestEven: {
      Value *odd = b.CreateAnd(b.CreateLShr(p, shift), splat64(1));
      p = b.CreateAdd(p, b.CreateAdd(odd, splat64(half - 1)));
      break;
    }
    }
    // The low 32 bits do not see which kind of shift it was as long as they come from bits of the product.
    p = !saturate && shift <= 32 ? b.CreateLShr(p, shift) : b.CreateAShr(p, shift);
  }
  if (saturate)
    p = clip(p, INT32_MIN, INT32_MAX);
  return b.CreateTrunc(p, vec);
}

Value *KernelBuilder::saturatingShiftLeft(Value *x, unsigned shift) {
  Value *shifted = b.CreateShl(x, shift);
  shifted = b.CreateSelect(b.CreateICmpSGT(x, splat(static_cast<uint32_t>(INT32_MAX >> shift))), splat(INT32_MAX), shifted);
  return b.CreateSelect(b.CreateICmpSLT(x, splat(static_cast<uint32_t>(INT32_MIN >> shift))), splat(0x80000000), shifted);
}

/// IEEE 754-2019 minimum and maximum: equal words differ at most in the sign of zero, which "or" and "and" decide.
Value *KernelBuilder::minMax(Value *x, Value *y, bool max) {
  Value *fx = asFloat(x), *fy = asFloat(y);
  Value *first = max ? b.CreateFCmpOGT(fx, fy) : b.CreateFCmpOLT(fx, fy);
  Value *same = max ? b.CreateAnd(x, y) : b.CreateOr(x, y);
  Value *ordered = b.CreateSelect(b.CreateFCmpOEQ(fx, fy), same, b.CreateSelect(first, x, y));
  return b.CreateSelect(b.CreateFCmpUNO(fx, fy), splat(0x7FC00000), ordered);
}

/// Truncation that saturates, 0 for NaN. What LLVM makes of llvm.fptosi.sat on vectors is several times as long.
Value *KernelBuilder::toInteger(Value *x) {
  auto limit = [&](float value) { return llvm::ConstantFP::get(vecFloat, value); };
  Value *inRange = b.CreateFreeze(b.CreateFPToSI(x, vec)); // Poison where x is out of range; not used there.
  Value *high = b.CreateSelect(b.CreateFCmpOGE(x, limit(0x1p31f)), splat(INT32_MAX), inRange);
  Value *both = b.CreateSelect(b.CreateFCmpOLT(x, limit(-0x1p31f)), splat(0x80000000), high);
  return b.CreateSelect(b.CreateFCmpUNO(x, x), splat(0), both);
}

/// Whether an instruction takes its operands as binary32 numbers, to which one NaN is as good as another.
static bool readsNumbers(Opcode op) {
  switch (op) {
  case Opcode::Fadd:
  case Opcode::Fsub:
  case Opcode::Fmul:
  case Opcode::Fdiv:
  case Opcode::Fneg:
  case Opcode::Fabs:
  case Opcode::Fmin:
  case Opcode::Fmax:
  case Opcode::Fsqrt:
  case Opcode::Fexp:
  case Opcode::Flog:
  case Opcode::Ffloor:
  case Opcode::Flt:
  case Opcode::Fle:
  case Opcode::Feq:
  case Opcode::Ftoi:
    return true;
  default:
    return false;
  }
}

/// Whether the value of dst is the same for all neurons: a function of parameters that are.
bool KernelBuilder::isUniform(const Instruction &i) const {
  switch (i.op) {
  case Opcode::LdParam:
    return shape.uniform >> i.imm & 1;
  case Opcode::LdState:
  case Opcode::LdInput:
  case Opcode::StState:
  case Opcode::Spk:
  case Opcode::Spkp:
  case Opcode::Rng:
  case Opcode::Frng:
    return false;
  default:
    break;
  }
  const isa::OpcodeInfo &info = isa::opcodeInfo(i.op);
  return (!info.a || uniform[i.a]) && (!info.b || uniform[i.b]) && (info.imm != isa::ImmKind::Reg || uniform[i.imm]);
}

/// Emits an instruction where it belongs, before the loop or in it, and notes its result.
void KernelBuilder::emitInPlace(const Instruction &i) {
  const bool once = isUniform(i);
  const llvm::IRBuilderBase::InsertPointGuard guard(b);
  if (once)
    b.SetInsertPoint(beforeLoop);
  looseResult = false;
  if (Value *result = emit(i)) {
    registers[i.dst] = result;
    loose[i.dst] = looseResult;
    uniform[i.dst] = once;
  }
}

/// The value of dst; null for instructions without one.
Value *KernelBuilder::emit(const Instruction &i) {
  const isa::OpcodeInfo &info = isa::opcodeInfo(i.op);
  const bool numbers = readsNumbers(i.op);
  Value *x = !info.a ? nullptr : numbers ? registers[i.a] : word(i.a);
  Value *y = !info.b ? nullptr : numbers ? registers[i.b] : word(i.b);
  const auto anyNaN = [&](Value *result) { // Vectors of floats, or their bits.
    looseResult = true;
    return b.CreateBitCast(result, vec);
  };
  auto floats = [&](auto operation) { return anyNaN(operation(asFloat(x), y ? asFloat(y) : nullptr)); };
  namespace in = llvm::Intrinsic;
  switch (i.op) {
  case Opcode::LdState:
    return load(states[i.imm]);
  case Opcode::LdParam:
    return parameter(i.imm);
  case Opcode::LdInput:
    return load(inputs[i.imm]);
  case Opcode::StState:
    store(x, states[i.imm]);
    return nullptr;
  case Opcode::Li:
    return splat(i.imm);
  case Opcode::Mov:
    return x;
  case Opcode::Sel:
    return b.CreateSelect(b.CreateICmpNE(registers[i.imm], splat(0)), x, y);
  case Opcode::Lut:
    return lookUp(i, x);
  case Opcode::Spk:
  case Opcode::Spkp:
    spike(x, y);
    return nullptr;
  case Opcode::And:
    return b.CreateAnd(x, y);
  case Opcode::Or:
    return b.CreateOr(x, y);
  case Opcode::Xor:
    return b.CreateXor(x, y);
  case Opcode::Not:
    return b.CreateNot(x);
  case Opcode::Lnot:
    return boolean(b.CreateICmpEQ(x, splat(0)));
  case Opcode::Add:
    return b.CreateAdd(x, y);
  case Opcode::Sub:
    return b.CreateSub(x, y);
  case Opcode::Adds:
    return binaryIntrinsic(in::sadd_sat, x, y);
  case Opcode::Subs:
    return binaryIntrinsic(in::ssub_sat, x, y);
  case Opcode::Neg:
    return b.CreateNeg(x);
  case Opcode::Abs:
    return binaryIntrinsic(in::abs, x, b.getFalse());
  case Opcode::Min:
    return binaryIntrinsic(in::smin, x, y);
  case Opcode::Max:
    return binaryIntrinsic(in::smax, x, y);
  case Opcode::Lt:
    return boolean(b.CreateICmpSLT(x, y));
  case Opcode::Le:
    return boolean(b.CreateICmpSLE(x, y));
  case Opcode::Eq:
    return boolean(b.CreateICmpEQ(x, y));
  case Opcode::Sat:
    return clip(x, -((int64_t(1) << (i.imm - 1)) - 1), (int64_t(1) << (i.imm - 1)) - 1);
  case Opcode::Satt:
    return clip(x, -(int64_t(1) << (i.imm - 1)), (int64_t(1) << (i.imm - 1)) - 1);
  case Opcode::Mulsh:
    return product(i, x, y, false);
  case Opcode::Mulshs:
    return product(i, x, y, true);
  case Opcode::Shl:
    return b.CreateShl(x, i.imm);
  case Opcode::Shls:
    return saturatingShiftLeft(x, i.imm);
  case Opcode::Shr:
    return roundedShift(x, i.imm);
  case Opcode::Rng:
    return randomWords(i.imm);
  case Opcode::Fadd:
    return floats([&](Value *f, Value *g) { return b.CreateFAdd(f, g); });
  case Opcode::Fsub:
    return floats([&](Value *f, Value *g) { return b.CreateFSub(f, g); });
  case Opcode::Fmul:
    return floats([&](Value *f, Value *g) { return b.CreateFMul(f, g); });
  case Opcode::Fdiv:
    return floats([&](Value *f, Value *g) { return b.CreateFDiv(f, g); });
  case Opcode::Fneg:
    return anyNaN(b.CreateXor(x, splat(0x80000000)));
  case Opcode::Fabs:
    return anyNaN(b.CreateAnd(x, splat(0x7FFFFFFF)));
  case Opcode::Fmin:
    return minMax(x, y, false);
  case Opcode::Fmax:
    return minMax(x, y, true);
  case Opcode::Fsqrt:
    return anyNaN(unaryIntrinsic(in::sqrt, asFloat(x)));
  case Opcode::Fexp:
    return call(expFunction(module, function, lanes), {x});
  case Opcode::Flog:
    return call(logFunction(module, function, lanes), {x});
  case Opcode::Ffloor:
    return anyNaN(unaryIntrinsic(in::floor, asFloat(x)));
  case Opcode::Flt:
    return boolean(b.CreateFCmpOLT(asFloat(x), asFloat(y)));
  case Opcode::Fle:
    return boolean(b.CreateFCmpOLE(asFloat(x), asFloat(y)));
  case Opcode::Feq:
    return boolean(b.CreateFCmpOEQ(asFloat(x), asFloat(y)));
  case Opcode::Ftoi:
    return toInteger(asFloat(x));
  case Opcode::Itof:
    return b.CreateBitCast(b.CreateSIToFP(x, vecFloat), vec);
  case Opcode::Frng: { // 24 bits fit a signed word, and the product is exact.
    Value *uniform = b.CreateSIToFP(b.CreateLShr(randomWords(i.imm), 8), vecFloat);
    return b.CreateBitCast(b.CreateFMul(uniform, llvm::ConstantFP::get(vecFloat, 0x1p-24)), vec);
  }
  }
  llvm_unreachable("opcode of a validated program");
}

void buildKernel(llvm::Module &module, const isa::Program &program, const KernelShape &shape, const std::string &name) {
  KernelBuilder(module, program, shape, name).build();
}

} // namespace ranvier::emu::jit
