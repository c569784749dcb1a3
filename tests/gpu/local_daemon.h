#ifndef TILEWRIGHT_TESTS_GPU_LOCAL_DAEMON_H_
#define TILEWRIGHT_TESTS_GPU_LOCAL_DAEMON_H_

#include <sys/types.h>

#include <string>

namespace tilewright {

// The tilewrightd beside this binary, on a cache directory of its own: the tree is tested as it
// was installed. Stopped, and its directory removed, at the end.
class LocalDaemon {
 public:
  LocalDaemon();
  ~LocalDaemon();
  LocalDaemon(const LocalDaemon&) = delete;
  LocalDaemon& operator=(const LocalDaemon&) = delete;

  // False where there is no tilewrightd beside this binary.
  bool started() const { return pid_ > 0; }
  std::string socket() const { return folder_ + "/cache/tilewrightd.sock"; }
  // What it wrote so far.
  std::string log() const;

 private:
  std::string folder_;
  pid_t pid_ = -1;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_GPU_LOCAL_DAEMON_H_
