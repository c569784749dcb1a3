// `tilewright source`
#include <CLI/CLI.hpp>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/disassembler.h"
#include "client/cli/commands/files.h"
#include "client/cli/output/format.h"
#include "client/cli/output/source_text.h"
#include "client/cli/problems/enum_names.h"
#include "client/cli/problems/parse.h"
#include "client/cli/problems/problem_flags.h"
#include "client/cli/problems/target_flags.h"
#include "proto/support/counted.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "proto/support/text.h"

namespace tilewright::cli {
namespace {

struct SourceFlags {
  ProblemFlags problem;
  TargetFlags target;
  std::string template_name;
  std::string config;
  bool ptx = false;
  bool sass = false;
  bool resources = false;
  std::string folder;
};

absl::Status BadConfig(const std::string& text) {
  return InvalidField("config", "INVALID_CONFIG",
                      absl::StrCat("must be name=value,name=value, was '", text, "'"));
}

// "tile_m=128,stages=4"
absl::StatusOr<v1::Config> ParseConfig(const std::string& text) {
  v1::Config config;
  if (text.empty()) return config;
  for (const absl::string_view entry : absl::StrSplit(text, ',')) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(entry, absl::MaxSplits('=', 1));
    if (parts.first.empty() || parts.second.empty()) return BadConfig(text);
    v1::Parameter& parameter = *config.add_parameters();
    parameter.set_name(parts.first);
    ASSIGN_OR_RETURN(const int64_t value,
                     ParseInteger(absl::StrCat("config.", parts.first), parts.second));
    parameter.set_value(value);
  }
  return config;
}

absl::StatusOr<v1::RenderSourceRequest> ParseRequest(const SourceFlags& flags) {
  v1::RenderSourceRequest request;
  ASSIGN_OR_RETURN(*request.mutable_problem(), ParseProblem(flags.problem));
  request.set_target(flags.target.target);
  ASSIGN_OR_RETURN(const int32_t ordinal, DeviceOrdinal(flags.target));
  request.set_device_ordinal(ordinal);
  request.mutable_variant()->set_template_name(flags.template_name);
  ASSIGN_OR_RETURN(*request.mutable_variant()->mutable_config(), ParseConfig(flags.config));
  request.set_compile(flags.ptx || flags.sass || flags.resources);
  return request;
}

std::string Below(const std::string& folder, const std::string& path) {
  return (std::filesystem::path(folder) / path).string();
}

// The files of a folder, by their path.
using Files = std::map<std::string, std::string>;

Files FilesOf(const v1::RenderSourceResponse& rendered, const std::string& sass,
              const std::string& folder) {
  Files files;
  for (const v1::SourceFile& file : rendered.files()) {
    files[Below(folder, file.path())] = file.text();
  }
  files[Below(folder, kSourceName)] = SourceInFolder(rendered);
  const std::pair<const char*, const std::string*> compiled[] = {
      {"kernel.cubin", &rendered.kernel().cubin()},
      {"kernel.ptx", &rendered.ptx()},
      {"kernel.sass", &sass}};
  for (const auto& [name, content] : compiled) {
    if (!content->empty()) files[Below(folder, name)] = *content;
  }
  return files;
}

// Returns the files that are not there yet. Refuses if one has other content: a person has edited
// it, or it is of another kernel.
absl::StatusOr<Files> MissingFiles(const Files& files) {
  Files missing;
  for (const auto& [path, content] : files) {
    std::error_code error;
    const std::filesystem::file_type type = std::filesystem::status(path, error).type();
    if (type == std::filesystem::file_type::not_found) {
      missing.emplace(path, content);
      continue;
    }
    const char* fault = "is no file";
    if (type == std::filesystem::file_type::regular) {
      std::ifstream in(path, std::ios::binary);
      const std::string old{std::istreambuf_iterator<char>(in), {}};
      if (in && old == content) continue;
      fault = in ? "exists with other content, which would be lost" : "cannot be read";
    }
    return MakeError(absl::StatusCode::kFailedPrecondition, "FILE_EXISTS",
                     absl::StrCat(path, ": ", fault, ": name another folder, or remove the file"),
                     {{"file", path}});
  }
  return missing;
}

absl::Status WriteFile(const CommandContext& context, const std::string& path,
                       std::string_view content) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "WRITE_FAILED",
                     absl::StrCat(folder.string(), ": cannot be created: ", error.message()),
                     {{"file", folder.string()}});
  }
  ASSIGN_OR_RETURN(const OutputFile file, context.output_file(path));
  return file.Write(content);
}

// Returns how many files the folder has.
absl::StatusOr<std::size_t> WriteFolder(const CommandContext& context,
                                        const v1::RenderSourceResponse& rendered,
                                        const std::string& sass, const std::string& folder) {
  RETURN_IF_ERROR(CheckPaths(rendered));
  const Files files = FilesOf(rendered, sass, folder);
  ASSIGN_OR_RETURN(const Files missing, MissingFiles(files));
  for (const auto& [path, content] : missing) {
    RETURN_IF_ERROR(WriteFile(context, path, content));
  }
  return files.size();
}

// The error of a variant that does not compile. Its source was still written.
absl::Status NotCompiled(const v1::Failure& failure) {
  return MakeError(absl::StatusCode::kFailedPrecondition, UpperNameOf(failure.kind()),
                   failure.message());
}

void Print(CommandContext& context, const SourceFlags& flags,
           const v1::RenderSourceResponse& rendered, const std::string& sass, std::size_t files) {
  if (flags.resources) {
    context.out() << DescribeVariant(rendered.kernel().variant()) << '\n'
                  << RenderResources(rendered.kernel(), context.out_style());
  }
  if (!flags.folder.empty()) {
    context.Note(absl::StrCat("wrote ", Counted(files, "file"), " to ", flags.folder,
                              "; to compile it there: ", CompileCommand(rendered, true)));
  } else if (flags.ptx) {
    context.out() << rendered.ptx();
  } else if (flags.sass) {
    context.out() << sass;
  } else if (!flags.resources) {
    context.out() << FlatSource(rendered);
  }
}

absl::StatusOr<int> Source(CommandContext& context, const SourceFlags& flags) {
  ASSIGN_OR_RETURN(const v1::RenderSourceRequest request, ParseRequest(flags));
  std::string cuobjdump;
  if (flags.sass) {
    ASSIGN_OR_RETURN(cuobjdump, FindCuobjdump());
  }
  std::error_code error;
  if (!flags.folder.empty() && std::filesystem::exists(flags.folder, error)) {
    RETURN_IF_ERROR(context.output_file(Below(flags.folder, kSourceName)).status());
  }
  ASSIGN_OR_RETURN(Client * client, context.client());
  ASSIGN_OR_RETURN(const v1::RenderSourceResponse rendered,
                   client->connection().RenderSource(request));
  const bool compiled = !rendered.kernel().cubin().empty();
  std::string sass;
  if (flags.sass && compiled) {
    ASSIGN_OR_RETURN(sass, Disassemble(cuobjdump, rendered.kernel().cubin()));
  }
  std::size_t files = 0;
  if (!flags.folder.empty()) {
    ASSIGN_OR_RETURN(files, WriteFolder(context, rendered, sass, flags.folder));
  }
  if (request.compile() && !compiled) return NotCompiled(rendered.failure());
  if (context.json()) {
    Json object;
    object["kernel"] = DescribeVariant(rendered.kernel().variant());
    object["command"] = CompileCommand(rendered, !flags.folder.empty());
    if (flags.folder.empty()) {
      object["source"] = FlatSource(rendered);
    } else {
      object["folder"] = flags.folder;
    }
    if (flags.sass) object["sass"] = sass;
    object["response"] = ToJson(rendered);
    context.PrintJson(object);
  } else {
    Print(context, flags, rendered, sass, files);
  }
  if (rendered.has_failure()) {
    context.Note(absl::StrCat("a tuning would refuse this kernel: ", rendered.failure().message()));
  }
  return kExitOk;
}

}  // namespace

void AddSource(CLI::App& app, Action& action) {
  CLI::App* source =
      app.add_subcommand("source", "Print the CUDA source of a kernel, to compile by hand");
  auto flags = std::make_shared<SourceFlags>();
  AddProblemCommands(*source, flags->problem, [&action, flags](CLI::App& kind) {
    AddTargetFlags(kind, flags->target);
    kind.add_option("--template", flags->template_name,
                    "Template to render (default: the winner's, else the model's first pick)")
        ->type_name("NAME");
    kind.add_option("--config", flags->config,
                    "Parameters that replace those of the winner or the first pick, such as "
                    "stages=3,tile_m=128")
        ->type_name("NAME=VALUE,...");
    CLI::Option* ptx = kind.add_flag("--ptx", flags->ptx, "Compile it and print the PTX");
    CLI::Option* sass = kind.add_flag(
        "--sass", flags->sass, "Compile it and print the SASS; runs this machine's cuobjdump");
    CLI::Option* resources =
        kind.add_flag("--resources", flags->resources,
                      "Compile it and print registers, spills and shared memory");
    ptx->excludes(sass)->excludes(resources);
    sass->excludes(resources);
    kind.add_option("-o,--output", flags->folder,
                    "Write source.cu, the files that it includes and the compiled files to this "
                    "folder, and do not print them. Does not write over a file that has other "
                    "content")
        ->type_name("DIR");
    SetAction(kind, action, [flags](CommandContext& context) { return Source(context, *flags); });
  });
}

}  // namespace tilewright::cli
