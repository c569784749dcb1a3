// Compares an epilogue in the GEMM's kernel with one in its own launch. Pure; any thread.
#ifndef TILEWRIGHT_CLIENT_CLI_OUTPUT_EPILOGUE_FORMS_H_
#define TILEWRIGHT_CLIENT_CLI_OUTPUT_EPILOGUE_FORMS_H_

#include <optional>
#include <string>

#include "client/cli/output/json.h"
#include "client/cli/output/style.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace tilewright::cli {

// The fastest candidate of each form. Measured candidates are compared in the rounds that both ran
// in. If no candidate was measured, the cost model's estimates are compared.
struct EpilogueForms {
  v1::Candidate fused;  // Runs in the kernel of the GEMM.
  v1::Candidate split;  // Runs in its own launch.
  bool is_measured = false;
};

// Returns nothing unless both forms have a measured candidate, or none was measured and both forms
// have one that could be built.
std::optional<EpilogueForms> FastestForms(
    const google::protobuf::RepeatedPtrField<v1::Candidate>& candidates);

// Renders a table of the two, and a line that says which is faster and by how much.
std::string RenderForms(const EpilogueForms& forms, const Style& style);

// {"measured": bool, "fused": {...}, "split": {...}, "split_over_fused": ratio of the times of a
// round, or of the estimates}. Null if `forms` is empty.
Json FormsToJson(const std::optional<EpilogueForms>& forms);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_OUTPUT_EPILOGUE_FORMS_H_
