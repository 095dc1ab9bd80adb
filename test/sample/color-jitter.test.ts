import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawColorJitter } from '../../src/sample/color-jitter.js';
import { mersenneTwister } from '../../src/sample/mersenne-twister.js';

const knobs = { hsv_h: 0.1, hsv_s: 0.7, hsv_v: 0.4, color_jitter: 1, transforms: 'ultralytics' } as const;

test('the order is drawn first, then a factor for each in torchvision’s order', () => {
  const plain = mersenneTwister(9);
  const order = plain.randperm(4);
  const drawn = [
    { op: 'brightness', factor: plain.uniform(0.6, 1.4) },
    { op: 'contrast', factor: plain.uniform(0.6, 1.4) },
    { op: 'saturation', factor: plain.uniform(1 - 0.7, 1.7) },
    { op: 'hue', turns: plain.uniform(-0.1, 0.1) },
  ];
  assert.deepEqual(
    drawColorJitter(mersenneTwister(9), knobs),
    order.map((turn) => drawn[turn]),
  );
});

test('an empty range is not drawn, one of more than 1 ends at 0, and below 1 it need not apply', () => {
  const ops = drawColorJitter(mersenneTwister(9), { ...knobs, hsv_h: 0, hsv_v: 0 }).map(({ op }) => op);
  assert.deepEqual(ops, ['saturation']);
  for (let seed = 0; seed < 50; seed++) {
    const [step] = drawColorJitter(mersenneTwister(seed), { ...knobs, hsv_h: 0, hsv_v: 0, hsv_s: 3 });
    assert.ok(step!.op === 'saturation' && step.factor >= 0);
  }
  // torch.manual_seed(42); torch.rand(1) is 0.8822...
  assert.deepEqual(drawColorJitter(mersenneTwister(42), { ...knobs, color_jitter: 0.88 }), []);
  assert.equal(drawColorJitter(mersenneTwister(42), { ...knobs, color_jitter: 0.89 }).length, 4);
});
