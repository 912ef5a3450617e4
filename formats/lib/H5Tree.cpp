//===- H5Tree.cpp - An HDF5 file as plain data ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The parent's side: rebuilds the tree from the child's stream and rejects everything that does not add up.
//===----------------------------------------------------------------------===//
#include "H5Tree.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace ranvier;
using namespace ranvier::formats;

std::string formats::shapeText(const std::vector<uint64_t> &shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

std::optional<uint64_t> formats::elementCount(const std::vector<uint64_t> &shape) {
  uint64_t count = 1;
  for (uint64_t dim : shape) {
    if (dim == 0)
      return 0;
    if (count > (uint64_t(1) << 62) / dim)
      return std::nullopt;
    count *= dim;
  }
  return count;
}

bool formats::looksLikeHdf5(const std::string &path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return false;
  struct stat info = {};
  bool found = false;
  if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
    char magic[8];
    for (off_t at = 0; !found && at < info.st_size; at = at ? at * 2 : 512)
      found = ::pread(fd, magic, 8, at) == 8 && std::memcmp(magic, "\x89HDF\r\n\x1a\n", 8) == 0;
  }
  ::close(fd);
  return found;
}

//===--- Values -----------------------------------------------------------===//

uint64_t H5Value::size() const { return elementCount(shape).value_or(0); }

template <typename T> static T load(const std::vector<std::byte> &raw, uint64_t index) {
  T value;
  std::memcpy(&value, raw.data() + index * sizeof(T), sizeof(T));
  return value;
}

std::optional<int64_t> H5Value::integer(uint64_t index) const {
  if (kind == Kind::Float) {
    const double number = real(index);
    if (!(std::fabs(number) <= 0x1p53) || std::trunc(number) != number)
      return std::nullopt;
    return static_cast<int64_t>(number);
  }
  const bool isSigned = kind == Kind::Signed;
  switch (bytes) {
  case 1:
    return isSigned ? int64_t(load<int8_t>(raw, index)) : int64_t(load<uint8_t>(raw, index));
  case 2:
    return isSigned ? int64_t(load<int16_t>(raw, index)) : int64_t(load<uint16_t>(raw, index));
  case 4:
    return isSigned ? int64_t(load<int32_t>(raw, index)) : int64_t(load<uint32_t>(raw, index));
  default:
    if (!isSigned && load<uint64_t>(raw, index) > uint64_t(INT64_MAX))
      return std::nullopt;
    return load<int64_t>(raw, index);
  }
}

double H5Value::real(uint64_t index) const {
  if (kind == Kind::Float)
    return bytes == 4 ? double(load<float>(raw, index)) : load<double>(raw, index);
  if (kind == Kind::Unsigned && bytes == 8)
    return static_cast<double>(load<uint64_t>(raw, index));
  return static_cast<double>(*integer(index));
}

std::vector<double> H5Value::reals() const {
  std::vector<double> out(size());
  for (uint64_t i = 0; i < out.size(); ++i)
    out[i] = real(i);
  return out;
}

std::string H5Value::describe() const { return typeName + " " + shapeText(shape); }

//===--- Tree -------------------------------------------------------------===//

const H5Node *H5Node::child(const std::string &wanted) const {
  auto at = std::lower_bound(children.begin(), children.end(), wanted, [](const H5Node &node, const std::string &key) { return node.name < key; });
  return at != children.end() && at->name == wanted ? &*at : nullptr;
}

const H5Value *H5Node::attribute(const std::string &wanted) const {
  auto at = attributes.find(wanted);
  return at == attributes.end() ? nullptr : &at->second;
}

const H5Node *H5Node::find(const std::string &path) const {
  const H5Node *node = this;
  size_t begin = 0;
  while (node && begin < path.size()) {
    const size_t end = std::min(path.find('/', begin), path.size());
    if (end > begin)
      node = node->child(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return node;
}

//===--- Decoding ---------------------------------------------------------===//

namespace {
class Decoder {
public:
  explicit Decoder(ByteSource &source) : source(source) {}
  std::optional<Error> refusal;

  /// The whole stream: one root group and the end mark, or a refusal at any point.
  bool run(H5Node &root) {
    char tag = 0;
    if (source.number(tag) && tag == 'G' && group(root, 0) && source.number(tag))
      return tag == 'Z';
    return source.takeRefusal() && refuse();
  }

private:
  bool refuse() {
    uint32_t code = 0;
    Error error;
    if (!source.number(code) || !source.text(error.message) || !source.text(error.place) || !source.text(error.expected) ||
        !source.text(error.found) || code < 1001 || code > 1006)
      return false;
    error.code = code;
    error.kind = code == 1004 ? ErrorKind::Unsupported : ErrorKind::BadInput;
    refusal = std::move(error);
    return true;
  }

  bool value(H5Value &out) {
    uint8_t kind = 0, send = 0, rank = 0;
    if (!source.number(kind) || !source.number(out.bytes) || !source.number(send) || !source.text(out.typeName, 64) || !source.number(rank) ||
        kind > 4 || send > 1 || rank > 32)
      return false;
    out.kind = static_cast<H5Value::Kind>(kind);
    out.shape.resize(rank);
    for (uint64_t &dim : out.shape)
      if (!source.number(dim))
        return false;
    const auto count = elementCount(out.shape);
    if (!count)
      return false;
    out.hasData = send;
    if (!send)
      return true;
    if (out.kind == H5Value::Kind::Other)
      return false;
    if (out.kind == H5Value::Kind::String) {
      for (uint64_t i = 0; i < *count; ++i) {
        std::string text;
        if (!source.text(text))
          return false;
        out.strings.push_back(std::move(text));
      }
      return true;
    }
    if ((out.bytes != 1 && out.bytes != 2 && out.bytes != 4 && out.bytes != 8) || (out.kind == H5Value::Kind::Float && out.bytes < 4) ||
        *count > (uint64_t(1) << 48))
      return false;
    return source.bulk(out.raw, *count * out.bytes);
  }

  bool attributes(H5Node &node) {
    uint32_t count = 0;
    if (!source.number(count) || count > 1024)
      return false;
    for (uint32_t i = 0; i < count; ++i) {
      std::string name;
      H5Value read;
      if (!source.text(name, 4096) || !value(read) || !node.attributes.emplace(std::move(name), std::move(read)).second)
        return false;
    }
    return true;
  }

  /// After the tag 'G'. Depth is bounded, names must be sorted and different.
  bool group(H5Node &node, unsigned depth) {
    if (depth > 64 || !source.text(node.name, 4096) || !attributes(node))
      return false;
    node.isGroup = true;
    for (char tag = 0;;) {
      if (!source.number(tag))
        return false;
      if (tag == 'E')
        return true;
      H5Node child;
      const bool read = tag == 'G' ? group(child, depth + 1)
                                   : tag == 'D' && source.text(child.name, 4096) && value(child.value) && attributes(child);
      if (!read || ++objects > maxObjects || child.name.empty() || (!node.children.empty() && node.children.back().name >= child.name))
        return false;
      node.children.push_back(std::move(child));
    }
  }

  static constexpr uint64_t maxObjects = (1 << 20) + 1;
  ByteSource &source;
  uint64_t objects = 0;
};
} // namespace

Result<H5Node> formats::readTree(const std::string &path, const TreeRequest &request) {
  H5Node root;
  std::optional<Error> refusal;
  RANVIER_CHECK(runSandboxed(
      path, request.limits, [&](ByteSink &sink) { sendTree(path, request, sink); },
      [&](ByteSource &source) {
        Decoder decoder(source);
        const bool understood = decoder.run(root);
        refusal = decoder.refusal;
        return understood;
      }));
  if (refusal) {
    refusal->file = path;
    return *std::move(refusal);
  }
  return root;
}
