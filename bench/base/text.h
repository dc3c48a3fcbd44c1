/* SPDX-License-Identifier: MIT */
/*
 * text.h - what readers get to see. Names of hosts, CPUs and files come from elsewhere: here they
 * become plain text that neither a CSV reader nor gnuplot can take for anything else. No system
 * calls.
 */
#ifndef BENCH_TEXT_H
#define BENCH_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Copies text as one line of valid UTF-8: control characters and broken bytes become '?', and '"'
 * becomes '\'' (gnuplot ends a CSV field at any '"'). What is longer than `room` ends in "...". */
void text_plain(const char *from, char *text, size_t room);

/* The same for what gnuplot reads from a field and shows: it ends a text at a comma, also within
 * quotes, so that each ',' becomes ';'. */
void text_label(const char *from, char *text, size_t room);

/* Copies what may stand in a file's name: a-z, 0-9 and '-'; everything else becomes '-'. */
void text_file(const char *from, char *text, size_t room);

/* "64 B", "4 KiB". */
void text_size(uint64_t bytes, char *text, size_t room);

/* Writes one CSV field: a text, quoted; or a number, empty when it is not known. */
void text_field(FILE *csv, const char *text);
void text_number(FILE *csv, double number);

#endif
