/* SPDX-License-Identifier: MIT */
/*
 * show_answers.c - verdict, trust and claims as lines of text.
 */
#include "report/show_answers.h"

#include "base/table.h"
#include "judge/claims.h"
#include "judge/trust.h"
#include "judge/verdict.h"
#include "run/knee_search.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static void print_verdicts(FILE *to, const struct run *run) {
    struct verdict verdicts[VERDICT_QUESTIONS];
    int any = 0;
    verdict_make(run, verdicts);
    for (size_t i = 0; i < VERDICT_QUESTIONS; i++) {
        char answer[1024], line[1200];
        if (verdicts[i].best == NULL)
            continue;
        verdict_say(&verdicts[i], answer, sizeof answer);
        (void)snprintf(line, sizeof line, "%s: %s", verdicts[i].question->asks, answer);
        if (!any++)
            (void)fputs("\nWhich one? (request and reply, median and its 95% interval)\n", to);
        table_wrap(to, "  ", "      ", line);
    }
}

static void say_share(FILE *to, double share) {
    if (isnan(share))
        (void)fputs("not known", to);
    else
        (void)fprintf(to, "%.*f%%", share < 0.1 ? 1 : 0, 100 * share);
}

static void say_flags(FILE *to, const struct trust *trust) {
    for (size_t i = 0; i < trust->flag_count; i++)
        (void)fprintf(to, "%s%s %zu", i > 0 ? ", " : " (", trust->flags[i].name,
                      trust->flags[i].trials);
    (void)fputs(trust->flag_count > 0 ? ")" : "", to);
}

static void say_places(FILE *to, const struct trust *trust) {
    for (size_t i = 0; i < trust->place_count; i++) {
        (void)fprintf(to, "%s%s ", i > 0 ? ", " : "", trust->places[i].placement);
        say_share(to, trust->places[i].smallest);
    }
    (void)fputs(trust->place_count == 0 ? "not known" : "", to);
}

/* In the words of the report's page (page_answers.c), which a test holds against these. */
static void say_trust(FILE *to, const struct trust *trust) {
    (void)fprintf(to, "Can I trust this machine? %s: doctor: %s, %zu finding%s. ",
                  trust_answers[trust->answer], trust->fit, trust->warnings,
                  trust->warnings == 1 ? "" : "s");
    (void)fprintf(to, "Trials: %zu, of which %zu failed and %zu were interfered with",
                  trust->trials, trust->failed, trust->flagged);
    say_flags(to, trust);
    (void)fputs(". Steal: ", to);
    say_share(to, trust->steal_share);
    (void)fputs(". Smallest difference visible between two cells: ", to);
    say_places(to, trust);
    (void)fputs(trust->trials == trust->failed ? ". No trial of this run is valid." : ".", to);
}

static int print_trust(FILE *to, const struct run *run) {
    struct trust trust;
    char *line = NULL;
    size_t length;
    int error = trust_make(run, &trust);
    FILE *memory = error == 0 ? open_memstream(&line, &length) : NULL;
    if (memory == NULL)
        return error != 0 ? error : -ENOMEM;
    say_trust(memory, &trust);
    error = fclose(memory) != 0 ? -ENOMEM : 0;
    if (error == 0) {
        (void)fputc('\n', to);
        table_wrap(to, "", "    ", line);
    }
    free(line);
    return error;
}

static int print_claims(FILE *to, const struct run *run) {
    struct claim claims[CLAIMS];
    int error = claims_make(run, claims), any = 0;
    if (error != 0)
        return error;
    for (size_t i = 0; i < CLAIMS; i++) {
        char because[512], line[1200];
        if (claims[i].count == 0)
            continue;
        claims_say(&claims[i], because, sizeof because);
        (void)snprintf(line, sizeof line, "%s: %s (%s)", claims_answers[claims[i].answer],
                       claims[i].kind->says, because);
        if (!any++)
            (void)fputs("\nWhat Python's Socket HOWTO says, held against this run\n", to);
        table_wrap(to, "  ", "      ", line);
    }
    claims_free(claims);
    return 0;
}

int show_answers(FILE *to, const struct run *run) {
    knee_search_show(to, run);
    print_verdicts(to, run);
    int error = print_trust(to, run);
    return error != 0 ? error : print_claims(to, run);
}
