#include "server/lookup/lookup_plan.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/problem/problem.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "server/tuning/vendor_winner.h"
#include "tuner/search/competing_templates.h"
#include "tuner/store/packed_winner.h"
#include "tuner/store/winner_key.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

constexpr std::size_t kHashBytes = 32;
constexpr int kMaxKnownHashes = 1000;

absl::Status CheckFields(const v1::GetKernelRequest& request) {
  if (!v1::LookupMode_IsValid(request.mode())) {
    return InvalidField("mode", "UNKNOWN_ENUM_VALUE",
                        absl::StrCat(static_cast<int>(request.mode()), " is not a mode"));
  }
  if (request.pinned_epoch() < 0) {
    return InvalidField("pinned_epoch", "OUT_OF_RANGE", "must not be negative");
  }
  if (request.vendor_library_version() < 0) {
    return InvalidField("vendor_library_version", "OUT_OF_RANGE",
                        "must not be negative; 0 means no cublasLt");
  }
  if (!request.pinned_content_hash().empty() &&
      request.pinned_content_hash().size() != kHashBytes) {
    return InvalidField("pinned_content_hash", "MALFORMED_HASH", "a content hash has 32 bytes");
  }
  if (request.known_content_hashes_size() > kMaxKnownHashes) {
    return InvalidField("known_content_hashes", "TOO_MANY",
                        absl::StrCat("more than ", kMaxKnownHashes));
  }
  for (int i = 0; i < request.known_content_hashes_size(); ++i) {
    if (request.known_content_hashes(i).size() != kHashBytes) {
      return InvalidField(absl::StrCat("known_content_hashes[", i, "]"), "MALFORMED_HASH",
                          "a content hash has 32 bytes");
    }
  }
  return absl::OkStatus();
}

absl::Status NothingStored(const v1::GetKernelRequest& request, const WinnerIndex& index,
                           const IndexQuery& query) {
  if (!request.pinned_content_hash().empty()) {
    return MakeError(absl::StatusCode::kNotFound, "KERNEL_NOT_FOUND",
                     "no kernel with the pinned content hash is stored for this problem, or it "
                     "failed on this target");
  }
  if (request.pinned_epoch() != 0) {
    return MakeError(
        absl::StatusCode::kNotFound, "EPOCH_HAS_NO_WINNER",
        absl::StrCat("epoch ", request.pinned_epoch(), " has no winner that answers this problem"),
        {{"field", "pinned_epoch"}});
  }
  return NoWinner(index, query,
                  "no stored winner answers this problem, and CACHED_ONLY starts no work");
}

// Winners stored before that epoch would change the answer that the pin gives.
absl::Status EpochInFuture(int64_t pinned, int64_t newest) {
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "EPOCH_IN_FUTURE",
      absl::StrCat("pinned_epoch: epoch ", pinned, " does not exist yet, the newest is ", newest,
                   ": pin the epoch of an answer from this server"),
      {{"field", "pinned_epoch"}});
}

absl::Status EpochPruned(int64_t pinned) {
  return MakeError(absl::StatusCode::kNotFound, "EPOCH_PRUNED",
                   absl::StrCat("pinned_epoch: the winner for this problem in epoch ", pinned,
                                " was pruned or forgotten, or its signer is no longer trusted: "
                                "pin a newer epoch"),
                   {{"field", "pinned_epoch"}});
}

// Returns whether a new measurement is useless: measured here, in this environment.
bool IsTunedHere(const IndexHit& hit) {
  if (hit.winner == nullptr || hit.match != v1::MATCH_EXACT) return false;
  const v1::Provenance provenance = hit.winner->winner.provenance();
  return provenance == v1::PROVENANCE_MEASURED || provenance == v1::PROVENANCE_VENDOR;
}

// Returns whether `hit` is the winner for exactly this problem and target, measured or predicted.
bool IsOwnWinner(const IndexHit& hit, const TuneRequest& tune) {
  return hit.winner != nullptr &&
         hit.winner->winner.key() == WinnerKey(EncodeProblem(tune.problem),
                                               SiliconKey(tune.target.silicon()),
                                               EnvironmentKey(tune.target.environment()));
}

// Plans an answer at once. Tunes in the background if a GPU could find a better one.
void PlanBestAvailable(LookupPlan& plan) {
  // Waits until the machine is known, or the tuning would be for another environment. Until then
  // the answer is not cached, so that a later look-up asks again.
  plan.tune_in_background =
      plan.settled && plan.tune.device_ordinal >= 0 && !IsTunedHere(plan.hit) && !plan.revalidate;
  // A kernel measured for a near problem is better than the model's pick for this one. The model's
  // pick for another problem is not.
  const bool good = plan.hit.winner != nullptr &&
                    (WasMeasured(plan.hit.winner->winner) || IsOwnWinner(plan.hit, plan.tune));
  plan.step = good ? LookupStep::kServe : LookupStep::kPredict;
}

void PlanWaitTuned(LookupPlan& plan) {
  plan.step = IsTuned(plan.hit, plan.tune) ? LookupStep::kServe : LookupStep::kTune;
}

}  // namespace

IndexHit FindStored(const TuneRequest& tune, const WinnerIndex& index, const DeviceTable& devices) {
  return FindWinner(index,
                    {.problem = tune.problem,
                     .silicon = tune.target.silicon(),
                     .environment = tune.target.environment()},
                    devices);
}

bool NeedsNoTuning(const IndexHit& hit, const TuneRequest& tune) {
  if (tune.options.force()) return false;
  return tune.device_ordinal >= 0 ? IsTunedHere(hit) : hit.match == v1::MATCH_EXACT;
}

bool NeedsRevalidation(const IndexHit& hit, const TuneRequest& tune) {
  if (tune.device_ordinal < 0 || hit.winner == nullptr || hit.match != v1::MATCH_EXACT) {
    return false;
  }
  return hit.winner->winner.provenance() == v1::PROVENANCE_IMPORTED ||
         HasOtherCompetitors(hit.winner->winner);
}

bool IsTuned(const IndexHit& hit, const TuneRequest& tune) {
  return tune.device_ordinal >= 0 ? IsTunedHere(hit) : IsOwnWinner(hit, tune);
}

absl::Status NoWinner(const WinnerIndex& index, const IndexQuery& query,
                      std::string_view otherwise) {
  constexpr std::string_view kDistrusted =
      "a winner is stored for this problem on this target, but its signer is not trusted here: "
      "see it with `tilewright list`, and trust its signer with `tilewright trust add`";
  return MakeError(absl::StatusCode::kNotFound, "NO_WINNER",
                   index.IsDistrusted(query) ? kDistrusted : otherwise);
}

absl::StatusOr<TuneRequest> ResolveTuning(const v1::Problem& problem, const std::string& target,
                                          int device_ordinal, const DeviceTable& devices) {
  TuneRequest request;
  ASSIGN_OR_RETURN(request.problem, Canonicalize(problem));
  ASSIGN_OR_RETURN(ResolvedTarget resolved, devices.Resolve(target, device_ordinal));
  request.target = std::move(resolved.target);
  request.device_ordinal = resolved.device_ordinal;
  return request;
}

absl::StatusOr<LookupPlan> PlanLookup(const v1::GetKernelRequest& request,
                                      const DeviceTable& devices, const WinnerIndex& index) {
  RETURN_IF_ERROR(CheckFields(request));
  LookupPlan plan;
  // Must be read before anything about the machine, or a cached answer could outlive its basis.
  plan.settled = devices.settled();
  ASSIGN_OR_RETURN(plan.tune, ResolveTuning(request.problem(), request.target(),
                                            request.device_ordinal(), devices));
  plan.epoch = index.epoch();
  plan.version = index.version();
  if (request.pinned_epoch() > plan.epoch) {
    return EpochInFuture(request.pinned_epoch(), plan.epoch);
  }
  const IndexQuery query = {.problem = plan.tune.problem,
                            .silicon = plan.tune.target.silicon(),
                            .environment = plan.tune.target.environment(),
                            .pinned_epoch = request.pinned_epoch(),
                            .pinned_content_hash = request.pinned_content_hash()};
  const IndexHit stored = FindWinner(index, query, devices);
  if (index.MayBePruned(query, stored)) return EpochPruned(request.pinned_epoch());
  plan.hit = ForCaller(stored, request.vendor_library_version());
  const bool pinned = request.pinned_epoch() != 0 || !request.pinned_content_hash().empty();
  if (pinned || request.mode() == v1::LOOKUP_MODE_CACHED_ONLY) {
    if (plan.hit.winner == nullptr) {
      return stored.winner == nullptr ? NothingStored(request, index, query)
                                      : OnlyTheVendors(stored, request.vendor_library_version());
    }
    plan.step = LookupStep::kServe;
    return plan;
  }
  plan.may_work = true;
  // The stored winner is an algorithm that this caller cannot run.
  plan.tune.options.set_force(IsTunedHere(stored) && !IsTunedHere(plan.hit));
  plan.revalidate = !plan.tune.options.force() && NeedsRevalidation(plan.hit, plan.tune);
  if (request.mode() == v1::LOOKUP_MODE_WAIT_TUNED) {
    PlanWaitTuned(plan);
  } else {
    PlanBestAvailable(plan);
  }
  return plan;
}

}  // namespace tilewright
