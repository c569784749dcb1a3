#ifndef TILEWRIGHT_TESTS_TUNER_SEARCH_TUNER_FIXTURE_H_
#define TILEWRIGHT_TESTS_TUNER_SEARCH_TUNER_FIXTURE_H_

#include <vector>

#include "gtest/gtest.h"
#include "proto/problem/problem.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_compiler.h"
#include "tests/fakes/fake_profiler.h"
#include "tests/fakes/memory_store.h"
#include "tuner/search/tuner.h"
#include "tuner/target/target.h"

namespace tilewright {

// A tuner among fakes, and a request for a large square GEMM on their GPU.
class TunerTest : public ::testing::Test {
 protected:
  TunerTest() {
    v1::Problem problem;
    problem.mutable_gemm()->set_m(4096);
    problem.mutable_gemm()->set_n(4096);
    problem.mutable_gemm()->set_k(4096);
    request_.problem = *Canonicalize(problem);
    *request_.target.mutable_silicon() = FakeProfiler::Hopper().target().silicon();
    request_.target.mutable_environment()->set_nvrtc_version("13.0");
    request_.device_ordinal = 0;
    request_.options.set_max_candidates(12);
  }

  absl::StatusOr<TuneResult> Tune() {
    return tuner_.Tune(request_, cancellation_,
                       [this](const v1::TuningProgress& step) { progress_.push_back(step); });
  }

  // Those of the tuning that is stored for the request.
  std::vector<v1::Candidate> Candidates() {
    const auto record =
        store_.GetTuning(EncodeProblem(request_.problem), SiliconKey(request_.target.silicon()),
                         EnvironmentKey(request_.target.environment()));
    EXPECT_TRUE(record.ok()) << record.status();
    return record.ok() ? record->candidates : std::vector<v1::Candidate>();
  }

  FakeCompiler compiler_;
  FakeProfiler profiler_;
  FakeClock clock_;
  MemoryStore store_;
  WinnerIndex index_;
  Tuner tuner_{compiler_, profiler_, store_, index_, clock_};
  TuneRequest request_;
  Cancellation cancellation_;
  std::vector<v1::TuningProgress> progress_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_TUNER_SEARCH_TUNER_FIXTURE_H_
