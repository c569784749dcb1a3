// What a server may say to a child that speaks without the gRPC library. The server is bytes that
// the test writes: a well-behaved one stands in fork_test.cc.
#include "client/cpp/plain_call.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

// RFC 9113.
enum FrameType : char {
  kData = 0,
  kHeaders = 1,
  kReset = 3,
  kSettings = 4,
  kPing = 6,
  kGoAway = 7
};
constexpr char kEndStream = 1;
constexpr char kEndHeaders = 4;

std::string Frame(FrameType type, char flags, char stream, std::string_view payload) {
  std::string frame;
  for (const int shift : {16, 8, 0}) frame.push_back(static_cast<char>(payload.size() >> shift));
  frame += {type, flags, 0, 0, 0, stream};
  return frame.append(payload);
}

// RFC 7541, 6.2.2: a literal that no table remembers, shorter than 127 bytes a part.
std::string Field(std::string_view name, std::string_view value) {
  std::string field(1, '\0');
  for (const std::string_view part : {name, value}) {
    EXPECT_LT(part.size(), 127u);
    field.push_back(static_cast<char>(part.size()));
    field.append(part);
  }
  return field;
}

std::string Headers(char flags, std::string_view fields) {
  return Frame(kHeaders, static_cast<char>(kEndHeaders | flags), 1, fields);
}

std::string Start() { return Headers(0, Field(":status", "200")); }
std::string End(std::string_view fields) { return Headers(kEndStream, fields); }

// All of a call that has no reply.
std::string Refusal(std::string_view fields) {
  return End(absl::StrCat(Field(":status", "200"), std::string(fields)));
}

std::string Message(std::string_view text) {
  std::string message(4, '\0');
  message.push_back(static_cast<char>(text.size()));
  return message.append(text);
}

std::string Details(std::string_view reason) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(reason));
  google::rpc::Status status;
  status.add_details()->PackFrom(info);
  return absl::Base64Escape(status.SerializeAsString());
}

constexpr absl::Duration kPatience = absl::Seconds(10);

// Whether a request's headers have come, which no answer comes before.
bool HasHeaders(std::string_view heard) {
  constexpr size_t kPreface = 24;
  constexpr size_t kFrameHeader = 9;
  for (size_t at = kPreface; at + kFrameHeader <= heard.size();) {
    if (heard[at + 3] == kHeaders) return true;
    size_t length = 0;
    for (size_t i = 0; i < 3; ++i) length = length << 8 | static_cast<uint8_t>(heard[at + i]);
    at += kFrameHeader + length;
  }
  return false;
}

// What the call gives to a client of a server that answers `bytes`, whatever it is asked, and then
// does what `then` says.
absl::StatusOr<std::string> Call(
    const std::string& bytes, const std::string& request = "question",
    absl::Duration patience = kPatience, const std::function<void(int)>& then = [](int) {}) {
  int ends[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  std::thread server([&] {
    std::string heard;
    for (char byte = 0; !HasHeaders(heard) && read(ends[1], &byte, 1) == 1;) heard += byte;
    const std::string all = Frame(kSettings, 0, 0, "") + bytes;
    EXPECT_EQ(send(ends[1], all.data(), all.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(all.size()));
    then(ends[1]);
    close(ends[1]);
  });
  auto answer = PlainCall(ends[0], "/test/Ask", request, SteadyTime::Now() + patience);
  server.join();
  return answer;
}

void ReadAll(int fd) {
  char bytes[4096];
  while (read(fd, bytes, sizeof(bytes)) > 0) {
  }
}

TEST(PlainCall, GivesTheReplyThatCameInParts) {
  const std::string message = Message("an answer");
  const auto answer =
      Call(Start() + Frame(kData, 0, 1, message.substr(0, 3)) + Frame(kPing, 0, 0, "12345678") +
               Frame(kData, 0, 1, message.substr(3)) + End(Field("grpc-status", "0")),
           "question", kPatience, ReadAll);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(*answer, "an answer");
}

// The server answers before it has read all, and hangs up: the rest of the request cannot be sent.
TEST(PlainCall, HearsARefusalOfARequestThatNobodyReads) {
  const auto answer = Call(
      Refusal(absl::StrCat(Field("grpc-status", "14"), Field("grpc-message", "it is%20stopping "),
                           Field("grpc-status-details-bin", Details("STOP")))),
      std::string(8 << 20, 'q'));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(answer.status().message(), "it is stopping ");
  EXPECT_EQ(ReasonOf(answer.status()), "STOP");
}

TEST(PlainCall, ReadsDetailsWithoutPadding) {
  std::string details = Details("REASONS");
  while (details.back() == '=') details.pop_back();
  ASSERT_NE(details.size() % 4, 0u) << "choose a reason whose details are padded";
  const auto answer = Call(
      Refusal(absl::StrCat(Field("grpc-status", "5"), Field("grpc-status-details-bin", details))));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(answer.status()), "REASONS");
}

TEST(PlainCall, KeepsAnErrorWhoseDetailsAreNone) {
  const auto answer =
      Call(Refusal(absl::StrCat(Field("grpc-status", "5"), Field("grpc-message", "nothing there"),
                                Field("grpc-status-details-bin", "%$!"))));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(answer.status().message(), "nothing there");
}

TEST(PlainCall, ABrokenCallIsUnavailableWithoutAReason) {
  const std::string reset("\0\0\0\2", 4);
  const std::string go_away(8, '\0');
  for (const std::string& bytes : {
           std::string(),
           Start(),
           Start() + Frame(kData, 0, 1, "\0\0\0\0\x7f short"),
           Start() + Frame(kReset, 0, 1, reset),
           Frame(kGoAway, 0, 0, go_away),
           std::string(200, 'x'),
           Start() + End(Field("grpc-status", "many")),
           Start() + End(Field("grpc-status", "17")),
           Start() + End(Field("grpc-status", "0")),
           Start() + Frame(kData, 0, 1, Message("more")) + Frame(kData, 0, 1, "than one") +
               End(Field("grpc-status", "0")),
       }) {
    const auto answer = Call(bytes);
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable)
        << absl::CHexEscape(bytes) << ": " << answer.status();
    EXPECT_FALSE(ErrorInfoOf(answer.status()).has_value()) << absl::CHexEscape(bytes);
  }
}

TEST(PlainCall, AServerThatSaysNothingOrAlwaysSomethingIsLeftAtTheDeadline) {
  const std::string drip = Frame(kData, 0, 1, "x");
  const auto say = [](const std::string& more) {
    return [more](int fd) {
      pollfd wait{fd, POLLIN, 0};
      // Until the client has gone.
      while (more.empty() ? poll(&wait, 1, 10) >= 0 && !(wait.revents & POLLHUP)
                          : send(fd, more.data(), more.size(), MSG_NOSIGNAL) >= 0) {
        char bytes[65536];
        if (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) == 0) break;
      }
    };
  };
  for (const std::string& more : {std::string(), drip}) {
    const SteadyTime begin = SteadyTime::Now();
    const auto answer = Call(Start(), "question", absl::Milliseconds(200), say(more));
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kDeadlineExceeded) << answer.status();
    EXPECT_LT(SteadyTime::Now() - begin, absl::Seconds(5));
  }
}

}  // namespace
}  // namespace tilewright
