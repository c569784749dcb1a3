#include "tuner/bench/session.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/problem/data_type.h"
#include "proto/problem/family.h"
#include "proto/problem/visit_problem.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tuner/bench/fused_dropout_candidates.h"
#include "tuner/bench/fused_dropout_reference.h"
#include "tuner/bench/gemm_candidates.h"
#include "tuner/bench/gemm_reference.h"

namespace tilewright {
namespace {

constexpr int64_t kWorkspaceGuard = int64_t{1} << 20;

// Two poisons, both NaN or huge in every float type. An element that neither run writes shows
// even if the type has no NaN.
constexpr unsigned char kFirstPoison = 0xFF;
constexpr unsigned char kSecondPoison = 0x7E;

// Returns null members if the kind is not set.
BenchFamily BenchFamilyOf(const v1::Problem& problem) {
  return VisitProblem(
      problem, Overloaded{[](const v1::GemmProblem& gemm) -> BenchFamily {
                            auto reference = std::make_unique<GemmReference>(gemm);
                            auto loader = GemmCandidates(gemm, *reference);
                            return {std::move(reference), std::move(loader)};
                          },
                          [](const v1::FusedDropoutProblem& fused_dropout) -> BenchFamily {
                            auto reference = std::make_unique<FusedDropoutReference>(fused_dropout);
                            auto loader = FusedDropoutCandidates(fused_dropout, *reference);
                            return {std::move(reference), std::move(loader)};
                          },
                          [](NoProblem) -> BenchFamily { return {}; }});
}

double BytesOfSession(const v1::Problem& problem, const Reference& reference) {
  double bytes = reference.Bytes();
  for (const TensorUse& use : FamilyOf(problem).TensorsOf(problem)) {
    // Each output exists twice, to compare two runs.
    bytes += (use.written ? 2 : 1) * static_cast<double>(use.layout.SpanBytes());
  }
  return bytes;
}

}  // namespace

double SessionBytes(const v1::Problem& problem) {
  const BenchFamily family = BenchFamilyOf(problem);
  return family.reference == nullptr ? 0 : BytesOfSession(problem, *family.reference);
}

Session::Session(BenchDevice device, const v1::Problem& problem, BenchFamily family)
    : device_(std::move(device)),
      problem_(problem),
      uses_(FamilyOf(problem).TensorsOf(problem)),
      family_(std::move(family)),
      kernels_(device_.driver(), device_.stream()) {}

absl::StatusOr<std::unique_ptr<Session>> Session::Open(const v1::Problem& problem,
                                                       int device_ordinal) {
  BenchFamily family = BenchFamilyOf(problem);
  if (family.reference == nullptr) {
    return Unimplemented("problem", "the bench worker cannot measure this kind of problem");
  }
  ASSIGN_OR_RETURN(BenchDevice device,
                   BenchDevice::Open(device_ordinal, BytesOfSession(problem, *family.reference)));
  auto session =
      std::unique_ptr<Session>(new Session(std::move(device), problem, std::move(family)));
  RETURN_IF_ERROR(session->Allocate());
  return session;
}

absl::Status Session::Allocate() {
  const DriverApi& driver = device_.driver();
  ASSIGN_OR_RETURN(inputs_, DeviceTensors::Allocate(driver, uses_, /*written=*/false));
  RETURN_IF_ERROR(family_.reference->Allocate(driver));
  for (DeviceTensors& outputs : outputs_) {
    ASSIGN_OR_RETURN(outputs, DeviceTensors::Allocate(driver, uses_, /*written=*/true));
  }
  const std::size_t counted = outputs_[0].size() + 1;
  ASSIGN_OR_RETURN(checksum_, DeviceMemory::Allocate(driver, sizeof(input_checksum_)));
  ASSIGN_OR_RETURN(
      counts_, DeviceMemory::Allocate(driver, static_cast<int64_t>(counted * sizeof(CheckCounts))));
  RETURN_IF_ERROR(device_.AllocateFlush());
  return EnsureWorkspace(0);
}

absl::Status Session::LoadReference(const std::vector<std::string>& cubins) {
  ASSIGN_OR_RETURN(kernels_, ReferenceKernels::Load(device_.driver(), device_.stream(), cubins));
  return absl::OkStatus();
}

absl::Status Session::SetInput(bench::InputKind kind) {
  rotation_.reset();
  input_ = kind;
  RETURN_IF_ERROR(family_.reference->MakeInputs(kind, inputs_, kernels_));
  RETURN_IF_ERROR(family_.reference->Compute(kernels_));
  RETURN_IF_ERROR(EnqueueChecksum());
  RETURN_IF_ERROR(
      Read(checksum_.address(), &input_checksum_, sizeof(input_checksum_), "reading the checksum"));
  return device_.Synchronize("making inputs");
}

absl::StatusOr<std::vector<v1::VendorKernel>> Session::Vendors(int64_t workspace_limit, int limit) {
  return family_.loader->Vendors(device_.driver(), workspace_limit, limit);
}

absl::Status Session::Load(const bench::LoadRequest& request) {
  candidates_.erase(request.candidate());
  ASSIGN_OR_RETURN(LoadedCandidate loaded, family_.loader->Load(device_.driver(), request));
  RETURN_IF_ERROR(EnsureWorkspace(loaded.workspace_bytes));
  candidates_.emplace(request.candidate(), std::move(loaded));
  return absl::OkStatus();
}

absl::StatusOr<const LoadedCandidate*> Session::Find(int candidate) const {
  const auto found = candidates_.find(candidate);
  if (found != candidates_.end()) return &found->second;
  return MakeError(absl::StatusCode::kInternal, "UNKNOWN_CANDIDATE",
                   absl::StrCat("candidate ", candidate, " was not loaded"));
}

absl::Status Session::EnsureWorkspace(int64_t bytes) {
  if (!workspace_.empty() && workspace_.bytes() >= bytes) return absl::OkStatus();
  rotation_.reset();
  const int64_t before = workspace_.bytes();
  workspace_ = GuardedBuffer();  // Memory may be too short for both.
  auto larger = GuardedBuffer::Allocate(device_.driver(), bytes, kWorkspaceGuard);
  if (!larger.ok()) {
    ASSIGN_OR_RETURN(workspace_,
                     GuardedBuffer::Allocate(device_.driver(), before, kWorkspaceGuard));
    return larger.status();
  }
  workspace_ = *std::move(larger);
  return absl::OkStatus();
}

TensorPointers Session::TensorsOfRun(int run) const {
  TensorPointers pointers;
  for (const DeviceTensors* tensors : {&inputs_, &outputs_[run]}) {
    for (const DeviceTensor& tensor : *tensors) {
      pointers.push_back({&tensor.use, tensor.memory.pointer()});
    }
  }
  return pointers;
}

absl::StatusOr<PreparedLaunch> Session::Prepare(const LoadedCandidate& candidate,
                                                TensorPointers tensors) const {
  return candidate.prepare({std::move(tensors), workspace_.pointer(), candidate.workspace_bytes});
}

absl::Status Session::EnsureRotation(int sets) {
  if (rotation_ && rotation_wanted_ == sets) return absl::OkStatus();
  rotation_.reset();
  rotation_wanted_ = sets;
  const auto copy = [&](int count) {
    return Rotation::Copy(device_.driver(), TensorsOfRun(0), count, device_.stream());
  };
  auto rotation = copy(sets);
  // Warm operands favour every candidate alike, but a lack of memory must fail none.
  if (absl::IsResourceExhausted(rotation.status())) rotation = copy(1);
  if (!rotation.ok()) return rotation.status();
  rotation_.emplace(*std::move(rotation));
  return absl::OkStatus();
}

absl::StatusOr<double> Session::TimeSample(int id, int launches) {
  ASSIGN_OR_RETURN(const LoadedCandidate* const candidate, Find(id));
  RETURN_IF_ERROR(EnsureRotation(
      Rotation::SetsFor(BytesOf(uses_), static_cast<double>(device_.l2_bytes()), launches)));
  std::vector<PreparedLaunch> prepared;
  for (const TensorPointers& set : rotation_->sets()) {
    ASSIGN_OR_RETURN(prepared.emplace_back(), Prepare(*candidate, set));
  }
  // More launches take longer to enqueue. The longer flush hides that from the GPU.
  RETURN_IF_ERROR(device_.Flush(launches > 1 ? 2 : 1));
  RETURN_IF_ERROR(device_.RecordBegin());
  for (int i = 0; i < launches; ++i) {
    RETURN_IF_ERROR(prepared[static_cast<std::size_t>(i) % prepared.size()](device_.stream()));
  }
  RETURN_IF_ERROR(device_.RecordEnd());
  RETURN_IF_ERROR(device_.Synchronize("running the kernel"));
  ASSIGN_OR_RETURN(const double seconds, device_.ElapsedSeconds());
  return seconds / launches;
}

// Launches once or twice over poisoned outputs and reads all findings afterwards. Flags start as
// garbage like any output, because the launch must clear them.
absl::StatusOr<Session::CheckResult> Session::Check(int id, bool repeat) {
  ASSIGN_OR_RETURN(const LoadedCandidate* const candidate, Find(id));
  ASSIGN_OR_RETURN(const PreparedLaunch first, Prepare(*candidate, TensorsOfRun(0)));
  ASSIGN_OR_RETURN(const PreparedLaunch second, Prepare(*candidate, TensorsOfRun(1)));
  RETURN_IF_ERROR(kernels_.Clear(counts_.address(), counts_.bytes()));
  if (repeat) {
    RETURN_IF_ERROR(Poison(1, kSecondPoison));
    RETURN_IF_ERROR(second(device_.stream()));
  }
  RETURN_IF_ERROR(Poison(0, kFirstPoison));
  RETURN_IF_ERROR(device_.RecordBegin());
  RETURN_IF_ERROR(first(device_.stream()));
  RETURN_IF_ERROR(device_.RecordEnd());
  RETURN_IF_ERROR(EnqueueChecks(*candidate, repeat));
  ASSIGN_OR_RETURN(const CheckFindings findings, ReadFindings(repeat));
  CheckResult result;
  ASSIGN_OR_RETURN(result.seconds, device_.ElapsedSeconds());
  result.relative_error = family_.reference->RelativeErrorOf(findings);
  result.failure =
      JudgeCheck(*family_.reference, FamilyOf(problem_).NumericsOf(problem_), findings);
  if (findings.inputs_changed) {
    RETURN_IF_ERROR(family_.reference->MakeInputs(input_, inputs_, kernels_));
  }
  return result;
}

absl::Status Session::Poison(int run, unsigned char byte) {
  RETURN_IF_ERROR(outputs_[run].Poison(device_.driver(), byte, device_.stream()));
  return workspace_.Poison(device_.driver(), byte, device_.stream());
}

CheckCounts* Session::Counts(std::size_t output) const {
  return static_cast<CheckCounts*>(counts_.pointer()) + output;
}

absl::Status Session::EnqueueChecks(const LoadedCandidate& candidate, bool repeat) {
  for (std::size_t i = 0; i < outputs_[0].size(); ++i) {
    RETURN_IF_ERROR(EnqueueOutputChecks(candidate, i, repeat));
  }
  RETURN_IF_ERROR(EnqueueGuard(candidate.workspace_bytes));
  return EnqueueChecksum();
}

absl::Status Session::EnqueueOutputChecks(const LoadedCandidate& candidate, std::size_t output,
                                          bool repeat) {
  const DeviceTensor& tensor = outputs_[0][output];
  CheckCounts* const counts = Counts(output);
  RETURN_IF_ERROR(
      family_.reference->Compare(tensor, outputs_[0], candidate.arithmetic, counts, kernels_));
  const int element_bytes = StorageBytes(tensor.use.layout.type);
  ScanArgs scan{};
  scan.output = ToReferenceMatrix(tensor);
  scan.guard = tensor.memory.guard_bytes() / element_bytes;
  scan.span = tensor.use.layout.SpanBytes() / element_bytes;
  scan.poison = kFirstPoison;
  scan.counts = counts;
  RETURN_IF_ERROR(kernels_.Scan(scan));
  if (!repeat) return absl::OkStatus();
  RunsArgs runs{};
  runs.first = scan.output;
  runs.second = ToReferenceMatrix(outputs_[1][output]);
  runs.first_poison = kFirstPoison;
  runs.second_poison = kSecondPoison;
  runs.counts = counts;
  return kernels_.Runs(runs);
}

absl::Status Session::EnqueueGuard(int64_t workspace_bytes) {
  GuardArgs args{};
  args.data = static_cast<const unsigned char*>(workspace_.memory().pointer());
  args.guard = workspace_.guard_bytes();
  args.span = workspace_bytes;
  args.poison = kFirstPoison;
  args.counts = Counts(outputs_[0].size());
  return kernels_.Guard(args);
}

absl::Status Session::EnqueueChecksum() {
  RETURN_IF_ERROR(kernels_.Clear(checksum_.address(), checksum_.bytes()));
  for (const DeviceTensor& input : inputs_) {
    ChecksumArgs args{};
    args.data = static_cast<const unsigned int*>(input.memory.memory().pointer());
    args.words = input.memory.memory().bytes() / 4;
    args.sum = static_cast<unsigned long long*>(checksum_.pointer());
    RETURN_IF_ERROR(kernels_.Checksum(args));
  }
  return absl::OkStatus();
}

absl::Status Session::Read(CUdeviceptr from, void* to, std::size_t bytes, const char* what) const {
  return device_.driver().Check(
      device_.driver().cuMemcpyDtoHAsync(to, from, bytes, device_.stream()), what);
}

absl::StatusOr<CheckFindings> Session::ReadFindings(bool repeat) {
  std::vector<CheckCounts> counts(outputs_[0].size() + 1);
  unsigned long long checksum = 0;
  CheckFindings findings;
  for (const DeviceTensor& output : outputs_[0]) findings.outputs.push_back({output.use});
  RETURN_IF_ERROR(Read(checksum_.address(), &checksum, sizeof(checksum), "reading the checksum"));
  RETURN_IF_ERROR(Read(counts_.address(), counts.data(), counts.size() * sizeof(CheckCounts),
                       "reading the counts"));
  for (std::size_t i = 0; i < findings.outputs.size(); ++i) {
    const GuardedBuffer& memory = outputs_[0][i].memory;
    uint32_t& word = findings.outputs[i].word;
    if (memory.bytes() != sizeof(word)) continue;
    RETURN_IF_ERROR(Read(memory.address(), &word, sizeof(word), "reading the output of one word"));
  }
  RETURN_IF_ERROR(device_.Synchronize("running the kernel"));
  for (std::size_t i = 0; i < findings.outputs.size(); ++i) findings.outputs[i].counts = counts[i];
  findings.workspace = counts.back();
  findings.repeated = repeat;
  findings.inputs_changed = checksum != input_checksum_;
  return findings;
}

}  // namespace tilewright
