// What an epilogue costs in the GEMM's kernel, and in a launch of its own. Pure; any thread.
#ifndef TILEWRIGHT_CLIENT_CLI_OUTPUT_EPILOGUE_FORMS_H_
#define TILEWRIGHT_CLIENT_CLI_OUTPUT_EPILOGUE_FORMS_H_

#include <optional>
#include <string>

#include "client/cli/output/json.h"
#include "client/cli/output/style.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace tilewright::cli {

// The fastest candidate of each form: measured, and compared in rounds that both ran in; by the
// cost model's estimates where no candidate was measured.
struct EpilogueForms {
  v1::Candidate fused;  // In the kernel of the GEMM.
  v1::Candidate split;  // In a launch of its own.
  bool is_measured = false;
};

// Nothing unless candidates of both were measured, or none was and both could be built.
std::optional<EpilogueForms> FastestForms(
    const google::protobuf::RepeatedPtrField<v1::Candidate>& candidates);

// A table of the two, and a line that says which is faster by how much.
std::string RenderForms(const EpilogueForms& forms, const Style& style);

// {"measured": bool, "fused": {...}, "split": {...}, "split_over_fused": ratio of the times of a
// round, or of the estimates}; null for nothing.
Json FormsToJson(const std::optional<EpilogueForms>& forms);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_OUTPUT_EPILOGUE_FORMS_H_
