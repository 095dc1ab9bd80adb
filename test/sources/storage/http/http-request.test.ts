import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { askOverHttp, drain } from '../../../../src/sources/storage/http/http-request.js';
import { noNginx, startNginx } from './nginx.js';

const { signal } = new AbortController();
const request = new URL('../../../../src/sources/storage/http/http-request.js', import.meta.url).href;

test('connections are used again', async (context) => {
  let connections = 0;
  const server = http.createServer((_, response) => response.end('x')).on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  for (let i = 0; i < 5; i++) await drain(await askOverHttp({ method: 'GET', url }, url, signal));
  assert.equal(connections, 1);
});

test('a name that no server knows is a fault that may pass', async () => {
  const url = 'http://nowhere.invalid/';
  await assert.rejects(askOverHttp({ method: 'GET', url }, url, signal), { name: 'StorageFault', mayPass: true });
});

test('TLS is checked against the authorities that the process is given', { skip: noNginx }, async (context) => {
  const { safeHost, folder, certificate } = await startNginx(context);
  await writeFile(join(folder, 'a.txt'), 'over TLS');
  const url = `${safeHost}/plain/a.txt`;
  await assert.rejects(askOverHttp({ method: 'GET', url }, url, signal), {
    mayPass: true,
    remedy: /NODE_EXTRA_CA_CERTS/,
  });
  const script = `import { askOverHttp, textOf } from '${request}';
    console.log(await textOf(await askOverHttp({ method: 'GET', url: '${url}' }, 'x', new AbortController().signal)));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: certificate },
  });
  assert.equal(stdout, 'over TLS\n');
});
