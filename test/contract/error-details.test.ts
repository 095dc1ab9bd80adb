import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { contract } from '../../src/contract/contract.js';
import { fromServiceError, toServiceError } from '../../src/contract/error-details.js';
import { errorDomain, type Reason, reasons, TributaryError } from '../../src/errors.js';

const { Status, ErrorInfo, RetryInfo } = contract.google.rpc;
const detailsKey = 'grpc-status-details-bin';
const errorInfo = 'type.googleapis.com/google.rpc.ErrorInfo';

/** The details of an error as they travel. */
function detailsOf(error: ServiceError): { type_url: string; value: Buffer }[] {
  const { details } = Status.deserialize(error.metadata.get(detailsKey)[0] as Buffer);
  return details as unknown as { type_url: string; value: Buffer }[];
}

/** An error as another server words it. */
function foreign(message: string, info: { reason: string; domain?: string; metadata?: Record<string, string> }) {
  const value = ErrorInfo.serialize({ domain: errorDomain, metadata: {}, ...info });
  const metadata = new Metadata();
  const details = [{ type_url: errorInfo, value }];
  metadata.set(detailsKey, Status.serialize({ code: status.NOT_FOUND, message, details } as never));
  return Object.assign(new Error(message), { code: status.NOT_FOUND, details: message, metadata });
}

test('every error comes as it was sent, whatever stands in its parts', () => {
  const detail = {
    expected: 'a name, but got it. Twice',
    came: '"a, but got b". And c.',
    remedy: 'Say, but got nothing',
    metadata: { expected: 'other', key: 'ü, "x"' },
  };
  for (const reason of Object.keys(reasons) as Reason[]) {
    const sent = new TributaryError(reason, detail);
    const error = toServiceError(sent);
    const came = fromServiceError(error)!;
    assert.deepEqual(
      [error.code, error.details, came.reason, came.code, came.message],
      [status[sent.code], sent.message, reason, sent.code, sent.message],
    );
    assert.deepEqual(came.detail, detail);
  }
});

test("a server's message without its parts stays whole", () => {
  for (const message of ['no such run', 'expected a, but got b, but got c. d. e.', '']) {
    const came = fromServiceError(foreign(message, { reason: 'UNKNOWN_RUN', metadata: { run: 'x' } }))!;
    assert.deepEqual([came.reason, came.message, came.metadata], ['UNKNOWN_RUN', message, { run: 'x' }]);
  }
});

test('names of a hundred kilobytes are clipped, so that the error still comes', () => {
  for (const letter of ['n', 'ü', '%', '漢', '\n']) {
    const name = letter.repeat(100_000);
    const sent = new TributaryError('UNKNOWN_RUN', {
      expected: name,
      came: name,
      remedy: name,
      metadata: { run: name, [name]: name },
    });
    const error = toServiceError(sent);
    const trailer = (error.metadata.get(detailsKey)[0] as Buffer).toString('base64');
    assert.ok(trailer.length + encodeURIComponent(error.details).length < 8 * 1024, letter);
    const came = fromServiceError(error)!;
    assert.equal(came.reason, 'UNKNOWN_RUN');
    assert.match(came.metadata.run!, new RegExp(`^${letter}+\\.\\.\\.$`));
  }
});

test('a long message fits a trailer, and comes whole', () => {
  const sent = new TributaryError('CONFIG_INVALID', { expected: 'a', came: 'b'.repeat(3000), remedy: 'c' });
  const error = toServiceError(sent);
  const trailer = (error.metadata.get(detailsKey)[0] as Buffer).toString('base64');
  assert.ok(trailer.length + error.details.length < 8 * 1024);
  assert.deepEqual([fromServiceError(error)!.message, fromServiceError(error)!.reason], [sent.message, sent.reason]);
});

test('what nobody foresaw gives nothing of the server away', () => {
  const error = toServiceError(new TypeError('/secret/path of undefined'));
  assert.equal(error.code, status.INTERNAL);
  assert.equal(fromServiceError(error)!.reason, 'INTERNAL');
  assert.ok(!JSON.stringify([error.details, error.metadata.toJSON()]).includes('secret'));
  assert.ok(!(error.metadata.get(detailsKey)[0] as Buffer).includes('secret'));
});

test('of paths and addresses of a server the last name is told', () => {
  for (const [text, told] of [
    ["ENOENT: no such file, open '/data/my pics/x.jpg'", "ENOENT: no such file, open '.../x.jpg'"],
    ['no folder at /private place/of mine/gone. Set', 'no folder at .../gone. Set'],
    ['http://10.0.0.1:9000/bucket/key.jpg: 500, and s3://b/x', '.../key.jpg: 500, and .../x'],
    ['images/s of a/b/c.jpg, see docs/errors.md', 'images/s of a/b/c.jpg, see docs/errors.md'],
  ] as const) {
    const sent = new TributaryError('SOURCE_MISSING', {
      expected: text,
      came: text,
      remedy: text,
      metadata: { path: '/a b/c d', text },
    });
    const came = fromServiceError(toServiceError(sent))!;
    assert.deepEqual([came.detail.expected, came.detail.came, came.detail.remedy], [told, told, told]);
    assert.deepEqual(came.metadata, { path: '.../c d', text: told });
    assert.ok(came.message.startsWith(`expected ${told}, but got ${told}`));
  }
  const start = performance.now();
  for (const part of ['/', '/a ', "'/", 'a:/', '/a a a a ', '"/a\n'])
    toServiceError(new TributaryError('UNKNOWN_RUN', { expected: part.repeat(50_000), came: '', remedy: '' }));
  assert.ok(performance.now() - start < 2_000);
});

test('a delay becomes a RetryInfo', () => {
  const detail = { expected: 'a', came: 'b', remedy: 'c' };
  const error = toServiceError(
    new TributaryError('SERVER_DRAINING', { ...detail, metadata: { retry_delay_ms: '1100' } }),
  );
  const retry = detailsOf(error).find(({ type_url }) => type_url.endsWith('RetryInfo'))!;
  assert.deepEqual({ ...RetryInfo.deserialize(retry.value).retryDelay }, { seconds: 1, nanos: 100e6 });
  assert.ok(
    !detailsOf(toServiceError(new TributaryError('INTERNAL', detail))).some(({ type_url }) => /Retry/.test(type_url)),
  );
});

test('a failure of the connection, of another domain or of a reason unknown here is none of ours', () => {
  const bare = Object.assign(new Error('14 UNAVAILABLE'), { code: 14, details: '', metadata: new Metadata() });
  assert.equal(fromServiceError(bare), null);
  assert.equal(fromServiceError({ ...bare, metadata: undefined } as unknown as ServiceError), null);
  assert.equal(fromServiceError(foreign('x', { reason: 'UNKNOWN_RUN', domain: 'example.org' })), null);
  assert.equal(fromServiceError(foreign('x', { reason: 'toString' })), null);
  assert.equal(fromServiceError(foreign('x', { reason: 'OF_A_LATER_VERSION' })), null);
});

test('details that are damaged say nothing, and hide no failure', () => {
  const sent = toServiceError(new TributaryError('UNKNOWN_RUN', { expected: 'a', came: 'b', remedy: 'c' }));
  const bytes = sent.metadata.get(detailsKey)[0] as Buffer;
  const cut = Buffer.from(bytes);
  cut[bytes.indexOf(errorInfo) + errorInfo.length + 1] = 0xff;
  const other = foreign('x', { reason: 'UNKNOWN_RUN' });
  for (const damaged of [bytes.subarray(0, -1), Buffer.from('07', 'hex'), cut]) {
    other.metadata.set(detailsKey, damaged);
    assert.equal(fromServiceError(other), null);
  }
});
