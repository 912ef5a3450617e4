// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// NIR graphs of random nodes, parameters and edges: a flattened one keeps every promise of nir::flatten.
#include "Fuzz.h"
#include "ranvier/Formats/Nir.h"
#include "support/NirInvariants.h"
#include <fuzzer/FuzzedDataProvider.h>
#include <limits>

using namespace ranvier;
using namespace ranvier::formats;

namespace {
class Generator {
public:
  explicit Generator(FuzzedDataProvider &input) : input(input) {}

  nir::Node graph(const std::string &name, unsigned depth) {
    nir::Node out;
    out.name = name, out.type = "NIRGraph";
    for (uint32_t count = input.ConsumeIntegralInRange<uint32_t>(0, 6); count; --count)
      out.nodes.push_back(depth < 3 && input.ConsumeIntegralInRange(0, 7) == 0 ? graph(anyName(), depth + 1) : node());
    for (uint32_t count = input.ConsumeIntegralInRange<uint32_t>(0, 10); count && !out.nodes.empty(); --count)
      out.edges.push_back({anyMember(out), anyMember(out)});
    return out;
  }

private:
  template <typename T, size_t n> T pick(const T (&choices)[n]) { return choices[input.ConsumeIntegralInRange<size_t>(0, n - 1)]; }

  std::string anyName() {
    static const char *const names[] = {"a", "b", "c", "d", "a.b", "0", "1", "10", "input", "output", "lif", ""};
    return pick(names);
  }
  std::string anyMember(const nir::Node &graph) {
    return input.ConsumeIntegralInRange(0, 15) == 0
               ? anyName()
               : graph.nodes[input.ConsumeIntegralInRange<size_t>(0, graph.nodes.size() - 1)].name;
  }

  nir::Node node() {
    static const char *const types[] = {"Input",     "Output",    "Linear",  "Affine",  "Scale",     "Conv1d", "Conv2d",
                                        "SumPool2d", "AvgPool2d", "Flatten", "Delay",   "Threshold", "I",      "IF",
                                        "LI",        "LIF",       "CubaLI",  "CubaLIF", "Nothing"};
    static const char *const keys[] = {"shape",      "weight",   "bias",        "scale",       "input_shape", "stride",
                                       "padding",    "dilation", "groups",      "kernel_size", "start_dim",   "end_dim",
                                       "input_type", "delay",    "threshold",   "r",           "tau",         "tau_syn",
                                       "tau_mem",    "v_leak",   "v_threshold", "v_reset",     "w_in"};
    nir::Node out;
    out.name = anyName(), out.type = pick(types);
    const nir::Tensor common = tensor();
    const bool regular = input.ConsumeBool(); // Parameters of one shape, as in most files.
    if (regular)
      for (const char *key : {"r", "tau", "tau_syn", "tau_mem", "v_leak", "v_threshold", "delay", "scale", "threshold"})
        if (isOf(out.type, key))
          out.params[key] = common;
    for (uint32_t count = input.ConsumeIntegralInRange<uint32_t>(0, regular ? 2 : 8); count; --count)
      out.params[pick(keys)] = parameter();
    return out;
  }
  /// Roughly which type has which parameter; the rest is noise.
  static bool isOf(const std::string &type, const std::string &key) {
    if (key == "delay" || key == "scale" || key == "threshold")
      return type.size() == key.size() && type[0] == key[0] - 32;
    if (key == "r")
      return type == "I" || type == "IF" || type == "LI" || type == "LIF" || type.starts_with("Cuba");
    if (key == "tau")
      return type == "LI" || type == "LIF";
    if (key.starts_with("tau_"))
      return type.starts_with("Cuba");
    return key == "v_leak" ? type.find("LI") != std::string::npos : type == "IF" || type.ends_with("LIF");
  }

  nir::Parameter parameter() {
    static const char *const words[] = {"same", "valid", "reflect", ""};
    if (input.ConsumeIntegralInRange(0, 9) == 0)
      return std::string(pick(words));
    return tensor();
  }
  nir::Tensor tensor() {
    nir::Tensor out;
    uint64_t count = 1;
    for (uint32_t rank = input.ConsumeIntegralInRange<uint32_t>(0, 5); rank; --rank) {
      out.shape.push_back(input.ConsumeIntegralInRange<uint64_t>(input.ConsumeIntegralInRange(0, 9) == 0 ? 0 : 1, 5));
      count *= out.shape.back();
    }
    if (input.ConsumeIntegralInRange(0, 19) == 0) // A shape that lies.
      out.shape.push_back(input.ConsumeIntegral<uint64_t>());
    static const double odd[] = {0,
                                 -1,
                                 0.5,
                                 1e308,
                                 -1e308,
                                 4294967296.0,
                                 2147483648.0,
                                 std::numeric_limits<double>::infinity(),
                                 std::numeric_limits<double>::quiet_NaN(),
                                 1048577};
    const double value = input.ConsumeIntegralInRange(0, 7) == 0 ? pick(odd) : input.ConsumeIntegralInRange(1, 6);
    out.values.assign(count, value);
    for (uint32_t changes = input.ConsumeIntegralInRange<uint32_t>(0, 3); changes && count; --changes)
      out.values[input.ConsumeIntegralInRange<uint64_t>(0, count - 1)] = input.ConsumeIntegralInRange(0, 9);
    return out;
  }

  FuzzedDataProvider &input;
};
} // namespace

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  FuzzedDataProvider input(data, size);
  nir::File file{"fuzz.nir", input.ConsumeBool() ? "1.0.7" : "0.1.1", {}};
  file.root = Generator(input).graph("", 0);
  const auto flat = nir::flatten(file);
  if (!flat) {
    fuzz::checkError(flat.error(), 1020, 1032);
    return 0;
  }
  const std::string broken = test::brokenPromise(*flat);
  FUZZ_CHECK(broken.empty(), broken);
  return 0;
}
