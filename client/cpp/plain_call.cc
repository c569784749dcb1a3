#include "client/cpp/plain_call.h"

#include <google/protobuf/descriptor.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <string_view>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/cpp/owner_process.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

// RFC 9113: frames, their flags, and settings.
enum Frame : uint8_t {
  kData = 0,
  kHeaders = 1,
  kReset = 3,
  kSettings = 4,
  kPing = 6,
  kGoAway = 7,
  kWindowUpdate = 8,
  kContinuation = 9
};
constexpr uint8_t kEndStream = 1;
constexpr uint8_t kAck = 1;
constexpr uint8_t kEndHeaders = 4;
constexpr uint8_t kPadded = 8;
constexpr uint8_t kPriority = 0x20;
constexpr size_t kFrameHeader = 9;
constexpr uint16_t kHeaderTableSize = 1;
constexpr uint16_t kInitialWindow = 4;
// gRPC's own: metadata in binary comes as it is, rather than as base64 in Huffman's code.
constexpr uint16_t kTrueBinaryMetadata = 0xfe03;

constexpr int64_t kDefaultWindow = 65535;
constexpr int64_t kLargestWindow = 0x7fffffff;
constexpr size_t kFrameToSend = 16384;
constexpr size_t kMaxResponseBytes = size_t{512} << 20;
constexpr size_t kMaxHeaderBytes = size_t{1} << 20;
constexpr size_t kMessagePrefix = 5;
constexpr uint32_t kStream = 1;

void Put32(uint32_t value, std::string& to) {
  for (const int shift : {24, 16, 8, 0}) to.push_back(static_cast<char>(value >> shift));
}

uint32_t Get(std::string_view bytes, size_t count) {
  uint32_t value = 0;
  for (size_t i = 0; i < count; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

void PutFrame(Frame type, uint8_t flags, uint32_t stream, std::string_view payload,
              std::string& to) {
  const auto length = static_cast<uint32_t>(payload.size());
  for (const int shift : {16, 8, 0}) to.push_back(static_cast<char>(length >> shift));
  to.push_back(static_cast<char>(type));
  to.push_back(static_cast<char>(flags));
  Put32(stream, to);
  to.append(payload);
}

void PutSetting(uint16_t name, uint32_t value, std::string& to) {
  to.push_back(static_cast<char>(name >> 8));
  to.push_back(static_cast<char>(name));
  Put32(value, to);
}

// RFC 7541, 5.1, with a prefix of 7 bits.
void PutHeaderText(std::string_view text, std::string& to) {
  size_t length = text.size();
  if (length < 127) {
    to.push_back(static_cast<char>(length));
  } else {
    to.push_back(127);
    for (length -= 127; length >= 128; length >>= 7) {
      to.push_back(static_cast<char>(length % 128 + 128));
    }
    to.push_back(static_cast<char>(length));
  }
  to.append(text);
}

// A literal that no table remembers.
void PutHeader(std::string_view name, std::string_view value, std::string& to) {
  to.push_back(0);
  PutHeaderText(name, to);
  PutHeaderText(value, to);
}

// Reads header fields as a server sends them that was given a dynamic table of no size. Names from
// the static table come out empty: none of them matters to a gRPC client.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view block) : rest_(block) {}

  // False at the end, and where the block is malformed, which `ok` tells.
  bool Next(std::string& name, std::string& value) {
    while (ok_ && !rest_.empty()) {
      const auto first = static_cast<uint8_t>(rest_[0]);
      name.clear();
      value.clear();
      if (first & 0x80) {  // Indexed.
        Integer(7);
        continue;
      }
      if ((first & 0xe0) == 0x20) {  // A new size of the table.
        Integer(5);
        continue;
      }
      const uint64_t index = Integer(first & 0x40 ? 6 : 4);
      if (index == 0) name = Text();
      value = Text();
      return ok_;
    }
    return false;
  }

  bool ok() const { return ok_; }

 private:
  uint64_t Integer(int prefix) {
    const uint64_t limit = (uint64_t{1} << prefix) - 1;
    if (rest_.empty()) return Fail();
    uint64_t value = static_cast<uint8_t>(rest_[0]) & limit;
    rest_.remove_prefix(1);
    if (value < limit) return value;
    for (int shift = 0; shift < 32; shift += 7) {
      if (rest_.empty()) return Fail();
      const auto byte = static_cast<uint8_t>(rest_[0]);
      rest_.remove_prefix(1);
      value += uint64_t{byte & 0x7fu} << shift;
      if (!(byte & 0x80)) return value;
    }
    return Fail();
  }

  // Huffman's code, which gRPC does not use where binary metadata goes as it is, comes out empty.
  std::string Text() {
    if (rest_.empty()) return Fail(), "";
    const bool coded = static_cast<uint8_t>(rest_[0]) & 0x80;
    const uint64_t length = Integer(7);
    if (!ok_ || length > rest_.size()) return Fail(), "";
    std::string text(coded ? "" : rest_.substr(0, length));
    rest_.remove_prefix(length);
    return text;
  }

  uint64_t Fail() {
    ok_ = false;
    return 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

// "%20" and the like in grpc-message.
std::string Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && absl::ascii_isxdigit(text[i + 1]) &&
        absl::ascii_isxdigit(text[i + 2])) {
      out += absl::HexStringToBytes(std::string(text.substr(i + 1, 2)));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

absl::Status Broken(const char* what) { return absl::UnavailableError(what); }

// One call on one connection.
class Exchange {
 public:
  Exchange(int fd, SteadyTime deadline) : fd_(fd), deadline_(deadline) {}

  absl::StatusOr<std::string> Run(const std::string& path, const std::string& request) {
    Open(path, request);
    while (!ended_) {
      FillWindow();
      RETURN_IF_ERROR(Transfer());
      RETURN_IF_ERROR(TakeFrames());
    }
    return Result();
  }

 private:
  void Open(const std::string& path, const std::string& request) {
    out_ = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    std::string settings;
    PutSetting(kHeaderTableSize, 0, settings);
    PutSetting(kInitialWindow, kLargestWindow, settings);
    PutSetting(kTrueBinaryMetadata, 1, settings);
    PutFrame(kSettings, 0, 0, settings, out_);
    std::string window;
    Put32(static_cast<uint32_t>(kLargestWindow - kDefaultWindow), window);
    PutFrame(kWindowUpdate, 0, 0, window, out_);
    const int64_t left = TimeUntil(deadline_).count();
    std::string headers;
    PutHeader(":method", "POST", headers);
    PutHeader(":scheme", "http", headers);
    PutHeader(":path", path, headers);
    PutHeader(":authority", "tilewrightd", headers);
    PutHeader("te", "trailers", headers);
    PutHeader("content-type", "application/grpc", headers);
    // At most eight digits.
    PutHeader("grpc-timeout", absl::StrCat(std::clamp<int64_t>(left, 1, 99'999'999), "m"), headers);
    PutFrame(kHeaders, kEndHeaders, kStream, headers, out_);
    body_.push_back(0);  // Not compressed.
    Put32(static_cast<uint32_t>(request.size()), body_);
    body_ += request;
  }

  // Moves as much of the body as the server has room for.
  void FillWindow() {
    while (body_sent_ < body_.size()) {
      const int64_t room = std::min(stream_window_, connection_window_);
      if (room <= 0) return;
      const size_t size =
          std::min({body_.size() - body_sent_, static_cast<size_t>(room), kFrameToSend});
      const bool last = body_sent_ + size == body_.size();
      PutFrame(kData, last ? kEndStream : 0, kStream,
               std::string_view(body_).substr(body_sent_, size), out_);
      body_sent_ += size;
      stream_window_ -= static_cast<int64_t>(size);
      connection_window_ -= static_cast<int64_t>(size);
    }
  }

  // Writes what there is to be written, or reads what came.
  absl::Status Transfer() {
    pollfd wait{fd_, static_cast<short>(out_.empty() ? POLLIN : POLLIN | POLLOUT), 0};
    const int64_t left = TimeUntil(deadline_).count();
    const int ready = poll(&wait, 1, static_cast<int>(std::clamp<int64_t>(left, 0, 1 << 30)));
    if (ready == 0) return absl::DeadlineExceededError("no reply");
    if (ready < 0) return errno == EINTR ? absl::OkStatus() : Broken("poll failed");
    if (wait.revents & POLLOUT) {
      const ssize_t count = send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count > 0) out_.erase(0, static_cast<size_t>(count));
      if (count < 0 && errno != EAGAIN && errno != EINTR) return Broken("the connection broke");
    }
    if (wait.revents & (POLLIN | POLLHUP | POLLERR)) {
      char bytes[65536];
      const ssize_t count = recv(fd_, bytes, sizeof(bytes), MSG_DONTWAIT);
      if (count > 0) in_.append(bytes, static_cast<size_t>(count));
      if (count == 0) return Broken("the connection was closed");
      if (count < 0 && errno != EAGAIN && errno != EINTR) return Broken("the connection broke");
    }
    return absl::OkStatus();
  }

  absl::Status TakeFrames() {
    size_t begin = 0;
    while (!ended_ && in_.size() - begin >= kFrameHeader) {
      const std::string_view frame = std::string_view(in_).substr(begin);
      const size_t length = Get(frame, 3);
      if (frame.size() < kFrameHeader + length) break;
      RETURN_IF_ERROR(Take(static_cast<uint8_t>(frame[3]), static_cast<uint8_t>(frame[4]),
                           Get(frame.substr(5), 4) & 0x7fffffff,
                           frame.substr(kFrameHeader, length)));
      begin += kFrameHeader + length;
    }
    in_.erase(0, begin);
    return absl::OkStatus();
  }

  absl::Status Take(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
    switch (type) {
      case kSettings:
        return TakeSettings(flags, payload);
      case kPing:
        if (!(flags & kAck)) PutFrame(kPing, kAck, 0, payload, out_);
        return absl::OkStatus();
      case kWindowUpdate:
        if (payload.size() != 4) return Broken("a malformed frame");
        (stream == 0 ? connection_window_ : stream_window_) += Get(payload, 4) & 0x7fffffff;
        return absl::OkStatus();
      case kGoAway:
        return Broken("the server ended the connection");
      case kReset:
        return stream == kStream ? Broken("the server ended the call") : absl::OkStatus();
      case kData:
        if (!StripPadding(flags, payload)) return Broken("a malformed frame");
        reply_.append(payload);
        if (reply_.size() > kMaxResponseBytes) {
          return absl::ResourceExhaustedError("the reply is too large");
        }
        ended_ = flags & kEndStream;
        return absl::OkStatus();
      case kHeaders:
        if (!StripPadding(flags, payload)) return Broken("a malformed frame");
        if (flags & kPriority) payload.remove_prefix(std::min<size_t>(5, payload.size()));
        last_headers_ = flags & kEndStream;
        headers_.assign(payload);
        return flags & kEndHeaders ? TakeHeaders() : absl::OkStatus();
      case kContinuation:
        headers_.append(payload);
        if (headers_.size() > kMaxHeaderBytes) return Broken("metadata without an end");
        return flags & kEndHeaders ? TakeHeaders() : absl::OkStatus();
      default:
        return absl::OkStatus();
    }
  }

  static bool StripPadding(uint8_t flags, std::string_view& payload) {
    if (!(flags & kPadded)) return true;
    if (payload.empty() || static_cast<uint8_t>(payload[0]) >= payload.size()) return false;
    payload = payload.substr(1, payload.size() - 1 - static_cast<uint8_t>(payload[0]));
    return true;
  }

  absl::Status TakeSettings(uint8_t flags, std::string_view payload) {
    if (flags & kAck) return absl::OkStatus();
    for (; payload.size() >= 6; payload.remove_prefix(6)) {
      if (Get(payload, 2) != kInitialWindow) continue;
      const int64_t window = Get(payload.substr(2), 4);
      stream_window_ += window - initial_window_;
      initial_window_ = window;
    }
    PutFrame(kSettings, kAck, 0, "", out_);
    return absl::OkStatus();
  }

  absl::Status TakeHeaders() {
    HeaderReader reader(headers_);
    for (std::string name, value; reader.Next(name, value);) {
      if (name == "grpc-status" && !absl::SimpleAtoi(value, &code_)) code_ = -1;
      if (name == "grpc-message") message_ = Unescape(value);
      // A byte 0 says that the rest is as it is.
      if (name == "grpc-status-details-bin" && !value.empty() && value[0] == 0) {
        details_ = value.substr(1);
      }
    }
    if (!reader.ok()) return Broken("malformed metadata");
    ended_ = last_headers_;
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Result() const {
    if (code_ < 0 || code_ > 16) return Broken("the call ended without a status");
    if (code_ != 0) {
      return FromStatusDetails(static_cast<absl::StatusCode>(code_), message_, details_);
    }
    if (reply_.size() < kMessagePrefix || reply_[0] != 0 ||
        Get(std::string_view(reply_).substr(1), 4) != reply_.size() - kMessagePrefix) {
      return Broken("a malformed reply");
    }
    return reply_.substr(kMessagePrefix);
  }

  const int fd_;
  const SteadyTime deadline_;
  std::string out_;
  std::string in_;
  std::string body_;
  size_t body_sent_ = 0;
  int64_t initial_window_ = kDefaultWindow;
  int64_t stream_window_ = kDefaultWindow;
  int64_t connection_window_ = kDefaultWindow;
  std::string headers_;
  bool last_headers_ = false;
  std::string reply_;
  bool ended_ = false;
  int code_ = -1;
  std::string message_;
  std::string details_;
};

std::atomic<uint64_t> grpc_process{0};

// "/tilewright.v1.KernelService/GetKernel"
std::string PathOf(const google::protobuf::Descriptor* request) {
  const google::protobuf::FileDescriptor* file = request->file();
  for (int i = 0; i < file->service_count(); ++i) {
    for (int j = 0; j < file->service(i)->method_count(); ++j) {
      const google::protobuf::MethodDescriptor* method = file->service(i)->method(j);
      if (method->input_type() == request) {
        return absl::StrCat("/", method->service()->full_name(), "/", method->name());
      }
    }
  }
  return "";
}

}  // namespace

void NoteGrpcUse() {
  uint64_t none = 0;
  grpc_process.compare_exchange_strong(none, ThisProcess());
}

bool GrpcIsInherited() {
  const uint64_t process = grpc_process.load();
  return process != 0 && process != ThisProcess();
}

absl::StatusOr<std::string> PlainCall(int fd, const std::string& path, const std::string& request,
                                      SteadyTime deadline) {
  const absl::Cleanup closer = [fd] { close(fd); };
  return Exchange(fd, deadline).Run(path, request);
}

absl::Status PlainCall(const ConnectOptions& options, const google::protobuf::Message& request,
                       SteadyTime deadline, google::protobuf::Message* response) {
  ASSIGN_OR_RETURN(const int fd, Dial(options.socket_path, deadline, options.daemon_user));
  ASSIGN_OR_RETURN(const std::string reply, PlainCall(fd, PathOf(request.GetDescriptor()),
                                                      request.SerializeAsString(), deadline));
  if (response->ParseFromString(reply)) return absl::OkStatus();
  return absl::InternalError("the reply cannot be read");
}

}  // namespace tilewright
