#include "tuner/compile/compile_log.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// As NVRTC 13.0 writes it.
constexpr char kLog[] =
    "ptxas info    : 0 bytes gmem\n"
    "ptxas info    : Compiling entry function 'tilewright_gemm' for 'sm_90a'\n"
    "ptxas info    : Function properties for tilewright_gemm\n"
    "ptxas         .     1136 bytes stack frame, 1632 bytes spill stores, 1740 bytes spill loads\n"
    "ptxas info    : Used 232 registers, used 1 barriers, 1136 bytes cumulative stack size\n"
    "ptxas info    : Compile time = 35.868 ms\n"
    "ptxas info    : Compiling entry function 'tilewright_gemm_reduce' for 'sm_90a'\n"
    "ptxas info    : Function properties for tilewright_gemm_reduce\n"
    "ptxas         .     0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n"
    "ptxas info    : Used 14 registers, used 1 barriers, 1024 bytes smem\n"
    "ptxas info    : Compile time = 2.024 ms\n";

// As NVRTC 12 writes it.
constexpr char kOlderLog[] =
    "ptxas info    : 0 bytes gmem, 24 bytes cmem[4]\n"
    "ptxas info    : Compiling entry function 'one' for 'sm_80'\n"
    "ptxas info    : Function properties for one\n"
    "    0 bytes stack frame, 4 bytes spill stores, 8 bytes spill loads\n"
    "ptxas info    : Used 128 registers, 49152 bytes smem, 568 bytes cmem[0]";

TEST(ParseResourcesTest, GivesEachEntryItsOwn) {
  const auto entries = ParseResources(kLog);
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].entry_symbol, "tilewright_gemm");
  EXPECT_EQ(entries[0].registers_per_thread, 232);
  EXPECT_EQ(entries[0].spill_bytes, 1632 + 1740);
  EXPECT_EQ(entries[0].static_shared_memory_bytes, 0);
  EXPECT_EQ(entries[1].entry_symbol, "tilewright_gemm_reduce");
  EXPECT_EQ(entries[1].registers_per_thread, 14);
  EXPECT_EQ(entries[1].spill_bytes, 0);
  EXPECT_EQ(entries[1].static_shared_memory_bytes, 1024);
}

TEST(ParseResourcesTest, ReadsTheOlderForm) {
  const auto entries = ParseResources(kOlderLog);
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].registers_per_thread, 128);
  EXPECT_EQ(entries[0].spill_bytes, 12);
  EXPECT_EQ(entries[0].static_shared_memory_bytes, 49152);
}

TEST(ParseResourcesTest, AddsTheSpillsOfCalledFunctions) {
  const auto entries = ParseResources(
      "ptxas info    : Compiling entry function 'one' for 'sm_80'\n"
      "ptxas info    : Function properties for helper\n"
      "    0 bytes stack frame, 16 bytes spill stores, 32 bytes spill loads\n"
      "ptxas info    : Function properties for one\n"
      "    0 bytes stack frame, 4 bytes spill stores, 8 bytes spill loads\n"
      "ptxas info    : Used 64 registers\n");
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].spill_bytes, 60);
}

TEST(ParseResourcesTest, PassesOverWhatItDoesNotKnow) {
  EXPECT_TRUE(ParseResources("").empty());
  EXPECT_TRUE(ParseResources("Used 12 registers\n8 bytes spill stores\n").empty());
  const auto entries = ParseResources(
      "Compiling entry function 'cut off\nCompiling entry function 'x' for\n"
      "Used registers, many bytes smem, 99999999999999999999 bytes spill stores\n");
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].entry_symbol, "x");
  EXPECT_EQ(entries[0].registers_per_thread, 0);
  EXPECT_EQ(entries[0].spill_bytes, 0);
}

TEST(FailureFromLogTest, BeginsAtTheFirstError) {
  const v1::Failure failure = FailureFromLog(
      "variant.cu(1): warning #177-D: variable \"x\" was declared but never referenced\n\n"
      "variant.cu(3): error: identifier \"q\" is undefined\n  p[0] = q;\n");
  EXPECT_EQ(failure.kind(), v1::FAILURE_KIND_COMPILE_ERROR);
  EXPECT_EQ(failure.message(), "variant.cu(3): error: identifier \"q\" is undefined\n  p[0] = q;");
}

TEST(FailureFromLogTest, TellsResourcesFromErrors) {
  for (const char* log :
       {"ptxas error   : Entry function 'k' uses too much shared data (0x61a80 bytes, 0x38c00 max)",
        "variant.cu(1): catastrophic error: out of memory"}) {
    EXPECT_EQ(FailureFromLog(log).kind(), v1::FAILURE_KIND_RESOURCE_LIMIT) << log;
  }
}

TEST(FailureFromLogTest, IsCutToSizeAndNeverEmpty) {
  EXPECT_THAT(FailureFromLog("").message(), HasSubstr("no reason"));
  const std::string long_log = "x: error: long\n" + std::string(100000, 'y');
  EXPECT_LE(FailureFromLog(long_log).message().size(), 2000u);
  EXPECT_THAT(FailureFromLog(long_log).message(), StartsWith("x: error: long"));
}

}  // namespace
}  // namespace tilewright
