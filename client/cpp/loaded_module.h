#ifndef TILEWRIGHT_CLIENT_CPP_LOADED_MODULE_H_
#define TILEWRIGHT_CLIENT_CPP_LOADED_MODULE_H_

#include <cuda.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "client/cpp/owner_process.h"
#include "kernel_templates/launch/driver/driver_api.h"
#include "kernel_templates/launch/vendor/vendor_launcher.h"
#include "proto/support/status_macros.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Returns the CUDA context that is current on this thread.
// FAILED_PRECONDITION, reason NO_CUDA_CONTEXT: there is none.
absl::StatusOr<CUcontext> CurrentContext(const DriverApi& driver);

// One kernel's native code, loaded into each CUDA context on its first launch there. Shared by
// every Kernel of the same content and plan; thread-safe.
class LoadedModule {
 public:
  explicit LoadedModule(std::shared_ptr<const v1::Kernel> kernel) : kernel_(std::move(kernel)) {}

  // Returns the launcher of the current context. `Launcher` must be that of the kernel's family.
  template <typename Launcher>
  absl::StatusOr<const Launcher*> ForCurrentContext() {
    ASSIGN_OR_RETURN(const void* const launcher,
                     Find([this](const DriverApi& driver) -> absl::StatusOr<std::shared_ptr<void>> {
                       return Launcher::Create(driver, *kernel_);
                     }));
    return static_cast<const Launcher*>(launcher);
  }

 private:
  // Makes a launcher if the context has none yet.
  using Make = absl::FunctionRef<absl::StatusOr<std::shared_ptr<void>>(const DriverApi&)>;
  absl::StatusOr<const void*> Find(Make make);

  const OwnerProcess owner_;
  const std::shared_ptr<const v1::Kernel> kernel_;
  absl::Mutex mutex_;
  absl::flat_hash_map<CUcontext, std::shared_ptr<void>> launchers_ ABSL_GUARDED_BY(mutex_);
};

// Keeps modules by content, so that problems that share a kernel load it once. Owned by a Client
// and its kernels; thread-safe. A module lives as long as a kernel that uses it.
class ModuleCache {
 public:
  // `kind` is that of the problem that the kernel was served for: it decides the launcher, whatever
  // the daemon sends.
  std::shared_ptr<LoadedModule> Get(v1::Problem::KindCase kind,
                                    std::shared_ptr<const v1::Kernel> kernel);

 private:
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, std::weak_ptr<LoadedModule>> modules_ ABSL_GUARDED_BY(mutex_);
};

// Keeps cublasLt for each CUDA context, and makes it on first use. Owned by a Client and its
// kernels; thread-safe. Launches of one context take turns: VendorLauncher serves one thread.
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
