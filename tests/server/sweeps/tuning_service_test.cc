#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "tests/server/test_daemon.h"
#include "tests/server/winner_fixture.h"

namespace tilewright {
namespace {

v1::CreateTuningRequest TuningOf(int64_t m, const std::string& target = "") {
  v1::CreateTuningRequest request;
  *request.mutable_problem() = GemmProblemOf(m, 4096, 4096);
  request.set_target(target);
  return request;
}

v1::CreateSweepRequest SweepOf(const std::string& id, const std::vector<int64_t>& ms) {
  v1::CreateSweepRequest request;
  request.set_sweep_id(id);
  for (const int64_t m : ms) {
    v1::SweepEntry& entry = *request.add_entries();
    entry.set_label("m" + std::to_string(m));
    *entry.mutable_problem() = GemmProblemOf(m, 4096, 4096);
  }
  return request;
}

absl::Status CancelSweep(ServiceClient& client, const std::string& name) {
  grpc::ClientContext context;
  v1::CancelSweepRequest request;
  request.set_name(name);
  v1::Sweep sweep;
  return FromGrpc(client.tunings->CancelSweep(&context, request, &sweep));
}

TEST(TuningService, ATuningIsAResource) {
  TestDaemon daemon(1);
  ServiceClient client = daemon.Connect();
  const auto created = client.CreateTuning(TuningOf(256));
  ASSERT_TRUE(created.ok()) << created.status();
  const auto done = client.AwaitTuning(created->name());
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->state(), v1::WORK_STATE_SUCCEEDED);
  EXPECT_EQ(done->winner().provenance(), v1::PROVENANCE_MEASURED);
  EXPECT_GT(done->measured(), 0);
  EXPECT_TRUE(done->has_end_time());
  grpc::ClientContext context;
  v1::GetTuningRequest get;
  get.set_name(created->name());
  v1::Tuning fetched;
  ASSERT_TRUE(client.tunings->GetTuning(&context, get, &fetched).ok());
  EXPECT_EQ(fetched.SerializeAsString(), done->SerializeAsString());
}

TEST(TuningService, WhatIsMeasuredIsNotMeasuredAgainUnlessForced) {
  TestDaemon daemon(1);
  ServiceClient client = daemon.Connect();
  ASSERT_TRUE(client.AwaitTuning(client.CreateTuning(TuningOf(256))->name()).ok());
  const auto again = client.CreateTuning(TuningOf(256));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->state(), v1::WORK_STATE_SUCCEEDED);
  EXPECT_EQ(daemon.profiler.requests().size(), 1u);
  v1::CreateTuningRequest forced = TuningOf(256);
  forced.mutable_options()->set_force(true);
  ASSERT_TRUE(client.AwaitTuning(client.CreateTuning(forced)->name()).ok());
  EXPECT_EQ(daemon.profiler.requests().size(), 2u);
}

TEST(TuningService, AFailureIsPartOfTheResource) {
  TestDaemon daemon(1);
  daemon.profiler.SetError(MakeError(absl::StatusCode::kUnavailable, "GPU_GONE", "it fell out"));
  ServiceClient client = daemon.Connect();
  const auto done = client.AwaitTuning(client.CreateTuning(TuningOf(256))->name());
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->state(), v1::WORK_STATE_FAILED);
  EXPECT_EQ(done->error_code(), static_cast<int>(absl::StatusCode::kUnavailable));
  EXPECT_EQ(done->error_reason(), "GPU_GONE");
}

TEST(TuningService, CancelEndsIt) {
  TestDaemon daemon(1);
  absl::Notification gate;
  daemon.profiler.SetGate(&gate);
  ServiceClient client = daemon.Connect();
  const auto created = client.CreateTuning(TuningOf(256));
  grpc::ClientContext context;
  v1::CancelTuningRequest cancel;
  cancel.set_name(created->name());
  v1::Tuning response;
  ASSERT_TRUE(client.tunings->CancelTuning(&context, cancel, &response).ok());
  EXPECT_EQ(client.AwaitTuning(created->name())->state(), v1::WORK_STATE_CANCELLED);
  gate.Notify();
}

TEST(TuningService, WhatDoesNotExistIsNotFound) {
  TestDaemon daemon(0);
  ServiceClient client = daemon.Connect();
  EXPECT_EQ(ReasonOf(client.AwaitTuning("tunings/none").status()), "TUNING_NOT_FOUND");
  EXPECT_EQ(ReasonOf(client.AwaitSweep("sweeps/none").status()), "SWEEP_NOT_FOUND");
  EXPECT_EQ(ReasonOf(CancelSweep(client, "sweeps/none")), "SWEEP_NOT_FOUND");
}

TEST(TuningService, BadInputNamesItsField) {
  TestDaemon daemon(1);
  ServiceClient client = daemon.Connect();
  const auto field_of = [](const absl::Status& status) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    const auto info = ErrorInfoOf(status);
    return info && !info->reason().empty() ? info->metadata().at("field") : "";
  };
  v1::CreateTuningRequest tuning = TuningOf(256);
  tuning.mutable_options()->set_max_candidates(-1);
  EXPECT_EQ(field_of(client.CreateTuning(tuning).status()), "options.max_candidates");
  tuning = TuningOf(256);
  tuning.mutable_options()->set_exhaustive(true);
  tuning.mutable_options()->set_max_candidates(10);
  EXPECT_EQ(field_of(client.CreateTuning(tuning).status()), "options.max_candidates");
  tuning = TuningOf(256);
  tuning.mutable_options()->mutable_budget()->set_seconds(-3);
  EXPECT_EQ(field_of(client.CreateTuning(tuning).status()), "options.budget");
  tuning = TuningOf(256);
  tuning.set_request_id("line\nbreak");
  EXPECT_EQ(field_of(client.CreateTuning(tuning).status()), "request_id");
  EXPECT_EQ(field_of(client.CreateTuning(TuningOf(0)).status()), "gemm.m");
  EXPECT_EQ(field_of(client.CreateSweep(SweepOf("Bad Name", {256})).status()), "sweep_id");
  EXPECT_EQ(field_of(client.CreateSweep(SweepOf("s", {})).status()), "entries");
  EXPECT_EQ(field_of(client.CreateSweep(SweepOf("s", {256, 256})).status()), "entries[1].label");
  EXPECT_EQ(field_of(client.CreateSweep(SweepOf("s", {256, 0})).status()),
            "entries[1].problem.gemm.m");
}

TEST(TuningService, ASweepTunesEveryProblem) {
  TestDaemon daemon(1);
  ServiceClient client = daemon.Connect();
  const auto created = client.CreateSweep(SweepOf("model", {256, 512, 768}));
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->name(), "sweeps/model");
  const auto done = client.AwaitSweep(created->name());
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->state(), v1::WORK_STATE_SUCCEEDED);
  EXPECT_EQ(done->done(), 3);
  for (const auto& entry : done->entries()) {
    EXPECT_EQ(entry.state(), v1::WORK_STATE_SUCCEEDED);
    EXPECT_EQ(entry.winner().provenance(), v1::PROVENANCE_MEASURED);
  }
}

v1::CreateSweepRequest SweepOfMany(int problems) {
  std::vector<int64_t> ms;
  for (int64_t m = 1; m <= problems; ++m) ms.push_back(m);
  return SweepOf("large", ms);
}

// The whole sweep was sent at each change: 4.3 GB in 100 s for 10,000 problems.
TEST(TuningService, TheProgressOfALargeSweepIsSmall) {
  constexpr int kProblems = 40;
  TestDaemon daemon(1);
  absl::Notification gate;
  daemon.profiler.SetGate(&gate);
  ServiceClient client = daemon.Connect();
  const auto created = client.CreateSweep(SweepOfMany(kProblems));
  ASSERT_TRUE(created.ok()) << created.status();
  grpc::ClientContext context;
  v1::WatchSweepProgressRequest request;
  request.set_name(created->name());
  const auto reader = client.tunings->WatchSweepProgress(&context, request);
  v1::SweepProgress progress;
  ASSERT_TRUE(reader->Read(&progress));
  EXPECT_EQ(progress.name(), created->name());
  EXPECT_EQ(progress.total(), kProblems);
  EXPECT_EQ(progress.entries_size(), 0) << "the first message has none";
  EXPECT_LT(progress.ByteSizeLong(), created->ByteSizeLong());
  const absl::Time begin = absl::Now();
  gate.Notify();
  std::map<int, v1::SweepEntry> entries;
  int messages = 0;
  while (reader->Read(&progress)) {
    ++messages;
    for (const v1::SweepEntryChange& change : progress.entries()) {
      entries[change.ordinal()] = change.entry();
      EXPECT_FALSE(change.entry().has_problem());
    }
  }
  ASSERT_TRUE(reader->Finish().ok());
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  EXPECT_LE(messages, 10 * seconds + 3) << "ten a second at most";
  EXPECT_EQ(progress.state(), v1::WORK_STATE_SUCCEEDED);
  EXPECT_EQ(progress.done(), kProblems);
  EXPECT_EQ(progress.failed(), 0);
  ASSERT_EQ(entries.size(), static_cast<std::size_t>(kProblems)) << "each change is told";
  for (const auto& [ordinal, entry] : entries) {
    EXPECT_EQ(entry.label(), "m" + std::to_string(ordinal + 1));
    EXPECT_EQ(entry.state(), v1::WORK_STATE_SUCCEEDED) << ordinal;
    EXPECT_TRUE(entry.has_winner());
  }
}

TEST(TuningService, ProgressOfASweepThatHasEndedIsOneMessage) {
  TestDaemon daemon(1);
  ServiceClient client = daemon.Connect();
  ASSERT_TRUE(client.CreateSweep(SweepOf("ended", {256})).ok());
  ASSERT_TRUE(client.AwaitSweep("sweeps/ended").ok());
  grpc::ClientContext context;
  v1::WatchSweepProgressRequest request;
  request.set_name("sweeps/ended");
  const auto reader = client.tunings->WatchSweepProgress(&context, request);
  v1::SweepProgress progress;
  ASSERT_TRUE(reader->Read(&progress));
  EXPECT_EQ(progress.state(), v1::WORK_STATE_SUCCEEDED);
  EXPECT_EQ(progress.done(), 1);
  EXPECT_FALSE(reader->Read(&progress));
  EXPECT_TRUE(reader->Finish().ok());
  grpc::ClientContext other;
  request.set_name("sweeps/none");
  const auto nothing = client.tunings->WatchSweepProgress(&other, request);
  EXPECT_FALSE(nothing->Read(&progress));
  EXPECT_EQ(ReasonOf(FromGrpc(nothing->Finish())), "SWEEP_NOT_FOUND");
}

// Of those who know no other way to watch.
TEST(TuningService, TheWholeSweepIsSentOnceASecondAtMostAndItsEndAtOnce) {
  TestDaemon daemon(1);
  ServiceClient client = daemon.Connect();
  absl::Notification gate;
  daemon.profiler.SetGate(&gate);
  const auto created = client.CreateSweep(SweepOfMany(40));
  ASSERT_TRUE(created.ok()) << created.status();
  grpc::ClientContext context;
  v1::WatchSweepRequest request;
  request.set_name(created->name());
  const auto reader = client.tunings->WatchSweep(&context, request);
  v1::Sweep sweep;
  ASSERT_TRUE(reader->Read(&sweep));
  gate.Notify();
  const absl::Time begin = absl::Now();
  int messages = 0;
  while (reader->Read(&sweep)) ++messages;
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  EXPECT_EQ(sweep.state(), v1::WORK_STATE_SUCCEEDED);
  EXPECT_EQ(sweep.done(), 40);
  EXPECT_LE(messages, seconds + 2);
}

TEST(TuningService, ASweepGoesOnBeyondWhatFails) {
  TestDaemon daemon(1);
  daemon.compiler.SetBehaviour([](const CompileJob& job) -> CompileOutcome {
    return FakeCompiler::Failed(v1::FAILURE_KIND_COMPILE_ERROR, "no");
  });
  v1::CreateSweepRequest request = SweepOf("mixed", {256, 512});
  // Well-formed, and beyond what any template of this version computes.
  v1::GemmProblem& beyond = *request.mutable_entries(1)->mutable_problem()->mutable_gemm();
  beyond.set_a_type(v1::DATA_TYPE_FP32);
  beyond.set_b_type(v1::DATA_TYPE_FP32);
  beyond.set_d_type(v1::DATA_TYPE_BF16);
  ServiceClient client = daemon.Connect();
  const auto created = client.CreateSweep(request);
  ASSERT_TRUE(created.ok()) << created.status();
  const auto done = client.AwaitSweep("sweeps/mixed");
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->state(), v1::WORK_STATE_FAILED);
  EXPECT_EQ(done->entries(0).error_reason(), "NO_CANDIDATE");
  EXPECT_EQ(done->entries(1).error_code(), static_cast<int>(absl::StatusCode::kUnimplemented));
}

TEST(TuningService, ACancelledSweepGoesOnWhenItIsCreatedAgain) {
  TestDaemon daemon(1);
  absl::Notification gate;
  daemon.profiler.SetGate(&gate);
  ServiceClient client = daemon.Connect();
  const v1::CreateSweepRequest request = SweepOf("again", {256, 512, 768});
  ASSERT_TRUE(client.CreateSweep(request).ok());
  while (daemon.profiler.requests().empty()) absl::SleepFor(absl::Milliseconds(5));
  // The same again joins; another of the same name is refused while this one runs.
  EXPECT_TRUE(client.CreateSweep(request).ok());
  EXPECT_EQ(ReasonOf(client.CreateSweep(SweepOf("again", {1024})).status()), "SWEEP_RUNNING");
  ASSERT_TRUE(CancelSweep(client, "sweeps/again").ok());
  gate.Notify();
  const auto stopped = client.AwaitSweep("sweeps/again");
  ASSERT_TRUE(stopped.ok()) << stopped.status();
  EXPECT_EQ(stopped->state(), v1::WORK_STATE_CANCELLED);
  EXPECT_EQ(stopped->done(), 1) << "the problem under way is finished";
  ASSERT_TRUE(client.CreateSweep(request).ok());
  const auto done = client.AwaitSweep("sweeps/again");
  EXPECT_EQ(done->state(), v1::WORK_STATE_SUCCEEDED);
  EXPECT_EQ(done->done(), 3);
  EXPECT_EQ(daemon.profiler.requests().size(), 3u) << "nothing is measured twice";
}

// Ctrl-C and at once the same command again: it joined the sweep that was being cancelled, and
// ended with it after the first problem.
TEST(TuningService, ASweepThatIsBeingCancelledGoesOnForWhoAsksAgain) {
  TestDaemon daemon(1);
  absl::Notification gate;
  daemon.profiler.SetGate(&gate);
  ServiceClient client = daemon.Connect();
  const v1::CreateSweepRequest request = SweepOf("again", {256, 512, 768});
  ASSERT_TRUE(client.CreateSweep(request).ok());
  while (daemon.profiler.requests().empty()) absl::SleepFor(absl::Milliseconds(5));
  ASSERT_TRUE(CancelSweep(client, "sweeps/again").ok());
  EXPECT_EQ(ReasonOf(client.CreateSweep(SweepOf("again", {1024})).status()), "SWEEP_RUNNING");
  const auto again = client.CreateSweep(request);
  ASSERT_TRUE(again.ok()) << again.status();
  gate.Notify();
  const auto done = client.AwaitSweep("sweeps/again");
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->state(), v1::WORK_STATE_SUCCEEDED);
  EXPECT_EQ(done->done(), 3);
}

TEST(TuningService, WhatIsServedAndCouldNotBeStoredSaysSo) {
  TestDaemon daemon(1);
  daemon.store.SetPutFailure(
      MakeError(absl::StatusCode::kResourceExhausted, "DISK_FULL", "the disk is full"));
  ServiceClient client = daemon.Connect();
  ASSERT_TRUE(client.CreateSweep(SweepOf("full", {256})).ok());
  const auto sweep = client.AwaitSweep("sweeps/full");
  ASSERT_TRUE(sweep.ok()) << sweep.status();
  EXPECT_EQ(sweep->state(), v1::WORK_STATE_SUCCEEDED);
  EXPECT_EQ(sweep->entries(0).not_stored(), "the disk is full");
  // Also where the answer is known by then.
  v1::CreateTuningRequest request;
  *request.mutable_problem() = SweepOf("full", {256}).entries(0).problem();
  const auto tuning = client.CreateTuning(request);
  ASSERT_TRUE(tuning.ok()) << tuning.status();
  const auto tuned = client.AwaitTuning(tuning->name());
  ASSERT_TRUE(tuned.ok()) << tuned.status();
  EXPECT_EQ(tuned->state(), v1::WORK_STATE_SUCCEEDED);
  EXPECT_EQ(tuned->not_stored(), "the disk is full");
}

TEST(TuningService, ARepeatedSweepRequestHasNoFurtherEffect) {
  TestDaemon daemon(1);
  ServiceClient client = daemon.Connect();
  v1::CreateSweepRequest request = SweepOf("once", {256});
  request.mutable_options()->set_force(true);
  request.set_request_id("11111111-1111-1111-1111-111111111111");
  ASSERT_TRUE(client.CreateSweep(request).ok());
  ASSERT_TRUE(client.AwaitSweep("sweeps/once").ok());
  const auto repeated = client.CreateSweep(request);
  ASSERT_TRUE(repeated.ok()) << repeated.status();
  EXPECT_EQ(repeated->state(), v1::WORK_STATE_SUCCEEDED) << "it does not begin anew";
  EXPECT_EQ(daemon.profiler.requests().size(), 1u);
  request.mutable_entries(0)->set_label("other");
  EXPECT_EQ(ReasonOf(client.CreateSweep(request).status()), "REQUEST_ID_REUSED");
  request.set_request_id("22222222-2222-2222-2222-222222222222");
  ASSERT_TRUE(client.CreateSweep(request).ok());
  ASSERT_TRUE(client.AwaitSweep("sweeps/once").ok());
  EXPECT_EQ(daemon.profiler.requests().size(), 2u);
}

TEST(TuningService, ListDevicesTellsGpusProfilesAndLibraries) {
  TestDaemon daemon(2);
  ServiceClient client = daemon.Connect();
  grpc::ClientContext context;
  v1::ListDevicesResponse response;
  ASSERT_TRUE(client.tunings->ListDevices(&context, {}, &response).ok());
  ASSERT_EQ(response.devices_size(), 2);
  EXPECT_EQ(response.devices(0).target().environment().nvrtc_version(), "13.0");
  ASSERT_GT(response.templates_size(), 0);
  EXPECT_EQ(response.templates(0).digest().size(), 64u);
  EXPECT_GT(response.profiles_size(), 3);
  EXPECT_EQ(response.libraries(0).library(), "nvrtc");
}

}  // namespace
}  // namespace tilewright
