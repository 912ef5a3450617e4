//===- Crossbar.h - Arrays of resistive memory that multiply ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The analogue tile: weights become conductances, input lines carry voltages, output lines collect currents, converters make codes
// of them and digital logic adds those up. docs/spec/crossbar.md is normative for every rule; conductances are relative to Gmax = 1
// / minOhm and voltages to full scale, so a current of 1 is one fully conducting cell at full scale.
//===----------------------------------------------------------------------===//
#ifndef RANVIER_EMULATOR_CROSSBAR_H
#define RANVIER_EMULATOR_CROSSBAR_H

#include "ranvier/HwModels/IntegerConverter.h"
#include "ranvier/Support/Error.h"
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace ranvier::emu {

/// Deviation of a cell from its conductance: normal unless `uniform`, added to it, then clipped at 0.
struct CrossbarNoise {
  enum class Model : uint8_t {
    None,
    Independent,  ///< Standard deviation `sigma`, relative to Gmax ["NormalIndependentDevice"].
    Proportional, ///< `sigma` times the conductance ["NormalProportionalDevice"].
    Polynomial,   ///< A polynomial of the conductance, both in microsiemens ["RRAMWan"].
    Inverse,      ///< `sigma` over the conductance, none for cells of conductance 0 (CrossSim, "InverseProportional").
    /// 1/f noise of phase-change cells, r = G / Gmax: G min(0.0088 / r^0.65, 0.2) sqrt(ln((t + tr) / (2 tr))), t = `seconds`, tr =
    /// 250 ns (AIHWKIT, inference/noise/pcm.py).
    PhaseChange
  };
  Model model = Model::None;
  double sigma = 0;
  std::vector<double> coefficients; ///< [uS / uS^k] From the constant on; at most 8. Negative values count as 0.
  bool uniform = false;             ///< The deviation given is the width of a uniform distribution around 0 (CrossSim).
  double seconds = 0;               ///< Of PhaseChange: since programming, above 250 ns.
  bool acts() const { return model != Model::None; }
};

/// A measured device by name, and the largest conductance it was measured at. Source: the table in docs/spec/crossbar.md.
struct CrossbarDevice {
  const char *name;
  double largestMicrosiemens;
  std::vector<double> coefficients; ///< As of CrossbarNoise.
};
const std::vector<CrossbarDevice> &crossbarDevices();

/// Conductances decay after programming: G(t) = G ((t + t0) / t0)^-nu, with nu of each cell normal and not below 0.
struct CrossbarDrift {
  double seconds = 0;                 ///< Since programming; 0: no drift.
  double origin = 20;                 ///< t0 [s]
  double exponent = 0.05, spread = 0; ///< Mean and standard deviation of nu.
  /// Mean and deviation are those of phase-change cells, by r = G / Gmax, instead: clip(-0.0155 ln r + 0.0244, 0.049, 0.1) and
  /// clip(-0.0125 ln r - 0.0059, 0.008, 0.045) (AIHWKIT inference/noise/pcm.py).
  bool phaseChange = false;
  /// Sums are scaled by what all cells of a tile conducted when programmed over what they conduct now, as one reference read shows
  /// it (AIHWKIT, global drift compensation). Pairs only.
  bool compensated = false;
  bool acts() const { return seconds > 0; }
};

/// A cell that programming does not move.
struct CrossbarStuckCell {
  uint64_t output = 0, input = 0; ///< Of the matrix; an output of unitColumn: the unit column of the tile that holds `input`.
  uint32_t slice = 0;
  bool negative = false; ///< Of a pair.
  bool high = false;     ///< Stuck at Gmax, else at the least conductance.
  static constexpr uint64_t unitColumn = UINT64_MAX;
  bool operator==(const CrossbarStuckCell &) const = default;
};
struct CrossbarFaults {
  double lowRate = 0, highRate = 0;     ///< Probabilities of either; together at most 1.
  uint64_t seed = 1;                    ///< Of the cells drawn; with each device the same.
  std::vector<CrossbarStuckCell> cells; ///< Beside those, and before them where they disagree.
  bool acts() const { return lowRate > 0 || highRate > 0 || !cells.empty(); }
  /// `rate` of all cells, stuck low and high as 1.75 to 9.04 (Chen 2014, recalled; an estimate for other devices).
  static CrossbarFaults ofRate(double rate, uint64_t seed) {
    return {.lowRate = rate * 1.75 / (1.75 + 9.04), .highRate = rate * 9.04 / (1.75 + 9.04), .seed = seed};
  }
};

/// Everything that decides what an array computes. Names in messages are those of the golden format, in brackets here.
struct CrossbarConfig {
  enum class Mapping : uint8_t {
    Pairs,       ///< G+ - G- is the weight ["balanced"].
    Offset,      ///< One cell a weight, shifted so that none is negative ["offset"].
    SlicedPairs, ///< Digits of |weight| in pairs of their own ["bitsliced", slice_mapping "balanced"].
    SlicedOffset ///< Digits of the shifted weight ["bitsliced", slice_mapping "offset"].
  };
  enum class Converter : uint8_t {
    None,          ///< The digital side sees the exact current.
    Uniform,       ///< 2^bits - 1 steps from low to high ["QuantizerADC"].
    SignMagnitude, ///< 2^bits - 2 steps, so that the middle is a code ["SignMagnitudeADC"].
    Integer,       ///< `integer`: sums of levels, codes and results are integers, those of rv_crossbar_tile (docs/rtl/blocks.md).
    IntegrateAndFire, ///< Spikes that a column's current makes in a window: clip(floor(v / threshold), 0, 2^bits - 1), from rest.
    Comparator        ///< y is 1 where the current exceeds `threshold`, else 0, in no other unit.
  };
  struct Range {
    double low = 0, high = 0; ///< [Gmax x full-scale input]
  };
  /// Resistance of a segment of wire between neighbouring cells [ohm].
  struct Wires {
    double inputOhm = 0;  ///< Of input (or source) lines: one before each cell [Rp_row_ohm].
    double outputOhm = 0; ///< Of output lines: one after each cell [Rp_col_ohm].
    bool selectsCells =
        false; ///< Inputs open cells, which draw from a source line along the output line [current_from_input false].
  };

  double minOhm = 1e4, maxOhm = 1e6;  ///< [ohm] Of a fully and of a least conducting cell [Rmin_ohm, Rmax_ohm].
  bool infiniteOnOff = false;         ///< The least conducting cell does not conduct at all [infinite_on_off].
  double weightMax = 1, inputMax = 1; ///< Full scale, in user units [w_max, x_max]; what lies beyond is clipped.

  Mapping mapping = Mapping::Pairs;
  bool twoSided = false;    ///< Pairs: both cells move, in opposite directions [two_sided].
  bool interleaved = false; ///< Pairs: one output line, a line of each sign for every input [interleaved].
  bool unitColumn = false;  ///< Offset: a column of weight 0 in each tile is converted and subtracted [unit_column].
  unsigned cellBits = 0;    ///< Equidistant levels of a cell: 2^cellBits; 0: analogue [cell_bits]. Sliced: weightBits / slices.
  unsigned weightBits = 8;  ///< Sliced: of a weight with its sign [weight_bits].
  unsigned slices = 1;      ///< Sliced [num_slices].

  unsigned inputBits = 0;      ///< Of a driven value; 0: analogue [dac_bits].
  bool inputSigned = true;     ///< [-1, 1], else [0, 1] [input_signed].
  bool bitSerial = false;      ///< One pass for each bit [input_bitslicing].
  bool convertEachBit = false; ///< Bit-serial: a conversion a pass, else one of the analogue sum [adc_per_input_slice].

  Converter converter = Converter::None; ///< [adc_model]
  unsigned converterBits = 8;            ///< [adc_bits]
  std::vector<Range> ranges;             ///< One, or one a slice [adc_range]; none if `calibrated`.
  bool calibrated = false;               ///< CrossbarArray::calibrate sets the ranges.
  /// Of sums of differences of levels over driven rows, for pairs of quantised cells without errors, driven by spikes or by bits
  /// with a conversion each; signed bits are two's complement, from -2^(b-1) on.
  hw::IntegerConverter integer;
  /// Current of one spike in a window, above 0; of a comparator any. [Gmax x full-scale input]
  double threshold = 1;
  uint32_t integerZero = 0; ///< Code that stands for 0.
  /// Uniform and SignMagnitude: a current between two codes takes the upper one with a probability of its distance from the lower.
  bool roundsAtRandom = false;
  /// Currents of output lines beyond +-this are cut off before conversion [one cell at full scale]; 0: none.
  double columnLimit = 0;
  bool clipsCells = false; ///< Noise takes cells not below the least conductance and not above Gmax, instead of not below 0.

  CrossbarNoise programming; ///< Drawn once per programming [programming_error].
  CrossbarNoise read;        ///< Drawn for each product, array and cell [read_noise]; the same for all passes of a product.
  CrossbarDrift drift;
  CrossbarFaults faults;
  /// Current of a cell at voltage V, relative to that at full scale: V (1 - k + k V^2). 0: linear; below 1.
  double nonlinearity = 0;
  bool pulseWidth =
      false;           ///< Several levels are driven as full-scale pulses of several lengths, which non-linear cells do not bend.
  uint64_t seed = 1;   ///< Of all that is drawn but faults.
  uint64_t device = 0; ///< Which of the devices of this seed; below 2^32.

  Wires wires;
  unsigned tileInputs = 0, tileOutputs = 0; ///< Largest tile; 0: no limit [tile_inputs, tile_outputs].
  bool fillTiles = false;                   ///< Full tiles first, else parts as equal as possible [partition "max"].

  /// Sliced, or one slice.
  unsigned sliceCount() const { return isSliced() ? slices : 1; }
  bool isSliced() const { return mapping == Mapping::SlicedPairs || mapping == Mapping::SlicedOffset; }
  /// Whether cells see other currents than those of their inputs' levels.
  bool bendsInputs() const { return nonlinearity > 0 && !pulseWidth && !bitSerial && inputBits != 1; }
  bool hasWires() const { return wires.inputOhm > 0 || wires.outputOhm > 0; }
  bool isPairs() const { return mapping == Mapping::Pairs || mapping == Mapping::SlicedPairs; }
  /// Of one cell: 2^levelBits levels; 0: analogue.
  unsigned levelBits() const { return isSliced() ? weightBits / slices : cellBits; }
  double leastConductance() const { return infiniteOnOff ? 0 : minOhm / maxOhm; }
  /// Weights that analogue cells of this offset mapping span: gb + wr (w + 1) / 2.
  double offsetSpan() const;
  /// Converter ranges, one a slice, of tiles with `rows` rows: what all rows at full scale can make of cells without errors.
  std::vector<Range> worstCaseRanges(uint64_t rows) const;
  /// Converter ranges, one a slice, whose steps are one level of a cell at full scale, around 0 for pairs, else from 0 on. Cells
  /// must have levels and the converter steps. Currents beyond are clipped.
  std::vector<Range> granularRanges() const;
  /// Errors: RNV7050 (a value out of range, with its key and the legal range), RNV7051 (keys that exclude each other).
  Result<void> validate() const;
  /// Conversions are steps of this size at the output, in user units: for each slice, of the least bit. Empty without converter.
  std::vector<double> outputSteps() const;
};

struct CrossbarTiles; ///< What was programmed (emulator/lib/Crossbar/Tiles.h).
/// What one product needs beside the array; one thread uses it at a time.
class CrossbarScratch {
public:
  CrossbarScratch();
  CrossbarScratch(CrossbarScratch &&) noexcept;
  CrossbarScratch &operator=(CrossbarScratch &&) noexcept;
  ~CrossbarScratch();
  struct Parts;
  std::unique_ptr<Parts> parts;
};

/// A matrix programmed into as many tiles as it takes. Immutable; a product needs no more than its arguments, so threads may share
/// it.
class CrossbarArray {
public:
  /// `weights`: [outputs, inputs], user units. Errors: those of validate(); RNV7052 (a shape that does not fit, or too many cells),
  /// RNV7053 (a weight that is no finite number).
  static Result<CrossbarArray> program(std::span<const double> weights, uint64_t outputs, uint64_t inputs,
                                       const CrossbarConfig &config);
  /// One tile whose cells get these levels: [inputs, outputs, slices, 2 for pairs or 1], the positive cell first. Tiles of
  /// `config` are not limited, cells have at most 8 bits. Errors: as program().
  static Result<CrossbarArray> programLevels(std::span<const uint8_t> levels, uint64_t outputs, uint64_t inputs,
                                             const CrossbarConfig &config);
  CrossbarArray(CrossbarArray &&) noexcept;
  CrossbarArray &operator=(CrossbarArray &&) noexcept;
  ~CrossbarArray();

  uint64_t outputs() const;
  uint64_t inputs() const;
  const CrossbarConfig &config() const;
  /// Tiles along inputs and outputs.
  uint64_t tileCount() const;
  /// Every stuck cell, by tile, slice, input, output, positive before negative.
  const std::vector<CrossbarStuckCell> &faultMap() const;
  /// Sums of the conductances of all cells on each input line as programmed, before read noise [fully conducting cells].
  std::span<const double> rowConductances() const;
  /// That it holds.
  uint64_t bytes() const;
  /// True if every product is a sum of integers, exact up to the last scaling.
  bool isExact() const;

  /// y = W x as the device computes it: `x` [vectors, inputs], `y` [vectors, outputs], user units. `number` names the first
  /// product, the low 32 bits of it: read noise is a function of seed, device and number. Errors: RNV7056 (not calibrated yet),
  /// RNV7053 (an input that is no finite number), RNV7054 (an input between 0 and full scale where inputs select cells).
  Result<void> product(std::span<const double> x, std::span<double> y, uint64_t number = 0) const;
  /// The product of spikes on the rows `active`, ascending, with one tile; inputs of one unsigned bit. y [outputs]. Allocates
  /// nothing once a product of these sizes has been made with the scratch, but where read noise meets wires with resistance. The
  /// same bits as product().
  void productOfRows(std::span<const uint32_t> active, std::span<double> y, uint64_t number, CrossbarScratch &scratch) const;
  /// The same without converter.
  Result<void> analogueProduct(std::span<const double> x, std::span<double> y, uint64_t number = 0) const;

  /// Sets the range of each slice's converters to what holds `share` (0 to 1, above 0) of the currents of `samples` [vectors,
  /// inputs], leaving out as many below as above. `number` as of product. Errors: RNV7053, RNV7054, RNV7056 (a share out of range,
  /// no samples or no current at all, or converters that need no range).
  Result<void> calibrate(std::span<const double> samples, double share = 1, uint64_t number = 0);

private:
  explicit CrossbarArray(std::unique_ptr<CrossbarTiles> tiles);
  std::unique_ptr<CrossbarTiles> tiles;
};

/// How `count` lines are divided among tiles of at most `cap`: sizes of the parts, in order.
std::vector<uint64_t> crossbarParts(uint64_t count, uint64_t cap, bool fillTiles);

} // namespace ranvier::emu

#endif
