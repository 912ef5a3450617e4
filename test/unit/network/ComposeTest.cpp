// Junctions composed away, distributions made into lists, networks extracted as plain data.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Ir.h"
#include "mlir/IR/Verifier.h"
#include "ranvier/Dialect/SNN/IR/Elements.h"

using namespace ranvier;
using namespace ranvier::compiler;

namespace {
const std::string frame =
    "snn.input @input shape [1, 4, 4]\nsnn.junction @j shape [1, 2, 2]\nsnn.population @a model @m shape [3]\n";
const std::string pool = "snn.pool @p from @input to @j \"sum\" input [1, 4, 4] kernel [2, 2] stride [2, 2] padding [0, 0]\n";
const std::string dense = "snn.dense @d from @j to @a weights dense<[[1.0, 2.0, 3.0, 4.0], [0.5, 0.0, 0.0, 0.0], [0.0, -1.0, 0.0, "
                          "0.0]]> : tensor<3x4xf32> "
                          "bias dense<[0.25, 0.5, 0.75]> : tensor<3xf32>\n";
} // namespace

TEST_CASE("pool and dense layer become one list of synapses with the dense layer's bias") {
  Ir ir(frame + pool + dense);
  REQUIRE(composeJunctions(ir.network()));
  CHECK(!ir.network().lookupSymbol("j"));
  auto projections = llvm::to_vector(ir.network().getBody().getOps<snn::ProjectionOpInterface>());
  REQUIRE(projections.size() == 1);
  auto synapses = expandProjection(projections[0]);
  REQUIRE(synapses);
  CHECK(synapses->sources == 16);
  CHECK(synapses->targetCount == 3);
  // Pixel (3, 3) lies in window 3: weight 4 to neuron 0, and stored zeros to the others.
  CHECK(synapses->weight(synapses->rowPtr[15]) == 4.0);
  CHECK(projections[0].getBiasOrNull());
}

TEST_CASE("an identity on one side keeps the other side's structure") {
  Ir ir("snn.input @input shape [4]\nsnn.junction @j shape [4]\nsnn.population @a model @m shape [3]\n"
        "snn.connect @i from @input to @j \"one_to_one\" {} weights 1.0 : f64\n" +
        dense);
  REQUIRE(composeJunctions(ir.network()));
  auto kept = ir.network().lookupSymbol("d.2");
  if (!kept)
    kept = ir.network().lookupSymbol("d");
  REQUIRE(kept);
  CHECK(llvm::isa<snn::DenseOp>(kept));
}

TEST_CASE("a bias behind a junction reaches its target once, whatever feeds the junction") {
  const std::string two = "snn.input @other shape [4]\n";
  const std::string one = "snn.connect @i from @input to @j \"one_to_one\" {} weights 1.0\n",
                    second = "snn.connect @k from @other to @j \"one_to_one\" {} weights 1.0\n";
  const std::string nodes = "snn.input @input shape [4]\nsnn.junction @j shape [4]\nsnn.population @a model @m shape [3]\n";
  for (const std::string &sources : {std::string(), one, one + second}) {
    Ir ir(nodes + two + sources + dense);
    REQUIRE(composeJunctions(ir.network()));
    std::vector<double> bias(3, 0);
    for (auto projection : ir.network().getBody().getOps<snn::ProjectionOpInterface>())
      if (auto given = projection.getBiasOrNull())
        for (size_t i = 0; i < 3; ++i)
          bias[i] += (*snn::readElements(given))[i];
    CHECK(bias == std::vector<double>{0.25, 0.5, 0.75});
    CHECK(mlir::succeeded(mlir::verify(*ir.module)));
  }
}

TEST_CASE("an identity that changes the shape is not taken for none by kinds that see shapes") {
  // Distances are those of the junction's grid, and a kernel's input is the junction's array.
  const std::string nodes =
      "snn.input @input shape [16]\nsnn.input @line shape [2, 8]\nsnn.junction @j shape [4, 4]\nsnn.junction @k shape [1, 4, 4]\n"
      "snn.population @a model @m shape [4, 4]\nsnn.population @b model @m shape [16]\n";
  const std::string text = nodes +
                           "snn.connect @i from @input to @j \"one_to_one\" {} weights 1.0\n"
                           "snn.connect @near from @j to @a \"distance_dependent\" {p_max = 1.0, scale = 0.5} weights 1.0 seed 3\n"
                           "snn.connect @l from @line to @k \"one_to_one\" {} weights 1.0\n"
                           "snn.conv2d @c from @k to @b weights dense<1.0> : tensor<1x1x3x3xf32> input [1, 4, 4] stride [1, 1] "
                           "padding [1, 1] dilation [1, 1]\n";
  Ir before(text), after(text);
  REQUIRE(composeJunctions(after.network()));
  CHECK(mlir::succeeded(mlir::verify(*after.module)));
  for (const char *name : {"near", "c"}) {
    auto own = expandProjection(before.projection(name));
    REQUIRE(own);
    bool found = false;
    for (auto projection : after.network().getBody().getOps<snn::ProjectionOpInterface>()) {
      auto synapses = expandProjection(projection);
      REQUIRE(synapses);
      found |= synapses->targets == own->targets && synapses->rowPtr == own->rowPtr;
    }
    CHECK(found);
  }
}

TEST_CASE("a rule without autapses between a population and a junction keeps its pairs when the junction leads back") {
  Ir ir("snn.input @input shape [4]\nsnn.population @a model @m shape [4]\nsnn.junction @j shape [4]\n"
        "snn.connect @all from @a to @j \"all_to_all\" {} weights 1.0 autapses false\n"
        "snn.connect @back from @j to @a delay 0 \"one_to_one\" {} weights 1.0\nsnn.connect @again from @j to @a \"one_to_one\" {} "
        "weights 1.0\n");
  REQUIRE(composeJunctions(ir.network()));
  for (auto projection : ir.network().getBody().getOps<snn::ProjectionOpInterface>())
    CHECK(expandProjection(projection)->size() == 16);
}

TEST_CASE("probes go with their junctions, by name") {
  Ir ir(frame + pool + dense + "snn.probe @watch of @j [\"spikes\"]\nsnn.probe @kept of @a [\"v\"]\n");
  auto lost = composeJunctions(ir.network());
  REQUIRE(lost);
  CHECK(*lost == std::vector<std::string>{"watch"});
  CHECK(ir.network().lookupSymbol("kept"));
  CHECK(!ir.network().lookupSymbol("watch"));
}

TEST_CASE("delays are per source or per synapse by kind, not by their number") {
  const std::string nodes = "snn.input @input shape [4]\nsnn.population @a model @m shape [2]\n";
  const auto delays = [&](const std::string &projection) {
    Ir ir(nodes + projection);
    auto synapses = expandProjection(ir.projection("p"));
    REQUIRE(synapses);
    std::vector<std::pair<uint32_t, uint32_t>> out; // (source, delay)
    for (uint32_t s = 0; s < synapses->sources; ++s)
      for (uint64_t k = synapses->rowPtr[s]; k < synapses->rowPtr[s + 1]; ++k)
        out.push_back({s, synapses->delay(k)});
    return out;
  };
  for (const auto &[source, delay] : delays("snn.connect @p from @input to @a delay dense<[10, 11, 12, 13]> : tensor<4xi32> "
                                            "\"fixed_total_number\" {n = 4} weights 1.0 seed 3"))
    CHECK(delay == 10 + source);
  for (const auto &[source, delay] : delays("snn.connect @p from @input to @a delay dense<[10, 11, 12, 13]> : tensor<4xi32> "
                                            "\"fixed_in_degree\" {k = 2} weights 1.0 seed 3"))
    CHECK(delay == 10 + source);
  // Four synapses from four sources in a sparse projection: per synapse, in the order of the op.
  CHECK(
      delays(
          "snn.sparse @p from @input to @a delay dense<[10, 11, 12, 13]> : tensor<4xi32> row_ptr dense<[0, 2, 4]> : tensor<3xi64> "
          "columns dense<[0, 1, 0, 3]> : tensor<4xi32> weights dense<1.0> : tensor<4xf32>") ==
      std::vector<std::pair<uint32_t, uint32_t>>{{0, 10}, {0, 12}, {1, 11}, {3, 13}});
}

TEST_CASE("synapses of one pair stay apart when a rule that draws with replacement is listed") {
  Ir ir("snn.input @input shape [2]\nsnn.population @a model @m shape [3]\n"
        "snn.connect @c from @input to @a \"fixed_in_degree\" {k = 9} weights #snn.uniform<0.0, 1.0, seed = 4> seed 2");
  auto before = expandProjection(ir.projection("c"));
  REQUIRE(expandDistributions(ir.network()));
  CHECK(mlir::succeeded(mlir::verify(*ir.module)));
  auto after = expandProjection(ir.projection("c"));
  REQUIRE(after);
  CHECK(after->size() == 27);
  CHECK(after->targets == before->targets);
  for (uint64_t k = 0; k < 27; ++k)
    CHECK(after->weight(k) == static_cast<float>(before->weight(k)));
}

TEST_CASE("an output that is a linear node is refused") {
  Ir ir(frame + pool + "snn.output @o from @j\n");
  auto outcome = composeJunctions(ir.network());
  REQUIRE(!outcome);
  CHECK(outcome.error().code == 5713);
}

TEST_CASE("drawn weights become listed ones, the same each time") {
  const std::string text =
      "snn.input @input shape [30]\nsnn.population @a model @m shape [20]\n"
      "snn.connect @c from @input to @a delay #snn.uniform<1.0, 5.0, seed = 4> \"fixed_probability\" {p = 0.3} "
      "weights #snn.normal<0.0, 1.0, clip = [-3.0, 3.0], seed = 9> seed 2\n";
  Ir one(text), other(text);
  auto direct = expandProjection(one.projection("c"));
  REQUIRE(expandDistributions(one.network()));
  REQUIRE(expandDistributions(other.network()));
  CHECK(llvm::isa<snn::SparseOp>(one.network().lookupSymbol("c")));
  auto a = expandProjection(one.projection("c")), b = expandProjection(other.projection("c"));
  CHECK(a->targets == b->targets);
  CHECK(a->weights == b->weights);
  CHECK(a->delays == b->delays);
  CHECK(a->targets == direct->targets);
  CHECK(a->delays == direct->delays);
  for (uint64_t k = 0; k < a->size(); ++k)
    CHECK(a->weight(k) == static_cast<float>(direct->weight(k)));
  for (uint32_t d : a->delays)
    CHECK((d >= 1 && d <= 5));
}

TEST_CASE("a model that was not lowered is not extracted") {
  Ir ir("snn.input @input shape [4]\nsnn.population @a model @m shape [4]\nsnn.connect @c from @input to @a \"one_to_one\" {} "
        "weights 1.0 : f64\n");
  hw::Chip chip;
  auto outcome = extractNetwork(*ir.module, chip);
  REQUIRE(!outcome);
  CHECK(outcome.error().code == 5714);
}
