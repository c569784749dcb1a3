// What EncodeTensorMap tells the driver, heard by a table of our own.
#include "kernel_templates/launch/gemm/tensor_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "proto/problem/gemm/gemm_strides.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

using ::testing::ElementsAre;

struct Encoded {
  CUtensorMapDataType type;
  void* address = nullptr;
  std::vector<uint64_t> dimensions;
  std::vector<uint64_t> strides;
  std::vector<uint32_t> box;
  CUtensorMapSwizzle swizzle;
};
Encoded g_encoded;
CUresult g_result = CUDA_SUCCESS;

CUresult Encode(CUtensorMap*, CUtensorMapDataType type, cuuint32_t rank, void* address,
                const cuuint64_t* dimensions, const cuuint64_t* strides, const cuuint32_t* box,
                const cuuint32_t*, CUtensorMapInterleave, CUtensorMapSwizzle swizzle,
                CUtensorMapL2promotion, CUtensorMapFloatOOBfill) {
  g_encoded = {type,
               address,
               {dimensions, dimensions + rank},
               {strides, strides + rank - 1},
               {box, box + rank},
               swizzle};
  return g_result;
}

CUresult NameOf(CUresult, const char** text) { return *text = "a driver's error", CUDA_SUCCESS; }

void* At(uintptr_t address) { return reinterpret_cast<void*>(address); }

class TensorMapTest : public ::testing::Test {
 protected:
  TensorMapTest() {
    driver_.cuTensorMapEncodeTiled = &Encode;
    driver_.cuGetErrorName = &NameOf;
    driver_.cuGetErrorString = &NameOf;
    problem_.set_m(20);
    problem_.set_n(48);
    problem_.set_k(72);
    problem_.set_batch(1);
    problem_.set_a_type(v1::DATA_TYPE_BF16);
    problem_.set_b_type(v1::DATA_TYPE_BF16);
    problem_.set_d_type(v1::DATA_TYPE_FP32);
    problem_.set_a_layout(v1::OPERAND_LAYOUT_NORMAL);
    problem_.set_b_layout(v1::OPERAND_LAYOUT_TRANSPOSED);
    spec_.set_operand(v1::OPERAND_A);
    spec_.set_box_inner(64);
    spec_.set_box_outer(128);
    spec_.set_swizzle_bytes(128);
    g_encoded = {};
    g_result = CUDA_SUCCESS;
  }

  absl::Status EncodeAt(uintptr_t address) {
    return EncodeTensorMap(driver_, spec_, problem_, At(address)).status();
  }

  DriverApi driver_;
  v1::GemmProblem problem_;
  v1::TensorMapSpec spec_;
};

TEST_F(TensorMapTest, DescribesRowsThenBatches) {
  problem_.set_batch(3);
  problem_.set_lda(80);
  problem_.set_a_batch_stride(2000);
  ASSERT_TRUE(EncodeAt(0x1000).ok());
  EXPECT_EQ(g_encoded.type, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16);
  EXPECT_EQ(g_encoded.address, At(0x1000));
  EXPECT_THAT(g_encoded.dimensions, ElementsAre(72, 20, 3));
  EXPECT_THAT(g_encoded.strides, ElementsAre(160, 4000));
  EXPECT_THAT(g_encoded.box, ElementsAre(64, 128, 1));
  EXPECT_EQ(g_encoded.swizzle, CU_TENSOR_MAP_SWIZZLE_128B);
}

TEST_F(TensorMapTest, OfOneBatchTheStrideIsWellFormed) {
  spec_.set_operand(v1::OPERAND_B);
  ASSERT_TRUE(EncodeAt(0x1000).ok());
  EXPECT_THAT(g_encoded.dimensions, ElementsAre(72, 48, 1));
  EXPECT_THAT(g_encoded.strides, ElementsAre(144, 144));
}

// TMA takes no stride of 0: there is one matrix, which every batch reads at coordinate 0.
TEST_F(TensorMapTest, WhatAllBatchesShareIsOneMatrix) {
  problem_.set_batch(3);
  problem_.set_a_batch_stride(kSharedByBatches);
  ASSERT_TRUE(EncodeAt(0x1000).ok());
  EXPECT_THAT(g_encoded.dimensions, ElementsAre(72, 20, 1));
  EXPECT_THAT(g_encoded.strides, ElementsAre(144, 144));
}

// Nobody follows it: whatever it is, TMA is told one that it takes.
TEST_F(TensorMapTest, OfOneRowTheStrideIsWellFormed) {
  problem_.set_m(1);
  problem_.set_lda(int64_t{1} << 50);
  ASSERT_TRUE(EncodeAt(0x1000).ok());
  EXPECT_THAT(g_encoded.dimensions, ElementsAre(72, 1, 1));
  EXPECT_THAT(g_encoded.strides, ElementsAre(144, 144));
}

TEST_F(TensorMapTest, TheOutputHasItsOwnTypeAndShape) {
  spec_.set_operand(v1::OPERAND_D);
  spec_.set_swizzle_bytes(0);
  ASSERT_TRUE(EncodeAt(0x1000).ok());
  EXPECT_EQ(g_encoded.type, CU_TENSOR_MAP_DATA_TYPE_FLOAT32);
  EXPECT_THAT(g_encoded.dimensions, ElementsAre(48, 20, 1));
  EXPECT_EQ(g_encoded.swizzle, CU_TENSOR_MAP_SWIZZLE_NONE);
}

TEST_F(TensorMapTest, WhatTmaCannotTakeIsRefusedByOperand) {
  EXPECT_EQ(ReasonOf(EncodeAt(0x1008)), "MISALIGNED_POINTER");
  EXPECT_EQ(ErrorInfoOf(EncodeAt(0x1008))->metadata().at("field"), "operands.a");
  problem_.set_lda(73);
  EXPECT_EQ(ReasonOf(EncodeAt(0x1000)), "MISALIGNED_POINTER");
  problem_.set_lda(80);
  problem_.set_batch(2);
  problem_.set_a_batch_stride(1601);
  EXPECT_EQ(ReasonOf(EncodeAt(0x1000)), "MISALIGNED_POINTER");
}

TEST_F(TensorMapTest, APlanThatNoMapCanServeIsMalformed) {
  spec_.set_swizzle_bytes(48);
  EXPECT_EQ(ReasonOf(EncodeAt(0x1000)), "MALFORMED_PLAN");
  spec_.set_swizzle_bytes(64);
  spec_.set_box_outer(257);
  EXPECT_EQ(ReasonOf(EncodeAt(0x1000)), "MALFORMED_PLAN");
  spec_.set_box_outer(0);
  EXPECT_EQ(ReasonOf(EncodeAt(0x1000)), "MALFORMED_PLAN");
}

TEST_F(TensorMapTest, TheDriversRefusalNamesTheOperand) {
  g_result = CUDA_ERROR_INVALID_VALUE;
  EXPECT_EQ(ReasonOf(EncodeAt(0x1000)), "TENSOR_MAP_REFUSED");
  EXPECT_EQ(ErrorInfoOf(EncodeAt(0x1000))->metadata().at("field"), "operands.a");
}

}  // namespace
}  // namespace tilewright
