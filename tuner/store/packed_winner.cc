#include "tuner/store/packed_winner.h"

#include <utility>

#include "proto/problem/family.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "proto/support/status_macros.h"
#include "tuner/store/template_winner.h"
#include "tuner/store/winner_key.h"

namespace tilewright {
namespace {

absl::Status Damaged() {
  return MakeError(absl::StatusCode::kDataLoss, "RECORD_DAMAGED", "a stored winner cannot be read");
}

void SetShape(const v1::Problem& problem, store::WinnerRecord* record) {
  const ProblemShape shape = FamilyOf(problem).ShapeOf(problem);
  record->set_m(shape.m);
  record->set_n(shape.n);
  record->set_k(shape.k);
  record->set_batch(shape.batch);
}

}  // namespace

bool WasMeasured(const v1::Winner& winner) {
  switch (winner.provenance()) {
    case v1::PROVENANCE_MEASURED:
    case v1::PROVENANCE_VENDOR:
      return true;
    case v1::PROVENANCE_IMPORTED:
      return winner.candidate().has_measurement();
    default:
      return false;
  }
}

bool IsOfUnknownSigner(const v1::Winner& winner) {
  return winner.provenance() == v1::PROVENANCE_IMPORTED && winner.signer().empty();
}

StoredWinner WithoutBulk(StoredWinner winner) {
  if (winner.winner.candidate().has_measurement()) {
    winner.winner.mutable_candidate()->mutable_measurement()->clear_seconds();
  }
  if (winner.fallback.has_measurement()) winner.fallback.mutable_measurement()->clear_seconds();
  winner.kernel.clear_cubin();
  if (winner.winner.key().empty()) {
    winner.winner.set_key(
        WinnerKey(winner.problem_encoding, winner.silicon_key, winner.environment_key));
  }
  return winner;
}

std::string PackWinner(const StoredWinner& stored, int legal_configs) {
  StoredWinner slim = WithoutBulk(stored);
  slim.winner.clear_epoch();
  store::WinnerRecord record;
  record.set_problem_encoding(slim.problem_encoding);
  record.set_shapeless_key(slim.shapeless_key);
  record.set_silicon_key(slim.silicon_key);
  record.set_environment_key(slim.environment_key);
  record.set_content_hash(slim.kernel.content_hash());
  record.set_requirements(slim.kernel.launch_plan().requirements().SerializeAsString());
  SetShape(slim.winner.problem(), &record);
  record.set_measured(WasMeasured(slim.winner));
  record.set_winner(slim.winner.SerializeAsString());
  record.set_kernel(slim.kernel.SerializeAsString());
  if (IsVendor(slim)) record.set_fallback(slim.fallback.SerializeAsString());
  record.set_legal_configs(legal_configs);
  record.set_arguments_version(slim.kernel.launch_plan().arguments_version());
  record.set_signer(slim.winner.signer());
  return record.SerializeAsString();
}

absl::StatusOr<PackedWinner> ViewWinner(int64_t epoch, std::string_view bytes,
                                        store::WinnerRecord* holder) {
  if (!holder->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return Damaged();
  PackedWinner view;
  view.epoch = epoch;
  view.problem_encoding = holder->problem_encoding();
  view.shapeless_key = holder->shapeless_key();
  view.silicon_key = holder->silicon_key();
  view.environment_key = holder->environment_key();
  view.content_hash = holder->content_hash();
  view.requirements = holder->requirements();
  view.m = holder->m();
  view.n = holder->n();
  view.k = holder->k();
  view.batch = holder->batch();
  view.measured = holder->measured();
  view.arguments_version = holder->arguments_version();
  view.vendor = holder->content_hash().empty() || !holder->fallback().empty();
  view.signer = holder->signer();
  view.bytes = bytes;
  return view;
}

absl::StatusOr<TuningRecord> UnpackTuning(int64_t epoch, std::string_view bytes) {
  store::WinnerRecord record;
  TuningRecord tuning;
  StoredWinner& stored = tuning.winner;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      !stored.winner.ParseFromString(record.winner()) ||
      !stored.kernel.ParseFromString(record.kernel()) ||
      !stored.fallback.ParseFromString(record.fallback())) {
    return Damaged();
  }
  stored.winner.set_epoch(epoch);
  stored.problem_encoding = std::move(*record.mutable_problem_encoding());
  stored.shapeless_key = std::move(*record.mutable_shapeless_key());
  stored.silicon_key = std::move(*record.mutable_silicon_key());
  stored.environment_key = std::move(*record.mutable_environment_key());
  tuning.legal_configs = record.legal_configs();
  return tuning;
}

absl::StatusOr<StoredWinner> UnpackWinner(int64_t epoch, std::string_view bytes) {
  ASSIGN_OR_RETURN(TuningRecord tuning, UnpackTuning(epoch, bytes));
  return std::move(tuning.winner);
}

absl::Status CheckRecord(const TuningRecord& record) {
  const StoredWinner& winner = record.winner;
  if (winner.problem_encoding.empty() || winner.shapeless_key.empty() ||
      winner.silicon_key.empty() || winner.environment_key.empty()) {
    return MakeError(absl::StatusCode::kInternal, "RECORD_WITHOUT_KEYS",
                     "a tuning record has no keys");
  }
  const std::string& hash = winner.kernel.content_hash();
  if (IsVendor(winner) ? winner.fallback.content_hash() != hash : hash.empty()) {
    return MakeError(absl::StatusCode::kInternal, "RECORD_WITHOUT_KERNEL",
                     "a template's winner needs a kernel, a vendor's has its fallback's or none");
  }
  return absl::OkStatus();
}

absl::Status KernelNotStored(std::string_view content_hash) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "KERNEL_NOT_STORED",
                   "the record's kernel " + ToHex(content_hash) + " was not stored before it");
}

absl::Status TuningNotStored() {
  return MakeError(absl::StatusCode::kNotFound, "NO_WINNER",
                   "no winner is stored for this problem and target");
}

absl::Status CubinNotStored(std::string_view content_hash) {
  return MakeError(absl::StatusCode::kNotFound, "NO_KERNEL",
                   "kernel " + ToHex(content_hash) + " is not stored");
}

absl::Status CubinDamaged(std::string_view content_hash) {
  return MakeError(absl::StatusCode::kDataLoss, "CUBIN_DAMAGED",
                   "the stored kernel " + ToHex(content_hash) + " is damaged");
}

absl::Status SweepNotStored(std::string_view name) {
  return MakeError(absl::StatusCode::kNotFound, "NO_SWEEP",
                   "no sweep is named " + std::string(name));
}

absl::Status SignerNotStored(std::string_view signer) {
  return MakeError(absl::StatusCode::kNotFound, "SIGNER_NOT_FOUND",
                   "no signer " + std::string(signer) + " is trusted");
}

absl::Status CheckNameIsFree(const TrustedSigner& signer, const std::vector<TrustedSigner>& known) {
  for (const TrustedSigner& other : known) {
    if (other.display_name == signer.display_name && other.signer != signer.signer) {
      return MakeError(absl::StatusCode::kAlreadyExists, "NAME_TAKEN",
                       "signer " + other.signer + " is called " + other.display_name +
                           " already: give another name, or distrust that one first",
                       {{"field", "display_name"}});
    }
  }
  return absl::OkStatus();
}

}  // namespace tilewright
