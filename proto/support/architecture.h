#ifndef TILEWRIGHT_PROTO_SUPPORT_ARCHITECTURE_H_
#define TILEWRIGHT_PROTO_SUPPORT_ARCHITECTURE_H_

#include <optional>
#include <string_view>

namespace tilewright {

// What native code is compiled for: "sm_90a". Pure; any thread.
struct Architecture {
  int number = 0;   // 90 for compute capability 9.0.
  char suffix = 0;  // 'a': for that compute capability alone. 'f': for its family. 0: no suffix.

  // Returns whether a GPU of `compute_capability` runs the code. Code without the suffix 'a' runs
  // on its own compute capability and on later ones of the same major version. That is right for
  // 'f' too: each family of CUDA 13 is of one major version.
  bool RunsOn(int compute_capability) const;
};

// Returns the architecture with this name; nothing if it is not "sm_", two or three digits of which
// the first is not 0, and perhaps 'a' or 'f'.
std::optional<Architecture> ParseArchitecture(std::string_view name);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_ARCHITECTURE_H_
