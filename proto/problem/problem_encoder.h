#ifndef TILEWRIGHT_PROTO_PROBLEM_PROBLEM_ENCODER_H_
#define TILEWRIGHT_PROTO_PROBLEM_PROBLEM_ENCODER_H_

#include <bit>
#include <cstdint>
#include <string>
#include <utility>

#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Writes the fields of a problem, fixed-width and little-endian. For one thread.
class ProblemEncoder {
 public:
  void U32(uint32_t value) { Fixed(value, 4); }
  void I64(int64_t value) { Fixed(static_cast<uint64_t>(value), 8); }
  void F64(double value) { Fixed(std::bit_cast<uint64_t>(value), 8); }
  void Bool(bool value) { Fixed(value ? 1 : 0, 1); }
  void Dropout(const v1::Dropout& dropout) {
    F64(dropout.probability());
    I64(dropout.philox_rounds());
    Bool(dropout.store_mask());
  }
  void Numerics(const v1::NumericsPolicy& numerics) {
    U32(numerics.determinism());
    F64(numerics.error_budget());
    Bool(numerics.promote_accumulation());
  }

  std::string Take() { return std::move(bytes_); }

 private:
  void Fixed(uint64_t value, int width) {
    for (int i = 0; i < width; ++i) bytes_.push_back(static_cast<char>(value >> (8 * i)));
  }

  std::string bytes_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_PROBLEM_ENCODER_H_
