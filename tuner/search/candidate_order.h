// Decides which ranked variants are tried, and in which order. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_SEARCH_CANDIDATE_ORDER_H_
#define TILEWRIGHT_TUNER_SEARCH_CANDIDATE_ORDER_H_

#include <cstddef>
#include <vector>

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"
#include "tuner/store/index/winner_index.h"
#include "tuner/template/registry.h"

namespace tilewright {

// Moves a variant to the end if two better ranked ones differ from it only in the order of their
// tiles or by mirroring. A short list then holds many shapes instead of many orders of few shapes;
// shapes differ more in speed. Keeps the ranking within both groups.
void SpreadKernels(std::vector<RankedVariant>& ranked);

// Returns how many of the first `count` variants need no more than the first `kernels` kernels.
// The number of kernels is limited because compiling takes the time.
std::size_t CountWithKernels(const std::vector<RankedVariant>& ranked, std::size_t count,
                             std::size_t kernels);

// Returns the local moves: indices of up to `count` variants that come after the first `tried` and
// are neighbours of `leaders`. `leaders` are indices among the first `tried`, fastest first; they
// take turns. Neighbours are the other tile orders of a leader's kernel and its mirror image, and
// the nearest untried shapes along one parameter, up and down. Such a shape differs in that
// parameter alone, or also in values that follow from others. Its best ranked order stands for all.
std::vector<std::size_t> LocalMoves(const std::vector<RankedVariant>& ranked, std::size_t tried,
                                    const std::vector<std::size_t>& leaders, std::size_t count);

// Lets the precisions of `problem`'s variants take turns, each in its own order. Only measuring
// tells which of them the error budget admits. The model knows only times, so that without turns
// the least exact precision would fill a short list.
void SharePrecisions(const v1::Problem& problem, std::vector<RankedVariant>& ranked);

// An epilogue may run in the GEMM or in a launch of its own. If both forms are legal, moves
// variants up so that at least every eighth candidate uses each form, whatever the model says: a
// GPU measures which form is faster, and without a GPU their estimates can be compared. Keeps the
// ranking within each form.
void ShareEpilogues(std::vector<RankedVariant>& ranked);

// Keeps only variants whose precision is proven to keep the error budget, which may be served
// without a measurement. With a budget, removes all variants with a split epilogue, because the
// bounds do not count the rounding between the launches.
void KeepProven(const v1::Problem& problem, std::vector<RankedVariant>& ranked);

// Moves the variant that won this problem, or else the nearest problem of its family, to the front
// of `ranked` if it is in there. A measurement of a near problem is better evidence than the model.
// The first variant is compiled under every limit and measured under every budget.
void StartWarm(const v1::Problem& problem, const v1::Target& target, const WinnerIndex& index,
               std::vector<RankedVariant>& ranked);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_CANDIDATE_ORDER_H_
