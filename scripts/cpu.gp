# SPDX-License-Identifier: MIT
# cpu.gp - CPU time, in rows: dots.gp draws it, style.gp says how to use it by hand.

folder(path) = path eq "" || path[strlen(path):] eq "/" ? path : folder(path[:strlen(path) - 1])
load folder(ARG0)."text.gp"
tick(value) = time_text(value)
axis = "CPU time for each exchange (log scale)"
call folder(ARG0)."dots.gp" ARG1 ARG2 ARG3 ARG4 ARG5 ARG6
