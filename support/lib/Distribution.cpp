//===- Distribution.cpp - Numbers drawn by name ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Support/Distribution.h"
#include <algorithm>
#include <cmath>

namespace ranvier {
namespace {

/// sum c[i] x^i by Horner's rule.
template <size_t N> inline double polynomial(const double (&c)[N], double x) {
  double sum = c[N - 1];
  for (size_t i = N - 1; i-- > 0;)
    sum = sum * x + c[i];
  return sum;
}

// M. J. Wichura, Algorithm AS 241: The percentage points of the normal distribution, Applied Statistics 37 (1988), PPND16: about
// 16 digits.
constexpr double centreTop[] = {3.3871328727963666080e0,  1.3314166789178437745e+2, 1.9715909503065514427e+3,
                                1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                3.3430575583588128105e+4, 2.5090809287301226727e+3};
constexpr double centreBottom[] = {1.0,
                                   4.2313330701600911252e+1,
                                   6.8718700749205790830e+2,
                                   5.3941960214247511077e+3,
                                   2.1213794301586595867e+4,
                                   3.9307895800092710610e+4,
                                   2.8729085735721942674e+4,
                                   5.2264952788528545610e+3};
constexpr double nearTop[] = {1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
                              3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
                              2.27238449892691845833e-2, 7.74545014278341407640e-4};
constexpr double nearBottom[] = {1.0,
                                 2.05319162663775882187e0,
                                 1.67638483018380384940e0,
                                 6.89767334985100004550e-1,
                                 1.48103976427480074590e-1,
                                 1.51986665636164571966e-2,
                                 5.47593808499534494600e-4,
                                 1.05075007164441684324e-9};
constexpr double farTop[] = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                             2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                             2.71155556874348757815e-5, 2.01033439929228813265e-7};
constexpr double farBottom[] = {1.0,
                                5.99832206555887937690e-1,
                                1.36929880922735805310e-1,
                                1.48753612908506148525e-2,
                                7.86869131145613259100e-4,
                                1.84631831751005468180e-5,
                                1.42151175831644588870e-7,
                                2.04426310338993978564e-15};
constexpr double centreReach = 0.425;

/// Distance of a word's probability from one half.
inline double offCentre(uint32_t word) { return openUniformFromWord(word) - 0.5; }
inline double centre(double q) {
  const double r = 0.180625 - q * q;
  return q * polynomial(centreTop, r) / polynomial(centreBottom, r);
}
double tail(double q, uint32_t word) {
  const double p = openUniformFromWord(word);
  double r = std::sqrt(-std::log(q < 0 ? p : 1.0 - p)), z;
  if (r <= 5.0) {
    r -= 1.6;
    z = polynomial(nearTop, r) / polynomial(nearBottom, r);
  } else {
    r -= 5.0;
    z = polynomial(farTop, r) / polynomial(farBottom, r);
  }
  return q < 0 ? -z : z;
}

constexpr size_t lanes = 64; // Numbers at a time.

struct Block {
  uint32_t low[lanes], high[lanes], words[lanes], unused[lanes];
  double z[lanes];
};

[[gnu::always_inline]] inline void centres(Block &block) {
  for (size_t i = 0; i < lanes; ++i)
    block.z[i] = centre(offCentre(block.words[i]));
}
void centresPlain(Block &block) { centres(block); }
#if defined(__x86_64__)
[[gnu::target("avx2")]] void centresAvx2(Block &block) { centres(block); }
#endif

inline double uniform(const Distribution &d, uint32_t word) {
  // Rounding may lift the sum to the upper end, which is outside the interval.
  return std::min(d.first + (d.second - d.first) * uniformFromWord(word), std::nextafter(d.second, d.first));
}
inline double normal(const Distribution &d, double z) { return std::clamp(d.first + d.second * z, d.low, d.high); }

} // namespace

double normalFromWord(uint32_t word) {
  const double q = offCentre(word);
  return std::fabs(q) <= centreReach ? centre(q) : tail(q, word);
}

double Distribution::draw(uint64_t number) const {
  if (kind == Kind::Constant)
    return first;
  const uint32_t word = randomWord(seed, static_cast<uint32_t>(number), static_cast<uint32_t>(number >> 32), 0);
  return kind == Kind::Uniform ? uniform(*this, word) : normal(*this, normalFromWord(word));
}

void Distribution::draw(std::span<const uint64_t> numbers, std::span<double> values) const {
  if (kind == Kind::Constant) {
    std::fill(values.begin(), values.end(), first);
    return;
  }
  auto middle = centresPlain;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2"))
    middle = centresAvx2;
#endif
  Block at{};
  for (size_t start = 0; start < numbers.size(); start += lanes) {
    const size_t count = std::min(lanes, numbers.size() - start);
    for (size_t i = 0; i < count; ++i) {
      at.low[i] = static_cast<uint32_t>(numbers[start + i]);
      at.high[i] = static_cast<uint32_t>(numbers[start + i] >> 32);
    }
    randomWords(seed, 0, at.low, at.high, at.words, at.unused, static_cast<uint32_t>(count));
    if (kind == Kind::Normal)
      middle(at);
    for (size_t i = 0; i < count; ++i) {
      if (kind == Kind::Uniform) {
        values[start + i] = uniform(*this, at.words[i]);
        continue;
      }
      const double q = offCentre(at.words[i]);
      values[start + i] = normal(*this, std::fabs(q) <= centreReach ? at.z[i] : tail(q, at.words[i]));
    }
  }
}

std::string Distribution::fault() const {
  if (!std::isfinite(first))
    return "a number that is not finite";
  if (kind == Kind::Uniform && !(std::isfinite(second) && first < second))
    return "an interval whose ends are not finite and in order";
  if (kind == Kind::Normal && !(std::isfinite(second) && second >= 0))
    return "a deviation that is not finite and at least 0";
  if (kind == Kind::Normal && !(std::isfinite(low) && std::isfinite(high) && low <= high))
    return "a clip whose ends are not finite and in order";
  return "";
}

} // namespace ranvier
