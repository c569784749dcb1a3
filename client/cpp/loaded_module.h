#ifndef TILEWRIGHT_CLIENT_CPP_LOADED_MODULE_H_
#define TILEWRIGHT_CLIENT_CPP_LOADED_MODULE_H_

#include <cuda.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "client/cpp/owner_process.h"
#include "kernel_templates/launch/fused_dropout/fused_dropout_launcher.h"
#include "kernel_templates/launch/gemm/gemm_launcher.h"
#include "kernel_templates/launch/vendor/vendor_launcher.h"
#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

// The CUDA context that is current on this thread.
// FAILED_PRECONDITION, reason NO_CUDA_CONTEXT, where there is none.
absl::StatusOr<CUcontext> CurrentContext(const DriverApi& driver);

// One kernel's native code, loaded into each CUDA context on its first launch there. Shared by
// every Kernel of the same content and plan; thread-safe.
class LoadedModule {
 public:
  explicit LoadedModule(std::shared_ptr<const v1::Kernel> kernel) : kernel_(std::move(kernel)) {}

  // The launcher of the current context.
  absl::StatusOr<const GemmLauncher*> ForCurrentContext();
  // The same of a fused-dropout kernel.
  absl::StatusOr<const FusedDropoutLauncher*> FusedForCurrentContext();

 private:
  template <typename Launcher>
  struct Launchers {
    absl::Mutex mutex;
    absl::flat_hash_map<CUcontext, std::unique_ptr<Launcher>> by_context ABSL_GUARDED_BY(mutex);
  };
  template <typename Launcher>
  absl::StatusOr<const Launcher*> ForContext(Launchers<Launcher>& launchers);

  const OwnerProcess owner_;
  const std::shared_ptr<const v1::Kernel> kernel_;
  // A kernel is of one kind: one of the two stays empty.
  Launchers<GemmLauncher> launchers_;
  Launchers<FusedDropoutLauncher> fused_launchers_;
};

// Modules by what they are, so that problems that share a kernel load it once. Owned by a
// Client and its kernels; thread-safe. Modules live as long as a kernel that uses them.
class ModuleCache {
 public:
  std::shared_ptr<LoadedModule> Get(std::shared_ptr<const v1::Kernel> kernel);

 private:
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, std::weak_ptr<LoadedModule>> modules_ ABSL_GUARDED_BY(mutex_);
};

// cublasLt in each CUDA context, made on first use. Owned by a Client and its kernels;
// thread-safe: launches of one context take turns, as VendorLauncher serves one thread.
class VendorPool {
 public:
  absl::Status Launch(const v1::GemmProblem& problem, const v1::VendorKernel& kernel,
                      const GemmArguments& operands, CUstream stream);

 private:
  struct PerContext {
    absl::Mutex mutex;
    std::unique_ptr<VendorLauncher> launcher ABSL_GUARDED_BY(mutex);
  };
  std::shared_ptr<PerContext> ForContext(CUcontext context);

  const OwnerProcess owner_;
  absl::Mutex mutex_;
  absl::flat_hash_map<CUcontext, std::shared_ptr<PerContext>> contexts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_LOADED_MODULE_H_
