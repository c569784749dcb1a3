// `tilewright devices`
#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/format.h"
#include "proto/support/status_macros.h"
#include "proto/support/text.h"

namespace tilewright::cli {
namespace {

std::string DescribeDriver(int version) {
  return version == 0 ? "none" : absl::StrCat(version / 1000, ".", version % 1000 / 10);
}

std::string RenderDevices(const v1::ListDevicesResponse& response, const Style& style) {
  Table table({"DEVICE", "NAME", "SM", "SMS", "MEMORY", "L2", "POWER", "STATE"},
              {true, false, true, true, true, true, true, false});
  for (const v1::Device& device : response.devices()) {
    const v1::Silicon& silicon = device.target().silicon();
    table.Add(
        {absl::StrCat(device.ordinal()), silicon.name(),
         absl::StrCat("sm_", silicon.compute_capability()), absl::StrCat(silicon.sm_count()),
         absl::StrCat(FormatBytes(static_cast<double>(silicon.memory_bytes())), " ",
                      silicon.memory_class()),
         FormatBytes(static_cast<double>(silicon.l2_bytes())),
         silicon.power_limit_watts() > 0 ? absl::StrCat(silicon.power_limit_watts(), " W") : "-",
         device.error().empty() ? "ok" : device.error()});
  }
  if (table.empty()) {
    return "This machine has no GPU. With `--target NAME`, kernels are compiled for one of the "
           "profiles below and ranked by the cost model.\n";
  }
  return table.Render(style);
}

std::string RenderProfiles(const v1::ListDevicesResponse& response, const Style& style) {
  Table table({"TARGET", "SM", "SMS", "DESCRIPTION"}, {false, true, true, false});
  for (const v1::TargetProfile& profile : response.profiles()) {
    table.Add({profile.name(), absl::StrCat("sm_", profile.silicon().compute_capability()),
               absl::StrCat(profile.silicon().sm_count()), profile.description()});
  }
  return table.Render(style);
}

std::string RenderLibraries(const v1::ListDevicesResponse& response, const Style& style) {
  Table table({"LIBRARY", "VERSION", "FOUND AT"});
  for (const v1::LibraryStatus& library : response.libraries()) {
    table.Add({library.library(), library.version().empty() ? "-" : library.version(),
               library.found() ? library.path()
                               : absl::StrCat("not found; searched ",
                                              absl::StrJoin(library.searched(), ", "))});
  }
  return table.Render(style);
}

// "gemm_simt 1a2b3c4d, ...". An older daemon has one digest for all templates: returns that one.
std::string DescribeTemplates(const v1::ListDevicesResponse& response) {
  if (response.templates().empty()) return response.environment().template_digest().substr(0, 8);
  return absl::StrJoin(response.templates(), ", ", [](std::string* out, const auto& digest) {
    absl::StrAppend(out, digest.template_name(), " ", digest.digest().substr(0, 8));
  });
}

absl::StatusOr<int> Devices(CommandContext& context) {
  ASSIGN_OR_RETURN(Client * client, context.client());
  ASSIGN_OR_RETURN(const v1::ListDevicesResponse response, client->connection().ListDevices());
  if (context.PrintedAsJson(response)) return kExitOk;
  const Style& style = context.out_style();
  context.out() << RenderDevices(response, style) << '\n'
                << RenderProfiles(response, style) << '\n'
                << RenderLibraries(response, style) << "\ndriver "
                << DescribeDriver(response.environment().driver_version()) << ", templates "
                << Printable(DescribeTemplates(response)) << '\n';
  for (const v1::LibraryStatus& library : response.libraries()) {
    if (library.found()) continue;
    if (const std::string note = context.EnvironmentNote(); !note.empty()) context.Note(note);
    break;
  }
  return kExitOk;
}

}  // namespace

void AddDevices(CLI::App& app, Action& action) {
  app.add_subcommand("devices", "Show the GPUs, the target profiles and the libraries found")
      ->callback([&action] { action = Devices; });
}

}  // namespace tilewright::cli
