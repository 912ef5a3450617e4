//===- Hdf5Sink.cpp - Where libhdf5 writes our files ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Hdf5Sink.h"
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

using namespace ranvier::formats;

struct Hdf5Sink::State {
  int fd;
  int error = 0; ///< errno of the first failure.
};

namespace {
/// What libhdf5 takes for an open file; it knows the part in front.
struct DriverFile {
  H5FD_t known;
  Hdf5Sink::State *state;
  haddr_t allocated, end;
};
constexpr haddr_t mostAddress = (haddr_t(1) << 62) - 1;

DriverFile *own(H5FD_t *file) { return reinterpret_cast<DriverFile *>(file); }
const DriverFile *own(const H5FD_t *file) { return reinterpret_cast<const DriverFile *>(file); }

H5FD_t *openFile(const char *, unsigned, hid_t access, haddr_t) {
  const auto *state = static_cast<Hdf5Sink::State *const *>(H5Pget_driver_info(access));
  auto *file = state ? static_cast<DriverFile *>(std::calloc(1, sizeof(DriverFile))) : nullptr;
  if (!file)
    return nullptr;
  file->state = *state;
  return &file->known;
}
herr_t closeFile(H5FD_t *file) {
  std::free(file);
  return 0;
}
herr_t queryFeatures(const H5FD_t *, unsigned long *flags) {
  if (flags)
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE | H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}
haddr_t getAllocated(const H5FD_t *file, H5FD_mem_t) { return own(file)->allocated; }
herr_t setAllocated(H5FD_t *file, H5FD_mem_t, haddr_t address) {
  own(file)->allocated = address;
  return 0;
}
haddr_t getEnd(const H5FD_t *file, H5FD_mem_t) { return own(file)->end; }

/// What was never written, or was lost, reads as zeros.
herr_t readFile(H5FD_t *file, H5FD_mem_t, hid_t, haddr_t at, size_t size, void *into) {
  auto *to = static_cast<char *>(into);
  while (size) {
    const ssize_t got = ::pread(own(file)->state->fd, to, size, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0) {
      std::memset(to, 0, size);
      return 0;
    }
    to += got, at += static_cast<haddr_t>(got), size -= static_cast<size_t>(got);
  }
  return 0;
}

herr_t writeFile(H5FD_t *file, H5FD_mem_t, hid_t, haddr_t at, size_t size, const void *data) {
  const auto *from = static_cast<const char *>(data);
  own(file)->end = std::max(own(file)->end, at + size);
  while (size && !own(file)->state->error) {
    const ssize_t put = ::pwrite(own(file)->state->fd, from, size, static_cast<off_t>(at));
    if (put < 0 && errno == EINTR)
      continue;
    if (put <= 0) {
      own(file)->state->error = put < 0 ? errno : EIO;
      break;
    }
    from += put, at += static_cast<haddr_t>(put), size -= static_cast<size_t>(put);
  }
  return 0;
}

herr_t truncateFile(H5FD_t *file, hid_t, hbool_t) {
  if (own(file)->allocated == own(file)->end)
    return 0;
  if (!own(file)->state->error && ::ftruncate(own(file)->state->fd, static_cast<off_t>(own(file)->allocated)) != 0)
    own(file)->state->error = errno;
  own(file)->end = own(file)->allocated;
  return 0;
}

hid_t driver() {
  static const H5FD_class_t description = [] {
    H5FD_class_t out{};
#if H5_VERSION_GE(1, 13, 2)
    out.version = H5FD_CLASS_VERSION;
    out.value = static_cast<H5FD_class_value_t>(600); // 512 and above are free for the users of libhdf5.
#endif
    out.name = "ranvier sink";
    out.maxaddr = mostAddress;
    out.fc_degree = H5F_CLOSE_STRONG;
    out.fapl_size = sizeof(Hdf5Sink::State *);
    out.open = openFile;
    out.close = closeFile;
    out.query = queryFeatures;
    out.get_eoa = getAllocated;
    out.set_eoa = setAllocated;
    out.get_eof = getEnd;
    out.read = readFile;
    out.write = writeFile;
    out.truncate = truncateFile;
    const H5FD_mem_t map[H5FD_MEM_NTYPES] = H5FD_FLMAP_DICHOTOMY;
    std::copy(std::begin(map), std::end(map), std::begin(out.fl_map));
    return out;
  }();
  static const hid_t id = H5FDregister(&description);
  return id;
}
} // namespace

Hdf5Sink::Hdf5Sink(int fd) : state(std::make_unique<State>(State{fd})) {}
Hdf5Sink::~Hdf5Sink() = default;

void Hdf5Sink::quiet() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

Hdf5Handle Hdf5Sink::create() {
  quiet();
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  State *info = state.get();
  if (H5Pset_driver(access, driver(), &info) < 0)
    return {};
  return Hdf5Handle(H5Fcreate("file", H5F_ACC_TRUNC, H5P_DEFAULT, access), H5Fclose);
}

bool Hdf5Sink::failed() const { return state->error != 0; }

std::string Hdf5Sink::reason() const {
  if (state->error)
    return std::strerror(state->error);
  std::string innermost;
  auto visit = [](unsigned, const H5E_error2_t *entry, void *data) -> herr_t {
    auto &out = *static_cast<std::string *>(data);
    if (out.empty() && entry->desc)
      out = entry->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, visit, &innermost);
  return innermost;
}

bool ranvier::formats::isHdf5Name(const std::string &name) {
  return !name.empty() && name != "." && name.find('/') == std::string::npos && name.find('\0') == std::string::npos;
}
