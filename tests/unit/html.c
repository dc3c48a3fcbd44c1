/* SPDX-License-Identifier: MIT */
/*
 * html.c - what the writer of HTML makes of text that means harm, of numbers, and of a picture.
 */
#include "report/html.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *text;
static size_t bytes;
static FILE *to;

static int open_stream(void **state) {
    (void)state;
    to = open_memstream(&text, &bytes);
    return to == NULL;
}

static int close_stream(void **state) {
    (void)state;
    free(text);
    return 0;
}

static void expect(const char *expected) {
    assert_int_equal(fclose(to), 0);
    assert_string_equal(text, expected);
}

static void markup_becomes_text(void **state) {
    (void)state;
    html_text(to, "<b a='1'>&amp;\x01\xff\xe2\x80\xae");
    expect("&lt;b a=&#39;1&#39;&gt;&amp;amp;?????");
}

static void an_element_ends_with_its_name(void **state) {
    (void)state;
    html_element(to, "td class=num", "<i>");
    expect("<td class=num>&lt;i&gt;</td>");
}

static void numbers_carry_what_they_sort_by(void **state) {
    (void)state;
    html_ns(to, 1234.5);
    html_ns(to, NAN);
    expect("<td class=num data-value=\"1234.5\">1.23 us</td><td class=num data-value=\"\">-</td>");
}

/* RFC 4648's vectors, one after the other. */
static void pictures_are_base64(void **state) {
    (void)state;
    html_image(to, "foobar", 6, "a \"chart\"");
    html_image(to, "fooba", 5, "");
    html_image(to, "foob", 4, "");
    expect("<img src=\"data:image/svg+xml;base64,Zm9vYmFy\" alt=\"a &#39;chart&#39;\">"
           "<img src=\"data:image/svg+xml;base64,Zm9vYmE=\" alt=\"\">"
           "<img src=\"data:image/svg+xml;base64,Zm9vYg==\" alt=\"\">");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(markup_becomes_text, open_stream, close_stream),
        cmocka_unit_test_setup_teardown(an_element_ends_with_its_name, open_stream, close_stream),
        cmocka_unit_test_setup_teardown(numbers_carry_what_they_sort_by, open_stream, close_stream),
        cmocka_unit_test_setup_teardown(pictures_are_base64, open_stream, close_stream),
    };
    return cmocka_run_group_tests_name("html", tests, NULL, NULL);
}
