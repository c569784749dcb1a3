// Where a family's tensors are in what callers pass and in what kernels take. Pure; any thread.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_OPERAND_TABLE_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_OPERAND_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <variant>

#include "proto/problem/tensor_use.h"

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

// All tensors of a family, each at its own number, up to `kLast`.
template <auto kLast, typename Operands, typename Args>
struct OperandTable {
  static constexpr std::size_t kTensors = static_cast<std::size_t>(kLast) + 1;

  OperandRow<decltype(kLast), Operands, Args> rows[kTensors];

  const void* Get(const TensorUse& use, const Operands& operands) const {
    return GetPointer(rows[use.tensor].operand, operands);
  }

  void Set(const TensorUse& use, void* pointer, Operands& operands) const {
    SetPointer(rows[use.tensor].operand, pointer, operands);
  }

  // Copies the pointers and the strides of `uses`. Other tensors stay as they are.
  void Pack(const TensorUses& uses, const Operands& operands, Args& args) const {
    for (const TensorUse& use : uses) {
      const auto& row = rows[use.tensor];
      SetPointer(row.argument, const_cast<void*>(GetPointer(row.operand, operands)), args);
      if (row.row_stride == nullptr) continue;
      args.*row.row_stride = use.layout.row_stride;
      args.*row.batch_stride = use.layout.batch_stride;
    }
  }

  constexpr bool IsInOrder() const {
    for (std::size_t i = 0; i < kTensors; ++i) {
      if (static_cast<std::size_t>(rows[i].tensor) != i) return false;
    }
    return true;
  }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_OPERAND_TABLE_H_
