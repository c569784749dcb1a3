// Fused-dropout problems for tests.
#ifndef TILEWRIGHT_TESTS_TUNER_CODEGEN_FUSED_DROPOUT_PROBLEMS_H_
#define TILEWRIGHT_TESTS_TUNER_CODEGEN_FUSED_DROPOUT_PROBLEMS_H_

#include <string>
#include <vector>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/problem/problem.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// The canonical problem with these fields: "rows: 64 columns: 48 operation: ...".
inline v1::Problem FusedDropoutOf(const std::string& fields) {
  v1::Problem problem;
  EXPECT_TRUE(
      google::protobuf::TextFormat::ParseFromString("fused_dropout { " + fields + " }", &problem))
      << fields;
  const auto canonical = Canonicalize(problem);
  EXPECT_TRUE(canonical.ok()) << fields << ": " << canonical.status();
  return canonical.ok() ? *canonical : problem;
}

// Fields of every operation, with the normalizations and directions that each has.
inline std::vector<std::string> FusedDropoutForms() {
  std::vector<std::string> forms;
  for (const char* operation :
       {"operation: DROPOUT_OPERATION_DROPOUT",
        "operation: DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL",
        "operation: DROPOUT_OPERATION_BIAS_ACTIVATION_DROPOUT activation: ACTIVATION_GELU_ERF"}) {
    for (const char* normalization : {"", " normalization: NORMALIZATION_LAYER_NORM",
                                      " normalization: NORMALIZATION_RMS_NORM"}) {
      for (const char* direction : {"", " backward: true"}) {
        forms.push_back(std::string(operation) + normalization + direction);
      }
    }
  }
  return forms;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_TUNER_CODEGEN_FUSED_DROPOUT_PROBLEMS_H_
