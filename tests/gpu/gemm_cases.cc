#include "tests/gpu/gemm_cases.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "proto/support/sha256.h"
#include "tests/gpu/gpu_machine.h"
#include "tuner/codegen/renderer.h"
#include "tuner/problem/canonical_problem.h"
#include "tuner/space/search_space.h"

namespace tilewright {
namespace {

// Cases checked at the same time: each is a worker process of its own on the one GPU, and
// most of its life is start-up.
constexpr int kConcurrentCases = 6;

struct Prepared {
  const GemmCase* origin;
  v1::Problem problem;
  std::vector<v1::Variant> variants;
  std::vector<v1::Kernel> kernels;
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

struct PendingKernel {
  std::size_t owner;
  v1::Kernel kernel;
};

// Jobs of all cases in one batch, so that no core waits for the end of a case.
void CompileAll(std::vector<Prepared>& cases) {
  GpuMachine& machine = GpuMachine::Get();
  std::vector<CompileJob> jobs;
  std::vector<PendingKernel> pending;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    for (const v1::Variant& variant : cases[i].variants) {
      const auto source = RenderSource(cases[i].problem, variant);
      const auto plan = PlanForVariant(cases[i].problem, machine.silicon(), variant);
      ASSERT_TRUE(source.ok()) << Describe(variant) << ": " << source.status();
      ASSERT_TRUE(plan.ok()) << Describe(variant) << ": " << plan.status();
      jobs.push_back({*source, machine.architecture(), EntriesOf(*plan)});
      PendingKernel& next = pending.emplace_back();
      next.owner = i;
      *next.kernel.mutable_variant() = variant;
      *next.kernel.mutable_launch_plan() = *plan;
      next.kernel.set_architecture(machine.architecture());
    }
  }
  const absl::Status status = machine.compiler().CompileAll(
      std::move(jobs), Cancellation(), [&](std::size_t index, CompileOutcome outcome) {
        v1::Kernel& kernel = pending[index].kernel;
        if (const auto* failure = std::get_if<v1::Failure>(&outcome)) {
          ADD_FAILURE() << cases[pending[index].owner].origin->name << ", "
                        << Describe(kernel.variant()) << ": " << failure->message();
          return;
        }
        kernel.set_cubin(std::get<CompiledCode>(outcome).cubin);
        kernel.set_content_hash(Sha256(kernel.cubin()));
      });
  ASSERT_TRUE(status.ok()) << status;
  for (PendingKernel& next : pending) {
    if (!next.kernel.cubin().empty()) {
      cases[next.owner].kernels.push_back(std::move(next.kernel));
    }
  }
}

absl::StatusOr<ProfileReport> CheckCase(const Prepared& prepared) {
  ProfileRequest request;
  request.problem = prepared.problem;
  request.kernels = prepared.kernels;
  request.include_vendor = false;
  request.max_rounds = 1;
  return GpuMachine::Get().MakeProfiler()->Profile(request, Cancellation(), nullptr);
}

void ExpectSoundReport(const Prepared& prepared, const absl::StatusOr<ProfileReport>& report) {
  const std::string& name = prepared.origin->name;
  ASSERT_TRUE(report.ok()) << name << ": " << report.status();
  for (const v1::Candidate& candidate : report->kernels) {
    EXPECT_TRUE(candidate.has_measurement())
        << name << " (" << DescribeProblem(prepared.problem) << "), "
        << Describe(candidate.variant()) << ": "
        << v1::FailureKind_Name(candidate.failure().kind()) << ": "
        << candidate.failure().message();
  }
}

std::optional<Prepared> Prepare(const GemmCase& one) {
  Prepared prepared;
  prepared.origin = &one;
  const auto canonical = Canonicalize(one.problem);
  EXPECT_TRUE(canonical.ok()) << one.name << ": " << canonical.status();
  if (!canonical.ok()) return std::nullopt;
  prepared.problem = *canonical;
  prepared.variants = PickVariants(prepared.problem, one.variants, one.split_k_only);
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

std::string ShortName(v1::DataType type) {
  constexpr std::size_t kPrefix = sizeof("DATA_TYPE_") - 1;
  return absl::AsciiStrToLower(v1::DataType_Name(type).substr(kPrefix));
}

std::vector<v1::Variant> PickVariants(const v1::Problem& canonical, int count,
                                      bool split_k_only) {
  std::vector<RankedVariant> ranked = RankVariants(canonical, GpuMachine::Get().silicon());
  if (split_k_only) {
    std::erase_if(ranked, [](const RankedVariant& variant) {
      return ParameterOf(variant.variant, "split_k") <= 1;
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
  CompileAll(cases);
  return std::move(cases[0].kernels);
}

void ExpectSound(const std::vector<GemmCase>& cases) {
  std::vector<Prepared> prepared;
  for (const GemmCase& one : cases) {
    if (auto ready = Prepare(one)) prepared.push_back(*std::move(ready));
  }
  ASSERT_NO_FATAL_FAILURE(CompileAll(prepared));
  std::vector<absl::StatusOr<ProfileReport>> reports(prepared.size(),
                                                     absl::UnknownError("not checked"));
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < prepared.size(); i = next++) {
      reports[i] = CheckCase(prepared[i]);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kConcurrentCases; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < prepared.size(); ++i) ExpectSoundReport(prepared[i], reports[i]);
}

}  // namespace tilewright
