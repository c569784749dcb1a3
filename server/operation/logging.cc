#include "server/operation/logging.h"

#include <fcntl.h>
#include <grpc/support/log.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "proto/support/text.h"

namespace tilewright {
namespace {

constexpr char kLoggerName[] = "tilewrightd";

// Writes the message as a JSON string: quotes, control characters and broken UTF-8 from a client or
// a compiler must not break the line.
class JsonMessageFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const nlohmann::json text =
        ToUtf8(std::string_view(message.payload.data(), message.payload.size()));
    const std::string quoted = text.dump();
    out.append(quoted.data(), quoted.data() + quoted.size());
  }

  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JsonMessageFlag>();
  }
};

// Writes the message on one line, without anything that a terminal would obey.
class TextMessageFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const std::string text =
        Printable(std::string_view(message.payload.data(), message.payload.size()));
    out.append(text.data(), text.data() + text.size());
  }

  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<TextMessageFlag>();
  }
};

std::unique_ptr<spdlog::formatter> MakeFormatter(LogFormat format) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  if (format == LogFormat::kJson) {
    formatter->add_flag<JsonMessageFlag>('*').set_pattern(
        R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","thread":%t,"message":%*})");
  } else {
    formatter->add_flag<TextMessageFlag>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %*");
  }
  return formatter;
}

// Shows gRPC's errors as warnings. Its other lines do not help operators.
void LogOfGrpc(gpr_log_func_args* line) {
  const auto level =
      line->severity == GPR_LOG_SEVERITY_ERROR ? spdlog::level::warn : spdlog::level::debug;
  spdlog::log(level, "grpc: {}", line->message);
}

}  // namespace

absl::Status OpenLogFile(const Config& config) {
  if (config.log_file.empty()) return absl::OkStatus();
  // Without O_NONBLOCK, opening a FIFO would block the reload until somebody reads it.
  const int fd =
      open(config.log_file.c_str(),
           O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
  struct stat info;
  const bool seen = fd >= 0 && fstat(fd, &info) == 0;
  const bool is_file = seen && S_ISREG(info.st_mode);
  const bool taken = is_file && dup2(fd, STDERR_FILENO) >= 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  if (taken) return absl::OkStatus();
  // ENXIO means that the file is a FIFO without a reader.
  const bool is_other = (seen && !is_file) || (fd < 0 && error == ENXIO);
  return absl::FailedPreconditionError(
      absl::StrCat("log_file ", config.log_file,
                   is_other ? ": is no regular file: remove it, or name another one"
                            : absl::StrCat(": cannot be opened: ", std::strerror(error))));
}

void SetUpLogging(const Config& config) {
  // The second call changes the logger in place, because other threads may be logging.
  std::shared_ptr<spdlog::logger> logger = spdlog::get(kLoggerName);
  const bool first = logger == nullptr;
  if (first) {
    logger = std::make_shared<spdlog::logger>(kLoggerName,
                                              std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->flush_on(spdlog::level::trace);
  }
  logger->set_formatter(MakeFormatter(config.log_format));
  logger->set_level(spdlog::level::from_str(config.log_level));
  if (first) spdlog::set_default_logger(std::move(logger));
  gpr_set_log_function(LogOfGrpc);
}

}  // namespace tilewright
