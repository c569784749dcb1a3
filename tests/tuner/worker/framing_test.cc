#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "absl/time/clock.h"
#include "google/protobuf/wrappers.pb.h"
#include "gtest/gtest.h"
#include "tuner/worker/worker_process.h"

namespace tilewright {
namespace {

using google::protobuf::BytesValue;
using google::protobuf::StringValue;

class FramingTest : public ::testing::Test {
 protected:
  FramingTest() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_), 0); }
  ~FramingTest() override {
    CloseFirst();
    close(ends_[1]);
  }

  void CloseFirst() {
    if (ends_[0] >= 0) close(ends_[0]);
    ends_[0] = -1;
  }

  void SendRaw(const std::string& bytes) {
    ASSERT_EQ(send(ends_[0], bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }

  absl::Status ReadFor(absl::Duration patience, google::protobuf::MessageLite* message) {
    return ReadMessage(ends_[1], SteadyTime::Now() + patience, message);
  }

  int ends_[2] = {-1, -1};
};

TEST_F(FramingTest, CarriesMessagesInOrder) {
  for (const char* text : {"first", "", "third"}) {
    StringValue message;
    message.set_value(text);
    ASSERT_TRUE(WriteMessage(ends_[0], message).ok());
  }
  for (const char* text : {"first", "", "third"}) {
    StringValue message;
    ASSERT_TRUE(ReadFor(absl::Seconds(5), &message).ok());
    EXPECT_EQ(message.value(), text);
  }
}

// One path with a byte that is not UTF-8 made the whole message unreadable, and with the worker's
// first one all compiling stopped.
TEST_F(FramingTest, AStringOfAnyBytesArrivesSpelledOut) {
  StringValue message;
  message.set_value("/opt/\xff/libnvrtc.so");
  ASSERT_TRUE(WriteMessage(ends_[0], message).ok());
  StringValue received;
  const absl::Status status = ReadFor(absl::Seconds(5), &received);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(received.value(), "/opt/\\xff/libnvrtc.so");
}

TEST_F(FramingTest, CarriesAMessageFarLargerThanTheSocketBuffer) {
  BytesValue sent;
  sent.mutable_value()->assign(32 << 20, 'x');
  sent.mutable_value()->back() = 'y';
  std::thread writer([&] { EXPECT_TRUE(WriteMessage(ends_[0], sent).ok()); });
  BytesValue received;
  EXPECT_TRUE(ReadFor(absl::Seconds(20), &received).ok());
  writer.join();
  EXPECT_TRUE(received.value() == sent.value());
}

TEST_F(FramingTest, SaysWhenNothingComesInTime) {
  StringValue message;
  const SteadyTime start = SteadyTime::Now();
  EXPECT_EQ(ReadFor(absl::Milliseconds(50), &message).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_GE(SteadyTime::Now() - start, absl::Milliseconds(49));
}

TEST_F(FramingTest, SaysWhenOnlyPartOfAMessageComesInTime) {
  SendRaw(
      std::string("\x05\x00\x00\x00"
                  "ab",
                  6));
  StringValue message;
  EXPECT_EQ(ReadFor(absl::Milliseconds(50), &message).code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(FramingTest, SaysWhenAMessageIsNotReadInTime) {
  BytesValue message;
  message.mutable_value()->assign(8 << 20, 'x');
  EXPECT_EQ(WriteMessage(ends_[0], message, SteadyTime::Now() + absl::Milliseconds(50)).code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_F(FramingTest, SaysWhenTheOtherEndHasGone) {
  SendRaw(
      std::string("\x05\x00\x00\x00"
                  "ab",
                  6));
  CloseFirst();
  StringValue message;
  EXPECT_EQ(ReadFor(absl::Seconds(5), &message).code(), absl::StatusCode::kUnavailable);
  message.set_value("to nobody");
  EXPECT_EQ(WriteMessage(ends_[1], message).code(), absl::StatusCode::kUnavailable);
}

TEST_F(FramingTest, RefusesALengthAboveTheLimit) {
  SendRaw("\xff\xff\xff\xff");
  StringValue message;
  EXPECT_EQ(ReadFor(absl::Seconds(5), &message).code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(FramingTest, RefusesToSendAboveTheLimit) {
  BytesValue message;
  message.mutable_value()->resize(kMaxWorkerMessageBytes);
  EXPECT_EQ(WriteMessage(ends_[0], message).code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(FramingTest, RefusesBytesThatAreNotAMessage) {
  SendRaw(std::string("\x03\x00\x00\x00\xff\xff\xff", 7));
  StringValue message;
  EXPECT_EQ(ReadFor(absl::Seconds(5), &message).code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace tilewright
