import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

test('elsewhere than on a terminal a line comes now and then, and the last one always', () => {
  const url = new URL('../../src/cli/progress.js', import.meta.url).href;
  const program = `const { ProgressLine } = await import(${JSON.stringify(url)});
    const line = new ProgressLine('epoch 3');
    for (let done = 0; done <= 50; done++) line.show(done, 50, '9 images/s');
    line.end(50, 50);`;
  const said = execFileSync('bash', ['-c', 'exec node --input-type=module -e "$0" 2>&1 >&-', program], {
    encoding: 'utf8',
  });
  assert.equal(said, `epoch 3 [${'.'.repeat(24)}] 0/50  9 images/s\nepoch 3 [${'#'.repeat(24)}] 50/50 0 s left\n`);
});
