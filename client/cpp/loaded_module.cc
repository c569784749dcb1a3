#include "client/cpp/loaded_module.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "kernel_templates/launch/driver/driver_api.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {

absl::StatusOr<CUcontext> CurrentContext(const DriverApi& driver) {
  CUcontext context = nullptr;
  RETURN_IF_ERROR(driver.Check(driver.cuCtxGetCurrent(&context), "cuCtxGetCurrent"));
  if (context == nullptr) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "NO_CUDA_CONTEXT",
                     "no CUDA context is current on this thread: select a device first "
                     "(cudaSetDevice, or cuCtxSetCurrent)");
  }
  return context;
}

absl::StatusOr<const void*> LoadedModule::Find(Make make) {
  if (!owner_.IsThis()) return ForkedError();
  ASSIGN_OR_RETURN(const DriverApi* driver, DriverApi::Load());
  ASSIGN_OR_RETURN(const CUcontext context, CurrentContext(*driver));
  {
    absl::ReaderMutexLock lock(&mutex_);
    const auto found = launchers_.find(context);
    if (found != launchers_.end()) return found->second.get();
  }
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<void>& launcher = launchers_[context];
  if (launcher == nullptr) {
    auto made = make(*driver);
    if (!made.ok()) {
      launchers_.erase(context);
      return made.status();
    }
    launcher = *std::move(made);
  }
  return launcher.get();
}

std::shared_ptr<LoadedModule> ModuleCache::Get(v1::Problem::KindCase kind,
                                               std::shared_ptr<const v1::Kernel> kernel) {
  // Several plans may launch one cubin: grid, split and raster are chosen at run time.
  const std::string key =
      absl::StrCat(kind, " ", kernel->content_hash(), kernel->launch_plan().SerializeAsString());
  absl::MutexLock lock(&mutex_);
  if (const auto found = modules_.find(key); found != modules_.end()) {
    if (auto module = found->second.lock()) return module;
  }
  // A new module costs a round trip anyway, so this also removes the entries of dead modules.
  absl::erase_if(modules_, [](const auto& entry) { return entry.second.expired(); });
  auto module = MakeSharedHere<LoadedModule>(std::move(kernel));
  modules_[key] = module;
  return module;
}

std::shared_ptr<VendorPool::PerContext> VendorPool::ForContext(CUcontext context) {
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<PerContext>& slot = contexts_[context];
  if (slot == nullptr) slot = std::make_shared<PerContext>();
  return slot;
}

absl::Status VendorPool::Launch(const v1::GemmProblem& problem, const v1::VendorKernel& kernel,
                                const GemmArguments& operands, CUstream stream) {
  if (!owner_.IsThis()) return ForkedError();
  ASSIGN_OR_RETURN(const DriverApi* driver, DriverApi::Load());
  ASSIGN_OR_RETURN(const CUcontext context, CurrentContext(*driver));
  const std::shared_ptr<PerContext> slot = ForContext(context);
  absl::MutexLock lock(&slot->mutex);
  if (slot->launcher == nullptr) {
    ASSIGN_OR_RETURN(slot->launcher, VendorLauncher::Create(*driver));
  }
  return slot->launcher->Launch(problem, kernel, operands, stream);
}

}  // namespace tilewright
