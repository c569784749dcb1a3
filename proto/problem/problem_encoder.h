#ifndef TILEWRIGHT_PROTO_PROBLEM_PROBLEM_ENCODER_H_
#define TILEWRIGHT_PROTO_PROBLEM_PROBLEM_ENCODER_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Writes the fields of a problem, fixed-width and little-endian, with its shape or without. For one
// thread.
class ProblemEncoder {
 public:
  explicit ProblemEncoder(bool has_shape) : has_shape_(has_shape) {}

  void U32(uint32_t value) { Fixed(value); }
  void I64(int64_t value) { Fixed(value); }
  void F64(double value) { Fixed(value); }
  void Bool(bool value) { Fixed<uint8_t>(value ? 1 : 0); }
  // Writes a part of the shape. Without shape, `left` takes its place.
  void Shape(int64_t value, int64_t left = 0) { I64(has_shape_ ? value : left); }
  void Dropout(const v1::Dropout& dropout) {
    // The probability is an argument of a launch. A kernel with dropout serves any but 0.
    const bool counts = has_shape_ || dropout.probability() == 0;
    F64(counts ? dropout.probability() : 0.5);
    I64(dropout.philox_rounds());
    Bool(dropout.store_mask());
  }
  void Numerics(const v1::NumericsPolicy& numerics) {
    U32(numerics.determinism());
    F64(numerics.error_budget());
    Bool(numerics.promote_accumulation());
  }

  std::string Take() {
    bytes_.resize(size_);
    return std::move(bytes_);
  }

 private:
  template <typename Value>
  void Fixed(Value value) {
    if (bytes_.size() - size_ < sizeof(value)) bytes_.resize(2 * bytes_.size());
    std::memcpy(bytes_.data() + size_, &value, sizeof(value));
    size_ += sizeof(value);
  }

  static_assert(std::endian::native == std::endian::little, "Fixed copies values as they are.");

  const bool has_shape_;
  std::string bytes_ = std::string(256, '\0');  // More than a problem of today takes.
  std::size_t size_ = 0;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_PROBLEM_ENCODER_H_
