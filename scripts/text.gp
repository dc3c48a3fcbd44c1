# SPDX-License-Identifier: MIT
# text.gp - how numbers are written in figures; see style.gp.

# Text. Values have their unit at the axis' own numbers, so that ns and ms fit on one log axis.
si(value) = value < 1e3 ? sprintf("%g", value) : value < 1e6 ? sprintf("%g k", value / 1e3) : \
            value < 1e9 ? sprintf("%g M", value / 1e6) : sprintf("%g G", value / 1e9)
time_text(ns) = ns < 1e3 ? sprintf("%.3g ns", ns) : ns < 1e6 ? sprintf("%.3g us", ns / 1e3) : \
                ns < 1e9 ? sprintf("%.3g ms", ns / 1e6) : sprintf("%.3g s", ns / 1e9)
rate_text(bytes) = si(bytes).(bytes < 1e3 ? " B/s" : "B/s")
size_text(bytes) = bytes >= 2**20 && bytes % 2**20 == 0 ? sprintf("%d MiB", bytes / 2**20) : \
                   bytes >= 2**10 && bytes % 2**10 == 0 ? sprintf("%d KiB", bytes / 2**10) : \
                   sprintf("%d B", bytes)
lines(text) = strlen(text) == 0 ? 0 : strstrt(text, "\n") == 0 ? 1 : \
              1 + lines(text[strstrt(text, "\n") + 1:*])
