// The checks of BenchSession: one launch over poisoned outputs, or two, and all that is looked
// at afterwards.
#include <utility>

#include "proto/problem/data_type.h"
#include "proto/support/status_macros.h"
#include "tuner/bench/bench_session.h"
#include "tuner/bench/device_flags.h"

namespace tilewright {
namespace {

// Two poisons, both NaN or huge in every float type, so that an element which two runs
// leave alone shows even where the type has no NaN.
constexpr unsigned char kFirstPoison = 0xFF;
constexpr unsigned char kSecondPoison = 0x7E;

}  // namespace

absl::Status BenchSession::PoisonAll(const Outputs& outputs, unsigned char byte) {
  RETURN_IF_ERROR(outputs.d.Poison(device_.driver(), byte, device_.stream()));
  RETURN_IF_ERROR(outputs.aux.Poison(device_.driver(), byte, device_.stream()));
  RETURN_IF_ERROR(outputs.mask.Poison(device_.driver(), byte, device_.stream()));
  RETURN_IF_ERROR(outputs.bias_gradient.Poison(device_.driver(), byte, device_.stream()));
  return workspace_.Poison(device_.driver(), byte, device_.stream());
}

absl::StatusOr<BenchSession::CheckResult> BenchSession::Check(int id, bool repeat) {
  ASSIGN_OR_RETURN(LoadedCandidate* const candidate, Find(id));
  RETURN_IF_ERROR(candidate->Prepare(
      problem_, {OperandsFor(*candidate, outputs_[0]), OperandsFor(*candidate, outputs_[1])}));
  // The flags as well start as garbage: the launch has to clear them.
  RETURN_IF_ERROR(device_.driver().Check(
      device_.driver().cuMemsetD8Async(flags_.address(), kFirstPoison, sizeof(DeviceFlags),
                                       device_.stream()),
      "poisoning the flags"));
  const std::size_t counted = offsetof(DeviceFlags, checksum);
  RETURN_IF_ERROR(device_.driver().Check(
      device_.driver().cuMemsetD8Async(FieldAddress(flags_, counted), 0,
                                       sizeof(DeviceFlags) - counted, device_.stream()),
      "clearing the counts"));
  if (repeat) {
    RETURN_IF_ERROR(PoisonAll(outputs_[1], kSecondPoison));
    RETURN_IF_ERROR(candidate->Launch(1, device_.stream()));
  }
  RETURN_IF_ERROR(PoisonAll(outputs_[0], kFirstPoison));
  RETURN_IF_ERROR(device_.RecordBegin());
  RETURN_IF_ERROR(candidate->Launch(0, device_.stream()));
  RETURN_IF_ERROR(device_.RecordEnd());
  RETURN_IF_ERROR(EnqueueChecks(*candidate, repeat));
  ASSIGN_OR_RETURN(const CheckFindings findings, ReadFindings(repeat));
  CheckResult result;
  ASSIGN_OR_RETURN(result.seconds, device_.ElapsedSeconds());
  result.relative_error = RelativeError(findings.d);
  result.failure = JudgeCheck(problem_, findings);
  if (findings.inputs_changed) {
    RETURN_IF_ERROR(inputs_.Restore(kernels_, device_.stream()));
  }
  return result;
}

absl::Status BenchSession::EnqueueScan(const MatrixLayout& layout, const GuardedBuffer& buffer,
                                       CheckCounts* counts) {
  ScanArgs args{};
  args.output = ToReferenceMatrix(layout, buffer.pointer());
  args.guard = buffer.guard_bytes() / StorageBytes(layout.type);
  args.span = layout.SpanBytes() / StorageBytes(layout.type);
  args.poison = kFirstPoison;
  args.counts = counts;
  return kernels_.Scan(args, device_.stream());
}

absl::Status BenchSession::EnqueueRuns(const MatrixLayout& layout, const GuardedBuffer& first,
                                       const GuardedBuffer& second, CheckCounts* counts) {
  RunsArgs args{};
  args.first = ToReferenceMatrix(layout, first.pointer());
  args.second = ToReferenceMatrix(layout, second.pointer());
  args.first_poison = kFirstPoison;
  args.second_poison = kSecondPoison;
  args.counts = counts;
  return kernels_.Runs(args, device_.stream());
}

absl::Status BenchSession::EnqueueGuard(const GuardedBuffer& buffer, int64_t bytes,
                                        CheckCounts* counts) {
  GuardArgs args{};
  args.data = static_cast<const unsigned char*>(buffer.memory().pointer());
  args.guard = buffer.guard_bytes();
  args.span = bytes;
  args.poison = kFirstPoison;
  args.counts = counts;
  return kernels_.Guard(args, device_.stream());
}

absl::Status BenchSession::EnqueueOutputChecks(const LoadedCandidate& candidate,
                                               v1::Operand operand, bool repeat) {
  const bool aux = operand == v1::OPERAND_AUX;
  const GuardedBuffer& first = aux ? outputs_[0].aux : outputs_[0].d;
  const GuardedBuffer& second = aux ? outputs_[1].aux : outputs_[1].d;
  if (first.empty()) return absl::OkStatus();
  auto* const counts = FieldPointer<CheckCounts>(
      flags_, aux ? offsetof(DeviceFlags, aux) : offsetof(DeviceFlags, d));
  const MatrixLayout layout = LayoutOf(problem_, operand);
  RETURN_IF_ERROR(inputs_.EnqueueCompare(kernels_, operand, candidate.precision(),
                                         candidate.is_split(), first.pointer(), counts,
                                         device_.stream()));
  RETURN_IF_ERROR(EnqueueScan(layout, first, counts));
  return repeat ? EnqueueRuns(layout, first, second, counts) : absl::OkStatus();
}

// Every byte is known, so that one run says all.
absl::Status BenchSession::EnqueueMaskChecks() {
  const GuardedBuffer& mask = outputs_[0].mask;
  if (mask.empty()) return absl::OkStatus();
  auto* const counts = FieldPointer<CheckCounts>(flags_, offsetof(DeviceFlags, mask));
  RETURN_IF_ERROR(inputs_.EnqueueMask(kernels_, mask.pointer(), counts, device_.stream()));
  return EnqueueGuard(mask, mask.bytes(), counts);
}

absl::Status BenchSession::EnqueueBiasGradientChecks(bool repeat) {
  const GuardedBuffer& first = outputs_[0].bias_gradient;
  if (first.empty()) return absl::OkStatus();
  auto* const counts = FieldPointer<CheckCounts>(flags_, offsetof(DeviceFlags, bias_gradient));
  const MatrixLayout layout = BiasGradientLayout(problem_);
  RETURN_IF_ERROR(inputs_.EnqueueColumns(kernels_, outputs_[0].d.pointer(),
                                         static_cast<const float*>(first.pointer()), counts,
                                         device_.stream()));
  RETURN_IF_ERROR(EnqueueScan(layout, first, counts));
  return repeat ? EnqueueRuns(layout, first, outputs_[1].bias_gradient, counts) : absl::OkStatus();
}

absl::Status BenchSession::EnqueueChecks(const LoadedCandidate& candidate, bool repeat) {
  RETURN_IF_ERROR(EnqueueOutputChecks(candidate, v1::OPERAND_D, repeat));
  RETURN_IF_ERROR(EnqueueOutputChecks(candidate, v1::OPERAND_AUX, repeat));
  RETURN_IF_ERROR(EnqueueMaskChecks());
  RETURN_IF_ERROR(EnqueueBiasGradientChecks(repeat));
  RETURN_IF_ERROR(
      EnqueueGuard(workspace_, candidate.WorkspaceBytes(problem_),
                   FieldPointer<CheckCounts>(flags_, offsetof(DeviceFlags, workspace))));
  return inputs_.EnqueueChecksum(
      kernels_, FieldPointer<unsigned long long>(flags_, offsetof(DeviceFlags, checksum)),
      device_.stream());
}

absl::StatusOr<CheckFindings> BenchSession::ReadFindings(bool repeat) {
  DeviceFlags flags;
  RETURN_IF_ERROR(device_.driver().Check(
      device_.driver().cuMemcpyDtoHAsync(&flags, flags_.address(), sizeof(flags), device_.stream()),
      "reading the counts"));
  RETURN_IF_ERROR(device_.Synchronize("running the kernel"));
  CheckFindings findings;
  findings.d = flags.d;
  findings.aux = flags.aux;
  findings.mask = flags.mask;
  findings.bias_gradient = flags.bias_gradient;
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
