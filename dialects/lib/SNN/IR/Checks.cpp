//===- Checks.cpp - What the verifiers share --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Checks.h.
//===----------------------------------------------------------------------===//
#include "Checks.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "ranvier/Dialect/SNN/IR/Elements.h"
#include "llvm/ADT/StringExtras.h"
#include <cstring>

using namespace mlir;

namespace ranvier::snn {

static bool isIntegerType(Type type) { return type.isInteger(8) || type.isInteger(16) || type.isInteger(32) || type.isInteger(64); }
static bool isNumberType(Type type) { return type.isF32() || type.isF64() || isIntegerType(type); }

std::optional<IntegerView> IntegerView::get(Attribute attribute) {
  IntegerView view;
  auto elements = dyn_cast_or_null<ElementsAttr>(attribute);
  if (!elements || !isIntegerType(elements.getElementType()))
    return std::nullopt;
  view.count = elements.getNumElements();
  view.bytes = elements.getElementType().getIntOrFloatBitWidth() / 8;
  view.isUnsigned = elements.getElementType().isUnsignedInteger();
  ArrayRef<char> raw;
  if (auto dense = dyn_cast<DenseElementsAttr>(attribute)) {
    raw = dense.getRawData();
    view.splat = dense.isSplat();
  } else if (auto resource = dyn_cast<DenseResourceElementsAttr>(attribute); resource && resource.getRawHandle().getBlob()) {
    raw = resource.getRawHandle().getBlob()->getData();
  } else {
    return std::nullopt;
  }
  if (raw.size() != view.bytes * (view.splat ? 1 : view.count))
    return std::nullopt;
  view.data = raw.data();
  return view;
}

int64_t IntegerView::operator[](uint64_t i) const {
  const char *at = data + (splat ? 0 : i * bytes);
  uint64_t word = 0; // Little endian hosts only, as all of MLIR's blobs of ours are written so.
  std::memcpy(&word, at, bytes);
  const unsigned unused = 64 - 8 * bytes;
  if (isUnsigned)
    return static_cast<int64_t>(word);
  return static_cast<int64_t>(word << unused) >> unused;
}

std::string formatShape(ArrayRef<int64_t> shape) {
  std::string text = "[";
  for (auto [i, extent] : llvm::enumerate(shape))
    text += (i ? ", " : "") + std::to_string(extent);
  return text + "]";
}

LogicalResult checkShape(Operation *op, StringRef what, ArrayRef<int64_t> shape) {
  if (shape.empty())
    return op->emitOpError("expected at least one extent in ") << what;
  int64_t count = 1;
  for (int64_t extent : shape) {
    if (extent < 1 || extent > maxNodeCount)
      return op->emitOpError("expected extents in 1..2147483648 in ") << what << ", found " << formatShape(shape);
    count *= extent; // Both factors are at most 2^31.
    if (count > maxNodeCount)
      return op->emitOpError("expected at most 2147483648 elements in ") << what << ", found " << formatShape(shape);
  }
  return success();
}

LogicalResult checkElements(Operation *op, const Twine &what, ElementsAttr elements, std::optional<ArrayRef<int64_t>> shape) {
  auto type = dyn_cast<RankedTensorType>(elements.getType());
  if (!type || !type.hasStaticShape())
    return op->emitOpError("expected ") << what << " as a tensor of known shape, found " << elements.getType();
  if (!isNumberType(type.getElementType()))
    return op->emitOpError("expected ") << what << " of f32, f64, i8, i16, i32 or i64, found " << type.getElementType();
  if (shape && type.getShape() != *shape)
    return op->emitOpError("expected ") << what << " of shape " << formatShape(*shape) << ", found "
                                        << formatShape(type.getShape());
  if (isa<DenseElementsAttr>(elements))
    return success();
  auto resource = dyn_cast<DenseResourceElementsAttr>(elements);
  if (!resource)
    return op->emitOpError("expected ") << what << " as dense<...> or dense_resource<...>";
  const AsmResourceBlob *blob = resource.getRawHandle().getBlob();
  if (!blob)
    return op->emitOpError("the data of ") << what << " is missing: there is no resource '" << resource.getRawHandle().getKey()
                                           << "'";
  const uint64_t expected = type.getNumElements() * uint64_t(type.getElementType().getIntOrFloatBitWidth() / 8);
  if (blob->getData().size() != expected)
    return op->emitOpError("expected ") << expected << " bytes in resource '" << resource.getRawHandle().getKey() << "' of " << what
                                        << ", found " << blob->getData().size();
  return success();
}

LogicalResult checkValue(Operation *op, const Twine &what, Attribute value, uint64_t count) {
  if (isDistribution(value))
    return success();
  if (auto number = dyn_cast<FloatAttr>(value); number && isNumberType(number.getType()))
    return number.getValue().isNaN() ? op->emitOpError("expected a number for ") << what << ", found NaN" : success();
  if (auto number = dyn_cast<IntegerAttr>(value); number && isIntegerType(number.getType()))
    return success();
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements)
    return op->emitOpError("expected a number, elements, #snn.uniform or #snn.normal for ") << what << ", found " << value;
  if (failed(checkElements(op, what, elements, std::nullopt)))
    return failure();
  if (static_cast<uint64_t>(elements.getNumElements()) != count)
    return op->emitOpError("expected ") << count << " values for " << what << ", found " << elements.getNumElements();
  return success();
}

bool isAllZero(Attribute attribute) {
  if (auto splat = dyn_cast_or_null<SplatElementsAttr>(attribute))
    attribute = splat.getSplatValue<Attribute>();
  std::optional<std::vector<double>> values = readElements(attribute);
  return values && llvm::all_of(*values, [](double value) { return value == 0; });
}

} // namespace ranvier::snn
