// The argument structures of the checking kernels in fused_dropout_checks.cuh, as those of
// reference_args.h.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_FUSED_DROPOUT_REFERENCE_ARGS_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_FUSED_DROPOUT_REFERENCE_ARGS_H_

#include "reference/reference_args.h"

namespace tilewright {

// What is known of a row before its elements are looked at, in double precision, and what it may
// be off by.
struct FusedRow {
  double mean;
  double inverse_root;
  double mean_error;
  double root_error;  // Relative, of inverse_root.
  double along;       // Backward: the mean of weight * dy * n,
  double even;        // and that of weight * dy.
  double along_error;
  double even_error;
};

// Of a column: what its sums are to be, and may be off by.
struct FusedColumn {
  double sum[3];  // For the bias, the weight and the shift.
  double error[3];
};

// A problem with its inputs. Vectors are one row; data null: the problem has none.
struct FusedReferenceArgs {
  ReferenceMatrix x;
  ReferenceMatrix bias;
  ReferenceMatrix residual;
  ReferenceMatrix weight;
  ReferenceMatrix shift;
  ReferenceMatrix dy;
  ReferenceMatrix pre_norm_gradient;
  ReferenceMatrix pre_norm;  // Backward.
  float* mean;               // Backward.
  float* inverse_root;
  FusedRow* row_terms;
  FusedColumn* column_terms;
  ReferenceDropout dropout;
  double epsilon;
  long long rows;
  long long columns;
  int activation;  // The number of a tilewright.v1.Activation.
  int normalizes;
  int centers;
  int backward;
};

// What is looked at of an output.
enum FusedOutput {
  kFusedY,
  kFusedPreNorm,
  kFusedDx,
  kFusedResidualGradient,
  kFusedMean,
  kFusedInverseRoot,
  kFusedBiasGradient,
  kFusedWeightGradient,
  kFusedShiftGradient,
};

// Compares every element of an output.
struct FusedCompareArgs {
  FusedReferenceArgs problem;
  ReferenceMatrix output;
  ReferenceStored stored;  // How it is rounded.
  int which;               // A FusedOutput.
  CheckCounts* counts;
};

// Writes the mask of a problem, packed.
struct FusedMaskArgs {
  unsigned char* mask;
  ReferenceDropout dropout;
  long long rows;
  long long columns;
  int beyond;  // The bits beyond the last column, 0 or 1: nobody reads them.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_FUSED_DROPOUT_REFERENCE_ARGS_H_
