// Which of the ranked variants are tried, and in which order. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_SEARCH_CANDIDATE_ORDER_H_
#define TILEWRIGHT_TUNER_SEARCH_CANDIDATE_ORDER_H_

#include <cstddef>
#include <vector>

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"
#include "tuner/store/index/winner_index.h"
#include "tuner/template/registry.h"

namespace tilewright {

// Moves variants behind all others that differ from two better ranked ones in the order of their
// tiles alone, or in that their kernel is the other's mirror image: a short list then holds many
// shapes, which differ more, instead of many orders of few. Keeps the ranking among what moves and
// what stays.
void SpreadKernels(std::vector<RankedVariant>& ranked);

// How many of the first `count` variants there are before one of them needs a kernel beyond the
// first `kernels`: what takes time is compiling.
std::size_t CountWithKernels(const std::vector<RankedVariant>& ranked, std::size_t count,
                             std::size_t kernels);

// Local moves: indices of up to `count` variants beyond the first `tried` that are neighbours of
// `leaders` (indices among the first, the fastest first), by turns of the leaders. Neighbours are
// the other tile orders of a leader's kernel and its mirror image, and the kernels next to it along
// one parameter, up and down: those that differ in that parameter alone (values that follow from
// the others may differ too) with the nearest value whose shape is not among the tried. Of a
// kernel's orders the best ranked one stands for all.
std::vector<std::size_t> LocalMoves(const std::vector<RankedVariant>& ranked, std::size_t tried,
                                    const std::vector<std::size_t>& leaders, std::size_t count);

// Lets the precisions of `problem`'s variants take turns, each in its own order: which of them the
// error budget admits is only known once they were measured, and the model, which knows times
// alone, would fill a short list with the least exact one.
void SharePrecisions(const v1::Problem& problem, std::vector<RankedVariant>& ranked);

// An epilogue may run in the GEMM or in a launch of its own. Where both forms are legal, moves
// variants up so that at least every eighth candidate uses each form, whatever the model says: a
// GPU measures which form is faster, and without a GPU their estimates can be compared. Keeps the
// ranking within each form.
void ShareEpilogues(std::vector<RankedVariant>& ranked);

// Leaves those variants whose precision keeps the error budget by its bound: what may be served
// without a measurement. Under a budget none with a split epilogue: the bounds do not count what
// rounding between the launches costs.
void KeepProven(const v1::Problem& problem, std::vector<RankedVariant>& ranked);

// Moves the variant that won the problem itself, or the nearest one of its family, to the front
// of `ranked`, where it is among them. What was measured next door is better evidence than the
// model, and as the first it is compiled under every limit and measured under every budget.
// Pure; any thread.
void StartWarm(const v1::Problem& problem, const v1::Target& target, const WinnerIndex& index,
               std::vector<RankedVariant>& ranked);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_CANDIDATE_ORDER_H_
