#include "client/cpp/request_key.h"

#include <cstring>
#include <string>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace tilewright {
namespace {

// The options of fixed size, without padding, because they are compared as bytes.
struct FixedOptions {
  int64_t pinned_epoch;
  int32_t mode;
  int32_t device_ordinal;
  uint32_t target_size;
  uint32_t hash_size;
  int64_t kind;  // The number of the problem's field in Problem.
};
static_assert(sizeof(FixedOptions) == 32);

uint8_t* Append(uint8_t* to, const void* from, size_t size) {
  std::memcpy(to, from, size);
  return to + size;
}

template <typename Message>
RequestKey MakeKey(const Message& problem, v1::Problem::KindCase kind, const GetOptions& options) {
  thread_local std::string buffer;
  const FixedOptions fixed{options.pinned_epoch,
                           options.mode,
                           options.device_ordinal,
                           static_cast<uint32_t>(options.target.size()),
                           static_cast<uint32_t>(options.pinned_content_hash.size()),
                           kind};
  const size_t size = sizeof(fixed) + options.target.size() + options.pinned_content_hash.size() +
                      problem.ByteSizeLong();
  if (buffer.size() < size) buffer.resize(size);
  auto* begin = reinterpret_cast<uint8_t*>(buffer.data());
  uint8_t* end = Append(begin, &fixed, sizeof(fixed));
  end = Append(end, options.target.data(), options.target.size());
  end = Append(end, options.pinned_content_hash.data(), options.pinned_content_hash.size());
  problem.SerializeWithCachedSizesToArray(end);
  return {std::string_view(buffer.data(), size), XXH3_64bits(buffer.data(), size)};
}

}  // namespace

RequestKey MakeRequestKey(const v1::GemmProblem& problem, const GetOptions& options) {
  return MakeKey(problem, v1::Problem::kGemm, options);
}

RequestKey MakeRequestKey(const v1::FusedDropoutProblem& problem, const GetOptions& options) {
  return MakeKey(problem, v1::Problem::kFusedDropout, options);
}

RequestKey MakeRequestKey(const v1::Problem& problem, const GetOptions& options) {
  const google::protobuf::FieldDescriptor* field =
      v1::Problem::descriptor()->FindFieldByNumber(problem.kind_case());
  // The service refuses what this version does not know: no kernel is kept under such a key.
  const google::protobuf::Reflection& reflection = *problem.GetReflection();
  if (field == nullptr || !reflection.GetUnknownFields(problem).empty()) {
    return MakeKey(problem, v1::Problem::KIND_NOT_SET, options);
  }
  const google::protobuf::Message& of_kind = reflection.GetMessage(problem, field);
  return MakeKey(of_kind, problem.kind_case(), options);
}

}  // namespace tilewright
