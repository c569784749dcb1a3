// Targets: what is known of a GPU, real or named. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_TARGET_TARGET_H_
#define TILEWRIGHT_TUNER_TARGET_TARGET_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace tilewright {

// Target profiles shipped as data (tuner/target/profiles.textproto), sorted by name.
const std::vector<v1::TargetProfile>& TargetProfiles();

// INVALID_ARGUMENT, reason UNKNOWN_TARGET, field "target", listing the names.
absl::StatusOr<v1::Silicon> FindTargetProfile(std::string_view name);

// What NVRTC is told to compile for: "sm_80", "sm_90a" (9.0 and later have an
// architecture-specific form). FAILED_PRECONDITION below 8.0.
absl::StatusOr<std::string> ArchitectureFor(const v1::Silicon& silicon);

// Canonical encodings of the parts that make two targets the same; names are left out.
std::string EncodeSilicon(const v1::Silicon& silicon);
std::string EncodeEnvironment(const v1::Environment& environment);

// SHA-256 of the encodings, 32 bytes.
std::string SiliconKey(const v1::Silicon& silicon);
std::string EnvironmentKey(const v1::Environment& environment);

// Peak rate for multiplying `a_type` with `accumulator`, operations a second, dense;
// from SM count, clock and the architecture's per-SM rate (table with its source).
double PeakOperationsPerSecond(const v1::Silicon& silicon, v1::DataType a_type,
                               v1::DataType accumulator);

// max(operations / peak rate, minimum bytes / bandwidth), seconds.
double RooflineSeconds(const v1::Problem& canonical, const v1::Silicon& silicon);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TARGET_TARGET_H_
