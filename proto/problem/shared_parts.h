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

// INVALID_ARGUMENT for a value that is not in [1, maximum].
absl::Status CheckRange(const std::string& field, int64_t value, int64_t maximum);

// INVALID_ARGUMENT for a type other than FP32, FP16 and BF16.
absl::Status CheckStoredFloat(const std::string& field, v1::DataType type);

// What tensors must stay below: far past any memory, and low enough that kernels may add extents in
// 64 bits.
inline constexpr __int128 kMaxExtentBytes = static_cast<__int128>(1) << 62;

// INVALID_ARGUMENT where `rows` rows of `stride` elements come to that or more.
absl::Status CheckRowsExtent(const std::string& field, int64_t rows, int64_t stride,
                             v1::DataType type);

// Checks `dropout`, fills its defaults and quantises its probability, which is 0 then where nothing
// is dropped; `path` is its field path.
absl::Status CanonicalizeDropout(const std::string& path, v1::Dropout& dropout);

// Checks `numerics` and fills its defaults; `path` is its field path.
absl::Status CanonicalizeNumerics(const std::string& path, v1::NumericsPolicy& numerics);

// The name of an enum value in lower case, without its prefix: "gelu_tanh". "unknown" for a value
// that this version does not know, which has no name.
std::string LowerName(const std::string& name, std::string_view prefix);

// " bias" or, of another type than is usual, " bias(fp32)".
std::string DescribePart(std::string_view name, v1::DataType type, v1::DataType usual);

// " p=0.1 rounds=10 mask", `name` being "p"; nothing without dropout.
std::string DescribeDropout(std::string_view name, const v1::Dropout& dropout);

// " gelu_tanh"; nothing without an activation.
std::string DescribeActivation(v1::Activation activation);

// " nondeterministic error<=0.001"; nothing for the policy that holds where none is stated.
std::string DescribeNumerics(const v1::NumericsPolicy& numerics);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_SHARED_PARTS_H_
