#ifndef TILEWRIGHT_CLIENT_CPP_REQUEST_KEY_H_
#define TILEWRIGHT_CLIENT_CPP_REQUEST_KEY_H_

#include <cstdint>
#include <string_view>

#include "tilewright/client.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Every byte that distinguishes one look-up from another, and a hash of them. Hash matches are
// confirmed by comparing the bytes.
struct RequestKey {
  std::string_view bytes;
  uint64_t hash = 0;
};

// The key of a look-up. Its bytes lie in a buffer of this thread and hold until the thread's next
// call; nothing is allocated once that buffer has grown to the requests in use.
RequestKey MakeRequestKey(const v1::GemmProblem& problem, const GetOptions& options);
RequestKey MakeRequestKey(const v1::FusedDropoutProblem& problem, const GetOptions& options);
// The same key as that of the problem in it.
RequestKey MakeRequestKey(const v1::Problem& problem, const GetOptions& options);

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_REQUEST_KEY_H_
