#include "proto/support/variant.h"

#include <algorithm>

namespace tilewright {

bool IsSplit(const v1::Variant& variant) {
  const auto& parameters = variant.config().parameters();
  return std::any_of(parameters.begin(), parameters.end(), [](const v1::Parameter& parameter) {
    return parameter.name() == "split_epilogue" && parameter.value() != 0;
  });
}

}  // namespace tilewright
