#include "tests/tuner/bench/fake_cuda/fake_dropout_gemm.h"

#include "tests/tuner/bench/fake_cuda/device_shim.h"
// Before what is written for the device, which the shim lets the host compile.

#include "kernel_templates/reference/elements.cuh"
#include "proto/problem/dropout_mask.h"
#include "tests/proto/problem/dropout_mask_oracle.h"
#include "tests/tuner/bench/fake_cuda/fake_rounding.h"

namespace tilewright {
namespace {

struct Place {
  int batch;
  int row;
  int column;
};

bool Has(const std::string& behaviour, const char* fault) {
  return behaviour.find(fault) != std::string::npos;
}

double Sum(const GemmArgs& args, const Place& at) {
  double sum = 0;
  for (int i = 0; i < args.k; ++i) {
    sum += Load(args.a, at.batch * args.a_batch_stride + at.row * args.lda + i, kBf16) *
           Load(args.b, at.batch * args.b_batch_stride + at.column * args.ldb + i, kBf16);
  }
  return sum;
}

double Silu(double z) { return z / (1 + exp(-z)); }

double SiluDerivative(double z) {
  const double logistic = 1 / (1 + exp(-z));
  return logistic + z * logistic * (1 - logistic);
}

DropoutMask MaskOf(const GemmArgs& args, const std::string& behaviour) {
  DropoutMask mask;
  mask.seed = args.keys.low[0] | static_cast<uint64_t>(args.keys.high[0]) << 32;
  mask.offset = Has(behaviour, "offset cut") ? args.offset & 0xFFFFFFFF : args.offset;
  mask.threshold = kDropoutSteps - (args.dropout_offset & 0xFFFF);
  return mask;
}

float Drop(const GemmArgs& args, const std::string& behaviour, const Place& at, double value) {
  const unsigned batch = Has(behaviour, "batch left out") ? 0 : static_cast<unsigned>(at.batch);
  const bool kept =
      MaskOf(args, behaviour)
          .Keeps(batch, static_cast<unsigned>(at.row), static_cast<unsigned>(at.column));
  if (!kept) return 0.0f;
  return static_cast<float>(value) * (Has(behaviour, "unscaled") ? 1.0f : args.dropout_scale);
}

void StoreMask(const GemmArgs& args, const std::string& behaviour) {
  DropoutMask mask = MaskOf(args, behaviour);
  if (Has(behaviour, "other mask stored")) mask.seed ^= 1;
  auto* to = static_cast<unsigned char*>(args.mask);
  for (int batch = 0; batch < args.batch; ++batch) {
    const MaskRegion region = {static_cast<uint32_t>(batch), 0, 0, args.m, args.n};
    for (const uint8_t byte : PackMask(mask, region)) *to++ = byte;
  }
  if (Has(behaviour, "mask padded")) to[-1] |= 0x80;
  if (Has(behaviour, "past the mask")) *to = 0;
}

float Forward(const GemmArgs& args, const std::string& behaviour, const Place& at) {
  const double z =
      static_cast<double>(args.alpha) * Sum(args, at) + Load(args.bias, at.column, kBf16);
  static_cast<unsigned char*>(
      args.aux)[at.batch * args.aux_batch_stride + at.row * args.ld_aux + at.column] =
      ToE4m3(z, !Has(behaviour, "aux not saturated"));
  const double residual =
      Load(args.c, at.batch * args.c_batch_stride + at.row * args.ldc + at.column, kBf16);
  return Drop(args, behaviour, at, Silu(z)) + static_cast<float>(residual);
}

float Gradient(const GemmArgs& args, const std::string& behaviour, const Place& at) {
  const bool by_value = Has(behaviour, "scalars by value");
  const double alpha = static_cast<double>(by_value ? args.alpha : *args.device_alpha);
  const double beta = static_cast<double>(by_value ? args.beta : *args.device_beta);
  const double z =
      Load(args.aux, at.batch * args.aux_batch_stride + at.row * args.ld_aux + at.column, kBf16);
  const double source =
      Load(args.c, at.batch * args.c_batch_stride + at.row * args.ldc + at.column, kBf16);
  const bool reads_source = beta != 0 || Has(behaviour, "any beta");
  const double gradient = alpha * Sum(args, at) + (reads_source ? beta * source : 0);
  return Drop(args, behaviour, at,
              gradient * (Has(behaviour, "of the activation") ? Silu(z) : SiluDerivative(z)));
}

}  // namespace

void FakeDropoutGemm(const GemmArgs& args, const std::string& behaviour) {
  const bool is_gradient = behaviour.starts_with("gradient");
  static int launches = 0;
  ++launches;
  for (int column = 0; column < args.n; ++column) {
    float total = 0;
    for (int batch = 0; batch < args.batch; ++batch) {
      for (int row = 0; row < args.m; ++row) {
        const Place at = {batch, row, column};
        const float value =
            is_gradient ? Gradient(args, behaviour, at) : Forward(args, behaviour, at);
        static_cast<unsigned short*>(
            args.d)[batch * args.d_batch_stride + row * args.ldd + column] = ToBf16(value);
        const bool last = batch == args.batch - 1 && row == args.m - 1;
        if (!(last && Has(behaviour, "a row left out"))) total += value;
        if (last && Has(behaviour, "a row twice")) total += value;
      }
    }
    if (Has(behaviour, "sums in turn")) total *= 1.0f + static_cast<float>(launches % 2) * 0x1p-23f;
    if (is_gradient && !Has(behaviour, "sums unwritten")) args.bias_gradient[column] = total;
  }
  if (Has(behaviour, "past the sums")) args.bias_gradient[args.n] = 0;
  if (Has(behaviour, "z written")) static_cast<unsigned short*>(args.aux)[0] = 1;
  if (!is_gradient) StoreMask(args, behaviour);
}

}  // namespace tilewright
