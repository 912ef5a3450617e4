//===- ChipAer.cpp - n1_chip_aer between an asynchronous sender and receiver ===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// program CONFIG EVENTS STEPS SEED FAULT: loads the configuration of `ranvier export --readmemh` over the bus and reads it back,
// runs STEPS steps with the events "step input payload" of a file, and writes what came out as lines "spike STEP SOURCE PAYLOAD"
// and a last line of counts. Exit code 1 and a message when the chip breaks the rules of its ports.
//===----------------------------------------------------------------------===//
#include "Bus.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>

double sc_time_stamp() { return 0; }

namespace {
using namespace aer;
using bench::fail;

constexpr uint32_t host = PARAM_n1_pkg_NODES;
constexpr uint32_t stateSpace = 2, csrSpace = 5, accumulatorSpace = 9, hostMaskSpace = 10;
constexpr uint32_t csrErrors = 1; // CSRs 0 and 1 of a core, SLICES and ERRORS, do not change in a run.

struct Access {
  uint32_t node, space, address, word;
};

std::vector<Access> readConfig(const char *path) {
  std::vector<Access> out;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (line.rfind("//", 0) != 0) {
      const uint64_t bits = std::stoull(line, nullptr, 16);
      out.push_back({uint32_t(bits >> 52), uint32_t(bits >> 48 & 15), uint32_t(bits >> 32 & 0xffff), uint32_t(bits)});
    }
  return out;
}

std::vector<Event> readEvents(const char *path) {
  std::vector<Event> out;
  std::ifstream file(path);
  for (Event event; file >> event.step >> event.address >> event.payload;)
    out.push_back(event);
  return out;
}

/// The chip, its partners, and the host, which does its part in front of every rising edge.
class Run {
public:
  Run(std::vector<Access> config, std::vector<Event> events, uint64_t seed, Fault fault)
      : config(std::move(config)), events(std::move(events)), random(seed) {
    for (const Access &word : this->config)
      if (word.node == host && word.space == hostMaskSpace)
        masks.push_back(word);
    context.randReset(2);
    context.randSeed(static_cast<int>(seed & 0x7fffffff) | 1);
    dut = std::make_unique<DUT>(&context);
    dut->clk_i = 0;
    noAccess();
    dut->start_i = dut->in_done_i = 0;
    sender = std::make_unique<Sender>(*dut, this->events, seed * 3 + 1, fault);
    receiver = std::make_unique<Receiver>(*dut, seed * 3 + 2, fault);
  }

  void run(uint32_t steps) {
    reset();
    load();
    for (uint32_t step = 1; step <= steps; ++step)
      runStep(step);
    between();
    compare(false, steps);
  }
  const std::vector<Event> &outputs() const { return receiver->events; }
  uint64_t cycles = 0, early = 0;

private:
  /// Everything up to the middle of the next cycle: the rising edge, then what the partners do until the falling one and after it.
  void cycle() {
    const Time edge = now + halfPeriod;
    until(edge);
    dut->clk_i = 1;
    evaluate();
    until(edge + halfPeriod);
    dut->clk_i = 0;
    evaluate();
    ++cycles;
  }
  void until(Time end) {
    for (Time at; (at = std::min(sender->next, receiver->next)) < end;) {
      now = at;
      if (sender->next == at)
        sender->act(now);
      else
        receiver->act(now);
      evaluate();
    }
    now = end;
  }
  void evaluate() {
    dut->eval();
    if (watching) {
      sender->watch(now);
      receiver->watch(now);
    }
  }

  void noAccess() {
    dut->cfg_valid_i = dut->cfg_write_i = 0;
    dut->cfg_node_i = dut->cfg_space_i = dut->cfg_addr_i = dut->cfg_wdata_i = 0;
  }
  void access(const Access &what, bool write) {
    dut->cfg_valid_i = 1;
    dut->cfg_write_i = write;
    dut->cfg_node_i = what.node;
    dut->cfg_space_i = what.space;
    dut->cfg_addr_i = what.address;
    dut->cfg_wdata_i = write ? what.word : static_cast<uint32_t>(random.next());
  }

  void reset() {
    dut->rst_i = 1;
    dut->out_ack_i = 1; // The receiver was in the middle of a handshake.
    for (int i = 0; i < 4; ++i)
      cycle();
    dut->rst_i = 0;
    dut->start_i = 1; // To no effect, which the step register shows after loading.
    for (int i = 0; i < 8; ++i) {
      cycle();
      if (dut->idle_o)
        fail("cycle ", cycles, ": idle_o rose after reset under the acknowledge of an event from before");
    }
    dut->start_i = 0;
    dut->out_ack_i = 0;
    watching = true;
    evaluate();
    for (int i = 0; !dut->idle_o; ++i) {
      if (i == 8)
        fail("cycle ", cycles, ": idle_o has not risen after reset");
      cycle();
    }
  }

  void load() {
    for (const Access &write : config) {
      access(write, true);
      cycle();
    }
    noAccess();
    for (int i = 0; i < 4; ++i) // The last write has arrived.
      cycle();
    compare(true, 0);
  }

  /// Reads what was written, one access a cycle: all of it after loading; what a run does not change, later.
  void compare(bool all, uint32_t step) {
    std::vector<Access> wanted;
    for (const Access &word : config)
      if (all || (word.space != stateSpace && word.space != accumulatorSpace && word.space != csrSpace))
        wanted.push_back(word);
      else if (word.space == csrSpace && word.node != host && word.address <= csrErrors)
        wanted.push_back(word);
    wanted.push_back({host, csrSpace, 0, step});
    size_t asked = 0, answered = 0;
    for (uint64_t limit = cycles + wanted.size() + 16; answered < wanted.size(); cycle()) {
      noAccess();
      if (asked < wanted.size())
        access(wanted[asked++], false);
      dut->eval();
      if (cycles == limit)
        fail("cycle ", cycles, ": ", wanted.size() - answered, " reads have no answer");
      if (dut->cfg_rvalid_o) {
        const Access &want = wanted[answered++];
        if (dut->cfg_rdata_o != want.word)
          fail(all ? "after loading" : "after the run", ": node ", want.node, ", space ", want.space, ", address ", want.address,
               ": expected ", want.word, ", found ", dut->cfg_rdata_o);
      }
    }
    noAccess();
    dut->eval();
  }

  /// Between two steps: the sender may be ahead with the events of the next one, and the bus reads the masks that those would need.
  void between() {
    std::deque<uint32_t> wanted;
    for (uint64_t left = 4 + random.below(30); left != 0; --left) {
      noAccess();
      if (left > 4 && random.chance(128)) { // The last answer is there before the step starts.
        const Access &mask = masks[random.below(masks.size())];
        access(mask, false);
        wanted.push_back(mask.word);
      }
      dut->eval();
      if (!dut->idle_o)
        fail("cycle ", cycles, ": idle_o fell between steps");
      if (dut->cfg_rvalid_o) {
        if (wanted.empty() || dut->cfg_rdata_o != wanted.front())
          fail("cycle ", cycles, ": a mask of the host: expected ", wanted.empty() ? 0 : wanted.front(), ", found ",
               dut->cfg_rdata_o, ", ", wanted.size(), " reads under way");
        wanted.pop_front();
      }
      cycle();
    }
    noAccess();
    if (!wanted.empty())
      fail("cycle ", cycles, ": ", wanted.size(), " reads have no answer");
  }

  /// A busy chip takes no notice of accesses and starts.
  void disturb() {
    noAccess();
    dut->start_i = 0;
    if (dut->idle_o)
      return;
    dut->start_i = random.chance(64);
    if (random.chance(64))
      access({uint32_t(random.below(host + 1)), uint32_t(random.below(11)), uint32_t(random.below(64)),
              static_cast<uint32_t>(random.next())},
             random.chance(128));
  }

  void runStep(uint32_t step) {
    const auto end = std::find_if(events.begin(), events.end(), [&](const Event &event) { return event.step > step; });
    const size_t last = end - events.begin(), first = sender->acknowledged;
    // Some steps begin with events that are already under way.
    if (random.chance(128))
      sender->allowed = first + random.below(last - first + 1);
    between();
    early += sender->acknowledged - first;
    receiver->step = step;
    dut->start_i = 1;
    cycle();
    dut->start_i = 0;
    dut->eval();
    if (dut->idle_o)
      fail("step ", step, ": start_i did not start it");
    const uint64_t begun = cycles;
    // In some steps the last event comes when the chip may be done with all else, so that the end of the step waits for that one
    // alone.
    const uint64_t late = random.chance(128) ? random.below(15000) : 0;
    // Mostly the host says at once that it is done, in the very cycle in which the last acknowledge rises.
    uint64_t hesitates = random.chance(200) ? 0 : random.below(300);
    while (true) {
      sender->allowed = std::max(sender->allowed, last - (last > first && cycles - begun < late));
      if (sender->acknowledged == last && hesitates-- == 0)
        dut->in_done_i = 1;
      disturb();
      dut->eval();
      if (dut->cfg_rvalid_o)
        fail("step ", step, ": an access to a busy chip was answered");
      if (dut->idle_o)
        break;
      if (cycles - begun > 300000)
        fail("step ", step, " does not end");
      cycle();
    }
    if (!dut->in_done_i)
      fail("step ", step, ": ended before the host was done");
    // What the receiver takes from here on it must count to the next step.
    if (receiver->inHandshake())
      fail("step ", step, ": idle_o rose in the middle of the last event's handshake");
    noAccess();
    dut->start_i = dut->in_done_i = 0;
    dut->eval();
  }

  VerilatedContext context; // Goes last, after the chip that points to it.
  std::vector<Access> config, masks;
  std::vector<Event> events;
  bench::Random random;
  std::unique_ptr<DUT> dut;
  std::unique_ptr<Sender> sender;
  std::unique_ptr<Receiver> receiver;
  Time now = 0;
  bool watching = false;
};
} // namespace

int main(int argc, char **argv) {
  if (argc != 6) {
    std::fprintf(stderr, "%s CONFIG EVENTS STEPS SEED FAULT\n", argv[0]);
    return 2;
  }
  const auto named = std::find(std::begin(faultNames), std::end(faultNames), std::string(argv[5]));
  if (named == std::end(faultNames)) {
    std::fprintf(stderr, "no fault '%s'\n", argv[5]);
    return 2;
  }
  Run run(readConfig(argv[1]), readEvents(argv[2]), std::strtoull(argv[4], nullptr, 0), Fault(named - std::begin(faultNames)));
  try {
    run.run(static_cast<uint32_t>(std::strtoul(argv[3], nullptr, 0)));
  } catch (const bench::Failure &failure) {
    std::printf("%s\n", failure.what());
    return 1;
  }
  for (const Event &event : run.outputs())
    std::printf("spike %u %u %u\n", event.step, event.address, event.payload);
  std::printf("ok: %llu cycles, %llu events before their step\n", static_cast<unsigned long long>(run.cycles),
              static_cast<unsigned long long>(run.early));
}
