// Junctions composed away, distributions made into lists, networks extracted as plain data.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Ir.h"

using namespace ranvier;
using namespace ranvier::compiler;

namespace {
const std::string frame = "snn.input @input shape [1, 4, 4]\nsnn.junction @j shape [1, 2, 2]\nsnn.population @a model @m shape [3]\n";
const std::string pool = "snn.pool @p from @input to @j \"sum\" input [1, 4, 4] kernel [2, 2] stride [2, 2] padding [0, 0]\n";
const std::string dense = "snn.dense @d from @j to @a weights dense<[[1.0, 2.0, 3.0, 4.0], [0.5, 0.0, 0.0, 0.0], [0.0, -1.0, 0.0, 0.0]]> : tensor<3x4xf32> "
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
        "snn.connect @i from @input to @j \"one_to_one\" {} weights 1.0 : f64\n" + dense);
  REQUIRE(composeJunctions(ir.network()));
  auto kept = ir.network().lookupSymbol("d.2");
  if (!kept)
    kept = ir.network().lookupSymbol("d");
  REQUIRE(kept);
  CHECK(llvm::isa<snn::DenseOp>(kept));
}

TEST_CASE("an output that is a linear node is refused") {
  Ir ir(frame + pool + "snn.output @o from @j\n");
  auto outcome = composeJunctions(ir.network());
  REQUIRE(!outcome);
  CHECK(outcome.error().code == 5713);
}

TEST_CASE("drawn weights become listed ones, the same each time") {
  const std::string text = "snn.input @input shape [30]\nsnn.population @a model @m shape [20]\n"
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
  Ir ir("snn.input @input shape [4]\nsnn.population @a model @m shape [4]\nsnn.connect @c from @input to @a \"one_to_one\" {} weights 1.0 : f64\n");
  hw::Chip chip;
  auto outcome = extractNetwork(*ir.module, chip);
  REQUIRE(!outcome);
  CHECK(outcome.error().code == 5714);
}
