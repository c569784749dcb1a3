#ifndef TILEWRIGHT_TUNER_COMPILE_NVRTC_API_H_
#define TILEWRIGHT_TUNER_COMPILE_NVRTC_API_H_

#include <nvrtc.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tuner/compile/compile_options.h"

namespace tilewright {

#define TILEWRIGHT_NVRTC_FUNCTIONS(X) \
  X(nvrtcVersion)                     \
  X(nvrtcGetErrorString)              \
  X(nvrtcCreateProgram)               \
  X(nvrtcDestroyProgram)              \
  X(nvrtcCompileProgram)              \
  X(nvrtcGetCUBINSize)                \
  X(nvrtcGetCUBIN) X(nvrtcGetPTXSize) X(nvrtcGetPTX) X(nvrtcGetProgramLogSize) X(nvrtcGetProgramLog)

// libnvrtc, which only a compile worker opens, at run time.
struct NvrtcApi {
#define TILEWRIGHT_DECLARE(name) decltype(&::name) name = nullptr;
  TILEWRIGHT_NVRTC_FUNCTIONS(TILEWRIGHT_DECLARE)
#undef TILEWRIGHT_DECLARE

  std::string path;
  NvrtcVersion version;

  // Returns the places to search for NVRTC, in order. The variable is TILEWRIGHT_NVRTC.
  static std::vector<std::string> Candidates();

  // Opens the first of `candidates` that can be used. A library that is too old does not hide a
  // newer one behind it. NOT_FOUND lists the candidates, and says what is wrong with each that
  // exists. `tried`, if given, gets the same list.
  static absl::StatusOr<NvrtcApi> Load(const std::vector<std::string>& candidates,
                                       std::vector<std::string>* tried = nullptr);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_COMPILE_NVRTC_API_H_
