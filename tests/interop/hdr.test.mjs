// SPDX-License-Identifier: MIT
// Shows that hdr-histogram-js reads the histograms that ipcbench writes, to the same counts and
// percentiles, and that ipcbench reads those that it writes. The C side is emit.c, which
// `make tests` builds into the build folder; IPCBENCH_BUILD names another one than build/.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import hdr from 'hdr-histogram-js';

const PERCENTS = [50, 90, 99, 99.9];
const HIGHEST = 2 ** 36;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const EMIT = resolve(ROOT, process.env.IPCBENCH_BUILD ?? 'build', 'tests/interop/emit');
assert.ok(existsSync(EMIT), `${EMIT} is not there: run 'make tests' first`);

function emit(args, input) {
  const output = execFileSync(EMIT, args, { input, encoding: 'utf8', maxBuffer: 1 << 26 });
  return output.trimEnd().split('\n').map((line) => JSON.parse(line));
}

// Counts beyond 32 bits need a Float64Array: 64.
const decode = (text) => hdr.decodeFromCompressedBase64(text, 64);

// Every bucket that holds something, as JavaScript sees it: [lowest, highest, count].
function bucketsOf(histogram) {
  const buckets = [];
  for (let i = 0; i < histogram.countsArrayLength; i++) {
    const count = histogram.getCountAtIndex(i);
    const value = histogram.valueFromIndex(i);
    if (count > 0) {
      buckets.push([
        histogram.lowestEquivalentValue(value),
        histogram.highestEquivalentValue(value),
        String(count),
      ]);
    }
  }
  return buckets;
}

// What `ours` says of a histogram must be what JavaScript says of `theirs`. Ours never reports a
// percentile beyond the largest value, theirs only beyond the largest of that value's bucket.
function assertSame(ours, theirs) {
  assert.equal(String(theirs.totalCount), ours.total);
  assert.deepEqual(bucketsOf(theirs), ours.counts);
  for (const percent of PERCENTS) {
    const value = theirs.getValueAtPercentile(percent);
    assert.equal(ours.percentiles[percent], Math.min(value, ours.max), `p${percent}`);
  }
  // The format keeps the buckets of the extremes, not the extremes.
  const top = (value) => theirs.highestEquivalentValue(value);
  assert.equal(top(theirs.maxValue), top(ours.max));
  assert.ok(Math.abs(theirs.mean - ours.mean) <= ours.mean / 1000, 'mean');
}

const made = emit([]);

test('every kind of histogram was made', () => {
  assert.equal(made.length, 8);
});

for (const ours of made) {
  test(`JavaScript reads ${ours.name}`, () => {
    const theirs = decode(ours.text);
    assert.equal(theirs.numberOfSignificantValueDigits, 3);
    assert.equal(theirs.highestTrackableValue, HIGHEST);
    assertSame(ours, theirs);
  });
}

test('the counts are those that were recorded', () => {
  const of = (name) => made.find((ours) => ours.name === name);
  assert.deepEqual(of('nothing').counts, []);
  assert.deepEqual(of('zero').counts, [[0, 0, '1']]);
  assert.deepEqual(of('one value').counts, [[4448, 4451, '1']]);
  assert.deepEqual(of('the largest value').counts, [[2 ** 36, 2 ** 36 + 2 ** 26 - 1, '2']]);
  assert.equal(of('runs of zeros').counts.length, 15);
  assert.equal(of('a huge total').total, String(2 ** 43 - 1));
  assert.equal(of('a huge total').counts.at(-1)[2], String(2 ** 42));
  assert.equal(of('100000 lognormal values').total, '100000');
});

// Histograms that JavaScript makes, with its own notion of a range.
function makeTheirs() {
  const build = (highestTrackableValue) =>
    hdr.build({ bitBucketSize: 64, numberOfSignificantValueDigits: 3, highestTrackableValue });
  const nothing = build(HIGHEST);
  const one = build(HIGHEST);
  one.recordValue(1);
  const narrow = build(1000000);
  for (let value = 1; value < 1000000; value += 997) narrow.recordValue(value);
  const growing = hdr.build({ bitBucketSize: 64, numberOfSignificantValueDigits: 3 });
  for (let value = 1; value < HIGHEST; value = Math.ceil(value * 1.3)) growing.recordValue(value);
  const huge = build(HIGHEST);
  for (let bit = 0; bit < 45; bit++) huge.recordValueWithCount(50 + 61 * bit, 2 ** bit);
  const largest = build(HIGHEST);
  largest.recordValue(HIGHEST);
  return { nothing, one, narrow, growing, huge, largest };
}

for (const [name, theirs] of Object.entries(makeTheirs())) {
  test(`ipcbench reads JavaScript's: ${name}`, () => {
    const text = hdr.encodeIntoCompressedBase64(theirs);
    const [ours] = emit(['read'], text + '\n');
    assertSame(ours, theirs);
    const least = theirs.totalCount > 0 ? theirs.minNonZeroValue : 0;
    assert.equal(ours.min, theirs.lowestEquivalentValue(least));
  });
}

for (const ours of made) {
  test(`ipcbench reads what JavaScript writes of ${ours.name}`, () => {
    const again = hdr.encodeIntoCompressedBase64(decode(ours.text));
    const [back] = emit(['read'], again + '\n');
    assert.deepEqual(back.counts, ours.counts);
    assert.equal(back.total, ours.total);
  });
}

test('ipcbench refuses a histogram of 2 digits', () => {
  const coarse = hdr.build({ numberOfSignificantValueDigits: 2 });
  const text = hdr.encodeIntoCompressedBase64(coarse);
  assert.throws(() => emit(['read'], text + '\n'), /2 significant digits where 3 belong/);
});
