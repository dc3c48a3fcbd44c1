/* SPDX-License-Identifier: MIT */
/*
 * table.c - columns align, no line ends in blanks, and long text wraps between words.
 */
#include "base/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct table_column columns[] = {{"name", false}, {"size", true}, {"note", false}};

/* What a stream was given; the caller frees. */
struct output {
    char *text;
    size_t length;
    FILE *to;
};

static void begin(struct output *output) {
    output->to = open_memstream(&output->text, &output->length);
    assert_non_null(output->to);
}

static void expect(struct output *output, const char *text) {
    assert_int_equal(fclose(output->to), 0);
    assert_string_equal(output->text, text);
    free(output->text);
}

static void columns_align(void **state) {
    (void)state;
    struct table table;
    struct output output;
    static const char *const cells[] = {"pipe", "8", "x", "a-long-name", "65536", "", "", "1", "y"};
    table_init(&table, columns, 3);
    for (int i = 0; i < 9; i++) {
        table_add(&table, cells[i]);
        if (i == 5)
            table_gap(&table);
    }
    begin(&output);
    assert_int_equal(table_print(&table, output.to, "> "), 0);
    expect(&output, "> name          size  note\n"
                    "> pipe             8  x\n"
                    "> a-long-name  65536\n"
                    "\n"
                    ">                  1  y\n");
    table_free(&table);
}

static void wide_tables_stand_closer(void **state) {
    (void)state;
    struct table table;
    struct output output;
    char expected[256], name[TABLE_WIDTH - 13 + 2];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    for (int longer = 0; longer < 2; longer++) { /* as wide as a line, then by one wider */
        name[sizeof name - 2] = longer ? 'n' : '\0';
        table_init(&table, columns, 3);
        table_add(&table, name);
        table_add(&table, "1");
        table_add(&table, "note");
        begin(&output);
        assert_int_equal(table_print(&table, output.to, " "), 0);
        (void)snprintf(expected, sizeof expected, " %-*s%s%s%snote\n %s%s%4s%snote\n",
                       (int)strlen(name), "name", longer ? " " : "  ", "size", longer ? " " : "  ",
                       name, longer ? " " : "  ", "1", longer ? " " : "  ");
        assert_int_equal(strchr(expected, '\n') - expected, longer ? TABLE_WIDTH - 1 : TABLE_WIDTH);
        expect(&output, expected);
        table_free(&table);
    }
}

static void a_table_without_rows_has_its_heads(void **state) {
    (void)state;
    struct table table;
    struct output output;
    table_init(&table, columns, 3);
    begin(&output);
    assert_int_equal(table_print(&table, output.to, ""), 0);
    expect(&output, "name  size  note\n");
    table_free(&table);
}

static void many_rows_are_kept(void **state) {
    (void)state;
    struct table table;
    struct output output;
    size_t lines = 0;
    table_init(&table, columns, 3);
    for (int i = 0; i < 3 * 1000; i++)
        table_add(&table, "cell");
    begin(&output);
    assert_int_equal(table_print(&table, output.to, ""), 0);
    assert_int_equal(fclose(output.to), 0);
    for (const char *c = output.text; *c != '\0'; c++)
        lines += *c == '\n';
    assert_int_equal(lines, 1001);
    free(output.text);
    table_free(&table);
}

static void text_wraps_between_words(void **state) {
    (void)state;
    struct output output;
    char text[600] = "", word[121] = "";
    for (int i = 0; i < 30; i++)
        strcat(text, "nine-char ");
    memset(word, 'w', sizeof word - 1);
    strcat(text, word);
    begin(&output);
    table_wrap(output.to, "first: ", "  ", text);
    assert_int_equal(fclose(output.to), 0);
    size_t lines = 0, words = 0;
    char *rest = NULL;
    for (char *line = strtok_r(output.text, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        if (strstr(line, word) == NULL)
            assert_true(strlen(line) <= TABLE_WIDTH);
        assert_int_equal(strncmp(line, lines == 0 ? "first: " : "  ", lines == 0 ? 7 : 2), 0);
        for (const char *c = line; (c = strstr(c, "nine-char")) != NULL; c++)
            words++;
        lines++;
    }
    assert_int_equal(words, 30);
    assert_int_equal(lines, 5);
    free(output.text);
}

static void control_characters_do_not_reach_the_terminal(void **state) {
    (void)state;
    struct output output;
    begin(&output);
    table_wrap(output.to, "", "", "a\033[31m b\n\nc");
    expect(&output, "a?[31m b c\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_align),
        cmocka_unit_test(wide_tables_stand_closer),
        cmocka_unit_test(a_table_without_rows_has_its_heads),
        cmocka_unit_test(many_rows_are_kept),
        cmocka_unit_test(text_wraps_between_words),
        cmocka_unit_test(control_characters_do_not_reach_the_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
