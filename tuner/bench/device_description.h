#ifndef TILEWRIGHT_TUNER_BENCH_DEVICE_DESCRIPTION_H_
#define TILEWRIGHT_TUNER_BENCH_DEVICE_DESCRIPTION_H_

#include <string>
#include <string_view>
#include <vector>

#include "kernel_templates/launch/driver/driver_api.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace tilewright {

// Every GPU of the driver, with silicon complete and the driver's version in its
// environment. Makes no context. A GPU that cannot be asked carries its error.
std::vector<v1::Device> DescribeDevices(const DriverApi& driver);

// The driver's library: "cuda".
v1::LibraryStatus DriverLibrary();

// "GPU-8-4-4-4-12" of 16 bytes.
std::string FormatUuid(std::string_view bytes);

// "HBM3e" for "NVIDIA H200"; empty for a name that is not in the table. Pure.
std::string MemoryClassOf(std::string_view name);

// Peak bytes a second: two transfers a clock over the whole bus. Pure.
double DramBytesPerSecond(int memory_clock_mhz, int bus_bits);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_DEVICE_DESCRIPTION_H_
