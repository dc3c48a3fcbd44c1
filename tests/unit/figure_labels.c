/* SPDX-License-Identifier: MIT */
/*
 * Tests of the places of names: nothing is covered, and who matters most comes first.
 */
#include "report/figure_labels.h"

#include "within.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct figure_label_box all = {0, 0, 800, 400}, key = {0, 0, 200, 100};

static int meet(struct figure_label_box a, struct figure_label_box b) {
    return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

static void alone_stands_right(void **state) {
    (void)state;
    struct figure_label label = {.x = 400, .y = 200, .length = 4};
    figure_labels_place(&label, 1, all, key);
    assert_int_equal(label.place, FIGURE_LABEL_RIGHT);
}

static void edges_and_the_key_are_kept_free(void **state) {
    (void)state;
    struct figure_label labels[] = {{.x = 795, .y = 200, .length = 4},
                                    {.x = 210, .y = 50, .length = 4},
                                    {.x = 100, .y = 50, .length = 4}};
    figure_labels_place(labels, 3, all, key);
    assert_int_equal(labels[0].place, FIGURE_LABEL_LEFT);
    assert_int_equal(labels[1].place, FIGURE_LABEL_RIGHT);
    assert_int_equal(labels[2].place, FIGURE_LABEL_NONE);
}

static void a_crowd_covers_nothing(void **state) {
    (void)state;
    enum { CROWD = 60 };
    struct figure_label labels[CROWD];
    size_t placed = 0;
    for (size_t i = 0; i < CROWD; i++)
        labels[i] = (struct figure_label){.x = 400 + (double)(i * 37 % 101),
                                          .y = 200 + (double)(i * 53 % 89),
                                          .length = 4 + i % 12,
                                          .rank = i == 41 ? 2 : 0};
    figure_labels_place(labels, CROWD, all, key);
    assert_int_not_equal(labels[41].place, FIGURE_LABEL_NONE);
    for (size_t i = 0; i < CROWD; i++) {
        placed += labels[i].place != FIGURE_LABEL_NONE;
        for (size_t k = 0; k < i && labels[i].place != FIGURE_LABEL_NONE; k++)
            if (labels[k].place != FIGURE_LABEL_NONE)
                assert_false(meet(figure_labels_box(&labels[i], labels[i].place),
                                  figure_labels_box(&labels[k], labels[k].place)));
    }
    assert_within(placed, 2, CROWD - 1);
}

static void the_same_point_twice_has_one_name_at_least(void **state) {
    (void)state;
    struct figure_label labels[] = {{.x = 400, .y = 200, .length = 6, .rank = 0},
                                    {.x = 402, .y = 201, .length = 6, .rank = 1}};
    figure_labels_place(labels, 2, all, key);
    assert_int_not_equal(labels[1].place, FIGURE_LABEL_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alone_stands_right),
        cmocka_unit_test(edges_and_the_key_are_kept_free),
        cmocka_unit_test(a_crowd_covers_nothing),
        cmocka_unit_test(the_same_point_twice_has_one_name_at_least),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
