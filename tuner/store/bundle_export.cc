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

// Adds the winner's record and, once, its cubin; where either is damaged, neither.
void Collect(TuningStore& store, const StoredWinner& winner, std::set<std::string>* kernels,
             BundleContents* contents) {
  auto record =
      store.GetTuning(winner.problem_encoding, winner.silicon_key, winner.environment_key);
  if (!record.ok()) {
    spdlog::warn("winner {} is not exported: {}", winner.winner.key(), record.status().ToString());
    return;
  }
  auto portable = TemplateWinner(record->winner);
  if (!portable) return;
  record->winner = *std::move(portable);
  const std::string hash = record->winner.kernel.content_hash();
  if (kernels->count(hash) == 0) {
    auto cubin = store.GetCubin(hash);
    if (!cubin.ok()) {
      spdlog::warn("winner {} is not exported: {}", winner.winner.key(),
                   cubin.status().ToString());
      return;
    }
    kernels->insert(hash);
    contents->cubins.push_back(*std::move(cubin));
  }
  contents->records.push_back(*std::move(record));
}

}  // namespace

absl::StatusOr<BundleContents> CollectForExport(TuningStore& store, const WinnerIndex& index,
                                                const std::vector<std::string>& keys) {
  // Page by page: all parsed winners at once would take ten times what the index does.
  constexpr std::size_t kPage = 1000;
  std::set<std::string> wanted(keys.begin(), keys.end());
  std::set<std::string> seen;  // A winner that is stored meanwhile shifts the pages.
  std::set<std::string> kernels;
  BundleContents contents;
  for (std::size_t offset = 0;; offset += kPage) {
    const auto page = index.List(offset, kPage);
    for (const auto& winner : page) {
      const std::string& key = winner->winner.key();
      if ((keys.empty() || wanted.erase(key) > 0) && seen.insert(key).second) {
        Collect(store, *winner, &kernels, &contents);
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
