#ifndef TILEWRIGHT_TUNER_SEARCH_UNSTORED_H_
#define TILEWRIGHT_TUNER_SEARCH_UNSTORED_H_

#include <string>

#include "absl/status/status.h"
#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

// Winners that are served and could not be stored say so in their reason: it goes wherever the
// winner goes, to callers that find it in the index later too.

void MarkUnstored(const absl::Status& cause, v1::Winner& winner);

// Why the winner is not stored; empty where it is, which its epoch tells.
std::string WhyUnstored(const v1::Winner& winner);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_UNSTORED_H_
