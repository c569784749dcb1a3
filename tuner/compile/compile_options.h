#ifndef TILEWRIGHT_TUNER_COMPILE_COMPILE_OPTIONS_H_
#define TILEWRIGHT_TUNER_COMPILE_COMPILE_OPTIONS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace tilewright {

struct NvrtcVersion {
  int major = 0;
  int minor = 0;

  std::string ToString() const;  // "13.0"
  friend auto operator<=>(const NvrtcVersion&, const NvrtcVersion&) = default;
};

// The versions of "13.0"; zero where it is not one.
NvrtcVersion ParseNvrtcVersion(std::string_view text);

// Makes ptxas tell the resources of every entry function.
inline constexpr std::string_view kResourceLogOption = "--ptxas-options=-v";

// The only options that NVRTC is ever given: a fixed list, because options can read and
// write files. INVALID_ARGUMENT unless `architecture` is "sm_", digits and perhaps "a".
absl::StatusOr<std::vector<std::string>> CompileOptions(std::string_view architecture,
                                                        NvrtcVersion version);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_COMPILE_COMPILE_OPTIONS_H_
