//===- Hdf5Writer.cpp - Our own HDF5 files --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Formats/Hdf5Writer.h"
#include "Hdf5Sink.h"
#include "ranvier/Support/File.h"
#include <algorithm>
#include <optional>

using namespace ranvier;
using namespace ranvier::formats;

namespace {
class Writer final : public Hdf5Writer {
public:
  Writer(AtomicFile file, bool compress, std::string path)
      : target(std::move(file)), sink(target.descriptor()), path(std::move(path)), compress(compress), handle(sink.create()) {
    check(handle, "the file");
  }

  void group(const std::string &name) override {
    if (!usable(name) || H5Lexists(handle, name.c_str(), H5P_DEFAULT) > 0)
      return;
    const Hdf5Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
    H5Pset_create_intermediate_group(links, 1);
    const Hdf5Handle made(H5Gcreate2(handle, name.c_str(), links, H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
    check(made, name);
  }
  void array(const std::string &n, std::span<const uint8_t> v, const std::vector<uint64_t> &s) override {
    put(n, v, s, H5T_STD_U8LE, H5T_NATIVE_UINT8);
  }
  void array(const std::string &n, std::span<const uint32_t> v, const std::vector<uint64_t> &s) override {
    put(n, v, s, H5T_STD_U32LE, H5T_NATIVE_UINT32);
  }
  void array(const std::string &n, std::span<const int32_t> v, const std::vector<uint64_t> &s) override {
    put(n, v, s, H5T_STD_I32LE, H5T_NATIVE_INT32);
  }
  void array(const std::string &n, std::span<const uint64_t> v, const std::vector<uint64_t> &s) override {
    put(n, v, s, H5T_STD_U64LE, H5T_NATIVE_UINT64);
  }
  void array(const std::string &n, std::span<const int64_t> v, const std::vector<uint64_t> &s) override {
    put(n, v, s, H5T_STD_I64LE, H5T_NATIVE_INT64);
  }
  void array(const std::string &n, std::span<const float> v, const std::vector<uint64_t> &s) override {
    put(n, v, s, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT);
  }
  void array(const std::string &n, std::span<const double> v, const std::vector<uint64_t> &s) override {
    put(n, v, s, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE);
  }
  void text(const std::string &name, const std::string &value) override { texts(name, {value}, {}); }
  void texts(const std::string &name, const std::vector<std::string> &values, const std::vector<uint64_t> &shape) override {
    std::vector<const char *> pointers;
    for (const auto &value : values) {
      if (!storable(value, name))
        return;
      pointers.push_back(value.c_str());
    }
    const Hdf5Handle type = textType();
    dataset(name, shape, values.size(), type, type, pointers.data(), false);
  }
  void attribute(const std::string &p, const std::string &name, const std::string &value) override {
    const char *pointer = value.c_str();
    const Hdf5Handle type = textType();
    if (storable(value, p + "@" + name))
      attach(p, name, type, type, &pointer, {});
  }
  void attribute(const std::string &p, const std::string &name, double value) override {
    attach(p, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value, {});
  }
  void attribute(const std::string &p, const std::string &name, int64_t value) override {
    attach(p, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &value, {});
  }
  void attribute(const std::string &p, const std::string &name, const std::vector<uint32_t> &values) override {
    attach(p, name, H5T_STD_U32LE, H5T_NATIVE_UINT32, values.data(), {values.size()});
  }
  void choice(const std::string &p, const std::string &name, const std::vector<std::string> &words, uint8_t chosen) override {
    const Hdf5Handle type(H5Tenum_create(H5T_STD_U8LE), H5Tclose);
    for (uint8_t k = 0; k < words.size(); ++k)
      H5Tenum_insert(type, words[k].c_str(), &k);
    attach(p, name, type, type, &chosen, {});
  }

  Result<void> finish() override {
    if (handle)
      check(handle.reset() ? 0 : -1, "the file");
    if (failure)
      return *failure;
    return target.commit();
  }

private:
  static Hdf5Handle textType() {
    Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
  }
  void fail(Error error) {
    if (!failure)
      failure = std::move(error);
  }
  bool check(int64_t outcome, const std::string &what) {
    if (outcome < 0 || sink.failed())
      fail({.code = 1010,
            .message = "cannot write HDF5",
            .file = path,
            .place = what,
            .found = sink.reason(),
            .kind = ErrorKind::System});
    return outcome >= 0;
  }
  bool storable(const std::string &text, const std::string &place) {
    if (text.find('\0') == std::string::npos)
      return true;
    fail({.code = 1011, .message = "a text with a zero byte cannot be stored", .file = path, .place = place});
    return false;
  }
  /// Nothing failed so far, and every part of the path can be a name.
  bool usable(const std::string &name) {
    for (size_t at = 0; !failure && at <= name.size();) {
      const size_t slash = std::min(name.find('/', at), name.size());
      const std::string part = name.substr(at, slash - at);
      if (!isHdf5Name(part))
        fail({.code = 1011, .message = "a name cannot be a name in HDF5", .file = path, .place = name, .found = "'" + part + "'"});
      at = slash + 1;
    }
    return !failure;
  }
  template <typename T>
  void put(const std::string &name, std::span<const T> values, const std::vector<uint64_t> &shape, hid_t stored, hid_t native) {
    dataset(name, shape, values.size(), stored, native, values.data(), compress && values.size() >= 64);
  }
  void dataset(const std::string &name, const std::vector<uint64_t> &shape, uint64_t count, hid_t stored, hid_t native,
               const void *data, bool deflate) {
    if (!usable(name))
      return;
    uint64_t cells = 1;
    for (uint64_t extent : shape)
      cells *= extent;
    if (cells != count)
      return fail({.code = 1011,
                   .message = "a shape does not fit the number of values",
                   .file = path,
                   .place = name,
                   .expected = std::to_string(cells),
                   .found = std::to_string(count)});
    const std::vector<hsize_t> extents(shape.begin(), shape.end());
    const Hdf5Handle space(extents.empty() ? H5Screate(H5S_SCALAR)
                                           : H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr),
                           H5Sclose);
    const Hdf5Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose), how(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_create_intermediate_group(links, 1);
    H5Pset_obj_track_times(how, 0); // The same data gives the same bytes.
    if (deflate && !extents.empty()) {
      std::vector<hsize_t> chunk = extents;
      for (uint64_t size = count; size > (1u << 18); size = (size + 1) / 2) {
        hsize_t &longest = *std::max_element(chunk.begin(), chunk.end());
        longest = (longest + 1) / 2;
      }
      H5Pset_chunk(how, static_cast<int>(chunk.size()), chunk.data());
      H5Pset_deflate(how, 4);
    }
    const Hdf5Handle set(H5Dcreate2(handle, name.c_str(), stored, space, links, how, H5P_DEFAULT), H5Dclose);
    if (check(set, name) && count)
      check(H5Dwrite(set, native, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), name);
  }
  void attach(const std::string &p, const std::string &name, hid_t stored, hid_t native, const void *data,
              const std::vector<hsize_t> &shape) {
    if (failure || !usable(name))
      return;
    if (!p.empty() && (!usable(p) || H5Lexists(handle, p.c_str(), H5P_DEFAULT) <= 0))
      group(p);
    const Hdf5Handle object(H5Oopen(handle, p.empty() ? "/" : p.c_str(), H5P_DEFAULT), H5Oclose);
    const Hdf5Handle space(
        shape.empty() ? H5Screate(H5S_SCALAR) : H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), H5Sclose);
    const Hdf5Handle made(H5Acreate2(object, name.c_str(), stored, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
    if (check(made, p + "@" + name))
      check(H5Awrite(made, native, data), p + "@" + name);
  }

  AtomicFile target; // What the handle writes to outlives it.
  Hdf5Sink sink;
  std::string path;
  bool compress;
  Hdf5Handle handle;
  std::optional<Error> failure;
};
} // namespace

Result<std::unique_ptr<Hdf5Writer>> Hdf5Writer::create(const std::string &path, bool compress) {
  RANVIER_TRY(AtomicFile file, AtomicFile::create(path));
  return std::unique_ptr<Hdf5Writer>(std::make_unique<Writer>(std::move(file), compress, path));
}
