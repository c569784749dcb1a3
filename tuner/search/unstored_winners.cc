#include "tuner/search/unstored_winners.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/problem/problem.h"
#include "spdlog/spdlog.h"

namespace tilewright {
namespace {

constexpr char kMark[] = "; not stored: ";

bool AnswerTheSame(const StoredWinner& a, const StoredWinner& b) {
  return a.silicon_key == b.silicon_key && a.environment_key == b.environment_key &&
         a.problem_encoding == b.problem_encoding;
}

// Tells if another try may succeed.
bool MayPass(const absl::Status& failure) {
  return !absl::IsInvalidArgument(failure) && !absl::IsInternal(failure) &&
         !absl::IsNotFound(failure);
}

}  // namespace

void MarkUnstored(const absl::Status& cause, v1::Winner& winner) {
  winner.set_reason(absl::StrCat(winner.reason(), kMark, cause.message()));
}

std::string WhyUnstored(const v1::Winner& winner) {
  const std::size_t mark = winner.reason().find(kMark);
  if (winner.epoch() != 0 || mark == std::string::npos) return "";
  return winner.reason().substr(mark + sizeof(kMark) - 1);
}

void UnstoredWinners::Remove(const StoredWinner& winner) {
  std::erase_if(kept_, [&](const Kept& kept) { return AnswerTheSame(kept.record.winner, winner); });
}

void UnstoredWinners::Keep(TuningRecord record, std::string cubin) {
  absl::MutexLock lock(&mutex_);
  Remove(record.winner);
  if (kept_.size() >= max_kept_) {
    spdlog::error("too many winners wait to be stored; the winner of {} will not be stored",
                  DescribeProblem(kept_.front().record.winner.winner.problem()));
    kept_.pop_front();
  }
  kept_.push_back({++last_id_, std::move(record), std::move(cubin)});
}

void UnstoredWinners::Forget(const StoredWinner& winner) {
  absl::MutexLock lock(&mutex_);
  Remove(winner);
}

std::optional<std::string> UnstoredWinners::FindCubin(const std::string& content_hash) {
  absl::MutexLock lock(&mutex_);
  for (const Kept& kept : kept_) {
    if (!kept.cubin.empty() && kept.record.winner.kernel.content_hash() == content_hash) {
      return kept.cubin;
    }
  }
  return std::nullopt;
}

std::size_t UnstoredWinners::size() const {
  absl::MutexLock lock(&mutex_);
  return kept_.size();
}

absl::Status UnstoredWinners::StoreAll(TuningStore& store, WinnerIndex& index) {
  while (true) {
    absl::MutexLock publishing(&index.publishing());
    Kept next;
    {
      absl::MutexLock lock(&mutex_);
      if (kept_.empty()) return absl::OkStatus();
      next = kept_.front();
    }
    std::vector<std::string> cubins;
    if (!next.cubin.empty()) cubins.push_back(next.cubin);
    const auto epochs = store.PutImport(cubins, {next.record});
    if (!epochs.ok() && MayPass(epochs.status())) return epochs.status();
    const std::string problem = DescribeProblem(next.record.winner.winner.problem());
    if (epochs.ok()) {
      next.record.winner.winner.set_epoch(epochs->front());
      index.Insert(next.record.winner);
      // The unstored winner must not be the answer again once the stored one is removed.
      index.RemoveUnstored(next.record.winner);
      spdlog::info("the winner of {} is stored now", problem);
    } else {
      spdlog::error("the winner of {} cannot be stored: {}", problem,
                    std::string(epochs.status().message()));
    }
    absl::MutexLock lock(&mutex_);
    std::erase_if(kept_, [&](const Kept& kept) { return kept.id == next.id; });
  }
}

}  // namespace tilewright
