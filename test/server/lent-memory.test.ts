import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { LentMemory } from '../../src/server/lent-memory.js';

const byteSize = 5000;
/** A client: an offer of buffers, of which it lends the next one for each line that it is told, and three more descriptors. */
const program = `
import json, os, struct, sys
offer, (reads, writes) = os.memfd_create("tributary-offer"), os.pipe()
proof = os.urandom(32)
place = lambda fd: struct.pack("<IQ", fd, os.fstat(fd).st_ino)
os.write(offer, proof + place(reads))
other = os.memfd_create("other"); os.write(other, proof + place(reads))
buffers = [os.memfd_create("tributary-batch") for _ in range(3)]
print(json.dumps({"process": os.getpid(), "descriptor": offer, "proof": proof.hex(), "other": other, "buffers": buffers}), flush=True)
for line, buffer in zip(sys.stdin, buffers):
    told = place(buffer)
    if line == "gone\\n": os.dup2(other, buffer)
    os.write(writes, told)
sys.stdin.read()
`;

interface Client {
  readonly child: ChildProcess;
  readonly offer: { process: number; descriptor: number; proof: Buffer; byteSize: number };
  /** A descriptor that holds the same, under another name. */
  readonly other: number;
  readonly buffers: readonly number[];
  /** Lends the next buffer; or one whose descriptor is `other`'s by the time that it is told of. */
  lend(how?: 'gone'): void;
}

async function client(t: TestContext): Promise<Client> {
  const child = spawn('python3', ['-c', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  const { process, descriptor, proof, other, buffers } = JSON.parse(line);
  const offer = { process, descriptor, proof: Buffer.from(proof, 'hex'), byteSize };
  return { child, offer, other, buffers, lend: (how) => child.stdin!.write(`${how ?? ''}\n`) };
}

const canLend =
  spawnSync('python3', ['-c', 'import os; os.memfd_create("x")']).status === 0
    ? false
    : 'it needs python3 on Linux, as a client';
const never = new AbortController().signal;

test('tensors are written into the buffers in the order in which they are lent', { skip: canLend }, async (t) => {
  const { offer, buffers, lend } = await client(t);
  const memory = await LentMemory.open(offer);
  assert.ok(memory);
  const tensors = [1, 2].map((value) => Buffer.from(new SharedArrayBuffer(byteSize)).fill(value));
  const first = memory.write(tensors[0]!, never);
  lend();
  lend();
  assert.deepEqual([await first, await memory.write(tensors[1]!, never)], buffers.slice(0, 2));
  for (const [i, tensor] of tensors.entries())
    assert.ok((await readFile(`/proc/${offer.process}/fd/${buffers[i]}`)).equals(tensor));
  await memory.close();
});

test('a wait for a buffer ends with the signal', { skip: canLend }, async (t) => {
  const { offer, lend, buffers } = await client(t);
  const memory = await LentMemory.open(offer);
  const call = new AbortController();
  const waiting = memory!.write(Buffer.alloc(byteSize), call.signal);
  call.abort(new Error('the client has gone'));
  await assert.rejects(waiting, /the client has gone/);
  lend();
  assert.equal(await memory!.write(Buffer.alloc(byteSize), never), buffers[0]);
  await memory!.close();
});

test('after a client’s end there is nothing to write to', { skip: canLend }, async (t) => {
  const { child, offer, lend } = await client(t);
  const memory = await LentMemory.open(offer);
  lend();
  await memory!.write(Buffer.alloc(byteSize), never);
  const waiting = memory!.write(Buffer.alloc(byteSize), never);
  child.kill('SIGKILL');
  assert.equal(await waiting, null);
  assert.equal(await memory!.write(Buffer.alloc(byteSize), never), null);
  await memory!.close();
});

test('a buffer that the client has closed is not written, whatever has its number', { skip: canLend }, async (t) => {
  const { offer, other, lend } = await client(t);
  const before = await readFile(`/proc/${offer.process}/fd/${other}`);
  const memory = await LentMemory.open(offer);
  lend('gone');
  assert.equal(await memory!.write(Buffer.alloc(byteSize), never), null);
  assert.ok((await readFile(`/proc/${offer.process}/fd/${other}`)).equals(before));
  await memory!.close();
});

test('only the process that asks is written to', { skip: canLend }, async (t) => {
  const { offer, other, buffers } = await client(t);
  const someoneElse = await client(t);
  for (const wrong of [
    { proof: Buffer.alloc(32) },
    { proof: Buffer.alloc(0) },
    { process: someoneElse.offer.process },
    { process: 2 ** 22 + 1 },
    { process: process.pid },
    { descriptor: other },
    { descriptor: buffers[0]! },
    { descriptor: 0 },
    { descriptor: 1000 },
  ])
    assert.equal(await LentMemory.open({ ...offer, ...wrong }), null, JSON.stringify(wrong));
});
