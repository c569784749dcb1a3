// Rows of the database, for all files of the store. May throw SQLite::Exception.
#ifndef TILEWRIGHT_TUNER_STORE_DATABASE_SQLITE_ROWS_H_
#define TILEWRIGHT_TUNER_STORE_DATABASE_SQLITE_ROWS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tuner/store/database/row_scan.h"
#include "tuner/store/database/sqlite_connection.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

// Returns the payload of a winner's sealed record; nothing if it is damaged.
std::optional<std::string_view> UnsealWinner(int64_t epoch, std::string_view sealed);
std::string SealWinner(int64_t epoch, std::string_view packed);

inline constexpr NumberedTable kWinnersTable = {
    "winners", "epoch", "record, sample_count",
    "SELECT epoch FROM winners INDEXED BY winners_by_target ORDER BY problem_id"};

// Inserts a winner's row, and its problem and target if they are missing. `sealed` is its
// SealWinner.
void InsertWinner(SqliteConnection& connection, int64_t epoch, const StoredWinner& winner,
                  int64_t sample_count, std::string_view sealed);

// Returns the winner of `epoch`; nothing if there is none or it is damaged (logged).
std::optional<StoredWinner> ReadWinner(SqliteConnection& connection, int64_t epoch);

// Inserts a cubin, or replaces a damaged one.
void UpsertCubin(SqliteConnection& connection, const std::string& content_hash,
                 const std::string& cubin);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_DATABASE_SQLITE_ROWS_H_
