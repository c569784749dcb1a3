#include "tuner/template/registry.h"

#include <algorithm>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "tests/tuner/template/template_testing.h"

namespace tilewright {
namespace {

TEST(TemplatesTest, EachHasItsNameAndDigest) {
  std::set<std::string> digests;
  for (const Template* of : Templates()) {
    EXPECT_EQ(FindTemplate(of->name()), of);
    EXPECT_THAT(of->Digest(), testing::MatchesRegex("[0-9a-f]+"));
    EXPECT_EQ(of->Digest().size(), 64u);
    digests.insert(of->Digest());
  }
  EXPECT_EQ(digests.size(), Templates().size());
}

TEST(TemplatesTest, DigestsAreListedByName) {
  const auto& digests = TemplateDigests();
  EXPECT_EQ(digests.size(), Templates().size());
  EXPECT_TRUE(std::is_sorted(digests.begin(), digests.end(), [](const auto& a, const auto& b) {
    return a.template_name() < b.template_name();
  }));
  for (const v1::TemplateDigest& digest : digests) {
    EXPECT_EQ(FindTemplate(digest.template_name())->Digest(), digest.digest());
  }
}

TEST(TemplatesTest, AnUnknownNameIsRefused) {
  EXPECT_EQ(FindTemplate("gemm_sm70"), nullptr);
  v1::Variant variant;
  variant.set_template_name("gemm_sm70");
  const absl::Status status = TemplateOf(variant).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), "UNKNOWN_TEMPLATE");
}

TEST(ParametersTest, AreSortedByNameAndExplained) {
  for (const Template* of : Templates()) {
    const auto& infos = of->parameters();
    EXPECT_TRUE(std::is_sorted(infos.begin(), infos.end(), [](const auto& a, const auto& b) {
      return a.name < b.name;
    })) << of->name();
    for (const ParameterInfo& info : infos) {
      EXPECT_FALSE(info.values.empty() || info.meaning.empty()) << info.name;
      EXPECT_EQ(info.is_switch, info.values == "0, 1") << info.name;
    }
  }
}

v1::Precision PrecisionIn(const std::string& type, const std::string& name,
                          const Parameters& parameters) {
  v1::Variant variant;
  variant.set_template_name(name);
  *variant.mutable_config() = ConfigOf(parameters);
  return PrecisionOf(GemmOf("m: 64 n: 64 k: 64 a_type: DATA_TYPE_" + type +
                            " d_type: DATA_TYPE_FP32 numerics { error_budget: 0.001 }"),
                     variant);
}

TEST(PrecisionOfTest, AVariantHasThatOfItsParameters) {
  const auto sm80 = [](const char* type, const char* name, int value) {
    return PrecisionIn(type, "gemm_sm80", With(PlainSm80(), name, value));
  };
  const auto sm90 = [](const char* type, const char* name, int value) {
    return PrecisionIn(type, "gemm_sm90", With(PlainSm90(), name, value));
  };
  EXPECT_EQ(PrecisionIn("FP32", "gemm_simt", PlainSimt()), v1::PRECISION_FP32);
  EXPECT_EQ(sm80("FP32", "split_k", 1), v1::PRECISION_TF32);
  EXPECT_EQ(sm90("FP32", "products", 1), v1::PRECISION_TF32);
  EXPECT_EQ(sm90("FP32", "products", 3), v1::PRECISION_TF32X3);
  EXPECT_EQ(sm90("FP16", "fp16_sums", 1), v1::PRECISION_FP16_SUMS);
  EXPECT_EQ(sm80("FP16", "fp16_sums", 0), v1::PRECISION_FP32);
  EXPECT_EQ(sm90("E4M3", "promote", 1), v1::PRECISION_FP8_PROMOTED);
  EXPECT_EQ(sm90("E4M3", "promote", 0), v1::PRECISION_FP8_FAST);
  // No template makes these.
  EXPECT_EQ(sm90("BF16", "fp16_sums", 1), v1::PRECISION_UNSPECIFIED);
  EXPECT_EQ(sm90("TF32", "products", 3), v1::PRECISION_UNSPECIFIED);
  EXPECT_EQ(sm90("FP16", "promote", 1), v1::PRECISION_UNSPECIFIED);
  EXPECT_EQ(PrecisionIn("FP16", "gemm_sm70", PlainSm80()), v1::PRECISION_UNSPECIFIED);
  EXPECT_EQ(PrecisionIn("FP16", "gemm_sm90", PlainSm80()), v1::PRECISION_UNSPECIFIED);
}

TEST(PrecisionOfTest, AVendorsAlgorithmSaysItsOwn) {
  v1::Candidate candidate;
  candidate.mutable_vendor()->set_precision(v1::PRECISION_TF32);
  EXPECT_EQ(PrecisionOf(GemmOf("m: 8 n: 8 k: 8 a_type: DATA_TYPE_FP32"), candidate),
            v1::PRECISION_TF32);
}

TEST(DescribeTest, AParameterOrAGroupOfThemIsAWord) {
  EXPECT_EQ(TemplateNamed("gemm_sm80")
                .Describe(ConfigOf({{"fp16_sums", 0},
                                    {"raster_group", 8},
                                    {"split_epilogue", 0},
                                    {"split_k", 1},
                                    {"stages", 4},
                                    {"tile_k", 64},
                                    {"tile_m", 128},
                                    {"tile_n", 256},
                                    {"warps_m", 1},
                                    {"warps_n", 4}})),
            "gemm_sm80 tile=128x256x64 warps=1x4 raster_group=8 stages=4");
}

TEST(DescribeTest, SwitchesAreWordsWhereTheyAreOn) {
  const Template& sm90 = TemplateNamed("gemm_sm90");
  const auto words = [&](const Parameters& parameters) {
    return sm90.Describe(ConfigOf(parameters));
  };
  const std::string plain = words(PlainSm90());
  EXPECT_EQ(words(With(PlainSm90(), "swap_ab", 1)), plain + " swap_ab");
  EXPECT_EQ(words(With(With(PlainSm90(), "split_epilogue", 1), "promote", 1)),
            plain + " promote split_epilogue");
  EXPECT_THAT(plain, testing::Not(testing::HasSubstr("cluster")));
  EXPECT_THAT(words(With(PlainSm90(), "cluster_n", 2)), testing::HasSubstr(" cluster=1x2x1 "));
}

TEST(SplitsEpilogueTest, IsWhatTheConfigSays) {
  const Template& sm90 = TemplateNamed("gemm_sm90");
  EXPECT_FALSE(sm90.SplitsEpilogue(ConfigOf(PlainSm90())));
  EXPECT_TRUE(sm90.SplitsEpilogue(ConfigOf(With(PlainSm90(), "split_epilogue", 1))));
  EXPECT_FALSE(TemplateNamed("gemm_simt").SplitsEpilogue(ConfigOf(PlainSimt())));
}

TEST(WithoutOrderTest, OrdersOfOneKernelAreEqual) {
  const Template& sm90 = TemplateNamed("gemm_sm90");
  const auto kernel = [&](const Parameters& parameters) {
    return ParametersOf(sm90.WithoutOrder(ConfigOf(parameters)));
  };
  EXPECT_EQ(kernel(With(With(PlainSm90(), "raster_group", 8), "raster_along_n", 1)),
            kernel(PlainSm90()));
  EXPECT_NE(kernel(With(PlainSm90(), "split_k", 2)), kernel(PlainSm90()));
}

TEST(WithoutMirrorTest, AKernelAndItsMirrorImageAreEqual) {
  const Template& sm90 = TemplateNamed("gemm_sm90");
  const auto shape = [&](const Parameters& parameters) {
    return ParametersOf(sm90.WithoutMirror(ConfigOf(parameters)));
  };
  const Parameters plain = With(With(PlainSm90(), "tile_n", 256), "cluster_m", 2);
  Parameters mirrored = With(With(PlainSm90(), "tile_m", 256), "cluster_n", 2);
  mirrored["swap_ab"] = 1;
  EXPECT_EQ(shape(mirrored), shape(plain));
  EXPECT_NE(shape(With(plain, "swap_ab", 1)), shape(plain));
}

}  // namespace
}  // namespace tilewright
