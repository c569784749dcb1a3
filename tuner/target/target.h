// Targets: the facts about a GPU, real or named. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_TARGET_TARGET_H_
#define TILEWRIGHT_TUNER_TARGET_TARGET_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace tilewright {

// Returns the target profiles of tuner/target/profiles.textproto, sorted by name.
const std::vector<v1::TargetProfile>& TargetProfiles();

// Returns their names, for people: "a100-sxm-40, a100-sxm-80".
std::string ProfileNames();

// INVALID_ARGUMENT, reason UNKNOWN_TARGET, field "target": the message lists the names.
absl::StatusOr<v1::Silicon> FindTargetProfile(std::string_view name);

// Returns the architecture that NVRTC compiles for: "sm_80", "sm_90a" (9.0 and later have an
// architecture-specific form). FAILED_PRECONDITION below 8.0.
absl::StatusOr<std::string> ArchitectureFor(const v1::Silicon& silicon);

// Return canonical encodings of the parts that make two targets the same, without names.
std::string EncodeSilicon(const v1::Silicon& silicon);
std::string EncodeEnvironment(const v1::Environment& environment);

// Return the SHA-256 of the encodings, 32 bytes.
std::string SiliconKey(const v1::Silicon& silicon);
std::string EnvironmentKey(const v1::Environment& environment);

// Returns the dense peak rate of multiplying `a_type` with `accumulator`, in operations per second.
// It follows from SM count, clock and the architecture's rate per SM (target.cc has the sources).
double PeakOperationsPerSecond(const v1::Silicon& silicon, v1::DataType a_type,
                               v1::DataType accumulator);

// Returns max(operations / peak rate, minimum bytes / bandwidth), in seconds.
double RooflineSeconds(const v1::Problem& canonical, const v1::Silicon& silicon);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TARGET_TARGET_H_
