// The cost model of gemm_sm90. Never shown as a measurement. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM90_MODEL_H_
#define TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM90_MODEL_H_

#include "kernel_templates/abi/gemm_sm90_config.h"
#include "tilewright/v1/problem.pb.h"
#include "tuner/model/machine_model.h"

namespace tilewright {

double PredictWarpgroupSeconds(const v1::GemmProblem& gemm, const MachineModel& machine,
                               const GemmSm90Config& config);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM90_MODEL_H_
