# SPDX-License-Identifier: MIT
# times.gp - p50 of each class, in rows: dots.gp draws it, style.gp says how to use it by hand.

folder(path) = path eq "" || path[strlen(path):] eq "/" ? path : folder(path[:strlen(path) - 1])
load folder(ARG0)."text.gp"
tick(value) = time_text(value)
axis = "round trip (log scale)"
call folder(ARG0)."dots.gp" ARG1 ARG2 ARG3 ARG4 ARG5 ARG6
