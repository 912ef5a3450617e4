//===- Elements.cpp - Reading and making arrays of numbers ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Elements.h. Everything is read from the raw row-major bytes, which dense and dense_resource elements share: one loop per
// element type, and no attribute is made per element (a layer may have 10^8 of them).
//===----------------------------------------------------------------------===//
#include "ranvier/Dialect/SNN/IR/Elements.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "ranvier/Dialect/SNN/IR/SNN.h"
#include <algorithm>
#include <cstring>
#include <numeric>

using namespace mlir;

namespace ranvier::snn {

/// The element at each `sizeof(T)` bytes of `raw`, as an `Out`; a single element is repeated `count` times.
template <typename T, typename Out> static std::optional<std::vector<Out>> convert(ArrayRef<char> raw, uint64_t count, bool splat) {
  if (raw.size() % sizeof(T) != 0 || raw.size() / sizeof(T) != (splat ? 1 : count))
    return std::nullopt;
  std::vector<Out> values(count);
  if (splat) {
    T value;
    std::memcpy(&value, raw.data(), sizeof(T));
    std::fill(values.begin(), values.end(), static_cast<Out>(value));
    return values;
  }
  for (uint64_t i = 0; i < count; ++i) {
    T value; // Blobs need not be aligned for T.
    std::memcpy(&value, raw.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<Out>(value);
  }
  return values;
}

template <typename Out>
static std::optional<std::vector<Out>> convertAs(Type type, ArrayRef<char> raw, uint64_t count, bool splat) {
  if constexpr (std::is_floating_point_v<Out>) {
    if (type.isF32())
      return convert<float, Out>(raw, count, splat);
    if (type.isF64())
      return convert<double, Out>(raw, count, splat);
  }
  const bool isUnsigned = type.isUnsignedInteger();
  if (type.isInteger(8))
    return isUnsigned ? convert<uint8_t, Out>(raw, count, splat) : convert<int8_t, Out>(raw, count, splat);
  if (type.isInteger(16))
    return isUnsigned ? convert<uint16_t, Out>(raw, count, splat) : convert<int16_t, Out>(raw, count, splat);
  if (type.isInteger(32))
    return isUnsigned ? convert<uint32_t, Out>(raw, count, splat) : convert<int32_t, Out>(raw, count, splat);
  if (type.isInteger(64) || type.isIndex())
    return isUnsigned ? convert<uint64_t, Out>(raw, count, splat) : convert<int64_t, Out>(raw, count, splat);
  return std::nullopt;
}

template <typename Out> static std::optional<std::vector<Out>> readAs(Attribute attribute) {
  if (auto number = dyn_cast_or_null<FloatAttr>(attribute)) {
    if constexpr (std::is_floating_point_v<Out>)
      return std::vector<Out>{number.getValueAsDouble()};
    return std::nullopt;
  }
  if (auto integer = dyn_cast_or_null<IntegerAttr>(attribute)) {
    const APInt value = integer.getValue();
    const bool isUnsigned = integer.getType().isUnsignedInteger() || value.getBitWidth() == 1;
    if (value.getBitWidth() > 64)
      return std::nullopt;
    if (isUnsigned)
      return std::vector<Out>{static_cast<Out>(value.getZExtValue())};
    return std::vector<Out>{static_cast<Out>(value.getSExtValue())};
  }
  if (auto dense = dyn_cast_or_null<DenseElementsAttr>(attribute)) {
    const uint64_t count = dense.getNumElements();
    if (!dense.getElementType().isIntOrIndexOrFloat())
      return std::nullopt;
    if (dense.getElementType().isInteger(1)) { // Stored as bits.
      std::vector<Out> values;
      for (bool bit : dense.getValues<bool>())
        values.push_back(bit);
      return values;
    }
    return convertAs<Out>(dense.getElementType(), dense.getRawData(), count, dense.isSplat());
  }
  if (auto resource = dyn_cast_or_null<DenseResourceElementsAttr>(attribute)) {
    const uint64_t count = resource.getType().getNumElements();
    const AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return std::nullopt;
    return convertAs<Out>(resource.getElementType(), blob->getData(), count, /*splat=*/false);
  }
  return std::nullopt;
}

std::optional<std::vector<double>> readElements(Attribute attribute) { return readAs<double>(attribute); }

std::optional<std::vector<int64_t>> readIntegers(Attribute attribute) { return readAs<int64_t>(attribute); }

template <typename T>
static ElementsAttr makeResourceOf(MLIRContext *context, std::string_view name, ArrayRef<int64_t> shape, std::span<const T> values,
                                   Type element) {
  auto type = RankedTensorType::get(shape, element);
  assert(static_cast<size_t>(type.getNumElements()) == values.size() && "makeResource: shape and values disagree");
  AsmResourceBlob blob = HeapAsmResourceBlob::allocateAndCopyWithAlign(
      ArrayRef<char>(reinterpret_cast<const char *>(values.data()), values.size_bytes()), alignof(T), /*dataIsMutable=*/false);
  using Resource = mlir::detail::DenseResourceElementsAttrBase<T>;
  return cast<ElementsAttr>(Attribute(Resource::get(type, StringRef(name.data(), name.size()), std::move(blob))));
}

ElementsAttr makeResource(MLIRContext *context, std::string_view name, ArrayRef<int64_t> shape, std::span<const float> values) {
  return makeResourceOf(context, name, shape, values, Float32Type::get(context));
}
ElementsAttr makeResource(MLIRContext *context, std::string_view name, ArrayRef<int64_t> shape, std::span<const double> values) {
  return makeResourceOf(context, name, shape, values, Float64Type::get(context));
}
ElementsAttr makeResource(MLIRContext *context, std::string_view name, ArrayRef<int64_t> shape, std::span<const int8_t> values) {
  return makeResourceOf(context, name, shape, values, IntegerType::get(context, 8));
}
ElementsAttr makeResource(MLIRContext *context, std::string_view name, ArrayRef<int64_t> shape, std::span<const int16_t> values) {
  return makeResourceOf(context, name, shape, values, IntegerType::get(context, 16));
}
ElementsAttr makeResource(MLIRContext *context, std::string_view name, ArrayRef<int64_t> shape, std::span<const int32_t> values) {
  return makeResourceOf(context, name, shape, values, IntegerType::get(context, 32));
}
ElementsAttr makeResource(MLIRContext *context, std::string_view name, ArrayRef<int64_t> shape, std::span<const int64_t> values) {
  return makeResourceOf(context, name, shape, values, IntegerType::get(context, 64));
}

bool isDistribution(Attribute attribute) { return isa_and_nonnull<UniformAttr, NormalAttr>(attribute); }

Distribution distributionOf(Attribute attribute) {
  if (auto uniform = dyn_cast<UniformAttr>(attribute))
    return {Distribution::Kind::Uniform, uniform.getLow(), uniform.getHigh(), 0, 0, uniform.getSeed()};
  auto normal = cast<NormalAttr>(attribute);
  return {Distribution::Kind::Normal, normal.getMean(), normal.getDeviation(), normal.getLow(), normal.getHigh(), normal.getSeed()};
}

double drawOne(Attribute distribution, uint64_t entity) { return distributionOf(distribution).draw(entity); }

std::optional<std::vector<double>> drawValues(Attribute attribute, uint64_t count, uint64_t first) {
  if (isDistribution(attribute)) {
    std::vector<uint64_t> numbers(count);
    std::iota(numbers.begin(), numbers.end(), first);
    std::vector<double> values(count);
    distributionOf(attribute).draw(numbers, values);
    return values;
  }
  std::optional<std::vector<double>> values = readElements(attribute);
  if (!values)
    return std::nullopt;
  if (values->size() == 1 && count != 1)
    return std::vector<double>(count, values->front());
  if (values->size() != count)
    return std::nullopt;
  return values;
}

} // namespace ranvier::snn
