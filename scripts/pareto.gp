# SPDX-License-Identifier: MIT
# pareto.gp - latency against CPU time for each exchange, both on log axes; the line joins the points
# that no other beats in both. Names stand where there is room (bench/report/figure_labels.h), those of the
# points on the line first; all are in the data. style.gp says how to use it by hand.

folder(path) = path eq "" || path[strlen(path):] eq "/" ? path : folder(path[:strlen(path) - 1])
width = 900
height = 620
call folder(ARG0)."style.gp" ARG1 ARG2 ARG3 ARG4 ARG5 ARG6

# Ranges apply to stats too: all of them come first.
stats data using (column("cpu_ns")) name "CPU" nooutput
stats data using (column("p50_ns")) name "P50" nooutput
low = P50_min / 1.3
high = P50_max * 1.6
tick(ns) = time_text(ns)
load folder(ARG0)."ticks.gp"
set key inside left top opaque
set ylabel "round trip, p50 (log scale)"

set logscale x 10
set xrange [CPU_min / 1.5:CPU_max * 2.5]
set xlabel "CPU time of both ends for each exchange (log scale)"
set xtics ()
do for [power = int(floor(log10(CPU_min))) - 1:int(ceil(log10(CPU_max))) + 1] {
    do for [digit = 1:9] {
        shown = digit == 1 || digit == 2 || digit == 5
        set xtics add (shown ? time_text(digit * 10.0**power) : "" digit * 10.0**power shown ? 0 : 1)
    }
}

front(value) = column("front") == 2 && column("run_number") == 1 ? value : NaN

# The directions of figure_labels.h by their numbers; the offsets are pixels.
array Across[8] = [9, -9, 0, 0, 6.3, 6.3, -6.3, -6.3]
array Down[8] = [0, 0, -12, 12, -12, 12, -12, 12]
at(place, text) = int(column("place")) == place ? text : ""
set datafile missing NaN
plot data using (front(column("cpu_ns"))):(column("p50_ns")) with lines linewidth 2 \
         linecolor rgb "#909090" dashtype 2 notitle, \
     for [i in present] data using (of(int(i), column("cpu_ns"))):(column("p50_ns")):(column("p50_low_ns")):(column("p50_high_ns")) \
         with yerrorbars linewidth 1 pointsize 0 linecolor rgb colour(int(i)) notitle, \
     for [i in present] data using (of(int(i), column("cpu_ns"))):(column("p50_ns")) \
         with points linewidth 2 pointsize size(int(i)) linecolor rgb colour(int(i)) \
         pointtype point(int(i)) title Label[int(i)], \
     for [p in "1 5 6"] data using (column("cpu_ns")):(column("p50_ns")):(at(int(p), strcol("name"))) \
         with labels left offset screen Across[int(p)] / real(width), -Down[int(p)] / real(height) \
         font "sans-serif,12" noenhanced notitle, \
     for [p in "2 7 8"] data using (column("cpu_ns")):(column("p50_ns")):(at(int(p), strcol("name"))) \
         with labels right offset screen Across[int(p)] / real(width), -Down[int(p)] / real(height) \
         font "sans-serif,12" noenhanced notitle, \
     for [p in "3 4"] data using (column("cpu_ns")):(column("p50_ns")):(at(int(p), strcol("name"))) \
         with labels center offset screen Across[int(p)] / real(width), -Down[int(p)] / real(height) \
         font "sans-serif,12" noenhanced notitle

load folder(ARG0)."png.gp"
