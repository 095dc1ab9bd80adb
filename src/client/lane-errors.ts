import { TributaryError } from '../errors.js';
import { noAnswer } from './failure.js';
import type { ReceivedBatch } from './receive.js';

/** A stream that ended before it gave what was asked for. */
export function endedEarly(step: number, peer: string): TributaryError {
  return noAnswer(peer, {
    expected: `step ${step} from ${peer}`,
    came: 'the end of the stream',
    remedy: 'Check the log of that replica',
  });
}

/** A batch that was not asked for. */
export function otherStep(step: number, { address, peer }: ReceivedBatch): TributaryError {
  return new TributaryError('INTERNAL', {
    expected: `step ${step} from ${peer}`,
    came: `step ${address.step} of epoch ${address.epoch}`,
    remedy: 'Stop that replica: it breaks the contract',
    metadata: { peer },
  });
}

/** A batch of another run, which must never be mixed in. */
export function otherRun(expected: string, { header, peer }: ReceivedBatch): TributaryError {
  return new TributaryError('FINGERPRINT_MISMATCH', {
    expected: `batches of the fingerprint ${expected}`,
    came: `${header.fingerprint} from ${peer}`,
    remedy: 'Give every replica the config and the sources of the run that is to go on, or start a new run',
    metadata: { expected, fingerprint: header.fingerprint, peer },
  });
}

/** Two replicas' different answers for one step. */
export function disagree(
  step: number,
  one: Pick<ReceivedBatch, 'crc32' | 'peer'>,
  other: ReceivedBatch,
): TributaryError {
  return new TributaryError('REPLAY_DIFFERS', {
    expected: `step ${step} to be the same from every replica`,
    came: `CRC-32 ${one.crc32} from ${one.peer} and ${other.crc32} from ${other.peer}`,
    remedy: 'Stop both replicas and compare their versions and their machines: one of them computes wrongly',
    metadata: { epoch: String(other.address.epoch), step: String(step) },
  });
}

/** A question without an answer. */
export function notAnswered(peer: string, seconds: number): TributaryError {
  return noAnswer(peer, {
    expected: `an answer from ${peer} within ${seconds} s`,
    came: 'none',
    remedy: 'Check whether that replica hangs',
  });
}

/** A connection that did not come about in time. */
export function notConnected(peer: string, seconds: number): TributaryError {
  return noAnswer(peer, {
    expected: `a connection to ${peer} within ${seconds} s`,
    came: 'none',
    remedy: 'Check that a replica listens there, and that nothing between drops what is sent',
  });
}
