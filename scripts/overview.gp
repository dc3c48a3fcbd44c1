# SPDX-License-Identifier: MIT
# overview.gp - p50 of each transport as a bar, in groups by wait and placement; whiskers show the
# 95% interval. style.gp says how to use it by hand.

folder(path) = path eq "" || path[strlen(path):] eq "/" ? path : folder(path[:strlen(path) - 1])
call folder(ARG0)."style.gp" ARG1 ARG2 ARG3 ARG4 ARG5 ARG6

# Within its group a bar stands where its series stands among all: a gap is a bar that is missing.
where(i) = column("group") + ((i - 0.5) / last_series - 0.5) * 0.86
stats data using (column("group")) name "GROUP" nooutput
array Group[int(GROUP_max)]
stats data using (Group[int(column("group"))] = strcol("group_label"), 0) nooutput
stats data using (column("p50_ns")) name "P50" nooutput
low = P50_min / 1.5
high = P50_max * 2.5
tick(ns) = time_text(ns)
load folder(ARG0)."ticks.gp"
set ylabel "round trip, p50 (log scale)"

set xrange [0.5:GROUP_max + 0.5]
set xtics ()
two_lines(name) = name[:strstrt(name, "/") - 1]."\n".name[strstrt(name, "/") + 1:]
do for [i = 1:|Group|] { set xtics add (two_lines(Group[i]) i) }
set xtics scale 0
set grid noxtics
set boxwidth 0.8 * 0.86 / last_series
bars = GROUP_max * last_series
value_size = bars <= 40 ? 12 : 10
value_text(ns) = bars <= 80 ? time_text(ns) : ""
top(p50, p50_high) = p50_high > p50 ? p50_high : p50

set bmargin 5.5 + lines(caption)
plot for [i in present] data using (of(int(i), where(int(i)))):(column("p50_ns")) \
         with boxes linecolor rgb colour(int(i)) fillstyle pattern fill(int(i)) border title Label[int(i)], \
     data using (where(column("series"))):(column("p50_low_ns")):(0):(column("p50_high_ns") - column("p50_low_ns")) \
         with vectors heads size screen 0.004,90 linewidth 1.5 linecolor rgb "black" notitle, \
     data using (where(column("series"))):(top(column("p50_ns"), column("p50_high_ns"))):(value_text(column("p50_ns"))) \
         with labels rotate left offset 0,0.7 font sprintf("sans-serif,%d", value_size) noenhanced notitle

load folder(ARG0)."png.gp"
