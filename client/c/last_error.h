#ifndef TILEWRIGHT_CLIENT_C_LAST_ERROR_H_
#define TILEWRIGHT_CLIENT_C_LAST_ERROR_H_

#include "absl/status/status.h"
#include "client/c/tilewright.h"

namespace tilewright::c {

// Keeps `status` as this thread's last error, and gives its code.
tilewright_status Report(const absl::Status& status);

}  // namespace tilewright::c

#endif  // TILEWRIGHT_CLIENT_C_LAST_ERROR_H_
