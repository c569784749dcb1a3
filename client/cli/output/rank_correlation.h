// How well the cost model ranks what was measured. Pure.
#ifndef TILEWRIGHT_CLIENT_CLI_OUTPUT_RANK_CORRELATION_H_
#define TILEWRIGHT_CLIENT_CLI_OUTPUT_RANK_CORRELATION_H_

#include <optional>
#include <vector>

#include "tilewright/v1/kernel.pb.h"

namespace tilewright::cli {

// Spearman's rank correlation, ties sharing the mean of their ranks (Pearson's coefficient of the
// ranks). Nothing for fewer than three pairs, or where one side is all ties. The vectors are of
// one length.
std::optional<double> RankCorrelation(const std::vector<double>& a, const std::vector<double>& b);

// Of the model's times with the medians, over all templates' candidates that were measured.
// Candidates that left the race early have medians of the first rounds.
std::optional<double> ModelRankCorrelation(
    const google::protobuf::RepeatedPtrField<v1::Candidate>& candidates);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_OUTPUT_RANK_CORRELATION_H_
