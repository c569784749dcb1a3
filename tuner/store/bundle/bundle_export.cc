#include "tuner/store/bundle/bundle_export.h"

#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "proto/support/export_summary.h"
#include "proto/support/status_macros.h"
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

// Why a bundle leaves out a winner. The summary counts each reason.
enum class Lack { kNotStored, kDamaged, kSignerNotTrusted, kSignerUnknown, kVendorOnly };

void Count(Lack lack, v1::ExportSummary& summary) {
  switch (lack) {
    case Lack::kNotStored:
      return summary.set_not_stored(summary.not_stored() + 1);
    case Lack::kDamaged:
      return summary.set_damaged(summary.damaged() + 1);
    case Lack::kSignerNotTrusted:
      return summary.set_signer_not_trusted(summary.signer_not_trusted() + 1);
    case Lack::kSignerUnknown:
      return summary.set_signer_unknown(summary.signer_unknown() + 1);
    case Lack::kVendorOnly:
      return summary.set_vendor_only(summary.vendor_only() + 1);
  }
}

// Returns whether a read failed for good. Other errors may pass, and say nothing about the record.
bool IsDamaged(const absl::Status& read) {
  return absl::IsDataLoss(read) || absl::IsNotFound(read);
}

// Collects the contents of a bundle, winner by winner.
class Collector {
 public:
  Collector(TuningStore& store, const WinnerIndex& index) : store_(store), index_(index) {}

  // Adds the winner's record and, once, its cubin. If it adds neither, it counts the reason. An
  // error ends the export: the store cannot be read now.
  absl::Status Add(const StoredWinner& winner) {
    ASSIGN_OR_RETURN(const std::optional<Lack> lack, TryAdd(winner));
    if (lack) Count(*lack, summary_);
    return absl::OkStatus();
  }

  std::size_t bytes() const { return bytes_; }
  BundleContents& contents() { return contents_; }
  const v1::ExportSummary& summary() {
    summary_.set_winners(static_cast<int32_t>(contents_.records.size()));
    summary_.set_kernels(static_cast<int32_t>(contents_.cubins.size()));
    return summary_;
  }

 private:
  // Returns whether the served winner of the target is not stored yet: it has no epoch. The store
  // may have an older record, whose kernel failed here or whose signer is not trusted.
  bool IsUnstored(const StoredWinner& winner) const {
    if (winner.winner.epoch() == 0) return true;
    const v1::Target& target = winner.winner.target();
    const IndexHit served = index_.Find({.problem = winner.winner.problem(),
                                         .silicon = target.silicon(),
                                         .environment = target.environment()});
    return served.winner != nullptr && served.winner->winner.epoch() == 0 &&
           served.winner->winner.key() == winner.winner.key();
  }

  // Returns nothing if the winner was added.
  absl::StatusOr<std::optional<Lack>> TryAdd(const StoredWinner& winner) {
    const std::string& key = winner.winner.key();
    if (IsUnstored(winner)) {
      spdlog::warn("winner {} is not exported: it is not stored yet", key);
      return Lack::kNotStored;
    }
    auto record =
        store_.GetTuning(winner.problem_encoding, winner.silicon_key, winner.environment_key);
    if (!record.ok()) {
      if (!IsDamaged(record.status())) return record.status();
      spdlog::warn("winner {} is not exported: {}", key, record.status().ToString());
      return Lack::kDamaged;
    }
    // This machine does not sign what it does not trust.
    const v1::Winner& stored = record->winner.winner;
    if (stored.provenance() == v1::PROVENANCE_IMPORTED && !index_.IsTrusted(stored.signer())) {
      spdlog::warn("winner {} is not exported: its signer is not trusted", key);
      return stored.signer().empty() ? Lack::kSignerUnknown : Lack::kSignerNotTrusted;
    }
    const bool is_vendor = IsVendor(record->winner);
    auto portable = TemplateWinner(record->winner);
    if (!portable) return Lack::kVendorOnly;
    record->winner = *std::move(portable);
    const std::string hash = record->winner.kernel.content_hash();
    if (kernels_.count(hash) == 0) {
      auto cubin = store_.GetCubin(hash);
      if (!cubin.ok()) {
        if (!IsDamaged(cubin.status())) return cubin.status();
        spdlog::warn("winner {} is not exported: {}", key, cubin.status().ToString());
        return Lack::kDamaged;
      }
      bytes_ += cubin->size();
      kernels_.insert(hash);
      contents_.cubins.push_back(*std::move(cubin));
    }
    bytes_ += BytesOf(*record);
    contents_.records.push_back(*std::move(record));
    if (is_vendor) summary_.set_vendor_replaced(summary_.vendor_replaced() + 1);
    return std::nullopt;
  }

  TuningStore& store_;
  const WinnerIndex& index_;
  std::set<std::string> kernels_;
  BundleContents contents_;
  std::size_t bytes_ = 0;
  v1::ExportSummary summary_;
};

}  // namespace

absl::Status BundleTooLarge(std::size_t max_bytes) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "BUNDLE_TOO_LARGE",
                   absl::StrCat("keys: the winners make a bundle of more than ", max_bytes,
                                " bytes: export fewer at a time, by their keys"),
                   {{"field", "keys"}});
}

absl::StatusOr<BundleContents> CollectForExport(TuningStore& store, const WinnerIndex& index,
                                                const std::vector<std::string>& keys,
                                                std::size_t max_bytes, v1::ExportSummary* summary) {
  // Works page by page: all parsed winners at once would take ten times the index's memory.
  constexpr std::size_t kPage = 1000;
  std::set<std::string> wanted(keys.begin(), keys.end());
  std::set<std::string> seen;  // The pages shift if a winner is stored meanwhile.
  Collector collector(store, index);
  for (std::size_t offset = 0;; offset += kPage) {
    const auto page = index.List(offset, kPage);
    for (const auto& winner : page) {
      const std::string& key = winner->winner.key();
      if ((keys.empty() || wanted.erase(key) > 0) && seen.insert(key).second) {
        RETURN_IF_ERROR(collector.Add(*winner));
        if (collector.bytes() > max_bytes) return BundleTooLarge(max_bytes);
      }
    }
    if (page.empty()) break;
  }
  if (!wanted.empty()) {
    return NoWinner(absl::StrCat("no winner has the key ", *wanted.begin()));
  }
  if (collector.contents().records.empty()) {
    const std::string left_out = DescribeLeftOut(collector.summary());
    return NoWinner(
        absl::StrCat("there is no winner to export", left_out.empty() ? "" : ": ", left_out));
  }
  if (summary != nullptr) *summary = collector.summary();
  return std::move(collector.contents());
}

}  // namespace tilewright
