#include "tuner/compile/nvrtc_api.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kernel_templates/launch/driver/dynamic_library.h"

namespace tilewright {
namespace {

// The first version that knows C++20.
constexpr NvrtcVersion kOldestVersion = {12, 0};

// NVRTC opens its builtins by their bare name at the first compile. The loader does not search the
// folder of a PyPI wheel, so this opens them from beside NVRTC itself. If they are elsewhere, the
// loader may find them.
void OpenBuiltins(const std::string& nvrtc_path, NvrtcVersion version) {
  const std::string folder = nvrtc_path.substr(0, nvrtc_path.rfind('/') + 1);
  DynamicLibrary::Open({absl::StrCat(folder, "libnvrtc-builtins.so.", version.ToString())})
      .IgnoreError();
}

absl::StatusOr<NvrtcApi> Bind(const DynamicLibrary& library) {
  NvrtcApi api;
  api.path = library.path();
#define TILEWRIGHT_LOAD(function)                                                        \
  api.function = reinterpret_cast<decltype(&::function)>(library.Symbol(#function));     \
  if (api.function == nullptr) {                                                         \
    return absl::FailedPreconditionError(absl::StrCat(api.path, " has no ", #function)); \
  }
  TILEWRIGHT_NVRTC_FUNCTIONS(TILEWRIGHT_LOAD)
#undef TILEWRIGHT_LOAD
  if (api.nvrtcVersion(&api.version.major, &api.version.minor) != NVRTC_SUCCESS ||
      api.version < kOldestVersion) {
    return absl::FailedPreconditionError(absl::StrCat(api.path, " is NVRTC ",
                                                      api.version.ToString(), ", older than ",
                                                      kOldestVersion.ToString()));
  }
  return api;
}

}  // namespace

std::vector<std::string> NvrtcApi::Candidates() {
  return CudaLibraryCandidates("TILEWRIGHT_NVRTC",
                               {"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"});
}

absl::StatusOr<NvrtcApi> NvrtcApi::Load(const std::vector<std::string>& candidates,
                                        std::vector<std::string>* tried) {
  std::vector<std::string> failed;
  for (const std::string& candidate : candidates) {
    const auto library = DynamicLibrary::Open({candidate}, &failed);
    if (!library.ok()) continue;
    absl::StatusOr<NvrtcApi> api = Bind(*library);
    if (api.ok()) {
      OpenBuiltins(api->path, api->version);
      return api;
    }
    failed.push_back(absl::StrCat(candidate, " (", api.status().message(), ")"));
  }
  if (tried != nullptr) *tried = failed;
  return absl::NotFoundError(
      absl::StrCat("no usable NVRTC was found; tried: ", absl::StrJoin(failed, ", ")));
}

}  // namespace tilewright
