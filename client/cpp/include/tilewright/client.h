// The client for trainers: it gets the best kernel for a problem. docs/c_and_cpp.md explains it.
#ifndef TILEWRIGHT_CLIENT_H_
#define TILEWRIGHT_CLIENT_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tilewright/connection.h"
#include "tilewright/kernel.h"
#include "tilewright/v1/kernel_service.pb.h"
#include "tilewright/v1/problem.pb.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace tilewright {

// How a look-up is answered.
struct GetOptions {
  v1::LookupMode mode = v1::LOOKUP_MODE_BEST_AVAILABLE;
  // Name of a target profile ("h100-sxm"). Default empty: the local GPU `device_ordinal`.
  std::string target;
  int32_t device_ordinal = 0;
  // Serve only winners of this epoch or before. Default 0: the newest.
  int64_t pinned_epoch = 0;
  // Serve exactly the kernel with this SHA-256 (32 bytes), or NOT_FOUND. The client refuses an
  // answer with another one: DATA_LOSS, reason PINNED_HASH_MISMATCH. Default empty: any kernel.
  std::string pinned_content_hash;
  // How long the call may take, with all waits for a daemon that is gone, frozen or busy. Default
  // 0: 30 s, or 10 minutes with WAIT_TUNED.
  std::chrono::milliseconds deadline{0};
};

// How a problem is tuned. Target and device are as in GetOptions.
struct TuneOptions {
  std::string target;
  int32_t device_ordinal = 0;
  v1::TuningOptions tuning;
  // When a stop is requested, Tune takes back its interest in the tuning and returns it as it is.
  std::stop_token stop;
};

using TuneProgress = std::function<void(const v1::Tuning&)>;

// Thread-safe. One client for a process is enough, and all threads share its cache. It never tunes
// or compiles in the caller's process. In a child after fork(), an inherited client answers
// FAILED_PRECONDITION, reason FORKED, at once. It releases nothing of the parent's. Connect anew
// there.
//
// An answer stays the same for the life of the client, so that a training run sees no surprise. A
// better kernel that is stored later is served after Refresh(), never by itself. Answers to
// different options are kept apart. Failures are not kept.
class Client {
 public:
  // Connects to a daemon. Errors are those of Connection::Open.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(const ConnectOptions& options = {});
  ~Client();

  // Returns the best known kernel for `problem` that this process can launch. A cublasLt algorithm
  // is returned only if this process finds the same version of cublasLt. The client looks for it on
  // the first miss. Errors are those of KernelService.GetKernel (docs/api.md) and
  // Kernel::FromResponse.
  absl::StatusOr<std::shared_ptr<const Kernel>> GetKernel(const v1::GemmProblem& problem,
                                                          const GetOptions& options = {});

  absl::StatusOr<std::shared_ptr<const Kernel>> GetKernel(const v1::FusedDropoutProblem& problem,
                                                          const GetOptions& options = {});

  absl::StatusOr<std::shared_ptr<const Kernel>> GetKernel(const v1::Problem& problem,
                                                          const GetOptions& options = {});

  // Many look-ups in few round trips, for the start of a job. The result has one entry for each
  // problem, in order. The failure of one look-up never fails the others. The outer status is a
  // failure of the call itself.
  absl::StatusOr<std::vector<absl::StatusOr<std::shared_ptr<const Kernel>>>> BatchGetKernels(
      std::span<const v1::GemmProblem> problems, const GetOptions& options = {});

  // Tunes `problem`, or joins the tuning under way, and waits. Calls `progress` on this thread. If
  // the tuning fails, its failure is the status. After `options.stop`, returns the tuning as it is
  // then. Its state is not final if others still wait for it.
  absl::StatusOr<v1::Tuning> Tune(const v1::Problem& problem, const TuneOptions& options = {},
                                  const TuneProgress& progress = nullptr);

  // Forgets provisional answers (Kernel::provisional), so that the next GetKernel asks again.
  // Kernels that somebody holds stay valid. A kernel that nobody holds is freed and unloaded from
  // the GPU. So hold a kernel until its launches have completed. Returns the number of forgotten
  // answers.
  int64_t Refresh();

  // The connection of this client, for all other calls. The client owns it.
  Connection& connection();

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_H_
