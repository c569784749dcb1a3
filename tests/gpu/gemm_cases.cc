#include "tests/gpu/gemm_cases.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "gtest/gtest.h"
#include "proto/problem/problem.h"
#include "proto/support/sha256.h"
#include "tests/gpu/gpu_machine.h"
#include "tests/tuner/template/variants.h"
#include "tuner/template/registry.h"

namespace tilewright {
namespace {

struct Prepared {
  const GemmCase* origin;
  v1::Problem problem;
  std::vector<v1::Variant> variants;
  std::vector<v1::Kernel> kernels;  // As the variants; without a cubin where it did not compile.
};

// The cases whose kernels are compiled. Any thread.
class ReadyCases {
 public:
  void Push(std::size_t index) {
    absl::MutexLock lock(&mutex_);
    ready_.push_back(index);
  }
  void Close() {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }
  // Waits for one; nothing once all are taken and no more come.
  std::optional<std::size_t> Pop() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](ReadyCases* self) ABSL_EXCLUSIVE_LOCKS_REQUIRED(self->mutex_) {
          return self->closed_ || !self->ready_.empty();
        },
        this));
    if (ready_.empty()) return std::nullopt;
    const std::size_t index = ready_.front();
    ready_.pop_front();
    return index;
  }

 private:
  absl::Mutex mutex_;
  std::deque<std::size_t> ready_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

std::string Describe(const v1::Variant& variant) {
  std::string text = variant.template_name();
  for (const v1::Parameter& parameter : variant.config().parameters()) {
    absl::StrAppend(&text, " ", parameter.name(), "=", parameter.value());
  }
  return text;
}

int64_t ParameterOf(const v1::Variant& variant, const std::string& name) {
  for (const v1::Parameter& parameter : variant.config().parameters()) {
    if (parameter.name() == name) return parameter.value();
  }
  return 0;
}

std::vector<std::string> EntriesOf(const v1::LaunchPlan& plan) {
  std::vector<std::string> entries;
  for (const v1::LaunchStep& step : plan.steps()) entries.push_back(step.entry_symbol());
  return entries;
}

// Renders and plans the variants of a case; fails the test for what cannot be.
void PlanKernels(Prepared& prepared, std::vector<CompileJob>& jobs) {
  GpuMachine& machine = GpuMachine::Get();
  for (const v1::Variant& variant : prepared.variants) {
    const auto source = RenderSource(prepared.problem, variant);
    const auto plan = PlanForVariant(prepared.problem, machine.silicon(), variant);
    ASSERT_TRUE(source.ok()) << Describe(variant) << ": " << source.status();
    ASSERT_TRUE(plan.ok()) << Describe(variant) << ": " << plan.status();
    jobs.push_back({*source, machine.architecture(), EntriesOf(*plan)});
    v1::Kernel& kernel = prepared.kernels.emplace_back();
    *kernel.mutable_variant() = variant;
    *kernel.mutable_launch_plan() = *plan;
    kernel.set_architecture(machine.architecture());
  }
}

struct JobOwner {
  std::size_t owner;
  std::size_t place;
};

void TakeOutcome(Prepared& prepared, std::size_t place, const CompileOutcome& outcome) {
  v1::Kernel& kernel = prepared.kernels[place];
  if (const auto* failure = std::get_if<v1::Failure>(&outcome)) {
    ADD_FAILURE() << prepared.origin->name << ", " << Describe(kernel.variant()) << ": "
                  << failure->message();
    return;
  }
  kernel.set_cubin(std::get<CompiledCode>(outcome).cubin);
  kernel.set_content_hash(Sha256(kernel.cubin()));
}

// Jobs of all cases in one batch, so that no core waits for the end of a case. Tells `ready` of
// each case as its last kernel is there.
void CompileAll(std::vector<Prepared>& cases, ReadyCases& ready) {
  std::vector<CompileJob> jobs;
  std::vector<JobOwner> owners;
  std::vector<std::size_t> open(cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    ASSERT_NO_FATAL_FAILURE(PlanKernels(cases[i], jobs));
    open[i] = cases[i].kernels.size();
    for (std::size_t place = 0; place < open[i]; ++place) owners.push_back({i, place});
  }
  const absl::Status status = GpuMachine::Get().compiler().CompileAll(
      std::move(jobs), Cancellation(), [&](std::size_t index, CompileOutcome outcome) {
        const JobOwner& job = owners[index];
        Prepared& prepared = cases[job.owner];
        TakeOutcome(prepared, job.place, outcome);
        if (--open[job.owner] > 0) return;
        std::erase_if(prepared.kernels,
                      [](const v1::Kernel& kernel) { return kernel.cubin().empty(); });
        ready.Push(job.owner);
      });
  ASSERT_TRUE(status.ok()) << status;
}

absl::StatusOr<ProfileReport> CheckCase(const Prepared& prepared, BenchProfiler& profiler) {
  ProfileRequest request;
  request.problem = prepared.problem;
  request.kernels = prepared.kernels;
  request.include_vendor = false;
  request.max_rounds = 1;
  return profiler.Profile(request, Cancellation(), nullptr);
}

void ExpectSoundReport(const Prepared& prepared, const absl::StatusOr<ProfileReport>& report) {
  const std::string& name = prepared.origin->name;
  ASSERT_TRUE(report.ok()) << name << ": " << report.status();
  for (const v1::Candidate& candidate : report->kernels) {
    EXPECT_TRUE(candidate.has_measurement())
        << name << " (" << DescribeProblem(prepared.problem) << "), "
        << Describe(candidate.variant()) << ": " << v1::FailureKind_Name(candidate.failure().kind())
        << ": " << candidate.failure().message();
  }
}

std::optional<Prepared> Prepare(const GemmCase& one) {
  Prepared prepared;
  prepared.origin = &one;
  const auto canonical = Canonicalize(one.problem);
  EXPECT_TRUE(canonical.ok()) << one.name << ": " << canonical.status();
  if (!canonical.ok()) return std::nullopt;
  prepared.problem = *canonical;
  prepared.variants =
      PickVariants(prepared.problem, one.variants, one.split_k_only, one.template_name);
  EXPECT_FALSE(prepared.variants.empty()) << one.name << ": no variant";
  return prepared;
}

}  // namespace

v1::Problem Gemm(int64_t m, int64_t n, int64_t k, v1::DataType input, v1::DataType output) {
  v1::Problem problem;
  v1::GemmProblem& gemm = *problem.mutable_gemm();
  gemm.set_m(m);
  gemm.set_n(n);
  gemm.set_k(k);
  gemm.set_a_type(input);
  gemm.set_d_type(output);
  return problem;
}

void SetLayout(v1::Problem& problem, const std::string& letters) {
  const auto layout = [](char letter) {
    return letter == 'N' ? v1::OPERAND_LAYOUT_NORMAL : v1::OPERAND_LAYOUT_TRANSPOSED;
  };
  problem.mutable_gemm()->set_a_layout(layout(letters[0]));
  problem.mutable_gemm()->set_b_layout(layout(letters[1]));
}

v1::Problem WithBiasAndActivation(v1::Problem problem) {
  v1::Epilogue& epilogue = *problem.mutable_gemm()->mutable_epilogue();
  epilogue.set_bias_mode(v1::BIAS_MODE_PER_COLUMN);
  epilogue.set_activation(v1::ACTIVATION_GELU_TANH);
  epilogue.set_amax(true);
  epilogue.set_non_finite_flag(true);
  return problem;
}

std::string ShortName(v1::DataType type) {
  constexpr std::size_t kPrefix = sizeof("DATA_TYPE_") - 1;
  return absl::AsciiStrToLower(v1::DataType_Name(type).substr(kPrefix));
}

std::vector<v1::Variant> PickVariants(const v1::Problem& canonical, int count, bool split_k_only,
                                      const std::string& template_name) {
  std::vector<RankedVariant> ranked = RankVariants(canonical, GpuMachine::Get().silicon());
  if (split_k_only) {
    std::erase_if(ranked, [](const RankedVariant& variant) {
      return ParameterOf(variant.variant, "split_k") <= 1;
    });
  }
  if (!template_name.empty()) {
    std::erase_if(ranked, [&](const RankedVariant& variant) {
      return variant.variant.template_name() != template_name;
    });
  }
  std::vector<v1::Variant> picked;
  const std::size_t wanted = std::min<std::size_t>(static_cast<std::size_t>(count), ranked.size());
  for (std::size_t i = 0; i < wanted; ++i) {
    const std::size_t index = wanted == 1 ? 0 : i * (ranked.size() - 1) / (wanted - 1);
    picked.push_back(ranked[index].variant);
  }
  return picked;
}

std::vector<v1::Kernel> CompileKernels(const v1::Problem& problem,
                                       const std::vector<v1::Variant>& variants) {
  const GemmCase origin{"compiling", problem};
  std::vector<Prepared> cases(1);
  cases[0] = {&origin, problem, variants, {}};
  ReadyCases ready;
  CompileAll(cases, ready);
  return std::move(cases[0].kernels);
}

std::vector<v1::Candidate> CheckVariants(const v1::Problem& problem,
                                         const std::vector<v1::Variant>& variants) {
  ProfileRequest request;
  request.problem = problem;
  request.kernels = CompileKernels(problem, variants);
  EXPECT_EQ(request.kernels.size(), variants.size());
  request.include_vendor = false;
  request.max_rounds = 1;
  const auto report = GpuMachine::Get().profiler().Profile(request, Cancellation(), nullptr);
  EXPECT_TRUE(report.ok()) << report.status();
  return report.ok() ? report->kernels : std::vector<v1::Candidate>();
}

void ExpectSound(const std::vector<GemmCase>& cases) {
  std::vector<Prepared> prepared;
  for (const GemmCase& one : cases) {
    if (auto ready = Prepare(one)) prepared.push_back(*std::move(ready));
  }
  std::vector<absl::StatusOr<ProfileReport>> reports(prepared.size(),
                                                     absl::UnknownError("not checked"));
  ReadyCases ready;
  std::vector<std::thread> threads;
  // Several at a time: most of the life of a case is the start of its worker.
  for (int i = 0; i < GpuMachine::kProfilers; ++i) {
    threads.emplace_back([&, i] {
      BenchProfiler& profiler = GpuMachine::Get().profiler(i);
      while (const auto index = ready.Pop()) {
        reports[*index] = CheckCase(prepared[*index], profiler);
      }
    });
  }
  CompileAll(prepared, ready);
  ready.Close();
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < prepared.size(); ++i) ExpectSoundReport(prepared[i], reports[i]);
}

}  // namespace tilewright
