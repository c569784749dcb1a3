// Decides, from memory alone, what a look-up has to do.
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
  kPredict,  // Nothing good is near: use the model's pick, else `hit` if there is one.
  kTune,     // Wait for a tuning.
};

struct LookupPlan {
  LookupStep step = LookupStep::kServe;
  IndexHit hit;
  TuneRequest tune;  // Canonical problem and target, for any tuning.
  bool tune_in_background = false;
  // Whether `hit` is served now and measured again when its GPU is idle.
  bool revalidate = false;
  // Whether a damaged stored kernel may be made again.
  bool may_work = false;
  // The epoch of the winners before the plan read them.
  int64_t epoch = 0;
  int64_t version = 0;
  bool settled = false;  // Whether all drivers and libraries had answered.
};

// Checks every field of the request. Returns the errors of KernelService.GetKernel.
absl::StatusOr<LookupPlan> PlanLookup(const v1::GetKernelRequest& request,
                                      const DeviceTable& devices, const WinnerIndex& index);

// Returns the stored winner for the problem and the target of `tune`.
IndexHit FindStored(const TuneRequest& tune, const WinnerIndex& index, const DeviceTable& devices);

// Returns whether a tuning could not improve `hit`: it was measured here or, for a named target,
// where nothing can be measured, elsewhere. Returns false if `tune` says force.
bool NeedsNoTuning(const IndexHit& hit, const TuneRequest& tune);

// Returns whether `hit` answers a request to tune `tune`: it was measured here or, for a named
// target, is the winner for exactly this problem and target, measured or predicted.
bool IsTuned(const IndexHit& hit, const TuneRequest& tune);

// Returns whether `hit`, an exact answer for `tune`, needs a new measurement: it was imported, or
// other templates would compete today.
bool NeedsRevalidation(const IndexHit& hit, const TuneRequest& tune);

// Returns NOT_FOUND, reason NO_WINNER, with the text `otherwise`. The text differs if a winner is
// stored but not served because its signer is not trusted.
absl::Status NoWinner(const WinnerIndex& index, const IndexQuery& query,
                      std::string_view otherwise);

// Canonicalizes the request's problem and finds its target.
absl::StatusOr<TuneRequest> ResolveTuning(const v1::Problem& problem, const std::string& target,
                                          int device_ordinal, const DeviceTable& devices);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_LOOKUP_LOOKUP_PLAN_H_
