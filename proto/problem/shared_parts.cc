#include "proto/problem/shared_parts.h"

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/problem/data_type.h"
#include "proto/problem/dropout_mask.h"
#include "proto/support/errors.h"

namespace tilewright {

absl::Status CheckRange(const char* field, int64_t value, int64_t maximum) {
  if (value >= 1 && value <= maximum) return absl::OkStatus();
  return InvalidField(field, "OUT_OF_RANGE", absl::StrCat(value, " is not in [1, ", maximum, "]"));
}

absl::Status CheckStoredFloat(const char* field, v1::DataType type) {
  if (IsStoredFloat(type)) return absl::OkStatus();
  return InvalidField(field, "UNSUPPORTED_TYPES",
                      absl::StrCat(TypeName(type), " is not allowed here; use fp32, fp16 or bf16"));
}

absl::Status CheckRowsExtent(const char* field, int64_t rows, int64_t stride, v1::DataType type) {
  if (static_cast<__int128>(rows) * stride * StorageBytes(type) < kMaxExtentBytes)
    return absl::OkStatus();
  return InvalidField(field, "OVERFLOW",
                      absl::StrCat(rows, " rows of stride ", stride,
                                   " take 2^62 bytes or more; use a smaller stride"));
}

absl::Status CanonicalizeDropout(const char* path, v1::Dropout& dropout) {
  const double probability = dropout.probability();
  if (!(probability >= 0 && probability <= 1)) {
    return InvalidField(absl::StrCat(path, ".probability"), "OUT_OF_RANGE",
                        absl::StrCat(probability, " is not in [0, 1]"));
  }
  if (dropout.philox_rounds() == 0) dropout.set_philox_rounds(7);
  if (dropout.philox_rounds() != 7 && dropout.philox_rounds() != 10) {
    return InvalidField(absl::StrCat(path, ".philox_rounds"), "OUT_OF_RANGE",
                        absl::StrCat(dropout.philox_rounds(), " is neither 7 nor 10"));
  }
  const uint32_t threshold = QuantizeProbability(probability);
  dropout.set_probability(1.0 * threshold / kDropoutSteps);
  if (threshold != 0 || !dropout.store_mask()) return absl::OkStatus();
  return InvalidField(absl::StrCat(path, ".store_mask"), "CONTRADICTORY_EPILOGUE",
                      absl::StrCat("a probability of ", probability,
                                   " drops nothing and has no mask; leave the mask out, or give a "
                                   "larger probability, which is rounded to a multiple of 2^-15"));
}

absl::Status CanonicalizeNumerics(const char* path, v1::NumericsPolicy& numerics) {
  if (numerics.determinism() == v1::DETERMINISM_MODE_UNSPECIFIED) {
    numerics.set_determinism(v1::DETERMINISM_MODE_REQUIRED);
  }
  const double budget = numerics.error_budget();
  // With a budget above 1 even an output of zeros would pass.
  if (!(budget >= 0 && budget <= 1)) {
    return InvalidField(absl::StrCat(path, ".error_budget"), "OUT_OF_RANGE",
                        absl::StrCat(budget, " is not in [0, 1]; 0 means no budget"));
  }
  if (budget == 0) numerics.set_error_budget(0);  // -0 has other bits.
  return absl::OkStatus();
}

namespace {

// Finds the shortest number that gives the same steps: 0.1, not 0.100006.
std::string DescribeProbability(double probability) {
  std::string text;
  for (int digits = 1; digits <= 6; ++digits) {
    text = absl::StrFormat("%.*g", digits, probability);
    double value = 0;
    if (absl::SimpleAtod(text, &value) &&
        QuantizeProbability(value) == QuantizeProbability(probability)) {
      break;
    }
  }
  return text;
}

}  // namespace

std::string LowerName(const std::string& name, std::string_view prefix) {
  if (name.compare(0, prefix.size(), prefix) != 0) return "unknown";
  return absl::AsciiStrToLower(name.substr(prefix.size()));
}

std::string DescribePart(std::string_view name, v1::DataType type, v1::DataType usual) {
  const std::string text = absl::StrCat(" ", std::string(name));
  return type == usual ? text : absl::StrCat(text, "(", TypeName(type), ")");
}

std::string DescribeDropout(std::string_view name, const v1::Dropout& dropout) {
  std::string text;
  if (dropout.probability() > 0) {
    text = absl::StrCat(" ", std::string(name), "=", DescribeProbability(dropout.probability()));
  }
  if (dropout.philox_rounds() == 10) text += " rounds=10";
  if (dropout.store_mask()) text += " mask";
  return text;
}

std::string DescribeActivation(v1::Activation activation) {
  if (activation <= v1::ACTIVATION_NONE) return "";
  return absl::StrCat(" ", LowerName(v1::Activation_Name(activation), "ACTIVATION_"));
}

std::string DescribeNumerics(const v1::NumericsPolicy& numerics) {
  std::string text;
  if (numerics.determinism() == v1::DETERMINISM_MODE_NOT_REQUIRED) text += " nondeterministic";
  if (numerics.error_budget() > 0) absl::StrAppend(&text, " error<=", numerics.error_budget());
  return text;
}

}  // namespace tilewright
