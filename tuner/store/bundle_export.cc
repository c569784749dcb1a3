#include "tuner/store/bundle_export.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "spdlog/spdlog.h"
#include "tuner/store/template_winner.h"

namespace tilewright {
namespace {

absl::Status NoWinner(const std::string& message) {
  return MakeError(absl::StatusCode::kNotFound, "NO_WINNER", message);
}

std::size_t BytesOf(const TuningRecord& record) {
  std::size_t bytes = record.winner.winner.ByteSizeLong() + record.winner.kernel.ByteSizeLong();
  for (const v1::Candidate& candidate : record.candidates) bytes += candidate.ByteSizeLong();
  return bytes;
}

// Adds the winner's record and, once, its cubin; where either is damaged, neither. How many
// bytes that made.
std::size_t Collect(TuningStore& store, const WinnerIndex& index, const StoredWinner& winner,
                    std::set<std::string>* kernels, BundleContents* contents) {
  auto record =
      store.GetTuning(winner.problem_encoding, winner.silicon_key, winner.environment_key);
  if (!record.ok()) {
    spdlog::warn("winner {} is not exported: {}", winner.winner.key(), record.status().ToString());
    return 0;
  }
  // What nobody here trusts is not signed by this machine.
  const v1::Winner& stored = record->winner.winner;
  const bool trusted =
      stored.provenance() != v1::PROVENANCE_IMPORTED || index.IsTrusted(stored.signer());
  if (!trusted) {
    spdlog::warn("winner {} is not exported: its signer is not trusted", winner.winner.key());
    return 0;
  }
  auto portable = TemplateWinner(record->winner);
  if (!portable) return 0;
  record->winner = *std::move(portable);
  std::size_t bytes = BytesOf(*record);
  const std::string hash = record->winner.kernel.content_hash();
  if (kernels->count(hash) == 0) {
    auto cubin = store.GetCubin(hash);
    if (!cubin.ok()) {
      spdlog::warn("winner {} is not exported: {}", winner.winner.key(), cubin.status().ToString());
      return 0;
    }
    bytes += cubin->size();
    kernels->insert(hash);
    contents->cubins.push_back(*std::move(cubin));
  }
  contents->records.push_back(*std::move(record));
  return bytes;
}

}  // namespace

absl::Status BundleTooLarge(std::size_t max_bytes) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "BUNDLE_TOO_LARGE",
                   absl::StrCat("keys: the winners make a bundle of more than ", max_bytes,
                                " bytes: export fewer at a time, by their keys"),
                   {{"field", "keys"}});
}

absl::StatusOr<BundleContents> CollectForExport(TuningStore& store, const WinnerIndex& index,
                                                const std::vector<std::string>& keys,
                                                std::size_t max_bytes) {
  // Page by page: all parsed winners at once would take ten times what the index does.
  constexpr std::size_t kPage = 1000;
  std::set<std::string> wanted(keys.begin(), keys.end());
  std::set<std::string> seen;  // A winner that is stored meanwhile shifts the pages.
  std::set<std::string> kernels;
  BundleContents contents;
  std::size_t bytes = 0;
  for (std::size_t offset = 0;; offset += kPage) {
    const auto page = index.List(offset, kPage);
    for (const auto& winner : page) {
      const std::string& key = winner->winner.key();
      if ((keys.empty() || wanted.erase(key) > 0) && seen.insert(key).second) {
        bytes += Collect(store, index, *winner, &kernels, &contents);
        if (bytes > max_bytes) return BundleTooLarge(max_bytes);
      }
    }
    if (page.empty()) break;
  }
  if (!wanted.empty()) {
    return NoWinner(absl::StrCat("no winner has the key ", *wanted.begin()));
  }
  if (contents.records.empty()) return NoWinner("there is no winner to export");
  return contents;
}

}  // namespace tilewright
