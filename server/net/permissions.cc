#include "server/net/permissions.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/support/errors.h"
#include "server/net/caller.h"

namespace tilewright {
namespace {

// The buffer size for the strings of an entry in getpwnam_r and getpwuid_r.
constexpr std::size_t kEntryBytes = 16 << 10;

std::optional<uid_t> UserOfName(const std::string& name) {
  std::string buffer(kEntryBytes, '\0');
  passwd entry = {};
  passwd* found = nullptr;
  if (getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0) {
    return std::nullopt;
  }
  return found == nullptr ? std::nullopt : std::optional<uid_t>(found->pw_uid);
}

}  // namespace

std::string DescribeUser(uid_t user) {
  std::string buffer(kEntryBytes, '\0');
  passwd entry = {};
  passwd* found = nullptr;
  const bool named =
      getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr;
  return named ? absl::StrCat(user, " (", found->pw_name, ")") : absl::StrCat(user);
}

bool Permissions::IsAdministrator(uid_t user) const {
  if (user == kUnknownUser) return false;
  return user == own_user_ || user == 0 ||
         std::find(administrators_.begin(), administrators_.end(), user) != administrators_.end();
}

std::string Permissions::Administrators() const {
  std::string text = own_user_ == 0 ? "" : absl::StrCat("user ", DescribeUser(own_user_), ", ");
  absl::StrAppend(&text, "root");
  for (const uid_t user : administrators_) absl::StrAppend(&text, ", user ", DescribeUser(user));
  return text;
}

absl::Status Permissions::RequireAdministrator(uid_t user, std::string_view what) const {
  if (IsAdministrator(user)) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kPermissionDenied, "NOT_PERMITTED",
      absl::StrCat("user ", user == kUnknownUser ? "unknown" : DescribeUser(user), " may not ",
                   absl::string_view(what.data(), what.size()), "; these may: ", Administrators(),
                   " (the setting administrators of tilewrightd adds others)"));
}

absl::StatusOr<std::vector<uid_t>> ParseUsers(std::string_view text) {
  std::vector<uid_t> users;
  for (const absl::string_view word : absl::StrSplit(absl::string_view(text.data(), text.size()),
                                                     absl::ByAnyChar(", \t"), absl::SkipEmpty())) {
    uint32_t number = 0;
    if (absl::SimpleAtoi(word, &number) && number != kUnknownUser) {
      users.push_back(number);
      continue;
    }
    const auto user = UserOfName(std::string(word));
    if (!user) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", word, "' is neither the name nor the number of a user"));
    }
    users.push_back(*user);
  }
  return users;
}

}  // namespace tilewright
