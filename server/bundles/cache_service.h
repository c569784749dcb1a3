#ifndef TILEWRIGHT_SERVER_BUNDLES_CACHE_SERVICE_H_
#define TILEWRIGHT_SERVER_BUNDLES_CACHE_SERVICE_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "server/bundles/signers.h"
#include "server/lookup/kernel_uses.h"
#include "server/lookup/winner_signal.h"
#include "server/net/answer_later.h"
#include "server/net/executor.h"
#include "server/net/permissions.h"
#include "server/net/shared_limit.h"
#include "server/net/stop_signal.h"
#include "server/operation/metrics.h"
#include "server/tuning/device_table.h"
#include "server/tuning/revalidation_queue.h"
#include "tilewright/v1/cache_service.grpc.pb.h"
#include "tuner/search/clock.h"
#include "tuner/store/index/winner_index.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

// Implements tilewright.v1.CacheService.
class CacheServiceImpl final : public v1::CacheService::CallbackService {
 public:
  // The limit for exports and the limit for imports. Each call holds all its bytes in memory.
  static constexpr int kMaxBundles = 3;
  static constexpr int kMaxBundlesOfUser = 2;

  // All references outlive the service. The signing key is in `cache_dir`.
  struct Context {
    const DeviceTable& devices;
    TuningStore& store;
    WinnerIndex& index;
    Executor& executor;
    Executor& bundle_executor;  // One thread for each bundle under way.
    StopSignal& stop;
    WinnerSignal& winners;
    Metrics& metrics;
    Clock& clock;
    const Permissions& permissions;
    Signers& signers;
    KernelUses& uses;
    RevalidationQueue& revalidation;
    std::string cache_dir;
    std::size_t max_bundle_bytes;
    int64_t max_cache_bytes;  // 0: no limit.
    // A bundle without progress for this long is given up.
    std::chrono::milliseconds bundle_stall;
    std::function<std::size_t()> unstored_winners;
    // Drops the unstored winner for the problem and the target of this one.
    std::function<void(const StoredWinner&)> forget_unstored;
  };

  explicit CacheServiceImpl(Context context) : context_(std::move(context)) {}

  grpc::ServerUnaryReactor* ListWinners(grpc::CallbackServerContext* context,
                                        const v1::ListWinnersRequest* request,
                                        v1::ListWinnersResponse* response) override;
  grpc::ServerUnaryReactor* ExplainWinner(grpc::CallbackServerContext* context,
                                          const v1::ExplainWinnerRequest* request,
                                          v1::ExplainWinnerResponse* response) override;
  grpc::ServerWriteReactor<v1::BundleChunk>* ExportBundle(
      grpc::CallbackServerContext* context, const v1::ExportBundleRequest* request) override;
  grpc::ServerReadReactor<v1::BundleChunk>* ImportBundle(
      grpc::CallbackServerContext* context, v1::ImportBundleResponse* response) override;
  grpc::ServerReadReactor<v1::BundleChunk>* InspectBundle(
      grpc::CallbackServerContext* context, v1::InspectBundleResponse* response) override;
  grpc::ServerUnaryReactor* ListSigners(grpc::CallbackServerContext* context,
                                        const v1::ListSignersRequest* request,
                                        v1::ListSignersResponse* response) override;
  grpc::ServerUnaryReactor* TrustSigner(grpc::CallbackServerContext* context,
                                        const v1::TrustSignerRequest* request,
                                        v1::Signer* response) override;
  grpc::ServerUnaryReactor* DistrustSigner(grpc::CallbackServerContext* context,
                                           const v1::DistrustSignerRequest* request,
                                           v1::DistrustSignerResponse* response) override;
  grpc::ServerUnaryReactor* AdoptWinners(grpc::CallbackServerContext* context,
                                         const v1::AdoptWinnersRequest* request,
                                         v1::AdoptWinnersResponse* response) override;
  grpc::ServerUnaryReactor* GetSigningKey(grpc::CallbackServerContext* context,
                                          const v1::GetSigningKeyRequest* request,
                                          v1::SigningKey* response) override;
  grpc::ServerUnaryReactor* RotateSigningKey(grpc::CallbackServerContext* context,
                                             const v1::RotateSigningKeyRequest* request,
                                             v1::SigningKey* response) override;
  grpc::ServerUnaryReactor* GetCacheStats(grpc::CallbackServerContext* context,
                                          const v1::GetCacheStatsRequest* request,
                                          v1::CacheStats* response) override;

  // cache_removal.cc
  grpc::ServerUnaryReactor* ForgetWinners(grpc::CallbackServerContext* context,
                                          const v1::ForgetWinnersRequest* request,
                                          v1::ForgetWinnersResponse* response) override;
  grpc::ServerUnaryReactor* PruneCache(grpc::CallbackServerContext* context,
                                       const v1::PruneCacheRequest* request,
                                       v1::PruneCacheResponse* response) override;
  grpc::ServerWriteReactor<v1::BackupChunk>* BackupCache(
      grpc::CallbackServerContext* context, const v1::BackupCacheRequest* request) override;

 private:
  template <typename Response, typename Work>
  grpc::ServerUnaryReactor* ReplyToAdministrator(grpc::CallbackServerContext* context,
                                                 const google::protobuf::Message& request,
                                                 std::string_view what, CallKind kind,
                                                 Response* response, Work work);

  absl::StatusOr<v1::ExplainWinnerResponse> Explain(const v1::ExplainWinnerRequest& request);
  absl::StatusOr<v1::ForgetWinnersResponse> Forget(const v1::ForgetWinnersRequest& request);
  absl::StatusOr<v1::PruneCacheResponse> Prune(const v1::PruneCacheRequest& request);

  const Context context_;
  SharedLimit exports_{kMaxBundles, kMaxBundlesOfUser};
  SharedLimit imports_{kMaxBundles, kMaxBundlesOfUser};
  SharedLimit backups_{1, 1};  // Each backup writes a copy of the whole database.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_BUNDLES_CACHE_SERVICE_H_
