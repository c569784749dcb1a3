#include "tuner/bench/fused_dropout_session.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tuner/bench/rotating_operands.h"

namespace tilewright {
namespace {

constexpr int64_t kWorkspaceGuard = int64_t{1} << 20;
}  // namespace

FusedDropoutSession::FusedDropoutSession(BenchDevice device, FusedDropoutInputs inputs)
    : device_(std::move(device)), kernels_(device_.driver()), inputs_(std::move(inputs)) {}

absl::StatusOr<std::unique_ptr<FusedDropoutSession>> FusedDropoutSession::Open(
    const v1::FusedDropoutProblem& problem, int device_ordinal) {
  ASSIGN_OR_RETURN(BenchDevice device, BenchDevice::Open(device_ordinal, NeededBytes(problem)));
  ASSIGN_OR_RETURN(FusedDropoutInputs inputs,
                   FusedDropoutInputs::Allocate(device.driver(), problem));
  auto session = std::unique_ptr<FusedDropoutSession>(
      new FusedDropoutSession(std::move(device), std::move(inputs)));
  session->problem_ = problem;
  RETURN_IF_ERROR(session->AllocateOutputs());
  return session;
}

absl::Status FusedDropoutSession::LoadReference(const std::vector<std::string>& cubins) {
  ASSIGN_OR_RETURN(kernels_, ReferenceKernels::Load(device_.driver(), cubins));
  return absl::OkStatus();
}

absl::Status FusedDropoutSession::AllocateOutputs() {
  for (std::vector<FusedBuffer>& outputs : outputs_) {
    for (const TensorUse& use : TensorsOf(problem_)) {
      if (!use.written) continue;
      ASSIGN_OR_RETURN(FusedBuffer buffer, AllocateFused(device_.driver(), use));
      outputs.push_back(std::move(buffer));
    }
  }
  const std::size_t counts = outputs_[0].size() + 1;
  ASSIGN_OR_RETURN(
      flags_, DeviceMemory::Allocate(
                  device_.driver(),
                  static_cast<int64_t>(sizeof(unsigned long long) + counts * sizeof(CheckCounts))));
  RETURN_IF_ERROR(device_.AllocateFlush());
  return EnsureWorkspace(0);
}

absl::Status FusedDropoutSession::SetInput(bench::InputKind kind) {
  rotation_wanted_ = 0;
  RETURN_IF_ERROR(inputs_.Make(kind, kernels_, device_.stream()));
  RETURN_IF_ERROR(device_.driver().Check(
      device_.driver().cuMemsetD32Async(flags_.address(), 0, 2, device_.stream()),
      "clearing the checksum"));
  RETURN_IF_ERROR(inputs_.EnqueueChecksum(kernels_, Checksum(), device_.stream()));
  RETURN_IF_ERROR(device_.driver().Check(
      device_.driver().cuMemcpyDtoHAsync(&input_checksum_, flags_.address(),
                                         sizeof(input_checksum_), device_.stream()),
      "reading the checksum"));
  return device_.Synchronize("making inputs");
}

absl::StatusOr<std::vector<v1::VendorKernel>> FusedDropoutSession::Vendors(int64_t, int) {
  return std::vector<v1::VendorKernel>();
}

absl::Status FusedDropoutSession::Load(const bench::LoadRequest& request) {
  candidates_.erase(request.candidate());
  if (!request.has_kernel()) return absl::InvalidArgumentError("no vendor has such an algorithm");
  ASSIGN_OR_RETURN(auto launcher, FusedDropoutLauncher::Create(device_.driver(), request.kernel()));
  const int64_t workspace = launcher->WorkspaceBytes(problem_);
  candidates_[request.candidate()] = std::move(launcher);
  return EnsureWorkspace(workspace);
}

absl::StatusOr<const FusedDropoutLauncher*> FusedDropoutSession::Find(int candidate) const {
  const auto found = candidates_.find(candidate);
  if (found != candidates_.end()) return found->second.get();
  return MakeError(absl::StatusCode::kInternal, "UNKNOWN_CANDIDATE",
                   absl::StrCat("candidate ", candidate, " was not loaded"));
}

absl::Status FusedDropoutSession::EnsureWorkspace(int64_t bytes) {
  if (!workspace_.empty() && workspace_.bytes() >= bytes) return absl::OkStatus();
  rotation_wanted_ = 0;
  workspace_ = GuardedBuffer();
  ASSIGN_OR_RETURN(workspace_, GuardedBuffer::Allocate(device_.driver(), bytes, kWorkspaceGuard));
  return absl::OkStatus();
}

FusedDropoutArguments FusedDropoutSession::OperandsFor(const FusedDropoutLauncher& launcher,
                                                       int run) const {
  FusedDropoutArguments operands;
  inputs_.Bind(operands);
  for (const FusedBuffer& output : outputs_[run]) {
    SetPointer(FusedTensorOf(output.use), output.memory.pointer(), operands);
  }
  operands.workspace = workspace_.pointer();
  operands.workspace_bytes = launcher.WorkspaceBytes(problem_);
  return operands;
}

// Each launch in a row finds operands of its own, which those before it have pushed out of L2.
absl::Status FusedDropoutSession::EnsureRotation(const FusedDropoutArguments& operands, int sets) {
  if (rotation_wanted_ == sets) return absl::OkStatus();
  rotation_wanted_ = sets;
  rotation_ = {operands};
  rotation_memory_.clear();
  for (int i = 1; i < sets; ++i) {
    FusedDropoutArguments copy = operands;
    for (const TensorUse& use : TensorsOf(problem_)) {
      auto memory = DeviceMemory::Allocate(device_.driver(), use.layout.SpanBytes());
      // Warm operands flatter every candidate alike; no memory must fail none.
      if (absl::IsResourceExhausted(memory.status())) return absl::OkStatus();
      if (!memory.ok()) return memory.status();
      RETURN_IF_ERROR(device_.driver().Check(
          device_.driver().cuMemcpyDtoDAsync(
              memory->address(),
              reinterpret_cast<CUdeviceptr>(PointerOf(FusedTensorOf(use), operands)),
              static_cast<std::size_t>(use.layout.SpanBytes()), device_.stream()),
          "copying an operand"));
      SetPointer(FusedTensorOf(use), memory->pointer(), copy);
      rotation_memory_.push_back(*std::move(memory));
    }
    rotation_.push_back(copy);
  }
  return absl::OkStatus();
}

absl::StatusOr<double> FusedDropoutSession::TimeSample(int id, int launches) {
  ASSIGN_OR_RETURN(const FusedDropoutLauncher* const launcher, Find(id));
  double bytes = 0;
  for (const TensorUse& use : TensorsOf(problem_)) {
    bytes += static_cast<double>(use.layout.SpanBytes());
  }
  RETURN_IF_ERROR(EnsureRotation(
      OperandsFor(*launcher, 0),
      RotatingOperands::SetsFor(bytes, static_cast<double>(device_.l2_bytes()), launches)));
  std::vector<Prepared> prepared;
  for (FusedDropoutArguments operands : rotation_) {
    operands.workspace = workspace_.pointer();
    operands.workspace_bytes = launcher->WorkspaceBytes(problem_);
    ASSIGN_OR_RETURN(Prepared launch, launcher->Prepare(problem_, operands));
    prepared.push_back(std::move(launch));
  }
  // More launches take longer to enqueue; the flush hides that from the GPU.
  RETURN_IF_ERROR(device_.Flush(launches > 1 ? 2 : 1));
  RETURN_IF_ERROR(device_.RecordBegin());
  for (int i = 0; i < launches; ++i) {
    const Prepared& launch = prepared[static_cast<std::size_t>(i) % prepared.size()];
    RETURN_IF_ERROR(launcher->Launch(*launch, device_.stream()));
  }
  RETURN_IF_ERROR(device_.RecordEnd());
  RETURN_IF_ERROR(device_.Synchronize("running the kernel"));
  ASSIGN_OR_RETURN(const double seconds, device_.ElapsedSeconds());
  return seconds / launches;
}

bool FusedDropoutSession::ContextLost() const { return device_.ContextLost(); }

}  // namespace tilewright
