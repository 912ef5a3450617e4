//===- Model.cpp - The Verilated chip behind its C interface --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiled together with what Verilator makes of n1_chip. ModelAbi.h says what each function does.
//===----------------------------------------------------------------------===//
#include "Memories.h"
#include "ModelAbi.h"
#include "Sizes.h" // generated: the numbers of the package
#include "VModel.h"
#include "verilated.h"
#if VM_TRACE_FST
#include "verilated_fst_c.h"
#endif
#if VM_COVERAGE
#include "verilated_cov.h"
#endif
#if RANVIER_BINS
#include "Bins.h"
#endif
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <vector>

namespace {
using namespace ranvier_model;

constexpr uint32_t stallBits = 6 * RANVIER_COLUMNS * RANVIER_ROWS + 1;
/// The chip's links, then the host: a gap before its next input, its not taking an output, its not saying that it is done; then
/// what a busy chip must take no notice of: an access and its kind, a start.
constexpr uint32_t gapBit = stallBits, takeBit = stallBits + 1, doneBit = stallBits + 2, accessBit = stallBits + 3,
                   writeBit = stallBits + 4, startBit = stallBits + 5;
constexpr uint32_t stallWords = (stallBits + 6 + 63) / 64;
constexpr uint32_t readLatencyLimit = 64; ///< Cycles after which a bus without an answer is given up.

/// Ports are integers up to 64 bits and arrays beyond.
template <typename Port> void assignBits(Port &port, const uint64_t *words) { port = static_cast<Port>(words[0]); }
template <std::size_t N> void assignBits(VlWide<N> &port, const uint64_t *words) {
  for (std::size_t i = 0; i < N; ++i)
    port[i] = static_cast<uint32_t>(words[i / 2] >> 32 * (i % 2));
}
template <typename Port> void keepBits(Port &port) {
  if constexpr (stallBits < 64)
    port &= static_cast<Port>((uint64_t(1) << stallBits % 64) - 1);
}
template <std::size_t N> void keepBits(VlWide<N> &port) {
  if constexpr (stallBits % 32 != 0)
    port[N - 1] &= (uint32_t(1) << stallBits % 32) - 1;
}

/// Random bits that are 1 with a probability of n / 256.
class Stalls {
public:
  Stalls(uint64_t seed, uint32_t step, uint32_t probability)
      : state(seed * 0x9E3779B97F4A7C15u + step * 0xD1B54A32D192ED03u), probability(probability) {}
  bool used() const { return probability != 0; }
  void next() {
    for (uint64_t &word : words) {
      word = 0;
      for (unsigned bit = 0; bit < 8; ++bit) // the binary digits of the probability, from the last to the first
        word = probability >> bit & 1 ? word | draw() : word & draw();
    }
  }
  bool bit(uint32_t index) const { return words[index / 64] >> index % 64 & 1; }
  uint64_t words[stallWords] = {};

private:
  uint64_t draw() { // splitmix64
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }
  uint64_t state;
  uint32_t probability;
};
} // namespace

struct RanvierModel {
  explicit RanvierModel(uint32_t seed) {
    context.randReset(2);
    context.randSeed(static_cast<int>(seed | 1));
    context.fatalOnError(false);
    giveArguments();
#if VM_TRACE_FST
    context.traceEverOn(true);
#endif
    chip = std::make_unique<VModel>(&context, "TOP");
    memories = std::make_unique<Memories>(context);
#if RANVIER_BINS
    bins = std::make_unique<Bins>(context);
#endif
    reset();
  }
  ~RanvierModel() {
    use();
    closeTrace();
    chip->final();
  }

  /// Verilator looks in the context of a thread for much of what belongs to a model ($finish, names, what it takes away at the
  /// end). That is the context of the model which was made last, and that one may have gone by now.
  void use() { Verilated::threadContextp(&context); }

  /// The words of $RANVIER_RTL_PLUSARGS, for $test$plusargs and $value$plusargs.
  void giveArguments() {
    const char *text = std::getenv("RANVIER_RTL_PLUSARGS");
    std::istringstream stream(text ? text : "");
    std::vector<std::string> words = {"ranvier"};
    for (std::string word; stream >> word;)
      words.push_back(word);
    std::vector<const char *> pointers;
    for (const std::string &word : words)
      pointers.push_back(word.c_str());
    context.commandArgs(static_cast<int>(pointers.size()), pointers.data());
  }

  /// First half of a cycle: what the ports say to what has been set.
  void settle() {
    chip->clk_i = 0;
    chip->eval();
    dump();
  }
  /// Second half: the rising edge.
  void clock() {
    context.timeInc(1);
    chip->clk_i = 1;
    chip->eval();
    dump();
    context.timeInc(1);
  }
  void cycle() {
    settle();
    clock();
  }

  void reset() {
    const uint64_t none[stallWords] = {};
    chip->rst_i = 1;
    chip->cfg_valid_i = chip->start_i = chip->in_valid_i = chip->in_done_i = chip->out_ready_i = 0;
    assignBits(chip->stall_i, none);
    for (int i = 0; i < 4; ++i)
      cycle();
    chip->rst_i = 0;
    cycle();
    steps = 0;
  }

  void configure(const RanvierAccess &access, bool write) {
    chip->cfg_valid_i = 1;
    chip->cfg_write_i = write;
    chip->cfg_node_i = access.node;
    chip->cfg_space_i = access.space;
    chip->cfg_addr_i = access.address;
    chip->cfg_wdata_i = write ? access.word : 0;
  }
  void write(const RanvierAccess *accesses, uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      configure(accesses[i], true);
      cycle();
    }
    chip->cfg_valid_i = 0;
    for (int i = 0; i < 4; ++i) // The last write has arrived.
      cycle();
  }
  bool read(RanvierAccess *accesses, uint64_t count) {
    uint64_t asked = 0, answered = 0;
    uint32_t silent = 0;
    while (answered < count) {
      chip->cfg_valid_i = 0;
      if (asked < count)
        configure(accesses[asked++], false);
      settle();
      if (chip->cfg_rvalid_o) {
        accesses[answered++].word = chip->cfg_rdata_o;
        silent = 0;
      } else if (++silent > readLatencyLimit) {
        chip->cfg_valid_i = 0;
        return false;
      }
      clock();
    }
    chip->cfg_valid_i = 0;
    return true;
  }

  /// Asks for what must not happen while a step runs.
  void disturb(const Stalls &stalls) {
    const uint64_t bits = stalls.words[0];
    chip->cfg_valid_i = stalls.bit(accessBit);
    chip->cfg_write_i = stalls.bit(writeBit);
    chip->cfg_node_i = bits % (RANVIER_COLUMNS * RANVIER_ROWS + 1);
    chip->cfg_space_i = bits % 11;
    chip->cfg_addr_i = bits >> 8 & 0xFF;
    chip->cfg_wdata_i = ~uint32_t(0);
    chip->start_i = stalls.bit(startBit);
  }

  /// The rules of the ports, in the middle of a cycle of a step. False: one is broken, and `broken` says which.
  bool keepsRules(uint64_t cycle) {
    const bool kept =
        !offered || (chip->out_valid_o && chip->out_source_o == offeredSource && chip->out_payload_o == offeredPayload);
    if (!kept)
      broken = "out_valid_o, out_source_o and out_payload_o did not stay until they were taken";
    else if (chip->cfg_rvalid_o)
      broken = "cfg_rvalid_o rose during a step";
    offered = chip->out_valid_o && !chip->out_ready_i;
    offeredSource = chip->out_source_o;
    offeredPayload = chip->out_payload_o;
    if (broken.empty())
      return true;
    broken += " (step " + std::to_string(steps) + " since reset, cycle " + std::to_string(cycle) + ")";
    return false;
  }

  void step(const RanvierStep &what, RanvierStepResult &result) {
    Stalls stalls(what.stall_seed, ++steps, what.stall_probability);
    SpaceMemory *watched = what.watch ? memories->of(what.watch->node, what.watch->space) : nullptr;
    uint32_t seen = watched ? watched->read(what.watch->address) : 0;
    result = {};
    chip->start_i = 1;
    cycle();
    chip->start_i = 0;
    chip->out_ready_i = 1;
    chip->in_valid_i = 0;
    offered = false;
    uint64_t at = 0;
    for (uint64_t now = 1; now <= what.cycle_limit; ++now) {
      if (stalls.used()) {
        stalls.next();
        assignBits(chip->stall_i, stalls.words);
        keepBits(chip->stall_i);
        chip->out_ready_i = !stalls.bit(takeBit);
        disturb(stalls);
      }
      // A spike once offered stays until it is taken.
      if (at < what.input_count && (chip->in_valid_i || !stalls.bit(gapBit))) {
        chip->in_valid_i = 1;
        chip->in_index_i = what.inputs[at].index;
        chip->in_payload_i = what.inputs[at].payload;
      }
      if (at == what.input_count && !stalls.bit(doneBit))
        chip->in_done_i = 1;
      settle();
#if RANVIER_BINS
      bins->sample();
#endif
      if (!keepsRules(now))
        break;
      if (what.on_cycle) {
        const RanvierCycle ports = {now, chip->in_valid_i, chip->in_ready_o, chip->out_valid_o, chip->out_ready_i, chip->idle_o};
        what.on_cycle(what.user, &ports);
      }
      if (chip->idle_o) {
        result.finished = 1;
        result.cycles = now - 1;
        break;
      }
      if (chip->out_valid_o && chip->out_ready_i && what.on_output) {
        const RanvierOutput output = {chip->out_source_o, chip->out_payload_o, now};
        what.on_output(what.user, &output);
      }
      const bool taken = chip->in_valid_i && chip->in_ready_o;
      clock();
      if (taken) {
        ++at;
        chip->in_valid_i = 0;
      }
      if (watched)
        if (const uint32_t word = watched->read(what.watch->address); word != seen) {
          if (what.on_change)
            what.on_change(what.user, now, seen, word);
          seen = word;
        }
      if (context.gotFinish())
        break;
    }
    result.inputs_taken = at;
    chip->in_done_i = chip->in_valid_i = chip->cfg_valid_i = chip->start_i = 0;
    const uint64_t none[stallWords] = {};
    assignBits(chip->stall_i, none);
  }

  bool openTrace(const char *path) {
#if VM_TRACE_FST
    if (!trace) { // The chip can be told of one tracer only.
      trace = std::make_unique<VerilatedFstC>();
      chip->trace(trace.get(), 99);
    }
    trace->open(path);
    tracing = trace->isOpen();
    return tracing;
#else
    (void)path;
    return false;
#endif
  }
  void closeTrace() {
#if VM_TRACE_FST
    if (tracing)
      trace->close();
    tracing = false;
#endif
  }
  void dump() {
#if VM_TRACE_FST
    if (tracing && dumped != context.time()) // The end of a step is looked at once more when the next one starts.
      trace->dump(dumped = context.time());
#endif
  }

  VerilatedContext context;
  std::unique_ptr<VModel> chip;
  std::unique_ptr<Memories> memories;
#if RANVIER_BINS
  std::unique_ptr<Bins> bins;
#endif
  std::string failure, broken;
  uint32_t steps = 0;
  bool offered = false; ///< In the cycle before, and not taken.
  uint32_t offeredSource = 0, offeredPayload = 0;
#if VM_TRACE_FST
  std::unique_ptr<VerilatedFstC> trace;
  uint64_t dumped = UINT64_MAX;
#endif
  bool tracing = false;
};

namespace {
RanvierModel *create(uint32_t seed) {
  try {
    return new RanvierModel(seed);
  } catch (const std::bad_alloc &) {
    return nullptr;
  }
}
void destroy(RanvierModel *model) { delete model; }
void write(RanvierModel *model, const RanvierAccess *accesses, uint64_t count) {
  model->use();
  model->write(accesses, count);
}
int read(RanvierModel *model, RanvierAccess *accesses, uint64_t count) {
  model->use();
  return model->read(accesses, count);
}

int peek(RanvierModel *model, uint32_t node, uint32_t space, uint32_t first, uint32_t count, uint32_t *words) {
  const SpaceMemory *memory = model->memories->of(node, space);
  if (!memory || uint64_t(first) + count > memory->words)
    return 0;
  memory->read(first, count, words);
  return 1;
}
int poke(RanvierModel *model, uint32_t node, uint32_t space, uint32_t first, uint32_t count, const uint32_t *words) {
  SpaceMemory *memory = model->memories->of(node, space);
  if (!memory || uint64_t(first) + count > memory->words)
    return 0;
  memory->write(first, count, words);
  return 1;
}

void step(RanvierModel *model, const RanvierStep *what, RanvierStepResult *result) {
  model->use();
  model->step(*what, *result);
}
int openTrace(RanvierModel *model, const char *path) {
  model->use();
  return model->openTrace(path);
}
void closeTrace(RanvierModel *model) {
  model->use();
  model->closeTrace();
}

int writeCoverage(RanvierModel *model, const char *path) {
#if VM_COVERAGE
  model->use();
  model->context.coveragep()->write(path);
  return 1;
#else
  (void)model;
  (void)path;
  return 0;
#endif
}

void bins(RanvierModel *model, void *user, void (*tell)(void *, const char *, const char *, uint64_t, uint32_t)) {
#if RANVIER_BINS
  for (const BinGroup &group : model->bins->groups())
    for (size_t i = 0; i < group.bins.size(); ++i)
      tell(user, group.name.c_str(), group.bins[i].c_str(), group.counts[i], group.seen);
#else
  (void)model;
  (void)user;
  (void)tell;
#endif
}

const char *failure(RanvierModel *model) {
  model->failure = model->context.gotFinish() ? "the RTL called $finish, $stop or $fatal, or an assertion failed" : model->broken;
  return model->failure.c_str();
}

constexpr RanvierModelApi api = {RANVIER_MODEL_ABI,
                                 {RANVIER_COLUMNS, RANVIER_ROWS, RANVIER_NEURONS, RANVIER_STATES, RANVIER_PARAMS, RANVIER_INPUTS,
                                  RANVIER_SLOTS, RANVIER_SYNAPSES, RANVIER_PROGRAM, RANVIER_TABLE, RANVIER_HOST_INPUTS,
                                  VM_TRACE_FST, VM_COVERAGE},
                                 create,
                                 destroy,
                                 write,
                                 read,
                                 peek,
                                 poke,
                                 step,
                                 openTrace,
                                 closeTrace,
                                 writeCoverage,
                                 bins,
                                 failure};
} // namespace

extern "C" __attribute__((visibility("default"))) const RanvierModelApi *ranvier_model_api(void) { return &api; }
