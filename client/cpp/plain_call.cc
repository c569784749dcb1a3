#include "client/cpp/plain_call.h"

#include <google/protobuf/descriptor.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/cpp/owner_process.h"
#include "client/cpp/rpc_status.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

constexpr size_t kMaxReplyBytes = size_t{512} << 20;
constexpr int32_t kLargestWindow = 0x7fffffff;
constexpr size_t kMessagePrefix = 5;

// Returns the length of a message from the prefix that gRPC writes before it.
uint32_t LengthIn(std::string_view prefix) {
  uint32_t length = 0;
  for (const char byte : prefix.substr(1, 4)) length = length << 8 | static_cast<uint8_t>(byte);
  return length;
}

std::string WithPrefix(std::string_view message) {
  std::string prefixed(1, '\0');  // Not compressed.
  for (const int shift : {24, 16, 8, 0}) {
    prefixed.push_back(static_cast<char>(message.size() >> shift));
  }
  return prefixed.append(message);
}

// Decodes "%20" and the like in grpc-message.
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

// libnghttp2 has a text for each of its error codes.
absl::Status Broken(int nghttp2_error) { return Broken(nghttp2_strerror(nghttp2_error)); }

nghttp2_nv Header(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

// One call on one connection. libnghttp2 gets the received bytes and says what to send.
class Exchange {
 public:
  Exchange(int fd, SteadyTime deadline) : fd_(fd), deadline_(deadline) {}
  ~Exchange() { nghttp2_session_del(session_); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  absl::StatusOr<std::string> Run(const std::string& path, std::string_view request) {
    RETURN_IF_ERROR(Open(path, request));
    while (!ended_) {
      RETURN_IF_ERROR(FillOut());
      RETURN_IF_ERROR(Transfer());
    }
    return Result();
  }

 private:
  static Exchange& Of(void* exchange) { return *static_cast<Exchange*>(exchange); }

  absl::Status Open(const std::string& path, std::string_view request) {
    body_ = WithPrefix(request);
    nghttp2_session_callbacks* callbacks = nullptr;
    if (nghttp2_session_callbacks_new(&callbacks) != 0) return Broken(NGHTTP2_ERR_NOMEM);
    const absl::Cleanup callbacks_deleter = [callbacks] {
      nghttp2_session_callbacks_del(callbacks);
    };
    nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnData);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnClose);
    nghttp2_option* options = nullptr;
    if (nghttp2_option_new(&options) != 0) return Broken(NGHTTP2_ERR_NOMEM);
    const absl::Cleanup options_deleter = [options] { nghttp2_option_del(options); };
    // gRPC sends blanks at the ends of a message unchanged.
    nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(options, 1);
    if (const int error = nghttp2_session_client_new2(&session_, callbacks, this, options);
        error != 0) {
      return Broken(error);
    }
    // A reply may be large, and is read while it comes.
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kLargestWindow},
    };
    if (const int error =
            nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
        error != 0) {
      return Broken(error);
    }
    if (const int error =
            nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kLargestWindow);
        error != 0) {
      return Broken(error);
    }
    // gRPC allows at most eight digits.
    const std::string timeout =
        absl::StrCat(std::clamp<int64_t>(TimeUntil(deadline_).count(), 1, 99'999'999), "m");
    const nghttp2_nv headers[] = {
        Header(":method", "POST"),       Header(":scheme", "http"),
        Header(":path", path),           Header(":authority", "tilewrightd"),
        Header("te", "trailers"),        Header("content-type", "application/grpc"),
        Header("grpc-timeout", timeout),
    };
    nghttp2_data_provider body{};
    body.read_callback = ReadBody;
    const int32_t stream =
        nghttp2_submit_request(session_, nullptr, headers, std::size(headers), &body, nullptr);
    return stream < 0 ? Broken(stream) : absl::OkStatus();
  }

  // Takes the next bytes to write, after all earlier ones are written.
  absl::Status FillOut() {
    if (!out_.empty() || !takes_more_) return absl::OkStatus();
    const uint8_t* bytes = nullptr;
    const ssize_t count = nghttp2_session_mem_send(session_, &bytes);
    if (count < 0) return Broken(static_cast<int>(count));
    out_.assign(reinterpret_cast<const char*>(bytes), static_cast<size_t>(count));
    if (out_.empty() && !nghttp2_session_want_read(session_)) {
      return Broken("the server ended the connection");
    }
    return absl::OkStatus();
  }

  // Writes the next bytes, or reads the bytes that came.
  absl::Status Transfer() {
    pollfd wait{fd_, static_cast<short>(out_.empty() ? POLLIN : POLLIN | POLLOUT), 0};
    const int64_t left = TimeUntil(deadline_).count();
    // Checked also while bytes come: a server that always sends something would never let this end.
    if (left <= 0) return absl::DeadlineExceededError("no reply");
    const int ready = poll(&wait, 1, static_cast<int>(std::min<int64_t>(left, 1 << 30)));
    if (ready == 0) return absl::DeadlineExceededError("no reply");
    if (ready < 0) return errno == EINTR ? absl::OkStatus() : Broken("poll failed");
    if (wait.revents & POLLOUT) {
      const ssize_t count = send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count > 0) out_.erase(0, static_cast<size_t>(count));
      if (count < 0 && errno != EAGAIN && errno != EINTR) {
        // A server that answered early takes no more bytes. Its answer must still be read.
        takes_more_ = false;
        out_.clear();
      }
    }
    if (wait.revents & (POLLIN | POLLHUP | POLLERR)) {
      uint8_t bytes[65536];
      const ssize_t count = recv(fd_, bytes, sizeof(bytes), MSG_DONTWAIT);
      if (count == 0) return Broken("the connection was closed");
      if (count < 0) {
        return errno == EAGAIN || errno == EINTR ? absl::OkStatus()
                                                 : Broken("the connection broke");
      }
      const ssize_t taken = nghttp2_session_mem_recv(session_, bytes, static_cast<size_t>(count));
      if (too_large_) return absl::ResourceExhaustedError("the reply is too large");
      if (taken < 0) return Broken(static_cast<int>(taken));
    }
    return absl::OkStatus();
  }

  static ssize_t ReadBody(nghttp2_session*, int32_t, uint8_t* to, size_t room, uint32_t* flags,
                          nghttp2_data_source*, void* exchange) {
    Exchange& self = Of(exchange);
    const size_t size = self.body_.copy(reinterpret_cast<char*>(to), room, self.body_sent_);
    self.body_sent_ += size;
    if (self.body_sent_ == self.body_.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  }

  static int OnHeader(nghttp2_session*, const nghttp2_frame*, const uint8_t* name_bytes,
                      size_t name_size, const uint8_t* value_bytes, size_t value_size, uint8_t,
                      void* exchange) {
    Exchange& self = Of(exchange);
    const std::string name(reinterpret_cast<const char*>(name_bytes), name_size);
    const std::string value(reinterpret_cast<const char*>(value_bytes), value_size);
    if (name == "grpc-status" && !absl::SimpleAtoi(value, &self.code_)) self.code_ = -1;
    if (name == "grpc-message") self.message_ = Unescape(value);
    if (name == "grpc-status-details-bin") absl::Base64Unescape(value, &self.details_);
    return 0;
  }

  static int OnData(nghttp2_session*, uint8_t, int32_t, const uint8_t* bytes, size_t size,
                    void* exchange) {
    Exchange& self = Of(exchange);
    self.reply_.append(reinterpret_cast<const char*>(bytes), size);
    self.too_large_ = self.reply_.size() > kMaxReplyBytes;
    return self.too_large_ ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
  }

  // Ends the call: the server has sent everything, perhaps before it read everything.
  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* exchange) {
    const bool of_the_call = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    if (of_the_call && frame->hd.flags & NGHTTP2_FLAG_END_STREAM) Of(exchange).ended_ = true;
    return 0;
  }

  static int OnClose(nghttp2_session*, int32_t, uint32_t, void* exchange) {
    Of(exchange).ended_ = true;
    return 0;
  }

  absl::StatusOr<std::string> Result() const {
    if (code_ < 0 || code_ > 16) return Broken("the call ended without a status");
    if (code_ != 0) {
      return WithReason(
          FromStatusDetails(static_cast<absl::StatusCode>(code_), message_, details_));
    }
    if (reply_.size() < kMessagePrefix || reply_[0] != 0 ||
        LengthIn(reply_) != reply_.size() - kMessagePrefix) {
      return Broken("a malformed reply");
    }
    return reply_.substr(kMessagePrefix);
  }

  const int fd_;
  const SteadyTime deadline_;
  nghttp2_session* session_ = nullptr;
  std::string out_;
  bool takes_more_ = true;  // Whether the server still reads what is sent.
  std::string body_;
  size_t body_sent_ = 0;
  std::string reply_;
  bool too_large_ = false;
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
