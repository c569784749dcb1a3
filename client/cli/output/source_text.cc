#include "client/cli/output/source_text.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/cli/output/format.h"
#include "proto/support/errors.h"
#include "proto/support/nvcc_command.h"
#include "proto/support/text.h"

namespace tilewright::cli {
namespace {

bool IsPlainName(std::string_view name) {
  return !name.empty() && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' ||
                  c == '.';
         });
}

// Returns the path of a line `#include "path"`, or "" for another line.
std::string PathIncluded(absl::string_view line) {
  if (!absl::ConsumePrefix(&line, "#include \"") || !absl::ConsumeSuffix(&line, "\"")) return "";
  return std::string(line);
}

using Texts = std::map<std::string, std::string>;

void AppendFlat(const std::string& text, const Texts& texts, std::set<std::string>& seen,
                std::string& out) {
  for (const absl::string_view line : absl::StrSplit(absl::StripSuffix(text, "\n"), '\n')) {
    const std::string path = PathIncluded(line);
    const auto found = texts.find(path);
    if (found == texts.end()) {
      absl::StrAppend(&out, line, "\n");
    } else if (seen.insert(path).second) {
      absl::StrAppend(&out, "// ", path, "\n");
      AppendFlat(found->second, texts, seen, out);
    }
  }
}

// Returns a comment that tells a reader of the file what the source is.
std::string Comment(const v1::RenderSourceResponse& rendered, bool in_folder) {
  return absl::StrCat("// ", DescribeVariant(rendered.kernel().variant()),
                      "\n// By hand: ", CompileCommand(rendered, in_folder),
                      "\n// The daemon compiles it by NVRTC",
                      rendered.kernel().nvrtc_version().empty()
                          ? ""
                          : absl::StrCat(" ", Printable(rendered.kernel().nvrtc_version())),
                      ": ", Printable(absl::StrJoin(rendered.compile_options(), " ")), "\n");
}

}  // namespace

absl::Status CheckPaths(const v1::RenderSourceResponse& rendered) {
  for (const v1::SourceFile& file : rendered.files()) {
    const std::vector<std::string> names = absl::StrSplit(file.path(), '/');
    if (!std::all_of(names.begin(), names.end(), IsPlainName)) {
      return MakeError(absl::StatusCode::kInternal, "BAD_PATH",
                       absl::StrCat("the daemon sent a file with an unsafe name, '", file.path(),
                                    "': nothing was written; check tilewrightd"));
    }
  }
  return absl::OkStatus();
}

std::string CompileCommand(const v1::RenderSourceResponse& rendered, bool in_folder) {
  return NvccCommand(Printable(rendered.kernel().architecture()), in_folder ? "." : "",
                     "by_hand.cubin", kSourceName);
}

std::string SourceInFolder(const v1::RenderSourceResponse& rendered) {
  return Comment(rendered, /*in_folder=*/true) + rendered.source();
}

std::string FlatSource(const v1::RenderSourceResponse& rendered) {
  Texts texts;
  for (const v1::SourceFile& file : rendered.files()) texts[file.path()] = file.text();
  std::set<std::string> seen;
  std::string out = Comment(rendered, /*in_folder=*/false);
  AppendFlat(rendered.source(), texts, seen, out);
  return out;
}

std::string RenderResources(const v1::Kernel& kernel, const Style& style) {
  Table table({"ENTRY", "THREADS", "REGISTERS", "SPILLS", "STATIC SHARED", "DYNAMIC SHARED"},
              {false, true, true, true, true, true});
  for (const v1::LaunchStep& step : kernel.launch_plan().steps()) {
    table.Add({step.entry_symbol(), absl::StrCat(step.block_threads()),
               absl::StrCat(step.registers_per_thread()), FormatBytes(step.spill_bytes()),
               FormatBytes(step.static_shared_memory_bytes()),
               FormatBytes(step.dynamic_shared_memory_bytes())});
  }
  return table.Render(style);
}

}  // namespace tilewright::cli
