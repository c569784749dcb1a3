#ifndef TILEWRIGHT_TUNER_STORE_TEMPLATE_WINNER_H_
#define TILEWRIGHT_TUNER_STORE_TEMPLATE_WINNER_H_

#include <optional>

#include "tuner/store/tuning_store.h"

namespace tilewright {

// Returns whether `winner` is a cublasLt algorithm. Only a caller with that cublasLt can run it.
bool IsVendor(const StoredWinner& winner);

// Returns a winner that anybody can run: `winner` itself if it is a template's, else the best
// template that was tuned beside the algorithm, as a winner with its own times and provenance.
// Returns nothing if no template was sound. Pure.
std::optional<StoredWinner> TemplateWinner(const StoredWinner& winner);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_TEMPLATE_WINNER_H_
