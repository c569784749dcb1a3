#include "tuner/store/database/schema_check.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tuner/store/database/migrations.h"

namespace tilewright {
namespace {

// A row of sqlite_schema without its root page, which depends on the order of writes.
struct SchemaRow {
  std::int64_t id = 0;
  std::string type;
  std::string name;
  std::string table;
  std::string sql;
  bool IsOf(const SchemaRow& other) const { return type == other.type && name == other.name; }
  bool IsAs(const SchemaRow& other) const {
    return IsOf(other) && table == other.table && sql == other.sql;
  }
  std::string Text() const { return absl::StrCat(type, " ", name, " ", table, " ", sql); }
};

std::vector<SchemaRow> ReadSchema(SQLite::Database& database) {
  std::vector<SchemaRow> schema;
  SQLite::Statement rows(database, "SELECT rowid, type, name, tbl_name, sql FROM sqlite_schema");
  while (rows.executeStep()) {
    schema.push_back({rows.getColumn(0).getInt64(), rows.getColumn(1).getString(),
                      rows.getColumn(2).getString(), rows.getColumn(3).getString(),
                      rows.getColumn(4).getString()});
  }
  return schema;
}

// Returns the schema that the migrations to its version make; empty if that is not known.
std::vector<SchemaRow> ExpectedSchema(SQLite::Database& database) {
  const int version = database.execAndGet("PRAGMA user_version").getInt();
  std::vector<Migration> steps;
  for (const Migration& migration : Migrations()) {
    if (migration.version <= version) steps.push_back(migration);
  }
  if (steps.empty() || steps.back().version != version) return {};
  SQLite::Database memory(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  if (!Migrate(steps, memory).ok()) return {};
  return ReadSchema(memory);
}

const SchemaRow* Find(const std::vector<SchemaRow>& rows, const SchemaRow& wanted) {
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [&](const SchemaRow& row) { return row.IsOf(wanted); });
  return found == rows.end() ? nullptr : &*found;
}

// Counts the equal bytes from the front and from the back.
std::size_t Likeness(const std::string& a, const std::string& b) {
  const auto front = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  const auto back = std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend());
  return static_cast<std::size_t>((front.first - a.begin()) + (back.first - a.rbegin()));
}

// Finds the row that `wanted` was before its name or type was damaged: the most similar of the rows
// that match no expected one.
const SchemaRow* FindDamaged(const std::vector<SchemaRow>& found,
                             const std::vector<SchemaRow>& expected, const SchemaRow& wanted) {
  const SchemaRow* best = nullptr;
  std::size_t likeness = 0;
  for (const SchemaRow& row : found) {
    if (Find(expected, row) != nullptr) continue;
    const std::size_t like = Likeness(row.Text(), wanted.Text());
    if (best == nullptr || like > likeness) {
      best = &row;
      likeness = like;
    }
  }
  return best;
}

}  // namespace

std::string FindSchemaDamage(SQLite::Database& database) {
  const std::vector<SchemaRow> expected = ExpectedSchema(database);
  const std::vector<SchemaRow> found = ReadSchema(database);
  for (const SchemaRow& row : expected) {
    const SchemaRow* same = Find(found, row);
    if (same != nullptr && same->IsAs(row)) continue;
    return absl::StrCat("the schema of ", row.type, " ", row.name,
                        same == nullptr ? " is missing" : " is damaged");
  }
  return "";
}

void RepairSchema(SQLite::Database& database) {
  database.exec("PRAGMA writable_schema=ON");
  const std::vector<SchemaRow> expected = ExpectedSchema(database);
  const std::vector<SchemaRow> found = ReadSchema(database);
  for (const SchemaRow& row : expected) {
    const SchemaRow* damaged = Find(found, row);
    if (damaged == nullptr) damaged = FindDamaged(found, expected, row);
    if (damaged == nullptr || damaged->IsAs(row)) continue;
    SQLite::Statement update(
        database,
        "UPDATE sqlite_schema SET type = ?, name = ?, tbl_name = ?, sql = ? WHERE rowid = ?");
    update.bind(1, row.type);
    update.bind(2, row.name);
    update.bind(3, row.table);
    if (row.sql.empty()) {
      update.bind(4);  // An index that SQLite made itself.
    } else {
      update.bind(4, row.sql);
    }
    update.bind(5, damaged->id);
    update.exec();
  }
  database.exec("PRAGMA writable_schema=OFF");
}

}  // namespace tilewright
