#ifndef TILEWRIGHT_TUNER_STORE_TEMPLATE_WINNER_H_
#define TILEWRIGHT_TUNER_STORE_TEMPLATE_WINNER_H_

#include <optional>

#include "tuner/store/tuning_store.h"

namespace tilewright {

// Whether `winner` is a cublasLt algorithm, which only a caller with that very cublasLt can run.
bool IsVendor(const StoredWinner& winner);

// What anybody can run: `winner` itself where it is a template's, else the best template that was
// tuned beside the algorithm, as a winner of its own with its own times and provenance. Nothing
// where no template was sound. Pure.
std::optional<StoredWinner> TemplateWinner(const StoredWinner& winner);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_TEMPLATE_WINNER_H_
