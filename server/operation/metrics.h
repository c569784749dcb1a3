#ifndef TILEWRIGHT_SERVER_OPERATION_METRICS_H_
#define TILEWRIGHT_SERVER_OPERATION_METRICS_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"
#include "prometheus/metric_type.h"

namespace prometheus {
class Exposer;
}

namespace tilewright {

// A histogram of seconds in fixed buckets, without a lock.
class LatencyHistogram {
 public:
  static constexpr std::array<double, 13> kBounds = {1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4,
                                                     1e-3, 1e-2, 0.1,  1,    10,   60};

  void Observe(absl::Duration duration);
  void CollectInto(prometheus::MetricFamily& family) const;

 private:
  std::array<std::atomic<uint64_t>, kBounds.size() + 1> counts_ = {};
  std::atomic<uint64_t> nanoseconds_{0};
};

// Counts what the daemon does. Uses its own atomics, because prometheus-cpp's histograms lock and a
// look-up from memory takes microseconds. Never labelled by shape. Owned by DaemonServer; any
// thread.
class Metrics final : public prometheus::Collectable {
 public:
  // Look-ups by outcome. The three sum up to all look-ups.
  std::atomic<int64_t> lookups_from_memory{0};  // The reply bytes were ready.
  std::atomic<int64_t> lookups_resolved{0};     // Answered by the index, the model or a tuning.
  std::atomic<int64_t> lookups_failed{0};
  LatencyHistogram lookup_seconds;
  std::atomic<int64_t> other_calls{0};  // Calls of the tuning and cache services, and batches.
  std::atomic<int64_t> open_calls{0};   // Calls under way: look-ups that wait, watches, bundles.

  // Adds a value that Collect reads. Call it before the first collection.
  void AddCounter(std::string name, std::string help, std::function<double()> value);
  void AddGauge(std::string name, std::string help, std::function<double()> value);

  std::vector<prometheus::MetricFamily> Collect() const override;

  // Changes whenever somebody asks for something.
  int64_t Activity() const;

 private:
  struct Reading {
    std::string name;
    std::string help;
    prometheus::MetricType type;
    std::function<double()> value;
  };
  std::vector<Reading> readings_;
};

// Serves `metrics` at http://127.0.0.1:port/metrics for as long as it lives.
class MetricsEndpoint {
 public:
  // FAILED_PRECONDITION, reason METRICS_PORT_IN_USE.
  static absl::StatusOr<std::unique_ptr<MetricsEndpoint>> Start(
      int port, const std::shared_ptr<Metrics>& metrics);
  ~MetricsEndpoint();

 private:
  explicit MetricsEndpoint(std::unique_ptr<prometheus::Exposer> exposer);
  std::unique_ptr<prometheus::Exposer> exposer_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_OPERATION_METRICS_H_
