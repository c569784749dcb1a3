#ifndef TILEWRIGHT_TESTS_CLIENT_TEMPORARY_FOLDER_H_
#define TILEWRIGHT_TESTS_CLIENT_TEMPORARY_FOLDER_H_

#include <stdlib.h>

#include <filesystem>
#include <string>

namespace tilewright {

// A folder of its own under the system's temporary one, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder()
      : path_((std::filesystem::temp_directory_path() / "tilewright-XXXXXX").string()) {
    mkdtemp(path_.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_CLIENT_TEMPORARY_FOLDER_H_
