#ifndef TILEWRIGHT_SERVER_LOOKUP_PREDICTOR_H_
#define TILEWRIGHT_SERVER_LOOKUP_PREDICTOR_H_

#include <sys/types.h>

#include <functional>

#include "absl/status/statusor.h"
#include "server/net/executor.h"
#include "server/net/single_flight.h"
#include "tuner/search/tuner.h"
#include "tuner/worker/cancellation.h"

namespace tilewright {

// Compiles the model's pick for unknown problems at once, beside the queue of tunings. Callers of
// one (problem, target) share one compile. Owned by DaemonServer; thread-safe.
class Predictor {
 public:
  using PredictFunction =
      std::function<absl::StatusOr<StoredWinner>(const TuneRequest&, const Cancellation&)>;
  using Callback = SingleFlight<absl::StatusOr<StoredWinner>>::Callback;

  explicit Predictor(PredictFunction predict);

  // Works for `user`. Calls `done` once, from a thread of the predictor, or from this one if
  // refused: RESOURCE_EXHAUSTED, reason QUEUE_FULL; UNAVAILABLE, reason SERVER_STOPPING.
  void Predict(const TuneRequest& request, uid_t user, Callback done);

  // Cancels the work under way and joins the threads.
  void Stop();

 private:
  const PredictFunction predict_;
  Cancellation cancellation_;
  SingleFlight<absl::StatusOr<StoredWinner>> flights_{executor_};
  Executor executor_;  // Last: its threads use all members above.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_LOOKUP_PREDICTOR_H_
