// Errors that travel inside messages tell as much as those that end a call.
#include <string>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "server/tuning/tuning_job.h"
#include "tests/server/test_daemon.h"
#include "tests/server/winner_fixture.h"

namespace tilewright {
namespace {

// A batch told the reason of a failure, but not which field, or how long to wait.
TEST(ErrorMetadata, IsInTheResultsOfABatch) {
  TestDaemon daemon(1);
  v1::BatchGetKernelsRequest request;
  *request.add_requests() = RequestOf(-1, v1::LOOKUP_MODE_CACHED_ONLY);
  grpc::ClientContext context;
  v1::BatchGetKernelsResponse response;
  ASSERT_TRUE(daemon.Connect().kernels->BatchGetKernels(&context, request, &response).ok());
  const auto& result = response.results(0);
  EXPECT_EQ(result.code(), static_cast<int>(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(result.metadata().at("field"), "gemm.m");
}

TEST(ErrorMetadata, IsInATuningThatFailed) {
  TuningJob job("tunings/1", TuneRequest(), absl::Now());
  job.Finish(MakeError(absl::StatusCode::kResourceExhausted, "TOO_BUSY", "try again",
                       {{"retry_delay_ms", "100"}}),
             absl::Now());
  EXPECT_EQ(job.Snapshot().error_metadata().at("retry_delay_ms"), "100");
}

TEST(ErrorMetadata, IsInTheEntryOfASweepThatFailed) {
  TestDaemon daemon(1);
  ServiceClient client = daemon.Connect();
  daemon.profiler.SetError(MakeError(absl::StatusCode::kFailedPrecondition, "GPU_UNUSABLE", "gone",
                                     {{"field", "device_ordinal"}}));
  v1::CreateSweepRequest request;
  request.set_sweep_id("one");
  v1::SweepEntry& entry = *request.add_entries();
  entry.set_label("a");
  *entry.mutable_problem() = GemmProblemOf(256, 256, 256);
  const auto created = client.CreateSweep(request);
  ASSERT_TRUE(created.ok()) << created.status();
  const auto sweep = client.AwaitSweep(created->name());
  ASSERT_TRUE(sweep.ok()) << sweep.status();
  EXPECT_EQ(sweep->entries(0).error_metadata().at("field"), "device_ordinal");
}

}  // namespace
}  // namespace tilewright
