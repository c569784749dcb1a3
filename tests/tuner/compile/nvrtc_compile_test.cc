// The pool with the real NVRTC.
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/tuner/codegen/faulty_templates.h"
#include "tests/tuner/compile/pool_test_support.h"
#include "tuner/compile/compile_options.h"
#include "tuner/compile/process_pool_compiler.h"
#include "tuner/template/tiled_gemm/launch_plan.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kElfMagic[] =
    "\x7f"
    "ELF";

CompileJob Good(int number = 0) {
  return {absl::StrCat("#include \"common/test_scale.cuh\"\n"
                       "extern \"C\" __global__ void good(int* p) {\n"
                       "  p[threadIdx.x] = Scale(p[0]) + ",
                       number, ";\n}\n"),
          "sm_90a",
          {"good"}};
}

// Doubles the number of types at every level: without end for all practical purposes.
CompileJob Bomb() {
  return {
      "template <int Depth, int Id> struct Tree {\n"
      "  typename Tree<Depth - 1, Id * 2>::Node left;\n"
      "  typename Tree<Depth - 1, Id * 2 + 1>::Node right;\n"
      "  struct Node { int value; };\n};\n"
      "template <int Id> struct Tree<0, Id> { struct Node { int value; }; };\n"
      "extern \"C\" __global__ void bomb(int* p) { p[0] = sizeof(Tree<28, 1>); }\n",
      "sm_90a",
      {"bomb"}};
}

ProcessPoolCompiler::Options TwoWorkers() {
  ProcessPoolCompiler::Options options;
  options.workers = 2;
  return options;
}

TEST(NvrtcCompileTest, SaysWhatItFound) {
  const auto pool = MakePool(TwoWorkers(), "headers");
  const v1::LibraryStatus library = pool->Library();
  ASSERT_TRUE(library.found());
  EXPECT_THAT(library.path(), HasSubstr("libnvrtc"));
  EXPECT_GE(ParseNvrtcVersion(library.version()), (NvrtcVersion{12, 0}));
  EXPECT_GE(library.searched_size(), 3);
}

TEST(NvrtcCompileTest, MakesNativeCodeAndIncludesHeaders) {
  const auto pool = MakePool(TwoWorkers(), "headers");
  const PoolRun run = RunJobs(*pool, {Good()});
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_THAT(run.Cubin(0), StartsWith(kElfMagic)) << run.Failed(0).message();
  const CompiledCode& code = std::get<CompiledCode>(run.outcomes.at(0));
  EXPECT_GT(code.seconds, 0);
  ASSERT_EQ(code.entries.size(), 1u);
  EXPECT_EQ(code.entries[0].entry_symbol, "good");
  EXPECT_GT(code.entries[0].registers_per_thread, 0);
  EXPECT_EQ(code.entries[0].spill_bytes, 0);
}

TEST(NvrtcCompileTest, GivesThePtxToAJobThatWantsIt) {
  const auto pool = MakePool(TwoWorkers(), "headers");
  CompileJob wanting = Good();
  wanting.wants_ptx = true;
  const PoolRun run = RunJobs(*pool, {Good(), wanting});
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(std::get<CompiledCode>(run.outcomes.at(0)).ptx, "");
  const CompiledCode& code = std::get<CompiledCode>(run.outcomes.at(1));
  EXPECT_THAT(code.ptx, HasSubstr(".entry good("));
  EXPECT_NE(code.ptx.back(), '\0');
  EXPECT_TRUE(code.cubin == run.Cubin(0));
}

TEST(NvrtcCompileTest, IncludesTheEmbeddedTemplates) {
  const auto pool = MakePool(TwoWorkers(), "compile");
  const PoolRun run = RunJobs(
      *pool, {{RenderFaultySource(FaultyKind::kWrongResult), "sm_90a", {std::string(kGemmEntry)}}});
  EXPECT_THAT(run.Cubin(0), StartsWith(kElfMagic)) << run.Failed(0).message();
}

TEST(NvrtcCompileTest, EqualSourcesGiveEqualCode) {
  const auto pool = MakePool(TwoWorkers(), "headers");
  const PoolRun run = RunJobs(*pool, {Good(), Good()});
  EXPECT_FALSE(run.Cubin(0).empty());
  EXPECT_TRUE(run.Cubin(0) == run.Cubin(1));
}

TEST(NvrtcCompileTest, CompilesForEveryArchitecture) {
  const auto pool = MakePool(TwoWorkers(), "headers");
  std::vector<CompileJob> jobs;
  for (const char* name : {"sm_80", "sm_86", "sm_89", "sm_90a", "sm_100a", "sm_120a"}) {
    jobs.push_back(Good());
    jobs.back().architecture = name;
  }
  const PoolRun run = RunJobs(*pool, jobs);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    EXPECT_THAT(run.Cubin(i), StartsWith(kElfMagic))
        << jobs[i].architecture << ": " << run.Failed(i).message();
  }
}

TEST(NvrtcCompileTest, ReadsTheResourcesOfEachEntryInTheOrderAskedFor) {
  const auto pool = MakePool(TwoWorkers(), "headers");
  const PoolRun run = RunJobs(
      *pool,
      {{"extern \"C\" __global__ void plain(float* p, int n) {\n"
        "  __shared__ float s[256];\n  s[threadIdx.x] = p[n + threadIdx.x];\n"
        "  __syncthreads();\n  p[threadIdx.x] = s[(threadIdx.x + n) & 255];\n}\n"
        "extern \"C\" __global__ void __launch_bounds__(1024, 2) spilling(float* p, int n) {\n"
        "  float a[100];\n#pragma unroll\n  for (int i = 0; i < 100; i++) a[i] = p[i * n];\n"
        "  __syncthreads();\n#pragma unroll\n"
        "  for (int i = 0; i < 100; i++) p[i * n + threadIdx.x] = a[i] * a[(i * 7) % 100];\n}\n",
        "sm_90a",
        {"spilling", "plain"}}});
  ASSERT_FALSE(run.Cubin(0).empty()) << run.Failed(0).message();
  const auto& entries = std::get<CompiledCode>(run.outcomes.at(0)).entries;
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].entry_symbol, "spilling");
  EXPECT_LE(entries[0].registers_per_thread, 32);  // 65536 / 2048 threads.
  EXPECT_GT(entries[0].spill_bytes, 0);
  EXPECT_EQ(entries[1].entry_symbol, "plain");
  EXPECT_EQ(entries[1].spill_bytes, 0);
  EXPECT_EQ(entries[1].static_shared_memory_bytes, 1024);
}

TEST(NvrtcCompileTest, ErrorsSayWhere) {
  const auto pool = MakePool(TwoWorkers(), "headers");
  const PoolRun run = RunJobs(
      *pool,
      {{"extern \"C\" __global__ void k(int* p) {\n  p[0] = undefined_name;\n}\n", "sm_90a", {"k"}},
       {"#include \"common/none.cuh\"\n", "sm_90a", {}},
       {Good().source, "sm_90a", {"good", "absent"}},
       {Good().source, "sm_90a --time=/tmp/x", {"good"}},
       {Good().source, "sm_999", {"good"}},
       {"extern \"C\" __global__ void k(float* p, int n) {\n"
        "  __shared__ float s[100000];\n  s[threadIdx.x] = n;\n  __syncthreads();\n"
        "  p[threadIdx.x] = s[n];\n}\n",
        "sm_90a",
        {"k"}}});
  ASSERT_TRUE(run.status.ok());
  EXPECT_THAT(run.Failed(0).message(),
              StartsWith("variant.cu(2): error: identifier \"undefined_name\" is undefined"));
  EXPECT_THAT(run.Failed(1).message(), HasSubstr("common/none.cuh"));
  EXPECT_THAT(run.Failed(2).message(), HasSubstr("no entry symbol absent"));
  EXPECT_THAT(run.Failed(3).message(), HasSubstr("must have the form"));
  EXPECT_THAT(run.Failed(4).message(), HasSubstr("gpu-architecture"));
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(run.Failed(i).kind(), v1::FAILURE_KIND_COMPILE_ERROR) << i;
  }
  EXPECT_EQ(run.Failed(5).kind(), v1::FAILURE_KIND_RESOURCE_LIMIT);
  EXPECT_THAT(run.Failed(5).message(), HasSubstr("too much shared data"));
}

// Both workers meet a bomb; everything else compiles.
void ExpectBombsCostOnlyThemselves(ProcessPoolCompiler& pool, const std::string& message) {
  const PoolRun run = RunJobs(pool, {Good(0), Bomb(), Good(2), Bomb(), Good(4), Good(5), Good(6)});
  ASSERT_TRUE(run.status.ok()) << run.status;
  ASSERT_EQ(run.outcomes.size(), 7u);
  for (const std::size_t i : {0, 2, 4, 5, 6}) {
    EXPECT_FALSE(run.Cubin(i).empty()) << i << ": " << run.Failed(i).message();
  }
  for (const std::size_t i : {1, 3}) {
    EXPECT_EQ(run.Failed(i).kind(), v1::FAILURE_KIND_RESOURCE_LIMIT);
    EXPECT_THAT(run.Failed(i).message(), HasSubstr(message));
  }
}

TEST(NvrtcCompileTest, ABombIsStoppedByTheDeadline) {
  ProcessPoolCompiler::Options options = TwoWorkers();
  options.deadline = absl::Seconds(3);
  options.memory_limit_bytes = std::int64_t{16} << 30;
  const auto pool = MakePool(options, "headers");
  ExpectBombsCostOnlyThemselves(*pool, "longer than 3s");
}

#ifndef __SANITIZE_ADDRESS__  // Under which address space is not limited.
TEST(NvrtcCompileTest, ABombIsStoppedByTheMemoryLimit) {
  ProcessPoolCompiler::Options options = TwoWorkers();
  options.memory_limit_bytes = std::int64_t{400} << 20;
  const auto pool = MakePool(options, "headers");
  ExpectBombsCostOnlyThemselves(*pool, "memory");
}

// The parser's recursion is a crash without a word, not an error of NVRTC.
TEST(NvrtcCompileTest, ARecursionThatOutgrowsTheMemoryLimitIsAResourceLimit) {
  ProcessPoolCompiler::Options options = TwoWorkers();
  options.memory_limit_bytes = std::int64_t{400} << 20;
  const auto pool = MakePool(options, "headers");
  const std::string open(200000, '(');
  const std::string close(200000, ')');
  const PoolRun run = RunJobs(
      *pool,
      {{absl::StrCat("extern \"C\" __global__ void k(int* p) { p[0] = ", open, "1", close, "; }"),
        "sm_90a",
        {"k"}},
       Good()});
  EXPECT_EQ(run.Failed(0).kind(), v1::FAILURE_KIND_RESOURCE_LIMIT) << run.Failed(0).message();
  EXPECT_FALSE(run.Cubin(1).empty());
}
#endif

TEST(NvrtcCompileTest, SixteenJobsOverTwoWorkers) {
  const auto pool = MakePool(TwoWorkers(), "headers");
  std::vector<CompileJob> jobs;
  for (int i = 0; i < 16; ++i) jobs.push_back(Good(i));
  const PoolRun run = RunJobs(*pool, jobs);
  ASSERT_TRUE(run.status.ok());
  std::set<std::string> cubins;
  for (std::size_t i = 0; i < 16; ++i) cubins.insert(run.Cubin(i));
  EXPECT_EQ(cubins.size(), 16u);
  EXPECT_EQ(cubins.count(""), 0u);
}

TEST(NvrtcCompileTest, Cancellation) {
  const auto pool = MakePool(TwoWorkers(), "headers");
  Cancellation cancellation;
  std::thread canceller([&] {
    absl::SleepFor(absl::Milliseconds(500));
    cancellation.Cancel();
  });
  const absl::Time start = absl::Now();
  const PoolRun run = RunJobs(*pool, {Bomb(), Bomb(), Good()}, cancellation);
  canceller.join();
  EXPECT_TRUE(absl::IsCancelled(run.status));
  EXPECT_TRUE(run.outcomes.empty());
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
}

}  // namespace
}  // namespace tilewright
