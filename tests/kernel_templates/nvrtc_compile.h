// Compiles rendered sources with NVRTC for tests, and reads what ptxas says of them.
#ifndef TILEWRIGHT_TESTS_KERNEL_TEMPLATES_NVRTC_COMPILE_H_
#define TILEWRIGHT_TESTS_KERNEL_TEMPLATES_NVRTC_COMPILE_H_

#include <map>
#include <string>

namespace tilewright {

struct EntryReport {
  int registers = 0;
  int spill_bytes = 0;  // Stores plus loads.
  int stack_bytes = 0;
  int static_shared_bytes = 0;
};

struct CompileReport {
  bool ok = false;
  std::string log;
  std::string ptx;
  std::map<std::string, EntryReport> entries;  // By symbol.
};

// `architecture` is a real one: "sm_90a". Fails the test that calls it where no NVRTC is
// found (TILEWRIGHT_NVRTC, the loader's path, CUDA_HOME, /usr/local/cuda, .deps).
CompileReport CompileWithNvrtc(const std::string& source, const std::string& architecture);

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_KERNEL_TEMPLATES_NVRTC_COMPILE_H_
