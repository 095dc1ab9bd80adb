import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listedOnPage, readFileList } from '../../../../src/sources/storage/http/http-listing.js';

const named = (page: ReturnType<typeof listedOnPage>) => page?.map(({ kind, name, size }) => `${kind} ${name} ${size}`);

test('the listings of nginx, Caddy, Apache and Python are read, and no other page is taken for one', () => {
  const nginx = '[{"name":"a b","type":"directory","mtime":"x"},{"name":"c.jpg","type":"file","size":7}]';
  assert.deepEqual(named(listedOnPage('application/json', nginx)), ['folder a b null', 'file c.jpg 7']);
  const caddy = '[{"name":"a/","size":1,"is_dir":true},{"name":"c.jpg","size":7,"is_dir":false}]';
  assert.deepEqual(named(listedOnPage('application/json', caddy)), ['folder a null', 'file c.jpg 7']);
  const apache =
    '<title>Index of /x</title><a href="?C=N;O=D">Name</a><a href="/">Up</a><a href="../">..</a><a href="a%20b/">a b/</a><a href="c&amp;d.jpg">c</a>';
  assert.deepEqual(named(listedOnPage('text/html', apache)), ['folder a b null', 'file c&d.jpg null']);
  const python =
    '<title>Directory listing for /</title><li><a href="%F0%9F%98%80.png">x</a><a href="https://x.y">x</a>';
  assert.deepEqual(named(listedOnPage('text/html; charset=utf-8', python)), ['file 😀.png null']);
  assert.equal(listedOnPage('text/html', '<title>Welcome</title><a href="a.jpg">a</a>'), null);
  assert.equal(listedOnPage('application/json', '{"message": "not found"}'), null);
});

test('a files.txt names files and the folders that they lie in', () => {
  const list = readFileList('3 a/b/c d.jpg\n4 ./a/e.jpg\n');
  assert.deepEqual([...list!.keys()].sort(), ['', 'a', 'a/b']);
  assert.deepEqual(
    [...list!.get('a')!.values()],
    [
      { name: 'b', kind: 'folder', size: null },
      { name: 'e.jpg', kind: 'file', size: 4 },
    ],
  );
  assert.equal(list!.get('a/b')!.get('c d.jpg')!.size, 3);
  assert.equal(readFileList('<html>'), null);
});

test('no listing names anything but what lies in its folder, and no size but a number of bytes', () => {
  for (const name of ['', '/', '.', '..', '../', 'a/b', '/etc/passwd'])
    assert.equal(listedOnPage('application/json', JSON.stringify([{ name, type: 'file', size: 1 }])), null, name);
  for (const size of ['7', -1, 1.5, 1e300, {}])
    assert.deepEqual(listedOnPage('application/json', JSON.stringify([{ name: 'a', size }])), [
      { name: 'a', kind: 'file', size: null },
    ]);
  for (const link of ['%2e%2e/', '%2E', 'a%2Fb', '%2e%2e%2f%2e%2e'])
    assert.deepEqual(listedOnPage('text/html', `<title>Index of /</title><a href="${link}">x</a>`), [], link);
  for (const path of ['a/', '../a', 'a/../b', 'a//b', './.', 'a/.'])
    assert.equal(readFileList(`3 ${path}\n`), null, path);
});
