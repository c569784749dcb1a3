// The part of CacheServiceImpl that exports and imports bundles.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "server/bundles/cache_service.h"
#include "server/net/answer_later.h"
#include "server/net/caller.h"
#include "server/net/chunk_sender.h"
#include "server/net/grpc_status.h"
#include "server/net/open_call.h"
#include "server/net/request_check.h"
#include "server/net/stall_watch.h"
#include "tuner/store/bundle/bundle.h"
#include "tuner/store/bundle/bundle_export.h"
#include "tuner/store/bundle/bundle_import.h"
#include "tuner/store/bundle/signing_key.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

constexpr int kMaxKeys = 100000;

absl::Status TooManyBundles(const SharedLimit& limit) {
  return limit.Refusal("TOO_MANY_BUNDLES", "bundles");
}

absl::Status Stalled(std::chrono::milliseconds limit, const char* what) {
  return MakeError(absl::StatusCode::kDeadlineExceeded, "BUNDLE_STALLED",
                   absl::StrCat(what, " for ", absl::FormatDuration(absl::FromChrono(limit)),
                                ": send the bundle again"));
}

// Gives the chunks of a bundle. The first chunk carries the summary too.
class BundleSource {
 public:
  BundleSource(std::string bundle, v1::ExportSummary summary)
      : bundle_(std::move(bundle)), summary_(std::move(summary)) {}

  absl::Status Next(v1::BundleChunk& chunk) {
    chunk.Clear();
    if (sent_ == 0) *chunk.mutable_summary() = summary_;
    chunk.set_data(bundle_.substr(sent_, kChunkBytes));
    sent_ += chunk.data().size();
    return absl::OkStatus();
  }

 private:
  std::string bundle_;
  v1::ExportSummary summary_;
  std::size_t sent_ = 0;
};

absl::StatusOr<BundleSource> MakeBundle(const CacheServiceImpl::Context& context,
                                        const v1::ExportBundleRequest& request) {
  if (request.keys_size() > kMaxKeys) {
    return InvalidField("keys", "TOO_MANY", absl::StrCat("more than ", kMaxKeys));
  }
  ASSIGN_OR_RETURN(const std::string key, LoadOrCreateSigningKey(context.cache_dir));
  v1::ExportSummary summary;
  ASSIGN_OR_RETURN(
      const BundleContents contents,
      CollectForExport(context.store, context.index, {request.keys().begin(), request.keys().end()},
                       context.max_bundle_bytes, &summary));
  ASSIGN_OR_RETURN(std::string bundle, WriteBundle(contents, key));
  if (bundle.size() > context.max_bundle_bytes) return BundleTooLarge(context.max_bundle_bytes);
  return BundleSource(std::move(bundle), std::move(summary));
}

using ExportReactor = ChunkSender<v1::BundleChunk, BundleSource>;

constexpr int kMaxInspected = 1000;

// Imports the bundle. With dry_run, only counts what an import would change.
absl::Status Import(const CacheServiceImpl::Context& context, const BundleContents& contents,
                    bool dry_run, v1::ImportBundleResponse& response) {
  // Asks before the import locks the index.
  ASSIGN_OR_RETURN(const std::set<std::string> trusted, context.signers.Trusted());
  ASSIGN_OR_RETURN(
      const ImportCounts counts,
      ImportRecords(
          context.store, context.index, contents,
          {.now = context.clock.Now(),
           .is_trusted = [&](const std::string& signer) { return trusted.count(signer) > 0; },
           .dry_run = dry_run}));
  response.set_winners_imported(counts.winners_imported);
  response.set_winners_kept(counts.winners_kept);
  response.set_winners_quarantined(counts.winners_quarantined);
  response.set_kernels_imported(counts.kernels_imported);
  response.set_signer(contents.signer);
  return absl::OkStatus();
}

// Queues an imported winner to be measured on each local GPU of its silicon.
void MeasureHere(const CacheServiceImpl::Context& context, const v1::Winner& winner) {
  const v1::ListDevicesResponse listing = context.devices.listing();
  for (const v1::Device& device : listing.devices()) {
    if (SiliconKey(device.target().silicon()) != SiliconKey(winner.target().silicon())) continue;
    context.revalidation.Add({.problem = winner.problem(),
                              .target = device.target(),
                              .device_ordinal = device.ordinal(),
                              .options = {}});
  }
}

absl::StatusOr<v1::ImportBundleResponse> TakeIn(const CacheServiceImpl::Context& context,
                                                std::string bundle) {
  v1::ImportBundleResponse response;
  ASSIGN_OR_RETURN(const BundleContents contents, ReadBundle(bundle));
  RETURN_IF_ERROR(context.signers.CheckTrusted(contents.signer));
  RETURN_IF_ERROR(Import(context, contents, /*dry_run=*/false, response));
  ASSIGN_OR_RETURN(const v1::Signer signer, context.signers.Describe(contents.signer));
  response.set_signer_name(signer.display_name());
  for (const TuningRecord& record : contents.records) {
    context.uses.Note(record.winner.kernel.content_hash());
    context.winners.Notify(record.winner.shapeless_key);
    MeasureHere(context, record.winner.winner);
  }
  return response;
}

absl::StatusOr<v1::InspectBundleResponse> Inspect(const CacheServiceImpl::Context& context,
                                                  std::string bundle) {
  v1::InspectBundleResponse response;
  ASSIGN_OR_RETURN(const BundleContents contents, ReadBundle(bundle));
  RETURN_IF_ERROR(Import(context, contents, /*dry_run=*/true, *response.mutable_outcome()));
  ASSIGN_OR_RETURN(*response.mutable_signer(), context.signers.Describe(contents.signer));
  response.mutable_outcome()->set_signer_name(response.signer().display_name());
  response.set_winner_count(static_cast<int>(contents.records.size()));
  response.set_kernel_count(static_cast<int>(contents.cubins.size()));
  for (const TuningRecord& record : contents.records) {
    if (response.winners_size() == kMaxInspected) break;
    *response.add_winners() = record.winner.winner;
  }
  return response;
}

// Gathers the chunks of a bundle, then does its work on a thread of the bundle executor. Takes a
// place under the limit with the first chunk. Gives up if no more chunks come. Lives until gRPC is
// done with it.
template <typename Response>
class ImportReactor final : public grpc::ServerReadReactor<v1::BundleChunk>,
                            public std::enable_shared_from_this<ImportReactor<Response>> {
 public:
  // Handles a complete bundle.
  using Work = absl::StatusOr<Response> (*)(const CacheServiceImpl::Context& context,
                                            std::string bundle);

  ImportReactor(const CacheServiceImpl::Context& context, SharedLimit& limit, uid_t user,
                Response* response, CallKind kind, Work work)
      : open_(context.metrics.open_calls),
        limit_(limit),
        user_(user),
        context_(context),
        response_(response),
        kind_(kind),
        work_(work) {}

  // Must be called before gRPC gets the reactor. Ends the call at once if `permitted` is an error.
  void Begin(const absl::Status& permitted) {
    self_ = this->shared_from_this();
    if (!permitted.ok()) return End(permitted);
    stall_.emplace(context_.bundle_stall, [weak = this->weak_from_this()] {
      if (auto self = weak.lock()) {
        self->End(Stalled(self->context_.bundle_stall, "no more of the bundle arrived"));
      }
    });
    // A client that sends slowly would delay a stop.
    stop_id_ = context_.stop.Subscribe([weak = this->weak_from_this()] {
      if (auto self = weak.lock()) self->End(ServerStopping());
    });
    StartRead(&chunk_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return TakeIn();
    if (const absl::Status known = CheckKnown(chunk_); !known.ok()) return End(known);
    if (!TakePlace()) return End(TooManyBundles(limit_));
    if (!chunk_.data().empty()) stall_->NoteProgress();
    if (bundle_.size() + chunk_.data().size() > context_.max_bundle_bytes) {
      return End(InvalidField("data", "BUNDLE_TOO_LARGE",
                              absl::StrCat("more than ", context_.max_bundle_bytes, " bytes: ",
                                           "export fewer winners at a time, by their keys")));
    }
    bundle_.append(chunk_.data());
    StartRead(&chunk_);
  }

  // A client that left half-way sends no more, so the bundle is incomplete. The signature would
  // show that. A complete bundle is not imported either if its sender has left.
  void OnCancel() override { cancelled_ = true; }

  void OnDone() override {
    context_.stop.Unsubscribe(stop_id_);
    const std::shared_ptr<ImportReactor> last = std::move(self_);
  }

 private:
  // Returns false if no place is free. A stream that has ended takes no place.
  bool TakePlace() {
    absl::MutexLock lock(&place_mutex_);
    if (!place_.held() && !place_given_back_) place_ = limit_.TryTake(user_);
    return place_.held() || place_given_back_;
  }

  // Starts the work on a complete bundle. A stop does not interrupt it. The client learns the
  // result if there is still time.
  void TakeIn() {
    // A bundle without chunks has no place yet. It is refused later as damaged.
    if (!TakePlace()) return End(TooManyBundles(limit_));
    if (answered_.exchange(true)) return;
    stall_->Stop();
    const std::shared_ptr<ImportReactor> self = this->shared_from_this();
    const bool posted = AnswerLater<absl::StatusOr<Response>>(
        context_.bundle_executor, user_, context_.stop, kind_, [self] { return self->Import(); },
        [self](absl::StatusOr<Response> result) {
          const absl::Status status = result.status();
          if (status.ok()) *self->response_ = *std::move(result);
          self->Answer(status);
        });
    if (!posted) Answer(ServerStopping());
  }

  void End(const absl::Status& status) {
    if (!answered_.exchange(true)) Answer(status);
  }

  void Answer(const absl::Status& status) {
    if (stall_) stall_->Stop();
    {
      absl::MutexLock lock(&place_mutex_);
      place_given_back_ = true;
      place_.Release();
    }
    Finish(ToGrpcStatus(status));
  }

  absl::StatusOr<Response> Import() {
    if (cancelled_) return absl::CancelledError("the client went away");
    return work_(context_, std::exchange(bundle_, std::string()));
  }

  const OpenCall open_;
  SharedLimit& limit_;
  const uid_t user_;
  absl::Mutex place_mutex_;
  SharedLimit::Place place_ ABSL_GUARDED_BY(place_mutex_);
  bool place_given_back_ ABSL_GUARDED_BY(place_mutex_) = false;
  std::optional<StallWatch> stall_;
  const CacheServiceImpl::Context& context_;
  Response* const response_;  // Invalid after the call is answered.
  const CallKind kind_;
  const Work work_;
  v1::BundleChunk chunk_;
  std::string bundle_;
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> answered_{false};
  int64_t stop_id_ = 0;
  std::shared_ptr<ImportReactor> self_;
};

}  // namespace

grpc::ServerWriteReactor<v1::BundleChunk>* CacheServiceImpl::ExportBundle(
    grpc::CallbackServerContext* context, const v1::ExportBundleRequest* request) {
  context_.metrics.other_calls.fetch_add(1, std::memory_order_relaxed);
  auto* reactor = new ExportReactor(context, context_.metrics.open_calls, context_.bundle_stall);
  if (const absl::Status known = CheckKnown(*request); !known.ok()) {
    reactor->Begin(known);
    return reactor;
  }
  if (!reactor->Admit(exports_.TryTake(CallerOf(*context)))) {
    reactor->Begin(TooManyBundles(exports_));
    return reactor;
  }
  const bool posted = AnswerLater<absl::StatusOr<BundleSource>>(
      context_.bundle_executor, CallerOf(*context), context_.stop, CallKind::kReads,
      [this, wanted = *request] { return MakeBundle(context_, wanted); },
      [reactor](absl::StatusOr<BundleSource> source) { reactor->Begin(std::move(source)); });
  if (!posted) reactor->Begin(ServerStopping());
  return reactor;
}

grpc::ServerReadReactor<v1::BundleChunk>* CacheServiceImpl::ImportBundle(
    grpc::CallbackServerContext* context, v1::ImportBundleResponse* response) {
  context_.metrics.other_calls.fetch_add(1, std::memory_order_relaxed);
  const auto reactor = std::make_shared<ImportReactor<v1::ImportBundleResponse>>(
      context_, imports_, CallerOf(*context), response, CallKind::kChanges, &TakeIn);
  reactor->Begin(context_.permissions.RequireAdministrator(CallerOf(*context), "import a bundle"));
  return reactor.get();
}

// Every caller may do this: the reply tells nothing that the caller does not hold.
grpc::ServerReadReactor<v1::BundleChunk>* CacheServiceImpl::InspectBundle(
    grpc::CallbackServerContext* context, v1::InspectBundleResponse* response) {
  context_.metrics.other_calls.fetch_add(1, std::memory_order_relaxed);
  const auto reactor = std::make_shared<ImportReactor<v1::InspectBundleResponse>>(
      context_, imports_, CallerOf(*context), response, CallKind::kReads, &Inspect);
  reactor->Begin(absl::OkStatus());
  return reactor.get();
}

}  // namespace tilewright
