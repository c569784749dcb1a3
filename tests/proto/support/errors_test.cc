#include "proto/support/errors.h"

#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"

namespace tilewright {
namespace {

TEST(Errors, InvalidFieldNamesTheFieldInMessageAndMetadata) {
  const absl::Status status = InvalidField("gemm.m", "OUT_OF_RANGE", "must be at least 1, was 0");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "gemm.m: must be at least 1, was 0");
  const auto info = ErrorInfoOf(status);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->reason(), "OUT_OF_RANGE");
  EXPECT_EQ(info->domain(), "tilewright");
  EXPECT_EQ(info->metadata().at("field"), "gemm.m");
}

TEST(Errors, MetadataIsAddedToWhatIsThere) {
  const absl::Status status =
      WithMetadata(InvalidField("gemm.m", "OUT_OF_RANGE", "too small"), "tuning", "tunings/7");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "gemm.m: too small");
  EXPECT_EQ(ReasonOf(status), "OUT_OF_RANGE");
  EXPECT_EQ(ErrorInfoOf(status)->metadata().at("field"), "gemm.m");
  EXPECT_EQ(ErrorInfoOf(status)->metadata().at("tuning"), "tunings/7");
}

TEST(Errors, AnotherMessageLeavesAllElse) {
  absl::Status status = MakeError(absl::StatusCode::kUnavailable, "TOO_BUSY", "later",
                                  {{"field", "gemm"}, {"other", "x"}});
  status.SetPayload("type.example/RetryInfo", absl::Cord("1 s"));
  const absl::Status changed = WithMessage(status, "much later");
  EXPECT_EQ(changed.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(changed.message(), "much later");
  EXPECT_EQ(ReasonOf(changed), "TOO_BUSY");
  EXPECT_EQ(MetadataOf(changed).size(), 2);
  EXPECT_EQ(changed.GetPayload("type.example/RetryInfo"), absl::Cord("1 s"));
  EXPECT_TRUE(MetadataOf(absl::NotFoundError("gone")).empty());
}

TEST(Errors, ReasonFallsBackToTheCode) {
  EXPECT_EQ(ReasonOf(absl::NotFoundError("gone")), "NOT_FOUND");
}

TEST(Errors, InfoSurvivesTheWire) {
  const absl::Status sent = MakeError(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
                                      "128 tunings are queued", {{"retry_delay_ms", "500"}});
  const std::string details = ToStatusDetails(sent);
  google::rpc::Status parsed;
  ASSERT_TRUE(parsed.ParseFromString(details));
  EXPECT_EQ(parsed.code(), static_cast<int>(sent.code()));

  const absl::Status received = FromStatusDetails(
      sent.code(), std::string_view(sent.message().data(), sent.message().size()), details);
  EXPECT_EQ(received, sent);
}

TEST(Errors, DamagedDetailsLeaveCodeAndMessage) {
  const absl::Status received =
      FromStatusDetails(absl::StatusCode::kInternal, "broken", "\xff\xff not a message");
  EXPECT_EQ(received.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(received.message(), "broken");
  EXPECT_FALSE(ErrorInfoOf(received).has_value());
}

// A path may have such a byte; the reason was lost with it.
TEST(Errors, AByteThatIsNoUtf8KeepsTheReason) {
  const absl::Status status = MakeError(absl::StatusCode::kUnavailable, "DAEMON_UNREACHABLE", "no",
                                        {{"socket", "/a\xff\xc3\xa9\xed\xa0\x80"}});
  EXPECT_EQ(ReasonOf(status), "DAEMON_UNREACHABLE");
  EXPECT_EQ(ErrorInfoOf(status)->metadata().at("socket"), "/a\\xff\xc3\xa9\\xed\\xa0\\x80");
  const absl::Status more = WithMetadata(status, "label", "\xe2\x82");
  EXPECT_EQ(ReasonOf(more), "DAEMON_UNREACHABLE");
  EXPECT_EQ(ErrorInfoOf(more)->metadata().at("label"), "\\xe2\\x82");
}

}  // namespace
}  // namespace tilewright
