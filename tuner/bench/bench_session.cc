#include "tuner/bench/bench_session.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/problem/data_type.h"
#include "proto/problem/dropout_mask.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/precision.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tuner/bench/device_flags.h"

namespace tilewright {
namespace {

constexpr int64_t kWorkspaceGuard = int64_t{1} << 20;
}  // namespace

BenchSession::BenchSession(BenchDevice device, BenchInputs inputs)
    : device_(std::move(device)), kernels_(device_.driver()), inputs_(std::move(inputs)) {}

absl::StatusOr<std::unique_ptr<BenchSession>> BenchSession::Open(const v1::GemmProblem& problem,
                                                                 int device_ordinal) {
  ASSIGN_OR_RETURN(BenchDevice device, BenchDevice::Open(device_ordinal, NeededBytes(problem)));
  ASSIGN_OR_RETURN(BenchInputs inputs, BenchInputs::Allocate(device.driver(), problem));
  auto session =
      std::unique_ptr<BenchSession>(new BenchSession(std::move(device), std::move(inputs)));
  session->problem_ = problem;
  RETURN_IF_ERROR(session->AllocateOutputs());
  return session;
}

absl::Status BenchSession::LoadReference(const std::vector<std::string>& cubins) {
  ASSIGN_OR_RETURN(kernels_, ReferenceKernels::Load(device_.driver(), cubins));
  return absl::OkStatus();
}

absl::Status BenchSession::AllocateOutputs() {
  const auto allocate = [&](int64_t bytes, int64_t row_bytes, GuardedBuffer& buffer) {
    if (bytes == 0) return absl::OkStatus();
    auto allocated =
        GuardedBuffer::Allocate(device_.driver(), bytes, GuardedBuffer::GuardBytes(row_bytes));
    if (allocated.ok()) buffer = *std::move(allocated);
    return allocated.status();
  };
  const auto allocate_matrix = [&](const MatrixLayout& layout, GuardedBuffer& buffer) {
    return allocate(layout.SpanBytes(), layout.row_stride * StorageBytes(layout.type), buffer);
  };
  for (Outputs& outputs : outputs_) {
    RETURN_IF_ERROR(allocate_matrix(LayoutOf(problem_, v1::OPERAND_D), outputs.d));
    if (WritesAux(problem_.epilogue())) {
      RETURN_IF_ERROR(allocate_matrix(LayoutOf(problem_, v1::OPERAND_AUX), outputs.aux));
    }
    RETURN_IF_ERROR(allocate(MaskBytes(problem_), PackedMaskRowBytes(problem_.n()), outputs.mask));
    RETURN_IF_ERROR(allocate_matrix(BiasGradientLayout(problem_), outputs.bias_gradient));
  }
  ASSIGN_OR_RETURN(flags_, DeviceMemory::Allocate(device_.driver(), sizeof(DeviceFlags)));
  RETURN_IF_ERROR(device_.AllocateFlush());
  return EnsureWorkspace(0);
}

absl::Status BenchSession::SetInput(bench::InputKind kind) {
  rotation_.reset();
  RETURN_IF_ERROR(inputs_.Make(kind, kernels_, device_.stream()));
  const CUdeviceptr sum = FieldAddress(flags_, offsetof(DeviceFlags, checksum));
  RETURN_IF_ERROR(device_.driver().Check(
      device_.driver().cuMemsetD32Async(sum, 0, 2, device_.stream()), "clearing the checksum"));
  RETURN_IF_ERROR(inputs_.EnqueueChecksum(
      kernels_, FieldPointer<unsigned long long>(flags_, offsetof(DeviceFlags, checksum)),
      device_.stream()));
  RETURN_IF_ERROR(
      device_.driver().Check(device_.driver().cuMemcpyDtoHAsync(
                                 &input_checksum_, sum, sizeof(input_checksum_), device_.stream()),
                             "reading the checksum"));
  return device_.Synchronize("making inputs");
}

absl::StatusOr<std::vector<v1::VendorKernel>> BenchSession::Vendors(int64_t workspace_limit,
                                                                    int limit) {
  std::vector<v1::VendorKernel> kernels;
  for (const v1::Precision precision : AdmissiblePrecisions(problem_)) {
    if (!VendorLauncher::Supports(problem_, precision)) continue;
    if (vendor_ == nullptr) {
      auto launcher = VendorLauncher::Create(device_.driver());
      if (absl::IsNotFound(launcher.status())) return kernels;
      if (!launcher.ok()) return launcher.status();
      vendor_ = *std::move(launcher);
    }
    // What the types say anyway stays unsaid, as older versions, which know nothing else, have it.
    const bool is_of_types = precision == PrecisionOfTypes(problem_);
    ASSIGN_OR_RETURN(const std::vector<v1::VendorKernel> found,
                     vendor_->Algorithms(problem_, workspace_limit, limit,
                                         is_of_types ? v1::PRECISION_UNSPECIFIED : precision));
    kernels.insert(kernels.end(), found.begin(), found.end());
  }
  return kernels;
}

absl::Status BenchSession::Load(const bench::LoadRequest& request) {
  candidates_.erase(request.candidate());
  if (request.has_kernel()) {
    ASSIGN_OR_RETURN(LoadedCandidate loaded,
                     LoadedCandidate::LoadKernel(device_.driver(), problem_, request.kernel()));
    candidates_.emplace(request.candidate(), std::move(loaded));
  } else {
    if (vendor_ == nullptr) {
      ASSIGN_OR_RETURN(vendor_, VendorLauncher::Create(device_.driver()));
    }
    candidates_.emplace(request.candidate(),
                        LoadedCandidate::OfVendor(*vendor_, problem_, request.vendor()));
  }
  ASSIGN_OR_RETURN(LoadedCandidate* const candidate, Find(request.candidate()));
  return EnsureWorkspace(candidate->WorkspaceBytes(problem_));
}

absl::StatusOr<LoadedCandidate*> BenchSession::Find(int candidate) {
  const auto found = candidates_.find(candidate);
  if (found != candidates_.end()) return &found->second;
  return MakeError(absl::StatusCode::kInternal, "UNKNOWN_CANDIDATE",
                   absl::StrCat("candidate ", candidate, " was not loaded"));
}

absl::Status BenchSession::EnsureWorkspace(int64_t bytes) {
  if (!workspace_.empty() && workspace_.bytes() >= bytes) return absl::OkStatus();
  rotation_.reset();
  workspace_ = GuardedBuffer();
  ASSIGN_OR_RETURN(workspace_, GuardedBuffer::Allocate(device_.driver(), bytes, kWorkspaceGuard));
  return absl::OkStatus();
}

GemmArguments BenchSession::OperandsFor(const LoadedCandidate& candidate,
                                        const Outputs& outputs) const {
  GemmArguments operands;
  inputs_.Bind(operands);
  operands.d = outputs.d.pointer();
  if (!outputs.aux.empty()) operands.aux = outputs.aux.pointer();
  operands.mask = outputs.mask.empty() ? nullptr : outputs.mask.pointer();
  operands.mask_bytes = outputs.mask.bytes();
  operands.bias_gradient = outputs.bias_gradient.empty()
                               ? nullptr
                               : static_cast<float*>(outputs.bias_gradient.pointer());
  operands.amax = FieldPointer<float>(flags_, offsetof(DeviceFlags, amax));
  operands.non_finite = FieldPointer<uint32_t>(flags_, offsetof(DeviceFlags, non_finite));
  operands.workspace = workspace_.pointer();
  operands.workspace_bytes = candidate.WorkspaceBytes(problem_);
  return operands;
}

absl::Status BenchSession::EnsureRotation(const GemmArguments& operands, int sets) {
  if (rotation_ && rotation_wanted_ == sets) return absl::OkStatus();
  rotation_.reset();
  rotation_wanted_ = sets;
  auto rotation =
      RotatingOperands::Copy(device_.driver(), problem_, operands, sets, device_.stream());
  if (absl::IsResourceExhausted(rotation.status())) {
    // Warm operands flatter every candidate alike; no memory must fail none.
    rotation = RotatingOperands::Copy(device_.driver(), problem_, operands, 1, device_.stream());
  }
  if (!rotation.ok()) return rotation.status();
  rotation_.emplace(*std::move(rotation));
  return absl::OkStatus();
}

absl::StatusOr<double> BenchSession::TimeSample(int id, int launches) {
  ASSIGN_OR_RETURN(LoadedCandidate* const candidate, Find(id));
  const GemmArguments operands = OperandsFor(*candidate, outputs_[0]);
  const int sets = RotatingOperands::SetsFor(OperandBytes(problem_),
                                             static_cast<double>(device_.l2_bytes()), launches);
  RETURN_IF_ERROR(EnsureRotation(operands, sets));
  std::vector<GemmArguments> rotated = rotation_->sets();
  for (GemmArguments& set : rotated) set.workspace_bytes = operands.workspace_bytes;
  RETURN_IF_ERROR(candidate->Prepare(problem_, rotated));
  // More launches take longer to enqueue; the flush hides that from the GPU.
  RETURN_IF_ERROR(device_.Flush(launches > 1 ? 2 : 1));
  RETURN_IF_ERROR(device_.RecordBegin());
  for (int i = 0; i < launches; ++i) {
    RETURN_IF_ERROR(
        candidate->Launch(static_cast<std::size_t>(i) % rotated.size(), device_.stream()));
  }
  RETURN_IF_ERROR(device_.RecordEnd());
  RETURN_IF_ERROR(device_.Synchronize("running the kernel"));
  ASSIGN_OR_RETURN(const double seconds, device_.ElapsedSeconds());
  return seconds / launches;
}

bool BenchSession::ContextLost() const { return device_.ContextLost(); }

}  // namespace tilewright
