# SPDX-License-Identifier: MIT
# ticks.gp - a log y axis from `low` to `high`, in the unit that the function tick(value) writes: a
# number at each power of ten, and at 2 and 5 where that leaves fewer than four. See style.gp.

set logscale y 10
set yrange [low / 1.25:high * 1.25]
first_power = int(floor(log10(low / 1.25)))
last_power = int(ceil(log10(high * 1.25)))
few = last_power - first_power < 4
set ytics ()
do for [power = first_power:last_power] {
    do for [digit = 1:9] {
        shown = digit == 1 || (few && (digit == 2 || digit == 5))
        value = digit * 10.0**power
        set ytics add (shown ? tick(value) : "" value shown ? 0 : 1)
    }
}
