// The reference kernels compile for every type and every family of architectures.
#include <gtest/gtest.h>

#include <string_view>
#include <utility>

#include "tuner/compile/compile_worker.h"
#include "tuner/compile/process_pool_compiler.h"
#include "tuner/profile/reference_units.h"
#include "tuner/worker/worker_process.h"

namespace tilewright {
namespace {

TEST(ReferenceCompileTest, EveryTypeAndArchitecture) {
  const auto compiler = ProcessPoolCompiler::Create({});
  ASSERT_TRUE(compiler.ok()) << compiler.status();
  std::vector<CompileJob> jobs;
  const auto add = [&](const char* architecture, v1::DataType type) {
    v1::Problem problem;
    problem.mutable_gemm()->set_a_type(type);
    problem.mutable_gemm()->set_b_type(type);
    problem.mutable_gemm()->mutable_epilogue()->set_bias_gradient(true);
    for (ReferenceUnit& unit : ReferenceUnits(problem)) {
      jobs.push_back({std::move(unit.source), architecture, std::move(unit.entry_symbols)});
    }
  };
  for (const v1::DataType type :
       {v1::DATA_TYPE_FP32, v1::DATA_TYPE_TF32, v1::DATA_TYPE_FP16, v1::DATA_TYPE_BF16,
        v1::DATA_TYPE_INT8, v1::DATA_TYPE_E4M3, v1::DATA_TYPE_E5M2}) {
    add("sm_90a", type);
  }
  for (const char* architecture : {"sm_80", "sm_89", "sm_100a", "sm_120a"}) {
    add(architecture, v1::DATA_TYPE_BF16);
  }
  v1::Problem fused;
  fused.mutable_fused_dropout()->mutable_dropout()->set_store_mask(true);
  for (ReferenceUnit& unit : ReferenceUnits(fused)) {
    jobs.push_back({std::move(unit.source), "sm_90a", std::move(unit.entry_symbols)});
  }
  std::size_t done = 0;
  const std::size_t count = jobs.size();
  const absl::Status status = (*compiler)->CompileAll(
      std::move(jobs), Cancellation(), [&](std::size_t index, CompileOutcome outcome) {
        ++done;
        const auto* code = std::get_if<CompiledCode>(&outcome);
        ASSERT_NE(code, nullptr) << index << ": " << std::get<v1::Failure>(outcome).message();
        for (const EntryResources& entry : code->entries) {
          // Nobody waits for it but the checks, so a few bytes do no harm.
          EXPECT_LE(entry.spill_bytes, 64) << index << " " << entry.entry_symbol;
        }
      });
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(done, count);
}

}  // namespace
}  // namespace tilewright

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--worker=compile") {
    return tilewright::RunCompileWorker(tilewright::WorkerProcess::kWorkerFd);
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
