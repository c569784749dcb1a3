#ifndef TILEWRIGHT_TUNER_BENCH_CHECK_ROWS_H_
#define TILEWRIGHT_TUNER_BENCH_CHECK_ROWS_H_

#include <cstdint>
#include <vector>

#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Rows that one block of the reference kernel computes. All are of one batch.
inline constexpr int kReferenceBlockRows = 16;

// Multiplications that one reference may take. 2^33 take 15 to 30 ms in double precision on data
// centre GPUs, and also on GPUs with few such units.
inline constexpr double kReferenceProducts = 8589934592.0;

// Elements that it may have. Each takes 20 bytes, or 40 with an auxiliary output.
inline constexpr double kReferenceElements = 33554432.0;

// Rows that it may have, however short they are.
inline constexpr double kReferenceRows = 65536.0;

// Returns the rows (batch * m + row) to compare with the reference. These are all rows if the
// budget allows it. Otherwise they are the first and the last rows of the first and last batch and,
// between them, evenly spread rows at changing places inside any tile. They come in groups of
// kReferenceBlockRows of one batch; a short group repeats its last row. Deterministic. Pure.
std::vector<int64_t> RowsToCheck(const v1::GemmProblem& problem);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_CHECK_ROWS_H_
