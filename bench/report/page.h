/* SPDX-License-Identifier: MIT */
/*
 * page.h - the report as one page of HTML that needs nothing beside it: the answers on the first
 * screen, then the figures, the cells, and the environment. Whatever comes from a run file stays
 * text (html.h), and the page forbids itself every request (its Content-Security-Policy).
 */
#ifndef BENCH_PAGE_H
#define BENCH_PAGE_H

#include "judge/history.h"
#include "report/figure.h"

/* What a page is made of beside the runs: the texts of scripts/report.css and report.js. */
struct page_dress {
    const char *style, *script;
};

/* Writes the page; the figures have their pictures by now (figure->svg), or the reason why not.
 * `history`: an open one, whose trends stand in the page too, or NULL. 0, or -errno with a problem.
 */
int page_write(FILE *to, const struct figure_run *runs, size_t count,
               const struct figure_list *figures, struct history *history,
               const struct page_dress *dress, struct problem *problem);

/* Its parts (page_*.c). Those that answer
 * return 0 or -ENOMEM. */
void page_verdict(FILE *to, const struct run *run);
/* Nothing where no search for a knee was made. */
void page_knees(FILE *to, const struct run *run);
int page_trust(FILE *to, const struct run *run);
int page_claims(FILE *to, const struct run *run);
int page_evidence(FILE *to, const struct run *run, const char *name);
void page_figure(FILE *to, const struct figure *figure);
void page_figures(FILE *to, const struct figure_list *figures, const char *but,
                  const struct figure_run *runs, size_t count);
/* The table that belongs to the figures of this kind; nothing where there is none. */
void page_crowd(FILE *to, const char *kind, const struct figure_run *runs, size_t count);
/* p50 of a run's transports by placement, at the figure's size; nothing with one placement only. */
void page_matrix(FILE *to, const struct figure *figure, const struct figure_run *run);
/* Reads the history: 0 or -errno with a problem. */
int page_history(FILE *to, struct history *history, struct problem *problem);
void page_cells(FILE *to, const struct figure_run *runs, size_t count);
/* The cells that lost messages; nothing where none did. */
void page_losses(FILE *to, const struct run *run);
void page_missing(FILE *to, const struct run *run);
void page_environment(FILE *to, const struct run *run);

#endif
