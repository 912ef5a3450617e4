//===- Bus.h - The two partners of n1_chip_aer's spike buses ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A sender and a receiver of 4-phase handshakes that share no clock with the chip: every change of a line of theirs comes after a
// random time of 1 ps to many cycles of the chip, so it may fall anywhere in a cycle. Both watch the chip for breaches of the
// protocol.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_TEST_RTL_AER_BUS_H
#define RANVIER_TEST_RTL_AER_BUS_H

#include "Bench.h"
#include <limits>
#include <vector>

namespace aer {

using Time = uint64_t; // ps
inline constexpr Time halfPeriod = 5000;
inline constexpr Time never = std::numeric_limits<Time>::max();

/// What goes wrong on a wire, so that a test can show that this is found.
enum class Fault : uint8_t {
  None,
  LostInput,     // An event is acknowledged, and its request never reached the chip.
  DoubledInput,  // A request falls and rises once more.
  InputBit,      // The two lowest bits of an input's number are crossed.
  LostOutput,    // The receiver acknowledges an event without taking it.
  DoubledOutput, // It takes one twice.
  OutputBit,     // The two lowest bits of a source are crossed.
  PayloadBit,    // A bit of a payload is stuck at 0.
  LostAck,       // An acknowledge does not reach the chip.
  EarlyData      // Data of the next event are put before the acknowledge of this one.
};
inline constexpr const char *faultNames[] = {"none",           "lost-input", "doubled-input", "input-bit", "lost-output",
                                             "doubled-output", "output-bit", "payload-bit",   "lost-ack",  "early-data"};

/// The times of a partner: for a while quicker than the chip's clock, for a while far slower.
class Pace {
public:
  explicit Pace(uint64_t seed) : random(seed) {}
  Time after(Time now) {
    if (left-- == 0) {
      static constexpr Time longest[] = {500, 4000, 15000, 60000, 300000};
      limit = longest[random.below(std::size(longest))];
      left = random.below(60);
    }
    return now + 1 + random.below(limit);
  }
  bench::Random random;

private:
  Time limit = 1000;
  uint64_t left = 0;
};

struct Event {
  uint32_t step, address, payload;
};

constexpr uint64_t crossed(uint64_t word, uint32_t bit) {
  const uint64_t low = word >> bit & 1, high = word >> (bit + 1) & 1;
  return (word & ~(uint64_t(3) << bit)) | low << (bit + 1) | high << bit;
}

/// Sends the first `allowed` of a list of events.
class Sender {
public:
  Sender(DUT &dut, const std::vector<Event> &events, uint64_t seed, Fault fault)
      : dut(dut), events(events), pace(seed), fault(fault) {
    dut.in_req_i = 0;
    scramble();
  }

  size_t allowed = 0;
  size_t acknowledged = 0; ///< Events whose acknowledge has been seen.
  Time next = never;

  /// Looks at the chip's line after anything has changed.
  void watch(Time now) {
    const bool ack = dut.in_ack_o;
    if (ack && !ackBefore && state != State::Asked)
      bench::fail(now, " ps: in_ack_o rose without a request");
    if (!ack && ackBefore && state != State::Done)
      bench::fail(now, " ps: in_ack_o fell under the request");
    ackBefore = ack;
    switch (state) {
    case State::Free:
      if (next == never && acknowledged < allowed)
        next = pace.after(now);
      break;
    case State::Asked:
      if (ack && !seen) {
        seen = true;
        ++acknowledged;
        next = pace.after(now);
      }
      break;
    case State::Done:
      if (!ack && next == never)
        next = pace.after(now);
      break;
    case State::Put:
      break;
    }
  }

  void act(Time now) {
    next = never;
    switch (state) {
    case State::Free: {
      if (fault == Fault::LostInput && acknowledged % 50 == 20) {
        ++acknowledged;
        break;
      }
      const Event &event = events[acknowledged];
      uint64_t word = uint64_t(event.address) << 32 | event.payload;
      bench::set(dut.in_data_i, 0, width, fault == Fault::InputBit ? crossed(word, 32) : word);
      state = State::Put;
      next = pace.after(now);
      break;
    }
    case State::Put: // Data have been there for a moment, however short.
      dut.in_req_i = 1;
      seen = false;
      state = State::Asked;
      if (fault == Fault::EarlyData)
        scramble();
      break;
    case State::Asked:
      dut.in_req_i = 0;
      state = State::Done;
      if (fault != Fault::DoubledInput || acknowledged % 50 != 20 || doubled)
        scramble();
      break;
    case State::Done:
      state = State::Free;
      if (fault == Fault::DoubledInput && acknowledged % 50 == 20 && !doubled) {
        doubled = true; // Sent again; it is counted once.
        --acknowledged;
      } else
        doubled = false;
      break;
    }
  }

private:
  enum class State : uint8_t { Free, Put, Asked, Done };
  static constexpr uint32_t width = PARAM_n1_pkg_HOST_BITS + 32;

  /// Where the protocol does not promise data, there is noise.
  void scramble() { bench::set(dut.in_data_i, 0, width, pace.random.bits(width)); }

  DUT &dut;
  const std::vector<Event> &events;
  Pace pace;
  Fault fault;
  State state = State::Free;
  bool ackBefore = false, seen = false, doubled = false;
};

/// Takes what the chip sends, and notes in which step it did.
class Receiver {
public:
  Receiver(DUT &dut, uint64_t seed, Fault fault) : dut(dut), pace(seed), fault(fault) { dut.out_ack_i = 0; }

  std::vector<Event> events;
  uint32_t step = 0; ///< The one under way.
  Time next = never;

  bool inHandshake() const { return dut.out_req_o || acknowledged; }

  void watch(Time now) {
    const bool request = dut.out_req_o;
    const uint64_t word = bench::get(dut.out_data_o, 0, width);
    if (request && !requestBefore && acknowledged)
      bench::fail(now, " ps: out_req_o rose before the acknowledge of the event before had fallen");
    if (!request && requestBefore && !acknowledged)
      bench::fail(now, " ps: out_req_o fell before the acknowledge");
    if (request && requestBefore && word != held)
      bench::fail(now, " ps: out_data_o changed under the request");
    if (request && !requestBefore && word != held)
      bench::fail(now, " ps: out_data_o changed together with the request");
    requestBefore = request;
    held = word;
    if (next == never && request != acknowledged)
      next = pace.after(now);
  }

  void act(Time) {
    next = never;
    if (acknowledged) {
      acknowledged = false;
      dut.out_ack_i = 0;
      return;
    }
    acknowledged = true;
    ++taken;
    const bool chosen = taken % 100 == 50;
    dut.out_ack_i = !(fault == Fault::LostAck && chosen);
    uint64_t word = bench::get(dut.out_data_o, 0, width);
    if (fault == Fault::OutputBit)
      word = crossed(word, 32);
    if (fault == Fault::PayloadBit)
      word &= ~uint64_t(1);
    const Event event = {step, uint32_t(word >> 32), uint32_t(word)};
    if (!(fault == Fault::LostOutput && chosen))
      events.push_back(event);
    if (fault == Fault::DoubledOutput && chosen)
      events.push_back(event);
  }

private:
  static constexpr uint32_t width = PARAM_n1_pkg_SOURCE_BITS + 32;

  DUT &dut;
  Pace pace;
  Fault fault;
  bool acknowledged = false, requestBefore = false;
  uint64_t held = 0, taken = 0;
};

} // namespace aer

#endif
