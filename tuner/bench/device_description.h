#ifndef TILEWRIGHT_TUNER_BENCH_DEVICE_DESCRIPTION_H_
#define TILEWRIGHT_TUNER_BENCH_DEVICE_DESCRIPTION_H_

#include <string>
#include <string_view>
#include <vector>

#include "kernel_templates/launch/driver/driver_api.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace tilewright {

// Returns every GPU of the driver, with complete silicon, and with the driver's version in its
// environment. Makes no context. A GPU that cannot be asked has its error.
std::vector<v1::Device> DescribeDevices(const DriverApi& driver);

// Describes the driver's library: "cuda".
v1::LibraryStatus DriverLibrary();

// Returns "GPU-8-4-4-4-12" for 16 bytes.
std::string FormatUuid(std::string_view bytes);

// Returns "HBM3e" for "NVIDIA H200". Empty if the name is not in the table. Pure.
std::string MemoryClassOf(std::string_view name);

// Returns the peak bytes per second: two transfers per clock over the whole bus. Pure.
double DramBytesPerSecond(int memory_clock_mhz, int bus_bits);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_DEVICE_DESCRIPTION_H_
