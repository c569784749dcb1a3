#ifndef TILEWRIGHT_CLIENT_CPP_REQUEST_KEY_H_
#define TILEWRIGHT_CLIENT_CPP_REQUEST_KEY_H_

#include <cstdint>
#include <string_view>

#include "tilewright/client.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// All bytes that tell one look-up from another, and their hash. If hashes match, compare the bytes.
struct RequestKey {
  std::string_view bytes;
  uint64_t hash = 0;
};

// Returns the key of a look-up. Its bytes lie in a buffer of this thread and are valid until the
// thread's next call. Allocates nothing once the buffer is large enough.
RequestKey MakeRequestKey(const v1::GemmProblem& problem, const GetOptions& options);
RequestKey MakeRequestKey(const v1::FusedDropoutProblem& problem, const GetOptions& options);
// Returns the same key as for the problem in it.
RequestKey MakeRequestKey(const v1::Problem& problem, const GetOptions& options);

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_REQUEST_KEY_H_
