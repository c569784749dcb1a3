#include "tests/fakes/memory_store.h"

#include <algorithm>

#include "proto/support/sha256.h"
#include "proto/support/status_macros.h"
#include "tuner/store/packed_winner.h"

namespace tilewright {
namespace {

bool IsFinal(v1::WorkState state) {
  return state == v1::WORK_STATE_SUCCEEDED || state == v1::WORK_STATE_FAILED ||
         state == v1::WORK_STATE_CANCELLED;
}

}  // namespace

absl::Status MemoryStore::ForEachWinner(std::function<void(const PackedWinner&)> visit) {
  std::map<int64_t, std::string> packed;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [epoch, tuning] : tunings_) packed[epoch] = tuning.packed;
  }
  store::WinnerRecord holder;
  for (const auto& [epoch, bytes] : packed) {
    ASSIGN_OR_RETURN(const PackedWinner view, ViewWinner(epoch, bytes, &holder));
    visit(view);
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::CheckKernel(const TuningRecord& record) const {
  RETURN_IF_ERROR(CheckRecord(record));
  const std::string& hash = record.winner.kernel.content_hash();
  return hash.empty() || cubins_.count(hash) > 0 ? absl::OkStatus() : KernelNotStored(hash);
}

int64_t MemoryStore::Append(const TuningRecord& record) {
  const StoredWinner& winner = record.winner;
  const int64_t epoch = ++newest_epoch_;
  tunings_[epoch] = {PackWinner(winner, record.legal_configs), record.candidates};
  epochs_[{winner.problem_encoding, winner.silicon_key, winner.environment_key}].push_back(epoch);
  return epoch;
}

absl::StatusOr<int64_t> MemoryStore::PutTuning(const TuningRecord& record) {
  absl::MutexLock lock(&mutex_);
  RETURN_IF_ERROR(CheckKernel(record));
  return Append(record);
}

absl::StatusOr<std::vector<int64_t>> MemoryStore::PutImport(
    const std::vector<std::string>& cubins, const std::vector<TuningRecord>& records) {
  absl::MutexLock lock(&mutex_);
  std::map<std::string, std::string> with_import = cubins_;
  for (const std::string& cubin : cubins) with_import[Sha256(cubin)] = cubin;
  cubins_.swap(with_import);
  for (const TuningRecord& record : records) {
    if (absl::Status status = CheckKernel(record); !status.ok()) {
      cubins_.swap(with_import);
      return status;
    }
  }
  std::vector<int64_t> epochs;
  for (const TuningRecord& record : records) epochs.push_back(Append(record));
  return epochs;
}

absl::StatusOr<TuningRecord> MemoryStore::GetTuning(const std::string& problem_encoding,
                                                    const std::string& silicon_key,
                                                    const std::string& environment_key) {
  absl::MutexLock lock(&mutex_);
  const auto found = epochs_.find({problem_encoding, silicon_key, environment_key});
  if (found == epochs_.end()) return TuningNotStored();
  const int64_t epoch = found->second.back();
  const Tuning& tuning = tunings_[epoch];
  ASSIGN_OR_RETURN(TuningRecord record, UnpackTuning(epoch, tuning.packed));
  record.candidates = tuning.candidates;
  return record;
}

absl::StatusOr<std::optional<CompiledCode>> MemoryStore::FindCompiled(
    const std::string& compile_key) {
  absl::MutexLock lock(&mutex_);
  const auto found = compiled_.find(compile_key);
  if (found == compiled_.end()) return std::nullopt;
  return found->second;
}

absl::Status MemoryStore::PutCompiled(const std::string& compile_key, const CompiledCode& code) {
  absl::MutexLock lock(&mutex_);
  cubins_[Sha256(code.cubin)] = code.cubin;
  CompiledCode& stored = compiled_[compile_key];
  stored = code;
  stored.seconds = 0;
  return absl::OkStatus();
}

absl::StatusOr<std::string> MemoryStore::GetCubin(const std::string& content_hash) {
  absl::MutexLock lock(&mutex_);
  const auto found = cubins_.find(content_hash);
  if (found == cubins_.end()) return CubinNotStored(content_hash);
  return found->second;
}

absl::Status MemoryStore::Quarantine(const std::string& content_hash,
                                     const std::string& silicon_key, const std::string& problem_key,
                                     const v1::Failure& failure) {
  absl::MutexLock lock(&mutex_);
  quarantine_[{content_hash, silicon_key, problem_key}] = failure;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<v1::Failure>> MemoryStore::FindQuarantined(
    const std::string& content_hash, const std::string& silicon_key,
    const std::string& problem_key) {
  absl::MutexLock lock(&mutex_);
  for (const std::string& problem : {problem_key, std::string()}) {
    const auto found = quarantine_.find({content_hash, silicon_key, problem});
    if (found != quarantine_.end()) return found->second;
  }
  return std::nullopt;
}

absl::Status MemoryStore::ForEachQuarantined(
    std::function<void(const QuarantineEntry& entry)> visit) {
  absl::MutexLock lock(&mutex_);
  for (const auto& [key, failure] : quarantine_) {
    visit({std::get<0>(key), std::get<1>(key), std::get<2>(key)});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<TrustedSigner>> MemoryStore::Signers() {
  absl::MutexLock lock(&mutex_);
  std::vector<TrustedSigner> signers;
  for (const auto& [key, signer] : signers_) signers.push_back(signer);
  return signers;
}

absl::Status MemoryStore::PutSigner(const TrustedSigner& signer) {
  ASSIGN_OR_RETURN(const std::vector<TrustedSigner> known, Signers());
  RETURN_IF_ERROR(CheckNameIsFree(signer, known));
  absl::MutexLock lock(&mutex_);
  signers_[signer.signer] = signer;
  return absl::OkStatus();
}

absl::Status MemoryStore::RemoveSigner(const std::string& signer) {
  absl::MutexLock lock(&mutex_);
  return signers_.erase(signer) > 0 ? absl::OkStatus() : SignerNotStored(signer);
}

absl::StatusOr<std::vector<StoredWinner>> MemoryStore::AdoptWinners(const std::string& signer) {
  absl::MutexLock lock(&mutex_);
  std::vector<StoredWinner> adopted;
  for (auto& [epoch, tuning] : tunings_) {
    ASSIGN_OR_RETURN(TuningRecord record, UnpackTuning(epoch, tuning.packed));
    if (!IsOfUnknownSigner(record.winner.winner)) continue;
    record.winner.winner.set_signer(signer);
    tuning.packed = PackWinner(record.winner, record.legal_configs);
    adopted.push_back(std::move(record.winner));
  }
  return adopted;
}

absl::StatusOr<Removed> MemoryStore::Remove(const std::vector<int64_t>& epochs, bool dry_run) {
  absl::MutexLock lock(&mutex_);
  Removed removed;
  for (const int64_t epoch : epochs) {
    const auto found = tunings_.find(epoch);
    if (found == tunings_.end()) continue;
    ASSIGN_OR_RETURN(const StoredWinner winner, UnpackWinner(epoch, found->second.packed));
    removed.epochs.push_back(epoch);
    PrunedEpochs pruned = {winner.winner.key(), winner.shapeless_key, epoch, epoch};
    if (const auto known = pruned_.find(pruned.winner_key); known != pruned_.end()) {
      pruned.first = std::min(pruned.first, known->second.first);
      pruned.last = std::max(pruned.last, known->second.last);
    }
    removed.pruned.push_back(pruned);
    if (dry_run) continue;
    pruned_[pruned.winner_key] = pruned;
    const TargetKey key = {winner.problem_encoding, winner.silicon_key, winner.environment_key};
    std::erase(epochs_[key], epoch);
    if (epochs_[key].empty()) epochs_.erase(key);
    tunings_.erase(found);
  }
  return removed;
}

absl::StatusOr<Removed> MemoryStore::Prune(const PruneOptions& options) {
  std::vector<int64_t> superseded;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [key, epochs] : epochs_) {
      superseded.insert(superseded.end(), epochs.begin(), epochs.end() - 1);
    }
  }
  ASSIGN_OR_RETURN(Removed removed, Remove(superseded, options.dry_run));
  removed.superseded = static_cast<int64_t>(removed.epochs.size());
  return removed;
}

absl::Status MemoryStore::NoteServed(const std::vector<std::string>&, int64_t) {
  return absl::OkStatus();
}

absl::StatusOr<std::vector<PrunedEpochs>> MemoryStore::Pruned() {
  absl::MutexLock lock(&mutex_);
  std::vector<PrunedEpochs> all;
  for (const auto& [key, pruned] : pruned_) all.push_back(pruned);
  return all;
}

absl::Status MemoryStore::Backup(const std::string&) {
  return absl::UnimplementedError("what is kept in memory alone has no backup");
}

absl::Status MemoryStore::PutSweep(const v1::Sweep& sweep, const v1::CreateSweepRequest& request) {
  absl::MutexLock lock(&mutex_);
  const auto order = static_cast<int64_t>(sweeps_.size());
  StoredSweep& stored = sweeps_.try_emplace(sweep.name(), StoredSweep{order}).first->second;
  stored.sweep = sweep;
  stored.request = request;
  return absl::OkStatus();
}

absl::StatusOr<v1::Sweep> MemoryStore::GetSweep(const std::string& name) {
  absl::MutexLock lock(&mutex_);
  const auto found = sweeps_.find(name);
  if (found == sweeps_.end()) return SweepNotStored(name);
  return found->second.sweep;
}

absl::StatusOr<std::vector<v1::CreateSweepRequest>> MemoryStore::UnfinishedSweeps() {
  absl::MutexLock lock(&mutex_);
  std::vector<const StoredSweep*> unfinished;
  for (const auto& [name, stored] : sweeps_) {
    if (!IsFinal(stored.sweep.state())) unfinished.push_back(&stored);
  }
  std::sort(unfinished.begin(), unfinished.end(),
            [](const auto* a, const auto* b) { return a->order < b->order; });
  std::vector<v1::CreateSweepRequest> requests;
  for (const StoredSweep* stored : unfinished) requests.push_back(stored->request);
  return requests;
}

absl::StatusOr<v1::CacheStats> MemoryStore::Stats() {
  absl::MutexLock lock(&mutex_);
  v1::CacheStats stats;
  stats.set_winners(static_cast<int64_t>(epochs_.size()));
  stats.set_kernels(static_cast<int64_t>(cubins_.size()));
  stats.set_quarantined(static_cast<int64_t>(quarantine_.size()));
  stats.set_epoch(newest_epoch_);
  int64_t samples = 0;
  for (const auto& [epoch, tuning] : tunings_) {
    for (const v1::Candidate& candidate : tuning.candidates) {
      samples += candidate.measurement().seconds_size();
    }
  }
  stats.set_samples(samples);
  if (!tunings_.empty()) {
    const auto& [epoch, tuning] = *tunings_.begin();
    ASSIGN_OR_RETURN(const StoredWinner oldest, UnpackWinner(epoch, tuning.packed));
    *stats.mutable_oldest_winner_time() = oldest.winner.create_time();
  }
  return stats;
}

}  // namespace tilewright
