# SPDX-License-Identifier: MIT
# costs.gp - a bar for each cell: what the floors predict, part by part, as a share of what was
# measured, which is 100%. style.gp says how to use it by hand.

folder(path) = path eq "" || path[strlen(path):] eq "/" ? path : folder(path[:strlen(path) - 1])
load folder(ARG0)."text.gp"
set datafile separator comma
stats ARG1 using (column("row")) name "ROW" nooutput
height = 210 + 24 * int(ROW_max) + 17 * lines(ARG6)
call folder(ARG0)."style.gp" ARG1 ARG2 ARG3 ARG4 ARG5 ARG6

rows = int(ROW_max)
array Row[rows]
stats data using (Row[int(column("row"))] = strcol("row_label"), 0) nooutput
part(i) = column(8 + i) == column(8 + i) ? column(8 + i) : 0
upto(i) = i == 0 ? 0 : part(i) + upto(i - 1)
stats data using (upto(4)) name "ALL" nooutput
set xrange [0:(ALL_max > 100 ? ALL_max : 100) * 1.03]
set xlabel "share of the measured mean"
set format x "%.0f%%"
set yrange [rows + 0.7:0.3]
set ytics () scale 0 noenhanced
do for [i = 1:rows] { set ytics add (Row[i] i) }
set grid xtics noytics
set arrow 1 from 100, graph 0 to 100, graph 1 nohead linewidth 2 linecolor rgb "#404040" front
array Part[4] = ["system calls", "copies", "wake-ups, switches", "cache line there and back"]
set key font "sans-serif,14"

plot for [i = 1:4] data using (upto(i)):(column("row")):(upto(i - 1)):(upto(i)):(column("row") - 0.36):(column("row") + 0.36) \
         with boxxyerror linecolor rgb Colour[i] fillstyle pattern Fill[i] border title Part[i]

load folder(ARG0)."png.gp"
