# SPDX-License-Identifier: MIT
# percentiles.gp - the round trip at each percentile, with the tail drawn wide: x counts nines.
# style.gp says how to use it by hand.

folder(path) = path eq "" || path[strlen(path):] eq "/" ? path : folder(path[:strlen(path) - 1])
call folder(ARG0)."style.gp" ARG1 ARG2 ARG3 ARG4 ARG5 ARG6

# Ranges apply to stats too: all of them come first.
stats data using (column("beyond")) name "BEYOND" nooutput
stats data using (column("value_ns")) name "VALUE" nooutput
low = VALUE_min > 0 ? VALUE_min : 1
high = VALUE_max
tick(ns) = time_text(ns)
load folder(ARG0)."ticks.gp"
set ylabel "round trip, at most (log scale)"

set logscale x 10
set xrange [1:BEYOND_max * 1.1]
set xlabel "share of the exchanges"
set xtics ("0%%" 1, "50%%" 2, "90%%" 10, "99%%" 100, "99.9%%" 1e3, "99.99%%" 1e4, \
           "99.999%%" 1e5, "99.9999%%" 1e6, "99.99999%%" 1e7, "99.999999%%" 1e8)

plot for [i in present] data using (of(int(i), column("beyond"))):(column("value_ns")) \
         with lines linewidth 2 linecolor rgb colour(int(i)) dashtype dash(int(i)) notitle, \
     for [i in present] data using (column("marked") == 1 ? of(int(i), column("beyond")) : NaN):(column("value_ns")) \
         with points linewidth 2 pointsize size(int(i)) linecolor rgb colour(int(i)) pointtype point(int(i)) notitle, \
     for [i in present] NaN with linespoints linewidth 2 pointsize size(int(i)) linecolor rgb colour(int(i)) \
         dashtype dash(int(i)) pointtype point(int(i)) title Label[int(i)]

load folder(ARG0)."png.gp"
