/* SPDX-License-Identifier: MIT */
/*
 * page_matrix.c - what placement costs as a table: a row for each transport and wait, a column for
 * each placement from near to far.
 */
#include "host/topology.h"
#include "report/html.h"
#include "report/page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool is_shown(const struct cell_summary *cell, uint64_t bytes) {
    return cell->status == RECORD_OK && strcmp(cell->cell.workload, "pingpong") == 0 &&
           cell->cell.size_bytes == bytes;
}

static bool is_row(const struct cell *a, const struct cell *b) {
    return a->wait == b->wait && strcmp(a->transport, b->transport) == 0 &&
           strcmp(a->knobs, b->knobs) == 0;
}

/* The row's cell of this placement; NULL: it has none. */
static const struct cell_summary *find(const struct run *run, const struct cell *row,
                                       const char *placement) {
    for (size_t i = 0; i < run->cell_count; i++)
        if (is_shown(&run->cells[i], row->size_bytes) && is_row(&run->cells[i].cell, row) &&
            strcmp(run->cells[i].cell.placement, placement) == 0)
            return &run->cells[i];
    return NULL;
}

/* Which classes of the machine the run has, in the order of topology_names. */
static size_t find_placements(const struct run *run, uint64_t bytes, const char **placements) {
    size_t count = 0;
    for (size_t name = 0; topology_names[name] != NULL; name++)
        for (size_t i = 0; i < run->cell_count; i++)
            if (is_shown(&run->cells[i], bytes) &&
                strcmp(run->cells[i].cell.placement, topology_names[name]) == 0) {
                placements[count++] = topology_names[name];
                break;
            }
    return count;
}

static bool begins_row(const struct run *run, size_t at, uint64_t bytes) {
    if (!is_shown(&run->cells[at], bytes))
        return false;
    for (size_t i = 0; i < at; i++)
        if (is_shown(&run->cells[i], bytes) && is_row(&run->cells[i].cell, &run->cells[at].cell))
            return false;
    return true;
}

static void row(FILE *to, const struct run *run, const struct cell *cell,
                const char *const *placements, size_t count) {
    char name[sizeof cell->transport + sizeof cell->knobs + 1];
    (void)snprintf(name, sizeof name, "%s%s%s", cell->transport, cell->knobs[0] != '\0' ? ":" : "",
                   cell->knobs);
    (void)fputs("<tr>", to);
    html_element(to, "th scope=row", name);
    html_element(to, "td", cell_waits[cell->wait]);
    for (size_t i = 0; i < count; i++) {
        const struct cell_summary *found = find(run, cell, placements[i]);
        html_ns(to, found != NULL ? found->p50_ns : NAN);
    }
    (void)fputs("</tr>\n", to);
}

void page_matrix(FILE *to, const struct figure *figure, const struct figure_run *run) {
    const char *placements[16];
    size_t count = find_placements(&run->run, figure->size_bytes, placements);
    if (count < 2)
        return;
    (void)fputs("<div class=scroll tabindex=0 role=region aria-label=\"Placement in numbers\">\n"
                "<table class=sorts><caption>p50 by placement, from near to far, run ",
                to);
    html_text(to, run->name);
    (void)fputs("</caption>\n<thead><tr><th scope=col>transport</th><th scope=col>wait</th>", to);
    for (size_t i = 0; i < count; i++)
        html_element(to, "th scope=col class=num", placements[i]);
    (void)fputs("</tr></thead><tbody>\n", to);
    for (size_t i = 0; i < run->run.cell_count; i++)
        if (begins_row(&run->run, i, figure->size_bytes))
            row(to, &run->run, &run->run.cells[i].cell, placements, count);
    (void)fputs("</tbody></table></div>\n", to);
}
