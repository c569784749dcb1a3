#include "tuner/store/memory_store.h"

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
  std::vector<std::string> packed;
  {
    absl::MutexLock lock(&mutex_);
    for (const Tuning& tuning : tunings_) packed.push_back(tuning.packed);
  }
  store::WinnerRecord holder;
  for (std::size_t i = 0; i < packed.size(); ++i) {
    ASSIGN_OR_RETURN(const PackedWinner view,
                     ViewWinner(static_cast<int64_t>(i) + 1, packed[i], &holder));
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
  tunings_.push_back({PackWinner(winner, record.legal_configs), record.candidates});
  const auto epoch = static_cast<int64_t>(tunings_.size());
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
  const Tuning& tuning = tunings_[static_cast<std::size_t>(epoch - 1)];
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
                                     const std::string& silicon_key, const v1::Failure& failure) {
  absl::MutexLock lock(&mutex_);
  quarantine_[{content_hash, silicon_key}] = failure;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<v1::Failure>> MemoryStore::FindQuarantined(
    const std::string& content_hash, const std::string& silicon_key) {
  absl::MutexLock lock(&mutex_);
  const auto found = quarantine_.find({content_hash, silicon_key});
  if (found == quarantine_.end()) return std::nullopt;
  return found->second;
}

absl::Status MemoryStore::ForEachQuarantined(
    std::function<void(std::string_view content_hash, std::string_view silicon_key)> visit) {
  absl::MutexLock lock(&mutex_);
  for (const auto& [key, failure] : quarantine_) visit(key.first, key.second);
  return absl::OkStatus();
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
  stats.set_epoch(static_cast<int64_t>(tunings_.size()));
  int64_t samples = 0;
  for (const Tuning& tuning : tunings_) {
    for (const v1::Candidate& candidate : tuning.candidates) {
      samples += candidate.measurement().seconds_size();
    }
  }
  stats.set_samples(samples);
  if (!tunings_.empty()) {
    ASSIGN_OR_RETURN(const StoredWinner oldest, UnpackWinner(1, tunings_.front().packed));
    *stats.mutable_oldest_winner_time() = oldest.winner.create_time();
  }
  return stats;
}

}  // namespace tilewright
