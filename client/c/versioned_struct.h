#ifndef TILEWRIGHT_CLIENT_C_VERSIONED_STRUCT_H_
#define TILEWRIGHT_CLIENT_C_VERSIONED_STRUCT_H_

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"

namespace tilewright::c {

// Returns a caller's structure in the layout of this version. Fields that an older caller does not
// know keep the value in `defaults`. Fields that a newer caller added must be zero, because they
// would be ignored. INVALID_ARGUMENT, reason STRUCT_SIZE: they are not, or the size was not set.
template <typename Struct>
absl::StatusOr<Struct> ReadVersioned(const Struct* given, const char* name, Struct defaults) {
  if (given == nullptr) return InvalidField(name, "NULL_POINTER", "must not be null");
  if (given->struct_size < sizeof(size_t)) {
    return InvalidField(absl::StrCat(name, ".struct_size"), "STRUCT_SIZE",
                        "must be the structure's size: call its init function first");
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(given);
  for (size_t i = sizeof(Struct); i < given->struct_size; ++i) {
    if (bytes[i] != 0) {
      return InvalidField(name, "STRUCT_SIZE",
                          "sets a field that this version of the library does not know");
    }
  }
  std::memcpy(&defaults, given, std::min(sizeof(Struct), given->struct_size));
  return defaults;
}

// Writes at most `out->struct_size` bytes to `*out`, and keeps that size.
template <typename Struct>
absl::Status WriteVersioned(Struct filled, const char* name, Struct* out) {
  if (out == nullptr) return InvalidField(name, "NULL_POINTER", "must not be null");
  const size_t known = out->struct_size;
  if (known <= sizeof(size_t)) {
    return InvalidField(absl::StrCat(name, ".struct_size"), "STRUCT_SIZE",
                        "must be set to the structure's size");
  }
  filled.struct_size = known;
  std::memcpy(out, &filled, std::min(sizeof(Struct), known));
  return absl::OkStatus();
}

}  // namespace tilewright::c

#endif  // TILEWRIGHT_CLIENT_C_VERSIONED_STRUCT_H_
