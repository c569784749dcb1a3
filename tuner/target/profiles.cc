// The part of target.h that names GPUs.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "proto/support/errors.h"
#include "tuner/target/profiles_text.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

std::vector<v1::TargetProfile> ParseProfiles() {
  v1::ListDevicesResponse parsed;
  // Embedded data of our own: that it parses is a matter of the build, and a test holds it.
  if (!google::protobuf::TextFormat::ParseFromString(kProfilesText, &parsed)) std::abort();
  std::vector<v1::TargetProfile> profiles(parsed.profiles().begin(), parsed.profiles().end());
  std::sort(profiles.begin(), profiles.end(),
            [](const auto& a, const auto& b) { return a.name() < b.name(); });
  return profiles;
}

std::string ProfileNames() {
  std::string names;
  for (const v1::TargetProfile& profile : TargetProfiles()) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", profile.name());
  }
  return names;
}

}  // namespace

const std::vector<v1::TargetProfile>& TargetProfiles() {
  static const auto* const profiles = new std::vector<v1::TargetProfile>(ParseProfiles());
  return *profiles;
}

absl::StatusOr<v1::Silicon> FindProfile(std::string_view name) {
  for (const v1::TargetProfile& profile : TargetProfiles()) {
    if (profile.name() == name) return profile.silicon();
  }
  // The name is quoted back: only as much of it as a log line bears.
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
                                  " is not served; a GPU of 8.0 or later is needed"));
  }
  return absl::StrCat("sm_", capability, capability >= 90 ? "a" : "");
}

}  // namespace tilewright
