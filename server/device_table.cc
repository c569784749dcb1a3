#include "server/device_table.h"

#include <utility>

#include "absl/strings/numbers.h"
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

void SetNvrtc(const v1::LibraryStatus& nvrtc, v1::ListDevicesResponse& listing) {
  *listing.mutable_libraries(0) = nvrtc;
  listing.mutable_environment()->set_nvrtc_version(nvrtc.version());
  for (v1::Device& device : *listing.mutable_devices()) {
    device.mutable_target()->mutable_environment()->set_nvrtc_version(nvrtc.version());
  }
}

}  // namespace

DeviceTable::DeviceTable(Compiler& compiler, Profiler& profiler) : compiler_(compiler) {
  auto listing = std::make_shared<v1::ListDevicesResponse>();
  v1::Environment& environment = *listing->mutable_environment();
  for (const v1::TemplateDigest& digest : TemplateDigests()) *listing->add_templates() = digest;
  for (v1::Device device : profiler.Devices()) {
    environment.set_driver_version(device.target().environment().driver_version());
    *listing->add_devices() = std::move(device);
  }
  for (const v1::TargetProfile& profile : TargetProfiles()) *listing->add_profiles() = profile;
  listing->add_libraries();  // NVRTC's place.
  for (v1::LibraryStatus& library : profiler.Libraries()) {
    if (library.library() == "cublasLt" &&
        !absl::SimpleAtoi(library.version(), &vendor_library_version_)) {
      vendor_library_version_ = 0;
    }
    *listing->add_libraries() = std::move(library);
  }
  SetNvrtc(compiler.Library(), *listing);
  device_count_ = listing->devices_size();
  listing_ = std::move(listing);
}

DeviceTable::ListingPtr DeviceTable::Listing() const {
  absl::MutexLock lock(&mutex_);
  return listing_;
}

void DeviceTable::FindMissing() {
  const ListingPtr known = Listing();
  if (known->libraries(0).found()) return;
  const v1::LibraryStatus nvrtc = compiler_.Library();
  if (!nvrtc.found()) return;
  auto listing = std::make_shared<v1::ListDevicesResponse>(*known);
  SetNvrtc(nvrtc, *listing);
  absl::MutexLock lock(&mutex_);
  listing_ = std::move(listing);
}

void DeviceTable::Complete(v1::Environment& environment) {
  if (!environment.nvrtc_version().empty()) return;
  FindMissing();
  environment.set_nvrtc_version(Listing()->environment().nvrtc_version());
}

absl::StatusOr<ResolvedTarget> DeviceTable::Resolve(const std::string& profile, int ordinal) const {
  const ListingPtr listing = Listing();
  ResolvedTarget resolved;
  if (!profile.empty()) {
    if (ordinal != 0) {
      return InvalidField("device_ordinal", "CONTRADICTORY_TARGET",
                          "a named target has no devices: give one of the two");
    }
    ASSIGN_OR_RETURN(*resolved.target.mutable_silicon(), FindProfile(profile));
    v1::Environment& environment = *resolved.target.mutable_environment();
    environment = listing->environment();
    // What is ranked for a named target does not depend on the driver of this machine.
    environment.set_driver_version(0);
    return resolved;
  }
  if (device_count_ == 0) return NoGpu();
  if (ordinal < 0 || ordinal >= device_count_) {
    return InvalidField("device_ordinal", "NO_SUCH_DEVICE",
                        absl::StrCat("this machine has devices 0 to ", device_count_ - 1));
  }
  const v1::Device& device = listing->devices(ordinal);
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
