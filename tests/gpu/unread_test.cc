// What a problem does not read does not matter: alpha and beta of {0, 1, others}, by value and from
// device memory, and NaN in all that is then left out, C where beta is 0, A, B and their scales
// where alpha is; in the padding of every row and scale, around every tensor, in the workspace and
// in D. Operands are small whole numbers, so that results are exact.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <optional>
#include <random>

#include "absl/strings/str_cat.h"
#include "kernel_templates/launch/dropout_mask.h"
#include "kernel_templates/launch/fused_dropout_launcher.h"
#include "kernel_templates/launch/operand_layout.h"
#include "kernel_templates/launch/scale_layout.h"
#include "kernel_templates/launch/vendor_launcher.h"
#include "proto/support/errors.h"
#include "tests/codegen/fused_dropout_problems.h"
#include "tests/codegen/gemm_problems.h"
#include "tests/gpu/config_cases.h"
#include "tests/gpu/device_gemm.h"
#include "tests/gpu/gemm_cases.h"
#include "tests/gpu/gpu_machine.h"
#include "tuner/problem/canonical_problem.h"
#include "tuner/space/search_space.h"

namespace tilewright {
namespace {

constexpr float kAlphas[] = {0.0f, 1.0f, -0.5f};
constexpr float kBetas[] = {0.0f, 1.0f, 2.0f};
constexpr int64_t kGuardBytes = 1 << 16;

std::size_t Bits(v1::DataType type, float value) {
  switch (DataTypeBytes(type)) {
    case 4: {
      uint32_t bits;
      std::memcpy(&bits, &value, sizeof(bits));
      return bits;
    }
    case 2: {
      if (type == v1::DATA_TYPE_BF16) return ToBf16(value);
      const auto half = static_cast<_Float16>(value);
      uint16_t bits;
      std::memcpy(&bits, &half, sizeof(bits));
      return bits;
    }
    default:
      if (type == v1::DATA_TYPE_INT8) return static_cast<uint8_t>(static_cast<int8_t>(value));
      // Of 0, 1 and -1 in e4m3.
      return value == 0 ? 0 : value > 0 ? 0x38 : 0xB8;
  }
}

float Value(v1::DataType type, std::size_t bits) {
  if (type == v1::DATA_TYPE_BF16) return FromBf16(static_cast<uint16_t>(bits));
  if (type == v1::DATA_TYPE_FP16) {
    _Float16 half;
    const auto narrow = static_cast<uint16_t>(bits);
    std::memcpy(&half, &narrow, sizeof(half));
    return static_cast<float>(half);
  }
  if (type == v1::DATA_TYPE_E4M3) {
    const int exponent = static_cast<int>(bits >> 3 & 15);
    const auto mantissa = static_cast<float>(bits & 7);
    if ((bits & 0x7F) == 0x7F) return std::nanf("");
    const float size =
        exponent == 0 ? std::ldexp(mantissa, -9) : std::ldexp(8 + mantissa, exponent - 10);
    return (bits & 0x80) != 0 ? -size : size;
  }
  const auto word = static_cast<uint32_t>(bits);
  float value;
  std::memcpy(&value, &word, sizeof(value));
  return value;
}

// A tensor on both sides, NaN around it and between its rows.
class Tensor {
 public:
  Tensor(const MatrixLayout& layout, unsigned seed) : layout_(layout) {
    std::mt19937 generator(seed);
    std::uniform_int_distribution<int> whole(-1, 1);
    values_.resize(static_cast<std::size_t>(layout.batch * layout.rows * layout.columns));
    for (float& value : values_) value = static_cast<float>(whole(generator));
  }

  float& At(int64_t batch, int64_t row, int64_t column) {
    return values_[static_cast<std::size_t>((batch * layout_.rows + row) * layout_.columns +
                                            column)];
  }

  // Brings it to the GPU, or NaN alone where it is not to be read.
  void Upload(const DeviceSession& session, bool is_read) {
    std::vector<uint8_t> bytes(static_cast<std::size_t>(layout_.SpanBytes() + 2 * kGuardBytes),
                               0xFF);
    if (is_read)
      ForEach([&](int64_t place, float& value) {
        const std::size_t bits = Bits(layout_.type, value);
        std::memcpy(&bytes[Offset(place)], &bits, Size());
      });
    memory_ = session.Upload(bytes);
  }

  // What the GPU has; fails where something beside the elements changed.
  void Download(const DeviceSession& session) {
    std::vector<uint8_t> bytes = session.Download<uint8_t>(memory_);
    ForEach([&](int64_t place, float& value) {
      std::size_t bits = 0;
      std::memcpy(&bits, &bytes[Offset(place)], Size());
      std::memset(&bytes[Offset(place)], 0xFF, Size());
      value = Value(layout_.type, bits);
    });
    EXPECT_EQ(std::count(bytes.begin(), bytes.end(), 0xFF),
              static_cast<std::ptrdiff_t>(bytes.size()))
        << "something beside the tensor was written";
  }

  // The memory of another, whose values it keeps.
  void Take(Tensor& other) { memory_ = std::move(other.memory_); }

  void* pointer() const {
    return reinterpret_cast<void*>(memory_.address() + static_cast<CUdeviceptr>(kGuardBytes));
  }
  const MatrixLayout& layout() const { return layout_; }

 private:
  std::size_t Size() const { return static_cast<std::size_t>(DataTypeBytes(layout_.type)); }
  std::size_t Offset(int64_t place) const {
    return static_cast<std::size_t>(kGuardBytes) + static_cast<std::size_t>(place) * Size();
  }
  void ForEach(const std::function<void(int64_t place, float& value)>& visit) {
    std::size_t i = 0;
    for (int64_t batch = 0; batch < layout_.batch; ++batch) {
      for (int64_t row = 0; row < layout_.rows; ++row) {
        for (int64_t column = 0; column < layout_.columns; ++column) {
          visit(batch * layout_.batch_stride + row * layout_.row_stride + column, values_[i++]);
        }
      }
    }
  }

  MatrixLayout layout_;
  std::vector<float> values_;
  DeviceMemory memory_;
};

MatrixLayout VectorOf(v1::DataType type, int64_t elements) {
  MatrixLayout layout;
  layout.type = type;
  layout.rows = 1;
  layout.columns = elements;
  layout.row_stride = elements;
  return layout;
}

// What pads the scales of blocks of B is none of them.
MatrixLayout ScalesOf(const v1::GemmProblem& problem, v1::Operand operand) {
  MatrixLayout layout = VectorOf(v1::DATA_TYPE_FP32, ScaleElements(problem, operand));
  if (operand == v1::OPERAND_SCALE_B && problem.scaling_mode() == v1::SCALING_MODE_BLOCK_128) {
    layout.rows = problem.batch() * ((problem.n() + 127) / 128);
    layout.columns = (problem.k() + 127) / 128;
    layout.row_stride /= layout.rows;
  }
  return layout;
}

using LaunchOne = std::function<absl::Status(const GemmOperands&)>;

// The operands of a problem, and what D must be of every alpha and beta.
class UnreadGemm {
 public:
  UnreadGemm(const DeviceSession& session, const v1::GemmProblem& problem)
      : session_(session),
        problem_(problem),
        a_(LayoutOf(problem, v1::OPERAND_A), 1),
        b_(LayoutOf(problem, v1::OPERAND_B), 2),
        c_(LayoutOf(problem, v1::OPERAND_C), 3),
        bias_(VectorOf(problem.epilogue().bias_type(), BiasElements(problem)), 6),
        scale_a_(ScalesOf(problem, v1::OPERAND_SCALE_A), 7),
        scale_b_(ScalesOf(problem, v1::OPERAND_SCALE_B), 8) {
    for (Tensor* scale : {&scale_a_, &scale_b_}) {
      if (!scale->layout().used()) continue;
      // Powers of two.
      for (int64_t row = 0; row < scale->layout().rows; ++row) {
        for (int64_t column = 0; column < scale->layout().columns; ++column) {
          float& value = scale->At(0, row, column);
          value = std::ldexp(1.0f, static_cast<int>(value));
        }
      }
    }
    Multiply();
  }

  // Launches with every alpha and beta, and looks at D each time.
  void ExpectIgnored(const std::string& name, int64_t workspace_bytes, const LaunchOne& launch) {
    for (const float alpha : kAlphas) {
      if (problem_.d_type() == v1::DATA_TYPE_INT32 && alpha != 1.0f) continue;
      for (const float beta : kBetas) {
        if (!Accumulates() && beta != 0) continue;
        Expect(absl::StrCat(name, ", alpha ", alpha, ", beta ", beta), workspace_bytes, launch,
               alpha, beta);
      }
    }
  }

 private:
  bool Accumulates() const {
    return problem_.epilogue().source_mode() == v1::SOURCE_MODE_ACCUMULATE;
  }

  void Multiply() {
    products_.resize(static_cast<std::size_t>(problem_.batch() * problem_.m() * problem_.n()));
    const bool a_turned = problem_.a_layout() == v1::OPERAND_LAYOUT_TRANSPOSED;
    const bool b_turned = problem_.b_layout() == v1::OPERAND_LAYOUT_TRANSPOSED;
    for (int64_t batch = 0; batch < problem_.batch(); ++batch) {
      for (int64_t i = 0; i < problem_.m(); ++i) {
        for (int64_t j = 0; j < problem_.n(); ++j) {
          float sum = 0;
          for (int64_t k = 0; k < problem_.k(); ++k) {
            const float a = a_turned ? a_.At(batch, k, i) : a_.At(batch, i, k);
            const float b = b_turned ? b_.At(batch, j, k) : b_.At(batch, k, j);
            if (a != 0 && b != 0) sum += a * b * Scale(batch, i, j, k);
          }
          Product(batch, i, j) = sum;
        }
      }
    }
  }
  float& Product(int64_t batch, int64_t row, int64_t column) {
    return products_[static_cast<std::size_t>((batch * problem_.m() + row) * problem_.n() +
                                              column)];
  }
  float Scale(int64_t batch, int64_t row, int64_t column, int64_t depth) {
    const int64_t blocks = (problem_.k() + 127) / 128;
    switch (problem_.scaling_mode()) {
      case v1::SCALING_MODE_PER_TENSOR:
        return scale_a_.At(0, 0, 0) * scale_b_.At(0, 0, 0);
      case v1::SCALING_MODE_PER_ROW_COLUMN:
        return scale_a_.At(0, 0, batch * problem_.m() + row) *
               scale_b_.At(0, 0, batch * problem_.n() + column);
      case v1::SCALING_MODE_BLOCK_128:
        return scale_a_.At(0, 0, (batch * blocks + depth / 128) * problem_.m() + row) *
               scale_b_.At(0, batch * ((problem_.n() + 127) / 128) + column / 128, depth / 128);
      default:
        return 1;
    }
  }

  void Expect(const std::string& name, int64_t workspace_bytes, const LaunchOne& launch,
              float alpha, float beta) {
    const v1::Epilogue& epilogue = problem_.epilogue();
    Tensor d(LayoutOf(problem_, v1::OPERAND_D), 4);
    Tensor aux(LayoutOf(problem_, v1::OPERAND_AUX), 5);
    a_.Upload(session_, alpha != 0);
    b_.Upload(session_, alpha != 0);
    d.Upload(session_, false);
    GemmOperands operands;
    operands.a = a_.pointer();
    operands.b = b_.pointer();
    operands.d = d.pointer();
    if (c_.layout().used()) {
      c_.Upload(session_, beta != 0);
      operands.c = c_.pointer();
    }
    if (bias_.layout().used()) {
      bias_.Upload(session_, true);
      operands.bias = bias_.pointer();
    }
    if (aux.layout().used()) {
      // Of a gradient without an activation nobody reads it.
      aux.Upload(session_, false);
      operands.aux = aux.pointer();
    }
    for (auto& [scale, pointer] : {std::pair<Tensor&, const float*&>(scale_a_, operands.scale_a),
                                   std::pair<Tensor&, const float*&>(scale_b_, operands.scale_b)}) {
      if (!scale.layout().used()) continue;
      scale.Upload(session_, alpha != 0);
      pointer = static_cast<const float*>(scale.pointer());
    }
    const DeviceMemory workspace = session_.Upload(std::vector<uint8_t>(
        static_cast<std::size_t>(std::max<int64_t>(workspace_bytes, 1)), 0xFF));
    operands.workspace = workspace.pointer();
    operands.workspace_bytes = workspace_bytes;
    const DeviceMemory amax = session_.Upload(std::vector<float>{std::nanf("")});
    const DeviceMemory flag = session_.Upload(std::vector<uint32_t>{7});
    operands.amax = static_cast<float*>(amax.pointer());
    operands.non_finite = static_cast<uint32_t*>(flag.pointer());
    const DeviceMemory scalars = session_.Upload(std::vector<float>{alpha, beta});
    if (epilogue.device_scalars()) {
      operands.device_alpha = static_cast<const float*>(scalars.pointer());
      operands.device_beta = operands.device_alpha + 1;
      operands.alpha = operands.beta = std::nanf("");
    } else {
      operands.alpha = alpha;
      operands.beta = beta;
    }
    const absl::Status status = launch(operands);
    ASSERT_TRUE(status.ok()) << name << ": " << status;
    session_.Synchronize();
    d.Download(session_);
    if (WritesAux(problem_)) aux.Download(session_);
    if (epilogue.non_finite_flag()) {
      EXPECT_EQ(session_.Download<uint32_t>(flag)[0], 0u) << name;
    }
    if (epilogue.amax()) {
      EXPECT_TRUE(std::isfinite(session_.Download<float>(amax)[0])) << name;
    }
    int wrong = 0;
    for (int64_t batch = 0; batch < problem_.batch(); ++batch) {
      for (int64_t i = 0; i < problem_.m(); ++i) {
        for (int64_t j = 0; j < problem_.n(); ++j) {
          float z = alpha == 0 ? 0.0f : alpha * Product(batch, i, j);
          if (bias_.layout().used()) z += bias_.At(0, 0, j);
          if (Accumulates() && beta != 0) z += beta * c_.At(batch, i, j);
          float expected = z;
          if (epilogue.activation() == v1::ACTIVATION_RELU) expected = std::max(z, 0.0f);
          const bool is_right =
              IsNear(d.At(batch, i, j), expected, problem_.d_type()) &&
              (!WritesAux(problem_) || IsNear(aux.At(batch, i, j), z, epilogue.aux_type()));
          if (!is_right && ++wrong == 1) {
            ADD_FAILURE() << name << ": batch " << batch << " row " << i << " column " << j
                          << " is " << d.At(batch, i, j) << ", not " << expected;
          }
        }
      }
    }
    EXPECT_EQ(wrong, 0) << name << ": of " << products_.size() << " elements";
    // Where C is not read it need not be there.
    if (!Accumulates() || beta != 0 || epilogue.device_scalars() || operands.c == nullptr) return;
    d.Upload(session_, false);
    operands.c = nullptr;
    operands.d = d.pointer();
    const absl::Status without = launch(operands);
    ASSERT_TRUE(without.ok()) << name << ": " << without;
    session_.Synchronize();
    Tensor again(d.layout(), 4);
    again.Take(d);
    again.Download(session_);
    for (int64_t batch = 0; batch < problem_.batch(); ++batch) {
      for (int64_t i = 0; i < problem_.m(); ++i) {
        for (int64_t j = 0; j < problem_.n(); ++j) {
          ASSERT_EQ(again.At(batch, i, j), d.At(batch, i, j)) << name << ", C null";
        }
      }
    }
  }

  // One rounding of D, and some of fp32 with scales and alpha before.
  static bool IsNear(float value, float expected, v1::DataType type) {
    const int bits = DataTypeBytes(type) == 1     ? 4
                     : type == v1::DATA_TYPE_BF16 ? 8
                     : DataTypeBytes(type) == 2   ? 11
                                                  : 20;
    return std::abs(value - expected) <= std::ldexp(std::abs(expected), -bits);
  }

  const DeviceSession& session_;
  const v1::GemmProblem problem_;
  Tensor a_;
  Tensor b_;
  Tensor c_;
  Tensor bias_;
  Tensor scale_a_;
  Tensor scale_b_;
  std::vector<float> products_;
};

// Rows and columns that end within a tile, a vector and a block of scales, k within a stage.
v1::Problem Padded(v1::DataType input, v1::DataType output, int64_t m = 141, int64_t n = 152,
                   int64_t k = 88, bool accumulates = true) {
  v1::Problem problem = Gemm(m, n, k, input, output);
  v1::GemmProblem& gemm = *problem.mutable_gemm();
  const int64_t step = 16;
  gemm.set_lda((k / step + 2) * step);
  gemm.set_ldb((k / step + 3) * step);
  gemm.set_ldd((n / step + 2) * step);
  if (!accumulates) return problem;
  gemm.mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
  if (output == v1::DATA_TYPE_E4M3) {
    gemm.mutable_epilogue()->set_source_type(v1::DATA_TYPE_BF16);
  }
  gemm.set_ldc((n / step + 3) * step);
  return problem;
}

void ExpectIgnored(const std::string& name, const v1::Problem& problem,
                   const std::vector<v1::Variant>& variants) {
  const DeviceSession session;
  ASSERT_FALSE(variants.empty()) << name;
  UnreadGemm gemm(session, problem.gemm());
  for (const v1::Kernel& kernel : CompileKernels(problem, variants)) {
    const auto launcher = KernelLauncher::Create(session.driver(), kernel);
    ASSERT_TRUE(launcher.ok()) << name << ": " << launcher.status();
    gemm.ExpectIgnored(absl::StrCat(name, ", ", kernel.variant().ShortDebugString()),
                       (*launcher)->WorkspaceBytes(problem.gemm()),
                       [&](const GemmOperands& operands) {
                         return (*launcher)->Launch(problem.gemm(), operands, session.stream());
                       });
  }
}

// Spread over the ranking of each template, of split products too.
void ExpectIgnoredByEveryTemplate(const std::string& name, const v1::Problem& problem,
                                  int variants = 4) {
  for (const bool device_scalars : {false, true}) {
    v1::Problem one = problem;
    one.mutable_gemm()->mutable_epilogue()->set_device_scalars(device_scalars);
    const auto canonical = Canonicalize(one);
    ASSERT_TRUE(canonical.ok()) << name << ": " << canonical.status();
    int tried = 0;
    for (const char* of_template : {"gemm_simt", "gemm_sm80", "gemm_sm90"}) {
      for (const bool split : {false, true}) {
        const auto picked = PickVariants(*canonical, split ? 2 : variants, split, of_template);
        if (picked.empty()) continue;
        ++tried;
        ExpectIgnored(absl::StrCat(name, device_scalars ? ", scalars on the device" : ""),
                      *canonical, picked);
      }
    }
    EXPECT_GT(tried, 0) << name;
  }
}

struct TypeCase {
  v1::DataType input;
  v1::DataType output;
};
const TypeCase kTypes[] = {
    {v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16}, {v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP32},
    {v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP16}, {v1::DATA_TYPE_TF32, v1::DATA_TYPE_FP32},
    {v1::DATA_TYPE_FP32, v1::DATA_TYPE_FP32}, {v1::DATA_TYPE_INT8, v1::DATA_TYPE_FP16}};

TEST(UnreadTest, AccumulatedSourcesOfEveryType) {
  for (const auto& [input, output] : kTypes) {
    ExpectIgnoredByEveryTemplate(absl::StrCat(ShortName(input), " to ", ShortName(output)),
                                 Padded(input, output));
  }
}

TEST(UnreadTest, NothingButProducts) {
  for (const auto& [input, output] : kTypes) {
    ExpectIgnoredByEveryTemplate(
        absl::StrCat(ShortName(input), " to ", ShortName(output), ", plain"),
        Padded(input, output, 141, 152, 88, false), 3);
  }
}

TEST(UnreadTest, RowsOfEveryAlignment) {
  for (const int64_t n : {151, 150, 148, 8}) {
    v1::Problem problem = Padded(v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16, 70, n, 88);
    problem.mutable_gemm()->set_ldd(n + 1);
    problem.mutable_gemm()->set_ldc(n + 3);
    ExpectIgnoredByEveryTemplate(absl::StrCat("n ", n), problem, 3);
  }
}

TEST(UnreadTest, EveryLayoutAndSeveralBatches) {
  for (const char* letters : {"NN", "TN", "TT"}) {
    v1::Problem problem = Padded(v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16, 72, 88, 96);
    SetLayout(problem, letters);
    problem.mutable_gemm()->set_batch(2);
    problem.mutable_gemm()->set_lda(128);
    problem.mutable_gemm()->set_ldb(136);
    ExpectIgnoredByEveryTemplate(letters, problem, 3);
  }
}

TEST(UnreadTest, AfterASplitAlongK) {
  ExpectIgnoredByEveryTemplate("long k",
                               Padded(v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP32, 72, 104, 2056));
}

TEST(UnreadTest, WithAllElseThatAnEpilogueHas) {
  v1::Problem problem = Padded(v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16);
  v1::Epilogue& epilogue = *problem.mutable_gemm()->mutable_epilogue();
  epilogue.set_bias_mode(v1::BIAS_MODE_PER_COLUMN);
  epilogue.set_activation(v1::ACTIVATION_RELU);
  epilogue.set_aux_type(v1::DATA_TYPE_FP32);
  epilogue.set_amax(true);
  epilogue.set_non_finite_flag(true);
  problem.mutable_gemm()->set_ld_aux(160);
  ExpectIgnoredByEveryTemplate("all else", problem);
}

// What a gradient multiplies with an activation's slope is not read where there is none.
TEST(UnreadTest, TheArgumentOfNoActivation) {
  v1::Problem problem = Padded(v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16);
  problem.mutable_gemm()->mutable_epilogue()->set_gradient(true);
  problem.mutable_gemm()->mutable_epilogue()->set_aux_type(v1::DATA_TYPE_BF16);
  problem.mutable_gemm()->set_ld_aux(160);
  ExpectIgnoredByEveryTemplate("gradient", problem);
  problem.mutable_gemm()->mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_NONE);
  problem.mutable_gemm()->set_ldc(0);
  problem.mutable_gemm()->mutable_epilogue()->clear_source_type();
  ExpectIgnoredByEveryTemplate("gradient without a source", problem);
}

using UnreadOnHopperTest = HopperTest;

TEST_F(UnreadOnHopperTest, EveryScheduleAndCluster) {
  for (const bool accumulates : {true, false}) {
    for (const bool device_scalars : {false, true}) {
      v1::Problem problem =
          Padded(v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16, 333, 328, 200, accumulates);
      problem.mutable_gemm()->mutable_epilogue()->set_device_scalars(device_scalars);
      const v1::Problem canonical = *Canonicalize(problem);
      std::vector<v1::Variant> variants;
      for (const GemmSm90Config& config : EveryScheduleAndCluster()) {
        const v1::Variant variant = MakeVariant(config);
        if (PlanForVariant(canonical, GpuMachine::Get().silicon(), variant).ok()) {
          variants.push_back(variant);
        }
      }
      ExpectIgnored(absl::StrCat("accumulates ", accumulates, ", device scalars ", device_scalars),
                    canonical, variants);
    }
  }
}

TEST_F(UnreadOnHopperTest, SplitEpilogues) {
  v1::Problem problem = Padded(v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16, 200, 264, 200);
  v1::Epilogue& epilogue = *problem.mutable_gemm()->mutable_epilogue();
  epilogue.set_gradient(true);
  epilogue.set_bias_gradient(true);
  const v1::Problem canonical = *Canonicalize(problem);
  GemmSm90Config config = EveryScheduleAndCluster().front();
  config.split_epilogue = 1;
  const v1::Variant variant = MakeVariant(config);
  const auto plan = PlanForVariant(canonical, GpuMachine::Get().silicon(), variant);
  ASSERT_TRUE(plan.ok()) << plan.status();
  const DeviceSession session;
  const DeviceMemory sums = session.Upload(std::vector<float>(264, std::nanf("")));
  UnreadGemm gemm(session, canonical.gemm());
  for (const v1::Kernel& kernel : CompileKernels(canonical, {variant})) {
    const auto launcher = KernelLauncher::Create(session.driver(), kernel);
    ASSERT_TRUE(launcher.ok()) << launcher.status();
    gemm.ExpectIgnored("split epilogue", (*launcher)->WorkspaceBytes(canonical.gemm()),
                       [&](GemmOperands operands) {
                         operands.bias_gradient = static_cast<float*>(sums.pointer());
                         return (*launcher)->Launch(canonical.gemm(), operands, session.stream());
                       });
    for (const float sum : session.Download<float>(sums)) EXPECT_TRUE(std::isfinite(sum));
  }
}

TEST_F(UnreadOnHopperTest, ScalesOfEveryKind) {
  for (const v1::ScalingMode mode : {v1::SCALING_MODE_NONE, v1::SCALING_MODE_PER_TENSOR,
                                     v1::SCALING_MODE_PER_ROW_COLUMN, v1::SCALING_MODE_BLOCK_128}) {
    for (const v1::DataType output : {v1::DATA_TYPE_BF16, v1::DATA_TYPE_E4M3}) {
      v1::Problem problem = Padded(v1::DATA_TYPE_E4M3, output, 141, 152, 208);
      problem.mutable_gemm()->set_scaling_mode(mode);
      ExpectIgnoredByEveryTemplate(
          absl::StrCat(v1::ScalingMode_Name(mode), " to ", ShortName(output)), problem);
    }
  }
  v1::Problem integers = Padded(v1::DATA_TYPE_INT8, v1::DATA_TYPE_FP32);
  integers.mutable_gemm()->set_scaling_mode(v1::SCALING_MODE_PER_ROW_COLUMN);
  ExpectIgnoredByEveryTemplate("int8 with scales", integers);
}

// cublasLt's own kernels, whatever they do with their alpha.
TEST(UnreadTest, VendorLaunches) {
  const DeviceSession session;
  auto vendor = VendorLauncher::Create(session.driver());
  if (absl::IsNotFound(vendor.status())) GTEST_SKIP() << vendor.status();
  ASSERT_TRUE(vendor.ok()) << vendor.status();
  const bool is_hopper = GpuMachine::Get().silicon().compute_capability() == 90;
  for (const bool accumulates : {true, false}) {
    std::vector<v1::Problem> problems;
    for (const auto& [input, output] : kTypes) {
      if (input == v1::DATA_TYPE_INT8) continue;
      problems.push_back(Padded(input, output, 144, 160, 96, accumulates));
      problems.push_back(problems.back());
      problems.back().mutable_gemm()->set_batch(2);
    }
    if (is_hopper) {
      problems.push_back(Padded(v1::DATA_TYPE_E4M3, v1::DATA_TYPE_BF16, 144, 160, 96, accumulates));
      if (!accumulates) {
        problems.push_back(Padded(v1::DATA_TYPE_E4M3, v1::DATA_TYPE_E4M3, 144, 160, 96, false));
      }
    }
    for (const v1::Problem& problem : problems) {
      const v1::GemmProblem gemm = Canonicalize(problem)->gemm();
      const std::string name = absl::StrCat(ShortName(gemm.a_type()), " to ",
                                            ShortName(gemm.d_type()), ", batch ", gemm.batch());
      ASSERT_TRUE(VendorLauncher::Supports(gemm)) << name;
      const auto algorithms = (*vendor)->Algorithms(gemm, 32 << 20, 4);
      ASSERT_TRUE(algorithms.ok()) << name << ": " << algorithms.status();
      UnreadGemm operands(session, gemm);
      for (const v1::VendorKernel& algorithm : *algorithms) {
        operands.ExpectIgnored(
            absl::StrCat("cublasLt ", name, ", result ", algorithm.heuristic_rank()),
            algorithm.workspace_bytes(), [&](const GemmOperands& given) {
              return (*vendor)->Launch(gemm, algorithm, given, session.stream());
            });
      }
    }
  }
}

// No launch of cublasLt's adds C to an fp8 D without A and B.
TEST_F(UnreadOnHopperTest, AVendorThatCannotLeaveProductsOutSaysSo) {
  const DeviceSession session;
  auto vendor = VendorLauncher::Create(session.driver());
  if (absl::IsNotFound(vendor.status())) GTEST_SKIP() << vendor.status();
  const v1::GemmProblem gemm =
      Canonicalize(Padded(v1::DATA_TYPE_E4M3, v1::DATA_TYPE_E4M3, 144, 160, 96))->gemm();
  const auto algorithms = (*vendor)->Algorithms(gemm, 32 << 20, 1);
  ASSERT_TRUE(algorithms.ok()) << algorithms.status();
  if (algorithms->empty()) GTEST_SKIP() << "cublasLt has no kernel for it";
  const DeviceMemory memory = session.Upload(std::vector<uint8_t>(1 << 20));
  GemmOperands operands;
  operands.a = operands.b = operands.c = memory.pointer();
  operands.d = memory.pointer();
  operands.workspace = memory.pointer();
  operands.workspace_bytes = 32 << 20;
  operands.alpha = 0.0f;
  operands.beta = 1.0f;
  const absl::Status status =
      (*vendor)->Launch(gemm, algorithms->front(), operands, session.stream());
  EXPECT_EQ(ReasonOf(status), "ALPHA_IS_ZERO") << status;
}

// What dropout drops is not read: a launch in this process over rows that NaN pads, with NaN in
// every dropped element of x, or of the gradient.
TEST(UnreadTest, WhatAFusedDropoutDrops) {
  constexpr int64_t kRows = 37;
  constexpr int64_t kColumns = 203;
  const DeviceSession session;
  const DropoutMask mask{.seed = 7,
                         .offset = (uint64_t{3} << 40) + 5,
                         .rounds = 7,
                         .threshold = QuantizeProbability(0.5)};
  const auto keeps = [&](int64_t row, int64_t column) {
    return mask.Keeps(0, static_cast<uint32_t>(row), static_cast<uint32_t>(column));
  };
  MatrixLayout layout = VectorOf(v1::DATA_TYPE_BF16, kColumns);
  layout.rows = kRows;
  for (const int64_t stride : {kColumns, int64_t{224}}) {
    layout.row_stride = stride;
    for (const char* operation : {"DROPOUT", "BIAS_DROPOUT_RESIDUAL", "BIAS_ACTIVATION_DROPOUT"}) {
      for (const char* direction : {"", " backward: true"}) {
        const bool backward = *direction != '\0';
        const std::string fields =
            absl::StrCat("rows: ", kRows, " columns: ", kColumns, " x_stride: ", stride,
                         " y_stride: ", stride, " operation: DROPOUT_OPERATION_", operation,
                         " dropout { probability: 0.5 }", direction);
        const v1::Problem problem = FusedDropoutOf(fields);
        Tensor input(layout, 11);
        Tensor residual(VectorOf(v1::DATA_TYPE_BF16, kRows * kColumns), 12);
        Tensor bias(VectorOf(v1::DATA_TYPE_BF16, kColumns), 13);
        std::vector<float> kept(static_cast<std::size_t>(kRows * kColumns));
        for (int64_t row = 0; row < kRows; ++row) {
          for (int64_t column = 0; column < kColumns; ++column) {
            float& value = input.At(0, row, column);
            kept[static_cast<std::size_t>(row * kColumns + column)] = value;
            if (!keeps(row, column)) value = std::nanf("");
          }
        }
        input.Upload(session, true);
        residual.Upload(session, true);
        bias.Upload(session, true);
        for (const v1::Kernel& kernel : CompileKernels(problem, PickVariants(problem, 4, false))) {
          SCOPED_TRACE(absl::StrCat(fields, ", ", kernel.variant().ShortDebugString()));
          const auto launcher = FusedDropoutLauncher::Create(session.driver(), kernel);
          ASSERT_TRUE(launcher.ok()) << launcher.status();
          Tensor output(layout, 14);
          output.Upload(session, false);
          const DeviceMemory sums = session.Upload(std::vector<float>(kColumns, std::nanf("")));
          const int64_t workspace_bytes = (*launcher)->WorkspaceBytes(problem.fused_dropout());
          const DeviceMemory workspace = session.Upload(std::vector<uint8_t>(
              static_cast<std::size_t>(std::max<int64_t>(workspace_bytes, 1)), 0xFF));
          FusedDropoutOperands operands;
          operands.x = operands.dy = input.pointer();
          operands.y = operands.dx = output.pointer();
          operands.bias = bias.pointer();
          operands.residual = residual.pointer();
          operands.bias_gradient = static_cast<float*>(sums.pointer());
          operands.workspace = workspace.pointer();
          operands.workspace_bytes = workspace_bytes;
          operands.seed = mask.seed;
          operands.offset = mask.offset;
          const absl::Status status =
              (*launcher)->Launch(problem.fused_dropout(), operands, session.stream());
          ASSERT_TRUE(status.ok()) << status;
          session.Synchronize();
          output.Download(session);
          const bool has_bias = std::string(operation) != "DROPOUT";
          const bool has_residual = std::string(operation) == "BIAS_DROPOUT_RESIDUAL";
          std::vector<float> totals(kColumns);
          for (int64_t row = 0; row < kRows; ++row) {
            for (int64_t column = 0; column < kColumns; ++column) {
              float expected = 0;
              if (keeps(row, column)) {
                expected = 2 * kept[static_cast<std::size_t>(row * kColumns + column)];
                if (has_bias && !backward) expected += 2 * bias.At(0, 0, column);
              }
              totals[static_cast<std::size_t>(column)] += expected;
              if (has_residual && !backward) {
                expected += residual.At(0, 0, row * kColumns + column);
              }
              ASSERT_EQ(output.At(0, row, column), expected) << row << ", " << column;
            }
          }
          if (backward && has_bias) {
            EXPECT_EQ(session.Download<float>(sums), totals);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace tilewright
