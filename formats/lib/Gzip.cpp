//===- Gzip.cpp - Texts that may be compressed ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Gzip.h"
#include "ranvier/Support/File.h"
#include <zlib.h>

using namespace ranvier;

namespace {
constexpr int gzipWindow = 15 + 16; // zlib: the largest window, a gzip frame.

struct Inflater {
  z_stream stream{};
  bool ready = inflateInit2(&stream, gzipWindow) == Z_OK;
  ~Inflater() { inflateEnd(&stream); }
};
struct Deflater {
  z_stream stream{};
  bool ready = deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK;
  ~Deflater() { deflateEnd(&stream); }
};

Bytef *bytesOf(const std::string &text) { return reinterpret_cast<Bytef *>(const_cast<char *>(text.data())); }
} // namespace

Result<std::string> formats::readText(const std::string &path, uint64_t maxBytes) {
  RANVIER_TRY(std::string packed, readFile(path, maxBytes));
  if (!path.ends_with(".gz"))
    return packed;
  const auto broken = [&](const std::string &found) {
    return Error{.code = 1091, .message = "the file is not compressed by gzip, or damaged", .file = path, .found = found};
  };
  Inflater inflater;
  if (!inflater.ready)
    return broken("zlib does not start");
  std::string text, part(1 << 16, '\0');
  z_stream &stream = inflater.stream;
  stream.next_in = bytesOf(packed);
  stream.avail_in = static_cast<uInt>(packed.size());
  for (;;) {
    stream.next_out = bytesOf(part);
    stream.avail_out = static_cast<uInt>(part.size());
    const int state = inflate(&stream, Z_NO_FLUSH);
    text.append(part, 0, part.size() - stream.avail_out);
    if (text.size() > maxBytes)
      return Error{.code = 9002,
                   .message = "the file unpacks to more than is allowed",
                   .file = path,
                   .expected = "at most " + std::to_string(maxBytes) + " bytes"};
    if (state == Z_STREAM_END) {
      if (stream.avail_in == 0)
        return text;
      if (inflateReset(&stream) != Z_OK) // Another member follows.
        return broken("bytes after the end");
    } else if (state != Z_OK) {
      return broken(stream.msg ? stream.msg : "it ends too early");
    }
  }
}

Result<void> formats::writeText(const std::string &path, const std::string &text) {
  if (!path.ends_with(".gz"))
    return writeFileAtomically(path, text);
  Deflater deflater;
  RANVIER_ASSERT(deflater.ready, "zlib starts");
  std::string packed(deflateBound(&deflater.stream, static_cast<uLong>(text.size())) + 64, '\0');
  z_stream &stream = deflater.stream;
  stream.next_in = bytesOf(text);
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = bytesOf(packed);
  stream.avail_out = static_cast<uInt>(packed.size());
  RANVIER_ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END, "a buffer of zlib's own bound holds the result");
  packed.resize(packed.size() - stream.avail_out);
  return writeFileAtomically(path, packed);
}
