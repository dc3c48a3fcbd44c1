/* SPDX-License-Identifier: MIT */
/*
 * progress.c - draws and removes the line that says how far a run is.
 */
#include "base/progress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ERASE "\r\x1b[K" /* to the left edge, and clear the line */

void progress_begin(struct progress *progress, FILE *to, bool quiet) {
    const char *terminal = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");
    bool dumb = terminal == NULL || strcmp(terminal, "dumb") == 0;
    progress->to = to;
    progress->on = !quiet && !dumb && isatty(fileno(to)) == 1;
    progress->bold = no_color == NULL || no_color[0] == '\0';
    progress->drawn = false;
}

static int columns(FILE *to) {
    struct winsize size;
    return ioctl(fileno(to), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void progress_show(struct progress *progress, size_t done, size_t expected, const char *cell,
                   double left_seconds) {
    char count[48], rest[320];
    if (!progress->on)
        return;
    int used = snprintf(count, sizeof count, "%zu/%zu", done, expected);
    (void)snprintf(rest, sizeof rest, "  %.0f s left  %s", ceil(left_seconds), cell);
    int room = columns(progress->to) - 1 - used; /* the last column would wrap */
    (void)fprintf(progress->to, ERASE "%s%s%s%.*s", progress->bold ? "\x1b[1m" : "", count,
                  progress->bold ? "\x1b[0m" : "", room > 0 ? room : 0, rest);
    (void)fflush(progress->to);
    progress->drawn = true;
}

void progress_clear(struct progress *progress) {
    if (!progress->drawn)
        return;
    (void)fputs(ERASE, progress->to);
    (void)fflush(progress->to);
    progress->drawn = false;
}
