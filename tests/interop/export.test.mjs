// SPDX-License-Identifier: MIT
// Shows that hdr-histogram-js reads what `ipcbench export -f hlog` writes, and that it prints the
// same percentile distribution as `ipcbench export -f hgrm`, of a short run.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import hdr from 'hdr-histogram-js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const IPCBENCH = resolve(ROOT, process.env.IPCBENCH_BUILD ?? 'build', 'ipcbench');
const FOLDER = mkdtempSync(join(tmpdir(), 'export-'));
const RUN = join(FOLDER, 'run.json');
after(() => rmSync(FOLDER, { recursive: true }));

function ipcbench(...args) {
  return execFileSync(IPCBENCH, args, { encoding: 'utf8', maxBuffer: 1 << 27 });
}

ipcbench('run', '-o', RUN, '-q', '-t', 'null,pipe,pipe:bufsize=64K', '-s', '64,4K', '-W', 'block',
  '-p', 'same-core', '--trials', '2', '--time', '0.05', '--warmup', '0.01');
const shown = JSON.parse(ipcbench('show', '--json', RUN)).cells;
const cells = new Map(shown.filter((cell) => cell.status === 'ok').map((cell) => [cell.key, cell]));
const log = ipcbench('export', '-f', 'hlog', RUN);
const tagOf = (key) => key.replaceAll(',', ';');

// Every histogram of the log by its tag, as the library's reader finds them.
const reader = new hdr.HistogramLogReader(log, 64);
const histograms = new Map();
for (let one = reader.nextIntervalHistogram(); one; one = reader.nextIntervalHistogram()) {
  histograms.set(one.tag, [...(histograms.get(one.tag) ?? []), one]);
}

function histogramsOf(key) {
  return histograms.get(tagOf(key)) ?? [];
}

function sumOf(key) {
  const [first, ...rest] = histogramsOf(key);
  rest.forEach((one) => first.add(one));
  return first;
}

test('the tags of the log are the cells', () => {
  assert.deepEqual(new Set(hdr.listTags(log)), new Set([...cells.keys()].map(tagOf)));
});

test('the log has a histogram for each trial, with all of its samples', () => {
  for (const [key, cell] of cells) {
    const found = histogramsOf(key);
    assert.equal(found.length, cell.trials, key);
    const total = found.reduce((sum, one) => sum + one.totalCount, 0);
    assert.equal(total, cell.exchanges, key);
    const most = Math.max(...found.map((one) => one.maxValue));
    assert.equal(most, found[0].highestEquivalentValue(cell.max_ns), key);
  }
});

test('the log says when, how long and how slow at most', () => {
  const lines = log.split('\n').filter((line) => line.startsWith('Tag='));
  for (const line of lines) {
    const [, start, length, most] = line.split(',');
    assert.match(start, /^\d{10}\.000$/);
    assert.ok(Number(length) > 0);
    assert.ok(Number(most) > 0);
  }
  const most = Math.max(...lines.map((line) => Number(line.split(',')[3])));
  const should = Math.max(...[...cells.values()].map((cell) => cell.max_ns)) / 1e6;
  assert.ok(Math.abs(most - should) <= 0.0005, `${most} should be ${should}`);
});

// Two roundings of one number to 3 decimals can differ by one in the last of them.
function assertSameText(ours, theirs, key) {
  const lines = ours.split('\n');
  const expected = theirs.split('\n');
  assert.equal(lines.length, expected.length, key);
  lines.forEach((line, i) => {
    const words = line.match(/[A-Za-z#[=]+|[-0-9.]+/g) ?? [];
    const should = expected[i].match(/[A-Za-z#[=]+|[-0-9.]+/g) ?? [];
    assert.equal(words.length, should.length, `${key}: ${line}`);
    words.forEach((word, w) => {
      const near = Math.abs(Number(word) - Number(should[w])) <= 0.00101;
      const wide = should[w] === 'Infinity' || near;
      assert.ok(word === should[w] || wide, `${key}: ${line} should be ${expected[i]}`);
    });
  });
}

test('the percentile distribution is what the library prints', () => {
  for (const key of cells.keys()) {
    const ours = ipcbench('export', '-f', 'hgrm', '-c', key, RUN);
    assertSameText(ours, sumOf(key).outputPercentileDistribution(5, 1000), key);
  }
});
