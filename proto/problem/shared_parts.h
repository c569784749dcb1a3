// What families have in common: extents, dropout, the numerics policy, and words for their text.
// Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_SHARED_PARTS_H_
#define TILEWRIGHT_PROTO_PROBLEM_SHARED_PARTS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Returns INVALID_ARGUMENT if `value` is not in [1, maximum].
absl::Status CheckRange(const char* field, int64_t value, int64_t maximum);

// Returns INVALID_ARGUMENT if `type` is not FP32, FP16 or BF16.
absl::Status CheckStoredFloat(const char* field, v1::DataType type);

// Every tensor must be smaller than this. It is far more than any memory, and low enough that
// kernels may add extents in 64 bits.
inline constexpr __int128 kMaxExtentBytes = static_cast<__int128>(1) << 62;

// Returns INVALID_ARGUMENT if `rows` rows of `stride` elements reach kMaxExtentBytes.
absl::Status CheckRowsExtent(const char* field, int64_t rows, int64_t stride, v1::DataType type);

// Checks `dropout`, fills its defaults and quantises its probability. The probability becomes 0 if
// nothing is dropped. `path` is the path of its field.
absl::Status CanonicalizeDropout(const char* path, v1::Dropout& dropout);

// Checks `numerics` and fills its defaults. `path` is the path of its field.
absl::Status CanonicalizeNumerics(const char* path, v1::NumericsPolicy& numerics);

// Returns the name of an enum value in lower case, without its prefix: "gelu_tanh". Returns
// "unknown" for a value that this version does not know, which has no name.
std::string LowerName(const std::string& name, std::string_view prefix);

// Returns " bias", or " bias(fp32)" if `type` is not the usual one.
std::string DescribePart(std::string_view name, v1::DataType type, v1::DataType usual);

// Returns " p=0.1 rounds=10 mask" if `name` is "p"; "" without dropout.
std::string DescribeDropout(std::string_view name, const v1::Dropout& dropout);

// Returns " gelu_tanh"; "" without an activation.
std::string DescribeActivation(v1::Activation activation);

// Returns " nondeterministic error<=0.001"; "" for the default policy.
std::string DescribeNumerics(const v1::NumericsPolicy& numerics);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_SHARED_PARTS_H_
