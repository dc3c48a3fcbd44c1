# SPDX-License-Identifier: MIT
# style.gp - what all figures share. Each script calls it first and is used as
#
#   gnuplot -c scripts/NAME.gp DATA.csv OUT.svg OUT.png [TITLE [SUBTITLE [CAPTION]]]
#
# It opens OUT.svg; a script ends with `load folder(ARG0)."png.gp"`, which draws the same again as
# OUT.png. Titles, captions and labels are shown as they are: nothing in them is markup.

data = ARG1
svg = ARG2
png = ARG3
title = ARG4
subtitle = ARG5
caption = ARG6

# A script that needs another size sets it before it calls this.
if (!exists("height")) { height = 750 }
if (!exists("width")) { width = 1200 }
up(pixels) = 1 - pixels / real(height)

set encoding utf8
set datafile separator comma
set datafile commentschars ""

load folder(ARG0)."text.gp"

# The series in the data: their labels, transports and runs, by number; `present` lists the numbers.
stats data using (column("series")) name "SERIES" nooutput
last_series = int(SERIES_max)
array Label[last_series]
array Transport[last_series]
array Run[last_series]
do for [i = 1:last_series] { Label[i] = ""; Transport[i] = 1; Run[i] = 1 }
last_run = 1
longest = 0
take(i) = (Label[i] = strcol("label"), Transport[i] = int(column("transport_number")), \
           Run[i] = int(column("run_number")), last_run = last_run > Run[i] ? last_run : Run[i], \
           longest = longest > strlen(Label[i]) ? longest : strlen(Label[i]), i)
stats data using (take(int(column("series")))) name "SERIES" nooutput
present = ""
do for [i = 1:last_series] { if (Label[i] ne "") { present = present.sprintf(" %d", i) } }

# Only the rows of one series, for `using`.
of(i, value) = int(column("series")) == i ? value : NaN

# Okabe and Ito's colours, which the colour-blind can tell apart, without the yellow, which paper
# swallows. Each transport has its colour and its point everywhere; points are hollow, and large and
# small by turns, so that two in one place both show. Lines and fills tell transports apart in black
# and white; with several runs, lines tell the runs apart.
array Colour[7] = [0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0x000000, 0xe69f00, 0x56b4e9]
array Point[8] = [6, 4, 8, 10, 12, 1, 14, 2]
array Dash[6] = [1, 2, 4, 5, 3, 6]
array Fill[7] = [3, 6, 1, 7, 2, 4, 5]
colour(i) = Colour[(Transport[i] - 1) % |Colour| + 1]
point(i) = Point[(Transport[i] - 1) % |Point| + 1]
size(i) = point_scale * (Transport[i] % 2 == 1 ? 1.8 : 1.2)
dash(i) = Dash[((last_run > 1 ? Run[i] : Transport[i]) - 1) % |Dash| + 1]
fill(i) = Fill[(Transport[i] + 3 * Run[i] - 4) % |Fill| + 1]
set dashtype 2 (12, 6)
set dashtype 3 (3, 5)
set dashtype 4 (18, 6, 3, 6)
set dashtype 5 (6, 4)
set dashtype 6 (18, 5, 3, 5, 3, 5)

# A tick with its unit at each power of ten, and between them where they are few.
set mytics 10
set grid xtics ytics mytics \
    linetype 1 linewidth 1 linecolor rgb "#d8d8d8", linetype 1 linewidth 0.5 linecolor rgb "#f0f0f0"
set border 3 linewidth 1 linecolor rgb "#404040"
set tics nomirror

set label 1 title at screen 14.0 / width, up(21) left noenhanced font "sans-serif,20"
set label 2 subtitle at screen 14.0 / width, up(50) left noenhanced textcolor rgb "#505050"
set tmargin at screen up(95)
set label 3 caption at screen 14.0 / width, character 0.6 + 1.05 * (lines(caption) - 1) left noenhanced \
    font "sans-serif,13" textcolor rgb "#505050"
set bmargin 4.5 + lines(caption)
crowded = longest > 30 || words(present) > 16
key_font = crowded ? "sans-serif,11" : "sans-serif,15"
set key outside right top vertical Left reverse noenhanced samplen 4 font key_font
set key spacing (crowded ? 1.1 : 1.3)

set terminal svg noenhanced size width,height dynamic font "sans-serif,15" background rgb "white"
set output svg
point_scale = 0.65
