# SPDX-License-Identifier: MIT
# throughput.gp - bytes a second of ping-pong by message size, shaded from the lowest to the highest
# trial where there is one run only. style.gp says how to use it by hand.

folder(path) = path eq "" || path[strlen(path):] eq "/" ? path : folder(path[:strlen(path) - 1])
call folder(ARG0)."style.gp" ARG1 ARG2 ARG3 ARG4 ARG5 ARG6
load folder(ARG0)."sizes.gp"

stats data using (column("bytes_per_second")) name "RATE" nooutput
low = RATE_min
high = RATE_max
reach(least, most) = (low = least < low ? least : low, high = most > high ? most : high, 0)
stats data using (reach(column("least_bytes_per_second"), column("most_bytes_per_second")), \
                  column("bytes_per_second")) name "RATE" nooutput
tick(bytes) = rate_text(bytes)
load folder(ARG0)."ticks.gp"
set ylabel "payload moved (log scale)"

alone(value) = last_run == 1 ? value : NaN
plot for [i in present] data using (of(int(i), alone(column("size_bytes")))):(column("least_bytes_per_second")):(column("most_bytes_per_second")) \
         with filledcurves fillstyle transparent solid 0.15 noborder linecolor rgb colour(int(i)) notitle, \
     for [i in present] data using (of(int(i), column("size_bytes"))):(column("bytes_per_second")) \
         with linespoints linewidth 2 pointsize size(int(i)) linecolor rgb colour(int(i)) \
         dashtype dash(int(i)) pointtype point(int(i)) title Label[int(i)]

load folder(ARG0)."png.gp"
