// The standard normal distribution, whose integral is what gelu multiplies with.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_NORMAL_DISTRIBUTION_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_NORMAL_DISTRIBUTION_CUH_

namespace tilewright {

// Results below 2^-126 are 0, which saves their scaling: they are added to 1 or are factors of what
// is far below the rounding of a result.
__device__ __forceinline__ float PowerOfTwo(float exponent) {
  float power;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(exponent));
  return power;
}

// 1 / value; 0 beyond 2^126.
__device__ __forceinline__ float Reciprocal(float value) {
  float inverse;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(inverse) : "f"(value));
  return inverse;
}

struct NormalPoint {
  float below;    // The share of the distribution below x.
  float density;  // exp(-x^2 / 2) / sqrt(2 pi).
};

// The tail below -|x| is exp(-x^2 / 2) t q(t), t = 1 / (1 + 0.31 |x|). q is the polynomial of
// degree 7 whose largest relative error is the least, 1.7e-7, so that the tail is exact where
// 1 + erf(x / sqrt 2) has cancelled; and the exponential serves the density too. An infinite x has
// its limits, NaN is NaN.
__device__ __forceinline__ NormalPoint StandardNormal(float x) {
  const float power = PowerOfTwo(x * x * -0.72134752044448170f);  // log2(e) / 2
  const float t = Reciprocal(fmaf(fabsf(x), 0.31f, 1.0f));
  float q = 0.035917993634939194f;
  q = fmaf(q, t, -0.14193908870220184f);
  q = fmaf(q, t, 0.15567733347415924f);
  q = fmaf(q, t, -0.015499327331781387f);
  q = fmaf(q, t, 0.11044652760028839f);
  q = fmaf(q, t, 0.10766193270683289f);
  q = fmaf(q, t, 0.12407910823822021f);
  q = fmaf(q, t, 0.12365559488534927f);
  const float tail = power * t * q;
  return {x < 0.0f ? tail : 1.0f - tail, power * 0.39894228040143268f};
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_NORMAL_DISTRIBUTION_CUH_
