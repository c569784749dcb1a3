#ifndef TILEWRIGHT_SERVER_TUNING_SCHEDULER_H_
#define TILEWRIGHT_SERVER_TUNING_SCHEDULER_H_

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "proto/support/steady_time.h"
#include "server/tuning/tuning_history.h"
#include "server/tuning/tuning_job.h"
#include "tuner/search/clock.h"
#include "tuner/search/tuner.h"
#include "tuner/worker/cancellation.h"

namespace tilewright {

// Runs tunings: one at a time for each device, and one more lane for work without a GPU. Each
// (problem, target) has at most one tuning under way: a thousand callers share it. A tuning goes on
// while somebody is interested: waiting callers, CreateTuning calls not taken back, and the
// background interest that a look-up leaves behind. Work that nobody waits for has half of the
// queue and makes room for waiting callers. No user has the whole queue. Owned by DaemonServer;
// thread-safe.
class Scheduler {
 public:
  using TuneFunction = std::function<absl::StatusOr<TuneResult>(
      const TuneRequest&, const Cancellation&, const ProgressSink&)>;

  struct Options {
    int devices = 0;
    std::size_t max_queue = 256;
    std::size_t max_history = 1024;  // Finished tunings that stay available by name.
    // After a failure, background work waits this long before it is queued again.
    absl::Duration background_retry = absl::Minutes(10);
  };

  struct Counters {
    std::atomic<int64_t> succeeded{0};
    std::atomic<int64_t> failed{0};
    std::atomic<int64_t> cancelled{0};
    std::atomic<int64_t> joined{0};    // Callers that found the tuning under way.
    std::atomic<int64_t> rejected{0};  // Refused because the queue had no room.
    std::atomic<int64_t> yielded{0};   // Background work that made room for waiting callers.
  };

  // Kinds of interest, most urgent first.
  enum class Interest { kWaiting, kCreated, kSweep, kBackground };

 private:
  struct Work;

 public:
  // Somebody's interest in a tuning, for as long as it lives. Must not outlive the scheduler;
  // movable; not thread-safe.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Ticket&& other) noexcept;
    Ticket& operator=(Ticket&& other) noexcept;
    ~Ticket();

    // Returns null after the interest was given back.
    std::shared_ptr<TuningJob> job() const;
    // Lets the tuning go on in the background without this caller. Returns false if it ends: it has
    // not begun, nobody else wants it, and the background share is full.
    bool LeaveRunning();
    // Gives the interest back now.
    void Release();

   private:
    friend class Scheduler;
    Ticket(Scheduler* scheduler, std::shared_ptr<Work> work, Interest interest);

    Scheduler* scheduler_ = nullptr;
    std::shared_ptr<Work> work_;
    Interest interest_ = Interest::kWaiting;
  };

  Scheduler(const Options& options, TuneFunction tune, Clock& clock);
  ~Scheduler();  // Same as Stop.
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Joins the tuning under way, or queues one as work of `user`. RESOURCE_EXHAUSTED, reason
  // QUEUE_FULL, with retry_delay_ms. UNAVAILABLE, reason SERVER_STOPPING.
  absl::StatusOr<Ticket> Wait(const TuneRequest& request, Interest interest, uid_t user);

  // Same as Wait, but the interest stays until Cancel. A known `request_id` changes nothing and
  // returns its tuning; INVALID_ARGUMENT if that was for another problem or target.
  absl::StatusOr<std::shared_ptr<TuningJob>> Create(const TuneRequest& request,
                                                    const std::string& request_id, uid_t user);

  // Records an existing answer as a finished tuning.
  absl::StatusOr<std::shared_ptr<TuningJob>> Record(const TuneRequest& request, StoredWinner winner,
                                                    const std::string& request_id);

  // Queues work that nobody waits for, if half the queue is free (the other half is for callers)
  // and the work has not failed lately. Returns null if it was not queued.
  std::shared_ptr<TuningJob> TryBackground(const TuneRequest& request);

  // Queues the request again in the background, even if an answer is stored, because candidates
  // were lost with their workers. At most three times in a row, like QueueLostWork.
  void TuneAgain(const TuneRequest& request);

  // NOT_FOUND, reason TUNING_NOT_FOUND.
  absl::StatusOr<std::shared_ptr<TuningJob>> Find(const std::string& name);

  // Takes one Create back: the one with `request_id`, at most once. If empty, takes one without an
  // id or, if all have ids, any. INVALID_ARGUMENT, reason REQUEST_ID_UNKNOWN.
  absl::StatusOr<std::shared_ptr<TuningJob>> Cancel(const std::string& name,
                                                    const std::string& request_id = "");

  // Says that there are `devices` GPUs. From now on each runs tunings. The number never falls.
  void AddDevices(int devices);

  // Cancels everything and joins the threads. Accepts nothing afterwards.
  void Stop();

  // Returns whether nothing is queued or under way for this GPU.
  bool IsIdle(int device_ordinal) const;

  std::size_t queued() const;
  std::size_t running() const;
  const Counters& counters() const { return counters_; }

 private:
  using WorkPtr = std::shared_ptr<Work>;
  using Lane = std::deque<WorkPtr>;

  static std::string KeyOf(const TuneRequest& request);
  std::size_t LaneOf(const TuneRequest& request) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddLane() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Puts work that had to make room into `yielded`. The caller finishes it without the lock.
  absl::StatusOr<WorkPtr> JoinOrQueue(const TuneRequest& request, Interest interest, uid_t user,
                                      WorkPtr& yielded) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Removes the youngest work that only the background wants from the queue.
  WorkPtr TakeOutBackground() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FinishYielded(const WorkPtr& yielded);
  bool HasBackgroundShare() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Uncounts `work`, which has left its lane to run or to end.
  void CountOut(const Work& work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::shared_ptr<TuningJob>> FindRepeated(const TuneRequest& request,
                                                          const std::string& request_id) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::shared_ptr<TuningJob> NewJob(const TuneRequest& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status QueueFull(std::string_view why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Returns whether the work goes on.
  bool Withdraw(const WorkPtr& work, Interest interest, bool leave_running);
  // Stops work that nobody wants. Returns true if it never ran: the caller finishes it without
  // lock.
  bool StopUnwanted(const WorkPtr& work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Finish(const WorkPtr& work, absl::StatusOr<TuneResult> result);

  // Queues `work` again because workers were lost. Returns true if there is no result: then it is
  // queued with all its waiters and must not be finished.
  bool QueueLostWork(const WorkPtr& work, const absl::StatusOr<TuneResult>& result);
  void QueueAgain(const TuneRequest& request, int losses) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  WorkPtr NewWork(const TuneRequest& request, std::string key)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  void RunLane(std::size_t lane);
  WorkPtr NextWork(std::size_t lane);
  void RunWork(const WorkPtr& work);

  const Options options_;
  const TuneFunction tune_;
  Clock& clock_;
  Counters counters_;
  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Lane> lanes_ ABSL_GUARDED_BY(mutex_);  // Lanes do not move when more are added.
  std::size_t queued_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<uid_t, std::size_t> queued_of_ ABSL_GUARDED_BY(mutex_);  // By user.
  // The value of begun_ when a user's work last began. Among equals, the user who was served
  // longest ago is next.
  absl::flat_hash_map<uid_t, int64_t> served_ ABSL_GUARDED_BY(mutex_);
  int64_t begun_ ABSL_GUARDED_BY(mutex_) = 0;
  double mean_seconds_ ABSL_GUARDED_BY(mutex_) = 5;  // Of a tuning; the first value is a guess.
  absl::flat_hash_map<std::string, WorkPtr> active_ ABSL_GUARDED_BY(mutex_);   // By key.
  absl::flat_hash_map<std::string, WorkPtr> by_name_ ABSL_GUARDED_BY(mutex_);  // Unfinished.
  TuningHistory history_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, SteadyTime> failed_background_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_TUNING_SCHEDULER_H_
