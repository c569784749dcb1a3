// Rows of the database as the store's files share them. May throw SQLite::Exception.
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

// The payload of a winner's sealed record; nothing where it is damaged.
std::optional<std::string_view> UnsealWinner(int64_t epoch, std::string_view sealed);
std::string SealWinner(int64_t epoch, std::string_view packed);

inline constexpr NumberedTable kWinnersTable = {
    "winners", "epoch", "record, sample_count",
    "SELECT epoch FROM winners INDEXED BY winners_by_target ORDER BY problem_id"};

// Puts a winner's row in, and its problem and target where they are missing. `sealed` is
// its SealWinner.
void InsertWinner(SqliteConnection& connection, int64_t epoch, const StoredWinner& winner,
                  int64_t sample_count, std::string_view sealed);

// The winner of `epoch`; nothing where there is none or it is damaged (logged).
std::optional<StoredWinner> ReadWinner(SqliteConnection& connection, int64_t epoch);

// Puts a cubin in, or anew over a damaged one.
void UpsertCubin(SqliteConnection& connection, const std::string& content_hash,
                 const std::string& cubin);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_DATABASE_SQLITE_ROWS_H_
