# SPDX-License-Identifier: MIT
# rate.gp - a curve for each series over the load. style.gp says how to use it by hand.

folder(path) = path eq "" || path[strlen(path):] eq "/" ? path : folder(path[:strlen(path) - 1])
call folder(ARG0)."style.gp" ARG1 ARG2 ARG3 ARG4 ARG5 ARG6

# Ranges apply to stats too: all of them come first.
stats data using (column("x")) name "X" nooutput
stats data using (column("p50_ns")) name "VALUE" nooutput
low = VALUE_min
high = VALUE_max
reach(ns) = (high = ns > high ? ns : high, 0)
stats data using (reach(column("p99_ns")), column("p50_ns")) name "VALUE" nooutput
tick(ns) = time_text(ns)
load folder(ARG0)."ticks.gp"
set ylabel "latency from when it was due (log scale)"

set logscale x 10
set xrange [X_min / 1.3:X_max * 1.3]
set xlabel "requests a second (log scale): further left, the gap between two is longer"
set format x "%.0s %c"
plot for [i in present] data using (of(int(i), column("x"))):(column("p99_ns")) \
         with lines linewidth 0.8 linecolor rgb colour(int(i)) dashtype dash(int(i)) notitle, \
     for [i in present] data using (of(int(i), column("x"))):(column("p50_ns")) \
         with linespoints linewidth 2 pointsize size(int(i)) linecolor rgb colour(int(i)) \
         dashtype dash(int(i)) pointtype point(int(i)) title Label[int(i)]

load folder(ARG0)."png.gp"
