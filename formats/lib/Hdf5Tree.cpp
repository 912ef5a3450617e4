//===- Hdf5Tree.cpp - A foreign HDF5 file as plain data -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Hdf5Tree.h"
#include <algorithm>
#include <cstring>
#include <hdf5.h>
#include <poll.h>
#include <fcntl.h>
#include <csignal>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace ranvier;
using namespace ranvier::formats;

uint64_t H5Array::count() const {
  uint64_t n = 1;
  for (uint64_t extent : shape)
    n *= extent;
  return n;
}

double H5Array::number(uint64_t index) const {
  auto at = [&](auto sample) {
    std::memcpy(&sample, raw.data() + index * sizeof sample, sizeof sample);
    return static_cast<double>(sample);
  };
  switch (type) {
  case H5Type::U8:
    return at(uint8_t());
  case H5Type::I64:
    return at(int64_t());
  case H5Type::F32:
    return at(float());
  case H5Type::F64:
    return at(double());
  default:
    return 0;
  }
}

std::vector<double> H5Array::numbers() const {
  std::vector<double> out(count());
  for (uint64_t k = 0; k < out.size(); ++k)
    out[k] = number(k);
  return out;
}

const H5Group *H5Group::group(const std::string &path) const {
  const H5Group *at = this;
  for (size_t start = 0; at && start < path.size();) {
    const size_t slash = std::min(path.find('/', start), path.size());
    const auto found = at->groups.find(path.substr(start, slash - start));
    at = found == at->groups.end() ? nullptr : &found->second;
    start = slash + 1;
  }
  return at;
}

const H5Array *H5Group::array(const std::string &path) const {
  const size_t slash = path.rfind('/');
  const H5Group *parent = slash == std::string::npos ? this : group(path.substr(0, slash));
  if (!parent)
    return nullptr;
  const auto found = parent->arrays.find(slash == std::string::npos ? path : path.substr(slash + 1));
  return found == parent->arrays.end() ? nullptr : &found->second;
}

//===--- The wire: u8 tag, u32 name length, name, then the thing ----------===//

namespace {
enum Tag : uint8_t { GroupBegin = 1, GroupEnd = 2, Array = 3, Attribute = 4, ArrayAttribute = 5, Finished = 6, Failed = 7 };
constexpr unsigned maxDepth = 24, maxRank = 8;
constexpr uint64_t maxObjects = 200000;
constexpr int sizes[] = {1, 8, 4, 8};

/// Writes to the pipe; the child ends quietly when the parent has gone.
class Sender {
public:
  explicit Sender(int fd) : fd(fd) {}
  void bytes(const void *data, size_t size) {
    const char *at = static_cast<const char *>(data);
    while (size) {
      const ssize_t put = ::write(fd, at, size);
      if (put < 0 && errno == EINTR)
        continue;
      if (put <= 0)
        ::_exit(9);
      at += put;
      size -= static_cast<size_t>(put);
    }
  }
  template <typename T> void value(T v) { bytes(&v, sizeof v); }
  void text(const std::string &s) {
    value(static_cast<uint32_t>(s.size()));
    bytes(s.data(), s.size());
  }
  [[noreturn]] void fail(uint32_t code, const std::string &message) {
    value(static_cast<uint8_t>(Failed));
    value(code);
    text(message);
    ::_exit(0);
  }

private:
  int fd;
};

/// Runs in the child only. Anything odd ends it with a message.
class Walker {
public:
  Walker(Sender &out, const H5ReadOptions &options) : out(out), options(options) {}

  void file(const char *path) {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    H5PLset_loading_state(0);
    if (H5Fis_hdf5(path) <= 0)
      out.fail(1001, "the file is not HDF5");
    const hid_t handle = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (handle < 0)
      out.fail(1001, "the file cannot be opened as HDF5");
    const hid_t root = H5Gopen2(handle, "/", H5P_DEFAULT);
    if (root < 0)
      out.fail(1004, "no root group");
    attributes(root, "", Attribute);
    members(root, "", 0);
    out.value(static_cast<uint8_t>(Finished));
  }

private:
  void members(hid_t group, const std::string &path, unsigned depth) {
    if (depth > maxDepth)
      out.fail(1002, "groups are nested too deeply");
    H5G_info_t info;
    if (H5Gget_info(group, &info) < 0)
      out.fail(1004, "a group cannot be read: /" + path);
    for (hsize_t k = 0; k < info.nlinks; ++k) {
      if (++objects > maxObjects)
        out.fail(1002, "too many objects");
      char name[1024];
      const ssize_t length = H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, k, name, sizeof name, H5P_DEFAULT);
      H5L_info_t link;
      if (length <= 0 || length >= static_cast<ssize_t>(sizeof name) || H5Lget_info(group, name, &link, H5P_DEFAULT) < 0)
        out.fail(1004, "a link cannot be read in /" + path);
      const std::string full = path.empty() ? name : path + "/" + name;
      if (link.type != H5L_TYPE_HARD)
        out.fail(1004, "soft and external links are refused: /" + full);
      const hid_t object = H5Oopen(group, name, H5P_DEFAULT);
      if (object < 0)
        out.fail(1004, "an object cannot be opened: /" + full);
      const H5I_type_t type = H5Iget_type(object);
      if (type == H5I_GROUP) {
        out.value(static_cast<uint8_t>(GroupBegin));
        out.text(name);
        attributes(object, full, Attribute);
        members(object, full, depth + 1);
        out.value(static_cast<uint8_t>(GroupEnd));
      } else if (type == H5I_DATASET) {
        dataset(object, name, full);
        attributes(object, full, ArrayAttribute, name);
      } else {
        out.fail(1004, "an object is neither group nor data set: /" + full);
      }
      H5Oclose(object);
    }
  }

  void attributes(hid_t object, const std::string &path, Tag tag, const char *owner = nullptr) {
    H5O_info_t info;
    if (H5Oget_info2(object, &info, H5O_INFO_NUM_ATTRS) < 0)
      out.fail(1004, "attributes cannot be read: /" + path);
    for (hsize_t k = 0; k < info.num_attrs; ++k) {
      if (++objects > maxObjects)
        out.fail(1002, "too many attributes");
      const hid_t attribute = H5Aopen_by_idx(object, ".", H5_INDEX_NAME, H5_ITER_INC, k, H5P_DEFAULT, H5P_DEFAULT);
      char name[1024];
      if (attribute < 0 || H5Aget_name(attribute, sizeof name, name) <= 0)
        out.fail(1004, "an attribute cannot be read: /" + path);
      out.value(static_cast<uint8_t>(tag));
      if (owner)
        out.text(owner);
      out.text(name);
      contents(H5Aget_space(attribute), H5Aget_type(attribute), path + "@" + name, true,
               [&](hid_t type, void *into) { return H5Aread(attribute, type, into) >= 0; });
      H5Aclose(attribute);
    }
  }

  void dataset(hid_t object, const char *name, const std::string &path) {
    const hid_t plist = H5Dget_create_plist(object);
    if (plist < 0 || H5Pget_external_count(plist) != 0 || H5Pget_layout(plist) == H5D_VIRTUAL)
      out.fail(1004, "external and virtual storage are refused: /" + path);
    H5Pclose(plist);
    const bool wanted = options.only.empty() || std::find(options.only.begin(), options.only.end(), path) != options.only.end();
    out.value(static_cast<uint8_t>(Array));
    out.text(name);
    contents(H5Dget_space(object), H5Dget_type(object), path, wanted,
             [&](hid_t type, void *into) { return H5Dread(object, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, into) >= 0; });
  }

  template <typename Read> void contents(hid_t space, hid_t stored, const std::string &path, bool wanted, Read read) {
    const int rank = H5Sget_simple_extent_ndims(space);
    hsize_t extents[H5S_MAX_RANK];
    if (rank < 0 || rank > static_cast<int>(maxRank) || H5Sget_simple_extent_type(space) == H5S_NULL ||
        H5Sget_simple_extent_dims(space, extents, nullptr) < 0)
      out.fail(1004, "a shape cannot be read, or has more than 8 axes: /" + path);
    uint64_t count = 1;
    for (int axis = 0; axis < rank; ++axis)
      if (__builtin_mul_overflow(count, static_cast<uint64_t>(extents[axis]), &count))
        out.fail(1002, "a shape is too large: /" + path);
    const H5T_class_t kind = H5Tget_class(stored);
    H5Type type = H5Type::Absent;
    hid_t native = -1;
    if (kind == H5T_FLOAT)
      type = H5Tget_size(stored) <= 4 ? H5Type::F32 : H5Type::F64, native = type == H5Type::F32 ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
    else if (kind == H5T_INTEGER || kind == H5T_ENUM || kind == H5T_BITFIELD)
      type = H5Tget_size(stored) == 1 && (kind != H5T_INTEGER || H5Tget_sign(stored) == H5T_SGN_NONE || true) ? H5Type::I64 : H5Type::I64,
      native = H5T_NATIVE_INT64;
    else if (kind == H5T_STRING)
      type = H5Type::Text;
    else
      out.fail(1004, "a type is neither number nor text: /" + path);
    if (kind == H5T_INTEGER && H5Tget_size(stored) == 1 && H5Tget_sign(stored) == H5T_SGN_NONE)
      type = H5Type::U8, native = H5T_NATIVE_UINT8;
    if (kind == H5T_ENUM || kind == H5T_BITFIELD)
      type = H5Type::U8, native = stored; // numpy bool: an enumeration over int8.
    if ((kind == H5T_ENUM || kind == H5T_BITFIELD) && H5Tget_size(stored) != 1)
      out.fail(1004, "enumerations of more than a byte are refused: /" + path);
    out.value(static_cast<uint8_t>(wanted ? type : H5Type::Absent));
    out.value(static_cast<uint32_t>(rank));
    for (int axis = 0; axis < rank; ++axis)
      out.value(static_cast<uint64_t>(extents[axis]));
    if (!wanted)
      return;
    if (type == H5Type::Text)
      return texts(stored, count, path, read);
    const uint64_t size = count * sizes[static_cast<int>(type)];
    if (count > options.maxBytes / 8 || (total += size) > options.maxBytes)
      out.fail(1002, "the file holds more than " + std::to_string(options.maxBytes >> 20) + " MiB of numbers");
    std::string buffer(size, '\0');
    if (count && !read(native, buffer.data()))
      out.fail(1004, "a data set cannot be read: /" + path);
    out.bytes(buffer.data(), buffer.size());
  }

  template <typename Read> void texts(hid_t stored, uint64_t count, const std::string &path, Read read) {
    if (count > maxObjects)
      out.fail(1002, "too many strings: /" + path);
    if (H5Tis_variable_str(stored) > 0) {
      std::vector<char *> pointers(count, nullptr);
      const hid_t type = H5Tcopy(H5T_C_S1);
      H5Tset_size(type, H5T_VARIABLE);
      H5Tset_cset(type, H5Tget_cset(stored));
      if (count && !read(type, pointers.data()))
        out.fail(1004, "strings cannot be read: /" + path);
      for (char *pointer : pointers)
        send(pointer ? std::string(pointer, ::strnlen(pointer, 1u << 20)) : std::string());
      return;
    }
    const size_t width = H5Tget_size(stored);
    if (width == 0 || width > (1u << 20) || width * count > options.maxBytes)
      out.fail(1002, "strings are too long: /" + path);
    std::string buffer(width * count, '\0');
    if (count && !read(stored, buffer.data()))
      out.fail(1004, "strings cannot be read: /" + path);
    for (uint64_t k = 0; k < count; ++k)
      send(std::string(buffer.data() + k * width, ::strnlen(buffer.data() + k * width, width)));
  }
  void send(const std::string &text) {
    if ((total += text.size()) > options.maxBytes)
      out.fail(1002, "too much text");
    out.text(text);
  }

  Sender &out;
  const H5ReadOptions &options;
  uint64_t objects = 0, total = 0;
};

/// Decodes what the child sent; every length is checked against what is left.
class Decoder {
public:
  Decoder(const std::string &bytes, const std::string &path) : bytes(bytes), path(path) {}

  Result<H5Group> run() {
    H5Group root;
    std::vector<H5Group *> stack{&root};
    for (;;) {
      uint8_t tag = 0;
      if (!take(tag))
        return broken();
      if (tag == Finished)
        return stack.size() == 1 && at == bytes.size() ? Result<H5Group>(std::move(root)) : broken();
      if (tag == Failed) {
        uint32_t code = 0;
        std::string message;
        if (!take(code) || !text(message) || code < 1001 || code > 1004)
          return broken();
        return Error{.code = code, .message = message, .file = path};
      }
      std::string name, owner;
      H5Array array;
      if (tag == GroupEnd) {
        if (stack.size() == 1)
          return broken();
        stack.pop_back();
      } else if (tag == GroupBegin) {
        if (!text(name) || stack.size() > maxDepth + 2)
          return broken();
        stack.push_back(&stack.back()->groups[name]);
      } else if (tag == Array || tag == Attribute) {
        if (!text(name) || !take(array))
          return broken();
        (tag == Array ? stack.back()->arrays : stack.back()->attributes)[name] = std::move(array);
      } else if (tag == ArrayAttribute) {
        if (!text(owner) || !text(name) || !take(array))
          return broken();
        stack.back()->arrayAttributes[owner][name] = std::move(array);
      } else {
        return broken();
      }
    }
  }

private:
  Error broken() const {
    return {.code = 1003, .message = "the file could not be read: the reader crashed or gave up on it", .file = path, .hint = "the file is probably corrupt"};
  }
  template <typename T> bool take(T &v) {
    if (bytes.size() - at < sizeof v)
      return false;
    std::memcpy(&v, bytes.data() + at, sizeof v);
    at += sizeof v;
    return true;
  }
  bool text(std::string &out) {
    uint32_t size = 0;
    if (!take(size) || bytes.size() - at < size)
      return false;
    out.assign(bytes, at, size);
    at += size;
    return true;
  }
  bool take(H5Array &out) {
    uint8_t type = 0;
    uint32_t rank = 0;
    if (!take(type) || type > static_cast<uint8_t>(H5Type::Absent) || !take(rank) || rank > maxRank)
      return false;
    out.type = static_cast<H5Type>(type);
    out.shape.resize(rank);
    uint64_t count = 1;
    for (uint64_t &extent : out.shape)
      if (!take(extent) || __builtin_mul_overflow(count, extent, &count))
        return false;
    if (out.type == H5Type::Absent)
      return true;
    if (out.type == H5Type::Text) {
      if (count > maxObjects)
        return false;
      out.texts.resize(count);
      return std::all_of(out.texts.begin(), out.texts.end(), [&](std::string &s) { return text(s); });
    }
    uint64_t size = 0;
    if (__builtin_mul_overflow(count, static_cast<uint64_t>(sizes[type]), &size) || bytes.size() - at < size)
      return false;
    out.raw.assign(bytes, at, size);
    at += size;
    return true;
  }

  const std::string &bytes;
  const std::string &path;
  size_t at = 0;
};

void limitChild(uint64_t maxBytes) {
  auto limit = [](int what, rlim_t value) {
    const rlimit both{value, value};
    ::setrlimit(static_cast<__rlimit_resource>(what), &both);
  };
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  limit(RLIMIT_AS, (uint64_t(4) << 30) + 2 * maxBytes); // Sanitizers reserve terabytes of address space.
#endif
  limit(RLIMIT_CPU, 60);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 0);
}
} // namespace

Result<H5Group> formats::readHdf5(const std::string &path, const H5ReadOptions &options) {
  if (::access(path.c_str(), R_OK) != 0)
    return Error{.code = 1001, .message = "cannot open the file", .file = path, .found = std::strerror(errno)};
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return Error{.code = 1003, .message = "cannot start a reader", .file = path, .found = std::strerror(errno), .kind = ErrorKind::System};
  const pid_t child = ::fork();
  if (child < 0) {
    ::close(ends[0]), ::close(ends[1]);
    return Error{.code = 1003, .message = "cannot start a reader", .file = path, .found = std::strerror(errno), .kind = ErrorKind::System};
  }
  if (child == 0) {
    for (int signalNumber : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGINT, SIGTERM, SIGHUP})
      ::signal(signalNumber, SIG_DFL); // No handler of the parent's may run here.
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, 0), ::dup2(null, 1), ::dup2(null, 2);
    limitChild(options.maxBytes);
    try {
      Sender sender(ends[1]);
      Walker(sender, options).file(path.c_str());
    } catch (...) {
      ::_exit(8);
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string bytes;
  char buffer[1 << 16];
  const uint64_t most = options.maxBytes + (uint64_t(64) << 20);
  bool whole = true;
  for (;;) {
    pollfd waiting{ends[0], POLLIN, 0};
    const int ready = ::poll(&waiting, 1, 120000);
    if (ready < 0 && errno == EINTR)
      continue;
    const ssize_t got = ready > 0 ? ::read(ends[0], buffer, sizeof buffer) : -1;
    if (got < 0 && ready > 0 && errno == EINTR)
      continue;
    if (got < 0 || bytes.size() > most) {
      whole = false;
      break;
    }
    if (got == 0)
      break;
    bytes.append(buffer, static_cast<size_t>(got));
  }
  ::close(ends[0]);
  if (!whole)
    ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return Decoder(whole ? bytes : std::string(), path).run();
}
