/* SPDX-License-Identifier: MIT */
/*
 * html.h - writes HTML. Whatever comes from a run file goes through html_text, which is the one
 * place where text becomes HTML; everything else that is written is a literal of ours. Errors stay
 * in the stream (ferror). No system calls of its own.
 */
#ifndef BENCH_HTML_H
#define BENCH_HTML_H

#include <stddef.h>
#include <stdio.h>

/* Text between tags or in a quoted attribute. Control characters, marks that reverse the direction
 * of text, and what is no UTF-8 come out as '?'. */
void html_text(FILE *to, const char *text);

/* <tag>text</tag>; `open` is the tag with its attributes, which are ours: "td class=num". */
void html_element(FILE *to, const char *open, const char *text);

/* A cell of a table that sorts by `value`: <td data-value="...">; NaN sorts last. */
void html_number(FILE *to, double value, const char *text);

/* A cell with a duration, or with a multiple or share; "-" where it is not known. */
void html_ns(FILE *to, double ns);

/* An image that needs no file: <img src="data:image/svg+xml;base64,..." alt="...">. */
void html_image(FILE *to, const char *svg, size_t bytes, const char *alt);

#endif
