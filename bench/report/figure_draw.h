/* SPDX-License-Identifier: MIT */
/*
 * figure_draw.h - draws one figure: runs gnuplot with the figure's script. No shell is involved,
 * text reaches gnuplot as arguments and data only, and all files between the two processes live in
 * memory: a drawing that fails or is interrupted leaves nothing behind.
 */
#ifndef BENCH_FIGURE_DRAW_H
#define BENCH_FIGURE_DRAW_H

#include "report/figure.h"

/* What came out; freed by figure_draw_free. */
struct figure_pictures {
    char *svg, *png;
    size_t svg_bytes, png_bytes;
};

/* Draws a figure that has data. `scripts` is the absolute folder of its script. 0; -ENOPKG with a
 * problem when there is no gnuplot; -EIO with a problem that quotes gnuplot; or another -errno. */
int figure_draw(const struct figure *figure, const char *scripts, const char *caption,
                struct figure_pictures *pictures, struct problem *problem);
/* The same as text of so many columns, for a terminal; of the kinds "latency" and "percentiles".
 * The caller frees *text, also on failure. */
int figure_draw_text(const struct figure *figure, const char *scripts, unsigned columns,
                     char **text, struct problem *problem);
void figure_draw_free(struct figure_pictures *pictures);

#endif
