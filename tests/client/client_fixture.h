// A client connected to a FakeService of its own.
#ifndef TILEWRIGHT_TESTS_CLIENT_CLIENT_FIXTURE_H_
#define TILEWRIGHT_TESTS_CLIENT_CLIENT_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "tests/client/fake_service.h"
#include "tilewright/client.h"

namespace tilewright {

inline v1::GemmProblem Gemm(int64_t m, int64_t n, int64_t k) {
  v1::GemmProblem problem;
  problem.set_m(m);
  problem.set_n(n);
  problem.set_k(k);
  return problem;
}

class ClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    service_.Start();
    ConnectOptions options;
    options.socket_path = service_.socket_path();
    auto client = Client::Connect(options);
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
  }

  TemporaryFolder folder_;
  FakeService service_{folder_.path() + "/socket"};
  std::unique_ptr<Client> client_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_CLIENT_CLIENT_FIXTURE_H_
