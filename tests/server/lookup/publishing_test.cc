// Winners reach the index in the order of their epochs, whoever stores them.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "proto/problem/problem.h"
#include "tests/fakes/fake_compiler.h"
#include "tests/fakes/fake_profiler.h"
#include "tests/server/watched_store.h"
#include "tests/server/winner_fixture.h"
#include "tuner/search/clock.h"
#include "tuner/search/tuner.h"
#include "tuner/store/bundle/bundle_export.h"
#include "tuner/store/bundle/bundle_import.h"

namespace tilewright {
namespace {

v1::Target Hopper() {
  v1::Target target = FakeProfiler::Hopper().target();
  target.mutable_environment()->set_nvrtc_version("13.0");
  return target;
}

struct Machine {
  TuneRequest RequestOf(int64_t m, int device) const {
    TuneRequest request{.problem = *Canonicalize(GemmProblemOf(m, 1024, 1024)),
                        .target = Hopper(),
                        .device_ordinal = device};
    request.options.set_max_candidates(2);
    return request;
  }
  absl::Status Tune(int64_t m, int device) {
    return tuner.Tune(RequestOf(m, device), Cancellation(), [](const v1::TuningProgress&) {})
        .status();
  }

  FakeCompiler compiler;
  FakeProfiler profiler;
  RealClock clock;
  WatchedStore store;
  WinnerIndex index;
  Tuner tuner{compiler, profiler, store, index, clock};
};

BundleContents BundleOf(std::vector<int64_t> ms) {
  Machine from;
  for (const int64_t m : ms) {
    EXPECT_TRUE(PutWinner({.problem = GemmProblemOf(m, 1024, 1024), .target = Hopper()}, from.store,
                          from.index)
                    .ok());
  }
  return CollectForExport(from.store, from.index, {}).value();
}

TEST(Publishing, TheIndexNeverShowsAnEpochBeforeTheOnesBelowIt) {
  Machine machine;
  std::atomic<int> puts{0};
  machine.store.SetPutHooks(nullptr, [&] {
    if (puts++ % 2 == 0) absl::SleepFor(absl::Milliseconds(4));
  });
  std::atomic<bool> done{false};
  std::atomic<int> gaps{0};
  std::thread observer([&] {
    while (!done) {
      const int64_t epoch = machine.index.epoch();
      if (static_cast<int64_t>(machine.index.size()) < epoch) ++gaps;
    }
  });
  std::vector<std::thread> writers;
  for (int64_t writer = 0; writer < 3; ++writer) {
    writers.emplace_back([&, writer] {
      for (int64_t i = 1; i <= 8; ++i) {
        EXPECT_TRUE(machine.Tune(64 * (100 * writer + i), writer == 0 ? -1 : 0).ok());
      }
    });
  }
  writers.emplace_back([&] {
    for (int64_t i = 1; i <= 8; ++i) {
      const int64_t m = 64 * (1000 + 2 * i);
      EXPECT_TRUE(
          ImportRecords(machine.store, machine.index, BundleOf({m, m + 64}), {.now = absl::Now()})
              .ok());
    }
  });
  for (std::thread& writer : writers) writer.join();
  done = true;
  observer.join();
  EXPECT_EQ(gaps, 0);
  EXPECT_EQ(machine.index.epoch(), 40);
}

TEST(Publishing, APredictionDoesNotHideAMeasurementThatComesInBeforeItIsStored) {
  Machine machine;
  std::atomic<bool> first{true};
  absl::Notification measured;
  std::thread measuring;
  machine.store.SetPutHooks(
      [&] {
        if (!first.exchange(false)) return;
        measuring = std::thread([&] {
          EXPECT_TRUE(machine.Tune(256, 0).ok());
          measured.Notify();
        });
        measured.WaitForNotificationWithTimeout(absl::Milliseconds(300));
      },
      nullptr);
  EXPECT_TRUE(machine.tuner.Predict(machine.RequestOf(256, 0), Cancellation()).ok());
  measuring.join();
  const TuneRequest asked = machine.RequestOf(256, 0);
  const IndexHit hit = machine.index.Find({.problem = asked.problem,
                                           .silicon = asked.target.silicon(),
                                           .environment = asked.target.environment()});
  EXPECT_EQ(hit.match, v1::MATCH_EXACT);
}

}  // namespace
}  // namespace tilewright
