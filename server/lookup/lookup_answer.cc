#include <string>

#include "server/lookup/lookup.h"

namespace tilewright {

// Protobuf bytes put one after the other are the messages merged: a reply is its own
// small head and the kernel's shared bytes.
grpc::ByteBuffer LookupAnswer::ToBytes() const {
  const grpc::Slice head_bytes(head.SerializeAsString());
  if (kernel == nullptr) return grpc::ByteBuffer(&head_bytes, 1);
  const grpc::Slice slices[] = {head_bytes,
                                include_cubin ? kernel->with_cubin : kernel->without_cubin};
  return grpc::ByteBuffer(slices, 2);
}

v1::GetKernelResponse LookupAnswer::ToMessage() const {
  v1::GetKernelResponse message = head;
  if (kernel != nullptr) {
    const grpc::Slice& bytes = include_cubin ? kernel->with_cubin : kernel->without_cubin;
    v1::GetKernelResponse with_kernel;
    with_kernel.ParseFromArray(bytes.begin(), static_cast<int>(bytes.size()));
    message.mutable_kernel()->Swap(with_kernel.mutable_kernel());
  }
  return message;
}

}  // namespace tilewright
