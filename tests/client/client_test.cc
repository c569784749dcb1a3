#include "tilewright/client.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "client/cpp/request_key.h"
#include "kernel_templates/launch/vendor/vendor_launcher.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "tests/client/client_fixture.h"
#include "tests/fakes/stub_cubin.h"

namespace tilewright {
namespace {

TEST_F(ClientTest, GivesTheKernelAndKeepsIt) {
  const auto first = client_->GetKernel(Gemm(64, 32, 16));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ((*first)->cubin(), CubinOf(64, 32, 16));
  EXPECT_EQ((*first)->match(), v1::MATCH_EXACT);
  EXPECT_FALSE((*first)->provisional());
  const auto second = client_->GetKernel(Gemm(64, 32, 16));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(first->get(), second->get());
  EXPECT_EQ(service_.get_kernel_calls, 1);
}

TEST_F(ClientTest, KeepsAnswersOfDifferentRequestsApart) {
  const v1::GemmProblem problem = Gemm(64, 32, 16);
  GetOptions other_target;
  other_target.target = "h100-sxm";
  GetOptions other_mode;
  other_mode.mode = v1::LOOKUP_MODE_CACHED_ONLY;
  GetOptions other_epoch;
  other_epoch.pinned_epoch = 3;
  GetOptions other_device;
  other_device.device_ordinal = 1;
  GetOptions pinned;
  pinned.pinned_content_hash = Sha256(CubinOf(64, 32, 16));
  for (const GetOptions& options :
       {GetOptions(), other_target, other_mode, other_epoch, other_device, pinned}) {
    ASSERT_TRUE(client_->GetKernel(problem, options).ok());
    ASSERT_TRUE(client_->GetKernel(problem, options).ok());
  }
  ASSERT_TRUE(client_->GetKernel(Gemm(64, 32, 17)).ok());
  EXPECT_EQ(service_.get_kernel_calls, 7);
}

// A target and a hash would give the same bytes if the fields were only strung together.
TEST(RequestKey, TellsATargetFromAHash) {
  GetOptions target;
  target.target = "h100-sxm";
  GetOptions hash;
  hash.pinned_content_hash = "h100-sxm";
  const std::string of_target(MakeRequestKey(Gemm(64, 32, 16), target).bytes);
  EXPECT_NE(of_target, MakeRequestKey(Gemm(64, 32, 16), hash).bytes);
}

// The kernel of the problem that is known answered one that the service refuses.
TEST(RequestKeyTest, AnUnknownFieldMakesAnotherKey) {
  v1::Problem known;
  *known.mutable_gemm() = Gemm(64, 32, 16);
  v1::Problem unknown = known;
  unknown.GetReflection()->MutableUnknownFields(&unknown)->AddVarint(1000, 1);
  const std::string key(MakeRequestKey(known, {}).bytes);
  EXPECT_EQ(key, MakeRequestKey(known.gemm(), {}).bytes);
  EXPECT_NE(key, MakeRequestKey(unknown, {}).bytes);
}

TEST_F(ClientTest, SendsEveryOption) {
  v1::GetKernelRequest seen;
  service_.get_kernel = [&seen](const v1::GetKernelRequest& request) {
    seen = request;
    return MeasuredKernel(request.problem().gemm());
  };
  GetOptions options;
  options.mode = v1::LOOKUP_MODE_WAIT_TUNED;
  options.target = "h100-sxm";
  options.pinned_epoch = 5;
  options.device_ordinal = 2;
  options.pinned_content_hash = Sha256(CubinOf(8, 8, 8));
  ASSERT_TRUE(client_->GetKernel(Gemm(8, 8, 8), options).ok());
  EXPECT_EQ(seen.mode(), v1::LOOKUP_MODE_WAIT_TUNED);
  EXPECT_EQ(seen.target(), "h100-sxm");
  EXPECT_EQ(seen.pinned_epoch(), 5);
  EXPECT_EQ(seen.device_ordinal(), 2);
  EXPECT_EQ(seen.vendor_library_version(), VendorLauncher::LibraryVersion());
  EXPECT_EQ(seen.pinned_content_hash(), Sha256(CubinOf(8, 8, 8)));
}

// The reply was hashed against its own content hash, never against what the caller pinned.
TEST_F(ClientTest, RefusesAKernelOtherThanThePinnedOne) {
  GetOptions options;
  options.pinned_content_hash = Sha256("cubin of the lockfile");
  for (int i = 0; i < 2; ++i) {
    const auto kernel = client_->GetKernel(Gemm(8, 8, 8), options);
    EXPECT_EQ(kernel.status().code(), absl::StatusCode::kDataLoss);
    const auto info = ErrorInfoOf(kernel.status());
    ASSERT_TRUE(info.has_value());
    EXPECT_EQ(info->reason(), "PINNED_HASH_MISMATCH");
    EXPECT_EQ(info->metadata().at("field"), "pinned_content_hash");
  }
  const auto batch = client_->BatchGetKernels(std::vector{Gemm(8, 8, 8)}, options);
  ASSERT_TRUE(batch.ok());
  EXPECT_EQ(ReasonOf(batch->front().status()), "PINNED_HASH_MISMATCH");
}

TEST_F(ClientTest, RefusesAVendorAlgorithmWhereAKernelIsPinned) {
  service_.get_kernel = [](const v1::GetKernelRequest&) {
    v1::GetKernelResponse response;
    response.mutable_vendor()->set_library_version(1);
    response.mutable_vendor()->set_algorithm(std::string(64, 'a'));
    return response;
  };
  GetOptions options;
  options.pinned_content_hash = Sha256("cubin of the lockfile");
  EXPECT_EQ(ReasonOf(client_->GetKernel(Gemm(8, 8, 8), options).status()), "PINNED_HASH_MISMATCH");
}

TEST_F(ClientTest, RefusesAKernelWhoseBytesAreNotWhatWasPromised) {
  service_.get_kernel = [](const v1::GetKernelRequest& request) {
    v1::GetKernelResponse response = MeasuredKernel(request.problem().gemm());
    response.mutable_kernel()->mutable_cubin()->append("!");
    return response;
  };
  const auto kernel = client_->GetKernel(Gemm(8, 8, 8));
  EXPECT_EQ(kernel.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ReasonOf(kernel.status()), "CONTENT_HASH_MISMATCH");
}

TEST_F(ClientTest, RefusesAKernelWithoutItsCubin) {
  service_.get_kernel = [](const v1::GetKernelRequest& request) {
    v1::GetKernelResponse response = MeasuredKernel(request.problem().gemm());
    response.mutable_kernel()->clear_cubin();
    return response;
  };
  EXPECT_EQ(ReasonOf(client_->GetKernel(Gemm(8, 8, 8)).status()), "CONTENT_HASH_MISMATCH");
}

// A daemon that was taken over, or an import of a version that did not check.
TEST_F(ClientTest, RefusesKernelsThatCannotBeRight) {
  using Change = std::function<void(v1::Kernel&)>;
  const auto cubin = [](std::string bytes) {
    return [bytes](v1::Kernel& kernel) {
      kernel.set_cubin(bytes);
      kernel.set_content_hash(Sha256(bytes));
    };
  };
  const std::vector<std::pair<std::string, Change>> faults = {
      {"launch_plan.steps", [](auto& k) { k.mutable_launch_plan()->clear_steps(); }},
      {"launch_plan.steps[0].tile_m",
       [](auto& k) { k.mutable_launch_plan()->mutable_steps(0)->set_tile_m(-5); }},
      {"launch_plan.workspace.partial_copies",
       [](auto& k) { k.mutable_launch_plan()->mutable_workspace()->set_partial_copies(1 << 30); }},
      {"architecture", [](auto& k) { k.set_architecture("ptx"); }},
      {"cubin", [](auto& k) { k.set_architecture("sm_80"); }},
      {"cubin", cubin("fifty-two bytes of text, which is no native code....")},
      {"cubin", cubin(StubCubin("of another function", "sm_90a", {"other"}))},
  };
  for (const auto& [field, change] : faults) {
    service_.get_kernel = [&change](const v1::GetKernelRequest& request) {
      v1::GetKernelResponse response = MeasuredKernel(request.problem().gemm());
      change(*response.mutable_kernel());
      return response;
    };
    const absl::Status status = client_->GetKernel(Gemm(8, 8, 8)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    EXPECT_EQ(ReasonOf(status), "KERNEL_INVALID");
    const auto info = ErrorInfoOf(status);
    ASSERT_TRUE(info);
    EXPECT_EQ(info->metadata().at("field"), field);
  }
}

TEST_F(ClientTest, RefusesAnEmptyAnswer) {
  service_.get_kernel = [](const v1::GetKernelRequest&) { return v1::GetKernelResponse(); };
  EXPECT_EQ(ReasonOf(client_->GetKernel(Gemm(8, 8, 8)).status()), "EMPTY_RESPONSE");
}

TEST_F(ClientTest, CarriesTheReasonAndFieldOfAnErrorAndKeepsNone) {
  service_.get_kernel = [](const v1::GetKernelRequest&) -> absl::StatusOr<v1::GetKernelResponse> {
    return InvalidField("gemm.m", "OUT_OF_RANGE", "must be at least 1, was 0");
  };
  const auto kernel = client_->GetKernel(Gemm(0, 8, 8));
  ASSERT_EQ(kernel.status().code(), absl::StatusCode::kInvalidArgument);
  const auto info = ErrorInfoOf(kernel.status());
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->reason(), "OUT_OF_RANGE");
  EXPECT_EQ(info->metadata().at("field"), "gemm.m");
  EXPECT_FALSE(client_->GetKernel(Gemm(0, 8, 8)).ok());
  EXPECT_EQ(service_.get_kernel_calls, 2);
}

TEST_F(ClientTest, BatchAnswersInOrderAndKeepsFailuresToThemselves) {
  service_.get_kernel =
      [](const v1::GetKernelRequest& request) -> absl::StatusOr<v1::GetKernelResponse> {
    if (request.problem().gemm().m() == 2) {
      return MakeError(absl::StatusCode::kNotFound, "NO_WINNER", "nothing is known",
                       {{"field", "problem"}});
    }
    return MeasuredKernel(request.problem().gemm());
  };
  ASSERT_TRUE(client_->GetKernel(Gemm(3, 1, 1)).ok());
  const std::vector<v1::GemmProblem> problems{Gemm(1, 1, 1), Gemm(2, 1, 1), Gemm(3, 1, 1)};
  const auto kernels = client_->BatchGetKernels(problems);
  ASSERT_TRUE(kernels.ok()) << kernels.status();
  ASSERT_EQ(kernels->size(), 3u);
  EXPECT_EQ((*kernels)[0].value()->cubin(), CubinOf(1, 1, 1));
  EXPECT_EQ(ReasonOf((*kernels)[1].status()), "NO_WINNER");
  // A batch told the reason of a failure, but not what the reason is about.
  EXPECT_EQ(ErrorInfoOf((*kernels)[1].status())->metadata().at("field"), "problem");
  EXPECT_EQ((*kernels)[2].value()->cubin(), CubinOf(3, 1, 1));
  EXPECT_EQ(service_.get_kernel_calls, 3);
}

TEST_F(ClientTest, BatchOfMoreThanOneRoundTripAnswersAll) {
  std::vector<v1::GemmProblem> problems;
  for (int m = 1; m <= 600; ++m) problems.push_back(Gemm(m, 1, 1));
  const auto kernels = client_->BatchGetKernels(problems);
  ASSERT_TRUE(kernels.ok());
  EXPECT_EQ(kernels->back().value()->cubin(), CubinOf(600, 1, 1));
  EXPECT_EQ(service_.get_kernel_calls, 600);
}

TEST_F(ClientTest, ThreadsThatMissTogetherGetTheSameKernel) {
  std::vector<std::shared_ptr<const Kernel>> kernels(8);
  std::vector<std::thread> threads;
  for (auto& kernel : kernels) {
    threads.emplace_back([this, &kernel] {
      for (int i = 0; i < 50; ++i) kernel = client_->GetKernel(Gemm(5, 5, 5)).value();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& kernel : kernels) EXPECT_EQ(kernel, kernels[0]);
}

}  // namespace
}  // namespace tilewright
