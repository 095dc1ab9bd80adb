import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { allAxes, bytesPerValue, dataTypes, normalised, packSample, sampleBytes } from '../../src/batch/tensor.js';

const torch = `
import sys, torch, torchvision.transforms as T
size, top, left, height, width = map(int, sys.argv[1:6])
pixels = torch.frombuffer(bytearray(sys.stdin.buffer.read()), dtype=torch.uint8).reshape(size, size, 3)
image = T.functional.to_pil_image(pixels.permute(2, 0, 1))
tensor = T.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))(T.ToTensor()(image))
if height: tensor = T.functional.erase(tensor, top, left, height, width, torch.zeros(1))
for layout in ('NHWC', 'NCHW'):
    t = (tensor.permute(1, 2, 0) if layout == 'NHWC' else tensor).contiguous()
    for kind in (torch.float32, torch.float16, torch.bfloat16):
        out = t.to(kind)
        sys.stdout.buffer.write(out.view(torch.int32 if kind == torch.float32 else torch.int16).numpy().tobytes())
`;

/** Pixels in which every value of every channel comes. */
function everyValue(size: number): Uint8Array {
  return Uint8Array.from({ length: size * size * 3 }, (_, i) => (Math.floor(i / 3) + 85 * (i % 3)) & 255);
}

for (const erase of [null, { top: 3, left: 5, height: 6, width: 9 }]) {
  test(`normalised tensors are torch's bit for bit, ${erase === null ? 'unerased' : 'erased'}`, () => {
    const size = 24;
    const pixels = everyValue(size);
    const { top, left, height, width } = erase ?? { top: 0, left: 0, height: 0, width: 0 };
    const args = [size, top, left, height, width].map(String);
    const { stdout, stderr, status } = spawnSync('/usr/bin/python3', ['-c', torch, ...args], {
      input: pixels,
      maxBuffer: 1 << 24,
    });
    assert.equal(status, 0, stderr.toString());
    let at = 0;
    for (const axes of allAxes)
      for (const type of ['FLOAT32', 'FLOAT16', 'BFLOAT16'] as const) {
        const out = new Uint8Array(sampleBytes(type, size));
        packSample(pixels, size, { type, axes }, erase, out);
        assert.deepEqual(Buffer.from(out), stdout.subarray(at, at + out.length), `${type} ${axes}`);
        at += out.length;
      }
    assert.equal(at, stdout.length);
  });
}

test('each type keeps the 256 levels of a channel apart, so that uint8 comes back exactly', () => {
  for (let channel = 0; channel < 3; channel++) {
    const levels = normalised.subarray(channel * 256, channel * 256 + 256);
    assert.equal(new Set(levels).size, 256);
  }
});

test('UINT8 is the pixels themselves, and the two layouts hold the same values', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom(...dataTypes),
      fc.infiniteStream(fc.nat(255)),
      (size, type, stream) => {
        const pixels = Uint8Array.from({ length: size * size * 3 }, () => stream.next().value as number);
        const width = bytesPerValue[type];
        const [nhwc, nchw] = allAxes.map((axes) => {
          const out = new Uint8Array(sampleBytes(type, size));
          packSample(pixels, size, { type, axes }, { top: 0, left: 0, height: 1, width: 1 }, out);
          return out;
        });
        if (type === 'UINT8') assert.deepEqual(nhwc, pixels);
        for (let i = 0; i < size * size; i++)
          for (let c = 0; c < 3; c++)
            assert.deepEqual(
              nhwc!.subarray((i * 3 + c) * width, (i * 3 + c + 1) * width),
              nchw!.subarray((c * size * size + i) * width, (c * size * size + i + 1) * width),
            );
      },
    ),
  );
});
