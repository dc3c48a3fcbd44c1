/* SPDX-License-Identifier: MIT */
/*
 * figure_costs.c - predicts round trips from the floors, and writes each part as a share of what
 * was measured.
 */
#include "report/figure_costs.h"

#include "base/text.h"
#include "base/units.h"

#include <math.h>
#include <string.h>

enum { COPIES = 4 };

static double number(const json_t *json, const char *name) {
    const json_t *value = json_object_get(json, name);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* What the floors know of the cell's placement; NULL: nothing. */
static const json_t *pair_of(const json_t *floors, const char *placement) {
    size_t i;
    const json_t *pair;
    json_array_foreach(json_object_get(floors, "pairs"), i, pair) {
        const char *name = json_string_value(json_object_get(pair, "placement"));
        if (name != NULL && strcmp(name, placement) == 0)
            return pair;
    }
    return NULL;
}

/* The time of one copy, at the speed of the size that is nearest by ratio. */
static double copy_ns(const json_t *floors, double bytes) {
    double least = INFINITY, ns = NAN;
    size_t i;
    const json_t *copy;
    json_array_foreach(json_object_get(floors, "copies"), i, copy) {
        double far = fabs(log2(number(copy, "size_bytes") / bytes));
        if (far < least) {
            least = far;
            ns = bytes * 1e9 / number(copy, "median_bytes_per_second");
        }
    }
    return ns;
}

static double wakeups_ns(const struct cell *cell, const json_t *pair) {
    if (strcmp(cell->placement, "same-core") == 0)
        return 2 * number(pair, "switch_median_ns");
    return cell->wait == IPC_BLOCK ? 2 * number(pair, "wakeup_median_ns") : 0;
}

static double known(double ns) {
    return isnan(ns) ? 0 : ns;
}

bool figure_costs_of(const struct run *run, const struct cell_summary *cell,
                     struct figure_costs *costs) {
    const json_t *floors = json_object_get(run->environment, "floors");
    const json_t *pair = pair_of(floors, cell->cell.placement);
    if (pair == NULL || isnan(cell->system_calls) || !(cell->mean_ns > 0))
        return false;
    bool one_cpu = strcmp(cell->cell.placement, "same-core") == 0;
    *costs = (struct figure_costs){
        .system_calls_ns = cell->system_calls * number(floors, "system_call_median_ns"),
        .copies_ns = COPIES * copy_ns(floors, (double)cell->cell.size_bytes),
        .wakeups_ns = wakeups_ns(&cell->cell, pair),
        .coherence_ns = one_cpu ? 0 : number(pair, "bounce_median_ns"),
        .measured_ns = cell->mean_ns};
    costs->predicted_ns = known(costs->system_calls_ns) + known(costs->copies_ns) +
                          known(costs->wakeups_ns) + known(costs->coherence_ns);
    return true;
}

static void print_row(FILE *csv, const struct figure_cell *cell, const struct figure_costs *costs,
                      size_t row) {
    const struct cell *of = &cell->summary->cell;
    char text[160], label[112], ns[32];
    units_format_ns(costs->measured_ns, ns, sizeof ns);
    (void)snprintf(text, sizeof text, "%.40s %s %s: %s", cell->transport, cell_waits[of->wait],
                   of->placement, ns);
    text_label(text, label, sizeof label);
    (void)fputs("1,1,1,\"cells\",", csv);
    text_field(csv, cell->summary->key);
    (void)fprintf(csv, ",%zu,%zu,", cell->summary->trials, row);
    text_field(csv, label);
    const double share = 100 / costs->measured_ns;
    const double numbers[] = {
        share * costs->system_calls_ns, share * costs->copies_ns, share * costs->wakeups_ns,
        share * costs->coherence_ns,    costs->predicted_ns,      costs->measured_ns};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        (void)fputc(',', csv);
        text_number(csv, numbers[i]);
    }
    (void)fputc('\n', csv);
}

int figure_costs_rows(const struct figure_slice *slice, FILE *csv, struct figure *figure,
                      struct problem *problem) {
    (void)problem;
    size_t row = 0;
    for (size_t i = 0; i < slice->count; i++) {
        const struct figure_cell *cell = &slice->cells[i];
        struct figure_costs costs;
        if (cell->summary->cell.size_bytes != figure->size_bytes || cell->run_number != 1 ||
            !figure_costs_of(&cell->run->run, cell->summary, &costs))
            continue;
        print_row(csv, cell, &costs, ++row);
        figure_count(figure, cell);
    }
    return 0;
}
