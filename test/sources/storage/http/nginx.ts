import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { freePort } from '../free-port.js';

/** Why the tests of HTTP cannot run here, or false where they can. */
export const noNginx: string | false = existsSync('/usr/sbin/nginx') ? false : 'nginx is not installed';

/** A web server with its folder at several locations. */
export interface WebServer {
  readonly host: string;
  /** What `https` answers at. */
  readonly safeHost: string;
  /** The folder that is served at `/json`, `/html` (with listings) and `/plain` (without). */
  readonly folder: string;
  /** The certificate of `safeHost`. */
  readonly certificate: string;
}

/** Starts nginx; it ends with the test. */
export async function startNginx(context: TestContext): Promise<WebServer> {
  const root = await mkdtemp(join(tmpdir(), 'nginx-'));
  const folder = join(root, 'served');
  const certificate = join(root, 'cert.pem');
  await mkdir(folder);
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-keyout', join(root, 'key.pem')];
  await promisify(execFile)('openssl', [
    'req',
    '-x509',
    '-nodes',
    ...key,
    '-out',
    certificate,
    '-days',
    '2',
    ...subject,
  ]);
  const [port, safePort] = [await freePort(), await freePort()];
  await writeFile(join(root, 'nginx.conf'), config(root, folder, port, safePort));
  const server = spawn('/usr/sbin/nginx', ['-p', root, '-c', join(root, 'nginx.conf'), '-e', join(root, 'error.log')], {
    stdio: 'ignore',
  });
  context.after(async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
    await rm(root, { recursive: true, force: true });
  });
  const host = `http://127.0.0.1:${port}`;
  for (let tries = 0; !(await answers(`${host}/up`)); tries++) {
    if (tries > 300) throw new Error('nginx does not answer');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { host, safeHost: `https://127.0.0.1:${safePort}`, folder, certificate };
}

function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}

function config(root: string, folder: string, port: number, safePort: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${root}/nginx.pid;
events { worker_connections 512; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${root}/${name};`).join(' ')}
  server {
    listen 127.0.0.1:${port};
    listen 127.0.0.1:${safePort} ssl;
    ssl_certificate ${root}/cert.pem;
    ssl_certificate_key ${root}/key.pem;
    location /json { alias ${folder}; autoindex on; autoindex_format json; }
    location /html { alias ${folder}; autoindex on; }
    location /plain { alias ${folder}; }
    location /forbidden { return 403; }
    location /slow { alias ${folder}; autoindex on; limit_rate 20k; }
  }
}
`;
}
