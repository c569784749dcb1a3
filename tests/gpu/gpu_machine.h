#ifndef TILEWRIGHT_TESTS_GPU_GPU_MACHINE_H_
#define TILEWRIGHT_TESTS_GPU_GPU_MACHINE_H_

#include <memory>
#include <string>

#include "tilewright/v1/tuning_service.pb.h"
#include "tuner/compile/process_pool_compiler.h"
#include "tuner/profile/bench_profiler.h"

namespace tilewright {

// The first GPU of this machine, and what compiles and measures for it. Made once; the tests
// share it. The pool may be used from several threads.
class GpuMachine {
 public:
  // Looks for a GPU; says why there is none. Called by main before any test.
  static bool Find();
  static GpuMachine& Get();

  const v1::Device& device() const { return device_; }
  const v1::Silicon& silicon() const { return device_.target().silicon(); }
  const std::string& architecture() const { return architecture_; }
  ProcessPoolCompiler& compiler() { return *compiler_; }
  BenchProfiler& profiler() { return *profilers_[0]; }

  // Profiles of one profiler on one GPU wait for each other; those of several do not. Each is
  // kept, with its reference kernels.
  static constexpr int kProfilers = 6;
  BenchProfiler& profiler(int index) { return *profilers_[index]; }

 private:
  std::unique_ptr<ProcessPoolCompiler> compiler_;
  std::unique_ptr<BenchProfiler> profilers_[kProfilers];
  v1::Device device_;
  std::string architecture_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_GPU_GPU_MACHINE_H_
