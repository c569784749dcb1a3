// Correctness of generated kernels, case by case: a case is a problem and how many of its
// variants are checked, spread over the whole ranking of its search space. The checks are the
// bench worker's own: reference, poison, canaries, adversarial input, repeated runs.
#ifndef TILEWRIGHT_TESTS_GPU_GEMM_CASES_H_
#define TILEWRIGHT_TESTS_GPU_GEMM_CASES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

struct GemmCase {
  std::string name;
  v1::Problem problem;  // Need not be canonical.
  int variants = 4;
  bool split_k_only = false;
  std::string template_name = "";  // Variants of one template alone; empty: of all.
};

// m, n, k and types; defaults for everything else.
v1::Problem Gemm(int64_t m, int64_t n, int64_t k, v1::DataType input,
                 v1::DataType output = v1::DATA_TYPE_UNSPECIFIED);

// Sets the layouts: letters for A and B, "NT" being the default.
void SetLayout(v1::Problem& problem, const std::string& letters);

// A bias for each column, GELU, amax and the flag.
v1::Problem WithBiasAndActivation(v1::Problem problem);

// "bf16", for names of cases.
std::string ShortName(v1::DataType type);

// Compiles the variants of all cases in the pool, checks them, several cases at a time, and
// fails the current test for each kernel that is not sound.
void ExpectSound(const std::vector<GemmCase>& cases);

// Compiles `variants` of `problem` (canonical) and checks them on every input, without a race;
// their outcomes. Fails the current test for what does not compile.
std::vector<v1::Candidate> CheckVariants(const v1::Problem& problem,
                                         const std::vector<v1::Variant>& variants);

// Compiles `variants` of `problem` (canonical); fails the current test for what does not.
std::vector<v1::Kernel> CompileKernels(const v1::Problem& problem,
                                       const std::vector<v1::Variant>& variants);

// Variants of a case, spread over the ranking.
std::vector<v1::Variant> PickVariants(const v1::Problem& canonical, int count, bool split_k_only,
                                      const std::string& template_name = "");

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_GPU_GEMM_CASES_H_
