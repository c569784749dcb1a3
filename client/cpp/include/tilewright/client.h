// The client of Tilewright for trainers: the best kernel for a problem, now.
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

struct GetOptions {
  v1::LookupMode mode = v1::LOOKUP_MODE_BEST_AVAILABLE;
  // Name of a target profile ("h100-sxm"). Empty: the local GPU `device_ordinal`.
  std::string target;
  int32_t device_ordinal = 0;
  // Serve only winners of this epoch or before. 0: the newest.
  int64_t pinned_epoch = 0;
  // Serve exactly the kernel with this SHA-256 (32 bytes), or NOT_FOUND. An answer with any other
  // is refused here: DATA_LOSS, reason PINNED_HASH_MISMATCH. Empty: any.
  std::string pinned_content_hash;
  // How long the call may take, with all waits for a daemon that is gone, frozen or busy. 0: 30 s;
  // WAIT_TUNED: 10 minutes.
  std::chrono::milliseconds deadline{0};
};

struct TuneOptions {
  std::string target;
  int32_t device_ordinal = 0;
  v1::TuningOptions tuning;
  // Once requested, the interest in the tuning is taken back and Tune returns what there is.
  std::stop_token stop;
};

using TuneProgress = std::function<void(const v1::Tuning&)>;

// Thread-safe. One a process is enough; all threads share its cache. Never tunes or compiles in
// the caller's process. In a child after fork() an inherited client answers FAILED_PRECONDITION,
// reason FORKED, at once, and releases nothing of the parent's: connect anew there.
//
// An answer stays the same for the life of the client, so that a training run sees no surprise:
// a better kernel that is stored later is served after Refresh(), never by itself. Answers of
// different options are kept apart. Failures are not kept.
class Client {
 public:
  static absl::StatusOr<std::unique_ptr<Client>> Connect(const ConnectOptions& options = {});
  ~Client();

  // The best kernel known for `problem` that this process can launch: a cublasLt algorithm only
  // where this process finds that very cublasLt, which is looked for on the first miss. Errors as
  // KernelService.GetKernel and Kernel::FromResponse.
  absl::StatusOr<std::shared_ptr<const Kernel>> GetKernel(const v1::GemmProblem& problem,
                                                          const GetOptions& options = {});

  absl::StatusOr<std::shared_ptr<const Kernel>> GetKernel(const v1::FusedDropoutProblem& problem,
                                                          const GetOptions& options = {});

  absl::StatusOr<std::shared_ptr<const Kernel>> GetKernel(const v1::Problem& problem,
                                                          const GetOptions& options = {});

  // Many look-ups in few round trips, for the start of a job; one result a problem, in order.
  // A failure of one never fails the others; the outer status is a failure of the call itself.
  absl::StatusOr<std::vector<absl::StatusOr<std::shared_ptr<const Kernel>>>> BatchGetKernels(
      std::span<const v1::GemmProblem> problems, const GetOptions& options = {});

  // Tunes `problem`, or joins the tuning under way, and waits. `progress` is called on this
  // thread. The tuning's own failure is the status. After `options.stop`: the tuning as it
  // then is, its state not final where others still wait for it.
  absl::StatusOr<v1::Tuning> Tune(const v1::Problem& problem, const TuneOptions& options = {},
                                  const TuneProgress& progress = nullptr);

  // Forgets answers that were provisional (Kernel::provisional), so that the next GetKernel
  // asks again. Kernels that are held stay valid; one that nobody holds is freed, and unloaded
  // from the GPU, so hold a kernel until its launches have completed. Gives the number forgotten.
  int64_t Refresh();

  // The connection, for everything else.
  Connection& connection();

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_H_
