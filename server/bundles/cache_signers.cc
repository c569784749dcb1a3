// The RPCs of CacheService that have to do with signers and keys: for administrators.
#include <utility>

#include "proto/support/status_macros.h"
#include "server/bundles/cache_service.h"
#include "server/net/caller.h"
#include "server/net/request_check.h"
#include "server/net/unary_reply.h"

namespace tilewright {

// ReplyLater, where the caller may `what`.
template <typename Response, typename Work>
grpc::ServerUnaryReactor* CacheServiceImpl::ReplyToAdministrator(
    grpc::CallbackServerContext* context, const google::protobuf::Message& request,
    std::string_view what, CallKind kind, Response* response, Work work) {
  context_.metrics.other_calls.fetch_add(1, std::memory_order_relaxed);
  if (const absl::Status known = CheckKnown(request); !known.ok()) return Reply(context, known);
  const absl::Status permitted =
      context_.permissions.RequireAdministrator(CallerOf(*context), what);
  if (!permitted.ok()) return Reply(context, permitted);
  return ReplyLater(context, context_.executor, context_.stop, kind, response, std::move(work));
}

grpc::ServerUnaryReactor* CacheServiceImpl::ListSigners(grpc::CallbackServerContext* context,
                                                        const v1::ListSignersRequest* request,
                                                        v1::ListSignersResponse* response) {
  return ReplyToAdministrator(context, *request, "list signers", CallKind::kReads, response,
                              [this] { return context_.signers.List(); });
}

grpc::ServerUnaryReactor* CacheServiceImpl::TrustSigner(grpc::CallbackServerContext* context,
                                                        const v1::TrustSignerRequest* request,
                                                        v1::Signer* response) {
  return ReplyToAdministrator(context, *request, "trust signers", CallKind::kChanges, response,
                              [this, wanted = *request] { return context_.signers.Trust(wanted); });
}

grpc::ServerUnaryReactor* CacheServiceImpl::DistrustSigner(grpc::CallbackServerContext* context,
                                                           const v1::DistrustSignerRequest* request,
                                                           v1::DistrustSignerResponse* response) {
  return ReplyToAdministrator(
      context, *request, "stop trusting signers", CallKind::kChanges, response,
      [this, wanted = *request] { return context_.signers.Distrust(wanted); });
}

grpc::ServerUnaryReactor* CacheServiceImpl::AdoptWinners(grpc::CallbackServerContext* context,
                                                         const v1::AdoptWinnersRequest* request,
                                                         v1::AdoptWinnersResponse* response) {
  return ReplyToAdministrator(context, *request, "adopt winners", CallKind::kChanges, response,
                              [this] { return context_.signers.Adopt(); });
}

grpc::ServerUnaryReactor* CacheServiceImpl::GetSigningKey(grpc::CallbackServerContext* context,
                                                          const v1::GetSigningKeyRequest* request,
                                                          v1::SigningKey* response) {
  return ReplyToAdministrator(context, *request, "see the signing key", CallKind::kReads, response,
                              [this] { return context_.signers.Key(); });
}

grpc::ServerUnaryReactor* CacheServiceImpl::RotateSigningKey(
    grpc::CallbackServerContext* context, const v1::RotateSigningKeyRequest* request,
    v1::SigningKey* response) {
  return ReplyToAdministrator(context, *request, "rotate the signing key", CallKind::kChanges,
                              response, [this] { return context_.signers.Rotate(); });
}

}  // namespace tilewright
