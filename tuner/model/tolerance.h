// How far an element of D or aux may be off. Pure; any thread.
//
// With exact z = alpha * sum_i a_i b_i + bias + beta * c and S = |alpha| * sum_i |a_i b_i|, a
// sound kernel satisfies, element by element (the reference kernel computes the bound):
//
//   e_z   = sum * S + terms * (S + |bias| + |beta c|)
//   aux   : |aux - z|    <= e_z + aux.unit * (|z| + e_z) + aux.floor
//   e_h   = 1.13 * e_z + activation * |z|        (with an activation; else e_z)
//   e_m   = s * (e_h + terms * |h|)              (with dropout, of scale s; 0 if dropped)
//   e_v   = e_m + terms * (|m| + |c|)            (with a residual; else e_m)
//   D     : |D - v|      <= e_v + output.unit * (|v| + e_v) + output.floor
//
// and for a gradient, whose z is an input and exact, with e_g = e_z without a bias:
//
//   e_h   = (|act'(z)| + activation) * e_g + activation * |g| + terms * |act'(z) g|
//
// If the epilogue is a launch of its own, z (g for a gradient) is rounded before it, to a type with
// the range of the sums. Then e_z + split * (|z| + e_z) replaces e_z in everything after aux; split
// is that type's unit. The floors already cover its denormals.
//
// The elements of A and B include their scales, in the products and in S. If D has a scale, v and
// e_v are multiplied by it. fp8 outputs saturate: if v is beyond their largest value, v becomes
// that value, and e_v shrinks by the difference.
//
// The mask is exact. Each column of the bias gradient is the sum of v over all rows and batches. It
// is compared with the sum of the kernel's own D, which has the same v, rounded, so that no error
// of the products matters. With r = output.unit * |D| + its denormal step:
//
//   db    : |scale_d * db - sum D| <= min(sum r, 8 * sqrt(sum r^2)) + column_sum * sum |D|
//
// A column with a saturated element is not compared.
//
// Where the figures come from:
// - sum. An fp32 accumulator is cut to 24 bits after every product (FMA) or after every group of
//   products (tensor core, which also cuts the addends to the largest one's exponent, Fasi et al.
//   2021). Each cut loses at most 2^-23 of the partial sum, always towards zero. With random signs
//   a partial sum grows like sqrt(i), so it stays below 4 * sqrt(k) * rms(product). Either k errors
//   of 2^-23 of that add up in a random walk, or k / 16 of them in one direction with 17 addends
//   each at 2^-24. Both are less than 2^-21 * sqrt(k) * S, for S = k * mean |product|. If a kernel
//   omits a single one of k = 8192 normal products, its error is 3 times the bound.
//   Our adversarial data has magnitudes over 2^+-e. Their rms is up to 8 times their mean, hence
//   the factor there.
// - sum, fp16. A sum keeps 11 bits after every group of at least 8 products. If it is cut, k / 8
//   errors in one direction of at most 2^-10 of a partial sum below 4 * sqrt(i) * rms add up to
//   2^-10 / 3 * k^1.5 * rms, which is 2^-11 * sqrt(k) * S, and 2 * 2^-10 * S if there are only two
//   groups. This bound is weak for long k (at k = 4096 S is 41 times the result), but sums in fp16
//   are weak there too.
// - sum, tf32 with fp32 inputs. Each input is cut by less than 2^-10 of itself. This gives 2^-9 * S
//   for the products, however they are summed, beside the error of the fp32 sums.
// - sum, three products. The kernel omits low * low, below 2^-20 of a product, and rounding each
//   low part to tf32 loses 2^-22 of the input: together 1.5 * 2^-20 * S. If only the tensor core
//   sums, there are 3 k / 8 steps of 9 addends, four times the k / 16 of 17 above:
//   2^-19 * (sqrt(k) + 1) * S. If sums are promoted, the 4 steps of a stage that multiply high
//   parts lose 9 * 2^-24 of its partial sum each, 36 * 2^-24 * S over all stages. The other 8 are
//   2^10 times smaller. Adding up the stages, rounded to nearest, is a random walk of k / 32 steps,
//   which stays below 2^-25 * S for any k. 2^-18 * S covers it all.
// - sum, fp8. Hopper cuts products to 13 bits below the largest one of 32 and of the sum so far.
//   k / 32 errors of 2^-13 of a partial sum in one direction, instead of k / 16 of 17 * 2^-24
//   above, are at most 2^6 times as much. With promotion they do not add up over the groups of 128,
//   so sqrt(128) replaces sqrt(k).
// - int8 sums in int32 are exact: zero.
// - terms. Scaling by alpha, adding bias and beta * c, and converting an int32 sum to fp32 take one
//   fp32 rounding each, 2^-24; 2^-22 for all. Scales of A, B and D, and their product with alpha,
//   add up to four roundings: 2^-21.
// - activation. Ours use the hardware's exponential and reciprocal (2 ulp each) or erff: below
//   2^-20 of |z|. GELU's erf form is below 1.1 * 2^-12 if D is BF16 or fp8, whose rounding allows a
//   shorter polynomial. 1.13 is the steepest slope of any activation (GELU at sqrt 2). Derivatives
//   are at most that large, and within 2^-20.
// - the rounding of sums of columns. Each rounding is at most r. Roundings to nearest of continuous
//   data are independent and as often up as down; stochastic ones are so by construction. By
//   Hoeffding's inequality their sum is beyond 8 * sqrt(sum r^2) with a chance of 2 exp(-32),
//   2.5e-14. Below 64 rows sum r is less, which holds without this argument.
// - column_sum. At least 16 rows are added up in registers or between lanes, then those sums, one
//   after the other. Each addition loses 2^-24 of a partial sum, as often up as down. For R partial
//   sums this adds up to 2^-24 of sum |v| with random signs, and to 2^-24 * sqrt(R) with equal
//   signs. 2^-19 covers R = 1000 with equal signs, and any R with random signs. It also covers the
//   rounding of scale_d.
// - units. Half a spacing at 1 (nearest even), a whole one for stochastic rounding: 2^-8 for bf16,
//   2^-11 for fp16, 2^-24 for fp32, 2^-4 for e4m3, 2^-3 for e5m2.
// - floors. Half the spacing of denormals, doubled. For fp32 accumulators also products that
//   underflow: k * 2^-149, rounded up to 2^-118 for the limit k = 2^31. PTX does not define how a
//   tensor core treats denormal inputs. So on adversarial data everything that they could add may
//   be missing: k * (7 steps, our largest) * (largest magnitude). For sums in fp16 also a step of
//   fp16's denormals, 2^-24, after each group of 8.
#ifndef TILEWRIGHT_TUNER_MODEL_TOLERANCE_H_
#define TILEWRIGHT_TUNER_MODEL_TOLERANCE_H_

#include "kernel_templates/reference/reference_args.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Returns the tolerance of a kernel with `precision`, or with that of the problem's types.
ReferenceTolerance ToleranceFor(const v1::GemmProblem& problem, v1::Precision precision,
                                bool adversarial);
ReferenceTolerance ToleranceFor(const v1::GemmProblem& problem, bool adversarial);

// Returns how D is rounded from an exact value, without the floor that its products may need.
ReferenceStored OutputRounding(const v1::GemmProblem& problem);

// Returns by how much a value may change if it is stored as `type`, rounded to nearest.
ReferenceStored RoundingOf(v1::DataType type);

// Returns the bound of ||D - ref|| / ||ref|| for a sound kernel of `precision` on random inputs. It
// follows from the same figures.
//
// With rms for a root mean square, S = k * mean |a b| <= k * rms(a b), but k products with random
// signs sum to rms(z) = sqrt(k) * rms(a b). So S / rms(z) <= sqrt(k), and e_z is at most
// (sum + terms) * sqrt(k) + 2 * terms of rms(z), because bias and beta * c are no larger than z. An
// activation multiplies that by 1.13, adds its own error, and may halve the squares of the result
// (ReLU), which multiplies the error by sqrt(2) relative to rms(D). Derivatives weigh errors and
// values alike, so this also holds for gradients. Dropout scales both or drops both. The floors do
// not matter for sums of squares.
double RelativeErrorBound(const v1::GemmProblem& problem, v1::Precision precision);

// Returns by how many powers of two all scales of a launch, and that of dropout, may move a value.
// Scales are drawn from [1/2, 2).
int ScaleExponents(const v1::GemmProblem& problem);

// Returns the powers of two in dropout's scale; 0 without dropout.
int DropoutExponents(const v1::GemmProblem& problem);

// Tells if a sound kernel may give Inf on our inputs. This is so if dropout's scale times 8
// deviations of the sum of k random products, a bias and a source leaves the range of fp16. At
// k = 4096 this needs a probability above 0.98.
bool MayOverflow(const v1::GemmProblem& problem);

// Exponents of the adversarial magnitudes. The sum of k products is as large as possible without
// leaving the range of any type on the way. `low` is 16 below `high`.
struct ExponentRange {
  int low;
  int high;
};
ExponentRange AdversarialExponents(const v1::GemmProblem& problem);

// Returns the alpha of the checks: 1, or a power of two for outputs with a small range. It keeps
// int8 sums within the range of fp16. It brings random sums, sqrt(k) times one product of at most
// 1, to the middle of an fp8 output's range. It brings the largest adversarial sum to its end, so
// that sums that do not cancel lie well above its denormals. (A bias or source may still saturate.)
double AlphaForRange(const v1::GemmProblem& problem, bool adversarial);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_MODEL_TOLERANCE_H_
