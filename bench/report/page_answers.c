/* SPDX-License-Identifier: MIT */
/*
 * page_answers.c - the parts of the page that answer: verdict, trust, and the HOWTO's claims.
 */
#include "base/units.h"
#include "judge/claims.h"
#include "judge/trust.h"
#include "judge/verdict.h"
#include "report/html.h"
#include "report/page.h"
#include "run/knee_search.h"

#include <errno.h>
#include <stdlib.h>

static void best(FILE *to, const struct verdict *verdict, const struct run *run) {
    const struct cell_summary *cell = verdict->best;
    struct contest_cost cost = contest_cost_of(run, cell);
    char name[64], text[160], cpu[32];
    verdict_name(&cell->cell, name, sizeof name);
    verdict_cost(&cost, text, sizeof text);
    units_format_ns(cell->cpu_ns, cpu, sizeof cpu);
    html_element(to, "span class=best", name);
    (void)fputs(" ", to);
    if (verdict->tied_count > 0)
        (void)fputs("<span class=badge>tie</span> ", to);
    html_text(to, cell_waits[cell->cell.wait]);
    (void)fputs(", ", to);
    html_text(to, cell->cell.placement);
    (void)fputs(": <strong>", to);
    html_text(to, text);
    (void)fputs("</strong>, CPU ", to);
    html_text(to, cpu);
}

static void question(FILE *to, const struct verdict *verdict, const struct run *run) {
    char lead[640];
    (void)fputs("<li>", to);
    html_element(to, "span class=small", verdict->question->asks);
    (void)fputs("<br>", to);
    if (verdict->best == NULL) {
        (void)fputs("<span class=soft>no answer: this run has no such cell that is valid</span>"
                    "</li>\n",
                    to);
        return;
    }
    best(to, verdict, run);
    verdict_lead(verdict, lead, sizeof lead);
    (void)fputs("<br><span class=\"soft small\">", to);
    html_text(to, lead);
    (void)fputs("</span></li>\n", to);
}

void page_verdict(FILE *to, const struct run *run) {
    struct verdict verdicts[VERDICT_QUESTIONS];
    size_t answered = 0;
    verdict_make(run, verdicts);
    for (size_t i = 0; i < VERDICT_QUESTIONS; i++)
        answered += verdicts[i].best != NULL;
    if (answered == 0) {
        (void)fputs("<p class=soft>No answer: this run has no valid round trip of 64 B or 4 KiB."
                    "</p>\n",
                    to);
        return;
    }
    (void)fputs("<ul class=answers>\n", to);
    for (size_t i = 0; i < VERDICT_QUESTIONS; i++)
        question(to, &verdicts[i], run);
    (void)fputs("</ul>\n<p class=\"soft small\">A request and its reply: the median and its 95% "
                "interval over trials; a tie where intervals meet. To burn a core is to spin or to "
                "park; not to is to sleep in the kernel (block).</p>\n",
                to);
}

static void knee(FILE *to, bool first, const char *key, const char *found) {
    if (first)
        (void)fprintf(to,
                      "<p class=small>Where an open loop saturates (kept up: at most %.0f%% below "
                      "the rate, p99 at most %.0f times that at the low rate):</p>\n<ul "
                      "class=answers>\n",
                      KNEE_SHORTFALL * 100, KNEE_TAIL);
    (void)fputs("<li>", to);
    html_element(to, "span class=small", key);
    (void)fputs("<br>", to);
    html_text(to, found);
    (void)fputs("</li>\n", to);
}

void page_knees(FILE *to, const struct run *run) {
    if (knee_search_each(run, to, knee) > 0)
        (void)fputs("</ul>\n", to);
}

static void badge(FILE *to, const char *class, const char *word) {
    (void)fprintf(to, "<span class=\"badge %s\">%s</span>", class, word);
}

/* What doctor found that is not in order, with the command that mends it. */
static void findings(FILE *to, const struct run *run) {
    const json_t *doctor = json_object_get(run->environment, "doctor"), *check;
    size_t i;
    json_array_foreach(json_object_get(doctor, "checks"), i, check) {
        const char *verdict = json_string_value(json_object_get(check, "verdict"));
        const char *name = json_string_value(json_object_get(check, "name"));
        const char *found = json_string_value(json_object_get(check, "found"));
        const char *mend = json_string_value(json_object_get(check, "mend"));
        if (verdict == NULL || (verdict[0] != 'w' && !(verdict[0] == 'u' && verdict[2] == 'f')))
            continue;
        (void)fputs("<li>", to);
        html_element(to, "strong", name != NULL ? name : "?");
        (void)fputs(": ", to);
        html_text(to, found != NULL ? found : "not known");
        if (mend != NULL) {
            (void)fputs(". <span class=soft>To mend it: ", to);
            html_text(to, mend);
            (void)fputs("</span>", to);
        }
        (void)fputs("</li>\n", to);
    }
}

int page_trust(FILE *to, const struct run *run) {
    static const char *const classes[] = {"", "yes", "", "no"};
    struct trust trust;
    int error = trust_make(run, &trust);
    if (error != 0)
        return error;
    char *words = trust_say(&trust);
    if (words == NULL)
        return -ENOMEM;
    (void)fputs("<p>", to);
    badge(to, classes[trust.answer], trust_answers[trust.answer]);
    (void)fputc(' ', to);
    html_text(to, words);
    (void)fputs("</p>\n", to);
    free(words);
    if (trust.trials == trust.failed)
        (void)fputs("<p class=why><strong>No trial of this run is valid.</strong> What stands "
                    "below says why.</p>\n",
                    to);
    if (trust.warnings > 0) {
        (void)fputs("<details><summary>What doctor found</summary>\n<ul class=small>\n", to);
        findings(to, run);
        (void)fputs("</ul></details>\n", to);
    }
    return 0;
}

static void pair(FILE *to, const struct contest *pair) {
    static const char *const outcomes[] = {"cannot tell", "tie", "the first", "the second"};
    const struct cell_summary *const cells[] = {pair->left, pair->right};
    const struct contest_cost *const costs[] = {&pair->left_cost, &pair->right_cost};
    char text[160], times[32], low[32], high[32];
    (void)fputs("<tr>", to);
    for (size_t i = 0; i < 2; i++) {
        html_element(to, "td", cells[i]->key);
        verdict_cost(costs[i], text, sizeof text);
        html_number(to, costs[i]->ns, text);
    }
    verdict_times(pair->times, times, sizeof times);
    verdict_times(pair->times_low, low, sizeof low);
    verdict_times(pair->times_high, high, sizeof high);
    (void)snprintf(text, sizeof text, "%s (%s to %s)", times, low, high);
    html_number(to, pair->times, text);
    html_element(to, "td", outcomes[pair->outcome]);
    (void)fputs("</tr>\n", to);
}

static void evidence(FILE *to, const struct claim *claim, const char *name) {
    (void)fprintf(to, "<details><summary>Evidence: %zu pair%s of cells</summary>\n", claim->count,
                  claim->count == 1 ? "" : "s");
    (void)fputs("<div class=scroll tabindex=0 role=region aria-label=\"Evidence: ", to);
    html_text(to, claim->kind->says);
    (void)fputs("\">\n<table class=sorts><caption>", to);
    html_text(to, claim->kind->left);
    (void)fputs(" against ", to);
    html_text(to, claim->kind->right);
    if (name[0] != '\0') {
        (void)fputs(", run ", to);
        html_text(to, name);
    }
    (void)fputs("</caption>\n<thead><tr><th scope=col>first</th><th scope=col class=num>its cost "
                "(95%)</th><th scope=col>second</th><th scope=col class=num>its cost (95%)</th>"
                "<th scope=col class=num>second / first</th><th scope=col>faster</th></tr></thead>"
                "<tbody>\n",
                to);
    for (size_t i = 0; i < claim->count; i++)
        pair(to, &claim->pairs[i]);
    (void)fputs("</tbody></table></div></details>\n", to);
}

static void route(FILE *to, const char *who, const char *route) {
    html_text(to, who);
    (void)fputs(": <code>", to);
    html_text(to, route != NULL ? route : "not known");
    (void)fputs("</code> ", to);
}

static void one_claim(FILE *to, const struct claim *claim, const char *name) {
    static const char *const classes[] = {"", "supported", "refuted"};
    char because[512];
    claims_say(claim, because, sizeof because);
    (void)fputs("<li>", to);
    badge(to, classes[claim->answer], claims_answers[claim->answer]);
    (void)fputs(" <strong>", to);
    html_text(to, claim->kind->says);
    (void)fputs("</strong><br>Here: ", to);
    html_text(to, because);
    (void)fputs(".", to);
    if (claim->kind->shows_route && claim->count > 0) {
        (void)fputs(" Routes: ", to);
        route(to, claim->kind->left, claim->left_route);
        route(to, claim->kind->right, claim->right_route);
    }
    (void)fputs("<br><span class=\"soft small\">Criterion: ", to);
    html_text(to, claim->kind->criterion);
    (void)fputs(".</span>\n", to);
    if (claim->count > 0)
        evidence(to, claim, name);
    (void)fputs("</li>\n", to);
}

/* Each claim in a line, with the way to its evidence. */
int page_claims(FILE *to, const struct run *run) {
    static const char *const classes[] = {"", "supported", "refuted"};
    struct claim claims[CLAIMS];
    int error = claims_make(run, claims);
    if (error != 0)
        return error;
    (void)fputs("<ul class=claims>\n", to);
    for (size_t i = 0; i < CLAIMS; i++) {
        (void)fputs("<li>", to);
        badge(to, classes[claims[i].answer], claims_answers[claims[i].answer]);
        (void)fputs(" ", to);
        html_text(to, claims[i].kind->says);
        if (claims[i].count == 0)
            (void)fputs(" <span class=\"soft small\">(not measured)</span>", to);
        (void)fputs("</li>\n", to);
    }
    (void)fputs("</ul>\n<p class=small><a href=\"#evidence\">Criteria and evidence</a></p>\n", to);
    claims_free(claims);
    return 0;
}

int page_evidence(FILE *to, const struct run *run, const char *name) {
    struct claim claims[CLAIMS];
    int error = claims_make(run, claims);
    if (error != 0)
        return error;
    (void)fputs("<ul class=answers>\n", to);
    for (size_t i = 0; i < CLAIMS; i++)
        one_claim(to, &claims[i], name);
    (void)fputs("</ul>\n", to);
    claims_free(claims);
    return 0;
}
