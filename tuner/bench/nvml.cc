#include "tuner/bench/nvml.h"

#include <unistd.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "kernel_templates/launch/driver/dynamic_library.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

// The part of NVML's C ABI that we call, in our own declarations. NVIDIA's "NVML API Reference"
// gives the values and layouts.
constexpr int kSuccess = 0;
constexpr int kInsufficientSize = 7;  // NVML_ERROR_INSUFFICIENT_SIZE
constexpr int kClockSm = 1;           // NVML_CLOCK_SM
constexpr int kClockMemory = 2;       // NVML_CLOCK_MEM
constexpr uint64_t kReasonIdle = 0x1;
constexpr uint64_t kReasonClocksSet = 0x2;
constexpr unsigned kVersionBytes = 80;

// nvmlProcessInfo_t of the call that ends in _v3.
struct ProcessInfo {
  unsigned pid;
  unsigned long long used_memory;
  unsigned gpu_instance;
  unsigned compute_instance;
};
static_assert(sizeof(ProcessInfo) == 24);

struct Api {
  int (*init)();
  int (*version)(char* text, unsigned bytes);
  int (*by_uuid)(const char* uuid, void** device);
  int (*clock)(void* device, int which, unsigned* mhz);
  int (*max_clock)(void* device, int which, unsigned* mhz);
  int (*power)(void* device, unsigned* milliwatts);
  int (*power_limit)(void* device, unsigned* milliwatts);
  int (*reasons)(void* device, unsigned long long* reasons);
  int (*processes)(void* device, unsigned* count, ProcessInfo* infos);
  std::string path;
};

// Loads the first function that the driver has. If an old driver has none, the figure is unknown.
template <typename Function>
void Resolve(const DynamicLibrary& library, std::initializer_list<const char*> names,
             Function& pointer) {
  for (const char* name : names) {
    pointer = reinterpret_cast<Function>(library.Symbol(name));
    if (pointer != nullptr) return;
  }
}

absl::StatusOr<Api> Load() {
  ASSIGN_OR_RETURN(const DynamicLibrary library, DynamicLibrary::Open({"libnvidia-ml.so.1"}));
  Api api{};
  api.path = library.path();
  Resolve(library, {"nvmlInit_v2"}, api.init);
  Resolve(library, {"nvmlSystemGetNVMLVersion"}, api.version);
  Resolve(library, {"nvmlDeviceGetHandleByUUID"}, api.by_uuid);
  Resolve(library, {"nvmlDeviceGetClockInfo"}, api.clock);
  Resolve(library, {"nvmlDeviceGetMaxClockInfo"}, api.max_clock);
  Resolve(library, {"nvmlDeviceGetPowerUsage"}, api.power);
  Resolve(library, {"nvmlDeviceGetEnforcedPowerLimit"}, api.power_limit);
  Resolve(library,
          {"nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"},
          api.reasons);
  Resolve(library, {"nvmlDeviceGetComputeRunningProcesses_v3"}, api.processes);
  if (api.init == nullptr || api.by_uuid == nullptr) {
    return MakeError(absl::StatusCode::kNotFound, "NVML_NOT_FOUND",
                     absl::StrCat(api.path, " is too old"));
  }
  if (const int result = api.init(); result != kSuccess) {
    return MakeError(absl::StatusCode::kNotFound, "NVML_NOT_FOUND",
                     absl::StrCat("nvmlInit_v2: nvmlReturn_t ", result));
  }
  return api;
}

absl::StatusOr<const Api*> LoadApi() {
  static const auto& api = *new absl::StatusOr<Api>(Load());
  if (!api.ok()) return api.status();
  return &*api;
}

// REQUIRES: a device was opened, so that the library is loaded.
const Api& TheApi() { return **LoadApi(); }

int ReadClock(int (*read)(void*, int, unsigned*), void* device, int which) {
  unsigned mhz = 0;
  return read != nullptr && read(device, which, &mhz) == kSuccess ? static_cast<int>(mhz) : 0;
}

int ReadWatts(int (*read)(void*, unsigned*), void* device) {
  unsigned milliwatts = 0;
  const bool known = read != nullptr && read(device, &milliwatts) == kSuccess;
  return known ? static_cast<int>((milliwatts + 500) / 1000) : 0;
}

int CountOtherProcesses(const Api& api, void* device) {
  if (api.processes == nullptr) return 0;
  std::vector<ProcessInfo> infos(64);
  unsigned count = static_cast<unsigned>(infos.size());
  int result = api.processes(device, &count, infos.data());
  if (result == kInsufficientSize) {
    infos.resize(count + 16);
    count = static_cast<unsigned>(infos.size());
    result = api.processes(device, &count, infos.data());
  }
  if (result != kSuccess) return 0;
  int others = 0;
  for (unsigned i = 0; i < count; ++i) others += infos[i].pid != static_cast<unsigned>(getpid());
  return others;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Nvml>> Nvml::Open(const std::string& uuid) {
  ASSIGN_OR_RETURN(const Api* api, LoadApi());
  void* device = nullptr;
  if (const int result = api->by_uuid(uuid.c_str(), &device); result != kSuccess) {
    return MakeError(absl::StatusCode::kNotFound, "NVML_NOT_FOUND",
                     absl::StrCat("NVML does not know ", uuid, ": nvmlReturn_t ", result));
  }
  return std::unique_ptr<Nvml>(new Nvml(device));
}

v1::LibraryStatus Nvml::Library() {
  v1::LibraryStatus status;
  status.set_library("nvml");
  status.add_searched("libnvidia-ml.so.1");
  const auto api = LoadApi();
  if (!api.ok()) return status;
  status.set_found(true);
  status.set_path((*api)->path);
  char version[kVersionBytes] = "";
  if ((*api)->version != nullptr && (*api)->version(version, sizeof(version)) == kSuccess) {
    status.set_version(version);
  }
  return status;
}

NvmlSample Nvml::Sample() const {
  const Api& api = TheApi();
  NvmlSample sample;
  sample.sm_clock_mhz = ReadClock(api.clock, device_, kClockSm);
  sample.power_watts = ReadWatts(api.power, device_);
  unsigned long long reasons = 0;
  if (api.reasons != nullptr && api.reasons(device_, &reasons) == kSuccess) {
    sample.throttle_reasons = reasons;
  }
  sample.other_processes = CountOtherProcesses(api, device_);
  return sample;
}

uint64_t Nvml::SlowingReasons(uint64_t reasons) {
  return reasons & ~(kReasonIdle | kReasonClocksSet);
}

int Nvml::PowerLimitWatts() const { return ReadWatts(TheApi().power_limit, device_); }

int Nvml::MaxSmClockMhz() const { return ReadClock(TheApi().max_clock, device_, kClockSm); }

int Nvml::MaxMemoryClockMhz() const { return ReadClock(TheApi().max_clock, device_, kClockMemory); }

}  // namespace tilewright
