#include <gtest/gtest.h>

#include "tests/client/fake_service.h"
#include "tilewright.h"

namespace tilewright {
namespace {

class FusedDropoutCApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    service_.Start();
    service_.get_kernel = [this](const v1::GetKernelRequest& request) {
      seen_ = request;
      return MeasuredKernel(v1::GemmProblem());
    };
    ASSERT_EQ(tilewright_client_connect(service_.socket_path().c_str(), &client_), TILEWRIGHT_OK)
        << tilewright_last_error()->message;
    tilewright_fused_dropout_problem_init(&problem_, sizeof problem_);
    problem_.rows = 64;
    problem_.columns = 32;
    problem_.operation = TILEWRIGHT_OPERATION_BIAS_DROPOUT_RESIDUAL;
  }
  void TearDown() override { tilewright_client_release(client_); }

  TemporaryFolder folder_;
  FakeService service_{folder_.path() + "/socket"};
  tilewright_client* client_ = nullptr;
  tilewright_fused_dropout_problem problem_;
  v1::GetKernelRequest seen_;
};

TEST_F(FusedDropoutCApiTest, EveryFieldReachesTheService) {
  problem_.x_stride = 40;
  problem_.residual_stride = 48;
  problem_.y_stride = 56;
  problem_.pre_norm_stride = 64;
  problem_.dropout = 0.25;
  problem_.philox_rounds = 10;
  problem_.store_mask = 1;
  problem_.normalization = TILEWRIGHT_NORMALIZATION_LAYER_NORM;
  problem_.type = TILEWRIGHT_TYPE_FP16;
  problem_.bias_type = TILEWRIGHT_TYPE_BF16;
  problem_.residual_type = TILEWRIGHT_TYPE_FP32;
  problem_.weight_type = TILEWRIGHT_TYPE_FP32;
  problem_.backward = 1;
  problem_.store_statistics = 1;
  problem_.store_pre_norm = 1;
  problem_.add_gradient = 1;
  // No form has all of them: a service that serves it knows more than this version.
  tilewright_kernel* kernel = nullptr;
  ASSERT_EQ(tilewright_get_fused_dropout_kernel(client_, &problem_, nullptr, &kernel),
            TILEWRIGHT_FAILED_PRECONDITION);
  EXPECT_STREQ(tilewright_last_error()->reason, "OTHER_VERSION");
  EXPECT_STREQ(tilewright_last_error()->field, "fused_dropout.store_pre_norm");
  v1::FusedDropoutProblem expected;
  expected.set_rows(64);
  expected.set_columns(32);
  expected.set_operation(v1::DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL);
  expected.set_normalization(v1::NORMALIZATION_LAYER_NORM);
  expected.set_x_stride(40);
  expected.set_residual_stride(48);
  expected.set_y_stride(56);
  expected.set_pre_norm_stride(64);
  expected.mutable_dropout()->set_probability(0.25);
  expected.mutable_dropout()->set_philox_rounds(10);
  expected.mutable_dropout()->set_store_mask(true);
  expected.set_type(v1::DATA_TYPE_FP16);
  expected.set_bias_type(v1::DATA_TYPE_BF16);
  expected.set_residual_type(v1::DATA_TYPE_FP32);
  expected.set_weight_type(v1::DATA_TYPE_FP32);
  expected.set_backward(true);
  expected.set_store_statistics(true);
  expected.set_store_pre_norm(true);
  expected.set_add_gradient(true);
  EXPECT_EQ(seen_.problem().fused_dropout().DebugString(), expected.DebugString());
}

TEST_F(FusedDropoutCApiTest, UnknownValuesAreRefused) {
  problem_.operation = 99;
  tilewright_kernel* kernel = nullptr;
  EXPECT_EQ(tilewright_get_fused_dropout_kernel(client_, &problem_, nullptr, &kernel),
            TILEWRIGHT_INVALID_ARGUMENT);
  EXPECT_STREQ(tilewright_last_error()->field, "fused_dropout.operation");
  EXPECT_EQ(tilewright_get_fused_dropout_kernel(client_, nullptr, nullptr, &kernel),
            TILEWRIGHT_INVALID_ARGUMENT);
}

TEST_F(FusedDropoutCApiTest, KindsAreNotMixedUp) {
  tilewright_kernel* kernel = nullptr;
  ASSERT_EQ(tilewright_get_fused_dropout_kernel(client_, &problem_, nullptr, &kernel),
            TILEWRIGHT_OK);
  tilewright_gemm_arguments gemm;
  tilewright_gemm_arguments_init(&gemm, sizeof gemm);
  EXPECT_EQ(tilewright_kernel_launch(kernel, &gemm, nullptr), TILEWRIGHT_INVALID_ARGUMENT);
  EXPECT_STREQ(tilewright_last_error()->reason, "OTHER_FAMILY");
  tilewright_fused_dropout_arguments arguments;
  tilewright_fused_dropout_arguments_init(&arguments, sizeof arguments);
  EXPECT_EQ(arguments.epsilon, 1e-5f);
  EXPECT_EQ(arguments.offset, UINT64_MAX);
  // There is no driver, or no context.
  const tilewright_status status =
      tilewright_fused_dropout_launch(kernel, nullptr, &arguments, nullptr);
  EXPECT_TRUE(status == TILEWRIGHT_UNAVAILABLE || status == TILEWRIGHT_FAILED_PRECONDITION);
  problem_.backward = 1;
  int64_t bytes = 0;
  EXPECT_EQ(tilewright_fused_dropout_workspace_bytes(kernel, &problem_, &bytes),
            TILEWRIGHT_INVALID_ARGUMENT);
  EXPECT_STREQ(tilewright_last_error()->reason, "OTHER_FAMILY");
  tilewright_kernel_release(kernel);
}

}  // namespace
}  // namespace tilewright
