// The whole path of a trainer: the installed daemon tunes, the client fetches, loads and launches,
// and the numbers are right. In C++ and through the C interface.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <utility>

#include "client/c/tilewright.h"
#include "client/cpp/loaded_module.h"
#include "proto/support/errors.h"
#include "tests/gpu/device_gemm.h"
#include "tests/gpu/local_daemon.h"
#include "tests/gpu/sampled_gemm.h"
#include "tilewright/client.h"

namespace tilewright {
namespace {

// bf16, layout nt. cublasLt computes it as it stands.
v1::GemmProblem Plain(int64_t m, int64_t n, int64_t k) {
  v1::GemmProblem problem;
  problem.set_m(m);
  problem.set_n(n);
  problem.set_k(k);
  return problem;
}

// With an epilogue that is for templates alone.
v1::GemmProblem Fused(int64_t m, int64_t n, int64_t k) {
  v1::GemmProblem problem = Plain(m, n, k);
  problem.mutable_epilogue()->set_bias_mode(v1::BIAS_MODE_PER_COLUMN);
  problem.mutable_epilogue()->set_activation(v1::ACTIVATION_RELU);
  return problem;
}

class ClientLaunchTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { daemon_ = new LocalDaemon(); }
  static void TearDownTestSuite() { delete std::exchange(daemon_, nullptr); }

  void SetUp() override {
    if (!daemon_->started()) GTEST_SKIP() << "tilewrightd is not beside this binary";
    ConnectOptions options;
    options.socket_path = daemon_->socket();
    // The daemon asks the GPU what it is before it serves.
    options.connect_timeout = std::chrono::seconds(60);
    auto client = Client::Connect(options);
    ASSERT_TRUE(client.ok()) << client.status() << "\n" << daemon_->log();
    client_ = *std::move(client);
  }

  // A few candidates for some seconds: this is not about the best one.
  void Tune(const v1::GemmProblem& gemm) {
    TuneOptions options;
    options.tuning.set_max_candidates(6);
    options.tuning.mutable_budget()->set_seconds(20);
    v1::Problem problem;
    *problem.mutable_gemm() = gemm;
    const auto tuning = client_->Tune(problem, options);
    ASSERT_TRUE(tuning.ok()) << tuning.status() << "\n" << daemon_->log();
  }

  std::shared_ptr<const Kernel> Get(const v1::GemmProblem& problem) {
    auto kernel = client_->GetKernel(problem);
    EXPECT_TRUE(kernel.ok()) << kernel.status() << "\n" << daemon_->log();
    return kernel.ok() ? *std::move(kernel) : nullptr;
  }

  void LaunchAndCheck(const Kernel& kernel) {
    const SampledGemm gemm(session_, kernel.problem(), kernel.WorkspaceBytes());
    const absl::Status launched = kernel.Launch(gemm.arguments(), session_.stream());
    ASSERT_TRUE(launched.ok()) << launched;
    gemm.ExpectSound();
  }

  static inline LocalDaemon* daemon_ = nullptr;
  DeviceSession session_;
  std::unique_ptr<Client> client_;
};

TEST_F(ClientLaunchTest, TheTunedTemplateComputesItsProblem) {
  const v1::GemmProblem problem = Fused(512, 768, 256);
  Tune(problem);
  const auto kernel = Get(problem);
  ASSERT_NE(kernel, nullptr);
  ASSERT_FALSE(kernel->is_vendor());
  EXPECT_EQ(kernel->match(), v1::MATCH_EXACT);
  EXPECT_EQ(kernel->provenance(), v1::PROVENANCE_MEASURED);
  LaunchAndCheck(*kernel);
  // Again, as the loaded kernel.
  LaunchAndCheck(*kernel);
}

TEST_F(ClientLaunchTest, ItsKernelComputesOtherShapes) {
  Tune(Fused(512, 768, 256));
  const auto kernel = Get(Fused(512, 768, 256));
  ASSERT_NE(kernel, nullptr);
  for (const v1::GemmProblem& other : {Fused(200, 136, 72), Fused(1, 1024, 512)}) {
    const auto workspace = kernel->WorkspaceBytes(other);
    ASSERT_TRUE(workspace.ok()) << workspace.status();
    const SampledGemm gemm(session_, other, *workspace);
    const absl::Status launched = kernel->Launch(other, gemm.arguments(), session_.stream());
    ASSERT_TRUE(launched.ok()) << launched;
    gemm.ExpectSound();
  }
}

TEST_F(ClientLaunchTest, TheAnswerAtOnceComputesItsProblem) {
  const auto kernel = Get(Fused(384, 640, 192));
  ASSERT_NE(kernel, nullptr);
  EXPECT_TRUE(kernel->provisional());
  LaunchAndCheck(*kernel);
}

// Nearly every plain problem has an algorithm as its winner; a few are tried.
TEST_F(ClientLaunchTest, AVendorWinnerComputesItsProblem) {
  for (const int64_t size : {1024, 2048, 512}) {
    const v1::GemmProblem problem = Plain(size, size, size);
    Tune(problem);
    const auto kernel = Get(problem);
    ASSERT_NE(kernel, nullptr);
    LaunchAndCheck(*kernel);
    if (!kernel->is_vendor()) continue;
    EXPECT_EQ(ReasonOf(kernel->WorkspaceBytes(Plain(64, 64, 64)).status()), "SHAPE_NOT_SERVED");
    return;
  }
  GTEST_SKIP() << "no algorithm of cublasLt won: it is not installed, or the templates are faster";
}

TEST_F(ClientLaunchTest, ACallerWithoutTheLibraryGetsATemplateThatComputesTheProblem) {
  const v1::GemmProblem problem = Plain(1024, 1024, 1024);
  Tune(problem);
  v1::GetKernelRequest request;
  *request.mutable_problem()->mutable_gemm() = problem;
  request.set_mode(v1::LOOKUP_MODE_CACHED_ONLY);
  const auto answer = client_->connection().GetKernel(request, std::chrono::seconds(30));
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_TRUE(answer->has_kernel());
  EXPECT_EQ(answer->provenance(), v1::PROVENANCE_MEASURED);
  const auto kernel = Kernel::FromResponse(
      request.problem(), *answer, std::make_shared<ModuleCache>(), std::make_shared<VendorPool>());
  ASSERT_TRUE(kernel.ok()) << kernel.status();
  LaunchAndCheck(**kernel);
}

// The C handles of one test; released before the CUDA context is.
struct CHandles {
  ~CHandles() {
    tilewright_kernel_release(kernel);
    tilewright_client_release(client);
  }
  tilewright_client* client = nullptr;
  tilewright_kernel* kernel = nullptr;
};

tilewright_gemm_problem ToC(const v1::GemmProblem& problem) {
  tilewright_gemm_problem c;
  tilewright_gemm_problem_init(&c, sizeof c);
  c.m = problem.m();
  c.n = problem.n();
  c.k = problem.k();
  c.bias = TILEWRIGHT_BIAS_PER_COLUMN;
  c.activation = TILEWRIGHT_ACTIVATION_RELU;
  return c;
}

tilewright_gemm_arguments ToC(const GemmArguments& arguments) {
  tilewright_gemm_arguments c;
  tilewright_gemm_arguments_init(&c, sizeof c);
  c.a = arguments.a;
  c.b = arguments.b;
  c.bias = arguments.bias;
  c.d = arguments.d;
  c.workspace = arguments.workspace;
  c.workspace_bytes = arguments.workspace_bytes;
  return c;
}

TEST_F(ClientLaunchTest, TheCInterfaceLaunchesItsShapeAndAnother) {
  const v1::GemmProblem problem = Fused(512, 768, 256);
  Tune(problem);
  CHandles c;
  ASSERT_EQ(tilewright_client_connect(daemon_->socket().c_str(), &c.client), TILEWRIGHT_OK)
      << tilewright_last_error()->message;
  const tilewright_gemm_problem wanted = ToC(problem);
  ASSERT_EQ(tilewright_get_gemm_kernel(c.client, &wanted, nullptr, &c.kernel), TILEWRIGHT_OK)
      << tilewright_last_error()->message;
  tilewright_kernel_info info;
  info.struct_size = sizeof info;
  ASSERT_EQ(tilewright_kernel_get_info(c.kernel, &info), TILEWRIGHT_OK);
  EXPECT_EQ(info.provenance, TILEWRIGHT_PROVENANCE_MEASURED);
  const SampledGemm own(session_, problem, info.workspace_bytes);
  tilewright_gemm_arguments arguments = ToC(own.arguments());
  ASSERT_EQ(tilewright_kernel_launch(c.kernel, &arguments, session_.stream()), TILEWRIGHT_OK)
      << tilewright_last_error()->message;
  own.ExpectSound();

  const v1::GemmProblem other = Fused(264, 328, 120);
  const tilewright_gemm_problem shape = ToC(other);
  int64_t bytes = 0;
  ASSERT_EQ(tilewright_kernel_workspace_bytes(c.kernel, &shape, &bytes), TILEWRIGHT_OK)
      << tilewright_last_error()->message;
  const SampledGemm another(session_, other, bytes);
  arguments = ToC(another.arguments());
  ASSERT_EQ(tilewright_kernel_launch_shape(c.kernel, &shape, &arguments, session_.stream()),
            TILEWRIGHT_OK)
      << tilewright_last_error()->message;
  another.ExpectSound();
}

}  // namespace
}  // namespace tilewright
