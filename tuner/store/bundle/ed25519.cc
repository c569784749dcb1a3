#include "tuner/store/bundle/ed25519.h"

#include <openssl/evp.h>

#include <memory>

#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

struct Deleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

absl::Status CryptoFailed() {
  return MakeError(absl::StatusCode::kInternal, "CRYPTO_FAILED", "OpenSSL refused Ed25519");
}

absl::StatusOr<Key> PrivateKey(std::string_view bytes) {
  if (bytes.size() != kEd25519KeyBytes) {
    return MakeError(absl::StatusCode::kInvalidArgument, "SIGNING_KEY_INVALID",
                     "a signing key has 32 bytes");
  }
  Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, Bytes(bytes), bytes.size()));
  if (key == nullptr) return CryptoFailed();
  return key;
}

}  // namespace

absl::StatusOr<std::string> GenerateEd25519Key() {
  const std::unique_ptr<EVP_PKEY_CTX, Deleter> context(
      EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nullptr));
  EVP_PKEY* generated = nullptr;
  if (context == nullptr || EVP_PKEY_keygen_init(context.get()) != 1 ||
      EVP_PKEY_keygen(context.get(), &generated) != 1) {
    return CryptoFailed();
  }
  const Key key(generated);
  std::string bytes(kEd25519KeyBytes, '\0');
  std::size_t size = bytes.size();
  if (EVP_PKEY_get_raw_private_key(key.get(), reinterpret_cast<unsigned char*>(bytes.data()),
                                   &size) != 1) {
    return CryptoFailed();
  }
  return bytes;
}

absl::StatusOr<std::string> Ed25519PublicKey(std::string_view private_key) {
  ASSIGN_OR_RETURN(const Key key, PrivateKey(private_key));
  std::string bytes(kEd25519KeyBytes, '\0');
  std::size_t size = bytes.size();
  if (EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(bytes.data()),
                                  &size) != 1) {
    return CryptoFailed();
  }
  return bytes;
}

absl::StatusOr<std::string> Ed25519Sign(std::string_view private_key, std::string_view message) {
  ASSIGN_OR_RETURN(const Key key, PrivateKey(private_key));
  const std::unique_ptr<EVP_MD_CTX, Deleter> context(EVP_MD_CTX_new());
  std::string signature(kEd25519SignatureBytes, '\0');
  std::size_t size = signature.size();
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     Bytes(message), message.size()) != 1) {
    return CryptoFailed();
  }
  return signature;
}

bool Ed25519Verify(std::string_view public_key, std::string_view message,
                   std::string_view signature) {
  const Key key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(public_key), public_key.size()));
  const std::unique_ptr<EVP_MD_CTX, Deleter> context(EVP_MD_CTX_new());
  return key != nullptr && context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message),
                          message.size()) == 1;
}

}  // namespace tilewright
