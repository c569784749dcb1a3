// Plans a sweep: checks the request and takes over the results of an earlier run.
#ifndef TILEWRIGHT_SERVER_SWEEPS_SWEEP_PLAN_H_
#define TILEWRIGHT_SERVER_SWEEPS_SWEEP_PLAN_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/tuning/device_table.h"
#include "tilewright/v1/tuning_service.pb.h"
#include "tuner/search/tuner.h"

namespace tilewright {

struct SweepPlan {
  v1::Sweep sweep;                 // The initial state; entries done before are final already.
  std::vector<TuneRequest> tunes;  // One for each entry.
};

// Returns the errors of TuningService.CreateSweep. `earlier` is the stored sweep of that name.
absl::StatusOr<SweepPlan> PlanSweep(const v1::CreateSweepRequest& request,
                                    const std::optional<v1::Sweep>& earlier,
                                    const DeviceTable& devices, absl::Time now);

// "sweeps/{sweep_id}"
std::string SweepName(const std::string& sweep_id);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_SWEEPS_SWEEP_PLAN_H_
