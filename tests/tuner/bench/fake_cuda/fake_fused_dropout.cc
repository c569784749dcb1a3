#include "tests/tuner/bench/fake_cuda/fake_fused_dropout.h"

#include "tests/tuner/bench/fake_cuda/device_shim.h"
// Before what is written for the device, which the shim lets the host compile.

#include <vector>

#include "kernel_templates/reference/elements.cuh"
#include "proto/problem/dropout_mask.h"
#include "tests/proto/problem/dropout_mask_oracle.h"
#include "tests/tuner/bench/fake_cuda/fake_rounding.h"

namespace tilewright {
namespace {

bool Has(const std::string& behaviour, const char* fault) {
  return behaviour.find(fault) != std::string::npos;
}

double At(const void* data, long long stride, int row, int column) {
  return Load(data, row * stride + column, kBf16);
}

void Put(void* data, long long stride, int row, int column, double value) {
  static_cast<unsigned short*>(data)[row * stride + column] = ToBf16(static_cast<float>(value));
}

DropoutMask MaskOf(const FusedDropoutArgs& args) {
  DropoutMask mask;
  mask.seed = args.seed;
  mask.offset = args.offset;
  mask.threshold = kDropoutSteps - (args.dropout_offset & 0xFFFF);
  return mask;
}

double Dropped(const FusedDropoutArgs& args, int row, int column, double value) {
  const bool keeps =
      MaskOf(args).Keeps(0, static_cast<unsigned>(row), static_cast<unsigned>(column));
  return keeps ? value * static_cast<double>(args.dropout_scale) : 0;
}

void Forward(const FusedDropoutArgs& args, const std::string& behaviour) {
  for (int row = 0; row < args.rows; ++row) {
    std::vector<double> values;
    double mean = 0;
    for (int column = 0; column < args.columns; ++column) {
      const double h = At(args.x, args.x_stride, row, column) + At(args.bias, 0, 0, column);
      values.push_back(At(args.residual, args.residual_stride, row, column) +
                       Dropped(args, row, column, h));
      mean += values.back() / args.columns;
    }
    double variance = 0;
    for (const double v : values) variance += (v - mean) * (v - mean) / args.columns;
    const double inverse = 1 / std::sqrt(variance + static_cast<double>(args.epsilon));
    args.mean[row] = static_cast<float>(mean);
    args.inverse_root[row] = static_cast<float>(inverse * (Has(behaviour, "root off") ? 1.001 : 1));
    for (int column = 0; column < args.columns; ++column) {
      const double v = values[static_cast<std::size_t>(column)];
      const double shift = Has(behaviour, "no shift") ? 0 : At(args.shift, 0, 0, column);
      Put(args.pre_norm, args.pre_norm_stride, row, column, v);
      Put(args.y, args.y_stride, row, column,
          (v - mean) * inverse * At(args.weight, 0, 0, column) + shift);
    }
  }
  DropoutMask mask = MaskOf(args);
  if (Has(behaviour, "other mask")) mask.seed ^= 1;
  const std::vector<uint8_t> packed = PackMask(mask, {.rows = args.rows, .columns = args.columns});
  std::copy(packed.begin(), packed.end(), args.mask);
}

void Backward(const FusedDropoutArgs& args, const std::string& behaviour) {
  std::fill_n(args.bias_gradient, args.columns, 0.0f);
  std::fill_n(args.weight_gradient, args.columns, 0.0f);
  std::fill_n(args.shift_gradient, args.columns, 0.0f);
  for (int row = 0; row < args.rows; ++row) {
    const double inverse = static_cast<double>(args.inverse_root[row]);
    const auto normalized = [&](int column) {
      return (At(args.pre_norm, args.pre_norm_stride, row, column) -
              static_cast<double>(args.mean[row])) *
             inverse;
    };
    double along = 0;
    double even = 0;
    for (int column = 0; column < args.columns; ++column) {
      const double own = At(args.weight, 0, 0, column) * At(args.dy, args.y_stride, row, column);
      along += own * normalized(column) / args.columns;
      even += own / args.columns;
    }
    if (Has(behaviour, "mean left out")) even = 0;
    for (int column = 0; column < args.columns; ++column) {
      const double dy = At(args.dy, args.y_stride, row, column);
      const double own = At(args.weight, 0, 0, column) * dy;
      const double g = (own - normalized(column) * along - even) * inverse;
      const double dx = Dropped(args, row, column, g);
      Put(args.residual_gradient, args.residual_stride, row, column, g);
      Put(args.dx, args.x_stride, row, column, dx);
      args.bias_gradient[column] += static_cast<float>(dx);
      args.weight_gradient[column] += static_cast<float>(dy * normalized(column));
      args.shift_gradient[column] += static_cast<float>(dy);
    }
  }
  static int launches = 0;
  // Within what adding up in another order may change.
  if (++launches % 2 == 0 && Has(behaviour, "sums in turn")) {
    args.shift_gradient[0] *= 1.0f + 0x1p-23f;
  }
  if (Has(behaviour, "row summed twice")) args.shift_gradient[0] *= 1.25f;
  if (Has(behaviour, "writes past")) args.bias_gradient[args.columns] = 0;
}

}  // namespace

void FakeFusedDropout(const FusedDropoutArgs& args, const std::string& behaviour) {
  if (Has(behaviour, "backward")) {
    Backward(args, behaviour);
  } else {
    Forward(args, behaviour);
  }
}

}  // namespace tilewright
