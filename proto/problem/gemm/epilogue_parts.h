// Says which parts an epilogue of a GEMM has. It may be canonical or not: UNSPECIFIED means none.
// Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_GEMM_EPILOGUE_PARTS_H_
#define TILEWRIGHT_PROTO_PROBLEM_GEMM_EPILOGUE_PARTS_H_

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

inline bool HasBias(const v1::Epilogue& epilogue) {
  return epilogue.bias_mode() == v1::BIAS_MODE_PER_COLUMN ||
         epilogue.bias_mode() == v1::BIAS_MODE_PER_ROW;
}

// Returns whether beta * C is added.
inline bool Accumulates(const v1::Epilogue& epilogue) {
  return epilogue.source_mode() == v1::SOURCE_MODE_ACCUMULATE;
}

inline bool HasSource(const v1::Epilogue& epilogue) {
  return Accumulates(epilogue) || epilogue.source_mode() == v1::SOURCE_MODE_RESIDUAL;
}

inline bool HasActivation(const v1::Epilogue& epilogue) {
  return epilogue.activation() != v1::ACTIVATION_NONE &&
         epilogue.activation() != v1::ACTIVATION_UNSPECIFIED;
}

inline bool HasAux(const v1::Epilogue& epilogue) {
  return epilogue.aux_type() != v1::DATA_TYPE_UNSPECIFIED;
}

// Exact for a canonical epilogue, in which a probability of 0 means no dropout.
inline bool HasDropout(const v1::Epilogue& epilogue) {
  return epilogue.dropout().probability() > 0;
}

inline bool StoresMask(const v1::Epilogue& epilogue) {
  return HasDropout(epilogue) && epilogue.dropout().store_mask();
}

// Returns whether aux is an output. A gradient reads it instead.
inline bool WritesAux(const v1::Epilogue& epilogue) {
  return HasAux(epilogue) && !epilogue.gradient();
}

// Returns whether a launch writes `operand`.
inline bool IsWritten(v1::Operand operand, const v1::Epilogue& epilogue) {
  return operand == v1::OPERAND_D || (operand == v1::OPERAND_AUX && WritesAux(epilogue));
}

inline bool RoundsStochastically(const v1::Epilogue& epilogue) {
  return epilogue.rounding_mode() == v1::ROUNDING_MODE_STOCHASTIC;
}

// Returns whether a launch needs a seed and an offset.
inline bool UsesRandomBits(const v1::Epilogue& epilogue) {
  return HasDropout(epilogue) || RoundsStochastically(epilogue);
}

// Returns `epilogue` without the modes that do nothing. The result is empty if D is the scaled sum.
inline v1::Epilogue PartsOf(v1::Epilogue epilogue) {
  if (!HasBias(epilogue)) epilogue.clear_bias_mode();
  if (!HasSource(epilogue)) epilogue.clear_source_mode();
  if (!HasActivation(epilogue)) epilogue.clear_activation();
  if (!HasDropout(epilogue)) epilogue.clear_dropout();
  if (!RoundsStochastically(epilogue)) epilogue.clear_rounding_mode();
  return epilogue;
}

// Returns whether A and B have scales.
inline bool IsScaled(const v1::GemmProblem& gemm) {
  return gemm.scaling_mode() != v1::SCALING_MODE_NONE &&
         gemm.scaling_mode() != v1::SCALING_MODE_UNSPECIFIED;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_GEMM_EPILOGUE_PARTS_H_
