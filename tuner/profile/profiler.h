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

// Hands kernels to a Profile while others are still being compiled, in generations: the first one
// is the model's choice, a later one lies around what the GPU found fast. Outlives the Profile,
// which alone calls it.
class KernelSupply {
 public:
  virtual ~KernelSupply() = default;

  // The next kernel, with its cubin; waits for it. Nothing: the generation is complete.
  virtual std::optional<v1::Kernel> Next() = 0;

  // Once a generation is complete: begins another one and does not wait for it. `seconds` has
  // what a launch of each kernel takes that was handed out so far, in that order; 0 for those
  // that failed. False: there is no further generation.
  virtual bool Continue(const std::vector<double>& seconds) = 0;
};

struct ProfileRequest {
  v1::Problem problem;  // Canonical.
  int device_ordinal = 0;
  std::vector<v1::Kernel> kernels;  // Candidates at hand, with cubins.
  KernelSupply* supply = nullptr;   // Where further ones come from meanwhile; null: nowhere.
  bool include_vendor = true;       // Also every cublasLt heuristic result, where it applies.
  // Interleaved timing rounds of the finalists. 1: no race, everyone is checked in full.
  int max_rounds = 25;
  SteadyTime deadline = SteadyTime::InfiniteFuture();  // The best so far is kept when it passes.
};

// A kernel was the fastest from then on.
struct Lead {
  absl::Duration after;    // Since Profile was called.
  std::size_t kernel = 0;  // Its place in the report.
};

struct ProfileReport {
  // One a kernel, those of the request in its order, then those of the supply in theirs: its
  // measurement or its failure. `variant` and `content_hash` are set from the kernel.
  std::vector<v1::Candidate> kernels;
  // One a cublasLt heuristic result, in the library's order; empty without the library.
  std::vector<v1::Candidate> vendors;
  // Whenever another kernel took the lead, by its check's launch at first and by medians later.
  std::vector<Lead> leads;
  // Candidates are DEFERRED because bench workers were killed, stopped or cut off from outside.
  bool worker_lost = false;
};

// Called between steps: phase CHECKING or TIMING, with done and total.
using ProfileProgress = std::function<void(const v1::TuningProgress&)>;

// Checks and times kernels on a local GPU. Owned by main(); one Profile at a time a
// device (a second call waits), any thread.
class Profiler {
 public:
  virtual ~Profiler() = default;

  // The local GPUs; empty where there is none or no driver. Asks the first time, for up to a
  // minute.
  virtual std::vector<v1::Device> Devices() = 0;

  // Libraries it loads: cuda, cublasLt, nvml. Asks the first time, as Devices.
  virtual std::vector<v1::LibraryStatus> Libraries() = 0;

  // Whether Devices and Libraries are an answer. Otherwise nothing answered in time, as where a
  // library does not finish loading: ask again later.
  virtual bool KnowsDevices() { return true; }
  virtual bool KnowsLibraries() { return true; }

  // Devices and Libraries that are being asked end soon, from now on: for a daemon that stops.
  virtual void StopAsking() {}

  // Checks every candidate on random input (reference, poison, canaries, a second run), times the
  // sound ones interleaved with the vendor's, checks those that are not clearly slower on
  // adversarial and on other random input, and once more after the last round: what was measured
  // to the end passed all. A candidate's failure, be it the end of the worker process, is its
  // outcome, unless the worker was
  // lost from outside: the candidate is tried once more, then DEFERRED. UNAVAILABLE: the GPU is
  // gone; reason WORKER_LOST: one worker after the other was lost.
  virtual absl::StatusOr<ProfileReport> Profile(const ProfileRequest& request,
                                                const Cancellation& cancellation,
                                                const ProfileProgress& progress) = 0;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_PROFILE_PROFILER_H_
