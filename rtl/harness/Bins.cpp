//===- Bins.cpp - Functional coverage of the chip -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The signals are those that rtl/lib/ModelBuilder.cpp makes visible in models that count.
//===----------------------------------------------------------------------===//
#include "Bins.h"
#include "Sizes.h" // generated: sizes, opcodes, roundings
#include "verilated_syms.h"
#include <algorithm>
#include <cstring>

namespace ranvier_model {
namespace {
enum Group { Op, Rounding, Wrap, Saturation, Decision, Delay, Exponent, Delivery, Hazard, Fast, Full, Turn, Branch, NumGroups };

#define RANVIER_OPCODE(name, value) name = value,
enum Opcode : uint32_t { RANVIER_OPCODES(RANVIER_OPCODE) };
#undef RANVIER_OPCODE
#define RANVIER_OPCODE(name, value) {#name, value},
constexpr struct {
  const char *name;
  uint32_t value;
} opcodes[] = {RANVIER_OPCODES(RANVIER_OPCODE)};
#undef RANVIER_OPCODE
constexpr const char *roundings[] = {RANVIER_ROUNDINGS};
constexpr uint32_t numRoundings = sizeof roundings / sizeof *roundings;

constexpr uint32_t rounding[] = {SHR, MULSH, MULSHS}, wrapping[] = {ADD, SUB, NEG, ABS, SHL, MULSH},
                   saturating[] = {ADDS, SUBS, SHLS, MULSHS, SAT, SATT};
template <size_t N> uint32_t placeIn(const uint32_t (&list)[N], uint32_t op) {
  return static_cast<uint32_t>(std::find(list, list + N, op) - list);
}

enum DecisionBin { SpkFires, SpkSilent, SpkpFires, SpkpSilent, SelFirst, SelSecond, LutBelow, LutInside, LutAbove, LaneIdle };
enum DeliveryBin { RowOfOne, RowAfterRow, Graded, SumWraps, LeastWeight, MostWeight, BankWraps };
enum HazardBin { SameWord, OtherWord };
enum FastBin { CurrentLow, CurrentHigh, VoltageLow, VoltageHigh, Fires, Silent };
enum FullBin { LinkE, LinkW, LinkN, LinkS, LinkL, SenderWaits, HostWaits, PacketWaits, EverySpike };
enum Port : uint32_t { E, W, N, S, L, numPorts };
constexpr char portNames[] = "EWNSL";

/// Outputs by which a packet may leave that came in by a port: it never goes back, and never from a column into a row.
constexpr uint32_t exitsOf[] = {1u << W | 1u << N | 1u << S | 1u << L, 1u << E | 1u << N | 1u << S | 1u << L, 1u << S | 1u << L,
                                1u << N | 1u << L, 1u << E | 1u << W | 1u << N | 1u << S | 1u << L};
/// Whether the loader's masks give a pattern of outputs. Every spike of a core goes to the host, too, whose way is west and then
/// south: what a core sends and what comes from the east leaves by W or, in column 0, by S, whatever else it does.
bool reachable(uint32_t from, uint32_t pattern) {
  if (pattern == 0 || (pattern & ~exitsOf[from]))
    return false;
  return (from != L && from != E) || (pattern >> W & 1) || (pattern >> S & 1);
}

struct Signal {
  const void *data = nullptr;
  uint32_t bytes = 0;
  uint64_t operator()() const {
    uint64_t word = 0;
    std::memcpy(&word, data, bytes); // little endian, as Verilator's hosts are
    return word;
  }
};

/// The signals of one instance; `good` as long as all that were asked for exist.
struct Scope {
  Scope(VerilatedContext &context, const std::string &name) : scope(context.scopeFind(name.c_str())), good(scope != nullptr) {}
  Signal operator[](const char *name) {
    VerilatedVar *variable = scope ? scope->varFind(name) : nullptr;
    if (!variable || variable->entSize() > 8 || variable->udims() != 0) {
      good = false;
      return {};
    }
    return {variable->datap(), static_cast<uint32_t>(variable->entSize())};
  }
  const VerilatedScope *scope;
  bool good;
};

int64_t asSigned(uint64_t word, unsigned bits) {
  const uint64_t sign = uint64_t(1) << (bits - 1);
  return static_cast<int64_t>(((word & (sign * 2 - 1)) ^ sign) - sign);
}
bool fits32(int64_t x) { return x == static_cast<int32_t>(x); }

/// x / 2^shift by the rounding of that number; as docs/spec/microcode.md.
int64_t shiftRight(int64_t x, uint32_t shift, uint32_t mode) {
  const int64_t down = x >> shift, below = x - down * (int64_t(1) << shift), half = shift ? int64_t(1) << (shift - 1) : 1;
  if (!below)
    return down;
  switch (mode) {
  case 1:
    return down + (x < 0);
  case 2:
    return down + (below >= half);
  case 3:
    return down + (below > half || (below == half && (down & 1)));
  default:
    return down;
  }
}

struct EngineSignals {
  explicit EngineSignals(Scope scope)
      : valid(scope["e1_q"]), active(scope["e1_active_q"]), op(scope["e1_op_q"]), imm(scope["e1_imm_q"]), a(scope["a"]),
        b(scope["b"]), c(scope["c"]), good(scope.good) {}
  Signal valid, active, op, imm, a, b, c;
  bool good;
};
struct DeliverySignals {
  explicit DeliverySignals(Scope scope)
      : state(scope["state_q"]), word(scope["synapse_word_i"]), payload(scope["payload_q"]), reads(scope["sum_re_o"]),
        adds(scope["add_q"]), bypass(scope["bypass_q"]), before(scope["sum_before"]), product(scope["product_q"]),
        slot(scope["slot_i"]), ready(scope["ready_o"]), offered(scope["valid_i"]), good(scope.good) {}
  Signal state, word, payload, reads, adds, bypass, before, product, slot, ready, offered;
  bool good;
};
struct FastSignals {
  explicit FastSignals(Scope scope)
      : adds(scope["c2_q"]), u(scope["c2_u_q"]), input(scope["c2_input_q"]), decides(scope["c3_q"]), v(scope["c3_v_q"]),
        current(scope["c3_u_q"]), bias(scope["c3_bias_q"]), fires(scope["fires"]), good(scope.good) {}
  Signal adds, u, input, decides, v, current, bias, fires;
  bool good;
};
struct RouterSignals {
  explicit RouterSignals(Scope scope)
      : pop(scope["pop"]), taken(scope["taken"]), served(scope["served_q"]), ready(scope["in_ready_o"]), good(scope.good) {}
  Signal pop, taken, served, ready;
  bool good;
};
struct SenderSignals {
  explicit SenderSignals(Scope scope)
      : valid(scope["valid_o"]), ready(scope["ready_i"]), queued(scope["queued_q"]), good(scope.good) {}
  Signal valid, ready, queued;
  bool good;
};
struct HostSignals {
  explicit HostSignals(Scope scope) : valid(scope["valid_o"]), ready(scope["ready_i"]), good(scope.good) {}
  Signal valid, ready;
  bool good;
};
} // namespace

struct Bins::Signals {
  struct Node {
    EngineSignals engine;
    DeliverySignals delivery;
    FastSignals fast;
    RouterSignals router;
    SenderSignals sender;
  };
  std::vector<Node> nodes;
  HostSignals host;
};

namespace {
std::string portText(uint32_t ports) {
  std::string out;
  for (uint32_t p = 0; p < numPorts; ++p)
    if (ports >> p & 1)
      out += portNames[p];
  return out;
}

std::vector<BinGroup> makeGroups() {
  std::vector<BinGroup> all(NumGroups);
  const auto set = [&](Group group, const char *name, std::vector<std::string> bins) {
    all[group].name = name;
    all[group].counts.assign(bins.size(), 0);
    all[group].bins = std::move(bins);
  };
  const auto nameOf = [](uint32_t op) -> std::string {
    for (const auto &known : opcodes)
      if (known.value == op)
        return known.name;
    return "?";
  };
  std::vector<std::string> bins;
  for (const auto &op : opcodes)
    bins.push_back(op.name);
  set(Op, "op", std::move(bins));
  bins.clear();
  for (const uint32_t op : rounding)
    for (const char *mode : roundings)
      for (const char *what : {"exact", "positive", "negative"})
        bins.push_back(nameOf(op) + " " + mode + " " + what);
  set(Rounding, "rounding", std::move(bins));
  bins.clear();
  for (const uint32_t op : wrapping)
    bins.push_back(nameOf(op));
  set(Wrap, "wrap", std::move(bins));
  bins.clear();
  for (const uint32_t op : saturating)
    for (const char *end : {"low", "high"})
      bins.push_back(nameOf(op) + " " + end);
  set(Saturation, "saturation", std::move(bins));
  set(Decision, "decision",
      {"SPK fires", "SPK silent", "SPKP fires", "SPKP silent", "SEL first", "SEL second", "LUT below", "LUT inside", "LUT above",
       "lane without a neuron"});
  bins.clear();
  for (uint32_t delay = 1; delay <= RANVIER_MAX_DELAY; ++delay)
    bins.push_back(std::to_string(delay));
  set(Delay, "delay", std::move(bins));
  bins.clear();
  for (uint32_t exponent = 0; exponent <= RANVIER_MAX_EXPONENT; ++exponent)
    bins.push_back(std::to_string(exponent));
  set(Exponent, "weight exponent", std::move(bins));
  set(Delivery, "delivery",
      {"row of one synapse", "row after a row", "value other than 1", "sum wraps", "least weight", "greatest weight",
       "bank number wraps"});
  set(Hazard, "hazard", {"word that is being written", "another word right after"});
  set(Fast, "fast path",
      {"current at its least", "current at its most", "voltage at its least", "voltage at its most", "fires", "silent"});
  set(Full, "full",
      {"link from E", "link from W", "link from N", "link from S", "link from the core", "sender waits", "host waits",
       "packet waits for delivery", "every neuron spikes"});
  bins.clear();
  for (uint32_t from = 0; from < numPorts; ++from)
    for (uint32_t to = 0; to < numPorts; ++to)
      if (exitsOf[from] >> to & 1)
        bins.push_back(std::string(1, portNames[from]) + " to " + portNames[to]);
  set(Turn, "router turn", std::move(bins));
  bins.clear();
  for (uint32_t from = 0; from < numPorts; ++from)
    for (uint32_t pattern = 1; pattern < 1u << numPorts; ++pattern)
      if (reachable(from, pattern))
        bins.push_back(std::string(1, portNames[from]) + " to " + portText(pattern));
  set(Branch, "branch pattern", std::move(bins));
  return all;
}

/// [from][to], [from][pattern] -> bin.
struct RouterBins {
  uint32_t turn[numPorts][numPorts] = {}, branch[numPorts][1u << numPorts] = {};
  RouterBins() {
    uint32_t turns = 0, branches = 0;
    for (uint32_t from = 0; from < numPorts; ++from) {
      for (uint32_t to = 0; to < numPorts; ++to)
        turn[from][to] = exitsOf[from] >> to & 1 ? turns++ : UINT32_MAX;
      for (uint32_t pattern = 0; pattern < 1u << numPorts; ++pattern)
        branch[from][pattern] = reachable(from, pattern) ? branches++ : UINT32_MAX;
    }
  }
};

class Sampler {
public:
  explicit Sampler(std::vector<BinGroup> &all) : all(all) {}

  void look(const EngineSignals &s) const {
    if (!s.good || !s.valid())
      return;
    if (!s.active())
      return hit(Decision, LaneIdle);
    const auto op = static_cast<uint32_t>(s.op()), imm = static_cast<uint32_t>(s.imm());
    for (uint32_t i = 0; i < sizeof opcodes / sizeof *opcodes; ++i)
      if (opcodes[i].value == op)
        hit(Op, i);
    const int64_t a = asSigned(s.a(), 32), b = asSigned(s.b(), 32);
    lookAtArithmetic(op, imm, a, b);
    if (op == SPK || op == SPKP)
      hit(Decision, (op == SPK ? SpkFires : SpkpFires) + (a == 0));
    if (op == SEL)
      hit(Decision, s.c() ? SelFirst : SelSecond);
    if (op == LUT)
      hit(Decision, a<0 ? LutBelow : a>(imm >> 16) ? LutAbove : LutInside);
  }

  void look(const DeliverySignals &s) const {
    if (!s.good)
      return;
    constexpr uint64_t head = 2, next = 4; // states of n1_delivery
    const uint64_t state = s.state(), word = s.word();
    if (state == head) {
      hit(Exponent, word >> 16 & 15);
      if ((word & 0xFFFF) == 1)
        hit(Delivery, RowOfOne);
      if (s.payload() != 1)
        hit(Delivery, Graded);
    }
    if (state == next)
      hit(Delivery, RowAfterRow);
    if (s.offered() && !s.ready())
      hit(Full, PacketWaits);
    if (s.reads()) {
      const uint64_t delay = word >> 16 & 63;
      const int64_t weight = asSigned(word >> 22, 10);
      if (delay)
        hit(Delay, delay - 1);
      if (s.slot() + delay >= RANVIER_SLOTS)
        hit(Delivery, BankWraps);
      if (weight == -512)
        hit(Delivery, LeastWeight);
      if (weight == 511)
        hit(Delivery, MostWeight);
    }
    if (s.adds()) {
      if (!fits32(asSigned(s.before(), 32) + asSigned(s.product(), 32)))
        hit(Delivery, SumWraps);
      if (s.bypass())
        hit(Hazard, SameWord);
      else if (s.reads())
        hit(Hazard, OtherWord);
    }
  }

  void look(const FastSignals &s) const {
    if (!s.good)
      return;
    constexpr int64_t most = (int64_t(1) << (RANVIER_NATIVE_STATE_BITS - 1)) - 1;
    const auto ends = [&](int64_t sum, FastBin low) {
      if (sum < -most)
        hit(Fast, low);
      if (sum > most)
        hit(Fast, low + 1);
    };
    if (s.adds())
      ends(asSigned(s.u(), RANVIER_NATIVE_STATE_BITS) + asSigned(s.input(), 32 + RANVIER_NATIVE_INPUT_SHIFT), CurrentLow);
    if (s.decides()) {
      ends(asSigned(s.v(), RANVIER_NATIVE_STATE_BITS) + asSigned(s.current(), RANVIER_NATIVE_STATE_BITS) +
               asSigned(s.bias(), RANVIER_NATIVE_BIAS_BITS),
           VoltageLow);
      hit(Fast, s.fires() ? Fires : Silent);
    }
  }

  void look(const RouterSignals &s) const {
    if (!s.good)
      return;
    static const RouterBins bins;
    const uint64_t pop = s.pop(), taken = s.taken(), served = s.served(), ready = s.ready();
    for (uint32_t from = 0; from < numPorts; ++from) {
      const auto leaves = static_cast<uint32_t>(taken >> numPorts * from & 31);
      for (uint32_t to = 0; to < numPorts; ++to)
        if (leaves >> to & 1)
          hit(Turn, bins.turn[from][to]);
      if (pop >> from & 1)
        hit(Branch, bins.branch[from][leaves | (served >> numPorts * from & 31)]);
      if (!(ready >> from & 1))
        hit(Full, LinkE + from);
    }
  }

  void look(const SenderSignals &s) const {
    if (!s.good)
      return;
    if (s.valid() && !s.ready())
      hit(Full, SenderWaits);
    if (s.queued() == RANVIER_NEURONS)
      hit(Full, EverySpike);
  }

  void look(const HostSignals &s) const {
    if (s.good && s.valid() && !s.ready())
      hit(Full, HostWaits);
  }

private:
  /// What is no bin (a turn that cannot be) is not counted: the comparison with the emulator is what finds it.
  void hit(Group group, uint64_t bin) const {
    if (bin < all[group].counts.size())
      ++all[group].counts[bin];
  }

  void lookAtArithmetic(uint32_t op, uint32_t imm, int64_t a, int64_t b) const {
    int64_t exact = 0;
    switch (op) {
    case ADD:
    case ADDS:
      exact = a + b;
      break;
    case SUB:
    case SUBS:
      exact = a - b;
      break;
    case NEG:
      exact = -a;
      break;
    case ABS:
      exact = a < 0 ? -a : a;
      break;
    case SHL:
    case SHLS:
      exact = a * (int64_t(1) << (imm & 31));
      break;
    case SHR:
    case MULSH:
    case MULSHS: {
      const int64_t whole = op == SHR ? a : a * b;
      const uint32_t shift = imm & 63, mode = imm >> 8 & 3;
      const bool inexact = whole & ((int64_t(1) << shift) - 1);
      hit(Rounding, (placeIn(rounding, op) * numRoundings + mode) * 3 + (inexact ? whole < 0 ? 2 : 1 : 0));
      exact = shiftRight(whole, shift, mode);
      break;
    }
    case SAT:
    case SATT: {
      const int64_t top = (int64_t(1) << ((imm & 63) - 1)) - 1, bottom = op == SAT ? -top : -top - 1;
      if (a < bottom || a > top)
        hit(Saturation, placeIn(saturating, op) * 2 + (a > top));
      return;
    }
    default:
      return;
    }
    if (fits32(exact))
      return;
    if (const uint32_t at = placeIn(saturating, op); at < sizeof saturating / sizeof *saturating)
      hit(Saturation, at * 2 + (exact > 0));
    else
      hit(Wrap, placeIn(wrapping, op));
  }

  std::vector<BinGroup> &all;
};
} // namespace

Bins::Bins(VerilatedContext &context)
    : all(makeGroups()), signals(new Signals{{}, HostSignals(Scope(context, "TOP.n1_chip.u_host"))}) {
  for (uint32_t x = 0; x < RANVIER_COLUMNS; ++x)
    for (uint32_t y = 0; y < RANVIER_ROWS; ++y) {
      const std::string node = "TOP.n1_chip.g_column[" + std::to_string(x) + "].g_row[" + std::to_string(y) + "].u_node.";
      const auto scope = [&](const char *name) { return Scope(context, node + name); };
      signals->nodes.push_back({EngineSignals(scope("u_core.u_engine")), DeliverySignals(scope("u_core.u_delivery")),
                                FastSignals(scope("u_core.u_cuba")), RouterSignals(scope("u_router")),
                                SenderSignals(scope("u_core.u_sender"))});
    }
  for (BinGroup &group : all)
    group.seen = true;
  for (const Signals::Node &node : signals->nodes) {
    const auto only = [&](bool good, std::initializer_list<Group> groups) {
      for (const Group group : groups)
        all[group].seen = all[group].seen && good;
    };
    only(node.engine.good, {Op, Rounding, Wrap, Saturation, Decision});
    only(node.delivery.good, {Delay, Exponent, Delivery, Hazard, Full});
    only(node.fast.good, {Fast});
    only(node.router.good, {Turn, Branch, Full});
    only(node.sender.good && signals->host.good, {Full});
  }
}

Bins::~Bins() = default;

void Bins::sample() {
  const Sampler sampler(all);
  for (const Signals::Node &node : signals->nodes) {
    sampler.look(node.engine);
    sampler.look(node.delivery);
    sampler.look(node.fast);
    sampler.look(node.router);
    sampler.look(node.sender);
  }
  sampler.look(signals->host);
}

} // namespace ranvier_model
