// What BLAS says of an alpha and a beta of 0, at every interface that launches: on a driver and a
// cublasLt whose memory is the host's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>

#include "client/c/tilewright.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "tests/client/client_fixture.h"
#include "tests/fakes/stub_cubin.h"
#include "tests/tuner/bench/fake_cuda/behaving_kernel.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;

constexpr int kM = 4;
constexpr int kN = 8;
constexpr int kK = 16;
constexpr int kRow = 24;  // Elements from row to row of C and D.
constexpr uint16_t kNan = 0xFFFF;
constexpr uint16_t kUntouched = 0x1234;

uint16_t ToBf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return static_cast<uint16_t>(bits >> 16);
}
float FromBf16(uint16_t half) {
  const uint32_t bits = static_cast<uint32_t>(half) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

struct Matrices {
  alignas(16) std::array<uint16_t, kM * kK> a;
  alignas(16) std::array<uint16_t, kN * kK> b;
  alignas(16) std::array<uint16_t, kM * kRow> c;
  alignas(16) std::array<uint16_t, kM * kRow> d;

  // A and B are 1 and 0.5, C is 3, D is nothing yet.
  Matrices() {
    a.fill(ToBf16(1.0f));
    b.fill(ToBf16(0.5f));
    c.fill(ToBf16(3.0f));
    d.fill(kUntouched);
  }

  void ExpectResult(float expected) const {
    for (int row = 0; row < kM; ++row) {
      for (int column = 0; column < kRow; ++column) {
        const uint16_t bits = d[static_cast<std::size_t>(row * kRow + column)];
        if (column < kN) {
          EXPECT_EQ(FromBf16(bits), expected) << row << ", " << column;
        } else {
          EXPECT_EQ(bits, kUntouched) << "what pads row " << row;
        }
      }
    }
  }
};

v1::GemmProblem Accumulating() {
  v1::GemmProblem problem = Gemm(kM, kN, kK);
  problem.set_ldc(kRow);
  problem.set_ldd(kRow);
  problem.mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
  return problem;
}

// One that reads C where beta is not 0.
v1::GetKernelResponse OfTemplate() {
  v1::GetKernelResponse response;
  *response.mutable_kernel() = BehavingKernel("accumulates");
  response.mutable_kernel()->set_cubin(StubCubin("accumulates", "sm_90a", {"tilewright_gemm"}));
  response.mutable_kernel()->mutable_variant()->set_template_name("gemm_simt");
  response.mutable_kernel()->set_content_hash(Sha256(response.kernel().cubin()));
  response.set_match(v1::MATCH_EXACT);
  response.set_provenance(v1::PROVENANCE_MEASURED);
  return response;
}

v1::GetKernelResponse OfVendor() {
  v1::GetKernelResponse response;
  response.mutable_vendor()->set_library_version(130099);
  response.mutable_vendor()->set_algorithm(std::string(64, '\0'));
  response.set_match(v1::MATCH_EXACT);
  response.set_provenance(v1::PROVENANCE_VENDOR);
  return response;
}

class UnreadOperandsTest : public ClientTest {
 protected:
  // Before the library is opened, which happens once a process.
  static void SetUpTestSuite() { setenv("TILEWRIGHT_CUBLASLT", MULTIPLYING_CUBLASLT, 1); }

  std::shared_ptr<const Kernel> Get(const v1::GetKernelResponse& answer) {
    service_.get_kernel = [answer](const v1::GetKernelRequest&) { return answer; };
    auto kernel = client_->GetKernel(Accumulating());
    EXPECT_TRUE(kernel.ok()) << kernel.status();
    return *kernel;
  }

  static absl::Status Launch(const Kernel& kernel, Matrices& matrices, float alpha, float beta,
                             const void* c) {
    GemmArguments arguments;
    arguments.a = matrices.a.data();
    arguments.b = matrices.b.data();
    arguments.c = c;
    arguments.d = matrices.d.data();
    arguments.alpha = alpha;
    arguments.beta = beta;
    return kernel.Launch(arguments, nullptr);
  }

  // Of the C interface.
  absl::Status LaunchFromC(const v1::GetKernelResponse& answer, Matrices& matrices, float beta,
                           const void* c) {
    service_.get_kernel = [answer](const v1::GetKernelRequest&) { return answer; };
    tilewright_client* client = nullptr;
    EXPECT_EQ(tilewright_client_connect(service_.socket_path().c_str(), &client), TILEWRIGHT_OK);
    tilewright_gemm_problem problem;
    tilewright_gemm_problem_init(&problem, sizeof problem);
    problem.m = kM;
    problem.n = kN;
    problem.k = kK;
    problem.ldc = problem.ldd = kRow;
    problem.source = TILEWRIGHT_SOURCE_ACCUMULATE;
    tilewright_kernel* kernel = nullptr;
    EXPECT_EQ(tilewright_get_gemm_kernel(client, &problem, nullptr, &kernel), TILEWRIGHT_OK);
    tilewright_gemm_arguments arguments;
    tilewright_gemm_arguments_init(&arguments, sizeof arguments);
    arguments.a = matrices.a.data();
    arguments.b = matrices.b.data();
    arguments.c = c;
    arguments.d = matrices.d.data();
    arguments.beta = beta;
    absl::Status status;
    if (tilewright_kernel_launch(kernel, &arguments, nullptr) != TILEWRIGHT_OK) {
      const tilewright_error* error = tilewright_last_error();
      status = MakeError(static_cast<absl::StatusCode>(error->code), error->reason, error->message);
    }
    tilewright_kernel_release(kernel);
    tilewright_client_release(client);
    return status;
  }
};

TEST_F(UnreadOperandsTest, ANullSourceIsTakenWhereBetaIsZero) {
  for (const v1::GetKernelResponse& answer : {OfTemplate(), OfVendor()}) {
    const auto kernel = Get(answer);
    Matrices matrices;
    const absl::Status status = Launch(*kernel, matrices, 2.0f, 0.0f, nullptr);
    ASSERT_TRUE(status.ok()) << status;
    matrices.ExpectResult(16.0f);
    Matrices from_c;
    const absl::Status of_c = LaunchFromC(answer, from_c, 0.0f, nullptr);
    ASSERT_TRUE(of_c.ok()) << of_c;
    from_c.ExpectResult(8.0f);
  }
}

TEST_F(UnreadOperandsTest, ANullSourceIsRefusedInTheSameWordsEverywhere) {
  Matrices matrices;
  const absl::Status refused = Launch(*Get(OfTemplate()), matrices, 1.0f, 1.0f, nullptr);
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(refused), "NULL_POINTER");
  EXPECT_THAT(refused.message(), HasSubstr("operands.c"));
  EXPECT_THAT(refused.message(), HasSubstr("beta of 0"));
  for (const absl::Status& status : {Launch(*Get(OfVendor()), matrices, 1.0f, 1.0f, nullptr),
                                     LaunchFromC(OfTemplate(), matrices, 1.0f, nullptr),
                                     LaunchFromC(OfVendor(), matrices, 1.0f, nullptr)}) {
    EXPECT_EQ(status.message(), refused.message());
    EXPECT_EQ(status.code(), refused.code());
    EXPECT_EQ(ReasonOf(status), "NULL_POINTER");
  }
  matrices.ExpectResult(FromBf16(kUntouched));
}

// Whatever the library does with its alpha.
TEST_F(UnreadOperandsTest, AVendorLaunchLeavesOutWhatIsMultipliedWithZero) {
  const auto kernel = Get(OfVendor());
  for (const float alpha : {0.0f, 1.0f, -0.5f}) {
    for (const float beta : {0.0f, 1.0f, 2.0f}) {
      Matrices matrices;
      if (alpha == 0) matrices.a.fill(kNan);
      if (alpha == 0) matrices.b.fill(kNan);
      if (beta == 0) matrices.c.fill(kNan);
      const absl::Status status = Launch(*kernel, matrices, alpha, beta, matrices.c.data());
      ASSERT_TRUE(status.ok()) << status;
      SCOPED_TRACE(testing::Message() << "alpha " << alpha << ", beta " << beta);
      matrices.ExpectResult(8 * alpha + 3 * beta);
    }
  }
}

}  // namespace
}  // namespace tilewright
