#include "tuner/store/bundle/bundle_import.h"

#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/util/time_util.h"
#include "proto/support/sha256.h"
#include "proto/support/status_macros.h"
#include "tuner/store/bundle/bundle_checks.h"
#include "tuner/store/packed_winner.h"
#include "tuner/store/upgrade_v1.h"

namespace tilewright {
namespace {

bool KeepsOurs(const v1::Winner& ours, const v1::Winner& theirs, const ImportOptions& options) {
  switch (ours.provenance()) {
    case v1::PROVENANCE_MEASURED:
    case v1::PROVENANCE_VENDOR:
      return true;
    case v1::PROVENANCE_IMPORTED:
      // Ours is not served if its signer is not trusted any more.
      if (!ours.signer().empty() && options.is_trusted && !options.is_trusted(ours.signer())) {
        return false;
      }
      return ours.create_time() >= theirs.create_time();
    default:
      return !WasMeasured(theirs);
  }
}

}  // namespace

absl::StatusOr<ImportCounts> ImportRecords(TuningStore& store, WinnerIndex& index,
                                           const BundleContents& contents,
                                           const ImportOptions& options) {
  RETURN_IF_ERROR(CheckBundle(contents, options.now));
  ImportCounts counts;
  std::vector<TuningRecord> records;
  std::set<std::string> kernels;
  // A dry run stores nothing, so it must not block those who do.
  absl::MutexLockMaybe publishing(options.dry_run ? nullptr : &index.publishing());
  for (const TuningRecord& record : contents.records) {
    TuningRecord imported = record;
    imported.winner.winner.set_provenance(v1::PROVENANCE_IMPORTED);
    imported.winner.winner.set_signer(contents.signer);
    const auto ours = store.GetTuning(record.winner.problem_encoding, record.winner.silicon_key,
                                      record.winner.environment_key);
    ASSIGN_OR_RETURN(
        const auto failure,
        store.FindQuarantined(record.winner.kernel.content_hash(), record.winner.silicon_key,
                              Sha256(record.winner.problem_encoding)));
    const bool is_faulty = IsOfVersion1(record.winner.winner) &&
                           FaultOfVersion1(record.winner.winner.problem()).has_value();
    if (failure || is_faulty) {
      ++counts.winners_quarantined;
      continue;
    }
    if (!ours.ok() && !absl::IsNotFound(ours.status())) return ours.status();
    if (ours.ok() && KeepsOurs(ours->winner.winner, imported.winner.winner, options)) {
      ++counts.winners_kept;
      continue;
    }
    kernels.insert(record.winner.kernel.content_hash());
    records.push_back(std::move(imported));
  }
  std::vector<std::string> cubins;
  for (const std::string& cubin : contents.cubins) {
    if (kernels.count(Sha256(cubin)) > 0) cubins.push_back(cubin);
  }
  counts.winners_imported = static_cast<int>(records.size());
  counts.kernels_imported = static_cast<int>(cubins.size());
  if (records.empty() || options.dry_run) return counts;
  ASSIGN_OR_RETURN(const std::vector<int64_t> epochs, store.PutImport(cubins, records));
  for (std::size_t i = 0; i < records.size(); ++i) {
    records[i].winner.winner.set_epoch(epochs[i]);
    index.Insert(std::move(records[i].winner));
  }
  return counts;
}

}  // namespace tilewright
