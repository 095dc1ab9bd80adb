import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hueTable, sectorTable } from '../../../src/augment/gpu/hue-tables.js';
import { hsvToRgb, rgbToHsv } from '../step-reference.js';

test('the table of hues is Pillow’s for every colour that has the full value', () => {
  for (let chroma = 1; chroma < 256; chroma++)
    for (let difference = -chroma; difference <= chroma; difference++) {
      const least = 255 - chroma;
      const [one, other] = difference >= 0 ? [least + difference, least] : [least, least - difference];
      const at = chroma * (chroma + 1) + difference;
      assert.equal(hueTable[at], rgbToHsv(255, one, other)[0], `red ${chroma} ${difference}`);
      if (one === 255 || other === 255) continue; // two largest channels: red, then green counts
      assert.equal(hueTable[65536 + at], rgbToHsv(other, 255, one)[0], `green ${chroma} ${difference}`);
      assert.equal(hueTable[131072 + at], rgbToHsv(one, other, 255)[0], `blue ${chroma} ${difference}`);
    }
});

test('the table of sectors is Pillow’s way back at full saturation', () => {
  for (let sum = 0; sum < 511; sum++) {
    const [sixth, weight] = [Math.floor(sectorTable[sum]! / 256), sectorTable[sum]! % 256];
    // At full saturation and value the middle channel is 255 less the weight.
    const between = 255 - weight;
    const [r, g, b] = [
      [255, between, 0],
      [between, 255, 0],
      [0, 255, between],
      [0, between, 255],
      [between, 0, 255],
      [255, 0, between],
    ][sixth]!;
    assert.deepEqual([r, g, b], hsvToRgb(sum & 255, 255, 255), `${sum}`);
  }
});
