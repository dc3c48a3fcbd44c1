/* SPDX-License-Identifier: MIT */
/*
 * export.h - a run, or the verdicts of a duet, in the formats of other tools. One table names them;
 * each is a function that writes to a stream. Values are those of the file: an export measures and
 * estimates nothing.
 */
#ifndef BENCH_EXPORT_H
#define BENCH_EXPORT_H

#include "duet/duet_result.h"
#include "run/run.h"

#include <stdbool.h>
#include <stdio.h>

/* What is to be written: the run, and those of its cells that were chosen, in the run's order. */
struct export_input {
    const struct run *run;
    const struct cell_summary **cells; /* owned */
    size_t count;
};

struct export_format {
    const char *name;
    const char *summary; /* for --help: what reads it */
    /* 0, -EINVAL when the format can't carry these cells, or -ENOMEM, with a problem. The caller
     * checks the stream. */
    int (*write)(FILE *to, const struct export_input *input, struct problem *problem);
    /* The same for the verdicts of a duet; NULL where the format has no place for them. */
    void (*write_duet)(FILE *to, const struct duet_result *result);
};

/* Ends with a NULL name. */
extern const struct export_format export_formats[];

/* The format of that name, or NULL with a problem that lists them and suggests the nearest. */
const struct export_format *export_find(const char *name, struct problem *problem);

/* Chooses the cells whose key matches one of the patterns of fnmatch(3), in which '*' also stands
 * for a slash; all of them without a pattern. 0, -EINVAL with a problem when a pattern matches
 * nothing, or -ENOMEM. */
int export_choose(const struct run *run, const char *const *patterns, size_t pattern_count,
                  struct export_input *input, struct problem *problem);

void export_free(struct export_input *input);

/* ---- what the formats share ---- */

/* What per_second counts: "messages/s" for a stream, else "round trips/s". */
const char *export_rate_unit(const struct cell *cell);

/* A number as short as in the run file: nothing is lost beyond its 3 decimals (6 below 1). NaN
 * writes `unknown`. */
void export_number(FILE *to, double value, const char *unknown);

/* Writes JSON with a newline. 0, or -ENOMEM with a problem, also for NULL. Takes the reference. */
int export_json(FILE *to, json_t *json, struct problem *problem);

/* A text within markup: in an element or attribute of XML, in a GitHub command (a property also
 * ends at a comma or a colon), in Markdown. */
void export_xml(FILE *to, const char *text);
void export_xml_attribute(FILE *to, const char *name, const char *text);
void export_annotation(FILE *to, const char *level, const char *title, const char *text);
void export_markdown_text(FILE *to, const char *text);

enum { EXPORT_ANNOTATIONS = 10 }; /* GitHub shows no more of one step */

/* ---- the formats, each in a file of its kind ---- */

typedef int export_writer(FILE *to, const struct export_input *input, struct problem *problem);
export_writer export_smaller, export_bigger, export_bmf, export_hyperfine; /* export_json.c */
export_writer export_go, export_csv;                                       /* export_text.c */
export_writer export_hgrm, export_hlog;                                    /* export_histogram.c */
export_writer export_openmetrics, export_prometheus;                       /* export_metrics.c */
export_writer export_junit, export_github, export_markdown;                /* export_ci.c */

/* export_duet.c */
void export_duet_junit(FILE *to, const struct duet_result *result);
void export_duet_github(FILE *to, const struct duet_result *result);
void export_duet_markdown(FILE *to, const struct duet_result *result);

#endif
