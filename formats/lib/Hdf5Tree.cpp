//===- Hdf5Tree.cpp - A foreign HDF5 file as plain data -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Hdf5Tree.h"
#include "Hdf5Handle.h"
#include "Hdf5Wire.h"
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace ranvier;
using namespace ranvier::formats;

#if defined(__has_feature)
#define RANVIER_HAS_FEATURE(x) __has_feature(x)
#else
#define RANVIER_HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || RANVIER_HAS_FEATURE(address_sanitizer) ||                     \
    RANVIER_HAS_FEATURE(thread_sanitizer)
#define RANVIER_RESERVES_TERABYTES 1
#else
#define RANVIER_RESERVES_TERABYTES 0
#endif

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
  switch (type == H5Type::Ragged ? numberType : type) {
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
  std::vector<double> out(isNumber() ? count() : 0);
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
  const H5Group *owner = slash == std::string::npos ? this : group(path.substr(0, slash));
  if (!owner)
    return nullptr;
  const auto found = owner->arrays.find(slash == std::string::npos ? path : path.substr(slash + 1));
  return found == owner->arrays.end() ? nullptr : &found->second;
}

namespace {
constexpr unsigned leastCpuSeconds = 2, mostCpuSeconds = 600, silentSeconds = 120;
constexpr int outOfMemory = 8, noReceiver = 9; ///< Exit codes of the child.

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
        ::_exit(noReceiver);
      at += put;
      size -= static_cast<size_t>(put);
    }
  }
  template <typename T> void value(T v) { bytes(&v, sizeof v); }
  void tag(wire::Tag t) { value(static_cast<uint8_t>(t)); }
  void text(const std::string &s) {
    value(static_cast<uint32_t>(s.size()));
    bytes(s.data(), s.size());
  }
  [[noreturn]] void fail(uint32_t code, const std::string &message, const std::string &place = "") {
    tag(wire::Failed);
    value(code);
    text(message);
    text(place);
    ::_exit(0);
  }

private:
  int fd;
};

void limit(int what, rlim_t soft, rlim_t hard) {
  const rlimit both{soft, hard};
  ::setrlimit(static_cast<__rlimit_resource>(what), &both);
}

/// Computing time of the child: some corrupt files make libhdf5 loop for ever. What is read honestly earns time.
class CpuBudget {
public:
  CpuBudget() { set(); }
  void object() { add(5e-4); }
  void bytes(uint64_t count) { add(static_cast<double>(count) / (1 << 24)); }

private:
  void add(double more) {
    if (static_cast<rlim_t>(seconds + more) != static_cast<rlim_t>(seconds)) {
      seconds += more;
      set();
    } else {
      seconds += more;
    }
  }
  void set() const { limit(RLIMIT_CPU, std::min<rlim_t>(mostCpuSeconds, static_cast<rlim_t>(seconds)), mostCpuSeconds + 5); }
  double seconds = leastCpuSeconds;
};

/// HDF5 clips integers that do not fit their new type; ask it to stop instead.
H5T_conv_ret_t refuseClipping(H5T_conv_except_t what, hid_t, hid_t into, void *, void *, void *) {
  const bool clips = (what == H5T_CONV_EXCEPT_RANGE_HI || what == H5T_CONV_EXCEPT_RANGE_LOW) && H5Tget_class(into) == H5T_INTEGER;
  return clips ? H5T_CONV_ABORT : H5T_CONV_UNHANDLED;
}

/// Walks the file and sends what it finds. Runs in the child only: anything odd ends the process with a message.
class Walker {
public:
  Walker(Sender &out, const H5ReadOptions &options) : out(out), options(options) {}

  void file(const char *path) {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    H5PLset_loading_state(0);
    if (H5Fis_hdf5(path) <= 0)
      out.fail(1001, "the file is not HDF5");
    const Hdf5Handle handle(H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    if (!handle)
      out.fail(1001, "the file cannot be opened as HDF5");
    const Hdf5Handle root(H5Gopen2(handle, "/", H5P_DEFAULT), H5Gclose);
    if (!root)
      out.fail(1004, "the root group cannot be opened", "/");
    attributes(root, "", wire::Attribute, "");
    members(root, "", 0);
    out.tag(wire::Finished);
  }

private:
  void members(hid_t group, const std::string &path, unsigned depth) {
    if (depth > wire::maxDepth)
      out.fail(1002, "groups are nested too deeply", "/" + path);
    H5G_info_t info;
    if (H5Gget_info(group, &info) < 0)
      out.fail(1004, "a group cannot be read", "/" + path);
    for (hsize_t k = 0; k < info.nlinks; ++k) {
      countObject(path);
      char name[1024];
      const ssize_t length = H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, k, name, sizeof name, H5P_DEFAULT);
      H5L_info_t link;
      if (length <= 0 || length >= static_cast<ssize_t>(sizeof name) || H5Lget_info(group, name, &link, H5P_DEFAULT) < 0)
        out.fail(1004, "a link cannot be read", "/" + path);
      member(group, name, path.empty() ? name : path + "/" + name, link.type == H5L_TYPE_HARD, depth);
    }
  }

  void member(hid_t group, const char *name, const std::string &full, bool hard, unsigned depth) {
    if (!hard)
      out.fail(1004, "soft and external links are refused", "/" + full);
    const Hdf5Handle object(H5Oopen(group, name, H5P_DEFAULT), H5Oclose);
    if (!object)
      out.fail(1004, "an object cannot be opened", "/" + full);
    const H5I_type_t type = H5Iget_type(object);
    if (type == H5I_GROUP) {
      out.tag(wire::GroupBegin);
      out.text(name);
      attributes(object, full, wire::Attribute, "");
      members(object, full, depth + 1);
      out.tag(wire::GroupEnd);
    } else if (type == H5I_DATASET) {
      dataset(object, name, full);
      attributes(object, full, wire::ArrayAttribute, name);
    } else {
      out.fail(1004, "an object is neither group nor data set", "/" + full);
    }
  }

  void countObject(const std::string &path) {
    if (++objects > wire::maxObjects)
      out.fail(1002, "the file holds too many objects", "/" + path);
    cpu.object();
  }

  void attributes(hid_t object, const std::string &path, wire::Tag tag, const std::string &owner) {
    H5O_info_t info;
    if (H5Oget_info2(object, &info, H5O_INFO_NUM_ATTRS) < 0)
      out.fail(1004, "attributes cannot be read", "/" + path);
    for (hsize_t k = 0; k < info.num_attrs; ++k) {
      countObject(path);
      const Hdf5Handle attribute(H5Aopen_by_idx(object, ".", H5_INDEX_NAME, H5_ITER_INC, k, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
      char name[1024];
      const ssize_t length = attribute ? H5Aget_name(attribute, sizeof name, name) : -1;
      if (length <= 0 || length >= static_cast<ssize_t>(sizeof name))
        out.fail(1004, "an attribute cannot be read", "/" + path);
      const Hdf5Handle space(H5Aget_space(attribute), H5Sclose), stored(H5Aget_type(attribute), H5Tclose);
      const Contents found = contents(space, stored, path + "@" + name, true,
                                      [&](hid_t type, void *into) { return H5Aread(attribute, type, into) >= 0; });
      out.tag(tag);
      if (tag == wire::ArrayAttribute)
        out.text(owner);
      send(name, found);
    }
  }

  void dataset(hid_t object, const char *name, const std::string &path) {
    const Hdf5Handle made(H5Dget_create_plist(object), H5Pclose), transfer(H5Pcreate(H5P_DATASET_XFER), H5Pclose);
    if (!made || H5Pget_external_count(made) != 0 || H5Pget_layout(made) == H5D_VIRTUAL)
      out.fail(1004, "external and virtual storage are refused", "/" + path);
    H5Pset_type_conv_cb(transfer, refuseClipping, nullptr);
    const bool wanted = options.only.empty() || std::find(options.only.begin(), options.only.end(), path) != options.only.end();
    const Hdf5Handle space(H5Dget_space(object), H5Sclose), stored(H5Dget_type(object), H5Tclose);
    const auto read = [&](hid_t type, void *into) { return H5Dread(object, type, H5S_ALL, H5S_ALL, transfer, into) >= 0; };
    const bool ragged = wanted && options.ragged && H5Tget_class(stored) == H5T_VLEN;
    if (ragged)
      H5Pset_vlen_mem_manager(transfer, Walker::allocate, this, Walker::release, nullptr);
    reading = path;
    const Contents found = ragged ? sequences(space, stored, path, read) : contents(space, stored, path, wanted, read);
    out.tag(wire::Array);
    send(name, found);
  }

  /// An array that was read whole: a failure must not fall into the middle of a message.
  struct Contents {
    H5Type type = H5Type::Absent;
    std::vector<uint64_t> shape;
    std::string numbers;
    std::vector<std::string> texts;
    H5Type numberType = H5Type::Absent;
    std::vector<uint64_t> lengths;
  };
  void send(const char *name, const Contents &array) {
    out.text(name);
    out.value(static_cast<uint8_t>(array.type));
    out.value(static_cast<uint32_t>(array.shape.size()));
    for (uint64_t extent : array.shape)
      out.value(extent);
    if (array.type == H5Type::Ragged)
      out.value(static_cast<uint8_t>(array.numberType));
    out.bytes(array.lengths.data(), array.lengths.size() * sizeof(uint64_t));
    out.bytes(array.numbers.data(), array.numbers.size());
    for (const auto &text : array.texts)
      out.text(text);
  }

  /// How a stored type crosses: numbers as the nearest of four types, booleans (numpy: an enumeration over one byte) as bytes.
  std::pair<H5Type, hid_t> crossing(hid_t stored, const std::string &path) {
    const size_t size = H5Tget_size(stored);
    switch (H5Tget_class(stored)) {
    case H5T_FLOAT:
      return size <= 4 ? std::pair(H5Type::F32, H5T_NATIVE_FLOAT) : std::pair(H5Type::F64, H5T_NATIVE_DOUBLE);
    case H5T_INTEGER:
      return size == 1 && H5Tget_sign(stored) == H5T_SGN_NONE ? std::pair(H5Type::U8, H5T_NATIVE_UINT8)
                                                              : std::pair(H5Type::I64, H5T_NATIVE_INT64);
    case H5T_ENUM:
    case H5T_BITFIELD:
      if (size != 1)
        out.fail(1004, "enumerations of more than a byte are refused", "/" + path);
      return {H5Type::U8, stored};
    case H5T_STRING:
      return {H5Type::Text, stored};
    default:
      out.fail(1004, "a type is neither number nor text", "/" + path);
    }
  }

  /// The shape of an array; returns the number of its elements.
  uint64_t shapeOf(hid_t space, const std::string &path, std::vector<uint64_t> &shape) {
    const int rank = H5Sget_simple_extent_ndims(space);
    hsize_t extents[H5S_MAX_RANK];
    if (rank < 0 || H5Sget_simple_extent_type(space) == H5S_NULL || H5Sget_simple_extent_dims(space, extents, nullptr) < 0)
      out.fail(1004, "an array has no shape", "/" + path);
    if (rank > static_cast<int>(wire::maxRank))
      out.fail(1004, "an array has more than " + std::to_string(wire::maxRank) + " axes", "/" + path);
    uint64_t count = 1;
    for (int axis = 0; axis < rank; ++axis)
      if (__builtin_mul_overflow(count, std::max<uint64_t>(1, extents[axis]), &count))
        out.fail(1002, "a shape is too large", "/" + path);
    if (std::find(extents, extents + rank, 0) != extents + rank)
      count = 0;
    shape.assign(extents, extents + rank);
    return count;
  }

  template <typename Read> Contents contents(hid_t space, hid_t stored, const std::string &path, bool wanted, Read read) {
    Contents found;
    const uint64_t count = shapeOf(space, path, found.shape);
    if (!wanted)
      return found;
    const auto [type, native] = crossing(stored, path);
    found.type = type;
    if (type == H5Type::Text) {
      found.texts = texts(space, stored, count, path, read);
      return found;
    }
    if (count > options.maxNumbers || (numbers += count) > options.maxNumbers)
      out.fail(1002, "the file holds more than " + std::to_string(options.maxNumbers) + " numbers", "/" + path);
    uint64_t size = 0;
    if (__builtin_mul_overflow(count, static_cast<uint64_t>(wire::elementSize(type)), &size) || size > options.maxBytes)
      out.fail(1002, tooMuch(), "/" + path);
    spend(size, path);
    found.numbers.resize(size);
    if (count && !read(native, found.numbers.data()))
      out.fail(1004, "an array cannot be read", "/" + path);
    return found;
  }

  /// Memory of one sequence: counted as it is asked for, because many elements of a file may name one long sequence.
  static void *allocate(size_t size, void *walker) {
    auto &self = *static_cast<Walker *>(walker);
    self.spend(size, self.reading);
    return std::malloc(std::max<size_t>(size, 1));
  }
  static void release(void *memory, void *) { std::free(memory); }

  /// A data set whose elements are sequences of numbers.
  template <typename Read> Contents sequences(hid_t space, hid_t stored, const std::string &path, Read read) {
    Contents found;
    const uint64_t count = shapeOf(space, path, found.shape);
    if (count > wire::maxSequences)
      out.fail(1002, "an array holds too many sequences", "/" + path);
    const Hdf5Handle element(H5Tget_super(stored), H5Tclose);
    const auto [type, native] = crossing(element, path);
    if (type == H5Type::Text)
      out.fail(1004, "a type is neither number nor text", "/" + path);
    const Hdf5Handle wanted(H5Tvlen_create(native), H5Tclose);
    spend(count * sizeof(hvl_t), path);
    std::vector<hvl_t> rows(count, hvl_t{0, nullptr});
    if (count && !read(wanted, rows.data()))
      out.fail(1004, "an array cannot be read", "/" + path);
    found.type = H5Type::Ragged;
    found.numberType = type;
    uint64_t all = 0;
    for (const hvl_t &row : rows)
      all += row.len;
    if (all > options.maxNumbers || (numbers += all) > options.maxNumbers)
      out.fail(1002, "the file holds more than " + std::to_string(options.maxNumbers) + " numbers", "/" + path);
    found.numbers.reserve(all * wire::elementSize(type));
    for (hvl_t &row : rows) {
      found.lengths.push_back(row.len);
      if (row.len)
        found.numbers.append(static_cast<const char *>(row.p), row.len * wire::elementSize(type));
      std::free(row.p);
    }
    return found;
  }

  std::string tooMuch() const { return "the file holds more than " + std::to_string(options.maxBytes >> 20) + " MiB"; }
  void spend(uint64_t size, const std::string &path) {
    if ((total += size) > options.maxBytes)
      out.fail(1002, tooMuch(), "/" + path);
    cpu.bytes(size);
  }

  template <typename Read>
  std::vector<std::string> texts(hid_t space, hid_t stored, uint64_t count, const std::string &path, Read read) {
    std::vector<std::string> found;
    if (count > wire::maxObjects)
      out.fail(1002, "an array holds too many strings", "/" + path);
    if (H5Tis_variable_str(stored) > 0) {
      std::vector<char *> pointers(count, nullptr);
      const Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
      H5Tset_size(type, H5T_VARIABLE);
      H5Tset_cset(type, H5Tget_cset(stored));
      if (count && !read(type, pointers.data()))
        out.fail(1004, "strings cannot be read", "/" + path);
      for (const char *pointer : pointers)
        keep(found, pointer ? pointer : "", pointer ? std::strlen(pointer) : 0, path);
      if (count)
        H5Dvlen_reclaim(type, space, H5P_DEFAULT, pointers.data());
      return found;
    }
    const size_t width = H5Tget_size(stored);
    uint64_t size = 0;
    if (width == 0 || width > wire::maxText || __builtin_mul_overflow(width, count, &size) || size > options.maxBytes)
      out.fail(1002, "strings are too long", "/" + path);
    std::string buffer(size, '\0');
    if (count && !read(stored, buffer.data()))
      out.fail(1004, "strings cannot be read", "/" + path);
    // Padded by spaces or zeros, or ended by a zero, as the type says.
    const bool spaces = H5Tget_strpad(stored) == H5T_STR_SPACEPAD;
    for (uint64_t k = 0; k < count; ++k) {
      const char *at = buffer.data() + k * width;
      size_t length = ::strnlen(at, width);
      while (spaces && length && at[length - 1] == ' ')
        --length;
      keep(found, at, length, path);
    }
    return found;
  }
  void keep(std::vector<std::string> &found, const char *text, size_t length, const std::string &path) {
    if (length > wire::maxText)
      out.fail(1002, "a string is too long", "/" + path);
    spend(length, path);
    found.emplace_back(text, length);
  }

  Sender &out;
  const H5ReadOptions &options;
  std::string reading; ///< The data set whose sequences are being read.
  uint64_t objects = 0, total = 0, numbers = 0;
  CpuBudget cpu;
};

/// The parent's end of the pipe.
class Receiver {
public:
  explicit Receiver(int fd) : fd(fd), buffer(1 << 16, '\0') {}
  Receiver(const Receiver &) = delete;
  ~Receiver() { ::close(fd); }
  bool silent() const { return timedOut; }
  bool ended() const { return closed; } ///< The child has said all it will.

  bool read(void *into, size_t size) {
    char *to = static_cast<char *>(into);
    while (size) {
      if (first == last && !fill())
        return false;
      const size_t piece = std::min(size, last - first);
      std::memcpy(to, buffer.data() + first, piece);
      first += piece, to += piece, size -= piece;
    }
    return true;
  }

private:
  bool fill() {
    for (;;) {
      pollfd waiting{fd, POLLIN, 0};
      const int ready = ::poll(&waiting, 1, silentSeconds * 1000);
      if (ready < 0 && errno == EINTR)
        continue;
      timedOut = ready == 0;
      const ssize_t got = ready > 0 ? ::read(fd, buffer.data(), buffer.size()) : -1;
      if (got < 0 && ready > 0 && errno == EINTR)
        continue;
      first = 0, last = got > 0 ? static_cast<size_t>(got) : 0;
      closed = ready > 0 && got == 0;
      return got > 0;
    }
  }
  int fd;
  std::string buffer;
  size_t first = 0, last = 0;
  bool timedOut = false, closed = false;
};

/// Address space of this process, which the child starts with.
uint64_t addressSpace() {
  unsigned long long pages = 0;
  if (std::FILE *file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%llu", &pages) != 1)
      pages = 0;
    std::fclose(file);
  }
  return pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

void limitChild(uint64_t memory) {
  if (!RANVIER_RESERVES_TERABYTES)
    limit(RLIMIT_AS, memory, memory);
  limit(RLIMIT_CORE, 0, 0);
  limit(RLIMIT_FSIZE, 0, 0);
}

[[noreturn]] void readInChild(const std::string &path, const H5ReadOptions &options, int pipe, pid_t parent, uint64_t memory) {
  for (int signalNumber : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGINT, SIGTERM, SIGHUP, SIGXCPU})
    ::signal(signalNumber, SIG_DFL); // No handler of the parent's may run here.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent)
    ::_exit(noReceiver);
  const int null = ::open("/dev/null", O_RDWR);
  ::dup2(null, 0), ::dup2(null, 1), ::dup2(null, 2);
  limitChild(memory);
  try {
    Sender sender(pipe);
    Walker(sender, options).file(path.c_str());
  } catch (...) {
    ::_exit(outOfMemory);
  }
  ::_exit(0);
}

/// Waits for the child, which is ended unless it has closed its end of the pipe, and says how it came to its end.
std::string endOf(pid_t child, const Receiver &receiver) {
  int status = 0;
  if (!receiver.ended())
    ::kill(child, SIGKILL);
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      return "";
  if (receiver.silent())
    return "no answer for " + std::to_string(silentSeconds) + " s";
  if (!receiver.ended())
    return "an answer without meaning";
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
    return "endless computing";
  if (WIFSIGNALED(status))
    return "signal " + std::to_string(WTERMSIG(status)) + " in the reader";
  return WEXITSTATUS(status) == outOfMemory ? "the reader ran out of memory"
                                            : "exit code " + std::to_string(WEXITSTATUS(status)) + " of the reader";
}

Error cannotOpen(const std::string &path, std::string found) {
  return {.code = 1001, .message = "cannot open the file", .file = path, .expected = "a readable file", .found = std::move(found)};
}
} // namespace

Result<H5Group> formats::readHdf5(const std::string &path, const H5ReadOptions &options) {
  struct stat info = {};
  if (::stat(path.c_str(), &info) != 0 || ::access(path.c_str(), R_OK) != 0)
    return cannotOpen(path, std::strerror(errno));
  if (!S_ISREG(info.st_mode)) { // A pipe would block, a device may never end.
    Error refused = cannotOpen(path, S_ISDIR(info.st_mode) ? "a folder" : "no regular file");
    refused.hint =
        S_ISDIR(info.st_mode) ? "" : "HDF5 is read here and there, which pipes and devices do not allow: write it to a file first";
    return refused;
  }
  int ends[2];
  auto noReader = [&] {
    return Error{
        .code = 1003, .message = "cannot start a reader", .file = path, .found = std::strerror(errno), .kind = ErrorKind::System};
  };
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return noReader();
  // Room for an array, what a filter makes of it, and libhdf5 itself.
  const uint64_t memory = addressSpace() + (uint64_t(1) << 30) + 2 * options.maxBytes;
  const pid_t parent = ::getpid(), child = ::fork();
  if (child < 0) {
    Error failure = noReader();
    ::close(ends[0]), ::close(ends[1]);
    return failure;
  }
  if (child == 0) {
    ::close(ends[0]); // Or the child would wait for a reader that is itself.
    readInChild(path, options, ends[1], parent, memory);
  }
  ::close(ends[1]);
  Receiver receiver(ends[0]);
  auto tree = wire::decode([&](void *into, size_t size) { return receiver.read(into, size); }, path, options);
  const std::string end = endOf(child, receiver);
  if (!tree && tree.error().code == 1003) {
    tree.error().found = end;
    tree.error().hint = "the file is probably corrupt";
  }
  if (!tree && tree.error().code == 1001) {
    tree.error().expected = "a whole HDF5 file";
    tree.error().found = std::to_string(info.st_size) + " bytes of something else, or damaged ones";
  }
  return tree;
}
