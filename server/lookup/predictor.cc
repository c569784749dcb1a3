#include "server/lookup/predictor.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/problem/problem.h"
#include "proto/support/errors.h"
#include "server/net/stop_signal.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

// Two threads, so that one slow compile does not delay every other answer.
constexpr int kPredictorThreads = 2;
constexpr std::size_t kPredictorQueue = 1024;

}  // namespace

Predictor::Predictor(PredictFunction predict)
    : predict_(std::move(predict)), executor_("predict", kPredictorThreads, kPredictorQueue) {}

void Predictor::Predict(const TuneRequest& request, uid_t user, Callback done) {
  const std::string key =
      absl::StrCat(SiliconKey(request.target.silicon()),
                   EnvironmentKey(request.target.environment()), EncodeProblem(request.problem));
  flights_.Do(
      key, user, [this, request] { return predict_(request, cancellation_); }, std::move(done),
      [this]() -> absl::StatusOr<StoredWinner> {
        if (cancellation_.IsCancelled()) return ServerStopping();
        return MakeError(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
                         "too many kernels are being compiled: try again in 1000 ms",
                         {{"retry_delay_ms", "1000"}});
      });
}

void Predictor::Stop() {
  cancellation_.Cancel();
  executor_.Stop();
}

}  // namespace tilewright
