#include "server/net/request_check.h"

#include "proto/support/errors.h"
#include "proto/support/known_values.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

absl::Status CheckKnown(const google::protobuf::Message& request) {
  return CheckKnownValues(request, {.name = "request",
                                    .unknown_field =
                                        [](std::string_view path, std::string_view what) {
                                          return InvalidField(path, "UNKNOWN_FIELD", what);
                                        },
                                    .left_out = v1::Problem::descriptor()});
}

}  // namespace tilewright
