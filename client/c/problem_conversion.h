#ifndef TILEWRIGHT_CLIENT_C_PROBLEM_CONVERSION_H_
#define TILEWRIGHT_CLIENT_C_PROBLEM_CONVERSION_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/generated_enum_reflection.h>

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "client/c/tilewright.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tilewright/client.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright::c {

// Returns the enumeration's value `number`. INVALID_ARGUMENT, reason UNKNOWN_VALUE: there is none.
template <typename Enum>
absl::StatusOr<Enum> ToEnum(const char* field, int32_t number) {
  if (google::protobuf::GetEnumDescriptor<Enum>()->FindValueByNumber(number) != nullptr) {
    return static_cast<Enum>(number);
  }
  return InvalidField(field, "UNKNOWN_VALUE",
                      absl::StrCat("must be a value of its enumeration, was ", number));
}

// Sets that value in `message` through `set`.
template <typename Message, typename Enum>
absl::Status SetEnum(const char* field, int32_t number, Message& message,
                     void (Message::*set)(Enum)) {
  ASSIGN_OR_RETURN(const Enum value, ToEnum<Enum>(field, number));
  (message.*set)(value);
  return absl::OkStatus();
}

// INVALID_ARGUMENT, reason UNKNOWN_VALUE: a number is no value of its enumeration. The service
// makes all other checks.
absl::StatusOr<v1::GemmProblem> ToProblem(const tilewright_gemm_problem* problem);

// `options` may be null, which means the defaults.
absl::StatusOr<GetOptions> ToOptions(const tilewright_get_options* options);

// Returns the defaults: no operands, alpha 1, beta 0, no offset.
tilewright_gemm_arguments DefaultArguments();
absl::StatusOr<GemmArguments> ToArguments(const tilewright_gemm_arguments* given);

}  // namespace tilewright::c

#endif  // TILEWRIGHT_CLIENT_C_PROBLEM_CONVERSION_H_
