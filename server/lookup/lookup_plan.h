// What a look-up has to do, decided from memory alone.
#ifndef TILEWRIGHT_SERVER_LOOKUP_LOOKUP_PLAN_H_
#define TILEWRIGHT_SERVER_LOOKUP_LOOKUP_PLAN_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/tuning/device_table.h"
#include "tilewright/v1/kernel_service.pb.h"
#include "tuner/search/tuner.h"
#include "tuner/store/index/winner_index.h"

namespace tilewright {

enum class LookupStep {
  kServe,    // `hit` is the answer.
  kPredict,  // Nothing good is near: the model's pick, else `hit` where there is one.
  kTune,     // Wait for a tuning.
};

struct LookupPlan {
  LookupStep step = LookupStep::kServe;
  IndexHit hit;
  TuneRequest tune;  // Canonical problem and target; what is tuned where anything is.
  bool tune_in_background = false;
  // `hit` is served, and to be measured again when its GPU has time.
  bool revalidate = false;
  // Whether a stored kernel that turns out to be damaged may be made again.
  bool may_work = false;
  // Of the winners, before they were looked at.
  int64_t epoch = 0;
  int64_t version = 0;
  bool settled = false;  // What the machine has was known.
};

// Checks every field of the request; errors as KernelService.GetKernel.
absl::StatusOr<LookupPlan> PlanLookup(const v1::GetKernelRequest& request,
                                      const DeviceTable& devices, const WinnerIndex& index);

// What is stored for the problem and the target of `tune`.
IndexHit FindStored(const TuneRequest& tune, const WinnerIndex& index, const DeviceTable& devices);

// Whether a tuning would not better `hit`: measured here, or, for a named target, where nothing
// can be measured, measured elsewhere. Never where `tune` says force.
bool NeedsNoTuning(const IndexHit& hit, const TuneRequest& tune);

// Whether `hit` answers who asks for `tune` to be tuned: measured here, or, for a named target, the
// winner of this very problem and target, measured or predicted.
bool IsTuned(const IndexHit& hit, const TuneRequest& tune);

// Whether `hit`, an exact answer for `tune`, is to be measured again: it was imported, or other
// templates would compete today.
bool NeedsRevalidation(const IndexHit& hit, const TuneRequest& tune);

// NOT_FOUND, reason NO_WINNER, in the words of `otherwise` unless a winner is stored that is not
// served because nobody trusts its signer.
absl::Status NoWinner(const WinnerIndex& index, const IndexQuery& query,
                      std::string_view otherwise);

// Canonicalizes the request's problem and finds its target.
absl::StatusOr<TuneRequest> ResolveTuning(const v1::Problem& problem, const std::string& target,
                                          int device_ordinal, const DeviceTable& devices);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_LOOKUP_LOOKUP_PLAN_H_
