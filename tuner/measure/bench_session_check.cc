// The checks of BenchSession: one launch over poisoned outputs, or two, and all that is looked
// at afterwards.
#include <utility>

#include "proto/support/status_macros.h"
#include "tuner/measure/bench_session.h"
#include "tuner/measure/device_flags.h"

namespace tilewright {
namespace {

// Two poisons, both NaN or huge in every float type, so that an element which two runs
// leave alone shows even where the type has no NaN.
constexpr unsigned char kFirstPoison = 0xFF;
constexpr unsigned char kSecondPoison = 0x7E;

}  // namespace

absl::Status BenchSession::PoisonAll(const Outputs& outputs, unsigned char byte) {
  RETURN_IF_ERROR(outputs.d.Poison(*driver_, byte, stream_.get()));
  RETURN_IF_ERROR(outputs.aux.Poison(*driver_, byte, stream_.get()));
  return workspace_.Poison(*driver_, byte, stream_.get());
}

absl::StatusOr<BenchSession::CheckResult> BenchSession::Check(int id, bool repeat) {
  ASSIGN_OR_RETURN(LoadedCandidate* const candidate, Find(id));
  RETURN_IF_ERROR(candidate->Prepare(problem_, {OperandsFor(*candidate, outputs_[0]),
                                                OperandsFor(*candidate, outputs_[1])}));
  // The flags as well start as garbage: the launch has to clear them.
  RETURN_IF_ERROR(driver_->Check(
      driver_->cuMemsetD8Async(flags_.address(), kFirstPoison, sizeof(DeviceFlags),
                               stream_.get()),
      "poisoning the flags"));
  const std::size_t counted = offsetof(DeviceFlags, checksum);
  RETURN_IF_ERROR(driver_->Check(
      driver_->cuMemsetD8Async(FieldAddress(flags_, counted), 0, sizeof(DeviceFlags) - counted,
                               stream_.get()),
      "clearing the counts"));
  if (repeat) {
    RETURN_IF_ERROR(PoisonAll(outputs_[1], kSecondPoison));
    RETURN_IF_ERROR(candidate->Launch(1, stream_.get()));
  }
  RETURN_IF_ERROR(PoisonAll(outputs_[0], kFirstPoison));
  RETURN_IF_ERROR(driver_->Check(driver_->cuEventRecord(begin_.get(), stream_.get()),
                                 "cuEventRecord"));
  RETURN_IF_ERROR(candidate->Launch(0, stream_.get()));
  RETURN_IF_ERROR(driver_->Check(driver_->cuEventRecord(end_.get(), stream_.get()),
                                 "cuEventRecord"));
  RETURN_IF_ERROR(EnqueueChecks(*candidate, repeat));
  ASSIGN_OR_RETURN(const CheckFindings findings, ReadFindings(repeat));
  CheckResult result;
  ASSIGN_OR_RETURN(result.seconds, ElapsedSeconds());
  result.relative_error = RelativeError(findings.d);
  result.failure = JudgeCheck(problem_, findings);
  if (findings.inputs_changed) {
    RETURN_IF_ERROR(inputs_.Restore(kernels_, stream_.get()));
  }
  return result;
}

absl::Status BenchSession::EnqueueScan(v1::Operand operand, const GuardedBuffer& buffer,
                                       CheckCounts* counts) {
  const MatrixLayout layout = LayoutOf(problem_, operand);
  ScanArgs args{};
  args.output = ToReferenceMatrix(layout, buffer.pointer());
  args.guard = buffer.guard_bytes() / DataTypeBytes(layout.type);
  args.span = layout.SpanBytes() / DataTypeBytes(layout.type);
  args.poison = kFirstPoison;
  args.counts = counts;
  return kernels_.Scan(args, stream_.get());
}

absl::Status BenchSession::EnqueueRuns(v1::Operand operand, const GuardedBuffer& first,
                                       const GuardedBuffer& second, CheckCounts* counts) {
  const MatrixLayout layout = LayoutOf(problem_, operand);
  RunsArgs args{};
  args.first = ToReferenceMatrix(layout, first.pointer());
  args.second = ToReferenceMatrix(layout, second.pointer());
  args.first_poison = kFirstPoison;
  args.second_poison = kSecondPoison;
  args.counts = counts;
  return kernels_.Runs(args, stream_.get());
}

absl::Status BenchSession::EnqueueChecks(const LoadedCandidate& candidate, bool repeat) {
  const CUstream stream = stream_.get();
  const std::pair<v1::Operand, CheckCounts*> outputs[] = {
      {v1::OPERAND_D, FieldPointer<CheckCounts>(flags_, offsetof(DeviceFlags, d))},
      {v1::OPERAND_AUX, FieldPointer<CheckCounts>(flags_, offsetof(DeviceFlags, aux))}};
  for (const auto& [operand, counts] : outputs) {
    const bool aux = operand == v1::OPERAND_AUX;
    const GuardedBuffer& first = aux ? outputs_[0].aux : outputs_[0].d;
    const GuardedBuffer& second = aux ? outputs_[1].aux : outputs_[1].d;
    if (first.empty()) continue;
    RETURN_IF_ERROR(inputs_.EnqueueCompare(kernels_, operand, candidate.precision(),
                                           first.pointer(), counts, stream));
    RETURN_IF_ERROR(EnqueueScan(operand, first, counts));
    if (repeat) RETURN_IF_ERROR(EnqueueRuns(operand, first, second, counts));
  }
  GuardArgs guard{};
  guard.data = static_cast<const unsigned char*>(workspace_.memory().pointer());
  guard.guard = workspace_.guard_bytes();
  guard.span = candidate.WorkspaceBytes(problem_);
  guard.poison = kFirstPoison;
  guard.counts = FieldPointer<CheckCounts>(flags_, offsetof(DeviceFlags, workspace));
  RETURN_IF_ERROR(kernels_.Guard(guard, stream));
  return inputs_.EnqueueChecksum(
      kernels_, FieldPointer<unsigned long long>(flags_, offsetof(DeviceFlags, checksum)), stream);
}

absl::StatusOr<CheckFindings> BenchSession::ReadFindings(bool repeat) {
  DeviceFlags flags;
  RETURN_IF_ERROR(driver_->Check(
      driver_->cuMemcpyDtoHAsync(&flags, flags_.address(), sizeof(flags), stream_.get()),
      "reading the counts"));
  RETURN_IF_ERROR(Synchronize("running the kernel"));
  CheckFindings findings;
  findings.d = flags.d;
  findings.aux = flags.aux;
  findings.workspace = flags.workspace;
  findings.repeated = repeat;
  findings.inputs_changed = flags.checksum != input_checksum_;
  findings.amax = flags.amax;
  findings.scale_d = inputs_.ScaleD();
  findings.non_finite = flags.non_finite;
  findings.rows = inputs_.rows();
  return findings;
}

}  // namespace tilewright
