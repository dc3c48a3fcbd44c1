/* SPDX-License-Identifier: MIT */
/*
 * analyzer.h - silences gcc's -fanalyzer (`make analyze`) at one place, where it is wrong: a
 * comment beside it says why. Other compilers see nothing of it.
 */
#ifndef BENCH_ANALYZER_H
#define BENCH_ANALYZER_H

/* ANALYZER_NO_LEAK("reason"); ... ANALYZER_END; around a function: it loses sight of what is stored
 * in an element of a list, or through a pointer to a pointer. */
#if defined __GNUC__ && !defined __clang__
#define ANALYZER_NO_LEAK(reason)                                                     \
    _Pragma("GCC diagnostic push")                                                   \
        _Pragma("GCC diagnostic ignored \"-Wanalyzer-malloc-leak\"") _Static_assert( \
            sizeof(reason) > 1, reason)
#define ANALYZER_END _Pragma("GCC diagnostic pop") _Static_assert(1, "")
#else
#define ANALYZER_NO_LEAK(reason) _Static_assert(sizeof(reason) > 1, reason)
#define ANALYZER_END             _Static_assert(1, "")
#endif

#endif
