#include "tests/gpu/guarded_tensor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "proto/problem/data_type.h"
#include "tests/gpu/gemm_cases.h"

namespace tilewright {
namespace {

constexpr int64_t kGuardBytes = 1 << 16;

std::size_t Bits(v1::DataType type, float value) {
  switch (StorageBytes(type)) {
    case 4: {
      uint32_t bits;
      std::memcpy(&bits, &value, sizeof(bits));
      return bits;
    }
    case 2: {
      if (type == v1::DATA_TYPE_BF16) return ToBf16(value);
      // Of 0, 1 and -1 in fp16.
      return value == 0 ? 0 : value > 0 ? 0x3C00 : 0xBC00;
    }
    default:
      if (type == v1::DATA_TYPE_INT8) return static_cast<uint8_t>(static_cast<int8_t>(value));
      // Of 0, 1 and -1 in e4m3.
      return value == 0 ? 0 : value > 0 ? 0x38 : 0xB8;
  }
}

float Value(v1::DataType type, std::size_t bits) {
  if (type == v1::DATA_TYPE_BF16) return FromBf16(static_cast<uint16_t>(bits));
  if (type == v1::DATA_TYPE_FP16) return FromFp16(static_cast<uint16_t>(bits));
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

}  // namespace

GuardedTensor::GuardedTensor(const MatrixLayout& layout, unsigned seed) : layout_(layout) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<int> whole(-1, 1);
  values_.resize(static_cast<std::size_t>(layout.batch * layout.rows * layout.columns));
  for (float& value : values_) value = static_cast<float>(whole(generator));
}

void GuardedTensor::Upload(const DeviceSession& session, bool is_read) {
  std::vector<uint8_t> bytes(static_cast<std::size_t>(layout_.SpanBytes() + 2 * kGuardBytes), 0xFF);
  if (is_read) {
    ForEach([&](int64_t place, float& value) {
      const std::size_t bits = Bits(layout_.type, value);
      std::memcpy(&bytes[Offset(place)], &bits, Size());
    });
  }
  memory_ = session.Upload(bytes);
}

void GuardedTensor::Download(const DeviceSession& session) {
  std::vector<uint8_t> bytes = session.Download<uint8_t>(memory_);
  ForEach([&](int64_t place, float& value) {
    std::size_t bits = 0;
    std::memcpy(&bits, &bytes[Offset(place)], Size());
    std::memset(&bytes[Offset(place)], 0xFF, Size());
    value = Value(layout_.type, bits);
  });
  EXPECT_EQ(std::count(bytes.begin(), bytes.end(), 0xFF), static_cast<std::ptrdiff_t>(bytes.size()))
      << "something beside the tensor was written";
}

void* GuardedTensor::pointer() const {
  return reinterpret_cast<void*>(memory_.address() + static_cast<CUdeviceptr>(kGuardBytes));
}

std::size_t GuardedTensor::Size() const {
  return static_cast<std::size_t>(StorageBytes(layout_.type));
}

std::size_t GuardedTensor::Offset(int64_t place) const {
  return static_cast<std::size_t>(kGuardBytes) + static_cast<std::size_t>(place) * Size();
}

void GuardedTensor::ForEach(const std::function<void(int64_t place, float& value)>& visit) {
  std::size_t i = 0;
  for (int64_t batch = 0; batch < layout_.batch; ++batch) {
    for (int64_t row = 0; row < layout_.rows; ++row) {
      for (int64_t column = 0; column < layout_.columns; ++column) {
        visit(batch * layout_.batch_stride + row * layout_.row_stride + column, values_[i++]);
      }
    }
  }
}

}  // namespace tilewright
