#ifndef TILEWRIGHT_TUNER_PROFILE_PROFILE_RUN_H_
#define TILEWRIGHT_TUNER_PROFILE_PROFILE_RUN_H_

#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/support/steady_time.h"
#include "tuner/profile/bench_client.h"
#include "tuner/profile/profiler.h"
#include "tuner/worker/cancellation.h"

namespace tilewright {

// Cubins of the reference kernels, once they are compiled.
using ReferenceCubins = std::shared_future<absl::StatusOr<std::vector<std::string>>>;

// One Profile: drives bench workers through loading, checking, the race and the last check,
// and outlives those that candidates take with them. It holds all that was found, so a new
// worker goes on where the last one ended. Lives on the stack of one thread.
class ProfileRun {
 public:
  struct Options {
    BenchWorkerCommand command;
    // A launch that takes longer than this, and than a very slow kernel would, is endless.
    absl::Duration watchdog = absl::Seconds(2);
  };

  ProfileRun(const Options& options, const ProfileRequest& request, ReferenceCubins reference,
             const Cancellation& cancellation, const ProfileProgress& progress);

  // UNAVAILABLE, reason GPU_UNAVAILABLE: no worker can be brought to work; WORKER_LOST: something
  // outside ends them as they start. CANCELLED.
  absl::StatusOr<ProfileReport> Run();

 private:
  struct Entry {
    const v1::Kernel* kernel = nullptr;  // Null: the vendor's.
    v1::VendorKernel vendor;
    std::optional<v1::Failure> failure;
    bool loaded = false;     // In the worker there is now.
    bool suspected = false;  // A worker ended with it, once.
    int lost = 0;            // How many workers were lost with it from outside.
    bool dropped = false;
    double estimate = 0;  // Seconds of its check's launch.
    double relative_error = 0;
    std::vector<double> samples;
    std::vector<double> clocks;
    std::vector<double> watts;
    uint64_t throttle_reasons = 0;

    bool live() const { return !failure.has_value(); }
    bool racing() const { return live() && !dropped; }
    // What a launch takes, as far as it is known.
    double seconds() const;
  };

  // Whether a template and an algorithm of the vendor's have passed the current input's checks.
  struct Sound {
    bool kernel = false;
    bool vendor = false;
  };

  struct RoundSample {
    std::size_t entry;
    double seconds;
  };

  // A worker with the problem open and the current input made. An error here is no
  // candidate's.
  absl::Status EnsureWorker();
  absl::Status TryStartWorker();
  // Has the worker make the current stage's input.
  absl::Status MakeInput();
  absl::Status FindVendors();
  static v1::FailureKind FailureKindOf(const absl::Status& status);
  // Fails the entry whose request `status` answers, or suspects it, where the worker is gone.
  void Blame(Entry& entry, const absl::Status& status);
  // A worker that was killed, stopped or cut off says nothing about the entry: it is tried on
  // another one, and DEFERRED if that is lost as well.
  void DeferIfLostAgain(Entry& entry, const absl::Status& status);
  void TakeFailure(Entry& entry, const bench::CandidateReply& reply);
  // A worker may end for a reason that is no candidate's (a fault of the GPU), and what fails
  // here is never run again: only a second worker that ends with the entry fails it.
  void Suspect(Entry& entry, const v1::Failure& failure);
  // Makes an entry, the last one, of the supply's next kernel. False: the generation is complete.
  bool TakeNext();
  void DeferAll(const std::string& why);

  absl::Status EnsureLoaded(std::size_t index);
  absl::Status CheckEntry(std::size_t index, bool repeat);
  void TakeCheck(Entry& entry, const bench::CandidateReply& reply);
  // Checks it, unless it is after `end`.
  absl::Status CheckInTurn(std::size_t index, SteadyTime end);
  absl::Status CheckEveryone();
  // Takes and checks a generation of the supply's kernels.
  absl::Status CheckSupplied();
  absl::Status CheckFinalists();
  bool CallBack();
  absl::Status CheckWithInput(bench::InputKind kind, SteadyTime end);
  absl::Status Race();
  // Asks the supply for another generation.
  bool Continue();
  absl::Status WarmUp();
  absl::Status RunRounds(int rounds, bool quick);
  // One round over `order`; its samples count unless the GPU was disturbed.
  absl::Status RunRound(const std::vector<std::size_t>& order, bool count);
  absl::StatusOr<std::vector<RoundSample>> CollectRound(const std::vector<std::size_t>& order);
  void Commit(const std::vector<RoundSample>& samples, const bench::RoundReply& round);
  void DropSlow();
  // All that race begin at round 0.
  void BeginAgain();
  absl::Status CheckAgain();

  std::vector<std::size_t> Racing() const;
  double BestSeconds() const;
  // Enters the fastest kernel, if it is another one than before.
  void NoteLead();
  std::size_t PlaceInReport(std::size_t index) const;
  absl::Duration LaunchLimit(int launches) const;
  absl::Status Interrupted() const;
  void Report(v1::TuningPhase phase, int done, int total) const;
  v1::Candidate ToCandidate(const Entry& entry) const;

  const Options& options_;
  const ProfileRequest& request_;
  const ReferenceCubins reference_;
  const Cancellation& cancellation_;
  const ProfileProgress& progress_;

  std::unique_ptr<BenchClient> worker_;
  bench::InputKind input_ = bench::INPUT_KIND_NORMAL;  // The current stage's.
  // The request's kernels, the vendor's, then the supply's.
  std::vector<Entry> entries_;
  std::deque<v1::Kernel> supplied_;
  Sound sound_;
  SteadyTime check_end_;  // Of the first checks, of all generations.
  const SteadyTime begin_ = SteadyTime::Now();
  std::vector<Lead> leads_;
  bool worker_lost_ = false;  // Entries are DEFERRED for that.
  std::optional<bench::RoundReply> last_round_;
  int launches_ = 1;
  int rounds_ = 0;
  int discarded_ = 0;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_PROFILE_PROFILE_RUN_H_
