#include "server/operation/metrics.h"

#include <prometheus/text_serializer.h>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;

TEST(Metrics, AreCountedIntoCumulativeBuckets) {
  Metrics metrics;
  metrics.lookups_from_memory += 3;
  metrics.lookup_seconds.Observe(absl::Nanoseconds(1500));
  metrics.lookup_seconds.Observe(absl::Milliseconds(5));
  metrics.lookup_seconds.Observe(absl::Minutes(5));
  metrics.AddGauge("tilewright_epoch", "Generation of the winners.", [] { return 7.0; });
  const std::string text = prometheus::TextSerializer().Serialize(metrics.Collect());
  EXPECT_THAT(text, HasSubstr("tilewright_lookups_total{outcome=\"memory\"} 3"));
  EXPECT_THAT(text, HasSubstr("tilewright_lookup_duration_seconds_bucket{le=\"1e-06\"} 0"));
  EXPECT_THAT(text, HasSubstr("tilewright_lookup_duration_seconds_bucket{le=\"2e-06\"} 1"));
  EXPECT_THAT(text, HasSubstr("tilewright_lookup_duration_seconds_bucket{le=\"60\"} 2"));
  EXPECT_THAT(text, HasSubstr("tilewright_lookup_duration_seconds_bucket{le=\"+Inf\"} 3"));
  EXPECT_THAT(text, HasSubstr("tilewright_lookup_duration_seconds_count 3"));
  EXPECT_THAT(text, HasSubstr("# TYPE tilewright_epoch gauge"));
  EXPECT_THAT(text, HasSubstr("tilewright_epoch 7"));
}

}  // namespace
}  // namespace tilewright
