// The part of worker_process.h that sends and receives messages.
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/support/status_macros.h"
#include "proto/support/text.h"
#include "tuner/worker/worker_process.h"

namespace tilewright {
namespace {

constexpr std::size_t kHeaderBytes = 4;
// A length is believed only as far as bytes have come: the buffer grows by this much.
constexpr std::size_t kReadChunkBytes = 4u << 20;

absl::Status SocketError(const char* what, int error) {
  const std::string message = absl::StrCat(what, ": ", std::strerror(error));
  if (error == EPIPE || error == ECONNRESET) return absl::UnavailableError(message);
  return absl::InternalError(message);
}

// How long `check` is not asked.
constexpr absl::Duration kCheckInterval = absl::Milliseconds(100);

// How one waits for the other process.
struct Patience {
  SteadyTime deadline;
  const WaitCheck& check;
};

// For poll. Rounded up, so that the last wait does not spin; poll takes at most 2^31-1 ms.
int ToPollTimeout(absl::Duration wait) {
  if (wait == absl::InfiniteDuration()) return -1;
  const std::int64_t ms = absl::ToInt64Milliseconds(wait) + (wait > absl::ZeroDuration());
  return static_cast<int>(std::clamp<std::int64_t>(ms, 0, 1 << 30));
}

// Waits until `fd` is ready for `events`.
absl::Status WaitFor(int fd, short events, const Patience& patience) {
  for (;;) {
    const absl::Duration left = patience.deadline - SteadyTime::Now();
    pollfd entry = {fd, events, 0};
    const int ready =
        poll(&entry, 1, ToPollTimeout(patience.check ? std::min(left, kCheckInterval) : left));
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR) return SocketError("poll", errno);
    if (patience.check) RETURN_IF_ERROR(patience.check());
    if (ready == 0 && SteadyTime::Now() >= patience.deadline) {
      return absl::DeadlineExceededError("no answer from the other process in time");
    }
  }
}

absl::Status WriteAll(int fd, const char* bytes, std::size_t count, const Patience& patience) {
  while (count > 0) {
    const ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes += sent;
      count -= static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      RETURN_IF_ERROR(WaitFor(fd, POLLOUT, patience));
    } else if (errno != EINTR) {
      return SocketError("writing to the other process", errno);
    }
  }
  return absl::OkStatus();
}

absl::Status ReadAll(int fd, char* bytes, std::size_t count, const Patience& patience) {
  while (count > 0) {
    const ssize_t received = recv(fd, bytes, count, MSG_DONTWAIT);
    if (received > 0) {
      bytes += received;
      count -= static_cast<std::size_t>(received);
    } else if (received == 0) {
      return absl::UnavailableError("the other process closed the connection");
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      RETURN_IF_ERROR(WaitFor(fd, POLLIN, patience));
    } else if (errno != EINTR) {
      return SocketError("reading from the other process", errno);
    }
  }
  return absl::OkStatus();
}

absl::Status TooLarge(std::size_t bytes) {
  return absl::ResourceExhaustedError(absl::StrCat(
      "a worker message of ", bytes, " bytes is above the limit of ", kMaxWorkerMessageBytes));
}

}  // namespace

absl::Status WriteMessage(int fd, const google::protobuf::Message& message, SteadyTime deadline,
                          const WaitCheck& check) {
  // A path, or what a compiler or a driver says, may hold any byte; one such string would make
  // the whole message unreadable to the other process.
  if (!CheckUtf8(message).ok()) {
    const std::unique_ptr<google::protobuf::Message> escaped(message.New());
    escaped->CopyFrom(message);
    MakeUtf8(*escaped);
    return WriteMessage(fd, *escaped, deadline, check);
  }
  const std::size_t size = message.ByteSizeLong();
  if (size > kMaxWorkerMessageBytes) return TooLarge(size);
  std::string frame(kHeaderBytes + size, '\0');
  for (std::size_t i = 0; i < kHeaderBytes; ++i) {
    frame[i] = static_cast<char>(size >> (8 * i) & 0xff);
  }
  if (!message.SerializeToArray(frame.data() + kHeaderBytes, static_cast<int>(size))) {
    return absl::InternalError("a worker message cannot be serialized");
  }
  return WriteAll(fd, frame.data(), frame.size(), {deadline, check});
}

absl::Status ReadMessage(int fd, SteadyTime deadline, google::protobuf::MessageLite* message,
                         const WaitCheck& check) {
  const Patience patience = {deadline, check};
  std::array<char, kHeaderBytes> header;
  RETURN_IF_ERROR(ReadAll(fd, header.data(), header.size(), patience));
  std::size_t size = 0;
  for (std::size_t i = 0; i < kHeaderBytes; ++i) {
    size |= std::size_t{static_cast<unsigned char>(header[i])} << (8 * i);
  }
  if (size > kMaxWorkerMessageBytes) return TooLarge(size);
  std::string body;
  while (body.size() < size) {
    const std::size_t begin = body.size();
    body.resize(std::min(size, begin + kReadChunkBytes));
    RETURN_IF_ERROR(ReadAll(fd, body.data() + begin, body.size() - begin, patience));
  }
  if (!message->ParseFromString(body)) {
    return absl::DataLossError("the other process sent bytes that are not a message");
  }
  return absl::OkStatus();
}

}  // namespace tilewright
