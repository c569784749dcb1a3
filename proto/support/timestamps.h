#ifndef TILEWRIGHT_PROTO_SUPPORT_TIMESTAMPS_H_
#define TILEWRIGHT_PROTO_SUPPORT_TIMESTAMPS_H_

#include "absl/time/time.h"
#include "google/protobuf/util/time_util.h"

namespace tilewright {

inline google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  return google::protobuf::util::TimeUtil::NanosecondsToTimestamp(absl::ToUnixNanos(time));
}

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_TIMESTAMPS_H_
