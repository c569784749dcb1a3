#include "server/operation/metrics.h"

#include <prometheus/exposer.h>
#include <prometheus/metric_family.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

prometheus::MetricFamily Family(const std::string& name, const std::string& help,
                                prometheus::MetricType type) {
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  return family;
}

void AddLookups(const std::atomic<int64_t>& count, const char* outcome,
                prometheus::MetricFamily& family) {
  prometheus::ClientMetric metric;
  metric.label.push_back({"outcome", outcome});
  metric.counter.value = static_cast<double>(count.load(std::memory_order_relaxed));
  family.metric.push_back(metric);
}

}  // namespace

void LatencyHistogram::Observe(absl::Duration duration) {
  const double seconds = absl::ToDoubleSeconds(duration);
  const std::size_t bucket =
      std::lower_bound(kBounds.begin(), kBounds.end(), seconds) - kBounds.begin();
  counts_[bucket].fetch_add(1, std::memory_order_relaxed);
  nanoseconds_.fetch_add(absl::ToInt64Nanoseconds(duration), std::memory_order_relaxed);
}

void LatencyHistogram::CollectInto(prometheus::MetricFamily& family) const {
  prometheus::ClientMetric metric;
  uint64_t total = 0;
  for (std::size_t i = 0; i < kBounds.size(); ++i) {
    total += counts_[i].load(std::memory_order_relaxed);
    metric.histogram.bucket.push_back({total, kBounds[i]});
  }
  total += counts_.back().load(std::memory_order_relaxed);
  metric.histogram.bucket.push_back({total, std::numeric_limits<double>::infinity()});
  metric.histogram.sample_count = total;
  metric.histogram.sample_sum = nanoseconds_.load(std::memory_order_relaxed) * 1e-9;
  family.metric.push_back(metric);
}

void Metrics::AddCounter(std::string name, std::string help, std::function<double()> value) {
  readings_.push_back(
      {std::move(name), std::move(help), prometheus::MetricType::Counter, std::move(value)});
}

void Metrics::AddGauge(std::string name, std::string help, std::function<double()> value) {
  readings_.push_back(
      {std::move(name), std::move(help), prometheus::MetricType::Gauge, std::move(value)});
}

std::vector<prometheus::MetricFamily> Metrics::Collect() const {
  std::vector<prometheus::MetricFamily> families;
  families.push_back(
      Family("tilewright_lookups_total", "Look-ups by outcome.", prometheus::MetricType::Counter));
  AddLookups(lookups_from_memory, "memory", families.back());
  AddLookups(lookups_resolved, "resolved", families.back());
  AddLookups(lookups_failed, "failed", families.back());
  families.push_back(Family("tilewright_lookup_duration_seconds",
                            "Time from request to reply, without the transport.",
                            prometheus::MetricType::Histogram));
  lookup_seconds.CollectInto(families.back());
  for (const Reading& reading : readings_) {
    families.push_back(Family(reading.name, reading.help, reading.type));
    prometheus::ClientMetric metric;
    if (reading.type == prometheus::MetricType::Counter) {
      metric.counter.value = reading.value();
    } else {
      metric.gauge.value = reading.value();
    }
    families.back().metric.push_back(metric);
  }
  return families;
}

int64_t Metrics::Activity() const {
  return lookups_from_memory.load(std::memory_order_relaxed) +
         lookups_resolved.load(std::memory_order_relaxed) +
         lookups_failed.load(std::memory_order_relaxed) +
         other_calls.load(std::memory_order_relaxed);
}

MetricsEndpoint::MetricsEndpoint(std::unique_ptr<prometheus::Exposer> exposer)
    : exposer_(std::move(exposer)) {}

MetricsEndpoint::~MetricsEndpoint() = default;

absl::StatusOr<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::Start(
    int port, const std::shared_ptr<Metrics>& metrics) {
  try {
    auto exposer = std::make_unique<prometheus::Exposer>(absl::StrCat("127.0.0.1:", port), 1);
    exposer->RegisterCollectable(metrics);
    return std::unique_ptr<MetricsEndpoint>(new MetricsEndpoint(std::move(exposer)));
  } catch (const std::exception& error) {  // The library reports it no other way.
    return MakeError(
        absl::StatusCode::kFailedPrecondition, "METRICS_PORT_IN_USE",
        absl::StrCat("metrics cannot be served on 127.0.0.1:", port, ": ", error.what()));
  }
}

}  // namespace tilewright
