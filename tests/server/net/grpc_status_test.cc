#include "server/net/grpc_status.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

absl::Status RoundTrip(const absl::Status& status) {
  const grpc::Status wire = ToGrpcStatus(status);
  return FromStatusDetails(static_cast<absl::StatusCode>(wire.error_code()), wire.error_message(),
                           wire.error_details());
}

TEST(GrpcStatus, OkIsOk) { EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok()); }

TEST(GrpcStatus, KeepsCodeMessageAndInfo) {
  const absl::Status status = RoundTrip(InvalidField("gemm.m", "OUT_OF_RANGE", "must be >= 1"));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "gemm.m: must be >= 1");
  const auto info = ErrorInfoOf(status);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->reason(), "OUT_OF_RANGE");
  EXPECT_EQ(info->domain(), "tilewright");
  EXPECT_EQ(info->metadata().at("field"), "gemm.m");
}

TEST(GrpcStatus, EveryCodeIsTheSameNumber) {
  for (int code = 1; code <= 16; ++code) {
    EXPECT_EQ(
        static_cast<int>(
            ToGrpcStatus(absl::Status(static_cast<absl::StatusCode>(code), "x")).error_code()),
        code);
  }
}

// Trailers beyond the client's metadata limit would replace the error by another one.
TEST(GrpcStatus, LongMessageIsCutBetweenCharacters) {
  std::string message;
  for (int i = 0; i < 3000; ++i) message += "\xc3\xa4";
  const absl::Status status =
      RoundTrip(MakeError(absl::StatusCode::kFailedPrecondition, "NO_CANDIDATE", message));
  EXPECT_LT(status.message().size(), 1600u);
  EXPECT_TRUE(status.message().substr(status.message().size() - 5) == "\xc3\xa4...");
  EXPECT_EQ(ReasonOf(status), "NO_CANDIDATE");
}

}  // namespace
}  // namespace tilewright
