//===- H5Child.cpp - The sandboxed side of the HDF5 reader ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs only in the forked child. Handles are not closed: the process ends with the walk. Every limit here is repeated by the parent.
//===----------------------------------------------------------------------===//
#include "H5Tree.h"
#include <algorithm>
#include <cstring>
#include <hdf5.h>

using namespace ranvier;
using namespace ranvier::formats;

namespace {

constexpr unsigned maxDepth = 64;
constexpr uint64_t maxObjects = 1 << 20, maxStrings = 1 << 22, maxName = 4096;

/// Thrown to end the walk with a message for the user.
struct Refusal {
  unsigned code;
  std::string message, place, expected, found;
};

/// What the library says about the last failure, innermost first.
std::string libraryMessage() {
  std::string text;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned n, const H5E_error2_t *error, void *data) -> herr_t {
        if (n == 0 && error->desc)
          *static_cast<std::string *>(data) = error->desc;
        return 0;
      },
      &text);
  for (char &c : text)
    if (static_cast<unsigned char>(c) < 32 || static_cast<unsigned char>(c) > 126)
      c = '?';
  return text.empty() ? "unreadable data" : text.substr(0, 200);
}

[[noreturn]] void damaged(const std::string &place) { throw Refusal{1005, "the file is damaged", place, "readable HDF5 data", libraryMessage()}; }
template <typename T> T sound(T handle, const std::string &place) {
  if (handle < 0)
    damaged(place);
  return handle;
}

class Walker {
public:
  Walker(const TreeRequest &request, ByteSink &sink) : request(request), sink(sink), budget(request.limits.maxBytes) {}

  void group(hid_t id, const std::string &path, const std::string &name, unsigned depth) {
    if (depth > maxDepth)
      throw Refusal{1002, "groups are nested too deeply", path, "at most 64 levels", ""};
    sink.number('G');
    sink.text(name);
    attributes(id, path);
    std::vector<std::string> names;
    Links links{&names, path};
    if (H5Literate(id, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect, &links) < 0) {
      if (!links.refusal.message.empty())
        throw links.refusal;
      damaged(path);
    }
    for (const std::string &child : names) {
      if (++objects > maxObjects)
        throw Refusal{1002, "the file has too many objects", path, "at most 1048576", ""};
      const std::string childPath = path.empty() ? child : path + "/" + child;
      const hid_t object = sound(H5Oopen(id, child.c_str(), H5P_DEFAULT), childPath);
      const H5I_type_t type = H5Iget_type(object);
      if (type == H5I_GROUP)
        group(object, childPath, child, depth + 1);
      else if (type == H5I_DATASET)
        dataset(object, childPath, child);
      else
        throw Refusal{1004, "this kind of object is not read", childPath, "a group or a data set", "a named type"};
      H5Oclose(object);
    }
    sink.number('E');
  }

private:
  struct Links {
    std::vector<std::string> *names;
    std::string path;
    Refusal refusal = {};
  };

  static herr_t collect(hid_t, const char *name, const H5L_info_t *info, void *data) {
    auto &links = *static_cast<Links *>(data);
    const size_t length = strnlen(name, maxName + 1);
    const std::string path = links.path + "/" + std::string(name, std::min<size_t>(length, 100));
    if (info->type != H5L_TYPE_HARD)
      links.refusal = {1004, "links are not followed", path, "a group or data set of the file itself",
                       info->type == H5L_TYPE_SOFT ? "a soft link" : "an external link"};
    else if (length > maxName || length == 0)
      links.refusal = {1002, "a name is empty or too long", path, "1 to 4096 bytes", ""};
    else if (links.names->size() >= maxObjects)
      links.refusal = {1002, "the group has too many members", links.path, "at most 1048576", ""};
    if (!links.refusal.message.empty())
      return -1;
    links.names->emplace_back(name, length);
    return 0;
  }

  void attributes(hid_t object, const std::string &path) {
    H5O_info_t info = {};
    sound(H5Oget_info2(object, &info, H5O_INFO_NUM_ATTRS), path);
    if (info.num_attrs > 1024)
      throw Refusal{1002, "the object has too many attributes", path, "at most 1024", std::to_string(info.num_attrs)};
    sink.number(static_cast<uint32_t>(info.num_attrs));
    for (hsize_t i = 0; i < info.num_attrs; ++i) {
      const hid_t attribute = sound(H5Aopen_by_idx(object, ".", H5_INDEX_NAME, H5_ITER_INC, i, H5P_DEFAULT, H5P_DEFAULT), path);
      char name[maxName + 1] = {};
      if (H5Aget_name(attribute, maxName, name) <= 0)
        damaged(path);
      sink.text(name);
      value(attribute, path + "@" + name, true, true);
      H5Aclose(attribute);
    }
  }

  void dataset(hid_t id, const std::string &path, const std::string &name) {
    const hid_t plist = sound(H5Dget_create_plist(id), path);
    if (H5Pget_layout(plist) == H5D_VIRTUAL || H5Pget_external_count(plist) > 0)
      throw Refusal{1004, "data outside the file are not read", path, "data stored in the file itself", "external or virtual storage"};
    const int filters = H5Pget_nfilters(plist);
    for (int i = 0; i < filters; ++i) {
      unsigned flags = 0;
      size_t parameters = 0;
      char label[64] = {};
      const H5Z_filter_t filter = H5Pget_filter2(plist, static_cast<unsigned>(i), &flags, &parameters, nullptr, sizeof label, label, nullptr);
      if (filter < 1 || filter > 6)
        throw Refusal{1004, "this compression is not supported", path, "gzip, shuffle, fletcher32, szip, nbit or scale-offset",
                      "filter " + std::to_string(filter)};
    }
    sink.number('D');
    sink.text(name);
    const bool wanted = !request.only || std::find(request.only->begin(), request.only->end(), path) != request.only->end();
    chunkRows = 1;
    hsize_t chunk[H5S_MAX_RANK] = {};
    if (H5Pget_layout(plist) == H5D_CHUNKED && H5Pget_chunk(plist, H5S_MAX_RANK, chunk) > 0)
      chunkRows = std::max<hsize_t>(chunk[0], 1);
    H5Pclose(plist);
    value(id, path, false, wanted);
    attributes(id, path);
  }

  void value(hid_t id, const std::string &path, bool isAttribute, bool wanted) {
    const hid_t space = sound(isAttribute ? H5Aget_space(id) : H5Dget_space(id), path);
    const hid_t type = sound(isAttribute ? H5Aget_type(id) : H5Dget_type(id), path);
    std::vector<uint64_t> shape = extent(space, path);
    const bool oneRow = !isAttribute && path == request.rowPath;
    if (oneRow) {
      if (shape.empty() || request.row >= shape[0])
        throw Refusal{1006, "there is no such sample", path, "fewer than " + std::to_string(shape.empty() ? 0 : shape[0]),
                      std::to_string(request.row)};
      shape[0] = 1;
    }
    const auto count = elementCount(shape);
    if (!count)
      throw Refusal{1002, "the data set is too large", path, "", shapeText(shape)};
    auto [kind, bytes, typeName] = classify(type, path);
    const bool send = wanted && kind != H5Value::Kind::Other;
    sink.number(kind);
    sink.number(bytes);
    sink.number(static_cast<uint8_t>(send));
    sink.text(typeName);
    sink.number(static_cast<uint8_t>(shape.size()));
    for (uint64_t dim : shape)
      sink.number(dim);
    if (send && kind == H5Value::Kind::String)
      strings(id, type, *count, path, isAttribute);
    else if (send)
      numbers(id, space, memoryType(kind, bytes), bytes, shape, *count, path, isAttribute, oneRow);
    H5Tclose(type);
    H5Sclose(space);
  }

  static std::vector<uint64_t> extent(hid_t space, const std::string &path) {
    const H5S_class_t kind = H5Sget_simple_extent_type(space);
    if (kind == H5S_SCALAR)
      return {};
    if (kind == H5S_NULL)
      return {0};
    hsize_t dims[H5S_MAX_RANK] = {};
    const int rank = H5Sget_simple_extent_ndims(space);
    if (rank < 0 || rank > H5S_MAX_RANK || H5Sget_simple_extent_dims(space, dims, nullptr) < 0)
      damaged(path);
    return {dims, dims + rank};
  }

  struct Class {
    H5Value::Kind kind;
    uint8_t bytes;
    std::string name;
  };
  static Class classify(hid_t type, const std::string &path) {
    const H5T_class_t kind = H5Tget_class(type);
    const size_t size = H5Tget_size(type);
    const auto rounded = static_cast<uint8_t>(size <= 1 ? 1 : size <= 2 ? 2 : size <= 4 ? 4 : 8);
    const std::string bits = std::to_string(size * 8);
    switch (kind) {
    case H5T_INTEGER:
      if (size > 8)
        return {H5Value::Kind::Other, 0, "int" + bits};
      return H5Tget_sign(type) == H5T_SGN_NONE ? Class{H5Value::Kind::Unsigned, rounded, "uint" + bits}
                                               : Class{H5Value::Kind::Signed, rounded, "int" + bits};
    case H5T_ENUM: // h5py stores bool as an enumeration.
      return size <= 8 ? Class{H5Value::Kind::Signed, rounded, "enum"} : Class{H5Value::Kind::Other, 0, "enum"};
    case H5T_FLOAT:
      return {H5Value::Kind::Float, static_cast<uint8_t>(size <= 4 ? 4 : 8), "float" + bits};
    case H5T_STRING:
      return {H5Value::Kind::String, 0, "string"};
    case H5T_COMPOUND:
      return {H5Value::Kind::Other, 0, "compound"};
    case H5T_NO_CLASS:
      damaged(path);
    default:
      return {H5Value::Kind::Other, 0, "another type"};
    }
  }
  static hid_t memoryType(H5Value::Kind kind, unsigned bytes) {
    const hid_t isSigned[] = {H5T_NATIVE_INT8, H5T_NATIVE_INT16, H5T_NATIVE_INT32, H5T_NATIVE_INT64};
    const hid_t isUnsigned[] = {H5T_NATIVE_UINT8, H5T_NATIVE_UINT16, H5T_NATIVE_UINT32, H5T_NATIVE_UINT64};
    if (kind == H5Value::Kind::Float)
      return bytes == 4 ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
    const unsigned index = bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : 3;
    return kind == H5Value::Kind::Signed ? isSigned[index] : isUnsigned[index];
  }

  void take(uint64_t bytes, const std::string &path) {
    if (bytes > budget)
      throw Refusal{1002, "the file holds more data than a reader accepts", path,
                    "at most " + std::to_string(request.limits.maxBytes >> 20) + " MiB in all", std::to_string(bytes >> 20) + " MiB more"};
    budget -= bytes;
  }

  /// Numbers in slabs of whole chunks, so that neither side needs the data set twice in memory.
  void numbers(hid_t id, hid_t space, hid_t memory, unsigned bytes, const std::vector<uint64_t> &shape, uint64_t count, const std::string &path,
               bool isAttribute, bool oneRow) {
    if (count > (uint64_t(1) << 48))
      take(UINT64_MAX, path);
    take(count * bytes, path);
    if (count == 0)
      return;
    if (isAttribute || shape.empty()) {
      std::vector<char> data(count * bytes);
      sound(isAttribute ? H5Aread(id, memory, data.data()) : H5Dread(id, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data.data()), path);
      return sink.bytes(data.data(), data.size());
    }
    const uint64_t rowBytes = count / shape[0] * bytes;
    uint64_t rows = std::max<uint64_t>(1, (uint64_t(8) << 20) / rowBytes);
    rows = std::max<uint64_t>(chunkRows < shape[0] ? (rows + chunkRows - 1) / chunkRows * chunkRows : shape[0], 1);
    if (rows > std::max<uint64_t>(1, (uint64_t(512) << 20) / rowBytes)) // A chunk may be as large as the data set.
      rows = std::max<uint64_t>(1, (uint64_t(64) << 20) / rowBytes);
    std::vector<hsize_t> start(shape.size(), 0), extent(shape.begin(), shape.end());
    for (uint64_t row = 0; row < shape[0]; row += rows) {
      extent[0] = std::min(rows, shape[0] - row);
      start[0] = oneRow ? request.row : row;
      const hid_t part = sound(H5Screate_simple(static_cast<int>(shape.size()), extent.data(), nullptr), path);
      sound(H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr), path);
      std::vector<char> data(extent[0] * rowBytes);
      sound(H5Dread(id, memory, part, space, H5P_DEFAULT, data.data()), path);
      H5Sclose(part);
      sink.bytes(data.data(), data.size());
    }
  }

  void oneString(std::string_view text, const std::string &path) {
    if (text.size() > (1 << 20))
      throw Refusal{1002, "a string is too long", path, "at most 1 MiB", ""};
    if (!isUtf8(text))
      throw Refusal{1005, "a string is not UTF-8", path, "UTF-8 text", ""};
    take(text.size() + 4, path);
    sink.text(text);
  }

  void strings(hid_t id, hid_t type, uint64_t count, const std::string &path, bool isAttribute) {
    if (count > maxStrings)
      throw Refusal{1002, "too many strings", path, "at most " + std::to_string(maxStrings), std::to_string(count)};
    if (count == 0)
      return;
    const hid_t memory = sound(H5Tcopy(type), path);
    if (H5Tis_variable_str(type) > 0) {
      std::vector<char *> texts(count, nullptr);
      sound(isAttribute ? H5Aread(id, memory, texts.data()) : H5Dread(id, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts.data()), path);
      for (const char *text : texts)
        oneString(text ? std::string_view(text, strnlen(text, (1 << 20) + 1)) : std::string_view(), path);
      return;
    }
    const size_t width = H5Tget_size(type);
    if (width == 0 || width > (1 << 20))
      throw Refusal{1002, "a string is too long", path, "1 byte to 1 MiB", std::to_string(width)};
    take(width * count, path);
    const bool spaces = H5Tget_strpad(type) == H5T_STR_SPACEPAD;
    std::vector<char> data(width * count);
    sound(isAttribute ? H5Aread(id, memory, data.data()) : H5Dread(id, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data.data()), path);
    for (uint64_t i = 0; i < count; ++i) {
      std::string_view text(data.data() + i * width, strnlen(data.data() + i * width, width));
      while (spaces && !text.empty() && text.back() == ' ')
        text.remove_suffix(1);
      oneString(text, path);
    }
  }

  const TreeRequest &request;
  ByteSink &sink;
  uint64_t budget, objects = 0;
  hsize_t chunkRows = 1;
};

} // namespace

void formats::sendTree(const std::string &path, const TreeRequest &request, ByteSink &sink) {
  Refusal refusal = {};
  try {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    H5PLset_loading_state(0);
    const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
    if (file < 0)
      throw Refusal{1001, "not a readable HDF5 file", "", "an HDF5 file", libraryMessage()};
    const hid_t root = sound(H5Gopen2(file, "/", H5P_DEFAULT), "/");
    Walker(request, sink).group(root, "", "", 0);
    sink.number('Z');
    return;
  } catch (const Refusal &thrown) {
    refusal = thrown;
  } catch (const std::bad_alloc &) {
    refusal = {1002, "reading the file takes too much memory", "", "", ""};
  }
  sink.beginRefusal();
  sink.number(static_cast<uint32_t>(refusal.code));
  for (std::string *text : {&refusal.message, &refusal.place, &refusal.expected, &refusal.found}) {
    if (!isUtf8(*text))
      *text = "(a name that is not UTF-8)";
    sink.text(*text);
  }
}
