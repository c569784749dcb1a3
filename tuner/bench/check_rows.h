#ifndef TILEWRIGHT_TUNER_BENCH_CHECK_ROWS_H_
#define TILEWRIGHT_TUNER_BENCH_CHECK_ROWS_H_

#include <cstdint>
#include <vector>

#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Rows that one block of the reference kernel computes; all of them of one batch.
inline constexpr int kReferenceBlockRows = 16;

// Multiplications that one reference may take: 2^33 are 15 to 30 ms in double precision on data
// centre GPUs, and on those with few such units.
inline constexpr double kReferenceProducts = 8589934592.0;

// Elements that it may have: each takes 20 bytes, 40 with an auxiliary output.
inline constexpr double kReferenceElements = 33554432.0;

// Rows that it may have, however short they are.
inline constexpr double kReferenceRows = 65536.0;

// The rows (batch * m + row) that are compared with the reference: all of them where the budget
// allows, else the first and the last rows of the first and last batch and, between them,
// rows spread evenly with changing places inside of any tile. In groups of
// kReferenceBlockRows of one batch, the last of a group repeated where one is short.
// Deterministic. Pure.
std::vector<int64_t> RowsToCheck(const v1::GemmProblem& problem);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_CHECK_ROWS_H_
