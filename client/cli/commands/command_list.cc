// `tilewright list`
#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/format.h"
#include "client/cli/output/report.h"
#include "client/cli/problems/parse.h"
#include "proto/support/counted.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright::cli {
namespace {

constexpr int kPageSize = 1000;

// Calls `use` for the newest `limit` winners (0: all) and says whether their signers are
// distrusted. Returns the number of winners.
absl::StatusOr<int64_t> ForEachWinner(
    Connection& connection, int64_t limit,
    const std::function<void(const v1::Winner&, bool distrusted)>& use) {
  v1::ListWinnersRequest request;
  int64_t seen = 0;
  do {
    const int64_t wanted = limit == 0 ? kPageSize : std::min<int64_t>(kPageSize, limit - seen);
    request.set_page_size(static_cast<int32_t>(wanted));
    ASSIGN_OR_RETURN(const v1::ListWinnersResponse page, connection.ListWinners(request));
    const std::set<std::string> distrusted(page.distrusted_signers().begin(),
                                           page.distrusted_signers().end());
    for (const v1::Winner& winner : page.winners()) {
      use(winner, distrusted.contains(winner.signer()));
    }
    seen += page.winners_size();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && (limit == 0 || seen < limit));
  return seen;
}

// Notes what is wrong with the store: why winners are missing and which file keeps them, or why new
// ones are not stored. Notes nothing if the service cannot tell.
void NoteTrouble(CommandContext& context, Connection& connection) {
  const auto stats = connection.GetCacheStats();
  if (!stats.ok()) return;
  if (!stats->recovery_note().empty()) context.Note(stats->recovery_note());
  if (!stats->read_only().empty()) context.Note(stats->read_only());
  if (const int64_t unstored = stats->unstored_winners(); unstored > 0) {
    context.Note(absl::StrCat(Counted(unstored, "winner"), unstored == 1 ? " is" : " are",
                              " served and not stored yet"));
  }
}

absl::StatusOr<int> List(CommandContext& context, const std::string& limit_text) {
  int64_t limit = 0;
  if (!limit_text.empty()) {
    ASSIGN_OR_RETURN(limit, ParseInteger("limit", limit_text));
    if (limit < 1) {
      return InvalidField("limit", "OUT_OF_RANGE", absl::StrCat("must be at least 1, was ", limit));
    }
  }
  ASSIGN_OR_RETURN(Client * client, context.client());
  std::vector<Result> results;
  const auto show = [&](const v1::Winner& winner, bool distrusted) {
    Result result = ResultOf(winner);
    result.distrusted = distrusted;
    if (!context.json()) return results.push_back(std::move(result));
    Json object = ResultToJson(result);
    object["distrusted"] = distrusted;
    object["winner"] = ToJson(winner);
    context.PrintJson(object);
  };
  ASSIGN_OR_RETURN(const int64_t count, ForEachWinner(client->connection(), limit, show));
  NoteTrouble(context, client->connection());
  if (context.json()) return kExitOk;
  if (count == 0) {
    context.Note("no winner is stored yet; `tilewright tune gemm --m M --n N --k K` stores one");
  } else {
    context.out() << RenderResults(results, context.out_style());
  }
  return kExitOk;
}

}  // namespace

void AddList(CLI::App& app, Action& action) {
  CLI::App* list = app.add_subcommand("list", "Show the stored winners, newest first");
  auto limit = std::make_shared<std::string>();
  list->add_option("--limit", *limit, "Show at most this many (default: all)")->type_name("N");
  SetAction(*list, action, [limit](CommandContext& context) { return List(context, *limit); });
}

}  // namespace tilewright::cli
