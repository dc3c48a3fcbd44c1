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

static int print_trust(FILE *to, const struct run *run) {
    struct trust trust;
    char *line = NULL;
    int error = trust_make(run, &trust);
    char *words = error == 0 ? trust_say(&trust) : NULL;
    if (words == NULL)
        return error != 0 ? error : -ENOMEM;
    int length =
        asprintf(&line, "Can I trust this machine? %s: %s%s", trust_answers[trust.answer], words,
                 trust.trials == trust.failed ? " No trial of this run is valid." : "");
    free(words);
    if (length < 0)
        return -ENOMEM;
    (void)fputc('\n', to);
    table_wrap(to, "", "    ", line);
    free(line);
    return 0;
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
