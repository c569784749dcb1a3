// Defines the opaque types of the C interface, and ends each of its functions.
#ifndef TILEWRIGHT_CLIENT_C_HANDLES_H_
#define TILEWRIGHT_CLIENT_C_HANDLES_H_

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <new>

#include "absl/status/status.h"
#include "client/c/tilewright.h"
#include "proto/support/errors.h"
#include "tilewright/client.h"

struct tilewright_client {
  std::unique_ptr<tilewright::Client> client;
};

struct tilewright_kernel {
  std::shared_ptr<const tilewright::Kernel> kernel;
};

namespace tilewright::c {

// Keeps `status` as this thread's last error and returns its code.
tilewright_status Report(const absl::Status& status);

template <typename Function>
tilewright_status Guard(const Function& function) {
  try {
    return Report(function());
  } catch (const std::bad_alloc&) {
    return Report(absl::ResourceExhaustedError("out of memory"));
  } catch (const std::exception& error) {
    return Report(absl::InternalError(error.what()));
  }
}

inline absl::Status RequirePointer(const void* pointer, const char* name) {
  if (pointer != nullptr) return absl::OkStatus();
  return InvalidField(name, "NULL_POINTER", "must not be null");
}

// Writes all defaults to the part of `*out` that the caller knows, and its size.
template <typename Struct>
void Initialize(Struct defaults, Struct* out, size_t struct_size) {
  if (out == nullptr || struct_size < sizeof(size_t)) return;
  defaults.struct_size = struct_size;
  std::memset(static_cast<void*>(out), 0, struct_size);
  std::memcpy(static_cast<void*>(out), &defaults, std::min(sizeof(Struct), struct_size));
}

}  // namespace tilewright::c

#endif  // TILEWRIGHT_CLIENT_C_HANDLES_H_
