#include "server/predictor.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "server/stop_signal.h"
#include "tuner/problem/canonical_problem.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

// Two: one compile that takes long must not hold every other answer up.
constexpr int kThreads = 2;
constexpr std::size_t kMaxQueue = 1024;

}  // namespace

Predictor::Predictor(PredictFunction predict)
    : predict_(std::move(predict)), executor_("predict", kThreads, kMaxQueue) {}

void Predictor::Predict(const TuneRequest& request, uid_t user, Callback done) {
  std::string key =
      absl::StrCat(SiliconKey(request.target.silicon()),
                   EnvironmentKey(request.target.environment()), EncodeProblem(request.problem));
  {
    absl::MutexLock lock(&mutex_);
    std::vector<Callback>& callbacks = waiting_[key];
    callbacks.push_back(std::move(done));
    if (callbacks.size() > 1) return;
  }
  if (executor_.TryPost(user, [this, key, request] { Run(key, request); })) return;
  std::vector<Callback> refused;
  {
    absl::MutexLock lock(&mutex_);
    refused = std::move(waiting_[key]);
    waiting_.erase(key);
  }
  const absl::StatusOr<StoredWinner> error =
      cancellation_.IsCancelled()
          ? ServerStopping()
          : MakeError(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
                      "too many kernels are being compiled: try again in 1000 ms",
                      {{"retry_delay_ms", "1000"}});
  for (const Callback& callback : refused) callback(error);
}

void Predictor::Run(const std::string& key, const TuneRequest& request) {
  const absl::StatusOr<StoredWinner> winner = predict_(request, cancellation_);
  std::vector<Callback> callbacks;
  {
    absl::MutexLock lock(&mutex_);
    callbacks = std::move(waiting_[key]);
    waiting_.erase(key);
  }
  for (const Callback& callback : callbacks) callback(winner);
}

void Predictor::Stop() {
  cancellation_.Cancel();
  executor_.Stop();
}

}  // namespace tilewright
