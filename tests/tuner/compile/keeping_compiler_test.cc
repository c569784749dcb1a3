// What a tuning compiled, kept for people.
#include "tuner/compile/keeping_compiler.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/support/sha256.h"
#include "tests/fakes/fake_compiler.h"

namespace tilewright {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string ReadAll(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

class KeepingCompilerTest : public ::testing::Test {
 protected:
  KeepingCompilerTest() {
    char folder[] = "/tmp/tilewright-test-XXXXXX";
    root_ = mkdtemp(folder);
  }
  ~KeepingCompilerTest() override { std::filesystem::remove_all(root_); }

  // How many of the jobs gave code.
  int Compile(KeepingCompiler& compiler) {
    int compiled = 0;
    const absl::Status status =
        compiler.CompileAll(jobs_, {}, [&](std::size_t, CompileOutcome outcome) {
          compiled += std::holds_alternative<CompiledCode>(outcome) ? 1 : 0;
        });
    EXPECT_TRUE(status.ok()) << status;
    return compiled;
  }

  const std::vector<EmbeddedFile> headers_ = {{"gemm/a.cuh", "// a\n"}, {"b.h", "// b\n"}};
  const std::vector<CompileJob> jobs_ = {{"one\n", "sm_90a", {"e"}}, {"two\n", "sm_80", {"e"}}};
  FakeCompiler fake_;
  std::filesystem::path root_;
};

TEST_F(KeepingCompilerTest, KeepsSourcesBesideTheirCubinsByContentHash) {
  const std::filesystem::path folder = root_ / "made" / "kept";
  KeepingCompiler compiler(fake_, folder.string(), headers_);
  EXPECT_FALSE(std::filesystem::exists(folder));
  EXPECT_EQ(Compile(compiler), 2);
  for (const CompileJob& job : jobs_) {
    const std::string cubin = FakeCompiler::CodeFor(job).cubin;
    const std::string stem = (folder / ToHex(Sha256(cubin))).string();
    EXPECT_EQ(ReadAll(stem + ".cubin"), cubin);
    const std::string source = ReadAll(stem + ".cu");
    // The same command as in what `tilewright source` writes: it says registers and spills.
    EXPECT_THAT(source, StartsWith("// By hand, here: nvcc -cubin -arch=" + job.architecture));
    EXPECT_THAT(source, HasSubstr(" -Xptxas -v -I templates-"));
    EXPECT_THAT(source, EndsWith("\n" + job.source));
    const size_t at = source.find("-I ") + 3;
    const std::string tree = source.substr(at, source.find(' ', at) - at);
    EXPECT_EQ(ReadAll(folder / tree / "gemm" / "a.cuh"), "// a\n");
    EXPECT_EQ(ReadAll(folder / tree / "b.h"), "// b\n");
  }
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    files += entry.is_regular_file() ? 1 : 0;
  }
  EXPECT_EQ(files, 6) << "and nothing unfinished";
  EXPECT_EQ(Compile(compiler), 2) << "what is there already is no error";
}

TEST_F(KeepingCompilerTest, AFailureIsLoggedOnceAndHarmsNothing) {
  std::ofstream(root_ / "file") << "in the way";
  KeepingCompiler compiler(fake_, (root_ / "file" / "kept").string(), headers_);
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(Compile(compiler), 2);
  const std::string log = ::testing::internal::GetCapturedStdout();
  const size_t first = log.find("keep_sources");
  EXPECT_THAT(log, HasSubstr("keep_sources"));
  EXPECT_EQ(log.find("keep_sources", first + 1), std::string::npos) << log;
  EXPECT_EQ(ReadAll(root_ / "file"), "in the way");
}

TEST_F(KeepingCompilerTest, WhatDoesNotCompileIsNotKept) {
  fake_.SetBehaviour([](const CompileJob&) -> CompileOutcome {
    return FakeCompiler::Failed(v1::FAILURE_KIND_COMPILE_ERROR, "no");
  });
  KeepingCompiler compiler(fake_, (root_ / "kept").string(), headers_);
  EXPECT_EQ(Compile(compiler), 0);
  EXPECT_FALSE(std::filesystem::exists(root_ / "kept"));
}

}  // namespace
}  // namespace tilewright
