#include "tuner/bench/device_description.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/support/status_macros.h"
#include "tuner/bench/nvml.h"

namespace tilewright {
namespace {

struct MemoryRow {
  std::string_view part_of_name;
  std::string_view memory;
};

// From NVIDIA's data sheets. The first row whose text is in the name decides, so a special row
// comes before a general one.
constexpr MemoryRow kMemoryTable[] = {
    {"GB300", "HBM3e"},
    {"B300", "HBM3e"},
    {"GB200", "HBM3e"},
    {"B200", "HBM3e"},
    {"GH200 480GB", "HBM3"},
    {"GH200", "HBM3e"},
    {"H200", "HBM3e"},
    {"H100 PCIe", "HBM2e"},
    {"H100", "HBM3"},
    {"H800", "HBM3"},
    {"H20", "HBM3"},
    {"A100-SXM4-40GB", "HBM2"},
    {"A100-PCIE-40GB", "HBM2"},
    {"A100", "HBM2e"},
    {"A800", "HBM2e"},
    {"A30", "HBM2"},
    {"A40", "GDDR6"},
    {"A10", "GDDR6"},
    {"A16", "GDDR6"},
    {"A2", "GDDR6"},
    {"L40", "GDDR6"},
    {"L4", "GDDR6"},
    {"Blackwell", "GDDR7"},
    {"RTX 50", "GDDR7"},
    {"Ada", "GDDR6"},
    {"RTX A", "GDDR6"},
    {"RTX 4060", "GDDR6"},
    {"RTX 4050", "GDDR6"},
    {"RTX 40", "GDDR6X"},
    {"RTX 3090", "GDDR6X"},
    {"RTX 3080", "GDDR6X"},
    {"RTX 3070 Ti", "GDDR6X"},
    {"RTX 30", "GDDR6"},
};

absl::StatusOr<int> Attribute(const DriverApi& driver, CUdevice device,
                              CUdevice_attribute attribute) {
  int value = 0;
  RETURN_IF_ERROR(
      driver.Check(driver.cuDeviceGetAttribute(&value, attribute, device), "cuDeviceGetAttribute"));
  return value;
}

absl::Status FillAttributes(const DriverApi& driver, CUdevice device, v1::Silicon& silicon) {
  const auto read = [&](CUdevice_attribute attribute) {
    return Attribute(driver, device, attribute);
  };
  ASSIGN_OR_RETURN(const int major, read(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR));
  ASSIGN_OR_RETURN(const int minor, read(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR));
  ASSIGN_OR_RETURN(const int sm_count, read(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT));
  ASSIGN_OR_RETURN(const int l2, read(CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE));
  ASSIGN_OR_RETURN(const int block_memory,
                   read(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN));
  ASSIGN_OR_RETURN(const int sm_memory,
                   read(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR));
  ASSIGN_OR_RETURN(const int registers, read(CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR));
  ASSIGN_OR_RETURN(const int threads, read(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR));
  silicon.set_compute_capability(major * 10 + minor);
  silicon.set_sm_count(sm_count);
  silicon.set_l2_bytes(l2);
  silicon.set_max_shared_memory_per_block(block_memory);
  silicon.set_shared_memory_per_sm(sm_memory);
  silicon.set_registers_per_sm(registers);
  silicon.set_max_threads_per_sm(threads);
  return absl::OkStatus();
}

// Asks NVML if it is there, else the driver's deprecated attributes; 0 if those are gone.
void FillClocks(const DriverApi& driver, CUdevice device, const std::string& uuid,
                v1::Silicon& silicon) {
  const auto kilohertz = [&](CUdevice_attribute attribute) {
    return Attribute(driver, device, attribute).value_or(0) / 1000;
  };
  int sm_clock = kilohertz(CU_DEVICE_ATTRIBUTE_CLOCK_RATE);
  int memory_clock = kilohertz(CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE);
  if (const auto nvml = Nvml::Open(uuid); nvml.ok()) {
    silicon.set_power_limit_watts((*nvml)->PowerLimitWatts());
    sm_clock = std::max(sm_clock, (*nvml)->MaxSmClockMhz());
    memory_clock = std::max(memory_clock, (*nvml)->MaxMemoryClockMhz());
  }
  silicon.set_max_clock_mhz(sm_clock);
  const int bus_bits =
      Attribute(driver, device, CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH).value_or(0);
  silicon.set_dram_bytes_per_second(DramBytesPerSecond(memory_clock, bus_bits));
}

absl::Status Describe(const DriverApi& driver, int ordinal, v1::Device& described) {
  CUdevice device = 0;
  RETURN_IF_ERROR(driver.Check(driver.cuDeviceGet(&device, ordinal), "cuDeviceGet"));
  CUuuid uuid{};
  RETURN_IF_ERROR(driver.Check(driver.cuDeviceGetUuid(&uuid, device), "cuDeviceGetUuid"));
  described.set_uuid(FormatUuid(std::string_view(uuid.bytes, sizeof(uuid.bytes))));
  char name[256] = "";
  RETURN_IF_ERROR(
      driver.Check(driver.cuDeviceGetName(name, sizeof(name), device), "cuDeviceGetName"));
  std::size_t memory = 0;
  RETURN_IF_ERROR(driver.Check(driver.cuDeviceTotalMem(&memory, device), "cuDeviceTotalMem"));
  v1::Silicon& silicon = *described.mutable_target()->mutable_silicon();
  silicon.set_name(name);
  silicon.set_memory_bytes(static_cast<int64_t>(memory));
  silicon.set_memory_class(MemoryClassOf(name));
  RETURN_IF_ERROR(FillAttributes(driver, device, silicon));
  FillClocks(driver, device, described.uuid(), silicon);
  int version = 0;
  RETURN_IF_ERROR(driver.Check(driver.cuDriverGetVersion(&version), "cuDriverGetVersion"));
  described.mutable_target()->mutable_environment()->set_driver_version(version);
  return absl::OkStatus();
}

}  // namespace

std::vector<v1::Device> DescribeDevices(const DriverApi& driver) {
  int count = 0;
  driver.cuDeviceGetCount(&count);
  std::vector<v1::Device> devices(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    v1::Device& device = devices[static_cast<std::size_t>(i)];
    device.set_ordinal(i);
    if (const absl::Status status = Describe(driver, i, device); !status.ok()) {
      device.set_error(std::string(status.message()));
    }
  }
  return devices;
}

v1::LibraryStatus DriverLibrary() {
  v1::LibraryStatus status;
  status.set_library("cuda");
  status.add_searched("libcuda.so.1");
  const auto driver = DriverApi::Load();
  if (!driver.ok()) return status;
  status.set_found(true);
  status.set_path("libcuda.so.1");
  int version = 0;
  if ((*driver)->cuDriverGetVersion(&version) == CUDA_SUCCESS) {
    status.set_version(absl::StrCat(version / 1000, ".", version % 1000 / 10));
  }
  return status;
}

std::string FormatUuid(std::string_view bytes) {
  std::string text = "GPU";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 0 || i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    absl::StrAppendFormat(&text, "%02x", static_cast<unsigned char>(bytes[i]));
  }
  return text;
}

std::string MemoryClassOf(std::string_view name) {
  for (const MemoryRow& row : kMemoryTable) {
    if (name.find(row.part_of_name) != std::string_view::npos) return std::string(row.memory);
  }
  return "";
}

double DramBytesPerSecond(int memory_clock_mhz, int bus_bits) {
  return 2.0 * memory_clock_mhz * 1e6 * bus_bits / 8.0;
}

}  // namespace tilewright
