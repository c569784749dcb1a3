#ifndef TILEWRIGHT_TUNER_TEMPLATE_FUSED_DROPOUT_SOURCE_H_
#define TILEWRIGHT_TUNER_TEMPLATE_FUSED_DROPOUT_SOURCE_H_

#include <string>

#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// The source that instantiates the template of `header` for the canonical `problem`. `config`: its
// initializer. Pure; any thread.
std::string FusedDropoutSource(const v1::FusedDropoutProblem& problem, const std::string& header,
                               const std::string& config);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_FUSED_DROPOUT_SOURCE_H_
