// SPDX-License-Identifier: MIT
// report.js - lets the tables of a report sort and filter; the page reads the same without it. Whoever
// changes it changes its hash in bench/report/page.c too (the browser test says what it must be).
"use strict";
const value = (row, column) => {
    const cell = row.cells[column];
    const stated = cell.dataset.value;
    if (stated === undefined) return cell.textContent;
    return stated === "" ? Infinity : Number(stated);
};
const sort = (table, header, column) => {
    const down = header.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
    const order = (a, b) => {
        const x = value(a, column), y = value(b, column);
        if (x === y) return 0;
        if (x === Infinity || y === Infinity) return x === Infinity ? 1 : -1;
        const rise = typeof x === "number" ? x - y : x.localeCompare(y, "en", { numeric: true });
        return down ? -rise : rise;
    };
    const body = table.tBodies[0];
    body.append(...[...body.rows].sort(order));
};
for (const table of document.querySelectorAll("table.sorts")) {
    [...table.tHead.rows[0].cells].forEach((header, column) => {
        const button = document.createElement("button");
        button.type = "button";
        button.append(...header.childNodes);
        header.append(button);
        button.addEventListener("click", () => sort(table, header, column));
    });
}
for (const form of document.querySelectorAll(".filter")) {
    const table = document.getElementById(form.dataset.table);
    const input = form.querySelector("input");
    form.hidden = false;
    input.addEventListener("input", () => {
        const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
        let shown = 0;
        for (const row of table.tBodies[0].rows) {
            const text = row.textContent.toLowerCase();
            row.hidden = !words.every((word) => text.includes(word));
            shown += row.hidden ? 0 : 1;
        }
        form.querySelector("output").textContent = `${shown} rows`;
    });
}
addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
});
