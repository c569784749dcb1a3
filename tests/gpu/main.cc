#include <string_view>

#include "gtest/gtest.h"
#include "tests/gpu/gpu_machine.h"
#include "tuner/bench/bench_worker.h"
#include "tuner/compile/compile_worker.h"
#include "tuner/worker/worker_process.h"

namespace {

constexpr int kSkipped = 77;

}  // namespace

int main(int argc, char** argv) {
  using tilewright::WorkerProcess;
  const std::string_view mode = argc == 2 ? argv[1] : "";
  if (mode == "--worker=compile") return tilewright::RunCompileWorker(WorkerProcess::kWorkerFd);
  if (mode == "--worker=bench") return tilewright::RunBenchWorker(WorkerProcess::kWorkerFd);
  ::testing::InitGoogleTest(&argc, argv);
  if (!tilewright::GpuMachine::Find()) return kSkipped;
  return RUN_ALL_TESTS();
}
