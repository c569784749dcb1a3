// Files of problems: the suites of `bench` and `sweep`.
#ifndef TILEWRIGHT_CLIENT_CLI_PROBLEMS_SUITE_H_
#define TILEWRIGHT_CLIENT_CLI_PROBLEMS_SUITE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright::cli {

struct SuiteEntry {
  std::string name;
  v1::Problem problem;
  std::string place;  // "shapes.csv:3".
};

// Parses comma-separated text. Skips lines that are empty or begin with '#'. Columns are name,
// layout, m, n, k. If the first other line begins with "name", it names the columns: any fields of
// `tilewright tune gemm` ("a_type"). An empty cell means the default. INVALID_ARGUMENT says file,
// line and column: "shapes.csv:3: m: ...".
absl::StatusOr<std::vector<SuiteEntry>> ParseSuite(std::string_view text,
                                                   const std::string& file_name);

// Parses a file as ParseSuite does.
absl::StatusOr<std::vector<SuiteEntry>> ReadSuite(const std::string& path);

// INVALID_ARGUMENT: a problem makes no sense. The message says file, line and column.
absl::Status CheckProblems(const std::vector<SuiteEntry>& suite);

// INVALID_ARGUMENT: the service would refuse a sweep over these problems, because they are too
// many, a name is too long, or a problem makes no sense. The message says file and line.
absl::Status CheckSweepable(const std::vector<SuiteEntry>& suite);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_PROBLEMS_SUITE_H_
