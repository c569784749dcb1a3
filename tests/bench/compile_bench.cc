// Compiles real variants of a bf16 GEMM through the pool, once with the workers still to be
// started and once with them warm, and prints the wall times as one JSON object.
#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "absl/time/clock.h"
#include "tuner/compile/compile_worker.h"
#include "tuner/compile/process_pool_compiler.h"
#include "tuner/target/target.h"
#include "tuner/template/registry.h"
#include "tuner/template/tiled_gemm/launch_plan.h"
#include "tuner/worker/worker_process.h"

namespace tilewright {
namespace {

v1::Problem LargeBf16() {
  v1::Problem problem;
  v1::GemmProblem& gemm = *problem.mutable_gemm();
  for (const auto set :
       {&v1::GemmProblem::set_m, &v1::GemmProblem::set_n, &v1::GemmProblem::set_k,
        &v1::GemmProblem::set_lda, &v1::GemmProblem::set_ldb, &v1::GemmProblem::set_ldd}) {
    (gemm.*set)(4096);
  }
  gemm.set_batch(1);
  gemm.set_a_type(v1::DATA_TYPE_BF16);
  gemm.set_b_type(v1::DATA_TYPE_BF16);
  gemm.set_d_type(v1::DATA_TYPE_BF16);
  gemm.set_accumulator_type(v1::DATA_TYPE_FP32);
  gemm.set_a_layout(v1::OPERAND_LAYOUT_NORMAL);
  gemm.set_b_layout(v1::OPERAND_LAYOUT_TRANSPOSED);
  return problem;
}

v1::Variant MakeVariant(int tile_m, int tile_n, int tile_k, int warps_n, int stages) {
  v1::Variant variant;
  variant.set_template_name("gemm_sm80");
  const auto add = [&](const char* name, int value) {
    v1::Parameter& parameter = *variant.mutable_config()->add_parameters();
    parameter.set_name(name);
    parameter.set_value(value);
  };
  add("fp16_sums", 0);
  add("raster_group", 8);
  add("split_epilogue", 0);
  add("split_k", 1);
  add("stages", stages);
  add("tile_k", tile_k);
  add("tile_m", tile_m);
  add("tile_n", tile_n);
  add("warps_m", 2);
  add("warps_n", warps_n);
  return variant;
}

// Up to `count` legal variants of different source, of all sizes: those a tuning compiles.
std::vector<CompileJob> MakeJobs(std::size_t count) {
  std::vector<CompileJob> jobs;
  for (const int stages : {3, 4, 2, 5}) {
    for (const int tile_k : {32, 64}) {
      for (const int tile_m : {128, 64, 256, 192, 96}) {
        for (const int tile_n : {128, 256, 64, 192, 96}) {
          for (const int warps_n : {2, 4}) {
            const v1::Variant variant = MakeVariant(tile_m, tile_n, tile_k, warps_n, stages);
            const Template& gemm = *FindTemplate(variant.template_name());
            if (jobs.size() == count ||
                gemm.BrokenConstraint(LargeBf16(), *FindTargetProfile("h100-sxm"),
                                      variant.config())) {
              continue;
            }
            jobs.push_back(
                {*gemm.Render(LargeBf16(), variant.config()), "sm_90a", {std::string(kGemmEntry)}});
          }
        }
      }
    }
  }
  return jobs;
}

struct Round {
  double seconds = 0;          // Wall-clock.
  double compile_seconds = 0;  // Summed over the variants.
  int failed = 0;
};

absl::StatusOr<Round> Compile(Compiler& compiler, const std::vector<CompileJob>& jobs) {
  Round round;
  const absl::Time start = absl::Now();
  const absl::Status status =
      compiler.CompileAll(jobs, Cancellation(), [&](std::size_t, CompileOutcome outcome) {
        if (const auto* failure = std::get_if<v1::Failure>(&outcome)) {
          std::fprintf(stderr, "%s\n", failure->message().c_str());
          ++round.failed;
        } else {
          round.compile_seconds += std::get<CompiledCode>(outcome).seconds;
        }
      });
  if (!status.ok()) return status;
  round.seconds = absl::ToDoubleSeconds(absl::Now() - start);
  return round;
}

int Report(int variants, int workers) {
  ProcessPoolCompiler::Options options;
  options.workers = workers;
  auto pool = ProcessPoolCompiler::Create(options);
  const std::vector<CompileJob> jobs = MakeJobs(static_cast<std::size_t>(variants));
  absl::StatusOr<Round> cold = pool.ok() ? Compile(**pool, jobs) : pool.status();
  absl::StatusOr<Round> warm = cold.ok() ? Compile(**pool, jobs) : cold.status();
  if (!warm.ok()) {
    std::fprintf(stderr, "compile_bench: %s\n", warm.status().ToString().c_str());
    return 1;
  }
  const double count = static_cast<double>(jobs.size());
  const nlohmann::ordered_json report = {
      {"benchmark", "compile"},
      {"variants", jobs.size()},
      {"processors", std::thread::hardware_concurrency()},
      {"workers", workers == 0 ? static_cast<int>(std::thread::hardware_concurrency()) : workers},
      {"nvrtc_version", (*pool)->Library().version()},
      {"cold_seconds", cold->seconds},
      {"warm_seconds", warm->seconds},
      {"seconds_per_variant", warm->compile_seconds / count},
      {"failed", cold->failed + warm->failed}};
  std::printf("%s\n", report.dump().c_str());
  return cold->failed + warm->failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace tilewright

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--worker=compile") {
    return tilewright::RunCompileWorker(tilewright::WorkerProcess::kWorkerFd);
  }
  int variants = 64;
  int workers = 0;
  CLI::App app("Compiles variants through the pool of compile workers and prints JSON.");
  app.add_option("--variants", variants, "How many variants")->check(CLI::Range(1, 200));
  app.add_option("--workers", workers, "Worker processes; 0: one for each processor")
      ->check(CLI::Range(0, 256));
  CLI11_PARSE(app, argc, argv);
  return tilewright::Report(variants, workers);
}
