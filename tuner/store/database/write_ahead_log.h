// SQLite's write-ahead log as bytes. SQLite replays it up to the first damaged frame and drops the
// rest without a message. This code finds the rest and salvages it.
#ifndef TILEWRIGHT_TUNER_STORE_DATABASE_WRITE_AHEAD_LOG_H_
#define TILEWRIGHT_TUNER_STORE_DATABASE_WRITE_AHEAD_LOG_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace tilewright {

// A written page, in the format of https://www.sqlite.org/fileformat2.html#walformat.
struct LogFrame {
  std::size_t offset = 0;            // The page's place in the log.
  std::uint32_t page = 0;            // From 1.
  std::uint32_t database_pages = 0;  // 0 unless the frame ends a transaction.
};

// The content of a log since it last began anew.
struct LogContent {
  std::uint32_t page_bytes = 0;
  std::vector<LogFrame> frames;
  // How many frames SQLite replays, and how many belong to finished transactions. SQLite replays
  // fewer if one is damaged.
  std::size_t replayed = 0;
  std::size_t committed = 0;
  // Whether the last frame of one more transaction follows and is not whole.
  bool ends_in_damage = false;
};

// Parses the bytes of a log. `page_bytes` is from the database, because the header of the log may
// be damaged.
LogContent ReadLog(std::string_view log, std::uint32_t page_bytes);

// Writes the database at `path` with all committed frames of its log, even damaged ones, to
// `target`: one file without a log. The files at `path` do not change. It is for a salvage, which
// checks what it reads.
absl::Status CopyWithLog(const std::string& path, const std::string& target);

// Counts the frames that would be lost if SQLite opened the database at `path`; 0 if there is no
// log or it is sound. `cut_off`: whether the log ends in incomplete frames, from a power failure or
// damage.
std::size_t LostFrames(const std::string& path, bool* cut_off);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_DATABASE_WRITE_AHEAD_LOG_H_
