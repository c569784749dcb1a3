#include "tuner/codegen/template_library.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/tuner/codegen/faulty_templates.h"
#include "tuner/codegen/source_digest.h"

namespace tilewright {
namespace {

std::set<std::string> Paths() {
  std::set<std::string> paths;
  for (const EmbeddedFile& file : TemplateLibrary()) paths.insert(std::string(file.path));
  return paths;
}

// The names in `text`'s lines #include "name".
std::vector<std::string> Includes(std::string_view text) {
  constexpr std::string_view kDirective = "#include \"";
  std::vector<std::string> names;
  for (std::size_t at = text.find(kDirective); at != std::string_view::npos;
       at = text.find(kDirective, at + 1)) {
    const std::size_t begin = at + kDirective.size();
    names.emplace_back(text.substr(begin, text.find('"', begin) - begin));
  }
  return names;
}

TEST(TemplateLibraryTest, IsSortedAndHoldsEveryTemplate) {
  const auto& files = TemplateLibrary();
  EXPECT_TRUE(
      std::is_sorted(files.begin(), files.end(),
                     [](const EmbeddedFile& a, const EmbeddedFile& b) { return a.path < b.path; }));
  const std::set<std::string> paths = Paths();
  for (const char* path : {"abi/kernel_args.h", "common/philox.cuh", "epilogue/epilogue.cuh",
                           "gemm/gemm_sm80.cuh", "gemm/gemm_simt.cuh"}) {
    EXPECT_EQ(paths.count(path), 1u) << path;
  }
}

TEST(TemplateLibraryTest, TextsAreThoseOfTheTree) {
  for (const EmbeddedFile& file : TemplateLibrary()) {
    std::ifstream stream(std::string(TILEWRIGHT_TEMPLATE_ROOT) + "/" + std::string(file.path));
    const std::string text((std::istreambuf_iterator<char>(stream)),
                           std::istreambuf_iterator<char>());
    EXPECT_EQ(text, file.text) << file.path;
  }
}

// A node has no source tree and no toolkit: whatever a template includes is embedded.
TEST(TemplateLibraryTest, IncludesAreEmbedded) {
  const std::set<std::string> paths = Paths();
  for (const EmbeddedFile& file : TemplateLibrary()) {
    for (const std::string& name : Includes(file.text)) {
      EXPECT_EQ(paths.count(name), 1u) << file.path << " includes " << name;
    }
    EXPECT_EQ(file.text.find("#include <"), std::string_view::npos) << file.path;
  }
}

// What one template's config says makes no kernel of another stale, nor does a reference.
TEST(TemplateLibraryTest, ATemplateHasNothingOfAnotherInItsDigest) {
  const auto has = [](const char* root, const char* path) {
    const auto closure = IncludeClosure(root, TemplateLibrary());
    return std::count(closure.begin(), closure.end(), path) == 1;
  };
  EXPECT_TRUE(has("gemm/gemm_sm90.cuh", "gemm/gemm_sm90.cuh"));
  EXPECT_TRUE(has("gemm/gemm_sm90.cuh", "abi/gemm_sm90_config.h"));
  EXPECT_TRUE(has("gemm/gemm_sm80.cuh", "abi/gemm_sm80_config.h"));
  EXPECT_FALSE(has("gemm/gemm_sm90.cuh", "abi/gemm_sm80_config.h"));
  EXPECT_FALSE(has("gemm/gemm_simt.cuh", "abi/gemm_sm80_config.h"));
  EXPECT_FALSE(has("gemm/gemm_sm80.cuh", "abi/gemm_sm90_config.h"));
  EXPECT_FALSE(has("dropout/fused_dropout.cuh", "gemm/entry.cuh"));
  for (const char* root : {"dropout/fused_dropout.cuh", "gemm/gemm_simt.cuh", "gemm/gemm_sm80.cuh",
                           "gemm/gemm_sm90.cuh"}) {
    for (const std::string_view path : IncludeClosure(root, TemplateLibrary())) {
      EXPECT_EQ(path.find("reference/"), std::string_view::npos) << root << " includes " << path;
    }
  }
}

// A daemon must not be able to render them, and their changes make no kernel stale.
TEST(TemplateLibraryTest, HoldsNoFaultyTemplates) {
  for (const EmbeddedFile& file : TemplateLibrary()) {
    EXPECT_EQ(file.path.find("testing"), std::string_view::npos) << file.path;
    EXPECT_EQ(file.text.find("Faulty"), std::string_view::npos) << file.path;
  }
}

TEST(FaultyTemplatesTest, EveryKindHasItsOwnSourceOverTheLibrary) {
  std::set<std::string> sources;
  for (const FaultyKind kind :
       {FaultyKind::kIllegalAccess, FaultyKind::kEndless, FaultyKind::kWrongResult,
        FaultyKind::kOutOfBoundsWrite, FaultyKind::kNondeterministic}) {
    const std::string source = RenderFaultySource(kind);
    sources.insert(source);
    for (const std::string& name : Includes(source)) EXPECT_EQ(Paths().count(name), 1u) << name;
  }
  EXPECT_EQ(sources.size(), 5u);
}

}  // namespace
}  // namespace tilewright
