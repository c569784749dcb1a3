// Checks what callers ask of a tuning. Pure.
#ifndef TILEWRIGHT_SERVER_TUNING_TUNING_OPTIONS_H_
#define TILEWRIGHT_SERVER_TUNING_TUNING_OPTIONS_H_

#include <string>

#include "absl/status/status.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace tilewright {

// Returns INVALID_ARGUMENT with the field's name.
absl::Status CheckTuningOptions(const v1::TuningOptions& options);
absl::Status CheckRequestId(const std::string& request_id);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_TUNING_TUNING_OPTIONS_H_
