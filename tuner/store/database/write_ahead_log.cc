#include "tuner/store/database/write_ahead_log.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <utility>

#include "tuner/store/database/file_copy.h"

namespace tilewright {
namespace {

constexpr std::size_t kLogHeader = 32;
constexpr std::size_t kFrameHeader = 24;
constexpr std::uint32_t kMagic = 0x377f0682;  // The last bit says if checksums are big-endian.
constexpr std::size_t kPageSizeAt = 16;       // In the database's header.
constexpr std::size_t kVersionsAt = 18;       // The format versions for writing and for reading.

std::uint32_t BigEndian(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

struct Checksum {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  bool operator==(const Checksum&) const = default;
};

Checksum StoredAt(std::string_view bytes, std::size_t at) {
  return {BigEndian(bytes, at), BigEndian(bytes, at + 4)};
}

Checksum Extend(Checksum sum, std::string_view bytes, bool big_endian) {
  const auto word = [&](std::size_t at) {
    const std::uint32_t value = BigEndian(bytes, at);
    return big_endian ? value : __builtin_bswap32(value);
  };
  for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
    sum.first += word(i) + sum.second;
    sum.second += word(i + 4) + sum.first;
  }
  return sum;
}

bool IsPageSize(std::uint32_t bytes) {
  return bytes >= 512 && bytes <= 65536 && (bytes & (bytes - 1)) == 0;
}

std::string ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

std::uint32_t PageBytesOf(std::string_view database) {
  if (database.size() < kPageSizeAt + 2) return 0;
  const std::uint32_t stored = static_cast<unsigned char>(database[kPageSizeAt]) << 8 |
                               static_cast<unsigned char>(database[kPageSizeAt + 1]);
  return stored == 1 ? 65536 : stored;
}

// Returns the salts of most frames: those of the header, unless it is damaged.
std::string_view SaltsOf(std::string_view log, std::size_t frame_bytes, bool header_is_sound) {
  if (header_is_sound) return log.substr(16, 8);
  std::map<std::string_view, int> counts;
  std::string_view most = log.substr(16, 8);
  for (std::size_t at = kLogHeader; at + frame_bytes <= log.size(); at += frame_bytes) {
    const std::string_view salts = log.substr(at + 8, 8);
    if (++counts[salts] > counts[most]) most = salts;
  }
  return most;
}

}  // namespace

LogContent ReadLog(std::string_view log, std::uint32_t page_bytes) {
  LogContent content;
  if (log.size() < kLogHeader) return content;
  const std::uint32_t magic = BigEndian(log, 0);
  const bool big_endian = (magic & 1) != 0;
  const bool header_is_sound =
      (magic & ~1u) == kMagic && IsPageSize(BigEndian(log, 8)) &&
      Extend({}, log.substr(0, kFrameHeader), big_endian) == StoredAt(log, kFrameHeader);
  content.page_bytes = header_is_sound ? BigEndian(log, 8) : page_bytes;
  if (!IsPageSize(content.page_bytes)) return content;
  const std::size_t frame_bytes = kFrameHeader + content.page_bytes;
  const std::string_view salts = SaltsOf(log, frame_bytes, header_is_sound);
  bool all_sound = header_is_sound;
  Checksum before = StoredAt(log, kFrameHeader);
  bool damaged_after_commit = false;
  for (std::size_t at = kLogHeader; at + frame_bytes <= log.size(); at += frame_bytes) {
    const std::string_view header = log.substr(at, kFrameHeader);
    const std::string_view page = log.substr(at + kFrameHeader, content.page_bytes);
    const Checksum stored = StoredAt(header, 16);
    // Starts from the sum stored in the frame before, so one damaged frame does not spoil the next.
    const auto is_sound = [&](bool order) {
      return header.substr(8, 8) == salts && BigEndian(header, 0) != 0 &&
             Extend(Extend(before, header.substr(0, 8), order), page, order) == stored;
    };
    const bool sound = is_sound(big_endian) || (!header_is_sound && is_sound(!big_endian));
    before = stored;
    all_sound = all_sound && sound;
    content.frames.push_back({at + kFrameHeader, BigEndian(header, 0), BigEndian(header, 4)});
    const bool ends_transaction = content.frames.back().database_pages != 0;
    if (sound && ends_transaction) {
      content.committed = content.frames.size();
      if (all_sound) content.replayed = content.committed;
      damaged_after_commit = false;
    } else if (!sound && ends_transaction && header.substr(8, 8) == salts) {
      damaged_after_commit = true;
    }
  }
  content.ends_in_damage = damaged_after_commit;
  return content;
}

std::size_t LostFrames(const std::string& path, bool* cut_off) {
  *cut_off = false;
  const std::string log = ReadWhole(path + "-wal");
  if (log.size() < kLogHeader) return 0;
  std::ifstream database(path, std::ios::binary);
  std::string header(100, '\0');
  database.read(header.data(), static_cast<std::streamsize>(header.size()));
  const LogContent content = ReadLog(log, PageBytesOf(header));
  *cut_off = content.ends_in_damage;
  // SQLite removes the log beside an empty file.
  return database.gcount() == 0 ? content.committed : content.committed - content.replayed;
}

absl::Status CopyWithLog(const std::string& path, const std::string& target) {
  std::string database = ReadWhole(path);
  const std::string log = ReadWhole(path + "-wal");
  const LogContent content = ReadLog(log, PageBytesOf(database));
  std::size_t pages = 0;
  for (std::size_t i = 0; i < content.committed; ++i) {
    const LogFrame& frame = content.frames[i];
    if (frame.database_pages != 0) pages = frame.database_pages;
  }
  // The count may be damaged, so it must not be above what the two files can have.
  const std::size_t most =
      content.page_bytes == 0 ? 0 : database.size() / content.page_bytes + content.committed;
  if (pages > 0 && pages <= most) database.resize(pages * content.page_bytes);
  for (std::size_t i = 0; i < content.committed; ++i) {
    const LogFrame& frame = content.frames[i];
    const std::size_t at = (std::size_t{frame.page} - 1) * content.page_bytes;
    if (frame.page == 0 || at + content.page_bytes > database.size()) continue;
    database.replace(at, content.page_bytes, log, frame.offset, content.page_bytes);
  }
  // Without a log, the file has the format of the rollback journal.
  if (database.size() > kVersionsAt + 1) database[kVersionsAt] = database[kVersionsAt + 1] = 1;
  return WriteBytes(target, database);
}

}  // namespace tilewright
