// The calls of the C interface on a kernel, the same for every kind of problem. A null pointer of
// the caller is refused before an error in a structure.
#ifndef TILEWRIGHT_CLIENT_C_KERNEL_CALLS_H_
#define TILEWRIGHT_CLIENT_C_KERNEL_CALLS_H_

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/c/handles.h"
#include "client/c/problem_conversion.h"
#include "client/c/tilewright.h"
#include "proto/support/status_macros.h"

namespace tilewright::c {

template <typename Problem>
absl::Status GetKernel(tilewright_client* client, const absl::StatusOr<Problem>& problem,
                       const tilewright_get_options* options, tilewright_kernel** out) {
  RETURN_IF_ERROR(RequirePointer(client, "client"));
  RETURN_IF_ERROR(RequirePointer(out, "kernel"));
  RETURN_IF_ERROR(problem.status());
  ASSIGN_OR_RETURN(const GetOptions get, ToOptions(options));
  ASSIGN_OR_RETURN(auto kernel, client->client->GetKernel(*problem, get));
  *out = new tilewright_kernel{std::move(kernel)};
  return absl::OkStatus();
}

template <typename Problem>
absl::Status WorkspaceBytes(const tilewright_kernel* handle, const absl::StatusOr<Problem>& problem,
                            int64_t* out) {
  RETURN_IF_ERROR(RequirePointer(handle, "kernel"));
  RETURN_IF_ERROR(RequirePointer(out, "bytes"));
  RETURN_IF_ERROR(problem.status());
  ASSIGN_OR_RETURN(*out, handle->kernel->WorkspaceBytes(*problem));
  return absl::OkStatus();
}

template <typename Arguments>
absl::Status Launch(const tilewright_kernel* handle, const absl::StatusOr<Arguments>& arguments,
                    void* stream) {
  RETURN_IF_ERROR(RequirePointer(handle, "kernel"));
  RETURN_IF_ERROR(arguments.status());
  return handle->kernel->Launch(*arguments, static_cast<CUstream_st*>(stream));
}

template <typename Problem, typename Arguments>
absl::Status LaunchShape(const tilewright_kernel* handle, const absl::StatusOr<Problem>& problem,
                         const absl::StatusOr<Arguments>& arguments, void* stream) {
  RETURN_IF_ERROR(RequirePointer(handle, "kernel"));
  RETURN_IF_ERROR(problem.status());
  RETURN_IF_ERROR(arguments.status());
  return handle->kernel->Launch(*problem, *arguments, static_cast<CUstream_st*>(stream));
}

}  // namespace tilewright::c

#endif  // TILEWRIGHT_CLIENT_C_KERNEL_CALLS_H_
