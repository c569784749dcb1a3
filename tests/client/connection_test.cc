// The connection beneath a client: daemons that come and go, watches, tunings, bundles.
#include "tilewright/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "proto/support/errors.h"
#include "tests/client/client_fixture.h"

namespace tilewright {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(ClientTest, FindsADaemonThatWasRestarted) {
  ASSERT_TRUE(client_->GetKernel(Gemm(1, 1, 1)).ok());
  service_.Stop();
  std::thread restart([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    service_.Start();
  });
  const auto kernel = client_->GetKernel(Gemm(2, 1, 1));
  restart.join();
  EXPECT_TRUE(kernel.ok()) << kernel.status();
}

TEST_F(ClientTest, SaysWhichSocketNobodyAnswersAt) {
  ConnectOptions options;
  options.socket_path = folder_.path() + "/nobody";
  options.connect_timeout = std::chrono::milliseconds(100);
  const absl::Status status = Client::Connect(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), "DAEMON_UNREACHABLE");
  EXPECT_THAT(std::string(status.message()), HasSubstr(options.socket_path));
}

TEST_F(ClientTest, RefusesASocketPathThatIsTooLong) {
  ConnectOptions options;
  options.socket_path = "/" + std::string(200, 'x');
  EXPECT_EQ(ReasonOf(Client::Connect(options).status()), "SOCKET_PATH_TOO_LONG");
}

TEST_F(ClientTest, ReportsServing) {
  const absl::Status health = client_->connection().CheckHealth(std::chrono::seconds(5));
  EXPECT_TRUE(health.ok()) << health;
}

v1::Tuning TuningIn(v1::WorkState state, double fraction) {
  v1::Tuning tuning;
  tuning.set_name("tunings/1");
  tuning.set_state(state);
  tuning.mutable_progress()->set_fraction(fraction);
  return tuning;
}

TEST_F(ClientTest, TuneReportsProgressAndGivesTheEnd) {
  service_.create_tuning = [](const v1::CreateTuningRequest&) {
    return TuningIn(v1::WORK_STATE_QUEUED, 0);
  };
  service_.tuning_updates = {TuningIn(v1::WORK_STATE_RUNNING, 0.5),
                             TuningIn(v1::WORK_STATE_SUCCEEDED, 1)};
  std::vector<double> fractions;
  const auto tuned = client_->Tune(v1::Problem(), {}, [&](const v1::Tuning& tuning) {
    fractions.push_back(tuning.progress().fraction());
  });
  ASSERT_TRUE(tuned.ok()) << tuned.status();
  EXPECT_EQ(tuned->state(), v1::WORK_STATE_SUCCEEDED);
  EXPECT_THAT(fractions, ElementsAre(0, 0.5, 1));
  EXPECT_EQ(service_.request_id.size(), 36u);
}

TEST_F(ClientTest, TuneOfWhatIsDoneDoesNotWatch) {
  service_.create_tuning = [](const v1::CreateTuningRequest&) {
    return TuningIn(v1::WORK_STATE_SUCCEEDED, 1);
  };
  EXPECT_EQ(client_->Tune(v1::Problem())->state(), v1::WORK_STATE_SUCCEEDED);
}

TEST_F(ClientTest, TuneGivesTheFailureOfTheTuning) {
  service_.create_tuning = [](const v1::CreateTuningRequest&) {
    v1::Tuning tuning = TuningIn(v1::WORK_STATE_FAILED, 0.2);
    tuning.set_error_code(static_cast<int>(absl::StatusCode::kFailedPrecondition));
    tuning.set_error_reason("NO_CANDIDATE");
    tuning.set_error_message("every candidate failed");
    (*tuning.mutable_error_metadata())["field"] = "problem";
    return tuning;
  };
  const absl::Status status = client_->Tune(v1::Problem()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "NO_CANDIDATE");
  EXPECT_EQ(ErrorInfoOf(status)->metadata().at("field"), "problem");
  EXPECT_EQ(ErrorInfoOf(status)->metadata().at("tuning"), "tunings/1");
}

// What a tuning that goes on gives to a caller who stops at its first progress.
absl::StatusOr<v1::Tuning> TuneAndStop(FakeService& service, Client& client) {
  service.create_tuning = [](const v1::CreateTuningRequest&) {
    return TuningIn(v1::WORK_STATE_RUNNING, 0);
  };
  service.tuning_updates = {TuningIn(v1::WORK_STATE_RUNNING, 0.1)};
  std::stop_source stop;
  TuneOptions options;
  options.stop = stop.get_token();
  return client.Tune(v1::Problem(), options, [&](const v1::Tuning& tuning) {
    if (tuning.progress().fraction() > 0) stop.request_stop();
  });
}

TEST_F(ClientTest, TuneThatIsStoppedTakesItsInterestBack) {
  service_.cancelled_tuning = TuningIn(v1::WORK_STATE_RUNNING, 0.1);
  service_.tuning_after_cancel = TuningIn(v1::WORK_STATE_CANCELLED, 0.1);
  const auto tuned = TuneAndStop(service_, *client_);
  ASSERT_TRUE(tuned.ok()) << tuned.status();
  EXPECT_EQ(tuned->state(), v1::WORK_STATE_CANCELLED);
  EXPECT_EQ(service_.cancel_calls, 1);
}

// It was told that a tuning is unknown whose name it had never heard.
TEST_F(ClientTest, ATuneSaysThatTheDaemonWasStartedAnew) {
  service_.create_tuning = [](const v1::CreateTuningRequest&) {
    return TuningIn(v1::WORK_STATE_RUNNING, 0);
  };
  service_.watch_tuning_end =
      MakeError(absl::StatusCode::kNotFound, "TUNING_NOT_FOUND", "no tuning is named that");
  const absl::Status status = client_->Tune(v1::Problem()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), "DAEMON_RESTARTED");
}

// Others wait for the tuning, so it goes on. That was lost where a later question failed.
TEST_F(ClientTest, WhatACancelAnsweredIsKeptWhereNothingMoreIsHeard) {
  service_.cancelled_tuning = TuningIn(v1::WORK_STATE_RUNNING, 0.2);
  service_.tuning_after_cancel =
      MakeError(absl::StatusCode::kUnavailable, "SERVER_STOPPING", "the server is stopping");
  const auto tuned = TuneAndStop(service_, *client_);
  ASSERT_TRUE(tuned.ok()) << tuned.status();
  EXPECT_EQ(tuned->state(), v1::WORK_STATE_RUNNING);
  EXPECT_EQ(tuned->progress().fraction(), 0.2);
}

TEST_F(ClientTest, CarriesBundlesBothWays) {
  std::ostringstream out;
  const auto bytes = client_->connection().ExportBundle({}, out);
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(out.str(), service_.bundle);
  EXPECT_EQ(*bytes, 8);
  std::string received;
  service_.import_bundle = [&received](const std::string& bundle) {
    received = bundle;
    v1::ImportBundleResponse response;
    response.set_winners_imported(3);
    return response;
  };
  const std::string large(3 << 20, 'b');
  std::istringstream in(large);
  const auto imported = client_->connection().ImportBundle(in);
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(imported->winners_imported(), 3);
  EXPECT_EQ(received, large);
}

absl::Status Full(const std::string& delay_ms) {
  return MakeError(absl::StatusCode::kResourceExhausted, "QUEUE_FULL", "try again",
                   {{"retry_delay_ms", delay_ms}});
}

// The delay was sent by every full queue and read by nobody.
TEST_F(ClientTest, AFullServiceIsAskedAgainAfterItsDelay) {
  service_.get_kernel =
      [this](const v1::GetKernelRequest& request) -> absl::StatusOr<v1::GetKernelResponse> {
    if (service_.get_kernel_calls <= 2) return Full("40");
    return MeasuredKernel(request.problem().gemm());
  };
  const auto begin = std::chrono::steady_clock::now();
  const auto kernel = client_->GetKernel(Gemm(1, 1, 1));
  ASSERT_TRUE(kernel.ok()) << kernel.status();
  EXPECT_EQ(service_.get_kernel_calls, 3);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(80));
}

TEST_F(ClientTest, AServiceThatStaysFullIsNotAskedForEver) {
  service_.get_kernel = [](const v1::GetKernelRequest&) -> absl::StatusOr<v1::GetKernelResponse> {
    return Full("1");
  };
  const absl::Status status = client_->GetKernel(Gemm(1, 1, 1)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), "QUEUE_FULL");
  EXPECT_GT(service_.get_kernel_calls, 2);
  EXPECT_LT(service_.get_kernel_calls, 20);
}

TEST_F(ClientTest, ADelayBeyondTheDeadlineIsNotWaitedFor) {
  service_.get_kernel = [](const v1::GetKernelRequest&) -> absl::StatusOr<v1::GetKernelResponse> {
    return Full("60000");
  };
  GetOptions options;
  options.deadline = std::chrono::seconds(10);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(ReasonOf(client_->GetKernel(Gemm(1, 1, 1), options).status()), "QUEUE_FULL");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_EQ(service_.get_kernel_calls, 1);
}

TEST_F(ClientTest, ARefusalWithoutADelayIsFinal) {
  for (const char* delay : {"", "soon", "-5"}) {
    service_.get_kernel_calls = 0;
    service_.get_kernel =
        [delay](const v1::GetKernelRequest&) -> absl::StatusOr<v1::GetKernelResponse> {
      return Full(delay);
    };
    EXPECT_FALSE(client_->GetKernel(Gemm(1, 1, 1)).ok());
    EXPECT_EQ(service_.get_kernel_calls, 1) << delay;
  }
}

TEST_F(ClientTest, AWatchOfAKernelTellsEveryBetterOne) {
  for (const v1::Provenance provenance : {v1::PROVENANCE_PREDICTED, v1::PROVENANCE_MEASURED}) {
    service_.kernel_updates.push_back(MeasuredKernel(Gemm(1, 1, 1)));
    service_.kernel_updates.back().set_provenance(provenance);
  }
  v1::GetKernelRequest request;
  *request.mutable_problem()->mutable_gemm() = Gemm(1, 1, 1);
  std::stop_source stop;
  std::vector<v1::Provenance> seen;
  const absl::Status status = client_->connection().WatchKernel(
      request, stop.get_token(), [&](const v1::GetKernelResponse& response) {
        seen.push_back(response.provenance());
        if (seen.size() == 2) stop.request_stop();
      });
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  EXPECT_THAT(seen, ElementsAre(v1::PROVENANCE_PREDICTED, v1::PROVENANCE_MEASURED));
}

TEST_F(ClientTest, AWatchOfAKernelEndsAsTheServiceEndsIt) {
  service_.kernel_watch_end =
      MakeError(absl::StatusCode::kUnavailable, "SERVER_STOPPING", "the server is stopping");
  const absl::Status status =
      client_->connection().WatchKernel(v1::GetKernelRequest(), std::stop_token(), nullptr);
  EXPECT_EQ(ReasonOf(status), "SERVER_STOPPING");
  EXPECT_EQ(service_.watch_kernel_calls, 1);
}

TEST_F(ClientTest, AWatchSaysWhatACallSays) {
  v1::GetKernelRequest request;
  request.set_target("\xff");
  Connection& connection = client_->connection();
  EXPECT_EQ(ReasonOf(connection.WatchKernel(request, {}, nullptr)), "NOT_UTF8");
  EXPECT_EQ(ReasonOf(connection.WatchTuning("\xff", {}, nullptr).status()), "NOT_UTF8");
  EXPECT_EQ(service_.watch_kernel_calls, 0);
  service_.kernel_watch_end = absl::UnimplementedError("unknown method");
  EXPECT_EQ(ReasonOf(connection.WatchKernel({}, {}, nullptr)), "OTHER_VERSION");
}

}  // namespace
}  // namespace tilewright
