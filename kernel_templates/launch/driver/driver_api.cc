#include "kernel_templates/launch/driver/driver_api.h"

#include "absl/strings/str_cat.h"
#include "kernel_templates/launch/driver/dynamic_library.h"
#include "proto/support/errors.h"

// cuda.h maps many names to versioned symbols by macro (cuMemAlloc is cuMemAlloc_v2). The second
// level makes the preprocessor expand the name before it becomes text.
#define TILEWRIGHT_TEXT_OF(x) #x
#define TILEWRIGHT_EXPANDED_TEXT_OF(x) TILEWRIGHT_TEXT_OF(x)

namespace tilewright {
namespace {

absl::Status NoDriver(const std::string& message) {
  return MakeError(absl::StatusCode::kUnavailable, "NO_CUDA_DRIVER", message);
}

void* FindSymbol(const DynamicLibrary& library, const std::string& name) {
  if (void* symbol = library.Symbol(name.c_str())) return symbol;
  // cuEventElapsedTime_v2 came with driver 12.8. The older function has the same signature.
  return name == "cuEventElapsedTime_v2" ? library.Symbol("cuEventElapsedTime") : nullptr;
}

absl::StatusOr<DriverApi> LoadTable() {
  // Only the loader finds the driver. It must match the kernel module, so a copy from a toolkit or
  // a wheel would be wrong.
  const auto library = DynamicLibrary::Open({"libcuda.so.1"});
  if (!library.ok()) {
    return NoDriver(absl::StrCat("no CUDA driver: ", library.status().message()));
  }
  DriverApi api;
  std::string missing;
  const auto resolve = [&](const char* name, auto& pointer) {
    pointer = reinterpret_cast<std::decay_t<decltype(pointer)>>(FindSymbol(*library, name));
    if (pointer == nullptr) absl::StrAppend(&missing, missing.empty() ? "" : ", ", name);
  };
#define TILEWRIGHT_RESOLVE(name) resolve(TILEWRIGHT_EXPANDED_TEXT_OF(name), api.name);
  TILEWRIGHT_DRIVER_FUNCTIONS(TILEWRIGHT_RESOLVE)
#undef TILEWRIGHT_RESOLVE
  if (!missing.empty()) {
    return NoDriver(absl::StrCat(library->path(), " is too old, it has no ", missing));
  }
  if (const CUresult result = api.cuInit(0); result != CUDA_SUCCESS) {
    return NoDriver(absl::StrCat("no usable GPU: ", api.Check(result, "cuInit").message()));
  }
  int devices = 0;
  if (api.cuDeviceGetCount(&devices) != CUDA_SUCCESS || devices == 0) {
    return NoDriver(absl::StrCat(library->path(), " found no GPU"));
  }
  return api;
}

}  // namespace

absl::StatusOr<const DriverApi*> DriverApi::Load() {
  static const auto& table = *new absl::StatusOr<DriverApi>(LoadTable());
  if (!table.ok()) return table.status();
  return &*table;
}

absl::Status DriverApi::Check(CUresult result, const char* what) const {
  if (result == CUDA_SUCCESS) return absl::OkStatus();
  const char* name = nullptr;
  const char* text = nullptr;
  cuGetErrorName(result, &name);
  cuGetErrorString(result, &text);
  const std::string message =
      absl::StrCat(what, ": ", name == nullptr ? absl::StrCat("CUDA error ", result) : name,
                   text == nullptr ? "" : absl::StrCat(" (", text, ")"));
  if (result == CUDA_ERROR_OUT_OF_MEMORY) {
    return MakeError(absl::StatusCode::kResourceExhausted, "GPU_OUT_OF_MEMORY", message);
  }
  return MakeError(absl::StatusCode::kInternal, "CUDA_ERROR", message,
                   {{"cuda_error", name == nullptr ? std::to_string(result) : name}});
}

}  // namespace tilewright
