// The part of target.h that makes keys.
#include <cmath>
#include <cstdint>
#include <string>

#include "proto/support/sha256.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

// Raised whenever a field is added or its meaning changes.
constexpr uint64_t kSiliconVersion = 1;
// 2: without a digest of the templates, which every winner has for itself.
constexpr uint64_t kEnvironmentVersion = 2;

void Append(uint64_t value, std::string& out) {
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

// The length keeps neighbouring texts apart.
void Append(const std::string& text, std::string& out) {
  Append(text.size(), out);
  out += text;
}

// Whole gigabytes a second: drivers state the memory clock with some rounding.
uint64_t BandwidthClass(double bytes_per_second) {
  return bytes_per_second > 0 && bytes_per_second < 1e18
             ? static_cast<uint64_t>(std::llround(bytes_per_second / 1e9))
             : 0;
}

}  // namespace

// Left out: the name, and memory_bytes, which decides what fits and not how fast it runs, and
// of which drivers keep a share that changes between their versions.
std::string EncodeSilicon(const v1::Silicon& silicon) {
  std::string out;
  Append(kSiliconVersion, out);
  Append(silicon.compute_capability(), out);
  Append(silicon.sm_count(), out);
  Append(silicon.memory_class(), out);
  Append(silicon.l2_bytes(), out);
  Append(silicon.power_limit_watts(), out);
  Append(silicon.max_shared_memory_per_block(), out);
  Append(silicon.shared_memory_per_sm(), out);
  Append(silicon.registers_per_sm(), out);
  Append(silicon.max_threads_per_sm(), out);
  Append(silicon.max_clock_mhz(), out);
  Append(BandwidthClass(silicon.dram_bytes_per_second()), out);
  return out;
}

std::string EncodeEnvironment(const v1::Environment& environment) {
  std::string out;
  Append(kEnvironmentVersion, out);
  Append(environment.driver_version(), out);
  Append(environment.nvrtc_version(), out);
  return out;
}

std::string SiliconKey(const v1::Silicon& silicon) { return Sha256(EncodeSilicon(silicon)); }

std::string EnvironmentKey(const v1::Environment& environment) {
  return Sha256(EncodeEnvironment(environment));
}

}  // namespace tilewright
