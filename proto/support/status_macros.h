#ifndef TILEWRIGHT_PROTO_SUPPORT_STATUS_MACROS_H_
#define TILEWRIGHT_PROTO_SUPPORT_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns the status of `expression` from the enclosing function unless it is OK.
#define RETURN_IF_ERROR(expression)                                               \
  do {                                                                            \
    if (absl::Status tilewright_status = (expression); !tilewright_status.ok()) { \
      return tilewright_status;                                                   \
    }                                                                             \
  } while (false)

// Assigns the value of a StatusOr `expression` to `target`, which may declare a variable, or
// returns its status from the enclosing function.
#define ASSIGN_OR_RETURN(target, expression) \
  TILEWRIGHT_ASSIGN_OR_RETURN_(TILEWRIGHT_CONCAT_(tilewright_value_, __LINE__), target, expression)

#define TILEWRIGHT_CONCAT_INNER_(a, b) a##b
#define TILEWRIGHT_CONCAT_(a, b) TILEWRIGHT_CONCAT_INNER_(a, b)
#define TILEWRIGHT_ASSIGN_OR_RETURN_(holder, target, expression) \
  auto holder = (expression);                                    \
  if (!holder.ok()) return std::move(holder).status();           \
  target = *std::move(holder)

#endif  // TILEWRIGHT_PROTO_SUPPORT_STATUS_MACROS_H_
