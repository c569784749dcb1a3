// The source of a variant: which one, what comes with it, and what is refused.
#include <cstdint>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "tests/server/test_daemon.h"
#include "tests/server/winner_fixture.h"

namespace tilewright {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;

constexpr char kTarget[] = "h100-sxm";

v1::RenderSourceRequest RequestFor(int64_t m, const std::string& target = kTarget) {
  v1::RenderSourceRequest request;
  *request.mutable_problem() = GemmProblemOf(m, 512, 512);
  request.set_target(target);
  return request;
}

void Set(const std::string& name, int64_t value, v1::RenderSourceRequest& request) {
  v1::Parameter& parameter = *request.mutable_variant()->mutable_config()->add_parameters();
  parameter.set_name(name);
  parameter.set_value(value);
}

int64_t ValueOf(const v1::Variant& variant, const std::string& name) {
  for (const v1::Parameter& parameter : variant.config().parameters()) {
    if (parameter.name() == name) return parameter.value();
  }
  return -1;
}

// The paths that lines of `text` include.
std::set<std::string> IncludesOf(const std::string& text) {
  std::set<std::string> paths;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::StartsWith(line, "#include ")) continue;
    const std::vector<std::string> parts = absl::StrSplit(line, '"');
    paths.insert(parts.size() == 3 ? parts[1] : std::string(line));
  }
  return paths;
}

class SourceRendererTest : public ::testing::Test {
 protected:
  absl::StatusOr<v1::RenderSourceResponse> Render(const v1::RenderSourceRequest& request) {
    grpc::ClientContext context;
    v1::RenderSourceResponse response;
    const absl::Status status =
        FromGrpc(client_.kernels->RenderSource(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  void ExpectRefused(const v1::RenderSourceRequest& request, const std::string& reason,
                     const std::string& field) {
    const absl::Status status = Render(request).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_EQ(ReasonOf(status), reason) << status;
    EXPECT_EQ(ErrorInfoOf(status)->metadata().at("field"), field);
  }

  TestDaemon daemon_{1};
  ServiceClient client_ = daemon_.Connect();
};

TEST_F(SourceRendererTest, ComesWithAllThatItIncludes) {
  const auto rendered = Render(RequestFor(512));
  ASSERT_TRUE(rendered.ok()) << rendered.status();
  EXPECT_EQ(rendered->kernel().architecture(), "sm_90a");
  EXPECT_THAT(rendered->source(), HasSubstr("using Variant = "));
  std::set<std::string> paths;
  std::set<std::string> included = IncludesOf(rendered->source());
  for (const v1::SourceFile& file : rendered->files()) {
    paths.insert(file.path());
    included.merge(IncludesOf(file.text()));
  }
  EXPECT_FALSE(included.empty());
  EXPECT_THAT(paths, IsSupersetOf(included));
  EXPECT_THAT(rendered->compile_options(), Contains("--gpu-architecture=sm_90a"));
}

TEST_F(SourceRendererTest, WithoutAWinnerItIsTheModelsPickAndNothingIsCompiledOrStored) {
  const auto rendered = Render(RequestFor(512));
  ASSERT_TRUE(rendered.ok()) << rendered.status();
  EXPECT_EQ(rendered->provenance(), v1::PROVENANCE_PREDICTED);
  EXPECT_TRUE(rendered->kernel().cubin().empty());
  EXPECT_TRUE(daemon_.compiler.jobs().empty());
  EXPECT_EQ(daemon_.index.size(), 0u);
}

TEST_F(SourceRendererTest, WithAWinnerItIsTheSourceThatWasCompiledForIt) {
  v1::GetKernelRequest get = RequestOf(256, v1::LOOKUP_MODE_WAIT_TUNED);
  const auto answer = client_.Get(get);
  ASSERT_TRUE(answer.ok()) << answer.status();
  v1::RenderSourceRequest request;
  *request.mutable_problem() = get.problem();
  const auto rendered = Render(request);
  ASSERT_TRUE(rendered.ok()) << rendered.status();
  EXPECT_EQ(rendered->provenance(), v1::PROVENANCE_MEASURED);
  EXPECT_EQ(rendered->kernel().variant().SerializeAsString(),
            answer->kernel().variant().SerializeAsString());
  request.set_compile(true);
  const auto compiled = Render(request);
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  EXPECT_EQ(compiled->kernel().content_hash(), answer->kernel().content_hash());
}

TEST_F(SourceRendererTest, ATemplateAndParametersMayBeNamed) {
  v1::RenderSourceRequest request = RequestFor(512);
  request.mutable_variant()->set_template_name("gemm_sm80");
  const auto picked = Render(request);
  ASSERT_TRUE(picked.ok()) << picked.status();
  EXPECT_EQ(picked->kernel().variant().template_name(), "gemm_sm80");
  const int64_t stages = ValueOf(picked->kernel().variant(), "stages") == 2 ? 3 : 2;
  Set("stages", stages, request);
  const auto changed = Render(request);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(ValueOf(changed->kernel().variant(), "stages"), stages);
  EXPECT_EQ(ValueOf(changed->kernel().variant(), "tile_m"),
            ValueOf(picked->kernel().variant(), "tile_m"));
  EXPECT_EQ(changed->provenance(), v1::PROVENANCE_UNSPECIFIED);
  EXPECT_THAT(changed->source(), HasSubstr(absl::StrCat(".stages = ", stages)));
}

TEST_F(SourceRendererTest, WhatIsNoLegalConfigIsRefused) {
  v1::RenderSourceRequest request = RequestFor(512);
  request.mutable_variant()->set_template_name("gemm_sm80");
  v1::RenderSourceRequest illegal = request;
  Set("stages", 4000, illegal);
  ExpectRefused(illegal, "ILLEGAL_CONFIG", "variant.config");
  const absl::Status status = Render(illegal).status();
  EXPECT_EQ(ErrorInfoOf(status)->metadata().at("constraint"), "HasStages") << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("breaks HasStages"));

  v1::RenderSourceRequest unknown = request;
  Set("stage", 3, unknown);
  ExpectRefused(unknown, "UNKNOWN_PARAMETER", "variant.config.stage");
  EXPECT_THAT(std::string(Render(unknown).status().message()), HasSubstr("stages, "));
  v1::RenderSourceRequest repeated = request;
  Set("stages", 3, repeated);
  Set("stages", 4, repeated);
  ExpectRefused(repeated, "REPEATED_PARAMETER", "variant.config.stages");
  v1::RenderSourceRequest negative = request;
  Set("stages", -1, negative);
  ExpectRefused(negative, "PARAMETER_OUT_OF_RANGE", "variant.config.stages");
  v1::RenderSourceRequest other = request;
  other.mutable_variant()->set_template_name("gemm_sm70");
  ExpectRefused(other, "UNKNOWN_TEMPLATE", "variant.template_name");
  v1::RenderSourceRequest of_other_kind = request;
  of_other_kind.mutable_variant()->set_template_name("fused_dropout");
  ExpectRefused(of_other_kind, "ILLEGAL_CONFIG", "variant.template_name");
  EXPECT_THAT(std::string(Render(of_other_kind).status().message()),
              HasSubstr("fused_dropout offers no config for this problem on this target"));
  Set("stages", 3, of_other_kind);
  ExpectRefused(of_other_kind, "UNKNOWN_PARAMETER", "variant.config.stages");
}

TEST_F(SourceRendererTest, CompilesWhereThatIsAskedFor) {
  v1::RenderSourceRequest request = RequestFor(512);
  request.set_compile(true);
  const auto rendered = Render(request);
  ASSERT_TRUE(rendered.ok()) << rendered.status();
  EXPECT_FALSE(rendered->has_failure());
  EXPECT_EQ(rendered->kernel().content_hash(), Sha256(rendered->kernel().cubin()));
  EXPECT_EQ(rendered->kernel().launch_plan().steps(0).registers_per_thread(), 128);
  ASSERT_EQ(daemon_.compiler.jobs().size(), 1u);
  EXPECT_EQ(daemon_.compiler.jobs()[0].source, rendered->source());
  EXPECT_TRUE(daemon_.compiler.jobs()[0].wants_ptx);
  EXPECT_EQ(daemon_.index.size(), 0u);
}

TEST_F(SourceRendererTest, AKernelThatDoesNotCompileHasItsSourceAllTheSame) {
  v1::RenderSourceRequest request = RequestFor(512);
  request.set_compile(true);
  daemon_.compiler.SetBehaviour([](const CompileJob&) -> CompileOutcome {
    return FakeCompiler::Failed(v1::FAILURE_KIND_COMPILE_ERROR, "line 7: no");
  });
  const auto failed = Render(request);
  ASSERT_TRUE(failed.ok()) << failed.status();
  EXPECT_EQ(failed->failure().message(), "line 7: no");
  EXPECT_FALSE(failed->source().empty());
  daemon_.compiler.SetBehaviour([](const CompileJob& job) -> CompileOutcome {
    CompiledCode code = FakeCompiler::CodeFor(job);
    code.entries[0].spill_bytes = 4096;
    return code;
  });
  const auto spills = Render(request);
  ASSERT_TRUE(spills.ok()) << spills.status();
  EXPECT_EQ(spills->failure().kind(), v1::FAILURE_KIND_RESOURCE_LIMIT);
  EXPECT_FALSE(spills->kernel().cubin().empty());
  EXPECT_EQ(spills->kernel().launch_plan().steps(0).spill_bytes(), 4096);
}

TEST_F(SourceRendererTest, WithoutNvrtcThereIsTheSourceAlone) {
  daemon_.compiler.SetNvrtcMissing(true);
  v1::RenderSourceRequest request = RequestFor(512);
  EXPECT_TRUE(Render(request).ok());
  request.set_compile(true);
  EXPECT_EQ(ReasonOf(Render(request).status()), "NVRTC_NOT_FOUND");
}

TEST_F(SourceRendererTest, AStopEndsACompileThatIsUnderWay) {
  absl::Notification never;
  daemon_.compiler.SetGate(&never);
  v1::RenderSourceRequest request = RequestFor(512);
  request.set_compile(true);
  absl::Status status;
  std::thread caller([&] { status = Render(request).status(); });
  while (daemon_.compiler.calls() == 0) absl::SleepFor(absl::Milliseconds(2));
  daemon_.server->Stop(absl::Milliseconds(600));
  caller.join();
  EXPECT_EQ(ReasonOf(status), "SERVER_STOPPING") << status;
}

}  // namespace
}  // namespace tilewright
