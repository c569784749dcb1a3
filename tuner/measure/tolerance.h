// What an element of D or aux may be off by. Pure; any thread.
//
// With exact z = alpha * sum_i a_i b_i + bias + beta * c and S = |alpha| * sum_i |a_i b_i|, a
// sound kernel satisfies, element by element (the reference kernel computes the bound):
//
//   e_z   = sum * S + terms * (S + |bias| + |beta c|)
//   aux   : |aux - z|    <= e_z + aux_unit * (|z| + e_z) + aux_floor
//   e_h   = 1.13 * e_z + activation * |z|        (with an activation; else e_z)
//   e_v   = e_h + terms * (|h| + |c|)            (with a residual; else e_h)
//   D     : |D - v|      <= e_v + output_unit * (|v| + e_v) + output_floor
//
// Scales of A and B are part of its elements: of the products and of S. Where D has a scale, v and
// e_v are multiplied with it. An fp8 D saturates: v beyond its largest is that, and e_v as much
// less as it is beyond.
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
//   below 2^-20 of |z|. 1.13 is the steepest slope of any activation (GELU at sqrt 2).
// - units. Half a spacing at 1 (nearest even), a whole one for stochastic rounding: 2^-8 for
//   bf16, 2^-11 for fp16, 2^-24 for fp32, 2^-4 for e4m3, 2^-3 for e5m2.
// - floors. Half the spacing of denormals, doubled; for fp32 accumulators also products that
//   underflow: k * 2^-149, rounded up to 2^-118 for the k = 2^31 that is the limit. PTX leaves
//   it open what a tensor core makes of denormal inputs, so on adversarial data all that they
//   could bring may be missing: k * (7 steps, our largest) * (largest magnitude). For sums in
//   fp16 a step of its denormals, 2^-24, after each group of 8.
#ifndef TILEWRIGHT_TUNER_MEASURE_TOLERANCE_H_
#define TILEWRIGHT_TUNER_MEASURE_TOLERANCE_H_

#include "kernel_templates/reference/reference_args.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Of a kernel of `precision`; without one, of that of the problem's types.
ReferenceTolerance ToleranceFor(const v1::GemmProblem& problem, v1::Precision precision,
                                bool adversarial);
ReferenceTolerance ToleranceFor(const v1::GemmProblem& problem, bool adversarial);

// What ||D - ref|| / ||ref|| of a sound kernel of `precision` may be on random inputs, from the
// same figures.
//
// With rms for a root mean square, S = k * mean |a b| <= k * rms(a b), while k products of
// random signs sum to rms(z) = sqrt(k) * rms(a b): S / rms(z) <= sqrt(k), and so e_z is at most
// (sum + terms) * sqrt(k) + 2 * terms of rms(z), bias and beta * c being no larger than z. An
// activation makes that 1.13 times as much, adds its own error, and may halve the squares of
// what is left (ReLU), which makes all of that sqrt(2) times as much of rms(D). The floors
// matter to no sum of squares.
double RelativeErrorBound(const v1::GemmProblem& problem, v1::Precision precision);

// Scales are drawn from [1/2, 2): so many powers of two may all of a launch's move a value.
int ScaleExponents(const v1::GemmProblem& problem);

// Exponents of the adversarial magnitudes: as large as the sum of k products may be without
// leaving the range of any type on the way, and as far below.
struct ExponentRange {
  int low;
  int high;
};
ExponentRange AdversarialExponents(const v1::GemmProblem& problem);

// The alpha that checks scale by: 1, but for outputs of little range a power of two. int8 sums are
// kept within that of fp16. Of an fp8 D's range, random sums are brought to its middle: sqrt(k)
// times what one product is, at most 1; and the largest adversarial sum to its end, so that what
// is not cancelled lies well above its denormals. (A bias or source may still saturate some.)
double AlphaForRange(const v1::GemmProblem& problem, bool adversarial);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_MEASURE_TOLERANCE_H_
