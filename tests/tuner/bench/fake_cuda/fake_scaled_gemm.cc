#include "tests/tuner/bench/fake_cuda/fake_scaled_gemm.h"

#include "tests/tuner/bench/fake_cuda/device_shim.h"
// Before what is written for the device, which the shim lets the host compile.

#include "kernel_templates/reference/elements.cuh"
#include "tests/tuner/bench/fake_cuda/fake_rounding.h"

namespace tilewright {
namespace {

constexpr int kBlock = 128;

int Blocks(int extent) { return (extent + kBlock - 1) / kBlock; }

float ScaleOfA(const GemmArgs& args, int batch, int row, int block, bool along_k) {
  const int place = along_k ? row * Blocks(args.k) + block : block * args.m + row;
  return args.scale_a[batch * Blocks(args.k) * args.m + place];
}

float ScaleOfB(const GemmArgs& args, int batch, int column, int block, bool packed) {
  const int stride = packed ? Blocks(args.k) : (Blocks(args.k) + 3) / 4 * 4;
  return args.scale_b[(batch * Blocks(args.n) + column / kBlock) * stride + block];
}

double Sum(const GemmArgs& args, int batch, int row, int column, const std::string& behaviour) {
  double sum = 0;
  for (int i = 0; i < args.k; ++i) {
    const double product = Load(args.a, batch * args.a_batch_stride + row * args.lda + i, kE5m2) *
                           Load(args.b, batch * args.b_batch_stride + column * args.ldb + i, kE5m2);
    sum += product *
           static_cast<double>(
               ScaleOfA(args, batch, row, i / kBlock, behaviour == "scaled, A along k")) *
           static_cast<double>(
               ScaleOfB(args, batch, column, i / kBlock, behaviour == "scaled, B packed"));
  }
  if (behaviour == "scaled, padding read") {
    sum += 0.0 * static_cast<double>(ScaleOfB(args, batch, column, Blocks(args.k), false));
  }
  return sum;
}

}  // namespace

void FakeScaledGemm(const GemmArgs& args, const std::string& behaviour) {
  const bool saturate = behaviour != "scaled, not saturated";
  const double scale_d = static_cast<double>(*args.scale_d);
  for (int batch = 0; batch < args.batch; ++batch) {
    for (int row = 0; row < args.m; ++row) {
      for (int column = 0; column < args.n; ++column) {
        const double value =
            static_cast<double>(args.alpha) * Sum(args, batch, row, column, behaviour) +
            Load(args.bias, column, kBf16);
        const double seen = behaviour == "scaled, amax late" ? value * scale_d : value;
        *args.amax = std::max(*args.amax, static_cast<float>(fabs(seen)));
        const double scaled = behaviour == "scaled, D late"
                                  ? Decode(ToE4m3(value, saturate), kE4m3) * scale_d
                                  : value * scale_d;
        static_cast<unsigned char*>(args.d)[batch * args.d_batch_stride + row * args.ldd + column] =
            ToE4m3(scaled, saturate);
      }
    }
  }
  if (behaviour == "scaled, past amax") args.amax[1] = 0;
}

}  // namespace tilewright
