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

// Returns the version in "13.0"; zeros if the text has another form.
NvrtcVersion ParseNvrtcVersion(std::string_view text);

// Makes ptxas print the resources of every entry function.
inline constexpr std::string_view kResourceLogOption = "--ptxas-options=-v";

// Returns all options that NVRTC ever gets. The list is fixed, because options can read and write
// files. INVALID_ARGUMENT if `architecture` is no name such as "sm_90a".
absl::StatusOr<std::vector<std::string>> CompileOptions(std::string_view architecture,
                                                        NvrtcVersion version);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_COMPILE_COMPILE_OPTIONS_H_
