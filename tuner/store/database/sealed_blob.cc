#include "tuner/store/database/sealed_blob.h"

#include <openssl/evp.h>

#include <cstddef>
#include <cstdlib>

#include "tuner/store/little_endian.h"

namespace tilewright {
namespace {

constexpr std::size_t kSealBytes = 32;

// Looks up the digest once and keeps its context. OpenSSL's one-call form looks it up by name each
// time. That costs as much as hashing a row and adds up over 100,000 rows.
class Hasher {
 public:
  Hasher() : context_(EVP_MD_CTX_new()), digest_(EVP_MD_fetch(nullptr, "SHA256", nullptr)) {}
  ~Hasher() {
    EVP_MD_CTX_free(context_);
    EVP_MD_free(digest_);
  }
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  std::string Hash(std::string_view head, std::string_view body) {
    std::string hash(kSealBytes, '\0');
    const bool hashed =
        EVP_DigestInit_ex2(context_, digest_, nullptr) == 1 &&
        EVP_DigestUpdate(context_, head.data(), head.size()) == 1 &&
        EVP_DigestUpdate(context_, body.data(), body.size()) == 1 &&
        EVP_DigestFinal_ex(context_, reinterpret_cast<unsigned char*>(hash.data()), nullptr) == 1;
    // Without SHA-256 there is no store: bundles, keys and cubins need it too.
    if (!hashed) std::abort();
    return hash;
  }

 private:
  EVP_MD_CTX* const context_;
  EVP_MD* const digest_;
};

std::string SealOf(std::initializer_list<std::string_view> context, std::string_view payload) {
  thread_local Hasher hasher;
  std::string head;
  for (const std::string_view part : context) {
    AppendUint64(part.size(), &head);
    head.append(part);
  }
  return hasher.Hash(head, payload);
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
