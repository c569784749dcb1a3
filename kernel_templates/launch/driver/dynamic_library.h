#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_DRIVER_DYNAMIC_LIBRARY_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_DRIVER_DYNAMIC_LIBRARY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tilewright {

// A shared library opened at run time. Stays loaded for the life of the process.
class DynamicLibrary {
 public:
  // Tries each candidate (a path, or a name for the loader) in order. NOT_FOUND lists
  // every place that was tried; `tried`, where given, gets them one by one. A file that is
  // there and does not load comes with the loader's reason.
  static absl::StatusOr<DynamicLibrary> Open(const std::vector<std::string>& candidates,
                                             std::vector<std::string>* tried = nullptr);

  // The symbol's address, or null.
  void* Symbol(const char* name) const;

  // The file it was loaded from, as the loader resolved it.
  const std::string& path() const { return path_; }

 private:
  DynamicLibrary(void* handle, std::string path) : handle_(handle), path_(std::move(path)) {}

  void* handle_;
  std::string path_;
};

// Where a CUDA library is looked for: where the environment variable `override_variable` (a file or
// a folder) says and nowhere else, or, where that is not set, in order: the loader's path,
// $CUDA_HOME and /usr/local/cuda, and the wheels of the active Python ($VIRTUAL_ENV, $CONDA_PREFIX,
// else python3 on PATH: site-packages/nvidia/*/lib), and the .deps/cuda/lib folder beside the
// installation. `sonames` are tried in order in every place ("libnvrtc.so.13", "libnvrtc.so.12").
std::vector<std::string> CudaLibraryCandidates(const char* override_variable,
                                               const std::vector<std::string>& sonames);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_DRIVER_DYNAMIC_LIBRARY_H_
