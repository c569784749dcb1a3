#include "client/c/handles.h"

#include <string>

#include "proto/support/errors.h"

namespace {

struct LastError {
  std::string reason;
  std::string message;
  std::string field;
  tilewright_error view{TILEWRIGHT_OK, "", "", ""};
};

LastError& ThisThreads() {
  thread_local LastError error;
  return error;
}

}  // namespace

namespace tilewright::c {

tilewright_status Report(const absl::Status& status) {
  LastError& last = ThisThreads();
  if (status.ok()) {
    last.view = {TILEWRIGHT_OK, "", "", ""};
    return TILEWRIGHT_OK;
  }
  last.reason = ReasonOf(status);
  last.message = std::string(status.message());
  last.field.clear();
  if (const auto info = ErrorInfoOf(status)) {
    const auto field = info->metadata().find("field");
    if (field != info->metadata().end()) last.field = field->second;
  }
  last.view = {static_cast<tilewright_status>(status.code()), last.reason.c_str(),
               last.message.c_str(), last.field.c_str()};
  return last.view.code;
}

}  // namespace tilewright::c

const tilewright_error* tilewright_last_error(void) { return &ThisThreads().view; }
