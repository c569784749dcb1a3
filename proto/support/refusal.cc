#include "proto/support/refusal.h"

#include <cstddef>
#include <cstdint>

namespace tilewright {
namespace {

// RFC 9113, 4.1: length (24 bits), type, flags, stream.
constexpr std::size_t kFrameHeader = 9;
constexpr char kSettings = 4;
constexpr char kGoAway = 7;
// The last stream and the error code, before the debug data.
constexpr std::size_t kGoAwayFields = 8;
constexpr char kNoMoreThanThis = 0xb;  // ENHANCE_YOUR_CALM
constexpr std::string_view kMark = "tilewright ";
constexpr std::size_t kLongestMessage = 1000;

std::string FrameHeader(std::size_t length, char type) {
  return {static_cast<char>(length >> 16),
          static_cast<char>(length >> 8),
          static_cast<char>(length),
          type,
          0,
          0,
          0,
          0,
          0};
}

std::size_t LengthOf(std::string_view frame) {
  return std::size_t{static_cast<uint8_t>(frame[0])} << 16 |
         std::size_t{static_cast<uint8_t>(frame[1])} << 8 | static_cast<uint8_t>(frame[2]);
}

}  // namespace

std::string EncodeRefusal(const Refusal& refusal) {
  std::string text(kMark);
  text += refusal.reason + ": " + refusal.message.substr(0, kLongestMessage);
  std::string bytes = FrameHeader(0, kSettings);
  bytes += FrameHeader(kGoAwayFields + text.size(), kGoAway);
  bytes += std::string(kGoAwayFields - 1, '\0') + kNoMoreThanThis + text;
  return bytes;
}

Greeting ReadGreeting(std::string_view bytes, Refusal& refusal) {
  if (bytes.size() < kFrameHeader) return Greeting::kTooShort;
  if (bytes[3] != kSettings || bytes[5] != 0 || bytes[8] != 0) return Greeting::kForeign;
  const std::size_t settings = kFrameHeader + LengthOf(bytes);
  // A refusal comes in one piece. If some of it is missing, it is not a refusal.
  if (bytes.size() < settings + kFrameHeader + kGoAwayFields) return Greeting::kServes;
  const std::string_view next = bytes.substr(settings);
  if (next[3] != kGoAway) return Greeting::kServes;
  std::string_view text = next.substr(kFrameHeader).substr(0, LengthOf(next));
  text.remove_prefix(text.size() < kGoAwayFields ? text.size() : kGoAwayFields);
  if (text.substr(0, kMark.size()) != kMark) return Greeting::kServes;
  text.remove_prefix(kMark.size());
  const std::size_t colon = text.find(": ");
  if (colon == std::string_view::npos) return Greeting::kServes;
  refusal.reason = std::string(text.substr(0, colon));
  refusal.message = std::string(text.substr(colon + 2));
  return Greeting::kRefuses;
}

}  // namespace tilewright
