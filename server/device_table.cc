#include "server/device_table.h"

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tuner/codegen/template_library.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

std::string ProfileNames() {
  std::string names;
  for (const v1::TargetProfile& profile : TargetProfiles()) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", profile.name());
  }
  return names;
}

absl::Status NoGpu() {
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "NO_GPU",
      absl::StrCat("no GPU was found: name a target to rank kernels by the model instead "
                   "(--target h100-sxm); known are ",
                   ProfileNames()),
      {{"field", "target"}});
}

}  // namespace

DeviceTable::DeviceTable(Compiler& compiler, Profiler& profiler) {
  const v1::LibraryStatus nvrtc = compiler.Library();
  v1::Environment& environment = *listing_.mutable_environment();
  environment.set_nvrtc_version(nvrtc.version());
  environment.set_template_digest(TemplateDigest());
  for (v1::Device device : profiler.Devices()) {
    v1::Environment& of_device = *device.mutable_target()->mutable_environment();
    of_device.set_nvrtc_version(environment.nvrtc_version());
    of_device.set_template_digest(environment.template_digest());
    environment.set_driver_version(of_device.driver_version());
    *listing_.add_devices() = device;
    devices_.push_back(std::move(device));
  }
  for (const v1::TargetProfile& profile : TargetProfiles()) *listing_.add_profiles() = profile;
  *listing_.add_libraries() = nvrtc;
  for (v1::LibraryStatus& library : profiler.Libraries()) {
    *listing_.add_libraries() = std::move(library);
  }
}

absl::StatusOr<ResolvedTarget> DeviceTable::Resolve(const std::string& profile,
                                                    int ordinal) const {
  ResolvedTarget resolved;
  if (!profile.empty()) {
    if (ordinal != 0) {
      return InvalidField("device_ordinal", "CONTRADICTORY_TARGET",
                          "a named target has no devices: give one of the two");
    }
    ASSIGN_OR_RETURN(*resolved.target.mutable_silicon(), FindProfile(profile));
    v1::Environment& environment = *resolved.target.mutable_environment();
    environment = listing_.environment();
    // What is ranked for a named target does not depend on the driver of this machine.
    environment.set_driver_version(0);
    return resolved;
  }
  if (devices_.empty()) return NoGpu();
  if (ordinal < 0 || ordinal >= device_count()) {
    return InvalidField("device_ordinal", "NO_SUCH_DEVICE",
                        absl::StrCat("this machine has devices 0 to ", device_count() - 1));
  }
  const v1::Device& device = devices_[ordinal];
  if (!device.error().empty()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "GPU_UNUSABLE",
                     absl::StrCat("GPU ", ordinal, " cannot be used: ", device.error()),
                     {{"field", "device_ordinal"}});
  }
  resolved.target = device.target();
  resolved.device_ordinal = ordinal;
  return resolved;
}

}  // namespace tilewright
