// The argument structures of the checking kernels in gemm_reference.cuh: one header for
// device and host, plain types only, no includes. They travel between a bench worker and a
// cubin made from the same binary, so there is no version.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_REFERENCE_ARGS_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_REFERENCE_ARGS_H_

namespace tilewright {

// A batch of row-major matrices. `type` is the number of a tilewright.v1.DataType.
struct ReferenceMatrix {
  void* data;
  long long rows;
  long long columns;
  long long row_stride;    // Elements.
  long long batch_stride;  // Elements.
  long long batch;
  int type;
};

// Fills a matrix with values that are a pure function of the seed and the place.
struct FillArgs {
  ReferenceMatrix matrix;
  unsigned long long seed;
  // 0: standard normal. 1: signs at random, magnitudes log-uniform between two powers of two,
  // one in sixteen a denormal, and the second half of k cancels most of the first.
  int adversarial;
  int scales;  // 1: instead, positive and log-uniform in [1/2, 2). The matrix is fp32.
  int exponent_low;
  int exponent_high;
  int k_along_rows;  // Whether the row index is k.
  int has_k;         // Whether one index is k at all.
  int negate_fold;   // Of B: the folded half changes its sign, so that products cancel.
};

// What storing a value may change it by: unit * |value| + floor.
struct ReferenceStored {
  double unit;
  double floor;
  double largest;  // Beyond it Inf is right,
  int saturates;   // or it is what values beyond it become.
};

// What a value may be off by; see tuner/model/tolerance.h. `sum` and the floors depend on the
// precision of what is checked, the others on the problem alone.
struct ReferenceTolerance {
  double sum;
  double terms;
  double activation;
  double column_sum;
  ReferenceStored aux;
  ReferenceStored output;
};

// The mask, as docs/dropout.md has it.
struct ReferenceDropout {
  unsigned long long seed;
  unsigned long long offset;
  double scale;
  unsigned int threshold;
  int rounds;  // 0: nothing is dropped.
};

// The exact result of chosen rows, and of every element the parts of its bound:
//   |value - expected| <= bound + tolerance.sum * size * (1 + split) + split * size_z + floor
struct ReferenceGemmArgs {
  ReferenceMatrix a;
  ReferenceMatrix b;
  ReferenceMatrix source;  // data null: none.
  ReferenceMatrix z;       // Of a gradient: the argument of the activation. data null: none.
  const void* bias;        // Null: none.
  const float* scale_a;    // Null: none. Laid out as `scaling` says.
  const float* scale_b;
  const long long* rows;  // batch * m + row, `row_count` of them.
  double* expected;       // [row_count][n]. Where blocks share k, zeroed before, as bound.
  double* bound;
  float* size;           // Of the products that are summed, as far as they reach the output.
  float* size_z;         // Of z, likewise. Null: not asked for.
  double* expected_aux;  // Null: no auxiliary output.
  double* bound_aux;
  float* size_aux;
  double alpha;
  double beta;
  double scale_d;  // 1: none.
  ReferenceTolerance tolerance;
  ReferenceDropout dropout;
  long long row_count;
  long long m;
  long long n;
  long long k;
  int gradient;  // 1: the backward form.
  int a_transposed;
  int b_transposed;
  int bias_type;
  int bias_per_row;
  int source_residual;
  int activation;     // The number of a tilewright.v1.Activation.
  int scaling;        // The number of a tilewright.v1.ScalingMode.
  unsigned* arrived;  // Where blocks share k: one a block of D, zeroed before.
};

// Everything that one check finds. Zeroed before the kernels run.
struct CheckCounts {
  unsigned long long wrong;            // Elements of the sampled rows beyond their bound.
  unsigned long long first_wrong;      // ~(row index * n + column) of the first; 0: none.
  unsigned long long unwritten;        // Still the poison after both runs.
  unsigned long long poisoned;         // Equal to the poison after the first run.
  unsigned long long non_finite;       // Inf or NaN anywhere in the output.
  unsigned long long touched_outside;  // Guard or padding elements that changed.
  unsigned long long first_outside;    // ~(element index) of the first; 0: none.
  unsigned long long differing;        // Elements that differ between two runs.
  double squared_error;                // Over the sampled rows.
  double squared_reference;
  unsigned int largest_bits;  // Of the largest finite |value| of the output.
  unsigned int reserved;
};

// Compares sampled rows of an output with what is expected.
struct CompareArgs {
  ReferenceMatrix output;
  const long long* rows;
  const double* expected;
  const double* bound;
  const float* size;
  const float* size_z;
  double sum;    // Of the tolerance.
  double split;  // What rounding z between two launches may change it by; 0: it is not.
  double floor;  // Of the output's.
  double largest;
  long long row_count;
  CheckCounts* counts;
};

// Looks at every element of an output's allocation, `guard` elements before and after it
// included: what must be written, what must not be touched.
struct ScanArgs {
  ReferenceMatrix output;
  long long guard;
  long long span;  // Elements from the first to the last of the matrix.
  unsigned int poison;
  CheckCounts* counts;
};

// Compares the stored mask, every byte of it, with what it must be. `wrong` counts bytes.
struct MaskArgs {
  const unsigned char* mask;
  ReferenceDropout dropout;
  long long batch;
  long long rows;
  long long columns;
  CheckCounts* counts;
};

// Of a column of D: what the gradient of the bias, times scale_d, is compared with.
struct ColumnTotals {
  double sum;
  double size;       // Sum of the sizes.
  double roundings;  // Sum of what each element may have been rounded by.
  double squared_roundings;
};

// Adds up the columns of D, over all rows of all batches. `totals` is zeroed before.
struct ColumnTotalsArgs {
  ReferenceMatrix output;
  ReferenceStored rounding;
  ColumnTotals* totals;  // [columns]
};

// Compares sums of columns that a kernel added up before it rounded D with what D adds up to.
struct CompareColumnsArgs {
  const float* sums;  // [columns]
  const ColumnTotals* totals;
  double scale_d;
  double column_sum;  // Of the tolerance.
  long long columns;
  CheckCounts* counts;
};

// Compares an output with that of a second run over another poison.
struct RunsArgs {
  ReferenceMatrix first;
  ReferenceMatrix second;
  unsigned int first_poison;
  unsigned int second_poison;
  CheckCounts* counts;
};

// Counts the bytes in [0, guard) and [guard + span, 2 * guard + span) that are not `poison`.
struct GuardArgs {
  const unsigned char* data;
  long long guard;
  long long span;
  unsigned int poison;
  CheckCounts* counts;
};

// Adds a sum over the words of a buffer to `*sum`: tells whether an input was changed.
struct ChecksumArgs {
  const unsigned int* data;
  long long words;
  unsigned long long* sum;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_REFERENCE_ARGS_H_
