// SPDX-License-Identifier: MIT
// Opens reports in a real Chromium, from file://, as a reader would: nothing is asked of the network,
// nothing is wider than the screen, tables sort, figures have their size and their text, and text of a
// run file stays text.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const IPCBENCH = resolve(ROOT, process.env.IPCBENCH_BUILD ?? "build", "ipcbench");
const FAKES = resolve(dirname(IPCBENCH), "tests/transports");
const HOSTILE = `"'><script>window.pwned=1</script><img src=x onerror="window.pwned=1">&lt;`;
const QUICK = ["-W", "block", "-p", "same-core", "--trials", "2", "--time", "0.02", "--warmup", "0.01"];
const PAGES = ["good", "hostile", "empty", "both"];
const WIDTHS = [390, 1440];

const folder = mkdtempSync(join(tmpdir(), "report-browser-"));
let browser;

const ipcbench = (...words) => {
    const result = spawnSync(IPCBENCH, words, { encoding: "utf8" });
    assert.ok(result.status <= 1, `${words.join(" ")}: ${result.stderr}`);
};
const report = (name, ...runs) =>
    ipcbench("report", ...runs.map((run) => join(folder, `${run}.json`)), "-o", join(folder, name),
             "--scripts", join(ROOT, "scripts"));

// Puts the text wherever a run file may hold one that somebody else wrote.
const spoil = (run) => {
    run.environment.host = HOSTILE;
    run.environment.cpu.model = HOSTILE;
    run.environment[HOSTILE] = { [HOSTILE]: [HOSTILE, { [HOSTILE]: HOSTILE }] };
    run.environment.doctor.checks.push({ name: HOSTILE, found: HOSTILE, verdict: "warning",
                                         effect: HOSTILE, mend: HOSTILE });
    run.options.command.push(HOSTILE);
    for (const trial of run.trials) {
        trial.facts.route = HOSTILE;
        trial.knobs.hostile = HOSTILE;
    }
    const failed = structuredClone(run.trials.find((trial) => trial.purpose === "timing"));
    failed.key = failed.key.replace(/[^/]*$/, "1KiB");
    failed.size_bytes = 1024;
    failed.status = "failed";
    failed.why = HOSTILE;
    run.trials.push(failed);
    return run;
};

before(async () => {
    ipcbench("run", "-o", join(folder, "good.json"), ...QUICK, "-t", "pipe,unix", "-s", "64,4K");
    ipcbench("run", "-o", join(folder, "empty.json"), ...QUICK, "--transports", FAKES, "-t",
             "fake:script=setup-error", "-s", "64");
    const run = JSON.parse(readFileSync(join(folder, "good.json"), "utf8"));
    writeFileSync(join(folder, "hostile.json"), JSON.stringify(spoil(run)));
    for (const name of ["good", "hostile", "empty"]) report(name, name);
    report("both", "good", "hostile");
    browser = await chromium.launch({
        executablePath: execFileSync("sh", ["-c", "command -v chromium || command -v chromium-browser"],
                                     { encoding: "utf8" }).trim(),
        args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
               "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
});

after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
});

// Opens a report and hands it to the check, with what it asked for and what it complained about.
const visit = async (name, check, options = {}) => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    const page = await context.newPage();
    const requests = [], complaints = [];
    page.on("request", (request) => requests.push(request.url()));
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(pathToFileURL(join(folder, name, "index.html")).href);
    try {
        await check(page, requests, complaints);
    } finally {
        await context.close();
    }
};

for (const name of PAGES) {
    test(`${name}: it loads by itself, without a complaint`, () =>
        visit(name, async (page, requests, complaints) => {
            await page.waitForLoadState("networkidle");
            assert.deepEqual(complaints, []);
            const outside = requests.filter((url) => !url.startsWith("data:"));
            assert.deepEqual(outside, [pathToFileURL(join(folder, name, "index.html")).href]);
        }));

    test(`${name}: every figure has its size, its words and its data`, () =>
        visit(name, async (page) => {
            const figures = await page.$$eval("figure", (all) => all.map((figure) => {
                const image = figure.querySelector("img");
                const box = image.getBoundingClientRect();
                return { natural: image.naturalWidth, width: box.width, height: box.height,
                         alt: image.alt, links: [...figure.querySelectorAll("a")].map((a) => a.href) };
            }));
            assert.equal(figures.length > 0, name !== "empty");
            for (const figure of figures) {
                assert.ok(figure.natural > 0 && figure.width >= 300 && figure.height >= 100,
                          JSON.stringify(figure));
                assert.ok(figure.alt.startsWith("Chart: ") && figure.alt.length > 60, figure.alt);
                assert.equal(figure.links.length, 3);
                for (const link of figure.links) assert.ok(readFileSync(fileURLToPath(link)).length > 0);
            }
        }));

    for (const width of WIDTHS)
        test(`${name}: nothing is wider than ${width} px`, () =>
            visit(name, async (page) => {
                await page.$$eval("details", (all) => all.forEach((details) => { details.open = true; }));
                const wide = await page.evaluate(() => {
                    const inside = document.documentElement.clientWidth + 0.5;
                    return [...document.querySelectorAll("body *")]
                        .filter((element) => element.closest(".scroll") === null ||
                                             element.matches(".scroll"))
                        .filter((element) => element.getBoundingClientRect().right > inside)
                        .map((element) => element.outerHTML.slice(0, 120));
                });
                assert.deepEqual(wide, []);
                assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= width);
            }, { viewport: { width, height: 800 } }));

    test(`${name}: a screen reader finds its way`, () =>
        visit(name, async (page) => {
            const found = await page.evaluate(() => {
                const all = (selector) => [...document.querySelectorAll(selector)];
                const ids = all("[id]").map((element) => element.id);
                return {
                    language: document.documentElement.lang,
                    title: document.title,
                    levels: all("h1, h2, h3, h4").map((heading) => Number(heading.tagName[1])),
                    tables: all("table").filter((table) => !table.caption?.textContent.trim() ||
                        table.querySelectorAll("th").length === 0).map((table) => table.outerHTML.slice(0, 99)),
                    heads: all("th:not([scope])").length,
                    unnamed: all("[role=region]").filter((region) => !region.ariaLabel).length,
                    unreachable: all(".scroll:not([tabindex='0'])").length,
                    twice: ids.filter((id, index) => ids.indexOf(id) !== index),
                    dead: all("nav a").filter((a) => !document.querySelector(a.hash)).map((a) => a.hash),
                };
            });
            assert.equal(found.language, "en");
            assert.ok(found.title.startsWith("ipcbench: "));
            assert.equal(found.levels.filter((level) => level === 1).length, 1);
            found.levels.reduce((last, level) => {
                assert.ok(level <= last + 1, "a heading skips a level");
                return level;
            }, 0);
            for (const list of ["tables", "twice", "dead"]) assert.deepEqual(found[list], []);
            for (const count of ["heads", "unnamed", "unreachable"]) assert.equal(found[count], 0, count);
        }));
}

test("the answers come first, in their order", () =>
    visit("good", async (page) => {
        const order = await page.$$eval("main section", (all) => all.slice(0, 4).map((one) => one.id));
        assert.deepEqual(order, ["verdict", "trust", "pareto", "claims"]);
        for (const id of order) assert.ok(await page.locator(`#${id} h2`).isVisible());
        const bottom = await page.locator("#trust h2").evaluate((h2) => h2.getBoundingClientRect().bottom);
        assert.ok(bottom < 900, "trust is below the first screen");
    }));

test("tables sort, up and down, and filter", () =>
    visit("good", async (page) => {
        const column = () => page.$$eval("#cells-table tbody tr:not([hidden])", (rows) =>
            rows.map((row) => Number(row.cells[5].dataset.value)));
        const button = page.locator("#cells-table th button").nth(5);
        const original = await column();
        assert.ok(original.length >= 4);
        await button.focus();
        await page.keyboard.press("Enter");
        const up = [...original].sort((a, b) => a - b);
        assert.deepEqual(await column(), up);
        assert.equal(await page.locator("#cells-table th").nth(5).getAttribute("aria-sort"), "ascending");
        await button.click();
        assert.deepEqual(await column(), up.reverse());
        const name = page.locator("#cells-table th button").nth(0);
        await name.click();
        const names = await page.$$eval("#cells-table tbody th", (all) => all.map((one) => one.textContent));
        assert.deepEqual(names, [...names].sort());
        await page.fill(".filter input", "unix 4kib");
        assert.equal((await column()).length, 1);
        assert.equal(await page.locator(".filter output").textContent(), "1 rows");
    }));

test("it reads without its script", () =>
    visit("good", async (page) => {
        assert.ok((await page.locator("#verdict").innerText()).includes("pipe"));
        assert.ok(await page.locator("#cells-table").isVisible());
        assert.ok(await page.locator(".filter").isHidden());
    }, { javaScriptEnabled: false }));

for (const name of ["hostile", "both"])
    test(`${name}: text of a run file stays text`, () =>
        visit(name, async (page) => {
            await page.$$eval("details", (all) => all.forEach((details) => { details.open = true; }));
            assert.equal(await page.evaluate(() => window.pwned), undefined);
            assert.equal(await page.locator("script").count(), 1);
            assert.equal(await page.locator("img[src=x]").count(), 0);
            const text = await page.locator("body").innerText();
            assert.ok(text.split("<script>window.pwned=1</script>").length > 8);
        }));

test("a run without a valid trial says so", () =>
    visit("empty", async (page) => {
        const text = await page.locator("body").innerText();
        assert.ok(text.includes("No trial of this run is valid."));
        assert.ok(text.includes("Not shown: no trial of ping-pong is valid in this run."));
        assert.ok(text.includes("No answer: this run has no valid round trip of 64 B or 4 KiB."));
    }));

test("the policy names the script's hash", () => {
    const script = readFileSync(join(ROOT, "scripts/report.js"));
    const hash = `sha256-${createHash("sha256").update(script).digest("base64")}`;
    assert.ok(readFileSync(join(folder, "good/index.html"), "utf8").includes(hash),
              `PAGE_SCRIPT_HASH in bench/report/page.c must be "${hash}"`);
});

// WCAG's contrast of two colours; 4.5 is what ordinary text needs.
const contrast = (colours) => {
    const [a, b] = colours.map((colour) => {
        const [red, green, blue] = colour.match(/[\d.]+/g).slice(0, 3).map((part) => {
            const share = Number(part) / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    });
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
};

for (const colorScheme of ["light", "dark"])
    test(`${colorScheme}: text stands out from what is behind it`, () =>
        visit("good", async (page) => {
            const pairs = await page.evaluate(() => {
                const behind = (element) => {
                    const colour = getComputedStyle(element).backgroundColor;
                    return /, 0\)$/.test(colour) ? behind(element.parentElement) : colour;
                };
                return [...document.querySelectorAll("p, a, li, td, th, .soft, .badge, figcaption")]
                    .map((element) => [getComputedStyle(element).color, behind(element)]);
            });
            assert.ok(pairs.length > 50);
            for (const pair of pairs) assert.ok(contrast(pair) >= 4.5, pair.join(" on "));
        }, { colorScheme }));
