# SPDX-License-Identifier: MIT
# latency.gp - round trip by message size: p50 as a thick line, p99 as a thin one. With one run the
# band between them is shaded; with several that would hide more than it shows. style.gp says how to
# use it by hand.

folder(path) = path eq "" || path[strlen(path):] eq "/" ? path : folder(path[:strlen(path) - 1])
call folder(ARG0)."style.gp" ARG1 ARG2 ARG3 ARG4 ARG5 ARG6
load folder(ARG0)."sizes.gp"

stats data using (column("p50_ns")) name "P50" nooutput
low = P50_min
high = P50_max
reach(ns) = (high = ns > high ? ns : high, 0)
stats data using (reach(column("p99_ns")), column("p50_ns")) name "P50" nooutput
tick(ns) = time_text(ns)
load folder(ARG0)."ticks.gp"
set ylabel "round trip (log scale)"

alone(value) = last_run == 1 ? value : NaN
plot for [i in present] data using (of(int(i), alone(column("size_bytes")))):(column("p50_ns")):(column("p99_ns")) \
         with filledcurves fillstyle transparent solid 0.08 noborder linecolor rgb colour(int(i)) notitle, \
     for [i in present] data using (of(int(i), column("size_bytes"))):(column("p99_ns")) \
         with lines linewidth 0.8 linecolor rgb colour(int(i)) dashtype dash(int(i)) notitle, \
     for [i in present] data using (of(int(i), column("size_bytes"))):(column("p50_ns")) \
         with linespoints linewidth 2 pointsize size(int(i)) linecolor rgb colour(int(i)) \
         dashtype dash(int(i)) pointtype point(int(i)) title Label[int(i)]

load folder(ARG0)."png.gp"
