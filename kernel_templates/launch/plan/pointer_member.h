#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_POINTER_MEMBER_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_POINTER_MEMBER_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <variant>

namespace tilewright {

// A member of a structure of arguments that points to a tensor.
template <typename Struct>
using PointerMember =
    std::variant<const void * Struct::*, void * Struct::*, const float * Struct::*,
                 float * Struct::*, uint32_t * Struct::*, unsigned char * Struct::*>;

template <typename Struct>
const void* GetPointer(const PointerMember<Struct>& member, const Struct& from) {
  return std::visit([&](auto place) -> const void* { return from.*place; }, member);
}

template <typename Struct>
void SetPointer(const PointerMember<Struct>& member, void* pointer, Struct& to) {
  std::visit(
      [&](auto place) {
        using Pointer = std::remove_reference_t<decltype(to.*place)>;
        to.*place = static_cast<Pointer>(pointer);
      },
      member);
}

// Says where a tensor is in the caller's operands and in the kernel's arguments.
template <typename Tensor, typename Operands, typename Args>
struct OperandRow {
  Tensor tensor;
  PointerMember<Operands> operand;
  PointerMember<Args> argument;
  // The strides of a GEMM's matrix in the kernel's arguments.
  long long Args::*row_stride = nullptr;
  long long Args::*batch_stride = nullptr;
};

// Returns whether each tensor has its row at its own number, up to the last one.
template <typename Row, std::size_t kRows, typename Tensor>
constexpr bool IsTableOf(const Row (&rows)[kRows], Tensor last) {
  for (std::size_t i = 0; i < kRows; ++i) {
    if (static_cast<std::size_t>(rows[i].tensor) != i) return false;
  }
  return kRows == static_cast<std::size_t>(last) + 1;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_POINTER_MEMBER_H_
