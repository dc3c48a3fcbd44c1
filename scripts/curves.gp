# SPDX-License-Identifier: MIT
# curves.gp - the curves of a figure in characters, for a terminal. It is used as
#
#   gnuplot -c scripts/curves.gp DATA.csv OUT.txt COLUMNS TITLE X Y
#
# DATA is that of latency.gp (X size_bytes, Y p50_ns) or of percentiles.gp (X beyond, Y value_ns).
# Each curve is a letter at its points.

folder(path) = path eq "" || path[strlen(path):] eq "/" ? path : folder(path[:strlen(path) - 1])
data = ARG1
set encoding utf8
set datafile separator comma
set datafile commentschars ""
set datafile missing NaN
load folder(ARG0)."text.gp"
by_size = ARG5 eq "size_bytes"

stats data using (column("series")) name "SERIES" nooutput
last_series = int(SERIES_max)
array Label[last_series]
do for [i = 1:last_series] { Label[i] = "" }
take(i) = (Label[i] = strcol("label"), i)
stats data using (take(int(column("series")))) name "SERIES" nooutput
present = ""
do for [i = 1:last_series] { if (Label[i] ne "") { present = present.sprintf(" %d", i) } }
of(i, value) = int(column("series")) == i ? value : NaN

# Of the percentiles only the round ones: 50, 90, 99 ...
at(value) = by_size || column("marked") == 1 ? value : NaN

stats data using (column(ARG5)) name "X" nooutput
stats data using (at(column(ARG6))) name "Y" nooutput
low = Y_min > 0 ? Y_min : 1
high = Y_max
tick(ns) = time_text(ns)
load folder(ARG0)."ticks.gp"
set format y ""

set border 3
set tics nomirror
set key outside right top vertical Left reverse noenhanced samplen 1
set title ARG4 noenhanced
set terminal dumb noenhanced mono size int(ARG3),22
set output ARG2
if (by_size) {
    set logscale x 2
    set xrange [X_min / 1.2:X_max * 1.2]
    set xtics ()
    do for [i = 0:8] { size = 8.0**i; set xtics add (size_text(int(size)) size) }
} else {
    set logscale x 10
    set xrange [1.6:X_max * 1.2]
    set xtics ("50%%" 2, "90%%" 10, "99%%" 100, "99.9%%" 1e3, "99.99%%" 1e4, "99.999%%" 1e5, "99.9999%%" 1e6)
}
plot for [n = 1:words(present)] data using (of(int(word(present, n)), at(column(ARG5)))):(column(ARG6)) \
         with linespoints pointtype n title Label[int(word(present, n))]
set output
