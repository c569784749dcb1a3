// `tilewright source`: what it asks for, prints and writes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "client/cli/output/json.h"
#include "proto/support/errors.h"
#include "tests/client/cli/app_fixture.h"

namespace tilewright::cli {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kRendered[] = R"(
  kernel {
    variant { template_name: "gemm_sm80" config { parameters { name: "stages" value: 3 } } }
    architecture: "sm_90a" nvrtc_version: "13.0"
    launch_plan { steps { entry_symbol: "tilewright_gemm" block_threads: 256
                          dynamic_shared_memory_bytes: 98304 } } }
  source: "#include \"gemm/a.cuh\"\nENTRY(Variant)\n"
  files { path: "abi/b.h" text: "int b;\n" }
  files { path: "gemm/a.cuh" text: "#include \"abi/b.h\"\n#include \"abi/b.h\"\nint a;\n" }
  compile_options: "--gpu-architecture=sm_90a" compile_options: "--std=c++20")";

// As the daemon answers.
v1::RenderSourceResponse Rendered(const v1::RenderSourceRequest& request) {
  auto response = Parse<v1::RenderSourceResponse>(kRendered);
  if (!request.compile()) return response;
  response.mutable_kernel()->set_cubin("a cubin");
  response.set_ptx(".version 9.0\n");
  v1::LaunchStep& step = *response.mutable_kernel()->mutable_launch_plan()->mutable_steps(0);
  step.set_registers_per_thread(168);
  step.set_spill_bytes(8);
  return response;
}

class SourceTest : public AppTest {
 protected:
  void SetUp() override {
    AppTest::SetUp();
    service_.render_source = [this](const v1::RenderSourceRequest& request) {
      seen_ = request;
      return Rendered(request);
    };
    for (const char* name : {"CUDA_HOME", "PATH"}) {
      const char* value = getenv(name);
      saved_.push_back({name, value == nullptr ? "" : value});
      unsetenv(name);
    }
  }
  void TearDown() override {
    for (const auto& [name, value] : saved_) {
      if (!value.empty()) setenv(name.c_str(), value.c_str(), 1);
    }
  }

  Outcome Source(const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"source", "gemm", "--m", "64", "--n", "32", "--k", "16"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunHere(arguments);
  }

  // A cuobjdump in a CUDA_HOME of this test.
  void PutCuobjdump(const std::string& script) {
    std::filesystem::create_directories(folder_.path() + "/cuda/bin");
    const std::string path = WriteFile("cuda/bin/cuobjdump", "#!/bin/sh\n" + script);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    setenv("CUDA_HOME", (folder_.path() + "/cuda").c_str(), 1);
  }

  v1::RenderSourceRequest seen_;
  std::vector<std::pair<std::string, std::string>> saved_;
};

TEST_F(SourceTest, PrintsOneFileThatCompilesByHand) {
  const Outcome outcome =
      Source({"--target", "h100-sxm", "--template", "gemm_sm80", "--config", "stages=3,tile_m=-1"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(seen_.target(), "h100-sxm");
  EXPECT_EQ(seen_.problem().gemm().m(), 64);
  EXPECT_EQ(seen_.variant().template_name(), "gemm_sm80");
  ASSERT_EQ(seen_.variant().config().parameters_size(), 2);
  EXPECT_EQ(seen_.variant().config().parameters(0).name(), "stages");
  EXPECT_EQ(seen_.variant().config().parameters(1).value(), -1);
  EXPECT_FALSE(seen_.compile());
  EXPECT_THAT(outcome.out, StartsWith("// gemm_sm80 stages=3\n// By hand: nvcc -cubin "
                                      "-arch=sm_90a -std=c++20"));
  EXPECT_THAT(outcome.out, HasSubstr("-lineinfo"));
  EXPECT_THAT(outcome.out, HasSubstr("NVRTC 13.0: --gpu-architecture=sm_90a --std=c++20\n"));
  EXPECT_THAT(outcome.out, EndsWith("// gemm/a.cuh\n// abi/b.h\nint b;\nint a;\nENTRY(Variant)\n"));
}

TEST_F(SourceTest, WritesAFolderOfFiles) {
  const std::string folder = folder_.path() + "/made/out";
  const Outcome outcome = Source({"-o", folder, "--ptx"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("wrote 5 files to " + folder));
  EXPECT_EQ(ReadAll(folder + "/gemm/a.cuh"),
            "#include \"abi/b.h\"\n#include \"abi/b.h\"\nint a;\n");
  EXPECT_EQ(ReadAll(folder + "/abi/b.h"), "int b;\n");
  EXPECT_THAT(ReadAll(folder + "/source.cu"), HasSubstr(" -I . "));
  EXPECT_THAT(ReadAll(folder + "/source.cu"),
              EndsWith("#include \"gemm/a.cuh\"\nENTRY(Variant)\n"));
  EXPECT_EQ(ReadAll(folder + "/kernel.ptx"), ".version 9.0\n");
  EXPECT_EQ(ReadAll(folder + "/kernel.cubin"), "a cubin");
  EXPECT_THAT(ReadAll(folder + "/source.cu"), HasSubstr("by_hand.cubin"))
      << "another file than the daemon's cubin";
}

TEST_F(SourceTest, AnEditedFileIsNotWrittenOver) {
  const std::string folder = folder_.path() + "/out";
  ASSERT_EQ(Source({"-o", folder}).code, 0);
  ASSERT_EQ(Source({"-o", folder, "--ptx"}).code, 0) << "the same files, and more of them";
  WriteFile("out/gemm/a.cuh", "int mine;\n");
  std::filesystem::remove(folder + "/abi/b.h");
  ExpectOneErrorLine(Source({"-o", folder}), 1,
                     folder +
                         "/gemm/a.cuh: exists with other content, which would be lost: name "
                         "another folder, or remove the file [FILE_EXISTS]");
  EXPECT_EQ(ReadAll(folder + "/gemm/a.cuh"), "int mine;\n");
  EXPECT_FALSE(std::filesystem::exists(folder + "/abi/b.h")) << "nothing is written in part";
  std::filesystem::remove(folder + "/gemm/a.cuh");
  EXPECT_EQ(Source({"-o", folder}).code, 0);
  WriteFile("out/kernel.ptx", "my ptx\n");
  ExpectOneErrorLine(Source({"-o", folder, "--ptx"}), 1, "/kernel.ptx: exists with other content");
}

// A FIFO held the command up, and folders beside it were written first.
TEST_F(SourceTest, WhatIsNoFileIsRefusedBeforeAnythingIsWritten) {
  const std::string folder = folder_.path() + "/out";
  std::filesystem::create_directory(folder);
  const std::string source = folder + "/source.cu";
  ASSERT_EQ(mkfifo(source.c_str(), 0600), 0);
  ExpectOneErrorLine(Source({"-o", folder}), 1, "/source.cu: is no file: name another folder");
  std::filesystem::remove(source);
  std::filesystem::create_directory(source);
  ExpectOneErrorLine(Source({"-o", folder}), 1, "/source.cu: is no file: name another folder");
  EXPECT_FALSE(std::filesystem::exists(folder + "/abi/b.h"));
}

TEST_F(SourceTest, PrintsPtxAndResources) {
  EXPECT_EQ(Source({"--ptx"}).out, ".version 9.0\n");
  EXPECT_TRUE(seen_.compile());
  const Outcome resources = Source({"--resources"});
  EXPECT_THAT(resources.out, StartsWith("gemm_sm80 stages=3\n"));
  EXPECT_THAT(resources.out, HasSubstr("tilewright_gemm      256        168     8 B"));
  EXPECT_THAT(resources.out, HasSubstr("96.0 KiB"));
  ExpectOneErrorLine(Source({"--ptx", "--sass"}), 2, "--sass");
}

TEST_F(SourceTest, SassIsCuobjdumps) {
  PutCuobjdump("printf 'of '; /bin/cat \"$2\"");
  const Outcome outcome = Source({"--sass"});
  EXPECT_EQ(outcome.out, "of a cubin") << outcome.err;
  EXPECT_EQ(Json::parse(Source({"--sass", "--json"}).out)["sass"], "of a cubin");
  PutCuobjdump("echo 'no nvdisasm' >&2; exit 3");
  ExpectOneErrorLine(Source({"--sass"}), 1, "exited with 3: no nvdisasm; install cuobjdump");
}

TEST_F(SourceTest, WithoutCuobjdumpItSaysWhatToInstallAndAsksForNothing) {
  if (std::filesystem::exists("/usr/local/cuda/bin/cuobjdump")) GTEST_SKIP() << "it is here";
  const Outcome outcome = Source({"--sass"});
  ExpectOneErrorLine(outcome, 1, "[CUOBJDUMP_NOT_FOUND]");
  EXPECT_THAT(outcome.err, HasSubstr("pip install nvidia-cuda-cuobjdump"));
  EXPECT_FALSE(seen_.has_problem());
}

TEST_F(SourceTest, JsonHasAllOfIt) {
  const Json object = Json::parse(Source({"--resources", "--json"}).out);
  EXPECT_EQ(object["kernel"], "gemm_sm80 stages=3");
  EXPECT_THAT(object["command"].get<std::string>(), StartsWith("nvcc "));
  EXPECT_THAT(object["source"].get<std::string>(), HasSubstr("int b;"));
  EXPECT_EQ(object["response"]["kernel"]["launch_plan"]["steps"][0]["registers_per_thread"], 168);
  EXPECT_EQ(object["response"]["files"].size(), 2u);
}

TEST_F(SourceTest, WhatDoesNotCompileIsAnErrorAndIsWrittenAllTheSame) {
  service_.render_source = [](const v1::RenderSourceRequest&) {
    auto response = Parse<v1::RenderSourceResponse>(kRendered);
    response.mutable_failure()->set_kind(v1::FAILURE_KIND_COMPILE_ERROR);
    response.mutable_failure()->set_message("line 7: no");
    return response;
  };
  const std::string folder = folder_.path() + "/out";
  ExpectOneErrorLine(Source({"--ptx", "-o", folder}), 1, "line 7: no [COMPILE_ERROR]");
  EXPECT_TRUE(std::filesystem::exists(folder + "/source.cu"));
}

TEST_F(SourceTest, BadInputIsOneLine) {
  for (const char* config : {"stages", "stages=", "=3", "stages=3,", ",stages=3"}) {
    ExpectOneErrorLine(Source({"--config", config}), 2,
                       " --config: must be name=value,name=value, was '");
  }
  ExpectOneErrorLine(Source({"--config", "stages=3k"}), 2,
                     "--config stages: must be a plain integer");
  EXPECT_FALSE(seen_.has_problem());
}

// A daemon of another user, or of a later version, writes nowhere else.
TEST_F(SourceTest, NoFileIsWrittenBesideTheFolder) {
  for (const char* path :
       {"../escaped.h", "/tmp/escaped.h", "a//b.h", "a/../../b.h", "", ".hidden", "a\nb.h"}) {
    service_.render_source = [path](const v1::RenderSourceRequest&) {
      auto response = Parse<v1::RenderSourceResponse>(kRendered);
      response.add_files()->set_path(path);
      return response;
    };
    const std::string folder = folder_.path() + "/out";
    ExpectOneErrorLine(Source({"-o", folder}), 1, "[BAD_PATH]");
    EXPECT_FALSE(std::filesystem::exists(folder)) << path;
  }
}

TEST_F(SourceTest, TheDaemonsFolderIsNotWrittenInto) {
  const std::string database = WriteFile("tilewright.db", "precious");
  EXPECT_EQ(Source({"-o", database}).code, 1);
  EXPECT_EQ(ReadAll(database), "precious");
}

}  // namespace
}  // namespace tilewright::cli
