#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "kernel_templates/launch/driver/dynamic_library.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Each test gets a folder of its own and puts the environment back.
class LibraryCandidatesTest : public ::testing::Test {
 protected:
  LibraryCandidatesTest() {
    for (const char* name :
         {"TILEWRIGHT_TEST_LIBRARY", "CUDA_HOME", "VIRTUAL_ENV", "CONDA_PREFIX", "PATH"}) {
      const char* value = getenv(name);
      saved_.emplace_back(name, value == nullptr ? "" : value);
      if (std::string(name) != "PATH") unsetenv(name);
    }
    folder_ = fs::path(::testing::TempDir()) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~LibraryCandidatesTest() override {
    for (const auto& [name, value] : saved_) {
      value.empty() ? unsetenv(name.c_str()) : setenv(name.c_str(), value.c_str(), 1);
    }
    fs::remove_all(folder_);
  }

  static std::vector<std::string> Candidates() {
    return CudaLibraryCandidates("TILEWRIGHT_TEST_LIBRARY", {"libx.so.2", "libx.so.1"});
  }

  // A Python prefix with one nvidia wheel; returns the wheel's lib folder.
  fs::path MakeWheel(const fs::path& prefix) {
    const fs::path lib = prefix / "lib/python3.12/site-packages/nvidia/cu13/lib";
    fs::create_directories(lib);
    fs::create_directories(prefix / "bin");
    std::ofstream(prefix / "bin/python3") << "";
    return lib;
  }

  fs::path folder_;
  std::vector<std::pair<std::string, std::string>> saved_;
};

// One that could not be used was passed over, and another library taken without a word.
TEST_F(LibraryCandidatesTest, AnOverrideIsTheOnlyPlaceAsFileOrFolder) {
  setenv("TILEWRIGHT_TEST_LIBRARY", "/somewhere/libx.so", 1);
  EXPECT_THAT(Candidates(), ElementsAre("/somewhere/libx.so"));
  setenv("TILEWRIGHT_TEST_LIBRARY", folder_.c_str(), 1);
  EXPECT_THAT(Candidates(),
              ElementsAre((folder_ / "libx.so.2").string(), (folder_ / "libx.so.1").string()));
}

TEST_F(LibraryCandidatesTest, LoaderThenToolkitInTheOrderOfSonames) {
  setenv("CUDA_HOME", "/opt/cuda", 1);
  const auto candidates = Candidates();
  ASSERT_GE(candidates.size(), 4u);
  EXPECT_EQ(candidates[0], "libx.so.2");
  EXPECT_EQ(candidates[1], "libx.so.1");
  EXPECT_EQ(candidates[2], "/opt/cuda/lib64/libx.so.2");
  EXPECT_THAT(candidates, Contains("/usr/local/cuda/lib64/libx.so.1"));
}

TEST_F(LibraryCandidatesTest, WheelsOfTheVirtualEnvironment) {
  const fs::path lib = MakeWheel(folder_);
  setenv("VIRTUAL_ENV", folder_.c_str(), 1);
  EXPECT_THAT(Candidates(), Contains((lib / "libx.so.2").string()));
}

TEST_F(LibraryCandidatesTest, WheelsOfThePythonOnPath) {
  const fs::path lib = MakeWheel(folder_);
  setenv("PATH", (folder_ / "bin").c_str(), 1);
  EXPECT_THAT(Candidates(), Contains((lib / "libx.so.2").string()));
}

TEST_F(LibraryCandidatesTest, FolderBesideTheInstallation) {
  const fs::path binary = fs::read_symlink("/proc/self/exe");
  EXPECT_THAT(Candidates(),
              Contains((binary.parent_path().parent_path() / ".deps/cuda/lib/libx.so.2").string()));
}

TEST_F(LibraryCandidatesTest, OpenListsEveryPlaceItTried) {
  const auto library = DynamicLibrary::Open({"libtilewright_absent.so", "/nowhere/libb.so"});
  ASSERT_FALSE(library.ok());
  EXPECT_EQ(library.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(library.status().message()), HasSubstr("libtilewright_absent.so"));
  EXPECT_THAT(std::string(library.status().message()), HasSubstr("/nowhere/libb.so"));
}

TEST_F(LibraryCandidatesTest, OpenSaysWhyAFileThatIsThereDoesNotLoad) {
  const fs::path file = folder_ / "libbroken.so";
  std::ofstream(file) << "not a library";
  const auto library = DynamicLibrary::Open({file.string()});
  ASSERT_FALSE(library.ok());
  EXPECT_THAT(std::string(library.status().message()), HasSubstr("libbroken.so ("));
}

TEST_F(LibraryCandidatesTest, OpenFindsALibraryAndItsSymbols) {
  const auto library = DynamicLibrary::Open({"libtilewright_absent.so", "libm.so.6"});
  ASSERT_TRUE(library.ok()) << library.status();
  EXPECT_NE(library->Symbol("cos"), nullptr);
  EXPECT_EQ(library->Symbol("tilewright_absent"), nullptr);
  EXPECT_THAT(library->path(), HasSubstr("libm.so.6"));
}

}  // namespace
}  // namespace tilewright
