#include "tests/gpu/gpu_machine.h"

#include <cstdio>

#include "tuner/target/target.h"

namespace tilewright {
namespace {

GpuMachine* g_machine = nullptr;

bool Refuse(const std::string& why) {
  std::fprintf(stderr, "GPU tests are skipped: %s\n", why.c_str());
  return false;
}

}  // namespace

bool GpuMachine::Find() {
  auto machine = std::make_unique<GpuMachine>();
  machine->compiler_ = *ProcessPoolCompiler::Create({});
  for (auto& profiler : machine->profilers_) {
    profiler = *BenchProfiler::Create({}, *machine->compiler_);
  }
  const auto devices = machine->profiler().Devices();
  if (devices.empty()) return Refuse("no GPU was found");
  if (!devices[0].error().empty()) return Refuse(devices[0].error());
  const auto architecture = ArchitectureFor(devices[0].target().silicon());
  if (!architecture.ok()) return Refuse(std::string(architecture.status().message()));
  machine->device_ = devices[0];
  machine->architecture_ = *architecture;
  std::fprintf(stderr, "GPU: %s (%s)\n", devices[0].target().silicon().name().c_str(),
               architecture->c_str());
  g_machine = machine.release();
  return true;
}

GpuMachine& GpuMachine::Get() { return *g_machine; }

}  // namespace tilewright
