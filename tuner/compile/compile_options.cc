#include "tuner/compile/compile_options.h"

#include <charconv>

#include "absl/strings/str_cat.h"
#include "proto/support/architecture.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

// From this version on, NVRTC caches compiles itself, and a cache hit has no ptxas log.
constexpr NvrtcVersion kFirstWithCache = {12, 9};

}  // namespace

std::string NvrtcVersion::ToString() const { return absl::StrCat(major, ".", minor); }

NvrtcVersion ParseNvrtcVersion(std::string_view text) {
  NvrtcVersion version;
  const char* const end = text.data() + text.size();
  const auto [dot, error] = std::from_chars(text.data(), end, version.major);
  if (error != std::errc() || dot == end || *dot != '.') return {};
  const auto rest = std::from_chars(dot + 1, end, version.minor);
  return rest.ec == std::errc() && rest.ptr == end ? version : NvrtcVersion{};
}

absl::StatusOr<std::vector<std::string>> CompileOptions(std::string_view architecture,
                                                        NvrtcVersion version) {
  if (!ParseArchitecture(architecture)) {
    return InvalidField(
        "architecture", "INVALID_ARCHITECTURE",
        absl::StrCat("'", std::string(architecture), "' must have the form sm_90a"));
  }
  std::vector<std::string> options = {
      absl::StrCat("--gpu-architecture=", std::string(architecture)),
      "--std=c++20",
      // Headers shared with the host do not name an execution space.
      "--device-as-default-execution-space",
      std::string(kResourceLogOption),
  };
  if (version >= kFirstWithCache) options.push_back("--no-cache");
  return options;
}

}  // namespace tilewright
