# SPDX-License-Identifier: MIT
# sizes.gp - a log x axis of message sizes, with a number at each size that was measured; slanted
# where there are many. See style.gp.

sizes = ""
add_size(text) = (sizes = strstrt(sizes, text) ? sizes : sizes.text, 0)
stats data using (add_size(sprintf(" %d ", column("size_bytes"))), column("size_bytes")) \
    name "SIZE" nooutput
set logscale x 2
set xrange [SIZE_min / 1.3:SIZE_max * 1.3]
set xlabel "message size" noenhanced
set xtics ()
do for [i = 1:words(sizes)] {
    size = int(word(sizes, i))
    set xtics add (size_text(size) size)
}
if (words(sizes) > 8) {
    set xtics rotate by -50
    set bmargin 6.5 + lines(caption)
}
