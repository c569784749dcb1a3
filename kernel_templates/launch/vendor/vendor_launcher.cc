#include "kernel_templates/launch/vendor/vendor_launcher.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernel_templates/launch/gemm/gemm_operands.h"
#include "kernel_templates/launch/plan/launch_checks.h"
#include "kernel_templates/launch/vendor/vendor_abi.h"
#include "kernel_templates/launch/vendor/vendor_content_hash.h"
#include "kernel_templates/launch/vendor/vendor_descriptors.h"
#include "kernel_templates/launch/vendor/vendor_types.h"
#include "kernel_templates/launch/vendor/vendor_without_products.h"
#include "proto/problem/data_type.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

// The heuristic assumes this alignment for every pointer, and Launch checks it. It is the widest
// access of any kernel. Framework allocators give far more.
constexpr uint32_t kPointerAlignment = 16;

// The first version of the library with scale modes.
constexpr std::size_t kFirstVersionWithScaleModes = 120900;

}  // namespace

struct VendorLauncher::PreparedLaunch {
  explicit PreparedLaunch(const vendor::Api& api) : descriptors(api) {}

  vendor::Descriptors descriptors;
  vendor::Algorithm algorithm{};
  std::size_t workspace_bytes = 0;
  vendor::Scalar alpha{};
  vendor::Scalar beta{};
  GemmArguments operands;
  float* amax = nullptr;  // Null unless the problem asks for it.
  // If alpha is 0, D is written without the algorithm, from these.
  struct WithoutProducts {
    v1::GemmProblem problem;
    vendor::Types types;
  };
  std::optional<WithoutProducts> without_products;
};

struct VendorLauncher::Impl {
  const DriverApi* driver;
  const vendor::Api* api;
  vendor::Handle handle;
};

VendorLauncher::VendorLauncher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

VendorLauncher::~VendorLauncher() { impl_->api->destroy(impl_->handle); }

absl::StatusOr<std::unique_ptr<VendorLauncher>> VendorLauncher::Create(const DriverApi& driver) {
  ASSIGN_OR_RETURN(const vendor::Api* api, vendor::LoadApi());
  vendor::Handle handle = nullptr;
  RETURN_IF_ERROR(vendor::Check(api->create(&handle), "cublasLtCreate"));
  return std::unique_ptr<VendorLauncher>(
      new VendorLauncher(std::make_unique<Impl>(Impl{&driver, api, handle})));
}

v1::LibraryStatus VendorLauncher::Library() {
  v1::LibraryStatus status;
  status.set_library("cublasLt");
  for (const std::string& place : vendor::LibraryCandidates()) status.add_searched(place);
  if (const auto api = vendor::LoadApi(); api.ok()) {
    status.set_found(true);
    status.set_path((*api)->path);
    status.set_version(absl::StrCat((*api)->get_version()));
  }
  return status;
}

int64_t VendorLauncher::LibraryVersion() {
  const auto api = vendor::LoadApi();
  return api.ok() ? static_cast<int64_t>((*api)->get_version()) : 0;
}

namespace {

// Vectors and blocks of scales need one matrix and an output of 16 bits or more. An amax needs an
// fp8 D.
bool SupportsScales(const v1::GemmProblem& problem) {
  const bool has_fp8_output = IsFp8(problem.d_type());
  if (problem.epilogue().amax() && !has_fp8_output) return false;
  return vendor::ScaleModesOf(problem.scaling_mode()).a == vendor::kScalar ||
         (problem.batch() <= 1 && !has_fp8_output);
}

// Returns operands for the heuristic of a problem with scales. It only looks at alignment and null.
// beta is any value with which C is read.
GemmArguments PlaceholderOperands() {
  alignas(kPointerAlignment) static float placeholder = 0;
  GemmArguments operands;
  operands.scale_a = operands.scale_b = operands.scale_d = &placeholder;
  operands.amax = &placeholder;
  operands.beta = 1.0f;
  return operands;
}

}  // namespace

bool VendorLauncher::Supports(const v1::GemmProblem& problem, v1::Precision precision) {
  const v1::Epilogue& epilogue = problem.epilogue();
  v1::Epilogue others = PartsOf(epilogue);
  others.clear_amax();
  others.clear_scale_d();
  others.clear_gradient();  // A gradient without an activation.
  if (Accumulates(epilogue)) {
    others.clear_source_mode();
    others.clear_source_type();
  }
  const auto types = vendor::TypesOf(problem, precision);
  const bool source_fits =
      !HasSource(epilogue) || epilogue.source_type() == problem.d_type() ||
      (types && types->source != types->output && epilogue.source_type() == v1::DATA_TYPE_BF16);
  return others.ByteSizeLong() == 0 && source_fits && types.has_value() && SupportsScales(problem);
}

absl::StatusOr<std::vector<v1::VendorKernel>> VendorLauncher::Algorithms(
    const v1::GemmProblem& problem, int64_t workspace_limit, int limit, v1::Precision precision) {
  if (!Supports(problem, precision)) {
    return Unimplemented("gemm", "cublasLt does not compute this problem as it stands");
  }
  const vendor::Api& api = *impl_->api;
  const bool has_vectors = vendor::ScaleModesOf(problem.scaling_mode()).a != vendor::kScalar;
  if (has_vectors && api.get_version() < kFirstVersionWithScaleModes) {
    return std::vector<v1::VendorKernel>();
  }
  vendor::Descriptors descriptors(api);
  RETURN_IF_ERROR(
      descriptors.Describe(problem, *vendor::TypesOf(problem, precision), PlaceholderOperands()));
  vendor::Preference preference = nullptr;
  RETURN_IF_ERROR(
      vendor::Check(api.preference_create(&preference), "cublasLtMatmulPreferenceCreate"));
  const uint64_t workspace = static_cast<uint64_t>(workspace_limit);
  int status =
      api.preference_set(preference, vendor::kMaxWorkspaceBytes, &workspace, sizeof(workspace));
  for (const auto attribute : {vendor::kMinAlignmentA, vendor::kMinAlignmentB,
                               vendor::kMinAlignmentC, vendor::kMinAlignmentD}) {
    if (status != vendor::kSuccess) break;
    status =
        api.preference_set(preference, attribute, &kPointerAlignment, sizeof(kPointerAlignment));
  }
  std::vector<vendor::HeuristicResult> results(static_cast<std::size_t>(limit));
  int returned = 0;
  if (status == vendor::kSuccess) {
    status = api.get_heuristic(impl_->handle, descriptors.descriptor(), descriptors.first(),
                               descriptors.second(), descriptors.source(), descriptors.output(),
                               preference, limit, results.data(), &returned);
  }
  api.preference_destroy(preference);
  // The library answers this if it has no kernel for a layout (int8 has only one).
  if (status == vendor::kNotSupported) return std::vector<v1::VendorKernel>();
  // It answers this if it has no kernel for a mode of scales.
  if (has_vectors && status == vendor::kInvalidValue) return std::vector<v1::VendorKernel>();
  RETURN_IF_ERROR(vendor::Check(status, "cublasLtMatmulAlgoGetHeuristic"));
  std::vector<v1::VendorKernel> kernels;
  for (int i = 0; i < returned; ++i) {
    const vendor::HeuristicResult& result = results[static_cast<std::size_t>(i)];
    if (result.state != vendor::kSuccess) continue;
    v1::VendorKernel& kernel = kernels.emplace_back();
    kernel.set_library_version(static_cast<int64_t>(api.get_version()));
    kernel.set_algorithm(&result.algorithm, sizeof(result.algorithm));
    kernel.set_workspace_bytes(static_cast<int64_t>(result.workspace_bytes));
    kernel.set_heuristic_rank(i);
    kernel.set_precision(precision);
    kernel.set_content_hash(VendorContentHash(kernel));
  }
  return kernels;
}

namespace {

absl::Status CheckVendorOperands(const v1::GemmProblem& problem, const v1::VendorKernel& kernel,
                                 const GemmArguments& operands) {
  RETURN_IF_ERROR(CheckPointer("a", operands.a, kPointerAlignment));
  RETURN_IF_ERROR(CheckPointer("b", operands.b, kPointerAlignment));
  RETURN_IF_ERROR(CheckPointer("d", operands.d, kPointerAlignment));
  RETURN_IF_ERROR(CheckSource(problem, operands, kPointerAlignment));
  RETURN_IF_ERROR(CheckAlpha(problem, operands));
  RETURN_IF_ERROR(CheckSharedSource(problem, operands));
  const bool has_vectors = vendor::ScaleModesOf(problem.scaling_mode()).a != vendor::kScalar;
  RETURN_IF_ERROR(CheckScales(problem, operands, has_vectors ? kPointerAlignment : sizeof(float)));
  if (problem.epilogue().amax()) {
    RETURN_IF_ERROR(CheckPointer("amax", operands.amax, sizeof(float)));
  }
  if (kernel.workspace_bytes() > 0 && operands.workspace == nullptr) {
    return InvalidField("operands.workspace", "NULL_POINTER", "is null");
  }
  if (operands.workspace_bytes < kernel.workspace_bytes()) {
    return InvalidField("operands.workspace_bytes", "WORKSPACE_TOO_SMALL",
                        absl::StrCat("the launch needs ", kernel.workspace_bytes(), " bytes, got ",
                                     operands.workspace_bytes));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const VendorLauncher::PreparedLaunch>> VendorLauncher::Prepare(
    const v1::GemmProblem& problem, const v1::VendorKernel& kernel, const GemmArguments& operands) {
  if (!Supports(problem, kernel.precision())) {
    return Unimplemented("gemm", "cublasLt does not compute this problem as it stands");
  }
  const vendor::Api& api = *impl_->api;
  if (kernel.algorithm().size() != sizeof(vendor::Algorithm)) {
    return InvalidField("vendor.algorithm", "MALFORMED_ALGORITHM", "must have 64 bytes");
  }
  if (kernel.library_version() != static_cast<int64_t>(api.get_version())) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "LIBRARY_VERSION_MISMATCH",
                     absl::StrCat("the algorithm is from cublasLt ", kernel.library_version(),
                                  ", but ", api.path, " is ", api.get_version()));
  }
  RETURN_IF_ERROR(CheckVendorOperands(problem, kernel, operands));
  const vendor::Types types = *vendor::TypesOf(problem, kernel.precision());
  auto prepared = std::make_shared<PreparedLaunch>(api);
  prepared->operands = operands;
  // A C that is not read may be null, but cublasLt needs one. D serves if it has C's type.
  const bool reads_source = ReadsSource(problem, operands);
  if (!reads_source) {
    prepared->operands.c = types.source == types.output ? operands.d : nullptr;
  }
  if (problem.epilogue().amax()) prepared->amax = operands.amax;
  RETURN_IF_ERROR(prepared->descriptors.Describe(problem, types, operands));
  std::memcpy(&prepared->algorithm, kernel.algorithm().data(), sizeof(prepared->algorithm));
  vendor::HeuristicResult result{};
  const vendor::Descriptors& descriptors = prepared->descriptors;
  if (api.check(impl_->handle, descriptors.descriptor(), descriptors.first(), descriptors.second(),
                descriptors.source(), descriptors.output(), &prepared->algorithm,
                &result) != vendor::kSuccess ||
      static_cast<int64_t>(result.workspace_bytes) > operands.workspace_bytes) {
    return InvalidField("vendor.algorithm", "ALGORITHM_DOES_NOT_FIT",
                        "cublasLt refuses it for this problem");
  }
  prepared->workspace_bytes = result.workspace_bytes;
  // cublasLt does not read C if beta is 0.
  const float beta = reads_source ? operands.beta : 0.0f;
  ASSIGN_OR_RETURN(prepared->alpha,
                   vendor::ToScalar("operands.alpha", operands.alpha, types.scale));
  ASSIGN_OR_RETURN(prepared->beta, vendor::ToScalar("operands.beta", beta, types.scale));
  if (operands.alpha == 0.0f) {
    RETURN_IF_ERROR(vendor::CheckWithoutProducts(problem, operands));
    prepared->without_products = {problem, types};
  }
  return std::shared_ptr<const PreparedLaunch>(std::move(prepared));
}

absl::Status VendorLauncher::Launch(const PreparedLaunch& prepared, CUstream stream) {
  const GemmArguments& operands = prepared.operands;
  const vendor::Descriptors& descriptors = prepared.descriptors;
  if (prepared.amax != nullptr) {
    RETURN_IF_ERROR(impl_->driver->Check(
        impl_->driver->cuMemsetD32Async(reinterpret_cast<CUdeviceptr>(prepared.amax), 0, 1, stream),
        "cuMemsetD32Async"));
  }
  if (prepared.without_products) {
    return vendor::LaunchWithoutProducts(*impl_->driver, *impl_->api, impl_->handle,
                                         prepared.without_products->problem,
                                         prepared.without_products->types, operands, stream);
  }
  return vendor::Check(
      impl_->api->matmul(impl_->handle, descriptors.descriptor(), &prepared.alpha, operands.b,
                         descriptors.first(), operands.a, descriptors.second(), &prepared.beta,
                         operands.c, descriptors.source(), operands.d, descriptors.output(),
                         &prepared.algorithm, operands.workspace, prepared.workspace_bytes, stream),
      "cublasLtMatmul");
}

absl::Status VendorLauncher::Launch(const v1::GemmProblem& problem, const v1::VendorKernel& kernel,
                                    const GemmArguments& operands, CUstream stream) {
  ASSIGN_OR_RETURN(const auto prepared, Prepare(problem, kernel, operands));
  return Launch(*prepared, stream);
}

}  // namespace tilewright
