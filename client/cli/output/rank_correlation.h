// Computes how well the cost model ranks the measured candidates. Pure.
#ifndef TILEWRIGHT_CLIENT_CLI_OUTPUT_RANK_CORRELATION_H_
#define TILEWRIGHT_CLIENT_CLI_OUTPUT_RANK_CORRELATION_H_

#include <optional>
#include <vector>

#include "tilewright/v1/kernel.pb.h"

namespace tilewright::cli {

// Returns Spearman's rank correlation: Pearson's coefficient of the ranks. Ties share the mean of
// their ranks. Returns nothing for fewer than three pairs, or if all values of one side are equal.
// REQUIRES: both vectors have the same length.
std::optional<double> RankCorrelation(const std::vector<double>& a, const std::vector<double>& b);

// Returns the correlation of the model's times with the medians, over all measured candidates of
// templates. A candidate that left the race early has a median of the first rounds.
std::optional<double> ModelRankCorrelation(
    const google::protobuf::RepeatedPtrField<v1::Candidate>& candidates);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_OUTPUT_RANK_CORRELATION_H_
