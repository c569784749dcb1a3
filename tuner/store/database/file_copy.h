// Writes files of a cache directory. A failure names the errno of the call that failed: the
// standard library's copy_file reports a disk that fills midway as EIO.
#ifndef TILEWRIGHT_TUNER_STORE_DATABASE_FILE_COPY_H_
#define TILEWRIGHT_TUNER_STORE_DATABASE_FILE_COPY_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace tilewright {

// Replaces the content of the file `to` by `bytes`, or by the content of the file `from`. Makes the
// file (mode 0640) if there is none, and follows no link. If writing fails, it removes `to`. Errors
// as CacheFaultOf.
absl::Status WriteBytes(const std::string& to, std::string_view bytes);
absl::Status CopyFile(const std::string& from, const std::string& to);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_DATABASE_FILE_COPY_H_
