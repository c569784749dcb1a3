#include "tuner/bench/check_rows.h"

#include <algorithm>
#include <set>

namespace tilewright {
namespace {

// Returns the rows of one batch to check if not all can be: sorted, no row twice.
std::vector<int64_t> SampleRows(int64_t m, int64_t count, int64_t seed) {
  if (count >= m) count = m;
  std::set<int64_t> rows = {0, m - 1};
  const double step = static_cast<double>(m) / static_cast<double>(count);
  for (int64_t i = 0; i < count && static_cast<int64_t>(rows.size()) < count; ++i) {
    const int64_t begin = static_cast<int64_t>(static_cast<double>(i) * step);
    const int64_t width = std::max<int64_t>(static_cast<int64_t>(step), 1);
    // 37 is coprime to every tile side, so that the rows fall on different places in the tiles.
    rows.insert(std::min(begin + (37 * i + seed) % width, m - 1));
  }
  return {rows.begin(), rows.end()};
}

void AppendGroups(const std::vector<int64_t>& rows, int64_t base, std::vector<int64_t>& out) {
  for (const int64_t row : rows) out.push_back(base + row);
  while (out.size() % kReferenceBlockRows != 0) out.push_back(base + rows.back());
}

}  // namespace

std::vector<int64_t> RowsToCheck(const v1::GemmProblem& problem) {
  const int64_t m = problem.m();
  const int64_t batch = std::max<int64_t>(problem.batch(), 1);
  const double n = static_cast<double>(problem.n());
  const double most = std::min({kReferenceProducts / (n * static_cast<double>(problem.k())),
                                kReferenceElements / n, kReferenceRows});
  const int64_t affordable = std::max<int64_t>(static_cast<int64_t>(most), kReferenceBlockRows);
  const int64_t group = std::min<int64_t>(m, kReferenceBlockRows);
  const int64_t batches = std::clamp<int64_t>(affordable / kReferenceBlockRows, 1, batch);
  const int64_t rows_per_batch = std::max(affordable / batches, group);
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < batches; ++i) {
    // The batches are spread evenly and include the first and the last.
    const int64_t index = batches == 1 ? batch - 1 : i * (batch - 1) / (batches - 1);
    AppendGroups(SampleRows(m, rows_per_batch, i), index * m, rows);
  }
  return rows;
}

}  // namespace tilewright
