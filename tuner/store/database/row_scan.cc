#include "tuner/store/database/row_scan.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"

namespace tilewright {
namespace {

constexpr int64_t kNoNumber = -1;

// Returns the keys in the table's index, in order, as far as it can be read from either end.
std::vector<int64_t> IndexedKeys(SqliteConnection& connection, const NumberedTable& table) {
  std::vector<int64_t> keys;
  const auto keep = [&](const Query& row) {
    keys.push_back(row.IntAt(0));
    return true;
  };
  if (!ScanUntilDamage(connection, table.indexed_keys, kNoNumber, keep)) {
    ScanUntilDamage(connection, absl::StrCat(table.indexed_keys, " DESC"), kNoNumber, keep);
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

// Returns the least key of two bytes above all keys that begin like `key`; nothing after the last.
std::optional<std::string> NextPrefix(const std::string& key) {
  const auto byte = [&](std::size_t i) {
    return i < key.size() ? static_cast<unsigned char>(key[i]) : 0u;
  };
  const unsigned next = (byte(0) << 8 | byte(1)) + 1;
  if (next > 0xffff) return std::nullopt;
  return std::string{static_cast<char>(next >> 8), static_cast<char>(next & 0xff)};
}

}  // namespace

bool ScanUntilDamage(SqliteConnection& connection, const std::string& sql, int64_t number,
                     const RowVisitor& visit) {
  try {
    Query scan = connection.Use(sql);
    if (number >= 0) scan.Int(number);
    while (scan.Next()) {
      if (!visit(scan)) return true;
    }
    return true;
  } catch (const SQLite::Exception& error) {
    if (!IsDamage(error)) throw;
    return false;
  }
}

std::vector<UnreadableKeys> ScanByNumber(SqliteConnection& connection, const NumberedTable& table,
                                         const RowVisitor& visit) {
  // An unreadable page ends a scan and hides its keys. So the scan goes on after it, key by key,
  // for as many keys as two inner pages can hide (each has 400 children of 3 rows or more). After
  // that it takes the keys from the index, because epochs have large gaps.
  constexpr int64_t kLargestGap = 5000;
  const std::string sql =
      absl::StrCat("SELECT ", table.key, ", ", table.columns, " FROM ", table.name, " WHERE ",
                   table.key, " >= ? ORDER BY ", table.key);
  std::vector<UnreadableKeys> unreadable;
  std::optional<std::vector<int64_t>> indexed;
  int64_t last = 0;   // The last key that was read.
  int64_t begin = 0;  // Where the steps key by key began.
  int64_t from = 0;
  const auto in_order = [&](const Query& row) {
    const int64_t key = row.IntAt(0);
    if (key <= last || key < from) return true;  // Out of order: the page is damaged.
    if (!unreadable.empty() && unreadable.back().last > key) unreadable.back().last = from - 1;
    last = key;
    return visit(row);
  };
  while (!ScanUntilDamage(connection, sql, from, in_order)) {
    const int64_t missed = std::max(from, last + 1);
    if (unreadable.empty() || unreadable.back().last < missed) {
      unreadable.push_back({missed, std::numeric_limits<int64_t>::max()});
    }
    begin = std::max(begin, last);
    from = missed + 1;
    if (missed - begin < kLargestGap) continue;
    if (!indexed) indexed = IndexedKeys(connection, table);
    const auto next = std::upper_bound(indexed->begin(), indexed->end(), missed);
    if (next == indexed->end()) return unreadable;
    from = begin = *next;
  }
  if (!unreadable.empty()) unreadable.back().last = std::min(unreadable.back().last, from - 1);
  return unreadable;
}

void ScanByHash(SqliteConnection& connection, const HashedTable& table, const RowVisitor& visit) {
  const std::string select =
      absl::StrCat("SELECT ", table.key, ", ", table.columns, " FROM ", table.name);
  const std::string order = absl::StrCat(" ORDER BY ", table.key);
  std::string last;
  const auto keep = [&](const Query& row) {
    last = std::string(row.BlobAt(0));
    return visit(row);
  };
  if (ScanUntilDamage(connection, select + order, kNoNumber, keep)) return;
  std::string front = last;
  if (ScanUntilDamage(connection, select + order + " DESC", kNoNumber, keep)) return;
  const std::string back = last;
  const std::string sql = absl::StrCat(select, " WHERE ", table.key, " >= ?", order);
  for (auto from = NextPrefix(front); from && *from < back; from = NextPrefix(front)) {
    front = *from;
    try {
      Query scan = connection.Use(sql);
      scan.Blob(*from);
      while (scan.Next()) {
        if (!visit(scan)) return;
        front = std::max(front, std::string(scan.BlobAt(0)));
      }
      return;
    } catch (const SQLite::Exception& error) {
      if (!IsDamage(error)) throw;
    }
  }
}

}  // namespace tilewright
