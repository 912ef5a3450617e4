//===- Program.cpp - A matrix into tiles ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Kernels.h"
#include "Mapping.h"
#include "Noise.h"
#include "Wires.h"
#include <algorithm>
#include <cmath>

using namespace ranvier;
using namespace ranvier::emu;

namespace {
constexpr uint64_t mostCells = uint64_t(1) << 26; ///< Of all slices; a pair counts twice.
constexpr uint64_t mostWiredLines = 8192;         ///< Of a tile with wires: half a gigabyte for the admittances between them.
constexpr uint64_t mostTiles = uint64_t(1) << 20;

uint64_t roundedUp(uint64_t value, uint64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

Result<void> checkShape(uint64_t outputs, uint64_t inputs, const CrossbarConfig &config) {
  const auto wrong = [](const std::string &expected, const std::string &found) {
    return Error{.code = 7052, .message = "a crossbar cannot hold this matrix", .place = "W", .expected = expected, .found = found};
  };
  std::string shape = "[";
  shape.append(std::to_string(outputs)).append(", ").append(std::to_string(inputs)).append("]");
  if (!outputs || !inputs)
    return wrong("at least one output and one input", shape);
  if (outputs > mostCells || inputs > mostCells / outputs / (config.sliceCount() * (config.isPairs() ? 2 : 1)))
    return wrong("at most " + std::to_string(mostCells) + " cells", shape);
  const auto parts = [](uint64_t count, unsigned cap) { return cap ? (count + cap - 1) / cap : 1; };
  const uint64_t along = parts(inputs, config.tileInputs), across = parts(outputs, config.tileOutputs);
  if (along > mostTiles / across)
    return wrong("at most " + std::to_string(mostTiles) + " tiles", std::to_string(along) + " by " + std::to_string(across));
  for (const CrossbarStuckCell &cell : config.faults.cells) {
    const bool unit = cell.output == CrossbarStuckCell::unitColumn;
    if (cell.input >= inputs || (unit ? !config.unitColumn : cell.output >= outputs) || cell.slice >= config.sliceCount() ||
        (cell.negative && !config.isPairs()))
      return Error{
          .code = 7055,
          .message = "a stuck cell that the crossbar does not have",
          .place = "faults",
          .expected = shape + ", " + std::to_string(config.sliceCount()) + " slices" + (config.isPairs() ? " of pairs" : ""),
          .found = "output " + (unit ? std::string("of the unit column") : std::to_string(cell.output)) + ", input " +
                   std::to_string(cell.input) + ", slice " + std::to_string(cell.slice) + (cell.negative ? ", negative" : "")};
  }
  return {};
}

Result<void> checkWeights(std::span<const double> weights, uint64_t outputs, uint64_t inputs) {
  if (weights.size() != outputs * inputs)
    return Error{.code = 7052,
                 .message = "a crossbar cannot hold this matrix",
                 .place = "W",
                 .expected = std::to_string(outputs * inputs) + " weights for [" + std::to_string(outputs) + ", " +
                             std::to_string(inputs) + "]",
                 .found = std::to_string(weights.size())};
  for (uint64_t k = 0; k < weights.size(); ++k)
    if (!std::isfinite(weights[k]))
      return Error{.code = 7053,
                   .message = "a weight is no finite number",
                   .place = "W[" + std::to_string(k / inputs) + ", " + std::to_string(k % inputs) + "]",
                   .expected = "a finite number",
                   .found = std::isnan(weights[k]) ? "nan"
                            : weights[k] > 0       ? "inf"
                                                   : "-inf"};
  return {};
}

/// Integers give every current exactly where levels and inputs are integers and nothing else acts on cells.
bool canBeInteger(const CrossbarConfig &config, uint64_t tileInputs) {
  if (!config.levelBits() || !config.inputBits || config.wires.selectsCells || config.hasWires() || config.programming.acts() ||
      config.read.acts() || config.drift.acts() || config.faults.acts() || config.bendsInputs())
    return false;
  const uint64_t level = (uint64_t(1) << config.levelBits()) - 1,
                 input = (uint64_t(1) << (config.inputBits - (config.inputSigned ? 1 : 0))) - 1;
  return input <= INT16_MAX && level * input <= uint64_t(INT32_MAX) / tileInputs;
}

/// [input][columns] as [column][stride], or as it is where rows are added up.
template <typename T> std::vector<T> packed(const std::vector<int16_t> &levels, const CrossbarTile &tile, bool rows) {
  std::vector<T> out((rows ? tile.inputs : tile.columns) * tile.stride);
  for (uint64_t j = 0; j < tile.inputs; ++j)
    for (uint64_t i = 0; i < tile.columns; ++i)
      out[rows ? j * tile.stride + i : i * tile.stride + j] = static_cast<T>(levels[j * tile.columns + i]);
  return out;
}

/// [input][columns] with the columns of each input padded.
std::vector<double> padded(const std::vector<double> &values, const CrossbarTile &tile) {
  std::vector<double> out(tile.inputs * tile.stride);
  for (uint64_t j = 0; j < tile.inputs && !values.empty(); ++j)
    std::copy_n(values.begin() + static_cast<ptrdiff_t>(j * tile.columns), tile.columns,
                out.begin() + static_cast<ptrdiff_t>(j * tile.stride));
  return out;
}

/// [input][stride] in the blocks of CrossbarKernels::linear, as fixed-point numbers.
void storeEffective(CrossbarSlice &slice, const std::vector<double> &values, const CrossbarTile &tile) {
  double largest = 0;
  for (const double value : values)
    largest = std::max(largest, std::abs(value));
  slice.effectiveUnit = largest > 0 ? largest / INT32_MAX : 1;
  slice.effective.clear();
  slice.effective.reserve(values.size());
  for (uint64_t c = 0, width = 0; c < tile.stride; c += width) {
    width = c + 32 <= tile.stride ? 32 : 8;
    for (uint64_t j = 0; j < tile.inputs; ++j)
      for (uint64_t k = 0; k < width; ++k)
        slice.effective.push_back(static_cast<int32_t>(std::nearbyint(values[j * tile.stride + c + k] / slice.effectiveUnit)));
  }
}

void storeInteger(CrossbarSlice &slice, const CrossbarCells &cells, const CrossbarTile &tile, const CrossbarTiles &all) {
  const CrossbarConfig &config = all.config;
  const bool smallLevels =
      std::all_of(cells.levels.begin(), cells.levels.end(), [](int16_t level) { return std::abs(level) <= INT8_MAX; });
  const bool smallInputs = config.inputBits - (config.inputSigned ? 1 : 0) <= 7 || (config.bitSerial && config.convertEachBit);
  if (smallLevels && smallInputs)
    slice.bytes = packed<int8_t>(cells.levels, tile, all.spikes);
  else
    slice.words = packed<int16_t>(cells.levels, tile, all.spikes);
}

void storeCells(CrossbarSlice &slice, const CrossbarCells &cells, const CrossbarTile &tile) {
  slice.positive = padded(cells.positive, tile);
  if (!cells.negative.empty())
    slice.negative = padded(cells.negative, tile);
}

std::shared_ptr<const NoisyCells> noisyCells(const CrossbarSlice &slice, const CrossbarConfig &config) {
  auto out = std::make_shared<NoisyCells>();
  out->positive.assign(slice.positive.begin(), slice.positive.end());
  out->negative.assign(slice.negative.begin(), slice.negative.end());
  if (isSimple(config.read.model))
    return out;
  const auto sigmas = [&](const std::vector<double> &cells, std::vector<float> &sigma) {
    for (const double g : cells)
      sigma.push_back(static_cast<float>(noiseDeviation(config.read, g, 1e6 / config.minOhm)));
  };
  sigmas(slice.positive, out->positiveSigma);
  sigmas(slice.negative, out->negativeSigma);
  return out;
}
} // namespace

void emu::setEffective(CrossbarSlice &slice, const CrossbarTile &tile, const CrossbarConfig &config) {
  // What is padded does not conduct and would only add to the network.
  const auto bare = [&](const std::vector<double> &cells) {
    std::vector<double> out;
    for (uint64_t j = 0; j < tile.inputs && !cells.empty(); ++j)
      out.insert(out.end(), cells.begin() + static_cast<ptrdiff_t>(j * tile.stride),
                 cells.begin() + static_cast<ptrdiff_t>(j * tile.stride + tile.columns));
    return out;
  };
  const auto through = [&](const std::vector<double> &positive, const std::vector<double> &negative) {
    return padded(effectiveConductances(positive, negative, tile.inputs, tile.columns, config.wires.inputOhm / config.minOhm,
                                        config.wires.outputOhm / config.minOhm),
                  tile);
  };
  const bool wires = config.hasWires();
  if (wires && config.interleaved) {
    storeEffective(slice, through(bare(slice.positive), bare(slice.negative)), tile);
    return;
  }
  std::vector<double> effective = wires ? through(bare(slice.positive), {}) : slice.positive;
  if (!slice.negative.empty()) {
    const std::vector<double> other = wires ? through(bare(slice.negative), {}) : slice.negative;
    for (size_t k = 0; k < other.size(); ++k)
      effective[k] -= other[k];
  }
  storeEffective(slice, effective, tile);
}

CrossbarArray::CrossbarArray(std::unique_ptr<CrossbarTiles> tiles) : tiles(std::move(tiles)) {}
CrossbarArray::CrossbarArray(CrossbarArray &&) noexcept = default;
CrossbarArray &CrossbarArray::operator=(CrossbarArray &&) noexcept = default;
CrossbarArray::~CrossbarArray() = default;
uint64_t CrossbarArray::outputs() const { return tiles->outputs; }
uint64_t CrossbarArray::inputs() const { return tiles->inputs; }
const CrossbarConfig &CrossbarArray::config() const { return tiles->config; }
const std::vector<CrossbarStuckCell> &CrossbarArray::faultMap() const { return tiles->stuck; }
uint64_t CrossbarArray::tileCount() const { return tiles->tiles.size(); }
std::span<const double> CrossbarArray::rowConductances() const { return tiles->rowConductance; }
uint64_t CrossbarArray::bytes() const {
  uint64_t sum = tiles->rowConductance.size() * sizeof(double);
  for (const CrossbarTile &tile : tiles->tiles)
    for (const CrossbarSlice &slice : tile.slices) {
      sum += slice.bytes.size() + slice.words.size() * 2 + slice.effective.size() * 4 +
             (slice.positive.size() + slice.negative.size()) * sizeof(double);
      if (slice.noisy)
        sum += (slice.noisy->positive.size() + slice.noisy->negative.size() + slice.noisy->positiveSigma.size() +
                slice.noisy->negativeSigma.size()) *
               sizeof(float);
    }
  return sum;
}
bool CrossbarArray::isExact() const { return tiles->form == CrossbarForm::Integer; }

/// Sets the stuck cells of slice `which` of a tile, and lists them.
static void stick(CrossbarTiles &all, const CrossbarTile &tile, CrossbarSlice &slice, uint32_t which) {
  const CrossbarConfig &config = all.config;
  const CrossbarFaults &faults = config.faults;
  const CrossbarStream stream{.seed = faults.seed, .draw = CrossbarDraw::Faults, .step = 0, .first = slice.firstEntity};
  const double low = faults.lowRate * 0x1p32, high = (faults.lowRate + faults.highRate) * 0x1p32;
  enum State : uint8_t { Free, Low, High };
  std::vector<uint8_t> listed[2]; // [input][columns] of positive and negative cells.
  for (auto &states : listed)
    states.assign(tile.inputs * tile.columns, Free);
  for (const CrossbarStuckCell &cell : faults.cells) {
    const bool unit = cell.output == CrossbarStuckCell::unitColumn;
    if (cell.slice != which || cell.input - tile.firstInput >= tile.inputs ||
        (!unit && cell.output - tile.firstOutput >= tile.outputs))
      continue;
    const uint64_t column = unit ? tile.outputs : cell.output - tile.firstOutput;
    listed[cell.negative][(cell.input - tile.firstInput) * tile.columns + column] = cell.high ? High : Low;
  }
  for (uint64_t j = 0; j < tile.inputs; ++j)
    for (uint64_t i = 0; i < tile.columns; ++i) {
      const std::array<uint32_t, 2> words = streamWords(stream, j * tile.stride + i);
      for (const bool negative : {false, true}) {
        if (negative && slice.negative.empty())
          continue;
        uint8_t state = listed[negative][j * tile.columns + i];
        if (state == Free)
          state = words[negative] < low ? Low : words[negative] < high ? High : Free;
        if (state == Free)
          continue;
        (negative ? slice.negative : slice.positive)[j * tile.stride + i] = state == High ? 1 : config.leastConductance();
        all.stuck.push_back({.output = i < tile.outputs ? tile.firstOutput + i : CrossbarStuckCell::unitColumn,
                             .input = tile.firstInput + j,
                             .slice = which,
                             .negative = negative,
                             .high = state == High});
      }
    }
}

/// What all cells conducted when programmed over what they conduct now; stuck ones (that differ from what drift left) do not
/// change.
static double compensation(const std::vector<double> (&fresh)[2], const std::vector<double> (&drifted)[2],
                           const CrossbarSlice &slice) {
  double before = 0, now = 0;
  for (int half = 0; half < 2; ++half) {
    const std::vector<double> &cells = half ? slice.negative : slice.positive;
    for (size_t k = 0; k < cells.size(); ++k) {
      now += cells[k];
      before += cells[k] == drifted[half][k] ? fresh[half][k] : cells[k];
    }
  }
  return now > 0 ? before / now : 1;
}

/// Adds the conductances of [input][stride] cells to those of their rows.
static void addRows(CrossbarTiles &all, const CrossbarTile &tile, const std::vector<double> &cells, uint64_t stride) {
  for (uint64_t j = 0; j < tile.inputs && !cells.empty(); ++j)
    for (uint64_t i = 0; i < tile.columns; ++i)
      all.rowConductance[tile.firstInput + j] += cells[j * stride + i];
}

/// The cells of one slice as they are once programmed, in the form that products want.
static CrossbarSlice programSlice(CrossbarTiles &all, const CrossbarTile &tile, const CrossbarCells &cells, uint32_t which,
                                  uint32_t firstEntity) {
  const CrossbarConfig &config = all.config;
  CrossbarSlice slice;
  slice.firstEntity = firstEntity;
  if (all.form == CrossbarForm::Integer) {
    storeInteger(slice, cells, tile, all);
    addRows(all, tile, cells.positive, tile.columns);
    addRows(all, tile, cells.negative, tile.columns);
    return slice;
  }
  storeCells(slice, cells, tile);
  const auto stream = [&](CrossbarDraw draw) {
    return CrossbarStream{.seed = config.seed, .draw = draw, .step = static_cast<uint32_t>(config.device), .first = firstEntity};
  };
  if (config.programming.acts())
    disturb(slice.positive, slice.negative, config.programming, 1e6 / config.minOhm, stream(CrossbarDraw::Programming),
            noiseLimits(config));
  const bool compensate = config.drift.acts() && config.drift.compensated;
  const std::vector<double> fresh[2] = {compensate ? slice.positive : std::vector<double>(),
                                        compensate ? slice.negative : std::vector<double>()};
  if (config.drift.acts())
    letDrift(slice.positive, slice.negative, config.drift, stream(CrossbarDraw::Drift));
  const std::vector<double> drifted[2] = {compensate ? slice.positive : std::vector<double>(),
                                          compensate ? slice.negative : std::vector<double>()};
  if (config.faults.acts())
    stick(all, tile, slice, which);
  if (compensate)
    slice.gain = compensation(fresh, drifted, slice);
  addRows(all, tile, slice.positive, tile.stride);
  addRows(all, tile, slice.negative, tile.stride);
  if (all.form == CrossbarForm::Noisy)
    slice.noisy = noisyCells(slice, config);
  if (all.form == CrossbarForm::Linear && !config.read.acts())
    setEffective(slice, tile, config);
  // What products do not look at again is given back.
  if (all.form == CrossbarForm::Noisy || (all.form == CrossbarForm::Linear && !config.read.acts()))
    slice.positive = slice.negative = {};
  return slice;
}

/// Programs tile after tile, slice after slice. `cellsOf(tile, slice)`: what the cells are to be.
template <typename CellsOf>
static Result<std::unique_ptr<CrossbarTiles>> programTiles(uint64_t outputs, uint64_t inputs, const CrossbarConfig &config,
                                                           CellsOf &&cellsOf) {
  auto all = std::make_unique<CrossbarTiles>();
  all->config = config;
  all->inputs = inputs;
  all->outputs = outputs;
  all->rowConductance.assign(inputs, 0);
  setScales(*all);
  if (config.converter == CrossbarConfig::Converter::Integer)
    all->integerSteps = config.outputSteps();
  const std::vector<uint64_t> inputParts = crossbarParts(inputs, config.tileInputs, config.fillTiles),
                              outputParts = crossbarParts(outputs, config.tileOutputs, config.fillTiles);
  const bool integer = canBeInteger(config, *std::max_element(inputParts.begin(), inputParts.end()));
  all->form = config.wires.selectsCells ? CrossbarForm::Selected
              : integer                 ? CrossbarForm::Integer
              : config.read.acts() && !config.read.uniform && !config.clipsCells && !config.hasWires() &&
                      !(config.bitSerial && config.convertEachBit)
                  ? CrossbarForm::Noisy
                  : CrossbarForm::Linear;
  if (config.converter == CrossbarConfig::Converter::Comparator && inputParts.size() > 1)
    return Error{.code = 7051,
                 .message = "the crossbar cannot have this together",
                 .place = "comparator",
                 .expected = "inputs of one tile, since bits of several are no sum",
                 .found = std::to_string(inputParts.size()) + " tiles"};
  if (config.converter == CrossbarConfig::Converter::Integer && !integer)
    return Error{.code = 7052,
                 .message = "a crossbar cannot hold this matrix",
                 .place = "integer",
                 .expected = "sums of levels below 2^31",
                 .found = std::to_string(config.levelBits()) + "-bit cells, " + std::to_string(config.inputBits) + "-bit inputs, " +
                          std::to_string(inputs) + " rows"};
  if (config.hasWires() && !config.wires.selectsCells) {
    const uint64_t lines = *std::max_element(inputParts.begin(), inputParts.end()) * (config.interleaved ? 2 : 1) +
                           *std::max_element(outputParts.begin(), outputParts.end());
    if (lines > mostWiredLines)
      return Error{.code = 7052,
                   .message = "a crossbar cannot hold this matrix",
                   .place = "tile_inputs, tile_outputs",
                   .expected = "at most " + std::to_string(mostWiredLines) + " lines in a tile with wires",
                   .found = std::to_string(lines)};
  }
  uint64_t entity = 0;
  all->spikes = config.inputBits == 1;
  uint64_t firstOutput = 0;
  for (const uint64_t outputPart : outputParts) {
    uint64_t firstInput = 0;
    for (const uint64_t inputPart : inputParts) {
      CrossbarTile tile{.firstInput = firstInput, .inputs = inputPart, .firstOutput = firstOutput, .outputs = outputPart};
      tile.columns = outputPart + (config.unitColumn ? 1 : 0);
      tile.stride = all->form != CrossbarForm::Integer ? roundedUp(tile.columns, 8)
                    : all->spikes                      ? roundedUp(tile.columns, 32)
                                                       : roundedUp(tile.inputs, 32);
      for (unsigned s = 0; s < config.sliceCount(); ++s) {
        tile.slices.push_back(programSlice(*all, tile, cellsOf(tile, s), s, static_cast<uint32_t>(entity)));
        entity += tile.inputs * roundedUp(tile.columns, 8);
      }
      all->tiles.push_back(std::move(tile));
      firstInput += inputPart;
    }
    firstOutput += outputPart;
  }
  return std::move(all);
}

Result<CrossbarArray> CrossbarArray::program(std::span<const double> weights, uint64_t outputs, uint64_t inputs,
                                             const CrossbarConfig &config) {
  RANVIER_CHECK(config.validate());
  RANVIER_CHECK(checkShape(outputs, inputs, config));
  RANVIER_CHECK(checkWeights(weights, outputs, inputs));
  RANVIER_TRY(auto all, programTiles(outputs, inputs, config, [&](const CrossbarTile &tile, unsigned slice) {
                return mapWeights(config, weights, inputs, tile, slice);
              }));
  return CrossbarArray(std::move(all));
}

Result<CrossbarArray> CrossbarArray::programLevels(std::span<const uint8_t> levels, uint64_t outputs, uint64_t inputs,
                                                   const CrossbarConfig &config) {
  RANVIER_CHECK(config.validate());
  RANVIER_CHECK(checkShape(outputs, inputs, config));
  RANVIER_ASSERT(!config.tileInputs && !config.tileOutputs && config.levelBits() >= 1 && config.levelBits() <= 8,
                 "levels of one tile of cells of at most 8 bits");
  const uint64_t cells = config.sliceCount() * (config.isPairs() ? 2 : 1);
  RANVIER_ASSERT(levels.size() == outputs * inputs * cells, "a level for each cell");
  RANVIER_TRY(auto all, programTiles(outputs, inputs, config, [&](const CrossbarTile &tile, unsigned slice) {
                return mapLevels(config, levels, tile, slice);
              }));
  return CrossbarArray(std::move(all));
}
