import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Progress, ProgressMeter } from '../../../src/sources/scan/progress-meter.js';

test('work adds up, and its share is of what is known so far', () => {
  const told: Progress[] = [];
  const meter = new ProgressMeter('coco', (progress) => told.push(progress));
  meter.expect(8);
  meter.add(2, { count: 10, sizes: Uint32Array.of(400, 600) });
  meter.add(2, { count: 5, sizes: Uint32Array.of(500) });
  meter.expect(8);
  meter.tell();
  const { source, count, bytes, fraction, rate, seconds, secondsLeft } = told.at(-1)!;
  assert.deepEqual([source, count, bytes, fraction], ['coco', 15, 1500, 0.25]);
  assert.ok(Math.abs(rate * seconds - 15) < 1e-6);
  assert.equal(secondsLeft, null, 'too early to say');
});

test('many small pieces are told of ten times a second at most', () => {
  let told = 0;
  const meter = new ProgressMeter('coco', () => told++);
  for (let i = 0; i < 10_000; i++) meter.add(1, { count: 1, sizes: Uint32Array.of(1) });
  assert.ok(told <= 1 + Math.floor(meter.seconds * 10), `${told} in ${meter.seconds} s`);
  new ProgressMeter('coco', undefined).tell();
});
