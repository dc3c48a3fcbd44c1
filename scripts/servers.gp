# SPDX-License-Identifier: MIT
# servers.gp - a curve for each series over the load. style.gp says how to use it by hand.

folder(path) = path eq "" || path[strlen(path):] eq "/" ? path : folder(path[:strlen(path) - 1])
call folder(ARG0)."style.gp" ARG1 ARG2 ARG3 ARG4 ARG5 ARG6

# Ranges apply to stats too: all of them come first.
clients = ""
add_count(text) = (clients = strstrt(clients, text) ? clients : clients.text, 0)
stats data using (add_count(sprintf(" %d ", column("x"))), column("x")) name "X" nooutput
stats data using (column("per_second")) name "VALUE" nooutput
low = VALUE_min
high = VALUE_max
tick(rate) = si(rate)."/s"
load folder(ARG0)."ticks.gp"
set ylabel "exchanges a second (log scale)"

set logscale x 2
set xrange [X_min / 1.3:X_max * 1.3]
set xlabel "clients (log scale)"
set xtics ()
do for [i = 1:words(clients)] { set xtics add (word(clients, i) int(word(clients, i))) }
plot for [i in present] data using (of(int(i), column("x"))):(column("per_second")) \
         with linespoints linewidth 2 pointsize size(int(i)) linecolor rgb colour(int(i)) \
         dashtype dash(int(i)) pointtype point(int(i)) title Label[int(i)]

load folder(ARG0)."png.gp"
