// The RPCs of Connection that have to do with signers and keys.
#include "client/cpp/connection_impl.h"
#include "tilewright/connection.h"

namespace tilewright {
namespace {

using Stub = v1::CacheService::Stub;

}  // namespace

absl::StatusOr<v1::ListSignersResponse> Connection::ListSigners() {
  return impl_->Call<v1::ListSignersResponse>(*impl_->cache, &Stub::ListSigners,
                                              v1::ListSignersRequest(), kCallTimeout);
}

absl::StatusOr<v1::Signer> Connection::TrustSigner(const v1::TrustSignerRequest& request) {
  return impl_->Call<v1::Signer>(*impl_->cache, &Stub::TrustSigner, request, kCallTimeout);
}

absl::StatusOr<v1::DistrustSignerResponse> Connection::DistrustSigner(const std::string& signer) {
  v1::DistrustSignerRequest request;
  request.set_signer(signer);
  return impl_->Call<v1::DistrustSignerResponse>(*impl_->cache, &Stub::DistrustSigner, request,
                                                 kCallTimeout);
}

absl::StatusOr<v1::AdoptWinnersResponse> Connection::AdoptWinners() {
  return impl_->Call<v1::AdoptWinnersResponse>(*impl_->cache, &Stub::AdoptWinners,
                                               v1::AdoptWinnersRequest(), kCallTimeout);
}

absl::StatusOr<v1::SigningKey> Connection::GetSigningKey() {
  return impl_->Call<v1::SigningKey>(*impl_->cache, &Stub::GetSigningKey,
                                     v1::GetSigningKeyRequest(), kCallTimeout);
}

absl::StatusOr<v1::SigningKey> Connection::RotateSigningKey() {
  return impl_->Call<v1::SigningKey>(*impl_->cache, &Stub::RotateSigningKey,
                                     v1::RotateSigningKeyRequest(), kCallTimeout);
}

}  // namespace tilewright
