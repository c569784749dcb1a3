#include "tuner/measure/fused_dropout_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tuner/measure/rotating_operands.h"

namespace tilewright {
namespace {

constexpr int64_t kWorkspaceGuard = int64_t{1} << 20;
constexpr int64_t kMinFlushBytes = int64_t{64} << 20;

absl::Status CheckFits(const DriverApi& driver, const v1::FusedDropoutProblem& problem) {
  std::size_t free = 0;
  std::size_t total = 0;
  RETURN_IF_ERROR(driver.Check(driver.cuMemGetInfo(&free, &total), "cuMemGetInfo"));
  const double needed = NeededBytes(problem);
  if (needed <= static_cast<double>(free)) return absl::OkStatus();
  constexpr double kGibibyte = 1073741824.0;
  return MakeError(absl::StatusCode::kResourceExhausted, "GPU_OUT_OF_MEMORY",
                   absl::StrFormat("checking the problem takes %.1f GiB of GPU memory, %.1f of "
                                   "%.1f GiB are free",
                                   needed / kGibibyte, static_cast<double>(free) / kGibibyte,
                                   static_cast<double>(total) / kGibibyte));
}

}  // namespace

FusedDropoutSession::FusedDropoutSession(const DriverApi& driver, CudaContext context,
                                         CudaStream stream, CudaEvent begin, CudaEvent end,
                                         FusedDropoutInputs inputs)
    : driver_(&driver),
      context_(std::move(context)),
      stream_(std::move(stream)),
      begin_(std::move(begin)),
      end_(std::move(end)),
      kernels_(driver),
      inputs_(std::move(inputs)) {}

absl::StatusOr<std::unique_ptr<FusedDropoutSession>> FusedDropoutSession::Open(
    const bench::OpenRequest& request) {
  const v1::FusedDropoutProblem& problem = request.fused_dropout();
  ASSIGN_OR_RETURN(const DriverApi* driver, DriverApi::Load());
  ASSIGN_OR_RETURN(CudaContext context, CudaContext::Retain(*driver, request.device_ordinal()));
  RETURN_IF_ERROR(CheckFits(*driver, problem));
  ASSIGN_OR_RETURN(CudaStream stream, CudaStream::Create(*driver));
  ASSIGN_OR_RETURN(CudaEvent begin, CudaEvent::Create(*driver));
  ASSIGN_OR_RETURN(CudaEvent end, CudaEvent::Create(*driver));
  ASSIGN_OR_RETURN(FusedDropoutInputs inputs, FusedDropoutInputs::Allocate(*driver, problem));
  int l2_bytes = 0;
  RETURN_IF_ERROR(driver->Check(
      driver->cuDeviceGetAttribute(&l2_bytes, CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE,
                                   context.device()),
      "cuDeviceGetAttribute"));
  auto session = std::unique_ptr<FusedDropoutSession>(
      new FusedDropoutSession(*driver, std::move(context), std::move(stream), std::move(begin),
                              std::move(end), std::move(inputs)));
  session->problem_ = problem;
  session->l2_bytes_ = l2_bytes;
  RETURN_IF_ERROR(session->AllocateOutputs());
  return session;
}

absl::Status FusedDropoutSession::LoadReference(const std::vector<std::string>& cubins) {
  ASSIGN_OR_RETURN(kernels_, ReferenceKernels::Load(*driver_, cubins));
  return absl::OkStatus();
}

absl::Status FusedDropoutSession::AllocateOutputs() {
  for (std::vector<FusedBuffer>& outputs : outputs_) {
    for (const FusedTensorUse& use : TensorsOf(problem_)) {
      if (!use.written) continue;
      ASSIGN_OR_RETURN(FusedBuffer buffer, AllocateFused(*driver_, use));
      outputs.push_back(std::move(buffer));
    }
  }
  const std::size_t counts = outputs_[0].size() + 1;
  ASSIGN_OR_RETURN(flags_, DeviceMemory::Allocate(
                               *driver_, static_cast<int64_t>(sizeof(unsigned long long) +
                                                              counts * sizeof(CheckCounts))));
  ASSIGN_OR_RETURN(flush_,
                   DeviceMemory::Allocate(*driver_, std::max(2 * l2_bytes_, kMinFlushBytes)));
  return EnsureWorkspace(0);
}

absl::Status FusedDropoutSession::SetInput(bench::InputKind kind) {
  rotation_wanted_ = 0;
  RETURN_IF_ERROR(inputs_.Make(kind, kernels_, stream_.get()));
  RETURN_IF_ERROR(driver_->Check(driver_->cuMemsetD32Async(flags_.address(), 0, 2, stream_.get()),
                                 "clearing the checksum"));
  RETURN_IF_ERROR(inputs_.EnqueueChecksum(kernels_, Checksum(), stream_.get()));
  RETURN_IF_ERROR(driver_->Check(
      driver_->cuMemcpyDtoHAsync(&input_checksum_, flags_.address(), sizeof(input_checksum_),
                                 stream_.get()),
      "reading the checksum"));
  return Synchronize("making inputs");
}

absl::StatusOr<std::vector<v1::VendorKernel>> FusedDropoutSession::Vendors(int64_t, int) {
  return std::vector<v1::VendorKernel>();
}

absl::Status FusedDropoutSession::Load(const bench::LoadRequest& request) {
  candidates_.erase(request.candidate());
  if (!request.has_kernel()) return absl::InvalidArgumentError("no vendor has such an algorithm");
  ASSIGN_OR_RETURN(auto launcher, FusedDropoutLauncher::Create(*driver_, request.kernel()));
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
  ASSIGN_OR_RETURN(workspace_, GuardedBuffer::Allocate(*driver_, bytes, kWorkspaceGuard));
  return absl::OkStatus();
}

FusedDropoutOperands FusedDropoutSession::OperandsFor(const FusedDropoutLauncher& launcher,
                                                      int run) const {
  FusedDropoutOperands operands;
  inputs_.Bind(operands);
  for (const FusedBuffer& output : outputs_[run]) {
    SetPointer(output.use.tensor, output.memory.pointer(), operands);
  }
  operands.workspace = workspace_.pointer();
  operands.workspace_bytes = launcher.WorkspaceBytes(problem_);
  return operands;
}

absl::Status FusedDropoutSession::Flush(int times) {
  for (int i = 0; i < times; ++i) {
    RETURN_IF_ERROR(driver_->Check(
        driver_->cuMemsetD32Async(flush_.address(), ++flush_value_,
                                  static_cast<std::size_t>(flush_.bytes() / 4), stream_.get()),
        "flushing L2"));
  }
  return absl::OkStatus();
}

// Each launch in a row finds operands of its own, which those before it have pushed out of L2.
absl::Status FusedDropoutSession::EnsureRotation(const FusedDropoutOperands& operands, int sets) {
  if (rotation_wanted_ == sets) return absl::OkStatus();
  rotation_wanted_ = sets;
  rotation_ = {operands};
  rotation_memory_.clear();
  for (int i = 1; i < sets; ++i) {
    FusedDropoutOperands copy = operands;
    for (const FusedTensorUse& use : TensorsOf(problem_)) {
      auto memory = DeviceMemory::Allocate(*driver_, use.layout.SpanBytes());
      // Warm operands flatter every candidate alike; no memory must fail none.
      if (absl::IsResourceExhausted(memory.status())) return absl::OkStatus();
      if (!memory.ok()) return memory.status();
      RETURN_IF_ERROR(driver_->Check(
          driver_->cuMemcpyDtoDAsync(
              memory->address(),
              reinterpret_cast<CUdeviceptr>(PointerOf(use.tensor, operands)),
              static_cast<std::size_t>(use.layout.SpanBytes()), stream_.get()),
          "copying an operand"));
      SetPointer(use.tensor, memory->pointer(), copy);
      rotation_memory_.push_back(*std::move(memory));
    }
    rotation_.push_back(copy);
  }
  return absl::OkStatus();
}

absl::StatusOr<double> FusedDropoutSession::TimeSample(int id, int launches) {
  ASSIGN_OR_RETURN(const FusedDropoutLauncher* const launcher, Find(id));
  double bytes = 0;
  for (const FusedTensorUse& use : TensorsOf(problem_)) {
    bytes += static_cast<double>(use.layout.SpanBytes());
  }
  RETURN_IF_ERROR(EnsureRotation(
      OperandsFor(*launcher, 0),
      RotatingOperands::SetsFor(bytes, static_cast<double>(l2_bytes_), launches)));
  std::vector<Prepared> prepared;
  for (FusedDropoutOperands operands : rotation_) {
    operands.workspace = workspace_.pointer();
    operands.workspace_bytes = launcher->WorkspaceBytes(problem_);
    ASSIGN_OR_RETURN(Prepared launch, launcher->Prepare(problem_, operands));
    prepared.push_back(std::move(launch));
  }
  // More launches take longer to enqueue; the flush hides that from the GPU.
  RETURN_IF_ERROR(Flush(launches > 1 ? 2 : 1));
  RETURN_IF_ERROR(Record(begin_));
  for (int i = 0; i < launches; ++i) {
    const Prepared& launch = prepared[static_cast<std::size_t>(i) % prepared.size()];
    RETURN_IF_ERROR(launcher->Launch(*launch, stream_.get()));
  }
  RETURN_IF_ERROR(Record(end_));
  RETURN_IF_ERROR(Synchronize("running the kernel"));
  ASSIGN_OR_RETURN(const double seconds, ElapsedSeconds());
  return seconds / launches;
}

absl::Status FusedDropoutSession::Record(const CudaEvent& event) {
  return driver_->Check(driver_->cuEventRecord(event.get(), stream_.get()), "cuEventRecord");
}

absl::StatusOr<double> FusedDropoutSession::ElapsedSeconds() const {
  float milliseconds = 0;
  RETURN_IF_ERROR(
      driver_->Check(driver_->cuEventElapsedTime(&milliseconds, begin_.get(), end_.get()),
                     "cuEventElapsedTime"));
  return static_cast<double>(milliseconds) * 1e-3;
}

absl::Status FusedDropoutSession::Synchronize(const char* what) const {
  return driver_->Check(driver_->cuStreamSynchronize(stream_.get()), what);
}

bool FusedDropoutSession::ContextLost() const {
  return driver_->cuCtxSynchronize() != CUDA_SUCCESS;
}

}  // namespace tilewright
