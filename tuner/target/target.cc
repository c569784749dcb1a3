#include "tuner/target/target.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "proto/problem/data_type.h"
#include "proto/problem/gemm/precision.h"
#include "proto/problem/problem.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "tuner/target/profiles_text.h"

namespace tilewright {
namespace {

// Must rise whenever a field is added or its meaning changes.
constexpr uint64_t kSiliconVersion = 1;
// 2: no longer has a digest of the templates, because every winner has its own.
constexpr uint64_t kEnvironmentVersion = 2;

void Append(uint64_t value, std::string& out) {
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

// Writes the length too, which keeps neighbouring texts apart.
void Append(const std::string& text, std::string& out) {
  Append(text.size(), out);
  out += text;
}

// Rounds to whole gigabytes per second, because drivers round the memory clock.
uint64_t BandwidthClass(double bytes_per_second) {
  return bytes_per_second > 0 && bytes_per_second < 1e18
             ? static_cast<uint64_t>(std::llround(bytes_per_second / 1e9))
             : 0;
}

std::vector<v1::TargetProfile> ParseProfiles() {
  v1::ListDevicesResponse parsed;
  // This is our own embedded data, and a test checks that it parses.
  if (!google::protobuf::TextFormat::ParseFromString(kProfilesText, &parsed)) std::abort();
  std::vector<v1::TargetProfile> profiles(parsed.profiles().begin(), parsed.profiles().end());
  std::sort(profiles.begin(), profiles.end(),
            [](const auto& a, const auto& b) { return a.name() < b.name(); });
  return profiles;
}

// Dense operations of one SM in one clock (a multiply-add is two), for GPUs from
// `compute_capability` up to the next row. Tensor-core rates are for fp32 accumulation, or int32
// for int8.
//
// Each row follows from the peak = SMs * clock * rate of a whitepaper or data sheet:
//   8.0  A100 whitepaper, table 1: 312 TFLOP/s bf16 = 108 SMs * 1.41 GHz * 2048
//   8.6  A40 data sheet: 149.7 TFLOP/s bf16 = 84 * 1.74 GHz * 1024
//   8.9  L40S data sheet: 362 TFLOP/s bf16 = 142 * 2.52 GHz * 1024 (rounded), fp8 733
//   9.0  H100 whitepaper, table 1: 989.4 TFLOP/s bf16 = 132 * 1.83 GHz * 4096
//   10.0 HGX B200 data sheet: 2.25 PFLOP/s bf16 = 148 * 1.85 GHz * 8192
//   12.0 RTX PRO 6000 Blackwell: 503.8 TFLOP/s bf16 = 188 * 2.617 GHz * 1024
struct SmRates {
  int compute_capability;
  int fp32;  // CUDA cores.
  int tf32;
  int half;  // bf16 and fp16.
  int fp8;   // 0: no such unit.
  int int8;
};

constexpr SmRates kRates[] = {
    {80, 128, 1024, 2048, 0, 4096},       {86, 256, 512, 1024, 0, 2048},
    {89, 256, 512, 1024, 2048, 2048},     {90, 256, 2048, 4096, 8192, 8192},
    {100, 256, 4096, 8192, 16384, 16384}, {120, 256, 512, 1024, 2048, 2048},
};

const SmRates& RatesOf(int compute_capability) {
  const SmRates* found = &kRates[0];
  for (const SmRates& rates : kRates) {
    if (rates.compute_capability <= compute_capability) found = &rates;
  }
  return *found;
}

// GeForce boards of 8.6, 8.9 and 12.0 run tensor cores at half the rate when they accumulate in
// fp32 (GA102 whitepaper, table 2: RTX 3090 71 TFLOP/s, but 142 with fp16 accumulation). The same
// chips in professional boards do not.
bool HalvesFp32Accumulation(const v1::Silicon& silicon) {
  const int capability = silicon.compute_capability();
  const bool consumer_chip = capability == 86 || capability == 89 || capability >= 120;
  return consumer_chip && absl::StrContains(silicon.name(), "GeForce");
}

int OperationsPerClock(const v1::Silicon& silicon, v1::DataType a_type, v1::DataType accumulator) {
  const SmRates& rates = RatesOf(silicon.compute_capability());
  const int share = accumulator == v1::DATA_TYPE_FP32 && HalvesFp32Accumulation(silicon) ? 2 : 1;
  switch (MultiplierOf(a_type)) {
    case Multiplier::kFp32:
      return rates.fp32;
    case Multiplier::kTf32:
      return rates.tf32 / share;
    case Multiplier::kHalf:
      return rates.half / share;
    case Multiplier::kFp8:
      return rates.fp8 / share;
    case Multiplier::kInteger:
      return rates.int8;
    case Multiplier::kNone:
      break;
  }
  return 0;
}

}  // namespace

// Omits the name and memory_bytes. memory_bytes decides what fits but not how fast it runs, and
// drivers reserve a share of it that changes between their versions.
std::string EncodeSilicon(const v1::Silicon& silicon) {
  std::string out;
  Append(kSiliconVersion, out);
  Append(silicon.compute_capability(), out);
  Append(silicon.sm_count(), out);
  Append(silicon.memory_class(), out);
  Append(silicon.l2_bytes(), out);
  Append(silicon.power_limit_watts(), out);
  Append(silicon.max_shared_memory_per_block(), out);
  Append(silicon.shared_memory_per_sm(), out);
  Append(silicon.registers_per_sm(), out);
  Append(silicon.max_threads_per_sm(), out);
  Append(silicon.max_clock_mhz(), out);
  Append(BandwidthClass(silicon.dram_bytes_per_second()), out);
  return out;
}

std::string EncodeEnvironment(const v1::Environment& environment) {
  std::string out;
  Append(kEnvironmentVersion, out);
  Append(environment.driver_version(), out);
  Append(environment.nvrtc_version(), out);
  return out;
}

std::string SiliconKey(const v1::Silicon& silicon) { return Sha256(EncodeSilicon(silicon)); }

std::string EnvironmentKey(const v1::Environment& environment) {
  return Sha256(EncodeEnvironment(environment));
}

const std::vector<v1::TargetProfile>& TargetProfiles() {
  static const auto* const profiles = new std::vector<v1::TargetProfile>(ParseProfiles());
  return *profiles;
}

std::string ProfileNames() {
  std::string names;
  for (const v1::TargetProfile& profile : TargetProfiles()) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", profile.name());
  }
  return names;
}

absl::StatusOr<v1::Silicon> FindTargetProfile(std::string_view name) {
  for (const v1::TargetProfile& profile : TargetProfiles()) {
    if (profile.name() == name) return profile.silicon();
  }
  // The message quotes only as much of the name as fits in a log line.
  const std::string shown(name.substr(0, 64));
  return InvalidField(
      "target", "UNKNOWN_TARGET",
      absl::StrCat("no profile is named \"", shown, "\"; use one of ", ProfileNames()));
}

absl::StatusOr<std::string> ArchitectureFor(const v1::Silicon& silicon) {
  const int capability = silicon.compute_capability();
  if (capability < 80) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "UNSUPPORTED_ARCHITECTURE",
                     absl::StrCat("compute capability ", capability / 10, ".", capability % 10,
                                  " is not supported; a GPU of 8.0 or later is needed"));
  }
  return absl::StrCat("sm_", capability, capability >= 90 ? "a" : "");
}

double PeakOperationsPerSecond(const v1::Silicon& silicon, v1::DataType a_type,
                               v1::DataType accumulator) {
  return 1e6 * silicon.max_clock_mhz() * silicon.sm_count() *
         OperationsPerClock(silicon, a_type, accumulator);
}

double RooflineSeconds(const v1::Problem& canonical, const v1::Silicon& silicon) {
  const v1::GemmProblem& gemm = canonical.gemm();
  // Takes the fastest precision that the problem admits. An unknown rate is no limit.
  double compute = std::numeric_limits<double>::infinity();
  for (const v1::Precision precision : AdmissiblePrecisions(gemm)) {
    const ComputeTypes types = ComputeTypesOf(gemm.a_type(), precision);
    const double peak = PeakOperationsPerSecond(silicon, types.input, types.sums);
    compute = std::min(compute, peak > 0 ? FloatingPointOperations(canonical) / peak : 0);
  }
  const double bandwidth = silicon.dram_bytes_per_second();
  const double memory = bandwidth > 0 ? MinimumBytes(canonical) / bandwidth : 0;
  return std::max(compute, memory);
}

}  // namespace tilewright
