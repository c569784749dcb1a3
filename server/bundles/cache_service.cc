#include "server/bundles/cache_service.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "proto/problem/problem.h"
#include "proto/support/status_macros.h"
#include "server/bundles/winner_pages.h"
#include "server/lookup/lookup_plan.h"
#include "server/net/caller.h"
#include "server/net/request_check.h"
#include "server/net/unary_reply.h"

namespace tilewright {
namespace {

void Count(Metrics& metrics) { metrics.other_calls.fetch_add(1, std::memory_order_relaxed); }

// Puts measured candidates first, by their medians, then predicted ones, then failures.
bool ComesBefore(const v1::Candidate& a, const v1::Candidate& b) {
  const auto group = [](const v1::Candidate& candidate) {
    return candidate.has_measurement() ? 0 : candidate.has_failure() ? 2 : 1;
  };
  const auto seconds = [](const v1::Candidate& candidate) {
    return candidate.has_measurement() ? candidate.measurement().median_seconds()
                                       : candidate.predicted_seconds();
  };
  if (group(a) != group(b)) return group(a) < group(b);
  return seconds(a) < seconds(b);
}

}  // namespace

grpc::ServerUnaryReactor* CacheServiceImpl::ListWinners(grpc::CallbackServerContext* context,
                                                        const v1::ListWinnersRequest* request,
                                                        v1::ListWinnersResponse* response) {
  Count(context_.metrics);
  if (const absl::Status known = CheckKnown(*request); !known.ok()) return Reply(context, known);
  // The data is in memory, but many winners take milliseconds.
  return ReplyLater(context, context_.executor, context_.stop, CallKind::kReads, response,
                    [this, wanted = *request] { return ListPage(wanted, context_.index); });
}

grpc::ServerUnaryReactor* CacheServiceImpl::ExplainWinner(grpc::CallbackServerContext* context,
                                                          const v1::ExplainWinnerRequest* request,
                                                          v1::ExplainWinnerResponse* response) {
  Count(context_.metrics);
  if (const absl::Status known = CheckKnown(*request); !known.ok()) return Reply(context, known);
  return ReplyLater(context, context_.executor, context_.stop, CallKind::kReads, response,
                    [this, wanted = *request] { return Explain(wanted); });
}

absl::StatusOr<v1::ExplainWinnerResponse> CacheServiceImpl::Explain(
    const v1::ExplainWinnerRequest& request) {
  ASSIGN_OR_RETURN(const TuneRequest wanted,
                   ResolveTuning(request.problem(), request.target(), request.device_ordinal(),
                                 context_.devices));
  const IndexQuery query = {.problem = wanted.problem,
                            .silicon = wanted.target.silicon(),
                            .environment = wanted.target.environment()};
  const IndexHit hit = context_.index.Find(query);
  const std::string encoding = EncodeProblem(wanted.problem);
  if (hit.winner == nullptr || hit.winner->problem_encoding != encoding) {
    return NoWinner(context_.index, query, "no winner is stored for this problem on this target");
  }
  ASSIGN_OR_RETURN(TuningRecord record, context_.store.GetTuning(encoding, hit.winner->silicon_key,
                                                                 hit.winner->environment_key));
  std::stable_sort(record.candidates.begin(), record.candidates.end(), ComesBefore);
  v1::ExplainWinnerResponse response;
  *response.mutable_winner() = std::move(record.winner.winner);
  for (v1::Candidate& candidate : record.candidates) {
    *response.add_candidates() = std::move(candidate);
  }
  response.set_legal_configs(record.legal_configs);
  return response;
}

grpc::ServerUnaryReactor* CacheServiceImpl::GetCacheStats(grpc::CallbackServerContext* context,
                                                          const v1::GetCacheStatsRequest* request,
                                                          v1::CacheStats* response) {
  Count(context_.metrics);
  if (const absl::Status known = CheckKnown(*request); !known.ok()) return Reply(context, known);
  return ReplyLater(context, context_.executor, context_.stop, CallKind::kReads, response,
                    [this]() -> absl::StatusOr<v1::CacheStats> {
                      ASSIGN_OR_RETURN(v1::CacheStats stats, context_.store.Stats());
                      stats.set_unstored_winners(static_cast<int64_t>(context_.unstored_winners()));
                      return stats;
                    });
}

// Calls ReplyLater if the caller is allowed to do `what`.
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
