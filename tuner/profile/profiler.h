#ifndef TILEWRIGHT_TUNER_PROFILE_PROFILER_H_
#define TILEWRIGHT_TUNER_PROFILE_PROFILER_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/support/steady_time.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"
#include "tilewright/v1/tuning_service.pb.h"
#include "tuner/worker/cancellation.h"

namespace tilewright {

// Hands kernels to a Profile while others still compile, in generations: the model chooses the
// first, and each later one lies around the kernels that the GPU found fast. Only the Profile calls
// it. Outlives the Profile.
class KernelSupply {
 public:
  virtual ~KernelSupply() = default;

  // Waits for the next kernel and returns it with its cubin. Nothing: the generation is complete.
  virtual std::optional<v1::Kernel> Next() = 0;

  // Begins another generation once one is complete, and does not wait for it. `seconds` has the
  // time of a launch of each kernel handed out so far, in that order; 0 for those that failed.
  // Returns false if there is no further generation.
  virtual bool Continue(const std::vector<double>& seconds) = 0;
};

struct ProfileRequest {
  v1::Problem problem;  // Canonical.
  int device_ordinal = 0;
  std::vector<v1::Kernel> kernels;  // The candidates that are ready, with cubins.
  KernelSupply* supply = nullptr;   // Gives further candidates meanwhile. Null: there are none.
  bool include_vendor = true;       // Also every cublasLt heuristic result, if any applies.
  // Interleaved timing rounds of the finalists. 1: no race; every candidate is checked in full.
  int max_rounds = 25;
  SteadyTime deadline = SteadyTime::InfiniteFuture();  // The best so far is kept when it passes.
};

// Says since when a kernel was the fastest.
struct Lead {
  absl::Duration after;    // Since Profile was called.
  std::size_t kernel = 0;  // Its place in the report.
};

struct ProfileReport {
  // One for each kernel, with its measurement or its failure: first the request's, then the
  // supply's, each in their order. `variant` and `content_hash` are set from the kernel.
  std::vector<v1::Candidate> kernels;
  // One for each cublasLt heuristic result, in the library's order. Empty without the library.
  std::vector<v1::Candidate> vendors;
  // One for each new leader. Launches of the checks decide at first, medians later.
  std::vector<Lead> leads;
  // Candidates are DEFERRED because bench workers were killed, stopped or cut off from outside.
  bool worker_lost = false;
};

// Called between steps: phase CHECKING or TIMING, with done and total.
using ProfileProgress = std::function<void(const v1::TuningProgress&)>;

// Checks and times kernels on a local GPU. Owned by main(); any thread. Runs one Profile at a time
// on a device; a second call waits.
class Profiler {
 public:
  virtual ~Profiler() = default;

  // Returns the local GPUs. Empty if there is no GPU or no driver. The first call asks, which takes
  // up to a minute.
  virtual std::vector<v1::Device> Devices() = 0;

  // Returns the libraries that it loads: cuda, cublasLt, nvml. The first call asks, as Devices.
  virtual std::vector<v1::LibraryStatus> Libraries() = 0;

  // Tells if Devices and Libraries have an answer. If not, nothing answered in time (a library may
  // never finish loading): ask again later.
  virtual bool KnowsDevices() { return true; }
  virtual bool KnowsLibraries() { return true; }

  // Makes running and later calls of Devices and Libraries end soon. For a daemon that stops.
  virtual void StopAsking() {}

  // Checks every candidate on random input (reference, poison, canaries, a second run). Times the
  // sound ones interleaved with the vendor's. Checks those that are not clearly slower on
  // adversarial and on other random input, and once more after the last round, so every finalist
  // has passed all checks. If a candidate fails or ends the worker process, that is its outcome.
  // If its worker was lost from outside, it is tried once more, then DEFERRED. UNAVAILABLE: the
  // GPU is gone; reason WORKER_LOST: one worker after the other was lost.
  virtual absl::StatusOr<ProfileReport> Profile(const ProfileRequest& request,
                                                const Cancellation& cancellation,
                                                const ProfileProgress& progress) = 0;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_PROFILE_PROFILER_H_
