import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { Metadata, type ServiceError } from '@grpc/grpc-js';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { Clock } from '../../src/client/clock.js';
import { toFailure } from '../../src/client/failure.js';
import { receiveBatches } from '../../src/client/receive.js';
import { contract } from '../../src/contract/contract.js';
import { toServiceError } from '../../src/contract/error-details.js';
import { TributaryError } from '../../src/errors.js';
import { formatCursor, parseCursor } from '../../src/plan/cursor.js';
import { parseConfig, parseInlineRun } from '../../src/run/config.js';
import { resolveRequest } from '../../src/server/resolve-request.js';
import { type Called, Tokens } from '../../src/server/tokens.js';
import type { Target } from './target.js';

const config = parseConfig('{sources: {a: /a, b: /b}, runs: {r: {recipe: dinov3, sources: [a], global_batch: 8}}}', {
  folder: '/',
  name: 'fuzz',
});
const run =
  'recipe: dinov3\nsources: [a, b]\nsample_t: 0.5\nimage_size: 64\nglobal_batch: 8\nscale: &two [0.2, 1]\nratio: *two\n';
const cursor = formatCursor({ fingerprint: 'f'.repeat(64), epoch: 3, step: 77 });
const bounds = { epochs: 9, stepsPerEpoch: 100, globalBatch: 64 };
const { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize } =
  contract.tributary.v1.LoaderService.service.StreamBatches;

/** gRPC answers what is no message with INTERNAL, and calls nothing: so protobufjs refuses. */
const isNoMessage = (error: Error): boolean =>
  /index out of range|invalid wire type|invalid end group|Invalid|illegal|max depth/i.test(error.message);

/** What one side of a connection sends the other. */
export async function requestTargets(): Promise<Record<string, Target>> {
  const request = {
    run: { name: 'r' },
    ...{ epoch: 1, stepCount: 5, worldSize: 2, dataType: 2 },
    lent: { process: 4, proof: Buffer.alloc(32) },
  };
  return {
    cursor: { format: 'text', seeds: [Buffer.from(cursor)], read: (bytes) => parseCursor(bytes.toString('utf8')) },
    run: {
      format: 'text',
      seeds: [run, JSON.stringify({ recipe: 'default', sources: ['a'], global_batch: 8 })].map((one) =>
        Buffer.from(one),
      ),
      read: (bytes) => parseInlineRun(bytes.toString('utf8'), config),
    },
    request: {
      format: 'any',
      seeds: [request, { ...request, cursor }].map((one) => requestSerialize(one as never)),
      read: (bytes) => resolveRequest({ bounds, fingerprint: 'f'.repeat(64) }, requestDeserialize(bytes)),
      isRefusal: isNoMessage,
    },
    batch: {
      format: 'any',
      seeds: [batch()],
      mend: withHeaderSums,
      async read(bytes) {
        const messages = framesOf(bytes).map((frame) => responseDeserialize(frame));
        const call = { [Symbol.asyncIterator]: () => inTurn(messages), cancel() {} };
        for await (const { views } of receiveBatches(call as never, 'a:1', 9, new Clock())) JSON.stringify(views);
      },
      isRefusal: isNoMessage,
    },
    failure: {
      format: 'any',
      seeds: [
        new TributaryError('REPLICA_BUSY', {
          expected: 'room',
          came: 'none',
          remedy: 'Wait',
          metadata: { retry_delay_ms: '500' },
        }),
        new TributaryError('SAMPLE_CORRUPT', {
          expected: 'a file',
          came: 'half',
          remedy: 'Mend it',
          metadata: { key: 'a/b.jpg' },
        }),
      ].map((error) => toServiceError(error).metadata.get('grpc-status-details-bin')[0] as Buffer),
      read(bytes) {
        const metadata = new Metadata();
        metadata.set('grpc-status-details-bin', bytes);
        const { retrySeconds } = toFailure(
          Object.assign(new Error('x'), { code: 8, details: 'x', metadata }) as ServiceError,
          'a:1',
        );
        if (!(retrySeconds >= 0)) throw new Error(`a pause of ${retrySeconds} s`);
      },
    },
    token: await tokenTarget(),
  };
}

/** The messages of one batch as they come, each after its length in two bytes. */
function batch(): Buffer {
  const data = Buffer.from('pixels of two samples');
  const at = { epoch: 1, step: 7, rank: 0, worldSize: 2 };
  const header = {
    ...{ run: 'r', fingerprint: 'f'.repeat(64), address: at, shape: [1, 1, 7, 3], byteSize: data.length, seed: 5 },
    samples: [{ key: 'a.jpg' }],
    views: [{ name: 'image', count: 1, shape: [1, 1, 7, 3], offset: 0, byteSize: data.length }],
  };
  const chunk = responseSerialize({ chunk: { offset: 0, data } } as never);
  const chunkBytes = Buffer.alloc(chunk.byteLength);
  chunk.copy(chunkBytes, 0);
  const messages = [
    responseSerialize({ progress: { step: 7 } } as never),
    responseSerialize({ header } as never),
    chunkBytes,
    responseSerialize({ trailer: { crc32: crc32(data) } } as never),
  ];
  return Buffer.concat(messages.flatMap((message) => [Buffer.of(message.length & 255, message.length >> 8), message]));
}

async function* inTurn<T>(messages: readonly T[]): AsyncGenerator<T, void> {
  yield* messages;
}

function framesOf(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const end = at + 2 + bytes.readUInt16LE(at);
    frames.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return frames;
}

/** With the CRC-32 of each header behind it, as a replica that is not one would send it. */
function withHeaderSums(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (const frame of framesOf(copy)) {
    const sumAt = frame.length - 4;
    // The tag of the header, two bytes of its length, and the tag of its sum.
    if (frame[0] === 0x0a && sumAt > 5 && frame.readUInt16BE(sumAt - 2) === 0xb501)
      frame.writeUInt32LE(crc32(frame.subarray(frame[1]! < 128 ? 2 : 3, sumAt - 2)), sumAt);
  }
  return copy;
}

/** What says who calls: tokens of the server's own file, and JSON Web Tokens. */
async function tokenTarget(): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-fuzz-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const { publicKey, privateKey } = await generateKeyPair('EdDSA');
  const [tokens, jwks] = [join(folder, 'tokens.yaml'), join(folder, 'jwks.json')];
  writeFileSync(tokens, `{clients: {a: {tokens: [${'a'.repeat(64)}]}}}`);
  writeFileSync(jwks, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'EdDSA' }] }));
  const named = { iss: 'i', aud: 'tributary' };
  const open = await Tokens.open({ tokens, jwks, jwtIssuer: named.iss, jwtAudience: named.aud });
  const sign = (claims: object) =>
    new SignJWT({ ...named, exp: 4e9, ...claims }).setProtectedHeader({ alg: 'EdDSA', kid: 'k' }).sign(privateKey);
  const sent = [await sign({ sub: 'a', runs: ['r'] }), await sign({ sub: 'b', calls_per_second: 5 }), 'abc'];
  return {
    format: 'text',
    isFresh: true,
    seeds: sent.map((token) => Buffer.from(`Bearer ${token}`)),
    read(bytes) {
      const get = () => [bytes.toString('latin1')];
      return open.identify({ metadata: { get }, getPeer: () => '1.2.3.4:5', getAuthContext: () => ({}) } as Called);
    },
  };
}
