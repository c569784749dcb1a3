// A libcuda.so.1 without a GPU: memory is the host's, streams are synchronous, and launches
// run the kernels of fake_kernels.h. An illegal access is sticky, as the real one is.
#include <cuda.h>
#include <elf.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>

#include "tests/tuner/bench/fake_cuda/fake_kernels.h"

namespace {

using tilewright::FakeKernel;
using tilewright::FakeOutcome;

constexpr std::size_t kMemoryBytes = std::size_t{1} << 30;
constexpr float kLaunchMilliseconds = 0.25f;

CUresult g_sticky = CUDA_SUCCESS;
std::map<CUdeviceptr, std::size_t> g_allocations;
int g_launches = 0;

struct FakeEvent {
  int launches = 0;
};

std::size_t UsedBytes() {
  std::size_t used = 0;
  for (const auto& [address, bytes] : g_allocations) used += bytes;
  return used;
}

int AttributeValue(CUdevice_attribute attribute) {
  switch (attribute) {
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
      return 9;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
      return 0;
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
      return 4;
    case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE:
      return 1 << 20;
    case CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE:
      return 3201000;
    case CU_DEVICE_ATTRIBUTE_CLOCK_RATE:
      return 1980000;
    case CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH:
      return 6144;
    default:
      return 65536;
  }
}

// What a "cubin" says of how its kernels behave: its text, or the label of a stub of a cubin.
std::string BehaviourOf(const char* code) {
  if (std::strncmp(code, ELFMAG, SELFMAG) != 0) return code;
  constexpr std::string_view kPrefix = "stub:";
  Elf64_Ehdr header;
  std::memcpy(&header, code, sizeof(header));
  for (int i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section;
    std::memcpy(&section, code + header.e_shoff + i * sizeof(section), sizeof(section));
    const std::string_view content(code + section.sh_offset, section.sh_size);
    if (content.substr(0, kPrefix.size()) == kPrefix) {
      return std::string(content.substr(kPrefix.size()));
    }
  }
  return "";
}

}  // namespace

extern "C" {

CUresult cuInit(unsigned) { return CUDA_SUCCESS; }
CUresult cuDriverGetVersion(int* version) { return *version = 13000, CUDA_SUCCESS; }
CUresult cuGetErrorName(CUresult error, const char** name) {
  return *name = error == CUDA_ERROR_ILLEGAL_ADDRESS ? "CUDA_ERROR_ILLEGAL_ADDRESS" : "CUDA_ERROR",
         CUDA_SUCCESS;
}
CUresult cuGetErrorString(CUresult, const char** text) { return *text = "", CUDA_SUCCESS; }
CUresult cuDeviceGetCount(int* count) { return *count = 1, CUDA_SUCCESS; }
CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  return *device = ordinal, ordinal == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}
CUresult cuDeviceGetName(char* name, int length, CUdevice) {
  std::strncpy(name, "NVIDIA H200", static_cast<std::size_t>(length));
  return CUDA_SUCCESS;
}
CUresult cuDeviceGetUuid(CUuuid* uuid, CUdevice) {
  return std::memset(uuid, 0x42, sizeof(*uuid)), CUDA_SUCCESS;
}
CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute attribute, CUdevice) {
  return *value = AttributeValue(attribute), CUDA_SUCCESS;
}
CUresult cuDeviceTotalMem(std::size_t* bytes, CUdevice) {
  return *bytes = kMemoryBytes, CUDA_SUCCESS;
}
CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice) {
  return *context = reinterpret_cast<CUcontext>(&g_sticky), CUDA_SUCCESS;
}
CUresult cuDevicePrimaryCtxRelease(CUdevice) { return CUDA_SUCCESS; }
CUresult cuCtxSetCurrent(CUcontext) { return CUDA_SUCCESS; }
CUresult cuCtxGetCurrent(CUcontext* context) {
  return *context = reinterpret_cast<CUcontext>(&g_sticky), CUDA_SUCCESS;
}
CUresult cuCtxGetDevice(CUdevice* device) { return *device = 0, CUDA_SUCCESS; }
CUresult cuCtxSynchronize() { return g_sticky; }

CUresult cuLibraryLoadData(CUlibrary* library, const void* code, CUjit_option*, void**, unsigned,
                           CUlibraryOption*, void**, unsigned) {
  *library =
      reinterpret_cast<CUlibrary>(new std::string(BehaviourOf(static_cast<const char*>(code))));
  return g_sticky;
}
CUresult cuLibraryUnload(CUlibrary library) {
  delete reinterpret_cast<std::string*>(library);
  return g_sticky;
}
CUresult cuLibraryGetKernel(CUkernel* kernel, CUlibrary library, const char* name) {
  FakeKernel found = tilewright::FindFakeKernel(*reinterpret_cast<std::string*>(library), name);
  if (!found) return CUDA_ERROR_NOT_FOUND;
  *kernel = reinterpret_cast<CUkernel>(new FakeKernel(std::move(found)));
  return CUDA_SUCCESS;
}
CUresult cuKernelGetFunction(CUfunction* function, CUkernel kernel) {
  return *function = reinterpret_cast<CUfunction>(kernel), CUDA_SUCCESS;
}
CUresult cuFuncSetAttribute(CUfunction, CUfunction_attribute, int bytes) {
  return bytes <= 232448 ? g_sticky : CUDA_ERROR_INVALID_VALUE;
}
CUresult cuFuncGetAttribute(int* value, CUfunction_attribute, CUfunction) {
  return *value = 0, g_sticky;
}
CUresult cuLaunchKernelEx(const CUlaunchConfig*, CUfunction function, void** parameters, void**) {
  if (g_sticky != CUDA_SUCCESS) return g_sticky;
  ++g_launches;
  const FakeOutcome outcome = (*reinterpret_cast<FakeKernel*>(function))(parameters[0]);
  if (outcome == FakeOutcome::kEndless) {
    for (;;) pause();
  }
  // Asynchronous: the launch itself succeeds.
  if (outcome == FakeOutcome::kIllegalAddress) g_sticky = CUDA_ERROR_ILLEGAL_ADDRESS;
  return CUDA_SUCCESS;
}

CUresult cuMemAlloc(CUdeviceptr* address, std::size_t bytes) {
  if (g_sticky != CUDA_SUCCESS) return g_sticky;
  if (bytes > kMemoryBytes - UsedBytes()) return CUDA_ERROR_OUT_OF_MEMORY;
  void* memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  *address = reinterpret_cast<CUdeviceptr>(memory);
  g_allocations[*address] = bytes;
  return CUDA_SUCCESS;
}
CUresult cuMemFree(CUdeviceptr address) {
  g_allocations.erase(address);
  std::free(reinterpret_cast<void*>(address));
  return g_sticky;
}
CUresult cuMemGetInfo(std::size_t* free, std::size_t* total) {
  *total = kMemoryBytes;
  *free = kMemoryBytes - UsedBytes();
  return g_sticky;
}
CUresult cuMemcpyHtoDAsync(CUdeviceptr to, const void* from, std::size_t bytes, CUstream) {
  return std::memcpy(reinterpret_cast<void*>(to), from, bytes), g_sticky;
}
CUresult cuMemcpyDtoHAsync(void* to, CUdeviceptr from, std::size_t bytes, CUstream) {
  return std::memcpy(to, reinterpret_cast<void*>(from), bytes), g_sticky;
}
CUresult cuMemcpyDtoDAsync(CUdeviceptr to, CUdeviceptr from, std::size_t bytes, CUstream) {
  return std::memcpy(reinterpret_cast<void*>(to), reinterpret_cast<void*>(from), bytes), g_sticky;
}
CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, std::size_t count, CUstream) {
  return std::memset(reinterpret_cast<void*>(to), value, count), g_sticky;
}
CUresult cuMemsetD2D8Async(CUdeviceptr to, std::size_t pitch, unsigned char value,
                           std::size_t width, std::size_t height, CUstream) {
  for (std::size_t i = 0; i < height; ++i) {
    std::memset(reinterpret_cast<void*>(to + i * pitch), value, width);
  }
  return g_sticky;
}
CUresult cuMemsetD32Async(CUdeviceptr to, unsigned value, std::size_t count, CUstream) {
  unsigned* words = reinterpret_cast<unsigned*>(to);
  for (std::size_t i = 0; i < count; ++i) words[i] = value;
  return g_sticky;
}

CUresult cuStreamCreate(CUstream* stream, unsigned) {
  return *stream = reinterpret_cast<CUstream>(&g_launches), g_sticky;
}
CUresult cuStreamDestroy(CUstream) { return g_sticky; }
CUresult cuStreamSynchronize(CUstream) { return g_sticky; }
CUresult cuStreamQuery(CUstream) { return g_sticky; }
CUresult cuEventCreate(CUevent* event, unsigned) {
  return *event = reinterpret_cast<CUevent>(new FakeEvent), g_sticky;
}
CUresult cuEventDestroy(CUevent event) {
  delete reinterpret_cast<FakeEvent*>(event);
  return g_sticky;
}
CUresult cuEventRecord(CUevent event, CUstream) {
  return reinterpret_cast<FakeEvent*>(event)->launches = g_launches, g_sticky;
}
CUresult cuEventSynchronize(CUevent) { return g_sticky; }
// Every launch takes as long as every other.
CUresult cuEventElapsedTime(float* milliseconds, CUevent begin, CUevent end) {
  *milliseconds =
      kLaunchMilliseconds * static_cast<float>(reinterpret_cast<FakeEvent*>(end)->launches -
                                               reinterpret_cast<FakeEvent*>(begin)->launches);
  return g_sticky;
}

CUresult cuTensorMapEncodeTiled(CUtensorMap*, CUtensorMapDataType, cuuint32_t, void*,
                                const cuuint64_t*, const cuuint64_t*, const cuuint32_t*,
                                const cuuint32_t*, CUtensorMapInterleave, CUtensorMapSwizzle,
                                CUtensorMapL2promotion, CUtensorMapFloatOOBfill) {
  return g_sticky;
}
CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, CUfunction, int, std::size_t) {
  return *blocks = 1, g_sticky;
}

}  // extern "C"
