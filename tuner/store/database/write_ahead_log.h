// SQLite's write-ahead log as bytes. SQLite replays it up to the first frame that is damaged and
// forgets the rest without a word; with this the rest is noticed and salvaged.
#ifndef TILEWRIGHT_TUNER_STORE_DATABASE_WRITE_AHEAD_LOG_H_
#define TILEWRIGHT_TUNER_STORE_DATABASE_WRITE_AHEAD_LOG_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace tilewright {

// A page as it was written, in the format of https://www.sqlite.org/fileformat2.html#walformat.
struct LogFrame {
  std::size_t offset = 0;            // Of the page in the log.
  std::uint32_t page = 0;            // From 1.
  std::uint32_t database_pages = 0;  // Of the last frame of a transaction; else 0.
};

// What a log holds since it was last begun anew.
struct LogContent {
  std::uint32_t page_bytes = 0;
  std::vector<LogFrame> frames;
  // How many of them SQLite replays, and how many belong to transactions that were finished.
  // Fewer are replayed where one is damaged.
  std::size_t replayed = 0;
  std::size_t committed = 0;
  // Whether the last frame of another transaction follows, and is not whole.
  bool ends_in_damage = false;
};

// Understands the bytes of a log. `page_bytes` is what the database says: the header of the log
// may be damaged.
LogContent ReadLog(std::string_view log, std::uint32_t page_bytes);

// Writes the database at `path`, with all of its log that was committed, damaged frames too, to
// `target`: one file without a log. Neither file at `path` is changed. For a salvage, which checks
// what it reads.
absl::Status CopyWithLog(const std::string& path, const std::string& target);

// How many frames of the log of the database at `path` would be lost if SQLite opened it; 0 where
// there is no log or it is sound. `cut_off`: whether it ends in frames that are not whole, as a
// power failure leaves them, or damage.
std::size_t LostFrames(const std::string& path, bool* cut_off);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_DATABASE_WRITE_AHEAD_LOG_H_
