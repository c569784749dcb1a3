#include "client/cli/problems/suite.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/cli/problems/problem_flags.h"
#include "client/cli/problems/typed_words.h"
#include "proto/problem/problem.h"
#include "proto/support/errors.h"
#include "proto/support/input_file.h"
#include "proto/support/status_macros.h"
#include "proto/support/sweep_limits.h"
#include "proto/support/text.h"

namespace tilewright::cli {
namespace {

// The problems of the largest sweep, with all their fields, take about 5 MB.
constexpr std::size_t kMaxSuiteBytes = std::size_t{16} << 20;

// The most bytes of a line that an error shows.
constexpr std::size_t kMostShown = 64;

using Cells = std::vector<std::string>;

Cells SplitLine(std::string_view line) {
  Cells cells = absl::StrSplit(std::string(line), ',');
  for (std::string& cell : cells) absl::StripAsciiWhitespace(&cell);
  return cells;
}

// Returns `name` if a kind of problem has such a column, else "".
std::string ColumnNamed(const std::string& name) {
  const bool is_column =
      name == "name" || std::any_of(ProblemKinds().begin(), ProblemKinds().end(),
                                    [&](const ProblemKind* kind) { return kind->HasField(name); });
  return is_column ? name : "";
}

// Returns the one kind of a file: the kind that has the most of its columns. Of several, the one
// that misses the fewest required columns; else the first.
const ProblemKind& KindOf(const Cells& header) {
  const auto score = [&](const ProblemKind* kind) {
    const auto known = std::count_if(header.begin(), header.end(), [&](const std::string& column) {
      return kind->HasField(column);
    });
    const auto needed = kind->RequiredFields();
    const auto missing = std::count_if(needed.begin(), needed.end(), [&](const std::string& field) {
      return std::find(header.begin(), header.end(), field) == header.end();
    });
    return std::pair(known, known > 0 ? -missing : 0);
  };
  return **std::max_element(
      ProblemKinds().begin(), ProblemKinds().end(),
      [&](const ProblemKind* a, const ProblemKind* b) { return score(a) < score(b); });
}

absl::Status CheckHeader(const Cells& header) {
  const ProblemKind& kind = KindOf(header);
  std::set<std::string> seen;
  for (const std::string& column : header) {
    if (column != "name" && !kind.HasField(column)) {
      return InvalidField(
          "column", "UNKNOWN_NAME",
          absl::StrCat("there is no '", column, "'; the columns are name, ", kind.FieldList()));
    }
    if (!seen.insert(column).second) {
      return InvalidField("column", "DUPLICATE", absl::StrCat("'", column, "' occurs twice"));
    }
  }
  std::vector<std::string> needed = kind.RequiredFields();
  needed.insert(needed.begin(), "name");
  for (const std::string& column : needed) {
    if (!seen.contains(column)) {
      return InvalidField("column", "MISSING", absl::StrCat("'", column, "' is missing"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<SuiteEntry> ParseRow(const Cells& header, const Cells& cells) {
  if (cells.size() != header.size()) {
    return InvalidField("line", "COLUMN_COUNT",
                        absl::StrCat("must have ", header.size(), " columns (",
                                     absl::StrJoin(header, ","), "), has ", cells.size()));
  }
  SuiteEntry entry;
  ProblemFields fields;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (header[i] == "name") {
      entry.name = cells[i];
    } else if (!cells[i].empty()) {
      fields[header[i]] = cells[i];
    }
  }
  if (entry.name.empty()) return InvalidField("name", "MISSING", "must not be empty");
  const ProblemKind& kind = KindOf(header);
  for (const std::string& needed : kind.RequiredFields()) {
    if (!fields.contains(needed)) {
      return InvalidField(absl::StrCat(kind.name(), ".", needed), "MISSING", "must not be empty");
    }
  }
  ASSIGN_OR_RETURN(entry.problem, kind.Parse(fields));
  return entry;
}

// Returns the failure of one line in the words of its file: "shapes.csv:3: bias: ...". `place` goes
// into the metadata too.
absl::Status AtPlace(const std::string& place, const absl::Status& status) {
  const absl::Status in_words = InTypedWords(status, ColumnNamed);
  return WithMetadata(WithMessage(in_words, absl::StrCat(place, ": ", in_words.message())), "place",
                      place);
}

}  // namespace

absl::StatusOr<std::vector<SuiteEntry>> ParseSuite(std::string_view text,
                                                   const std::string& file_name) {
  std::vector<SuiteEntry> entries;
  std::set<std::string> names;
  Cells header{"name", "layout", "m", "n", "k"};
  bool first = true;
  int line_number = 0;
  // A byte order mark that an editor wrote is not part of the first column's name.
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
    text.remove_prefix(kByteOrderMark.size());
  }
  const std::vector<std::string> lines = absl::StrSplit(std::string(text), '\n');
  for (const std::string& line : lines) {
    ++line_number;
    const auto content = absl::StripAsciiWhitespace(line);
    if (content.empty() || content.front() == '#') continue;
    const std::string place = absl::StrCat(file_name, ":", line_number);
    if (!IsUtf8(line)) {
      return AtPlace(
          place, InvalidField("line", "NOT_UTF8",
                              absl::StrCat("'", ToUtf8(std::string(content.substr(0, kMostShown))),
                                           "' is not UTF-8")));
    }
    Cells cells = SplitLine(line);
    const bool is_header = first && absl::AsciiStrToLower(cells[0]) == "name";
    first = false;
    if (is_header) {
      header = cells;
      if (absl::Status status = CheckHeader(header); !status.ok()) return AtPlace(place, status);
      continue;
    }
    auto entry = ParseRow(header, cells);
    if (!entry.ok()) return AtPlace(place, entry.status());
    if (!names.insert(entry->name).second) {
      return AtPlace(place, InvalidField("name", "DUPLICATE",
                                         absl::StrCat("'", entry->name, "' occurs twice")));
    }
    entry->place = place;
    entries.push_back(*std::move(entry));
  }
  if (entries.empty()) {
    return MakeError(absl::StatusCode::kInvalidArgument, "EMPTY",
                     absl::StrCat(file_name, ": has no problems; a line is name,layout,m,n,k"),
                     {{"file", file_name}});
  }
  return entries;
}

absl::StatusOr<std::vector<SuiteEntry>> ReadSuite(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text,
                   ReadInputFile(path, kMaxSuiteBytes, "a list of problems"));
  return ParseSuite(text, path);
}

absl::Status CheckProblems(const std::vector<SuiteEntry>& suite) {
  for (const SuiteEntry& entry : suite) {
    // What this version does not support fails when its turn comes, and the others are tuned.
    const absl::Status problem = Canonicalize(entry.problem).status();
    if (absl::IsInvalidArgument(problem)) return AtPlace(entry.place, problem);
  }
  return absl::OkStatus();
}

absl::Status CheckSweepable(const std::vector<SuiteEntry>& suite) {
  if (suite.size() > kMaxSweepProblems) {
    return AtPlace(
        suite[kMaxSweepProblems].place,
        MakeError(absl::StatusCode::kInvalidArgument, "TOO_MANY",
                  absl::StrCat("a sweep takes at most ", kMaxSweepProblems,
                               " problems, and this file has ", suite.size(), "; split it")));
  }
  for (const SuiteEntry& entry : suite) {
    if (entry.name.size() > kMaxLabelBytes) {
      return AtPlace(entry.place, InvalidField("name", "TOO_LONG",
                                               absl::StrCat("must have at most ", kMaxLabelBytes,
                                                            " bytes, has ", entry.name.size())));
    }
  }
  return CheckProblems(suite);
}

}  // namespace tilewright::cli
