#ifndef TILEWRIGHT_PROTO_SUPPORT_FAILURE_H_
#define TILEWRIGHT_PROTO_SUPPORT_FAILURE_H_

#include <string>
#include <utility>

#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

// Says why a candidate failed, in words.
inline v1::Failure MakeFailure(v1::FailureKind kind, std::string message) {
  v1::Failure failure;
  failure.set_kind(kind);
  failure.set_message(std::move(message));
  return failure;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_FAILURE_H_
