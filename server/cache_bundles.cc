#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "server/cache_service.h"
#include "server/grpc_status.h"
#include "tuner/store/bundle.h"
#include "tuner/store/bundle_export.h"
#include "tuner/store/bundle_import.h"

namespace tilewright {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxBundleBytes = std::size_t{2} << 30;
constexpr int kMaxKeys = 100000;

absl::Status TooBusy() {
  return MakeError(absl::StatusCode::kResourceExhausted, "TOO_BUSY",
                   "too many calls wait for the disk: try again in 1000 ms",
                   {{"retry_delay_ms", "1000"}});
}

absl::StatusOr<std::string> MakeBundle(const CacheServiceImpl::Context& context,
                                       const v1::ExportBundleRequest& request) {
  if (request.keys_size() > kMaxKeys) {
    return InvalidField("keys", "TOO_MANY", absl::StrCat("more than ", kMaxKeys));
  }
  ASSIGN_OR_RETURN(const std::string key, LoadOrCreateSigningKey(context.cache_dir));
  ASSIGN_OR_RETURN(const BundleContents contents,
                   CollectForExport(context.store, context.index,
                                    {request.keys().begin(), request.keys().end()}));
  return WriteBundle(contents, key);
}

// Makes the bundle on a thread of the executor, then sends it chunk by chunk. Deletes
// itself when gRPC is done with it.
class ExportReactor final : public grpc::ServerWriteReactor<v1::BundleChunk> {
 public:
  explicit ExportReactor(Metrics& metrics) : open_(metrics.open_calls) {}

  void Begin(absl::StatusOr<std::string> bundle) {
    if (!bundle.ok()) return Finish(ToGrpcStatus(bundle.status()));
    bundle_ = *std::move(bundle);
    SendNext();
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status(grpc::StatusCode::CANCELLED, "the client went away"));
    SendNext();
  }

  void OnDone() override { delete this; }

 private:
  void SendNext() {
    if (sent_ == bundle_.size()) return Finish(grpc::Status::OK);
    const std::size_t bytes = std::min(kChunkBytes, bundle_.size() - sent_);
    chunk_.set_data(bundle_.data() + sent_, bytes);
    sent_ += bytes;
    StartWrite(&chunk_);
  }

  const OpenCall open_;
  std::string bundle_;
  std::size_t sent_ = 0;
  v1::BundleChunk chunk_;
};

// Gathers the chunks, then takes the bundle in on a thread of the executor. Deletes itself
// when gRPC is done with it.
class ImportReactor final : public grpc::ServerReadReactor<v1::BundleChunk> {
 public:
  ImportReactor(const CacheServiceImpl::Context& context, v1::ImportBundleResponse* response)
      : open_(context.metrics.open_calls), context_(context), response_(response) {
    StartRead(&chunk_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return TakeIn();
    if (bundle_.size() + chunk_.data().size() > kMaxBundleBytes) {
      return Finish(ToGrpcStatus(InvalidField(
          "data", "BUNDLE_TOO_LARGE", absl::StrCat("more than ", kMaxBundleBytes, " bytes"))));
    }
    bundle_.append(chunk_.data());
    StartRead(&chunk_);
  }

  // A client that went away half-way sends no more; what came is then no bundle. The
  // signature would tell, but a whole bundle whose sender is gone is not taken in either.
  void OnCancel() override { cancelled_ = true; }

  void OnDone() override { delete this; }

 private:
  void TakeIn() {
    const bool posted = context_.executor.TryPost([this] { Finish(ToGrpcStatus(Import())); });
    if (!posted) Finish(ToGrpcStatus(TooBusy()));
  }

  absl::Status Import() {
    if (cancelled_) return absl::CancelledError("the client went away");
    ASSIGN_OR_RETURN(const BundleContents contents, ReadBundle(bundle_));
    ASSIGN_OR_RETURN(const ImportCounts counts,
                     ImportRecords(context_.store, context_.index, contents));
    response_->set_winners_imported(counts.winners_imported);
    response_->set_winners_kept(counts.winners_kept);
    response_->set_winners_quarantined(counts.winners_quarantined);
    response_->set_kernels_imported(counts.kernels_imported);
    response_->set_signer(contents.signer);
    for (const TuningRecord& record : contents.records) {
      context_.winners.Notify(record.winner.family_key);
    }
    return absl::OkStatus();
  }

  const OpenCall open_;
  const CacheServiceImpl::Context& context_;
  v1::ImportBundleResponse* const response_;
  v1::BundleChunk chunk_;
  std::string bundle_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace

grpc::ServerWriteReactor<v1::BundleChunk>* CacheServiceImpl::ExportBundle(
    grpc::CallbackServerContext* context, const v1::ExportBundleRequest* request) {
  context_.metrics.other_calls.fetch_add(1, std::memory_order_relaxed);
  auto* reactor = new ExportReactor(context_.metrics);
  const bool posted = context_.executor.TryPost(
      [this, reactor, request] { reactor->Begin(MakeBundle(context_, *request)); });
  if (!posted) reactor->Begin(TooBusy());
  return reactor;
}

grpc::ServerReadReactor<v1::BundleChunk>* CacheServiceImpl::ImportBundle(
    grpc::CallbackServerContext* context, v1::ImportBundleResponse* response) {
  context_.metrics.other_calls.fetch_add(1, std::memory_order_relaxed);
  return new ImportReactor(context_, response);
}

}  // namespace tilewright
