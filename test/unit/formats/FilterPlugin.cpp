// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A filter plug-in of libhdf5 that leaves a mark where it is loaded: the reader of foreign files must never load it.
#include <H5PLextern.h>
#include <cstdio>
#include <cstdlib>

namespace {
size_t passOn(unsigned, size_t, const unsigned *, size_t bytes, size_t *, void **) { return bytes; }
const H5Z_class2_t filter = {H5Z_CLASS_T_VERS, 32000, 1, 1, "mark", nullptr, nullptr, passOn};
} // namespace

extern "C" {
H5PL_type_t H5PLget_plugin_type() { return H5PL_TYPE_FILTER; }
const void *H5PLget_plugin_info() {
  if (const char *path = std::getenv("RANVIER_TEST_MARK"))
    if (std::FILE *file = std::fopen(path, "w"))
      std::fclose(file);
  return &filter;
}
}
