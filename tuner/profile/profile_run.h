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

// One Profile. Drives bench workers through loading, checking, the race and the last check. If a
// candidate ends its worker, the next worker continues there, because all findings are kept here.
// Lives on the stack of one thread.
class ProfileRun {
 public:
  struct Options {
    BenchWorkerCommand command;
    // A launch is endless if it takes longer than this and longer than a very slow kernel would.
    absl::Duration watchdog = absl::Seconds(2);
  };

  ProfileRun(const Options& options, const ProfileRequest& request, ReferenceCubins reference,
             const Cancellation& cancellation, const ProfileProgress& progress);

  // UNAVAILABLE, reason GPU_UNAVAILABLE: no worker starts to work; reason WORKER_LOST: something
  // outside ends the workers as they start. CANCELLED.
  absl::StatusOr<ProfileReport> Run();

 private:
  struct Entry {
    const v1::Kernel* kernel = nullptr;  // Null for the vendor's algorithms.
    v1::VendorKernel vendor;
    std::optional<v1::Failure> failure;
    bool loaded = false;     // In the current worker.
    bool suspected = false;  // One worker has ended with it.
    int lost = 0;            // How many workers were lost with it from outside.
    bool dropped = false;
    double estimate = 0;  // Seconds of the launch in its check.
    double relative_error = 0;
    std::vector<double> samples;
    std::vector<double> clocks;
    std::vector<double> watts;
    uint64_t throttle_reasons = 0;

    bool live() const { return !failure.has_value(); }
    bool racing() const { return live() && !dropped; }
    // Returns the best known time of a launch.
    double seconds() const;
  };

  // Whether a template and an algorithm of the vendor have passed the checks on the current input.
  struct Sound {
    bool kernel = false;
    bool vendor = false;
  };

  struct RoundSample {
    std::size_t entry;
    double seconds;
  };

  // Makes sure that a worker has the problem open and the current input made. An error here is no
  // candidate's fault.
  absl::Status EnsureWorker();
  absl::Status TryStartWorker();
  // Makes the worker create the input of the current stage.
  absl::Status MakeInput();
  absl::Status FindVendors();
  static v1::FailureKind FailureKindOf(const absl::Status& status);
  // Fails the entry whose request `status` answers, or suspects it if the worker is gone.
  void Blame(Entry& entry, const absl::Status& status);
  // A worker that was killed, stopped or cut off says nothing about the entry. It is tried on
  // another worker, and DEFERRED if that one is lost as well.
  void DeferIfLostAgain(Entry& entry, const absl::Status& status);
  void TakeFailure(Entry& entry, const bench::CandidateReply& reply);
  // A worker may end for a reason that is no candidate's fault (a fault of the GPU), but a kernel
  // that fails here never runs again. So an entry fails only if a second worker ends with it.
  void Suspect(Entry& entry, const v1::Failure& failure);
  // Appends an entry for the supply's next kernel. False: the generation is complete.
  bool TakeNext();
  void DeferAll(const std::string& why);

  absl::Status EnsureLoaded(std::size_t index);
  absl::Status CheckEntry(std::size_t index, bool repeat);
  void TakeCheck(Entry& entry, const bench::CandidateReply& reply);
  // Checks the entry, unless the time is after `end`.
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
  // Runs one round over `order`. Its samples count unless the GPU was disturbed.
  absl::Status RunRound(const std::vector<std::size_t>& order, bool count);
  absl::StatusOr<std::vector<RoundSample>> CollectRound(const std::vector<std::size_t>& order);
  void Commit(const std::vector<RoundSample>& samples, const bench::RoundReply& round);
  void DropSlow();
  // Makes all that race begin again at round 0.
  void BeginAgain();
  absl::Status CheckAgain();

  std::vector<std::size_t> Racing() const;
  double BestSeconds() const;
  // Enters the fastest kernel if it is not the same as before.
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
  bench::InputKind input_ = bench::INPUT_KIND_NORMAL;  // The input of the current stage.
  // The request's kernels, the vendor's, then the supply's.
  std::vector<Entry> entries_;
  std::deque<v1::Kernel> supplied_;
  Sound sound_;
  SteadyTime check_end_;  // When the first checks of all generations end.
  const SteadyTime begin_ = SteadyTime::Now();
  std::vector<Lead> leads_;
  bool worker_lost_ = false;  // Entries are DEFERRED because of that.
  std::optional<bench::RoundReply> last_round_;
  int launches_ = 1;
  int rounds_ = 0;
  int discarded_ = 0;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_PROFILE_PROFILE_RUN_H_
