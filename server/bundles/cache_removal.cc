// The part of CacheServiceImpl that removes winners and makes backups.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/protobuf/util/time_util.h"
#include "proto/problem/problem.h"
#include "proto/support/errors.h"
#include "proto/support/private_files.h"
#include "proto/support/sha256.h"
#include "proto/support/status_macros.h"
#include "proto/support/unique_fd.h"
#include "server/bundles/cache_service.h"
#include "server/lookup/lookup_plan.h"
#include "server/net/answer_later.h"
#include "server/net/caller.h"
#include "server/net/chunk_sender.h"
#include "server/net/request_check.h"
#include "server/net/unary_reply.h"
#include "tuner/store/database/cache_directory.h"
#include "tuner/store/packed_winner.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

using google::protobuf::util::TimeUtil;
using Winners = std::vector<std::shared_ptr<const StoredWinner>>;
// Returns whether the request selects these winners of one (problem, target), newest first.
using Selector = std::function<bool(const Winners&)>;

constexpr std::size_t kHexDigits = 64;
constexpr absl::Duration kServedLately = absl::Hours(24 * 30);

bool IsHex(const std::string& text) { return text.size() == kHexDigits && !FromHex(text).empty(); }

absl::StatusOr<Selector> SelectProblem(const v1::ForgetWinnersRequest& request,
                                       const DeviceTable& devices) {
  ASSIGN_OR_RETURN(const TuneRequest wanted, ResolveTuning(request.problem(), request.target(),
                                                           request.device_ordinal(), devices));
  return [encoding = EncodeProblem(wanted.problem),
          silicon = SiliconKey(wanted.target.silicon())](const Winners& winners) {
    return winners.front()->problem_encoding == encoding && winners.front()->silicon_key == silicon;
  };
}

absl::StatusOr<Selector> SelectSigner(const std::string& name, Signers& signers) {
  if (name == "unknown") {
    return [](const Winners& winners) { return IsOfUnknownSigner(winners.front()->winner); };
  }
  ASSIGN_OR_RETURN(const std::string signer, signers.Resolve(name));
  if (signer.empty()) {
    return InvalidField("signer", "MALFORMED_FINGERPRINT",
                        absl::StrCat("'", name,
                                     "' is neither the name of a trusted signer nor a "
                                     "fingerprint of 64 hexadecimal digits"));
  }
  return [signer](const Winners& winners) { return winners.front()->winner.signer() == signer; };
}

absl::StatusOr<Selector> SelectorOf(const v1::ForgetWinnersRequest& request,
                                    const CacheServiceImpl::Context& context, absl::Time now) {
  switch (request.selector_case()) {
    case v1::ForgetWinnersRequest::kProblem:
      return SelectProblem(request, context.devices);
    case v1::ForgetWinnersRequest::kKey:
      if (!IsHex(request.key())) {
        return InvalidField("key", "MALFORMED_KEY",
                            absl::StrCat("'", request.key(),
                                         "' is not a key: give 64 hexadecimal digits, as "
                                         "`tilewright list --json` shows them"));
      }
      return [key = request.key()](const Winners& winners) {
        return winners.front()->winner.key() == key;
      };
    case v1::ForgetWinnersRequest::kSigner:
      return SelectSigner(request.signer(), context.signers);
    case v1::ForgetWinnersRequest::kPredicted:
      if (!request.predicted()) break;
      return [](const Winners& winners) { return !WasMeasured(winners.front()->winner); };
    case v1::ForgetWinnersRequest::kOlderThan: {
      const int64_t seconds = request.older_than().seconds();
      if (seconds < 1 || seconds > TimeUtil::kDurationMaxSeconds) {
        return InvalidField("older_than", "OUT_OF_RANGE",
                            "must be between 1 second and 10,000 years");
      }
      const int64_t before = absl::ToUnixSeconds(now) - seconds;
      return [before](const Winners& winners) {
        return winners.front()->winner.create_time().seconds() < before;
      };
    }
    case v1::ForgetWinnersRequest::SELECTOR_NOT_SET:
      break;
  }
  return InvalidField("selector", "MISSING_FIELD",
                      "say which winners: a problem, a key, a signer, predicted, or older_than");
}

// Gives the chunks of a file that has no name any more.
class FileSource {
 public:
  explicit FileSource(int fd) : fd_(fd) {}

  absl::Status Next(v1::BackupChunk& chunk) {
    std::string& bytes = *chunk.mutable_data();
    bytes.resize(kChunkBytes);
    const ssize_t count = read(fd_.get(), bytes.data(), bytes.size());
    if (count < 0) {
      return MakeError(absl::StatusCode::kInternal, "READ_FAILED",
                       absl::StrCat("the backup cannot be read: ", std::strerror(errno)));
    }
    bytes.resize(static_cast<std::size_t>(count));
    return absl::OkStatus();
  }

 private:
  UniqueFd fd_;
};

using BackupReactor = ChunkSender<v1::BackupChunk, FileSource>;

// Writes the database to a file in the cache directory, or beside the lease if that directory is
// read-only. Opens the file and removes its name.
absl::StatusOr<FileSource> MakeBackup(const CacheServiceImpl::Context& context) {
  if (IsReadOnlyDirectory(context.cache_dir)) {
    if (const absl::Status made = MakeRuntimeDirectory(); !made.ok()) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "READ_ONLY",
                       absl::StrCat("cache directory ", context.cache_dir,
                                    " cannot be written to, and neither can the copy beside the "
                                    "socket: ",
                                    made.message()));
    }
  }
  const std::string path = StateFile(context.cache_dir, kBackupPart);
  unlink(path.c_str());
  const absl::Status written = context.store.Backup(path);
  const int fd = written.ok() ? open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
  unlink(path.c_str());
  RETURN_IF_ERROR(written);
  if (fd < 0) {
    return MakeError(absl::StatusCode::kInternal, "READ_FAILED",
                     absl::StrCat("the backup cannot be read: ", std::strerror(errno)));
  }
  return FileSource(fd);
}

}  // namespace

absl::StatusOr<v1::ForgetWinnersResponse> CacheServiceImpl::Forget(
    const v1::ForgetWinnersRequest& request) {
  ASSIGN_OR_RETURN(const Selector is_meant, SelectorOf(request, context_, context_.clock.Now()));
  std::vector<int64_t> epochs;
  Winners targets;       // One winner for each target.
  int64_t unstored = 0;  // How many have no epoch. The store does not have these.
  Removed removed;
  {
    // Nothing may be stored between choosing and removing.
    absl::MutexLock publishing(&context_.index.publishing());
    context_.index.ForEachTarget([&](const Winners& winners) {
      if (!is_meant(winners)) return;
      targets.push_back(winners.front());
      for (const auto& winner : winners) {
        if (winner->winner.epoch() != 0) epochs.push_back(winner->winner.epoch());
      }
      // An unstored winner that stands beside stored ones was stored meanwhile, with an epoch.
      if (winners.front()->winner.epoch() == 0) ++unstored;
    });
    if (targets.empty()) {
      return MakeError(absl::StatusCode::kNotFound, "NO_WINNER",
                       "no stored winner matches: see the stored ones with `tilewright list`");
    }
    if (!epochs.empty()) {
      ASSIGN_OR_RETURN(removed, context_.store.Remove(epochs, request.dry_run()));
    }
    if (!request.dry_run()) {
      context_.index.Remove(removed);
      for (const auto& winner : targets) {
        context_.forget_unstored(*winner);
        context_.index.RemoveUnstored(*winner);
      }
    }
  }
  if (!request.dry_run()) {
    for (const auto& winner : targets) context_.winners.Notify(winner->shapeless_key);
  }
  v1::ForgetWinnersResponse response;
  response.set_winners(static_cast<int64_t>(removed.epochs.size()) + unstored);
  response.set_kernels(removed.kernels);
  return response;
}

absl::StatusOr<v1::PruneCacheResponse> CacheServiceImpl::Prune(
    const v1::PruneCacheRequest& request) {
  if (request.max_bytes() < 0) {
    return InvalidField("max_bytes", "OUT_OF_RANGE", "must not be negative");
  }
  const int64_t now = absl::ToUnixSeconds(context_.clock.Now());
  PruneOptions options;
  options.max_bytes = request.max_bytes() > 0 ? request.max_bytes() : context_.max_cache_bytes;
  options.served_since = now - absl::ToInt64Seconds(kServedLately);
  options.dry_run = request.dry_run();
  RETURN_IF_ERROR(context_.store.NoteServed(context_.uses.Served(), now));
  Removed removed;
  {
    absl::MutexLock publishing(&context_.index.publishing());
    options.served = context_.index.ServedEpochs();
    ASSIGN_OR_RETURN(removed, context_.store.Prune(options));
    if (!request.dry_run()) context_.index.Remove(removed);
  }
  if (!request.dry_run()) {
    for (const PrunedEpochs& entry : removed.pruned) context_.winners.Notify(entry.shapeless_key);
  }
  v1::PruneCacheResponse response;
  response.set_superseded_winners(removed.superseded);
  response.set_unused_winners(static_cast<int64_t>(removed.epochs.size()) - removed.superseded);
  response.set_kernels(removed.kernels);
  response.set_bytes_before(removed.bytes_before);
  response.set_bytes_after(removed.bytes_after);
  response.set_limit_missed(options.max_bytes > 0 && removed.bytes_after > options.max_bytes);
  return response;
}

grpc::ServerUnaryReactor* CacheServiceImpl::ForgetWinners(grpc::CallbackServerContext* context,
                                                          const v1::ForgetWinnersRequest* request,
                                                          v1::ForgetWinnersResponse* response) {
  context_.metrics.other_calls.fetch_add(1, std::memory_order_relaxed);
  if (const absl::Status known = CheckKnown(*request); !known.ok()) return Reply(context, known);
  const absl::Status permitted =
      context_.permissions.RequireAdministrator(CallerOf(*context), "forget winners");
  if (!permitted.ok()) return Reply(context, permitted);
  return ReplyLater(context, context_.executor, context_.stop, CallKind::kChanges, response,
                    [this, wanted = *request] { return Forget(wanted); });
}

grpc::ServerUnaryReactor* CacheServiceImpl::PruneCache(grpc::CallbackServerContext* context,
                                                       const v1::PruneCacheRequest* request,
                                                       v1::PruneCacheResponse* response) {
  context_.metrics.other_calls.fetch_add(1, std::memory_order_relaxed);
  if (const absl::Status known = CheckKnown(*request); !known.ok()) return Reply(context, known);
  const absl::Status permitted =
      context_.permissions.RequireAdministrator(CallerOf(*context), "prune the cache");
  if (!permitted.ok()) return Reply(context, permitted);
  return ReplyLater(context, context_.executor, context_.stop, CallKind::kChanges, response,
                    [this, wanted = *request] { return Prune(wanted); });
}

grpc::ServerWriteReactor<v1::BackupChunk>* CacheServiceImpl::BackupCache(
    grpc::CallbackServerContext* context, const v1::BackupCacheRequest* request) {
  context_.metrics.other_calls.fetch_add(1, std::memory_order_relaxed);
  auto* reactor = new BackupReactor(context, context_.metrics.open_calls, context_.bundle_stall);
  if (const absl::Status known = CheckKnown(*request); !known.ok()) {
    reactor->Begin(known);
    return reactor;
  }
  const absl::Status permitted =
      context_.permissions.RequireAdministrator(CallerOf(*context), "back the cache up");
  if (!permitted.ok()) {
    reactor->Begin(permitted);
    return reactor;
  }
  if (!reactor->Admit(backups_.TryTake(CallerOf(*context)))) {
    reactor->Begin(MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_BUNDLES",
                             "a backup is under way: try again in 1000 ms",
                             {{"retry_delay_ms", "1000"}}));
    return reactor;
  }
  const bool posted = AnswerLater<absl::StatusOr<FileSource>>(
      context_.bundle_executor, CallerOf(*context), context_.stop, CallKind::kReads,
      [this] { return MakeBackup(context_); },
      [reactor](absl::StatusOr<FileSource> source) { reactor->Begin(std::move(source)); });
  if (!posted) reactor->Begin(ServerStopping());
  return reactor;
}

}  // namespace tilewright
