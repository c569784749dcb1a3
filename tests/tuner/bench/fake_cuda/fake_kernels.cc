#include "tests/tuner/bench/fake_cuda/fake_kernels.h"

#include "tests/tuner/bench/fake_cuda/device_shim.h"
// Before what is written for the device, which the shim lets the host compile.

#include "kernel_templates/abi/kernel_args.h"
#include "kernel_templates/reference/checks.cuh"
#include "kernel_templates/reference/dropout_checks.cuh"
#include "kernel_templates/reference/fill.cuh"
#include "kernel_templates/reference/fused_dropout_checks.cuh"
#include "kernel_templates/reference/gemm_reference.cuh"
#include "tests/tuner/bench/fake_cuda/fake_dropout_gemm.h"
#include "tests/tuner/bench/fake_cuda/fake_fused_dropout.h"
#include "tests/tuner/bench/fake_cuda/fake_rounding.h"
#include "tests/tuner/bench/fake_cuda/fake_scaled_gemm.h"

namespace tilewright {
namespace {

// The tiled loop of the reference needs its 256 threads; all around it is the real code.
void ReferenceGemmOnHost(const ReferenceGemmArgs& args) {
  for (long long i = 0; i < args.row_count; ++i) {
    const long long batch = args.rows[i] / args.m;
    const long long row = args.rows[i] % args.m;
    for (long long column = 0; column < args.n; ++column) {
      double product = 0;
      double magnitude = 0;
      for (long long depth = 0; depth < args.k; ++depth) {
        const double a = Load(args.a.data,
                              batch * args.a.batch_stride + (args.a_transposed
                                                                 ? depth * args.a.row_stride + row
                                                                 : row * args.a.row_stride + depth),
                              args.a.type) *
                         ScaleOfA(args, batch, row, depth);
        const double b = Load(args.b.data,
                              batch * args.b.batch_stride +
                                  (args.b_transposed ? column * args.b.row_stride + depth
                                                     : depth * args.b.row_stride + column),
                              args.b.type) *
                         ScaleOfB(args, batch, column, depth);
        product += a * b;
        magnitude += fabs(a * b);
      }
      FinishElement(args, i * args.n + column, batch, row, column, product, magnitude);
    }
  }
}

FakeOutcome GemmOfFp32(const GemmArgs& args, unsigned read) {
  const auto load = [read](const void* from, long long index) {
    return __uint_as_float(LoadBits(from, index, kFp32) & read);
  };
  float* const d = static_cast<float*>(args.d);
  for (long long batch = 0; batch < args.batch; ++batch) {
    for (long long row = 0; row < args.m; ++row) {
      for (long long column = 0; column < args.n; ++column) {
        float sum = 0;
        for (int i = 0; i < args.k; ++i) {
          sum += load(args.a, batch * args.a_batch_stride + row * args.lda + i) *
                 load(args.b, batch * args.b_batch_stride + column * args.ldb + i);
        }
        d[batch * args.d_batch_stride + row * args.ldd + column] = args.alpha * sum;
      }
    }
  }
  return FakeOutcome::kDone;
}

FakeOutcome Gemm(const GemmArgs& args, const std::string& behaviour) {
  if (behaviour == "fp32") return GemmOfFp32(args, 0xFFFFFFFFu);
  if (behaviour == "fp32_cut") return GemmOfFp32(args, 0xFFFFE000u);
  static int launches = 0;
  ++launches;
  if (behaviour == "illegal") return FakeOutcome::kIllegalAddress;
  if (behaviour == "endless") return FakeOutcome::kEndless;
  unsigned short* const d = static_cast<unsigned short*>(args.d);
  for (long long batch = 0; batch < args.batch; ++batch) {
    for (long long row = 0; row < args.m; ++row) {
      for (long long column = 0; column < args.n; ++column) {
        float sum = 0;
        const int depth = args.k + (behaviour == "reads_padding" ? 1 : 0);
        for (int i = 0; i < depth; ++i) {
          sum += static_cast<float>(
              Load(args.a, batch * args.a_batch_stride + row * args.lda + i, kBf16) *
              Load(args.b, batch * args.b_batch_stride + column * args.ldb + i, kBf16));
        }
        const bool last = row == args.m - 1 && column == args.n - 1;
        if (behaviour == "wrong" && last) sum += 50.0f;
        if (behaviour == "nondeterministic" && last) sum += static_cast<float>(launches) * 1e-1f;
        if (behaviour == "unwritten" && last) continue;
        float value = args.alpha != 0 ? args.alpha * sum : 0.0f;
        if (behaviour == "reads_beta") value += args.beta * 0.0f;
        const bool reads_source = behaviour == "accumulates" && args.beta != 0;
        if (reads_source || behaviour == "accumulates_whatever_beta_is") {
          value += args.beta *
                   static_cast<float>(
                       Load(args.c, batch * args.c_batch_stride + row * args.ldc + column, kBf16));
        }
        d[batch * args.d_batch_stride + row * args.ldd + column] = ToBf16(value);
      }
    }
  }
  if (behaviour == "out_of_bounds") d[args.n] = 1;  // The padding, or the next row.
  if (behaviour == "past_the_workspace") static_cast<char*>(args.workspace)[0] = 1;
  if (behaviour == "writes_input") *static_cast<unsigned short*>(const_cast<void*>(args.a)) = 1;
  return FakeOutcome::kDone;
}

template <typename Args>
FakeKernel Wrap(void (*kernel)(const Args)) {
  return [kernel](const void* args) {
    kernel(*static_cast<const Args*>(args));
    return FakeOutcome::kDone;
  };
}

}  // namespace

FakeKernel FindFakeKernel(const std::string& cubin, const std::string& symbol) {
  if (symbol == "tilewright_reference_fill") return Wrap(tilewright_reference_fill);
  if (symbol == "tilewright_reference_compare") return Wrap(tilewright_reference_compare);
  if (symbol == "tilewright_reference_scan") return Wrap(tilewright_reference_scan);
  if (symbol == "tilewright_reference_runs") return Wrap(tilewright_reference_runs);
  if (symbol == "tilewright_reference_guard") return Wrap(tilewright_reference_guard);
  if (symbol == "tilewright_reference_checksum") return Wrap(tilewright_reference_checksum);
  if (symbol == "tilewright_reference_mask") return Wrap(tilewright_reference_mask);
  if (symbol == "tilewright_reference_column_totals") {
    return Wrap(tilewright_reference_column_totals);
  }
  if (symbol == "tilewright_reference_compare_columns") {
    return Wrap(tilewright_reference_compare_columns);
  }
  if (symbol == "tilewright_reference_gemm") {
    return [](const void* args) {
      ReferenceGemmOnHost(*static_cast<const ReferenceGemmArgs*>(args));
      return FakeOutcome::kDone;
    };
  }
  if (symbol == "tilewright_reference_fused_rows") return Wrap(tilewright_reference_fused_rows);
  if (symbol == "tilewright_reference_fused_columns") {
    return Wrap(tilewright_reference_fused_columns);
  }
  if (symbol == "tilewright_reference_fused_compare") {
    return Wrap(tilewright_reference_fused_compare);
  }
  if (symbol == "tilewright_reference_fused_mask") return Wrap(tilewright_reference_fused_mask);
  if (symbol == "tilewright_fused_dropout") {
    return [cubin](const void* args) {
      FakeFusedDropout(*static_cast<const FusedDropoutArgs*>(args), cubin);
      return FakeOutcome::kDone;
    };
  }
  if (symbol != "tilewright_gemm") return nullptr;
  if (cubin.starts_with("scaled")) {
    return [cubin](const void* args) {
      FakeScaledGemm(*static_cast<const GemmArgs*>(args), cubin);
      return FakeOutcome::kDone;
    };
  }
  if (cubin.starts_with("dropout") || cubin.starts_with("gradient")) {
    return [cubin](const void* args) {
      FakeDropoutGemm(*static_cast<const GemmArgs*>(args), cubin);
      return FakeOutcome::kDone;
    };
  }
  return [cubin](const void* args) { return Gemm(*static_cast<const GemmArgs*>(args), cubin); };
}

}  // namespace tilewright
