# SPDX-License-Identifier: MIT
# dots.gp - a row for each transport, the fastest on top, and a dot for each class with its interval.
# The scripts that load it set tick(value) and `axis` first; the value and its interval are the last
# three columns. style.gp says how to use them by hand.

set datafile separator comma
stats ARG1 using (column("row")) name "ROW" nooutput
height = 210 + 26 * int(ROW_max) + 17 * lines(ARG6)
call folder(ARG0)."style.gp" ARG1 ARG2 ARG3 ARG4 ARG5 ARG6

stats data using 9 name "VALUE" nooutput
low = VALUE_min
high = VALUE_max
reach(least, most) = (low = least > 0 && least < low ? least : low, high = most > high ? most : high, 0)
stats data using (reach(column(10), column(11)), column(9)) name "VALUE" nooutput

# An interval over two trials may span twenty powers of ten: then it leaves the picture, not the dots.
low = low < VALUE_min / 100 ? VALUE_min / 100 : low
high = high > VALUE_max * 100 ? VALUE_max * 100 : high

# The log axis lies here where ticks.gp has the upright one.
set logscale x 10
set xrange [low / 1.25:high * 1.25]
first_power = int(floor(log10(low / 1.25)))
last_power = int(ceil(log10(high * 1.25)))
few = last_power - first_power < 4
every = last_power - first_power > 7 ? 2 : 1
set xtics ()
do for [power = first_power:last_power] {
    do for [digit = 1:9] {
        shown = (digit == 1 && (power - first_power) % every == 0) || (few && (digit == 2 || digit == 5))
        value = digit * 10.0**power
        set xtics add (shown ? tick(value) : "" value shown ? 0 : 1)
    }
}
set xlabel axis

rows = int(ROW_max)
array Row[rows]
stats data using (Row[int(column("row"))] = strcol("row_label"), 0) nooutput
set yrange [rows + 0.7:0.3]
set ytics () scale 0 noenhanced
do for [i = 1:rows] { set ytics add (Row[i] i) }
set grid xtics ytics nomytics
shift(i) = words(present) > 1 ? ((i - 0.5) / last_series - 0.5) * 0.5 : 0

plot for [i in present] data using (of(int(i), column(9))):(column("row") + shift(int(i))):10:11 \
         with xerrorbars linewidth 2 pointsize size(int(i)) linecolor rgb colour(int(i)) \
         pointtype point(int(i)) notitle, \
     for [i in present] data using (of(int(i), column(9))):(column("row") + shift(int(i))) \
         with points linewidth 2 pointsize size(int(i)) linecolor rgb colour(int(i)) \
         pointtype point(int(i)) title Label[int(i)]

load folder(ARG0)."png.gp"
