// What an element of D or aux may be off by. Pure; any thread.
//
// With exact z = alpha * sum_i a_i b_i + bias + beta * c and S = |alpha| * sum_i |a_i b_i|, a
// sound kernel satisfies, element by element (the reference kernel computes the bound):
//
//   e_z   = sum * S + terms * (S + |bias| + |beta c|)
//   aux   : |aux - z|    <= e_z + aux.unit * (|z| + e_z) + aux.floor
//   e_h   = 1.13 * e_z + activation * |z|        (with an activation; else e_z)
//   e_m   = s * (e_h + terms * |h|)              (with dropout, of scale s; where dropped, 0)
//   e_v   = e_m + terms * (|m| + |c|)            (with a residual; else e_m)
//   D     : |D - v|      <= e_v + output.unit * (|v| + e_v) + output.floor
//
// and of a gradient, whose z is an input and exact, with e_g = e_z without a bias:
//
//   e_h   = (|act'(z)| + activation) * e_g + activation * |g| + terms * |act'(z) g|
//
// Where the epilogue is a launch of its own, z (of a gradient g) is rounded on the way to it, to a
// type with the range of the sums: e_z + split * (|z| + e_z) stands in for e_z in what follows aux,
// split being that type's unit. Its denormals are below what the floors have anyway.
//
// Scales of A and B are part of its elements: of the products and of S. Where D has a scale, v and
// e_v are multiplied with it. fp8 outputs saturate: v beyond their largest is that, and e_v as much
// less as it is beyond.
//
// The mask is exact. The gradient of the bias, of which each column is the sum of v over all rows
// and batches, is held against what the kernel's own D adds up to: those are the same v, rounded,
// so that no error of the products is between them. With r = output.unit * |D| + its denormal step:
//
//   db    : |scale_d * db - sum D| <= min(sum r, 8 * sqrt(sum r^2)) + column_sum * sum |D|
//
// Columns of which an element saturated are not compared.
//
// Where the figures come from:
// - sum. An fp32 accumulator is cut to 24 bits after every product (FMA) or after every
//   group of products (tensor core, which also cuts the addends to the largest one's
//   exponent, Fasi et al. 2021): at most 2^-23 of the partial sum each time, always
//   towards zero. With signs at random a partial sum grows like sqrt(i), so it stays below
//   4 * sqrt(k) * rms(product), and adding up k errors of 2^-23 of that in a random walk, or
//   k / 16 of them in one direction with 17 addends each at 2^-24, comes to less than
//   2^-21 * sqrt(k) * S, for S = k * mean |product|. A single product left out of k = 8192
//   normal ones lies a factor of 3 above it.
//   Our adversarial data has magnitudes over 2^+-e, whose rms is up to 8 times their mean,
//   hence the factor there.
// - sum, fp16. A sum keeps 11 bits after every group of 8 products or more: k / 8 errors of at
//   most 2^-10 of a partial sum below 4 * sqrt(i) * rms, in one direction if it is cut, come to
//   2^-10 / 3 * k^1.5 * rms, which is 2^-11 * sqrt(k) * S, and 2 * 2^-10 * S where there are but
//   two groups. That is weak where k is long (at k = 4096 S is 41 times the result), but then so
//   are sums in fp16.
// - sum, tf32 of fp32 inputs. Each is cut by less than 2^-10 of itself: 2^-9 * S for the products,
//   whatever is summed, beside the fp32 sums' own error.
// - sum, three products. Left out is low * low, below 2^-20 of a product, and of each low part
//   what rounding it to tf32 takes, 2^-22 of the input: 1.5 * 2^-20 * S. Summed by the tensor
//   core alone there are 3 k / 8 steps of 9 addends, four times the k / 16 of 17 above: 2^-19 *
//   (sqrt(k) + 1) * S. Promoted, the 4 steps of a stage in which high parts are multiplied lose
//   9 * 2^-24 of its partial sum each, 36 * 2^-24 * S over all stages; the other 8 are 2^10 times
//   smaller, and adding up the stages, rounded to nearest, is a random walk of k / 32 steps that
//   stays below 2^-25 * S for any k. 2^-18 * S holds it all.
//   Hopper's fp8 products are cut to 13 bits below the largest one of 32 and of the sum so far:
//   k / 32 errors of 2^-13 of a partial sum in one direction, against k / 16 of 17 * 2^-24
//   above, come to 2^6 times as much at most. With promotion they do not add up over the
//   groups of 128: sqrt(128) stands in for sqrt(k).
// - int8 sums in int32 are exact: zero.
// - terms. Scaling by alpha, adding bias and beta * c: one fp32 rounding each, 2^-24, and the
//   conversion of an int32 sum to fp32; 2^-22 for all. Scales of A, B and D, and what alpha makes
//   of them, are up to four roundings more: 2^-21.
// - activation. Ours use the hardware's exponential and reciprocal (2 ulp each) or erff:
//   below 2^-20 of |z|; that of GELU's erf form below 1.1 * 2^-12 where D is BF16 or fp8, whose
//   rounding lets a shorter polynomial do. 1.13 is the steepest slope of any activation (GELU at
//   sqrt 2). Derivatives, no larger than that, are within 2^-20.
// - the rounding of sums of columns. Roundings are at most r each. To nearest of continuous data
//   they are independent of each other and as often up as down, and stochastic ones are by
//   construction: by Hoeffding's inequality their sum is beyond 8 * sqrt(sum r^2) with a chance of
//   2 exp(-32), 2.5e-14. Below 64 rows sum r is less, which needs no such reason.
// - column_sum. 16 rows and more are added up in registers or between lanes, then those sums, one
//   after the other: 2^-24 of a partial sum each, as often up as down. Of R partial sums of random
//   signs that comes to 2^-24 of sum |v|, of one sign to 2^-24 * sqrt(R): 2^-19 holds for R = 1000
//   of one sign, and of random signs for any R. It also holds what scale_d is rounded by.
// - units. Half a spacing at 1 (nearest even), a whole one for stochastic rounding: 2^-8 for
//   bf16, 2^-11 for fp16, 2^-24 for fp32, 2^-4 for e4m3, 2^-3 for e5m2.
// - floors. Half the spacing of denormals, doubled; for fp32 accumulators also products that
//   underflow: k * 2^-149, rounded up to 2^-118 for the k = 2^31 that is the limit. PTX leaves
//   it open what a tensor core makes of denormal inputs, so on adversarial data all that they
//   could bring may be missing: k * (7 steps, our largest) * (largest magnitude). For sums in
//   fp16 a step of its denormals, 2^-24, after each group of 8.
#ifndef TILEWRIGHT_TUNER_MODEL_TOLERANCE_H_
#define TILEWRIGHT_TUNER_MODEL_TOLERANCE_H_

#include "kernel_templates/reference/reference_args.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Of a kernel of `precision`; without one, of that of the problem's types.
ReferenceTolerance ToleranceFor(const v1::GemmProblem& problem, v1::Precision precision,
                                bool adversarial);
ReferenceTolerance ToleranceFor(const v1::GemmProblem& problem, bool adversarial);

// How D is rounded, of a value that is exact: without the floor that its products may need.
ReferenceStored OutputRounding(const v1::GemmProblem& problem);

// What storing a value as `type`, rounded to the nearest, may change it by.
ReferenceStored RoundingOf(v1::DataType type);

// What ||D - ref|| / ||ref|| of a sound kernel of `precision` may be on random inputs, from the
// same figures.
//
// With rms for a root mean square, S = k * mean |a b| <= k * rms(a b), while k products of
// random signs sum to rms(z) = sqrt(k) * rms(a b): S / rms(z) <= sqrt(k), and so e_z is at most
// (sum + terms) * sqrt(k) + 2 * terms of rms(z), bias and beta * c being no larger than z. An
// activation makes that 1.13 times as much, adds its own error, and may halve the squares of
// what is left (ReLU), which makes all of that sqrt(2) times as much of rms(D). Derivatives weigh
// errors as they weigh values, so that holds of gradients too, and dropout scales both, or
// neither is left. The floors matter to no sum of squares.
double RelativeErrorBound(const v1::GemmProblem& problem, v1::Precision precision);

// Scales are drawn from [1/2, 2): so many powers of two may all of a launch's, and that of dropout,
// move a value.
int ScaleExponents(const v1::GemmProblem& problem);

// Powers of two that dropout's scale comes to; 0 without dropout.
int DropoutExponents(const v1::GemmProblem& problem);

// Whether a sound kernel may give Inf on our inputs: where dropout's scale times 8 deviations of
// what k random products, a bias and a source sum to leaves the range of fp16. At k = 4096 that
// takes a probability beyond 0.98.
bool MayOverflow(const v1::GemmProblem& problem);

// Exponents of the adversarial magnitudes: as large as the sum of k products may be without
// leaving the range of any type on the way, and as far below.
struct ExponentRange {
  int low;
  int high;
};
ExponentRange AdversarialExponents(const v1::GemmProblem& problem);

// The alpha that checks scale by: 1, but for outputs of little range a power of two. int8 sums are
// kept within that of fp16. Of the range of an fp8 output, random sums are brought to its middle:
// sqrt(k) times what one product is, at most 1; and the largest adversarial sum to its end, so that
// what is not cancelled lies well above its denormals. (A bias or source may still saturate some.)
double AlphaForRange(const v1::GemmProblem& problem, bool adversarial);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_MODEL_TOLERANCE_H_
