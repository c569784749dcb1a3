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

// libnvrtc, opened at run time in a compile worker and nowhere else.
struct NvrtcApi {
#define TILEWRIGHT_DECLARE(name) decltype(&::name) name = nullptr;
  TILEWRIGHT_NVRTC_FUNCTIONS(TILEWRIGHT_DECLARE)
#undef TILEWRIGHT_DECLARE

  std::string path;
  NvrtcVersion version;

  // Where NVRTC is looked for, in order; the variable is TILEWRIGHT_NVRTC.
  static std::vector<std::string> Candidates();

  // Opens the first of `candidates` that can be used: one that is too old does not hide a newer
  // one further on. NOT_FOUND lists them, each that is there with what is wrong with it, as
  // does `tried`, where given.
  static absl::StatusOr<NvrtcApi> Load(const std::vector<std::string>& candidates,
                                       std::vector<std::string>* tried = nullptr);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_COMPILE_NVRTC_API_H_
