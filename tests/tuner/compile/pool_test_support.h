// Helpers of the tests of ProcessPoolCompiler.
#ifndef TILEWRIGHT_TESTS_TUNER_COMPILE_POOL_TEST_SUPPORT_H_
#define TILEWRIGHT_TESTS_TUNER_COMPILE_POOL_TEST_SUPPORT_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tuner/compile/process_pool_compiler.h"

namespace tilewright {

inline std::unique_ptr<ProcessPoolCompiler> MakePool(ProcessPoolCompiler::Options options,
                                                     const std::string& mode) {
  options.arguments = {absl::StrCat("--worker=", mode)};
  auto pool = ProcessPoolCompiler::Create(std::move(options));
  EXPECT_TRUE(pool.ok()) << pool.status();
  return *std::move(pool);
}

struct PoolRun {
  absl::Status status;
  std::map<std::size_t, CompileOutcome> outcomes;  // By job.
  std::vector<std::size_t> order;                  // As they finished.

  // The cubin of a job, or "" where it has none.
  std::string Cubin(std::size_t index) const {
    const auto* code = std::get_if<CompiledCode>(&outcomes.at(index));
    return code == nullptr ? "" : code->cubin;
  }

  // The failure of a job; none where it has code.
  v1::Failure Failed(std::size_t index) const {
    const auto* failure = std::get_if<v1::Failure>(&outcomes.at(index));
    return failure == nullptr ? v1::Failure() : *failure;
  }
};

inline PoolRun RunJobs(ProcessPoolCompiler& pool, std::vector<CompileJob> jobs,
                       const Cancellation& cancellation = {}) {
  PoolRun run;
  run.status = pool.CompileAll(std::move(jobs), cancellation,
                               [&](std::size_t index, CompileOutcome outcome) {
                                 EXPECT_EQ(run.outcomes.count(index), 0u) << "told twice";
                                 run.outcomes.emplace(index, std::move(outcome));
                                 run.order.push_back(index);
                               });
  return run;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_TUNER_COMPILE_POOL_TEST_SUPPORT_H_
