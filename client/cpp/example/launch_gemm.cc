// Gets the best kernel for D = A . W^T in fp32. With a GPU, launches it and checks the result
// against the host. Without one, shows its plan for a named target.
//
//   launch_gemm [TARGET]        (default, without a GPU: h100-sxm)
#include <tilewright/client.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "cuda_driver.h"

namespace {

constexpr int kM = 500;
constexpr int kN = 384;
constexpr int kK = 256;

tilewright::v1::GemmProblem Problem() {
  tilewright::v1::GemmProblem problem;
  problem.set_m(kM);
  problem.set_n(kN);
  problem.set_k(kK);
  problem.set_a_type(tilewright::v1::DATA_TYPE_FP32);
  return problem;
}

std::vector<float> Random(size_t size, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(size);
  for (float& value : values) value = normal(generator);
  return values;
}

// Returns the largest difference from the product that the host computes.
double LargestError(const std::vector<float>& a, const std::vector<float>& w,
                    const std::vector<float>& d) {
  double largest = 0;
  for (int row = 0; row < kM; ++row) {
    for (int column = 0; column < kN; ++column) {
      double sum = 0;
      for (int i = 0; i < kK; ++i) {
        sum +=
            double{a[static_cast<size_t>(row * kK + i)]} * w[static_cast<size_t>(column * kK + i)];
      }
      largest = std::max(largest, std::abs(sum - d[static_cast<size_t>(row * kN + column)]));
    }
  }
  return largest;
}

void Show(const tilewright::Kernel& kernel) {
  std::printf("match %s, provenance %s, %lld bytes of workspace\n",
              tilewright::v1::Match_Name(kernel.match()).c_str(),
              tilewright::v1::Provenance_Name(kernel.provenance()).c_str(),
              static_cast<long long>(kernel.WorkspaceBytes()));
  if (!kernel.is_vendor()) {
    std::printf("%zu bytes of code for %s\n%s", kernel.cubin().size(),
                kernel.architecture().c_str(), kernel.launch_plan().DebugString().c_str());
  }
}

int Launch(CudaDriver& driver, const tilewright::Kernel& kernel) {
  const std::vector<float> a = Random(kM * kK, 1);
  const std::vector<float> w = Random(kN * kK, 2);
  std::vector<float> d(kM * kN);
  void* device_a = driver.Allocate(a.size() * sizeof(float));
  void* device_w = driver.Allocate(w.size() * sizeof(float));
  void* device_d = driver.Allocate(d.size() * sizeof(float));
  tilewright::GemmArguments arguments;
  arguments.a = device_a;
  arguments.b = device_w;
  arguments.d = device_d;
  arguments.workspace_bytes = kernel.WorkspaceBytes();
  if (arguments.workspace_bytes > 0) {
    arguments.workspace = driver.Allocate(static_cast<size_t>(arguments.workspace_bytes));
  }
  driver.CopyToDevice(device_a, a.data(), a.size() * sizeof(float));
  driver.CopyToDevice(device_w, w.data(), w.size() * sizeof(float));
  const absl::Status launched = kernel.Launch(arguments, nullptr);
  if (!launched.ok() || !driver.Synchronize() ||
      !driver.CopyToHost(d.data(), device_d, d.size() * sizeof(float))) {
    std::fprintf(stderr, "launch failed: %s\n", std::string(launched.message()).c_str());
    return 1;
  }
  const double error = LargestError(a, w, d);
  std::printf("launched; largest error against the host: %g\n", error);
  return error < 1e-3 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  auto client = tilewright::Client::Connect();
  if (!client.ok()) {
    std::fprintf(stderr, "%s\nstart it with: tilewright serve\n",
                 std::string(client.status().message()).c_str());
    return 1;
  }
  const std::unique_ptr<CudaDriver> driver = CudaDriver::Open();
  tilewright::GetOptions options;
  if (argc > 1) {
    options.target = argv[1];
  } else if (driver == nullptr) {
    options.target = "h100-sxm";
  }
  const auto kernel = (*client)->GetKernel(Problem(), options);
  if (!kernel.ok()) {
    std::fprintf(stderr, "%s\n", std::string(kernel.status().message()).c_str());
    return 1;
  }
  Show(**kernel);
  return driver != nullptr && options.target.empty() ? Launch(*driver, **kernel) : 0;
}
