#include "kernel_templates/launch/vendor/vendor_abi.h"

#include <type_traits>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"

namespace tilewright::vendor {
namespace {

absl::Status NotFound(const std::string& message) {
  return MakeError(absl::StatusCode::kNotFound, "CUBLASLT_NOT_FOUND", message);
}

template <typename Function>
bool Resolve(const DynamicLibrary& library, const char* name, Function& pointer) {
  pointer = reinterpret_cast<Function>(library.Symbol(name));
  return pointer != nullptr;
}

absl::StatusOr<Api> Load() {
  const auto library = DynamicLibrary::Open(LibraryCandidates());
  if (!library.ok()) {
    return NotFound(absl::StrCat("cublasLt: ", library.status().message()));
  }
  Api api{};
  api.path = library->path();
  const bool complete =
      Resolve(*library, "cublasLtGetVersion", api.get_version) &&
      Resolve(*library, "cublasLtCreate", api.create) &&
      Resolve(*library, "cublasLtDestroy", api.destroy) &&
      Resolve(*library, "cublasLtMatmulDescCreate", api.descriptor_create) &&
      Resolve(*library, "cublasLtMatmulDescDestroy", api.descriptor_destroy) &&
      Resolve(*library, "cublasLtMatmulDescSetAttribute", api.descriptor_set) &&
      Resolve(*library, "cublasLtMatrixLayoutCreate", api.layout_create) &&
      Resolve(*library, "cublasLtMatrixLayoutDestroy", api.layout_destroy) &&
      Resolve(*library, "cublasLtMatrixLayoutSetAttribute", api.layout_set) &&
      Resolve(*library, "cublasLtMatmulPreferenceCreate", api.preference_create) &&
      Resolve(*library, "cublasLtMatmulPreferenceDestroy", api.preference_destroy) &&
      Resolve(*library, "cublasLtMatmulPreferenceSetAttribute", api.preference_set) &&
      Resolve(*library, "cublasLtMatmulAlgoGetHeuristic", api.get_heuristic) &&
      Resolve(*library, "cublasLtMatmulAlgoCheck", api.check) &&
      Resolve(*library, "cublasLtMatmul", api.matmul) &&
      Resolve(*library, "cublasLtMatrixTransformDescCreate", api.transform_create) &&
      Resolve(*library, "cublasLtMatrixTransformDescDestroy", api.transform_destroy) &&
      Resolve(*library, "cublasLtMatrixTransform", api.transform);
  if (!complete) return NotFound(absl::StrCat(api.path, " lacks a function of cublasLt"));
  return api;
}

}  // namespace

std::vector<std::string> LibraryCandidates() {
  return CudaLibraryCandidates("TILEWRIGHT_CUBLASLT", {"libcublasLt.so.13", "libcublasLt.so.12"});
}

absl::StatusOr<const Api*> LoadApi() {
  static const auto& api = *new absl::StatusOr<Api>(Load());
  if (!api.ok()) return api.status();
  return &*api;
}

}  // namespace tilewright::vendor
