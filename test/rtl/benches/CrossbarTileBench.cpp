//===- CrossbarTileBench.cpp - rv_crossbar_tile around an array of weights ===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The array is modelled here: sums of the weights of driven rows, noise until they have settled and whenever nobody reads. Checked
// are codes, clamp counters and results against hw::IntegerConverter and hw::shiftAdd, the cycles of every phase, and, with a
// converter that loses nothing, the plain product of inputs and weights, which knows of neither bits nor codes. The same weights
// are programmed into emu::CrossbarArray, whose products with an integer converter have to be these results.
//===----------------------------------------------------------------------===//
#include "Bench.h"
#include "ranvier/Emulator/Crossbar.h"
#include "ranvier/HwModels/IntegerConverter.h"
#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

namespace bench {
namespace {

constexpr uint32_t rows = PARAM_ROWS, columns = PARAM_COLUMNS, lanes = PARAM_LANES, inputBits = PARAM_INPUT_BITS,
                   sumBits = PARAM_SUM_BITS, codeBits = PARAM_CODE_BITS, readCycles = PARAM_READ_CYCLES, adcs = columns / lanes,
                   dataBits = codeBits + inputBits + 1;
enum Register : uint32_t { Offset, Shift, Zero, Input, Status, Low, High };

struct TileBench {
  Clock<DUT> clock;
  DUT &dut;
  Random random;
  Report report;
  std::vector<std::vector<int64_t>> weights; ///< [row][column]
  std::vector<uint64_t> inputs;              ///< Words written for the product to come, by row.
  ranvier::hw::IntegerConverter converter{.bits = codeBits};
  uint32_t zero = 0, bits = inputBits;
  bool isSigned = false;
  std::optional<ranvier::emu::CrossbarArray> array; ///< Not for one signed bit, which the emulator has not.
  std::vector<double> fromArray;                    ///< Of the array, by column.
  uint64_t emulated = 0;
  uint64_t lows = 0, highs = 0, products = 0, lossless = 0;
  bool bad = false;
  uint32_t driven = 0;                      ///< Cycles for which the rows have been driven with the same bits.
  std::vector<std::vector<uint32_t>> codes; ///< Seen, by column.
  uint32_t lane = 0;                        ///< Of the next code.

  explicit TileBench(const Options &options)
      : clock(options.seed), dut(*clock.dut), random(options.seed), weights(rows, std::vector<int64_t>(columns)), inputs(rows),
        codes(columns) {}

  /// Column sums as the array gives them in this cycle.
  void drive() {
    dut.eval();
    driven = dut.read_o ? driven + 1 : 0;
    for (uint32_t c = 0; c < columns; ++c) {
      int64_t sum = 0;
      for (uint32_t r = 0; r < rows; ++r)
        sum += get(dut.rows_o, r, 1) ? weights[r][c] : 0;
      bool settled = driven > readCycles;
      set(dut.sums_i, c * sumBits, sumBits,
          settled ? static_cast<uint64_t>(sum) & ((uint64_t(1) << sumBits) - 1) : random.bits(sumBits));
    }
    if (!dut.read_o)
      for (uint32_t r = 0; r < rows; ++r)
        if (get(dut.rows_o, r, 1))
          fail("cycle ", clock.cycle, ": row ", r, " driven outside a read");
    if (driven == readCycles + lanes)
      driven = 0; // The next bit comes.
  }

  void cycle() {
    drive();
    clock.tick();
    if (dut.code_valid_o)
      for (uint32_t a = 0; a < adcs; ++a)
        codes[a * lanes + lane].push_back(get(dut.codes_o, a * codeBits, codeBits));
    lane = dut.code_valid_o ? (lane + 1) % lanes : 0;
  }
  uint64_t access(bool write, uint32_t address, uint64_t data = 0) {
    dut.cfg_valid_i = 1;
    dut.cfg_write_i = write;
    dut.cfg_addr_i = address;
    dut.cfg_wdata_i = data;
    cycle();
    dut.cfg_valid_i = 0;
    if (dut.cfg_rvalid_o == write)
      fail("cycle ", clock.cycle, ": answer ", int(dut.cfg_rvalid_o));
    uint64_t answer = dut.cfg_rdata_o;
    if (address > High)
      bad = true;
    return answer;
  }
  void expect(uint32_t address, uint64_t value) {
    uint64_t found = access(false, address);
    if (found != value)
      fail("cycle ", clock.cycle, ": register ", address, ": expected ", value, ", found ", found);
    ++report.checks;
  }
  /// A write that must be refused: the register keeps its value, the flag rises.
  void refused(uint32_t address, uint64_t data) {
    uint64_t before = address > High ? 0 : access(false, address);
    access(true, address, data);
    expect(address, before);
    bad = true;
    flag();
  }
  void flag() {
    expect(Status, bad << 1);
    access(true, Status, 0);
    expect(Status, bad << 1); // Only a one clears it.
    access(true, Status, 2);
    bad = false;
    expect(Status, 0);
  }

  void configure(bool exact) {
    int64_t largest = (int64_t(1) << (sumBits - 1)) - 1;
    // Weights so that no sum of a column leaves sumBits.
    int64_t weight = random.below(2) ? largest / rows : 1 + random.below(largest / rows < 8 ? largest / rows : 8);
    for (std::vector<int64_t> &row : weights)
      for (int64_t &w : row)
        w = int64_t(random.below(2 * weight + 1)) - weight;
    if (exact) {
      int64_t reach = weight * rows, room = int64_t(1) << codeBits;
      if (2 * reach + 1 > room) { // Fewer weights that are not 0.
        int64_t left = (room - 1) / 2;
        for (uint32_t c = 0; c < columns; ++c) {
          int64_t sum = 0;
          for (uint32_t r = 0; r < rows; ++r) {
            int64_t size = weights[r][c] < 0 ? -weights[r][c] : weights[r][c];
            if (sum + size > left)
              weights[r][c] = 0;
            else
              sum += size;
          }
        }
        reach = left;
      }
      converter.offset = static_cast<int32_t>(reach);
      converter.shift = 0;
      zero = static_cast<uint32_t>(reach);
    } else {
      converter.offset = static_cast<int32_t>(signedOf(random.bits(sumBits) >> random.below(sumBits), sumBits));
      converter.shift = random.chance(128) ? random.below(sumBits < 31 ? sumBits : 31) : random.below(4);
      zero = random.bits(codeBits) >> random.below(codeBits);
    }
    bits = random.chance(60) ? 1 : random.chance(60) ? inputBits : 1 + random.below(inputBits);
    isSigned = random.chance(128);
    access(true, Offset, static_cast<uint32_t>(converter.offset));
    access(true, Shift, converter.shift);
    access(true, Zero, zero);
    access(true, Input, bits | isSigned << 8);
    expect(Offset, static_cast<uint32_t>(converter.offset));
    expect(Shift, converter.shift);
    expect(Zero, zero);
    expect(Input, bits | isSigned << 8);
    programArray();
  }

  /// The emulator's tile with the same weights, in units in which a product is an integer.
  void programArray() {
    array.reset();
    if (isSigned && bits == 1)
      return;
    int64_t largest = 1;
    std::vector<double> matrix(rows * columns); // [column][row]
    for (uint32_t r = 0; r < rows; ++r)
      for (uint32_t c = 0; c < columns; ++c) {
        matrix[c * rows + r] = double(weights[r][c]);
        largest = std::max(largest, weights[r][c] < 0 ? -weights[r][c] : weights[r][c]);
      }
    ranvier::emu::CrossbarConfig config;
    for (config.cellBits = 1; (int64_t(1) << config.cellBits) - 1 < largest;)
      ++config.cellBits;
    config.weightMax = double((int64_t(1) << config.cellBits) - 1);
    config.inputBits = bits;
    config.inputSigned = isSigned;
    config.inputMax = double((int64_t(1) << (bits - isSigned)) - 1);
    config.bitSerial = config.convertEachBit = true;
    config.converter = ranvier::emu::CrossbarConfig::Converter::Integer;
    config.integer = converter;
    config.integerZero = zero;
    auto programmed = ranvier::emu::CrossbarArray::program(matrix, columns, rows, config);
    if (!programmed)
      fail("the emulator's tile: ", programmed.error().str());
    array = *std::move(programmed);
  }
  void emulate() {
    if (!array)
      return;
    std::vector<double> words(rows);
    for (uint32_t r = 0; r < rows; ++r)
      words[r] = double(isSigned ? signedOf(inputs[r], bits) : int64_t(inputs[r]));
    fromArray.assign(columns, 0);
    if (auto done = array->product(words, fromArray); !done)
      fail("the emulator's tile: ", done.error().str());
  }

  /// Writes words until the start; every row at most a few times, the last word counts.
  void fill() {
    uint32_t density = random.below(257);
    for (uint32_t r = 0; r < rows; ++r)
      for (uint32_t times = 0; times < 2; ++times)
        if (random.chance(density)) {
          inputs[r] = random.chance(30) ? (uint64_t(1) << bits) - 1 : random.bits(bits);
          offer(r, inputs[r]);
        }
  }
  void offer(uint32_t row, uint64_t word) {
    if (!dut.in_ready_o)
      fail("cycle ", clock.cycle, ": no word is taken between products");
    dut.in_valid_i = 1;
    dut.in_row_i = row;
    dut.in_data_i = word;
    cycle();
    dut.in_valid_i = 0;
  }

  void product(bool exact) {
    for (std::vector<uint32_t> &list : codes)
      list.clear();
    dut.start_valid_i = 1;
    if (!dut.start_ready_o)
      fail("cycle ", clock.cycle, ": not ready to start");
    cycle();
    dut.start_valid_i = 0;
    uint64_t started = clock.cycle;
    // Meanwhile nothing is taken, and settings cannot be changed.
    while (!dut.out_valid_o) {
      dut.in_valid_i = random.chance(128);
      dut.start_valid_i = random.chance(128);
      dut.in_row_i = random.below(rows);
      dut.in_data_i = random.bits(inputBits);
      if (dut.in_ready_o || dut.start_ready_o || clock.cycle - started > 10000)
        fail("cycle ", clock.cycle, ": ready in the middle of a product, or it never ends");
      if (random.chance(20)) {
        access(true, random.below(4), random.bits(1));
        bad = true;
      } else
        cycle();
    }
    dut.in_valid_i = 0;
    dut.start_valid_i = 0;
    if (clock.cycle - started != bits * (readCycles + lanes) + 1)
      fail("a product of ", bits, " bits took ", clock.cycle - started, " cycles to its first result");
    checkCodes();
    emulate();
    std::vector<uint64_t> before = inputs;
    std::fill(inputs.begin(), inputs.end(), 0);
    for (uint32_t c = 0; c < columns; ++c) {
      while (random.chance(100)) {
        dut.out_ready_i = 0;
        result(c);
        if (random.chance(40)) { // Words for the next product go in while results go out.
          uint32_t r = random.below(rows);
          inputs[r] = random.bits(bits);
          offer(r, inputs[r]);
        } else
          cycle();
      }
      result(c);
      if (exact) {
        int64_t expected = 0;
        for (uint32_t r = 0; r < rows; ++r)
          expected += (isSigned ? signedOf(before[r], bits) : int64_t(before[r])) * weights[r][c];
        if (signedOf(get(dut.out_data_o, 0, dataBits), dataBits) != expected)
          fail("cycle ", clock.cycle, ": column ", c, ": the product is ", expected);
        ++lossless;
      }
      dut.out_ready_i = 1;
      cycle();
      dut.out_ready_i = 0;
    }
    if (dut.out_valid_o || !dut.start_ready_o)
      fail("cycle ", clock.cycle, ": not done after the last column");
    ++products;
  }

  void result(uint32_t column) {
    drive();
    if (!dut.out_valid_o || dut.out_column_o != column)
      fail("cycle ", clock.cycle, ": column ", int(dut.out_column_o), ", expected ", column);
    int64_t expected = ranvier::hw::shiftAdd(codes[column], zero, isSigned),
            found = signedOf(get(dut.out_data_o, 0, dataBits), dataBits);
    if (expected != found)
      fail("cycle ", clock.cycle, ": column ", column, ": expected ", expected, ", found ", found);
    ++report.checks;
    if (!array)
      return;
    const double emulatedResult = std::ldexp(fromArray[column], -int(converter.shift));
    if (std::llround(emulatedResult) != found || std::abs(emulatedResult - double(found)) > 1e-6)
      fail("cycle ", clock.cycle, ": column ", column, ": the emulator's tile says ", emulatedResult, ", found ", found);
    ++report.checks;
    ++emulated;
  }

  /// The codes that were seen are those of the inputs, weights and converter.
  void checkCodes() {
    for (uint32_t c = 0; c < columns; ++c) {
      if (codes[c].size() != bits)
        fail("cycle ", clock.cycle, ": column ", c, " was converted ", codes[c].size(), " times");
      for (uint32_t i = 0; i < bits; ++i) {
        int64_t sum = 0;
        for (uint32_t r = 0; r < rows; ++r)
          sum += (inputs[r] >> (bits - 1 - i) & 1) * weights[r][c];
        lows += converter.clampsLow(sum);
        highs += converter.clampsHigh(sum);
        if (codes[c][i] != converter.convert(sum))
          fail("cycle ", clock.cycle, ": column ", c, ", bit ", bits - 1 - i, ": sum ", sum, ": expected ", converter.convert(sum),
               ", found ", codes[c][i]);
        ++report.checks;
      }
    }
  }

  void directed() {
    expect(Offset, 0);
    expect(Shift, 0);
    expect(Zero, 0);
    expect(Input, inputBits);
    expect(Status, 0);
    expect(Low, 0);
    expect(High, 0);
    refused(Shift, 32);
    refused(Zero, uint64_t(1) << codeBits);
    refused(Input, 0);
    refused(Input, 0x100);
    refused(Input, inputBits + 1);
    refused(Input, 0x201);
    refused(7, 1);
    refused(15, 1);
    if (sumBits < 32) {
      refused(Offset, uint64_t(1) << (sumBits - 1));
      refused(Offset, 0xffffffff & ~((uint64_t(1) << sumBits) - 1));
    }
    if (rows & (rows - 1)) { // A row that is not there.
      offer(rows, 1);
      bad = true;
      flag();
    }
    // Counters keep their value and can be written.
    lows = random.bits(32);
    highs = random.bits(32);
    access(true, Low, lows);
    access(true, High, highs);
    // A setting in the very cycle of a start is refused.
    configure(false);
    fill();
    dut.cfg_valid_i = dut.cfg_write_i = 1;
    dut.cfg_addr_i = Input;
    dut.cfg_wdata_i = bits == 1 ? 2 : 1;
    dut.start_valid_i = 1;
    drive();
    if (!dut.start_ready_o)
      fail("not ready to start");
    clock.tick();
    dut.start_valid_i = 0;
    expect(Input, bits | isSigned << 8);
    expect(Status, 3); // Busy, and the refused write.
    clock.reset(1);    // In the middle of a product.
    std::fill(inputs.begin(), inputs.end(), 0);
    lows = highs = 0;
    bad = false;
    expect(Input, inputBits);
  }

  void run(uint64_t cycles) {
    dut.in_valid_i = dut.start_valid_i = dut.out_ready_i = dut.cfg_valid_i = 0;
    clock.reset();
    directed();
    while (report.cycles < cycles) {
      uint64_t start = clock.cycle;
      bool exact = random.chance(100);
      std::vector<uint64_t> kept = inputs; // Written during the last read-out, with the bits of then.
      uint32_t bitsThen = bits;
      configure(exact);
      for (uint32_t r = 0; r < rows; ++r) // A word is aligned when it is written: bits of then count from the top.
        inputs[r] = bitsThen >= bits ? kept[r] >> (bitsThen - bits) : kept[r] << (bits - bitsThen);
      if (bitsThen > bits)
        for (uint32_t r = 0; r < rows; ++r)
          if (kept[r] & ((uint64_t(1) << (bitsThen - bits)) - 1)) { // Bits that this product would leave in the row: written anew.
            inputs[r] = random.bits(bits);
            offer(r, inputs[r]);
          }
      for (uint32_t i = 1 + random.below(4); i != 0; --i) {
        fill();
        product(exact);
      }
      if (bad)
        flag();
      expect(Low, lows & 0xffffffff);
      expect(High, highs & 0xffffffff);
      report.cycles += clock.cycle - start;
    }
    if (products < 20 || lossless < 100 || lows < 100 || highs < 100 || emulated < 100)
      fail("the bench ran badly: ", products, " products, ", lossless, " exact results, ", lows, " and ", highs, " clamped");
  }
};

} // namespace

Report runBench(const Options &options) {
  TileBench bench(options);
  bench.run(options.cycles);
  return bench.report;
}

} // namespace bench
