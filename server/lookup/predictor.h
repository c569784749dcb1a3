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

// The model's pick for problems about which nothing is known, compiled at once beside the
// tunings in the queue. Callers of one (problem, target) share one compile. Owned by
// DaemonServer; thread-safe.
class Predictor {
 public:
  using PredictFunction =
      std::function<absl::StatusOr<StoredWinner>(const TuneRequest&, const Cancellation&)>;
  using Callback = SingleFlight<absl::StatusOr<StoredWinner>>::Callback;

  explicit Predictor(PredictFunction predict);

  // For `user`. `done` is called once, from a thread of the predictor or, where it is refused, from
  // this one: RESOURCE_EXHAUSTED, reason QUEUE_FULL; UNAVAILABLE, reason SERVER_STOPPING.
  void Predict(const TuneRequest& request, uid_t user, Callback done);

  // Cancels what is under way and joins the threads.
  void Stop();

 private:
  const PredictFunction predict_;
  Cancellation cancellation_;
  SingleFlight<absl::StatusOr<StoredWinner>> flights_{executor_};
  Executor executor_;  // Last: its threads use all of the above.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_LOOKUP_PREDICTOR_H_
