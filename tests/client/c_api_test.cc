#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "tests/client/c_header_test.h"
#include "tests/client/fake_service.h"
#include "tilewright.h"

namespace tilewright {
namespace {

class CApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    service_.Start();
    ASSERT_EQ(tilewright_client_connect(service_.socket_path().c_str(), &client_), TILEWRIGHT_OK)
        << tilewright_last_error()->message;
    tilewright_gemm_problem_init(&problem_, sizeof problem_);
    problem_.m = 64;
    problem_.n = 32;
    problem_.k = 16;
  }
  void TearDown() override { tilewright_client_release(client_); }

  TemporaryFolder folder_;
  FakeService service_{folder_.path() + "/socket"};
  tilewright_client* client_ = nullptr;
  tilewright_gemm_problem problem_;
};

TEST_F(CApiTest, WorksFromC) {
  v1::GetKernelRequest seen;
  service_.get_kernel = [&seen](const v1::GetKernelRequest& request) {
    seen = request;
    return MeasuredKernel(request.problem().gemm());
  };
  tilewright_kernel* kernel = nullptr;
  ASSERT_EQ(GetFromC(service_.socket_path().c_str(), 64, &kernel), TILEWRIGHT_OK);
  EXPECT_EQ(seen.problem().gemm().m(), 64);
  EXPECT_EQ(seen.problem().gemm().a_type(), v1::DATA_TYPE_FP16);
  EXPECT_EQ(seen.problem().gemm().epilogue().activation(), v1::ACTIVATION_GELU_TANH);
  EXPECT_EQ(seen.mode(), v1::LOOKUP_MODE_BEST_AVAILABLE);
  // The kernel outlives the client.
  size_t size = 0;
  const void* cubin = tilewright_kernel_cubin(kernel, &size);
  EXPECT_EQ(std::string(static_cast<const char*>(cubin), size), CubinOf(64, 32, 16));
  tilewright_kernel_release(kernel);
}

TEST_F(CApiTest, ConnectTakesATimeout) {
  const std::string nobody = folder_.path() + "/nobody";
  tilewright_connect_options options;
  tilewright_connect_options_init(&options, sizeof options);
  EXPECT_EQ(options.timeout_ms, 0);
  options.socket_path = nobody.c_str();
  options.timeout_ms = 200;
  tilewright_client* client = nullptr;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(tilewright_client_connect_with(&options, &client), TILEWRIGHT_UNAVAILABLE);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
  EXPECT_STREQ(tilewright_last_error()->reason, "DAEMON_UNREACHABLE");
  EXPECT_EQ(client, nullptr);
  options.timeout_ms = -1;
  EXPECT_EQ(tilewright_client_connect_with(&options, &client), TILEWRIGHT_INVALID_ARGUMENT);
  EXPECT_STREQ(tilewright_last_error()->field, "options.timeout_ms");
  tilewright_connect_options_init(&options, sizeof options);
  options.socket_path = service_.socket_path().c_str();
  ASSERT_EQ(tilewright_client_connect_with(&options, &client), TILEWRIGHT_OK)
      << tilewright_last_error()->message;
  tilewright_client_release(client);
}

// Exit codes of the child: which of its steps went wrong.
TEST_F(CApiTest, AChildGetsForkedReleasesNothingAndConnectsAnew) {
  tilewright_kernel* kernel = nullptr;
  ASSERT_EQ(tilewright_get_gemm_kernel(client_, &problem_, nullptr, &kernel), TILEWRIGHT_OK);
  const pid_t pid = fork();
  if (pid == 0) {
    alarm(20);
    tilewright_kernel* other = nullptr;
    if (tilewright_get_gemm_kernel(client_, &problem_, nullptr, &other) !=
            TILEWRIGHT_FAILED_PRECONDITION ||
        std::strcmp(tilewright_last_error()->reason, "FORKED") != 0) {
      _exit(1);
    }
    tilewright_gemm_arguments arguments;
    tilewright_gemm_arguments_init(&arguments, sizeof arguments);
    if (tilewright_kernel_launch(kernel, &arguments, nullptr) != TILEWRIGHT_FAILED_PRECONDITION) {
      _exit(2);
    }
    tilewright_kernel_release(kernel);
    tilewright_client_release(client_);
    tilewright_client* own = nullptr;
    if (tilewright_client_connect(service_.socket_path().c_str(), &own) != TILEWRIGHT_OK) _exit(3);
    if (tilewright_get_gemm_kernel(own, &problem_, nullptr, &other) != TILEWRIGHT_OK) _exit(4);
    tilewright_kernel_release(other);
    tilewright_client_release(own);
    _exit(0);
  }
  int status = -1;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  problem_.m = 128;
  tilewright_kernel* next = nullptr;
  EXPECT_EQ(tilewright_get_gemm_kernel(client_, &problem_, nullptr, &next), TILEWRIGHT_OK)
      << "the parent's next call: " << tilewright_last_error()->message;
  tilewright_kernel_release(next);
  tilewright_kernel_release(kernel);
}

TEST_F(CApiTest, TellsTheKernelAndItsPlan) {
  tilewright_kernel* kernel = nullptr;
  ASSERT_EQ(tilewright_get_gemm_kernel(client_, &problem_, nullptr, &kernel), TILEWRIGHT_OK);
  tilewright_kernel_info info;
  info.struct_size = sizeof info;
  ASSERT_EQ(tilewright_kernel_get_info(kernel, &info), TILEWRIGHT_OK);
  EXPECT_EQ(info.match, TILEWRIGHT_MATCH_EXACT);
  EXPECT_EQ(info.provenance, TILEWRIGHT_PROVENANCE_MEASURED);
  EXPECT_EQ(info.provisional, 0);
  EXPECT_EQ(info.epoch, 7);
  EXPECT_STREQ(info.architecture, "sm_90a");
  EXPECT_STREQ(info.template_name, "gemm_sm80");
  EXPECT_EQ(info.workspace_bytes, 2 * 4 * 64 * 32);
  EXPECT_EQ(info.a_alignment, 16);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(info.content_hash), 32),
            Sha256(CubinOf(64, 32, 16)));
  ASSERT_EQ(info.step_count, 1);
  tilewright_launch_step step;
  step.struct_size = sizeof step;
  ASSERT_EQ(tilewright_kernel_get_step(kernel, 0, &step), TILEWRIGHT_OK);
  EXPECT_STREQ(step.entry_symbol, "gemm_main");
  EXPECT_EQ(step.split_k, 2);
  EXPECT_EQ(tilewright_kernel_get_step(kernel, 1, &step), TILEWRIGHT_INVALID_ARGUMENT);
  EXPECT_STREQ(tilewright_last_error()->reason, "OUT_OF_RANGE");
  tilewright_kernel_release(kernel);
}

TEST_F(CApiTest, WritesNoMoreThanTheCallerKnows) {
  tilewright_kernel* kernel = nullptr;
  ASSERT_EQ(tilewright_get_gemm_kernel(client_, &problem_, nullptr, &kernel), TILEWRIGHT_OK);
  tilewright_kernel_info info;
  std::memset(&info, 0x5a, sizeof info);
  info.struct_size = offsetof(tilewright_kernel_info, epoch);
  ASSERT_EQ(tilewright_kernel_get_info(kernel, &info), TILEWRIGHT_OK);
  EXPECT_EQ(info.match, TILEWRIGHT_MATCH_EXACT);
  EXPECT_EQ(info.epoch, 0x5a5a5a5a5a5a5a5a);
  tilewright_kernel_release(kernel);
}

TEST_F(CApiTest, TakesStructuresOfOlderCallers) {
  problem_.struct_size = offsetof(tilewright_gemm_problem, lda);
  problem_.lda = -1;  // Beyond what this caller says it set.
  v1::GetKernelRequest seen;
  service_.get_kernel = [&seen](const v1::GetKernelRequest& request) {
    seen = request;
    return MeasuredKernel(request.problem().gemm());
  };
  tilewright_kernel* kernel = nullptr;
  ASSERT_EQ(tilewright_get_gemm_kernel(client_, &problem_, nullptr, &kernel), TILEWRIGHT_OK);
  EXPECT_EQ(seen.problem().gemm().lda(), 0);
  tilewright_kernel_release(kernel);
}

TEST_F(CApiTest, TakesMatricesThatAllBatchesShare) {
  problem_.batch = 4;
  problem_.a_batch_stride = TILEWRIGHT_BATCH_BROADCAST;
  v1::GetKernelRequest seen;
  service_.get_kernel = [&seen](const v1::GetKernelRequest& request) {
    seen = request;
    return MeasuredKernel(request.problem().gemm());
  };
  tilewright_kernel* kernel = nullptr;
  ASSERT_EQ(tilewright_get_gemm_kernel(client_, &problem_, nullptr, &kernel), TILEWRIGHT_OK);
  EXPECT_EQ(seen.problem().gemm().a_batch_stride(), TILEWRIGHT_BATCH_BROADCAST);
  tilewright_kernel_release(kernel);
}

TEST_F(CApiTest, TakesScales) {
  problem_.a_type = TILEWRIGHT_TYPE_E4M3;
  problem_.scaling = TILEWRIGHT_SCALING_BLOCK_128;
  problem_.scale_d = 1;
  v1::GetKernelRequest seen;
  service_.get_kernel = [&seen](const v1::GetKernelRequest& request) {
    seen = request;
    return MeasuredKernel(request.problem().gemm());
  };
  tilewright_kernel* kernel = nullptr;
  ASSERT_EQ(tilewright_get_gemm_kernel(client_, &problem_, nullptr, &kernel), TILEWRIGHT_OK);
  EXPECT_EQ(seen.problem().gemm().scaling_mode(), v1::SCALING_MODE_BLOCK_128);
  EXPECT_TRUE(seen.problem().gemm().epilogue().scale_d());
  tilewright_kernel_release(kernel);
  problem_.scaling = 5;
  EXPECT_EQ(tilewright_get_gemm_kernel(client_, &problem_, nullptr, &kernel),
            TILEWRIGHT_INVALID_ARGUMENT);
  EXPECT_STREQ(tilewright_last_error()->field, "gemm.scaling_mode");
}

TEST_F(CApiTest, TakesDropoutAndGradients) {
  problem_.dropout = 0.1;
  problem_.philox_rounds = 10;
  problem_.store_mask = 1;
  problem_.gradient = 1;
  problem_.bias_gradient = 1;
  problem_.device_scalars = 1;
  problem_.aux_type = TILEWRIGHT_TYPE_E4M3;
  v1::GetKernelRequest seen;
  service_.get_kernel = [&seen](const v1::GetKernelRequest& request) {
    seen = request;
    return MeasuredKernel(request.problem().gemm());
  };
  tilewright_kernel* kernel = nullptr;
  ASSERT_EQ(tilewright_get_gemm_kernel(client_, &problem_, nullptr, &kernel), TILEWRIGHT_OK);
  tilewright_kernel_release(kernel);
  const v1::Epilogue& epilogue = seen.problem().gemm().epilogue();
  EXPECT_EQ(epilogue.dropout().probability(), 0.1);
  EXPECT_EQ(epilogue.dropout().philox_rounds(), 10);
  EXPECT_TRUE(epilogue.dropout().store_mask());
  EXPECT_TRUE(epilogue.gradient());
  EXPECT_TRUE(epilogue.bias_gradient());
  EXPECT_TRUE(epilogue.device_scalars());
  problem_.reserved = 1;
  EXPECT_EQ(tilewright_get_gemm_kernel(client_, &problem_, nullptr, &kernel),
            TILEWRIGHT_INVALID_ARGUMENT);
  EXPECT_STREQ(tilewright_last_error()->field, "problem.reserved");
}

TEST_F(CApiTest, ZeroIsNoDropout) {
  v1::GetKernelRequest seen;
  service_.get_kernel = [&seen](const v1::GetKernelRequest& request) {
    seen = request;
    return MeasuredKernel(request.problem().gemm());
  };
  tilewright_kernel* kernel = nullptr;
  ASSERT_EQ(tilewright_get_gemm_kernel(client_, &problem_, nullptr, &kernel), TILEWRIGHT_OK);
  tilewright_kernel_release(kernel);
  EXPECT_FALSE(seen.problem().gemm().epilogue().has_dropout());
}

TEST_F(CApiTest, ArgumentsHaveNoOffsetUntilOneIsGiven) {
  tilewright_gemm_arguments arguments;
  tilewright_gemm_arguments_init(&arguments, sizeof arguments);
  EXPECT_EQ(arguments.offset, TILEWRIGHT_NO_OFFSET);
  EXPECT_EQ(arguments.mask, nullptr);
  EXPECT_EQ(arguments.device_alpha, nullptr);
}

TEST_F(CApiTest, RefusesAFieldThatItDoesNotKnow) {
  struct {
    tilewright_gemm_problem known;
    int64_t of_a_later_version;
  } newer{problem_, 1};
  newer.known.struct_size = sizeof newer;
  tilewright_kernel* kernel = nullptr;
  EXPECT_EQ(tilewright_get_gemm_kernel(client_, &newer.known, nullptr, &kernel),
            TILEWRIGHT_INVALID_ARGUMENT);
  EXPECT_STREQ(tilewright_last_error()->reason, "STRUCT_SIZE");
  newer.of_a_later_version = 0;
  EXPECT_EQ(tilewright_get_gemm_kernel(client_, &newer.known, nullptr, &kernel), TILEWRIGHT_OK);
  tilewright_kernel_release(kernel);
}

TEST_F(CApiTest, RefusesWhatIsMissing) {
  tilewright_kernel* kernel = nullptr;
  EXPECT_EQ(tilewright_get_gemm_kernel(nullptr, &problem_, nullptr, &kernel),
            TILEWRIGHT_INVALID_ARGUMENT);
  EXPECT_STREQ(tilewright_last_error()->field, "client");
  EXPECT_EQ(tilewright_get_gemm_kernel(client_, nullptr, nullptr, &kernel),
            TILEWRIGHT_INVALID_ARGUMENT);
  EXPECT_EQ(tilewright_get_gemm_kernel(client_, &problem_, nullptr, nullptr),
            TILEWRIGHT_INVALID_ARGUMENT);
  problem_.activation = 99;
  EXPECT_EQ(tilewright_get_gemm_kernel(client_, &problem_, nullptr, &kernel),
            TILEWRIGHT_INVALID_ARGUMENT);
  EXPECT_STREQ(tilewright_last_error()->reason, "UNKNOWN_VALUE");
  EXPECT_STREQ(tilewright_last_error()->field, "gemm.epilogue.activation");
  EXPECT_EQ(kernel, nullptr);
}

TEST_F(CApiTest, TheLastErrorIsTheThreadsOwn) {
  service_.get_kernel = [](const v1::GetKernelRequest&) -> absl::StatusOr<v1::GetKernelResponse> {
    return InvalidField("gemm.m", "OUT_OF_RANGE", "must be at least 1, was 0");
  };
  tilewright_kernel* kernel = nullptr;
  EXPECT_EQ(tilewright_get_gemm_kernel(client_, &problem_, nullptr, &kernel),
            TILEWRIGHT_INVALID_ARGUMENT);
  EXPECT_EQ(tilewright_last_error()->code, TILEWRIGHT_INVALID_ARGUMENT);
  EXPECT_STREQ(tilewright_last_error()->reason, "OUT_OF_RANGE");
  EXPECT_STREQ(tilewright_last_error()->field, "gemm.m");
  EXPECT_STREQ(tilewright_last_error()->message, "gemm.m: must be at least 1, was 0");
  std::thread([] { EXPECT_EQ(tilewright_last_error()->code, TILEWRIGHT_OK); }).join();
}

TEST_F(CApiTest, VendorAlgorithmsHaveNoCubin) {
  service_.get_kernel = [](const v1::GetKernelRequest&) {
    v1::GetKernelResponse response;
    response.mutable_vendor()->set_workspace_bytes(4096);
    response.mutable_vendor()->set_algorithm(std::string(64, 'a'));
    response.set_provenance(v1::PROVENANCE_VENDOR);
    response.set_match(v1::MATCH_EXACT);
    return response;
  };
  tilewright_kernel* kernel = nullptr;
  ASSERT_EQ(tilewright_get_gemm_kernel(client_, &problem_, nullptr, &kernel), TILEWRIGHT_OK);
  size_t size = 1;
  EXPECT_EQ(tilewright_kernel_cubin(kernel, &size), nullptr);
  EXPECT_EQ(size, 0u);
  tilewright_kernel_info info;
  info.struct_size = sizeof info;
  ASSERT_EQ(tilewright_kernel_get_info(kernel, &info), TILEWRIGHT_OK);
  EXPECT_NE(info.is_vendor, 0);
  EXPECT_EQ(info.workspace_bytes, 4096);
  EXPECT_STREQ(info.architecture, "");
  tilewright_kernel_release(kernel);
}

TEST_F(CApiTest, AnotherShapeHasItsOwnWorkspace) {
  tilewright_kernel* kernel = nullptr;
  ASSERT_EQ(tilewright_get_gemm_kernel(client_, &problem_, nullptr, &kernel), TILEWRIGHT_OK);
  tilewright_gemm_problem other = problem_;
  other.m = 128;
  int64_t bytes = 0;
  ASSERT_EQ(tilewright_kernel_workspace_bytes(kernel, &other, &bytes), TILEWRIGHT_OK);
  EXPECT_EQ(bytes, 2 * 4 * 128 * 32);
  EXPECT_EQ(tilewright_kernel_workspace_bytes(kernel, &other, nullptr),
            TILEWRIGHT_INVALID_ARGUMENT);
  EXPECT_STREQ(tilewright_last_error()->field, "bytes");
  other.activation = TILEWRIGHT_ACTIVATION_RELU;
  EXPECT_EQ(tilewright_kernel_workspace_bytes(kernel, &other, &bytes), TILEWRIGHT_INVALID_ARGUMENT);
  EXPECT_STREQ(tilewright_last_error()->reason, "OTHER_FAMILY");
  tilewright_gemm_arguments arguments;
  tilewright_gemm_arguments_init(&arguments, sizeof arguments);
  EXPECT_EQ(tilewright_kernel_launch_shape(kernel, &other, &arguments, nullptr),
            TILEWRIGHT_INVALID_ARGUMENT);
  EXPECT_STREQ(tilewright_last_error()->reason, "OTHER_FAMILY");
  tilewright_kernel_release(kernel);
}

TEST_F(CApiTest, ReleasesOfNothingAreAllowed) {
  tilewright_client_release(nullptr);
  tilewright_kernel_release(nullptr);
  EXPECT_EQ(tilewright_client_refresh(nullptr), 0);
}

TEST_F(CApiTest, LaunchNeedsADriverAndAContext) {
  tilewright_kernel* kernel = nullptr;
  ASSERT_EQ(tilewright_get_gemm_kernel(client_, &problem_, nullptr, &kernel), TILEWRIGHT_OK);
  tilewright_gemm_arguments arguments;
  tilewright_gemm_arguments_init(&arguments, sizeof arguments);
  EXPECT_EQ(arguments.alpha, 1.0f);
  EXPECT_NE(tilewright_kernel_launch(kernel, &arguments, nullptr), TILEWRIGHT_OK);
  const std::string reason = tilewright_last_error()->reason;
  EXPECT_TRUE(reason == "NO_CUDA_DRIVER" || reason == "NO_CUDA_CONTEXT") << reason;
  tilewright_kernel_release(kernel);
}

}  // namespace
}  // namespace tilewright
