// The checks of FusedDropoutSession: one launch over poisoned outputs, or two, and all that is
// looked at afterwards.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/problem/data_type.h"
#include "proto/problem/dropout_mask.h"
#include "proto/support/status_macros.h"
#include "tuner/bench/fused_dropout_session.h"
#include "tuner/bench/judge.h"

namespace tilewright {
namespace {

// Two poisons, both NaN or huge in every float type, as for GEMMs. Of a mask, which may have any
// bytes, the second run tells what was not written.
constexpr unsigned char kFirstPoison = 0xFF;
constexpr unsigned char kSecondPoison = 0x7E;

std::string PlaceOf(const TensorUse& use, unsigned long long index) {
  const auto columns = static_cast<unsigned long long>(use.layout.columns);
  if (FusedTensorOf(use) == FusedTensor::kMask) {
    return absl::StrCat("row ", index / columns, " column ", index % columns * 8);
  }
  return use.layout.rows == 1 ? absl::StrCat("element ", index)
                              : absl::StrCat("row ", index / columns, " column ", index % columns);
}

// Of all outputs, the first failure in the order of how much it says, as JudgeCheck has it.
std::optional<v1::Failure> JudgeFused(const std::vector<FusedBuffer>& outputs,
                                      const std::vector<CheckCounts>& counts, bool inputs_changed,
                                      bool repeated) {
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i].touched_outside == 0) continue;
    const char* name = i < outputs.size() ? outputs[i].use.name : "the workspace";
    return MakeFailure(
        v1::FAILURE_KIND_OUT_OF_BOUNDS,
        absl::StrCat(counts[i].touched_outside, " elements outside of ", name, " were written"));
  }
  if (inputs_changed) {
    return MakeFailure(v1::FAILURE_KIND_OUT_OF_BOUNDS, "an input was written");
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const bool is_mask = FusedTensorOf(outputs[i].use) == FusedTensor::kMask;
    const unsigned long long missing = is_mask ? counts[i].unwritten : counts[i].poisoned;
    if (missing == 0) continue;
    return MakeFailure(
        v1::FAILURE_KIND_WRONG_RESULT,
        absl::StrCat(missing, " elements of ", outputs[i].use.name, " were never written"));
  }
  for (std::size_t i = 0; repeated && i < outputs.size(); ++i) {
    if (counts[i].differing == 0) continue;
    return MakeFailure(v1::FAILURE_KIND_NONDETERMINISTIC,
                       absl::StrCat(counts[i].differing, " elements of ", outputs[i].use.name,
                                    " differ between two runs"));
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (counts[i].wrong == 0) continue;
    return MakeFailure(v1::FAILURE_KIND_WRONG_RESULT,
                       absl::StrCat(counts[i].wrong, " elements of ", outputs[i].use.name,
                                    " are off by more than allowed, the first at ",
                                    PlaceOf(outputs[i].use, ~counts[i].first_wrong)));
  }
  return std::nullopt;
}

}  // namespace

unsigned long long* FusedDropoutSession::Checksum() const {
  return static_cast<unsigned long long*>(flags_.pointer());
}

CheckCounts* FusedDropoutSession::Counts(std::size_t output) const {
  return reinterpret_cast<CheckCounts*>(Checksum() + 1) + output;
}

absl::Status FusedDropoutSession::Poison(int run, unsigned char byte) {
  for (const FusedBuffer& output : outputs_[run]) {
    RETURN_IF_ERROR(output.memory.Poison(device_.driver(), byte, device_.stream()));
  }
  return workspace_.Poison(device_.driver(), byte, device_.stream());
}

absl::StatusOr<Session::CheckResult> FusedDropoutSession::Check(int id, bool repeat) {
  ASSIGN_OR_RETURN(const FusedDropoutLauncher* const launcher, Find(id));
  ASSIGN_OR_RETURN(const Prepared first, launcher->Prepare(problem_, OperandsFor(*launcher, 0)));
  ASSIGN_OR_RETURN(const Prepared second, launcher->Prepare(problem_, OperandsFor(*launcher, 1)));
  RETURN_IF_ERROR(device_.driver().Check(
      device_.driver().cuMemsetD8Async(flags_.address(), 0,
                                       static_cast<std::size_t>(flags_.bytes()), device_.stream()),
      "clearing the counts"));
  if (repeat) {
    RETURN_IF_ERROR(Poison(1, kSecondPoison));
    RETURN_IF_ERROR(launcher->Launch(*second, device_.stream()));
  }
  RETURN_IF_ERROR(Poison(0, kFirstPoison));
  RETURN_IF_ERROR(device_.RecordBegin());
  RETURN_IF_ERROR(launcher->Launch(*first, device_.stream()));
  RETURN_IF_ERROR(device_.RecordEnd());
  RETURN_IF_ERROR(EnqueueChecks(*launcher, repeat));
  return ReadChecks(repeat);
}

absl::Status FusedDropoutSession::EnqueueChecks(const FusedDropoutLauncher& launcher, bool repeat) {
  const CUstream stream = device_.stream();
  for (std::size_t i = 0; i < outputs_[0].size(); ++i) {
    const FusedBuffer& output = outputs_[0][i];
    const int bytes = StorageBytes(output.use.layout.type);
    RETURN_IF_ERROR(inputs_.EnqueueCompare(kernels_, output, Counts(i), stream));
    ScanArgs scan{};
    scan.output = ToReferenceMatrix(output.use.layout, output.memory.pointer());
    scan.guard = output.memory.guard_bytes() / bytes;
    scan.span = output.use.layout.SpanBytes() / bytes;
    scan.poison = kFirstPoison;
    scan.counts = Counts(i);
    RETURN_IF_ERROR(kernels_.Scan(scan, stream));
    if (!repeat) continue;
    RunsArgs runs{};
    runs.first = scan.output;
    runs.second = ToReferenceMatrix(output.use.layout, outputs_[1][i].memory.pointer());
    runs.first_poison = kFirstPoison;
    runs.second_poison = kSecondPoison;
    runs.counts = Counts(i);
    RETURN_IF_ERROR(kernels_.Runs(runs, stream));
  }
  GuardArgs guard{};
  guard.data = static_cast<const unsigned char*>(workspace_.memory().pointer());
  guard.guard = workspace_.guard_bytes();
  guard.span = launcher.WorkspaceBytes(problem_);
  guard.poison = kFirstPoison;
  guard.counts = Counts(outputs_[0].size());
  RETURN_IF_ERROR(kernels_.Guard(guard, stream));
  return inputs_.EnqueueChecksum(kernels_, Checksum(), stream);
}

absl::StatusOr<Session::CheckResult> FusedDropoutSession::ReadChecks(bool repeat) {
  std::vector<CheckCounts> counts(outputs_[0].size() + 1);
  unsigned long long checksum = 0;
  RETURN_IF_ERROR(
      device_.driver().Check(device_.driver().cuMemcpyDtoHAsync(&checksum, flags_.address(),
                                                                sizeof(checksum), device_.stream()),
                             "reading the checksum"));
  RETURN_IF_ERROR(device_.driver().Check(
      device_.driver().cuMemcpyDtoHAsync(counts.data(), reinterpret_cast<CUdeviceptr>(Counts(0)),
                                         counts.size() * sizeof(CheckCounts), device_.stream()),
      "reading the counts"));
  RETURN_IF_ERROR(device_.Synchronize("running the kernel"));
  const bool inputs_changed = checksum != input_checksum_;
  CheckResult result;
  ASSIGN_OR_RETURN(result.seconds, device_.ElapsedSeconds());
  for (std::size_t i = 0; i < outputs_[0].size(); ++i) {
    result.relative_error = std::max(result.relative_error, RelativeError(counts[i]));
  }
  result.failure = JudgeFused(outputs_[0], counts, inputs_changed, repeat);
  if (inputs_changed) RETURN_IF_ERROR(inputs_.Restore(kernels_, device_.stream()));
  return result;
}

}  // namespace tilewright
