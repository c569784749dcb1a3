// The pages of docs/ say what the templates say of themselves: most of them in kernels.md.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "tuner/template/registry.h"

namespace tilewright {
namespace {

std::string Pages() {
  std::string text;
  for (const auto& page : std::filesystem::directory_iterator(TILEWRIGHT_DOCS)) {
    if (page.path().extension() != ".md") continue;
    std::ifstream stream(page.path());
    text.append(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
    text += "\n## \n";
  }
  return text;
}

// From the heading of the template to the next one of that level.
std::string SectionOf(const Template& of) {
  const std::string text = Pages();
  const std::string heading = "\n## `" + std::string(of.name()) + "`\n";
  const std::size_t begin = text.find(heading);
  if (begin == std::string::npos) return "";
  const std::size_t end = text.find("\n## ", begin + heading.size());
  return text.substr(begin, end - begin);
}

std::string KindName(ParameterKind kind) {
  return kind == ParameterKind::kRunTime || kind == ParameterKind::kOrder ? "run time" : "compiled";
}

std::string ParameterTable(const Template& of) {
  std::string table = "| parameter | values | when | meaning |\n|---|---|---|---|\n";
  for (const ParameterInfo& info : of.ParametersInOrder()) {
    table += "| `" + std::string(info.name) + "` | " + std::string(info.values) + " | " +
             KindName(info.kind) + " | " + std::string(info.meaning) + " |\n";
  }
  return table;
}

TEST(KernelDocsTest, HaveTheParametersOfEveryTemplate) {
  for (const Template* of : Templates()) {
    EXPECT_NE(SectionOf(*of).find(ParameterTable(*of)), std::string::npos)
        << "docs/kernels.md, or a page beside it, needs this table in the section of " << of->name()
        << ":\n"
        << ParameterTable(*of);
  }
}

TEST(KernelDocsTest, HaveTheConstraintsOfEveryTemplateAndNoOthers) {
  for (const Template* of : Templates()) {
    std::set<std::string> documented;
    const std::string section = SectionOf(*of);
    // The first column of a row: one name or several. Constraints begin with a capital letter.
    const std::regex row("\\n\\| ((`[A-Z][a-z][A-Za-z0-9]+`(, )?)+) \\|");
    const std::regex name("[A-Z][A-Za-z0-9]+");
    for (std::sregex_iterator at(section.begin(), section.end(), row), end; at != end; ++at) {
      const std::string names = (*at)[1];
      for (std::sregex_iterator one(names.begin(), names.end(), name); one != end; ++one) {
        documented.insert(one->str());
      }
    }
    std::set<std::string> constraints;
    for (const std::string_view constraint : of->Constraints()) {
      // Of all templates: at the head of the page.
      if (constraint != "HasParameters") constraints.insert(std::string(constraint));
    }
    EXPECT_EQ(documented, constraints) << of->name();
  }
}

}  // namespace
}  // namespace tilewright
