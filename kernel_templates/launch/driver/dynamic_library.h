#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_DRIVER_DYNAMIC_LIBRARY_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_DRIVER_DYNAMIC_LIBRARY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tilewright {

// A shared library opened at run time. It stays loaded until the process ends.
class DynamicLibrary {
 public:
  // Tries each candidate (a path, or a name for the loader) in order. NOT_FOUND lists every place
  // that was tried, with the loader's reason for each file that exists but does not load. `tried`,
  // if not null, receives the places one by one.
  static absl::StatusOr<DynamicLibrary> Open(const std::vector<std::string>& candidates,
                                             std::vector<std::string>* tried = nullptr);

  // Returns the symbol's address, or null.
  void* Symbol(const char* name) const;

  // Returns the file that it was loaded from, as the loader resolved it.
  const std::string& path() const { return path_; }

 private:
  DynamicLibrary(void* handle, std::string path) : handle_(handle), path_(std::move(path)) {}

  void* handle_;
  std::string path_;
};

// Returns the places where a CUDA library may be. If the environment variable `override_variable`
// (a file or a folder) is set, it is the only place. Else, in order: the loader's path, $CUDA_HOME
// and /usr/local/cuda, the wheels of the active Python ($VIRTUAL_ENV, $CONDA_PREFIX, else python3
// on PATH: site-packages/nvidia/*/lib), and .deps/cuda/lib beside the installation. Each place is
// tried with all `sonames` in order ("libnvrtc.so.13", "libnvrtc.so.12").
std::vector<std::string> CudaLibraryCandidates(const char* override_variable,
                                               const std::vector<std::string>& sonames);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_DRIVER_DYNAMIC_LIBRARY_H_
