//===- TcamRouterBench.cpp - rv_tcam_router against routing by the book ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every packet carries a serial number, by which it is known at the outputs. Checked of each: that it goes to the outputs of the
// first matching entry, or straight on, and nowhere else; once to each; in the order of its input; that it is given up exactly when
// its time is over; and in the end, that every packet was delivered, given up, discarded or unrouted, with counters and dropped
// packet to match. Tables change between phases; within them the configuration reads routes and registers and writes entries that
// no packet uses.
//===----------------------------------------------------------------------===//
#include "Bench.h"
#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace bench {
namespace {

constexpr uint32_t entries = PARAM_ENTRIES, cores = PARAM_CORES, keyBits = PARAM_KEY_BITS, bodyBits = PARAM_BODY_BITS,
                   depth = PARAM_DEPTH;
constexpr uint32_t outputs = 6 + cores, inputs = 7;
constexpr uint64_t allKeys = (uint64_t(1) << keyBits) - 1, allOutputs = (uint64_t(1) << outputs) - 1;
enum Register : uint32_t {
  Control,
  Status,
  LinkLookups,
  CoreLookups,
  Defaulted,
  Discarded,
  Unrouted,
  TimedOut,
  Copies,
  DumpKey,
  DumpLow,
  DumpHigh,
  DumpOutputs,
  DumpInput
};
constexpr uint32_t keyAt = 0x0000, maskAt = 0x4000, routeAt = 0x8000, registerAt = 0xc000;

struct Packet {
  uint32_t input;
  uint64_t key, body;
  uint64_t outputs; ///< By the table in force.
  bool hit;
};
struct Access {
  bool write;
  uint32_t address;
  uint64_t data; ///< To write.
  std::optional<uint64_t> expected;
  bool checked = true; ///< Whether the answer of a read is compared, else kept in `answer`.
};

struct RouterBench {
  Clock<DUT> clock;
  DUT &dut;
  Random random;
  Report report;
  std::vector<uint64_t> keys, masks;
  std::vector<std::optional<uint64_t>> routes;
  std::map<uint64_t, Packet> flying;          ///< By serial number.
  std::vector<std::deque<uint64_t>> queued;   ///< Serial numbers by input, those not yet seen at the outputs.
  std::vector<std::optional<Packet>> offered; ///< What an input holds until it is taken.
  std::deque<Access> accesses;
  std::deque<std::pair<uint64_t, Access>> answers; ///< (cycle in which it is due, access)
  std::optional<uint64_t> atOutputs;               ///< Serial number.
  uint64_t pending = 0, waited = 0, limit = 240, serial = 0, answer = 0, waitCode = 0x40;
  bool forever = false, live = false;
  uint32_t giving = 128, taking = 200;
  uint64_t counts[9] = {};
  std::map<uint64_t, uint64_t> dropped; ///< Serial number -> outputs that it did not reach; of this phase.
  std::map<uint64_t, Packet> lostPackets;

  explicit RouterBench(const Options &options)
      : clock(options.seed), dut(*clock.dut), random(options.seed), keys(entries, allKeys), masks(entries, 0), routes(entries),
        queued(inputs), offered(inputs) {}

  /// Of few different bits, so that many entries match; sometimes any.
  uint64_t someKey() { return random.chance(8) ? random.bits(keyBits) : random.bits(3) | random.bits(3) << (keyBits - 3); }

  void route(Packet &packet) const {
    for (uint32_t i = 0; i < entries; ++i)
      if ((packet.key & masks[i]) == keys[i]) {
        packet.hit = true;
        packet.outputs = *routes[i];
        return;
      }
    packet.hit = false;
    packet.outputs = packet.input < 6 ? uint64_t(1) << (packet.input + 3) % 6 : 0;
  }

  /// The packet that has just come to the outputs.
  void arrive(uint64_t offeredTo) {
    uint64_t number = get(dut.out_body_o, 0, bodyBits);
    auto found = flying.find(number);
    if (found == flying.end())
      fail("cycle ", clock.cycle, ": packet ", number, " is not on its way");
    const Packet &packet = found->second;
    if (get(dut.out_key_o, 0, keyBits) != packet.key || offeredTo != packet.outputs)
      fail("cycle ", clock.cycle, ": packet ", number, " with key ", packet.key, " offered to ", std::hex, offeredTo, ", expected ",
           packet.outputs);
    // Those before it from the same input had no outputs, or it overtook them.
    std::deque<uint64_t> &queue = queued[packet.input];
    while (!queue.empty() && queue.front() != number) {
      auto before = flying.find(queue.front());
      if (before == flying.end() || before->second.outputs != 0)
        fail("cycle ", clock.cycle, ": packet ", number, " overtook packet ", queue.front());
      finish(before->first, before->second);
      queue.pop_front();
    }
    if (queue.empty())
      fail("cycle ", clock.cycle, ": packet ", number, " is there twice");
    queue.pop_front();
    ++counts[packet.input < 6 ? LinkLookups : CoreLookups];
    counts[Defaulted] += !packet.hit;
    atOutputs = number;
    pending = offeredTo;
    waited = 0;
  }

  /// A packet that goes nowhere.
  void finish(uint64_t number, const Packet &packet) {
    ++counts[packet.input < 6 ? LinkLookups : CoreLookups];
    ++counts[packet.hit ? Discarded : Unrouted];
    if (!packet.hit) {
      dropped[number] = 0;
      lostPackets[number] = packet;
    }
    flying.erase(number);
  }

  void checkOutputs() {
    uint64_t valid = get(dut.out_valid_o, 0, outputs);
    if (atOutputs && valid != pending)
      fail("cycle ", clock.cycle, ": packet ", *atOutputs, " offered to ", std::hex, valid, ", expected ", pending, std::dec,
           " after ", waited, " cycles");
    if (atOutputs && get(dut.out_body_o, 0, bodyBits) != *atOutputs)
      fail("cycle ", clock.cycle, ": packet ", *atOutputs, " replaced while it waited");
    if (!atOutputs && valid)
      arrive(valid);
    ++report.checks;
  }

  void checkAnswers() {
    bool due = !answers.empty() && answers.front().first == clock.cycle;
    if (dut.cfg_rvalid_o != due)
      fail("cycle ", clock.cycle, ": an answer of the configuration is ", due ? "missing" : "too much");
    if (!due)
      return;
    const Access &access = answers.front().second;
    answer = dut.cfg_rdata_o;
    if (access.checked && access.expected && answer != *access.expected)
      fail("cycle ", clock.cycle, ": address ", std::hex, access.address, ": expected ", *access.expected, ", found ", answer);
    answers.pop_front();
  }

  /// One cycle: traffic, outputs, one access of the configuration if one waits.
  void cycle() {
    for (uint32_t i = 0; i < inputs; ++i) {
      if (!offered[i] && live && random.chance(giving)) {
        Packet packet{i, someKey(), serial & ((uint64_t(1) << bodyBits) - 1), 0, false};
        route(packet);
        ++serial;
        offered[i] = packet;
      }
      set(dut.in_valid_i, i, 1, offered[i].has_value());
      set(dut.in_key_i, i * keyBits, keyBits, offered[i] ? offered[i]->key : random.bits(keyBits));
      set(dut.in_body_i, i * bodyBits, bodyBits, offered[i] ? offered[i]->body : random.bits(bodyBits));
    }
    uint64_t takes = 0;
    for (uint32_t i = 0; i < outputs; ++i)
      takes |= uint64_t(random.chance(taking)) << i;
    set(dut.out_ready_i, 0, outputs, takes);
    dut.cfg_valid_i = !accesses.empty();
    dut.cfg_write_i = random.chance(128);
    dut.cfg_addr_i = random.bits(16);
    dut.cfg_wdata_i = random.bits(32);
    if (!accesses.empty()) {
      const Access &access = accesses.front();
      dut.cfg_write_i = access.write;
      dut.cfg_addr_i = access.address;
      dut.cfg_wdata_i = access.data;
      if (!access.write)
        answers.emplace_back(clock.cycle + 2, access);
      accesses.pop_front();
    }
    clock.settle();
    for (uint32_t i = 0; i < inputs; ++i)
      if (offered[i] && get(dut.in_ready_o, i, 1)) {
        flying[offered[i]->body] = *offered[i];
        queued[i].push_back(offered[i]->body);
        offered[i].reset();
      }
    uint64_t left = pending & ~takes;
    counts[Copies] += __builtin_popcountll(pending & takes);
    bool drop = left && waited >= limit && !forever;
    if (drop) {
      ++counts[TimedOut];
      dropped[*atOutputs] = left;
      lostPackets[*atOutputs] = flying.at(*atOutputs);
    }
    if (atOutputs && (!left || drop)) {
      flying.erase(*atOutputs);
      atOutputs.reset();
      pending = 0;
    } else {
      pending = left;
      ++waited;
    }
    clock.tick();
    checkAnswers();
    checkOutputs();
  }

  void write(uint32_t address, uint64_t data) { accesses.push_back({true, address, data, {}}); }
  void expect(uint32_t address, uint64_t value) { accesses.push_back({false, address, 0, value}); }
  /// Waits for every access to be answered.
  void sync() {
    while (!accesses.empty() || !answers.empty())
      cycle();
  }
  uint64_t read(uint32_t address) {
    sync();
    accesses.push_back({false, address, 0, {}, false});
    sync();
    return answer;
  }

  void setWait(uint32_t code) {
    write(registerAt + Control, 1 | code << 16);
    sync();
    uint64_t m = code & 15, e = code >> 4;
    // The formula of the data sheet, in halves, sixteenths ... kept exact by multiplying first.
    limit = e <= 4 ? (m + 16 << e) - 16 : m + 16 << e;
    forever = code == 0xff;
    waitCode = code;
    expect(registerAt + Control, 1 | code << 16);
    sync();
  }

  void newTable() {
    for (uint32_t i = 0; i < entries; ++i) {
      uint32_t use = random.below(8);
      uint64_t mask = allKeys & ~(random.bits(3) & random.bits(3)) & ~((random.bits(3) & random.bits(3)) << (keyBits - 3));
      if (random.chance(20))
        mask = random.bits(keyBits);
      uint64_t key = use == 0 ? allKeys : someKey() & mask;
      if (use == 0)
        mask = 0; // Unused.
      if (use == 1)
        key |= ~mask & allKeys & random.bits(keyBits); // Matches only if the noise lies within the mask.
      uint64_t route = random.bits(outputs) & random.bits(outputs) & random.bits(outputs);
      if (random.chance(8))
        route = allOutputs;
      keys[i] = key;
      masks[i] = mask;
      routes[i] = route;
      write(routeAt + i, route);
      write(maskAt + i, mask);
      write(keyAt + i, key);
    }
    for (uint32_t i = 0; i < entries; ++i)
      expect(routeAt + i, *routes[i]);
    sync();
  }

  /// Lets everything out and compares the counters.
  void drain() {
    live = false;
    taking = 256;
    auto waits = [&] {
      for (const std::optional<Packet> &packet : offered)
        if (packet)
          return true;
      return (read(registerAt + Status) >> 8 & 1) != 0;
    };
    while (waits())
      for (uint32_t i = 0; i < 4; ++i)
        cycle();
    for (std::deque<uint64_t> &queue : queued) {
      for (uint64_t number : queue) {
        auto found = flying.find(number);
        if (found == flying.end() || found->second.outputs != 0)
          fail("cycle ", clock.cycle, ": packet ", number, " is lost");
        finish(number, found->second);
      }
      queue.clear();
    }
    if (!flying.empty())
      fail("packets are left over");
    for (uint32_t i = LinkLookups; i <= Copies; ++i)
      expect(registerAt + i, counts[i] & 0xffffffff);
    sync();
    checkDump();
  }

  /// The flags and the dropped packet of a phase; then sets them free.
  void checkDump() {
    bool unrouted = false, timedOut = false;
    for (auto [number, left] : dropped)
      (left ? timedOut : unrouted) = true;
    uint64_t status = timedOut | unrouted << 1 | !dropped.empty() << 2 | (dropped.size() > 1) << 3;
    expect(registerAt + Status, status);
    sync();
    if (dut.alarm_o != !dropped.empty())
      fail("cycle ", clock.cycle, ": alarm ", int(dut.alarm_o));
    if (!dropped.empty()) {
      uint64_t body = read(registerAt + DumpLow) | read(registerAt + DumpHigh) << 32;
      auto found = lostPackets.find(body);
      if (found == lostPackets.end())
        fail("cycle ", clock.cycle, ": packet ", body, " was not dropped");
      expect(registerAt + DumpKey, found->second.key);
      expect(registerAt + DumpOutputs, dropped[body]);
      expect(registerAt + DumpInput, found->second.input);
      if (dropped.size() == 1)
        ++report.checks;
    }
    write(registerAt + Status, 0x1f);
    expect(registerAt + Status, 0);
    sync();
    dropped.clear();
    lostPackets.clear();
  }

  /// Puts one packet in and returns the cycle in which it was taken.
  uint64_t give(uint32_t input, uint64_t key) {
    Packet packet{input, key, serial++, 0, false};
    route(packet);
    offered[input] = packet;
    while (offered[input])
      cycle();
    return clock.cycle - 1;
  }

  void directed() {
    taking = 256;
    // The state after reset: nothing matches, links go straight on, cores' packets drop; five cycles from one side to the other.
    expect(registerAt + Control, 1 | 0x40 << 16);
    for (uint32_t i = Status; i <= DumpInput; ++i)
      expect(registerAt + i, 0);
    sync();
    for (uint32_t link = 0; link < 6; ++link) {
      uint64_t taken = give(link, 0xffffffff & allKeys);
      while (!atOutputs)
        cycle();
      if (clock.cycle - taken != 5)
        fail("a packet took ", clock.cycle - taken, " cycles");
    }
    give(6, 1);
    drain();
    // Register words keep their values; what is not there answers 0 and raises the flag.
    for (uint32_t i = LinkLookups; i <= Copies; ++i) {
      counts[i] = i == Copies ? 0xfffffff0 : random.bits(32);
      write(registerAt + i, counts[i]);
    }
    for (uint32_t bad : {keyAt, maskAt + 1, routeAt + entries, routeAt + 0x3fff, registerAt + 14}) {
      expect(bad, 0);
      sync();
      expect(registerAt + Status, 0x10);
      write(registerAt + Status, 0x10);
      expect(registerAt + Status, 0);
    }
    for (uint32_t bad : {keyAt + entries, maskAt + entries, routeAt + entries, registerAt + 0x3fff}) {
      write(bad, 0);
      expect(registerAt + Status, 0x10);
      write(registerAt + Status, 0x10);
    }
    sync();
    // Switched off: inputs fill up, nothing leaves.
    write(registerAt + Control, 0);
    sync();
    live = true;
    giving = 256;
    for (uint32_t i = 0; i < 60; ++i)
      cycle();
    if (atOutputs || flying.size() != inputs * depth)
      fail("a router that is switched off moved packets");
    setWait(0x40);
    // One lookup a cycle: all inputs at once, outputs always ready.
    uint64_t from = serial;
    for (uint32_t i = 0; i < 500; ++i)
      cycle();
    if (serial - from < 490)
      fail("only ", serial - from, " packets in 500 cycles");
    drain();
    timeOut();
  }

  /// Every kind of waiting time with one output that never takes, and what is then read.
  void timeOut() {
    for (uint32_t code : {0x00u, 0x01u, 0x0fu, 0x10u, 0x11u, 0x2bu, 0x3fu, 0x40u, 0x4fu, 0x50u, 0x6au, 0x7fu}) {
      setWait(code);
      routes[0] = 1 | uint64_t(1) << (outputs - 1);
      write(routeAt, *routes[0]);
      keys[0] = 5;
      masks[0] = allKeys;
      write(maskAt, masks[0]);
      write(keyAt, keys[0]);
      sync();
      taking = 0;
      give(2, 5);
      uint64_t seen = 0;
      for (uint64_t i = 0; i < limit + 20; ++i) {
        cycle();
        seen += atOutputs.has_value();
      }
      if (seen != limit + 1)
        fail("wait ", code, ": offered for ", seen, " cycles");
      taking = 256;
      drain();
    }
    setWait(0xff);
    taking = 0;
    give(2, 5);
    for (uint32_t i = 0; i < 3000; ++i)
      cycle();
    if (!atOutputs)
      fail("a packet that may wait for ever was dropped");
    drain();
    // An unrouted packet before, in and after the very cycle in which another one is given up; the older drop is what can be read,
    // and of two in a cycle the one at the outputs.
    setWait(0x03);
    for (uint32_t apart = 0; apart < limit + 4; ++apart) {
      taking = 0;
      uint64_t blocked = serial, given = give(0, 5), givenUp = given + 5 + limit;
      for (uint32_t i = 0; i < apart; ++i)
        cycle();
      uint64_t unrouted = serial, looked = give(6, 6) + 4;
      for (uint64_t i = 0; i < limit + 20; ++i)
        cycle();
      expect(registerAt + DumpLow, givenUp <= looked ? blocked : unrouted);
      drain();
    }
    // Two drops: the first one is kept, the second one only counted; then an unrouted one.
    setWait(0x00);
    taking = 0;
    give(0, 5);
    give(1, 5);
    for (uint32_t i = 0; i < 20; ++i)
      cycle();
    expect(registerAt + DumpInput, 0);
    drain();
    keys[0] = allKeys;
    masks[0] = 0;
    write(keyAt, keys[0]);
    write(maskAt, masks[0]);
    sync();
    give(6, 5);
    give(1, 5);
    drain();
  }

  void run(uint64_t cycles) {
    dut.in_valid_i = 0;
    dut.cfg_valid_i = 0;
    set(dut.out_ready_i, 0, outputs, 0);
    clock.reset();
    directed();
    while (report.cycles < cycles) {
      uint64_t start = clock.cycle;
      newTable();
      setWait(random.chance(32) ? 0xff : random.below(0x48));
      live = true;
      giving = 256 >> random.below(7);
      taking = 256 >> random.below(5);
      // What the configuration does beside the traffic: reads, and rewriting the last entry if it is unused.
      for (uint64_t left = 200 + random.below(1500); left != 0; --left) {
        if (random.chance(forever ? 4 : 24)) {
          uint32_t place = random.below(entries);
          expect(routeAt + place, *routes[place]);
        }
        if (keys[entries - 1] == allKeys && masks[entries - 1] == 0 && random.chance(8)) {
          routes[entries - 1] = random.bits(outputs);
          write(routeAt + entries - 1, *routes[entries - 1]);
          write(keyAt + entries - 1, allKeys);
        }
        if (random.chance(2))
          expect(registerAt + Control, 1 | waitCode << 16);
        cycle();
      }
      drain();
      report.cycles += clock.cycle - start;
    }
  }
};

} // namespace

Report runBench(const Options &options) {
  RouterBench bench(options);
  bench.run(options.cycles);
  return bench.report;
}

} // namespace bench
