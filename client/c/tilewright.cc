// The C interface over Client and Kernel. Lack of memory throws; here it becomes
// RESOURCE_EXHAUSTED.
#include "client/c/tilewright.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/c/handles.h"
#include "client/c/kernel_calls.h"
#include "client/c/problem_conversion.h"
#include "client/c/versioned_struct.h"
#include "proto/support/status_macros.h"

namespace tilewright::c {
namespace {

absl::StatusOr<ConnectOptions> ToConnectOptions(const tilewright_connect_options* options) {
  ConnectOptions to;
  if (options == nullptr) return to;
  ASSIGN_OR_RETURN(const tilewright_connect_options from,
                   ReadVersioned(options, "options", tilewright_connect_options{}));
  if (from.timeout_ms < 0) {
    return InvalidField("options.timeout_ms", "OUT_OF_RANGE",
                        absl::StrCat("must be at least 0, was ", from.timeout_ms));
  }
  if (from.socket_path != nullptr) to.socket_path = from.socket_path;
  if (from.timeout_ms > 0) to.connect_timeout = std::chrono::milliseconds(from.timeout_ms);
  return to;
}

absl::Status Connect(const tilewright_connect_options* given, tilewright_client** out) {
  RETURN_IF_ERROR(RequirePointer(out, "client"));
  ASSIGN_OR_RETURN(const ConnectOptions options, ToConnectOptions(given));
  ASSIGN_OR_RETURN(std::unique_ptr<Client> client, Client::Connect(options));
  *out = new tilewright_client{std::move(client)};
  return absl::OkStatus();
}

void FillRequirements(const v1::Requirements& from, tilewright_kernel_info& to) {
  to.a_alignment = from.a_alignment();
  to.b_alignment = from.b_alignment();
  to.c_alignment = from.c_alignment();
  to.d_alignment = from.d_alignment();
  to.aux_alignment = from.aux_alignment();
  to.bias_alignment = from.bias_alignment();
}

absl::Status GetInfo(const tilewright_kernel* handle, tilewright_kernel_info* out) {
  RETURN_IF_ERROR(RequirePointer(handle, "kernel"));
  const Kernel& kernel = *handle->kernel;
  tilewright_kernel_info info{};
  info.match = kernel.match();
  info.provenance = kernel.provenance();
  info.is_vendor = kernel.is_vendor() ? 1 : 0;
  info.provisional = kernel.provisional() ? 1 : 0;
  info.epoch = kernel.epoch();
  info.measured_seconds = kernel.response().measured_seconds();
  info.predicted_seconds = kernel.response().predicted_seconds();
  info.workspace_bytes = kernel.WorkspaceBytes();
  info.step_count = kernel.launch_plan().steps_size();
  info.arguments_version = kernel.launch_plan().arguments_version();
  info.architecture = kernel.architecture().c_str();
  info.template_name = kernel.response().kernel().variant().template_name().c_str();
  std::memcpy(info.content_hash, kernel.content_hash().data(),
              std::min(sizeof(info.content_hash), kernel.content_hash().size()));
  FillRequirements(kernel.launch_plan().requirements(), info);
  return WriteVersioned(info, "info", out);
}

absl::Status GetStep(const tilewright_kernel* handle, int32_t index, tilewright_launch_step* out) {
  RETURN_IF_ERROR(RequirePointer(handle, "kernel"));
  const v1::LaunchPlan& plan = handle->kernel->launch_plan();
  if (index < 0 || index >= plan.steps_size()) {
    return InvalidField("index", "OUT_OF_RANGE",
                        absl::StrCat("must be a step of the plan, which has ", plan.steps_size(),
                                     " steps, was ", index));
  }
  const v1::LaunchStep& from = plan.steps(index);
  tilewright_launch_step step{};
  step.entry_symbol = from.entry_symbol().c_str();
  step.block_threads = from.block_threads();
  step.cluster_x = from.cluster_x();
  step.cluster_y = from.cluster_y();
  step.dynamic_shared_memory_bytes = from.dynamic_shared_memory_bytes();
  step.tile_m = from.tile_m();
  step.tile_n = from.tile_n();
  step.split_k = from.split_k();
  step.persistent = from.grid_rule() == v1::GRID_RULE_PERSISTENT ? 1 : 0;
  step.blocks_per_sm = from.blocks_per_sm();
  step.registers_per_thread = from.registers_per_thread();
  return WriteVersioned(step, "step", out);
}

}  // namespace
}  // namespace tilewright::c

namespace c = tilewright::c;

#define TILEWRIGHT_TEXT_(x) #x
#define TILEWRIGHT_TEXT(x) TILEWRIGHT_TEXT_(x)
const char* tilewright_version(void) {
  return TILEWRIGHT_TEXT(TILEWRIGHT_VERSION_MAJOR) "." TILEWRIGHT_TEXT(
      TILEWRIGHT_VERSION_MINOR) "." TILEWRIGHT_TEXT(TILEWRIGHT_VERSION_PATCH);
}

tilewright_status tilewright_client_connect(const char* socket_path, tilewright_client** client) {
  tilewright_connect_options options;
  tilewright_connect_options_init(&options, sizeof options);
  options.socket_path = socket_path;
  return tilewright_client_connect_with(&options, client);
}

void tilewright_connect_options_init(tilewright_connect_options* options, size_t struct_size) {
  c::Initialize(tilewright_connect_options{}, options, struct_size);
}

tilewright_status tilewright_client_connect_with(const tilewright_connect_options* options,
                                                 tilewright_client** client) {
  return c::Guard([&] { return c::Connect(options, client); });
}

void tilewright_client_release(tilewright_client* client) { delete client; }

int64_t tilewright_client_refresh(tilewright_client* client) {
  return client == nullptr ? 0 : client->client->Refresh();
}

void tilewright_gemm_problem_init(tilewright_gemm_problem* problem, size_t struct_size) {
  c::Initialize(tilewright_gemm_problem{}, problem, struct_size);
}

void tilewright_get_options_init(tilewright_get_options* options, size_t struct_size) {
  c::Initialize(tilewright_get_options{}, options, struct_size);
}

void tilewright_gemm_arguments_init(tilewright_gemm_arguments* arguments, size_t struct_size) {
  c::Initialize(c::DefaultArguments(), arguments, struct_size);
}

tilewright_status tilewright_get_gemm_kernel(tilewright_client* client,
                                             const tilewright_gemm_problem* problem,
                                             const tilewright_get_options* options,
                                             tilewright_kernel** kernel) {
  return c::Guard([&] { return c::GetKernel(client, c::ToProblem(problem), options, kernel); });
}

void tilewright_kernel_release(tilewright_kernel* kernel) { delete kernel; }

tilewright_status tilewright_kernel_get_info(const tilewright_kernel* kernel,
                                             tilewright_kernel_info* info) {
  return c::Guard([&] { return c::GetInfo(kernel, info); });
}

const void* tilewright_kernel_cubin(const tilewright_kernel* kernel, size_t* size) {
  const bool has_cubin = kernel != nullptr && !kernel->kernel->is_vendor();
  if (size != nullptr) *size = has_cubin ? kernel->kernel->cubin().size() : 0;
  return has_cubin ? kernel->kernel->cubin().data() : nullptr;
}

tilewright_status tilewright_kernel_get_step(const tilewright_kernel* kernel, int32_t index,
                                             tilewright_launch_step* step) {
  return c::Guard([&] { return c::GetStep(kernel, index, step); });
}

tilewright_status tilewright_kernel_launch(const tilewright_kernel* kernel,
                                           const tilewright_gemm_arguments* arguments,
                                           void* stream) {
  return c::Guard([&] { return c::Launch(kernel, c::ToArguments(arguments), stream); });
}

tilewright_status tilewright_kernel_workspace_bytes(const tilewright_kernel* kernel,
                                                    const tilewright_gemm_problem* problem,
                                                    int64_t* bytes) {
  return c::Guard([&] { return c::WorkspaceBytes(kernel, c::ToProblem(problem), bytes); });
}

tilewright_status tilewright_kernel_launch_shape(const tilewright_kernel* kernel,
                                                 const tilewright_gemm_problem* problem,
                                                 const tilewright_gemm_arguments* arguments,
                                                 void* stream) {
  return c::Guard([&] {
    return c::LaunchShape(kernel, c::ToProblem(problem), c::ToArguments(arguments), stream);
  });
}
