//===- Wires.cpp - Nodal analysis of arrays with resistive wires ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Nested dissection: a rectangle of cells is known to its surroundings by the admittances between the nodes on its rim. Two
// neighbours share the nodes of one side, which are eliminated when they become one rectangle. What is left of the whole array are
// the drivers and the grounded ends, and the admittances between those are the answer. Every matrix on the way is that of a network
// of resistors, so its Cholesky factor has no negative sums in it and off its diagonal nothing cancels. docs/rationale/crossbar.md
// says what it costs.
//===----------------------------------------------------------------------===//
#include "Wires.h"
#include "Elimination.h"
#include "ranvier/Support/Error.h"
#include <algorithm>
#include <cmath>

using namespace ranvier;
using namespace ranvier::emu;

namespace {

/// Nodes on the rim of a rectangle, in this order: of input lines where they come in and where they go on, by input and line; of
/// output lines at their first cell and behind the last segment. Ends that are open at the rim of the array are eliminated and
/// absent.
struct Block {
  uint64_t height = 0, width = 0; ///< Inputs and columns.
  bool right = true, top = true;  ///< Whether these nodes are there.
  std::vector<double> y;          ///< Symmetric, [nodes][nodes].
};

class Dissection {
public:
  Dissection(const std::vector<double> &positive, const std::vector<double> &negative, uint64_t inputs, uint64_t columns,
             double inputOhm, double outputOhm)
      : positive(positive), negative(negative), inputs(inputs), columns(columns), lines(negative.empty() ? 1 : 2),
        inputWire(1 / inputOhm), outputWire(1 / outputOhm) {}

  std::vector<double> run() {
    const Block whole = block(0, inputs, 0, columns);
    const uint64_t size = nodes(whole), drivers = lines * inputs;
    std::vector<double> out(inputs * columns);
    for (uint64_t j = 0; j < inputs; ++j)
      for (uint64_t i = 0; i < columns; ++i) {
        const double *row = whole.y.data() + (drivers + i) * size;
        out[j * columns + i] = lines == 1 ? -row[j] : row[2 * j + 1] - row[2 * j];
      }
    return out;
  }

private:
  uint64_t nodes(const Block &b) const { return lines * b.height * (b.right ? 2 : 1) + b.width * (b.top ? 2 : 1); }
  uint64_t rightAt(const Block &b) const { return lines * b.height; }
  uint64_t topAt(const Block &b) const { return lines * b.height * (b.right ? 2 : 1); }
  uint64_t bottomAt(const Block &b) const { return topAt(b) + (b.top ? b.width : 0); }

  Block block(uint64_t firstInput, uint64_t height, uint64_t firstColumn, uint64_t width) {
    if (height == 1 && width == 1)
      return cell(firstInput, firstColumn);
    if (width * lines >= height && width > 1) {
      const uint64_t half = width / 2;
      const Block left = block(firstInput, height, firstColumn, half);
      return beside(left, block(firstInput, height, firstColumn + half, width - half));
    }
    if (height == 1) {
      const uint64_t half = width / 2;
      const Block left = block(firstInput, height, firstColumn, half);
      return beside(left, block(firstInput, height, firstColumn + half, width - half));
    }
    const uint64_t half = height / 2;
    const Block upper = block(firstInput, half, firstColumn, width);
    return below(upper, block(firstInput + half, height - half, firstColumn, width));
  }

  /// One cell: its input node is the right one, its output node the top one.
  Block cell(uint64_t input, uint64_t column) {
    Block out{.height = 1, .width = 1};
    const uint64_t size = nodes(out), top = topAt(out), bottom = bottomAt(out), at = input * columns + column;
    out.y.assign(size * size, 0.0);
    const auto join = [&](uint64_t a, uint64_t b, double g) {
      out.y[a * size + a] += g;
      out.y[b * size + b] += g;
      out.y[a * size + b] -= g;
      out.y[b * size + a] -= g;
    };
    for (uint64_t line = 0; line < lines; ++line) {
      join(line, lines + line, inputWire);
      join(lines + line, top, line ? negative[at] : positive[at]);
    }
    join(top, bottom, outputWire);
    std::vector<uint64_t> open;
    if (column + 1 == columns)
      for (uint64_t line = 0; line < lines; ++line)
        open.push_back(lines + line);
    if (input == 0)
      open.push_back(top);
    if (open.empty())
      return out;
    out.right = column + 1 != columns;
    out.top = input != 0;
    std::vector<uint64_t> kept;
    for (uint64_t node = 0; node < size; ++node)
      if (std::find(open.begin(), open.end(), node) == open.end())
        kept.push_back(node);
    std::vector<uint64_t> order = open;
    order.insert(order.end(), kept.begin(), kept.end());
    std::vector<double> front(size * size);
    for (uint64_t a = 0; a < size; ++a)
      for (uint64_t b = 0; b < size; ++b)
        front[a * size + b] = out.y[order[a] * size + order[b]];
    out.y = eliminate(front, size, open.size());
    return out;
  }

  Block beside(const Block &left, const Block &right) {
    Block out{.height = left.height, .width = left.width + right.width, .right = right.right, .top = left.top};
    const uint64_t shared = lines * left.height;
    std::vector<uint64_t> leftPlace(nodes(left)), rightPlace(nodes(right));
    place(leftPlace, 0, shared, shared); // Numbers below `shared` are eliminated; the rest is as in the result.
    place(leftPlace, rightAt(left), shared, 0);
    place(rightPlace, 0, shared, 0);
    if (right.right)
      place(rightPlace, rightAt(right), shared, shared + rightAt(out));
    if (out.top) {
      place(leftPlace, topAt(left), left.width, shared + topAt(out));
      place(rightPlace, topAt(right), right.width, shared + topAt(out) + left.width);
    }
    place(leftPlace, bottomAt(left), left.width, shared + bottomAt(out));
    place(rightPlace, bottomAt(right), right.width, shared + bottomAt(out) + left.width);
    merge(out, left, leftPlace, right, rightPlace, shared);
    return out;
  }

  Block below(const Block &upper, const Block &lower) {
    Block out{.height = upper.height + lower.height, .width = upper.width, .right = upper.right, .top = upper.top};
    const uint64_t shared = upper.width, above = lines * upper.height, under = lines * lower.height;
    std::vector<uint64_t> upperPlace(nodes(upper)), lowerPlace(nodes(lower));
    place(upperPlace, 0, above, shared);
    place(lowerPlace, 0, under, shared + above);
    if (out.right) {
      place(upperPlace, rightAt(upper), above, shared + rightAt(out));
      place(lowerPlace, rightAt(lower), under, shared + rightAt(out) + above);
    }
    if (out.top)
      place(upperPlace, topAt(upper), shared, shared + topAt(out));
    place(upperPlace, bottomAt(upper), shared, 0);
    place(lowerPlace, topAt(lower), shared, 0);
    place(lowerPlace, bottomAt(lower), shared, shared + bottomAt(out));
    merge(out, upper, upperPlace, lower, lowerPlace, shared);
    return out;
  }

  static void place(std::vector<uint64_t> &places, uint64_t from, uint64_t count, uint64_t to) {
    for (uint64_t k = 0; k < count; ++k)
      places[from + k] = to + k;
  }

  void merge(Block &out, const Block &a, const std::vector<uint64_t> &aPlace, const Block &b, const std::vector<uint64_t> &bPlace,
             uint64_t shared) {
    const uint64_t size = shared + nodes(out);
    std::vector<double> front(size * size);
    for (const auto &[of, places] : {std::pair(&a, &aPlace), std::pair(&b, &bPlace)}) {
      const uint64_t count = places->size();
      for (uint64_t r = 0; r < count; ++r)
        for (uint64_t c = 0; c < count; ++c)
          front[(*places)[r] * size + (*places)[c]] += of->y[r * count + c];
    }
    out.y = eliminate(front, size, shared);
  }

  const std::vector<double> &positive, &negative;
  uint64_t inputs, columns, lines;
  double inputWire, outputWire;
};

/// Output lines with resistance under ideal input lines: each a ladder of its own. From the grounded end up, g is what the line
/// below a node conducts to ground, and share the part of a current into the node that arrives at the end as such: all of it.
void idealInputLines(const double *cells, double sign, uint64_t inputs, uint64_t columns, double outputOhm,
                     std::vector<double> &out) {
  for (uint64_t i = 0; i < columns; ++i) {
    // Conductance of what lies above node j, seen from there, if all inputs are grounded.
    std::vector<double> above(inputs);
    double g = 0;
    for (uint64_t j = 0; j < inputs; ++j) {
      above[j] = g;
      g += cells[j * columns + i];
      g = g / (1 + g * outputOhm);
    }
    // With output node j fed through its own cell: the share of that current that goes down rather than up, and then on to the end.
    double down = 1, ohm = 0;
    for (uint64_t j = inputs; j-- > 0;) {
      const double cell = cells[j * columns + i];
      // Seen from node j downwards: `ohm` to ground through one more segment; `down` of what enters that segment arrives at the
      // end.
      ohm += outputOhm;
      const double load = 1 + ohm * (cell + above[j]); // Node voltage is cell * ohm / load, so cell / load enters the segment.
      out[j * columns + i] += sign * cell / load * down;
      // For the node above: its current meets this cell and the way down in parallel.
      down /= 1 + ohm * cell;
      ohm = ohm / (1 + ohm * cell);
    }
  }
}

/// Input lines with resistance over ideal output lines: each a ladder of its own.
void idealOutputLines(const double *cells, double sign, uint64_t inputs, uint64_t columns, double inputOhm,
                      std::vector<double> &out) {
  std::vector<double> beyond(columns + 1);
  for (uint64_t j = 0; j < inputs; ++j) {
    // Conductance of all from node i on, through the segment before it.
    beyond[columns] = 0;
    for (uint64_t i = columns; i-- > 0;) {
      const double g = cells[j * columns + i] + beyond[i + 1];
      beyond[i] = g / (1 + g * inputOhm);
    }
    double v = 1;
    for (uint64_t i = 0; i < columns; ++i) {
      v -= inputOhm * beyond[i] * v;
      out[j * columns + i] += sign * v * cells[j * columns + i];
    }
  }
}
} // namespace

std::vector<double> emu::effectiveConductances(const std::vector<double> &positive, const std::vector<double> &negative,
                                               uint64_t inputs, uint64_t columns, double inputOhm, double outputOhm) {
  if (inputOhm > 0 && outputOhm > 0)
    return Dissection(positive, negative, inputs, columns, inputOhm, outputOhm).run();
  std::vector<double> out(inputs * columns);
  if (inputOhm > 0) { // Lines of both signs meet on ideal output lines only: each as if it were alone.
    idealOutputLines(positive.data(), 1, inputs, columns, inputOhm, out);
    if (!negative.empty())
      idealOutputLines(negative.data(), -1, inputs, columns, inputOhm, out);
    return out;
  }
  if (negative.empty()) {
    idealInputLines(positive.data(), 1, inputs, columns, outputOhm, out);
    return out;
  }
  // Both cells of a pair hang on one node: together they load the line, and their difference drives it.
  std::vector<double> both(positive);
  for (size_t k = 0; k < both.size(); ++k)
    both[k] += negative[k];
  idealInputLines(both.data(), 1, inputs, columns, outputOhm, out);
  for (size_t k = 0; k < out.size(); ++k)
    out[k] = both[k] > 0 ? out[k] * ((positive[k] - negative[k]) / both[k]) : 0;
  return out;
}
