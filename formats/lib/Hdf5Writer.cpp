//===- Hdf5Writer.cpp - Our own HDF5 files --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ranvier/Formats/Hdf5Writer.h"
#include "ranvier/Support/File.h"
#include <hdf5.h>
#include <algorithm>
#include <optional>

using namespace ranvier;
using namespace ranvier::formats;

namespace {
class Writer final : public Hdf5Writer {
public:
  Writer(AtomicFile file, bool compress, std::string path) : target(std::move(file)), path(std::move(path)), compress(compress) {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    handle = H5Fcreate(target->temporaryPath().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    check(handle, "the file");
  }
  ~Writer() override {
    if (handle >= 0)
      H5Fclose(handle);
  }

  void group(const std::string &name) override {
    if (!failure && H5Lexists(handle, name.c_str(), H5P_DEFAULT) <= 0) {
      const hid_t links = H5Pcreate(H5P_LINK_CREATE);
      H5Pset_create_intermediate_group(links, 1);
      const hid_t made = H5Gcreate2(handle, name.c_str(), links, H5P_DEFAULT, H5P_DEFAULT);
      check(made, name);
      H5Gclose(made);
      H5Pclose(links);
    }
  }
  void array(const std::string &n, std::span<const uint8_t> v, const std::vector<uint64_t> &s) override { put(n, v, s, H5T_STD_U8LE, H5T_NATIVE_UINT8); }
  void array(const std::string &n, std::span<const uint32_t> v, const std::vector<uint64_t> &s) override { put(n, v, s, H5T_STD_U32LE, H5T_NATIVE_UINT32); }
  void array(const std::string &n, std::span<const int32_t> v, const std::vector<uint64_t> &s) override { put(n, v, s, H5T_STD_I32LE, H5T_NATIVE_INT32); }
  void array(const std::string &n, std::span<const uint64_t> v, const std::vector<uint64_t> &s) override { put(n, v, s, H5T_STD_U64LE, H5T_NATIVE_UINT64); }
  void array(const std::string &n, std::span<const int64_t> v, const std::vector<uint64_t> &s) override { put(n, v, s, H5T_STD_I64LE, H5T_NATIVE_INT64); }
  void array(const std::string &n, std::span<const float> v, const std::vector<uint64_t> &s) override { put(n, v, s, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT); }
  void array(const std::string &n, std::span<const double> v, const std::vector<uint64_t> &s) override { put(n, v, s, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE); }
  void text(const std::string &name, const std::string &value) override { texts(name, {value}, {}); }
  void texts(const std::string &name, const std::vector<std::string> &values, const std::vector<uint64_t> &shape) override {
    std::vector<const char *> pointers;
    for (const auto &value : values)
      pointers.push_back(value.c_str());
    const hid_t type = textType();
    dataset(name, shape, values.size(), type, type, pointers.data(), false);
    H5Tclose(type);
  }
  void attribute(const std::string &p, const std::string &name, const std::string &value) override {
    const char *pointer = value.c_str();
    const hid_t type = textType();
    attach(p, name, type, type, &pointer);
    H5Tclose(type);
  }
  void attribute(const std::string &p, const std::string &name, double value) override { attach(p, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value); }
  void attribute(const std::string &p, const std::string &name, int64_t value) override { attach(p, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &value); }

  Result<void> finish() override {
    if (handle >= 0 && H5Fclose(std::exchange(handle, -1)) < 0)
      check(-1, "the file (disk full?)");
    if (failure)
      return *failure;
    return target->commit();
  }

private:
  static hid_t textType() {
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
  }
  void check(int64_t outcome, const std::string &what) {
    if (outcome < 0 && !failure)
      failure = Error{.code = 1010, .message = "cannot write HDF5", .file = path, .place = what, .kind = ErrorKind::System};
  }
  template <typename T> void put(const std::string &name, std::span<const T> values, const std::vector<uint64_t> &shape, hid_t stored, hid_t native) {
    dataset(name, shape, values.size(), stored, native, values.data(), compress && values.size() >= 64);
  }
  void dataset(const std::string &name, const std::vector<uint64_t> &shape, uint64_t count, hid_t stored, hid_t native, const void *data, bool deflate) {
    if (failure)
      return;
    std::vector<hsize_t> extents(shape.begin(), shape.end());
    const hid_t space = extents.empty() ? H5Screate(H5S_SCALAR) : H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr);
    const hid_t links = H5Pcreate(H5P_LINK_CREATE), plist = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    H5Pset_obj_track_times(plist, 0); // The same data gives the same bytes.
    if (deflate && !extents.empty() && count) {
      std::vector<hsize_t> chunk = extents;
      for (uint64_t size = count; size > (1u << 18); size = (size + 1) / 2)
        *std::max_element(chunk.begin(), chunk.end()) = (*std::max_element(chunk.begin(), chunk.end()) + 1) / 2;
      H5Pset_chunk(plist, static_cast<int>(chunk.size()), chunk.data());
      H5Pset_deflate(plist, 4);
    }
    const hid_t set = H5Dcreate2(handle, name.c_str(), stored, space, links, plist, H5P_DEFAULT);
    check(set, name);
    if (set >= 0 && count)
      check(H5Dwrite(set, native, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), name);
    H5Dclose(set), H5Sclose(space), H5Pclose(links), H5Pclose(plist);
  }
  void attach(const std::string &p, const std::string &name, hid_t stored, hid_t native, const void *data) {
    if (failure)
      return;
    if (!p.empty() && H5Lexists(handle, p.c_str(), H5P_DEFAULT) <= 0)
      group(p);
    const hid_t object = H5Oopen(handle, p.empty() ? "/" : p.c_str(), H5P_DEFAULT), space = H5Screate(H5S_SCALAR);
    const hid_t made = H5Acreate2(object, name.c_str(), stored, space, H5P_DEFAULT, H5P_DEFAULT);
    check(made, p + "@" + name);
    if (made >= 0)
      check(H5Awrite(made, native, data), p + "@" + name);
    H5Aclose(made), H5Sclose(space), H5Oclose(object);
  }

  std::optional<AtomicFile> target;
  std::string path;
  bool compress;
  hid_t handle = -1;
  std::optional<Error> failure;
};
} // namespace

Result<std::unique_ptr<Hdf5Writer>> Hdf5Writer::create(const std::string &path, bool compress) {
  RANVIER_TRY(AtomicFile file, AtomicFile::create(path));
  return std::unique_ptr<Hdf5Writer>(std::make_unique<Writer>(std::move(file), compress, path));
}
