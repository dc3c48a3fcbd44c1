/* SPDX-License-Identifier: MIT */
/*
 * nearest.h - the known word that a typo most likely meant. No system calls.
 */
#ifndef BENCH_NEAREST_H
#define BENCH_NEAREST_H

/* The entry of the NULL-terminated list with the least edit distance (insertions, deletions,
 * replacements, swaps of neighbours; capitals count as small letters) to `word`, the first of
 * equals. NULL when none is within a third of the word's length (at least 2, and less than the
 * length of either: words without a common letter are never near). When none is near, the first
 * entry that begins with `word` (2 letters or more) is what was meant. */
const char *nearest(const char *word, const char *const *words);

#endif
