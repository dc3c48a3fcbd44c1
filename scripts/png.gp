# SPDX-License-Identifier: MIT
# png.gp - draws the last plot again, as a PNG; see style.gp.

if (strstrt(GPVAL_TERMINALS, "pngcairo") > 0) {
    # Its points are three quarters of the pixels in which the SVG's font is given.
    set terminal pngcairo noenhanced size width,height font "sans-serif,15" fontscale 0.75 background rgb "white"
} else {
    set terminal png noenhanced truecolor size width,height background rgb "white"
}
set output png
point_scale = 1
replot
set output
