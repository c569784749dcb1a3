#ifndef TILEWRIGHT_TUNER_TEMPLATE_FUSED_DROPOUT_MODEL_H_
#define TILEWRIGHT_TUNER_TEMPLATE_FUSED_DROPOUT_MODEL_H_

#include "kernel_templates/abi/fused_dropout_config.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Returns the instructions of a thread for one element, counted in the SASS of sm_90a.
double InstructionsPerElement(const v1::FusedDropoutProblem& problem,
                              const FusedDropoutConfig& config);

// The cost model: bytes over the bandwidth that the loads in flight can fill, overlapped with
// instructions over the issue rate; the last wave; the partial sums and their second step. It only
// ranks and is never shown as a measurement. Pure; any thread.
double PredictFusedDropoutSeconds(const v1::FusedDropoutProblem& problem,
                                  const v1::Silicon& silicon, const FusedDropoutConfig& config);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_FUSED_DROPOUT_MODEL_H_
