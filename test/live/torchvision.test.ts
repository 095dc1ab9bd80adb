import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { compareSamples, imagesUnder } from '../../scripts/comparison.js';
import { scripts } from '../../scripts/torchvision-process.js';

describe('samples beside stock torchvision', () => {
  it('are equal to the byte, or within the promise after a blur', async () => {
    const images = imagesUnder(join(scripts, '../test/vectors/images'));
    const result = await compareSamples({ samples: 400, seed: 20, images });
    assert.deepEqual(result.outside, []);
    assert.ok(result.exact > 200 && result.blurred > 50);
  });
});
