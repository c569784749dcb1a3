#include "tuner/store/sealed_blob.h"

#include "proto/support/sha256.h"
#include "tuner/store/little_endian.h"

namespace tilewright {
namespace {

constexpr std::size_t kSealBytes = 32;

std::string SealOf(std::initializer_list<std::string_view> context, std::string_view payload) {
  std::string text;
  for (const std::string_view part : context) {
    AppendUint64(part.size(), &text);
    text.append(part);
  }
  text.append(payload);
  return Sha256(text);
}

}  // namespace

std::string Seal(std::initializer_list<std::string_view> context, std::string_view payload) {
  return SealOf(context, payload).append(payload);
}

std::optional<std::string_view> Unseal(std::initializer_list<std::string_view> context,
                                       std::string_view sealed) {
  if (sealed.size() < kSealBytes) return std::nullopt;
  const std::string_view payload = sealed.substr(kSealBytes);
  if (SealOf(context, payload) != sealed.substr(0, kSealBytes)) return std::nullopt;
  return payload;
}

}  // namespace tilewright
